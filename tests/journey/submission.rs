//! Submission by every means that EHLO offers: chunks, addresses beyond ASCII.

use pli::domain::{DeliveryState, FolderRole};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::doors::{auth, secured};
use crate::letter::opened;
use crate::letters;
use crate::world::{COLLEAGUE, DOCTOR, JEANNE, World, until};

super::on_both! {
    a_letter_in_chunks_comes_to_the_octet
    a_letter_in_chunks_that_is_not_clean_or_too_large_is_refused_and_the_next_goes
    an_address_beyond_ascii_is_reached_where_the_relay_can
    an_address_beyond_ascii_that_the_relay_cannot_reach_is_told_to_the_sender
}

/// A client of the submission door that sends octets as they are.
pub struct Raw(tokio_rustls::client::TlsStream<tokio::net::TcpStream>);

impl Raw {
    /// Connected, greeted, and logged in as the doctor.
    pub async fn doctor(world: &World) -> Self {
        Self::log_in(world, DOCTOR, &world.doctor.device.password.reveal()).await
    }

    /// Connected and greeted; or told why not.
    pub async fn greeted(world: &World) -> (Self, String) {
        let mut raw = Self(secured(world, world.running.submissions.unwrap()).await);
        let greeting = raw.reply().await;
        (raw, greeting)
    }

    pub async fn log_in(world: &World, user: &str, password: &str) -> Self {
        let (mut raw, greeting) = Self::greeted(world).await;
        assert!(greeting.starts_with("220"), "{greeting}");
        raw.say("EHLO client.example", "250").await;
        raw.say(&auth(user, password), "235").await;
        raw
    }

    pub async fn send(&mut self, octets: &[u8]) {
        self.0.write_all(octets).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// One reply with all its lines; empty when the connection is closed.
    pub async fn reply(&mut self) -> String {
        let mut heard = Vec::new();
        loop {
            let mut octet = [0];
            if self.0.read(&mut octet).await.unwrap_or(0) == 0 {
                return String::from_utf8(heard).unwrap();
            }
            heard.push(octet[0]);
            if heard.ends_with(b"\r\n") {
                let begin = heard[..heard.len() - 2].iter().rposition(|octet| *octet == b'\n').map_or(0, |at| at + 1);
                if heard.get(begin + 3) != Some(&b'-') {
                    return String::from_utf8(heard).unwrap();
                }
            }
        }
    }

    /// A line, and a reply that must begin so.
    pub async fn say(&mut self, line: &str, code: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes()).await;
        let reply = self.reply().await;
        assert!(reply.starts_with(code), "{line}: wanted {code}, got {reply}");
        reply
    }

    pub async fn envelope(&mut self, from: &str, to: &[&str]) {
        self.say(&format!("MAIL FROM:<{from}>"), "250").await;
        for to in to {
            self.say(&format!("RCPT TO:<{to}>"), "250").await;
        }
    }

    /// Sends a message in chunks that end at these places, all at once; the replies.
    pub async fn chunks(&mut self, octets: &[u8], places: &[usize]) -> Vec<String> {
        let (mut from, mut wire) = (0, Vec::new());
        for place in places {
            wire.extend(format!("BDAT {}\r\n", place - from).bytes().chain(octets[from..*place].iter().copied()));
            from = *place;
        }
        wire.extend(format!("BDAT {} LAST\r\n", octets.len() - from).bytes().chain(octets[from..].iter().copied()));
        self.send(&wire).await;
        let mut replies = Vec::new();
        for _ in 0..=places.len() {
            replies.push(self.reply().await);
        }
        replies
    }
}

async fn a_letter_in_chunks_comes_to_the_octet(world: World) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let mut raw = Raw::doctor(&world).await;
    let letter = letters::thunderbird(COLLEAGUE, "Avis", &letters::pdf(300_000));
    // The last line of a message need not have an end (RFC 3030 §3); dots mean nothing.
    let head = format!(
        "From: {DOCTOR}\r\nTo: {COLLEAGUE}\r\nDate: Fri, 15 Jan 2027 08:00:00 +0100\r\nMessage-ID: <c@cabinet.example>\r\n"
    );
    let open = format!("{head}\r\n.\r\n..\r\nMAIL FROM:<{COLLEAGUE}>\r\nno end").into_bytes();
    let bare = head.strip_suffix("\r\n").unwrap().as_bytes().to_vec();
    let cut = letter.windows(2).position(|two| two == b"\r\n").unwrap() + 1;
    for (octets, places) in [(&letter, vec![1, cut, 100_000, 100_000]), (&open, vec![20]), (&bare, vec![])] {
        raw.envelope(DOCTOR, &[COLLEAGUE]).await;
        let replies = raw.chunks(octets, &places).await;
        assert!(replies.last().unwrap().contains("accepted and sealed"), "{replies:?}");
        assert!(replies[..places.len()].iter().all(|reply| reply.starts_with("250 2.0.0 Chunk")), "{replies:?}");
    }
    assert_eq!(world.read(&world.colleague, FolderRole::Inbox).await, [letter, open, bare]);
    // To a patient too, whose page shows it.
    let letter = letters::thunderbird(JEANNE, letters::SUBJECT, &letters::pdf(100_000));
    raw.envelope(DOCTOR, &[JEANNE]).await;
    assert!(raw.chunks(&letter, &[5_000]).await[1].contains("accepted and sealed"));
    let link = world.notices(1).await[0].link();
    let page = opened(&world, &world.browser(), &link).await;
    assert!(page.text().contains(letters::SUBJECT), "{}", page.text());
    world.running.stop().await;
}

async fn a_letter_in_chunks_that_is_not_clean_or_too_large_is_refused_and_the_next_goes(world: World) {
    let mut raw = Raw::doctor(&world).await;
    let head = format!("From: {DOCTOR}\r\nTo: {COLLEAGUE}\r\nSubject: x\r\n\r\n");
    for bad in ["a\nb\r\n", "a\r\n.\n", "a\rb\r\n", "a\r", "a\0b\r\n"] {
        raw.envelope(DOCTOR, &[COLLEAGUE]).await;
        let replies = raw.chunks(format!("{head}{bad}").as_bytes(), &[10]).await;
        assert!(replies[1].starts_with("554 5.6.0"), "{bad:?}: {replies:?}");
    }
    raw.envelope(DOCTOR, &[COLLEAGUE]).await;
    let line = [vec![b'x'; 998], b"\r\n".to_vec()].concat();
    let large = [head.as_bytes(), &line.repeat(40_000)].concat();
    let replies = raw.chunks(&large, &[1_000_000, 2_000_000]).await;
    assert!(replies[2].starts_with("552 5.3.4") && replies[2].contains("25 MB"), "{replies:?}");
    let letter = letters::plain(COLLEAGUE, "Avis");
    raw.envelope(DOCTOR, &[COLLEAGUE]).await;
    assert!(raw.chunks(&letter, &[]).await[0].contains("accepted and sealed"));
    assert_eq!(world.read(&world.colleague, FolderRole::Inbox).await, [letter]);
    world.running.stop().await;
}

const JEROME: &str = "j\u{e9}r\u{f4}me@b\u{fc}cher.example";
/// As it goes on the wire.
const JEROME_WIRE: &str = "j\u{e9}r\u{f4}me@xn--bcher-kva.example";

/// Submits by SMTPUTF8.
async fn send_utf8(raw: &mut Raw, to: &str, letter: &[u8]) -> String {
    raw.say(&format!("MAIL FROM:<{DOCTOR}> BODY=8BITMIME SMTPUTF8"), "250").await;
    raw.say(&format!("RCPT TO:<{to}> NOTIFY=SUCCESS,FAILURE"), "250").await;
    raw.say("DATA", "354").await;
    raw.send(&[letter, b".\r\n"].concat()).await;
    raw.reply().await
}

async fn an_address_beyond_ascii_is_reached_where_the_relay_can(world: World) {
    world.relay.offer("8BITMIME SMTPUTF8");
    // Known under another spelling of the same address.
    world.add_patient("JE\u{301}RO\u{302}ME@xn--bcher-kva.example", "06 12 34 56 78").await;
    let letter = letters::thunderbird(&format!("J\u{e9}r\u{f4}me <{JEROME}>"), "R\u{e9}sultat", &letters::pdf(100_000));
    let mut raw = Raw::doctor(&world).await;
    assert!(send_utf8(&mut raw, JEROME, &letter).await.starts_with("250 2.0.0"));
    // RFC 6532: the fields of the sender's copy are what they were.
    assert_eq!(world.read(&world.doctor, FolderRole::Sent).await, [letter]);
    let notice = world.notices(1).await.remove(0);
    assert!(notice.utf8 && notice.to == JEROME_WIRE, "{}", notice.to);
    let page = opened(&world, &world.browser(), &notice.link()).await;
    assert!(page.text().contains("R\u{e9}sultat"), "{}", page.text());
    until(async || world.read(&world.doctor, FolderRole::Inbox).await.len() >= 2).await;
    let letters = world.read(&world.doctor, FolderRole::Inbox).await;
    let report =
        letters.iter().map(|octets| String::from_utf8_lossy(octets)).find(|text| text.contains("multipart/report"));
    let report = report.expect("a report");
    assert!(report.contains("Final-Recipient: utf-8; j\\x{E9}r\\x{F4}me@xn--bcher-kva.example\r\n"), "{report}");
    // A relay that takes nothing beyond ASCII is no obstacle to an address that only has such a domain.
    world.relay.offer("8BITMIME");
    world.add_patient("jeanne@b\u{fc}cher.example", "06 98 76 54 32").await;
    let letter = letters::thunderbird("jeanne@b\u{fc}cher.example", "Avis", &letters::pdf(1_000));
    assert!(send_utf8(&mut raw, "jeanne@b\u{fc}cher.example", &letter).await.starts_with("250 2.0.0"));
    let notice = world.notices(2).await.remove(1);
    assert!(!notice.utf8 && notice.to == "jeanne@xn--bcher-kva.example");
    world.running.stop().await;
}

async fn an_address_beyond_ascii_that_the_relay_cannot_reach_is_told_to_the_sender(world: World) {
    world.add_patient(JEROME, "06 12 34 56 78").await;
    world.add_patient(JEANNE, "06 98 76 54 32").await;
    let mut raw = Raw::doctor(&world).await;
    let letter = letters::thunderbird(&format!("J\u{e9}r\u{f4}me <{JEROME}>"), "R\u{e9}sultat", &letters::pdf(1_000));
    assert!(send_utf8(&mut raw, JEROME, &letter).await.starts_with("250 2.0.0"));
    world.state(DeliveryState::Bounced).await;
    let told = world.read(&world.doctor, FolderRole::Inbox).await;
    let told = mail_parser::MessageParser::default().parse(&told[0]).unwrap();
    let text = told.body_text(0).unwrap().into_owned();
    assert!(text.contains("lettres accentu\u{e9}es") && text.contains(JEROME_WIRE), "{text}");
    // And the next letter goes.
    world.submit(&[JEANNE], &letters::plain(JEANNE, "Avis")).await.unwrap();
    assert_eq!(world.notices(1).await[0].to, JEANNE);
    world.running.stop().await;
}
