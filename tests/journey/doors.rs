//! The submission door with everything behind it: who may send, to whom, and what is said to who may not.

use std::net::SocketAddr;
use std::sync::Arc;

use pli::domain::FolderRole;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::letters;
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, PAUL, World};

super::on_both! {
    a_colleague_gets_the_exact_octets
    two_outside_recipients_do_not_see_each_other
    who_cannot_be_reached_is_refused_with_the_reason
    fault_16_nobody_sends_as_somebody_else
    fault_38_one_pipeline_and_nothing_is_sealed_twice
    a_revoked_device_is_out_at_once
    fault_18_a_hostile_message_brings_nothing_down
}

/// A TLS connection to a door of the world.
pub async fn secured(world: &World, door: SocketAddr) -> tokio_rustls::client::TlsStream<TcpStream> {
    let tcp = TcpStream::connect(door).await.unwrap();
    let mut roots = rustls::RootCertStore::empty();
    let pem = std::fs::read(&world.authority).unwrap();
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("mail.cabinet.example").unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap()
}

/// Everything the server answers to these lines over TLS on 465, each sent after the answer to the one before.
pub async fn dialogue(world: &World, lines: &[&str]) -> String {
    let mut tls = secured(world, world.running.submissions.unwrap()).await;
    let mut heard = answer(&mut tls).await;
    for line in lines {
        if tls.write_all(line.as_bytes()).await.is_err() || tls.write_all(b"\r\n").await.is_err() {
            break;
        }
        tls.flush().await.unwrap();
        heard.push_str(&answer(&mut tls).await);
    }
    heard
}

/// One reply, of one or more lines.
async fn answer(tls: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut heard = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = tls.read(&mut piece).await.unwrap_or(0);
        heard.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&heard);
        let whole = text.ends_with("\r\n")
            && text.trim_end().rsplit("\r\n").next().is_some_and(|last| last.as_bytes().get(3) != Some(&b'-'));
        if read == 0 || whole {
            return text.into_owned();
        }
    }
}

pub fn auth(user: &str, password: &str) -> String {
    format!("AUTH PLAIN {}", data_encoding::BASE64.encode(format!("\0{user}\0{password}").as_bytes()))
}

pub async fn send(world: &World, to: &[&str], letter: &[u8]) -> String {
    let login = auth(DOCTOR, &world.doctor.device.password.reveal());
    let mut lines = vec!["EHLO client.example".to_owned(), login, format!("MAIL FROM:<{DOCTOR}>")];
    lines.extend(to.iter().map(|to| format!("RCPT TO:<{to}>")));
    lines.push("DATA".to_owned());
    lines.push(format!("{}.", String::from_utf8_lossy(letter)));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    world.dialogue(&lines).await
}

async fn a_colleague_gets_the_exact_octets(world: World) {
    for (subject, size) in [("Avis", 1_000), ("Dossier", 900_000)] {
        let letter = letters::thunderbird(COLLEAGUE, subject, &letters::pdf(size));
        assert!(send(&world, &[COLLEAGUE], &letter).await.contains("250 2.0.0"));
        assert!(world.read(&world.colleague, FolderRole::Inbox).await.contains(&letter));
        assert!(world.read(&world.doctor, FolderRole::Sent).await.contains(&letter));
    }
    assert!(world.relay.caught().is_empty(), "a colleague's mail never leaves");
    world.running.stop().await;
}

async fn two_outside_recipients_do_not_see_each_other(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    world.add_patient(PAUL, "06 98 76 54 32").await;
    let to = format!("Jeanne <{JEANNE}>, Paul <{PAUL}>, {COLLEAGUE}");
    let letter = letters::thunderbird(&to, "Avis", &letters::pdf(200_000));
    let heard = send(&world, &[JEANNE, PAUL, COLLEAGUE], &letter).await;
    assert!(heard.contains("250 2.0.0"), "{heard}");
    assert!(world.read(&world.doctor, FolderRole::Sent).await == std::slice::from_ref(&letter));
    assert!(world.read(&world.colleague, FolderRole::Inbox).await == [letter]);
    let notices = world.notices(2).await;
    for notice in notices {
        let whole = String::from_utf8_lossy(&notice.octets).into_owned() + &notice.text() + &notice.html();
        let other = if notice.to == JEANNE { PAUL } else { JEANNE };
        assert!(!whole.contains(other) && !whole.contains("Martin") && !whole.contains("Avis"), "{whole}");
    }
    world.running.stop().await;
}

async fn who_cannot_be_reached_is_refused_with_the_reason(world: World) {
    let plain = |subject: &str| letters::plain("x@patient.example", subject);
    for (to, says) in [
        ("dr.x@hopital.mssante.fr", "550 5.1.2"),
        ("nobody@cabinet.example", "550 5.1.1"),
        ("accueil@cabinet.example", "550 5.1.1"),
        ("abc@sms.cabinet.example", "550 5.1.3"),
    ] {
        assert!(send(&world, &[to], &plain("Avis")).await.contains(says), "{to}");
    }
    assert!(world.relay.caught().is_empty());
    assert!(world.read(&world.doctor, FolderRole::Sent).await.is_empty(), "what was refused leaves nothing");
    world.running.stop().await;
}

async fn fault_16_nobody_sends_as_somebody_else(world: World) {
    let password = world.doctor.device.password.reveal();
    let heard = world.dialogue(&["EHLO c", &auth(DOCTOR, &password), &format!("MAIL FROM:<{COLLEAGUE}>")]).await;
    assert!(heard.contains("553 5.7.1"), "{heard}");
    for from in [
        format!("From: {COLLEAGUE}"),
        format!("From: {DOCTOR}\r\nFrom: {COLLEAGUE}"),
        format!("From: {DOCTOR}, {COLLEAGUE}"),
        format!("From: {DOCTOR}\r\nSender: {COLLEAGUE}"),
        format!("From: \"{COLLEAGUE}\" <{DOCTOR}>"),
    ] {
        let heard = send(&world, &[COLLEAGUE], format!("{from}\r\nSubject: x\r\n\r\nx\r\n").as_bytes()).await;
        assert!(heard.contains("553 5.7.1"), "{from}: {heard}");
    }
    // A missing From, Date and Message-ID are added, on top.
    let heard = send(&world, &[COLLEAGUE], b"Subject: bare\r\n\r\nx\r\n").await;
    assert!(heard.contains("250 2.0.0"), "{heard}");
    let read = world.read(&world.colleague, FolderRole::Inbox).await;
    let text = String::from_utf8(read[0].clone()).unwrap();
    assert!(
        text.contains(&format!("From: \"Dr Claire Martin\" <{DOCTOR}>\r\n")) && text.contains("Message-ID: <"),
        "{text}"
    );
    assert!(text.ends_with("Subject: bare\r\n\r\nx\r\n"), "{text}");
    let heard = world
        .dialogue(&["EHLO c", &auth(DOCTOR, "wrong"), &auth(COLLEAGUE, &password), &auth("nobody@x.fr", &password)])
        .await;
    assert_eq!(heard.matches("535 5.7.8").count(), 3, "{heard}");
    world.running.stop().await;
}

/// bulwarkmail/webmail#188, stalwart#1083: what is stored is what was sent, and what is encrypted already stays so.
async fn fault_38_one_pipeline_and_nothing_is_sealed_twice(world: World) {
    let pgp = format!(
        "From: {DOCTOR}\r\nTo: {COLLEAGUE}\r\nSubject: ...\r\nMessage-ID: <e@cabinet.example>\r\nDate: Fri, 15 Jan 2027 08:00:00 +0100\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n\
         -----BEGIN PGP MESSAGE-----\r\n\r\nwcBMA...\r\n-----END PGP MESSAGE-----\r\n\r\n--b--\r\n"
    );
    assert!(send(&world, &[COLLEAGUE], pgp.as_bytes()).await.contains("250 2.0.0"));
    assert!(world.read(&world.colleague, FolderRole::Inbox).await == [pgp.as_bytes()]);
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let heard = send(&world, &[JEANNE], pgp.as_bytes()).await;
    assert!(heard.contains("5.6.0") && heard.contains("chiffre"), "no page can show it: {heard}");
    world.running.stop().await;
}

/// mail-parser CVE-2026-26312 and its kin: refused with a reason, and the next letter is served.
async fn fault_18_a_hostile_message_brings_nothing_down(world: World) {
    let head = format!("From: {DOCTOR}\r\nTo: {COLLEAGUE}\r\n");
    let deep = head.clone() + &"Content-Type: message/rfc822\r\n\r\n".repeat(50_000);
    let wide = head.clone() + "Content-Type: multipart/mixed; boundary=a\r\n\r\n" + &"--a\r\n\r\n".repeat(200_000);
    let hidden = "Subject: x\r\nX Y: 1\r\n".to_owned() + &head + "\r\nx\r\n";
    let fields = head.clone() + &"X-A: b\r\n".repeat(10_000) + "\r\nx\r\n";
    for hostile in [deep, wide, hidden, fields] {
        let heard = send(&world, &[COLLEAGUE], hostile.as_bytes()).await;
        assert!(heard.contains("554 5.6.0"), "{}", heard.lines().last().unwrap_or_default());
    }
    // Odd, and taken whole: no end of a multipart, an unknown charset, ten levels of forwarding.
    let nested = (0..10).map(|_| "Content-Type: message/rfc822\r\n\r\n").collect::<String>();
    for odd in [
        "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nx\r\n",
        "Content-Type: text/plain; charset=x-unknown\r\n\r\n\r\n",
        nested.as_str(),
    ] {
        let letter =
            head.clone() + "Message-ID: <o@cabinet.example>\r\nDate: Fri, 15 Jan 2027 08:00:00 +0100\r\n" + odd;
        let heard = send(&world, &[COLLEAGUE], letter.as_bytes()).await;
        assert!(heard.contains("250 2.0.0"), "{heard}");
        assert!(world.read(&world.colleague, FolderRole::Inbox).await.contains(&letter.into_bytes()));
    }
    world.running.stop().await;
}

async fn a_revoked_device_is_out_at_once(world: World) {
    let letter = letters::plain(COLLEAGUE, "Avis");
    assert!(send(&world, &[COLLEAGUE], &letter).await.contains("250 2.0.0"));
    let address = DOCTOR.parse().unwrap();
    let tag = world.doctor.device.password.tag().to_owned();
    world.running.rooms.mailboxes.revoke_device(&address, &tag).await.unwrap();
    assert!(send(&world, &[COLLEAGUE], &letter).await.contains("535 5.7.8"));
    let spare = world.doctor.spare.as_ref().unwrap().password.reveal();
    assert!(world.dialogue(&["EHLO c", &auth(DOCTOR, &spare)]).await.contains("235 2.7.0"), "the spare still opens");
    world.running.stop().await;
}
