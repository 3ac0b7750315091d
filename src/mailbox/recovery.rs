//! A way back in when every password of a mailbox is lost: the organisation's recovery certificate (R-S15).
//!
//! Its secret half never comes to the server. What is locked goes out with the public half of a new device, is opened
//! somewhere else, and comes back sealed to that device.

use crate::domain::{Actor, Address, AuditEvent, DeviceId, DeviceKind, Esk, MailboxId, PublicKey, SlotId, Verb};
use crate::store::mailboxes::SlotRow;
use crate::vault::Vault;

use super::Mailboxes;
use super::provision::{NewDevice, ProvisionError, refused};

/// What goes out: nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryRequest {
    /// Whose.
    pub mailbox: MailboxId,
    /// Its keys as they are now, by count.
    pub version: i64,
    /// The slot of the new device, which waits.
    pub slot: SlotId,
    /// The slot's public half.
    pub public_key: PublicKey,
    /// The mailbox secret, to the recovery certificate.
    pub esk: Esk,
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryAnswer {
    /// Whose.
    pub mailbox: MailboxId,
    /// Of which keys.
    pub version: i64,
    /// Which slot.
    pub slot: SlotId,
    /// A session-key packet with the mailbox secret, to the slot's public half, as it came.
    pub sealed: Vec<u8>,
}

impl Mailboxes {
    /// Makes a device that waits for what the recovery certificate locks.
    ///
    /// # Errors
    /// [`ProvisionError::Refused`] for a mailbox that the recovery certificate does not fit.
    pub async fn ask_recovery(
        &self,
        address: &Address,
        label: &str,
        person: &str,
    ) -> Result<(NewDevice, RecoveryRequest), ProvisionError> {
        let now = self.clock.now();
        let row = self.found(address).await?;
        let slots = self.store.slots(row.id).await?;
        let locked = slots.into_iter().find(|slot| slot.device.is_none() && slot.esk.is_some());
        let Some(SlotRow { esk: Some(esk), .. }) = locked else {
            return refused("the recovery certificate does not fit this mailbox: it was made without one");
        };
        let person = if person.is_empty() { &row.name } else { person };
        let made = self.device(row.id, DeviceKind::Full, label, person, None, now)?;
        let Some(slot) = &made.slot else { return refused("a device that only sends opens nothing") };
        let request = RecoveryRequest {
            mailbox: row.id,
            version: row.version,
            slot: slot.id,
            public_key: slot.public_key.clone(),
            esk,
        };
        let mut tx = self.store.write("ask recovery").await?;
        if !tx.insert_device(&made.row, made.slot.as_ref()).await? {
            return refused("by a rare chance this device's first characters are taken: try again");
        }
        let event = AuditEvent::new(now, Actor::Operator, Verb::RecoveryAsked);
        tx.commit(event.about_practice(row.practice).about_mailbox(row.id).about_device(made.row.id)).await?;
        Ok((made.shown, request))
    }

    /// Fills the slot of the device that waits; returns the device.
    ///
    /// # Errors
    /// [`ProvisionError::Refused`] for a slot that does not wait, or keys that were renewed since.
    pub async fn take_recovery(&self, answer: &RecoveryAnswer) -> Result<DeviceId, ProvisionError> {
        let now = self.clock.now();
        let Some(row) = self.store.mailbox(answer.mailbox).await? else {
            return refused("the mailbox of this answer is not on this server");
        };
        let mut tx = self.store.write("take recovery").await?;
        if row.version != answer.version || !tx.hold_mailbox(row.id, row.version).await? {
            return refused("the keys of this mailbox were renewed since: export the request again");
        }
        let slots = tx.slots(row.id).await?;
        let found = slots.into_iter().find(|slot| slot.id == answer.slot && slot.esk.is_none());
        let Some((mut slot, device)) = found.and_then(|slot| slot.device.map(|device| (slot, device))) else {
            return refused("no device of this mailbox waits for this answer");
        };
        if !self.vault.holds(&slot, &slot.mac) {
            tracing::error!(mailbox = %row.id, slot = %slot.id, "a row without authority was not used: the database was changed by somebody else");
            return refused("the waiting device was changed by somebody else: it is not used");
        }
        let Some(esk) = Vault::packet_to(answer.sealed.clone(), &slot.public_key) else {
            return refused("this answer is to another device's key");
        };
        slot.esk = Some(esk);
        slot.version += 1;
        slot.mac = self.vault.mark(&slot);
        tx.fill_slot(&slot).await?;
        tx.tell_again(device).await?;
        let event = AuditEvent::new(now, Actor::Operator, Verb::Recovered);
        tx.commit(event.about_practice(row.practice).about_mailbox(row.id).about_device(device)).await?;
        Ok(device)
    }
}
