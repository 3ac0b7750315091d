//! The e-mail with the link, and the letters to practitioners: composed with lettre, never with a word of the message.
//!
//! The notice says who (the practice's public name), where (the portal's host in plain letters), until when,
//! and whom to call. The link stands alone on its line, under 76 characters, in text and HTML alike.

use askama::Template;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::{Address as LettreAddress, Message};

use crate::domain::{Address, Coordinates, DeliveryId, Fault, Language, MessageId, PracticeProfile, Ticket, Timestamp};
use crate::texts::{Said, Texts};

use super::Deliveries;

/// A mail ready to leave.
pub(super) struct Outgoing {
    pub(super) reverse_path: Address,
    pub(super) to: Address,
    pub(super) octets: Vec<u8>,
}

/// What a notice says.
pub(super) struct NoticeSaid {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!DOCTYPE html>
<html lang="{{ language }}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head>
<body style="margin:0;background:#f4f6f8;color:#1b2733;font:17px/1.5 system-ui,Segoe UI,Roboto,Helvetica,Arial,sans-serif">
<div style="max-width:34em;margin:0 auto;padding:24px">
<div style="background:#ffffff;border:1px solid #d5dde5;border-radius:12px;padding:24px">
<p>{{ hello }}</p>
<p>{{ what }}</p>
<p><a href="{{ link }}" style="display:inline-block;background:#0b5c7a;color:#ffffff;padding:14px 22px;border-radius:8px;text-decoration:none;font-weight:600">{{ open }}</a></p>
<p style="font-size:15px">{{ link }}</p>
<p>{{ steps }}</p>
<p>{{ host }}</p>
<p>{{ until }}</p>
<p>{{ call }}</p>
<p style="color:#4a5a68;font-size:15px">{{ no_answer }}</p>
<p style="color:#4a5a68;font-size:15px">{% for (tag, said) in others %}<span lang="{{ tag }}">{{ said }}</span>{% if !loop.last %}<br>{% endif %}{% endfor %}</p>
</div></div></body></html>
"#
)]
struct NoticeHtml<'a> {
    language: &'a str,
    hello: String,
    what: String,
    link: String,
    open: String,
    steps: String,
    host: String,
    until: String,
    call: String,
    no_answer: String,
    /// What the other languages say: tag and sentence.
    others: Vec<(&'static str, String)>,
}

impl Deliveries {
    /// The notice of a delivery, or the one that reminds of it.
    pub(super) fn notice(
        &self,
        id: DeliveryId,
        to: &Coordinates,
        practice: &PracticeProfile,
        ticket: &Ticket,
        expires_at: Timestamp,
        reminds: bool,
    ) -> Result<Outgoing, Fault> {
        let language = to.language.unwrap_or(practice.language);
        let link = format!("{}/l/{}", self.settings.portal_url, ticket.reveal());
        let said = self.notice_said(language, practice, &link, expires_at, reminds)?;
        let from = if practice.notice_from.is_empty() { &self.settings.notice_from } else { &practice.notice_from };
        let from: Mailbox = from.parse().map_err(|_| Fault::new("the notices' From is no address"))?;
        let sender: Address =
            from.email.to_string().parse().map_err(|_| Fault::new("the notices' From is no address"))?;
        let token = self.vault.notice_token(id);
        let reverse_path = self.settings.returns.reverse_path(&token, &sender)?;
        let message = Message::builder()
            .from(Mailbox::new(Some(practice.public_name.clone()), from.email))
            .to(Mailbox::new(None, lettre_address(&to.address)?))
            .subject(said.subject)
            .date(date(self.clock.now()))
            .message_id(Some(format!("<notice.{}@{}>", token.written(), self.settings.hostname)))
            .raw_header(raw("Auto-Submitted", "auto-generated"))
            .raw_header(raw("X-Auto-Response-Suppress", "All"))
            .multipart(MultiPart::alternative_plain_html(said.text, said.html))
            .map_err(|_| Fault::new("a notice cannot be composed"))?;
        let octets = self.signed(message.formatted(), &sender);
        Ok(Outgoing { reverse_path, to: to.address.clone(), octets })
    }

    /// The words of a notice, or of one that reminds.
    pub(super) fn notice_said(
        &self,
        language: Language,
        practice: &PracticeProfile,
        link: &str,
        expires_at: Timestamp,
        reminds: bool,
    ) -> Result<NoticeSaid, Fault> {
        let say = |key: &str, args: &[(&str, Said<'_>)]| self.texts.say(language, key, args);
        let name = Said::Text(&practice.public_name);
        let host = self.settings.portal_url.trim_start_matches("https://").to_owned();
        let call = if practice.telephone.is_empty() {
            say("notice-call-known", &[("practice", name.clone())])
        } else {
            say("notice-call", &[("practice", name.clone()), ("telephone", Said::Text(&practice.telephone))])
        };
        let until = day(&self.texts, expires_at, &practice.timezone, language);
        let others = Language::ALL.into_iter().filter(|other| *other != language);
        let page = NoticeHtml {
            language: language.tag(),
            hello: say("notice-hello", &[]),
            what: say(if reminds { "remind-what" } else { "notice-what" }, &[("practice", name.clone())]),
            link: link.to_owned(),
            open: say("notice-open", &[]),
            steps: say("notice-steps", &[]),
            host: say("notice-host", &[("host", Said::Text(&host))]),
            until: say("notice-until", &[("date", Said::Text(&until))]),
            call,
            no_answer: say("notice-no-answer", &[]),
            others: others.map(|other| (other.tag(), self.texts.say(other, "notice-other", &[]))).collect(),
        };
        let others: Vec<&str> = page.others.iter().map(|(_, said)| said.as_str()).collect();
        let text = format!(
            "{}\r\n\r\n{}\r\n\r\n{}\r\n\r\n{}\r\n{}\r\n{}\r\n{}\r\n\r\n{}\r\n{}\r\n",
            page.hello,
            page.what,
            page.link,
            page.steps,
            page.host,
            page.until,
            page.call,
            page.no_answer,
            others.join("\r\n")
        );
        let html = page.render().map_err(|_| Fault::new("a notice cannot be rendered"))?;
        let subject = say(if reminds { "remind-subject" } else { "notice-subject" }, &[("practice", name)]);
        Ok(NoticeSaid { subject, text, html })
    }
}

/// Whether a text can stand as the From of notices: `Name <address>`, or an address alone.
pub fn is_from(text: &str) -> bool {
    from_address(text).is_some()
}

/// The address of a From of notices.
pub fn from_address(text: &str) -> Option<Address> {
    text.parse::<Mailbox>().ok()?.email.to_string().parse().ok()
}

/// A letter of Pli to a practitioner, threaded under a submission where it is about one.
pub(super) struct Letter<'a> {
    pub(super) from_name: &'a str,
    pub(super) from: &'a Address,
    pub(super) to: &'a Address,
    pub(super) subject: &'a str,
    pub(super) text: String,
    pub(super) thread: Option<&'a crate::vault::Thread>,
    pub(super) message_id: String,
    pub(super) at: Timestamp,
}

impl Letter<'_> {
    /// The letter's octets.
    pub(super) fn octets(mut self) -> Result<Vec<u8>, Fault> {
        let text = std::mem::take(&mut self.text);
        let part = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(text);
        let message = self.begun()?.singlepart(part).map_err(|_| Fault::new("a letter cannot be composed"))?;
        Ok(message.formatted())
    }

    /// The octets of a letter that has parts instead of a text.
    pub(super) fn octets_of(self, parts: MultiPart) -> Result<Vec<u8>, Fault> {
        let message = self.begun()?.multipart(parts).map_err(|_| Fault::new("a letter cannot be composed"))?;
        Ok(message.formatted())
    }

    /// The octets of a letter with a report of this kind for programs (RFC 6522): delivery-status (RFC 3464) or
    /// disposition-notification (RFC 8098).
    pub(super) fn octets_with_report(mut self, id: MessageId, of: &str, fields: String) -> Result<Vec<u8>, Fault> {
        let text = std::mem::take(&mut self.text);
        let kind = |text: &str| ContentType::parse(text).map_err(|_| Fault::new("a content type cannot be written"));
        let report = format!("multipart/report; report-type={of}; boundary=\"report.{id}\"");
        let parts = MultiPart::builder()
            .header(kind(&report)?)
            .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(text))
            .singlepart(SinglePart::builder().header(kind(&format!("message/{of}"))?).body(fields));
        self.octets_of(parts)
    }

    /// Its header.
    fn begun(self) -> Result<MessageBuilder, Fault> {
        let builder = Message::builder()
            .from(Mailbox::new(Some(self.from_name.to_owned()), lettre_address(self.from)?))
            .to(Mailbox::new(None, lettre_address(self.to)?))
            .subject(self.subject)
            .date(date(self.at))
            .message_id(Some(self.message_id))
            // No absence answers it.
            .raw_header(raw("X-Auto-Response-Suppress", "All"));
        Ok(threaded(builder, self.thread))
    }
}

/// The fields that put a letter under the message that it answers; RFC 3834 §5 names what it is.
fn threaded(mut builder: MessageBuilder, thread: Option<&crate::vault::Thread>) -> MessageBuilder {
    let Some(thread) = thread else { return builder.raw_header(raw("Auto-Submitted", "auto-generated")) };
    let mut references = thread.references.clone();
    references.push(thread.message_id.clone());
    builder = builder
        .in_reply_to(thread.message_id.clone())
        .references(references.join(" "))
        .raw_header(raw("Auto-Submitted", "auto-replied"));
    if !thread.thread_index.is_empty() && thread.thread_index.is_ascii() {
        builder = builder.raw_header(raw("Thread-Index", &thread.thread_index));
    }
    builder
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

pub(super) fn lettre_address(address: &Address) -> Result<LettreAddress, Fault> {
    LettreAddress::new(address.reveal_local(), address.domain().as_str())
        .map_err(|_| Fault::new("an address is not lettre's"))
}

pub(super) fn date(at: Timestamp) -> std::time::SystemTime {
    std::time::UNIX_EPOCH + std::time::Duration::from_millis(u64::try_from(at.0).unwrap_or(0))
}

/// `Sat, 21 Nov 2026 22:40:00 +0100` in a practice's time zone (RFC 5322 §3.3).
pub(super) fn rfc5322_date(at: Timestamp, timezone: &str) -> String {
    zoned(at, timezone).map(|z| z.strftime("%a, %d %b %Y %H:%M:%S %z").to_string()).unwrap_or_default()
}

/// `12 avril 2026`, `12 April 2026`: a day as people write it.
pub(super) fn day(texts: &Texts, at: Timestamp, timezone: &str, language: Language) -> String {
    let Some(z) = zoned(at, timezone) else { return String::new() };
    plain(&texts.day(language, z.day(), z.month(), Some(z.year())))
}

/// `le 12 mars à 9 h 40`, `on 12 March at 9:40`: an instant as people say it.
pub(super) fn instant(texts: &Texts, at: Timestamp, timezone: &str, language: Language) -> String {
    let Some(z) = zoned(at, timezone) else { return String::new() };
    let (day, time) = (texts.day(language, z.day(), z.month(), None), texts.time(language, z.hour(), z.minute()));
    plain(&texts.say(language, "portal-at-day-time", &[("day", (&day).into()), ("time", (&time).into())]))
}

/// Mail is read, quoted and searched with plain spaces.
fn plain(text: &str) -> String {
    text.replace('\u{a0}', " ")
}

fn zoned(at: Timestamp, timezone: &str) -> Option<jiff::Zoned> {
    jiff::Timestamp::from_millisecond(at.0).ok()?.in_tz(timezone).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_practices_zone_and_language() {
        let (texts, at) = (Texts::new(), Timestamp(1_773_304_800_000)); // 2026-03-12T08:40:00Z
        let said = Language::ALL.map(|language| instant(&texts, at, "Europe/Paris", language));
        assert_eq!(said[..2], ["le 12 mars à 9 h 40", "on 12 March at 9:40"]);
        assert_eq!(said[2..], ["il giorno 12 marzo alle ore 9:40", "el 12 de marzo a las 9:40", "12 марта в 9:40"]);
        let days = Language::ALL.map(|language| day(&texts, at, "Europe/Paris", language));
        assert_eq!(days[..2], ["12 mars 2026", "12 March 2026"]);
        assert_eq!(days[2..], ["12 marzo 2026", "12 de marzo de 2026", "12 марта 2026 года"]);
        assert_eq!(rfc5322_date(at, "Europe/Paris"), "Thu, 12 Mar 2026 09:40:00 +0100");
    }
}
