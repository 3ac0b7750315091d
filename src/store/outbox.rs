//! The outbox: notices to be sent, claimed by lease.

use std::time::Duration;

use crate::domain::{DeliveryId, FailureClass, Fault, QueueId, Timestamp};

use super::deposit::NewWork;
use super::sql::Step;
use super::value::{Row, Trouble};
use super::{Store, Tx};

/// A row of `outbox`.
#[derive(Debug, Clone)]
pub struct WorkRow {
    /// Its id.
    pub id: QueueId,
    /// For which delivery.
    pub delivery: DeliveryId,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is due next.
    pub due_at: Timestamp,
    /// Until when a node works on it.
    pub lease_until: Timestamp,
    /// What went wrong last.
    pub last_failure: Option<FailureClass>,
    /// When it was put in.
    pub created_at: Timestamp,
    /// When it was done with.
    pub done_at: Option<Timestamp>,
    /// Whether it reminds of a notice that left before.
    pub reminder: bool,
    /// When its sender was told that it is late.
    pub told_at: Option<Timestamp>,
}

impl Store {
    /// Claims at most `limit` pieces of work due at `now`, for `lease`: a claimed one is nobody else's until then.
    /// One statement; attempts are counted here. No audit event: a lease changes nothing a person sees.
    pub async fn claim_work(&self, now: Timestamp, lease: Duration, limit: i64) -> Result<Vec<WorkRow>, Fault> {
        // The conditions stand twice: PostgreSQL weighs the outer ones again after waiting for another
        // node's claim, so that what both chose goes to one of them.
        //
        // What is due later, or leased longer, than anything can be was written by a clock that has been set back
        // since: it does not wait until that clock's time has come again. What a restore holds back is due at no
        // clock's time. A node that is behind by less than a lease
        // takes nothing away from another.
        let sql = "UPDATE outbox SET attempts = attempts + 1, lease_until = $2 \
                   WHERE id IN (SELECT id FROM outbox WHERE done_at IS NULL AND (due_at <= $1 OR (due_at > $5 AND due_at < $6)) \
                   AND (lease_until <= $1 OR lease_until > $4) ORDER BY due_at, id LIMIT $3) \
                   AND done_at IS NULL AND (due_at <= $1 OR (due_at > $5 AND due_at < $6)) AND (lease_until <= $1 OR lease_until > $4) \
                   RETURNING id, delivery_id, attempts, due_at, lease_until, last_failure, created_at, done_at, reminder, told_at";
        let longest = now.plus(lease).plus(lease);
        let latest = now.plus(LATEST_DUE);
        let params = [now.into(), now.plus(lease).into(), limit.into(), longest.into(), latest.into(), NEVER.into()];
        let mut left = VICTIM;
        let rows = loop {
            match self.inner.change(sql, &params).await {
                Err(trouble) if trouble.again() && left > 0 => left -= 1,
                outcome => break outcome?,
            }
        };
        let mut rows: Vec<WorkRow> = rows.iter().map(work_row).collect::<Result<_, _>>()?;
        rows.sort_by_key(|row| row.due_at);
        Ok(rows)
    }

    /// How much waits, when the first of it was due, and when the first was put in.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn outbox_load(&self) -> Result<(i64, Option<Timestamp>, Option<Timestamp>), Fault> {
        let sql = "SELECT COUNT(*) AS waiting, MIN(due_at) AS due, MIN(created_at) AS oldest \
                   FROM outbox WHERE done_at IS NULL";
        let Some(row) = self.row(sql, &[]).await? else { return Ok((0, None, None)) };
        Ok((row.read("waiting")?, row.read_opt("due")?, row.read_opt("oldest")?))
    }

    /// What waits, soonest first; with what is done when `all`.
    pub async fn outbox(&self, all: bool, limit: i64) -> Result<Vec<WorkRow>, Fault> {
        let sql = if all {
            "SELECT id, delivery_id, attempts, due_at, lease_until, last_failure, created_at, done_at, reminder, told_at \
             FROM outbox ORDER BY due_at, id LIMIT $1"
        } else {
            "SELECT id, delivery_id, attempts, due_at, lease_until, last_failure, created_at, done_at, reminder, told_at \
             FROM outbox WHERE done_at IS NULL ORDER BY due_at, id LIMIT $1"
        };
        Ok(self.rows(sql, &[limit.into()]).await?.iter().map(work_row).collect::<Result<_, _>>()?)
    }
}

impl Tx {
    /// Adds work for a delivery.
    pub async fn insert_work(&mut self, delivery: DeliveryId, work: NewWork) -> Result<(), Fault> {
        self.conn.run(&[insert(delivery, &work)]).await?;
        Ok(())
    }

    /// The work is done (handed over or given up); `false` when it had been already.
    pub async fn finish_work(&mut self, id: QueueId, at: Timestamp) -> Result<bool, Fault> {
        let sql = "UPDATE outbox SET done_at = $2, lease_until = 0 WHERE id = $1 AND done_at IS NULL";
        Ok(self.conn.execute(sql, &[id.into(), at.into()]).await? > 0)
    }

    /// Try again at `due_at`.
    pub async fn postpone_work(&mut self, id: QueueId, failure: FailureClass, due_at: Timestamp) -> Result<(), Fault> {
        let sql = "UPDATE outbox SET due_at = $3, lease_until = 0, last_failure = $2 WHERE id = $1 AND done_at IS NULL";
        self.conn.execute(sql, &[id.into(), failure.into(), due_at.into()]).await?;
        Ok(())
    }

    /// The sender is told that a notice is late; `false` when that was done.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn late_told(&mut self, id: QueueId, now: Timestamp) -> Result<bool, Fault> {
        let sql = "UPDATE outbox SET told_at = $2 WHERE id = $1 AND told_at IS NULL AND done_at IS NULL";
        Ok(self.conn.execute(sql, &[id.into(), now.into()]).await? == 1)
    }

    /// Makes waiting work due now: one piece, or all of it; returns how many.
    ///
    /// A lease stays: what a node works on is not sent twice.
    pub async fn retry_work(&mut self, id: Option<QueueId>, now: Timestamp) -> Result<i64, Fault> {
        let many = match id {
            Some(id) => {
                let sql = "UPDATE outbox SET due_at = CASE WHEN due_at > $2 THEN $2 ELSE due_at END \
                           WHERE id = $1 AND done_at IS NULL";
                self.conn.execute(sql, &[id.into(), now.into()]).await?
            }
            None => {
                let sql = "UPDATE outbox SET due_at = CASE WHEN due_at > $1 THEN $1 ELSE due_at END \
                           WHERE done_at IS NULL";
                self.conn.execute(sql, &[now.into()]).await?
            }
        };
        Ok(i64::try_from(many).unwrap_or(i64::MAX))
    }
}

/// Puts work into the queue, in whoever's transaction.
pub(super) fn insert(delivery: DeliveryId, work: &NewWork) -> Step<'static> {
    let sql =
        "INSERT INTO outbox (id, delivery_id, attempts, due_at, lease_until, created_at) VALUES ($1, $2, 0, $3, 0, $3)";
    Step { sql, params: vec![work.id.into(), delivery.into(), work.due_at.into()] }
}

fn work_row(row: &Row) -> Result<WorkRow, Trouble> {
    Ok(WorkRow {
        id: row.read("id")?,
        delivery: row.read("delivery_id")?,
        attempts: row.read("attempts")?,
        due_at: row.read("due_at")?,
        lease_until: row.read("lease_until")?,
        last_failure: row.read_opt("last_failure")?,
        created_at: row.read("created_at")?,
        done_at: row.read_opt("done_at")?,
        reminder: row.read::<i64>("reminder")? == 1,
        told_at: row.read_opt("told_at")?,
    })
}

/// When work is due that waits until an administrator says so: at the end of the year 9999.
pub const NEVER: Timestamp = Timestamp(253_402_300_799_000);
/// Later than any retry: those are four hours apart at most.
const LATEST_DUE: Duration = Duration::from_secs(6 * 3600);
/// How often a claim is run again after it was the victim of another node's.
const VICTIM: u32 = 8;
