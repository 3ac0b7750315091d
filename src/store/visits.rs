//! When a visit to the page of a link was last noted, a row for each kind.
//!
//! The statement decides by itself whether it is time again: whoever holds a link, and loads it from many places at once,
//! on many nodes, makes one event of each kind in that time.

use super::sessions::SLACK;
use super::{Store, Tx};
use crate::domain::{DeliveryId, Fault, Timestamp, Visit};

impl Store {
    /// Whether a visit of this kind was noted after `since`: a read alone, which spares most visits the write.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn is_visit_noted(
        &self,
        delivery: DeliveryId,
        visit: Visit,
        (now, since): (Timestamp, Timestamp),
    ) -> Result<bool, Fault> {
        let sql = "SELECT noted_at FROM link_visits \
                   WHERE delivery_id = $1 AND kind = $2 AND noted_at > $3 AND noted_at <= $4";
        let params = [delivery.into(), visit.into(), since.into(), now.plus(SLACK).into()];
        Ok(self.row(sql, &params).await?.is_some())
    }
}

impl Tx {
    /// Notes a visit; `false` when one of its kind was noted after `since`. One that was noted later than now was noted by
    /// a clock that has been set back, and hinders nothing.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn note_visit(
        &mut self,
        delivery: DeliveryId,
        visit: Visit,
        (now, since): (Timestamp, Timestamp),
    ) -> Result<bool, Fault> {
        let sql = "INSERT INTO link_visits (delivery_id, kind, noted_at) VALUES ($1, $2, $3) \
                   ON CONFLICT (delivery_id, kind) DO UPDATE SET noted_at = excluded.noted_at \
                   WHERE link_visits.noted_at <= $4 OR link_visits.noted_at > $5";
        let params = [delivery.into(), visit.into(), now.into(), since.into(), now.plus(SLACK).into()];
        Ok(self.conn.execute(sql, &params).await? > 0)
    }
}
