//! Reminders by a short message or a call, of letters that nobody has opened. They hold no link, no code, and nothing of
//! the letter nor of who sent it: whoever sees the telephone learns that a mail waits, and no more.
//!
//! They leave by day, count against the day's ceilings as codes do, and are tried again when a node dies over one.

use std::time::Duration;

use crate::domain::{
    Actor, AuditEvent, Channel, Fault, Language, Lasting, RemindBy, SecretText, SendId, Timestamp, Verb,
};
use crate::gateway::{Member, Outgoing, Script, Words, parts};
use crate::store::reminders::DueReminder;
use crate::store::sends::SendRow;
use crate::store::spending::Used;

use tokio::sync::watch;

use super::Access;
use super::cascade::{Aim, PATIENCE, is_night};
use super::money::{Refusal, is_free};

impl Access {
    /// Sends reminders until `stop` turns true: beside codes, which wait for nobody.
    pub async fn run_reminders(&self, mut stop: watch::Receiver<bool>) {
        let mut away = Lasting::default();
        while !*stop.borrow() {
            let mut stopping = stop.clone();
            let sent = tokio::select! {
                sent = self.send_reminders() => sent,
                // What is cut off here is taken up again when its lease ends.
                _ = stopping.wait_for(|stop| *stop) => return,
            };
            match sent {
                Ok(()) if away.ends() => tracing::info!("reminders are worked on again"),
                Err(fault) if away.begins() => {
                    tracing::error!(%fault, "reminders cannot be worked on; tried again every second");
                }
                _ => {}
            }
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Sends reminders that are due.
    ///
    /// # Errors
    /// A [`Fault`] of the store; what was begun is taken up again when its lease is over.
    pub async fn send_reminders(&self) -> Result<(), Fault> {
        for due in self.store.due_reminder_calls(self.clock.now(), BATCH).await? {
            // One bad row never keeps the others from being reminded.
            if let Err(fault) = self.send_reminder(due).await {
                tracing::error!(delivery = %due.delivery, %fault, "who has not opened a letter could not be reminded");
                if !fault.is_transient() {
                    self.put_off(due, Some(self.clock.now().plus(A_DAY))).await?;
                }
            }
        }
        Ok(())
    }

    async fn send_reminder(&self, due: DueReminder) -> Result<(), Fault> {
        let now = self.clock.now();
        let Some(row) = self.store.delivery(due.delivery).await? else { return Ok(()) };
        if !self.vault.holds(&row, &row.mac) {
            tracing::error!(delivery = %row.id, "a row without authority was not used: the database was changed by somebody else");
            return self.put_off(due, None).await.map(|_| ());
        }
        let aim = self.aim(row).await?;
        if is_night(&aim.practice.timezone, now) {
            return self.put_off(due, Some(morning(&aim.practice.timezone, now))).await.map(|_| ());
        }
        // Who refused our short messages wants no call instead.
        if due.by == RemindBy::Sms && aim.facts.stopped {
            return self.put_off(due, None).await.map(|_| ());
        }
        // Whoever finds the lease over begins again.
        if !self.put_off(due, Some(now.plus(LEASE))).await? {
            return Ok(());
        }
        let due = DueReminder { due_at: now.plus(LEASE), ..due };
        let taken = self.remind(&aim, due.by, now).await?;
        let mut tx = self.store.write("reminded").await?;
        // What nobody could take now is tried again by day, for as long as the letter can be opened.
        let again = now.plus(AGAIN);
        let again = (!taken && again.plus(AGAIN) <= aim.row.expires_at).then_some(again);
        tx.defer_reminder(due, again).await?;
        let event = self.code_event(&aim.row, Verb::Reminded, self.clock.now());
        tx.commit(event.counting(i64::from(taken))).await?;
        match taken {
            true => tracing::info!(delivery = %aim.row.id, by = due.by.word(), "a reminder was handed to a provider"),
            false => tracing::warn!(delivery = %aim.row.id, by = due.by.word(), "a reminder could not be sent"),
        }
        Ok(())
    }

    async fn put_off(&self, due: DueReminder, at: Option<Timestamp>) -> Result<bool, Fault> {
        let mut tx = self.store.write("put a reminder off").await?;
        let ours = tx.defer_reminder(due, at).await?;
        if ours {
            tx.commit(AuditEvent::new(self.clock.now(), Actor::Server, Verb::Claimed).about_delivery(due.delivery))
                .await?;
        }
        Ok(ours)
    }

    /// One provider after the other, until one has taken it; whether any has.
    async fn remind(&self, aim: &Aim, by: RemindBy, now: Timestamp) -> Result<bool, Fault> {
        let language = aim.to.language.unwrap_or(aim.practice.language);
        let first = match by {
            RemindBy::Sms if aim.takes_sms() => Channel::Sms,
            _ => Channel::Voice,
        };
        let (sms, script) =
            (SecretText::new(self.texts.say(language, "remind-sms", &[])), self.reminder_script(language));
        // Who is called cannot be warned by a message instead of a call that no provider makes: it is better than nothing.
        for member in self.left(first, aim, &[]) {
            let words = match member.channel {
                Channel::Sms => Words::Sms(&sms),
                Channel::Voice => Words::Call(&script),
            };
            if self.try_reminder(aim, member, words, language, now).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn try_reminder(
        &self,
        aim: &Aim,
        member: &Member,
        words: Words<'_>,
        language: Language,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let count = match member.channel {
            Channel::Sms => i64::from(parts(words.whole().reveal())),
            Channel::Voice => 1,
        };
        let used = Used { used: count, cost: count.saturating_mul(member.price) };
        let mut tx = self.store.write("remind by a provider").await?;
        let number = &aim.to.number;
        if !tx.admits(&member.name, now, now.plus(LEASE)).await? {
            return Ok(false);
        }
        if let Err(Refusal { scope }) = self.spend(&mut tx, Some(aim.row.practice), number, used, now).await? {
            tracing::warn!(scope = scope.word(), practice = %aim.row.practice, "the day's ceiling leaves no room for a reminder");
            return Ok(false);
        }
        let send = SendId::random(self.random.as_ref());
        let by = (member.name.as_str(), member.channel);
        tx.insert_send(&SendRow::begun(send, by, (count, used.cost), now)).await?;
        tx.commit(self.code_event(&aim.row, Verb::CodeTried, now)).await?;
        // A call without a report address is read out at once: there is no key to press for it.
        let report = self.report_address(send).filter(|_| member.channel == Channel::Sms);
        let outgoing = Outgoing { send, to: number, language, words, report: report.as_ref() };
        let outcome = tokio::time::timeout(PATIENCE, member.provider.send(&outgoing)).await;
        let outcome = outcome.unwrap_or(Err(crate::domain::FailureClass::Unreachable));
        let ended = self.clock.now();
        let mut tx = self.store.write("reminder sent").await?;
        self.note_outcome(&mut tx, send, member, &outcome, ended).await?;
        if let Err(why) = &outcome {
            self.note_number(&mut tx, &aim.row, &aim.to, *why, ended).await?;
            if is_free(*why) {
                self.give_back(&mut tx, Some(aim.row.practice), number, used, now).await?;
            }
        }
        let taken = outcome.is_ok();
        tx.commit(self.code_event(&aim.row, Verb::CodeSent, ended).counting(i64::from(taken))).await?;
        Ok(taken)
    }

    /// What the voice says: the same, twice, with nothing to press.
    fn reminder_script(&self, language: Language) -> Script {
        let said = self.texts.say(language, "remind-voice", &[]);
        Script {
            language,
            greeting: said.clone(),
            code: String::new(),
            digits: SecretText::new(String::new()),
            repeat: String::new(),
            again: String::new(),
            goodbye: String::new(),
            whole: SecretText::new(said),
        }
    }
}

/// The next eight o'clock in the morning where the practice is.
fn morning(zone: &str, now: Timestamp) -> Timestamp {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let next = jiff::Timestamp::from_millisecond(now.0).ok().and_then(|at| {
        let here = at.to_zoned(zone.clone());
        let day = if here.hour() < 8 { here.date() } else { here.date().tomorrow().ok()? };
        day.at(8, 0, 0, 0).to_zoned(zone).ok()
    });
    next.map_or(now.plus(AGAIN), |next| Timestamp(next.timestamp().as_millisecond()))
}

/// How long a node may take over a reminder before another may.
const LEASE: Duration = Duration::from_secs(600);
/// What no provider took is tried again after.
const AGAIN: Duration = Duration::from_secs(4 * 3600);
/// What has a fault of ours is tried again after.
const A_DAY: Duration = Duration::from_secs(86_400);
const TICK: Duration = Duration::from_secs(1);
/// How many are looked at at once.
const BATCH: i64 = 16;

#[cfg(test)]
mod tests {
    use crate::texts::Texts;

    use super::*;

    #[test]
    fn a_reminder_is_one_short_message_in_every_language_and_holds_no_link() {
        for language in Language::ALL {
            let text = Texts::new().say(language, "remind-sms", &[]);
            assert_eq!(parts(&text), 1, "{}: {text}", language.tag());
            assert!(!text.contains("http") && !text.contains('@'), "{text}");
        }
    }
}
