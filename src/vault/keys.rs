//! Keys of a mailbox: certificate, mailbox secret, key slots, login verifier, recovery.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::domain::{DeviceId, DevicePassword, Esk, Fault, KeyedHash, MailboxId, PublicKey, Random, Sealed, SlotId};

use super::Vault;

/// The random 256 bits that seal a certificate's secret part; held by every slot, never stored bare.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MailboxSecret(pub(super) [u8; 32]);

/// What a new mailbox is born with.
pub struct NewMailboxKeys {
    /// The public certificate: v6, Ed25519, encryption subkey ML-KEM-768+X25519.
    pub certificate: PublicKey,
    /// Its secret part, sealed as octets under the mailbox secret (mailbox id and fingerprint as associated data).
    pub sealed_secret: Sealed,
    /// The mailbox secret, to fill the first slots with.
    pub secret: MailboxSecret,
}

/// A slot ready for its row.
pub struct NewSlot {
    /// The public half.
    pub public_key: PublicKey,
    /// The secret half under HKDF(device password); `None` for the recovery certificate.
    pub sealed_secret: Option<Sealed>,
    /// The mailbox secret to the public half; `None` while pending.
    pub esk: Option<Esk>,
}

/// An unlocked certificate: opens the session-key packets of one mailbox. Lives for a session.
pub struct MailboxKeys {/* H1 */}

/// The secret half of a recovery certificate, as printed once: armoured OpenPGP text.
pub struct RecoverySecret(pub Zeroizing<String>);

impl Vault {
    /// New keys for a mailbox.
    pub fn new_mailbox(&self, _id: MailboxId, _random: &dyn Random) -> Result<NewMailboxKeys, Fault> {
        unimplemented!()
    }
    /// A new slot of a device: a random X25519+ML-KEM-768 pair, its secret half sealed under HKDF(password, salt = device id).
    /// With the mailbox secret it is filled, without it is pending.
    pub fn new_slot(
        &self,
        _mailbox: MailboxId,
        _slot: SlotId,
        _device: DeviceId,
        _password: &DevicePassword,
        _secret: Option<&MailboxSecret>,
        _random: &dyn Random,
    ) -> Result<NewSlot, Fault> {
        unimplemented!()
    }
    /// The slot of the organisation's recovery certificate.
    pub fn recovery_slot(&self, _certificate: &PublicKey, _secret: &MailboxSecret) -> Result<NewSlot, Fault> {
        unimplemented!()
    }
    /// Opens a filled slot with its device password.
    pub fn open_slot(
        &self,
        _mailbox: MailboxId,
        _slot: SlotId,
        _device: DeviceId,
        _password: &DevicePassword,
        _sealed_secret: &Sealed,
        _esk: &Esk,
    ) -> Result<MailboxSecret, Fault> {
        unimplemented!()
    }
    /// The mailbox secret sealed symmetrically for a device that was used once: later logins cost no public-key work.
    pub fn seal_quick(
        &self,
        _slot: SlotId,
        _device: DeviceId,
        _password: &DevicePassword,
        _secret: &MailboxSecret,
        _random: &dyn Random,
    ) -> Result<Sealed, Fault> {
        unimplemented!()
    }
    /// Opens it again.
    pub fn open_quick(
        &self,
        _slot: SlotId,
        _device: DeviceId,
        _password: &DevicePassword,
        _quick: &Sealed,
    ) -> Result<MailboxSecret, Fault> {
        unimplemented!()
    }
    /// Unlocks a mailbox's certificate.
    pub fn unlock(
        &self,
        _mailbox: MailboxId,
        _certificate: &PublicKey,
        _sealed_secret: &Sealed,
        _secret: &MailboxSecret,
    ) -> Result<MailboxKeys, Fault> {
        unimplemented!()
    }
    /// The hash of the login verifier: SHA-256 of the second HKDF output of the password, under the root key.
    pub fn verifier(&self, _device: DeviceId, _password: &DevicePassword) -> KeyedHash {
        unimplemented!()
    }
    /// Whether two verifiers are one (constant time).
    pub fn verifier_matches(&self, _a: &KeyedHash, _b: &KeyedHash) -> bool {
        unimplemented!()
    }
    /// A new recovery certificate (v6, X25519+ML-KEM-768 to encrypt) and its secret half.
    pub fn new_recovery() -> Result<(PublicKey, RecoverySecret), Fault> {
        unimplemented!()
    }
    /// Opens a recovery slot with the recovery certificate's secret half.
    pub fn open_recovery(_recovery: &RecoverySecret, _esk: &Esk) -> Result<MailboxSecret, Fault> {
        unimplemented!()
    }
    /// Reads a recovery certificate from its armoured or binary form; refuses any other kind of key (policy).
    pub fn parse_recovery(_octets: &[u8]) -> Result<PublicKey, Fault> {
        unimplemented!()
    }
}
