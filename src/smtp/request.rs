//! What the machine asks of the verbs, and what it hears.

use crate::delivery::{Refused, Route, Taken, TakesBack};
use crate::domain::{Address, DsnRequest, QueueId, RawMessage};

use super::auth::Credentials;

/// A question to the verbs.
pub enum Request {
    /// Who is this?
    Login(Credentials),
    /// May the sender write as this address?
    ReversePath(Address),
    /// Where does this address lead?
    Recipient(Address),
    /// May this many octets more be stored?
    Memory(usize),
    /// Accept this message.
    Deposit(Letter),
    /// Does this address take what comes back?
    ReturnTo(Address),
    /// Deal with what came back.
    Returned(ReturnedMail),
}

/// A whole message that came back.
pub struct ReturnedMail {
    /// To whom, without doubles.
    pub recipients: Vec<Address>,
    /// From whom; `None` for `<>`.
    pub reverse_path: Option<Address>,
    /// The octets.
    pub message: RawMessage,
}

/// A whole message with its recipients.
pub struct Letter {
    /// Accepted at RCPT, without doubles.
    pub recipients: Vec<Address>,
    /// What the client asks to hear (RFC 3461).
    pub dsn: DsnRequest,
    /// The octets.
    pub message: RawMessage,
}

/// What the verbs say.
pub enum Answer {
    /// To [`Request::Login`].
    Login(LoginAnswer),
    /// To [`Request::ReversePath`]; `None` for a fault of ours.
    ReversePath(Option<Result<(), Refused>>),
    /// To [`Request::Recipient`]; `None` for a fault of ours.
    Recipient(Option<Result<Route, Refused>>),
    /// To [`Request::Memory`].
    Memory(bool),
    /// To [`Request::Deposit`].
    Deposit(Result<QueueId, NotAccepted>),
    /// To [`Request::ReturnTo`]; `None` for a fault of ours.
    ReturnTo(Option<TakesBack>),
    /// To [`Request::Returned`]; `None` where it is about nothing of ours.
    Returned(Result<Option<Taken>, NotAccepted>),
}

/// The outcome of a login.
pub enum LoginAnswer {
    /// Right.
    Right,
    /// Wrong.
    Wrong,
    /// Wrong, after many others from the same network or for the same mailbox.
    TooMany,
    /// A fault of ours.
    Fault,
}

/// Why a message was not accepted.
pub enum NotAccepted {
    /// The sender can mend it.
    Refused(Refused),
    /// The device may no longer send.
    Revoked,
    /// A disk of ours is full.
    Full,
    /// A fault of ours, and whether it may pass.
    Fault {
        /// It may pass by itself.
        transient: bool,
    },
}
