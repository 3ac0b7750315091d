//! Secrets as types: zeroised, compared in constant time, never printed.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::Random;
use super::id::BASE32;

/// A password, a header value, a provider's key: text that must never be shown.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct SecretText(String);

impl SecretText {
    /// Takes the text in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Read from settings; never written anywhere.
impl<'de> serde::Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// A server-made password for one mail client: four characters that name the device within its
/// mailbox, then 26 that hold 130 random bits. Thirty characters in all: some software cuts at 32.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DevicePassword {
    tag: String,
    secret: Vec<u8>,
}

impl DevicePassword {
    /// How many characters name the device.
    pub const TAG: usize = 4;
    const LENGTH: usize = 30;

    /// A new password under a new tag.
    pub fn random(random: &dyn Random) -> Self {
        // 150 bits are 30 characters; 19 octets are drawn and the last two bits dropped.
        let mut octets = Zeroizing::new([0_u8; 20]);
        random.fill(octets.as_mut_slice());
        let text = Zeroizing::new(BASE32.encode(octets.as_slice()));
        Self::split(&text)
    }

    /// Reads what a person or a client typed: hyphens, spaces and case do not count, look-alikes are read as meant.
    ///
    /// `None` for anything that cannot be one of our passwords.
    pub fn parse(typed: &str) -> Option<Self> {
        let mut text = Zeroizing::new(String::with_capacity(Self::LENGTH));
        for c in typed.chars().filter(|c| !matches!(c, '-' | ' ' | '\u{a0}' | '\u{2011}')) {
            if text.len() >= Self::LENGTH {
                return None;
            }
            text.push(match c.to_ascii_lowercase() {
                'i' | 'l' => '1',
                'o' => '0',
                c if c.is_ascii_digit() || (c.is_ascii_lowercase() && c != 'u') => c,
                _ => return None,
            });
        }
        (text.len() == Self::LENGTH).then(|| Self::split(&text))
    }

    fn split(text: &str) -> Self {
        let tag = text.chars().take(Self::TAG).collect();
        let secret = text.bytes().skip(Self::TAG).take(Self::LENGTH - Self::TAG).collect();
        Self { tag, secret }
    }

    /// The characters that name the device within its mailbox; not secret.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The secret characters, for key derivation.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// The password in groups of four, as it is shown once.
    pub fn reveal_grouped(&self) -> String {
        let whole = Zeroizing::new(self.reveal());
        let groups: Vec<&str> =
            (0..whole.len()).step_by(4).filter_map(|at| whole.get(at..(at + 4).min(whole.len()))).collect();
        groups.join("-")
    }

    /// The password without hyphens, for `--json`.
    pub fn reveal(&self) -> String {
        format!("{}{}", self.tag, String::from_utf8_lossy(&self.secret))
    }
}

impl fmt::Debug for DevicePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DevicePassword({}-…)", self.tag)
    }
}

/// The secret in the patient's link: 128 random bits and a 32-bit check value keyed by the server,
/// written as 32 characters of base32. Needed to decrypt; proof of nothing.
///
/// The check tells a link that was cut or mistyped from one that was issued, without a look-up.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Ticket([u8; 20]);

impl Ticket {
    /// Joins the random part and its check value (made by the vault).
    pub fn join(secret: [u8; 16], check: [u8; 4]) -> Self {
        let mut octets = [0; 20];
        let (left, right) = octets.split_at_mut(16);
        left.copy_from_slice(&secret);
        right.copy_from_slice(&check);
        Self(octets)
    }

    /// Reads the ticket of a link; `None` when it has not the shape of one. The check value is the vault's to verify.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 32 {
            return None;
        }
        BASE32.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }

    /// The 128 random bits.
    pub fn secret(&self) -> &[u8] {
        self.0.split_at(16).0
    }

    /// The check value.
    pub fn check(&self) -> &[u8] {
        self.0.split_at(16).1
    }

    /// All 20 octets.
    pub fn reveal_octets(&self) -> &[u8; 20] {
        &self.0
    }

    /// A ticket from its 20 octets, as unsealed by the vault.
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(Self)
    }

    /// The 32 characters of the link.
    pub fn reveal(&self) -> String {
        BASE32.encode(&self.0)
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(…)")
    }
}

/// Six decimal digits sent out of band (NIST SP 800-63B-4 §3.1.3).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct OneTimeCode([u8; 6]);

impl OneTimeCode {
    /// A uniform code: draws are rejected, never folded.
    pub fn random(random: &dyn Random) -> Self {
        loop {
            let mut octets = [0; 4];
            random.fill(&mut octets);
            let n = u32::from_be_bytes(octets);
            // 4 294 × 1 000 000 is the last whole million below 2³².
            if n < 4_294_000_000 {
                let mut digits = [0; 6];
                let mut rest = n % 1_000_000;
                for digit in digits.iter_mut().rev() {
                    *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
                    rest /= 10;
                }
                return Self(digits);
            }
        }
    }

    /// Takes anything typed or pasted that holds exactly six digits: spaces, a whole SMS, full-width digits.
    ///
    /// The WebOTP line repeats the code, so the same six digits written twice are one code.
    pub fn parse(typed: &str) -> Option<Self> {
        // A whole SMS ends in its WebOTP line: the code stands behind the last `#`, whatever the host looks like.
        let typed = typed.rsplit_once('#').map_or(typed, |(_, code)| code);
        let mut runs: Vec<String> = vec![String::new()];
        for c in typed.chars().take(1000) {
            let digit = match c {
                '0'..='9' => Some(c),
                '\u{ff10}'..='\u{ff19}' => char::from_digit(u32::from(c) - 0xff10, 10),
                '\u{660}'..='\u{669}' => char::from_digit(u32::from(c) - 0x660, 10),
                _ => None,
            };
            match (digit, runs.last_mut()) {
                (Some(digit), Some(run)) => run.push(digit),
                // Blanks and dashes inside a code are how people read it aloud.
                (None, _) if matches!(c, ' ' | '-' | '.' | '\u{a0}' | '\u{202f}' | '\u{2009}') => {}
                (None, Some(run)) if !run.is_empty() => runs.push(String::new()),
                _ => {}
            }
        }
        let mut codes: Vec<&String> = runs.iter().filter(|run| !run.is_empty()).collect();
        if codes.len() > 1 {
            codes.retain(|run| run.len() == 6);
        }
        codes.dedup();
        match codes.as_slice() {
            [one] => one.as_bytes().try_into().ok().map(Self),
            _ => None,
        }
    }

    /// The six ASCII digits.
    pub fn reveal(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode(…)")
    }
}

macro_rules! tokens {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; 32]);

        impl $name {
            /// 256 new random bits.
            pub fn random(random: &dyn Random) -> Self {
                let mut octets = [0; 32];
                random.fill(&mut octets);
                Self(octets)
            }

            /// Reads a cookie value.
            pub fn parse(text: &str) -> Option<Self> {
                data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
            }

            /// The cookie value.
            pub fn reveal(&self) -> String {
                data_encoding::BASE64URL_NOPAD.encode(&self.0)
            }

            /// The octets, for hashing and key derivation.
            pub fn reveal_octets(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

tokens! {
    /// The cookie that tells one browser from another; it binds a challenge to who asked for it.
    BrowserToken;
    /// The cookie of a patient's open page; the delivery's session key is sealed under it.
    SessionToken;
    /// The cookie of a browser that a patient had remembered: with a link of the same person it stands in for a code.
    RememberToken;
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;
    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for (i, byte) in bytes.iter_mut().enumerate() {
                *byte = u8::try_from(i % 251).unwrap_or(0).wrapping_mul(37);
            }
        }
    }

    #[test]
    fn a_device_password_is_read_as_people_type_it() {
        let made = DevicePassword::random(&Counting);
        let shown = made.reveal_grouped();
        assert_eq!(made.reveal().len(), 30);
        assert!(!shown.contains(['i', 'l', 'o', 'u']));
        for typed in
            [shown.clone(), shown.to_uppercase(), shown.replace('-', " "), shown.replace('0', "O").replace('1', "l")]
        {
            let read = DevicePassword::parse(&typed).expect("our own password");
            assert_eq!((read.tag(), read.secret()), (made.tag(), made.secret()));
        }
        assert!(DevicePassword::parse(&shown[1..]).is_none());
        assert!(DevicePassword::parse("motdepasse").is_none());
        assert!(!format!("{made:?}").contains(std::str::from_utf8(made.secret()).expect("ascii")));
    }

    #[test]
    fn a_code_is_taken_from_whatever_holds_exactly_six_digits() {
        for typed in [
            "123456",
            " 123 456 ",
            "12-34-56",
            "1 2 3 4 5 6",
            "Votre code : 123456 (AB)\n@host #123456",
            "１２３４５６",
        ] {
            assert_eq!(OneTimeCode::parse(typed).expect(typed).reveal(), "123456");
        }
        for typed in ["", "12345", "1234567", "abc", "123456 ou, 654321", "12x3456"] {
            assert!(OneTimeCode::parse(typed).is_none(), "{typed}");
        }
    }

    #[test]
    fn a_ticket_survives_its_link_and_case() {
        let ticket = Ticket::join([9; 16], [1, 2, 3, 4]);
        assert_eq!(ticket.reveal().len(), 32);
        assert_eq!(Ticket::parse(&ticket.reveal().to_uppercase()), Some(ticket.clone()));
        assert_eq!(Ticket::parse(&ticket.reveal()[..31]), None);
        assert_eq!(format!("{ticket:?}"), "Ticket(…)");
    }
}
