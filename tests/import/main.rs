//! `pli mailbox import` and `export`, by the real program: on SQLite and on PostgreSQL.
//!
//! Each test owns an installation and its sources. What a mailbox holds is compared by exporting it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where it fails; clippy counts helpers as no tests"
)]

#[path = "../support/dovecot.rs"]
mod dovecot_server;
#[path = "../support/postgres.rs"]
mod postgres;

mod cut;
mod dovecot;
mod files;
mod mirror;
mod office;
mod sealed;

/// Each named function becomes two tests: one on SQLite, one on PostgreSQL.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod on_sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::office::Office::sqlite()).await;
            }
        )*}

        mod on_postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(office) = crate::office::Office::postgres().await {
                    super::$name(office).await;
                }
            }
        )*}
    };
}
pub(crate) use on_both;
