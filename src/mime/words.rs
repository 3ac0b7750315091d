//! What SEARCH compares (RFC 3501 §6.4.4): headers and texts decoded, in lower case.
//!
//! mail-parser decodes charsets, base64, quoted-printable and encoded words; it is given one body or one field at a
//! time, so that nesting is bounded by our own structure. Made once when a message comes in, and sealed beside it.

use jiff::civil::Date;
use mail_parser::{HeaderName, MessageParser};
use zeroize::Zeroizing;

use super::decode;
use super::field::{self, LONGEST_DECODED, slice};
use super::structure::{Kind, Node, Structure};
use super::unwrap;

/// What is searched of a message. A person's data: no `Debug`.
pub struct Words {
    /// The day of the Date field, as its writer's calendar had it.
    sent: Option<Date>,
    /// `name: value` and a line end for each field, in lower case.
    header: Zeroizing<String>,
    /// Texts, and the headers inside the body, in lower case.
    body: Zeroizing<String>,
}

impl Words {
    /// Of these octets, whatever they are.
    pub fn of(message: &[u8]) -> Self {
        Self::read(message, &Structure::read(message))
    }

    pub(super) fn read(message: &[u8], structure: &Structure) -> Self {
        let root = structure.root().map(|root| slice(message, &root.header)).unwrap_or_default();
        let mut header = Zeroizing::new(String::new());
        lines(root, &mut header);
        let mut body = Zeroizing::new(String::new());
        // Of what is wrapped the words are inside.
        let plain = unwrap::short(message, structure).map(|plain| (Structure::read(&plain), plain));
        let (structure, message) = plain.as_ref().map_or((structure, message), |(s, plain)| (s, plain.as_slice()));
        for (at, node) in structure.nodes().iter().enumerate() {
            // Headers inside the body are part of it.
            if at > 0 {
                lines(slice(message, &node.header), &mut body);
            }
            if let Some(text) = text(message, node) {
                grow(&mut body, text.len());
                body.push_str(&Zeroizing::new(text.to_lowercase()));
                body.push('\n');
            }
        }
        Self { sent: sent(root), header, body }
    }

    /// All of it, to be sealed; `None` where it is too much to be kept.
    pub fn to_octets(&self) -> Option<Zeroizing<Vec<u8>>> {
        let length = self.header.len().checked_add(self.body.len())?;
        if length > LARGEST {
            return None;
        }
        let sent = self.sent.map_or(String::new(), |day| day.to_string());
        let mut octets = Zeroizing::new(Vec::with_capacity(length + 32));
        octets.push(VERSION);
        octets.push(u8::try_from(sent.len()).ok()?);
        octets.extend_from_slice(sent.as_bytes());
        octets.extend_from_slice(&u32::try_from(self.header.len()).ok()?.to_be_bytes());
        octets.extend_from_slice(self.header.as_bytes());
        octets.extend_from_slice(self.body.as_bytes());
        Some(octets)
    }

    /// What [`Words::to_octets`] gave; `None` for another version, and for what is none.
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        let ([VERSION, length], rest) = octets.split_first_chunk()? else { return None };
        let (sent, rest) = rest.split_at_checked(usize::from(*length))?;
        let sent = if sent.is_empty() { None } else { Some(std::str::from_utf8(sent).ok()?.parse().ok()?) };
        let (length, rest) = rest.split_first_chunk()?;
        let (header, body) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        let text = |octets: &[u8]| std::str::from_utf8(octets).ok().map(|text| Zeroizing::new(text.to_owned()));
        Some(Self { sent, header: text(header)?, body: text(body)? })
    }

    /// Whether a field of this name (lower case) holds the text (lower case); any field of the name, for no text.
    pub fn header_holds(&self, name: &str, text: &str) -> bool {
        let value = |line: &'_ str| line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")).map(str::len);
        self.header.lines().any(|line| {
            value(line).is_some_and(|length| line.get(line.len() - length..).is_some_and(|value| value.contains(text)))
        })
    }

    /// Whether the body does.
    pub fn body_holds(&self, text: &str) -> bool {
        holds(&self.body, text)
    }

    /// Whether anything does.
    pub fn text_holds(&self, text: &str) -> bool {
        holds(&self.header, text) || self.body_holds(text)
    }

    /// The day of the Date field.
    pub fn sent(&self) -> Option<Date> {
        self.sent
    }
}

fn holds(all: &str, text: &str) -> bool {
    memchr::memmem::find(all.as_bytes(), text.as_bytes()).is_some()
}

/// Room for so much more, by a copy that leaves nothing behind.
fn grow(text: &mut Zeroizing<String>, more: usize) {
    let wanted = text.len().saturating_add(more).saturating_add(1);
    if wanted > text.capacity() {
        let mut larger = Zeroizing::new(String::with_capacity(wanted.saturating_mul(2)));
        larger.push_str(text);
        *text = larger;
    }
}

/// A header's fields, a line each.
fn lines(header: &[u8], out: &mut Zeroizing<String>) {
    for (name, value) in decoded(header) {
        grow(out, name.len().saturating_add(value.len()).saturating_add(3));
        out.push_str(&name);
        out.push_str(": ");
        // A line end that an encoded word brought would begin a field of its own.
        out.extend(value.chars().map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }));
        out.push('\n');
    }
}

fn sent(header: &[u8]) -> Option<Date> {
    let value = field::find(header, "date")?;
    let date = mail_parser::DateTime::parse_rfc822(std::str::from_utf8(&value).ok()?)?;
    let (year, month) = (i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?);
    Date::new(year, month, i8::try_from(date.day).ok()?).ok()
}

/// The decoded text of a leaf, if it is one.
fn text(octets: &[u8], node: &Node) -> Option<Zeroizing<String>> {
    let (kind, _) = node.media_type();
    if node.kind != Kind::Leaf || !kind.eq_ignore_ascii_case(b"text") {
        return None;
    }
    Some(decode::text(octets, node, usize::MAX))
}

/// The fields of a header: as written, and decoded where that differs.
fn decoded(header: &[u8]) -> Fields {
    let lower = |octets: &[u8]| String::from_utf8_lossy(octets).to_lowercase();
    let mut all = Fields::new();
    for field in field::fields(header).filter(|field| !field.name.is_empty()) {
        let value = field::unfold(field.value);
        let name = lower(field.name);
        if value.len() <= LONGEST_DECODED && value.windows(2).any(|pair| pair == b"=?") {
            // As the one field whose text is never taken apart.
            let text = [b"Subject: ", value.as_slice(), b"\r\n\r\n"].concat();
            let parsed = MessageParser::new().header_text(HeaderName::Subject).parse_headers(text.as_slice());
            let subject = parsed.as_ref().and_then(|message| message.subject());
            all.extend(subject.map(|text| (name.clone(), Zeroizing::new(text.to_lowercase()))));
        }
        all.push((name, Zeroizing::new(lower(&value))));
    }
    all
}

/// Names and decoded values, in lower case.
type Fields = Vec<(String, Zeroizing<String>)>;

/// Raised whenever what SEARCH finds in a message changes.
const VERSION: u8 = 1;
/// Octets that are kept of a message; of what is more, the message is read each time.
const LARGEST: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_found() {
        let message = "Subject: =?utf-8?Q?R=C3=89SULTATS?= d'analyse\r\nFrom: =?iso-8859-1?B?Suly9G1l?= <j@x.fr>\r\n\
            Date: Tue, 1 Mar 2022 23:30:00 -0500\r\nX-Plain: Va\u{c9}\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n\
            --B\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nL'=C9t=\r\n=E9\r\n\
            --B\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+R2x5Y8OpbWllPC9iPg==\r\n\
            --B\r\nContent-Type: application/pdf; name=scan.pdf\r\n\r\nsecretpdf\r\n\
            --B\r\nContent-Type: message/rfc822\r\n\r\nSubject: =?utf-8?Q?Int=C3=A9rieur?=\r\n\r\nhidden\r\n--B--\r\n";
        let words = Words::of(message.as_bytes());
        let again = words.to_octets().expect("small");
        let words = Words::from_octets(&again).expect("comes back");
        for (name, text, is) in [
            ("subject", "r\u{e9}sultats d'analyse", true),
            ("subject", "=?utf-8?q?", true),
            ("subject", "glyc\u{e9}mie", false),
            ("from", "j\u{e9}r\u{f4}me", true),
            ("from", "j@x.fr", true),
            ("x-plain", "va\u{e9}", true),
            ("x-plain", "", true),
            ("x-missing", "", false),
        ] {
            assert_eq!(words.header_holds(name, text), is, "{name} {text}");
        }
        for (text, is) in [
            ("l'\u{e9}t\u{e9}", true),
            ("glyc\u{e9}mie", true),
            ("scan.pdf", true),
            ("int\u{e9}rieur", true),
            ("hidden", true),
            ("secretpdf", false),
            ("r\u{e9}sultats", false),
        ] {
            assert_eq!(words.body_holds(text), is, "{text}");
        }
        assert!(words.text_holds("r\u{e9}sultats") && words.text_holds("hidden") && !words.text_holds("absent"));
        assert_eq!(words.sent(), Date::new(2022, 3, 1).ok());
    }

    #[test]
    fn fault_17_nothing_is_found_in_nothing() {
        for broken in
            [&b""[..], b"\r\n", b"Date: yesterday\r\n", b"Content-Type: text/plain; charset=x-none\r\n\r\n\xff\xfe"]
        {
            let words = Words::of(broken);
            assert!(!words.text_holds("absent") && words.sent().is_none());
        }
    }
}
