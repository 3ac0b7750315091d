//! The cascade: one code, one provider after the other, until it has arrived (DESIGN §6).
//!
//! A request makes one code; whoever tries the next provider claims the challenge by lease, commits the attempt, and
//! only then hands the code over, so that nothing is sent twice by two nodes and a node that dies is followed by
//! another. What moves it on: a refusal, at once; a report that it failed, at once; no report within
//! [`REPORT_WITHIN`], for a provider that has lately told the end of nine codes in ten in that time (R-A8); the
//! patient's button. A call follows a short message by itself only while the page that waits is open, and never
//! between eight in the evening and eight in the morning.

use std::time::Duration;

use crate::domain::{
    Actor, AuditEvent, ChallengeId, Channel, Coordinates, FailureClass, Fault, Language, OneTimeCode, PracticeProfile,
    SecretText, SendId, SentState, Timestamp, Verb,
};
use crate::gateway::{Accepted, Member, Outgoing, Reports, Script, Words, parts};
use crate::store::Tx;
use crate::store::challenges::{ChallengeRow, SendState};
use crate::store::deliveries::DeliveryRow;
use crate::store::sends::SendRow;
use crate::store::spending::{NumberFacts, Used};

use super::Access;
use super::money::{Refusal, is_free};

/// What is needed to send the codes of one delivery.
pub(super) struct Aim {
    pub(super) row: DeliveryRow,
    pub(super) to: Coordinates,
    pub(super) practice: PracticeProfile,
    pub(super) facts: NumberFacts,
}

impl Aim {
    /// Whether a short message can reach the number, as far as anybody has told.
    pub(super) fn takes_sms(&self) -> bool {
        self.to.number.is_mobile() && !self.facts.landline && !self.facts.stopped
    }
}

/// An attempt that is committed and not yet made.
struct Attempt<'a> {
    send: SendId,
    member: &'a Member,
    challenge: ChallengeRow,
    code: OneTimeCode,
    aim: Aim,
    used: Used,
    begun: Timestamp,
}

impl Access {
    /// Goes on with a challenge's cascade until a provider has taken the code or none is left.
    ///
    /// # Errors
    /// A [`Fault`] of the store; what was begun is taken up again when its lease is over.
    pub(super) async fn advance(&self, id: ChallengeId) -> Result<(), Fault> {
        while let Some(attempt) = self.next_attempt(id).await? {
            if self.attempt(attempt).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Every cascade that is due. Run every second, and whenever something was reported.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn advance_due(&self) -> Result<(), Fault> {
        let due = self.store.due_challenges(self.clock.now(), AT_ONCE).await?;
        let mut running = tokio::task::JoinSet::new();
        for id in due {
            let this = self.clone();
            running.spawn(async move {
                if let Err(fault) = this.advance(id).await {
                    tracing::error!(challenge = %id, %fault, "a code could not be sent on");
                }
            });
        }
        running.join_all().await;
        Ok(())
    }

    /// Who delivers what to whom, read anew: a provider's turn may come on another node.
    pub(super) async fn aim(&self, row: DeliveryRow) -> Result<Aim, Fault> {
        let sealed = row.coordinates.as_ref().ok_or(Fault::new("a delivery has no coordinates any more"))?;
        let to = self.vault.open_coordinates(row.id, sealed)?;
        let practice = self.practice(row.practice).await?;
        let mut facts = NumberFacts::default();
        for hash in self.vault.number_hashes(row.practice, &to.number) {
            let of = self.store.number_facts(row.practice, &hash).await?;
            facts = NumberFacts { landline: facts.landline || of.landline, stopped: facts.stopped || of.stopped };
        }
        Ok(Aim { row, to, practice, facts })
    }

    /// The providers that may still be tried, in order: those of the channel that was asked for, then the other.
    pub(super) fn left<'a, 'b>(
        &'a self,
        first: Channel,
        aim: &'b Aim,
        tried: &'b [SendRow],
    ) -> impl Iterator<Item = &'a Member> + use<'a, 'b> {
        let other = if first == Channel::Sms { Channel::Voice } else { Channel::Sms };
        let all = [first, other]
            .into_iter()
            .flat_map(|channel| self.gateways.members().iter().filter(move |member| member.channel == channel));
        all.filter(|member| member.channel == Channel::Voice || aim.takes_sms())
            .filter(|member| !tried.iter().any(|send| send.provider == member.name))
    }

    /// Claims the cascade and commits the next attempt; `None` when there is nothing to do now.
    async fn next_attempt(&self, id: ChallengeId) -> Result<Option<Attempt<'_>>, Fault> {
        let now = self.clock.now();
        let Some(seen) = self.store.challenge(id).await? else { return Ok(None) };
        let Some(row) = self.store.delivery(seen.delivery).await? else { return Ok(None) };
        if !row.state.is_open()
            || row.suspended_at.is_some()
            || row.expires_at <= now
            || !self.vault.holds(&row, &row.mac)
        {
            return Ok(None);
        }
        let aim = self.aim(row).await?;

        let mut tx = self.store.write("next provider").await?;
        let Some(challenge) = tx.claim_cascade(id, now, now.plus(LEASE)).await? else { return Ok(None) };
        // What a node left that died over it.
        tx.lose_sends(id).await?;
        let tried = tx.sends_of(id).await?;
        let mut next = None;
        for member in self.left(challenge.channel, &aim, &tried) {
            if tx.admits(&member.name, now, now.plus(LEASE)).await? {
                next = Some(member);
                break;
            }
        }
        let Some(member) = next else {
            self.end(tx, &challenge, &tried, now).await?;
            return Ok(None);
        };
        if member.channel != challenge.channel && !may_call(&challenge, &aim.practice, now) {
            // Asked again in a little while: the page may give a sign, the patient may press.
            drop(tx);
            self.store.defer_cascade(id, now, now.plus(CALL_AGAIN)).await?;
            return Ok(None);
        }
        let sealed = challenge.digits.as_ref().ok_or(Fault::new("a claimed challenge has no digits"))?;
        let code = self.vault.open_digits(id, sealed)?;
        let count = match member.channel {
            Channel::Sms => i64::from(parts(self.short_message(&challenge, &code).reveal())),
            Channel::Voice => 1,
        };
        let cost = count.saturating_mul(member.price);
        let used = Used { used: count, cost };
        match self.spend(&mut tx, Some(aim.row.practice), &aim.to.number, used, now).await? {
            Ok(()) => {}
            Err(Refusal { scope }) => {
                drop(tx);
                tracing::error!(scope = scope.word(), practice = %aim.row.practice, "the day's ceiling of codes is reached");
                return self.refuse_cascade(&challenge, FailureClass::Ceiling, now).await.map(|()| None);
            }
        }
        let send = SendId::random(self.random.as_ref());
        let begun = SendRow::begun(send, (&member.name, member.channel), (count, cost), now);
        let step = i64::try_from(tried.len()).unwrap_or(i64::MAX);
        tx.insert_send(&SendRow { challenge: Some(id), step, ..begun }).await?;
        // Whoever finds the lease over goes on from here.
        tx.set_cascade(id, Some(now.plus(LEASE)), now.plus(LEASE)).await?;
        tx.commit(self.code_event(&aim.row, Verb::CodeTried, now)).await?;
        Ok(Some(Attempt { send, member, challenge, code, aim, used, begun: now }))
    }

    /// Hands the code over and records what the provider said; true when it took it.
    async fn attempt(&self, attempt: Attempt<'_>) -> Result<bool, Fault> {
        let Attempt { send, member, challenge, code, aim, used, begun } = attempt;
        let (sms, script) = (self.short_message(&challenge, &code), self.script(&code, challenge.language));
        let words = match member.channel {
            Channel::Sms => Words::Sms(&sms),
            Channel::Voice => Words::Call(&script),
        };
        let report = self.report_address(send);
        let (to, language) = (&aim.to.number, challenge.language);
        let outgoing = Outgoing { send, to, language, words, report: report.as_ref() };
        let outcome = tokio::time::timeout(PATIENCE, member.provider.send(&outgoing)).await;
        let outcome = outcome.unwrap_or(Err(FailureClass::Unreachable));
        match &outcome {
            Ok(_) => {
                tracing::info!(provider = member.name, channel = member.channel.word(), %send, "code handed to provider")
            }
            Err(why) => {
                let (channel, why) = (member.channel.word(), why.word());
                tracing::warn!(provider = member.name, channel, why, %send, "provider did not take a code");
            }
        }
        let now = self.clock.now();
        let due_at = match &outcome {
            Ok(_) if self.is_punctual(member, now).await? => Some(now.plus(REPORT_WITHIN)),
            Ok(_) => None,
            Err(_) => Some(now),
        };
        let mut tx = self.store.write("code sent").await?;
        tx.hold_challenge(challenge.id).await?;
        self.note_outcome(&mut tx, send, member, &outcome, now).await?;
        let taken = outcome.is_ok();
        match outcome {
            Ok(_) => tx.challenge_sent(challenge.id, SendState::Sent, None).await?,
            Err(why) => {
                self.note_number(&mut tx, &aim.row, &aim.to, why, now).await?;
                if is_free(why) {
                    self.give_back(&mut tx, Some(aim.row.practice), &aim.to.number, used, begun).await?;
                }
            }
        }
        // What was reported meanwhile counts more than what was planned.
        let tried = tx.sends_of(challenge.id).await?;
        // Nobody is left who could need the digits, but a call that asks for them once a key is pressed.
        let asks = member.channel == Channel::Voice && member.provider.reports() == Reports::Called;
        if taken && !asks && self.left(challenge.channel, &aim, &tried).next().is_none() {
            tx.erase_digits(challenge.id).await?;
        }
        let told = tried.into_iter().find(|row| row.id == send).map(|row| row.state);
        match told {
            Some(SentState::Delivered) => tx.set_cascade(challenge.id, None, Timestamp(0)).await?,
            Some(SentState::Failed) if taken => tx.set_cascade(challenge.id, Some(now), Timestamp(0)).await?,
            _ => tx.set_cascade(challenge.id, due_at, Timestamp(0)).await?,
        }
        tx.commit(self.code_event(&aim.row, Verb::CodeSent, now).counting(i64::from(taken))).await?;
        Ok(taken)
    }

    /// Records in `sends` and `breakers` what a provider said to an attempt.
    pub(super) async fn note_outcome(
        &self,
        tx: &mut Tx,
        send: SendId,
        member: &Member,
        outcome: &Result<Accepted, FailureClass>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        match outcome {
            Ok(Accepted { reference }) => {
                let ask_at = (member.provider.reports() == Reports::Asked).then(|| now.plus(FIRST_ASK));
                let kept = reference.as_ref().map(|text| {
                    let sealed = self.vault.seal_reference(send, text, self.random.as_ref())?;
                    Ok::<_, Fault>((self.vault.reference_hash(&member.name, text), sealed))
                });
                let kept = kept.transpose()?;
                let reference = kept.as_ref().map(|(hash, sealed)| (hash, sealed));
                tx.send_accepted(send, now, reference, ask_at).await?;
                if tx.provider_worked(&member.name).await? {
                    tracing::info!(provider = member.name, "a provider works again");
                }
            }
            Err(why) => {
                tx.send_refused(send, *why).await?;
                if is_the_providers(*why) {
                    if let Some(until) = tx.provider_failed(&member.name, now, FAILURES, alone).await? {
                        let seconds = until.since(now).as_secs();
                        tracing::error!(
                            provider = member.name,
                            why = why.word(),
                            seconds,
                            "a provider is left alone for a while"
                        );
                    }
                } else if why.is_about_the_number() {
                    tx.provider_worked(&member.name).await?;
                }
            }
        }
        Ok(())
    }

    /// Remembers what a failure says of the number itself.
    pub(super) async fn note_number(
        &self,
        tx: &mut Tx,
        row: &DeliveryRow,
        to: &Coordinates,
        why: FailureClass,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let facts = NumberFacts { landline: why == FailureClass::Landline, stopped: why == FailureClass::Stopped };
        if facts == NumberFacts::default() {
            return Ok(());
        }
        let numbers = self.vault.number_hashes(row.practice, &to.number);
        let Some((number, older)) = numbers.split_first() else { return Ok(()) };
        tx.adopt_number(row.practice, number, older).await?;
        tx.note_number(row.practice, number, facts, Some(row.id), now).await
    }

    /// No provider is left: what was taken may still arrive, else the page says why nothing will.
    async fn end(&self, mut tx: Tx, challenge: &ChallengeRow, tried: &[SendRow], now: Timestamp) -> Result<(), Fault> {
        let open = |send: &SendRow| matches!(send.state, SentState::Pending | SentState::Accepted);
        let hope = tried.iter().any(|send| open(send) || send.state == SentState::Delivered);
        let verb = if hope {
            Verb::CodeTried
        } else {
            let class = worst(tried).unwrap_or(FailureClass::NoProvider);
            tx.challenge_sent(challenge.id, SendState::Failed, Some(class)).await?;
            tx.note_no_code(challenge.delivery, class, now, A_DAY).await?;
            Verb::CodeSent
        };
        // A call that rings asks for the digits once a key is pressed.
        if tried.iter().any(|send| open(send) && send.channel == Channel::Voice) {
            tx.set_cascade(challenge.id, None, Timestamp(0)).await?;
        } else {
            tx.erase_digits(challenge.id).await?;
            tx.set_cascade(challenge.id, None, Timestamp(0)).await?;
        }
        let event = AuditEvent::new(now, Actor::Server, verb).about_delivery(challenge.delivery).counting(0);
        tx.commit(event).await
    }

    async fn refuse_cascade(&self, challenge: &ChallengeRow, why: FailureClass, now: Timestamp) -> Result<(), Fault> {
        let mut tx = self.store.write("code refused").await?;
        tx.hold_challenge(challenge.id).await?;
        let sent = tx.sends_of(challenge.id).await?;
        if !sent.iter().any(|send| matches!(send.state, SentState::Accepted | SentState::Delivered)) {
            tx.challenge_sent(challenge.id, SendState::Failed, Some(why)).await?;
            tx.note_no_code(challenge.delivery, why, now, A_DAY).await?;
        }
        tx.erase_digits(challenge.id).await?;
        tx.set_cascade(challenge.id, None, Timestamp(0)).await?;
        let event = AuditEvent::new(now, Actor::Server, Verb::CodeSent).about_delivery(challenge.delivery).counting(0);
        tx.commit(event).await
    }

    /// Whether a provider has lately told the end of nine codes in ten in time.
    pub(super) async fn is_punctual(&self, member: &Member, now: Timestamp) -> Result<bool, Fault> {
        if member.provider.reports() == Reports::Never {
            return Ok(false);
        }
        let (from, until) = (now.minus(LATELY), now.minus(REPORT_WITHIN));
        let (taken, told) = self.store.punctuality(&member.name, from, until, REPORT_WITHIN).await?;
        Ok(taken >= ENOUGH && told.saturating_mul(10) >= taken.saturating_mul(9))
    }

    pub(super) fn code_event(&self, row: &DeliveryRow, verb: Verb, now: Timestamp) -> AuditEvent {
        AuditEvent::new(now, Actor::Server, verb).about_practice(row.practice).about_delivery(row.id)
    }

    /// What the SMS says: the code, the letters, a warning; no name, no link.
    pub(super) fn short_message(&self, challenge: &ChallengeRow, code: &OneTimeCode) -> SecretText {
        self.sms_text(code, &challenge.letters, challenge.language)
    }

    pub(super) fn sms_text(&self, code: &OneTimeCode, letters: &str, language: Language) -> SecretText {
        SecretText::new(self.texts.short_message(language, (code.reveal(), letters), &self.portal_host))
    }

    /// What the voice says.
    pub(super) fn script(&self, code: &OneTimeCode, language: Language) -> Script {
        let say = |id| self.texts.say(language, id, &[]);
        let digits: Vec<String> = code.reveal().chars().map(|digit| digit.to_string()).collect();
        let spaced = SecretText::new(digits.join(", "));
        Script {
            language,
            greeting: say("code-voice-greeting"),
            code: say("code-voice-code"),
            digits: SecretText::new(code.reveal()),
            repeat: say("code-voice-repeat"),
            again: say("code-voice-again"),
            goodbye: say("code-voice-goodbye"),
            whole: SecretText::new(self.texts.say(language, "code-voice", &[("digits", spaced.reveal().into())])),
        }
    }
}

/// Whether a call may follow a short message: the patient said so, or waits at the page in daytime.
fn may_call(challenge: &ChallengeRow, practice: &PracticeProfile, now: Timestamp) -> bool {
    challenge.pressed_at.0 > 0 || (now.since(challenge.seen_at) <= PAGE_OPEN && !is_night(&practice.timezone, now))
}

/// From eight in the evening to eight in the morning, where the practice is.
pub(super) fn is_night(zone: &str, now: Timestamp) -> bool {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let hour = jiff::Timestamp::from_millisecond(now.0).map(|at| at.to_zoned(zone).hour()).unwrap_or(0);
    !(8..20).contains(&hour)
}

/// Whether a failure counts against the provider.
fn is_the_providers(why: FailureClass) -> bool {
    use FailureClass as Class;
    matches!(why, Class::Unreachable | Class::Tls | Class::Later | Class::Credentials | Class::Credit)
}

/// Of several failures the one that helps most: what concerns the number before what concerns providers.
pub(super) fn worst(tried: &[SendRow]) -> Option<FailureClass> {
    let failures = || tried.iter().rev().filter_map(|send| send.failure);
    failures().find(|class| class.is_about_the_number()).or_else(|| failures().next())
}

/// How long a provider is left alone: longer each time.
fn alone(openings: i64) -> Duration {
    let doublings = u32::try_from(openings.clamp(0, 5)).unwrap_or(5);
    (ALONE_FIRST * 2_u32.pow(doublings)).min(ALONE_LONGEST)
}

/// Between two letters that say the same of one link.
const A_DAY: Duration = Duration::from_secs(86_400);
/// What a provider may take for its answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(11);
/// How long a node that works on a cascade is believed to live.
const LEASE: Duration = Duration::from_secs(15);
/// A report that is missing after this moves on, for a punctual provider.
pub(super) const REPORT_WITHIN: Duration = Duration::from_secs(20);
/// What *lately* is, for punctuality.
const LATELY: Duration = Duration::from_secs(7 * 86_400);
/// Codes that a provider must have taken before anything is said of it.
const ENOUGH: i64 = 10;
/// A page that gave a sign within this is open.
const PAGE_OPEN: Duration = Duration::from_secs(20);
/// When a call that may not be made yet is thought of again.
const CALL_AGAIN: Duration = Duration::from_secs(5);
/// When a provider is first asked what became of a message.
const FIRST_ASK: Duration = Duration::from_secs(3);
/// Failures in a row after which a provider is left alone.
const FAILURES: i64 = 5;
const ALONE_FIRST: Duration = Duration::from_secs(30);
const ALONE_LONGEST: Duration = Duration::from_secs(600);
/// Cascades that one node works on at once.
const AT_ONCE: i64 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_left_alone_longer_each_time() {
        let seconds: Vec<u64> = [0, 1, 2, 3, 4, 5, 50].into_iter().map(|n| alone(n).as_secs()).collect();
        assert_eq!(seconds, [30, 60, 120, 240, 480, 600, 600]);
    }

    #[test]
    fn nights_are_those_of_the_practice() {
        let at = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().expect("an instant").as_millisecond());
        for (instant, zone, night) in [
            ("2026-11-27T06:59:00Z", "Europe/Paris", true),
            ("2026-11-27T07:00:00Z", "Europe/Paris", false),
            ("2026-11-27T18:59:59Z", "Europe/Paris", false),
            ("2026-11-27T19:00:00Z", "Europe/Paris", true),
            ("2026-07-14T18:00:00Z", "Europe/Paris", true),
            ("2026-11-27T19:00:00Z", "Indian/Reunion", true),
            ("2026-11-27T12:00:00Z", "Pacific/Noumea", true),
        ] {
            assert_eq!(is_night(zone, at(instant)), night, "{instant} {zone}");
        }
    }
}
