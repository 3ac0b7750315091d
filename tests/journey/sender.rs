//! What comes back to whoever wrote: receipts as the mailbox wants them, and never to anybody else.

use pli::domain::*;
use pli::mailbox::settings::MailboxChange;

use crate::browser::{Browser, Page};
use crate::holds::told;
use crate::letter::opened;
use crate::letters;
use crate::mailbox::Client;
use crate::world::{DOCTOR, JEANNE, World, until};

super::on_both! {
    receipts_come_as_the_mailbox_wants_them
    a_receipt_that_was_read_stays_and_what_needs_the_sender_is_always_told
}

async fn wants(world: &World, receipts: Receipts) {
    let change = MailboxChange { receipts: Some(receipts), ..MailboxChange::default() };
    world.running.rooms.mailboxes.set(&DOCTOR.parse().unwrap(), change).await.unwrap();
}

pub async fn client(world: &World) -> Client {
    let (client, answer) = Client::open(world, DOCTOR, &world.doctor.device.password.reveal()).await;
    assert!(answer.contains("a OK"), "{answer}");
    client
}

/// Jeanne opens the letter that was sent last, which has three files.
async fn jeanne_opens(world: &World) -> (Browser, Page) {
    let before = world.relay.caught().len();
    world.submit(&[JEANNE], &letters::photograph(JEANNE, "Photo", &letters::pdf(100_000))).await.unwrap();
    let link = world.notices(before + 1).await.pop().unwrap().link();
    let browser = world.browser();
    let page = opened(world, &browser, &link).await;
    (browser, page)
}

async fn downloads(browser: &Browser, page: &Page, files: std::ops::Range<usize>) {
    let saves: Vec<String> = page.links().into_iter().filter(|link| link.ends_with("/save")).collect();
    for save in &saves[files] {
        assert_eq!(browser.follow(page, save).await.status, 200);
    }
}

async fn receipts_come_as_the_mailbox_wants_them(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    // By default the first opening, and nothing of what follows.
    let (browser, page) = jeanne_opens(&world).await;
    let first = "Ouvert le 15 janvier à 9 h (0 fichier téléchargé sur 3)\n";
    assert!(told(&world, &world.doctor).await[0].starts_with(first));
    downloads(&browser, &page, 0..3).await;
    world.state(DeliveryState::Downloaded).await;
    assert_eq!(told(&world, &world.doctor).await.len(), 1);

    // All of it: the newer letter takes the place of the unread one, under a UID of its own.
    wants(&world, Receipts::All).await;
    let mut mail = client(&world).await;
    let (browser, page) = jeanne_opens(&world).await;
    assert!(mail.say("SELECT INBOX").await.contains("[UIDNEXT 3]"));
    downloads(&browser, &page, 0..2).await;
    let letters = told(&world, &world.doctor).await;
    assert!(letters.len() == 2 && letters[1].starts_with(first), "{letters:?}");
    world.pass(std::time::Duration::from_secs(300));
    downloads(&browser, &page, 2..3).await;
    until(async || told(&world, &world.doctor).await[1].contains("(3 fichiers téléchargés sur 3)")).await;
    let letters = told(&world, &world.doctor).await;
    assert_eq!(letters.len(), 2, "{letters:?}");
    assert!(
        letters[1].starts_with(
            "Ouvert le 15 janvier à 9 h (3 fichiers téléchargés sur 3)\n\
             Tous les fichiers ont été téléchargés le 15 janvier à 9 h 05.\n"
        ),
        "{}",
        letters[1]
    );
    let heard = mail.say("NOOP").await;
    assert!(heard.contains("* 2 EXPUNGE") && heard.contains("* 2 EXISTS"), "{heard}");
    assert!(mail.say("FETCH 2 (UID)").await.contains("UID 3"));
    // Once more changes nothing.
    downloads(&browser, &page, 0..3).await;
    assert_eq!(told(&world, &world.doctor).await.len(), 2);

    // None.
    wants(&world, Receipts::None).await;
    let (browser, page) = jeanne_opens(&world).await;
    downloads(&browser, &page, 0..3).await;
    world.state(DeliveryState::Downloaded).await;
    assert_eq!(told(&world, &world.doctor).await.len(), 2);
    assert!(world.read(&world.colleague, FolderRole::Inbox).await.is_empty(), "nobody else is told");
    world.running.stop().await;
}

async fn a_receipt_that_was_read_stays_and_what_needs_the_sender_is_always_told(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    wants(&world, Receipts::All).await;
    let (browser, page) = jeanne_opens(&world).await;
    let mut mail = client(&world).await;
    mail.say("SELECT INBOX").await;
    mail.say("STORE 1 +FLAGS (\\Seen)").await;
    downloads(&browser, &page, 0..3).await;
    until(async || told(&world, &world.doctor).await.len() == 2).await;
    let letters = told(&world, &world.doctor).await;
    assert!(letters[0].contains("(0 fichier") && letters[1].contains("(3 fichiers"), "{letters:?}");

    wants(&world, Receipts::None).await;
    world.relay.answer("550 5.1.1 nobody here");
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
    until(async || told(&world, &world.doctor).await.len() == 3).await;
    assert!(told(&world, &world.doctor).await[2].starts_with("Non remis : l'adresse n'existe pas."));
    world.running.stop().await;
}
