//! Recall from the mail client: closed at once, and ten minutes later the keys are gone (DESIGN §7, R-C2, R-S35).
//!
//! It begins with *annuler* to a letter of Pli, for that one recipient, or with a sent message that is copied or moved
//! into *Recalled* ([`crate::mailbox`]), for all of them. *Non*, or moving it back, undoes it until the keys are gone.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::{
    Actor, AuditEvent, DeliveryId, DeliveryState, Fault, MailboxId, MessageId, Sender, Timestamp, Verb,
};
use crate::mime::answer::Word;
use crate::store::deliveries::DeliveryRow;
use crate::store::deposit::Deposit;
use crate::store::recalls::{RecallRow, Recalls};
use crate::texts::Said;

use super::Deliveries;
use super::hold::{Owner, event};
use super::notice::{Letter, day, instant};
use super::receipt::{Place, answer_to};

impl Deliveries {
    /// Tells senders of recalls that began, and destroys the keys of those whose time has come. Run every few seconds;
    /// tests call it after moving the clock.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn run_recalls(&self) -> Result<(), Fault> {
        let now = self.clock.now();
        let due = self.store.due_recalls(now, BATCH).await?;
        for delivery in &due {
            if let Err(fault) = self.finish_recall(*delivery, now).await {
                tracing::error!(%delivery, %fault, "a recalled delivery could not be ended");
            }
        }
        if !due.is_empty() {
            self.store.shred_soon().await;
        }
        // One letter for each message; one for all that are asked about.
        let mut letters: BTreeMap<(MailboxId, Option<MessageId>), Vec<RecallRow>> = BTreeMap::new();
        for row in self.store.untold_recalls(BATCH).await? {
            letters.entry((row.mailbox, (!row.asks).then_some(row.message))).or_default().push(row);
        }
        for ((mailbox, message), rows) in letters {
            if let Err(fault) = self.tell_recall(mailbox, message, &rows, now).await {
                tracing::error!(%mailbox, %fault, "a sender could not be told of a recall");
            }
        }
        Ok(())
    }

    async fn finish_recall(&self, id: DeliveryId, now: Timestamp) -> Result<(), Fault> {
        let row = self.store.delivery(id).await?.ok_or(Fault::new("a recalled delivery is gone"))?;
        let mut tx = self.store.write("finish recall").await?;
        let modseq = tx.touch_mailbox(row.mailbox, now).await?;
        if !tx.end_delivery(id, DeliveryState::Recalled, None, now).await? {
            return Ok(());
        }
        tx.mark_sent(row.mailbox, row.message, modseq).await?;
        tx.commit(event(&row, Actor::Server, Verb::Recalled, now)).await
    }

    async fn tell_recall(
        &self,
        mailbox: MailboxId,
        message: Option<MessageId>,
        rows: &[RecallRow],
        now: Timestamp,
    ) -> Result<(), Fault> {
        let owner = self.owner(mailbox).await?;
        let letter = match message {
            Some(message) => {
                let mut deliveries = Vec::with_capacity(rows.len());
                for row in rows {
                    deliveries.push(self.store.delivery(row.delivery).await?.ok_or(Fault::new("a delivery is gone"))?);
                }
                self.recall_letter(&owner, &format!("{RECALL}{message}"), &deliveries, now).await?
            }
            None => self.many_letter(&owner, rows, now)?,
        };
        let mut tx = self.store.write("tell recall").await?;
        tx.touch_mailbox(mailbox, now).await?;
        let mut told = false;
        for row in rows {
            told |= tx.recall_told(row.delivery, now).await?;
        }
        if !told {
            return Ok(());
        }
        tx.insert_deposit(letter).await?;
        tx.commit(AuditEvent::new(now, Actor::Server, Verb::ReceiptDeposited).about_mailbox(mailbox)).await
    }

    /// The sender of one recipient's letter takes it back: told at once.
    pub(super) async fn begin_recall(&self, row: &DeliveryRow, sender: &Sender) -> Result<(), Fault> {
        let (now, owner) = (self.clock.now(), self.owner(row.mailbox).await?);
        let letter =
            self.recall_letter(&owner, &format!("{RECALLED}{}", row.id), std::slice::from_ref(row), now).await?;
        let mut tx = self.store.write("recall").await?;
        let modseq = tx.touch_mailbox(row.mailbox, now).await?;
        if tx.recall(row.mailbox, Recalls::Of(row.id), now, now.plus(GRACE)).await? == 0 {
            return Ok(());
        }
        tx.mark_sent(row.mailbox, row.message, modseq).await?;
        tx.recall_told(row.id, now).await?;
        tx.insert_deposit(letter).await?;
        tx.commit(event(row, Actor::Device(sender.device), Verb::RecallBegun, now)).await
    }

    /// What a sender answers to a letter about a recall; `false` where there is none of that kind any more.
    pub(super) async fn answer_recall(
        &self,
        sender: &Sender,
        mailbox: MailboxId,
        which: Recalls,
        word: Word,
    ) -> Result<bool, Fault> {
        let (now, owner) = (self.clock.now(), self.owner(mailbox).await?);
        let mut tx = self.store.write("answer recall").await?;
        let modseq = tx.touch_mailbox(mailbox, now).await?;
        let (many, verb, said) = match (word, which) {
            (Word::No, _) => {
                (tx.undo_recall(mailbox, which, (now, modseq)).await?, Verb::RecallUndone, "recall-undone")
            }
            (Word::Yes, Recalls::Asked) => {
                (tx.confirm_recalls(mailbox, now).await?, Verb::RecallBegun, "recall-confirmed")
            }
            _ => (0, Verb::RecallBegun, "recall-confirmed"),
        };
        if many == 0 {
            return Ok(false);
        }
        let count = i64::try_from(many).unwrap_or(i64::MAX);
        let text = self.texts.say(owner.profile.language, said, &[("count", Said::Number(count))]);
        let subject = self.texts.say(owner.profile.language, "recall-subject", &[]);
        tx.insert_deposit(self.plain_letter(&owner, "told", &subject, text + "\r\n", now)?).await?;
        let event = AuditEvent::new(now, Actor::Device(sender.device), verb);
        tx.commit(event.about_practice(owner.practice).about_mailbox(mailbox).counting(count)).await?;
        self.wake.notify_one();
        Ok(true)
    }

    /// The letter about a message that is being recalled, for these recipients.
    async fn recall_letter(
        &self,
        owner: &Owner,
        reference: &str,
        rows: &[DeliveryRow],
        now: Timestamp,
    ) -> Result<Deposit, Fault> {
        let language = owner.profile.language;
        let say = |key: &str, args: &[(&str, Said<'_>)]| self.texts.say(language, key, args);
        let first = rows.first().ok_or(Fault::new("a recall has a recipient"))?;
        let mut lines = Vec::new();
        for row in rows {
            let address = match &row.coordinates {
                Some(sealed) => Some(self.vault.open_coordinates(row.id, sealed)?.address),
                None => self.waiting(row.id).await?,
            };
            let address = address.map(|address| address.reveal()).unwrap_or_default();
            lines.push(match row.opened_at {
                None => say("recall-closed", &[("address", Said::Text(&address))]),
                Some(at) => {
                    let when = instant(&self.texts, at, &owner.profile.timezone, language);
                    say("recall-closed-opened", &[("address", Said::Text(&address)), ("when", Said::Text(&when))])
                }
            });
        }
        lines.extend([String::new(), say("recall-until", &[]), say("recall-copies", &[])]);
        let (thread, subject) = (self.vault.open_thread(first.id, &first.thread)?, self.kept_subject(first)?);
        let when = day(&self.texts, first.created_at, &owner.profile.timezone, language);
        let unknown = say("receipt-about", &[("date", Said::Text(&when))]);
        let id = MessageId::random(self.random.as_ref());
        let octets = Letter {
            from_name: &say("receipt-from", &[]),
            from: &self.service_address(&owner.address)?,
            to: &owner.address,
            subject: &answer_to(if subject.is_empty() { &unknown } else { &subject }),
            text: lines.join("\r\n") + "\r\n",
            thread: Some(&thread),
            message_id: format!("<{reference}.{id}@{}>", self.settings.hostname),
            at: now,
        }
        .octets()?;
        let place = Place { mailbox: owner.mailbox, practice: owner.practice, certificate: &owner.certificate };
        self.sealed_letter(id, &place, octets, now)
    }

    /// The letter that asks before the keys of many are destroyed.
    fn many_letter(&self, owner: &Owner, rows: &[RecallRow], now: Timestamp) -> Result<Deposit, Fault> {
        let messages: std::collections::BTreeSet<MessageId> = rows.iter().map(|row| row.message).collect();
        let count = i64::try_from(messages.len()).unwrap_or(i64::MAX);
        let say = |key: &str| self.texts.say(owner.profile.language, key, &[("count", Said::Number(count))]);
        let text = format!("{}\r\n\r\n{}\r\n", say("recall-many"), say("recall-many-what"));
        self.plain_letter(owner, &format!("{RECALLS}{}", owner.mailbox), &say("recall-subject"), text, now)
    }

    /// A letter that is under no message.
    pub(super) fn plain_letter(
        &self,
        owner: &Owner,
        reference: &str,
        subject: &str,
        text: String,
        now: Timestamp,
    ) -> Result<Deposit, Fault> {
        let id = MessageId::random(self.random.as_ref());
        let octets = Letter {
            from_name: &self.texts.say(owner.profile.language, "receipt-from", &[]),
            from: &self.service_address(&owner.address)?,
            to: &owner.address,
            subject,
            text,
            thread: None,
            message_id: format!("<{reference}.{id}@{}>", self.settings.hostname),
            at: now,
        }
        .octets()?;
        let place = Place { mailbox: owner.mailbox, practice: owner.practice, certificate: &owner.certificate };
        self.sealed_letter(id, &place, octets, now)
    }
}

/// How Message-IDs of letters about recalls begin: of a message, of one recipient's, of all that are asked about.
pub(super) const RECALL: &str = "recall.";
pub(super) const RECALLED: &str = "recalled.";
pub(super) const RECALLS: &str = "recalls.";
/// How long a recall can be undone.
const GRACE: Duration = Duration::from_secs(600);
/// How many are looked at at once.
const BATCH: i64 = 500;
