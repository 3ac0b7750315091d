//! What one session knows of its mailbox: the selected folder as the client has been told of it.
//!
//! Sequence numbers belong to a session (RFC 3501 §2.3.1.2): they change only when an EXPUNGE or VANISHED is sent.
//! The view holds what was told, which is one list for all sessions that were told the same; at the end of
//! commands, at NOOP and in IDLE it is compared with the store, and the difference is told. `\Recent` is not
//! kept: RECENT is 0, which RFC 3501 §2.3.2 allows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::watch;

use crate::domain::{Fault, Flags, FolderId, is_the_servers};
use crate::mailbox::{EntryInfo, Snapshot};

use super::grammar::command::By;
use super::grammar::sequence::{self, SequenceSet};
use super::machine::Enabled;
use super::out::{self, Out};
use super::verbs::Mailbox;

/// A session with an open mailbox.
pub struct Conversation<M> {
    /// The mailbox.
    pub mailbox: M,
    /// The folder that is selected.
    pub selected: Option<Selected>,
    /// What the client has enabled, by ENABLE or by asking for mod-sequences (RFC 7162 §3.1).
    pub enabled: Enabled,
    /// Octets that an appended message may have.
    pub append_limit: usize,
    changes: watch::Receiver<u64>,
}

/// A selected folder, as the client knows it.
pub struct Selected {
    /// Its id.
    pub folder: FolderId,
    /// Opened by EXAMINE.
    pub read_only: bool,
    /// Its messages; the place is the sequence number less one.
    pub entries: Arc<Vec<EntryInfo>>,
    /// Flags that were told, or asked for in silence, and are not in `entries` yet; by UID.
    pub told: BTreeMap<u32, Flags>,
    /// Keywords that were told.
    pub keywords: BTreeSet<String>,
    /// The largest UID that was told.
    pub largest: u32,
    /// HIGHESTMODSEQ as it was last read.
    pub modseq: u64,
    /// UIDs that a search saved (RFC 5182).
    pub saved: Vec<u32>,
    /// Whether the store is to be looked at even if nothing is said to have changed.
    pub stale: bool,
}

/// Whether EXPUNGE may be told now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expunges {
    /// Yes.
    Told,
    /// Not in the answer to FETCH, STORE, SEARCH by number (RFC 3501 §7.4.1).
    Held,
}

/// A set that names numbers beyond the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfRange;

impl<M: Mailbox> Conversation<M> {
    /// Begins after a login.
    pub fn new(mailbox: M, append_limit: usize) -> Self {
        let changes = mailbox.watch();
        Self { mailbox, selected: None, enabled: Enabled::default(), append_limit, changes }
    }

    /// Waits for a change of the mailbox.
    pub async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            // Nobody will ever say so: only the client's next command looks again.
            std::future::pending::<()>().await;
        }
        self.changes.mark_changed();
    }

    /// Takes note of the present, before it is read.
    pub fn mark(&mut self) {
        self.changes.mark_unchanged();
    }

    /// What the client has enabled by ENABLE; what it enabled by asking stays.
    pub fn enable(&mut self, by: Enabled) {
        let condstore = self.enabled.condstore || by.condstore;
        self.enabled = Enabled { condstore, ..by };
    }

    /// RFC 7162 §3.1: whoever asks for mod-sequences once is told them from then on. The first time, where the
    /// folder stands is told too.
    pub fn asks_modseq(&mut self, out: &mut Out) {
        if self.enabled.condstore {
            return;
        }
        self.enabled.condstore = true;
        if let Some(selected) = &self.selected {
            out.untagged(format!("OK [HIGHESTMODSEQ {}] Highest", selected.modseq));
        }
    }

    /// Tells what changed since the client was last told.
    ///
    /// # Errors
    /// A [`Fault`] of the mailbox; then nothing was told.
    pub async fn sync(&mut self, expunges: Expunges, out: &mut Out) -> Result<(), Fault> {
        let Some(selected) = &mut self.selected else {
            // Nothing to tell: this change is not one to wake up for again.
            self.changes.mark_unchanged();
            return Ok(());
        };
        if !selected.stale && matches!(self.changes.has_changed(), Ok(false)) {
            return Ok(());
        }
        self.changes.mark_unchanged();
        // Until it is read, it is not known.
        selected.stale = true;
        let now = self.mailbox.snapshot(selected.folder).await?;
        selected.stale = false;
        selected.tell(now, expunges, self.enabled, out);
        Ok(())
    }
}

impl Selected {
    /// A folder as it is now.
    pub fn new(folder: FolderId, read_only: bool, now: Snapshot) -> Self {
        let keywords = now.entries.iter().flat_map(|entry| entry.flags.keywords.iter().cloned()).collect();
        Self {
            folder,
            read_only,
            largest: now.entries.last().map_or(0, |entry| entry.uid),
            entries: now.entries,
            told: BTreeMap::new(),
            keywords,
            modseq: now.highest_modseq,
            saved: Vec::new(),
            stale: false,
        }
    }

    /// Tells the difference to what is there now.
    pub fn tell(&mut self, now: Snapshot, expunges: Expunges, enabled: Enabled, out: &mut Out) {
        self.modseq = now.highest_modseq.max(self.modseq);
        if Arc::ptr_eq(&self.entries, &now.entries) {
            self.told.clear();
            return;
        }
        let difference = Difference::between(&self.entries, &now.entries);
        let (known, told) = (Arc::clone(&self.entries), std::mem::take(&mut self.told));
        if difference.gone.is_empty() {
            self.entries = now.entries;
        } else if expunges == Expunges::Told {
            let uid = |at: &usize| known.get(*at).map(|entry| entry.uid);
            if enabled.qresync {
                let uids = difference.gone.iter().filter_map(uid);
                out.untagged(format!("VANISHED {}", sequence::write(uids)));
            } else {
                // From the last to the first, so that each number is still right when it is told.
                for at in difference.gone.iter().rev() {
                    out.untagged(format!("{} EXPUNGE", at.saturating_add(1)));
                }
            }
            let gone: BTreeSet<u32> = difference.gone.iter().filter_map(uid).collect();
            self.saved.retain(|uid| !gone.contains(uid));
            self.entries = now.entries;
        } else {
            // What is gone keeps its number until that may be told.
            self.stale = true;
            self.entries = Arc::new(with_kept(&known, &now.entries, &difference.gone));
        }
        if difference.new > 0 {
            self.largest = self.entries.last().map_or(self.largest, |entry| entry.uid.max(self.largest));
            out.untagged(format!("{} EXISTS", self.entries.len()));
            if !enabled.rev2 {
                out.untagged("0 RECENT");
            }
        }
        // What the client asked for itself, or was told already, is no news.
        let entries = Arc::clone(&self.entries);
        let is_news = |uid: &u32| {
            let at = entries.binary_search_by_key(uid, |entry| entry.uid).ok();
            at.and_then(|at| entries.get(at)).is_some_and(|entry| told.get(uid) != Some(&entry.flags))
        };
        let changed: Vec<u32> = difference.changed.into_iter().filter(|uid| is_news(uid)).collect();
        // Once for all that is new.
        let first_new = self.entries.len().saturating_sub(difference.new);
        let changed: Vec<usize> = changed.iter().filter_map(|uid| self.place(*uid).ok()).collect();
        let words = changed.iter().copied().chain(first_new..self.entries.len());
        let words: BTreeSet<String> = words
            .filter_map(|at| self.entries.get(at))
            .flat_map(|entry| entry.flags.keywords.iter().cloned())
            .collect();
        self.tell_keywords(&words, out);
        for at in changed {
            let Some(entry) = entries.get(at) else { continue };
            self.tell_entry(at, entry, enabled.condstore, out);
        }
    }

    /// Tells the flags of one message, as they are in this entry.
    pub fn tell_entry(&mut self, at: usize, entry: &EntryInfo, modseq: bool, out: &mut Out) {
        self.tell_keywords(&entry.flags.keywords, out);
        let modseq = if modseq { format!(" MODSEQ ({})", entry.modseq) } else { String::new() };
        let (number, uid) = (at.saturating_add(1), entry.uid);
        out.untagged(format!("{number} FETCH (UID {uid}{modseq} FLAGS {})", out::flags(&entry.flags)));
    }

    /// The flags of a message as the client knows them.
    pub fn known_flags<'a>(&'a self, entry: &'a EntryInfo) -> &'a Flags {
        self.told.get(&entry.uid).unwrap_or(&entry.flags)
    }

    /// Tells keywords that the client has not seen in this folder.
    pub fn tell_keywords(&mut self, keywords: &BTreeSet<String>, out: &mut Out) {
        if keywords.is_subset(&self.keywords) {
            return;
        }
        self.keywords.extend(keywords.iter().cloned());
        out.untagged(self.flags_line());
    }

    /// Whether a folder would have more keywords with these than it may.
    pub fn too_many(&self, keywords: &BTreeSet<String>) -> bool {
        !keywords.is_subset(&self.keywords) && self.keywords.union(keywords).count() > MOST_KEYWORDS
    }

    /// The FLAGS response.
    pub fn flags_line(&self) -> String {
        format!("FLAGS ({}{})", SYSTEM, self.words())
    }

    /// The flags that a client can change for good: those of the server are not among them (RFC 9051 §7.1).
    pub fn permanent_flags(&self) -> String {
        let theirs = self.keywords.iter().filter(|keyword| !is_the_servers(keyword));
        format!("{SYSTEM}{} \\*", theirs.map(|keyword| format!(" {keyword}")).collect::<String>())
    }

    fn words(&self) -> String {
        self.keywords.iter().map(|keyword| format!(" {keyword}")).collect()
    }

    /// The places a set names, in order. UIDs that are not there are passed over (RFC 3501 §6.4.8).
    ///
    /// # Errors
    /// [`OutOfRange`] for numbers nobody has (RFC 3501 §9, seq-number).
    pub fn places(&self, by: By, set: &SequenceSet) -> Result<Vec<usize>, OutOfRange> {
        let mut places = Vec::new();
        if set.is_saved() {
            return Ok(self.saved.iter().filter_map(|uid| self.place(*uid).ok()).collect());
        }
        match by {
            By::Number => {
                let count = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
                // `1:*` is how clients say "all", also of a folder where there is nothing.
                let Some(ranges) = set.ranges((count > 0).then_some(count)) else { return Ok(places) };
                for (from, to) in ranges {
                    if to > count {
                        return Err(OutOfRange);
                    }
                    let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
                    places.extend(place(from)..=place(to));
                }
            }
            By::Uid => {
                let Some(ranges) = set.ranges(self.entries.last().map(|entry| entry.uid)) else { return Ok(places) };
                for (from, to) in ranges {
                    let first = self.entries.partition_point(|entry| entry.uid < from);
                    let last = self.entries.partition_point(|entry| entry.uid <= to);
                    places.extend(first..last);
                }
            }
        }
        Ok(places)
    }

    /// The UIDs of places.
    pub fn uids(&self, places: &[usize]) -> Vec<u32> {
        places.iter().filter_map(|at| self.entries.get(*at)).map(|entry| entry.uid).collect()
    }

    /// The place of a UID.
    ///
    /// # Errors
    /// Where it would be.
    pub fn place(&self, uid: u32) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&uid, |entry| entry.uid)
    }
}

/// What changed between two lists by UID.
#[derive(Default)]
struct Difference {
    /// Places in the older list of what is gone.
    gone: Vec<usize>,
    /// UIDs of what has other flags.
    changed: Vec<u32>,
    /// How many came, at the end.
    new: usize,
}

impl Difference {
    fn between(before: &[EntryInfo], now: &[EntryInfo]) -> Self {
        let mut difference = Self::default();
        let mut rest = now.iter().peekable();
        for (at, entry) in before.iter().enumerate() {
            match rest.next_if(|other| other.uid == entry.uid) {
                Some(other) if other.flags != entry.flags => difference.changed.push(entry.uid),
                Some(_) => {}
                None => difference.gone.push(at),
            }
        }
        // UIDs only ascend: what is left came later.
        difference.new = rest.count();
        difference
    }
}

/// The list as it is now, with what is gone at its old places.
fn with_kept(before: &[EntryInfo], now: &[EntryInfo], gone: &[usize]) -> Vec<EntryInfo> {
    let mut all = Vec::with_capacity(now.len().saturating_add(gone.len()));
    let mut gone = gone.iter().filter_map(|at| before.get(*at)).peekable();
    for entry in now {
        while let Some(kept) = gone.next_if(|kept| kept.uid < entry.uid) {
            all.push(kept.clone());
        }
        all.push(entry.clone());
    }
    all.extend(gone.cloned());
    all
}

/// How many keywords clients may give to the messages of a folder.
pub const MOST_KEYWORDS: usize = 64;
/// The flags every folder has.
pub const SYSTEM: &str = "\\Answered \\Flagged \\Deleted \\Seen \\Draft";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{EntryId, ObjectId, Random, SystemFlags, Timestamp};
    use crate::imap::grammar::Cursor;

    struct Sevens;
    impl Random for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    fn entry(uid: u32, flags: i64, keywords: &[&str]) -> EntryInfo {
        let keywords = keywords.iter().map(|word| (*word).to_owned()).collect();
        EntryInfo {
            id: EntryId::random(&Sevens),
            uid,
            flags: Flags { system: SystemFlags(flags), keywords },
            size: 1,
            received_at: Timestamp(0),
            modseq: 1,
            email: ObjectId::random(&Sevens),
        }
    }

    fn snapshot(entries: Vec<EntryInfo>) -> Snapshot {
        Snapshot { entries: Arc::new(entries), highest_modseq: 7, uid_next: 99 }
    }

    fn selected(uids: &[u32]) -> Selected {
        let entries = uids.iter().map(|uid| entry(*uid, 0, &[])).collect();
        Selected::new(FolderId::random(&Sevens), false, snapshot(entries))
    }

    fn told_to(view: &mut Selected, now: Vec<EntryInfo>, expunges: Expunges, enabled: Enabled) -> String {
        let mut out = Out::default();
        view.tell(snapshot(now), expunges, enabled, &mut out);
        out.pop().map(|piece| String::from_utf8_lossy(piece.octets()).replace("\r\n", "~")).unwrap_or_default()
    }

    fn told(view: &mut Selected, now: Vec<EntryInfo>, expunges: Expunges) -> String {
        told_to(view, now, expunges, Enabled::default())
    }

    #[test]
    fn numbers_change_only_with_what_is_told() {
        let mut view = selected(&[1, 2, 3, 5]);
        let now = || vec![entry(2, 0, &[]), entry(5, 1, &[]), entry(6, 0, &[])];
        assert_eq!(told(&mut view, now(), Expunges::Held), "* 5 EXISTS~* 0 RECENT~* 4 FETCH (UID 5 FLAGS (\\Seen))~");
        assert!(view.stale);
        assert_eq!(view.uids(&[0, 1, 2, 3, 4]), [1, 2, 3, 5, 6]);
        assert_eq!(told(&mut view, now(), Expunges::Told), "* 3 EXPUNGE~* 1 EXPUNGE~");
        assert_eq!(view.uids(&[0, 1, 2]), [2, 5, 6]);
        assert_eq!(told(&mut view, now(), Expunges::Told), "");
        let word = vec![entry(2, 0, &["$Junk"]), entry(5, 1, &[]), entry(6, 0, &[])];
        assert_eq!(
            told(&mut view, word, Expunges::Told),
            "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk)~* 1 FETCH (UID 2 FLAGS ($Junk))~"
        );
        assert_eq!(told(&mut view, Vec::new(), Expunges::Told), "* 3 EXPUNGE~* 2 EXPUNGE~* 1 EXPUNGE~");
    }

    #[test]
    fn what_the_client_did_itself_is_no_news() {
        let mut view = selected(&[1, 2]);
        view.told.insert(1, entry(1, 1, &[]).flags);
        assert_eq!(told(&mut view, vec![entry(1, 1, &[]), entry(2, 0, &[])], Expunges::Told), "");
        view.told.insert(1, entry(1, 3, &[]).flags);
        let other = vec![entry(1, 7, &[]), entry(2, 0, &[])];
        assert_eq!(
            told(&mut view, other, Expunges::Told),
            "* 1 FETCH (UID 1 FLAGS (\\Answered \\Flagged \\Seen))~",
            "somebody else added to it"
        );
    }

    #[test]
    fn who_asked_for_more_is_told_more() {
        let mut view = selected(&[1, 2, 3, 4]);
        view.saved = vec![2, 4];
        let all = Enabled { condstore: true, qresync: true, rev2: true, utf8: true };
        let now = vec![entry(3, 1, &[]), entry(4, 0, &[]), entry(9, 0, &[])];
        assert_eq!(
            told_to(&mut view, now, Expunges::Told, all),
            "* VANISHED 1:2~* 3 EXISTS~* 1 FETCH (UID 3 MODSEQ (1) FLAGS (\\Seen))~"
        );
        assert_eq!(view.saved, [4], "what a search saved goes with its message");
    }

    #[test]
    fn sets_name_places() {
        let view = selected(&[2, 5, 9]);
        let places =
            |by, text: &str| view.places(by, &SequenceSet::read(&mut Cursor::new(text.as_bytes())).expect("a set"));
        assert_eq!(places(By::Number, "1:*"), Ok(vec![0, 1, 2]));
        assert_eq!(places(By::Number, "3,1"), Ok(vec![0, 2]));
        assert_eq!(places(By::Number, "4"), Err(OutOfRange));
        assert_eq!(places(By::Number, "2:9"), Err(OutOfRange));
        assert_eq!(places(By::Uid, "1:5,100:200"), Ok(vec![0, 1]));
        // RFC 3501 §6.4.8: `n:*` holds the last message even when n is beyond it.
        assert_eq!(places(By::Uid, "100:*"), Ok(vec![2]));
        assert_eq!(places(By::Uid, "3:4"), Ok(vec![]));
        let empty = selected(&[]);
        let all = SequenceSet::read(&mut Cursor::new(b"1:*")).expect("a set");
        assert_eq!((empty.places(By::Number, &all), empty.places(By::Uid, &all)), (Ok(vec![]), Ok(vec![])));
    }
}
