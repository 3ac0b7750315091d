//! A patient's open page: an hour from the last request, prolonged by a button, ended at will.
//!
//! The row holds the delivery's session key sealed under the cookie, so the database without the
//! cookie opens nothing; whatever ends the delivery deletes the row.

use std::time::Duration;

use crate::domain::{
    Actor, AuditEvent, Fault, KeyedHash, Language, PracticeProfile, SessionToken, Ticket, Timestamp, Verb,
};
use crate::store::sessions::SessionRow;
use crate::vault::Grant;

use super::Access;
use super::person::Person;

/// How long a page stays open after the last request.
pub(super) const OPEN_FOR: Duration = Duration::from_secs(3600);

/// How long pages stay open in all, once a code was typed.
pub(super) const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The purpose of a cookie's hash.
const SESSION: &str = "portal session";

/// The end moves only when it would move by this much: reading page after page is not a commit each.
const STEP: Duration = Duration::from_secs(300);

/// An open page and the grant for this one request.
pub struct OpenSession {
    /// Opens the delivery, for this request.
    pub grant: Grant,
    /// The ticket of the link; `None` in a page that was opened by an older version.
    pub(super) ticket: Option<Ticket>,
    /// Whom the letter is for.
    pub(super) person: Person,
    /// The practice.
    pub practice: PracticeProfile,
    /// The language that the person's record names, if it names one.
    pub language: Option<Language>,
    /// When the page closes by itself.
    pub expires_at: Timestamp,
    /// Until when the letter is kept.
    pub kept_until: Timestamp,
}

impl Access {
    /// The open page of a cookie; moves its end. `None`: ended, recalled, expired, never ours.
    ///
    /// # Errors
    /// A [`Fault`] of the store or of a row that is not what it should be.
    pub async fn resume(&self, token: &SessionToken) -> Result<Option<OpenSession>, Fault> {
        let now = self.clock.now();
        let Some(row) = self.session(token, now).await? else { return Ok(None) };
        let Some(delivery) = self.store.delivery(row.delivery).await? else { return Ok(None) };
        if !delivery.state.is_open() || delivery.suspended_at.is_some() || delivery.expires_at <= now {
            return Ok(None);
        }
        let Some(person) = self.person_of(&delivery)? else { return Ok(None) };
        let practice = self.practice(delivery.practice).await?;
        let key = self.vault.unseal_for_session(&row.key, token, row.id)?;
        let ticket = row.ticket.as_ref().map(|sealed| self.vault.unseal_ticket_for_session(sealed, token, row.id));
        let ticket = ticket.transpose()?;
        let expires_at = self.move_end(&row, now, now.plus(OPEN_FOR)).await?;
        Ok(Some(OpenSession {
            grant: Grant::mint(delivery.id, row.id, delivery.head, key),
            ticket,
            practice,
            language: person.coordinates.language,
            person,
            expires_at,
            kept_until: delivery.expires_at,
        }))
    }

    /// Adds an hour to the present end; returns the new one. `None` as for [`Access::resume`].
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn prolong(&self, token: &SessionToken) -> Result<Option<Timestamp>, Fault> {
        let now = self.clock.now();
        let Some(row) = self.session(token, now).await? else { return Ok(None) };
        self.move_end(&row, now, row.expires_at.plus(OPEN_FOR)).await.map(Some)
    }

    /// Ends the page.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn close(&self, token: &SessionToken) -> Result<(), Fault> {
        let now = self.clock.now();
        let Some(row) = self.session(token, now).await? else { return Ok(()) };
        let mut tx = self.store.write("close page").await?;
        tx.delete_session(row.id).await?;
        tx.commit(AuditEvent::new(now, Actor::Session(row.id), Verb::SessionChanged).about_delivery(row.delivery)).await
    }

    /// The octets of the logo of the practice whose letter is open, where it has one.
    ///
    /// # Errors
    /// A [`Fault`] of the store, or of octets that were sealed for another place.
    pub async fn logo(&self, session: &OpenSession) -> Result<Option<Vec<u8>>, Fault> {
        let practice = session.person.practice;
        let sealed = self.store.practice_logo(practice).await?;
        sealed.map(|sealed| self.vault.open_logo(practice, &sealed)).transpose()
    }

    /// How the cookie of a page is found without being kept.
    pub(super) fn token_hash(&self, token: &SessionToken) -> KeyedHash {
        self.vault.hash(SESSION, None, token.reveal_octets())
    }

    /// The session of a cookie, found under whichever root key it was made with.
    pub(super) async fn session(&self, token: &SessionToken, now: Timestamp) -> Result<Option<SessionRow>, Fault> {
        for hash in self.vault.hashes(SESSION, None, token.reveal_octets()) {
            if let Some(row) = self.store.session(&hash, now).await? {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    async fn move_end(&self, row: &SessionRow, now: Timestamp, end: Timestamp) -> Result<Timestamp, Fault> {
        // Never beyond a day: a page is not a place to live.
        let end = end.min(row.created_at.plus(LONGEST));
        if end <= row.expires_at.plus(STEP) {
            return Ok(row.expires_at);
        }
        let mut tx = self.store.write("prolong page").await?;
        tx.extend_session(row.id, end).await?;
        tx.commit(AuditEvent::new(now, Actor::Session(row.id), Verb::SessionChanged).about_delivery(row.delivery))
            .await?;
        Ok(end)
    }
}
