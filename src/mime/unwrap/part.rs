//! What was wrapped, as a part of a message: its fields of content, an empty line, its body.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use data_encoding::BASE64;
use mail_parser::decoders::html::html_to_text;
use memchr::memmem;
use zeroize::Zeroizing;

use super::super::field;
use super::tnef::{Attached, Held, Text, Tnef};

/// Boundaries that stand nowhere in a message, and how much may be written between them.
pub(super) struct Marks<'a> {
    message: &'a [u8],
    next: u32,
    /// Octets of texts: packed, they are a small part of what comes of them.
    left: usize,
}

impl<'a> Marks<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { message, next: 0, left: MOST_TEXT }
    }

    /// The next one. Base64 has no `_`, so what is encoded never holds it.
    fn mark(&mut self) -> Option<String> {
        while self.next < MOST_MARKS {
            let mark = format!("=_{:04}_", self.next);
            self.next += 1;
            if memmem::find(self.message, mark.as_bytes()).is_none() {
                return Some(mark);
            }
        }
        None
    }
}

/// A part that stands where another did: with the other's fields that say nothing of content, where it is the message.
pub(super) fn in_place_of(header: &[u8], part: &[u8], is_root: bool) -> Zeroizing<Vec<u8>> {
    let is_content = |name: &[u8]| name.get(..8).is_some_and(|begin| begin.eq_ignore_ascii_case(b"content-"));
    let mut out = Zeroizing::new(Vec::with_capacity(header.len() + part.len() + 4));
    if is_root {
        // Its language is of what it says, however that is wrapped (RFC 3282).
        let kept = |name: &[u8]| !is_content(name) || name.eq_ignore_ascii_case(b"content-language");
        for field in field::fields(header).filter(|field| kept(field.name)) {
            line(field.whole, &mut out);
        }
    }
    let mut read = 0;
    for field in field::fields(part) {
        read += field.whole.len();
        if is_content(field.name) {
            line(field.whole, &mut out);
        }
    }
    out.extend_from_slice(b"\r\n");
    let rest = part.get(read..).unwrap_or_default();
    out.extend_from_slice(rest.get(field::line(rest).map_or(0, <[u8]>::len)..).unwrap_or_default());
    out
}

fn line(field: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(field);
    if !field.ends_with(b"\n") {
        out.extend_from_slice(b"\r\n");
    }
}

/// What was signed is a part already (RFC 8551 §3.1); its line ends are made those of mail, where it is one of lines.
///
/// Some sign a text and nothing else, which is the whole message then. Anywhere else what has no header of a part is a
/// file that somebody signed (CAdES), and stays one.
pub(super) fn of_signed(mut content: Zeroizing<Vec<u8>>, is_root: bool) -> Option<Vec<u8>> {
    if content.is_empty() || memchr::memchr(0, &content).is_some() {
        return None;
    }
    let out = if is_clean(&content) { std::mem::take(&mut *content) } else { with_line_ends(&content)? };
    if is_part(&out) {
        return Some(out);
    }
    is_root.then(|| [b"\r\n", Zeroizing::new(out).as_slice()].concat())
}

/// Whether octets begin as a part does: with no header, or with one whose every line is a field and one of content.
fn is_part(octets: &[u8]) -> bool {
    let begins = field::line(octets).unwrap_or_default();
    if begins.trim_ascii().is_empty() {
        return true;
    }
    let mut has_content = false;
    for field in field::fields(octets) {
        if field.name.is_empty() {
            return false;
        }
        has_content |= field.name.get(..8).is_some_and(|begin| begin.eq_ignore_ascii_case(b"content-"));
    }
    has_content
}

/// The words that a message says, of all its texts: as numbers, so that no copy of a text is left behind.
#[derive(Default)]
pub(super) struct Said {
    words: HashSet<u64>,
    /// It says more, which lies elsewhere.
    more: bool,
}

impl Said {
    pub(super) fn add(&mut self, text: &str) {
        self.words.extend(words(text));
    }

    pub(super) fn and_more(&mut self) {
        self.more = true;
    }

    /// Whether a text is one of those again, in another form: clients write links, lists and quotes of it differently.
    fn says(&self, text: &Text) -> bool {
        if self.more || self.words.is_empty() {
            return self.more;
        }
        let all: HashSet<u64> = match text {
            Text::Plain(text) => words(text).collect(),
            Text::Html(text) => words(&Zeroizing::new(html_to_text(text))).collect(),
        };
        let known = all.intersection(&self.words).count();
        known.saturating_mul(5) >= all.len().saturating_mul(4)
    }
}

/// The words of a text, whatever their case.
fn words(text: &str) -> impl Iterator<Item = u64> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(|word| {
        let mut hasher = DefaultHasher::new();
        word.chars().flat_map(char::to_lowercase).for_each(|c| c.hash(&mut hasher));
        hasher.finish()
    })
}

/// What Outlook wrapped (`octets`, as they are read), its text where nothing else says it; no octets where nothing is in
/// it that anybody would miss. What was not read to its end, or is more than a letter, stays beside it as a file.
pub(super) fn of_tnef(octets: &[u8], tnef: &Tnef<'_>, said: &Said, marks: &mut Marks<'_>) -> Option<Vec<u8>> {
    let text = tnef.text().filter(|text| !said.says(text));
    if text.is_none() && tnef.files.is_empty() {
        // A note's other form of the text that is there. An appointment, a task: what it says is in no part of ours.
        return tnef.is_note().then(Vec::new);
    }
    let rest = (!tnef.is_note()).then_some(octets);
    let size = tnef.size().saturating_add(rest.map_or(0, <[u8]>::len));
    let mut out = Vec::with_capacity(size / 54 * 78 + text.as_ref().map_or(0, Text::len) / 54 * 78 + 4096);
    write(tnef, text, rest, marks, &mut out)?;
    Some(out)
}

fn write(
    tnef: &Tnef<'_>,
    text: Option<Text>,
    rest: Option<&[u8]>,
    marks: &mut Marks<'_>,
    out: &mut Vec<u8>,
) -> Option<()> {
    if tnef.files.is_empty() && rest.is_none() {
        return write_text(&text.unwrap_or(Text::Plain(Zeroizing::default())), marks, out);
    }
    let mark = marks.mark()?;
    out.extend_from_slice(format!("Content-Type: multipart/mixed; boundary=\"{mark}\"\r\n\r\n").as_bytes());
    let begin = |out: &mut Vec<u8>| out.extend_from_slice(format!("\r\n--{mark}\r\n").as_bytes());
    if let Some(text) = text {
        begin(out);
        write_text(&text, marks, out)?;
    }
    for file in &tnef.files {
        begin(out);
        write_file(file, marks, out)?;
    }
    if let Some(rest) = rest {
        begin(out);
        // By a name that is not opened again.
        let head = format!("Content-Type: {ANY}\r\nContent-Disposition: attachment; filename={REST}\r\n");
        out.extend_from_slice(head.as_bytes());
        base64(rest, out);
    }
    out.extend_from_slice(format!("\r\n--{mark}--\r\n").as_bytes());
    Some(())
}

fn write_text(text: &Text, marks: &mut Marks<'_>, out: &mut Vec<u8>) -> Option<()> {
    let (kind, text) = match text {
        Text::Plain(text) => ("plain", text),
        Text::Html(text) => ("html", text),
    };
    marks.left = marks.left.checked_sub(text.len())?;
    out.extend_from_slice(format!("Content-Type: text/{kind}; charset=utf-8\r\n").as_bytes());
    base64(text.as_bytes(), out);
    Some(())
}

fn write_file(file: &Attached<'_>, marks: &mut Marks<'_>, out: &mut Vec<u8>) -> Option<()> {
    let octets = match &file.held {
        Held::Octets(octets) => *octets,
        Held::Message(message) => {
            out.extend_from_slice(b"Content-Type: message/rfc822\r\n");
            named(file, out);
            out.extend_from_slice(b"\r\n");
            written(b"Subject: ", &message.subject, out);
            written(b"From: ", &message.from, out);
            if let Some(address) = message.address() {
                // Behind the name, on a line of its own.
                out.truncate(out.len().saturating_sub(2));
                out.extend_from_slice(format!("\r\n <{address}>\r\n").as_bytes());
            }
            if let Some(sent) = message.sent() {
                out.extend_from_slice(format!("Date: {sent}\r\n").as_bytes());
            }
            return write(message, message.text(), None, marks, out);
        }
    };
    let kind = kind(file, octets);
    out.extend_from_slice(format!("Content-Type: {kind}\r\n").as_bytes());
    named(file, out);
    let id: String = file.content_id.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>')).collect();
    if !id.is_empty() && id.len() < 500 {
        out.extend_from_slice(format!("Content-ID: <{id}>\r\n").as_bytes());
    }
    // A message too, against RFC 2046 §5.2.1: however broken it is, what stands beside it is not.
    base64(octets, out);
    Some(())
}

/// RFC 2183, RFC 2231.
fn named(file: &Attached<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Content-Disposition: attachment");
    if !file.name.is_empty() {
        out.extend_from_slice(b"; filename*=utf-8''");
        for octet in file.name.bytes() {
            if octet.is_ascii_alphanumeric() || b"-._".contains(&octet) {
                out.push(octet);
            } else {
                out.extend_from_slice(format!("%{octet:02X}").as_bytes());
            }
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// A field whose words are encoded (RFC 2047 §2).
fn written(name: &[u8], text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    let mut rest = text.trim();
    while !rest.is_empty() {
        let mut end = rest.len().min(45);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (word, after) = rest.split_at(end);
        out.extend_from_slice(format!("=?utf-8?B?{}?=", BASE64.encode(word.as_bytes())).as_bytes());
        if !after.is_empty() {
            out.extend_from_slice(b"\r\n ");
        }
        rest = after;
    }
    out.extend_from_slice(b"\r\n");
}

/// The media type, as far as it is one that gives the octets back as they are.
fn kind(file: &Attached<'_>, octets: &[u8]) -> String {
    let ending = file.name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    let by_ending = || ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, kind)| (*kind).to_owned());
    let given = file.media_type.to_ascii_lowercase();
    let is_token =
        |word: &str| !word.is_empty() && word.bytes().all(|c| c.is_ascii_alphanumeric() || b".+-_".contains(&c));
    let is_type = given.len() < 128 && given.split_once('/').is_some_and(|(kind, sub)| is_token(kind) && is_token(sub));
    let says = is_type && given != ANY;
    let kind = if says { Some(given) } else { by_ending() }.unwrap_or_else(|| ANY.to_owned());
    match kind.split('/').next().unwrap_or_default() {
        // A reader would make UTF-8 of every other text.
        "text" if std::str::from_utf8(octets).is_err() => ANY.to_owned(),
        "message" if kind != MESSAGE => ANY.to_owned(),
        "multipart" => ANY.to_owned(),
        _ => kind,
    }
}

/// The field, the empty line and the body.
fn base64(octets: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"Content-Transfer-Encoding: base64\r\n\r\n");
    let mut line = Zeroizing::new([0; 76]);
    for piece in octets.chunks(57) {
        let length = BASE64.encode_len(piece.len());
        let Some(line) = line.get_mut(..length) else { return };
        BASE64.encode_mut(piece, line);
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
}

/// CR and LF only together, and no NUL.
fn is_clean(octets: &[u8]) -> bool {
    let pairs = memmem::find_iter(octets, b"\r\n").count();
    memchr::memchr_iter(b'\r', octets).count() == pairs
        && memchr::memchr_iter(b'\n', octets).count() == pairs
        && memchr::memchr(0, octets).is_none()
}

/// Each line end as CR LF; `None` where octets that are no lines would be changed (RFC 2045 §6.2, binary).
fn with_line_ends(octets: &[u8]) -> Option<Vec<u8>> {
    let ends = memchr::memchr2_iter(b'\r', b'\n', octets).count();
    let mut out = Vec::with_capacity(octets.len() + ends);
    let mut rest = octets;
    while let Some(at) = memchr::memchr2(b'\r', b'\n', rest) {
        let (line, end) = rest.split_at_checked(at)?;
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
        rest = end.strip_prefix(b"\r\n").or_else(|| end.get(1..))?;
    }
    out.extend_from_slice(rest);
    let structure = super::Structure::read(&out);
    let binary = structure.nodes().iter().any(|node| {
        let encoding = field::find(field::head(&out, &node.header), "content-transfer-encoding");
        encoding.is_some_and(|encoding| encoding.eq_ignore_ascii_case(b"binary"))
    });
    (!binary).then_some(out)
}

/// Boundaries that are tried: whoever writes them all into a message keeps it as it is.
const MOST_MARKS: u32 = 200;
/// Octets of texts that are written for one message.
const MOST_TEXT: usize = 12 * 1024 * 1024;
/// What is kept of a message that is more than its text and its files.
const REST: &str = "winmail.tnef";
const MESSAGE: &str = "message/rfc822";
const ANY: &str = "application/octet-stream";
/// Of files that say no type, which Outlook leaves to their name.
const ENDINGS: &[(&str, &str)] = &[
    ("pdf", "application/pdf"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("txt", "text/plain"),
    ("csv", "text/csv"),
    ("eml", MESSAGE),
    ("p7m", "application/pkcs7-mime"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("rtf", "application/rtf"),
    ("zip", "application/zip"),
    ("dcm", "application/dicom"),
];
