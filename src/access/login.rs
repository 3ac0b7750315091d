//! Logins of mail clients: an address and a device password, checked by one key derivation.
//!
//! The secret is random (130 bits), so there is no slow hash and no lock-out (R-C10); every refusal is
//! the same answer after the same work, so that addresses cannot be told apart.

use std::time::Duration;

use crate::domain::{
    Actor, Address, AuditEvent, BrowserToken, DeviceId, DeviceKind, DevicePassword, Fault, MailboxId, MailboxState,
    SecretText, Sender, Timestamp, Verb,
};
use crate::store::mailboxes::{DeviceRow, MailboxRow, SlotRow};
use crate::vault::{MailboxKeys, MailboxSecret};

use super::Access;

/// Why a login fails.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Wrong address or password, revoked device, suspended mailbox: one answer for all.
    #[error("address or device password not right")]
    Refused,
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A login that opened its mailbox, or why it could not.
pub enum Opened {
    /// The mailbox is open.
    Ready {
        /// Who.
        sender: Sender,
        /// What opens its messages.
        keys: MailboxKeys,
        /// Which keys of the mailbox they are: a session ends when there are newer ones.
        version: i64,
    },
    /// The device may submit, and waits for somebody to let it read.
    Pending {
        /// Who.
        sender: Sender,
    },
    /// The device only sends.
    SendOnly,
}

/// Whom a right password names.
struct Checked {
    mailbox: MailboxRow,
    device: DeviceRow,
    password: DevicePassword,
}

impl Checked {
    fn sender(&self) -> Result<Sender, LoginError> {
        let Self { mailbox, device, .. } = self;
        let address: Address = mailbox.address.parse().map_err(|_| Fault::new("a mailbox row holds no address"))?;
        Ok(Sender { mailbox: mailbox.id, practice: mailbox.practice, device: device.id, address, kind: mailbox.kind })
    }
}

impl Access {
    /// Checks an address and a device password. Unknown addresses take the same work as known ones.
    ///
    /// # Errors
    /// [`LoginError::Refused`] for everything the client got wrong.
    pub async fn login(&self, address: &str, password: &str) -> Result<Sender, LoginError> {
        let checked = self.checked(address, password).await?;
        self.note_use(&checked.mailbox, &checked.device, None).await?;
        checked.sender()
    }

    /// The same, and opens the mailbox: the device's slot by its quick form, at the first use by its key.
    ///
    /// # Errors
    /// [`LoginError::Refused`] for everything the client got wrong, and for a slot that somebody else wrote.
    pub async fn open_mailbox(&self, address: &str, password: &str) -> Result<Opened, LoginError> {
        let checked = self.checked(address, password).await?;
        let opened = self.open_checked(&checked).await;
        if let Err(LoginError::Fault(_)) = &opened
            && let Some(now) = self.store.mailbox(checked.mailbox.id).await?
            && now.version != checked.mailbox.version
        {
            // Its keys were renewed between the rows that were read.
            return self.open_checked(&self.checked(address, password).await?).await;
        }
        opened
    }

    async fn open_checked(&self, checked: &Checked) -> Result<Opened, LoginError> {
        let Checked { mailbox, device, password } = checked;
        let Some(slot) = self.store.slot_of(device.id).await? else {
            self.note_use(mailbox, device, None).await?;
            return Ok(Opened::SendOnly);
        };
        if slot.mailbox != mailbox.id || slot.device != Some(device.id) || !self.vault.holds(&slot, &slot.mac) {
            tracing::error!(mailbox = %mailbox.id, slot = %slot.id, "a row without authority was not used: the database was changed by somebody else");
            return Err(LoginError::Refused);
        }
        let (Some(sealed), Some(esk)) = (&slot.secret, &slot.esk) else {
            self.note_use(mailbox, device, None).await?;
            return Ok(Opened::Pending { sender: checked.sender()? });
        };
        let unlocked = |secret: MailboxSecret| {
            let keys = self.vault.unlock(mailbox.id, &mailbox.certificate, &mailbox.secret, &secret)?;
            Ok::<_, Fault>((keys, secret))
        };
        let quick = slot
            .quick
            .as_ref()
            .and_then(|quick| unlocked(self.vault.open_quick(slot.id, device.id, password, quick).ok()?).ok());
        if let Some((keys, secret)) = quick {
            self.note_use(mailbox, device, Some(Verb::MailboxOpened)).await?;
            let (keys, version) = self.renewed(checked, &slot, keys, &secret).await;
            return Ok(Opened::Ready { sender: checked.sender()?, keys, version });
        }
        let secret = self.vault.open_slot(mailbox.id, slot.id, device.id, password, sealed, esk)?;
        let (keys, secret) = unlocked(secret)?;
        let quick = self.vault.seal_quick(slot.id, device.id, password, &secret, self.random.as_ref())?;
        let now = self.clock.now();
        let mut tx = self.store.write("first use of a slot").await?;
        if tx.set_quick(slot.id, slot.version, &quick).await? {
            tx.touch_device(device.id, now).await?;
            let event = AuditEvent::new(now, Actor::Device(device.id), Verb::MailboxOpened)
                .about_mailbox(mailbox.id)
                .about_device(device.id);
            tx.commit(event).await?;
        }
        let (keys, version) = self.renewed(checked, &slot, keys, &secret).await;
        Ok(Opened::Ready { sender: checked.sender()?, keys, version })
    }

    /// Where a device was taken away that has seen the keys: new ones, in every slot that is filled. What fails is said
    /// and done by the next login; mail can be read with the keys that there are.
    async fn renewed(
        &self,
        checked: &Checked,
        slot: &SlotRow,
        keys: MailboxKeys,
        secret: &MailboxSecret,
    ) -> (MailboxKeys, i64) {
        let Checked { mailbox, device, .. } = checked;
        if self.announce_devices
            && let Err(fault) = self.fill_announced(checked, secret, None).await
        {
            tracing::error!(mailbox = %mailbox.id, device = %device.id, %fault, "a device that waits could not be let in");
        }
        if mailbox.renewal_due_at.is_some() {
            match self.renew(checked, slot, secret).await {
                Ok(Some(new)) => return (new, mailbox.version + 1),
                // Somebody else did it at this moment: this session ends at its next breath, and the next one has them.
                Ok(None) => {}
                Err(fault) => {
                    tracing::error!(mailbox = %mailbox.id, device = %device.id, %fault, "the keys of a mailbox could not be renewed");
                }
            }
        }
        (keys, mailbox.version)
    }

    /// Lets a device read that waits, of which the owner was told and said *oui*: with the mailbox's secret, which only a
    /// session has whose own device reads. `false`: it does not wait, or this one cannot let it in.
    ///
    /// # Errors
    /// A [`Fault`] of the store, or of a row that is not what it should be.
    pub async fn let_in(&self, sender: &Sender, password: &SecretText, device: DeviceId) -> Result<bool, Fault> {
        let checked = match self.checked(&sender.address.reveal(), password.reveal()).await {
            Ok(checked) if checked.device.id == sender.device => checked,
            Ok(_) | Err(LoginError::Refused) => return Ok(false),
            Err(LoginError::Fault(fault)) => return Err(fault),
        };
        let Some(slot) = self.store.slot_of(checked.device.id).await? else { return Ok(false) };
        let ours = slot.mailbox == checked.mailbox.id && slot.device == Some(checked.device.id);
        let (true, Some(sealed), Some(esk)) = (ours && self.vault.holds(&slot, &slot.mac), &slot.secret, &slot.esk)
        else {
            return Ok(false);
        };
        let secret =
            self.vault.open_slot(checked.mailbox.id, slot.id, checked.device.id, &checked.password, sealed, esk)?;
        self.fill_announced(&checked, &secret, Some(device)).await
    }

    /// Lets devices read that wait and were announced, or one of them; whether any was let in.
    async fn fill_announced(
        &self,
        Checked { mailbox, device, .. }: &Checked,
        secret: &MailboxSecret,
        only: Option<DeviceId>,
    ) -> Result<bool, Fault> {
        let (now, mut filled) = (self.clock.now(), false);
        let waiting = self.store.announced(mailbox.id, now).await?;
        for (waits, mut slot) in waiting.into_iter().filter(|(waits, _)| only.is_none_or(|only| only == waits.id)) {
            let ours = slot.mailbox == mailbox.id && waits.mailbox == mailbox.id && slot.device == Some(waits.id);
            if !ours || !self.vault.holds(&slot, &slot.mac) || !self.vault.holds(&waits, &waits.mac) {
                tracing::error!(mailbox = %mailbox.id, slot = %slot.id, "a row without authority was not used: the database was changed by somebody else");
                continue;
            }
            slot.esk = Some(self.vault.fill_slot(&slot.public_key, secret)?);
            slot.version += 1;
            slot.mac = self.vault.mark(&slot);
            let mut tx = self.store.write("fill slot").await?;
            if !tx.hold_mailbox(mailbox.id, mailbox.version).await? || !tx.fill_slot(&slot).await? {
                return Ok(filled);
            }
            let event = AuditEvent::new(now, Actor::Device(device.id), Verb::DeviceFilled);
            tx.commit(event.about_mailbox(mailbox.id).about_device(waits.id)).await?;
            filled = true;
        }
        Ok(filled)
    }

    async fn renew(
        &self,
        Checked { mailbox, device, password }: &Checked,
        own: &SlotRow,
        secret: &MailboxSecret,
    ) -> Result<Option<MailboxKeys>, Fault> {
        let (now, random) = (self.clock.now(), self.random.as_ref());
        let new = self.vault.renew(mailbox.id, &mailbox.certificate, &mailbox.secret, secret, random)?;
        let keys = self.vault.unlock(mailbox.id, &new.certificate, &new.sealed_secret, &new.secret)?;
        let mut row = MailboxRow {
            certificate: new.certificate,
            secret: new.sealed_secret,
            version: mailbox.version + 1,
            renewal_due_at: None,
            ..mailbox.clone()
        };
        row.mac = self.vault.mark(&row);
        let mut tx = self.store.write("renew keys").await?;
        if !tx.hold_mailbox(mailbox.id, mailbox.version).await? {
            return Ok(None);
        }
        let mut filled = Vec::new();
        for mut slot in tx.slots(mailbox.id).await? {
            if slot.esk.is_none() {
                continue;
            }
            // A public half that somebody else wrote gets no keys.
            if slot.mailbox != mailbox.id || !self.vault.holds(&slot, &slot.mac) {
                tracing::error!(mailbox = %mailbox.id, slot = %slot.id, "a row without authority was not used: the database was changed by somebody else");
                continue;
            }
            slot.esk = Some(self.vault.fill_slot(&slot.public_key, &new.secret)?);
            slot.quick = match slot.id == own.id {
                true => Some(self.vault.seal_quick(own.id, device.id, password, &new.secret, random)?),
                false => None,
            };
            slot.version += 1;
            slot.mac = self.vault.mark(&slot);
            filled.push(slot);
        }
        tx.renew_keys(&row, &filled).await?;
        let event = AuditEvent::new(now, Actor::Device(device.id), Verb::KeysRenewed)
            .about_mailbox(mailbox.id)
            .counting(i64::try_from(filled.len()).unwrap_or(i64::MAX));
        tx.commit(event).await?;
        self.store.shred_soon().await;
        tracing::info!(mailbox = %mailbox.id, slots = filled.len(), "the keys of a mailbox were renewed");
        Ok(Some(keys))
    }

    /// Checks an address and a device password; the same work and answer for whatever is wrong.
    async fn checked(&self, address: &str, password: &str) -> Result<Checked, LoginError> {
        let typed = DevicePassword::parse(password);
        let password = typed.clone().unwrap_or_else(|| DevicePassword::random(self.random.as_ref()));
        let found = self.find(address, password.tag()).await?;
        // The derivation runs for unknown addresses and devices too, under an id nobody has.
        let id = found.as_ref().map_or_else(|| DeviceId::random(self.random.as_ref()), |(_, device)| device.id);
        let right = self.vault.is_verifier(id, &password, found.as_ref().map(|(_, device)| &device.verifier));
        let Some((mailbox, device)) = found else { return Err(LoginError::Refused) };
        if typed.is_none() || !right || mailbox.state != MailboxState::Active {
            return Err(LoginError::Refused);
        }
        if !self.vault.holds(&mailbox, &mailbox.mac) || !self.vault.holds(&device, &device.mac) {
            tracing::error!(mailbox = %mailbox.id, device = %device.id, "a row without authority was not used: the database was changed by somebody else");
            return Err(LoginError::Refused);
        }
        if !self.vault.is_current(device.verifier.as_octets())
            && let Err(fault) = self.remake_verifier(&device, &password).await
        {
            tracing::warn!(device = %device.id, %fault, "a login's verifier stays under an older root key for now");
        }
        Ok(Checked { mailbox, device, password })
    }

    /// The root key was changed: only a right password can bring a login's verifier under the one in use.
    async fn remake_verifier(&self, device: &DeviceRow, password: &DevicePassword) -> Result<(), Fault> {
        let mut row = DeviceRow { verifier: self.vault.verifier(device.id, password), ..device.clone() };
        row.mac = self.vault.mark(&row);
        let mut tx = self.store.write("remake verifier").await?;
        if tx.remake_verifier(&row, &device.verifier).await? {
            let event = AuditEvent::new(self.clock.now(), Actor::Device(device.id), Verb::Rewrapped);
            tx.commit(event.about_mailbox(device.mailbox).about_device(device.id).counting(1)).await?;
        }
        Ok(())
    }

    /// Whether a sender may still act: its device is not revoked, its mailbox not suspended.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn still_valid(&self, sender: &Sender) -> Result<bool, Fault> {
        self.store.device_acts(sender.device, sender.mailbox, MailboxState::Active).await
    }

    /// Whether a form's token was made for this browser and context.
    pub fn form_is_ours(&self, browser: &BrowserToken, context: &str, token: &str) -> bool {
        self.vault.form_token_matches(browser, context, token)
    }

    /// A form's token for this browser and context.
    pub fn form_token(&self, browser: &BrowserToken, context: &str) -> String {
        self.vault.form_token(browser, context)
    }

    /// A new browser cookie.
    pub fn new_browser(&self) -> BrowserToken {
        BrowserToken::random(self.random.as_ref())
    }

    async fn find(&self, address: &str, tag: &str) -> Result<Option<(MailboxRow, DeviceRow)>, Fault> {
        let Ok(address) = address.trim().parse::<Address>() else { return Ok(None) };
        let mailbox = self.store.mailbox_at(&address.folded()).await?;
        // Asked for unknown addresses too, under an id nobody has: one query less would tell them.
        let id = mailbox.as_ref().map_or_else(|| MailboxId::random(self.random.as_ref()), |mailbox| mailbox.id);
        let device = self.store.device_tagged(id, tag).await?;
        Ok(mailbox.zip(device))
    }

    /// Notes the use of a device: the first at once, later ones at most once an hour, since each is a commit.
    async fn note_use(&self, mailbox: &MailboxRow, device: &DeviceRow, opened: Option<Verb>) -> Result<(), Fault> {
        let now = self.clock.now();
        if device.last_used_at.is_some_and(|last| now.since(last) < Duration::from_secs(3600)) {
            return Ok(());
        }
        match self.note_use_at(mailbox, device, opened, now).await {
            // A disk that is full keeps nobody from reading, nor from making room.
            Err(fault) if fault.is_transient() && device.last_used_at.is_some() => {
                tracing::warn!(device = %device.id, %fault, "the use of a device could not be noted");
                Ok(())
            }
            outcome => outcome,
        }
    }

    async fn note_use_at(
        &self,
        mailbox: &MailboxRow,
        device: &DeviceRow,
        opened: Option<Verb>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let mut tx = self.store.write("note device use").await?;
        tx.touch_device(device.id, now).await?;
        let used = if device.last_used_at.is_none() { Verb::DeviceFirstUsed } else { Verb::DeviceUsed };
        let verb = opened.unwrap_or(used);
        let event =
            AuditEvent::new(now, Actor::Device(device.id), verb).about_mailbox(mailbox.id).about_device(device.id);
        tracing::info!(mailbox = %mailbox.id, device = %device.id, spare = device.kind == DeviceKind::Spare, "device in use");
        tx.commit(event).await
    }
}
