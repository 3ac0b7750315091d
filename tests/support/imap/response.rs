//! Responses of an IMAP server by the letter of the grammar (RFC 3501 §9): what does not fit is a fault.
//!
//! With those of UIDPLUS (4315), CONDSTORE and QRESYNC (7162), ESEARCH (4731), SORT and THREAD (5256), BINARY (3516),
//! LIST-EXTENDED (5258), OBJECTID (8474), PREVIEW (8970), SAVEDATE (8514). Independent of the server's own code: it
//! is the judge of what the server writes.

use super::cursor::{Cursor, Parsed};

/// One response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    Continue,
    Tagged(String, Status, Option<Code>),
    Untagged(Data),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Ok,
    No,
    Bad,
    Bye,
    PreAuth,
}

/// A response code: its name in upper case, and what stands behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    pub name: String,
    pub arguments: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    Status(Status, Option<Code>),
    Capability(Vec<String>),
    Flags(Vec<String>),
    List(Vec<String>, Vec<u8>),
    Search(Vec<u32>),
    MailboxStatus(Vec<u8>, Vec<(String, u64)>),
    Exists(u32),
    Recent(u32),
    Expunge(u32),
    /// Whether EARLIER, and the UIDs.
    Vanished(bool, Vec<(u32, u32)>),
    Fetch(u32, Vec<Item>),
    /// Read, and of no further interest.
    Other(String),
}

/// One thing that FETCH tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    Uid(u32),
    Flags(Vec<String>),
    Size(u64),
    ModSeq(u64),
    /// A section as it is named between the brackets, where it begins, and its octets.
    Octets(String, Option<u32>, Option<Vec<u8>>),
    Envelope,
    Structure,
    Other(String),
}

/// Reads one response with its literals and its last CR LF.
pub fn read(octets: &[u8]) -> Parsed<Response> {
    let mut cursor = Cursor::new(octets);
    let response = response(&mut cursor)?;
    cursor.word("\r\n")?;
    cursor.end()?;
    Ok(response)
}

fn response(cursor: &mut Cursor) -> Parsed<Response> {
    if cursor.eat(b'+') {
        cursor.need(b' ')?;
        cursor.run_of(is_text)?;
        return Ok(Response::Continue);
    }
    if cursor.eat(b'*') {
        cursor.need(b' ')?;
        return Ok(Response::Untagged(data(cursor)?));
    }
    let tag = cursor.some(|octet| is_astring(octet) && octet != b'+')?.to_owned();
    cursor.need(b' ')?;
    let status = match cursor.atom()?.to_ascii_uppercase().as_str() {
        "OK" => Status::Ok,
        "NO" => Status::No,
        "BAD" => Status::Bad,
        _ => return cursor.fault("OK, NO or BAD"),
    };
    Ok(Response::Tagged(tag, status, text(cursor)?))
}

/// resp-text.
fn text(cursor: &mut Cursor) -> Parsed<Option<Code>> {
    cursor.need(b' ')?;
    let mut found = None;
    if cursor.eat(b'[') {
        found = Some(code(cursor)?);
        cursor.need(b']')?;
        cursor.need(b' ')?;
    }
    cursor.some(is_text)?;
    Ok(found)
}

fn code(cursor: &mut Cursor) -> Parsed<Code> {
    let name = cursor.some(|octet| is_atom(octet) && octet != b']')?.to_ascii_uppercase();
    let from = cursor.at();
    match name.as_str() {
        "ALERT" | "PARSE" | "READ-ONLY" | "READ-WRITE" | "TRYCREATE" | "UIDNOTSTICKY" | "NOMODSEQ" | "CLOSED" => {}
        "UIDNEXT" | "UIDVALIDITY" | "UNSEEN" => {
            cursor.need(b' ')?;
            cursor.nz_number()?;
        }
        "HIGHESTMODSEQ" => {
            cursor.need(b' ')?;
            cursor.nz_number64()?;
        }
        "MODIFIED" => {
            cursor.need(b' ')?;
            set(cursor)?;
        }
        "APPENDUID" | "COPYUID" => {
            cursor.need(b' ')?;
            cursor.nz_number()?;
            cursor.need(b' ')?;
            set(cursor)?;
            if name == "COPYUID" {
                cursor.need(b' ')?;
                set(cursor)?;
            }
        }
        "PERMANENTFLAGS" => {
            cursor.need(b' ')?;
            list(cursor, |cursor| if cursor.eat_word("\\*") { Ok("\\*".to_owned()) } else { flag(cursor) })?;
        }
        "CAPABILITY" => {
            capabilities(cursor)?;
        }
        "BADCHARSET" => {
            if cursor.eat(b' ') {
                list(cursor, astring)?;
            }
        }
        "MAILBOXID" => {
            cursor.need(b' ')?;
            object_id(cursor)?;
        }
        _ => {
            if cursor.eat(b' ') {
                cursor.some(|octet| is_text(octet) && octet != b']')?;
            }
        }
    }
    let arguments = String::from_utf8_lossy(cursor.since(from)).trim_start().to_owned();
    Ok(Code { name, arguments })
}

fn data(cursor: &mut Cursor) -> Parsed<Data> {
    if cursor.peek().is_some_and(|octet| octet.is_ascii_digit()) {
        return numbered(cursor);
    }
    let word = cursor.atom()?.to_ascii_uppercase();
    match word.as_str() {
        "OK" => Ok(Data::Status(Status::Ok, text(cursor)?)),
        "NO" => Ok(Data::Status(Status::No, text(cursor)?)),
        "BAD" => Ok(Data::Status(Status::Bad, text(cursor)?)),
        "BYE" => Ok(Data::Status(Status::Bye, text(cursor)?)),
        "PREAUTH" => Ok(Data::Status(Status::PreAuth, text(cursor)?)),
        "CAPABILITY" => capabilities(cursor).map(Data::Capability),
        "ENABLED" => {
            while cursor.eat(b' ') {
                cursor.atom()?;
            }
            Ok(Data::Other(word))
        }
        "FLAGS" => {
            cursor.need(b' ')?;
            list(cursor, flag).map(Data::Flags)
        }
        "LIST" | "LSUB" => listed(cursor),
        "SEARCH" | "SORT" => {
            let mut found = Vec::new();
            while cursor.eat(b' ') {
                if cursor.eat_word("(MODSEQ ") {
                    cursor.nz_number64()?;
                    cursor.need(b')')?;
                    break;
                }
                found.push(cursor.nz_number()?);
            }
            Ok(Data::Search(found))
        }
        "ESEARCH" => {
            extended_search(cursor)?;
            Ok(Data::Other(word))
        }
        "THREAD" => {
            if cursor.eat(b' ') {
                while cursor.peek() == Some(b'(') {
                    thread(cursor, 0)?;
                }
            }
            Ok(Data::Other(word))
        }
        "STATUS" => mailbox_status(cursor),
        "VANISHED" => {
            cursor.need(b' ')?;
            let earlier = cursor.eat_word("(EARLIER) ");
            Ok(Data::Vanished(earlier, set(cursor)?))
        }
        "NAMESPACE" => {
            for _ in 0..3 {
                cursor.need(b' ')?;
                namespace(cursor)?;
            }
            Ok(Data::Other(word))
        }
        "QUOTAROOT" => {
            cursor.need(b' ')?;
            astring(cursor)?;
            while cursor.eat(b' ') {
                astring(cursor)?;
            }
            Ok(Data::Other(word))
        }
        "QUOTA" => {
            cursor.need(b' ')?;
            astring(cursor)?;
            cursor.need(b' ')?;
            list(cursor, |cursor| {
                cursor.atom()?;
                cursor.need(b' ')?;
                cursor.number64()?;
                cursor.need(b' ')?;
                cursor.number64()
            })?;
            Ok(Data::Other(word))
        }
        "ID" => {
            cursor.need(b' ')?;
            if !cursor.eat_nil() {
                list(cursor, |cursor| {
                    string(cursor)?;
                    cursor.need(b' ')?;
                    nstring(cursor)
                })?;
            }
            Ok(Data::Other(word))
        }
        _ => cursor.fault("a response that is known"),
    }
}

fn numbered(cursor: &mut Cursor) -> Parsed<Data> {
    let number = cursor.number()?;
    cursor.need(b' ')?;
    let word = cursor.atom()?.to_ascii_uppercase();
    match word.as_str() {
        "EXISTS" => Ok(Data::Exists(number)),
        "RECENT" => Ok(Data::Recent(number)),
        "EXPUNGE" | "FETCH" if number == 0 => cursor.fault("a sequence number"),
        "EXPUNGE" => Ok(Data::Expunge(number)),
        "FETCH" => {
            cursor.need(b' ')?;
            let items = list(cursor, item)?;
            if items.is_empty() { cursor.fault("something fetched") } else { Ok(Data::Fetch(number, items)) }
        }
        _ => cursor.fault("EXISTS, RECENT, EXPUNGE or FETCH"),
    }
}

fn item(cursor: &mut Cursor) -> Parsed<Item> {
    let name = cursor.some(|octet| is_atom(octet) && octet != b'[')?.to_ascii_uppercase();
    if cursor.eat(b'[') {
        return sectioned(cursor, &name);
    }
    cursor.need(b' ')?;
    match name.as_str() {
        "UID" => cursor.nz_number().map(Item::Uid),
        "FLAGS" => {
            let flag = |cursor: &mut Cursor| {
                if cursor.eat_word("\\Recent") { Ok("\\Recent".to_owned()) } else { flag(cursor) }
            };
            list(cursor, flag).map(Item::Flags)
        }
        "RFC822.SIZE" => cursor.number64().map(Item::Size),
        "MODSEQ" => {
            cursor.need(b'(')?;
            let number = cursor.nz_number64()?;
            cursor.need(b')')?;
            Ok(Item::ModSeq(number))
        }
        "ENVELOPE" => {
            envelope(cursor)?;
            Ok(Item::Envelope)
        }
        "BODY" | "BODYSTRUCTURE" => {
            body(cursor, name == "BODYSTRUCTURE", 0)?;
            Ok(Item::Structure)
        }
        "INTERNALDATE" => {
            date_time(cursor)?;
            Ok(Item::Other(name))
        }
        "RFC822" | "RFC822.HEADER" | "RFC822.TEXT" => Ok(Item::Octets(name, None, nstring(cursor)?)),
        "PREVIEW" => {
            nstring(cursor)?;
            Ok(Item::Other(name))
        }
        "EMAILID" => {
            object_id(cursor)?;
            Ok(Item::Other(name))
        }
        "THREADID" => {
            if !cursor.eat_nil() {
                object_id(cursor)?;
            }
            Ok(Item::Other(name))
        }
        "SAVEDATE" => {
            if !cursor.eat_nil() {
                date_time(cursor)?;
            }
            Ok(Item::Other(name))
        }
        _ => cursor.fault("an item that is known"),
    }
}

/// `BODY[…]<n>`, `BINARY[…]<n>`, `BINARY.SIZE[…]`, behind the first bracket.
fn sectioned(cursor: &mut Cursor, name: &str) -> Parsed<Item> {
    let from = cursor.at();
    section(cursor)?;
    let section = String::from_utf8_lossy(cursor.since(from)).into_owned();
    cursor.need(b']')?;
    if name == "BINARY.SIZE" {
        cursor.need(b' ')?;
        cursor.number64()?;
        return Ok(Item::Other(name.to_owned()));
    }
    let mut origin = None;
    if cursor.eat(b'<') {
        origin = Some(cursor.number()?);
        cursor.need(b'>')?;
    }
    cursor.need(b' ')?;
    match name {
        "BODY" => Ok(Item::Octets(section, origin, nstring(cursor)?)),
        "BINARY" => {
            if cursor.eat(b'~') {
                cursor.literal(true)?;
            } else {
                nstring(cursor)?;
            }
            Ok(Item::Other(name.to_owned()))
        }
        _ => cursor.fault("BODY, BINARY or BINARY.SIZE"),
    }
}

fn section(cursor: &mut Cursor) -> Parsed<()> {
    if cursor.peek() == Some(b']') {
        return Ok(());
    }
    while cursor.peek().is_some_and(|octet| octet.is_ascii_digit()) {
        cursor.nz_number()?;
        if !cursor.eat(b'.') {
            return Ok(());
        }
    }
    if cursor.eat_word("HEADER.FIELDS.NOT ") || cursor.eat_word("HEADER.FIELDS ") {
        return if list(cursor, astring)?.is_empty() { cursor.fault("a field name") } else { Ok(()) };
    }
    if cursor.eat_word("HEADER") || cursor.eat_word("TEXT") || cursor.eat_word("MIME") {
        return Ok(());
    }
    cursor.fault("a section")
}

fn envelope(cursor: &mut Cursor) -> Parsed<()> {
    cursor.need(b'(')?;
    nstring(cursor)?;
    cursor.need(b' ')?;
    nstring(cursor)?;
    for _ in 0..6 {
        cursor.need(b' ')?;
        addresses(cursor)?;
    }
    cursor.need(b' ')?;
    nstring(cursor)?;
    cursor.need(b' ')?;
    nstring(cursor)?;
    cursor.need(b')')
}

fn addresses(cursor: &mut Cursor) -> Parsed<()> {
    if cursor.eat_nil() {
        return Ok(());
    }
    cursor.need(b'(')?;
    loop {
        cursor.need(b'(')?;
        for place in 0..4 {
            if place > 0 {
                cursor.need(b' ')?;
            }
            nstring(cursor)?;
        }
        cursor.need(b')')?;
        if cursor.eat(b')') {
            return Ok(());
        }
    }
}

fn body(cursor: &mut Cursor, extended: bool, depth: usize) -> Parsed<()> {
    if depth > DEEPEST {
        return cursor.fault("a structure that ends");
    }
    cursor.need(b'(')?;
    if cursor.peek() == Some(b'(') {
        while cursor.peek() == Some(b'(') {
            body(cursor, extended, depth + 1)?;
        }
        cursor.need(b' ')?;
        string(cursor)?;
        if extended && cursor.eat(b' ') {
            parameters(cursor)?;
            extension(cursor)?;
        }
        return cursor.need(b')');
    }
    let kind = string(cursor)?.to_ascii_uppercase();
    cursor.need(b' ')?;
    let subtype = string(cursor)?.to_ascii_uppercase();
    cursor.need(b' ')?;
    parameters(cursor)?;
    cursor.need(b' ')?;
    nstring(cursor)?;
    cursor.need(b' ')?;
    nstring(cursor)?;
    cursor.need(b' ')?;
    string(cursor)?;
    cursor.need(b' ')?;
    cursor.number()?;
    if kind == b"TEXT" {
        cursor.need(b' ')?;
        cursor.number()?;
    } else if kind == b"MESSAGE" && (subtype == b"RFC822" || subtype == b"GLOBAL") {
        cursor.need(b' ')?;
        envelope(cursor)?;
        cursor.need(b' ')?;
        body(cursor, extended, depth + 1)?;
        cursor.need(b' ')?;
        cursor.number()?;
    }
    if extended && cursor.eat(b' ') {
        nstring(cursor)?;
        extension(cursor)?;
    }
    cursor.need(b')')
}

/// Disposition, language, location, and what may come one day.
fn extension(cursor: &mut Cursor) -> Parsed<()> {
    if !cursor.eat(b' ') {
        return Ok(());
    }
    if !cursor.eat_nil() {
        cursor.need(b'(')?;
        string(cursor)?;
        cursor.need(b' ')?;
        parameters(cursor)?;
        cursor.need(b')')?;
    }
    if !cursor.eat(b' ') {
        return Ok(());
    }
    if cursor.peek() == Some(b'(') {
        if list(cursor, string)?.is_empty() {
            return cursor.fault("a language");
        }
    } else {
        nstring(cursor)?;
    }
    if cursor.eat(b' ') {
        nstring(cursor)?;
    }
    Ok(())
}

fn parameters(cursor: &mut Cursor) -> Parsed<()> {
    if cursor.eat_nil() {
        return Ok(());
    }
    let pairs = list(cursor, |cursor| {
        string(cursor)?;
        cursor.need(b' ')?;
        string(cursor)
    })?;
    if pairs.is_empty() { cursor.fault("a parameter") } else { Ok(()) }
}

fn listed(cursor: &mut Cursor) -> Parsed<Data> {
    cursor.need(b' ')?;
    let attributes = list(cursor, flag)?;
    cursor.need(b' ')?;
    if !cursor.eat_nil() && quoted(cursor)?.len() != 1 {
        return cursor.fault("a hierarchy delimiter");
    }
    cursor.need(b' ')?;
    let name = astring(cursor)?;
    if cursor.eat(b' ') {
        list(cursor, |cursor| {
            astring(cursor)?;
            cursor.need(b' ')?;
            if cursor.peek() == Some(b'(') { list(cursor, astring).map(drop) } else { astring(cursor).map(drop) }
        })?;
    }
    Ok(Data::List(attributes, name))
}

fn mailbox_status(cursor: &mut Cursor) -> Parsed<Data> {
    cursor.need(b' ')?;
    let name = astring(cursor)?;
    cursor.need(b' ')?;
    let items = list(cursor, |cursor| {
        let word = cursor.atom()?.to_ascii_uppercase();
        cursor.need(b' ')?;
        if word == "MAILBOXID" {
            object_id(cursor)?;
            return Ok((word, 0));
        }
        if word == "APPENDLIMIT" && cursor.eat_nil() {
            return Ok((word, 0));
        }
        Ok((word, cursor.number64()?))
    })?;
    Ok(Data::MailboxStatus(name, items))
}

fn extended_search(cursor: &mut Cursor) -> Parsed<()> {
    if cursor.eat_word(" (TAG ") {
        string(cursor)?;
        cursor.need(b')')?;
    }
    cursor.eat_word(" UID");
    while cursor.eat(b' ') {
        match cursor.atom()?.to_ascii_uppercase().as_str() {
            "MIN" | "MAX" => {
                cursor.need(b' ')?;
                cursor.nz_number()?;
            }
            "COUNT" => {
                cursor.need(b' ')?;
                cursor.number()?;
            }
            "MODSEQ" => {
                cursor.need(b' ')?;
                cursor.nz_number64()?;
            }
            "ALL" => {
                cursor.need(b' ')?;
                set(cursor)?;
            }
            _ => return cursor.fault("an item of ESEARCH"),
        }
    }
    Ok(())
}

fn thread(cursor: &mut Cursor, depth: usize) -> Parsed<()> {
    if depth > DEEPEST {
        return cursor.fault("a thread that ends");
    }
    cursor.need(b'(')?;
    loop {
        if cursor.peek() == Some(b'(') {
            while cursor.peek() == Some(b'(') {
                thread(cursor, depth + 1)?;
            }
            return cursor.need(b')');
        }
        cursor.nz_number()?;
        if cursor.eat(b')') {
            return Ok(());
        }
        cursor.need(b' ')?;
    }
}

fn namespace(cursor: &mut Cursor) -> Parsed<()> {
    if cursor.eat_nil() {
        return Ok(());
    }
    cursor.need(b'(')?;
    loop {
        cursor.need(b'(')?;
        string(cursor)?;
        cursor.need(b' ')?;
        if !cursor.eat_nil() {
            quoted(cursor)?;
        }
        cursor.need(b')')?;
        if cursor.eat(b')') {
            return Ok(());
        }
    }
}

fn capabilities(cursor: &mut Cursor) -> Parsed<Vec<String>> {
    let mut all = Vec::new();
    while cursor.eat(b' ') {
        all.push(cursor.some(|octet| is_atom(octet) && octet != b']')?.to_ascii_uppercase());
    }
    if all.iter().any(|word| word == "IMAP4REV1" || word == "IMAP4REV2") { Ok(all) } else { cursor.fault("IMAP4rev1") }
}

/// `"dd-Mon-yyyy hh:mm:ss +zzzz"`, a space before a day of one digit.
fn date_time(cursor: &mut Cursor) -> Parsed<()> {
    let text = quoted(cursor)?;
    let fits = |(place, (octet, shape)): (usize, (&u8, u8))| match shape {
        b'#' => octet.is_ascii_digit() || (place == 0 && *octet == b' '),
        b'a' => octet.is_ascii_alphabetic(),
        b'+' => matches!(octet, b'+' | b'-'),
        same => *octet == same,
    };
    let shape = b"##-aaa-#### ##:##:## +####";
    if text.len() == shape.len() && text.iter().zip(*shape).enumerate().all(fits) {
        Ok(())
    } else {
        cursor.fault("a date and time")
    }
}

fn object_id(cursor: &mut Cursor) -> Parsed<()> {
    cursor.need(b'(')?;
    let id = cursor.some(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'))?;
    if id.len() > 255 {
        return cursor.fault("a shorter id");
    }
    cursor.need(b')')
}

fn flag(cursor: &mut Cursor) -> Parsed<String> {
    let slash = if cursor.eat(b'\\') { "\\" } else { "" };
    Ok(format!("{slash}{}", cursor.atom()?))
}

/// `(a b c)`.
pub fn list<T>(cursor: &mut Cursor, mut one: impl FnMut(&mut Cursor) -> Parsed<T>) -> Parsed<Vec<T>> {
    cursor.need(b'(')?;
    let mut all = Vec::new();
    if cursor.eat(b')') {
        return Ok(all);
    }
    loop {
        all.push(one(cursor)?);
        if cursor.eat(b')') {
            return Ok(all);
        }
        cursor.need(b' ')?;
    }
}

/// A set without `*`.
pub fn set(cursor: &mut Cursor) -> Parsed<Vec<(u32, u32)>> {
    let mut all = Vec::new();
    loop {
        let from = cursor.nz_number()?;
        let to = if cursor.eat(b':') { cursor.nz_number()? } else { from };
        all.push((from.min(to), from.max(to)));
        if !cursor.eat(b',') {
            return Ok(all);
        }
    }
}

fn astring(cursor: &mut Cursor) -> Parsed<Vec<u8>> {
    match cursor.peek() {
        Some(b'"' | b'{') => string(cursor),
        _ => cursor.some(is_astring).map(|text| text.as_bytes().to_vec()),
    }
}

fn nstring(cursor: &mut Cursor) -> Parsed<Option<Vec<u8>>> {
    if cursor.eat_nil() { Ok(None) } else { string(cursor).map(Some) }
}

fn string(cursor: &mut Cursor) -> Parsed<Vec<u8>> {
    if cursor.peek() == Some(b'{') { cursor.literal(false) } else { quoted(cursor) }
}

fn quoted(cursor: &mut Cursor) -> Parsed<Vec<u8>> {
    cursor.need(b'"')?;
    let mut text = Vec::new();
    loop {
        match cursor.next()? {
            b'"' => return Ok(text),
            b'\\' => match cursor.next()? {
                octet @ (b'"' | b'\\') => text.push(octet),
                _ => return cursor.fault("a quote or a backslash"),
            },
            octet if is_text(octet) => text.push(octet),
            _ => return cursor.fault("seven bits, no control of lines"),
        }
    }
}

/// TEXT-CHAR.
fn is_text(octet: u8) -> bool {
    (1..=0x7f).contains(&octet) && octet != b'\r' && octet != b'\n'
}

/// ATOM-CHAR.
pub fn is_atom(octet: u8) -> bool {
    (b'!'..=b'~').contains(&octet) && !matches!(octet, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

/// ASTRING-CHAR.
fn is_astring(octet: u8) -> bool {
    is_atom(octet) || octet == b']'
}

/// Deeper than any structure that a server tells.
const DEEPEST: usize = 400;
