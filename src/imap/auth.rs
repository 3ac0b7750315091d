//! SASL PLAIN inside IMAP (RFC 4616, RFC 3501 §6.2.2, RFC 4959): takes a line and gives credentials.
//!
//! Strict base64; every buffer that held a password is wiped. Never decides whether it is right, never logs.

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

/// Why a response holds no credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFault {
    /// The client sent `*`.
    Cancelled,
    /// Not base64, or not three parts.
    Malformed,
    /// On behalf of somebody else.
    OtherIdentity,
}

/// Reads a response to PLAIN.
///
/// # Errors
/// [`AuthFault`].
pub fn plain(line: &[u8]) -> Result<Credentials, AuthFault> {
    if line == b"*" {
        return Err(AuthFault::Cancelled);
    }
    let octets = decode(line).ok_or(AuthFault::Malformed)?;
    let text = std::str::from_utf8(&octets).map_err(|_| AuthFault::Malformed)?;
    // RFC 4616 §2: authorization identity, NUL, authentication identity, NUL, password.
    let mut parts = text.split('\0');
    let (Some(acting_for), Some(address), Some(password), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(AuthFault::Malformed);
    };
    if address.is_empty() {
        return Err(AuthFault::Malformed);
    }
    if !acting_for.is_empty() && !acting_for.eq_ignore_ascii_case(address) {
        return Err(AuthFault::OtherIdentity);
    }
    Ok(Credentials { address: SecretText::new(address), password: SecretText::new(password) })
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

    fn shown(text: &[u8]) -> Result<String, AuthFault> {
        let line = BASE64.encode(text);
        plain(line.as_bytes()).map(|c| format!("{} {}", c.address.reveal(), c.password.reveal()))
    }

    #[test]
    fn responses_are_read_strictly() {
        assert_eq!(shown(b"\0a@x\0s").as_deref(), Ok("a@x s"));
        assert_eq!(shown(b"A@x\0a@x\0s").as_deref(), Ok("a@x s"));
        assert_eq!(shown(b"\0a@x\0").as_deref(), Ok("a@x "));
        assert_eq!(shown(b"b@x\0a@x\0s"), Err(AuthFault::OtherIdentity));
        for bad in [&b""[..], b"a@x", b"a@x\0s", b"\0\0s", b"\0a\0s\0t", b"\0\xff\0s"] {
            assert_eq!(shown(bad), Err(AuthFault::Malformed), "{bad:?}");
        }
        for bad in ["AGEAYg", "AGEAYg=", "AGEA Yg==", "AGEAYg==\r", "*AGE", "AGEAYh=="] {
            assert_eq!(plain(bad.as_bytes()).err(), Some(AuthFault::Malformed), "{bad}");
        }
        assert_eq!(plain(b"*").err(), Some(AuthFault::Cancelled));
    }
}
