//! Randomness as an argument.

/// A cryptographically secure source of random octets; tests bring a seeded one.
pub trait Random: Send + Sync {
    /// Fills the slice with random octets.
    fn fill(&self, bytes: &mut [u8]);
}
