//! Commands as octets: lines that end in CR LF, with literals between them (RFC 3501 §4.3, RFC 7888).
//!
//! Memory is bounded before a login and after it. A literal that is refused is swallowed to its end or ends the
//! connection: its octets are never read as commands. What may have held a password is wiped with its owner.

use zeroize::Zeroizing;

use super::grammar::Cursor;
use super::grammar::append::MOST_MESSAGES;
use super::grammar::command::tag;
use super::grammar::sequence::SequenceSet;

/// Gathers one command from pieces of any size.
pub struct Reader {
    message_limit: usize,
    authenticated: bool,
    octets: Zeroizing<Vec<u8>>,
    /// Those that came whole; of the one that is coming what is there.
    messages: Vec<Zeroizing<Vec<u8>>>,
    at: At,
    mark: Mark,
    text: usize,
    literals: usize,
    refusal: Option<Refusal>,
}

/// What came of reading.
pub enum Read {
    /// All input is used, and no command is whole.
    Unfinished,
    /// The client waits to be asked for a literal.
    Continue,
    /// A message of this many octets is announced: [`Reader::grant`], or [`Reader::refuse`].
    Memory(usize),
    /// A command without its last CR LF.
    Whole(Received),
    /// A command that is refused as it stands, with its tag where it had one.
    Refused(Option<String>, Refusal),
    /// The connection must end.
    Fatal(Refusal),
}

/// A whole command.
pub struct Received {
    /// Text and small literals.
    pub octets: Zeroizing<Vec<u8>>,
    /// The literals of APPEND or REPLACE.
    pub messages: Vec<Zeroizing<Vec<u8>>>,
}

/// Why a command is refused before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// More text or larger literals than a command has.
    TooLong,
    /// A message over the limit.
    TooLarge,
    /// No memory for a message now.
    NoMemory,
    /// A line that ends in LF alone.
    BareLineFeed,
}

#[derive(Clone, Copy)]
enum At {
    Text,
    /// Octets of a small literal that are missing.
    Literal(usize),
    /// Octets of the message that are missing; not asked for yet when false.
    Message(usize, bool),
    /// Octets to swallow.
    Swallow(usize),
}

/// How much of `{n}` CR the text ends with.
#[derive(Clone, Copy)]
enum Mark {
    No,
    Brace,
    Number(usize),
    Plus(usize),
    Close(usize, bool),
    Return(usize, bool),
    OnlyReturn,
}

impl Mark {
    fn next(self, octet: u8) -> Self {
        match (self, octet) {
            (_, b'{') => Self::Brace,
            (Self::Brace, b'0'..=b'9') => Self::Number(usize::from(octet - b'0')),
            (Self::Number(n), b'0'..=b'9') => {
                Self::Number(n.saturating_mul(10).saturating_add(usize::from(octet - b'0')))
            }
            (Self::Number(n), b'+') => Self::Plus(n),
            (Self::Number(n), b'}') => Self::Close(n, false),
            (Self::Plus(n), b'}') => Self::Close(n, true),
            (Self::Close(n, plus), b'\r') => Self::Return(n, plus),
            (_, b'\r') => Self::OnlyReturn,
            _ => Self::No,
        }
    }
}

impl Reader {
    /// A reader for somebody who has not logged in.
    pub fn new(message_limit: usize) -> Self {
        Self {
            message_limit,
            authenticated: false,
            octets: Zeroizing::default(),
            messages: Vec::new(),
            at: At::Text,
            mark: Mark::No,
            text: 0,
            literals: 0,
            refusal: None,
        }
    }

    /// From now on commands may be as large as those of a user.
    pub fn authenticated(&mut self) {
        self.authenticated = true;
    }

    /// Whether a message is on its way in.
    pub fn is_in_message(&self) -> bool {
        !self.messages.is_empty() || matches!(self.at, At::Message(..) | At::Swallow(_))
    }

    /// Forgets what was read.
    pub fn clear(&mut self) {
        *self = Self { authenticated: self.authenticated, ..Self::new(self.message_limit) };
    }

    /// Takes octets up to the end of a command. `raw`: a line without literals (AUTHENTICATE, IDLE).
    pub fn read(&mut self, input: &mut &[u8], raw: bool) -> Read {
        loop {
            match self.at {
                At::Text => {
                    let Some((&octet, rest)) = input.split_first() else { return Read::Unfinished };
                    *input = rest;
                    if let Some(read) = self.octet(octet, raw) {
                        return read;
                    }
                }
                At::Literal(missing) => {
                    let Some(piece) = take(input, missing) else { return Read::Unfinished };
                    self.keep(piece);
                    self.at = left(missing, piece, At::Literal);
                }
                At::Message(_, false) => return Read::Unfinished,
                At::Message(missing, true) => {
                    let Some(piece) = take(input, missing) else { return Read::Unfinished };
                    if let Some(message) = self.messages.last_mut() {
                        message.extend_from_slice(piece);
                    }
                    self.at = left(missing, piece, |missing| At::Message(missing, true));
                }
                At::Swallow(missing) => {
                    let Some(piece) = take(input, missing) else { return Read::Unfinished };
                    self.at = left(missing, piece, At::Swallow);
                }
            }
        }
    }

    /// There is memory for the message that was announced.
    pub fn grant(&mut self) -> Read {
        let At::Message(octets, false) = self.at else { return Read::Unfinished };
        self.messages.push(Zeroizing::new(Vec::with_capacity(octets)));
        self.at = left(octets, &[], |missing| At::Message(missing, true));
        if matches!(self.mark, Mark::Return(_, true)) {
            self.unmark(Read::Unfinished)
        } else {
            self.unmark(Read::Continue)
        }
    }

    /// There is none.
    pub fn refuse(&mut self, refusal: Refusal) -> Read {
        let At::Message(octets, false) = self.at else { return Read::Unfinished };
        self.refusal.get_or_insert(refusal);
        let plus = matches!(self.mark, Mark::Return(_, true));
        self.refused_literal(octets, plus).unwrap_or(Read::Unfinished)
    }

    fn unmark(&mut self, read: Read) -> Read {
        self.mark = Mark::No;
        read
    }

    /// One octet of text; what it leads to, if anything.
    fn octet(&mut self, octet: u8, raw: bool) -> Option<Read> {
        if octet != b'\n' {
            self.mark = self.mark.next(octet);
            self.text = self.text.saturating_add(1);
            if self.text > self.most_text() {
                self.refusal.get_or_insert(Refusal::TooLong);
            }
            self.keep(&[octet]);
            return None;
        }
        let mark = self.mark;
        if matches!(mark, Mark::Return(..) | Mark::OnlyReturn) {
            self.keep(b"\n");
        } else {
            self.refusal.get_or_insert(Refusal::BareLineFeed);
        }
        match mark {
            Mark::Return(octets, plus) | Mark::Close(octets, plus) if !raw => self.announced(octets, plus),
            _ => Some(self.finish()),
        }
    }

    /// A literal of this many octets comes, at once (`plus`) or when asked for.
    fn announced(&mut self, octets: usize, plus: bool) -> Option<Read> {
        let is_message = self.refusal.is_none() && self.is_message();
        self.literals = self.literals.saturating_add(octets);
        let together = self.messages.iter().fold(octets, |sum, message| sum.saturating_add(message.len()));
        if is_message && (together > self.message_limit || self.messages.len() >= MOST_MESSAGES) {
            // RFC 3502 §6.3.11: all of them or none.
            self.refusal = Some(Refusal::TooLarge);
        } else if !is_message && (self.literals > self.most_literals() || octets > self.most_literals()) {
            self.refusal.get_or_insert(Refusal::TooLong);
        }
        if self.refusal.is_some() {
            return self.refused_literal(octets, plus);
        }
        if is_message {
            self.literals = 0;
            self.at = At::Message(octets, false);
            return Some(Read::Memory(octets));
        }
        self.mark = Mark::No;
        self.at = left(octets, &[], At::Literal);
        (!plus).then_some(Read::Continue)
    }

    /// A literal that is not wanted. One that was not asked for yet will not come (RFC 3501 §7.5).
    fn refused_literal(&mut self, octets: usize, plus: bool) -> Option<Read> {
        self.mark = Mark::No;
        self.octets.truncate(LONGEST_PREFIX);
        let refusal = self.refusal.unwrap_or(Refusal::TooLong);
        // Before a login nobody is owed patience; after it, a flood that comes unasked is owed none either.
        if !self.authenticated || (plus && octets > self.message_limit.saturating_mul(2)) {
            self.clear();
            return Some(Read::Fatal(refusal));
        }
        if plus {
            self.at = left(octets, &[], At::Swallow);
            return None;
        }
        Some(self.finish())
    }

    /// Whether the literal that is announced now is a message: of an APPEND or REPLACE, and not the name of the folder.
    fn is_message(&self) -> bool {
        if !self.authenticated {
            return false;
        }
        if !self.messages.is_empty() {
            return true;
        }
        let mut cursor = Cursor::new(&self.octets);
        if tag(&mut cursor).is_err() {
            return false;
        }
        if !cursor.eat_word("APPEND ") {
            let replaces = cursor.eat_word("REPLACE ") || cursor.eat_word("UID REPLACE ");
            if !replaces || SequenceSet::read(&mut cursor).is_err() || cursor.space().is_err() {
                return false;
            }
        }
        cursor.peek() != Some(b'{') || self.literals > 0
    }

    fn finish(&mut self) -> Read {
        let mut octets = std::mem::take(&mut self.octets);
        let messages = std::mem::take(&mut self.messages);
        let refusal = self.refusal;
        self.clear();
        if let Some(refusal) = refusal {
            return Read::Refused(tag(&mut Cursor::new(&octets)).ok(), refusal);
        }
        let length = octets.len().saturating_sub(2);
        octets.truncate(length);
        Read::Whole(Received { octets, messages })
    }

    fn keep(&mut self, octets: &[u8]) {
        if self.refusal.is_some() {
            // The tag stays, for the answer.
            if self.octets.len() > LONGEST_PREFIX {
                self.octets.truncate(LONGEST_PREFIX);
            }
            self.messages.clear();
            return;
        }
        let wanted = self.octets.len().saturating_add(octets.len());
        if wanted > self.octets.capacity() {
            // A copy by hand, so that the smaller buffer is wiped.
            let mut larger = Zeroizing::new(Vec::with_capacity(wanted.next_power_of_two().max(SMALL)));
            larger.extend_from_slice(&self.octets);
            self.octets = larger;
        }
        self.octets.extend_from_slice(octets);
    }

    fn most_text(&self) -> usize {
        if self.authenticated { MOST_TEXT } else { MOST_BEFORE_LOGIN }
    }

    fn most_literals(&self) -> usize {
        if self.authenticated { MOST_TEXT } else { LONGEST_LITERAL_BEFORE_LOGIN }
    }
}

/// Up to `missing` octets; `None` when there is no input.
fn take<'a>(input: &mut &'a [u8], missing: usize) -> Option<&'a [u8]> {
    if input.is_empty() {
        return None;
    }
    let (piece, rest) = input.split_at_checked(missing).unwrap_or((input, &[]));
    *input = rest;
    Some(piece)
}

fn left(missing: usize, piece: &[u8], more: impl Fn(usize) -> At) -> At {
    match missing.saturating_sub(piece.len()) {
        0 => At::Text,
        missing => more(missing),
    }
}

const MOST_BEFORE_LOGIN: usize = 8 * 1024;
/// RFC 7888 §5: LITERAL-.
const LONGEST_LITERAL_BEFORE_LOGIN: usize = 4096;
const MOST_TEXT: usize = 64 * 1024;
const LONGEST_PREFIX: usize = 128;
const SMALL: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 100_000;

    fn read_in(input: &[u8], authenticated: bool, piece: usize) -> String {
        let mut reader = Reader::new(LIMIT);
        if authenticated {
            reader.authenticated();
        }
        let mut seen = String::new();
        for mut now in input.chunks(piece) {
            loop {
                let mut read = reader.read(&mut now, false);
                if let Read::Memory(octets) = read {
                    seen.push_str(&format!("<{octets}>"));
                    read = if octets == 99 { reader.refuse(Refusal::NoMemory) } else { reader.grant() };
                }
                match read {
                    Read::Unfinished if now.is_empty() => break,
                    Read::Unfinished | Read::Memory(_) => {}
                    Read::Continue => seen.push('+'),
                    Read::Whole(got) => {
                        seen.push_str(&format!("[{}]", String::from_utf8_lossy(&got.octets)));
                        for message in got.messages {
                            seen.push_str(&format!("({})", message.len()));
                        }
                    }
                    Read::Refused(tag, refusal) => seen.push_str(&format!("{tag:?}{refusal:?}")),
                    Read::Fatal(refusal) => return format!("{seen}!{refusal:?}"),
                }
            }
        }
        seen
    }

    fn read(input: &[u8], authenticated: bool) -> String {
        let whole = read_in(input, authenticated, input.len().max(1));
        for piece in [1, 2, 3, 7] {
            assert_eq!(read_in(input, authenticated, piece), whole);
        }
        whole
    }

    #[test]
    fn lines_and_literals() {
        assert_eq!(read(b"a NOOP\r\nb NOOP\r\nc", false), "[a NOOP][b NOOP]");
        assert_eq!(read(b"a LOGIN {1}\r\nx {2+}\r\ny \r\nb NOOP\r\n", false), "+[a LOGIN {1}\r\nx {2+}\r\ny ][b NOOP]");
        assert_eq!(read(b"a X {0}\r\n\r\n", false), "+[a X {0}\r\n]");
        // What looks like an announcement inside a literal is none.
        assert_eq!(read(b"a X {3+}\r\n{9}\r\nb NOOP\r\n", false), "[a X {3+}\r\n{9}][b NOOP]");
        assert_eq!(read(b"a X {9\r\n{}\r\n", false), "[a X {9][{}]");
        assert_eq!(read(b"a NOOP\nb NOOP\r\n", false), "Some(\"a\")BareLineFeed[b NOOP]");
        assert_eq!(read(b"a X {3+}\nabc\r\nb NOOP\r\n", true), "Some(\"a\")BareLineFeed[b NOOP]");
    }

    #[test]
    fn messages_are_kept_apart() {
        assert_eq!(read(b"a APPEND x {3}\r\nabc\r\nb NOOP\r\n", true), "<3>+[a APPEND x {3}\r\n](3)[b NOOP]");
        assert_eq!(read(b"a append {1}\r\nx {3+}\r\nabc\r\n", true), "+<3>[a append {1}\r\nx {3+}\r\n](3)");
        let large = [b"a APPEND x {90000+}\r\n", &[b'x'; 90_000][..], b"\r\nb NOOP\r\n"].concat();
        assert_eq!(read(&large, true), "<90000>[a APPEND x {90000+}\r\n](90000)[b NOOP]");
        // Before a login there is no APPEND.
        assert_eq!(read(b"a APPEND x {3}\r\nabc\r\n", false), "+[a APPEND x {3}\r\nabc]");
        // RFC 3502: several; RFC 8508: one in the place of another.
        assert_eq!(
            read(b"a APPEND x {1+}\r\na (\\Seen) ~{2}\r\nbc\r\n", true),
            "<1><2>+[a APPEND x {1+}\r\n (\\Seen) ~{2}\r\n](1)(2)"
        );
        assert_eq!(read(b"a APPEND x UTF8 (~{1+}\r\na)\r\n", true), "<1>[a APPEND x UTF8 (~{1+}\r\n)](1)");
        assert_eq!(read(b"a REPLACE 4 {1+}\r\nx {3+}\r\nabc\r\n", true), "<3>[a REPLACE 4 {1+}\r\nx {3+}\r\n](3)");
        assert_eq!(read(b"a UID REPLACE 4:5 x {3}\r\nabc\r\n", true), "<3>+[a UID REPLACE 4:5 x {3}\r\n](3)");
        assert_eq!(read(b"a REPLACE x x {3+}\r\nabc\r\n", true), "[a REPLACE x x {3+}\r\nabc]");
        // Together they are no more than one may be; what is refused is refused whole.
        let two =
            [b"a APPEND x {60000+}\r\n", &[b'x'; 60_000][..], b" {60000+}\r\n", &[b'x'; 60_000], b"\r\nb NOOP\r\n"];
        assert_eq!(read(&two.concat(), true), "<60000>Some(\"a\")TooLarge[b NOOP]");
    }

    #[test]
    fn fault_19_a_refused_literal_is_never_a_command() {
        let over = |plus: &str| {
            let mut input = format!("a APPEND x {{{}{plus}}}\r\n", LIMIT + 6).into_bytes();
            if !plus.is_empty() {
                input.extend([b"b X\r\n", &[b'x'; LIMIT + 1][..]].concat());
                input.extend(b" {7+}\r\nc X\r\n\r\n\r\n");
            }
            input.extend(b"z NOOP\r\n");
            input
        };
        assert_eq!(read(&over(""), true), "Some(\"a\")TooLarge[z NOOP]");
        assert_eq!(read(&over("+"), true), "Some(\"a\")TooLarge[z NOOP]");
        assert_eq!(read(b"a APPEND x {99}\r\nb NOOP\r\n", true), "<99>Some(\"a\")NoMemory[b NOOP]");
        let swallowed = [b"a APPEND x {99+}\r\n", &[b'\n'; 99][..], b"\r\nb NOOP\r\n"].concat();
        assert_eq!(read(&swallowed, true), "<99>Some(\"a\")NoMemory[b NOOP]");
        assert_eq!(read(b"a APPEND x {99999999999999999999+}\r\nb NOOP\r\n", true), "!TooLarge");
        assert_eq!(read(b"a APPEND x {26214400}\r\nb NOOP\r\n", true), "Some(\"a\")TooLarge[b NOOP]");
        assert_eq!(read(b"a X {99999999999999999999}\r\nb NOOP\r\n", true), "Some(\"a\")TooLong[b NOOP]");
        // A line that is too long and ends in a literal.
        let long = [b"a SEARCH TEXT ", &[b'x'; MOST_TEXT][..], b"{8+}\r\nb NOOP\r\n\r\nc NOOP\r\n"].concat();
        assert_eq!(read(&long, true), "Some(\"a\")TooLong[c NOOP]");
    }

    #[test]
    fn fault_19_before_a_login_nothing_grows() {
        assert_eq!(read(b"a LOGIN {4097}\r\n", false), "!TooLong");
        assert_eq!(read(b"a LOGIN {1048576+}\r\nxxx", false), "!TooLong");
        assert_eq!(read(&[b"a LOGIN {4096+}\r\n", &[b'x'; 4096][..], b" {1}\r\n"].concat(), false), "!TooLong");
        let long = [b"a ", &[b'x'; MOST_BEFORE_LOGIN][..], b"\r\nb NOOP\r\n"].concat();
        assert_eq!(read(&long, false), "Some(\"a\")TooLong[b NOOP]");
        for flood in [&b"A"[..], b"{", b"{1+}\r\nx", b"a {1", b"\"", b"("] {
            let mut reader = Reader::new(LIMIT);
            let input = flood.repeat(1_000_000 / flood.len());
            let mut left = input.as_slice();
            while !left.is_empty() && !matches!(reader.read(&mut left, false), Read::Fatal(_)) {}
            assert!(reader.octets.capacity() <= 4 * MOST_BEFORE_LOGIN, "{flood:?}: {}", reader.octets.capacity());
        }
    }
}
