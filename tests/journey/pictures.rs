//! Pictures that stand in a letter, and its text as it was sent.

use data_encoding::BASE64;
use pli::domain::DeliveryState;

use crate::browser::Page;
use crate::letter::opened;
use crate::world::{JEANNE, World};

super::on_both! {
    pictures_stand_in_the_text_and_are_files_too
    fault_31_a_text_as_it_was_sent_can_do_nothing
    a_message_in_a_letter_shows_its_pictures_and_its_looks
    fault_12_a_text_as_it_was_sent_is_behind_the_letters_page
}

/// A picture of so many octets, by its first ones.
fn picture(size: usize) -> Vec<u8> {
    let mut octets = b"\x89PNG\r\n\x1a\n".to_vec();
    octets.extend((8..size).map(|at| (at % 251) as u8));
    octets
}

fn lines(octets: &[u8]) -> String {
    let encoded = BASE64.encode(octets);
    let lines: Vec<&str> = encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join("\r\n")
}

/// HTML as Outlook writes it, and pictures with these Content-IDs and sizes; one more part in the end.
fn related(html: &str, pictures: &[(&str, &[u8])]) -> String {
    let mut message = format!(
        "From: Dr Claire Martin <dr.martin@cabinet.example>\r\nTo: {JEANNE}\r\nSubject: Vos images\r\n\
         Date: Fri, 15 Jan 2027 08:00:00 +0100\r\nMessage-ID: <images@cabinet.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/related; boundary=r\r\n\r\n\
         --r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"
    );
    for (id, octets) in pictures {
        message.push_str(&format!(
            "--r\r\nContent-Type: image/png; name={id}.png\r\nContent-ID: <{id}@x>\r\nContent-Disposition: inline\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            lines(octets)
        ));
    }
    message + "--r--\r\n"
}

async fn sent(world: &World, octets: &[u8]) -> String {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.submit(&[JEANNE], octets).await.unwrap();
    world.notices(1).await.pop().unwrap().link()
}

fn data(octets: &[u8]) -> String {
    format!("<img src=\"data:image/png;base64,{}\"", BASE64.encode(octets))
}

fn way(page: &Page, part: &str) -> String {
    let ways = page.links();
    ways.iter().find(|link| link.contains(part)).unwrap_or_else(|| panic!("{part}: {ways:?}")).clone()
}

async fn pictures_stand_in_the_text_and_are_files_too(world: World) {
    // One stays in the head, one is cut out of it, one is larger than all that may stand in a text.
    let (logo, radio, scan) = (picture(900), picture(300_000), picture(1_500_000));
    let html = "<p>Bonjour <img src=\"cid:logo@x\" alt=\"Logo\"></p><p><img src=cid:radio%40x><img src='cid:scan@x' alt='IRM'>\
                <img src=https://t.example/p.gif></p>";
    let message = related(html, &[("logo", &logo), ("radio", &radio), ("scan", &scan), ("photo", &picture(700))]);
    let link = sent(&world, message.as_bytes()).await;
    let browser = world.browser();
    let page = opened(&world, &browser, &link).await;
    let text = page.text();
    assert!(text.contains(&format!("<p>Bonjour {} alt=\"Logo\"></p>", data(&logo))));
    assert!(text.contains(&format!("<p>{} alt=\"radio.png\">[IRM]</p>", data(&radio))));
    assert_eq!(text.matches("data:image/").count(), 2, "what no text names stands in none");
    assert!(!text.contains("t.example"));
    for (number, octets) in [&logo, &radio, &scan].into_iter().enumerate() {
        let saved = browser.follow(&page, &way(&page, &format!("/letter/file/{number}/save?"))).await;
        assert!(&saved.octets == octets, "{number}");
    }
    let shown = browser.follow(&page, &way(&page, "/letter/file/2?")).await;
    assert!(!shown.headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
    // What is read on the page is no download.
    assert!(world.state(DeliveryState::Opened).await.downloaded_at.is_none());
    world.running.stop().await;
}

async fn fault_31_a_text_as_it_was_sent_can_do_nothing(world: World) {
    let logo = picture(900);
    let html = "<html><head><style>p{color:red}</style><link rel=preconnect href=https://t.example>\
                <meta http-equiv=refresh content='0;url=https://t.example'></head><body><p style=\"margin:0\">Bien \
                <a href=https://t.example>ici</a><img src=cid:logo@x alt=L><script>alert(1)</script></p>\
                <form action=/letter/close method=post><button>Oui</button></form></body></html>";
    let link = sent(&world, related(html, &[("logo", &logo)]).as_bytes()).await;
    let browser = world.browser();
    let letter = opened(&world, &browser, &link).await;
    let page = browser.follow(&letter, &way(&letter, "/letter/text?")).await;
    let text = page.text();
    assert_eq!(page.status, 200, "{text}");
    for kept in ["<style>p{color:red}</style>", "<p style=\"margin:0\">", "ici", &data(&logo), "<html lang=\"fr\">"] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
    assert_eq!(text.matches("<a href").count(), 1, "the way back alone: {text}");
    for gone in ["t.example", "<script", "refresh", "<form", "<button", "preconnect"] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:;"), "{policy}");
    assert!(!policy.contains("allow-"), "{policy}");
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(page.headers["cross-origin-opener-policy"], "unsafe-none");
    assert_eq!(letter.headers["cross-origin-opener-policy"], "same-origin");
    let back = browser.follow(&page, &way(&page, "/letter?of=")).await;
    assert!(back.status == 200 && back.text().contains("<article"), "{}", back.text());
    world.running.stop().await;
}

async fn a_message_in_a_letter_shows_its_pictures_and_its_looks(world: World) {
    let radio = picture(300_000);
    let inner = related("<p class=x>Voici <img src=cid:radio@x alt=Radio></p>", &[("radio", &radio)]);
    let outer = format!(
        "From: Dr Claire Martin <dr.martin@cabinet.example>\r\nTo: {JEANNE}\r\nSubject: Pour vous\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\nVoir plus bas.\r\n\
         --o\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--o--\r\n"
    );
    let link = sent(&world, outer.as_bytes()).await;
    let browser = world.browser();
    let letter = opened(&world, &browser, &link).await;
    assert!(!letter.links().iter().any(|link| link.contains("/letter/text")), "plain text has no other looks");
    let page = browser.follow(&letter, &way(&letter, "/letter/message/0")).await;
    assert!(page.text().contains(&format!("<p>Voici {} alt=\"Radio\"></p>", data(&radio))));
    let sent = browser.follow(&page, &way(&page, "/letter/message/0/text?")).await;
    assert!(sent.text().contains(&format!("<p class=\"x\">Voici {}", data(&radio))));
    assert!(sent.headers["content-security-policy"].to_str().unwrap().starts_with("sandbox;"));
    let back = browser.follow(&sent, &way(&sent, "/letter/message/0?of=")).await;
    assert!(sent.text().contains("Revenir au message") && back.text().contains("<article"));
    for nothing in ["/letter/text", "/letter/message/1/text", "/letter/message/x/text"] {
        assert_eq!(browser.follow(&letter, nothing).await.status, 404, "{nothing}");
    }
    world.running.stop().await;
}

async fn fault_12_a_text_as_it_was_sent_is_behind_the_letters_page(world: World) {
    let link = sent(&world, related("<p>Tout va bien.</p>", &[]).as_bytes()).await;
    let (browser, stranger) = (world.browser(), world.browser());
    let letter = opened(&world, &browser, &link).await;
    stranger.get(&link).await;
    let path = "/letter/text";
    assert_eq!(browser.follow(&letter, path).await.status, 200);
    assert_eq!(stranger.follow(&letter, path).await.status, 403);
    // The page of another letter of this browser.
    assert_eq!(browser.follow(&letter, &format!("{path}?of=00000000")).await.status, 404);
    let id = world.running.rooms.deliveries.list(None, 1).await.unwrap()[0].id;
    world.running.rooms.deliveries.recall(id).await.unwrap();
    assert_eq!(browser.follow(&letter, path).await.status, 403);
    world.running.stop().await;
}
