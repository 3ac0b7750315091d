//! Mailboxes, their devices, key slots and folders.

use crate::domain::{
    DeviceId, DeviceKind, Esk, Fault, FolderId, FolderRole, KeyedHash, Mac, MailboxId, MailboxKind, MailboxState,
    PracticeId, PublicKey, Sealed, SlotId, Timestamp,
};

use super::{Store, Tx};

/// A row of `mailboxes`.
#[derive(Debug, Clone)]
pub struct MailboxRow {
    /// Its id.
    pub id: MailboxId,
    /// Whose it is.
    pub practice: PracticeId,
    /// Its address, folded. A local address: stands in clear.
    pub address: String,
    /// Its display name. Stands in clear.
    pub name: String,
    /// Its kind.
    pub kind: MailboxKind,
    /// Its state.
    pub state: MailboxState,
    /// The public certificate.
    pub certificate: PublicKey,
    /// The certificate's secret part, under the mailbox secret.
    pub secret: Sealed,
    /// Counts rotations.
    pub version: i64,
    /// Authority over the row.
    pub mac: Mac,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A row of `devices`.
#[derive(Debug, Clone)]
pub struct DeviceRow {
    /// Its id.
    pub id: DeviceId,
    /// Whose it is.
    pub mailbox: MailboxId,
    /// The first characters of its password.
    pub tag: String,
    /// What it opens.
    pub kind: DeviceKind,
    /// Label and person, sealed at (devices, id, label).
    pub label: Sealed,
    /// Hash of the login verifier.
    pub verifier: KeyedHash,
    /// Authority over the row.
    pub mac: Mac,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

/// A row of `slots`.
#[derive(Debug, Clone)]
pub struct SlotRow {
    /// Its id.
    pub id: SlotId,
    /// Whose it is.
    pub mailbox: MailboxId,
    /// Its device; `None` for the recovery certificate.
    pub device: Option<DeviceId>,
    /// The public half.
    pub public_key: PublicKey,
    /// The secret half, under the device password.
    pub secret: Option<Sealed>,
    /// The mailbox secret to the public half; `None` while pending.
    pub esk: Option<Esk>,
    /// The mailbox secret, symmetric, after the first use.
    pub quick: Option<Sealed>,
    /// Counts fillings.
    pub version: i64,
    /// Authority over the row.
    pub mac: Mac,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A row of `folders`.
#[derive(Debug, Clone)]
pub struct FolderRow {
    /// Its id.
    pub id: FolderId,
    /// Whose it is.
    pub mailbox: MailboxId,
    /// Its role.
    pub role: FolderRole,
    /// Its name, when a person chose it.
    pub name: Option<Sealed>,
    /// UIDVALIDITY (RFC 9051 §2.3.1.1).
    pub uid_validity: i64,
    /// UIDNEXT.
    pub uid_next: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How many messages a mailbox holds in one folder.
#[derive(Debug, Clone)]
pub struct FolderCount {
    /// The folder's role.
    pub role: FolderRole,
    /// How many entries.
    pub messages: i64,
}

impl Store {
    /// All mailboxes, by address.
    pub async fn mailboxes(&self) -> Result<Vec<MailboxRow>, Fault> {
        unimplemented!()
    }
    /// One mailbox.
    pub async fn mailbox(&self, _id: MailboxId) -> Result<Option<MailboxRow>, Fault> {
        unimplemented!()
    }
    /// The mailbox of a folded address.
    pub async fn mailbox_at(&self, _address: &str) -> Result<Option<MailboxRow>, Fault> {
        unimplemented!()
    }
    /// The devices of a mailbox, oldest first.
    pub async fn devices(&self, _mailbox: MailboxId) -> Result<Vec<DeviceRow>, Fault> {
        unimplemented!()
    }
    /// One device.
    pub async fn device(&self, _id: DeviceId) -> Result<Option<DeviceRow>, Fault> {
        unimplemented!()
    }
    /// The device of a mailbox with that tag.
    pub async fn device_tagged(&self, _mailbox: MailboxId, _tag: &str) -> Result<Option<DeviceRow>, Fault> {
        unimplemented!()
    }
    /// The slots of a mailbox.
    pub async fn slots(&self, _mailbox: MailboxId) -> Result<Vec<SlotRow>, Fault> {
        unimplemented!()
    }
    /// The folders of a mailbox.
    pub async fn folders(&self, _mailbox: MailboxId) -> Result<Vec<FolderRow>, Fault> {
        unimplemented!()
    }
    /// How many messages each folder of a mailbox holds (those already visible at `now`).
    pub async fn folder_counts(&self, _mailbox: MailboxId, _now: Timestamp) -> Result<Vec<FolderCount>, Fault> {
        unimplemented!()
    }
}

impl Tx {
    /// Inserts a mailbox with its first devices, slots and folders; `false` when the address is taken.
    pub async fn insert_mailbox(
        &mut self,
        _mailbox: &MailboxRow,
        _devices: &[DeviceRow],
        _slots: &[SlotRow],
        _folders: &[FolderRow],
    ) -> Result<bool, Fault> {
        unimplemented!()
    }
    /// Inserts a device with its slot (none for a send-only one); `false` when the tag is taken.
    pub async fn insert_device(&mut self, _device: &DeviceRow, _slot: Option<&SlotRow>) -> Result<bool, Fault> {
        unimplemented!()
    }
    /// Deletes a device and its slot; `false` when there is none.
    pub async fn delete_device(&mut self, _id: DeviceId) -> Result<bool, Fault> {
        unimplemented!()
    }
    /// Notes that a device was used; `true` when it was the first time.
    pub async fn touch_device(&mut self, _id: DeviceId, _at: Timestamp) -> Result<bool, Fault> {
        unimplemented!()
    }
}
