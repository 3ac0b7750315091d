//! Force: everything at once, the server killed at any moment, and octets that no client sends.
//!
//! What takes long is done by hand, as each file says; here it runs for as long as shows that it works.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where it fails; clippy counts helpers as no tests"
)]

#[path = "../support/imap/mod.rs"]
mod imap;
#[path = "../support/installation.rs"]
mod installation;
#[path = "../../examples/stress/ledger.rs"]
mod ledger;
#[path = "../../examples/stress/letters.rs"]
mod letters;
#[path = "../../examples/stress/model.rs"]
mod model;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/scripted.rs"]
mod scripted;
#[path = "../../examples/stress/session.rs"]
mod session;
#[path = "../../examples/stress/storm.rs"]
mod storm;

mod crash;
mod fuzz;
mod grammar;
mod stress;

/// The program of this build.
fn program() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_BIN_EXE_pli"))
}
