//! Bounces that land in an account at the relay's: Dovecot as that server, and our own over TLS.

use std::time::Duration;

use pli::domain::{DeliveryState, FolderRole};

use crate::bounces::{notice, report};
use crate::dovecot_server::Dovecot;
use crate::mailbox::Client;
use crate::world::{DOCTOR, JEANNE, PROVIDERS, World, free_port, until};

/// INTERNALDATE, in the time of these tests.
const WHEN: &str = "15-Jan-2027 09:01:00 +0100";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_account_on_dovecot_is_read_on_sqlite() {
    let port = free_port();
    an_account_on_dovecot_is_read(World::sqlite_with(&account(port)).await, port).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_account_on_dovecot_is_read_on_postgres() {
    let port = free_port();
    if let Some(world) = World::postgres_with(&account(port)).await {
        an_account_on_dovecot_is_read(world, port).await;
    }
}

/// What stands in [notice], where this account is the one that bounces land in.
fn account(port: u16) -> String {
    format!("bounces = \"imap://cabinet%40fai.example:secret@127.0.0.1:{port}/INBOX\"\n{PROVIDERS}")
}

/// The account is an ordinary one, without sub-addresses, and somebody reads their own mail in it.
async fn an_account_on_dovecot_is_read(world: World, port: u16) {
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let gone = notice(&world).await;
    assert_eq!(gone.from, "cabinet@fai.example", "what reaches the account for certain is its own address");
    // Nobody is there yet: the server goes on, and tries again.
    let Some(dovecot) = Dovecot::start(port) else { return };
    let mut client = dovecot.client();
    let foreign = "From: a@b.example\r\nSubject: a letter of theirs\r\n\r\nhello\r\n";
    let other = String::from_utf8(report(&gone, "failed", "5.1.1", "550 no")).unwrap().replace("<notice.", "<another.");
    let id = gone.octets.windows(8).position(|w| w == b"<notice.").map(|at| at + 8).unwrap();
    let token = String::from_utf8(gone.octets[id..id + 43].to_vec()).unwrap();
    let forged = other.replace(&token, &format!("{}0000000000000000", &token[..27]));
    assert!(!forged.contains(&token));
    client.append("INBOX", "", WHEN, foreign.as_bytes());
    client.append("INBOX", "\\Flagged", WHEN, forged.as_bytes());
    client.append("INBOX", "", "15-Jan-2021 09:00:00 +0100", foreign.as_bytes());
    client.append("INBOX", "\\Seen", WHEN, &report(&gone, "failed", "5.1.1", "550 5.1.1 no such user"));
    let bounced = async || {
        let list = world.running.rooms.deliveries.list(None, 10).await.unwrap();
        list.iter().any(|delivery| delivery.state == DeliveryState::Bounced)
    };
    for _ in 0..3 {
        if !bounced().await {
            tokio::time::timeout(Duration::from_secs(9), until(bounced)).await.ok();
        }
    }
    assert_eq!(world.state(DeliveryState::Bounced).await.failure.unwrap().word(), "unknown-address");
    let inbox = world.read(&world.doctor, FolderRole::Inbox).await;
    assert_eq!(inbox.len(), 1);
    assert!(String::from_utf8_lossy(&inbox[0]).contains("multipart/report"));

    // What comes while the session idles is heard of at once: a delay, somebody's reply, an absence.
    let waits = notice(&world).await;
    let original = mail_parser::MessageParser::default().parse(&waits.octets).unwrap().message_id().unwrap().to_owned();
    let reply = format!(
        "Return-Path: <{JEANNE}>\r\nFrom: {JEANNE}\r\nSubject: Re: x\r\nMessage-ID: <r@p.example>\r\nReferences: <{original}>\r\n"
    );
    client.append("INBOX", "", WHEN, &report(&waits, "delayed", "4.4.1", "x"));
    client.append("INBOX", "", WHEN, format!("{reply}Auto-Submitted: auto-replied\r\n\r\nAbsente\r\n").as_bytes());
    client.append("INBOX", "", WHEN, format!("{reply}\r\nMerci\r\n").as_bytes());
    until(async || world.relay.caught().iter().any(|mail| mail.from.is_empty() && mail.to == JEANNE)).await;
    world.state(DeliveryState::Notified).await;
    // What was ours is gone from there; what was not is as it was, unread.
    client.says("EXAMINE INBOX");
    let mut heard = String::new();
    for _ in 0..100 {
        client.says("NOOP");
        heard = client.says("SEARCH ALL");
        if heard.trim_end() == "* SEARCH 1 2 3" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(heard.trim_end(), "* SEARCH 1 2 3");
    let heard = client.says("FETCH 1:* (FLAGS)");
    assert!(!heard.contains("\\Seen") && !heard.contains("\\Deleted"), "{heard}");
    assert!(heard.contains("\\Flagged"), "{heard}");
    world.running.stop().await;
}

/// Our own server as the relay's, over TLS: with the authority that `notice.ca` names, and not without.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_22_the_account_is_read_over_tls_whose_certificate_is_verified() {
    let isp = World::sqlite().await;
    let login = format!("dr.martin%40cabinet.example:{}", isp.doctor.device.password.reveal());
    let url = format!("bounces = \"imaps://{login}@127.0.0.1:{}/INBOX\"", isp.running.imaps.unwrap().port());
    let world = World::sqlite_with(&format!("{url}\nreturn = \"{DOCTOR}\"\n{PROVIDERS}")).await;
    world.add_patient(JEANNE, "06 12 34 56 78").await;
    let gone = notice(&world).await;
    let dsn = String::from_utf8(report(&gone, "failed", "5.2.2", "552 5.2.2 full")).unwrap();
    let (mut client, answer) = Client::open(&isp, DOCTOR, &isp.doctor.device.password.reveal()).await;
    assert!(answer.contains("a OK"), "{answer}");
    let appended = client.say(&format!("APPEND INBOX \"{WHEN}\" {{{}+}}\r\n{dsn}", dsn.len())).await;
    assert!(appended.contains("a OK"), "{appended}");
    tokio::time::sleep(Duration::from_secs(4)).await;
    world.state(DeliveryState::Notified).await;
    assert_eq!(isp.read(&isp.doctor, FolderRole::Inbox).await.len(), 1, "an unknown authority: nothing is read");

    let text = std::fs::read_to_string(&world.config.file).unwrap();
    let text = text.replace("return = ", &format!("ca = \"{}\"\nreturn = ", isp.authority.display()));
    std::fs::write(&world.config.file, text).unwrap();
    let world = world.reconfigured().await;
    assert_eq!(world.state(DeliveryState::Bounced).await.failure.unwrap().word(), "full");
    until(async || isp.entries(isp.doctor.id, FolderRole::Inbox).await.is_empty()).await;
    assert_eq!(world.read(&world.doctor, FolderRole::Inbox).await.len(), 1);
    world.running.stop().await;
    isp.running.stop().await;
}
