//! Who has not opened a letter is reminded: by mail with the same link, by a short message without one, in time; of an
//! urgent letter within hours, by a call, and its sender hears of it. Never at night, never of what was opened.

use std::time::Duration;

use pli::domain::*;

use crate::holds::told;
use crate::letter::{opened, sent};
use crate::letters;
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, World, profile, until};

super::on_both! {
    who_has_not_opened_a_letter_is_reminded_by_mail_and_then_by_sms
    what_was_opened_recalled_or_is_off_is_not_reminded_of
    an_urgent_letter_is_told_of_within_hours_and_called_about_by_day
    a_reminder_that_cannot_be_sent_keeps_no_ticket_and_is_tried_again_by_day
}

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3600);

/// What the server does every few seconds, at once.
async fn turned(world: &World) {
    world.running.rooms.deliveries.run_reminders().await.unwrap();
}

async fn tickets(world: &World) -> i64 {
    world.count("SELECT COUNT(*) FROM deliveries WHERE ticket_sealed IS NOT NULL").await
}

/// Reminders of the practice.
async fn set(world: &World, change: impl FnOnce(&mut Reminders)) {
    let deliveries = &world.running.rooms.deliveries;
    let practice = deliveries.practice(None).await.unwrap();
    let mut reminders = Reminders::default();
    change(&mut reminders);
    deliveries.set_practice(practice.id, PracticeProfile { reminders, ..practice.profile }).await.unwrap();
}

async fn who_has_not_opened_a_letter_is_reminded_by_mail_and_then_by_sms(world: World) {
    let (_, link) = sent(&world, b"").await;
    world.state(DeliveryState::Notified).await;
    assert_eq!(tickets(&world).await, 1, "kept, sealed, for the reminder");
    world.pass(4 * DAY);
    turned(&world).await;
    assert_eq!(world.relay.caught().len(), 1);
    world.pass(DAY);
    turned(&world).await;
    let reminder = world.notices(2).await.pop().unwrap();
    assert_eq!((reminder.to.as_str(), reminder.link()), (JEANNE, link.clone()));
    let parsed = mail_parser::MessageParser::default().parse(&reminder.octets).unwrap();
    let subject = parsed.subject().unwrap().to_owned();
    assert!(subject.starts_with("Rappel : ") && subject.contains(&profile().public_name), "{subject}");
    assert!(reminder.text().contains("que vous n'avez pas encore ouvert"), "{}", reminder.text());
    until(async || tickets(&world).await == 0).await;
    // Two days later, by day, a short message: no link, no name, no code.
    assert!(world.gateway.caught().is_empty());
    world.pass(2 * DAY);
    until(async || world.gateway.caught().len() == 1).await;
    let sms = world.gateway.last();
    assert_eq!((sms.to.as_str(), sms.channel.as_str()), ("+33612345678", "sms"));
    assert!(sms.text.starts_with("Rappel : un message confidentiel vous attend"), "{}", sms.text);
    for word in ["http", "Cabinet", "Martin", "Jeanne", letters::SUBJECT] {
        assert!(!sms.text.contains(word), "{word}: {}", sms.text);
    }
    until(async || world.count("SELECT COUNT(*) FROM deliveries WHERE remind_at IS NOT NULL").await == 0).await;
    assert!(told(&world, &world.doctor).await.is_empty(), "its sender hears when there is something to do");
    // That is all, and the link is as good as before.
    world.pass(10 * DAY);
    turned(&world).await;
    opened(&world, &world.browser(), &link).await;
    assert_eq!((world.relay.caught().len(), world.gateway.caught().len()), (2, 2), "the second was the code");
    world.running.stop().await;
}

async fn what_was_opened_recalled_or_is_off_is_not_reminded_of(world: World) {
    let (_, link) = sent(&world, b"").await;
    world.state(DeliveryState::Notified).await;
    opened(&world, &world.browser(), &link).await;
    assert_eq!(tickets(&world).await, 0, "erased with the opening");
    world.pass(Duration::from_secs(1));
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Deux")).await.unwrap();
    world.notices(2).await;
    until(async || tickets(&world).await == 1).await;
    let two = world.state(DeliveryState::Notified).await.id;
    world.running.rooms.deliveries.recall(two).await.unwrap();
    set(&world, |reminders| reminders.days = 0).await;
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Trois")).await.unwrap();
    world.notices(3).await;
    until(async || world.count("SELECT COUNT(*) FROM deliveries WHERE notified_at IS NOT NULL").await == 3).await;
    world.pass(6 * DAY);
    turned(&world).await;
    world.pass(3 * DAY);
    turned(&world).await;
    assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE reminder = 1").await, 0);
    assert_eq!((world.relay.caught().len(), world.gateway.caught().len()), (3, 1));
    world.running.stop().await;
}

async fn an_urgent_letter_is_told_of_within_hours_and_called_about_by_day(world: World) {
    set(&world, |reminders| reminders.urgent_to = COLLEAGUE.to_owned()).await;
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    // Eight in the morning in Paris: four hours later it is noon.
    let letter = String::from_utf8(letters::plain(JEANNE, "[urgent] Résultats")).unwrap();
    world.submit(&[JEANNE], letter.as_bytes()).await.unwrap();
    let link = world.notices(1).await.pop().unwrap().link();
    world.state(DeliveryState::Notified).await;
    world.pass(3 * HOUR);
    turned(&world).await;
    assert!(told(&world, &world.doctor).await.is_empty());
    world.pass(HOUR + Duration::from_secs(1));
    turned(&world).await;
    let news = told(&world, &world.doctor).await;
    assert_eq!(news.len(), 1, "{news:?}");
    assert!(news[0].starts_with(&format!("Urgent et pas encore ouvert : la lettre à {JEANNE}")), "{news:?}");
    assert!(news[0].contains("Plus de 4 heures") && news[0].contains("annuler"), "{news:?}");
    let others = told(&world, &world.colleague).await;
    assert!(others.len() == 1 && others[0].contains(DOCTOR) && !others[0].contains("annuler"), "{others:?}");
    let theirs = world.read(&world.colleague, FolderRole::Inbox).await.pop().unwrap();
    assert!(!String::from_utf8_lossy(&theirs).contains("sultats"), "what it is about is its sender's to tell");
    assert_eq!(world.notices(2).await[1].link(), link);
    until(async || world.gateway.caught().len() == 1).await;
    let call = world.gateway.last();
    assert_eq!((call.to.as_str(), call.channel.as_str()), ("+33612345678", "voice"));
    assert!(call.text.contains("urgent") && !call.text.contains("http"), "{}", call.text);
    // The subject that she reads has no tag.
    let page = opened(&world, &world.browser(), &link).await;
    assert!(page.text().contains("Résultats") && !page.text().contains("[urgent]"));
    // In the evening nobody is called.
    world.pass(9 * HOUR);
    let field = String::from_utf8(letters::plain(JEANNE, "Avis")).unwrap();
    let field = field.replacen("Subject:", "Importance: high\r\nX-Priority: 1 (Highest)\r\nSubject:", 1);
    world.submit(&[JEANNE], field.replace("<p1@", "<p2@").as_bytes()).await.unwrap();
    world.notices(3).await;
    world.state(DeliveryState::Notified).await;
    world.pass(4 * HOUR + Duration::from_secs(1));
    turned(&world).await;
    world.notices(4).await;
    until(async || {
        world.count("SELECT COUNT(*) FROM deliveries WHERE reminder = 'voice' AND remind_at IS NOT NULL").await == 1
    })
    .await;
    // It is two in the morning, and then seven.
    let night = world.gateway.caught().len();
    for _ in 0..5 {
        world.pass(HOUR);
        let now = world.clock.now();
        let looked_at = "SELECT COUNT(*) FROM deliveries WHERE remind_at > ";
        until(async || world.count(&format!("{looked_at}{}", now.0)).await == 1).await;
    }
    assert_eq!(world.gateway.caught().len(), night);
    world.pass(2 * HOUR);
    until(async || world.gateway.caught().len() == night + 1).await;
    assert_eq!(world.gateway.last().channel, "voice");
    world.running.stop().await;
}

async fn a_reminder_that_cannot_be_sent_keeps_no_ticket_and_is_tried_again_by_day(world: World) {
    let (_, link) = sent(&world, b"").await;
    world.state(DeliveryState::Notified).await;
    world.relay.answer("550 5.1.1 nobody");
    world.gateway.answer(500);
    world.pass(5 * DAY);
    turned(&world).await;
    until(async || tickets(&world).await == 0).await;
    world.pass(2 * DAY);
    let later = format!("SELECT COUNT(*) FROM deliveries WHERE remind_at > {}", world.clock.now().0);
    until(async || world.count(&later).await == 1).await;
    // Under its lease first, and then put off.
    let asked = world.gateway.asked().len();
    until(async || world.gateway.asked().len() >= asked.max(1)).await;
    assert!(world.gateway.caught().is_empty());
    world.state(DeliveryState::Notified).await;
    world.gateway.answer(200);
    world.pass(DAY);
    until(async || world.gateway.caught().len() == 1).await;
    until(async || world.count("SELECT COUNT(*) FROM deliveries WHERE remind_at IS NOT NULL").await == 0).await;
    let page = opened(&world, &world.browser(), &link).await;
    assert_eq!(page.url.path(), "/letter", "the letter is there all the same");
    world.running.stop().await;
}
