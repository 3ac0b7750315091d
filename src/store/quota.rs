//! What a mailbox holds against what it may hold, and what its owner was told of it.
//!
//! `quotas.used` is kept in step by every transaction that adds or removes entries; nobody sums fifty thousand
//! rows to take one letter. It is summed again whenever a letter or a refusal is about to follow from it.
//! Who tells whom is decided in SQL, so that two nodes send one letter.

use crate::domain::{Fault, MailboxId, Timestamp};

use super::entries::Usage;
use super::sql::Step;
use super::value::{Row, Trouble};
use super::{Store, Tx};

/// What a mailbox holds, and since when nothing more fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// What it holds, and may.
    pub usage: Usage,
    /// Since when it is full.
    pub full_at: Option<Timestamp>,
}

impl Usage {
    /// Whether nothing more is taken for this mailbox. The last message that was taken may have gone beyond.
    pub fn is_full(self) -> bool {
        self.quota > 0 && self.used >= self.quota
    }

    /// Which mark is reached: 80 or 95 of a hundred, else 0.
    pub fn level(self) -> i64 {
        match self {
            Self { quota: 0, .. } => 0,
            Self { used, quota } if used >= quota - quota / 20 => 95,
            Self { used, quota } if used >= quota - quota / 5 => 80,
            _ => 0,
        }
    }
}

/// [`Usage::level`] in SQL, over `$quota` and `quotas.used`.
macro_rules! level {
    ($quota:literal) => {
        concat!(
            "CASE WHEN ",
            $quota,
            " = 0 THEN 0 WHEN quotas.used >= ",
            $quota,
            " - ",
            $quota,
            " / 20 THEN 95 WHEN quotas.used >= ",
            $quota,
            " - ",
            $quota,
            " / 5 THEN 80 ELSE 0 END"
        )
    };
}

/// [`Usage::is_full`] in SQL: 1 or 0.
macro_rules! full {
    ($quota:literal) => {
        concat!("CASE WHEN ", $quota, " > 0 AND quotas.used >= ", $quota, " THEN 1 ELSE 0 END")
    };
}

impl Store {
    /// What a mailbox holds, and since when it is full.
    ///
    /// # Errors
    /// A [`Fault`] of the database, also for a mailbox that is gone.
    pub async fn room(&self, mailbox: MailboxId) -> Result<Room, Fault> {
        let sql = "SELECT m.quota AS quota, COALESCE(q.used, 0) AS used, q.full_at AS full_at \
                   FROM mailboxes m LEFT JOIN quotas q ON q.mailbox_id = m.id WHERE m.id = $1";
        let row = self.row(sql, &[mailbox.into()]).await?;
        Ok(room(&row.ok_or(Fault::new("a mailbox is gone"))?)?)
    }

    /// The mailboxes whose owners are to be told something, or which became full, or have room again.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn quota_crossings(&self) -> Result<Vec<MailboxId>, Fault> {
        let sql = concat!(
            "SELECT quotas.mailbox_id AS mailbox_id FROM quotas JOIN mailboxes m ON m.id = quotas.mailbox_id \
             WHERE quotas.told <> ",
            level!("m.quota"),
            " OR CASE WHEN quotas.full_at IS NULL THEN 0 ELSE 1 END <> ",
            full!("m.quota"),
            " ORDER BY quotas.mailbox_id LIMIT 500"
        );
        let rows = self.rows(sql, &[]).await?;
        Ok(rows.iter().map(|row| row.read("mailbox_id")).collect::<Result<_, Trouble>>()?)
    }
}

impl Tx {
    /// Sums a mailbox's entries again, inside a transaction that touched it.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn recount(&mut self, mailbox: MailboxId) -> Result<(), Fault> {
        let sql = "UPDATE quotas SET used = (SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM entries \
                   WHERE mailbox_id = $1 AND counted = 1) WHERE mailbox_id = $1";
        self.conn.execute(sql, &[mailbox.into()]).await?;
        self.grown.remove(&mailbox);
        Ok(())
    }

    /// Notes where a mailbox stands, inside a transaction that touched it: since when it is full, and the mark
    /// that its owner is to be told now. Below a mark the next crossing is told again.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn cross_quota(&mut self, mailbox: MailboxId, now: Timestamp) -> Result<Option<i64>, Fault> {
        let sql = concat!(
            "UPDATE quotas SET full_at = CASE WHEN ",
            full!("(SELECT quota FROM mailboxes WHERE id = $1)"),
            " = 1 THEN COALESCE(full_at, $2) ELSE NULL END WHERE mailbox_id = $1"
        );
        self.conn.execute(sql, &[mailbox.into(), now.into()]).await?;
        let sql = concat!(
            "UPDATE quotas SET told = ",
            level!("(SELECT quota FROM mailboxes WHERE id = $1)"),
            " WHERE mailbox_id = $1 AND told > ",
            level!("(SELECT quota FROM mailboxes WHERE id = $1)")
        );
        self.conn.execute(sql, &[mailbox.into()]).await?;
        let sql = concat!(
            "UPDATE quotas SET told = ",
            level!("(SELECT quota FROM mailboxes WHERE id = $1)"),
            " WHERE mailbox_id = $1 AND told < ",
            level!("(SELECT quota FROM mailboxes WHERE id = $1)"),
            " RETURNING told"
        );
        let row = self.conn.row(sql, &[mailbox.into()]).await?;
        Ok(row.map(|row| row.read("told")).transpose()?)
    }

    /// Notes octets that come or go with an entry; written with the commit.
    pub(super) fn grow(&mut self, mailbox: MailboxId, octets: i64) {
        let grown = self.grown.entry(mailbox).or_insert(0);
        *grown = grown.saturating_add(octets);
    }

    /// Writes what came and went.
    pub(super) async fn write_grown(&mut self) -> Result<(), Trouble> {
        for (mailbox, octets) in std::mem::take(&mut self.grown) {
            if octets != 0 {
                self.conn.run(&[grow(mailbox, octets)]).await?;
            }
        }
        Ok(())
    }
}

/// Adds octets to what a mailbox holds; the caller has touched it.
pub(super) fn grow(mailbox: MailboxId, octets: i64) -> Step<'static> {
    let sql = "INSERT INTO quotas (mailbox_id, used, told) VALUES ($1, $2, 0) \
               ON CONFLICT (mailbox_id) DO UPDATE SET used = quotas.used + excluded.used";
    Step { sql, params: vec![mailbox.into(), octets.into()] }
}

pub(super) fn room(row: &Row) -> Result<Room, Trouble> {
    let usage = Usage { used: row.read("used")?, quota: row.read("quota")? };
    Ok(Room { usage, full_at: row.read_opt("full_at")? })
}

/// Reads a row of [`USAGE`].
pub(super) fn usage(row: Option<Row>) -> Result<Usage, Trouble> {
    let row = row.ok_or_else(|| Trouble::new("a mailbox is gone", "row missing"))?;
    Ok(Usage { used: row.read("used")?, quota: row.read("quota")? })
}

/// What a mailbox holds and may hold, from two small rows.
pub(super) const USAGE: &str = "SELECT m.quota AS quota, COALESCE(q.used, 0) AS used \
                                FROM mailboxes m LEFT JOIN quotas q ON q.mailbox_id = m.id WHERE m.id = $1";
