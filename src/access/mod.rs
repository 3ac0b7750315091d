//! Who may do what: logins of mail clients, challenges and sessions of patients.

mod cascade;
mod challenge;
pub mod cloud;
mod draft;
mod failures;
mod join;
mod link;
mod login;
mod money;
mod network;
mod person;
mod remember;
mod remind;
mod reports;
mod session;
mod status;
mod visit;

use std::sync::Arc;

use crate::domain::{Clock, Random};
use crate::gateway::Gateways;
use crate::store::Store;
use crate::texts::Texts;
use crate::vault::Vault;

pub use crate::gateway::{Callback, ReportFault};
pub use crate::vault::Draft;
pub use challenge::{Filled, IssueError, RedeemError, Redeemed};
pub use failures::Failures;
pub use link::{CodeProgress, LinkError, LinkState, LinkView};
pub use login::{LoginError, Opened};
pub use network::Network;
pub use remember::{Kept, Remembered};
pub use reports::ReportAnswer;
pub use session::OpenSession;
pub use status::{CodeStatus, ProviderStatus, TestError, Tested};

/// The verb room of access. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) texts: Texts,
    pub(crate) gateways: Gateways,
    /// The portal's host name, for the WebOTP line.
    pub(crate) portal_host: Arc<str>,
    pub(crate) cloud_clients: Arc<cloud::CloudClients>,
    /// The portal's own address, where providers report; none without a portal.
    report_base: Option<Arc<str>>,
    ceilings: Ceilings,
    /// How many wrong passwords of a source are answered plainly.
    failed_logins: i64,
    /// Something was reported, or pressed: a cascade may go on.
    moved: Arc<tokio::sync::Notify>,
    announce_devices: bool,
}

impl Access {
    /// The room, built once by `server`.
    pub fn new(
        store: Store,
        vault: Vault,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        texts: Texts,
        gateways: Gateways,
        portal_host: &str,
    ) -> Self {
        Self {
            store,
            vault,
            clock,
            random,
            texts,
            gateways,
            portal_host: portal_host.into(),
            cloud_clients: Arc::default(),
            report_base: None,
            ceilings: Ceilings::default(),
            failed_logins: 100,
            moved: Arc::default(),
            announce_devices: false,
        }
    }

    /// The same, where a device that waits reads once its announcement lies in INBOX.
    #[must_use]
    pub fn with_announced_devices(mut self, announce: bool) -> Self {
        self.announce_devices = announce;
        self
    }

    /// The same, with what may be spent, and the portal's address as providers reach it.
    #[must_use]
    pub fn with_codes(mut self, ceilings: Ceilings, portal_url: Option<&str>) -> Self {
        (self.ceilings, self.report_base) = (ceilings, portal_url.map(Arc::from));
        self
    }

    /// The same, with how many wrong passwords of a network, or for a mailbox, are answered plainly in an hour.
    #[must_use]
    pub fn with_failed_logins(mut self, most: i64) -> Self {
        self.failed_logins = most;
        self
    }

    /// The same, with a list of clients that fetch through somebody's cloud.
    #[must_use]
    pub fn with_cloud_clients(mut self, clients: cloud::CloudClients) -> Self {
        self.cloud_clients = Arc::new(clients);
        self
    }
}

/// How many messages and calls may be sent in a day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ceilings {
    /// By the whole server. A short message counts as many times as it has parts.
    pub server: i64,
    /// For one practice.
    pub practice: i64,
    /// To one number.
    pub number: i64,
    /// To numbers that differ in their last seven digits only.
    pub prefix: i64,
    /// What they may cost in all, in millionths of the account's currency, as far as prices are known.
    pub spend: Option<i64>,
}

impl Default for Ceilings {
    fn default() -> Self {
        Self { server: 2000, practice: 500, number: 20, prefix: 1000, spend: None }
    }
}
