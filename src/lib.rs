//! Pli.
pub mod access;
pub mod delivery;
pub mod domain;
pub mod mailbox;
pub mod net;
pub mod portal;
pub mod store;
pub mod texts;
pub mod vault;
