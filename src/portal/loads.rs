//! What the pages may take of this machine at once, shared by all of them.
//!
//! Reducing HTML takes a processor, and a file takes memory from its decryption to its last octet: whoever
//! comes when all is taken waits, and is told to come again when that lasts too long.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::domain::{DeliveryId, Fault};
use crate::net::{Budget, Held, Shares};

/// The shared budgets. Cheap to clone.
#[derive(Clone)]
pub(super) struct Loads {
    reductions: Arc<Semaphore>,
    files: Arc<Semaphore>,
    answers: Arc<OnceLock<Shares<DeliveryId>>>,
    budget: u32,
    patience: Duration,
}

/// The memory of one file answer; given back when it goes, however it ends.
#[derive(Debug)]
pub(super) struct Room(OwnedSemaphorePermit);

impl Default for Loads {
    fn default() -> Self {
        Self::new(FILES, PATIENCE)
    }
}

impl Loads {
    /// With a budget of so many KiB for files, and so long to wait for it.
    pub(super) fn new(budget: u32, patience: Duration) -> Self {
        Self {
            reductions: Arc::new(Semaphore::new(REDUCTIONS)),
            files: Arc::new(Semaphore::new(budget as usize)),
            answers: Arc::default(),
            budget,
            patience,
        }
    }

    /// Memory for a file of so many octets; one larger than the budget takes all of it. None after the wait.
    pub(super) async fn room(&self, octets: u64) -> Option<Room> {
        let taken = self.files.clone().acquire_many_owned(kib(octets).min(self.budget));
        tokio::time::timeout(self.patience, taken).await.ok()?.ok().map(Room)
    }

    /// Memory for the files of an answer to a delivery, whose limit is `most` octets. None after the wait.
    pub(super) async fn answer(&self, of: DeliveryId, octets: u64, most: u64) -> Option<Held> {
        let size = |octets: u64| usize::try_from(octets).unwrap_or(usize::MAX);
        // One answer of the largest size always has room.
        let largest = size(most.saturating_mul(4));
        let shares = self.answers.get_or_init(|| Shares::new(Budget::new(ANSWERS.max(largest), largest)));
        // Its share lives as long as an answer of it is read.
        let member = shares.join(of);
        member.share.take(size(octets), self.patience).await
    }

    /// Work of the processor, away from the threads that serve connections.
    ///
    /// # Errors
    /// A fault when the work itself broke off.
    pub(super) async fn reduce<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let broken = || Fault::new("a text could not be reduced");
        let place = self.reductions.clone().acquire_owned().await.map_err(|_| broken())?;
        // The place goes with the work, which runs to its end even when nobody waits for it any more.
        let work = move || {
            let done = work();
            drop(place);
            done
        };
        spawn_blocking(work).await.map_err(|_| broken())
    }
}

impl Room {
    /// Keeps no more than so many octets need.
    pub(super) fn shrink(&mut self, octets: usize) {
        let kept = kib(octets as u64) as usize;
        drop(self.0.split(self.0.num_permits().saturating_sub(kept)));
    }
}

fn kib(octets: u64) -> u32 {
    u32::try_from(octets.div_ceil(1024)).unwrap_or(u32::MAX).max(1)
}

/// KiB of files that are open at once, in all.
const FILES: u32 = 128 * 1024;
/// Octets of answers that are read and sealed at once, in all.
const ANSWERS: usize = 160 << 20;
/// How long a file may wait for memory.
const PATIENCE: Duration = Duration::from_secs(30);
/// Letters that are reduced at once.
const REDUCTIONS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn files_wait_for_memory_and_give_it_back() {
        let loads = Loads::new(100, SOON);
        let all = loads.room(u64::MAX).await.expect("larger than the budget: all of it");
        assert!(loads.room(0).await.is_none(), "even an empty file takes something");
        drop(all);
        let mut most = loads.room(90 * 1024).await.expect("room");
        assert!(loads.room(11 * 1024).await.is_none());
        most.shrink(1);
        let rest = loads.room(99 * 1024).await.expect("what a part does not need is given back");
        drop((most, rest));
        assert_eq!(loads.files.available_permits(), 100);
    }

    #[tokio::test]
    async fn waiting_is_rewarded_when_memory_is_given_back() {
        let loads = Loads::new(100, Duration::from_secs(30));
        let all = loads.room(100 * 1024).await.expect("room");
        let waiting = tokio::spawn({
            let loads = loads.clone();
            async move { loads.room(1).await.is_some() }
        });
        tokio::task::yield_now().await;
        drop(all);
        assert!(waiting.await.expect("done"));
    }

    /// On a runtime of one thread nothing else would run beside work that is done in place.
    #[tokio::test(flavor = "current_thread")]
    async fn connections_are_served_while_a_text_is_reduced() {
        let loads = Loads::default();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let reduced = tokio::spawn({
            let loads = loads.clone();
            async move { loads.reduce(move || wait.recv_timeout(Duration::from_secs(20)).is_ok()).await }
        });
        while loads.reductions.available_permits() == REDUCTIONS {
            tokio::task::yield_now().await;
        }
        go.send(()).expect("still waiting");
        assert!(reduced.await.expect("done").expect("reduced"));
        assert_eq!(loads.reductions.available_permits(), REDUCTIONS);
    }

    #[tokio::test]
    async fn a_text_that_nobody_waits_for_keeps_its_place_until_it_is_done() {
        let loads = Loads::default();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let work = loads.reduce(move || wait.recv_timeout(Duration::from_secs(20)));
        assert!(tokio::time::timeout(SOON, work).await.is_err());
        assert_eq!(loads.reductions.available_permits(), REDUCTIONS - 1);
        drop(go);
        assert!(loads.reduce(|| panic!("a broken text")).await.is_err());
        while loads.reductions.available_permits() < REDUCTIONS {
            tokio::task::yield_now().await;
        }
    }
}
