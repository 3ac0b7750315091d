//! The courier: takes due notices from the outbox and hands them to the relay.
//!
//! Work is claimed by lease, so two nodes never send the same notice at once; what a node dies on is claimed
//! again. Commit first, then send; a notice may leave twice after a crash, never zero times. Retries back off
//! over three days; then, or when the relay refuses for good, the sender gets a letter. However many wait, a few
//! leave at once: ten thousand letters of a laboratory are rows, and the relay gets them as it takes them.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::sync::watch;

use crate::domain::{Actor, AuditEvent, Count, DeliveryState, FailureClass, Fault, Label, Lasting, Timestamp, Verb};
use crate::store::deliveries::DeliveryRow;
use crate::store::outbox::WorkRow;

use super::Deliveries;
use super::receipt::News;
use super::relay::{NotTaken, Relay};
use super::remind::ReminderMail;

impl Deliveries {
    /// Works until `stop` turns true: on every deposit, and every second.
    pub async fn run_courier(&self, relay: &Relay, mut stop: watch::Receiver<bool>) {
        let mut away = Lasting::default();
        while !*stop.borrow() {
            let mut stopping = stop.clone();
            let worked = tokio::select! {
                worked = self.send_due(relay) => worked,
                // What is cut off here is claimed again when its lease ends.
                () = async {
                    let _ = stopping.wait_for(|stop| *stop).await;
                    tokio::time::sleep(LAST_MOMENTS).await;
                } => return,
            };
            match &worked {
                Ok(_) if away.ends() => tracing::info!("the outbox is worked on again"),
                Err(fault) if away.begins() => {
                    tracing::error!(%fault, "the outbox cannot be worked on; tried again every second");
                }
                _ => {}
            }
            if matches!(worked, Ok(BATCH_FULL)) {
                continue;
            }
            if let Err(fault) = self.send_answers(relay).await {
                tracing::error!(%fault, "answers cannot be sent");
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Sends what is due now; returns how many notices were tried. Tests call it after moving the clock.
    ///
    /// # Errors
    /// A [`Fault`] of the store; what was claimed comes back when its lease ends.
    pub async fn send_due(&self, relay: &Relay) -> Result<usize, Fault> {
        let work = self.store.claim_work(self.clock.now(), LEASE, BATCH).await?;
        let tried = work.len();
        let attempts = stream::iter(work).map(|work| self.attempted(relay, work)).buffer_unordered(AT_ONCE);
        let ended: Vec<Result<bool, Fault>> = attempts.collect().await;
        if ended.iter().any(|ended| matches!(ended, Ok(true))) {
            self.store.shred_soon().await;
        }
        ended.into_iter().collect::<Result<Vec<bool>, Fault>>()?;
        Ok(tried)
    }

    /// One piece of work: one bad row never stops the others, and is not tried for ever.
    async fn attempted(&self, relay: &Relay, work: WorkRow) -> Result<bool, Fault> {
        match self.attempt(relay, &work).await {
            Ok(ended) => Ok(ended),
            Err(fault) => {
                tracing::error!(queue = %work.id, delivery = %work.delivery, %fault, "a notice cannot be worked on");
                self.faulty(&work).await
            }
        }
    }

    /// One piece of work; `true` when keys or tickets were erased.
    async fn attempt(&self, relay: &Relay, work: &WorkRow) -> Result<bool, Fault> {
        let now = self.clock.now();
        let row = self.store.delivery(work.delivery).await?.ok_or(Fault::new("a notice's delivery is gone"))?;
        if !self.vault.holds(&row, &row.mac) {
            tracing::error!(delivery = %row.id, "a row without authority was not used: the database was changed by somebody else");
            return Err(Fault::new("a delivery's row has lost its authority"));
        }
        if work.reminder {
            return self.attempt_reminder(relay, &row, work).await;
        }
        if row.state == DeliveryState::Locked {
            return self.tell_locked(&row, work, now).await;
        }
        let (DeliveryState::Queued, Some(sealed), Some(coordinates)) = (row.state, &row.ticket, &row.coordinates)
        else {
            return self.done_with(&row, work, now).await;
        };
        let ticket = self.vault.open_kept_ticket(row.id, sealed)?;
        let to = self.vault.open_coordinates(row.id, coordinates)?;
        let practice = self.profile(row.practice).await?;
        let mail = self.notice(row.id, &to, &practice, &ticket, row.expires_at, false)?;
        let handing = relay.hand_over(Some(&mail.reverse_path), std::slice::from_ref(&mail.to), &mail.octets);
        // A batch must be over before its lease is.
        let handed = tokio::time::timeout(PATIENCE, handing).await;
        let handed = handed.unwrap_or(Err(NotTaken::Later(FailureClass::Unreachable)));
        let word = match &handed {
            Ok(()) => "taken",
            Err(NotTaken::Later(class) | NotTaken::Never(class)) => class.word(),
        };
        self.figures().count(Count::CourierAttempt, &[Label::Word(word)]);
        match handed {
            Ok(()) => self.handed_over(&row, work).await,
            Err(NotTaken::Later(_)) if now.since(work.created_at) >= GIVE_UP => {
                self.bounce(&row, work, FailureClass::GaveUp, now).await
            }
            Err(NotTaken::Later(class)) => self.postpone(&row, work, class, now).await,
            Err(NotTaken::Never(class)) => self.bounce(&row, work, class, now).await,
        }
    }

    /// The notice once more. What the relay does not take now is tried again for as long as any notice; what it never
    /// takes is told to nobody: the notice itself arrived.
    async fn attempt_reminder(&self, relay: &Relay, row: &DeliveryRow, work: &WorkRow) -> Result<bool, Fault> {
        let now = self.clock.now();
        if !self.may_remind(row, row.id).await? {
            return self.end_reminder_mail(row, work, ReminderMail::Withheld).await;
        }
        let (Some(sealed), Some(coordinates)) = (&row.ticket, &row.coordinates) else {
            return self.end_reminder_mail(row, work, ReminderMail::Withheld).await;
        };
        let ticket = self.vault.open_kept_ticket(row.id, sealed)?;
        let to = self.vault.open_coordinates(row.id, coordinates)?;
        let practice = self.profile(row.practice).await?;
        let mail = self.notice(row.id, &to, &practice, &ticket, row.expires_at, true)?;
        let handing = relay.hand_over(Some(&mail.reverse_path), std::slice::from_ref(&mail.to), &mail.octets);
        let handed = tokio::time::timeout(PATIENCE, handing).await;
        match handed.unwrap_or(Err(NotTaken::Later(FailureClass::Unreachable))) {
            Ok(()) => self.end_reminder_mail(row, work, ReminderMail::Taken).await,
            Err(NotTaken::Later(class)) if now.since(work.created_at) < GIVE_UP => {
                self.postpone(row, work, class, now).await
            }
            Err(NotTaken::Later(class) | NotTaken::Never(class)) => {
                tracing::warn!(queue = %work.id, delivery = %row.id, why = class.word(), "a reminder cannot be delivered");
                self.end_reminder_mail(row, work, ReminderMail::Refused).await
            }
        }
    }

    async fn handed_over(&self, row: &DeliveryRow, work: &WorkRow) -> Result<bool, Fault> {
        let now = self.clock.now();
        // The notice has left: what is not told of it must not undo that.
        let report = self.relayed_report(row, now).await.unwrap_or_else(|fault| {
            tracing::error!(delivery = %row.id, %fault, "its sender could not be told that the notice left");
            None
        });
        let remind_at = self.first_reminder(row, now).await.unwrap_or_else(|fault| {
            tracing::error!(delivery = %row.id, %fault, "nobody will be reminded of a letter");
            None
        });
        let mut tx = self.store.write("notice handed over").await?;
        let modseq = tx.touch_mailbox(row.mailbox, now).await?;
        tx.notify_delivery(row.id, now, remind_at).await?;
        tx.mark_sent(row.mailbox, row.message, modseq).await?;
        // Two nodes after a lease that ran out: the sender is told once.
        if tx.finish_work(work.id, now).await?
            && let Some(report) = report
        {
            tx.insert_deposit(report).await?;
        }
        tx.commit(event(Verb::HandedOver, row, now)).await?;
        tracing::info!(queue = %work.id, delivery = %row.id, "notice handed over");
        Ok(true)
    }

    async fn postpone(
        &self,
        row: &DeliveryRow,
        work: &WorkRow,
        class: FailureClass,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let due_at = now.plus(backoff(work.attempts));
        let late = !work.reminder && work.told_at.is_none() && now.since(work.created_at) >= LATE;
        let letter = match late && !self.is_silenced(row).await.unwrap_or(true) && self.vault.holds(row, &row.mac) {
            true => {
                let until = work.created_at.plus(GIVE_UP);
                let letter = self.failure_receipt(row, &News::Late { class, until }, now).await;
                // It is tried again all the same, and told the next time.
                let told = |fault: &Fault| tracing::error!(delivery = %row.id, %fault, "its sender could not be told");
                letter.inspect_err(told).ok()
            }
            false => None,
        };
        let mut tx = self.store.write("notice postponed").await?;
        if let Some(letter) = letter {
            tx.touch_mailbox(row.mailbox, now).await?;
            if tx.late_told(work.id, now).await? {
                tx.insert_deposit(letter).await?;
            }
        }
        tx.postpone_work(work.id, class, due_at).await?;
        tx.commit(event(Verb::Postponed, row, now).counting(work.attempts)).await?;
        tracing::warn!(queue = %work.id, delivery = %row.id, why = class.word(), attempts = work.attempts, "notice postponed");
        Ok(false)
    }

    async fn bounce(
        &self,
        row: &DeliveryRow,
        work: &WorkRow,
        class: FailureClass,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let receipt = match self.is_silenced(row).await.unwrap_or(false) {
            true => None,
            false => match self.failure_receipt(row, &News::Failed { class }, now).await {
                Ok(receipt) => Some(receipt),
                Err(fault) if fault.is_transient() => return Err(fault),
                // The delivery ends all the same: the queue and the list of deliveries show it.
                Err(fault) => {
                    tracing::error!(delivery = %row.id, %fault, "its sender could not be told that a letter was not sent");
                    None
                }
            },
        };
        let mut tx = self.store.write("notice bounced").await?;
        let modseq = tx.touch_mailbox(row.mailbox, now).await?;
        if tx.end_delivery(row.id, DeliveryState::Bounced, Some(class), now).await?
            && let Some(receipt) = receipt
        {
            tx.insert_deposit(receipt).await?;
        }
        tx.mark_sent(row.mailbox, row.message, modseq).await?;
        tx.finish_work(work.id, now).await?;
        tx.commit(event(Verb::Bounced, row, now)).await?;
        tracing::warn!(queue = %work.id, delivery = %row.id, why = class.word(), "notice cannot be delivered");
        Ok(true)
    }

    async fn tell_locked(&self, row: &DeliveryRow, work: &WorkRow, now: Timestamp) -> Result<bool, Fault> {
        let asked = self.report_asked(row)?.unwrap_or_default();
        let receipt = match asked.failure || self.store.is_told_by_letters(row.mailbox).await? {
            true => Some(self.failure_receipt(row, &News::Locked, now).await?),
            false => None,
        };
        let mut tx = self.store.write("tell locked").await?;
        let modseq = tx.touch_mailbox(row.mailbox, now).await?;
        tx.mark_sent(row.mailbox, row.message, modseq).await?;
        // Two nodes after a lease that ran out: the sender is told once.
        if tx.finish_work(work.id, now).await?
            && let Some(receipt) = receipt
        {
            tx.insert_deposit(receipt).await?;
        }
        tx.commit(event(Verb::ReceiptDeposited, row, now)).await?;
        Ok(false)
    }

    /// Work that fails by a fault of ours: seen in the queue, tried again later, and after days told to the sender
    /// where that is still possible.
    async fn faulty(&self, work: &WorkRow) -> Result<bool, Fault> {
        let now = self.clock.now();
        let over = now.since(work.created_at) >= GIVE_UP;
        match self.store.delivery(work.delivery).await? {
            Some(row) if !over => self.postpone(&row, work, FailureClass::Fault, now).await,
            Some(row) if work.reminder => self.end_reminder_mail(&row, work, ReminderMail::Refused).await,
            Some(row) if self.vault.holds(&row, &row.mac) => {
                match self.bounce(&row, work, FailureClass::GaveUp, now).await {
                    Ok(ended) => Ok(ended),
                    Err(fault) => {
                        tracing::error!(delivery = %row.id, %fault, "its sender could not be told that a letter was not sent");
                        self.done_with(&row, work, now).await
                    }
                }
            }
            Some(row) => self.done_with(&row, work, now).await,
            None => Ok(false),
        }
    }

    /// Recalled, expired or handed over by another node meanwhile: nothing to send.
    async fn done_with(&self, row: &DeliveryRow, work: &WorkRow, now: Timestamp) -> Result<bool, Fault> {
        let mut tx = self.store.write("notice not needed").await?;
        // It was opened before it was noted that the notice had left: the ticket is not kept for that.
        let kept = row.state.is_open()
            && row.state != DeliveryState::Queued
            && row.notified_at.is_none()
            && row.ticket.is_some();
        if kept {
            let modseq = tx.touch_mailbox(row.mailbox, now).await?;
            tx.notify_delivery(row.id, now, None).await?;
            tx.mark_sent(row.mailbox, row.message, modseq).await?;
        }
        tx.finish_work(work.id, now).await?;
        tx.commit(event(Verb::Claimed, row, now)).await?;
        Ok(kept)
    }
}

fn event(verb: Verb, row: &DeliveryRow, now: Timestamp) -> AuditEvent {
    AuditEvent::new(now, Actor::Server, verb)
        .about_practice(row.practice)
        .about_mailbox(row.mailbox)
        .about_message(row.message)
        .about_delivery(row.id)
}

/// How long to wait after so many attempts: 1, 5, 15, 30 minutes, 1, 2, then 4 hours.
fn backoff(attempts: i64) -> Duration {
    const MINUTES: [u64; 7] = [1, 5, 15, 30, 60, 120, 240];
    let at = usize::try_from(attempts.max(1) - 1).unwrap_or(usize::MAX);
    Duration::from_secs(60 * MINUTES.get(at).copied().unwrap_or(240))
}

/// How long a node may take for what it claimed before another may.
const LEASE: Duration = Duration::from_secs(600);
/// How long one notice may take to be handed over: all of a batch, less than a lease.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a batch may go on once the server is told to stop.
const LAST_MOMENTS: Duration = Duration::from_secs(8);
/// How much is claimed at once.
const BATCH: i64 = 32;
/// The same, as counted back.
const BATCH_FULL: usize = 32;
/// How many notices are on their way to the relay at once: as many connections as it is asked for.
const AT_ONCE: usize = 4;
/// After this long the sender is told that a notice has not left yet.
const LATE: Duration = Duration::from_secs(4 * 3600);
/// After this long the sender is told that it will not.
const GIVE_UP: Duration = Duration::from_secs(3 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_back_off_to_four_hours() {
        let minutes: Vec<u64> = [0, 1, 2, 3, 4, 5, 6, 7, 100].map(|n| backoff(n).as_secs() / 60).to_vec();
        assert_eq!(minutes, [1, 1, 5, 15, 30, 60, 120, 240, 240]);
    }
}
