//! The grammar of IMAP4rev1 commands (RFC 3501 §9 with RFC 2087, 2177, 2342, 2971, 3691, 4315, 4959, 5161, 6851, 7888).
//!
//! Our own: imap-codec reads no SEARCH RETURN, LIST-EXTENDED or SPECIAL-USE options, which IMAP4rev2 and later
//! steps of this door need, so a parser beside it would be needed anyway. Octets in, values out: no I/O, no
//! state, no recursion deeper than [`search::DEEPEST`].

pub mod command;
pub mod cursor;
pub mod date;
pub mod fetch;
pub mod name;
pub mod search;
pub mod sequence;
pub mod store;

pub use command::{Command, Listing, Tagged};
pub use cursor::{Cursor, ParseFault};
