//! Messages whose text and files lie in a wrapping that mail clients of one maker write: the `winmail.dat` of Outlook
//! (MS-OXTNEF), and what was signed in one piece (S/MIME, RFC 8551 §3.5.2). Such a message is turned into the one that
//! says the same without it.
//!
//! What cannot be opened (encrypted, broken, of no kind that is known here) stays the file that it was. Messages within
//! the message are left as they are, for whoever opens those. Nothing is said of a signature: it is not looked at.

mod mapi;
mod part;
mod rtf;
mod signed;
mod tnef;

use std::ops::Range;

use mail_parser::decoders::html::html_to_text;
use zeroize::Zeroizing;

use super::decode;
use super::field::{self, slice};
use super::parameter::Value;
use super::structure::{Kind, Node, Structure};

/// A part that holds others in its own way.
pub struct Wrapped {
    node: Node,
    wrapping: Wrapping,
    /// Of its multipart it is the only part.
    alone: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wrapping {
    Signed,
    Tnef,
}

/// Where the body of such a part is.
pub enum Given {
    /// In the message.
    Here,
    /// Apart from it, as it was written there.
    Written(Zeroizing<Vec<u8>>),
    /// Apart from it, without its transfer encoding.
    Decoded(Zeroizing<Vec<u8>>),
}

/// A message that says the same with a wrapping less.
pub struct Opened {
    /// Its octets, with CR and LF only together, and no NUL, wherever the message before had them so.
    pub octets: Zeroizing<Vec<u8>>,
    /// What was replaced, and by how many octets: of this message, and then of what came of it.
    replaced: Vec<Vec<(Range<usize>, usize)>>,
}

impl Wrapped {
    /// Those of a message, in the order of their places; none in messages within it.
    pub fn find(octets: &[u8]) -> Vec<Self> {
        Self::of(octets, &Structure::read(octets))
    }

    fn of(octets: &[u8], structure: &Structure) -> Vec<Self> {
        let mut found: Vec<Self> = leaves(structure)
            .filter_map(|(node, alone)| Some(Self { node: node.clone(), wrapping: wrapping(octets, node)?, alone }))
            .take(MOST)
            .collect();
        found.sort_by_key(|wrapped| wrapped.node.header.start);
        found
    }

    /// Its body, as it is written.
    pub fn body(&self) -> Range<usize> {
        self.node.body.clone()
    }

    /// What it holds, as a part of a message; nothing where that says nothing to anybody.
    fn open(&self, octets: &[u8], given: Given, said: &part::Said, marks: &mut part::Marks) -> Option<Vec<u8>> {
        let body = match given {
            Given::Here => decode::body(octets, &self.node)?,
            Given::Written(written) => decode::written(octets, &self.node, &written)?,
            Given::Decoded(body) => body,
        };
        match self.wrapping {
            Wrapping::Signed => part::of_signed(signed::content(&body)?, self.is_root()),
            Wrapping::Tnef => part::of_tnef(&body, &tnef::read(&body)?, said, marks),
        }
    }
}

impl Opened {
    /// Opens what was found in a message; `apart` are the places of bodies that lie elsewhere. `None` where nothing can be.
    pub fn read(octets: &[u8], found: Vec<(Wrapped, Given)>, apart: &[usize]) -> Option<Self> {
        let said = said(octets, apart);
        let mut marks = part::Marks::new(octets);
        let mut parts = Vec::new();
        for (wrapped, given) in found {
            let Some(part) = wrapped.open(octets, given, &said, &mut marks) else { continue };
            let part = Zeroizing::new(part);
            let range = wrapped.node.header.start..wrapped.node.body.end;
            parts.push(match delimiter(octets, &range).filter(|_| part.is_empty() && !wrapped.alone) {
                // Of several it goes, with the boundary before it.
                Some(whole) => (whole, part),
                None => (range, part::in_place_of(slice(octets, &wrapped.node.header), &part, wrapped.is_root())),
            });
        }
        if parts.is_empty() {
            return None;
        }
        let more: usize = parts.iter().map(|(_, part)| part.len()).sum();
        let mut plain = Zeroizing::new(Vec::with_capacity(octets.len() + more));
        let (mut done, mut replaced) = (0, Vec::with_capacity(parts.len()));
        for (range, part) in parts {
            plain.extend_from_slice(octets.get(done..range.start)?);
            plain.extend_from_slice(&part);
            done = range.end;
            replaced.push((range, part.len()));
        }
        plain.extend_from_slice(octets.get(done..)?);
        Some(Self { octets: plain, replaced: vec![replaced] })
    }

    /// Where that stands now which stood at this place of the message before; `None` for what was the body of a part
    /// that was opened.
    pub fn place(&self, at: usize) -> Option<usize> {
        self.replaced.iter().try_fold(at, |at, round| {
            let before = round.iter().filter(|(range, _)| range.end < at);
            let gone = round.iter().any(|(range, _)| range.start < at && at <= range.end);
            let moved = before.fold(at, |at, (range, length)| at.saturating_sub(range.len()).saturating_add(*length));
            (!gone).then_some(moved)
        })
    }

    /// The same with what was wrapped within the wrapping; what lies apart from the octets is not looked for there.
    pub fn whole(mut self, apart: &[usize]) -> Self {
        for _ in 1..DEEPEST {
            let apart: Vec<usize> = apart.iter().filter_map(|at| self.place(*at)).collect();
            let found =
                Wrapped::find(&self.octets).into_iter().filter(|wrapped| !apart.contains(&wrapped.body().start));
            let found: Vec<_> = found.map(|wrapped| (wrapped, Given::Here)).collect();
            let Some(next) = Self::read(&self.octets, found, &apart) else { break };
            self.octets = next.octets;
            self.replaced.extend(next.replaced);
        }
        self
    }
}

/// The message that says the same as this one, of which nothing lies apart; `None` where nothing of it can be opened.
pub fn plain(octets: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let found: Vec<_> = Wrapped::find(octets).into_iter().map(|wrapped| (wrapped, Given::Here)).collect();
    if found.is_empty() {
        return None;
    }
    Some(Opened::read(octets, found, &[])?.whole(&[]).octets)
}

/// The same of a message whose words alone are asked for: of a long one it is not worth what it costs.
pub(super) fn short(octets: &[u8], structure: &Structure) -> Option<Zeroizing<Vec<u8>>> {
    if octets.len() > SHORT || Wrapped::of(octets, structure).is_empty() {
        return None;
    }
    plain(octets)
}

impl Wrapped {
    fn is_root(&self) -> bool {
        self.node.header.start == 0
    }
}

/// The leaves of a message that are not in a message within it, and whether each is the only part of its multipart.
fn leaves(structure: &Structure) -> impl Iterator<Item = (&Node, bool)> {
    let mut open = vec![(0, true)];
    std::iter::from_fn(move || {
        while let Some((at, alone)) = open.pop() {
            let node = structure.node(at)?;
            match &node.kind {
                Kind::Leaf => return Some((node, alone)),
                Kind::Multipart(parts) => open.extend(parts.iter().rev().map(|part| (*part, parts.len() == 1))),
                Kind::Message(_) => {}
            }
        }
        None
    })
}

/// By its type, or where that says nothing by its name (RFC 8551 §3.2.1, §3.9).
fn wrapping(octets: &[u8], node: &Node) -> Option<Wrapping> {
    let (kind, subtype) = node.media_type();
    if !kind.eq_ignore_ascii_case(b"application") {
        return None;
    }
    match subtype.to_ascii_lowercase().as_slice() {
        b"pkcs7-mime" | b"x-pkcs7-mime" => {
            let kind = node.content_type.parameter("smime-type");
            kind.is_none_or(|kind| kind.eq_ignore_ascii_case(b"signed-data")).then_some(Wrapping::Signed)
        }
        b"ms-tnef" | b"vnd.ms-tnef" => Some(Wrapping::Tnef),
        b"octet-stream" => {
            let disposition = field::find(field::head(octets, &node.header), "content-disposition");
            let disposition = disposition.map(|value| Value::read(&value)).unwrap_or_default();
            let name = disposition.parameter("filename").or_else(|| node.content_type.parameter("name"))?;
            match name.to_ascii_lowercase().as_slice() {
                b"winmail.dat" | b"win.dat" => Some(Wrapping::Tnef),
                name if name.ends_with(b".p7m") => Some(Wrapping::Signed),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What a message says beside what is wrapped in it.
fn said(octets: &[u8], apart: &[usize]) -> part::Said {
    let mut said = part::Said::default();
    for (node, _) in leaves(&Structure::read(octets)) {
        let (kind, subtype) = node.media_type();
        let disposition = field::find(field::head(octets, &node.header), "content-disposition");
        let attached = disposition.is_some_and(|value| Value::read(&value).word.eq_ignore_ascii_case(b"attachment"));
        if attached || !kind.eq_ignore_ascii_case(b"text") {
            continue;
        }
        if apart.contains(&node.body.start) || node.body.len() > LONGEST_TEXT {
            said.and_more();
            continue;
        }
        let text = decode::text(octets, node, LONGEST_TEXT);
        if subtype.eq_ignore_ascii_case(b"html") {
            said.add(&Zeroizing::new(html_to_text(&text)));
        } else {
            said.add(&text);
        }
    }
    said
}

/// A part with the boundary before it, and without the line end that belongs to the next.
fn delimiter(octets: &[u8], part: &Range<usize>) -> Option<Range<usize>> {
    let before = octets.get(..part.start)?.strip_suffix(b"\n")?;
    let begin = memchr::memrchr(b'\n', before)? + 1;
    let next = octets.get(part.end..)?;
    let end = part.end + if next.starts_with(b"\r\n") { 2 } else { usize::from(next.starts_with(b"\n")) };
    octets.get(begin..)?.starts_with(b"--").then_some(begin..end)
}

/// Wrapped parts of one message.
const MOST: usize = 20;
/// Wrappings within wrappings.
const DEEPEST: usize = 3;
/// Octets of a message that is opened for its words.
const SHORT: usize = 4 * 1024 * 1024;
/// Octets of a text whose words are looked at to know whether another says the same.
const LONGEST_TEXT: usize = 512 * 1024;

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;

    /// A SignedData of these octets (RFC 5652 §5.1), and nothing behind them.
    fn signed(content: &str) -> String {
        let open = |tag: u8, content: &[u8]| [&[tag, 0x80], content, &[0, 0]].concat();
        let length = u32::try_from(content.len()).expect("short").to_be_bytes();
        let string = [&[4, 0x84], length.as_slice(), content.as_bytes()].concat();
        let kind = |last| [6, 9, 42, 134, 72, 134, 247, 13, 1, 7, last];
        let data =
            [[2, 1, 1, 0x31, 0].to_vec(), open(0x30, &[kind(1).to_vec(), open(0xa0, &string)].concat())].concat();
        BASE64.encode(&open(0x30, &[kind(2).to_vec(), open(0xa0, &open(0x30, &data))].concat()))
    }

    const P7M: &str = "Content-Type: application/pkcs7-mime; smime-type=signed-data~Content-Transfer-Encoding: base64~";

    fn crlf(text: &str) -> String {
        text.replace('~', "\r\n")
    }

    fn shown(message: &str) -> Option<String> {
        let octets = plain(crlf(message).as_bytes())?;
        Some(String::from_utf8(octets.to_vec()).expect("text").replace("\r\n", "~"))
    }

    #[test]
    fn the_message_is_the_one_that_was_signed_with_its_own_header() {
        let inner = signed("Content-Type: text/html\r\nSubject: other\r\n\r\n<p>x\r\n");
        assert_eq!(
            shown(&format!("Subject: a~{P7M}Content-Description: y~Content-Language: it~MIME-Version: 1.0~~{inner}~"))
                .as_deref(),
            Some("Subject: a~Content-Language: it~MIME-Version: 1.0~Content-Type: text/html~~<p>x~")
        );
        // Line ends of another kind, no header at all, one that never ends.
        for (content, wanted) in [
            ("Content-Type: text/html\n\nx\ny\rz", "S: a~Content-Type: text/html~~x~y~z"),
            ("no header\r\nat all", "S: a~~no header~at all"),
            ("\r\nx", "S: a~~x"),
            ("Content-Type: text/html", "S: a~Content-Type: text/html~~"),
        ] {
            assert_eq!(shown(&format!("S: a~{P7M}~{}~", signed(content))).as_deref(), Some(wanted), "{content}");
        }
        // A text that looks like fields.
        let content = signed("Compte rendu : normal\r\nfin");
        assert_eq!(shown(&format!("S: a~{P7M}~{content}~")).as_deref(), Some("S: a~~Compte rendu : normal~fin"));
        for content in ["", "a\0b", "Content-Transfer-Encoding: binary\n\na\nb"] {
            assert_eq!(shown(&format!("S: a~{P7M}~{}~", signed(content))), None, "{content}");
        }
    }

    /// What somebody signed and attached is no part of the message: it would lose its first lines, or all of them.
    #[test]
    fn a_file_that_was_signed_stays_one() {
        let clinical = "<?xml version=\"1.0\"?><ClinicalDocument xmlns=\"urn:hl7-org:v3\"/>";
        for content in [clinical, "Nom: A\r\n\r\nB", "no header"] {
            let part = format!("--B~{P7M}~{}~", signed(content));
            let mixed = format!("Content-Type: multipart/mixed; boundary=B~~--B~~x~{part}--B--~");
            assert_eq!(shown(&mixed), None, "{content}");
        }
    }

    #[test]
    fn types_and_names_say_what_is_wrapped() {
        let inner = signed("\r\nx");
        for (header, is) in [
            ("Content-Type: application/x-pkcs7-mime", true),
            ("Content-Type: APPLICATION/PKCS7-MIME; smime-type=Signed-Data", true),
            ("Content-Type: application/octet-stream; name=\"smime.P7M\"", true),
            ("Content-Type: application/octet-stream~Content-Disposition: attachment; filename=a.p7m", true),
            ("Content-Type: application/octet-stream; name=smime.p7s", false),
            ("Content-Type: application/octet-stream", false),
            ("Content-Type: application/pkcs7-mime; smime-type=enveloped-data", false),
            ("Content-Type: application/pkcs7-signature; name=smime.p7m", false),
            ("Content-Type: text/plain; name=smime.p7m", false),
        ] {
            let found = shown(&format!("{header}~Content-Transfer-Encoding: base64~~{inner}~"));
            assert_eq!(found.is_some(), is, "{header}");
        }
    }

    #[test]
    fn parts_are_opened_where_they_stand_and_messages_within_are_not() {
        let part = format!("--B~{P7M}~{}~", signed("\r\nx"));
        let mixed = "Content-Type: multipart/mixed; boundary=B~~";
        assert_eq!(
            shown(&format!("{mixed}{part}--B~~y~--B--~")).as_deref(),
            Some(&*format!("{mixed}--B~~x~--B~~y~--B--~"))
        );
        let twice = format!("{P7M}~{}", signed(&crlf(&format!("{P7M}~{}", signed("\r\nx")))));
        assert_eq!(shown(&format!("{mixed}--B~{twice}~--B--~")).as_deref(), Some(&*format!("{mixed}--B~~x~--B--~")));
        assert_eq!(shown(&format!("{mixed}--B~Content-Type: message/rfc822~~{P7M}~{}~--B--~", signed("\r\nx"))), None);
        // To a small depth: what is deeper stays wrapped.
        let mut deep = "\r\nx".to_owned();
        for _ in 0..5 {
            deep = crlf(&format!("{P7M}~{}", signed(&deep)));
        }
        let out = plain(deep.as_bytes()).expect("opened");
        assert!(out.starts_with(b"Content-Type: application/pkcs7-mime") && out.len() < deep.len() / 2);
    }

    #[test]
    fn places_of_what_lies_apart_move_with_it() {
        let text = crlf(&format!(
            "Content-Type: multipart/mixed; boundary=B~~--B~~FIRST~--B~{P7M}~~--B~~SECOND~--B~{P7M}~{}~--B~~THIRD~--B--~",
            signed("\r\nlonger than it was wrapped, or not so long")
        ));
        let octets = text.as_bytes();
        let at = |word: &str| text.find(word).expect("there");
        let mut found = Wrapped::find(octets);
        let second = found.pop().expect("two");
        let first = found.pop().expect("two");
        let apart = first.body().start;
        let given = Given::Written(Zeroizing::new(signed("\r\napart").into_bytes()));
        let opened = Opened::read(octets, vec![(first, given), (second, Given::Here)], &[apart]).expect("opened");
        for word in ["FIRST", "SECOND", "THIRD"] {
            let place = opened.place(at(word)).expect("outside");
            assert!(opened.octets[place..].starts_with(word.as_bytes()), "{word}");
        }
        assert_eq!(opened.place(apart), None);
        assert!(String::from_utf8_lossy(&opened.octets).contains("\r\n\r\napart\r\n--B"));
        // What stays apart stays where it is.
        let found: Vec<_> = Wrapped::find(octets).into_iter().skip(1).map(|wrapped| (wrapped, Given::Here)).collect();
        let opened = Opened::read(octets, found, &[apart]).expect("opened").whole(&[apart]);
        assert_eq!(opened.place(apart), Some(apart));
    }
}
