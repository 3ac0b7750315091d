//! How things stand: what waits in the outbox, and deliveries by state, as all nodes see them.

use crate::domain::{DeliveryState, Fault, Figures, Timestamp};

use super::Deliveries;

/// How things stand.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Notices that wait.
    pub waiting: i64,
    /// When the one was due that is due longest.
    pub oldest_due: Option<Timestamp>,
    /// When the one was put in that waits longest.
    pub oldest: Option<Timestamp>,
    /// How many deliveries stand in each state; those with none left out.
    pub states: Vec<(DeliveryState, i64)>,
    /// When this was.
    pub now: Timestamp,
}

impl Deliveries {
    /// How things stand.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn standing(&self) -> Result<Standing, Fault> {
        let (waiting, oldest_due, oldest) = self.store.outbox_load().await?;
        let states = self.store.delivery_states().await?;
        Ok(Standing { waiting, oldest_due, oldest, states, now: self.clock.now() })
    }

    /// The present, as this room has it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What this process counts.
    pub fn figures(&self) -> &Figures {
        self.store.figures()
    }
}
