//! What practitioners answer to letters of Pli, and what is done about it (DESIGN §5, *Reading answers by mail*).
//!
//! An answer is an authenticated submission to the service address. It counts only where it is of the mailbox that sent
//! the message in question, or of one that may write as it; the reference in it proves nothing and is only how the
//! question is found. What a program wrote ends unread (RFC 3834 §2). What was understood is confirmed, masked.

use std::time::Duration;

use crate::domain::{
    Actor, Address, DeliveryId, DeliveryState, Fault, HoldReason, MailboxId, PatientRecord, PhoneNumber, QueueId,
    Sender, Timestamp, Verb,
};
use crate::mime::Answer;
use crate::mime::answer::Word;
use crate::store::deliveries::DeliveryRow;
use crate::store::deposit::NewWork;
use crate::store::holds::{HoldRow, LearnedRow};
use crate::store::outbox::NEVER;
use crate::store::recalls::Recalls;
use crate::vault::{Learned, Question};

use super::Deliveries;
use super::again::is_over;
use super::hold::{GIVE_UP, HOLD, HoldNews, Misheard, Occasion, REMINDER, event};
use super::persons::Twice;
use super::recall::{RECALL, RECALLED, RECALLS};
use super::receipt::RECEIPT;
use super::resolve::{Explicit, Resolved, Whose};

/// What an answer says.
enum Heard {
    Word(Word),
    Number(PhoneNumber),
    /// One number, which cannot be used.
    Unusable(HoldReason),
    Not(Misheard),
}

/// What a letter of ours is about, by its Message-ID.
enum Reference {
    /// A recipient of a message: held, sent, opened, failed.
    Delivery(DeliveryId),
    /// Recalls of a mailbox.
    Recalls(Recalls),
}

/// A question, and who answers it.
struct Asked<'a> {
    sender: &'a Sender,
    row: DeliveryRow,
    hold: HoldRow,
    question: Question,
}

impl Deliveries {
    /// Hears an answer that was submitted to the service address.
    ///
    /// # Errors
    /// A [`Fault`]: then nothing was changed, and the same answer may come again.
    pub(super) async fn hear(&self, sender: &Sender, answer: &Answer) -> Result<(), Fault> {
        if answer.automatic {
            tracing::info!(mailbox = %sender.mailbox, "a program answered a letter of Pli: not read");
            return Ok(());
        }
        // Whoever answers that nothing is asked is not told so again: a program would go on for ever. A person who says
        // something that could be meant is.
        let says = answer.word.is_some() || !answer.numbers.is_empty();
        if !says && answer.about.first().is_some_and(|id| self.named(id, UNKNOWN).is_some()) {
            tracing::info!(mailbox = %sender.mailbox, "a letter that asks nothing was answered");
            return Ok(());
        }
        let Some(reference) = answer.about.iter().find_map(|id| self.reference(id)) else {
            return match answer.about.iter().find_map(|id| self.device_named(id)) {
                Some(device) if self.tell_approved(sender, device, answer).await? => Ok(()),
                _ => self.tell_unknown(sender).await,
            };
        };
        match reference {
            Reference::Recalls(which) => {
                // Whoever asks is asked about their own, whatever the reference says.
                let heard = match answer.word.filter(|_| answer.numbers.is_empty()) {
                    Some(word) => self.answer_recall(sender, self.recaller(sender, which).await?, which, word).await?,
                    None => false,
                };
                if heard { Ok(()) } else { self.tell_unknown(sender).await }
            }
            Reference::Delivery(id) => match self.asked_about(sender, id).await? {
                Some(row) => self.hear_about(sender, row, answer).await,
                None => self.tell_unknown(sender).await,
            },
        }
    }

    /// An answer about one recipient of a message.
    async fn hear_about(&self, sender: &Sender, row: DeliveryRow, answer: &Answer) -> Result<(), Fault> {
        let heard = self.heard(&row, answer).await?;
        if self.store.is_recalled(row.id).await? {
            let heard = match heard {
                Heard::Word(word) => self.answer_recall(sender, row.mailbox, Recalls::Of(row.id), word).await?,
                _ => false,
            };
            return if heard { Ok(()) } else { self.tell_unknown(sender).await };
        }
        if let (Heard::Word(Word::Cancel), true) = (&heard, row.state.is_open()) {
            return self.begin_recall(&row, sender).await;
        }
        // What its session did about it before this is told now.
        if let (Heard::Word(Word::Yes), true) = (&heard, is_over(&row) && row.coordinates.is_some()) {
            return self.tell_again(sender, &row).await;
        }
        let Some(hold) = self.store.hold(row.id).await? else { return self.tell_unknown(sender).await };
        let question = self.vault.open_question(row.id, hold.version, &hold.question)?;
        let asked = Asked { sender, row, hold, question };
        match asked.row.state {
            DeliveryState::Held => self.answer_held(asked, heard).await,
            DeliveryState::Queued | DeliveryState::Notified => self.answer_sent(asked, heard).await,
            DeliveryState::Opened | DeliveryState::Downloaded => self.tell(&asked, &HoldNews::TooLate).await,
            _ => self.tell(&asked, &HoldNews::Over).await,
        }
    }

    /// What stands behind this word in a Message-ID of ours.
    fn named<'a>(&self, message_id: &'a str, word: &str) -> Option<&'a str> {
        let (local, host) = message_id.rsplit_once('@')?;
        let ours = host.eq_ignore_ascii_case(&self.settings.hostname);
        local.strip_prefix(word).filter(|_| ours)?.strip_prefix('.')
    }

    /// What a Message-ID of a letter of ours is about. It proves nothing: who may answer is asked elsewhere.
    fn reference(&self, message_id: &str) -> Option<Reference> {
        let (local, host) = message_id.rsplit_once('@')?;
        if !host.eq_ignore_ascii_case(&self.settings.hostname) {
            return None;
        }
        let named = |begin: &str| local.strip_prefix(begin).and_then(|rest| rest.split_once('.')).map(|(id, _)| id);
        if let Some(id) = self.delivery_named(message_id) {
            return Some(Reference::Delivery(id));
        }
        match (named(RECALL), named(RECALLS)) {
            (Some(message), _) => message.parse().ok().map(|id| Reference::Recalls(Recalls::All(id))),
            (None, Some(_)) => Some(Reference::Recalls(Recalls::Asked)),
            (None, None) => None,
        }
    }

    /// The delivery that a letter of ours is about, by its Message-ID. It proves nothing either.
    pub(super) fn delivery_named(&self, message_id: &str) -> Option<DeliveryId> {
        let (local, host) = message_id.rsplit_once('@')?;
        let named = |begin: &&str| local.strip_prefix(*begin).and_then(|rest| rest.split_once('.')).map(|(id, _)| id);
        let id = [HOLD, RECEIPT, RECALLED].iter().find_map(named)?;
        if host.eq_ignore_ascii_case(&self.settings.hostname) { id.parse().ok() } else { None }
    }

    /// Whose recalls a sender answers for.
    async fn recaller(&self, sender: &Sender, which: Recalls) -> Result<MailboxId, Fault> {
        let Recalls::All(message) = which else { return Ok(sender.mailbox) };
        let Some(owner) = self.store.sender_of(message).await? else { return Ok(sender.mailbox) };
        Ok(if self.answers_for(sender, owner).await? { owner } else { sender.mailbox })
    }

    /// The delivery that an answer is about, where this sender may answer for it.
    async fn asked_about(&self, sender: &Sender, id: DeliveryId) -> Result<Option<DeliveryRow>, Fault> {
        let Some(row) = self.store.delivery(id).await? else { return Ok(None) };
        if !self.vault.holds(&row, &row.mac) {
            tracing::error!(delivery = %row.id, "a row without authority was not used: the database was changed by somebody else");
            return Err(Fault::new("a delivery's row has lost its authority"));
        }
        let may = self.answers_for(sender, row.mailbox).await?;
        if !may {
            tracing::warn!(delivery = %row.id, mailbox = %sender.mailbox, "somebody else answered a question: not heard");
        }
        Ok(may.then_some(row))
    }

    /// Whether a sender answers for a mailbox: its own, or one of its practice that it may write as.
    async fn answers_for(&self, sender: &Sender, mailbox: MailboxId) -> Result<bool, Fault> {
        if mailbox == sender.mailbox {
            return Ok(true);
        }
        let Some(owner) = self.store.mailbox(mailbox).await? else { return Ok(false) };
        let address: Address = owner.address.parse().map_err(|_| Fault::new("a mailbox row holds no address"))?;
        Ok(owner.practice == sender.practice && self.writes_as(sender, &address).await?)
    }

    /// What an answer says: exactly one number, or one word.
    async fn heard(&self, row: &DeliveryRow, answer: &Answer) -> Result<Heard, Fault> {
        let profile = self.profile(row.practice).await?;
        let (mut numbers, mut unusable, mut own) = (Vec::<PhoneNumber>::new(), Vec::new(), false);
        for text in &answer.numbers {
            match self.read_number(&profile, text).map_err(HoldReason::from) {
                Ok(number) => {
                    let mut signature = false;
                    for hash in self.vault.number_hashes(row.practice, &number) {
                        signature = signature || self.store.is_signature(row.mailbox, &hash).await?;
                    }
                    if signature {
                        own = true;
                    } else if !numbers.contains(&number) {
                        numbers.push(number);
                    }
                }
                Err(HoldReason::OwnNumber) => own = true,
                Err(reason) => unusable.push(reason),
            }
        }
        Ok(match (answer.word, numbers.as_slice(), unusable.as_slice()) {
            (Some(word), [], []) => Heard::Word(word),
            (None, [number], []) => Heard::Number(number.clone()),
            (None, [], [reason]) => Heard::Unusable(*reason),
            (None, [], []) if own => Heard::Not(Misheard::Own),
            (None, [], []) => Heard::Not(Misheard::Nothing),
            _ => Heard::Not(Misheard::Several(numbers.iter().map(PhoneNumber::masked).collect())),
        })
    }

    /// An answer about a recipient who waits.
    async fn answer_held(&self, asked: Asked<'_>, heard: Heard) -> Result<(), Fault> {
        let again = |question: Question, misheard: Option<Misheard>| (question, Occasion::Answered(misheard));
        let (question, occasion) = match heard {
            Heard::Word(Word::Cancel) => return self.cancel(&asked).await,
            Heard::Word(Word::Yes) => match asked.question.proposed.clone() {
                Some(number) => match self.settle_held(&asked, number, true).await? {
                    Ok(()) => return Ok(()),
                    Err(question) => again(question, None),
                },
                None => again(asked.question.clone(), Some(Misheard::YesToNothing)),
            },
            // That number is wrong: another is asked for.
            Heard::Word(Word::No) => again(Question { proposed: None, ..asked.question.clone() }, None),
            Heard::Number(number) => match self.settle_held(&asked, number, false).await? {
                Ok(()) => return Ok(()),
                Err(question) => again(question, None),
            },
            Heard::Unusable(reason) => again(Question { reason, proposed: None, ..asked.question.clone() }, None),
            Heard::Not(misheard) => again(asked.question.clone(), Some(misheard)),
        };
        let (actor, now) = (Actor::Device(asked.sender.device), self.clock.now());
        self.ask(&asked.row, asked.hold, &question, &occasion, actor, now).await?;
        Ok(())
    }

    /// An answer about a recipient whose number was settled: *non*, or another number, takes it back.
    async fn answer_sent(&self, asked: Asked<'_>, heard: Heard) -> Result<(), Fault> {
        match heard {
            Heard::Word(Word::No) => {
                if !self.undo(&asked, true).await? {
                    return self.tell(&asked, &HoldNews::TooLate).await;
                }
                Ok(())
            }
            Heard::Number(number) if !self.is_settled_to(&asked.row, &number)? => {
                if !self.undo(&asked, false).await? {
                    return self.tell(&asked, &HoldNews::TooLate).await;
                }
                let row = self.store.delivery(asked.row.id).await?.ok_or(Fault::new("a delivery is gone"))?;
                let hold = self.store.hold(row.id).await?.ok_or(Fault::new("a letter's question is gone"))?;
                let question = self.vault.open_question(row.id, hold.version, &hold.question)?;
                let asked = Asked { sender: asked.sender, row, hold, question };
                Box::pin(self.answer_held(asked, Heard::Number(number))).await
            }
            _ => {
                let number = self.settled_number(&asked.row)?.map(|number| number.masked()).unwrap_or_default();
                self.tell(&asked, &HoldNews::Already(number)).await
            }
        }
    }

    /// Settles the number of a recipient who waits and lets the letter go; or what is to be asked instead.
    async fn settle_held(
        &self,
        asked: &Asked<'_>,
        number: PhoneNumber,
        confirmed: bool,
    ) -> Result<Result<(), Question>, Fault> {
        let (row, question) = (&asked.row, &asked.question);
        let profile = self.profile(row.practice).await?;
        let whose = Whose { practice: row.practice, profile: &profile, mailbox: row.mailbox };
        let former = confirmed && question.reason == HoldReason::MandateEnded;
        let explicit = Explicit { number, channel: question.channel, old: false, confirmed, former };
        let settled = self.settle_number(whose, &question.address, &question.name, Some(explicit)).await?;
        match settled {
            Ok(resolved) => {
                let wanted = self.report_asked(row)?.and_then(|wanted| wanted.days);
                let days = self.kept_days(wanted, &profile);
                self.let_go(asked, resolved, confirmed, Duration::from_secs(u64::from(days) * 86_400)).await?;
                Ok(Ok(()))
            }
            Err(doubt) => {
                let proposed = doubt.proposed.map(|(number, _)| number);
                Ok(Err(Question { reason: doubt.reason, proposed, ..question.clone() }))
            }
        }
    }

    /// The letter leaves, the number is kept for this mailbox, and the sender is told: one transaction.
    async fn let_go(
        &self,
        asked: &Asked<'_>,
        resolved: Resolved,
        confirmed: bool,
        open: Duration,
    ) -> Result<(), Fault> {
        let (now, random) = (self.clock.now(), self.random.as_ref());
        let mut row = asked.row.clone();
        // The link may have left with another number: then it is good, and only the code goes elsewhere.
        row.state = if row.notified_at.is_none() { DeliveryState::Queued } else { DeliveryState::Notified };
        row.patient = resolved.patient;
        row.coordinates = Some(self.vault.seal_coordinates(row.id, &resolved.coordinates, random)?);
        row.number_hash = resolved.number_hash;
        row.expires_at = now.plus(open);
        row.mac = self.vault.mark(&row);
        let number = resolved.coordinates.number;
        let letter = self.hold_news(&row, &asked.question.address, &HoldNews::Sent(number.masked()), now).await?;
        let learned = match resolved.patient {
            Some(_) => None,
            None => Some(self.learned_row(asked, number.clone(), confirmed, now)?),
        };
        let twice = match &learned {
            Some(_) => self.told_twice(row.practice, row.mailbox, &asked.question, &number).await?,
            None => None,
        };
        let mut tx = self.store.write("settle a held delivery").await?;
        let modseq = tx.touch_mailbox(row.mailbox, now).await?;
        if !tx.settle_hold(&row, now).await? {
            return Ok(());
        }
        tx.mark_sent(row.mailbox, row.message, modseq).await?;
        if row.state == DeliveryState::Queued {
            // What a restore keeps closed leaves with `pli queue retry`, as all notices do.
            let due_at = if row.suspended_at.is_some() { NEVER } else { now };
            tx.insert_work(row.id, NewWork { id: QueueId::random(random), due_at }).await?;
        }
        if let Some(learned) = learned {
            // What was told before under an older root key is told anew with this.
            for older in self.vault.address_hashes(row.practice, &asked.question.address).iter().skip(1) {
                tx.forget_learned(learned.mailbox, older).await?;
            }
            match &twice {
                None => tx.learn(&learned).await?,
                Some(Twice { person, other }) => {
                    tx.forget_learned(learned.mailbox, &learned.address).await?;
                    tx.forget_learned(other.mailbox, &other.address).await?;
                    tx.insert_patient(person).await?;
                    tx.note(
                        event(&row, Actor::Device(asked.sender.device), Verb::PatientAdded, now)
                            .about_patient(person.id),
                    );
                }
            }
        }
        tx.insert_deposit(letter).await?;
        tx.commit(event(&row, Actor::Device(asked.sender.device), Verb::HoldAnswered, now)).await?;
        self.wake.notify_one();
        Ok(())
    }

    fn learned_row(
        &self,
        asked: &Asked<'_>,
        number: PhoneNumber,
        settled: bool,
        now: Timestamp,
    ) -> Result<LearnedRow, Fault> {
        let record = PatientRecord {
            name: asked.question.name.clone(),
            address: asked.question.address.clone(),
            number,
            language: None,
            channel: asked.question.channel,
            birth_date: None,
        };
        let mailbox = asked.row.mailbox;
        Ok(LearnedRow {
            mailbox,
            address: self.vault.address_hash(asked.row.practice, &asked.question.address),
            record: self.vault.seal_learned(mailbox, &Learned { record, settled }, self.random.as_ref())?,
            delivery: asked.row.id,
            learned_at: now,
        })
    }

    /// Takes a settled number back while no code was asked for; `false` when that is too late. The letter that asks for
    /// another is written where nobody has said it yet.
    async fn undo(&self, asked: &Asked<'_>, ask: bool) -> Result<bool, Fault> {
        let now = self.clock.now();
        let row = &asked.row;
        let question = Question { reason: HoldReason::Undone, proposed: None, ..asked.question.clone() };
        let version = asked.hold.version.saturating_add(1);
        let hold = HoldRow {
            delivery: row.id,
            question: self.vault.seal_question(row.id, version, &question, self.random.as_ref())?,
            version,
            asked_at: now,
            remind_at: Some(now.plus(REMINDER)),
            settled_at: None,
        };
        let letter = match ask {
            true => Some(self.asking_letter(row, &question, &Occasion::Undone, now).await?),
            false => None,
        };
        let mut tx = self.store.write("take a number back").await?;
        let modseq = tx.touch_mailbox(row.mailbox, now).await?;
        if !tx.hold_again(&hold, now.plus(GIVE_UP)).await? {
            return Ok(false);
        }
        tx.mark_sent(row.mailbox, row.message, modseq).await?;
        tx.unlearn(row.mailbox, row.id).await?;
        if let Some(letter) = letter {
            tx.insert_deposit(letter).await?;
        }
        tx.commit(event(row, Actor::Device(asked.sender.device), Verb::HoldUndone, now)).await?;
        Ok(true)
    }

    /// Nothing goes to this recipient, as the sender wishes: keys are destroyed.
    async fn cancel(&self, asked: &Asked<'_>) -> Result<(), Fault> {
        let now = self.clock.now();
        let letter = self.hold_news(&asked.row, &asked.question.address, &HoldNews::Cancelled, now).await?;
        let mut tx = self.store.write("cancel a delivery").await?;
        let modseq = tx.touch_mailbox(asked.row.mailbox, now).await?;
        if !tx.end_delivery(asked.row.id, DeliveryState::Recalled, None, now).await? {
            return Ok(());
        }
        tx.mark_sent(asked.row.mailbox, asked.row.message, modseq).await?;
        tx.insert_deposit(letter).await?;
        tx.commit(event(&asked.row, Actor::Device(asked.sender.device), Verb::Recalled, now)).await?;
        self.store.shred_soon().await;
        Ok(())
    }

    /// A letter about a question that changes nothing.
    async fn tell(&self, asked: &Asked<'_>, news: &HoldNews) -> Result<(), Fault> {
        let now = self.clock.now();
        let letter = self.hold_news(&asked.row, &asked.question.address, news, now).await?;
        self.store.deposit(letter).await
    }

    /// A person wrote to the service address about nothing that is asked of them: that is said, to them alone.
    async fn tell_unknown(&self, sender: &Sender) -> Result<(), Fault> {
        let (now, owner) = (self.clock.now(), self.owner(sender.mailbox).await?);
        let say = |key: &str| self.texts.say(owner.profile.language, key, &[]);
        let text = format!("{}\r\n{}\r\n", say("hold-unknown"), say("hold-unknown-what"));
        let letter = self.plain_letter(&owner, UNKNOWN, &say("hold-unknown-subject"), text, now)?;
        self.store.deposit(letter).await
    }

    fn settled_number(&self, row: &DeliveryRow) -> Result<Option<PhoneNumber>, Fault> {
        let coordinates = row.coordinates.as_ref().map(|sealed| self.vault.open_coordinates(row.id, sealed));
        Ok(coordinates.transpose()?.map(|to| to.number))
    }

    fn is_settled_to(&self, row: &DeliveryRow, number: &PhoneNumber) -> Result<bool, Fault> {
        Ok(self.settled_number(row)?.as_ref() == Some(number))
    }
}

/// How the Message-ID of a letter begins that says that nothing is asked.
const UNKNOWN: &str = "unknown";
