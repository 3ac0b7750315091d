//! What all sessions of the door share: settings, verbs, memory for messages in flight, places for connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::domain::MailboxId;

use super::driver::Times;
use super::verbs::{Rooms, Verbs};

/// What this door needs to know of the server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name it greets with.
    pub hostname: String,
    /// How many octets a message may have on the wire.
    pub message_limit: usize,
    /// How many octets of appended messages may be in flight together.
    pub memory: usize,
    /// How many connections a mailbox may have.
    pub per_mailbox: usize,
}

/// The door.
pub struct Door<V: Verbs = Rooms> {
    pub(crate) settings: Settings,
    pub(crate) verbs: V,
    pub(crate) times: Times,
    /// For messages that come in. Never less than one needs, or that message could not come in at all.
    pub(crate) memory: Budget,
    /// For messages that are read: as much again.
    pub(crate) reads: Budget,
    places: Places,
}

/// Connections of each mailbox, and its shares of the budgets.
type Places = Arc<Mutex<HashMap<MailboxId, (usize, Share, Share)>>>;

/// Memory that all sessions share, in KiB.
pub(crate) struct Budget {
    all: Arc<Semaphore>,
    /// What one mailbox may hold: a quarter, but one message at least.
    share: u32,
}

impl Budget {
    fn new(octets: usize, one: usize) -> Self {
        let all = kibibytes(octets);
        Self { all: Arc::new(Semaphore::new(permits(all))), share: (all / 4).max(kibibytes(one)).min(all) }
    }

    fn share(&self) -> Share {
        let own = Arc::new(Semaphore::new(permits(self.share)));
        Share { own, all: Arc::clone(&self.all), most: self.share }
    }
}

/// What one mailbox has of a budget.
#[derive(Clone)]
pub(crate) struct Share {
    own: Arc<Semaphore>,
    all: Arc<Semaphore>,
    most: u32,
}

impl Share {
    /// Takes memory for so many octets, at most the whole share; waits for it, first among its own.
    pub(crate) async fn take(&self, octets: usize, wait: Duration) -> Option<Held> {
        let wanted = kibibytes(octets).min(self.most);
        let held = async {
            let own = Arc::clone(&self.own).acquire_many_owned(wanted).await.ok()?;
            let all = Arc::clone(&self.all).acquire_many_owned(wanted).await.ok()?;
            Some(Held { _own: own, _all: all })
        };
        timeout(wait, held).await.ok().flatten()
    }
}

/// Memory that is taken; given back when it goes.
pub(crate) struct Held {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

fn kibibytes(octets: usize) -> u32 {
    u32::try_from(octets.div_ceil(1024)).unwrap_or(u32::MAX)
}

fn permits(kibibytes: u32) -> usize {
    usize::try_from(kibibytes).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
}

impl<V: Verbs> Door<V> {
    /// A door before these verbs.
    pub fn new(settings: Settings, verbs: V) -> Self {
        let one = settings.message_limit.saturating_add(64 * 1024);
        let budget = || Budget::new(settings.memory.max(one), one);
        let (memory, reads) = (budget(), budget());
        Self { settings, verbs, times: Times::default(), memory, reads, places: Places::default() }
    }

    /// The same with other time limits.
    #[must_use]
    pub fn with_times(mut self, times: Times) -> Self {
        self.times = times;
        self
    }

    /// How many octets of memory no message holds now.
    pub fn free_memory(&self) -> usize {
        self.memory.all.available_permits().saturating_mul(1024)
    }

    /// The same of memory for messages that are read.
    pub fn free_reads(&self) -> usize {
        self.reads.all.available_permits().saturating_mul(1024)
    }

    /// A place for one more connection to a mailbox, if there is one.
    pub(crate) fn enter(&self, mailbox: MailboxId) -> Option<Place> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, memory, reads) =
            places.entry(mailbox).or_insert_with(|| (0, self.memory.share(), self.reads.share()));
        if *count >= self.settings.per_mailbox {
            return None;
        }
        *count = count.saturating_add(1);
        let (memory, reads) = (memory.clone(), reads.clone());
        Some(Place { mailbox, places: Arc::clone(&self.places), memory, reads })
    }
}

/// A connection's place; given back when it goes, however it ends.
pub(crate) struct Place {
    mailbox: MailboxId,
    places: Places,
    /// Of the memory for messages that come in.
    pub(crate) memory: Share,
    /// Of that for messages that are read.
    pub(crate) reads: Share,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((count, ..)) = places.get_mut(&self.mailbox) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                places.remove(&self.mailbox);
            }
        }
    }
}
