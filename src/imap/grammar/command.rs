//! Commands: a tag, a name, arguments (RFC 3501 §6 and the extensions this door speaks).

use zeroize::Zeroizing;

use crate::domain::{FlagChange, Flags, SecretText};

use super::append::{self, Head};
use super::cursor::{Cursor, ParseFault, Parsed, text};
use super::fetch::{self, Item, Modifiers};
use super::list::{self, Listing, StatusItem, Wanted};
use super::search::{self, Looking, Sorting, Threading};
use super::select::{self, Selecting};
use super::sequence::SequenceSet;
use super::{name, store};

const BAD: ParseFault = ParseFault::Arguments;

/// A command with its tag.
pub struct Tagged {
    /// What the answer begins with.
    pub tag: String,
    /// The command, or what is wrong with it.
    pub command: Parsed<Command>,
}

/// A command.
pub enum Command {
    /// CAPABILITY.
    Capability,
    /// NOOP.
    Noop,
    /// LOGOUT.
    Logout,
    /// STARTTLS.
    StartTls,
    /// ID (RFC 2971): what the client says of itself, for as long as the session lives.
    Id(Vec<(String, String)>),
    /// LOGIN.
    Login(SecretText, SecretText),
    /// AUTHENTICATE, perhaps with an initial response (RFC 4959).
    Authenticate(String, Option<Zeroizing<Vec<u8>>>),
    /// ENABLE (RFC 5161), with what is to be enabled, in capitals.
    Enable(Vec<String>),
    /// SELECT, or EXAMINE.
    Select(Selecting),
    /// CREATE.
    Create(String),
    /// DELETE.
    Delete(String),
    /// RENAME.
    Rename(String, String),
    /// SUBSCRIBE, or UNSUBSCRIBE.
    Subscribe(String, bool),
    /// LIST, LSUB, XLIST.
    List(Wanted),
    /// NAMESPACE (RFC 2342).
    Namespace,
    /// STATUS.
    Status(String, Vec<StatusItem>),
    /// APPEND; the octets come beside it.
    Append(String, Vec<Head>),
    /// REPLACE (RFC 8508); the octets come beside it.
    Replace(By, SequenceSet, String, Head),
    /// CHECK.
    Check,
    /// CLOSE.
    Close,
    /// UNSELECT (RFC 3691).
    Unselect,
    /// EXPUNGE, or UID EXPUNGE (RFC 4315).
    Expunge(Option<SequenceSet>),
    /// SEARCH.
    Search(By, Looking),
    /// SORT (RFC 5256).
    Sort(By, Sorting),
    /// THREAD.
    Thread(By, Threading),
    /// FETCH.
    Fetch(By, SequenceSet, Vec<Item>, Modifiers),
    /// STORE.
    Store {
        /// Numbers or UIDs.
        by: By,
        /// Which messages.
        set: SequenceSet,
        /// How.
        change: FlagChange,
        /// Without an answer.
        silent: bool,
        /// What.
        flags: Flags,
        /// Only those that did not change since (RFC 7162 §3.1.3).
        unchanged_since: Option<u64>,
    },
    /// COPY.
    Copy(By, SequenceSet, String),
    /// MOVE (RFC 6851).
    Move(By, SequenceSet, String),
    /// IDLE (RFC 2177).
    Idle,
    /// GETQUOTA (RFC 2087).
    GetQuota(String),
    /// GETQUOTAROOT.
    GetQuotaRoot(String),
    /// SETQUOTA, which nobody may.
    SetQuota,
}

/// Whether a command names messages by number or by UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Sequence numbers.
    Number,
    /// UIDs.
    Uid,
}

/// Reads a whole command; `utf8`: of a session that writes mailbox names in UTF-8.
///
/// # Errors
/// [`ParseFault::Tag`] when there is no tag to answer to; what else is wrong stands beside the tag.
pub fn read(octets: &[u8], utf8: bool) -> Parsed<Tagged> {
    let mut cursor = Cursor::new(octets).in_utf8(utf8);
    let tag = tag(&mut cursor)?;
    Ok(Tagged { tag, command: command(&mut cursor) })
}

/// The tag: an astring without "+" (RFC 3501 §9).
pub fn tag(cursor: &mut Cursor) -> Parsed<String> {
    let bad = |_| ParseFault::Tag;
    let tag =
        cursor.run(|octet| octet != b'+' && (super::cursor::is_atom_char(octet) || octet == b']')).map_err(bad)?;
    if tag.len() > LONGEST_TAG || !cursor.eat(b' ') {
        return Err(ParseFault::Tag);
    }
    text(tag).map(str::to_owned).map_err(bad)
}

fn command(cursor: &mut Cursor) -> Parsed<Command> {
    let name = cursor.atom().map_err(|_| ParseFault::Unknown)?.to_ascii_uppercase();
    if name == "UID" {
        cursor.space()?;
        let name = cursor.atom()?.to_ascii_uppercase();
        cursor.space()?;
        let command = by_set(&name, By::Uid, cursor)?;
        return cursor.end().map(|()| command);
    }
    let command = match name.as_str() {
        "CAPABILITY" => Command::Capability,
        "NOOP" => Command::Noop,
        "LOGOUT" => Command::Logout,
        "STARTTLS" => Command::StartTls,
        "NAMESPACE" => Command::Namespace,
        "CHECK" => Command::Check,
        "CLOSE" => Command::Close,
        "UNSELECT" => Command::Unselect,
        "EXPUNGE" => Command::Expunge(None),
        "IDLE" => Command::Idle,
        name if ARGUMENTS.contains(&name) => {
            cursor.space()?;
            with_arguments(name, cursor)?
        }
        _ => return Err(ParseFault::Unknown),
    };
    cursor.end()?;
    Ok(command)
}

const ARGUMENTS: &[&str] = &[
    "ID",
    "LOGIN",
    "AUTHENTICATE",
    "ENABLE",
    "SELECT",
    "EXAMINE",
    "CREATE",
    "DELETE",
    "RENAME",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "LIST",
    "LSUB",
    "XLIST",
    "STATUS",
    "APPEND",
    "REPLACE",
    "SEARCH",
    "SORT",
    "THREAD",
    "FETCH",
    "STORE",
    "COPY",
    "MOVE",
    "GETQUOTA",
    "GETQUOTAROOT",
    "SETQUOTA",
];

fn with_arguments(command: &str, cursor: &mut Cursor) -> Parsed<Command> {
    Ok(match command {
        "ID" => id(cursor)?,
        "LOGIN" => {
            let address = secret(cursor)?;
            cursor.space()?;
            Command::Login(address, secret(cursor)?)
        }
        "AUTHENTICATE" => {
            let mechanism = cursor.atom()?.to_ascii_uppercase();
            let initial = cursor.eat(b' ').then(|| Zeroizing::new(cursor.rest().to_vec()));
            Command::Authenticate(mechanism, initial)
        }
        "ENABLE" => {
            let mut wanted = vec![cursor.atom()?.to_ascii_uppercase()];
            while cursor.eat(b' ') && !cursor.is_at_end() {
                wanted.push(cursor.atom()?.to_ascii_uppercase());
            }
            Command::Enable(wanted)
        }
        "SELECT" => Command::Select(select::arguments(false, cursor)?),
        "EXAMINE" => Command::Select(select::arguments(true, cursor)?),
        "CREATE" => Command::Create(name::mailbox(cursor)?),
        "DELETE" => Command::Delete(name::mailbox(cursor)?),
        "RENAME" => {
            let from = name::mailbox(cursor)?;
            cursor.space()?;
            Command::Rename(from, name::mailbox(cursor)?)
        }
        "SUBSCRIBE" => Command::Subscribe(name::mailbox(cursor)?, true),
        "UNSUBSCRIBE" => Command::Subscribe(name::mailbox(cursor)?, false),
        "LIST" => Command::List(list::arguments(Listing::List, cursor)?),
        "LSUB" => Command::List(list::arguments(Listing::Lsub, cursor)?),
        "XLIST" => Command::List(list::arguments(Listing::Xlist, cursor)?),
        "STATUS" => {
            let name = name::mailbox(cursor)?;
            cursor.space()?;
            Command::Status(name, list::status_items(cursor)?)
        }
        "APPEND" => {
            let name = name::mailbox(cursor)?;
            Command::Append(name, append::heads(cursor)?)
        }
        "GETQUOTA" => Command::GetQuota(text(&cursor.astring()?)?.to_owned()),
        "GETQUOTAROOT" => Command::GetQuotaRoot(name::mailbox(cursor)?),
        "SETQUOTA" => {
            cursor.rest();
            Command::SetQuota
        }
        name => by_set(name, By::Number, cursor)?,
    })
}

/// The commands that have a UID form.
fn by_set(command: &str, by: By, cursor: &mut Cursor) -> Parsed<Command> {
    match command {
        "SEARCH" => return search::arguments(cursor).map(|looking| Command::Search(by, looking)),
        "SORT" => return search::sorting(cursor).map(|sorting| Command::Sort(by, sorting)),
        "THREAD" => return search::threading(cursor).map(|threading| Command::Thread(by, threading)),
        _ => {}
    }
    let known =
        matches!(command, "FETCH" | "STORE" | "COPY" | "MOVE" | "REPLACE") || (command == "EXPUNGE" && by == By::Uid);
    if !known {
        return Err(ParseFault::Unknown);
    }
    let set = SequenceSet::read(cursor)?;
    if command == "EXPUNGE" {
        return Ok(Command::Expunge(Some(set)));
    }
    cursor.space()?;
    Ok(match command {
        "FETCH" => {
            let items = fetch::items(cursor)?;
            Command::Fetch(by, set, items, fetch::modifiers(by, cursor)?)
        }
        "STORE" => {
            let unchanged_since = store::unchanged_since(cursor)?;
            let (change, silent, flags) = store::change(cursor)?;
            Command::Store { by, set, change, silent, flags, unchanged_since }
        }
        "REPLACE" => {
            let name = name::mailbox(cursor)?;
            cursor.space()?;
            Command::Replace(by, set, name, append::head(cursor)?)
        }
        "COPY" => Command::Copy(by, set, name::mailbox(cursor)?),
        _ => Command::Move(by, set, name::mailbox(cursor)?),
    })
}

fn secret(cursor: &mut Cursor) -> Parsed<SecretText> {
    let octets = cursor.astring()?;
    text(&octets).map(SecretText::new)
}

/// RFC 2971 §3.1: NIL, or pairs of strings.
fn id(cursor: &mut Cursor) -> Parsed<Command> {
    let mut pairs = Vec::new();
    if cursor.eat_word("NIL") {
        return Ok(Command::Id(pairs));
    }
    cursor.need(b'(')?;
    if cursor.eat(b')') {
        return Ok(Command::Id(pairs));
    }
    let said = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    // Thirty pairs at most; a few more do no harm, and are not kept.
    for at in 0..100 {
        let field = cursor.string()?;
        cursor.space()?;
        let value = cursor.nstring()?.filter(|value| at < 30 && value.len() <= 1024);
        pairs.extend(value.map(|value| (said(&field), said(&value))));
        if cursor.eat(b')') {
            return Ok(Command::Id(pairs));
        }
        cursor.space()?;
    }
    Err(BAD)
}

const LONGEST_TAG: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Option<ParseFault> {
        match read(text.as_bytes(), false) {
            Ok(tagged) => tagged.command.err(),
            Err(fault) => Some(fault),
        }
    }

    #[test]
    fn every_command_is_read() {
        for good in [
            "a CAPABILITY",
            "a noop",
            "a LOGOUT",
            "a STARTTLS",
            "a ID NIL",
            "a ID (\"name\" \"x\" \"os\" NIL)",
            "a ID ()",
            "a LOGIN a b",
            "a LOGIN \"a b\" {3}\r\nx\"y",
            "a AUTHENTICATE PLAIN",
            "a AUTHENTICATE plain AGEAYg==",
            "a AUTHENTICATE PLAIN =",
            "a ENABLE CONDSTORE QRESYNC",
            "a SELECT INBOX",
            "a SELECT INBOX (CONDSTORE)",
            "a LIST (SUBSCRIBED) \"\" (a b) RETURN (STATUS (SIZE))",
            "a UID FETCH 1:* (FLAGS) (CHANGEDSINCE 5 VANISHED)",
            "a STORE $ (UNCHANGEDSINCE 5) FLAGS ()",
            "a SEARCH RETURN (MIN SAVE) ALL",
            "a UID SORT (REVERSE DATE) UTF-8 ALL",
            "a THREAD REFERENCES UTF-8 ALL",
            "a REPLACE 4 Drafts (\\Seen) {3}\r\n",
            "a UID REPLACE 4 Drafts {3}\r\n",
            "a APPEND INBOX {3}\r\n (\\Seen) ~{5+}\r\n",
            "a EXAMINE \"a b\"",
            "a CREATE a/b",
            "a DELETE a",
            "a RENAME a b",
            "a SUBSCRIBE a",
            "a UNSUBSCRIBE {1}\r\na",
            "a LIST \"\" *",
            "a LIST \"\" \"%\"",
            "a LSUB \"\" %",
            "a XLIST \"\" *",
            "a NAMESPACE",
            "a STATUS a (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)",
            "a APPEND INBOX {3}\r\n",
            "a APPEND INBOX (\\Seen) \" 1-Jan-2020 00:00:00 +0000\" {3+}\r\n",
            "a APPEND {5}\r\nINBOX () {310}\r\n",
            "a CHECK",
            "a CLOSE",
            "a UNSELECT",
            "a EXPUNGE",
            "a UID EXPUNGE 1:*",
            "a SEARCH ALL",
            "a UID SEARCH RETURN_IS_NO_KEY",
            "a FETCH 1 ALL",
            "a UID FETCH 1:* (FLAGS)",
            "a STORE 1 +FLAGS (\\Seen)",
            "a UID STORE 1 FLAGS.SILENT \\Seen",
            "a COPY 1 b",
            "a UID COPY 1 b",
            "a MOVE 1 b",
            "a UID MOVE 1 b",
            "a IDLE",
            "a GETQUOTA \"\"",
            "a GETQUOTAROOT INBOX",
            "a SETQUOTA \"\" (STORAGE 5)",
            "a NOOP ",
        ] {
            let wanted = good.contains("RETURN_IS").then_some(BAD);
            assert_eq!(fault(good), wanted, "{good}");
        }
    }

    #[test]
    fn what_is_no_command_is_named() {
        for (bad, wanted) in [
            ("", ParseFault::Tag),
            (" NOOP", ParseFault::Tag),
            ("a", ParseFault::Tag),
            ("a+ NOOP", ParseFault::Tag),
            ("\"a\" NOOP", ParseFault::Tag),
            ("{5}\r\nabcde NOOP", ParseFault::Tag),
            ("a ", ParseFault::Unknown),
            ("a FOO", ParseFault::Unknown),
            ("a UID FOO 1", ParseFault::Unknown),
            ("a NOOP x", BAD),
            ("a UID", BAD),
            ("a LOGIN a", BAD),
            ("a LOGIN a b c", BAD),
            ("a SELECT", BAD),
            ("a SELECT a b", BAD),
            ("a SELECT &AOk", ParseFault::Name),
            ("a LIST \"\" (a b", BAD),
            ("a UID SORT (FOO) UTF-8 ALL", BAD),
            ("a FETCH 1 FLAGS (CHANGEDSINCE 5 VANISHED)", BAD),
            ("a REPLACE 4 Drafts {3}\r\n {3}\r\n", BAD),
            ("a STATUS a ()", BAD),
            ("a STATUS a (FOO)", BAD),
            ("a APPEND INBOX", BAD),
            ("a APPEND INBOX abc", BAD),
            ("a FETCH 0 ALL", BAD),
            ("a EXPUNGE 1", BAD),
            ("a UID EXPUNGE", BAD),
            ("a ENABLE", BAD),
            ("a ID foo", BAD),
        ] {
            assert_eq!(fault(bad), Some(wanted), "{bad}");
        }
    }
}
