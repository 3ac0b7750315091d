//! Which octets a section names (RFC 3501 §6.4.5): parts by number, headers, texts, and partials of them.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::imap::grammar::fetch::{Of, Section};

use crate::mime::field;
use crate::mime::structure::{Kind, Node, Structure};

/// What a section gives.
#[derive(PartialEq, Eq)]
pub enum Content {
    /// Octets of the message.
    Range(Range<usize>),
    /// Fields chosen by name.
    Fields(Vec<u8>),
    /// There is no such part.
    Nil,
}

/// The content of a section.
pub fn content(octets: &[u8], structure: &Structure, section: &Section) -> Content {
    let Some(at) = part(structure, &section.part) else { return Content::Nil };
    let Some(node) = structure.node(at) else { return Content::Nil };
    let whole = section.part.is_empty();
    match &section.of {
        None if whole => Content::Range(0..octets.len()),
        None => Content::Range(node.body.clone()),
        Some(Of::Mime) => Content::Range(node.header.clone()),
        Some(of) => match message(structure, node, whole) {
            None => Content::Nil,
            Some(message) => match of {
                Of::Text => Content::Range(message.body.clone()),
                Of::Fields { not, names } => Content::Fields(chosen(field::head(octets, &message.header), names, *not)),
                _ => Content::Range(message.header.clone()),
            },
        },
    }
}

/// The range within `all` that a partial names.
pub fn partial(all: Range<usize>, partial: Option<(u32, u32)>) -> Range<usize> {
    let Some((from, count)) = partial else { return all };
    let octets = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let from = all.start.saturating_add(octets(from)).min(all.end);
    from..from.saturating_add(octets(count)).min(all.end)
}

/// Follows part numbers, to a place in the structure. A message that is no multipart has one part, its body.
pub(super) fn part(structure: &Structure, numbers: &[u32]) -> Option<usize> {
    let (mut at, mut inside) = (0, true);
    for number in numbers {
        let container = match structure.node(at)?.kind {
            _ if inside => at,
            Kind::Message(child) => child,
            Kind::Multipart(_) => at,
            Kind::Leaf => return None,
        };
        let index = usize::try_from(*number).ok()?.checked_sub(1)?;
        at = match &structure.node(container)?.kind {
            Kind::Multipart(children) => *children.get(index)?,
            _ if index == 0 => container,
            _ => return None,
        };
        inside = false;
    }
    Some(at)
}

/// The message whose HEADER and TEXT are meant: the whole, or the one inside a part.
fn message<'a>(structure: &'a Structure, node: &'a Node, whole: bool) -> Option<&'a Node> {
    match node.kind {
        _ if whole => Some(node),
        Kind::Message(child) => structure.node(child),
        _ => None,
    }
}

/// The fields of a header that are chosen by name, and the empty line.
pub(super) fn chosen(header: &[u8], names: &[String], not: bool) -> Vec<u8> {
    let mut all = Vec::new();
    // Looked up, not compared one by one: both may be many.
    let names: BTreeSet<Vec<u8>> = names.iter().map(|name| name.as_bytes().to_ascii_lowercase()).collect();
    for field in field::fields(header) {
        if names.contains(&field.name.to_ascii_lowercase()) != not {
            all.extend_from_slice(field.whole);
        }
    }
    if !all.is_empty() && !all.ends_with(b"\n") {
        all.extend_from_slice(b"\r\n");
    }
    // RFC 3501 §6.4.5: the empty line is part of every subset.
    all.extend_from_slice(b"\r\n");
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::cursor::Cursor;
    use crate::imap::grammar::fetch::{Item, items};
    use crate::mime::field::slice;

    fn fetch(message: &str, wanted: &str) -> String {
        let octets = message.replace('~', "\r\n").into_bytes();
        let parsed = items(&mut Cursor::new(format!("BODY[{wanted}]").as_bytes())).expect("a section");
        let Some(Item::Octets { section, partial: part, .. }) = parsed.first() else { panic!("octets") };
        match content(&octets, &Structure::read(&octets), section) {
            Content::Range(range) => {
                String::from_utf8_lossy(slice(&octets, &partial(range, *part))).replace("\r\n", "~")
            }
            Content::Fields(fields) => String::from_utf8_lossy(&fields).replace("\r\n", "~"),
            Content::Nil => "NIL".to_owned(),
        }
    }

    #[test]
    fn sections_of_a_plain_message() {
        let message = "From: a~Subject: one~ two~To: b~~text~";
        for (section, wanted) in [
            ("", message),
            ("HEADER", "From: a~Subject: one~ two~To: b~~"),
            ("TEXT", "text~"),
            ("1", "text~"),
            ("1.MIME", "From: a~Subject: one~ two~To: b~~"),
            ("2", "NIL"),
            ("1.1", "NIL"),
            ("1.HEADER", "NIL"),
            ("1.TEXT", "NIL"),
            ("HEADER.FIELDS (subject x)", "Subject: one~ two~~"),
            ("HEADER.FIELDS.NOT (SUBJECT)", "From: a~To: b~~"),
            ("HEADER.FIELDS (x)", "~"),
        ] {
            assert_eq!(fetch(message, section), wanted, "{section}");
        }
    }

    /// The example of RFC 3501 §6.4.5.
    #[test]
    fn sections_of_nested_messages() {
        let mixed = |boundary: &str| format!("Content-Type: multipart/mixed; boundary={boundary}~~");
        let inner = format!(
            "S: inner~{}--C~T: 4.1~~four one~--C~T: 4.2~Content-Type: multipart/alternative; boundary=D~~\
             --D~~4.2.1~--D~~4.2.2~--D--~--C--~",
            mixed("C")
        );
        let message = format!(
            "S: outer~{}--B~~one~--B~Content-Type: application/x~~two~--B~Content-Type: message/rfc822~~S: three~~text three~\
             --B~Content-Type: message/rfc822~~{inner}--B--~",
            mixed("B")
        );
        for (section, wanted) in [
            ("1", "one"),
            ("2", "two"),
            ("2.MIME", "Content-Type: application/x~~"),
            ("3", "S: three~~text three"),
            ("3.HEADER", "S: three~~"),
            ("3.TEXT", "text three"),
            ("3.1", "text three"),
            ("3.2", "NIL"),
            ("3.1.1", "NIL"),
            ("4.1", "four one"),
            ("4.1.MIME", "T: 4.1~~"),
            ("4.2.1", "4.2.1"),
            ("4.2.2", "4.2.2"),
            ("4.2.3", "NIL"),
            ("4.2.2.1", "NIL"),
            ("4.HEADER.FIELDS (S)", "S: inner~~"),
            ("5", "NIL"),
        ] {
            assert_eq!(fetch(&message, section), wanted, "{section}");
        }
        assert!(fetch(&message, "TEXT").starts_with("--B~"));
        assert_eq!(fetch("Content-Type: message/rfc822~~S: x~~y", "1"), "S: x~~y");
        assert_eq!(fetch("Content-Type: message/rfc822~~S: x~~y", "1.1"), "y");
        assert_eq!(fetch("Content-Type: message/rfc822~~S: x~~y", "1.HEADER"), "S: x~~");
    }

    #[test]
    fn partials_stay_within() {
        for (all, wanted, range) in [
            (10..20, None, 10..20),
            (10..20, Some((0, 5)), 10..15),
            (10..20, Some((8, 5)), 18..20),
            (10..20, Some((99, 5)), 20..20),
            (10..20, Some((u32::MAX, u32::MAX)), 20..20),
        ] {
            assert_eq!(partial(all, wanted), range);
        }
    }
}
