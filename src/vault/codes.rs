//! What is kept of a code on its way: its digits while a provider may need them, what providers call it, and the
//! keyed hashes that ceilings count by.

use zeroize::Zeroizing;

use crate::domain::{
    ChallengeId, Fault, KeyedHash, OneTimeCode, PhoneNumber, PracticeId, Random, Sealed, SecretText, SendId,
};

use super::{Place, Vault, columns, symmetric};

impl Vault {
    /// Seals a code's digits, for the providers that may still need them.
    ///
    /// # Errors
    /// A [`Fault`] of the cipher.
    pub fn seal_digits(&self, id: ChallengeId, code: &OneTimeCode, random: &dyn Random) -> Result<Sealed, Fault> {
        let place = Place { table: "challenges", row: &id.to_string(), column: "digits", version: 0 };
        self.seal(place, code.reveal().as_bytes(), random)
    }

    /// Opens them again.
    ///
    /// # Errors
    /// A [`Fault`] where they are another challenge's, or were changed.
    pub fn open_digits(&self, id: ChallengeId, sealed: &Sealed) -> Result<OneTimeCode, Fault> {
        let place = Place { table: "challenges", row: &id.to_string(), column: "digits", version: 0 };
        let digits = self.unseal(place, sealed)?;
        let text = std::str::from_utf8(&digits).ok().and_then(OneTimeCode::parse);
        text.ok_or(Fault::new("sealed digits are no code"))
    }

    /// Seals what a provider calls an attempt.
    ///
    /// # Errors
    /// A [`Fault`] of the cipher.
    pub fn seal_reference(&self, id: SendId, reference: &str, random: &dyn Random) -> Result<Sealed, Fault> {
        let place = Place { table: "sends", row: &id.to_string(), column: "reference", version: 0 };
        self.seal(place, reference.as_bytes(), random)
    }

    /// Opens it again.
    ///
    /// # Errors
    /// A [`Fault`] where it is another attempt's, or was changed.
    pub fn open_reference(&self, id: SendId, sealed: &Sealed) -> Result<SecretText, Fault> {
        let place = Place { table: "sends", row: &id.to_string(), column: "reference", version: 0 };
        let text = self.unseal(place, sealed)?;
        Ok(SecretText::new(String::from_utf8_lossy(&text)))
    }

    /// How an attempt is found by what its provider calls it.
    pub fn reference_hash(&self, provider: &str, reference: &str) -> KeyedHash {
        let framed = symmetric::framed(&[provider.as_bytes(), reference.as_bytes()]);
        self.hash("send reference", None, &framed)
    }

    /// The same under every root key, the one in use first.
    pub fn reference_hashes(&self, provider: &str, reference: &str) -> Vec<KeyedHash> {
        let framed = symmetric::framed(&[provider.as_bytes(), reference.as_bytes()]);
        self.hashes("send reference", None, &framed)
    }

    /// What makes the report address of an attempt unguessable: 26 characters, 128 bits.
    pub fn report_tag(&self, id: SendId) -> String {
        tag(&self.bare_code(&[b"report address"], &[id.as_bytes()]))
    }

    /// Whether a report address is one of ours (constant time).
    pub fn report_tag_matches(&self, id: SendId, typed: &str) -> bool {
        let codes = self.bare_codes(&[b"report address"], &[id.as_bytes()]);
        columns::any(codes, |code| symmetric::same(tag(code).as_bytes(), typed.as_bytes()))
    }

    /// What the server's own ceiling counts by, under every root key, the one in use first.
    pub fn server_keys(&self) -> Vec<KeyedHash> {
        self.hashes("ceiling of the server", None, &[])
    }

    /// What a practice's ceiling counts by, as above.
    pub fn practice_keys(&self, practice: PracticeId) -> Vec<KeyedHash> {
        self.hashes("ceiling of a practice", Some(practice), &[])
    }

    /// What a number's ceiling counts by, as above: in all practices at once, since one telephone rings.
    pub fn number_keys(&self, number: &PhoneNumber) -> Vec<KeyedHash> {
        self.hashes("ceiling of a number", None, Zeroizing::new(number.reveal().to_owned()).as_bytes())
    }

    /// What a prefix's ceiling and its conversion count by, as above.
    pub fn prefix_keys(&self, number: &PhoneNumber) -> Vec<KeyedHash> {
        self.hashes("prefix of numbers", None, number.prefix().as_bytes())
    }

    /// What a prefix's ceiling and its conversion count by.
    pub fn prefix_key(&self, number: &PhoneNumber) -> KeyedHash {
        self.hash("prefix of numbers", None, number.prefix().as_bytes())
    }
}

fn tag(code: &[u8; 32]) -> String {
    let (left, _) = code.split_at(16);
    data_encoding::BASE32_DNSSEC.encode(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::testing::{Dice, vault};

    #[test]
    fn digits_and_references_belong_to_their_rows() {
        let (one, dice) = (vault(1), Dice::new(5));
        let (a, b) = (ChallengeId::random(&dice), ChallengeId::random(&dice));
        let code = OneTimeCode::parse("012345").expect("six digits");
        let sealed = one.seal_digits(a, &code, &dice).expect("seals");
        assert_eq!(one.open_digits(a, &sealed).expect("opens").reveal(), "012345");
        assert!(one.open_digits(b, &sealed).is_err() && vault(2).open_digits(a, &sealed).is_err());
        let (a, b) = (SendId::random(&dice), SendId::random(&dice));
        let sealed = one.seal_reference(a, "SM123", &dice).expect("seals");
        assert_eq!(one.open_reference(a, &sealed).expect("opens").reveal(), "SM123");
        assert!(one.open_reference(b, &sealed).is_err());
        assert_ne!(one.reference_hash("a", "bc"), one.reference_hash("ab", "c"));
        let tag = one.report_tag(a);
        assert!(one.report_tag_matches(a, &tag) && !one.report_tag_matches(b, &tag));
        assert!(!vault(2).report_tag_matches(a, &tag) && !one.report_tag_matches(a, ""));
    }
}
