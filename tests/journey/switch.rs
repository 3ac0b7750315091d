//! Software and habits of another system go on working: what it wrote beside a letter is understood, and does not leave.

use std::time::Duration;

use pli::domain::FolderRole;

use crate::holds::told;
use crate::letter::opened;
use crate::letters::{self, BODY};
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, PAUL, World};

super::on_both! {
    software_written_for_zivver_sends_unchanged
    subjects_written_for_ciphermail_send_unchanged
}

async fn software_written_for_zivver_sends_unchanged(world: World) {
    let plain = String::from_utf8(letters::plain(&format!("{JEANNE}, {COLLEAGUE}"), "Avis")).unwrap();
    let letter = format!(
        "zivver-access-right: {JEANNE} sms +33612345678\r\nzivver-message-expiration: delete P14D\r\n\
         Zivver-Minimum-Recipient-Verification: verification-email\r\n{plain}"
    );
    world.submit(&[JEANNE, COLLEAGUE], letter.as_bytes()).await.unwrap();
    let notice = world.notices(1).await.pop().unwrap();
    assert!(notice.text().contains("29 janvier 2027"), "fourteen days: {}", notice.text());
    let page = opened(&world, &world.browser(), &notice.link()).await;
    assert!(page.text().contains(BODY), "{}", page.text());
    assert_eq!(world.gateway.last().to, "+33612345678");
    // Nobody else sees it; whoever wrote it keeps it, to the octet.
    let theirs = String::from_utf8(world.read(&world.colleague, FolderRole::Inbox).await.remove(0)).unwrap();
    assert!(!theirs.to_lowercase().contains("zivver") && theirs.contains(BODY), "{theirs}");
    assert!(world.read(&world.doctor, FolderRole::Sent).await == [letter.into_bytes()]);
    // Our own fields come first. A code that others thought of is no number: it is asked about, and never sent.
    let both = format!(
        "X-Pli-Days: 3\r\nzivver-access-right: {JEANNE} sms 0612345678\r\nzivver-message-expiration: delete P14D\r\n{}",
        String::from_utf8(letters::plain(JEANNE, "Suite")).unwrap()
    );
    world.submit(&[JEANNE], both.as_bytes()).await.unwrap();
    assert!(world.notices(2).await.pop().unwrap().text().contains("18 janvier 2027"));
    let code = format!(
        "zivver-access-right: {PAUL} access-code Tulipe-7\r\n{}",
        String::from_utf8(letters::plain(PAUL, "Avis")).unwrap()
    );
    world.submit(&[PAUL], code.as_bytes()).await.unwrap();
    let asks = told(&world, &world.doctor).await.pop().unwrap();
    assert!(asks.contains("n'est pas un numéro de téléphone") && !asks.contains("Tulipe"), "{asks}");
    assert_eq!(world.relay.caught().len(), 2);
    // What is kept longer there is kept for as long as can be here.
    let year = format!(
        "zivver-access-right: {JEANNE} sms +33612345678\r\nzivver-message-expiration: delete P365D\r\n{}",
        String::from_utf8(letters::plain(JEANNE, "Bilan")).unwrap()
    );
    world.submit(&[JEANNE], year.as_bytes()).await.unwrap();
    assert!(world.notices(3).await.pop().unwrap().text().contains("15 avril 2027"), "ninety days");
    world.running.stop().await;
}

async fn subjects_written_for_ciphermail_send_unchanged(world: World) {
    for (at, subject) in
        ["[encrypt] Bilan [sms:+33612345678]", "Bilan [sms: 06 12 34 56 78] [Encrypt]"].into_iter().enumerate()
    {
        let letter = letters::plain(JEANNE, subject);
        world.submit(&[JEANNE], &letter).await.unwrap();
        let link = world.notices(at + 1).await.pop().unwrap().link();
        world.pass(Duration::from_secs(120));
        let page = opened(&world, &world.browser(), &link).await;
        assert!(page.text().contains(">Bilan</h1>"), "{subject}: {}", page.text());
        assert_eq!(world.gateway.last().to, "+33612345678");
        assert!(world.read(&world.doctor, FolderRole::Sent).await.contains(&letter), "to the octet");
    }
    // Between colleagues there is nothing to ask for, and the word may be what the letter is about.
    world.submit(&[COLLEAGUE], &letters::plain(COLLEAGUE, "Comment faire [encrypt] ?")).await.unwrap();
    let theirs = String::from_utf8(world.read(&world.colleague, FolderRole::Inbox).await.remove(0)).unwrap();
    assert!(theirs.contains("Subject: Comment faire [encrypt] ?\r\n"), "{theirs}");
    assert!(
        told(&world, &world.doctor).await.iter().all(|letter| letter.starts_with("Ouvert")),
        "nothing was asked of {DOCTOR}"
    );
    world.running.stop().await;
}
