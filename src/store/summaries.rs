//! Sealed summaries of what mailboxes show, and the keys that what comes in is sealed under.
//!
//! One row for each head that a mailbox shows, however many entries do; it goes with the last of them. A summary
//! can always be made again from its message.

use super::authority::EntryShows;
use super::sql::Step;
use super::value::{Param, Row, Trouble};
use super::{Store, Tx};
use crate::domain::{Container, DepositKeyId, EntryId, Esk, Fault, Mac, MailboxId, ObjectId, Sealed, Timestamp};

/// A row of `deposit_keys`.
#[derive(Debug, Clone)]
pub struct DepositKeyRow {
    /// Its id.
    pub id: DepositKeyId,
    /// Into which mailbox.
    pub mailbox: MailboxId,
    /// The key, to the mailbox's certificate.
    pub esk: Esk,
    /// Authority over id, mailbox, esk: whoever knows a certificate can make such a packet.
    pub mac: Mac,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A summary to be stored.
#[derive(Debug, Clone)]
pub struct NewSummary {
    /// The deposit key; `None`: the mailbox's own.
    pub key: Option<DepositKeyId>,
    /// The head's session key, and what lists show.
    pub summary: Sealed,
    /// What is searched; none where that is too much.
    pub words: Option<Sealed>,
}

/// What an entry shows, and one sealed value of its summary.
#[derive(Debug, Clone)]
pub struct SummaryRow {
    /// Which head.
    pub shows: EntryShows,
    /// The entry's authority.
    pub mac: Mac,
    /// The key it is under, and the value; `None` where there is none.
    pub sealed: Option<(Option<DepositKeyId>, Sealed)>,
}

/// What it takes to open the head that an entry shows.
#[derive(Debug, Clone)]
pub struct HeadRow {
    /// Which head, with its summary where there is one.
    pub summary: SummaryRow,
    /// The head's session key, to the mailbox certificate.
    pub esk: Esk,
    /// The container, where it stands in its row.
    pub container: Option<Container>,
}

impl Store {
    /// The head that an entry of a mailbox shows, in one statement; `None` when the entry is gone.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn head(&self, mailbox: MailboxId, id: EntryId) -> Result<Option<HeadRow>, Fault> {
        let sql = "SELECT e.id AS id, e.message_id AS message_id, e.head_id AS head_id, e.esk AS esk, \
                   e.authority_mac AS authority_mac, s.deposit_key_id AS deposit_key_id, s.summary_sealed AS sealed, \
                   o.container AS container FROM entries e \
                   LEFT JOIN summaries s ON s.mailbox_id = e.mailbox_id AND s.head_id = e.head_id \
                   LEFT JOIN objects o ON o.id = e.head_id WHERE e.id = $1 AND e.mailbox_id = $2";
        let Some(row) = self.row(sql, &[id.into(), mailbox.into()]).await? else { return Ok(None) };
        Ok(Some(HeadRow {
            summary: summary_row(mailbox, &row)?,
            esk: row.read("esk")?,
            container: row.read_opt("container")?,
        }))
    }

    /// The summaries of entries of a mailbox, in any order; what is not there is left out. At most [`TOGETHER`].
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn summaries(&self, mailbox: MailboxId, ids: &[EntryId]) -> Result<Vec<SummaryRow>, Fault> {
        let sql = "SELECT e.id AS id, e.message_id AS message_id, e.head_id AS head_id, \
                   e.authority_mac AS authority_mac, s.deposit_key_id AS deposit_key_id, s.summary_sealed AS sealed \
                   FROM entries e LEFT JOIN summaries s ON s.mailbox_id = e.mailbox_id AND s.head_id = e.head_id \
                   WHERE (e.mailbox_id || '') = $1 AND e.id IN \
                   ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
                    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, \
                    $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, \
                    $57, $58, $59, $60, $61, $62, $63, $64, $65)";
        self.summary_rows(sql, mailbox, ids).await
    }

    /// The words of entries of a mailbox, as [`Store::summaries`].
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn words(&self, mailbox: MailboxId, ids: &[EntryId]) -> Result<Vec<SummaryRow>, Fault> {
        let sql = "SELECT e.id AS id, e.message_id AS message_id, e.head_id AS head_id, \
                   e.authority_mac AS authority_mac, s.deposit_key_id AS deposit_key_id, s.words_sealed AS sealed \
                   FROM entries e LEFT JOIN summaries s ON s.mailbox_id = e.mailbox_id AND s.head_id = e.head_id \
                   WHERE (e.mailbox_id || '') = $1 AND e.id IN \
                   ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
                    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, \
                    $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, \
                    $57, $58, $59, $60, $61, $62, $63, $64, $65)";
        self.summary_rows(sql, mailbox, ids).await
    }

    async fn summary_rows(
        &self,
        sql: &'static str,
        mailbox: MailboxId,
        ids: &[EntryId],
    ) -> Result<Vec<SummaryRow>, Fault> {
        // The texts ask for the mailbox by an expression, so that no planner reads all its entries to find these.
        let Some(last) = ids.last() else { return Ok(Vec::new()) };
        // One text for any number: the last is asked for again.
        let all = ids.iter().chain(std::iter::repeat(last)).take(TOGETHER);
        let params: Vec<Param<'_>> = std::iter::once(mailbox.into()).chain(all.map(|id| (*id).into())).collect();
        let rows = self.rows(sql, &params).await?;
        Ok(rows.iter().map(|row| summary_row(mailbox, row)).collect::<Result<_, Trouble>>()?)
    }

    /// A deposit key of a mailbox.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn deposit_key(&self, mailbox: MailboxId, id: DepositKeyId) -> Result<Option<DepositKeyRow>, Fault> {
        let sql = "SELECT id, mailbox_id, esk, authority_mac, created_at FROM deposit_keys \
                   WHERE id = $1 AND mailbox_id = $2";
        let Some(row) = self.row(sql, &[id.into(), mailbox.into()]).await? else { return Ok(None) };
        Ok(Some(deposit_key_row(&row)?))
    }
}

pub(super) fn deposit_key_row(row: &Row) -> Result<DepositKeyRow, Trouble> {
    Ok(DepositKeyRow {
        id: row.read("id")?,
        mailbox: row.read("mailbox_id")?,
        esk: row.read("esk")?,
        mac: row.read("authority_mac")?,
        created_at: row.read("created_at")?,
    })
}

impl Tx {
    /// Stores a summary in place of what is there.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn put_summary(&mut self, mailbox: MailboxId, head: ObjectId, new: &NewSummary) -> Result<(), Fault> {
        let sql = "INSERT INTO summaries (mailbox_id, head_id, deposit_key_id, summary_sealed, words_sealed) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (mailbox_id, head_id) DO UPDATE \
                   SET deposit_key_id = excluded.deposit_key_id, summary_sealed = excluded.summary_sealed, \
                   words_sealed = excluded.words_sealed";
        self.conn.execute(sql, &values(mailbox, head, new)).await?;
        Ok(())
    }

    /// Stores a summary that was made afterwards, unless no entry of the mailbox shows its head any more: what was
    /// expunged meanwhile leaves nothing behind.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn keep_summary(&mut self, mailbox: MailboxId, head: ObjectId, new: &NewSummary) -> Result<(), Fault> {
        // Whoever changes the mailbox holds this row first.
        let sql = "UPDATE mailbox_changes SET changes = changes WHERE mailbox_id = $1";
        self.conn.execute(sql, &[mailbox.into()]).await?;
        let sql = "SELECT id FROM entries WHERE mailbox_id = $1 AND head_id = $2 LIMIT 1";
        if self.conn.row(sql, &[mailbox.into(), head.into()]).await?.is_some() {
            self.put_summary(mailbox, head, new).await?;
        }
        Ok(())
    }

    /// Deletes deposit keys made before `before` that no summary and no waiting name is under; returns how many.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn delete_unused_keys(&mut self, before: Timestamp) -> Result<u64, Fault> {
        let sql = "DELETE FROM deposit_keys WHERE created_at < $1 \
                   AND NOT EXISTS (SELECT 1 FROM summaries WHERE deposit_key_id = deposit_keys.id) \
                   AND NOT EXISTS (SELECT 1 FROM waiting_names WHERE deposit_key_id = deposit_keys.id)";
        Ok(self.conn.execute(sql, &[before.into()]).await?)
    }

    /// Deletes the summary of a head that no entry of the mailbox shows any more.
    pub(super) async fn delete_unshown_summary(&mut self, mailbox: MailboxId, head: ObjectId) -> Result<(), Trouble> {
        let sql = "DELETE FROM summaries WHERE mailbox_id = $1 AND head_id = $2 \
                   AND NOT EXISTS (SELECT 1 FROM entries WHERE mailbox_id = $1 AND head_id = $2)";
        self.conn.execute(sql, &[mailbox.into(), head.into()]).await.map(|_| ())
    }
}

fn summary_row(mailbox: MailboxId, row: &Row) -> Result<SummaryRow, Trouble> {
    let sealed: Option<Sealed> = row.read_opt("sealed")?;
    let key = row.read_opt("deposit_key_id")?;
    Ok(SummaryRow {
        shows: EntryShows {
            entry: row.read("id")?,
            mailbox,
            message: row.read("message_id")?,
            head: row.read("head_id")?,
        },
        mac: row.read("authority_mac")?,
        sealed: sealed.map(|sealed| (key, sealed)),
    })
}

/// Stores a deposit key, unless it is there.
pub(super) fn insert_key(row: &DepositKeyRow) -> Step<'_> {
    let sql = "INSERT INTO deposit_keys (id, mailbox_id, esk, authority_mac, created_at) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (id) DO NOTHING";
    let params = vec![row.id.into(), row.mailbox.into(), (&row.esk).into(), (&row.mac).into(), row.created_at.into()];
    Step { sql, params }
}

/// Stores a summary, unless the mailbox has one of the head.
pub(super) fn insert(mailbox: MailboxId, head: ObjectId, new: &NewSummary) -> Step<'_> {
    let sql = "INSERT INTO summaries (mailbox_id, head_id, deposit_key_id, summary_sealed, words_sealed) \
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT (mailbox_id, head_id) DO NOTHING";
    Step { sql, params: values(mailbox, head, new).into() }
}

fn values(mailbox: MailboxId, head: ObjectId, new: &NewSummary) -> [Param<'_>; 5] {
    [mailbox.into(), head.into(), new.key.into(), (&new.summary).into(), new.words.as_ref().into()]
}

/// How many entries one statement asks for.
pub const TOGETHER: usize = 64;
