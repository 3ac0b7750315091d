//! What this door asks of the verb rooms, as two small traits: the server's rooms, or scripted ones in tests.
//!
//! `Verbs` opens a mailbox from what a client typed; `Mailbox` is everything one session does to it. The
//! values are plain: ids, names in UTF-8, flags, octets. Nothing here knows how a mailbox is sealed.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::access::LoginError;
use crate::domain::{EntryId, Fault, FolderId, FolderRole, Sender, Timestamp};

/// The verbs before a login.
pub trait Verbs: Send + Sync + 'static {
    /// What an open mailbox is.
    type Mailbox: Mailbox;
    /// Checks a login and opens its mailbox.
    fn open(
        &self,
        address: &str,
        password: &str,
    ) -> impl Future<Output = Result<Opening<Self::Mailbox>, LoginError>> + Send;
}

/// What a right password opens.
pub enum Opening<M> {
    /// A mailbox.
    Ready {
        /// Who reads it.
        sender: Sender,
        /// The mailbox.
        mailbox: M,
    },
    /// Nothing yet: another device of the owner must approve this one.
    Pending,
    /// Nothing ever: the device only sends.
    SendOnly,
}

/// The octets of a message, shared with what caches them.
pub type Octets = Arc<Zeroizing<Vec<u8>>>;

/// `(uidvalidity, [(uid here, uid there)])` of messages that were copied or moved.
pub type Copied = (u32, Vec<(u32, u32)>);

/// One mailbox, as one session uses it.
pub trait Mailbox: Send + Sync + 'static {
    /// Every folder, INBOX first.
    fn folders(&self) -> impl Future<Output = Result<Vec<FolderInfo>, Fault>> + Send;
    /// Makes a folder and its missing parents.
    fn create(&self, name: &str) -> impl Future<Output = Result<(), FolderError>> + Send;
    /// Removes a folder with its messages.
    fn delete(&self, name: &str) -> impl Future<Output = Result<(), FolderError>> + Send;
    /// Gives a folder another name; children follow. INBOX: RFC 3501 §6.3.5.
    fn rename(&self, from: &str, to: &str) -> impl Future<Output = Result<(), FolderError>> + Send;
    /// Changes whether LSUB names it.
    fn subscribe(&self, name: &str, on: bool) -> impl Future<Output = Result<(), FolderError>> + Send;
    /// One folder.
    fn folder(&self, name: &str) -> impl Future<Output = Result<FolderInfo, FolderError>> + Send;
    /// The visible messages of a folder, by UID.
    fn entries(&self, folder: FolderId) -> impl Future<Output = Result<Vec<EntryInfo>, Fault>> + Send;
    /// The exact octets of a message; `None` when it was expunged meanwhile.
    fn message(&self, id: EntryId) -> impl Future<Output = Result<Option<Octets>, Fault>> + Send;
    /// Changes flags; gives back the changed entries.
    fn change_flags(
        &self,
        folder: FolderId,
        uids: &[u32],
        change: FlagChange,
        flags: &Flags,
    ) -> impl Future<Output = Result<Vec<EntryInfo>, Fault>> + Send;
    /// Stores a message; gives back UIDVALIDITY and UID.
    fn append(
        &self,
        folder: &str,
        flags: &Flags,
        at: Option<Timestamp>,
        octets: Vec<u8>,
    ) -> impl Future<Output = Result<(u32, u32), AppendError>> + Send;
    /// Copies messages.
    fn copy(&self, from: FolderId, uids: &[u32], to: &str) -> impl Future<Output = Result<Copied, FolderError>> + Send;
    /// Moves messages in one transaction.
    fn relocate(
        &self,
        from: FolderId,
        uids: &[u32],
        to: &str,
    ) -> impl Future<Output = Result<Copied, FolderError>> + Send;
    /// Removes messages with `\Deleted`: all, or those among `uids`. Gives back which.
    fn expunge(&self, folder: FolderId, uids: Option<&[u32]>) -> impl Future<Output = Result<Vec<u32>, Fault>> + Send;
    /// Octets used, and how many may be.
    fn quota(&self) -> impl Future<Output = Result<(u64, u64), Fault>> + Send;
    /// Changes whenever anything in this mailbox did.
    fn watch(&self) -> watch::Receiver<u64>;
    /// Whether the session may go on.
    fn still_valid(&self) -> impl Future<Output = Result<bool, Fault>> + Send;
}

/// A folder.
#[derive(Clone)]
pub struct FolderInfo {
    /// Its id.
    pub id: FolderId,
    /// Its name in UTF-8, "/" between levels; INBOX exactly so.
    pub name: String,
    /// What it is for.
    pub role: FolderRole,
    /// UIDVALIDITY.
    pub uid_validity: u32,
    /// UIDNEXT.
    pub uid_next: u32,
    /// How many messages it holds.
    pub messages: u32,
    /// How many of them lack `\Seen`.
    pub unseen: u32,
    /// Whether LSUB names it.
    pub subscribed: bool,
    /// Whether there are folders below it.
    pub children: bool,
}

/// A message of a folder, without its octets.
#[derive(Clone)]
pub struct EntryInfo {
    /// Its id.
    pub id: EntryId,
    /// Its UID.
    pub uid: u32,
    /// Its flags.
    pub flags: Flags,
    /// How many octets [`Mailbox::message`] gives.
    pub size: u64,
    /// INTERNALDATE.
    pub received_at: Timestamp,
}

/// The flags of RFC 3501 §2.3.2 that are kept, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SystemFlags(pub u8);

impl SystemFlags {
    /// `\Seen`.
    pub const SEEN: Self = Self(1);
    /// `\Answered`.
    pub const ANSWERED: Self = Self(2);
    /// `\Flagged`.
    pub const FLAGGED: Self = Self(4);
    /// `\Deleted`.
    pub const DELETED: Self = Self(8);
    /// `\Draft`.
    pub const DRAFT: Self = Self(16);
    /// Each with its name on the wire.
    pub const NAMED: [(Self, &str); 5] = [
        (Self::ANSWERED, "\\Answered"),
        (Self::FLAGGED, "\\Flagged"),
        (Self::DELETED, "\\Deleted"),
        (Self::SEEN, "\\Seen"),
        (Self::DRAFT, "\\Draft"),
    ];

    /// Whether all of `other` are set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These without `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// All flags of a message.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Flags {
    /// Those with a backslash.
    pub system: SystemFlags,
    /// Words people and clients made.
    pub keywords: BTreeSet<String>,
}

impl Flags {
    /// What these become by `change` with `other`.
    #[must_use]
    pub fn changed(&self, change: FlagChange, other: &Self) -> Self {
        match change {
            FlagChange::Set => other.clone(),
            FlagChange::Add => Self {
                system: self.system.with(other.system),
                keywords: self.keywords.union(&other.keywords).cloned().collect(),
            },
            FlagChange::Remove => Self {
                system: self.system.without(other.system),
                keywords: self.keywords.difference(&other.keywords).cloned().collect(),
            },
        }
    }
}

/// How STORE changes flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagChange {
    /// These and no others.
    Set,
    /// These too.
    Add,
    /// Not these.
    Remove,
}

/// Why a folder command fails.
#[derive(Debug)]
pub enum FolderError {
    /// There is none of this name.
    NoSuchFolder,
    /// There is one already.
    Exists,
    /// A special folder: it stays.
    Special,
    /// Not a name a folder can have.
    BadName,
    /// There are folders below it.
    HasChildren,
    /// Ours.
    Fault(Fault),
}

impl From<Fault> for FolderError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Why APPEND fails.
#[derive(Debug)]
pub enum AppendError {
    /// There is no folder of this name.
    NoSuchFolder,
    /// The octets hold a NUL, or a CR or LF alone.
    NotClean,
    /// Too many octets.
    TooLarge,
    /// Ours.
    Fault(Fault),
}
