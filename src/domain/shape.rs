//! The shape of a message, before any parser sees it: a header that ends as it should, and bounds on
//! its length, its parts and its nesting.
//!
//! One pass over the lines, without recursion. Parsers of mail recurse into messages within messages and
//! keep every part (faults 17, 18): what is refused here cannot bring one down, and a header that two
//! programs would end at different lines cannot hide a field from one of them.

use super::{RawMessageFault, encoded};

/// Checks octets whose line ends are clean already.
pub(super) fn check(octets: &[u8]) -> Result<(), RawMessageFault> {
    let body = header(octets)?;
    let (mut multiparts, mut parts, mut types) = (0, 0, 0);
    let mut nests = Nests::default();
    let mut boundaries: Vec<Vec<u8>> = Vec::new();
    let mut words = Words::default();
    for (at, line) in lines(octets) {
        words.add(at, line, octets)?;
        nests.add(line);
        let is_delimiter = at >= body
            && line
                .strip_prefix(b"--")
                .is_some_and(|rest| boundaries.iter().any(|boundary| rest.starts_with(boundary)));
        if is_delimiter {
            parts += 1;
        } else if is_type(line) {
            types += 1;
            let value = value(octets, at).ok_or(RawMessageFault::HeaderTooLong)?;
            let lower = value.to_ascii_lowercase();
            nests.add_type(&lower);
            multiparts += usize::from(holds(&lower, b"multipart/"));
            if let Some(boundary) = boundary(&value, &lower)
                && !boundaries.contains(&boundary)
            {
                boundaries.push(boundary);
            }
        }
        if nests.messages > MOST_NESTED || multiparts > MOST_MULTIPARTS || boundaries.len() > MOST_MULTIPARTS {
            return Err(RawMessageFault::TooDeep);
        }
        if parts > MOST_PARTS || types > MOST_TYPES {
            return Err(RawMessageFault::TooManyParts);
        }
    }
    if nests.may_be_encoded() { encoded::check(octets, MOST_ENCODED) } else { Ok(()) }
}

/// The messages that decoded octets hold, wherever they are, and whether one may be encoded. A parser that comes to them
/// goes on inside: what would cost it too much is refused here too.
pub(super) fn messages(octets: &[u8]) -> Result<(usize, bool), RawMessageFault> {
    let mut nests = Nests::default();
    let mut words = Words::default();
    let (mut types, mut multiparts, mut delimiters) = (0, 0, 0);
    for (at, line) in lines(octets) {
        words.add(at, line, octets)?;
        nests.add(line);
        delimiters += usize::from(line.starts_with(b"--"));
        if is_type(line) {
            types += 1;
            let lower = value(octets, at).ok_or(RawMessageFault::HeaderTooLong)?.to_ascii_lowercase();
            nests.add_type(&lower);
            multiparts += usize::from(holds(&lower, b"multipart/"));
        }
        if types > MOST_TYPES || delimiters > MOST_DELIMITERS {
            return Err(RawMessageFault::TooManyParts);
        }
        if multiparts > MOST_MULTIPARTS {
            return Err(RawMessageFault::TooDeep);
        }
    }
    let may_be_encoded = nests.may_be_encoded();
    Ok((nests.messages, may_be_encoded))
}

/// The messages within a message, line by line.
#[derive(Default)]
struct Nests {
    messages: usize,
    /// Some have no header that says so.
    digests: bool,
    /// Something is encoded.
    encodes: bool,
    /// Of the lines since the last empty one: one names a message, one an encoding.
    here: (bool, bool),
    found: bool,
}

impl Nests {
    fn add(&mut self, line: &[u8]) {
        if line.is_empty() || line == b"\n" {
            self.here = (false, false);
        } else if is_field(line, b"content-transfer-encoding") {
            let value = line.splitn(2, |&octet| octet == b':').nth(1).unwrap_or_default().trim_ascii();
            let stands = [&b"7bit"[..], b"8bit", b"binary"].iter().any(|known| value.eq_ignore_ascii_case(known));
            self.encodes |= !stands;
            self.here.1 |= !stands;
        }
        self.found |= self.here == (true, true);
    }

    /// A type, in lower case, of the line that was added last.
    fn add_type(&mut self, lower: &[u8]) {
        if NESTING.iter().any(|kind| holds(lower, kind)) {
            self.messages += 1;
            self.here.0 = true;
            self.digests |= holds(lower, DIGEST);
        }
        self.found |= self.here == (true, true);
    }

    fn may_be_encoded(&self) -> bool {
        self.found || (self.digests && self.encodes)
    }
}

/// Whether a parser may take a line for the beginning of a Content-Type.
fn is_type(line: &[u8]) -> bool {
    is_field(line, b"content-type")
}

/// Whether a parser may take a line for the beginning of this field: blanks are passed over wherever they stand,
/// at the beginning too, since what stands there may be no continuation for a part or a message that begins here.
fn is_field(line: &[u8], name: &[u8]) -> bool {
    let mut name = name.iter();
    for octet in line.iter().filter(|octet| !matches!(octet, b' ' | b'\t')) {
        match name.next() {
            Some(wanted) if octet.eq_ignore_ascii_case(wanted) => {}
            Some(_) => return false,
            None => return *octet == b':',
        }
    }
    false
}

/// The value of the field that begins at a line, its continuations with it, without blanks and comments, which a
/// parser passes over. `None` for one that is longer than anybody writes.
fn value(octets: &[u8], at: usize) -> Option<Vec<u8>> {
    let rest = octets.get(at..)?;
    let mut length = 0;
    for (begin, line) in lines(rest) {
        if begin > 0 && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            break;
        }
        length = begin + line.len();
        if length > LONGEST_TYPE {
            return None;
        }
    }
    let (mut bare, mut depth, mut quoted, mut escaped) = (Vec::with_capacity(length), 0_usize, false, false);
    for &octet in rest.get(..length)? {
        match octet {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' if !quoted => depth += 1,
            b')' if !quoted && depth > 0 => depth -= 1,
            b'"' if depth == 0 => quoted = !quoted,
            _ if depth > 0 || (!quoted && octet.is_ascii_whitespace()) => {}
            b'\r' | b'\n' => {}
            _ => bare.push(octet),
        }
    }
    Some(bare)
}

/// What encoded words cost to look for (RFC 2047): from each beginning a parser may look for the end as far as the
/// field goes, and do so again at the next.
#[derive(Default)]
struct Words {
    /// Where the lines that may be one field begin.
    field: usize,
    /// Octets that were looked at, of the whole message.
    looked: usize,
}

impl Words {
    fn add(&mut self, at: usize, line: &[u8], octets: &[u8]) -> Result<(), RawMessageFault> {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            self.field = at;
        }
        // The end of a field is known with its last line.
        let end = at + line.len() + 2;
        let folded = octets.get(end).is_some_and(|next| matches!(next, b' ' | b'\t'));
        if folded {
            return Ok(());
        }
        let field = octets.get(self.field..at + line.len()).unwrap_or_default();
        let mut terminator = field.len();
        let mut before = field.len();
        // From the end, so that the next `?=` is known at each `=?`.
        while let Some(mark) = field.get(..before).and_then(|rest| memchr::memrchr(b'?', rest)) {
            before = mark;
            if mark > 0 && field.get(mark - 1) == Some(&b'=') {
                self.looked = self.looked.saturating_add(terminator.saturating_sub(mark));
                if self.looked > MOST_LOOKED {
                    return Err(RawMessageFault::HeaderTooLong);
                }
            }
            if field.get(mark + 1) == Some(&b'=') {
                terminator = mark;
            }
        }
        Ok(())
    }
}

/// Where the body begins; every line of the header is a field or its continuation.
fn header(octets: &[u8]) -> Result<usize, RawMessageFault> {
    let mut fields = 0;
    for (at, line) in lines(octets) {
        if line.is_empty() {
            return Ok(at + 2);
        }
        if at > LONGEST_HEADER || fields > MOST_FIELDS {
            return Err(RawMessageFault::HeaderTooLong);
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if fields == 0 {
                return Err(RawMessageFault::NotAHeader);
            }
            continue;
        }
        let name = line.split(|&octet| octet == b':').next().unwrap_or_default();
        // RFC 5322 §4.5 allows blanks before the colon.
        let name = name.trim_ascii_end();
        if name.is_empty() || name.len() >= line.len() || !name.iter().all(u8::is_ascii_graphic) {
            return Err(RawMessageFault::NotAHeader);
        }
        fields += 1;
    }
    Ok(octets.len())
}

/// The lines without their CRLF, each with its place.
fn lines(octets: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = octets.get(at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |lf| lf + 1);
        let line = rest.get(..length).unwrap_or_default();
        let line = line.strip_suffix(b"\r\n").unwrap_or(line);
        let begin = at;
        at += length;
        Some((begin, line))
    })
}

fn holds(line: &[u8], word: &[u8]) -> bool {
    line.windows(word.len()).any(|window| window == word)
}

/// The value of a boundary parameter (RFC 2046 §5.1.1), of a field without blanks and quotes.
fn boundary(value: &[u8], lower: &[u8]) -> Option<Vec<u8>> {
    let at = lower.windows(9).position(|window| window == b"boundary=")? + 9;
    let value = value.get(at..)?.split(|&octet| octet == b';').next()?;
    (!value.is_empty()).then(|| value.to_vec())
}

/// What makes a parser read a part as a message of its own, or parts as messages.
const NESTING: [&[u8]; 2] = [b"message/", DIGEST];
const DIGEST: &[u8] = b"multipart/digest";
/// How often a parser decodes what it found in what it decoded.
const MOST_ENCODED: usize = 3;
/// Messages within a message, whatever their order.
pub(super) const MOST_NESTED: usize = 100;
/// Multiparts, and different boundaries.
const MOST_MULTIPARTS: usize = 200;
/// Delimiter lines.
const MOST_PARTS: usize = 2000;
/// Lines of decoded octets that may be delimiters: more than parts, since tables and rules are written so too.
const MOST_DELIMITERS: usize = 20_000;
/// Lines that may be a Content-Type.
const MOST_TYPES: usize = 4000;
/// Octets of the header.
const LONGEST_HEADER: usize = 1024 * 1024;
/// Fields of the header.
const MOST_FIELDS: usize = 2000;
/// Octets of a Content-Type.
const LONGEST_TYPE: usize = 16 * 1024;
/// Octets that a parser may look at for the ends of encoded words, in all.
const MOST_LOOKED: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_every_day_pass() {
        for good in [
            &b""[..],
            b"\r\nbody",
            b"A: b\r\n\r\nbody -- with\r\n-- \r\nsignature",
            b"A : b\r\n c\r\n\td\r\n\r\n",
            b"A: b\r\n",
            b"Content-Type: multipart/mixed; boundary=\"x\"\r\n\r\n--x\r\n\r\na\r\n--x\r\n\r\nb\r\n--x--\r\n",
        ] {
            assert_eq!(check(good), Ok(()), "{}", String::from_utf8_lossy(good));
        }
    }

    /// mail-parser CVE-2026-26312 and its kin: the parser would overflow its stack, and the server with it.
    #[test]
    fn fault_18_messages_within_messages_are_bounded() {
        let deep = b"Content-Type: message/rfc822\r\n\r\n".repeat(50_000);
        assert_eq!(check(&deep), Err(RawMessageFault::TooDeep));
        let folded = b"CONTENT-type:\r\n Message/RFC822\r\n\r\n".repeat(50_000);
        assert_eq!(check(&folded), Err(RawMessageFault::TooDeep));
        // Whatever a parser passes over: blanks in the name, comments, folds around the slash.
        for type_of in [
            "Content-Type : message/rfc822",
            "Con tent-Type:message/rfc822",
            " Content-Type: message/rfc822",
            "Content-Type: message / rfc822",
            "Content-Type: message\r\n /rfc822",
            "Content-Type: message/\r\n\t (a (nested) \\) comment) rfc822",
            "Content-Type: (x) message(y)/(z)rfc822; a=b",
            "Content-Type: \"message/rfc822\"",
            "Content-Type: message/global",
            "Content-Type: multipart / digest; boundary=\r\n b",
        ] {
            let deep = format!("A: b\r\n\r\n{}", format!("{type_of}\r\n\r\n").repeat(3000));
            assert_eq!(check(deep.as_bytes()), Err(RawMessageFault::TooDeep), "{type_of}");
        }
        let long = format!("Content-Type: text/plain; a=\"{}\"\r\n\r\n", "x".repeat(20_000));
        assert_eq!(check(long.as_bytes()), Err(RawMessageFault::HeaderTooLong));
        let never = "Content-Type: multipart/mixed; boundary=never\r\n\r\n".repeat(300);
        assert_eq!(check(never.as_bytes()), Err(RawMessageFault::TooDeep));
        assert_eq!(check(&b"content-type: text/plain\r\n\r\n".repeat(5000)), Err(RawMessageFault::TooManyParts));
        let digest = b"Content-Type: multipart/digest; boundary=a\r\n\r\n--a\r\n".repeat(50_000);
        assert!(check(&digest).is_err());
        let mut wide = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n".to_vec();
        wide.extend(b"--a\r\n\r\n".repeat(1_000_000));
        assert_eq!(check(&wide), Err(RawMessageFault::TooManyParts));
        let nested: Vec<u8> = (0..500)
            .flat_map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n").into_bytes())
            .collect();
        assert_eq!(check(&nested), Err(RawMessageFault::TooDeep));
    }

    /// RFC 2046 §5.2.1 allows no such encoding, and parsers decode it all the same, and what is in it.
    #[test]
    fn fault_18_encoded_messages_within_messages_are_bounded() {
        let base64 = |octets: &[u8]| {
            let symbols = data_encoding::BASE64.encode(octets);
            let lines: Vec<&str> = symbols.as_bytes().chunks(76).map(|l| std::str::from_utf8(l).unwrap()).collect();
            lines.join("\r\n")
        };
        let quoted = |octets: &[u8]| octets.iter().map(|octet| format!("={octet:02X}=\r\n")).collect::<String>();
        let type_of = "Content-Type: message/rfc822\r\n";
        let of =
            |encoding: &str, body: &str| format!("{type_of}Content-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n");
        let nested = |count: usize| format!("{type_of}\r\n").repeat(count);
        let (few, deep) = (nested(50), nested(300));
        for (message, is_deep) in [
            (of("base64", &base64(few.as_bytes())), false),
            (of("base64", &base64(deep.as_bytes())), true),
            (of("7bit", &base64(deep.as_bytes())), false),
            (of("base64", &base64(deep.replace('\r', "").as_bytes())), true),
            (of("\r\n =?utf-8?q?base64?=", &base64(deep.as_bytes())), true),
            (of("quoted-printable", &quoted(deep.as_bytes())), true),
            (of("quoted-printable", &quoted(few.as_bytes())), false),
            // Between what is passed over, and behind what looks like its beginning.
            (of("base64", &base64(deep.as_bytes()).replace("\r\n", "-\r\n\r\n \r\n")), true),
            (of("base64", &format!("\r\nQ\r\n=\r\nQUJD\r\n\r\n{}", base64(deep.as_bytes()))), true),
            (
                format!(
                    "A: b\r\n\r\n{type_of}Content-Transfer-Encoding: base64\r\nABCDE\r\n\r\n{}",
                    base64(deep.as_bytes())
                ),
                true,
            ),
            // In each other.
            (of("base64", &base64(of("base64", &base64(deep.as_bytes())).as_bytes())), true),
            (of("base64", &base64(of("quoted-printable", &quoted(deep.as_bytes())).as_bytes())), true),
            (
                of(
                    "base64",
                    &base64(of("base64", &base64(of("base64", &base64(deep.as_bytes())).as_bytes())).as_bytes()),
                ),
                true,
            ),
            (
                format!(
                    "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
                    base64(deep.as_bytes())
                ),
                true,
            ),
        ] {
            let expected = if is_deep { Err(RawMessageFault::TooDeep) } else { Ok(()) };
            assert_eq!(check(message.as_bytes()), expected, "{}", message.get(..200).unwrap_or(&message));
        }
    }

    /// From each `=?` a parser may look for its end as far as the field goes: a megabyte of them would take minutes.
    #[test]
    fn fault_17_encoded_words_without_an_end_are_bounded() {
        for unit in ["=?aa?q?x", "=?x", "=?a?q?\r\n "] {
            let subject = format!("Subject: {}\r\n\r\nbody", unit.repeat(900_000 / unit.len()));
            assert_eq!(check(subject.as_bytes()), Err(RawMessageFault::HeaderTooLong), "{unit}");
            let inside = format!("A: b\r\n\r\n--x\r\nSubject: {}\r\n", unit.repeat(900_000 / unit.len()));
            assert!(check(inside.as_bytes()).is_err(), "{unit}");
        }
        // Many that end are how people write to many.
        let list: Vec<String> = (0..3000).map(|n| format!("=?utf-8?q?Ren=C3=A9e_{n}?= <a{n}@b.example>")).collect();
        assert_eq!(check(format!("To: {}\r\n\r\n", list.join(",\r\n ")).as_bytes()), Ok(()));
        let text = "a =?b ?= c\r\n  =?\r\n".repeat(10_000);
        assert_eq!(check(format!("A: b\r\n\r\n{text}").as_bytes()), Ok(()));
    }

    #[test]
    fn a_header_that_programs_would_read_differently_is_refused() {
        for odd in [
            &b"Subject: x\r\nX Y: 1\r\nFrom: b@c.fr\r\n\r\n"[..],
            b"Subject: x\r\nno colon\r\nFrom: b@c.fr\r\n\r\n",
            b"Subject: x\r\n: empty\r\n\r\n",
            b"S\xc3\xa9: x\r\n\r\n",
            b" folded first\r\n\r\n",
            b"hello\r\n",
        ] {
            assert_eq!(check(odd), Err(RawMessageFault::NotAHeader), "{}", String::from_utf8_lossy(odd));
        }
        assert_eq!(check(&b"A: b\r\n".repeat(3000)), Err(RawMessageFault::HeaderTooLong));
    }
}
