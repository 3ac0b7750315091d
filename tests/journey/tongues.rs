//! Which language a patient meets: the record's, else the browser's, else the practice's; and any other by a press.

use pli::domain::{Language, PatientKind, PatientRecord, PersonName};

use crate::letter::{asked, opened, sent};
use crate::letters::{self, SUBJECT};
use crate::world::{JEANNE, World, profile};

super::on_both! {
    a_browser_is_spoken_to_in_its_language
    a_record_that_names_a_language_decides
}

async fn a_browser_is_spoken_to_in_its_language(world: World) {
    let (_, link) = sent(&world, &letters::pdf(1000)).await;
    let notice = world.relay.last();
    // Nobody knows yet what the browser will say: the practice's language, and a line in each of the others.
    assert_eq!(notice.subject(), "Cabinet du Port : une lettre vous attend");
    for other in ["English: open", "Italiano: apra", "Español: abra", "Русский: откройте"] {
        assert!(notice.text().contains(other) && notice.html().contains(other), "{other}: {}", notice.text());
    }
    assert!(!notice.text().contains("Français"), "{}", notice.text());

    let russian = world.browser().set_to("ru-RU,ru;q=0.9,fr;q=0.5");
    let page = asked(&russian, &link).await;
    assert!(page.text().contains("<html lang=\"ru\">") && page.text().contains("Введите код"), "{}", page.text());
    let sms = world.gateway.last().text;
    assert!(sms.starts_with("Код ") && sms.encode_utf16().count() <= 70, "{sms}");
    let spanish = russian.follow(&page, page.links().iter().find(|link| link.ends_with("?lang=es")).unwrap()).await;
    assert!(spanish.text().contains("<html lang=\"es\">"), "{}", spanish.text());
    assert!(russian.get(&link).await.text().contains("<html lang=\"es\">"), "what was chosen is remembered");
    let german = world.browser().set_to("de");
    assert!(german.get(&link).await.text().contains("<html lang=\"fr\">"));
}

async fn a_record_that_names_a_language_decides(world: World) {
    let record = PatientRecord {
        name: PersonName("Jeanne Canari".to_owned()),
        address: JEANNE.parse().unwrap(),
        number: world.running.rooms.deliveries.read_number(&profile(), "06 12 34 56 78").unwrap(),
        language: Some(Language::It),
        channel: None,
        birth_date: None,
    };
    world
        .running
        .rooms
        .deliveries
        .add_patient(world.practice, PatientKind::Patient, record, &pli::delivery::persons::Filing::default())
        .await
        .unwrap();
    world.submit(&[JEANNE], &letters::thunderbird(JEANNE, SUBJECT, &letters::pdf(1000))).await.unwrap();
    let notice = world.notices(1).await.pop().unwrap();
    assert_eq!(notice.subject(), "Cabinet du Port: c'è una lettera per Lei");
    assert!(notice.text().contains("fino al giorno 14 febbraio 2027"), "{}", notice.text());
    let browser = world.browser().set_to("ru");
    let page = opened(&world, &browser, &notice.link()).await;
    assert!(page.text().contains("<html lang=\"it\">") && page.text().contains("Chiudi la lettera"), "{}", page.text());
    assert!(world.gateway.last().text.starts_with("Il Suo codice: "), "{}", world.gateway.last().text);
}
