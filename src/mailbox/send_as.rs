//! Other addresses of its practice that a mailbox, or one device of it, may write as.
//!
//! What is allowed is a row with authority: whoever can write the database cannot make somebody else's letters. Each
//! change is in the journal. Receipts and failures go to the mailbox that submitted, whatever From says.

use crate::domain::{
    Actor, Address, AuditEvent, DeviceId, Mac, MailboxId, PracticeId, RESERVED_LOCAL_PARTS, SendAsId, Timestamp, Verb,
};
use crate::store::Tx;
use crate::store::send_as::SendAsRow;

use super::Mailboxes;
use super::provision::ProvisionError;

/// An address that a mailbox may write as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendAs {
    /// The address, folded.
    pub address: String,
    /// The device that may; `None`: every one.
    pub device: Option<DeviceId>,
}

impl Mailboxes {
    /// Lets a mailbox write as these addresses too, or no longer. What is so already stays so.
    ///
    /// # Errors
    /// [`ProvisionError::Refused`] for an address that is not of the mailbox's practice, or that it could not use.
    pub async fn set_send_as(
        &self,
        address: &Address,
        allow: &[Address],
        refuse: &[Address],
    ) -> Result<(), ProvisionError> {
        let row = self.store.mailbox_at(&address.folded()).await?;
        let row = row.ok_or_else(|| ProvisionError::Refused("there is no such mailbox".to_owned()))?;
        self.check_send_as((row.practice, address), allow).await?;
        let now = self.clock.now();
        let mut tx = self.store.write("set send-as").await?;
        self.allow_in(&mut tx, row.id, None, allow, now).await?;
        for address in refuse {
            if !tx.delete_send_as(row.id, &address.folded()).await? {
                return Err(ProvisionError::Refused("this mailbox may not write as that address anyway".to_owned()));
            }
        }
        let verb = if refuse.is_empty() { Verb::SendAsAllowed } else { Verb::SendAsRefused };
        let many = i64::try_from(allow.len() + refuse.len()).unwrap_or(i64::MAX);
        let event = AuditEvent::new(now, Actor::Operator, verb).about_practice(row.practice).about_mailbox(row.id);
        Ok(tx.commit(event.counting(many)).await?)
    }

    /// What a mailbox may write as.
    pub(super) async fn send_as_of(&self, mailbox: MailboxId) -> Result<Vec<SendAs>, ProvisionError> {
        let rows = self.store.send_as(mailbox).await?.into_iter().filter(|row| self.vault.holds(row, &row.mac));
        Ok(rows.map(|row| SendAs { address: row.address, device: row.device }).collect())
    }

    /// Whether these addresses may be allowed to a mailbox of this practice.
    pub(super) async fn check_send_as(
        &self,
        (practice, own): (PracticeId, &Address),
        allow: &[Address],
    ) -> Result<(), ProvisionError> {
        for address in allow {
            let why = if address == own {
                "a mailbox writes as its own address anyway"
            } else if RESERVED_LOCAL_PARTS.contains(&address.reveal_local().to_lowercase().as_str()) {
                "this address is reserved for Pli itself"
            } else if self.store.domain(address.domain()).await?.is_none_or(|domain| domain.practice != practice) {
                "a mailbox may write as addresses of its own practice only"
            } else {
                continue;
            };
            return Err(ProvisionError::Refused(why.to_owned()));
        }
        Ok(())
    }

    /// Writes what was checked.
    pub(super) async fn allow_in(
        &self,
        tx: &mut Tx,
        mailbox: MailboxId,
        device: Option<DeviceId>,
        allow: &[Address],
        now: Timestamp,
    ) -> Result<(), ProvisionError> {
        for address in allow {
            let mut row = SendAsRow {
                id: SendAsId::random(self.random.as_ref()),
                mailbox,
                device,
                address: address.folded(),
                mac: Mac::pending(),
                created_at: now,
            };
            row.mac = self.vault.mark(&row);
            tx.insert_send_as(&row).await?;
        }
        Ok(())
    }
}
