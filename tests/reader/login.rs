//! Who opens a mailbox, how, and who does not.

use std::time::Duration;

use pli::access::{LoginError, Opened};
use pli::domain::*;

use crate::office::*;

crate::on_both! {
    the_first_use_of_a_slot_writes_its_quick_form
    pending_and_send_only_devices_open_nothing
    fault_02_wrong_passwords_get_one_answer
    swapped_slots_open_nothing
    fault_44_every_device_reads_every_message
    a_session_ends_with_its_device
}

async fn the_first_use_of_a_slot_writes_its_quick_form(office: Office) {
    let device = office.doctor.device.id;
    let quick = async || office.node.store.slot_of(device).await.unwrap().unwrap().quick;
    assert!(quick().await.is_none());
    let reader = office.reader().await;
    put(&reader, "INBOX", &letter("a", "x")).await;
    let written = quick().await.expect("written at the first use");
    // From now on the key of the slot takes no part: its octets may be anything.
    let other = office.colleague.device.id;
    let sql = format!(
        "UPDATE slots SET secret_sealed = (SELECT o.secret_sealed FROM slots o WHERE o.device_id = '{other}') \
         WHERE device_id = '{device}'"
    );
    assert_eq!(office.sql(&sql).await, 1);
    let reader = office.reader().await;
    assert_eq!(read(&reader, "INBOX").await, [letter("a", "x")]);
    assert_eq!(quick().await, Some(written));
    let opened = "SELECT COUNT(*) FROM audit_events WHERE line LIKE '%verb=mailbox.opened%'";
    assert_eq!(office.count(opened).await, 1, "a second login within the hour is no event");
    office.pass(Duration::from_secs(3700));
    office.reader().await;
    assert_eq!(office.count(opened).await, 2);
    assert!(office.node.store.verify_audit().await.unwrap().is_ok());
}

async fn pending_and_send_only_devices_open_nothing(office: Office) {
    let (rooms, address) = (&office.node.mailboxes, DOCTOR.parse().unwrap());
    let pending = rooms.add_device(&address, DeviceKind::Full, "portable", "", None).await.unwrap();
    let scanner = rooms.add_device(&address, DeviceKind::SendOnly, "scanner", "", None).await.unwrap();
    let opened = office.node.open(DOCTOR, &pending.password).await;
    assert!(matches!(opened, Opened::Pending { sender } if sender.device == pending.id));
    assert!(matches!(office.node.open(DOCTOR, &scanner.password).await, Opened::SendOnly));
    // Both may submit.
    for device in [&pending, &scanner] {
        office.node.access.login(DOCTOR, &device.password.reveal()).await.unwrap();
    }
    // With another device's password the slot is filled at once.
    let typed = office.doctor.device.password.reveal();
    let filled = rooms.add_device(&address, DeviceKind::Full, "second", "", Some(&typed)).await.unwrap();
    office.node.reader(DOCTOR, &filled.password).await;
}

async fn fault_02_wrong_passwords_get_one_answer(office: Office) {
    let right = office.doctor.device.password.reveal();
    let other = office.colleague.device.password.reveal();
    for (address, password) in [
        (DOCTOR, other.as_str()),
        (COLLEAGUE, right.as_str()),
        ("nobody@cabinet.example", right.as_str()),
        (DOCTOR, "motdepasse"),
        (DOCTOR, ""),
        ("", ""),
        ("not an address", right.as_str()),
    ] {
        let refused = office.node.access.open_mailbox(address, password).await;
        assert!(matches!(refused, Err(LoginError::Refused)), "{address}");
    }
    let spaced = office.doctor.device.password.reveal_grouped().to_uppercase();
    assert!(office.node.access.open_mailbox(&DOCTOR.to_uppercase(), &spaced).await.is_ok());
    office.sql(&format!("UPDATE mailboxes SET state = 'suspended' WHERE address = '{DOCTOR}'")).await;
    assert!(matches!(office.node.access.open_mailbox(DOCTOR, &right).await, Err(LoginError::Refused)));
}

/// R-S3: who writes the database can deny, not read.
async fn swapped_slots_open_nothing(office: Office) {
    let (mine, theirs) = (office.doctor.device.id, office.colleague.device.id);
    let password = office.colleague.device.password.reveal();
    for column in ["public_key", "authority_mac", "mailbox_id", "secret_sealed", "esk", "quick_sealed"] {
        office.node.open(COLLEAGUE, &office.colleague.device.password).await;
        office.node.open(DOCTOR, &office.doctor.device.password).await;
        let keep = format!("CREATE TABLE kept AS SELECT {column} AS v FROM slots WHERE device_id = '{theirs}'");
        office.sql(&keep).await;
        let sql = format!(
            "UPDATE slots SET {column} = (SELECT o.{column} FROM slots o WHERE o.device_id = '{mine}') \
             WHERE device_id = '{theirs}'"
        );
        assert_eq!(office.sql(&sql).await, 1);
        if matches!(column, "secret_sealed" | "esk") {
            office.sql(&format!("UPDATE slots SET quick_sealed = NULL WHERE device_id = '{theirs}'")).await;
        }
        let opened = office.node.access.open_mailbox(COLLEAGUE, &password).await;
        // A quick form that does not open is made anew from the slot, which still does.
        assert_eq!(opened.is_ok(), column == "quick_sealed", "{column}");
        if column != "quick_sealed" {
            let back = format!("UPDATE slots SET {column} = (SELECT v FROM kept) WHERE device_id = '{theirs}'");
            assert_eq!(office.sql(&back).await, 1);
        }
        office.sql("DROP TABLE kept").await;
    }
}

async fn fault_44_every_device_reads_every_message(office: Office) {
    let reader = office.reader().await;
    let mut all = Vec::new();
    for n in 0..20_usize {
        let mut octets = letter(&format!("m{n}"), "x");
        octets.extend("0123456789\r\n".repeat(n * 900).into_bytes());
        put(&reader, "INBOX", &octets).await;
        all.push(octets);
    }
    office.submit(&[COLLEAGUE], &letter("sent", "x")).await;
    office.pass(Duration::from_secs(31));
    let typed = office.doctor.device.password.reveal();
    let rooms = &office.node.mailboxes;
    let third = rooms.add_device(&DOCTOR.parse().unwrap(), DeviceKind::Full, "third", "", Some(&typed)).await.unwrap();
    let spare = office.doctor.spare.as_ref().unwrap();
    let node = office.second_node().await;
    for password in [&office.doctor.device.password, &spare.password, &third.password] {
        for _ in 0..2 {
            let reader = node.reader(DOCTOR, password).await;
            assert_eq!(read(&reader, "INBOX").await, all);
            assert_eq!(read(&reader, "Sent").await, [letter("sent", "x")]);
        }
    }
    // The colleague's copy is the colleague's.
    let other = node.reader(COLLEAGUE, &office.colleague.device.password).await;
    assert_eq!(read(&other, "INBOX").await, [letter("sent", "x")]);
    let theirs = list(&other, "INBOX").await[0].id;
    assert!(reader.message(theirs).await.unwrap().is_none(), "a reader sees its own mailbox");
}

async fn a_session_ends_with_its_device(office: Office) {
    let reader = office.reader().await;
    assert!(reader.still_valid().await.unwrap());
    office.sql(&format!("UPDATE mailboxes SET state = 'suspended' WHERE address = '{DOCTOR}'")).await;
    assert!(!reader.still_valid().await.unwrap());
    office.sql(&format!("UPDATE mailboxes SET state = 'active' WHERE address = '{DOCTOR}'")).await;
    let id = office.doctor.device.id.to_string();
    office.node.mailboxes.revoke_device(&DOCTOR.parse().unwrap(), &id).await.unwrap();
    assert!(!reader.still_valid().await.unwrap());
}
