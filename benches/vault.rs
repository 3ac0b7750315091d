//! What sealing, opening and reading a message costs, without network and disk: `cargo bench`.
//!
//! A letter has a short text and one incompressible attachment in base64, as mail clients write it; its size is that
//! of the octets as submitted. `seal` is everything from those octets to sealed objects and the session-key packet of
//! one mailbox; `open` is the way back to the same octets; `describe` is what is made of it for IMAP; `parse` is the
//! library that the cuts are found with.

#![expect(clippy::expect_used, reason = "a benchmark stops where it fails")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use mail_parser::MessageParser;
use pli::domain::{DeviceId, DevicePassword, MailboxId, MessageId, Random, SlotId};
use pli::mime::{Described, Structure};
use pli::vault::{MailboxKeys, NewMailboxKeys, PartPlain, RootKey, SealedMessage, Vault, split};
use zeroize::Zeroizing;

struct Urandom;

impl Random for Urandom {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the system has randomness");
    }
}

fn letter(size: usize) -> Vec<u8> {
    let mut text = String::from(
        "From: Dr Claire Martin <dr.martin@cabinet.example>\r\nTo: Jeanne Canari <jeanne@patient.example>\r\n\
         Subject: Vos analyses\r\nMessage-ID: <bench@cabinet.example>\r\nDate: Fri, 15 Jan 2027 09:00:00 +0100\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         Bonjour, voici vos r\u{e9}sultats.\r\n\
         --b\r\nContent-Type: application/pdf; name=\"analyses.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n",
    );
    let mut octets = vec![0; size.saturating_sub(text.len()) / 78 * 57];
    Urandom.fill(&mut octets);
    for line in octets.chunks(57) {
        text.push_str(&data_encoding::BASE64.encode(line));
        text.push_str("\r\n");
    }
    text.push_str("--b--\r\n");
    text.into_bytes()
}

struct Bench {
    vault: Vault,
    made: NewMailboxKeys,
    keys: MailboxKeys,
}

fn mailbox() -> Bench {
    let vault = Vault::new(&RootKey::random(&Urandom));
    let id = MailboxId::random(&Urandom);
    let made = vault.new_mailbox(id, &Urandom).expect("keys");
    let keys = vault.unlock(id, &made.certificate, &made.sealed_secret, &made.secret).expect("unlocks");
    Bench { vault, made, keys }
}

fn seal(of: &Bench, octets: &[u8]) -> (MessageId, SealedMessage) {
    let cuts = split::cuts(octets, Structure::read(octets).leaves(), split::LARGE).expect("a message");
    let head = split::head(&[], octets, 0, &cuts);
    let parts: Vec<PartPlain> = cuts.into_iter().map(|cut| cut.part).collect();
    let id = MessageId::random(&Urandom);
    (id, of.vault.seal_message(id, vec![head], parts, &Urandom).expect("seals"))
}

fn open(of: &Bench, message: MessageId, sealed: &SealedMessage, esk: &pli::domain::Esk) -> Zeroizing<Vec<u8>> {
    let head = sealed.heads.first().expect("one head");
    let opened = of.vault.open_entry(&of.keys, esk, message, head.object, &head.container).expect("opens");
    let containers = sealed.parts.iter().map(|(_, container)| container);
    let parts: Vec<_> = opened
        .parts
        .iter()
        .zip(containers)
        .map(|(part, container)| of.vault.open_entry_part(&of.keys, &opened, part, container).expect("opens"))
        .collect();
    opened.rebuild(&parts).expect("is whole")
}

fn messages(criterion: &mut Criterion) {
    let of = mailbox();
    for (name, size) in
        [("1 KiB", 1 << 10), ("10 KiB", 10 << 10), ("100 KiB", 100 << 10), ("1 MiB", 1 << 20), ("10 MiB", 10 << 20)]
    {
        let octets = letter(size);
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(octets.len() as u64)).sample_size(20);
        group.bench_function("seal", |bench| {
            bench.iter_batched(
                || (),
                |()| {
                    let (_, sealed) = seal(&of, black_box(&octets));
                    let head = sealed.heads.first().expect("one head");
                    let esk = of.vault.esk_for_mailbox(&head.key, &of.made.certificate).expect("wraps");
                    (sealed, esk)
                },
                BatchSize::PerIteration,
            );
        });
        let (id, sealed) = seal(&of, &octets);
        let key = &sealed.heads.first().expect("one head").key;
        let esk = of.vault.esk_for_mailbox(key, &of.made.certificate).expect("wraps");
        assert!(*open(&of, id, &sealed, &esk) == octets, "not the octets that were sealed");
        group.bench_function("open", |bench| bench.iter(|| open(&of, id, black_box(&sealed), &esk)));
        group.bench_function("describe", |bench| bench.iter(|| Described::of(black_box(&octets))));
        group.bench_function("parse", |bench| {
            bench.iter(|| MessageParser::default().parse(black_box(&octets)).map(|message| message.parts.len()));
        });
        group.finish();
    }
}

/// What a login costs the vault: the slot of a device opened by its password, and the keys unlocked.
fn logins(criterion: &mut Criterion) {
    let of = mailbox();
    let (mailbox, slot, device) = (MailboxId::random(&Urandom), SlotId::random(&Urandom), DeviceId::random(&Urandom));
    let password = DevicePassword::random(&Urandom);
    let made = of.vault.new_mailbox(mailbox, &Urandom).expect("keys");
    let new = of.vault.new_slot(mailbox, slot, device, &password, Some(&made.secret), &Urandom).expect("a slot");
    let (sealed, esk) = (new.sealed_secret.expect("a secret"), new.esk.expect("filled"));
    criterion.bench_function("login", |bench| {
        bench.iter(|| {
            let secret = of.vault.open_slot(mailbox, slot, device, &password, &sealed, &esk).expect("opens");
            of.vault.unlock(mailbox, &made.certificate, &made.sealed_secret, &secret).expect("unlocks")
        });
    });
}

criterion_group!(benches, messages, logins);
criterion_main!(benches);
