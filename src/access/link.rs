//! The patient's link, before the right code: what the page may say.
//!
//! A link that fails its check value gets one constant answer. One that passes was issued here, so
//! *expired*, *recalled* and *locked* are told honestly (R-A6), and nothing else is: no practitioner,
//! no patient, no subject, no file. Reading a link changes nothing; what the journal notes of it: [`Access::visit`].

use std::time::Duration;

use crate::domain::{
    BrowserToken, Channel, DeliveryId, DeliveryState, FailureClass, Fault, KeyedHash, Language, PracticeId,
    PracticeProfile, SentState, Ticket, Timestamp,
};
use crate::store::challenges::{ChallengeRow, SendState};
use crate::store::deliveries::DeliveryRow;
use crate::store::sessions::SLACK;

use super::Access;
use super::cascade::worst;
use super::challenge::{MISSED_AFTER, SEND_PAUSE, TRIES, is_live};
use super::person::Person;

/// What a link shows to who holds it.
#[derive(Debug)]
pub struct LinkView {
    /// Which delivery: for form contexts; not shown.
    pub delivery: DeliveryId,
    /// The practice: public name and telephone may be shown.
    pub practice: PracticeProfile,
    /// The language that the person's record names, if it names one.
    pub language: Option<Language>,
    /// Until when the letter is kept.
    pub expires_at: Timestamp,
    /// Whether the birth date is asked for with the code.
    pub birth_date: bool,
    /// What can be done.
    pub state: LinkState,
}

/// Where a link stands.
#[derive(Debug, Clone)]
pub enum LinkState {
    /// A code can be asked for. Nothing is preselected; an offered channel has a provider and can reach the number.
    Choose {
        /// By SMS.
        sms: bool,
        /// By voice call.
        voice: bool,
        /// This browser's last code could not be sent: why, and by which channel.
        failed: Option<(Channel, FailureClass)>,
        /// This browser must wait until then to ask again.
        wait_until: Option<Timestamp>,
        /// This browser's last code was not typed in its time.
        over: bool,
    },
    /// A code of this browser is live.
    Enter {
        /// How it travelled.
        channel: Channel,
        /// The two letters that the message shows too.
        letters: String,
        /// The last two digits of the number.
        last_two: String,
        /// When the code ends.
        expires_at: Timestamp,
        /// When another can be asked for.
        again_at: Timestamp,
        /// Tries left of this code.
        tries_left: i64,
        /// Whether the other channel can be offered.
        other: Option<Channel>,
        /// Where the newest attempt stands.
        progress: CodeProgress,
        /// From when on "it did not arrive" tries the next provider with the same code; none where none is left.
        missed_at: Option<Timestamp>,
    },
    /// Too many wrong codes: nothing until then.
    Paused {
        /// The end of the pause.
        until: Timestamp,
    },
    /// Its time is over.
    Expired,
    /// The sender took it back.
    Recalled,
    /// A hundred wrong codes.
    Locked,
    /// Closed for now, until the practice knows that it may be opened.
    Suspended,
}

/// Where the newest attempt to send a code stands: what is known, and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeProgress {
    /// How it travels: a call may have followed a short message.
    pub channel: Channel,
    /// What became of it.
    pub state: SentState,
    /// Why it failed, where it did.
    pub failure: Option<FailureClass>,
    /// Since when.
    pub at: Timestamp,
}

/// Why a link shows nothing.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Cut, mistyped, made up: one constant answer.
    #[error("the link is incomplete")]
    Incomplete,
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A delivery reached by its ticket, its row authenticated and its coordinates opened.
pub(super) struct Reached {
    pub(super) ticket: Ticket,
    pub(super) row: DeliveryRow,
    pub(super) person: Person,
    pub(super) practice: PracticeProfile,
}

impl Access {
    /// What the link shows; reads only.
    ///
    /// # Errors
    /// [`LinkError::Incomplete`] for anything that was not issued here.
    pub async fn link(&self, ticket: &str, browser: Option<&BrowserToken>) -> Result<LinkView, LinkError> {
        self.viewed(ticket, browser, self.clock.now()).await.map(|(_, view)| view)
    }

    /// The same, with the row that it was made of.
    pub(super) async fn viewed(
        &self,
        ticket: &str,
        browser: Option<&BrowserToken>,
        now: Timestamp,
    ) -> Result<(DeliveryRow, LinkView), LinkError> {
        let reached = self.reach(ticket).await?.ok_or(LinkError::Incomplete)?;
        let state = match end_of(&reached.row, now) {
            Some(end) => end,
            None if reached.row.paused_until > now => LinkState::Paused { until: reached.row.paused_until },
            None => self.open_state(&reached, browser, now).await?,
        };
        let view = LinkView {
            delivery: reached.row.id,
            practice: reached.practice,
            language: reached.person.coordinates.language,
            expires_at: reached.row.expires_at,
            birth_date: reached.person.coordinates.birth_date.is_some(),
            state,
        };
        Ok((reached.row, view))
    }

    /// The delivery of a ticket, or `None` for a ticket of somebody else's making.
    pub(super) async fn reach(&self, ticket: &str) -> Result<Option<Reached>, Fault> {
        let Some(ticket) = Ticket::parse(ticket).filter(|ticket| self.vault.issued(ticket)) else { return Ok(None) };
        let mut found = None;
        for hash in self.vault.ticket_hashes(&ticket) {
            found = self.store.delivery_by_ticket(&hash).await?;
            if found.is_some() {
                break;
            }
        }
        let Some(row) = found else { return Ok(None) };
        if !self.vault.holds(&row, &row.mac) {
            tracing::error!(delivery = %row.id, "a row without authority was not used: the database was changed by somebody else");
            return Err(Fault::new("a delivery's row has lost its authority"));
        }
        let sealed = row.coordinates.as_ref().ok_or(Fault::new("a delivery has no coordinates any more"))?;
        let coordinates = self.vault.open_coordinates(row.id, sealed)?;
        let practice = self.practice(row.practice).await?;
        let person = Person::of(&row, coordinates);
        Ok(Some(Reached { ticket, row, person, practice }))
    }

    /// The same of a link that may open by a press: it has not ended, and no wrong codes have paused it, behind which a right
    /// one is asked for.
    pub(super) async fn pressable(&self, ticket: &str, now: Timestamp) -> Result<Option<Reached>, Fault> {
        let reached = self.reach(ticket).await?;
        Ok(reached.filter(|reached| end_of(&reached.row, now).is_none() && reached.row.paused_until <= now))
    }

    /// A practice's profile.
    pub(super) async fn practice(&self, id: PracticeId) -> Result<PracticeProfile, Fault> {
        let row = self.store.practice(id).await?.ok_or(Fault::new("a delivery's practice is gone"))?;
        self.vault.open_profile(id, &row.profile)
    }

    /// How a browser is recognised without its cookie being kept, and its newest challenge for a delivery. One that asked
    /// before the root key was changed is recognised as it was then, so that its limits hold.
    pub(super) async fn asked_by(
        &self,
        delivery: DeliveryId,
        browser: &BrowserToken,
    ) -> Result<(KeyedHash, Option<ChallengeRow>), Fault> {
        let hashes = self.vault.browser_hashes(browser);
        let mut newest: Option<ChallengeRow> = None;
        for hash in &hashes {
            let found = self.store.newest_challenge(delivery, hash).await?;
            if let Some(found) = found
                && newest.as_ref().is_none_or(|newest| newest.created_at < found.created_at)
            {
                newest = Some(found);
            }
        }
        let current = hashes.into_iter().next().ok_or(Fault::new("a hash was not made"))?;
        Ok((newest.as_ref().map_or(current, |newest| newest.browser.clone()), newest))
    }

    async fn open_state(
        &self,
        reached: &Reached,
        browser: Option<&BrowserToken>,
        now: Timestamp,
    ) -> Result<LinkState, Fault> {
        let aim = self.aim(reached.row.clone()).await?;
        let sms = self.gateways.has(Channel::Sms) && aim.takes_sms();
        let voice = self.gateways.has(Channel::Voice);
        let newest = match browser {
            Some(browser) => self.asked_by(reached.row.id, browser).await?.1,
            None => None,
        };
        let Some(newest) = newest else {
            return Ok(LinkState::Choose { sms, voice, failed: None, wait_until: None, over: false });
        };
        let again_at = newest.created_at.plus(SEND_PAUSE);
        if is_live(&newest, now) {
            let other = match newest.channel {
                Channel::Sms => voice.then_some(Channel::Voice),
                Channel::Voice => sms.then_some(Channel::Sms),
            };
            let tried = self.store.sends_of(newest.id).await?;
            let more = newest.digits.is_some() && self.left(newest.channel, &aim, &tried).next().is_some();
            let last = tried.last();
            let progress = CodeProgress {
                channel: last.map_or(newest.channel, |send| send.channel),
                state: last.map_or(SentState::Pending, |send| send.state),
                failure: last.and_then(|send| send.failure).or_else(|| worst(&tried)),
                at: last
                    .map_or(newest.created_at, |send| send.reported_at.or(send.accepted_at).unwrap_or(send.created_at)),
            };
            let since = last.map_or(newest.created_at, |send| send.created_at);
            return Ok(LinkState::Enter {
                progress,
                missed_at: more.then(|| since.plus(MISSED_AFTER)),
                channel: newest.channel,
                letters: newest.letters,
                last_two: reached.person.coordinates.number.last_two().to_owned(),
                expires_at: newest.expires_at,
                again_at,
                tries_left: (TRIES - newest.tries).max(0),
                other,
            });
        }
        let lately = now.since(newest.created_at) < Duration::from_secs(600);
        let failed = match newest.sent {
            SendState::Failed if lately => Some((newest.channel, newest.failure.unwrap_or(FailureClass::Refused))),
            _ => None,
        };
        let wait_until = (again_at > now && again_at <= now.plus(SEND_PAUSE).plus(SLACK)).then_some(again_at);
        let untyped = newest.used_at.is_none() && newest.tries < TRIES && newest.sent != SendState::Failed;
        let over = untyped && newest.expires_at <= now && now.since(newest.expires_at) < Duration::from_secs(3600);
        Ok(LinkState::Choose { sms, voice, failed, wait_until, over })
    }
}

/// The end of a delivery, when it has one.
pub(super) fn end_of(row: &DeliveryRow, now: Timestamp) -> Option<LinkState> {
    match row.state {
        DeliveryState::Recalled => Some(LinkState::Recalled),
        DeliveryState::Locked => Some(LinkState::Locked),
        DeliveryState::Expired | DeliveryState::Bounced => Some(LinkState::Expired),
        _ if row.expires_at <= now => Some(LinkState::Expired),
        // Its sender takes the number back that it was sent with, and says another.
        DeliveryState::Held => Some(LinkState::Suspended),
        _ if row.suspended_at.is_some() => Some(LinkState::Suspended),
        _ => None,
    }
}
