//! Hostile mail: refused with a reason, or in by submission and out to the octet, by IMAP and on the patient's page.
//! One bad letter never stops the mailbox or the server.

use std::time::Duration;

use crate::bad::{self, Hostile};
use crate::exact;
use crate::letter::opened;
use crate::letters;
use crate::submission::Raw;
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, World};

super::on_both! {
    fault_17_a_hostile_letter_is_refused_with_a_reason_and_the_next_goes
    fault_17_what_is_taken_comes_out_to_the_octet
    fault_17_what_is_taken_is_on_the_patients_page
}

fn message(n: usize, to: &str, (_, header, rest): &Hostile) -> Vec<u8> {
    let head = format!(
        "From: <{DOCTOR}>\r\nTo: <{to}>\r\nDate: Fri, 15 Jan 2027 08:00:00 +0100\r\nMessage-ID: <hostile{n}@cabinet.example>\r\n"
    );
    [head.as_bytes(), header, rest].concat()
}

/// By DATA, dots stuffed.
async fn send(raw: &mut Raw, to: &str, octets: &[u8]) -> String {
    raw.envelope(DOCTOR, &[to]).await;
    raw.say("DATA", "354").await;
    let mut wire = Vec::with_capacity(octets.len() + 1024);
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    wire.extend_from_slice(b".\r\n");
    raw.send(&wire).await;
    raw.reply().await
}

async fn fault_17_a_hostile_letter_is_refused_with_a_reason_and_the_next_goes(world: World) {
    let mut raw = Raw::doctor(&world).await;
    for (n, one) in bad::refused().iter().enumerate() {
        let octets = message(n, COLLEAGUE, one);
        let begun = std::time::Instant::now();
        let said = send(&mut raw, COLLEAGUE, &octets).await;
        assert!(said.starts_with("554 5.6.0 The message has a"), "{}: {said}", one.0);
        // In chunks too.
        raw.envelope(DOCTOR, &[COLLEAGUE]).await;
        let said = raw.chunks(&octets, &[100]).await.pop().unwrap();
        assert!(said.starts_with("554 5.6.0") || said.starts_with("503"), "{}: {said}", one.0);
        let next = letters::plain(COLLEAGUE, one.0);
        assert!(send(&mut raw, COLLEAGUE, &next).await.starts_with("250 2.0.0"), "{}", one.0);
        assert!(begun.elapsed() < Duration::from_secs(10), "{} held the door up", one.0);
    }
    let inbox: Vec<_> = bad::refused().iter().map(|one| letters::plain(COLLEAGUE, one.0)).collect();
    exact::same(&mut exact::colleague(&world).await, "INBOX", &inbox).await;
    world.running.stop().await;
}

async fn fault_17_what_is_taken_comes_out_to_the_octet(world: World) {
    let corpus: Vec<Vec<u8>> = bad::taken().iter().enumerate().map(|(n, one)| message(n, COLLEAGUE, one)).collect();
    let mut raw = Raw::doctor(&world).await;
    for (octets, one) in corpus.iter().zip(bad::taken()) {
        let said = send(&mut raw, COLLEAGUE, octets).await;
        assert!(said.starts_with("250 2.0.0"), "{}: {said}", one.0);
    }
    world.pass(Duration::from_secs(31));
    // BODY[], its pieces, ENVELOPE and BODYSTRUCTURE of each.
    exact::same(&mut exact::colleague(&world).await, "INBOX", &corpus).await;
    exact::same(&mut exact::doctor(&world).await, "\"Envoy&AOk-s\"", &corpus).await;
    // What is kept of a message for lists is bounded, however its parts are made.
    let largest = i64::try_from(corpus.iter().map(Vec::len).max().unwrap()).unwrap();
    let over = format!("SELECT COUNT(*) FROM summaries WHERE LENGTH(summary_sealed) > {}", 2 * largest);
    assert_eq!(world.count(&over).await, 0);
    let world = world.restart().await;
    exact::whole(&mut exact::colleague(&world).await, "INBOX", &corpus).await;
    world.running.stop().await;
}

async fn fault_17_what_is_taken_is_on_the_patients_page(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let mut raw = Raw::doctor(&world).await;
    for (n, one) in bad::taken().iter().enumerate() {
        let said = send(&mut raw, JEANNE, &message(n, JEANNE, one)).await;
        assert!(said.starts_with("250 2.0.0"), "{}: {said}", one.0);
        let link = world.notices(n + 1).await[n].link();
        let browser = world.browser();
        let page = opened(&world, &browser, &link).await;
        assert!(page.status == 200 && page.url.path() == "/letter", "{}: {} {}", one.0, page.status, page.text());
        // Whatever it is made of, it can be taken away whole.
        if one.0.starts_with("winmail") || one.0.starts_with("smime") {
            let name = one.0.split(' ').next().unwrap();
            assert!(page.text().contains(name), "{}", page.text());
            let save = page.links().into_iter().find(|link| link.contains("/save?")).expect("a file to save");
            let file = browser.follow(&page, &save).await;
            let sent: Vec<u8> = one.2.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
            let sent = data_encoding::BASE64.decode(&sent).unwrap();
            assert!(file.octets == sent, "{}: {} octets of {}", one.0, file.octets.len(), sent.len());
        }
        // No more than a few codes a day go to one number.
        world.pass(Duration::from_secs(5 * 3600));
    }
    world.running.stop().await;
}
