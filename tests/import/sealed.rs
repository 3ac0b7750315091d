//! Without a device password: a tree of its own, whose names wait for a session.

use serde_json::json;

use crate::office::{DOCTOR, Office, count, crlf, letter, maildir, put};
use crate::on_both;

on_both! {
    an_import_without_a_password_is_sealed_until_a_session_comes
}

async fn an_import_without_a_password_is_sealed_until_a_session_comes(office: Office) {
    let root = office.path("source");
    maildir(&root);
    maildir(&root.join(".canary-patients.Deep"));
    put(&root, "1600000001.a.host:2,Fa", letter(1, "canary-body one"));
    std::fs::write(root.join("dovecot-keywords"), "0 canary-keyword\n").unwrap();
    put(&root.join(".canary-patients.Deep"), "1600000002.b.host:2,S", letter(2, "canary-body two"));
    let source = format!("maildir:{}", root.display());
    // No line at all, and an option, mean the same.
    let told = office.run(&["mailbox", "import", DOCTOR, &source, "--json"], "").json();
    assert_eq!((&told["mode"], &told["taken"]), (&json!("sealed"), &json!(2)), "{told}");
    let tree = told["tree"].as_str().unwrap().to_owned();
    assert!(tree.starts_with("Import 20"));
    put(&root, "1600000003.c.host:2,a", letter(3, "canary-body three"));
    let told = office.run(&["mailbox", "import", DOCTOR, &source, "--sealed", "--json"], "").json();
    assert_eq!((&told["taken"], &told["there"]), (&json!(1), &json!(2)), "{told}");
    for (path, octets) in at_rest(&office.path("pli/data")) {
        let found = |canary: &str| octets.windows(canary.len()).any(|part| part == canary.as_bytes());
        assert!(!found("canary-") && !found("1600000001.a"), "{path}");
    }

    let held = office.holds();
    let folder = |name: &str| -> Vec<(i64, &str, Vec<u8>)> {
        held[name].iter().map(|m| (m.at, m.flags.as_str(), m.octets.clone())).collect()
    };
    assert_eq!(
        folder(&format!("{tree}/INBOX")),
        [
            (1_600_000_001_000, "F canary-keyword", crlf(&letter(1, "canary-body one"))),
            (1_600_000_003_000, "canary-keyword", crlf(&letter(3, "canary-body three"))),
        ]
    );
    assert_eq!(
        folder(&format!("{tree}/canary-patients/Deep")),
        [(1_600_000_002_000, "S", crlf(&letter(2, "canary-body two")))]
    );
    assert!(held.contains_key(&tree) && held.contains_key(&format!("{tree}/canary-patients")), "{:?}", held.keys());

    // Once it has its name it goes on there; and another source of the same day has a place beside it.
    put(&root, "1600000004.d.host:2,a", letter(4, "four"));
    assert_eq!(office.run(&["mailbox", "import", DOCTOR, &source, "--sealed", "--json"], "").json()["taken"], 1);
    let other = office.path("other");
    maildir(&other);
    put(&other, "1600000005.e.host", letter(5, "five"));
    let other = format!("maildir:{}", other.display());
    assert_eq!(office.run(&["mailbox", "import", DOCTOR, &other, "--sealed", "--json"], "").json()["taken"], 1);
    let held = office.holds();
    assert_eq!(held[&format!("{tree}/INBOX")].len(), 3);
    assert_eq!(held[&format!("{tree}/INBOX")][2].flags, "canary-keyword");
    assert_eq!(held[&format!("{tree}/INBOX (2)")].len(), 1);
    // A session that merges the same source finds it taken.
    let told = office.import(&source).json();
    assert_eq!((&told["taken"], &told["there"]), (&json!(0), &json!(4)), "{told}");
    assert_eq!(count(&office.holds()), 5);
    office.run(&["mailbox", "import", "nobody@cabinet.example", &source, "--sealed"], "").refused("no mailbox");
}

fn at_rest(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(at_rest(&path)),
            false => all.push((path.display().to_string(), std::fs::read(&path).unwrap())),
        }
    }
    all
}
