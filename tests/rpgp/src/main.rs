//! Opens a message from what a disk holds and a device password, with rPGP and RustCrypto, and nothing of Pli's.
//!
//! `pli-rpgp FOLDER` reads the files that `tests/proof.rs` wrote, opens slot, certificate, entry, head and
//! parts as `src/vault/mod.rs` documents, and compares with `expected`. Prints one line, or exits 1.

mod reading;

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::ExitCode;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use pgp::composed::{Deserializable, Message, PlainSessionKey, SignedPublicKey, SignedSecretKey};
use pgp::packet::{Packet, PacketParser};
use pgp::types::{DecryptionKey, EskType, KeyDetails, Password};
use reading::Any;
use sha2::{Digest, Sha256};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: pli-rpgp FOLDER");
        return ExitCode::from(2);
    };
    match rebuild(Path::new(&folder)) {
        Ok(length) => {
            println!("rebuilt {length} octets");
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn rebuild(folder: &Path) -> Any<usize> {
    let file = |name: &str| fs::read(folder.join(name));
    let text = |name: &str| fs::read_to_string(folder.join(name));
    let (mailbox, slot, device) =
        (reading::id(&text("mailbox.id")?)?, reading::id(&text("slot.id")?)?, reading::id(&text("device.id")?)?);

    // The slot: a secret subkey under HKDF(device password); in its PKESK the mailbox secret.
    let password: String = text("device.password")?.chars().filter(|&c| c != '-').collect();
    let secret = password.get(4..).ok_or("a short password")?;
    let key = hkdf(secret.as_bytes(), &device, b"pli slot 1");
    let half = open(&key, &reading::frame(&[b"pli slot 1", &mailbox, &slot])?, &file("slot.sealed")?)?;
    let mailbox_secret = slot_secret(half, file("slot.esk")?)?;

    // The certificate's secret part, under the mailbox secret.
    let certificate = SignedPublicKey::from_bytes(Cursor::new(file("certificate")?))?;
    certificate.verify_bindings()?;
    let fingerprint = certificate.fingerprint();
    let associated = reading::frame(&[b"pli certificate 1", &mailbox, fingerprint.as_bytes()])?;
    let key = hkdf(&mailbox_secret, &mailbox, b"pli certificate 1");
    let keys = SignedSecretKey::from_bytes(Cursor::new(open(&key, &associated, &file("certificate.sealed")?)?))?;

    // The entry's PKESK joined with the head, and with each part.
    let entry = file("entry.esk")?;
    let read = |container: &[u8]| -> Any<Vec<u8>> {
        let message: Message<'_> = reading::joined(&entry, container)?;
        reading::content(message.decrypt(&Password::empty(), &keys)?)
    };
    let head = reading::head(&read(&file("head")?)?, sha256)?;
    let parts: Vec<Vec<u8>> = head
        .parts
        .iter()
        .map(|part| {
            let container = file(&format!("part.{}", part.object))?;
            match &head.parts_key {
                Some(key) => reading::with_session_key(key, &container),
                None => read(&container),
            }
        })
        .collect::<Any<_>>()?;
    let whole = reading::rebuild(&head, &parts, sha256)?;
    if whole == file("expected")? { Ok(whole.len()) } else { Err("not the octets that were submitted".into()) }
}

fn slot_secret(half: Vec<u8>, esk: Vec<u8>) -> Any<Vec<u8>> {
    let mut packets = PacketParser::new(Cursor::new(half));
    let Some(Packet::SecretSubkey(half)) = packets.next().transpose()? else { return Err("no secret subkey".into()) };
    let mut packets = PacketParser::new(Cursor::new(esk));
    let Some(Packet::PublicKeyEncryptedSessionKey(esk)) = packets.next().transpose()? else {
        return Err("no session-key packet".into());
    };
    match half.decrypt(&Password::empty(), esk.values()?, EskType::V6)?? {
        PlainSessionKey::V6 { ref key } => Ok(key.as_ref().to_vec()),
        _ => Err("not of version 6".into()),
    }
}

/// Eight octets of id, twelve of nonce, ciphertext and tag.
fn open(key: &[u8; 32], associated: &[u8], sealed: &[u8]) -> Any<Vec<u8>> {
    let (nonce, body) = sealed.get(8..).and_then(|rest| rest.split_at_checked(12)).ok_or("a short value")?;
    let cipher = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(key));
    let opened = cipher.decrypt(Nonce::from_slice(nonce), Payload { msg: body, aad: associated });
    opened.map_err(|_| "a sealed value does not open".into())
}

fn hkdf(secret: &[u8], salt: &[u8], info: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    hkdf::Hkdf::<Sha256>::new(Some(salt), secret).expand(info, &mut out).expect("32 octets are not too many");
    out
}

fn sha256(octets: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(octets))
}
