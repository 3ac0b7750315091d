//! What an administrator sets on a mailbox: who keeps the copy of what was sent, how much it may hold, and what
//! it hears of its letters.

use crate::domain::{Actor, Address, AuditEvent, Receipts, SentCopy, Verb};

use super::Mailboxes;
use super::provision::ProvisionError;

/// What is to change; `None` stays as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct MailboxChange {
    /// Who keeps the copy of what was sent.
    pub sent: Option<SentCopy>,
    /// The most octets that it may hold; 0 for no limit.
    pub quota: Option<i64>,
    /// What it hears of its letters.
    pub receipts: Option<Receipts>,
}

impl Mailboxes {
    /// Changes a mailbox's settings.
    ///
    /// # Errors
    /// [`ProvisionError::Refused`] when there is no such mailbox.
    pub async fn set(&self, address: &Address, change: MailboxChange) -> Result<(), ProvisionError> {
        let row = self.store.mailbox_at(&address.folded()).await?;
        let row = row.ok_or_else(|| ProvisionError::Refused("there is no such mailbox".to_owned()))?;
        let mut tx = self.store.write("set mailbox").await?;
        tx.change_mailbox(row.id, change.sent, change.quota.map(|octets| octets.max(0)), change.receipts).await?;
        let event = AuditEvent::new(self.clock.now(), Actor::Operator, Verb::MailboxChanged);
        Ok(tx.commit(event.about_practice(row.practice).about_mailbox(row.id)).await?)
    }
}
