//! LIST with its options and patterns (RFC 5258, RFC 5819, RFC 6154), LSUB, XLIST, and what STATUS asks for.

use super::cursor::{Cursor, ParseFault, Parsed};
use super::name;

const BAD: ParseFault = ParseFault::Arguments;

/// Which listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// LIST.
    List,
    /// LSUB.
    Lsub,
    /// XLIST, as Outlook 2013 asks.
    Xlist,
}

/// What is listed, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Which command.
    pub listing: Listing,
    /// The reference.
    pub reference: String,
    /// The patterns; one at least.
    pub patterns: Vec<String>,
    /// Whether options or several patterns were written: the answer then tells attributes that LIST otherwise leaves out.
    pub extended: bool,
    /// Only those that are subscribed to (RFC 5258 §3.1).
    pub subscribed: bool,
    /// Only those with a special use (RFC 6154 §5.2).
    pub special: bool,
    /// Those too that only have such below them.
    pub recursive: bool,
    /// Whether subscriptions are told (RFC 5258 §3.2).
    pub tell_subscribed: bool,
    /// What of each folder's state is told (RFC 5819).
    pub status: Vec<StatusItem>,
}

/// What STATUS asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusItem {
    /// MESSAGES.
    Messages,
    /// RECENT.
    Recent,
    /// UIDNEXT.
    UidNext,
    /// UIDVALIDITY.
    UidValidity,
    /// UNSEEN.
    Unseen,
    /// DELETED (RFC 9051 §6.3.11).
    Deleted,
    /// SIZE (RFC 8438).
    Size,
    /// HIGHESTMODSEQ (RFC 7162 §3.1.7).
    HighestModseq,
    /// MAILBOXID (RFC 8474 §4.3).
    MailboxId,
    /// APPENDLIMIT (RFC 7889 §3.2).
    AppendLimit,
}

/// The arguments of a listing.
///
/// # Errors
/// What are none.
pub fn arguments(listing: Listing, cursor: &mut Cursor) -> Parsed<Wanted> {
    let mut wanted = Wanted {
        listing,
        reference: String::new(),
        patterns: Vec::new(),
        extended: false,
        subscribed: false,
        special: false,
        recursive: false,
        tell_subscribed: false,
        status: Vec::new(),
    };
    if listing != Listing::List {
        wanted.reference = reference(cursor)?;
        cursor.space()?;
        wanted.patterns.push(name::pattern(cursor)?);
        return Ok(wanted);
    }
    if cursor.eat(b'(') {
        wanted.extended = true;
        selection(cursor, &mut wanted)?;
        cursor.space()?;
    }
    wanted.reference = reference(cursor)?;
    cursor.space()?;
    if cursor.eat(b'(') {
        wanted.extended = true;
        loop {
            wanted.patterns.push(name::pattern(cursor)?);
            if wanted.patterns.len() > MOST_PATTERNS {
                return Err(BAD);
            }
            if cursor.eat(b')') {
                break;
            }
            cursor.space()?;
        }
    } else {
        wanted.patterns.push(name::pattern(cursor)?);
    }
    if cursor.eat_word(" RETURN (") {
        wanted.extended = true;
        returned(cursor, &mut wanted)?;
    }
    // RFC 5258 §3.1: it adds to another option and means nothing by itself.
    if wanted.recursive && !wanted.subscribed {
        return Err(BAD);
    }
    wanted.tell_subscribed |= wanted.subscribed;
    Ok(wanted)
}

fn reference(cursor: &mut Cursor) -> Parsed<String> {
    let octets = cursor.astring()?;
    name::name(cursor, &octets)
}

fn selection(cursor: &mut Cursor, wanted: &mut Wanted) -> Parsed<()> {
    if cursor.eat(b')') {
        return Ok(());
    }
    loop {
        match cursor.atom()?.to_ascii_uppercase().as_str() {
            "SUBSCRIBED" => wanted.subscribed = true,
            "SPECIAL-USE" => wanted.special = true,
            "RECURSIVEMATCH" => wanted.recursive = true,
            // There are no remote mailboxes.
            "REMOTE" => {}
            _ => return Err(BAD),
        }
        if cursor.eat(b')') {
            return Ok(());
        }
        cursor.space()?;
    }
}

fn returned(cursor: &mut Cursor, wanted: &mut Wanted) -> Parsed<()> {
    if cursor.eat(b')') {
        return Ok(());
    }
    loop {
        match cursor.atom()?.to_ascii_uppercase().as_str() {
            "SUBSCRIBED" => wanted.tell_subscribed = true,
            // Both are told unasked.
            "CHILDREN" | "SPECIAL-USE" => {}
            "STATUS" => {
                cursor.space()?;
                wanted.status = status_items(cursor)?;
            }
            _ => return Err(BAD),
        }
        if cursor.eat(b')') {
            return Ok(());
        }
        cursor.space()?;
    }
}

/// The items of STATUS in parentheses.
///
/// # Errors
/// What are none.
pub fn status_items(cursor: &mut Cursor) -> Parsed<Vec<StatusItem>> {
    cursor.need(b'(')?;
    let mut items = Vec::new();
    loop {
        let item = match cursor.atom()?.to_ascii_uppercase().as_str() {
            "MESSAGES" => StatusItem::Messages,
            "RECENT" => StatusItem::Recent,
            "UIDNEXT" => StatusItem::UidNext,
            "UIDVALIDITY" => StatusItem::UidValidity,
            "UNSEEN" => StatusItem::Unseen,
            "DELETED" => StatusItem::Deleted,
            "SIZE" => StatusItem::Size,
            "HIGHESTMODSEQ" => StatusItem::HighestModseq,
            "MAILBOXID" => StatusItem::MailboxId,
            "APPENDLIMIT" => StatusItem::AppendLimit,
            _ => return Err(BAD),
        };
        if !items.contains(&item) {
            items.push(item);
        }
        if cursor.eat(b')') {
            return Ok(items);
        }
        cursor.space()?;
    }
}

/// Patterns of one LIST (fault 19).
const MOST_PATTERNS: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Parsed<Wanted> {
        let mut cursor = Cursor::new(text.as_bytes());
        let wanted = arguments(Listing::List, &mut cursor)?;
        cursor.end().map(|()| wanted)
    }

    #[test]
    fn options_and_patterns() {
        let plain = read("\"\" *").expect("a listing");
        assert!(!plain.extended && plain.patterns == ["*"] && plain.status.is_empty());
        let all =
            read("(SUBSCRIBED RECURSIVEMATCH) \"\" (% \"a*\") RETURN (CHILDREN STATUS (MESSAGES SIZE) SUBSCRIBED)");
        let all = all.expect("a listing");
        assert!(all.extended && all.subscribed && all.recursive && all.tell_subscribed);
        assert_eq!((all.patterns.len(), all.status), (2, vec![StatusItem::Messages, StatusItem::Size]));
        assert!(read("(SPECIAL-USE) \"\" * RETURN (SPECIAL-USE)").expect("a listing").special);
        assert!(read("() \"\" * RETURN ()").expect("a listing").extended);
        for bad in [
            "(RECURSIVEMATCH) \"\" *",
            "(FOO) \"\" *",
            "(SUBSCRIBED \"\" *",
            "\"\" ()",
            "\"\" * RETURN",
            "\"\" * RETURN (FOO)",
            "\"\" * RETURN (STATUS)",
            "\"\" * RETURN (STATUS ())",
            "\"\"",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read(&format!("\"\" ({})", vec!["a"; MOST_PATTERNS + 1].join(" "))).is_err(), "fault 19");
    }
}
