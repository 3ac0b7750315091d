//! Where a forward-path leads (DESIGN §5).

use crate::domain::{Address, Fault, MailboxId, PhoneNumber, Sender};

use super::Deliveries;

/// Where a recipient is reached.
#[derive(Debug, Clone)]
pub enum Route {
    /// A mailbox of this server.
    Local(MailboxId),
    /// The practice's service address (`pli@`): not built yet, refused at RCPT by the door.
    Service,
    /// A number for the one outside recipient: `+33612345678@sms.<domain>`.
    Number(PhoneNumber),
    /// Somebody outside: by link and code.
    Outside,
}

/// A recipient that cannot be accepted: reply code, enhanced code, and a sentence a doctor understands (ASCII, one line).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The SMTP reply code (RFC 5321 §4.2).
    pub code: u16,
    /// The enhanced status code (RFC 3463), such as `5.1.1`.
    pub enhanced: &'static str,
    /// The sentence.
    pub sentence: String,
}

impl Deliveries {
    /// The route of a forward-path for this sender.
    ///
    /// # Errors
    /// The inner error refuses the recipient; the outer is ours.
    pub async fn route(&self, _sender: &Sender, _to: &Address) -> Result<Result<Route, Refused>, Fault> {
        unimplemented!()
    }
}
