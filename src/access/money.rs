//! What codes may cost: ceilings for a day, and numbers at which hardly any code is ever typed (faults row 42).

use std::time::Duration;

use crate::domain::{CeilingScope, Fault, KeyedHash, PhoneNumber, Timestamp};
use crate::store::Tx;
use crate::store::spending::Used;

use super::Access;
use super::cascade::Aim;

/// Which ceiling would be passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) scope: CeilingScope,
}

impl Access {
    /// Uses up what an attempt costs, of every ceiling or of none.
    pub(super) async fn spend(
        &self,
        tx: &mut Tx,
        aim: &Aim,
        parts: i64,
        cost: i64,
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, Fault> {
        let practice =
            (CeilingScope::Practice, self.vault.practice_key(aim.row.practice), self.ceilings.practice, None);
        self.spend_on(tx, &aim.to.number, Some(practice), parts, cost, now).await
    }

    /// The same for a number of nobody's practice.
    pub(super) async fn spend_on(
        &self,
        tx: &mut Tx,
        number: &PhoneNumber,
        practice: Option<(CeilingScope, KeyedHash, i64, Option<i64>)>,
        parts: i64,
        cost: i64,
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, Fault> {
        let ceilings = &self.ceilings;
        let server = (CeilingScope::Server, self.vault.server_key(), ceilings.server, ceilings.spend);
        let prefix = (CeilingScope::Prefix, self.vault.prefix_key(number), ceilings.prefix, None);
        let number = (CeilingScope::Number, self.vault.number_key(number), ceilings.number, None);
        // Always in this order: two that spend at once wait for each other and do not lock each other out.
        for (scope, key, ceiling, spend) in [Some(server), practice, Some(prefix), Some(number)].into_iter().flatten() {
            let more = Used { used: parts, cost };
            let Some(used) = tx.use_ceiling(day(now), scope, &key, more, ceiling, spend).await? else {
                return Ok(Err(Refusal { scope }));
            };
            let crossed = |used: i64, more: i64, ceiling: i64| {
                let mark = ceiling.saturating_mul(ALARM) / 100;
                used >= mark && used - more < mark
            };
            if crossed(used.used, parts, ceiling) || spend.is_some_and(|spend| crossed(used.cost, cost, spend)) {
                tracing::warn!(
                    scope = scope.word(),
                    used = used.used,
                    ceiling,
                    "80 % of the day's ceiling of codes is used"
                );
            }
        }
        Ok(Ok(()))
    }

    /// Whether hardly any code that was lately sent to numbers like this one was typed.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub(super) async fn is_pumped(&self, number: &PhoneNumber, now: Timestamp) -> Result<bool, Fault> {
        let (from, until) = self.conversion_window(now).await?;
        let (sent, typed) = self.store.conversion(&self.vault.prefix_key(number), from, until).await?;
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
