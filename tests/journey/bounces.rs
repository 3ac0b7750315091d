//! What comes back of notices by the bounces door: brought by another server (lettre, swaks) as servers do, and told
//! to the sender in INBOX.

use std::process::Command;

use lettre::address::Envelope;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use mail_parser::MimeHeaders as _;
use pli::domain::{DeliveryState, FolderRole};

use crate::letters;
use crate::relay::Mail;
use crate::world::{DOCTOR, JEANNE, World, until};

super::on_both! {
    fault_43_each_failure_class_comes_back_to_the_inbox
    fault_46_ten_gigabytes_in_ten_megabytes_are_refused_and_nothing_is_unpacked
    a_bounce_counts_once_and_only_while_it_can_be_true
    who_does_not_know_the_notice_ends_nothing
    a_reply_gets_one_answer_in_a_day_and_is_read_by_nobody
    who_wants_no_report_gets_no_letter_of_a_bounce
    swaks_brings_a_bounce_over_starttls
}

/// The From of notices.
const FROM: &str = "ne-pas-repondre@cabinet.example";

/// Another server: with STARTTLS, as servers of this day do, or in clear.
pub async fn bring(world: &World, from: Option<&str>, to: &str, octets: &[u8]) -> Result<(), String> {
    let door = world.running.bounces.unwrap();
    let authority = Certificate::from_pem(&std::fs::read(&world.authority).unwrap()).unwrap();
    let tls =
        TlsParameters::builder("mail.cabinet.example".to_owned()).add_root_certificate(authority).build().unwrap();
    let server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(door.ip().to_string())
        .port(door.port())
        .tls(if octets.len().is_multiple_of(2) { Tls::Required(tls) } else { Tls::None })
        .build();
    let from = from.map(|from| from.parse().unwrap());
    let envelope = Envelope::new(from, vec![to.parse().unwrap()]).unwrap();
    server.send_raw(&envelope, octets).await.map(drop).map_err(|error| error.to_string())
}

/// A report as Postfix makes it, with the notice that came back.
pub fn report(notice: &Mail, action: &str, status: &str, said: &str) -> Vec<u8> {
    let came = String::from_utf8_lossy(&notice.octets);
    format!(
        "From: MAILER-DAEMON@relay.example (Mail Delivery System)\r\nTo: {}\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         Date: Fri, 15 Jan 2027 09:01:00 +0100\r\nMessage-ID: <dsn1@relay.example>\r\nAuto-Submitted: auto-replied\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nThis is the mail system at host relay.example.\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n\
         Final-Recipient: rfc822; {}\r\nAction: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {said}\r\n\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\n{came}\r\n--b--\r\n",
        notice.from, notice.to
    )
    .into_bytes()
}

/// Submits a letter to Jeanne, a second after what was before, and gives its notice.
pub async fn notice(world: &World) -> Mail {
    let before = world.relay.caught().len();
    world.pass(std::time::Duration::from_secs(1));
    world.submit(&[JEANNE], &letters::thunderbird(JEANNE, letters::SUBJECT, b"x")).await.unwrap();
    world.notices(before + 1).await;
    world.state(DeliveryState::Notified).await;
    world.relay.last()
}

async fn inbox(world: &World) -> Vec<Vec<u8>> {
    world.read(&world.doctor, FolderRole::Inbox).await
}

/// stalwart#230, maddy#327, Mailu#1473: whatever a server says of a notice, its sender gets a letter, and no mail leaves.
async fn fault_43_each_failure_class_comes_back_to_the_inbox(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let mut told = 0;
    for (status, said, class, why) in [
        ("5.1.1", "550 5.1.1 no such user", "unknown-address", "l'adresse n'existe pas."),
        ("5.2.2", "552 5.2.2 over quota", "full", "la boîte du destinataire est pleine."),
        (
            "5.7.1",
            "554 5.7.1 blocked as spam",
            "spam",
            "le serveur du destinataire a pris l'avis pour un courrier indésirable.",
        ),
        (
            "5.4.4",
            "unable to look up host patient.example",
            "no-server",
            "aucun serveur ne reçoit de courrier pour cette adresse.",
        ),
        ("4.4.7", "delivery time expired", "gave-up", "l'avis n'a pas pu partir malgré plusieurs jours d'essais."),
        (
            "5.3.0",
            "554 5.3.0 not today https://evil.example/",
            "refused",
            "le serveur du destinataire a refusé l'avis.",
        ),
    ] {
        let notice = notice(&world).await;
        let left = world.relay.caught().len();
        let report = report(&notice, "failed", status, said);
        bring(&world, None, &notice.from, &report).await.unwrap();
        // The 250 is there, so what it changed is durable.
        let delivery = world.running.rooms.deliveries.list(None, 1).await.unwrap().remove(0);
        assert_eq!((delivery.state, delivery.failure.unwrap().word()), (DeliveryState::Bounced, class), "{status}");
        told += 1;
        let letters = inbox(&world).await;
        assert_eq!(letters.len(), told, "{class}");
        let letter = letters.last().unwrap();
        let read = mail_parser::MessageParser::default().parse(letter).unwrap();
        let text = read.body_text(0).unwrap();
        assert!(text.starts_with(&format!("Non remis : {why}")), "{text}");
        let bare = said.split(" https").next().unwrap();
        assert!(text.contains(&format!("Son serveur a répondu : smtp; {bare}\r\n")), "{text}");
        assert!(text.contains(JEANNE), "to whom");
        assert_eq!(read.in_reply_to().as_text(), Some("4f6a.canari@cabinet.example"), "under the letter it is about");
        // The report is attached, and with it nothing of the notice: its link would open the letter.
        let kind = read.content_type().unwrap();
        assert_eq!((kind.ctype(), kind.attribute("report-type")), ("multipart", Some("delivery-status")));
        let status_part = String::from_utf8(read.parts[2].contents().to_vec()).unwrap();
        for field in [
            "Reporting-MTA: dns; relay.example\r\n".to_owned(),
            format!("Final-Recipient: rfc822; {JEANNE}\r\nAction: failed\r\nStatus: {status}\r\n"),
            format!("Diagnostic-Code: smtp; {bare}\r\n"),
        ] {
            assert!(status_part.contains(&field), "{status_part}");
        }
        let whole = String::from_utf8_lossy(letter);
        assert!(!whole.contains("/l/") && !whole.contains("evil.example"), "{whole}");
        assert_eq!(world.relay.caught().len(), left, "nothing passes the Internet");
        // The keys are gone: the link of the notice opens nothing any more.
        let page = world.browser().get(&notice.link()).await;
        assert!(page.forms().iter().all(|form| !form.action.ends_with("/code")), "{}", page.text());
    }
    // As text that only people can read, to the address that people answer to.
    let notice = notice(&world).await;
    let came = String::from_utf8_lossy(&notice.octets);
    let qmail = format!(
        "From: MAILER-DAEMON@relay.example\r\nTo: {FROM}\r\nSubject: failure notice\r\n\r\nHi. This is the qmail-send program \
         at relay.example.\r\nI'm afraid I wasn't able to deliver your message to the following addresses.\r\n\
         This is a permanent error; I've given up. Sorry it didn't work out.\r\n\r\n<{JEANNE}>:\r\nSorry, no mailbox here by \
         that name. (#5.1.1)\r\n\r\n--- Below this line is a copy of the message.\r\n\r\n{came}"
    );
    bring(&world, None, FROM, qmail.as_bytes()).await.unwrap();
    let delivery = world.running.rooms.deliveries.list(None, 1).await.unwrap().remove(0);
    assert_eq!((delivery.state, delivery.failure.unwrap().word()), (DeliveryState::Bounced, "unknown-address"));
    assert_eq!(inbox(&world).await.len(), told + 1);
    // What the relay refuses at once comes back too.
    world.relay.answer("552 5.2.2 mailbox full");
    world.pass(std::time::Duration::from_secs(1));
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
    assert_eq!(world.state(DeliveryState::Bounced).await.failure.unwrap().word(), "full");
    assert_eq!(inbox(&world).await.len(), told + 2);
    world.running.stop().await;
}

async fn a_bounce_counts_once_and_only_while_it_can_be_true(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let first = notice(&world).await;
    for (action, status) in [("delayed", "4.4.1"), ("relayed", "2.0.0"), ("delivered", "2.0.0")] {
        bring(&world, None, &first.from, &report(&first, action, status, "x")).await.unwrap();
        world.state(DeliveryState::Notified).await;
    }
    assert!(inbox(&world).await.is_empty());
    let gone = report(&first, "failed", "5.1.1", "550 no");
    let both = tokio::join!(bring(&world, None, &first.from, &gone), bring(&world, None, FROM, &gone));
    assert_eq!(both, (Ok(()), Ok(())), "the other server need not keep it");
    bring(&world, None, &first.from.to_uppercase(), &gone).await.unwrap();
    world.state(DeliveryState::Bounced).await;
    assert_eq!(inbox(&world).await.len(), 1);
    // Whoever has read the letter has got the notice, whatever a server says days later.
    let second = notice(&world).await;
    let browser = world.browser();
    let page = crate::letter::opened(&world, &browser, &second.link()).await;
    assert_eq!(page.url.path(), "/letter");
    world.state(DeliveryState::Opened).await;
    bring(&world, None, &second.from, &report(&second, "failed", "5.1.1", "550 no")).await.unwrap();
    world.state(DeliveryState::Opened).await;
    assert_eq!(browser.get(page.url.as_str()).await.status, 200, "the page stays open");
    let after = inbox(&world).await;
    assert_eq!(after.len(), 2, "the receipt of the opening, and no more");
    world.running.stop().await;
}

/// A report of DMARC (RFC 7489 §7.2.1.1) whose gzip has so many MiB of zeros, in a kilobyte each (RFC 1952 §2.2).
fn packed(to: &str, mebibytes: usize) -> Vec<u8> {
    let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
    let begin = hex("1f8b0800000000000203edc13101000000c2a0f54f6d085fa0");
    let member = [begin, vec![0; 1016], hex("3e031cea38a700001000")].concat();
    let body = data_encoding::BASE64.encode(&member.repeat(mebibytes));
    let lines: Vec<&str> = body.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!(
        "From: noreply-dmarc@isp.example\r\nTo: {to}\r\nSubject: Report Domain: cabinet.example\r\n\
         Message-ID: <r1@isp.example>\r\nMIME-Version: 1.0\r\nContent-Type: application/gzip; name=\"report.xml.gz\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        lines.join("\r\n")
    )
    .into_bytes()
}

/// Stalwart `inboundReportMaxSize`: what is too large is refused, what is small is thrown away as it came.
async fn fault_46_ten_gigabytes_in_ten_megabytes_are_refused_and_nothing_is_unpacked(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let notice = notice(&world).await;
    for to in [FROM, &notice.from] {
        let bomb = packed(to, 10 * 1024);
        assert!((10_000_000..20_000_000).contains(&bomb.len()), "{}", bomb.len());
        for from in [None, Some("noreply-dmarc@isp.example")] {
            let refused = bring(&world, from, to, &bomb).await.unwrap_err();
            assert!(refused.contains("552") && refused.contains("5.3.4"), "{refused}");
        }
    }
    // A quarter of a gigabyte in a size that is taken: about nothing of ours, or of no meaning.
    let small = packed(FROM, 256);
    let began = std::time::Instant::now();
    let refused = bring(&world, None, FROM, &small).await.unwrap_err();
    assert!(refused.contains("5.7.1"), "{refused}");
    bring(&world, None, &notice.from, &small).await.unwrap();
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
    world.state(DeliveryState::Notified).await;
    assert!(inbox(&world).await.is_empty());
    assert_eq!(world.relay.caught().len(), 1, "nobody answers a report");
    world.running.stop().await;
}

async fn who_does_not_know_the_notice_ends_nothing(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let notice = notice(&world).await;
    let dsn = report(&notice, "failed", "5.1.1", "550 no");
    let (local, domain) = notice.from.split_once('@').unwrap();
    let last = if local.ends_with('0') { '1' } else { '0' };
    let forged = format!("{}{last}", &local[..local.len() - 1]);
    for (to, code) in [
        (format!("{forged}@{domain}"), "5.1.1"),
        (format!("bounce@{domain}"), "5.1.1"),
        (DOCTOR.to_owned(), "5.1.1"),
        (format!("pli@{domain}"), "5.1.1"),
        (JEANNE.to_owned(), "5.7.1"),
        (format!("{forged}@elsewhere.example"), "5.7.1"),
    ] {
        let refused = bring(&world, None, &to, &dsn).await.unwrap_err();
        assert!(refused.contains("550") && refused.contains(code), "{to}: {refused}");
    }
    // In the body as well: the token is that of another server's notice.
    let text = String::from_utf8(dsn).unwrap().replace(local, &forged);
    let id = local.strip_prefix("bounce+").unwrap();
    let text = text.replace(id, forged.strip_prefix("bounce+").unwrap());
    let refused = bring(&world, None, FROM, text.as_bytes()).await.unwrap_err();
    assert!(refused.contains("5.7.1"), "{refused}");
    // A report of ten megabytes is not even read.
    let large = [text.as_bytes(), &b"0123456789abcdef\r\n".repeat(600_000)].concat();
    let refused = bring(&world, None, FROM, &large).await.unwrap_err();
    assert!(refused.contains("5.3.4"), "{refused}");
    world.state(DeliveryState::Notified).await;
    assert!(inbox(&world).await.is_empty());
    world.running.stop().await;
}

async fn a_reply_gets_one_answer_in_a_day_and_is_read_by_nobody(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let notice = notice(&world).await;
    let original =
        mail_parser::MessageParser::default().parse(&notice.octets).unwrap().message_id().unwrap().to_owned();
    let reply = |fields: &str, from: &str| {
        format!(
            "From: {from}\r\nTo: {FROM}\r\nSubject: Re: une lettre\r\nMessage-ID: <r1@patient.example>\r\n\
             In-Reply-To: <{original}>\r\n{fields}\r\nJ'ai mal CANARI-REPONSE-66\r\n"
        )
        .into_bytes()
    };
    let answers = async || {
        let caught = world.relay.caught();
        caught.into_iter().filter(|mail| mail.from.is_empty()).collect::<Vec<Mail>>()
    };
    // Programs, absences, and those without an address are never answered.
    for (fields, from) in
        [("Auto-Submitted: auto-replied\r\n", Some(JEANNE)), ("Precedence: bulk\r\n", Some(JEANNE)), ("", None)]
    {
        bring(&world, from, FROM, &reply(fields, JEANNE)).await.unwrap();
    }
    bring(&world, Some("noreply@patient.example"), FROM, &reply("", JEANNE)).await.unwrap();
    bring(&world, Some(DOCTOR), FROM, &reply("", DOCTOR)).await.unwrap();
    bring(&world, Some(JEANNE), FROM, &reply("", JEANNE)).await.unwrap();
    until(async || !answers().await.is_empty()).await;
    let answer = answers().await.remove(0);
    assert_eq!(answer.to, JEANNE);
    let whole = String::from_utf8_lossy(&answer.octets).into_owned();
    assert!(
        whole.contains("Auto-Submitted: auto-replied\r\n") && whole.contains("In-Reply-To: <r1@patient.example>\r\n")
    );
    assert!(answer.subject().starts_with("Cabinet du Port : personne ne lit"), "{}", answer.subject());
    let text = answer.text();
    for said in ["Personne ne lit", "Nobody reads", "Nessuno legge", "Nadie lee", "никто не читает", "01 99 00 12 34"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(text.starts_with("Personne") && !text.contains("https://") && !text.contains("CANARI"), "{text}");
    // Once in a day, whoever brings it how often; the next day again.
    for _ in 0..3 {
        bring(&world, Some(&JEANNE.to_uppercase()), &notice.from, &reply("", JEANNE)).await.unwrap();
    }
    world.pass(std::time::Duration::from_secs(86_401));
    bring(&world, Some(JEANNE), FROM, &reply("", JEANNE)).await.unwrap();
    until(async || answers().await.len() == 2).await;
    // A notice in a stranger's hand names any writer: a few, and no more.
    for n in 0..6 {
        bring(&world, Some(&format!("victim{n}@elsewhere.example")), FROM, &reply("", JEANNE)).await.unwrap();
    }
    until(async || answers().await.len() == 4).await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(answers().await.len(), 4, "three about one notice in a day");
    // Without a notice of ours it is refused while the other server can still say so.
    let refused =
        bring(&world, Some(JEANNE), FROM, b"From: a@b.example\r\nSubject: x\r\n\r\nBonjour\r\n").await.unwrap_err();
    assert!(refused.contains("5.7.1") && refused.contains("Nobody reads"), "{refused}");
    world.state(DeliveryState::Notified).await;
    assert!(inbox(&world).await.is_empty());
    let kept = "SELECT id FROM answers WHERE writer_sealed IS NOT NULL";
    assert_eq!(world.sql(&format!("UPDATE answers SET attempts = attempts WHERE id IN ({kept})")).await, 0, "erased");
    for file in crate::thief::files(world.folder.path()) {
        let octets = std::fs::read(&file).unwrap();
        for canary in ["CANARI-REPONSE-66", "victim1", "r1@patient"] {
            assert!(!octets.windows(canary.len()).any(|w| w == canary.as_bytes()), "{}: {canary}", file.display());
        }
    }
    world.running.stop().await;
}

async fn who_wants_no_report_gets_no_letter_of_a_bounce(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let password = world.doctor.device.password.reveal();
    let letter = String::from_utf8(letters::plain(JEANNE, "Avis")).unwrap();
    let lines = [
        "EHLO c".to_owned(),
        crate::doors::auth(DOCTOR, &password),
        format!("MAIL FROM:<{DOCTOR}>"),
        format!("RCPT TO:<{JEANNE}> NOTIFY=NEVER"),
        "DATA".to_owned(),
        format!("{letter}."),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert!(world.dialogue(&lines).await.contains("250 2.0.0"));
    world.state(DeliveryState::Notified).await;
    let notice = world.relay.last();
    bring(&world, None, &notice.from, &report(&notice, "failed", "5.1.1", "550 no")).await.unwrap();
    world.state(DeliveryState::Bounced).await;
    assert!(inbox(&world).await.is_empty());
    world.running.stop().await;
}

async fn swaks_brings_a_bounce_over_starttls(world: World) {
    if Command::new("swaks").arg("--version").output().is_err() {
        assert!(variable("PLI_TEST_ALL").as_deref() != Some("1"), "swaks is not installed");
        return;
    }
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let notice = notice(&world).await;
    let file = world.folder.path().join("dsn");
    std::fs::write(&file, report(&notice, "failed", "5.2.2", "552 5.2.2 full")).unwrap();
    let door = world.running.bounces.unwrap().to_string();
    let run = |to: &str| {
        let mut swaks = Command::new("swaks");
        swaks.args(["--server", &door, "--ehlo", "mx.relay.example", "--tls", "--from", "<>", "--to", to, "--data"]);
        let done = swaks.arg(format!("@{}", file.display())).output().unwrap();
        (done.status.success(), String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let to = notice.from.clone();
    let (done, heard) = tokio::task::block_in_place(|| run(&to));
    assert!(done && heard.contains("250 2.0.0 Taken"), "{heard}");
    world.state(DeliveryState::Bounced).await;
    assert_eq!(inbox(&world).await.len(), 1);
    let (done, heard) = tokio::task::block_in_place(|| run(JEANNE));
    assert!(!done && heard.contains("550 5.7.1"), "{heard}");
    world.running.stop().await;
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
