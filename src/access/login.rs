//! Logins of mail clients.

use crate::domain::{Fault, Sender};

use super::Access;

/// Why a login fails.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Wrong address or password, revoked device, suspended mailbox: one answer for all.
    #[error("address or device password not right")]
    Refused,
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Access {
    /// Checks an address and a device password. Unknown addresses take the same work as known ones.
    pub async fn login(&self, _address: &str, _password: &str) -> Result<Sender, LoginError> {
        unimplemented!()
    }
    /// Whether a sender may still act: its device is not revoked, its mailbox not suspended.
    pub async fn still_valid(&self, _sender: &Sender) -> Result<bool, Fault> {
        unimplemented!()
    }
    /// Whether a form's token was made for this browser and context.
    pub fn form_is_ours(&self, browser: &crate::domain::BrowserToken, context: &str, token: &str) -> bool {
        self.vault.form_token_matches(browser, context, token)
    }
    /// A form's token for this browser and context.
    pub fn form_token(&self, browser: &crate::domain::BrowserToken, context: &str) -> String {
        self.vault.form_token(browser, context)
    }
    /// A new browser cookie.
    pub fn new_browser(&self) -> crate::domain::BrowserToken {
        crate::domain::BrowserToken::random(self.random.as_ref())
    }
}
