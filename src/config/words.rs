//! Values of settings as types: sizes, sockets, the portal's URL, choices.

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

/// An option that takes one of a few words.
macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// The value a word names; else the words there are.
            pub(super) fn read(word: &str) -> Result<Self, String> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(format!("must be one of: {}", [$($word),*].join(", "))),
                }
            }
        }
    )*};
}
pub(super) use choices;

/// Where patients go: https, a host, perhaps a port; no path and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalUrl {
    text: String,
    host: String,
}

impl PortalUrl {
    /// Reads the URL.
    ///
    /// # Errors
    /// One sentence.
    pub fn read(text: &str) -> Result<Self, String> {
        let url = read_url(text)?;
        if url.scheme() != "https" {
            return Err("must begin with https:// (patients' pages are never in clear)".to_owned());
        }
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err("must be https://host or https://host:port, without a path".to_owned());
        }
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => return Err("has no host name".to_owned()),
        };
        Ok(Self { text: url.as_str().trim_end_matches('/').to_owned(), host })
    }

    /// `https://host`, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host name or address.
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// `25 MiB`, `300 KiB`, `1 GiB`.
pub(super) fn read_size(text: &str) -> Result<usize, String> {
    let refused = || "must be a size such as 25 MiB".to_owned();
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).ok_or_else(refused)?;
    let shift = match unit.trim_start() {
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return Err(refused()),
    };
    let number: usize = number.parse().map_err(|_| refused())?;
    number.checked_mul(1 << shift).filter(|size| *size > 0).ok_or_else(refused)
}

/// `0.0.0.0:465`, `[::]:465`.
pub(super) fn read_socket(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "must be an address and a port, such as 0.0.0.0:465 or [::]:465".to_owned())
}

/// A URL; the message never holds it.
pub(super) fn read_url(text: &str) -> Result<Url, String> {
    Url::parse(text).map_err(|_| "is not a URL".to_owned())
}

/// Whether a URL leads to this machine and nowhere else.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        // Schemes that the URL standard does not know keep their host as it stands.
        Some(Host::Domain(name)) => {
            name == "localhost" || name.trim_matches(['[', ']']).parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit() {
        assert_eq!(read_size("25 MiB"), Ok(25 << 20));
        assert_eq!(read_size("300KiB"), Ok(300 << 10));
        for bad in ["", "25", "25 MB", "0 MiB", "-1 MiB", "1.5 GiB", "MiB", "99999999999999999999 GiB", "٣ MiB"] {
            assert!(read_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_portal_is_never_in_clear() {
        let url = PortalUrl::read("https://Patient.cabinet.example/").expect("a good one");
        assert_eq!((url.as_str(), url.host()), ("https://patient.cabinet.example", "patient.cabinet.example"));
        assert_eq!(PortalUrl::read("https://127.0.0.1:8443").expect("a good one").host(), "127.0.0.1");
        for bad in ["http://a.example", "https://a.example/p", "https://u:p@a.example", "a.example", "https://", ""] {
            assert!(PortalUrl::read(bad).is_err(), "{bad}");
        }
    }
}
