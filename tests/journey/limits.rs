//! What bounds submission: connections, wrong passwords, recipients, messages in a minute and a day.

use std::time::Duration;

use pli::domain::FolderRole;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::doors::auth;
use crate::letters;
use crate::submission::Raw;
use crate::world::{COLLEAGUE, DOCTOR, World};

super::on_both_limited! {
    "network_connections = 6\nfailed_logins = 3\nrecipients = 3\ndevice_minute = 2\nmailbox_minute = 3\nmailbox_day = 4";
    a_network_gets_its_connections_and_is_told_when_it_has_too_many
    fault_01_wrong_passwords_slow_down_whoever_types_them_and_lock_nobody_out
    a_message_has_so_many_recipients_and_the_others_are_told
    fault_42_a_device_and_a_mailbox_send_so_much_and_no_more
}

async fn a_network_gets_its_connections_and_is_told_when_it_has_too_many(world: World) {
    let mut open = Vec::new();
    for _ in 0..6 {
        open.push(Raw::doctor(&world).await);
    }
    let (_, said) = Raw::greeted(&world).await;
    assert!(said.starts_with("421 4.7.0 Too many connections from your network"), "{said}");
    // Each door counts for itself, and says so in its own words.
    for (door, wanted) in [(world.running.submission, "421 4.7.0"), (world.running.imap, "* BYE [LIMIT]")] {
        let mut held = Vec::new();
        for _ in 0..6 {
            let mut tcp = TcpStream::connect(door.unwrap()).await.unwrap();
            let mut octet = [0];
            assert_eq!(tcp.read(&mut octet).await.unwrap(), 1);
            held.push(tcp);
        }
        let mut said = String::new();
        TcpStream::connect(door.unwrap()).await.unwrap().read_to_string(&mut said).await.unwrap();
        assert!(said.starts_with(wanted), "{said}");
    }
    // Those that are there go on, and a place that becomes free is given again.
    open[5].envelope(DOCTOR, &[COLLEAGUE]).await;
    drop(open);
    crate::world::until(async || Raw::greeted(&world).await.1.starts_with("220")).await;
    world.running.stop().await;
}

async fn fault_01_wrong_passwords_slow_down_whoever_types_them_and_lock_nobody_out(world: World) {
    let wrong = async |user: &str| {
        let (mut raw, _) = Raw::greeted(&world).await;
        raw.say("EHLO c", "250").await;
        raw.say(&auth(user, "wrong"), "").await
    };
    for user in [DOCTOR, "nobody@x.fr", "no address"] {
        assert!(wrong(user).await.starts_with("535 5.7.8"));
    }
    let begun = std::time::Instant::now();
    for user in [DOCTOR, COLLEAGUE, "nobody@x.fr"] {
        let said = wrong(user).await;
        assert!(said.starts_with("454 4.7.0 Too many wrong passwords"), "{said}");
    }
    assert!(begun.elapsed() >= Duration::from_secs(6), "each is answered after two seconds");
    // The owner and the colleague behind the same address are let in at once.
    let begun = std::time::Instant::now();
    Raw::doctor(&world).await;
    Raw::log_in(&world, COLLEAGUE, &world.colleague.device.password.reveal()).await;
    assert!(begun.elapsed() < Duration::from_secs(1));
    // Another node, or the same one tomorrow, knows it still; an hour later it is forgotten.
    let world = world.restart().await;
    let wrong = async || {
        let (mut raw, _) = Raw::greeted(&world).await;
        raw.say("EHLO c", "250").await;
        raw.say(&auth(DOCTOR, "wrong"), "").await
    };
    assert!(wrong().await.starts_with("454"));
    world.pass(Duration::from_secs(3601));
    assert!(wrong().await.starts_with("535"));
    world.running.stop().await;
}

async fn a_message_has_so_many_recipients_and_the_others_are_told(world: World) {
    let mut raw = Raw::doctor(&world).await;
    raw.envelope(DOCTOR, &[COLLEAGUE, DOCTOR, "a@patient.example"]).await;
    raw.say(&format!("RCPT TO:<{COLLEAGUE}>"), "250 2.1.5").await;
    let said = raw.say("RCPT TO:<b@patient.example>", "452 4.5.3").await;
    assert!(said.contains("At most 3 recipients"), "{said}");
    world.running.stop().await;
}

/// SMS pumping begins with submissions: a password that was stolen sends no more than this.
async fn fault_42_a_device_and_a_mailbox_send_so_much_and_no_more(world: World) {
    let letter = letters::plain(COLLEAGUE, "Avis");
    let send = async |raw: &mut Raw| {
        raw.envelope(DOCTOR, &[COLLEAGUE]).await;
        raw.say("DATA", "354").await;
        raw.send(&[letter.as_slice(), b".\r\n"].concat()).await;
        raw.reply().await
    };
    let refused = async |raw: &mut Raw, what: &str| {
        let said = raw.say(&format!("MAIL FROM:<{DOCTOR}>"), "451 4.7.1").await;
        assert!(said.contains(what), "{said}");
    };
    let mut first = Raw::doctor(&world).await;
    let mut spare = Raw::log_in(&world, DOCTOR, &world.doctor.spare.as_ref().unwrap().password.reveal()).await;
    let mut begun = Raw::doctor(&world).await;
    begun.envelope(DOCTOR, &[COLLEAGUE]).await;
    for _ in 0..2 {
        assert!(send(&mut first).await.starts_with("250 2.0.0"));
    }
    refused(&mut first, "Trop de messages en une minute (2 au plus). Rien n'est parti.").await;
    // One that was begun before is refused at its end, and counts for nothing.
    begun.say("DATA", "354").await;
    begun.send(&[letter.as_slice(), b".\r\n"].concat()).await;
    assert!(begun.reply().await.starts_with("451 4.7.1"));
    // Another device of the same mailbox has its own, within the mailbox's.
    assert!(send(&mut spare).await.starts_with("250 2.0.0"));
    refused(&mut spare, "(3 au plus)").await;
    // A colleague is not concerned.
    let mut colleague = Raw::log_in(&world, COLLEAGUE, &world.colleague.device.password.reveal()).await;
    colleague.envelope(COLLEAGUE, &[DOCTOR]).await;
    world.pass(Duration::from_secs(60));
    assert!(send(&mut first).await.starts_with("250 2.0.0"));
    refused(&mut first, "Trop de messages envoyes aujourd'hui (4 au plus par jour)").await;
    world.pass(Duration::from_secs(86_400));
    assert!(send(&mut first).await.starts_with("250 2.0.0"));
    assert_eq!(world.read(&world.colleague, FolderRole::Inbox).await.len(), 5);
    world.running.stop().await;
}
