//! The symmetric tools of the room: HKDF-SHA-256 (RFC 5869), HMAC, AES-256-GCM, SHA-256, all of aws-lc-rs.
//!
//! Keys are 32 octets, so one block of HKDF's expansion is always enough. Lists of octet strings are
//! framed (each behind its length), so that no two lists look alike. Nothing here knows a purpose:
//! who derives a key names it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, digest, hmac};
use zeroize::Zeroizing;

use crate::domain::{Fault, Random, Sealed};

/// A key of 256 bits.
pub(super) type Key = Zeroizing<[u8; 32]>;

/// HKDF-Extract (RFC 5869 §2.2): the pseudorandom key, ready to be expanded.
pub(super) fn extract(salt: &[u8], secret: &[u8]) -> hmac::Key {
    let prk = Zeroizing::new(octets(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), secret)));
    hmac::Key::new(hmac::HMAC_SHA256, prk.as_slice())
}

/// HKDF-Expand (RFC 5869 §2.3) to 32 octets: T(1) = HMAC(PRK, info ‖ 0x01).
pub(super) fn expand(prk: &hmac::Key, info: &[u8]) -> Key {
    let mut context = hmac::Context::with_key(prk);
    context.update(info);
    context.update(&[1]);
    Zeroizing::new(octets(context.sign()))
}

/// HKDF-SHA-256 to 32 octets.
pub(super) fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> Key {
    expand(&extract(salt, secret), info)
}

/// HMAC-SHA-256.
pub(super) fn authenticate(key: &Key, message: &[u8]) -> [u8; 32] {
    octets(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()), message))
}

/// Equality in constant time.
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// SHA-256 in hexadecimal.
pub(super) fn sha256(octets: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(digest::digest(&digest::SHA256, octets).as_ref())
}

/// Octet strings in a row, each behind its length (u64, big-endian).
pub(super) fn framed(pieces: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pieces.iter().map(|piece| piece.len() + 8).sum());
    for piece in pieces {
        out.extend_from_slice(&u64::try_from(piece.len()).unwrap_or(u64::MAX).to_be_bytes());
        out.extend_from_slice(piece);
    }
    out
}

/// AES-256-GCM: `id ‖ nonce ‖ ciphertext ‖ tag`, encrypted where it stands.
pub(super) fn seal(
    id: [u8; 8],
    key: &Key,
    associated: &[u8],
    plain: &[u8],
    random: &dyn Random,
) -> Result<Sealed, Fault> {
    let mut nonce = [0; NONCE];
    random.fill(&mut nonce);
    let mut out = Vec::with_capacity(HEADER + plain.len() + TAG);
    out.extend_from_slice(&id);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plain);
    let body = out.get_mut(HEADER..).ok_or_else(cannot_seal)?;
    let tag = cipher(key)?
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(associated), body)
        .map_err(|_| cannot_seal())?;
    out.extend_from_slice(tag.as_ref());
    Ok(Sealed::from_octets(out))
}

/// Opens what [`seal`] made.
///
/// # Errors
/// A [`Fault`] when it carries another id, was sealed for another place or with another key, or was changed.
pub(super) fn open(id: [u8; 8], key: &Key, associated: &[u8], sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let (found, rest) = sealed.as_octets().split_first_chunk::<8>().ok_or_else(does_not_open)?;
    if *found != id {
        return Err(Fault::new("sealed under another root key"));
    }
    let (nonce, body) = rest.split_first_chunk::<NONCE>().ok_or_else(does_not_open)?;
    let mut plain = Zeroizing::new(body.to_vec());
    let length = cipher(key)?
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(associated), plain.as_mut_slice())
        .map_err(|_| does_not_open())?
        .len();
    plain.truncate(length);
    Ok(plain)
}

fn cannot_seal() -> Fault {
    Fault::new("a value could not be sealed")
}

fn does_not_open() -> Fault {
    Fault::new("a sealed value does not open")
}

fn cipher(key: &Key) -> Result<LessSafeKey, Fault> {
    UnboundKey::new(&AES_256_GCM, key.as_slice()).map(LessSafeKey::new).map_err(|_| cannot_seal())
}

fn octets(tag: hmac::Tag) -> [u8; 32] {
    let mut out = [0; 32];
    // HMAC-SHA-256 has 32 octets, no more and no less.
    out.copy_from_slice(tag.as_ref());
    out
}

const NONCE: usize = 12;
const HEADER: usize = 8 + NONCE;
const TAG: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hkdf_is_that_of_rfc_5869() {
        // RFC 5869 appendix A.1, the first 32 octets of OKM.
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let okm = derive(&[0x0b; 22], &salt, &info);
        assert_eq!(
            data_encoding::HEXLOWER.encode(okm.as_slice()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
        );
    }

    #[test]
    fn frames_keep_lists_apart() {
        assert_ne!(framed(&[b"ab", b"c"]), framed(&[b"a", b"bc"]));
        assert_ne!(framed(&[b"ab"]), framed(&[b"ab", b""]));
    }
}
