//! A message that lies in a letter as a file (`message/rfc822`, RFC 2046 §5.2.1): opened like the letter itself, since no
//! telephone opens it alone.

use mail_parser::MessageParser;
use zeroize::Zeroizing;

use crate::vault::Grant;

use super::read::{Letter, contents, files};
use super::unwrap::unwrapped;
use super::{File, Mailboxes, ReadError};

/// The media type of a message.
pub const MESSAGE: &str = "message/rfc822";

/// Such a message. Plaintext lives for one response.
pub struct Enclosed(Zeroizing<Vec<u8>>);

impl Mailboxes {
    /// File `number` of the letter, where it is a message.
    ///
    /// # Errors
    /// [`ReadError::NoSuchFile`] for a number that is none, or of another file.
    pub async fn enclosed(&self, grant: &Grant, number: usize) -> Result<Enclosed, ReadError> {
        let (file, octets) = self.file(grant, number).await?;
        if file.media_type != MESSAGE {
            return Err(ReadError::NoSuchFile);
        }
        Ok(Enclosed(octets.whole().await?))
    }
}

impl Enclosed {
    /// As its reader sees it; `None` for octets that are no message.
    pub fn letter(&self) -> Option<Letter> {
        Letter::open(&self.0)
    }

    /// One of its files.
    pub fn file(&self, number: usize) -> Option<(File, Zeroizing<Vec<u8>>)> {
        let plain = unwrapped(&self.0);
        let message = MessageParser::default().parse(plain.as_ref().unwrap_or(&self.0).as_slice())?;
        let (file, part) = files(&message, &[]).into_iter().nth(number)?;
        let octets = Zeroizing::new(contents(part, &message));
        Some((File { size: octets.len() as u64, ..file }, octets))
    }
}
