//! What all sessions of the door share: settings, verbs, memory for messages in flight, places for connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

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
    /// Of KiB. Never less than one message needs, or that message could not come in at all.
    pub(crate) memory: Arc<Semaphore>,
    places: Places,
}

/// Connections of each mailbox.
type Places = Arc<Mutex<HashMap<MailboxId, usize>>>;

impl<V: Verbs> Door<V> {
    /// A door before these verbs.
    pub fn new(settings: Settings, verbs: V) -> Self {
        let kibibytes = settings.memory.max(settings.message_limit.saturating_add(64 * 1024)) / 1024;
        let memory = Arc::new(Semaphore::new(kibibytes.min(Semaphore::MAX_PERMITS)));
        Self { settings, verbs, times: Times::default(), memory, places: Places::default() }
    }

    /// The same with other time limits.
    #[must_use]
    pub fn with_times(mut self, times: Times) -> Self {
        self.times = times;
        self
    }

    /// How many octets of memory no message holds now.
    pub fn free_memory(&self) -> usize {
        self.memory.available_permits().saturating_mul(1024)
    }

    /// A place for one more connection to a mailbox, if there is one.
    pub(crate) fn enter(&self, mailbox: MailboxId) -> Option<Place> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let count = places.entry(mailbox).or_insert(0);
        if *count >= self.settings.per_mailbox {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Place { mailbox, places: Arc::clone(&self.places) })
    }
}

/// A connection's place; given back when it goes, however it ends.
pub(crate) struct Place {
    mailbox: MailboxId,
    places: Places,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = places.get_mut(&self.mailbox) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                places.remove(&self.mailbox);
            }
        }
    }
}
