//! All the files of a letter, one after the other: what is saved at once.
//!
//! The head is opened and taken apart once, however many files there are. Of the large files one is open at a time.

use zeroize::Zeroizing;

use crate::vault::{Grant, OpenHead};

use super::Mailboxes;
use super::read::{File, Octets, Place, ReadError, files, parsed};

/// The files of one letter, to be read in any order; in theirs it is quickest.
pub struct AllFiles {
    mailboxes: Mailboxes,
    /// Without its octets.
    head: OpenHead,
    files: Vec<(File, Place)>,
    /// The one that was read last, of those that are not in the head.
    open: Option<(usize, Octets)>,
}

impl Mailboxes {
    /// The files of the letter of a grant.
    ///
    /// # Errors
    /// [`ReadError::Gone`] when its objects are.
    pub async fn all_files(&self, grant: &Grant) -> Result<AllFiles, ReadError> {
        let head = self.head(grant).await?;
        let files = {
            let message = parsed(&head)?;
            let placed = files(&message, &head.parts).into_iter();
            placed.map(|(file, part)| (file, Place::of(part, &message, &head))).collect()
        };
        let mut head = head.into_open();
        drop(std::mem::take(&mut head.octets));
        Ok(AllFiles { mailboxes: self.clone(), head, files, open: None })
    }
}

impl AllFiles {
    /// Their descriptions, by number.
    pub fn listed(&self) -> impl Iterator<Item = &File> {
        self.files.iter().map(|(file, _)| file)
    }

    /// The next octets of file `number` from `at`, a piece of them; none behind its last.
    ///
    /// # Errors
    /// [`ReadError::NoSuchFile`] for a number that is none; a [`Fault`] for octets that are not those that were sealed.
    pub async fn read(&mut self, grant: &Grant, number: usize, at: u64) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        let (_, place) = self.files.get(number).ok_or(ReadError::NoSuchFile)?;
        let (cut, encoding) = match place {
            Place::Head(octets) => return Ok(piece(octets, at)),
            Place::Cut(cut, encoding) => (cut, *encoding),
        };
        let open = match self.open.take() {
            Some((last, octets)) if last == number => octets,
            _ => self.mailboxes.cut_out(grant, &self.head, cut, encoding).await?,
        };
        let read = match &open {
            Octets::Whole(octets) => piece(octets, at),
            Octets::Pieces(pieces) if at < open.length() => pieces.read(at, open.length()).await?,
            Octets::Pieces(_) => Zeroizing::default(),
        };
        self.open = Some((number, open));
        Ok(read)
    }
}

fn piece(octets: &[u8], at: u64) -> Zeroizing<Vec<u8>> {
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(octets.len());
    let end = at.saturating_add(PIECE).min(octets.len());
    Zeroizing::new(octets.get(at..end).unwrap_or_default().to_vec())
}

/// Octets of a piece, of what is kept whole.
const PIECE: usize = 64 * 1024;
