//! Reading a delivery with a grant: texts and files of a message, lists as RFC 8621 §4.1.4.

use zeroize::Zeroizing;

use crate::domain::{Fault, Timestamp};
use crate::vault::Grant;

use super::Mailboxes;

/// A message as its reader sees it.
pub struct Letter {
    /// Who sent it: display name, or address where there is none.
    pub from: String,
    /// The Date field, else when it was accepted.
    pub date: Timestamp,
    /// The subject, decoded; may be empty.
    pub subject: String,
    /// The texts to show, in order: HTML where the sender wrote some, else plain text.
    pub bodies: Vec<Body>,
    /// The files, collected from every branch of the message.
    pub files: Vec<File>,
}

/// One text of a letter.
pub enum Body {
    /// Plain text.
    Plain(String),
    /// HTML as sent: to be reduced before it is shown.
    Html(String),
}

/// One file of a letter.
#[derive(Debug, Clone)]
pub struct File {
    /// Its number in the letter, from 0.
    pub number: usize,
    /// Its name, cleaned for showing and saving; never empty.
    pub name: String,
    /// Its media type, lower case, without parameters.
    pub media_type: String,
    /// Its octets, decoded.
    pub size: u64,
}

/// Why nothing is read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is gone: recalled, expired.
    #[error("the message is gone")]
    Gone,
    /// No such file.
    #[error("there is no such file")]
    NoSuchFile,
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Mailboxes {
    /// The letter of a grant. Plaintext lives for one response.
    pub async fn letter(&self, _grant: &Grant) -> Result<Letter, ReadError> {
        unimplemented!()
    }
    /// One file of the letter, and its octets.
    pub async fn file(&self, _grant: &Grant, _number: usize) -> Result<(File, Zeroizing<Vec<u8>>), ReadError> {
        unimplemented!()
    }
}
