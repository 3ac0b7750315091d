//! Sealed columns, keyed hashes, authority codes, small keyed tokens.

use zeroize::Zeroizing;

use crate::domain::{
    BrowserToken, ChallengeId, DeliveryId, Fault, KeyedHash, Mac, OneTimeCode, PracticeId, Random, Sealed,
};

use super::Vault;

/// The place a value is sealed for: copied to another table, row, column or version it does not open.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The table.
    pub table: &'static str,
    /// The row's id, as text.
    pub row: &'a str,
    /// The column.
    pub column: &'static str,
    /// The row's version, 0 where it has none.
    pub version: i64,
}

impl Vault {
    /// Seals a value for its place: AES-256-GCM under a key derived for table and column, the place as associated data.
    pub fn seal(&self, _place: Place<'_>, _plain: &[u8], _random: &dyn Random) -> Result<Sealed, Fault> {
        unimplemented!()
    }
    /// Opens a value at its place.
    ///
    /// # Errors
    /// A [`Fault`] when it was sealed for another place, under another root key, or was changed.
    pub fn unseal(&self, _place: Place<'_>, _sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Fault> {
        unimplemented!()
    }
    /// A keyed hash for look-ups, scoped by purpose and practice.
    pub fn hash(&self, _purpose: &'static str, _practice: Option<PracticeId>, _value: &[u8]) -> KeyedHash {
        unimplemented!()
    }
    /// The authority code of a row: HMAC over the table and its columns, each with its length.
    pub fn authority(&self, _table: &'static str, _columns: &[&[u8]]) -> Mac {
        unimplemented!()
    }
    /// Whether a row has its authority code (constant time).
    pub fn has_authority(&self, _table: &'static str, _columns: &[&[u8]], _mac: &Mac) -> bool {
        unimplemented!()
    }
    /// The HMAC of a code, over challenge id and digits.
    pub fn code_mac(&self, _challenge: ChallengeId, _code: &OneTimeCode) -> Mac {
        unimplemented!()
    }
    /// Whether a code is the challenge's (constant time).
    pub fn code_matches(&self, _challenge: ChallengeId, _code: &OneTimeCode, _mac: &Mac) -> bool {
        unimplemented!()
    }
    /// A form's protection against other sites: HMAC of browser and context, 22 characters.
    pub fn form_token(&self, _browser: &BrowserToken, _context: &str) -> String {
        unimplemented!()
    }
    /// Whether a form's token is this browser's (constant time).
    pub fn form_token_matches(&self, _browser: &BrowserToken, _context: &str, _token: &str) -> bool {
        unimplemented!()
    }
    /// The keyed tag of a notice's reverse-path, 16 characters of base32.
    pub fn bounce_tag(&self, _delivery: DeliveryId) -> String {
        unimplemented!()
    }
}
