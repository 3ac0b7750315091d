//! What is handed to sequoia: PKESK v6 to ML-KEM-768+X25519, SKESK v6 with AES-256 and OCB, and keys to match.
//!
//! Every packet is framed and measured here before the library sees it (RFC 9580 §4.2.1, §5.1.2, §5.3.2;
//! RFC 9980 §4.3): one packet, a definite length that fills the octets exactly, the one algorithm, the
//! one size. So no RSA, ElGamal or DSA code is ever reached, which is why the back end's two opt-ins
//! (`allow-experimental-crypto`, `allow-variable-time-crypto`) are acceptable, and a hostile length
//! allocates nothing.

use std::io::Read;

use sequoia_openpgp::armor::{Reader, ReaderMode};
use sequoia_openpgp::cert::Cert;
use sequoia_openpgp::packet::key::{PublicParts, SecretParts, SubordinateRole};
use sequoia_openpgp::packet::{Key, PKESK, Packet, SKESK};
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::MarshalInto;
use sequoia_openpgp::types::RevocationStatus;
use zeroize::Zeroizing;

use crate::domain::{Esk, Fault, PublicKey};

/// Packet types (RFC 9580 §5) that we write and read.
const PKESK_KIND: u8 = 1;
const SKESK_KIND: u8 = 3;
const SIGNATURE: u8 = 2;
const SECRET_KEY: u8 = 5;
const USER_ID: u8 = 13;
pub(super) const PUBLIC_KEY: u8 = 6;
pub(super) const SECRET_SUBKEY: u8 = 7;
pub(super) const LITERAL: u8 = 11;
pub(super) const PUBLIC_SUBKEY: u8 = 14;
pub(super) const SEIPD: u8 = 18;

/// One packet as it stands in octets.
pub(super) struct Framed<'a> {
    /// Its type.
    pub(super) kind: u8,
    /// Header and body.
    pub(super) whole: &'a [u8],
    /// The body.
    pub(super) body: &'a [u8],
}

/// Takes one packet off the front: the newer header format with a definite length (RFC 9580 §4.2.1).
pub(super) fn take_packet(octets: &[u8]) -> Option<(Framed<'_>, &[u8])> {
    let (&first, rest) = octets.split_first()?;
    if first & 0xc0 != 0xc0 {
        return None;
    }
    let (length, header): (usize, usize) = match *rest {
        [a @ ..=191, ..] => (usize::from(a), 2),
        [a @ 192..=223, b, ..] => (((usize::from(a) - 192) << 8) + usize::from(b) + 192, 3),
        [255, a, b, c, d, ..] => (usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?, 6),
        _ => return None,
    };
    let (whole, after) = octets.split_at_checked(header.checked_add(length)?)?;
    Some((Framed { kind: first & 0x3f, whole, body: whole.get(header..)? }, after))
}

/// The body of the one packet of this type that the octets are.
pub(super) fn only_packet(octets: &[u8], kind: u8) -> Option<&[u8]> {
    match take_packet(octets)? {
        (packet, []) if packet.kind == kind => Some(packet.body),
        _ => None,
    }
}

/// The header of a packet of this type and length.
pub(super) fn header(kind: u8, length: usize) -> Option<Vec<u8>> {
    let length = u32::try_from(length).ok()?;
    let mut out = vec![0xc0 | kind];
    match length {
        0..192 => out.push(u8::try_from(length).ok()?),
        192..8384 => out.extend_from_slice(&u16::try_from(length - 192 + (192 << 8)).ok()?.to_be_bytes()),
        _ => {
            out.push(255);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
    Some(out)
}

/// Reads a session-key packet to ML-KEM-768+X25519 for this recipient.
///
/// # Errors
/// A [`Fault`] for any other packet, version, algorithm, size or recipient, before any key is used.
pub(super) fn pkesk(esk: &Esk, recipient: &[u8]) -> Result<PKESK, Fault> {
    let refused = || Fault::new("not a session-key packet for this ML-KEM-768+X25519 key");
    let body = only_packet(esk.as_octets(), PKESK_KIND).filter(|body| body.len() == PKESK_BODY).ok_or_else(refused)?;
    // Version 6; 33 octets of key version and fingerprint (RFC 9580 §5.1.2); algorithm 35 (RFC 9980 §3).
    let (front, rest) = body.split_at_checked(36).ok_or_else(refused)?;
    if front.first_chunk() != Some(&[6, 33, 6]) || front.get(3..35) != Some(recipient) || front.last() != Some(&MLKEM) {
        return Err(refused());
    }
    // The wrapped key is 32 octets and eight of RFC 3394: with another size the packet is not ours.
    if rest.get(32 + 1088) != Some(&40) {
        return Err(refused());
    }
    match Packet::from_bytes(esk.as_octets()) {
        Ok(Packet::PKESK(packet @ PKESK::V6(_))) => Ok(packet),
        _ => Err(refused()),
    }
}

/// Reads a symmetric session-key packet.
///
/// # Errors
/// A [`Fault`] for anything but version 6, AES-256, OCB, S2K type 1 with SHA-256, before any hashing.
pub(super) fn skesk(esk: &Esk) -> Result<SKESK, Fault> {
    let refused = || Fault::new("not a symmetric session-key packet of version 6 with AES-256 and OCB");
    let body = only_packet(esk.as_octets(), SKESK_KIND).filter(|body| body.len() == SKESK_BODY).ok_or_else(refused)?;
    // RFC 9580 §5.3.2: version, octets of the five fields, cipher, AEAD, octets of S2K; then S2K type and hash.
    if body.first_chunk() != Some(&[6, 28, 9, 2, 10, 1, 8]) {
        return Err(refused());
    }
    match Packet::from_bytes(esk.as_octets()) {
        Ok(Packet::SKESK(packet @ SKESK::V6(_))) => Ok(packet),
        _ => Err(refused()),
    }
}

/// The one encryption key of a certificate, or the public half of a slot.
///
/// Signatures are not checked here: a certificate comes from our own hand or through
/// [`recovery_certificate`], and its row has an authority code.
///
/// # Errors
/// A [`Fault`] when there is not exactly one key of version 6 for ML-KEM-768+X25519.
pub(super) fn encryption_key(certificate: &PublicKey) -> Result<Key<PublicParts, SubordinateRole>, Fault> {
    let refused = || Fault::new("not a public key for ML-KEM-768+X25519");
    let whole = only_key(certificate.as_octets(), PUBLIC_SUBKEY).ok_or_else(refused)?;
    match Packet::from_bytes(whole) {
        Ok(Packet::PublicSubkey(key)) => Ok(key),
        _ => Err(refused()),
    }
}

/// To which key of version 6 a session-key packet is (RFC 9580 §5.1.2).
pub(super) fn recipient(esk: &Esk) -> Option<&[u8]> {
    let body = only_packet(esk.as_octets(), PKESK_KIND)?;
    body.get(3..35)
}

/// The octets before the first packet of this type, and from it on.
pub(super) fn split_at(octets: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let mut rest = octets;
    while let Some((packet, after)) = take_packet(rest) {
        if packet.kind == kind {
            return octets.split_at_checked(octets.len() - rest.len());
        }
        rest = after;
    }
    None
}

/// The secret subkeys of a transferable secret key, in their order: one whole packet each.
///
/// # Errors
/// A [`Fault`] when there is none, or one that is not of version 6 for ML-KEM-768+X25519.
pub(super) fn secret_subkeys(mut octets: &[u8]) -> Result<Vec<&[u8]>, Fault> {
    let refused = || Fault::new("not secret keys for ML-KEM-768+X25519");
    let mut found = Vec::new();
    while !octets.is_empty() {
        let (packet, after) = take_packet(octets).ok_or_else(refused)?;
        match packet.kind {
            SECRET_SUBKEY if key_algorithm(packet.body) == Some(MLKEM) => found.push(packet.whole),
            SECRET_SUBKEY | PUBLIC_SUBKEY => return Err(refused()),
            _ => {}
        }
        octets = after;
    }
    if found.is_empty() { Err(refused()) } else { Ok(found) }
}

/// The same of a transferable secret key, or the secret half of a slot, unsealed.
///
/// # Errors
/// A [`Fault`] when there is not exactly one such key.
pub(super) fn decryption_key(octets: &[u8]) -> Result<Key<SecretParts, SubordinateRole>, Fault> {
    let refused = || Fault::new("not a secret key for ML-KEM-768+X25519");
    let whole = only_key(octets, SECRET_SUBKEY).ok_or_else(refused)?;
    match Packet::from_bytes(whole) {
        Ok(Packet::SecretSubkey(key)) => Ok(key),
        _ => Err(refused()),
    }
}

/// Reads a certificate that somebody brings: armoured or binary, and of our kind only.
///
/// Version 6, Ed25519 to certify, alive, not revoked, with exactly one subkey, ML-KEM-768+X25519 to
/// encrypt. A secret half that came along is dropped.
///
/// # Errors
/// A [`Fault`] for every other kind: RSA, version 4, X25519 alone.
pub(super) fn recovery_certificate(octets: &[u8]) -> Result<PublicKey, Fault> {
    let cert = certificate(octets)?;
    let policy = StandardPolicy::new();
    let refused = || Fault::new("the recovery certificate must be of version 6 with ML-KEM-768+X25519");
    let valid = cert.with_policy(&policy, None).map_err(|_| refused())?;
    if valid.alive().is_err() || matches!(valid.revocation_status(), RevocationStatus::Revoked(_)) {
        return Err(Fault::new("the recovery certificate has expired or was revoked"));
    }
    let usable = valid.keys().alive().revoked(false).for_storage_encryption().count();
    if usable != 1 {
        return Err(refused());
    }
    let octets = cert.strip_secret_key_material().to_vec().map_err(|_| refused())?;
    let public = PublicKey::from_octets(octets);
    encryption_key(&public)?;
    Ok(public)
}

/// Reads a certificate or a transferable secret key of our kind, armoured or binary.
///
/// Its packets are looked at before the library checks a signature: it would do so with whatever
/// algorithm the certificate names.
pub(super) fn certificate(octets: &[u8]) -> Result<Cert, Fault> {
    let refused = || Fault::new("not a certificate of version 6 with Ed25519 and ML-KEM-768+X25519");
    if octets.len() > CERTIFICATE_MAX {
        return Err(refused());
    }
    let mut binary = Zeroizing::new(Vec::new());
    // An octet string that begins a packet has its first bit set; armour is ASCII (RFC 9580 §4.2, §6.2).
    if octets.first().is_some_and(|first| first & 0x80 != 0) {
        binary.extend_from_slice(octets);
    } else {
        binary.reserve_exact(octets.len());
        Reader::from_bytes(octets, ReaderMode::Tolerant(None)).read_to_end(&mut binary).map_err(|_| refused())?;
    }
    if !is_our_kind(&binary) {
        return Err(refused());
    }
    Cert::from_bytes(binary.as_slice()).map_err(|_| refused())
}

/// An Ed25519 primary key, one ML-KEM-768+X25519 subkey, user ids, signatures with Ed25519: all of version 6.
fn is_our_kind(octets: &[u8]) -> bool {
    let Some((primary, mut rest)) = take_packet(octets) else { return false };
    let mut subkeys = 0;
    while !rest.is_empty() {
        let Some((packet, after)) = take_packet(rest) else { return false };
        rest = after;
        match packet.kind {
            PUBLIC_SUBKEY | SECRET_SUBKEY if key_algorithm(packet.body) == Some(MLKEM) => subkeys += 1,
            // RFC 9580 §5.2.3: version, type, algorithm.
            SIGNATURE if matches!(packet.body, [6, _, ED25519, ..]) => {}
            USER_ID => {}
            _ => return false,
        }
    }
    matches!(primary.kind, PUBLIC_KEY | SECRET_KEY) && key_algorithm(primary.body) == Some(ED25519) && subkeys == 1
}

/// The algorithm of a key of version 6 (RFC 9580 §5.5.2: version, four octets of time, algorithm).
fn key_algorithm(body: &[u8]) -> Option<u8> {
    body.first().filter(|&&version| version == 6).and(body.get(5)).copied()
}

/// The one packet of this type that holds a version 6 key for ML-KEM-768+X25519.
fn only_key(mut octets: &[u8], kind: u8) -> Option<&[u8]> {
    let mut found = None;
    while !octets.is_empty() {
        let (packet, after) = take_packet(octets)?;
        if packet.kind == kind {
            if key_algorithm(packet.body) != Some(MLKEM) || found.replace(packet.whole).is_some() {
                return None;
            }
        } else if matches!(packet.kind, PUBLIC_SUBKEY | SECRET_SUBKEY) {
            return None;
        }
        octets = after;
    }
    found
}

/// Ed25519 (RFC 9580 §9.1).
const ED25519: u8 = 27;
/// ML-KEM-768+X25519 (RFC 9980 §3).
const MLKEM: u8 = 35;
/// Version, 34 of recipient, algorithm, X25519 share, ML-KEM ciphertext, length, wrapped key.
const PKESK_BODY: usize = 1 + 34 + 1 + 32 + 1088 + 1 + 40;
/// Version, count, cipher, AEAD, count, S2K, nonce, key and tag.
const SKESK_BODY: usize = 5 + 10 + 15 + 48;
/// A certificate of ours has two kilobytes; signatures by others leave room.
const CERTIFICATE_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use sequoia_openpgp::Profile;
    use sequoia_openpgp::cert::{CertBuilder, CipherSuite};
    use sequoia_openpgp::crypto::{Password, S2K, SessionKey as OpenPgpKey};
    use sequoia_openpgp::packet::pkesk::{PKESK3, PKESK6};
    use sequoia_openpgp::packet::skesk::{SKESK4, SKESK6};
    use sequoia_openpgp::types::{AEADAlgorithm, HashAlgorithm, PublicKeyAlgorithm, SymmetricAlgorithm};

    use super::*;
    use crate::domain::{DeliveryId, MailboxId, Random};
    use crate::vault::testing::{Dice, vault};
    use crate::vault::{RecoverySecret, SessionKey, Vault};

    fn session_key() -> OpenPgpKey {
        OpenPgpKey::from(vec![7; 32])
    }

    fn cert(profile: Profile, suite: CipherSuite) -> Cert {
        let builder = CertBuilder::new().set_profile(profile).expect("profile").set_cipher_suite(suite);
        builder.add_storage_encryption_subkey().generate().expect("a certificate").0
    }

    fn ours() -> (Vec<u8>, RecoverySecret) {
        let (public, secret) = Vault::new_recovery().expect("a certificate");
        (public.into_octets(), secret)
    }

    fn esk(packet: Packet) -> Esk {
        Esk::from_octets(packet.to_vec().expect("octets"))
    }

    #[test]
    fn lengths_are_read_as_they_are_written() {
        for length in [0, 1, 191, 192, 8383, 8384, 70_000] {
            let mut octets = header(SEIPD, length).expect("short enough");
            octets.resize(octets.len() + length, 9);
            assert_eq!(only_packet(&octets, SEIPD).map(<[u8]>::len), Some(length));
            assert!(only_packet(&octets, LITERAL).is_none());
            octets.push(0);
            assert!(only_packet(&octets, SEIPD).is_none(), "octets behind the packet");
        }
    }

    #[test]
    fn fault_25_a_hostile_session_key_packet_is_refused_before_any_key_is_used() {
        let (vault, dice) = (vault(1), Dice::new(4));
        let made = vault.new_mailbox(MailboxId::random(&dice), &dice).expect("keys");
        let recipient = encryption_key(&made.certificate).expect("ours").fingerprint();
        let good = vault.esk_for_mailbox(&SessionKey::random(&dice), &made.certificate).expect("wraps");
        assert!(pkesk(&good, recipient.as_bytes()).is_ok());
        assert!(pkesk(&good, &[0; 32]).is_err(), "another recipient");
        for at in 0..good.as_octets().len() {
            assert!(pkesk(&Esk::from_octets(good.as_octets()[..at].to_vec()), recipient.as_bytes()).is_err());
        }
        let mut longer = good.as_octets().to_vec();
        longer.push(0);
        assert!(pkesk(&Esk::from_octets(longer), recipient.as_bytes()).is_err());
        // Lengths of 4 GiB, partial lengths, the old format, and an inner length that runs over.
        for start in [&[0xc1, 255, 255, 255, 255, 255][..], &[0xc1, 0xe9], &[0x84, 0xff], &[0xc1], &[]] {
            assert!(pkesk(&Esk::from_octets(start.to_vec()), recipient.as_bytes()).is_err());
            assert!(skesk(&Esk::from_octets(start.to_vec())).is_err());
        }
        for (at, octet) in [(3, 3), (4, 21), (4, 0), (5, 4), (38, 1), (38, 25), (38, 36), (1159, 0), (1159, 255)] {
            let mut octets = good.as_octets().to_vec();
            octets[at] = octet;
            assert!(pkesk(&Esk::from_octets(octets), recipient.as_bytes()).is_err(), "octet {at} = {octet}");
        }
        let mut noise = vec![0; 1200];
        for _ in 0..2000 {
            dice.fill(&mut noise);
            let octets = Esk::from_octets(noise.clone());
            assert!(pkesk(&octets, recipient.as_bytes()).is_err() && skesk(&octets).is_err());
        }
    }

    #[test]
    fn fault_25_only_skesk_v6_with_aes_256_ocb_and_a_salted_s2k_is_read() {
        let (vault, dice) = (vault(1), Dice::new(4));
        let ticket = vault.new_ticket(&dice);
        let delivery = DeliveryId::random(&dice);
        let good = vault.esk_for_ticket(&SessionKey::random(&dice), &ticket, delivery).expect("wraps");
        assert!(skesk(&good).is_ok());
        let password = Password::from("x");
        let aes = SymmetricAlgorithm::AES256;
        let slow = S2K::new_iterated(HashAlgorithm::SHA256, 1024).expect("s2k");
        let v4 = SKESK4::with_password(aes, aes, slow.clone(), &session_key(), &password).expect("v4");
        let iterated =
            SKESK6::with_password(aes, aes, AEADAlgorithm::OCB, slow.clone(), &session_key(), &password).expect("v6");
        let gcm = SKESK6::with_password(aes, aes, AEADAlgorithm::GCM, slow, &session_key(), &password).expect("v6");
        let argon = S2K::Argon2 { salt: [1; 16], t: 1, p: 1, m: 31 };
        let huge = SKESK6::new(aes, AEADAlgorithm::OCB, argon, Box::new([0; 15]), Box::new([0; 48])).expect("v6");
        for packet in [Packet::from(v4), iterated.into(), gcm.into(), huge.into()] {
            assert!(vault.open_ticket(&esk(packet), &ticket, delivery).is_err());
        }
    }

    #[test]
    fn fault_27_rsa_and_every_other_kind_of_key_is_refused() {
        for other in [
            cert(Profile::RFC4880, CipherSuite::RSA2k),
            cert(Profile::RFC4880, CipherSuite::Cv25519),
            cert(Profile::RFC9580, CipherSuite::Cv25519),
            cert(Profile::RFC9580, CipherSuite::MLDSA65_Ed25519),
        ] {
            let binary = other.to_vec().expect("octets");
            assert!(!is_our_kind(&binary), "refused before the library reads it");
            assert!(Vault::parse_recovery(&binary).is_err());
            assert!(Vault::parse_recovery(&other.armored().to_vec().expect("armour")).is_err());
            if other.primary_key().key().pk_algo() != PublicKeyAlgorithm::MLDSA65_Ed25519 {
                assert!(encryption_key(&PublicKey::from_octets(binary)).is_err());
                // A session-key packet to it is not read, whichever version it claims.
                let key = other.keys().subkeys().next().expect("a subkey").key().clone();
                let old = PKESK3::for_recipient(SymmetricAlgorithm::AES256, &session_key(), &key).expect("v3");
                assert!(pkesk(&esk(Packet::from(old)), &[0; 32]).is_err());
                if let Ok(new) = PKESK6::for_recipient(&session_key(), &key) {
                    assert!(pkesk(&esk(Packet::from(new)), key.fingerprint().as_bytes()).is_err());
                }
            }
        }
        let (binary, secret) = ours();
        assert!(Vault::parse_recovery(&binary).is_ok());
        let stripped = Vault::parse_recovery(secret.0.as_bytes()).expect("the secret half holds the certificate");
        assert_eq!(stripped.as_octets(), binary);
        assert!(Vault::parse_recovery(b"").is_err());
        assert!(Vault::parse_recovery(&vec![0xc6; 100_000]).is_err());
        for at in 0..binary.len() {
            assert!(Vault::parse_recovery(&binary[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn fault_25_a_changed_certificate_never_yields_another_key() {
        let (binary, _) = ours();
        let key = encryption_key(&PublicKey::from_octets(binary.clone())).expect("ours").fingerprint();
        for at in (0..binary.len()).step_by(5) {
            let mut octets = binary.clone();
            octets[at] ^= 0x41;
            // Unhashed subpackets may change; what comes through has the same key, signed for by the primary.
            if let Ok(read) = Vault::parse_recovery(&octets) {
                assert_eq!(encryption_key(&read).expect("of our kind").fingerprint(), key, "octet {at}");
            }
        }
    }
}
