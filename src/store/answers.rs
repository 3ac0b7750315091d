//! Answers to who answered a notice by mail: once in a day for each address, a few for each notice.
//!
//! One statement decides whether it is time again, so that two nodes and two doors write one answer.

use std::time::Duration;

use crate::domain::{DeliveryId, Fault, KeyedHash, QueueId, Sealed, Timestamp};

use super::value::{Row, Trouble};
use super::{Store, Tx};

/// An answer that is to be sent.
#[derive(Debug, Clone)]
pub struct AnswerRow {
    /// Its id.
    pub id: QueueId,
    /// About the notice of which delivery.
    pub delivery: DeliveryId,
    /// To whom, and to which message, sealed at (answers, id, writer).
    pub writer: Sealed,
    /// How often it was tried, this time included.
    pub attempts: i64,
}

/// What a new answer is about, and what bounds it.
pub struct NewAnswer<'a> {
    /// Its id.
    pub id: QueueId,
    /// Keyed hash of the address.
    pub address: &'a KeyedHash,
    /// About the notice of which delivery.
    pub delivery: DeliveryId,
    /// To whom, sealed.
    pub writer: &'a Sealed,
    /// Now.
    pub at: Timestamp,
    /// The last one must be older than this.
    pub since: Timestamp,
    /// How many of one notice there may be since then.
    pub most: i64,
}

impl Store {
    /// Claims at most `limit` answers due at `now`, for `lease`; attempts are counted here.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn claim_answers(&self, now: Timestamp, lease: Duration, limit: i64) -> Result<Vec<AnswerRow>, Fault> {
        // The conditions stand twice, as in `outbox`: what two nodes chose goes to one of them.
        let sql = "UPDATE answers SET attempts = attempts + 1, lease_until = $2 \
                   WHERE id IN (SELECT id FROM answers WHERE due_at <= $1 AND lease_until <= $1 \
                   ORDER BY due_at, id LIMIT $3) AND due_at <= $1 AND lease_until <= $1 AND writer_sealed IS NOT NULL \
                   RETURNING id, delivery_id, writer_sealed, attempts";
        let params = [now.into(), now.plus(lease).into(), limit.into()];
        let read = |row: &Row| {
            Ok(AnswerRow {
                id: row.read("id")?,
                delivery: row.read("delivery_id")?,
                writer: row.read("writer_sealed")?,
                attempts: row.read("attempts")?,
            })
        };
        let rows = self.inner.change(sql, &params).await?;
        Ok(rows.iter().map(read).collect::<Result<_, Trouble>>()?)
    }

    /// Tries an answer again at `due_at`. No audit event: nobody sees it.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn postpone_answer(&self, id: QueueId, due_at: Timestamp) -> Result<(), Fault> {
        let sql = "UPDATE answers SET due_at = $2, lease_until = 0 WHERE id = $1 AND due_at IS NOT NULL";
        self.inner.change(sql, &[id.into(), due_at.into()]).await?;
        Ok(())
    }
}

impl Tx {
    /// Puts an answer in; `false` when this address was answered, or this notice was often enough, since then.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn insert_answer(&mut self, new: &NewAnswer<'_>) -> Result<bool, Fault> {
        let sql = "INSERT INTO answers (id, address_hash, delivery_id, writer_sealed, attempts, answered_at, due_at, \
                   lease_until) SELECT $1, $2, $3, $4, 0, $5, $5, 0 \
                   WHERE (SELECT COUNT(*) FROM answers WHERE delivery_id = $3 AND answered_at > $6) < $7 \
                   ON CONFLICT (address_hash) DO UPDATE SET id = excluded.id, delivery_id = excluded.delivery_id, \
                   writer_sealed = excluded.writer_sealed, attempts = 0, answered_at = excluded.answered_at, \
                   due_at = excluded.due_at, lease_until = 0 WHERE answers.answered_at <= $6";
        let params = [
            new.id.into(),
            new.address.into(),
            new.delivery.into(),
            new.writer.into(),
            new.at.into(),
            new.since.into(),
            new.most.into(),
        ];
        Ok(self.conn.execute(sql, &params).await? > 0)
    }

    /// An answer left or is given up: who it was to is erased. `false` when that was done already.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn finish_answer(&mut self, id: QueueId) -> Result<bool, Fault> {
        let sql = "UPDATE answers SET writer_sealed = NULL, due_at = NULL, lease_until = 0 \
                   WHERE id = $1 AND due_at IS NOT NULL";
        Ok(self.conn.execute(sql, &[id.into()]).await? > 0)
    }

    /// Deletes answers that were put in before; how many.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn prune_answers(&mut self, before: Timestamp) -> Result<i64, Fault> {
        let pruned = self.conn.execute("DELETE FROM answers WHERE answered_at < $1", &[before.into()]).await?;
        Ok(i64::try_from(pruned).unwrap_or(i64::MAX))
    }
}
