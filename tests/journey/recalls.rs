//! Letters that their sender takes back, from the mail client alone: by *annuler*, and by the folder *Recalled*.

use std::time::Duration;

use pli::domain::*;

use crate::holds::{PLI, newest, reply, submit, told};
use crate::letter::{opened, sent};
use crate::letters;
use crate::mailbox::Client;
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, PAUL, World, until};

super::on_both! {
    cancel_answered_to_a_receipt_closes_that_letter_and_no_undoes_it
    a_message_moved_into_recalled_is_closed_and_moved_back_is_open
    what_was_not_sent_yet_is_not_sent_while_it_is_recalled
    many_recalls_are_asked_about
}

const RECALLED: &str = "\"Rappel&AOk-s\"";
const SENT: &str = "\"Envoy&AOk-s\"";

async fn client(world: &World) -> Client {
    let (client, answer) = Client::open(world, DOCTOR, &world.doctor.device.password.reveal()).await;
    assert!(answer.contains("a OK"), "{answer}");
    client
}

/// The doctor answers a letter; what came of it.
async fn answered(world: &World, letter: &[u8], text: &str) -> String {
    let before = told(world, &world.doctor).await.len();
    let heard = submit(world, (DOCTOR, &world.doctor), &[PLI], &reply(DOCTOR, letter, text)).await;
    assert!(heard.starts_with("250 2.0.0"), "{heard}");
    let mut all = told(world, &world.doctor).await;
    assert_eq!(all.len(), before + 1, "{all:?}");
    all.pop().unwrap()
}

async fn keys(world: &World) -> i64 {
    world.count("SELECT COUNT(*) FROM deliveries WHERE esk IS NOT NULL").await
}

async fn cancel_answered_to_a_receipt_closes_that_letter_and_no_undoes_it(world: World) {
    let deliveries = &world.running.rooms.deliveries;
    let (_, link) = sent(&world, &letters::pdf(100_000)).await;
    world.add_patient(PAUL, "06 98 76 54 32").await;
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    let his = world.notices(2).await[1].link();
    let (jeanne, paul) = (world.browser(), world.browser());
    let page = opened(&world, &jeanne, &link).await;
    let his_page = opened(&world, &paul, &his).await;
    let receipts = world.read(&world.doctor, FolderRole::Inbox).await;
    let hers = receipts.iter().find(|octets| String::from_utf8_lossy(octets).contains(JEANNE)).unwrap();
    // A colleague who has the receipt changes nothing.
    let theirs = reply(COLLEAGUE, hers, "annuler");
    assert!(submit(&world, (COLLEAGUE, &world.colleague), &[PLI], &theirs).await.starts_with("250"));
    assert_eq!(jeanne.follow(&page, "/letter").await.status, 200);
    let letter = answered(&world, hers, "Annuler").await;
    assert!(letter.starts_with(&format!("Rappelé : {JEANNE} ne peut plus")), "{letter}");
    assert!(letter.contains("Elle avait été ouverte le 15 janvier") && letter.contains("dix minutes"), "{letter}");
    let notice = newest(&world, &world.doctor).await;
    // The open page is closed with the next thing that it asks for, the link too; Paul's are not.
    assert_eq!(jeanne.follow(&page, "/letter").await.status, 403);
    let closed = world.browser().get(&link).await;
    assert!(closed.forms().iter().all(|form| !form.action.ends_with("/code")), "{}", closed.text());
    assert_eq!(paul.follow(&his_page, "/letter").await.status, 200);
    // No: it is as it was.
    world.pass(Duration::from_secs(500));
    deliveries.run_recalls().await.unwrap();
    assert!(answered(&world, &notice, "non").await.starts_with("Rappel annulé"));
    assert_eq!(jeanne.follow(&page, "/letter").await.status, 200);
    world.pass(Duration::from_secs(300));
    deliveries.run_recalls().await.unwrap();
    assert_eq!(keys(&world).await, 2);
    // Again, and nobody says no.
    answered(&world, hers, "annuler").await;
    world.pass(Duration::from_secs(601));
    deliveries.run_recalls().await.unwrap();
    assert_eq!(keys(&world).await, 1);
    let hers_now = deliveries.list(None, 10).await.unwrap();
    let hers_now = hers_now.iter().find(|one| one.coordinates.as_ref().is_some_and(|to| to.address.reveal() == JEANNE));
    assert_eq!(hers_now.unwrap().state, DeliveryState::Recalled);
    assert!(answered(&world, &notice, "non").await.contains("aucune question"), "too late");
    world.running.stop().await;
}

async fn a_message_moved_into_recalled_is_closed_and_moved_back_is_open(world: World) {
    let deliveries = &world.running.rooms.deliveries;
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.add_patient(PAUL, "06 98 76 54 32").await;
    let to = format!("{JEANNE}, {PAUL}, {COLLEAGUE}");
    let letter = letters::thunderbird(&to, "Avis", &letters::pdf(80_000));
    world.submit(&[JEANNE, PAUL, COLLEAGUE], &letter).await.unwrap();
    let notices = world.notices(2).await;
    let (jeanne, link) = (world.browser(), notices.iter().find(|mail| mail.to == JEANNE).unwrap().link());
    let page = opened(&world, &jeanne, &link).await;
    world.pass(Duration::from_secs(31));
    let mut mail = client(&world).await;
    // The client's own copy takes the server's place, and stands for it.
    mail.say(&format!("SELECT {SENT}")).await;
    let moved = mail.say(&format!("MOVE 1 {RECALLED}")).await;
    assert!(moved.contains("a OK"), "{moved}");
    assert_eq!(jeanne.follow(&page, "/letter").await.status, 403);
    assert_eq!(world.count("SELECT COUNT(*) FROM deliveries WHERE recalled_at IS NOT NULL").await, 2);
    deliveries.run_recalls().await.unwrap();
    until(async || told(&world, &world.doctor).await.len() == 2).await;
    deliveries.run_recalls().await.unwrap();
    let told_now = told(&world, &world.doctor).await;
    let recall = told_now.iter().find(|text| text.starts_with("Rappelé : ")).unwrap();
    assert!(told_now.len() == 2 && recall.contains(JEANNE) && recall.contains(PAUL), "one for both: {told_now:?}");
    assert!(recall.contains("Votre copie reste"));
    // Back again.
    mail.say(&format!("SELECT {RECALLED}")).await;
    mail.say(&format!("MOVE 1 {SENT}")).await;
    assert_eq!(jeanne.follow(&page, "/letter").await.status, 200);
    world.pass(Duration::from_secs(700));
    deliveries.run_recalls().await.unwrap();
    assert_eq!(keys(&world).await, 2);
    // Clients copy and delete; what is thrown away out of Recalled stays recalled.
    mail.say(&format!("SELECT {SENT}")).await;
    mail.say(&format!("COPY 1 {RECALLED}")).await;
    assert_eq!(jeanne.follow(&page, "/letter").await.status, 403);
    mail.say(&format!("SELECT {RECALLED}")).await;
    mail.say("MOVE 1 Corbeille").await;
    world.pass(Duration::from_secs(601));
    deliveries.run_recalls().await.unwrap();
    assert_eq!(keys(&world).await, 0);
    assert_eq!(world.read(&world.colleague, FolderRole::Inbox).await, [letter], "the colleague's copy stays");
    // What somebody else sent is not this mailbox's to recall.
    let mut theirs = Client::open(&world, COLLEAGUE, &world.colleague.device.password.reveal()).await.0;
    world.submit(&[JEANNE, COLLEAGUE], &letters::plain(&format!("{JEANNE}, {COLLEAGUE}"), "Avis")).await.unwrap();
    theirs.say("SELECT INBOX").await;
    assert!(theirs.say(&format!("COPY 1:* {RECALLED}")).await.contains("a OK"));
    assert_eq!(
        world.count("SELECT COUNT(*) FROM deliveries WHERE recalled_at IS NOT NULL AND esk IS NOT NULL").await,
        0
    );
    world.running.stop().await;
}

async fn what_was_not_sent_yet_is_not_sent_while_it_is_recalled(world: World) {
    let deliveries = &world.running.rooms.deliveries;
    world.relay.answer("451 4.3.0 later");
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.submit(&[JEANNE, PAUL], &letters::plain(&format!("{JEANNE}, {PAUL}"), "Avis")).await.unwrap();
    let question = newest(&world, &world.doctor).await;
    until(async || world.count("SELECT COUNT(*) FROM outbox WHERE last_failure IS NOT NULL").await == 1).await;
    world.pass(Duration::from_secs(120));
    let mut mail = client(&world).await;
    mail.say(&format!("SELECT {SENT}")).await;
    mail.say(&format!("MOVE 1 {RECALLED}")).await;
    world.relay.answer("250 2.1.5 OK");
    // Paul's question is answered meanwhile: he gets nothing either.
    submit(&world, (DOCTOR, &world.doctor), &[PLI], &reply(DOCTOR, &question, "06 98 76 54 32")).await;
    world.pass(Duration::from_secs(500));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(world.relay.caught().is_empty());
    mail.say(&format!("SELECT {RECALLED}")).await;
    mail.say(&format!("MOVE 1 {SENT}")).await;
    assert_eq!(world.notices(1).await[0].to, JEANNE);
    submit(&world, (DOCTOR, &world.doctor), &[PLI], &reply(DOCTOR, &question, "06 98 76 54 32")).await;
    assert_eq!(world.notices(2).await[1].to, PAUL);
    deliveries.run_recalls().await.unwrap();
    world.running.stop().await;
}

/// R-C2: one slip with many messages selected destroys nothing.
async fn many_recalls_are_asked_about(world: World) {
    let deliveries = &world.running.rooms.deliveries;
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    for n in 0..8 {
        let letter = String::from_utf8(letters::plain(JEANNE, "Avis")).unwrap().replace("<p1@", &format!("<m{n}@"));
        world.submit(&[JEANNE], letter.as_bytes()).await.unwrap();
    }
    world.notices(8).await;
    world.pass(Duration::from_secs(31));
    let mut mail = client(&world).await;
    mail.say(&format!("SELECT {SENT}")).await;
    assert!(mail.say(&format!("MOVE 1:8 {RECALLED}")).await.contains("a OK"));
    until(async || {
        deliveries.run_recalls().await.unwrap();
        !told(&world, &world.doctor).await.is_empty()
    })
    .await;
    let letters = world.read(&world.doctor, FolderRole::Inbox).await;
    let question = letters.iter().find(|octets| String::from_utf8_lossy(octets).contains("<recalls.")).unwrap();
    let text = mail_parser::MessageParser::default().parse(question).unwrap().body_text(0).unwrap().into_owned();
    assert!(text.contains("(8)") && text.contains("oui"), "{text}");
    assert_eq!(letters.len(), 1, "one question for all of them");
    world.pass(Duration::from_secs(3_600));
    deliveries.run_recalls().await.unwrap();
    assert_eq!(keys(&world).await, 8, "all are closed, and none is destroyed before it was confirmed");
    assert_eq!(world.count("SELECT COUNT(*) FROM deliveries WHERE suspended_at IS NULL").await, 0);
    // The colleague's yes is about the colleague's own, of which there is none.
    let theirs = reply(COLLEAGUE, question, "oui");
    submit(&world, (COLLEAGUE, &world.colleague), &[PLI], &theirs).await;
    deliveries.run_recalls().await.unwrap();
    assert_eq!(keys(&world).await, 8);
    assert!(answered(&world, question, "oui").await.starts_with("Confirmé"));
    deliveries.run_recalls().await.unwrap();
    assert_eq!(keys(&world).await, 0);
    world.running.stop().await;
}
