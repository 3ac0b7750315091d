//! The judge is judged: the strict reader of responses takes what the grammar has, and nothing else.

use crate::imap::response::{self, Data, Response};

#[test]
fn responses_of_the_grammar_are_read() {
    for good in [
        "* OK [CAPABILITY IMAP4rev1 LITERAL+] ready",
        "a1 NO [TRYCREATE] none",
        "a1 OK [COPYUID 1 2:3,7 4:6] done",
        "+ idling",
        "+ ",
        "* 3 EXISTS",
        "* 0 RECENT",
        "* SEARCH",
        "* SEARCH 1 2 (MODSEQ 917)",
        "* ESEARCH (TAG \"a\") UID MIN 1 COUNT 3 ALL 1:3",
        "* LIST (\\HasNoChildren \\Sent) \"/\" \"Envoy&AOk-s\"",
        "* LIST (\\Noselect) NIL {3}\r\na\"b",
        "* STATUS INBOX (MESSAGES 3 UIDNEXT 4 HIGHESTMODSEQ 12)",
        "* FLAGS (\\Seen $Junk)",
        "* OK [PERMANENTFLAGS (\\Seen \\*)] kept",
        "* VANISHED (EARLIER) 1:3,5",
        "* THREAD (1 (2)(3 4))(5)",
        "* NAMESPACE ((\"\" \"/\")) NIL NIL",
        "* QUOTA \"\" (STORAGE 1 2)",
        "* ID (\"name\" NIL)",
        "* 1 FETCH (UID 2 FLAGS (\\Seen) RFC822.SIZE 44 INTERNALDATE \" 1-Jan-2027 10:00:00 +0100\" MODSEQ (5))",
        "* 1 FETCH (BODY[1.2.MIME]<5> {3}\r\na\r\n BODY[HEADER.FIELDS (To \"a b\")] NIL)",
        "* 1 FETCH (BODY (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"utf-8\") NIL NIL \"8BIT\" 3 1))",
        "* 1 FETCH (BODYSTRUCTURE ((\"A\" \"B\" NIL NIL NIL \"7BIT\" 3 NIL (\"inline\" NIL) (\"fr\" \"en\") NIL) \"MIXED\" (\"B\" \"x\")))",
        "* 1 FETCH (ENVELOPE (NIL \"s\" ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" NIL)) NIL NIL NIL NIL NIL NIL \"<x>\"))",
    ] {
        response::read(format!("{good}\r\n").as_bytes()).unwrap();
    }
    let read = response::read(b"* VANISHED (EARLIER) 1:3,5\r\n").unwrap();
    assert_eq!(read, Response::Untagged(Data::Vanished(true, vec![(1, 3), (5, 5)])));
}

#[test]
fn what_is_outside_the_grammar_is_a_fault() {
    for bad in [
        "* OK",
        "* OK ",
        "* OK [UIDNEXT 0] x",
        "* OK [UIDVALIDITY x] x",
        "a1 FINE x",
        "* 0 EXPUNGE",
        "* 01 FETCH",
        "* 3 EXISTS ",
        "*  SEARCH",
        "* SEARCH 0",
        "* SEARCH 1  2",
        "* SEARCH 4294967296",
        "* FLAGS (\\Seen %)",
        "* LIST () \"//\" x",
        "* LIST () \"/\" a b",
        "* LIST () \"/\" \"\u{e9}\"",
        "* STATUS INBOX (MESSAGES)",
        "* 1 FETCH ()",
        "* 1 FETCH (UID 0)",
        "* 1 FETCH (UID 1 )",
        "* 1 FETCH (UID 1)x",
        "* 1 FETCH (BODY[] {4}\r\na\0bc)",
        "* 1 FETCH (BODY[] \"a\\b\")",
        "* 1 FETCH (BODY[0] NIL)",
        "* 1 FETCH (BODY[HEADER.FIELDS ()] NIL)",
        "* 1 FETCH (INTERNALDATE \"1-Jan-2027 10:00:00 +0100\")",
        "* 1 FETCH (BODY (\"TEXT\" \"PLAIN\" NIL NIL NIL \"8BIT\" 3))",
        "* 1 FETCH (BODY (\"TEXT\" \"PLAIN\" () NIL NIL \"8BIT\" 3 1))",
        "* 1 FETCH (BODY (\"A\" \"B\" NIL NIL NIL NIL 3))",
        "* 1 FETCH (ENVELOPE (NIL \"s\" () NIL NIL NIL NIL NIL NIL NIL))",
        "* 1 FETCH (ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL))",
        "* 1 FETCH (MODSEQ 5)",
        "* VANISHED",
        "* CAPABILITY IDLE",
        "* UNKNOWN x",
    ] {
        assert!(response::read(format!("{bad}\r\n").as_bytes()).is_err(), "{bad}");
    }
    for cut in ["* 3 EXISTS\n", "* 3 EXISTS", "* 3 EXISTS\r\n* 4 EXISTS\r\n", "* 1 FETCH (BODY[] {9}\r\nabc)\r\n"] {
        assert!(response::read(cut.as_bytes()).is_err(), "{cut}");
    }
}
