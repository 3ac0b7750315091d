//! Deliveries: states, downloads, ends.

use pli::domain::*;
use pli::store::deliveries::Downloads;
use pli::store::sessions::SessionRow;

use crate::bench::*;

crate::on_both! {
    a_delivery_comes_back_as_it_was_stored
    states_go_forward_once
    a_patient_quicker_than_the_commit_leaves_no_ticket
    the_last_of_several_files_completes_a_download
    all_files_at_once_complete_a_download
    an_end_erases_every_key
    fault_04_recall_and_expiry_at_once_end_a_delivery_once
    what_is_over_is_found_while_it_holds_a_key
}

async fn a_delivery_comes_back_as_it_was_stored(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let row = house.sent(&store).await;
    let found = store.delivery(row.id).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{row:?}"));
    assert_eq!((&found.esk, &found.ticket, &found.subject), (&row.esk, &row.ticket, &row.subject));
    assert_eq!((&found.coordinates, &found.thread, &found.mac), (&row.coordinates, &row.thread, &row.mac));
    assert_eq!((&found.address_hash, &found.number_hash), (&row.address_hash, &row.number_hash));
    assert_eq!(store.delivery_by_ticket(&row.ticket_hash).await.unwrap().unwrap().id, row.id);
    assert!(store.delivery_by_ticket(&hash()).await.unwrap().is_none());
    assert!(store.delivery(DeliveryId::random(&Seeded)).await.unwrap().is_none());

    let mut letter = house.letter(100);
    letter.deliveries[0].0.created_at = later(5);
    letter.deliveries[0].0.patient = None;
    let newer = letter.deliveries[0].0.id;
    let (address, number) = (letter.deliveries[0].0.address_hash.clone(), letter.deliveries[0].0.number_hash.clone());
    store.deposit(letter).await.unwrap();
    let other = House::build(&store).await;
    let theirs = other.sent(&store).await;
    let ids = |rows: Vec<pli::store::deliveries::DeliveryRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(store.deliveries(Some(house.mailbox), 10).await.unwrap()), [newer, row.id]);
    assert_eq!(ids(store.deliveries(Some(other.mailbox), 10).await.unwrap()), [theirs.id]);
    assert_eq!(ids(store.deliveries(None, 1).await.unwrap()), [newer]);
    assert_eq!(store.deliveries(None, 10).await.unwrap().len(), 3);

    let unknown = hash();
    let before = async |practice, number| store.delivered_before(practice, &address, number).await.unwrap();
    assert!(before(house.practice, &number).await);
    // To a person who is in the directory no more.
    assert!(!store.delivered_before(house.practice, &row.address_hash, &row.number_hash).await.unwrap());
    assert!(!before(house.practice, &unknown).await);
    assert!(!before(other.practice, &number).await, "another practice knows nothing of it");
}

async fn states_go_forward_once(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let id = house.sent(&store).await.id;
    let notify =
        async |at| write(&store, Verb::HandedOver, async |tx| tx.notify_delivery(id, at, None).await.unwrap()).await;
    let open = async |at| write(&store, Verb::Opened, async |tx| tx.open_delivery(id, at).await.unwrap()).await;
    assert!(notify(later(1)).await);
    assert!(!notify(later(2)).await);
    let row = store.delivery(id).await.unwrap().unwrap();
    assert_eq!((row.state, row.notified_at), (DeliveryState::Notified, Some(later(1))));
    assert_eq!((row.ticket, row.subject), (None, None));
    assert!(row.esk.is_some());
    assert!(open(later(3)).await);
    assert!(!open(later(4)).await);
    let row = store.delivery(id).await.unwrap().unwrap();
    assert_eq!((row.state, row.opened_at), (DeliveryState::Opened, Some(later(3))));
}

async fn a_patient_quicker_than_the_commit_leaves_no_ticket(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let id = house.sent(&store).await.id;
    assert!(write(&store, Verb::Opened, async |tx| tx.open_delivery(id, later(1)).await.unwrap()).await);
    assert!(!write(&store, Verb::HandedOver, async |tx| tx.notify_delivery(id, later(2), None).await.unwrap()).await);
    let row = store.delivery(id).await.unwrap().unwrap();
    assert_eq!((row.state, row.notified_at, row.ticket), (DeliveryState::Opened, Some(later(2)), None));
}

async fn the_last_of_several_files_completes_a_download(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let id = house.sent(&store).await.id;
    write(&store, Verb::Opened, async |tx| tx.open_delivery(id, later(1)).await.unwrap()).await;
    // Twenty files, each asked for twice, all at once: each is new once, and the last one completes.
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..40 {
        let store = store.clone();
        tasks.spawn(async move {
            write(&store, Verb::Downloaded, async |tx| {
                tx.download_delivery(id, n % 20..n % 20 + 1, 20, later(9)).await.unwrap()
            })
            .await
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|done| *done != Downloads::Known).count(), 20);
    assert_eq!(store.downloads(id).await.unwrap(), 20);
    let row = store.delivery(id).await.unwrap().unwrap();
    assert_eq!((row.state, row.downloaded_at), (DeliveryState::Downloaded, Some(later(9))));
}

async fn all_files_at_once_complete_a_download(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let (id, other) = (house.sent(&store).await.id, house.sent(&store).await.id);
    for id in [id, other] {
        write(&store, Verb::Opened, async |tx| tx.open_delivery(id, later(1)).await.unwrap()).await;
    }
    write(&store, Verb::Downloaded, async |tx| tx.download_delivery(id, 3..4, 500, later(2)).await.unwrap()).await;
    for at in [later(5), later(6)] {
        write(&store, Verb::DownloadedAll, async |tx| tx.download_delivery(id, 0..500, 500, at).await.unwrap()).await;
    }
    assert_eq!((store.downloads(id).await.unwrap(), store.downloads(other).await.unwrap()), (500, 0));
    let row = store.delivery(id).await.unwrap().unwrap();
    assert_eq!((row.state, row.downloaded_at), (DeliveryState::Downloaded, Some(later(5))), "the first time");
    assert_eq!(store.delivery(other).await.unwrap().unwrap().state, DeliveryState::Opened);
}

async fn an_end_erases_every_key(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let id = house.sent(&store).await.id;
    let other = house.sent(&store).await.id;
    let challenge = challenge_row(id, &hash());
    let session = SessionRow {
        id: SessionId::random(&Seeded),
        delivery: id,
        token: hash(),
        key: sealed(),
        ticket: None,
        created_at: NOW,
        expires_at: later(3600),
    };
    write(&store, Verb::CodeIssued, async |tx| {
        tx.insert_challenge(&challenge).await.unwrap();
        tx.insert_session(&session).await.unwrap();
    })
    .await;
    let end = async |state, failure| {
        write(&store, Verb::Recalled, async |tx| tx.end_delivery(id, state, failure, later(5)).await.unwrap()).await
    };
    assert!(end(DeliveryState::Bounced, Some(FailureClass::UnknownAddress)).await);
    assert!(!end(DeliveryState::Recalled, None).await, "it had ended");
    let row = store.delivery(id).await.unwrap().unwrap();
    assert_eq!((row.state, row.failure), (DeliveryState::Bounced, Some(FailureClass::UnknownAddress)));
    assert_eq!((row.esk, row.ticket, row.subject, row.ended_at), (None, None, None, Some(later(5))));
    assert!(row.coordinates.is_some());
    let row = store.challenge(challenge.id).await.unwrap().unwrap();
    assert_eq!((row.code, row.digits), (None, None));
    assert!(store.session(&session.token, NOW).await.unwrap().is_none());
    let work = store.outbox(false, 10).await.unwrap();
    assert_eq!(work.iter().map(|work| work.delivery).collect::<Vec<_>>(), [other]);
    for verb in [false, write(&store, Verb::Opened, async |tx| tx.open_delivery(id, NOW).await.unwrap()).await] {
        assert!(!verb, "an ended delivery does not open");
    }
    let mut tx = store.write("end").await.unwrap();
    assert!(tx.end_delivery(other, DeliveryState::Opened, None, NOW).await.is_err(), "opened is no end");
}

async fn fault_04_recall_and_expiry_at_once_end_a_delivery_once(bench: Bench) {
    let (store, second) = (bench.open().await, bench.try_open("second").await.unwrap());
    let house = House::build(&store).await;
    let id = house.sent(&store).await.id;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..40 {
        let store = if n % 2 == 0 { store.clone() } else { second.clone() };
        let state = if n % 3 == 0 { DeliveryState::Recalled } else { DeliveryState::Expired };
        tasks.spawn(async move {
            write(&store, Verb::Recalled, async |tx| tx.end_delivery(id, state, None, NOW).await.unwrap()).await
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|ended| *ended).count(), 1);
}

async fn what_is_over_is_found_while_it_holds_a_key(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let mut ids = Vec::new();
    for days in [3, 1, 2] {
        let mut letter = house.letter(100);
        letter.deliveries[0].0.expires_at = later(days * 86_400);
        ids.push(letter.deliveries[0].0.id);
        store.deposit(letter).await.unwrap();
    }
    assert_eq!(store.expired(later(86_399), 10).await.unwrap(), []);
    assert_eq!(store.expired(later(2 * 86_400), 10).await.unwrap(), [ids[1], ids[2]]);
    assert_eq!(store.expired(later(9 * 86_400), 1).await.unwrap(), [ids[1]]);
    write(&store, Verb::Expired, async |tx| {
        tx.end_delivery(ids[1], DeliveryState::Expired, None, later(86_400)).await.unwrap()
    })
    .await;
    assert_eq!(store.expired(later(9 * 86_400), 10).await.unwrap(), [ids[2], ids[0]]);
    store.shred().await.unwrap();
}
