//! A change of the root key, as the database sees it.

use pli::domain::*;
use pli::store::audit::OlderChain;
use pli::store::rotation::HolderRow;
use pli::store::spending::{NumberFacts, Used};
use pli::store::{Store, StoreOptions};
use std::sync::Arc;

use crate::bench::*;

crate::on_both! {
    what_was_counted_under_an_older_key_counts
    what_is_known_of_a_number_is_merged
    processes_say_which_keys_they_have
    an_older_key_verifies_the_journal_as_far_as_it_went
}

async fn what_was_counted_under_an_older_key_counts(bench: Bench) {
    let store = bench.open().await;
    let (old, new, none) = (hash(), hash(), hash());
    let scope = CeilingScope::Number;
    let more = Used { used: 3, cost: 30 };
    let spend = async |key: &KeyedHash, older: &[KeyedHash]| {
        let mut tx = store.write("spend").await.unwrap();
        tx.adopt_spendings(7, scope, key, older).await.unwrap();
        let used = tx.use_ceiling(7, scope, key, more, 7, None).await.unwrap();
        tx.commit(event(Verb::CodeTried)).await.unwrap();
        used.map(|used| used.used)
    };
    assert_eq!(spend(&old, std::slice::from_ref(&none)).await, Some(3));
    assert_eq!(spend(&new, &[old.clone(), none.clone()]).await, Some(6));
    assert_eq!(spend(&new, &[old.clone(), none.clone()]).await, None, "one ceiling");
    // A process that is behind goes on with the same one.
    assert_eq!(spend(&old, std::slice::from_ref(&new)).await, None);
    assert_eq!(store.used(7, scope, &old).await.unwrap().used, 6);

    let count = async |source: &KeyedHash, older: &[KeyedHash]| {
        let mut tx = store.write("count").await.unwrap();
        tx.adopt_failures(source, older).await.unwrap();
        tx.count_failed_login(source, NOW, later(-60)).await.unwrap();
        tx.commit(event(Verb::LoginRefused)).await.unwrap();
    };
    count(&old, &[]).await;
    count(&new, std::slice::from_ref(&old)).await;
    assert_eq!(store.failed_logins([&new, &new], later(-60)).await.unwrap(), Some((2, NOW)));
    assert_eq!(store.failed_logins([&old, &old], later(-60)).await.unwrap(), None);
    write(&store, Verb::Swept, async |tx| tx.adopt_answer(&new, std::slice::from_ref(&old)).await.unwrap()).await;
}

async fn what_is_known_of_a_number_is_merged(bench: Bench) {
    let store = bench.open().await;
    let house = House::build(&store).await;
    let (old, new) = (hash(), hash());
    let landline = NumberFacts { landline: true, stopped: false };
    let stopped = NumberFacts { landline: false, stopped: true };
    let note = async |number: &KeyedHash, facts| {
        write(&store, Verb::CodeReported, async |tx| {
            tx.note_number(house.practice, number, facts, None, NOW).await.unwrap();
        })
        .await;
    };
    let adopt = async || {
        write(&store, Verb::CodeReported, async |tx| {
            tx.adopt_number(house.practice, &new, std::slice::from_ref(&old)).await.unwrap();
        })
        .await;
    };
    adopt().await;
    note(&old, landline).await;
    adopt().await;
    assert_eq!(store.number_facts(house.practice, &new).await.unwrap(), landline);
    note(&old, stopped).await;
    adopt().await;
    let both = NumberFacts { landline: true, stopped: true };
    assert_eq!(store.number_facts(house.practice, &new).await.unwrap(), both);
    assert_eq!(store.number_facts(house.practice, &old).await.unwrap(), NumberFacts::default());
}

async fn processes_say_which_keys_they_have(bench: Bench) {
    let store = bench.open().await;
    let (one, two) = (HolderId::random(&Seeded), HolderId::random(&Seeded));
    let keys = [KeyId([1; 8]), KeyId([2; 8])];
    let row = |id, knows: &[KeyId], seconds| HolderRow {
        id,
        node: "serve".to_owned(),
        knows: knows.to_vec(),
        seen_at: later(seconds),
    };
    store.hold_keys(&row(one, &keys[..1], 0), NOW).await.unwrap();
    store.hold_keys(&row(two, &keys[..1], 50), NOW).await.unwrap();
    store.hold_keys(&row(two, &keys, 100), NOW).await.unwrap();
    let found = store.key_holders(later(60)).await.unwrap();
    assert_eq!((found.len(), found[0].id, found[0].knows.as_slice()), (1, two, keys.as_slice()));
    assert_eq!(store.key_holders(NOW).await.unwrap().len(), 2);
    store.hold_keys(&row(two, &keys, 110), later(60)).await.unwrap();
    assert_eq!(store.key_holders(NOW).await.unwrap().len(), 1, "old ones go");
    store.drop_keys(two).await.unwrap();
    assert!(store.key_holders(NOW).await.unwrap().is_empty());
}

async fn an_older_key_verifies_the_journal_as_far_as_it_went(bench: Bench) {
    let events = async |store: &Store| {
        for _ in 0..3 {
            store.write("event").await.unwrap().commit(event(Verb::Swept)).await.unwrap();
        }
    };
    let store = bench.open().await;
    events(&store).await;
    let ends = store.chain_ends().await.unwrap();
    assert_eq!(ends[0].1, 3);
    // One more under the old key, as somebody who has it and the database would write it.
    let forged = bench.open().await;
    store.close().await;
    let new = Store::open(StoreOptions {
        chain: Arc::new(|link| {
            let mut mac = chain(link);
            mac[0] ^= 1;
            mac
        }),
        ..bench.options("serve")
    })
    .await
    .unwrap();
    assert_eq!(new.verify_audit().await.unwrap(), Err(("serve".to_owned(), 1)));
    new.verify_with(vec![OlderChain { mac: Arc::new(chain), ends: None }]);
    assert_eq!(new.verify_audit().await.unwrap(), Ok(3));
    events(&new).await;
    assert_eq!(new.verify_audit().await.unwrap(), Ok(6));
    new.verify_with(vec![OlderChain { mac: Arc::new(chain), ends: Some(ends.clone()) }]);
    assert_eq!(new.verify_audit().await.unwrap(), Ok(6));
    events(&forged).await;
    assert_eq!(new.verify_audit().await.unwrap(), Err(("serve".to_owned(), 7)), "it went no further");
    for sql in [
        "DELETE FROM audit_events WHERE seq > 2",
        "UPDATE audit_chains SET seq = 2, head_mac = (SELECT link_mac FROM audit_events WHERE seq = 2)",
    ] {
        bench.meddle(sql).await;
    }
    assert_eq!(new.verify_audit().await.unwrap(), Err(("serve".to_owned(), 3)), "cut back with its head");
    let mut other = ends;
    other[0].2[5] ^= 1;
    events(&forged).await;
    new.verify_with(vec![OlderChain { mac: Arc::new(chain), ends: Some(other) }]);
    assert_eq!(new.verify_audit().await.unwrap(), Err(("serve".to_owned(), 3)), "another event at its end");
}
