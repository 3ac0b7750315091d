//! Accounts on other IMAP servers, read as a mail client reads them (RFC 3501, RFC 9051).
//!
//! TLS is verified; without it only loopback is spoken to. Every answer comes within two minutes or the session ends.
//! A command imports an account ([`account`]); the server reads the one where bounces land ([`returns`]) and leaves
//! there whatever is not ours.

pub mod account;
pub mod returns;

pub use account::{Account, Octets, Scheme, Session, Trouble, within};
pub use returns::Returns;
