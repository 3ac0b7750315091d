//! What lists need of a message, made once when it comes in: header, ENVELOPE, BODY, BODYSTRUCTURE, PREVIEW.
//!
//! Written as FETCH gives it (RFC 3501 §7.4.2, RFC 8970), so that a list opens one small sealed value for each
//! message and copies from it. It has a version: one that is of another is made again from the message.

use std::ops::Range;

use mail_parser::decoders::html::html_to_text;
use zeroize::Zeroizing;

use super::structure::{Kind, Structure};
use super::{Wire, Words, bodystructure, decode, envelope, field, unwrap};

/// A summary. A person's data: no `Debug`.
pub struct Summary {
    octets: Zeroizing<Vec<u8>>,
    parts: [Range<usize>; PARTS],
}

impl Summary {
    /// Of these octets, whatever they are.
    pub fn of(message: &[u8]) -> Self {
        Self::read(message, &Structure::read(message))
    }

    fn read(message: &[u8], structure: &Structure) -> Self {
        let header = structure.root().map(|root| field::slice(message, &root.header)).unwrap_or_default();
        let read = structure.root().map(|root| field::head(message, &root.header)).unwrap_or_default();
        let (mut list, mut short, mut long) = (Wire::default(), Wire::default(), Wire::default());
        envelope::write(read, &mut envelope::MOST_ADDRESSES.clone(), &mut list);
        bodystructure::write(message, structure, false, &mut short);
        bodystructure::write(message, structure, true, &mut long);
        let preview = match unwrap::short(message, structure) {
            Some(plain) => preview(&plain, &Structure::read(&plain)),
            None => preview(message, structure),
        };
        let parts = [header, list.octets(), short.octets(), long.octets(), preview.as_bytes()];
        let mut octets = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum::<usize>() + 1));
        octets.push(VERSION);
        let mut ranges = [const { 0..0 }; PARTS];
        for (part, range) in parts.iter().zip(&mut ranges) {
            octets.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            *range = octets.len()..octets.len() + part.len();
            octets.extend_from_slice(part);
        }
        Self { octets, parts: ranges }
    }

    /// What [`Summary::octets`] gave; `None` for another version, and for what is none.
    pub fn from_octets(octets: Zeroizing<Vec<u8>>) -> Option<Self> {
        if octets.first() != Some(&VERSION) {
            return None;
        }
        let mut parts = [const { 0..0 }; PARTS];
        let mut at = 1_usize;
        for range in &mut parts {
            let length = octets.get(at..)?.first_chunk::<4>()?;
            let start = at.checked_add(4)?;
            let end = start.checked_add(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
            octets.get(start..end)?;
            *range = start..end;
            at = end;
        }
        (at == octets.len()).then_some(Self { octets, parts })
    }

    /// All of it, to be sealed.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Whether it is worth keeping: what is larger is made again from the message each time.
    pub fn is_small(&self) -> bool {
        self.octets.len() <= LARGEST
    }

    /// The header with the empty line that ends it, octet for octet.
    pub fn header(&self) -> &[u8] {
        self.part(0)
    }

    /// ENVELOPE.
    pub fn envelope(&self) -> &[u8] {
        self.part(1)
    }

    /// BODY.
    pub fn body(&self) -> &[u8] {
        self.part(2)
    }

    /// BODYSTRUCTURE.
    pub fn body_structure(&self) -> &[u8] {
        self.part(3)
    }

    /// The first words of the text: at most 200 characters in one line, of UTF-8 (RFC 8970 §3.2).
    pub fn preview(&self) -> &[u8] {
        self.part(4)
    }

    fn part(&self, at: usize) -> &[u8] {
        self.parts.get(at).and_then(|range| self.octets.get(range.clone())).unwrap_or_default()
    }
}

/// What is kept of a message beside it: for lists, and for searches.
pub struct Described {
    /// What lists need; `None` where it is too much to be kept.
    pub summary: Option<Summary>,
    /// What searches need, as octets.
    pub words: Option<Zeroizing<Vec<u8>>>,
}

impl Described {
    /// Of these octets, whatever they are.
    pub fn of(message: &[u8]) -> Self {
        Self::read(message, &Structure::read(message))
    }

    /// The same of octets that were taken apart already.
    pub fn read(message: &[u8], structure: &Structure) -> Self {
        let summary = Some(Summary::read(message, structure)).filter(Summary::is_small);
        let words = summary.as_ref().and_then(|_| Words::read(message, structure).to_octets());
        Self { summary, words }
    }
}

/// The beginning of the first text part that says something, plain text before HTML.
fn preview(message: &[u8], structure: &Structure) -> Zeroizing<String> {
    let texts = |subtype: &'static [u8]| {
        structure.nodes().iter().filter(move |node| {
            let (kind, sub) = node.media_type();
            node.kind == Kind::Leaf && kind.eq_ignore_ascii_case(b"text") && sub.eq_ignore_ascii_case(subtype)
        })
    };
    let plain = texts(b"plain").take(FEW).map(|node| (node, false));
    let html = texts(b"html").take(FEW).map(|node| (node, true));
    for (node, html) in plain.chain(html) {
        let text = decode::text(message, node, READ);
        let text = if html { Zeroizing::new(html_to_text(&text)) } else { text };
        let words: Vec<&str> = text.split_whitespace().take(PREVIEW).collect();
        let line = Zeroizing::new(words.join(" "));
        if !line.is_empty() {
            return Zeroizing::new(line.chars().filter(|c| !c.is_control()).take(PREVIEW).collect());
        }
    }
    Zeroizing::default()
}

/// Raised whenever what FETCH gives of a message changes.
const VERSION: u8 = 1;
const PARTS: usize = 5;
/// Octets of a summary that is kept.
const LARGEST: usize = 48 * 1024;
/// Characters of a preview (RFC 8970 §3.1).
const PREVIEW: usize = 200;
/// Octets of a text that are read for it.
const READ: usize = 4096;
/// Text parts of one kind that are tried for it.
const FEW: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "Subject: =?utf-8?q?R=C3=A9sultats?=\r\nFrom: a@b\r\nContent-Type: multipart/alternative; boundary=B\r\n\r\n\
        --B\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<style>p{}</style><p>Bonjour <b>Jeanne</b></p>\r\n\
        --B\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n \r\nVoici=20l'=E9tat\r\n  du jour.\r\n--B--\r\n";

    fn text(octets: &[u8]) -> String {
        String::from_utf8_lossy(octets).into_owned()
    }

    #[test]
    fn a_summary_holds_what_lists_show() {
        let summary = Summary::of(MESSAGE.as_bytes());
        assert!(MESSAGE.as_bytes().starts_with(summary.header()) && summary.header().ends_with(b"boundary=B\r\n\r\n"));
        assert!(text(summary.envelope()).starts_with("(NIL \"=?utf-8?q?R=C3=A9sultats?=\" "));
        assert!(text(summary.body()).ends_with(" \"alternative\")"));
        assert!(text(summary.body_structure()).contains("(\"boundary\" \"B\")"));
        assert_eq!(text(summary.preview()), "Voici l'état du jour.");
        let html = MESSAGE.replace("text/plain", "application/x");
        assert_eq!(text(Summary::of(html.as_bytes()).preview()), "Bonjour Jeanne");
        let long = format!("A: b\r\n\r\n{}", "é ".repeat(5000));
        assert_eq!(text(Summary::of(long.as_bytes()).preview()).chars().count(), PREVIEW);
        assert!(summary.is_small());
    }

    #[test]
    fn it_comes_back_from_its_octets_and_nothing_else_does() {
        let summary = Summary::of(MESSAGE.as_bytes());
        let again = Summary::from_octets(Zeroizing::new(summary.octets().to_vec())).expect("a summary");
        assert_eq!(again.envelope(), summary.envelope());
        assert_eq!(again.preview(), summary.preview());
        for cut in 0..summary.octets().len() {
            assert!(Summary::from_octets(Zeroizing::new(summary.octets()[..cut].to_vec())).is_none(), "cut at {cut}");
        }
        let mut other = summary.octets().to_vec();
        other[0] = VERSION + 1;
        assert!(Summary::from_octets(Zeroizing::new(other)).is_none(), "another version");
        assert!(Summary::from_octets(Zeroizing::new([summary.octets(), b"x"].concat())).is_none(), "octets behind");
        assert!(Summary::from_octets(Zeroizing::new(vec![VERSION, 255, 255, 255, 255])).is_none());
    }

    #[test]
    fn fault_17_what_is_no_mail_has_a_summary() {
        for broken in [&b""[..], b"\r\n", b"no header", b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B"] {
            let summary = Summary::of(broken);
            assert!(!summary.envelope().is_empty() && !summary.body().is_empty());
        }
        let large = format!("X: {}\r\n\r\n", "x".repeat(LARGEST));
        assert!(!Summary::of(large.as_bytes()).is_small());
    }
}
