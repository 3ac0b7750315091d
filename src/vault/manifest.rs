//! The manifest at the beginning of a head: what belongs to the message, and how to put it together.

use crate::domain::ObjectId;

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

/// A part that was cut out of a head.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
}
