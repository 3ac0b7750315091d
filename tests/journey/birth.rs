//! The birth date, asked for with the code: one form, one try, one answer, and never which of the two was wrong (R-S27).

use std::time::Duration;

use pli::delivery::persons::Filing;
use pli::domain::*;

use crate::browser::{Browser, Page};
use crate::letter::{another, asked, sent, typed};
use crate::letters;
use crate::world::{JEANNE, World, profile};

super::on_both! {
    a_letter_opens_by_code_and_birth_date
    fault_01_a_wrong_birth_date_is_a_wrong_code_and_neither_is_told_apart
    fault_01_wrong_birth_dates_spend_a_code_and_in_the_end_the_letter
    what_is_no_day_is_no_try
    nobody_is_asked_whose_birth_date_is_not_known
    what_was_asked_for_when_the_letter_left_is_asked_for_until_its_end
    a_page_that_was_opened_without_a_birth_date_opens_no_letter_that_asks_for_it
}

/// The one day of birth of these tests.
const BORN: &str = "1950-03-12";
const RIGHT: [&str; 3] = ["12", "3", "1950"];
const WRONG: [&str; 3] = ["13", "3", "1950"];

async fn asking(world: &World, ask_birth_date: bool) {
    let profile = PracticeProfile { ask_birth_date, ..profile() };
    world.running.rooms.deliveries.set_practice(world.practice, profile).await.unwrap();
}

fn jeanne(birth_date: &str) -> PatientRecord {
    PatientRecord {
        name: PersonName("Jeanne Canari".to_owned()),
        address: JEANNE.parse().unwrap(),
        number: PhoneNumber::parse("06 12 34 56 78", "FR".parse().unwrap(), &[]).unwrap(),
        language: None,
        channel: None,
        birth_date: BirthDate::parse(birth_date),
    }
}

/// Jeanne, with her birth date; returned is her id.
async fn add_jeanne(world: &World) -> PatientId {
    let deliveries = &world.running.rooms.deliveries;
    let added = deliveries.add_patient(world.practice, PatientKind::Patient, jeanne(BORN), &Filing::default()).await;
    added.unwrap()
}

/// A practice that asks, Jeanne with her birth date, and a letter to her.
async fn a_letter(world: &World) -> String {
    asking(world, true).await;
    add_jeanne(world).await;
    a_further_letter(world, 1).await
}

async fn a_further_letter(world: &World, count: usize) -> String {
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
    world.notices(count).await.pop().unwrap().link()
}

/// Fills in both.
async fn filled(browser: &Browser, page: &Page, code: &str, [day, month, year]: [&str; 3]) -> Page {
    let form = page.form("/check").with("code", code).with("day", day).with("month", month).with("year", year);
    browser.submit(page, form).await
}

fn asks(page: &Page) -> bool {
    page.form("/check").fields.contains_key("year")
}

/// How many tries the code that was asked for last has seen.
async fn tries(world: &World) -> i64 {
    world.count("SELECT CAST(SUM(tries) AS BIGINT) FROM challenges").await
}

/// What is answered, but for what differs between any two browsers.
fn answered(page: &Page) -> (u16, Vec<String>, String) {
    let mut names: Vec<String> = page.headers.keys().map(|name| name.as_str().to_owned()).collect();
    names.sort();
    let own = ["type=\"hidden\"", "data-token", "id=\"hint\""];
    let text = page.text();
    let lines: Vec<&str> = text.lines().filter(|line| !own.iter().any(|own| line.contains(own))).collect();
    (page.status, names, lines.join("\n"))
}

async fn a_letter_opens_by_code_and_birth_date(world: World) {
    let link = a_letter(&world).await;
    let browser = world.browser();
    let chosen = browser.get(&link).await;
    assert!(!chosen.text().contains("naissance"), "before a code was asked for, nothing is said of it");
    let page = asked(&browser, &link).await;
    let text = page.text();
    assert!(asks(&page) && text.contains("Votre date de naissance"), "{text}");
    for part in ["day", "month", "year"] {
        assert!(text.contains(&format!("autocomplete=\"bday-{part}\"")), "{part}: {text}");
    }
    assert!(!text.contains("1950-") && !text.contains("1950\""), "the page does not know the day: {text}");
    // As people type it.
    let page = filled(&browser, &page, &world.gateway.last().code(), [" 12.", "03", " 19 50 "]).await;
    assert_eq!(page.url.path(), "/letter", "{}", page.text());
    assert_eq!(world.state(DeliveryState::Opened).await.tries, 0);
    world.running.stop().await;
}

/// faults.md row 1, and R-S27: told apart, either would be a way to guess the other.
async fn fault_01_a_wrong_birth_date_is_a_wrong_code_and_neither_is_told_apart(world: World) {
    let link = a_letter(&world).await;
    let mut answers = Vec::new();
    for (right_code, date) in [
        (false, RIGHT),
        (true, WRONG),
        (false, WRONG),
        // Day and month changed round.
        (true, ["3", "12", "1950"]),
    ] {
        let browser = world.browser();
        let page = asked(&browser, &link).await;
        let code = world.gateway.last().code();
        let code = if right_code { code } else { another(&code) };
        let before = tries(&world).await;
        let page = filled(&browser, &page, &code, date).await;
        assert_eq!(page.status, 422, "{}", page.text());
        assert_eq!(tries(&world).await - before, 1, "each is one try");
        assert!(asks(&page) && page.text().contains("Le code ou la date de naissance n’est pas juste."));
        assert!(!page.text().contains(" value=\"13\"") && !page.text().contains(&code), "nothing is given back");
        answers.push(answered(&page));
    }
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:#?}");
    let journal = world.journal().await;
    let refused: Vec<&String> = journal.iter().filter(|line| line.contains("code.refused")).collect();
    assert_eq!(refused.len(), 4, "{journal:#?}");
    assert!(!journal.iter().any(|line| line.contains("birth") || line.contains("1950")), "{journal:#?}");
    // And the right ones still open it.
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    let page = filled(&browser, &page, &world.gateway.last().code(), RIGHT).await;
    assert_eq!(page.url.path(), "/letter", "{}", page.text());
    assert_eq!(world.state(DeliveryState::Opened).await.tries, 4);
    world.running.stop().await;
}

/// faults.md row 1: who has the telephone guesses no birth date.
async fn fault_01_wrong_birth_dates_spend_a_code_and_in_the_end_the_letter(world: World) {
    let link = a_letter(&world).await;
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    let code = world.gateway.last().code();
    for left in ["4 essais", "3 essais", "2 essais", "1 essai"] {
        let wrong = filled(&browser, &page, &code, WRONG).await;
        assert!(wrong.text().contains(left), "{left}: {}", wrong.text());
    }
    filled(&browser, &page, &code, WRONG).await;
    // Spent: both right come too late.
    let late = filled(&browser, &page, &code, RIGHT).await;
    assert_ne!(late.url.path(), "/letter");
    assert!(late.forms().iter().all(|form| !form.action.ends_with("/check")), "{}", late.text());
    // One more than all but one of a hundred.
    assert_eq!(world.sql("UPDATE deliveries SET tries = 99").await, 1);
    world.pass(Duration::from_secs(3600));
    let page = asked(&browser, &link).await;
    filled(&browser, &page, &world.gateway.last().code(), WRONG).await;
    assert_eq!(world.state(DeliveryState::Locked).await.tries, 100);
    world.running.stop().await;
}

async fn what_is_no_day_is_no_try(world: World) {
    let link = a_letter(&world).await;
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    let code = world.gateway.last().code();
    let unread = [
        ["", "", ""],
        ["12", "3", ""],
        ["12", "3", "50"],
        ["31", "4", "1950"],
        ["29", "2", "1951"],
        ["mars", "12", "1950"],
        ["12", "3", "19500"],
    ];
    let mut answers = Vec::new();
    for date in unread {
        // Whatever the code is: what cannot be read is compared with nothing.
        for code in [code.clone(), another(&code)] {
            let page = filled(&browser, &page, &code, date).await;
            assert_eq!(page.status, 422, "{date:?}: {}", page.text());
            answers.push(answered(&page));
        }
    }
    for code in ["12345", "", "12a456"] {
        let page = filled(&browser, &page, code, RIGHT).await;
        answers.push(answered(&page));
    }
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:#?}");
    assert!(answers[0].2.contains("le code, qui a 6 chiffres, et votre date de naissance"), "{}", answers[0].2);
    // A form from before, or made by somebody: the date is asked for all the same.
    let without = typed(&browser, &page, &code).await;
    assert_eq!((without.status, without.url.path() == "/letter"), (422, false));
    assert_eq!(tries(&world).await, 0);
    let page = filled(&browser, &page, &code, RIGHT).await;
    assert_eq!(page.url.path(), "/letter");
    world.running.stop().await;
}

async fn nobody_is_asked_whose_birth_date_is_not_known(world: World) {
    asking(&world, true).await;
    let (_, link) = sent(&world, b"").await;
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    assert!(!asks(&page) && !page.text().contains("naissance"), "{}", page.text());
    let wrong = typed(&browser, &page, &another(&world.gateway.last().code())).await;
    assert!(wrong.text().contains("Ce n’est pas le bon code."), "{}", wrong.text());
    assert_eq!(typed(&browser, &page, &world.gateway.last().code()).await.url.path(), "/letter");
    world.running.stop().await;
}

async fn what_was_asked_for_when_the_letter_left_is_asked_for_until_its_end(world: World) {
    // The practice does not ask: not of this letter, whatever it wants later.
    let id = add_jeanne(&world).await;
    let before = a_further_letter(&world, 1).await;
    asking(&world, true).await;
    let after = a_further_letter(&world, 2).await;
    let browser = world.browser();
    let page = asked(&browser, &before).await;
    assert!(!asks(&page), "{}", page.text());
    // Fields that were not asked for are not looked at.
    assert_eq!(filled(&browser, &page, &world.gateway.last().code(), WRONG).await.url.path(), "/letter");
    // It asks no more, and another day stands in the directory: this letter took the first one along.
    asking(&world, false).await;
    let deliveries = &world.running.rooms.deliveries;
    deliveries.set_patient(id, PatientKind::Patient, jeanne("1960-05-20"), &Filing::default()).await.unwrap();
    let world = world.restart().await;
    let browser = world.browser();
    let page = asked(&browser, &crate::letter::link_after_restart(&world, &after)).await;
    assert!(asks(&page), "{}", page.text());
    let code = world.gateway.last().code();
    assert_eq!(filled(&browser, &page, &code, ["20", "5", "1960"]).await.status, 422);
    assert_eq!(filled(&browser, &page, &code, RIGHT).await.url.path(), "/letter");
    world.running.stop().await;
}

async fn a_page_that_was_opened_without_a_birth_date_opens_no_letter_that_asks_for_it(world: World) {
    add_jeanne(&world).await;
    let old = a_further_letter(&world, 1).await;
    asking(&world, true).await;
    let (new, newer) = (a_further_letter(&world, 2).await, a_further_letter(&world, 3).await);
    let joins = |page: &Page| page.forms().into_iter().find(|form| form.action.ends_with("/open"));
    let browser = world.browser();
    let page = asked(&browser, &old).await;
    assert_eq!(typed(&browser, &page, &world.gateway.last().code()).await.url.path(), "/letter");
    let page = browser.get(&new).await;
    assert!(joins(&page).is_none(), "{}", page.text());
    // With the birth date told once, the others open by a press.
    let page = asked(&browser, &new).await;
    assert_eq!(filled(&browser, &page, &world.gateway.last().code(), RIGHT).await.url.path(), "/letter");
    let codes = world.gateway.caught().len();
    for link in [&newer, &old] {
        let page = browser.get(link).await;
        let form = joins(&page).unwrap_or_else(|| panic!("{}", page.text()));
        assert_eq!(browser.submit(&page, form).await.url.path(), "/letter");
    }
    // Nor by way of one that asks for none.
    assert!(joins(&browser.get(&new).await).is_none());
    assert_eq!(world.gateway.caught().len(), codes);
    world.running.stop().await;
}
