//! A mail client for tests and measurements: TLS, commands, and responses by the strict grammar.
//!
//! Taken by others with `#[path = "…/support/imap/mod.rs"] mod imap;`. What is not in the grammar, or closes when it
//! should not, ends the session with what was said last.

pub mod client;
mod cursor;
pub mod response;
pub mod submission;
