//! What this door asks of the verb rooms, as two small traits: the server's rooms, or scripted ones in tests.
//!
//! `Verbs` opens a mailbox from what a client typed; `Mailbox` is everything one session does to it. The
//! values are plain: ids, names in UTF-8, flags, octets. Nothing here knows how a mailbox is sealed.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::access::cloud::Peer;
use crate::access::{Access, Failures, LoginError, Opened};
use crate::domain::{EntryId, Fault, FlagChange, Flags, FolderId, Sender};
use crate::mailbox::{
    AppendError, Flagged, FolderError, FolderInfo, Found, Mailboxes, NewMessage, Placed, Reader, Snapshot, Standing,
};
use crate::mime::{Summary, Words};

/// The verbs before a login.
pub trait Verbs: Send + Sync + 'static {
    /// What an open mailbox is.
    type Mailbox: Mailbox;
    /// Checks a login and opens its mailbox.
    fn open(
        &self,
        address: &str,
        password: &str,
        peer: &Peer,
    ) -> impl Future<Output = Result<Opening<Self::Mailbox>, LoginError>> + Send;
    /// [`Access::login_failed`].
    fn login_failed(&self, address: &str, peer: &Peer) -> impl Future<Output = Result<Failures, Fault>> + Send;
    /// Whether a client may go on that says who it is after its login.
    fn admits(&self, sender: &Sender, peer: &Peer) -> impl Future<Output = Result<bool, Fault>> + Send;
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
    /// Nothing to this client: it fetches through somebody's cloud.
    Cloud,
}

/// The octets of a message, shared with what caches them.
pub type Octets = Arc<Zeroizing<Vec<u8>>>;

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
    /// The messages of a folder at this instant, by UID.
    fn snapshot(&self, folder: FolderId) -> impl Future<Output = Result<Snapshot, Fault>> + Send;
    /// The UIDs that left a folder after a mod-sequence, as ascending ranges; perhaps some that never were there.
    fn expunged(&self, folder: FolderId, since: u64) -> impl Future<Output = Result<Vec<(u32, u32)>, Fault>> + Send;
    /// What lists show of messages: one for each id, in order.
    fn summaries(
        &self,
        folder: FolderId,
        ids: &[EntryId],
    ) -> impl Future<Output = Result<Vec<Found<Arc<Summary>>>, Fault>> + Send;
    /// What is searched of messages: one for each id, in order.
    fn words(
        &self,
        folder: FolderId,
        ids: &[EntryId],
    ) -> impl Future<Output = Result<Vec<Found<Arc<Words>>>, Fault>> + Send;
    /// The exact octets of a message; `None` when it was expunged meanwhile.
    fn message(&self, id: EntryId) -> impl Future<Output = Result<Option<Octets>, Fault>> + Send;
    /// Changes flags, but of what changed after `unchanged_since`.
    fn change_flags(
        &self,
        folder: FolderId,
        uids: &[u32],
        change: FlagChange,
        flags: &Flags,
        unchanged_since: Option<u64>,
    ) -> impl Future<Output = Result<Flagged, FolderError>> + Send;
    /// Stores messages, all or none; gives back UIDVALIDITY and UIDs.
    fn append(
        &self,
        folder: &str,
        messages: Vec<NewMessage>,
    ) -> impl Future<Output = Result<(u32, Vec<u32>), AppendError>> + Send;
    /// Stores a message in the place of another; gives back UIDVALIDITY and UID.
    fn replace(
        &self,
        from: FolderId,
        uid: u32,
        folder: &str,
        message: NewMessage,
    ) -> impl Future<Output = Result<(u32, u32), AppendError>> + Send;
    /// Copies messages.
    fn copy(&self, from: FolderId, uids: &[u32], to: &str) -> impl Future<Output = Result<Placed, FolderError>> + Send;
    /// Moves messages, each in one transaction with its twin.
    fn relocate(
        &self,
        from: FolderId,
        uids: &[u32],
        to: &str,
    ) -> impl Future<Output = Result<Placed, FolderError>> + Send;
    /// Removes messages with `\Deleted`: all, or those among `uids`. Gives back which.
    fn expunge(&self, folder: FolderId, uids: Option<&[u32]>) -> impl Future<Output = Result<Vec<u32>, Fault>> + Send;
    /// Octets used, and how many may be.
    fn quota(&self) -> impl Future<Output = Result<(u64, u64), Fault>> + Send;
    /// Changes whenever anything in this mailbox did.
    fn watch(&self) -> watch::Receiver<u64>;
    /// Whether the session may go on.
    fn standing(&self) -> impl Future<Output = Result<Standing, Fault>> + Send;
}

/// The rooms of the server.
#[derive(Clone)]
pub struct Rooms {
    /// Logins.
    pub access: Access,
    /// What they open.
    pub mailboxes: Mailboxes,
}

impl Verbs for Rooms {
    type Mailbox = Reader;

    async fn admits(&self, sender: &Sender, peer: &Peer) -> Result<bool, Fault> {
        self.access.admits(sender, peer).await
    }

    async fn login_failed(&self, address: &str, peer: &Peer) -> Result<Failures, Fault> {
        self.access.login_failed(address, peer.address).await
    }

    async fn open(&self, address: &str, password: &str, peer: &Peer) -> Result<Opening<Reader>, LoginError> {
        Ok(match self.access.open_mailbox(address, password).await? {
            Opened::Ready { sender, .. } if !self.access.admits(&sender, peer).await? => Opening::Cloud,
            Opened::Ready { sender, keys, version } => {
                let mailbox = self.mailboxes.reader(sender.clone(), keys, version).await?;
                Opening::Ready { sender, mailbox }
            }
            Opened::Pending { .. } => Opening::Pending,
            Opened::SendOnly => Opening::SendOnly,
        })
    }
}

impl Mailbox for Reader {
    async fn folders(&self) -> Result<Vec<FolderInfo>, Fault> {
        Reader::folders(self).await
    }

    async fn create(&self, name: &str) -> Result<(), FolderError> {
        Reader::create(self, name).await
    }

    async fn delete(&self, name: &str) -> Result<(), FolderError> {
        Reader::delete(self, name).await
    }

    async fn rename(&self, from: &str, to: &str) -> Result<(), FolderError> {
        Reader::rename(self, from, to).await
    }

    async fn subscribe(&self, name: &str, on: bool) -> Result<(), FolderError> {
        Reader::subscribe(self, name, on).await
    }

    async fn folder(&self, name: &str) -> Result<FolderInfo, FolderError> {
        Reader::folder(self, name).await
    }

    async fn snapshot(&self, folder: FolderId) -> Result<Snapshot, Fault> {
        Reader::snapshot(self, folder).await
    }

    async fn expunged(&self, folder: FolderId, since: u64) -> Result<Vec<(u32, u32)>, Fault> {
        Reader::expunged(self, folder, since).await
    }

    async fn summaries(&self, folder: FolderId, ids: &[EntryId]) -> Result<Vec<Found<Arc<Summary>>>, Fault> {
        Reader::summaries(self, folder, ids).await
    }

    async fn words(&self, folder: FolderId, ids: &[EntryId]) -> Result<Vec<Found<Arc<Words>>>, Fault> {
        Reader::words(self, folder, ids).await
    }

    async fn message(&self, id: EntryId) -> Result<Option<Octets>, Fault> {
        Reader::message(self, id).await
    }

    async fn change_flags(
        &self,
        folder: FolderId,
        uids: &[u32],
        change: FlagChange,
        flags: &Flags,
        unchanged_since: Option<u64>,
    ) -> Result<Flagged, FolderError> {
        Reader::change_flags(self, folder, uids, change, flags, unchanged_since).await
    }

    async fn append(&self, folder: &str, messages: Vec<NewMessage>) -> Result<(u32, Vec<u32>), AppendError> {
        Reader::append(self, folder, messages).await
    }

    async fn replace(
        &self,
        from: FolderId,
        uid: u32,
        folder: &str,
        message: NewMessage,
    ) -> Result<(u32, u32), AppendError> {
        Reader::replace(self, from, uid, folder, message).await
    }

    async fn copy(&self, from: FolderId, uids: &[u32], to: &str) -> Result<Placed, FolderError> {
        Reader::copy(self, from, uids, to).await
    }

    async fn relocate(&self, from: FolderId, uids: &[u32], to: &str) -> Result<Placed, FolderError> {
        Reader::relocate(self, from, uids, to).await
    }

    async fn expunge(&self, folder: FolderId, uids: Option<&[u32]>) -> Result<Vec<u32>, Fault> {
        Reader::expunge(self, folder, uids).await
    }

    async fn quota(&self) -> Result<(u64, u64), Fault> {
        Reader::quota(self).await
    }

    fn watch(&self) -> watch::Receiver<u64> {
        Reader::watch(self)
    }

    async fn standing(&self) -> Result<Standing, Fault> {
        Reader::standing(self).await
    }
}
