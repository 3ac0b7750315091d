//! Several sessions at once, on one node and on two: nothing lost, nothing doubled, everybody told.

use std::collections::BTreeMap;
use std::time::Duration;

use pli::domain::*;
use pli::mailbox::FolderError;

use crate::office::*;

crate::on_both! {
    a_storm_of_moves_and_expunges_loses_nothing
    two_sessions_move_the_same_messages_once
    a_watch_fires_at_once_here_and_soon_elsewhere
    a_folder_that_is_deleted_takes_no_message_in
}

async fn a_storm_of_moves_and_expunges_loses_nothing(office: Office) {
    let one = office.reader().await;
    let node = office.second_node().await;
    let two = node.reader(DOCTOR, &office.doctor.device.password).await;
    const MANY: usize = 60;
    for n in 0..MANY {
        put(&one, "INBOX", &letter(&format!("m{n}"), "x")).await;
    }
    one.create("a").await.unwrap();
    one.create("b").await.unwrap();
    let names = ["INBOX", "a", "b"];
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..100_usize {
        let reader = if n % 2 == 0 { one.clone() } else { two.clone() };
        tasks.spawn(async move {
            let (from, to) = (names[n % 3], names[(n + 1 + n / 3 % 2) % 3]);
            let folder = reader.folder(from).await.unwrap().id;
            let here = reader.snapshot(folder).await.unwrap().entries;
            let some: Vec<u32> = here.iter().skip(n % 5).step_by(3).map(|entry| entry.uid).collect();
            if n % 10 == 9 {
                let some = &some[..some.len().min(1)];
                reader
                    .change_flags(folder, some, FlagChange::Add, &flags(&[SystemFlags::DELETED], &[]), None)
                    .await
                    .unwrap();
                reader.expunge(folder, Some(some)).await.unwrap().len()
            } else {
                let (_, placed) = reader.relocate(folder, &some, to).await.unwrap();
                assert!(placed.is_sorted() && placed.len() <= some.len());
                0
            }
        });
    }
    let gone: usize = tasks.join_all().await.into_iter().sum();
    let mut left: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for name in names {
        let uids = uids(&two, name).await;
        assert!(uids.is_sorted_by(|a, b| a < b));
        let next = two.folder(name).await.unwrap().uid_next;
        assert!(uids.last().is_none_or(|last| *last < next));
        for octets in read(&one, name).await {
            *left.entry(octets).or_default() += 1;
        }
    }
    assert_eq!(left.len() + gone, MANY, "none lost");
    assert!(left.values().all(|times| *times == 1), "none doubled");
    assert_eq!(office.count("SELECT COUNT(*) FROM messages").await, (MANY - gone) as i64);
    assert!(office.node.store.verify_audit().await.unwrap().is_ok());
}

async fn two_sessions_move_the_same_messages_once(office: Office) {
    let one = office.reader().await;
    let node = office.second_node().await;
    let two = node.reader(DOCTOR, &office.doctor.device.password).await;
    for n in 0..20 {
        put(&one, "INBOX", &letter(&format!("m{n}"), "x")).await;
    }
    let inbox = one.folder("INBOX").await.unwrap().id;
    let all: Vec<u32> = (1..=20).collect();
    let (a, b) = tokio::join!(one.relocate(inbox, &all, "Archive"), two.relocate(inbox, &all, "Trash"));
    let (a, b) = (a.unwrap().1.len(), b.unwrap().1.len());
    assert_eq!(a + b, 20, "each was moved by one of them");
    assert_eq!(uids(&one, "Archive").await.len(), a);
    assert_eq!(uids(&two, "Trash").await.len(), b);
}

/// Four looks a second; the rest is for a machine that does other things too.
const SOON: Duration = Duration::from_secs(20);

async fn a_watch_fires_at_once_here_and_soon_elsewhere(office: Office) {
    let here = office.reader().await;
    let node = office.second_node().await;
    let there = node.reader(DOCTOR, &office.doctor.device.password).await;
    let (mut near, mut far) = (here.watch(), there.watch());
    // The first look of a node may tell what it found; then it is quiet where nothing happens.
    for watch in [&mut near, &mut far] {
        while tokio::time::timeout(Duration::from_millis(900), watch.changed()).await.is_ok() {}
    }

    // A colleague's letter, deposited on this node.
    let password = office.colleague.device.password.reveal();
    let sender = office.node.access.login(COLLEAGUE, &password).await.unwrap();
    let letter = String::from_utf8(letter("a", "x")).unwrap().replace(DOCTOR, "TEMP").replace(COLLEAGUE, DOCTOR);
    let message = RawMessage::new(letter.replace("TEMP", COLLEAGUE).into_bytes()).unwrap();
    let submission = pli::delivery::Submission {
        sender,
        recipients: vec![DOCTOR.parse().unwrap()],
        dsn: DsnRequest::default(),
        transport: "ESMTPSA".to_owned(),
        message,
    };
    let deliveries = office.node.deliveries.clone();
    deliveries.accept(submission).await.unwrap();
    assert!(near.has_changed().unwrap(), "told with the 250, not by the next look");
    while uids(&there, "INBOX").await != [1] {
        tokio::time::timeout(SOON, far.changed()).await.expect("the other node looks").unwrap();
    }
    far.mark_unchanged();

    // A change of this session.
    near.mark_unchanged();
    let inbox = here.folder("INBOX").await.unwrap().id;
    here.change_flags(inbox, &[1], FlagChange::Add, &flags(&[SystemFlags::SEEN], &[]), None).await.unwrap();
    assert!(near.has_changed().unwrap(), "told with the commit");
    tokio::time::timeout(SOON, far.changed()).await.expect("the other node looks").unwrap();
    assert_eq!(list(&there, "INBOX").await[0].flags, flags(&[SystemFlags::SEEN], &[]));
}

async fn a_folder_that_is_deleted_takes_no_message_in(office: Office) {
    let reader = office.reader().await;
    let node = office.second_node().await;
    let other = node.reader(DOCTOR, &office.doctor.device.password).await;
    put(&reader, "INBOX", &letter("a", "x")).await;
    let inbox = reader.folder("INBOX").await.unwrap().id;
    for _ in 0..20 {
        reader.create("brief").await.unwrap();
        let (copied, deleted) = tokio::join!(other.copy(inbox, &[1], "brief"), reader.delete("brief"));
        deleted.unwrap();
        assert!(matches!(copied, Ok(_) | Err(FolderError::NoSuchFolder)));
    }
    assert_eq!(office.count("SELECT COUNT(*) FROM entries").await, 1);
    assert_eq!(read(&reader, "INBOX").await, [letter("a", "x")]);
}
