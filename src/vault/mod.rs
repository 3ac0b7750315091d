//! The strongroom of keys: the only plaintext keys, and the only place that names sequoia.
//!
//! Messages are OpenPGP (RFC 9580), split: containers (SEIPDv2, AES-256, OCB) on one side, session-key
//! packets (PKESK v6 to ML-KEM-768+X25519, RFC 9980; SKESK v6 to a ticket) on the other. Joined again
//! they are a valid message, which `tests/proof.rs` opens with another implementation.
//!
//! # The format of a head
//! The plaintext of a head container is `PLI1`, a big-endian u32 with the length of the manifest, the
//! manifest (JSON, [`manifest`]), then the octets of the head: the message less its large parts.
//! The manifest names the message, every part that was cut out (object id, offset in the head, length
//! and SHA-256 of its plaintext, how to encode it again) and, when several heads share the parts, the
//! session key of the parts. One head: head and parts are under the message's one session key.
//! Several heads: each has its own, and its manifest hands on the parts' key.

pub mod columns;
pub mod keys;
pub mod manifest;
pub mod message;
pub mod policy;
pub mod records;
pub mod root;
pub mod tickets;

pub use columns::Place;
pub use keys::{MailboxKeys, MailboxSecret, NewMailboxKeys, NewSlot, RecoverySecret};
pub use manifest::{Encoding, PartRef};
pub use message::{Grant, HeadPlain, OpenHead, PartPlain, SealedHead, SealedMessage, SessionKey};
pub use records::{DeviceLabel, Thread};
pub use root::{RootKey, Vault};
