//! Reports of delivery that a sender asked for in the envelope (RFC 3461), as multipart/report (RFC 3462, RFC 3464).
//!
//! *Delivered*: the message lies in the mailbox of a colleague; the report shares the commit of the message.
//! *Relayed*: the relay took the notice to somebody outside. That is not a delivery, and nobody but the patient
//! makes it one: the receipt of the first opening says so later. A report of success has headers alone, whatever
//! RET says (RFC 3461 §4.3). Failures are told in plain words by receipts, and not where NOTIFY=NEVER forbids it.

use lettre::message::header::ContentType;
use lettre::message::{MultiPart, SinglePart};

use crate::domain::{Address, EnvelopeWord, Fault, Language, MessageId, Timestamp, ascii_address};
use crate::store::deliveries::DeliveryRow;
use crate::store::deposit::Deposit;
use crate::texts::Said;
use crate::vault::Thread;

use super::Deliveries;
use super::notice::{Letter, rfc5322_date};
use super::receipt::{Place, answer_to};

/// What became of the message (RFC 3464 §2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// It is in the mailbox.
    Delivered,
    /// It was handed to somebody who reports nothing.
    Relayed,
}

/// One recipient of a report.
pub(super) struct Reported<'a> {
    pub(super) address: &'a Address,
    /// ORCPT, where the sender gave it.
    pub(super) original: Option<&'a EnvelopeWord>,
}

/// A report, before it is a letter.
pub(super) struct Report<'a> {
    pub(super) action: Action,
    pub(super) recipients: &'a [Reported<'a>],
    /// ENVID, where the sender gave it.
    pub(super) envelope_id: Option<&'a EnvelopeWord>,
    pub(super) sender: &'a Address,
    pub(super) thread: &'a Thread,
    pub(super) subject: &'a str,
    /// The header of the message as its sender wrote it; empty where nobody but the sender can read it.
    pub(super) header: &'a [u8],
    /// When the message was accepted.
    pub(super) arrived_at: Timestamp,
    pub(super) language: Language,
    pub(super) timezone: &'a str,
}

impl Deliveries {
    /// The deposit of a report in the sender's INBOX, outside the quota.
    pub(super) fn report(&self, report: &Report<'_>, to: &Place<'_>, now: Timestamp) -> Result<Deposit, Fault> {
        let id = MessageId::random(self.random.as_ref());
        let say = |key: &str, args: &[(&str, Said<'_>)]| self.texts.say(report.language, key, args);
        let parts = MultiPart::builder()
            .header(kind(&format!("multipart/report; report-type=delivery-status; boundary=\"report.{id}\""))?)
            .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(self.report_said(report)))
            .singlepart(SinglePart::builder().header(kind("message/delivery-status")?).body(self.status(report)));
        let parts = match report.header {
            [] => parts,
            header => {
                parts.singlepart(SinglePart::builder().header(kind("text/rfc822-headers")?).body(bare(header).to_vec()))
            }
        };
        let octets = Letter {
            from_name: &say("receipt-from", &[]),
            from: &self.service_address(report.sender)?,
            to: report.sender,
            subject: &answer_to(report.subject),
            text: String::new(),
            thread: Some(report.thread),
            message_id: format!("<report.{id}@{}>", self.settings.hostname),
            at: now,
        }
        .octets_of(parts)?;
        self.sealed_letter(id, to, octets, now)
    }

    /// What people read.
    fn report_said(&self, report: &Report<'_>) -> String {
        let say = |key: &str, args: &[(&str, Said<'_>)]| self.texts.say(report.language, key, args);
        let count = i64::try_from(report.recipients.len()).unwrap_or(i64::MAX);
        let mut text = match report.action {
            Action::Delivered => say("report-delivered", &[("count", Said::Number(count))]),
            Action::Relayed => say("report-relayed", &[]),
        };
        text.push_str("\r\n");
        for recipient in report.recipients {
            text.push_str(&format!("\r\n{}", recipient.address.reveal()));
        }
        text.push_str("\r\n\r\n");
        if report.action == Action::Relayed {
            text.push_str(&format!("{}\r\n\r\n", say("report-relayed-what", &[])));
        }
        text + &say("report-footer", &[]) + "\r\n"
    }

    /// What programs read (RFC 3464 §2).
    fn status(&self, report: &Report<'_>) -> String {
        let mut fields = String::new();
        // RFC 3464 §2.2.1: as it stood in the envelope, decoded.
        if let Some(envelope_id) = report.envelope_id {
            fields.push_str(&format!("Original-Envelope-Id: {}\r\n", envelope_id.reveal()));
        }
        fields.push_str(&format!("Reporting-MTA: dns; {}\r\n", self.settings.hostname));
        fields.push_str(&format!("Arrival-Date: {}\r\n", rfc5322_date(report.arrived_at, report.timezone)));
        let action = match report.action {
            Action::Delivered => "delivered",
            Action::Relayed => "relayed",
        };
        for recipient in report.recipients {
            fields.push_str("\r\n");
            if let Some(original) = recipient.original {
                fields.push_str(&format!("Original-Recipient: {}\r\n", original.reveal()));
            }
            // The report is ASCII, whatever the address is.
            let address = ascii_address(&recipient.address.reveal());
            let kind = if recipient.address.is_beyond_ascii() { "utf-8" } else { "rfc822" };
            fields.push_str(&format!("Final-Recipient: {kind}; {address}\r\nAction: {action}\r\nStatus: 2.0.0\r\n"));
        }
        fields
    }

    /// The report that the relay took the notice of a delivery, where its sender asked for one. The ticket is
    /// still kept then, and with it the subject; the rest of the header is the sender's alone.
    pub(super) async fn relayed_report(&self, row: &DeliveryRow, now: Timestamp) -> Result<Option<Deposit>, Fault> {
        let Some(asked) = self.report_asked(row)?.filter(|asked| asked.success) else { return Ok(None) };
        let mailbox = self.store.mailbox(row.mailbox).await?.ok_or(Fault::new("a report's mailbox is gone"))?;
        let certificate = self.authentic_certificate(&mailbox)?;
        let profile = self.profile(row.practice).await?;
        let sender: Address = mailbox.address.parse().map_err(|_| Fault::new("a mailbox row holds no address"))?;
        let sealed = row.coordinates.as_ref().ok_or(Fault::new("a delivery has no coordinates any more"))?;
        let address = self.vault.open_coordinates(row.id, sealed)?.address;
        let word = |text: &Option<String>| text.clone().and_then(EnvelopeWord::new);
        let (original, envelope_id) = (word(&asked.original), word(&asked.envelope_id));
        let thread = self.vault.open_thread(row.id, &row.thread)?;
        let subject = self.kept_subject(row)?;
        let report = Report {
            action: Action::Relayed,
            recipients: &[Reported { address: &address, original: original.as_ref() }],
            envelope_id: envelope_id.as_ref(),
            sender: &sender,
            thread: &thread,
            subject: &subject,
            header: &[],
            arrived_at: row.created_at,
            language: profile.language,
            timezone: &profile.timezone,
        };
        let place = Place { mailbox: mailbox.id, practice: mailbox.practice, certificate: &certificate };
        self.report(&report, &place, now).map(Some)
    }
}

fn kind(text: &str) -> Result<ContentType, Fault> {
    ContentType::parse(text).map_err(|_| Fault::new("a content type cannot be written"))
}

/// A header without the empty line at its end.
fn bare(header: &[u8]) -> &[u8] {
    header.strip_suffix(b"\r\n\r\n").map_or(header, |_| header.get(..header.len() - 2).unwrap_or_default())
}
