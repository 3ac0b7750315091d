//! Where a notice goes back to when it cannot be delivered: an address for each notice (VERP), or one for all.
//!
//! By itself `bounce+<token>@` and the domain of the notice's From. Where that domain's mail is taken by a server that
//! knows no sub-addresses, an address of a mailbox that does reach us stands in its place: then the notice's own
//! Message-ID, which a DSN brings back with the header (RFC 3464 §2.1), says which notice it was.

use crate::domain::{Address, Fault, NoticeToken};

/// The reverse-path of notices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReturnPath(Option<String>);

impl ReturnPath {
    /// Reads `bounces@isp.example`, or `bounces+{token}@isp.example` with the place of the token.
    ///
    /// # Errors
    /// One sentence.
    pub fn read(text: &str) -> Result<Self, String> {
        let path = Self(Some(text.to_owned()));
        let filled = path.filled(&"0".repeat(WRITTEN)).unwrap_or_default();
        let in_local = text.matches(TOKEN).count() <= 1 && !text.rsplit('@').next().is_some_and(|d| d.contains(TOKEN));
        match filled.parse::<Address>() {
            Ok(_) if in_local && !filled.contains(['{', '}']) => Ok(path),
            _ => Err("must be an address, such as bounces@cabinet.example or bounces+{token}@cabinet.example, whose \
                      local part has at most 64 characters with a token of 43"
                .to_owned()),
        }
    }

    /// The reverse-path of one notice.
    pub(super) fn reverse_path(&self, token: &NoticeToken, from: &Address) -> Result<Address, Fault> {
        let text = match self.filled(&token.written()) {
            Some(text) => text,
            None => format!("bounce+{}@{}", token.written(), from.domain()),
        };
        text.parse().map_err(|_| Fault::new("a reverse-path cannot be made"))
    }

    /// How the addresses look that must reach us, for notices from this domain.
    pub fn shown(&self, domain: &str) -> String {
        self.filled("…").unwrap_or_else(|| format!("bounce+…@{domain}"))
    }

    /// The domain that bounces go to, for notices from this one.
    pub fn domain<'a>(&'a self, from: &'a str) -> &'a str {
        self.0.as_deref().and_then(|text| text.rsplit_once('@')).map_or(from, |(_, domain)| domain)
    }

    /// The one address of all notices, where they have no token in it.
    pub(super) fn fixed(&self) -> Option<Address> {
        self.0.as_deref().filter(|text| !text.contains(TOKEN)).and_then(|text| text.parse().ok())
    }

    fn filled(&self, token: &str) -> Option<String> {
        self.0.as_ref().map(|text| text.replace(TOKEN, token))
    }
}

/// Where the token goes.
const TOKEN: &str = "{token}";
/// Octets of a token.
const WRITTEN: usize = 43;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DeliveryId, Random};

    struct Nines;
    impl Random for Nines {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(9);
        }
    }

    #[test]
    fn a_notice_goes_back_where_a_mailbox_is() {
        let token = NoticeToken { delivery: DeliveryId::random(&Nines), check: "0123456789abcdef".to_owned() };
        let from: Address = "ne-pas-repondre@cabinet.example".parse().expect("an address");
        let path = |path: &ReturnPath| path.reverse_path(&token, &from).expect("a path").reveal();
        let read = |text: &str| ReturnPath::read(text).expect("an address");
        assert_eq!(path(&ReturnPath::default()), format!("bounce+{}@cabinet.example", token.written()));
        assert_eq!(path(&read("{token}@b.example")), format!("{}@b.example", token.written()));
        assert_eq!(path(&read("cabinet@isp.example")), "cabinet@isp.example");
        assert!(path(&ReturnPath::default()).find('@').is_some_and(|local| local <= 64), "RFC 5321 §4.5.3.1.1");
        assert_eq!(read("cabinet@isp.example").fixed().map(|a| a.reveal()).as_deref(), Some("cabinet@isp.example"));
        assert_eq!((read("a+{token}@isp.example").fixed(), ReturnPath::default().fixed()), (None, None));
        assert_eq!(read("a+{token}@isp.example").shown("x"), "a+…@isp.example");
        assert_eq!(ReturnPath::default().domain("cabinet.example"), "cabinet.example");
        for bad in [
            "",
            "bounces",
            "a+{token}{token}@b.example",
            "a+{tokens}@b.example",
            "a@{token}.example\r\n",
            "a-local-part-that-is-too-long-for-it+{token}@b.example",
            "a b@c.example",
        ] {
            assert!(ReturnPath::read(bad).is_err(), "{bad}");
        }
    }
}
