//! A message as it came in: octets that hold CRLF line ends and no others.

use std::fmt;

use zeroize::Zeroizing;

/// The octets of an Internet message (RFC 5322) in which CR and LF stand only together.
///
/// Built only from clean octets, so that nothing after the border can be split differently by
/// another program (SMTP smuggling). Zeroised when dropped; `Debug` shows the length alone.
pub struct RawMessage(Zeroizing<Vec<u8>>);

impl RawMessage {
    /// Takes the octets of a message.
    ///
    /// # Errors
    /// [`RawMessageFault`] for a CR without LF, a LF without CR, or a NUL (RFC 5321 §2.3.8, RFC 5322 §2.3), and
    /// for a header or a nesting that could not be read safely.
    pub fn new(octets: Vec<u8>) -> Result<Self, RawMessageFault> {
        let octets = Zeroizing::new(octets);
        clean(&octets)?;
        super::shape::check(&octets)?;
        Ok(Self(octets))
    }

    /// Whether octets hold CR and LF together only, and no NUL: no server ends such a message at another place.
    pub fn is_clean(octets: &[u8]) -> bool {
        clean(octets).is_ok()
    }

    /// Whether octets would be taken: a parser may read them.
    pub fn is_sound(octets: &[u8]) -> bool {
        Self::is_clean(octets) && super::shape::check(octets).is_ok()
    }

    /// The octets.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }

    /// How many octets.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The octets of a message that a mail client keeps in its own mailbox: clean line ends, any shape.
///
/// Nobody but its owner reads it. What has no safe shape is kept all the same, and parsed by nobody here.
pub struct KeptMessage(Zeroizing<Vec<u8>>);

impl KeptMessage {
    /// Takes the octets.
    ///
    /// # Errors
    /// [`RawMessageFault`] for a CR without LF, a LF without CR, or a NUL.
    pub fn new(octets: Vec<u8>) -> Result<Self, RawMessageFault> {
        let octets = Zeroizing::new(octets);
        clean(&octets)?;
        Ok(Self(octets))
    }

    /// The octets.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }

    /// Whether a parser may read it: its header ends where every program ends it, and its nesting is bounded.
    pub fn is_sound(&self) -> bool {
        super::shape::check(&self.0).is_ok()
    }
}

impl fmt::Debug for KeptMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeptMessage({} octets)", self.0.len())
    }
}

/// CR and LF stand only together, and no NUL anywhere (RFC 5321 §2.3.8, RFC 5322 §2.3).
fn clean(octets: &[u8]) -> Result<(), RawMessageFault> {
    let mut rest = octets;
    while let Some((found, after)) = memchr::memchr3(b'\r', b'\n', 0, rest).and_then(|at| rest.get(at..)?.split_first())
    {
        rest = match (found, after) {
            (b'\r', [b'\n', after @ ..]) => after,
            (b'\r', _) => return Err(RawMessageFault::BareCr),
            (b'\n', _) => return Err(RawMessageFault::BareLf),
            _ => return Err(RawMessageFault::Nul),
        };
    }
    Ok(())
}

impl fmt::Debug for RawMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawMessage({} octets)", self.0.len())
    }
}

/// Why octets are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RawMessageFault {
    /// A carriage return that no line feed follows.
    #[error("a carriage return stands alone")]
    BareCr,
    /// A line feed that no carriage return precedes.
    #[error("a line feed stands alone")]
    BareLf,
    /// The octet 0.
    #[error("a NUL octet")]
    Nul,
    /// A line of the header that is no field: programs would end the header at different places.
    #[error("a line of the header is no field")]
    NotAHeader,
    /// A header beyond 1 MiB or 2,000 fields.
    #[error("the header is too long")]
    HeaderTooLong,
    /// Messages within messages, or multiparts, beyond what anybody writes.
    #[error("it is nested too deep")]
    TooDeep,
    /// More than 2,000 parts.
    #[error("it has too many parts")]
    TooManyParts,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crlf_ends_a_line() {
        assert!(RawMessage::new(b"a: b\r\n\r\nb\r\n".to_vec()).is_ok());
        assert!(RawMessage::new(b"".to_vec()).is_ok());
        for (octets, why) in [
            (&b"a\nb"[..], RawMessageFault::BareLf),
            (b"a\rb", RawMessageFault::BareCr),
            (b"a\r", RawMessageFault::BareCr),
            (b"a\r\r\n", RawMessageFault::BareCr),
            (b"\n", RawMessageFault::BareLf),
            (b"a\r\n\n", RawMessageFault::BareLf),
            (b"a\0b", RawMessageFault::Nul),
        ] {
            assert_eq!(RawMessage::new(octets.to_vec()).err(), Some(why), "{octets:?}");
        }
    }
}
