//! Recipients without a sure number: they wait, nobody else does, and what the practitioner answers in the mail client
//! lets the letter go. What is doubtful is asked, and never sent wrong.

use std::time::Duration;

use pli::domain::*;
use pli::mailbox::provision::{Born, NewMailbox};
use pli::mime::Answer;

use crate::letter::{asked, opened};
use crate::letters::{self, BODY};
use crate::submission::Raw;
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, PAUL, World, profile, until};

super::on_both! {
    who_has_no_number_waits_and_the_others_do_not
    what_was_learned_serves_the_mailbox_that_told_it_alone
    a_sender_is_reminded_once_and_then_told_that_it_is_given_up
    fault_39_every_doubt_is_asked_and_nothing_leaves
    fault_12_nobody_else_answers_a_question
    fault_13_a_device_that_was_taken_away_answers_nothing
    a_number_of_another_patient_needs_a_yes
    digits_that_were_swapped_are_asked_about
    a_number_that_came_to_somebody_else_is_not_used_any_more
    in_monaco_a_number_is_two_persons_until_its_country_is_said
    a_reply_to_all_with_somebodys_number_is_held
    no_takes_a_number_back_until_a_code_was_asked_for
    another_number_takes_the_place_of_a_wrong_one
    cancel_ends_it
    what_is_no_answer_is_asked_again
    a_number_of_the_practice_or_of_a_signature_answers_nothing
    programs_and_letters_never_answer_one_another
}

pub const PLI: &str = "pli@cabinet.example";
const HIS: &str = "06 98 76 54 32";

/// The letters of a mailbox's INBOX that Pli wrote, as their texts.
pub async fn told(world: &World, born: &Born) -> Vec<String> {
    let parse = |octets: Vec<u8>| {
        let read = mail_parser::MessageParser::default().parse(&octets).unwrap();
        let by_pli = read.from().unwrap().first().unwrap().address() == Some(PLI);
        by_pli.then(|| read.body_text(0).unwrap().into_owned())
    };
    world.read(born, FolderRole::Inbox).await.into_iter().filter_map(parse).collect()
}

/// The newest letter of Pli, whole.
pub async fn newest(world: &World, born: &Born) -> Vec<u8> {
    world.read(born, FolderRole::Inbox).await.pop().expect("a letter in INBOX")
}

/// An answer as a mail client writes it: threaded, with the letter quoted below.
pub fn reply(from: &str, letter: &[u8], text: &str) -> Vec<u8> {
    let read = mail_parser::MessageParser::default().parse(letter).unwrap();
    let (id, body) = (read.message_id().unwrap(), read.body_text(0).unwrap().into_owned());
    let quoted: Vec<String> = body.lines().map(|line| format!("> {line}")).collect();
    format!(
        "From: {from}\r\nTo: Pli <{PLI}>\r\nSubject: RE: {}\r\nMessage-ID: <a.{}@cabinet.example>\r\n\
         In-Reply-To: <{id}>\r\nReferences: <p1@cabinet.example> <{id}>\r\nDate: Fri, 15 Jan 2027 09:00:00 +0100\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         {text}\r\n\r\nLe 15/01/2027 à 09:00, Pli a écrit :\r\n{}\r\n",
        read.subject().unwrap(),
        text.len(),
        quoted.join("\r\n")
    )
    .into_bytes()
}

/// Submits as somebody; the last reply of the server.
pub async fn submit(world: &World, (user, born): (&str, &Born), to: &[&str], octets: &[u8]) -> String {
    let mut raw = Raw::log_in(world, user, &born.device.password.reveal()).await;
    raw.envelope(user, to).await;
    raw.say("DATA", "354").await;
    raw.send(&[octets, b".\r\n"].concat()).await;
    raw.reply().await
}

/// The doctor answers the newest letter; the one that came of it.
pub async fn answered(world: &World, text: &str) -> String {
    let letter = newest(world, &world.doctor).await;
    let before = told(world, &world.doctor).await.len();
    let heard = submit(world, (DOCTOR, &world.doctor), &[PLI], &reply(DOCTOR, &letter, text)).await;
    assert!(heard.starts_with("250 2.0.0"), "{heard}");
    let mut all = told(world, &world.doctor).await;
    assert_eq!(all.len(), before + 1, "one letter for one answer: {all:?}");
    all.pop().unwrap()
}

pub async fn held(world: &World) -> i64 {
    world.count("SELECT COUNT(*) FROM deliveries WHERE state = 'held'").await
}

async fn who_has_no_number_waits_and_the_others_do_not(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let to = format!("Jeanne <{JEANNE}>, Paul Canari <{PAUL}>, {COLLEAGUE}");
    let letter = letters::thunderbird(&to, letters::SUBJECT, &letters::pdf(100_000));
    world.submit(&[JEANNE, PAUL, COLLEAGUE], &letter).await.unwrap();
    // The question is there with the 250.
    let question = newest(&world, &world.doctor).await;
    let read = mail_parser::MessageParser::default().parse(&question).unwrap();
    assert_eq!(read.subject(), Some(format!("Re: {}", letters::SUBJECT).as_str()));
    assert_eq!(read.in_reply_to().as_text(), Some("4f6a.canari@cabinet.example"));
    let raw = String::from_utf8_lossy(&question);
    assert!(raw.contains("Auto-Submitted: auto-replied") && raw.contains("X-Auto-Response-Suppress: All"), "{raw}");
    let text = read.body_text(0).unwrap().into_owned();
    assert!(text.starts_with(&format!("En attente : rien n'est encore parti pour {PAUL}.\r\n")), "{text}");
    for says in ["Aucun numéro", "autres destinataires n'attendent pas", "annuler", "22 janvier 2027", DOCTOR] {
        assert!(text.contains(says), "{says}: {text}");
    }
    assert!(!text.contains(JEANNE));
    // What a client quotes without a mark is no answer.
    let quoted =
        Answer::read(format!("From: {DOCTOR}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}").as_bytes());
    assert!(quoted.numbers.is_empty() && quoted.word.is_none());
    assert_eq!(world.read(&world.colleague, FolderRole::Inbox).await, std::slice::from_ref(&letter));
    assert_eq!(world.notices(1).await[0].to, JEANNE);
    // Nothing of Paul's is anywhere but sealed; his link is nobody's yet.
    assert_eq!(held(&world).await, 1);
    let news = answered(&world, "Bonjour,\r\nc'est le 06 98 76 54 32\r\n-- \r\nDr Martin 04 91 00 11 22").await;
    assert!(news.starts_with("Parti : ") && news.contains(PAUL) && news.contains("•• •• •• 54 32"), "{news}");
    assert!(!news.contains("98"), "masked: {news}");
    let notice = world.notices(2).await.pop().unwrap();
    assert_eq!(notice.to, PAUL);
    let page = opened(&world, &world.browser(), &notice.link()).await;
    assert!(page.text().contains(BODY) && page.text().contains(letters::FILE), "{}", page.text());
    assert_eq!(world.gateway.last().to, "+33698765432");
    assert!(!page.text().contains("Jeanne"));
    // Both the letter and the answer are kept as they were sent, and nothing but notices left.
    assert_eq!(world.read(&world.doctor, FolderRole::Sent).await.len(), 2);
    for mail in world.relay.caught() {
        let whole = String::from_utf8_lossy(&mail.octets).into_owned() + &mail.text();
        assert!(!whole.contains(BODY) && !whole.contains("ordonnance"), "{whole}");
    }
    world.running.stop().await;
}

async fn what_was_learned_serves_the_mailbox_that_told_it_alone(world: World) {
    let plain = |n: usize| String::from_utf8(letters::plain(PAUL, "Avis")).unwrap().replace("<p1@", &format!("<p{n}@"));
    world.submit(&[PAUL], plain(1).as_bytes()).await.unwrap();
    answered(&world, HIS).await;
    world.notices(1).await;
    // The doctor is asked no more.
    world.submit(&[PAUL], plain(2).as_bytes()).await.unwrap();
    world.notices(2).await;
    // The colleague is, and so is the doctor for a number that differs.
    let theirs = plain(3).replace(DOCTOR, COLLEAGUE);
    assert!(submit(&world, (COLLEAGUE, &world.colleague), &[PAUL], theirs.as_bytes()).await.starts_with("250"));
    assert!(told(&world, &world.colleague).await[0].contains("Aucun numéro"));
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis [06 98 76 54 23]")).await.unwrap();
    let question = told(&world, &world.doctor).await.pop().unwrap();
    assert!(question.contains("n'est pas celui qui est connu") && question.contains("•• •• •• 54 23"), "{question}");
    assert_eq!((held(&world).await, world.relay.caught().len()), (2, 2));
    // Whose record somebody moves is not used.
    let moved = format!("UPDATE learned_numbers SET mailbox_id = '{}'", world.colleague.id);
    assert_eq!(world.sql(&moved).await, 1);
    let heard = submit(&world, (COLLEAGUE, &world.colleague), &[PAUL], theirs.as_bytes()).await;
    assert!(heard.starts_with('4') || heard.starts_with('5'), "{heard}");
    world.running.stop().await;
}

/// faults.md row 43 (stalwart#230, maddy#327): what failed is in INBOX, without having passed the Internet.
async fn a_sender_is_reminded_once_and_then_told_that_it_is_given_up(world: World) {
    const DAY: Duration = Duration::from_secs(86_400);
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    let deliveries = &world.running.rooms.deliveries;
    world.pass(DAY - Duration::from_secs(60));
    deliveries.tell_holds().await.unwrap();
    assert_eq!(told(&world, &world.doctor).await.len(), 1);
    world.pass(Duration::from_secs(120));
    // The server does it by itself; by whichever hand, once.
    deliveries.tell_holds().await.unwrap();
    deliveries.tell_holds().await.unwrap();
    let letters = told(&world, &world.doctor).await;
    assert!(letters.len() == 2 && letters[1].starts_with("Rappel : ") && letters[1].contains(PAUL), "{letters:?}");
    let reminder = newest(&world, &world.doctor).await;
    world.pass(6 * DAY);
    deliveries.sweep().await.unwrap();
    deliveries.sweep().await.unwrap();
    let letters = told(&world, &world.doctor).await;
    assert!(letters.len() == 3 && letters[2].starts_with("Abandonné : ") && letters[2].contains(PAUL), "{letters:?}");
    let shown = world.state(DeliveryState::Bounced).await;
    assert_eq!(shown.failure, Some(FailureClass::Unanswered));
    assert_eq!(
        world.count("SELECT COUNT(*) FROM deliveries WHERE esk IS NOT NULL OR ticket_sealed IS NOT NULL").await,
        0
    );
    // Too late: the answer changes nothing, and says so.
    submit(&world, (DOCTOR, &world.doctor), &[PLI], &reply(DOCTOR, &reminder, HIS)).await;
    let late = told(&world, &world.doctor).await.pop().unwrap();
    assert!(late.starts_with("Cette question est close"), "{late}");
    assert!(world.relay.caught().is_empty());
    world.running.stop().await;
}

/// faults.md row 39 (Hermes SEG #40, #9): no doubt lets a letter out, and none is silent.
async fn fault_39_every_doubt_is_asked_and_nothing_leaves(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let several = format!("{JEANNE}, {PAUL}");
    for (n, (to, subject, says)) in [
        (PAUL, "Avis", "Aucun numéro"),
        (PAUL, "Avis [06 12 34 56]", "n'existe pas"),
        (PAUL, "Avis [sms:Paul]", "n'est pas un numéro"),
        (PAUL, "Avis [0899 70 12 34]", "surtaxé"),
        (PAUL, "Avis [01 99 00 12 34]", "numéro indiqué"),
        (PAUL, "Avis [06 12 34 56 78]", "une autre personne de l'annuaire"),
        (JEANNE, "Avis [06 98 76 54 32]", "n'est pas celui qui est connu"),
        (PAUL, "TR: Avis [06 98 76 54 32]", "ancien message"),
        (PAUL, "Re: Avis [06 98 76 54 32]", "ancien message"),
        (PAUL, "Avis [06 98 76 54 32] [06 11 22 33 44]", "Deux numéros différents"),
        ("jeanne@gmial.com", "Avis [06 98 76 54 32]", "mal écrite"),
        (PAUL, "Avis [+1 202 555 0143]", "dans le pays de ce numéro"),
        (several.as_str(), "Avis [06 98 76 54 32]", "plusieurs destinataires"),
    ]
    .into_iter()
    .enumerate()
    {
        let before = told(&world, &world.doctor).await.len();
        let all: Vec<&str> = to.split(", ").collect();
        world.submit(&all, &letters::plain(to, subject)).await.unwrap_or_else(|heard| panic!("{n} {subject}: {heard}"));
        let letters = told(&world, &world.doctor).await;
        assert_eq!(letters.len(), before + all.len(), "{subject}");
        let last = letters.last().unwrap();
        assert!(last.starts_with("En attente : ") && last.contains(says), "{subject}: {last}");
    }
    assert_eq!(world.count("SELECT COUNT(*) FROM outbox").await, 0);
    assert!(world.relay.caught().is_empty());
    world.running.stop().await;
}

/// faults.md row 12 (Vaultwarden CVE-2026-27898): a reference that was seen opens nothing.
async fn fault_12_nobody_else_answers_a_question(world: World) {
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    let question = newest(&world, &world.doctor).await;
    // A colleague of the same practice, with the very reference.
    let answer = reply(COLLEAGUE, &question, HIS);
    assert!(submit(&world, (COLLEAGUE, &world.colleague), &[PLI], &answer).await.starts_with("250"));
    let theirs = told(&world, &world.colleague).await;
    assert!(theirs.len() == 1 && theirs[0].contains("aucune question en attente"), "{theirs:?}");
    assert!(!theirs[0].contains(PAUL) && !theirs[0].contains("Avis"));
    // Another practice: not at this address, and not at its own.
    let deliveries = &world.running.rooms.deliveries;
    let other = PracticeProfile { name: "autre".to_owned(), ..profile() };
    let other = deliveries.add_practice(other).await.unwrap();
    deliveries.add_domain(other, "autre.example".parse().unwrap()).await.unwrap();
    let new = NewMailbox {
        address: "dr.noir@autre.example".parse().unwrap(),
        name: "Dr Noir".to_owned(),
        kind: MailboxKind::Personal,
        label: "poste".to_owned(),
        person: String::new(),
        send_as: Vec::new(),
    };
    let noir = world.running.rooms.mailboxes.add(new, None).await.unwrap();
    let mut raw = Raw::log_in(&world, "dr.noir@autre.example", &noir.device.password.reveal()).await;
    raw.say("MAIL FROM:<dr.noir@autre.example>", "250").await;
    raw.say(&format!("RCPT TO:<{PLI}>"), "550 5.1.1").await;
    raw.say("RSET", "250").await;
    let answer = reply("dr.noir@autre.example", &question, HIS);
    let theirs = ("dr.noir@autre.example", &noir);
    assert!(submit(&world, theirs, &["pli@autre.example"], &answer).await.starts_with("250"));
    // As the doctor, without being the doctor (fault 16); and from outside, by the door that strangers have.
    let mut raw = Raw::log_in(&world, COLLEAGUE, &world.colleague.device.password.reveal()).await;
    raw.envelope(COLLEAGUE, &[PLI]).await;
    raw.say("DATA", "354").await;
    raw.send(&[reply(DOCTOR, &question, HIS).as_slice(), b".\r\n"].concat()).await;
    assert!(raw.reply().await.starts_with("553 5.7.1"));
    assert!(raw.say(&format!("MAIL FROM:<{DOCTOR}>"), "553").await.contains("5.7.1"));
    let mut door = tokio::net::TcpStream::connect(world.running.bounces.unwrap()).await.unwrap();
    let said = stranger(&mut door, &["EHLO x", &format!("MAIL FROM:<{DOCTOR}>"), &format!("RCPT TO:<{PLI}>")]).await;
    assert!(said.contains("550 5.1.1"), "{said}");
    // Software of the practice writes as itself, and answers nothing either.
    assert_eq!(held(&world).await, 1);
    assert_eq!(told(&world, &world.doctor).await.len(), 1);
    assert!(world.relay.caught().is_empty());
    // The owner still can; and one that may write as the owner.
    let address: Address = COLLEAGUE.parse().unwrap();
    world.running.rooms.mailboxes.set_send_as(&address, &[DOCTOR.parse().unwrap()], &[]).await.unwrap();
    let answer = reply(DOCTOR, &question, HIS);
    assert!(submit(&world, (COLLEAGUE, &world.colleague), &[PLI], &answer).await.starts_with("250"));
    assert!(told(&world, &world.doctor).await.pop().unwrap().starts_with("Parti : "), "it is the owner who is told");
    assert_eq!(world.notices(1).await[0].to, PAUL);
    world.running.stop().await;
}

/// What a server hears that is no client of ours.
async fn stranger(door: &mut tokio::net::TcpStream, lines: &[&str]) -> String {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let (reader, mut writer) = door.split();
    let mut reader = BufReader::new(reader);
    let mut said = String::new();
    for line in std::iter::once(None).chain(lines.iter().map(Some)) {
        if let Some(line) = line {
            writer.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        }
        loop {
            let mut heard = String::new();
            reader.read_line(&mut heard).await.unwrap();
            said.push_str(&heard);
            if heard.as_bytes().get(3) != Some(&b'-') {
                break;
            }
        }
    }
    said
}

/// faults.md row 13 (Vaultwarden CVE-2026-43913): whoever is out is so for a message that is on its way too.
async fn fault_13_a_device_that_was_taken_away_answers_nothing(world: World) {
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    let question = newest(&world, &world.doctor).await;
    let address: Address = DOCTOR.parse().unwrap();
    let mailboxes = &world.running.rooms.mailboxes;
    let spare = world.doctor.spare.as_ref().unwrap().password.reveal();
    let device = mailboxes.add_device(&address, DeviceKind::Full, "vieux", "", Some(&spare)).await.unwrap();
    let mut raw = Raw::log_in(&world, DOCTOR, &device.password.reveal()).await;
    raw.envelope(DOCTOR, &[PLI]).await;
    mailboxes.revoke_device(&address, &device.id.to_string()).await.unwrap();
    raw.send(b"DATA\r\n").await;
    let mut heard = raw.reply().await;
    if heard.starts_with("354") {
        raw.send(&[reply(DOCTOR, &question, HIS).as_slice(), b".\r\n"].concat()).await;
        heard = raw.reply().await;
    }
    assert!(!heard.starts_with("250"), "{heard}");
    assert_eq!((held(&world).await, told(&world, &world.doctor).await.len()), (1, 1));
    world.running.stop().await;
}

async fn a_number_of_another_patient_needs_a_yes(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    let again = answered(&world, "06 12 34 56 78").await;
    assert!(again.starts_with("Toujours en attente") && again.contains("une autre personne"), "{again}");
    assert!(again.contains("•• •• •• 56 78 est bien") && world.relay.caught().is_empty(), "{again}");
    // No: then another is asked for, and yes to nothing sends nothing.
    let again = answered(&world, "non").await;
    assert!(!again.contains("56 78"), "{again}");
    assert!(answered(&world, "oui").await.contains("ne suffit pas"));
    // Families share numbers: yes settles this pair for good.
    assert!(answered(&world, "06 12 34 56 78").await.contains("une autre personne"));
    assert!(answered(&world, "Oui.\r\n\r\nDr Martin").await.starts_with("Parti : "));
    world.notices(1).await;
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis [06 12 34 56 78]")).await.unwrap();
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    let notices = world.notices(3).await;
    assert!(notices.iter().all(|notice| notice.to == PAUL));
    opened(&world, &world.browser(), &notices[2].link()).await;
    assert_eq!(world.gateway.last().to, "+33612345678");
    world.running.stop().await;
}

async fn digits_that_were_swapped_are_asked_about(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis [06 12 34 56 87]")).await.unwrap();
    let question = told(&world, &world.doctor).await.pop().unwrap();
    assert!(question.contains("n'est pas celui qui est connu") && question.contains("•• •• •• 56 87"), "{question}");
    // The number of the directory is right.
    let news = answered(&world, "pardon, 06 12 34 56 78").await;
    assert!(news.starts_with("Parti : "), "{news}");
    opened(&world, &world.browser(), &world.notices(1).await[0].link()).await;
    assert_eq!(world.gateway.last().to, "+33612345678");
    assert_eq!(world.count("SELECT COUNT(*) FROM learned_numbers").await, 0, "the directory knew it");
    world.running.stop().await;
}

async fn a_number_that_came_to_somebody_else_is_not_used_any_more(world: World) {
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    answered(&world, HIS).await;
    world.notices(1).await;
    // Paul gave his number up; the operator gave it to Jeanne, who is in the directory with it.
    world.add_patient(JEANNE, HIS).await;
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    let question = told(&world, &world.doctor).await.pop().unwrap();
    assert!(question.starts_with("En attente : ") && question.contains("une autre personne"), "{question}");
    assert!(answered(&world, "06 11 22 33 44").await.contains("n'est pas celui qui est connu"));
    assert!(answered(&world, "oui").await.starts_with("Parti : "));
    opened(&world, &world.browser(), &world.notices(2).await[1].link()).await;
    assert_eq!(world.gateway.last().to, "+33611223344");
    world.running.stop().await;
}

/// R-B1: 06 12 34 56 78 is a mobile of France and of Monaco.
async fn in_monaco_a_number_is_two_persons_until_its_country_is_said(world: World) {
    let neighbours = vec!["FR".to_owned(), "IT".to_owned()];
    let monaco = PracticeProfile { region: "MC".to_owned(), neighbours, telephone: String::new(), ..profile() };
    world.running.rooms.deliveries.set_practice(world.practice, monaco).await.unwrap();
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis [06 12 34 56 78]")).await.unwrap();
    let question = told(&world, &world.doctor).await.pop().unwrap();
    assert!(question.contains("plusieurs pays") && question.contains("+377"), "{question}");
    assert!(answered(&world, "06 12 34 56 78").await.contains("plusieurs pays"));
    assert!(world.relay.caught().is_empty());
    assert!(answered(&world, "+377 6 12 34 56 78").await.starts_with("Parti : "));
    opened(&world, &world.browser(), &world.notices(1).await[0].link()).await;
    assert_eq!(world.gateway.last().to, "+377612345678");
    world.running.stop().await;
}

/// R-B4: a colleague answers to all, and the client took somebody's number along as an address.
async fn a_reply_to_all_with_somebodys_number_is_held(world: World) {
    let number = "+33612345678@sms.cabinet.example";
    let to = format!("{JEANNE}, {number}, {COLLEAGUE}");
    world.submit(&[JEANNE, number, COLLEAGUE], &letters::plain(&to, "Avis")).await.unwrap();
    world.notices(1).await;
    let theirs = world.read(&world.colleague, FolderRole::Inbox).await.remove(0);
    assert!(!String::from_utf8_lossy(&theirs).contains("33612345678"), "the colleague never sees it");
    // An address book had it all the same. To the doctor it goes; the patient waits.
    let to = format!("{DOCTOR}, {PAUL}, {number}");
    let answer = String::from_utf8(letters::plain(&to, "Re: Avis"))
        .unwrap()
        .replace(&format!("From: {DOCTOR}"), &format!("From: {COLLEAGUE}"));
    let heard = submit(&world, (COLLEAGUE, &world.colleague), &[DOCTOR, PAUL, number], answer.as_bytes()).await;
    assert!(heard.starts_with("250"), "{heard}");
    let question = told(&world, &world.colleague).await.pop().unwrap();
    assert!(question.contains(PAUL) && question.contains("ancien message"), "{question}");
    assert_eq!((held(&world).await, world.relay.caught().len()), (1, 1));
    let came = newest(&world, &world.doctor).await;
    assert!(!String::from_utf8_lossy(&came).contains("sms.cabinet.example"));
    world.running.stop().await;
}

async fn no_takes_a_number_back_until_a_code_was_asked_for(world: World) {
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    answered(&world, "06 98 76 54 23").await;
    let link = world.notices(1).await[0].link();
    world.state(DeliveryState::Notified).await;
    let question = answered(&world, "Non").await;
    assert!(question.starts_with("Suspendu : ") && question.contains(PAUL), "{question}");
    // The link that left opens nothing meanwhile, and no code goes to the wrong telephone.
    let browser = world.browser();
    let page = browser.get(&link).await;
    assert!(page.forms().iter().all(|form| !form.action.ends_with("/code")), "{}", page.text());
    assert!(world.gateway.caught().is_empty());
    // A message later: the wrong number was forgotten.
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    assert_eq!(held(&world).await, 2);
    let second = newest(&world, &world.doctor).await;
    assert!(String::from_utf8_lossy(&second).contains("Aucun"));
    // The right one, given to the first question: the same link opens with a code to it.
    let letters = world.read(&world.doctor, FolderRole::Inbox).await;
    let first = &letters[letters.len() - 2];
    submit(&world, (DOCTOR, &world.doctor), &[PLI], &reply(DOCTOR, first, HIS)).await;
    assert!(told(&world, &world.doctor).await.pop().unwrap().starts_with("Parti : "));
    assert_eq!(world.relay.caught().len(), 1, "no second notice for the same link");
    opened(&world, &browser, &link).await;
    assert_eq!(world.gateway.last().to, "+33698765432");
    let letters = world.read(&world.doctor, FolderRole::Inbox).await;
    let sent = letters.iter().rfind(|octets| String::from_utf8_lossy(octets).contains("54 32")).unwrap();
    submit(&world, (DOCTOR, &world.doctor), &[PLI], &reply(DOCTOR, sent, "non")).await;
    let late = told(&world, &world.doctor).await.pop().unwrap();
    assert!(late.starts_with("Trop tard : "), "{late}");
    world.running.stop().await;
}

async fn another_number_takes_the_place_of_a_wrong_one(world: World) {
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    answered(&world, "06 98 76 54 23").await;
    let link = world.notices(1).await[0].link();
    world.state(DeliveryState::Notified).await;
    assert!(answered(&world, "06 98 76 54 23").await.starts_with("Déjà parti : "));
    let news = answered(&world, "Pardon, c'est le 06 98 76 54 32").await;
    assert!(news.starts_with("Parti : ") && news.contains("54 32"), "{news}");
    // A code that was only asked for is enough: then nothing is changed any more.
    asked(&world.browser(), &link).await;
    assert_eq!(world.gateway.last().to, "+33698765432");
    assert!(answered(&world, "06 11 22 33 44").await.starts_with("Trop tard : "));
    assert_eq!(world.relay.caught().len(), 1);
    world.running.stop().await;
}

async fn cancel_ends_it(world: World) {
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    let question = newest(&world, &world.doctor).await;
    assert!(answered(&world, "Annuler").await.starts_with("Annulé : "));
    world.state(DeliveryState::Recalled).await;
    assert_eq!(
        world.count("SELECT COUNT(*) FROM deliveries WHERE esk IS NOT NULL OR ticket_sealed IS NOT NULL").await,
        0
    );
    submit(&world, (DOCTOR, &world.doctor), &[PLI], &reply(DOCTOR, &question, HIS)).await;
    assert!(told(&world, &world.doctor).await.pop().unwrap().starts_with("Cette question est close"));
    world.pass(Duration::from_secs(3 * 86_400));
    world.running.rooms.deliveries.tell_holds().await.unwrap();
    assert_eq!(told(&world, &world.doctor).await.len(), 3, "nobody is reminded of it");
    assert!(world.relay.caught().is_empty());
    world.running.stop().await;
}

async fn what_is_no_answer_is_asked_again(world: World) {
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    for (text, says) in [
        ("merci", "ni numéro ni"),
        ("06 98 76 54 32 ou 06 11 22 33 44", "•• •• •• 54 32, •• •• •• 33 44"),
        ("oui\r\n06 98 76 54 32", "à la fois"),
        ("06 98 76 54", "n'existe pas"),
        ("", "ni numéro ni"),
    ] {
        let again = answered(&world, text).await;
        assert!(again.starts_with("Toujours en attente") && again.contains(says), "{text}: {again}");
    }
    // To nobody's question: a new message, and one whose thread was lost.
    let new = letters::plain(PLI, "Bonjour");
    assert!(submit(&world, (DOCTOR, &world.doctor), &[PLI], &new).await.starts_with("250"));
    assert!(told(&world, &world.doctor).await.pop().unwrap().contains("aucune question en attente"));
    // With others beside it: they get what was written, and see nothing of the service address.
    let question = world.read(&world.doctor, FolderRole::Inbox).await.swap_remove(0);
    let answer = String::from_utf8(reply(DOCTOR, &question, HIS)).unwrap();
    let answer = answer.replace(&format!("To: Pli <{PLI}>"), &format!("To: Pli <{PLI}>, {COLLEAGUE}"));
    assert!(submit(&world, (DOCTOR, &world.doctor), &[PLI, COLLEAGUE], answer.as_bytes()).await.starts_with("250"));
    let theirs = String::from_utf8(world.read(&world.colleague, FolderRole::Inbox).await.remove(0)).unwrap();
    assert!(!theirs.contains(&format!("<{PLI}>")) && theirs.contains(HIS), "{theirs}");
    assert_eq!(world.notices(1).await[0].to, PAUL);
    assert_eq!(held(&world).await, 0);
    world.running.stop().await;
}

/// R-B5, R-S30: a signature has the doctor's own telephone.
async fn a_number_of_the_practice_or_of_a_signature_answers_nothing(world: World) {
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    let question = newest(&world, &world.doctor).await;
    assert!(answered(&world, "le cabinet : 01 99 00 12 34").await.contains("celui du cabinet"));
    // Two messages to anybody with the same number in them.
    for n in 0..2 {
        let letter = String::from_utf8(letters::plain(COLLEAGUE, "Avis")).unwrap();
        let letter = letter.replace("<p1@", &format!("<q{n}@")) + "Claire Martin, 06 88 77 66 55\r\n";
        world.submit(&[COLLEAGUE], letter.as_bytes()).await.unwrap();
    }
    submit(&world, (DOCTOR, &world.doctor), &[PLI], &reply(DOCTOR, &question, "je cherche\r\n06 88 77 66 55")).await;
    let again = told(&world, &world.doctor).await.pop().unwrap();
    assert!(again.contains("de votre signature") && world.relay.caught().is_empty(), "{again}");
    // Beside it the patient's counts.
    let news = answered(&world, "06 98 76 54 32\r\n06 88 77 66 55").await;
    assert!(news.starts_with("Parti : ") && news.contains("54 32"), "{news}");
    world.running.stop().await;
}

/// RFC 3834: whatever a program sends changes nothing and is answered by nobody.
async fn programs_and_letters_never_answer_one_another(world: World) {
    world.submit(&[PAUL], &letters::plain(PAUL, "Avis")).await.unwrap();
    let question = newest(&world, &world.doctor).await;
    let absent = "Je suis absente. En cas d'urgence : 04 93 00 11 22";
    for field in [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "Precedence: bulk",
        "List-Id: <x.cabinet.example>",
        "Subject: Réponse automatique : Re: Avis",
    ] {
        let mut answer = String::from_utf8(reply(DOCTOR, &question, absent)).unwrap();
        if field.starts_with("Subject") {
            answer = answer.replace("Subject: RE: Re: Avis", field);
        }
        let answer = format!("{}\r\n{answer}", if field.starts_with("Subject") { "X-A: b" } else { field });
        let heard = submit(&world, (DOCTOR, &world.doctor), &[PLI], answer.as_bytes()).await;
        assert!(heard.starts_with("250"), "{field}: {heard}");
    }
    // A receipt of reading, a report, and the letter itself sent back by a rule.
    let report = format!(
        "From: {DOCTOR}\r\nSubject: Lu\r\nIn-Reply-To: <{}>\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\n{absent}\r\n--b--\r\n",
        mail_parser::MessageParser::default().parse(&question).unwrap().message_id().unwrap()
    );
    submit(&world, (DOCTOR, &world.doctor), &[PLI], report.as_bytes()).await;
    let back = String::from_utf8(question).unwrap().replace(&format!("From: Pli <{PLI}>"), &format!("From: {DOCTOR}"));
    submit(&world, (DOCTOR, &world.doctor), &[PLI], back.as_bytes()).await;
    assert_eq!((told(&world, &world.doctor).await.len(), held(&world).await), (1, 1));
    // And a client that says nothing of it cannot go on for ever.
    for n in 0..25 {
        let answer = reply(DOCTOR, &world.read(&world.doctor, FolderRole::Inbox).await[0], &format!("absente {n}"));
        submit(&world, (DOCTOR, &world.doctor), &[PLI], &answer).await;
    }
    assert_eq!(told(&world, &world.doctor).await.len(), 20);
    until(async || world.count("SELECT COUNT(*) FROM outbox").await == 0).await;
    assert!(world.relay.caught().is_empty());
    world.running.stop().await;
}

/// faults.md row 9: a number is taken back between the moment a right code is read and the one it is taken. It went to the
/// number of before.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_09_a_code_to_a_number_that_is_taken_back_meanwhile_opens_nothing() {
    use sqlx::{Connection, Executor};

    let Some(world) = World::postgres().await else { return };
    let (_, link) = crate::letter::sent(&world, &letters::pdf(5_000)).await;
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    let code = world.gateway.last().code();
    let mut sender = sqlx::PgConnection::connect(&world.database).await.unwrap();
    sender.execute("BEGIN").await.unwrap();
    sender.execute("UPDATE deliveries SET state = 'held'").await.unwrap();
    // The code waits for the row that is being changed.
    let takes_back = async {
        let waits =
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        until(async || world.count(waits).await > 0).await;
        sender.execute("COMMIT").await.unwrap();
    };
    let (typed, ()) = tokio::join!(crate::letter::typed(&browser, &page, &code), takes_back);
    assert_ne!(typed.url.path(), "/letter", "{}", typed.text());
    assert_eq!(world.count("SELECT COUNT(*) FROM portal_sessions").await, 0);
    world.running.stop().await;
}
