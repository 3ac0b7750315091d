//! The letter to who connects with a client that fetches through somebody's cloud: why not, and with what instead.

use std::time::Duration;

use crate::domain::{Actor, Address, AuditEvent, Fault, MailboxId, MessageId, Sealed, Timestamp, Verb};
use crate::store::deposit::Deposit;
use crate::texts::Said;

use super::Deliveries;
use super::notice::Letter;
use super::receipt::Place;

impl Deliveries {
    /// Tells owners whose client was refused, each once a day at most. Run every few seconds.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn tell_cloud_refusals(&self) -> Result<(), Fault> {
        for (mailbox, client) in self.store.cloud_refusals(self.clock.now().minus(A_DAY)).await? {
            if let Err(fault) = self.tell_cloud_refusal(mailbox, &client).await {
                tracing::error!(%mailbox, %fault, "a mailbox's owner could not be told of a refused client");
            }
        }
        Ok(())
    }

    async fn tell_cloud_refusal(&self, mailbox: MailboxId, client: &Sealed) -> Result<(), Fault> {
        let now = self.clock.now();
        let client = self.vault.open_cloud_client(mailbox, client)?;
        let letter = self.cloud_letter(mailbox, &client, now).await?;
        let mut tx = self.store.write("tell cloud refusal").await?;
        if !tx.tell_cloud_refusal(mailbox, now, now.minus(A_DAY)).await? {
            return Ok(());
        }
        tx.insert_deposit(letter).await?;
        tx.commit(AuditEvent::new(now, Actor::Server, Verb::ReceiptDeposited).about_mailbox(mailbox)).await
    }

    async fn cloud_letter(&self, mailbox: MailboxId, client: &str, now: Timestamp) -> Result<Deposit, Fault> {
        let row = self.store.mailbox(mailbox).await?.ok_or(Fault::new("a mailbox is gone"))?;
        let certificate = self.authentic_certificate(&row)?;
        let language = self.profile(row.practice).await?.language;
        let say = |key: &str, args: &[(&str, Said<'_>)]| self.texts.say(language, key, args);
        let to: Address = row.address.parse().map_err(|_| Fault::new("a mailbox row holds no address"))?;
        let id = MessageId::random(self.random.as_ref());
        let named = [("client", Said::Text(client)), ("address", Said::Text(&row.address))];
        let (first, why, instead) = (say("cloud-refused", &named), say("cloud-why", &[]), say("cloud-instead", &[]));
        let (password, footer) = (say("cloud-password", &[]), say("cloud-footer", &[]));
        let octets = Letter {
            from_name: &say("receipt-from", &[]),
            from: &self.service_address(&to)?,
            to: &to,
            subject: &say("cloud-subject", &[]),
            text: format!("{first}\r\n{why}\r\n\r\n{instead}\r\n\r\n{password}\r\n\r\n{footer}\r\n"),
            thread: None,
            message_id: format!("<cloud.{id}@{}>", self.settings.hostname),
            at: now,
        }
        .octets()?;
        let place = Place { mailbox: row.id, practice: row.practice, certificate: &certificate };
        self.sealed_letter(id, &place, octets, now)
    }
}

const A_DAY: Duration = Duration::from_secs(86_400);
