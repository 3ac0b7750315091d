//! What a mailbox hears of its letters, and the receipt that a newer one takes the place of while nobody has read it.

use crate::domain::{DeliveryId, Fault, FolderRole, MailboxId, MailboxKind, MessageId, ObjectId, Receipts};

use super::entries::{EntryRow, entry_row};
use super::{Store, Tx};

impl Store {
    /// What a mailbox hears: as it is set, else as its kind has it. Software is told by a list instead of letters.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn receipts(&self, mailbox: MailboxId) -> Result<Receipts, Fault> {
        let sql = "SELECT kind, receipts FROM mailboxes WHERE id = $1";
        let Some(row) = self.row(sql, &[mailbox.into()]).await? else { return Ok(Receipts::None) };
        Ok(match (row.read_opt("receipts")?, row.read("kind")?) {
            (Some(set), _) => set,
            (None, MailboxKind::Application) => Receipts::None,
            (None, _) => Receipts::First,
        })
    }

    /// Whether a mailbox is told by letters at all: software is not, unless receipts were asked for.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn is_told_by_letters(&self, mailbox: MailboxId) -> Result<bool, Fault> {
        let sql = "SELECT id FROM mailboxes WHERE id = $1 AND (kind <> $2 OR receipts IN ('first', 'all'))";
        Ok(self.row(sql, &[mailbox.into(), MailboxKind::Application.into()]).await?.is_some())
    }
}

impl Tx {
    /// Notes which message tells a delivery's sender now, and takes the one before out of INBOX while it is unread
    /// there. Whoever calls has touched the mailbox, and its number is `modseq`. Returns the objects of the object store
    /// that may be deleted once this is committed.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn tell_instead(
        &mut self,
        delivery: DeliveryId,
        mailbox: MailboxId,
        receipt: MessageId,
        modseq: i64,
    ) -> Result<Vec<ObjectId>, Fault> {
        let sql = "SELECT e.id AS id, e.mailbox_id AS mailbox_id, folder_id, uid, e.message_id AS message_id, \
                   e.head_id AS head_id, e.esk AS esk, flags, keywords_sealed, e.size AS size, received_at, visible_at, \
                   message_id_hash, server_copy, submission_id, e.modseq AS modseq, e.authority_mac AS authority_mac \
                   FROM entries e JOIN folders f ON f.id = e.folder_id JOIN deliveries d ON d.receipt_id = e.message_id \
                   WHERE d.id = $1 AND e.mailbox_id = $2 AND f.role = $3 AND e.uid > 0 AND (flags & 1) = 0";
        let rows = self.conn.rows(sql, &[delivery.into(), mailbox.into(), FolderRole::Inbox.into()]).await?;
        let unread: Vec<EntryRow> = rows.iter().map(entry_row).collect::<Result<_, _>>()?;
        let gone = self.remove_entries(&unread, modseq).await?;
        let sql = "UPDATE deliveries SET receipt_id = $2 WHERE id = $1";
        self.conn.execute(sql, &[delivery.into(), receipt.into()]).await?;
        Ok(gone)
    }
}
