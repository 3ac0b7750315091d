//! A message that lies in a letter: no telephone opens it alone, so the page does.

use data_encoding::BASE64;
use pli::domain::DeliveryState;

use crate::letter::opened;
use crate::letters;
use crate::world::{JEANNE, World};

super::on_both! {
    a_message_in_a_letter_is_read_and_its_files_are_saved
    a_large_message_in_a_letter_is_read_too
    fault_31_a_message_in_a_letter_runs_nothing
    fault_12_files_of_a_message_are_behind_the_letters_page
}

/// A letter with another one in it, which has this HTML and this file.
fn forwarded(html: &str, file: &[u8]) -> Vec<u8> {
    let lines = |octets: &[u8]| {
        let encoded = BASE64.encode(octets);
        let lines: Vec<&str> = encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        lines.join("\r\n")
    };
    let inner = format!(
        "From: Laboratoire du Port <labo@port.example>\r\nTo: dr.martin@cabinet.example\r\nSubject: Compte rendu {HERE}\r\n\
         Date: Thu, 14 Jan 2027 09:30:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n\
         --i\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n\
         --i\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=analyse.pdf\r\n\r\n{}\r\n\
         --i\r\nContent-Type: message/rfc822\r\n\r\nSubject: Plus profond\r\n\r\nEncore.\r\n--i--\r\n",
        lines(file)
    );
    format!(
        "From: Dr Claire Martin <dr.martin@cabinet.example>\r\nTo: {JEANNE}\r\nSubject: Pour vous\r\n\
         Date: Fri, 15 Jan 2027 08:00:00 +0100\r\nMessage-ID: <fw@cabinet.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\nVoici ce que le laboratoire m'a dit.\r\n\
         --o\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment; filename=labo.eml\r\n\r\n{inner}\r\n--o--\r\n"
    )
    .into_bytes()
}

const HERE: &str = "du 14";

async fn sent(world: &World, octets: &[u8]) -> String {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.submit(&[JEANNE], octets).await.unwrap();
    world.notices(1).await.pop().unwrap().link()
}

async fn a_message_in_a_letter_is_read_and_its_files_are_saved(world: World) {
    let pdf = letters::pdf(5_000);
    let link = sent(&world, &forwarded("<h1>Analyse</h1><p>Tout va <b>bien</b>.</p>", &pdf)).await;
    let browser = world.browser();
    let letter = opened(&world, &browser, &link).await;
    let ways = letter.links();
    let way = |part: &str| ways.iter().find(|link| link.contains(part)).unwrap_or_else(|| panic!("{part}: {ways:?}"));
    let saved = browser.follow(&letter, way("/letter/file/0/save?")).await;
    assert!(saved.octets.starts_with(b"From: Laboratoire du Port"), "it can be saved as it is too");
    // Looking whether it is there tells nobody.
    let url = letter.url.join(way("/letter/message/0")).unwrap();
    assert_eq!(browser.head(url).await.status(), 200);
    let page = browser.follow(&letter, way("/letter/message/0")).await;
    let text = page.text().replace('\u{a0}', " ");
    for said in
        ["Compte rendu du 14", "Laboratoire du Port", "Analyse</h2>", "Tout va <b>bien</b>.", "14 janvier à 9 h"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("Voici ce que") && text.contains("href=\"/letter\""), "{text}");
    assert!(text.contains("<title>Message joint"), "titles say nothing of it: {text}");
    // Its file, shown and saved, whole and in part; one in another is saved.
    let inner = page.links();
    let way = |part: &str| inner.iter().find(|link| link.contains(part)).unwrap_or_else(|| panic!("{part}: {inner:?}"));
    let shown = browser.follow(&page, way("/letter/file/0/in/0?")).await;
    assert!(shown.octets == pdf && shown.headers["content-disposition"].to_str().unwrap().starts_with("inline"));
    let saved = browser.follow(&page, way("/letter/file/0/in/0/save?")).await;
    assert!(saved.octets == pdf);
    assert!(saved.headers["content-disposition"].to_str().unwrap().contains("analyse.pdf"));
    let url = page.url.join(way("/letter/file/0/in/0/save?")).unwrap();
    let part = browser.get_with(url.as_str(), &[("range", "bytes=10-19")]).await;
    assert!(part.status == 206 && part.octets == pdf[10..20]);
    let deeper = browser.follow(&page, way("/letter/file/0/in/1/save?")).await;
    assert!(deeper.octets.starts_with(b"Subject: Plus profond"));
    assert!(!inner.iter().any(|link| link.contains("/letter/message/1")), "{inner:?}");
    for nothing in ["/letter/file/0/in/2", "/letter/file/0/in/00", "/letter/file/1/in/0", "/letter/message/1"] {
        assert_eq!(browser.follow(&page, nothing).await.status, 404, "{nothing}");
    }
    // Its sender is told of one file, which is the whole of this letter's.
    assert!(world.state(DeliveryState::Downloaded).await.downloaded_at.is_some());
    world.running.stop().await;
}

async fn a_large_message_in_a_letter_is_read_too(world: World) {
    let pdf = letters::pdf(3_000_000);
    let link = sent(&world, &forwarded("<p>Tout va bien.</p>", &pdf)).await;
    let browser = world.browser();
    let letter = opened(&world, &browser, &link).await;
    let page = browser.follow(&letter, "/letter/message/0").await;
    assert!(page.text().contains("Tout va bien."), "{}", page.text());
    assert!(browser.follow(&page, "/letter/file/0/in/0/save").await.octets == pdf);
    world.running.stop().await;
}

async fn fault_31_a_message_in_a_letter_runs_nothing(world: World) {
    let html = "<p>Bien</p><script>alert(1)</script><img src=https://t.example/p.gif onerror=alert(1)>\
                <a href=https://evil.example/>ici</a><form action=/letter/close method=post><button>Oui</button></form>";
    let link = sent(&world, &forwarded(html, b"<script>alert(1)</script>")).await;
    let browser = world.browser();
    let letter = opened(&world, &browser, &link).await;
    let page = browser.follow(&letter, "/letter/message/0").await;
    let text = page.text();
    assert!(text.contains("Bien") && text.contains("(https://evil.example/)"), "{text}");
    for bad in ["<script", "onerror", "t.example", "href=\"https://evil", "/letter/close"] {
        assert!(!text.contains(bad), "{bad}: {text}");
    }
    assert_eq!(page.headers["cache-control"], "no-store");
    assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    let file = browser.follow(&page, "/letter/file/0/in/0").await;
    assert!(file.headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    assert_eq!(file.headers["x-content-type-options"], "nosniff");
    world.running.stop().await;
}

async fn fault_12_files_of_a_message_are_behind_the_letters_page(world: World) {
    let link = sent(&world, &forwarded("<p>Tout va bien.</p>", &letters::pdf(5_000))).await;
    let (browser, stranger) = (world.browser(), world.browser());
    let letter = opened(&world, &browser, &link).await;
    stranger.get(&link).await;
    for path in ["/letter/message/0", "/letter/file/0/in/0", "/letter/file/0/in/0/save"] {
        assert_eq!(browser.follow(&letter, path).await.status, 200, "{path}");
        assert_eq!(stranger.follow(&letter, path).await.status, 403, "{path}");
        // The page of another letter of this browser.
        assert_eq!(browser.follow(&letter, &format!("{path}?of=00000000")).await.status, 404, "{path}");
    }
    let id = world.running.rooms.deliveries.list(None, 1).await.unwrap()[0].id;
    world.running.rooms.deliveries.recall(id).await.unwrap();
    for path in ["/letter/message/0", "/letter/file/0/in/0", "/letter/file/0/in/0/save"] {
        assert_eq!(browser.follow(&letter, path).await.status, 403, "{path}");
    }
    world.running.stop().await;
}
