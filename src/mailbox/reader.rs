//! Everything that a mail client's session does to one mailbox, with its unlocked keys (RFC 3501, RFC 9051).
//!
//! A reader sees one mailbox and no other: every statement names it. Entries whose authority fails are not
//! opened. Folder names and keywords are sealed under the mailbox's own key; octets are given back exactly
//! as they were submitted or appended. Commands on folders are in `folders`, on messages in `append`,
//! `copy` and `flags`.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::domain::{
    Actor, AuditEvent, Container, EntryId, Fault, Flags, FolderId, FolderPath, FolderRole, Language, MailboxState,
    ObjectId, Sender, Timestamp, Verb,
};
use crate::store::Tx;
use crate::store::entries::EntryRow;
use crate::store::folders::{FolderKey, FolderState};
use crate::store::summaries::HeadRow;
use crate::vault::{MailboxKeys, OpenHead, SessionKey, SummaryOf};

use super::Mailboxes;
use super::cache::Cache;
use super::shared::Shared;

/// A folder as a mail client sees it.
#[derive(Clone, PartialEq, Eq)]
pub struct FolderInfo {
    /// Its id.
    pub id: FolderId,
    /// Its path, `/` between levels; special folders in the practice's language, INBOX exactly so.
    pub name: String,
    /// Its role.
    pub role: FolderRole,
    /// UIDVALIDITY.
    pub uid_validity: u32,
    /// UIDNEXT.
    pub uid_next: u32,
    /// Messages in it.
    pub messages: u32,
    /// Those without `\Seen`.
    pub unseen: u32,
    /// Those with `\Deleted`.
    pub deleted: u32,
    /// Octets of all messages.
    pub octets: u64,
    /// HIGHESTMODSEQ (RFC 7162).
    pub highest_modseq: u64,
    /// Whether it is subscribed to.
    pub subscribed: bool,
    /// Whether there are folders below it ([`Reader::folders`] alone looks).
    pub children: bool,
}

impl std::fmt::Debug for FolderInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FolderInfo({}, {}, {} messages)", self.id, self.role.word(), self.messages)
    }
}

/// A message of a folder, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryInfo {
    /// Its id.
    pub id: EntryId,
    /// Its UID.
    pub uid: u32,
    /// Its flags.
    pub flags: Flags,
    /// RFC822.SIZE.
    pub size: u64,
    /// INTERNALDATE.
    pub received_at: Timestamp,
    /// MODSEQ (RFC 7162).
    pub modseq: u64,
    /// EMAILID (RFC 8474): the head it shows.
    pub email: ObjectId,
}

/// Whether a session may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Valid,
    /// The keys of the mailbox were renewed: what comes in now opens with the next login.
    Renewed,
    /// Its device is revoked, or its mailbox suspended.
    Ended,
}

/// Why something is not done to a folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// There is none of that name.
    #[error("no such folder")]
    NoSuchFolder,
    /// The name is taken.
    #[error("the folder exists")]
    Exists,
    /// A special folder cannot be deleted or renamed.
    #[error("a special folder")]
    Special,
    /// Not a name of a folder.
    #[error("not a name of a folder")]
    BadName,
    /// It has folders below it.
    #[error("folders are below it")]
    HasChildren,
    /// The mailbox is full.
    #[error("over quota")]
    OverQuota,
    /// More at once, or of one kind, than a mailbox takes.
    #[error("too many")]
    TooMany,
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// One mailbox, open. Cheap to clone; the keys go with the last clone.
#[derive(Clone)]
pub struct Reader {
    pub(super) room: Mailboxes,
    pub(super) inner: Arc<Open>,
}

/// What the clones of a reader share.
pub(super) struct Open {
    pub(super) sender: Sender,
    pub(super) keys: MailboxKeys,
    /// Which keys of the mailbox they are.
    version: i64,
    pub(super) language: Language,
    pub(super) shared: Arc<Shared>,
    cache: Mutex<Cache>,
    met: Mutex<Met>,
}

/// The keywords last met in a folder, in lower case: what is there already needs no second look.
type Met = (Option<FolderId>, BTreeSet<String>);

impl Open {
    pub(super) fn met<T>(&self, work: impl FnOnce(&mut Met) -> T) -> T {
        // Replaced as a whole.
        work(&mut self.met.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Mailboxes {
    /// A mailbox, opened by a login with its keys of that version.
    ///
    /// # Errors
    /// A [`Fault`] of the store, or of a practice that is gone.
    pub async fn reader(&self, sender: Sender, keys: MailboxKeys, version: i64) -> Result<Reader, Fault> {
        let practice = self.store.practice(sender.practice).await?;
        let practice = practice.ok_or(Fault::new("a mailbox's practice is gone"))?;
        let language = self.vault.open_profile(practice.id, &practice.profile)?.language;
        let shared = self.shelf.of(sender.mailbox, &keys);
        let inner = Open { sender, keys, version, language, shared, cache: Mutex::default(), met: Mutex::default() };
        let reader = Reader { room: self.clone(), inner: Arc::new(inner) };
        reader.adopt_names().await;
        Ok(reader)
    }
}

impl Reader {
    /// All folders: INBOX first, then the special ones, then the others by name.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn folders(&self) -> Result<Vec<FolderInfo>, Fault> {
        self.reveal().await?;
        let states = self.room.store.folder_states(self.inner.sender.mailbox).await?;
        let mut found: Vec<(FolderPath, FolderState)> = Vec::with_capacity(states.len());
        // What an import left without a path waits for a session that begins.
        for state in states.into_iter().filter(|state| state.name.is_some() || state.role != FolderRole::Plain) {
            match self.path_of(&state) {
                Ok(path) => found.push((path, state)),
                // One row that somebody changed takes no other folder away.
                Err(fault) => {
                    tracing::error!(folder = %state.id, %fault, "a folder whose name does not open is not shown")
                }
            }
        }
        // Every path that something is below, also where a folder between is missing.
        let mut above: HashSet<String> = HashSet::new();
        for (path, _) in &found {
            let mut next = path.parent();
            while let Some(path) = next.filter(|path| above.insert(path.canonical())) {
                next = path.parent();
            }
        }
        let has_children = |path: &FolderPath| above.contains(&path.canonical());
        let mut infos: Vec<FolderInfo> = found
            .iter()
            .map(|(path, state)| FolderInfo { children: has_children(path), ..self.info(path, state) })
            .collect();
        let rank = |role: FolderRole| FolderRole::ALL.iter().position(|other| *other == role);
        infos.sort_by(|a, b| (rank(a.role), &a.name).cmp(&(rank(b.role), &b.name)));
        Ok(infos)
    }

    /// One folder, by its name.
    ///
    /// # Errors
    /// [`FolderError::NoSuchFolder`] also for what cannot be a name.
    pub async fn folder(&self, name: &str) -> Result<FolderInfo, FolderError> {
        let path = FolderPath::parse(name).ok_or(FolderError::NoSuchFolder)?;
        self.reveal().await?;
        let state = self.room.store.folder_state(self.inner.sender.mailbox, &self.key(&path)).await?;
        Ok(self.info(&path, &state.ok_or(FolderError::NoSuchFolder)?))
    }

    /// The octets of a message, exactly; `None` when it was expunged meanwhile.
    ///
    /// # Errors
    /// A [`Fault`] for a row without authority, a head or part that does not open, or of the store.
    pub async fn message(&self, id: EntryId) -> Result<Option<Arc<Zeroizing<Vec<u8>>>>, Fault> {
        if let Some(octets) = self.cache(|cache| cache.take(id)) {
            // What was expunged meanwhile is not given out of memory.
            let there = self.room.store.entry(self.inner.sender.mailbox, id).await?.is_some();
            return Ok(there.then_some(octets));
        }
        let Some(row) = self.room.store.head(self.inner.sender.mailbox, id).await? else { return Ok(None) };
        let opened = match self.opened(row).await {
            Err(fault) if !fault.is_transient() => return Err(self.unless_renewed(fault).await),
            opened => opened?,
        };
        match opened {
            Some(octets) => {
                let octets = Arc::new(octets);
                self.cache(|cache| cache.put(id, Arc::clone(&octets)));
                Ok(Some(octets))
            }
            // Its container went while we read: so did the row.
            None if self.room.store.entry(self.inner.sender.mailbox, id).await?.is_none() => Ok(None),
            None => Err(Fault::new("an entry's container is missing")),
        }
    }

    /// Octets used, and octets allowed (0: no limit).
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn quota(&self) -> Result<(u64, u64), Fault> {
        let usage = self.room.store.usage(self.inner.sender.mailbox).await?;
        Ok((u64::try_from(usage.used).unwrap_or(0), u64::try_from(usage.quota).unwrap_or(0)))
    }

    /// A number that changes whenever something changes in this mailbox: on this node at once, on others within a second.
    pub fn watch(&self) -> tokio::sync::watch::Receiver<u64> {
        self.room.store.watch(self.inner.sender.mailbox)
    }

    /// Whether the session may go on.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn standing(&self) -> Result<Standing, Fault> {
        let sender = &self.inner.sender;
        let Some(device) = self.room.store.device(sender.device).await? else { return Ok(Standing::Ended) };
        let Some(mailbox) = self.room.store.mailbox(sender.mailbox).await? else { return Ok(Standing::Ended) };
        Ok(match mailbox.state {
            MailboxState::Active if device.mailbox != mailbox.id => Standing::Ended,
            MailboxState::Active if mailbox.version != self.inner.version => Standing::Renewed,
            MailboxState::Active => Standing::Valid,
            MailboxState::Suspended => Standing::Ended,
        })
    }

    /// What does not open because the keys were renewed meanwhile is there all the same: the next session opens it.
    pub(super) async fn unless_renewed(&self, fault: Fault) -> Fault {
        match self.standing().await {
            Ok(Standing::Renewed) => Fault::new("the keys of this mailbox were renewed").transient(),
            _ => fault,
        }
    }

    async fn opened(&self, mut row: HeadRow) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
        let shows = row.summary.shows;
        if !self.room.vault.holds(&shows, &row.summary.mac) {
            tracing::error!(entry = %shows.entry, "a row without authority was not used: the database was changed by somebody else");
            return Err(Fault::new("an entry's authority code is not right"));
        }
        let store = &self.room.store;
        let container = match row.container.take() {
            Some(container) => container,
            None => match store.container(shows.head).await? {
                Some(container) => container,
                None => return Ok(None),
            },
        };
        // The session key stands in the summary: no public-key work. Without one the packet is opened.
        let key = match &row.summary.sealed {
            Some((key, sealed)) => self.opened_summary(&row.summary, *key, sealed).await?.map(|(key, _)| key),
            None => None,
        };
        let head = if container.as_octets().len() > INLINE_WORK {
            let this = self.clone();
            let job = move || this.open_head(&row, key, &container);
            tokio::task::spawn_blocking(job).await.map_err(|_| Fault::new("opening a message ended early"))??
        } else {
            self.open_head(&row, key, &container)?
        };
        if head.parts.is_empty() {
            return head.rebuild(&[]).map(Some);
        }
        let mut containers = Vec::with_capacity(head.parts.len());
        for part in &head.parts {
            let Some(container) = store.container(part.object).await? else { return Ok(None) };
            containers.push(container);
        }
        let this = self.clone();
        let job = move || {
            let mut parts = Vec::with_capacity(containers.len());
            for (part, container) in head.parts.iter().zip(&containers) {
                parts.push(this.room.vault.open_entry_part(&this.inner.keys, &head, part, container)?);
            }
            head.rebuild(&parts)
        };
        // Large parts are megabytes of work: it would hold up the other connections of this thread.
        let whole = tokio::task::spawn_blocking(job).await.map_err(|_| Fault::new("opening a message ended early"))?;
        whole.map(Some)
    }

    fn open_head(&self, row: &HeadRow, key: Option<SessionKey>, container: &Container) -> Result<OpenHead, Fault> {
        let (shows, vault, keys) = (row.summary.shows, &self.room.vault, &self.inner.keys);
        let of = SummaryOf { mailbox: shows.mailbox, message: shows.message, head: shows.head };
        match key {
            Some(key) => vault.open_summarised(keys, &key, of, container),
            None => vault.open_entry(keys, &row.esk, shows.message, shows.head, container),
        }
    }

    /// Refuses a row that somebody else wrote.
    pub(super) fn check(&self, row: &EntryRow) -> Result<(), Fault> {
        if row.mailbox == self.inner.sender.mailbox && self.room.vault.holds(row, &row.mac) {
            return Ok(());
        }
        tracing::error!(entry = %row.id, "a row without authority was not used: the database was changed by somebody else");
        Err(Fault::new("an entry's authority code is not right"))
    }

    /// Begins a change of the mailbox: nobody else changes it until this has ended. The instant is taken
    /// then, so that instants follow the order of the changes.
    pub(super) async fn change(&self, name: &'static str) -> Result<Change, Fault> {
        let mut tx = self.room.store.write(name).await?;
        let modseq = tx.touch_mailbox(self.inner.sender.mailbox, self.room.clock.now()).await?;
        Ok(Change { tx, now: self.room.clock.now(), modseq })
    }

    /// The event of a change by this session.
    pub(super) fn event(&self, verb: Verb, now: Timestamp, count: usize) -> AuditEvent {
        AuditEvent::new(now, Actor::Device(self.inner.sender.device), verb)
            .about_practice(self.inner.sender.practice)
            .about_mailbox(self.inner.sender.mailbox)
            .counting(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// How a path is looked up.
    pub(super) fn key(&self, path: &FolderPath) -> FolderKey {
        path.role().map_or_else(|| FolderKey::Name(self.inner.keys.folder_hash(path)), FolderKey::Role)
    }

    /// The flags of a row. Keywords that do not open are none: who writes the database can deny, not mislead.
    pub(super) fn flags(&self, id: EntryId, bits: i64, keywords: Option<&crate::domain::Sealed>) -> Flags {
        let keywords = self.inner.keys.open_keywords(id, keywords).unwrap_or_else(|fault| {
            tracing::error!(entry = %id, %fault, "keywords that do not open are not shown");
            Default::default()
        });
        Flags::of_row(bits, keywords)
    }

    /// What a list shows of a row.
    pub(super) fn entry_info(&self, row: &EntryRow) -> EntryInfo {
        EntryInfo {
            id: row.id,
            uid: small(row.uid),
            flags: self.flags(row.id, row.flags, row.keywords.as_ref()),
            size: u64::try_from(row.size).unwrap_or(0),
            received_at: row.received_at,
            modseq: u64::try_from(row.modseq).unwrap_or(1),
            email: row.head,
        }
    }

    fn path_of(&self, state: &FolderState) -> Result<FolderPath, Fault> {
        match (&state.name, state.role) {
            (Some(name), _) => self.inner.keys.open_folder(state.id, name),
            (None, FolderRole::Plain) => Err(Fault::new("a folder has neither name nor role")),
            (None, role) => Ok(FolderPath::special(role)),
        }
    }

    fn info(&self, path: &FolderPath, state: &FolderState) -> FolderInfo {
        FolderInfo {
            id: state.id,
            name: path.shown(self.inner.language),
            role: state.role,
            uid_validity: small(state.uid_validity),
            uid_next: small(state.uid_next),
            messages: small(state.messages),
            unseen: small(state.unseen),
            deleted: small(state.deleted),
            octets: u64::try_from(state.octets).unwrap_or(0),
            highest_modseq: u64::try_from(state.modseq).unwrap_or(1),
            subscribed: state.subscribed,
            children: false,
        }
    }

    fn cache<T>(&self, work: impl FnOnce(&mut Cache) -> T) -> T {
        // A cache is whole between two calls, whoever panicked elsewhere.
        work(&mut self.inner.cache.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A change of the mailbox on its way.
pub(super) struct Change {
    pub(super) tx: Tx,
    /// When.
    pub(super) now: Timestamp,
    /// The mod-sequence of what it changes.
    pub(super) modseq: i64,
}

/// UIDs and counts are 32 bits wide on the wire (RFC 9051 §2.3.1.1).
pub(super) fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(if number < 0 { 0 } else { u32::MAX })
}

/// Containers up to this size are opened on the connection's own thread (octets).
const INLINE_WORK: usize = 256 * 1024;
