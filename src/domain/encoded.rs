//! Messages within a message that are encoded, against what RFC 2046 §5.2.1 allows: a parser decodes them and goes on
//! inside, where the shape of the message as it is written says nothing.
//!
//! Where a parser takes such a body to begin is not asked: everything that can be read as base64 or as quoted-printable
//! is, from every beginning, and bounded as what stands open is.

use zeroize::Zeroizing;

use super::RawMessageFault;
use super::shape::{MOST_NESTED, messages};

/// Checks what octets are when they are decoded, and that again, so often in all.
pub(super) fn check(octets: &[u8], left: usize) -> Result<(), RawMessageFault> {
    bounded(&quoted_printable(octets), left)?;
    for run in Runs(octets) {
        // Base64 goes by fours: of every beginning the rest is one of these.
        for skip in 0..4 {
            bounded(&base64(run, skip), left)?;
        }
    }
    Ok(())
}

fn bounded(octets: &[u8], left: usize) -> Result<(), RawMessageFault> {
    match (messages(octets)?, left) {
        ((nested, _), _) if nested > MOST_NESTED => Err(RawMessageFault::TooDeep),
        ((_, true), 2..) => check(octets, left - 1),
        _ => Ok(()),
    }
}

/// Lines that are base64 and nothing else, as many as follow each other.
struct Runs<'a>(&'a [u8]);

impl<'a> Iterator for Runs<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.0.is_empty() {
            // A hyphen alone is passed over, and two begin a boundary.
            let end = self.0.iter().zip(self.0.iter().skip(1).chain([&b'\n'])).position(|(&octet, &next)| {
                let is_symbol =
                    octet.is_ascii_alphanumeric() || octet.is_ascii_whitespace() || b"+/=-".contains(&octet);
                !is_symbol || (octet == b'-' && next == b'-')
            });
            let (run, rest) = self.0.split_at_checked(end.unwrap_or(self.0.len()))?;
            // What is no symbol ends the run, and so does the rest of its line.
            let line = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            self.0 = rest.get(line..)?;
            if run.len() >= SHORTEST {
                return Some(run);
            }
        }
        None
    }
}

/// The octets that symbols stand for, from the one after `skip` of them.
fn base64(symbols: &[u8], skip: usize) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(symbols.len() / 4 * 3 + 3));
    let (mut skip, mut bits, mut count) = (skip, 0_u32, 0_u32);
    for &symbol in symbols {
        let value = match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'a'..=b'z' => symbol - b'a' + 26,
            b'0'..=b'9' => symbol - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                let octets = (bits << (24 - 6 * count)).to_be_bytes();
                out.extend(octets.iter().skip(1).take(count.saturating_sub(1) as usize));
                (bits, count) = (0, 0);
                continue;
            }
            _ => continue,
        };
        if skip > 0 {
            skip -= 1;
            continue;
        }
        bits = bits << 6 | u32::from(value);
        count += 1;
        if count == 4 {
            out.extend(bits.to_be_bytes().iter().skip(1));
            (bits, count) = (0, 0);
        }
    }
    out
}

/// Octets without their escapes; what is none stands for itself.
fn quoted_printable(octets: &[u8]) -> Zeroizing<Vec<u8>> {
    let digit = |octet: Option<&u8>| octet.and_then(|octet| char::from(*octet).to_digit(16));
    let mut out = Zeroizing::new(Vec::with_capacity(octets.len()));
    let mut rest = octets;
    while let Some(at) = memchr::memchr(b'=', rest) {
        let (before, after) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(before);
        rest = after.get(1..).unwrap_or_default();
        if let (Some(high), Some(low)) = (digit(rest.first()), digit(rest.get(1))) {
            out.push(u8::try_from(high << 4 | low).unwrap_or_default());
            rest = rest.get(2..).unwrap_or_default();
            continue;
        }
        // A line that goes on (RFC 2045 §6.7 (5)), blanks before its end passed over.
        let blanks = rest.iter().take_while(|octet| matches!(octet, b' ' | b'\t' | b'\r')).count();
        match rest.get(blanks) {
            Some(b'\n') => rest = rest.get(blanks + 1..).unwrap_or_default(),
            _ => out.push(b'='),
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Octets of a run that could hold a message of its own.
const SHORTEST: usize = 32;
