//! Cutting large parts out of a message, so that attachments are stored once and decoded.
//!
//! Base64 is stored decoded only where writing it again gives the same octets: one line length
//! throughout, proved by encoding and comparing (R-C11). Everything else is stored as it came.

use std::ops::Range;

use mail_parser::{Encoding as Transfer, Message, PartType};
use zeroize::Zeroizing;

use super::container::sealed_length;
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
    let most = text.len().div_ceil(line + 2) * (line / 4 * 3);
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
