//! Flags of sent messages: what became of their deliveries as `$Pli…`, and `\Flagged` while one needs its sender.
//!
//! They stand on whatever a mailbox shows of a message: the server's copy, the client's own that took its place, and
//! further copies. Several recipients share them: a keyword says that it is so of one of them at least.

use crate::domain::{DeliveryState, Fault, FolderId, MailboxId, MessageId, SystemFlags, Timestamp};

use super::Tx;
use super::value::{Row, Trouble};

impl Tx {
    /// Writes what became of a message's deliveries onto what its sender's mailbox shows of it. Whoever calls has touched
    /// the mailbox before any delivery, as sessions do, so that nobody waits for each other; `modseq` is its number.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn mark_sent(&mut self, mailbox: MailboxId, message: MessageId, modseq: i64) -> Result<(), Fault> {
        let sql = "SELECT state, notified_at, opened_at, downloaded_at, recalled_at FROM deliveries \
                   WHERE message_id = $1 AND mailbox_id = $2 AND again_id IS NULL";
        let rows = self.conn.rows(sql, &[message.into(), mailbox.into()]).await?;
        let (mut marks, mut needs) = (SystemFlags::default(), false);
        for row in &rows {
            let (of_this, needs_this) = marks_of(row)?;
            (marks, needs) = (marks.with(of_this), needs || needs_this);
        }
        self.change_sent(mailbox, message, modseq, |flags| flags.marked(marks, needs)).await
    }

    /// Sets flags, as bits, on what a mailbox shows of a message, beside those that are there.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn add_flags(
        &mut self,
        mailbox: MailboxId,
        message: MessageId,
        bits: i64,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let modseq = self.touch_mailbox(mailbox, now).await?;
        self.change_sent(mailbox, message, modseq, |flags| flags.with(SystemFlags(bits))).await
    }

    async fn change_sent(
        &mut self,
        mailbox: MailboxId,
        message: MessageId,
        modseq: i64,
        change: impl Fn(SystemFlags) -> SystemFlags,
    ) -> Result<(), Fault> {
        let sql = "SELECT id, folder_id, uid, flags FROM entries \
                   WHERE mailbox_id = $1 AND (message_id = $2 OR submission_id = $2)";
        for row in &self.conn.rows(sql, &[mailbox.into(), message.into()]).await? {
            let (before, folder): (i64, FolderId) = (row.read("flags")?, row.read("folder_id")?);
            let after = change(SystemFlags(before)).0;
            if after == before {
                continue;
            }
            // What does not show yet changes nothing that a client could see; it has the flags once it does.
            let sql = "UPDATE entries SET flags = $2, modseq = CASE WHEN uid > 0 THEN $3 ELSE modseq END WHERE id = $1";
            let id: crate::domain::EntryId = row.read("id")?;
            self.conn.execute(sql, &[id.into(), after.into(), modseq.into()]).await?;
            if row.read::<i64>("uid")? > 0 {
                self.note_changed(folder, modseq).await?;
            }
        }
        Ok(())
    }
}

/// What one delivery says, and whether it needs its sender: it waits for a number, could not be delivered, or nobody
/// opened it.
fn marks_of(row: &Row) -> Result<(SystemFlags, bool), Trouble> {
    let there = |column| Ok::<bool, Trouble>(row.read_opt::<Timestamp>(column)?.is_some());
    let (state, opened): (DeliveryState, bool) = (row.read("state")?, there("opened_at")?);
    let mut marks = SystemFlags::default();
    for (is_so, mark) in [
        (there("notified_at")?, SystemFlags::NOTIFIED),
        (opened, SystemFlags::OPENED),
        (there("downloaded_at")?, SystemFlags::DOWNLOADED),
        (state == DeliveryState::Expired, SystemFlags::EXPIRED),
        (state == DeliveryState::Recalled || there("recalled_at")?, SystemFlags::RECALLED),
        (state == DeliveryState::Held, SystemFlags::HELD),
        (matches!(state, DeliveryState::Bounced | DeliveryState::Locked), SystemFlags::FAILED),
    ] {
        marks = if is_so { marks.with(mark) } else { marks };
    }
    let needs = match state {
        DeliveryState::Held | DeliveryState::Bounced | DeliveryState::Locked => true,
        DeliveryState::Expired => !opened,
        _ => false,
    };
    Ok((marks, needs))
}
