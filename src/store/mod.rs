//! The strongroom of rows and objects: the only SQL and the only object store.
//!
//! One SQL text in a dialect that SQLite and PostgreSQL both speak, over two pools; `sql` and
//! `pools` are the places that know which. What goes in is sealed, hashed, authenticated, or one of the plain
//! columns of `migrations/` by type: [`value::Param`] has no `From<&str>` for a person's words.
//!
//! Every change happens in a named transaction, and the only way to commit one is
//! [`Tx::commit`] with an audit event. A deposit is one transaction; its objects are durable
//! before its rows, and its rows before the [`crate::domain::QueueId`] that a 250 names.

pub mod again;
pub mod answers;
pub mod audit;
pub mod authority;
pub mod challenges;
pub mod changes;
pub mod cloud;
pub mod deliveries;
pub mod deposit;
pub mod devices;
pub mod dump;
pub mod entries;
pub mod expunge;
pub mod failures;
pub mod folders;
pub mod health;
pub mod holds;
pub mod imports;
pub mod keyed;
pub mod mailboxes;
pub mod marks;
pub mod objects;
pub mod outbox;
pub mod patients;
mod pools;
pub mod practices;
pub mod quota;
pub mod rates;
pub mod recalls;
pub mod receipts;
pub mod remembered;
pub mod reminders;
pub mod replies;
pub mod rotation;
pub mod send_as;
pub mod sends;
pub mod sessions;
pub mod spending;
pub mod sql;
pub mod summaries;
pub mod tombstones;
pub mod value;
mod visits;

pub use sql::{ChainMac, OpenError, Store, StoreOptions, Tx};
