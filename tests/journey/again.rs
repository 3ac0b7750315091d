//! Letters that are asked for again without a code, and sent once more by their sender's *oui*; links that reached
//! somebody else.

use std::time::Duration;

use pli::domain::*;

use crate::browser::Page;
use crate::holds::{PLI, newest, reply, submit, told};
use crate::letter::{opened, sent};
use crate::letters::{self, BODY};
use crate::mailbox::Client;
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, PAUL, World, until};

super::on_both! {
    an_ended_letter_is_asked_for_again_and_yes_sends_it_with_a_new_link
    a_letter_of_which_no_copy_is_left_says_so
    a_number_that_changed_since_is_asked_about
    a_code_that_nobody_can_send_is_told_to_the_sender_once_in_a_day
    fault_14_who_says_that_a_letter_is_not_theirs_ticks_a_box
}

const OVER: Duration = Duration::from_secs(30 * 86_400 + 1);

/// The doctor answers a letter.
async fn answers(world: &World, letter: &[u8], text: &str) {
    let heard = submit(world, (DOCTOR, &world.doctor), &[PLI], &reply(DOCTOR, letter, text)).await;
    assert!(heard.starts_with("250 2.0.0"), "{heard}");
}

/// The button on a page whose form ends so.
async fn pressed(world: &World, link: &str, ending: &str, fields: &[(&str, &str)]) -> Page {
    let browser = world.browser();
    let page = browser.get(link).await;
    let form = page.form(ending);
    let form = fields.iter().fold(form, |form, (name, value)| form.with(name, value));
    browser.submit(&page, form).await
}

/// The letter that begins so, whole.
async fn letter_that(world: &World, begins: &str) -> Vec<u8> {
    let all = world.read(&world.doctor, FolderRole::Inbox).await;
    let text = |octets: &[u8]| {
        let read = mail_parser::MessageParser::default().parse(octets).unwrap();
        read.body_text(0).unwrap().into_owned()
    };
    let found = all.into_iter().rev().find(|octets| text(octets).starts_with(begins));
    found.unwrap_or_else(|| panic!("no letter begins with {begins}"))
}

async fn an_ended_letter_is_asked_for_again_and_yes_sends_it_with_a_new_link(world: World) {
    let deliveries = &world.running.rooms.deliveries;
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.add_patient(PAUL, "06 98 76 54 32").await;
    let to = format!("Jeanne <{JEANNE}>, {PAUL}, {COLLEAGUE}");
    let pdf = letters::pdf(300_000);
    let letter = letters::thunderbird(&to, letters::SUBJECT, &pdf);
    world.submit(&[JEANNE, PAUL, COLLEAGUE], &letter).await.unwrap();
    let notices = world.notices(2).await;
    let link = notices.iter().find(|mail| mail.to == JEANNE).unwrap().link();
    // While it can be read, nothing is asked for again.
    let open = world.browser().get(&link).await;
    assert!(open.forms().iter().all(|form| !form.action.ends_with("/again")), "{}", open.text());
    until(async || world.count("SELECT COUNT(*) FROM deliveries WHERE state = 'notified'").await == 2).await;
    world.pass(OVER);
    // Its time is over at the minute, whether or not anything has ended it yet.
    let page = pressed(&world, &link, "/again", &[]).await;
    assert!(page.text().contains("C’est demandé"), "{}", page.text());
    assert_eq!(told(&world, &world.doctor).await.len(), 1);
    deliveries.sweep().await.unwrap();
    assert_eq!(told(&world, &world.doctor).await.len(), 3, "one for each who did not open");
    // She asks again; her doctor is told once, and once more the day after.
    pressed(&world, &link, "/again", &[]).await;
    let asked = told(&world, &world.doctor).await;
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked[0].starts_with(&format!("{JEANNE} redemande votre lettre du 15 janvier")), "{asked:?}");
    assert!(asked[0].contains("Répondez oui"), "{asked:?}");
    world.pass(Duration::from_secs(86_400));
    pressed(&world, &link, "/again", &[]).await;
    assert_eq!(told(&world, &world.doctor).await.len(), 4);
    assert_eq!(world.notices(2).await.len(), 2, "and nothing left by itself");
    // A colleague's word changes nothing.
    let question = letter_that(&world, JEANNE).await;
    let theirs = reply(COLLEAGUE, &question, "oui");
    assert!(submit(&world, (COLLEAGUE, &world.colleague), &[PLI], &theirs).await.starts_with("250"));
    assert_eq!(world.count("SELECT COUNT(*) FROM deliveries").await, 2);
    answers(&world, &question, "Oui").await;
    let news = told(&world, &world.doctor).await;
    assert!(news[4].starts_with(&format!("La lettre à {JEANNE} est repartie le")), "{news:?}");
    let notice = world.notices(3).await.pop().unwrap();
    assert_eq!(notice.to, JEANNE);
    assert_ne!(notice.link(), link);
    // The new link opens the letter, whole and as she may see it; the old one does not.
    let browser = world.browser();
    let page = opened(&world, &browser, &notice.link()).await;
    assert!(page.text().contains(BODY) && page.text().contains(letters::FILE), "{}", page.text());
    assert!(!page.text().contains(PAUL));
    let file = browser.follow(&page, "/letter/file/0/save").await;
    assert_eq!(file.octets, pdf);
    let old = world.browser().get(&link).await;
    assert!(old.text().contains("n’est plus disponible"), "{}", old.text());
    // Said twice, it leaves once.
    answers(&world, &question, "oui").await;
    assert_eq!(world.count("SELECT COUNT(*) FROM deliveries").await, 3);
    assert!(told(&world, &world.doctor).await.last().unwrap().contains("est repartie"));
    // One copy lies in Sent, beside the answers, and its marks are those of the new letter and of Paul's.
    let mut mail = Client::open(&world, DOCTOR, &world.doctor.device.password.reveal()).await.0;
    world.pass(Duration::from_secs(31));
    mail.say("SELECT \"Envoy&AOk-s\"").await;
    let flags = mail.say("FETCH 1 (FLAGS)").await;
    assert!(flags.contains("$PliOpened") && flags.contains("$PliExpired"), "{flags}");
    world.running.stop().await;
}

async fn a_letter_of_which_no_copy_is_left_says_so(world: World) {
    let (_, link) = sent(&world, b"").await;
    world.state(DeliveryState::Notified).await;
    world.pass(OVER);
    world.running.rooms.deliveries.sweep().await.unwrap();
    pressed(&world, &link, "/again", &[]).await;
    let question = letter_that(&world, JEANNE).await;
    let mut mail = Client::open(&world, DOCTOR, &world.doctor.device.password.reveal()).await.0;
    mail.say("SELECT \"Envoy&AOk-s\"").await;
    mail.say("STORE 1:* +FLAGS (\\Deleted)").await;
    let gone = mail.say("EXPUNGE").await;
    assert!(gone.contains("1 EXPUNGE"), "{gone}");
    answers(&world, &question, "oui").await;
    let news = told(&world, &world.doctor).await.pop().unwrap();
    assert!(news.contains("n'a pas pu repartir") && news.contains(JEANNE), "{news}");
    assert_eq!(world.count("SELECT COUNT(*) FROM deliveries").await, 1);
    world.running.stop().await;
}

async fn a_number_that_changed_since_is_asked_about(world: World) {
    let plain = String::from_utf8(letters::plain(JEANNE, "Avis [06 12 34 56 78]")).unwrap();
    world.submit(&[JEANNE], plain.as_bytes()).await.unwrap();
    let link = world.notices(1).await.pop().unwrap().link();
    world.state(DeliveryState::Notified).await;
    world.pass(OVER);
    world.running.rooms.deliveries.sweep().await.unwrap();
    // The directory knows her by now, with another number.
    world.add_patient(JEANNE, "06 11 22 33 44").await;
    pressed(&world, &link, "/again", &[]).await;
    let question = letter_that(&world, JEANNE).await;
    answers(&world, &question, "oui").await;
    assert_eq!(world.count("SELECT COUNT(*) FROM deliveries WHERE state = 'held'").await, 1);
    let asks = newest(&world, &world.doctor).await;
    let text = mail_parser::MessageParser::default().parse(&asks).unwrap().body_text(0).unwrap().into_owned();
    assert!(text.starts_with(&format!("En attente : rien n'est encore parti pour {JEANNE}.")), "{text}");
    answers(&world, &asks, "06 11 22 33 44").await;
    let notice = world.notices(2).await.pop().unwrap();
    opened(&world, &world.browser(), &notice.link()).await;
    assert_eq!(world.gateway.last().to, "+33611223344");
    world.running.stop().await;
}

async fn a_code_that_nobody_can_send_is_told_to_the_sender_once_in_a_day(world: World) {
    let (_, link) = sent(&world, b"").await;
    world.gateway.answer(500);
    let browser = world.browser();
    for _ in 0..2 {
        let page = browser.get(&link).await;
        browser.submit(&page, page.form("/code").with("channel", "sms")).await;
        world.pass(Duration::from_secs(61));
    }
    until(async || !told(&world, &world.doctor).await.is_empty()).await;
    world.running.rooms.deliveries.tell_failed_codes().await.unwrap();
    let news = told(&world, &world.doctor).await;
    assert_eq!(news.len(), 1, "{news:?}");
    let first =
        format!("Aucun code n'a pu être envoyé à {JEANNE} (•• •• •• 56 78) : les opérateurs ont refusé le code.");
    assert!(news[0].starts_with(&first), "{news:?}");
    assert!(news[0].contains("Le destinataire peut réessayer"), "{news:?}");
    world.pass(Duration::from_secs(86_400));
    let page = browser.get(&link).await;
    browser.submit(&page, page.form("/code").with("channel", "sms")).await;
    until(async || told(&world, &world.doctor).await.len() == 2).await;
    world.running.stop().await;
}

async fn fault_14_who_says_that_a_letter_is_not_theirs_ticks_a_box(world: World) {
    let (_, link) = sent(&world, b"").await;
    // A program that presses every button says nothing by it.
    let page = pressed(&world, &link, "/not-mine", &[]).await;
    assert_eq!(page.status, 422);
    assert!(page.text().contains("Cochez la case"), "{}", page.text());
    assert!(told(&world, &world.doctor).await.is_empty());
    let page = pressed(&world, &link, "/not-mine", &[("sure", "yes")]).await;
    assert!(page.status == 200 && page.text().contains("C’est dit"), "{}", page.text());
    pressed(&world, &link, "/not-mine", &[("sure", "yes")]).await;
    let news = told(&world, &world.doctor).await;
    assert_eq!(news.len(), 1, "{news:?}");
    assert!(news[0].contains(JEANNE) && news[0].contains("n'est pas pour lui"), "{news:?}");
    // Nothing is locked by it; the sender may take it back.
    assert!(world.browser().get(&link).await.forms().iter().any(|form| form.action.ends_with("/code")));
    answers(&world, &newest(&world, &world.doctor).await, "annuler").await;
    assert!(told(&world, &world.doctor).await[1].starts_with("Rappelé : "));
    let page = world.browser().get(&link).await;
    assert!(page.forms().iter().all(|form| !form.action.ends_with("/code")));
    world.running.stop().await;
}
