//! Another root key takes the place of the one in use, while everything runs (faults.md row 44).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pli::domain::{Clock as _, DeliveryState, HolderId, KeyId};
use pli::server::rotation::{Kept, KeyState, RetireError, Step};
use pli::server::{OsRandom, Rooms};
use pli::store::rotation::HolderRow;
use pli::store::spending::NumberFacts;
use pli::vault::KeyRing;

use crate::letter::{asked, typed};
use crate::letters;
use crate::restore::everything;
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, PAUL, World, profile, until};

const MARIE: &str = "marie.canari@patient.example";
const NUMBERS: [(&str, &str); 3] = [(JEANNE, "06 12 34 56 78"), (PAUL, "06 12 34 56 79"), (MARIE, "06 12 34 56 80")];
const PATIENCE: Duration = Duration::from_secs(30);

super::on_both! {
    fault_44_everything_outlives_a_change_of_the_root_key
    a_key_that_a_process_does_not_know_seals_nothing
    a_change_of_the_root_key_gives_nobody_authority
}

/// The rooms of a command beside the running server.
async fn command(world: &World) -> Rooms {
    Rooms::open(&world.config, "cli", world.clock.clone(), Arc::new(OsRandom)).await.unwrap()
}

fn ring(world: &World) -> KeyRing {
    KeyRing::parse(&std::fs::read_to_string(&world.config.root_key).unwrap()).unwrap()
}

async fn state(rooms: &Rooms, key: KeyId) -> KeyState {
    rooms.root_keys().await.unwrap().into_iter().find(|state| state.id == key).unwrap()
}

/// How many values of a column are under a key.
async fn under(world: &World, column: &str, key: KeyId) -> i64 {
    let rooms = &world.running.rooms;
    let state = state(rooms, key).await;
    state.under.iter().filter(|under| format!("{}.{}", under.of.table, under.of.column) == column).map(|u| u.many).sum()
}

/// Where a letter's attachment is saved from.
async fn saved(world: &World, browser: &crate::browser::Browser, page: &crate::browser::Page) -> Vec<u8> {
    let save = page.links().into_iter().find(|link| link.contains("/save?"));
    let save = save.unwrap_or_else(|| panic!("no file: {} {}", world.database, page.text()));
    browser.follow(page, &save).await.octets
}

async fn fault_44_everything_outlives_a_change_of_the_root_key(world: World) {
    crate::logo::set(&world, world.practice, pli::portal::SAMPLE_LOGO).await;
    let old = ring(&world).current().unwrap();
    let first_file = std::fs::read(&world.config.root_key).unwrap();
    for (n, (address, number)) in NUMBERS.into_iter().enumerate() {
        world.add_patient(address, number).await;
        if n == 2 {
            world.relay.answer("451 4.7.1 not now");
        }
        let octets = letters::thunderbird(address, &format!("Ordonnance {n}"), &letters::pdf(90_000 * (n + 1)));
        world.submit(&[address], &octets).await.unwrap();
        if n < 2 {
            world.notices(n + 1).await;
        }
    }
    world.submit(&[COLLEAGUE], &letters::thunderbird(COLLEAGUE, "Avis", &letters::pdf(200_000))).await.unwrap();
    let links: Vec<String> = world.relay.caught().iter().map(crate::relay::Mail::link).collect();
    // A page that is open, a code on its way, a number whose owner refuses short messages, sends that are counted.
    let (reading, typing) = (world.browser(), world.browser());
    crate::remembered::allow(&world, true).await;
    let page = crate::remembered::remembered(&world, &reading, &links[0]).await;
    let waits = asked(&typing, &links[1]).await;
    let code = world.gateway.last().code();
    world.pass(Duration::from_secs(31));
    let number = world.running.rooms.deliveries.read_number(&profile(), NUMBERS[2].1).unwrap();
    let (store, vault) = world.second_node().await;
    let facts = NumberFacts { landline: true, stopped: false };
    let mut tx = store.write("note").await.unwrap();
    let hash = vault.number_hash(world.practice, &number);
    tx.note_number(world.practice, &hash, facts, None, world.clock.now()).await.unwrap();
    let event =
        pli::domain::AuditEvent::new(world.clock.now(), pli::domain::Actor::Server, pli::domain::Verb::CodeReported);
    tx.commit(event).await.unwrap();
    store.close().await;
    let sent = world.count("SELECT CAST(SUM(used) AS BIGINT) FROM spendings WHERE scope = 'server'").await;
    let before = everything(&world).await;
    let backups = world.folder.path().join("backups");
    world.running.rooms.backup(&backups, None, world.clock.now()).await.unwrap();

    // Killed between two batches.
    let rooms = command(&world).await;
    let made = Arc::new(AtomicBool::new(false));
    let seen = made.clone();
    let mut say =
        move |step| seen.store(matches!(step, Step::Made(..)) || seen.load(Ordering::SeqCst), Ordering::SeqCst);
    tokio::select! {
        biased;
        () = async { while !made.load(Ordering::SeqCst) { tokio::task::yield_now().await } } => {}
        _ = rooms.rotate(None, PATIENCE, &mut say) => panic!("it was not interrupted"),
    }
    let new = ring(&world).current().unwrap();
    assert_ne!(new, old);
    assert!(rooms.is_rotating().await.unwrap());
    let halfway = state(&rooms, old).await;
    assert!(halfway.under.iter().any(|under| under.kept() == Kept::Again), "something was left to do: {halfway:?}");
    rooms.close().await;
    // Everything can be read in the middle, and written: by the server, which has taken up the file.
    assert!(everything(&world).await == before);
    world.submit(&[COLLEAGUE], &letters::plain(COLLEAGUE, "Entre deux")).await.unwrap();
    world.pass(Duration::from_secs(31));
    assert!(typed(&typing, &waits, "000000").await.url.path() != "/letter");

    // Begun again, it goes on with the same key.
    let rooms = command(&world).await;
    let mut steps = Vec::new();
    let rotated = rooms.rotate(None, PATIENCE, &mut |step| steps.push(format!("{step:?}"))).await.unwrap();
    assert_eq!((rotated.key, rotated.refused), (new, 0), "{steps:?}");
    assert!(!rooms.is_rotating().await.unwrap() && ring(&world).ids() == [new, old]);
    assert_eq!(world.count("SELECT COUNT(*) FROM remembered_browsers").await, 0, "a code is asked for once more");
    let left = state(&rooms, old).await;
    assert!(left.under.iter().all(|under| under.kept() != Kept::Again), "{:?}", left.under);
    assert!(
        under(&world, "deliveries.ticket_hash", old).await == 3
            && under(&world, "devices.verifier_hash", old).await > 0
    );
    assert_eq!(under(&world, "entries.authority_mac", old).await, 0);
    assert!(under(&world, "entries.authority_mac", new).await >= 6);
    assert!(rooms.mailboxes.verify_journal().await.unwrap().is_ok());

    // Every message, to the octet, and what is sent now.
    let after = everything(&world).await;
    assert!(before.iter().all(|message| after.contains(message)), "every message");
    world.submit(&[COLLEAGUE], &letters::plain(COLLEAGUE, "Après")).await.unwrap();
    assert_eq!(under(&world, "devices.verifier_hash", new).await, 1, "a right login brings its verifier along");
    // The page that was open, the code that was on its way, the link that nobody opened yet.
    assert_eq!(reading.follow(&page, "/letter").await.status, 200);
    assert!(reading.follow(&page, "/letter/logo").await.octets == pli::portal::SAMPLE_LOGO);
    assert_eq!(under(&world, "practices.logo_sealed", new).await, 1);
    assert!(saved(&world, &reading, &page).await == letters::pdf(90_000));
    let letter = typed(&typing, &waits, &code).await;
    assert_eq!(letter.url.path(), "/letter", "{}", letter.text());
    assert!(saved(&world, &typing, &letter).await == letters::pdf(180_000));
    // The notice that waited, and its link; the number is known to take no short messages.
    world.relay.answer("250 2.0.0 ok");
    world.pass(Duration::from_secs(3600));
    assert!(world.running.rooms.deliveries.retry(None).await.unwrap() <= 1);
    let link = world.notices(3).await.pop().unwrap().link();
    let (store, vault) = world.second_node().await;
    let hash = vault.number_hash(world.practice, &number);
    assert!(vault.is_current(hash.as_octets()));
    assert_eq!(store.number_facts(world.practice, &hash).await.unwrap(), facts);
    store.close().await;
    let browser = world.browser();
    let shown = browser.get(&link).await;
    let asked = browser.submit(&shown, shown.form("/code").with("channel", "voice")).await;
    let letter = typed(&browser, &asked, &world.gateway.last().code()).await;
    assert_eq!(letter.url.path(), "/letter", "{}", letter.text());
    let counted = world.count("SELECT CAST(SUM(used) AS BIGINT) FROM spendings WHERE scope = 'server'").await;
    assert!(counted > sent);
    assert_eq!(world.count("SELECT COUNT(*) FROM spendings WHERE scope = 'server'").await, 1, "one ceiling goes on");
    // Nobody is in the directory twice, and no practice has another's name.
    assert!(rooms.deliveries.add_practice(profile()).await.is_err());
    let record = pli::domain::PatientRecord {
        name: pli::domain::PersonName("Jeanne Canari".to_owned()),
        address: PAUL.parse().unwrap(),
        number: rooms.deliveries.read_number(&profile(), NUMBERS[1].1).unwrap(),
        language: None,
        channel: None,
        birth_date: None,
    };
    let kind = pli::domain::PatientKind::Patient;
    assert!(
        rooms
            .deliveries
            .add_patient(world.practice, kind, record, &pli::delivery::persons::Filing::default())
            .await
            .is_err()
    );

    // A backup needs both keys; the file of before is not enough for anything.
    let backup = rooms.backup(&backups, None, world.clock.now()).await.unwrap();
    let manifest = std::fs::read_to_string(backups.join(&backup.name).join("manifest.json")).unwrap();
    assert!([new, old].iter().all(|key| manifest.contains(&key.to_string())), "{manifest}");
    let spare = world.doctor.spare.as_ref().unwrap().password.reveal().to_string();
    let file = std::fs::read(&world.config.root_key).unwrap();
    rooms.close().await;
    let World { running, .. } = &world;
    assert!(running.rooms.mailboxes.verify_journal().await.unwrap().is_ok());
    let world = world.restart().await;
    let there = world.config.root_key.clone();
    std::fs::write(&there, &first_file).unwrap();
    let refused = Rooms::open(&world.config, "cli", world.clock.clone(), Arc::new(OsRandom)).await;
    let refused = refused.err().unwrap().to_string();
    assert!(refused.contains("not the one the data was sealed with; if it was changed since"), "{refused}");
    std::fs::write(&there, &file).unwrap();

    // The old key is needed for the links that are open; once these have ended, it goes.
    let rooms = command(&world).await;
    let needed = rooms.retire(old, None, false).await;
    let Err(RetireError::Needed(needed)) = needed else { panic!("{needed:?}") };
    let needed: BTreeSet<_> = needed.iter().map(|under| format!("{}.{}", under.of.table, under.of.column)).collect();
    assert!(needed.contains("deliveries.ticket_hash") && !needed.contains("devices.verifier_hash"), "{needed:?}");
    assert!(rooms.retire(new, None, true).await.is_err(), "what seals stays");
    world.pass(Duration::from_secs(40 * 86_400));
    for _ in 0..2 {
        world.running.rooms.deliveries.sweep().await.unwrap();
    }
    let all = world.running.rooms.deliveries.list(None, 10).await.unwrap();
    assert!(all.iter().all(|delivery| delivery.state == DeliveryState::Expired), "{all:?}");
    assert_eq!(rooms.retire(old, None, false).await.unwrap(), 0);
    assert_eq!(ring(&world).ids(), [new]);
    let retired = state(&rooms, old).await;
    assert!(retired.retired && retired.under.iter().all(|under| matches!(under.kept(), Kept::Left(_))), "{retired:?}");
    rooms.close().await;

    // What it leaves: a password on paper that was never used, a link that says that it has ended, the journal.
    let world = world.restart().await;
    let after = everything(&world).await;
    assert!(before.iter().all(|message| after.contains(message)), "every message");
    let dialogue = ["EHLO x", &crate::doors::auth(DOCTOR, &spare), "QUIT"];
    assert!(world.dialogue(&dialogue).await.contains("235 "), "a spare of before");
    let ended = world.browser().get(&links[0]).await;
    assert!(!ended.text().contains("incomplet") && ended.forms().iter().all(|form| !form.action.ends_with("/code")));
    assert!(world.running.rooms.mailboxes.verify_journal().await.unwrap().is_ok());
    world.submit(&[COLLEAGUE], &letters::plain(COLLEAGUE, "À la fin")).await.unwrap();
    // An event of before, changed: seen, with what the old key left.
    world.sql("UPDATE audit_events SET line = line || ' count=9' WHERE node = 'serve' AND seq = 3").await;
    let found = world.running.rooms.mailboxes.verify_journal().await.unwrap();
    assert_eq!(found, Err(("serve".to_owned(), 3)));
    world.running.stop().await;
}

async fn a_key_that_a_process_does_not_know_seals_nothing(world: World) {
    let old = ring(&world).current().unwrap();
    // Somebody who waits for a number.
    world.submit(&[MARIE], &letters::plain(MARIE, "Sans numéro")).await.unwrap();
    assert_eq!(under(&world, "holds.question_sealed", old).await, 1);
    let (store, _) = world.second_node().await;
    // Another machine, whose file nobody has changed yet.
    let id = HolderId::random(&OsRandom);
    let now = world.clock.now();
    let mut row = HolderRow { id, node: "serve".to_owned(), knows: vec![old], seen_at: now };
    store.hold_keys(&row, now).await.unwrap();
    let rooms = command(&world).await;
    let patience = Duration::from_secs(12);
    let mut announced = Vec::new();
    let mut say = |step| {
        if let Step::Announced(key) = step {
            announced.push(key);
        }
    };
    let refused = rooms.rotate(None, patience, &mut say).await.unwrap_err().to_string();
    assert!(refused.contains("1 processes do not know it yet") && refused.contains(&id.to_string()), "{refused}");
    let keys = ring(&world);
    assert_eq!((keys.current(), keys.next()), (Some(old), announced.first().copied()));
    let backups = world.folder.path().join("backups");
    let made = rooms.backup(&backups, None, world.clock.now()).await.unwrap();
    let manifest = std::fs::read_to_string(backups.join(&made.name).join("manifest.json")).unwrap();
    assert!(!manifest.contains(&announced[0].to_string()), "nothing is under it yet");
    world.submit(&[COLLEAGUE], &letters::plain(COLLEAGUE, "Sous l'ancienne")).await.unwrap();
    let new = keys.next().unwrap();
    assert_eq!(under(&world, "entries.authority_mac", new).await, 0);
    // It has the file now, and does not use it before it looks again.
    row.knows.push(new);
    store.hold_keys(&row, now).await.unwrap();
    let mut behind = 0;
    let mut say = |step| {
        if let Step::Behind(many) = step {
            behind += many;
        }
    };
    let rotated = rooms.rotate(None, patience, &mut say).await.unwrap();
    assert_eq!((rotated.key, behind, rotated.behind, announced), (new, 1, 1, vec![new]));
    assert!(rooms.is_rotating().await.unwrap(), "what it writes is still to be made again");
    let refused = rooms.retire(old, None, true).await.unwrap_err().to_string();
    assert!(refused.contains("1 processes still seal under another root key"), "{refused}");
    store.drop_keys(id).await.unwrap();
    let again = rooms.rotate(None, patience, &mut |_| {}).await.unwrap();
    assert_eq!((again.key, again.behind, again.refused), (new, 0, 0), "it goes on, and makes no other key");
    assert_eq!(under(&world, "holds.question_sealed", old).await, 0);
    assert_eq!(world.running.rooms.deliveries.list(None, 10).await.unwrap()[0].state, DeliveryState::Held);
    assert!(!rooms.is_rotating().await.unwrap());
    // Given up by force: the count is said, and everything but what was counted works.
    assert!(rooms.retire(old, None, true).await.is_ok());
    world.submit(&[COLLEAGUE], &letters::plain(COLLEAGUE, "Sous la nouvelle")).await.unwrap();
    // And once more, on a copy of the file that is put into place by hand, as where systemd hands it out.
    let copy = world.folder.path().join("copy.key");
    std::fs::copy(&world.config.root_key, &copy).unwrap();
    let waits = rooms.rotate(Some(&copy), Duration::from_secs(9), &mut |_| {}).await.unwrap_err().to_string();
    assert!(waits.contains("1 processes do not know it yet: serve"), "{waits}");
    std::fs::copy(&copy, &world.config.root_key).unwrap();
    let third = rooms.rotate(Some(&copy), Duration::from_secs(9), &mut |_| {}).await.unwrap();
    assert!(third.key != new && third.behind == 1);
    std::fs::copy(&copy, &world.config.root_key).unwrap();
    let third = rooms.rotate(Some(&copy), PATIENCE, &mut |_| {}).await.unwrap();
    assert_eq!((third.behind, ring(&world).ids()), (0, vec![third.key, new]));
    until(async || everything(&world).await.len() >= 4).await;
    assert!(rooms.mailboxes.verify_journal().await.unwrap().is_ok());
    store.close().await;
    rooms.close().await;
    world.running.stop().await;
}

async fn a_change_of_the_root_key_gives_nobody_authority(world: World) {
    let old = ring(&world).current().unwrap();
    world.add_patient(JEANNE, NUMBERS[0].1).await;
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Pour vous")).await.unwrap();
    let link = world.notices(1).await.pop().unwrap().link();
    // Somebody who writes the database: a certificate of another version, a delivery of another patient.
    world.sql(&format!("UPDATE mailboxes SET version = version + 1 WHERE address = '{COLLEAGUE}'")).await;
    world.sql("UPDATE deliveries SET patient_id = NULL, practice_id = practice_id, head_id = head_id").await;
    world.sql("UPDATE deliveries SET authority_mac = (SELECT authority_mac FROM mailboxes LIMIT 1)").await;
    let rooms = command(&world).await;
    let rotated = rooms.rotate(None, PATIENCE, &mut |_| {}).await.unwrap();
    assert_eq!(rotated.refused, 2);
    assert_eq!(under(&world, "mailboxes.authority_mac", old).await, 1);
    assert_eq!(under(&world, "deliveries.authority_mac", old).await, 1);
    assert!(world.submit(&[COLLEAGUE], &letters::plain(COLLEAGUE, "Avis")).await.is_err());
    assert!(world.browser().get(&link).await.status >= 500);
    let refused = rooms.retire(old, None, false).await;
    assert!(matches!(refused, Err(RetireError::Needed(_))), "{refused:?}");
    rooms.close().await;
    world.running.stop().await;
}
