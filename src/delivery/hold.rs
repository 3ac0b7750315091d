//! Hold and ask: a recipient without a sure number waits, and nobody else does (DESIGN §5).
//!
//! The question lies in the sender's INBOX with the commit that accepts the message; a reminder follows after a day,
//! and after seven the message is given up with a letter that says so. What is answered, [`super::reply`] hears. No
//! letter here holds a number that could be taken for an answer where a client quotes it without a mark: numbers are
//! masked, and no example is given.

use std::time::Duration;

use crate::domain::{
    Actor, Address, AuditEvent, DeliveryId, Fault, HoldReason, MailboxId, MessageId, PersonName, PracticeId,
    PracticeProfile, PublicKey, Timestamp, Verb,
};
use crate::store::deliveries::DeliveryRow;
use crate::store::deposit::Deposit;
use crate::store::holds::HoldRow;
use crate::texts::Said;
use crate::vault::{Question, Thread};

use super::Deliveries;
use super::notice::{Letter, day};
use super::receipt::{Place, answer_to};
use super::resolve::Doubt;

/// Whose INBOX letters about a held recipient go to.
pub(super) struct Owner {
    pub(super) practice: PracticeId,
    pub(super) profile: PracticeProfile,
    pub(super) mailbox: MailboxId,
    pub(super) address: Address,
    pub(super) certificate: PublicKey,
}

/// What a letter is about.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) delivery: DeliveryId,
    /// When the message was accepted.
    pub(super) created_at: Timestamp,
    /// Without tags; empty where nobody knows it any more.
    pub(super) subject: &'a str,
    pub(super) thread: &'a Thread,
}

/// Why a question is asked now.
pub(super) enum Occasion {
    /// The message was just accepted; whether it went to others.
    Accepted { others: bool },
    /// A day went by.
    Reminder,
    /// An answer was not understood, or does not settle it.
    Answered(Option<Misheard>),
    /// The number that was settled is wrong.
    Undone,
}

/// What was not understood in an answer.
pub(super) enum Misheard {
    /// There was neither a number nor a word.
    Nothing,
    /// Several numbers, or a number beside a word: as they may be shown.
    Several(Vec<String>),
    /// A number of the practice, or of the writer's signature.
    Own,
    /// *Oui*, and there is no number that it could be said to.
    YesToNothing,
}

/// News of a held recipient that need no answer.
pub(super) enum HoldNews {
    /// The letter leaves; the number, masked.
    Sent(String),
    /// It had left already; the number, masked.
    Already(String),
    /// It was not sent, as the sender wished.
    Cancelled,
    /// A code was asked for: the number cannot be taken back.
    TooLate,
    /// It has ended.
    Over,
    /// Nobody answered in time.
    GivenUp,
}

impl Deliveries {
    /// What is asked about a recipient of a message that is being accepted.
    pub(super) fn question(to: &Address, name: &PersonName, doubt: &Doubt) -> Question {
        let (proposed, channel) =
            doubt.proposed.clone().map_or((None, None), |(number, channel)| (Some(number), channel));
        Question { address: to.clone(), name: name.clone(), reason: doubt.reason, proposed, channel }
    }

    /// The row of a question that is asked for the first time.
    pub(super) fn hold_row(&self, id: DeliveryId, question: &Question, now: Timestamp) -> Result<HoldRow, Fault> {
        Ok(HoldRow {
            delivery: id,
            question: self.vault.seal_question(id, 1, question, self.random.as_ref())?,
            version: 1,
            asked_at: now,
            remind_at: Some(now.plus(REMINDER)),
            settled_at: None,
        })
    }

    /// Reminds the senders of those who have waited for a day. Run every few seconds.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn tell_holds(&self) -> Result<(), Fault> {
        for hold in self.store.due_reminders(self.clock.now(), BATCH).await? {
            let delivery = hold.delivery;
            // One bad row never keeps the others from being told.
            if let Err(fault) = self.remind(hold).await {
                tracing::error!(%delivery, %fault, "a sender could not be reminded of a recipient who waits");
            }
        }
        Ok(())
    }

    async fn remind(&self, hold: HoldRow) -> Result<(), Fault> {
        let now = self.clock.now();
        let row = self.store.delivery(hold.delivery).await?.ok_or(Fault::new("a held delivery is gone"))?;
        let question = self.vault.open_question(row.id, hold.version, &hold.question)?;
        self.ask(&row, HoldRow { remind_at: None, ..hold }, &question, &Occasion::Reminder, Actor::Server, now).await?;
        Ok(())
    }

    /// Asks about a delivery that waits, with one more letter; `false` when somebody was quicker. `hold` is the row as
    /// it was, with the time of its next reminder.
    pub(super) async fn ask(
        &self,
        row: &DeliveryRow,
        hold: HoldRow,
        question: &Question,
        occasion: &Occasion,
        actor: Actor,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let version = hold.version.saturating_add(1);
        let sealed = self.vault.seal_question(row.id, version, question, self.random.as_ref())?;
        let letter = match version > MOST_LETTERS {
            true => None,
            false => Some(self.asking_letter(row, question, occasion, now).await?),
        };
        let mut tx = self.store.write("ask about a held delivery").await?;
        // Before any of its rows, as everybody does: so nobody waits for each other.
        tx.touch_mailbox(row.mailbox, now).await?;
        if !tx.ask_again(&HoldRow { question: sealed, version, ..hold }).await? {
            return Ok(false);
        }
        match letter {
            Some(letter) => tx.insert_deposit(letter).await?,
            // Whatever answers so often is no person.
            None => tracing::warn!(delivery = %row.id, "a question was asked as often as it may be"),
        }
        tx.commit(event(row, actor, Verb::HoldAsked, now)).await?;
        Ok(true)
    }

    /// The letter that asks, about a delivery that is in the store.
    pub(super) async fn asking_letter(
        &self,
        row: &DeliveryRow,
        question: &Question,
        occasion: &Occasion,
        now: Timestamp,
    ) -> Result<Deposit, Fault> {
        let owner = self.owner(row.mailbox).await?;
        let (thread, subject) = (self.vault.open_thread(row.id, &row.thread)?, self.kept_subject(row)?);
        let about = About { delivery: row.id, created_at: row.created_at, subject: &subject, thread: &thread };
        let until = match occasion {
            Occasion::Undone => now.plus(GIVE_UP),
            _ => row.expires_at,
        };
        self.question_letter(&owner, about, question, occasion, until, now)
    }

    /// The letter that asks.
    pub(super) fn question_letter(
        &self,
        owner: &Owner,
        about: About<'_>,
        question: &Question,
        occasion: &Occasion,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Deposit, Fault> {
        let language = owner.profile.language;
        let say = |key: &str, args: &[(&str, Said<'_>)]| self.texts.say(language, key, args);
        let address = question.address.reveal();
        let first = match occasion {
            Occasion::Accepted { .. } => "hold-waits",
            Occasion::Reminder => "hold-reminder",
            Occasion::Answered(_) => "hold-again",
            Occasion::Undone => "hold-undone",
        };
        let mut lines = vec![say(first, &[("address", Said::Text(&address))])];
        match occasion {
            Occasion::Answered(Some(misheard)) => lines.push(self.misheard(owner, misheard)),
            Occasion::Undone => {}
            _ => lines.push(say(why(question.reason), &[])),
        }
        if matches!(occasion, Occasion::Accepted { others: true }) {
            lines.push(say("hold-others", &[]));
        }
        lines.push(String::new());
        if let Some(number) = &question.proposed {
            let number = number.masked();
            lines.push(say("hold-what-yes", &[("number", Said::Text(&number))]));
        } else {
            lines.push(say("hold-what-number", &[]));
        }
        lines.push(say("hold-what-cancel", &[]));
        let until = day(&self.texts, until, &owner.profile.timezone, language);
        lines.push(say("hold-until", &[("date", Said::Text(&until))]));
        lines.push(String::new());
        lines.push(say("hold-footer", &[("address", Said::Text(&owner.address.reveal()))]));
        self.hold_letter(owner, about, &lines, now)
    }

    /// What was not understood.
    fn misheard(&self, owner: &Owner, misheard: &Misheard) -> String {
        let say = |key: &str, args: &[(&str, Said<'_>)]| self.texts.say(owner.profile.language, key, args);
        match misheard {
            Misheard::Nothing => say("hold-heard-nothing", &[]),
            Misheard::Own => say("hold-heard-own", &[]),
            Misheard::YesToNothing => say("hold-heard-yes", &[]),
            Misheard::Several(numbers) if numbers.len() > 1 => {
                say("hold-heard-several", &[("numbers", Said::Text(&numbers.join(", ")))])
            }
            Misheard::Several(_) => say("hold-heard-both", &[]),
        }
    }

    /// The letter that tells what became of a recipient who waited.
    pub(super) async fn hold_news(
        &self,
        row: &DeliveryRow,
        to: &Address,
        news: &HoldNews,
        now: Timestamp,
    ) -> Result<Deposit, Fault> {
        let owner = self.owner(row.mailbox).await?;
        let (thread, subject) = (self.vault.open_thread(row.id, &row.thread)?, self.kept_subject(row)?);
        let about = About { delivery: row.id, created_at: row.created_at, subject: &subject, thread: &thread };
        let address = to.reveal();
        let say = |key: &str, args: &[(&str, Said<'_>)]| self.texts.say(owner.profile.language, key, args);
        let named = |key: &str| say(key, &[("address", Said::Text(&address))]);
        let numbered =
            |key: &str, number: &str| say(key, &[("address", Said::Text(&address)), ("number", Said::Text(number))]);
        let lines = match news {
            HoldNews::Sent(number) => vec![numbered("hold-sent", number), String::new(), say("hold-sent-undo", &[])],
            HoldNews::Already(number) => {
                vec![numbered("hold-already", number), String::new(), say("hold-sent-undo", &[])]
            }
            HoldNews::Cancelled => vec![named("hold-cancelled")],
            HoldNews::TooLate => vec![named("hold-too-late"), say("hold-too-late-what", &[])],
            HoldNews::Over => vec![named("hold-over")],
            HoldNews::GivenUp => vec![named("hold-given-up"), say("hold-given-up-what", &[])],
        };
        self.hold_letter(&owner, about, &lines, now)
    }

    /// A letter about a held recipient, under the message that it is about.
    fn hold_letter(&self, owner: &Owner, about: About<'_>, lines: &[String], now: Timestamp) -> Result<Deposit, Fault> {
        let id = MessageId::random(self.random.as_ref());
        let language = owner.profile.language;
        let when = day(&self.texts, about.created_at, &owner.profile.timezone, language);
        // Once the ticket is gone nobody but the reader knows the subject: the day stands for it.
        let unknown = self.texts.say(language, "receipt-about", &[("date", Said::Text(&when))]);
        let octets = Letter {
            from_name: &self.texts.say(language, "receipt-from", &[]),
            from: &self.service_address(&owner.address)?,
            to: &owner.address,
            subject: &answer_to(if about.subject.is_empty() { &unknown } else { about.subject }),
            text: lines.join("\r\n") + "\r\n",
            thread: Some(about.thread),
            message_id: format!("<{HOLD}{}.{id}@{}>", about.delivery, self.settings.hostname),
            at: now,
        }
        .octets()?;
        let place = Place { mailbox: owner.mailbox, practice: owner.practice, certificate: &owner.certificate };
        self.sealed_letter(id, &place, octets, now)
    }

    /// A mailbox as letters need it.
    pub(super) async fn owner(&self, mailbox: MailboxId) -> Result<Owner, Fault> {
        let row = self.store.mailbox(mailbox).await?.ok_or(Fault::new("a mailbox is gone"))?;
        Ok(Owner {
            practice: row.practice,
            profile: self.profile(row.practice).await?,
            mailbox,
            address: row.address.parse().map_err(|_| Fault::new("a mailbox row holds no address"))?,
            certificate: self.authentic_certificate(&row)?,
        })
    }

    /// The address of a recipient who waits, where its question can be opened.
    pub(super) async fn waiting(&self, id: DeliveryId) -> Result<Option<Address>, Fault> {
        let Some(hold) = self.store.hold(id).await? else { return Ok(None) };
        Ok(Some(self.vault.open_question(id, hold.version, &hold.question)?.address))
    }
}

/// An event about a held delivery.
pub(super) fn event(row: &DeliveryRow, actor: Actor, verb: Verb, now: Timestamp) -> AuditEvent {
    AuditEvent::new(now, actor, verb)
        .about_practice(row.practice)
        .about_mailbox(row.mailbox)
        .about_message(row.message)
        .about_delivery(row.id)
}

pub(super) fn why(reason: HoldReason) -> &'static str {
    match reason {
        HoldReason::NoNumber => "hold-why-no-number",
        HoldReason::TwoNumbers => "hold-why-two-numbers",
        HoldReason::NotANumber => "hold-why-not-a-number",
        HoldReason::Impossible => "hold-why-impossible",
        HoldReason::Premium => "hold-why-premium",
        HoldReason::Satellite => "hold-why-satellite",
        HoldReason::SeveralCountries => "hold-why-several-countries",
        HoldReason::NoCountry => "hold-why-no-country",
        HoldReason::Country => "hold-why-country",
        HoldReason::OwnNumber => "hold-why-own-number",
        HoldReason::Differs => "hold-why-differs",
        HoldReason::SomebodyElses => "hold-why-somebody-elses",
        HoldReason::OldTag => "hold-why-old-tag",
        HoldReason::SeveralRecipients => "hold-why-several-recipients",
        HoldReason::SeveralPersons => "hold-why-several-persons",
        HoldReason::MandateEnded => "hold-why-mandate-ended",
        HoldReason::LookAlike => "hold-why-look-alike",
        HoldReason::Undone => "hold-why-undone",
    }
}

/// How the Message-ID of a letter about a held recipient begins.
pub(super) const HOLD: &str = "hold.";
/// After this long without an answer the sender is reminded, once.
pub(super) const REMINDER: Duration = Duration::from_secs(86_400);
/// After this long without an answer the message is given up.
pub(super) const GIVE_UP: Duration = Duration::from_secs(7 * 86_400);
/// Letters about one recipient: a person needs two or three.
const MOST_LETTERS: i64 = 20;
/// How many are reminded at once.
const BATCH: i64 = 100;
