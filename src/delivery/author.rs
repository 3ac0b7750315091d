//! What a header says of its author, its recipients and its thread, where it must not be misread.

use mail_parser::{Message, MessageParser};

use crate::domain::{Address, MessageId};
use crate::vault::Thread;

use super::header::Header;
use super::number;

/// Whom the header names as author and as sender (RFC 5322 §3.6.2), each of whom the submitter must be allowed to
/// write as (fault 16); `None` where it could be read in two ways.
///
/// One From field with one address; a Sender field, where present, likewise. A display name that is itself
/// another address is how one practitioner is taken for another, and is refused too.
pub(super) fn authors(header: &Header<'_>, octets: &[u8]) -> Option<Vec<Address>> {
    let parsed = MessageParser::default().parse_headers(octets)?;
    let mut named = Vec::new();
    for (name, values) in [("From", header.values("from")), ("Sender", header.values("sender"))] {
        let value = match values.as_slice() {
            [] => continue,
            [value] => value,
            _ => return None,
        };
        let mail_parser::HeaderValue::Address(mail_parser::Address::List(list)) = parsed.header(name)? else {
            return None;
        };
        let [one] = list.as_slice() else { return None };
        let address: Address = one.address.as_deref()?.parse().ok()?;
        let is_another =
            |name: &str| name.contains('@') && name.trim().parse::<Address>().ok().as_ref() != Some(&address);
        if one.name.as_deref().is_some_and(is_another) || bare_ats(value) != 1 {
            return None;
        }
        named.push(address);
    }
    Some(named)
}

/// How many `@` stand outside quoted strings and comments: what another parser may take for an address.
fn bare_ats(value: &str) -> usize {
    let (mut quoted, mut depth, mut escaped, mut ats) = (false, 0_usize, false, 0);
    for c in value.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            '@' if !quoted && depth == 0 => ats += 1,
            _ => {}
        }
    }
    ats
}

/// Whether a message is encrypted as a whole, so that no page could show it.
pub(super) fn is_encrypted(octets: &[u8]) -> bool {
    let Some(parsed) = MessageParser::default().parse_headers(octets) else { return false };
    let Some(kind) = mail_parser::MimeHeaders::content_type(&parsed) else { return false };
    let subtype = kind.subtype().unwrap_or_default();
    let enveloped = kind.attribute("smime-type").is_some_and(|t| t.eq_ignore_ascii_case("enveloped-data"));
    (kind.ctype().eq_ignore_ascii_case("multipart") && subtype.eq_ignore_ascii_case("encrypted"))
        || (subtype.to_ascii_lowercase().ends_with("pkcs7-mime") && enveloped)
}

/// Whether its writer calls it urgent: Importance (RFC 4021 §2.1.52), what mail clients write beside it, or `[urgent]`.
pub(super) fn is_urgent(header: &Header<'_>, subject: &str) -> bool {
    let any = |name: &str, words: &[&str]| {
        let first = |value: &str| value.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        header.values(name).iter().any(|value| words.contains(&first(value).as_str()))
    };
    any("importance", &["high"])
        || any("x-priority", &["1", "2"])
        || any("x-msmail-priority", &["high"])
        || any("priority", &["urgent"])
        || number::is_urgent(subject)
}

/// Whether a program wrote a message: an absence, a receipt (RFC 3834 §5, RFC 8098 §3), and what was before them.
pub(super) fn is_automatic(header: &Header<'_>) -> bool {
    let any = |name: &str, is: &dyn Fn(&str) -> bool| header.values(name).iter().any(|v| is(&v.to_ascii_lowercase()));
    any("auto-submitted", &|value| value.split([';', ' ']).next() != Some("no"))
        || any("precedence", &|value| matches!(value, "bulk" | "list" | "junk" | "auto_reply"))
        || any("content-type", &|value| value.starts_with("multipart/report"))
}

/// The name that To or Cc gives an address.
pub(super) fn display_name(message: &Message<'_>, of: &Address) -> Option<String> {
    let fields = [message.to(), message.cc()];
    let mut all = fields.into_iter().flatten().flat_map(|field| field.iter());
    let found = all.find(|a| a.address.as_deref().and_then(|t| t.parse::<Address>().ok()).as_ref() == Some(of))?;
    found.name.as_deref().map(str::to_owned)
}

/// What receipts will thread under; a message without Message-ID gets one.
pub(super) fn thread_of(message: &Message<'_>, header: &Header<'_>, id: MessageId, hostname: &str) -> Thread {
    let given = message.message_id().filter(|m| is_id(m)).map(|m| format!("<{m}>"));
    let references = header.values("references").join(" ");
    let references: Vec<String> = references
        .split_whitespace()
        .filter(|r| r.starts_with('<') && r.ends_with('>') && is_id(r))
        .map(str::to_owned)
        .collect();
    let thread_index = header.values("thread-index").into_iter().next().unwrap_or_default();
    let skip = references.len().saturating_sub(20);
    Thread {
        message_id: given.unwrap_or_else(|| format!("<{id}@{hostname}>")),
        references: references.into_iter().skip(skip).collect(),
        thread_index: if thread_index.len() < 2000 { thread_index.split_whitespace().collect() } else { String::new() },
    }
}

/// A Message-ID that can stand in a header again: one word of ASCII.
fn is_id(text: &str) -> bool {
    text.len() < 900 && text.bytes().all(|octet| octet.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_is(from: &str) -> bool {
        let message = format!("{from}\r\nTo: x@example.org\r\n\r\nbody\r\n");
        let octets = message.as_bytes();
        let ours: Address = "dr.a@cabinet.example".parse().expect("an address");
        authors(&Header::read(octets), octets).is_some_and(|named| named.iter().all(|author| *author == ours))
    }

    /// KIM 39C3: the sender forged inside the trusted network.
    #[test]
    fn fault_16_the_author_is_the_authenticated_mailbox_alone() {
        for good in [
            "From: dr.a@cabinet.example",
            "From: Dr A <DR.A@cabinet.example>",
            "From: \"A, Dr (cabinet)\" <dr.a@cabinet.example>",
            "From: =?UTF-8?Q?Dr_=C3=82?= <dr.a@cabinet.example>",
            "From: dr.a@cabinet.example\r\nSender: dr.a@cabinet.example",
            "X-None: 1",
        ] {
            assert!(from_is(good), "{good}");
        }
        for forged in [
            "From: dr.b@cabinet.example",
            "From: dr.a@cabinet.example, dr.b@cabinet.example",
            "From: dr.a@cabinet.example\r\nFrom: dr.b@cabinet.example",
            "From: dr.b@cabinet.example\r\nFrom: dr.a@cabinet.example",
            "From: dr.a@cabinet.example\r\nSender: dr.b@cabinet.example",
            "From: Group: dr.a@cabinet.example;",
            "From: \"dr.b@cabinet.example\" <dr.a@cabinet.example>",
            "From: =?UTF-8?B?ZHIuYkBjYWJpbmV0LmV4YW1wbGU=?= <dr.a@cabinet.example>",
            "From: =?UTF-8?Q?dr=2Eb=40cabinet=2Eexample?= <dr.a@cabinet.example>",
            "From: dr.b@cabinet.example <dr.a@cabinet.example>",
            "From: <dr.b@cabinet.example> (x) <dr.a@cabinet.example>",
            "From: dr.a@cabinet.example.evil.example",
            "From: dr.a@cabinet.example\r\n , dr.b@cabinet.example",
            "From:",
            "From: dr.a",
            "FROM : dr.b@cabinet.example",
        ] {
            assert!(!from_is(forged), "{forged}");
        }
    }

    #[test]
    fn encrypted_messages_are_known_by_their_type() {
        let is = |kind: &str| is_encrypted(format!("Content-Type: {kind}\r\n\r\n").as_bytes());
        assert!(is("multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=x"));
        assert!(is("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m"));
        assert!(!is("multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=x"));
        assert!(!is("text/plain"));
    }
}
