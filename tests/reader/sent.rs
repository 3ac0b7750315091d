//! Sent: the client's copy takes the place of the server's, and nothing is ever lost (R-A2).

use std::time::Duration;

use pli::domain::*;
use pli::mailbox::provision::NewMailbox;
use pli::mailbox::settings::MailboxChange;

use crate::office::*;

crate::on_both! {
    the_clients_copy_takes_the_servers_place
    the_servers_copy_shows_after_half_a_minute_behind_what_came_before
    drafts_junk_and_trash_are_no_sent_folders
    after_seven_days_both_stay
    one_append_stands_for_one_submission
    a_message_without_message_id_keeps_both
    where_the_servers_copy_stays_nothing_takes_its_place
    where_the_server_keeps_none_nothing_is_left_behind
    a_mailbox_of_software_keeps_no_copy
}

const LATE: Duration = Duration::from_secs(31);

/// What Thunderbird appends: the same Message-ID, other octets.
fn appended(id: &str) -> Vec<u8> {
    [b"X-Mozilla-Status: 0001\r\nBcc: x@example.org\r\n".to_vec(), letter(id, "x")].concat()
}

async fn the_clients_copy_takes_the_servers_place(office: Office) {
    let reader = office.reader().await;
    reader.create("Sent Items").await.unwrap();
    for (id, folder, wait) in [("a", "Sent", LATE), ("b", "Sent Items", LATE), ("c", "Sent", Duration::ZERO)] {
        office.submit(&[COLLEAGUE], &letter(id, "x")).await;
        office.pass(wait);
        if wait > Duration::ZERO {
            let sent = list(&reader, "Sent").await;
            let server = sent.last().unwrap();
            let id = reader.folder("Sent").await.unwrap().id;
            let mark = flags(&[SystemFlags::ANSWERED], &["suivi"]);
            reader.change_flags(id, &[server.uid], FlagChange::Add, &mark, None).await.unwrap();
            office.sql(&format!("UPDATE entries SET flags = flags + 512 WHERE id = '{}'", server.id)).await;
        }
        append_to(&reader, folder, &flags(&[SystemFlags::SEEN], &[]), None, appended(id)).await.unwrap();
        office.pass(LATE);
    }
    assert_eq!(read(&reader, "Sent").await, [appended("a"), appended("c")]);
    assert_eq!(read(&reader, "Sent Items").await, [appended("b")]);
    let state = flags(&[SystemFlags::SEEN, SystemFlags::ANSWERED], &["suivi", "$PliOpened"]);
    assert_eq!(list(&reader, "Sent").await[0].flags, state, "state moves to it");
    assert_eq!(list(&reader, "Sent Items").await[0].flags, state);
    assert_eq!(office.count("SELECT COUNT(*) FROM entries WHERE submission_id IS NOT NULL").await, 3);
    let other = office.node.reader(COLLEAGUE, &office.colleague.device.password).await;
    assert_eq!(read(&other, "INBOX").await, [letter("a", "x"), letter("b", "x"), letter("c", "x")]);
}

async fn the_servers_copy_shows_after_half_a_minute_behind_what_came_before(office: Office) {
    let reader = office.reader().await;
    put(&reader, "Sent", &letter("old", "x")).await;
    office.submit(&[COLLEAGUE], &letter("a", "x")).await;
    office.submit(&[COLLEAGUE], &letter("b", "x")).await;
    let sent = reader.folder("Sent").await.unwrap();
    assert_eq!((sent.messages, sent.uid_next), (1, 2), "what does not show is not counted");
    let uid = put(&reader, "Sent", &letter("other", "x")).await;
    let sent = reader.folder("Sent").await.unwrap();
    assert!(sent.uid_next > uid, "UIDNEXT is above what shows");
    let inbox_uid = put(&reader, "INBOX", &letter("moved", "x")).await;
    let inbox = reader.folder("INBOX").await.unwrap().id;
    let moved = reader.relocate(inbox, &[inbox_uid], "Sent").await.unwrap().1[0].1;
    let before = uids(&reader, "Sent").await;
    office.pass(LATE);
    let after = uids(&reader, "Sent").await;
    assert_eq!(after[..3], before);
    assert_eq!(after.len(), 5);
    assert!(after[3] > moved && after.is_sorted(), "new UIDs are above every one seen before: {before:?} {after:?}");
    assert_eq!(read(&reader, "Sent").await[3..], [letter("a", "x"), letter("b", "x")]);
}

async fn drafts_junk_and_trash_are_no_sent_folders(office: Office) {
    let reader = office.reader().await;
    office.submit(&[COLLEAGUE], &letter("a", "x")).await;
    for folder in ["Drafts", "Indésirables", "Trash"] {
        put(&reader, folder, &appended("a")).await;
    }
    office.pass(LATE);
    assert_eq!(read(&reader, "Sent").await, [letter("a", "x")]);
    for folder in ["Drafts", "Junk", "Trash"] {
        assert_eq!(read(&reader, folder).await, [appended("a")]);
    }
    // Another mailbox's append of the same Message-ID is nobody's copy.
    let other = office.node.reader(COLLEAGUE, &office.colleague.device.password).await;
    put(&other, "Sent", &appended("a")).await;
    assert_eq!(read(&reader, "Sent").await.len(), 1);
}

async fn after_seven_days_both_stay(office: Office) {
    let reader = office.reader().await;
    office.submit(&[COLLEAGUE], &letter("a", "x")).await;
    office.pass(Duration::from_secs(7 * 86_400 + 1));
    assert_eq!(uids(&reader, "Sent").await.len(), 1, "whoever looks sees it");
    put(&reader, "Sent", &appended("a")).await;
    assert_eq!(read(&reader, "Sent").await, [letter("a", "x"), appended("a")]);
}

async fn one_append_stands_for_one_submission(office: Office) {
    let reader = office.reader().await;
    for _ in 0..2 {
        office.submit(&[COLLEAGUE], &letter("a", "x")).await;
    }
    office.pass(LATE);
    assert_eq!(uids(&reader, "Sent").await, [1, 2]);
    put(&reader, "Sent", &appended("a")).await;
    assert_eq!(read(&reader, "Sent").await, [letter("a", "x"), appended("a")]);
    put(&reader, "Sent", &appended("a")).await;
    put(&reader, "Sent", &appended("a")).await;
    assert_eq!(read(&reader, "Sent").await, [appended("a"), appended("a"), appended("a")]);
}

async fn a_message_without_message_id_keeps_both(office: Office) {
    let reader = office.reader().await;
    let bare = format!("From: {DOCTOR}\r\nTo: {COLLEAGUE}\r\nSubject: x\r\n\r\nx\r\n").into_bytes();
    office.submit(&[COLLEAGUE], &bare).await;
    put(&reader, "Sent", &bare).await;
    office.pass(LATE);
    assert_eq!(uids(&reader, "Sent").await.len(), 2, "none is lost");
}

async fn keep(office: &Office, sent: SentCopy) {
    let change = MailboxChange { sent: Some(sent), ..MailboxChange::default() };
    office.node.mailboxes.set(&DOCTOR.parse().unwrap(), change).await.unwrap();
    assert_eq!(office.node.mailboxes.show(&DOCTOR.parse().unwrap()).await.unwrap().sent, sent);
}

async fn where_the_servers_copy_stays_nothing_takes_its_place(office: Office) {
    let reader = office.reader().await;
    office.submit(&[COLLEAGUE], &letter("before", "x")).await;
    keep(&office, SentCopy::Server).await;
    office.submit(&[COLLEAGUE], &letter("a", "x")).await;
    assert_eq!(read(&reader, "Sent").await, [letter("a", "x")], "at once");
    office.pass(LATE);
    assert_eq!(uids(&reader, "Sent").await, [1, 2]);
    put(&reader, "Sent", &appended("a")).await;
    office.submit(&[COLLEAGUE], &letter("b", "x")).await;
    let all = [letter("a", "x"), letter("before", "x"), appended("a"), letter("b", "x")];
    assert_eq!(read(&reader, "Sent").await, all, "for good, and beside what a client brings");
    assert!(uids(&reader, "Sent").await.is_sorted());
    // What was kept for the client before is still the client's to replace.
    put(&reader, "Sent", &appended("before")).await;
    assert_eq!(read(&reader, "Sent").await[0], letter("a", "x"));
    assert_eq!(reader.quota().await.unwrap().0, read(&reader, "Sent").await.concat().len() as u64);
}

async fn where_the_server_keeps_none_nothing_is_left_behind(office: Office) {
    let reader = office.reader().await;
    keep(&office, SentCopy::None).await;
    let secret = [b"Bcc: x@example.org\r\n".to_vec(), letter("a", "x")].concat();
    office.submit(&[COLLEAGUE], &secret).await;
    office.submit(&[COLLEAGUE], &letter("b", "x")).await;
    office.pass(LATE);
    assert!(read(&reader, "Sent").await.is_empty());
    assert_eq!(reader.quota().await.unwrap().0, 0);
    let other = office.node.reader(COLLEAGUE, &office.colleague.device.password).await;
    assert_eq!(read(&other, "INBOX").await, [letter("a", "x"), letter("b", "x")]);
    assert_eq!(office.count("SELECT COUNT(*) FROM objects").await, 2, "no head that nobody sees");
    put(&reader, "Sent", &secret).await;
    assert_eq!(read(&reader, "Sent").await, [secret], "a client's own is the client's");
    // The last recipient takes the message along.
    let inbox = other.folder("INBOX").await.unwrap().id;
    other.change_flags(inbox, &[1, 2], FlagChange::Add, &flags(&[SystemFlags::DELETED], &[]), None).await.unwrap();
    other.expunge(inbox, None).await.unwrap();
    assert_eq!(office.count("SELECT COUNT(*) FROM messages").await, 1);
    // A letter to somebody outside lives on its delivery.
    office
        .node
        .deliveries
        .add_patient(office.practice, PatientKind::Patient, jeanne(), &pli::delivery::persons::Filing::default())
        .await
        .unwrap();
    office.submit(&["jeanne@patient.example"], &letter("c", "x")).await;
    let alone = "SELECT COUNT(*) FROM deliveries d JOIN objects o ON o.id = d.head_id";
    assert_eq!(office.count(alone).await, 1);
}

fn jeanne() -> PatientRecord {
    PatientRecord {
        name: PersonName("Jeanne Canari".to_owned()),
        address: "jeanne@patient.example".parse().unwrap(),
        number: PhoneNumber::parse_international("+33612345678").unwrap(),
        language: None,
        channel: None,
        birth_date: None,
    }
}

async fn a_mailbox_of_software_keeps_no_copy(office: Office) {
    let address: Address = "labo@cabinet.example".parse().unwrap();
    let new = NewMailbox {
        address: address.clone(),
        name: "Labo".to_owned(),
        kind: MailboxKind::Application,
        label: "lis".to_owned(),
        person: String::new(),
        send_as: Vec::new(),
    };
    office.node.mailboxes.add(new, None).await.unwrap();
    assert_eq!(office.node.mailboxes.show(&address).await.unwrap().sent, SentCopy::None);
    let nobody = "nobody@cabinet.example".parse().unwrap();
    assert!(office.node.mailboxes.set(&nobody, MailboxChange::default()).await.is_err());
}
