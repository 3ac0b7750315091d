//! APPEND: a client's own message, sealed before it is stored, durable before it is answered (RFC 3501 §6.3.11).
//!
//! A copy of a submission takes the place of the one that the server kept (R-A2): found by Message-ID, never
//! by octets, which clients change. The new entry is stored first; both happen in one transaction.

use std::time::Duration;

use crate::domain::{
    AuditEvent, EntryId, Esk, Fault, Flags, FolderId, FolderPath, FolderRole, KeptMessage, KeyedHash, Mac, MessageId,
    ObjectId, PublicKey, SystemFlags, Timestamp, Verb,
};
use crate::store::Tx;
use crate::store::deposit::{MessageRow, NewObject, ObjectRow};
use crate::store::entries::EntryRow;
use crate::store::summaries::NewSummary;

use super::reader::{Change, FolderError, Reader, small};
use super::seal::SealedKept;

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
    /// The message to be replaced is not there.
    #[error("no such message")]
    Gone,
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

/// A message that a client brings.
pub struct NewMessage {
    /// Its flags.
    pub flags: Flags,
    /// INTERNALDATE; now, where none is given.
    pub at: Option<Timestamp>,
    /// Its octets.
    pub octets: Vec<u8>,
}

/// A message sealed to the mailbox, not yet stored.
struct Sealed {
    message: MessageId,
    head: ObjectId,
    esk: Esk,
    objects: Vec<NewObject>,
    message_ids: Vec<KeyedHash>,
    summary: Option<NewSummary>,
    size: i64,
    flags: Flags,
    at: Option<Timestamp>,
}

/// A sealed message whose large objects are durable.
struct Ready {
    sealed: Sealed,
    objects: Vec<ObjectRow>,
}

/// An append that is ready to be committed.
struct Prepared {
    tx: Tx,
    event: AuditEvent,
    validity: u32,
    uids: Vec<u32>,
    gone_rows: Vec<EntryRow>,
    gone: Vec<ObjectId>,
}

impl Reader {
    /// Stores messages in a folder, all or none (RFC 3502); returns UIDVALIDITY and their UIDs.
    ///
    /// # Errors
    /// [`AppendError`]; then nothing is stored.
    pub async fn append(&self, folder: &str, messages: Vec<NewMessage>) -> Result<(u32, Vec<u32>), AppendError> {
        self.store(folder, messages, None).await
    }

    /// Stores a message in the place of another, in one transaction (RFC 8508); returns UIDVALIDITY and UID.
    ///
    /// # Errors
    /// [`AppendError`], [`AppendError::Gone`] where the other is not there; then nothing is changed.
    pub async fn replace(
        &self,
        from: FolderId,
        uid: u32,
        folder: &str,
        message: NewMessage,
    ) -> Result<(u32, u32), AppendError> {
        let (validity, uids) = self.store(folder, vec![message], Some((from, uid))).await?;
        let uid = uids.first().copied().ok_or(Fault::new("an append gave no UID"))?;
        Ok((validity, uid))
    }

    async fn store(
        &self,
        folder: &str,
        messages: Vec<NewMessage>,
        replaces: Option<(FolderId, u32)>,
    ) -> Result<(u32, Vec<u32>), AppendError> {
        let path = FolderPath::parse(folder).ok_or(AppendError::NoSuchFolder)?;
        let (store, mailbox) = (&self.room.store, self.inner.sender.mailbox);
        // Asked before the work of sealing; decided in the transaction.
        let into = store.folder_id(mailbox, &self.key(&path)).await?.ok_or(AppendError::NoSuchFolder)?;
        let row = store.mailbox(mailbox).await?.ok_or(Fault::new("a session's mailbox is gone"))?;
        let certificate = self.room.certificate(row)?;
        let mut ready = Vec::with_capacity(messages.len());
        for message in messages {
            self.keywords_fit(into, &message.flags).await?;
            ready.push(Ready { sealed: self.seal(message, &certificate).await?, objects: Vec::new() });
        }
        if replaces.is_none() {
            self.fits(&path, &ready).await?;
        }
        let stored = self.put(&mut ready).await;
        let prepared = match stored {
            Ok(()) => self.prepare(&path, &ready, replaces).await,
            Err(fault) => Err(fault.into()),
        };
        let Prepared { tx, event, validity, uids, gone_rows, gone } = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                // Nothing was committed. After a commit that failed nobody knows: then the sweep looks.
                let stored = ready.iter().flat_map(|ready| &ready.objects).filter_map(ObjectRow::stored);
                store.delete_objects(&stored.collect::<Vec<_>>()).await;
                return Err(error);
            }
        };
        tx.commit(event).await?;
        self.clear_away(&gone_rows, gone).await;
        Ok((validity, uids))
    }

    /// Seals a message; a large one beside the connections.
    async fn seal(&self, message: NewMessage, certificate: &PublicKey) -> Result<Sealed, AppendError> {
        let NewMessage { flags, at, octets } = message;
        if u32::try_from(octets.len()).is_err() {
            return Err(AppendError::TooLarge);
        }
        let kept = KeptMessage::new(octets).map_err(|_| AppendError::NotClean)?;
        if kept.reveal().len() <= INLINE_WORK {
            return Ok(self.sealed(&kept, certificate, flags, at)?);
        }
        let (this, certificate) = (self.clone(), certificate.clone());
        let job = move || this.sealed(&kept, &certificate, flags, at);
        let sealed = tokio::task::spawn_blocking(job).await;
        Ok(sealed.map_err(|_| Fault::new("sealing a message ended early"))??)
    }

    /// Asked before objects are written, unless a message takes another's place; decided in the transaction.
    async fn fits(&self, path: &FolderPath, ready: &[Ready]) -> Result<(), AppendError> {
        let (store, mailbox) = (&self.room.store, self.inner.sender.mailbox);
        for Ready { sealed, .. } in ready {
            for hash in Self::stands_for(path, &sealed.message_ids) {
                if store.has_server_copy(mailbox, hash, self.room.clock.now().minus(KEPT)).await? {
                    return Ok(());
                }
            }
        }
        let more = ready.iter().fold(0_i64, |sum, ready| sum.saturating_add(ready.sealed.size));
        if store.usage(mailbox).await?.fits(more) { Ok(()) } else { Err(AppendError::OverQuota) }
    }

    /// Makes the large objects durable.
    async fn put(&self, ready: &mut [Ready]) -> Result<(), Fault> {
        for Ready { sealed, objects } in ready {
            *objects = self.room.store.put_objects(std::mem::take(&mut sealed.objects)).await?;
        }
        Ok(())
    }

    /// Everything of an append but its commit.
    async fn prepare(
        &self,
        path: &FolderPath,
        ready: &[Ready],
        replaces: Option<(FolderId, u32)>,
    ) -> Result<Prepared, AppendError> {
        let mailbox = self.inner.sender.mailbox;
        let Change { mut tx, now, modseq } = self.change("append").await?;
        let folder = self.found(&mut tx, path).await?;
        let mut gone_rows = match replaces {
            Some((from, uid)) => self.named(&mut tx, from, &[uid]).await?,
            None => Vec::new(),
        };
        if replaces.is_some() && gone_rows.is_empty() {
            return Err(AppendError::Gone);
        }
        let taken = tx.take_uids(folder, ready.len(), modseq).await?.ok_or(AppendError::NoSuchFolder)?;
        let (mut uids, mut message_id, mut copies) = (Vec::with_capacity(ready.len()), None, 0);
        // What the quota counts: what comes, and does not take the place of the server's own copy.
        let mut more = 0_i64;
        for (Ready { sealed, objects }, uid) in ready.iter().zip(taken.first..) {
            let message = MessageRow {
                id: sealed.message,
                practice: self.inner.sender.practice,
                mailbox,
                size: sealed.size,
                created_at: now,
            };
            tx.append_message(&message, objects).await?;
            let replaced = self.replaced(&mut tx, path, &sealed.message_ids, now).await?;
            // A copy that an earlier one of these took the place of is not there any more.
            let replaced: Vec<EntryRow> =
                replaced.into_iter().filter(|copy| gone_rows.iter().all(|gone| gone.id != copy.id)).collect();
            let entry = self.entry(sealed, (folder, uid), &replaced, now, modseq)?;
            tx.append_entry(&entry).await?;
            if let Some(summary) = &sealed.summary {
                tx.put_summary(mailbox, sealed.head, summary).await?;
            }
            if replaced.is_empty() {
                more = more.saturating_add(sealed.size);
            }
            copies += replaced.len();
            gone_rows.extend(replaced);
            uids.push(small(uid));
            message_id = Some(sealed.message);
        }
        let freed =
            gone_rows.iter().filter(|_| replaces.is_some()).fold(0_i64, |sum, row| sum.saturating_add(row.size));
        let gone = tx.remove_entries(&gone_rows, modseq).await?;
        // Summed with the new entries and without those they replace; nobody else adds meanwhile (fault 47).
        if more > freed && !tx.usage(mailbox).await?.fits(0) {
            return Err(AppendError::OverQuota);
        }
        let verb = if replaces.is_some() { Verb::Replaced } else { Verb::Appended };
        let mut event = self.event(verb, now, if ready.len() == 1 { copies } else { ready.len() });
        if let (Some(id), 1) = (message_id, ready.len()) {
            event = event.about_message(id);
        }
        Ok(Prepared { tx, event, validity: small(taken.uid_validity), uids, gone_rows, gone })
    }

    /// Under which Message-ID a message can stand for a submission. Drafts, Junk and Trash are no places for a sent one.
    fn stands_for<'a>(path: &FolderPath, message_ids: &'a [KeyedHash]) -> &'a [KeyedHash] {
        let elsewhere = matches!(path.role(), Some(FolderRole::Drafts | FolderRole::Junk | FolderRole::Trash));
        if elsewhere { &[] } else { message_ids }
    }

    /// The server's own copies of the same submission.
    async fn replaced(
        &self,
        tx: &mut Tx,
        path: &FolderPath,
        message_ids: &[KeyedHash],
        now: Timestamp,
    ) -> Result<Vec<EntryRow>, Fault> {
        let mut copies = Vec::new();
        for hash in Self::stands_for(path, message_ids) {
            copies.extend(tx.server_copies(self.inner.sender.mailbox, hash, now.minus(KEPT)).await?);
        }
        copies.sort_by_key(|copy| (copy.received_at, copy.id));
        // A row that somebody else wrote is neither used nor taken away.
        copies.retain(|copy| self.check(copy).is_ok());
        // A second submission under the same Message-ID keeps its own copy: one append stands for one of them.
        copies.truncate(1);
        Ok(copies)
    }

    fn entry(
        &self,
        sealed: &Sealed,
        (folder, uid): (FolderId, i64),
        replaced: &[EntryRow],
        now: Timestamp,
        modseq: i64,
    ) -> Result<EntryRow, Fault> {
        let id = EntryId::random(self.room.random.as_ref());
        let mut bits = sealed.flags.system.of_client();
        let mut keywords = sealed.flags.client_keywords();
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
            esk: sealed.esk.clone(),
            flags: bits.0,
            keywords: self.inner.keys.seal_keywords(id, &keywords, self.room.random.as_ref())?,
            size: sealed.size,
            received_at: sealed.at.unwrap_or(now),
            visible_at: now,
            message_id: sealed.message_ids.first().cloned(),
            server_copy: false,
            submission: replaced.first().map(|copy| copy.submission.unwrap_or(copy.message)),
            modseq,
            mac: Mac::pending(),
        };
        row.mac = self.room.vault.mark(&row);
        Ok(row)
    }

    /// Seals a message to the mailbox's own certificate, its large parts cut out, with its summary.
    fn sealed(
        &self,
        kept: &KeptMessage,
        certificate: &PublicKey,
        flags: Flags,
        at: Option<Timestamp>,
    ) -> Result<Sealed, Fault> {
        let mailbox = self.inner.sender.mailbox;
        let summary = |of, key: &_, described: &_| self.sealed_summary(of, key, described);
        let SealedKept { message, head, esk, objects, message_ids, summary, size } =
            self.room.seal_kept(mailbox, kept, certificate, summary)?;
        Ok(Sealed { message, head, esk, objects, message_ids, summary, size, flags, at })
    }
}

/// How long the server's copy of a submission waits for the client's.
const KEPT: Duration = Duration::from_secs(7 * 86_400);
/// Messages up to this size are sealed on the connection's own thread (octets).
const INLINE_WORK: usize = 256 * 1024;
