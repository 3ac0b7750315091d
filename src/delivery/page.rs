//! Answers that are written on the page of a letter: an ordinary mail in the INBOX of whoever sent it.
//!
//! An answer is sealed to the sender's certificate before anything of it is on a disk. It comes From an address of the
//! practice that stands for the person, so that a reply from any mail client reaches the same person by a link and
//! a code, and nobody asks for the number again ([`super::Route::Person`]). It is a person's own mail: nothing in it
//! says "automatic" (RFC 3834 §5).
//!
//! What is posted after its page has closed is sealed all the same, and waits for a code that is given in the same
//! browser; a day later it is gone. The form names the answer, so that one that is sent twice is one.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::domain::{
    Actor, Address, AuditEvent, BrowserToken, DeliveryId, Fault, FolderRole, MailboxId, MailboxKind, MailboxState,
    MessageId, PatientKind, PracticeId, PracticeProfile, PublicKey, SessionId, SystemFlags, Timestamp, Verb,
};
use crate::mime::{Described, Structure};
use crate::store::authority::EntryShows;
use crate::store::deliveries::DeliveryRow;
use crate::store::deposit::{Deposit, MessageRow, NewEntry, NewObject};
use crate::store::mailboxes::MailboxRow;
use crate::store::replies::{ReplyCopy, ReplyRow};
use crate::texts::Said;
use crate::vault::{Away, Draft, PartPlain, split};

use super::Deliveries;
use super::accept::{SEALING, Shown};
use super::header::{encoded, phrase};
use super::notice::{day, instant, rfc5322_date};
use super::receipt::{answer_to, short};
use super::written::Written;

/// What the page of a letter says about answering it.
#[derive(Debug)]
pub struct Answering {
    /// Why it cannot be answered; `None`: it can.
    pub closed: Option<NoAnswer>,
    /// Whom to call in an emergency, where the practice is.
    pub emergency: &'static [&'static str],
    /// The absence of the practitioner.
    pub away: Option<Absence>,
    /// The answers so far, oldest first.
    pub answers: Vec<Answer>,
}

/// An absence, as the page tells it.
#[derive(Clone)]
pub struct Absence {
    /// What the practitioner says; may be empty.
    pub text: String,
    /// When it ends.
    pub until: Timestamp,
}

/// Words of a person.
impl std::fmt::Debug for Absence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Absence(until {})", self.until.0)
    }
}

/// One answer, as the page tells it.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// When it was sent.
    pub at: Timestamp,
    /// How many files came with it.
    pub files: i64,
    /// It waits for a code.
    pub waits: bool,
}

/// Why a letter cannot be answered on its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// Nobody reads answers there.
    Off,
    /// The days in which it could be are over.
    Over,
    /// The mailbox is full.
    Full,
    /// There have been too many in a day.
    Enough,
    /// The letter itself is gone: expired, recalled, closed.
    Gone,
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// It lies in INBOX.
    Delivered,
    /// It is sealed, and waits for a code.
    Waits,
}

/// Why an answer is not taken.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The page says why.
    #[error("the letter cannot be answered")]
    Refused(NoAnswer),
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A delivery, and whoever reads the answers to it.
struct Asked {
    row: DeliveryRow,
    mailbox: MailboxRow,
    practice: PracticeProfile,
    away: Option<Away>,
    closed: Option<NoAnswer>,
    answers: Vec<ReplyRow>,
}

impl Deliveries {
    /// What a letter's page says about answering it.
    ///
    /// # Errors
    /// A [`Fault`] of the store, or of a row that is not what it should be.
    pub async fn answering(&self, delivery: DeliveryId) -> Result<Answering, Fault> {
        let asked = self.asked(delivery, self.clock.now()).await?.ok_or(Fault::new("an answered delivery is gone"))?;
        let answer = |row: &ReplyRow| Answer {
            at: row.delivered_at.unwrap_or(row.created_at),
            files: row.files,
            waits: row.delivered_at.is_none(),
        };
        Ok(Answering {
            closed: asked.closed,
            emergency: emergency(&asked.practice.region),
            away: asked.away.map(|away| Absence { text: away.text, until: away.until }),
            answers: asked.answers.iter().map(answer).collect(),
        })
    }

    /// The same of a letter that leaves now.
    pub(super) async fn answering_now(
        &self,
        mailbox: &MailboxRow,
        practice: &PracticeProfile,
        now: Timestamp,
    ) -> Result<Answering, Fault> {
        let settings = self.store.answer_settings(mailbox.id).await?;
        let away = settings.away.as_ref().map(|sealed| self.vault.open_away(mailbox.id, sealed)).transpose()?;
        let away = away.filter(|away| away.until > now);
        let days = settings.days.unwrap_or(usual_days(mailbox.kind));
        Ok(Answering {
            closed: (days == 0).then_some(NoAnswer::Off),
            emergency: emergency(&practice.region),
            away: away.map(|away| Absence { text: away.text, until: away.until }),
            answers: Vec::new(),
        })
    }

    /// What became of an answer that was taken before; `None` for one that is new.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn answer_taken(&self, draft: &Draft) -> Result<Option<Answered>, Fault> {
        let row = self.store.reply(draft.reply).await?;
        Ok(row.map(|row| if row.delivered_at.is_some() { Answered::Delivered } else { Answered::Waits }))
    }

    /// Takes an answer: into INBOX where its page is open, else sealed, to wait for a code in the same browser. The
    /// same answer once more changes nothing.
    ///
    /// # Errors
    /// [`AnswerError::Refused`]: nothing is kept of it.
    pub async fn take_answer(
        &self,
        draft: &Draft,
        browser: &BrowserToken,
        session: Option<SessionId>,
        written: Written,
    ) -> Result<Answered, AnswerError> {
        if let Some(before) = self.answer_taken(draft).await? {
            return Ok(before);
        }
        let now = self.clock.now();
        // A restore may have brought back a state of before the letter.
        let Some(asked) = self.asked(draft.delivery, now).await? else {
            return Err(AnswerError::Refused(NoAnswer::Gone));
        };
        if let Some(closed) = asked.closed {
            return Err(AnswerError::Refused(closed));
        }
        let browser = self.vault.browser_hash(browser);
        if session.is_none() && asked.answers.iter().filter(|row| row.delivered_at.is_none()).count() >= MOST_WAITING {
            return Err(AnswerError::Refused(NoAnswer::Enough));
        }
        let row = ReplyRow {
            id: draft.reply,
            delivery: asked.row.id,
            browser,
            files: i64::try_from(written.files()).unwrap_or(i64::MAX),
            created_at: now,
            delivered_at: session.map(|_| now),
        };
        let readers = self.readers(&asked).await?;
        let (header, below) = self.answer_header(&asked, draft, now).await?;
        // Sealing megabytes would hold up the other connections of this thread.
        let (this, practice, mailbox, id) = (self.clone(), asked.row.practice, asked.mailbox.id, draft.reply);
        let (summarised, size) = (session.is_some(), written.size());
        let work = move || {
            let octets = written.message(&header, &below);
            this.sealed_answer((id, practice, mailbox), &readers, summarised, octets, now)
        };
        // As for any large message: beside what it takes itself.
        let kibibytes = u32::try_from(size / 512).unwrap_or(u32::MAX).min(SEALING);
        let _room = self.sealing.acquire_many(kibibytes).await.map_err(|_| Fault::new("sealing is over"))?;
        let sealed =
            tokio::task::spawn_blocking(work).await.map_err(|_| Fault::new("sealing an answer ended early"))?;
        let answered = self.store_answer(&asked, row, session, sealed?, now).await?;
        tracing::info!(delivery = %asked.row.id, message = %id, waits = session.is_none(), "an answer was sealed");
        Ok(answered)
    }

    /// Brings the answers that waited for this browser's code into INBOX; how many.
    ///
    /// # Errors
    /// A [`Fault`] when they cannot be listed. One that cannot be brought is logged, and found by the next code.
    pub async fn deliver_waiting(
        &self,
        delivery: DeliveryId,
        browser: &BrowserToken,
        session: SessionId,
    ) -> Result<usize, Fault> {
        let browsers = self.vault.browser_hashes(browser);
        let mut delivered = 0;
        for reply in self.store.replies(delivery).await? {
            if reply.delivered_at.is_some() || !browsers.contains(&reply.browser) {
                continue;
            }
            // One that cannot be brought keeps no other.
            match self.bring(delivery, &reply, session).await {
                Ok(brought) => delivered += usize::from(brought),
                Err(fault) => tracing::error!(%delivery, %fault, "an answer that waited could not be delivered"),
            }
        }
        Ok(delivered)
    }

    async fn bring(&self, delivery: DeliveryId, reply: &ReplyRow, session: SessionId) -> Result<bool, Fault> {
        let now = self.clock.now();
        let row = self.store.delivery(delivery).await?.ok_or(Fault::new("an answered delivery is gone"))?;
        let message = self.store.message(reply.id).await?.ok_or(Fault::new("an answer's message is gone"))?;
        let mut entries = Vec::new();
        for copy in self.store.reply_copies(reply.id).await? {
            entries.push(self.entry_of(copy, reply.id, now)?);
        }
        let mut tx = self.store.write("deliver answer").await?;
        if !tx.deliver_reply(reply.id, now).await? {
            return Ok(false);
        }
        tx.show_message(message, entries).await?;
        tx.add_flags(row.mailbox, row.message, SystemFlags::ANSWERED.0, now).await?;
        tx.commit(deposited(&row, reply.id, Actor::Session(session), now).counting(reply.files)).await?;
        Ok(true)
    }

    /// Until when an answer of this browser waits for a code.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn waits_until(&self, delivery: DeliveryId, browser: &BrowserToken) -> Result<Option<Timestamp>, Fault> {
        let browsers = self.vault.browser_hashes(browser);
        let rows = self.store.replies(delivery).await?;
        let waiting = rows.iter().filter(|row| row.delivered_at.is_none() && browsers.contains(&row.browser));
        Ok(waiting.map(|row| row.created_at.plus(WAITS)).min())
    }

    /// Drops the answers that nobody gave a code for in a day; how many.
    pub(super) async fn drop_stale_answers(&self, now: Timestamp) -> Result<usize, Fault> {
        let stale = self.store.stale_replies(now.minus(WAITS), 100).await?;
        for id in &stale {
            let mut tx = self.store.write("drop answer").await?;
            let Some(gone) = tx.drop_reply(*id).await? else { continue };
            tx.commit(AuditEvent::new(now, Actor::Server, Verb::AnswerDropped).about_message(*id)).await?;
            self.store.delete_objects(&gone).await;
        }
        Ok(stale.len())
    }

    /// A delivery with whoever reads the answers to it, and whether it can be answered now; `None`: there is none.
    async fn asked(&self, delivery: DeliveryId, now: Timestamp) -> Result<Option<Asked>, Fault> {
        let Some(row) = self.store.delivery(delivery).await? else { return Ok(None) };
        if !self.vault.holds(&row, &row.mac) {
            tracing::error!(delivery = %row.id, "a row without authority was not used: the database was changed by somebody else");
            return Err(Fault::new("a delivery's row has lost its authority"));
        }
        let mailbox = self.store.mailbox(row.mailbox).await?.ok_or(Fault::new("an answer's mailbox is gone"))?;
        let settings = self.store.answer_settings(mailbox.id).await?;
        let away = settings.away.as_ref().map(|sealed| self.vault.open_away(mailbox.id, sealed)).transpose()?;
        let answers = self.store.replies(delivery).await?;
        let usage = self.store.room(mailbox.id).await?.usage;
        let days = settings.days.unwrap_or(usual_days(mailbox.kind));
        let today = answers.iter().filter(|row| now.since(row.created_at) < WAITS).count();
        let open_for = Duration::from_secs(u64::try_from(days).unwrap_or(0).saturating_mul(86_400));
        let closed = if !row.state.is_open() || row.suspended_at.is_some() || row.expires_at <= now {
            Some(NoAnswer::Gone)
        } else if days == 0 || mailbox.state != MailboxState::Active {
            Some(NoAnswer::Off)
        } else if row.created_at.plus(open_for) <= now {
            Some(NoAnswer::Over)
        } else if usage.quota > 0 && usage.used >= usage.quota.saturating_add(usage.quota / 10) {
            Some(NoAnswer::Full)
        } else if today >= MOST_A_DAY {
            Some(NoAnswer::Enough)
        } else {
            None
        };
        let practice = self.profile(row.practice).await?;
        let away = away.filter(|away| away.until > now);
        Ok(Some(Asked { row, mailbox, practice, away, closed, answers }))
    }

    /// Whose INBOX an answer comes into: the sender's, and meanwhile the deputy's.
    async fn readers(&self, asked: &Asked) -> Result<Vec<(MailboxId, PublicKey)>, Fault> {
        let mut readers = vec![(asked.mailbox.id, self.authentic_certificate(&asked.mailbox)?)];
        if let Some(deputy) = asked.away.as_ref().and_then(|away| away.deputy.as_ref())
            && let Some(row) = self.store.mailbox_at(deputy).await?
            && row.practice == asked.row.practice
            && row.state == MailboxState::Active
            && row.id != asked.mailbox.id
        {
            readers.push((row.id, self.authentic_certificate(&row)?));
        }
        Ok(readers)
    }

    /// The header of an answer up to its type, and what stands under its text.
    async fn answer_header(&self, asked: &Asked, draft: &Draft, now: Timestamp) -> Result<(String, String), Fault> {
        let (row, practice) = (&asked.row, &asked.practice);
        let language = practice.language;
        let say = |key: &str, args: &[(&str, Said<'_>)]| self.texts.say(language, key, args);
        let to: Address = asked.mailbox.address.parse().map_err(|_| Fault::new("a mailbox row holds no address"))?;
        let sealed = row.coordinates.as_ref().ok_or(Fault::new("a delivery has no coordinates any more"))?;
        let reached = self.vault.open_coordinates(row.id, sealed)?;
        let address = reached.address.reveal();
        let named = self.person_named(row, &reached.address, &draft.name).await?;
        let name = match &named {
            (name, Some(PatientKind::Patient)) => say("answer-from-patient", &[("name", Said::Text(name))]),
            (name, Some(PatientKind::Carer)) => say("answer-from-carer", &[("name", Said::Text(name))]),
            (name, _) => name.clone(),
        };
        let from = self.person_address(row, to.domain().as_str()).await?;
        let thread = self.vault.open_thread(row.id, &row.thread)?;
        let about = say(
            "receipt-about",
            &[("date", Said::Text(&day(&self.texts, row.created_at, &practice.timezone, language)))],
        );
        let subject = answer_to(if draft.subject.trim().is_empty() { &about } else { &draft.subject });
        let references = thread.references.iter().chain([&thread.message_id]).map(String::as_str).collect::<Vec<_>>();
        let mut header = format!(
            "Date: {}\r\nFrom: {} <{}>\r\nTo: {} <{}>\r\n{}Message-ID: <reply.{}@{}>\r\nIn-Reply-To: {}\r\nReferences: {}\r\n",
            rfc5322_date(now, &practice.timezone),
            phrase(&name),
            from.reveal(),
            phrase(&asked.mailbox.name),
            to.reveal(),
            encoded("Subject", short(&subject)),
            draft.reply,
            self.settings.hostname,
            thread.message_id,
            references.join("\r\n "),
        );
        if !thread.thread_index.is_empty() && thread.thread_index.is_ascii() {
            header.push_str(&format!("Thread-Index: {}\r\n", thread.thread_index));
        }
        let when = instant(&self.texts, now, &practice.timezone, language);
        let digits = reached.number.reveal();
        let two = digits.get(digits.len().saturating_sub(2)..).unwrap_or_default();
        let who = say(
            "answer-below-who",
            &[("address", Said::Text(&address)), ("when", Said::Text(&when)), ("two", Said::Text(two))],
        );
        // RFC 3676 §4.3: what is below is not the patient's.
        Ok((header, format!("-- \r\n{who}\r\n{}", say("answer-below-how", &[]))))
    }

    /// What a person outside is called, and who that is to the practice where the directory knows: the directory's
    /// name, else the one that the practitioner typed, else the address.
    async fn person_named(
        &self,
        row: &DeliveryRow,
        address: &Address,
        typed: &str,
    ) -> Result<(String, Option<PatientKind>), Fault> {
        let person = match row.patient {
            Some(id) => self.store.patient(id).await?.filter(|person| person.practice == row.practice),
            None => None,
        };
        let mut kind = None;
        if let Some(person) = &person {
            let record = self.vault.open_person(person.id, person.version, &person.record)?;
            kind = Some(person.kind);
            if !record.name.0.trim().is_empty() {
                return Ok((record.name.0.trim().to_owned(), kind));
            }
        }
        let name = if typed.trim().is_empty() { address.reveal() } else { typed.trim().to_owned() };
        Ok((name, kind))
    }

    /// The address that stands for a person: of the first letter to the same address and number, so that it stays the
    /// same for good.
    async fn person_address(&self, row: &DeliveryRow, domain: &str) -> Result<Address, Fault> {
        let reaches = |row: &DeliveryRow| {
            let sealed = row.coordinates.as_ref().filter(|_| self.vault.holds(row, &row.mac))?;
            self.vault.open_coordinates(row.id, sealed).ok().map(|reached| (reached.address, reached.number))
        };
        let first = match self.store.first_delivery(row.id).await? {
            Some(id) => self.store.delivery(id).await?,
            None => None,
        };
        // The hashes only find; what is sealed decides.
        let first = first.filter(|first| first.practice == row.practice && reaches(first) == reaches(row));
        let token = self.vault.person_token(first.map_or(row.id, |first| first.id));
        format!("{PERSON}{}@{domain}", token.written()).parse().map_err(|_| Fault::new("an address cannot be made"))
    }

    /// Seals an answer: the message, and an entry of each reader.
    fn sealed_answer(
        &self,
        (id, practice, mailbox): (MessageId, PracticeId, MailboxId),
        readers: &[(MailboxId, PublicKey)],
        summarised: bool,
        octets: Zeroizing<Vec<u8>>,
        now: Timestamp,
    ) -> Result<Deposit, Fault> {
        let structure = Structure::read(&octets);
        let large = split::cuts(&octets, structure.leaves(), split::LARGE);
        let large = large.ok_or(Fault::new("an answer is no message"))?;
        // What waits is described by the session that finds it: its key of the hour may be gone by then.
        let described =
            if summarised { Described::read(&octets, &structure) } else { Described { summary: None, words: None } };
        let head = split::head(&[], &octets, 0, &large);
        let size = octets.len();
        drop(octets);
        let parts: Vec<PartPlain> = large.into_iter().map(|cut| cut.part).collect();
        let sealed = self.vault.seal_message(id, vec![head], parts, self.random.as_ref())?;
        let head = sealed.heads.into_iter().next().ok_or(Fault::new("a head was not sealed"))?;
        let shown = Shown { message: id, head: &head, size, described: &described };
        let (mut entries, mut keys) = (Vec::new(), Vec::new());
        for (mailbox, certificate) in readers {
            let (entry, key) = self.entry(&shown, (*mailbox, certificate), FolderRole::Inbox, now)?;
            entries.push(entry);
            keys.push(key);
        }
        keys.retain(|_| summarised);
        let objects = sealed.parts.into_iter().chain([(head.object, head.container)]);
        Ok(Deposit {
            message: MessageRow {
                id,
                practice,
                mailbox,
                size: i64::try_from(size).unwrap_or(i64::MAX),
                created_at: now,
            },
            objects: objects.map(|(id, container)| NewObject { id, container }).collect(),
            entries,
            deliveries: Vec::new(),
            held: Vec::new(),
            signatures: Vec::new(),
            keys: keys.iter().map(|key| self.key_row(key)).collect(),
            event: AuditEvent::new(now, Actor::Server, Verb::AnswerDeposited).about_message(id),
        })
    }

    /// Writes an answer with its row; the second of two at once finds the first.
    async fn store_answer(
        &self,
        asked: &Asked,
        row: ReplyRow,
        session: Option<SessionId>,
        mut deposit: Deposit,
        now: Timestamp,
    ) -> Result<Answered, AnswerError> {
        let objects = self.store.put_objects(std::mem::take(&mut deposit.objects)).await?;
        let copies = if session.is_none() { std::mem::take(&mut deposit.entries) } else { Vec::new() };
        let stored: Vec<_> = objects.iter().filter_map(crate::store::deposit::ObjectRow::stored).collect();
        let mut tx = self.store.write("take answer").await?;
        if !tx.insert_reply(&row).await? {
            drop(tx);
            self.store.delete_objects(&stored).await;
            let before = self.store.reply(row.id).await?.ok_or(Fault::new("an answer is there, and is not"))?;
            return Ok(if before.delivered_at.is_some() { Answered::Delivered } else { Answered::Waits });
        }
        tx.insert_put_deposit(deposit, objects).await?;
        for entry in copies {
            let copy = ReplyCopy {
                id: entry.id,
                mailbox: entry.mailbox,
                head: entry.head,
                esk: entry.esk,
                size: entry.size,
                mac: entry.mac,
            };
            tx.insert_reply_copy(row.id, &copy).await?;
        }
        let (event, answered) = match session {
            Some(session) => {
                tx.add_flags(asked.row.mailbox, asked.row.message, SystemFlags::ANSWERED.0, now).await?;
                (deposited(&asked.row, row.id, Actor::Session(session), now), Answered::Delivered)
            }
            None => {
                let event = AuditEvent::new(now, Actor::LinkHolder(asked.row.id), Verb::AnswerKept);
                (event.about_practice(asked.row.practice).about_delivery(asked.row.id), Answered::Waits)
            }
        };
        // Those of other tabs too, one after the other. Last: whoever locks a delivery has its mailbox already.
        let (today, waiting) = tx.count_replies(row.delivery, now.minus(WAITS)).await?;
        if today > MOST_A_DAY || (session.is_none() && waiting > MOST_WAITING) {
            drop(tx);
            self.store.delete_objects(&stored).await;
            return Err(AnswerError::Refused(NoAnswer::Enough));
        }
        tx.commit(event.counting(row.files)).await?;
        Ok(answered)
    }

    /// The entry that was to be, where its row has authority.
    fn entry_of(&self, copy: ReplyCopy, message: MessageId, now: Timestamp) -> Result<NewEntry, Fault> {
        let shows = EntryShows { entry: copy.id, mailbox: copy.mailbox, message, head: copy.head };
        if !self.vault.holds(&shows, &copy.mac) {
            tracing::error!(%message, "a row without authority was not used: the database was changed by somebody else");
            return Err(Fault::new("a waiting answer's row has lost its authority"));
        }
        Ok(NewEntry {
            id: copy.id,
            mailbox: copy.mailbox,
            folder: FolderRole::Inbox,
            head: copy.head,
            esk: copy.esk,
            flags: 0,
            size: copy.size,
            received_at: now,
            visible_at: now,
            message_id: None,
            server_copy: false,
            summary: None,
            counted: true,
            // Under the root key that is in use now.
            mac: self.vault.mark(&shows),
        })
    }
}

fn deposited(row: &DeliveryRow, message: MessageId, by: Actor, now: Timestamp) -> AuditEvent {
    AuditEvent::new(now, by, Verb::AnswerDeposited)
        .about_practice(row.practice)
        .about_mailbox(row.mailbox)
        .about_message(message)
        .about_delivery(row.id)
}

/// Whom to call in an emergency: what people there learn first, then the number of all Europe.
fn emergency(region: &str) -> &'static [&'static str] {
    match region.to_ascii_uppercase().as_str() {
        "FR" | "GP" | "MQ" | "GF" | "RE" | "YT" | "PM" | "BL" | "MF" | "PF" | "NC" | "WF" => &["15", "112"],
        "MC" => &["18", "112"],
        "CH" | "LI" => &["144", "112"],
        "GB" | "IE" => &["999", "112"],
        "RU" => &["103", "112"],
        "US" | "CA" => &["911"],
        _ => &["112"],
    }
}

/// For how many days letters may be answered, where the mailbox says nothing.
fn usual_days(kind: MailboxKind) -> i64 {
    match kind {
        MailboxKind::Personal | MailboxKind::Organisation => USUAL_DAYS,
        MailboxKind::Application => 0,
    }
}

/// What the local part of a person's address begins with.
pub(super) const PERSON: &str = "pli+";
const USUAL_DAYS: i64 = 30;
/// How long an answer waits for a code.
const WAITS: Duration = Duration::from_secs(86_400);
/// Answers to one letter that wait at once.
const MOST_WAITING: usize = 3;
/// Answers to one letter in a day.
const MOST_A_DAY: usize = 20;
