//! What all sessions of the door share: settings, verbs, memory for messages in flight, places for connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::{Figures, MailboxId};
use crate::net::{Budget, Share};

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
    pub(crate) figures: Figures,
    places: Places,
}

/// Connections of each mailbox, and its shares of the budgets.
type Places = Arc<Mutex<HashMap<MailboxId, (usize, Share, Share)>>>;

impl<V: Verbs> Door<V> {
    /// A door before these verbs.
    pub fn new(settings: Settings, verbs: V) -> Self {
        let one = settings.message_limit.saturating_add(64 * 1024);
        let budget = || Budget::new(settings.memory.max(one), one);
        let (memory, reads) = (budget(), budget());
        let (times, figures, places) = (Times::default(), Figures::default(), Places::default());
        Self { settings, verbs, times, memory, reads, figures, places }
    }

    /// The same with other time limits.
    #[must_use]
    pub fn with_times(mut self, times: Times) -> Self {
        self.times = times;
        self
    }

    /// The same, counting here.
    #[must_use]
    pub fn with_figures(mut self, figures: Figures) -> Self {
        self.figures = figures;
        self
    }

    /// How many octets of memory messages hold now that come in, and those that are read.
    pub fn used_memory(&self) -> (usize, usize) {
        (self.memory.used(), self.reads.used())
    }

    /// How many octets of memory no message holds now.
    pub fn free_memory(&self) -> usize {
        self.memory.free()
    }

    /// The same of memory for messages that are read.
    pub fn free_reads(&self) -> usize {
        self.reads.free()
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
