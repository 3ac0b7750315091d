//! What sessions do to a mailbox, as rows: folders, entries, UIDs, counters, and what goes with the last entry.

use std::time::Duration;

use pli::domain::*;
use pli::store::Store;
use pli::store::deposit::{MessageRow, NewObject};
use pli::store::entries::EntryRow;
use pli::store::folders::{FolderKey, NewFolder};
use pli::store::summaries::{DepositKeyRow, NewSummary};

use crate::bench::*;

crate::on_both! {
    folders_are_found_made_renamed_and_deleted
    what_is_hidden_has_no_uid_until_it_shows
    hidden_ones_show_in_the_order_of_arrival
    changes_are_told_since_a_mod_sequence
    a_summary_goes_with_the_last_entry_of_its_head
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
        let modseq = tx.touch_mailbox(house.mailbox, NOW).await.unwrap();
        let row = MessageRow { id: message, practice: house.practice, mailbox: house.mailbox, size, created_at: NOW };
        tx.append_message(&row, &objects).await.unwrap();
        let folder = tx.find_folder(house.mailbox, &FolderKey::Role(role)).await.unwrap().unwrap();
        let uid = tx.take_uids(folder, 1, modseq).await.unwrap().unwrap().first;
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
            modseq,
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
    let state = store.folder_state(house.mailbox, &FolderKey::Name(one.clone())).await.unwrap().unwrap();
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
    let again = store.folder_state(house.mailbox, &FolderKey::Name(two)).await.unwrap().unwrap();
    assert!(again.uid_validity > state.uid_validity);
    assert_eq!(store.folder_states(house.mailbox).await.unwrap().len(), 3);
}

/// What a folder lists: ids, UIDs, mod-sequences.
async fn listed(store: &Store, house: &House, folder: FolderId) -> Vec<(EntryId, i64, i64)> {
    let listing = store.listing(house.mailbox, folder, 0).await.unwrap().unwrap();
    listing.lines.iter().map(|line| (line.id, line.uid, line.modseq)).collect()
}

async fn reveal(store: &Store, house: &House, at: Timestamp) -> usize {
    write(store, Verb::CopiesShown, async |tx| {
        let modseq = tx.touch_mailbox(house.mailbox, at).await.unwrap();
        tx.reveal(house.mailbox, at, modseq).await.unwrap()
    })
    .await
}

async fn what_is_hidden_has_no_uid_until_it_shows(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let (first, mut second) = (house.letter(500), house.letter(500));
    second.entries[0].visible_at = later(40);
    let hidden = [first.entries[0].id, second.entries[0].id];
    store.deposit(first).await.unwrap();
    store.deposit(second).await.unwrap();
    let sent = FolderKey::Role(FolderRole::Sent);
    let state = store.folder_state(house.mailbox, &sent).await.unwrap().unwrap();
    assert_eq!((state.messages, state.uid_next, state.modseq), (0, 1, 1), "nothing changed that anybody sees");
    assert!(!store.has_hidden(house.mailbox, later(29)).await.unwrap());
    assert!(store.has_hidden(house.mailbox, later(30)).await.unwrap());
    let shown = entry(&store, &house, FolderRole::Sent, 1).await;
    assert_eq!(listed(&store, &house, shown.folder).await, [(shown.id, 1, shown.modseq)]);
    assert_eq!(reveal(&store, &house, later(29)).await, 0);
    assert_eq!(reveal(&store, &house, later(30)).await, 1);
    assert_eq!(reveal(&store, &house, later(30)).await, 0, "once");
    assert_eq!(reveal(&store, &house, later(40)).await, 1);
    let all = listed(&store, &house, shown.folder).await;
    let order: Vec<(EntryId, i64)> = all.iter().map(|(id, uid, _)| (*id, *uid)).collect();
    assert_eq!(order, [(shown.id, 1), (hidden[0], 2), (hidden[1], 3)]);
    assert!(all.is_sorted_by_key(|(.., modseq)| *modseq) && all[0].2 < all[1].2, "{all:?}");
    let state = store.folder_state(house.mailbox, &sent).await.unwrap().unwrap();
    assert_eq!((state.messages, state.unseen, state.uid_next, state.modseq), (3, 1, 4, all[2].2));
    assert_eq!((state.octets, state.deleted), (20_001, 0));
    write(&store, Verb::Moved, async |tx| {
        assert!(tx.take_uids(FolderId::random(&Seeded), 1, 9).await.unwrap().is_none());
    })
    .await;
}

/// Several in one group, and in one folder with what shows at once.
async fn hidden_ones_show_in_the_order_of_arrival(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let letters: Vec<_> = (0..20).map(|_| house.letter(500)).collect();
    let ids: Vec<EntryId> = letters.iter().map(|letter| letter.entries[0].id).collect();
    let (one, two) = ids.split_at(1);
    for letter in letters {
        store.deposit(letter).await.unwrap();
    }
    assert_eq!(reveal(&store, &house, later(30)).await, 20);
    let sent = store.folder_state(house.mailbox, &FolderKey::Role(FolderRole::Sent)).await.unwrap().unwrap().id;
    let all = listed(&store, &house, sent).await;
    assert_eq!(all.iter().map(|(id, ..)| *id).collect::<Vec<_>>(), [one, two].concat());
    assert_eq!(all.iter().map(|(_, uid, _)| *uid).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
}

/// RFC 7162: what changed since, what went since, and what is no longer listed one by one.
async fn changes_are_told_since_a_mod_sequence(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let mut rows = Vec::new();
    for n in 0..6 {
        rows.push(entry(&store, &house, FolderRole::Inbox, n).await);
    }
    let folder = rows[0].folder;
    let since = store.listing(house.mailbox, folder, 0).await.unwrap().unwrap().modseq;
    assert_eq!(since, rows[5].modseq);
    let flagged = write(&store, Verb::Flagged, async |tx| {
        let modseq = tx.touch_mailbox(house.mailbox, NOW).await.unwrap();
        tx.set_flags(rows[1].id, 1, None, modseq).await.unwrap();
        tx.note_changed(folder, modseq).await.unwrap();
        modseq
    })
    .await;
    let gone = write(&store, Verb::Expunged, async |tx| {
        let modseq = tx.touch_mailbox(house.mailbox, NOW).await.unwrap();
        tx.remove_entries(&[rows[3].clone(), rows[2].clone(), rows[5].clone()], modseq).await.unwrap();
        modseq
    })
    .await;
    let now = store.listing(house.mailbox, folder, since).await.unwrap().unwrap();
    assert_eq!(now.lines.iter().map(|line| (line.uid, line.modseq)).collect::<Vec<_>>(), [(2, flagged)]);
    let mut runs = now.gone.clone();
    runs.sort_unstable();
    assert_eq!((runs, now.modseq), (vec![(3, 4), (6, 6)], gone));
    assert_eq!(store.expunges(folder, flagged).await.unwrap().len(), 2);
    assert!(store.expunges(folder, gone).await.unwrap().is_empty());
    assert!(store.listing(house.mailbox, folder, gone).await.unwrap().unwrap().lines.is_empty());
    // What went long ago is forgotten, and that is known.
    write(&store, Verb::Expunged, async |tx| {
        for n in 0..4100 {
            let modseq = tx.touch_mailbox(house.mailbox, NOW).await.unwrap();
            tx.note_expunged(folder, &[100 + n * 2], modseq).await.unwrap();
        }
    })
    .await;
    let forgotten = store.listing(house.mailbox, folder, 0).await.unwrap().unwrap().forgotten;
    assert!(forgotten > gone && store.expunges(folder, 0).await.unwrap().len() == 4000, "{forgotten}");
}

async fn a_summary_goes_with_the_last_entry_of_its_head(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let row = entry(&store, &house, FolderRole::Inbox, 1).await;
    let twin = EntryRow { id: EntryId::random(&Seeded), uid: 8, ..row.clone() };
    let key = DepositKeyRow {
        id: DepositKeyId::random(&Seeded),
        mailbox: house.mailbox,
        esk: Esk::from_octets(octets(1200)),
        mac: mac(),
        created_at: NOW,
    };
    let mut letter = house.letter(500);
    let under = NewSummary { key: Some(key.id), summary: sealed(), words: Some(sealed()) };
    letter.keys = vec![key.clone(), key.clone()];
    letter.entries[0].summary = Some(under.clone());
    let sent = letter.entries[0].id;
    store.deposit(letter).await.unwrap();
    assert_eq!(store.deposit_key(house.mailbox, key.id).await.unwrap().unwrap().esk, key.esk);
    assert!(store.deposit_key(MailboxId::random(&Seeded), key.id).await.unwrap().is_none());
    let own = NewSummary { key: None, summary: sealed(), words: None };
    write(&store, Verb::Copied, async |tx| {
        tx.append_entry(&twin).await.unwrap();
        tx.put_summary(house.mailbox, row.head, &under).await.unwrap();
        tx.put_summary(house.mailbox, row.head, &own).await.unwrap();
    })
    .await;
    let ids = [row.id, sent, twin.id, EntryId::random(&Seeded)];
    let rows = store.summaries(house.mailbox, &ids).await.unwrap();
    let found = |id: EntryId| rows.iter().find(|row| row.shows.entry == id).unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(found(row.id).sealed, Some((None, own.summary.clone())));
    assert_eq!(found(twin.id).sealed, Some((None, own.summary)));
    assert_eq!(found(sent).sealed, Some((Some(key.id), under.summary)));
    let words = store.words(house.mailbox, &ids).await.unwrap();
    let sealed: Vec<_> = words.iter().filter_map(|row| row.sealed.clone()).collect();
    assert_eq!(sealed, [(Some(key.id), under.words.unwrap())]);
    assert!(store.summaries(MailboxId::random(&Seeded), &ids).await.unwrap().is_empty());
    let summaries = async || bench.numbers("SELECT COUNT(*) FROM summaries").await[0];
    for (row, left) in [(&row, 2), (&twin, 1)] {
        write(&store, Verb::Expunged, async |tx| tx.remove_entries(std::slice::from_ref(row), 99).await.unwrap()).await;
        assert_eq!(summaries().await, left);
    }
    let unused = async |at| write(&store, Verb::Swept, async |tx| tx.delete_unused_keys(at).await.unwrap()).await;
    assert_eq!(unused(later(1)).await, 0, "a summary is under it");
    let row = store.entry(house.mailbox, sent).await.unwrap().unwrap();
    write(&store, Verb::Expunged, async |tx| tx.remove_entries(&[row], 100).await.unwrap()).await;
    assert_eq!((unused(NOW).await, unused(later(1)).await), (0, 1));
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
    assert!(store.listing(other.mailbox, folder, 0).await.unwrap().is_none());
    let keywords = sealed();
    let sent = write(&store, Verb::Flagged, async |tx| {
        tx.touch_mailbox(house.mailbox, NOW).await.unwrap();
        let between = tx.entries_between(folder, 2, 4).await.unwrap();
        assert_eq!(between.iter().map(|row| row.uid).collect::<Vec<_>>(), [2, 3, 4]);
        tx.set_flags(rows[1].id, 9, Some(&keywords), 20).await.unwrap();
        tx.set_flags(rows[3].id, 8, None, 20).await.unwrap();
        let deleted = async |tx: &mut pli::store::Tx, above, many| {
            let rows = tx.deleted_entries(folder, above, many).await.unwrap();
            rows.iter().map(|row| row.uid).collect::<Vec<_>>()
        };
        assert_eq!(deleted(tx, 0, 10).await, [2, 4]);
        assert_eq!(deleted(tx, 0, 1).await, [2]);
        assert_eq!(deleted(tx, 2, 10).await, [4]);
        let sent = tx.find_folder(house.mailbox, &FolderKey::Role(FolderRole::Sent)).await.unwrap().unwrap();
        tx.place_entry(rows[4].id, sent, 77, 20).await.unwrap();
        assert_eq!(tx.first_entries(sent, i64::MIN, 10).await.unwrap().len(), 1);
        sent
    })
    .await;
    let lines = store.listing(house.mailbox, folder, 0).await.unwrap().unwrap().lines;
    let flags: Vec<(i64, i64, bool)> = lines.iter().map(|l| (l.uid, l.flags, l.keywords.is_some())).collect();
    assert_eq!(flags, [(1, 0, true), (2, 9, true), (3, 0, true), (4, 8, false)]);
    assert_eq!(lines[1].keywords.as_ref(), Some(&keywords));
    assert_eq!(store.entry(house.mailbox, rows[4].id).await.unwrap().unwrap().folder, sent);
    let state = store.folder_state(house.mailbox, &FolderKey::Id(folder)).await.unwrap().unwrap();
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
        let objects = write(&store, Verb::Expunged, async |tx| tx.remove_entries(&rows, 99).await.unwrap()).await;
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
            tx.remove_entries(&rows, 99).await.unwrap();
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
    assert_eq!(store.changes(house.mailbox).await.unwrap(), 2);
    watch.mark_unchanged();
    let mut tx = store.write("given up").await.unwrap();
    tx.touch_mailbox(house.mailbox, NOW).await.unwrap();
    drop(tx);
    assert_eq!(store.changes(house.mailbox).await.unwrap(), 2, "what is rolled back is no change");
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
    write(&store, Verb::Expunged, async |tx| tx.remove_entries(&[row], 99).await.unwrap()).await;
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
