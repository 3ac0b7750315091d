//! Journeys: promises made to people, over real sockets, on SQLite and on PostgreSQL.
//!
//! Each test owns a server (all doors on free ports of loopback), a database, a relay that catches the
//! e-mails, a gateway that catches the codes, a browser, and a clock that is moved by hand. Tests that
//! cover a row of the fault list carry its number.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops where it fails; clippy counts helpers as no tests"
)]

#[path = "../support/postgres.rs"]
mod postgres;

#[path = "../support/imap/mod.rs"]
mod imap;

#[path = "../support/hostile.rs"]
mod bad;
#[path = "../support/dovecot.rs"]
mod dovecot_server;
#[expect(dead_code, reason = "what other tests write")]
#[path = "../support/outlook.rs"]
mod outlook;

mod account;
mod again;
mod answers;
mod application;
mod birth;
mod bounces;
mod browser;
mod chromium;
mod clamd;
mod codes;
mod devices;
mod directory;
mod dkim;
mod doors;
mod download;
mod dsn;
mod enclosed;
mod exact;
mod faults;
mod gateway;
mod holds;
mod hostile;
mod intruder;
mod kannel;
mod letter;
mod letters;
mod limits;
mod logo;
mod mailbox;
mod odd;
mod ovh;
mod pictures;
mod preview;
mod recalls;
mod relay;
mod remembered;
mod reminders;
mod restore;
mod rotation;
mod routes;
mod sender;
mod setup;
mod several;
mod submission;
mod swaps;
mod switch;
mod thief;
mod tongues;
mod twilio;
mod unwrap;
mod visits;
mod vonage;
mod watch;
mod wire;
mod world;

/// Each named function becomes two tests: one on SQLite, one on PostgreSQL.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod on_sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                super::$name(crate::world::World::sqlite().await).await;
            }
        )*}

        mod on_postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                if let Some(world) = crate::world::World::postgres().await {
                    super::$name(world).await;
                }
            }
        )*}
    };
}
pub(crate) use on_both;

/// The same with other limits in the settings.
macro_rules! on_both_limited {
    ($limits:expr; $($name:ident)*) => {
        mod on_sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                super::$name(crate::world::World::sqlite_limited($limits).await).await;
            }
        )*}

        mod on_postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                if let Some(world) = crate::world::World::postgres_limited($limits).await {
                    super::$name(world).await;
                }
            }
        )*}
    };
}
pub(crate) use on_both_limited;
