//! Faults of the world that a moved clock and a renamed folder can make: a relay that is down for a day, a clock that is
//! stepped, an object store that goes and comes back. Nothing is lost after a 250, and nobody has to start anything again.

use std::time::Duration;

use pli::domain::{DeliveryState, FolderRole};

use crate::letter::{asked, opened, sent, typed};
use crate::letters::{self, SUBJECT};
use crate::world::{COLLEAGUE, JEANNE, World, until};

super::on_both! {
    a_relay_that_is_down_for_a_day_loses_nothing_and_says_so
    a_clock_that_is_set_back_holds_no_letter
    a_clock_that_is_set_back_opens_nothing
    an_object_store_that_goes_and_comes_back_loses_nothing
}

const DAY: Duration = Duration::from_secs(86_400);

async fn a_relay_that_is_down_for_a_day_loses_nothing_and_says_so(world: World) {
    world.relay.down(true);
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let letters: Vec<_> = (0..3).map(|n| letters::thunderbird(JEANNE, &format!("{SUBJECT} {n}"), b"x")).collect();
    for letter in &letters {
        world.submit(&[JEANNE], letter).await.unwrap();
    }
    let deliveries = &world.running.rooms.deliveries;
    let queue = async || deliveries.queue(false).await.unwrap();
    // 1, 5, 15, 30 minutes, 1, 2, 4 hours and so on: a dozen attempts in a day, each seen in the queue.
    let mut hours = 0;
    for (attempts, minutes) in (1..).zip([1, 5, 15, 30, 60, 120, 240, 240, 240, 240, 240]) {
        until(async || queue().await.iter().all(|work| work.attempts >= attempts && work.lease_until.0 == 0)).await;
        let waiting = queue().await;
        assert!(waiting.len() == 3 && waiting.iter().all(|work| work.attempts == attempts), "{waiting:?}");
        assert!(waiting.iter().all(|work| work.last_failure.unwrap().word() == "unreachable"));
        hours += minutes;
        world.pass(Duration::from_secs(minutes * 60));
    }
    assert!(hours > 23 * 60);
    let figures = reqwest::get(format!("http://{}/metrics", world.running.metrics.unwrap())).await.unwrap();
    let figures = figures.text().await.unwrap();
    assert!(figures.contains("pli_outbox_waiting 3\n"), "{figures}");
    assert!(figures.contains("pli_courier_attempts_total{outcome=\"unreachable\"}"), "{figures}");
    // A day is within what mail may take: the sender is not told that it failed, since it did not; that it is late, once.
    let late = crate::holds::told(&world, &world.doctor).await;
    assert_eq!(late.len(), 3, "{late:?}");
    for text in &late {
        assert!(text.starts_with("Pas encore parti : le serveur d'envoi ne répond pas."), "{text}");
        assert!(text.contains(JEANNE) && text.contains("dernier essai le 18 janvier"), "{text}");
    }
    world.relay.down(false);
    world.pass(Duration::from_secs(4 * 3600));
    world.notices(3).await;
    until(async || queue().await.is_empty()).await;
    let list = deliveries.list(None, 10).await.unwrap();
    assert!(list.len() == 3 && list.iter().all(|delivery| delivery.state == DeliveryState::Notified));
    assert_eq!(world.relay.caught().len(), 3, "each once");
    world.running.stop().await;
}

async fn a_clock_that_is_set_back_holds_no_letter(world: World) {
    world.pass(DAY);
    world.relay.down(true);
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.submit(&[JEANNE], &letters::thunderbird(JEANNE, SUBJECT, b"x")).await.unwrap();
    let deliveries = &world.running.rooms.deliveries;
    until(async || deliveries.queue(false).await.unwrap()[0].last_failure.is_some()).await;
    world.back(DAY);
    world.relay.down(false);
    // What is due tomorrow by the wrong clock leaves now.
    world.notices(1).await;
    world.state(DeliveryState::Notified).await;
    world.submit(&[COLLEAGUE], &letters::plain(COLLEAGUE, "Avis")).await.unwrap();
    assert_eq!(world.read(&world.colleague, FolderRole::Inbox).await.len(), 1);
    world.running.stop().await;
}

async fn a_clock_that_is_set_back_opens_nothing(world: World) {
    let (_, link) = sent(&world, b"x").await;
    world.pass(DAY);
    let (browser, other) = (world.browser(), world.browser());
    let page = opened(&world, &browser, &link).await;
    assert_eq!(page.url.path(), "/letter");
    let waiting = asked(&other, &link).await;
    let code = world.gateway.last().code();
    world.back(DAY);
    // Neither a page nor a code lives a day longer than it should.
    assert_eq!(browser.follow(&page, "/letter").await.status, 403);
    let refused = typed(&other, &waiting, &code).await;
    assert_ne!(refused.url.path(), "/letter", "{}", refused.text());
    assert_eq!(world.state(DeliveryState::Opened).await.tries, 0, "that was no wrong code");
    // And a new one is to be had at once.
    let page = opened(&world, &other, &link).await;
    assert_eq!(page.url.path(), "/letter", "{}", page.text());
    // A small step, as time servers make it, is not noticed.
    world.back(Duration::from_secs(120));
    assert_eq!(other.follow(&page, "/letter").await.status, 200);
    // Stepped forth, the page is over, and the letter is still there.
    world.pass(DAY + Duration::from_secs(600));
    assert_eq!(other.follow(&page, "/letter").await.status, 403);
    assert_eq!(opened(&world, &browser, &link).await.url.path(), "/letter");
    world.running.stop().await;
}

async fn an_object_store_that_goes_and_comes_back_loses_nothing(world: World) {
    let pdf = letters::pdf(300_000);
    let (_, link) = sent(&world, &pdf).await;
    let browser = world.browser();
    let page = opened(&world, &browser, &link).await;
    let save = page.links().into_iter().find(|link| link.contains("/save?")).unwrap();
    let large = letters::thunderbird(COLLEAGUE, "Dossier", &letters::pdf(300_000));
    world.submit(&[COLLEAGUE], &large).await.unwrap();

    let (objects, away) = (world.config.data.join("objects"), world.config.data.join("away"));
    for mount_point in [false, true] {
        std::fs::rename(&objects, &away).unwrap();
        if mount_point {
            // An unmounted disk leaves its mount point: an empty folder.
            std::fs::create_dir(&objects).unwrap();
        }
        let refused = world.submit(&[COLLEAGUE], &large).await.unwrap_err();
        assert!(refused.contains("\r\n451 4.3.0 "), "{refused}");
        let small = letters::plain(COLLEAGUE, "Avis");
        world.submit(&[COLLEAGUE], &small).await.unwrap();
        let file = browser.follow(&page, &save).await;
        assert_eq!(file.status, 503, "it is away and not gone: {}", file.text());
        assert_eq!(browser.follow(&page, "/letter").await.status, 200, "the letter itself is in the database");
        if mount_point {
            assert_eq!(std::fs::read_dir(&objects).unwrap().count(), 0, "nothing is written where it would be hidden");
            std::fs::remove_dir(&objects).unwrap();
        }
        std::fs::rename(&away, &objects).unwrap();
    }
    let file = browser.follow(&page, &save).await;
    assert!(file.status == 200 && file.octets == pdf);
    world.submit(&[COLLEAGUE], &large).await.unwrap();
    let kept = world.read(&world.colleague, FolderRole::Inbox).await;
    assert_eq!(kept.iter().filter(|octets| **octets == large).count(), 2, "what was answered 250, and nothing else");
    assert_eq!(kept.len(), 4);
    world.running.stop().await;
}
