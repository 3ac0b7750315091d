//! A device that waits to read: the owner's *oui*, sent from a device that reads, lets it in; nothing else does.

use pli::domain::*;
use pli::mailbox::provision::Born;

use crate::holds::{PLI, newest, reply, submit, told};
use crate::mailbox::Client;
use crate::submission::Raw;
use crate::world::{COLLEAGUE, DOCTOR, World};

super::on_both! {
    yes_lets_a_device_read_and_nothing_else_does
}

/// Submits with this password.
async fn answer(world: &World, password: &str, octets: &[u8]) {
    let mut raw = Raw::log_in(world, DOCTOR, password).await;
    raw.envelope(DOCTOR, &[PLI]).await;
    raw.say("DATA", "354").await;
    raw.send(&[octets, b".\r\n"].concat()).await;
    assert!(raw.reply().await.starts_with("250 2.0.0"));
}

async fn last(world: &World, born: &Born) -> String {
    told(world, born).await.pop().unwrap()
}

async fn yes_lets_a_device_read_and_nothing_else_does(world: World) {
    let address: Address = DOCTOR.parse().unwrap();
    let rooms = &world.running.rooms;
    let new = rooms.mailboxes.add_device(&address, DeviceKind::Full, "téléphone", "", None).await.unwrap();
    let scanner = rooms.mailboxes.add_device(&address, DeviceKind::SendOnly, "scanner", "", None).await.unwrap();
    let waits = async || Client::open(&world, DOCTOR, &new.password.reveal()).await.1.contains("NO [UNAVAILABLE]");
    world.pass(std::time::Duration::from_secs(1));
    rooms.deliveries.tell_devices().await.unwrap();
    world.pass(std::time::Duration::from_secs(1));
    let letters = world.read(&world.doctor, FolderRole::Inbox).await;
    let letter = letters.iter().find(|octets| String::from_utf8_lossy(octets).contains(&new.id.to_string())).unwrap();
    let text = mail_parser::MessageParser::default().parse(letter).unwrap().body_text(0).unwrap().into_owned();
    assert!(text.contains("répondez « oui »"), "{text}");
    // Itself, the scanner, a colleague, no, and a program: it waits.
    let yes = reply(DOCTOR, letter, "oui");
    answer(&world, &new.password.reveal(), &yes).await;
    assert!(last(&world, &world.doctor).await.contains("ne lit pas lui-même"));
    answer(&world, &scanner.password.reveal(), &yes).await;
    let theirs = reply(COLLEAGUE, letter, "oui");
    assert!(submit(&world, (COLLEAGUE, &world.colleague), &[PLI], &theirs).await.starts_with("250"));
    assert!(last(&world, &world.colleague).await.contains("aucune question"));
    let reads = world.doctor.device.password.reveal();
    answer(&world, &reads, &reply(DOCTOR, letter, "non")).await;
    assert!(last(&world, &world.doctor).await.contains("Rien n’a changé"));
    answer(&world, &reads, &[b"Auto-Submitted: auto-replied\r\n".as_slice(), &yes].concat()).await;
    // A slot that somebody wrote into the database is never filled.
    world.sql(&format!("UPDATE slots SET version = version + 1 WHERE device_id = '{}'", new.id)).await;
    answer(&world, &reads, &yes).await;
    world.sql(&format!("UPDATE slots SET version = version - 1 WHERE device_id = '{}'", new.id)).await;
    assert!(waits().await);
    // Yes, from a device that reads.
    answer(&world, &reads, &yes).await;
    assert!(last(&world, &world.doctor).await.contains("peut maintenant lire"));
    let (mut client, said) = Client::open(&world, DOCTOR, &new.password.reveal()).await;
    assert!(said.contains("a OK"), "{said}");
    client.say("SELECT INBOX").await;
    let read = client.say("FETCH * BODY.PEEK[]").await;
    assert!(read.contains("peut maintenant lire") || read.contains("maintenant"), "{read}");
    assert!(!newest(&world, &world.doctor).await.is_empty());
    world.running.stop().await;
}
