//! A preview: what a patient would get of a message, drawn for its writer and sent to nobody.
//!
//! Whoever writes to `apercu@` a domain of this server finds in INBOX, with the commit that accepts the message, the
//! e-mail with the link, the SMS and the pages, and what the tags of the subject would do. There is no delivery, no
//! ticket, no code: the link is made of a ticket that opens nothing. A mailbox of that name comes first
//! ([`super::Route`]). The pages are the portal's, from its own templates; `server` hands them in, since a verb knows no
//! door.

use lettre::message::header::ContentType;
use lettre::message::{Attachment, MultiPart, SinglePart};

use crate::domain::{Channel, Fault, HoldReason, Language, MessageId, PhoneNumber, PracticeProfile, Sender, Timestamp};
use crate::store::deposit::Deposit;
use crate::store::mailboxes::MailboxRow;
use crate::texts::Said;
use crate::vault::Thread;

use super::author::is_urgent;
use super::header::Header;
use super::hold::{Owner, why};
use super::notice::{Letter, day};
use super::number::{self, Tag};
use super::receipt::{Place, short};
use super::{Answering, Deliveries};

/// Draws the pages that a patient sees.
pub trait Pages: Send + Sync {
    /// The page where a code is asked for, and the page of the letter: each a whole file whose links lead nowhere.
    ///
    /// # Errors
    /// A [`Fault`] for a message that cannot be read.
    fn draw(&self, of: &Drawn<'_>) -> Result<[String; 2], Fault>;
}

/// What pages are drawn of.
pub struct Drawn<'a> {
    /// The message.
    pub octets: &'a [u8],
    /// Its subject as a recipient sees it: without tags.
    pub subject: &'a str,
    /// Who writes.
    pub practice: &'a PracticeProfile,
    /// The octets of its logo, where it has one.
    pub logo: Option<&'a [u8]>,
    /// Whether the code could go by SMS.
    pub sms: bool,
    /// What is said about answering.
    pub answering: &'a Answering,
    /// Until when the letter would be kept.
    pub until: Timestamp,
    /// The present.
    pub now: Timestamp,
}

/// What is settled of a preview before anything is sealed.
pub(super) struct Preview {
    number: Understood,
    answering: Answering,
    logo: Option<Vec<u8>>,
    days: u16,
    /// Hours after which who has not opened it is reminded, where it is urgent.
    urgent: Option<u16>,
}

/// What the number of a message would do.
enum Understood {
    /// There is none: the directory's would be taken.
    Nothing,
    /// It would be used; `known`: somebody of the directory has it.
    Number { number: PhoneNumber, channel: Option<Channel>, known: bool },
    /// Whoever it was for would wait.
    Waits(HoldReason),
}

impl Deliveries {
    /// The same, with the pages of a preview.
    #[must_use]
    pub fn drawing(self, pages: std::sync::Arc<dyn Pages>) -> Self {
        Self { pages: Some(pages), ..self }
    }

    /// Reads what a preview says of a message.
    pub(super) async fn preview(
        &self,
        sender: &Sender,
        (profile, mailbox): (&PracticeProfile, &MailboxRow),
        (header, subject): (&Header<'_>, &str),
        asked: Option<u16>,
    ) -> Result<Preview, Fault> {
        let mut fields = header.values("x-pli-phone");
        fields.extend(header.values("zivver-access-right"));
        let of_header = number::header_numbers(&fields).into_iter().map(|(_, text, channel)| Tag { text, channel });
        let mut tags: Vec<Tag> = of_header.collect();
        let old = tags.is_empty() && number::is_answer(subject);
        if tags.is_empty() {
            tags = number::tags(subject);
        }
        let mut number = Understood::Nothing;
        for tag in tags {
            number = match (number, self.read_number(profile, &tag.text).map_err(HoldReason::from)) {
                (Understood::Waits(reason), _) | (_, Err(reason)) => Understood::Waits(reason),
                (Understood::Number { number, .. }, Ok(other)) if number != other => {
                    Understood::Waits(HoldReason::TwoNumbers)
                }
                (first @ Understood::Number { .. }, Ok(_)) => first,
                (Understood::Nothing, Ok(_)) if old => Understood::Waits(HoldReason::OldTag),
                (Understood::Nothing, Ok(number)) => {
                    let known = self.is_known(sender.practice, &number).await?;
                    Understood::Number { number, channel: tag.channel, known }
                }
            };
        }
        let answering = self.answering_now(mailbox, profile, self.clock.now()).await?;
        let hours = Some(profile.reminders.urgent_hours).filter(|hours| *hours > 0);
        let urgent = hours.filter(|_| is_urgent(header, subject));
        let logo = self.logo(sender.practice).await?;
        Ok(Preview { number, answering, logo, days: self.kept_days(asked, profile), urgent })
    }

    /// The letter with the preview.
    pub(super) fn preview_letter(
        &self,
        owner: &Owner,
        preview: &Preview,
        (octets, subject, thread): (&[u8], &str, &Thread),
        now: Timestamp,
    ) -> Result<Deposit, Fault> {
        let (practice, language) = (&owner.profile, owner.profile.language);
        let say = |key: &str, args: &[(&str, Said<'_>)]| self.texts.say(language, key, args);
        let bare = number::without_tags(subject);
        let until = now.plus(std::time::Duration::from_secs(u64::from(preview.days) * 86_400));
        let link = format!("{}/l/{NOBODYS}", self.settings.portal_url);
        let notice = self.notice_said(language, practice, &link, until, false)?;
        let sms = match &preview.number {
            Understood::Number { number, channel, .. } => number.is_mobile() && *channel != Some(Channel::Voice),
            Understood::Nothing | Understood::Waits(_) => true,
        };
        let (logo, answering) = (preview.logo.as_deref(), &preview.answering);
        let drawn = Drawn { octets, subject: &bare, practice, logo, sms, answering, until, now };
        let pages = self.pages.as_ref().map(|pages| pages.draw(&drawn)).transpose()?;

        let mut lines = vec![say("preview-what", &[]), String::new()];
        lines.extend(self.number_said(language, &preview.number));
        let (date, days) = (day(&self.texts, until, &practice.timezone, language), i64::from(preview.days));
        lines.push(say("preview-kept", &[("date", Said::Text(&date)), ("days", Said::Number(days))]));
        if let Some(hours) = preview.urgent {
            lines.push(say("preview-urgent", &[("hours", Said::Number(i64::from(hours)))]));
        }
        lines.push(say("preview-pages", &[]));
        lines.extend([String::new(), say("preview-mail", &[]), String::new(), notice.subject.clone(), String::new()]);
        lines.extend(notice.text.lines().map(str::to_owned));
        if sms {
            let text = self.texts.short_message(language, (SAMPLE_CODE, SAMPLE_LETTERS), self.portal_host());
            lines.extend([String::new(), say("preview-sms", &[]), String::new()]);
            lines.extend(text.lines().map(str::to_owned));
        }
        let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(lines.join("\r\n") + "\r\n");
        let file = |name: &str, html: String| {
            Attachment::new(format!("{}.html", say(name, &[]))).body(html, ContentType::TEXT_HTML)
        };
        let mut parts = MultiPart::mixed().singlepart(text).singlepart(file("preview-file-mail", notice.html));
        for (name, page) in ["preview-file-code", "preview-file-letter"].iter().zip(pages.into_iter().flatten()) {
            parts = parts.singlepart(file(name, page));
        }

        let id = MessageId::random(self.random.as_ref());
        let octets = Letter {
            from_name: &say("receipt-from", &[]),
            from: &self.service_address(&owner.address)?,
            to: &owner.address,
            subject: &say("preview-subject", &[("subject", Said::Text(short(&bare)))]),
            text: String::new(),
            thread: Some(thread),
            message_id: format!("<preview.{id}@{}>", self.settings.hostname),
            at: now,
        }
        .octets_of(parts)?;
        let place = Place { mailbox: owner.mailbox, practice: owner.practice, certificate: &owner.certificate };
        let mut deposit = self.sealed_letter(id, &place, octets, now)?;
        // Its writer asked for it, as often as they like: it counts as any message of theirs.
        for entry in &mut deposit.entries {
            entry.counted = true;
        }
        Ok(deposit)
    }

    /// What would become of the number.
    fn number_said(&self, language: Language, number: &Understood) -> Vec<String> {
        let say = |key: &str, args: &[(&str, Said<'_>)]| self.texts.say(language, key, args);
        match number {
            Understood::Nothing => vec![say("preview-number-none", &[])],
            Understood::Waits(reason) => vec![say("preview-waits", &[]), say(why(*reason), &[])],
            Understood::Number { number, channel, known } => {
                let masked = number.masked();
                let by_call = *channel == Some(Channel::Voice) || !number.is_mobile();
                let key = if by_call { "preview-number-call" } else { "preview-number-sms" };
                let mut lines = vec![say(key, &[("number", Said::Text(&masked))])];
                if *known {
                    lines.push(say("preview-number-known", &[]));
                }
                lines
            }
        }
    }

    /// The host that patients know.
    fn portal_host(&self) -> &str {
        let host = self.settings.portal_url.trim_start_matches("https://");
        match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
            _ => host,
        }
    }
}

/// Local parts that previews are asked for at.
pub(super) const PREVIEW: [&str; 2] = ["apercu", "preview"];
/// A ticket that was never given out: its check value is wrong, and the page says that the link is cut.
const NOBODYS: &str = "0123456789abcdefghjkmnpqrstvwxyz";
/// A code that opens nothing, as it is written.
const SAMPLE_CODE: &str = "123456";
const SAMPLE_LETTERS: &str = "KM";
