//! What the authority code of a row covers, column by column, in a fixed order.
//!
//! The database is not trusted to say who may read or who gets the code: whoever can write it can
//! deny or roll back, not read. The code itself is the vault's ([`crate::vault::Vault::authority`]).

use super::deliveries::DeliveryRow;
use super::deposit::NewEntry;
use super::mailboxes::{DeviceRow, MailboxRow, SlotRow};
use super::send_as::SendAsRow;
use super::summaries::DepositKeyRow;
use crate::domain::{Authority, EntryId, MailboxId, MessageId, ObjectId};

impl Authority for MailboxRow {
    const TABLE: &'static str = "mailboxes";
    fn covered(&self) -> Vec<Vec<u8>> {
        vec![
            self.id.as_bytes().to_vec(),
            self.practice.as_bytes().to_vec(),
            self.address.clone().into_bytes(),
            self.certificate.as_octets().to_vec(),
            self.version.to_be_bytes().to_vec(),
        ]
    }
}

impl Authority for DeviceRow {
    const TABLE: &'static str = "devices";
    fn covered(&self) -> Vec<Vec<u8>> {
        vec![
            self.id.as_bytes().to_vec(),
            self.mailbox.as_bytes().to_vec(),
            self.tag.clone().into_bytes(),
            self.kind.word().as_bytes().to_vec(),
            self.verifier.as_octets().to_vec(),
        ]
    }
}

impl Authority for SlotRow {
    const TABLE: &'static str = "slots";
    fn covered(&self) -> Vec<Vec<u8>> {
        vec![
            self.id.as_bytes().to_vec(),
            self.mailbox.as_bytes().to_vec(),
            self.device.map(|d| d.as_bytes().to_vec()).unwrap_or_default(),
            self.public_key.as_octets().to_vec(),
            self.version.to_be_bytes().to_vec(),
        ]
    }
}

impl Authority for SendAsRow {
    const TABLE: &'static str = "send_as";
    fn covered(&self) -> Vec<Vec<u8>> {
        vec![
            self.id.as_bytes().to_vec(),
            self.mailbox.as_bytes().to_vec(),
            self.device.map(|d| d.as_bytes().to_vec()).unwrap_or_default(),
            self.address.clone().into_bytes(),
        ]
    }
}

/// Which head of which message an entry of a mailbox shows.
#[derive(Debug, Clone, Copy)]
pub struct EntryShows {
    /// The entry.
    pub entry: EntryId,
    /// Whose.
    pub mailbox: MailboxId,
    /// Which message.
    pub message: MessageId,
    /// Which head.
    pub head: ObjectId,
}

impl Authority for EntryShows {
    const TABLE: &'static str = "entries";
    fn covered(&self) -> Vec<Vec<u8>> {
        vec![
            self.entry.as_bytes().to_vec(),
            self.mailbox.as_bytes().to_vec(),
            self.message.as_bytes().to_vec(),
            self.head.as_bytes().to_vec(),
        ]
    }
}

/// An entry together with its message: which head a mailbox shows.
pub struct EntryOf<'a>(pub &'a NewEntry, pub MessageId);

impl Authority for EntryOf<'_> {
    const TABLE: &'static str = EntryShows::TABLE;
    fn covered(&self) -> Vec<Vec<u8>> {
        EntryShows { entry: self.0.id, mailbox: self.0.mailbox, message: self.1, head: self.0.head }.covered()
    }
}

impl Authority for DepositKeyRow {
    const TABLE: &'static str = "deposit_keys";
    fn covered(&self) -> Vec<Vec<u8>> {
        vec![self.id.as_bytes().to_vec(), self.mailbox.as_bytes().to_vec(), self.esk.as_octets().to_vec()]
    }
}

impl Authority for DeliveryRow {
    const TABLE: &'static str = "deliveries";
    fn covered(&self) -> Vec<Vec<u8>> {
        vec![
            self.id.as_bytes().to_vec(),
            self.practice.as_bytes().to_vec(),
            self.mailbox.as_bytes().to_vec(),
            self.message.as_bytes().to_vec(),
            self.head.as_bytes().to_vec(),
            self.ticket_hash.as_octets().to_vec(),
            self.coordinates.as_ref().map(|c| c.as_octets().to_vec()).unwrap_or_default(),
        ]
    }
}
