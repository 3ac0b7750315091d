//! Imports: the journal of what was taken, and names that wait for a session.

use pli::domain::*;
use pli::store::folders::{FolderKey, NewFolder};
use pli::store::imports::{ImportRow, WaitingName, WaitingRow};
use pli::store::summaries::DepositKeyRow;

use crate::bench::*;

crate::on_both! {
    what_was_taken_is_noted_once
    names_wait_until_they_are_taken
}

async fn what_was_taken_is_noted_once(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let (source, message, content) = (hash(), hash(), hash());
    let row = ImportRow {
        mailbox: house.mailbox,
        source: source.clone(),
        message: message.clone(),
        octets: content.clone(),
        entry: EntryId::random(&Seeded),
        created_at: NOW,
    };
    let again = ImportRow { entry: EntryId::random(&Seeded), ..row.clone() };
    write(&store, Verb::Imported, async |tx| {
        assert!(tx.note_imported(&row).await.unwrap());
        assert!(!tx.note_imported(&again).await.unwrap());
    })
    .await;
    assert_eq!(store.imported(house.mailbox, &source).await.unwrap(), [(message, row.entry)]);
    assert!(store.was_imported(house.mailbox, &content).await.unwrap());
    let other = House::mailbox(&store, house.practice).await;
    assert!(store.imported(other, &source).await.unwrap().is_empty());
    assert!(!store.was_imported(other, &content).await.unwrap());
    assert!(store.imported(house.mailbox, &hash()).await.unwrap().is_empty());
}

async fn names_wait_until_they_are_taken(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let (mailbox, source) = (house.mailbox, hash());
    let key = DepositKeyRow {
        id: DepositKeyId::random(&Seeded),
        mailbox,
        esk: Esk::from_octets(octets(1200)),
        mac: mac(),
        created_at: NOW,
    };
    let mut letter = house.letter(500);
    letter.entries[0].server_copy = false;
    letter.entries[0].visible_at = NOW;
    let entry = letter.entries[0].id;
    store.deposit(letter).await.unwrap();
    let (folder, twin) = (FolderId::random(&Seeded), FolderId::random(&Seeded));
    let (path, words) = (WaitingRow::Path(folder), WaitingRow::Keywords(entry));
    let name = |row| WaitingName { row, key: key.id, sealed: sealed() };
    let (waiting, keywords) = (name(path), name(words));
    write(&store, Verb::FolderCreated, async |tx| {
        tx.touch_mailbox(mailbox, NOW).await.unwrap();
        tx.put_deposit_key(&key).await.unwrap();
        tx.put_deposit_key(&key).await.unwrap();
        assert!(tx.make_import_folder(mailbox, &source, folder, NOW).await.unwrap());
        tx.put_waiting_name(mailbox, &keywords).await.unwrap();
        tx.put_waiting_name(mailbox, &waiting).await.unwrap();
    })
    .await;
    assert_eq!(store.import_folder(mailbox, &source).await.unwrap(), Some(folder));
    let mut tx = store.write("a second one").await.unwrap();
    tx.touch_mailbox(mailbox, NOW).await.unwrap();
    assert!(!tx.make_import_folder(mailbox, &source, twin, NOW).await.unwrap());
    drop(tx);
    let found = store.waiting_names(mailbox, 10).await.unwrap();
    let rows: Vec<_> = found.iter().map(|name| (name.row, name.key, name.sealed.clone())).collect();
    assert_eq!(rows, [(path, key.id, waiting.sealed), (words, key.id, keywords.sealed)], "paths before keywords");
    assert_eq!(store.waiting_names(mailbox, 1).await.unwrap().len(), 1);
    let unused = async || write(&store, Verb::Swept, async |tx| tx.delete_unused_keys(later(1)).await.unwrap()).await;
    assert_eq!(unused().await, 0, "names are under the key");

    let (sealed_path, sealed_words, hash) = (sealed(), sealed(), hash());
    write(&store, Verb::NamesAdopted, async |tx| {
        let modseq = tx.touch_mailbox(mailbox, NOW).await.unwrap();
        assert!(tx.take_waiting_name(mailbox, path).await.unwrap());
        assert!(!tx.take_waiting_name(mailbox, path).await.unwrap());
        assert!(tx.name_folder(folder, &sealed_path, &hash).await.unwrap());
        assert!(!tx.name_folder(folder, &sealed_path, &hash).await.unwrap(), "it has a name");
        assert!(tx.take_waiting_name(mailbox, words).await.unwrap());
        assert!(tx.name_keywords(mailbox, entry, &sealed_words, modseq).await.unwrap());
        assert!(!tx.name_keywords(mailbox, entry, &sealed_words, modseq).await.unwrap(), "it has some");
        let inbox = tx.find_folder(mailbox, &FolderKey::Role(FolderRole::Inbox)).await.unwrap().unwrap();
        assert!(!tx.name_folder(inbox, &sealed_path, &hash).await.unwrap(), "a special folder has no other name");
        assert_eq!(tx.find_folder(mailbox, &FolderKey::Name(hash.clone())).await.unwrap(), Some(folder));
    })
    .await;
    assert_eq!(store.entry(mailbox, entry).await.unwrap().unwrap().keywords, Some(sealed_words));
    assert!(store.waiting_names(mailbox, 10).await.unwrap().is_empty());
    assert_eq!(unused().await, 1);
    // A folder that goes is forgotten; the next import makes another.
    write(&store, Verb::FolderDeleted, async |tx| {
        tx.touch_mailbox(mailbox, NOW).await.unwrap();
        assert!(tx.delete_folder(folder).await.unwrap());
        let made = NewFolder { id: twin, mailbox, name: sealed(), hash, created_at: NOW };
        assert!(tx.make_folder(&made).await.unwrap(), "its name is free");
    })
    .await;
    assert_eq!(store.import_folder(mailbox, &source).await.unwrap(), None);
}
