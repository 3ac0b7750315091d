//! What a service manager is told (sd_notify(3)) and given: readiness, signs of life, the end; the unit itself.
//!
//! Nothing is told where nobody asked: without NOTIFY_SOCKET every word goes nowhere.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sd_notify::NotifyState;

/// The doors are open.
pub fn tell_ready() {
    tell(&[NotifyState::Ready, NotifyState::Status("the doors are open")]);
}

/// The doors are closing.
pub fn tell_stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("the doors are closing")]);
}

/// Gives signs of life as often as they are asked for (WatchdogSec), for as long as it is polled: a runtime that does
/// nothing any more gives none, and is started again.
pub async fn keep_alive() {
    let Some(within) = sd_notify::watchdog_enabled() else { return std::future::pending().await };
    let mut ticks = tokio::time::interval((within / 2).max(Duration::from_millis(10)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(kind = %error.kind(), "the service manager cannot be told");
    }
}

/// What a unit is made for; absolute paths.
pub struct Unit {
    /// The program.
    pub program: PathBuf,
    /// The settings.
    pub config: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// The root key's file.
    pub root_key: PathBuf,
}

impl Unit {
    /// The text of `pli.service`: an unprivileged user that sees nothing of the machine but its own folder.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in UNIT.lines() {
            let line = match line {
                "StateDirectory" => match self.data.strip_prefix("/var/lib") {
                    Ok(rest) if !rest.as_os_str().is_empty() => {
                        format!("StateDirectory={}\nStateDirectoryMode=0700", escaped(rest))
                    }
                    _ => continue,
                },
                // What lies in homes or in /tmp would not be there otherwise.
                "ProtectHome=yes" if self.touches(&["/home", "/root", "/run/user"]) => "ProtectHome=read-only".into(),
                "PrivateTmp=yes" if self.touches(&["/tmp", "/var/tmp"]) => "PrivateTmp=no".into(),
                other => other
                    .replace("PROGRAM", &escaped(&self.program))
                    .replace("CONFIG", &escaped(&self.config))
                    .replace("ROOT_KEY", &escaped(&self.root_key))
                    .replace("DATA", &escaped(&self.data)),
            };
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    fn touches(&self, places: &[&str]) -> bool {
        let paths = [&self.program, &self.config, &self.data];
        paths.iter().any(|path| places.iter().any(|place| path.starts_with(place)))
    }
}

/// A path as a word of a unit: `%` is doubled (systemd.unit(5) §Specifiers), what ends a word or could is escaped
/// (systemd.service(5) §Command lines).
fn escaped(path: &Path) -> String {
    let mut text = String::new();
    for c in path.to_string_lossy().chars() {
        match c {
            '%' => text.push_str("%%"),
            '$' => text.push_str("$$"),
            ' ' | '"' | '\'' | '\\' | ';' => text.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if c.is_control() => text.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => text.push(c),
        }
    }
    text
}

/// The unit, with the places of an installation to be filled in.
const UNIT: &str = include_str!("../../config/pli.service");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_names_its_places_and_leaves_them_reachable() {
        let unit = |folder: &str| Unit {
            program: "/usr/local/bin/pli".into(),
            config: Path::new(folder).join("pli.toml"),
            data: Path::new(folder).join("data"),
            root_key: Path::new(folder).join("root.key"),
        };
        let text = unit("/etc/pli").text();
        for line in [
            "ExecStart=/usr/local/bin/pli --config /etc/pli/pli.toml serve",
            "LoadCredential=root.key:/etc/pli/root.key",
            "ReadWritePaths=/etc/pli/data",
            "AmbientCapabilities=CAP_NET_BIND_SERVICE",
            "LimitCORE=0",
            "Environment=MALLOC_MMAP_THRESHOLD_=1048576 MALLOC_ARENA_MAX=2",
            "Type=notify",
            "ProtectHome=yes",
            "PrivateTmp=yes",
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
        assert!(!text.contains("StateDirectory"), "{text}");
        let text = unit("/var/lib/pli").text();
        assert!(text.contains("\nStateDirectory=pli/data\nStateDirectoryMode=0700\n"), "{text}");
        assert!(unit("/home/a b/pli").text().contains("ReadWritePaths=/home/a\\x20b/pli/data\n"));
        assert!(unit("/home/a/pli").text().contains("ProtectHome=read-only\n"));
        assert!(unit("/tmp/x").text().contains("PrivateTmp=no\n"));
        assert_eq!(escaped(Path::new("/a%b$c\nd")), "/a%%b$$c\\x0ad");
    }
}
