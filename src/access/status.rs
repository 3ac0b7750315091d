//! What an administrator sees of codes: how providers do, what is spent, a test that really sends.

use std::time::Duration;

use crate::domain::{
    Actor, AuditEvent, CeilingScope, Channel, FailureClass, Fault, Language, OneTimeCode, PhoneNumber, PracticeId,
    SendId, SentState, Timestamp, Verb,
};
use crate::gateway::{Outgoing, Reports, Words, parts};
use crate::store::sends::SendRow;
use crate::store::spending::Used;

use super::Access;
use super::cascade::PATIENCE;
use super::money::{CONVERSION_LEAST, CONVERSION_PERCENT, RESUMED, Refusal, day, is_free};

/// How codes do.
#[derive(Debug, Clone)]
pub struct CodeStatus {
    /// Each provider, in the order of trying.
    pub providers: Vec<ProviderStatus>,
    /// Messages and calls of today (UTC) against each ceiling; of practices, prefixes and numbers the one that used most.
    pub ceilings: Vec<(CeilingScope, i64, i64)>,
    /// What they cost today, in millionths of the account's currency, and what they may.
    pub spend: (i64, Option<i64>),
    /// Prefixes to which nothing is sent, since hardly any code is typed.
    pub pumped: i64,
}

/// How one provider does, over the last day.
#[derive(Debug, Clone)]
pub struct ProviderStatus {
    /// Its channel and name, such as `sms/primary`.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// Whether and how it tells what became of a message.
    pub reports: bool,
    /// Attempts, whatever became of them.
    pub tried: i64,
    /// Those that it took.
    pub taken: i64,
    /// Those of which it told that they arrived.
    pub delivered: i64,
    /// Those that it refused, or told that they will not arrive.
    pub failed: i64,
    /// What all of them cost, in millionths of the account's currency.
    pub cost: i64,
    /// From taking to being told of the arrival: the median, and what nineteen in twenty stayed below.
    pub latency: Option<(Duration, Duration)>,
    /// Failures in a row.
    pub failures: i64,
    /// Until when it is left alone.
    pub alone_until: Option<Timestamp>,
}

/// What one provider said to a test.
#[derive(Debug, Clone)]
pub struct Tested {
    /// The provider.
    pub provider: String,
    /// The attempt.
    pub send: SendId,
    /// Whether it took it, or why not.
    pub outcome: Result<(), FailureClass>,
    /// Whether it will tell what became of it.
    pub reports: bool,
}

/// Why nothing can be tested.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// No provider of the channel.
    #[error("no provider is configured for this channel: see [[code.sms]] and [[code.voice]]")]
    NoProvider,
    /// A ceiling.
    #[error("the day's ceiling of codes is reached ({0}): see [code.ceilings]")]
    Ceiling(&'static str),
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Access {
    /// How codes do.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn code_status(&self) -> Result<CodeStatus, Fault> {
        let now = self.clock.now();
        let since = now.minus(A_DAY);
        let (counts, breakers) = (self.store.provider_counts(since).await?, self.store.breakers().await?);
        let mut providers = Vec::new();
        for member in self.gateways.members() {
            let own = || counts.iter().filter(|count| count.provider == member.name);
            let of = |states: &[SentState]| -> i64 {
                own().filter(|count| states.contains(&count.state)).map(|count| count.count).sum()
            };
            let took = self.store.latencies(&member.name, since).await?;
            let breaker = breakers.iter().find(|row| row.provider == member.name);
            providers.push(ProviderStatus {
                name: member.name.clone(),
                kind: member.kind,
                reports: member.provider.reports() != Reports::Never,
                tried: own().map(|count| count.count).sum(),
                taken: of(&[SentState::Accepted, SentState::Delivered]),
                delivered: of(&[SentState::Delivered]),
                failed: of(&[SentState::Failed]),
                cost: own().map(|count| count.cost).sum(),
                latency: percentile(&took, 50).zip(percentile(&took, 95)),
                failures: breaker.map_or(0, |row| row.failures),
                alone_until: breaker.and_then(|row| row.retry_at).filter(|until| *until > now),
            });
        }
        let (mut used, mut cost) = (0_i64, 0_i64);
        for key in self.vault.server_keys() {
            let of = self.store.used(day(now), CeilingScope::Server, &key).await?;
            (used, cost) = (used.saturating_add(of.used), cost.saturating_add(of.cost));
        }
        let mut ceilings = vec![(CeilingScope::Server, used, self.ceilings.server)];
        for (scope, ceiling) in [
            (CeilingScope::Practice, self.ceilings.practice),
            (CeilingScope::Prefix, self.ceilings.prefix),
            (CeilingScope::Number, self.ceilings.number),
        ] {
            ceilings.push((scope, self.store.most_used(day(now), scope).await?, ceiling));
        }
        let (from, until) = self.conversion_window(now).await?;
        let pumped = self.store.pumped_prefixes(from, until, CONVERSION_LEAST, CONVERSION_PERCENT).await?;
        Ok(CodeStatus { providers, ceilings, spend: (cost, self.ceilings.spend), pumped })
    }

    /// Lets codes go to all prefixes again: what was sent before counts no more.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn resume_codes(&self) -> Result<(), Fault> {
        let now = self.clock.now();
        let mut tx = self.store.write("resume codes").await?;
        tx.replace_meta(RESUMED, &now.0.to_be_bytes()).await?;
        tx.commit(AuditEvent::new(now, Actor::Operator, Verb::CodesResumed)).await
    }

    /// Forgets that a number takes no short messages, or that its owner refused them; `false` when nothing was known.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn forget_number(&self, practice: PracticeId, number: &PhoneNumber) -> Result<bool, Fault> {
        let now = self.clock.now();
        let mut tx = self.store.write("forget number").await?;
        let mut known = false;
        for hash in self.vault.number_hashes(practice, number) {
            known |= tx.forget_number(practice, &hash).await?;
        }
        tx.commit(AuditEvent::new(now, Actor::Operator, Verb::CodesResumed).about_practice(practice)).await?;
        Ok(known)
    }

    /// Sends a code that opens nothing, by the first provider of a channel that takes it.
    ///
    /// # Errors
    /// [`TestError`].
    pub async fn test_code(
        &self,
        to: &PhoneNumber,
        channel: Channel,
        language: Language,
    ) -> Result<Vec<Tested>, TestError> {
        let code = OneTimeCode::random(self.random.as_ref());
        let (sms, script) = (self.sms_text(&code, "TT", language), self.script(&code, language));
        let mut tested = Vec::new();
        for member in self.gateways.members().iter().filter(|member| member.channel == channel) {
            let now = self.clock.now();
            let (words, count) = match channel {
                Channel::Sms => (Words::Sms(&sms), i64::from(parts(sms.reveal()))),
                Channel::Voice => (Words::Call(&script), 1),
            };
            let cost = count.saturating_mul(member.price);
            let mut tx = self.store.write("test code").await?;
            let used = Used { used: count, cost };
            if let Err(Refusal { scope }) = self.spend(&mut tx, None, to, used, now).await? {
                return Err(TestError::Ceiling(scope.word()));
            }
            let send = SendId::random(self.random.as_ref());
            tx.insert_send(&SendRow::begun(send, (&member.name, channel), (count, cost), now)).await?;
            tx.commit(AuditEvent::new(now, Actor::Operator, Verb::CodeTried)).await?;
            let report = self.report_address(send);
            let outgoing = Outgoing { send, to, language, words, report: report.as_ref() };
            let outcome = tokio::time::timeout(PATIENCE, member.provider.send(&outgoing)).await;
            let outcome = outcome.unwrap_or(Err(FailureClass::Unreachable));
            let ended = self.clock.now();
            let mut tx = self.store.write("test code sent").await?;
            self.note_outcome(&mut tx, send, member, &outcome, ended).await?;
            if outcome.as_ref().err().is_some_and(|why| is_free(*why)) {
                self.give_back(&mut tx, None, to, used, now).await?;
            }
            let event = AuditEvent::new(ended, Actor::Operator, Verb::CodeSent).counting(i64::from(outcome.is_ok()));
            tx.commit(event).await?;
            let taken = outcome.is_ok();
            let reports = member.provider.reports() != Reports::Never;
            tested.push(Tested { provider: member.name.clone(), send, outcome: outcome.map(|_| ()), reports });
            if taken {
                break;
            }
        }
        if tested.is_empty() { Err(TestError::NoProvider) } else { Ok(tested) }
    }

    /// What became of a test: the state, why it failed, and how long the provider took to tell.
    ///
    /// Listens to providers that tell over an open connection, and asks those that are asked.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn tested(&self, send: SendId) -> Result<Option<(SentState, Option<FailureClass>, Duration)>, Fault> {
        self.ask_providers().await?;
        while let Ok(report) = tokio::time::timeout(Duration::from_millis(10), self.gateways.streamed()).await {
            self.note_streamed(&report).await?;
        }
        let Some(row) = self.store.send(send).await? else { return Ok(None) };
        let told = row.reported_at.unwrap_or(row.created_at).since(row.accepted_at.unwrap_or(row.created_at));
        Ok(Some((row.state, row.failure, told)))
    }
}

/// The value below which so many in a hundred stay, of sorted ones (nearest rank).
fn percentile(sorted: &[i64], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    let millis = sorted.get(rank)?;
    Some(Duration::from_millis(u64::try_from(*millis).unwrap_or(0)))
}

const A_DAY: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_nearest_rank() {
        let hundred: Vec<i64> = (1..=100).collect();
        let millis = |sorted: &[i64], percent| percentile(sorted, percent).map(|took| took.as_millis());
        assert_eq!((millis(&hundred, 50), millis(&hundred, 95)), (Some(50), Some(95)));
        assert_eq!((millis(&[7], 50), millis(&[7], 95), millis(&[], 50)), (Some(7), Some(7), None));
        assert_eq!(millis(&[1, 2, 3], 95), Some(3));
    }
}
