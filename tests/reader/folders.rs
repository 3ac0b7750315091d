//! Folders: special ones in the practice's language, and those that persons make.

use pli::domain::*;
use pli::mailbox::FolderError;

use crate::office::*;

crate::on_both! {
    special_folders_speak_the_practices_language
    folders_are_made_with_those_above_them
    special_folders_stay
    a_folder_is_renamed_with_those_below_it
    renaming_inbox_moves_its_messages
    a_folder_made_again_is_another_one
    odd_names_are_refused
    a_mailbox_has_two_thousand_folders_at_most
}

async fn names(reader: &pli::mailbox::Reader) -> Vec<String> {
    reader.folders().await.unwrap().into_iter().map(|folder| folder.name).collect()
}

async fn special_folders_speak_the_practices_language(office: Office) {
    let french = ["INBOX", "Envoyés", "Brouillons", "Corbeille", "Indésirables", "Archives", "Rappelés"];
    let reader = office.reader().await;
    assert_eq!(names(&reader).await, french);
    put(&reader, "Sent", &letter("a", "x")).await;
    reader.create("Sent/2024").await.unwrap();
    let sent = reader.folder("Envoyés").await.unwrap();
    assert_eq!((sent.role, sent.messages, sent.unseen), (FolderRole::Sent, 1, 1), "found under its other names too");
    office.node.deliveries.set_practice(office.practice, profile(Language::En)).await.unwrap();
    let reader = office.reader().await;
    let english = ["INBOX", "Sent", "Drafts", "Trash", "Junk", "Archive", "Recalled", "Sent/2024"];
    assert_eq!(names(&reader).await, english);
    assert_eq!(reader.folder("Envoyés").await.unwrap().id, sent.id);
    assert!(matches!(reader.create("Corbeille").await, Err(FolderError::Exists)));
}

async fn folders_are_made_with_those_above_them(office: Office) {
    let reader = office.reader().await;
    reader.create("Patients/Canari/2024").await.unwrap();
    assert!(matches!(reader.create("Patients/Canari").await, Err(FolderError::Exists)));
    assert!(matches!(reader.create("inBox").await, Err(FolderError::Exists)));
    let folders = reader.folders().await.unwrap();
    let made: Vec<(&str, bool, bool)> = folders
        .iter()
        .filter(|folder| folder.role == FolderRole::Plain)
        .map(|folder| (folder.name.as_str(), folder.children, folder.subscribed))
        .collect();
    assert_eq!(
        made,
        [("Patients", true, true), ("Patients/Canari", true, true), ("Patients/Canari/2024", false, true)]
    );
    reader.subscribe("Patients", false).await.unwrap();
    assert!(!reader.folder("Patients").await.unwrap().subscribed);
    reader.subscribe("Patients", true).await.unwrap();
    assert!(reader.folder("Patients").await.unwrap().subscribed);
    assert!(matches!(reader.subscribe("Nobody", true).await, Err(FolderError::NoSuchFolder)));

    put(&reader, "Patients/Canari", &letter("a", "x")).await;
    assert!(matches!(reader.delete("Patients/Canari").await, Err(FolderError::HasChildren)));
    reader.delete("Patients/Canari/2024").await.unwrap();
    reader.delete("Patients/Canari").await.unwrap();
    assert!(matches!(reader.folder("Patients/Canari").await, Err(FolderError::NoSuchFolder)));
    assert!(matches!(reader.delete("Patients/Canari").await, Err(FolderError::NoSuchFolder)));
    assert_eq!(office.count("SELECT COUNT(*) FROM messages").await, 0, "its messages went with it");
    assert_eq!(office.count("SELECT COUNT(*) FROM objects").await, 0);
    // Another mailbox sees none of it.
    let other = office.node.reader(COLLEAGUE, &office.colleague.device.password).await;
    assert_eq!(other.folders().await.unwrap().len(), 7);
}

async fn special_folders_stay(office: Office) {
    let reader = office.reader().await;
    for name in ["INBOX", "Envoyés", "Trash", "Rappelés"] {
        assert!(matches!(reader.delete(name).await, Err(FolderError::Special)), "{name}");
    }
    assert!(matches!(reader.rename("Envoyés", "x").await, Err(FolderError::Special)));
    reader.create("x").await.unwrap();
    assert!(matches!(reader.rename("x", "Sent").await, Err(FolderError::Exists)));
    assert!(matches!(reader.rename("x", "inbox").await, Err(FolderError::Exists)));
}

async fn a_folder_is_renamed_with_those_below_it(office: Office) {
    let reader = office.reader().await;
    reader.create("a/b/c").await.unwrap();
    reader.create("ab").await.unwrap();
    let before = reader.folder("a/b/c").await.unwrap();
    put(&reader, "a/b/c", &letter("a", "x")).await;
    reader.rename("a/b", "new/deep/place").await.unwrap();
    let after = reader.folder("new/deep/place/c").await.unwrap();
    assert_eq!((after.id, after.uid_validity, after.messages), (before.id, before.uid_validity, 1));
    let mut all = names(&reader).await;
    all.drain(..7);
    assert_eq!(all, ["a", "ab", "new", "new/deep", "new/deep/place", "new/deep/place/c"]);
    assert!(matches!(reader.rename("new", "new/inside").await, Err(FolderError::BadName)));
    assert!(matches!(reader.rename("new", "ab").await, Err(FolderError::Exists)));
    assert!(matches!(reader.rename("nobody", "x").await, Err(FolderError::NoSuchFolder)));
    reader.rename("new/deep/place", "INBOX/place").await.unwrap();
    assert_eq!(reader.folder("inbox/place/c").await.unwrap().messages, 1);
    assert_eq!(read(&reader, "INBOX/place/c").await, [letter("a", "x")]);
}

async fn renaming_inbox_moves_its_messages(office: Office) {
    let reader = office.reader().await;
    for n in 0..3 {
        put(&reader, "INBOX", &letter(&format!("m{n}"), "x")).await;
    }
    reader.create("INBOX/kept").await.unwrap();
    reader.rename("INBOX", "Vieux/courrier").await.unwrap();
    assert_eq!(uids(&reader, "INBOX").await, [0_u32; 0]);
    assert_eq!(uids(&reader, "Vieux/courrier").await, [1, 2, 3]);
    assert_eq!(reader.folder("INBOX").await.unwrap().uid_next, 4);
    assert!(reader.folder("INBOX/kept").await.is_ok(), "what is below INBOX stays");
}

async fn a_folder_made_again_is_another_one(office: Office) {
    let reader = office.reader().await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        reader.create("Brouillard").await.unwrap();
        seen.push(reader.folder("Brouillard").await.unwrap().uid_validity);
        reader.delete("Brouillard").await.unwrap();
    }
    assert!(seen.is_sorted_by(|a, b| a < b), "within one second of the clock: {seen:?}");
}

async fn odd_names_are_refused(office: Office) {
    let reader = office.reader().await;
    let long = "é".repeat(128);
    for name in ["", "/", "a//b", "/a", "a/", "a\rb", "a\u{7f}", long.as_str()] {
        assert!(matches!(reader.create(name).await, Err(FolderError::BadName)), "{name:?}");
        assert!(matches!(reader.folder(name).await, Err(FolderError::NoSuchFolder)), "{name:?}");
    }
    for name in ["&", "a.b", "%*", "\\Seen", "日本", "Été", "E\u{301}te\u{301}", "inboxes"] {
        reader.create(name).await.unwrap();
        assert_eq!(reader.folder(name).await.unwrap().name, name);
    }
}

async fn a_mailbox_has_two_thousand_folders_at_most(office: Office) {
    let reader = office.reader().await;
    let there = reader.folders().await.unwrap().len();
    let mailbox = office.doctor.id;
    let mut tx = office.node.store.write("many folders").await.unwrap();
    tx.touch_mailbox(mailbox, NOW).await.unwrap();
    for n in 0..1998 - there {
        let id = FolderId::random(&pli::server::OsRandom);
        let (name, hash) = (Sealed::from_octets(vec![1; 60]), KeyedHash::from_octets(n.to_be_bytes().to_vec()));
        let folder = pli::store::folders::NewFolder { id, mailbox, name, hash, created_at: NOW };
        assert!(tx.make_folder(&folder).await.unwrap());
    }
    tx.commit(AuditEvent::new(NOW, Actor::Server, Verb::FolderCreated)).await.unwrap();
    assert!(matches!(reader.create("a/b/c").await, Err(FolderError::TooMany)));
    assert!(matches!(reader.folder("a").await, Err(FolderError::NoSuchFolder)), "all or nothing");
    reader.create("a/b").await.unwrap();
    assert!(matches!(reader.create("c").await, Err(FolderError::TooMany)));
    let folders = reader.folders().await.unwrap();
    assert!(folders.iter().any(|folder| folder.name == "a" && folder.children));
    assert!(folders.iter().any(|folder| folder.name == "a/b" && !folder.children));
}
