//! The main job: a letter reaches a patient, and the practitioner is told.

use std::time::Duration;

use pli::domain::{DeliveryState, FolderRole, MailboxId};

use crate::browser::{Browser, Page};
use crate::letters::{self, BODY, FILE, SUBJECT};
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, World, until};

super::on_both! {
    a_letter_reaches_a_patient
    a_tagged_letter_reaches_somebody_unknown
    a_file_inside_the_html_branch_is_found
    a_photograph_between_texts_is_a_file
    an_old_tag_in_thread_topic_reaches_nobody
    fault_01_wrong_codes_are_counted_whatever_is_done
    fault_03_a_right_code_opens_once
    fault_04_of_many_at_once_one_opens
    fault_14_every_button_pressed_without_a_code_changes_nothing
    a_hundred_wrong_codes_close_the_delivery_and_the_sender_is_told
    a_code_in_another_browser_is_no_try
    a_stranger_with_the_link_delays_by_an_hour_at_most
    a_refused_notice_becomes_a_letter_to_the_sender
    a_relay_that_is_away_is_tried_again
    a_recalled_delivery_is_closed_everywhere
    an_expired_delivery_says_so
    a_provider_that_refuses_is_said_honestly
}

/// Sends the prescription and returns the link of its notice.
pub async fn sent(world: &World, pdf: &[u8]) -> (Vec<u8>, String) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let letter = letters::thunderbird(JEANNE, SUBJECT, pdf);
    world.submit(&[JEANNE], &letter).await.unwrap();
    let notice = world.notices(1).await.pop().unwrap();
    (letter, notice.link())
}

/// Asks for a code by SMS; the page where it is typed.
pub async fn asked(browser: &Browser, link: &str) -> Page {
    let page = browser.get(link).await;
    assert_eq!(page.status, 200, "{}", page.text());
    browser.submit(&page, page.form("/code").with("channel", "sms")).await
}

/// Types a code.
pub async fn typed(browser: &Browser, page: &Page, code: &str) -> Page {
    browser.submit(page, page.form("/check").with("code", code)).await
}

/// Asks, takes the code from the gateway, types it.
pub async fn opened(world: &World, browser: &Browser, link: &str) -> Page {
    let page = asked(browser, link).await;
    typed(browser, &page, &world.gateway.last().code()).await
}

/// Six digits that are not these.
pub fn another(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

async fn inbox(world: &World, id: MailboxId) -> i64 {
    assert_eq!(id, world.doctor.id);
    let shown = world.running.rooms.mailboxes.show(&DOCTOR.parse().unwrap()).await.unwrap();
    shown.folders.iter().find(|(role, _)| *role == FolderRole::Inbox).unwrap().1
}

async fn a_letter_reaches_a_patient(world: World) {
    let pdf = letters::pdf(300_000);
    let (letter, link) = sent(&world, &pdf).await;
    let notice = world.relay.last();
    assert_eq!(notice.to, JEANNE);
    assert_eq!(notice.subject(), "Cabinet du Port : une lettre vous attend");
    assert!(notice.from.starts_with("bounce+") && notice.from.ends_with("@cabinet.example"), "{}", notice.from);
    let raw = String::from_utf8_lossy(&notice.octets).into_owned();
    assert!(raw.contains("Auto-Submitted: auto-generated") && raw.contains("X-Auto-Response-Suppress: All"));
    for word in ["14 février 2027", "01 99 00 12 34", "personne ne le lit", "127.0.0.1"] {
        assert!(notice.text().contains(word), "{word}: {}", notice.text());
    }
    for secret in [SUBJECT, BODY, FILE, "Martin", "06 12", "canari"] {
        assert!(!notice.text().contains(secret) && !notice.html().contains(secret), "{secret}");
    }
    assert!(notice.html().contains(&link));
    world.state(DeliveryState::Notified).await;

    let browser = world.browser();
    let page = asked(&browser, &link).await;
    let sms = world.gateway.last();
    assert_eq!((sms.channel.as_str(), sms.to.as_str()), ("sms", "+33612345678"));
    assert!(sms.text.ends_with(&format!("\n\n@127.0.0.1 #{}", sms.code())), "{}", sms.text);
    let letters = sms.text.split("lettres ").nth(1).unwrap().split(')').next().unwrap().to_owned();
    assert!(page.text().contains(&letters), "page and SMS show the same two letters");
    assert!(page.text().contains("78") && !page.text().contains("0612345678"));
    for secret in [SUBJECT, BODY, FILE, "Martin", "Jeanne"] {
        assert!(!page.text().contains(secret), "{secret} before the code");
    }
    let page = typed(&browser, &page, &format!(" {} ", sms.code())).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.url.path() == "/letter" && !page.url.as_str().contains(link.rsplit('/').next().unwrap()));
    for word in [SUBJECT, BODY, FILE, "Dr Claire Martin"] {
        assert!(page.text().contains(word), "{word}: {}", page.text());
    }
    let save = page.links().into_iter().find(|link| link.contains("/save?")).expect("a file to save");
    let file = browser.follow(&page, &save).await;
    assert!(file.octets == pdf, "the file that came is the file that was sent");
    let disposition = file.headers["content-disposition"].to_str().unwrap().to_owned();
    assert!(disposition.starts_with("attachment") && disposition.contains(FILE), "{disposition}");
    let shown = world.state(DeliveryState::Downloaded).await;
    assert!(shown.notified_at.is_some() && shown.opened_at.is_some() && shown.downloads == 1);

    // The practitioner: the exact octets in Sent, one receipt in INBOX, threaded.
    assert!(world.read(&world.doctor, FolderRole::Sent).await == [letter], "the exact octets");
    let receipts = world.read(&world.doctor, FolderRole::Inbox).await;
    assert_eq!(receipts.len(), 1);
    let receipt = mail_parser::MessageParser::default().parse(&receipts[0]).unwrap();
    assert_eq!(receipt.subject().unwrap(), format!("Re: {SUBJECT}"));
    assert_eq!(receipt.in_reply_to().as_text().unwrap(), "4f6a.canari@cabinet.example");
    let text = receipt.body_text(0).unwrap();
    assert!(text.starts_with("Ouvert le 15 janvier à 9 h (0 fichier téléchargé sur 1)\r\n"), "{text}");
    assert!(text.contains(JEANNE));
    let again = browser.follow(&page, "/letter").await;
    assert_eq!(again.status, 200);
    assert_eq!(world.read(&world.doctor, FolderRole::Inbox).await.len(), 1, "the first opening only");

    let (store, _) = world.second_node().await;
    assert!(store.verify_audit().await.unwrap().is_ok());
    let journal: Vec<String> = store.audit(1000).await.unwrap().into_iter().map(|row| row.line).collect();
    for verb in [
        "message.deposited",
        "notice.handed-over",
        "code.issued",
        "code.sent",
        "code.accepted",
        "delivery.opened",
        "delivery.downloaded",
    ] {
        assert!(journal.iter().any(|line| line.contains(verb)), "{verb} in the journal");
    }
    store.close().await;
    world.running.stop().await;
}

async fn a_tagged_letter_reaches_somebody_unknown(world: World) {
    let letter =
        letters::thunderbird("\"Jeanne\" <jeanne.canari@patient.example>", "Avis [06 12 34 56 78]", &letters::pdf(1));
    world.submit(&[JEANNE], &letter).await.unwrap();
    let link = world.notices(1).await.pop().unwrap().link();
    let browser = world.browser();
    let page = opened(&world, &browser, &link).await;
    assert!(page.text().contains("Avis") && !page.text().contains("06 12 34"), "the tag is the sender's alone");
    assert!(world.read(&world.doctor, FolderRole::Sent).await == [letter], "and stays in Sent, to the octet");
    // By header field, and by address: the same person, known now by what was sent.
    let header = String::from_utf8(letters::plain(JEANNE, "Suite")).unwrap();
    let header = format!("X-Pli-Phone: <{JEANNE}> +33 6 12 34 56 78\r\n{header}");
    world.submit(&[JEANNE], header.as_bytes()).await.unwrap();
    let tagged = letters::plain(JEANNE, "Fin");
    world.submit(&[JEANNE, "+33612345678@sms.cabinet.example"], &tagged).await.unwrap();
    // The tag of an answer counts for the address it was used with.
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Re: Avis [06 12 34 56 78]")).await.unwrap();
    world.notices(4).await;
    world.running.stop().await;
}

async fn a_file_inside_the_html_branch_is_found(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    for size in [5_000, 250_000] {
        let pdf = letters::pdf(size);
        world.submit(&[JEANNE], &letters::apple_mail(JEANNE, "Avis", &pdf)).await.unwrap();
        let before = world.relay.caught().len();
        let link = world.notices(if size == 5_000 { 1 } else { 2.max(before) }).await.pop().unwrap().link();
        let browser = world.browser();
        let page = opened(&world, &browser, &link).await;
        assert!(page.text().contains(BODY) && page.text().contains(FILE), "{}", page.text());
        assert!(!page.text().contains("<script"), "nothing runs");
        let save = page.links().into_iter().find(|link| link.contains("/save?")).expect("a file to save");
        assert!(browser.follow(&page, &save).await.octets == pdf);
    }
    world.running.stop().await;
}

async fn a_photograph_between_texts_is_a_file(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    for (count, size) in [2_000, 200_000].into_iter().enumerate() {
        let picture = letters::pdf(size);
        world.submit(&[JEANNE], &letters::photograph(JEANNE, "Photo", &picture)).await.unwrap();
        let link = world.notices(count + 1).await.pop().unwrap().link();
        let browser = world.browser();
        let page = opened(&world, &browser, &link).await;
        for word in ["avant la photo", "IMG_1.jpeg", "message.eml", "resultats.txt"] {
            assert!(page.text().contains(word), "{word}: {}", page.text());
        }
        let saves: Vec<String> = page.links().into_iter().filter(|link| link.contains("/save?")).collect();
        assert_eq!(saves.len(), 3);
        let mut files = Vec::new();
        for save in &saves {
            files.push(browser.follow(&page, save).await.octets);
        }
        assert!(files[0] == picture, "the picture, whole");
        assert!(files[1].starts_with(b"Subject: dedans"), "a message within the message, decoded");
        assert!(files[2].starts_with(b"glyc"), "a text with a name can be kept");
    }
    world.running.stop().await;
}

async fn an_old_tag_in_thread_topic_reaches_nobody(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let letter = String::from_utf8(letters::plain(JEANNE, "Avis")).unwrap();
    let letter = format!("Thread-Topic: Ordonnance [06 98 76 54 32]\r\n{letter}");
    world.submit(&[JEANNE, COLLEAGUE], letter.as_bytes()).await.unwrap();
    let read = world.read(&world.colleague, FolderRole::Inbox).await;
    let text = String::from_utf8(read[0].clone()).unwrap();
    assert!(text.contains("Thread-Topic: Ordonnance\r\n") && !text.contains("06 98"), "{text}");
    assert!(world.read(&world.doctor, FolderRole::Sent).await == [letter.into_bytes()]);
    world.running.stop().await;
}

async fn fault_01_wrong_codes_are_counted_whatever_is_done(world: World) {
    let (_, link) = sent(&world, b"").await;
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    let code = world.gateway.last().code();
    for left in [4, 3, 2, 1] {
        let wrong = typed(&browser, &page, &another(&code)).await;
        assert!(wrong.text().contains(&left.to_string()), "{}", wrong.text());
    }
    typed(&browser, &page, &another(&code)).await;
    // Spent: the right code comes too late, and a new one must wait for the pause.
    let late = typed(&browser, &page, &code).await;
    assert_ne!(late.url.path(), "/letter");
    let world = world.restart().await;
    let browser = world.browser();
    let link = link_after_restart(&world, &link);
    let paused = browser.get(&link).await;
    assert!(
        paused.forms().iter().all(|form| !form.action.ends_with("/code")),
        "a restart forgets nothing: {}",
        paused.text()
    );
    world.pass(Duration::from_secs(61));
    let page = asked(&browser, &link).await;
    let page = typed(&browser, &page, &world.gateway.last().code()).await;
    assert_eq!(page.url.path(), "/letter");
    assert_eq!(world.state(DeliveryState::Opened).await.tries, 5, "a new code resets nothing");
    world.running.stop().await;
}

/// The portal keeps its port over a restart: its address is in the links.
pub fn link_after_restart(world: &World, link: &str) -> String {
    let port = world.running.portal.unwrap().port();
    assert!(link.contains(&format!(":{port}/")));
    link.to_owned()
}

async fn fault_03_a_right_code_opens_once(world: World) {
    let (_, link) = sent(&world, b"").await;
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    let code = world.gateway.last().code();
    assert_eq!(typed(&browser, &page, &code).await.url.path(), "/letter");
    assert_ne!(typed(&browser, &page, &code).await.url.path(), "/letter", "used");
    world.running.stop().await;
}

async fn fault_04_of_many_at_once_one_opens(world: World) {
    let (_, link) = sent(&world, b"").await;
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    let code = world.gateway.last().code();
    let attempts = (0..24).map(|_| {
        let thief = world.browser();
        thief.set_cookies(browser.cookies());
        let (page, code) = (&page, &code);
        async move { typed(&thief, page, code).await.url.path() == "/letter" }
    });
    let won = futures_util::future::join_all(attempts).await;
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    world.running.stop().await;
}

/// yopass#3961: a scanner loads every link and presses every button, from several browsers.
async fn fault_14_every_button_pressed_without_a_code_changes_nothing(world: World) {
    let (_, link) = sent(&world, b"").await;
    for agent in ["Mozilla/5.0", "SafeLinks", "curl/8"] {
        let scanner = world.browser();
        let page = scanner.get_with(&link, &[("user-agent", agent)]).await;
        for link in page.links().into_iter().filter(|link| !link.starts_with("tel:")) {
            scanner.follow(&page, &link).await;
        }
        for form in page.forms() {
            let pressed = scanner.submit(&page, form.clone()).await;
            assert!(pressed.status < 500, "{}", pressed.text());
            scanner.submit(&page, form).await;
        }
    }
    assert!(world.gateway.caught().is_empty(), "a press without a choice sends nothing");
    // A scanner that chooses at random gets one code out, and types nothing right.
    let scanner = world.browser();
    let page = asked(&scanner, &link).await;
    for form in page.forms() {
        scanner.submit(&page, form).await;
    }
    let shown = world.state(DeliveryState::Notified).await;
    assert_eq!((shown.tries, shown.opened_at), (0, None), "no try is burnt");
    assert_eq!(inbox(&world, world.doctor.id).await, 0, "and nothing is called opened");
    let page = opened(&world, &world.browser(), &link).await;
    assert_eq!(page.url.path(), "/letter");
    world.running.stop().await;
}

async fn a_hundred_wrong_codes_close_the_delivery_and_the_sender_is_told(world: World) {
    let (_, link) = sent(&world, b"").await;
    for spent in 0..20 {
        let browser = world.browser();
        let page = asked(&browser, &link).await;
        assert_eq!(page.status, 200, "{spent}: {}", page.text());
        let code = world.gateway.last().code();
        for _ in 0..5 {
            typed(&browser, &page, &another(&code)).await;
        }
        // Beyond the longest pause and the day's sends.
        world.pass(Duration::from_secs(4 * 3600));
    }
    let locked = world.state(DeliveryState::Locked).await;
    assert_eq!(locked.tries, 100);
    let page = world.browser().get(&link).await;
    assert!(page.forms().iter().all(|form| !form.action.ends_with("/code")), "{}", page.text());
    assert!(page.text().contains("01 99 00 12 34"), "whom to call");
    until(async || inbox(&world, world.doctor.id).await == 1).await;
    let told = world.read(&world.doctor, FolderRole::Inbox).await;
    let told = mail_parser::MessageParser::default().parse(&told[0]).unwrap().body_text(0).unwrap().into_owned();
    assert!(told.starts_with("Non remis : cent codes faux"), "{told}");
    world.running.stop().await;
}

async fn a_stranger_with_the_link_delays_by_an_hour_at_most(world: World) {
    let (_, link) = sent(&world, &letters::pdf(200)).await;
    for _ in 0..10 {
        asked(&world.browser(), &link).await;
    }
    assert_eq!(world.gateway.caught().len(), 10);
    let hers = world.browser();
    let page = asked(&hers, &link).await;
    assert_eq!(world.gateway.caught().len(), 10, "one more is not sent at once");
    assert!(page.text().contains("id=\"error\""), "{}", page.text());
    world.pass(Duration::from_secs(3599));
    asked(&hers, &link).await;
    assert_eq!(world.gateway.caught().len(), 10);
    world.pass(Duration::from_secs(2));
    let letter = opened(&world, &hers, &link).await;
    assert!(letter.text().contains(SUBJECT), "{}", letter.text());
    world.running.stop().await;
}

async fn a_code_in_another_browser_is_no_try(world: World) {
    let (_, link) = sent(&world, b"").await;
    let (first, second) = (world.browser(), world.browser());
    let page = asked(&first, &link).await;
    let code = world.gateway.last().code();
    // Somebody else has the link and guesses: his page offers him a code of his own, no field for this one.
    let theirs = second.get(&link).await;
    assert!(theirs.forms().iter().all(|form| !form.action.ends_with("/check")), "{}", theirs.text());
    second.set_cookies(first.cookies().into_iter().filter(|(name, _)| name.contains("language")).collect());
    let stolen = typed(&second, &page, &code).await;
    assert_ne!(stolen.url.path(), "/letter");
    assert_eq!(world.state(DeliveryState::Notified).await.tries, 0);
    assert_eq!(typed(&first, &page, &code).await.url.path(), "/letter");
    world.running.stop().await;
}

async fn a_refused_notice_becomes_a_letter_to_the_sender(world: World) {
    world.relay.answer("550 5.1.1 no such user");
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.submit(&[JEANNE], &letters::thunderbird(JEANNE, SUBJECT, b"x")).await.unwrap();
    let bounced = world.state(DeliveryState::Bounced).await;
    assert_eq!(bounced.failure.unwrap().word(), "unknown-address");
    until(async || inbox(&world, world.doctor.id).await == 1).await;
    let told = world.read(&world.doctor, FolderRole::Inbox).await;
    let told = mail_parser::MessageParser::default().parse(&told[0]).unwrap();
    assert_eq!(told.subject().unwrap(), format!("Re: {SUBJECT}"));
    assert!(told.body_text(0).unwrap().starts_with("Non remis : l'adresse n'existe pas."));
    world.running.stop().await;
}

async fn a_relay_that_is_away_is_tried_again(world: World) {
    world.relay.answer("451 4.3.0 later");
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
    let deliveries = &world.running.rooms.deliveries;
    until(async || deliveries.queue(false).await.unwrap()[0].last_failure.is_some()).await;
    let waiting = deliveries.queue(false).await.unwrap().remove(0);
    assert_eq!((waiting.attempts, waiting.last_failure.unwrap().word()), (1, "later"));
    assert!(world.relay.caught().is_empty());
    // What a relay says of our own sender is the operator's to mend: the letter waits, in sight.
    world.relay.answer("553 5.7.1 sender not owned by user");
    world.pass(Duration::from_secs(61));
    until(async || deliveries.queue(false).await.unwrap()[0].attempts == 2).await;
    until(async || deliveries.queue(false).await.unwrap()[0].last_failure.unwrap().word() == "refused").await;
    world.relay.answer("250 2.1.5 OK");
    world.pass(Duration::from_secs(301));
    world.notices(1).await;
    world.state(DeliveryState::Notified).await;
    // And after days of trying, the sender is told.
    world.relay.answer("451 4.3.0 later");
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Suite")).await.unwrap();
    until(async || deliveries.queue(false).await.unwrap().iter().any(|work| work.last_failure.is_some())).await;
    world.pass(Duration::from_secs(4 * 86_400));
    assert_eq!(world.state(DeliveryState::Bounced).await.failure.unwrap().word(), "gave-up");
    world.running.stop().await;
}

async fn a_recalled_delivery_is_closed_everywhere(world: World) {
    let (_, link) = sent(&world, &letters::pdf(100_000)).await;
    let browser = world.browser();
    let page = opened(&world, &browser, &link).await;
    assert_eq!(page.url.path(), "/letter");
    let id = world.state(DeliveryState::Opened).await.id;
    world.running.rooms.deliveries.recall(id).await.unwrap();
    assert!(world.running.rooms.deliveries.recall(id).await.is_err(), "once");
    assert_eq!(browser.follow(&page, "/letter").await.status, 403, "the open page is closed");
    assert_eq!(browser.follow(&page, "/letter/file/0/save").await.status, 403);
    let page = world.browser().get(&link).await;
    assert!(page.forms().iter().all(|form| !form.action.ends_with("/code")));
    assert!(page.text().contains("01 99 00 12 34"), "whom to call");
    assert_eq!(world.read(&world.doctor, FolderRole::Sent).await.len(), 1, "the sender's own copy stays");
    world.running.stop().await;
}

async fn an_expired_delivery_says_so(world: World) {
    let (_, link) = sent(&world, b"").await;
    world.state(DeliveryState::Notified).await;
    world.pass(Duration::from_secs(30 * 86_400 + 1));
    let page = world.browser().get(&link).await;
    assert!(page.forms().iter().all(|form| !form.action.ends_with("/code")), "closed at the minute, swept or not");
    world.running.rooms.deliveries.sweep().await.unwrap();
    world.state(DeliveryState::Expired).await;
    let (store, _) = world.second_node().await;
    let row = store.deliveries(None, 1).await.unwrap().remove(0);
    assert!(row.esk.is_none() && row.ticket.is_none() && row.subject.is_none(), "its keys are gone");
    store.close().await;
    until(async || inbox(&world, world.doctor.id).await == 1).await;
    let told = world.read(&world.doctor, FolderRole::Inbox).await;
    let told = mail_parser::MessageParser::default().parse(&told[0]).unwrap().body_text(0).unwrap().into_owned();
    assert!(told.starts_with("Non remis : la lettre n'a pas été ouverte"), "{told}");
    world.running.stop().await;
}

async fn a_provider_that_refuses_is_said_honestly(world: World) {
    let (_, link) = sent(&world, b"").await;
    world.gateway.answer(500);
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    assert!(page.forms().iter().all(|form| !form.action.ends_with("/check")), "no field for a code that never left");
    assert!(world.gateway.caught().is_empty());
    world.gateway.answer(200);
    world.pass(Duration::from_secs(61));
    let page = browser.get(&link).await;
    let page = browser.submit(&page, page.form("/code").with("channel", "voice")).await;
    let call = world.gateway.last();
    assert_eq!(call.channel, "voice");
    assert!(!call.text.contains('@'), "no line for machines in a call");
    assert_eq!(typed(&browser, &page, &call.code()).await.url.path(), "/letter");
    world.running.stop().await;
}
