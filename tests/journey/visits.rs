//! What the journal says of loads of a link's page: machines, and what may be a person, told apart (fault 14).

use std::time::Duration;

use pli::domain::{Clock as _, DeliveryState, FolderRole, Visit};
use pli::mailbox::journal::JournalQuery;
use reqwest::Url;

use crate::browser::Browser;
use crate::letter::{opened, sent};
use crate::world::World;

super::on_both! {
    fault_14_the_journal_tells_machines_from_people
    fault_14_whoever_holds_a_link_fills_no_journal
    a_page_is_given_though_its_visit_cannot_be_noted
}

const IN_A_WINDOW: [(&str, &str); 3] =
    [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
const FETCHED: &str = "link.fetched";
const LOADED: &str = "link.loaded";
const SHOWN: &str = "link.shown";
const PRESSED: &str = "link.pressed";

/// The verbs of the newest delivery's events about its link, in their order.
async fn said(world: &World) -> Vec<String> {
    let id = world.running.rooms.deliveries.list(None, 1).await.unwrap().remove(0).id;
    let query = JournalQuery { delivery: Some(id), limit: 1000, ..JournalQuery::default() };
    let events = world.running.rooms.mailboxes.journal(&query).await.unwrap();
    let verbs = events.into_iter().rev().map(|event| event.field("verb").unwrap().to_owned());
    verbs.filter(|verb| ["link.", "code.accepted", "delivery.opened"].iter().any(|of| verb.starts_with(of))).collect()
}

async fn load(browser: &Browser, link: &str, fields: &[(&str, &str)]) {
    let page = browser.get_with(link, fields).await;
    assert!(page.status == 200 && page.text().contains("Recevoir"), "{}", page.text());
}

async fn fault_14_the_journal_tells_machines_from_people(world: World) {
    let (_, link) = sent(&world, b"").await;
    // A mail service that looks at what it delivers: nothing of it is a person's.
    let service = world.browser();
    assert_eq!(service.head(Url::parse(&link).unwrap()).await.status(), 200);
    assert_eq!(said(&world).await, [FETCHED]);
    load(&service, &link, &[("user-agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) SafeLinks")]).await;
    load(&service, &link, &[&IN_A_WINDOW[..], &[("sec-purpose", "prefetch;prerender")]].concat()).await;
    load(&service, &link, &[("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")]).await;
    assert_eq!(said(&world).await, [FETCHED, LOADED]);
    // Somebody looks, and gives up.
    load(&world.browser(), &link, &IN_A_WINDOW).await;
    assert_eq!(said(&world).await, [FETCHED, LOADED, SHOWN]);
    // A scanner presses what it finds, in every form; a choice is none of its own.
    let scanner = world.browser();
    let page = scanner.get_with(&link, &IN_A_WINDOW).await;
    for form in page.forms() {
        assert!(scanner.submit(&page, form.clone()).await.status == 422);
        scanner.submit(&page, form).await;
    }
    assert_eq!(said(&world).await, [FETCHED, LOADED, SHOWN, PRESSED]);
    // Ids alone; and whoever wrote is told nothing yet: an opening is what follows a code.
    let journal = world.journal().await;
    for line in journal.iter().filter(|line| line.contains("verb=link.")) {
        let keys: Vec<&str> = line.split(' ').map(|pair| pair.split_once('=').unwrap().0).collect();
        assert_eq!(keys, ["at", "verb", "by", "practice", "mailbox", "delivery"], "{line}");
    }
    let shown = world.state(DeliveryState::Notified).await;
    assert_eq!((shown.tries, shown.opened_at), (0, None));
    assert!(world.read(&world.doctor, FolderRole::Inbox).await.is_empty() && world.gateway.caught().is_empty());
    // A link that was cut is nobody's.
    world.browser().get_with(&link[..link.len() - 2], &IN_A_WINDOW).await;
    assert_eq!(said(&world).await.len(), 4);

    // And comes back another day: then it is certain.
    world.pass(Duration::from_secs(86_400));
    let browser = world.browser();
    load(&browser, &link, &IN_A_WINDOW).await;
    let page = opened(&world, &browser, &link).await;
    assert_eq!(page.url.path(), "/letter", "{}", page.text());
    let all = [FETCHED, LOADED, SHOWN, PRESSED, SHOWN, LOADED, "code.accepted", "delivery.opened"];
    assert_eq!(said(&world).await, all);
    assert_eq!(world.read(&world.doctor, FolderRole::Inbox).await.len(), 1);
    assert!(world.running.rooms.mailboxes.verify_journal().await.unwrap().is_ok());
    world.running.stop().await;
}

async fn fault_14_whoever_holds_a_link_fills_no_journal(world: World) {
    let (_, link) = sent(&world, b"").await;
    let everywhere = async || {
        let browsers: Vec<Browser> = (0..12).map(|_| world.browser()).collect();
        let loads = browsers.iter().flat_map(|browser| {
            [
                load(browser, &link, &IN_A_WINDOW),
                load(browser, &link, &[]),
                load(browser, &link, &[("purpose", "prefetch")]),
            ]
        });
        futures_util::future::join_all(loads).await;
    };
    let sorted = async || {
        let mut said = said(&world).await;
        said.sort();
        said
    };
    everywhere().await;
    assert_eq!(sorted().await, [FETCHED, LOADED, SHOWN]);
    world.pass(Duration::from_secs(3599));
    everywhere().await;
    assert_eq!(said(&world).await.len(), 3);
    world.pass(Duration::from_secs(1));
    everywhere().await;
    assert_eq!(sorted().await, [FETCHED, FETCHED, LOADED, LOADED, SHOWN, SHOWN]);

    // On two nodes at once, one notes it.
    let delivery = world.state(DeliveryState::Notified).await.id;
    world.pass(Duration::from_secs(3600));
    let now = world.clock.now();
    let (one, _) = world.second_node().await;
    let (two, _) = world.second_node().await;
    let note = async |store: &pli::store::Store| {
        let mut tx = store.write("note visit").await.unwrap();
        let noted = tx.note_visit(delivery, Visit::Browser, (now, now.minus(Duration::from_secs(3600)))).await.unwrap();
        let event = pli::domain::AuditEvent::new(now, pli::domain::Actor::Server, pli::domain::Verb::LinkShown);
        tx.commit(event).await.unwrap();
        usize::from(noted)
    };
    let noted = futures_util::future::join_all((0..20).map(|n| note(if n % 2 == 0 { &one } else { &two }))).await;
    assert_eq!(noted.into_iter().sum::<usize>(), 1);
    one.close().await;
    two.close().await;

    // A clock that is set back hinders nothing.
    world.back(Duration::from_secs(7200));
    load(&world.browser(), &link, &IN_A_WINDOW).await;
    assert_eq!(said(&world).await.iter().filter(|verb| *verb == SHOWN).count(), 3);
    // What has ended is not noted any more.
    world.running.rooms.deliveries.recall(delivery).await.unwrap();
    let before = said(&world).await;
    world.pass(Duration::from_secs(86_400));
    let page = world.browser().get_with(&link, &IN_A_WINDOW).await;
    assert!(page.text().contains("reprise"), "{}", page.text());
    assert_eq!(said(&world).await, before);
    world.running.stop().await;
}

async fn a_page_is_given_though_its_visit_cannot_be_noted(world: World) {
    let (_, link) = sent(&world, b"").await;
    world.sql("DROP TABLE link_visits").await;
    load(&world.browser(), &link, &IN_A_WINDOW).await;
    assert!(said(&world).await.is_empty());
    assert_eq!(opened(&world, &world.browser(), &link).await.url.path(), "/letter");
    world.running.stop().await;
}
