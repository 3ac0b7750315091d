//! Real mail clients against the real program, each driven by a script beside this file.
//!
//! A script starts `pli init` and `pli serve` in a folder of its own (practice.py), drives one client that is installed on
//! this machine, and looks at both sides. `PLI_BIN` names another build of the program (a release build is quicker over
//! 20 MiB), `PLI_PYTHON` a Python that has the libraries. A client that is not here is skipped with a word;
//! `PLI_TEST_ALL=1` insists. `python3 tests/clients/NAME.py --record FILE` writes a session down; replay.rs plays it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test stops where it fails; clippy counts helpers as no tests"
)]

mod replay;

use std::io::Write;
use std::process::Command;

/// What a script ends with when its client is not here.
const SKIPPED: i32 = 77;

fn drive(script: &str) {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");
    let told = |name| std::env::var(name).ok();
    let python = told("PLI_PYTHON").unwrap_or_else(|| "python3".to_owned());
    let program = told("PLI_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_pli").to_owned());
    let run = Command::new(python).arg(format!("{here}/{script}.py")).env("PLI_BIN", program).output();
    let (code, said) = match run {
        Ok(run) => {
            let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
            (run.status.code(), said)
        }
        Err(_) => (Some(SKIPPED), "python3 is not installed".to_owned()),
    };
    if code == Some(SKIPPED) && told("PLI_TEST_ALL").is_none_or(|all| all != "1") {
        // Past the harness, which keeps what passing tests print to itself.
        let word = format!("SKIPPED: {script}: {}\n", said.trim());
        std::io::stderr().write_all(word.as_bytes()).unwrap();
        return;
    }
    assert_eq!(code, Some(0), "{script}: {said}");
}

#[test]
fn mbsync_takes_all_home_and_brings_changes_and_20_mib_back() {
    drive("mbsync");
}

#[test]
fn imaplib_says_every_command_it_has() {
    drive("with_imaplib");
}

#[test]
fn imapclient_sees_accents_flags_and_pushed_letters() {
    drive("with_imapclient");
}

#[test]
fn aioimaplib_idles_between_commands() {
    drive("with_aioimaplib");
}

#[test]
fn offlineimap_brings_changes_both_ways() {
    drive("offlineimap");
}

#[test]
fn neomutt_reads_moves_sends_and_keeps_one_copy() {
    drive("neomutt");
}

#[test]
fn msmtp_and_swaks_submit_on_both_doors() {
    drive("submission");
}

#[test]
fn thunderbird_syncs_flags_moves_hears_and_sends_with_one_copy() {
    drive("thunderbird");
}
