//! What the store takes: values that are sealed, hashed, authenticated or public, each its own type.
//!
//! Only `vault` makes them from plaintext and only `store` reads them back from rows;
//! `tests/architecture.rs` holds everybody else off their constructors.

use std::fmt;

macro_rules! opaque {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(Vec<u8>);

        impl $name {
            /// Wraps octets that are already what the type says.
            pub fn from_octets(octets: Vec<u8>) -> Self {
                Self(octets)
            }

            /// The octets.
            pub fn as_octets(&self) -> &[u8] {
                &self.0
            }

            /// The octets, given away.
            pub fn into_octets(self) -> Vec<u8> {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({} octets)"), self.0.len())
            }
        }
    )*};
}

opaque! {
    /// A value under authenticated encryption: key id, nonce, ciphertext, tag.
    Sealed;
    /// An OpenPGP encrypted container: one whole SEIPDv2 packet (RFC 9580 §5.13.2).
    Container;
    /// An OpenPGP session-key packet: PKESK or SKESK, version 6 (RFC 9580 §5.1.2, §5.3.2).
    Esk;
    /// A public key or certificate (RFC 9580 §10.1).
    PublicKey;
}

/// A keyed hash for looking up what is stored sealed: key id (8 octets) and HMAC-SHA-256 (32).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyedHash(Vec<u8>);

impl KeyedHash {
    /// Wraps a hash made by the vault or read from a row.
    pub fn from_octets(octets: Vec<u8>) -> Self {
        Self(octets)
    }

    /// The octets.
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedHash(…)")
    }
}

/// The authority of a row: an HMAC over its place, columns and version, under a root-derived key.
#[derive(Clone, PartialEq, Eq)]
pub struct Mac(Vec<u8>);

impl Mac {
    /// The place of a code that is made once the other columns of its row are known.
    pub fn pending() -> Self {
        Self(Vec::new())
    }

    /// Wraps a code made by the vault or read from a row.
    pub fn from_octets(octets: Vec<u8>) -> Self {
        Self(octets)
    }

    /// The octets.
    pub fn as_octets(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mac(…)")
    }
}

/// A row whose columns are authenticated.
pub trait Authority {
    /// The table's name.
    const TABLE: &'static str;
    /// The columns, in order.
    fn covered(&self) -> Vec<Vec<u8>>;
}
