//! Our own server as the other one, over TLS; and what mbsync copied from it.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::office::{DOCTOR, Message, Office, count, letter, maildir, put};
use crate::on_both;

on_both! {
    an_account_of_ours_comes_in_over_tls_and_from_a_copy_of_mbsync
}

async fn an_account_of_ours_comes_in_over_tls_and_from_a_copy_of_mbsync(office: Office) {
    let old = Office::sqlite();
    let root = old.path("source");
    for folder in ["", ".Sent", ".Patients.Été"] {
        maildir(&root.join(folder));
        put(&root.join(folder), &format!("1600000001.a{}.host:2,FSa", folder.len()), letter(folder.len(), "one"));
        put(&root.join(folder), &format!("1600000002.b{}.host", folder.len()), letter(100 + folder.len(), "two"));
        std::fs::write(root.join(folder).join("dovecot-keywords"), "0 urgent\n").unwrap();
    }
    put(&root, "1600000003.large.host:2,R", letter(300, &"0123456789abcdef\n".repeat(20_000)));
    assert_eq!(old.import(&format!("maildir:{}", root.display())).json()["taken"], 7);
    let (_server, ports) = old.serve();
    let ca = old.path("pli/certs/ca.pem").display().to_string();
    let user = DOCTOR.replace('@', "%40");
    let input = format!("{}\n{}\n", office.doctor, old.doctor);
    let import =
        |url: &str, more: &[&str]| office.run(&[&["mailbox", "import", DOCTOR, url, "--json"], more].concat(), &input);
    let url = format!("imaps://{user}@127.0.0.1:{}/", ports["imaps"]);
    import(&url, &[]).refused("no TLS");
    let told = import(&url, &["--ca", &ca]).json();
    assert_eq!((&told["taken"], &told["refused"]), (&json!(7), &json!([])), "{told}");
    // The wire carries seconds; nothing else differs.
    let mut theirs = old.holds();
    theirs.values_mut().flatten().for_each(|message| message.at = message.at / 1000 * 1000);
    assert_eq!(office.holds(), theirs);
    let again = import(&format!("imap+starttls://{user}@127.0.0.1:{}/", ports["imap"]), &["--ca", &ca]).json();
    assert_eq!((&again["taken"], &again["there"]), (&json!(0), &json!(7)), "another port, recognised: {again}");

    let copied = Command::new("mbsync").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if copied.is_err() {
        assert!(variable("PLI_TEST_ALL").as_deref() != Some("1"), "mbsync is not installed (isync)");
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "SKIPPED: mbsync is not installed (isync)");
        return;
    }
    let copy = office.path("copy");
    std::fs::create_dir(&copy).unwrap();
    let config = format!(
        "IMAPStore far\nHost localhost\nPort {}\nUser {DOCTOR}\nPass {}\nSSLType IMAPS\nCertificateFile {ca}\n\n\
         MaildirStore near\nPath {copy}/\nInbox {copy}/INBOX\nSubFolders Verbatim\n\n\
         Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Near\nSync Pull\nSyncState *\nCopyArrivalDate yes\n",
        ports["imaps"],
        old.doctor,
        copy = copy.display(),
    );
    let file = office.path("mbsyncrc");
    std::fs::write(&file, config).unwrap();
    let done = Command::new("mbsync").arg("-q").arg("-c").arg(&file).arg("-a").output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let third = Office::sqlite();
    let told = third.import(&format!("maildir:{}", copy.display())).json();
    assert_eq!((&told["taken"], &told["refused"]), (&json!(7), &json!([])), "{told}");
    // A Maildir of mbsync has no keywords.
    theirs.values_mut().flatten().for_each(|message| {
        message.flags = message.flags.replace(" urgent", "");
    });
    let mut ours = third.holds();
    ours.values_mut().flatten().for_each(without_tuid);
    assert_eq!(count(&ours), 7);
    assert_eq!(ours, theirs);
}

/// mbsync puts a line of its own into what it copies.
fn without_tuid(message: &mut Message) {
    let text = String::from_utf8(message.octets.clone()).unwrap();
    let lines = text.split_inclusive("\r\n").filter(|line| !line.starts_with("X-TUID: "));
    message.octets = lines.collect::<String>().into_bytes();
}

#[expect(clippy::disallowed_methods, reason = "switches of the tests, not settings of the server")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
