//! What is found of a database and an object store by somebody who changes nothing.

use pli::domain::*;
use pli::server::SystemClock;
use pli::store::health::{DatabaseFound, DatabaseState, examine_database, examine_objects};

use crate::bench::*;

crate::on_both! {
    a_database_is_looked_at_and_not_changed
    objects_are_looked_for_where_they_were
    what_stands_and_was_last_done_is_counted
}

async fn found(bench: &Bench) -> DatabaseFound {
    let options = bench.options("doctor");
    match examine_database(&options.database, &options.data).await.unwrap() {
        DatabaseState::There(found) => found,
        DatabaseState::Missing => panic!("it is there"),
    }
}

async fn a_database_is_looked_at_and_not_changed(bench: Bench) {
    let options = bench.options("doctor");
    if bench.is_sqlite() {
        let missing = examine_database(&options.database, &options.data).await.unwrap();
        assert_eq!(missing, DatabaseState::Missing);
        assert_eq!(std::fs::read_dir(bench.folder.path()).unwrap().count(), 0, "nothing was made");
    } else {
        assert!(found(&bench).await.behind > 5, "an empty database lacks them all");
    }
    bench.open().await.close().await;
    let good = found(&bench).await;
    assert_eq!((good.behind, good.ahead, &good.damage), (0, 0, &None));
    // The tests' server runs on this machine.
    let own = good.clock.map(|clock| (SystemClock.now().0 - clock.0).abs() < 60_000);
    assert_eq!(own, (!bench.is_sqlite()).then_some(true));
    assert_eq!(good.copies, (!bench.is_sqlite()).then_some((false, 0)));
    bench.meddle("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 10").await;
    let other = found(&bench).await;
    assert_eq!((other.behind, other.ahead), (1, 1));
}

async fn objects_are_looked_for_where_they_were(bench: Bench) {
    let options = bench.options("doctor");
    let look = || examine_objects(&options.objects, &options.data, ObjectId::random(&Seeded));
    assert!(look().await.unwrap_err().to_string().contains("mounted"));
    assert!(!bench.objects().exists(), "nothing was made");
    let store = bench.open().await;
    look().await.unwrap();
    store.probe_objects(ObjectId::random(&Seeded)).await.unwrap();
    // The disk is gone, and its mount point is an empty folder.
    std::fs::rename(bench.objects(), bench.folder.path().join("away")).unwrap();
    std::fs::create_dir(bench.objects()).unwrap();
    assert!(look().await.unwrap_err().to_string().contains("mounted"));
    assert!(store.probe_objects(ObjectId::random(&Seeded)).await.unwrap_err().is_transient());
    let house = House::build(&store).await;
    let refused = store.deposit(house.letter(100_000)).await.unwrap_err();
    assert!(refused.is_transient(), "{refused}");
    assert_eq!(
        std::fs::read_dir(bench.objects()).unwrap().count(),
        0,
        "nothing is written where nobody finds it again"
    );
    std::fs::remove_dir(bench.objects()).unwrap();
    std::fs::rename(bench.folder.path().join("away"), bench.objects()).unwrap();
    store.deposit(house.letter(100_000)).await.unwrap();
}

async fn what_stands_and_was_last_done_is_counted(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    assert_eq!(store.outbox_load().await.unwrap(), (0, None, None));
    assert_eq!(store.last_event("message.deposited").await.unwrap(), None);
    for n in 0..3 {
        let mut letter = house.letter(100);
        letter.deliveries[0].1.due_at = later(n);
        store.deposit(letter).await.unwrap();
    }
    let (waiting, due, oldest) = store.outbox_load().await.unwrap();
    assert_eq!((waiting, due), (3, Some(NOW)));
    assert!(oldest.is_some());
    let states = store.delivery_states().await.unwrap();
    assert_eq!(states, [(DeliveryState::Queued, 3)]);
    assert_eq!(store.last_event("message.deposited").await.unwrap(), Some(NOW));
    assert_eq!(store.last_event("message").await.unwrap(), None, "a whole word");
    let (_, deposits, _) = store.figures().deposits();
    assert_eq!(deposits, 3);
}
