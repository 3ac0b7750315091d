//! The letter to who wrote to somebody that refuses our short messages (STOP): whom, and what can be done.

use crate::domain::{Actor, Address, AuditEvent, Fault, MessageId, Timestamp, Verb};
use crate::store::deliveries::DeliveryRow;
use crate::store::deposit::Deposit;
use crate::store::spending::StopRow;
use crate::texts::Said;

use super::Deliveries;
use super::notice::Letter;
use super::receipt::Place;

impl Deliveries {
    /// Tells senders of numbers that refused our short messages, each once. Run every few seconds.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn tell_stops(&self) -> Result<(), Fault> {
        for stop in self.store.untold_stops().await? {
            if let Err(fault) = self.tell_stop(&stop).await {
                tracing::error!(delivery = %stop.delivery, %fault, "a sender could not be told of a refused number");
            }
        }
        Ok(())
    }

    async fn tell_stop(&self, stop: &StopRow) -> Result<(), Fault> {
        let now = self.clock.now();
        let row = self.store.delivery(stop.delivery).await?.ok_or(Fault::new("a delivery is gone"))?;
        let letter = match row.coordinates.is_some() && self.vault.holds(&row, &row.mac) {
            true => Some(self.stop_letter(&row, now).await?),
            // Erased meanwhile: there is nobody left to write about.
            false => None,
        };
        let mut tx = self.store.write("tell stop").await?;
        if !tx.stop_told(stop.practice, &stop.number, now).await? {
            return Ok(());
        }
        let verb = if letter.is_some() { Verb::ReceiptDeposited } else { Verb::CodeReported };
        if let Some(letter) = letter {
            tx.insert_deposit(letter).await?;
        }
        let event = AuditEvent::new(now, Actor::Server, verb).about_mailbox(row.mailbox).about_delivery(row.id);
        tx.commit(event).await
    }

    async fn stop_letter(&self, delivery: &DeliveryRow, now: Timestamp) -> Result<Deposit, Fault> {
        let mailbox = self.store.mailbox(delivery.mailbox).await?.ok_or(Fault::new("a mailbox is gone"))?;
        let certificate = self.authentic_certificate(&mailbox)?;
        let sealed = delivery.coordinates.as_ref().ok_or(Fault::new("a delivery has no coordinates any more"))?;
        let who = self.vault.open_coordinates(delivery.id, sealed)?;
        let language = self.profile(mailbox.practice).await?.language;
        let say = |key: &str, args: &[(&str, Said<'_>)]| self.texts.say(language, key, args);
        let to: Address = mailbox.address.parse().map_err(|_| Fault::new("a mailbox row holds no address"))?;
        let id = MessageId::random(self.random.as_ref());
        let (address, number) = (who.address.reveal(), who.number.masked());
        let first = say("stop-refused", &[("address", Said::Text(&address)), ("number", Said::Text(&number))]);
        let (still, again, footer) = (say("stop-still", &[]), say("stop-again", &[]), say("stop-footer", &[]));
        let octets = Letter {
            from_name: &say("receipt-from", &[]),
            from: &self.service_address(&to)?,
            to: &to,
            subject: &say("stop-subject", &[]),
            text: format!("{first}\r\n\r\n{still}\r\n\r\n{again}\r\n\r\n{footer}\r\n"),
            thread: None,
            message_id: format!("<stop.{id}@{}>", self.settings.hostname),
            at: now,
        }
        .octets()?;
        let place = Place { mailbox: mailbox.id, practice: mailbox.practice, certificate: &certificate };
        self.sealed_letter(id, &place, octets, now)
    }
}
