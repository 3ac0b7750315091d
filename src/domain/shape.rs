//! The shape of a message, before any parser sees it: a header that ends as it should, and bounds on
//! its length, its parts and its nesting.
//!
//! One pass over the lines, without recursion. Parsers of mail recurse into messages within messages and
//! keep every part (faults 17, 18): what is refused here cannot bring one down, and a header that two
//! programs would end at different lines cannot hide a field from one of them.

use super::RawMessageFault;

/// Checks octets whose line ends are clean already.
pub(super) fn check(octets: &[u8]) -> Result<(), RawMessageFault> {
    let body = header(octets)?;
    let mut nested = 0;
    let mut parts = 0;
    let mut boundaries: Vec<&[u8]> = Vec::new();
    // The header's own Content-Type may span lines: it is read with the rest.
    for (at, line) in lines(octets) {
        let is_delimiter = at >= body
            && line
                .strip_prefix(b"--")
                .is_some_and(|rest| boundaries.iter().any(|boundary| rest.starts_with(boundary)));
        if is_delimiter {
            parts += 1;
        } else if line.len() < LONGEST_TYPE
            && (begins(line, b"content-type:") || line.starts_with(b" ") || line.starts_with(b"\t"))
        {
            let lower = line.to_ascii_lowercase();
            nested += NESTING.iter().filter(|kind| holds(&lower, kind)).count();
            if let Some(boundary) = boundary(line, &lower)
                && !boundaries.contains(&boundary)
            {
                boundaries.push(boundary);
            }
        }
        if nested > MOST_NESTED || boundaries.len() > MOST_MULTIPARTS {
            return Err(RawMessageFault::TooDeep);
        }
        if parts > MOST_PARTS {
            return Err(RawMessageFault::TooManyParts);
        }
    }
    Ok(())
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
        let length = rest.iter().position(|&octet| octet == b'\n').map_or(rest.len(), |lf| lf + 1);
        let line = rest.get(..length).unwrap_or_default();
        let line = line.strip_suffix(b"\r\n").unwrap_or(line);
        let begin = at;
        at += length;
        Some((begin, line))
    })
}

fn begins(line: &[u8], with: &[u8]) -> bool {
    line.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
}

fn holds(line: &[u8], word: &[u8]) -> bool {
    line.windows(word.len()).any(|window| window == word)
}

/// The value of a boundary parameter (RFC 2046 §5.1.1), quoted or not.
fn boundary<'a>(line: &'a [u8], lower: &[u8]) -> Option<&'a [u8]> {
    let at = lower.windows(9).position(|window| window == b"boundary=")? + 9;
    let value = line.get(at..)?;
    let value = match value.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|&octet| octet == b'"').next()?,
        None => value.split(|&octet| octet == b';' || octet.is_ascii_whitespace()).next()?,
    };
    (!value.is_empty()).then_some(value)
}

/// What makes a parser read a part as a message of its own.
const NESTING: [&[u8]; 3] = [b"message/rfc822", b"message/global", b"multipart/digest"];
/// Messages within a message, whatever their order.
const MOST_NESTED: usize = 100;
/// Different boundaries.
const MOST_MULTIPARTS: usize = 200;
/// Delimiter lines.
const MOST_PARTS: usize = 2000;
/// Octets of the header.
const LONGEST_HEADER: usize = 1024 * 1024;
/// Fields of the header.
const MOST_FIELDS: usize = 2000;
/// A line longer than this is no Content-Type that a parser should be asked to read.
const LONGEST_TYPE: usize = 64 * 1024;

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
