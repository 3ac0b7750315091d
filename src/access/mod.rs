//! Who may do what: logins of mail clients, challenges and sessions of patients.

mod challenge;
mod link;
mod login;
mod session;

use std::sync::Arc;

use crate::domain::{Clock, Random};
use crate::store::Store;
use crate::vault::Vault;

pub use challenge::{IssueError, Issued, RedeemError, Redeemed};
pub use link::{LinkError, LinkState, LinkView};
pub use login::LoginError;
pub use session::OpenSession;

/// The verb room of access. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}
