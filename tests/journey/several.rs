//! One code, several letters: a page that is open opens other links of the same practice to the same person, and nobody
//! else's.

use std::time::Duration;

use pli::domain::Clock;

use crate::browser::Page;
use crate::letter::opened;
use crate::letters::{self, SUBJECT};
use crate::world::{JEANNE, PAUL, World};

super::on_both! {
    fault_12_one_code_opens_several_letters_of_one_person_and_of_nobody_else
    what_was_opened_so_ends_a_day_after_the_code
    fault_12_a_tab_that_was_left_open_saves_nothing_of_another_letter
}

fn offers(page: &Page) -> bool {
    page.forms().iter().any(|form| form.action.ends_with("/open"))
}

async fn sent_as(world: &World, to: &str, subject: &str, count: usize) -> String {
    world.submit(&[to], &letters::plain(to, subject)).await.unwrap();
    world.notices(count).await.pop().unwrap().link()
}

async fn fault_12_one_code_opens_several_letters_of_one_person_and_of_nobody_else(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.add_patient(PAUL, "06 98 76 54 32").await;
    let one = sent_as(&world, JEANNE, "Première", 1).await;
    let two = sent_as(&world, JEANNE, "Deuxième", 2).await;
    let his = sent_as(&world, PAUL, "De Paul", 3).await;
    let browser = world.browser();
    // Before a code nothing is offered, and the form of one who made it up is not taken.
    assert!(!offers(&browser.get(&two).await));
    let first = opened(&world, &browser, &one).await;
    let codes = world.gateway.caught().len();
    let page = browser.get(&two).await;
    assert!(offers(&page) && page.text().contains("est déjà ouverte ici"), "{}", page.text());
    assert!(!page.text().contains("Deuxième"), "nothing of it before the press: {}", page.text());
    assert_eq!(world.count("SELECT COUNT(*) FROM portal_sessions").await, 1, "a GET opens nothing");
    let second = browser.submit(&page, page.form("/open")).await;
    assert!(second.url.path() == "/letter" && second.text().contains("Deuxième"), "{}", second.text());
    assert!(!second.text().contains("Première"), "one page, one letter");
    assert_eq!(world.gateway.caught().len(), codes, "without another code");
    assert_eq!(world.count("SELECT COUNT(*) FROM deliveries WHERE state = 'opened'").await, 2);
    let journal = world.journal().await;
    assert_eq!(journal.iter().filter(|line| line.contains("session.joined")).count(), 1, "{journal:?}");
    // And back.
    let page = browser.get(&one).await;
    let again = browser.submit(&page, page.form("/open")).await;
    assert!(again.text().contains("Première"));
    // Paul's is not hers, in her browser neither.
    let page = browser.get(&his).await;
    assert!(!offers(&page), "{}", page.text());
    // The same address with another number is somebody else's code.
    let tagged = format!("Famille {SUBJECT} [06 11 22 33 44]");
    world.submit(&[JEANNE], &letters::plain(JEANNE, &tagged)).await.unwrap();
    let letter = crate::holds::newest(&world, &world.doctor).await;
    let heard = crate::holds::reply(crate::world::DOCTOR, &letter, "oui");
    crate::holds::submit(&world, (crate::world::DOCTOR, &world.doctor), &[crate::holds::PLI], &heard).await;
    let other = world.notices(4).await.pop().unwrap().link();
    assert!(!offers(&browser.get(&other).await));
    // Once the page is closed, nothing opens by it.
    let close = again.form("/letter/close");
    let forms = browser.get(&two).await;
    browser.submit(&again, close).await;
    let pressed = browser.submit(&forms, forms.form("/open")).await;
    assert_ne!(pressed.url.path(), "/letter");
    assert!(!offers(&browser.get(&two).await));
    assert_eq!(browser.follow(&first, "/letter").await.status, 403);
    world.running.stop().await;
}

async fn what_was_opened_so_ends_a_day_after_the_code(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let links = [sent_as(&world, JEANNE, "Un", 1).await, sent_as(&world, JEANNE, "Deux", 2).await];
    let browser = world.browser();
    let mut page = opened(&world, &browser, &links[0]).await;
    for hour in 1..=25_usize {
        world.pass(Duration::from_secs(58 * 60));
        let shown = browser.get(&links[hour % 2]).await;
        if !offers(&shown) {
            break;
        }
        page = browser.submit(&shown, shown.form("/open")).await;
        assert_eq!(page.url.path(), "/letter");
    }
    assert!(world.clock.now().since(crate::world::NOW) < Duration::from_secs(25 * 3600));
    assert_eq!(browser.follow(&page, "/letter").await.status, 403, "a day after the code it is over");
    // Wrong codes pause a link: then a right one is asked for, whatever is open.
    let browser = world.browser();
    opened(&world, &browser, &links[0]).await;
    assert!(offers(&browser.get(&links[1]).await));
    world.sql(&format!("UPDATE deliveries SET paused_until = {}", world.clock.now().0 + 60_000)).await;
    assert!(!offers(&browser.get(&links[1]).await));
    world.running.stop().await;
}

/// Both letters have a first file: the tab of the one asks for its own, while the page of the other is open.
async fn fault_12_a_tab_that_was_left_open_saves_nothing_of_another_letter(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let mut links = Vec::new();
    for (n, octets) in [30_000, 90_000].into_iter().enumerate() {
        let letter = letters::thunderbird(JEANNE, &format!("Ordonnance {n}"), &letters::pdf(octets));
        world.submit(&[JEANNE], &letter).await.unwrap();
        links.push(world.notices(n + 1).await.pop().unwrap().link());
    }
    let browser = world.browser();
    let file = |page: &Page, ending: &str| page.links().into_iter().find(|link| link.contains(ending)).unwrap();
    let first = opened(&world, &browser, &links[0]).await;
    assert!(browser.follow(&first, &file(&first, "/save?")).await.octets == letters::pdf(30_000));
    let page = browser.get(&links[1]).await;
    let second = browser.submit(&page, page.form("/open")).await;
    assert_eq!(second.url.path(), "/letter");
    for ending in ["/save?", "/letter/file/0?"] {
        let stale = browser.follow(&first, &file(&first, ending)).await;
        assert_eq!(stale.status, 404, "{ending}");
        assert!(stale.octets != letters::pdf(30_000) && stale.octets != letters::pdf(90_000), "{ending}");
    }
    assert!(browser.follow(&second, &file(&second, "/save?")).await.octets == letters::pdf(90_000));
    world.running.stop().await;
}
