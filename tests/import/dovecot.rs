//! Dovecot as the other server, and its Maildir as a source: skipped where it is not installed.

use std::net::TcpListener;

use serde_json::json;

use crate::dovecot_server::Dovecot;
use crate::office::{COLLEAGUE, DOCTOR, Office, count, crlf, letter};
use crate::on_both;

on_both! {
    an_account_on_dovecot_comes_in_over_imap_and_from_its_files
}

async fn an_account_on_dovecot_comes_in_over_imap_and_from_its_files(office: Office) {
    let Some(dovecot) = Dovecot::start(free_port()) else { return };
    let mut client = dovecot.client();
    client.append("INBOX", "\\Seen \\Flagged urgent", WHEN, &crlf(&letter(1, "one")));
    client.append("INBOX", "", WHEN, &crlf(&letter(2, "two")));
    client.append("Gesendet", "\\Seen \\Answered", WHEN, &crlf(&letter(3, "three")));
    client.append("Gesendet", "\\Deleted", WHEN, &crlf(&letter(3, "three")));
    client.says("CREATE Patients/R&AOk-sum&AOk-s");
    client.append(
        "Patients/R&AOk-sum&AOk-s",
        "$Label1 \\Draft",
        WHEN,
        &crlf(&letter(4, &"a long line of text\n".repeat(9_000))),
    );
    client.says("CREATE Empty");

    let url = format!("imap://dr%40old.example@127.0.0.1:{}/", dovecot.port);
    let input = format!("{}\nsecret\n", office.doctor);
    let import = |input: &str| office.run(&["mailbox", "import", DOCTOR, &url, "--json"], input);
    import(&format!("{}\nwrong\n", office.doctor)).refused("user or password is not accepted");
    let told = import(&input).json();
    assert_eq!((&told["taken"], &told["refused"]), (&json!(5), &json!([])), "{told}");
    let held = office.holds();
    let folder = |name: &str| -> Vec<(&str, Vec<u8>)> {
        let mut all: Vec<_> = held[name].iter().map(|m| (m.flags.as_str(), m.octets.clone())).collect();
        all.sort();
        all
    };
    assert_eq!(folder("INBOX"), [("", crlf(&letter(2, "two"))), ("F S urgent", crlf(&letter(1, "one")))]);
    assert_eq!(folder("Envoyés"), [("R S", crlf(&letter(3, "three"))), ("T", crlf(&letter(3, "three")))]);
    assert_eq!(folder("Patients/Résumés"), [("$Label1 D", crlf(&letter(4, &"a long line of text\n".repeat(9_000))))]);
    assert!(held.contains_key("Empty"));
    assert!(held["INBOX"].iter().all(|message| message.at == DATE), "INTERNALDATE");

    client.append("INBOX", "", WHEN, &crlf(&letter(5, "five")));
    let told = import(&input).json();
    assert_eq!((&told["taken"], &told["there"]), (&json!(1), &json!(5)), "{told}");
    client.says("CREATE Patients");
    client.append("Patients", "", WHEN, &crlf(&letter(6, "not below it")));
    let told = office.run(&["mailbox", "import", DOCTOR, &format!("{url}Patients"), "--json"], &input).json();
    assert_eq!((&told["folders"], &told["taken"], &told["there"]), (&json!(2), &json!(1), &json!(1)), "{told}");

    // The same account, from the files that Dovecot keeps: into the other mailbox, the same.
    let source = format!("maildir:{}", dovecot.folder.path().join("mail").display());
    let input = format!("{}\n", office.colleague);
    let told = office.run(&["mailbox", "import", COLLEAGUE, &source, "--json"], &input).json();
    assert_eq!((&told["taken"], &told["refused"]), (&json!(7), &json!([])), "{told}");
    let (mut theirs, ours) = (office.colleague_holds(), office.holds());
    // Files do not say what a folder is for.
    let sent = theirs.remove("Gesendet").unwrap();
    theirs.insert("Envoyés".to_owned(), sent);
    assert_eq!(theirs, ours);
    assert_eq!(count(&ours), 7);
    office.run(&["mailbox", "import", DOCTOR, "imap://x@mail.example/"], "a\nb\n").refused("loopback only");
    office.run(&["mailbox", "import", DOCTOR, "imaps://x:pw@mail.example/"], "a\nb\n").refused("standard input");
}

/// A port below those that the system gives away by itself.
fn free_port() -> u16 {
    let first = u16::try_from(std::process::id() % 2000).unwrap();
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (20_000 + first..25_000).find(free).expect("a free port")
}

const WHEN: &str = "15-Jan-2021 09:00:00 +0100";
/// The same, in milliseconds.
const DATE: i64 = 1_610_697_600_000;
