//! The outbox: leases, retries, ends.

use std::collections::BTreeSet;
use std::time::Duration;

use pli::domain::*;

use crate::bench::*;

crate::on_both! {
    work_is_claimed_by_one_node_until_its_lease_ends
    work_is_postponed_retried_and_finished
    a_clock_that_was_ahead_holds_no_work
}

const LEASE: Duration = Duration::from_secs(60);

async fn work_is_claimed_by_one_node_until_its_lease_ends(bench: Bench) {
    let (one, two) = (bench.open().await, bench.try_open("second").await.unwrap());
    let house = House::build(&one).await;
    for n in 0..40 {
        let mut letter = house.letter(100);
        letter.deliveries[0].1.due_at = later(-n);
        one.deposit(letter).await.unwrap();
    }
    let mut late = house.letter(100);
    late.deliveries[0].1.due_at = later(1);
    one.deposit(late).await.unwrap();

    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..16 {
        let store = if n % 2 == 0 { one.clone() } else { two.clone() };
        tasks.spawn(async move { store.claim_work(NOW, LEASE, 5).await.unwrap() });
    }
    let mut claimed: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    // On PostgreSQL two nodes may choose the same work, and one of them goes away with less: the rest is still there.
    claimed.extend(one.claim_work(NOW, LEASE, 40).await.unwrap());
    assert!(claimed.iter().all(|row| row.attempts == 1 && row.lease_until == later(60) && row.done_at.is_none()));
    assert_eq!(claimed.len(), 40, "each once");
    assert_eq!(claimed.iter().map(|row| row.id).collect::<BTreeSet<_>>().len(), 40);
    assert!(two.claim_work(later(59), LEASE, 50).await.unwrap().iter().all(|row| row.due_at == later(1)));
    let again = two.claim_work(later(60), LEASE, 50).await.unwrap();
    assert_eq!(again.len(), 40, "a node that died gives its work back");
    assert!(again.iter().all(|row| row.attempts == 2));
    assert!(again.is_sorted_by_key(|row| row.due_at));
}

async fn a_clock_that_was_ahead_holds_no_work(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    const DAY: i64 = 86_400;
    let lease = Duration::from_secs(600);
    house.sent(&store).await;
    // Claimed by a node that then died, when the clock was a day ahead.
    assert_eq!(store.claim_work(later(DAY), lease, 9).await.unwrap().len(), 1);
    let claimed = store.claim_work(later(0), lease, 9).await.unwrap();
    assert_eq!(claimed.len(), 1, "no lease lasts a day");
    // Another node whose clock is behind by less than a lease takes nothing away.
    assert!(store.claim_work(later(-599), lease, 9).await.unwrap().is_empty());
    assert!(store.claim_work(later(599), lease, 9).await.unwrap().is_empty());
    write(&store, Verb::Postponed, async |tx| {
        tx.postpone_work(claimed[0].id, FailureClass::Later, later(4 * 3600)).await.unwrap();
    })
    .await;
    assert!(store.claim_work(later(0), lease, 9).await.unwrap().is_empty(), "the longest retry is waited for");
    write(&store, Verb::Postponed, async |tx| {
        tx.postpone_work(claimed[0].id, FailureClass::Later, later(DAY)).await.unwrap();
    })
    .await;
    assert_eq!(store.claim_work(later(0), lease, 9).await.unwrap().len(), 1, "due tomorrow by a clock that was ahead");
}

async fn work_is_postponed_retried_and_finished(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    for _ in 0..3 {
        house.sent(&store).await;
    }
    let work = store.claim_work(NOW, LEASE, 1).await.unwrap().remove(0);
    write(&store, Verb::Postponed, async |tx| {
        tx.postpone_work(work.id, FailureClass::Later, later(900)).await.unwrap();
    })
    .await;
    let row = store.outbox(false, 10).await.unwrap().into_iter().find(|row| row.id == work.id).unwrap();
    assert_eq!((row.due_at, row.lease_until, row.last_failure), (later(900), Timestamp(0), Some(FailureClass::Later)));
    assert_eq!(store.outbox(false, 10).await.unwrap().last().unwrap().id, work.id, "soonest first");

    let retry = async |id| write(&store, Verb::Retried, async |tx| tx.retry_work(id, later(10)).await.unwrap()).await;
    assert_eq!(retry(Some(work.id)).await, 1);
    assert_eq!(retry(Some(QueueId::random(&Seeded))).await, 0);
    assert_eq!(retry(None).await, 3);
    assert_eq!(store.claim_work(later(10), LEASE, 10).await.unwrap().len(), 3);

    write(&store, Verb::HandedOver, async |tx| tx.finish_work(work.id, later(11)).await.unwrap()).await;
    assert_eq!(store.outbox(false, 10).await.unwrap().len(), 2);
    let all = store.outbox(true, 10).await.unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(all.iter().find(|row| row.id == work.id).unwrap().done_at, Some(later(11)));
    assert_eq!(store.outbox(true, 1).await.unwrap().len(), 1);
    assert_eq!(retry(Some(work.id)).await, 0, "what is done stays done");
    write(&store, Verb::Postponed, async |tx| {
        tx.postpone_work(work.id, FailureClass::Later, later(900)).await.unwrap();
    })
    .await;
    assert!(store.claim_work(later(1000), LEASE, 10).await.unwrap().iter().all(|row| row.id != work.id));
}
