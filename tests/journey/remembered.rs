//! A remembered browser: where the practice allows it, links of one person open in it without a code for thirty days, and
//! nothing that was taken away does (R-S27).

use std::time::Duration;

use pli::delivery::persons::Filing;
use pli::domain::*;
use reqwest::Method;

use crate::browser::{Browser, Page, in_pairs};
use crate::directory::record;
use crate::letter::{another, asked, opened, typed};
use crate::letters;
use crate::world::{JEANNE, PAUL, World, profile};

super::on_both! {
    a_remembered_browser_opens_the_letters_of_one_person_by_a_press
    a_practice_that_does_not_allow_it_remembers_nothing
    fault_12_a_remembered_browser_opens_nobody_elses_letter
    what_takes_a_letter_away_forgets_the_browsers_of_its_person
    what_takes_a_number_or_a_mandate_away_forgets_its_browsers
    fault_09_a_remembered_browser_that_is_taken_away_opens_nothing_even_when_it_was_offered
    a_browser_that_was_remembered_without_a_birth_date_opens_no_letter_that_asks_for_it
}

const MARIE: &str = "marie.canari@patient.example";
const DAY: Duration = Duration::from_secs(86_400);

pub async fn allow(world: &World, remember_browsers: bool) {
    let profile = PracticeProfile { remember_browsers, ..profile() };
    world.running.rooms.deliveries.set_practice(world.practice, profile).await.unwrap();
}

async fn a_letter(world: &World, to: &str, subject: &str) -> String {
    let before = world.relay.caught().len();
    world.submit(&[to], &letters::plain(to, subject)).await.unwrap();
    world.notices(before + 1).await.pop().unwrap().link()
}

/// Opens a letter with its code, and has the browser remembered.
pub async fn remembered(world: &World, browser: &Browser, link: &str) -> Page {
    let page = asked(browser, link).await;
    let form = page.form("/check").with("code", &world.gateway.last().code()).with("remember", "yes");
    let page = browser.submit(&page, form).await;
    assert_eq!(page.url.path(), "/letter", "{}", page.text());
    page
}

/// The same, and the page is closed: only what is remembered is left.
async fn remembered_alone(world: &World, browser: &Browser, link: &str) {
    let page = remembered(world, browser, link).await;
    closed(browser, &page).await;
}

/// The open page is closed, so that only what is remembered is left.
async fn closed(browser: &Browser, page: &Page) -> Page {
    let page = browser.submit(page, page.form("/letter/close")).await;
    assert_eq!(page.status, 200, "{}", page.text());
    page
}

pub fn offers(page: &Page) -> bool {
    page.forms().iter().any(|form| form.action.ends_with("/open"))
}

async fn rows(world: &World) -> i64 {
    world.count("SELECT COUNT(*) FROM remembered_browsers").await
}

async fn a_remembered_browser_opens_the_letters_of_one_person_by_a_press(world: World) {
    allow(&world, true).await;
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let one = a_letter(&world, JEANNE, "Première").await;
    let browser = world.browser();
    let page = asked(&browser, &one).await;
    assert!(page.text().contains("name=\"remember\"") && page.text().contains("30 jours"), "{}", page.text());
    // A wrong code remembers nothing, and neither does a right one without the box.
    let wrong = page.form("/check").with("code", &another(&world.gateway.last().code())).with("remember", "yes");
    browser.submit(&page, wrong).await;
    let plainly = typed(&browser, &page, &world.gateway.last().code()).await;
    assert_eq!((plainly.url.path(), rows(&world).await), ("/letter", 0));
    assert!(!plainly.text().contains("/letter/forget"), "{}", plainly.text());
    world.pass(Duration::from_secs(61));
    let page = remembered(&world, &browser, &one).await;
    assert_eq!(rows(&world).await, 1);
    assert!(page.text().contains("reconnu jusqu’au 14 février"), "{}", page.text());
    let shut = closed(&browser, &page).await.text();
    assert!(shut.contains("reste reconnu jusqu’au 14 février") && !shut.contains("Plus personne"), "{shut}");

    let codes = world.gateway.caught().len();
    world.pass(29 * DAY);
    let two = a_letter(&world, JEANNE, "Deuxième").await;
    let page = browser.get(&two).await;
    assert!(offers(&page) && page.text().contains("reconnu jusqu’au 14 février"), "{}", page.text());
    assert!(!page.text().contains("Deuxième") && page.forms().iter().any(|form| form.action.ends_with("/code")));
    assert_eq!(world.count("SELECT COUNT(*) FROM portal_sessions WHERE expires_at > created_at + 3600001").await, 0);
    let opened = browser.submit(&page, page.form("/open")).await;
    assert!(opened.url.path() == "/letter" && opened.text().contains("Deuxième"), "{}", opened.text());
    assert_eq!(world.gateway.caught().len(), codes, "without a code");
    let journal = world.journal().await;
    for verb in ["browser.remembered", "session.remembered"] {
        assert_eq!(journal.iter().filter(|line| line.contains(verb)).count(), 1, "{verb}: {journal:?}");
    }
    // Nobody else's browser, nor one that has the page's address alone.
    assert!(!offers(&world.browser().get(&two).await));

    // Forgotten: the page stays open, and once it is closed a code is asked for.
    let forgotten = browser.submit(&opened, opened.form("/letter/forget")).await;
    assert!(forgotten.text().contains("n’est plus reconnu"), "{}", forgotten.text());
    assert_eq!(rows(&world).await, 0);
    assert!(!browser.cookies().keys().any(|name| name.contains("kept")), "{:?}", browser.cookies());
    let page = browser.follow(&forgotten, "/letter").await;
    assert!(page.text().contains("Deuxième") && !page.text().contains("/letter/forget"));
    assert!(closed(&browser, &page).await.text().contains("Plus personne"));
    assert!(!offers(&browser.get(&two).await));

    // Thirty days later it is over by itself, and what is over is swept away.
    remembered_alone(&world, &browser, &two).await;
    world.pass(30 * DAY - Duration::from_secs(1));
    let three = a_letter(&world, JEANNE, "Troisième").await;
    assert!(offers(&browser.get(&three).await));
    world.pass(Duration::from_secs(1));
    assert!(!offers(&browser.get(&three).await));
    world.pass(2 * DAY);
    world.running.rooms.deliveries.sweep().await.unwrap();
    assert_eq!(rows(&world).await, 0);
    world.running.stop().await;
}

async fn a_practice_that_does_not_allow_it_remembers_nothing(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let link = a_letter(&world, JEANNE, "Avis").await;
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    assert!(!page.text().contains("name=\"remember\""), "{}", page.text());
    // A form that somebody made up, or an old one.
    let page = remembered(&world, &browser, &link).await;
    assert_eq!(rows(&world).await, 0);
    assert!(!browser.cookies().keys().any(|name| name.contains("kept")), "{:?}", browser.cookies());
    closed(&browser, &page).await;
    // Allowed, used, and no longer allowed: at once, and not by itself once it is allowed again.
    allow(&world, true).await;
    world.pass(Duration::from_secs(61));
    remembered_alone(&world, &browser, &link).await;
    let offered = browser.get(&link).await;
    assert!(offers(&offered));
    allow(&world, false).await;
    assert_eq!(rows(&world).await, 0);
    let pressed = browser.submit(&offered, offered.form("/open")).await;
    assert_ne!(pressed.url.path(), "/letter", "{}", pressed.text());
    allow(&world, true).await;
    assert!(!offers(&browser.get(&link).await));
    world.running.stop().await;
}

async fn fault_12_a_remembered_browser_opens_nobody_elses_letter(world: World) {
    allow(&world, true).await;
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.add_patient(PAUL, "06 98 76 54 32").await;
    let (hers, his) = (a_letter(&world, JEANNE, "Pour Jeanne").await, a_letter(&world, PAUL, "Pour Paul").await);
    // The family's tablet: each is remembered apart.
    let tablet = world.browser();
    remembered_alone(&world, &tablet, &hers).await;
    assert!(offers(&tablet.get(&hers).await) && !offers(&tablet.get(&his).await));
    remembered_alone(&world, &tablet, &his).await;
    assert_eq!(rows(&world).await, 2);
    assert!(offers(&tablet.get(&hers).await) && offers(&tablet.get(&his).await));

    // Whoever has one cookie and the other's link, and calls it as the other's is called.
    let cookies = tablet.cookies();
    let kept: Vec<(&String, &String)> = cookies.iter().filter(|(name, _)| name.contains("kept")).collect();
    assert_eq!(kept.len(), 2, "{cookies:?}");
    for (one, other) in [(0, 1), (1, 0)] {
        let thief = world.browser();
        let mut theirs = cookies.clone();
        theirs.remove(kept[other].0);
        theirs.insert(kept[other].0.clone(), kept[one].1.clone());
        theirs.remove(kept[one].0);
        thief.set_cookies(theirs);
        assert!(!offers(&thief.get(&hers).await) && !offers(&thief.get(&his).await));
    }
    // Who can write into the database too, has Jeanne's cookie and Paul's link: her row made his proves nothing.
    let all = world.running.rooms.deliveries.list(None, 10).await.unwrap();
    let to_paul = |info: &pli::delivery::desk::DeliveryInfo| {
        info.coordinates.as_ref().is_some_and(|coordinates| coordinates.address.reveal() == PAUL)
    };
    let paul = all.iter().find(|info| to_paul(info)).unwrap().id;
    assert_eq!(world.sql(&format!("UPDATE remembered_browsers SET delivery_id = '{paul}'")).await, 2);
    for (one, other) in [(0, 1), (1, 0)] {
        let thief = world.browser();
        let mut theirs = cookies.clone();
        theirs.insert(kept[other].0.clone(), kept[one].1.clone());
        theirs.remove(kept[one].0);
        thief.set_cookies(theirs);
        let shown = [thief.get(&hers).await, thief.get(&his).await];
        assert!(!shown.iter().any(offers), "a cookie under another's name");
    }
    assert!(!offers(&tablet.get(&hers).await) && offers(&tablet.get(&his).await), "his own row is as it was");
    // A cookie that is there twice is none.
    let url = reqwest::Url::parse(&his).unwrap();
    let doubled = world.browser();
    let mut twice = cookies.clone();
    for (name, value) in &kept {
        twice.insert(format!("a=b; {name}"), (*value).clone());
    }
    doubled.set_cookies(twice);
    let page = doubled.once(Method::GET, url, None).await.text().await.unwrap();
    assert!(page.contains("/code\"") && !page.contains("/open\""), "{page}");
    world.running.stop().await;
}

async fn what_takes_a_letter_away_forgets_the_browsers_of_its_person(world: World) {
    allow(&world, true).await;
    let jeanne = world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.add_patient(PAUL, "06 98 76 54 32").await;
    let his = a_letter(&world, PAUL, "Pour Paul").await;
    let tablet = world.browser();
    remembered_alone(&world, &tablet, &his).await;
    let deliveries = &world.running.rooms.deliveries;
    for (n, what) in ["recalled", "locked", "not mine", "another number", "removed"].into_iter().enumerate() {
        world.pass(DAY);
        let known = a_letter(&world, JEANNE, "Avant").await;
        world.pass(Duration::from_secs(1));
        let other = a_letter(&world, JEANNE, "Celle-ci").await;
        let browser = world.browser();
        remembered_alone(&world, &browser, &known).await;
        let offered = browser.get(&known).await;
        assert!(offers(&offered) && offers(&browser.get(&other).await), "{what}");
        let stranger = world.browser();
        let id = deliveries.list(None, 1).await.unwrap()[0].id;
        match what {
            "recalled" => deliveries.recall(id).await.unwrap(),
            "locked" => {
                world.sql(&format!("UPDATE deliveries SET tries = 99 WHERE id = '{id}'")).await;
                let page = asked(&stranger, &other).await;
                typed(&stranger, &page, &another(&world.gateway.last().code())).await;
            }
            "not mine" => {
                let page = stranger.get(&other).await;
                stranger.submit(&page, page.form("/not-mine").with("sure", "yes")).await;
            }
            "another number" => {
                let record = record("Jeanne Canari", JEANNE, "06 12 34 56 99");
                deliveries.set_patient(jeanne, PatientKind::Patient, record, &Filing::default()).await.unwrap();
            }
            _ => {
                deliveries.remove_patient(jeanne).await.unwrap();
            }
        }
        assert_eq!(rows(&world).await, 1, "{what}: Paul's is left ({n})");
        assert!(!offers(&browser.get(&known).await), "{what}");
        let pressed = browser.submit(&offered, offered.form("/open")).await;
        assert_ne!(pressed.url.path(), "/letter", "{what}: {}", pressed.text());
        assert!(offers(&tablet.get(&his).await), "{what}: Paul's is his");
    }
    world.running.stop().await;
}

async fn what_takes_a_number_or_a_mandate_away_forgets_its_browsers(world: World) {
    allow(&world, true).await;
    // Remembered twice is remembered once: the cookie of before is none any more.
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let link = a_letter(&world, JEANNE, "Avis").await;
    let browser = world.browser();
    remembered_alone(&world, &browser, &link).await;
    let copied = world.browser();
    copied.set_cookies(browser.cookies());
    world.pass(Duration::from_secs(61));
    remembered_alone(&world, &browser, &link).await;
    assert_eq!(rows(&world).await, 1);
    assert!(offers(&browser.get(&link).await) && !offers(&copied.get(&link).await));

    // Held again: what was sent to that number makes nobody known for other letters.
    let known = world.running.rooms.deliveries.list(None, 1).await.unwrap()[0].id;
    let other = a_letter(&world, JEANNE, "Encore").await;
    assert!(offers(&browser.get(&other).await));
    world.sql(&format!("UPDATE deliveries SET state = 'held' WHERE id = '{known}'")).await;
    assert!(!offers(&browser.get(&other).await), "the code went to a number that was taken back");
    world.sql(&format!("UPDATE deliveries SET state = 'opened' WHERE id = '{known}'")).await;
    assert!(offers(&browser.get(&other).await));

    // Who reads for somebody is forgotten with them.
    let deliveries = &world.running.rooms.deliveries;
    let ward = world.add_patient(PAUL, "06 98 76 54 32").await;
    let guardian = record("Marie Canari", MARIE, "06 11 22 33 44");
    let until = "2030-01-01".parse().unwrap();
    let mandate = Mandate { of: ward, reason: MandateReason::Parent, words: String::new(), until };
    deliveries.add_guardian(guardian, mandate, &Filing::default()).await.unwrap();
    let hers = a_letter(&world, MARIE, "Pour Paul").await;
    let tablet = world.browser();
    remembered_alone(&world, &tablet, &hers).await;
    assert_eq!(rows(&world).await, 2);
    deliveries.remove_patient(ward).await.unwrap();
    assert_eq!(rows(&world).await, 1);
    assert!(!offers(&tablet.get(&hers).await));
    world.running.stop().await;
}

/// faults.md row 9: what was read before and is asked for after is asked for.
async fn fault_09_a_remembered_browser_that_is_taken_away_opens_nothing_even_when_it_was_offered(world: World) {
    allow(&world, true).await;
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let link = a_letter(&world, JEANNE, "Avis").await;
    let browser = world.browser();
    remembered_alone(&world, &browser, &link).await;
    let offered = browser.get(&link).await;
    // Two presses at once open two pages, and a code that is typed meanwhile is neither asked for nor burned.
    let url = offered.url.join(&offered.form("/open").action).unwrap();
    let press = || browser.once(Method::POST, url.clone(), Some(in_pairs(offered.form("/open"))));
    let (one, two) = tokio::join!(press(), press());
    assert_eq!((one.status().as_u16(), two.status().as_u16()), (303, 303));
    // Wrong codes pause the link: a right one is asked for.
    world.sql(&format!("UPDATE deliveries SET paused_until = {}", world.clock.now().0 + 60_000)).await;
    assert_ne!(browser.submit(&offered, offered.form("/open")).await.url.path(), "/letter");
    world.pass(Duration::from_secs(61));
    assert_eq!(browser.submit(&offered, offered.form("/open")).await.url.path(), "/letter");
    // Without the form of this page nothing opens.
    let forged = offered.form("/open").with("token", &"A".repeat(43));
    assert_eq!(browser.submit(&offered, forged).await.status, 403);
    world.sql("DELETE FROM remembered_browsers").await;
    let browser_without_page = world.browser();
    let mut cookies = browser.cookies();
    cookies.remove("__Host-pli-letter");
    browser_without_page.set_cookies(cookies);
    let pressed = browser_without_page.submit(&offered, offered.form("/open")).await;
    assert!(pressed.url.path().starts_with("/l/") && !offers(&pressed), "{}", pressed.text());
    world.running.stop().await;
}

async fn a_browser_that_was_remembered_without_a_birth_date_opens_no_letter_that_asks_for_it(world: World) {
    let asking = |ask_birth_date| PracticeProfile { remember_browsers: true, ask_birth_date, ..profile() };
    let deliveries = &world.running.rooms.deliveries;
    deliveries.set_practice(world.practice, asking(false)).await.unwrap();
    let record = PatientRecord {
        birth_date: BirthDate::parse("1950-03-12"),
        ..record("Jeanne Canari", JEANNE, "06 12 34 56 78")
    };
    deliveries.add_patient(world.practice, PatientKind::Patient, record, &Filing::default()).await.unwrap();
    let old = a_letter(&world, JEANNE, "Ancienne").await;
    deliveries.set_practice(world.practice, asking(true)).await.unwrap();
    let new = a_letter(&world, JEANNE, "Nouvelle").await;
    let browser = world.browser();
    remembered_alone(&world, &browser, &old).await;
    assert!(offers(&browser.get(&old).await) && !offers(&browser.get(&new).await));
    let page = asked(&browser, &new).await;
    let born = |day: &str| {
        let form = page.form("/check").with("code", &world.gateway.last().code()).with("remember", "yes");
        form.with("day", day).with("month", "3").with("year", "1950")
    };
    browser.submit(&page, born("13")).await;
    assert_eq!(rows(&world).await, 1, "a wrong day remembers nothing");
    let letter = browser.submit(&page, born("12")).await;
    assert_eq!(letter.url.path(), "/letter", "{}", letter.text());
    closed(&browser, &letter).await;
    assert!(offers(&browser.get(&new).await) && offers(&browser.get(&old).await));
    // What opens with a press is a page of that letter like any other.
    let other = world.browser();
    assert!(!offers(&other.get(&new).await));
    let page = asked(&other, &old).await;
    assert_eq!(typed(&other, &page, &world.gateway.last().code()).await.url.path(), "/letter");
    assert_eq!(opened(&world, &world.browser(), &old).await.url.path(), "/letter");
    world.running.stop().await;
}
