//! The letter about a device that was added to a mailbox: whose it is said to be, when, and what it can do (R-S1, R-S14).

use crate::domain::{Actor, Address, AuditEvent, DeviceId, DeviceKind, Fault, MessageId, Sender, Timestamp, Verb};
use crate::mime::Answer;
use crate::mime::answer::Word;
use crate::store::deposit::Deposit;
use crate::store::devices::Untold;
use crate::texts::Said;

use super::notice::{Letter, instant};
use super::receipt::{Place, answer_to};
use super::route::SERVICE;
use super::{Deliveries, Submission};

impl Deliveries {
    /// Tells owners of mailboxes which devices were added, each once. Run every few seconds.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn tell_devices(&self) -> Result<(), Fault> {
        for device in self.store.untold_devices().await? {
            if let Err(fault) = self.tell_device(&device).await {
                tracing::error!(device = %device.device, %fault, "a mailbox's owner could not be told of a device");
            }
        }
        Ok(())
    }

    async fn tell_device(&self, device: &Untold) -> Result<(), Fault> {
        let now = self.clock.now();
        let letter = self.device_letter(device, now).await?;
        let mut tx = self.store.write("tell device").await?;
        if !tx.device_told(device.device, device.reads, now).await? {
            return Ok(());
        }
        tx.insert_deposit(letter).await?;
        let event = AuditEvent::new(now, Actor::Server, Verb::ReceiptDeposited);
        tx.commit(event.about_mailbox(device.mailbox).about_device(device.device)).await
    }

    /// The device that an answer lets read: *oui* to the letter about it. Whose it is, and whether it waits, is asked
    /// where it is let in.
    pub fn approved_device(&self, submission: &Submission) -> Option<DeviceId> {
        let to_us = |to: &Address| to.reveal_local().eq_ignore_ascii_case(SERVICE);
        if !submission.recipients.iter().any(to_us) {
            return None;
        }
        let answer = Answer::read(submission.message.reveal());
        let device = answer.about.iter().find_map(|id| self.device_named(id));
        device.filter(|_| answer.word == Some(Word::Yes))
    }

    /// The device that a letter of ours is about, by its Message-ID.
    pub(super) fn device_named(&self, message_id: &str) -> Option<DeviceId> {
        let (local, host) = message_id.rsplit_once('@')?;
        let (device, _) = local.strip_prefix(DEVICE)?.split_once('.')?;
        if host.eq_ignore_ascii_case(&self.settings.hostname) { device.parse().ok() } else { None }
    }

    /// What became of an answer to the letter about a device; `false` where it is none of this mailbox.
    pub(super) async fn tell_approved(
        &self,
        sender: &Sender,
        device: DeviceId,
        answer: &Answer,
    ) -> Result<bool, Fault> {
        let Some(row) = self.store.device(device).await?.filter(|row| row.mailbox == sender.mailbox) else {
            return Ok(false);
        };
        let owner = self.owner(sender.mailbox).await?;
        let reads = self.store.slot_of(device).await?.is_some_and(|slot| slot.esk.is_some());
        let named = self.vault.open_label(device, &row.label)?;
        let said = match (reads, answer.word) {
            (true, _) => "device-reads-now",
            (false, Some(Word::Yes)) => "device-not-let-in",
            (false, _) => "device-still-waits",
        };
        let say = |key: &str| self.texts.say(owner.profile.language, key, &[("label", Said::Text(&named.label))]);
        let subject = answer_to(&say("device-subject"));
        let text = format!("{}\r\n\r\n{}\r\n", say(said), say("device-unknown"));
        let letter = self.plain_letter(&owner, &format!("{DEVICE}{device}"), &subject, text, self.clock.now())?;
        self.store.deposit(letter).await?;
        Ok(true)
    }

    async fn device_letter(&self, device: &Untold, now: Timestamp) -> Result<Deposit, Fault> {
        let row = self.store.mailbox(device.mailbox).await?.ok_or(Fault::new("a mailbox is gone"))?;
        let certificate = self.authentic_certificate(&row)?;
        let profile = self.profile(row.practice).await?;
        let named = self.vault.open_label(device.device, &device.label)?;
        let say = |key: &str, args: &[(&str, Said<'_>)]| self.texts.say(profile.language, key, args);
        let to: Address = row.address.parse().map_err(|_| Fault::new("a mailbox row holds no address"))?;
        let id = MessageId::random(self.random.as_ref());
        let at = instant(&self.texts, device.created_at, &profile.timezone, profile.language);
        let first = say(
            "device-added",
            &[
                ("label", Said::Text(&named.label)),
                ("person", Said::Text(&named.person)),
                ("address", Said::Text(&row.address)),
                ("at", Said::Text(&at)),
            ],
        );
        let can = match (device.kind, device.reads, self.settings.announce_devices) {
            (DeviceKind::SendOnly, _, _) => say("device-sends", &[]),
            (_, true, _) => say("device-reads", &[]),
            (_, false, true) => say("device-will-read", &[]),
            (_, false, false) => say("device-waits", &[]),
        };
        let waits = device.kind != DeviceKind::SendOnly && !device.reads && !self.settings.announce_devices;
        let footer = match waits {
            true => say("hold-footer", &[("address", Said::Text(&row.address))]),
            false => say("device-footer", &[]),
        };
        let unknown = say("device-unknown", &[]);
        let octets = Letter {
            from_name: &say("receipt-from", &[]),
            from: &self.service_address(&to)?,
            to: &to,
            subject: &say("device-subject", &[]),
            text: format!("{first}\r\n{can}\r\n\r\n{unknown}\r\n\r\n{footer}\r\n"),
            thread: None,
            message_id: format!("<{DEVICE}{}.{id}@{}>", device.device, self.settings.hostname),
            at: now,
        }
        .octets()?;
        let place = Place { mailbox: row.id, practice: row.practice, certificate: &certificate };
        self.sealed_letter(id, &place, octets, now)
    }
}

/// How the Message-ID of a letter about a device begins.
const DEVICE: &str = "device.";
