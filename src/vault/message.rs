//! Sealing and opening messages: heads with their manifests, parts, session keys.
//!
//! A session key serves one head (and, where the message has one head only, its parts); none serves a
//! second message. What is returned was authenticated whole and is what the manifest names.

use zeroize::Zeroizing;

use crate::domain::{Container, DeliveryId, Esk, Fault, MessageId, ObjectId, PublicKey, Random, SessionId};

use super::manifest::{Manifest, inconsistent};
use super::{Encoding, MailboxKeys, PartRef, Vault, container, keys, policy, symmetric};

/// A session key: opens one head, and through its manifest the parts. Never leaves the vault in clear.
#[derive(Clone)]
pub struct SessionKey(pub(super) Zeroizing<[u8; 32]>);

impl SessionKey {
    /// A new key.
    pub(super) fn random(random: &dyn Random) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        random.fill(key.as_mut_slice());
        Self(key)
    }

    /// A key that was unsealed.
    pub(super) fn from_octets(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(|key| Self(Zeroizing::new(key)))
    }
}

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
    /// The octets to store: decoded where `encoding` says how to encode them again. They are sealed where they lie;
    /// room for the container ([`container::sealed_length`]) spares a copy.
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
    object: ObjectId,
}

impl OpenHead {
    /// Puts the message together: the exact octets that were sealed. `parts` in order, as opened.
    ///
    /// # Errors
    /// A [`Fault`] when a part is missing or not the manifest's.
    pub fn rebuild(&self, parts: &[Zeroizing<Vec<u8>>]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        if parts.len() != self.parts.len() {
            return Err(Fault::new("a message is put together from all its parts"));
        }
        let mut places = Vec::with_capacity(parts.len());
        let mut length = self.octets.len();
        for (part, octets) in self.parts.iter().zip(parts) {
            part.check(octets)?;
            length += part.encoding.length(octets.len());
            places.push(usize::try_from(part.at).map_err(|_| inconsistent())?);
        }
        let mut whole = Zeroizing::new(Vec::with_capacity(length));
        let mut done = 0;
        for ((part, octets), &at) in self.parts.iter().zip(parts).zip(&places) {
            whole.extend_from_slice(self.octets.get(done..at).ok_or_else(inconsistent)?);
            part.encoding.write(octets, &mut whole)?;
            done = at;
        }
        whole.extend_from_slice(self.octets.get(done..).ok_or_else(inconsistent)?);
        Ok(whole)
    }
}

/// A part that is opened piece by piece.
pub struct PartPieces(container::Pieces);

impl PartPieces {
    /// Octets of it.
    pub fn length(&self) -> u64 {
        self.0.length()
    }

    /// Where the container holds the octet `at`, and with it what is wanted up to `end`; none behind the last.
    pub fn piece(&self, at: u64, end: u64) -> Option<container::Piece> {
        self.0.piece(at, end)
    }

    /// The wanted octets of a piece, from its octets in the container.
    ///
    /// # Errors
    /// A [`Fault`] for anything but the piece as it was sealed.
    pub fn open(&self, piece: &container::Piece, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        self.0.open(piece, sealed)
    }
}

impl PartRef {
    /// Whether it can be opened piece by piece as what its reader gets: not encoded, and named by its salt.
    pub fn is_in_pieces(&self) -> bool {
        self.salt.is_some() && self.encoding != super::Encoding::AsIs
    }

    /// Whether these octets are the part's.
    fn check(&self, octets: &[u8]) -> Result<(), Fault> {
        let same = u64::try_from(octets.len()) == Ok(self.length) && symmetric::sha256(octets) == self.sha256;
        if same { Ok(()) } else { Err(Fault::new("a part is not the one that the manifest names")) }
    }
}

impl Vault {
    /// Seals a message with one or more heads that share its parts.
    ///
    /// # Errors
    /// A [`Fault`] when there is no head, or its cuts are not one for each part, ascending, inside its octets.
    pub fn seal_message(
        &self,
        message: MessageId,
        heads: Vec<HeadPlain>,
        parts: Vec<PartPlain>,
        random: &dyn Random,
    ) -> Result<SealedMessage, Fault> {
        let single = heads.len() == 1;
        let parts_key = SessionKey::random(random);
        let mut named = Vec::with_capacity(parts.len());
        let mut sealed = Vec::with_capacity(parts.len());
        for PartPlain { octets, encoding } in parts {
            let object = ObjectId::random(random);
            let length = u64::try_from(octets.len()).map_err(|_| inconsistent())?;
            let sha256 = symmetric::sha256(&octets);
            let container = container::seal_in_place(&parts_key, octets, random)?;
            let salt = container::salt(&container).map(|salt| data_encoding::HEXLOWER.encode(&salt));
            sealed.push((object, container));
            named.push(PartRef { salt, object, at: 0, length, sha256, encoding });
        }
        let mut out = Vec::with_capacity(heads.len());
        for head in heads {
            let object = ObjectId::random(random);
            let key = if single { parts_key.clone() } else { SessionKey::random(random) };
            let mut manifest = Manifest::new(message, object, &head.octets, placed(&named, &head)?)?;
            if !single && !named.is_empty() {
                manifest.hand_on(&parts_key);
            }
            let container = container::seal(&key, &manifest.to_octets()?, &head.octets, random)?;
            out.push(SealedHead { object, container, key });
        }
        if out.is_empty() {
            return Err(Fault::new("a message has a head"));
        }
        Ok(SealedMessage { heads: out, parts: sealed })
    }

    /// The session key to a mailbox's certificate: PKESK v6.
    ///
    /// # Errors
    /// A [`Fault`] when the certificate is not of our kind.
    pub fn esk_for_mailbox(&self, key: &SessionKey, certificate: &PublicKey) -> Result<Esk, Fault> {
        keys::wrap(&key.0, &policy::encryption_key(certificate)?)
    }

    /// Opens a session-key packet with a mailbox's keys.
    ///
    /// # Errors
    /// A [`Fault`] for any packet but a PKESK v6 to this mailbox's ML-KEM-768+X25519 key.
    pub fn open_esk(&self, esk: &Esk, keys: &MailboxKeys) -> Result<SessionKey, Fault> {
        keys.unwrap(esk).map(SessionKey)
    }

    /// Opens the head that a grant names.
    ///
    /// # Errors
    /// A [`Fault`] for any other object, a changed octet, or a manifest that is not this head's.
    pub fn open(&self, grant: &Grant, object: ObjectId, container: &Container) -> Result<OpenHead, Fault> {
        if object != grant.head {
            return Err(Fault::new("the grant names another head"));
        }
        open_head(&grant.key, object, container)
    }

    /// Opens a head that an entry of a mailbox shows. The unlocked keys are the proof: `access` alone hands them out.
    ///
    /// # Errors
    /// A [`Fault`] for a session-key packet to anybody else, another message's or another head's container.
    pub fn open_entry(
        &self,
        keys: &MailboxKeys,
        esk: &Esk,
        message: MessageId,
        object: ObjectId,
        container: &Container,
    ) -> Result<OpenHead, Fault> {
        let head = open_head(&self.open_esk(esk, keys)?, object, container)?;
        if head.message != message {
            return Err(Fault::new("the head is another message's"));
        }
        Ok(head)
    }

    /// Opens a part of a head that was opened with a mailbox's keys.
    ///
    /// # Errors
    /// A [`Fault`] when the part is not the head's, or the container not the part's.
    pub fn open_entry_part(
        &self,
        _keys: &MailboxKeys,
        head: &OpenHead,
        part: &PartRef,
        container: &Container,
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        open_part(head, part, container)
    }

    /// Begins to open a part piece by piece: [`container::FRONT`] octets of its front, its last [`container::LAST`], its
    /// size. It is the part that the manifest names by its salt, which no other container has.
    ///
    /// # Errors
    /// A [`Fault`] when the head is not the grant's, the part not the head's or of a manifest that names no salt, or the
    /// container not the part's.
    pub fn begin_part(
        &self,
        grant: &Grant,
        head: &OpenHead,
        part: &PartRef,
        (front, last, size): (&[u8], &[u8], u64),
    ) -> Result<PartPieces, Fault> {
        if head.object != grant.head || !head.parts.contains(part) {
            return Err(Fault::new("the manifest names no such part"));
        }
        let (pieces, salt) = container::Pieces::begin(&head.parts_key, front, last, size)?;
        let named = part.salt.as_ref().is_some_and(|named| *named == data_encoding::HEXLOWER.encode(&salt));
        if !named || pieces.length() != part.length {
            return Err(Fault::new("a part is not the one that the manifest names"));
        }
        Ok(PartPieces(pieces))
    }

    /// Opens a part that an opened head names: authenticated, of the manifest's length and SHA-256, before it is returned.
    ///
    /// # Errors
    /// A [`Fault`] when the head is not the grant's, the part not the head's, or the container not the part's.
    pub fn open_part(
        &self,
        grant: &Grant,
        head: &OpenHead,
        part: &PartRef,
        container: &Container,
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        if head.object != grant.head {
            return Err(Fault::new("the manifest names no such part"));
        }
        open_part(head, part, container)
    }
}

pub(super) fn open_head(key: &SessionKey, object: ObjectId, container: &Container) -> Result<OpenHead, Fault> {
    let (mut plain, start) = container::open(key, container)?;
    let (mut manifest, octets) = Manifest::split(plain.get(start..).unwrap_or_default(), object)?;
    let before = plain.len() - octets.len();
    let parts_key = manifest.parts_key()?.unwrap_or_else(|| key.clone());
    plain.drain(..before);
    let parts = std::mem::take(&mut manifest.parts);
    Ok(OpenHead { message: manifest.message, octets: plain, parts, parts_key, object })
}

fn open_part(head: &OpenHead, part: &PartRef, container: &Container) -> Result<Zeroizing<Vec<u8>>, Fault> {
    if !head.parts.contains(part) {
        return Err(Fault::new("the manifest names no such part"));
    }
    let (mut plain, start) = container::open(&head.parts_key, container)?;
    part.check(plain.get(start..).unwrap_or_default())?;
    plain.drain(..start);
    Ok(plain)
}

/// The parts at their places in this head.
fn placed(parts: &[PartRef], head: &HeadPlain) -> Result<Vec<PartRef>, Fault> {
    let wrong = || Fault::new("a head names one place for each part, ascending, inside its octets");
    let inside = head.cuts.last().is_none_or(|&at| at <= head.octets.len());
    if head.cuts.len() != parts.len() || !head.cuts.is_sorted() || !inside {
        return Err(wrong());
    }
    let at =
        |(part, &at): (&PartRef, &usize)| Ok(PartRef { at: u64::try_from(at).map_err(|_| wrong())?, ..part.clone() });
    parts.iter().zip(&head.cuts).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MailboxId;
    use crate::vault::testing::{Dice, vault};

    fn head(octets: &[u8], cuts: &[usize]) -> HeadPlain {
        HeadPlain { octets: Zeroizing::new(octets.to_vec()), cuts: cuts.to_vec() }
    }

    fn part(octet: u8, length: usize, encoding: Encoding) -> PartPlain {
        PartPlain { octets: Zeroizing::new(vec![octet; length]), encoding }
    }

    fn grant(head: &SealedHead, dice: &Dice) -> Grant {
        Grant::mint(DeliveryId::random(dice), SessionId::random(dice), head.object, head.key.clone())
    }

    fn two_parts() -> Vec<PartPlain> {
        vec![part(1, 100_000, Encoding::Base64 { line: 76, ends: true }), part(2, 70_000, Encoding::AsIs)]
    }

    fn want(before: &[u8], middle: &[u8], after: &[u8]) -> Vec<u8> {
        let text = data_encoding::BASE64.encode(&vec![1; 100_000]);
        let lines: String =
            text.as_bytes().chunks(76).map(|line| format!("{}\r\n", String::from_utf8_lossy(line))).collect();
        [before, lines.as_bytes(), middle, &vec![2; 70_000], after].concat()
    }

    fn open_all(vault: &Vault, grant: &Grant, container: &Container, parts: &[(ObjectId, Container)]) -> Vec<u8> {
        let open = vault.open(grant, grant.head(), container).expect("the head opens");
        let plain: Vec<_> = open
            .parts
            .iter()
            .map(|part| {
                let (_, container) =
                    parts.iter().find(|(object, _)| *object == part.object).expect("the part's object");
                vault.open_part(grant, &open, part, container).expect("the part opens")
            })
            .collect();
        open.rebuild(&plain).expect("is put together").to_vec()
    }

    #[test]
    fn a_message_comes_back_octet_for_octet_to_mailbox_and_patient() {
        let (vault, dice) = (vault(1), Dice::new(11));
        let (id, mailbox) = (MessageId::random(&dice), MailboxId::random(&dice));
        let sealed =
            vault.seal_message(id, vec![head(b"before middle after", &[7, 13])], two_parts(), &dice).expect("seals");
        let first = &sealed.heads[0];
        let made = vault.new_mailbox(mailbox, &dice).expect("keys");
        let esk = vault.esk_for_mailbox(&first.key, &made.certificate).expect("wraps");
        let keys = vault.unlock(mailbox, &made.certificate, &made.sealed_secret, &made.secret).expect("unlocks");
        assert_eq!(vault.open_esk(&esk, &keys).expect("opens").0, first.key.0);
        let other = vault.new_mailbox(mailbox, &dice).expect("keys");
        let strange = vault.unlock(mailbox, &other.certificate, &other.sealed_secret, &other.secret).expect("unlocks");
        assert!(vault.open_esk(&esk, &strange).is_err());
        let whole = open_all(&vault, &grant(first, &dice), &first.container, &sealed.parts);
        assert!(whole == want(b"before ", b"middle", b" after"));
    }

    #[test]
    fn heads_share_parts_and_nothing_else() {
        let (vault, dice) = (vault(1), Dice::new(12));
        let heads = vec![head(b"to A; Bcc B", &[4, 11]), head(b"to A", &[0, 4])];
        let sealed = vault.seal_message(MessageId::random(&dice), heads, two_parts(), &dice).expect("seals");
        let (a, b) = (&sealed.heads[0], &sealed.heads[1]);
        assert_ne!(a.key.0, b.key.0);
        assert!(open_all(&vault, &grant(a, &dice), &a.container, &sealed.parts) == want(b"to A", b"; Bcc B", b""));
        assert!(open_all(&vault, &grant(b, &dice), &b.container, &sealed.parts) == want(b"", b"to A", b""));
        // One head's key does not open the other, whichever object it is called.
        assert!(vault.open(&grant(b, &dice), b.object, &a.container).is_err());
        assert!(vault.open(&grant(b, &dice), a.object, &a.container).is_err());
        let open = vault.open(&grant(a, &dice), a.object, &a.container).expect("opens");
        assert!(vault.open_part(&grant(b, &dice), &open, &open.parts[0], &sealed.parts[0].1).is_err(), "another grant");
    }

    #[test]
    fn what_the_manifest_does_not_name_is_refused() {
        let (vault, dice) = (vault(1), Dice::new(13));
        let parts = || vec![part(1, 70_000, Encoding::AsIs), part(2, 70_000, Encoding::AsIs)];
        let sealed =
            vault.seal_message(MessageId::random(&dice), vec![head(b"head", &[2, 2])], parts(), &dice).expect("seals");
        let first = &sealed.heads[0];
        let grant = grant(first, &dice);
        assert!(vault.open(&grant, ObjectId::random(&dice), &first.container).is_err());
        assert!(vault.open(&grant, first.object, &sealed.parts[0].1).is_err(), "a part is no head");
        let open = vault.open(&grant, first.object, &first.container).expect("opens");
        let [one, two] = [0, 1].map(|i| &open.parts[i]);
        assert!(vault.open_part(&grant, &open, one, &sealed.parts[1].1).is_err(), "parts exchanged");
        assert!(vault.open_part(&grant, &open, &PartRef { at: 3, ..one.clone() }, &sealed.parts[0].1).is_err());
        let plain = [one, two].map(|part| {
            let (_, container) = sealed.parts.iter().find(|(object, _)| *object == part.object).expect("there");
            vault.open_part(&grant, &open, part, container).expect("opens")
        });
        assert!(open.rebuild(&plain[..1]).is_err(), "a part is missing");
        assert!(open.rebuild(&[plain[1].clone(), plain[0].clone()]).is_err(), "parts exchanged");
        assert!(open.rebuild(&plain).is_ok());
        for (cuts, parts) in [(&[1][..], parts()), (&[3, 2], parts()), (&[2, 5], parts()), (&[1], vec![])] {
            assert!(vault.seal_message(open.message, vec![head(b"head", cuts)], parts, &dice).is_err(), "{cuts:?}");
        }
        assert!(vault.seal_message(open.message, vec![], parts(), &dice).is_err());
    }

    #[test]
    fn fault_26_a_changed_head_or_part_lets_nothing_out() {
        let (vault, dice) = (vault(1), Dice::new(14));
        let parts = vec![part(7, 40, Encoding::AsIs)];
        let sealed =
            vault.seal_message(MessageId::random(&dice), vec![head(b"head", &[4])], parts, &dice).expect("seals");
        let first = &sealed.heads[0];
        let grant = grant(first, &dice);
        let open = vault.open(&grant, first.object, &first.container).expect("opens");
        let (_, stored) = &sealed.parts[0];
        for at in 0..first.container.as_octets().len() {
            let octets = first.container.as_octets();
            let mut flipped = octets.to_vec();
            flipped[at] ^= 0x10;
            assert!(vault.open(&grant, first.object, &Container::from_octets(flipped)).is_err(), "octet {at}");
            assert!(vault.open(&grant, first.object, &Container::from_octets(octets[..at].to_vec())).is_err());
        }
        for at in 0..stored.as_octets().len() {
            let mut flipped = stored.as_octets().to_vec();
            flipped[at] ^= 0x10;
            assert!(vault.open_part(&grant, &open, &open.parts[0], &Container::from_octets(flipped)).is_err());
            let cut = Container::from_octets(stored.as_octets()[..at].to_vec());
            assert!(vault.open_part(&grant, &open, &open.parts[0], &cut).is_err());
        }
    }

    /// A manifest is read or refused whatever stands in it, and what was read puts the same message together.
    ///
    /// Input: an octet that says how many parts; for each its place, its encoding, its length; then octets that are put
    /// over the manifest's at places they choose.
    #[test]
    fn any_manifest_is_read_or_refused() {
        bolero::check!().with_max_len(200).for_each(|input: &[u8]| {
            let dice = Dice::new(4);
            let (message, object) = (MessageId::random(&dice), ObjectId::random(&dice));
            let mut input = input.iter().copied();
            let mut next = || input.next().unwrap_or_default();
            let octets = vec![b'h'; usize::from(next())];
            let mut plain = Vec::new();
            let mut parts = Vec::new();
            for _ in 0..next() % 5 {
                let (at, line, ends, length) = (next(), next(), next(), next());
                let part = vec![b'p'; usize::from(length)];
                let encoding = match ends {
                    0 => Encoding::AsIs,
                    ends => Encoding::Base64 { line: u32::from(line), ends: ends % 2 == 0 },
                };
                parts.push(PartRef {
                    object: ObjectId::random(&dice),
                    at: u64::from(at),
                    length: u64::from(length),
                    sha256: symmetric::sha256(&part),
                    encoding,
                    salt: None,
                });
                plain.push(Zeroizing::new(part));
            }
            let written = Manifest::new(message, object, &octets, parts).expect("short");
            let written = written.to_octets().expect("json");
            let mut content = [written.as_slice(), &octets].concat();
            loop {
                let (place, octet) = (usize::from(next()) * 4 + usize::from(next()), next());
                if octet == 0 {
                    break;
                }
                let place = place % content.len();
                content[place] = octet;
            }
            let Ok((manifest, rest)) = Manifest::split(&content, object) else { return };
            let again = [manifest.to_octets().expect("json").as_slice(), rest].concat();
            let (same, _) = Manifest::split(&again, object).expect("what was read is written so that it is read");
            assert_eq!(same.parts, manifest.parts);
            let parts_key = manifest.parts_key().ok().flatten().unwrap_or(SessionKey::random(&dice));
            let room: usize =
                manifest.parts.iter().zip(&plain).map(|(part, has)| part.encoding.length(has.len())).sum();
            let head = OpenHead {
                message: manifest.message,
                octets: Zeroizing::new(rest.to_vec()),
                parts: manifest.parts.clone(),
                parts_key,
                object,
            };
            if let Ok(whole) = head.rebuild(&plain) {
                assert!(whole.len() <= rest.len() + room, "no more than was reserved");
            }
        });
    }
}
