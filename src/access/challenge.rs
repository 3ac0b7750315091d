//! Patient challenges: a six-digit code sent out of band, answered once, within ten minutes.
//!
//! An out-of-band authenticator in the words of NIST SP 800-63B-4 §3.1.3. What is stored is an HMAC over
//! challenge and digits; the digits beside it, sealed, only while a provider may need them. A wrong answer
//! costs one of five tries, counted in one statement before anything is compared, and a new code resets
//! nothing: a hundred wrong codes close the delivery. A birth date, where one is asked for, is answered with the
//! code and compared with it: right or wrong, and never which.

use std::time::Duration;

use crate::domain::{
    Actor, AuditEvent, BirthDate, BrowserToken, ChallengeId, Channel, DeliveryId, DeliveryState, FailureClass, Fault,
    Language, OneTimeCode, QueueId, Random, SessionId, SessionToken, Timestamp, Verb,
};
use crate::store::challenges::{Attempt, ChallengeRow, SendCounts, SendState};
use crate::store::deposit::NewWork;
use crate::store::sessions::{SLACK, SessionRow};
use crate::vault::Asked;

use super::Access;
use super::cascade::Aim;
use super::link::{Reached, end_of};
use super::remember::{Kept, Remembered};
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
/// Sends for one delivery in a day, whoever asks; then one an hour. So a stranger who holds the link can delay the patient
/// by an hour and never shut them out (R-S21), and needs half a day to spend what a number may get in one.
const SENDS_A_DAY: i64 = 10;
const HOUR: Duration = Duration::from_secs(3600);
/// How long after an attempt the patient may say that it did not arrive.
pub(super) const MISSED_AFTER: Duration = Duration::from_secs(20);
/// Signs of a waiting page that are noted are so far apart.
const SIGNS_APART: Duration = Duration::from_secs(4);
/// How long a page waits for the first provider; then it says that the code is on its way.
const PAGE_WAITS: Duration = Duration::from_secs(4);
/// The pause after each spent code: it grows, and never beyond a quarter of an hour (R-A7).
const PAUSES: [u64; 4] = [60, 120, 300, 900];

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
    /// Nothing is on its way, or no provider is left.
    #[error("there is nothing to go on with")]
    Nothing,
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
    /// The delivery that it opens.
    pub delivery: DeliveryId,
    /// The page.
    pub session: SessionId,
    /// When the page closes by itself.
    pub expires_at: Timestamp,
    /// What the browser keeps, where it is remembered from now on.
    pub remembered: Option<Remembered>,
}

impl Redeemed {
    /// The page of a new session, and its cookie.
    pub(super) fn of(token: SessionToken, row: &SessionRow, remembered: Option<Remembered>) -> Self {
        Self { token, delivery: row.delivery, session: row.id, expires_at: row.expires_at, remembered }
    }
}

/// What was filled into the form of a code, as it was typed or pasted.
#[derive(Default)]
pub struct Filled<'a> {
    /// The code.
    pub code: &'a str,
    /// Day, month and year of the birth date; looked at only where one is asked for.
    pub birth_date: [&'a str; 3],
    /// Whether this browser shall be remembered; looked at only where the practice allows it.
    pub remember: bool,
    /// The cookies with which it is remembered already: the one of the same person is replaced.
    pub kept: &'a [Kept],
}

/// Why a code opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum RedeemError {
    /// The link is not one.
    #[error("the link is incomplete")]
    Incomplete,
    /// Not six digits, or no day where a birth date is asked for: no try is taken.
    #[error("not a code")]
    NotACode,
    /// This browser has no live code: no try is taken.
    #[error("no code was asked for here")]
    NoneHere,
    /// Wrong: the code, or the birth date that is asked for with it.
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

/// Who asks for a code, and how it shall travel.
struct Request<'a> {
    aim: &'a Aim,
    browser: &'a BrowserToken,
    channel: Channel,
    language: Language,
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
    ) -> Result<(), IssueError> {
        let now = self.clock.now();
        let reached = self.reach(ticket).await?.ok_or(IssueError::Incomplete)?;
        if end_of(&reached.row, now).is_some() {
            return Err(IssueError::Closed);
        }
        if reached.row.paused_until > now {
            return Err(IssueError::Wait { until: reached.row.paused_until });
        }
        let aim = self.aim(reached.row).await?;
        if !self.left(channel, &aim, &[]).any(|member| member.channel == channel) {
            let class = match channel {
                Channel::Sms if aim.facts.stopped => FailureClass::Stopped,
                Channel::Sms if !aim.takes_sms() => FailureClass::Landline,
                _ => FailureClass::NoProvider,
            };
            return self.refused(&Request { aim: &aim, browser, channel, language }, class, now).await;
        }
        if self.is_pumped(&aim.to.number, now).await? {
            let practice = aim.row.practice;
            tracing::error!(%practice, "hardly any code to numbers of this kind is typed: no more are sent to them");
            return self.refused(&Request { aim: &aim, browser, channel, language }, FailureClass::Pumping, now).await;
        }
        let code = OneTimeCode::random(self.random.as_ref());
        let asked = Request { aim: &aim, browser, channel, language };
        let challenge = self.record(&asked, Ok(&code), now).await?;
        self.go_on(challenge).await
    }

    /// The patient says that the code did not arrive: the next provider is tried with the same code.
    ///
    /// # Errors
    /// [`IssueError`] says what the page should.
    pub async fn not_arrived(&self, ticket: &str, browser: &BrowserToken) -> Result<(), IssueError> {
        let now = self.clock.now();
        let reached = self.reach(ticket).await?.ok_or(IssueError::Incomplete)?;
        if end_of(&reached.row, now).is_some() {
            return Err(IssueError::Closed);
        }
        let (_, newest) = self.asked_by(reached.row.id, browser).await?;
        let Some(challenge) = newest.filter(|row| is_live(row, now)) else { return Err(IssueError::Nothing) };
        let tried = self.store.sends_of(challenge.id).await?;
        let since = tried.last().map_or(challenge.created_at, |send| send.created_at);
        if now.since(since) < MISSED_AFTER {
            return Err(IssueError::Wait { until: since.plus(MISSED_AFTER) });
        }
        let mut tx = self.store.write("code missed").await?;
        if !tx.press_cascade(challenge.id, now).await? {
            return Err(IssueError::Nothing);
        }
        let event = AuditEvent::new(now, Actor::LinkHolder(reached.row.id), Verb::CodeMissed)
            .about_practice(reached.row.practice)
            .about_delivery(reached.row.id);
        tx.commit(event).await?;
        self.go_on(challenge.id).await
    }

    /// The page that waits for a code is open: a call may follow a short message by itself.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn page_waits(&self, ticket: &str, browser: &BrowserToken) -> Result<(), Fault> {
        let now = self.clock.now();
        let Some(reached) = self.reach(ticket).await? else { return Ok(()) };
        let (_, newest) = self.asked_by(reached.row.id, browser).await?;
        match newest.filter(|row| is_live(row, now) && now.since(row.seen_at) >= SIGNS_APART) {
            Some(challenge) => self.store.challenge_seen(challenge.id, now).await,
            None => Ok(()),
        }
    }

    /// Goes on with a cascade, and waits a little for what comes of it: the page tells the rest.
    async fn go_on(&self, id: ChallengeId) -> Result<(), IssueError> {
        // In a task of its own: a phone that goes away while the provider thinks must not leave the row undecided.
        let this = self.clone();
        let sending = tokio::spawn(async move { this.advance(id).await });
        match tokio::time::timeout(PAGE_WAITS, sending).await {
            Ok(joined) => joined.map_err(|_| Fault::new("sending a code ended early"))??,
            Err(_) => return Ok(()),
        }
        match self.store.challenge(id).await? {
            Some(row) if row.sent == SendState::Failed => {
                Err(IssueError::NotSent { class: row.failure.unwrap_or(FailureClass::Refused) })
            }
            _ => Ok(()),
        }
    }

    /// Answers a challenge: the try is counted in one statement before anything is compared.
    ///
    /// # Errors
    /// [`RedeemError`] says what the page should.
    pub async fn redeem(
        &self,
        ticket: &str,
        browser: &BrowserToken,
        filled: &Filled<'_>,
    ) -> Result<Redeemed, RedeemError> {
        let now = self.clock.now();
        let reached = self.reach(ticket).await?.ok_or(RedeemError::Incomplete)?;
        if end_of(&reached.row, now).is_some() {
            return Err(RedeemError::Closed);
        }
        if reached.row.paused_until > now {
            return Err(RedeemError::Paused { until: reached.row.paused_until });
        }
        let code = OneTimeCode::parse(filled.code).ok_or(RedeemError::NotACode)?;
        let born = match reached.person.coordinates.birth_date {
            Some(known) => {
                let [day, month, year] = filled.birth_date;
                Some((known, BirthDate::typed(day, month, year).ok_or(RedeemError::NotACode)?))
            }
            None => None,
        };
        let (browser, newest) = self.asked_by(reached.row.id, browser).await?;
        let challenge = newest.filter(|row| is_live(row, now)).ok_or(RedeemError::NoneHere)?;
        let remember = filled.remember && reached.practice.remember_browsers;
        let before = match remember {
            true => self.cookie_of(&reached.person, filled.kept, now).await?,
            false => None,
        };

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
        // Both are compared whatever the other is: neither the answer nor its time says which was wrong.
        let code_is_right = self.vault.code_matches(&asked, &code, &attempt.code);
        let day_is_right = born.is_none_or(|(known, typed)| known.same(&typed));
        if !(code_is_right & day_is_right) {
            return self.refuse(tx, &reached, challenge.id, &attempt, wrong, now).await;
        }
        // Held again with another number, recalled or ended since it was read: this code went to whom it was then.
        let as_read = tx.stands_as_read(reached.row.id, &reached.row.mac, now).await?;
        if !as_read || !tx.use_challenge(challenge.id, now).await? {
            tx.commit(event(Verb::CodeRefused)).await?;
            return Err(RedeemError::NoneHere);
        }
        let (token, row) = self.session_for(&reached, now)?;
        tx.insert_session(&row).await?;
        let (mut verb, mut remembered) = (Verb::CodeAccepted, None);
        if remember {
            let (browser, kept) = self.remember(&reached, now)?;
            if let Some(before) = &before {
                tx.forget_browser(before.id).await?;
            }
            tx.insert_remembered(&kept).await?;
            (verb, remembered) = (Verb::BrowserRemembered, Some(browser));
        }
        tx.commit(event(verb)).await?;
        Ok(Redeemed::of(token, &row, remembered))
    }

    /// Nothing can be sent: noted within the same limits, so that the page says why.
    async fn refused(&self, asked: &Request<'_>, class: FailureClass, now: Timestamp) -> Result<(), IssueError> {
        self.record(asked, Err(class), now).await?;
        Err(IssueError::NotSent { class })
    }

    /// Makes the challenge durable, within its limits; they are read and used up in one transaction.
    async fn record(
        &self,
        asked: &Request<'_>,
        code: Result<&OneTimeCode, FailureClass>,
        now: Timestamp,
    ) -> Result<ChallengeId, IssueError> {
        let Request { aim, browser, channel, language } = *asked;
        let delivery = aim.row.id;
        let (browser, _) = self.asked_by(delivery, browser).await?;
        let mut tx = self.store.write("issue code").await?;
        let counts = tx.send_counts(delivery, &browser, now).await?;
        if let Some(until) = wait(&counts, now) {
            return Err(IssueError::Wait { until });
        }
        let id = ChallengeId::random(self.random.as_ref());
        let row = ChallengeRow {
            id,
            delivery,
            browser: browser.clone(),
            channel,
            letters: two_letters(self.random.as_ref()),
            code: code
                .ok()
                .map(|code| self.vault.code_mac(&Asked { challenge: id, delivery, browser: &browser }, code)),
            digits: code.ok().map(|code| self.vault.seal_digits(id, code, self.random.as_ref())).transpose()?,
            tries: 0,
            sent: if code.is_ok() { SendState::Pending } else { SendState::Failed },
            failure: code.err(),
            created_at: now,
            expires_at: now.plus(CODE_LIFE),
            used_at: None,
            language,
            prefix: self.vault.prefix_keys(&aim.to.number).into_iter().next(),
            due_at: code.is_ok().then_some(now),
            seen_at: now,
            pressed_at: Timestamp(0),
        };
        tx.insert_challenge(&row).await?;
        let event = AuditEvent::new(now, Actor::LinkHolder(delivery), Verb::CodeIssued)
            .about_practice(aim.row.practice)
            .about_delivery(delivery);
        tx.commit(event).await?;
        Ok(id)
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
        }
        // Every fifth wrong code of the delivery, of whichever codes: a new code resets nothing.
        if spent || (wrong + 1) % TRIES == 0 {
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
    pub(super) fn session_for(&self, reached: &Reached, now: Timestamp) -> Result<(SessionToken, SessionRow), Fault> {
        let esk = reached.row.esk.as_ref().ok_or(Fault::new("an open delivery has no session-key packet"))?;
        let key = self.vault.open_ticket(esk, &reached.ticket, reached.row.id)?;
        let token = SessionToken::random(self.random.as_ref());
        let id = SessionId::random(self.random.as_ref());
        let row = SessionRow {
            id,
            delivery: reached.row.id,
            token: self.token_hash(&token),
            key: self.vault.seal_for_session(&key, &token, id, self.random.as_ref())?,
            ticket: Some(self.vault.seal_ticket_for_session(&reached.ticket, &token, id, self.random.as_ref())?),
            created_at: now,
            expires_at: now.plus(OPEN_FOR),
        };
        Ok((token, row))
    }
}

/// Whether a code can still be answered.
pub(super) fn is_live(row: &ChallengeRow, now: Timestamp) -> bool {
    row.code.is_some()
        && row.used_at.is_none()
        && row.expires_at > now
        // Made by a clock that has been set back since, it would live for too long.
        && row.created_at <= now.plus(SLACK)
        && row.tries < TRIES
        && row.sent != SendState::Failed
}

/// When this browser may ask again, if not now.
fn wait(counts: &SendCounts, now: Timestamp) -> Option<Timestamp> {
    if counts.browser_minute >= 1 {
        return Some(counts.newest.unwrap_or(now).plus(SEND_PAUSE));
    }
    if counts.browser_hour >= SENDS_AN_HOUR {
        return Some(counts.oldest_hour.unwrap_or(now).plus(HOUR));
    }
    let many = (counts.delivery_day >= SENDS_A_DAY).then(|| counts.newest_day.unwrap_or(now).plus(HOUR));
    many.filter(|until| *until > now)
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
            newest_day: None,
        };
        assert_eq!(wait(&none, now), None);
        let minute = SendCounts { browser_minute: 1, newest: Some(Timestamp(9_990_000)), ..none };
        assert_eq!(wait(&minute, now), Some(Timestamp(10_050_000)));
        let hour = SendCounts { browser_hour: 5, oldest_hour: Some(Timestamp(9_000_000)), ..none };
        assert_eq!(wait(&hour, now), Some(Timestamp(12_600_000)));
        // Who asks all day long does not keep anybody else out for longer than an hour.
        let day = |newest| SendCounts { delivery_day: 10, newest_day: Some(Timestamp(newest)), ..none };
        assert_eq!(wait(&day(9_999_000), now), Some(Timestamp(13_599_000)));
        assert_eq!(wait(&day(6_400_000), now), None);
    }
}
