//! The keys of SEARCH (RFC 3501 §6.4.4, §9), as a tree of bounded depth.

use jiff::civil::Date;

use crate::domain::SystemFlags;

use super::cursor::{Cursor, ParseFault, Parsed, text};
use super::date::date;
use super::sequence::SequenceSet;

const BAD: ParseFault = ParseFault::Arguments;

/// A condition. What a person looks for may be a name: masked `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub enum Key {
    /// All of these; ALL is none.
    And(Vec<Key>),
    /// One of two.
    Or(Box<(Key, Key)>),
    /// Not this.
    Not(Box<Key>),
    /// By number.
    Numbers(SequenceSet),
    /// By UID.
    Uids(SequenceSet),
    /// With this flag.
    Flag(SystemFlags),
    /// With this keyword.
    Keyword(String),
    /// Never: this server keeps no `\Recent`.
    Never,
    /// By the day it came, in UTC.
    Received(When, Date),
    /// By the day of its Date field, as written there.
    Sent(When, Date),
    /// More octets than this.
    Larger(u64),
    /// Fewer.
    Smaller(u64),
    /// A field of this name (lower case) that holds this text; any, when the text is empty.
    Header(String, String),
    /// This text in the body.
    Body(String),
    /// This text anywhere.
    Text(String),
}

/// Before, on or since a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Earlier.
    Before,
    /// That day.
    On,
    /// That day or later.
    Since,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// Whether the octets of a message are needed.
    pub fn needs_octets(&self) -> bool {
        match self {
            Self::And(keys) => keys.iter().any(Self::needs_octets),
            Self::Or(keys) => keys.0.needs_octets() || keys.1.needs_octets(),
            Self::Not(key) => key.needs_octets(),
            Self::Sent(..) | Self::Header(..) | Self::Body(_) | Self::Text(_) => true,
            _ => false,
        }
    }
}

/// How deep keys may be in one another (fault 19).
pub const DEEPEST: usize = 50;

/// All arguments of SEARCH.
pub fn arguments(cursor: &mut Cursor) -> Parsed<Key> {
    if cursor.eat_word("CHARSET ") {
        let charset = cursor.astring()?;
        // RFC 3501 §6.4.4: US-ASCII must be read, others may be.
        if !charset.eq_ignore_ascii_case(b"US-ASCII") && !charset.eq_ignore_ascii_case(b"UTF-8") {
            return Err(ParseFault::Charset);
        }
        cursor.space()?;
    }
    let mut keys = vec![key(cursor, 0)?];
    while !cursor.is_at_end() {
        cursor.space()?;
        // A space at the end.
        if cursor.is_at_end() {
            break;
        }
        keys.push(key(cursor, 0)?);
    }
    Ok(Key::And(keys))
}

fn key(cursor: &mut Cursor, depth: usize) -> Parsed<Key> {
    if depth >= DEEPEST {
        return Err(ParseFault::TooDeep);
    }
    let deeper = depth.saturating_add(1);
    match cursor.peek() {
        Some(b'(') => {
            cursor.need(b'(')?;
            let mut keys = vec![key(cursor, deeper)?];
            while !cursor.eat(b')') {
                cursor.space()?;
                keys.push(key(cursor, deeper)?);
            }
            return Ok(Key::And(keys));
        }
        Some(b'*' | b'0'..=b'9') => return SequenceSet::read(cursor).map(Key::Numbers),
        _ => {}
    }
    let word = cursor.atom()?.to_ascii_uppercase();
    if let Some(key) = flag(&word) {
        return Ok(key);
    }
    cursor.space()?;
    Ok(match word.as_str() {
        "NOT" => Key::Not(Box::new(key(cursor, deeper)?)),
        "OR" => {
            let one = key(cursor, deeper)?;
            cursor.space()?;
            Key::Or(Box::new((one, key(cursor, deeper)?)))
        }
        "UID" => Key::Uids(SequenceSet::read(cursor)?),
        "KEYWORD" => Key::Keyword(cursor.atom()?.to_owned()),
        "UNKEYWORD" => not(Key::Keyword(cursor.atom()?.to_owned())),
        "BEFORE" => Key::Received(When::Before, date(cursor)?),
        "ON" => Key::Received(When::On, date(cursor)?),
        "SINCE" => Key::Received(When::Since, date(cursor)?),
        "SENTBEFORE" => Key::Sent(When::Before, date(cursor)?),
        "SENTON" => Key::Sent(When::On, date(cursor)?),
        "SENTSINCE" => Key::Sent(When::Since, date(cursor)?),
        "LARGER" => Key::Larger(cursor.number64()?),
        "SMALLER" => Key::Smaller(cursor.number64()?),
        "BCC" | "CC" | "FROM" | "SUBJECT" | "TO" => Key::Header(word.to_ascii_lowercase(), words(cursor)?),
        "HEADER" => {
            let name = cursor.astring()?;
            let name = text(&name)?.to_ascii_lowercase();
            cursor.space()?;
            Key::Header(name, words(cursor)?)
        }
        "BODY" => Key::Body(words(cursor)?),
        "TEXT" => Key::Text(words(cursor)?),
        _ => return Err(BAD),
    })
}

/// The keys of one word.
fn flag(word: &str) -> Option<Key> {
    use SystemFlags as F;
    Some(match word {
        "ALL" | "OLD" => Key::And(Vec::new()),
        "ANSWERED" => Key::Flag(F::ANSWERED),
        "DELETED" => Key::Flag(F::DELETED),
        "DRAFT" => Key::Flag(F::DRAFT),
        "FLAGGED" => Key::Flag(F::FLAGGED),
        "SEEN" => Key::Flag(F::SEEN),
        "UNANSWERED" => not(Key::Flag(F::ANSWERED)),
        "UNDELETED" => not(Key::Flag(F::DELETED)),
        "UNDRAFT" => not(Key::Flag(F::DRAFT)),
        "UNFLAGGED" => not(Key::Flag(F::FLAGGED)),
        "UNSEEN" => not(Key::Flag(F::SEEN)),
        "NEW" | "RECENT" => Key::Never,
        _ => return None,
    })
}

fn not(key: Key) -> Key {
    Key::Not(Box::new(key))
}

/// Text to look for, in lower case: without CHARSET it should be ASCII, and clients write UTF-8 all the same.
fn words(cursor: &mut Cursor) -> Parsed<String> {
    let octets = cursor.astring()?;
    Ok(text(&octets)?.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Parsed<Key> {
        arguments(&mut Cursor::new(text.as_bytes()))
    }

    #[test]
    fn keys_of_every_kind() {
        for good in [
            "ALL",
            "1:*",
            "*",
            "UNSEEN UNDELETED",
            "NOT SEEN",
            "OR (FROM a SUBJECT \"b c\") NOT (NOT TEXT d)",
            "CHARSET UTF-8 SUBJECT {3}\r\n\u{e9}a",
            "charset us-ascii body x",
            "SINCE 1-Feb-1994 SENTON \"2-Feb-1994\" LARGER 10 SMALLER 9223372036854775807",
            "HEADER X-Foo \"\" UID 1,3:5 KEYWORD $Junk UNKEYWORD a NEW OLD RECENT",
            "DRAFT BCC a CC b TO c BEFORE 1-Jan-2000 ON 1-Jan-2000 SENTBEFORE 1-Jan-2000 SENTSINCE 1-Jan-2000",
            "TEXT \"\u{e9}\"",
        ] {
            assert!(read(good).is_ok(), "{good}");
        }
        assert_eq!(
            read("NOT OR SEEN 2"),
            Ok(Key::And(vec![not(Key::Or(Box::new((
                Key::Flag(SystemFlags::SEEN),
                Key::Numbers(SequenceSet::read(&mut Cursor::new(b"2")).expect("a set"))
            ))))]))
        );
        for bad in [
            "",
            "FOO",
            "NOT",
            "OR SEEN",
            "()",
            "(SEEN",
            "SEEN)",
            "SINCE x",
            "LARGER x",
            "HEADER a",
            "SEEN  SEEN",
            "UID",
            "OR(SEEN SEEN)",
        ] {
            assert_eq!(read(bad), Err(BAD), "{bad}");
        }
        assert_eq!(read("CHARSET ISO-8859-1 TEXT x"), Err(ParseFault::Charset));
    }

    #[test]
    fn fault_19_depth_is_bounded() {
        for nest in ["(", "NOT ", "OR SEEN ", "OR ("] {
            assert_eq!(read(&format!("{}SEEN", nest.repeat(10_000))), Err(ParseFault::TooDeep), "{nest}");
        }
        assert!(read(&format!("{}SEEN{}", "(".repeat(DEEPEST - 1), ")".repeat(DEEPEST - 1))).is_ok());
    }
}
