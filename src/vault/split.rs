//! Cutting large parts out of a message, so that attachments are stored once and decoded.
//!
//! Base64 is stored decoded only where writing it again gives the same octets: one line length
//! throughout, proved by encoding and comparing (R-C11). Everything else is stored as it came.

use std::ops::Range;

use mail_parser::{Encoding as Transfer, Message, PartType};
use zeroize::Zeroizing;

use super::{Encoding, HeadPlain, PartPlain};

/// Parts whose written form is larger than this become objects of their own (octets).
pub const LARGE: usize = 64 * 1024;

/// A part to be cut out, with its place in the message.
pub struct Cut {
    /// Where it stands in the octets as submitted.
    pub range: Range<usize>,
    /// What is stored of it.
    pub part: PartPlain,
}

/// The leaf parts of a parsed message whose written form is longer than `large` octets, in the order of their places.
pub fn cuts(octets: &[u8], message: &Message<'_>, large: usize) -> Vec<Cut> {
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
        let (octets, encoding) = decoded.unwrap_or_else(|| (written.to_vec(), Encoding::AsIs));
        cuts.push(Cut { range, part: PartPlain { octets: Zeroizing::new(octets), encoding } });
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

/// The octets behind canonical base64, and how it was written; `None` where it cannot be written again.
fn decoded(written: &[u8]) -> Option<(Vec<u8>, Encoding)> {
    let line = written.windows(2).position(|pair| pair == b"\r\n").unwrap_or(written.len());
    let ends = written.ends_with(b"\r\n");
    if line == 0 || line % 4 != 0 {
        return None;
    }
    let mut symbols = Vec::with_capacity(written.len());
    for piece in written.split(|&octet| octet == b'\n') {
        symbols.extend_from_slice(piece.strip_suffix(b"\r").unwrap_or(piece));
    }
    let octets = data_encoding::BASE64.decode(&symbols).ok()?;
    let encoding = Encoding::Base64 { line: u32::try_from(line).ok()?, ends };
    is_written(written, &symbols, line, ends).then_some((octets, encoding))
}

/// Whether `symbols` in lines of `line`, as the vault writes them again, are exactly `written`.
fn is_written(written: &[u8], symbols: &[u8], line: usize, ends: bool) -> bool {
    let mut rest = written;
    let mut lines = symbols.chunks(line).peekable();
    while let Some(symbols) = lines.next() {
        let Some(after) = rest.strip_prefix(symbols) else { return false };
        rest = after;
        if lines.peek().is_some() || ends {
            let Some(after) = rest.strip_prefix(b"\r\n") else { return false };
            rest = after;
        }
    }
    rest.is_empty()
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

    #[test]
    fn canonical_base64_of_every_line_length_in_use_is_decoded() {
        let octets: Vec<u8> = (0..100_000_u32).map(|i| u8::try_from(i % 253).expect("small")).collect();
        for line in [60, 64, 72, 76] {
            for ends in [false, true] {
                let (read, encoding) = decoded(&base64(&octets, line, ends)).expect("canonical");
                assert_eq!(read, octets);
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
        for odd in [uneven, blank, twice, b"!!!!".to_vec(), base64(&[7; 300], 75, false), b"QUJDRB==".to_vec()] {
            assert!(decoded(&odd).is_none());
        }
    }
}
