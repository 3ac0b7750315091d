//! What one session knows of its mailbox: the selected folder as the client has been told of it.
//!
//! Sequence numbers belong to a session (RFC 3501 §2.3.1.2): they change only when an EXPUNGE is sent. The view
//! holds what was told; at the end of commands, at NOOP and in IDLE it is compared with the store, and the
//! difference is told. `\Recent` is not kept: RECENT is 0, which RFC 3501 §2.3.2 allows.

use std::collections::BTreeSet;

use tokio::sync::watch;

use crate::domain::{Fault, FolderId};
use crate::mailbox::EntryInfo;

use super::grammar::command::By;
use super::grammar::sequence::SequenceSet;
use super::out::{self, Out};
use super::verbs::Mailbox;

/// A session with an open mailbox.
pub struct Conversation<M> {
    /// The mailbox.
    pub mailbox: M,
    /// The folder that is selected.
    pub selected: Option<Selected>,
    changes: watch::Receiver<u64>,
}

/// A selected folder, as the client knows it.
pub struct Selected {
    /// Its id.
    pub folder: FolderId,
    /// Opened by EXAMINE.
    pub read_only: bool,
    /// Its messages; the place is the sequence number less one.
    pub entries: Vec<EntryInfo>,
    /// Keywords that were told.
    pub keywords: BTreeSet<String>,
    /// The largest UID that was told.
    pub largest: u32,
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
    pub fn new(mailbox: M) -> Self {
        let changes = mailbox.watch();
        Self { mailbox, selected: None, changes }
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
        let now = self.mailbox.entries(selected.folder).await?;
        selected.stale = false;
        selected.tell(now, expunges, out);
        Ok(())
    }
}

impl Selected {
    /// Tells the difference to what is there now, sorted by UID.
    pub fn tell(&mut self, now: Vec<EntryInfo>, expunges: Expunges, out: &mut Out) {
        let there = |uid: u32| now.binary_search_by_key(&uid, |entry| entry.uid).is_ok();
        let gone: Vec<usize> =
            self.entries.iter().enumerate().filter(|(_, entry)| !there(entry.uid)).map(|(at, _)| at).collect();
        if expunges == Expunges::Told {
            // From the last to the first, so that each number is still right when it is told.
            for at in gone.iter().rev() {
                out.untagged(format!("{} EXPUNGE", at.saturating_add(1)));
            }
            if !gone.is_empty() {
                self.entries.retain(|entry| there(entry.uid));
            }
        } else if !gone.is_empty() {
            self.stale = true;
        }
        let before = self.entries.len();
        let largest = self.largest;
        let mut changed = Vec::new();
        for entry in now {
            if entry.uid > largest {
                self.largest = self.largest.max(entry.uid);
                self.entries.push(entry);
            } else if let Ok(at) = self.place(entry.uid)
                && let Some(known) = self.entries.get_mut(at)
                && known.flags != entry.flags
            {
                *known = entry;
                changed.push(at);
            }
        }
        if self.entries.len() > before {
            out.untagged(format!("{} EXISTS", self.entries.len()));
            out.untagged("0 RECENT");
        }
        // Once for all that is new.
        let words = changed.iter().copied().chain(before..self.entries.len()).filter_map(|at| self.entries.get(at));
        let words = words.flat_map(|entry| &entry.flags.keywords);
        let words: BTreeSet<String> = words.cloned().collect();
        self.tell_keywords(&words, out);
        for at in changed {
            self.tell_flags(at, out);
        }
    }

    /// Tells the flags of one message.
    pub fn tell_flags(&mut self, at: usize, out: &mut Out) {
        let Some(entry) = self.entries.get(at) else { return };
        let (uid, flags) = (entry.uid, entry.flags.clone());
        self.tell_keywords(&flags.keywords, out);
        out.untagged(format!("{} FETCH (UID {uid} FLAGS {})", at.saturating_add(1), out::flags(&flags)));
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

    /// The keywords, each behind a space.
    pub fn words(&self) -> String {
        self.keywords.iter().map(|keyword| format!(" {keyword}")).collect()
    }

    /// The places a set names, in order. UIDs that are not there are passed over (RFC 3501 §6.4.8).
    ///
    /// # Errors
    /// [`OutOfRange`] for numbers nobody has (RFC 3501 §9, seq-number).
    pub fn places(&self, by: By, set: &SequenceSet) -> Result<Vec<usize>, OutOfRange> {
        let mut places = Vec::new();
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

/// How many keywords clients may give to the messages of a folder.
pub const MOST_KEYWORDS: usize = 64;
/// The flags every folder has.
pub const SYSTEM: &str = "\\Answered \\Flagged \\Deleted \\Seen \\Draft";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{EntryId, Flags, ObjectId, Random, SystemFlags, Timestamp};
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

    fn selected(uids: &[u32]) -> Selected {
        Selected {
            folder: FolderId::random(&Sevens),
            read_only: false,
            entries: uids.iter().map(|uid| entry(*uid, 0, &[])).collect(),
            keywords: BTreeSet::new(),
            largest: uids.last().copied().unwrap_or(0),
            stale: false,
        }
    }

    fn told(view: &mut Selected, now: Vec<EntryInfo>, expunges: Expunges) -> String {
        let mut out = Out::default();
        view.tell(now, expunges, &mut out);
        out.pop().map(|piece| String::from_utf8_lossy(piece.octets()).replace("\r\n", "~")).unwrap_or_default()
    }

    #[test]
    fn numbers_change_only_with_what_is_told() {
        let mut view = selected(&[1, 2, 3, 5]);
        let now = || vec![entry(2, 0, &[]), entry(5, 1, &[]), entry(6, 0, &[])];
        assert_eq!(told(&mut view, now(), Expunges::Held), "* 5 EXISTS~* 0 RECENT~* 4 FETCH (UID 5 FLAGS (\\Seen))~");
        assert!(view.stale);
        assert_eq!(told(&mut view, now(), Expunges::Told), "* 3 EXPUNGE~* 1 EXPUNGE~");
        assert_eq!(view.uids(&[0, 1, 2]), [2, 5, 6]);
        assert_eq!(told(&mut view, now(), Expunges::Told), "");
        let word = vec![entry(2, 0, &["$Junk"]), entry(5, 1, &[]), entry(6, 0, &[])];
        assert_eq!(
            told(&mut view, word, Expunges::Told),
            "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk)~* 1 FETCH (UID 2 FLAGS ($Junk))~"
        );
        assert_eq!(told(&mut view, Vec::new(), Expunges::Told), "* 3 EXPUNGE~* 2 EXPUNGE~* 1 EXPUNGE~");
        // What comes late under a UID below one that was told keeps out: numbers must rise with UIDs.
        assert_eq!(told(&mut view, vec![entry(4, 0, &[])], Expunges::Told), "");
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
