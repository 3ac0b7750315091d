//! Reports that a mail client asked for in the envelope (RFC 3461), read as a mail client reads them.

use pli::domain::{DeliveryState, FolderRole};

use crate::doors::auth;
use crate::letters;
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, World, until};

super::on_both! {
    a_delivery_to_a_colleague_is_reported_with_the_headers
    a_notice_that_left_is_reported_as_relayed
    who_wants_no_report_gets_none
    what_the_client_wrote_into_its_envelope_is_not_readable_at_rest
}

const ENVID: &str = "CANARI-ENVID-3b";

/// Submits with parameters to MAIL, and recipients with theirs.
async fn send(world: &World, mail: &str, to: &[&str], letter: &[u8]) -> String {
    let login = auth(DOCTOR, &world.doctor.device.password.reveal());
    let mut lines = vec!["EHLO client.example".to_owned(), login, format!("MAIL FROM:<{DOCTOR}> {mail}")];
    lines.extend(to.iter().map(|to| format!("RCPT TO:{to}")));
    lines.push("DATA".to_owned());
    lines.push(format!("{}.", String::from_utf8_lossy(letter)));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let heard = world.dialogue(&lines).await;
    assert!(heard.contains("250-DSN\r\n") && heard.contains("250 2.0.0 "), "{heard}");
    heard
}

async fn reports(world: &World) -> Vec<String> {
    let all = world.read(&world.doctor, FolderRole::Inbox).await;
    all.into_iter().map(|octets| String::from_utf8(octets).unwrap()).collect()
}

/// Content type and decoded text of each part.
fn parts(report: &str) -> Vec<(String, String)> {
    use mail_parser::MimeHeaders as _;
    let read = mail_parser::MessageParser::default().parse(report.as_bytes()).unwrap();
    let kind = read.content_type().unwrap();
    assert_eq!(
        (kind.ctype(), kind.subtype(), kind.attribute("report-type")),
        ("multipart", Some("report"), Some("delivery-status"))
    );
    let named = |part: &mail_parser::MessagePart<'_>| {
        let kind = part.content_type()?;
        Some((format!("{}/{}", kind.ctype(), kind.subtype()?), String::from_utf8_lossy(part.contents()).into_owned()))
    };
    read.parts.iter().skip(1).filter_map(named).collect()
}

async fn a_delivery_to_a_colleague_is_reported_with_the_headers(world: World) {
    let letter = letters::thunderbird(COLLEAGUE, letters::SUBJECT, &letters::pdf(100_000));
    let colleague = format!("<{COLLEAGUE}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Ugo+2Bavis@cabinet.example");
    // RET=FULL is for failures (RFC 3461 §4.3).
    send(&world, &format!("ENVID={ENVID}+2B1 RET=FULL"), &[&colleague, &format!("<{DOCTOR}> NOTIFY=FAILURE")], &letter)
        .await;
    assert!(
        world.read(&world.colleague, FolderRole::Inbox).await == [letter.clone()],
        "the colleague sees nothing of it"
    );
    let inbox = reports(&world).await;
    assert_eq!(inbox.len(), 2, "a copy of the letter, and one report");
    let report = inbox.iter().find(|octets| octets.contains("multipart/report")).unwrap();
    assert!(report.contains(&format!("Subject: Re: {}\r\n", letters::SUBJECT)), "{report}");
    assert!(
        report.contains("In-Reply-To: <4f6a.canari@cabinet.example>\r\n")
            && report.contains("Auto-Submitted: auto-replied")
    );
    assert!(!report.contains(letters::BODY), "headers alone");
    let parts = parts(report);
    assert_eq!(
        parts[0],
        (
            "text/plain".to_owned(),
            format!(
                "Remis. Le message est dans la boîte de :\r\n\r\n{COLLEAGUE}\r\n\r\nVotre messagerie a demandé cet avis \
                 de remise. Il vient de votre serveur Pli. Il est inutile d'y répondre.\r\n"
            )
        )
    );
    assert_eq!(parts[1].0, "message/delivery-status");
    assert_eq!(
        parts[1].1.trim_end(),
        format!(
            "Original-Envelope-Id: {ENVID}+1\r\nReporting-MTA: dns; mail.cabinet.example\r\n\
             Arrival-Date: Fri, 15 Jan 2027 09:00:00 +0100\r\n\r\n\
             Original-Recipient: rfc822;Ugo+avis@cabinet.example\r\nFinal-Recipient: rfc822; {COLLEAGUE}\r\n\
             Action: delivered\r\nStatus: 2.0.0"
        )
    );
    let end = letter.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 2;
    let header = String::from_utf8(letter[..end].to_vec()).unwrap();
    assert_eq!((parts[2].0.as_str(), parts[2].1.trim_end()), ("text/rfc822-headers", header.trim_end()));
    world.running.stop().await;
}

async fn a_notice_that_left_is_reported_as_relayed(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let letter = letters::plain(JEANNE, "Avis");
    let to = format!("<{JEANNE}> NOTIFY=SUCCESS ORCPT=rfc822;{JEANNE}");
    send(&world, &format!("ENVID={ENVID}"), &[&to], &letter).await;
    world.state(DeliveryState::Notified).await;
    let inbox = reports(&world).await;
    assert_eq!(inbox.len(), 1);
    let parts = parts(&inbox[0]);
    assert!(inbox[0].contains("Subject: Re: Avis\r\n") && inbox[0].contains("In-Reply-To: <p1@cabinet.example>"));
    assert!(parts[0].1.starts_with("Avis envoyé.") && parts[0].1.contains("à la première ouverture"), "{}", parts[0].1);
    for field in [
        format!("Original-Envelope-Id: {ENVID}\r\n"),
        format!("Original-Recipient: rfc822;{JEANNE}\r\nFinal-Recipient: rfc822; {JEANNE}\r\n"),
        "Action: relayed\r\nStatus: 2.0.0\r\n".to_owned(),
    ] {
        assert!(parts[1].1.contains(&field), "{}", parts[1].1);
    }
    assert_eq!(parts.len(), 2, "the header is the sender's alone");
    world.running.stop().await;
}

async fn who_wants_no_report_gets_none(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.relay.answer("550 5.1.1 nobody here");
    let letter = letters::plain(JEANNE, "Avis");
    for (asked, told) in [("NOTIFY=NEVER", 0), ("NOTIFY=SUCCESS", 1), ("", 2)] {
        send(&world, "", &[&format!("<{JEANNE}> {asked}"), &format!("<{COLLEAGUE}> NOTIFY=NEVER")], &letter).await;
        let bounced = async || {
            let list = world.running.rooms.deliveries.list(None, 10).await.unwrap();
            list.iter().all(|delivery| delivery.state == DeliveryState::Bounced)
        };
        until(bounced).await;
        assert_eq!(reports(&world).await.len(), told, "{asked}");
    }
    assert!(reports(&world).await.iter().all(|receipt| !receipt.contains("multipart/report")));
    world.running.stop().await;
}

async fn what_the_client_wrote_into_its_envelope_is_not_readable_at_rest(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let to = format!("<{JEANNE}> NOTIFY=SUCCESS ORCPT=rfc822;canari-orcpt-91@patient.example");
    send(&world, &format!("ENVID={ENVID}"), &[&to], &letters::plain(JEANNE, "Avis")).await;
    world.state(DeliveryState::Notified).await;
    let sealed = "SELECT id FROM deliveries WHERE report_sealed IS NOT NULL";
    assert_eq!(world.sql(&format!("UPDATE deliveries SET tries = tries WHERE id IN ({sealed})")).await, 1);
    for file in crate::thief::files(world.folder.path()) {
        let octets = std::fs::read(&file).unwrap();
        for canary in [ENVID.as_bytes(), b"canari-orcpt-91"] {
            assert!(!octets.windows(canary.len()).any(|window| window == canary), "{}", file.display());
        }
    }
    // On PostgreSQL the column itself is looked at, where it reads as hexadecimal.
    let hex = data_encoding::HEXLOWER.encode(ENVID.as_bytes());
    let text = "CAST(report_sealed AS TEXT)";
    let clear = format!("UPDATE deliveries SET tries = tries WHERE {text} LIKE '%{ENVID}%' OR {text} LIKE '%{hex}%'");
    assert_eq!(world.sql(&clear).await, 0);
    world.running.stop().await;
}
