//! Flags, as STORE and APPEND write them (RFC 3501 §9).

use crate::domain::{FlagChange, Flags, SystemFlags};

use super::cursor::{Cursor, ParseFault, Parsed};

/// The flags of RFC 3501 §2.3.2 that are kept, with their names on the wire.
pub const NAMED: [(SystemFlags, &str); 5] = [
    (SystemFlags::ANSWERED, "\\Answered"),
    (SystemFlags::FLAGGED, "\\Flagged"),
    (SystemFlags::DELETED, "\\Deleted"),
    (SystemFlags::SEEN, "\\Seen"),
    (SystemFlags::DRAFT, "\\Draft"),
];

const BAD: ParseFault = ParseFault::Arguments;

/// `(UNCHANGEDSINCE n) `, where it stands (RFC 7162 §3.1.3).
pub fn unchanged_since(cursor: &mut Cursor) -> Parsed<Option<u64>> {
    if !cursor.eat(b'(') {
        return Ok(None);
    }
    if !cursor.eat_word("UNCHANGEDSINCE ") {
        return Err(BAD);
    }
    let since = cursor.number64()?;
    cursor.need(b')')?;
    cursor.space()?;
    Ok(Some(since))
}

/// `FLAGS`, `+FLAGS.SILENT` …: how to change, whether silently, and the flags.
pub fn change(cursor: &mut Cursor) -> Parsed<(FlagChange, bool, Flags)> {
    let change = if cursor.eat(b'+') {
        FlagChange::Add
    } else if cursor.eat(b'-') {
        FlagChange::Remove
    } else {
        FlagChange::Set
    };
    if !cursor.eat_word("FLAGS") {
        return Err(BAD);
    }
    let silent = cursor.eat_word(".SILENT");
    cursor.space()?;
    let flags = if cursor.peek() == Some(b'(') { list(cursor)? } else { bare(cursor)? };
    Ok((change, silent, flags))
}

/// A list in parentheses.
pub fn list(cursor: &mut Cursor) -> Parsed<Flags> {
    cursor.need(b'(')?;
    let mut flags = Flags::default();
    if cursor.eat(b')') {
        return Ok(flags);
    }
    loop {
        flag(cursor, &mut flags)?;
        if cursor.eat(b')') {
            return Ok(flags);
        }
        cursor.space()?;
    }
}

/// Flags without parentheses.
fn bare(cursor: &mut Cursor) -> Parsed<Flags> {
    let mut flags = Flags::default();
    loop {
        flag(cursor, &mut flags)?;
        if !cursor.eat(b' ') {
            return Ok(flags);
        }
    }
}

fn flag(cursor: &mut Cursor, flags: &mut Flags) -> Parsed<()> {
    if !cursor.eat(b'\\') {
        let keyword = cursor.atom()?;
        if keyword.len() > LONGEST_KEYWORD || flags.keywords.len() >= MOST_KEYWORDS {
            return Err(BAD);
        }
        flags.keywords.insert(keyword.to_owned());
        return Ok(());
    }
    let name = cursor.atom()?;
    let known = NAMED.iter().find(|(_, known)| known.get(1..).is_some_and(|k| k.eq_ignore_ascii_case(name)));
    match known {
        Some((flag, _)) => flags.system = flags.system.with(*flag),
        // RFC 3501 §2.3.2: no client can alter it; some give back what an older server told them.
        None if name.eq_ignore_ascii_case("Recent") => {}
        None => return Err(BAD),
    }
    Ok(())
}

const LONGEST_KEYWORD: usize = 100;
/// Bounds what is read; how many a folder takes is less, and another's affair.
const MOST_KEYWORDS: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_in_parentheses_and_without() {
        let read = |text: &str| {
            let mut cursor = Cursor::new(text.as_bytes());
            let (change, silent, flags) = change(&mut cursor).ok()?;
            cursor.end().ok()?;
            Some((change, silent, flags.system.0, flags.keywords.into_iter().collect::<Vec<_>>().join(" ")))
        };
        assert_eq!(read("FLAGS (\\Seen)"), Some((FlagChange::Set, false, 1, String::new())));
        assert_eq!(read("+flags.silent \\deleted $Junk"), Some((FlagChange::Add, true, 8, "$Junk".to_owned())));
        assert_eq!(read("-FLAGS ()"), Some((FlagChange::Remove, false, 0, String::new())));
        assert_eq!(read("FLAGS (\\Recent a b a)"), Some((FlagChange::Set, false, 0, "a b".to_owned())));
        for bad in
            ["FLAGS", "FLAGS (", "FLAGS (\\Foo)", "FLAGS (a(b)", "*FLAGS ()", "FLAGS (a  b)", "FLAG (a)", "FLAGS \\"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
