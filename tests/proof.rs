//! The proof of the format: what the vault writes, another implementation of OpenPGP (rPGP) opens.
//!
//! The reading side uses nothing of ours: rPGP, HKDF by hand over HMAC, and the page of code in
//! `tests/rpgp/src/reading.rs`. The half that needs ML-KEM is the program `tests/rpgp`, a crate of its
//! own, because the two implementations want different releases of one dependency. To run it:
//!
//! ```text
//! cargo build --manifest-path tests/rpgp/Cargo.toml --target-dir target/rpgp
//! PLI_RPGP=target/rpgp/debug/pli-rpgp cargo test --test proof -- --nocapture
//! ```

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

#[path = "rpgp/src/reading.rs"]
mod reading;

use aws_lc_rs::{digest, hmac};
use pgp::types::Password;
use pli::domain::{Container, DeliveryId, DeviceId, DevicePassword, MailboxId, MessageId, ObjectId, Random, SlotId};
use pli::vault::{Encoding, HeadPlain, PartPlain, RootKey, SealedMessage, Vault};
use reading::Any;
use zeroize::Zeroizing;

struct Urandom;

impl Random for Urandom {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the system has randomness");
    }
}

/// HKDF-SHA-256 (RFC 5869), 32 octets.
fn hkdf(secret: &[u8], salt: &[u8], info: &[u8]) -> Vec<u8> {
    let sign = |key: &[u8], octets: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), octets);
    sign(sign(salt, secret).as_ref(), &[info, &[1]].concat()).as_ref().to_vec()
}

fn sha256(octets: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(digest::digest(&digest::SHA256, octets).as_ref())
}

/// The password of a delivery's SKESK, from the texts of key file, link and delivery.
fn ticket_password(key_file: &str, link: &str, delivery: &str) -> Any<Password> {
    let root =
        data_encoding::HEXLOWER.decode(key_file.trim().strip_prefix("pli-root-1 ").ok_or("no key")?.as_bytes())?;
    let salt = hkdf(&root, b"pli-root-1", &reading::frame(&[b"ticket", &reading::id(delivery)?])?);
    let ticket = reading::base32(link)?;
    let secret = ticket.get(..16).ok_or("a short ticket")?;
    Ok(Password::from(data_encoding::BASE64.encode(&hkdf(secret, &salt, b"pli ticket 1"))))
}

/// A message with two large attachments: what was submitted, and the same cut into head and parts.
fn submission() -> (Vec<u8>, HeadPlain, Vec<PartPlain>) {
    let picture: Vec<u8> = (0..200_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let text = data_encoding::BASE64.encode(&picture);
    let lines: Vec<&str> = text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).expect("ascii")).collect();
    let before = "From: dr@cabinet.example\r\nTo: anna@example.net\r\nSubject: Résultats\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nBonjour.\r\n--b\r\nContent-Type: image/png\r\n\
        Content-Transfer-Encoding: base64\r\n\r\n";
    let middle = "--b\r\nContent-Type: text/plain\r\n\r\n";
    let log = "une ligne de texte\r\n".repeat(5000);
    let after = "\r\n--b--\r\n";
    let whole = [before, &lines.join("\r\n"), "\r\n", middle, &log, after].concat().into_bytes();
    let octets = Zeroizing::new([before, middle, after].concat().into_bytes());
    let cuts = vec![before.len(), before.len() + middle.len()];
    let parts = vec![
        PartPlain { octets: Zeroizing::new(picture), encoding: Encoding::Base64 { line: 76, ends: true } },
        PartPlain { octets: Zeroizing::new(log.into_bytes()), encoding: Encoding::AsIs },
    ];
    (whole, HeadPlain { octets, cuts }, parts)
}

fn container<'a>(parts: &'a [(ObjectId, Container)], object: &str) -> Any<&'a [u8]> {
    let found = parts.iter().find(|(id, _)| id.to_string() == object);
    Ok(found.ok_or("no such object")?.1.as_octets())
}

/// Reads a patient's message with rPGP: the same SKESK joined with the head and with each part.
fn read(esk: &[u8], head: &[u8], parts: &[(ObjectId, Container)], password: &Password) -> Any<Vec<u8>> {
    let open = |octets: &[u8]| reading::content(reading::joined(esk, octets)?.decrypt_with_password(password)?);
    let head = reading::head(&open(head)?, sha256)?;
    let parts = head
        .parts
        .iter()
        .map(|part| match &head.parts_key {
            Some(key) => reading::with_session_key(key, container(parts, &part.object)?),
            None => open(container(parts, &part.object)?),
        })
        .collect::<Any<Vec<_>>>()?;
    reading::rebuild(&head, &parts, sha256)
}

#[test]
fn a_ticket_and_the_root_key_open_a_message_in_another_implementation() {
    let root = RootKey::random(&Urandom);
    let vault = Vault::new(&root);
    let (whole, head, parts) = submission();
    let message = vault.seal_message(MessageId::random(&Urandom), vec![head], parts, &Urandom).expect("seals");
    let (ticket, delivery) = (vault.new_ticket(&Urandom), DeliveryId::random(&Urandom));
    let first = &message.heads[0];
    let esk = vault.esk_for_ticket(&first.key, &ticket, delivery).expect("wraps");

    let password = ticket_password(&root.reveal(), &ticket.reveal(), &delivery.to_string()).expect("derives");
    let read_with = |password: &Password| read(esk.as_octets(), first.container.as_octets(), &message.parts, password);
    assert!(read_with(&password).expect("rPGP opens it") == whole, "not the octets that were submitted");

    let other = ticket_password(&root.reveal(), &vault.new_ticket(&Urandom).reveal(), &delivery.to_string());
    assert!(read_with(&other.expect("derives")).is_err(), "another ticket");
    let other = ticket_password(&RootKey::random(&Urandom).reveal(), &ticket.reveal(), &delivery.to_string());
    assert!(read_with(&other.expect("derives")).is_err(), "another root key");
}

#[test]
fn each_of_two_heads_opens_with_the_parts_they_share() {
    let root = RootKey::random(&Urandom);
    let vault = Vault::new(&root);
    let (whole, sender, parts) = submission();
    // The recipient's head has a field less.
    let field = b"To: anna@example.net\r\n";
    let at = whole.windows(field.len()).position(|octets| octets == field).expect("it is there");
    let less = |octets: &[u8]| [&octets[..at], &octets[at + field.len()..]].concat();
    let recipient = HeadPlain {
        octets: Zeroizing::new(less(&sender.octets)),
        cuts: sender.cuts.iter().map(|cut| cut - field.len()).collect(),
    };
    let message =
        vault.seal_message(MessageId::random(&Urandom), vec![sender, recipient], parts, &Urandom).expect("seals");
    let (ticket, delivery) = (vault.new_ticket(&Urandom), DeliveryId::random(&Urandom));
    let password = ticket_password(&root.reveal(), &ticket.reveal(), &delivery.to_string()).expect("derives");
    for (head, want) in message.heads.iter().zip([whole.clone(), less(&whole)]) {
        let esk = vault.esk_for_ticket(&head.key, &ticket, delivery).expect("wraps");
        let read = read(esk.as_octets(), head.container.as_octets(), &message.parts, &password);
        assert!(read.expect("rPGP opens it") == want, "not the octets of this head");
    }
}

#[test]
fn a_device_password_opens_a_message_in_another_implementation() {
    let folder = tempfile::tempdir().expect("a folder");
    write_folder(folder.path());
    #[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where the program was built")]
    let program = std::env::var_os("PLI_RPGP");
    let Some(program) = program else {
        #[expect(clippy::disallowed_methods, reason = "whoever runs the tests says that nothing may be skipped")]
        let insist = std::env::var_os("PLI_TEST_ALL").is_some_and(|all| all == "1");
        assert!(!insist, "PLI_RPGP is not set: the head of this file says how to build what it names");
        // Past the harness, which keeps what passing tests print to itself.
        let line = b"SKIPPED: the ML-KEM half of the proof. The head of tests/proof.rs says how to run it.\n";
        std::io::Write::write_all(&mut std::io::stderr(), line).expect("stderr is there");
        return;
    };
    let run = |folder: &std::path::Path| {
        std::process::Command::new(&program).arg(folder).output().expect("PLI_RPGP names the built program")
    };
    let expected = std::fs::read(folder.path().join("expected")).expect("written").len();
    let done = run(folder.path());
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(said.trim(), format!("rebuilt {expected} octets"));
    print!("{said}");

    // The program is able to fail: another device password opens nothing.
    std::fs::write(folder.path().join("device.password"), DevicePassword::random(&Urandom).reveal_grouped())
        .expect("writes");
    assert!(!run(folder.path()).status.success());
}

/// What a stolen disk and a device password are: rows, objects, the person's secret.
fn write_folder(folder: &std::path::Path) {
    let vault = Vault::new(&RootKey::random(&Urandom));
    let (mailbox, slot, device) = (MailboxId::random(&Urandom), SlotId::random(&Urandom), DeviceId::random(&Urandom));
    let password = DevicePassword::random(&Urandom);
    let keys = vault.new_mailbox(mailbox, &Urandom).expect("keys");
    let new = vault.new_slot(mailbox, slot, device, &password, Some(&keys.secret), &Urandom).expect("a slot");
    let (whole, head, parts) = submission();
    let SealedMessage { heads, parts } =
        vault.seal_message(MessageId::random(&Urandom), vec![head], parts, &Urandom).expect("seals");
    let entry = vault.esk_for_mailbox(&heads[0].key, &keys.certificate).expect("wraps");

    let write = |name: &str, octets: &[u8]| std::fs::write(folder.join(name), octets).expect("writes");
    write("device.password", password.reveal_grouped().as_bytes());
    write("device.id", device.to_string().as_bytes());
    write("slot.id", slot.to_string().as_bytes());
    write("mailbox.id", mailbox.to_string().as_bytes());
    write("slot.sealed", new.sealed_secret.expect("sealed").as_octets());
    write("slot.esk", new.esk.expect("filled").as_octets());
    write("certificate", keys.certificate.as_octets());
    write("certificate.sealed", keys.sealed_secret.as_octets());
    write("entry.esk", entry.as_octets());
    write("head", heads[0].container.as_octets());
    for (object, container) in &parts {
        write(&format!("part.{object}"), container.as_octets());
    }
    write("expected", &whole);
}
