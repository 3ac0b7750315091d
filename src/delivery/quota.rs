//! The quota of a mailbox, as people meet it: a letter at 80 % and at 95 %, and what colleagues hear of a full one.
//!
//! Never refused for quota: a submission, its Sent copy, receipts, and these letters, which count in no quota.
//! A letter is written once for each crossing, by whichever node finds it first; below the mark it is armed again.

use std::time::Duration;

use crate::domain::{Actor, Address, AuditEvent, Fault, Language, MailboxId, MessageId, Sender, Timestamp, Verb};
use crate::store::deposit::Deposit;
use crate::store::entries::Usage;
use crate::store::quota::Room;
use crate::texts::{Said, Texts};

use super::notice::Letter;
use super::receipt::Place;
use super::{Deliveries, Refused};

impl Deliveries {
    /// Tells the owners of mailboxes that passed a mark, and notes which became full or have room again.
    /// Run every few seconds; tests call it after moving the clock.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn tell_quotas(&self) -> Result<(), Fault> {
        for mailbox in self.store.quota_crossings().await? {
            // One bad row never keeps the others from being told.
            if let Err(fault) = self.tell_quota(mailbox).await {
                tracing::error!(%mailbox, %fault, "a mailbox's quota could not be told");
            }
        }
        Ok(())
    }

    async fn tell_quota(&self, mailbox: MailboxId) -> Result<(), Fault> {
        let now = self.clock.now();
        // Composed before the transaction: nothing is looked up while it is held.
        let usage = self.store.room(mailbox).await?.usage;
        let letter = match usage.level() {
            0 => None,
            level => Some(self.quota_letter(mailbox, usage, level, now).await?),
        };
        let mut tx = self.store.write("tell quota").await?;
        tx.touch_mailbox(mailbox, now).await?;
        tx.recount(mailbox).await?;
        let event = AuditEvent::new(now, Actor::Server, Verb::QuotaCrossed).about_mailbox(mailbox);
        // It moved meanwhile: the next turn finds it as it is now.
        if tx.usage(mailbox).await?.level() != usage.level() {
            return tx.commit(event).await;
        }
        let told = tx.cross_quota(mailbox, now).await?;
        if let (Some(_), Some(letter)) = (told, letter) {
            tx.insert_deposit(letter).await?;
        }
        tx.commit(event.counting(told.unwrap_or(0))).await
    }

    async fn quota_letter(
        &self,
        mailbox: MailboxId,
        usage: Usage,
        level: i64,
        now: Timestamp,
    ) -> Result<Deposit, Fault> {
        let row = self.store.mailbox(mailbox).await?.ok_or(Fault::new("a mailbox is gone"))?;
        let certificate = self.authentic_certificate(&row)?;
        let language = self.profile(row.practice).await?.language;
        let say = |key: &str, args: &[(&str, Said<'_>)]| self.texts.say(language, key, args);
        let to: Address = row.address.parse().map_err(|_| Fault::new("a mailbox row holds no address"))?;
        let id = MessageId::random(self.random.as_ref());
        let (used, quota) = (amount(&self.texts, usage.used, language), amount(&self.texts, usage.quota, language));
        let near = say(
            "quota-near",
            &[
                ("address", Said::Text(&row.address)),
                ("percent", Said::Number(level)),
                ("used", Said::Text(&used)),
                ("quota", Said::Text(&quota)),
            ],
        );
        let then = say(if level >= 95 { "quota-soon" } else { "quota-next" }, &[]);
        let (what, footer) = (say("quota-what", &[]), say("quota-footer", &[]));
        let octets = Letter {
            from_name: &say("receipt-from", &[]),
            from: &self.service_address(&to)?,
            to: &to,
            subject: &say("quota-subject", &[("percent", Said::Number(level))]),
            text: format!("{near}\r\n{then}\r\n\r\n{what}\r\n\r\n{footer}\r\n"),
            thread: None,
            message_id: format!("<quota.{id}@{}>", self.settings.hostname),
            at: now,
        }
        .octets()?;
        let place = Place { mailbox: row.id, practice: row.practice, certificate: &certificate };
        self.sealed_letter(id, &place, octets, now)
    }

    /// What a colleague hears of a mailbox that is full: for a day that it may pass, then that it does not.
    pub(super) async fn refused_full(
        &self,
        sender: &Sender,
        to: &Address,
        room: Room,
    ) -> Result<Option<Refused>, Fault> {
        if !room.usage.is_full() {
            return Ok(None);
        }
        let now = self.clock.now();
        let language = self.profile(sender.practice).await?.language;
        let address = to.reveal();
        let say = |key: &str| self.texts.say(language, key, &[("address", Said::Text(&address))]);
        // RFC 3463 §3.3: X.2.2, mailbox full.
        Ok(Some(match room.full_at {
            Some(full_at) if now.since(full_at) >= A_DAY => Refused::new(552, "5.2.2", &say("quota-full-long")),
            _ => Refused::new(452, "4.2.2", &say("quota-full-now")),
        }))
    }
}

/// `8.0 GB`, `8,0 Go`: a size as people write it.
fn amount(texts: &Texts, octets: i64, language: Language) -> String {
    const KB: (&str, i64) = ("quota-size-kb", 1 << 10);
    const UNITS: [(&str, i64); 3] = [("quota-size-gb", 1 << 30), ("quota-size-mb", 1 << 20), KB];
    let (id, unit) = UNITS.into_iter().find(|(_, unit)| octets >= *unit).unwrap_or(KB);
    let tenths = octets.saturating_mul(10) / unit;
    let point = texts.say(language, "portal-decimal-point", &[]);
    let size = format!("{}{point}{}", tenths / 10, tenths % 10);
    texts.say(language, id, &[("size", (&size).into())])
}

/// How long a colleague is told to try again.
const A_DAY: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_unit_that_fits() {
        let texts = Texts::new();
        for (octets, said) in [(0, "0.0 KB"), (1536, "1.5 KB"), (8 << 30, "8.0 GB"), ((25 << 20) - 1, "24.9 MB")] {
            assert_eq!(amount(&texts, octets, Language::En), said);
        }
        let all = Language::ALL.map(|language| amount(&texts, 8 << 30, language));
        assert_eq!(all, ["8,0 Go", "8.0 GB", "8,0 GB", "8,0 GB", "8,0 ГБ"]);
    }

    #[test]
    fn marks_are_reached_at_80_and_95_of_a_hundred() {
        let at = |used| Usage { used, quota: 1000 };
        let levels: Vec<i64> = [799, 800, 949, 950, 1000, 2000].map(|used| at(used).level()).to_vec();
        assert_eq!(levels, [0, 80, 80, 95, 95, 95]);
        assert!(!at(999).is_full() && at(1000).is_full());
        let none = Usage { used: 5, quota: 0 };
        assert!(none.level() == 0 && !none.is_full(), "no limit");
    }
}
