//! Letters that are sent once more, and what their senders hear of a link.

use std::time::Duration;

use crate::domain::{Aside, DeliveryId, EntryId, FailureClass, Fault, MailboxId, MessageId, Timestamp};

use super::value::{Row, Trouble};
use super::{Store, Tx};

/// A mailbox's own copy of what it sent.
#[derive(Debug, Clone, Copy)]
pub struct SentEntry {
    /// Which entry.
    pub entry: EntryId,
    /// Its octets.
    pub size: u64,
}

impl Store {
    /// What a mailbox shows of a message that it sent: the server's copy, else the client's own; what lies in Sent first.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn sent_entry(&self, mailbox: MailboxId, message: MessageId) -> Result<Option<SentEntry>, Fault> {
        let sql = "SELECT e.id AS id, e.size AS size FROM entries e JOIN folders f ON f.id = e.folder_id \
                   WHERE e.mailbox_id = $1 AND (e.message_id = $2 OR e.submission_id = $2) \
                   ORDER BY CASE WHEN f.role = 'sent' THEN 0 ELSE 1 END, e.id LIMIT 1";
        let read = |row: &Row| {
            let size: i64 = row.read("size")?;
            Ok::<_, Trouble>(SentEntry { entry: row.read("id")?, size: u64::try_from(size).unwrap_or(u64::MAX) })
        };
        Ok(self.row(sql, &[mailbox.into(), message.into()]).await?.as_ref().map(read).transpose()?)
    }

    /// Deliveries of which no code could be sent, and why; their senders do not know yet.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn untold_codes(&self, limit: i64) -> Result<Vec<(DeliveryId, FailureClass)>, Fault> {
        let sql = "SELECT delivery_id, failure FROM asides WHERE told_at IS NULL AND failure IS NOT NULL \
                   ORDER BY said_at, delivery_id LIMIT $1";
        let read = |row: &Row| Ok((row.read("delivery_id")?, row.read("failure")?));
        Ok(self.rows(sql, &[limit.into()]).await?.iter().map(read).collect::<Result<_, Trouble>>()?)
    }

    /// The delivery that took another's place.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn sent_again(&self, delivery: DeliveryId) -> Result<Option<DeliveryId>, Fault> {
        let row = self.row("SELECT again_id FROM deliveries WHERE id = $1", &[delivery.into()]).await?;
        Ok(row.map(|row| row.read_opt("again_id")).transpose()?.flatten())
    }
}

impl Tx {
    /// Notes which delivery takes the place of one that has ended; `false` when another did, or it has not ended.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn replace_delivery(&mut self, ended: DeliveryId, by: DeliveryId) -> Result<bool, Fault> {
        let sql = "UPDATE deliveries SET again_id = $2 WHERE id = $1 AND again_id IS NULL \
                   AND state IN ('expired', 'locked', 'bounced')";
        Ok(self.conn.execute(sql, &[ended.into(), by.into()]).await? == 1)
    }

    /// Notes what was said of a link; `false` when the same was said less than `pause` ago.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn note_aside(
        &mut self,
        delivery: DeliveryId,
        said: Aside,
        now: Timestamp,
        pause: Duration,
    ) -> Result<bool, Fault> {
        let sql = "INSERT INTO asides (delivery_id, said, said_at, told_at) VALUES ($1, $2, $3, $3) \
                   ON CONFLICT (delivery_id, said) DO UPDATE SET said_at = $3, told_at = $3 WHERE asides.said_at <= $4";
        let params = [delivery.into(), said.into(), now.into(), now.minus(pause).into()];
        Ok(self.conn.execute(sql, &params).await? == 1)
    }

    /// Notes that no code could be sent, for [`Store::untold_codes`]; nothing where the same was noted less than `pause`
    /// ago.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn note_no_code(
        &mut self,
        delivery: DeliveryId,
        why: FailureClass,
        now: Timestamp,
        pause: Duration,
    ) -> Result<(), Fault> {
        let sql = "INSERT INTO asides (delivery_id, said, said_at, failure) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (delivery_id, said) DO UPDATE SET said_at = $3, failure = $4, told_at = NULL \
                   WHERE asides.said_at <= $5";
        let params = [delivery.into(), Aside::NoCode.into(), now.into(), why.into(), now.minus(pause).into()];
        self.conn.execute(sql, &params).await?;
        Ok(())
    }

    /// The sender was told that no code could be sent; `false` when somebody else did it.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn no_code_told(&mut self, delivery: DeliveryId, now: Timestamp) -> Result<bool, Fault> {
        let sql = "UPDATE asides SET told_at = $3 WHERE delivery_id = $1 AND said = $2 AND told_at IS NULL";
        Ok(self.conn.execute(sql, &[delivery.into(), Aside::NoCode.into(), now.into()]).await? == 1)
    }
}
