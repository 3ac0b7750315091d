//! Application mailboxes: software that sends, opens nothing, writes as others where it may, and hears SMTP refusals.

use pli::domain::*;
use pli::mailbox::provision::{Born, DeviceToAdd, NewMailbox, ProvisionError};
use pli::mailbox::settings::MailboxChange;

use crate::imap::client::{Client, Server};
use crate::letters;
use crate::submission::Raw;
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, NOW, PAUL, World, until};

super::on_both! {
    software_sends_and_its_password_opens_nothing
    software_hears_in_smtp_what_a_person_would_be_written
    fault_16_software_writes_as_others_only_where_it_may
    a_burst_of_letters_is_absorbed
    software_reads_a_list_instead_of_letters
}

const LABORATORY: &str = "laboratoire@cabinet.example";

async fn laboratory(world: &World, send_as: &[&str]) -> Born {
    let new = NewMailbox {
        address: LABORATORY.parse().unwrap(),
        name: "Laboratoire".to_owned(),
        kind: MailboxKind::Application,
        label: "automate".to_owned(),
        person: String::new(),
        send_as: send_as.iter().map(|address| address.parse().unwrap()).collect(),
    };
    world.running.rooms.mailboxes.add(new, None).await.unwrap()
}

fn letter(from: &str, to: &str) -> Vec<u8> {
    String::from_utf8(letters::plain(to, "Bilan")).unwrap().replace(DOCTOR, from).into_bytes()
}

async fn send(raw: &mut Raw, from: &str, to: &[&str], letter: &[u8]) -> String {
    raw.envelope(from, to).await;
    raw.say("DATA", "354").await;
    raw.send(&[letter, b".\r\n"].concat()).await;
    raw.reply().await
}

async fn software_sends_and_its_password_opens_nothing(world: World) {
    let born = laboratory(&world, &[]).await;
    let password = born.device.password.reveal();
    assert!(born.device.kind == DeviceKind::SendOnly && !born.device.ready);
    let mut raw = Raw::log_in(&world, LABORATORY, &password).await;
    let bilan = letter(LABORATORY, COLLEAGUE);
    assert!(send(&mut raw, LABORATORY, &[COLLEAGUE], &bilan).await.starts_with("250 2.0.0"));
    assert!(world.read(&world.colleague, FolderRole::Inbox).await == [bilan]);
    // Its password is no key: reading is refused with the reason, and there is no slot that it would open.
    let server = Server::new(world.running.imaps.unwrap(), "mail.cabinet.example", &world.authority).unwrap();
    let mut imap = Client::open(&server).await.unwrap();
    let answer = imap.command(format!("LOGIN {LABORATORY} {}", &*password).as_bytes()).await.unwrap();
    assert_eq!(answer.code.unwrap().name, "AUTHORIZATIONFAILED");
    let (store, _) = world.second_node().await;
    assert!(store.slot_of(born.device.id).await.unwrap().is_none());
    store.close().await;
    // So is every further device of it, unless the spare unlocks one that reads.
    let address = LABORATORY.parse().unwrap();
    let mailboxes = &world.running.rooms.mailboxes;
    let next = mailboxes.add_device_as(&address, DeviceToAdd { label: "scanner", ..Default::default() }).await.unwrap();
    assert_eq!(next.kind, DeviceKind::SendOnly);
    let spare = born.spare.as_ref().unwrap().password.reveal();
    let reads = DeviceToAdd { label: "poste", unlock: Some(&spare), ..Default::default() };
    let reads = mailboxes.add_device_as(&address, reads).await.unwrap();
    assert!(reads.kind == DeviceKind::Full && reads.ready);
    Client::log_in(&server, LABORATORY, &reads.password.reveal()).await.unwrap();
    // A person's is not changed by any of this.
    let doctors = DeviceToAdd { label: "poste", ..Default::default() };
    let doctors = mailboxes.add_device_as(&DOCTOR.parse().unwrap(), doctors).await.unwrap();
    assert_eq!(doctors.kind, DeviceKind::Full);
    world.running.stop().await;
}

async fn software_hears_in_smtp_what_a_person_would_be_written(world: World) {
    let born = laboratory(&world, &[]).await;
    let mut raw = Raw::log_in(&world, LABORATORY, &born.device.password.reveal()).await;
    world.sql(&format!("UPDATE mailboxes SET state = 'suspended' WHERE address = '{DOCTOR}'")).await;
    raw.envelope(LABORATORY, &[]).await;
    for (to, code, why) in [
        ("inconnu@cabinet.example", "550 5.1.1", "n'existe pas ici"),
        (DOCTOR, "550 5.2.1", "fermee"),
        ("a@hopital.mssante.fr", "550 5.1.2", "MSSante"),
        ("+33@sms.cabinet.example", "550 5.1.3", "n'est pas un numero"),
    ] {
        let said = raw.say(&format!("RCPT TO:<{to}>"), code).await;
        assert!(said.replace("\r\n550-", " ").contains(why), "{to}: {said}");
    }
    raw.say("DATA", "503 5.5.1").await;
    raw.say("RSET", "250").await;
    // Nobody has a number for her: said at the end of the message, and nothing went to the colleague either.
    let said = send(&mut raw, LABORATORY, &[COLLEAGUE, JEANNE], &letter(LABORATORY, JEANNE)).await;
    assert!(
        said.starts_with("554") && said.contains("5.1.0 Rien n'est parti") && said.contains("aucun numero"),
        "{said}"
    );
    assert!(world.read(&world.colleague, FolderRole::Inbox).await.is_empty());
    // With one it goes, and nothing of all this was written into a mailbox that nobody reads.
    let numbered =
        [format!("X-Pli-Phone: <{JEANNE}> 06 12 34 56 78\r\n").as_bytes(), &letter(LABORATORY, JEANNE)].concat();
    assert!(send(&mut raw, LABORATORY, &[COLLEAGUE, JEANNE], &numbered).await.starts_with("250 2.0.0"));
    assert_eq!(world.notices(1).await[0].to, JEANNE);
    let shown = world.running.rooms.mailboxes.show(&LABORATORY.parse().unwrap()).await.unwrap();
    assert!(shown.folders.iter().all(|(_, messages)| *messages == 0), "{:?}", shown.folders);
    world.running.stop().await;
}

async fn fault_16_software_writes_as_others_only_where_it_may(world: World) {
    let born = laboratory(&world, &[DOCTOR]).await;
    let address: Address = LABORATORY.parse().unwrap();
    let mailboxes = &world.running.rooms.mailboxes;
    let mut raw = Raw::log_in(&world, LABORATORY, &born.device.password.reveal()).await;
    // As itself, as the doctor, and with both named.
    let both = [format!("Sender: {LABORATORY}\r\n").as_bytes(), &letter(DOCTOR, COLLEAGUE)].concat();
    for (envelope, octets) in [
        (LABORATORY, letter(LABORATORY, COLLEAGUE)),
        (DOCTOR, letter(DOCTOR, COLLEAGUE)),
        (LABORATORY, letter(DOCTOR, COLLEAGUE)),
        (LABORATORY, both),
    ] {
        assert!(send(&mut raw, envelope, &[COLLEAGUE], &octets).await.starts_with("250 2.0.0"));
    }
    assert_eq!(world.read(&world.colleague, FolderRole::Inbox).await.len(), 4);
    // As nobody else: not in the envelope, not in From, not in Sender, not in a display name.
    let said = raw.say(&format!("MAIL FROM:<{COLLEAGUE}>"), "553").await;
    assert!(said.contains("5.7.1") && said.contains(LABORATORY), "{said}");
    for forged in [
        letter(COLLEAGUE, COLLEAGUE),
        [format!("Sender: {COLLEAGUE}\r\n").as_bytes(), &letter(DOCTOR, COLLEAGUE)].concat(),
        letter(&format!("\"{COLLEAGUE}\" <{DOCTOR}>"), COLLEAGUE),
        letter(&format!("{DOCTOR}, {LABORATORY}"), COLLEAGUE),
    ] {
        assert!(send(&mut raw, DOCTOR, &[COLLEAGUE], &forged).await.starts_with("553 5.7.1"));
    }
    // Only addresses of its practice can be allowed.
    let allow = async |to: &str| mailboxes.set_send_as(&address, &[to.parse().unwrap()], &[]).await;
    for bad in ["director@hospital.example", "pli@cabinet.example", LABORATORY] {
        assert!(matches!(allow(bad).await, Err(ProvisionError::Refused(_))), "{bad}");
    }
    // One device may what another may not.
    let colleague = [COLLEAGUE.parse().unwrap()];
    let new = DeviceToAdd { label: "imagerie", send_as: &colleague, ..Default::default() };
    let imaging = mailboxes.add_device_as(&address, new).await.unwrap();
    let mut other = Raw::log_in(&world, LABORATORY, &imaging.password.reveal()).await;
    other.envelope(COLLEAGUE, &[DOCTOR]).await;
    raw.say(&format!("MAIL FROM:<{COLLEAGUE}>"), "553").await;
    // A row that somebody else wrote into the database allows nothing.
    world
        .sql(&format!("UPDATE send_as SET address = '{COLLEAGUE}', device_id = NULL WHERE address = '{DOCTOR}'"))
        .await;
    raw.say(&format!("MAIL FROM:<{COLLEAGUE}>"), "553").await;
    raw.say(&format!("MAIL FROM:<{DOCTOR}>"), "553").await;
    world
        .sql(&format!("UPDATE send_as SET address = '{DOCTOR}' WHERE address = '{COLLEAGUE}' AND device_id IS NULL"))
        .await;
    // What is taken back is so at once, for a message that is on its way too.
    raw.envelope(DOCTOR, &[COLLEAGUE]).await;
    mailboxes.set_send_as(&address, &[], &[DOCTOR.parse().unwrap()]).await.unwrap();
    raw.say("DATA", "354").await;
    raw.send(&[letter(DOCTOR, COLLEAGUE).as_slice(), b".\r\n"].concat()).await;
    assert!(raw.reply().await.starts_with("553 5.7.1"));
    let shown = mailboxes.show(&address).await.unwrap();
    assert_eq!(shown.send_as.len(), 1);
    assert_eq!((shown.send_as[0].address.as_str(), shown.send_as[0].device), (COLLEAGUE, Some(imaging.id)));
    world.running.stop().await;
}

async fn software_reads_a_list_instead_of_letters(world: World) {
    let born = laboratory(&world, &[]).await;
    let (address, mailboxes): (Address, _) = (LABORATORY.parse().unwrap(), &world.running.rooms.mailboxes);
    let inbox = async || {
        let shown = mailboxes.show(&address).await.unwrap();
        shown.folders.iter().find(|(role, _)| *role == FolderRole::Inbox).unwrap().1
    };
    let since = async |at: Timestamp| world.running.rooms.deliveries.list_since(&address, at, 100).await.unwrap();
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.add_patient(PAUL, "06 98 76 54 32").await;
    let mut raw = Raw::log_in(&world, LABORATORY, &born.device.password.reveal()).await;
    let mut submit = async |envelope: &str, to: &str, asked: &str, id: &str, fields: &str| {
        let bilan = String::from_utf8(letter(LABORATORY, to)).unwrap().replace("<p1@", &format!("<{id}@"));
        raw.say(&format!("MAIL FROM:<{LABORATORY}> {envelope}"), "250").await;
        raw.say(&format!("RCPT TO:<{to}> {asked}"), "250").await;
        raw.say("DATA", "354").await;
        raw.send(format!("{fields}{bilan}.\r\n").as_bytes()).await;
        assert!(raw.reply().await.starts_with("250 2.0.0"));
    };
    // Opened: in the list, under the names that the software gave, and nowhere else.
    submit("ENVID=dossier-17", JEANNE, "", "b1", "").await;
    let link = world.notices(1).await[0].link();
    world.state(DeliveryState::Notified).await;
    let listed = since(NOW).await;
    assert_eq!((listed.len(), listed[0].message_id.as_str()), (1, "<b1@cabinet.example>"));
    assert_eq!((listed[0].envelope_id.as_deref(), listed[0].opened_at), (Some("dossier-17"), None));
    world.pass(std::time::Duration::from_secs(600));
    let later = world.clock.now();
    assert!(since(later).await.is_empty(), "nothing new is known");
    crate::letter::opened(&world, &world.browser(), &link).await;
    let listed = since(later).await;
    assert_eq!((listed[0].state, listed[0].opened_at), (DeliveryState::Opened, Some(later)));
    assert_eq!((listed[0].changed_at(), inbox().await), (later, 0));
    // Refused: in the list; in INBOX only where the envelope asked for a report of it.
    world.relay.answer("550 5.1.1 nobody here");
    world.pass(std::time::Duration::from_secs(60));
    let bounced = async |many: usize| {
        until(async || {
            let listed = world.running.rooms.deliveries.list_since(&address, Timestamp(0), 100).await.unwrap();
            listed.iter().filter(|one| one.state == DeliveryState::Bounced).count() == many
        })
        .await;
    };
    submit("", PAUL, "", "b2", "").await;
    bounced(1).await;
    assert_eq!(inbox().await, 0);
    submit("", PAUL, "NOTIFY=FAILURE", "b3", "").await;
    bounced(2).await;
    assert_eq!(inbox().await, 1);
    // A receipt of reading is a program's own wish.
    world.relay.answer("250 2.1.5 OK");
    submit("", JEANNE, "", "b4", &format!("Disposition-Notification-To: {LABORATORY}\r\n")).await;
    let link = world.notices(2).await[1].link();
    crate::letter::opened(&world, &world.browser(), &link).await;
    assert_eq!(inbox().await, 2);
    // And whoever wants letters for it says so.
    let change = MailboxChange { receipts: Some(Receipts::First), ..MailboxChange::default() };
    mailboxes.set(&address, change).await.unwrap();
    submit("", JEANNE, "", "b5", "").await;
    let link = world.notices(3).await[2].link();
    crate::letter::opened(&world, &world.browser(), &link).await;
    assert_eq!(inbox().await, 3);
    assert!(matches!(
        world.running.rooms.deliveries.list_since(&"x@cabinet.example".parse().unwrap(), NOW, 1).await,
        Err(pli::delivery::directory::DirectoryError::Refused(_))
    ));
    assert!(world.read(&world.doctor, FolderRole::Inbox).await.is_empty());
    world.running.stop().await;
}

/// A short form of `examples/burst`: to patients and colleagues, over several connections, and nothing is lost, sent
/// twice, or sent to the relay faster than by a few connections.
async fn a_burst_of_letters_is_absorbed(world: World) {
    const LETTERS: usize = 240;
    let born = laboratory(&world, &[]).await;
    for n in 0..10 {
        world.add_patient(&format!("p{n}@patient.example"), &format!("06 12 34 56 1{n}")).await;
    }
    let (next, world) = (std::sync::atomic::AtomicUsize::new(0), &world);
    let sender = async || {
        let mut raw = Raw::log_in(world, LABORATORY, &born.device.password.reveal()).await;
        loop {
            let n = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            if n >= LETTERS {
                return;
            }
            let to = if n % 2 == 0 { format!("p{}@patient.example", n / 2 % 10) } else { COLLEAGUE.to_owned() };
            let said = send(&mut raw, LABORATORY, &[&to], &letter(LABORATORY, &to)).await;
            assert!(said.starts_with("250 2.0.0"), "{n}: {said}");
        }
    };
    // A person's letter in the midst of it is not kept waiting.
    let person = async {
        let begun = std::time::Instant::now();
        let mut raw = Raw::doctor(world).await;
        assert!(send(&mut raw, DOCTOR, &[COLLEAGUE], &letters::plain(COLLEAGUE, "Avis")).await.starts_with("250"));
        assert!(begun.elapsed() < std::time::Duration::from_secs(10));
    };
    tokio::join!(sender(), sender(), sender(), sender(), person);
    crate::world::until(async || world.relay.caught().len() >= LETTERS / 2).await;
    let links: std::collections::HashSet<String> = world.relay.caught().iter().map(crate::relay::Mail::link).collect();
    assert_eq!((links.len(), world.relay.caught().len()), (LETTERS / 2, LETTERS / 2));
    assert!(world.relay.most_connections() <= 4, "{}", world.relay.most_connections());
    assert_eq!(world.read(&world.colleague, FolderRole::Inbox).await.len(), LETTERS / 2 + 1);
    crate::world::until(async || world.count("SELECT COUNT(*) FROM outbox WHERE done_at IS NULL").await == 0).await;
    assert_eq!(world.count("SELECT COUNT(*) FROM deliveries WHERE state <> 'notified'").await, 0);
}
