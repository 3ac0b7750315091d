//! Where somebody can be reached who is not a practice: a mail address, or a page.

use url::Url;

use super::Address;

/// A mail address or a page, fit to stand in a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    /// A mail address.
    Mail(String),
    /// A page, by https.
    Page(String),
}

impl Contact {
    /// Reads `name@host`, or a URL that begins with `https://`.
    ///
    /// # Errors
    /// [`NotAContact`] for anything else, and for an address with signs that a link would have to hide.
    pub fn read(text: &str) -> Result<Self, NotAContact> {
        if let Ok(url) = Url::parse(text) {
            let plain = url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
            let clean = !text.chars().any(|c| c.is_control() || c.is_whitespace());
            return if plain && clean { Ok(Self::Page(url.into())) } else { Err(NotAContact) };
        }
        let plain = text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"@.-_+".contains(&octet));
        text.parse::<Address>().ok().filter(|_| plain).map(|_| Self::Mail(text.to_owned())).ok_or(NotAContact)
    }

    /// Where a link to it leads.
    pub fn link(&self) -> String {
        match self {
            Self::Mail(address) => format!("mailto:{address}"),
            Self::Page(url) => url.clone(),
        }
    }

    /// As people write it.
    pub fn shown(&self) -> &str {
        match self {
            Self::Mail(address) => address,
            Self::Page(url) => url.trim_start_matches("https://").trim_end_matches('/'),
        }
    }
}

/// The text is neither a mail address nor an https URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a mail address, or a URL that begins with https://")]
pub struct NotAContact;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_an_address_or_a_page() {
        let mail = Contact::read("acces+pages@cabinet.example").expect("an address");
        assert_eq!(
            (mail.link().as_str(), mail.shown()),
            ("mailto:acces+pages@cabinet.example", "acces+pages@cabinet.example")
        );
        let page = Contact::read("https://cabinet.example/acces/").expect("a page");
        assert_eq!((page.link().as_str(), page.shown()), ("https://cabinet.example/acces/", "cabinet.example/acces"));
        for bad in [
            "",
            "cabinet",
            "http://cabinet.example/",
            "javascript:alert(1)",
            "mailto:a@cabinet.example",
            "https://user:secret@cabinet.example/",
            "https://cabinet.example/a b",
            "a?subject=b@cabinet.example",
            "\"a b\"@cabinet.example",
            "a@localhost",
            "a@b.example\r\nforged",
        ] {
            assert_eq!(Contact::read(bad), Err(NotAContact), "{bad}");
        }
    }
}
