//! The grammar of IMAP4rev1 and IMAP4rev2 commands (RFC 3501 §9, RFC 9051 §9, and the extensions that `imap` names).
//!
//! Our own: imap-codec reads no SEARCH RETURN, LIST-EXTENDED or SPECIAL-USE options, nor APPEND of several, which
//! IMAP4rev2 and this door need, so a parser beside it would be needed anyway. Octets in, values out: no I/O, no
//! state, no recursion deeper than [`search::DEEPEST`].

pub mod append;
pub mod command;
pub mod cursor;
pub mod date;
pub mod fetch;
pub mod list;
pub mod name;
pub mod search;
pub mod select;
pub mod sequence;
pub mod store;

pub use command::{Command, Tagged};
pub use cursor::{Cursor, ParseFault};
