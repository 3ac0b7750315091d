//! What comes back to whoever wrote: receipts as the mailbox wants them, and never to anybody else.

use std::time::Duration;

use pli::domain::*;
use pli::mailbox::settings::MailboxChange;

use crate::browser::{Browser, Page};
use crate::holds::{PLI, newest, reply, submit, told};
use crate::letter::opened;
use crate::letters;
use crate::mailbox::Client;
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, PAUL, World, until};

super::on_both! {
    receipts_come_as_the_mailbox_wants_them
    a_receipt_that_was_read_stays_and_what_needs_the_sender_is_always_told
    states_stand_on_the_sent_copy_of_the_server_and_of_the_client
    what_needs_the_sender_is_flagged_until_it_is_settled
    who_asks_for_a_receipt_of_reading_gets_one
    a_letter_is_kept_for_as_long_as_its_sender_says
    fault_43_receipts_reports_absences_and_bounces_never_answer_one_another
}

async fn wants(world: &World, receipts: Receipts) {
    let change = MailboxChange { receipts: Some(receipts), ..MailboxChange::default() };
    world.running.rooms.mailboxes.set(&DOCTOR.parse().unwrap(), change).await.unwrap();
}

pub async fn client(world: &World) -> Client {
    let (client, answer) = Client::open(world, DOCTOR, &world.doctor.device.password.reveal()).await;
    assert!(answer.contains("a OK"), "{answer}");
    client
}

/// Jeanne opens the letter that was sent last, which has three files.
async fn jeanne_opens(world: &World) -> (Browser, Page) {
    let before = world.relay.caught().len();
    world.submit(&[JEANNE], &letters::photograph(JEANNE, "Photo", &letters::pdf(100_000))).await.unwrap();
    let link = world.notices(before + 1).await.pop().unwrap().link();
    let browser = world.browser();
    let page = opened(world, &browser, &link).await;
    (browser, page)
}

async fn downloads(browser: &Browser, page: &Page, files: std::ops::Range<usize>) {
    let saves: Vec<String> = page.links().into_iter().filter(|link| link.contains("/save?")).collect();
    for save in &saves[files] {
        assert_eq!(browser.follow(page, save).await.status, 200);
    }
}

async fn receipts_come_as_the_mailbox_wants_them(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    // By default the first opening, and nothing of what follows.
    let (browser, page) = jeanne_opens(&world).await;
    let first = "Ouvert le 15 janvier à 9 h (0 fichier téléchargé sur 3)\r\n";
    assert!(told(&world, &world.doctor).await[0].starts_with(first));
    downloads(&browser, &page, 0..3).await;
    world.state(DeliveryState::Downloaded).await;
    assert_eq!(told(&world, &world.doctor).await.len(), 1);

    // All of it: the newer letter takes the place of the unread one, under a UID of its own.
    wants(&world, Receipts::All).await;
    let mut mail = client(&world).await;
    let (browser, page) = jeanne_opens(&world).await;
    assert!(mail.say("SELECT INBOX").await.contains("[UIDNEXT 3]"));
    downloads(&browser, &page, 0..2).await;
    let letters = told(&world, &world.doctor).await;
    assert!(letters.len() == 2 && letters[1].starts_with(first), "{letters:?}");
    world.pass(Duration::from_secs(300));
    downloads(&browser, &page, 2..3).await;
    until(async || told(&world, &world.doctor).await[1].contains("(3 fichiers téléchargés sur 3)")).await;
    let letters = told(&world, &world.doctor).await;
    assert_eq!(letters.len(), 2, "{letters:?}");
    assert!(
        letters[1].starts_with(
            "Ouvert le 15 janvier à 9 h (3 fichiers téléchargés sur 3)\r\n\
             Tous les fichiers ont été téléchargés le 15 janvier à 9 h 05.\r\n"
        ),
        "{}",
        letters[1]
    );
    let heard = mail.say("NOOP").await;
    assert!(heard.contains("* 2 EXPUNGE") && heard.contains("* 2 EXISTS"), "{heard}");
    assert!(mail.say("FETCH 2 (UID)").await.contains("UID 3"));
    // Once more changes nothing.
    downloads(&browser, &page, 0..3).await;
    assert_eq!(told(&world, &world.doctor).await.len(), 2);

    // None.
    wants(&world, Receipts::None).await;
    let (browser, page) = jeanne_opens(&world).await;
    downloads(&browser, &page, 0..3).await;
    world.state(DeliveryState::Downloaded).await;
    assert_eq!(told(&world, &world.doctor).await.len(), 2);
    assert!(world.read(&world.colleague, FolderRole::Inbox).await.is_empty(), "nobody else is told");
    world.running.stop().await;
}

async fn a_receipt_that_was_read_stays_and_what_needs_the_sender_is_always_told(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    wants(&world, Receipts::All).await;
    let (browser, page) = jeanne_opens(&world).await;
    let mut mail = client(&world).await;
    mail.say("SELECT INBOX").await;
    mail.say("STORE 1 +FLAGS (\\Seen)").await;
    downloads(&browser, &page, 0..3).await;
    until(async || told(&world, &world.doctor).await.len() == 2).await;
    let letters = told(&world, &world.doctor).await;
    assert!(letters[0].contains("(0 fichier") && letters[1].contains("(3 fichiers"), "{letters:?}");

    wants(&world, Receipts::None).await;
    world.relay.answer("550 5.1.1 nobody here");
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
    until(async || told(&world, &world.doctor).await.len() == 3).await;
    assert!(told(&world, &world.doctor).await[2].starts_with("Non remis : l'adresse n'existe pas."));
    world.running.stop().await;
}

const SENT: &str = "\"Envoy&AOk-s\"";
const RECALLED: &str = "\"Rappel&AOk-s\"";

/// The flags of the one message in Sent, and its mod-sequence.
async fn flags(mail: &mut Client) -> (Vec<String>, i64) {
    let heard = mail.say("FETCH 1 (FLAGS MODSEQ)").await;
    let between = |from: &str, to: &str| heard.split(from).nth(1).unwrap().split(to).next().unwrap().to_owned();
    let mut flags: Vec<String> = between("FLAGS (", ")").split(' ').map(str::to_owned).collect();
    flags.sort_unstable();
    (flags, between("MODSEQ (", ")").parse().unwrap())
}

async fn states_stand_on_the_sent_copy_of_the_server_and_of_the_client(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let letter = letters::photograph(&format!("{JEANNE}, {PAUL}"), "Photo", &letters::pdf(80_000));
    world.submit(&[JEANNE, PAUL], &letter).await.unwrap();
    let link = world.notices(1).await.pop().unwrap().link();
    until(async || world.count("SELECT COUNT(*) FROM deliveries WHERE state = 'notified'").await == 1).await;
    let question = newest(&world, &world.doctor).await;
    world.pass(Duration::from_secs(31));
    let mut mail = client(&world).await;
    let selected = mail.say(&format!("SELECT {SENT} (CONDSTORE)")).await;
    let permanent = selected.split("PERMANENTFLAGS (").nth(1).unwrap().split(')').next().unwrap();
    assert!(!permanent.contains("$Pli") && permanent.contains("\\*"), "{selected}");
    let (told, first) = flags(&mut mail).await;
    assert_eq!(told, ["$PliHeld", "$PliNotified", "\\Flagged", "\\Seen"]);
    // No client changes what is the server's.
    mail.say("STORE 1 -FLAGS ($PliHeld $PliNotified)").await;
    mail.say("STORE 1 +FLAGS ($PliExpired $plirecalled)").await;
    assert_eq!(flags(&mut mail).await.0, told);
    // Its own copy takes the place of the server's, and what was known goes with it.
    let changed = String::from_utf8(letter).unwrap().replace("MIME-Version", "X-Mozilla-Status: 0001\r\nMIME-Version");
    let append = format!("APPEND {SENT} (\\Seen) {{{}+}}\r\n{changed}", changed.len());
    assert!(mail.say(&append).await.contains("a OK"));
    mail.say("NOOP").await;
    let (kept, second) = flags(&mut mail).await;
    assert_eq!(kept, told);
    assert!(second > first);
    // Answered: an idling client sees that nobody waits any more.
    let (told, heard) = tokio::join!(mail.idle_until("FLAGS"), async {
        submit(&world, (DOCTOR, &world.doctor), &[PLI], &reply(DOCTOR, &question, "06 98 76 54 32")).await
    });
    assert!(heard.starts_with("250"), "{heard}");
    assert!(!told.contains("$PliHeld") && !told.contains("Flagged") && told.contains("$PliNotified"), "{told}");
    let (browser, opening) = (world.browser(), mail.idle_until("$PliOpened"));
    let (told, page) = tokio::join!(opening, opened(&world, &browser, &link));
    let modseq: i64 = told.split("MODSEQ (").nth(1).unwrap().split(')').next().unwrap().parse().unwrap();
    assert!(modseq > second && !told.contains("$PliDownloaded"), "{told}");
    let (told, ()) = tokio::join!(mail.idle_until("$PliDownloaded"), downloads(&browser, &page, 0..3));
    assert!(told.contains("$PliOpened"), "{told}");
    let changed = mail.say(&format!("FETCH 1:* (FLAGS) (CHANGEDSINCE {modseq})")).await;
    assert!(changed.contains("* 1 FETCH") && changed.contains("$PliDownloaded"), "{changed}");
    // Taken back, and not.
    mail.say(&format!("MOVE 1 {RECALLED}")).await;
    mail.say(&format!("SELECT {RECALLED} (CONDSTORE)")).await;
    assert!(flags(&mut mail).await.0.contains(&"$PliRecalled".to_owned()));
    mail.say(&format!("MOVE 1 {SENT}")).await;
    mail.say(&format!("SELECT {SENT} (CONDSTORE)")).await;
    let all = ["$PliDownloaded", "$PliNotified", "$PliOpened", "\\Seen"];
    assert_eq!(flags(&mut mail).await.0, all);
    world.running.stop().await;
}

async fn what_needs_the_sender_is_flagged_until_it_is_settled(world: World) {
    let deliveries = &world.running.rooms.deliveries;
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.relay.answer("550 5.1.1 nobody here");
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
    world.state(DeliveryState::Bounced).await;
    world.pass(Duration::from_secs(31));
    let mut mail = client(&world).await;
    mail.say(&format!("SELECT {SENT} (CONDSTORE)")).await;
    assert_eq!(flags(&mut mail).await.0, ["$PliFailed", "\\Flagged", "\\Seen"]);
    mail.say("STORE 1 +FLAGS (\\Deleted)").await;
    mail.say("EXPUNGE").await;
    // Two letters whose time is over: one was read.
    world.relay.answer("250 2.1.5 OK");
    for (read, wanted) in [
        (true, vec!["$PliExpired", "$PliNotified", "$PliOpened", "\\Seen"]),
        (false, vec!["$PliExpired", "$PliNotified", "\\Flagged", "\\Seen"]),
    ] {
        let before = world.relay.caught().len();
        world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
        let link = world.notices(before + 1).await.pop().unwrap().link();
        world.state(DeliveryState::Notified).await;
        if read {
            opened(&world, &world.browser(), &link).await;
        }
        world.pass(Duration::from_secs(31 * 86_400));
        deliveries.sweep().await.unwrap();
        mail.say(&format!("SELECT {SENT} (CONDSTORE)")).await;
        assert_eq!(flags(&mut mail).await.0, wanted);
        mail.say("STORE 1 +FLAGS (\\Deleted)").await;
        mail.say("EXPUNGE").await;
    }
    // Who takes the flag away has seen it: it does not come back, and one that somebody set is never taken.
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    let question = newest(&world, &world.doctor).await;
    world.pass(Duration::from_secs(31));
    mail.say("NOOP").await;
    mail.say("STORE 1 -FLAGS (\\Flagged)").await;
    mail.say("STORE 1 +FLAGS (\\Flagged)").await;
    submit(&world, (DOCTOR, &world.doctor), &[PLI], &reply(DOCTOR, &question, "06 98 76 54 32")).await;
    world.state(DeliveryState::Notified).await;
    mail.say("NOOP").await;
    assert_eq!(flags(&mut mail).await.0, ["$PliNotified", "\\Flagged", "\\Seen"]);
    world.running.stop().await;
}

/// The letter with this field, as Jeanne opens it.
async fn asking(world: &World, field: &str) {
    let before = world.relay.caught().len();
    let letter = [field.as_bytes(), b"\r\n", &letters::plain(JEANNE, "Avis")].concat();
    world.submit(&[JEANNE], &letter).await.unwrap();
    let link = world.notices(before + 1).await.pop().unwrap().link();
    opened(world, &world.browser(), &link).await;
}

async fn who_asks_for_a_receipt_of_reading_gets_one(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    wants(&world, Receipts::None).await;
    // Another's address is not heard, and nobody elsewhere is told.
    asking(&world, "Disposition-Notification-To: somebody@elsewhere.example").await;
    asking(&world, &format!("Disposition-Notification-To: {COLLEAGUE}")).await;
    assert!(told(&world, &world.doctor).await.is_empty());
    asking(&world, &format!("Disposition-Notification-To: \"Dr Martin\" <{DOCTOR}>")).await;
    let receipt = String::from_utf8(newest(&world, &world.doctor).await).unwrap();
    for word in [
        "Content-Type: multipart/report; report-type=disposition-notification;",
        "Auto-Submitted: auto-replied\r\n",
        "X-Auto-Response-Suppress: All\r\n",
        "In-Reply-To: <p1@cabinet.example>\r\n",
        "Subject: Re: Avis\r\n",
        "Content-Type: message/disposition-notification\r\n",
        "Reporting-UA: mail.cabinet.example; Pli\r\n",
        &format!("Final-Recipient: rfc822; {JEANNE}\r\n"),
        "Original-Message-ID: <p1@cabinet.example>\r\n",
        "Disposition: manual-action/MDN-sent-automatically; displayed\r\n",
    ] {
        assert!(receipt.contains(word), "{word}: {receipt}");
    }
    assert!(!receipt.contains("Disposition-Notification-To"), "an answer asks for none");
    let read = told(&world, &world.doctor).await;
    assert!(read.len() == 1 && read[0].starts_with("Ouvert le 15 janvier à 9 h (sans pièce jointe)"), "{read:?}");
    assert!(told(&world, &world.colleague).await.is_empty());
    assert_eq!(world.relay.caught().len(), 3, "notices alone have left");
    world.running.stop().await;
}

/// RFC 3834 §2: each kind of letter of ours is answered by each kind of program, and by somebody else.
async fn fault_43_receipts_reports_absences_and_bounces_never_answer_one_another(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    asking(&world, "X-A: b").await;
    asking(&world, &format!("Disposition-Notification-To: {DOCTOR}")).await;
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
    let notice = world.notices(3).await.pop().unwrap();
    until(async || world.count("SELECT COUNT(*) FROM deliveries WHERE state = 'notified'").await == 1).await;
    crate::bounces::bring(
        &world,
        None,
        &notice.from,
        &crate::bounces::report(&notice, "failed", "5.1.1", "550 5.1.1 User unknown"),
    )
    .await
    .unwrap();
    let ours = world.read(&world.doctor, FolderRole::Inbox).await;
    assert_eq!(ours.len(), 4, "a receipt, a receipt of reading, a question, a letter about a bounce");
    let (standing, sent) = (deliveries(&world).await, world.relay.caught().len());
    let unchanged = async |what: &str| {
        assert_eq!(world.read(&world.doctor, FolderRole::Inbox).await.len(), 4, "{what}");
        assert_eq!(deliveries(&world).await, standing, "{what}");
        assert_eq!(world.relay.caught().len(), sent, "{what}");
    };
    for letter in &ours {
        let text = String::from_utf8_lossy(letter).into_owned();
        assert!(text.contains("\r\nAuto-Submitted: auto-") && text.contains("X-Auto-Response-Suppress: All"), "{text}");
        assert!(!text.contains("Disposition-Notification-To") && !text.contains("Return-Receipt-To"), "{text}");
        let about = mail_parser::MessageParser::default().parse(letter.as_slice()).unwrap();
        let about = about.message_id().unwrap().to_owned();
        for (what, fields, body) in [
            ("an absence", "Auto-Submitted: auto-replied (vacation)", "annuler"),
            ("an absence of old", "Precedence: auto_reply", "annuler"),
            (
                "a receipt of reading",
                "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
                "--b\r\n\r\nannuler\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\n\
                 Disposition: manual-action/MDN-sent-manually; displayed\r\n--b--",
            ),
            (
                "a bounce",
                "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
                "--b\r\n\r\nannuler\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n--b--",
            ),
        ] {
            let answer = format!(
                "From: {DOCTOR}\r\nTo: {PLI}\r\nSubject: x\r\nIn-Reply-To: <{about}>\r\n{fields}\r\n\r\n{body}\r\n"
            );
            let heard = submit(&world, (DOCTOR, &world.doctor), &[PLI], answer.as_bytes()).await;
            assert!(heard.starts_with("250"), "{what}: {heard}");
            unchanged(what).await;
        }
        // Another mailbox is told that nothing is asked of it, and from outside nobody reaches the address at all.
        let theirs = reply(COLLEAGUE, letter, "annuler");
        assert!(submit(&world, (COLLEAGUE, &world.colleague), &[PLI], &theirs).await.starts_with("250"));
        unchanged("a colleague's answer").await;
        let stranger = reply("x@elsewhere.example", letter, "annuler");
        assert!(crate::bounces::bring(&world, Some("x@elsewhere.example"), PLI, &stranger).await.is_err());
        unchanged("a stranger's answer").await;
    }
    // What programs send back to a notice is thrown away, however often.
    for fields in [
        "Auto-Submitted: auto-replied",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
    ] {
        let absence = format!("From: {JEANNE}\r\nTo: {}\r\n{fields}\r\n\r\nabsente\r\n", notice.from);
        crate::bounces::bring(&world, Some(JEANNE), &notice.from, absence.as_bytes()).await.unwrap();
        crate::bounces::bring(&world, None, &notice.from, absence.as_bytes()).await.unwrap();
        unchanged(fields).await;
    }
    // A program that says nothing of itself and answers whatever comes stops there: it is told once that nothing is asked.
    let unknown = reply(DOCTOR, &ours[3], "je suis absente");
    submit(&world, (DOCTOR, &world.doctor), &[PLI], &unknown).await;
    assert_eq!(world.read(&world.doctor, FolderRole::Inbox).await.len(), 5);
    for _ in 0..3 {
        let again = reply(DOCTOR, &newest(&world, &world.doctor).await, "je suis absente");
        submit(&world, (DOCTOR, &world.doctor), &[PLI], &again).await;
    }
    assert_eq!(world.read(&world.doctor, FolderRole::Inbox).await.len(), 5);
    world.running.stop().await;
}

/// The deliveries as they stand.
async fn deliveries(world: &World) -> Vec<(DeliveryId, DeliveryState)> {
    let list = world.running.rooms.deliveries.list(None, 10).await.unwrap();
    list.iter().map(|delivery| (delivery.id, delivery.state)).collect()
}

async fn a_letter_is_kept_for_as_long_as_its_sender_says(world: World) {
    let rooms = &world.running.rooms;
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let letter = letters::plain(&format!("{JEANNE}, {COLLEAGUE}"), "Avis [7j]");
    world.submit(&[JEANNE, COLLEAGUE], &letter).await.unwrap();
    let notice = world.notices(1).await.pop().unwrap();
    assert!(notice.text().contains("22 janvier 2027"), "{}", notice.text());
    let theirs = String::from_utf8(world.read(&world.colleague, FolderRole::Inbox).await.remove(0)).unwrap();
    assert!(theirs.contains("Subject: Avis\r\n"), "the tag is the sender's alone: {theirs}");
    assert!(world.read(&world.doctor, FolderRole::Sent).await == [letter], "and stays in Sent, to the octet");
    // By a field, for somebody who waits for a number: the days begin when the letter leaves.
    let field = [b"X-Pli-Days: 3\r\n".as_slice(), &letters::plain(PAUL, "Avis")].concat();
    world.submit(&[PAUL], &field).await.unwrap();
    world.pass(Duration::from_secs(86_400));
    let question = newest(&world, &world.doctor).await;
    submit(&world, (DOCTOR, &world.doctor), &[PLI], &reply(DOCTOR, &question, "06 98 76 54 32")).await;
    let his = world.notices(2).await.pop().unwrap();
    assert!(his.to == PAUL && his.text().contains("19 janvier 2027"), "{}", his.text());
    // What is no such number of days is refused, and nothing leaves.
    for wrong in ["Avis [120j]", "Avis [0j]"] {
        let heard = world.submit(&[JEANNE], &letters::plain(JEANNE, wrong)).await.unwrap_err();
        assert!(heard.contains("554") && heard.contains("90 jours"), "{heard}");
    }
    world.submit(&[COLLEAGUE], &letters::plain(COLLEAGUE, "Avis [120j]")).await.unwrap();
    // Never opened: closed when its time is over, and its sender is told; the other one's is not.
    let before = told(&world, &world.doctor).await.len();
    world.pass(Duration::from_secs(4 * 86_400));
    rooms.deliveries.sweep().await.unwrap();
    let letters_now = told(&world, &world.doctor).await;
    assert_eq!(letters_now.len(), before + 1, "{letters_now:?}");
    let last = letters_now.last().unwrap();
    assert!(
        last.starts_with("Non remis : la lettre n'a pas été ouverte dans le délai.") && last.contains(PAUL),
        "{last}"
    );
    assert_eq!(opened(&world, &world.browser(), &notice.link()).await.status, 200);
    assert_eq!(world.relay.caught().len(), 2);
    world.running.stop().await;
}
