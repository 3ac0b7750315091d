//! A browser that a patient had remembered: for thirty days, links of the same practice to the same person open in it by a
//! press, where the practice allows that.
//!
//! The cookie stands in for the code and nothing else: the keys of a letter come from its own link, so that a browser
//! without the e-mail opens nothing, and neither does the database. The row knows the person by the delivery whose code
//! was typed ([`Person`]). It is deleted with the transaction that locks or recalls a letter to that address, changes the
//! person's record, takes its number back, or ends the practice's leave; by a restore, by a change of root key, and by *not
//! for me* (R-S27). A page that is opened so remembers nothing anew: after thirty days a code is asked for.

use std::time::Duration;

use crate::domain::{Actor, AuditEvent, DeliveryId, Fault, RememberToken, RememberedId, Timestamp, Verb};
use crate::store::remembered::RememberedRow;

use super::link::{LinkState, Reached, end_of};
use super::person::Person;
use super::{Access, OpenSession, Redeemed};

/// For how long.
const KEPT_FOR: Duration = Duration::from_secs(30 * 86_400);

/// The purpose of a cookie's hash.
const BROWSER: &str = "remembered browser";

/// One cookie of a remembered browser. There is one for each person: a family may share a browser.
pub struct Kept {
    /// Which person's: what the cookie's name ends with. Says nothing to anybody else.
    pub mark: String,
    /// Its value.
    pub token: RememberToken,
}

/// What a browser that was just remembered keeps.
pub struct Remembered {
    /// Its cookie.
    pub kept: Kept,
    /// Until when.
    pub until: Timestamp,
}

impl Access {
    /// Until when this browser is remembered for the person of a link that opens by a press; `None`: a code is asked for.
    /// Reads only.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn remembers(&self, ticket: &str, kept: &[Kept]) -> Result<Option<Timestamp>, Fault> {
        Ok(self.known(ticket, kept, self.clock.now()).await?.map(|(_, row)| row.expires_at))
    }

    /// Opens a link so. `None` where a code is asked for, or nothing opens.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn open_remembered(&self, ticket: &str, kept: &[Kept]) -> Result<Option<Redeemed>, Fault> {
        let now = self.clock.now();
        let Some((reached, known)) = self.known(ticket, kept, now).await? else { return Ok(None) };
        let (token, row) = self.session_for(&reached, now)?;
        let mut tx = self.store.write("open remembered").await?;
        // Ended, taken back or forgotten since it was read.
        if !tx.stands_as_read(reached.row.id, &reached.row.mac, now).await? || !tx.hold_remembered(known.id).await? {
            return Ok(None);
        }
        tx.insert_session(&row).await?;
        tx.commit(event(&reached, Verb::SessionRemembered, now)).await?;
        Ok(Some(Redeemed::of(token, &row, None)))
    }

    /// Until when this browser is remembered for the person of an open page.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn remembered_until(&self, page: &OpenSession, kept: &[Kept]) -> Result<Option<Timestamp>, Fault> {
        if !page.practice.remember_browsers {
            return Ok(None);
        }
        Ok(self.cookie_of(&page.person, kept, self.clock.now()).await?.map(|row| row.expires_at))
    }

    /// Forgets this browser for the person of an open page; returned are the marks of cookies that are of no use now.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn forget(&self, page: &OpenSession, kept: &[Kept]) -> Result<Vec<String>, Fault> {
        let now = self.clock.now();
        if let Some(row) = self.cookie_of(&page.person, kept, now).await? {
            let mut tx = self.store.write("forget browser").await?;
            if tx.forget_browser(row.id).await? {
                let event = AuditEvent::new(now, Actor::Session(page.grant.session()), Verb::BrowserForgotten);
                tx.commit(event.about_practice(page.person.practice).about_delivery(page.grant.delivery())).await?;
            }
        }
        Ok(self.marks(&page.person))
    }

    /// Forgets every browser that knows the address of a delivery: somebody there says that it is not theirs.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn forget_address(&self, delivery: DeliveryId) -> Result<(), Fault> {
        let mut tx = self.store.write("forget browsers").await?;
        if !tx.forget_browsers_of(delivery).await? {
            return Ok(());
        }
        let event = AuditEvent::new(self.clock.now(), Actor::LinkHolder(delivery), Verb::BrowserForgotten);
        tx.commit(event.about_delivery(delivery)).await
    }

    /// What a browser in which the right code was typed keeps, and its row.
    pub(super) fn remember(&self, reached: &Reached, now: Timestamp) -> Result<(Remembered, RememberedRow), Fault> {
        let token = RememberToken::random(self.random.as_ref());
        let id = RememberedId::random(self.random.as_ref());
        let row = RememberedRow {
            id,
            delivery: reached.row.id,
            token: self.vault.hash(BROWSER, None, token.reveal_octets()),
            proof: self.vault.prove_remembered(reached.row.id, &token, id, self.random.as_ref())?,
            created_at: now,
            expires_at: now.plus(KEPT_FOR),
        };
        let mark = self.marks(&reached.person).into_iter().next().ok_or(Fault::new("a hash was not made"))?;
        Ok((Remembered { kept: Kept { mark, token }, until: row.expires_at }, row))
    }

    /// A link that opens by a press, and the remembered browser by which.
    async fn known(
        &self,
        ticket: &str,
        kept: &[Kept],
        now: Timestamp,
    ) -> Result<Option<(Reached, RememberedRow)>, Fault> {
        if kept.is_empty() {
            return Ok(None);
        }
        let Some(reached) = self.pressable(ticket, now).await? else { return Ok(None) };
        if !reached.practice.remember_browsers {
            return Ok(None);
        }
        Ok(self.cookie_of(&reached.person, kept, now).await?.map(|row| (reached, row)))
    }

    /// The remembered browser of a person, among the cookies that came.
    pub(super) async fn cookie_of(
        &self,
        person: &Person,
        kept: &[Kept],
        now: Timestamp,
    ) -> Result<Option<RememberedRow>, Fault> {
        if kept.is_empty() {
            return Ok(None);
        }
        let marks = self.marks(person);
        // There may be one of before a change of the root key beside one of after it.
        for Kept { token, .. } in kept.iter().filter(|kept| marks.contains(&kept.mark)) {
            for hash in self.vault.hashes(BROWSER, None, token.reveal_octets()) {
                let Some(row) = self.store.remembered(&hash, now).await? else { continue };
                // A row that was changed by somebody else knows nobody.
                if !self.vault.proves_remembered(&row.proof, row.delivery, token, row.id) {
                    tracing::error!(delivery = %row.delivery, "a remembered browser without authority was not let in");
                    return Ok(None);
                }
                let Some(before) = self.store.delivery(row.delivery).await? else { return Ok(None) };
                // That its letter is over says nothing against it; that it was taken back, or is held, does.
                if !matches!(end_of(&before, now), None | Some(LinkState::Expired)) {
                    return Ok(None);
                }
                if self.person_of(&before)?.is_some_and(|known| known.is_proof_for(person)) {
                    return Ok(Some(row));
                }
            }
        }
        Ok(None)
    }

    /// What a person's cookie is called, under every root key, the one in use first.
    fn marks(&self, person: &Person) -> Vec<String> {
        let address = person.coordinates.address.folded();
        let patient = person.patient.map(|patient| patient.to_string()).unwrap_or_default();
        let person_octets = [&address, person.coordinates.number.reveal(), &patient].join("\0");
        let hashes = self.vault.hashes("remembered person", Some(person.practice), person_octets.as_bytes());
        let end = |octets: &[u8]| octets.last_chunk::<8>().map(|end| data_encoding::HEXLOWER.encode(end));
        hashes.iter().filter_map(|hash| end(hash.as_octets())).collect()
    }
}

fn event(reached: &Reached, verb: Verb, now: Timestamp) -> AuditEvent {
    AuditEvent::new(now, Actor::LinkHolder(reached.row.id), verb)
        .about_practice(reached.row.practice)
        .about_delivery(reached.row.id)
}
