//! The root keys of a server: the one that seals, those that still open, and what retired ones leave behind.
//!
//! The key file holds one key a line. The first seals and opens; the others only open. One that is marked `next` is
//! known and not used yet: nothing may be sealed under a key that another process on the same data does not have.
//! Everything sealed, hashed or authenticated carries its key's id (R-S10), so a value says itself which key it needs.
//!
//! A key that is retired leaves a *remainder*, sealed under the one that is in use: keys derived from it that verify
//! and find, and open nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::domain::{Fault, KeyId, Random, Sealed};

use super::Place;
use super::root::{self, RootKey, Vault};
use super::symmetric::{self, Key};

/// The keys of a key file.
pub struct KeyRing {
    /// The key that seals, then those that only open.
    keys: Vec<RootKey>,
    /// The key that is to seal next.
    next: Option<RootKey>,
}

impl KeyRing {
    /// A ring of one key.
    pub fn of(key: RootKey) -> Self {
        Self { keys: vec![key], next: None }
    }

    /// Reads the text of a key file: one key a line, one of them perhaps marked `next`; empty lines and lines that
    /// begin with `#` do not count.
    ///
    /// # Errors
    /// A [`Fault`] when a line is no root key, a key stands twice, or none is to seal.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let (mut keys, mut next) = (Vec::new(), None);
        let mut seen = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let marked = line.strip_suffix(NEXT);
            let key = RootKey::parse(marked.unwrap_or(line))?;
            let id = key.id();
            if seen.contains(&id) || (marked.is_some() && next.is_some()) {
                return Err(Fault::new("a root key stands twice in the file"));
            }
            seen.push(id);
            match marked {
                Some(_) => next = Some(key),
                None => keys.push(key),
            }
        }
        if keys.is_empty() {
            return Err(root::not_a_key());
        }
        Ok(Self { keys, next })
    }

    /// The text of the key file.
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(96 * (self.keys.len() + 1)));
        for (at, key) in self.keys.iter().enumerate() {
            text.push_str(&key.reveal());
            if let (0, Some(next)) = (at, &self.next) {
                text.push_str(next.reveal().trim_end());
                text.push_str(NEXT);
                text.push('\n');
            }
        }
        text
    }

    /// The key that seals.
    pub fn current(&self) -> Option<KeyId> {
        self.keys.first().map(RootKey::id)
    }

    /// The key that is to seal next.
    pub fn next(&self) -> Option<KeyId> {
        self.next.as_ref().map(RootKey::id)
    }

    /// Every key, the one that seals first.
    pub fn ids(&self) -> Vec<KeyId> {
        self.keys.iter().chain(&self.next).map(RootKey::id).collect()
    }

    /// Adds a key that is to seal next; one that is there already stays.
    pub fn announce(&mut self, random: &dyn Random) -> KeyId {
        self.next.get_or_insert_with(|| RootKey::random(random)).id()
    }

    /// The next key seals from now on, and the others open.
    pub fn advance(&mut self) {
        if let Some(next) = self.next.take() {
            self.keys.insert(0, next);
        }
    }

    /// Takes a key away that does not seal; `false` where there is none of that id.
    pub fn remove(&mut self, id: KeyId) -> bool {
        let before = self.keys.len();
        let current = self.current();
        self.keys.retain(|key| key.id() != id || current == Some(id));
        self.keys.len() < before
    }
}

/// The keys of a vault at one instant.
pub(super) struct Ring {
    /// What seals.
    current: Arc<One>,
    /// What only opens.
    others: Vec<Arc<One>>,
    /// Which of those is to seal next.
    next: Option<KeyId>,
    /// What retired keys left.
    left: Vec<Arc<Left>>,
}

/// A root key, extracted.
struct One {
    id: KeyId,
    prk: hmac::Key,
}

/// What a retired key left: derived keys, by the names that they were derived for.
struct Left {
    id: KeyId,
    keys: BTreeMap<String, Key>,
}

impl One {
    fn of(key: &RootKey) -> Arc<Self> {
        let prk = root::extracted(key);
        Arc::new(Self { id: root::named(&prk), prk })
    }

    fn derived(&self, names: &[&[u8]]) -> Key {
        symmetric::expand(&self.prk, &symmetric::framed(names))
    }
}

impl Ring {
    pub(super) fn of(key: &RootKey) -> Self {
        Self { current: One::of(key), others: Vec::new(), next: None, left: Vec::new() }
    }

    /// The id of what seals.
    pub(super) fn id(&self) -> KeyId {
        self.current.id
    }

    /// The id and the derived key of what seals.
    fn sealing(&self, names: &[&[u8]]) -> (KeyId, Key) {
        (self.current.id, self.current.derived(names))
    }

    /// The same of every key that has it, what seals first.
    fn each(&self, names: &[&[u8]]) -> Vec<(KeyId, Key)> {
        let others = self.others.iter().map(|one| (one.id, one.derived(names)));
        let left = self.left.iter().filter_map(|left| Some((left.id, left.keys.get(&written(names))?.clone())));
        std::iter::once(self.sealing(names)).chain(others).chain(left).collect()
    }

    /// The derived key of one of them.
    fn one(&self, id: &[u8], names: &[&[u8]]) -> Option<Key> {
        let whole = std::iter::once(&self.current).chain(&self.others).find(|one| one.id.0 == id);
        match whole {
            Some(one) => Some(one.derived(names)),
            None => self.left.iter().find(|left| left.id.0 == id)?.keys.get(&written(names)).cloned(),
        }
    }
}

/// What a retired key leaves, as it is sealed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remainder {
    keys: BTreeMap<String, String>,
    ends: Vec<ChainEnd>,
}

impl Drop for Remainder {
    fn drop(&mut self) {
        self.keys.values_mut().for_each(Zeroize::zeroize);
    }
}

/// How far a chain of the journal went when a key was retired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainEnd {
    /// Which node's.
    pub node: String,
    /// Its last event.
    pub seq: i64,
    /// That event's authentication, in hexadecimal.
    pub link: String,
}

/// Authenticates links of a chain under one key.
pub type LinkMac = Arc<dyn Fn(&[u8]) -> [u8; 32] + Send + Sync>;

impl Vault {
    /// Opens the vault with the keys of a file.
    ///
    /// # Errors
    /// A [`Fault`] for a ring without a key.
    pub fn with_ring(ring: &KeyRing) -> Result<Self, Fault> {
        let vault = Self::new(ring.keys.first().ok_or_else(root::not_a_key)?);
        vault.take_ring(ring);
        Ok(vault)
    }

    /// Works with the keys of a changed file from now on.
    pub fn take_ring(&self, ring: &KeyRing) {
        let Some(first) = ring.keys.first() else { return };
        let others = ring.keys.iter().skip(1).chain(&ring.next).map(One::of).collect();
        let next = ring.next();
        self.inner.ring.exchange(|old| Ring { current: One::of(first), others, next, left: old.left.clone() });
    }

    /// Every whole key, the one that seals first.
    pub fn key_ids(&self) -> Vec<KeyId> {
        let ring = self.inner.ring.get();
        std::iter::once(&ring.current).chain(&ring.others).map(|one| one.id).collect()
    }

    /// The key that is to seal next, where there is one.
    pub fn next_key_id(&self) -> Option<KeyId> {
        self.inner.ring.get().next
    }

    /// Whether a value is under the key that seals now.
    pub fn is_current(&self, octets: &[u8]) -> bool {
        octets.starts_with(&self.key_id().0)
    }

    /// Whether a check value ([`Vault::check_value`]) is of one of these keys, and of which.
    pub fn checks(&self, value: &[u8]) -> Option<KeyId> {
        let all = self.each(&[b"check value"]);
        all.into_iter()
            .find(|(_, key)| symmetric::same(&symmetric::authenticate(key, root::SALT), value))
            .map(|(id, _)| id)
    }

    /// The check value of the key that is to seal next, or of any other.
    pub fn check_value_of(&self, id: KeyId) -> Option<Vec<u8>> {
        let key = self.inner.ring.get().one(&id.0, &[b"check value"])?;
        Some(symmetric::authenticate(&key, root::SALT).to_vec())
    }

    /// What verifies links of the journal that the key in use did not make: one for each other whole key.
    pub fn older_links(&self) -> Vec<LinkMac> {
        let ring = self.inner.ring.get();
        ring.others.iter().map(|one| link_mac(one.derived(&[JOURNAL]))).collect()
    }

    /// What a key leaves that is to be retired, with how far the chains of the journal went under it; sealed.
    ///
    /// # Errors
    /// A [`Fault`] for a key that seals or is not there.
    pub fn remainder(&self, id: KeyId, ends: Vec<ChainEnd>, random: &dyn Random) -> Result<Sealed, Fault> {
        let ring = self.inner.ring.get();
        let not_one = || Fault::new("only a root key that does not seal any more can be retired");
        let one = ring.others.iter().find(|one| one.id == id).ok_or_else(not_one)?;
        let keys =
            LEFT.iter().map(|names| (written(names), data_encoding::HEXLOWER.encode(one.derived(names).as_slice())));
        let remainder = Remainder { keys: keys.collect(), ends };
        let text = serde_json::to_vec(&remainder).map(Zeroizing::new);
        let text = text.map_err(|_| Fault::new("what a key leaves cannot be written"))?;
        self.seal(remainder_place(&id.to_string()), &text, random)
    }

    /// Takes up what a retired key left; returns what verifies the links that it made, and how far they go.
    ///
    /// # Errors
    /// A [`Fault`] for a value that does not open.
    pub fn take_remainder(&self, id: KeyId, sealed: &Sealed) -> Result<(LinkMac, Vec<ChainEnd>), Fault> {
        let not_one = || Fault::new("a sealed value is not what a key leaves");
        let text = self.unseal(remainder_place(&id.to_string()), sealed)?;
        let mut remainder: Remainder = serde_json::from_slice(&text).map_err(|_| not_one())?;
        let mut keys = BTreeMap::new();
        for (names, digits) in &remainder.keys {
            let mut key = Zeroizing::new([0; 32]);
            let read = data_encoding::HEXLOWER.decode_mut(digits.as_bytes(), key.as_mut_slice());
            if digits.len() != 64 || read.is_err() {
                return Err(not_one());
            }
            keys.insert(names.clone(), key);
        }
        let journal = keys.get(&written(&[JOURNAL])).cloned().ok_or_else(not_one)?;
        let left = Arc::new(Left { id, keys });
        self.inner.ring.exchange(|old| {
            let kept = old.left.iter().filter(|one| one.id != id).cloned();
            let (current, others, next) = (old.current.clone(), old.others.clone(), old.next);
            Ring { current, others, next, left: kept.chain([left]).collect() }
        });
        Ok((link_mac(journal), std::mem::take(&mut remainder.ends)))
    }

    /// A value under whichever key, sealed again under the one in use; `None` when it is already.
    ///
    /// # Errors
    /// As [`Vault::unseal`].
    pub fn rewrapped(&self, place: Place<'_>, sealed: &Sealed, random: &dyn Random) -> Result<Option<Sealed>, Fault> {
        if self.is_current(sealed.as_octets()) {
            return Ok(None);
        }
        self.seal(place, &self.unseal(place, sealed)?, random).map(Some)
    }

    /// The id and the key of one use, of the key that seals.
    pub(super) fn sealing(&self, names: &[&[u8]]) -> (KeyId, Key) {
        self.inner.ring.get().sealing(names)
    }

    /// The same of every key that has it, the one that seals first.
    pub(super) fn each(&self, names: &[&[u8]]) -> Vec<(KeyId, Key)> {
        self.inner.ring.get().each(names)
    }

    /// The id that octets carry, and the key of one use of that root key.
    ///
    /// # Errors
    /// A [`Fault`] where the key is not there.
    pub(super) fn opening(&self, octets: &[u8], names: &[&[u8]]) -> Result<([u8; 8], Key), Fault> {
        let id = octets.first_chunk::<8>().ok_or_else(|| Fault::new("a sealed value does not open"))?;
        let key = self.inner.ring.get().one(id, names);
        Ok((*id, key.ok_or_else(|| Fault::new("sealed under another root key"))?))
    }
}

pub(super) fn link_mac(key: Key) -> LinkMac {
    Arc::new(move |link| symmetric::authenticate(&key, link))
}

fn remainder_place(id: &str) -> Place<'_> {
    Place { table: "former_keys", row: id, column: "remainder", version: 0 }
}

/// Names as the remainder keeps them.
fn written(names: &[&[u8]]) -> String {
    let names: Vec<_> = names.iter().map(|name| String::from_utf8_lossy(name)).collect();
    names.join("/")
}

/// What authenticates the journal.
pub(super) const JOURNAL: &[u8] = b"journal";
/// The uses that outlive a key: they verify what lies for years, and open nothing.
const LEFT: &[&[&[u8]]] = &[
    &[JOURNAL],
    &[b"login verifier"],
    &[b"hash", b"import source"],
    &[b"hash", b"import message"],
    &[b"hash", b"import octets"],
    &[b"hash", b"message id"],
    &[b"hash", b"number"],
    // A link that has ended is told so, honestly, and not that it is incomplete.
    &[b"hash", b"ticket"],
    &[b"ticket check"],
];
const NEXT: &str = " next";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DeviceId, DevicePassword};
    use crate::vault::testing::Dice;

    const HERE: Place<'_> = Place { table: "patient", row: "a", column: "record", version: 3 };

    fn ring(seed: u64) -> KeyRing {
        KeyRing::of(RootKey::random(&Dice::new(seed)))
    }

    #[test]
    fn a_ring_survives_its_file() {
        let mut ring = ring(1);
        let old = ring.current().expect("a key");
        let new = ring.announce(&Dice::new(2));
        assert_eq!(ring.announce(&Dice::new(3)), new, "one at a time");
        let read = KeyRing::parse(&format!("# root keys\n\n{}", ring.reveal().as_str())).expect("our own");
        assert_eq!((read.current(), read.next(), read.ids()), (Some(old), Some(new), vec![old, new]));
        ring.advance();
        let read = KeyRing::parse(&ring.reveal()).expect("our own");
        assert_eq!((read.current(), read.next(), read.ids()), (Some(new), None, vec![new, old]));
        assert!(!ring.remove(new), "what seals stays");
        assert!(ring.remove(old) && !ring.remove(old));
        assert_eq!(ring.reveal().lines().count(), 1);
        let line = ring.reveal();
        for wrong in [
            String::new(),
            format!("{}{}", line.as_str(), line.as_str()),
            format!("{} next\n", line.trim()),
            format!("{} last\n", line.trim()),
            format!("{}hello\n", line.as_str()),
        ] {
            assert!(KeyRing::parse(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_next_opens_and_does_not_seal() {
        let dice = Dice::new(9);
        let mut keys = ring(1);
        let (old, one) = (keys.current().expect("a key"), Vault::with_ring(&keys).expect("opens"));
        let (before, hash) = (one.seal(HERE, b"x", &dice).expect("seals"), one.hash("number", None, b"1"));
        let mac = one.authority("slot", &[b"a"]);
        let new = keys.announce(&dice);
        one.take_ring(&keys);
        let (lagging, check) = (Vault::with_ring(&keys).expect("opens"), one.check_value());
        assert_eq!((one.key_id(), one.key_ids(), one.next_key_id()), (old, vec![old, new], Some(new)));
        assert_eq!(one.check_value_of(new).and_then(|value| one.checks(&value)), Some(new));
        keys.advance();
        one.take_ring(&keys);
        assert_eq!((one.key_id(), one.checks(&check)), (new, Some(old)));
        let after = one.seal(HERE, b"y", &dice).expect("seals");
        for vault in [&one, &lagging] {
            assert_eq!(vault.unseal(HERE, &before).expect("opens").as_slice(), b"x");
            assert_eq!(vault.unseal(HERE, &after).expect("opens").as_slice(), b"y");
            assert!(vault.has_authority("slot", &[b"a"], &mac) && !vault.has_authority("slot", &[b"b"], &mac));
            assert!(vault.hashes("number", None, b"1").contains(&hash));
        }
        assert_ne!(one.hash("number", None, b"1"), hash);
        let again = one.rewrapped(HERE, &before, &dice).expect("opens").expect("was under the old one");
        assert!(one.is_current(again.as_octets()) && one.rewrapped(HERE, &again, &dice).expect("is").is_none());
    }

    #[test]
    fn a_retired_key_verifies_and_opens_nothing() {
        let dice = Dice::new(11);
        let mut keys = ring(1);
        let (old, vault) = (keys.current().expect("a key"), Vault::with_ring(&keys).expect("opens"));
        let (device, password) = (DeviceId::random(&dice), DevicePassword::random(&dice));
        let (verifier, ticket) = (vault.verifier(device, &password), vault.new_ticket(&dice));
        let (sealed, mac) = (vault.seal(HERE, b"x", &dice).expect("seals"), vault.authority("slot", &[b"a"]));
        let (link, tickets) = (vault.chain_mac()(b"link"), vault.ticket_hashes(&ticket));
        assert!(vault.remainder(old, Vec::new(), &dice).is_err(), "it still seals");
        keys.announce(&dice);
        keys.advance();
        vault.take_ring(&keys);
        let ends = vec![ChainEnd { node: "serve".to_owned(), seq: 4, link: "00".to_owned() }];
        let left = vault.remainder(old, ends.clone(), &dice).expect("seals");
        assert!(keys.remove(old));
        let after = Vault::with_ring(&keys).expect("opens");
        assert!(!after.is_verifier(device, &password, Some(&verifier)) && !after.issued(&ticket));
        let (links, found) = after.take_remainder(old, &left).expect("opens");
        assert_eq!((links(b"link"), found), (link, ends));
        assert!(after.is_verifier(device, &password, Some(&verifier)) && after.issued(&ticket));
        assert!(!after.is_verifier(device, &DevicePassword::random(&dice), Some(&verifier)));
        assert!(!after.is_verifier(DeviceId::random(&dice), &password, Some(&verifier)));
        assert!(!after.is_verifier(device, &password, None));
        assert!(after.ticket_hashes(&ticket).contains(&tickets[0]));
        assert_eq!(after.unseal(HERE, &sealed).expect_err("gone").what(), "sealed under another root key");
        assert!(!after.has_authority("slot", &[b"a"], &mac), "it gives nobody authority");
        assert!(after.take_remainder(old, &sealed).is_err());
    }
}
