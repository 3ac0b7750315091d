//! Receipts: the truth, back in the practitioner's INBOX, sealed to the practitioner's certificate.
//!
//! Two kinds: *opened* and *cannot be delivered*. The first is told at the first opening, and where the mailbox wants to
//! hear all ([`Receipts`]) once more when every file was downloaded: one letter, since the newer takes the place of the
//! older while that is unread (R-C5). The subject is "Re: " and the sender's own, so that every client threads it; it is
//! known only where the message is open (a grant, or a ticket still kept).

use std::ops::Range;

use crate::domain::{
    Actor, Address, AuditEvent, DeliveryState, FailureClass, Fault, FolderRole, Language, MailboxId, MessageId,
    PracticeId, PublicKey, Receipts, Timestamp, Verb,
};
use crate::mime::{Described, Failure};
use crate::store::deliveries::{DeliveryRow, Downloads};
use crate::store::deposit::{Deposit, MessageRow, NewObject};
use crate::store::mailboxes::MailboxRow;
use crate::texts::{Said, Texts};
use crate::vault::{Grant, HeadPlain, ReportAsked};

use super::Deliveries;
use super::accept::Shown;
use super::notice::{Letter, day, instant};
use super::route::SERVICE;

/// Whose INBOX a letter goes to.
pub(super) struct Place<'a> {
    pub(super) mailbox: MailboxId,
    pub(super) practice: PracticeId,
    pub(super) certificate: &'a PublicKey,
}

/// What a receipt says.
pub(super) enum News<'a> {
    /// The message page was shown.
    Opened(Opening),
    /// Nothing reached the recipient, or nothing will any more.
    Failed { class: FailureClass },
    /// The notice came back: what a server said of it.
    Returned { class: FailureClass, failure: &'a Failure },
    /// The notice has not left yet, and is tried until then.
    Late { class: FailureClass, until: Timestamp },
    /// A hundred wrong codes.
    Locked,
}

/// What is told of a letter that was opened.
pub(super) struct Opening {
    /// When it was, for the first time.
    pub(super) at: Timestamp,
    /// How many of its files were downloaded.
    pub(super) downloaded: i64,
    /// How many it has.
    pub(super) files: i64,
    /// When all of them were.
    pub(super) all_at: Option<Timestamp>,
    /// Whether programs are told too, as the sender asked.
    pub(super) mdn: bool,
}

impl Deliveries {
    /// Notes an opening of the message page; the first one deposits a receipt to a sender who wants to hear of it.
    /// `subject` is the letter's own, for "Re: …"; `files` how many files the letter has.
    ///
    /// # Errors
    /// A [`Fault`] of the store: the page must not be shown then, since nobody would be told.
    pub async fn opened(&self, grant: &Grant, subject: &str, files: usize) -> Result<(), Fault> {
        let now = self.clock.now();
        let row = self.store.delivery(grant.delivery()).await?.ok_or(Fault::new("an open delivery is gone"))?;
        // Composed before the transaction: nothing is looked up while it is held.
        let files = i64::try_from(files).unwrap_or(i64::MAX);
        let mdn = self.asked_mdn(&row)?;
        let receipt = match row.opened_at {
            None if mdn || self.store.receipts(row.mailbox).await? != Receipts::None => {
                let opening = Opening { at: now, downloaded: 0, files, all_at: None, mdn };
                Some(self.receipt(&row, subject, &News::Opened(opening), now).await?)
            }
            _ => None,
        };
        let mut tx = self.store.write("open delivery").await?;
        if row.opened_at.is_none() {
            let modseq = tx.touch_mailbox(row.mailbox, now).await?;
            if tx.open_delivery(row.id, now).await? {
                tx.mark_sent(row.mailbox, row.message, modseq).await?;
                if let Some(receipt) = receipt {
                    tx.tell_instead(row.id, row.mailbox, receipt.message.id, modseq).await?;
                    tx.insert_deposit(receipt).await?;
                }
            } else if !matches!(
                tx.delivery_state(row.id).await?,
                Some(DeliveryState::Opened | DeliveryState::Downloaded)
            ) {
                // It ended since its page was asked for, and its sender was told so.
                return Err(Fault::new("a letter was closed while it was opened").transient());
            }
        }
        let event = AuditEvent::new(now, Actor::Session(grant.session()), Verb::Opened)
            .about_practice(row.practice)
            .about_mailbox(row.mailbox)
            .about_message(row.message)
            .about_delivery(row.id);
        tx.commit(event).await?;
        if row.ticket.is_some() {
            self.store.shred_later();
        }
        Ok(())
    }

    /// Notes that file `number` of `of` was given out whole. `subject` is the letter's own.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn downloaded(&self, grant: &Grant, subject: &str, number: usize, of: usize) -> Result<(), Fault> {
        let (number, of) = (i64::try_from(number).unwrap_or(i64::MAX), i64::try_from(of).unwrap_or(i64::MAX));
        self.given_out(grant, subject, number..number.saturating_add(1), of, (Verb::Downloaded, number)).await
    }

    /// Notes that all `of` files were given out whole, as one.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn downloaded_all(&self, grant: &Grant, subject: &str, of: usize) -> Result<(), Fault> {
        let of = i64::try_from(of).unwrap_or(i64::MAX);
        self.given_out(grant, subject, 0..of, of, (Verb::DownloadedAll, of)).await
    }

    async fn given_out(
        &self,
        grant: &Grant,
        subject: &str,
        parts: Range<i64>,
        of: i64,
        (verb, count): (Verb, i64),
    ) -> Result<(), Fault> {
        let now = self.clock.now();
        let row = self.store.delivery(grant.delivery()).await?.ok_or(Fault::new("an open delivery is gone"))?;
        // Composed before the transaction, which alone knows whether this file is the last.
        let receipt = match row.opened_at {
            Some(at) if row.downloaded_at.is_none() && self.store.receipts(row.mailbox).await? == Receipts::All => {
                let opening = Opening { at, downloaded: of, files: of, all_at: Some(now), mdn: false };
                let receipt = self.receipt(&row, subject, &News::Opened(opening), now).await;
                // What was given out is noted all the same.
                let told = |fault: &Fault| tracing::error!(delivery = %row.id, %fault, "its sender could not be told");
                receipt.inspect_err(told).ok()
            }
            _ => None,
        };
        let mut tx = self.store.write("download").await?;
        let mut gone = Vec::new();
        if row.downloaded_at.is_some() {
            tx.download_delivery(row.id, parts, of, now).await?;
        } else {
            let modseq = tx.touch_mailbox(row.mailbox, now).await?;
            if tx.download_delivery(row.id, parts, of, now).await? == Downloads::Complete {
                tx.mark_sent(row.mailbox, row.message, modseq).await?;
                if let Some(receipt) = receipt {
                    // What a program may wait for stays where it is: there is one of it (RFC 8098 §2.1).
                    if !self.asked_mdn(&row)? {
                        gone = tx.tell_instead(row.id, row.mailbox, receipt.message.id, modseq).await?;
                    }
                    tx.insert_deposit(receipt).await?;
                }
            }
        }
        let event = AuditEvent::new(now, Actor::Session(grant.session()), verb)
            .about_delivery(grant.delivery())
            .counting(count);
        tx.commit(event).await?;
        self.store.delete_objects(&gone).await;
        Ok(())
    }

    /// The deposit of a receipt about a delivery; its rows go into the transaction that tells the news.
    pub(super) async fn receipt(
        &self,
        row: &DeliveryRow,
        subject: &str,
        news: &News<'_>,
        now: Timestamp,
    ) -> Result<Deposit, Fault> {
        let mailbox = self.store.mailbox(row.mailbox).await?.ok_or(Fault::new("a receipt's mailbox is gone"))?;
        let certificate = self.authentic_certificate(&mailbox)?;
        let id = MessageId::random(self.random.as_ref());
        let octets = self.letter(row, &mailbox, subject, news, id, now).await?;
        let place = Place { mailbox: mailbox.id, practice: mailbox.practice, certificate: &certificate };
        self.sealed_letter(id, &place, octets, now)
    }

    async fn letter(
        &self,
        row: &DeliveryRow,
        mailbox: &MailboxRow,
        subject: &str,
        news: &News<'_>,
        id: MessageId,
        now: Timestamp,
    ) -> Result<Vec<u8>, Fault> {
        let practice = self.profile(row.practice).await?;
        let language = practice.language;
        let say = |key: &str, args: &[(&str, Said<'_>)]| self.texts.say(language, key, args);
        let to: Address = mailbox.address.parse().map_err(|_| Fault::new("a mailbox row holds no address"))?;
        let service = self.service_address(&to)?;
        let sealed = row.coordinates.as_ref().ok_or(Fault::new("a delivery has no coordinates any more"))?;
        let address = self.vault.open_coordinates(row.id, sealed)?.address;
        let recipient = say("receipt-to", &[("address", Said::Text(&address.reveal()))]);
        let footer = say("receipt-footer", &[]);
        let text = match news {
            News::Opened(opening) => {
                let first = opened_said(&self.texts, opening, &practice.timezone, language);
                let then = opening.all_at.map(|at| {
                    let when = instant(&self.texts, at, &practice.timezone, language);
                    format!("{}\r\n", say("receipt-downloaded", &[("when", Said::Text(&when))]))
                });
                let then = then.unwrap_or_default();
                format!("{first}\r\n{then}\r\n{recipient}\r\n\r\n{footer}\r\n")
            }
            News::Late { class, until } => {
                let why = say(late(*class), &[]);
                let first = say("receipt-late", &[("why", Said::Text(&why))]);
                let until = instant(&self.texts, *until, &practice.timezone, language);
                let what = say("receipt-late-what", &[("until", Said::Text(&until))]);
                format!("{first}\r\n{what}\r\n\r\n{recipient}\r\n\r\n{footer}\r\n")
            }
            News::Failed { .. } | News::Returned { .. } | News::Locked => {
                let why = say(why(news), &[]);
                let first = say("receipt-failed", &[("why", Said::Text(&why))]);
                let what = say(what(news), &[]);
                let answered = match news {
                    News::Returned { failure: Failure { diagnostic: Some(said), .. }, .. } => {
                        format!("\r\n{}", say("bounce-said", &[("said", Said::Text(said))]))
                    }
                    _ => String::new(),
                };
                format!("{first}\r\n{what}\r\n\r\n{recipient}{answered}\r\n\r\n{footer}\r\n")
            }
        };
        let thread = self.vault.open_thread(row.id, &row.thread)?;
        // Once the ticket is gone nobody but the reader knows the subject: the day stands for it.
        let about = say(
            "receipt-about",
            &[("date", Said::Text(&day(&self.texts, row.created_at, &practice.timezone, language)))],
        );
        let letter = Letter {
            from_name: &say("receipt-from", &[]),
            from: &service,
            to: &to,
            subject: &answer_to(if subject.is_empty() { &about } else { subject }),
            text,
            thread: Some(&thread),
            message_id: format!("<{RECEIPT}{}.{id}@{}>", row.id, self.settings.hostname),
            at: now,
        };
        match news {
            News::Returned { failure, .. } => {
                let came = self.came_back(&address, failure, row.created_at, &practice.timezone);
                letter.octets_with_report(id, "delivery-status", came)
            }
            News::Opened(Opening { mdn: true, .. }) => {
                let asked = self.report_asked(row)?.unwrap_or_default();
                let read = self.disposition(&address, asked.original.as_deref(), &thread);
                letter.octets_with_report(id, "disposition-notification", read)
            }
            _ => letter.octets(),
        }
    }

    /// From whom letters of Pli come, and where they are answered.
    pub(super) fn service_address(&self, to: &Address) -> Result<Address, Fault> {
        format!("{SERVICE}@{}", to.domain()).parse().map_err(|_| Fault::new("a service address cannot be made"))
    }

    /// The deposit of a letter of Pli in INBOX, outside the quota.
    pub(super) fn sealed_letter(
        &self,
        id: MessageId,
        to: &Place<'_>,
        octets: Vec<u8>,
        now: Timestamp,
    ) -> Result<Deposit, Fault> {
        let (size, described) = (octets.len(), Described::of(&octets));
        let plain = HeadPlain { octets: octets.into(), cuts: Vec::new() };
        let sealed = self.vault.seal_message(id, vec![plain], Vec::new(), self.random.as_ref())?;
        let head = sealed.heads.into_iter().next().ok_or(Fault::new("a head was not sealed"))?;
        let shown = Shown { message: id, head: &head, size, described: &described };
        let (mut entry, key) = self.entry(&shown, (to.mailbox, to.certificate), FolderRole::Inbox, now)?;
        entry.counted = false;
        Ok(Deposit {
            message: MessageRow {
                id,
                practice: to.practice,
                mailbox: to.mailbox,
                size: i64::try_from(size).unwrap_or(i64::MAX),
                created_at: now,
            },
            objects: vec![NewObject { id: head.object, container: head.container }],
            entries: vec![entry],
            deliveries: Vec::new(),
            held: Vec::new(),
            signatures: Vec::new(),
            keys: vec![self.key_row(&key)],
            event: AuditEvent::new(now, Actor::Server, Verb::ReceiptDeposited)
                .about_mailbox(to.mailbox)
                .about_message(id),
        })
    }

    /// What a failed or locked delivery tells its sender, with the subject while the ticket is still kept.
    pub(super) async fn failure_receipt(
        &self,
        row: &DeliveryRow,
        news: &News<'_>,
        now: Timestamp,
    ) -> Result<Deposit, Fault> {
        debug_assert!(row.state != DeliveryState::Opened, "what was opened did not fail");
        self.receipt(row, &self.kept_subject(row)?, news, now).await
    }

    /// The subject of a delivery's message while its ticket is kept; empty after that.
    pub(super) fn kept_subject(&self, row: &DeliveryRow) -> Result<String, Fault> {
        let (Some(ticket), Some(subject)) = (&row.ticket, &row.subject) else { return Ok(String::new()) };
        let ticket = self.vault.open_kept_ticket(row.id, ticket)?;
        let subject = self.vault.unseal_under_ticket(&ticket, row.id, subject)?;
        Ok(String::from_utf8_lossy(&subject).into_owned())
    }

    /// What the sender asked to hear of a delivery.
    pub(super) fn report_asked(&self, row: &DeliveryRow) -> Result<Option<ReportAsked>, Fault> {
        row.report.as_ref().map(|sealed| self.vault.open_report(row.id, sealed)).transpose()
    }

    /// Whether the sender asked for a receipt of reading.
    fn asked_mdn(&self, row: &DeliveryRow) -> Result<bool, Fault> {
        Ok(self.report_asked(row)?.is_some_and(|asked| asked.mdn))
    }

    /// Whether the sender is not told of a failure: it asked for no report (RFC 3461 §4.1, NOTIFY=NEVER), or is software
    /// that reads a list, and asked for none in its envelope.
    pub(super) async fn is_silenced(&self, row: &DeliveryRow) -> Result<bool, Fault> {
        let asked = self.report_asked(row)?.unwrap_or_default();
        Ok(asked.never || (!asked.failure && !self.store.is_told_by_letters(row.mailbox).await?))
    }
}

/// How the Message-ID of a receipt begins.
pub(super) const RECEIPT: &str = "receipt.";

/// The line that says it all: « Ouvert le 12 mars à 9 h 40 (2 fichiers téléchargés sur 2) ».
fn opened_said(texts: &Texts, opening: &Opening, timezone: &str, language: Language) -> String {
    let when = instant(texts, opening.at, timezone, language);
    let said = [
        ("when", Said::Text(&when)),
        ("downloaded", Said::Number(opening.downloaded)),
        ("files", Said::Number(opening.files)),
    ];
    texts.say(language, "receipt-opened", &said)
}

/// Why a notice has not left yet.
fn late(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Unreachable => "receipt-late-unreachable",
        FailureClass::Full => "receipt-why-full",
        _ => "receipt-late-later",
    }
}

fn why(news: &News<'_>) -> &'static str {
    let (News::Failed { class } | News::Returned { class, .. }) = news else { return "receipt-why-locked" };
    match class {
        FailureClass::UnknownAddress => "receipt-why-unknown-address",
        FailureClass::Full => "receipt-why-full",
        FailureClass::Spam => "bounce-why-spam",
        FailureClass::NoServer => "bounce-why-no-server",
        FailureClass::NoUtf8 => "receipt-why-no-utf8",
        FailureClass::GaveUp => "receipt-why-gave-up",
        FailureClass::NotOpened => "receipt-why-not-opened",
        _ => "receipt-why-refused",
    }
}
/// What the sender can do.
fn what(news: &News<'_>) -> &'static str {
    match news {
        News::Locked => "receipt-locked-what",
        News::Failed { class: FailureClass::NotOpened } => "receipt-not-opened-what",
        News::Failed { class } | News::Returned { class, .. }
            if matches!(class, FailureClass::Full | FailureClass::Spam) =>
        {
            "bounce-other-what"
        }
        _ => "receipt-failed-what",
    }
}

/// "Re: " once.
pub(super) fn answer_to(subject: &str) -> String {
    let subject = short(subject);
    if subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:")) {
        subject.to_owned()
    } else {
        format!("Re: {subject}")
    }
}

/// A subject is a line, not a letter: one that would not fit a row is cut.
pub(super) fn short(subject: &str) -> &str {
    const CHARACTERS: usize = 250;
    let end = subject.char_indices().nth(CHARACTERS).map_or(subject.len(), |(at, _)| at);
    subject.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_says_it_all_in_every_language() {
        let said = |downloaded, files| {
            let at = Timestamp(1_773_304_800_000); // 2026-03-12T08:40:00Z
            let opening = Opening { at, downloaded, files, all_at: None, mdn: false };
            Language::ALL.map(|language| opened_said(&Texts::new(), &opening, "Europe/Paris", language))
        };
        assert_eq!(
            said(2, 2),
            [
                "Ouvert le 12 mars à 9 h 40 (2 fichiers téléchargés sur 2)",
                "Opened on 12 March at 9:40 (2 of 2 files downloaded)",
                "Aperto il giorno 12 marzo alle ore 9:40 (2 file scaricati su 2)",
                "Abierto el 12 de marzo a las 9:40 (2 archivos descargados de 2)",
                "Открыто 12 марта в 9:40 (скачано 2 из 2 файлов)",
            ]
        );
        assert_eq!(
            said(0, 1),
            [
                "Ouvert le 12 mars à 9 h 40 (0 fichier téléchargé sur 1)",
                "Opened on 12 March at 9:40 (0 of 1 file downloaded)",
                "Aperto il giorno 12 marzo alle ore 9:40 (0 file scaricati su 1)",
                "Abierto el 12 de marzo a las 9:40 (0 archivos descargados de 1)",
                "Открыто 12 марта в 9:40 (скачано 0 из 1 файла)",
            ]
        );
        assert_eq!(
            said(0, 0),
            [
                "Ouvert le 12 mars à 9 h 40 (sans pièce jointe)",
                "Opened on 12 March at 9:40 (no attachment)",
                "Aperto il giorno 12 marzo alle ore 9:40 (senza allegati)",
                "Abierto el 12 de marzo a las 9:40 (sin archivos adjuntos)",
                "Открыто 12 марта в 9:40 (без вложений)",
            ]
        );
    }
}
