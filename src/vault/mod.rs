//! The strongroom of keys: the only plaintext keys, and the only place that names sequoia.
//!
//! Messages are OpenPGP (RFC 9580), split: containers (SEIPDv2, AES-256, OCB) on one side, session-key
//! packets (PKESK v6 to ML-KEM-768+X25519, RFC 9980; SKESK v6 to a ticket) on the other. Joined again
//! they are a valid message, which `tests/proof.rs` opens with another implementation.
//!
//! # The format of a head
//! The plaintext of a head container is `PLI1`, a big-endian u32 with the length of the manifest, the
//! manifest (JSON, [`manifest`]), then the octets of the head: the message less its large parts.
//! The manifest names the message, the head's object with length and SHA-256, every part that was cut
//! out (object id, offset in the head, length and SHA-256 of its plaintext, how to encode it again, its salt) and,
//! when several heads share parts, the session key of the parts (`parts_key`, base64).
//! One head: head and parts are under the message's one session key.
//! Several heads: each has its own, and its manifest hands on the parts' key.
//!
//! # How keys and associated data are made
//! *HKDF* is HKDF-SHA-256 (RFC 5869) with 32 octets of output; *frame(a, b, …)* is each octet string
//! behind its length as a big-endian u64; ids are their 16 octets; texts are ASCII without an end mark.
//! *Sealed* is AES-256-GCM: 8 octets of id, 12 of nonce, ciphertext, 16 of tag. The id is the root
//! key's, or `pli-own1` where the root key takes no part.
//!
//! | what | key | associated data |
//! |---|---|---|
//! | secret half of a slot | HKDF(the 26 secret characters of the device password, salt = device, info = `pli slot 1`) | frame(`pli slot 1`, mailbox, slot) |
//! | mailbox secret, quick | HKDF(the same, salt = device, info = `pli quick 1`) | frame(`pli quick 1`, slot, device) |
//! | login verifier | HKDF(the same, salt = device, info = `pli login 1`); kept as HMAC under the root | |
//! | secret part of a certificate | HKDF(mailbox secret, salt = mailbox, info = `pli certificate 1`) | frame(`pli certificate 1`, mailbox, fingerprint of the certificate) |
//! | a name or keywords of a mailbox | HKDF(the certificate's primary secret-key packet, salt = mailbox, info = `pli names 1`) | frame(table, row, column) |
//! | summaries that a session seals | HKDF(the same, or once the keys were renewed the secret subkey's packet, salt = mailbox, info = `pli summaries 1`) | frame(`pli summary 1` or `pli words 1`, mailbox, message, head) |
//! | summaries of what comes in | a deposit key: 32 random octets, kept as PKESK v6 to the certificate | the same |
//! | a name that waits for a session | a deposit key | frame(`pli waiting name 1`, mailbox, folder or entry) |
//! | a column | R(`column`, table, column) | frame(table, row, column, version as big-endian i64) |
//! | a text under a ticket | HKDF(the ticket's 16 secret octets, salt = R(`ticket`, delivery), info = `pli ticket text 1`) | frame(`pli ticket text 1`, delivery) |
//! | a page's session key | HKDF(cookie, salt = R(`session`, session), info = `pli session 1`) | frame(`pli session 1`, session) |
//!
//! *R(names…)* is HKDF(root key, salt = `pli-root-1`, info = frame(names…)). There may be several root keys ([`ring`]):
//! the one in use seals, and a value opens under the one whose id it carries.
//!
//! The plaintext of a slot is one secret subkey packet (type 7, version 6), its public half the packet of
//! type 14, and its `esk` a PKESK v6 that holds the mailbox secret in place of a session key. The plaintext
//! of a certificate's secret part is the transferable secret key (RFC 9580 §10.2), without a password: first the
//! subkey of the certificate, then those that it had before the keys were renewed.
//! The password of a delivery's SKESK is, in base64 with padding (44 characters),
//! HKDF(the ticket's 16 secret octets, salt = R(`ticket`, delivery), info = `pli ticket 1`).

pub mod container;
mod names;
mod symmetric;
mod waiting;

pub mod codes;
mod columns;
pub mod dkim;
pub mod keys;
pub mod manifest;
pub mod message;
pub mod policy;
pub mod records;
pub mod ring;
pub mod root;
pub mod split;
pub mod summaries;
pub mod tickets;

pub use columns::{Asked, Place};
pub use dkim::{DkimKey, DkimKind};
pub use keys::{MailboxKeys, MailboxSecret, NewMailboxKeys, NewSlot, RecoverySecret};
pub use manifest::{Encoding, PartRef};
pub use message::{Grant, HeadPlain, OpenHead, PartPieces, PartPlain, SealedHead, SealedMessage, SessionKey};
pub use records::{Away, DeviceLabel, Draft, Learned, Question, ReportAsked, Thread, Writer};
pub use ring::{ChainEnd, KeyRing};
pub use root::{RootKey, Vault};
pub use summaries::{DepositKey, SealedSummary, SummaryKey, SummaryOf};

#[cfg(test)]
mod testing {
    //! A seeded source of randomness, and a vault by number.

    use std::sync::Mutex;

    use super::{RootKey, Vault};
    use crate::domain::Random;

    /// The same octets for the same seed (SplitMix64).
    pub(super) struct Dice(Mutex<u64>);

    impl Dice {
        pub(super) fn new(seed: u64) -> Self {
            Self(Mutex::new(seed))
        }
    }

    impl Random for Dice {
        fn fill(&self, bytes: &mut [u8]) {
            let mut state = self.0.lock().expect("no test panics while it draws");
            for byte in bytes {
                *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut z = *state;
                z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                *byte = (z >> 56) as u8;
            }
        }
    }

    #[test]
    fn what_sessions_keep_may_move_between_threads() {
        fn moves<T: Send + Sync>() {}
        moves::<Vault>();
        moves::<super::MailboxKeys>();
        moves::<super::OpenHead>();
    }

    pub(super) fn vault(number: u64) -> Vault {
        Vault::new(&RootKey::random(&Dice::new(number)))
    }
}
