//! SEARCH (RFC 3501 §6.4.4): what the view knows is asked first; octets are read only where that does not decide.

use std::sync::Arc;

use crate::domain::Fault;
use crate::imap::grammar::command::By;
use crate::imap::grammar::date::day;
use crate::imap::grammar::search::{Key, When};
use crate::imap::out::Out;
use crate::imap::verbs::Mailbox;
use crate::imap::view::Conversation;
use crate::mailbox::EntryInfo;
use crate::mime::words::Words;

use super::{Reply, Work};

/// A SEARCH on its way.
pub struct Search {
    by: By,
    key: Arc<Key>,
    /// The place that is looked at next.
    next: usize,
    /// The answer so far.
    found: String,
}

/// Begins.
pub(super) fn begin<M: Mailbox>(talk: &Conversation<M>, by: By, key: Key) -> Work {
    if talk.selected.is_none() {
        return Work::Done(Reply::no("No mailbox is selected"));
    }
    Work::Search(Search { by, key: Arc::new(key), next: 0, found: "SEARCH".to_owned() })
}

impl Search {
    /// Looks at some messages; the reply, when all are done.
    ///
    /// # Errors
    /// A [`Fault`] of the mailbox.
    pub async fn step<M: Mailbox>(&mut self, talk: &Conversation<M>, out: &mut Out) -> Result<Option<Reply>, Fault> {
        let entries = talk.selected.as_ref().map(|selected| selected.entries.as_slice()).unwrap_or_default();
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let largest = entries.last().map_or(0, |entry| entry.uid);
        for _ in 0..STEP {
            let Some(entry) = entries.get(self.next) else {
                out.untagged(std::mem::take(&mut self.found));
                return Ok(Some(Reply::ok("SEARCH completed").held(self.by)));
            };
            self.next = self.next.saturating_add(1);
            let number = u32::try_from(self.next).unwrap_or(u32::MAX);
            let subject = Subject { number, entry: entry.clone(), count, largest };
            let is = match subject.holds(&self.key, None) {
                Some(is) => is,
                None => self.read(talk, subject).await?,
            };
            if is {
                self.found.push_str(&format!(" {}", if self.by == By::Uid { entry.uid } else { number }));
            }
        }
        Ok(None)
    }

    /// Asks the words of a message.
    async fn read<M: Mailbox>(&self, talk: &Conversation<M>, subject: Subject) -> Result<bool, Fault> {
        let octets = match talk.mailbox.message(subject.entry.id).await {
            Ok(Some(octets)) => octets,
            // Expunged meanwhile.
            Ok(None) => return Ok(false),
            Err(fault) if fault.is_transient() => return Err(fault),
            // One message that does not open hides no other (fault 17).
            Err(fault) => {
                tracing::error!(entry = %subject.entry.id, %fault, "a message that does not open is not searched");
                return Ok(false);
            }
        };
        let (key, large) = (Arc::clone(&self.key), octets.len() > LARGE);
        let holds = move || subject.holds(&key, Some(&Words::of(&octets))).unwrap_or(false);
        if !large {
            return Ok(holds());
        }
        tokio::task::spawn_blocking(holds).await.map_err(|_| Fault::new("a search that did not end"))
    }
}

/// Between two looks at whether the session goes on.
const STEP: u32 = 64;
/// Decoding more than this is no work for the threads that wait for peers.
const LARGE: usize = 256 * 1024;

struct Subject {
    number: u32,
    entry: EntryInfo,
    count: u32,
    largest: u32,
}

impl Subject {
    /// Whether a key holds; `None` when the words of the message would decide and are not there.
    fn holds(&self, key: &Key, words: Option<&Words>) -> Option<bool> {
        let flags = &self.entry.flags;
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
            Key::Numbers(set) => set.contains(self.number, self.count),
            Key::Uids(set) => set.contains(self.entry.uid, self.largest),
            Key::Flag(flag) => flags.system.has(*flag),
            Key::Keyword(word) => flags.keywords.iter().any(|keyword| keyword.eq_ignore_ascii_case(word)),
            Key::Never => false,
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
