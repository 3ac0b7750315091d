//! The few messages that a session read last: clients ask for one message in many pieces.
//!
//! Bounded in octets: a message that is larger is read again each time. Zeroised as it goes.

use std::collections::VecDeque;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::domain::EntryId;

type Octets = Arc<Zeroizing<Vec<u8>>>;

/// Messages, the one used last at the end.
#[derive(Default)]
pub(super) struct Cache(VecDeque<(EntryId, Octets)>);

impl Cache {
    /// A message that is kept; it becomes the newest.
    pub(super) fn take(&mut self, id: EntryId) -> Option<Octets> {
        let at = self.0.iter().position(|(other, _)| *other == id)?;
        let (id, octets) = self.0.remove(at)?;
        self.0.push_back((id, Arc::clone(&octets)));
        Some(octets)
    }

    /// Keeps a message, and lets the oldest go until the rest fits. One that never fits is not kept.
    pub(super) fn put(&mut self, id: EntryId, octets: Octets) {
        self.0.retain(|(other, _)| *other != id);
        if octets.len() > LIMIT {
            return;
        }
        self.0.push_back((id, octets));
        while self.0.iter().map(|(_, octets)| octets.len()).sum::<usize>() > LIMIT {
            self.0.pop_front();
        }
    }
}

/// Octets kept for one session.
const LIMIT: usize = 8 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Random;

    struct Counter(std::sync::atomic::AtomicU8);
    impl Random for Counter {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        }
    }

    #[test]
    fn the_oldest_goes_and_what_never_fits_is_not_kept() {
        let source = Counter(0.into());
        let ids: Vec<EntryId> = (0..4).map(|_| EntryId::random(&source)).collect();
        let octets = |size: usize| Arc::new(Zeroizing::new(vec![0; size]));
        let mut cache = Cache::default();
        cache.put(ids[0], octets(LIMIT / 2));
        cache.put(ids[1], octets(LIMIT / 2));
        assert!(cache.take(ids[0]).is_some(), "both fit");
        cache.put(ids[2], octets(1));
        assert!(cache.take(ids[1]).is_none(), "the one used longest ago went");
        assert!(cache.take(ids[0]).is_some());
        cache.put(ids[3], octets(LIMIT * 2));
        assert!(cache.take(ids[3]).is_none(), "larger than everything together: not kept");
        assert!(cache.take(ids[0]).is_some() && cache.take(ids[2]).is_some(), "and nothing goes for it");
        cache.put(ids[3], octets(1));
        cache.put(ids[3], octets(LIMIT + 1));
        assert!(cache.take(ids[3]).is_none(), "nor what was there before under its id");
    }
}
