//! Answers: written on the page of a letter, read in the practitioner's mail client, and answered from there.

use std::time::Duration;

use mail_parser::{Message, MessageParser, MimeHeaders};
use pli::domain::*;
use pli::mailbox::answers::{Answers, NewAway};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::browser::{Browser, Form, Page};
use crate::letter::{asked, opened, sent, typed};
use crate::letters::{self, SUBJECT};
use crate::mailbox::Client;
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, World};

super::on_both! {
    an_answer_lies_in_inbox_with_its_files_byte_for_byte
    a_reply_from_the_mail_client_needs_no_number
    an_answer_sent_twice_is_one_answer
    an_answer_posted_after_the_page_closed_waits_for_a_code
    an_answer_that_nobody_gives_a_code_for_is_dropped_in_a_day
    fault_12_only_the_browser_that_holds_the_form_can_answer
    what_cannot_be_sent_is_refused_and_the_text_stays
    no_fault_loses_the_text_of_an_answer
    answers_of_several_tabs_at_once_are_no_more_than_of_one
    answers_are_on_off_or_for_days_and_end_with_fin
    an_absence_is_shown_and_its_deputy_gets_a_copy
    files_are_scanned_and_refused_when_nobody_scans
}

/// A letter that is open in a browser.
async fn open_letter(world: &World) -> (Browser, Page, String) {
    open_with(world, &letters::pdf(5_000)).await
}

/// The same, with this file.
pub async fn open_with(world: &World, file: &[u8]) -> (Browser, Page, String) {
    let (_, link) = sent(world, file).await;
    let browser = world.browser();
    let page = opened(world, &browser, &link).await;
    assert_eq!(page.url.path(), "/letter", "{}", page.text());
    (browser, page, link)
}

pub fn form(page: &Page) -> Form {
    page.form("/letter/answer")
}

/// What lies in INBOX beside receipts.
pub async fn answers(world: &World, of: &pli::mailbox::provision::Born) -> Vec<Vec<u8>> {
    let all = world.read(of, FolderRole::Inbox).await;
    all.into_iter().filter(|octets| String::from_utf8_lossy(octets).contains("Message-ID: <reply.")).collect()
}

pub fn parsed(octets: &[u8]) -> Message<'_> {
    MessageParser::default().parse(octets).unwrap()
}

/// The octets of one literal of an answer to FETCH.
async fn fetched(world: &World, user: (&str, &pli::mailbox::provision::Born), item: &str, uid: usize) -> String {
    let (mut client, answer) = Client::open(world, user.0, &user.1.device.password.reveal()).await;
    assert!(answer.contains("a OK"), "{answer}");
    client.say("SELECT INBOX").await;
    client.say(&format!("FETCH {uid} {item}")).await
}

async fn an_answer_lies_in_inbox_with_its_files_byte_for_byte(world: World) {
    let (browser, page, _) = open_letter(&world).await;
    let said = page.text().replace('\u{a0}', " ");
    assert!(
        said.contains("10 fichiers au plus, 26,2 Mo en tout") && said.contains("appelez le 15 ou le 112"),
        "{said}"
    );
    let (pdf, photo) = (letters::pdf(300_000), [b"\xff\xd8\xff\xe0".as_slice(), &letters::pdf(9_000)].concat());
    let files = [("files", "ordonnance d’été.pdf", pdf.as_slice()), ("other", "photo.heic", &photo)];
    let page = browser.answer(&page, &form(&page), "Bonjour docteur,\r\nvoilà la photo : ça gratte.", &files).await;
    assert_eq!((page.status, page.url.as_str().ends_with("/letter?sent=1")), (200, true), "{}", page.text());
    let said = page.text().replace('\u{a0}', " ");
    assert!(said.contains("Votre réponse est partie") && said.contains("le 15 janvier à 9 h"), "{said}");
    assert!(said.contains("avec 2 fichiers"), "{said}");

    let octets = answers(&world, &world.doctor).await.pop().unwrap();
    let answer = parsed(&octets);
    let from = answer.from().unwrap().first().unwrap();
    assert_eq!(from.name.as_deref(), Some("Jeanne Canari (patient)"));
    assert!(
        from.address.as_deref().unwrap().starts_with("pli+")
            && !String::from_utf8_lossy(&octets).contains("Auto-Submitted")
    );
    assert_eq!(answer.to().unwrap().first().unwrap().address.as_deref(), Some(DOCTOR));
    assert_eq!(answer.subject(), Some(format!("Re: {SUBJECT}").as_str()));
    assert_eq!(answer.in_reply_to().as_text(), Some("4f6a.canari@cabinet.example"));
    assert!(answer.references().as_text_list().unwrap().iter().any(|id| id == "4f6a.canari@cabinet.example"));
    let text = answer.body_text(0).unwrap();
    assert!(text.starts_with("Bonjour docteur,\r\nvoilà la photo : ça gratte.\r\n\r\n-- \r\n"), "{text}");
    assert!(text.contains(JEANNE) && text.contains("finit par 78") && text.contains("répondez à ce message"), "{text}");
    let files: Vec<_> = answer.attachments().collect();
    assert_eq!(files[0].attachment_name(), Some("ordonnance d’été.pdf"));
    assert!(files[0].contents() == pdf && files[1].contents() == photo, "what came is what was sent");
    assert_eq!(files[1].content_type().unwrap().subtype(), Some("jpeg"), "its octets say what it is");

    // The same over IMAP, as a mail client reads it: the letter is answered, the answer new, the parts as they are.
    let list = fetched(&world, (DOCTOR, &world.doctor), "(FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE)", 2).await;
    assert!(list.contains("Jeanne Canari (patient)") && list.contains("\"application\" \"pdf\""), "{list}");
    assert!(!list.contains("\\Seen"), "{list}");
    let part = fetched(&world, (DOCTOR, &world.doctor), "BINARY.PEEK[2]", 2).await;
    assert!(part.contains(&format!("{{{}}}", pdf.len())), "{}", part.get(..200).unwrap_or(&part));
    let base64 = fetched(&world, (DOCTOR, &world.doctor), "BODY.PEEK[2]", 2).await;
    let body = base64.split_once("}\r\n").unwrap().1.rsplit_once(")\r\na OK").unwrap().0.replace("\r\n", "");
    assert!(data_encoding::BASE64.decode(body.as_bytes()).unwrap() == pdf, "byte for byte");
    world.pass(Duration::from_secs(31));
    let (mut client, _) = Client::open(&world, DOCTOR, &world.doctor.device.password.reveal()).await;
    client.say("SELECT Sent").await;
    let found = client.say("SEARCH ANSWERED").await;
    assert!(found.contains("* SEARCH 1"), "{found}");
    world.running.stop().await;
}

async fn a_reply_from_the_mail_client_needs_no_number(world: World) {
    // Nobody of the directory: the number was written once, in the subject.
    let first = letters::plain(JEANNE, "Avis [06 12 34 56 78]");
    world.submit(&[JEANNE], &first).await.unwrap();
    let link = world.notices(1).await.pop().unwrap().link();
    let browser = world.browser();
    let page = opened(&world, &browser, &link).await;
    browser.answer(&page, &form(&page), "Et le soir ?", &[]).await;
    let octets = answers(&world, &world.doctor).await.pop().unwrap();
    let answer = parsed(&octets);
    let from = answer.from().unwrap().first().unwrap();
    let (name, person) = (from.name.clone().unwrap(), from.address.clone().unwrap().into_owned());
    assert_eq!(name, JEANNE, "nobody knows another name");
    let reply = format!(
        "From: Dr Claire Martin <{DOCTOR}>\r\nTo: \"{name}\" <{person}>\r\nCc: {COLLEAGUE}\r\nSubject: {}\r\n\
         Message-ID: <again@cabinet.example>\r\nDate: Fri, 15 Jan 2027 10:00:00 +0100\r\nIn-Reply-To: <{id}>\r\n\
         References: <p1@cabinet.example> <{id}>\r\n\r\nLe soir aussi.\r\n",
        answer.subject().unwrap(),
        id = answer.message_id().unwrap(),
    );
    world.pass(Duration::from_secs(1));
    world.submit(&[&person, COLLEAGUE], reply.as_bytes()).await.unwrap();
    let notice = world.notices(2).await.pop().unwrap();
    assert_eq!(notice.to, JEANNE);
    world.pass(Duration::from_secs(61));
    let other = world.browser();
    let page = opened(&world, &other, &notice.link()).await;
    assert_eq!(world.gateway.last().to, "+33612345678", "the same number");
    assert!(page.text().contains("Le soir aussi."), "{}", page.text());
    // The colleague sees who it went to; the service address is nobody's business.
    let theirs = world.read(&world.colleague, FolderRole::Inbox).await.pop().unwrap();
    let theirs = String::from_utf8(theirs).unwrap();
    assert!(theirs.contains(&format!("<{JEANNE}>")) && !theirs.contains("pli+"), "{theirs}");
    assert!(world.read(&world.doctor, FolderRole::Sent).await.contains(&reply.clone().into_bytes()), "sent as it was");
    // Once more from the new page: the person keeps the address.
    other.answer(&page, &form(&page), "Merci", &[]).await;
    let octets = answers(&world, &world.doctor).await.pop().unwrap();
    assert_eq!(parsed(&octets).from().unwrap().first().unwrap().address.as_deref(), Some(person.as_str()));
    // Programs are not sent on, an address with a wrong check is nobody's, and another's tag is a doubt.
    let absent = reply.replace("Message-ID: <again@", "Auto-Submitted: auto-replied\r\nMessage-ID: <away@");
    assert!(world.submit(&[&person], absent.as_bytes()).await.unwrap_err().contains("554 5.7.1"));
    let forged = person.replacen('.', "x.", 1);
    for address in [forged.as_str(), &person.replace("pli+", "pli+0"), &person.replacen("@", "0@", 1)] {
        assert!(world.submit(&[address], reply.as_bytes()).await.unwrap_err().contains("550 5.1.1"), "{address}");
    }
    let tagged = reply.replace("Re: Avis", "Re: Avis [06 98 76 54 32]").replace("<again@", "<tag@");
    world.pass(Duration::from_secs(1));
    world.submit(&[&person], tagged.as_bytes()).await.unwrap();
    world.state(DeliveryState::Held).await;
    // The number has become somebody else's: asked about, never sent wrong.
    world.add_patient("paul.canari@patient.example", "06 12 34 56 78").await;
    let later = reply.replace("<again@", "<later@");
    world.pass(Duration::from_secs(1));
    world.submit(&[&person], later.as_bytes()).await.unwrap();
    world.state(DeliveryState::Held).await;
    assert_eq!(world.count("SELECT COUNT(*) FROM deliveries WHERE state = 'held'").await, 2);
    assert_eq!(world.relay.caught().len(), 2, "nothing went out");
    world.running.stop().await;
}

async fn an_answer_sent_twice_is_one_answer(world: World) {
    let (browser, page, _) = open_letter(&world).await;
    let (form, pdf) = (form(&page), letters::pdf(200_000));
    let files = [("files", "a.pdf", pdf.as_slice())];
    let press = || browser.answer(&page, &form, "Une fois.", &files);
    let (one, two, three) = tokio::join!(press(), press(), press());
    let again = press().await;
    for page in [one, two, three, again] {
        assert!(page.url.as_str().ends_with("/letter?sent=1"), "{}", page.text());
    }
    assert_eq!(answers(&world, &world.doctor).await.len(), 1);
    assert_eq!(world.count("SELECT COUNT(*) FROM replies").await, 1);
    assert_eq!(objects(&world), 1, "nothing of the others is left");
    world.running.stop().await;
}

/// Files of the object store.
pub fn objects(world: &World) -> usize {
    let walk = |folder: std::path::PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    let mut folders = vec![world.config.data.join("objects")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for path in walk(folder) {
            if path.is_dir() { folders.push(path) } else { count += 1 }
        }
    }
    count
}

async fn an_answer_posted_after_the_page_closed_waits_for_a_code(world: World) {
    let (browser, page, link) = open_letter(&world).await;
    let pdf = letters::pdf(150_000);
    world.pass(Duration::from_secs(3 * 3600));
    assert_eq!(browser.follow(&page, "/letter").await.status, 403, "the page has closed");
    let files = [("files", "tard.pdf", pdf.as_slice())];
    let kept = browser.answer(&page, &form(&page), "Écrit trop longtemps CANARI-TARD.", &files).await;
    assert!(kept.url.as_str() == link && kept.text().contains("Votre réponse est gardée"), "{}", kept.text());
    assert!(answers(&world, &world.doctor).await.is_empty(), "nobody reads it before the code");
    // It survives a restart, and another browser's code brings nothing.
    let world = world.restart().await;
    let other = world.browser();
    let theirs = opened(&world, &other, &link).await;
    assert!(theirs.text().contains("elle attend un code"), "{}", theirs.text());
    assert!(answers(&world, &world.doctor).await.is_empty());
    world.pass(Duration::from_secs(61));
    let page = asked(&browser, &link).await;
    assert!(page.text().contains("Votre réponse est gardée"), "{}", page.text());
    let page = typed(&browser, &page, &world.gateway.last().code()).await;
    assert!(page.url.as_str().ends_with("/letter?sent=1") && page.text().contains("Votre réponse est partie"));
    let octets = answers(&world, &world.doctor).await.pop().unwrap();
    let answer = parsed(&octets);
    assert!(answer.body_text(0).unwrap().starts_with("Écrit trop longtemps CANARI-TARD."));
    assert_eq!(answer.subject(), Some(format!("Re: {SUBJECT}").as_str()), "the thread is kept");
    assert!(answer.attachments().next().unwrap().contents() == pdf);
    // Lists and searches of mail clients find it, though nobody described it when it came.
    let list = fetched(&world, (DOCTOR, &world.doctor), "(ENVELOPE BODYSTRUCTURE)", 2).await;
    assert!(list.contains("Jeanne Canari (patient)") && list.contains("\"pdf\""), "{list}");
    assert_eq!(world.count("SELECT COUNT(*) FROM reply_copies").await, 0);
    // The code once more brings it no second time.
    world.pass(Duration::from_secs(3601));
    opened(&world, &browser, &link).await;
    assert_eq!(answers(&world, &world.doctor).await.len(), 1);
    world.running.stop().await;
}

async fn an_answer_that_nobody_gives_a_code_for_is_dropped_in_a_day(world: World) {
    let (browser, page, link) = open_letter(&world).await;
    world.pass(Duration::from_secs(2 * 3600));
    let pdf = letters::pdf(150_000);
    let before = objects(&world);
    browser.answer(&page, &form(&page), "Jamais", &[("files", "x.pdf", &pdf)]).await;
    assert_eq!((world.count("SELECT COUNT(*) FROM replies").await, objects(&world)), (1, before + 1));
    world.running.rooms.deliveries.sweep().await.unwrap();
    assert_eq!(world.count("SELECT COUNT(*) FROM replies").await, 1, "not yet");
    world.pass(Duration::from_secs(86_401));
    world.running.rooms.deliveries.sweep().await.unwrap();
    assert_eq!((world.count("SELECT COUNT(*) FROM replies").await, objects(&world)), (0, before), "nothing is left");
    let page = opened(&world, &browser, &link).await;
    assert!(!page.url.as_str().contains("sent"));
    assert!(answers(&world, &world.doctor).await.is_empty());
    world.running.stop().await;
}

async fn fault_12_only_the_browser_that_holds_the_form_can_answer(world: World) {
    let (browser, page, _) = open_letter(&world).await;
    let ours = form(&page);
    let thief = world.browser();
    assert_eq!(thief.answer(&page, &ours, "x", &[]).await.status, 403, "no cookie");
    thief.get(page.url.join("/").unwrap().as_ref()).await;
    let mut cookies = browser.cookies();
    cookies.retain(|name, _| name.contains("letter"));
    thief.set_cookies(cookies);
    assert_eq!(thief.answer(&page, &ours, "x", &[]).await.status, 403, "the page's cookie alone");
    for (field, value) in [("token", ""), ("token", "AAAAAAAAAAAAAAAAAAAAAA"), ("draft", ""), ("draft", "AAAA")] {
        let forged = ours.clone().with(field, value);
        assert_eq!(browser.answer(&page, &forged, "x", &[]).await.status, 403, "{field}={value}");
    }
    // A form of another letter, of another person, in this browser.
    world.add_patient("paul.canari@patient.example", "06 98 76 54 32").await;
    let letter = letters::plain("paul.canari@patient.example", "Paul");
    world.submit(&["paul.canari@patient.example"], &letter).await.unwrap();
    let paul = world.browser();
    let his = opened(&world, &paul, &world.notices(2).await.pop().unwrap().link()).await;
    let stolen = ours.clone().with("draft", &form(&his).fields["draft"]);
    assert_eq!(browser.answer(&page, &stolen, "x", &[]).await.status, 403, "sealed for his browser");
    assert_eq!(world.count("SELECT COUNT(*) FROM replies").await, 0);
    // Nothing large is read of a form that is none of ours.
    let mut strange = crate::browser::parts(&ours, "x", &[]);
    let at = strange.windows(5).position(|w| w == b"token").unwrap();
    strange[at] = b'T';
    assert_eq!(browser.post_parts(&page, "/letter/answer", strange).await.status, 403);
    world.running.stop().await;
}

async fn what_cannot_be_sent_is_refused_and_the_text_stays(world: World) {
    let (browser, page, link) = open_letter(&world).await;
    let text = "Gardez <ceci> & cela";
    let small: &[u8] = b"x";
    let many: Vec<(&str, &str, &[u8])> = (0..11).map(|_| ("files", "a.pdf", small)).collect();
    let huge = vec![7_u8; 26 << 20];
    let before = objects(&world);
    for (text, files, said) in [
        ("  ", vec![], "Écrivez votre réponse"),
        (text, vec![("other", "facture.pdf.exe", small)], "est un programme"),
        (text, many, "trop de fichiers"),
        (text, vec![("files", "a.pdf", small), ("files", "scan.pdf", huge.as_slice())], "trop gros"),
        (&"é".repeat(20_001), vec![], "trop long"),
    ] {
        let page = browser.answer(&page, &form(&page), text, &files).await;
        assert_eq!((page.status, page.url.path()), (422, "/letter/answer"), "{said}");
        assert!(page.text().contains(said) && page.text().contains("<title>Erreur"), "{said}: {}", page.text());
        let shown = text.replace('<', "&#60;").replace('>', "&#62;").replace('&', "&#38;").replace("&#38;#", "&#");
        assert!(page.text().contains(&shown), "{said}: the text is still there");
        // The page that says so can be sent again.
        assert!(page.forms().iter().any(|form| form.action == "/letter/answer"));
    }
    assert_eq!((world.count("SELECT COUNT(*) FROM replies").await, objects(&world)), (0, before));
    // After the page has closed, what is refused gives the text back all the same.
    world.pass(Duration::from_secs(2 * 3600));
    let lost = browser.answer(&page, &form(&page), text, &[("other", "x.exe", small)]).await;
    assert_eq!(lost.status, 422);
    assert!(lost.text().contains("Gardez &#60;ceci&#62;") && lost.links().iter().any(|l| link.ends_with(l.as_str())));
    // And a letter that was taken back takes no answer.
    let id = world.running.rooms.deliveries.list(None, 1).await.unwrap()[0].id;
    world.running.rooms.deliveries.recall(id).await.unwrap();
    let gone = browser.answer(&page, &form(&page), text, &[]).await;
    assert!(gone.status == 422 && gone.text().contains("Gardez"), "{}", gone.text());
    assert_eq!(world.count("SELECT COUNT(*) FROM replies").await, 0);
    world.running.stop().await;
}

async fn no_fault_loses_the_text_of_an_answer(world: World) {
    let (browser, page, link) = open_letter(&world).await;
    let url = |page: &Page| page.url.join("/letter/answer").unwrap();
    // The line goes down behind the text.
    let whole = crate::browser::parts(&form(&page), "Mon texte", &[("files", "a.pdf", &letters::pdf(5_000))]);
    let behind = whole.windows(9).position(|octets| octets == b"Mon texte").unwrap() + 40;
    for cut in [behind, whole.len() - 3_000] {
        let (body, kind) = (whole[..cut].to_vec(), crate::browser::in_parts(Vec::new()).0);
        let answer = browser.once(reqwest::Method::POST, url(&page), Some((kind, body))).await;
        let (status, said) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert_eq!(status, 400, "{said}");
        assert!(said.contains("n’est pas arrivée entière") && said.contains("Mon texte"), "cut at {cut}: {said}");
    }
    // Nothing that the letter hangs on can be trusted: neither its page nor its link can be shown.
    world
        .sql("UPDATE deliveries SET authority_mac = link_mac FROM (SELECT link_mac FROM audit_events LIMIT 1) AS e")
        .await;
    let said = browser.answer(&page, &form(&page), "Mon texte", &[]).await;
    assert_eq!(said.status, 503, "{}", said.text());
    assert!(
        said.text().contains("Un petit problème chez nous") && said.text().contains("Mon texte"),
        "{}",
        said.text()
    );
    assert!(said.text().contains(&format!("href=\"/l/{}\"", link.rsplit('/').next().unwrap())), "{}", said.text());
    // Nor is the letter there at all any more, as behind a restore of before.
    for table in ["sends", "challenges", "portal_sessions", "outbox", "downloads", "deliveries"] {
        world.sql(&format!("DELETE FROM {table}")).await;
    }
    let said = browser.answer(&page, &form(&page), "Mon texte", &[]).await;
    assert_eq!(said.status, 422, "{}", said.text());
    assert!(said.text().contains("Mon texte"), "{}", said.text());
    assert_eq!(world.count("SELECT COUNT(*) FROM replies").await, 0);
    world.running.stop().await;
}

async fn answers_of_several_tabs_at_once_are_no_more_than_of_one(world: World) {
    let (browser, page, link) = open_letter(&world).await;
    let mut forms = vec![form(&page)];
    for _ in 1..6 {
        forms.push(form(&browser.follow(&page, "/letter").await));
    }
    world.pass(Duration::from_secs(3700));
    let url = page.url.join("/letter/answer").unwrap();
    let posts = forms.iter().map(|form| {
        let body = crate::browser::in_parts(crate::browser::parts(form, "Bonjour", &[]));
        browser.once(reqwest::Method::POST, url.clone(), Some(body))
    });
    let answers = futures_util::future::join_all(posts).await;
    let taken = answers.iter().filter(|answer| answer.status() == 303).count();
    assert_eq!((taken, world.count("SELECT COUNT(*) FROM replies").await), (3, 3), "{link}");
    world.running.stop().await;
}

async fn answers_are_on_off_or_for_days_and_end_with_fin(world: World) {
    let (browser, page, link) = open_letter(&world).await;
    let (mailboxes, doctor) = (&world.running.rooms.mailboxes, DOCTOR.parse().unwrap());
    let form = form(&page);
    mailboxes.set_answers(&doctor, Answers::Off).await.unwrap();
    let off = browser.follow(&page, "/letter").await;
    assert!(off.text().contains("On ne peut pas répondre") && off.text().contains("01 99 00 12 34"));
    assert!(off.forms().iter().all(|form| form.action != "/letter/answer"));
    assert_eq!(browser.answer(&page, &form, "x", &[]).await.status, 422, "nor with an old form");
    mailboxes.set_answers(&doctor, Answers::Days(2)).await.unwrap();
    assert!(browser.follow(&page, "/letter").await.forms().iter().any(|form| form.action == "/letter/answer"));
    world.pass(Duration::from_secs(2 * 86_400 + 1));
    let page = opened(&world, &browser, &link).await;
    assert!(page.text().contains("Le temps pour répondre"), "{}", page.text());
    mailboxes.set_answers(&doctor, Answers::On).await.unwrap();
    assert!(browser.follow(&page, "/letter").await.forms().iter().any(|form| form.action == "/letter/answer"));
    for (at, end) in ["Subject: Avis [FIN]", "X-MSS-MES: FIN\r\nSubject: Avis"].iter().enumerate() {
        let letter = String::from_utf8(letters::plain(JEANNE, "Avis")).unwrap().replace("Subject: Avis", end);
        world.submit(&[JEANNE], letter.as_bytes()).await.unwrap();
        world.pass(Duration::from_secs(61));
        let page = opened(&world, &world.browser(), &world.notices(at + 2).await.pop().unwrap().link()).await;
        assert!(page.text().contains("a terminé cette conversation"), "{}", page.text());
    }
    assert!(answers(&world, &world.doctor).await.is_empty());
    world.running.stop().await;
}

async fn an_absence_is_shown_and_its_deputy_gets_a_copy(world: World) {
    let (browser, page, _) = open_letter(&world).await;
    let (mailboxes, doctor) = (&world.running.rooms.mailboxes, DOCTOR.parse().unwrap());
    let until = world.clock.now().plus(Duration::from_secs(3 * 86_400));
    let away = |deputy: &str| {
        Some(NewAway { text: "Le Dr <Bianchi> me remplace.".into(), until, deputy: Some(deputy.parse().unwrap()) })
    };
    assert!(mailboxes.set_away(&doctor, away("nobody@cabinet.example")).await.is_err());
    assert!(mailboxes.set_away(&doctor, away(DOCTOR)).await.is_err(), "nobody is their own deputy");
    mailboxes.set_away(&doctor, away(COLLEAGUE)).await.unwrap();
    let page = browser.follow(&page, "/letter").await;
    assert!(page.text().contains("est absente jusqu’au 18 janvier"), "{}", page.text());
    assert!(page.text().contains("Le Dr &#60;Bianchi&#62; me remplace."));
    browser.answer(&page, &form(&page), "À qui de droit", &[]).await;
    let (his, hers) = (answers(&world, &world.colleague).await, answers(&world, &world.doctor).await);
    assert!(his.len() == 1 && his == hers);
    // Whoever writes into the database makes nobody a deputy.
    let (store, vault) = world.second_node().await;
    let forged = pli::vault::Away { text: String::new(), until, deputy: Some(COLLEAGUE.into()) };
    let sealed = vault.seal_away(world.colleague.id, &forged, &pli::server::OsRandom).unwrap();
    assert!(vault.open_away(world.doctor.id, &sealed).is_err());
    store.close().await;
    world.pass(Duration::from_secs(3 * 86_400 + 1));
    let link = world.notices(1).await.pop().unwrap().link();
    let page = opened(&world, &browser, &link).await;
    assert!(!page.text().contains("absente"));
    browser.answer(&page, &form(&page), "De retour ?", &[]).await;
    assert_eq!((answers(&world, &world.colleague).await.len(), answers(&world, &world.doctor).await.len()), (1, 2));
    world.running.stop().await;
}

/// The test file that every scanner knows, put together here so that no scanner finds this source.
pub fn eicar() -> Vec<u8> {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS", "-TEST-FILE!$H+H*"].concat().into_bytes()
}

/// Answers as clamd(8) documents INSTREAM; finds [`eicar`] in a stream.
async fn clamd() -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut command = [0; 10];
            stream.read_exact(&mut command).await.unwrap();
            assert_eq!(&command, b"zINSTREAM\0");
            let mut all = Vec::new();
            loop {
                let length = usize::try_from(stream.read_u32().await.unwrap()).unwrap();
                if length == 0 {
                    break;
                }
                let at = all.len();
                all.resize(at + length, 0);
                stream.read_exact(&mut all[at..]).await.unwrap();
            }
            let found = all.windows(eicar().len()).any(|window| window == eicar());
            let answer: &[u8] = if found { b"stream: Eicar-Test-Signature FOUND\0" } else { b"stream: OK\0" };
            stream.write_all(answer).await.unwrap();
        }
    });
    address
}

async fn files_are_scanned_and_refused_when_nobody_scans(world: World) {
    let (_, link) = sent(&world, &letters::pdf(5_000)).await;
    let settings = std::fs::read_to_string(&world.config.file).unwrap();
    let scanned_by = |address: &str| format!("{settings}\n[scan]\nclamd = \"{address}\"\n");
    std::fs::write(&world.config.file, scanned_by(&format!("tcp://{}", clamd().await))).unwrap();
    let world = world.reconfigured().await;
    let browser = world.browser();
    let page = opened(&world, &browser, &link).await;
    let bad = browser
        .answer(&page, &form(&page), "Mon texte", &[("files", "a.pdf", b"%PDF-"), ("other", "b.com.txt", &eicar())])
        .await;
    assert_eq!(bad.status, 422);
    let said = bad.text().replace('\u{a0}', " ");
    assert!(said.contains("« b.com.txt » contient un virus") && said.contains("Mon texte"), "{said}");
    let pdf = letters::pdf(400_000);
    let good = browser.answer(&page, &form(&page), "Sain", &[("files", "a.pdf", &pdf)]).await;
    assert!(good.url.as_str().ends_with("?sent=1"), "{}", good.text());
    assert!(parsed(&answers(&world, &world.doctor).await[0]).attachments().next().unwrap().contents() == pdf);
    // Away: files are refused, a text goes.
    std::fs::write(&world.config.file, scanned_by("unix:/nonexistent/clamd.ctl")).unwrap();
    let world = world.reconfigured().await;
    let page = browser.follow(&page, "/letter").await;
    let unknown = browser.answer(&page, &form(&page), "Mon texte", &[("files", "a.pdf", &pdf)]).await;
    assert_eq!(unknown.status, 503);
    assert!(
        unknown.text().contains("Nous ne pouvons pas contrôler vos fichiers") && unknown.text().contains("Mon texte")
    );
    assert!(browser.answer(&page, &form(&page), "Sans fichier", &[]).await.url.as_str().ends_with("?sent=1"));
    assert_eq!(answers(&world, &world.doctor).await.len(), 2);
    world.running.stop().await;
}
