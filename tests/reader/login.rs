//! Who opens a mailbox, how, and who does not.

use std::time::Duration;

use pli::access::{LoginError, Opened};
use pli::domain::*;
use pli::mailbox::Standing;

use crate::office::*;

crate::on_both! {
    the_first_use_of_a_slot_writes_its_quick_form
    pending_and_send_only_devices_open_nothing
    fault_02_wrong_passwords_get_one_answer
    swapped_slots_open_nothing
    fault_44_every_device_reads_every_message
    a_session_ends_with_its_device
    fault_44_keys_are_renewed_once_a_device_is_taken_away
    of_two_sessions_that_renew_one_does
    a_slot_without_authority_gets_no_new_keys
    the_last_key_stays_whoever_is_quicker
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
    assert_eq!(reader.standing().await.unwrap(), Standing::Valid);
    office.sql(&format!("UPDATE mailboxes SET state = 'suspended' WHERE address = '{DOCTOR}'")).await;
    assert_eq!(reader.standing().await.unwrap(), Standing::Ended);
    office.sql(&format!("UPDATE mailboxes SET state = 'active' WHERE address = '{DOCTOR}'")).await;
    let id = office.doctor.device.id.to_string();
    office.node.mailboxes.revoke_device(&DOCTOR.parse().unwrap(), &id).await.unwrap();
    assert_eq!(reader.standing().await.unwrap(), Standing::Ended);
}

/// R-S7: who left with a password and a copy of the database reads what was in it, and nothing later.
async fn fault_44_keys_are_renewed_once_a_device_is_taken_away(office: Office) {
    let (rooms, address) = (&office.node.mailboxes, DOCTOR.parse().unwrap());
    let typed = office.doctor.device.password.reveal();
    let leaves = rooms.add_device(&address, DeviceKind::Full, "leaves", "", Some(&typed)).await.unwrap();
    let stays = rooms.add_device(&address, DeviceKind::Full, "stays", "", Some(&typed)).await.unwrap();
    let waits = rooms.add_device(&address, DeviceKind::Full, "waits", "", None).await.unwrap();
    let before = office.reader().await;
    put(&before, "INBOX", &letter("before", "x")).await;
    before.create("Confidentiel").await.unwrap();
    office.submit(&[DOCTOR], &letter("delivered-before", "x")).await;
    // What the one who leaves takes along: the keys that the password opened.
    let thief = match office.node.open(DOCTOR, &leaves.password).await {
        Opened::Ready { keys, .. } => keys,
        Opened::Pending { .. } | Opened::SendOnly => panic!("it opens"),
    };
    let old = office.node.store.mailbox(office.doctor.id).await.unwrap().unwrap();

    rooms.revoke_device(&address, &leaves.id.to_string()).await.unwrap();
    assert_eq!(rooms.show(&address).await.unwrap().renewal_due_at, Some(NOW));
    assert_eq!(before.standing().await.unwrap(), Standing::Valid, "until somebody renews them");
    // A device that only waits, or sends, can renew nothing.
    office.node.open(DOCTOR, &waits.password).await;
    office.node.access.login(DOCTOR, &stays.password.reveal()).await.unwrap();
    assert!(rooms.show(&address).await.unwrap().renewal_due_at.is_some());

    let after = office.node.reader(DOCTOR, &stays.password).await;
    assert_eq!(rooms.show(&address).await.unwrap().renewal_due_at, None);
    assert_eq!(after.standing().await.unwrap(), Standing::Valid);
    assert_eq!(before.standing().await.unwrap(), Standing::Renewed, "a session of the keys of before ends");
    let new = office.node.store.mailbox(office.doctor.id).await.unwrap().unwrap();
    assert_ne!(old.certificate, new.certificate);
    assert_ne!(old.secret, new.secret);
    let renewed = "SELECT COUNT(*) FROM audit_events WHERE line LIKE '%verb=keys.renewed%count=3%'";
    assert_eq!(office.count(renewed).await, 1, "the first device, the spare, the one that stays");

    // Everything of before and after, for every device that is left.
    put(&after, "INBOX", &letter("after", "x")).await;
    office.submit(&[DOCTOR], &letter("delivered-after", "x")).await;
    let slots = "SELECT COUNT(*) FROM slots WHERE esk IS NULL";
    assert_eq!(office.count(slots).await, 1, "the one that waits waits on");
    for password in [&stays.password, &office.doctor.device.password, &office.doctor.spare.as_ref().unwrap().password] {
        for _ in 0..2 {
            let reader = office.node.reader(DOCTOR, password).await;
            let all = read(&reader, "INBOX").await;
            assert_eq!(all.len(), 4);
            assert_eq!((&all[0], &all[2]), (&letter("before", "x"), &letter("after", "x")));
            assert!(reader.folder("Confidentiel").await.is_ok());
            let entries = list(&reader, "INBOX").await;
            let ids: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
            let folder = reader.folder("INBOX").await.unwrap().id;
            for found in reader.summaries(folder, &ids).await.unwrap() {
                assert!(matches!(found, pli::mailbox::Found::There(_)));
            }
        }
    }
    // The session that was not ended yet says try again, and never that a letter is damaged.
    let last = list(&after, "INBOX").await[3].id;
    office.sql("DELETE FROM summaries").await;
    assert!(before.message(last).await.unwrap_err().is_transient());
    assert!(office.node.reader(DOCTOR, &stays.password).await.message(last).await.unwrap().is_some());

    // The keys of before open the database of before, and of after only what was in it already.
    let esks = opened_by(&office, &thief).await;
    assert_eq!(esks, [true, true, false, false]);
    let gone = office.node.access.open_mailbox(DOCTOR, &leaves.password.reveal()).await;
    assert!(matches!(gone, Err(LoginError::Refused)));
    let shredded = office.at_rest().await;
    if office.is_sqlite() {
        let sealed = old.secret.as_octets();
        assert!(!shredded.windows(sealed.len()).any(|window| window == sealed), "the secret part of before is gone");
    }
    // Twice, and once more: each time everything opens.
    for n in 0..3 {
        let extra = stays.password.reveal();
        let extra = rooms.add_device(&address, DeviceKind::Full, "extra", "", Some(&extra)).await.unwrap();
        rooms.revoke_device(&address, &extra.id.to_string()).await.unwrap();
        let reader = office.node.reader(DOCTOR, &stays.password).await;
        put(&reader, "INBOX", &letter(&format!("again-{n}"), "x")).await;
        assert_eq!(read(&office.reader().await, "INBOX").await.len(), 5 + n);
    }
    assert!(office.node.store.verify_audit().await.unwrap().is_ok());
}

/// Which entries of INBOX, in order, keys open.
async fn opened_by(office: &Office, keys: &pli::vault::MailboxKeys) -> Vec<bool> {
    let reader = office.reader().await;
    let mut all = Vec::new();
    for entry in list(&reader, "INBOX").await {
        let row = office.node.store.entry(office.doctor.id, entry.id).await.unwrap().unwrap();
        all.push(office.node.vault.open_esk(&row.esk, keys).is_ok());
    }
    all
}

async fn of_two_sessions_that_renew_one_does(office: Office) {
    let (rooms, address) = (&office.node.mailboxes, DOCTOR.parse().unwrap());
    let typed = office.doctor.device.password.reveal();
    let leaves = rooms.add_device(&address, DeviceKind::Full, "leaves", "", Some(&typed)).await.unwrap();
    put(&office.reader().await, "INBOX", &letter("before", "x")).await;
    rooms.revoke_device(&address, &leaves.id.to_string()).await.unwrap();
    let far = office.second_node().await;
    let spare = &office.doctor.spare.as_ref().unwrap().password;
    tokio::join!(office.node.open(DOCTOR, &office.doctor.device.password), far.open(DOCTOR, spare));
    let renewed = "SELECT COUNT(*) FROM audit_events WHERE line LIKE '%verb=keys.renewed%'";
    assert_eq!(office.count(renewed).await, 1);
    for password in [spare, &office.doctor.device.password] {
        let reader = far.reader(DOCTOR, password).await;
        assert_eq!(read(&reader, "INBOX").await, [letter("before", "x")]);
        assert_eq!(reader.standing().await.unwrap(), Standing::Valid);
    }
}

/// R-S3: whoever writes the database puts a public half of his own into a slot, and waits for the keys.
async fn a_slot_without_authority_gets_no_new_keys(office: Office) {
    let (rooms, address) = (&office.node.mailboxes, DOCTOR.parse().unwrap());
    let typed = office.doctor.device.password.reveal();
    let leaves = rooms.add_device(&address, DeviceKind::Full, "leaves", "", Some(&typed)).await.unwrap();
    rooms.revoke_device(&address, &leaves.id.to_string()).await.unwrap();
    let (spare, theirs) = (office.doctor.spare.as_ref().unwrap().id, office.colleague.device.id);
    let sql = format!(
        "UPDATE slots SET public_key = (SELECT o.public_key FROM slots o WHERE o.device_id = '{theirs}') \
         WHERE device_id = '{spare}'"
    );
    assert_eq!(office.sql(&sql).await, 1);
    office.reader().await;
    let slot = office.node.store.slot_of(spare).await.unwrap().unwrap();
    assert!(slot.esk.is_none() && slot.quick.is_none());
    assert!(office.node.store.slot_of(office.doctor.device.id).await.unwrap().unwrap().esk.is_some());
}

async fn the_last_key_stays_whoever_is_quicker(office: Office) {
    let (rooms, address): (_, Address) = (&office.node.mailboxes, DOCTOR.parse().unwrap());
    let far = office.second_node().await;
    let (one, two) = (office.doctor.device.id.to_string(), office.doctor.spare.as_ref().unwrap().id.to_string());
    let both = tokio::join!(rooms.revoke_device(&address, &one), far.mailboxes.revoke_device(&address, &two));
    assert_eq!([both.0.is_ok(), both.1.is_ok()].iter().filter(|done| **done).count(), 1);
    assert_eq!(
        office.count("SELECT COUNT(*) FROM slots WHERE esk IS NOT NULL").await,
        3,
        "one here, two of the colleague"
    );
}
