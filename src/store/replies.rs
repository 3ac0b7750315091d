//! Answers that were written on the page of a letter: those that came into INBOX, and those that wait for a code.
//!
//! The id is drawn with the form: whoever sends it twice, at once or later, finds the row of the first.

use crate::domain::{
    DeliveryId, EntryId, Esk, Fault, KeyedHash, Mac, MailboxId, MessageId, ObjectId, Sealed, Timestamp,
};

use super::deposit::MessageRow;
use super::value::{Row, Trouble};
use super::{Store, Tx};

/// A row of `replies`.
#[derive(Debug, Clone)]
pub struct ReplyRow {
    /// Its id, and its message's.
    pub id: MessageId,
    /// The delivery that it answers.
    pub delivery: DeliveryId,
    /// Keyed hash of the browser that it was written in.
    pub browser: KeyedHash,
    /// How many files came with it.
    pub files: i64,
    /// When it was posted.
    pub created_at: Timestamp,
    /// When it came into INBOX; `None`: it waits for a code of its browser.
    pub delivered_at: Option<Timestamp>,
}

/// A row of `reply_copies`: an entry that is to be.
#[derive(Debug, Clone)]
pub struct ReplyCopy {
    /// The entry's id.
    pub id: EntryId,
    /// Whose it will be.
    pub mailbox: MailboxId,
    /// Which head it will show.
    pub head: ObjectId,
    /// The head's session key, to the mailbox certificate.
    pub esk: Esk,
    /// RFC822.SIZE.
    pub size: i64,
    /// Authority over id, mailbox, message, head: as of an entry.
    pub mac: Mac,
}

/// What a mailbox says of answers.
#[derive(Debug, Clone, Default)]
pub struct AnswerSettings {
    /// For so many days after a letter; 0: none; `None`: as its kind has it.
    pub days: Option<i64>,
    /// Absence, sealed at (mailboxes, id, away).
    pub away: Option<Sealed>,
}

impl Store {
    /// One answer.
    pub async fn reply(&self, id: MessageId) -> Result<Option<ReplyRow>, Fault> {
        let sql = "SELECT id, delivery_id, browser_hash, files, created_at, delivered_at FROM replies WHERE id = $1";
        Ok(self.row(sql, &[id.into()]).await?.as_ref().map(reply_row).transpose()?)
    }

    /// The answers to a delivery, oldest first.
    pub async fn replies(&self, delivery: DeliveryId) -> Result<Vec<ReplyRow>, Fault> {
        let sql = "SELECT id, delivery_id, browser_hash, files, created_at, delivered_at FROM replies \
                   WHERE delivery_id = $1 ORDER BY created_at, id";
        Ok(self.rows(sql, &[delivery.into()]).await?.iter().map(reply_row).collect::<Result<_, _>>()?)
    }

    /// What becomes the entries of an answer that waits.
    pub async fn reply_copies(&self, id: MessageId) -> Result<Vec<ReplyCopy>, Fault> {
        let sql = "SELECT id, mailbox_id, head_id, esk, size, authority_mac FROM reply_copies WHERE reply_id = $1 \
                   ORDER BY id";
        Ok(self.rows(sql, &[id.into()]).await?.iter().map(copy_row).collect::<Result<_, _>>()?)
    }

    /// The message of an answer that waits.
    pub async fn message(&self, id: MessageId) -> Result<Option<MessageRow>, Fault> {
        let sql = "SELECT id, practice_id, mailbox_id, size, created_at FROM messages WHERE id = $1";
        let Some(row) = self.row(sql, &[id.into()]).await? else { return Ok(None) };
        Ok(Some(MessageRow {
            id: row.read("id")?,
            practice: row.read("practice_id")?,
            mailbox: row.read("mailbox_id")?,
            size: row.read("size")?,
            created_at: row.read("created_at")?,
        }))
    }

    /// Answers that have waited since before `before`, at most `limit`.
    pub async fn stale_replies(&self, before: Timestamp, limit: i64) -> Result<Vec<MessageId>, Fault> {
        let sql = "SELECT id FROM replies WHERE delivered_at IS NULL AND created_at < $1 ORDER BY created_at LIMIT $2";
        let rows = self.rows(sql, &[before.into(), limit.into()]).await?;
        Ok(rows.iter().map(|row| row.read("id")).collect::<Result<_, _>>()?)
    }

    /// The oldest delivery of a practice to this address with this number.
    pub async fn first_delivery(&self, of: DeliveryId) -> Result<Option<DeliveryId>, Fault> {
        let sql = "SELECT a.id AS id FROM deliveries a JOIN deliveries b ON a.practice_id = b.practice_id \
                   AND a.address_hash = b.address_hash AND a.number_hash = b.number_hash \
                   WHERE b.id = $1 ORDER BY a.created_at, a.id LIMIT 1";
        Ok(self.row(sql, &[of.into()]).await?.map(|row| row.read("id")).transpose()?)
    }

    /// What a mailbox says of answers.
    pub async fn answer_settings(&self, mailbox: MailboxId) -> Result<AnswerSettings, Fault> {
        let sql = "SELECT answers, away_sealed FROM mailboxes WHERE id = $1";
        let Some(row) = self.row(sql, &[mailbox.into()]).await? else { return Ok(AnswerSettings::default()) };
        Ok(AnswerSettings { days: row.read_opt("answers")?, away: row.read_opt("away_sealed")? })
    }
}

impl Tx {
    /// How many answers to a delivery were written since `since`, and how many of all wait for a code. Whoever counts next
    /// waits until the transaction ends.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn count_replies(&mut self, delivery: DeliveryId, since: Timestamp) -> Result<(usize, usize), Fault> {
        self.lock_delivery(delivery).await?;
        let sql = "SELECT COUNT(CASE WHEN created_at > $2 THEN 1 END) AS today, \
                   COUNT(CASE WHEN delivered_at IS NULL THEN 1 END) AS waiting FROM replies WHERE delivery_id = $1";
        let row = self.conn.row(sql, &[delivery.into(), since.into()]).await?;
        let row = row.ok_or(Fault::new("a count gave no row"))?;
        let count = |many: i64| usize::try_from(many).unwrap_or(usize::MAX);
        Ok((count(row.read("today")?), count(row.read("waiting")?)))
    }

    /// Inserts an answer; `false` when it is there already.
    pub async fn insert_reply(&mut self, row: &ReplyRow) -> Result<bool, Fault> {
        let sql = "INSERT INTO replies (id, delivery_id, browser_hash, files, created_at, delivered_at) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING";
        let params = [
            row.id.into(),
            row.delivery.into(),
            (&row.browser).into(),
            row.files.into(),
            row.created_at.into(),
            row.delivered_at.into(),
        ];
        Ok(self.conn.execute(sql, &params).await? > 0)
    }

    /// Inserts what will be an entry of an answer that waits.
    pub async fn insert_reply_copy(&mut self, reply: MessageId, row: &ReplyCopy) -> Result<(), Fault> {
        let sql = "INSERT INTO reply_copies (id, reply_id, mailbox_id, head_id, esk, size, authority_mac) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let params = [
            row.id.into(),
            reply.into(),
            row.mailbox.into(),
            row.head.into(),
            (&row.esk).into(),
            row.size.into(),
            (&row.mac).into(),
        ];
        self.conn.execute(sql, &params).await?;
        Ok(())
    }

    /// Notes that an answer which waited came into INBOX; `false` when it did before, or is gone.
    pub async fn deliver_reply(&mut self, id: MessageId, at: Timestamp) -> Result<bool, Fault> {
        let sql = "UPDATE replies SET delivered_at = $2 WHERE id = $1 AND delivered_at IS NULL";
        if self.conn.execute(sql, &[id.into(), at.into()]).await? == 0 {
            return Ok(false);
        }
        self.conn.execute("DELETE FROM reply_copies WHERE reply_id = $1", &[id.into()]).await?;
        Ok(true)
    }

    /// Drops an answer that nobody gave a code for. Returns the objects of the object store that may be deleted once
    /// this is committed; `None` when it came into INBOX meanwhile, or is gone.
    pub async fn drop_reply(&mut self, id: MessageId) -> Result<Option<Vec<ObjectId>>, Fault> {
        // The row first: whoever delivers it at this moment waits, and finds it gone.
        let sql = "UPDATE replies SET files = files WHERE id = $1 AND delivered_at IS NULL";
        if self.conn.execute(sql, &[id.into()]).await? == 0 {
            return Ok(None);
        }
        self.conn.execute("DELETE FROM reply_copies WHERE reply_id = $1", &[id.into()]).await?;
        self.conn.execute("DELETE FROM replies WHERE id = $1", &[id.into()]).await?;
        let gone = self.delete_objects_of(id).await?;
        self.conn.execute("DELETE FROM messages WHERE id = $1", &[id.into()]).await?;
        Ok(Some(gone))
    }

    /// Changes what a mailbox says of answers.
    pub async fn set_answers(&mut self, mailbox: MailboxId, days: i64) -> Result<(), Fault> {
        let sql = "UPDATE mailboxes SET answers = $2 WHERE id = $1";
        self.conn.execute(sql, &[mailbox.into(), days.into()]).await?;
        Ok(())
    }

    /// Notes, or ends, an absence.
    pub async fn set_away(&mut self, mailbox: MailboxId, away: Option<&Sealed>) -> Result<(), Fault> {
        let sql = "UPDATE mailboxes SET away_sealed = $2 WHERE id = $1";
        self.conn.execute(sql, &[mailbox.into(), away.into()]).await?;
        Ok(())
    }
}

fn reply_row(row: &Row) -> Result<ReplyRow, Trouble> {
    Ok(ReplyRow {
        id: row.read("id")?,
        delivery: row.read("delivery_id")?,
        browser: row.read("browser_hash")?,
        files: row.read("files")?,
        created_at: row.read("created_at")?,
        delivered_at: row.read_opt("delivered_at")?,
    })
}

fn copy_row(row: &Row) -> Result<ReplyCopy, Trouble> {
    Ok(ReplyCopy {
        id: row.read("id")?,
        mailbox: row.read("mailbox_id")?,
        head: row.read("head_id")?,
        esk: row.read("esk")?,
        size: row.read("size")?,
        mac: row.read("authority_mac")?,
    })
}
