//! Who submits: the outcome of a login, which every verb about a submission takes.

use super::{Address, DeviceId, MailboxId, MailboxKind, PracticeId};

/// An authenticated mail client of a mailbox.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// Its practice.
    pub practice: PracticeId,
    /// The device whose password was given.
    pub device: DeviceId,
    /// The mailbox's address.
    pub address: Address,
    /// The mailbox's kind.
    pub kind: MailboxKind,
}
