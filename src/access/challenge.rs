//! Patient challenges: a six-digit code sent out of band, answered once, within ten minutes.

use crate::domain::{BrowserToken, Channel, FailureClass, Fault, Language, SessionToken, Timestamp};

use super::Access;

/// A code is on its way.
#[derive(Debug)]
pub struct Issued {
    /// How.
    pub channel: Channel,
}

/// Why no code was sent.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The link is not one.
    #[error("the link is incomplete")]
    Incomplete,
    /// Expired, recalled, locked: the link page says which.
    #[error("the delivery is closed")]
    Closed,
    /// A limit: ask again then.
    #[error("too soon")]
    Wait {
        /// When.
        until: Timestamp,
    },
    /// The providers refused or could not be reached.
    #[error("the code could not be sent")]
    NotSent {
        /// Why.
        class: FailureClass,
    },
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The right code was given.
pub struct Redeemed {
    /// The cookie of the open page.
    pub token: SessionToken,
    /// When the page closes by itself.
    pub expires_at: Timestamp,
}

/// Why a code opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum RedeemError {
    /// The link is not one.
    #[error("the link is incomplete")]
    Incomplete,
    /// Not six digits: no try is taken.
    #[error("not a code")]
    NotACode,
    /// This browser has no live code: no try is taken.
    #[error("no code was asked for here")]
    NoneHere,
    /// Wrong.
    #[error("wrong code")]
    Wrong {
        /// Tries left of this code; at 0 it is spent.
        left: i64,
    },
    /// Too many wrong codes: nothing until then.
    #[error("paused")]
    Paused {
        /// The end of the pause.
        until: Timestamp,
    },
    /// Expired, recalled, locked: the link page says which.
    #[error("the delivery is closed")]
    Closed,
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Access {
    /// Makes a code and has it sent: durable first, then sent.
    pub async fn issue(
        &self,
        _ticket: &str,
        _browser: &BrowserToken,
        _channel: Channel,
        _language: Language,
    ) -> Result<Issued, IssueError> {
        unimplemented!()
    }
    /// Answers a challenge: the try is counted in one statement before anything is compared.
    pub async fn redeem(&self, _ticket: &str, _browser: &BrowserToken, _typed: &str) -> Result<Redeemed, RedeemError> {
        unimplemented!()
    }
}
