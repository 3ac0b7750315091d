//! All files of the letter at once, as one zip.
//!
//! Every file is read twice: first to know its length and check value and that it opens at all, then to be given. So
//! the answer has an honest length, a letter that cannot be given whole is refused before its first octet, and memory
//! stays the same however large the files are. What changes in between ends the connection.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, header};
use axum::response::Response;

use crate::access::OpenSession;
use crate::domain::Fault;
use crate::mailbox::{AllFiles, File, Letter, ReadError};

use super::Portal;
use super::archive::Layout;
use super::file::{self, Refusal};
use super::guard::{Opened, Visitor};
use super::loads::{Loads, Room};
use super::words::Words;

/// Where it is.
pub(super) const PATH: &str = "/letter/files";

/// `GET /letter/files`
pub(super) async fn save(
    State(portal): State<Portal>,
    Extension(loads): Extension<Loads>,
    Opened(session, _): Opened,
    visitor: Visitor,
    method: Method,
) -> Response {
    give(&portal, &loads, session, &visitor, method).await.unwrap_or_else(|refusal| file::refused(&portal, refusal))
}

/// Whether these files are offered as one.
pub(super) fn is_offered(files: &[File]) -> bool {
    files.len() > 1 && files.len() < MOST && size(files) < LARGEST
}

/// Octets of all of them, as they are listed.
pub(super) fn size(files: &[File]) -> u64 {
    files.iter().fold(0, |sum: u64, file| sum.saturating_add(file.size))
}

async fn give(
    portal: &Portal,
    loads: &Loads,
    session: Arc<OpenSession>,
    visitor: &Visitor,
    method: Method,
) -> Result<Response, Refusal> {
    let language = visitor.language(session.language, &session.practice);
    let words = Words::new(&portal.texts, language, &session.practice.timezone, portal.clock.now());
    let letter = portal.mailboxes.outline(&session.grant).await.map_err(Refusal::Read)?;
    if letter.files.is_empty() || letter.files.len() >= MOST || size(&letter.files) >= LARGEST {
        return Err(Refusal::Read(ReadError::NoSuchFile));
    }
    let described = || file::described_as("application/zip", &name(&words, &letter));
    if method == Method::HEAD {
        return Ok(described());
    }
    let room = loads.room(kept(&letter.files)).await.ok_or(Refusal::Busy)?;
    let mut files = portal.mailboxes.all_files(&session.grant).await.map_err(Refusal::Read)?;
    let mut measured = Vec::new();
    for (number, name) in files.listed().map(|file| file.name.clone()).collect::<Vec<_>>().into_iter().enumerate() {
        let (size, crc) = measure(&mut files, &session, number).await.map_err(Refusal::Read)?;
        measured.push((name, size, crc));
    }
    let written = words.there(if letter.date.0 > 0 { letter.date } else { portal.clock.now() }).datetime();
    let layout = Layout::new(measured, written).ok_or(Refusal::Read(ReadError::NoSuchFile))?;
    let (deliveries, telling, of) = (portal.deliveries.clone(), Arc::clone(&session), layout.entries.len());
    let subject = letter.subject.clone();
    let told = async move {
        if let Err(fault) = deliveries.downloaded_all(&telling.grant, &subject, of).await {
            tracing::error!(%fault, "a download could not be told");
        }
    };
    Ok(answer(described(), Packing::new(files, session, layout), told, room))
}

fn answer(
    mut answer: Response,
    packing: Packing,
    told: impl Future<Output = ()> + Send + 'static,
    room: Room,
) -> Response {
    let length = packing.layout.length();
    file::put(&mut answer, header::CONTENT_LENGTH, &length.to_string());
    *answer.body_mut() = file::given(packing, usize::try_from(length).unwrap_or(usize::MAX), told, room);
    answer
}

/// The name under which it is saved.
fn name(words: &Words, letter: &Letter) -> String {
    let mut name = words.say("portal-all-name");
    if letter.date.0 > 0 {
        name = format!("{name} {}", words.there(letter.date).date());
    }
    format!("{name}.zip")
}

/// The memory that it takes to give them: those that are not read in pieces, and a piece.
fn kept(files: &[File]) -> u64 {
    let whole = files.iter().filter(|file| !file.in_pieces).fold(0, |sum: u64, file| sum.saturating_add(file.size));
    whole.saturating_add(file::IN_PIECES)
}

/// Length and CRC-32 of a file.
async fn measure(files: &mut AllFiles, session: &OpenSession, number: usize) -> Result<(u64, u32), ReadError> {
    let (mut at, mut crc) = (0, crc32fast::Hasher::new());
    loop {
        let piece = files.read(&session.grant, number, at).await?;
        if piece.is_empty() {
            return Ok((at, crc.finalize()));
        }
        crc.update(&piece);
        at = at.saturating_add(piece.len() as u64);
    }
}

/// A zip that is being given, a piece at a time.
pub(super) struct Packing {
    files: AllFiles,
    session: Arc<OpenSession>,
    layout: Layout,
    next: Next,
}

/// What comes next.
enum Next {
    /// The header of a file; behind the last one, the directory.
    Header(usize),
    /// Octets of a file.
    Octets {
        number: usize,
        at: u32,
        crc: crc32fast::Hasher,
    },
    Nothing,
}

impl Packing {
    fn new(files: AllFiles, session: Arc<OpenSession>, layout: Layout) -> Self {
        Self { files, session, layout, next: Next::Header(0) }
    }

    /// The next piece; none behind the last.
    ///
    /// # Errors
    /// A [`Fault`] for a file that is not any more what it was when it was measured.
    pub(super) async fn piece(&mut self) -> Result<Bytes, Fault> {
        let changed = || Fault::new("a file changed while it was packed");
        match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Header(number) => {
                let Some(entry) = self.layout.entries.get(number) else { return Ok(self.layout.end().into()) };
                self.next = match entry.size {
                    0 => Next::Header(number + 1),
                    _ => Next::Octets { number, at: 0, crc: crc32fast::Hasher::new() },
                };
                Ok(self.layout.local(entry).into())
            }
            Next::Octets { number, at, mut crc } => {
                let entry = self.layout.entries.get(number).ok_or_else(changed)?;
                let piece = match self.files.read(&self.session.grant, number, at.into()).await {
                    Ok(piece) => piece,
                    Err(ReadError::Fault(fault)) => return Err(fault),
                    Err(ReadError::Gone | ReadError::NoSuchFile) => return Err(changed()),
                };
                crc.update(&piece);
                let at = u32::try_from(piece.len()).ok().and_then(|more| at.checked_add(more)).ok_or_else(changed)?;
                self.next = match at.cmp(&entry.size) {
                    _ if piece.is_empty() => return Err(changed()),
                    std::cmp::Ordering::Less => Next::Octets { number, at, crc },
                    std::cmp::Ordering::Equal if crc.finalize() == entry.crc => Next::Header(number + 1),
                    _ => return Err(changed()),
                };
                Ok(Bytes::copy_from_slice(&piece))
            }
            Next::Nothing => Ok(Bytes::new()),
        }
    }
}

/// Files of one zip, and octets of all: what [`Layout`] takes, names included.
const MOST: usize = 20_000;
const LARGEST: u64 = 4_000_000_000;
