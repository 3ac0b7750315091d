//! The message that an answer becomes, put together while its octets come in: a text, and files in base64.
//!
//! Files are encoded piece by piece into the one buffer that is sealed in the end, so that an answer is in memory once.
//! What type a file is of, its own first octets say where they can; else the browser's word is passed on.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::domain::PictureKind;

use super::header::{encoded_word, phrase};

/// A text and files, on their way to become a message.
pub struct Written {
    text: Zeroizing<String>,
    boundary: String,
    /// The parts of the files, each with its header and the boundary before it.
    parts: Zeroizing<Vec<u8>>,
    /// Where the encoded octets of each file stand in `parts`.
    files: Vec<Range<usize>>,
    open: Option<OpenFile>,
}

/// A file whose octets are coming.
struct OpenFile {
    name: String,
    said: String,
    /// Octets that are not encoded yet: the first, until the header is written, then less than a line.
    rest: Zeroizing<Vec<u8>>,
    /// Where its encoded octets begin; `None` until its header is written.
    begins: Option<usize>,
}

impl Written {
    /// An answer of this text; `expected` octets of files are going to come with it, as far as is known. `seal` makes
    /// the boundary one of its own.
    pub fn new(text: String, expected: usize, seal: &str) -> Self {
        let parts = if expected == 0 { 0 } else { written_size(expected) + 16 * 1024 };
        Self {
            text: Zeroizing::new(text),
            // RFC 2046 §5.1.1: with a character that base64 does not have, it cannot stand in a part.
            boundary: format!("=_{seal}"),
            parts: Zeroizing::new(Vec::with_capacity(parts)),
            files: Vec::new(),
            open: None,
        }
    }

    /// Begins a file: the name it came with, and the type that the browser says.
    pub fn begin_file(&mut self, name: &str, said: &str) {
        self.end_file();
        let (name, said) = (clean_name(name), said.to_ascii_lowercase());
        self.open = Some(OpenFile { name, said, rest: Zeroizing::new(Vec::with_capacity(LINE)), begins: None });
    }

    /// The next octets of the file.
    pub fn push(&mut self, octets: &[u8]) {
        let Some(open) = &mut self.open else { return };
        let mut octets = octets;
        // A line's worth tells what it is, and is what is encoded at once.
        while open.rest.len() + octets.len() >= LINE {
            let (now, later) = octets.split_at(LINE - open.rest.len());
            open.rest.extend_from_slice(now);
            octets = later;
            write_line(open, &self.boundary, &mut self.parts);
            open.rest.clear();
        }
        open.rest.extend_from_slice(octets);
    }

    /// Ends the file. An empty one is a file too.
    pub fn end_file(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        if open.begins.is_none() || !open.rest.is_empty() {
            write_line(&mut open, &self.boundary, &mut self.parts);
        }
        self.files.push(open.begins.unwrap_or_default()..self.parts.len());
    }

    /// How many files it has.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Octets of it so far, as they are written.
    pub(super) fn size(&self) -> usize {
        self.text.len() + self.parts.len()
    }

    /// Whether there is nothing: no file, and no text but white space.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.text.trim().is_empty()
    }

    /// The octets of a file, in pieces.
    pub fn pieces(&self, file: usize) -> impl Iterator<Item = Zeroizing<Vec<u8>>> + '_ {
        let range = self.files.get(file).cloned().unwrap_or_default();
        let written = self.parts.get(range).unwrap_or_default();
        written.chunks(PIECE).map(|lines| {
            let symbols: Vec<u8> = lines.iter().copied().filter(|octet| !matches!(octet, b'\r' | b'\n')).collect();
            Zeroizing::new(data_encoding::BASE64.decode(&symbols).unwrap_or_default())
        })
    }

    /// The whole message: this header, to which the type is added, the text with `below` under it, the files.
    pub(super) fn message(self, header: &str, below: &str) -> Zeroizing<Vec<u8>> {
        let Self { text, boundary, mut parts, files, .. } = self;
        let text = Zeroizing::new(format!("{}\r\n\r\n{below}\r\n", with_crlf(text.trim())));
        let encoded = Zeroizing::new(lines_of(text.as_bytes()));
        let text_part =
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n".to_owned();
        let mut front = Zeroizing::new(format!("{header}MIME-Version: 1.0\r\n").into_bytes());
        if files.is_empty() {
            front.extend_from_slice(text_part.as_bytes());
            front.extend_from_slice(&encoded);
            front.extend_from_slice(b"\r\n");
            return front;
        }
        let mixed = format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n");
        front.extend_from_slice(mixed.as_bytes());
        front.extend_from_slice(text_part.as_bytes());
        front.extend_from_slice(&encoded);
        parts.reserve_exact(front.len() + boundary.len() + 8);
        parts.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        parts.splice(0..0, front.iter().copied());
        parts
    }
}

/// Octets that so many become in base64, in lines.
pub fn written_size(octets: usize) -> usize {
    octets.div_ceil(LINE) * (LINE / 3 * 4 + 2)
}

/// Encodes what is in hand, in a line of its own, behind the file's header where that is not written yet.
fn write_line(open: &mut OpenFile, boundary: &str, parts: &mut Vec<u8>) {
    match open.begins {
        Some(_) => parts.extend_from_slice(b"\r\n"),
        None => {
            let media_type = media_type(&open.rest, &open.said);
            parts.extend_from_slice(format!("\r\n--{boundary}\r\n{}", file_header(&open.name, media_type)).as_bytes());
            open.begins = Some(parts.len());
        }
    }
    let at = parts.len();
    parts.resize(at + data_encoding::BASE64.encode_len(open.rest.len()), 0);
    data_encoding::BASE64.encode_mut(&open.rest, parts.get_mut(at..).unwrap_or_default());
}

/// RFC 2183 and RFC 2231; the name in Content-Type too, as clients older than those read it.
fn file_header(name: &str, media_type: &str) -> String {
    let (plain, extended) = if name.is_ascii() {
        (phrase(name), format!("filename={}", phrase(name)))
    } else {
        let mut octets = String::new();
        for octet in name.bytes() {
            if octet.is_ascii_alphanumeric() || b"-._".contains(&octet) {
                octets.push(char::from(octet));
            } else {
                octets.push_str(&format!("%{octet:02X}"));
            }
        }
        (format!("\"{}\"", encoded_word(name)), format!("filename*=UTF-8''{octets}"))
    };
    format!(
        "Content-Type: {media_type};\r\n name={plain}\r\nContent-Disposition: attachment;\r\n {extended}\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n"
    )
}

/// What the first octets are of, else what was said, where that is a type of a file.
fn media_type<'a>(first: &[u8], said: &'a str) -> &'a str {
    if let Some(picture) = PictureKind::of(first) {
        return picture.media_type();
    }
    const KNOWN: &[(&[u8], usize, &str)] =
        &[(b"%PDF-", 0, "application/pdf"), (b"ftypheic", 4, "image/heic"), (b"ftypmif1", 4, "image/heif")];
    let is = |(mark, at, _): &&(&[u8], usize, &str)| first.get(*at..).is_some_and(|rest| rest.starts_with(mark));
    if let Some((_, _, known)) = KNOWN.iter().find(is) {
        return known;
    }
    let token = |part: &str| {
        !part.is_empty() && part.len() < 64 && part.bytes().all(|c| c.is_ascii_alphanumeric() || b"-+._".contains(&c))
    };
    // What parsers take apart, however its name is written.
    let composed = |kind: &str| ["message", "multipart"].iter().any(|known| kind.eq_ignore_ascii_case(known));
    match said.split_once('/') {
        Some((kind, subtype)) if token(kind) && token(subtype) && !composed(kind) => said,
        _ => "application/octet-stream",
    }
}

/// A name without a path, without characters that are not seen, of a length that every system takes.
fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let seen = |c: &char| {
        !c.is_control()
            && !matches!(*c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
            && !matches!(*c, '"' | '<' | '>' | '|' | ':' | '*' | '?')
    };
    let clean: String = last.chars().filter(seen).collect();
    let clean = clean.trim().trim_start_matches('.');
    if clean.is_empty() {
        return "document".to_owned();
    }
    // The ending says what it is opened with: a long name is cut before it.
    let (stem, ending) = clean.rsplit_once('.').filter(|(_, ending)| ending.len() <= 10).unwrap_or((clean, ""));
    let stem: String = stem.chars().take(80).collect();
    if ending.is_empty() { stem } else { format!("{stem}.{ending}") }
}

/// Whether a name is one of a program, which mail clients do not open either.
pub fn is_program(name: &str) -> bool {
    let clean = clean_name(name);
    let ending = clean.rsplit_once('.').map(|(_, ending)| ending.trim().to_ascii_lowercase()).unwrap_or_default();
    PROGRAMS.contains(&ending.as_str())
}

fn with_crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

fn lines_of(octets: &[u8]) -> Vec<u8> {
    let lines: Vec<String> = octets.chunks(LINE).map(|line| data_encoding::BASE64.encode(line)).collect();
    lines.join("\r\n").into_bytes()
}

/// Octets of a line: 76 characters (RFC 2045 §6.8).
const LINE: usize = 57;
/// Encoded octets that are decoded at once: whole lines.
const PIECE: usize = 78 * 1024;
/// Endings of what Windows, macOS and their shells run when it is opened.
const PROGRAMS: &[&str] = &[
    "app", "apk", "appx", "bat", "chm", "cmd", "com", "command", "cpl", "dll", "dmg", "exe", "hta", "inf", "iso",
    "jar", "js", "jse", "lnk", "msc", "msi", "msix", "msp", "pif", "pkg", "ps1", "psm1", "reg", "scr", "sct", "sh",
    "sys", "url", "vb", "vbe", "vbs", "vhd", "vhdx", "wsc", "wsf", "wsh",
];

#[cfg(test)]
mod tests {
    use mail_parser::{MessageParser, MimeHeaders};

    use super::*;

    const HEADER: &str = "From: a@b.example\r\nSubject: x\r\n";

    fn of(size: usize) -> Vec<u8> {
        (0..size).map(|at| u8::try_from(at * 7 % 251).expect("small")).collect()
    }

    #[test]
    fn files_come_out_as_they_came_in_however_they_were_cut() {
        for size in [0, 1, 56, 57, 58, 113, 114, 5_000, 200_001] {
            let octets = of(size);
            for piece in [1, 10, 57, 4096, 300_000] {
                if size > 10_000 && piece < 10 {
                    continue;
                }
                let mut written = Written::new("Bonjour\nà vous".into(), size, "abc");
                written.begin_file("scan é.bin", "application/x-test");
                octets.chunks(piece).for_each(|part| written.push(part));
                written.end_file();
                let again: Vec<u8> = written.pieces(0).flat_map(|piece| piece.to_vec()).collect();
                assert!(again == octets, "{size} in {piece}");
                let capacity = written.parts.capacity();
                assert!(size == 0 || written.parts.len() < capacity, "room was made once");
                let message = written.message(HEADER, "-- \r\nPli");
                let parsed = MessageParser::default().parse(message.as_slice()).expect("a message");
                assert_eq!(parsed.body_text(0).expect("a text"), "Bonjour\r\nà vous\r\n\r\n-- \r\nPli\r\n");
                let file = parsed.attachments().next().expect("a file");
                assert_eq!(file.attachment_name(), Some("scan é.bin"));
                assert!(file.contents() == octets);
                assert!(message.split(|octet| *octet == b'\n').all(|line| line.len() < 999));
            }
        }
    }

    #[test]
    fn an_answer_without_a_file_is_a_text() {
        let written = Written::new(" Merci.\r\n.\r\nJeanne ".into(), 0, "abc");
        assert!(!written.is_empty() && Written::new(" \n".into(), 0, "abc").is_empty());
        let message = written.message(HEADER, "-- \r\nPli");
        let parsed = MessageParser::default().parse(message.as_slice()).expect("a message");
        assert_eq!(parsed.body_text(0).expect("a text"), "Merci.\r\n.\r\nJeanne\r\n\r\n-- \r\nPli\r\n");
        assert_eq!(parsed.attachment_count(), 0);
        assert!(message.iter().all(u8::is_ascii));
    }

    #[test]
    fn what_a_file_is_its_octets_say() {
        for (first, said, is) in [
            (b"%PDF-1.7".as_slice(), "text/html", "application/pdf"),
            (b"\xff\xd8\xff\xe0", "", "image/jpeg"),
            (b"\x89PNG\r\n\x1a\n", "image/x", "image/png"),
            (b"\0\0\0\x18ftypheic", "image/jpeg", "image/heic"),
            (b"hello", "text/plain", "text/plain"),
            (b"hello", "text/plain; charset=x\r\nBcc: y", "application/octet-stream"),
            (b"hello", "message/rfc822", "application/octet-stream"),
            (b"hello", "Message/RFC822", "application/octet-stream"),
            (b"hello", "multiPart/mixed", "application/octet-stream"),
            (b"", "nonsense", "application/octet-stream"),
        ] {
            assert_eq!(media_type(first, said), is, "{said}");
        }
    }

    #[test]
    fn names_lead_nowhere_and_run_nothing() {
        assert_eq!(clean_name("../../etc/pass\r\nwd"), "passwd");
        assert_eq!(clean_name("C:\\fakepath\\photo.jpg"), "photo.jpg");
        assert_eq!(clean_name("a\u{202e}gpj.exe"), "agpj.exe");
        assert_eq!(clean_name(" ..."), "document");
        let long = clean_name(&format!("{}.jpeg", "é".repeat(300)));
        assert!(long.ends_with("é.jpeg") && long.chars().count() == 85, "{long}");
        assert!(is_program("Facture.PDF.EXE") && is_program("x.js ") && !is_program("photo.jpg") && !is_program("js"));
        let header = file_header("a\"b.pdf", "application/pdf");
        assert_eq!(header.lines().count(), 6, "{header}");
    }
}
