//! Mailboxes: making them, their devices, what sessions of mail clients do, and reading what deliveries hold.

mod all;
pub mod answers;
mod append;
mod cache;
mod copy;
mod enclosed;
mod export;
mod flags;
mod folders;
mod import;
pub mod journal;
mod pictures;
pub mod provision;
mod read;
mod reader;
pub mod recovery;
mod seal;
pub mod send_as;
pub mod settings;
mod shared;
mod summaries;
mod unwrap;
mod waiting;

use std::sync::Arc;

use crate::domain::{Clock, Random};
use crate::store::Store;
use crate::vault::Vault;

pub use all::AllFiles;
pub use append::{AppendError, NewMessage};
pub use copy::Placed;
pub use enclosed::{Enclosed, MESSAGE};
pub use flags::Flagged;
pub use import::{Import, ImportError, ImportFolder, NewImport, NotTaken, Taken};
pub use pictures::Picture;
pub use read::{Body, File, FilePieces, Letter, Octets, ReadError};
pub use reader::{EntryInfo, FolderError, FolderInfo, Reader, Standing};
pub use shared::Snapshot;
pub use summaries::Found;

/// The verb room of mailboxes. Cheap to clone.
#[derive(Clone)]
pub struct Mailboxes {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    shelf: Arc<shared::Shelf>,
    unwrapping: unwrap::Room,
}

impl Mailboxes {
    /// The room, built once by `server`.
    pub fn new(store: Store, vault: Vault, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { store, vault, clock, random, shelf: Arc::default(), unwrapping: unwrap::Room::default() }
    }
}
