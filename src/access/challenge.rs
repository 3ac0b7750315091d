//! Patient challenges: a six-digit code sent out of band, answered once, within ten minutes.
//!
//! An out-of-band authenticator in the words of NIST SP 800-63B-4 §3.1.3. What is stored is an HMAC over
//! challenge and digits; the digits themselves live only in the request that sends them. A wrong answer
//! costs one of five tries, counted in one statement before anything is compared, and a new code resets
//! nothing: a hundred wrong codes close the delivery.

use std::time::Duration;

use crate::domain::{
    Actor, AuditEvent, BrowserToken, ChallengeId, Channel, DeliveryState, FailureClass, Fault, Language, OneTimeCode,
    QueueId, Random, SecretText, SendId, SessionId, SessionToken, Timestamp, Verb,
};
use crate::gateway::{Outgoing, Script, Words};
use crate::store::challenges::{Attempt, ChallengeRow, SendCounts, SendState};
use crate::store::deposit::NewWork;
use crate::store::sessions::SessionRow;
use crate::texts::Said;
use crate::vault::Asked;

use super::Access;
use super::link::{Reached, end_of, is_live};
use super::session::OPEN_FOR;

/// Tries of one code.
pub(super) const TRIES: i64 = 5;
/// Wrong codes of one delivery, in all (NIST SP 800-63B-4 §3.2.2).
const TRIES_IN_ALL: i64 = 100;
/// How long a code lives.
const CODE_LIFE: Duration = Duration::from_secs(600);
/// One send a minute and browser.
pub(super) const SEND_PAUSE: Duration = Duration::from_secs(60);
/// Sends of one browser in an hour.
const SENDS_AN_HOUR: i64 = 5;
/// Sends for one delivery in a day.
const SENDS_A_DAY: i64 = 20;
/// The pause after each spent code: it grows, and never beyond a quarter of an hour (R-A7).
const PAUSES: [u64; 4] = [60, 120, 300, 900];

/// A code is on its way.
#[derive(Debug)]
pub struct Issued {
    /// How.
    pub channel: Channel,
}

/// Why no code was sent.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The link is not one.
    #[error("the link is incomplete")]
    Incomplete,
    /// Expired, recalled, locked: the link page says which.
    #[error("the delivery is closed")]
    Closed,
    /// A limit: ask again then.
    #[error("too soon")]
    Wait {
        /// When.
        until: Timestamp,
    },
    /// The providers refused or could not be reached.
    #[error("the code could not be sent")]
    NotSent {
        /// Why.
        class: FailureClass,
    },
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The right code was given.
pub struct Redeemed {
    /// The cookie of the open page.
    pub token: SessionToken,
    /// When the page closes by itself.
    pub expires_at: Timestamp,
}

/// Why a code opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum RedeemError {
    /// The link is not one.
    #[error("the link is incomplete")]
    Incomplete,
    /// Not six digits: no try is taken.
    #[error("not a code")]
    NotACode,
    /// This browser has no live code: no try is taken.
    #[error("no code was asked for here")]
    NoneHere,
    /// Wrong.
    #[error("wrong code")]
    Wrong {
        /// Tries left of this code; at 0 it is spent.
        left: i64,
    },
    /// Too many wrong codes: nothing until then.
    #[error("paused")]
    Paused {
        /// The end of the pause.
        until: Timestamp,
    },
    /// Expired, recalled, locked: the link page says which.
    #[error("the delivery is closed")]
    Closed,
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Access {
    /// Makes a code and has it sent: durable first, then sent.
    ///
    /// # Errors
    /// [`IssueError`] says what the page should.
    pub async fn issue(
        &self,
        ticket: &str,
        browser: &BrowserToken,
        channel: Channel,
        language: Language,
    ) -> Result<Issued, IssueError> {
        let now = self.clock.now();
        let reached = self.reach(ticket).await?.ok_or(IssueError::Incomplete)?;
        if end_of(&reached.row, now).is_some() {
            return Err(IssueError::Closed);
        }
        if reached.row.paused_until > now {
            return Err(IssueError::Wait { until: reached.row.paused_until });
        }
        match (channel, self.channels(&reached.coordinates)) {
            (Channel::Sms, (false, _)) if !reached.coordinates.number.is_mobile() => {
                return Err(IssueError::NotSent { class: FailureClass::Landline });
            }
            (Channel::Sms, (false, _)) | (Channel::Voice, (_, false)) => {
                return Err(IssueError::NotSent { class: FailureClass::NoProvider });
            }
            _ => {}
        }
        let code = OneTimeCode::random(self.random.as_ref());
        let challenge = self.record(&reached, browser, channel, &code, now).await?;
        // In a task of its own: a phone that goes away while the provider thinks must not leave the row undecided.
        let this = self.clone();
        let sending = tokio::spawn(async move { this.send(&reached, &challenge, &code, language).await });
        sending.await.map_err(|_| Fault::new("sending a code ended early"))??;
        Ok(Issued { channel })
    }

    /// Answers a challenge: the try is counted in one statement before anything is compared.
    ///
    /// # Errors
    /// [`RedeemError`] says what the page should.
    pub async fn redeem(&self, ticket: &str, browser: &BrowserToken, typed: &str) -> Result<Redeemed, RedeemError> {
        let now = self.clock.now();
        let reached = self.reach(ticket).await?.ok_or(RedeemError::Incomplete)?;
        if end_of(&reached.row, now).is_some() {
            return Err(RedeemError::Closed);
        }
        if reached.row.paused_until > now {
            return Err(RedeemError::Paused { until: reached.row.paused_until });
        }
        let code = OneTimeCode::parse(typed).ok_or(RedeemError::NotACode)?;
        let browser = self.browser_hash(browser);
        let newest = self.store.newest_challenge(reached.row.id, &browser).await?;
        let challenge = newest.filter(|row| is_live(row, now)).ok_or(RedeemError::NoneHere)?;

        let mut tx = self.store.write("redeem code").await?;
        let event = |verb| {
            AuditEvent::new(now, Actor::LinkHolder(reached.row.id), verb)
                .about_practice(reached.row.practice)
                .about_delivery(reached.row.id)
        };
        // Tries of several browsers at once are counted one after the other.
        let Some(wrong) = tx.hold_tries(reached.row.id, TRIES_IN_ALL, now).await? else {
            tx.commit(event(Verb::CodeRefused)).await?;
            return Err(RedeemError::NoneHere);
        };
        let Some(attempt) = tx.take_attempt(challenge.id, &browser, TRIES, now).await? else {
            tx.commit(event(Verb::CodeRefused)).await?;
            return Err(RedeemError::NoneHere);
        };
        let asked = Asked { challenge: challenge.id, delivery: reached.row.id, browser: &browser };
        if !self.vault.code_matches(&asked, &code, &attempt.code) {
            return self.refuse(tx, &reached, challenge.id, &attempt, wrong, now).await;
        }
        if !tx.use_challenge(challenge.id, now).await? {
            tx.commit(event(Verb::CodeRefused)).await?;
            return Err(RedeemError::NoneHere);
        }
        let (token, row) = self.session_for(&reached, now)?;
        tx.insert_session(&row).await?;
        tx.commit(event(Verb::CodeAccepted)).await?;
        Ok(Redeemed { token, expires_at: row.expires_at })
    }

    /// Makes the challenge durable, within its limits; they are read and used up in one transaction.
    async fn record(
        &self,
        reached: &Reached,
        browser: &BrowserToken,
        channel: Channel,
        code: &OneTimeCode,
        now: Timestamp,
    ) -> Result<ChallengeRow, IssueError> {
        let browser = self.browser_hash(browser);
        let mut tx = self.store.write("issue code").await?;
        let counts = tx.send_counts(reached.row.id, &browser, now).await?;
        if let Some(until) = wait(&counts, now) {
            return Err(IssueError::Wait { until });
        }
        let id = ChallengeId::random(self.random.as_ref());
        let row = ChallengeRow {
            id,
            delivery: reached.row.id,
            browser: browser.clone(),
            channel,
            letters: two_letters(self.random.as_ref()),
            code: Some(
                self.vault.code_mac(&Asked { challenge: id, delivery: reached.row.id, browser: &browser }, code),
            ),
            digits: None,
            tries: 0,
            sent: SendState::Pending,
            failure: None,
            created_at: now,
            expires_at: now.plus(CODE_LIFE),
            used_at: None,
        };
        tx.insert_challenge(&row).await?;
        let event = AuditEvent::new(now, Actor::LinkHolder(reached.row.id), Verb::CodeIssued)
            .about_practice(reached.row.practice)
            .about_delivery(reached.row.id);
        tx.commit(event).await?;
        Ok(row)
    }

    /// Hands the code to the providers of its channel, in order, and records what they said.
    async fn send(
        &self,
        reached: &Reached,
        challenge: &ChallengeRow,
        code: &OneTimeCode,
        language: Language,
    ) -> Result<(), IssueError> {
        let outcome = self.hand_over(reached, challenge, code, language).await;
        let now = self.clock.now();
        let (sent, failure) = match outcome {
            Ok(()) => (SendState::Sent, None),
            Err(class) => (SendState::Failed, Some(class)),
        };
        let mut tx = self.store.write("code sent").await?;
        tx.challenge_sent(challenge.id, sent, failure).await?;
        let event = AuditEvent::new(now, Actor::Server, Verb::CodeSent)
            .about_practice(reached.row.practice)
            .about_delivery(reached.row.id)
            .counting(i64::from(failure.is_none()));
        tx.commit(event).await?;
        match failure {
            None => Ok(()),
            Some(class) => Err(IssueError::NotSent { class }),
        }
    }

    /// Tries the providers of the channel in order.
    async fn hand_over(
        &self,
        reached: &Reached,
        challenge: &ChallengeRow,
        code: &OneTimeCode,
        language: Language,
    ) -> Result<(), FailureClass> {
        let (sms, script) = (self.short_message(challenge, code, language), self.script(code, language));
        let mut class = FailureClass::NoProvider;
        for member in self.gateways.members().iter().filter(|member| member.channel == challenge.channel) {
            let words = match challenge.channel {
                Channel::Sms => Words::Sms(&sms),
                Channel::Voice => Words::Call(&script),
            };
            let send = SendId::random(self.random.as_ref());
            let to = &reached.coordinates.number;
            match member.provider.send(&Outgoing { send, to, language, words, report: None }).await {
                Ok(_) => return Ok(()),
                Err(why) => class = why,
            }
        }
        Err(class)
    }

    /// What the SMS says: the code, the letters, a warning; no name, no link.
    fn short_message(&self, challenge: &ChallengeRow, code: &OneTimeCode, language: Language) -> SecretText {
        let letters = Said::Text(&challenge.letters);
        let text = self.texts.say(language, "code-sms", &[("code", code.reveal().into()), ("letters", letters)]);
        // The last line lets phones fill the code in for this page alone (WebOTP).
        SecretText::new(format!("{text}\n\n@{} #{}", self.portal_host, code.reveal()))
    }

    /// What the voice says.
    fn script(&self, code: &OneTimeCode, language: Language) -> Script {
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

    /// A wrong code: counts it, spends the code at its fifth, pauses, and locks at the hundredth.
    async fn refuse(
        &self,
        mut tx: crate::store::Tx,
        reached: &Reached,
        challenge: ChallengeId,
        attempt: &Attempt,
        wrong: i64,
        now: Timestamp,
    ) -> Result<Redeemed, RedeemError> {
        let spent = attempt.tries >= TRIES;
        let mut paused_until = reached.row.paused_until;
        if spent {
            tx.spend_challenge(challenge).await?;
            paused_until = now.plus(pause_after(wrong + 1));
        }
        let in_all = tx.count_wrong(reached.row.id, paused_until).await?;
        let mut verb = Verb::CodeRefused;
        if in_all >= TRIES_IN_ALL && tx.end_delivery(reached.row.id, DeliveryState::Locked, None, now).await? {
            verb = Verb::DeliveryLocked;
            // The courier tells the sender.
            let work = NewWork { id: QueueId::random(self.random.as_ref()), due_at: now };
            tx.insert_work(reached.row.id, work).await?;
        }
        let event = AuditEvent::new(now, Actor::LinkHolder(reached.row.id), verb)
            .about_practice(reached.row.practice)
            .about_delivery(reached.row.id)
            .counting(in_all);
        tx.commit(event).await?;
        if verb == Verb::DeliveryLocked {
            self.store.shred_soon().await;
            return Err(RedeemError::Closed);
        }
        Err(RedeemError::Wrong { left: (TRIES - attempt.tries).max(0) })
    }

    /// A session that holds the delivery's session key under a new cookie.
    fn session_for(&self, reached: &Reached, now: Timestamp) -> Result<(SessionToken, SessionRow), Fault> {
        let esk = reached.row.esk.as_ref().ok_or(Fault::new("an open delivery has no session-key packet"))?;
        let key = self.vault.open_ticket(esk, &reached.ticket, reached.row.id)?;
        let token = SessionToken::random(self.random.as_ref());
        let id = SessionId::random(self.random.as_ref());
        let row = SessionRow {
            id,
            delivery: reached.row.id,
            token: self.token_hash(&token),
            key: self.vault.seal_for_session(&key, &token, id, self.random.as_ref())?,
            created_at: now,
            expires_at: now.plus(OPEN_FOR),
        };
        Ok((token, row))
    }
}

/// When this browser may ask again, if not now.
fn wait(counts: &SendCounts, now: Timestamp) -> Option<Timestamp> {
    if counts.browser_minute >= 1 {
        return Some(counts.newest.unwrap_or(now).plus(SEND_PAUSE));
    }
    if counts.browser_hour >= SENDS_AN_HOUR {
        return Some(counts.oldest_hour.unwrap_or(now).plus(Duration::from_secs(3600)));
    }
    (counts.delivery_day >= SENDS_A_DAY).then(|| counts.oldest_day.unwrap_or(now).plus(Duration::from_secs(86_400)))
}

/// The pause after so many wrong codes in all.
fn pause_after(wrong: i64) -> Duration {
    let spent = usize::try_from((wrong / TRIES - 1).max(0)).unwrap_or(0);
    Duration::from_secs(PAUSES.get(spent).copied().unwrap_or(900))
}

/// Two letters that are read aloud without doubt: no I, L, O, U, and none that is a digit's twin.
fn two_letters(random: &dyn Random) -> String {
    const LETTERS: &[u8; 16] = b"ACDEFHJKMNPRTWXY";
    let mut octets = [0; 2];
    random.fill(&mut octets);
    octets.iter().filter_map(|octet| LETTERS.get(usize::from(octet % 16))).map(|&letter| char::from(letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_at_a_quarter_of_an_hour() {
        let minutes = |wrong| pause_after(wrong).as_secs() / 60;
        assert_eq!([5, 10, 15, 20, 25, 95].map(minutes), [1, 2, 5, 15, 15, 15]);
    }

    #[test]
    fn limits_say_until_when() {
        let now = Timestamp(10_000_000);
        let none = SendCounts {
            browser_minute: 0,
            browser_hour: 0,
            delivery_day: 0,
            newest: None,
            oldest_hour: None,
            oldest_day: None,
        };
        assert_eq!(wait(&none, now), None);
        let minute = SendCounts { browser_minute: 1, newest: Some(Timestamp(9_990_000)), ..none };
        assert_eq!(wait(&minute, now), Some(Timestamp(10_050_000)));
        let hour = SendCounts { browser_hour: 5, oldest_hour: Some(Timestamp(9_000_000)), ..none };
        assert_eq!(wait(&hour, now), Some(Timestamp(12_600_000)));
        let day = SendCounts { delivery_day: 20, oldest_day: Some(Timestamp(1_000_000)), ..none };
        assert_eq!(wait(&day, now), Some(Timestamp(87_400_000)));
    }
}
