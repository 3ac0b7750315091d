//! What an administrator sees and does about deliveries and the queue, and what time does to them.

use std::time::Duration;

use crate::domain::{
    Actor, Address, AuditEvent, Coordinates, DeliveryId, DeliveryState, FailureClass, Fault, MailboxId, MessageId,
    QueueId, Timestamp, Verb,
};
use crate::store::deliveries::DeliveryRow;
use crate::store::outbox::WorkRow;

use super::Deliveries;
use super::directory::DirectoryError;
use super::hold::HoldNews;
use super::receipt::News;

/// A delivery as administrators see it.
#[derive(Debug, Clone)]
pub struct DeliveryInfo {
    /// Its id.
    pub id: DeliveryId,
    /// Its message.
    pub message: MessageId,
    /// The sender's address (a mailbox of this server).
    pub sender: String,
    /// Where it goes; shown masked unless asked. `None` once erased.
    pub coordinates: Option<Coordinates>,
    /// Who waits for a number, while it is held.
    pub waiting: Option<Address>,
    /// Its state.
    pub state: DeliveryState,
    /// Why it failed.
    pub failure: Option<FailureClass>,
    /// Wrong codes so far.
    pub tries: i64,
    /// Files given out whole.
    pub downloads: i64,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When the relay took the notice.
    pub notified_at: Option<Timestamp>,
    /// When it was first opened.
    pub opened_at: Option<Timestamp>,
    /// When the last file was downloaded.
    pub downloaded_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When it closes by itself.
    pub expires_at: Timestamp,
    /// Since when it is kept closed for now.
    pub suspended_at: Option<Timestamp>,
    /// The Message-ID of its message, as its sender wrote it.
    pub message_id: String,
    /// ENVID, where the sender gave one (RFC 3461).
    pub envelope_id: Option<String>,
}

impl DeliveryInfo {
    /// When the newest of this became known.
    pub fn changed_at(&self) -> Timestamp {
        let later = [self.notified_at, self.opened_at, self.downloaded_at, self.ended_at, self.suspended_at];
        later.into_iter().flatten().fold(self.created_at, Timestamp::max)
    }
}

impl Deliveries {
    /// The newest deliveries, of one mailbox where an address is given.
    ///
    /// # Errors
    /// [`DirectoryError::Refused`] for an address that is no mailbox here.
    pub async fn list(&self, sender: Option<&Address>, limit: i64) -> Result<Vec<DeliveryInfo>, DirectoryError> {
        let mailbox = match sender {
            None => None,
            Some(address) => Some(self.sender(address).await?),
        };
        let mut listed = Vec::new();
        for row in self.store.deliveries(mailbox, limit).await? {
            listed.push(self.info(row).await?);
        }
        Ok(listed)
    }

    /// The deliveries of a mailbox of which something became known at `since` or later, or in the minute before, the
    /// newest first: what software reads instead of letters. What was on its way to the database when it asked last is
    /// in that minute; so some is told twice.
    ///
    /// # Errors
    /// [`DirectoryError::Refused`] for an address that is no mailbox here.
    pub async fn list_since(
        &self,
        sender: &Address,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<DeliveryInfo>, DirectoryError> {
        let mut listed = Vec::new();
        for row in self.store.deliveries_since(self.sender(sender).await?, since.minus(MINUTE), limit).await? {
            listed.push(self.info(row).await?);
        }
        Ok(listed)
    }

    async fn sender(&self, address: &Address) -> Result<MailboxId, DirectoryError> {
        let mailbox = self.store.mailbox_at(&address.folded()).await?;
        mailbox.map(|row| row.id).ok_or_else(|| DirectoryError::Refused("there is no such mailbox".to_owned()))
    }

    /// One delivery.
    ///
    /// # Errors
    /// [`DirectoryError::Refused`] when there is none.
    pub async fn show(&self, id: DeliveryId) -> Result<DeliveryInfo, DirectoryError> {
        let row = self.store.delivery(id).await?.ok_or_else(none)?;
        Ok(self.info(row).await?)
    }

    /// Notes in the journal that a delivery's coordinates were shown unmasked.
    ///
    /// # Errors
    /// A [`Fault`] of the store: nothing may be shown then.
    pub async fn note_delivery_reveal(&self, id: DeliveryId) -> Result<(), Fault> {
        let tx = self.store.write("note reveal").await?;
        tx.commit(AuditEvent::new(self.clock.now(), Actor::Operator, Verb::PatientRevealed).about_delivery(id)).await
    }

    /// Recalls a delivery: its keys are destroyed, its pages closed.
    ///
    /// # Errors
    /// [`DirectoryError::Refused`] when there is none, or it had ended.
    pub async fn recall(&self, id: DeliveryId) -> Result<(), DirectoryError> {
        let now = self.clock.now();
        let row = self.store.delivery(id).await?.ok_or_else(none)?;
        let mut tx = self.store.write("recall").await?;
        let modseq = tx.touch_mailbox(row.mailbox, now).await?;
        if !tx.end_delivery(id, DeliveryState::Recalled, None, now).await? {
            return Err(DirectoryError::Refused(format!("this delivery had ended: {}", row.state.word())));
        }
        tx.mark_sent(row.mailbox, row.message, modseq).await?;
        let event = AuditEvent::new(now, Actor::Operator, Verb::Recalled)
            .about_practice(row.practice)
            .about_mailbox(row.mailbox)
            .about_message(row.message)
            .about_delivery(id);
        tx.commit(event).await?;
        self.store.shred_soon().await;
        Ok(())
    }

    /// What waits in the outbox, soonest first; with what is done when `all`.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn queue(&self, all: bool) -> Result<Vec<WorkRow>, Fault> {
        self.store.outbox(all, 1000).await
    }

    /// Makes waiting work due now; returns how many pieces.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn retry(&self, id: Option<QueueId>) -> Result<i64, Fault> {
        let now = self.clock.now();
        let mut tx = self.store.write("retry").await?;
        let count = tx.retry_work(id, now).await?;
        tx.commit(AuditEvent::new(now, Actor::Operator, Verb::Retried).counting(count)).await?;
        self.wake.notify_one();
        Ok(count)
    }

    /// Ends deliveries whose time is over, prunes sessions and old challenges, sweeps orphaned objects. Run every minute.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn sweep(&self) -> Result<(), Fault> {
        let now = self.clock.now();
        let expired = self.store.expired(now, 500).await?;
        for id in &expired {
            // One bad row never keeps the others open.
            if let Err(fault) = self.expire(*id, now).await {
                tracing::error!(delivery = %id, %fault, "a delivery could not be ended");
            }
        }
        // Before anything that may fail: keys were erased.
        if !expired.is_empty() {
            self.store.shred_soon().await;
        }
        let mut tx = self.store.write("prune sessions").await?;
        let pruned = tx.prune_sessions(now.minus(DAY)).await? + tx.prune_sends(now.minus(KEPT_SENDS)).await?;
        let pruned = pruned + tx.erase_old_digits(now).await? + tx.prune_answers(now.minus(2 * DAY)).await?;
        if pruned > 0 {
            tx.commit(AuditEvent::new(now, Actor::Server, Verb::Swept).counting(pruned)).await?;
        } else {
            drop(tx);
        }
        self.drop_stale_answers(now).await?;
        // Listing every object is not for every minute.
        if now.0 / 60_000 % 60 == 0 {
            let swept = self.store.sweep_objects(now.minus(DAY)).await?;
            tracing::info!(objects = swept, "orphaned objects swept");
            let mut tx = self.store.write("delete unused deposit keys").await?;
            let keys = i64::try_from(tx.delete_unused_keys(now.minus(DAY)).await?).unwrap_or(i64::MAX);
            if keys > 0 {
                tx.commit(AuditEvent::new(now, Actor::Server, Verb::Swept).counting(keys)).await?;
            }
        }
        self.store.shred_due().await
    }

    /// Ends a delivery whose time is over. Never opened, it was not delivered: the sender is told, and why.
    pub(super) async fn expire(&self, id: DeliveryId, now: Timestamp) -> Result<(), Fault> {
        let row = self.store.delivery(id).await?.ok_or(Fault::new("an expired delivery is gone"))?;
        if row.state == DeliveryState::Held {
            return self.give_up_hold(&row, now).await;
        }
        let (state, failure) = match (row.notified_at, row.opened_at) {
            (None, None) => (DeliveryState::Bounced, Some(FailureClass::GaveUp)),
            (Some(_), None) => (DeliveryState::Expired, Some(FailureClass::NotOpened)),
            (_, Some(_)) => (DeliveryState::Expired, None),
        };
        // The keys go whether or not the sender can be told.
        let silenced = self.is_silenced(&row).await.unwrap_or(false);
        let receipt = match failure {
            Some(class) if self.vault.holds(&row, &row.mac) && !silenced => {
                let receipt = self.failure_receipt(&row, &News::Failed { class }, now).await;
                receipt
                    .inspect_err(|fault| tracing::error!(delivery = %id, %fault, "its sender could not be told"))
                    .ok()
            }
            _ => None,
        };
        let mut tx = self.store.write("expire").await?;
        let modseq = tx.touch_mailbox(row.mailbox, now).await?;
        // Opened, or settled, since it was read: it is looked at again.
        if tx.delivery_state(id).await? != Some(row.state) {
            return Ok(());
        }
        if tx.end_delivery(id, state, failure, now).await?
            && let Some(receipt) = receipt
        {
            tx.insert_deposit(receipt).await?;
        }
        tx.mark_sent(row.mailbox, row.message, modseq).await?;
        tx.commit(AuditEvent::new(now, Actor::Server, Verb::Expired).about_delivery(id)).await
    }

    /// Ends a delivery whose sender did not say which number to use.
    async fn give_up_hold(&self, row: &DeliveryRow, now: Timestamp) -> Result<(), Fault> {
        // The keys go whether or not the sender can be told.
        let letter = match self.waiting(row.id).await {
            Ok(Some(to)) if self.vault.holds(row, &row.mac) => self.hold_news(row, &to, &HoldNews::GivenUp, now).await,
            Ok(_) => Err(Fault::new("a held delivery has lost its question")),
            Err(fault) => Err(fault),
        };
        let silenced = self.is_silenced(row).await.unwrap_or(false);
        let letter = letter
            .inspect_err(|fault| tracing::error!(delivery = %row.id, %fault, "its sender could not be told"))
            .ok();
        let mut tx = self.store.write("give up").await?;
        let modseq = tx.touch_mailbox(row.mailbox, now).await?;
        if tx.delivery_state(row.id).await? != Some(row.state) {
            return Ok(());
        }
        if tx.end_delivery(row.id, DeliveryState::Bounced, Some(FailureClass::Unanswered), now).await?
            && let Some(letter) = letter.filter(|_| !silenced)
        {
            tx.insert_deposit(letter).await?;
        }
        tx.mark_sent(row.mailbox, row.message, modseq).await?;
        tx.commit(super::hold::event(row, Actor::Server, Verb::Expired, now)).await
    }

    async fn info(&self, row: DeliveryRow) -> Result<DeliveryInfo, Fault> {
        let sender = self.store.mailbox(row.mailbox).await?.map(|mailbox| mailbox.address).unwrap_or_default();
        let coordinates = match &row.coordinates {
            Some(sealed) => Some(self.vault.open_coordinates(row.id, sealed)?),
            None => None,
        };
        Ok(DeliveryInfo {
            message_id: self.vault.open_thread(row.id, &row.thread)?.message_id,
            envelope_id: self.report_asked(&row)?.and_then(|asked| asked.envelope_id),
            id: row.id,
            message: row.message,
            sender,
            coordinates,
            waiting: if row.state == DeliveryState::Held { self.waiting(row.id).await? } else { None },
            state: row.state,
            failure: row.failure,
            tries: row.tries,
            downloads: self.store.downloads(row.id).await?,
            created_at: row.created_at,
            notified_at: row.notified_at,
            opened_at: row.opened_at,
            downloaded_at: row.downloaded_at,
            ended_at: row.ended_at,
            expires_at: row.expires_at,
            suspended_at: row.suspended_at,
        })
    }
}

/// How long attempts to send codes are kept for listings.
const KEPT_SENDS: Duration = Duration::from_secs(35 * 86_400);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

fn none() -> DirectoryError {
    DirectoryError::Refused("there is no such delivery".to_owned())
}
