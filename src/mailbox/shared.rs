//! What all sessions of one mailbox on this node share: folders as they are, and the keys of summaries.
//!
//! A folder is listed once, whoever looks at it, and brought up to date by what changed since (RFC 7162): ten
//! thousand sessions cost little more than one. It goes with the last session that holds it. Whoever is here has
//! unlocked the mailbox.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::domain::{DepositKeyId, Fault, FolderId, MailboxId};
use crate::store::entries::{EntryLine, Listing, REVEALED};
use crate::vault::{MailboxKeys, SummaryKey};

use super::reader::{EntryInfo, Reader, small};

/// A folder's messages at one instant, by UID; shared by all sessions that look at it.
#[derive(Clone)]
pub struct Snapshot {
    /// The messages.
    pub entries: Arc<Vec<EntryInfo>>,
    /// HIGHESTMODSEQ.
    pub highest_modseq: u64,
    /// UIDNEXT.
    pub uid_next: u32,
}

/// The mailboxes that sessions of this node have open, by the keys that opened them: who has others, of whatever
/// making, shares nothing.
#[derive(Default)]
pub(super) struct Shelf(Mutex<HashMap<Opened, Weak<Shared>>>);

/// A mailbox, and the tag of the keys that opened it.
type Opened = (MailboxId, [u8; 32]);

impl Shelf {
    /// What the sessions of a mailbox share.
    pub(super) fn of(&self, mailbox: MailboxId, keys: &MailboxKeys) -> Arc<Shared> {
        let opened = (mailbox, keys.tag());
        let mut shelf = lock(&self.0);
        if let Some(shared) = shelf.get(&opened).and_then(Weak::upgrade) {
            return shared;
        }
        shelf.retain(|_, shared| shared.strong_count() > 0);
        let shared = Arc::new(Shared::default());
        shelf.insert(opened, Arc::downgrade(&shared));
        shared
    }
}

/// What the sessions of a mailbox share.
#[derive(Default)]
pub(super) struct Shared {
    folders: Mutex<HashMap<FolderId, Slot>>,
    keys: Mutex<HashMap<DepositKeyId, Arc<SummaryKey>>>,
}

/// One at a time brings a folder up to date; the others then find it so.
type Slot = Arc<tokio::sync::Mutex<Kept>>;

/// A folder as it was last listed.
#[derive(Default)]
struct Kept {
    entries: Weak<Vec<EntryInfo>>,
    modseq: i64,
}

impl Shared {
    fn folder(&self, id: FolderId) -> Slot {
        let mut folders = lock(&self.folders);
        if let Some(slot) = folders.get(&id) {
            return Arc::clone(slot);
        }
        folders.retain(|_, slot| Arc::strong_count(slot) > 1 || slot.try_lock().is_ok_and(|kept| kept.is_held()));
        Arc::clone(folders.entry(id).or_default())
    }

    /// A deposit key that was opened before.
    pub(super) fn key(&self, id: DepositKeyId) -> Option<Arc<SummaryKey>> {
        lock(&self.keys).get(&id).cloned()
    }

    /// Keeps a deposit key for the sessions that are here.
    pub(super) fn keep_key(&self, id: DepositKeyId, key: SummaryKey) -> Arc<SummaryKey> {
        let mut keys = lock(&self.keys);
        if keys.len() >= KEYS {
            keys.clear();
        }
        let key = Arc::new(key);
        keys.insert(id, Arc::clone(&key));
        key
    }
}

impl Kept {
    fn is_held(&self) -> bool {
        self.entries.strong_count() > 0
    }
}

impl Reader {
    /// The messages of a folder as they are; none of a folder that is gone.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn snapshot(&self, folder: FolderId) -> Result<Snapshot, Fault> {
        self.reveal().await?;
        let slot = self.inner.shared.folder(folder);
        let mut kept = slot.lock().await;
        let known = kept.entries.upgrade();
        let since = if known.is_some() { kept.modseq } else { 0 };
        let Some(mut listing) = self.listing(folder, since).await? else {
            *kept = Kept::default();
            return Ok(Snapshot { entries: Arc::default(), highest_modseq: 1, uid_next: 1 });
        };
        let entries = match known {
            Some(known) if listing.modseq <= since => known,
            Some(known) if listing.forgotten <= since => Arc::new(self.brought_up_to_date(&known, &listing)),
            Some(_) => {
                // More went than is listed one by one.
                let Some(all) = self.listing(folder, 0).await? else {
                    *kept = Kept::default();
                    return Ok(Snapshot { entries: Arc::default(), highest_modseq: 1, uid_next: 1 });
                };
                listing = all;
                Arc::new(self.infos(&listing.lines))
            }
            None => Arc::new(self.infos(&listing.lines)),
        };
        *kept = Kept { entries: Arc::downgrade(&entries), modseq: listing.modseq };
        Ok(Snapshot {
            entries,
            highest_modseq: u64::try_from(listing.modseq).unwrap_or(1),
            uid_next: small(listing.uid_next),
        })
    }

    /// The UIDs that left a folder after a mod-sequence, as ascending ranges; where that is forgotten, all UIDs that
    /// are not there (RFC 7162 §3.2.5 allows more than was asked for).
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn expunged(&self, folder: FolderId, since: u64) -> Result<Vec<(u32, u32)>, Fault> {
        let mailbox = self.inner.sender.mailbox;
        let since = i64::try_from(since).unwrap_or(i64::MAX);
        // What changed after the newest change: nothing, and what is forgotten.
        let Some(listing) = self.room.store.listing(mailbox, folder, i64::MAX).await? else { return Ok(Vec::new()) };
        if listing.forgotten <= since {
            let mut runs = self.room.store.expunges(folder, since).await?;
            runs.sort_unstable();
            let mut joined: Vec<(u32, u32)> = Vec::with_capacity(runs.len());
            for (first, last) in runs {
                let (first, last) = (small(first), small(last));
                match joined.last_mut() {
                    Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                    _ => joined.push((first, last)),
                }
            }
            return Ok(joined);
        }
        let now = self.snapshot(folder).await?;
        let (mut gone, mut next) = (Vec::new(), 1);
        for uid in now.entries.iter().map(|entry| entry.uid).chain([now.uid_next]) {
            if uid > next {
                gone.push((next, uid.saturating_sub(1)));
            }
            next = uid.saturating_add(1);
        }
        Ok(gone)
    }

    async fn listing(&self, folder: FolderId, since: i64) -> Result<Option<Listing>, Fault> {
        self.room.store.listing(self.inner.sender.mailbox, folder, since).await
    }

    /// Lets the server's copies of submissions show whose time has come: whoever looks first does it for all.
    pub(super) async fn reveal(&self) -> Result<(), Fault> {
        let (mailbox, now) = (self.inner.sender.mailbox, self.room.clock.now());
        if !self.room.store.has_hidden(mailbox, now).await? {
            return Ok(());
        }
        loop {
            let mut change = self.change("show sent copies").await?;
            let shown = change.tx.reveal(mailbox, change.now, change.modseq).await?;
            if shown > 0 {
                let event = self.event(crate::domain::Verb::CopiesShown, change.now, shown);
                change.tx.commit(event).await?;
            }
            if shown < REVEALED {
                return Ok(());
            }
        }
    }

    fn infos(&self, lines: &[EntryLine]) -> Vec<EntryInfo> {
        lines.iter().map(|line| self.line_info(line)).collect()
    }

    /// The same list with what changed and without what went.
    fn brought_up_to_date(&self, known: &[EntryInfo], listing: &Listing) -> Vec<EntryInfo> {
        let gone = |uid: u32| {
            let uid = i64::from(uid);
            // Runs may come in any order of UIDs, and are few.
            listing.gone.iter().any(|(first, last)| (*first..=*last).contains(&uid))
        };
        let mut all = Vec::with_capacity(known.len() + listing.lines.len());
        let mut changed = listing.lines.iter().peekable();
        for entry in known {
            while let Some(line) = changed.next_if(|line| small(line.uid) < entry.uid) {
                all.push(self.line_info(line));
            }
            match changed.next_if(|line| small(line.uid) == entry.uid) {
                Some(line) => all.push(self.line_info(line)),
                None if gone(entry.uid) => {}
                None => all.push(entry.clone()),
            }
        }
        all.extend(changed.map(|line| self.line_info(line)));
        all
    }

    fn line_info(&self, line: &EntryLine) -> EntryInfo {
        EntryInfo {
            id: line.id,
            uid: small(line.uid),
            flags: self.flags(line.id, line.flags, line.keywords.as_ref()),
            size: u64::try_from(line.size).unwrap_or(0),
            received_at: line.received_at,
            modseq: u64::try_from(line.modseq).unwrap_or(1),
            email: line.head,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each is whole between two calls, whoever panicked elsewhere.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Deposit keys kept for a mailbox: a year of them, one an hour.
const KEYS: usize = 10_000;
