//! What codes may cost: ceilings for a day, and numbers at which hardly any code is ever typed (faults row 42).

use std::time::Duration;

use crate::domain::{CeilingScope, FailureClass, Fault, KeyedHash, PhoneNumber, PracticeId, Timestamp};
use crate::store::Tx;
use crate::store::spending::Used;

use super::Access;

/// One ceiling, by its key under every root key: what was used before a change of that counts as well.
struct Ceiling {
    scope: CeilingScope,
    keys: Vec<KeyedHash>,
    parts: i64,
    spend: Option<i64>,
}

/// Which ceiling would be passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) scope: CeilingScope,
}

impl Access {
    /// Uses up what an attempt costs, of every ceiling or of none. A test is of no practice.
    pub(super) async fn spend(
        &self,
        tx: &mut Tx,
        practice: Option<PracticeId>,
        number: &PhoneNumber,
        more: Used,
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, Fault> {
        for Ceiling { scope, keys, parts, spend } in self.ceilings_of(practice, number) {
            let Some((key, older)) = keys.split_first() else { continue };
            tx.adopt_spendings(day(now), scope, key, older).await?;
            let Some(used) = tx.use_ceiling(day(now), scope, key, more, parts, spend).await? else {
                return Ok(Err(Refusal { scope }));
            };
            let crossed = |used: i64, more: i64, ceiling: i64| {
                let mark = ceiling.saturating_mul(ALARM) / 100;
                used >= mark && used.saturating_sub(more) < mark
            };
            if crossed(used.used, more.used, parts) || spend.is_some_and(|spend| crossed(used.cost, more.cost, spend)) {
                let (scope, used) = (scope.word(), used.used);
                tracing::warn!(scope, used, ceiling = parts, "80 % of the day's ceiling of codes is used");
            }
        }
        Ok(Ok(()))
    }

    /// Gives it back: the provider refused, and is not paid.
    pub(super) async fn give_back(
        &self,
        tx: &mut Tx,
        practice: Option<PracticeId>,
        number: &PhoneNumber,
        less: Used,
        begun: Timestamp,
    ) -> Result<(), Fault> {
        for Ceiling { scope, keys, .. } in self.ceilings_of(practice, number) {
            let Some((key, older)) = keys.split_first() else { continue };
            tx.adopt_spendings(day(begun), scope, key, older).await?;
            tx.give_back(day(begun), scope, key, less).await?;
        }
        Ok(())
    }

    /// Always in this order: two that spend at once wait for each other and do not lock each other out.
    fn ceilings_of(&self, practice: Option<PracticeId>, number: &PhoneNumber) -> Vec<Ceiling> {
        let of = &self.ceilings;
        let ceiling = |scope, keys, parts| Ceiling { scope, keys, parts, spend: None };
        let server = Ceiling { spend: of.spend, ..ceiling(CeilingScope::Server, self.vault.server_keys(), of.server) };
        let practice = practice.map(|id| ceiling(CeilingScope::Practice, self.vault.practice_keys(id), of.practice));
        let prefix = ceiling(CeilingScope::Prefix, self.vault.prefix_keys(number), of.prefix);
        let number = ceiling(CeilingScope::Number, self.vault.number_keys(number), of.number);
        [Some(server), practice, Some(prefix), Some(number)].into_iter().flatten().collect()
    }

    /// Whether hardly any code that was lately sent to numbers like this one was typed.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub(super) async fn is_pumped(&self, number: &PhoneNumber, now: Timestamp) -> Result<bool, Fault> {
        let (from, until) = self.conversion_window(now).await?;
        let (mut sent, mut typed) = (0_i64, 0_i64);
        for key in self.vault.prefix_keys(number) {
            let counted = self.store.conversion(&key, from, until).await?;
            (sent, typed) = (sent.saturating_add(counted.0), typed.saturating_add(counted.1));
        }
        Ok(sent >= CONVERSION_LEAST && typed.saturating_mul(100) < sent.saturating_mul(CONVERSION_PERCENT))
    }

    /// From when to when codes are looked at: a day, since they were last let through by hand, and not those that may
    /// still be typed.
    pub(super) async fn conversion_window(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), Fault> {
        let resumed = self.store.meta(RESUMED).await?;
        let resumed = resumed.and_then(|octets| Some(Timestamp(i64::from_be_bytes(octets.try_into().ok()?))));
        let day_ago = now.minus(DAY);
        Ok((resumed.unwrap_or(day_ago).max(day_ago), now.minus(STILL_TYPED)))
    }
}

/// Whether a provider that failed so will not be paid. One that did not answer may have sent all the same.
pub(super) fn is_free(why: FailureClass) -> bool {
    why != FailureClass::Unreachable
}

/// The day of an instant (UTC).
pub(super) fn day(now: Timestamp) -> i64 {
    now.0.div_euclid(86_400_000)
}

/// The mark at which the log speaks, in a hundred of a ceiling.
const ALARM: i64 = 80;
/// Codes that must have been sent before a conversion says anything.
pub(super) const CONVERSION_LEAST: i64 = 50;
/// Typed codes in a hundred below which somebody is pumping.
pub(super) const CONVERSION_PERCENT: i64 = 20;
const DAY: Duration = Duration::from_secs(86_400);
/// As long as a code lives.
const STILL_TYPED: Duration = Duration::from_secs(600);
/// Where the database keeps when codes were last let through by hand.
pub(super) const RESUMED: &str = "codes-resumed";
