//! Every function of the store, on SQLite and on PostgreSQL.
//!
//! Each test has a database, a folder of objects and a clock value of its own, and waits for nothing but
//! its own calls. Tests that cover a row of the fault list carry its number.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where it fails; clippy counts helpers as no tests"
)]

#[path = "../support/postgres.rs"]
mod postgres;

mod bench;
mod challenges;
mod deliveries;
mod deposits;
mod directory;
mod files;
mod health;
mod holds;
mod imports;
mod journal;
mod mailbox;
mod outbox;
mod rotation;
mod sending;

/// Each named function becomes two tests: one on SQLite, one on PostgreSQL.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod on_sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                super::$name(crate::bench::Bench::sqlite()).await;
            }
        )*}

        mod on_postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                if let Some(bench) = crate::bench::Bench::postgres().await {
                    super::$name(bench).await;
                }
            }
        )*}
    };
}
pub(crate) use on_both;
