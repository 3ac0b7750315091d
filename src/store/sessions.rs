//! Patients' open pages.

use std::time::Duration;

use crate::domain::{DeliveryId, Fault, KeyedHash, Mac, Sealed, SessionId, Timestamp};

use super::{Store, Tx};

/// A row of `portal_sessions`.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Which delivery it opens.
    pub delivery: DeliveryId,
    /// Keyed hash of the cookie.
    pub token: KeyedHash,
    /// The delivery's session key, under the cookie.
    pub key: Sealed,
    /// The ticket of the delivery's link, under the cookie; `None` in pages that were opened by an older version.
    pub ticket: Option<Sealed>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Store {
    /// The session of a cookie that is live at `now`: not ended, and begun already. One that begins later was made by a
    /// clock that has been set back since, and would live for as long as that was ahead.
    pub async fn session(&self, token: &KeyedHash, now: Timestamp) -> Result<Option<SessionRow>, Fault> {
        let sql = "SELECT id, delivery_id, token_hash, key_sealed, ticket_sealed, created_at, expires_at \
                   FROM portal_sessions WHERE token_hash = $1 AND expires_at > $2 AND created_at <= $3";
        let params = [token.into(), now.into(), now.plus(SLACK).into()];
        let Some(row) = self.row(sql, &params).await? else { return Ok(None) };
        Ok(Some(SessionRow {
            id: row.read("id")?,
            delivery: row.read("delivery_id")?,
            token: row.read("token_hash")?,
            key: row.read("key_sealed")?,
            ticket: row.read_opt("ticket_sealed")?,
            created_at: row.read("created_at")?,
            expires_at: row.read("expires_at")?,
        }))
    }
}

impl Tx {
    /// Whether a delivery is open as it was read; its row stays so until the transaction ends.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn stands_as_read(&mut self, delivery: DeliveryId, mac: &Mac, now: Timestamp) -> Result<bool, Fault> {
        let sql = "UPDATE deliveries SET tries = tries WHERE id = $1 AND authority_mac = $2 AND esk IS NOT NULL \
                   AND state IN ('queued', 'notified', 'opened', 'downloaded') AND suspended_at IS NULL \
                   AND recalled_at IS NULL AND paused_until <= $3 AND expires_at > $3";
        Ok(self.conn.execute(sql, &[delivery.into(), mac.into(), now.into()]).await? == 1)
    }

    /// Inserts a session.
    pub async fn insert_session(&mut self, row: &SessionRow) -> Result<(), Fault> {
        let sql = "INSERT INTO portal_sessions (id, delivery_id, token_hash, key_sealed, ticket_sealed, created_at, expires_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let params = [
            row.id.into(),
            row.delivery.into(),
            (&row.token).into(),
            (&row.key).into(),
            row.ticket.as_ref().into(),
            row.created_at.into(),
            row.expires_at.into(),
        ];
        self.conn.execute(sql, &params).await?;
        Ok(())
    }

    /// Moves the end of a session.
    pub async fn extend_session(&mut self, id: SessionId, expires_at: Timestamp) -> Result<(), Fault> {
        let sql = "UPDATE portal_sessions SET expires_at = $2 WHERE id = $1";
        self.conn.execute(sql, &[id.into(), expires_at.into()]).await?;
        Ok(())
    }

    /// Ends a session.
    pub async fn delete_session(&mut self, id: SessionId) -> Result<(), Fault> {
        self.conn.execute("DELETE FROM portal_sessions WHERE id = $1", &[id.into()]).await?;
        Ok(())
    }

    /// Deletes sessions, challenges and remembered browsers that ended before `before`; returns how many rows.
    ///
    /// Challenges are what sends are counted by: `before` leaves them a day.
    pub async fn prune_sessions(&mut self, before: Timestamp) -> Result<i64, Fault> {
        let sessions = self.conn.execute("DELETE FROM portal_sessions WHERE expires_at < $1", &[before.into()]).await?;
        let challenges = self.conn.execute("DELETE FROM challenges WHERE expires_at < $1", &[before.into()]).await?;
        let sql = "DELETE FROM remembered_browsers WHERE expires_at < $1";
        let browsers = self.conn.execute(sql, &[before.into()]).await?;
        Ok(i64::try_from(sessions + challenges + browsers).unwrap_or(i64::MAX))
    }
}

/// By how much the clocks of nodes may differ, or a clock be set back, without anybody noticing.
pub const SLACK: Duration = Duration::from_secs(300);
