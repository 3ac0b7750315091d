//! Making mailboxes and devices; taking devices away.

use crate::domain::{
    Actor, Address, AuditEvent, DeviceId, DeviceKind, DevicePassword, Fault, FolderId, FolderRole, Mac, MailboxId,
    MailboxKind, MailboxState, PracticeId, PublicKey, Receipts, Sender, SentCopy, SlotId, Timestamp, Verb,
};
use crate::store::mailboxes::{DeviceRow, FolderRow, MailboxRow, SlotRow};
use crate::vault::{DeviceLabel, MailboxSecret, NewSlot};

use super::Mailboxes;
use super::send_as::SendAs;

/// What a new mailbox is to be.
#[derive(Debug, Clone)]
pub struct NewMailbox {
    /// Its address; the domain must belong to a practice of this server.
    pub address: Address,
    /// Its display name.
    pub name: String,
    /// Its kind.
    pub kind: MailboxKind,
    /// Label of the first device.
    pub label: String,
    /// Whose the first device is; the mailbox's name where empty.
    pub person: String,
    /// Other addresses of the practice that it may write as.
    pub send_as: Vec<Address>,
}

/// A new mailbox, with the passwords that are shown once.
#[derive(Debug)]
pub struct Born {
    /// The mailbox.
    pub id: MailboxId,
    /// Its first device.
    pub device: NewDevice,
    /// The spare for paper; for an application mailbox, whose device only sends, the one that reads.
    pub spare: Option<NewDevice>,
    /// Whether the organisation's recovery certificate has a slot.
    pub recovery: bool,
}

/// What a device to be added is to be.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeviceToAdd<'a> {
    /// What it opens; by itself a device of an application mailbox sends only, unless it is unlocked.
    pub kind: Option<DeviceKind>,
    /// What it is called.
    pub label: &'a str,
    /// Whose it is; the mailbox's name where empty.
    pub person: &'a str,
    /// Another device password of the mailbox.
    pub unlock: Option<&'a str>,
    /// Other addresses of the practice that it may write as.
    pub send_as: &'a [Address],
}

/// A new device, with the password that is shown once.
#[derive(Debug)]
pub struct NewDevice {
    /// Its id.
    pub id: DeviceId,
    /// Its label.
    pub label: String,
    /// Its password.
    pub password: DevicePassword,
    /// Whether it can read already; else it is pending (or send-only).
    pub ready: bool,
    /// What it opens.
    pub kind: DeviceKind,
}

/// A mailbox as administrators see it.
#[derive(Debug, Clone)]
pub struct MailboxInfo {
    /// Its id.
    pub id: MailboxId,
    /// Whose it is.
    pub practice: PracticeId,
    /// Its address.
    pub address: String,
    /// Its display name.
    pub name: String,
    /// Its kind.
    pub kind: MailboxKind,
    /// Its state.
    pub state: MailboxState,
    /// Who keeps the copy of what it sends.
    pub sent: SentCopy,
    /// What it hears of its letters; where one mailbox is shown.
    pub receipts: Option<Receipts>,
    /// Octets that it holds, and may (0: no limit); where one mailbox is shown.
    pub usage: Option<(i64, i64)>,
    /// Whether the recovery certificate has a slot.
    pub recovery: bool,
    /// Since when the keys are due to be renewed, by the next session.
    pub renewal_due_at: Option<Timestamp>,
    /// Messages in each special folder.
    pub folders: Vec<(FolderRole, i64)>,
    /// Its devices.
    pub devices: Vec<DeviceInfo>,
    /// Other addresses that it may write as.
    pub send_as: Vec<SendAs>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A device as administrators see it.
#[derive(Debug, Clone)]
pub struct DeviceInfo {
    /// Its id.
    pub id: DeviceId,
    /// The first characters of its password.
    pub tag: String,
    /// What it opens.
    pub kind: DeviceKind,
    /// Its label.
    pub label: String,
    /// Whose it is.
    pub person: String,
    /// Whether it can read already.
    pub ready: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

/// Why something is not made.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// What the administrator can mend, in one sentence.
    #[error("{0}")]
    Refused(String),
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Mailboxes {
    /// Makes a mailbox with its folders, a device and a spare; with a slot for the recovery certificate when there is one.
    ///
    /// # Errors
    /// [`ProvisionError::Refused`] for an address that is taken, reserved, or of nobody's domain.
    pub async fn add(&self, new: NewMailbox, recovery: Option<&PublicKey>) -> Result<Born, ProvisionError> {
        let now = self.clock.now();
        let random = self.random.as_ref();
        if crate::domain::RESERVED_LOCAL_PARTS.contains(&new.address.reveal_local().to_lowercase().as_str()) {
            return refused("this address is reserved for Pli itself");
        }
        if new.name.trim().is_empty() || new.name.chars().any(char::is_control) {
            return refused("a mailbox needs a name of one line");
        }
        let Some(domain) = self.store.domain(new.address.domain()).await? else {
            return refused("no practice has this domain: add it first (pli domain add)");
        };
        self.check_send_as((domain.practice, &new.address), &new.send_as).await?;
        let id = MailboxId::random(random);
        let keys = self.vault.new_mailbox(id, random)?;
        let mut row = MailboxRow {
            id,
            practice: domain.practice,
            address: new.address.folded(),
            name: new.name.clone(),
            kind: new.kind,
            state: MailboxState::Active,
            // Software seldom reads what it sent.
            sent: if new.kind == MailboxKind::Application { SentCopy::None } else { SentCopy::Client },
            certificate: keys.certificate,
            secret: keys.sealed_secret,
            version: 1,
            renewal_due_at: None,
            mac: Mac::pending(),
            created_at: now,
        };
        row.mac = self.vault.mark(&row);
        let person = if new.person.is_empty() { &new.name } else { &new.person };
        let application = new.kind == MailboxKind::Application;
        let kind = if application { DeviceKind::SendOnly } else { DeviceKind::Full };
        let mut made = vec![self.device(id, kind, &new.label, person, Some(&keys.secret), now)?];
        // A mailbox that can be read is never born with one key.
        made.push(self.device(id, DeviceKind::Spare, "spare", person, Some(&keys.secret), now)?);
        let mut slots: Vec<SlotRow> = made.iter().filter_map(|made| made.slot.clone()).collect();
        if let Some(certificate) = recovery {
            slots.push(self.recovery_slot(id, certificate, &keys.secret, now)?);
        }
        // Of the devices that a mailbox is born with nobody is told: who has one reads the letter.
        let devices: Vec<DeviceRow> =
            made.iter().map(|made| DeviceRow { told_at: Some(now), ..made.row.clone() }).collect();
        let folders: Vec<FolderRow> = FolderRole::ALL
            .iter()
            .filter(|role| **role != FolderRole::Plain)
            .map(|role| self.folder(id, *role, now))
            .collect();
        let mut tx = self.store.write("add mailbox").await?;
        if !tx.insert_mailbox(&row, &devices, &slots, &folders).await? {
            return refused("this mailbox exists already");
        }
        self.allow_in(&mut tx, id, None, &new.send_as, now).await?;
        let event =
            AuditEvent::new(now, Actor::Operator, Verb::MailboxAdded).about_practice(domain.practice).about_mailbox(id);
        tx.commit(event).await?;
        let mut shown = made.into_iter().map(|made| made.shown);
        let device = shown.next().ok_or(Fault::new("a mailbox was made without a device"))?;
        Ok(Born { id, device, spare: shown.next(), recovery: recovery.is_some() })
    }

    /// All mailboxes, without devices and counts.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn list(&self) -> Result<Vec<MailboxInfo>, Fault> {
        Ok(self.store.mailboxes().await?.into_iter().map(info).collect())
    }

    /// One mailbox, whole.
    ///
    /// # Errors
    /// [`ProvisionError::Refused`] when there is none.
    pub async fn show(&self, address: &Address) -> Result<MailboxInfo, ProvisionError> {
        let row = self.found(address).await?;
        let id = row.id;
        let slots = self.store.slots(id).await?;
        let mut shown = info(row);
        let usage = self.store.usage(id).await?;
        shown.receipts = Some(self.store.receipts(id).await?);
        shown.usage = Some((usage.used, usage.quota));
        shown.send_as = self.send_as_of(id).await?;
        shown.recovery = slots.iter().any(|slot| slot.device.is_none());
        shown.folders = self.store.folder_counts(id).await?.into_iter().map(|c| (c.role, c.messages)).collect();
        for device in self.store.devices(id).await? {
            let label = self.vault.open_label(device.id, &device.label)?;
            let filled = slots.iter().any(|slot| slot.device == Some(device.id) && slot.esk.is_some());
            shown.devices.push(DeviceInfo {
                id: device.id,
                tag: device.tag,
                kind: device.kind,
                label: label.label,
                person: label.person,
                ready: filled,
                created_at: device.created_at,
                last_used_at: device.last_used_at,
            });
        }
        Ok(shown)
    }

    /// The sender that a mailbox would be, for explaining routes: which of its devices would send changes nothing.
    ///
    /// # Errors
    /// [`ProvisionError::Refused`] when there is no such mailbox.
    pub async fn as_sender(&self, address: &Address) -> Result<Sender, ProvisionError> {
        let row = self.found(address).await?;
        let device = DeviceId::random(self.random.as_ref());
        Ok(Sender { mailbox: row.id, practice: row.practice, device, address: address.clone(), kind: row.kind })
    }

    /// Makes a device. `unlock` (another device password of the mailbox) fills its slot at once; without it a full device is pending.
    ///
    /// # Errors
    /// [`ProvisionError::Refused`] for a password that opens nothing.
    pub async fn add_device(
        &self,
        address: &Address,
        kind: DeviceKind,
        label: &str,
        person: &str,
        unlock: Option<&str>,
    ) -> Result<NewDevice, ProvisionError> {
        let new = DeviceToAdd { kind: Some(kind), label, person, unlock, send_as: &[] };
        self.add_device_as(address, new).await
    }

    /// The same, with all that can be said of a new device.
    ///
    /// # Errors
    /// As [`Mailboxes::add_device`]; and for an address that it cannot write as.
    pub async fn add_device_as(&self, address: &Address, new: DeviceToAdd<'_>) -> Result<NewDevice, ProvisionError> {
        let DeviceToAdd { kind, label, person, unlock, send_as } = new;
        let now = self.clock.now();
        let row = self.found(address).await?;
        // Software and scanners send: a password in somebody's settings opens nothing unless that is asked for.
        let kind = kind.unwrap_or(match (row.kind, unlock) {
            (MailboxKind::Application, None) => DeviceKind::SendOnly,
            _ => DeviceKind::Full,
        });
        self.check_send_as((row.practice, address), send_as).await?;
        let secret = match unlock {
            Some(typed) => Some(self.secret_of(&row, typed).await?),
            None => None,
        };
        let person = if person.is_empty() { &row.name } else { person };
        let made = self.device(row.id, kind, label, person, secret.as_ref(), now)?;
        let mut tx = self.store.write("add device").await?;
        // A slot filled with keys that were renewed meanwhile would open nothing.
        if !tx.hold_mailbox(row.id, row.version).await? {
            return refused("the keys of this mailbox were renewed at this moment: try again");
        }
        if !tx.insert_device(&made.row, made.slot.as_ref()).await? {
            return refused("by a rare chance this device's first characters are taken: try again");
        }
        self.allow_in(&mut tx, row.id, Some(made.row.id), send_as, now).await?;
        let event =
            AuditEvent::new(now, Actor::Operator, Verb::DeviceAdded).about_mailbox(row.id).about_device(made.row.id);
        tx.commit(event).await?;
        Ok(made.shown)
    }

    /// Takes a device away: by id, or by the first characters of its password.
    ///
    /// # Errors
    /// [`ProvisionError::Refused`] when there is none, or it is the last that reads.
    pub async fn revoke_device(&self, address: &Address, device: &str) -> Result<DeviceId, ProvisionError> {
        let row = self.found(address).await?;
        let devices = self.store.devices(row.id).await?;
        let Some(found) = devices.iter().find(|d| d.id.to_string() == device || d.tag == device) else {
            return refused("this mailbox has no such device");
        };
        let id = found.id;
        let mut tx = self.store.write("revoke device").await?;
        let now = self.clock.now();
        // Held: of two that are taken away at once, one is the last.
        if !tx.hold_mailbox(row.id, row.version).await? {
            return refused("the keys of this mailbox were renewed at this moment: try again");
        }
        let slots = tx.slots(row.id).await?;
        let left = slots.iter().filter(|slot| slot.esk.is_some() && slot.device != Some(id)).count();
        let reads = slots.iter().any(|slot| slot.esk.is_some() && slot.device == Some(id));
        if reads && left == 0 {
            return refused(
                "this is the last key of the mailbox: its mail would be lost. Add a device with this one's password first",
            );
        }
        if !tx.delete_device(id, now).await? {
            return refused("this mailbox has no such device");
        }
        let event = AuditEvent::new(now, Actor::Operator, Verb::DeviceRevoked).about_mailbox(row.id).about_device(id);
        tx.commit(event).await?;
        self.store.shred_soon().await;
        Ok(id)
    }

    pub(super) async fn found(&self, address: &Address) -> Result<MailboxRow, ProvisionError> {
        let row = self.store.mailbox_at(&address.folded()).await?;
        row.ok_or_else(|| ProvisionError::Refused("there is no such mailbox".to_owned()))
    }

    /// The mailbox secret, opened with a device password.
    async fn secret_of(&self, row: &MailboxRow, typed: &str) -> Result<MailboxSecret, ProvisionError> {
        let wrong = || ProvisionError::Refused("this password opens nothing in this mailbox".to_owned());
        let password = DevicePassword::parse(typed.trim()).ok_or_else(wrong)?;
        let device = self.store.device_tagged(row.id, password.tag()).await?.ok_or_else(wrong)?;
        if !self.vault.is_verifier(device.id, &password, Some(&device.verifier))
            || !self.vault.holds(&device, &device.mac)
        {
            return Err(wrong());
        }
        let slots = self.store.slots(row.id).await?;
        let slot = slots.into_iter().find(|slot| slot.device == Some(device.id)).ok_or_else(wrong)?;
        if !self.vault.holds(&slot, &slot.mac) {
            tracing::error!(mailbox = %row.id, "a slot without authority was not used: the database was changed by somebody else");
            return Err(wrong());
        }
        let (Some(secret), Some(esk)) = (&slot.secret, &slot.esk) else {
            return Err(ProvisionError::Refused("that device is itself still pending".to_owned()));
        };
        Ok(self.vault.open_slot(row.id, slot.id, device.id, &password, secret, esk)?)
    }

    pub(super) fn device(
        &self,
        mailbox: MailboxId,
        kind: DeviceKind,
        label: &str,
        person: &str,
        secret: Option<&MailboxSecret>,
        now: Timestamp,
    ) -> Result<Made, Fault> {
        let random = self.random.as_ref();
        let id = DeviceId::random(random);
        let password = DevicePassword::random(random);
        let names = DeviceLabel { label: label.to_owned(), person: person.to_owned() };
        let mut row = DeviceRow {
            id,
            mailbox,
            tag: password.tag().to_owned(),
            kind,
            label: self.vault.seal_label(id, &names, random)?,
            verifier: self.vault.verifier(id, &password),
            mac: Mac::pending(),
            created_at: now,
            last_used_at: None,
            told_at: None,
        };
        row.mac = self.vault.mark(&row);
        let slot = match kind {
            DeviceKind::SendOnly => None,
            DeviceKind::Full | DeviceKind::Spare => {
                let slot = SlotId::random(random);
                let new = self.vault.new_slot(mailbox, slot, id, &password, secret, random)?;
                Some(self.slot(slot, mailbox, Some(id), new, now))
            }
        };
        let ready = slot.as_ref().is_some_and(|slot| slot.esk.is_some());
        Ok(Made { row, slot, shown: NewDevice { id, label: label.to_owned(), password, ready, kind } })
    }

    fn recovery_slot(
        &self,
        mailbox: MailboxId,
        certificate: &PublicKey,
        secret: &MailboxSecret,
        now: Timestamp,
    ) -> Result<SlotRow, Fault> {
        let new = self.vault.recovery_slot(certificate, secret)?;
        Ok(self.slot(SlotId::random(self.random.as_ref()), mailbox, None, new, now))
    }

    fn slot(&self, id: SlotId, mailbox: MailboxId, device: Option<DeviceId>, new: NewSlot, now: Timestamp) -> SlotRow {
        let mut row = SlotRow {
            id,
            mailbox,
            device,
            public_key: new.public_key,
            secret: new.sealed_secret,
            esk: new.esk,
            quick: None,
            version: 1,
            mac: Mac::pending(),
            created_at: now,
        };
        row.mac = self.vault.mark(&row);
        row
    }

    fn folder(&self, mailbox: MailboxId, role: FolderRole, now: Timestamp) -> FolderRow {
        FolderRow {
            id: FolderId::random(self.random.as_ref()),
            mailbox,
            role,
            name: None,
            uid_validity: now.0 / 1000,
            uid_next: 1,
            created_at: now,
        }
    }
}

/// A device made: its rows, and what is shown once.
pub(super) struct Made {
    pub row: DeviceRow,
    pub slot: Option<SlotRow>,
    pub shown: NewDevice,
}

fn info(row: MailboxRow) -> MailboxInfo {
    MailboxInfo {
        id: row.id,
        practice: row.practice,
        address: row.address,
        name: row.name,
        kind: row.kind,
        state: row.state,
        sent: row.sent,
        receipts: None,
        usage: None,
        recovery: false,
        renewal_due_at: row.renewal_due_at,
        folders: Vec::new(),
        devices: Vec::new(),
        send_as: Vec::new(),
        created_at: row.created_at,
    }
}

pub(super) fn refused<T>(sentence: &str) -> Result<T, ProvisionError> {
    Err(ProvisionError::Refused(sentence.to_owned()))
}
