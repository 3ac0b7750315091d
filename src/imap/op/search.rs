//! SEARCH (RFC 3501 §6.4.4): what the view knows is asked first; octets are read only where that does not decide.

use crate::domain::Fault;
use crate::imap::grammar::command::By;
use crate::imap::grammar::date::day;
use crate::imap::grammar::search::{Key, When};
use crate::imap::message::words::Words;
use crate::imap::out::Out;
use crate::imap::verbs::Mailbox;
use crate::imap::view::Conversation;
use crate::mailbox::EntryInfo;

use super::Reply;

pub(super) async fn search<M: Mailbox>(
    talk: &Conversation<M>,
    by: By,
    key: &Key,
    out: &mut Out,
) -> Result<Reply, Fault> {
    let Some(selected) = &talk.selected else { return Ok(Reply::no("No mailbox is selected")) };
    let count = u32::try_from(selected.entries.len()).unwrap_or(u32::MAX);
    let largest = selected.entries.last().map_or(0, |entry| entry.uid);
    let mut found = String::from("SEARCH");
    for (number, entry) in (1..).zip(&selected.entries) {
        let subject = Subject { number, entry, count, largest };
        let is = match subject.holds(key, None) {
            Some(is) => is,
            None => match talk.mailbox.message(entry.id).await {
                Ok(Some(octets)) => subject.holds(key, Some(&mut Words::new(&octets))).unwrap_or(false),
                // Expunged meanwhile.
                Ok(None) => false,
                Err(fault) if fault.is_transient() => return Err(fault),
                // One message that does not open hides no other (fault 17).
                Err(fault) => {
                    tracing::error!(entry = %entry.id, %fault, "a message that does not open is not searched");
                    false
                }
            },
        };
        if is {
            found.push_str(&format!(" {}", if by == By::Uid { entry.uid } else { number }));
        }
        if number % YIELD == 0 {
            tokio::task::yield_now().await;
        }
    }
    out.untagged(found);
    Ok(Reply::ok("SEARCH completed").held(by))
}

/// Others get their turn after so many messages.
const YIELD: u32 = 64;

struct Subject<'a> {
    number: u32,
    entry: &'a EntryInfo,
    count: u32,
    largest: u32,
}

impl Subject<'_> {
    /// Whether a key holds; `None` when the words of the message would decide and are not there.
    fn holds(&self, key: &Key, mut words: Option<&mut Words>) -> Option<bool> {
        let flags = &self.entry.flags;
        Some(match key {
            Key::And(keys) => {
                let mut all = Some(true);
                for key in keys {
                    match self.holds(key, words.as_deref_mut()) {
                        Some(true) => {}
                        Some(false) => return Some(false),
                        None => all = None,
                    }
                }
                return all;
            }
            Key::Or(keys) => match (self.holds(&keys.0, words.as_deref_mut()), self.holds(&keys.1, words)) {
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
