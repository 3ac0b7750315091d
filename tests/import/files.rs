//! Maildirs and mbox files, and what an export gives back.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::json;

use crate::office::{COLLEAGUE, DOCTOR, Office, count, crlf, held, letter, maildir, put};
use crate::on_both;

on_both! {
    a_maildir_comes_in_with_flags_keywords_dates_and_folders
    mbox_files_come_in
    an_export_comes_in_again_the_same
    what_is_there_is_not_doubled
    quotas_are_asked_before_anything_is_stored
}

/// A Maildir++ as Dovecot has it, and a nested one as mbsync has it.
fn source(root: &Path) {
    maildir(root);
    put(root, "1600000001.M250000P1.host,S=9:2,FS", letter(1, "one"));
    put(root, "1600000002.1.host", letter(2, "two, in new"));
    put(root, "1600000003.1.host:2,Sab", letter(3, "with keywords"));
    std::fs::write(root.join("dovecot-keywords"), "0 $Label1\n1 urgent\n2 (bad)\n").unwrap();
    std::fs::write(root.join("tmp/1600000009.1.host"), "never delivered").unwrap();
    for (folder, name) in
        [(".&AMk-l&AOk-ments envoy&AOk-s", "Sent"), (".Patients.A&-B", "Deep"), ("Nested/Été", "Utf8")]
    {
        maildir(&root.join(folder));
        put(&root.join(folder), &format!("1600000010.{name}.host:2,R"), letter(10, name));
    }
    std::fs::create_dir_all(root.join(".empty/cur")).unwrap();
    std::fs::create_dir_all(root.join(".empty/new")).unwrap();
    std::os::unix::fs::symlink("/etc", root.join(".link")).unwrap();
}

async fn a_maildir_comes_in_with_flags_keywords_dates_and_folders(office: Office) {
    let root = office.path("source");
    source(&root);
    put(&root, "1600000004.bad.host:2,", "A: 1\n\nbare \r here\n");
    put(&root, "1600000005.nul.host:2,", "A: 1\n\nnul \0 here\n");
    put(&root, "1600000006.mixed.host:2,", "A: 1\r\n\r\nmixed\n");
    put(&root, "1600000007.crlf.host:2,", "A: 1\r\n\r\ncrlf\r\n");
    // Copied later by a tool that keeps the time in the name; and one that keeps the file's.
    let copied = std::fs::File::options().write(true).open(root.join("cur/1600000007.crlf.host:2,")).unwrap();
    copied.set_modified(UNIX_EPOCH + Duration::from_secs(1_500_000_000)).unwrap();
    let source = format!("maildir:{}", root.display());
    let told = office.import(&source).json();
    assert_eq!((&told["taken"], &told["there"], &told["mode"]), (&json!(7), &json!(0), &json!("merged")), "{told}");
    let mut refused: Vec<(&str, &str)> = Vec::new();
    for one in told["refused"].as_array().unwrap() {
        assert_eq!(one["folder"], "INBOX");
        refused.push((one["place"].as_str().unwrap(), one["why"].as_str().unwrap()));
    }
    assert_eq!(
        refused,
        [
            ("cur/1600000004.bad.host:2,", "a carriage return stands alone"),
            ("cur/1600000005.nul.host:2,", "a NUL octet"),
            ("cur/1600000006.mixed.host:2,", "a line feed stands alone"),
        ]
    );
    assert!(!told.to_string().contains("canary"), "no content in a report");
    let held = office.holds();
    let folder = |name: &str| -> Vec<(i64, &str, Vec<u8>)> {
        held[name].iter().map(|m| (m.at, m.flags.as_str(), m.octets.clone())).collect()
    };
    assert_eq!(
        folder("INBOX"),
        [
            (1_500_000_000_000, "", b"A: 1\r\n\r\ncrlf\r\n".to_vec()),
            (1_600_000_001_250, "F S", crlf(&letter(1, "one"))),
            (1_600_000_002_000, "", crlf(&letter(2, "two, in new"))),
            (1_600_000_003_000, "$Label1 S urgent", crlf(&letter(3, "with keywords"))),
        ]
    );
    for (name, body) in [("Envoyés", "Sent"), ("Patients/A&B", "Deep"), ("Nested/Été", "Utf8")] {
        assert_eq!(folder(name), [(1_600_000_010_000, "R", crlf(&letter(10, body)))], "{name}");
    }
    assert!(held.contains_key("empty"), "folders come without messages too");

    // Once more, with flags changed, a UID added by mbsync, and one message more.
    std::fs::rename(root.join("new/1600000002.1.host"), root.join("cur/1600000002.1.host,U=7:2,S")).unwrap();
    put(&root, "1600000020.new.host", letter(20, "new"));
    let again = office.import(&source).json();
    assert_eq!((&again["taken"], &again["there"]), (&json!(1), &json!(7)), "{again}");
    assert_eq!(count(&office.holds()), 8);
}

async fn mbox_files_come_in(office: Office) {
    let root = office.path("mail");
    std::fs::create_dir_all(root.join("Patients.sbd")).unwrap();
    let from = "From a@b.example Fri Nov 27 18:12:05 2020\n";
    let inbox = format!(
        "{from}Status: RO\nX-Status: F\nX-Keywords: urgent\nSubject: x\n\n>From the start\n>>From twice\nFrom nowhere\n\n\
         {from}Content-Length: 3\n\nlonger than it says\n\nFrom here on, no separator\n\n{from}Subject: last\n\nno end"
    );
    std::fs::write(root.join("Inbox"), &inbox).unwrap();
    std::fs::write(root.join("Inbox.msf"), "an index of Thunderbird").unwrap();
    std::fs::write(root.join("Patients.sbd/B"), format!("{from}X-Mozilla-Status: 0001\n\nb\n\n{from}\nbare\rCR\n\n"))
        .unwrap();
    std::fs::write(root.join("Corbeille.mbox"), format!("{from}A: 1\n\nsame\n\n{from}A: 1\n\nsame\n\n")).unwrap();
    let source = format!("mbox:{}", root.display());
    let told = office.import(&source).json();
    assert_eq!((&told["taken"], &told["folders"]), (&json!(6), &json!(3)), "{told}");
    assert_eq!(
        told["refused"],
        json!([{ "folder": "Patients/B", "place": "line 6", "why": "a carriage return stands alone" }])
    );
    let held = office.holds();
    let folder = |name: &str| -> Vec<(&str, Vec<u8>)> {
        held[name].iter().map(|m| (m.flags.as_str(), m.octets.clone())).collect()
    };
    let mut inbox = folder("INBOX");
    inbox.sort();
    assert_eq!(
        inbox,
        [
            ("", crlf("Content-Length: 3\n\nlonger than it says\n\nFrom here on, no separator\n")),
            ("", crlf("Subject: last\n\nno end")),
            (
                "F S urgent",
                crlf(
                    "Status: RO\nX-Status: F\nX-Keywords: urgent\nSubject: x\n\nFrom the start\n>From twice\nFrom nowhere\n"
                )
            ),
        ]
    );
    assert!(held["INBOX"].iter().all(|message| message.at == 1_606_500_725_000));
    assert_eq!(folder("Patients/B"), [("S", crlf("X-Mozilla-Status: 0001\n\nb\n"))]);
    assert_eq!(folder("Corbeille").len(), 2, "the same octets twice are two messages");

    let again = office.import(&source).json();
    assert_eq!((&again["taken"], &again["there"]), (&json!(0), &json!(6)), "{again}");
    // One file, by itself; it is another source, but what is there is recognised.
    let one = office.import(&format!("mbox:{}", root.join("Inbox").display())).json();
    assert_eq!((&one["taken"], &one["folders"]), (&json!(0), &json!(1)), "{one}");
    assert_eq!(count(&office.holds()), 6);
    office.import("mbox:/nowhere").refused("/nowhere: entity not found");
    office.import(&format!("mbox:{}", office.path("pli/pli.toml").display())).refused("there is no mbox file");
    office.import(&format!("maildir:{}", office.path("pli").display())).refused("there is no Maildir");
    office.import("pop3:x").refused("the source is one of");
}

async fn an_export_comes_in_again_the_same(office: Office) {
    let root = office.path("source");
    source(&root);
    put(&root, "1600000005.odd.host:2,T", "From the first line\nand\n>From quoted\n\nno end");
    put(&root, "1600000006.same.host:2,D", "A: 1\n\nsame\n");
    put(&root, "1600000006.twin.host:2,D", "A: 1\n\nsame\n");
    put(&root, "1600000007.tag.host:2,", "X-Pli-Mbox: 1 5\nStatus: RO\nX-Status: \nX-Keywords: x\n\nnot ours\n");
    put(&root, "1600000008.large.host:2,", letter(8, &"0123456789abcdef\n".repeat(20_000)));
    assert_eq!(office.import(&format!("maildir:{}", root.display())).json()["taken"], 11);
    let before = office.holds();
    for format in ["maildir", "mbox"] {
        let dir = office.export(DOCTOR, &office.doctor, format);
        let mut folders = vec![dir.clone()];
        while let Some(folder) = folders.pop() {
            assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
                assert!(!path.to_str().unwrap().ends_with(".tmp"), "{}", path.display());
            }
        }
        let to = dir.display().to_string();
        office.run(&["mailbox", "export", DOCTOR, &to], &format!("{}\n", office.doctor)).refused("is not empty");
        let other = Office::sqlite();
        let told = other.import(&format!("{format}:{to}")).json();
        assert_eq!((&told["taken"], &told["refused"]), (&json!(11), &json!([])), "{told}");
        assert_eq!(other.holds(), before, "{format}");
    }
    office.run(&["mailbox", "export", DOCTOR, "/tmp/never-made"], "wrong\n").refused("not right");
    assert!(!Path::new("/tmp/never-made").exists());
}

async fn what_is_there_is_not_doubled(office: Office) {
    let (one, two) = (office.path("one"), office.path("two"));
    source(&one);
    source(&two);
    put(&two, "1600000030.more.host", letter(30, "more"));
    // A twin of what the first source has once: a message of its own.
    put(&two, "1600000031.twin.host", letter(1, "one"));
    assert_eq!(office.import(&format!("maildir:{}", one.display())).json()["taken"], 6);
    let told = office.import(&format!("maildir:{}", two.display())).json();
    assert_eq!((&told["taken"], &told["there"]), (&json!(2), &json!(6)), "{told}");
    assert_eq!(count(&office.holds()), 8);
    let told = office.import(&format!("maildir:{}", two.display())).json();
    assert_eq!((&told["taken"], &told["there"]), (&json!(0), &json!(8)), "{told}");
    // Another mailbox has a journal of its own.
    let source = format!("maildir:{}", one.display());
    let input = format!("{}\n", office.colleague);
    let told = office.run(&["mailbox", "import", COLLEAGUE, &source, "--json"], &input).json();
    assert_eq!(told["taken"], 6);
    assert_eq!(office.colleague_holds(), held(&office.export(COLLEAGUE, &office.colleague, "maildir")));
    office.run(&["mailbox", "import", DOCTOR, &source], &input).refused("address or device password not right");
}

async fn quotas_are_asked_before_anything_is_stored(office: Office) {
    let root = office.path("source");
    source(&root);
    // Sparse, and never read: larger than a message may be.
    let large = std::fs::File::create(root.join("cur/1600000099.large.host:2,")).unwrap();
    large.set_len(26 * 1024 * 1024).unwrap();
    office.sql("UPDATE mailboxes SET quota = 500").await;
    let source = format!("maildir:{}", root.display());
    office.import(&source).refused("octets more do not fit: 0 of 500 are used; --over-quota");
    office.run(&["mailbox", "import", DOCTOR, &source, "--sealed"], "").refused("0 of 500 are used");
    assert_eq!(count(&office.holds()), 0);
    let input = format!("{}\n", office.doctor);
    let told = office.run(&["mailbox", "import", DOCTOR, &source, "--over-quota", "--json"], &input).json();
    assert_eq!(told["taken"], 6);
    assert_eq!(
        told["refused"],
        json!([{
            "folder": "INBOX",
            "place": "cur/1600000099.large.host:2,",
            "why": "larger than a message may be (limits.message)"
        }])
    );
    // What may be there already is not counted before; what is not stops when it comes to it.
    put(&root, "1600000098.more.host:2,", letter(98, "more"));
    office.import(&source).refused("of 500 are used");
    assert_eq!(count(&office.holds()), 6);
}
