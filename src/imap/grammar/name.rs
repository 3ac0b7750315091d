//! Mailbox names: modified UTF-7 on the wire (RFC 3501 §5.1.3), UTF-8 where that is enabled, UTF-8 within.
//!
//! Strict when reading: one name has one form on the wire, so that no two names of a client are one folder of
//! ours. INBOX counts without regard to case, at the first level only.

use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};

use super::cursor::{Cursor, ParseFault, Parsed};

/// RFC 3501 §5.1.3: base64 with `,` for `/`, without padding.
static BASE64_MODIFIED: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,");
    #[expect(clippy::expect_used, reason = "a constant alphabet, covered by the tests below")]
    specification.encoding().expect("a valid alphabet")
});

/// Reads a mailbox name.
pub fn mailbox(cursor: &mut Cursor) -> Parsed<String> {
    let octets = cursor.astring()?;
    Ok(normal(name(cursor, &octets)?))
}

/// A name as the session writes it: modified UTF-7, or UTF-8.
pub fn name(cursor: &Cursor, octets: &[u8]) -> Parsed<String> {
    if !cursor.is_utf8() {
        return decode(octets).ok_or(ParseFault::Name);
    }
    let text = std::str::from_utf8(octets).map_err(|_| ParseFault::Name)?;
    if text.chars().any(char::is_control) { Err(ParseFault::Name) } else { Ok(text.to_owned()) }
}

/// Reads a pattern of LIST.
pub fn pattern(cursor: &mut Cursor) -> Parsed<String> {
    let octets = cursor.list_mailbox()?;
    name(cursor, &octets)
}

/// The name as folders have it: INBOX in capitals.
fn normal(name: String) -> String {
    match name.get(..5) {
        Some(head) if head.eq_ignore_ascii_case("INBOX") && matches!(name.as_bytes().get(5), None | Some(b'/')) => {
            format!("INBOX{}", name.get(5..).unwrap_or_default())
        }
        _ => name,
    }
}

/// From the wire; `None` for what no encoder writes.
pub fn decode(wire: &[u8]) -> Option<String> {
    let mut name = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        match octet {
            b'&' => {
                let length = rest.iter().position(|&octet| octet == b'-')?;
                let (shifted, after) = rest.split_at_checked(length)?;
                rest = after.get(1..)?;
                if shifted.is_empty() {
                    name.push('&');
                    continue;
                }
                name.push_str(&unshift(shifted)?);
                // Two shifts in a row would be a second form of one (RFC 3501 §5.1.3).
                if rest.first() == Some(&b'&') && rest.get(1) != Some(&b'-') {
                    return None;
                }
            }
            0x20..=0x7e => name.push(char::from(octet)),
            _ => return None,
        }
    }
    Some(name)
}

fn unshift(shifted: &[u8]) -> Option<String> {
    let octets = BASE64_MODIFIED.decode(shifted).ok()?;
    if octets.len() % 2 != 0 {
        return None;
    }
    let units = octets.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(u16::from_be_bytes));
    let text = char::decode_utf16(units).collect::<Result<String, _>>().ok()?;
    // What can stand for itself must.
    (!text.chars().any(|c| matches!(c, ' '..='~'))).then_some(text)
}

/// To the wire.
pub fn encode(name: &str) -> String {
    let mut wire = String::with_capacity(name.len());
    let mut waiting = Vec::new();
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            shift(&mut wire, &mut waiting);
            wire.push(c);
            if c == '&' {
                wire.push('-');
            }
        } else {
            let mut units = [0; 2];
            waiting.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    shift(&mut wire, &mut waiting);
    wire
}

fn shift(wire: &mut String, waiting: &mut Vec<u8>) {
    if !waiting.is_empty() {
        wire.push('&');
        wire.push_str(&BASE64_MODIFIED.encode(waiting));
        wire.push('-');
        waiting.clear();
    }
}

/// Octets of a pattern that names anything.
const LONGEST_PATTERN: usize = 1024;

/// Whether a pattern of LIST names this folder: `*` is anything, `%` anything but "/" (RFC 3501 §6.3.8).
/// Takes at most one step for each pair of characters, whatever the pattern.
pub fn matches(pattern: &str, name: &str) -> bool {
    // Nobody asks by so much, and each character costs a look at the whole name (fault 19).
    if pattern.len() > LONGEST_PATTERN {
        return false;
    }
    // INBOX in any case.
    let inbox = name == "INBOX" || name.starts_with("INBOX/");
    let same = |a: char, b: char, at: usize| a == b || (inbox && at < 5 && a.eq_ignore_ascii_case(&b));
    let name: Vec<char> = name.chars().collect();
    // reached[n]: the pattern so far names the first n characters.
    let mut reached = vec![false; name.len().saturating_add(1)];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for p in pattern.chars() {
        let mut next = vec![false; reached.len()];
        let mut open = false;
        for (at, (was, now)) in reached.iter().zip(next.iter_mut()).enumerate() {
            let before = at.checked_sub(1).and_then(|before| name.get(before).map(|c| (*c, before)));
            match p {
                '*' | '%' => {
                    if p == '%' && before.is_some_and(|(c, _)| c == '/') {
                        open = false;
                    }
                    open |= *was;
                    *now = open;
                }
                _ => {
                    *now = before.is_some_and(|(c, before)| same(p, c, before) && reached.get(before) == Some(&true));
                }
            }
        }
        reached = next;
    }
    reached.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modified_utf_7_goes_both_ways() {
        for (name, wire) in [
            ("INBOX", "INBOX"),
            ("Envoyés", "Envoy&AOk-s"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("a & b", "a &- b"),
            ("&", "&-"),
            ("é&é", "&AOk-&-&AOk-"),
            ("😀", "&2D3eAA-"),
            ("Éléments envoyés", "&AMk-l&AOk-ments envoy&AOk-s"),
            ("", ""),
        ] {
            assert_eq!(encode(name), wire);
            assert_eq!(decode(wire.as_bytes()).as_deref(), Some(name), "{wire}");
        }
    }

    #[test]
    fn a_name_has_one_form_on_the_wire() {
        for wire in [
            "&",
            "&AOk",
            "Envoy\u{e9}s",
            "&AGEAYg-",
            "&U,BTFw-&ZeVnLIqe-",
            "&2D0-",
            "&3gA-",
            "&AOkA-",
            "&!!!-",
            "&AOl-",
            "a\tb",
            "&AAAAAA==-",
        ] {
            assert_eq!(decode(wire.as_bytes()), None, "{wire}");
        }
    }

    #[test]
    fn inbox_counts_in_any_case() {
        for (wire, name) in
            [("inbox", "INBOX"), ("InBox/a", "INBOX/a"), ("inboxes", "inboxes"), ("a/inbox", "a/inbox"), ("in", "in")]
        {
            assert_eq!(mailbox(&mut Cursor::new(wire.as_bytes())).as_deref(), Ok(name));
        }
    }

    #[test]
    fn patterns() {
        for (pattern, name, is) in [
            ("*", "a/b", true),
            ("%", "a/b", false),
            ("%", "a", true),
            ("%/%", "a/b", true),
            ("%/%", "a/b/c", false),
            ("a/*", "a/b/c", true),
            ("a/*", "a", false),
            ("a*", "a", true),
            ("inbox", "INBOX", true),
            ("i%", "INBOX", true),
            ("inbox/%", "INBOX/x", true),
            ("INBOX/X", "INBOX/x", false),
            ("envoyés", "Envoyés", false),
            ("*é*", "Envoyés", true),
            ("", "a", false),
            ("%b%", "a/b", false),
            ("*b%", "a/b", true),
            ("a%c", "abc", true),
            ("a%c", "a/c", false),
        ] {
            assert_eq!(matches(pattern, name), is, "{pattern} {name}");
        }
        // fault_19: no pattern takes more than its length times the name's.
        assert!(!matches(&"*a".repeat(2000), &"a".repeat(1000)));
    }
}
