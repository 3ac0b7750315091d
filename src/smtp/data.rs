//! The octets after DATA (RFC 5321 §4.1.1.4, §4.5.2): dots unstuffed, and one end only, CR LF "." CR LF.
//!
//! A message in which a CR or LF stands alone, or a NUL, could end elsewhere for another server (SMTP
//! smuggling): it is read to its true end and refused, never mended. What is refused is no longer stored.
//! Storage grows only by what was granted, and a buffer that is left behind is wiped.

use crate::domain::RawMessageFault;
use zeroize::{Zeroize, Zeroizing};

/// Reads one message from pieces of any size.
pub struct DataReader {
    stored: Zeroizing<Vec<u8>>,
    granted: usize,
    max: usize,
    at: At,
    line: usize,
    refusal: Option<DataFault>,
}

/// What came of reading.
pub enum Progress {
    /// All input is used.
    More,
    /// This much more memory is needed: [`DataReader::grant`] it, or [`DataReader::refuse`] the message.
    Memory(usize),
    /// The true end: the message, or why it is refused.
    End(Result<Vec<u8>, DataFault>),
}

/// Why a message is refused at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataFault {
    /// A CR, LF or NUL that stands alone.
    NotClean,
    /// A header or a nesting that could not be read safely.
    NotSound,
    /// A line of more than 64 KiB.
    LineTooLong,
    /// More octets than SIZE said.
    TooLarge,
    /// No memory was granted.
    NoMemory,
}

impl From<RawMessageFault> for DataFault {
    fn from(fault: RawMessageFault) -> Self {
        match fault {
            RawMessageFault::BareCr | RawMessageFault::BareLf | RawMessageFault::Nul => Self::NotClean,
            _ => Self::NotSound,
        }
    }
}

/// Where in a line the last octet stood.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// After CR LF, or at the beginning: the CR LF of the DATA command counts.
    Start,
    /// After a dot at the start of a line.
    Dot,
    /// After dot and CR at the start of a line.
    DotCr,
    /// Inside a line.
    Text,
    /// After a CR inside a line.
    Cr,
}

impl DataReader {
    /// How much memory to ask for before the first octet, by what SIZE declared.
    pub fn first_grant(declared: Option<u64>, max: usize) -> usize {
        let declared = declared.map(|size| usize::try_from(size).unwrap_or(max).min(max).saturating_add(SLACK));
        declared.unwrap_or(STEP)
    }

    /// A reader that may store `granted` octets now and `max` in all.
    pub fn new(granted: usize, max: usize) -> Self {
        let stored = Zeroizing::new(Vec::with_capacity(granted));
        Self { stored, granted, max, at: At::Start, line: 0, refusal: None }
    }

    /// Takes octets from `input` up to the end of the message.
    pub fn read(&mut self, input: &mut &[u8]) -> Progress {
        while let Some((&octet, rest)) = input.split_first() {
            let room = self.granted.saturating_sub(self.stored.len());
            // Two: the most that one octet can add is a CR LF.
            if self.refusal.is_none() && room < 2 {
                return Progress::Memory(self.next_grant());
            }
            if self.at == At::Text || (self.at == At::Start && octet != b'.') {
                let run = plain(input).min(if self.refusal.is_none() { room } else { usize::MAX });
                if run > 0 {
                    let (text, after) = input.split_at_checked(run).unwrap_or_default();
                    *input = after;
                    self.at = At::Text;
                    self.push(text);
                    continue;
                }
            }
            *input = rest;
            if self.octet(octet) {
                return Progress::End(match self.refusal {
                    None => Ok(std::mem::take(&mut *self.stored)),
                    Some(fault) => Err(fault),
                });
            }
        }
        Progress::More
    }

    /// Adds what [`Progress::Memory`] asked for.
    pub fn grant(&mut self, octets: usize) {
        self.granted = self.granted.saturating_add(octets);
        let mut larger = Zeroizing::new(Vec::with_capacity(self.granted));
        larger.extend_from_slice(&self.stored);
        self.stored = larger;
    }

    /// Refuses the message; the rest is read and not kept. The first reason stays.
    pub fn refuse(&mut self, fault: DataFault) {
        if self.refusal.is_none() {
            self.refusal = Some(fault);
            self.stored.zeroize();
            self.stored = Zeroizing::default();
        }
    }

    /// One octet that may be special; true at the end of the message.
    fn octet(&mut self, octet: u8) -> bool {
        self.at = match (self.at, octet) {
            (At::DotCr, b'\n') => return true,
            (At::Cr, b'\n') => {
                self.push(b"\r\n");
                self.line = 0;
                At::Start
            }
            (At::Start, b'.') => At::Dot,
            (At::Dot, b'\r') => At::DotCr,
            (At::Start | At::Text, b'\r') => At::Cr,
            (At::Cr | At::DotCr, other) => {
                self.refuse(DataFault::NotClean);
                if other == b'\r' { At::Cr } else { At::Text }
            }
            (_, b'\n' | 0) => {
                self.refuse(DataFault::NotClean);
                At::Text
            }
            // After a dot at the start of a line: the dot is dropped (RFC 5321 §4.5.2).
            (At::Dot | At::Start | At::Text, other) => {
                self.push(&[other]);
                At::Text
            }
        };
        false
    }

    fn push(&mut self, octets: &[u8]) {
        self.line = self.line.saturating_add(octets.len());
        if self.line > LONGEST_LINE {
            self.refuse(DataFault::LineTooLong);
        } else if self.stored.len().saturating_add(octets.len()) > self.max {
            self.refuse(DataFault::TooLarge);
        } else if self.refusal.is_none() {
            self.stored.extend_from_slice(octets);
        }
    }

    /// A quarter more, so that a message whose size was not declared is not copied for each step.
    fn next_grant(&self) -> usize {
        let most = self.max.saturating_add(SLACK).saturating_sub(self.granted);
        STEP.max(self.granted / 4).min(most.max(2))
    }
}

/// How many octets at the beginning are above CR, and so have no part in line ends: 32 at a time, which the
/// compiler turns into one vector comparison.
fn plain(octets: &[u8]) -> usize {
    let special = |chunk: &&[u8]| chunk.iter().fold(u8::MAX, |least, &octet| least.min(octet)) <= b'\r';
    let whole = octets.chunks_exact(32).take_while(|chunk| !special(chunk)).count().saturating_mul(32);
    let tail = octets.get(whole..).unwrap_or_default();
    whole.saturating_add(tail.iter().position(|&octet| octet <= b'\r').unwrap_or(tail.len()))
}

/// RFC 5321 §4.5.3.1.6 allows 1,000; real messages have longer ones, and refusing those helps nobody.
const LONGEST_LINE: usize = 64 * 1024;
const STEP: usize = 64 * 1024;
/// Clients declare SIZE a little too small.
const SLACK: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads in pieces of `piece` octets; what is left after the end comes back too.
    fn read_in(input: &[u8], max: usize, piece: usize) -> (Option<Result<Vec<u8>, DataFault>>, Vec<u8>) {
        let mut reader = DataReader::new(DataReader::first_grant(None, max), max);
        let mut left = input;
        while !left.is_empty() {
            let (mut now, later) = left.split_at(piece.min(left.len()));
            loop {
                match reader.read(&mut now) {
                    Progress::More => break,
                    Progress::Memory(octets) => reader.grant(octets),
                    Progress::End(end) => return (Some(end), [now, later].concat()),
                }
            }
            left = later;
        }
        (None, Vec::new())
    }

    /// fault_20: every variant of an end of data that some server took for one. Only the first ends it.
    #[test]
    fn fault_20_only_crlf_dot_crlf_ends_a_message() {
        let clean: &[&[u8]] =
            &[b"\r\n..\r\n", b"\r\n.x\r\n", b"\r\n. \r\n", b"\r\n .\r\n", b"\r\n...\r\n", b".\r\n", b"\r\n."];
        let dirty: &[&[u8]] = &[
            b"\n.\n",
            b"\n.\r\n",
            b"\r.\r",
            b"\r.\r\n",
            b"\r\n.\n",
            b"\r\n.\r",
            b"\n.\r",
            b"\r.\n",
            b"\r\n.\r\r\n",
            b"\r\r.\r\n",
            b"\r\n\r.\r\n",
            b"\r\n\n.\r\n",
            b"\n\r\n.\rx\r\n",
            b"\n\n.\n\n",
            b"\r\r.\r\r",
            b"\n\r.\n\r",
            b"\r\n.\n\r\n",
            b"\r\n.\0\r\n",
            b"\r\n\0.\r\n",
            b"\r\n.\r\0\n",
            b"\r\0\n.\r\n",
            b"\0\r\n.\0\r\n",
            b"\r\n..\n",
            b"\r\n..\r",
            b"\n..\r\n",
            b"\r..\r\n",
            b"\r\n.\t\n",
            b"\r\n.\x0b\r",
            b"\r\n.\r.\r\n",
            b"\r\n.\r\x85\n",
            b"\r\n.\n.\r\n",
            b"\n.\r\n.\r",
            b"\r\n.x\n",
        ];
        assert!(dirty.len() >= 30);
        let smuggled = b"MAIL FROM:<admin@x.fr>\r\n";
        for (variants, is_dirty) in [(clean, false), (dirty, true)] {
            for variant in variants {
                let input = [b"one", *variant, smuggled, b"\r\n.\r\nQUIT\r\n"].concat();
                for piece in [1, 2, 3, 7, input.len()] {
                    let (end, left) = read_in(&input, 1000, piece);
                    // What follows the true end, and nothing before it, is a command again.
                    assert_eq!(left, b"QUIT\r\n", "{variant:?} in pieces of {piece}");
                    match end.expect("an end") {
                        Ok(octets) if !is_dirty => assert!(octets.windows(smuggled.len()).any(|w| w == smuggled)),
                        other => assert_eq!((other, is_dirty), (Err(DataFault::NotClean), true), "{variant:?}"),
                    }
                }
            }
        }
        let (end, left) = read_in(b"one\r\n.\r\nMAIL", 1000, 1);
        assert_eq!((end, &left[..]), (Some(Ok(b"one\r\n".to_vec())), &b"MAIL"[..]));
        // CR before the true end: it ends there, and is refused.
        assert_eq!(read_in(b"one\r\r\n.\r\nQUIT", 1000, 9), (Some(Err(DataFault::NotClean)), b"QUIT".to_vec()));
        assert_eq!(read_in(b".\r\nQUIT", 1000, 9), (Some(Ok(Vec::new())), b"QUIT".to_vec()));
    }

    #[test]
    fn fault_21_dots_are_unstuffed_and_a_body_cannot_leave_its_message() {
        let body = b"a\r\n\r\n..\r\n...\r\n..x\r\n.y\r\nMAIL FROM:<a@x.fr>\r\n.\r\n";
        for piece in 1..body.len() {
            let (end, _) = read_in(body, 1000, piece);
            assert_eq!(end, Some(Ok(b"a\r\n\r\n.\r\n..\r\n.x\r\ny\r\nMAIL FROM:<a@x.fr>\r\n".to_vec())));
        }
    }

    #[test]
    fn limits_of_size_and_line() {
        let message = |line: usize, lines: usize| [vec![b'x'; line], b"\r\n".to_vec()].concat().repeat(lines);
        let end = |octets: &[u8], max| read_in(&[octets, b".\r\n"].concat(), max, 4096).0.expect("an end");
        assert_eq!(end(&message(98, 10), 1000).map(|octets| octets.len()), Ok(1000));
        assert_eq!(end(&message(98, 10), 999), Err(DataFault::TooLarge));
        assert_eq!(end(&message(65_534, 3), 1_000_000).map(|octets| octets.len()), Ok(65_536 * 3));
        assert_eq!(end(&message(65_537, 1), 1_000_000), Err(DataFault::LineTooLong));
        assert_eq!(end(&message(98, 5000), 1_000_000).map(|octets| octets.len()), Ok(500_000));
    }

    #[test]
    fn nothing_is_stored_that_was_not_granted() {
        let mut reader = DataReader::new(STEP, 10 * STEP);
        let octets = [vec![b'x'; 998], b"\r\n".to_vec()].concat().repeat(1000);
        let mut input = octets.as_slice();
        let Progress::Memory(more) = reader.read(&mut input) else { panic!("more memory") };
        assert!(reader.stored.len() <= STEP && reader.stored.capacity() <= STEP && more == STEP);
        reader.refuse(DataFault::NoMemory);
        assert!(matches!(reader.read(&mut input), Progress::More));
        assert_eq!(reader.stored.capacity(), 0);
        assert!(matches!(reader.read(&mut b".\r\n".as_slice()), Progress::End(Err(DataFault::NoMemory))));
    }

    #[test]
    fn the_quick_scan_finds_what_the_slow_one_finds() {
        let mut octets = vec![b'x'; 100];
        for at in 0..100 {
            for special in [0, b'\t', b'\n', b'\r'] {
                octets[at] = special;
                assert_eq!(plain(&octets), at);
            }
            octets[at] = 0xe9;
        }
        assert_eq!(plain(&octets), 100);
    }
}
