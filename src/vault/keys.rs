//! Keys of a mailbox: certificate, mailbox secret, key slots, login verifier, recovery.
//!
//! Certificates are of version 6 (RFC 9580): Ed25519 to certify, ML-KEM-768+X25519 (RFC 9980) to
//! encrypt, no user id, no expiry. Secret parts are sealed as octets by one AEAD call under secrets of
//! 128 bits and more: no slow hash anywhere, and no key derived from what a person chose.
//! The server's root key takes no part in what opens a mailbox.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use sequoia_openpgp::cert::{Cert, CertBuilder, CipherSuite};
use sequoia_openpgp::crypto::{KeyPair, SessionKey as OpenPgpKey, Signer as _};
use sequoia_openpgp::packet::key::{Key6, PublicParts, SecretParts, SubordinateRole};
use sequoia_openpgp::packet::pkesk::PKESK6;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::{Key, Packet};
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::types::{HashAlgorithm, KeyFlags, SignatureType};
use sequoia_openpgp::{Profile, parse::Parse};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::domain::{DeviceId, DevicePassword, Esk, Fault, KeyedHash, MailboxId, PublicKey, Random, Sealed, SlotId};

use super::{SummaryKey, Vault, policy, summaries, symmetric};

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
///
/// It keeps the key parsed, so that a packet costs one KEM and nothing else.
pub struct MailboxKeys {
    /// The certificate's encryption key, then those that it had before.
    pairs: Vec<KeyPair>,
    /// Seals and hashes what a person names: folders, keywords. It outlives a renewal of the keys.
    pub(super) names: symmetric::Key,
    /// Seals the summaries of what sessions bring.
    pub(super) summaries: SummaryKey,
    /// Sealed them before the keys were renewed.
    pub(super) former_summaries: Vec<SummaryKey>,
}

impl MailboxKeys {
    /// Tells these keys from any others, of the same mailbox too; says nothing of them.
    pub fn tag(&self) -> [u8; 32] {
        *symmetric::derive(self.names.as_slice(), b"", TAG)
    }

    /// The 32 octets of a session-key packet to this mailbox, under the key it has or one that it had.
    pub(super) fn unwrap(&self, esk: &Esk) -> Result<Zeroizing<[u8; 32]>, Fault> {
        let to = policy::recipient(esk);
        let pair = self.pairs.iter().find(|pair| to == Some(pair.public().fingerprint().as_bytes()));
        unwrap(esk, pair.ok_or(Fault::new("a session-key packet is to none of this mailbox's keys"))?)
    }
}

/// Keys that were proved since the server started, by a keyed hash of them: a login later costs no signature.
#[derive(Default)]
pub(super) struct Proved(Mutex<HashSet<[u8; 32]>>);

impl Proved {
    fn holds(&self, one: &[u8; 32]) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(one)
    }

    fn keep(&self, one: [u8; 32]) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_PROVED {
            all.clear();
        }
        all.insert(one);
    }
}

const MOST_PROVED: usize = 100_000;

/// The secret half of a recovery certificate, as printed once: armoured OpenPGP text.
pub struct RecoverySecret(pub Zeroizing<String>);

impl Vault {
    /// New keys for a mailbox.
    ///
    /// # Errors
    /// A [`Fault`] when the library fails.
    pub fn new_mailbox(&self, id: MailboxId, random: &dyn Random) -> Result<NewMailboxKeys, Fault> {
        let cert = generate()?;
        let mut secret = MailboxSecret([0; 32]);
        random.fill(&mut secret.0);
        let certificate = public_half(&cert)?;
        let octets = Zeroizing::new(cert.as_tsk().to_vec().map_err(|_| no_keys())?);
        let (key, associated) = certificate_key(id, &certificate, &secret)?;
        let sealed_secret = symmetric::seal(OWN, &key, &associated, &octets, random)?;
        Ok(NewMailboxKeys { certificate, sealed_secret, secret })
    }

    /// A new slot of a device: a random X25519+ML-KEM-768 pair, its secret half sealed under HKDF(password, salt = device id).
    /// With the mailbox secret it is filled, without it is pending.
    ///
    /// # Errors
    /// A [`Fault`] when the library fails.
    pub fn new_slot(
        &self,
        mailbox: MailboxId,
        slot: SlotId,
        device: DeviceId,
        password: &DevicePassword,
        secret: Option<&MailboxSecret>,
        random: &dyn Random,
    ) -> Result<NewSlot, Fault> {
        let pair: Key<SecretParts, SubordinateRole> = Key6::generate_mlkem768_x25519().map_err(|_| no_keys())?.into();
        let public = pair.clone().take_secret().0;
        let public_key = PublicKey::from_octets(Packet::from(public.clone()).to_vec().map_err(|_| no_keys())?);
        let octets = Zeroizing::new(Packet::from(pair).to_vec().map_err(|_| no_keys())?);
        let key = password_key(device, password, SLOT);
        let sealed = symmetric::seal(OWN, &key, &slot_place(mailbox, slot), &octets, random)?;
        let esk = secret.map(|secret| wrap(&secret.0, &public)).transpose()?;
        Ok(NewSlot { public_key, sealed_secret: Some(sealed), esk })
    }

    /// Fills a pending slot through its public half.
    ///
    /// # Errors
    /// A [`Fault`] when the public half is not of our kind.
    pub fn fill_slot(&self, public_key: &PublicKey, secret: &MailboxSecret) -> Result<Esk, Fault> {
        wrap(&secret.0, &policy::encryption_key(public_key)?)
    }

    /// The slot of the organisation's recovery certificate.
    ///
    /// # Errors
    /// A [`Fault`] when the certificate is not of our kind.
    pub fn recovery_slot(&self, certificate: &PublicKey, secret: &MailboxSecret) -> Result<NewSlot, Fault> {
        let esk = self.fill_slot(certificate, secret)?;
        Ok(NewSlot { public_key: certificate.clone(), sealed_secret: None, esk: Some(esk) })
    }

    /// Opens a filled slot with its device password.
    ///
    /// # Errors
    /// A [`Fault`] for another password, device, slot or mailbox.
    pub fn open_slot(
        &self,
        mailbox: MailboxId,
        slot: SlotId,
        device: DeviceId,
        password: &DevicePassword,
        sealed_secret: &Sealed,
        esk: &Esk,
    ) -> Result<MailboxSecret, Fault> {
        let key = password_key(device, password, SLOT);
        let octets = symmetric::open(OWN, &key, &slot_place(mailbox, slot), sealed_secret)?;
        unwrap(esk, &key_pair(&octets)?).map(|secret| MailboxSecret(*secret))
    }

    /// The mailbox secret sealed symmetrically for a device that was used once: later logins cost no public-key work.
    ///
    /// # Errors
    /// A [`Fault`] when the cipher fails.
    pub fn seal_quick(
        &self,
        slot: SlotId,
        device: DeviceId,
        password: &DevicePassword,
        secret: &MailboxSecret,
        random: &dyn Random,
    ) -> Result<Sealed, Fault> {
        symmetric::seal(OWN, &password_key(device, password, QUICK), &quick_place(slot, device), &secret.0, random)
    }

    /// Opens it again.
    ///
    /// # Errors
    /// A [`Fault`] for another password, device or slot.
    pub fn open_quick(
        &self,
        slot: SlotId,
        device: DeviceId,
        password: &DevicePassword,
        quick: &Sealed,
    ) -> Result<MailboxSecret, Fault> {
        let octets = symmetric::open(OWN, &password_key(device, password, QUICK), &quick_place(slot, device), quick)?;
        octets.as_slice().try_into().map(MailboxSecret).map_err(|_| Fault::new("a mailbox secret has 32 octets"))
    }

    /// Unlocks a mailbox's certificate.
    ///
    /// The secret parts are proved against the certificate: whoever writes the database can seal octets of his own
    /// under a mailbox secret of his own, and a session that took them for keys would seal under them in turn.
    ///
    /// # Errors
    /// A [`Fault`] when secret, mailbox and certificate do not belong together.
    pub fn unlock(
        &self,
        mailbox: MailboxId,
        certificate: &PublicKey,
        sealed_secret: &Sealed,
        secret: &MailboxSecret,
    ) -> Result<MailboxKeys, Fault> {
        let (key, associated) = certificate_key(mailbox, certificate, secret)?;
        let octets = symmetric::open(OWN, &key, &associated, sealed_secret)?;
        let subkeys = policy::secret_subkeys(&octets)?;
        let pairs = subkeys.iter().map(|whole| key_pair(whole)).collect::<Result<Vec<_>, _>>()?;
        let pair = pairs.first().ok_or_else(no_keys)?;
        if pair.public().fingerprint() != policy::encryption_key(certificate)?.fingerprint() {
            return Err(Fault::new("the secret part is not the certificate's"));
        }
        let primary = policy::take_packet(&octets).ok_or_else(no_keys)?.0;
        let one = symmetric::framed(&[mailbox.as_bytes(), certificate.as_octets(), &octets]);
        let one = self.bare_code(&[b"proved keys"], &[&Zeroizing::new(one)]);
        if !self.inner.proved.holds(&one) {
            prove(certificate, primary.whole, pair)?;
            self.inner.proved.keep(one);
        }
        let names = symmetric::derive(primary.whole, mailbox.as_bytes(), NAMES);
        // Of the key that the mailbox was born with, the primary key; of each later one, that key itself: whoever
        // opened the mailbox before a renewal does not have it.
        let renewed = subkeys.split_last().map_or(&[][..], |(_, renewed)| renewed);
        let mut own = renewed.iter().copied().chain([primary.whole]).map(|secret| summaries::own(secret, mailbox));
        let summaries = own.next().ok_or_else(no_keys)?;
        let former_summaries = own.collect();
        Ok(MailboxKeys { pairs, names, summaries, former_summaries })
    }

    /// New keys of a mailbox, in place of those that a device which was taken away has seen: another encryption
    /// subkey, bound by the same primary key, and another mailbox secret. The subkeys of before stay in the secret
    /// part, for what was sealed to them.
    ///
    /// # Errors
    /// As [`Vault::unlock`]; a [`Fault`] when the library fails.
    pub fn renew(
        &self,
        mailbox: MailboxId,
        certificate: &PublicKey,
        sealed_secret: &Sealed,
        secret: &MailboxSecret,
        random: &dyn Random,
    ) -> Result<NewMailboxKeys, Fault> {
        self.unlock(mailbox, certificate, sealed_secret, secret)?;
        let (key, associated) = certificate_key(mailbox, certificate, secret)?;
        let octets = symmetric::open(OWN, &key, &associated, sealed_secret)?;
        let (front, behind) = policy::split_at(&octets, policy::SECRET_SUBKEY).ok_or_else(no_keys)?;
        let (public_front, _) = policy::split_at(certificate.as_octets(), policy::PUBLIC_SUBKEY).ok_or_else(no_keys)?;
        let primary = policy::take_packet(&octets).ok_or_else(no_keys)?.0;
        let Ok(Packet::SecretKey(primary)) = Packet::from_bytes(primary.whole) else { return Err(no_keys()) };
        let mut signer = primary.into_keypair().map_err(|_| no_keys())?;
        let cert = Cert::from_bytes(certificate.as_octets()).map_err(|_| no_keys())?;
        let pair: Key<SecretParts, SubordinateRole> = Key6::generate_mlkem768_x25519().map_err(|_| no_keys())?.into();
        let flags = KeyFlags::empty().set_transport_encryption().set_storage_encryption();
        let binding = SignatureBuilder::new(SignatureType::SubkeyBinding)
            .set_key_flags(flags)
            .and_then(|builder| pair.bind(&mut signer, &cert, builder))
            .and_then(|binding| Packet::from(binding).to_vec())
            .map_err(|_| no_keys())?;
        let public = Packet::from(pair.clone().take_secret().0).to_vec().map_err(|_| no_keys())?;
        let pair = Zeroizing::new(Packet::from(pair).to_vec().map_err(|_| no_keys())?);
        let certificate = PublicKey::from_octets([public_front, &public, &binding].concat());
        let octets = Zeroizing::new([front, &pair, &binding, behind].concat());
        let mut secret = MailboxSecret([0; 32]);
        random.fill(&mut secret.0);
        let (key, associated) = certificate_key(mailbox, &certificate, &secret)?;
        let sealed_secret = symmetric::seal(OWN, &key, &associated, &octets, random)?;
        Ok(NewMailboxKeys { certificate, sealed_secret, secret })
    }

    /// The hash of the login verifier: the second HKDF output of the password, under a key of the root key.
    pub fn verifier(&self, device: DeviceId, password: &DevicePassword) -> KeyedHash {
        let verifier = password_key(device, password, LOGIN);
        KeyedHash::from_octets(self.code(&[VERIFIER], &[device.as_bytes(), verifier.as_slice()]))
    }

    /// Whether the password is the one whose verifier is kept, under the root key that it was made with (constant time).
    /// Where none is kept, the same work is done and the answer is no.
    pub fn is_verifier(&self, device: DeviceId, password: &DevicePassword, kept: Option<&KeyedHash>) -> bool {
        let verifier = password_key(device, password, LOGIN);
        let values: [&[u8]; 2] = [device.as_bytes(), verifier.as_slice()];
        match kept {
            Some(kept) => self.is_code(kept.as_octets(), &[VERIFIER], &values),
            None => {
                self.code(&[VERIFIER], &values);
                false
            }
        }
    }

    /// A new recovery certificate (v6, X25519+ML-KEM-768 to encrypt) and its secret half.
    ///
    /// # Errors
    /// A [`Fault`] when the library fails.
    pub fn new_recovery() -> Result<(PublicKey, RecoverySecret), Fault> {
        let cert = generate()?;
        let text = String::from_utf8(cert.as_tsk().armored().to_vec().map_err(|_| no_keys())?);
        Ok((public_half(&cert)?, RecoverySecret(Zeroizing::new(text.map_err(|_| no_keys())?))))
    }

    /// Opens a recovery slot with the recovery certificate's secret half.
    ///
    /// # Errors
    /// A [`Fault`] when the text is not such a secret half, or the slot is another certificate's.
    pub fn open_recovery(recovery: &RecoverySecret, esk: &Esk) -> Result<MailboxSecret, Fault> {
        let cert = policy::certificate(recovery.0.trim().as_bytes())?;
        let octets = Zeroizing::new(cert.as_tsk().to_vec().map_err(|_| no_keys())?);
        unwrap(esk, &key_pair(&octets)?).map(|secret| MailboxSecret(*secret))
    }

    /// Away from the server: the mailbox secret of a recovery slot, which comes as octets of a file, sealed to the public
    /// half of a device.
    ///
    /// # Errors
    /// As [`Vault::open_recovery`]; a [`Fault`] when the public half is not of our kind.
    pub fn recover(recovery: &RecoverySecret, locked: Vec<u8>, public_key: &PublicKey) -> Result<Esk, Fault> {
        let secret = Self::open_recovery(recovery, &Esk::from_octets(locked))?;
        wrap(&secret.0, &policy::encryption_key(public_key)?)
    }

    /// Octets of a file as a session-key packet, if they are one to this public half and of our kind.
    pub fn packet_to(octets: Vec<u8>, public_key: &PublicKey) -> Option<Esk> {
        let (esk, key) = (Esk::from_octets(octets), policy::encryption_key(public_key).ok()?);
        policy::pkesk(&esk, key.fingerprint().as_bytes()).is_ok().then_some(esk)
    }

    /// What tells a public half from any other, for people to compare: four groups of four characters.
    ///
    /// # Errors
    /// A [`Fault`] when it is not of our kind.
    pub fn shown_key(public_key: &PublicKey) -> Result<String, Fault> {
        let name = symmetric::sha256(policy::encryption_key(public_key)?.fingerprint().as_bytes());
        let groups: Vec<&str> = (0..4).filter_map(|at| name.get(at * 4..at * 4 + 4)).collect();
        Ok(groups.join("-"))
    }

    /// Reads a recovery certificate from its armoured or binary form; refuses any other kind of key (policy).
    ///
    /// # Errors
    /// A [`Fault`] for any other kind of key.
    pub fn parse_recovery(octets: &[u8]) -> Result<PublicKey, Fault> {
        policy::recovery_certificate(octets)
    }
}

/// 32 octets to a public key: PKESK of version 6 (RFC 9580 §5.1.2).
pub(super) fn wrap(secret: &[u8; 32], recipient: &Key<PublicParts, SubordinateRole>) -> Result<Esk, Fault> {
    PKESK6::for_recipient(&OpenPgpKey::from(secret.as_slice()), recipient)
        .and_then(|packet| Packet::from(packet).to_vec())
        .map(Esk::from_octets)
        .map_err(|_| Fault::new("a session key could not be wrapped"))
}

/// The 32 octets again.
pub(super) fn unwrap(esk: &Esk, pair: &KeyPair) -> Result<Zeroizing<[u8; 32]>, Fault> {
    let packet = policy::pkesk(esk, pair.public().fingerprint().as_bytes())?;
    let (_, key) = packet.decrypt(&mut pair.clone(), None).ok_or_else(no_session_key)?;
    <[u8; 32]>::try_from(&key[..]).map(Zeroizing::new).map_err(|_| no_session_key())
}

/// Whether the secret primary key and the secret subkey are those of a certificate: one signs what the certificate's
/// key verifies, the other opens what is sealed to it.
fn prove(certificate: &PublicKey, primary: &[u8], subkey: &KeyPair) -> Result<(), Fault> {
    let not_its = || Fault::new("the secret part is not the certificate's");
    let public = policy::take_packet(certificate.as_octets())
        .filter(|(packet, _)| packet.kind == policy::PUBLIC_KEY)
        .ok_or_else(no_keys)?
        .0;
    let Ok(Packet::PublicKey(public)) = Packet::from_bytes(public.whole) else { return Err(no_keys()) };
    let Ok(Packet::SecretKey(secret)) = Packet::from_bytes(primary) else { return Err(not_its()) };
    if secret.fingerprint() != public.fingerprint() {
        return Err(not_its());
    }
    let mut pair = secret.into_keypair().map_err(|_| not_its())?;
    let digest = [0x50; 64];
    let signature = pair.sign(HashAlgorithm::SHA512, &digest).map_err(|_| not_its())?;
    public.verify(&signature, HashAlgorithm::SHA512, &digest).map_err(|_| not_its())?;
    let probe = [0x51; 32];
    let opened = unwrap(&wrap(&probe, &policy::encryption_key(certificate)?)?, subkey).map_err(|_| not_its())?;
    if symmetric::same(opened.as_slice(), &probe) { Ok(()) } else { Err(not_its()) }
}

fn no_session_key() -> Fault {
    Fault::new("a session-key packet does not open")
}

/// A certificate of our kind, with its secret part. The cipher suite names the subkey's kind: no ML-DSA comes in.
fn generate() -> Result<Cert, Fault> {
    CertBuilder::new()
        .set_profile(Profile::RFC9580)
        .map_err(|_| no_keys())?
        .set_cipher_suite(CipherSuite::Cv25519)
        .set_primary_key_flags(KeyFlags::empty().set_certification().set_signing())
        .add_subkey(
            KeyFlags::empty().set_transport_encryption().set_storage_encryption(),
            None,
            CipherSuite::MLDSA65_Ed25519,
        )
        .generate()
        .map(|(cert, _revocation)| cert)
        .map_err(|_| no_keys())
}

fn public_half(cert: &Cert) -> Result<PublicKey, Fault> {
    cert.to_vec().map(PublicKey::from_octets).map_err(|_| no_keys())
}

fn key_pair(octets: &[u8]) -> Result<KeyPair, Fault> {
    policy::decryption_key(octets)?.role_into_unspecified().into_keypair().map_err(|_| no_keys())
}

fn no_keys() -> Fault {
    Fault::new("a key could not be made or read")
}

/// The key that seals a certificate's secret part, and the associated data.
fn certificate_key(
    mailbox: MailboxId,
    certificate: &PublicKey,
    secret: &MailboxSecret,
) -> Result<(symmetric::Key, Vec<u8>), Fault> {
    let primary = policy::take_packet(certificate.as_octets())
        .filter(|(packet, _)| packet.kind == policy::PUBLIC_KEY)
        .ok_or_else(no_keys)?
        .0;
    let Ok(Packet::PublicKey(primary)) = Packet::from_bytes(primary.whole) else { return Err(no_keys()) };
    let key = symmetric::derive(&secret.0, mailbox.as_bytes(), CERTIFICATE);
    let associated = symmetric::framed(&[CERTIFICATE, mailbox.as_bytes(), primary.fingerprint().as_bytes()]);
    Ok((key, associated))
}

fn password_key(device: DeviceId, password: &DevicePassword, use_: &[u8]) -> symmetric::Key {
    symmetric::derive(password.secret(), device.as_bytes(), use_)
}

fn slot_place(mailbox: MailboxId, slot: SlotId) -> Vec<u8> {
    symmetric::framed(&[SLOT, mailbox.as_bytes(), slot.as_bytes()])
}

fn quick_place(slot: SlotId, device: DeviceId) -> Vec<u8> {
    symmetric::framed(&[QUICK, slot.as_bytes(), device.as_bytes()])
}

/// Stands where the root key's id stands, in values that no root key takes part in.
pub(super) const OWN: [u8; 8] = *b"pli-own1";
const CERTIFICATE: &[u8] = b"pli certificate 1";
const SLOT: &[u8] = b"pli slot 1";
const QUICK: &[u8] = b"pli quick 1";
const LOGIN: &[u8] = b"pli login 1";
const VERIFIER: &[u8] = b"login verifier";
const TAG: &[u8] = b"pli keys tag 1";
const NAMES: &[u8] = b"pli names 1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::testing::{Dice, vault};

    #[test]
    fn a_device_opens_its_mailbox_and_no_other() {
        let (vault, dice) = (vault(1), Dice::new(2));
        let (mailbox, slot, device) = (MailboxId::random(&dice), SlotId::random(&dice), DeviceId::random(&dice));
        let password = DevicePassword::random(&dice);
        let made = vault.new_mailbox(mailbox, &dice).expect("keys");
        assert!(made.certificate.as_octets().len() < 2048, "{:?}", made.certificate);
        let new = vault.new_slot(mailbox, slot, device, &password, Some(&made.secret), &dice).expect("a slot");
        let (sealed, esk) = (new.sealed_secret.expect("sealed"), new.esk.expect("filled"));

        let secret = vault.open_slot(mailbox, slot, device, &password, &sealed, &esk).expect("opens");
        assert_eq!(secret.0, made.secret.0);
        assert!(vault.unlock(mailbox, &made.certificate, &made.sealed_secret, &secret).is_ok());
        let quick = vault.seal_quick(slot, device, &password, &secret, &dice).expect("seals");
        assert_eq!(vault.open_quick(slot, device, &password, &quick).expect("opens").0, secret.0);

        let (other, wrong) = (DeviceId::random(&dice), DevicePassword::random(&dice));
        assert!(vault.open_slot(mailbox, slot, device, &wrong, &sealed, &esk).is_err());
        assert!(vault.open_slot(mailbox, slot, other, &password, &sealed, &esk).is_err());
        assert!(vault.open_slot(mailbox, SlotId::random(&dice), device, &password, &sealed, &esk).is_err());
        assert!(vault.open_slot(MailboxId::random(&dice), slot, device, &password, &sealed, &esk).is_err());
        assert!(vault.open_quick(SlotId::random(&dice), device, &password, &quick).is_err());
        assert!(vault.open_quick(slot, device, &wrong, &quick).is_err());

        let strange = vault.new_mailbox(mailbox, &dice).expect("keys");
        assert!(vault.unlock(mailbox, &strange.certificate, &made.sealed_secret, &secret).is_err());
        assert!(vault.unlock(mailbox, &made.certificate, &made.sealed_secret, &strange.secret).is_err());
        assert!(vault.unlock(MailboxId::random(&dice), &made.certificate, &made.sealed_secret, &secret).is_err());
    }

    /// Whoever writes the database, and knows the password of a device that waits, can hand it a mailbox secret of his
    /// own and seal octets of his own under it. They are no keys of the mailbox.
    #[test]
    fn fault_12_octets_that_somebody_else_sealed_unlock_nothing() {
        let (vault, dice) = (vault(1), Dice::new(2));
        let mailbox = MailboxId::random(&dice);
        let (made, strange) =
            (vault.new_mailbox(mailbox, &dice).expect("keys"), vault.new_mailbox(mailbox, &dice).expect("keys"));
        let opened = |of: &NewMailboxKeys| {
            let (key, place) = certificate_key(mailbox, &of.certificate, &of.secret).expect("a key");
            symmetric::open(OWN, &key, &place, &of.sealed_secret).expect("opens")
        };
        let (own, theirs) = (opened(&made), opened(&strange));
        let first = |octets: &[u8]| policy::take_packet(octets).expect("a packet").0.whole.len();
        let mut swapped = theirs.get(..first(&theirs)).expect("a packet").to_vec();
        swapped.extend_from_slice(own.get(first(&own)..).expect("the rest"));
        // The last octets of the primary key are secret, and those of the subkey before the last 32, which are what
        // ML-KEM answers to ciphertexts that are none (FIPS 203 §7.1).
        let flipped = |at: usize| {
            let mut octets = own.to_vec();
            octets[at] ^= 1;
            octets
        };
        let mut at = 0;
        let mut ends = Vec::new();
        while let Some((packet, rest)) = own.get(at..).and_then(policy::take_packet) {
            at += packet.whole.len();
            if [5, 7].contains(&packet.kind) {
                ends.push(at - 1);
            }
            if rest.is_empty() {
                break;
            }
        }
        assert_eq!(ends.len(), 2);
        let forged = [swapped, flipped(ends[0]), flipped(ends[1] - 40)];
        let attacker = MailboxSecret([9; 32]);
        let (key, place) = certificate_key(mailbox, &made.certificate, &attacker).expect("a key");
        for octets in &forged {
            let sealed = symmetric::seal(OWN, &key, &place, octets, &dice).expect("seals");
            assert!(vault.unlock(mailbox, &made.certificate, &sealed, &attacker).is_err());
        }
        let sealed = symmetric::seal(OWN, &key, &place, &own, &dice).expect("seals");
        let again = vault.unlock(mailbox, &made.certificate, &sealed, &attacker).expect("the true ones do");
        let keys = vault.unlock(mailbox, &made.certificate, &made.sealed_secret, &made.secret).expect("unlocks");
        let others = vault.unlock(mailbox, &strange.certificate, &strange.sealed_secret, &strange.secret);
        assert_eq!(keys.tag(), again.tag());
        assert_ne!(keys.tag(), others.expect("unlocks").tag());
    }

    #[test]
    fn renewed_keys_are_a_certificate_of_our_kind_and_open_what_came_before() {
        let (vault, dice) = (vault(1), Dice::new(2));
        let mailbox = MailboxId::random(&dice);
        let mut now = vault.new_mailbox(mailbox, &dice).expect("keys");
        let mut all = Vec::new();
        for round in 0..4 {
            let packet = wrap(&[round; 32], &policy::encryption_key(&now.certificate).expect("ours")).expect("wraps");
            all.push((round, packet));
            let old = vault.unlock(mailbox, &now.certificate, &now.sealed_secret, &now.secret).expect("unlocks");
            let new = vault.renew(mailbox, &now.certificate, &now.sealed_secret, &now.secret, &dice).expect("renews");
            // Whole by the library's own judgement: signatures, flags, one key to encrypt.
            assert_eq!(Vault::parse_recovery(new.certificate.as_octets()).expect("whole"), new.certificate);
            assert_eq!(new.certificate.as_octets().len(), now.certificate.as_octets().len());
            let keys = vault.unlock(mailbox, &new.certificate, &new.sealed_secret, &new.secret).expect("unlocks");
            for (round, packet) in &all {
                assert_eq!(*keys.unwrap(packet).expect("opens"), [*round; 32]);
            }
            let after = wrap(&[9; 32], &policy::encryption_key(&new.certificate).expect("ours")).expect("wraps");
            assert!(old.unwrap(&after).is_err() && keys.unwrap(&after).is_ok());
            assert_eq!(keys.tag(), old.tag());
            assert!(keys.summaries.0 != old.summaries.0, "nor does it open the summaries of later");
            assert!(keys.former_summaries.iter().any(|former| former.0 == old.summaries.0));
            assert!(vault.unlock(mailbox, &new.certificate, &new.sealed_secret, &now.secret).is_err());
            assert!(vault.unlock(mailbox, &now.certificate, &new.sealed_secret, &new.secret).is_err());
            now = new;
        }
    }

    #[test]
    fn a_pending_slot_is_filled_through_its_public_half() {
        let (vault, dice) = (vault(1), Dice::new(2));
        let (mailbox, slot, device) = (MailboxId::random(&dice), SlotId::random(&dice), DeviceId::random(&dice));
        let password = DevicePassword::random(&dice);
        let made = vault.new_mailbox(mailbox, &dice).expect("keys");
        let new = vault.new_slot(mailbox, slot, device, &password, None, &dice).expect("a slot");
        assert!(new.esk.is_none());
        let esk = vault.fill_slot(&new.public_key, &made.secret).expect("fills");
        let sealed = new.sealed_secret.expect("sealed");
        let secret = vault.open_slot(mailbox, slot, device, &password, &sealed, &esk).expect("opens");
        assert_eq!(secret.0, made.secret.0);
    }

    #[test]
    fn the_recovery_certificate_opens_its_slot() {
        let (vault, dice) = (vault(1), Dice::new(2));
        let made = vault.new_mailbox(MailboxId::random(&dice), &dice).expect("keys");
        let (certificate, recovery) = Vault::new_recovery().expect("a certificate");
        assert!(recovery.0.starts_with("-----BEGIN PGP PRIVATE KEY BLOCK-----"));
        let slot = vault.recovery_slot(&certificate, &made.secret).expect("a slot");
        assert!(slot.sealed_secret.is_none());
        let esk = slot.esk.expect("filled");
        assert_eq!(Vault::open_recovery(&recovery, &esk).expect("opens").0, made.secret.0);
        let (_, other) = Vault::new_recovery().expect("a certificate");
        assert!(Vault::open_recovery(&other, &esk).is_err());
        assert!(Vault::open_recovery(&RecoverySecret(Zeroizing::new("x".into())), &esk).is_err());
    }

    #[test]
    fn a_verifier_is_of_device_password_and_root_key() {
        let dice = Dice::new(2);
        let (device, password) = (DeviceId::random(&dice), DevicePassword::random(&dice));
        let kept = vault(1).verifier(device, &password);
        assert!(vault(1).is_verifier(device, &password, Some(&kept)));
        assert!(!vault(1).is_verifier(device, &password, None));
        assert!(!vault(2).is_verifier(device, &password, Some(&kept)));
        assert!(!vault(1).is_verifier(DeviceId::random(&dice), &password, Some(&kept)));
        assert!(!vault(1).is_verifier(device, &DevicePassword::random(&dice), Some(&kept)));
    }
}
