//! The practice's logo: above its letters once they are open, and nowhere that a link or an e-mail leads to by itself.

use pli::delivery::directory::LogoChange;
use pli::domain::{Picture, PracticeId};
use pli::portal::SAMPLE_LOGO;

use crate::letter::{asked, opened, sent};
use crate::letters;
use crate::routes::of_another_practice;
use crate::world::World;

super::on_both! {
    a_logo_heads_what_is_open_and_is_gone_once_it_is_taken_away
    fault_12_a_page_gets_the_logo_of_its_own_practice_alone
}

const JPEG: &[u8] = include_bytes!("../support/logo.jpg");

/// Changes the logo of a practice, and nothing else.
async fn change(world: &World, practice: PracticeId, logo: &LogoChange) {
    let deliveries = &world.running.rooms.deliveries;
    let profile = deliveries.practice(Some(&practice.to_string())).await.unwrap().profile;
    deliveries.change_practice(practice, profile, logo).await.unwrap();
}

/// Gives a practice this logo.
pub async fn set(world: &World, practice: PracticeId, octets: &[u8]) {
    change(world, practice, &LogoChange::Set(Picture::read(octets).unwrap())).await;
}

/// Where the logo of a page is, if it has one.
fn logo_of(page: &crate::browser::Page) -> Option<String> {
    let text = page.text();
    let tag = text.split("<img class=\"logo\" src=\"").nth(1)?;
    Some(tag.split('"').next().unwrap().to_owned())
}

async fn a_logo_heads_what_is_open_and_is_gone_once_it_is_taken_away(world: World) {
    set(&world, world.practice, SAMPLE_LOGO).await;
    let (_, link) = sent(&world, &letters::pdf(9_000)).await;
    let notice = world.relay.caught().pop().unwrap();
    assert!(!notice.text().contains("logo") && !notice.text().contains("image/"), "not in the e-mail");
    let browser = world.browser();
    for page in [browser.get(&link).await, asked(&browser, &link).await] {
        assert!(page.status == 200 && !page.text().contains("logo"), "before the code: {}", page.text());
        assert_eq!(browser.follow(&page, "/letter/logo").await.status, 403);
    }
    world.pass(std::time::Duration::from_secs(61));
    let page = opened(&world, &browser, &link).await;
    let at = logo_of(&page).unwrap();
    let logo = browser.follow(&page, &at).await;
    assert!(logo.status == 200 && logo.octets == SAMPLE_LOGO);
    for (name, value) in [
        ("content-type", "image/png"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(logo.headers[name], value, "{name}");
    }
    assert!(logo.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    // Sealed as everything is.
    let (store, _) = world.second_node().await;
    let kept = store.practice_logo(world.practice).await.unwrap().unwrap();
    let piece = &SAMPLE_LOGO[200..232];
    assert!(kept.as_octets().len() > SAMPLE_LOGO.len() && kept.as_octets().windows(32).all(|part| part != piece));
    store.close().await;

    // Another one is given at once; without one the page has none.
    set(&world, world.practice, JPEG).await;
    let page = browser.follow(&page, "/letter").await;
    let logo = browser.follow(&page, &logo_of(&page).unwrap()).await;
    assert!(logo.headers["content-type"] == "image/jpeg" && logo.octets == JPEG);
    change(&world, world.practice, &LogoChange::Remove).await;
    let page = browser.follow(&page, "/letter").await;
    assert!(page.status == 200 && !page.text().contains("logo"), "{}", page.text());
    assert_eq!(browser.follow(&page, &at).await.status, 404);
    assert_eq!(world.count("SELECT COUNT(*) FROM practices WHERE logo_sealed IS NOT NULL").await, 0);
    world.running.stop().await;
}

async fn fault_12_a_page_gets_the_logo_of_its_own_practice_alone(world: World) {
    set(&world, world.practice, SAMPLE_LOGO).await;
    let (_, hers) = sent(&world, &letters::pdf(9_000)).await;
    let his = of_another_practice(&world, &[]).await;
    let all = world.running.rooms.deliveries.practices().await.unwrap();
    let other = all.iter().find(|practice| practice.id != world.practice).unwrap().id;
    let browser = world.browser();
    let page = opened(&world, &browser, &hers).await;
    let at = logo_of(&page).unwrap();
    // His practice has none, and is not given hers; nor is a page of hers that was left open.
    let second = opened(&world, &browser, &his).await;
    assert_eq!(logo_of(&second), None);
    assert_eq!(browser.follow(&second, "/letter/logo").await.status, 404);
    assert_eq!(browser.follow(&second, &at).await.status, 404);
    set(&world, other, JPEG).await;
    assert!(browser.follow(&second, "/letter/logo").await.octets == JPEG);
    assert_eq!(browser.follow(&second, &at).await.status, 404, "a page of hers, its cookie his");
    // Put into the other's row, it opens there for nobody.
    world
        .sql(&format!(
            "UPDATE practices SET logo_sealed = (SELECT logo_sealed FROM practices WHERE id = '{}')",
            world.practice
        ))
        .await;
    let moved = browser.follow(&second, "/letter/logo").await;
    assert!(moved.status == 503 && moved.octets != SAMPLE_LOGO);
    world.running.stop().await;
}
