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

use super::sql::{Conn, Inner};
use super::value::Trouble;
use super::{Store, Tx};
use crate::domain::{Fault, MailboxId, Timestamp};

/// Who waits on this node.
#[derive(Default)]
pub(super) struct Watches(Mutex<Registry>);

#[derive(Default)]
struct Registry {
    mailboxes: HashMap<MailboxId, Watched>,
    polling: bool,
}

struct Watched {
    sender: watch::Sender<u64>,
    /// The counter as last told.
    seen: i64,
    /// Whether another look is due: the server's Sent copies begin to show without a change of the database.
    again: bool,
}

impl Store {
    /// A number that changes whenever something changes in this mailbox, on any node.
    pub fn watch(&self, mailbox: MailboxId) -> watch::Receiver<u64> {
        let mut registry = self.inner.watches.lock();
        let watched = registry.mailboxes.entry(mailbox).or_insert_with(|| Watched {
            sender: watch::Sender::new(0),
            // The first look at the counter tells what is newer than this: a wake too many, never one too few.
            seen: -1,
            again: false,
        });
        let receiver = watched.sender.subscribe();
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
    /// Raises the mailbox's counter; whoever else touches it waits until this transaction has ended.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn touch_mailbox(&mut self, mailbox: MailboxId, now: Timestamp) -> Result<(), Fault> {
        let changes = touch(&mut self.conn, mailbox, now).await?;
        self.touched.push((mailbox, changes));
        Ok(())
    }
}

/// Raises a mailbox's counter inside a transaction, and says where it stands.
pub(super) async fn touch(conn: &mut Conn, mailbox: MailboxId, now: Timestamp) -> Result<i64, Trouble> {
    let sql = "INSERT INTO mailbox_changes (mailbox_id, changes, changed_at, last_validity) VALUES ($1, 1, $2, 0) \
               ON CONFLICT (mailbox_id) DO UPDATE SET changes = mailbox_changes.changes + 1, \
               changed_at = CASE WHEN excluded.changed_at > mailbox_changes.changed_at \
                            THEN excluded.changed_at ELSE mailbox_changes.changed_at END \
               RETURNING changes";
    let row = conn.row(sql, &[mailbox.into(), now.into()]).await?;
    row.ok_or_else(|| Trouble::new("a mailbox's counter was not raised", "row missing"))?.read("changes")
}

impl Inner {
    /// Wakes who waits for these mailboxes; called after the commit.
    pub(super) fn tell(self: &Arc<Self>, touched: &[(MailboxId, i64)]) {
        let mut late = Vec::new();
        {
            let mut registry = self.watches.lock();
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
}

impl Watches {
    fn lock(&self) -> MutexGuard<'_, Registry> {
        // Nothing that is held under this lock can be left half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn wake(&self) {
        self.sender.send_modify(|number| *number = number.wrapping_add(1));
    }
}

/// Wakes once more when what was deposited hidden has begun to show.
async fn tell_again(inner: Weak<Inner>, mailboxes: Vec<MailboxId>) {
    tokio::time::sleep(SHOWN).await;
    let Some(inner) = inner.upgrade() else { return };
    let mut registry = inner.watches.lock();
    for mailbox in mailboxes {
        if let Some(watched) = registry.mailboxes.get_mut(&mailbox) {
            watched.again = false;
            watched.wake();
        }
    }
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
