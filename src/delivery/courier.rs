//! The courier: takes due notices from the outbox and hands them to the relay.

use tokio::sync::watch;

use crate::domain::Fault;

use super::Deliveries;
use super::relay::Relay;

impl Deliveries {
    /// Works until `stop` turns true: on every deposit, and every second.
    pub async fn run_courier(&self, _relay: &Relay, _stop: watch::Receiver<bool>) {
        unimplemented!()
    }
    /// Sends what is due now; returns how many notices were tried. Tests call it after moving the clock.
    pub async fn send_due(&self, _relay: &Relay) -> Result<usize, Fault> {
        unimplemented!()
    }
}
