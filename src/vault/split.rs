//! Cutting large parts out of a message, so that attachments are stored once and decoded.
//!
//! Base64 is stored decoded only where writing it again gives the same octets: one line length
//! throughout, proved by encoding and comparing (R-C11). Everything else is stored as it came.

use std::ops::Range;

use mail_parser::{Encoding as Transfer, Message, MessageParser, PartType};
use zeroize::Zeroizing;

use super::container::sealed_length;
use super::{Encoding, HeadPlain, PartPlain};

/// What is left of a part that was cut out: a line end, or nothing.
pub const EMPTY: usize = 2;
/// Parts whose written form is larger than this become objects of their own (octets).
pub const LARGE: usize = 64 * 1024;

/// A part to be cut out, with its place in the message.
pub struct Cut {
    /// Where it stands in the octets as submitted.
    pub range: Range<usize>,
    /// What is stored of it.
    pub part: PartPlain,
}

/// The leaf parts of a message whose written form is longer than `large` octets, in the order of their places; `None`
/// for octets that are no message. `leaves` are where somebody else found them.
///
/// A parser decodes every part to find where it is. Where all large ones are base64 that is decoded here anyway, what
/// is left without them is parsed instead: it has to show each of them, empty, at its place, as readers will ask of it.
pub fn cuts(octets: &[u8], leaves: impl Iterator<Item = Range<usize>>, large: usize) -> Option<Vec<Cut>> {
    if octets.len() <= large {
        return Some(Vec::new());
    }
    match quick_cuts(octets, leaves, large) {
        Some(cuts) => Some(cuts),
        None => Some(parsed_cuts(octets, &MessageParser::default().parse(octets)?, large)),
    }
}

fn quick_cuts(octets: &[u8], leaves: impl Iterator<Item = Range<usize>>, large: usize) -> Option<Vec<Cut>> {
    let mut cuts: Vec<Cut> = Vec::new();
    for range in leaves.filter(|range| range.len() > large) {
        let (octets, encoding) = decoded(octets.get(range.clone())?)?;
        cuts.push(Cut { range, part: PartPlain { octets, encoding } });
    }
    let left = head(&[], octets, 0, &cuts);
    let parsed = MessageParser::default().parse(left.octets.as_slice())?;
    let mut places = left.cuts.iter().peekable();
    for part in &parsed.parts {
        let length = part.offset_end.saturating_sub(part.offset_body) as usize;
        if places.next_if(|place| **place == part.offset_body as usize).is_some() {
            let is_base64 = part.encoding == Transfer::Base64 && !matches!(part.body, PartType::Multipart(_));
            if !is_base64 || length > EMPTY {
                return None;
            }
        } else if length > large && !matches!(part.body, PartType::Multipart(_)) {
            return None;
        }
    }
    places.next().is_none().then_some(cuts)
}

fn parsed_cuts(octets: &[u8], message: &Message<'_>, large: usize) -> Vec<Cut> {
    let mut cuts: Vec<Cut> = Vec::new();
    for part in &message.parts {
        if matches!(part.body, PartType::Multipart(_)) {
            continue;
        }
        let range = part.offset_body as usize..part.offset_end as usize;
        let Some(written) = octets.get(range.clone()).filter(|written| written.len() > large) else { continue };
        // Parts never overlap in a sound message; in a hostile one the first wins.
        if cuts.iter().any(|cut| cut.range.start < range.end && range.start < cut.range.end) {
            continue;
        }
        let decoded = match part.encoding {
            Transfer::Base64 => decoded(written),
            _ => None,
        };
        let (octets, encoding) = decoded.unwrap_or_else(|| {
            let mut octets = Zeroizing::new(Vec::with_capacity(sealed_length(written.len())));
            octets.extend_from_slice(written);
            (octets, Encoding::AsIs)
        });
        cuts.push(Cut { range, part: PartPlain { octets, encoding } });
    }
    cuts.sort_by_key(|cut| cut.range.start);
    cuts
}

/// A head's octets less the large parts, with the places where they were: `header` stands for the first
/// `header_end` octets of the message, which it may be a rewritten form of.
pub fn head(header: &[u8], octets: &[u8], header_end: usize, large: &[Cut]) -> HeadPlain {
    let kept: usize = large.iter().map(|cut| cut.range.len()).sum();
    let mut plain = Zeroizing::new(Vec::with_capacity(
        header.len() + octets.len() - header_end.min(octets.len()) - kept.min(octets.len()),
    ));
    plain.extend_from_slice(header);
    let mut places = Vec::with_capacity(large.len());
    let mut from = header_end;
    for cut in large {
        plain.extend_from_slice(octets.get(from..cut.range.start).unwrap_or_default());
        places.push(plain.len());
        from = cut.range.end;
    }
    plain.extend_from_slice(octets.get(from..).unwrap_or_default());
    HeadPlain { octets: plain, cuts: places }
}

/// The octets behind canonical base64, and how it was written; `None` where it cannot be written again. Reads it line by
/// line: of a large part there is no second copy in symbols.
fn decoded(written: &[u8]) -> Option<(Zeroizing<Vec<u8>>, Encoding)> {
    let line = written.windows(2).position(|pair| pair == b"\r\n").unwrap_or(written.len());
    if line == 0 || line % 4 != 0 {
        return None;
    }
    let (text, ends) = written.strip_suffix(b"\r\n").map_or((written, false), |text| (text, true));
    let most = (text.len().div_ceil(line + 2) * (line / 4 * 3)).min(text.len() / 4 * 3 + 3);
    let mut octets = Zeroizing::new(Vec::with_capacity(sealed_length(most)));
    let mut piece = Zeroizing::new(vec![0; line / 4 * 3]);
    let mut lines = text.chunks(line + 2).peekable();
    while let Some(written) = lines.next() {
        let symbols = if lines.peek().is_some() { written.strip_suffix(b"\r\n")? } else { written };
        let is_last = lines.peek().is_none();
        // `=` ends the last line alone: elsewhere it would not come back when it is written again.
        let filled = symbols.iter().position(|&symbol| symbol == b'=').unwrap_or(symbols.len());
        let fills = filled < symbols.len();
        if symbols.len() > line || (!is_last && (fills || symbols.len() < line)) || symbols.len() - filled > 2 {
            return None;
        }
        let most = data_encoding::BASE64.decode_len(symbols.len()).ok()?;
        let length = data_encoding::BASE64.decode_mut(symbols, piece.get_mut(..most)?).ok()?;
        octets.extend_from_slice(piece.get(..length)?);
    }
    let encoding = Encoding::Base64 { line: u32::try_from(line).ok()?, ends };
    Some((octets, encoding))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base64(octets: &[u8], line: usize, ends: bool) -> Vec<u8> {
        let symbols = data_encoding::BASE64.encode(octets);
        let lines: Vec<&str> =
            symbols.as_bytes().chunks(line).map(|l| std::str::from_utf8(l).expect("ascii")).collect();
        let mut text = lines.join("\r\n");
        if ends {
            text.push_str("\r\n");
        }
        text.into_bytes()
    }

    /// Where a multipart of one boundary has its parts, for messages that are as simple as these.
    fn leaves(octets: &[u8]) -> Vec<Range<usize>> {
        let text = String::from_utf8(octets.to_vec()).expect("ascii");
        let (mut found, mut from) = (Vec::new(), 0);
        while let Some(begin) = text[from..].find("\r\n--B\r\n").map(|at| from + at + 7) {
            let body = begin + text[begin..].find("\r\n\r\n").expect("a body") + 4;
            from = body + text[body..].find("\r\n--B").expect("an end");
            found.push(body..from);
        }
        found
    }

    #[test]
    fn what_is_cut_out_quickly_is_what_a_parser_would_have_cut_out() {
        let part = |header: &str, body: &str| format!("--B\r\n{header}\r\n\r\n{body}\r\n");
        let file = |octets: usize| String::from_utf8(base64(&vec![9; octets], 76, false)).expect("ascii");
        let (pdf, text) =
            ("Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64", "Content-Type: text/plain");
        let image = "Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: BASE64\r\nContent-ID: <a>";
        let message = |parts: &[String]| {
            let top = "Subject: a\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n";
            format!("{top}\r\n{}--B--\r\n", parts.concat()).into_bytes()
        };
        let quick = |octets: &[u8]| quick_cuts(octets, leaves(octets).into_iter(), LARGE);
        let parsed =
            |octets: &[u8]| parsed_cuts(octets, &MessageParser::default().parse(octets).expect("parses"), LARGE);
        for parts in [
            vec![part(text, "Bonjour"), part(pdf, &file(100_000))],
            vec![part(text, "Bonjour"), part(pdf, &file(70_000)), part(image, &file(90_001)), part(text, "Fin")],
            vec![part(pdf, &file(1_000)), part(image, &file(200_000))],
        ] {
            let octets = message(&parts);
            let (quick, parsed) = (quick(&octets).expect("quick"), parsed(&octets));
            assert_eq!(quick.len(), parsed.len());
            for (a, b) in quick.iter().zip(&parsed) {
                assert_eq!((&a.range, a.part.encoding), (&b.range, b.part.encoding));
                assert!(a.part.octets == b.part.octets);
            }
        }
        // What is not base64, or is not written as base64, or has it in a message inside, is left to the parser.
        let quoted = "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable";
        let forwarded = format!("Subject: b\r\n{pdf}\r\n\r\n{}", file(100_000));
        for parts in [
            vec![part(text, &file(100_000))],
            vec![part(quoted, &"a=\r\n".repeat(40_000))],
            vec![part(pdf, &format!("{} ", file(100_000)))],
            vec![part("Content-Type: message/rfc822", &forwarded)],
        ] {
            let octets = message(&parts);
            assert!(quick(&octets).is_none());
            let all = cuts(&octets, leaves(&octets).into_iter(), LARGE).expect("a message");
            assert_eq!(all.len(), parsed(&octets).len());
            assert_eq!(all.len(), 1);
        }
        // Nor does it believe whoever found the parts.
        let octets = message(&[part(text, "Bonjour"), part(pdf, &file(100_000))]);
        let place = leaves(&octets).remove(1);
        for wrong in [place.start - 10..place.end, place.start + 78..place.end, place.start..place.end - 78] {
            assert!(quick_cuts(&octets, std::iter::once(wrong), LARGE).is_none());
        }
        assert!(quick_cuts(&octets, std::iter::empty(), LARGE).is_none());
    }

    #[test]
    fn canonical_base64_of_every_line_length_in_use_is_decoded() {
        let octets: Vec<u8> = (0..100_000_u32).map(|i| u8::try_from(i % 253).expect("small")).collect();
        for line in [60, 64, 72, 76] {
            for ends in [false, true] {
                let (read, encoding) = decoded(&base64(&octets, line, ends)).expect("canonical");
                assert_eq!(*read, octets);
                assert_eq!(encoding, Encoding::Base64 { line: u32::try_from(line).expect("small"), ends });
            }
        }
    }

    #[test]
    fn base64_that_could_not_be_written_again_is_kept_as_it_came() {
        let good = base64(&[7; 300], 76, false);
        let mut uneven = base64(&[7; 300], 76, false);
        uneven.splice(10..10, *b"\r\n");
        let mut blank = good.clone();
        blank.extend_from_slice(b" ");
        let mut twice = good.clone();
        twice.extend_from_slice(b"\r\n\r\n");
        // Two pieces that were encoded apart: what stands behind the first end would move when written again.
        let joined = [base64(&[7; 28], 76, true), base64(&[7; 30], 76, false)].concat();
        let inside = b"QQ==QUJD".to_vec();
        let shrinking = b"QUJDQUJD\r\nQUJD\r\nQUJD".to_vec();
        for odd in [
            uneven,
            blank,
            twice,
            joined,
            inside,
            shrinking,
            b"!!!!".to_vec(),
            base64(&[7; 300], 75, false),
            b"QUJDRB==".to_vec(),
            b"=".to_vec(),
            b"====".to_vec(),
            b"QUJD\r\n\r".to_vec(),
            b"\r\n".to_vec(),
        ] {
            assert!(decoded(&odd).is_none());
        }
    }
}
