//! What an administrator sees and does about deliveries and the queue.

use crate::domain::{Coordinates, DeliveryId, DeliveryState, FailureClass, Fault, MessageId, QueueId, Timestamp};
use crate::store::outbox::WorkRow;

use super::Deliveries;
use super::directory::DirectoryError;

/// A delivery as administrators see it.
#[derive(Debug, Clone)]
pub struct DeliveryInfo {
    /// Its id.
    pub id: DeliveryId,
    /// Its message.
    pub message: MessageId,
    /// The sender's address (a mailbox of this server).
    pub sender: String,
    /// Where it goes; shown masked unless asked. `None` once erased.
    pub coordinates: Option<Coordinates>,
    /// Its state.
    pub state: DeliveryState,
    /// Why it failed.
    pub failure: Option<FailureClass>,
    /// Wrong codes so far.
    pub tries: i64,
    /// Files given out whole.
    pub downloads: i64,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When the relay took the notice.
    pub notified_at: Option<Timestamp>,
    /// When it was first opened.
    pub opened_at: Option<Timestamp>,
    /// When the last file was downloaded.
    pub downloaded_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When it closes by itself.
    pub expires_at: Timestamp,
}

impl Deliveries {
    /// The newest deliveries, of one mailbox where an address is given.
    pub async fn list(
        &self,
        _sender: Option<&crate::domain::Address>,
        _limit: i64,
    ) -> Result<Vec<DeliveryInfo>, DirectoryError> {
        unimplemented!()
    }
    /// One delivery.
    pub async fn show(&self, _id: DeliveryId) -> Result<DeliveryInfo, DirectoryError> {
        unimplemented!()
    }
    /// Notes in the journal that a delivery's coordinates were shown unmasked.
    pub async fn note_delivery_reveal(&self, _id: DeliveryId) -> Result<(), Fault> {
        unimplemented!()
    }
    /// Recalls a delivery: its keys are destroyed, its pages closed.
    pub async fn recall(&self, _id: DeliveryId) -> Result<(), DirectoryError> {
        unimplemented!()
    }
    /// What waits in the outbox, soonest first; with what is done when `all`.
    pub async fn queue(&self, _all: bool) -> Result<Vec<WorkRow>, Fault> {
        unimplemented!()
    }
    /// Makes waiting work due now; returns how many pieces.
    pub async fn retry(&self, _id: Option<QueueId>) -> Result<i64, Fault> {
        unimplemented!()
    }
    /// Ends deliveries whose time is over, prunes sessions and old challenges, sweeps orphaned objects. Run every minute.
    pub async fn sweep(&self) -> Result<(), Fault> {
        unimplemented!()
    }
}
