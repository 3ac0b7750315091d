//! What comes with new messages: APPEND (RFC 3501 §6.3.11) of several (RFC 3502), REPLACE (RFC 8508).
//!
//! The octets of the messages are not here: the reader keeps them beside the text. Each may be a literal8
//! (RFC 3516 §4.4), or stand as `UTF8 (~{n}…)` (RFC 6855 §4).

use crate::domain::{Flags, Timestamp};

use super::cursor::{Cursor, ParseFault, Parsed};
use super::{date, store};

const BAD: ParseFault = ParseFault::Arguments;

/// What is said of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The flags.
    pub flags: Flags,
    /// INTERNALDATE.
    pub at: Option<Timestamp>,
}

/// One message at least, each behind a space.
///
/// # Errors
/// What is not one.
pub fn heads(cursor: &mut Cursor) -> Parsed<Vec<Head>> {
    let mut heads = Vec::new();
    loop {
        cursor.space()?;
        // A space at the end.
        if cursor.is_at_end() && !heads.is_empty() {
            return Ok(heads);
        }
        heads.push(head(cursor)?);
        if heads.len() > MOST_MESSAGES {
            return Err(BAD);
        }
        if cursor.is_at_end() {
            return Ok(heads);
        }
    }
}

/// One message.
///
/// # Errors
/// What is not one.
pub fn head(cursor: &mut Cursor) -> Parsed<Head> {
    let mut flags = Flags::default();
    if cursor.peek() == Some(b'(') {
        flags = store::list(cursor)?;
        cursor.space()?;
    }
    let mut at = None;
    if cursor.peek() == Some(b'"') {
        at = Some(date::date_time(cursor)?);
        cursor.space()?;
    }
    if cursor.eat_word("UTF8 (") {
        cursor.literal_head()?;
        cursor.need(b')')?;
    } else {
        cursor.literal_head()?;
    }
    Ok(Head { flags, at })
}

/// Messages that come with one command.
pub const MOST_MESSAGES: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<usize>> {
        let mut cursor = Cursor::new(text.as_bytes());
        let heads = heads(&mut cursor).ok()?;
        cursor.end().ok()?;
        Some(heads.iter().map(|head| head.flags.keywords.len() + usize::from(head.at.is_some()) * 10).collect())
    }

    #[test]
    fn messages_one_after_another() {
        let date = "\" 1-Jan-2020 00:00:00 +0000\"";
        assert_eq!(read(" {3}\r\n"), Some(vec![0]));
        assert_eq!(read(&format!(" (a b) {date} {{3+}}\r\n {{0}}\r\n {date} ~{{5}}\r\n")), Some(vec![12, 0, 10]));
        assert_eq!(read(" UTF8 (~{3}\r\n)"), Some(vec![0]));
        assert_eq!(read(" (x) UTF8 (~{3+}\r\n) (y) {1}\r\n"), Some(vec![1, 1]));
        for bad in ["", " ", " x", " {3}", " {3}\r\n{3}\r\n", " UTF8 {3}\r\n", " UTF8 (~{3}\r\n", " (a){3}\r\n"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read(&" {1}\r\n".repeat(MOST_MESSAGES)).map(|heads| heads.len()), Some(MOST_MESSAGES));
        assert_eq!(read(&" {1}\r\n".repeat(MOST_MESSAGES + 1)), None, "fault 19");
    }
}
