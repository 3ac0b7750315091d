//! Patients' open pages.

use crate::domain::{DeliveryId, Fault, KeyedHash, Sealed, SessionId, Timestamp};

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
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Store {
    /// The session of a cookie that is live at `now`.
    pub async fn session(&self, _token: &KeyedHash, _now: Timestamp) -> Result<Option<SessionRow>, Fault> {
        unimplemented!()
    }
}

impl Tx {
    /// Inserts a session.
    pub async fn insert_session(&mut self, _row: &SessionRow) -> Result<(), Fault> {
        unimplemented!()
    }
    /// Moves the end of a session.
    pub async fn extend_session(&mut self, _id: SessionId, _expires_at: Timestamp) -> Result<(), Fault> {
        unimplemented!()
    }
    /// Ends a session.
    pub async fn delete_session(&mut self, _id: SessionId) -> Result<(), Fault> {
        unimplemented!()
    }
    /// Deletes sessions and challenges that ended before `before`; returns how many rows.
    pub async fn prune_sessions(&mut self, _before: Timestamp) -> Result<i64, Fault> {
        unimplemented!()
    }
}
