//! The base subject of a message: without what replies and forwards put around it (RFC 5256 §2.1).
//!
//! Whoever writes to a mailbox chooses its subjects, and one command reads all of them: the work is in proportion
//! to the length, and of an endless subject only the first `LONGEST` characters count.

use mail_parser::{HeaderName, MessageParser};

use super::field;

/// The base subject of a header, decoded, in upper case for comparison, and whether it was a reply or a forward.
pub fn base(header: &[u8]) -> (String, bool) {
    let mut raw = field::find(header, "subject").unwrap_or_default();
    raw.truncate(field::LONGEST_DECODED);
    // A field whose encoded words are taken apart and whose text is not.
    let text = [b"Subject: ", raw.as_slice(), b"\r\n\r\n"].concat();
    let parsed = MessageParser::new().header_text(HeaderName::Subject).parse_headers(text.as_slice());
    let decoded = parsed.as_ref().and_then(|message| message.subject()).unwrap_or_default();
    let end = decoded.char_indices().nth(LONGEST).map_or(decoded.len(), |(at, _)| at);
    let words: Vec<&str> = decoded.get(..end).unwrap_or(decoded).split_whitespace().collect();
    extract(&words.join(" ").to_uppercase())
}

/// Characters of a subject that are compared.
const LONGEST: usize = 2_000;

fn extract(subject: &str) -> (String, bool) {
    let (mut rest, mut reply) = (subject.trim(), false);
    loop {
        // (2) what stands at the end.
        while let Some(shorter) = rest.strip_suffix("(FWD)") {
            (rest, reply) = (shorter.trim_end(), true);
        }
        let before = rest;
        // (3) to (5) what stands at the beginning: blobs up to a leader, and those that stand before no leader,
        // but for one that is all there is.
        loop {
            let (last, after) = blobs(rest);
            if let Some(after) = leader(after) {
                (rest, reply) = (after, true);
            } else {
                rest = if after.is_empty() { last } else { after };
                break;
            }
        }
        // (6) what stands around.
        match rest.strip_prefix("[FWD:").and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) => (rest, reply) = (inner.trim(), true),
            None if rest == before => return (rest.to_owned(), reply),
            None => {}
        }
    }
}

/// `RE:`, `FW:`, `FWD:`, with one blob after the word.
fn leader(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("RE").or_else(|| text.strip_prefix("FWD")).or_else(|| text.strip_prefix("FW"))?;
    let rest = rest.trim_start();
    let rest = blob(rest).unwrap_or(rest);
    rest.strip_prefix(':').map(str::trim_start)
}

/// The text from its last leading blob on, and from behind it.
fn blobs(text: &str) -> (&str, &str) {
    let (mut last, mut rest) = (text, text);
    while let Some(after) = blob(rest) {
        (last, rest) = (rest, after);
    }
    (last, rest)
}

/// `[…]` without brackets inside.
fn blob(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?;
    let end = inner.find(['[', ']']).filter(|at| inner.as_bytes().get(*at) == Some(&b']'))?;
    inner.get(end + 1..).map(str::trim_start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_replies_add_is_taken_off() {
        for (subject, wanted, reply) in [
            ("Ordonnance", "ORDONNANCE", false),
            ("Re: Ordonnance", "ORDONNANCE", true),
            ("RE : Ordonnance", "ORDONNANCE", true),
            ("Fwd: re[2]: [liste] Ordonnance (fwd)", "ORDONNANCE", true),
            ("[liste] Ordonnance", "ORDONNANCE", false),
            ("[liste]", "[LISTE]", false),
            ("[Fwd: [Fwd: Ordonnance]]", "ORDONNANCE", true),
            ("re: [a] re: x (fwd) (FWD)", "X", true),
            ("=?utf-8?q?Re:_R=C3=A9sultats?=", "RÉSULTATS", true),
            ("  a \t  b ", "A B", false),
            ("Relation", "RELATION", false),
            ("[a[b] x", "[A[B] X", false),
            ("Re:", "", true),
            ("", "", false),
        ] {
            let header = format!("Subject: {subject}\r\n\r\n");
            assert_eq!(base(header.as_bytes()), (wanted.to_owned(), reply), "{subject}");
        }
        assert_eq!(base(b"From: a\r\n\r\n"), (String::new(), false));
    }

    #[test]
    fn fault_19_the_work_is_in_proportion_to_the_subject() {
        // A million characters: what looks at the rest again for each piece would take minutes.
        for (hostile, wanted) in [
            ("[A]".repeat(350_000), "[A]"),
            ("RE: [A] ".repeat(125_000), "[A]"),
            ("[A]".repeat(350_000) + "X", "X"),
            ("[FWD:".repeat(200_000) + &"]".repeat(200_000), ""),
            ("[FWD: [A] ".repeat(100_000) + "X" + &"]".repeat(100_000), "X"),
            ("X".to_owned() + &"(FWD)".repeat(200_000), "X"),
            ("RE[".repeat(300_000), &"RE[".repeat(300_000)),
        ] {
            assert_eq!(extract(&hostile).0, wanted);
        }
        let long = format!("Subject: {}x\r\n\r\n", "[a]".repeat(16_000));
        assert!(base(long.as_bytes()).0.chars().count() <= LONGEST);
    }
}
