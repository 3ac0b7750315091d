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
    /// Changed at this mod-sequence or later (RFC 7162 §3.1.5).
    Modseq(u64),
    /// With this EMAILID (RFC 8474 §5.4).
    EmailId(String),
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

impl std::fmt::Debug for Looking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Looking(…)")
    }
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

/// What SEARCH gives back (RFC 4731, RFC 5182).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Returned {
    /// The lowest.
    pub min: bool,
    /// The highest.
    pub max: bool,
    /// All.
    pub all: bool,
    /// How many.
    pub count: bool,
    /// Nothing, but kept for `$`.
    pub save: bool,
}

/// A SEARCH.
#[derive(Clone, PartialEq, Eq)]
pub struct Looking {
    /// What is looked for.
    pub key: Key,
    /// What is given back, where RETURN says so.
    pub returned: Option<Returned>,
}

/// A SORT (RFC 5256 §3): by these keys in turn, each perhaps from the end.
#[derive(Clone, PartialEq, Eq)]
pub struct Sorting {
    /// The keys.
    pub by: Vec<(SortKey, bool)>,
    /// What is looked for.
    pub key: Key,
}

/// A key of SORT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    /// INTERNALDATE.
    Arrival,
    /// The first address of Cc.
    Cc,
    /// The Date field.
    Date,
    /// The first address of From.
    From,
    /// Octets.
    Size,
    /// The base subject.
    Subject,
    /// The first address of To.
    To,
}

/// A THREAD (RFC 5256 §3).
#[derive(Clone, PartialEq, Eq)]
pub struct Threading {
    /// By References, or by subject alone.
    pub references: bool,
    /// What is looked for.
    pub key: Key,
}

impl Key {
    /// Whether mod-sequences are asked for somewhere.
    pub fn asks_modseq(&self) -> bool {
        match self {
            Self::And(keys) => keys.iter().any(Self::asks_modseq),
            Self::Or(keys) => keys.0.asks_modseq() || keys.1.asks_modseq(),
            Self::Not(key) => key.asks_modseq(),
            Self::Modseq(_) => true,
            _ => false,
        }
    }
}

/// How deep keys may be in one another (fault 19).
pub const DEEPEST: usize = 50;

/// All arguments of SEARCH.
pub fn arguments(cursor: &mut Cursor) -> Parsed<Looking> {
    let mut returned = None;
    if cursor.eat_word("RETURN (") {
        returned = Some(returns(cursor)?);
        cursor.space()?;
    }
    if cursor.eat_word("CHARSET ") {
        charset(cursor)?;
        cursor.space()?;
    }
    Ok(Looking { key: keys(cursor)?, returned })
}

/// RFC 4731 §3.1: without any word, all.
fn returns(cursor: &mut Cursor) -> Parsed<Returned> {
    let mut returned = Returned::default();
    if cursor.eat(b')') {
        return Ok(Returned { all: true, ..returned });
    }
    loop {
        match cursor.atom()?.to_ascii_uppercase().as_str() {
            "MIN" => returned.min = true,
            "MAX" => returned.max = true,
            "ALL" => returned.all = true,
            "COUNT" => returned.count = true,
            "SAVE" => returned.save = true,
            _ => return Err(BAD),
        }
        if cursor.eat(b')') {
            return Ok(returned);
        }
        cursor.space()?;
    }
}

/// RFC 3501 §6.4.4: US-ASCII must be read, others may be.
fn charset(cursor: &mut Cursor) -> Parsed<()> {
    let charset = cursor.astring()?;
    let known = [&b"US-ASCII"[..], b"UTF-8"].iter().any(|known| charset.eq_ignore_ascii_case(known));
    if known { Ok(()) } else { Err(ParseFault::Charset) }
}

/// All arguments of SORT.
pub fn sorting(cursor: &mut Cursor) -> Parsed<Sorting> {
    cursor.need(b'(')?;
    let mut by = Vec::new();
    loop {
        let mut word = cursor.atom()?.to_ascii_uppercase();
        let reverse = word == "REVERSE";
        if reverse {
            cursor.space()?;
            word = cursor.atom()?.to_ascii_uppercase();
        }
        let key = match word.as_str() {
            "ARRIVAL" => SortKey::Arrival,
            "CC" => SortKey::Cc,
            "DATE" => SortKey::Date,
            "FROM" => SortKey::From,
            "SIZE" => SortKey::Size,
            "SUBJECT" => SortKey::Subject,
            "TO" => SortKey::To,
            _ => return Err(BAD),
        };
        // What is sorted by twice is sorted by once.
        if by.iter().all(|(known, _)| *known != key) {
            by.push((key, reverse));
        }
        if cursor.eat(b')') {
            break;
        }
        cursor.space()?;
    }
    cursor.space()?;
    charset(cursor)?;
    cursor.space()?;
    Ok(Sorting { by, key: keys(cursor)? })
}

/// All arguments of THREAD.
pub fn threading(cursor: &mut Cursor) -> Parsed<Threading> {
    let references = match cursor.atom()?.to_ascii_uppercase().as_str() {
        "REFERENCES" => true,
        "ORDEREDSUBJECT" => false,
        _ => return Err(BAD),
    };
    cursor.space()?;
    charset(cursor)?;
    cursor.space()?;
    Ok(Threading { references, key: keys(cursor)? })
}

/// Keys to the end; all must hold.
fn keys(cursor: &mut Cursor) -> Parsed<Key> {
    let mut keys = vec![key(cursor, 0)?];
    while !cursor.is_at_end() {
        cursor.space()?;
        // A space at the end.
        if cursor.is_at_end() {
            break;
        }
        keys.push(key(cursor, 0)?);
    }
    let keys = Key::And(keys);
    // Each key may look at each word of each message (fault 19).
    if keys.count() > MOST_KEYS { Err(BAD) } else { Ok(keys) }
}

impl Key {
    fn count(&self) -> usize {
        match self {
            Self::And(keys) => keys.iter().map(Self::count).sum(),
            Self::Or(both) => both.0.count().saturating_add(both.1.count()),
            Self::Not(key) => key.count(),
            _ => 1,
        }
    }
}

/// Keys of one search.
const MOST_KEYS: usize = 200;

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
        Some(b'*' | b'$' | b'0'..=b'9') => return SequenceSet::read(cursor).map(Key::Numbers),
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
        "MODSEQ" => modseq(cursor)?,
        "EMAILID" => Key::EmailId(cursor.atom()?.to_owned()),
        "THREADID" => {
            // RFC 8474 §5.4: no message of this server has one.
            cursor.atom()?;
            Key::Never
        }
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

/// RFC 7162 §3.1.5: an entry may be named, which says nothing here: all metadata of a message have one number.
fn modseq(cursor: &mut Cursor) -> Parsed<Key> {
    if cursor.peek() == Some(b'"') {
        cursor.string()?;
        cursor.space()?;
        let kind = cursor.atom()?.to_ascii_lowercase();
        if !matches!(kind.as_str(), "all" | "shared" | "priv") {
            return Err(BAD);
        }
        cursor.space()?;
    }
    cursor.number64().map(Key::Modseq)
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
        arguments(&mut Cursor::new(text.as_bytes())).map(|looking| looking.key)
    }

    #[test]
    fn what_is_given_back() {
        let returned = |text: &str| arguments(&mut Cursor::new(text.as_bytes())).map(|looking| looking.returned);
        let some = Returned { min: true, save: true, ..Returned::default() };
        assert_eq!(returned("RETURN (MIN SAVE) CHARSET UTF-8 ALL"), Ok(Some(some)));
        assert_eq!(returned("RETURN () $"), Ok(Some(Returned { all: true, ..Returned::default() })));
        assert_eq!(returned("ALL"), Ok(None));
        for bad in ["RETURN ALL", "RETURN (FOO) ALL", "RETURN (MIN ALL", "RETURN (MIN)ALL", "RETURN (MIN)"] {
            assert_eq!(returned(bad), Err(BAD), "{bad}");
        }
        assert_eq!(read("MODSEQ \"/flags/\\\\draft\" all 620162338"), Ok(Key::And(vec![Key::Modseq(620_162_338)])));
        assert!(read("MODSEQ 5 EMAILID M1 THREADID T1").is_ok_and(|key| key.asks_modseq()));
        assert!(read("MODSEQ \"x\" foo 5").is_err() && read("MODSEQ").is_err());
    }

    #[test]
    fn sorts_and_threads() {
        let sort = |text: &str| sorting(&mut Cursor::new(text.as_bytes())).map(|sorting| sorting.by);
        assert_eq!(
            sort("(SUBJECT REVERSE DATE SUBJECT) UTF-8 SINCE 1-Feb-1994"),
            Ok(vec![(SortKey::Subject, false), (SortKey::Date, true)])
        );
        for bad in ["() UTF-8 ALL", "(REVERSE) UTF-8 ALL", "(DATE) ALL", "(FOO) UTF-8 ALL", "DATE UTF-8 ALL"] {
            assert!(sort(bad).is_err(), "{bad}");
        }
        assert_eq!(sort("(DATE) KOI8-R ALL"), Err(ParseFault::Charset));
        let thread = |text: &str| threading(&mut Cursor::new(text.as_bytes())).map(|threading| threading.references);
        assert_eq!(thread("REFERENCES UTF-8 ALL"), Ok(true));
        assert_eq!(thread("orderedsubject us-ascii TEXT x"), Ok(false));
        assert_eq!(thread("FOO UTF-8 ALL"), Err(BAD));
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
