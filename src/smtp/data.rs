//! The octets after DATA (RFC 5321 §4.1.1.4, §4.5.2): dots unstuffed, and one end only, CR LF "." CR LF.
//!
//! A message in which a CR or LF stands alone, or a NUL, could end elsewhere for another server (SMTP
//! smuggling): it is read to its true end and refused, never mended.

use super::body::{Body, DataFault, Progress, plain};

/// Reads one message from pieces of any size.
pub struct DataReader {
    body: Body,
    at: At,
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
    /// A reader into this body.
    pub fn new(body: Body) -> Self {
        Self { body, at: At::Start }
    }

    /// Takes octets from `input` up to the end of the message.
    pub fn read(&mut self, input: &mut &[u8]) -> Progress {
        while let Some((&octet, rest)) = input.split_first() {
            if let Some(octets) = self.body.wants() {
                return Progress::Memory(octets);
            }
            if self.at == At::Text || (self.at == At::Start && octet != b'.') {
                let run = plain(input).min(self.body.room());
                if run > 0 {
                    let (text, after) = input.split_at_checked(run).unwrap_or_default();
                    *input = after;
                    self.at = At::Text;
                    self.body.push(text);
                    continue;
                }
            }
            *input = rest;
            if self.octet(octet) {
                return Progress::End;
            }
        }
        Progress::More
    }

    /// What was read into.
    pub fn body(&mut self) -> &mut Body {
        &mut self.body
    }

    /// The body, after its end.
    pub fn into_body(self) -> Body {
        self.body
    }

    /// One octet that may be special; true at the end of the message.
    fn octet(&mut self, octet: u8) -> bool {
        self.at = match (self.at, octet) {
            (At::DotCr, b'\n') => return true,
            (At::Cr, b'\n') => {
                self.body.end_line();
                At::Start
            }
            (At::Start, b'.') => At::Dot,
            (At::Dot, b'\r') => At::DotCr,
            (At::Start | At::Text, b'\r') => At::Cr,
            (At::Cr | At::DotCr, other) => {
                self.body.refuse(DataFault::NotClean);
                if other == b'\r' { At::Cr } else { At::Text }
            }
            (_, b'\n' | 0) => {
                self.body.refuse(DataFault::NotClean);
                At::Text
            }
            // After a dot at the start of a line: the dot is dropped (RFC 5321 §4.5.2).
            (At::Dot | At::Start | At::Text, other) => {
                self.body.push(&[other]);
                At::Text
            }
        };
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads in pieces of `piece` octets; what is left after the end comes back too.
    fn read_in(input: &[u8], max: usize, piece: usize) -> (Option<Result<Vec<u8>, DataFault>>, Vec<u8>) {
        let mut reader = DataReader::new(Body::new(Body::first_grant(None, max), max));
        let mut left = input;
        while !left.is_empty() {
            let (mut now, later) = left.split_at(piece.min(left.len()));
            loop {
                match reader.read(&mut now) {
                    Progress::More => break,
                    Progress::Memory(octets) => reader.body().grant(octets),
                    Progress::End => return (Some(reader.into_body().finish()), [now, later].concat()),
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
}
