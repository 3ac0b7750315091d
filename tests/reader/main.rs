//! What a mail client's session does to a mailbox, without the protocol: on SQLite and on PostgreSQL.
//!
//! Each test owns a database, a folder of objects, a root key and a clock that is moved by hand. A second
//! node is a second store over the same database. Tests that cover a row of the fault list carry its number.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where it fails; clippy counts helpers as no tests"
)]

#[path = "../support/postgres.rs"]
mod postgres;

mod changes;
mod cloud;
mod devices;
mod folders;
mod journal;
mod login;
mod messages;
mod office;
mod quotas;
mod sealed;
mod sent;
mod together;

/// Each named function becomes two tests: one on SQLite, one on PostgreSQL.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod on_sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                super::$name(crate::office::Office::sqlite().await).await;
            }
        )*}

        mod on_postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                if let Some(office) = crate::office::Office::postgres().await {
                    super::$name(office).await;
                }
            }
        )*}
    };
}
pub(crate) use on_both;
