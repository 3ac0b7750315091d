//! SEARCH (RFC 3501 §6.4.4; results as RFC 4731, kept for `$` as RFC 5182), and what SORT and THREAD begin with.
//!
//! What the view knows is asked first; words are read, many at a time, only where that does not decide.

use std::sync::Arc;

use crate::domain::{EntryId, Fault};
use crate::imap::grammar::command::By;
use crate::imap::grammar::date::day;
use crate::imap::grammar::search::{Key, Looking, Returned, Sorting, Threading, When};
use crate::imap::grammar::sequence;
use crate::imap::out::Out;
use crate::imap::verbs::Mailbox;
use crate::imap::view::Conversation;
use crate::mailbox::{EntryInfo, Found};
use crate::mime::Words;

use super::sort::Sorted;
use super::thread::Threads;
use super::{Reply, Work};

/// A SEARCH, SORT or THREAD on its way.
pub struct Search {
    tag: String,
    by: By,
    key: Key,
    then: Then,
    /// The messages as they were when it began.
    entries: Arc<Vec<EntryInfo>>,
    saved: Vec<u32>,
    /// The place that is looked at next.
    next: usize,
    /// The places found so far.
    found: Vec<usize>,
}

/// What is done with what is found.
enum Then {
    Tell(Option<Returned>),
    Sort(Sorted),
    Thread(Threads),
}

/// Begins a SEARCH.
pub(super) fn begin<M: Mailbox>(
    talk: &mut Conversation<M>,
    tag: String,
    by: By,
    looking: Looking,
    out: &mut Out,
) -> Work {
    if looking.key.asks_modseq() {
        talk.asks_modseq(out);
    }
    // RFC 9051 §6.4.4: there ESEARCH is the answer, whether or not RETURN is written.
    let all = Returned { all: true, ..Returned::default() };
    let returned = looking.returned.or(talk.enabled.rev2.then_some(all));
    start(talk, tag, by, looking.key, Then::Tell(returned))
}

/// Begins a SORT.
pub(super) fn sort<M: Mailbox>(talk: &Conversation<M>, by: By, sorting: Sorting) -> Work {
    start(talk, String::new(), by, sorting.key, Then::Sort(Sorted::new(sorting.by)))
}

/// Begins a THREAD.
pub(super) fn thread<M: Mailbox>(talk: &Conversation<M>, by: By, threading: Threading) -> Work {
    start(talk, String::new(), by, threading.key, Then::Thread(Threads::new(threading.references)))
}

fn start<M: Mailbox>(talk: &Conversation<M>, tag: String, by: By, key: Key, then: Then) -> Work {
    let Some(selected) = &talk.selected else { return Work::Done(Reply::no("No mailbox is selected")) };
    let (entries, saved) = (Arc::clone(&selected.entries), selected.saved.clone());
    Work::Search(Search { tag, by, key, then, entries, saved, next: 0, found: Vec::new() })
}

impl Search {
    /// Looks at some messages; the reply, when all are done.
    ///
    /// # Errors
    /// A [`Fault`] of the mailbox.
    pub async fn step<M: Mailbox>(
        &mut self,
        talk: &mut Conversation<M>,
        out: &mut Out,
    ) -> Result<Option<Reply>, Fault> {
        if self.next < self.entries.len() {
            self.look(talk).await?;
            return Ok(None);
        }
        let (by, entries) = (self.by, Arc::clone(&self.entries));
        let number = |at: usize| match by {
            By::Uid => entries.get(at).map(|entry| entry.uid),
            By::Number => u32::try_from(at.saturating_add(1)).ok(),
        };
        let name = match &mut self.then {
            Then::Tell(returned) => {
                let returned = *returned;
                self.tell(talk, returned, out);
                "SEARCH"
            }
            Then::Sort(sorted) => {
                if !sorted.read(talk, &self.entries, &self.found).await? {
                    return Ok(None);
                }
                let order = sorted.order(&self.found);
                out.untagged(listed("SORT", order.into_iter().filter_map(number)));
                "SORT"
            }
            Then::Thread(threads) => {
                if !threads.read(talk, &self.entries, &self.found).await? {
                    return Ok(None);
                }
                let text = threads.written(number);
                out.untagged(format!("THREAD{}{text}", if text.is_empty() { "" } else { " " }));
                "THREAD"
            }
        };
        Ok(Some(Reply::ok(format!("{name} completed")).held(self.by)))
    }

    /// Asks the view of some messages, and the words of those where it does not decide.
    async fn look<M: Mailbox>(&mut self, talk: &Conversation<M>) -> Result<(), Fault> {
        let Some(selected) = &talk.selected else {
            self.next = self.entries.len();
            return Ok(());
        };
        let count = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let largest = self.entries.last().map_or(0, |entry| entry.uid);
        let (mut answers, mut asked): (Vec<(usize, Option<bool>)>, Vec<EntryId>) = Default::default();
        while answers.len() < STEP && asked.len() < TOGETHER {
            let Some(entry) = self.entries.get(self.next) else { break };
            let number = u32::try_from(self.next.saturating_add(1)).unwrap_or(u32::MAX);
            let flags = selected.known_flags(entry);
            let subject = Subject { number, entry, flags, count, largest, saved: &self.saved };
            let answer = subject.holds(&self.key, None);
            if answer.is_none() {
                asked.push(entry.id);
            }
            answers.push((self.next, answer));
            self.next = self.next.saturating_add(1);
        }
        let words = if asked.is_empty() { Vec::new() } else { talk.mailbox.words(selected.folder, &asked).await? };
        let mut words = words.into_iter();
        for (at, answer) in answers {
            let Some(entry) = self.entries.get(at) else { continue };
            let holds = match answer {
                Some(holds) => holds,
                None => match words.next() {
                    // Of large ones fewer come at once.
                    None => {
                        self.next = at;
                        break;
                    }
                    Some(Found::There(words)) => {
                        let number = u32::try_from(at.saturating_add(1)).unwrap_or(u32::MAX);
                        let flags = selected.known_flags(entry);
                        let subject = Subject { number, entry, flags, count, largest, saved: &self.saved };
                        subject.holds(&self.key, Some(&words)).unwrap_or(false)
                    }
                    // One message that is gone or does not open hides no other (fault 17).
                    _ => false,
                },
            };
            if holds {
                self.found.push(at);
            }
        }
        Ok(())
    }

    fn tell<M: Mailbox>(&self, talk: &mut Conversation<M>, returned: Option<Returned>, out: &mut Out) {
        // RFC 7162 §3.1.5: of those that are given back.
        let modseq =
            |found: &[usize]| found.iter().filter_map(|at| self.entries.get(*at)).map(|entry| entry.modseq).max();
        let numbers = || self.found.iter().filter_map(|at| self.number(*at));
        let uids = |found: &[usize]| found.iter().filter_map(|at| self.entries.get(*at)).map(|e| e.uid).collect();
        let Some(returned) = returned else {
            let tail = self.modseq_tail(modseq(&self.found));
            return out.untagged(format!("{}{tail}", listed("SEARCH", numbers())));
        };
        let Returned { min, max, all, count, save } = returned;
        let mut ends: Vec<usize> = [self.found.first().filter(|_| min), self.found.last().filter(|_| max)]
            .into_iter()
            .flatten()
            .copied()
            .collect();
        ends.dedup();
        if let Some(selected) = talk.selected.as_mut().filter(|_| save) {
            // RFC 5182 §2.1: with MIN and MAX alone, those.
            let some = (min || max) && !all && !count;
            selected.saved = uids(if some { &ends } else { &self.found });
        }
        if save && !(min || max || all || count) {
            return;
        }
        let mut line = format!("ESEARCH (TAG \"{}\")", self.tag);
        if self.by == By::Uid {
            line.push_str(" UID");
        }
        let number = |at: Option<&usize>| at.and_then(|at| self.number(*at));
        if let Some(first) = number(self.found.first()).filter(|_| min) {
            line.push_str(&format!(" MIN {first}"));
        }
        if let Some(last) = number(self.found.last()).filter(|_| max) {
            line.push_str(&format!(" MAX {last}"));
        }
        if count {
            line.push_str(&format!(" COUNT {}", self.found.len()));
        }
        if all && !self.found.is_empty() {
            line.push_str(&format!(" ALL {}", sequence::write(numbers())));
        }
        let told: &[usize] = if all || count { &self.found } else { &ends };
        if self.key.asks_modseq()
            && let Some(modseq) = modseq(told)
        {
            line.push_str(&format!(" MODSEQ {modseq}"));
        }
        out.untagged(line);
    }

    fn modseq_tail(&self, highest: Option<u64>) -> String {
        let asked = self.key.asks_modseq();
        highest.filter(|_| asked).map_or(String::new(), |highest| format!(" (MODSEQ {highest})"))
    }

    fn number(&self, at: usize) -> Option<u32> {
        match self.by {
            By::Uid => self.entries.get(at).map(|entry| entry.uid),
            By::Number => u32::try_from(at.saturating_add(1)).ok(),
        }
    }
}

fn listed(name: &str, numbers: impl Iterator<Item = u32>) -> String {
    let mut line = name.to_owned();
    for number in numbers {
        line.push(' ');
        line.push_str(&number.to_string());
    }
    line
}

/// Between two looks at whether the session goes on.
const STEP: usize = 2048;
/// Messages whose words are read at once.
const TOGETHER: usize = 64;

struct Subject<'a> {
    number: u32,
    entry: &'a EntryInfo,
    flags: &'a crate::domain::Flags,
    count: u32,
    largest: u32,
    saved: &'a [u32],
}

impl Subject<'_> {
    /// Whether a key holds; `None` when the words of the message would decide and are not there.
    fn holds(&self, key: &Key, words: Option<&Words>) -> Option<bool> {
        let flags = self.flags;
        Some(match key {
            Key::And(keys) => {
                let mut all = Some(true);
                for key in keys {
                    match self.holds(key, words) {
                        Some(true) => {}
                        Some(false) => return Some(false),
                        None => all = None,
                    }
                }
                return all;
            }
            Key::Or(keys) => match (self.holds(&keys.0, words), self.holds(&keys.1, words)) {
                (Some(true), _) | (_, Some(true)) => true,
                (Some(false), Some(false)) => false,
                _ => return None,
            },
            Key::Not(key) => !self.holds(key, words)?,
            Key::Numbers(set) | Key::Uids(set) if set.is_saved() => self.saved.binary_search(&self.entry.uid).is_ok(),
            Key::Numbers(set) => set.contains(self.number, self.count),
            Key::Uids(set) => set.contains(self.entry.uid, self.largest),
            Key::Flag(flag) => flags.system.has(*flag),
            Key::Keyword(word) => flags.keywords.iter().any(|keyword| keyword.eq_ignore_ascii_case(word)),
            Key::Never => false,
            Key::Modseq(least) => self.entry.modseq >= *least,
            Key::EmailId(id) => id.strip_prefix('M').is_some_and(|id| id == self.entry.email.to_string()),
            Key::Received(when, date) => is_when(*when, day(self.entry.received_at).cmp(date)),
            Key::Larger(octets) => self.entry.size > *octets,
            Key::Smaller(octets) => self.entry.size < *octets,
            // Without a Date field that can be read, the day it came stands for it.
            Key::Sent(when, date) => {
                is_when(*when, words?.sent().unwrap_or_else(|| day(self.entry.received_at)).cmp(date))
            }
            Key::Header(name, text) => words?.header_holds(name, text),
            Key::Body(text) => words?.body_holds(text),
            Key::Text(text) => words?.text_holds(text),
        })
    }
}

fn is_when(when: When, order: std::cmp::Ordering) -> bool {
    match when {
        When::Before => order.is_lt(),
        When::On => order.is_eq(),
        When::Since => order.is_ge(),
    }
}
