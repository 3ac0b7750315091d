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
#[path = "../support/outlook.rs"]
mod outlook;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/scripted.rs"]
mod scripted;
#[path = "../../examples/stress/session.rs"]
mod session;
#[path = "../../examples/stress/storm.rs"]
mod storm;

mod answers;
mod crash;
mod floods;
mod forms;
mod fuzz;
mod grammar;
mod notices;
mod returned;
mod stress;
mod unwrap;

/// The program of this build, or the one that whoever runs a storm by hand names.
fn program() -> std::path::PathBuf {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting of the server")]
    let named = std::env::var_os("PLI_TEST_PROGRAM");
    named.map_or_else(|| env!("CARGO_BIN_EXE_pli").into(), Into::into)
}
