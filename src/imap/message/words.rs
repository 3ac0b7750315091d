//! What SEARCH compares (RFC 3501 §6.4.4): headers and texts decoded, in lower case.
//!
//! mail-parser decodes charsets, base64, quoted-printable and encoded words; it is given one part at a time, so
//! that nesting is bounded by our own structure.

use jiff::civil::Date;
use mail_parser::{HeaderName, MessageParser};
use zeroize::Zeroizing;

use super::field::{self, slice};
use super::structure::{Kind, Node, Structure};

/// A message ready to be searched; what is decoded is decoded once.
pub struct Words<'a> {
    octets: &'a [u8],
    structure: Structure,
    header: Option<Fields>,
    body: Option<Zeroizing<String>>,
}

/// Names and decoded values, in lower case.
type Fields = Vec<(String, Zeroizing<String>)>;

impl<'a> Words<'a> {
    /// Of these octets.
    pub fn new(octets: &'a [u8]) -> Self {
        Self { octets, structure: Structure::read(octets), header: None, body: None }
    }

    /// Whether a field of this name holds the text; any field of the name, for no text.
    pub fn header_holds(&mut self, name: &str, text: &str) -> bool {
        self.header().iter().any(|(known, value)| known == name && value.contains(text))
    }

    /// Whether the body does.
    pub fn body_holds(&mut self, text: &str) -> bool {
        self.body().contains(text)
    }

    /// Whether anything does.
    pub fn text_holds(&mut self, text: &str) -> bool {
        let line = |(name, value): &(String, Zeroizing<String>)| format!("{name}: {}", value.as_str()).contains(text);
        self.header().iter().any(line) || self.body_holds(text)
    }

    /// The day of the Date field, as its writer's calendar had it.
    pub fn sent(&self) -> Option<Date> {
        let header = slice(self.octets, &self.structure.root()?.header);
        let value = field::find(header, "date")?;
        let date = mail_parser::DateTime::parse_rfc822(std::str::from_utf8(&value).ok()?)?;
        let (year, month) = (i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?);
        Date::new(year, month, i8::try_from(date.day).ok()?).ok()
    }

    fn header(&mut self) -> &Fields {
        let (octets, structure) = (self.octets, &self.structure);
        self.header.get_or_insert_with(|| {
            structure.root().map(|root| decoded(slice(octets, &root.header))).unwrap_or_default()
        })
    }

    fn body(&mut self) -> &str {
        let (octets, structure) = (self.octets, &self.structure);
        self.body.get_or_insert_with(|| {
            let mut body = Zeroizing::new(String::new());
            for (at, node) in structure.nodes().iter().enumerate() {
                // Headers inside the body are part of it.
                if at > 0 {
                    for (name, value) in decoded(slice(octets, &node.header)) {
                        body.push_str(&format!("{name}: {}\n", value.as_str()));
                    }
                }
                if let Some(text) = text(octets, node) {
                    body.push_str(&text.to_lowercase());
                    body.push('\n');
                }
            }
            body
        })
    }
}

/// The decoded text of a leaf, if it is one.
fn text(octets: &[u8], node: &Node) -> Option<Zeroizing<String>> {
    let (kind, _) = node.media_type();
    if node.kind != Kind::Leaf || !kind.eq_ignore_ascii_case(b"text") {
        return None;
    }
    let part = slice(octets, &(node.header.start..node.body.end));
    let parsed = MessageParser::new().with_mime_headers().parse(part)?;
    parsed.parts.first()?.text_contents().map(|text| Zeroizing::new(text.to_owned()))
}

/// The fields of a header: as written, and decoded where that differs.
fn decoded(header: &[u8]) -> Fields {
    let lower = |octets: &[u8]| String::from_utf8_lossy(octets).to_lowercase();
    let mut all = Fields::new();
    for field in field::fields(header).filter(|field| !field.name.is_empty()) {
        let value = field::unfold(field.value);
        let name = lower(field.name);
        if value.windows(2).any(|pair| pair == b"=?") {
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
        let mut words = Words::new(message.as_bytes());
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
            let mut words = Words::new(broken);
            assert!(!words.text_holds("absent") && words.sent().is_none());
        }
    }
}
