//! Devices that are added: the owner is told of each, and one that waits reads when its time has come.

use std::time::Duration;

use pli::access::Opened;
use pli::domain::*;

use crate::office::*;

crate::on_both! {
    the_owner_is_told_of_each_device_once
    an_announced_device_reads_once_another_has_connected
    a_device_written_by_sql_is_never_let_in
}

async fn told(office: &Office) -> Vec<String> {
    office.node.deliveries.tell_devices().await.unwrap();
    let all = read(&office.reader().await, "INBOX").await;
    let text = |octets: &Vec<u8>| {
        let parsed = mail_parser::MessageParser::default().parse(octets).unwrap();
        assert!(parsed.header("Auto-Submitted").is_some());
        format!("{}\n{}", parsed.subject().unwrap(), parsed.body_text(0).unwrap().replace("\r\n", "\n").trim_end())
    };
    all.iter().map(text).collect()
}

async fn the_owner_is_told_of_each_device_once(office: Office) {
    assert!(told(&office).await.is_empty(), "of what a mailbox is born with nobody is told");
    let (rooms, address) = (&office.node.mailboxes, DOCTOR.parse().unwrap());
    let typed = office.doctor.device.password.reveal();
    rooms.add_device(&address, DeviceKind::Full, "portable", "Jeanne CANARI", None).await.unwrap();
    office.pass(Duration::from_secs(1));
    rooms.add_device(&address, DeviceKind::Full, "tablette", "", Some(&typed)).await.unwrap();
    office.pass(Duration::from_secs(1));
    rooms.add_device(&address, DeviceKind::SendOnly, "scanner", "", None).await.unwrap();
    let letters = told(&office).await;
    assert_eq!(letters.len(), 3);
    assert_eq!(
        letters[0],
        "Un appareil a été ajouté à votre boîte\n\
         L’appareil « portable » (Jeanne CANARI) a été ajouté à la boîte dr.martin@cabinet.example le 15 janvier à 9 h.\n\
         Il peut envoyer, et ne peut pas encore lire. Pour qu’il lise, répondez « oui », seul sur la première ligne, \
         depuis un appareil qui lit déjà vos messages.\n\n\
         Si vous ne le connaissez pas, appelez l’administrateur tout de suite : il peut le retirer.\n\n\
         Seule la boîte dr.martin@cabinet.example peut répondre, depuis sa messagerie habituelle."
    );
    assert!(letters[1].contains("tablette") && letters[1].contains("Il peut lire tous vos messages."));
    assert!(letters[2].contains("scanner") && letters[2].contains("Il envoie seulement"));
    let far = office.second_node().await;
    let both = tokio::join!(office.node.deliveries.tell_devices(), far.deliveries.tell_devices());
    assert!(both.0.is_ok() && both.1.is_ok());
    assert_eq!(told(&office).await.len(), 3, "once");
}

async fn an_announced_device_reads_once_another_has_connected(office: Office) {
    let access = office.node.access.clone().with_announced_devices(true);
    let (rooms, address) = (&office.node.mailboxes, DOCTOR.parse().unwrap());
    put(&office.reader().await, "INBOX", &letter("before", "x")).await;
    let waits = rooms.add_device(&address, DeviceKind::Full, "portable", "", None).await.unwrap();
    let opened = async |password: &DevicePassword| access.open_mailbox(DOCTOR, &password.reveal()).await.unwrap();
    opened(&office.doctor.device.password).await;
    assert!(matches!(opened(&waits.password).await, Opened::Pending { .. }), "nobody was told yet");
    office.node.deliveries.tell_devices().await.unwrap();
    assert!(matches!(opened(&waits.password).await, Opened::Pending { .. }), "it cannot let itself in");
    opened(&office.doctor.device.password).await;
    assert!(matches!(opened(&waits.password).await, Opened::Pending { .. }), "in the instant of the letter");
    office.pass(Duration::from_secs(1));
    // Where answers decide, nothing lets it in.
    office.node.open(DOCTOR, &office.doctor.device.password).await;
    assert!(matches!(opened(&waits.password).await, Opened::Pending { .. }));
    opened(&office.doctor.device.password).await;
    assert!(matches!(opened(&waits.password).await, Opened::Ready { .. }));
    let reader = office.node.reader(DOCTOR, &waits.password).await;
    assert_eq!(read(&reader, "INBOX").await[0], letter("before", "x"));
    let filled = "SELECT COUNT(*) FROM audit_events WHERE line LIKE '%verb=device.filled%'";
    assert_eq!(office.count(filled).await, 1);
}

/// R-S1: whoever writes the database inserts a device of his own, as if it had been announced.
async fn a_device_written_by_sql_is_never_let_in(office: Office) {
    let access = office.node.access.clone().with_announced_devices(true);
    let far = office.second_node().await;
    let theirs: Address = COLLEAGUE.parse().unwrap();
    let his = far.mailboxes.add_device(&theirs, DeviceKind::Full, "his", "", None).await.unwrap();
    for sql in [
        format!("UPDATE devices SET mailbox_id = '{}', told_at = 1 WHERE id = '{}'", office.doctor.id, his.id),
        format!("UPDATE slots SET mailbox_id = '{}' WHERE device_id = '{}'", office.doctor.id, his.id),
    ] {
        assert_eq!(office.sql(&sql).await, 1);
    }
    access.open_mailbox(DOCTOR, &office.doctor.device.password.reveal()).await.unwrap();
    assert!(office.node.store.slot_of(his.id).await.unwrap().unwrap().esk.is_none());
    let gone = access.open_mailbox(DOCTOR, &his.password.reveal()).await;
    assert!(gone.is_err());
}
