//! Letters that are being recalled: closed at once, their keys destroyed later, until then undone by one statement.
//!
//! What a restore keeps closed stays so when a recall is undone: only what the recall closed is opened again.

use std::collections::BTreeSet;

use crate::domain::{DeliveryId, Fault, MailboxId, MessageId, Timestamp};

use super::outbox::NEVER;
use super::value::{Param, Row, Trouble};
use super::{Store, Tx};

/// Which deliveries a recall or its undoing is about, of those that a mailbox sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recalls {
    /// One recipient's.
    Of(DeliveryId),
    /// All of a message.
    All(MessageId),
    /// Those about which the sender is asked first.
    Asked,
}

/// A delivery that is being recalled.
#[derive(Debug, Clone, Copy)]
pub struct RecallRow {
    /// Which.
    pub delivery: DeliveryId,
    /// Of which mailbox.
    pub mailbox: MailboxId,
    /// Of which message.
    pub message: MessageId,
    /// Whether its sender is asked before its keys are destroyed.
    pub asks: bool,
}

/// When keys are destroyed of which the sender is asked first.
pub const ASK_FIRST: Timestamp = NEVER;

impl Store {
    /// Recalls of which their senders were not told, those of one message together.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn untold_recalls(&self, limit: i64) -> Result<Vec<RecallRow>, Fault> {
        let sql = "SELECT id, mailbox_id, message_id, recall_at FROM deliveries WHERE recalled_at IS NOT NULL \
                   AND recall_told_at IS NULL AND esk IS NOT NULL ORDER BY mailbox_id, message_id, id LIMIT $1";
        let read = |row: &Row| {
            Ok(RecallRow {
                delivery: row.read("id")?,
                mailbox: row.read("mailbox_id")?,
                message: row.read("message_id")?,
                asks: row.read_opt::<Timestamp>("recall_at")? == Some(ASK_FIRST),
            })
        };
        Ok(self.rows(sql, &[limit.into()]).await?.iter().map(read).collect::<Result<_, Trouble>>()?)
    }

    /// Recalled deliveries whose keys are to be destroyed at `now`.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn due_recalls(&self, now: Timestamp, limit: i64) -> Result<Vec<DeliveryId>, Fault> {
        let sql = "SELECT id FROM deliveries WHERE recalled_at IS NOT NULL AND recall_at <= $1 AND esk IS NOT NULL \
                   ORDER BY recall_at, id LIMIT $2";
        let rows = self.rows(sql, &[now.into(), limit.into()]).await?;
        Ok(rows.iter().map(|row| row.read("id")).collect::<Result<_, Trouble>>()?)
    }

    /// Whether a delivery is being recalled.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn is_recalled(&self, delivery: DeliveryId) -> Result<bool, Fault> {
        let sql = "SELECT id FROM deliveries WHERE id = $1 AND recalled_at IS NOT NULL AND esk IS NOT NULL";
        Ok(self.row(sql, &[delivery.into()]).await?.is_some())
    }
}

impl Tx {
    /// Closes deliveries that a mailbox sent, their keys to be destroyed at `until`; how many.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn recall(
        &mut self,
        mailbox: MailboxId,
        which: Recalls,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<u64, Fault> {
        let (of, id) = named(which);
        let sql = match of {
            "delivery" => {
                "UPDATE deliveries SET suspended_at = COALESCE(suspended_at, $3), recalled_at = $3, recall_at = $4, \
                 recall_told_at = NULL WHERE mailbox_id = $1 AND id = $2 AND recalled_at IS NULL AND esk IS NOT NULL"
            }
            _ => {
                "UPDATE deliveries SET suspended_at = COALESCE(suspended_at, $3), recalled_at = $3, recall_at = $4, \
                 recall_told_at = NULL WHERE mailbox_id = $1 AND message_id = $2 AND recalled_at IS NULL \
                 AND esk IS NOT NULL"
            }
        };
        let Some(id) = id else { return Ok(0) };
        let many = self.conn.execute(sql, &[mailbox.into(), id, now.into(), until.into()]).await?;
        if many > 0 {
            // A notice that has not left waits.
            let sql = "UPDATE outbox SET due_at = $2 WHERE done_at IS NULL AND delivery_id IN \
                       (SELECT id FROM deliveries WHERE mailbox_id = $1 AND recalled_at = $3)";
            self.conn.execute(sql, &[mailbox.into(), NEVER.into(), now.into()]).await?;
            self.forget_browsers_of_recalled(mailbox, now).await?;
        }
        Ok(many)
    }

    /// Opens deliveries again that are being recalled, and marks their messages so; how many. Whoever calls has touched
    /// the mailbox, and its number is `modseq`.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn undo_recall(
        &mut self,
        mailbox: MailboxId,
        which: Recalls,
        (now, modseq): (Timestamp, i64),
    ) -> Result<u64, Fault> {
        let (mut ids, mut messages) = (Vec::new(), BTreeSet::new());
        for (id, message) in self.recalled(mailbox, which).await? {
            let sql = "UPDATE deliveries SET suspended_at = CASE WHEN suspended_at = recalled_at THEN NULL \
                       ELSE suspended_at END, recalled_at = NULL, recall_at = NULL, recall_told_at = NULL \
                       WHERE id = $1 AND recalled_at IS NOT NULL AND esk IS NOT NULL";
            if self.conn.execute(sql, &[id.into()]).await? > 0 {
                let sql = "UPDATE outbox SET due_at = $2 WHERE delivery_id = $1 AND done_at IS NULL AND \
                           (SELECT suspended_at FROM deliveries WHERE id = $1) IS NULL";
                self.conn.execute(sql, &[id.into(), now.into()]).await?;
                ids.push(id);
                messages.insert(message);
            }
        }
        for message in messages {
            self.mark_sent(mailbox, message, modseq).await?;
        }
        Ok(u64::try_from(ids.len()).unwrap_or(u64::MAX))
    }

    /// The keys of what was asked about are destroyed now; how many deliveries.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn confirm_recalls(&mut self, mailbox: MailboxId, now: Timestamp) -> Result<u64, Fault> {
        let sql = "UPDATE deliveries SET recall_at = $2 WHERE mailbox_id = $1 AND recall_at = $3 \
                   AND recalled_at IS NOT NULL AND esk IS NOT NULL";
        Ok(self.conn.execute(sql, &[mailbox.into(), now.into(), ASK_FIRST.into()]).await?)
    }

    /// Asks first about all that a mailbox has begun to recall after `since`: its sender is told anew.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn ask_about_recalls(&mut self, mailbox: MailboxId, since: Timestamp) -> Result<(), Fault> {
        let sql = "UPDATE deliveries SET recall_at = $3, recall_told_at = NULL WHERE mailbox_id = $1 AND recalled_at > $2 \
                   AND recall_at <> $3 AND esk IS NOT NULL";
        self.conn.execute(sql, &[mailbox.into(), since.into(), ASK_FIRST.into()]).await?;
        Ok(())
    }

    /// How many messages a mailbox has begun to recall after `since`.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn recent_recalls(&mut self, mailbox: MailboxId, since: Timestamp) -> Result<i64, Fault> {
        let sql =
            "SELECT COUNT(DISTINCT message_id) AS many FROM deliveries WHERE mailbox_id = $1 AND recalled_at > $2";
        let row = self.conn.row(sql, &[mailbox.into(), since.into()]).await?;
        Ok(row.map(|row| row.read("many")).transpose()?.unwrap_or(0))
    }

    /// Notes that a sender is told of a recall; `false` when that was done already, or it was undone.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn recall_told(&mut self, delivery: DeliveryId, now: Timestamp) -> Result<bool, Fault> {
        let sql = "UPDATE deliveries SET recall_told_at = $2 WHERE id = $1 AND recalled_at IS NOT NULL \
                   AND recall_told_at IS NULL AND esk IS NOT NULL";
        Ok(self.conn.execute(sql, &[delivery.into(), now.into()]).await? > 0)
    }

    async fn recalled(&mut self, mailbox: MailboxId, which: Recalls) -> Result<Vec<(DeliveryId, MessageId)>, Fault> {
        let (of, id) = named(which);
        let (sql, second) = match (of, id) {
            ("delivery", Some(id)) => (
                "SELECT id, message_id FROM deliveries WHERE mailbox_id = $1 AND id = $2 AND recalled_at IS NOT NULL ORDER BY id",
                id,
            ),
            (_, Some(id)) => (
                "SELECT id, message_id FROM deliveries WHERE mailbox_id = $1 AND message_id = $2 AND recalled_at IS NOT NULL \
                 ORDER BY id",
                id,
            ),
            (_, None) => (
                "SELECT id, message_id FROM deliveries WHERE mailbox_id = $1 AND recall_at = $2 AND recalled_at IS NOT NULL \
                 ORDER BY id",
                ASK_FIRST.into(),
            ),
        };
        let rows = self.conn.rows(sql, &[mailbox.into(), second]).await?;
        let read = |row: &Row| Ok((row.read("id")?, row.read("message_id")?));
        Ok(rows.iter().map(read).collect::<Result<_, Trouble>>()?)
    }
}

fn named(which: Recalls) -> (&'static str, Option<Param<'static>>) {
    match which {
        Recalls::Of(delivery) => ("delivery", Some(delivery.into())),
        Recalls::All(message) => ("message", Some(message.into())),
        Recalls::Asked => ("asked", None),
    }
}
