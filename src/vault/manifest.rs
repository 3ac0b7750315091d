//! The manifest at the beginning of a head: what belongs to the message, and how to put it together.
//!
//! JSON, and nothing that is not listed here (unknown members are refused). It is inside the sealed
//! container, so who writes the store can neither exchange nor drop a part, nor pass one head for another.

use zeroize::{Zeroize, Zeroizing};

use crate::domain::{Fault, MessageId, ObjectId};

use super::SessionKey;

/// How a part was written in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Stored as it came.
    AsIs,
    /// Stored decoded; base64 with lines of `line` characters, CRLF between them, and after the last when `ends`.
    Base64 {
        /// Characters in a whole line: the same throughout.
        line: u32,
        /// Whether the last line ends with CRLF.
        ends: bool,
    },
}

impl Encoding {
    /// Roughly how many octets [`Encoding::write`] appends for so many: enough to reserve, never too few.
    pub(super) fn length(self, octets: usize) -> usize {
        let Self::Base64 { line, .. } = self else { return octets };
        let text = octets.div_ceil(3).saturating_mul(4);
        let lines = text.checked_div(usize::try_from(line).unwrap_or(usize::MAX)).unwrap_or(0);
        text.saturating_add(lines.saturating_add(1).saturating_mul(2))
    }

    /// Appends `octets` as they were written in the message. Who decodes a part proves with this that it comes back.
    ///
    /// # Errors
    /// A [`Fault`] for lines of no characters.
    pub fn write(self, octets: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let Self::Base64 { line, ends } = self else {
            out.extend_from_slice(octets);
            return Ok(());
        };
        let line = usize::try_from(line).ok().filter(|&line| line > 0).ok_or_else(inconsistent)?;
        let text = Zeroizing::new(data_encoding::BASE64.encode(octets).into_bytes());
        let mut lines = text.chunks(line);
        if let Some(first) = lines.next() {
            out.extend_from_slice(first);
        }
        for line in lines {
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(line);
        }
        if ends {
            out.extend_from_slice(b"\r\n");
        }
        Ok(())
    }
}

/// A part that was cut out of a head.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartRef {
    /// Its object.
    pub object: ObjectId,
    /// Where in the head it goes.
    pub at: u64,
    /// Octets of its plaintext as stored (decoded where it was base64).
    pub length: u64,
    /// SHA-256 of that plaintext, in hexadecimal.
    pub sha256: String,
    /// How to write it again.
    pub encoding: Encoding,
    /// The salt of its container, in hexadecimal: it tells the container from every other under the same key before
    /// all of it was read. Older manifests have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
}

/// What stands before the octets of a head.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// The message.
    pub(super) message: MessageId,
    /// The head's own object: no other object is this head, even under the same session key.
    pub(super) head: ObjectId,
    /// Octets of the head behind the manifest.
    pub(super) length: u64,
    /// Their SHA-256, in hexadecimal.
    pub(super) sha256: String,
    /// The parts, in the order of their places.
    pub(super) parts: Vec<PartRef>,
    /// The session key of the parts in base64, where it is not the head's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parts_key: Option<String>,
}

impl Manifest {
    pub(super) fn new(message: MessageId, head: ObjectId, octets: &[u8], parts: Vec<PartRef>) -> Result<Self, Fault> {
        let length = u64::try_from(octets.len()).map_err(|_| inconsistent())?;
        Ok(Self { message, head, length, sha256: super::symmetric::sha256(octets), parts, parts_key: None })
    }

    pub(super) fn hand_on(&mut self, key: &SessionKey) {
        self.parts_key = Some(data_encoding::BASE64.encode(key.0.as_slice()));
    }

    /// The session key of the parts, when it is not the head's own.
    pub(super) fn parts_key(&self) -> Result<Option<SessionKey>, Fault> {
        let Some(text) = &self.parts_key else { return Ok(None) };
        let octets = Zeroizing::new(data_encoding::BASE64.decode(text.as_bytes()).map_err(|_| inconsistent())?);
        SessionKey::from_octets(&octets).map(Some).ok_or_else(inconsistent)
    }

    /// `PLI1`, the length of the manifest, the manifest.
    pub(super) fn to_octets(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let json = Zeroizing::new(serde_json::to_vec(self).map_err(|_| inconsistent())?);
        let length = u32::try_from(json.len()).map_err(|_| inconsistent())?;
        let mut out = Zeroizing::new(Vec::with_capacity(8 + json.len()));
        out.extend_from_slice(MARK);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&json);
        Ok(out)
    }

    /// Reads the manifest off a head, and the octets behind it, which it must describe.
    ///
    /// # Errors
    /// A [`Fault`] when there is none, or it is not of this object and these octets.
    pub(super) fn split(content: &[u8], object: ObjectId) -> Result<(Self, &[u8]), Fault> {
        let (length, rest) = content.strip_prefix(MARK).and_then(<[u8]>::split_first_chunk).ok_or_else(inconsistent)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| inconsistent())?;
        let (json, octets) = rest.split_at_checked(length).ok_or_else(inconsistent)?;
        let manifest: Self = serde_json::from_slice(json).map_err(|_| inconsistent())?;
        if manifest.head == object && manifest.describes(octets) { Ok((manifest, octets)) } else { Err(inconsistent()) }
    }

    fn describes(&self, octets: &[u8]) -> bool {
        let mut objects: Vec<ObjectId> = self.parts.iter().map(|part| part.object).collect();
        objects.push(self.head);
        objects.sort_unstable();
        u64::try_from(octets.len()) == Ok(self.length)
            && super::symmetric::sha256(octets) == self.sha256
            && objects.array_windows().all(|[a, b]| a != b)
            && self.parts.iter().is_sorted_by_key(|part| part.at)
            && self.parts.last().is_none_or(|part| part.at <= self.length)
    }
}

impl Drop for Manifest {
    fn drop(&mut self) {
        self.parts_key.zeroize();
    }
}

pub(super) fn inconsistent() -> Fault {
    Fault::new("the manifest is not consistent with the head or its parts")
}

const MARK: &[u8] = b"PLI1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::testing::Dice;

    #[test]
    fn base64_is_written_as_it_came() {
        for (line, ends, length, want) in [
            (4, false, 7, "AAAA\r\nAAAA\r\nAA=="),
            (4, true, 6, "AAAA\r\nAAAA\r\n"),
            (6, false, 9, "AAAAAA\r\nAAAAAA"),
            (76, true, 3, "AAAA\r\n"),
            (76, false, 0, ""),
            (76, true, 0, "\r\n"),
        ] {
            let mut out = Vec::new();
            Encoding::Base64 { line, ends }.write(&vec![0; length], &mut out).expect("writes");
            assert_eq!(std::str::from_utf8(&out), Ok(want));
        }
        assert!(Encoding::Base64 { line: 0, ends: false }.write(b"x", &mut Vec::new()).is_err());
    }

    #[test]
    fn a_manifest_describes_its_own_head_only() {
        let dice = Dice::new(9);
        let (message, head, other) = (MessageId::random(&dice), ObjectId::random(&dice), ObjectId::random(&dice));
        let part =
            |at| PartRef { object: other, at, length: 1, sha256: String::new(), encoding: Encoding::AsIs, salt: None };
        let content = |parts| {
            let manifest = Manifest::new(message, head, b"head", parts).expect("short");
            [manifest.to_octets().expect("json").as_slice(), b"head"].concat()
        };
        assert!(Manifest::split(&content(vec![part(4)]), head).is_ok());
        assert!(Manifest::split(&content(vec![]), other).is_err(), "another object");
        assert!(Manifest::split(&content(vec![part(5)]), head).is_err(), "a place behind the end");
        assert!(Manifest::split(&content(vec![part(1), part(1)]), head).is_err(), "one object twice");
        assert!(Manifest::split(&[content(vec![]).as_slice(), b"x"].concat(), head).is_err(), "octets behind");
        let good = content(vec![part(0)]);
        for at in 0..good.len() {
            assert!(Manifest::split(&good[..at], head).is_err(), "cut at {at}");
        }
        let widened = |insert: &str| {
            let text = String::from_utf8_lossy(&good[8..]).replacen('{', &format!("{{{insert}"), 1);
            let length = u32::try_from(text.len() - 4).expect("short").to_be_bytes();
            [MARK, &length, text.as_bytes()].concat()
        };
        assert!(Manifest::split(&widened("      "), head).is_ok(), "white space");
        assert!(Manifest::split(&widened("\"x\":1,"), head).is_err(), "an unknown member");
    }
}
