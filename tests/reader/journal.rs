//! A mailbox of several persons: the journal says which of them did what, also after one has left.

use std::time::Duration;

use pli::domain::*;
use pli::mailbox::journal::{JournalEvent, JournalQuery};
use pli::mailbox::provision::NewMailbox;

use crate::office::*;

crate::on_both! {
    the_journal_of_a_shared_mailbox_names_the_person
    events_are_asked_for_by_mailbox_and_instant
}

const DESK: &str = "secretariat@cabinet.example";

fn query(mailbox: &str) -> JournalQuery {
    JournalQuery { mailbox: Some(mailbox.parse().unwrap()), limit: 100, ..JournalQuery::default() }
}

/// verb, person and label of what devices did, newest first.
fn done(events: &[JournalEvent]) -> Vec<(String, String)> {
    let acted = events.iter().filter(|event| event.field("by").unwrap().starts_with("device:"));
    let named = |event: &JournalEvent| {
        let device = event.device.as_ref().unwrap();
        (event.field("verb").unwrap().to_owned(), format!("{}, {}", device.person, device.label))
    };
    acted.map(named).collect()
}

async fn the_journal_of_a_shared_mailbox_names_the_person(office: Office) {
    let rooms = &office.node.mailboxes;
    let new = NewMailbox {
        address: DESK.parse().unwrap(),
        name: "Secrétariat".to_owned(),
        kind: MailboxKind::Organisation,
        label: "poste 1".to_owned(),
        person: "Anna CANARI-Rossi".to_owned(),
        send_as: Vec::new(),
    };
    let born = rooms.add(new, None).await.unwrap();
    let unlock = born.device.password.reveal();
    let desk = DESK.parse().unwrap();
    let second = rooms.add_device(&desk, DeviceKind::Full, "poste 2", "Luc CANARI-Blanc", Some(&unlock)).await.unwrap();
    let anna = office.node.reader(DESK, &born.device.password).await;
    let luc = office.node.reader(DESK, &second.password).await;
    office.pass(Duration::from_secs(1));
    put(&anna, "INBOX", &letter("a", "x")).await;
    office.pass(Duration::from_secs(1));
    luc.relocate(luc.folder("INBOX").await.unwrap().id, &[1], "Archive").await.unwrap();
    let events = rooms.journal(&query(DESK)).await.unwrap();
    let (anna, luc) = ("Anna CANARI-Rossi, poste 1".to_owned(), "Luc CANARI-Blanc, poste 2".to_owned());
    assert_eq!(done(&events)[..2], [("message.moved".to_owned(), luc.clone()), ("message.appended".to_owned(), anna)]);
    let added = events.iter().find(|event| event.field("verb") == Some("device.added")).unwrap();
    assert_eq!(
        (added.field("by"), added.device.as_ref().unwrap().person.as_str()),
        (Some("operator"), "Luc CANARI-Blanc")
    );
    // Somebody leaves: what he did is still his.
    rooms.revoke_device(&desk, &second.id.to_string()).await.unwrap();
    let events = rooms.journal(&query(DESK)).await.unwrap();
    assert!(done(&events).contains(&("message.moved".to_owned(), luc)));
    assert_eq!(office.count("SELECT COUNT(*) FROM former_devices").await, 1);
    // Names are for who reads, and nowhere at rest.
    let rest = office.at_rest().await;
    assert!(!rest.windows(6).any(|window| window == b"CANARI"));
    let named = "SELECT COUNT(*) FROM audit_events WHERE line LIKE '%poste%' OR line LIKE '%CANARI%'";
    assert_eq!(office.count(named).await, 0);
    // A name that does not open is none; the event is there.
    office
        .sql(&format!(
            "UPDATE devices SET label_sealed = (SELECT label_sealed FROM former_devices) WHERE id = '{}'",
            born.device.id
        ))
        .await;
    let events = rooms.journal(&query(DESK)).await.unwrap();
    let appended = events.iter().find(|event| event.field("verb") == Some("message.appended")).unwrap();
    assert!(appended.device.is_none());
    assert!(rooms.verify_journal().await.unwrap().unwrap() > 5);
}

async fn events_are_asked_for_by_mailbox_and_instant(office: Office) {
    let rooms = &office.node.mailboxes;
    let reader = office.reader().await;
    let other = office.node.reader(COLLEAGUE, &office.colleague.device.password).await;
    office.pass(Duration::from_secs(60));
    put(&reader, "INBOX", &letter("a", "x")).await;
    put(&other, "INBOX", &letter("a", "x")).await;
    let since = JournalQuery { since: Some(NOW.plus(Duration::from_secs(60))), ..query(DOCTOR) };
    let events = rooms.journal(&since).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].field("mailbox"), Some(office.doctor.id.to_string().as_str()));
    let all = JournalQuery { since: since.since, limit: 100, ..JournalQuery::default() };
    assert_eq!(rooms.journal(&all).await.unwrap().len(), 2);
    assert_eq!(rooms.journal(&JournalQuery { limit: 1, ..all }).await.unwrap().len(), 1);
    assert!(rooms.journal(&query("nobody@cabinet.example")).await.is_err());
    office.sql("UPDATE audit_events SET line = line || ' count=9' WHERE seq = 1 AND node = 'serve'").await;
    assert_eq!(rooms.verify_journal().await.unwrap(), Err(("serve".to_owned(), 1)));
}
