//! The one answer to who presses Reply on a notice: nobody reads that; open the link, or telephone.
//!
//! In five languages, the reader's own first. Only to who quotes a notice of ours, once in a day for an address and a
//! few times for a notice, never to a program, never to an address of ours (RFC 3834 §2, §4). It has no reverse-path,
//! so that nothing comes back of it. What was written is thrown away unread.

use std::time::Duration;

use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};

use crate::domain::{Actor, Address, AuditEvent, Fault, Language, PracticeProfile, QueueId, Verb};
use crate::mime::returned::{message_id, writer};
use crate::store::answers::{AnswerRow, NewAnswer};
use crate::store::deliveries::DeliveryRow;
use crate::texts::Said;
use crate::vault::Writer;

use super::Deliveries;
use super::notice::{from_address, lettre_address};
use super::relay::{NotTaken, Relay};
use super::returned::CameBack;

impl Deliveries {
    /// Puts the answer to somebody's mail into the queue, where one is due.
    pub(super) async fn answer(&self, row: &DeliveryRow, mail: &CameBack<'_>) -> Result<(), Fault> {
        let Some(to) = mail.from.clone().or_else(|| writer(mail.octets).and_then(|text| text.parse().ok())) else {
            tracing::info!(delivery = %row.id, "somebody without an address answered a notice: thrown away unread");
            return Ok(());
        };
        if !self.may_be_answered(&to).await? {
            tracing::info!(delivery = %row.id, "an address that is not answered answered a notice: thrown away unread");
            return Ok(());
        }
        let (now, id) = (self.clock.now(), QueueId::random(self.random.as_ref()));
        let writer = Writer { address: to.reveal(), message_id: message_id(mail.octets).unwrap_or_default() };
        let sealed = self.vault.seal_writer(id, &writer, self.random.as_ref())?;
        let addresses = self.vault.hashes("answered", None, to.folded().as_bytes());
        let (address, older) = addresses.split_first().ok_or(Fault::new("a hash was not made"))?;
        let new = NewAnswer {
            id,
            address,
            delivery: row.id,
            writer: &sealed,
            at: now,
            since: now.minus(A_DAY),
            most: MOST_OF_A_NOTICE,
        };
        let mut tx = self.store.write("answer a reply").await?;
        tx.adopt_answer(address, older).await?;
        if !tx.insert_answer(&new).await? {
            tracing::info!(delivery = %row.id, "somebody answered a notice again: thrown away unread");
            return Ok(());
        }
        tx.commit(AuditEvent::new(now, Actor::Server, Verb::ReplyDropped).about_delivery(row.id)).await?;
        tracing::info!(delivery = %row.id, "somebody answered a notice: thrown away unread, and told so");
        self.wake.notify_one();
        Ok(())
    }

    /// Whether an address is one of a person elsewhere (RFC 3834 §2).
    async fn may_be_answered(&self, to: &Address) -> Result<bool, Fault> {
        let local = to.reveal_local().to_lowercase();
        let robot = ROBOTS.iter().any(|name| local.contains(name))
            || local.starts_with("owner-")
            || local.ends_with("-request");
        let ours = self.store.domain(to.domain()).await?.is_some();
        Ok(!robot && !ours && self.takes_back(to).await? != super::TakesBack::Yes)
    }

    /// Sends the answers that are due; how many were tried.
    ///
    /// # Errors
    /// A [`Fault`] of the store; what was claimed comes back when its lease ends.
    pub async fn send_answers(&self, relay: &Relay) -> Result<usize, Fault> {
        let due = self.store.claim_answers(self.clock.now(), LEASE, BATCH).await?;
        for row in &due {
            if let Err(fault) = self.send_answer(relay, row).await {
                tracing::error!(delivery = %row.delivery, %fault, "an answer cannot be sent");
            }
        }
        Ok(due.len())
    }

    async fn send_answer(&self, relay: &Relay, row: &AnswerRow) -> Result<(), Fault> {
        let (to, octets) = match self.composed(row).await {
            Ok(composed) => composed,
            Err(fault) => {
                tracing::error!(delivery = %row.delivery, %fault, "an answer cannot be written");
                return self.answered(row, false).await;
            }
        };
        let handing = relay.hand_over(None, std::slice::from_ref(&to), &octets);
        match tokio::time::timeout(PATIENCE, handing).await {
            Ok(Ok(())) => self.answered(row, true).await,
            Ok(Err(NotTaken::Never(_))) => self.answered(row, false).await,
            _ if row.attempts >= MOST_ATTEMPTS => self.answered(row, false).await,
            _ => self.store.postpone_answer(row.id, self.clock.now().plus(PAUSE)).await,
        }
    }

    async fn answered(&self, row: &AnswerRow, left: bool) -> Result<(), Fault> {
        let mut tx = self.store.write("answer sent").await?;
        if !tx.finish_answer(row.id).await? {
            return Ok(());
        }
        let event = AuditEvent::new(self.clock.now(), Actor::Server, Verb::ReplyAnswered);
        tx.commit(event.about_delivery(row.delivery).counting(i64::from(left))).await?;
        if !left {
            tracing::warn!(delivery = %row.delivery, "an answer was given up");
        }
        Ok(())
    }

    async fn composed(&self, row: &AnswerRow) -> Result<(Address, Vec<u8>), Fault> {
        let writer = self.vault.open_writer(row.id, &row.writer)?;
        let to: Address = writer.address.parse().map_err(|_| Fault::new("a sealed writer has no address"))?;
        let delivery = self.store.delivery(row.delivery).await?.ok_or(Fault::new("a delivery is gone"))?;
        let practice = self.profile(delivery.practice).await?;
        let coordinates = delivery.coordinates.as_ref().map(|sealed| self.vault.open_coordinates(delivery.id, sealed));
        let own = coordinates.transpose()?.and_then(|who| who.language).unwrap_or(practice.language);
        let languages = [own].into_iter().chain(Language::ALL.into_iter().filter(|other| *other != own));
        let text: Vec<String> = languages.map(|language| self.answer_said(&practice, language)).collect();
        let from = if practice.notice_from.is_empty() { &self.settings.notice_from } else { &practice.notice_from };
        let sender = from_address(from).ok_or(Fault::new("the notices' From is no address"))?;
        let from: Mailbox = from.parse().map_err(|_| Fault::new("the notices' From is no address"))?;
        let name = Said::Text(&practice.public_name);
        let raw =
            |name: &'static str, value: &str| HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned());
        let mut builder = Message::builder()
            .from(Mailbox::new(Some(practice.public_name.clone()), from.email))
            .to(Mailbox::new(None, lettre_address(&to)?))
            .subject(self.texts.say(own, "bounce-answer-subject", &[("practice", name)]))
            .date(super::notice::date(self.clock.now()))
            .message_id(Some(format!("<answer.{}@{}>", row.id, self.settings.hostname)))
            // RFC 3834 §5.
            .raw_header(raw("Auto-Submitted", "auto-replied"))
            .raw_header(raw("X-Auto-Response-Suppress", "All"));
        if !writer.message_id.is_empty() {
            builder = builder.in_reply_to(writer.message_id.clone()).references(writer.message_id);
        }
        let message = builder
            .header(ContentType::TEXT_PLAIN)
            .body(text.join("\r\n\r\n") + "\r\n")
            .map_err(|_| Fault::new("an answer cannot be composed"))?;
        Ok((to, self.signed(message.formatted(), &sender)))
    }

    fn answer_said(&self, practice: &PracticeProfile, language: Language) -> String {
        let name = || ("practice", Said::Text(&practice.public_name));
        let first = self.texts.say(language, "bounce-answer", &[]);
        let open = self.texts.say(language, "bounce-answer-open", &[name()]);
        let call = match practice.telephone.is_empty() {
            true => self.texts.say(language, "bounce-answer-call-known", &[name()]),
            false => {
                let telephone = ("telephone", Said::Text(&practice.telephone));
                self.texts.say(language, "bounce-answer-call", &[name(), telephone])
            }
        };
        format!("{first}\r\n{open}\r\n{call}")
    }
}

/// Names of addresses that nobody reads.
const ROBOTS: &[&str] = &[
    "mailer-daemon",
    "mailerdaemon",
    "postmaster",
    "noreply",
    "no-reply",
    "no_reply",
    "donotreply",
    "do-not-reply",
    "ne-pas-repondre",
    "nepasrepondre",
    "bounce",
    "listserv",
    "majordomo",
];
const A_DAY: Duration = Duration::from_secs(86_400);
/// Answers about one notice in a day: whoever has it could name any writer.
const MOST_OF_A_NOTICE: i64 = 3;
/// How long a node may take for what it claimed before another may.
const LEASE: Duration = Duration::from_secs(600);
/// How long one answer may take to be handed over.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(600);
const MOST_ATTEMPTS: i64 = 5;
/// How much is claimed at once.
const BATCH: i64 = 8;
