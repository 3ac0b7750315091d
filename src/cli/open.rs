//! What every command about a running installation begins with: settings, the right user, the rooms.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use crate::access::{Access, Opened as Unlocked};
use crate::config::{Config, Log, LogLevel};
use crate::domain::{Clock, Timestamp};
use crate::gateway::Gateways;
use crate::mailbox::Reader;
use crate::server::{OsRandom, Rooms, SystemClock, harden};
use crate::telemetry;

use super::Stop;

/// An installation, opened for one command.
pub(super) struct Opened {
    pub config: Config,
    pub rooms: Rooms,
}

impl Opened {
    pub(super) async fn open(file: &Path) -> Result<Self, Stop> {
        let config = load(file)?;
        // What a command does, it says itself; the log is for what went wrong.
        let level = if config.log.level == LogLevel::Info { LogLevel::Warn } else { config.log.level };
        telemetry::start(&Log { level, ..config.log });
        let rooms = Rooms::open(&config, "cli", Arc::new(SystemClock), Arc::new(OsRandom)).await?;
        Ok(Self { config, rooms })
    }

    /// A session of a mailbox, by a device password.
    pub(super) async fn reader(&self, address: &str, password: &str) -> Result<Reader, Stop> {
        let (clock, random) = (Arc::new(SystemClock), Arc::new(OsRandom));
        let access = self.rooms.access(clock, random, Gateways::none(), &self.config.hostname);
        match access.open_mailbox(address, password).await {
            Ok(Unlocked::Ready { sender, keys, version }) => {
                Ok(self.rooms.mailboxes.reader(sender, keys, version).await?)
            }
            Ok(Unlocked::Pending { .. }) => {
                Err(Stop::because("this device cannot read yet; give another password of the mailbox"))
            }
            Ok(Unlocked::SendOnly) => {
                Err(Stop::because("this device only sends; give another password of the mailbox"))
            }
            Err(error) => Err(Stop::because(error.to_string())),
        }
    }

    /// The room of codes, with the configured providers.
    pub(super) fn codes(&self) -> Result<Access, Stop> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let gateways = Gateways::open(&self.config.providers, &clock).map_err(Stop::because)?;
        let random = Arc::new(OsRandom);
        let access = self.rooms.access(clock, random, gateways, self.config.portal_host());
        Ok(access.with_codes(self.config.ceilings, self.config.portal.url.as_ref().map(|url| url.as_str())))
    }

    pub(super) fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    pub(super) async fn close(&self) {
        self.rooms.close().await;
    }
}

/// The settings, once the user is the one that may touch the data.
pub(super) fn load(file: &Path) -> Result<Config, Stop> {
    let config = Config::load(file)?;
    harden();
    owner(&config.data)?;
    Ok(config)
}

/// A command makes files that the server must be able to write: it runs as the owner of the data folder.
fn owner(data: &Path) -> Result<(), Stop> {
    // A folder that is not there is refused by the rooms, in their words.
    let Ok(metadata) = std::fs::metadata(data) else { return Ok(()) };
    let (owner, me) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner == me {
        return Ok(());
    }
    let name = user_name(owner);
    Err(Stop::because(if me == 0 {
        format!("the data belongs to {name}; run: sudo -u {name} pli …")
    } else {
        format!("the data belongs to {name}, and only that user may run this")
    }))
}

/// A user's name as the system's list has it, else `#` and the number, which sudo takes as well.
fn user_name(id: u32) -> String {
    let list = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, number) = (fields.next()?, fields.next()?, fields.next()?);
        (number == id.to_string()).then(|| name.to_owned())
    });
    found.unwrap_or_else(|| format!("#{id}"))
}
