//! SELECT and EXAMINE with their parameters: CONDSTORE and QRESYNC (RFC 7162 §3.1.8, §3.2.5).

use super::cursor::{Cursor, ParseFault, Parsed};
use super::name;
use super::sequence::SequenceSet;

const BAD: ParseFault = ParseFault::Arguments;

/// A folder to be selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selecting {
    /// The folder.
    pub name: String,
    /// EXAMINE.
    pub read_only: bool,
    /// Whether mod-sequences are wanted from now on.
    pub condstore: bool,
    /// What the client knows.
    pub qresync: Option<Qresync>,
}

/// What a client knows of a folder that it had selected before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qresync {
    /// UIDVALIDITY then.
    pub uid_validity: u32,
    /// HIGHESTMODSEQ then.
    pub modseq: u64,
    /// The UIDs that it has; all, where none are named.
    pub known: Option<SequenceSet>,
    /// Sequence numbers of some, and the UIDs they had: what matches from the first on is as it was.
    pub matching: Option<(SequenceSet, SequenceSet)>,
}

/// The arguments.
///
/// # Errors
/// What are none.
pub fn arguments(read_only: bool, cursor: &mut Cursor) -> Parsed<Selecting> {
    let mut selecting = Selecting { name: name::mailbox(cursor)?, read_only, condstore: false, qresync: None };
    if !cursor.eat_word(" (") {
        return Ok(selecting);
    }
    loop {
        match cursor.atom()?.to_ascii_uppercase().as_str() {
            "CONDSTORE" => selecting.condstore = true,
            "QRESYNC" => {
                cursor.space()?;
                selecting.qresync = Some(qresync(cursor)?);
            }
            _ => return Err(BAD),
        }
        if cursor.eat(b')') {
            return Ok(selecting);
        }
        cursor.space()?;
    }
}

fn qresync(cursor: &mut Cursor) -> Parsed<Qresync> {
    cursor.need(b'(')?;
    let uid_validity = cursor.nz_number()?;
    cursor.space()?;
    let mut qresync = Qresync { uid_validity, modseq: cursor.number64()?, known: None, matching: None };
    while cursor.eat(b' ') {
        if cursor.eat(b'(') {
            let numbers = SequenceSet::read(cursor)?;
            cursor.space()?;
            qresync.matching = Some((numbers, SequenceSet::read(cursor)?));
            cursor.need(b')')?;
            break;
        }
        if qresync.known.is_some() {
            return Err(BAD);
        }
        qresync.known = Some(SequenceSet::read(cursor)?).filter(|set| !set.is_saved());
    }
    cursor.need(b')')?;
    Ok(qresync)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Parsed<Selecting> {
        let mut cursor = Cursor::new(text.as_bytes());
        let selecting = arguments(false, &mut cursor)?;
        cursor.end().map(|()| selecting)
    }

    #[test]
    fn parameters() {
        assert!(!read("INBOX").expect("a name").condstore);
        assert!(read("INBOX (condstore)").expect("parameters").condstore);
        let all =
            read("INBOX (QRESYNC (67890007 20050715194045000 41,43:211 (1,3 5:6)) CONDSTORE)").expect("parameters");
        let qresync = all.qresync.expect("what is known");
        assert!(all.condstore && qresync.known.is_some() && qresync.matching.is_some());
        assert_eq!((qresync.uid_validity, qresync.modseq), (67_890_007, 20_050_715_194_045_000));
        let less = read("INBOX (QRESYNC (1 2 (1 2)))").expect("parameters").qresync.expect("what is known");
        assert!(less.known.is_none() && less.matching.is_some());
        assert!(read("INBOX (QRESYNC (1 2))").is_ok());
        for bad in [
            "INBOX ()",
            "INBOX (FOO)",
            "INBOX (QRESYNC)",
            "INBOX (QRESYNC (1))",
            "INBOX (QRESYNC (0 1))",
            "INBOX (QRESYNC (1 2 3 4))",
            "INBOX (QRESYNC (1 2 (1 2) 3))",
            "INBOX (QRESYNC (1 2 (1)))",
            "INBOX (CONDSTORE",
            "INBOX(CONDSTORE)",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
