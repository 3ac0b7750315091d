//! Sealing and opening messages.

use zeroize::Zeroizing;

use crate::domain::{Container, DeliveryId, Esk, Fault, MessageId, ObjectId, PublicKey, Random, SessionId};

use super::{Encoding, MailboxKeys, PartRef, Vault};

/// A session key: opens one head, and through its manifest the parts. Never leaves the vault in clear.
#[derive(Clone)]
pub struct SessionKey(pub(super) Zeroizing<[u8; 32]>);

/// What a passed check yields: names one delivery, lives for one request, opens nothing else.
///
/// Only `access` mints one.
pub struct Grant {
    delivery: DeliveryId,
    session: SessionId,
    head: ObjectId,
    pub(super) key: SessionKey,
}

impl Grant {
    /// Mints a grant (architecture test: in `access` only).
    pub fn mint(delivery: DeliveryId, session: SessionId, head: ObjectId, key: SessionKey) -> Self {
        Self { delivery, session, head, key }
    }
    /// The one delivery it opens.
    pub fn delivery(&self) -> DeliveryId {
        self.delivery
    }
    /// The session it belongs to.
    pub fn session(&self) -> SessionId {
        self.session
    }
    /// The head it opens.
    pub fn head(&self) -> ObjectId {
        self.head
    }
}

/// A part to be sealed as an object of its own.
pub struct PartPlain {
    /// The octets to store: decoded where `encoding` says how to encode them again.
    pub octets: Zeroizing<Vec<u8>>,
    /// How it was written.
    pub encoding: Encoding,
}

/// A head to be sealed: the octets of the message less its parts.
pub struct HeadPlain {
    /// The octets.
    pub octets: Zeroizing<Vec<u8>>,
    /// For each part, in order, where in these octets it was cut out (ascending).
    pub cuts: Vec<usize>,
}

/// A sealed head.
pub struct SealedHead {
    /// Its object.
    pub object: ObjectId,
    /// Its container.
    pub container: Container,
    /// Its session key, to make session-key packets of.
    pub key: SessionKey,
}

/// A sealed message.
pub struct SealedMessage {
    /// One for each head asked for, in order.
    pub heads: Vec<SealedHead>,
    /// The parts' objects.
    pub parts: Vec<(ObjectId, Container)>,
}

/// An opened head.
pub struct OpenHead {
    /// Which message it is of.
    pub message: MessageId,
    /// The octets less the parts.
    pub octets: Zeroizing<Vec<u8>>,
    /// The parts, in the order of their places.
    pub parts: Vec<PartRef>,
    pub(super) parts_key: SessionKey,
}

impl OpenHead {
    /// Puts the message together: the exact octets that were sealed. `parts` in order, as opened.
    ///
    /// # Errors
    /// A [`Fault`] when a part is missing or not the manifest's.
    pub fn rebuild(&self, _parts: &[Zeroizing<Vec<u8>>]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        unimplemented!()
    }
}

impl Vault {
    /// Seals a message with one or more heads that share its parts.
    pub fn seal_message(
        &self,
        _message: MessageId,
        _heads: Vec<HeadPlain>,
        _parts: Vec<PartPlain>,
        _random: &dyn Random,
    ) -> Result<SealedMessage, Fault> {
        unimplemented!()
    }
    /// The session key to a mailbox's certificate: PKESK v6.
    pub fn esk_for_mailbox(&self, _key: &SessionKey, _certificate: &PublicKey) -> Result<Esk, Fault> {
        unimplemented!()
    }
    /// Opens a session-key packet with a mailbox's keys.
    pub fn open_esk(&self, _esk: &Esk, _keys: &MailboxKeys) -> Result<SessionKey, Fault> {
        unimplemented!()
    }
    /// Opens the head that a grant names.
    ///
    /// # Errors
    /// A [`Fault`] for any other object, a changed octet, or a manifest that is not this head's.
    pub fn open(&self, _grant: &Grant, _object: ObjectId, _container: &Container) -> Result<OpenHead, Fault> {
        unimplemented!()
    }
    /// Opens a part that an opened head names: authenticated, of the manifest's length and SHA-256, before it is returned.
    pub fn open_part(
        &self,
        _grant: &Grant,
        _head: &OpenHead,
        _part: &PartRef,
        _container: &Container,
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        unimplemented!()
    }
}
