//! Messages: octets, flags, copies, moves, expunges, quota.

use pli::domain::*;
use pli::mailbox::{AppendError, FolderError};

use crate::office::*;

crate::on_both! {
    odd_messages_come_back_to_the_octet
    what_is_not_clean_is_refused
    flags_and_keywords_are_kept_per_message
    thousands_of_flags_are_changed_in_slices
    copies_share_their_octets_and_nothing_else
    moved_messages_get_new_uids
    an_expunge_takes_what_is_deleted_and_named
    the_last_copy_takes_its_containers_with_it
    a_shared_message_stays_for_the_other
    quota_is_counted_and_kept
    fault_47_parallel_appends_never_pass_the_quota
    fault_47_copies_are_counted_before_they_are_made
    keywords_are_bounded_per_message_and_folder
    a_refused_append_leaves_no_objects
    long_moves_and_ends_of_folders_go_in_slices
}

/// Messages as they are met: no header, no body, long lines, 8-bit, broken MIME, large parts of every kind.
pub fn corpus() -> Vec<Vec<u8>> {
    let base64 = |octets: &[u8], line: usize| {
        let text = data_encoding::BASE64.encode(octets);
        let lines: Vec<&str> = text.as_bytes().chunks(line).map(|l| std::str::from_utf8(l).unwrap()).collect();
        lines.join("\r\n")
    };
    let binary: Vec<u8> = (0..300_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut all: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"\r\n".to_vec(),
        b"x".to_vec(),
        b"Subject: no body".to_vec(),
        b"\r\n\r\nno header\r\n".to_vec(),
        b"From nobody Fri Jan 15 09:00:00 2027\r\nSubject: mbox\r\n\r\n>From x\r\n".to_vec(),
        b"Subject: \xc3\xa9t\xe9\r\n\r\n8-bit \xff\xfe\x80\r\n".to_vec(),
        b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n".to_vec(),
        format!("Subject: long\r\n\r\n{}\r\n", "a".repeat(200_000)).into_bytes(),
        format!("Subject: {}\r\n\r\nx", "folded\r\n ".repeat(5000)).into_bytes(),
        b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n\r\nx\r\n----\r\n".to_vec(),
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\nnever ends\r\n--b\r\n\r\nx".to_vec(),
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\nepilogue only\r\n".to_vec(),
        b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx\r\n".to_vec(),
        // What no parser is let near is kept as well.
        format!("{}x", "Content-Type: message/rfc822\r\n\r\n".repeat(50_000)).into_bytes(),
        format!("{}\r\nx", "X-Field: y\r\n".repeat(20_000)).into_bytes(),
    ];
    for (encoding, body) in [
        ("base64", base64(&binary, 76)),
        ("base64", base64(&binary, 72)),
        ("base64", format!("{}\r\n\r\n", base64(&binary, 76))),
        ("base64", base64(&binary, 75)),
        ("quoted-printable", "=C3=A9=\r\n".repeat(20_000)),
        ("8bit", "é à\r\n".repeat(20_000)),
    ] {
        let part = format!("Content-Type: application/pdf\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n");
        all.push(
            format!(
                "Subject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b b\"\r\n\r\n\
                 preamble\r\n--b b\r\n{part}--b b\r\nContent-Type: text/plain\r\n\r\nlast\r\n--b b--\r\nepilogue"
            )
            .into_bytes(),
        );
        all.push(format!("Subject: single\r\n{part}").into_bytes());
    }
    all
}

async fn odd_messages_come_back_to_the_octet(office: Office) {
    let reader = office.reader().await;
    let corpus = corpus();
    let at = Timestamp(1_234_567_890_000);
    for (n, octets) in corpus.iter().enumerate() {
        let (validity, uid) = append_to(&reader, "INBOX", &Flags::default(), Some(at), octets.clone()).await.unwrap();
        let folder = reader.folder("INBOX").await.unwrap();
        assert_eq!((validity, uid as usize), (folder.uid_validity, n + 1));
    }
    assert!(list(&reader, "INBOX").await.iter().all(|entry| entry.received_at == at));
    for _ in 0..2 {
        assert!(read(&reader, "INBOX").await == corpus, "every octet, also from memory");
    }
    // As another session on another node reads them.
    let node = office.second_node().await;
    let other = node.reader(DOCTOR, &office.doctor.device.password).await;
    assert!(read(&other, "INBOX").await == corpus);
}

async fn what_is_not_clean_is_refused(office: Office) {
    let reader = office.reader().await;
    for octets in [&b"a\nb"[..], b"a\rb", b"a\0b", b"x\r"] {
        let refused = append_to(&reader, "INBOX", &Flags::default(), None, octets.to_vec()).await;
        assert!(matches!(refused, Err(AppendError::NotClean)));
    }
    for folder in ["Nobody", "", "a//b"] {
        let refused = append_to(&reader, folder, &Flags::default(), None, letter("a", "x")).await;
        assert!(matches!(refused, Err(AppendError::NoSuchFolder)), "{folder}");
    }
    assert_eq!(uids(&reader, "INBOX").await, [0_u32; 0]);
    assert_eq!(office.count("SELECT COUNT(*) FROM messages").await, 0);
}

async fn flags_and_keywords_are_kept_per_message(office: Office) {
    let reader = office.reader().await;
    let first = flags(&[SystemFlags::SEEN, SystemFlags::DRAFT], &["$Label1", "urgent"]);
    append_to(&reader, "INBOX", &first, None, letter("a", "x")).await.unwrap();
    let lying = flags(&[SystemFlags(i64::MAX)], &["$PliOpened", "$pliFailed"]);
    append_to(&reader, "INBOX", &lying, None, letter("b", "x")).await.unwrap();
    let entries = list(&reader, "INBOX").await;
    assert_eq!(entries[0].flags, first);
    assert_eq!(entries[1].flags, flags(&[SystemFlags::CLIENT], &[]), "the server's words are the server's");
    let folder = reader.folder("INBOX").await.unwrap();
    assert_eq!((folder.messages, folder.unseen), (2, 0));

    let change = async |uids: &[u32], change, by: &Flags| {
        reader.change_flags(folder.id, uids, change, by, None).await.unwrap().entries
    };
    let infos = change(&[2, 1, 7, 2], FlagChange::Add, &flags(&[SystemFlags::FLAGGED], &["suivi", "URGENT"])).await;
    assert_eq!(infos.iter().map(|info| info.uid).collect::<Vec<_>>(), [1, 2], "those that are there, once");
    assert_eq!(
        infos[0].flags,
        flags(&[SystemFlags::SEEN, SystemFlags::DRAFT, SystemFlags::FLAGGED], &["$Label1", "urgent", "suivi"])
    );
    assert_eq!(list(&reader, "INBOX").await, infos);
    change(&[1], FlagChange::Remove, &flags(&[SystemFlags::SEEN], &["$label1", "$PliOpened"])).await;
    office.sql("UPDATE entries SET flags = flags + 512 WHERE uid = 1").await;
    let infos = change(&[1], FlagChange::Set, &flags(&[SystemFlags::ANSWERED], &["neu"])).await;
    assert_eq!(infos[0].flags, flags(&[SystemFlags::ANSWERED], &["$PliOpened", "neu"]));
    assert_eq!(reader.folder("INBOX").await.unwrap().unseen, 1);
    assert!(change(&[], FlagChange::Set, &flags(&[], &[])).await.is_empty());
    // A folder of another mailbox is none.
    let other = office.node.reader(COLLEAGUE, &office.colleague.device.password).await;
    assert!(
        other.change_flags(folder.id, &[1], FlagChange::Set, &flags(&[], &[]), None).await.unwrap().entries.is_empty()
    );
    assert!(other.snapshot(folder.id).await.unwrap().entries.is_empty());
    assert!(other.expunge(folder.id, None).await.unwrap().is_empty());
    assert!(matches!(other.relocate(folder.id, &[1], "INBOX").await, Err(FolderError::NoSuchFolder)));
    assert!(matches!(other.copy(folder.id, &[1], "INBOX").await, Err(FolderError::NoSuchFolder)));
}

async fn thousands_of_flags_are_changed_in_slices(office: Office) {
    let reader = office.reader().await;
    put(&reader, "INBOX", &letter("a", "x")).await;
    reader.create("many").await.unwrap();
    let inbox = reader.folder("INBOX").await.unwrap().id;
    for _ in 0..1300 {
        reader.copy(inbox, &[1], "many").await.unwrap();
    }
    let many = reader.folder("many").await.unwrap();
    assert_eq!(many.messages, 1300);
    let all: Vec<u32> = (1..=1300).collect();
    let before = reader.room_changes(&office).await;
    let infos = reader
        .change_flags(many.id, &all, FlagChange::Add, &flags(&[SystemFlags::SEEN], &[]), None)
        .await
        .unwrap()
        .entries;
    assert_eq!(infos.len(), 1300);
    assert_eq!(reader.room_changes(&office).await - before, 3, "three slices");
    assert_eq!(reader.folder("many").await.unwrap().unseen, 0);
    let before = reader.room_changes(&office).await;
    reader.change_flags(many.id, &all, FlagChange::Add, &flags(&[SystemFlags::SEEN], &[]), None).await.unwrap();
    assert_eq!(reader.room_changes(&office).await, before, "nothing changed, nothing committed");
    reader.change_flags(many.id, &all, FlagChange::Add, &flags(&[SystemFlags::DELETED], &[]), None).await.unwrap();
    assert_eq!(reader.expunge(many.id, None).await.unwrap(), all);
    assert_eq!(read(&reader, "INBOX").await, [letter("a", "x")]);
}

trait Changes {
    async fn room_changes(&self, office: &Office) -> i64;
}

impl Changes for pli::mailbox::Reader {
    async fn room_changes(&self, office: &Office) -> i64 {
        office.node.store.changes(office.doctor.id).await.unwrap()
    }
}

async fn copies_share_their_octets_and_nothing_else(office: Office) {
    let reader = office.reader().await;
    let with = flags(&[SystemFlags::SEEN], &["suivi"]);
    let at = Timestamp(1_700_000_000_000);
    for n in 0..3 {
        append_to(&reader, "INBOX", &with, Some(at), letter(&format!("m{n}"), "x")).await.unwrap();
    }
    let inbox = reader.folder("INBOX").await.unwrap();
    let archive = reader.folder("Archive").await.unwrap();
    let (validity, placed) = reader.copy(inbox.id, &[3, 1, 9], "Archives").await.unwrap();
    assert_eq!((validity, placed), (archive.uid_validity, vec![(1, 1), (3, 2)]));
    let (_, placed) = reader.copy(inbox.id, &[1], "inbox").await.unwrap();
    assert_eq!(placed, [(1, 4)], "also into the same folder");
    let copies = list(&reader, "Archive").await;
    assert!(copies.iter().all(|copy| copy.flags == with && copy.received_at == at));
    assert_eq!(read(&reader, "Archive").await, [letter("m0", "x"), letter("m2", "x")]);
    assert_eq!(office.count("SELECT COUNT(*) FROM objects").await, 3, "nothing was sealed again");
    reader.change_flags(archive.id, &[1], FlagChange::Set, &flags(&[], &[]), None).await.unwrap();
    assert_eq!(list(&reader, "INBOX").await[0].flags, with);
    assert!(matches!(reader.copy(inbox.id, &[1], "Nobody").await, Err(FolderError::NoSuchFolder)));
    assert_eq!(reader.copy(inbox.id, &[77], "Archive").await.unwrap().1, []);
}

async fn moved_messages_get_new_uids(office: Office) {
    let reader = office.reader().await;
    for n in 0..5 {
        put(&reader, "INBOX", &letter(&format!("m{n}"), "x")).await;
    }
    let inbox = reader.folder("INBOX").await.unwrap();
    put(&reader, "Trash", &letter("there", "x")).await;
    let (_, placed) = reader.relocate(inbox.id, &[4, 2], "Corbeille").await.unwrap();
    assert_eq!(placed, [(2, 2), (4, 3)]);
    assert_eq!(uids(&reader, "INBOX").await, [1, 3, 5]);
    assert_eq!(uids(&reader, "Trash").await, [1, 2, 3]);
    assert_eq!(read(&reader, "Trash").await[1..], [letter("m1", "x"), letter("m3", "x")]);
    let (_, placed) = reader.relocate(inbox.id, &[1], "INBOX").await.unwrap();
    assert_eq!(placed, [(1, 6)], "into its own folder: a new UID");
    assert_eq!(uids(&reader, "INBOX").await, [3, 5, 6]);
    assert_eq!(reader.folder("INBOX").await.unwrap().uid_next, 7);
}

async fn an_expunge_takes_what_is_deleted_and_named(office: Office) {
    let reader = office.reader().await;
    for n in 0..6 {
        put(&reader, "INBOX", &letter(&format!("m{n}"), "x")).await;
    }
    let inbox = reader.folder("INBOX").await.unwrap().id;
    let entries = list(&reader, "INBOX").await;
    assert!(reader.expunge(inbox, None).await.unwrap().is_empty());
    reader.change_flags(inbox, &[1, 3, 5], FlagChange::Add, &flags(&[SystemFlags::DELETED], &[]), None).await.unwrap();
    assert_eq!(reader.expunge(inbox, Some(&[4, 3, 9])).await.unwrap(), [3]);
    assert_eq!(reader.expunge(inbox, None).await.unwrap(), [1, 5]);
    assert_eq!(uids(&reader, "INBOX").await, [2, 4, 6]);
    assert!(reader.message(entries[0].id).await.unwrap().is_none());
    assert_eq!(put(&reader, "INBOX", &letter("new", "x")).await, 7, "a UID is never used again");
}

async fn the_last_copy_takes_its_containers_with_it(office: Office) {
    let reader = office.reader().await;
    let large = corpus().into_iter().max_by_key(Vec::len).unwrap();
    put(&reader, "INBOX", &large).await;
    let inbox = reader.folder("INBOX").await.unwrap().id;
    reader.copy(inbox, &[1], "Archive").await.unwrap();
    let files = || {
        let mut count = 0;
        let mut folders = vec![office.folder.path().join("objects")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { count += 1 }
            }
        }
        count
    };
    assert!(files() > 0, "a large part is an object");
    let deleted = flags(&[SystemFlags::DELETED], &[]);
    reader.change_flags(inbox, &[1], FlagChange::Add, &deleted, None).await.unwrap();
    assert_eq!(reader.expunge(inbox, None).await.unwrap(), [1]);
    assert!(read(&reader, "Archive").await == [large], "the copy is whole");
    let archive = reader.folder("Archive").await.unwrap().id;
    reader.change_flags(archive, &[1], FlagChange::Add, &deleted, None).await.unwrap();
    assert_eq!(reader.expunge(archive, None).await.unwrap(), [1]);
    for table in ["entries", "objects", "messages"] {
        assert_eq!(office.count(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    assert_eq!(files(), 0);
}

async fn a_shared_message_stays_for_the_other(office: Office) {
    office.submit(&[COLLEAGUE], &letter("shared", "x")).await;
    office.pass(std::time::Duration::from_secs(31));
    let doctor = office.reader().await;
    let colleague = office.node.reader(COLLEAGUE, &office.colleague.device.password).await;
    let deleted = flags(&[SystemFlags::DELETED], &[]);
    let sent = doctor.folder("Sent").await.unwrap().id;
    doctor.change_flags(sent, &[1], FlagChange::Add, &deleted, None).await.unwrap();
    doctor.expunge(sent, None).await.unwrap();
    assert_eq!(read(&colleague, "INBOX").await, [letter("shared", "x")]);
    let inbox = colleague.folder("INBOX").await.unwrap().id;
    colleague.change_flags(inbox, &[1], FlagChange::Add, &deleted, None).await.unwrap();
    colleague.expunge(inbox, None).await.unwrap();
    assert_eq!(office.count("SELECT COUNT(*) FROM messages").await, 0);
}

async fn quota_is_counted_and_kept(office: Office) {
    let reader = office.reader().await;
    assert_eq!(reader.quota().await.unwrap(), (0, 10 << 30));
    let octets = letter("a", "x");
    put(&reader, "INBOX", &octets).await;
    let size = octets.len() as u64;
    let event = AuditEvent::new(NOW, Actor::Operator, Verb::MailboxAdded);
    assert!(office.node.store.set_quota(office.doctor.id, 2 * size as i64, event).await.unwrap());
    assert_eq!(reader.quota().await.unwrap(), (size, 2 * size));
    put(&reader, "INBOX", &octets).await;
    let full = append_to(&reader, "INBOX", &Flags::default(), None, octets.clone()).await;
    assert!(matches!(full, Err(AppendError::OverQuota)));
    assert_eq!(uids(&reader, "INBOX").await, [1, 2]);
    let inbox = reader.folder("INBOX").await.unwrap().id;
    reader.change_flags(inbox, &[1], FlagChange::Add, &flags(&[SystemFlags::DELETED], &[]), None).await.unwrap();
    reader.expunge(inbox, None).await.unwrap();
    put(&reader, "INBOX", &octets).await;
    // A submission is never refused for it, and neither is the client's copy of one.
    office.submit(&[COLLEAGUE], &letter("s", "x")).await;
    put(&reader, "Sent", &letter("s", "x")).await;
}

async fn fault_47_parallel_appends_never_pass_the_quota(office: Office) {
    let reader = office.reader().await;
    let octets = letter("a", "x");
    let event = AuditEvent::new(NOW, Actor::Operator, Verb::MailboxAdded);
    let quota = octets.len() as i64 * 10;
    office.node.store.set_quota(office.doctor.id, quota, event).await.unwrap();
    for _ in 0..9 {
        put(&reader, "INBOX", &octets).await;
    }
    let second = office.second_node().await;
    let other = second.reader(DOCTOR, &office.doctor.device.password).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..200 {
        let (reader, octets) = (if n % 2 == 0 { reader.clone() } else { other.clone() }, octets.clone());
        tasks.spawn(async move {
            match append_to(&reader, "INBOX", &Flags::default(), None, octets).await {
                Ok(_) => 1,
                Err(AppendError::OverQuota) => 0,
                Err(error) => panic!("{error}"),
            }
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().sum::<i32>(), 1);
    assert_eq!(reader.quota().await.unwrap(), (quota as u64, quota as u64));
    assert_eq!(uids(&reader, "INBOX").await.len(), 10);
}

async fn fault_47_copies_are_counted_before_they_are_made(office: Office) {
    let reader = office.reader().await;
    let octets = letter("a", "x");
    for _ in 0..3 {
        put(&reader, "INBOX", &octets).await;
    }
    let event = AuditEvent::new(NOW, Actor::Operator, Verb::MailboxAdded);
    office.node.store.set_quota(office.doctor.id, octets.len() as i64 * 5, event).await.unwrap();
    let inbox = reader.folder("INBOX").await.unwrap().id;
    assert!(matches!(reader.copy(inbox, &[1, 2, 3], "Archive").await, Err(FolderError::OverQuota)));
    assert!(uids(&reader, "Archive").await.is_empty(), "all or nothing");
    assert_eq!(reader.copy(inbox, &[1, 2], "Archive").await.unwrap().1, [(1, 1), (2, 2)]);
    assert!(matches!(reader.copy(inbox, &[3], "Archive").await, Err(FolderError::OverQuota)));
    // A move takes no more room; a copy of nothing is none.
    assert_eq!(reader.relocate(inbox, &[1, 2, 3], "Archive").await.unwrap().1.len(), 3);
    assert!(reader.copy(inbox, &[1, 2, 3], "Archive").await.unwrap().1.is_empty());
    let many: Vec<u32> = (1..=10_001).collect();
    assert!(matches!(reader.copy(inbox, &many, "Archive").await, Err(FolderError::TooMany)));
}

async fn long_moves_and_ends_of_folders_go_in_slices(office: Office) {
    let reader = office.reader().await;
    put(&reader, "INBOX", &letter("a", "x")).await;
    let inbox = reader.folder("INBOX").await.unwrap().id;
    for _ in 0..10 {
        let all = uids(&reader, "INBOX").await;
        reader.copy(inbox, &all, "INBOX").await.unwrap();
    }
    let all = uids(&reader, "INBOX").await;
    assert_eq!(all.len(), 1024);
    let events = async |verb: &str| {
        office.count(&format!("SELECT COUNT(*) FROM audit_events WHERE line LIKE '%verb={verb}%'")).await
    };
    let (validity, placed) = reader.relocate(inbox, &all, "Archive").await.unwrap();
    assert_eq!(validity, reader.folder("Archive").await.unwrap().uid_validity);
    assert_eq!(placed, (1..=1024).map(|n| (n, n)).collect::<Vec<_>>());
    assert_eq!(events("message.moved").await, 3);
    let archive = reader.folder("Archive").await.unwrap().id;
    reader.relocate(archive, &all, "INBOX").await.unwrap();
    reader.rename("INBOX", "vieux/tout").await.unwrap();
    assert_eq!(events("folder.renamed").await, 3);
    assert_eq!((uids(&reader, "INBOX").await.len(), uids(&reader, "vieux/tout").await), (0, all));
    reader.delete("vieux/tout").await.unwrap();
    assert_eq!((events("message.expunged").await, events("folder.deleted").await), (2, 1));
    assert!(matches!(reader.folder("vieux/tout").await, Err(FolderError::NoSuchFolder)));
    assert_eq!(office.count("SELECT COUNT(*) FROM messages").await, 0);
}

async fn a_refused_append_leaves_no_objects(office: Office) {
    let reader = office.reader().await;
    let objects = || {
        let (mut files, mut folders) = (0, vec![office.folder.path().join("objects")]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files += 1 }
            }
        }
        files
    };
    let octets: Vec<u8> = [letter("a", "x"), "0123456789\r\n".repeat(30_000).into_bytes()].concat();
    put(&reader, "INBOX", &octets).await;
    let each = objects();
    assert!(each > 0, "large enough for the object store");
    let event = AuditEvent::new(NOW, Actor::Operator, Verb::MailboxAdded);
    office.node.store.set_quota(office.doctor.id, octets.len() as i64 * 2, event).await.unwrap();
    // Some are refused before anything is written, others in the transaction.
    let append = || async { append_to(&reader, "INBOX", &Flags::default(), None, octets.clone()).await };
    let all = tokio::join!(append(), append(), append(), append());
    let all = [all.0, all.1, all.2, all.3];
    assert_eq!(all.iter().filter(|append| append.is_ok()).count(), 1);
    assert!(all.iter().all(|append| matches!(append, Ok(_) | Err(AppendError::OverQuota))));
    assert_eq!(objects(), 2 * each, "what was refused left nothing");
    // A copy of a submission is asked for nothing.
    office.submit(&[COLLEAGUE], &octets).await;
    put(&reader, "Sent", &octets).await;
}

async fn keywords_are_bounded_per_message_and_folder(office: Office) {
    let reader = office.reader().await;
    let words = |from: usize, to: usize| Flags {
        system: SystemFlags::default(),
        keywords: (from..to).map(|n| format!("mot{n}")).collect(),
    };
    for _ in 0..9 {
        put(&reader, "INBOX", &letter("a", "x")).await;
    }
    let inbox = reader.folder("INBOX").await.unwrap().id;
    let change =
        async |uid: u32, how: FlagChange, flags: Flags| reader.change_flags(inbox, &[uid], how, &flags, None).await;
    assert!(matches!(change(1, FlagChange::Set, words(0, 65)).await, Err(FolderError::TooMany)));
    change(1, FlagChange::Set, words(0, 64)).await.unwrap();
    assert!(matches!(change(1, FlagChange::Add, words(64, 65)).await, Err(FolderError::TooMany)));
    assert_eq!(list(&reader, "INBOX").await[0].flags, words(0, 64), "what is refused changes nothing");
    for n in 1..7 {
        change(n + 1, FlagChange::Add, words(n as usize * 64, n as usize * 64 + 64)).await.unwrap();
    }
    change(8, FlagChange::Add, words(448, 500)).await.unwrap();
    assert!(matches!(change(9, FlagChange::Add, words(500, 501)).await, Err(FolderError::TooMany)));
    let append = async |flags: Flags| append_to(&reader, "INBOX", &flags, None, letter("b", "x")).await;
    assert!(matches!(append(words(500, 501)).await, Err(AppendError::TooManyKeywords)));
    // Those that are there already may be set, whatever their case; those that go make room.
    let loud = Flags { keywords: ["MOT7".to_owned()].into(), ..Flags::default() };
    change(9, FlagChange::Add, loud).await.unwrap();
    append(words(0, 64)).await.unwrap();
    change(8, FlagChange::Remove, words(448, 449)).await.unwrap();
    let second = office.reader().await;
    second.change_flags(inbox, &[9], FlagChange::Add, &words(500, 501), None).await.unwrap();
}
