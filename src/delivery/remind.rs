//! Reminders by mail of letters that nobody has opened, and the word of it to who sent an urgent one (DESIGN §4, §7).
//!
//! One mail with the same link, some days after the notice; two days after that [`crate::access`] sends a short message.
//! An urgent letter is told of within hours: the mail at once, a call by day, a letter to its sender and to whoever else
//! the practice names. The ticket is kept until then, sealed, and erased with the mail or with the opening.

use std::time::Duration;

use crate::domain::{
    Actor, Address, AuditEvent, DeliveryId, Fault, MessageId, PracticeProfile, QueueId, RemindBy, Timestamp, Verb,
};
use crate::store::deliveries::DeliveryRow;
use crate::store::deposit::Deposit;
use crate::store::outbox::WorkRow;
use crate::store::reminders::DueReminder;
use crate::texts::Said;

use super::Deliveries;
use super::hold::{Owner, event};
use super::notice::{Letter, day};
use super::receipt::{Place, RECEIPT, answer_to};

/// What became of the mail of a reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReminderMail {
    /// The relay took it.
    Taken,
    /// It never will.
    Refused,
    /// It is not to leave: opened, ended, taken back, or of somebody who reads for nobody any more.
    Withheld,
}

impl Deliveries {
    /// Puts mails of reminders into the queue that are due, and tells who sent an urgent letter. Run every few seconds.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn run_reminders(&self) -> Result<(), Fault> {
        for due in self.store.due_reminder_mails(self.clock.now(), BATCH).await? {
            // One bad row never keeps the others from being reminded.
            if let Err(fault) = self.remind_by_mail(due).await {
                tracing::error!(delivery = %due.delivery, %fault, "who has not opened a letter could not be reminded");
                if !fault.is_transient() {
                    let mut tx = self.store.write("put a reminder off").await?;
                    let later = self.clock.now().plus(A_DAY);
                    if tx.defer_reminder(due, Some(later)).await? {
                        let event = AuditEvent::new(self.clock.now(), Actor::Server, Verb::Postponed);
                        tx.commit(event.about_delivery(due.delivery)).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn remind_by_mail(&self, due: DueReminder) -> Result<(), Fault> {
        let now = self.clock.now();
        let row = self.store.delivery(due.delivery).await?.ok_or(Fault::new("a delivery is gone"))?;
        if !self.vault.holds(&row, &row.mac) {
            tracing::error!(delivery = %row.id, "a row without authority was not used: the database was changed by somebody else");
            return Err(Fault::new("a delivery's row has lost its authority"));
        }
        let letters = match self.is_urgent(&row)? {
            true => self.overdue_letters(&row, now).await?,
            false => Vec::new(),
        };
        let work = QueueId::random(self.random.as_ref());
        let mut tx = self.store.write("remind").await?;
        tx.touch_mailbox(row.mailbox, now).await?;
        if !tx.queue_reminder(due, work, now).await? {
            return Ok(());
        }
        for letter in letters {
            tx.insert_deposit(letter).await?;
        }
        tx.commit(event(&row, Actor::Server, Verb::Reminded, now)).await?;
        self.wake.notify_one();
        Ok(())
    }

    /// When somebody who does not open a letter is reminded first: `None` for never.
    pub(super) async fn first_reminder(&self, row: &DeliveryRow, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
        let profile = self.profile(row.practice).await?;
        Ok(first(&profile, self.is_urgent(row)?, now, row.expires_at))
    }

    pub(super) fn is_urgent(&self, row: &DeliveryRow) -> Result<bool, Fault> {
        Ok(self.report_asked(row)?.is_some_and(|asked| asked.urgent))
    }

    /// The mail of a reminder was taken, or will not be: its ticket is erased, and the next reminder is planned, unless it
    /// was withheld.
    pub(super) async fn end_reminder_mail(
        &self,
        row: &DeliveryRow,
        work: &WorkRow,
        became: ReminderMail,
    ) -> Result<bool, Fault> {
        let now = self.clock.now();
        let (taken, urgent) = (became == ReminderMail::Taken, self.is_urgent(row)?);
        let next = match (became, urgent) {
            (ReminderMail::Withheld, _) => None,
            (_, true) => Some((RemindBy::Voice, now)),
            (_, false) => Some((RemindBy::Sms, now.plus(THEN_SMS))),
        };
        let next = next.filter(|(_, at)| at.plus(TOO_LATE) <= row.expires_at);
        let mut tx = self.store.write("reminder by mail").await?;
        // Before any of its rows, as everybody does: so nobody waits for each other.
        tx.touch_mailbox(row.mailbox, now).await?;
        if tx.finish_work(work.id, now).await? {
            tx.reminded_by_mail(row.id, next).await?;
        }
        tx.commit(event(row, Actor::Server, Verb::Reminded, now).counting(i64::from(taken))).await?;
        tracing::info!(queue = %work.id, delivery = %row.id, taken, "a reminder by mail is over");
        Ok(true)
    }

    /// What is told of an urgent letter that nobody has opened: to its sender, and to whom the practice names.
    async fn overdue_letters(&self, row: &DeliveryRow, now: Timestamp) -> Result<Vec<Deposit>, Fault> {
        let sender = self.owner(row.mailbox).await?;
        let mut told = Vec::new();
        if self.store.is_told_by_letters(row.mailbox).await? {
            told.push(self.overdue_letter(row, &sender, &sender, now)?);
        }
        match self.urgent_mailbox(&sender.profile, row).await {
            Ok(Some(other)) => told.push(self.overdue_letter(row, &sender, &other, now)?),
            Ok(None) => {}
            Err(fault) if fault.is_transient() => return Err(fault),
            // The person is reminded all the same.
            Err(fault) => {
                tracing::error!(practice = %row.practice, %fault, "the mailbox that hears of urgent letters is not told");
            }
        }
        Ok(told)
    }

    /// Whose INBOX hears of urgent letters of a practice too.
    async fn urgent_mailbox(&self, profile: &PracticeProfile, row: &DeliveryRow) -> Result<Option<Owner>, Fault> {
        let Ok(address) = profile.reminders.urgent_to.parse::<Address>() else { return Ok(None) };
        match self.store.mailbox_at(&address.folded()).await? {
            Some(mailbox) if mailbox.practice == row.practice && mailbox.id != row.mailbox => {
                self.owner(mailbox.id).await.map(Some)
            }
            Some(_) => Ok(None),
            None => {
                tracing::warn!(practice = %row.practice, "the mailbox that hears of urgent letters is gone");
                Ok(None)
            }
        }
    }

    fn overdue_letter(&self, row: &DeliveryRow, sender: &Owner, to: &Owner, now: Timestamp) -> Result<Deposit, Fault> {
        let language = sender.profile.language;
        let sealed = row.coordinates.as_ref().ok_or(Fault::new("a delivery has no coordinates any more"))?;
        let address = self.vault.open_coordinates(row.id, sealed)?.address.reveal();
        let from = sender.address.reveal();
        let sent = day(&self.texts, row.created_at, &sender.profile.timezone, language);
        let named = [
            ("address", Said::Text(&address)),
            ("sender", Said::Text(&from)),
            ("date", Said::Text(&sent)),
            ("hours", Said::Number(i64::from(sender.profile.reminders.urgent_hours))),
        ];
        let say = |key: &str| self.texts.say(language, key, &named);
        let own = to.mailbox == sender.mailbox;
        let (thread, subject) = (self.vault.open_thread(row.id, &row.thread)?, self.kept_subject(row)?);
        let what = if own { say("urgent-what") } else { say("urgent-what-other") };
        let text = format!("{}\r\n{}\r\n\r\n{what}\r\n", say("urgent-unread"), say("urgent-reminded"));
        // What the letter is about is its sender's to tell.
        let subject = match own && !subject.is_empty() {
            true => answer_to(&subject),
            false => say("urgent-subject"),
        };
        let id = MessageId::random(self.random.as_ref());
        let octets = Letter {
            from_name: &say("receipt-from"),
            from: &self.service_address(&to.address)?,
            to: &to.address,
            subject: &subject,
            text,
            thread: own.then_some(&thread),
            message_id: format!("<{}{}.{id}@{}>", if own { RECEIPT } else { URGENT }, row.id, self.settings.hostname),
            at: now,
        }
        .octets()?;
        let place = Place { mailbox: to.mailbox, practice: to.practice, certificate: &to.certificate };
        self.sealed_letter(id, &place, octets, now)
    }

    /// Whether the mail of a reminder may still leave.
    pub(super) async fn may_remind(&self, row: &DeliveryRow, id: DeliveryId) -> Result<bool, Fault> {
        // Who read for another and does so no more is not called back to a letter of before.
        if self.reads_no_more(row).await? {
            return Ok(false);
        }
        let open = row.state == crate::domain::DeliveryState::Notified && row.suspended_at.is_none();
        Ok(open && row.ticket.is_some() && row.expires_at > self.clock.now() && !self.store.is_recalled(id).await?)
    }
}

/// When a letter that leaves now is to be reminded of. One that ends sooner is reminded of a day before its end, where it
/// has been there for as long.
fn first(profile: &PracticeProfile, urgent: bool, now: Timestamp, expires_at: Timestamp) -> Option<Timestamp> {
    let (hours, days) = (profile.reminders.urgent_hours, profile.reminders.days);
    let at = match (urgent, hours, days) {
        (true, hours, _) if hours > 0 => now.plus(Duration::from_secs(u64::from(hours) * 3600)),
        (_, _, 0) => return None,
        (_, _, days) => {
            let at = now.plus(Duration::from_secs(u64::from(days) * 86_400));
            let last = expires_at.minus(Duration::from_secs(86_400));
            if at <= last { at } else { Some(last).filter(|last| last.since(now) >= Duration::from_secs(86_400))? }
        }
    };
    (at.plus(TOO_LATE) <= expires_at).then_some(at)
}

/// How the Message-ID begins of what others hear of an urgent letter: nothing is answered to it.
const URGENT: &str = "urgent.";
/// What has a fault of ours is tried again after.
const A_DAY: Duration = Duration::from_secs(86_400);
/// Between the mail and the short message.
const THEN_SMS: Duration = Duration::from_secs(2 * 86_400);
/// How long before its end a letter is reminded of at the latest.
const TOO_LATE: Duration = Duration::from_secs(3600);
/// How many are looked at at once.
const BATCH: i64 = 100;

#[cfg(test)]
mod tests {
    use crate::domain::{Language, Reminders};

    use super::*;

    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;

    #[test]
    fn reminders_come_in_time_or_not_at_all() {
        let at = |days, urgent_hours, urgent, kept: i64| {
            let profile = PracticeProfile {
                name: String::new(),
                public_name: String::new(),
                telephone: String::new(),
                language: Language::Fr,
                timezone: "Europe/Paris".to_owned(),
                region: "FR".to_owned(),
                neighbours: Vec::new(),
                countries: Vec::new(),
                notice_from: String::new(),
                days: 0,
                ask_birth_date: false,
                remember_browsers: false,
                logo: None,
                reminders: Reminders { days, urgent_hours, urgent_to: String::new() },
            };
            first(&profile, urgent, Timestamp(0), Timestamp(kept)).map(|at| at.0)
        };
        assert_eq!(at(5, 4, false, 30 * DAY), Some(5 * DAY));
        assert_eq!(at(5, 4, true, 30 * DAY), Some(4 * HOUR));
        assert_eq!(at(5, 0, true, 30 * DAY), Some(5 * DAY), "urgent letters are as others where that is off");
        assert_eq!(at(0, 4, false, 30 * DAY), None);
        assert_eq!(at(5, 4, false, 3 * DAY), Some(2 * DAY), "a day before the end");
        assert_eq!(at(5, 4, false, DAY + HOUR), None, "too short to be reminded of");
        assert_eq!(at(5, 72, true, DAY), None);
    }
}
