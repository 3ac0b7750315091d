//! SASL inside SMTP (RFC 4954): PLAIN (RFC 4616) and the older LOGIN, which much hospital software still speaks.
//!
//! Takes lines and gives credentials; every buffer that held a password is wiped. Never decides whether they
//! are right, never logs.

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::domain::SecretText;

/// An address and a device password as the client gave them.
pub struct Credentials {
    /// The address: not parsed, since an unknown one must take the same way as a known one.
    pub address: SecretText,
    /// The password.
    pub password: SecretText,
}

/// What the client must send next.
pub enum Exchange {
    /// PLAIN: everything at once.
    Plain,
    /// LOGIN: the address.
    LoginAddress,
    /// LOGIN: the password for this address.
    LoginPassword(SecretText),
}

/// What came of a line.
pub enum Outcome {
    /// Ask for the next one with this challenge in base64.
    Challenge(&'static str, Exchange),
    /// All is there.
    Credentials(Credentials),
    /// Nothing comes of it.
    Fault(AuthFault),
}

/// Why an exchange ends without credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFault {
    /// The client sent `*`.
    Cancelled,
    /// Not base64, or not what the mechanism asks for.
    Malformed,
    /// Not PLAIN, not LOGIN.
    Mechanism,
    /// PLAIN on behalf of somebody else.
    OtherIdentity,
}

impl Exchange {
    /// Begins with a mechanism and perhaps an initial response.
    pub fn begin(mechanism: &str, initial: Option<&str>) -> Outcome {
        let exchange = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => Self::Plain,
            "LOGIN" => Self::LoginAddress,
            _ => return Outcome::Fault(AuthFault::Mechanism),
        };
        match initial {
            // RFC 4954 §4: "=" is an initial response without octets.
            Some("=") => exchange.respond(b""),
            Some(response) => exchange.respond(response.as_bytes()),
            None => exchange.ask(),
        }
    }

    /// Takes the next line of the client.
    pub fn respond(self, line: &[u8]) -> Outcome {
        if line == b"*" {
            return Outcome::Fault(AuthFault::Cancelled);
        }
        let Some(octets) = decode(line) else { return Outcome::Fault(AuthFault::Malformed) };
        let Ok(text) = std::str::from_utf8(&octets) else { return Outcome::Fault(AuthFault::Malformed) };
        match self {
            Self::Plain => plain(text),
            Self::LoginAddress if text.is_empty() => Outcome::Fault(AuthFault::Malformed),
            Self::LoginAddress => Self::LoginPassword(SecretText::new(text)).ask(),
            Self::LoginPassword(address) => {
                Outcome::Credentials(Credentials { address, password: SecretText::new(text) })
            }
        }
    }

    fn ask(self) -> Outcome {
        let challenge = match self {
            Self::Plain => "",
            Self::LoginAddress => "VXNlcm5hbWU6",     // "Username:"
            Self::LoginPassword(_) => "UGFzc3dvcmQ6", // "Password:"
        };
        Outcome::Challenge(challenge, self)
    }
}

/// RFC 4616 §2: authorization identity, NUL, authentication identity, NUL, password.
fn plain(text: &str) -> Outcome {
    let mut parts = text.split('\0');
    let (Some(acting_for), Some(address), Some(password), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Outcome::Fault(AuthFault::Malformed);
    };
    if address.is_empty() {
        return Outcome::Fault(AuthFault::Malformed);
    }
    if !acting_for.is_empty() && !acting_for.eq_ignore_ascii_case(address) {
        return Outcome::Fault(AuthFault::OtherIdentity);
    }
    Outcome::Credentials(Credentials { address: SecretText::new(address), password: SecretText::new(password) })
}

fn decode(line: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut octets = Zeroizing::new(vec![0; BASE64.decode_len(line.len()).ok()?]);
    let length = BASE64.decode_mut(line, &mut octets).ok()?;
    octets.truncate(length);
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(outcome: Outcome) -> String {
        match outcome {
            Outcome::Challenge(challenge, _) => format!("334 {challenge}"),
            Outcome::Credentials(c) => format!("{} / {}", c.address.reveal(), c.password.reveal()),
            Outcome::Fault(fault) => format!("{fault:?}"),
        }
    }

    fn plain(text: &str) -> String {
        shown(Exchange::begin("plain", Some(&BASE64.encode(text.as_bytes()))))
    }

    #[test]
    fn plain_gives_both_at_once() {
        assert_eq!(plain("\0a@x.fr\0secret"), "a@x.fr / secret");
        assert_eq!(plain("A@x.fr\0a@x.fr\0secret"), "a@x.fr / secret");
        assert_eq!(plain("b@x.fr\0a@x.fr\0secret"), "OtherIdentity");
        for bad in ["", "a@x.fr", "\0a@x.fr", "\0\0secret", "\0a\0b\0c"] {
            assert_eq!(plain(bad), "Malformed", "{bad:?}");
        }
        assert_eq!(shown(Exchange::begin("PLAIN", None)), "334 ");
        assert_eq!(shown(Exchange::begin("PLAIN", Some("="))), "Malformed");
        assert_eq!(shown(Exchange::begin("PLAIN", Some("AGE"))), "Malformed");
        assert_eq!(shown(Exchange::begin("CRAM-MD5", None)), "Mechanism");
        assert_eq!(shown(Exchange::Plain.respond(b"*")), "Cancelled");
        assert_eq!(shown(Exchange::Plain.respond(&[0xff, 0xfe])), "Malformed");
    }

    #[test]
    fn login_gives_one_after_the_other() {
        let address = BASE64.encode(b"a@x.fr");
        for begin in [Exchange::begin("LOGIN", Some(&address)), Exchange::LoginAddress.respond(address.as_bytes())] {
            let Outcome::Challenge("UGFzc3dvcmQ6", exchange) = begin else { panic!("a challenge") };
            assert_eq!(shown(exchange.respond(BASE64.encode(b"secret").as_bytes())), "a@x.fr / secret");
        }
        assert_eq!(shown(Exchange::begin("LOGIN", None)), "334 VXNlcm5hbWU6");
        assert_eq!(shown(Exchange::LoginAddress.respond(b"")), "Malformed");
        assert_eq!(shown(Exchange::LoginAddress.respond(b"*")), "Cancelled");
    }
}
