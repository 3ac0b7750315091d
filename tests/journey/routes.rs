//! Every route in every state of a patient: what is declared is what is answered (faults 6, 7, 12, 37).

use pli::domain::DeliveryState;
use pli::portal::{Guard, ROUTES};

use crate::browser::Browser;
use crate::letter::{asked, opened, sent};
use crate::letters;
use crate::world::{PAUL, World};

super::on_both! {
    fault_06_fault_07_every_route_in_every_state
    fault_12_one_session_opens_one_delivery
    fault_37_no_header_changes_where_links_lead
    a_page_is_prolonged_and_closed
}

/// The path of a route, with what it takes.
fn path(route: &str, ticket: &str) -> String {
    let file = route.replace("{ticket}", ticket).replace("{number}", "0");
    assert!(!file.contains('{'), "{file}");
    file
}

async fn get(world: &World, browser: &Browser, path: &str) -> u16 {
    let port = world.running.portal.unwrap().port();
    browser.get(&format!("https://127.0.0.1:{port}{path}")).await.status
}

async fn fault_06_fault_07_every_route_in_every_state(world: World) {
    let (_, link) = sent(&world, &letters::pdf(100_000)).await;
    let ticket = link.rsplit('/').next().unwrap().to_owned();
    let (stranger, holder, waiting, reader) = (world.browser(), world.browser(), world.browser(), world.browser());
    holder.get(&link).await;
    asked(&waiting, &link).await;
    assert_eq!(opened(&world, &reader, &link).await.url.path(), "/letter");
    for route in ROUTES.iter().filter(|route| route.method == "GET" && matches!(route.guard, Guard::Session)) {
        let path = path(route.path, &ticket);
        for browser in [&stranger, &holder, &waiting] {
            assert_eq!(get(&world, browser, &path).await, 403, "{path} before the code");
        }
        assert_eq!(get(&world, &reader, &path).await, 200, "{path} after it");
    }
    for route in ROUTES.iter().filter(|route| route.method == "GET" && matches!(route.guard, Guard::Link)) {
        assert_eq!(get(&world, &stranger, &path(route.path, &ticket)).await, 200);
        assert_eq!(get(&world, &stranger, &path(route.path, "0123456789abcdefghjkmnpqrstvwxyz")).await, 404);
    }
    // A form that is nobody's is taken in no state.
    let page = reader.get(&link).await;
    let made_up = crate::browser::Form::of(&[("token", "AAAAAAAAAAAAAAAAAAAAAA"), ("draft", "AAAA")]);
    for route in ROUTES.iter().filter(|route| route.guard == Guard::Form) {
        for browser in [&stranger, &holder, &waiting, &reader] {
            let parts = crate::browser::parts(&made_up, "x", &[("files", "a.pdf", b"%PDF-")]);
            assert_eq!(browser.post_parts(&page, route.path, parts).await.status, 403, "{}", route.path);
        }
    }
    for unknown in [
        "/admin",
        "/l/x/y/z",
        "/letter/file",
        "/letter/../etc/passwd",
        "/letter/file/99",
        "/letter/file/-1",
        "/.env",
        "/metrics",
    ] {
        let status = get(&world, &reader, unknown).await;
        assert!(status == 404 || status == 403, "{unknown}: {status}");
    }
    world.running.rooms.deliveries.recall(world.state(DeliveryState::Downloaded).await.id).await.unwrap();
    for route in ROUTES.iter().filter(|route| route.method == "GET" && matches!(route.guard, Guard::Session)) {
        assert_eq!(get(&world, &reader, &path(route.path, &ticket)).await, 403, "{} after the end", route.path);
    }
    world.running.stop().await;
}

async fn fault_12_one_session_opens_one_delivery(world: World) {
    let (_, hers) = sent(&world, &letters::pdf(100_000)).await;
    world.add_patient(PAUL, "06 98 76 54 32").await;
    world.submit(&[PAUL], &letters::thunderbird(PAUL, "Paul seul", &letters::pdf(70_000))).await.unwrap();
    let his = world.notices(2).await.pop().unwrap().link();
    let (jeanne, paul) = (world.browser(), world.browser());
    let her_page = opened(&world, &jeanne, &hers).await;
    let his_page = opened(&world, &paul, &his).await;
    assert!(her_page.text().contains(letters::SUBJECT) && !her_page.text().contains("Paul seul"));
    assert!(his_page.text().contains("Paul seul") && !his_page.text().contains(letters::SUBJECT));
    // His code does not open her link: the challenge is the delivery's.
    let thief = world.browser();
    thief.set_cookies(paul.cookies());
    let page = thief.get(&hers).await;
    assert!(page.forms().iter().all(|form| !form.action.ends_with("/check")), "{}", page.text());
    // Forms of one page do not fit the other.
    let theirs = her_page.form("/letter/close");
    assert_eq!(paul.submit(&his_page, theirs).await.status, 403, "a form of another browser");
    assert_eq!(jeanne.follow(&her_page, "/letter").await.status, 200, "and she is not signed out");
    world.running.stop().await;
}

async fn fault_37_no_header_changes_where_links_lead(world: World) {
    let (_, link) = sent(&world, b"").await;
    assert!(link.starts_with(&format!("https://127.0.0.1:{}/l/", world.running.portal.unwrap().port())));
    let browser = world.browser();
    let forged = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("forwarded", "host=evil.example"),
        ("x-forwarded-for", "1.2.3.4"),
    ];
    let page = browser.get_with(&link, &forged).await;
    assert!(!page.text().contains("evil.example") && page.status == 200);
    for link in page.links() {
        assert!(
            link.starts_with('/') || link.starts_with('?') || link.starts_with('#') || link.starts_with("tel:"),
            "{link}"
        );
    }
    world.running.stop().await;
}

async fn a_page_is_prolonged_and_closed(world: World) {
    let (_, link) = sent(&world, b"").await;
    let browser = world.browser();
    let page = opened(&world, &browser, &link).await;
    world.pass(std::time::Duration::from_secs(50 * 60));
    let page = browser.submit(&page, page.form("/letter/prolong")).await;
    assert_eq!(page.status, 200);
    world.pass(std::time::Duration::from_secs(65 * 60));
    let page = browser.follow(&page, "/letter").await;
    assert_eq!(page.status, 200, "an hour was added");
    browser.submit(&page, page.form("/letter/close")).await;
    assert_eq!(browser.follow(&page, "/letter").await.status, 403, "closed");
    let page = opened(
        &world,
        &{
            world.pass(std::time::Duration::from_secs(61));
            world.browser()
        },
        &link,
    )
    .await;
    assert_eq!(page.url.path(), "/letter", "and opened again with a new code");
    world.pass(std::time::Duration::from_secs(61 * 60));
    assert_eq!(browser.follow(&page, "/letter").await.status, 403, "an hour after the last request");
    world.running.stop().await;
}
