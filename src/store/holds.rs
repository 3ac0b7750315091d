//! Recipients who wait for a number, what was learned from answers, and numbers that never answer anything.
//!
//! A delivery waits in the state *held*; its row here says what is asked. A change of one is a change of the other in
//! the same transaction, and each statement says from where.

use crate::domain::{DeliveryId, Fault, KeyedHash, MailboxId, PracticeId, Sealed, Timestamp};

use super::deliveries::DeliveryRow;
use super::sql::Step;
use super::value::{Row, Trouble};
use super::{Store, Tx};

/// A row of `holds`.
#[derive(Debug, Clone)]
pub struct HoldRow {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// What is asked, sealed at (holds, delivery, question, version).
    pub question: Sealed,
    /// Counts letters about it.
    pub version: i64,
    /// Since when it waits.
    pub asked_at: Timestamp,
    /// When its sender is reminded.
    pub remind_at: Option<Timestamp>,
    /// When a number was settled.
    pub settled_at: Option<Timestamp>,
}

/// A row of `learned_numbers`.
#[derive(Debug, Clone)]
pub struct LearnedRow {
    /// Whom it serves.
    pub mailbox: MailboxId,
    /// Keyed hash of the address, within the practice.
    pub address: KeyedHash,
    /// The record, sealed at (`learned_numbers`, mailbox, record).
    pub record: Sealed,
    /// About which delivery it was given.
    pub delivery: DeliveryId,
    /// When.
    pub learned_at: Timestamp,
}

impl Store {
    /// What is asked about a delivery.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn hold(&self, delivery: DeliveryId) -> Result<Option<HoldRow>, Fault> {
        let sql = "SELECT delivery_id, question_sealed, version, asked_at, remind_at, settled_at FROM holds \
                   WHERE delivery_id = $1";
        Ok(self.row(sql, &[delivery.into()]).await?.as_ref().map(hold_row).transpose()?)
    }

    /// Those whose senders are to be reminded at `now`, at most `limit`.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn due_reminders(&self, now: Timestamp, limit: i64) -> Result<Vec<HoldRow>, Fault> {
        let sql = "SELECT delivery_id, question_sealed, version, asked_at, remind_at, settled_at FROM holds \
                   WHERE remind_at <= $1 ORDER BY remind_at, delivery_id LIMIT $2";
        let rows = self.rows(sql, &[now.into(), limit.into()]).await?;
        Ok(rows.iter().map(hold_row).collect::<Result<_, Trouble>>()?)
    }

    /// What a mailbox told of an address.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn learned(&self, mailbox: MailboxId, address: &KeyedHash) -> Result<Option<LearnedRow>, Fault> {
        let sql = "SELECT mailbox_id, address_hash, record_sealed, delivery_id, learned_at FROM learned_numbers \
                   WHERE mailbox_id = $1 AND address_hash = $2";
        Ok(self.row(sql, &[mailbox.into(), address.into()]).await?.as_ref().map(learned_row).transpose()?)
    }

    /// All that mailboxes of a practice told, oldest first.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn learned_of(&self, practice: PracticeId) -> Result<Vec<LearnedRow>, Fault> {
        let sql = "SELECT l.mailbox_id AS mailbox_id, l.address_hash AS address_hash, l.record_sealed AS record_sealed, \
                   l.delivery_id AS delivery_id, l.learned_at AS learned_at FROM learned_numbers l \
                   JOIN mailboxes m ON m.id = l.mailbox_id WHERE m.practice_id = $1 ORDER BY l.learned_at, l.delivery_id";
        Ok(self.rows(sql, &[practice.into()]).await?.iter().map(learned_row).collect::<Result<_, Trouble>>()?)
    }

    /// What mailboxes of a practice told of an address, oldest first.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn learned_at(&self, practice: PracticeId, address: &KeyedHash) -> Result<Vec<LearnedRow>, Fault> {
        let sql = "SELECT l.mailbox_id AS mailbox_id, l.address_hash AS address_hash, l.record_sealed AS record_sealed, \
                   l.delivery_id AS delivery_id, l.learned_at AS learned_at FROM learned_numbers l \
                   JOIN mailboxes m ON m.id = l.mailbox_id WHERE l.address_hash = $2 AND m.practice_id = $1 \
                   ORDER BY l.learned_at, l.delivery_id";
        let rows = self.rows(sql, &[practice.into(), address.into()]).await?;
        Ok(rows.iter().map(learned_row).collect::<Result<_, Trouble>>()?)
    }

    /// What was told about a delivery.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn learned_about(&self, delivery: DeliveryId) -> Result<Option<LearnedRow>, Fault> {
        let sql = "SELECT mailbox_id, address_hash, record_sealed, delivery_id, learned_at FROM learned_numbers \
                   WHERE delivery_id = $1";
        Ok(self.row(sql, &[delivery.into()]).await?.as_ref().map(learned_row).transpose()?)
    }

    /// Whether a number was in two messages of a mailbox: then it is its own.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn is_signature(&self, mailbox: MailboxId, number: &KeyedHash) -> Result<bool, Fault> {
        let sql =
            "SELECT number_hash FROM signature_numbers WHERE mailbox_id = $1 AND number_hash = $2 AND messages >= 2";
        Ok(self.row(sql, &[mailbox.into(), number.into()]).await?.is_some())
    }
}

impl Tx {
    /// Notes another question about a held delivery, asked in the version after the row's; `false` when somebody was
    /// quicker, or it does not wait.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn ask_again(&mut self, row: &HoldRow) -> Result<bool, Fault> {
        let sql = "UPDATE holds SET question_sealed = $2, version = $3, remind_at = $4 \
                   WHERE delivery_id = $1 AND version = $3 - 1 AND settled_at IS NULL \
                   AND EXISTS (SELECT 1 FROM deliveries WHERE id = $1 AND state = 'held')";
        let params = [row.delivery.into(), (&row.question).into(), row.version.into(), row.remind_at.into()];
        Ok(self.conn.execute(sql, &params).await? > 0)
    }

    /// Nobody is reminded of a delivery that does not wait any more.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn stop_reminding(&mut self, delivery: DeliveryId) -> Result<(), Fault> {
        self.conn.execute("UPDATE holds SET remind_at = NULL WHERE delivery_id = $1", &[delivery.into()]).await?;
        Ok(())
    }

    /// Lets a held delivery go with what its row says now: number, person, state, time, authority; `false` when it does
    /// not wait.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn settle_hold(&mut self, row: &DeliveryRow, at: Timestamp) -> Result<bool, Fault> {
        let sql = "UPDATE deliveries SET state = $2, patient_id = $3, coordinates_sealed = $4, number_hash = $5, \
                   authority_mac = $6, expires_at = $7 WHERE id = $1 AND state = 'held' \
                   AND esk IS NOT NULL AND recalled_at IS NULL";
        let params = [
            row.id.into(),
            row.state.into(),
            row.patient.into(),
            row.coordinates.as_ref().into(),
            (&row.number_hash).into(),
            (&row.mac).into(),
            row.expires_at.into(),
        ];
        if self.conn.execute(sql, &params).await? == 0 {
            return Ok(false);
        }
        let sql = "UPDATE holds SET remind_at = NULL, settled_at = $2 WHERE delivery_id = $1";
        self.conn.execute(sql, &[row.id.into(), at.into()]).await?;
        Ok(true)
    }

    /// Holds a delivery again whose number was settled, until `until`, with another question; `false` once a code was
    /// asked for, or it has ended.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn hold_again(&mut self, row: &HoldRow, until: Timestamp) -> Result<bool, Fault> {
        // First: then the codes that somebody is asking for are seen below.
        self.lock_delivery(row.delivery).await?;
        let sql = "UPDATE deliveries SET state = 'held', expires_at = $2 WHERE id = $1 AND state IN ('queued', 'notified') \
                   AND NOT EXISTS (SELECT 1 FROM challenges WHERE delivery_id = $1) \
                   AND NOT EXISTS (SELECT 1 FROM portal_sessions WHERE delivery_id = $1)";
        if self.conn.execute(sql, &[row.delivery.into(), until.into()]).await? == 0 {
            return Ok(false);
        }
        // A code to a number that was wrong makes nobody known.
        self.forget_browsers_of(row.delivery).await?;
        let sql = "UPDATE holds SET question_sealed = $2, version = $3, asked_at = $4, remind_at = $5, settled_at = NULL \
                   WHERE delivery_id = $1 AND version = $3 - 1";
        let params = [
            row.delivery.into(),
            (&row.question).into(),
            row.version.into(),
            row.asked_at.into(),
            row.remind_at.into(),
        ];
        if self.conn.execute(sql, &params).await? == 0 {
            return Err(Fault::new("a question was asked again at the same moment").transient());
        }
        // A reminder that was to leave is due anew, once there is a number.
        let sql = "UPDATE deliveries SET remind_at = $2, reminder = 'mail' WHERE id = $1 AND EXISTS \
                   (SELECT 1 FROM outbox WHERE delivery_id = $1 AND reminder = 1 AND done_at IS NULL)";
        self.conn.execute(sql, &[row.delivery.into(), row.asked_at.into()]).await?;
        let sql = "UPDATE outbox SET done_at = $2, lease_until = 0 WHERE delivery_id = $1 AND done_at IS NULL";
        self.conn.execute(sql, &[row.delivery.into(), row.asked_at.into()]).await?;
        Ok(true)
    }

    /// Keeps what a mailbox told of an address, in the place of what it told before.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn learn(&mut self, row: &LearnedRow) -> Result<(), Fault> {
        let sql = "INSERT INTO learned_numbers (mailbox_id, address_hash, record_sealed, delivery_id, learned_at) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (mailbox_id, address_hash) DO UPDATE SET \
                   record_sealed = excluded.record_sealed, delivery_id = excluded.delivery_id, \
                   learned_at = excluded.learned_at";
        let params = [
            row.mailbox.into(),
            (&row.address).into(),
            (&row.record).into(),
            row.delivery.into(),
            row.learned_at.into(),
        ];
        self.conn.execute(sql, &params).await?;
        Ok(())
    }

    /// Forgets what was told about a delivery.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn unlearn(&mut self, mailbox: MailboxId, delivery: DeliveryId) -> Result<(), Fault> {
        let sql = "DELETE FROM learned_numbers WHERE mailbox_id = $1 AND delivery_id = $2";
        self.conn.execute(sql, &[mailbox.into(), delivery.into()]).await?;
        Ok(())
    }
}

/// Inserts what is asked about a held delivery, as part of a deposit.
pub(super) fn insert(row: &HoldRow) -> Step<'_> {
    let sql = "INSERT INTO holds (delivery_id, question_sealed, version, asked_at, remind_at, settled_at) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let params = vec![
        row.delivery.into(),
        (&row.question).into(),
        row.version.into(),
        row.asked_at.into(),
        row.remind_at.into(),
        row.settled_at.into(),
    ];
    Step { sql, params }
}

/// Notes that a message of a mailbox holds a number, as part of a deposit.
pub(super) fn see(mailbox: MailboxId, number: &KeyedHash) -> Step<'_> {
    let sql = "INSERT INTO signature_numbers (mailbox_id, number_hash, messages) VALUES ($1, $2, 1) \
               ON CONFLICT (mailbox_id, number_hash) DO UPDATE SET messages = signature_numbers.messages + 1 \
               WHERE signature_numbers.messages < 2";
    Step { sql, params: vec![mailbox.into(), number.into()] }
}

pub(super) fn learned_row(row: &Row) -> Result<LearnedRow, Trouble> {
    Ok(LearnedRow {
        mailbox: row.read("mailbox_id")?,
        address: row.read("address_hash")?,
        record: row.read("record_sealed")?,
        delivery: row.read("delivery_id")?,
        learned_at: row.read("learned_at")?,
    })
}

pub(super) fn hold_row(row: &Row) -> Result<HoldRow, Trouble> {
    Ok(HoldRow {
        delivery: row.read("delivery_id")?,
        question: row.read("question_sealed")?,
        version: row.read("version")?,
        asked_at: row.read("asked_at")?,
        remind_at: row.read_opt("remind_at")?,
        settled_at: row.read_opt("settled_at")?,
    })
}
