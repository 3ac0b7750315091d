//! One code, several letters: while a page is open, the link of another letter of the same practice to the same person
//! opens by a press, without another code.
//!
//! The same person is who has the same address, the same number, and the same birth date where it is asked for, as each
//! delivery holds them, sealed. What a code would prove was proved within the hour; a birth date that the link asks for,
//! only if the open page asked for the same. Keys come from the link's own ticket, as with a code: a page opens no other
//! letter by itself, and each page still opens one delivery.

use crate::domain::{Actor, AuditEvent, Fault, SessionToken, Timestamp, Verb};
use crate::store::sessions::SessionRow;

use super::link::{Reached, end_of};
use super::session::{LONGEST, OPEN_FOR};
use super::{Access, Redeemed};

impl Access {
    /// Whether a link opens by a press, since a page of the same person is open under this cookie. Reads only.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn may_join(&self, ticket: &str, open: &SessionToken) -> Result<bool, Fault> {
        Ok(self.joining(ticket, open, self.clock.now()).await?.is_some())
    }

    /// Opens a link so: a page of its own, which lasts no longer than the one that it follows from could. `None` where that
    /// is not open, or is somebody else's, or the link takes a code or nothing.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn join(&self, ticket: &str, open: &SessionToken) -> Result<Option<Redeemed>, Fault> {
        let now = self.clock.now();
        let Some((reached, from)) = self.joining(ticket, open, now).await? else { return Ok(None) };
        let (token, row) = self.session_for(&reached, now)?;
        // Page after page, it is no more than a day since a code was typed.
        let row = SessionRow {
            created_at: from.created_at,
            expires_at: now.plus(OPEN_FOR).min(from.created_at.plus(LONGEST)),
            ..row
        };
        let mut tx = self.store.write("join page").await?;
        // Ended, taken back, or sent to another number since it was read: then a code is asked for.
        if !tx.stands_as_read(reached.row.id, &reached.row.mac, now).await? {
            return Ok(None);
        }
        tx.insert_session(&row).await?;
        let event = AuditEvent::new(now, Actor::Session(from.id), Verb::SessionJoined);
        tx.commit(event.about_practice(reached.row.practice).about_delivery(reached.row.id)).await?;
        Ok(Some(Redeemed::of(token, &row, None)))
    }

    async fn joining(
        &self,
        ticket: &str,
        open: &SessionToken,
        now: Timestamp,
    ) -> Result<Option<(Reached, SessionRow)>, Fault> {
        let Some(from) = self.session(open, now).await? else { return Ok(None) };
        let Some(reached) = self.pressable(ticket, now).await? else { return Ok(None) };
        let Some(before) = self.store.delivery(from.delivery).await? else { return Ok(None) };
        if end_of(&before, now).is_some() {
            return Ok(None);
        }
        let Some(known) = self.person_of(&before)? else { return Ok(None) };
        let proved = known.is_proof_for(&reached.person);
        Ok(proved.then_some((reached, from)))
    }
}
