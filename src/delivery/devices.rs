//! The letter about a device that was added to a mailbox: whose it is said to be, when, and what it can do (R-S1, R-S14).

use crate::domain::{Actor, Address, AuditEvent, DeviceKind, Fault, MessageId, Timestamp, Verb};
use crate::store::deposit::Deposit;
use crate::store::devices::Untold;
use crate::texts::Said;

use super::Deliveries;
use super::notice::{Letter, instant};
use super::receipt::Place;

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
        let (unknown, footer) = (say("device-unknown", &[]), say("device-footer", &[]));
        let octets = Letter {
            from_name: &say("receipt-from", &[]),
            from: &self.service_address(&to)?,
            to: &to,
            subject: &say("device-subject", &[]),
            text: format!("{first}\r\n{can}\r\n\r\n{unknown}\r\n\r\n{footer}\r\n"),
            thread: None,
            message_id: format!("<device.{id}@{}>", self.settings.hostname),
            at: now,
        }
        .octets()?;
        let place = Place { mailbox: row.id, practice: row.practice, certificate: &certificate };
        self.sealed_letter(id, &place, octets, now)
    }
}
