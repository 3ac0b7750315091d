//! Answers: lines of text, strings in the form they need, and octets of messages that are not copied (RFC 3501 §7).
//!
//! Text of ours is ASCII. A string that holds a quote, a backslash, a control or eight bits becomes a literal.

use std::collections::VecDeque;
use std::ops::Range;

use crate::domain::Flags;
use crate::mime::wire::is_quotable;

use super::grammar::store::NAMED;
use super::verbs::Octets;

/// What is to be written, in order.
#[derive(Default)]
pub struct Out {
    pieces: VecDeque<Piece>,
    octets: usize,
}

/// One thing to write.
pub enum Piece {
    /// Text.
    Text(Vec<u8>),
    /// A part of a message.
    Shared(Octets, Range<usize>),
}

impl Piece {
    /// The octets.
    pub fn octets(&self) -> &[u8] {
        match self {
            Self::Text(text) => text,
            Self::Shared(octets, range) => octets.get(range.clone()).unwrap_or_default(),
        }
    }
}

impl Out {
    /// How many octets wait.
    pub fn len(&self) -> usize {
        self.octets
    }

    /// Whether none do.
    pub fn is_empty(&self) -> bool {
        self.octets == 0
    }

    /// The next piece to write.
    pub fn pop(&mut self) -> Option<Piece> {
        let piece = self.pieces.pop_front()?;
        self.octets = self.octets.saturating_sub(piece.octets().len());
        Some(piece)
    }

    /// Adds text.
    pub fn push(&mut self, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        self.octets = self.octets.saturating_add(text.len());
        match self.pieces.back_mut() {
            Some(Piece::Text(last)) => last.extend_from_slice(text),
            _ => self.pieces.push_back(Piece::Text(text.to_vec())),
        }
    }

    /// Adds a number.
    pub fn number(&mut self, number: impl TryInto<u64>) {
        let mut left = number.try_into().unwrap_or(u64::MAX);
        let (mut digits, mut at) = ([b'0'; 20], 20_usize);
        loop {
            at = at.saturating_sub(1);
            if let (Some(place), Ok(digit)) = (digits.get_mut(at), u8::try_from(left % 10)) {
                *place = b'0'.saturating_add(digit);
            }
            left /= 10;
            if left == 0 {
                break;
            }
        }
        self.push(digits.get(at..).unwrap_or_default());
    }

    /// Adds a line.
    pub fn line(&mut self, text: impl AsRef<[u8]>) {
        self.push(text);
        self.push("\r\n");
    }

    /// Adds an untagged response.
    pub fn untagged(&mut self, text: impl AsRef<[u8]>) {
        self.push("* ");
        self.line(text);
    }

    /// Adds a string: quoted where it can be, a literal where it must.
    pub fn string(&mut self, octets: &[u8]) {
        if is_quotable(octets) {
            self.push("\"");
            self.push(octets);
            self.push("\"");
        } else {
            self.push(format!("{{{}}}\r\n", octets.len()));
            self.push(octets);
        }
    }

    /// Adds a string or NIL.
    pub fn nstring(&mut self, octets: Option<&[u8]>) {
        match octets {
            Some(octets) => self.string(octets),
            None => self.push("NIL"),
        }
    }

    /// Adds octets as a literal, copied.
    pub fn copied(&mut self, octets: &[u8]) {
        self.push("{");
        self.number(octets.len());
        self.push("}\r\n");
        self.push(octets);
    }

    /// Adds a part of a message as a literal.
    pub fn literal(&mut self, octets: &Octets, range: Range<usize>) {
        let length = octets.get(range.clone()).map_or(0, <[u8]>::len);
        self.push(format!("{{{length}}}\r\n"));
        if length <= COPIED {
            self.push(octets.get(range).unwrap_or_default());
        } else {
            self.octets = self.octets.saturating_add(length);
            self.pieces.push_back(Piece::Shared(Octets::clone(octets), range));
        }
    }
}

/// Flags in parentheses.
pub fn flags(flags: &Flags) -> String {
    let system = NAMED.iter().filter(|(flag, _)| flags.system.has(*flag)).map(|(_, name)| *name);
    let all: Vec<&str> = system.chain(flags.keywords.iter().map(String::as_str)).collect();
    format!("({})", all.join(" "))
}

/// A mailbox name for a response: its form on the wire, in quotes. In UTF-8 where that is enabled (RFC 6855 §3).
pub fn mailbox(name: &str, utf8: bool) -> String {
    let wire = if utf8 { name.to_owned() } else { super::grammar::name::encode(name) };
    format!("\"{}\"", wire.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Shorter ones are cheaper copied.
const COPIED: usize = 4096;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use zeroize::Zeroizing;

    use super::*;

    fn all(mut out: Out) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(piece) = out.pop() {
            all.extend_from_slice(piece.octets());
        }
        assert!(out.is_empty());
        all
    }

    #[test]
    fn strings_take_the_form_they_need() {
        for (text, wire) in [
            (&b"abc"[..], &b"\"abc\""[..]),
            (b"", b"\"\""),
            (b"a\"b", b"{3}\r\na\"b"),
            (b"a\\b", b"{3}\r\na\\b"),
            (b"\xc3\xa9", b"{2}\r\n\xc3\xa9"),
            (b"a\r\nb", b"{4}\r\na\r\nb"),
        ] {
            let mut out = Out::default();
            out.string(text);
            assert_eq!(out.len(), wire.len());
            assert_eq!(all(out), wire);
        }
        let mut out = Out::default();
        out.nstring(None);
        assert_eq!(all(out), b"NIL");
        assert_eq!(mailbox("Envoyés \"", true), "\"Envoyés \\\"\"");
        assert_eq!(mailbox("Envoyés \"a\\", false), "\"Envoy&AOk-s \\\"a\\\\\"");
    }

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for number in [0_u64, 7, 10, 4_294_967_295, u64::MAX] {
            let mut out = Out::default();
            out.number(number);
            assert_eq!(all(out), number.to_string().into_bytes());
        }
    }

    #[test]
    fn messages_are_shared_not_copied() {
        let message: Octets = Arc::new(Zeroizing::new(vec![b'x'; 10_000]));
        let mut out = Out::default();
        out.push("a");
        out.literal(&message, 0..10_000);
        out.literal(&message, 9_990..10_000);
        out.push(")");
        assert_eq!(Arc::strong_count(&message), 2);
        assert_eq!(out.len(), 1 + 9 + 10_000 + 6 + 10 + 1);
        let octets = all(out);
        assert_eq!(octets.len(), 10_027);
        assert!(octets.ends_with(b"{10}\r\nxxxxxxxxxx)"));
        // What is beyond the end is empty.
        let mut out = Out::default();
        out.literal(&message, 20_000..20_005);
        assert_eq!(all(out), b"{0}\r\n");
    }
}
