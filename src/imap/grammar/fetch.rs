//! What FETCH asks for (RFC 3501 §6.4.5, §9): items, macros, sections, partials.

use super::command::By;
use super::cursor::{Cursor, ParseFault, Parsed, text};

const BAD: ParseFault = ParseFault::Arguments;

/// One thing to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// FLAGS.
    Flags,
    /// UID.
    Uid,
    /// INTERNALDATE.
    InternalDate,
    /// RFC822.SIZE.
    Size,
    /// ENVELOPE.
    Envelope,
    /// BODY without a section.
    Body,
    /// BODYSTRUCTURE.
    BodyStructure,
    /// MODSEQ (RFC 7162 §3.1.5).
    Modseq,
    /// EMAILID (RFC 8474 §5.3).
    EmailId,
    /// THREADID (RFC 8474 §5.3).
    ThreadId,
    /// PREVIEW (RFC 8970).
    Preview,
    /// BINARY, decoded octets of a part (RFC 3516 §4.2).
    Binary {
        /// Without setting `\Seen`.
        peek: bool,
        /// Part numbers.
        part: Vec<u32>,
        /// From which octet, and how many.
        partial: Option<(u32, u32)>,
    },
    /// BINARY.SIZE: how many there are.
    BinarySize(Vec<u32>),
    /// Octets.
    Octets {
        /// Without setting `\Seen`.
        peek: bool,
        /// Which.
        section: Section,
        /// From which octet, and how many.
        partial: Option<(u32, u32)>,
        /// The older name it was asked by: RFC822, RFC822.HEADER, RFC822.TEXT.
        older: Option<&'static str>,
    },
}

/// Which octets of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Section {
    /// Part numbers.
    pub part: Vec<u32>,
    /// What of the part.
    pub of: Option<Of>,
}

/// What of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// HEADER.
    Header,
    /// HEADER.FIELDS, or HEADER.FIELDS.NOT, with the names.
    Fields {
        /// All others.
        not: bool,
        /// As the client wrote them.
        names: Vec<String>,
    },
    /// TEXT.
    Text,
    /// MIME.
    Mime,
}

impl Item {
    /// Whether the octets of the message are needed for it.
    pub fn needs_octets(&self) -> bool {
        match self {
            Self::Octets { section, .. } => !section.is_header(),
            item => matches!(item, Self::Binary { .. } | Self::BinarySize(_)),
        }
    }

    /// Whether the message's summary is enough for it, and needed.
    pub fn needs_summary(&self) -> bool {
        match self {
            Self::Octets { section, .. } => section.is_header(),
            item => matches!(item, Self::Envelope | Self::Body | Self::BodyStructure | Self::Preview),
        }
    }

    /// Whether fetching it sets `\Seen`.
    pub fn sets_seen(&self) -> bool {
        matches!(self, Self::Octets { peek: false, .. } | Self::Binary { peek: false, .. })
    }
}

impl Section {
    /// Whether it is the header of the message, or fields of it.
    pub fn is_header(&self) -> bool {
        self.part.is_empty() && matches!(self.of, Some(Of::Header | Of::Fields { .. }))
    }
}

/// What FETCH is asked beside its items (RFC 7162 §3.1.4.1, §3.2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Modifiers {
    /// Only what changed after this mod-sequence.
    pub changed_since: Option<u64>,
    /// And what went since.
    pub vanished: bool,
}

/// What may stand behind the items.
///
/// # Errors
/// What is none; VANISHED by number, or without CHANGEDSINCE.
pub fn modifiers(by: By, cursor: &mut Cursor) -> Parsed<Modifiers> {
    let mut modifiers = Modifiers::default();
    if !cursor.eat_word(" (") {
        return Ok(modifiers);
    }
    loop {
        match cursor.atom()?.to_ascii_uppercase().as_str() {
            "CHANGEDSINCE" => {
                cursor.space()?;
                modifiers.changed_since = Some(cursor.number64()?);
            }
            "VANISHED" => modifiers.vanished = true,
            _ => return Err(BAD),
        }
        if cursor.eat(b')') {
            break;
        }
        cursor.space()?;
    }
    if modifiers.vanished && (by == By::Number || modifiers.changed_since.is_none()) {
        return Err(BAD);
    }
    Ok(modifiers)
}

/// Reads a macro, one item, or a list of them.
pub fn items(cursor: &mut Cursor) -> Parsed<Vec<Item>> {
    use Item::{Body, Envelope, Flags, InternalDate, Size};
    if cursor.eat(b'(') {
        let mut items = Vec::new();
        loop {
            // What is asked for twice is answered once.
            let item = item(cursor)?;
            if !items.contains(&item) {
                items.push(item);
            }
            if items.len() > MOST_ITEMS {
                return Err(BAD);
            }
            if cursor.eat(b')') {
                return Ok(items);
            }
            cursor.space()?;
        }
    }
    for (name, items) in [
        ("ALL", &[Flags, InternalDate, Size, Envelope][..]),
        ("FAST", &[Flags, InternalDate, Size]),
        ("FULL", &[Flags, InternalDate, Size, Envelope, Body]),
    ] {
        if cursor.eat_word(name) {
            return Ok(items.to_vec());
        }
    }
    item(cursor).map(|item| vec![item])
}

fn item(cursor: &mut Cursor) -> Parsed<Item> {
    let name = text(cursor.run(|octet| octet.is_ascii_alphanumeric() || octet == b'.')?)?.to_ascii_uppercase();
    let older = |of, peek, older| {
        Ok(Item::Octets { peek, section: Section { part: Vec::new(), of }, partial: None, older: Some(older) })
    };
    match name.as_str() {
        "FLAGS" => Ok(Item::Flags),
        "UID" => Ok(Item::Uid),
        "INTERNALDATE" => Ok(Item::InternalDate),
        "RFC822.SIZE" => Ok(Item::Size),
        "ENVELOPE" => Ok(Item::Envelope),
        "BODYSTRUCTURE" => Ok(Item::BodyStructure),
        "MODSEQ" => Ok(Item::Modseq),
        "EMAILID" => Ok(Item::EmailId),
        "THREADID" => Ok(Item::ThreadId),
        "PREVIEW" => {
            // RFC 8970 §3.1: a preview is made when the message comes in; there is nothing to be lazy about.
            let _ = cursor.eat_word(" (LAZY)");
            Ok(Item::Preview)
        }
        "BINARY" | "BINARY.PEEK" => {
            let part = part(cursor)?;
            Ok(Item::Binary { peek: name == "BINARY.PEEK", part, partial: partial(cursor)? })
        }
        "BINARY.SIZE" => Ok(Item::BinarySize(part(cursor)?)),
        "RFC822" => older(None, false, "RFC822"),
        "RFC822.HEADER" => older(Some(Of::Header), true, "RFC822.HEADER"),
        "RFC822.TEXT" => older(Some(Of::Text), false, "RFC822.TEXT"),
        "BODY" if cursor.peek() != Some(b'[') => Ok(Item::Body),
        "BODY" | "BODY.PEEK" => {
            let section = section(cursor)?;
            let partial = partial(cursor)?;
            Ok(Item::Octets { peek: name == "BODY.PEEK", section, partial, older: None })
        }
        _ => Err(BAD),
    }
}

fn section(cursor: &mut Cursor) -> Parsed<Section> {
    cursor.need(b'[')?;
    let mut section = Section::default();
    if cursor.eat(b']') {
        return Ok(section);
    }
    while cursor.peek().is_some_and(|octet| octet.is_ascii_digit()) {
        section.part.push(cursor.nz_number()?);
        if section.part.len() > DEEPEST_PART {
            return Err(BAD);
        }
        if cursor.eat(b']') {
            return Ok(section);
        }
        cursor.need(b'.')?;
    }
    let of = text(cursor.run(|octet| octet.is_ascii_alphabetic() || octet == b'.')?)?.to_ascii_uppercase();
    section.of = Some(match of.as_str() {
        "HEADER" => Of::Header,
        "TEXT" => Of::Text,
        "MIME" if !section.part.is_empty() => Of::Mime,
        "HEADER.FIELDS" => Of::Fields { not: false, names: names(cursor)? },
        "HEADER.FIELDS.NOT" => Of::Fields { not: true, names: names(cursor)? },
        _ => return Err(BAD),
    });
    cursor.need(b']')?;
    Ok(section)
}

/// A part by numbers alone, in brackets (RFC 3516 §7).
fn part(cursor: &mut Cursor) -> Parsed<Vec<u32>> {
    cursor.need(b'[')?;
    let mut part = Vec::new();
    if cursor.eat(b']') {
        return Ok(part);
    }
    loop {
        part.push(cursor.nz_number()?);
        if part.len() > DEEPEST_PART {
            return Err(BAD);
        }
        if cursor.eat(b']') {
            return Ok(part);
        }
        cursor.need(b'.')?;
    }
}

fn names(cursor: &mut Cursor) -> Parsed<Vec<String>> {
    cursor.space()?;
    cursor.need(b'(')?;
    let mut names = Vec::new();
    loop {
        let name = cursor.astring()?;
        // RFC 5322 §2.2: a field name is printable ASCII without the colon.
        if name.is_empty() || !name.iter().all(|octet| octet.is_ascii_graphic() && *octet != b':') {
            return Err(BAD);
        }
        names.push(text(&name)?.to_owned());
        if cursor.eat(b')') {
            return Ok(names);
        }
        cursor.space()?;
    }
}

fn partial(cursor: &mut Cursor) -> Parsed<Option<(u32, u32)>> {
    if !cursor.eat(b'<') {
        return Ok(None);
    }
    let from = cursor.number()?;
    cursor.need(b'.')?;
    let count = cursor.nz_number()?;
    cursor.need(b'>')?;
    Ok(Some((from, count)))
}

const MOST_ITEMS: usize = 64;
const DEEPEST_PART: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Parsed<Vec<Item>> {
        let mut cursor = Cursor::new(text.as_bytes());
        let items = items(&mut cursor)?;
        cursor.end()?;
        Ok(items)
    }

    #[test]
    fn items_and_macros() {
        assert_eq!(read("all").map(|items| items.len()), Ok(4));
        assert_eq!(read("FAST").map(|items| items.len()), Ok(3));
        assert_eq!(read("Full").map(|items| items.len()), Ok(5));
        assert_eq!(read("(UID flags RFC822.SIZE BODY)"), Ok(vec![Item::Uid, Item::Flags, Item::Size, Item::Body]));
        for bad in ["", "()", "(ALL)", "FLAGS UID", "(FLAGS", "(FLAGS  UID)", "FOO", "BODY.PEEK", "RFC822.PEEK", "ALLX"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn fault_19_items_are_few_and_different() {
        let list = |items: Vec<String>| read(&format!("({})", items.join(" "))).map(|items| items.len());
        assert_eq!(list(vec!["BODY[HEADER.FIELDS.NOT (x)]".to_owned(); 500]), Ok(1));
        assert_eq!(list((1..=64).map(|part| format!("BODY[{part}]")).collect()), Ok(64));
        assert_eq!(list((1..=65).map(|part| format!("BODY[{part}]")).collect()), Err(BAD));
    }

    #[test]
    fn what_newer_clients_ask() {
        let wanted = vec![
            Item::Modseq,
            Item::Preview,
            Item::EmailId,
            Item::Binary { peek: true, part: vec![1, 2], partial: Some((0, 9)) },
            Item::BinarySize(vec![]),
        ];
        assert_eq!(read("(MODSEQ PREVIEW (LAZY) EMAILID BINARY.PEEK[1.2]<0.9> BINARY.SIZE[])"), Ok(wanted));
        for bad in ["BINARY", "BINARY[TEXT]", "BINARY[1.]", "BINARY.SIZE[1]<0.1>", "PREVIEW (FAST)", "PREVIEW(LAZY)"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let modifiers = |by, text: &str| {
            let mut cursor = Cursor::new(text.as_bytes());
            modifiers(by, &mut cursor).ok().filter(|_| cursor.is_at_end())
        };
        let since = Modifiers { changed_since: Some(9), vanished: false };
        assert_eq!(modifiers(By::Number, ""), Some(Modifiers::default()));
        assert_eq!(modifiers(By::Number, " (CHANGEDSINCE 9)"), Some(since));
        assert_eq!(modifiers(By::Uid, " (changedsince 9 vanished)"), Some(Modifiers { vanished: true, ..since }));
        for bad in [" (VANISHED)", " ()", " (CHANGEDSINCE)", " (CHANGEDSINCE x)", " (CHANGEDSINCE 9", " (FOO 9)"] {
            assert_eq!(modifiers(By::Uid, bad), None, "{bad}");
        }
        assert_eq!(modifiers(By::Number, " (CHANGEDSINCE 9 VANISHED)"), None);
    }

    #[test]
    fn sections_and_partials() {
        let one = |text: &str| read(text).map(|mut items| items.remove(0));
        let octets = |peek, part: &[u32], of, partial| {
            Ok(Item::Octets { peek, section: Section { part: part.to_vec(), of }, partial, older: None })
        };
        assert_eq!(one("BODY[]"), octets(false, &[], None, None));
        assert_eq!(one("body.peek[1.2.3]<0.4096>"), octets(true, &[1, 2, 3], None, Some((0, 4096))));
        assert_eq!(one("BODY[2.HEADER]"), octets(false, &[2], Some(Of::Header), None));
        assert_eq!(one("BODY.PEEK[2.1.MIME]"), octets(true, &[2, 1], Some(Of::Mime), None));
        let names = vec!["Date".to_owned(), "from".to_owned()];
        let fields = Some(Of::Fields { not: true, names });
        assert_eq!(one("BODY[HEADER.FIELDS.NOT (Date \"from\")]"), octets(false, &[], fields, None));
        for bad in [
            "BODY[",
            "BODY[MIME]",
            "BODY[0]",
            "BODY[1.]",
            "BODY[1.FOO]",
            "BODY[HEADER.FIELDS]",
            "BODY[HEADER.FIELDS ()]",
            "BODY[HEADER.FIELDS (a:b)]",
            "BODY[]<0.0>",
            "BODY[]<0>",
            "BODY[]<1.2",
            "BODY[TEXT",
            "BODY[ ]",
            "BODY[1 .2]",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
