//! APPEND: a client's own message, sealed before it is stored, durable before it is answered (RFC 3501 §6.3.11).
//!
//! A copy of a submission takes the place of the one that the server kept (R-A2): found by Message-ID, never
//! by octets, which clients change. The new entry is stored first; both happen in one transaction.

use std::time::Duration;

use mail_parser::MessageParser;

use crate::domain::{
    AuditEvent, EntryId, Esk, Fault, Flags, FolderPath, FolderRole, KeptMessage, KeyedHash, Mac, MessageId, ObjectId,
    PublicKey, SystemFlags, Timestamp, Verb,
};
use crate::store::Tx;
use crate::store::deposit::{MessageRow, NewObject, ObjectRow};
use crate::store::entries::EntryRow;
use crate::store::mailboxes::MailboxRow;
use crate::vault::split;

use super::reader::{FolderError, Reader, small};

/// Why a message is not stored.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// There is no such folder: the client may make it (TRYCREATE).
    #[error("no such folder")]
    NoSuchFolder,
    /// CR or LF alone, or NUL: it could not be given back as a client reads it.
    #[error("not clean of bare CR, LF or NUL")]
    NotClean,
    /// Larger than a message may be.
    #[error("too large")]
    TooLarge,
    /// The mailbox is full.
    #[error("over quota")]
    OverQuota,
    /// More keywords than a message or a folder takes.
    #[error("too many keywords")]
    TooManyKeywords,
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<FolderError> for AppendError {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::Fault(fault) => Self::Fault(fault),
            FolderError::TooMany => Self::TooManyKeywords,
            _ => Self::NoSuchFolder,
        }
    }
}

/// A message sealed to the mailbox, not yet stored.
struct Sealed {
    message: MessageId,
    head: ObjectId,
    esk: Esk,
    objects: Vec<NewObject>,
    message_id: Option<KeyedHash>,
    size: i64,
}

/// An append that is ready to be committed.
struct Prepared {
    tx: Tx,
    event: AuditEvent,
    answer: (u32, u32),
    replaced: Vec<EntryRow>,
    gone: Vec<ObjectId>,
}

impl Reader {
    /// Stores a message in a folder; returns UIDVALIDITY and UID.
    ///
    /// # Errors
    /// [`AppendError`]; then nothing is stored.
    pub async fn append(
        &self,
        folder: &str,
        flags: &Flags,
        at: Option<Timestamp>,
        octets: Vec<u8>,
    ) -> Result<(u32, u32), AppendError> {
        let path = FolderPath::parse(folder).ok_or(AppendError::NoSuchFolder)?;
        if u32::try_from(octets.len()).is_err() {
            return Err(AppendError::TooLarge);
        }
        let kept = KeptMessage::new(octets).map_err(|_| AppendError::NotClean)?;
        let (store, mailbox) = (&self.room.store, self.inner.sender.mailbox);
        // Asked before the work of sealing; decided in the transaction.
        let state = store.folder_state(mailbox, &self.key(&path), self.room.clock.now()).await?;
        self.keywords_fit(state.ok_or(AppendError::NoSuchFolder)?.id, flags).await?;
        let row = store.mailbox(mailbox).await?.ok_or(Fault::new("a session's mailbox is gone"))?;
        let certificate = self.certificate(row)?;
        let mut sealed = if kept.reveal().len() > INLINE_WORK {
            let this = self.clone();
            let job = move || this.sealed(&kept, &certificate);
            tokio::task::spawn_blocking(job).await.map_err(|_| Fault::new("sealing a message ended early"))??
        } else {
            self.sealed(&kept, &certificate)?
        };
        // Asked before objects are written, unless the message takes another's place; decided in the transaction.
        let replaces = match Self::stands_for(&path, sealed.message_id.as_ref()) {
            Some(hash) => store.has_server_copy(mailbox, hash, self.room.clock.now().minus(KEPT)).await?,
            None => false,
        };
        if !replaces && !store.usage(mailbox).await?.fits(sealed.size) {
            return Err(AppendError::OverQuota);
        }
        let objects = store.put_objects(std::mem::take(&mut sealed.objects)).await?;
        let prepared = self.prepare(&path, flags, at, sealed, &objects).await;
        let Prepared { tx, event, answer, replaced, gone } = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                // Nothing was committed. After a commit that failed nobody knows: then the sweep looks.
                store.delete_objects(&objects.iter().filter_map(ObjectRow::stored).collect::<Vec<_>>()).await;
                return Err(error);
            }
        };
        tx.commit(event).await?;
        self.clear_away(&replaced, gone).await;
        Ok(answer)
    }

    /// Everything of an append but its commit.
    async fn prepare(
        &self,
        path: &FolderPath,
        flags: &Flags,
        at: Option<Timestamp>,
        sealed: Sealed,
        objects: &[ObjectRow],
    ) -> Result<Prepared, AppendError> {
        let mailbox = self.inner.sender.mailbox;
        let (mut tx, now) = self.change("append").await?;
        let folder = self.found(&mut tx, path).await?;
        let message = MessageRow {
            id: sealed.message,
            practice: self.inner.sender.practice,
            mailbox,
            size: sealed.size,
            created_at: now,
        };
        tx.append_message(&message, objects).await?;
        let replaced = self.replaced(&mut tx, path, sealed.message_id.as_ref(), now).await?;
        let taken = tx.take_uids(folder, 1).await?.ok_or(AppendError::NoSuchFolder)?;
        let entry = self.entry(sealed, folder, taken.first, flags, &replaced, at.unwrap_or(now), now)?;
        tx.append_entry(&entry).await?;
        let gone = tx.remove_entries(&replaced).await?;
        // Summed with the new entry and without the one it replaces; nobody else adds meanwhile (fault 47).
        if !tx.usage(mailbox).await?.fits(0) && replaced.is_empty() {
            return Err(AppendError::OverQuota);
        }
        tx.renumber_hidden(folder, now).await?;
        let event = self.event(Verb::Appended, now, replaced.len()).about_message(entry.message);
        let answer = (small(taken.uid_validity), small(entry.uid));
        Ok(Prepared { tx, event, answer, replaced, gone })
    }

    /// Under which Message-ID a message can stand for a submission. Drafts, Junk and Trash are no places for a sent one.
    fn stands_for<'a>(path: &FolderPath, message_id: Option<&'a KeyedHash>) -> Option<&'a KeyedHash> {
        let elsewhere = matches!(path.role(), Some(FolderRole::Drafts | FolderRole::Junk | FolderRole::Trash));
        message_id.filter(|_| !elsewhere)
    }

    /// The server's own copies of the same submission.
    async fn replaced(
        &self,
        tx: &mut Tx,
        path: &FolderPath,
        message_id: Option<&KeyedHash>,
        now: Timestamp,
    ) -> Result<Vec<EntryRow>, Fault> {
        let Some(message_id) = Self::stands_for(path, message_id) else { return Ok(Vec::new()) };
        let mut copies = tx.server_copies(self.inner.sender.mailbox, message_id, now.minus(KEPT)).await?;
        // A row that somebody else wrote is neither used nor taken away.
        copies.retain(|copy| self.check(copy).is_ok());
        // A second submission under the same Message-ID keeps its own copy: one append stands for one of them.
        copies.truncate(1);
        Ok(copies)
    }

    #[expect(clippy::too_many_arguments, reason = "the columns of one row")]
    fn entry(
        &self,
        sealed: Sealed,
        folder: crate::domain::FolderId,
        uid: i64,
        flags: &Flags,
        replaced: &[EntryRow],
        at: Timestamp,
        now: Timestamp,
    ) -> Result<EntryRow, Fault> {
        let id = EntryId::random(self.room.random.as_ref());
        let mut bits = flags.system.of_client();
        let mut keywords = flags.client_keywords();
        // State moves to the copy that takes the place: answered, flagged, the server's words, a person's.
        for copy in replaced {
            let state = SystemFlags(copy.flags).without(SystemFlags::DELETED).without(SystemFlags::DRAFT);
            bits = bits.with(state);
            keywords.extend(self.inner.keys.open_keywords(copy.id, copy.keywords.as_ref()).unwrap_or_default());
        }
        let mut row = EntryRow {
            id,
            mailbox: self.inner.sender.mailbox,
            folder,
            uid,
            message: sealed.message,
            head: sealed.head,
            esk: sealed.esk,
            flags: bits.0,
            keywords: self.inner.keys.seal_keywords(id, &keywords, self.room.random.as_ref())?,
            size: sealed.size,
            received_at: at,
            visible_at: now,
            message_id: sealed.message_id,
            server_copy: false,
            submission: replaced.first().map(|copy| copy.submission.unwrap_or(copy.message)),
            mac: Mac::pending(),
        };
        row.mac = self.room.vault.mark(&row);
        Ok(row)
    }

    /// Seals a message to the mailbox's own certificate, its large parts cut out.
    fn sealed(&self, kept: &KeptMessage, certificate: &PublicKey) -> Result<Sealed, Fault> {
        let (octets, vault, random) = (kept.reveal(), &self.room.vault, self.room.random.as_ref());
        let message = MessageId::random(random);
        // What no parser should read, and what is no message at all, is kept whole.
        let parsed = if kept.is_sound() { MessageParser::default().parse(octets) } else { None };
        let message_id = parsed.as_ref().and_then(|parsed| parsed.message_id());
        let message_id = message_id.map(|id| vault.message_id_hash(self.inner.sender.mailbox, id));
        let large = parsed.as_ref().map(|parsed| split::cuts(octets, parsed, split::LARGE)).unwrap_or_default();
        drop(parsed);
        let head = split::head(&[], octets, 0, &large);
        let parts = large.into_iter().map(|cut| cut.part).collect();
        let sealed = vault.seal_message(message, vec![head], parts, random)?;
        let head = sealed.heads.into_iter().next().ok_or(Fault::new("a head was not sealed"))?;
        let esk = vault.esk_for_mailbox(&head.key, certificate)?;
        let mut objects: Vec<NewObject> =
            sealed.parts.into_iter().map(|(id, container)| NewObject { id, container }).collect();
        objects.push(NewObject { id: head.object, container: head.container });
        let size = i64::try_from(octets.len()).unwrap_or(i64::MAX);
        Ok(Sealed { message, head: head.object, esk, objects, message_id, size })
    }

    /// The mailbox's certificate, unless somebody else wrote the row.
    fn certificate(&self, row: MailboxRow) -> Result<PublicKey, Fault> {
        if !self.room.vault.holds(&row, &row.mac) {
            tracing::error!(mailbox = %row.id, "a row without authority was not used: the database was changed by somebody else");
            return Err(Fault::new("a mailbox's authority code is not right"));
        }
        Ok(row.certificate)
    }
}

/// How long the server's copy of a submission waits for the client's.
const KEPT: Duration = Duration::from_secs(7 * 86_400);
/// Messages up to this size are sealed on the connection's own thread (octets).
const INLINE_WORK: usize = 256 * 1024;
