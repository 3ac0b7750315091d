//! Clients that fetch through somebody's cloud, one row for each mailbox that one asked for.
//!
//! Each statement decides by itself whether it is time again, so that two nodes write one event and one letter.

use crate::domain::{Fault, MailboxId, Sealed, Timestamp};

use super::value::{Row, Trouble};
use super::{Store, Tx};

impl Store {
    /// The mailboxes whose owners are to be told of a refusal: never told, or not since `before` and met again.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn cloud_refusals(&self, before: Timestamp) -> Result<Vec<(MailboxId, Sealed)>, Fault> {
        let sql = "SELECT mailbox_id, client_sealed FROM cloud_clients WHERE refused = 1 \
                   AND (told_at IS NULL OR (told_at <= $1 AND met_at > told_at)) ORDER BY mailbox_id LIMIT 500";
        let rows = self.rows(sql, &[before.into()]).await?;
        let read = |row: &Row| Ok((row.read("mailbox_id")?, row.read("client_sealed")?));
        Ok(rows.iter().map(read).collect::<Result<_, Trouble>>()?)
    }
}

impl Tx {
    /// Notes that such a client asked for a mailbox; `false` when the same was noted after `since`.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn meet_cloud_client(
        &mut self,
        mailbox: MailboxId,
        client: &Sealed,
        refused: bool,
        now: Timestamp,
        since: Timestamp,
    ) -> Result<bool, Fault> {
        let sql = "INSERT INTO cloud_clients (mailbox_id, client_sealed, refused, met_at) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (mailbox_id) DO UPDATE SET client_sealed = excluded.client_sealed, \
                   refused = excluded.refused, met_at = excluded.met_at \
                   WHERE cloud_clients.met_at <= $5 OR cloud_clients.refused <> excluded.refused";
        let params = [mailbox.into(), client.into(), i64::from(refused).into(), now.into(), since.into()];
        Ok(self.conn.execute(sql, &params).await? > 0)
    }

    /// Notes that an owner is told of a refusal; `false` when that was done already.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn tell_cloud_refusal(
        &mut self,
        mailbox: MailboxId,
        now: Timestamp,
        before: Timestamp,
    ) -> Result<bool, Fault> {
        let sql = "UPDATE cloud_clients SET told_at = $2 WHERE mailbox_id = $1 AND refused = 1 \
                   AND (told_at IS NULL OR (told_at <= $3 AND met_at > told_at))";
        Ok(self.conn.execute(sql, &[mailbox.into(), now.into(), before.into()]).await? > 0)
    }
}
