//! Once more: who may read a letter asks for it again without a code, and its sender answers *oui* (DESIGN §4, §6).
//!
//! What is said on a link's page is said by whoever holds the link, so it changes nothing but its sender's INBOX, once in
//! a day. The letter that has ended cannot be opened by anybody any more: its keys are gone. A new one, with a link of its
//! own, is made from the sender's copy by the session that carries *oui*, since no other has the keys of the mailbox. It
//! belongs to the same message, so that its marks stand on the same copy.

use std::time::Duration;

use mail_parser::MessageParser;

use crate::domain::{
    Actor, Address, Aside, AuditEvent, DeliveryId, DeliveryState, DsnRequest, EntryId, FailureClass, Fault, MessageId,
    PersonName, QueueId, RawMessage, Sender, SentCopy, Verb,
};
use crate::mime::Answer;
use crate::mime::answer::Word;
use crate::store::deliveries::DeliveryRow;
use crate::store::deposit::Deposit;
use crate::texts::Said;

use super::accept::{Outside, Settled};
use super::author::{display_name, is_encrypted};
use super::header::Header;
use super::hold::{Owner, event};
use super::notice::{Letter, day, instant};
use super::receipt::{Place, RECEIPT, answer_to};
use super::resolve::{Given, Whose};
use super::route::{Route, SERVICE};
use super::{Deliveries, Submission};

/// A letter that its sender wants to be sent once more, and the copy that it is made from.
#[derive(Debug, Clone, Copy)]
pub struct Again {
    /// The delivery that has ended.
    pub delivery: DeliveryId,
    /// The sender's copy.
    pub copy: EntryId,
    /// How many octets that has.
    pub size: u64,
}

impl Deliveries {
    /// What somebody with a link and without a code says of it: the sender gets a letter, once in a day for each. `false`:
    /// nobody is told, since it does not fit where the letter stands, or its sender is software.
    ///
    /// # Errors
    /// A [`Fault`] of the store: then its sender knows nothing.
    pub async fn aside(&self, delivery: DeliveryId, said: Aside) -> Result<bool, Fault> {
        let now = self.clock.now();
        let row = self.store.delivery(delivery).await?.ok_or(Fault::new("a delivery is gone"))?;
        let fits = match said {
            // Its page says so from the minute on; what ends it runs a little later.
            Aside::Again => is_over(&row) || (row.state.is_open() && row.expires_at <= now),
            Aside::NotMine => row.state.is_open(),
            // That is noted where codes are sent.
            Aside::NoCode => false,
        };
        // Software reads a list.
        if !fits || !self.store.is_told_by_letters(row.mailbox).await? {
            return Ok(false);
        }
        let owner = self.owner(row.mailbox).await?;
        let (language, zone) = (owner.profile.language, &owner.profile.timezone);
        let sealed = row.coordinates.as_ref().ok_or(Fault::new("a delivery has no coordinates any more"))?;
        let address = self.vault.open_coordinates(row.id, sealed)?.address.reveal();
        let sent = day(&self.texts, row.created_at, zone, language);
        let say = |key: &str| {
            self.texts.say(language, key, &[("address", Said::Text(&address)), ("date", Said::Text(&sent))])
        };
        let (first, what) = match said {
            Aside::Again => ("again-asked", "again-asked-what"),
            Aside::NotMine | Aside::NoCode => ("receipt-not-mine-said", "receipt-not-mine-what"),
        };
        let text = format!("{}\r\n{}\r\n\r\n{}\r\n", say(first), say(what), say("again-unproved"));
        let letter = self.letter_about(&owner, &row, text)?;
        let mut tx = self.store.write("aside").await?;
        tx.touch_mailbox(row.mailbox, now).await?;
        if tx.note_aside(delivery, said, now, A_DAY).await? {
            tx.insert_deposit(letter).await?;
            tx.commit(event(&row, Actor::Server, Verb::Aside, now)).await?;
        }
        Ok(true)
    }

    /// Tells senders of letters whose code could not be sent: why, and what to do; once in a day for each. Run every few
    /// seconds.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn tell_failed_codes(&self) -> Result<(), Fault> {
        for (delivery, why) in self.store.untold_codes(BATCH).await? {
            // One bad row never keeps the others from being told.
            if let Err(fault) = self.tell_failed_code(delivery, why).await {
                tracing::error!(%delivery, %fault, "a sender could not be told that no code can be sent");
                if !fault.is_transient() {
                    let mut tx = self.store.write("give up telling").await?;
                    tx.no_code_told(delivery, self.clock.now()).await?;
                    let event = AuditEvent::new(self.clock.now(), Actor::Server, Verb::Postponed);
                    tx.commit(event.about_delivery(delivery)).await?;
                }
            }
        }
        Ok(())
    }

    async fn tell_failed_code(&self, delivery: DeliveryId, why: FailureClass) -> Result<(), Fault> {
        let now = self.clock.now();
        let row = self.store.delivery(delivery).await?.ok_or(Fault::new("a delivery is gone"))?;
        let sealed = row.coordinates.as_ref().filter(|_| row.state.is_open() && self.vault.holds(&row, &row.mac));
        // Who refused our short messages was told of with that (`stops`).
        let silent = why == FailureClass::Stopped || !self.store.is_told_by_letters(row.mailbox).await?;
        let letter = match sealed.filter(|_| !silent) {
            Some(sealed) => {
                let (who, owner) = (self.vault.open_coordinates(row.id, sealed)?, self.owner(row.mailbox).await?);
                let (address, number) = (who.address.reveal(), who.number.masked());
                let named = [("address", Said::Text(&address)), ("number", Said::Text(&number))];
                let say = |key: &str| self.texts.say(owner.profile.language, key, &named);
                let (why, what) = no_code(why);
                let text = format!("{} {}\r\n{}\r\n", say("receipt-no-code"), say(why), say(what));
                Some(self.letter_about(&owner, &row, text)?)
            }
            None => None,
        };
        let mut tx = self.store.write("tell failed code").await?;
        tx.touch_mailbox(row.mailbox, now).await?;
        if !tx.no_code_told(delivery, now).await? {
            return Ok(());
        }
        if let Some(letter) = letter {
            tx.insert_deposit(letter).await?;
        }
        tx.commit(event(&row, Actor::Server, Verb::Aside, now)).await
    }

    /// The letter that a submission wants to be sent once more: *oui*, by the mailbox that sent it, to a letter of ours
    /// about one that has ended. `None` too where no copy is left; then [`Deliveries::accept`] says so.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn asked_again(&self, submission: &Submission) -> Result<Option<Again>, Fault> {
        let to_us = |to: &Address| to.reveal_local().eq_ignore_ascii_case(SERVICE);
        if !submission.recipients.iter().any(to_us) {
            return Ok(None);
        }
        let answer = Answer::read(submission.message.reveal());
        let yes = answer.word == Some(Word::Yes) && answer.numbers.is_empty() && !answer.automatic;
        let Some(delivery) = answer.about.iter().find_map(|id| self.delivery_named(id)).filter(|_| yes) else {
            return Ok(None);
        };
        let Some(row) = self.store.delivery(delivery).await? else { return Ok(None) };
        if row.mailbox != submission.sender.mailbox {
            return Ok(None);
        }
        let now = self.clock.now();
        let row = match row.state.is_open() && row.expires_at <= now {
            // Its time is over, and nothing has ended it yet.
            true => {
                self.expire(row.id, now).await?;
                self.store.delivery(row.id).await?.ok_or(Fault::new("a delivery is gone"))?
            }
            false => row,
        };
        if !self.may_go_again(&row).await? {
            return Ok(None);
        }
        let copy = self.store.sent_entry(row.mailbox, row.message).await?;
        Ok(copy.map(|copy| Again { delivery, copy: copy.entry, size: copy.size }))
    }

    /// Whether a delivery has ended in a way that *oui* makes good, and nothing has taken its place.
    async fn may_go_again(&self, row: &DeliveryRow) -> Result<bool, Fault> {
        if !is_over(row) || row.coordinates.is_none() || self.store.sent_again(row.id).await?.is_some() {
            return Ok(false);
        }
        if !self.vault.holds(row, &row.mac) {
            tracing::error!(delivery = %row.id, "a row without authority was not used: the database was changed by somebody else");
            return Err(Fault::new("a delivery's row has lost its authority"));
        }
        Ok(true)
    }

    /// Sends a letter once more, made from its sender's copy: the same recipient, a new link, the time anew. Who has no
    /// sure number any more is held and asked about, as always. Does nothing where somebody was quicker.
    ///
    /// # Errors
    /// A [`Fault`]: then nothing was sent, and the same answer may come again.
    pub async fn send_again(&self, sender: &Sender, again: Again, octets: RawMessage) -> Result<(), Fault> {
        let now = self.clock.now();
        let row = self.store.delivery(again.delivery).await?.ok_or(Fault::new("a delivery is gone"))?;
        // A client's own copy may be another form of what was sent: what nobody could read is not sent.
        if row.mailbox != sender.mailbox || !self.may_go_again(&row).await? || is_encrypted(octets.reveal()) {
            return Ok(());
        }
        let settled = self.settled_again(sender, &row, &octets).await?;
        let ids = (row.message, QueueId::random(self.random.as_ref()));
        let (mut deposits, _) = self.sealed_apart(settled, octets, ids, now).await?;
        let letters = deposits.split_off(1.min(deposits.len()));
        let mut deposit = deposits.pop().ok_or(Fault::new("a letter leaves nothing behind"))?;
        let asked = self.report_asked(&row)?;
        let rows = deposit.deliveries.iter_mut().map(|(new, _)| new).chain(deposit.held.iter_mut().map(|(new, _)| new));
        let mut new = None;
        for made in rows {
            made.report = match &asked {
                Some(asked) => Some(self.vault.seal_report(made.id, asked, self.random.as_ref())?),
                None => None,
            };
            new = Some(made.id);
        }
        let new = new.ok_or(Fault::new("a letter has no recipient"))?;
        let objects = self.store.put_objects(std::mem::take(&mut deposit.objects)).await?;
        let mut tx = self.store.write("send again").await?;
        let modseq = tx.touch_mailbox(row.mailbox, now).await?;
        if !tx.replace_delivery(row.id, new).await? {
            return Ok(());
        }
        tx.insert_put_deposit(deposit, objects).await?;
        for letter in letters {
            tx.insert_deposit(letter).await?;
        }
        tx.mark_sent(row.mailbox, row.message, modseq).await?;
        tx.commit(event(&row, Actor::Device(sender.device), Verb::SentAgain, now)).await?;
        self.wake.notify_one();
        tracing::info!(delivery = %row.id, by = %new, "a letter is sent once more");
        Ok(())
    }

    /// Where a letter goes that is sent once more: to one person, who sees nobody else of its recipients.
    async fn settled_again(&self, sender: &Sender, row: &DeliveryRow, octets: &RawMessage) -> Result<Settled, Fault> {
        let profile = self.profile(row.practice).await?;
        let mailbox = self.store.mailbox(row.mailbox).await?.ok_or(Fault::new("a sender's mailbox is gone"))?;
        let header = Header::read(octets.reveal());
        let parsed = MessageParser::default().parse_headers(octets.reveal());
        let whose = Whose { practice: row.practice, profile: &profile, mailbox: row.mailbox };
        // Tags and fields of then are settled: what they said is what the delivery went by.
        let given = Given { subject: "", header: &[], envelope: &[], outside: 1 };
        let sealed = row.coordinates.as_ref().ok_or(Fault::new("a delivery has no coordinates any more"))?;
        let to = self.vault.open_coordinates(row.id, sealed)?.address;
        let name = parsed.as_ref().and_then(|message| display_name(message, &to)).map(PersonName).unwrap_or_default();
        let (address, settled) = self.resolve_person(whose, row.id, &name, &given).await?;
        let (mut hidden, mut renamed) = (Vec::new(), Vec::new());
        for other in ["to", "cc"].into_iter().flat_map(|field| header.addresses(field)) {
            if other == address {
                continue;
            }
            match self.reach(sender, &other).await?.map(|reached| reached.route) {
                Ok(Route::Local(_)) => {}
                // The address that stood for this person; another's is hidden as any.
                Ok(Route::Person(of)) if self.is_of(of, &to).await? => renamed.push((other, address.clone())),
                Ok(_) => hidden.push(other),
                // A colleague whose mailbox is full or closed is no secret; whatever else is refused is nobody's business.
                Err(_) if self.store.mailbox_at(&other.folded()).await?.is_some() => {}
                Err(_) => hidden.push(other),
            }
        }
        Ok(Settled {
            preview: None,
            sender: sender.clone(),
            sender_name: mailbox.name.clone(),
            certificate: self.authentic_certificate(&mailbox)?,
            // The copy is there.
            sent: SentCopy::None,
            profile,
            local: Vec::new(),
            dsn: DsnRequest::default(),
            mdn: false,
            days: self.report_asked(row)?.and_then(|asked| asked.days),
            urgent: self.is_urgent(row)?,
            outside: vec![Outside { address, name, settled }],
            hidden,
            renamed,
            answer: None,
            signatures: Vec::new(),
        })
    }

    /// Whether a delivery is to this address.
    async fn is_of(&self, delivery: DeliveryId, address: &Address) -> Result<bool, Fault> {
        let Some(row) = self.store.delivery(delivery).await? else { return Ok(false) };
        let Some(sealed) = &row.coordinates else { return Ok(false) };
        Ok(self.vault.open_coordinates(row.id, sealed)?.address == *address)
    }

    /// What became of *oui* to a letter that had ended: it left, it waits for a number, or why it cannot leave.
    pub(super) async fn tell_again(&self, sender: &Sender, row: &DeliveryRow) -> Result<(), Fault> {
        let owner = self.owner(row.mailbox).await?;
        let language = owner.profile.language;
        let new = match self.store.sent_again(row.id).await? {
            Some(id) => self.store.delivery(id).await?,
            None => None,
        };
        // Its sender is asked for a number by a letter that is there already.
        if new.as_ref().is_some_and(|new| new.state == DeliveryState::Held) {
            return Ok(());
        }
        let key = match &new {
            Some(_) => "again-sent",
            None if sender.mailbox != row.mailbox => "again-not-yours",
            None => "again-no-copy",
        };
        let at = new.as_ref().map_or(self.clock.now(), |new| new.created_at);
        let when = instant(&self.texts, at, &owner.profile.timezone, language);
        let sealed = row.coordinates.as_ref().ok_or(Fault::new("a delivery has no coordinates any more"))?;
        let address = self.vault.open_coordinates(row.id, sealed)?.address.reveal();
        let text = self.texts.say(language, key, &[("address", Said::Text(&address)), ("when", Said::Text(&when))]);
        let text = text + "\r\n";
        if key == "again-not-yours" {
            let (asks, now) = (self.owner(sender.mailbox).await?, self.clock.now());
            let subject = self.texts.say(language, "again-subject", &[]);
            return self.store.deposit(self.plain_letter(&asks, "told", &subject, text, now)?).await;
        }
        // What is answered to it, *annuler* for one, is about the letter that left.
        self.store.deposit(self.letter_about(&owner, new.as_ref().unwrap_or(row), text)?).await
    }

    /// A letter to the sender about one recipient's, under the message that it is about.
    fn letter_about(&self, owner: &Owner, row: &DeliveryRow, text: String) -> Result<Deposit, Fault> {
        let (now, language) = (self.clock.now(), owner.profile.language);
        let id = MessageId::random(self.random.as_ref());
        let (thread, subject) = (self.vault.open_thread(row.id, &row.thread)?, self.kept_subject(row)?);
        let date = day(&self.texts, row.created_at, &owner.profile.timezone, language);
        let about = self.texts.say(language, "receipt-about", &[("date", Said::Text(&date))]);
        let octets = Letter {
            from_name: &self.texts.say(language, "receipt-from", &[]),
            from: &self.service_address(&owner.address)?,
            to: &owner.address,
            subject: &answer_to(if subject.is_empty() { &about } else { &subject }),
            text,
            thread: Some(&thread),
            message_id: format!("<{RECEIPT}{}.{id}@{}>", row.id, self.settings.hostname),
            at: now,
        }
        .octets()?;
        let place = Place { mailbox: owner.mailbox, practice: owner.practice, certificate: &owner.certificate };
        self.sealed_letter(id, &place, octets, now)
    }
}

/// Whether a letter has ended in a way that sending it once more makes good: its time, a hundred wrong codes, or a notice
/// that did not arrive. What its sender took back stays so.
pub(super) fn is_over(row: &DeliveryRow) -> bool {
    match row.state {
        DeliveryState::Expired | DeliveryState::Locked => true,
        DeliveryState::Bounced => row.failure != Some(FailureClass::Unanswered),
        _ => false,
    }
}

/// Why no code could be sent, and what its sender can do.
fn no_code(why: FailureClass) -> (&'static str, &'static str) {
    match why {
        FailureClass::UnknownNumber => ("receipt-no-code-unknown-number", "receipt-no-code-what-number"),
        FailureClass::Landline => ("receipt-no-code-landline", "receipt-no-code-what-number"),
        FailureClass::Ceiling | FailureClass::Pumping => ("receipt-no-code-ceiling", "receipt-no-code-what-ceiling"),
        FailureClass::Absent | FailureClass::NoAnswer => ("receipt-no-code-absent", "receipt-no-code-what-again"),
        _ => ("receipt-no-code-refused", "receipt-no-code-what-again"),
    }
}

/// How many are told at once.
const BATCH: i64 = 100;
/// Between two letters that say the same of one link.
const A_DAY: Duration = Duration::from_secs(86_400);
