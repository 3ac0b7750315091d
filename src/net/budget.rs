//! Memory for messages in flight, shared by all sessions of a door, and never by one mailbox alone.
//!
//! Whoever wants memory waits for it, first among its own, so that one device cannot keep the others from sending.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Memory that all sessions share, in KiB.
pub struct Budget {
    all: Arc<Semaphore>,
    /// What one may hold: a quarter, but one message at least.
    share: u32,
    kibibytes: usize,
}

impl Budget {
    /// A budget of so many octets, of which one message may need `one`.
    pub fn new(octets: usize, one: usize) -> Self {
        let all = kibibytes(octets);
        let share = (all / 4).max(kibibytes(one)).min(all);
        Self { all: Arc::new(Semaphore::new(permits(all))), share, kibibytes: permits(all) }
    }

    /// The share of one mailbox.
    pub fn share(&self) -> Share {
        let own = Arc::new(Semaphore::new(permits(self.share)));
        Share { own, all: Arc::clone(&self.all), most: self.share }
    }

    /// How many octets are held now.
    pub fn used(&self) -> usize {
        self.kibibytes.saturating_sub(self.all.available_permits()).saturating_mul(1024)
    }

    /// How many octets nobody holds now.
    pub fn free(&self) -> usize {
        self.all.available_permits().saturating_mul(1024)
    }
}

/// What one mailbox has of a budget.
#[derive(Clone)]
pub struct Share {
    own: Arc<Semaphore>,
    all: Arc<Semaphore>,
    most: u32,
}

impl Share {
    /// Takes memory for so many octets, at most the whole share; waits for it, first among its own.
    pub async fn take(&self, octets: usize, wait: Duration) -> Option<Held> {
        let wanted = kibibytes(octets).min(self.most);
        let held = async {
            let own = Arc::clone(&self.own).acquire_many_owned(wanted).await.ok()?;
            let all = Arc::clone(&self.all).acquire_many_owned(wanted).await.ok()?;
            Some(Held { own, all })
        };
        timeout(wait, held).await.ok().flatten()
    }
}

/// Memory that is taken; given back when it goes.
pub struct Held {
    own: OwnedSemaphorePermit,
    all: OwnedSemaphorePermit,
}

impl Held {
    /// Adds what was taken of the same share.
    pub fn merge(&mut self, more: Self) {
        self.own.merge(more.own);
        self.all.merge(more.all);
    }
}

/// A budget whose shares are those of whoever is connected.
pub struct Shares<K: Eq + Hash + Copy> {
    budget: Budget,
    members: Members<K>,
}

/// How many connections each has, and its share.
type Members<K> = Arc<Mutex<HashMap<K, (usize, Share)>>>;

impl<K: Eq + Hash + Copy> Shares<K> {
    /// Shares of this budget.
    pub fn new(budget: Budget) -> Self {
        Self { budget, members: Arc::default() }
    }

    /// One more connection of somebody.
    pub fn join(&self, key: K) -> Member<K> {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, share) = members.entry(key).or_insert_with(|| (0, self.budget.share()));
        *count = count.saturating_add(1);
        Member { key, share: share.clone(), members: Arc::clone(&self.members) }
    }

    /// The budget.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }
}

/// A connection of somebody who has a share; the share is forgotten with the last.
pub struct Member<K: Eq + Hash + Copy> {
    key: K,
    /// What all connections of this one have together.
    pub share: Share,
    members: Members<K>,
}

impl<K: Eq + Hash + Copy> Drop for Member<K> {
    fn drop(&mut self) {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((count, _)) = members.get_mut(&self.key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                members.remove(&self.key);
            }
        }
    }
}

fn kibibytes(octets: usize) -> u32 {
    u32::try_from(octets.div_ceil(1024)).unwrap_or(u32::MAX)
}

fn permits(kibibytes: u32) -> usize {
    usize::try_from(kibibytes).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
}
