//! Names that an import left under a deposit key: the first session that comes seals them under the mailbox's own.
//!
//! A folder whose path is taken by then gets a number behind it; nothing is lost and nothing is mixed.

use std::collections::BTreeSet;

use crate::domain::{EntryId, Fault, FolderId, FolderPath, Verb};
use crate::store::Tx;
use crate::store::imports::{WaitingName, WaitingRow};

use super::flags::SLICE_ROWS;
use super::reader::{Change, FolderError, Reader};

/// A name that was opened.
enum Opened {
    Path(FolderId, FolderPath),
    Keywords(EntryId, BTreeSet<String>),
}

impl Reader {
    /// Takes over what waits. What fails is logged and waits for the next session: nobody is kept out by it.
    pub(super) async fn adopt_names(&self) {
        if let Err(error) = self.adopt().await {
            tracing::error!(mailbox = %self.inner.sender.mailbox, %error, "names of an import still wait");
        }
    }

    async fn adopt(&self) -> Result<(), FolderError> {
        let mailbox = self.inner.sender.mailbox;
        loop {
            let waiting = self.room.store.waiting_names(mailbox, SLICE_ROWS).await?;
            if waiting.is_empty() {
                return Ok(());
            }
            let mut opened = Vec::with_capacity(waiting.len());
            for name in &waiting {
                if let Some(name) = self.opened_name(name).await? {
                    opened.push(name);
                }
            }
            let Change { mut tx, now, modseq } = self.change("adopt names").await?;
            let mut adopted = 0;
            for name in &opened {
                adopted += usize::from(self.adopt_one(&mut tx, name, modseq).await?);
            }
            if adopted == 0 {
                return Ok(());
            }
            tx.commit(self.event(Verb::NamesAdopted, now, adopted)).await?;
        }
    }

    async fn adopt_one(&self, tx: &mut Tx, name: &Opened, modseq: i64) -> Result<bool, FolderError> {
        let (mailbox, keys, random) = (self.inner.sender.mailbox, &self.inner.keys, self.room.random.as_ref());
        match name {
            Opened::Path(id, path) => {
                if !tx.take_waiting_name(mailbox, WaitingRow::Path(*id)).await? {
                    return Ok(false);
                }
                let path = self.free(tx, path).await?;
                if let Some(above) = path.parent() {
                    self.make(tx, &above, self.room.clock.now()).await?;
                }
                tx.name_folder(*id, &keys.seal_folder(*id, &path, random)?, &keys.folder_hash(&path)).await?;
            }
            Opened::Keywords(id, words) => {
                if !tx.take_waiting_name(mailbox, WaitingRow::Keywords(*id)).await? {
                    return Ok(false);
                }
                if let Some(sealed) = keys.seal_keywords(*id, words, random)? {
                    tx.name_keywords(mailbox, *id, &sealed, modseq).await?;
                }
            }
        }
        Ok(true)
    }

    /// The path, with a number behind it where it is taken.
    async fn free(&self, tx: &mut Tx, path: &FolderPath) -> Result<FolderPath, FolderError> {
        let text = path.canonical();
        let mut free = path.clone();
        let mut number = 1;
        while tx.find_folder(self.inner.sender.mailbox, &self.key(&free)).await?.is_some() {
            number += 1;
            free = FolderPath::from_canonical(&format!("{text} ({number})")).ok_or(FolderError::BadName)?;
        }
        Ok(free)
    }

    /// A name, opened; `None` for one that is not to be believed, which is logged.
    async fn opened_name(&self, name: &WaitingName) -> Result<Option<Opened>, Fault> {
        let Some(key) = self.deposit_key(name.key).await? else { return Ok(None) };
        let mailbox = self.inner.sender.mailbox;
        let opened = match name.row {
            WaitingRow::Path(id) => key.open_name(mailbox, id.as_bytes(), &name.sealed).ok().and_then(|text| {
                let path = std::str::from_utf8(&text).ok().and_then(FolderPath::from_canonical)?;
                Some(Opened::Path(id, path))
            }),
            WaitingRow::Keywords(id) => key
                .open_name(mailbox, id.as_bytes(), &name.sealed)
                .ok()
                .and_then(|json| Some(Opened::Keywords(id, serde_json::from_slice(&json).ok()?))),
        };
        if opened.is_none() {
            tracing::error!(row = ?name.row, "a name that waits does not open");
        }
        Ok(opened)
    }
}
