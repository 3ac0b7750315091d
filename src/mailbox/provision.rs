//! Making mailboxes and devices; taking devices away.

use crate::domain::{
    Address, DeviceId, DeviceKind, DevicePassword, Fault, FolderRole, MailboxId, MailboxKind, MailboxState, PracticeId,
    PublicKey, Timestamp,
};

use super::Mailboxes;

/// What a new mailbox is to be.
#[derive(Debug, Clone)]
pub struct NewMailbox {
    /// Its address; the domain must belong to a practice of this server.
    pub address: Address,
    /// Its display name.
    pub name: String,
    /// Its kind.
    pub kind: MailboxKind,
    /// Label of the first device.
    pub label: String,
    /// Whose the first device is; the mailbox's name where empty.
    pub person: String,
}

/// A new mailbox, with the passwords that are shown once.
#[derive(Debug)]
pub struct Born {
    /// The mailbox.
    pub id: MailboxId,
    /// Its first device.
    pub device: NewDevice,
    /// The spare for paper; `None` for an application mailbox, whose device is send-only.
    pub spare: Option<NewDevice>,
    /// Whether the organisation's recovery certificate has a slot.
    pub recovery: bool,
}

/// A new device, with the password that is shown once.
#[derive(Debug)]
pub struct NewDevice {
    /// Its id.
    pub id: DeviceId,
    /// Its label.
    pub label: String,
    /// Its password.
    pub password: DevicePassword,
    /// Whether it can read already; else it is pending (or send-only).
    pub ready: bool,
}

/// A mailbox as administrators see it.
#[derive(Debug, Clone)]
pub struct MailboxInfo {
    /// Its id.
    pub id: MailboxId,
    /// Whose it is.
    pub practice: PracticeId,
    /// Its address.
    pub address: String,
    /// Its display name.
    pub name: String,
    /// Its kind.
    pub kind: MailboxKind,
    /// Its state.
    pub state: MailboxState,
    /// Whether the recovery certificate has a slot.
    pub recovery: bool,
    /// Messages in each special folder.
    pub folders: Vec<(FolderRole, i64)>,
    /// Its devices.
    pub devices: Vec<DeviceInfo>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A device as administrators see it.
#[derive(Debug, Clone)]
pub struct DeviceInfo {
    /// Its id.
    pub id: DeviceId,
    /// The first characters of its password.
    pub tag: String,
    /// What it opens.
    pub kind: DeviceKind,
    /// Its label.
    pub label: String,
    /// Whose it is.
    pub person: String,
    /// Whether it can read already.
    pub ready: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

/// Why something is not made.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// What the administrator can mend, in one sentence.
    #[error("{0}")]
    Refused(String),
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Mailboxes {
    /// Makes a mailbox with its folders, a device and a spare; with a slot for the recovery certificate when there is one.
    pub async fn add(&self, _new: NewMailbox, _recovery: Option<&PublicKey>) -> Result<Born, ProvisionError> {
        unimplemented!()
    }
    /// All mailboxes, without devices and counts.
    pub async fn list(&self) -> Result<Vec<MailboxInfo>, Fault> {
        unimplemented!()
    }
    /// One mailbox, whole.
    pub async fn show(&self, _address: &Address) -> Result<MailboxInfo, ProvisionError> {
        unimplemented!()
    }
    /// Makes a device. `unlock` (another device password of the mailbox) fills its slot at once; without it a full device is pending.
    pub async fn add_device(
        &self,
        _address: &Address,
        _kind: DeviceKind,
        _label: &str,
        _person: &str,
        _unlock: Option<&str>,
    ) -> Result<NewDevice, ProvisionError> {
        unimplemented!()
    }
    /// Takes a device away: by id, or by the first characters of its password.
    pub async fn revoke_device(&self, _address: &Address, _device: &str) -> Result<DeviceId, ProvisionError> {
        unimplemented!()
    }
}
