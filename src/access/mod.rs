//! Who may do what: logins of mail clients, challenges and sessions of patients.

mod challenge;
pub mod cloud;
pub mod gateway;
mod link;
mod login;
mod network;
mod session;

use std::sync::Arc;

use crate::domain::{Clock, Random};
use crate::store::Store;
use crate::texts::Texts;
use crate::vault::Vault;

pub use challenge::{IssueError, Issued, RedeemError, Redeemed};
pub use link::{LinkError, LinkState, LinkView};
pub use login::{LoginError, Opened};
pub use network::Network;
pub use session::OpenSession;

/// The verb room of access. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) texts: Texts,
    pub(crate) gateways: gateway::Gateways,
    /// The portal's host name, for the WebOTP line.
    pub(crate) portal_host: Arc<str>,
    pub(crate) cloud_clients: Arc<cloud::CloudClients>,
}

impl Access {
    /// The room, built once by `server`.
    pub fn new(
        store: Store,
        vault: Vault,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        texts: Texts,
        gateways: gateway::Gateways,
        portal_host: &str,
    ) -> Self {
        let cloud_clients = Arc::default();
        Self { store, vault, clock, random, texts, gateways, portal_host: portal_host.into(), cloud_clients }
    }

    /// The same, with a list of clients that fetch through somebody's cloud.
    #[must_use]
    pub fn with_cloud_clients(mut self, clients: cloud::CloudClients) -> Self {
        self.cloud_clients = Arc::new(clients);
        self
    }
}
