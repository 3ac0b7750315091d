//! A cursor over one whole command, and the small words of the grammar: atoms, strings, numbers (RFC 3501 §9).
//!
//! Literals stand in the octets as they came, `{n}` CR LF and n octets; the reader has counted them. What a
//! cursor gives out is never longer than what it holds, and it never panics.

use zeroize::Zeroizing;

/// Reads a command from left to right.
pub struct Cursor<'a> {
    rest: &'a [u8],
    utf8: bool,
}

/// Why octets are not a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseFault {
    /// No tag that could be repeated in the answer.
    Tag,
    /// No command of this name.
    Unknown,
    /// Arguments that do not fit the command.
    Arguments,
    /// A mailbox name that is not modified UTF-7.
    Name,
    /// SEARCH in a charset that is not read.
    Charset,
    /// Parentheses, NOTs or ORs deeper than anybody writes.
    TooDeep,
}

/// What reading gives.
pub type Parsed<T> = Result<T, ParseFault>;

const BAD: ParseFault = ParseFault::Arguments;

impl<'a> Cursor<'a> {
    /// At the beginning.
    pub fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets, utf8: false }
    }

    /// The same for a session that writes mailbox names in UTF-8 (RFC 6855 §3, RFC 9051 §5.1).
    #[must_use]
    pub fn in_utf8(mut self, utf8: bool) -> Self {
        self.utf8 = utf8;
        self
    }

    /// Whether mailbox names are written in UTF-8.
    pub fn is_utf8(&self) -> bool {
        self.utf8
    }

    /// Whether these octets come next, in any case; nothing is taken.
    pub fn is_next(&self, word: &str) -> bool {
        self.rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// The next octet, not taken.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes this octet if it is next.
    pub fn eat(&mut self, octet: u8) -> bool {
        let is = self.peek() == Some(octet);
        if is {
            self.advance(1);
        }
        is
    }

    /// Takes this word, in any case, if it is next.
    pub fn eat_word(&mut self, word: &str) -> bool {
        let is = self.rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()));
        if is {
            self.advance(word.len());
        }
        is
    }

    /// This octet must be next.
    pub fn need(&mut self, octet: u8) -> Parsed<()> {
        if self.eat(octet) { Ok(()) } else { Err(BAD) }
    }

    /// One space must be next.
    pub fn space(&mut self) -> Parsed<()> {
        self.need(b' ')
    }

    /// Nothing may be left. A space at the end is forgiven: some clients write one.
    pub fn end(&mut self) -> Parsed<()> {
        while self.eat(b' ') {}
        if self.rest.is_empty() { Ok(()) } else { Err(BAD) }
    }

    /// Whether all is read.
    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// One or more octets of this kind.
    pub fn run(&mut self, kind: impl Fn(u8) -> bool) -> Parsed<&'a [u8]> {
        let length = self.rest.iter().position(|&octet| !kind(octet)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(BAD)?;
        if taken.is_empty() {
            return Err(BAD);
        }
        self.rest = rest;
        Ok(taken)
    }

    /// An atom.
    pub fn atom(&mut self) -> Parsed<&'a str> {
        text(self.run(is_atom_char)?)
    }

    /// A number of 32 bits.
    pub fn number(&mut self) -> Parsed<u32> {
        let digits = text(self.run(|octet| octet.is_ascii_digit())?)?;
        digits.parse().map_err(|_| BAD)
    }

    /// A number of 63 bits.
    pub fn number64(&mut self) -> Parsed<u64> {
        let digits = text(self.run(|octet| octet.is_ascii_digit())?)?;
        digits.parse().ok().filter(|number| i64::try_from(*number).is_ok()).ok_or(BAD)
    }

    /// A number that is not 0.
    pub fn nz_number(&mut self) -> Parsed<u32> {
        self.number().and_then(|number| if number == 0 { Err(BAD) } else { Ok(number) })
    }

    /// A quoted string or a literal. It may be a password, so it is wiped.
    pub fn string(&mut self) -> Parsed<Zeroizing<Vec<u8>>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal().map(|octets| Zeroizing::new(octets.to_vec())),
            _ => Err(BAD),
        }
    }

    /// An atom (with `]`), a quoted string or a literal.
    pub fn astring(&mut self) -> Parsed<Zeroizing<Vec<u8>>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => self.run(is_astring_char).map(|octets| Zeroizing::new(octets.to_vec())),
        }
    }

    /// The same, or the octets of a pattern: `%` and `*` too.
    pub fn list_mailbox(&mut self) -> Parsed<Zeroizing<Vec<u8>>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => self
                .run(|octet| is_astring_char(octet) || matches!(octet, b'%' | b'*'))
                .map(|octets| Zeroizing::new(octets.to_vec())),
        }
    }

    /// A string or NIL.
    pub fn nstring(&mut self) -> Parsed<Option<Zeroizing<Vec<u8>>>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string().map(Some),
            _ if self.eat_word("NIL") => Ok(None),
            _ => Err(BAD),
        }
    }

    /// The announcement of a literal whose octets are kept elsewhere: how many there are.
    pub fn literal_head(&mut self) -> Parsed<usize> {
        // RFC 3516 §4.4: literal8, which may hold NUL.
        let _ = self.eat(b'~');
        self.need(b'{')?;
        let length = self.number()?;
        let _ = self.eat(b'+');
        self.need(b'}')?;
        self.need(b'\r')?;
        self.need(b'\n')?;
        usize::try_from(length).map_err(|_| BAD)
    }

    fn literal(&mut self) -> Parsed<&'a [u8]> {
        if self.peek() == Some(b'~') {
            return Err(BAD);
        }
        let length = self.literal_head()?;
        let (octets, rest) = self.rest.split_at_checked(length).ok_or(BAD)?;
        // RFC 3501 §9: CHAR8 is any octet but NUL.
        if octets.contains(&0) {
            return Err(BAD);
        }
        self.rest = rest;
        Ok(octets)
    }

    fn quoted(&mut self) -> Parsed<Zeroizing<Vec<u8>>> {
        self.need(b'"')?;
        // Room at once, so that no piece of a password is left behind by growth.
        let mut octets = Zeroizing::new(Vec::with_capacity(self.rest.len()));
        loop {
            let octet = self.peek().ok_or(BAD)?;
            self.advance(1);
            match octet {
                b'"' => return Ok(octets),
                b'\\' => match self.peek() {
                    Some(escaped @ (b'"' | b'\\')) => {
                        self.advance(1);
                        octets.push(escaped);
                    }
                    _ => return Err(BAD),
                },
                b'\r' | b'\n' | 0 => return Err(BAD),
                other => octets.push(other),
            }
        }
    }

    fn advance(&mut self, by: usize) {
        self.rest = self.rest.get(by..).unwrap_or_default();
    }
}

/// Octets as text.
pub fn text(octets: &[u8]) -> Parsed<&str> {
    std::str::from_utf8(octets).map_err(|_| BAD)
}

/// ATOM-CHAR: printable ASCII but the specials (RFC 3501 §9).
pub fn is_atom_char(octet: u8) -> bool {
    octet.is_ascii_graphic() && !matches!(octet, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

fn is_astring_char(octet: u8) -> bool {
    is_atom_char(octet) || octet == b']'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn astring(input: &[u8]) -> Result<String, ParseFault> {
        let mut cursor = Cursor::new(input);
        let octets = cursor.astring()?;
        cursor.end()?;
        Ok(String::from_utf8_lossy(&octets).into_owned())
    }

    #[test]
    fn strings_come_in_three_forms() {
        assert_eq!(astring(b"INBOX").as_deref(), Ok("INBOX"));
        assert_eq!(astring(b"a]b").as_deref(), Ok("a]b"));
        assert_eq!(astring(b"\"a \\\"b\\\\\"").as_deref(), Ok("a \"b\\"));
        assert_eq!(astring(b"\"\"").as_deref(), Ok(""));
        assert_eq!(astring(b"{3}\r\na\r\n").as_deref(), Ok("a\r\n"));
        assert_eq!(astring(b"{3+}\r\na b").as_deref(), Ok("a b"));
        assert_eq!(astring(b"{0}\r\n").as_deref(), Ok(""));
        for bad in [
            &b""[..],
            b"\"a",
            b"\"a\\x\"",
            b"\"a\r\"",
            b"{3}\r\nab",
            b"{4}abcd",
            b"{99999999999}\r\n",
            b"{1}\r\n\0",
            b"a(b",
            b"a b",
            b"(",
            b"\xc3\xa9",
        ] {
            assert_eq!(astring(bad), Err(ParseFault::Arguments), "{bad:?}");
        }
    }

    #[test]
    fn numbers_fit_their_width() {
        assert_eq!(Cursor::new(b"4294967295").number(), Ok(u32::MAX));
        assert_eq!(Cursor::new(b"4294967296").number(), Err(BAD));
        assert_eq!(Cursor::new(b"0").nz_number(), Err(BAD));
        assert_eq!(Cursor::new(b"007").nz_number(), Ok(7));
        assert_eq!(Cursor::new(b"9223372036854775808").number64(), Err(BAD));
        assert_eq!(Cursor::new(b"x").number64(), Err(BAD));
    }
}
