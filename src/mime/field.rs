//! Header fields by offset (RFC 5322 §2.2): names, folded values, nothing decoded.

use std::ops::Range;

/// One field. A person's data: masked `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name, empty where a line has no colon.
    pub name: &'a [u8],
    /// What follows the colon, folded, with its last line end.
    pub value: &'a [u8],
    /// All of it.
    pub whole: &'a [u8],
}

impl std::fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Field({} octets)", self.whole.len())
    }
}

/// The fields of a header, in order.
pub fn fields(header: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = header;
    std::iter::from_fn(move || {
        let mut end = line(rest)?.len();
        // An empty line ends the header.
        if rest.get(..end).is_some_and(|line| trim(line).is_empty() && !is_folded(line)) {
            return None;
        }
        while let Some(next) = rest.get(end..).and_then(line) {
            if !is_folded(next) {
                break;
            }
            end = end.saturating_add(next.len());
        }
        let (whole, after) = rest.split_at_checked(end)?;
        rest = after;
        let colon = whole.iter().position(|octet| *octet == b':');
        let (name, value) = colon.and_then(|at| whole.split_at_checked(at)).unwrap_or((b"", whole));
        Some(Field { name: trim(name), value: value.strip_prefix(b":").unwrap_or(value), whole })
    })
}

/// The first field of this name, unfolded and trimmed.
pub fn find(header: &[u8], name: &str) -> Option<Vec<u8>> {
    let named = |field: &Field| field.name.eq_ignore_ascii_case(name.as_bytes());
    fields(header).find(named).map(|field| unfold(field.value))
}

/// A value without its line ends and the white space around it (RFC 5322 §2.2.3).
pub fn unfold(value: &[u8]) -> Vec<u8> {
    let kept: Vec<u8> = value.iter().copied().filter(|octet| !matches!(octet, b'\r' | b'\n' | 0)).collect();
    trim(&kept).to_vec()
}

/// The first line, with its line end; `None` when there is none.
pub fn line(octets: &[u8]) -> Option<&[u8]> {
    if octets.is_empty() {
        return None;
    }
    let end = memchr::memchr(b'\n', octets).map_or(octets.len(), |at| at.saturating_add(1));
    octets.get(..end)
}

/// Without white space and line ends around.
pub fn trim(octets: &[u8]) -> &[u8] {
    octets.trim_ascii()
}

/// A range of octets, empty where it is none.
pub fn slice<'a>(octets: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    octets.get(range.clone()).unwrap_or_default()
}

/// The part of a header that is read: nobody writes more, and what reads it stays quick.
pub fn head<'a>(octets: &'a [u8], header: &Range<usize>) -> &'a [u8] {
    let end = header.end.min(header.start.saturating_add(LONGEST_HEADER));
    slice(octets, &(header.start..end))
}

fn is_folded(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}

/// Octets of a field whose encoded words are decoded: to look for their ends takes the parser a time that grows with
/// the square of the length.
pub(super) const LONGEST_DECODED: usize = 8 * 1024;
/// How much of a header is taken apart.
pub const LONGEST_HEADER: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_folds() {
        let header = b"From: a\r\nSubject: one\r\n two\r\n\tthree\r\nno colon\r\nX :y\r\n\r\nbody: x\r\n";
        let seen: Vec<(String, String)> = fields(header)
            .map(|f| (String::from_utf8_lossy(f.name).into(), String::from_utf8_lossy(&unfold(f.value)).into()))
            .collect();
        let wanted = [("From", "a"), ("Subject", "one two\tthree"), ("", "no colon"), ("X", "y")];
        assert_eq!(seen, wanted.map(|(a, b)| (a.to_owned(), b.to_owned())));
        let whole: usize = fields(header).map(|field| field.whole.len()).sum();
        assert!(header[whole..].starts_with(b"\r\nbody"));
        assert_eq!(find(header, "subject").as_deref(), Some(&b"one two\tthree"[..]));
        assert_eq!(find(header, "body"), None);
        assert_eq!(fields(b"").count(), 0);
        assert_eq!(fields(b"a:b").count(), 1);
        assert_eq!(fields(b" a\n b").count(), 1);
        assert_eq!(fields(b"a: b\nc: d\n\n").count(), 2);
    }
}
