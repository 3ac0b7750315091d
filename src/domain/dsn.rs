//! What a submission asks to hear of its delivery (RFC 3461): words of the envelope, decoded.
//!
//! ENVID and ORCPT are a client's own words and may name a person: they have no `Display`, and `Debug` masks them.

use std::fmt;

use super::Address;

/// What the envelope of one message asks.
#[derive(Debug, Clone, Default)]
pub struct DsnRequest {
    /// RET=FULL: the whole message with a report of failure. A report of success has headers alone (RFC 3461 §4.3).
    pub full: bool,
    /// ENVID, decoded.
    pub envelope_id: Option<EnvelopeWord>,
    /// What is asked for each recipient, where anything is.
    pub recipients: Vec<(Address, RecipientDsn)>,
}

/// What is asked for one recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecipientDsn {
    /// NOTIFY, where it is given.
    pub notify: Option<Notify>,
    /// ORCPT as it stands in a report: `rfc822;jeanne@example.org`.
    pub original: Option<EnvelopeWord>,
}

/// NOTIFY (RFC 3461 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notify {
    /// No report, whatever happens.
    Never,
    /// In these cases.
    When {
        /// It was delivered, or handed on.
        success: bool,
        /// It cannot be.
        failure: bool,
        /// It waits.
        delay: bool,
    },
}

/// An address as a report of ASCII names it: `\x{E9}` for what is beyond (RFC 6533 §3, utf-8-addr-xtext).
pub fn ascii_address(text: &str) -> String {
    let spelt = |c: char| if c.is_ascii() { c.to_string() } else { format!("\\x{{{:X}}}", u32::from(c)) };
    text.chars().map(spelt).collect()
}

/// Printable ASCII that a client wrote into its envelope.
#[derive(Clone, PartialEq, Eq)]
pub struct EnvelopeWord(String);

impl EnvelopeWord {
    /// A word; `None` unless it is printable ASCII of one line, and not empty.
    pub fn new(text: String) -> Option<Self> {
        let printable = !text.is_empty() && text.bytes().all(|octet| (b' '..=b'~').contains(&octet));
        printable.then_some(Self(text))
    }

    /// The word, for the report to who wrote it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EnvelopeWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnvelopeWord(…)")
    }
}

impl DsnRequest {
    /// What is asked for a recipient.
    pub fn of(&self, recipient: &Address) -> RecipientDsn {
        let found = self.recipients.iter().find(|(address, _)| address == recipient);
        found.map(|(_, asked)| asked.clone()).unwrap_or_default()
    }
}

impl RecipientDsn {
    /// Whether a report of success is asked for.
    pub fn wants_success(&self) -> bool {
        matches!(self.notify, Some(Notify::When { success: true, .. }))
    }

    /// Whether a report of failure is asked for in so many words: without any, the server's own rules say.
    pub fn wants_failure(&self) -> bool {
        matches!(self.notify, Some(Notify::When { failure: true, .. }))
    }

    /// Whether no report is wanted, of a failure neither.
    pub fn wants_silence(&self) -> bool {
        self.notify == Some(Notify::Never)
    }
}
