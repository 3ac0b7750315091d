//! The octets after BDAT (RFC 3030 §2): so many, and no end is looked for in them.
//!
//! BINARYMIME is not offered, so that what comes is text as after DATA: lines end with CR LF (RFC 5321 §2.3.8). A
//! CR or LF that stands alone, or a NUL, is never mended: the message is refused once its chunk is read. A CR LF may
//! be cut by the end of a chunk, and the last line need not have one.

use super::body::{Body, DataFault, Progress, plain};

/// Reads a message from chunks, and each chunk from pieces of any size.
pub struct ChunkReader {
    body: Body,
    left: u64,
    last: bool,
    carriage_return: bool,
}

impl ChunkReader {
    /// A reader into this body; [`ChunkReader::begin`] comes before each chunk.
    pub fn new(body: Body) -> Self {
        Self { body, left: 0, last: false, carriage_return: false }
    }

    /// The next chunk has so many octets, and may be the last.
    pub fn begin(&mut self, octets: u64, last: bool) {
        (self.left, self.last) = (octets, last);
        // What cannot fit is not stored first.
        if usize::try_from(octets).map_or(true, |octets| !self.body.fits(octets)) {
            self.body.refuse(DataFault::TooLarge);
        }
    }

    /// Takes octets from `input` up to the end of the chunk.
    pub fn read(&mut self, input: &mut &[u8]) -> Progress {
        while self.left > 0 {
            let most = usize::try_from(self.left).unwrap_or(usize::MAX);
            if self.body.refusal().is_some() {
                let skipped = most.min(input.len());
                self.take(input, skipped);
                if input.is_empty() && self.left > 0 {
                    return Progress::More;
                }
                continue;
            }
            let Some(&octet) = input.first() else { return Progress::More };
            if let Some(octets) = self.body.wants() {
                return Progress::Memory(octets);
            }
            let run = plain(input).min(self.body.room()).min(most);
            if run > 0 && !self.carriage_return {
                let text = self.take(input, run);
                self.body.push(text);
                continue;
            }
            self.take(input, 1);
            self.octet(octet);
        }
        // A CR that nothing follows is one that stands alone.
        if self.last && self.carriage_return {
            self.body.refuse(DataFault::NotClean);
        }
        Progress::End
    }

    /// Whether the chunk that was begun is the last.
    pub fn is_last(&self) -> bool {
        self.last
    }

    /// What was read into.
    pub fn body(&mut self) -> &mut Body {
        &mut self.body
    }

    /// The body, after its last chunk.
    pub fn into_body(self) -> Body {
        self.body
    }

    fn octet(&mut self, octet: u8) {
        match (std::mem::take(&mut self.carriage_return), octet) {
            (true, b'\n') => self.body.end_line(),
            (false, b'\r') => self.carriage_return = true,
            (true, _) | (false, b'\n' | 0) => self.body.refuse(DataFault::NotClean),
            (false, other) => self.body.push(&[other]),
        }
    }

    fn take<'a>(&mut self, input: &mut &'a [u8], octets: usize) -> &'a [u8] {
        let (taken, rest) = input.split_at_checked(octets).unwrap_or_default();
        *input = rest;
        self.left = self.left.saturating_sub(u64::try_from(octets).unwrap_or(u64::MAX));
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads chunks, each in pieces of `piece` octets.
    fn read(chunks: &[&[u8]], max: usize, piece: usize) -> Result<Vec<u8>, DataFault> {
        let mut reader = ChunkReader::new(Body::new(4, max));
        for (at, chunk) in chunks.iter().enumerate() {
            reader.begin(chunk.len() as u64, at + 1 == chunks.len());
            let follows = [chunk, b"NOOP".as_slice()].concat();
            let mut left = follows.as_slice();
            loop {
                let (mut now, _) = left.split_at(piece.min(left.len()));
                let before = now.len();
                let progress = reader.read(&mut now);
                left = &left[before - now.len()..];
                match progress {
                    Progress::More => {}
                    Progress::Memory(octets) => reader.body().grant(octets),
                    Progress::End => break,
                }
            }
            assert_eq!(left, b"NOOP", "what follows a chunk is left alone");
        }
        reader.into_body().finish()
    }

    #[test]
    fn chunks_are_joined_and_no_dot_ends_or_hides_anything() {
        for piece in 1..9 {
            let whole = b"a: b\r\n\r\n.\r\n..\r\n.x\r\nno end".to_vec();
            for cut in 0..whole.len() {
                let (first, second) = whole.split_at(cut);
                assert_eq!(read(&[first, second], 1000, piece), Ok(whole.clone()), "{cut}");
                assert_eq!(read(&[first, second, b""], 1000, piece), Ok(whole.clone()), "{cut}");
            }
            assert_eq!(read(&[b""], 1000, piece), Ok(Vec::new()));
        }
    }

    #[test]
    fn fault_20_a_line_end_that_stands_alone_is_refused_in_chunks_too() {
        for dirty in ["a\nb\r\n", "a\rb\r\n", "a\r\r\n", "\n", "a\r", "a\0b\r\n", "a\r\n\n.\r\n", "\r\n.\r\r\n"] {
            for piece in [1, 2, 100] {
                let octets = dirty.as_bytes();
                assert_eq!(read(&[octets], 1000, piece), Err(DataFault::NotClean), "{dirty:?}");
                for cut in 0..octets.len() {
                    let (first, second) = octets.split_at(cut);
                    assert_eq!(read(&[first, second, b""], 1000, piece), Err(DataFault::NotClean), "{dirty:?} {cut}");
                }
            }
        }
    }

    #[test]
    fn what_is_too_large_is_read_and_not_stored() {
        let line = [vec![b'x'; 98], b"\r\n".to_vec()].concat();
        assert_eq!(read(&[&line, &line], 200, 7).map(|octets| octets.len()), Ok(200));
        assert_eq!(read(&[&line, &line], 199, 7), Err(DataFault::TooLarge));
        assert_eq!(read(&[&vec![b'x'; 70_000]], 100_000, 5000), Err(DataFault::LineTooLong));
        let mut reader = ChunkReader::new(Body::new(4, 100));
        reader.begin(u64::MAX, false);
        assert_eq!(reader.read(&mut line.repeat(100).as_slice()), Progress::More);
        assert_eq!(reader.body().refusal(), Some(DataFault::TooLarge));
    }
}
