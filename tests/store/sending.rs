//! What limits and allows sending: rates in the transaction of the message, wrong passwords, other addresses.

use std::sync::Arc;
use std::time::Duration;

use pli::domain::*;
use pli::store::Store;
use pli::store::rates::{Allowance, Over, Rate, Whose};
use pli::store::send_as::SendAsRow;

use crate::bench::*;

crate::on_both! {
    a_limit_holds_however_many_send_at_once
    a_device_that_sends_too_much_uses_up_nothing_of_its_mailbox
    minutes_and_days_end_and_clocks_may_differ
    fault_01_wrong_passwords_are_counted_once_each
    an_address_is_allowed_to_a_mailbox_or_a_device
}

fn allowance(whose: Whose, minute: i64, day: i64) -> Allowance {
    Allowance { whose, rate: Rate { minute, day } }
}

async fn submit(store: &Store, house: &House, allowances: &[Allowance], at: Timestamp) -> Result<(), Over> {
    store.submit(vec![house.letter(100)], allowances.to_vec(), at).await.unwrap()
}

async fn a_limit_holds_however_many_send_at_once(bench: Bench) {
    let nodes = [Arc::new(bench.open().await), Arc::new(bench.try_open("second").await.unwrap())];
    let house = Arc::new(House::build(&nodes[0]).await);
    let allowances = [allowance(Whose::Mailbox(house.mailbox), 20, 1000)];
    let mut sending = tokio::task::JoinSet::new();
    for n in 0..60 {
        let (store, house) = (Arc::clone(&nodes[n % 2]), Arc::clone(&house));
        sending.spawn(async move { submit(&store, &house, &allowances, NOW).await });
    }
    let outcomes = sending.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 20);
    assert!(outcomes.iter().filter_map(|outcome| outcome.err()).all(|over| over == Over::Minute(20)));
    // What was refused left nothing behind, and what was accepted is there.
    assert_eq!(bench.numbers("SELECT COUNT(*) FROM messages").await, [20]);
    assert_eq!(nodes[0].over_rate(&allowances, NOW).await.unwrap(), Some(Over::Minute(20)));
    for node in nodes {
        assert!(node.verify_audit().await.unwrap().is_ok());
    }
}

async fn a_device_that_sends_too_much_uses_up_nothing_of_its_mailbox(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let [one, other] = [(); 2].map(|()| Whose::Device(DeviceId::random(&Seeded)));
    let mailbox = allowance(Whose::Mailbox(house.mailbox), 5, 100);
    let of = |device| [allowance(device, 3, 100), mailbox];
    for _ in 0..3 {
        assert_eq!(submit(&store, &house, &of(one), NOW).await, Ok(()));
    }
    for _ in 0..10 {
        assert_eq!(submit(&store, &house, &of(one), NOW).await, Err(Over::Minute(3)));
    }
    for _ in 0..2 {
        assert_eq!(submit(&store, &house, &of(other), NOW).await, Ok(()));
    }
    // The mailbox has had enough; that is not counted against the device.
    for _ in 0..10 {
        assert_eq!(submit(&store, &house, &of(other), NOW).await, Err(Over::Minute(5)));
    }
    assert_eq!(store.over_rate(&[allowance(other, 3, 100)], NOW).await.unwrap(), None);
    assert_eq!(submit(&store, &house, &of(other), later(60)).await, Ok(()));
}

async fn minutes_and_days_end_and_clocks_may_differ(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let all = [allowance(Whose::Mailbox(house.mailbox), 2, 5)];
    for (at, outcome) in [
        (0, Ok(())),
        (1, Ok(())),
        (2, Err(Over::Minute(2))),
        (60, Ok(())),
        // A node that is a minute behind counts with the others.
        (59, Ok(())),
        (61, Err(Over::Minute(2))),
        (120, Ok(())),
        (121, Err(Over::Day(5))),
        (180, Err(Over::Day(5))),
        // Tomorrow, and a clock that was far ahead does not count for ever.
        (86_400, Ok(())),
        (10 * 86_400, Ok(())),
        (86_460, Ok(())),
    ] {
        assert_eq!(store.over_rate(&all, later(at)).await.unwrap().map_or(Ok(()), Err), outcome, "{at}");
        assert_eq!(submit(&store, &house, &all, later(at)).await, outcome, "{at}");
    }
}

async fn fault_01_wrong_passwords_are_counted_once_each(bench: Bench) {
    let store = Arc::new(bench.open().await);
    let (network, mailbox, since) = (hash(), hash(), later(-3600));
    let mut counting = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let (store, network) = (Arc::clone(&store), network.clone());
        counting.spawn(async move {
            write(&store, Verb::LoginRefused, async |tx| tx.count_failed_login(&network, NOW, since).await.unwrap())
                .await;
        });
    }
    counting.join_all().await;
    assert_eq!(store.failed_logins([&network, &mailbox], since).await.unwrap(), Some((30, NOW)));
    assert_eq!(store.failed_logins([&mailbox, &mailbox], since).await.unwrap(), None);
    // An hour later it begins anew.
    let then = NOW.plus(Duration::from_secs(3600));
    assert_eq!(store.failed_logins([&network, &mailbox], NOW).await.unwrap(), None);
    write(&store, Verb::LoginRefused, async |tx| tx.count_failed_login(&network, then, NOW).await.unwrap()).await;
    assert_eq!(store.failed_logins([&mailbox, &network], NOW).await.unwrap(), Some((1, then)));
    assert_eq!(write(&store, Verb::Swept, async |tx| tx.prune_failed_logins(then).await.unwrap()).await, 1);
}

async fn an_address_is_allowed_to_a_mailbox_or_a_device(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let device = device_row(house.mailbox, "abcd");
    write(&store, Verb::DeviceAdded, async |tx| tx.insert_device(&device, None).await.unwrap()).await;
    let device = device.id;
    let row = |device, address: &str| SendAsRow {
        id: SendAsId::random(&Seeded),
        mailbox: house.mailbox,
        device,
        address: address.to_owned(),
        mac: mac(),
        created_at: NOW,
    };
    let insert = async |row: SendAsRow| {
        write(&store, Verb::SendAsAllowed, async |tx| tx.insert_send_as(&row).await.unwrap()).await
    };
    assert!(insert(row(None, "a@x.fr")).await && insert(row(Some(device), "b@x.fr")).await);
    assert!(!insert(row(None, "a@x.fr")).await && !insert(row(Some(device), "b@x.fr")).await);
    let other = DeviceId::random(&Seeded);
    for (of, address, many) in
        [(device, "a@x.fr", 1), (other, "a@x.fr", 1), (device, "b@x.fr", 1), (other, "b@x.fr", 0)]
    {
        assert_eq!(store.sends_as(house.mailbox, of, address).await.unwrap().len(), many, "{address}");
    }
    assert!(store.sends_as(MailboxId::random(&Seeded), device, "a@x.fr").await.unwrap().is_empty());
    // What a device was allowed goes with it.
    write(&store, Verb::DeviceRevoked, async |tx| tx.delete_device(device, NOW).await.unwrap()).await;
    let left: Vec<String> = store.send_as(house.mailbox).await.unwrap().into_iter().map(|row| row.address).collect();
    assert_eq!(left, ["a@x.fr"]);
    let taken = async |address| {
        write(&store, Verb::SendAsRefused, async |tx| tx.delete_send_as(house.mailbox, address).await.unwrap()).await
    };
    assert!(taken("a@x.fr").await && !taken("a@x.fr").await);
}
