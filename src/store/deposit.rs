//! A deposit: message, containers, entries, deliveries, outbox and audit event in one transaction.

use crate::domain::{
    AuditEvent, Container, EntryId, Esk, Fault, FolderRole, Mac, MailboxId, MessageId, ObjectId, PracticeId, QueueId,
    Timestamp,
};

use super::deliveries::DeliveryRow;
use super::{Store, Tx};

/// Everything one accepted message leaves behind.
#[derive(Debug)]
pub struct Deposit {
    /// The message.
    pub message: MessageRow,
    /// Its containers. Those above [`Deposit::INLINE`] go to the object store first.
    pub objects: Vec<NewObject>,
    /// One for the sender's copy, one for each local recipient.
    pub entries: Vec<NewEntry>,
    /// One for each outside recipient, with the work that sends its notice.
    pub deliveries: Vec<(DeliveryRow, NewWork)>,
    /// What the journal says.
    pub event: AuditEvent,
}

impl Deposit {
    /// Containers up to this size (octets) live in their row and share its commit.
    pub const INLINE: usize = 64 * 1024;
}

/// A row of `messages`.
#[derive(Debug, Clone)]
pub struct MessageRow {
    /// Its id.
    pub id: MessageId,
    /// In which practice.
    pub practice: PracticeId,
    /// Whose it is: the sender, or for a receipt the mailbox that gets it.
    pub mailbox: MailboxId,
    /// Octets as submitted.
    pub size: i64,
    /// When it was accepted.
    pub created_at: Timestamp,
}

/// A container to be stored.
#[derive(Debug)]
pub struct NewObject {
    /// Its id.
    pub id: ObjectId,
    /// The sealed octets.
    pub container: Container,
}

/// A message in a folder of a mailbox; the store gives it the next UID.
#[derive(Debug)]
pub struct NewEntry {
    /// Its id.
    pub id: EntryId,
    /// Whose.
    pub mailbox: MailboxId,
    /// In which special folder.
    pub folder: FolderRole,
    /// Which head it shows.
    pub head: ObjectId,
    /// The head's session key, to the mailbox certificate.
    pub esk: Esk,
    /// Flags as bits (1: `\Seen`).
    pub flags: i64,
    /// RFC822.SIZE.
    pub size: i64,
    /// INTERNALDATE.
    pub received_at: Timestamp,
    /// When it begins to show.
    pub visible_at: Timestamp,
    /// Authority over id, mailbox, message, head.
    pub mac: Mac,
}

/// Work for the courier.
#[derive(Debug, Clone, Copy)]
pub struct NewWork {
    /// Its id.
    pub id: QueueId,
    /// When it is due.
    pub due_at: Timestamp,
}

impl Store {
    /// Makes a deposit durable. Deposits that wait while another commits share the next commit.
    ///
    /// Large objects are written and synced first; when the transaction fails they are orphans, swept later.
    ///
    /// # Errors
    /// A [`Fault`] (transient where it may pass); then none of the deposit is there.
    pub async fn deposit(&self, _deposit: Deposit) -> Result<(), Fault> {
        unimplemented!()
    }
}

impl Tx {
    /// The rows of a deposit inside a transaction that does more (a receipt with its state change). All its
    /// objects must fit a row ([`Deposit::INLINE`]); its event is not written: the transaction's own says it.
    pub async fn insert_deposit(&mut self, _deposit: Deposit) -> Result<(), Fault> {
        unimplemented!()
    }
}
