//! A link's page is loaded, or a button of it pressed: the journal says by what, as far as a request shows it.
//!
//! Mail services load the links of a mail before its reader does, and some press what they find. So nothing hangs on a
//! visit: no state changes, and its sender is told of an opening behind a code alone. It is noted so that an administrator
//! tells a letter that only machines came to from one that somebody looked at and left. Of each kind one event an hour for
//! a delivery, and none for one that has ended: the journal is not filled by whoever holds a link.

use std::time::Duration;

use crate::domain::{Actor, AuditEvent, BrowserToken, Fault, Timestamp, Verb, Visit};
use crate::store::deliveries::DeliveryRow;

use super::Access;
use super::link::{LinkError, LinkView, end_of};

impl Access {
    /// What the link shows to a visitor of some kind, whom the journal notes.
    ///
    /// # Errors
    /// As [`Access::link`]. A visit that could not be noted, or not soon, is logged, and keeps nobody from the page.
    pub async fn visit(
        &self,
        ticket: &str,
        browser: Option<&BrowserToken>,
        visit: Visit,
    ) -> Result<LinkView, LinkError> {
        let now = self.clock.now();
        let (row, view) = self.viewed(ticket, browser, now).await?;
        if end_of(&row, now).is_none() {
            let noted = tokio::time::timeout(PATIENCE, self.note_visit(&row, visit, now)).await;
            if let Err(fault) = noted.unwrap_or_else(|_| Err(Fault::new("the journal is busy"))) {
                tracing::error!(delivery = %row.id, %fault, "a visit could not be noted in the journal");
            }
        }
        Ok(view)
    }

    async fn note_visit(&self, row: &DeliveryRow, visit: Visit, now: Timestamp) -> Result<(), Fault> {
        let times = (now, now.minus(APART));
        if self.store.is_visit_noted(row.id, visit, times).await? {
            return Ok(());
        }
        let mut tx = self.store.write("note visit").await?;
        if !tx.note_visit(row.id, visit, times).await? {
            return Ok(());
        }
        let verb = match visit {
            Visit::Machine => Verb::LinkFetched,
            Visit::Unsigned => Verb::LinkLoaded,
            Visit::Browser => Verb::LinkShown,
            Visit::Press => Verb::LinkPressed,
        };
        let event = AuditEvent::new(now, Actor::LinkHolder(row.id), verb);
        tx.commit(event.about_practice(row.practice).about_mailbox(row.mailbox).about_delivery(row.id)).await
    }
}

/// How long a page waits for the journal.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a visit stands for all of its kind.
const APART: Duration = Duration::from_secs(3600);
