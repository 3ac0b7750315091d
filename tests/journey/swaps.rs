//! Somebody who can write the database can deny or roll back, not read: every swap is refused (R-S3).

use pli::domain::{DeliveryState, DeviceKind, FolderRole};

use crate::letter::{asked, opened, typed};
use crate::letters;
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, PAUL, World, until};

super::on_both! {
    a_swapped_certificate_seals_nothing
    a_swapped_device_logs_nobody_in
    a_swapped_number_sends_no_code
    a_swapped_message_is_not_shown
    a_moved_challenge_opens_nothing
    a_moved_hash_names_nobody
    swapped_objects_are_not_shown
    a_swapped_slot_opens_nothing
}

async fn two_letters(world: &World) -> [String; 2] {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.add_patient(PAUL, "06 98 76 54 32").await;
    world.submit(&[JEANNE], &letters::thunderbird(JEANNE, "Pour Jeanne", &letters::pdf(100_000))).await.unwrap();
    let hers = world.notices(1).await.pop().unwrap().link();
    world.submit(&[PAUL], &letters::thunderbird(PAUL, "Pour Paul", &letters::pdf(110_000))).await.unwrap();
    let his = world.notices(2).await.pop().unwrap().link();
    until(async || world.running.rooms.deliveries.queue(false).await.unwrap().is_empty()).await;
    [hers, his]
}

/// Sets a column of one row of a table to another row's value.
async fn swap(world: &World, table: &str, column: &str, of: &str, from: &str) {
    let sql = format!("UPDATE {table} SET {column} = (SELECT o.{column} FROM {table} o WHERE o.{from}) WHERE {of}");
    assert_eq!(world.sql(&sql).await, 1, "{sql}");
}

async fn a_swapped_certificate_seals_nothing(world: World) {
    swap(&world, "mailboxes", "certificate", &format!("address = '{COLLEAGUE}'"), &format!("address = '{DOCTOR}'"))
        .await;
    assert!(world.submit(&[COLLEAGUE], &letters::plain(COLLEAGUE, "Avis")).await.is_err());
    assert!(world.read(&world.doctor, FolderRole::Sent).await.is_empty(), "nothing was sealed to anybody");
    world.running.stop().await;
}

async fn a_swapped_device_logs_nobody_in(world: World) {
    let (mine, theirs) = (world.doctor.device.id, world.colleague.device.id);
    for column in ["verifier_hash", "authority_mac"] {
        swap(&world, "devices", column, &format!("id = '{theirs}'"), &format!("id = '{mine}'")).await;
    }
    let password = world.doctor.device.password.reveal();
    let tag = world.doctor.device.password.tag().to_owned();
    world.sql(&format!("UPDATE devices SET tag = '{tag}' WHERE id = '{theirs}'")).await;
    let letter = letters::plain(DOCTOR, "Avis");
    let letter = String::from_utf8(letter).unwrap().replace("dr.martin", "dr.bianchi");
    let client = world.client(COLLEAGUE, &password);
    let sent = client.submit(&COLLEAGUE.parse().unwrap(), &[DOCTOR.parse().unwrap()], letter.as_bytes()).await;
    assert!(sent.is_err(), "the doctor's password under the colleague's name");
    // Even a device row moved whole belongs to its mailbox alone.
    world.sql(&format!("DELETE FROM slots WHERE device_id = '{theirs}'")).await;
    world.sql(&format!("DELETE FROM devices WHERE id = '{theirs}'")).await;
    world.sql(&format!("UPDATE devices SET mailbox_id = '{}' WHERE id = '{mine}'", world.colleague.id)).await;
    let sent = client.submit(&COLLEAGUE.parse().unwrap(), &[DOCTOR.parse().unwrap()], letter.as_bytes()).await;
    assert!(sent.is_err(), "a device moved to another mailbox");
    world.running.stop().await;
}

async fn a_swapped_number_sends_no_code(world: World) {
    let [hers, _] = two_letters(&world).await;
    let (jeanne, paul) = ids(&world).await;
    swap(&world, "deliveries", "coordinates_sealed", &format!("id = '{jeanne}'"), &format!("id = '{paul}'")).await;
    assert_eq!(world.browser().get(&hers).await.status, 503);
    swap(&world, "deliveries", "authority_mac", &format!("id = '{jeanne}'"), &format!("id = '{paul}'")).await;
    assert_eq!(world.browser().get(&hers).await.status, 503);
    assert!(world.gateway.caught().is_empty());
    // A person of the directory whose record is another's does not open either.
    world
        .sql("UPDATE patients SET record_sealed = (SELECT o.record_sealed FROM patients o WHERE o.id <> patients.id)")
        .await;
    assert!(world.submit(&[JEANNE], &letters::plain(JEANNE, "Suite")).await.is_err());
    world.running.stop().await;
}

async fn a_swapped_message_is_not_shown(world: World) {
    let [hers, _] = two_letters(&world).await;
    let (jeanne, paul) = ids(&world).await;
    for column in ["message_id", "head_id", "esk"] {
        swap(&world, "deliveries", column, &format!("id = '{jeanne}'"), &format!("id = '{paul}'")).await;
        let browser = world.browser();
        let page = browser.get(&hers).await;
        assert!(page.status == 503 || !page.text().contains("Pour Paul"), "{column}");
        if page.status == 200 {
            let page = opened(&world, &browser, &hers).await;
            assert!(!page.text().contains("Pour Paul") && !page.text().contains("Pour Jeanne"), "{column}");
        }
    }
    world.running.stop().await;
}

/// Somebody with a delivery of his own gets a code on his own telephone, and moves the challenge to her link.
async fn a_moved_challenge_opens_nothing(world: World) {
    let [hers, his] = two_letters(&world).await;
    let (jeanne, paul) = ids(&world).await;
    let thief = world.browser();
    let his_page = asked(&thief, &his).await;
    assert_eq!(world.gateway.last().to, "+33698765432");
    let code = world.gateway.last().code();
    assert_eq!(
        world.sql(&format!("UPDATE challenges SET delivery_id = '{jeanne}' WHERE delivery_id = '{paul}'")).await,
        1
    );
    let her_page = thief.get(&hers).await;
    assert!(her_page.forms().iter().any(|form| form.action.ends_with("/check")), "the page offers the field");
    let page = typed(&thief, &her_page, &code).await;
    assert_ne!(page.url.path(), "/letter", "and the code is nobody's");
    drop(his_page);
    world.running.stop().await;
}

async fn a_moved_hash_names_nobody(world: World) {
    let jeanne = world.add_patient(JEANNE, "06 12 34 56 78").await;
    let paul = world.add_patient(PAUL, "06 98 76 54 32").await;
    swap(&world, "patients", "address_hash", &format!("id = '{paul}'"), &format!("id = '{jeanne}'")).await;
    world.sql(&format!("DELETE FROM patients WHERE id = '{jeanne}'")).await;
    assert!(world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.is_err());
    assert!(world.relay.caught().is_empty());
    world.running.stop().await;
}

async fn swapped_objects_are_not_shown(world: World) {
    let [hers, _] = two_letters(&world).await;
    let (jeanne, paul) = ids(&world).await;
    let head = |id| format!("id = (SELECT head_id FROM deliveries WHERE id = '{id}')");
    swap(&world, "objects", "container", &head(jeanne), &head(paul)).await;
    let browser = world.browser();
    let page = opened(&world, &browser, &hers).await;
    assert!(!page.text().contains("Pour Paul"), "another head under this id");
    assert_eq!(page.status, 503);
    assert!(
        world.running.rooms.deliveries.list(None, 2).await.unwrap().iter().all(|d| d.state != DeliveryState::Opened)
    );
    world.running.stop().await;
}

async fn a_swapped_slot_opens_nothing(world: World) {
    let (mine, theirs) = (world.doctor.device.id, world.colleague.device.id);
    for column in ["secret_sealed", "esk"] {
        swap(&world, "slots", column, &format!("device_id = '{theirs}'"), &format!("device_id = '{mine}'")).await;
        let (address, password) = (COLLEAGUE.parse().unwrap(), world.colleague.device.password.reveal());
        let mailboxes = &world.running.rooms.mailboxes;
        let added = mailboxes.add_device(&address, DeviceKind::Full, "second", "", Some(&password)).await;
        assert!(added.is_err(), "{column}");
    }
    world.running.stop().await;
}

async fn ids(world: &World) -> (pli::domain::DeliveryId, pli::domain::DeliveryId) {
    let list = world.running.rooms.deliveries.list(None, 2).await.unwrap();
    let of = |address: &str| {
        let found = list.iter().find(|d| d.coordinates.as_ref().is_some_and(|c| c.address.reveal() == address));
        found.unwrap().id
    };
    (of(JEANNE), of(PAUL))
}
