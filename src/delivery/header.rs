//! The header of a message, octet by octet (RFC 5322 §2.2): found, and rewritten only where something
//! must not reach a recipient. What is not rewritten stays as it was, to the octet.

use std::ops::Range;

use mail_parser::{HeaderValue, MessageParser};

use crate::domain::Address;

/// The fields of a header, with their places in the octets.
pub(super) struct Header<'a> {
    octets: &'a [u8],
    fields: Vec<Field>,
    /// Where the body begins: after the empty line, or at the end.
    pub(super) end: usize,
}

struct Field {
    name: String,
    whole: Range<usize>,
    value: Range<usize>,
}

/// What the recipients of a head must not see.
pub(super) struct Removal<'a> {
    /// Addresses to be taken out of To and Cc.
    pub(super) hidden: &'a [Address],
    /// Addresses that stand for a person, and the person's own, which takes their place in To and Cc.
    pub(super) renamed: &'a [(Address, Address)],
    /// The subject without its tags, when it had some.
    pub(super) subject: Option<&'a str>,
}

impl<'a> Header<'a> {
    /// Finds the fields. Anything that is no field ends the header, as mail clients read it.
    pub(super) fn read(octets: &'a [u8]) -> Self {
        let mut fields: Vec<Field> = Vec::new();
        let mut at = 0;
        while let Some(line) = line_at(octets, at) {
            let text = octets.get(line.clone()).unwrap_or_default();
            if text == b"\r\n" || text.is_empty() {
                at = line.end;
                break;
            }
            if text.starts_with(b" ") || text.starts_with(b"\t") {
                match fields.last_mut() {
                    Some(field) => (field.whole.end, field.value.end) = (line.end, line.end),
                    None => break,
                }
            } else {
                let Some(colon) = text.iter().position(|&octet| octet == b':') else { break };
                let name = text.get(..colon).unwrap_or_default().trim_ascii_end();
                if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
                    break;
                }
                let name = String::from_utf8_lossy(name).to_ascii_lowercase();
                fields.push(Field { name, whole: line.clone(), value: line.start + colon + 1..line.end });
            }
            at = line.end;
        }
        Self { octets, fields, end: at }
    }

    /// The values of all fields of that name (lower case), unfolded.
    pub(super) fn values(&self, name: &str) -> Vec<String> {
        self.fields
            .iter()
            .filter(|field| field.name == name)
            .map(|field| {
                let raw = self.octets.get(field.value.clone()).unwrap_or_default();
                String::from_utf8_lossy(raw).replace("\r\n", "").trim().to_owned()
            })
            .collect()
    }

    /// The same, decoded (RFC 2047).
    pub(super) fn decoded(&self, name: &str) -> Vec<String> {
        let named = self.fields.iter().filter(|field| field.name == name);
        named.map(|field| decoded(self.octets.get(field.whole.clone()).unwrap_or_default())).collect()
    }

    /// The addresses in the fields of that name.
    pub(super) fn addresses(&self, name: &str) -> Vec<Address> {
        let named = self.fields.iter().filter(|field| field.name == name);
        let read = |field: &Field| addresses(self.octets.get(field.whole.clone()).unwrap_or_default());
        named.flat_map(read).filter_map(|(_, address, _)| address).collect()
    }

    /// Whether a field of that name is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// How many fields there are.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The header with `top` before it, without what recipients must not see; the empty line included.
    pub(super) fn rewritten(&self, top: &str, removal: &Removal<'_>) -> Vec<u8> {
        let mut out = top.as_bytes().to_vec();
        for field in &self.fields {
            let whole = self.octets.get(field.whole.clone()).unwrap_or_default();
            match field.name.as_str() {
                name if is_secret(name) => {}
                "subject" | "thread-topic" if removal.subject.is_some() => {
                    let name = if field.name == "subject" { "Subject" } else { "Thread-Topic" };
                    let cut = super::number::without_tags(&decoded(whole));
                    out.extend_from_slice(encoded(name, &cut).as_bytes());
                }
                "to" | "cc" | "reply-to" | "resent-to" | "resent-cc" if names_any(whole, removal) => {
                    out.extend_from_slice(&without(whole, removal));
                }
                _ => out.extend_from_slice(whole),
            }
        }
        // The empty line, or what stands for it, stays as it was.
        let fields_end = self.fields.last().map_or(0, |field| field.whole.end);
        out.extend_from_slice(self.octets.get(fields_end..self.end).unwrap_or_default());
        out
    }

    /// Whether rewriting would change anything.
    pub(super) fn shows(&self, removal: &Removal<'_>) -> bool {
        removal.subject.is_some()
            || self.fields.iter().any(|field| {
                is_secret(&field.name)
                    || (matches!(field.name.as_str(), "to" | "cc" | "reply-to" | "resent-to" | "resent-cc")
                        && names_any(self.octets.get(field.whole.clone()).unwrap_or_default(), removal))
            })
    }
}

/// What is said to the server alone, by its own names and by those of a system that it takes the place of.
fn is_secret(name: &str) -> bool {
    matches!(name, "bcc" | "resent-bcc") || name.starts_with("x-pli-") || name.starts_with("zivver-")
}

/// One header line with its CRLF, from `at`; `None` at the end.
fn line_at(octets: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = octets.get(at..).filter(|rest| !rest.is_empty())?;
    let length = rest.iter().position(|&octet| octet == b'\n').map_or(rest.len(), |lf| lf + 1);
    Some(at..at + length)
}

/// The text of one whole field, decoded (RFC 2047).
fn decoded(field: &[u8]) -> String {
    let mut named = b"Subject:".to_vec();
    let colon = field.iter().position(|&octet| octet == b':').map_or(0, |colon| colon + 1);
    named.extend_from_slice(field.get(colon..).unwrap_or_default());
    named.extend_from_slice(b"\r\n");
    MessageParser::default().parse_headers(&named).and_then(|m| m.subject().map(str::to_owned)).unwrap_or_default()
}

/// The addresses of one field.
fn addresses(field: &[u8]) -> Vec<(Option<String>, Option<Address>, String)> {
    let mut named = b"To:".to_vec();
    let colon = field.iter().position(|&octet| octet == b':').map_or(0, |colon| colon + 1);
    named.extend_from_slice(field.get(colon..).unwrap_or_default());
    named.extend_from_slice(b"\r\n");
    let parsed = MessageParser::default().parse_headers(&named);
    let Some(HeaderValue::Address(list)) = parsed.as_ref().and_then(|m| m.header("To")) else { return Vec::new() };
    list.iter()
        .map(|addr| {
            let text = addr.address.as_deref().unwrap_or_default().to_owned();
            (addr.name.as_deref().map(str::to_owned), text.parse().ok(), text)
        })
        .collect()
}

fn names_any(field: &[u8], removal: &Removal<'_>) -> bool {
    let named = |a: &Address| removal.hidden.contains(a) || removal.renamed.iter().any(|(service, _)| service == a);
    !(removal.hidden.is_empty() && removal.renamed.is_empty())
        && addresses(field).iter().any(|(_, address, _)| address.as_ref().is_some_and(named))
}

/// An address field written again without the hidden ones; nothing at all when none is left.
fn without(field: &[u8], removal: &Removal<'_>) -> Vec<u8> {
    let name =
        String::from_utf8_lossy(field.split(|&octet| octet == b':').next().unwrap_or_default()).trim().to_owned();
    let own = |address: &Address| removal.renamed.iter().find(|(service, _)| service == address).map(|(_, own)| own);
    let left: Vec<String> = addresses(field)
        .into_iter()
        .map(|(display, address, text)| match address.as_ref().and_then(own) {
            Some(own) => (display, Some(own.clone()), own.reveal()),
            None => (display, address, text),
        })
        .filter(|(_, address, _)| address.as_ref().is_none_or(|a| !removal.hidden.contains(a)))
        .filter(|(_, _, text)| !text.contains(char::is_whitespace) && is_written(text))
        .map(|(display, _, text)| match display {
            Some(display) if !display.is_empty() => format!("{} <{text}>", phrase(&display)),
            _ => text,
        })
        .collect();
    if left.is_empty() { Vec::new() } else { format!("{name}: {}\r\n", left.join(",\r\n ")).into_bytes() }
}

/// Whether an address can be written again as it stands: ASCII, or beyond it one that is read here (RFC 6532 §3.2).
fn is_written(text: &str) -> bool {
    !text.is_empty() && (text.is_ascii() || text.parse::<Address>().is_ok())
}

/// An unstructured field of one or more encoded words, or plain where ASCII is enough.
pub(super) fn encoded(name: &str, text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if clean.is_ascii() && clean.len() + name.len() < 900 {
        return format!("{name}: {}\r\n", clean.trim());
    }
    format!("{name}: {}\r\n", encoded_words(clean.trim()))
}

/// A display name as a quoted string or as encoded words.
pub(super) fn phrase(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    if clean.is_ascii() {
        return format!("\"{}\"", clean.replace('\\', "\\\\").replace('"', "\\\""));
    }
    encoded_words(&clean)
}

/// A text as encoded words in one line, for a parameter.
pub(super) fn encoded_word(text: &str) -> String {
    encoded_words(text).replace("\r\n", "")
}

/// RFC 2047 §5: words of at most 75 characters, never splitting a character, folded between.
fn encoded_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut piece = String::new();
    for c in text.chars() {
        // 45 octets become 60 characters of base64: 72 with `=?UTF-8?B?…?=`.
        if piece.len() + c.len_utf8() > 45 {
            words.push(std::mem::take(&mut piece));
        }
        piece.push(c);
    }
    words.push(piece);
    let words: Vec<String> =
        words.iter().map(|w| format!("=?UTF-8?B?{}?=", data_encoding::BASE64.encode(w.as_bytes()))).collect();
    words.join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: &[u8] = b"From: Dr A <a@cabinet.example>\r\nTo: \"Jeanne\" <jeanne@example.org>,\r\n Paul <paul@example.org>\r\nBcc: secret@example.org\r\nX-Pli-Phone: <jeanne@example.org> 0612345678\r\nSubject: =?UTF-8?Q?R=C3=A9sultat?= [06 12 34 56 78]\r\nThread-Topic: R [06 12 34 56 78]\r\n\r\nbody\r\n";

    fn address(text: &str) -> Address {
        text.parse().expect("an address")
    }

    #[test]
    fn a_header_is_found_as_it_stands() {
        let header = Header::read(LETTER);
        assert_eq!(header.values("bcc"), ["secret@example.org"]);
        assert_eq!(&LETTER[header.end..], b"body\r\n");
        assert_eq!(Header::read(b"no header at all\r\n").end, 0);
        assert_eq!(Header::read(b"A: b\r\n").end, 6);
    }

    #[test]
    fn what_recipients_must_not_see_is_gone_and_the_rest_is_untouched() {
        let utf8 = "To: \u{c9}ve <\u{e8}ve@b\u{fc}cher.example>, Andr\u{e9} <andre\u{301}@example.org>\r\n";
        let hidden = [address("andr\u{e9}@example.org")];
        let one = without(utf8.as_bytes(), &Removal { hidden: &hidden, renamed: &[], subject: None });
        assert_eq!(String::from_utf8_lossy(&one), "To: =?UTF-8?B?w4l2ZQ==?= <\u{e8}ve@b\u{fc}cher.example>\r\n");
        let header = Header::read(LETTER);
        let hidden = [address("paul@example.org")];
        let removal = Removal { hidden: &hidden, renamed: &[], subject: Some("x") };
        assert!(header.shows(&removal));
        let out = String::from_utf8(header.rewritten("", &removal)).expect("text");
        assert!(out.starts_with("From: Dr A <a@cabinet.example>\r\nTo: \"Jeanne\" <jeanne@example.org>\r\n"), "{out}");
        for gone in ["paul", "Bcc", "secret", "X-Pli", "06 12", "0612"] {
            assert!(!out.contains(gone), "{gone} in {out}");
        }
        assert_eq!(decoded(b"Subject: =?UTF-8?B?UsOpc3VsdGF0?=\r\n"), "Résultat");
        assert!(out.ends_with("\r\n\r\n"));
    }

    #[test]
    fn an_address_that_stands_for_a_person_becomes_the_persons_own() {
        let letter =
            b"From: a@cabinet.example\r\nTo: \"Jeanne (patient)\" <pli+x.y@cabinet.example>, b@cabinet.example\r\n\r\n";
        let header = Header::read(letter);
        let renamed = [(address("pli+x.y@cabinet.example"), address("jeanne@example.org"))];
        let rewritten = |hidden: &[Address]| {
            let removal = Removal { hidden, renamed: &renamed, subject: None };
            assert!(header.shows(&removal));
            String::from_utf8(header.rewritten("", &removal)).expect("text")
        };
        let out = rewritten(&[]);
        assert!(out.contains("To: \"Jeanne (patient)\" <jeanne@example.org>,\r\n b@cabinet.example\r\n"), "{out}");
        let out = rewritten(&[address("jeanne@example.org")]);
        assert!(out.contains("To: b@cabinet.example\r\n") && !out.contains("pli+"), "{out}");
    }

    #[test]
    fn a_header_without_secrets_is_not_written_again() {
        let plain = b"From: a@cabinet.example\r\nTo: b@cabinet.example\r\nSubject: x\r\n\r\n";
        let header = Header::read(plain);
        assert!(!header.shows(&Removal { hidden: &[], renamed: &[], subject: None }));
        assert_eq!(header.rewritten("", &Removal { hidden: &[], renamed: &[], subject: None }), plain);
    }

    #[test]
    fn long_subjects_are_encoded_in_words_of_legal_length() {
        let line = encoded("Subject", &"é".repeat(200));
        assert!(line.split("\r\n").all(|part| part.len() <= 76 + 9), "{line}");
        assert_eq!(decoded(line.trim_end().as_bytes()), "é".repeat(200));
        assert!(!encoded("Subject", "a\r\nBcc: x").contains("\r\nBcc"));
    }
}
