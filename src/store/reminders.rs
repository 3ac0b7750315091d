//! Reminders of letters that nobody has opened: when the next is due, and how it goes.
//!
//! Columns of `deliveries`, beside its row: a ticket is kept while a reminder by mail is to carry it, and not longer.

use crate::domain::{DeliveryId, Fault, QueueId, RemindBy, Timestamp};

use super::value::{Row, Trouble};
use super::{Store, Tx};

/// A reminder that is due.
#[derive(Debug, Clone, Copy)]
pub struct DueReminder {
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// How it goes.
    pub by: RemindBy,
    /// Since when it is due.
    pub due_at: Timestamp,
}

impl Store {
    /// Reminders by mail, or the others, that are due at `now`; of letters that can be opened, and nobody opened.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn due_reminder_mails(&self, now: Timestamp, limit: i64) -> Result<Vec<DueReminder>, Fault> {
        let sql = "SELECT id, reminder, remind_at FROM deliveries WHERE remind_at IS NOT NULL AND remind_at <= $1 \
                   AND reminder = 'mail' AND state = 'notified' AND expires_at > $1 AND suspended_at IS NULL \
                   AND recalled_at IS NULL ORDER BY remind_at, id LIMIT $2";
        self.reminders_by(sql, now, limit).await
    }

    /// The same for those by a short message or a call.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn due_reminder_calls(&self, now: Timestamp, limit: i64) -> Result<Vec<DueReminder>, Fault> {
        let sql = "SELECT id, reminder, remind_at FROM deliveries WHERE remind_at IS NOT NULL AND remind_at <= $1 \
                   AND reminder IN ('sms', 'voice') AND state = 'notified' AND expires_at > $1 AND suspended_at IS NULL \
                   AND recalled_at IS NULL ORDER BY remind_at, id LIMIT $2";
        self.reminders_by(sql, now, limit).await
    }

    /// Whether a reminder by mail has left.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn was_reminded(&self, delivery: DeliveryId) -> Result<bool, Fault> {
        let sql = "SELECT id FROM outbox WHERE delivery_id = $1 AND reminder = 1 AND done_at IS NOT NULL LIMIT 1";
        Ok(self.row(sql, &[delivery.into()]).await?.is_some())
    }

    async fn reminders_by(&self, sql: &'static str, now: Timestamp, limit: i64) -> Result<Vec<DueReminder>, Fault> {
        let read = |row: &Row| {
            let (delivery, by) = (row.read("id")?, row.read("reminder")?);
            Ok(DueReminder { delivery, by, due_at: row.read("remind_at")? })
        };
        let rows = self.rows(sql, &[now.into(), limit.into()]).await?;
        Ok(rows.iter().map(read).collect::<Result<_, Trouble>>()?)
    }
}

impl Tx {
    /// Puts the mail of a reminder into the queue; `false` when that was done, or the letter was opened or has ended.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn queue_reminder(&mut self, due: DueReminder, work: QueueId, now: Timestamp) -> Result<bool, Fault> {
        let sql = "UPDATE deliveries SET remind_at = NULL WHERE id = $1 AND remind_at = $2 AND reminder = 'mail' \
                   AND state = 'notified'";
        if self.conn.execute(sql, &[due.delivery.into(), due.due_at.into()]).await? == 0 {
            return Ok(false);
        }
        let sql = "INSERT INTO outbox (id, delivery_id, attempts, due_at, lease_until, created_at, reminder) \
                   VALUES ($1, $2, 0, $3, 0, $3, 1)";
        self.conn.execute(sql, &[work.into(), due.delivery.into(), now.into()]).await?;
        Ok(true)
    }

    /// The reminder by mail is over: the ticket is erased, and the next reminder, if there is one, is due then.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn reminded_by_mail(
        &mut self,
        delivery: DeliveryId,
        next: Option<(RemindBy, Timestamp)>,
    ) -> Result<(), Fault> {
        let sql = "UPDATE deliveries SET ticket_sealed = NULL, subject_sealed = NULL \
                   WHERE id = $1 AND notified_at IS NOT NULL AND state IN ('notified', 'held')";
        self.conn.execute(sql, &[delivery.into()]).await?;
        let (by, at) = next.unzip();
        let sql = "UPDATE deliveries SET reminder = $2, remind_at = $3 WHERE id = $1 AND state IN ('notified', 'held')";
        self.conn.execute(sql, &[delivery.into(), by.into(), at.into()]).await?;
        Ok(())
    }

    /// Puts a reminder off until `at`, or takes it away; `false` when another node was quicker.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn defer_reminder(&mut self, due: DueReminder, at: Option<Timestamp>) -> Result<bool, Fault> {
        let sql = "UPDATE deliveries SET remind_at = $3 WHERE id = $1 AND remind_at = $2 AND state = 'notified'";
        Ok(self.conn.execute(sql, &[due.delivery.into(), due.due_at.into(), at.into()]).await? == 1)
    }
}
