//! Command lines: octets up to CR LF, and nothing else ends a line (RFC 5321 §2.3.8).
//!
//! A CR or LF that stands alone is a fault that ends the session: no other program must ever read our
//! input in other lines than we do. The buffer is bounded, never moves what it held without wiping it,
//! and is wiped with its owner, for it may have held a password.

use zeroize::{Zeroize, Zeroizing};

/// Gathers one line from pieces of any size.
#[derive(Default)]
pub struct LineReader {
    octets: Zeroizing<Vec<u8>>,
    carriage_return: bool,
    too_long: bool,
}

/// What came of reading.
pub enum Line {
    /// All input is used, and no line is whole.
    Unfinished,
    /// A line without its CR LF.
    Whole(Zeroizing<Vec<u8>>),
    /// A line that was longer than allowed; none of it is kept.
    TooLong,
    /// CR without LF, or LF without CR.
    BareLineEnd,
}

impl LineReader {
    /// Takes octets from `input` up to the end of a line. `long` allows the length of AUTH.
    pub fn read(&mut self, input: &mut &[u8], long: bool) -> Line {
        while let Some((&octet, rest)) = input.split_first() {
            *input = rest;
            match (self.carriage_return, octet) {
                (true, b'\n') => return self.finish(),
                (true, _) | (false, b'\n') => {
                    self.clear();
                    return Line::BareLineEnd;
                }
                (false, b'\r') => self.carriage_return = true,
                (false, _) => self.push(octet, long),
            }
        }
        Line::Unfinished
    }

    /// Forgets what was read.
    pub fn clear(&mut self) {
        self.octets.zeroize();
        self.carriage_return = false;
        self.too_long = false;
    }

    fn finish(&mut self) -> Line {
        let line = std::mem::take(&mut self.octets);
        let too_long = self.too_long;
        self.clear();
        if too_long { Line::TooLong } else { Line::Whole(line) }
    }

    fn push(&mut self, octet: u8, long: bool) {
        if self.too_long {
            return;
        }
        let long = long || self.octets.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"AUTH "));
        let limit = if long { LONGEST_AUTH } else { LONGEST };
        if self.octets.len() >= limit {
            self.octets.zeroize();
            self.too_long = true;
            return;
        }
        if self.octets.len() == self.octets.capacity() {
            let room = if self.octets.is_empty() { SMALL } else { self.octets.len().saturating_mul(4) };
            let mut larger = Zeroizing::new(Vec::with_capacity(room.min(LONGEST_AUTH)));
            larger.extend_from_slice(&self.octets);
            self.octets = larger;
        }
        self.octets.push(octet);
    }
}

/// RFC 5321 §4.5.3.1.4: 512 octets with CR LF; a parameter adds to it: SIZE 26 (RFC 1870 §3), BODY 17
/// (RFC 6152 §2), AUTH 500 (RFC 4954 §3), RET and ENVID 107, NOTIFY and ORCPT 528 to RCPT (RFC 3461 §4.1 to §4.4),
/// SMTPUTF8 10 (RFC 6531 §3.1).
const LONGEST: usize = 510 + 26 + 17 + 500 + 107 + 10;
/// RFC 4954 §4.
const LONGEST_AUTH: usize = 12_288 - 2;
const SMALL: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8], long: bool) -> String {
        let (mut reader, mut input, mut seen) = (LineReader::default(), input, String::new());
        loop {
            seen.push_str(&match reader.read(&mut input, long) {
                Line::Unfinished => return seen,
                Line::Whole(line) => format!("[{}]", String::from_utf8_lossy(&line)),
                Line::TooLong => "long".to_owned(),
                Line::BareLineEnd => return seen + "bare",
            });
        }
    }

    #[test]
    fn only_crlf_ends_a_line() {
        assert_eq!(read(b"NOOP\r\nQUIT\r\n", false), "[NOOP][QUIT]");
        assert_eq!(read(b"\r\nx", false), "[]");
        for bare in [&b"NOOP\n"[..], b"NOOP\rQUIT\r\n", b"NOOP\r\r\n", b"\n"] {
            assert_eq!(read(bare, false), "bare", "{bare:?}");
        }
    }

    #[test]
    fn long_lines_are_dropped_whole_and_the_next_is_read() {
        let line = |length: usize| [&vec![b'x'; length][..], b"\r\nNOOP\r\n"].concat();
        assert!(read(&line(LONGEST), false).ends_with("x][NOOP]"));
        assert_eq!(read(&line(LONGEST + 1), false), "long[NOOP]");
        assert!(read(&line(LONGEST_AUTH), true).ends_with("x][NOOP]"));
        assert_eq!(read(&line(LONGEST_AUTH + 1), true), "long[NOOP]");
        let auth = [&b"auth plain "[..], &[b'A'; 8000], b"\r\n"].concat();
        assert!(read(&auth, false).starts_with("[auth plain AA"));
    }

    #[test]
    fn fault_19_an_endless_line_takes_no_memory() {
        let mut reader = LineReader::default();
        let piece = vec![b'A'; 1024 * 1024];
        for _ in 0..16 {
            assert!(matches!(reader.read(&mut piece.as_slice(), true), Line::Unfinished));
            assert!(reader.octets.capacity() <= LONGEST_AUTH);
        }
    }
}
