//! Sealed columns, keyed hashes, authority codes, small keyed tokens.
//!
//! Everything is symmetric and under keys derived from the root key, one for each purpose, and carries
//! the root key's id, so that a rotation finds what is still under the old one. Nothing here depends on
//! a plaintext without a key.

use zeroize::Zeroizing;

use crate::domain::{
    Authority, BrowserToken, ChallengeId, DeliveryId, Fault, KeyId, KeyedHash, Mac, MailboxId, NoticeToken,
    OneTimeCode, PracticeId, Random, Sealed,
};

use super::{Vault, symmetric};

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

impl Place<'_> {
    fn associated(&self) -> Vec<u8> {
        symmetric::framed(&[
            self.table.as_bytes(),
            self.row.as_bytes(),
            self.column.as_bytes(),
            &self.version.to_be_bytes(),
        ])
    }
}

/// What a code answers: one challenge, of one delivery, asked by one browser.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The challenge.
    pub challenge: ChallengeId,
    /// Its delivery.
    pub delivery: DeliveryId,
    /// Keyed hash of the browser that asked.
    pub browser: &'a KeyedHash,
}

impl Vault {
    /// Seals a value for its place: AES-256-GCM under a key derived for table and column, the place as associated data.
    ///
    /// # Errors
    /// A [`Fault`] when the value is too long for the cipher (64 GiB).
    pub fn seal(&self, place: Place<'_>, plain: &[u8], random: &dyn Random) -> Result<Sealed, Fault> {
        let (id, key) = self.sealing(&[b"column", place.table.as_bytes(), place.column.as_bytes()]);
        symmetric::seal(id.0, &key, &place.associated(), plain, random)
    }

    /// Opens a value at its place.
    ///
    /// # Errors
    /// A [`Fault`] when it was sealed for another place, under another root key, or was changed.
    pub fn unseal(&self, place: Place<'_>, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let names: [&[u8]; 3] = [b"column", place.table.as_bytes(), place.column.as_bytes()];
        let (id, key) = self.opening(sealed.as_octets(), &names)?;
        symmetric::open(id, &key, &place.associated(), sealed)
    }

    /// A keyed hash for look-ups, scoped by purpose and practice.
    pub fn hash(&self, purpose: &'static str, practice: Option<PracticeId>, value: &[u8]) -> KeyedHash {
        let scope: &[u8] = practice.as_ref().map_or(&[], |practice| practice.as_bytes());
        KeyedHash::from_octets(self.code(&[b"hash", purpose.as_bytes()], &[scope, value]))
    }

    /// The same under every root key, the one in use first: what is looked for may have been stored under another.
    pub fn hashes(&self, purpose: &'static str, practice: Option<PracticeId>, value: &[u8]) -> Vec<KeyedHash> {
        let scope: &[u8] = practice.as_ref().map_or(&[], |practice| practice.as_bytes());
        let codes = self.codes(&[b"hash", purpose.as_bytes()], &[scope, value]);
        codes.into_iter().map(KeyedHash::from_octets).collect()
    }

    /// The hash under which a mailbox finds a message by its Message-ID (with or without angle brackets).
    pub fn message_id_hash(&self, mailbox: MailboxId, message_id: &str) -> KeyedHash {
        KeyedHash::from_octets(self.code(&[b"hash", b"message id"], &[mailbox.as_bytes(), bare(message_id).as_bytes()]))
    }

    /// The same under every root key, the one in use first.
    pub fn message_id_hashes(&self, mailbox: MailboxId, message_id: &str) -> Vec<KeyedHash> {
        let codes = self.codes(&[b"hash", b"message id"], &[mailbox.as_bytes(), bare(message_id).as_bytes()]);
        codes.into_iter().map(KeyedHash::from_octets).collect()
    }

    /// The authority code of a row: HMAC over the table and its columns, each with its length.
    pub fn authority(&self, table: &'static str, columns: &[&[u8]]) -> Mac {
        Mac::from_octets(self.code(&[b"authority", table.as_bytes()], columns))
    }

    /// Whether a row has its authority code (constant time).
    pub fn has_authority(&self, table: &'static str, columns: &[&[u8]], mac: &Mac) -> bool {
        self.is_code(mac.as_octets(), &[b"authority", table.as_bytes()], columns)
    }

    /// The authority code of a row, over the columns it names.
    pub fn mark<A: Authority>(&self, row: &A) -> Mac {
        let columns = row.covered();
        let columns: Vec<&[u8]> = columns.iter().map(Vec::as_slice).collect();
        self.authority(A::TABLE, &columns)
    }

    /// Whether a row carries its authority code (constant time).
    pub fn holds<A: Authority>(&self, row: &A, mac: &Mac) -> bool {
        let columns = row.covered();
        let columns: Vec<&[u8]> = columns.iter().map(Vec::as_slice).collect();
        self.has_authority(A::TABLE, &columns, mac)
    }

    /// The HMAC of a code, over challenge, delivery, browser and digits: moved to another delivery or another
    /// browser it is nobody's code.
    pub fn code_mac(&self, of: &Asked<'_>, code: &OneTimeCode) -> Mac {
        Mac::from_octets(self.code(&[ONE_TIME], &asked(of, code)))
    }

    /// Whether a code is the challenge's (constant time).
    pub fn code_matches(&self, of: &Asked<'_>, code: &OneTimeCode, mac: &Mac) -> bool {
        self.is_code(mac.as_octets(), &[ONE_TIME], &asked(of, code))
    }

    /// A form's protection against other sites: HMAC of browser and context, 22 characters.
    pub fn form_token(&self, browser: &BrowserToken, context: &str) -> String {
        form_token(&self.bare_code(&[b"form"], &[browser.reveal_octets(), context.as_bytes()]))
    }

    /// Whether a form's token is this browser's (constant time).
    pub fn form_token_matches(&self, browser: &BrowserToken, context: &str, token: &str) -> bool {
        let codes = self.bare_codes(&[b"form"], &[browser.reveal_octets(), context.as_bytes()]);
        any(codes, |code| symmetric::same(form_token(code).as_bytes(), token.as_bytes()))
    }

    /// What a delivery's notice is known by when it comes back: 80 bits of check, in lower case.
    pub fn notice_token(&self, delivery: DeliveryId) -> NoticeToken {
        NoticeToken { delivery, check: notice_check(&self.bare_code(&[b"reverse-path"], &[delivery.as_bytes()])) }
    }

    /// Whether a token is of a notice of ours (constant time).
    pub fn is_ours(&self, token: &NoticeToken) -> bool {
        let codes = self.bare_codes(&[b"reverse-path"], &[token.delivery.as_bytes()]);
        any(codes, |code| symmetric::same(notice_check(code).as_bytes(), token.check.as_bytes()))
    }

    /// What a person outside is written to by, whom a delivery reached: 80 bits of check, in lower case.
    pub fn person_token(&self, delivery: DeliveryId) -> NoticeToken {
        let code = self.bare_code(&[b"person"], &[delivery.as_bytes()]);
        let (left, _) = code.split_at(NoticeToken::CHECK * 5 / 8);
        NoticeToken { delivery, check: data_encoding::BASE32_DNSSEC.encode(left) }
    }

    /// Whether such a token was made here (constant time).
    pub fn is_person(&self, token: &NoticeToken) -> bool {
        symmetric::same(self.person_token(token.delivery).check.as_bytes(), token.check.as_bytes())
    }

    /// The authentication of a backup's manifest, in hexadecimal.
    pub fn backup_code(&self, manifest: &[u8]) -> String {
        data_encoding::HEXLOWER.encode(&self.bare_code(&[b"backup"], &[manifest]))
    }

    /// Whether it is that manifest's (constant time).
    pub fn backup_code_matches(&self, manifest: &[u8], code: &str) -> bool {
        let codes = self.bare_codes(&[b"backup"], &[manifest]);
        any(codes, |made| symmetric::same(data_encoding::HEXLOWER.encode(made).as_bytes(), code.as_bytes()))
    }

    /// Key id, then HMAC-SHA-256 of the framed values under the key of the names.
    pub(super) fn code(&self, names: &[&[u8]], values: &[&[u8]]) -> Vec<u8> {
        let (id, key) = self.sealing(names);
        coded(id, &key, values)
    }

    /// The same under every root key that has it, the one in use first.
    pub(super) fn codes(&self, names: &[&[u8]], values: &[&[u8]]) -> Vec<Vec<u8>> {
        self.each(names).iter().map(|(id, key)| coded(*id, key, values)).collect()
    }

    /// Whether a code with an id is the one of these values, under the root key that it names (constant time).
    pub(super) fn is_code(&self, code: &[u8], names: &[&[u8]], values: &[&[u8]]) -> bool {
        let Ok((id, key)) = self.opening(code, names) else { return false };
        symmetric::same(&coded(KeyId(id), &key, values), code)
    }

    pub(super) fn bare_codes(&self, names: &[&[u8]], values: &[&[u8]]) -> Vec<[u8; 32]> {
        let framed = symmetric::framed(values);
        self.each(names).iter().map(|(_, key)| symmetric::authenticate(key, &framed)).collect()
    }

    pub(super) fn bare_code(&self, names: &[&[u8]], values: &[&[u8]]) -> [u8; 32] {
        symmetric::authenticate(&self.derived(names), &symmetric::framed(values))
    }
}

fn coded(id: KeyId, key: &symmetric::Key, values: &[&[u8]]) -> Vec<u8> {
    [id.0.as_slice(), &symmetric::authenticate(key, &symmetric::framed(values))].concat()
}

/// Whether one of some codes fits; all are looked at.
pub(super) fn any(codes: Vec<[u8; 32]>, fits: impl Fn(&[u8; 32]) -> bool) -> bool {
    codes.iter().fold(false, |found, code| fits(code) | found)
}

fn bare(message_id: &str) -> &str {
    message_id.trim().trim_start_matches('<').trim_end_matches('>')
}

fn asked<'a>(of: &'a Asked<'_>, code: &'a OneTimeCode) -> [&'a [u8]; 4] {
    [of.challenge.as_bytes(), of.delivery.as_bytes(), of.browser.as_octets(), code.reveal().as_bytes()]
}

fn form_token(code: &[u8; 32]) -> String {
    let (left, _) = code.split_at(16);
    data_encoding::BASE64URL_NOPAD.encode(left)
}

fn notice_check(code: &[u8; 32]) -> String {
    let (left, _) = code.split_at(NoticeToken::CHECK * 5 / 8);
    data_encoding::BASE32_DNSSEC.encode(left)
}

const ONE_TIME: &[u8] = b"one-time code";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::testing::{Dice, vault};

    const HERE: Place<'_> = Place { table: "patient", row: "a", column: "record", version: 3 };

    #[test]
    fn a_sealed_value_opens_at_its_place_only() {
        let dice = Dice::new(3);
        let vault = vault(1);
        let sealed = vault.seal(HERE, b"Madame Martin", &dice).expect("seals");
        assert_eq!(vault.unseal(HERE, &sealed).expect("opens").as_slice(), b"Madame Martin");
        assert_eq!(sealed.as_octets().len(), 8 + 12 + 13 + 16);
        assert_eq!(sealed.as_octets().get(..8), Some(vault.key_id().0.as_slice()));
        for elsewhere in [
            Place { table: "delivery", ..HERE },
            Place { row: "b", ..HERE },
            Place { column: "name", ..HERE },
            Place { version: 2, ..HERE },
        ] {
            assert!(vault.unseal(elsewhere, &sealed).is_err(), "{elsewhere:?}");
        }
        let again = vault.seal(HERE, b"Madame Martin", &dice).expect("seals");
        assert_ne!(again, sealed, "each has its own nonce");
    }

    #[test]
    fn another_root_key_is_told_from_a_changed_value() {
        let sealed = vault(1).seal(HERE, b"x", &Dice::new(3)).expect("seals");
        assert_eq!(vault(2).unseal(HERE, &sealed).expect_err("another root").what(), "sealed under another root key");
        for at in 0..sealed.as_octets().len() {
            let mut octets = sealed.as_octets().to_vec();
            octets[at] ^= 1;
            assert!(vault(1).unseal(HERE, &Sealed::from_octets(octets)).is_err(), "octet {at}");
            let cut = sealed.as_octets()[..at].to_vec();
            assert!(vault(1).unseal(HERE, &Sealed::from_octets(cut)).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn hashes_are_scoped_and_authority_covers_each_column() {
        let (vault, dice) = (vault(1), Dice::new(5));
        let (a, b) = (PracticeId::random(&dice), PracticeId::random(&dice));
        let number = vault.hash("number", Some(a), b"+33612345678");
        assert_eq!(number, vault.hash("number", Some(a), b"+33612345678"));
        assert_eq!(number.as_octets().len(), 40);
        for other in [
            vault.hash("number", Some(b), b"+33612345678"),
            vault.hash("number", None, b"+33612345678"),
            vault.hash("address", Some(a), b"+33612345678"),
            vault.hash("number", Some(a), b"+33612345679"),
        ] {
            assert_ne!(number, other);
        }
        let mac = vault.authority("slot", &[b"ab", b"c"]);
        assert!(vault.has_authority("slot", &[b"ab", b"c"], &mac));
        assert!(!vault.has_authority("slot", &[b"a", b"bc"], &mac));
        assert!(!vault.has_authority("mailbox", &[b"ab", b"c"], &mac));
        assert!(!vault.has_authority("slot", &[b"ab", b"c"], &Mac::from_octets(Vec::new())));
    }

    #[test]
    fn a_code_belongs_to_its_challenge() {
        let (vault, dice) = (vault(1), Dice::new(5));
        let (a, b) = (ChallengeId::random(&dice), ChallengeId::random(&dice));
        let code = OneTimeCode::parse("123456").expect("six digits");
        let (hers, his) = (DeliveryId::random(&dice), DeliveryId::random(&dice));
        let [here, there] = [1_u8, 2].map(|n| KeyedHash::from_octets(vec![n; 40]));
        let asked = Asked { challenge: a, delivery: hers, browser: &here };
        let mac = vault.code_mac(&asked, &code);
        assert!(vault.code_matches(&asked, &code, &mac));
        assert!(!vault.code_matches(&Asked { challenge: b, ..asked }, &code, &mac));
        assert!(!vault.code_matches(&Asked { delivery: his, ..asked }, &code, &mac));
        assert!(!vault.code_matches(&Asked { browser: &there, ..asked }, &code, &mac));
        assert!(!vault.code_matches(&asked, &OneTimeCode::parse("123457").expect("six digits"), &mac));
    }

    #[test]
    fn tokens_have_their_lengths_and_their_owners() {
        let (vault, dice) = (vault(1), Dice::new(5));
        let (mine, other) = (BrowserToken::random(&dice), BrowserToken::random(&dice));
        let token = vault.form_token(&mine, "code");
        assert_eq!(token.len(), 22);
        assert!(vault.form_token_matches(&mine, "code", &token));
        assert!(!vault.form_token_matches(&other, "code", &token));
        assert!(!vault.form_token_matches(&mine, "send", &token));
        assert!(!vault.form_token_matches(&mine, "code", ""));
    }

    #[test]
    fn a_notice_is_known_again_by_this_server_alone() {
        let (one, dice) = (vault(1), Dice::new(5));
        let token = one.notice_token(DeliveryId::random(&dice));
        assert_eq!((token.check.len(), token.written().len()), (NoticeToken::CHECK, 43));
        assert!(token.check.bytes().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase()));
        assert_eq!(NoticeToken::all_in(token.written().as_bytes(), 2), std::slice::from_ref(&token));
        assert!(one.is_ours(&token) && !super::super::testing::vault(2).is_ours(&token));
        let other = NoticeToken { delivery: DeliveryId::random(&dice), ..token.clone() };
        assert!(!one.is_ours(&other) && !one.is_ours(&NoticeToken { check: String::new(), ..token.clone() }));
        let person = one.person_token(token.delivery);
        assert!(one.is_person(&person) && !one.is_ours(&person) && !one.is_person(&token), "each for its own use");
    }
}
