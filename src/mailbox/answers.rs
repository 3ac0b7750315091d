//! What an administrator sets about answers of patients: for how long they are taken, and who reads them meanwhile.
//!
//! An absence is sealed under the root key: who can write the database cannot name a deputy, who gets copies.

use crate::domain::{Actor, Address, AuditEvent, MailboxState, Timestamp, Verb};
use crate::vault::Away;

use super::Mailboxes;
use super::provision::ProvisionError;

/// For how long the letters of a mailbox can be answered on their page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// As long as the letter is kept.
    On,
    /// Never.
    Off,
    /// For so many days after the letter.
    Days(u16),
}

/// An absence, as an administrator gives it.
#[derive(Clone)]
pub struct NewAway {
    /// What patients are told.
    pub text: String,
    /// When it ends.
    pub until: Timestamp,
    /// Who gets a copy of answers meanwhile.
    pub deputy: Option<Address>,
}

/// What a mailbox says of answers, as an administrator sees it.
#[derive(Clone)]
pub struct AnswersInfo {
    /// For how long; `None`: as its kind has it.
    pub answers: Option<Answers>,
    /// The absence, over or not.
    pub away: Option<NewAway>,
}

impl Answers {
    /// As it is stored: days.
    fn days(self) -> i64 {
        match self {
            Self::On => FOR_EVER,
            Self::Off => 0,
            Self::Days(days) => i64::from(days),
        }
    }

    fn of(days: i64) -> Self {
        match days {
            0 => Self::Off,
            days => u16::try_from(days).map_or(Self::On, Self::Days),
        }
    }
}

impl Mailboxes {
    /// Says for how long the letters of a mailbox can be answered.
    ///
    /// # Errors
    /// [`ProvisionError::Refused`] when there is no such mailbox.
    pub async fn set_answers(&self, address: &Address, answers: Answers) -> Result<(), ProvisionError> {
        let row = self.store.mailbox_at(&address.folded()).await?.ok_or_else(no_mailbox)?;
        let mut tx = self.store.write("set answers").await?;
        tx.set_answers(row.id, answers.days()).await?;
        let event = AuditEvent::new(self.clock.now(), Actor::Operator, Verb::MailboxChanged);
        Ok(tx.commit(event.about_practice(row.practice).about_mailbox(row.id)).await?)
    }

    /// Notes the absence of a mailbox's owner, or ends it.
    ///
    /// # Errors
    /// [`ProvisionError::Refused`] when there is no such mailbox, the absence is over, or its deputy is no mailbox of
    /// the same practice.
    pub async fn set_away(&self, address: &Address, away: Option<NewAway>) -> Result<(), ProvisionError> {
        let row = self.store.mailbox_at(&address.folded()).await?.ok_or_else(no_mailbox)?;
        let now = self.clock.now();
        let sealed = match away {
            None => None,
            Some(away) => {
                if away.until <= now {
                    return Err(refused("this absence is over already"));
                }
                if away.text.chars().count() > LONGEST || away.text.chars().any(|c| c.is_control() && c != '\n') {
                    return Err(refused("the text of an absence has at most 500 characters"));
                }
                if let Some(deputy) = &away.deputy {
                    let other = self.store.mailbox_at(&deputy.folded()).await?.filter(|other| {
                        other.practice == row.practice && other.id != row.id && other.state == MailboxState::Active
                    });
                    if other.is_none() {
                        return Err(refused("a deputy is another mailbox of the same practice"));
                    }
                }
                let deputy = away.deputy.as_ref().map(Address::folded);
                let away = Away { text: away.text, until: away.until, deputy };
                Some(self.vault.seal_away(row.id, &away, self.random.as_ref())?)
            }
        };
        let mut tx = self.store.write("set away").await?;
        tx.set_away(row.id, sealed.as_ref()).await?;
        let event = AuditEvent::new(now, Actor::Operator, Verb::MailboxChanged);
        Ok(tx.commit(event.about_practice(row.practice).about_mailbox(row.id)).await?)
    }

    /// What a mailbox says of answers.
    ///
    /// # Errors
    /// [`ProvisionError::Refused`] when there is no such mailbox.
    pub async fn answers_of(&self, address: &Address) -> Result<AnswersInfo, ProvisionError> {
        let row = self.store.mailbox_at(&address.folded()).await?.ok_or_else(no_mailbox)?;
        let settings = self.store.answer_settings(row.id).await?;
        let away = settings.away.as_ref().map(|sealed| self.vault.open_away(row.id, sealed)).transpose()?;
        Ok(AnswersInfo {
            answers: settings.days.map(Answers::of),
            away: away.map(|away| NewAway {
                text: away.text,
                until: away.until,
                deputy: away.deputy.and_then(|deputy| deputy.parse().ok()),
            }),
        })
    }
}

fn no_mailbox() -> ProvisionError {
    refused("there is no such mailbox")
}

fn refused(why: &str) -> ProvisionError {
    ProvisionError::Refused(why.to_owned())
}

/// Days that no letter is kept.
const FOR_EVER: i64 = 1_000_000;
/// Characters of what is said of an absence.
const LONGEST: usize = 500;
