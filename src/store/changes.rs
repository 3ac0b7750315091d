//! "Something changed in this mailbox": a counter in the database, and who waits for it on this node.
//!
//! A transaction that touches entries or folders raises the mailbox's counter first: on PostgreSQL that
//! row is also what makes such transactions stand in line. What this node commits is told at once; what
//! another node commits is found by one statement every quarter of a second, for all mailboxes together,
//! and only while somebody here waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;

use super::sql::{Inner, Step};
use super::value::{Row, Trouble};
use super::{Store, Tx};
use crate::domain::{Fault, MailboxId, Timestamp};

/// Who waits on this node.
pub(super) struct Watches {
    registry: Mutex<Registry>,
    /// Changes of a mailbox within this time share their second wake.
    shared: Duration,
    /// How long after its commit a change is told again.
    shown: Duration,
}

impl Default for Watches {
    fn default() -> Self {
        Self { registry: Mutex::default(), shared: SHARED, shown: SHOWN }
    }
}

#[derive(Default)]
struct Registry {
    mailboxes: HashMap<MailboxId, Watched>,
    polling: bool,
}

struct Watched {
    sender: watch::Sender<u64>,
    /// The counter as last told.
    seen: i64,
    /// Whether a change now is covered by a second wake that is already under way: the server's Sent
    /// copies begin to show when somebody looks, half a minute later.
    again: bool,
}

impl Store {
    /// A number that changes whenever something changes in this mailbox, on any node.
    pub fn watch(&self, mailbox: MailboxId) -> watch::Receiver<u64> {
        let mut registry = self.inner.watches.lock();
        let receiver = registry.receiver(mailbox);
        if !registry.polling {
            registry.polling = true;
            tokio::spawn(poll(Arc::downgrade(&self.inner)));
        }
        receiver
    }

    /// How often a mailbox was changed.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn changes(&self, mailbox: MailboxId) -> Result<i64, Fault> {
        let sql = "SELECT changes FROM mailbox_changes WHERE mailbox_id = $1";
        let row = self.row(sql, &[mailbox.into()]).await?;
        Ok(row.map(|row| row.read("changes")).transpose()?.unwrap_or(0))
    }
}

impl Tx {
    /// Raises the mailbox's counter; whoever else touches it waits until this transaction has ended. Returns the
    /// mod-sequence of what the transaction changes there (RFC 7162 §3).
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn touch_mailbox(&mut self, mailbox: MailboxId, now: Timestamp) -> Result<i64, Fault> {
        let touched = self.conn.run(&[touch(mailbox, now)]).await?;
        let changes = changes(touched.first())?;
        self.touched.push((mailbox, changes));
        Ok(changes)
    }
}

/// Raises a mailbox's counter inside a transaction, and says where it stands. It begins at 2: folders are born
/// with the mod-sequence 1, and what changes later has a higher one.
pub(super) fn touch(mailbox: MailboxId, now: Timestamp) -> Step<'static> {
    let sql = "INSERT INTO mailbox_changes (mailbox_id, changes, changed_at, last_validity) VALUES ($1, 2, $2, 0) \
               ON CONFLICT (mailbox_id) DO UPDATE SET changes = mailbox_changes.changes + 1, \
               changed_at = CASE WHEN excluded.changed_at > mailbox_changes.changed_at \
                            THEN excluded.changed_at ELSE mailbox_changes.changed_at END \
               RETURNING changes";
    Step { sql, params: vec![mailbox.into(), now.into()] }
}

/// Where a counter stands that [`touch`] has raised.
pub(super) fn changes(touched: Option<&Vec<Row>>) -> Result<i64, Trouble> {
    let row = touched.and_then(|rows| rows.first());
    row.ok_or_else(|| Trouble::new("a mailbox's counter was not raised", "row missing"))?.read("changes")
}

impl Inner {
    /// Wakes who waits for these mailboxes; called after the commit.
    pub(super) fn tell(&self, touched: &[(MailboxId, i64)]) {
        self.watches.tell(touched);
    }
}

impl Watches {
    fn tell(self: &Arc<Self>, touched: &[(MailboxId, i64)]) {
        let mut late = Vec::new();
        {
            let mut registry = self.lock();
            for &(mailbox, changes) in touched {
                let Some(watched) = registry.mailboxes.get_mut(&mailbox) else { continue };
                if changes <= watched.seen {
                    continue;
                }
                watched.seen = changes;
                watched.wake();
                if !std::mem::replace(&mut watched.again, true) {
                    late.push(mailbox);
                }
            }
        }
        if !late.is_empty() {
            tokio::spawn(tell_again(Arc::downgrade(self), late));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        // Nothing that is held under this lock can be left half done.
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry {
    fn receiver(&mut self, mailbox: MailboxId) -> watch::Receiver<u64> {
        let watched = self.mailboxes.entry(mailbox).or_insert_with(|| Watched {
            sender: watch::Sender::new(0),
            // The first look at the counter tells what is newer than this: a wake too many, never one too few.
            seen: -1,
            again: false,
        });
        watched.sender.subscribe()
    }
}

impl Watched {
    fn wake(&self) {
        self.sender.send_modify(|number| *number = number.wrapping_add(1));
    }
}

/// Wakes once more when what was deposited hidden has begun to show. Changes that come soon after the first
/// share its wake; a later one begins another, so that none is left out and no storm wakes anybody often.
async fn tell_again(watches: Weak<Watches>, mailboxes: Vec<MailboxId>) {
    let Some((shared, shown)) = watches.upgrade().map(|watches| (watches.shared, watches.shown)) else { return };
    tokio::time::sleep(shared).await;
    let each = |work: fn(&mut Watched)| {
        let Some(watches) = watches.upgrade() else { return };
        let mut registry = watches.lock();
        for mailbox in &mailboxes {
            if let Some(watched) = registry.mailboxes.get_mut(mailbox) {
                work(watched);
            }
        }
    };
    each(|watched| watched.again = false);
    tokio::time::sleep(shown).await;
    each(|watched| watched.wake());
}

/// Looks for what other nodes changed, until nobody waits any more.
async fn poll(inner: Weak<Inner>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(inner) = inner.upgrade() else { return };
        {
            let mut registry = inner.watches.lock();
            registry.mailboxes.retain(|_, watched| watched.sender.receiver_count() > 0);
            if registry.mailboxes.is_empty() {
                registry.polling = false;
                return;
            }
        }
        // A database that is away is asked again at the next turn.
        if let Ok(changed) = inner.lately_changed().await {
            inner.tell(&changed);
        }
    }
}

impl Inner {
    /// The counters of what was changed of late. Clocks of nodes may differ, and a large deposit may take
    /// minutes between its instant and its commit: the window is wide.
    async fn lately_changed(&self) -> Result<Vec<(MailboxId, i64)>, Trouble> {
        let sql = "SELECT mailbox_id, changes FROM mailbox_changes \
                   WHERE changed_at >= (SELECT MAX(changed_at) FROM mailbox_changes) - 900000";
        let rows = self.rows(sql, &[]).await?;
        rows.iter().map(|row| Ok((row.read("mailbox_id")?, row.read("changes")?))).collect()
    }
}

/// Between two looks.
const LOOK: Duration = Duration::from_millis(250);
/// A little more than the server's Sent copy stays hidden.
const SHOWN: Duration = Duration::from_millis(30_200);
/// Changes of a mailbox within this time share their second wake.
const SHARED: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Random;

    struct Ones;
    impl Random for Ones {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(1);
        }
    }

    fn watches() -> (Arc<Watches>, MailboxId, watch::Receiver<u64>) {
        let watches = Watches { shared: ms(20), shown: ms(300), ..Watches::default() };
        let mailbox = MailboxId::random(&Ones);
        let receiver = watches.lock().receiver(mailbox);
        (Arc::new(watches), mailbox, receiver)
    }

    fn ms(many: u64) -> Duration {
        Duration::from_millis(many)
    }

    /// A change of flags arms the second wake; a submission a little later has one of its own.
    #[tokio::test]
    async fn each_submission_is_told_when_it_shows() {
        let (watches, mailbox, mut receiver) = watches();
        watches.tell(&[(mailbox, 1)]);
        tokio::time::sleep(ms(100)).await;
        watches.tell(&[(mailbox, 2)]);
        tokio::time::sleep(ms(300)).await;
        assert!(receiver.has_changed().unwrap());
        receiver.mark_unchanged();
        // Only now does the second show.
        tokio::time::timeout(Duration::from_secs(5), receiver.changed()).await.expect("it is told").unwrap();
        tokio::time::sleep(ms(100)).await;
        assert!(!receiver.has_changed().unwrap() && !watches.lock().mailboxes[&mailbox].again, "then it is quiet");
    }

    #[tokio::test]
    async fn a_storm_shares_its_wakes() {
        let (watches, mailbox, mut receiver) = watches();
        (1..1000).for_each(|change| watches.tell(&[(mailbox, change)]));
        receiver.mark_unchanged();
        let mut wakes = 0;
        while tokio::time::timeout(ms(1000), receiver.changed()).await.is_ok() {
            wakes += 1;
        }
        assert_eq!(wakes, 1);
    }
}
