//! Mail addresses and domain names (RFC 5321 §4.1.2, RFC 5890), beyond ASCII too (RFC 6531 §3.3).

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;

/// A domain name in its one ASCII form: lower case, A-labels, no trailing dot.
///
/// Two names are equal only when these forms are, so a look-alike in Punycode never is
/// (fault 35). Domain names of this server are not personal: `Display` shows them.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainName(String);

impl DomainName {
    /// The ASCII form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this name is `other` or below it.
    pub fn is_under(&self, other: &str) -> bool {
        self.0 == other || self.0.strip_suffix(other).is_some_and(|head| head.ends_with('.'))
    }
}

impl FromStr for DomainName {
    type Err = AddressFault;

    fn from_str(text: &str) -> Result<Self, AddressFault> {
        let text = text.strip_suffix('.').unwrap_or(text);
        // Strict: std3 rules refuse `_`, spaces and look-alike separators; hyphens are checked per label.
        let ascii = idna::domain_to_ascii_strict(text).map_err(|_| AddressFault::Domain)?.to_ascii_lowercase();
        let labels_fit = ascii.split('.').all(|label| !label.is_empty() && label.len() <= 63);
        let dotted = ascii.contains('.') || ascii == "localhost";
        if ascii.len() > 253 || !labels_fit || !dotted {
            return Err(AddressFault::Domain);
        }
        Ok(Self(ascii))
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DomainName({})", self.0)
    }
}

/// The part of an address before the `@`, of a mailbox of this server (always lower case).
pub type LocalPart = String;

/// A mail address: a local part and a domain. Personal data: shown only through `reveal`.
///
/// Two addresses are the same when their folded forms are: mailboxes compare without case
/// everywhere in practice, and a patient typed as `Jeanne@` and `jeanne@` is one person.
#[derive(Clone, Eq)]
pub struct Address {
    local: String,
    domain: DomainName,
}

impl Address {
    /// The local part as written.
    pub fn reveal_local(&self) -> &str {
        &self.local
    }

    /// The domain.
    pub fn domain(&self) -> &DomainName {
        &self.domain
    }

    /// Whether it can only travel by SMTPUTF8 (RFC 6531): its domain always has an ASCII form, its local part may not.
    pub fn is_beyond_ascii(&self) -> bool {
        !self.local.is_ascii()
    }

    /// The address as it goes on the wire.
    pub fn reveal(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// The form under which two spellings are one address.
    pub fn folded(&self) -> String {
        format!("{}@{}", folded(&self.local), self.domain)
    }

    /// The address for a person who may know it but for no one else: `j…e@e…e.fr`.
    pub fn masked(&self) -> String {
        let (name, ending) = self.domain.0.rsplit_once('.').unwrap_or((&self.domain.0, ""));
        format!("{}@{}.{ending}", ends(&self.local), ends(name))
    }
}

/// A local part without case, in its one form.
fn folded(local: &str) -> String {
    if local.is_ascii() { local.to_ascii_lowercase() } else { local.to_lowercase().nfc().collect() }
}

/// First and last character with dots between.
fn ends(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.next_back()) {
        (Some(first), Some(last)) => format!("{first}…{last}"),
        (Some(first), None) => format!("{first}…"),
        _ => String::new(),
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.domain == other.domain && folded(&self.local) == folded(&other.local)
    }
}

impl std::hash::Hash for Address {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.folded().hash(state);
    }
}

impl FromStr for Address {
    type Err = AddressFault;

    /// Reads `local@domain` (RFC 5321 §4.1.2: dot-string or quoted string; RFC 6531 §3.3: UTF-8 in both).
    fn from_str(text: &str) -> Result<Self, AddressFault> {
        let (local, domain) = text.rsplit_once('@').ok_or(AddressFault::Syntax)?;
        let domain: DomainName = domain.parse()?;
        if domain.as_str() == "localhost" {
            return Err(AddressFault::Domain);
        }
        let quoted = local.len() >= 2 && local.starts_with('"') && local.ends_with('"');
        let local = if quoted { unquote(local)? } else { local.to_owned() };
        // RFC 6532 §3.1: one form of what looks the same.
        let local = if local.is_ascii() { local } else { local.nfc().collect() };
        if local.is_empty() || local.len() > 64 {
            return Err(AddressFault::Syntax);
        }
        // A quoted string that needs its quotes is legal and used by nobody: refusing it keeps every
        // address safe to write without quotes (no blanks, commas, angle brackets or control characters).
        let atoms = local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext));
        if !atoms || local.starts_with('-') || !is_plain(&local) {
            return Err(AddressFault::Syntax);
        }
        Ok(Self { local, domain })
    }
}

fn unquote(local: &str) -> Result<String, AddressFault> {
    let inner = local.get(1..local.len() - 1).ok_or(AddressFault::Syntax)?;
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(chars.next().ok_or(AddressFault::Syntax)?),
            '"' => return Err(AddressFault::Syntax),
            c => text.push(c),
        }
    }
    Ok(text)
}

/// RFC 5322 §3.2.3, and RFC 6531 §3.3 beyond ASCII.
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii()
}

/// Whether a local part shows what it is. Beyond ASCII nothing that is invisible, turns the direction of writing, or
/// only looks like other characters (full-width letters, `＠`): the identifiers of RFC 8264 §4.2 leave those out too.
fn is_plain(local: &str) -> bool {
    let visible = |c: char| {
        !c.is_control()
            && !c.is_whitespace()
            && !matches!(c,
                '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{10ffff}')
    };
    local.is_ascii() || (local.chars().all(visible) && local.nfkc().eq(local.chars()))
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

/// Why a text is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// The part before the `@`, or no `@` at all.
    #[error("this is not a mail address")]
    Syntax,
    /// The part after it.
    #[error("this is not a domain name")]
    Domain,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_strictly() {
        for good in [
            "jeanne@example.org",
            "j.d+x@mail.example.org",
            "\"jeanne\"@example.org",
            "a@bücher.example",
            "o'neil@x.fr",
            "andré@example.org",
            "жанна.к@почта.рф",
            "δοκιμή@παράδειγμα.δοκιμή",
            "用户@例子.广告",
        ] {
            assert!(good.parse::<Address>().is_ok(), "{good}");
        }
        for bad in [
            "jeanne",
            "@example.org",
            "jeanne@",
            "a b@example.org",
            "a@b",
            "a..b@x.fr",
            ".a@x.fr",
            "-oQ@x.fr",
            "a@x..fr",
            "a\r\n@x.fr",
            "\"a b\"@x.fr",
            "a@x.fr\0",
            "<a@x.fr>",
            "a@[127.0.0.1]",
            "a\u{200b}b@x.fr",
            "a\u{202e}b@x.fr",
            "a\u{a0}b@x.fr",
            "a\u{85}b@x.fr",
            "\u{ff41}@x.fr",
            "a\u{ff20}b@x.fr",
            "a\u{2028}@x.fr",
            "a\u{feff}@x.fr",
            "ﬁ@x.fr",
        ] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }

    #[test]
    fn two_spellings_are_one_address() {
        assert_eq!("Jeanne@EXAMPLE.org".parse::<Address>(), "jeanne@example.org".parse::<Address>());
        assert_eq!("a@BÜCHER.example".parse::<Address>(), "a@xn--bcher-kva.example".parse::<Address>());
        // Composed and decomposed, and without case (RFC 6532 §3.1).
        let one: Address = "Jos\u{e9}.\u{c9}@bücher.example".parse().expect("an address");
        let other: Address = "JOSE\u{301}.e\u{301}@XN--BCHER-KVA.example".parse().expect("an address");
        assert_eq!(one, other);
        assert_eq!(one.folded(), other.folded());
        assert!(one.is_beyond_ascii() && one.reveal().ends_with("@xn--bcher-kva.example"));
        assert_ne!(one, "jose.e@bücher.example".parse().expect("an address"));
        assert!(!"a@bücher.example".parse::<Address>().expect("an address").is_beyond_ascii());
    }

    /// idna RUSTSEC-2024-0421: a Punycode label that decodes to ASCII is refused, not folded.
    #[test]
    fn fault_35_punycode_look_alike_is_not_the_ascii_name() {
        let real: DomainName = "example.org".parse().expect("a plain name");
        for fake in ["xn--example-.org", "xn--example.org", "ex\u{430}mple.org", "example\u{2024}org", "example.org."] {
            match fake.parse::<DomainName>() {
                Ok(name) => assert!(name != real || fake == "example.org.", "{fake}"),
                Err(_) => assert_ne!(fake, "example.org."),
            }
        }
        for fake in ["a@xn--example-.org", "a@xn--example.org", "a@ex\u{430}mple.org"] {
            assert_ne!(fake.parse::<Address>().ok(), "a@example.org".parse::<Address>().ok(), "{fake}");
        }
        assert!(!"badexample.org".parse::<DomainName>().expect("plain").is_under("example.org"));
        assert!("a.example.org".parse::<DomainName>().expect("plain").is_under("example.org"));
    }

    #[test]
    fn an_address_cannot_be_printed() {
        let address: Address = "jeanne.dupont@example.org".parse().expect("an address");
        assert!(!format!("{address:?}").contains("jeanne"));
        assert_eq!(address.masked(), "j…t@e…e.org");
    }
}
