//! The form of an answer: what it carries so that nothing of it is lost when the page closes meanwhile.
//!
//! A form names the answer before it is written, so that one that is sent twice is one answer. It holds the link's
//! ticket, the subject and the recipient's name, sealed for this browser under the root key: what is posted after the
//! page has closed is sealed to the practitioner with them, and leads back to the link, where a code is asked for.

use std::time::Duration;

use crate::domain::{Address, BrowserToken, Fault, MessageId};
use crate::vault::Draft;

use super::{Access, OpenSession};

/// For how long a form can be sent: longer than a page may stay open.
const DRAFT_LIFE: Duration = Duration::from_secs(25 * 3600);

impl Access {
    /// What a new form of an open page carries; `None` for a page that an older version opened, which has no ticket.
    /// `addressed` is whom the letter names, with their addresses.
    ///
    /// # Errors
    /// A [`Fault`] when it cannot be sealed.
    pub fn draft(
        &self,
        session: &OpenSession,
        browser: &BrowserToken,
        subject: &str,
        addressed: &[(String, Address)],
    ) -> Result<Option<String>, Fault> {
        let Some(ticket) = &session.ticket else { return Ok(None) };
        let named = addressed.iter().find(|(_, address)| *address == session.person.coordinates.address);
        let draft = Draft {
            reply: MessageId::random(self.random.as_ref()),
            delivery: session.grant.delivery(),
            ticket: ticket.reveal(),
            subject: subject.chars().take(SUBJECT).collect(),
            name: named.map(|(name, _)| name.chars().take(SUBJECT).collect()).unwrap_or_default(),
            made_at: self.clock.now(),
        };
        self.vault.seal_draft(&self.vault.browser_hash(browser), &draft, self.random.as_ref()).map(Some)
    }

    /// What a form carried; `None` for one of another browser, of another server, or that is too old.
    pub fn open_draft(&self, browser: &BrowserToken, text: &str) -> Option<Draft> {
        // The form may be older than a change of the root key.
        let browsers = self.vault.browser_hashes(browser);
        let draft = browsers.iter().find_map(|browser| self.vault.open_draft(browser, text))?;
        (draft.made_at.plus(DRAFT_LIFE) > self.clock.now()).then_some(draft)
    }
}

/// Characters of a subject, or of a name, that are carried.
const SUBJECT: usize = 250;
