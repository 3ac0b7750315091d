//! Deposits: all or nothing, in groups, from several nodes, beside the sweep.

use std::time::{Duration, SystemTime};

use pli::domain::*;
use pli::store::deposit::{Deposit, NewObject};

use crate::bench::*;

crate::on_both! {
    a_deposit_survives_reopening
    large_containers_are_objects
    one_bad_deposit_fails_alone
    uids_have_no_gaps_and_no_twins
    two_nodes_deposit_into_each_others_folders
    a_deposit_inside_a_transaction
    the_sweep_takes_old_orphans_and_nothing_else
    fault_40_one_id_belongs_to_one_row
}

async fn a_deposit_survives_reopening(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let letter = house.letter(10_000);
    let (head, delivery) = (letter.objects[0].id, letter.deliveries[0].0.id);
    let container = letter.objects[0].container.clone();
    let work = letter.deliveries[0].1.id;
    store.deposit(letter).await.unwrap();
    let expected = |sent| [(FolderRole::Inbox, 0), (FolderRole::Sent, sent)];
    let sorted = async |at| {
        write(&store, Verb::CopiesShown, async |tx| {
            let modseq = tx.touch_mailbox(house.mailbox, at).await.unwrap();
            tx.reveal(house.mailbox, at, modseq).await.unwrap();
        })
        .await;
        let rows = store.folder_counts(house.mailbox).await.unwrap();
        let mut rows: Vec<_> = rows.into_iter().map(|row| (row.role, row.messages)).collect();
        rows.sort_by_key(|(role, _)| role.word());
        rows
    };
    assert_eq!(sorted(later(29)).await, expected(0), "the Sent copy shows after half a minute");
    assert_eq!(sorted(later(30)).await, expected(1));
    store.close().await;

    let store = bench.open().await;
    assert_eq!(store.container(head).await.unwrap(), Some(container));
    assert!(store.delivery(delivery).await.unwrap().is_some());
    let waiting = store.outbox(false, 10).await.unwrap();
    assert_eq!(waiting.iter().map(|row| (row.id, row.delivery)).collect::<Vec<_>>(), [(work, delivery)]);
    assert_eq!(store.verify_audit().await.unwrap(), Ok(5));
}

async fn large_containers_are_objects(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let mut letter = house.letter(Deposit::INLINE);
    for size in [Deposit::INLINE + 1, 300_000, 1_000_000] {
        letter
            .objects
            .push(NewObject { id: ObjectId::random(&Seeded), container: Container::from_octets(octets(size)) });
    }
    let objects: Vec<_> = letter.objects.iter().map(|object| (object.id, object.container.clone())).collect();
    store.deposit(letter).await.unwrap();
    for (index, (id, container)) in objects.iter().enumerate() {
        assert_eq!(store.container(*id).await.unwrap().as_ref(), Some(container));
        assert_eq!(bench.objects().join(path(*id)).is_file(), index > 0, "only what is large is a file");
    }
    assert_eq!(store.container(ObjectId::random(&Seeded)).await.unwrap(), None);
    // A file that was cut is not given out; one that is gone is gone.
    std::fs::write(bench.objects().join(path(objects[1].0)), b"short").unwrap();
    assert!(store.container(objects[1].0).await.is_err());
    std::fs::remove_file(bench.objects().join(path(objects[2].0))).unwrap();
    assert_eq!(store.container(objects[2].0).await.unwrap(), None);
    let mode = |path: &std::path::Path| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode(&bench.objects()), 0o700);
}

async fn one_bad_deposit_fails_alone(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..60 {
        let mut letter = house.letter(2000);
        let bad = n % 20 == 7;
        if bad {
            // A folder that the mailbox has not.
            letter.entries[0].folder = FolderRole::Drafts;
        }
        let (store, id) = (store.clone(), letter.deliveries[0].0.id);
        tasks.spawn(async move {
            let outcome = store.deposit(letter).await;
            assert_eq!(outcome.is_err(), bad, "{outcome:?}");
            assert_eq!(store.delivery(id).await.unwrap().is_some(), !bad);
        });
    }
    tasks.join_all().await;
    assert_eq!(bench.numbers("SELECT COUNT(*) FROM messages").await, [57]);
    assert_eq!(bench.numbers("SELECT COUNT(*) FROM objects").await, [57]);
    assert_eq!(store.verify_audit().await.unwrap(), Ok(59), "one event for each that stands");
}

async fn uids_have_no_gaps_and_no_twins(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..80 {
        let mut letter = house.letter(500);
        let head = letter.objects[0].id;
        letter.entries.push(house.entry(head, FolderRole::Inbox));
        letter.entries.push(house.entry(head, FolderRole::Inbox));
        let store = store.clone();
        tasks.spawn(async move { store.deposit(letter).await.unwrap() });
    }
    tasks.join_all().await;
    write(&store, Verb::CopiesShown, async |tx| {
        let modseq = tx.touch_mailbox(house.mailbox, later(30)).await.unwrap();
        assert_eq!(tx.reveal(house.mailbox, later(30), modseq).await.unwrap(), 80);
    })
    .await;
    for (role, count) in [("sent", 80), ("inbox", 160)] {
        let sql = format!(
            "SELECT uid FROM entries WHERE folder_id = (SELECT id FROM folders WHERE role = '{role}') ORDER BY uid"
        );
        assert_eq!(bench.numbers(&sql).await, (1..=count).collect::<Vec<_>>());
        assert_eq!(bench.numbers(&format!("SELECT uid_next FROM folders WHERE role = '{role}'")).await, [count + 1]);
    }
}

async fn two_nodes_deposit_into_each_others_folders(bench: Bench) {
    let (one, two) = (bench.open().await, bench.try_open("second").await.unwrap());
    let house = House::build(&one).await;
    let mut boxes = vec![house.mailbox];
    for _ in 0..3 {
        boxes.push(House::mailbox(&one, house.practice).await);
    }
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..120 {
        let mut letter = house.letter(500);
        let head = letter.objects[0].id;
        // Every deposit touches all folders, in another order each time.
        for k in 0..boxes.len() {
            let mut entry = house.entry(head, FolderRole::Inbox);
            entry.mailbox = boxes[(n + k) % boxes.len()];
            letter.entries.push(entry);
        }
        let store = if n % 2 == 0 { one.clone() } else { two.clone() };
        tasks.spawn(async move { store.deposit(letter).await });
    }
    for outcome in tasks.join_all().await {
        outcome.unwrap();
    }
    assert_eq!(bench.numbers("SELECT COUNT(*) FROM entries").await, [600]);
    assert_eq!(one.verify_audit().await.unwrap(), Ok(125));
}

async fn a_deposit_inside_a_transaction(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let mut receipt = house.letter(500);
    receipt.deliveries.clear();
    receipt.entries[0].folder = FolderRole::Inbox;
    let head = receipt.objects[0].id;
    write(&store, Verb::ReceiptDeposited, async |tx| tx.insert_deposit(receipt).await.unwrap()).await;
    assert!(store.container(head).await.unwrap().is_some());
    assert_eq!(
        store.audit(1).await.unwrap()[0].line,
        event(Verb::ReceiptDeposited).line(),
        "one event, the transaction's"
    );
    assert_eq!(store.verify_audit().await.unwrap(), Ok(3));
    let mut tx = store.write("too large").await.unwrap();
    assert!(tx.insert_deposit(house.letter(Deposit::INLINE + 1)).await.is_err());
}

async fn the_sweep_takes_old_orphans_and_nothing_else(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let age = |id| std::fs::File::open(bench.objects().join(path(id))).unwrap().set_modified(old).unwrap();
    let orphans: Vec<_> = (0..5).map(|_| ObjectId::random(&Seeded)).collect();
    for id in &orphans {
        store.put_object(*id, Container::from_octets(octets(100))).await.unwrap();
        age(*id);
    }
    let young = ObjectId::random(&Seeded);
    store.put_object(young, Container::from_octets(octets(100))).await.unwrap();
    let kept = house.letter(100_000);
    let kept_id = kept.objects[0].id;
    store.deposit(kept).await.unwrap();
    age(kept_id);
    std::fs::write(bench.objects().join("README"), b"not ours").unwrap();

    // A storm of sweeps beside deposits: whatever got its answer is there.
    let before = Timestamp(1_000_000_001_000);
    let (mut sweeps, mut deposits) = (tokio::task::JoinSet::new(), tokio::task::JoinSet::new());
    for _ in 0..20 {
        let (sweeping, store) = (store.clone(), store.clone());
        sweeps.spawn(async move { sweeping.sweep_objects(before).await.unwrap() });
        let letter = house.letter(80_000);
        deposits.spawn(async move {
            let id = letter.objects[0].id;
            store.deposit(letter).await.unwrap();
            id
        });
    }
    let ids = deposits.join_all().await;
    assert!(sweeps.join_all().await.into_iter().sum::<u64>() >= 5);
    for id in ids.into_iter().chain([kept_id]) {
        assert!(store.container(id).await.unwrap().is_some());
    }
    assert!(orphans.iter().all(|id| !bench.objects().join(path(*id)).exists()));
    assert!(bench.objects().join(path(young)).exists(), "it may still get its row");
    assert!(bench.objects().join("README").exists());
    assert_eq!(store.sweep_objects(before).await.unwrap(), 0);
}

async fn fault_40_one_id_belongs_to_one_row(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let first = house.sent(&store).await;
    // The same ticket for two deliveries, the same object for two messages: refused, whole.
    let mut twin = house.letter(100);
    twin.deliveries[0].0.ticket_hash = first.ticket_hash.clone();
    let id = twin.message.id;
    let fault = store.deposit(twin).await.unwrap_err();
    assert!(!fault.is_transient());
    let mut twin = house.letter(100);
    twin.objects[0].id = first.head;
    assert!(store.deposit(twin).await.is_err());
    assert_eq!(bench.numbers(&format!("SELECT COUNT(*) FROM messages WHERE id = '{id}'")).await, [0]);
}

pub fn path(id: ObjectId) -> String {
    let id = id.to_string();
    format!("{}/{}/{id}", &id[..2], &id[2..4])
}
