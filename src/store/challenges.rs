//! Challenges: codes sent out of band, counted before they are compared.

use crate::domain::{ChallengeId, Channel, DeliveryId, FailureClass, Fault, KeyedHash, Mac, Sealed, Timestamp};

use super::{Store, Tx};

/// A row of `challenges`.
#[derive(Debug, Clone)]
pub struct ChallengeRow {
    /// Its id.
    pub id: ChallengeId,
    /// For which delivery.
    pub delivery: DeliveryId,
    /// Keyed hash of the browser that asked.
    pub browser: KeyedHash,
    /// How the code travels.
    pub channel: Channel,
    /// Two random letters, on the page and in the SMS.
    pub letters: String,
    /// HMAC over challenge id and digits; `None` once used or spent.
    pub code: Option<Mac>,
    /// The digits, sealed, while a provider may still need them.
    pub digits: Option<Sealed>,
    /// Tries taken.
    pub tries: i64,
    /// `pending`, `sent` or `failed`.
    pub sent: SendState,
    /// Why no provider took it.
    pub failure: Option<FailureClass>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When the right code was given.
    pub used_at: Option<Timestamp>,
}

/// Whether a provider took the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendState {
    /// Not tried yet.
    Pending,
    /// A provider took it.
    Sent,
    /// All refused it.
    Failed,
}

/// What was sent lately for a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendCounts {
    /// By this browser in the last minute.
    pub browser_minute: i64,
    /// By this browser in the last hour.
    pub browser_hour: i64,
    /// For the delivery in the last day.
    pub delivery_day: i64,
    /// The newest by this browser, when there is one in the last hour.
    pub newest: Option<Timestamp>,
    /// The oldest by this browser in the last hour.
    pub oldest_hour: Option<Timestamp>,
}

/// What taking a try answers: counted already, whatever the caller does next.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Tries of this code, this one included.
    pub tries: i64,
    /// What the digits are compared with.
    pub code: Mac,
}

impl Store {
    /// The newest challenge of a browser for a delivery, whatever became of it.
    pub async fn newest_challenge(
        &self,
        _delivery: DeliveryId,
        _browser: &KeyedHash,
    ) -> Result<Option<ChallengeRow>, Fault> {
        unimplemented!()
    }
    /// The newest challenge of a browser for a delivery that is live at `now` (not used, not over, code still there).
    pub async fn live_challenge(
        &self,
        _delivery: DeliveryId,
        _browser: &KeyedHash,
        _now: Timestamp,
    ) -> Result<Option<ChallengeRow>, Fault> {
        unimplemented!()
    }
    /// One challenge.
    pub async fn challenge(&self, _id: ChallengeId) -> Result<Option<ChallengeRow>, Fault> {
        unimplemented!()
    }
}

impl Tx {
    /// What this browser and this delivery have used up; locks the delivery's row first, so two requests cannot both pass.
    pub async fn send_counts(
        &mut self,
        _delivery: DeliveryId,
        _browser: &KeyedHash,
        _now: Timestamp,
    ) -> Result<SendCounts, Fault> {
        unimplemented!()
    }
    /// Inserts a challenge and voids this browser's earlier ones for the delivery.
    pub async fn insert_challenge(&mut self, _row: &ChallengeRow) -> Result<(), Fault> {
        unimplemented!()
    }
    /// Notes what the provider said, and erases the digits.
    pub async fn challenge_sent(
        &mut self,
        _id: ChallengeId,
        _sent: SendState,
        _failure: Option<FailureClass>,
    ) -> Result<(), Fault> {
        unimplemented!()
    }
    /// Takes one try in one statement: the challenge must be live, its browser this one, its tries fewer than `limit`.
    /// `None` changes nothing.
    pub async fn take_attempt(
        &mut self,
        _id: ChallengeId,
        _browser: &KeyedHash,
        _limit: i64,
        _now: Timestamp,
    ) -> Result<Option<Attempt>, Fault> {
        unimplemented!()
    }
    /// Marks the right answer, in one statement; `false` when another request was first.
    pub async fn use_challenge(&mut self, _id: ChallengeId, _now: Timestamp) -> Result<bool, Fault> {
        unimplemented!()
    }
    /// A code whose tries are spent: erases it.
    pub async fn spend_challenge(&mut self, _id: ChallengeId) -> Result<(), Fault> {
        unimplemented!()
    }
    /// Counts a wrong code of the delivery and sets its pause; returns the tries in all.
    pub async fn count_wrong(&mut self, _delivery: DeliveryId, _paused_until: Timestamp) -> Result<i64, Fault> {
        unimplemented!()
    }
}
