//! The relay that takes notices: an SMTP server over checked TLS (lettre), or in the demonstration a listener.

use std::path::Path;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error as SmtpError, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::sync::mpsc;

use crate::domain::{Address, FailureClass, Fault, RawMessage, SecretText};

use super::notice::lettre_address;

/// Where mail leaves.
pub struct Relay(Kind);

enum Kind {
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
    Shown(mpsc::UnboundedSender<Shown>),
}

/// A mail as the demonstration's relay shows it.
#[derive(Debug)]
pub struct Shown {
    /// To whom.
    pub to: Address,
    /// The octets.
    pub octets: Vec<u8>,
}

/// What became of a mail that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// May be taken later.
    Later(FailureClass),
    /// Will never be.
    Never(FailureClass),
}

impl Relay {
    /// A relay from its URL: `smtps://user:password@host:465` (implicit TLS), `smtp://…` (STARTTLS required, except to loopback).
    /// `extra_ca`: a PEM file with further authorities (trial certificates).
    ///
    /// # Errors
    /// One clear sentence for a URL that is not understood or would go in clear to another host.
    pub fn open(url: &SecretText, hostname: &str, extra_ca: Option<&Path>) -> Result<Self, String> {
        let (scheme, rest) =
            url.reveal().split_once("://").ok_or("relay: write smtps://host:465 or smtp://host:587")?;
        let (login, place) = rest.rsplit_once('@').map_or((None, rest), |(login, place)| (Some(login), place));
        let place = place.trim_end_matches('/');
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, port.parse::<u16>().map_err(|_| "relay: the port is no number".to_owned())?),
            None => (place, if scheme == "smtps" { 465 } else { 587 }),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err("relay: the host is missing".to_owned());
        }
        let mut parameters = TlsParameters::builder(host.to_owned());
        if let Some(path) = extra_ca {
            let pem = std::fs::read(path).map_err(|error| format!("relay: {}: {}", path.display(), error.kind()))?;
            let certificate =
                Certificate::from_pem(&pem).map_err(|_| format!("relay: {} holds no certificate", path.display()))?;
            parameters = parameters.add_root_certificate(certificate);
        }
        let tls = || parameters.build_rustls().map_err(|_| "relay: TLS cannot be set up".to_owned());
        let local = matches!(host, "127.0.0.1" | "localhost" | "::1");
        let tls = match scheme {
            "smtps" => Tls::Wrapper(tls()?),
            "smtp" if local => Tls::None,
            "smtp" => Tls::Required(tls()?),
            _ => return Err("relay: write smtps:// (TLS) or smtp:// (STARTTLS)".to_owned()),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .tls(tls)
            .hello_name(ClientId::Domain(hostname.to_owned()))
            .timeout(Some(Duration::from_secs(60)))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS).idle_timeout(Duration::from_secs(30)));
        if let Some(login) = login {
            let (user, password) = login.split_once(':').ok_or("relay: write user:password@ before the host")?;
            builder = builder.credentials(Credentials::new(unescaped(user)?, unescaped(password)?));
        }
        Ok(Self(Kind::Smtp(Box::new(builder.build()))))
    }

    /// The demonstration's: every mail goes to the listener.
    pub fn shown(to: mpsc::UnboundedSender<Shown>) -> Self {
        Self(Kind::Shown(to))
    }

    /// Submits one mail as a mail client would (used by the demonstration and by tests): envelope and octets.
    ///
    /// # Errors
    /// A [`Fault`] with the kind of failure.
    pub async fn submit(&self, from: &Address, to: &[Address], octets: &[u8]) -> Result<(), Fault> {
        self.hand_over(Some(from), to, octets).await.map_err(|why| {
            let (NotTaken::Later(class) | NotTaken::Never(class)) = why;
            Fault::because("the server did not take the message", class.word())
        })
    }

    /// Connects, shakes hands, says EHLO and logs in; sends nothing.
    ///
    /// # Errors
    /// What stands between.
    pub async fn check(&self) -> Result<(), FailureClass> {
        let Kind::Smtp(transport) = &self.0 else { return Ok(()) };
        match transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(FailureClass::Later),
            Err(error) => {
                let (NotTaken::Later(class) | NotTaken::Never(class)) = why(&error);
                Err(class)
            }
        }
    }

    /// Hands a mail to the relay: it is not delivered yet, but no longer ours. Nothing comes back of one without a
    /// reverse-path.
    pub(super) async fn hand_over(
        &self,
        from: Option<&Address>,
        to: &[Address],
        octets: &[u8],
    ) -> Result<(), NotTaken> {
        // What leaves is ours; were it ever not clean, the relay could read a second mail in it (fault 20).
        if !RawMessage::is_clean(octets) {
            return Err(NotTaken::Later(FailureClass::Fault));
        }
        let transport = match &self.0 {
            Kind::Shown(listener) => {
                for to in to {
                    let shown = Shown { to: to.clone(), octets: octets.to_vec() };
                    listener.send(shown).map_err(|_| NotTaken::Later(FailureClass::Unreachable))?;
                }
                return Ok(());
            }
            Kind::Smtp(transport) => transport,
        };
        let never = |_| NotTaken::Never(FailureClass::UnknownAddress);
        let forward: Result<Vec<_>, _> = to.iter().map(lettre_address).collect();
        let from = from.map(lettre_address).transpose().map_err(never)?;
        let envelope = lettre::address::Envelope::new(from, forward.map_err(never)?)
            .map_err(|_| NotTaken::Never(FailureClass::UnknownAddress))?;
        let beyond = to.iter().any(Address::is_beyond_ascii);
        transport.send_raw(&envelope, octets).await.map(drop).map_err(|error| match error.is_client() {
            // lettre looks at what EHLO offered before it says MAIL (RFC 6531 §3.1).
            true if beyond => NotTaken::Never(FailureClass::NoUtf8),
            _ => why(&error),
        })
    }
}

/// What an SMTP client's error means for the notice.
fn why(error: &SmtpError) -> NotTaken {
    let text = error.to_string();
    if error.is_tls() {
        return NotTaken::Later(FailureClass::Tls);
    }
    let Some(code) = error.status().map(|code| code.to_string()) else {
        return NotTaken::Later(FailureClass::Unreachable);
    };
    let enhanced = text.split_whitespace().find(|word| is_enhanced(word)).unwrap_or_default();
    let bare = enhanced.is_empty();
    match code.as_str() {
        // Our own credentials are the operator's to mend: the patient's notice waits.
        "530" | "534" | "535" | "538" => NotTaken::Later(FailureClass::Credentials),
        _ if !error.is_permanent() => NotTaken::Later(FailureClass::Later),
        _ if NO_SUCH_ADDRESS.contains(&enhanced) => NotTaken::Never(FailureClass::UnknownAddress),
        _ if enhanced == "5.2.2" || (bare && code == "552") => NotTaken::Never(FailureClass::Full),
        _ if enhanced.starts_with("5.2.") => NotTaken::Never(FailureClass::Refused),
        "550" | "551" | "553" if bare => NotTaken::Never(FailureClass::UnknownAddress),
        // What a relay says of us, of our sender or of its rules is the operator's to mend too: seen in the queue.
        _ => NotTaken::Later(FailureClass::Refused),
    }
}

/// Connections to the relay that are kept: what the courier hands over at once.
const CONNECTIONS: u32 = 4;

/// RFC 3463 §3.2 and its registry: what is wrong with the recipient's address.
const NO_SUCH_ADDRESS: [&str; 5] = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"];

/// RFC 3463 §2: `class.subject.detail`.
fn is_enhanced(word: &str) -> bool {
    let mut fields = word.split('.');
    let digits = |field: Option<&str>| {
        field.is_some_and(|f| (1..=3).contains(&f.len()) && f.bytes().all(|c| c.is_ascii_digit()))
    };
    fields.next().is_some_and(|class| matches!(class, "2" | "4" | "5"))
        && digits(fields.next())
        && digits(fields.next())
        && fields.next().is_none()
}

/// Percent-decoding of user names and passwords in a URL (RFC 3986 §2.1).
fn unescaped(text: &str) -> Result<String, String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'%' {
            octets.push(octet);
            continue;
        }
        let pair = [rest.next().unwrap_or(b'x'), rest.next().unwrap_or(b'x')];
        let decoded = data_encoding::HEXLOWER_PERMISSIVE
            .decode(&pair)
            .map_err(|_| "relay: a % in the URL is not followed by two digits")?;
        octets.extend(decoded);
    }
    String::from_utf8(octets).map_err(|_| "relay: user or password is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pool of connections lives in a runtime.
    #[tokio::test]
    async fn relays_are_read_and_clear_text_goes_to_loopback_only() {
        let open = |url: &str| Relay::open(&SecretText::new(url), "mail.cabinet.example", None);
        for good in [
            "smtps://u:p@smtp.example:465",
            "smtp://smtp.example",
            "smtp://127.0.0.1:2525",
            "smtps://u%40x:p%3A@smtp.example",
        ] {
            assert!(open(good).is_ok(), "{good}");
        }
        for bad in [
            "smtp.example",
            "http://smtp.example",
            "smtps://",
            "smtps://smtp.example:x",
            "smtps://user@smtp.example",
            "smtps://u:%zz@h",
        ] {
            assert!(open(bad).is_err(), "{bad}");
        }
        assert_eq!(unescaped("a%40b"), Ok("a@b".to_owned()));
        for (word, is) in [("5.1.1", true), ("5.1.10", true), ("127.0.0.1", false), ("5.1.x", false), ("6.1.1", false)]
        {
            assert_eq!(is_enhanced(word), is, "{word}");
        }
    }
}
