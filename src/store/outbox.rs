//! The outbox: notices to be sent, claimed by lease.

use std::time::Duration;

use crate::domain::{DeliveryId, FailureClass, Fault, QueueId, Timestamp};

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
}

impl Store {
    /// Claims at most `limit` pieces of work due at `now`, for `lease`: a claimed one is nobody else's until then.
    /// One statement; attempts are counted here. No audit event: a lease changes nothing a person sees.
    pub async fn claim_work(&self, _now: Timestamp, _lease: Duration, _limit: i64) -> Result<Vec<WorkRow>, Fault> {
        unimplemented!()
    }
    /// What waits, soonest first; with what is done when `all`.
    pub async fn outbox(&self, _all: bool, _limit: i64) -> Result<Vec<WorkRow>, Fault> {
        unimplemented!()
    }
}

impl Tx {
    /// Adds work for a delivery.
    pub async fn insert_work(&mut self, _delivery: DeliveryId, _work: super::deposit::NewWork) -> Result<(), Fault> {
        unimplemented!()
    }
    /// The work is done (handed over or given up).
    pub async fn finish_work(&mut self, _id: QueueId, _at: Timestamp) -> Result<(), Fault> {
        unimplemented!()
    }
    /// Try again at `due_at`.
    pub async fn postpone_work(
        &mut self,
        _id: QueueId,
        _failure: FailureClass,
        _due_at: Timestamp,
    ) -> Result<(), Fault> {
        unimplemented!()
    }
    /// Makes waiting work due now: one piece, or all of it; returns how many.
    pub async fn retry_work(&mut self, _id: Option<QueueId>, _now: Timestamp) -> Result<i64, Fault> {
        unimplemented!()
    }
}
