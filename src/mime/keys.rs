//! What SORT and THREAD compare of a header: instants, first addresses, Message-IDs (RFC 5256 §2).

use super::address::{self, Address};
use super::field;

/// The Date field as seconds since 1970 in UTC; `None` where none can be read.
pub fn sent(header: &[u8]) -> Option<i64> {
    let value = field::find(header, "date")?;
    let date = mail_parser::DateTime::parse_rfc822(std::str::from_utf8(&value).ok()?)?;
    date.is_valid().then(|| date.to_timestamp())
}

/// The local part of the first address of a field, in upper case for comparison; empty where there is none.
pub fn first_local(header: &[u8], name: &str) -> String {
    let value = field::find(header, name).unwrap_or_default();
    let first = address::list(&value, FEW).into_iter().find_map(|address| match address {
        Address::Mailbox { local, .. } => Some(local),
        _ => None,
    });
    let first: String = String::from_utf8_lossy(&first.unwrap_or_default()).chars().take(LONGEST_LOCAL).collect();
    first.to_uppercase()
}

/// Characters of a local part that are compared: RFC 5321 §4.5.3.1.1 has 64, and some write more.
const LONGEST_LOCAL: usize = 256;

/// The Message-ID without its brackets; `None` where there is none.
pub fn message_id(header: &[u8]) -> Option<Vec<u8>> {
    ids(&field::find(header, "message-id")?).into_iter().next()
}

/// The messages that this one follows, the oldest first: References, else the first of In-Reply-To. Of very many
/// the newest are given.
pub fn references(header: &[u8]) -> Vec<Vec<u8>> {
    let mut all = ids(&field::find(header, "references").unwrap_or_default());
    if all.is_empty() {
        all = ids(&field::find(header, "in-reply-to").unwrap_or_default());
        all.truncate(1);
    }
    let before = all.len().saturating_sub(MOST_REFERENCES);
    all.split_off(before)
}

/// What stands in angle brackets, without white space.
fn ids(value: &[u8]) -> Vec<Vec<u8>> {
    let mut ids = Vec::new();
    let mut rest = value;
    while let Some(start) = rest.iter().position(|octet| *octet == b'<') {
        rest = rest.get(start.saturating_add(1)..).unwrap_or_default();
        let Some(end) = rest.iter().position(|octet| *octet == b'>') else { break };
        let (id, after) = rest.split_at_checked(end).unwrap_or_default();
        // What opens again was not closed before.
        let id = id.rsplit(|octet| *octet == b'<').next().unwrap_or_default();
        let id: Vec<u8> = id.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
        if !id.is_empty() {
            ids.push(id);
        }
        rest = after;
    }
    ids
}

/// Addresses that are looked at for the first mailbox among groups.
const FEW: usize = 16;
const MOST_REFERENCES: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_header() {
        let header = b"Date: Mon, 7 Feb 1994 21:52:25 -0800\r\nFrom: G:;, Fred <fred@x>\r\nMessage-ID: < a@b >\r\n\
            References: <1@x> junk <2@x>\r\n <3@x\r\nIn-Reply-To: <9@x>\r\n\r\n";
        assert_eq!(sent(header), Some(760_686_745));
        assert_eq!(first_local(header, "from"), "FRED");
        assert_eq!(first_local(header, "cc"), "");
        assert_eq!(message_id(header).as_deref(), Some(&b"a@b"[..]));
        assert_eq!(references(header), [b"1@x", b"2@x"]);
        assert_eq!(references(b"In-Reply-To: Fred's of Monday <9@x> <8@x>\r\n"), [b"9@x"]);
        assert_eq!((sent(b"Date: never\r\n"), message_id(b"X: y\r\n"), references(b"").len()), (None, None, 0));
        let many = format!("References: {}\r\n", "<a@b>".repeat(50_000));
        assert_eq!(references(many.as_bytes()).len(), MOST_REFERENCES, "fault 19");
    }
}
