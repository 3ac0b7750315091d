//! Strings as IMAP writes them (RFC 3501 §4.3): quoted where they can be, literals where they must.

use zeroize::Zeroizing;

/// Octets of an answer, in order. What a message says of itself is in them: wiped with their owner.
#[derive(Default)]
pub struct Wire(Zeroizing<Vec<u8>>);

impl Wire {
    /// How many octets there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The octets.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// The octets, taken out.
    pub fn into_octets(self) -> Zeroizing<Vec<u8>> {
        self.0
    }

    /// Adds text.
    pub fn push(&mut self, text: impl AsRef<[u8]>) {
        self.0.extend_from_slice(text.as_ref());
    }

    /// Adds a string. One that holds a quote, a backslash, a control or eight bits is a literal.
    pub fn string(&mut self, octets: &[u8]) {
        if is_quotable(octets) {
            self.push("\"");
            self.push(octets);
            self.push("\"");
        } else {
            self.push(format!("{{{}}}\r\n", octets.len()));
            self.push(octets);
        }
    }

    /// Adds a string or NIL.
    pub fn nstring(&mut self, octets: Option<&[u8]>) {
        match octets {
            Some(octets) => self.string(octets),
            None => self.push("NIL"),
        }
    }
}

/// Whether a string can stand in quotes as it is.
pub fn is_quotable(octets: &[u8]) -> bool {
    let plain = |octet: &u8| matches!(octet, b' '..=b'~') && !matches!(octet, b'"' | b'\\');
    octets.len() <= LONGEST_QUOTED && octets.iter().all(plain)
}

const LONGEST_QUOTED: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_take_the_form_they_need() {
        for (text, wire) in [
            (&b"abc"[..], &b"\"abc\""[..]),
            (b"", b"\"\""),
            (b"a\"b", b"{3}\r\na\"b"),
            (b"a\\b", b"{3}\r\na\\b"),
            (b"\xc3\xa9", b"{2}\r\n\xc3\xa9"),
            (b"a\r\nb", b"{4}\r\na\r\nb"),
        ] {
            let mut out = Wire::default();
            out.string(text);
            assert_eq!(out.octets(), wire);
        }
        let mut out = Wire::default();
        out.nstring(None);
        assert_eq!(out.octets(), b"NIL");
    }
}
