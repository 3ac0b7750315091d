//! Practices, domains, mailboxes, devices, slots, folders, patients, meta.

use pli::domain::*;
use pli::store::patients::PatientRow;
use pli::store::practices::DomainRow;

use crate::bench::*;

crate::on_both! {
    meta_is_set_once
    practices_and_domains
    mailboxes_devices_slots_and_folders
    patients_are_found_by_hash_within_their_practice
    a_dropped_transaction_changes_nothing
    many_writers_wait_for_each_other
}

async fn meta_is_set_once(bench: Bench) {
    let store = bench.open().await;
    assert_eq!(store.meta("root").await.unwrap(), None);
    write(&store, Verb::Founded, async |tx| tx.set_meta("root", b"one").await.unwrap()).await;
    write(&store, Verb::Founded, async |tx| tx.set_meta("root", b"two").await.unwrap()).await;
    assert_eq!(store.meta("root").await.unwrap().as_deref(), Some(&b"one"[..]));
}

async fn practices_and_domains(bench: Bench) {
    let store = bench.open().await;
    let row = practice_row();
    assert!(write(&store, Verb::PracticeAdded, async |tx| tx.insert_practice(&row).await.unwrap()).await);
    let mut twin = practice_row();
    twin.name_hash = row.name_hash.clone();
    assert!(!write(&store, Verb::PracticeAdded, async |tx| tx.insert_practice(&twin).await.unwrap()).await);
    let mut other = practice_row();
    other.created_at = later(1);
    assert!(write(&store, Verb::PracticeAdded, async |tx| tx.insert_practice(&other).await.unwrap()).await);

    let ids: Vec<_> = store.practices().await.unwrap().iter().map(|row| row.id).collect();
    assert_eq!(ids, [row.id, other.id]);
    let found = store.practice(row.id).await.unwrap().unwrap();
    assert_eq!((found.name_hash, found.profile, found.created_at), (row.name_hash.clone(), row.profile.clone(), NOW));
    assert_eq!(store.practice_named(&other.name_hash).await.unwrap().unwrap().id, other.id);
    assert!(store.practice(PracticeId::random(&Seeded)).await.unwrap().is_none());

    let (name, profile) = (hash(), sealed());
    let update = async |id, name| {
        write(&store, Verb::PracticeChanged, async |tx| tx.update_practice(id, name, &profile).await.unwrap()).await
    };
    assert!(update(row.id, &name).await);
    assert!(!update(row.id, &other.name_hash).await, "the name is another's");
    assert!(!update(PracticeId::random(&Seeded), &hash()).await);
    assert_eq!(store.practice_named(&name).await.unwrap().unwrap().profile, profile);

    let domain = DomainRow { name: "cabinet.example".parse().unwrap(), practice: row.id, created_at: NOW };
    assert!(write(&store, Verb::DomainAdded, async |tx| tx.insert_domain(&domain).await.unwrap()).await);
    assert!(!write(&store, Verb::DomainAdded, async |tx| tx.insert_domain(&domain).await.unwrap()).await);
    assert_eq!(store.domain(&domain.name).await.unwrap().unwrap().practice, row.id);
    assert!(store.domain(&"other.example".parse().unwrap()).await.unwrap().is_none());
    assert_eq!(store.domains().await.unwrap().len(), 1);

    let delete =
        async |id| write(&store, Verb::PracticeRemoved, async |tx| tx.delete_practice(id).await.unwrap()).await;
    assert!(!delete(row.id).await, "it owns a domain");
    assert!(delete(other.id).await);
    assert!(!delete(other.id).await);
}

async fn mailboxes_devices_slots_and_folders(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let row = mailbox_row(house.practice);
    let device = device_row(row.id, "abcd");
    let slots = [slot_row(row.id, Some(device.id)), slot_row(row.id, None)];
    let mut plain = folder_rows(row.id).remove(0);
    (plain.role, plain.name, plain.created_at) = (FolderRole::Plain, Some(sealed()), later(5));
    let folders = [folder_rows(row.id), vec![plain]].concat();
    let insert = async |row| {
        write(&store, Verb::MailboxAdded, async |tx| {
            tx.insert_mailbox(row, std::slice::from_ref(&device), &slots, &folders).await.unwrap()
        })
        .await
    };
    assert!(insert(&row).await);
    assert!(!insert(&row).await, "the address is taken");

    let found = store.mailbox_at(&row.address).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{row:?}"));
    assert_eq!((found.certificate, found.secret, found.mac), (row.certificate, row.secret, row.mac));
    assert_eq!(store.mailbox(row.id).await.unwrap().unwrap().address, row.address);
    assert!(store.mailbox_at("nobody@cabinet.example").await.unwrap().is_none());
    assert_eq!(store.mailboxes().await.unwrap().len(), 2);
    let back = store.folders(row.id).await.unwrap();
    assert_eq!(back.len(), 3);
    assert_eq!((back[2].role, &back[2].name), (FolderRole::Plain, &folders[2].name));
    let back = store.slots(row.id).await.unwrap();
    assert_eq!(back.len(), 2);
    assert!(back.iter().any(|slot| slot.device.is_none() && slot.secret.is_none()));
    assert!(back.iter().any(|slot| slot.device == Some(device.id) && slot.esk == slots[0].esk));

    let mut second = device_row(row.id, "efgh");
    second.created_at = later(1);
    let slot = slot_row(row.id, Some(second.id));
    assert!(write(&store, Verb::DeviceAdded, async |tx| tx.insert_device(&second, Some(&slot)).await.unwrap()).await);
    let twin = device_row(row.id, "efgh");
    assert!(!write(&store, Verb::DeviceAdded, async |tx| tx.insert_device(&twin, None).await.unwrap()).await);
    let tags: Vec<_> = store.devices(row.id).await.unwrap().into_iter().map(|device| device.tag).collect();
    assert_eq!(tags, ["abcd", "efgh"]);
    assert_eq!(store.device_tagged(row.id, "efgh").await.unwrap().unwrap().id, second.id);
    assert!(store.device_tagged(house.mailbox, "efgh").await.unwrap().is_none(), "a tag counts in its mailbox only");

    let touch =
        async |at| write(&store, Verb::DeviceFirstUsed, async |tx| tx.touch_device(second.id, at).await.unwrap()).await;
    assert!(touch(later(10)).await, "the first time");
    assert!(!touch(later(20)).await);
    assert!(!touch(later(15)).await, "never back");
    assert_eq!(store.device(second.id).await.unwrap().unwrap().last_used_at, Some(later(20)));

    let revoke =
        async || write(&store, Verb::DeviceRevoked, async |tx| tx.delete_device(second.id, NOW).await.unwrap()).await;
    assert!(revoke().await);
    assert!(!revoke().await);
    assert_eq!(store.slots(row.id).await.unwrap().len(), 2, "the slot went with its device");
    assert!(store.device(second.id).await.unwrap().is_none());
}

async fn patients_are_found_by_hash_within_their_practice(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let other = House::build(&store).await;
    let row = PatientRow {
        id: PatientId::random(&Seeded),
        practice: house.practice,
        kind: PatientKind::Patient,
        ward: None,
        record: sealed(),
        address_hash: hash(),
        number_hash: hash(),
        version: 1,
        created_at: NOW,
        updated_at: NOW,
    };
    let carer = PatientRow {
        id: PatientId::random(&Seeded),
        kind: PatientKind::Carer,
        ward: Some(row.id),
        address_hash: hash(),
        created_at: later(1),
        ..row.clone()
    };
    for row in [&row, &carer] {
        write(&store, Verb::PatientAdded, async |tx| tx.insert_patient(row).await.unwrap()).await;
    }
    let at = store.patients_at(house.practice, &row.address_hash).await.unwrap();
    assert_eq!(at.iter().map(|row| row.id).collect::<Vec<_>>(), [row.id]);
    let calling = store.patients_calling(house.practice, &row.number_hash).await.unwrap();
    assert_eq!(calling.iter().map(|row| row.id).collect::<Vec<_>>(), [row.id, carer.id], "families share numbers");
    assert!(store.patients_at(other.practice, &row.address_hash).await.unwrap().is_empty());
    assert!(store.patients_calling(other.practice, &row.number_hash).await.unwrap().is_empty());
    assert_eq!(store.patients(house.practice).await.unwrap().len(), 2);
    assert_eq!(store.patient(row.id).await.unwrap().unwrap().record, row.record);

    let readers = store.patients_for(row.id).await.unwrap();
    assert_eq!(readers.iter().map(|row| (row.id, row.ward)).collect::<Vec<_>>(), [(carer.id, Some(row.id))]);
    assert!(store.patients_for(carer.id).await.unwrap().is_empty());

    let change = PatientRow { record: sealed(), version: 2, updated_at: later(9), ..row.clone() };
    let update =
        async || write(&store, Verb::PatientChanged, async |tx| tx.update_patient(&change).await.unwrap()).await;
    assert!(update().await);
    assert!(!update().await, "somebody was quicker");
    let found = store.patient(row.id).await.unwrap().unwrap();
    assert_eq!(
        (found.record, found.version, found.created_at, found.updated_at),
        (change.record.clone(), 2, NOW, later(9))
    );

    let remove =
        async || write(&store, Verb::PatientRemoved, async |tx| tx.delete_patient(row.id).await.unwrap()).await;
    assert!(remove().await);
    assert!(!remove().await);
    assert!(store.patient(carer.id).await.unwrap().is_none(), "nobody reads for a person who is gone");
}

async fn a_dropped_transaction_changes_nothing(bench: Bench) {
    let store = bench.open().await;
    let row = practice_row();
    let mut tx = store.write("dropped").await.unwrap();
    assert!(tx.insert_practice(&row).await.unwrap());
    drop(tx);
    assert!(store.practice(row.id).await.unwrap().is_none());
    assert_eq!(store.audit(10).await.unwrap().len(), 0);
    // The connection is whole again.
    assert!(write(&store, Verb::PracticeAdded, async |tx| tx.insert_practice(&row).await.unwrap()).await);
}

async fn many_writers_wait_for_each_other(bench: Bench) {
    let (one, two) = (bench.open().await, bench.try_open("cli").await.unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..60 {
        let store = if n % 2 == 0 { one.clone() } else { two.clone() };
        tasks.spawn(async move {
            let row = practice_row();
            write(&store, Verb::PracticeAdded, async |tx| tx.insert_practice(&row).await.unwrap()).await
        });
    }
    assert!(tasks.join_all().await.into_iter().all(|done| done));
    assert_eq!(two.practices().await.unwrap().len(), 60);
    assert_eq!(one.verify_audit().await.unwrap(), Ok(60));
}
