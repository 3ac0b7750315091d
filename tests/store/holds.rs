//! Held deliveries, what was learned, and recalls: each change happens once, from where it says.

use std::time::Duration;

use pli::domain::*;
use pli::store::deliveries::DeliveryRow;
use pli::store::holds::{HoldRow, LearnedRow};
use pli::store::recalls::{ASK_FIRST, Recalls};

use crate::bench::*;

crate::on_both! {
    a_held_delivery_goes_once_and_is_held_again_until_a_code_was_asked_for
    a_question_is_asked_once_for_each_version_and_reminded_of_once
    a_number_is_a_signature_in_two_messages_of_one_mailbox
    what_was_told_of_an_address_is_the_newest_and_the_mailboxs_own
    a_recall_is_undone_by_nobody_else_and_opens_no_more_than_it_closed
}

/// A letter whose recipient waits.
async fn held(store: &pli::store::Store, house: &House) -> (DeliveryRow, HoldRow) {
    let mut letter = house.letter(100);
    let (mut row, _) = letter.deliveries.remove(0);
    (row.state, row.coordinates, row.expires_at) = (DeliveryState::Held, None, later(7 * 86_400));
    let hold = HoldRow {
        delivery: row.id,
        question: sealed(),
        version: 1,
        asked_at: NOW,
        remind_at: Some(later(86_400)),
        settled_at: None,
    };
    letter.held.push((row.clone(), hold.clone()));
    store.deposit(letter).await.unwrap();
    (row, hold)
}

async fn a_held_delivery_goes_once_and_is_held_again_until_a_code_was_asked_for(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let (row, hold) = held(&store, &house).await;
    assert!(store.claim_work(later(9), Duration::from_secs(60), 9).await.unwrap().is_empty(), "nothing leaves");
    let settled = DeliveryRow {
        state: DeliveryState::Queued,
        coordinates: Some(sealed()),
        number_hash: hash(),
        expires_at: later(30 * 86_400),
        ..row.clone()
    };
    let go =
        async || write(&store, Verb::HoldAnswered, async |tx| tx.settle_hold(&settled, later(5)).await.unwrap()).await;
    assert!(go().await);
    assert!(!go().await, "once");
    let found = store.delivery(row.id).await.unwrap().unwrap();
    assert_eq!(
        (found.state, &found.coordinates, &found.number_hash),
        (settled.state, &settled.coordinates, &settled.number_hash)
    );
    let found = store.hold(row.id).await.unwrap().unwrap();
    assert_eq!((found.settled_at, found.remind_at), (Some(later(5)), None));
    let again = HoldRow { version: 2, asked_at: later(6), remind_at: Some(later(90_000)), ..hold };
    let back = async |hold: &HoldRow| {
        write(&store, Verb::HoldUndone, async |tx| tx.hold_again(hold, later(8 * 86_400)).await.unwrap()).await
    };
    assert!(back(&again).await);
    assert!(!back(&HoldRow { version: 3, ..again.clone() }).await, "it is held already");
    assert_eq!(store.delivery(row.id).await.unwrap().unwrap().state, DeliveryState::Held);
    assert!(go().await);
    let challenge = challenge_row(row.id, &hash());
    write(&store, Verb::CodeIssued, async |tx| tx.insert_challenge(&challenge).await.unwrap()).await;
    assert!(!back(&HoldRow { version: 3, ..again }).await, "a code was asked for");
    // An end is an end for what waits too.
    let (row, _) = held(&store, &house).await;
    let end = async |tx: &mut pli::store::Tx| {
        tx.end_delivery(row.id, DeliveryState::Bounced, Some(FailureClass::Unanswered), later(9)).await.unwrap()
    };
    assert!(write(&store, Verb::Expired, end).await);
    let found = store.delivery(row.id).await.unwrap().unwrap();
    assert_eq!((found.state, found.esk, found.ticket), (DeliveryState::Bounced, None, None));
    assert!(store.due_reminders(later(9 * 86_400), 9).await.unwrap().is_empty());
}

async fn a_question_is_asked_once_for_each_version_and_reminded_of_once(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let (row, hold) = held(&store, &house).await;
    assert!(store.due_reminders(later(86_399), 9).await.unwrap().is_empty());
    let due = store.due_reminders(later(86_400), 9).await.unwrap();
    assert_eq!(due.iter().map(|hold| (hold.delivery, hold.version)).collect::<Vec<_>>(), [(row.id, 1)]);
    let ask = async |hold: HoldRow| write(&store, Verb::HoldAsked, async |tx| tx.ask_again(&hold).await.unwrap()).await;
    let next = HoldRow { question: sealed(), version: 2, remind_at: None, ..hold };
    assert!(ask(next.clone()).await);
    assert!(!ask(next.clone()).await, "two nodes write one letter");
    assert!(store.due_reminders(later(99 * 86_400), 9).await.unwrap().is_empty());
    assert_eq!(store.hold(row.id).await.unwrap().unwrap().question, next.question);
}

async fn a_number_is_a_signature_in_two_messages_of_one_mailbox(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let (number, other) = (hash(), House::build(&store).await);
    for n in 1..=4 {
        let mut letter = house.letter(100);
        letter.signatures = vec![number.clone(), hash()];
        store.deposit(letter).await.unwrap();
        assert_eq!(store.is_signature(house.mailbox, &number).await.unwrap(), n >= 2, "{n}");
    }
    assert!(!store.is_signature(other.mailbox, &number).await.unwrap());
}

async fn what_was_told_of_an_address_is_the_newest_and_the_mailboxs_own(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let other = House::mailbox(&store, house.practice).await;
    let (row, _) = held(&store, &house).await;
    let told = |at| LearnedRow {
        mailbox: house.mailbox,
        address: row.address_hash.clone(),
        record: sealed(),
        delivery: row.id,
        learned_at: at,
    };
    let (first, second) = (told(later(1)), told(later(2)));
    for learned in [&first, &second] {
        write(&store, Verb::HoldAnswered, async |tx| tx.learn(learned).await.unwrap()).await;
    }
    let found = store.learned(house.mailbox, &row.address_hash).await.unwrap().unwrap();
    assert_eq!((found.record, found.learned_at), (second.record, later(2)));
    assert!(store.learned(other, &row.address_hash).await.unwrap().is_none());
    write(&store, Verb::HoldUndone, async |tx| tx.unlearn(house.mailbox, row.id).await.unwrap()).await;
    assert!(store.learned(house.mailbox, &row.address_hash).await.unwrap().is_none());
}

async fn a_recall_is_undone_by_nobody_else_and_opens_no_more_than_it_closed(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let other = House::mailbox(&store, house.practice).await;
    let row = house.sent(&store).await;
    let recall = async |mailbox, which, until| {
        write(&store, Verb::RecallBegun, async |tx| tx.recall(mailbox, which, later(1), until).await.unwrap()).await
    };
    let undo = async |mailbox, which| {
        write(&store, Verb::RecallUndone, async |tx| tx.undo_recall(mailbox, which, (later(2), 9)).await.unwrap()).await
    };
    assert_eq!(recall(other, Recalls::All(row.message), later(600)).await, 0, "it is not theirs");
    assert_eq!(recall(house.mailbox, Recalls::All(row.message), later(600)).await, 1);
    assert_eq!(recall(house.mailbox, Recalls::Of(row.id), later(600)).await, 0, "once");
    assert_eq!(store.delivery(row.id).await.unwrap().unwrap().suspended_at, Some(later(1)));
    assert!(store.claim_work(later(3), Duration::from_secs(60), 9).await.unwrap().is_empty(), "its notice waits");
    assert_eq!(undo(other, Recalls::Of(row.id)).await, 0);
    assert_eq!(undo(house.mailbox, Recalls::Of(row.id)).await, 1);
    assert_eq!(store.delivery(row.id).await.unwrap().unwrap().suspended_at, None);
    assert_eq!(store.claim_work(later(3), Duration::from_secs(60), 9).await.unwrap().len(), 1);
    // What a restore keeps closed stays so.
    write(&store, Verb::Restored, async |tx| tx.hold_everything(later(4)).await.unwrap()).await;
    assert_eq!(recall(house.mailbox, Recalls::Of(row.id), ASK_FIRST).await, 1);
    assert!(store.due_recalls(later(9 * 86_400), 9).await.unwrap().is_empty(), "asked first");
    assert_eq!(undo(house.mailbox, Recalls::Asked).await, 1);
    assert_eq!(store.delivery(row.id).await.unwrap().unwrap().suspended_at, Some(later(4)));
    assert_eq!(recall(house.mailbox, Recalls::Of(row.id), later(600)).await, 1);
    assert!(store.due_recalls(later(599), 9).await.unwrap().is_empty());
    assert_eq!(store.due_recalls(later(600), 9).await.unwrap(), [row.id]);
}
