//! What a notice is known by when it comes back: in its reverse-path, and in its Message-ID.

use super::DeliveryId;

/// A delivery and a keyed check, written `0w3ge1r70w3ge1r70w3ge1r70w.0123456789abcdef`.
///
/// Whoever got the notice has it, so it says which notice this is about and proves that the notice was ours, and
/// nothing more. It opens nothing: the ticket is no part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeToken {
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// The keyed check as it was found; lower case. Only the vault can tell whether it is right.
    pub check: String,
}

impl NoticeToken {
    /// Octets of the check.
    pub const CHECK: usize = 16;

    /// As it stands in an address or a Message-ID: 43 octets, letters and digits and one dot, whatever the case.
    pub fn written(&self) -> String {
        format!("{}.{}", self.delivery, self.check)
    }

    /// The tokens that a text holds, in their order, each once, `most` at most. Servers on the way wrap the addresses
    /// that they rewrite around each other (SRS, BATV), so anything may stand before and behind.
    pub fn all_in(text: &[u8], most: usize) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for dot in memchr::memchr_iter(b'.', text) {
            if found.len() >= most {
                break;
            }
            if let Some(token) = Self::around(text, dot)
                && !found.contains(&token)
            {
                found.push(token);
            }
        }
        found
    }

    fn around(text: &[u8], dot: usize) -> Option<Self> {
        let plain = |octets: &[u8]| octets.iter().all(u8::is_ascii_alphanumeric);
        let begin = dot.checked_sub(ID)?;
        let (id, check) = (text.get(begin..dot)?, text.get(dot + 1..dot + 1 + Self::CHECK)?);
        let goes_on = text.get(dot + 1 + Self::CHECK).is_some_and(u8::is_ascii_alphanumeric);
        if goes_on || !plain(id) || !plain(check) {
            return None;
        }
        let delivery = std::str::from_utf8(id).ok()?.parse().ok()?;
        let check = std::str::from_utf8(check).ok()?.to_ascii_lowercase();
        Some(Self { delivery, check })
    }
}

/// Octets of an id as text.
const ID: usize = 26;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_wherever_servers_leave_it() {
        let token = "0w3ge1r70w3ge1r70w3ge1r70w.0123456789abcdef";
        for text in [
            format!("bounce+{token}@cabinet.example"),
            format!("BOUNCE+{}@CABINET.EXAMPLE", token.to_uppercase()),
            format!("SRS0=x1y2=AB=cabinet.example=bounce+{token}@relay.example"),
            format!("prvs=0123456789=bounce+{token}@cabinet.example"),
            format!("Original-Recipient: rfc822;bounce+2B{token}@cabinet.example"),
            format!("Message-ID: <notice.{token}@mail.cabinet.example>"),
            token.to_owned(),
        ] {
            let found = NoticeToken::all_in(text.as_bytes(), 8);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].written(), token, "{text}");
        }
        for none in [
            "",
            ".",
            "a.b",
            "0w3ge1r70w3ge1r70w3ge1r70.0123456789abcdef",
            "0w3ge1r70w3ge1r70w3ge1r70w.0123456789abcdef0",
            "0w3ge1r70w3ge1r70w3ge1r70w.0123456789abcde",
            "0w3ge1r70w3ge1r70w3ge1r7uw.0123456789abcdef",
            "0w3ge1r70w3ge1r70w3ge1r70w 0123456789abcdef",
        ] {
            assert!(NoticeToken::all_in(none.as_bytes(), 8).is_empty(), "{none}");
        }
        let many = format!("{token} {}", "0w3ge1r70w3ge1r70w3ge1r70w.0123456789abcdee ".repeat(1000));
        assert_eq!(NoticeToken::all_in(many.as_bytes(), 8).len(), 2, "each once");
        let ids: String = (0..1000).map(|n| format!("0w3ge1r70w3ge1r70w3ge1r70w.{n:016} ")).collect();
        assert_eq!(NoticeToken::all_in(ids.as_bytes(), 8).len(), 8);
    }
}
