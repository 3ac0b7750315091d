//! The octets of a message as they come in, by DATA or by BDAT: bounds, and memory that was granted.
//!
//! Storage grows only by what was granted, what is refused is no longer stored, and a buffer that is left behind
//! is wiped.

use crate::domain::RawMessageFault;
use zeroize::{Zeroize, Zeroizing};

/// A message that is not whole yet.
pub struct Body {
    stored: Zeroizing<Vec<u8>>,
    granted: usize,
    max: usize,
    line: usize,
    refusal: Option<DataFault>,
}

/// What came of reading.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    /// All input is used.
    More,
    /// This much more memory is needed: [`Body::grant`] it, or [`Body::refuse`] the message.
    Memory(usize),
    /// The true end.
    End,
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

impl Body {
    /// How much memory to ask for before the first octet, by what SIZE declared.
    pub fn first_grant(declared: Option<u64>, max: usize) -> usize {
        let declared = declared.map(|size| usize::try_from(size).unwrap_or(max).min(max).saturating_add(SLACK));
        declared.unwrap_or(STEP)
    }

    /// A body that may store `granted` octets now and `max` in all.
    pub fn new(granted: usize, max: usize) -> Self {
        Self { stored: Zeroizing::new(Vec::with_capacity(granted)), granted, max, line: 0, refusal: None }
    }

    /// How many octets it may take before it asks for memory; without an end once it is refused.
    pub fn room(&self) -> usize {
        if self.refusal.is_some() { usize::MAX } else { self.granted.saturating_sub(self.stored.len()) }
    }

    /// How much memory it needs before the next octet, which adds a CR LF at most.
    pub fn wants(&self) -> Option<usize> {
        (self.room() < 2).then(|| self.next_grant())
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

    /// Why it is refused, as far as is known.
    pub fn refusal(&self) -> Option<DataFault> {
        self.refusal
    }

    /// Adds octets of a line; no more than [`Body::room`].
    pub fn push(&mut self, octets: &[u8]) {
        self.line = self.line.saturating_add(octets.len());
        if self.line > LONGEST_LINE {
            self.refuse(DataFault::LineTooLong);
        } else if !self.fits(octets.len()) {
            self.refuse(DataFault::TooLarge);
        } else if self.refusal.is_none() {
            self.stored.extend_from_slice(octets);
        }
    }

    /// Ends a line with CR LF.
    pub fn end_line(&mut self) {
        self.push(b"\r\n");
        self.line = 0;
    }

    /// Whether so many octets more would still be taken.
    pub fn fits(&self, octets: usize) -> bool {
        self.stored.len().saturating_add(octets) <= self.max
    }

    /// The message, or why it is refused.
    ///
    /// # Errors
    /// The first reason.
    pub fn finish(mut self) -> Result<Vec<u8>, DataFault> {
        match self.refusal {
            None => Ok(std::mem::take(&mut *self.stored)),
            Some(fault) => Err(fault),
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
pub(super) fn plain(octets: &[u8]) -> usize {
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
    use super::super::data::DataReader;
    use super::*;

    #[test]
    fn nothing_is_stored_that_was_not_granted() {
        let mut reader = DataReader::new(Body::new(STEP, 10 * STEP));
        let octets = [vec![b'x'; 998], b"\r\n".to_vec()].concat().repeat(1000);
        let mut input = octets.as_slice();
        let Progress::Memory(more) = reader.read(&mut input) else { panic!("more memory") };
        assert!(reader.body().stored.len() <= STEP && reader.body().stored.capacity() <= STEP && more == STEP);
        reader.body().refuse(DataFault::NoMemory);
        assert_eq!(reader.read(&mut input), Progress::More);
        assert_eq!(reader.body().stored.capacity(), 0);
        assert_eq!(reader.read(&mut b".\r\n".as_slice()), Progress::End);
        assert_eq!(reader.into_body().finish(), Err(DataFault::NoMemory));
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
