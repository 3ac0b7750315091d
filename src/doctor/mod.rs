//! `pli doctor`: looks at an installation and says what is not as it should be, and what to do.
//!
//! A check is a function from what is found to findings; what finds is apart, so that each check can be shown to fail.
//! Nothing is changed but for a probe object that is deleted at once, and nothing is sent.

mod certificates;
mod clock;
mod disk;
mod dns;
mod files;
mod mail;
mod store;
mod swap;

use std::path::Path;
use std::sync::Arc;

use crate::config::Config;
use crate::domain::{Clock, Random, Timestamp};
use crate::net;
use crate::server::{Rooms, cores_forbidden, file_limit};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Ok,
    /// To be looked at.
    Warn,
    /// To be mended.
    Fail,
}

impl Level {
    /// `ok`, `warn`, `fail`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One line: how bad, about what, what it is and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What it is about.
    pub subject: &'static str,
    /// What was found, and what to do.
    pub text: String,
}

impl Finding {
    /// As it should be.
    pub fn ok(subject: &'static str, text: impl Into<String>) -> Self {
        Self { level: Level::Ok, subject, text: text.into() }
    }

    /// To be looked at.
    pub fn warn(subject: &'static str, text: impl Into<String>) -> Self {
        Self { level: Level::Warn, subject, text: text.into() }
    }

    /// To be mended.
    pub fn fail(subject: &'static str, text: impl Into<String>) -> Self {
        Self { level: Level::Fail, subject, text: text.into() }
    }
}

/// Looks at everything, in the order in which one thing needs the other.
pub async fn examine(config: &Config, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Vec<Finding> {
    net::install_provider();
    let now = clock.now();
    let mut found = settings(config);
    found.extend(files::check(config));
    found.extend(certificates::check(config, now));
    found.extend(disk::check(config));
    found.push(process(cores_forbidden(), file_limit()));
    found.push(swap::check(Path::new("/")));
    let database = store::database(config).await;
    found.extend(store::judge(&database));
    found.push(store::objects(config, random.as_ref()).await);
    let world = crate::gateway::world_time(&config.providers).await;
    found.push(clock::judge(now, store::clock(&database), world));
    found.extend(mail::relay(config).await);
    found.extend(dns::check(config).await);
    // One that is broken, not there yet or of another version is not opened: that would change it.
    if store::is_current(&database) {
        found.extend(inside(config, clock, random).await);
    }
    found
}

/// What only the opened database knows.
async fn inside(config: &Config, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Vec<Finding> {
    let now = clock.now();
    let rooms = match Rooms::open(config, "cli", clock.clone(), random.clone()).await {
        Ok(rooms) => rooms,
        Err(error) => return vec![Finding::fail("database", error.to_string())],
    };
    let mut found = Vec::new();
    found.extend(mail::codes(config, &rooms, clock, random).await);
    found.push(match rooms.deliveries.standing().await {
        Ok(standing) => mail::judge_outbox(&standing, config.notice.relay.is_some()),
        Err(fault) => Finding::fail("outbox", fault.to_string()),
    });
    match rooms.deliveries.practices().await {
        Ok(practices) => {
            let domains: Vec<_> = practices.into_iter().flat_map(|practice| practice.domains).collect();
            found.extend(dns::clients(config, &domains, now).await);
        }
        Err(fault) => found.push(Finding::fail("database", fault.to_string())),
    }
    found.push(match rooms.mailboxes.last_event(BACKUP_MADE).await {
        Ok(last) => backup(now, last),
        Err(fault) => Finding::fail("backups", fault.to_string()),
    });
    rooms.close().await;
    found
}

/// What the settings leave out.
fn settings(config: &Config) -> Vec<Finding> {
    let mut found: Vec<Finding> = config.not_built.iter().map(|line| Finding::warn("settings", line.clone())).collect();
    if config.recovery.is_none() {
        let text = "keys.recovery is not set: a mailbox whose passwords are all lost cannot be read again";
        found.push(Finding::warn("settings", text));
    }
    if found.is_empty() {
        found.push(Finding::ok("settings", format!("{} is understood", config.file.display())));
    }
    found
}

/// Core dumps hold keys; a door needs a file for each connection.
fn process(cores_forbidden: bool, files: Option<u64>) -> Finding {
    if !cores_forbidden {
        return Finding::fail("process", "core dumps cannot be forbidden here, and would hold keys: set LimitCORE=0");
    }
    match files {
        Some(files) if files < FEWEST_FILES => Finding::warn(
            "process",
            format!("only {files} files may be open, one for each connection: set LimitNOFILE=65536"),
        ),
        Some(files) => Finding::ok("process", format!("no core dumps; {files} files may be open")),
        None => Finding::ok("process", "no core dumps; any number of files may be open"),
    }
}

/// The journal says when the last backup was made.
fn backup(now: Timestamp, last: Option<Timestamp>) -> Finding {
    let Some(last) = last else {
        return Finding::warn(
            "backups",
            "the journal knows of none: make one of database, objects and settings every day",
        );
    };
    let hours = now.since(last).as_secs() / 3600;
    match hours {
        0..=36 => Finding::ok("backups", format!("the last one is {hours} h old")),
        37..=168 => {
            Finding::warn("backups", format!("the last one is {} days old: see why none was made since", hours / 24))
        }
        _ => Finding::fail("backups", format!("the last one is {} days old: make one now", hours / 24)),
    }
}

/// What the journal calls a backup.
const BACKUP_MADE: &str = "backup.made";
/// Both doors of mail and the portal at a quarter of their limits.
const FEWEST_FILES: u64 = 4096;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_process_that_may_leave_cores_or_open_few_files_is_told() {
        assert_eq!(process(false, Some(65536)).level, Level::Fail);
        assert_eq!(process(true, Some(1024)).level, Level::Warn);
        assert_eq!(process(true, Some(65536)).level, Level::Ok);
        assert_eq!(process(true, None).level, Level::Ok);
    }

    #[test]
    fn backups_grow_old() {
        let now = Timestamp(1_800_000_000_000);
        let ago = |hours: u64| Some(now.minus(Duration::from_secs(hours * 3600)));
        let levels: Vec<Level> = [None, ago(1), ago(37), ago(169)].map(|last| backup(now, last).level).to_vec();
        assert_eq!(levels, [Level::Warn, Level::Ok, Level::Warn, Level::Fail]);
    }
}
