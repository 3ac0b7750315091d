//! Import: messages of another account or of files, into a mailbox (R-D4).
//!
//! With the mailbox's keys it merges: folders by name, and a message that is in its folder already is not taken
//! twice. Without them it seals into a tree of its own, whose names wait for the next session. Every message is
//! noted in the transaction that stores it, by keyed hashes: an import that was interrupted goes on where it was, and
//! a second one takes what is new. Octets are never altered here; what could not be given back is refused.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use crate::domain::{
    Actor, Address, AuditEvent, EntryId, Fault, Flags, FolderId, FolderPath, KeptMessage, KeyedHash, Mac, MailboxId,
    MailboxState, PracticeId, PublicKey, RawMessageFault, Timestamp, Verb,
};
use crate::mime::Described;
use crate::store::Tx;
use crate::store::deposit::{MessageRow, ObjectRow};
use crate::store::entries::{EntryRow, Usage};
use crate::store::imports::{ImportRow, WaitingName, WaitingRow};
use crate::store::summaries::{DepositKeyRow, NewSummary};
use crate::vault::{DepositKey, SessionKey, SummaryOf};

use super::Mailboxes;
use super::reader::{Change, FolderError, Reader};
use super::seal::SealedKept;

/// A message of a source.
pub struct NewImport {
    /// What tells it in its folder there, whatever happens to its flags.
    pub identity: Vec<u8>,
    /// Its flags.
    pub flags: Flags,
    /// INTERNALDATE; now, where none is known.
    pub at: Option<Timestamp>,
    /// Its octets.
    pub octets: Vec<u8>,
    /// It is not taken where a message of the same octets was taken from any folder: its own shows what others hold.
    pub shown_elsewhere: bool,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It was stored.
    New,
    /// It was there.
    There,
    /// It was not stored.
    Refused(NotTaken),
}

/// Why a message is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It could not be given back as it is.
    #[error("{0}")]
    NotClean(RawMessageFault),
    /// More keywords than a message or a folder takes.
    #[error("too many keywords, of its own or in the folder")]
    TooManyKeywords,
}

/// Why an import stops. What was stored before stands.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is no such mailbox, or it is suspended.
    #[error("there is no mailbox of this address in use")]
    NoMailbox,
    /// It does not fit.
    #[error("{more} octets more do not fit: {used} of {quota} are used; --over-quota takes them all the same")]
    OverQuota {
        /// Octets that were to be stored.
        more: i64,
        /// Octets used.
        used: i64,
        /// Octets allowed.
        quota: i64,
    },
    /// A name that no folder can have here.
    #[error("a name that no folder can have")]
    BadName,
    /// More folders than a mailbox takes.
    #[error("more folders than a mailbox takes")]
    TooManyFolders,
    /// Another import takes the same messages.
    #[error("another import of the same source is running")]
    Twice,
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<FolderError> for ImportError {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::Fault(fault) => Self::Fault(fault),
            FolderError::TooMany => Self::TooManyFolders,
            _ => Self::BadName,
        }
    }
}

/// An import into one mailbox.
#[derive(Clone)]
pub struct Import {
    room: Mailboxes,
    mailbox: MailboxId,
    practice: PracticeId,
    actor: Actor,
    certificate: PublicKey,
    /// The session that merges; `None`: sealed into a tree of its own.
    reader: Option<Reader>,
    over_quota: bool,
}

impl Mailboxes {
    /// An import by a session: it merges.
    ///
    /// # Errors
    /// A [`Fault`] of the store, or of a mailbox without authority.
    pub async fn import(&self, reader: Reader, over_quota: bool) -> Result<Import, ImportError> {
        let sender = &reader.inner.sender;
        let row = self.store.mailbox(sender.mailbox).await?.ok_or(ImportError::NoMailbox)?;
        let (mailbox, practice, actor) = (row.id, row.practice, Actor::Device(sender.device));
        let certificate = self.certificate(row)?;
        Ok(Import { room: self.clone(), mailbox, practice, actor, certificate, reader: Some(reader), over_quota })
    }

    /// An import without any key of the mailbox, by an administrator: it seals.
    ///
    /// # Errors
    /// [`ImportError::NoMailbox`].
    pub async fn import_sealed(&self, address: &Address, over_quota: bool) -> Result<Import, ImportError> {
        let row = self.store.mailbox_at(&address.folded()).await?.ok_or(ImportError::NoMailbox)?;
        if row.state != MailboxState::Active {
            return Err(ImportError::NoMailbox);
        }
        let (mailbox, practice) = (row.id, row.practice);
        let certificate = self.certificate(row)?;
        let room = self.clone();
        Ok(Import { room, mailbox, practice, actor: Actor::Operator, certificate, reader: None, over_quota })
    }
}

impl Import {
    /// What was taken from a folder of a source before. The source's text tells it from every other.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn folder(&self, source: &str) -> Result<ImportFolder, ImportError> {
        let sources = self.hashes("import source", source.as_bytes());
        let (mut done, mut entries) = (HashSet::new(), HashSet::new());
        for source in &sources {
            for (message, entry) in self.room.store.imported(self.mailbox, source).await? {
                done.insert(message);
                entries.insert(entry);
            }
        }
        let source = sources.first().cloned().ok_or(Fault::new("a hash was not made"))?;
        Ok(ImportFolder { import: self.clone(), source, sources, done, entries, into: None, there: HashMap::new() })
    }

    /// Refuses what cannot fit. Where it merges, everything that is there may be among it: then only what is more than
    /// the whole quota is refused now, and the rest when it comes to it.
    ///
    /// # Errors
    /// [`ImportError::OverQuota`] with the figures.
    pub async fn fits(&self, more: u64) -> Result<(), ImportError> {
        let usage = self.room.store.usage(self.mailbox).await?;
        let more = i64::try_from(more).unwrap_or(i64::MAX);
        let used = if self.reader.is_some() { 0 } else { usage.used };
        if self.over_quota || (Usage { used, ..usage }).fits(more) { Ok(()) } else { Err(over(usage, more)) }
    }

    fn hash(&self, purpose: &'static str, value: &[u8]) -> KeyedHash {
        let scoped = zeroize::Zeroizing::new([self.mailbox.as_bytes().as_slice(), value].concat());
        self.room.vault.hash(purpose, Some(self.practice), &scoped)
    }

    /// The same under every root key, the one in use first: marks are never made again, so they stay what they were.
    fn hashes(&self, purpose: &'static str, value: &[u8]) -> Vec<KeyedHash> {
        let scoped = zeroize::Zeroizing::new([self.mailbox.as_bytes().as_slice(), value].concat());
        self.room.vault.hashes(purpose, Some(self.practice), &scoped)
    }

    async fn change(&self, name: &'static str) -> Result<Change, Fault> {
        let mut tx = self.room.store.write(name).await?;
        let modseq = tx.touch_mailbox(self.mailbox, self.room.clock.now()).await?;
        Ok(Change { tx, now: self.room.clock.now(), modseq })
    }

    fn event(&self, verb: Verb, now: Timestamp, count: usize) -> AuditEvent {
        AuditEvent::new(now, self.actor, verb)
            .about_practice(self.practice)
            .about_mailbox(self.mailbox)
            .counting(i64::try_from(count).unwrap_or(i64::MAX))
    }

    fn key_row(&self, key: &DepositKey) -> DepositKeyRow {
        let (id, mailbox, esk, created_at) = (key.id, key.mailbox, key.esk.clone(), key.made_at);
        let mut row = DepositKeyRow { id, mailbox, esk, mac: Mac::pending(), created_at };
        row.mac = self.room.vault.mark(&row);
        row
    }

    fn deposit_key(&self) -> Result<std::sync::Arc<DepositKey>, Fault> {
        let (room, now) = (&self.room, self.room.clock.now());
        room.vault.deposit_key(self.mailbox, &self.certificate, now, room.random.as_ref())
    }
}

/// One folder of a source, and where its messages go.
pub struct ImportFolder {
    import: Import,
    source: KeyedHash,
    /// The same under every root key.
    sources: Vec<KeyedHash>,
    done: HashSet<KeyedHash>,
    /// What earlier runs stored from here.
    entries: HashSet<EntryId>,
    into: Option<FolderId>,
    /// What was in the folder before, and is not of this source: by size.
    there: HashMap<u64, Vec<EntryId>>,
}

/// A message on its way into the database.
struct Ready {
    entry: EntryId,
    message: KeyedHash,
    octets: KeyedHash,
    flags: Flags,
    at: Option<Timestamp>,
    sealed: SealedKept,
    objects: Vec<ObjectRow>,
}

impl ImportFolder {
    /// Whether nothing was ever taken from here.
    pub fn is_new(&self) -> bool {
        self.done.is_empty()
    }

    /// Whether a message was taken before.
    pub fn is_done(&self, identity: &[u8]) -> bool {
        self.import.hashes("import message", identity).iter().any(|hash| self.done.contains(hash))
    }

    /// What tells octets from all others, for sources that have no other name for a message.
    pub fn mark(&self, octets: &[u8]) -> Vec<u8> {
        self.import.hash("import octets", octets).as_octets().to_vec()
    }

    /// Whether octets were taken from anywhere, by their hashes.
    async fn was_taken(&self, octets: &[KeyedHash]) -> Result<bool, Fault> {
        for hash in octets {
            if self.import.room.store.was_imported(self.import.mailbox, hash).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Finds or makes the folder that messages go to.
    ///
    /// # Errors
    /// [`ImportError::BadName`], [`ImportError::TooManyFolders`].
    pub async fn open(&mut self, name: &str) -> Result<(), ImportError> {
        let path = FolderPath::parse(name).ok_or(ImportError::BadName)?;
        if let Some(reader) = self.import.reader.clone() {
            match reader.create(name).await {
                Ok(()) | Err(FolderError::Exists) => {}
                Err(error) => return Err(error.into()),
            }
            let folder = reader.folder(name).await?.id;
            for entry in reader.snapshot(folder).await?.entries.iter() {
                if !self.entries.contains(&entry.id) {
                    self.there.entry(entry.size).or_default().push(entry.id);
                }
            }
            self.into = Some(folder);
            return Ok(());
        }
        let mut there = None;
        for source in &self.sources {
            if there.is_none() {
                there = self.import.room.store.import_folder(self.import.mailbox, source).await?;
            }
        }
        self.into = Some(match there {
            Some(id) => id,
            None => self.make_sealed(&path).await?,
        });
        Ok(())
    }

    async fn make_sealed(&self, path: &FolderPath) -> Result<FolderId, ImportError> {
        let (import, random) = (&self.import, self.import.room.random.as_ref());
        let (id, key) = (FolderId::random(random), import.deposit_key()?);
        let text = zeroize::Zeroizing::new(path.canonical());
        let sealed = key.key().seal_name(import.mailbox, id.as_bytes(), text.as_bytes(), random)?;
        let Change { mut tx, now, .. } = import.change("make a sealed folder").await?;
        if tx.count_folders(import.mailbox).await? >= super::folders::FOLDERS {
            return Err(ImportError::TooManyFolders);
        }
        tx.put_deposit_key(&import.key_row(&key)).await?;
        if !tx.make_import_folder(import.mailbox, &self.source, id, now).await? {
            return Err(ImportError::Twice);
        }
        let name = WaitingName { row: WaitingRow::Path(id), key: key.id, sealed };
        tx.put_waiting_name(import.mailbox, &name).await?;
        tx.commit(import.event(Verb::FolderCreated, now, 1)).await?;
        key.stored();
        Ok(id)
    }

    /// Stores messages, in one transaction with what is noted of them. One answer for each, in order.
    ///
    /// # Errors
    /// [`ImportError`]; then none of these is stored.
    pub async fn take(&mut self, messages: Vec<NewImport>) -> Result<Vec<Taken>, ImportError> {
        let into = self.into.ok_or(Fault::new("a folder of an import was not opened"))?;
        let (mut answers, mut ready, mut noted, mut fresh) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for NewImport { identity, flags, at, octets, shown_elsewhere } in messages {
            let message = self.import.hash("import message", &identity);
            let mark = self.import.hash("import octets", &octets);
            let octets_of = self.import.hashes("import octets", &octets);
            let kept = match KeptMessage::new(octets) {
                Ok(kept) => kept,
                Err(fault) => {
                    answers.push(Taken::Refused(NotTaken::NotClean(fault)));
                    continue;
                }
            };
            if self.is_done(&identity) || shown_elsewhere && self.was_taken(&octets_of).await? {
                answers.push(Taken::There);
                continue;
            }
            if let Some(entry) = self.same(&kept).await? {
                noted.push(self.row(&message, &mark, entry));
                answers.push(Taken::There);
                continue;
            }
            // A folder that nobody has opened yet takes what a message may have.
            let fits = match &self.import.reader {
                Some(reader) => reader.keywords_fit(into, &flags).await,
                None if flags.client_keywords().len() > super::flags::KEYWORDS => Err(FolderError::TooMany),
                None => Ok(()),
            };
            match fits {
                Ok(()) => {}
                Err(FolderError::TooMany) => {
                    answers.push(Taken::Refused(NotTaken::TooManyKeywords));
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            answers.push(Taken::New);
            fresh.push((message, mark, flags, at, kept));
        }
        let keys = Mutex::new(Vec::new());
        for (message, octets, flags, at, kept) in fresh {
            // On this thread: a command has nothing else to do.
            let sealed = self.import.seal(&kept, &keys)?;
            let entry = EntryId::random(self.import.room.random.as_ref());
            ready.push(Ready { entry, message, octets, flags, at, sealed, objects: Vec::new() });
        }
        let keys = keys.into_inner().unwrap_or_default();
        if !ready.is_empty() || !noted.is_empty() {
            self.store(into, &mut ready, &noted, &keys).await?;
        }
        self.done.extend(ready.into_iter().map(|ready| ready.message));
        self.done.extend(noted.into_iter().map(|row: ImportRow| row.message));
        Ok(answers)
    }

    /// A message of the folder that has these octets and stands for no other of the source.
    async fn same(&mut self, kept: &KeptMessage) -> Result<Option<EntryId>, ImportError> {
        let Some(reader) = &self.import.reader else { return Ok(None) };
        let size = u64::try_from(kept.reveal().len()).unwrap_or(u64::MAX);
        let Some(candidates) = self.there.get_mut(&size) else { return Ok(None) };
        for at in 0..candidates.len() {
            let Some(&id) = candidates.get(at) else { break };
            // One that does not open is none.
            let octets = reader.message(id).await.ok().flatten();
            if octets.is_some_and(|octets| octets.as_slice() == kept.reveal()) {
                candidates.remove(at);
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    fn row(&self, message: &KeyedHash, octets: &KeyedHash, entry: EntryId) -> ImportRow {
        let (message, octets, created_at) = (message.clone(), octets.clone(), self.import.room.clock.now());
        ImportRow { mailbox: self.import.mailbox, source: self.source.clone(), message, octets, entry, created_at }
    }

    async fn store(
        &self,
        into: FolderId,
        ready: &mut [Ready],
        noted: &[ImportRow],
        keys: &[std::sync::Arc<DepositKey>],
    ) -> Result<(), ImportError> {
        let store = &self.import.room.store;
        for Ready { sealed, objects, .. } in ready.iter_mut() {
            *objects = store.put_objects(std::mem::take(&mut sealed.objects)).await?;
        }
        match self.prepare(into, ready, noted, keys).await {
            Ok((tx, event)) => tx.commit(event).await?,
            Err(error) => {
                // Nothing was committed. After a commit that failed nobody knows: then the sweep looks.
                let stored = ready.iter().flat_map(|ready| &ready.objects).filter_map(ObjectRow::stored);
                store.delete_objects(&stored.collect::<Vec<_>>()).await;
                return Err(error);
            }
        }
        keys.iter().for_each(|key| key.stored());
        Ok(())
    }

    /// Everything of one transaction but its commit.
    async fn prepare(
        &self,
        into: FolderId,
        ready: &[Ready],
        noted: &[ImportRow],
        keys: &[std::sync::Arc<DepositKey>],
    ) -> Result<(Tx, AuditEvent), ImportError> {
        let import = &self.import;
        let Change { mut tx, now, modseq } = import.change("import").await?;
        for key in keys.iter().filter(|key| !key.is_stored()) {
            tx.put_deposit_key(&import.key_row(key)).await?;
        }
        let taken = tx.take_uids(into, ready.len(), modseq).await?.ok_or(ImportError::BadName)?;
        let mut more = 0_i64;
        for (one, uid) in ready.iter().zip(taken.first..) {
            let (id, size) = (one.sealed.message, one.sealed.size);
            let message = MessageRow { id, practice: import.practice, mailbox: import.mailbox, size, created_at: now };
            tx.append_message(&message, &one.objects).await?;
            let entry = import.entry(one, (into, uid), now, modseq)?;
            tx.append_entry(&entry).await?;
            if let Some(summary) = &one.sealed.summary {
                tx.put_summary(import.mailbox, one.sealed.head, summary).await?;
            }
            if let Some(name) = import.waiting_keywords(one, keys)? {
                tx.put_waiting_name(import.mailbox, &name).await?;
            }
            if !tx.note_imported(&self.row(&one.message, &one.octets, one.entry)).await? {
                return Err(ImportError::Twice);
            }
            more = more.saturating_add(size);
        }
        for row in noted {
            tx.note_imported(row).await?;
        }
        let usage = tx.usage(import.mailbox).await?;
        if !import.over_quota && more > 0 && !usage.fits(0) {
            return Err(over(Usage { used: usage.used.saturating_sub(more), ..usage }, more));
        }
        Ok((tx, import.event(Verb::Imported, now, ready.len())))
    }
}

impl Import {
    fn seal(&self, kept: &KeptMessage, keys: &Mutex<Vec<std::sync::Arc<DepositKey>>>) -> Result<SealedKept, Fault> {
        let summary = |of: SummaryOf, session: &SessionKey, described: &Described| {
            if let Some(reader) = &self.reader {
                return reader.sealed_summary(of, session, described);
            }
            let key = self.deposit_key()?;
            let sealed = match &described.summary {
                Some(summary) => {
                    let words = described.words.as_ref().map(|words| words.as_slice());
                    let sealed = key.key().seal(of, session, summary.octets(), words, self.room.random.as_ref())?;
                    Some(NewSummary { key: Some(key.id), summary: sealed.summary, words: sealed.words })
                }
                None => None,
            };
            keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(key);
            Ok(sealed)
        };
        self.room.seal_kept(self.mailbox, kept, &self.certificate, summary)
    }

    fn entry(
        &self,
        one: &Ready,
        (folder, uid): (FolderId, i64),
        now: Timestamp,
        modseq: i64,
    ) -> Result<EntryRow, Fault> {
        let keywords = match &self.reader {
            Some(reader) => {
                let words = one.flags.client_keywords();
                reader.inner.keys.seal_keywords(one.entry, &words, self.room.random.as_ref())?
            }
            None => None,
        };
        let mut row = EntryRow {
            id: one.entry,
            mailbox: self.mailbox,
            folder,
            uid,
            message: one.sealed.message,
            head: one.sealed.head,
            esk: one.sealed.esk.clone(),
            flags: one.flags.system.of_client().0,
            keywords,
            size: one.sealed.size,
            received_at: one.at.unwrap_or(now),
            visible_at: now,
            message_id: one.sealed.message_ids.first().cloned(),
            server_copy: false,
            submission: None,
            modseq,
            mac: Mac::pending(),
        };
        row.mac = self.room.vault.mark(&row);
        Ok(row)
    }

    /// The keywords of a message, where there are no keys to seal them under.
    fn waiting_keywords(&self, one: &Ready, keys: &[std::sync::Arc<DepositKey>]) -> Result<Option<WaitingName>, Fault> {
        let words = one.flags.client_keywords();
        if self.reader.is_some() || words.is_empty() {
            return Ok(None);
        }
        let key = keys.last().ok_or(Fault::new("an import has no deposit key"))?;
        let json = serde_json::to_vec(&words).map(zeroize::Zeroizing::new);
        let json = json.map_err(|_| Fault::new("keywords cannot be written"))?;
        let sealed = key.key().seal_name(self.mailbox, one.entry.as_bytes(), &json, self.room.random.as_ref())?;
        Ok(Some(WaitingName { row: WaitingRow::Keywords(one.entry), key: key.id, sealed }))
    }
}

fn over(usage: Usage, more: i64) -> ImportError {
    ImportError::OverQuota { more, used: usage.used, quota: usage.quota }
}
