//! Who may send, and how much: the envelope sender, other addresses of the practice, limits of a minute and a day.

use crate::domain::{Address, Fault, Language, MailboxKind, Sender};
use crate::store::rates::{Allowance, Over, Rate, Whose};
use crate::texts::Said;

use super::{Deliveries, Refused};

/// How many messages may be sent.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// By a mailbox of people, with all its devices.
    pub mailbox: Rate,
    /// By one of its devices: a password that was stolen sends no more than that.
    pub device: Rate,
    /// By an application mailbox, and by each of its devices.
    pub application: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            mailbox: Rate { minute: 300, day: 3_000 },
            device: Rate { minute: 200, day: 2_000 },
            application: Rate { minute: 12_000, day: 100_000 },
        }
    }
}

impl Deliveries {
    /// The rules at MAIL: the envelope sender is the mailbox, or an address that it may write as (RFC 6409 §6.1), and
    /// it has not sent too much. What may have changed by the end of the message is decided there again.
    ///
    /// # Errors
    /// The inner error refuses the sender; the outer is ours.
    pub async fn may_send(&self, sender: &Sender, reverse_path: &Address) -> Result<Result<(), Refused>, Fault> {
        if !self.writes_as(sender, reverse_path).await? {
            let (language, address) = (self.profile(sender.practice).await?.language, sender.address.reveal());
            let sentence = self.texts.say(language, "refused-sender", &[("address", Said::Text(&address))]);
            return Ok(Err(Refused::new(553, "5.7.1", &sentence)));
        }
        Ok(match self.store.over_rate(&self.allowances(sender), self.clock.now()).await? {
            Some(over) => Err(self.over(self.profile(sender.practice).await?.language, over)),
            None => Ok(()),
        })
    }

    /// Whether a sender may write as this address: its own, or another of its practice that an administrator allowed
    /// to the mailbox or to this device.
    pub(super) async fn writes_as(&self, sender: &Sender, address: &Address) -> Result<bool, Fault> {
        if sender.address == *address {
            return Ok(true);
        }
        let rows = self.store.sends_as(sender.mailbox, sender.device, &address.folded()).await?;
        if rows.is_empty() {
            return Ok(false);
        }
        if !rows.iter().any(|row| self.vault.holds(row, &row.mac)) {
            tracing::error!(mailbox = %sender.mailbox, "a row without authority was not used: the database was changed by somebody else");
            return Ok(false);
        }
        // A domain may have gone to another practice since.
        Ok(self.store.domain(address.domain()).await?.is_some_and(|domain| domain.practice == sender.practice))
    }

    /// What a message of this sender counts against: the device first, so that one that sends too much uses up
    /// nothing of the mailbox.
    pub(super) fn allowances(&self, sender: &Sender) -> Vec<Allowance> {
        let rates = &self.settings.rates;
        let (device, mailbox) = match sender.kind {
            MailboxKind::Application => (rates.application, rates.application),
            MailboxKind::Personal | MailboxKind::Organisation => (rates.device, rates.mailbox),
        };
        vec![
            Allowance { whose: Whose::Device(sender.device), rate: device },
            Allowance { whose: Whose::Mailbox(sender.mailbox), rate: mailbox },
        ]
    }

    /// What a sender is told who sent too much.
    pub(super) fn over(&self, language: Language, over: Over) -> Refused {
        let (id, most) = match over {
            Over::Minute(most) => ("refused-rate-minute", most),
            Over::Day(most) => ("refused-rate-day", most),
        };
        Refused::new(451, "4.7.1", &self.texts.say(language, id, &[("count", Said::Number(most))]))
    }
}
