//! End of DATA: check, settle, seal, and deposit in one transaction. A 250 names the QueueId that only this returns.
//!
//! The sender's head is the octets as submitted; the recipients' head is the same less what §5 of the design
//! removes, written only when something was removed. Two outside recipients get one head each, without the
//! other's address. Nothing here touches a body, so body signatures verify in every head.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use mail_parser::{Message, MessageParser};

use crate::domain::{
    Actor, Address, AuditEvent, DeliveryId, DeliveryState, DsnRequest, EntryId, Fault, FolderRole, KeyedHash,
    MailboxId, MailboxKind, MessageId, ObjectId, PersonName, PhoneNumber, PracticeProfile, PublicKey, QueueId,
    RawMessage, Sealed, Sender, SentCopy, SystemFlags, Timestamp, Verb,
};
use crate::mime::{Answer, Described, Structure, answer};
use crate::store::authority::EntryOf;
use crate::store::deliveries::DeliveryRow;
use crate::store::deposit::{Deposit, MessageRow, NewEntry, NewObject, NewWork};
use crate::store::summaries::{DepositKeyRow, NewSummary};
use crate::texts::Said;
use crate::vault::{DepositKey, PartPlain, ReportAsked, SealedHead, SessionKey, SummaryOf, Thread, split};

use super::author::{authors, display_name, is_automatic, is_encrypted, is_urgent, thread_of};
use super::header::Header;
use super::heads::{self, Plan};
use super::hold::{About, GIVE_UP, Occasion, Owner};
use super::preview::Preview;
use super::receipt::{Place, short};
use super::report::{Action, Report, Reported};
use super::resolve::{Doubt, Given, Resolved, Whose, refusal};
use super::{Deliveries, Refused, Route, mdn, number};

/// A message with its envelope, as the door hands it over.
pub struct Submission {
    /// Who submits.
    pub sender: Sender,
    /// The forward-paths that were accepted at RCPT, without doubles.
    pub recipients: Vec<Address>,
    /// What the sender asks to hear of it (RFC 3461).
    pub dsn: DsnRequest,
    /// How it came, for the log: `ESMTPSA (TLSv1.3)` (RFC 3848).
    pub transport: String,
    /// The octets.
    pub message: RawMessage,
}

/// Why a submission is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// What the sender can mend.
    #[error("refused")]
    Refused(Refused),
    /// Ours: 4xx when it may pass, else 5xx; the text says nothing of it.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Where a submission goes, settled before anything is sealed.
pub(super) struct Settled {
    pub(super) sender: Sender,
    pub(super) sender_name: String,
    pub(super) certificate: PublicKey,
    /// Who keeps the sender's copy.
    pub(super) sent: SentCopy,
    pub(super) profile: PracticeProfile,
    pub(super) local: Vec<Local>,
    pub(super) dsn: DsnRequest,
    /// Whether a receipt of reading is asked for.
    pub(super) mdn: bool,
    /// For how many days letters outside are kept, where the sender says so.
    pub(super) days: Option<u16>,
    /// Whether its sender says that it is urgent.
    pub(super) urgent: bool,
    pub(super) outside: Vec<Outside>,
    /// Every outside address of the message, also those in To and Cc alone; numbers; the service address.
    pub(super) hidden: Vec<Address>,
    /// Addresses that stand for a person, and the person's own.
    pub(super) renamed: Vec<(Address, Address)>,
    /// What it says, where it went to the service address.
    pub(super) answer: Option<Answer>,
    /// Keyed hashes of numbers that its writer put into it.
    pub(super) signatures: Vec<KeyedHash>,
    /// What it would look like, where that is all that is wanted.
    pub(super) preview: Option<Preview>,
}

/// The recipients outside, as the envelope names them.
struct Named<'a> {
    addresses: &'a [&'a Address],
    /// By the address that stands for whoever a delivery reached.
    persons: &'a [(&'a Address, DeliveryId)],
    numbers: &'a [PhoneNumber],
}

/// A recipient outside.
pub(super) struct Outside {
    pub(super) address: Address,
    /// As To or Cc name them.
    pub(super) name: PersonName,
    /// The number, or why it is asked for.
    pub(super) settled: Result<Resolved, Doubt>,
}

/// A recipient with a mailbox of this server.
pub(super) struct Local {
    mailbox: MailboxId,
    certificate: PublicKey,
    address: Address,
}

impl Deliveries {
    /// Accepts a submission: everything is durable when this returns.
    ///
    /// # Errors
    /// [`AcceptError::Refused`] carries the sentence for the sender; nothing was sent to anybody then.
    pub async fn accept(&self, submission: Submission) -> Result<QueueId, AcceptError> {
        let now = self.clock.now();
        let settled = self.settle(&submission).await?;
        // First, so that what is told to have been heard was; the same answer once more changes nothing.
        if let Some(answer) = &settled.answer {
            self.hear(&settled.sender, answer).await?;
        }
        let submission_transport = submission.transport;
        let queue = QueueId::random(self.random.as_ref());
        let (language, allowances) = (settled.profile.language, self.allowances(&settled.sender));
        let id = MessageId::random(self.random.as_ref());
        let (deposits, keys) = self.sealed_apart(settled, submission.message, (id, queue), now).await?;
        let told = deposits.first().map(|deposit| (deposit.message.id, deposit.deliveries.len(), deposit.held.len()));
        let (message, outside, held) = told.ok_or(Fault::new("a submission leaves nothing behind"))?;
        if let Err(over) = self.store.submit(deposits, allowances, now).await? {
            return Err(AcceptError::Refused(self.over(language, over)));
        }
        keys.iter().for_each(|key| key.stored());
        if outside > 0 {
            self.wake.notify_one();
        }
        tracing::info!(%queue, %message, outside, held, transport = submission_transport, "message accepted and sealed");
        Ok(queue)
    }

    /// What [`Deliveries::sealed`] makes, away from the connections where it is large.
    pub(super) async fn sealed_apart(
        &self,
        settled: Settled,
        message: RawMessage,
        ids: (MessageId, QueueId),
        now: Timestamp,
    ) -> Result<(Vec<Deposit>, Vec<Arc<DepositKey>>), Fault> {
        if message.len() <= INLINE_WORK {
            return self.sealed(&settled, &message, ids, now);
        }
        // Sealing megabytes would hold up the other connections of this thread.
        let this = self.clone();
        // Given back when the message itself is gone: what is left of it is sealed, and no larger.
        let kibibytes = u32::try_from(message.len() / 512).unwrap_or(u32::MAX).min(SEALING);
        let _room = self.sealing.acquire_many(kibibytes).await.map_err(|_| Fault::new("sealing is over"))?;
        let job = move || this.sealed(&settled, &message, ids, now);
        tokio::task::spawn_blocking(job).await.map_err(|_| Fault::new("sealing a message ended early"))?
    }

    /// Reads the header, checks the sender, routes every recipient and settles the numbers.
    async fn settle(&self, submission: &Submission) -> Result<Settled, AcceptError> {
        let (sender, octets) = (&submission.sender, submission.message.reveal());
        let profile = self.profile(sender.practice).await?;
        let refuse = |code, enhanced, id: &str| {
            let address = sender.address.reveal();
            let text = self.texts.say(profile.language, id, &[("address", Said::Text(&address))]);
            AcceptError::Refused(Refused::new(code, enhanced, &text))
        };
        let header = Header::read(octets);
        if header.is_empty() {
            return Err(refuse(554, "5.6.0", "refused-no-header"));
        }
        let Some(authors) = authors(&header, octets) else { return Err(refuse(553, "5.7.1", "refused-from")) };
        for author in &authors {
            if !self.writes_as(sender, author).await? {
                return Err(refuse(553, "5.7.1", "refused-from"));
            }
        }
        let mut local = Vec::new();
        let mut numbers: Vec<PhoneNumber> = Vec::new();
        let mut hidden: Vec<Address> = Vec::new();
        let mut outside: Vec<&Address> = Vec::new();
        let mut answers = false;
        let mut persons: Vec<(&Address, DeliveryId)> = Vec::new();
        let mut preview = false;
        for to in &submission.recipients {
            let reached = self.reach(sender, to).await?.map_err(AcceptError::Refused)?;
            match reached.route {
                Route::Local(id) => {
                    let row = reached.mailbox.ok_or(Fault::new("a local route has no mailbox"))?;
                    let certificate = self.authentic_certificate(&row)?;
                    local.push(Local { mailbox: id, certificate, address: to.clone() });
                }
                Route::Number(number) => {
                    numbers.push(number);
                    hidden.push(to.clone());
                }
                Route::Service => {
                    answers = true;
                    hidden.push(to.clone());
                }
                Route::Person(delivery) => persons.push((to, delivery)),
                Route::Preview(alone) if submission.recipients.len() > 1 => return Err(AcceptError::Refused(alone)),
                Route::Preview(_) => preview = true,
                Route::Outside => outside.push(to),
            }
        }
        // A preview is refused what the letter would be.
        let many = outside.len() + persons.len() + usize::from(preview);
        let parsed = MessageParser::default().parse_headers(octets);
        let subject = parsed.as_ref().and_then(|parsed| parsed.subject()).unwrap_or_default();
        let days = match number::days(&number::day_fields(&header), subject) {
            Some(None) if many > 0 => return Err(refuse(554, "5.6.0", "refused-days")),
            asked => asked.flatten(),
        };
        if local.is_empty() && many == 0 && !answers {
            return Err(refuse(554, "5.5.1", "refused-only-number"));
        }
        if many > 0 && is_encrypted(octets) {
            return Err(refuse(554, "5.6.0", "refused-encrypted"));
        }
        // An absence or a receipt of a mail client is no letter, and costs a code (RFC 3834 §2).
        if !persons.is_empty() && is_automatic(&header) {
            return Err(refuse(554, "5.7.1", "refused-automatic"));
        }
        if many > MOST_OUTSIDE {
            return Err(refuse(554, "5.5.3", "refused-too-many"));
        }
        let named = Named { addresses: &outside, persons: &persons, numbers: &numbers };
        let (outside, renamed) =
            self.resolve_all(sender, &profile, (&header, parsed.as_ref()), &named, &mut hidden).await?;
        let signatures = match answers || preview || sender.kind == MailboxKind::Application {
            true => Vec::new(),
            false => self.signatures(sender, &profile, octets, &outside),
        };
        let mailbox = self.store.mailbox(sender.mailbox).await?.ok_or(Fault::new("a sender's mailbox is gone"))?;
        let preview = match preview {
            true => Some(self.preview(sender, (&profile, &mailbox), (&header, subject), days).await?),
            false => None,
        };
        Ok(Settled {
            sender: sender.clone(),
            certificate: self.authentic_certificate(&mailbox)?,
            sent: mailbox.sent,
            sender_name: mailbox.name,
            profile,
            local,
            dsn: submission.dsn.clone(),
            mdn: mdn::asks(&header, &sender.address, &authors),
            days,
            urgent: is_urgent(&header, subject),
            outside,
            hidden,
            renamed,
            answer: answers.then(|| Answer::read(octets)),
            signatures,
            preview,
        })
    }

    /// The numbers that a writer put into a message beside those of its recipients: what is in two messages is a
    /// signature's, and no answer to anything (R-B5).
    fn signatures(
        &self,
        sender: &Sender,
        profile: &PracticeProfile,
        octets: &[u8],
        outside: &[Outside],
    ) -> Vec<KeyedHash> {
        let given = |number: &PhoneNumber| {
            let settled = outside.iter().filter_map(|one| one.settled.as_ref().ok());
            settled.into_iter().any(|one| one.coordinates.number == *number)
        };
        let mut numbers: Vec<PhoneNumber> = Vec::new();
        for text in answer::own_numbers(octets) {
            match self.read_number(profile, &text) {
                Ok(number) if !given(&number) && !numbers.contains(&number) => numbers.push(number),
                _ => {}
            }
        }
        numbers.iter().map(|number| self.vault.number_hash(sender.practice, number)).collect()
    }

    async fn resolve_all(
        &self,
        sender: &Sender,
        profile: &PracticeProfile,
        (header, parsed): (&Header<'_>, Option<&Message<'_>>),
        to: &Named<'_>,
        hidden: &mut Vec<Address>,
    ) -> Result<(Vec<Outside>, Vec<(Address, Address)>), AcceptError> {
        let subject = parsed.and_then(|m| m.subject()).unwrap_or_default();
        let mut fields = header.values("x-pli-phone");
        fields.extend(header.values("zivver-access-right"));
        let numbers_of_header = number::header_numbers(&fields);
        let given = Given {
            subject,
            header: &numbers_of_header,
            envelope: to.numbers,
            outside: to.addresses.len() + to.persons.len(),
        };
        let whose = Whose { practice: sender.practice, profile, mailbox: sender.mailbox };
        let name_of = |to: &Address| PersonName(parsed.and_then(|m| display_name(m, to)).unwrap_or_default());
        let (mut resolved, mut renamed): (Vec<Outside>, _) = (Vec::new(), Vec::new());
        for &to in to.addresses {
            let name = name_of(to);
            let settled = self.resolve(whose, to, &name, &given).await?;
            resolved.push(Outside { address: to.clone(), name, settled });
        }
        for &(service, delivery) in to.persons {
            // What mail clients write there is what the answer said, « (patient) » and all: no name of a directory.
            let name = PersonName::default();
            let (address, settled) = self.resolve_person(whose, delivery, &name, &given).await?;
            renamed.push((service.clone(), address.clone()));
            // Written to by both addresses at once, it is one person.
            if !resolved.iter().any(|other| other.address == address) {
                resolved.push(Outside { address, name, settled });
            }
        }
        let doubts = resolved.iter().filter_map(|one| Some((one.address.reveal(), one.settled.as_ref().err()?.reason)));
        let said = |(address, reason): (String, _)| {
            self.texts.say(profile.language, refusal(reason), &[("address", Said::Text(&address))])
        };
        let mut held: Vec<String> = doubts.map(said).collect();
        // Software reads no letters: it is told in the dialogue, and nothing leaves.
        if sender.kind == MailboxKind::Application && !held.is_empty() {
            held.insert(0, self.texts.say(profile.language, "held-nothing-left", &[]));
            return Err(AcceptError::Refused(Refused::new(554, "5.1.0", &held.join(" "))));
        }
        if resolved.len() > 1 {
            hidden.extend(resolved.iter().map(|one| one.address.clone()));
        }
        Ok((resolved, renamed))
    }

    /// The deposits of a settled submission: everything that is written, sealed; then the report, if one is asked for.
    fn sealed(
        &self,
        to: &Settled,
        raw: &RawMessage,
        (id, queue): (MessageId, QueueId),
        now: Timestamp,
    ) -> Result<(Vec<Deposit>, Vec<Arc<DepositKey>>), Fault> {
        let octets = raw.reveal();
        let random = self.random.as_ref();
        let header = Header::read(octets);
        let unread = || Fault::new("a message cannot be parsed");
        let parsed = MessageParser::default().parse_headers(octets).ok_or_else(unread)?;
        let subject = parsed.subject().unwrap_or_default().to_owned();
        let thread = thread_of(&parsed, &header, id, &self.settings.hostname);

        let top = heads::top(&header, to, &thread, now);
        let outside: Vec<&Address> = to.outside.iter().map(|one| &one.address).collect();
        let plan =
            Plan::new(&header, octets, (&top, &subject), !to.local.is_empty(), &outside, (&to.hidden, &to.renamed));
        let whole = |at: usize| whole(plan.heads.get(at).map(Vec::as_slice).unwrap_or_default(), octets, header.end);
        // What is described is what a mailbox shows. Each step is done with its copy of a large message before the next
        // makes one.
        let own = to.sent != SentCopy::None || (plan.common == 0 && !to.local.is_empty());
        let structure = Structure::read(octets);
        let described = |at: usize| match whole(at) {
            Cow::Borrowed(octets) => Described::read(octets, &structure),
            Cow::Owned(octets) => Described::of(&octets),
        };
        let own = own.then(|| described(0));
        let theirs = (plan.common != 0 && !to.local.is_empty()).then(|| described(plan.common));
        // What several heads would each repeat is cut out too.
        let large = if to.outside.len() > 1 { SHARED } else { split::LARGE };
        let large = split::cuts(octets, structure.leaves(), large).ok_or_else(unread)?;
        let heads = plan.heads.iter().map(|head| split::head(head, octets, header.end, &large)).collect();
        let parts: Vec<PartPlain> = large.into_iter().map(|cut| cut.part).collect();
        let message = self.vault.seal_message(id, heads, parts, random)?;

        let head = |at: usize| message.heads.get(at).ok_or(Fault::new("a head was not sealed"));
        let (mut entries, mut keys) = (Vec::with_capacity(to.local.len() + 1), Vec::new());
        if let Some(described) = own.as_ref().filter(|_| to.sent != SentCopy::None) {
            let shown = Shown { message: id, head: head(0)?, size: octets.len(), described };
            let mailbox = to.sender.mailbox;
            let (mut copy, key) = self.entry(&shown, (mailbox, &to.certificate), FolderRole::Sent, now)?;
            match to.sent {
                // A client's own copy may take the place of the server's within half a minute.
                SentCopy::Client => {
                    copy.message_id = Some(self.vault.message_id_hash(mailbox, &thread.message_id));
                    copy.visible_at = now.plus(HIDDEN);
                }
                // Nothing takes its place: there is nothing to wait for.
                SentCopy::Server | SentCopy::None => {}
            }
            entries.push(copy);
            keys.push(key);
        }
        if !to.local.is_empty() {
            let described = theirs.as_ref().or(own.as_ref()).ok_or(Fault::new("a head was not described"))?;
            let size =
                plan.heads.get(plan.common).map_or(0, |header_octets| header_octets.len() + octets.len() - header.end);
            let shown = Shown { message: id, head: head(plan.common)?, size, described };
            for Local { mailbox, certificate, .. } in &to.local {
                let (entry, key) = self.entry(&shown, (*mailbox, certificate), FolderRole::Inbox, now)?;
                entries.push(entry);
                keys.push(key);
            }
        }
        keys.retain(|key| !key.is_stored());
        let mut deliveries = Vec::with_capacity(to.outside.len());
        let (mut held, mut letters) = (Vec::new(), Vec::new());
        for (at, one) in to.outside.iter().enumerate() {
            let head = head(plan.outside.get(at).copied().unwrap_or(plan.common))?;
            let row = self.delivery(id, (head.object, &head.key), to, one, &subject, &thread, now)?;
            match &one.settled {
                Ok(_) => {
                    // The first piece of work bears the id that the 250 names.
                    let work = if deliveries.is_empty() { queue } else { QueueId::random(random) };
                    deliveries.push((row, NewWork { id: work, due_at: now }));
                }
                Err(doubt) => {
                    let question = Self::question(&one.address, &one.name, doubt);
                    let hold = self.hold_row(row.id, &question, now)?;
                    let bare = number::without_tags(&subject);
                    let about = About { delivery: row.id, created_at: now, subject: short(&bare), thread: &thread };
                    let others = to.outside.len() + to.local.len() > 1;
                    let occasion = Occasion::Accepted { others };
                    letters.push(self.question_letter(
                        &to.owner(),
                        about,
                        &question,
                        &occasion,
                        row.expires_at,
                        now,
                    )?);
                    held.push((row, hold));
                }
            }
        }
        if let Some(preview) = &to.preview {
            letters.push(self.preview_letter(&to.owner(), preview, (octets, &subject, &thread), now)?);
        }
        // The sender's copy comes first; it is marked from the beginning.
        if let Some(copy) = entries.first_mut().filter(|copy| copy.folder == FolderRole::Sent && !held.is_empty()) {
            copy.flags = SystemFlags(copy.flags).marked(SystemFlags::HELD, true).0;
        }
        // The sender's own head is nobody's where the sender keeps no copy and the recipients have others.
        let of_deliveries = deliveries.iter().map(|(row, _)| row.head).chain(held.iter().map(|(row, _)| row.head));
        let shown: HashSet<ObjectId> = entries.iter().map(|entry| entry.head).chain(of_deliveries).collect();
        let heads = message.heads.into_iter().map(|head| (head.object, head.container));
        // Of an answer whose sender keeps no copy nothing is left.
        let parts = if shown.is_empty() { Vec::new() } else { message.parts };
        let objects = parts
            .into_iter()
            .chain(heads.filter(|(id, _)| shown.contains(id)))
            .map(|(id, container)| NewObject { id, container })
            .collect();
        let report =
            self.delivered_report(to, (&subject, &thread), octets.get(..header.end).unwrap_or_default(), now)?;
        let deposit = Deposit {
            message: MessageRow {
                id,
                practice: to.sender.practice,
                mailbox: to.sender.mailbox,
                size: i64::try_from(octets.len()).unwrap_or(i64::MAX),
                created_at: now,
            },
            objects,
            entries,
            deliveries,
            held,
            signatures: to.signatures.clone(),
            keys: keys.iter().map(|key| self.key_row(key)).collect(),
            event: AuditEvent::new(now, Actor::Device(to.sender.device), Verb::Deposited)
                .about_practice(to.sender.practice)
                .about_mailbox(to.sender.mailbox)
                .about_message(id)
                .counting(i64::try_from(to.local.len() + to.outside.len()).unwrap_or(i64::MAX)),
        };
        Ok((std::iter::once(deposit).chain(letters).chain(report).collect(), keys))
    }

    /// The report of what lies in mailboxes of this server with the same commit, where it is asked for.
    fn delivered_report(
        &self,
        to: &Settled,
        (subject, thread): (&str, &Thread),
        header: &[u8],
        now: Timestamp,
    ) -> Result<Option<Deposit>, Fault> {
        let asked: Vec<_> = to.local.iter().map(|local| (&local.address, to.dsn.of(&local.address))).collect();
        let asked = asked.iter().filter(|(_, asked)| asked.wants_success());
        let recipients: Vec<Reported<'_>> =
            asked.map(|(address, asked)| Reported { address, original: asked.original.as_ref() }).collect();
        if recipients.is_empty() {
            return Ok(None);
        }
        let report = Report {
            action: Action::Delivered,
            recipients: &recipients,
            envelope_id: to.dsn.envelope_id.as_ref(),
            sender: &to.sender.address,
            thread,
            subject,
            header,
            arrived_at: now,
            language: to.profile.language,
            timezone: &to.profile.timezone,
        };
        let place = Place { mailbox: to.sender.mailbox, practice: to.sender.practice, certificate: &to.certificate };
        self.report(&report, &place, now).map(Some)
    }

    /// What the sender asked for with a letter to a recipient outside, sealed; `None` where it is nothing.
    fn report_sealed(&self, id: DeliveryId, to: &Settled, recipient: &Address) -> Result<Option<Sealed>, Fault> {
        let asked = to.dsn.of(recipient);
        let is_named = asked.original.is_some() || to.dsn.envelope_id.is_some();
        if asked.notify.is_none() && !is_named && !to.mdn && !to.urgent && to.days.is_none() {
            return Ok(None);
        }
        let asked = ReportAsked {
            success: asked.wants_success(),
            never: asked.wants_silence(),
            failure: asked.wants_failure(),
            original: asked.original.map(|word| word.reveal().to_owned()),
            envelope_id: to.dsn.envelope_id.as_ref().map(|word| word.reveal().to_owned()),
            mdn: to.mdn,
            days: to.days,
            urgent: to.urgent,
        };
        self.vault.seal_report(id, &asked, self.random.as_ref()).map(Some)
    }

    /// An entry of a mailbox, with its session-key packet, its summary and authority; and the key that the summary
    /// is under.
    pub(super) fn entry(
        &self,
        shown: &Shown<'_>,
        (mailbox, certificate): (MailboxId, &PublicKey),
        folder: FolderRole,
        now: Timestamp,
    ) -> Result<(NewEntry, Arc<DepositKey>), Fault> {
        let (sent, head, random) = (folder == FolderRole::Sent, shown.head, self.random.as_ref());
        let key = self.vault.deposit_key(mailbox, certificate, now, random)?;
        let of = SummaryOf { mailbox, message: shown.message, head: head.object };
        let summary = match &shown.described.summary {
            Some(summary) => {
                let words = shown.described.words.as_ref().map(|words| words.as_slice());
                let sealed = key.key().seal(of, &head.key, summary.octets(), words, random)?;
                Some(NewSummary { key: Some(key.id), summary: sealed.summary, words: sealed.words })
            }
            None => None,
        };
        let mut entry = NewEntry {
            id: EntryId::random(random),
            mailbox,
            folder,
            head: head.object,
            esk: self.vault.esk_for_mailbox(&head.key, certificate)?,
            flags: i64::from(sent),
            size: i64::try_from(shown.size).unwrap_or(i64::MAX),
            received_at: now,
            visible_at: now,
            message_id: None,
            server_copy: sent,
            summary,
            counted: true,
            mac: crate::domain::Mac::pending(),
        };
        entry.mac = self.vault.mark(&EntryOf(&entry, shown.message));
        Ok((entry, key))
    }

    /// The row of a deposit key.
    pub(super) fn key_row(&self, key: &DepositKey) -> DepositKeyRow {
        let mut row = DepositKeyRow {
            id: key.id,
            mailbox: key.mailbox,
            esk: key.esk.clone(),
            mac: crate::domain::Mac::pending(),
            created_at: key.made_at,
        };
        row.mac = self.vault.mark(&row);
        row
    }

    /// For how many days a letter is kept: as its sender says, else its practice, else the server.
    pub(super) fn kept_days(&self, asked: Option<u16>, profile: &PracticeProfile) -> u16 {
        asked.unwrap_or(if profile.days == 0 { self.settings.days } else { profile.days })
    }

    #[expect(clippy::too_many_arguments, reason = "the columns of one row")]
    fn delivery(
        &self,
        message: MessageId,
        head: (ObjectId, &SessionKey),
        to: &Settled,
        one: &Outside,
        subject: &str,
        thread: &Thread,
        now: Timestamp,
    ) -> Result<DeliveryRow, Fault> {
        let random = self.random.as_ref();
        let id = DeliveryId::random(random);
        let ticket = self.vault.new_ticket(random);
        let days = self.kept_days(to.days, &to.profile);
        let resolved = one.settled.as_ref().ok();
        let coordinates = resolved.map(|resolved| self.vault.seal_coordinates(id, &resolved.coordinates, random));
        let (state, kept) = match resolved {
            Some(_) => (DeliveryState::Queued, Duration::from_secs(u64::from(days) * 86_400)),
            None => (DeliveryState::Held, GIVE_UP),
        };
        // Of no number, and found by none.
        let nobodys = || self.vault.hash("no number", Some(to.sender.practice), id.as_bytes());
        let mut row = DeliveryRow {
            id,
            practice: to.sender.practice,
            mailbox: to.sender.mailbox,
            message,
            head: head.0,
            patient: resolved.and_then(|resolved| resolved.patient),
            state,
            failure: None,
            coordinates: coordinates.transpose()?,
            address_hash: self.vault.address_hash(to.sender.practice, &one.address),
            number_hash: resolved.map_or_else(nobodys, |resolved| resolved.number_hash.clone()),
            thread: self.vault.seal_thread(id, thread, random)?,
            subject: Some(self.vault.seal_under_ticket(
                &ticket,
                id,
                short(&number::without_tags(subject)).as_bytes(),
                random,
            )?),
            esk: Some(self.vault.esk_for_ticket(head.1, &ticket, id)?),
            ticket_hash: self.vault.ticket_hash(&ticket),
            ticket: Some(self.vault.seal_ticket(id, &ticket, random)?),
            mac: crate::domain::Mac::pending(),
            tries: 0,
            paused_until: Timestamp(0),
            created_at: now,
            notified_at: None,
            opened_at: None,
            downloaded_at: None,
            ended_at: None,
            expires_at: now.plus(kept),
            report: self.report_sealed(id, to, &one.address)?,
            suspended_at: None,
        };
        row.mac = self.vault.mark(&row);
        Ok(row)
    }
}

impl Settled {
    /// Whose INBOX the questions go to.
    fn owner(&self) -> Owner {
        Owner {
            practice: self.sender.practice,
            profile: self.profile.clone(),
            mailbox: self.sender.mailbox,
            address: self.sender.address.clone(),
            certificate: self.certificate.clone(),
        }
    }
}

/// What an entry shows.
pub(super) struct Shown<'a> {
    pub(super) message: MessageId,
    pub(super) head: &'a SealedHead,
    pub(super) size: usize,
    pub(super) described: &'a Described,
}

/// A message as one head has it; copied only where its header is another.
fn whole<'a>(header: &[u8], octets: &'a [u8], header_end: usize) -> Cow<'a, [u8]> {
    match octets.split_at_checked(header_end) {
        Some((own, body)) if own != header => Cow::Owned([header, body].concat()),
        _ => Cow::Borrowed(octets),
    }
}

/// KiB of memory for sealing large messages: each takes up to twice its own octets besides, where its parts have to be
/// parsed, and as much as it has itself elsewhere.
pub(super) const SEALING: u32 = 64 * 1024;
/// How long the server's copy waits for the client's own before it shows.
const HIDDEN: Duration = Duration::from_secs(30);
/// Outside recipients of one message: each has a head of its own.
const MOST_OUTSIDE: usize = 20;
/// Parts larger than this are cut out where several heads would each hold them ([`split::LARGE`] otherwise).
const SHARED: usize = 2 * 1024;
/// Messages up to this size are sealed on the connection's own thread (octets).
const INLINE_WORK: usize = 256 * 1024;
