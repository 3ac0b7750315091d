//! What sessions do to a mailbox, as rows: folders, entries, UIDs, counters, and what goes with the last entry.

use std::time::Duration;

use pli::domain::*;
use pli::store::Store;
use pli::store::deposit::{MessageRow, NewObject};
use pli::store::entries::EntryRow;
use pli::store::folders::{FolderKey, NewFolder};

use crate::bench::*;

crate::on_both! {
    folders_are_found_made_renamed_and_deleted
    uids_ascend_and_hidden_entries_step_behind
    what_is_about_to_show_keeps_its_uid
    a_copy_shows_behind_those_with_lower_uids
    entries_are_listed_flagged_and_counted
    usage_is_summed_against_the_quota
    server_copies_are_found_by_hash_and_age
    the_last_entry_takes_the_message_along
    two_mailboxes_let_go_of_one_message_at_once
    counters_rise_with_every_change
    a_slot_keeps_its_quick_form_for_its_version
    expunged_octets_leave_the_files
}

fn new_folder(mailbox: MailboxId, hash: KeyedHash) -> NewFolder {
    NewFolder { id: FolderId::random(&Seeded), mailbox, name: sealed(), hash, created_at: NOW }
}

/// A message of one object in a folder of a mailbox; its entry.
async fn entry(store: &Store, house: &House, role: FolderRole, size: i64) -> EntryRow {
    let message = MessageId::random(&Seeded);
    let head = ObjectId::random(&Seeded);
    let objects = vec![NewObject { id: head, container: Container::from_octets(octets(500)) }];
    let objects = store.put_objects(objects).await.unwrap();
    write(store, Verb::Appended, async |tx| {
        tx.touch_mailbox(house.mailbox, NOW).await.unwrap();
        let row = MessageRow { id: message, practice: house.practice, mailbox: house.mailbox, size, created_at: NOW };
        tx.append_message(&row, &objects).await.unwrap();
        let folder = tx.find_folder(house.mailbox, &FolderKey::Role(role)).await.unwrap().unwrap();
        let uid = tx.take_uids(folder, 1).await.unwrap().unwrap().first;
        let entry = EntryRow {
            id: EntryId::random(&Seeded),
            mailbox: house.mailbox,
            folder,
            uid,
            message,
            head,
            esk: Esk::from_octets(octets(1200)),
            flags: 0,
            keywords: Some(sealed()),
            size,
            received_at: NOW,
            visible_at: NOW,
            message_id: Some(hash()),
            server_copy: false,
            submission: None,
            mac: mac(),
        };
        tx.append_entry(&entry).await.unwrap();
        entry
    })
    .await
}

async fn folders_are_found_made_renamed_and_deleted(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let other = House { practice: house.practice, mailbox: House::mailbox(&store, house.practice).await };
    let (one, two) = (hash(), hash());
    let (mine, theirs) = (new_folder(house.mailbox, one.clone()), new_folder(other.mailbox, one.clone()));
    write(&store, Verb::FolderCreated, async |tx| {
        assert!(tx.make_folder(&mine).await.is_err(), "not without raising the counter");
    })
    .await;
    write(&store, Verb::FolderCreated, async |tx| {
        tx.touch_mailbox(house.mailbox, NOW).await.unwrap();
        tx.touch_mailbox(other.mailbox, NOW).await.unwrap();
        assert!(tx.make_folder(&mine).await.unwrap());
        assert!(!tx.make_folder(&new_folder(house.mailbox, one.clone())).await.unwrap(), "the name is taken");
        assert!(tx.make_folder(&theirs).await.unwrap(), "but not in another mailbox");
    })
    .await;
    let state = store.folder_state(house.mailbox, &FolderKey::Name(one.clone()), NOW).await.unwrap().unwrap();
    assert_eq!((state.id, state.role, state.subscribed), (mine.id, FolderRole::Plain, true));
    assert_eq!(state.name.as_ref(), Some(&mine.name));
    let name = sealed();
    write(&store, Verb::FolderRenamed, async |tx| {
        tx.touch_mailbox(house.mailbox, NOW).await.unwrap();
        tx.rename_folder(mine.id, &name, &two).await.unwrap();
        assert_eq!(tx.named_folders(house.mailbox).await.unwrap(), [(mine.id, name.clone())]);
        assert!(tx.subscribe_folder(mine.id, false).await.unwrap());
        assert!(!tx.subscribe_folder(mine.id, false).await.unwrap());
        assert_eq!(tx.find_folder(house.mailbox, &FolderKey::Name(one.clone())).await.unwrap(), None);
        assert_eq!(tx.find_folder(house.mailbox, &FolderKey::Name(two.clone())).await.unwrap(), Some(mine.id));
        assert_eq!(tx.find_folder(house.mailbox, &FolderKey::Id(theirs.id)).await.unwrap(), None);
        let inbox = tx.find_folder(house.mailbox, &FolderKey::Role(FolderRole::Inbox)).await.unwrap().unwrap();
        assert!(!tx.delete_folder(inbox).await.unwrap(), "a special folder stays");
        assert!(tx.delete_folder(mine.id).await.unwrap());
        let again = new_folder(house.mailbox, two.clone());
        assert!(tx.make_folder(&again).await.unwrap());
    })
    .await;
    let again = store.folder_state(house.mailbox, &FolderKey::Name(two), NOW).await.unwrap().unwrap();
    assert!(again.uid_validity > state.uid_validity);
    assert_eq!(store.folder_states(house.mailbox, NOW).await.unwrap().len(), 3);
}

async fn uids_ascend_and_hidden_entries_step_behind(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let (first, second) = (house.letter(500), house.letter(500));
    let hidden = [first.entries[0].id, second.entries[0].id];
    store.deposit(first).await.unwrap();
    store.deposit(second).await.unwrap();
    let sent = FolderKey::Role(FolderRole::Sent);
    let state = store.folder_state(house.mailbox, &sent, NOW).await.unwrap().unwrap();
    assert_eq!((state.messages, state.uid_next), (0, 1), "what does not show has no UID yet");
    let shown = entry(&store, &house, FolderRole::Sent, 1).await;
    write(&store, Verb::Appended, async |tx| {
        tx.touch_mailbox(house.mailbox, NOW).await.unwrap();
        tx.renumber_hidden(shown.folder, NOW).await.unwrap();
        tx.renumber_hidden(shown.folder, later(31)).await.unwrap();
    })
    .await;
    let lines = store.entry_lines(house.mailbox, shown.folder, later(31)).await.unwrap();
    let order: Vec<(EntryId, i64)> = lines.iter().map(|line| (line.id, line.uid)).collect();
    assert_eq!(order, [(shown.id, 3), (hidden[0], 4), (hidden[1], 5)]);
    let state = store.folder_state(house.mailbox, &sent, later(31)).await.unwrap().unwrap();
    assert_eq!((state.messages, state.unseen, state.uid_next), (3, 1, 6));
    write(&store, Verb::Moved, async |tx| {
        assert!(tx.take_uids(FolderId::random(&Seeded), 1).await.unwrap().is_none());
    })
    .await;
}

/// A node whose clock is a little faster may have told it.
async fn what_is_about_to_show_keeps_its_uid(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let (near, mut far) = (house.letter(500), house.letter(500));
    far.entries[0].visible_at = later(40);
    let hidden = [near.entries[0].id, far.entries[0].id];
    store.deposit(near).await.unwrap();
    store.deposit(far).await.unwrap();
    let shown = entry(&store, &house, FolderRole::Sent, 1).await;
    write(&store, Verb::Appended, async |tx| {
        tx.touch_mailbox(house.mailbox, later(26)).await.unwrap();
        tx.renumber_hidden(shown.folder, later(26)).await.unwrap();
    })
    .await;
    let order = async |at| -> Vec<(EntryId, i64)> {
        let lines = store.entry_lines(house.mailbox, shown.folder, later(at)).await.unwrap();
        lines.iter().map(|line| (line.id, line.uid)).collect()
    };
    assert_eq!(order(26).await, [(hidden[0], 1), (shown.id, 3)], "never after what has a higher UID");
    assert_eq!(order(40).await, [(hidden[0], 1), (shown.id, 3), (hidden[1], 4)]);
}

/// Two submissions whose commits come in the other order than their instants.
async fn a_copy_shows_behind_those_with_lower_uids(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let (mut late, mut early, mut wrong) = (house.letter(500), house.letter(500), house.letter(500));
    late.entries[0].visible_at = later(40);
    early.entries[0].visible_at = later(30);
    wrong.entries[0].visible_at = later(86_400);
    let ids = [late.entries[0].id, early.entries[0].id];
    store.deposit(late).await.unwrap();
    store.deposit(early).await.unwrap();
    let sent = FolderKey::Role(FolderRole::Sent);
    let folder = store.folder_state(house.mailbox, &sent, NOW).await.unwrap().unwrap().id;
    let shown = async |at| -> Vec<EntryId> {
        store.entry_lines(house.mailbox, folder, later(at)).await.unwrap().iter().map(|line| line.id).collect()
    };
    assert_eq!(shown(39).await, [], "nothing shows before what has a lower UID");
    assert_eq!(shown(40).await, ids);
    // A clock that was a day ahead holds nothing up for a day.
    store.deposit(wrong).await.unwrap();
    let next = house.letter(500);
    store.deposit(next).await.unwrap();
    assert_eq!(shown(41).await.len(), 3);
}

async fn entries_are_listed_flagged_and_counted(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let other = House { practice: house.practice, mailbox: House::mailbox(&store, house.practice).await };
    let mut rows = Vec::new();
    for n in 0..5 {
        rows.push(entry(&store, &house, FolderRole::Inbox, n).await);
    }
    let folder = rows[0].folder;
    let read = store.entry(house.mailbox, rows[2].id).await.unwrap().unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", rows[2]));
    assert_eq!((&read.esk, &read.keywords, &read.mac), (&rows[2].esk, &rows[2].keywords, &rows[2].mac));
    assert!(store.entry(other.mailbox, rows[2].id).await.unwrap().is_none());
    assert!(store.entry_lines(other.mailbox, folder, NOW).await.unwrap().is_empty());
    let keywords = sealed();
    let sent = write(&store, Verb::Flagged, async |tx| {
        tx.touch_mailbox(house.mailbox, NOW).await.unwrap();
        let between = tx.entries_between(folder, 2, 4, NOW).await.unwrap();
        assert_eq!(between.iter().map(|row| row.uid).collect::<Vec<_>>(), [2, 3, 4]);
        assert!(tx.entries_between(folder, 2, 4, later(-1)).await.unwrap().is_empty(), "what does not show yet");
        tx.set_flags(rows[1].id, 9, Some(&keywords)).await.unwrap();
        tx.set_flags(rows[3].id, 8, None).await.unwrap();
        let deleted = async |tx: &mut pli::store::Tx, above, many| {
            let rows = tx.deleted_entries(folder, above, many, NOW).await.unwrap();
            rows.iter().map(|row| row.uid).collect::<Vec<_>>()
        };
        assert_eq!(deleted(tx, 0, 10).await, [2, 4]);
        assert_eq!(deleted(tx, 0, 1).await, [2]);
        assert_eq!(deleted(tx, 2, 10).await, [4]);
        let sent = tx.find_folder(house.mailbox, &FolderKey::Role(FolderRole::Sent)).await.unwrap().unwrap();
        tx.place_entry(rows[4].id, sent, 77).await.unwrap();
        assert_eq!(tx.first_entries(sent, 10, Timestamp(i64::MAX)).await.unwrap().len(), 1);
        sent
    })
    .await;
    let lines = store.entry_lines(house.mailbox, folder, NOW).await.unwrap();
    let flags: Vec<(i64, i64, bool)> = lines.iter().map(|l| (l.uid, l.flags, l.keywords.is_some())).collect();
    assert_eq!(flags, [(1, 0, true), (2, 9, true), (3, 0, true), (4, 8, false)]);
    assert_eq!(lines[1].keywords.as_ref(), Some(&keywords));
    assert_eq!(store.entry(house.mailbox, rows[4].id).await.unwrap().unwrap().folder, sent);
    let state = store.folder_state(house.mailbox, &FolderKey::Id(folder), NOW).await.unwrap().unwrap();
    assert_eq!((state.messages, state.unseen), (4, 3));
}

async fn usage_is_summed_against_the_quota(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let usage = store.usage(house.mailbox).await.unwrap();
    assert_eq!((usage.used, usage.quota), (0, 10 << 30));
    for size in [1000, 234] {
        entry(&store, &house, FolderRole::Inbox, size).await;
    }
    assert!(store.set_quota(house.mailbox, 2000, event(Verb::MailboxAdded)).await.unwrap());
    let usage = store.usage(house.mailbox).await.unwrap();
    assert_eq!((usage.used, usage.quota), (1234, 2000));
    assert!(usage.fits(766) && !usage.fits(767));
    write(&store, Verb::Appended, async |tx| assert_eq!(tx.usage(house.mailbox).await.unwrap(), usage)).await;
    assert!(store.set_quota(house.mailbox, 0, event(Verb::MailboxAdded)).await.unwrap());
    assert!(store.usage(house.mailbox).await.unwrap().fits(i64::MAX), "no limit");
    let nobody = MailboxId::random(&Seeded);
    assert!(!store.set_quota(nobody, 1, event(Verb::MailboxAdded)).await.unwrap());
    assert!(store.usage(nobody).await.is_err());
}

async fn server_copies_are_found_by_hash_and_age(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let letter = house.letter(500);
    let (id, message_id) = (letter.entries[0].id, letter.entries[0].message_id.clone().unwrap());
    store.deposit(letter).await.unwrap();
    let appended = entry(&store, &house, FolderRole::Inbox, 1).await;
    write(&store, Verb::Appended, async |tx| {
        let found = async |tx: &mut pli::store::Tx, hash: &KeyedHash, since| {
            let rows = tx.server_copies(house.mailbox, hash, since).await.unwrap();
            rows.iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(found(tx, &message_id, NOW).await, [id]);
        assert!(found(tx, &message_id, later(1)).await.is_empty(), "older than asked for");
        assert!(found(tx, &hash(), NOW).await.is_empty());
        let own = appended.message_id.clone().unwrap();
        assert!(found(tx, &own, NOW).await.is_empty(), "a client's own is none");
    })
    .await;
}

async fn the_last_entry_takes_the_message_along(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let row = entry(&store, &house, FolderRole::Inbox, 1).await;
    let twin = EntryRow { id: EntryId::random(&Seeded), uid: 8, ..row.clone() };
    let standing = entry(&store, &house, FolderRole::Inbox, 1).await;
    let standing = EntryRow { id: EntryId::random(&Seeded), uid: 9, submission: Some(row.message), ..standing };
    write(&store, Verb::Copied, async |tx| {
        tx.append_entry(&twin).await.unwrap();
        tx.append_entry(&standing).await.unwrap();
    })
    .await;
    let remove = async |row: &EntryRow| {
        let rows = [row.clone()];
        let objects = write(&store, Verb::Expunged, async |tx| tx.remove_entries(&rows).await.unwrap()).await;
        store.delete_objects(&objects).await;
        let exists = format!("SELECT COUNT(*) FROM messages WHERE id = '{}'", row.message);
        (bench.numbers(&exists).await[0], store.container(row.head).await.unwrap().is_some())
    };
    assert_eq!(remove(&row).await, (1, true), "a copy is there");
    assert_eq!(remove(&twin).await, (1, false), "a client's copy stands for it: the row stays, the head goes");
    remove(&standing).await;
    let exists = format!("SELECT COUNT(*) FROM messages WHERE id = '{}'", row.message);
    assert_eq!(bench.numbers(&exists).await, [0]);

    // A delivery keeps what its recipient sees.
    let letter = house.letter(100_000);
    let (id, head) = (letter.entries[0].id, letter.objects[0].id);
    store.deposit(letter).await.unwrap();
    let sent = store.entry(house.mailbox, id).await.unwrap().unwrap();
    assert_eq!(remove(&sent).await, (1, true));
    assert!(bench.objects().join(crate::deposits::path(head)).is_file());
}

/// Both see the other's entry until one of them has ended: the second must see that nobody is left.
async fn two_mailboxes_let_go_of_one_message_at_once(bench: Bench) {
    let store = bench.open().await;
    let second = bench.try_open("second").await.unwrap();
    let house = House::build(&store).await;
    let other = House::mailbox(&store, house.practice).await;
    for _ in 0..10 {
        let mut letters = Vec::new();
        for _ in 0..5 {
            let mut letter = house.letter(500);
            letter.deliveries.clear();
            let mut theirs = house.entry(letter.objects[0].id, FolderRole::Inbox);
            theirs.mailbox = other;
            letter.entries.push(theirs);
            letters.push((letter.entries[0].id, letter.entries[1].id));
            store.deposit(letter).await.unwrap();
        }
        let remove = async |store: &Store, mailbox, ids: Vec<EntryId>| {
            let mut tx = store.write("remove").await.unwrap();
            tx.touch_mailbox(mailbox, NOW).await.unwrap();
            let mut rows = Vec::new();
            for id in ids {
                rows.push(store.entry(mailbox, id).await.unwrap().unwrap());
            }
            tx.remove_entries(&rows).await.unwrap();
            tx.commit(event(Verb::Expunged)).await.unwrap();
        };
        let mine = letters.iter().map(|(mine, _)| *mine).collect();
        let theirs = letters.iter().rev().map(|(_, theirs)| *theirs).collect();
        tokio::join!(remove(&store, house.mailbox, mine), remove(&second, other, theirs));
    }
    for table in ["entries", "messages", "objects"] {
        assert_eq!(bench.numbers(&format!("SELECT COUNT(*) FROM {table}")).await, [0], "{table}");
    }
}

async fn counters_rise_with_every_change(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let mut watch = store.watch(house.mailbox);
    assert_eq!(store.changes(house.mailbox).await.unwrap(), 0);
    store.deposit(house.letter(500)).await.unwrap();
    assert!(watch.has_changed().unwrap(), "told with the commit");
    assert_eq!(store.changes(house.mailbox).await.unwrap(), 1);
    watch.mark_unchanged();
    let mut tx = store.write("given up").await.unwrap();
    tx.touch_mailbox(house.mailbox, NOW).await.unwrap();
    drop(tx);
    assert_eq!(store.changes(house.mailbox).await.unwrap(), 1, "what is rolled back is no change");
    let second = bench.try_open("second").await.unwrap();
    let mut far = second.watch(house.mailbox);
    tokio::time::timeout(Duration::from_secs(20), far.changed()).await.expect("the first look").unwrap();
    watch.mark_unchanged();
    second.deposit(house.letter(500)).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), watch.changed()).await.expect("soon").unwrap();
    // Whoever looks away is forgotten, and may come back.
    drop(watch);
    tokio::time::sleep(Duration::from_millis(600)).await;
    let mut watch = store.watch(house.mailbox);
    store.deposit(house.letter(500)).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), watch.changed()).await.expect("still told").unwrap();
}

async fn a_slot_keeps_its_quick_form_for_its_version(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let device = device_row(house.mailbox, "abcd");
    let slot = slot_row(house.mailbox, Some(device.id));
    let pending_device = device_row(house.mailbox, "efgh");
    let mut pending = slot_row(house.mailbox, Some(pending_device.id));
    pending.esk = None;
    let quick = sealed();
    write(&store, Verb::DeviceAdded, async |tx| {
        assert!(tx.insert_device(&device, Some(&slot)).await.unwrap());
        assert!(tx.insert_device(&pending_device, Some(&pending)).await.unwrap());
        assert!(!tx.set_quick(slot.id, 2, &quick).await.unwrap(), "filled anew meanwhile");
        assert!(tx.set_quick(slot.id, 1, &quick).await.unwrap());
        assert!(!tx.set_quick(pending.id, 1, &quick).await.unwrap(), "nobody filled it yet");
    })
    .await;
    assert_eq!(store.slot_of(device.id).await.unwrap().unwrap().quick, Some(quick));
    assert!(store.slot_of(DeviceId::random(&Seeded)).await.unwrap().is_none());
}

async fn expunged_octets_leave_the_files(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let row = entry(&store, &house, FolderRole::Inbox, 1).await;
    let canary = row.esk.as_octets()[..64].to_vec();
    write(&store, Verb::Expunged, async |tx| tx.remove_entries(&[row]).await.unwrap()).await;
    if !bench.is_sqlite() {
        return;
    }
    store.shred_later();
    store.shred_later();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let found = ["pli.db", "pli.db-wal"].iter().any(|file| {
            let octets = std::fs::read(bench.folder.path().join(file)).unwrap_or_default();
            octets.windows(64).any(|window| window == canary)
        });
        if !found {
            return;
        }
    }
    panic!("the expunged entry is still in the files");
}
