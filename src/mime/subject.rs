//! The base subject of a message: without what replies and forwards put around it (RFC 5256 §2.1).

use mail_parser::{HeaderName, MessageParser};

use super::field;

/// The base subject of a header, decoded, in upper case for comparison, and whether it was a reply or a forward.
pub fn base(header: &[u8]) -> (String, bool) {
    let raw = field::find(header, "subject").unwrap_or_default();
    // A field whose encoded words are taken apart and whose text is not.
    let text = [b"Subject: ", raw.as_slice(), b"\r\n\r\n"].concat();
    let parsed = MessageParser::new().header_text(HeaderName::Subject).parse_headers(text.as_slice());
    let decoded = parsed.as_ref().and_then(|message| message.subject()).unwrap_or_default();
    let words: Vec<&str> = decoded.split_whitespace().collect();
    extract(&words.join(" ").to_uppercase())
}

fn extract(subject: &str) -> (String, bool) {
    let (mut rest, mut reply) = (subject.trim(), false);
    loop {
        // (2) what stands at the end.
        while let Some(shorter) = rest.strip_suffix("(FWD)") {
            (rest, reply) = (shorter.trim_end(), true);
        }
        let before = rest;
        // (3) to (5) what stands at the beginning.
        loop {
            if let Some(after) = leader(rest) {
                (rest, reply) = (after, true);
            } else if let Some(after) = blob(rest).filter(|after| !after.is_empty()) {
                rest = after;
            } else {
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

/// `RE:`, `FW:`, `FWD:`, with blobs before and one after the word.
fn leader(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(after) = blob(rest) {
        rest = after;
    }
    let rest = rest.strip_prefix("RE").or_else(|| rest.strip_prefix("FWD")).or_else(|| rest.strip_prefix("FW"))?;
    let rest = rest.trim_start();
    let rest = blob(rest).unwrap_or(rest);
    rest.strip_prefix(':').map(str::trim_start)
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
        // Long ones end in time.
        base(format!("Subject: {}x\r\n\r\n", "re: [a] ".repeat(20_000)).as_bytes());
    }
}
