//! The root key, and what is derived from it: one key for every use.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::domain::{Fault, KeyId, Random};

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
    pub fn parse(_text: &str) -> Result<Self, Fault> {
        unimplemented!()
    }
    /// The text of a key file: `pli-root-1 ` and 64 hexadecimal digits, and a line end.
    pub fn reveal(&self) -> Zeroizing<String> {
        unimplemented!()
    }
}

/// The vault of one server, opened with its root key. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {/* H1: derived keys, cached */}

impl Vault {
    /// Opens the vault.
    pub fn new(_root: &RootKey) -> Self {
        unimplemented!()
    }
    /// Names the root key, in every value it seals.
    pub fn key_id(&self) -> KeyId {
        unimplemented!()
    }
    /// What `meta` keeps so that a wrong root key is noticed at start: an HMAC of a constant.
    pub fn check_value(&self) -> Vec<u8> {
        unimplemented!()
    }
    /// Authenticates the journal's chain (see `store::sql::ChainMac`).
    pub fn chain_mac(&self) -> Arc<dyn Fn(&[u8]) -> [u8; 32] + Send + Sync> {
        unimplemented!()
    }
}
