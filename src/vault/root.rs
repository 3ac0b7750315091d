//! The root key, and what is derived from it: one key for every use.
//!
//! HKDF-SHA-256 (RFC 5869): the root key is extracted once under the salt `pli-root-1`, then expanded
//! with a framed list of names: purpose, table, column, ids. The root key itself encrypts nothing, and
//! the vault keeps the extracted key only.

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::domain::{Fault, KeyId, Random};

use super::keys::Proved;
use super::ring::{JOURNAL, Ring};
use super::summaries::Current;
use super::symmetric::{self, Key};

/// 32 octets that live outside the data folder and in no backup.
pub struct RootKey(pub(super) Zeroizing<[u8; 32]>);

impl RootKey {
    /// A new key.
    pub fn random(random: &dyn Random) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        random.fill(key.as_mut_slice());
        Self(key)
    }

    /// Reads the text of a key file (one line, white space around it does not count).
    ///
    /// # Errors
    /// A [`Fault`] when it is not a root key.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let digits = text.trim().strip_prefix(PREFIX).filter(|digits| digits.len() == 64).ok_or_else(not_a_key)?;
        let mut key = Zeroizing::new([0; 32]);
        data_encoding::HEXLOWER_PERMISSIVE
            .decode_mut(digits.as_bytes(), key.as_mut_slice())
            .map_err(|_| not_a_key())?;
        Ok(Self(key))
    }

    /// Names the key; says nothing of it.
    pub fn id(&self) -> KeyId {
        named(&extracted(self))
    }

    /// The text of a key file: `pli-root-1 ` and 64 hexadecimal digits, and a line end.
    pub fn reveal(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(data_encoding::HEXLOWER.encode(self.0.as_slice()));
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + 65));
        text.push_str(PREFIX);
        text.push_str(&digits);
        text.push('\n');
        text
    }
}

/// The vault of one server, opened with its root keys ([`super::ring`]). Cheap to clone; clones share the keys.
#[derive(Clone)]
pub struct Vault {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) ring: Keys,
    pub(super) deposits: Current,
    pub(super) proved: Proved,
}

/// The keys as they are now: a rotation changes them while the server runs.
pub(super) struct Keys(RwLock<Arc<Ring>>);

impl Keys {
    /// The keys of this instant; whoever works with several of them asks once.
    pub(super) fn get(&self) -> Arc<Ring> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts others in their place.
    pub(super) fn exchange(&self, new: impl FnOnce(&Ring) -> Ring) {
        let mut ring = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *ring = Arc::new(new(&ring));
    }
}

impl Vault {
    /// Opens the vault with one key.
    pub fn new(root: &RootKey) -> Self {
        let ring = Keys(RwLock::new(Arc::new(Ring::of(root))));
        Self { inner: Arc::new(Inner { ring, deposits: Current::default(), proved: Proved::default() }) }
    }

    /// Names the root key that seals, in every value it seals.
    pub fn key_id(&self) -> KeyId {
        self.inner.ring.get().id()
    }

    /// What `meta` keeps so that a wrong root key is noticed at start: an HMAC of a constant.
    pub fn check_value(&self) -> Vec<u8> {
        symmetric::authenticate(&self.derived(&[b"check value"]), SALT).to_vec()
    }

    /// Authenticates the journal's chain (see `store::sql::ChainMac`).
    #[expect(clippy::type_complexity, reason = "the store's own name for it belongs to another room")]
    pub fn chain_mac(&self) -> Arc<dyn Fn(&[u8]) -> [u8; 32] + Send + Sync> {
        // Derived for each link: the key in use may be another one by then.
        let vault = self.clone();
        Arc::new(move |link| symmetric::authenticate(&vault.derived(&[JOURNAL]), link))
    }

    /// The key of one use: HKDF-Expand under the root key that seals, `names` framed as info.
    pub(super) fn derived(&self, names: &[&[u8]]) -> Key {
        self.sealing(names).1
    }
}

/// A root key as the vault keeps it.
pub(super) fn extracted(key: &RootKey) -> hmac::Key {
    symmetric::extract(SALT, key.0.as_slice())
}

/// The id of an extracted root key.
pub(super) fn named(prk: &hmac::Key) -> KeyId {
    let name = symmetric::expand(prk, &symmetric::framed(&[b"key id"]));
    KeyId(name.first_chunk().copied().unwrap_or_default())
}

pub(super) fn not_a_key() -> Fault {
    Fault::new("not a root key: one line is expected, `pli-root-1` and 64 hexadecimal digits")
}

pub(super) const SALT: &[u8] = b"pli-root-1";
const PREFIX: &str = "pli-root-1 ";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::testing::Dice;

    #[test]
    fn a_root_key_survives_its_file() {
        let key = RootKey::random(&Dice::new(1));
        let text = key.reveal();
        assert_eq!((text.len(), text.ends_with('\n')), (76, true));
        let read = RootKey::parse(&format!(" {}\r\n", text.trim())).expect("our own key");
        assert_eq!(read.0, key.0);
        let digits = text.trim().trim_start_matches(PREFIX);
        for wrong in [
            "",
            "pli-root-1",
            "pli-root-1 12",
            digits,
            &format!("pli-root-2 {digits}"),
            &format!("pli-root-1 {digits}0"),
            &format!("pli-root-1 {}", digits.replace(|_| true, "g")),
            &format!("pli-root-1 {}é", &digits[..62]),
        ] {
            assert!(RootKey::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn each_root_key_has_its_own_name_check_and_chain() {
        let (a, b) = (Vault::new(&RootKey::random(&Dice::new(1))), Vault::new(&RootKey::random(&Dice::new(2))));
        assert_ne!(a.key_id(), b.key_id());
        assert_ne!(a.check_value(), b.check_value());
        assert_ne!(a.chain_mac()(b"x"), b.chain_mac()(b"x"));
        assert_ne!(a.chain_mac()(b"x"), a.chain_mac()(b"y"));
        assert_eq!(a.check_value(), a.clone().check_value());
    }
}
