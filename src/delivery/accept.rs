//! End of DATA: parse, seal, and deposit in one transaction. A 250 names the QueueId that only this returns.

use crate::domain::{Address, Fault, QueueId, RawMessage, Sender};

use super::{Deliveries, Refused};

/// A message with its envelope, as the door hands it over.
pub struct Submission {
    /// Who submits.
    pub sender: Sender,
    /// The forward-paths that were accepted at RCPT, without doubles.
    pub recipients: Vec<Address>,
    /// What the Received field says of the transport, such as `ESMTPSA` and the TLS version (RFC 3848); no addresses.
    pub transport: String,
    /// The octets.
    pub message: RawMessage,
}

/// Why a submission is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// What the sender can mend.
    #[error("refused")]
    Refused(Refused),
    /// Ours: 4xx when it may pass, else 5xx; the text says nothing of it.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Deliveries {
    /// Accepts a submission: everything is durable when this returns.
    pub async fn accept(&self, _submission: Submission) -> Result<QueueId, AcceptError> {
        unimplemented!()
    }
    /// The sender rule at MAIL: the reverse-path must be the authenticated mailbox (or one it may act for).
    pub fn may_send_as(&self, sender: &Sender, reverse_path: &Address) -> bool {
        sender.address == *reverse_path
    }
}
