//! Codes that arrive: providers that fail, hang, lie, report late or never; the page tells the truth at each step.

use std::sync::Arc;
use std::time::Duration;

use pli::access::Access;
use pli::domain::*;
use pli::gateway::Gateways;
use pli::server::OsRandom;

use crate::browser::{Browser, Page};
use crate::gateway::Behaviour;
use crate::letter::{asked, sent, typed};
use crate::letters;
use crate::world::{JEANNE, NOW, PAUL, World, until};

/// Two senders of short messages, of which the first reports, and a caller.
const CODES: &str = r#"
[[code.sms]]
name  = "first"
kind  = "http"
price = "0.05"
url   = "http://GATEWAY/first"
query = { to = "{to}", text = "{text}", report = "{report}" }
success = "Accepted"
refusals = { "a landline" = "landline", "has refused" = "stopped", "nobody" = "unknown-number" }
report = { field = "status", delivered = ["there"], failed = ["gone"], classes = { absent = ["off"], landline = ["fixed"], stopped = ["stop"] } }
[[code.sms]]
name  = "second"
kind  = "http"
price = "0.06"
url   = "http://GATEWAY/second"
query = { to = "{to}", text = "{text}" }
[[code.voice]]
name  = "caller"
kind  = "http"
price = "0.10"
url   = "http://GATEWAY/caller"
query = { to = "{to}", text = "{text}" }
[code.ceilings]
number = 12
practice = 40
"#;

macro_rules! on_both {
    ($($name:ident)*) => {
        mod on_sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                super::$name(crate::world::World::sqlite_with(super::CODES).await).await;
            }
        )*}

        mod on_postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                if let Some(world) = crate::world::World::postgres_with(super::CODES).await {
                    super::$name(world).await;
                }
            }
        )*}
    };
}

on_both! {
    a_provider_that_fails_is_followed_by_the_next_with_the_same_code
    a_provider_that_hangs_is_followed_by_the_next
    what_is_reported_is_told_and_nothing_else
    a_report_of_failure_moves_on_at_once
    a_missing_report_moves_on_for_a_punctual_provider_alone
    a_call_follows_by_day_while_the_page_is_open
    no_call_at_night_but_for_who_asks
    a_landline_goes_to_voice_and_is_remembered
    a_refusal_by_stop_is_told_to_the_sender_once
    a_number_that_nobody_has_is_said
    fault_42_a_ceiling_holds_for_all_who_send_at_once
    fault_42_numbers_at_which_no_code_is_typed_get_no_more
    fault_02_an_invented_report_changes_nothing
    a_failing_provider_is_left_alone_and_tried_with_one
    what_a_dead_node_began_is_gone_on_with_once
    fault_03_two_nodes_send_one_code
    digits_are_kept_no_longer_than_a_provider_may_need_them
}

/// Another node on the same data, with the same providers.
fn node(world: &World) -> Access {
    let clock: Arc<dyn Clock> = world.clock.clone();
    let gateways = Gateways::open(&world.config.providers, &clock).unwrap();
    let access = world.running.rooms.access(clock, Arc::new(OsRandom), gateways, world.config.portal_host());
    access.with_codes(world.config.ceilings, world.config.portal.url.as_ref().map(|url| url.as_str()))
}

/// The providers that took a code, in order.
fn takers(world: &World) -> Vec<String> {
    world.gateway.caught().into_iter().map(|caught| caught.channel).collect()
}

fn refuses(world: &World, provider: &str) {
    world.gateway.behave(provider, Behaviour::Says(500, "down"));
}

async fn again(browser: &Browser, page: &Page) -> Page {
    browser.get(page.url.as_str()).await
}

/// What the page's script asks every five seconds.
async fn sign(browser: &Browser, page: &Page) -> String {
    let text = page.text();
    let attribute =
        |name: &str| text.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let mut form = page.form("/check");
    form.action = attribute("data-url");
    form.fields = [("token".to_owned(), attribute("data-token"))].into();
    let answer = browser.submit(page, form).await;
    assert!(matches!(answer.status, 200 | 205), "{}", answer.status);
    answer.text()
}

async fn missing(browser: &Browser, page: &Page) -> Page {
    browser.submit(page, page.form("/missing")).await
}

/// The provider tells what became of the message that it took last.
async fn report(world: &World, status: &str) -> u16 {
    let address = world.gateway.caught().into_iter().rev().find_map(|caught| caught.report).unwrap();
    world.browser().get(&format!("{address}?status={status}")).await.status
}

async fn a_provider_that_fails_is_followed_by_the_next_with_the_same_code(world: World) {
    let (_, link) = sent(&world, b"").await;
    for behaviour in [
        Behaviour::Says(500, "down"),
        Behaviour::Says(200, "error: no route"),
        Behaviour::Says(200, ""),
        Behaviour::Says(401, "who are you"),
        Behaviour::Says(302, "elsewhere"),
    ] {
        world.gateway.behave("first", behaviour.clone());
        let before = takers(&world).len();
        let browser = world.browser();
        let page = asked(&browser, &link).await;
        assert_eq!(takers(&world)[before..], ["second"], "{behaviour:?}");
        assert!(page.text().contains("Nous avons envoyé un SMS"), "{}", page.text());
        let page = typed(&browser, &page, &world.gateway.last().code()).await;
        assert_eq!(page.url.path(), "/letter", "{behaviour:?}");
        world.pass(Duration::from_secs(3600));
    }
    world.running.stop().await;
}

async fn a_provider_that_hangs_is_followed_by_the_next(world: World) {
    let (_, link) = sent(&world, b"").await;
    world.gateway.behave("first", Behaviour::Hangs);
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    // The page does not wait for it, and does not say what is not known.
    assert!(page.text().contains("Nous envoyons un SMS"), "{}", page.text());
    until(async || again(&browser, &page).await.text().contains("Nous avons envoyé un SMS")).await;
    let page = again(&browser, &page).await;
    assert_eq!(takers(&world), ["second"]);
    assert_eq!(typed(&browser, &page, &world.gateway.last().code()).await.url.path(), "/letter");
    world.running.stop().await;
}

async fn what_is_reported_is_told_and_nothing_else(world: World) {
    let (_, link) = sent(&world, b"").await;
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    assert!(page.text().contains("pas encore s’il est arrivé"), "accepted is not delivered: {}", page.text());
    assert_eq!(report(&world, "on-its-way").await, 204);
    assert!(sign(&browser, &page).await.contains("pas encore s’il est arrivé"));
    world.pass(Duration::from_secs(7));
    assert_eq!(report(&world, "there").await, 204);
    let told = sign(&browser, &page).await;
    assert!(told.contains("Il est arrivé sur le téléphone à"), "{told}");
    // Twice, or another end afterwards: nothing changes, and nobody else is sent anything.
    assert_eq!((report(&world, "there").await, report(&world, "gone").await), (204, 204));
    node(&world).advance_due().await.unwrap();
    assert_eq!(sign(&browser, &page).await, told);
    assert_eq!(takers(&world), ["first"]);
    let status = node(&world).code_status().await.unwrap();
    let first = &status.providers[0];
    assert_eq!((first.name.as_str(), first.tried, first.delivered, first.cost), ("sms/first", 1, 1, 50_000));
    assert_eq!(first.latency, Some((Duration::from_secs(7), Duration::from_secs(7))));
    assert_eq!(status.spend, (50_000, None));
    let figures = reqwest::get(format!("http://{}/metrics", world.running.metrics.unwrap())).await.unwrap();
    assert_eq!(figures.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let figures = figures.text().await.unwrap();
    assert!(figures.contains("pli_code_attempts{provider=\"sms/first\",outcome=\"delivered\"} 1\n"), "{figures}");
    world.running.stop().await;
}

async fn a_report_of_failure_moves_on_at_once(world: World) {
    let (_, link) = sent(&world, b"").await;
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    let code = world.gateway.last().code();
    assert_eq!(report(&world, "off").await, 204);
    until(async || takers(&world) == ["first", "second"]).await;
    assert_eq!(world.gateway.last().code(), code, "one code for the whole cascade");
    let page = again(&browser, &page).await;
    assert_eq!(typed(&browser, &page, &code).await.url.path(), "/letter");
    world.running.stop().await;
}

/// R-A8: a gateway that never reports, or whose reports take longer, sends one short message and no more.
async fn a_missing_report_moves_on_for_a_punctual_provider_alone(world: World) {
    let (_, link) = sent(&world, b"").await;
    let browser = world.browser();
    let mut page = asked(&browser, &link).await;
    for _ in 0..6 {
        world.pass(Duration::from_secs(15));
        sign(&browser, &page).await;
        node(&world).advance_due().await.unwrap();
    }
    assert_eq!(takers(&world), ["first"], "it has not shown yet that its reports come in time");
    // The patient says so: the same code, by who is next; then by the one after.
    page = again(&browser, &page).await;
    page = missing(&browser, &page).await;
    assert_eq!(takers(&world), ["first", "second"]);
    let early = missing(&browser, &page).await;
    assert_eq!((early.status, takers(&world).len()), (429, 2), "not so soon");
    world.pass(Duration::from_secs(21));
    page = missing(&browser, &again(&browser, &page).await).await;
    assert_eq!(takers(&world), ["first", "second", "caller"]);
    assert!(page.forms().iter().all(|form| !form.action.ends_with("/missing")), "nobody is left to try");
    let codes: Vec<String> = world.gateway.caught().iter().map(|caught| caught.code()).collect();
    assert!(codes.iter().all(|code| *code == codes[0]), "one code");

    // Ten codes that were told of in time, and it moves on by itself.
    let sql = |n: i64| {
        let at = NOW.0 - 1_000_000 - n;
        format!(
            "INSERT INTO sends (id, step, provider, channel, state, parts, cost, created_at, accepted_at, reported_at) \
             VALUES ('{}', 0, 'sms/first', 'sms', 'delivered', 1, 0, {at}, {at}, {})",
            SendId::random(&OsRandom),
            at + 3000
        )
    };
    for n in 0..40 {
        assert_eq!(world.sql(&sql(n)).await, 1);
    }
    world.pass(Duration::from_secs(3600));
    let browser = world.browser();
    asked(&browser, &link).await;
    world.pass(Duration::from_secs(19));
    node(&world).advance_due().await.unwrap();
    assert_eq!(takers(&world)[3..], ["first"], "not before twenty seconds");
    world.pass(Duration::from_secs(2));
    node(&world).advance_due().await.unwrap();
    until(async || takers(&world)[3..] == ["first", "second"]).await;
    world.running.stop().await;
}

async fn a_call_follows_by_day_while_the_page_is_open(world: World) {
    let (_, link) = sent(&world, b"").await;
    refuses(&world, "second");
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    // The page was left: the short message will not arrive, and nobody is called.
    world.pass(Duration::from_secs(45));
    assert_eq!(report(&world, "gone").await, 204);
    until(async || world.gateway.asked().contains(&"second".to_owned())).await;
    for _ in 0..3 {
        world.pass(Duration::from_secs(6));
        node(&world).advance_due().await.unwrap();
    }
    assert_eq!(takers(&world), ["first"]);
    // The page is there again.
    sign(&browser, &page).await;
    world.pass(Duration::from_secs(6));
    node(&world).advance_due().await.unwrap();
    until(async || takers(&world) == ["first", "caller"]).await;
    let page = again(&browser, &page).await;
    assert!(page.text().contains("Nous appelons le numéro"), "{}", page.text());
    assert_eq!(typed(&browser, &page, &world.gateway.last().code()).await.url.path(), "/letter");
    world.running.stop().await;
}

async fn no_call_at_night_but_for_who_asks(world: World) {
    let (_, link) = sent(&world, b"").await;
    // 15 January 2027, nine hours in UTC: then it is after eight in the evening in Paris.
    let to_night = jiff::Timestamp::from_millisecond(NOW.0).unwrap();
    let night: jiff::Timestamp = "2027-01-15T20:30:00Z".parse().unwrap();
    world.pass(Duration::try_from(night.duration_since(to_night)).unwrap());
    refuses(&world, "first");
    refuses(&world, "second");
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    for _ in 0..4 {
        sign(&browser, &page).await;
        world.pass(Duration::from_secs(6));
        node(&world).advance_due().await.unwrap();
    }
    assert!(world.gateway.caught().is_empty(), "nobody is called by night for having asked for a short message");
    let page = again(&browser, &page).await;
    let page = missing(&browser, &page).await;
    assert_eq!(takers(&world), ["caller"], "who presses is called");
    assert_eq!(typed(&browser, &page, &world.gateway.last().code()).await.url.path(), "/letter");
    // And so is who asks for a call.
    world.pass(Duration::from_secs(120));
    let browser = world.browser();
    let page = browser.get(&link).await;
    browser.submit(&page, page.form("/code").with("channel", "voice")).await;
    assert_eq!(takers(&world), ["caller", "caller"]);
    world.running.stop().await;
}

async fn a_landline_goes_to_voice_and_is_remembered(world: World) {
    let (_, link) = sent(&world, b"").await;
    world.gateway.behave("first", Behaviour::Says(400, "this is a landline"));
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    // No second provider is paid for the same answer.
    assert_eq!(
        (world.gateway.asked(), takers(&world)),
        (vec!["first".to_owned(), "caller".to_owned()], vec!["caller".to_owned()])
    );
    assert_eq!(typed(&browser, &page, &world.gateway.last().code()).await.url.path(), "/letter");
    world.pass(Duration::from_secs(61));
    let page = world.browser().get(&link).await;
    let choices = page.form("/code").choices;
    assert_eq!(choices, [("channel".to_owned(), "voice".to_owned())], "an SMS is not offered any more");
    // Unless the administrator knows better.
    let number = PhoneNumber::parse_international("+33612345678").unwrap();
    assert!(node(&world).forget_number(world.practice, &number).await.unwrap());
    assert!(!node(&world).forget_number(world.practice, &number).await.unwrap());
    assert_eq!(world.browser().get(&link).await.form("/code").choices.len(), 2);
    world.running.stop().await;
}

async fn a_refusal_by_stop_is_told_to_the_sender_once(world: World) {
    let (_, link) = sent(&world, b"").await;
    let browser = world.browser();
    asked(&browser, &link).await;
    assert_eq!(report(&world, "stop").await, 204);
    until(async || takers(&world) == ["first", "caller"]).await;
    let told = async || world.read(&world.doctor, FolderRole::Inbox).await;
    until(async || !told().await.is_empty()).await;
    world.pass(Duration::from_secs(120));
    let browser = world.browser();
    let page = browser.get(&link).await;
    assert_eq!(page.form("/code").choices.len(), 1);
    world.running.rooms.deliveries.tell_stops().await.unwrap();
    let letters = told().await;
    assert_eq!(letters.len(), 1, "once");
    let parsed = mail_parser::MessageParser::default().parse(&letters[0]).unwrap();
    let text = parsed.body_text(0).unwrap();
    assert!(text.contains("jeanne.canari@patient.example") && text.contains("•• •• •• 56 78"), "{text}");
    assert_eq!(parsed.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
    world.running.stop().await;
}

async fn a_number_that_nobody_has_is_said(world: World) {
    let (_, link) = sent(&world, b"").await;
    for provider in ["first", "second", "caller"] {
        world.gateway.behave(provider, Behaviour::Says(400, "nobody"));
    }
    let page = asked(&world.browser(), &link).await;
    assert!(page.text().contains("Ce numéro n’existe pas"), "{}", page.text());
    assert!(page.forms().iter().all(|form| !form.action.ends_with("/check")), "no field for a code that never left");
    world.running.stop().await;
}

async fn fault_42_a_ceiling_holds_for_all_who_send_at_once(world: World) {
    let (_, link) = sent(&world, b"").await;
    world.submit(&[JEANNE], &letters::thunderbird(JEANNE, "Analyses", b"")).await.unwrap();
    let other = world.notices(2).await.pop().unwrap().link();
    let mut tasks = tokio::task::JoinSet::new();
    // Two letters to one number: the count of each ends later.
    for n in 0..18 {
        let (browser, link) = (world.browser(), if n % 2 == 0 { link.clone() } else { other.clone() });
        tasks.spawn(async move { asked(&browser, &link).await.text() });
    }
    let pages = tasks.join_all().await;
    assert_eq!(takers(&world).len(), 12, "as many as one number may be sent in a day");
    let refused = pages.iter().filter(|page| page.contains("plus envoyer de code à ce numéro")).count();
    assert_eq!(refused, 6);
    let status = node(&world).code_status().await.unwrap();
    let number = status.ceilings.iter().find(|(scope, ..)| *scope == CeilingScope::Number).unwrap();
    assert_eq!((number.1, number.2), (12, 12));
    // The next day it goes on.
    world.pass(Duration::from_secs(86_400));
    asked(&world.browser(), &link).await;
    assert_eq!(takers(&world).len(), 13);
    world.running.stop().await;
}

async fn fault_42_numbers_at_which_no_code_is_typed_get_no_more(world: World) {
    let (_, link) = sent(&world, b"").await;
    world.add_patient(PAUL, "06 12 99 99 99").await;
    world.submit(&[PAUL], &letters::thunderbird(PAUL, "Analyses", b"")).await.unwrap();
    let of_paul = world.notices(2).await.pop().unwrap().link();
    // A look of before is not the last one.
    node(&world).resume_codes().await.unwrap();
    world.pass(Duration::from_secs(3600));
    asked(&world.browser(), &of_paul).await;
    // As if more had been asked for in his name, by somebody who never types them.
    let copies = |n: i64| {
        format!(
            "INSERT INTO challenges (id, delivery_id, browser_hash, channel, letters, tries, sent, created_at, expires_at, \
             prefix_hash) SELECT '{}', delivery_id, browser_hash, channel, letters, 0, 'sent', created_at - {n}, \
             expires_at, prefix_hash FROM challenges WHERE code_mac IS NOT NULL",
            ChallengeId::random(&OsRandom)
        )
    };
    for n in 0..48 {
        assert_eq!(world.sql(&copies(n)).await, 1);
    }
    world.pass(Duration::from_secs(3600));
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    assert_eq!(takers(&world).len(), 2, "forty-nine are too few to say anything");
    assert_eq!(typed(&browser, &page, &world.gateway.last().code()).await.url.path(), "/letter");
    world.pass(Duration::from_secs(3600));
    let page = asked(&world.browser(), &link).await;
    assert!(page.text().contains("plus envoyer de code à ce numéro"), "{}", page.text());
    assert_eq!(takers(&world).len(), 2, "one of fifty was typed");
    assert_eq!(node(&world).code_status().await.unwrap().pumped, 1);
    // The administrator has looked.
    node(&world).resume_codes().await.unwrap();
    asked(&world.browser(), &link).await;
    assert_eq!(takers(&world).len(), 3);
    world.running.stop().await;
}

async fn fault_02_an_invented_report_changes_nothing(world: World) {
    let (_, link) = sent(&world, b"").await;
    asked(&world.browser(), &link).await;
    let address = world.gateway.last().report.unwrap();
    let (base, tag) = address.rsplit_once('/').unwrap();
    let (root, _) = base.rsplit_once('/').unwrap();
    let other = SendId::random(&OsRandom);
    let cut = &tag[..tag.len() - 1];
    let turned: String = tag.chars().rev().collect();
    asked(&world.browser(), &link).await;
    let another = world.gateway.last().report.unwrap();
    let (anothers_base, anothers_tag) = another.rsplit_once('/').unwrap();
    assert_ne!(base, anothers_base);
    for invented in [
        format!("{base}/{anothers_tag}?status=gone"),
        format!("{anothers_base}/{tag}?status=gone"),
        format!("{base}/{turned}?status=gone"),
        format!("{base}/{cut}?status=gone"),
        format!("{root}/{other}/{tag}?status=gone"),
        format!("{root}/x/y?status=gone"),
    ] {
        let page = world.browser().get(&invented).await;
        assert_eq!((page.status, page.octets.len()), (404, 0), "{invented}");
    }
    assert_eq!(world.browser().get(&address).await.status, 400, "it says nothing");
    node(&world).advance_due().await.unwrap();
    assert_eq!(takers(&world), ["first", "first"]);
    world.running.stop().await;
}

async fn a_failing_provider_is_left_alone_and_tried_with_one(world: World) {
    let (_, link) = sent(&world, b"").await;
    refuses(&world, "first");
    let ask = async || {
        world.pass(Duration::from_secs(4 * 3600));
        asked(&world.browser(), &link).await;
    };
    let tried = || world.gateway.asked().iter().filter(|provider| *provider == "first").count();
    for n in 1..=5 {
        ask().await;
        assert_eq!(tried(), n);
    }
    // Five in a row: it is left alone for half a minute.
    world.pass(Duration::from_secs(20));
    asked(&world.browser(), &link).await;
    assert_eq!((tried(), takers(&world).len()), (5, 6), "not asked, and the code went by the next");
    assert!(node(&world).code_status().await.unwrap().providers[0].alone_until.is_some());
    // Then it is tried with one message; it still fails, and is left alone for longer.
    world.pass(Duration::from_secs(11));
    asked(&world.browser(), &link).await;
    assert_eq!(tried(), 6);
    world.pass(Duration::from_secs(40));
    asked(&world.browser(), &link).await;
    assert_eq!(tried(), 6);
    // It works again.
    world.gateway.behave("first", Behaviour::Says(200, "Accepted"));
    ask().await;
    assert_eq!((tried(), takers(&world).last().unwrap().as_str()), (7, "first"));
    assert_eq!(node(&world).code_status().await.unwrap().providers[0].failures, 0);
    world.running.stop().await;
}

async fn what_a_dead_node_began_is_gone_on_with_once(world: World) {
    let (_, link) = sent(&world, b"").await;
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    // A node died after it had committed its attempt, and before the provider answered.
    let lease = NOW.0 + 15_000;
    let sql = format!("UPDATE challenges SET due_at = {lease}, lease_until = {lease}, sent = 'pending'");
    world.sql(&sql).await;
    world.sql("UPDATE sends SET state = 'pending', accepted_at = NULL").await;
    world.pass(Duration::from_secs(14));
    node(&world).advance_due().await.unwrap();
    assert_eq!(takers(&world), ["first"], "its lease is not over");
    world.pass(Duration::from_secs(2));
    let (one, other) = (node(&world), node(&world));
    let (a, b) = tokio::join!(one.advance_due(), other.advance_due());
    a.unwrap();
    b.unwrap();
    until(async || takers(&world).len() >= 2).await;
    assert_eq!(takers(&world), ["first", "second"], "and one of many goes on");
    assert_eq!(typed(&browser, &page, &world.gateway.last().code()).await.url.path(), "/letter");
    world.running.stop().await;
}

async fn fault_03_two_nodes_send_one_code(world: World) {
    let (_, link) = sent(&world, b"").await;
    let browser = world.browser();
    asked(&browser, &link).await;
    let nodes: Vec<Access> = (0..6).map(|_| node(&world)).collect();
    world.sql(&format!("UPDATE challenges SET due_at = {}", NOW.0)).await;
    let mut tasks = tokio::task::JoinSet::new();
    for node in nodes {
        tasks.spawn(async move { node.advance_due().await.unwrap() });
    }
    tasks.join_all().await;
    until(async || takers(&world).len() >= 2).await;
    assert_eq!(takers(&world), ["first", "second"]);
    world.running.stop().await;
}

/// R-S22: the digits lie beside their HMAC, sealed, and only while a provider may need them.
async fn digits_are_kept_no_longer_than_a_provider_may_need_them(world: World) {
    let (_, link) = sent(&world, b"").await;
    let kept = async || world.sql("UPDATE challenges SET tries = tries WHERE digits_sealed IS NOT NULL").await;
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    assert_eq!(kept().await, 1, "while the next provider may be tried");
    typed(&browser, &page, &world.gateway.last().code()).await;
    assert_eq!(kept().await, 0, "used");
    world.pass(Duration::from_secs(61));
    let browser = world.browser();
    let mut page = asked(&browser, &link).await;
    for _ in 0..2 {
        world.pass(Duration::from_secs(21));
        page = missing(&browser, &again(&browser, &page).await).await;
    }
    node(&world).advance_due().await.unwrap();
    assert_eq!(takers(&world).len(), 4);
    // The last provider has answered, and is no interactive call.
    world.pass(Duration::from_secs(601));
    world.running.rooms.deliveries.sweep().await.unwrap();
    assert_eq!(kept().await, 0, "ended");
    world.running.stop().await;
}

#[derive(Clone, Default)]
struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Everything that is logged at any level while codes are sent, refused, reported, forged and typed. On one thread, so
/// that the listener hears all of it.
#[tokio::test]
async fn fault_33_no_number_and_no_code_in_any_log() {
    let lines = Lines::default();
    let sink = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || sink.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    // With one listener alone, a line that another test's thread writes first is taken for one that nobody hears: whether
    // it is heard is asked of that thread. With two, it is asked of both.
    let _other = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let world = World::sqlite_with(CODES).await;
    // A line that another test wrote for the first time just when the listener came is taken for one nobody hears.
    tracing::callsite::rebuild_interest_cache();
    let (_, link) = sent(&world, b"").await;
    let browser = world.browser();
    asked(&browser, &link).await;
    report(&world, "invented").await;
    report(&world, "off").await;
    until(async || takers(&world).len() == 2).await;
    for behaviour in [Behaviour::Says(500, "+33612345678 is down"), Behaviour::Says(400, "this is a landline")] {
        world.gateway.behave("first", behaviour);
        world.pass(Duration::from_secs(61));
        let page = asked(&browser, &link).await;
        typed(&browser, &page, &world.gateway.last().code()).await;
    }
    let number = PhoneNumber::parse_international("+33612345678").unwrap();
    node(&world).test_code(&number, Channel::Sms, Language::Fr).await.unwrap();
    world.running.stop().await;
    drop(guard);
    let logged = String::from_utf8_lossy(&lines.0.lock().unwrap()).into_owned();
    assert!(logged.contains("code handed to provider") && logged.contains("provider did not take a code"), "{logged}");
    assert!(logged.contains("TRACE") && logged.contains("a provider told what became of a code"));
    let ticket = link.rsplit('/').next().unwrap();
    let reports: Vec<String> = world_reports(&link, &logged);
    assert!(reports.is_empty(), "{reports:?}");
    let codes: Vec<String> = world.gateway.caught().iter().map(|caught| caught.code()).collect();
    let secrets = ["612345678", "jeanne.canari", "Votre code", ticket].into_iter().map(str::to_owned);
    for secret in secrets.chain(codes) {
        let found = logged.lines().find(|line| holds(line, &secret));
        assert!(found.is_none(), "{secret} is in the log: {}", found.unwrap());
    }
}

/// Whether a line holds a secret: digits as a number of their own, and not within a longer one such as a time.
fn holds(line: &str, secret: &str) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let six = secret.len() == 6 && secret.chars().all(|c| c.is_ascii_digit());
    line.match_indices(secret).any(|(at, _)| {
        let (before, after) = (line[..at].chars().next_back(), line[at + secret.len()..].chars().next());
        // A fraction of a second has six digits too.
        !six || !(digit(before) || digit(after) || (before == Some('.') && after == Some('Z')))
    })
}

/// Lines that hold a report address whole: who has it may report.
fn world_reports(link: &str, logged: &str) -> Vec<String> {
    let base = link.split("/l/").next().unwrap();
    logged.lines().filter(|line| line.contains(&format!("{base}/r/"))).map(str::to_owned).collect()
}
