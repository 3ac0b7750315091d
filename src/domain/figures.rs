//! What is counted while the server runs, for who watches: events, open sessions, how long deposits took.
//!
//! A label is a word of the program or a number of a protocol: by its type no word of a person can be one. Counts are
//! those of this process and begin at nought; what all nodes share is counted in the database.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Count {
    /// A submitted message was accepted.
    Submission,
    /// A reply of the submission door that refuses; by enhanced status code (RFC 3463).
    SubmissionRefusal,
    /// A transaction of deposits, by outcome.
    Deposit,
    /// An IMAP login, by outcome.
    ImapLogin,
    /// An answer of the portal, by route template and status.
    PortalRequest,
    /// An attempt to hand a notice to the relay, by outcome.
    CourierAttempt,
    /// A fault of the database or the object store, by which and whether it may pass.
    StoreFault,
}

/// A label's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// A word of the program.
    Word(&'static str),
    /// A number of a protocol.
    Number(u16),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// The figures of one process. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Figures(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    counts: Mutex<BTreeMap<(Count, Vec<Label>), u64>>,
    sessions: AtomicI64,
    /// How many deposits stayed below each bound of [`BOUNDS`], and one for all above.
    deposits: [AtomicU64; BOUNDS.len() + 1],
    deposit_micros: AtomicU64,
}

impl Figures {
    /// Counts one.
    pub fn count(&self, what: Count, labels: &[Label]) {
        let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry((what, labels.to_vec())).or_insert(0);
        *count = count.saturating_add(1);
    }

    /// Notes how long a deposit took, from its coming to the store until it was durable.
    pub fn deposited(&self, took: Duration) {
        let at = BOUNDS.iter().position(|bound| took <= *bound).unwrap_or(BOUNDS.len());
        if let Some(bucket) = self.0.deposits.get(at) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.0.deposit_micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// One more open IMAP session, until the returned value goes.
    pub fn session(&self) -> Counted {
        self.0.sessions.fetch_add(1, Ordering::Relaxed);
        Counted(self.clone())
    }

    /// Everything counted so far, in order.
    pub fn counts(&self) -> Vec<(Count, Vec<Label>, u64)> {
        let counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|((what, labels), count)| (*what, labels.clone(), *count)).collect()
    }

    /// Open IMAP sessions.
    pub fn sessions(&self) -> i64 {
        self.0.sessions.load(Ordering::Relaxed)
    }

    /// How many deposits took at most so long, for each bound (cumulative); then how many there were, and for how long
    /// in all.
    pub fn deposits(&self) -> (Vec<(Duration, u64)>, u64, Duration) {
        let mut sum = 0_u64;
        let mut below = Vec::with_capacity(BOUNDS.len());
        for (at, bucket) in self.0.deposits.iter().enumerate() {
            sum = sum.saturating_add(bucket.load(Ordering::Relaxed));
            if let Some(bound) = BOUNDS.get(at) {
                below.push((*bound, sum));
            }
        }
        (below, sum, Duration::from_micros(self.0.deposit_micros.load(Ordering::Relaxed)))
    }
}

/// An open session; it ends when this is dropped.
#[derive(Debug)]
pub struct Counted(Figures);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The bounds of the histogram of deposits.
const BOUNDS: [Duration; 10] = [
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(20),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_there_and_sessions_end_with_their_owner() {
        let figures = Figures::default();
        figures.count(Count::PortalRequest, &[Label::Word("/letter"), Label::Number(200)]);
        figures.clone().count(Count::PortalRequest, &[Label::Word("/letter"), Label::Number(200)]);
        figures.count(Count::Submission, &[]);
        let counts = figures.counts();
        assert_eq!(counts[0], (Count::Submission, Vec::new(), 1));
        assert_eq!(counts[1].2, 2);
        let session = figures.session();
        assert_eq!(figures.sessions(), 1);
        drop(session);
        assert_eq!(figures.sessions(), 0);
    }

    #[test]
    fn a_histogram_counts_what_stayed_below_each_bound() {
        let figures = Figures::default();
        for millis in [4, 5, 6, 30_000] {
            figures.deposited(Duration::from_millis(millis));
        }
        let (below, all, took) = figures.deposits();
        assert_eq!((below[0].1, below[1].1, below[9].1, all), (2, 3, 3, 4));
        assert_eq!(took, Duration::from_millis(30_015));
    }
}
