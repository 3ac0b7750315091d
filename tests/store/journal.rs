//! The journal: order, nodes, and every way of meddling with it.

use pli::domain::*;

use crate::bench::*;

crate::on_both! {
    events_come_newest_first_and_name_their_node
    a_change_with_many_events_writes_them_all
    meddling_with_the_journal_is_seen
}

async fn events_come_newest_first_and_name_their_node(bench: Bench) {
    let (one, two) = (bench.open().await, bench.try_open("cli").await.unwrap());
    for (store, seconds) in [(&one, 1), (&two, 2), (&one, 3)] {
        let tx = store.write("event").await.unwrap();
        tx.commit(AuditEvent::new(later(seconds), Actor::Operator, Verb::Swept).counting(seconds)).await.unwrap();
    }
    let rows = one.audit(10).await.unwrap();
    let seen: Vec<_> = rows.iter().map(|row| (row.node.as_str(), row.seq, row.at)).collect();
    assert_eq!(seen, [("serve", 2, later(3)), ("cli", 1, later(2)), ("serve", 1, later(1))]);
    assert!(rows[1].line.ends_with("verb=store.swept by=operator count=2"));
    assert_eq!(one.audit(1).await.unwrap().len(), 1);
    assert_eq!(two.verify_audit().await.unwrap(), Ok(3));
}

/// More than the database is given at once.
async fn a_change_with_many_events_writes_them_all(bench: Bench) {
    let store = bench.open().await;
    let mut tx = store.write("events").await.unwrap();
    for count in 1..=1000 {
        tx.note(event(Verb::Flagged).counting(count));
    }
    tx.commit(event(Verb::Swept)).await.unwrap();
    let rows = store.audit(2000).await.unwrap();
    let mut counts = rows.iter().rev().filter_map(|row| row.line.rsplit_once(" count="));
    assert!((1..=1000).all(|count| counts.next().is_some_and(|(_, written)| written == format!("{count}"))));
    assert_eq!(store.verify_audit().await.unwrap(), Ok(1001));
}

async fn meddling_with_the_journal_is_seen(bench: Bench) {
    let store = bench.open().await;
    let cases: &[(&str, &[&str], Result<u64, i64>)] = &[
        ("nothing", &[], Ok(8)),
        ("a changed line", &["UPDATE audit_events SET line = line || ' count=9' WHERE seq = 3"], Err(3)),
        ("a changed instant", &["UPDATE audit_events SET at = at + 1 WHERE seq = 8"], Err(8)),
        ("a missing event", &["DELETE FROM audit_events WHERE seq = 4"], Err(4)),
        ("a missing end", &["DELETE FROM audit_events WHERE seq = 8"], Err(8)),
        ("a missing beginning", &["DELETE FROM audit_events WHERE seq = 1"], Err(1)),
        (
            "an event put in at the end",
            &["INSERT INTO audit_events SELECT node, 9, at, line, link_mac FROM audit_events WHERE seq = 8"],
            Err(9),
        ),
        (
            "an event put in at the end, and counted",
            &[
                "INSERT INTO audit_events SELECT node, 9, at, line, link_mac FROM audit_events WHERE seq = 8",
                "UPDATE audit_chains SET seq = 9",
            ],
            Err(9),
        ),
        (
            "two events in each other's place",
            &[
                "UPDATE audit_events SET seq = 100 WHERE seq = 5",
                "UPDATE audit_events SET seq = 5 WHERE seq = 6",
                "UPDATE audit_events SET seq = 6 WHERE seq = 100",
            ],
            Err(5),
        ),
        ("an event under another node", &["UPDATE audit_events SET node = 'cli' WHERE seq = 8"], Err(1)),
        (
            "the end cut off together with its count",
            &["DELETE FROM audit_events WHERE seq = 8", "UPDATE audit_chains SET seq = 7"],
            Err(7),
        ),
        ("a head that is gone", &["DELETE FROM audit_chains"], Err(1)),
        (
            "an event before the first",
            &["INSERT INTO audit_events SELECT node, 0, at, line, link_mac FROM audit_events WHERE seq = 8"],
            Err(0),
        ),
    ];
    for n in 0..8 {
        let tx = store.write("event").await.unwrap();
        tx.commit(AuditEvent::new(later(n), Actor::Server, Verb::Swept)).await.unwrap();
    }
    for (what, meddling, expected) in cases {
        bench.meddle("CREATE TABLE kept_events AS SELECT * FROM audit_events").await;
        bench.meddle("CREATE TABLE kept_chains AS SELECT * FROM audit_chains").await;
        for sql in *meddling {
            assert!(bench.meddle(sql).await > 0, "{what}");
        }
        let seen = store.verify_audit().await.unwrap().map_err(|(_, seq)| seq);
        assert_eq!(seen, *expected, "{what}");
        for sql in [
            "DELETE FROM audit_events",
            "DELETE FROM audit_chains",
            "INSERT INTO audit_events SELECT * FROM kept_events",
            "INSERT INTO audit_chains SELECT * FROM kept_chains",
            "DROP TABLE kept_events",
            "DROP TABLE kept_chains",
        ] {
            bench.meddle(sql).await;
        }
    }
    assert_eq!(store.verify_audit().await.unwrap(), Ok(8));
}
