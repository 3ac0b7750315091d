//! The heads of one message: which are written, and who sees which.
//!
//! The sender's is the octets as submitted, under what they lacked. Recipients see the same less what is the
//! sender's alone, written only when something is removed; two outside recipients never see each other.

use crate::domain::{Address, Timestamp};
use crate::vault::Thread;

use super::accept::Settled;
use super::header::{Header, Removal, encoded, phrase};
use super::notice::rfc5322_date;
use super::number;

/// Which heads are written, and who sees which. The first is the sender's.
pub(super) struct Plan {
    /// The header of each head; the body is the same for all.
    pub(super) heads: Vec<Vec<u8>>,
    /// The head of local recipients and of a single outside one.
    pub(super) common: usize,
    /// The head of each outside recipient.
    pub(super) outside: Vec<usize>,
}

impl Plan {
    /// `local`: whether a mailbox of this server is among the recipients; `hidden`: addresses that nobody but the
    /// sender, and each outside recipient for himself, may see; `renamed`: addresses that stand for a person.
    pub(super) fn new(
        header: &Header<'_>,
        octets: &[u8],
        (top, subject): (&str, &str),
        local: bool,
        outside: &[&Address],
        (hidden, renamed): (&[Address], &[(Address, Address)]),
    ) -> Self {
        // For how long a letter is kept is said of letters: between colleagues `[7j]` is a treatment's.
        let bare = if outside.is_empty() { number::without_numbers(subject) } else { number::without_tags(subject) };
        // Outlook writes the subject a second time, and keeps the old one when a reply's is changed.
        let topics = header.decoded("thread-topic");
        let mut texts = topics.iter().map(String::as_str).chain([subject]);
        let tagged = texts
            .any(|text| if outside.is_empty() { !number::tags(text).is_empty() } else { number::is_tagged(text) })
            .then_some(bare.as_str());
        let mut sender = top.as_bytes().to_vec();
        sender.extend_from_slice(octets.get(..header.end).unwrap_or_default());
        let mut plan = Self { heads: vec![sender], common: 0, outside: Vec::new() };
        let several = outside.len() > 1;
        // Numbers and service addresses are nobody's business; the other outside recipients are the practice's.
        let numbers: Vec<Address> = hidden.iter().filter(|a| !outside.contains(a)).cloned().collect();
        if local || !several {
            plan.common = plan.add(header, top, &Removal { hidden: &numbers, renamed, subject: tagged });
        }
        for &one in outside {
            let at = if several {
                let hidden: Vec<Address> = hidden.iter().filter(|a| *a != one).cloned().collect();
                plan.add(header, top, &Removal { hidden: &hidden, renamed, subject: tagged })
            } else {
                plan.common
            };
            plan.outside.push(at);
        }
        plan
    }

    /// Adds a head unless it is the sender's or one that is there already.
    fn add(&mut self, header: &Header<'_>, top: &str, removal: &Removal<'_>) -> usize {
        if !header.shows(removal) {
            return 0;
        }
        let head = header.rewritten(top, removal);
        match self.heads.iter().position(|other| *other == head) {
            Some(at) => at,
            None => {
                self.heads.push(head);
                self.heads.len() - 1
            }
        }
    }
}

/// What a submission lacks, to stand above its header (RFC 6409 §8).
pub(super) fn top(header: &Header<'_>, to: &Settled, thread: &Thread, now: Timestamp) -> String {
    let mut top = String::new();
    if !header.has("message-id") {
        top.push_str(&format!("Message-ID: {}\r\n", thread.message_id));
    }
    if !header.has("date") {
        top.push_str(&encoded("Date", &rfc5322_date(now, &to.profile.timezone)));
    }
    if !header.has("from") {
        top.push_str(&format!("From: {} <{}>\r\n", phrase(&to.sender_name), to.sender.address.reveal()));
    }
    top
}
