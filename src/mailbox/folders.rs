//! Folders that persons make: CREATE, DELETE, RENAME, SUBSCRIBE (RFC 3501 §6.3).
//!
//! Each is one transaction that begins by raising the mailbox's counter, so what it looked up stays true.
//! Special folders are named by their role; nobody deletes or renames them.

use crate::domain::{FolderId, FolderPath, FolderRole, Timestamp, Verb};
use crate::store::Tx;
use crate::store::folders::{FolderKey, NewFolder};

use super::flags::{SLICE, SLICE_ROWS};
use super::reader::{Change, FolderError, Reader};

impl Reader {
    /// Makes a folder, with the missing ones above it.
    ///
    /// # Errors
    /// [`FolderError::Exists`], [`FolderError::BadName`], [`FolderError::TooMany`].
    pub async fn create(&self, name: &str) -> Result<(), FolderError> {
        let path = FolderPath::parse(name).ok_or(FolderError::BadName)?;
        let Change { mut tx, now, .. } = self.change("create folder").await?;
        if tx.find_folder(self.inner.sender.mailbox, &self.key(&path)).await?.is_some() {
            return Err(FolderError::Exists);
        }
        let made = self.make(&mut tx, &path, now).await?;
        Ok(tx.commit(self.event(Verb::FolderCreated, now, made)).await?)
    }

    /// Deletes a folder with its messages, which go in slices; with the last of them goes the folder.
    ///
    /// # Errors
    /// [`FolderError::Special`], [`FolderError::HasChildren`], [`FolderError::NoSuchFolder`].
    pub async fn delete(&self, name: &str) -> Result<(), FolderError> {
        let path = FolderPath::parse(name).ok_or(FolderError::NoSuchFolder)?;
        if path.role().is_some() {
            return Err(FolderError::Special);
        }
        let mut emptied = None;
        loop {
            let Change { mut tx, now, modseq } = self.change("delete folder").await?;
            let id = self.found(&mut tx, &path).await?;
            // What was made anew under the name meanwhile is another folder.
            if emptied.is_some_and(|emptied| emptied != id) {
                return Err(FolderError::NoSuchFolder);
            }
            if self.paths(&mut tx).await?.iter().any(|(_, other)| other.is_below(&path)) {
                return Err(FolderError::HasChildren);
            }
            let entries = tx.first_entries(id, i64::MIN, SLICE_ROWS).await?;
            let gone = tx.remove_entries(&entries, modseq).await?;
            let last = entries.len() < SLICE;
            if last && !tx.delete_folder(id).await? {
                return Err(FolderError::NoSuchFolder);
            }
            let verb = if last { Verb::FolderDeleted } else { Verb::Expunged };
            tx.commit(self.event(verb, now, entries.len())).await?;
            self.clear_away(&entries, gone).await;
            if last {
                return Ok(());
            }
            emptied = Some(id);
        }
    }

    /// Renames a folder and those below it. INBOX keeps its name: its messages move to the new folder (RFC 3501 §6.3.5).
    ///
    /// # Errors
    /// [`FolderError::Special`], [`FolderError::Exists`], [`FolderError::BadName`], [`FolderError::NoSuchFolder`].
    pub async fn rename(&self, from: &str, to: &str) -> Result<(), FolderError> {
        let from = FolderPath::parse(from).ok_or(FolderError::NoSuchFolder)?;
        let to = FolderPath::parse(to).ok_or(FolderError::BadName)?;
        if from.role().is_some_and(|role| role != FolderRole::Inbox) {
            return Err(FolderError::Special);
        }
        let Change { mut tx, now, modseq } = self.change("rename folder").await?;
        let id = self.found(&mut tx, &from).await?;
        if tx.find_folder(self.inner.sender.mailbox, &self.key(&to)).await?.is_some() {
            return Err(FolderError::Exists);
        }
        if from.role().is_some() {
            self.make(&mut tx, &to, now).await?;
            let target = self.found(&mut tx, &to).await?;
            return self.empty(Change { tx, now, modseq }, id, target).await;
        }
        // A folder cannot become one of its own.
        if to.is_below(&from) {
            return Err(FolderError::BadName);
        }
        if let Some(above) = to.parent() {
            self.make(&mut tx, &above, now).await?;
        }
        let mut renamed = 0;
        for (id, path) in self.paths(&mut tx).await? {
            let Some(path) = path.moved(&from, &to) else { continue };
            if !path.is_within_bounds() {
                return Err(FolderError::BadName);
            }
            let keys = &self.inner.keys;
            let name = keys.seal_folder(id, &path, self.room.random.as_ref())?;
            tx.rename_folder(id, &name, &keys.folder_hash(&path)).await?;
            renamed += 1;
        }
        Ok(tx.commit(self.event(Verb::FolderRenamed, now, renamed)).await?)
    }

    /// Moves what a folder shows at the instant to another, in slices: the first with what was changed before.
    async fn empty(&self, mut change: Change, from: FolderId, to: FolderId) -> Result<(), FolderError> {
        let mut horizon = None;
        loop {
            let Change { mut tx, now, modseq } = change;
            // What comes in meanwhile stays: no UID is taken, the next one is asked for.
            let next = tx.take_uids(from, 0, modseq).await?.ok_or(FolderError::NoSuchFolder)?.first;
            let horizon = *horizon.get_or_insert(next);
            let mut entries = tx.first_entries(from, 0, SLICE_ROWS).await?;
            entries.retain(|entry| entry.uid < horizon);
            let taken = tx.take_uids(to, entries.len(), modseq).await?.ok_or(FolderError::NoSuchFolder)?;
            for (entry, uid) in entries.iter().zip(taken.first..) {
                tx.place_entry(entry.id, to, uid, modseq).await?;
            }
            let left: Vec<i64> = entries.iter().map(|entry| entry.uid).collect();
            tx.note_expunged(from, &left, modseq).await?;
            tx.commit(self.event(Verb::FolderRenamed, now, entries.len())).await?;
            if entries.len() < SLICE {
                return Ok(());
            }
            change = self.change("rename folder").await?;
        }
    }

    /// Subscribes to a folder, or no more.
    ///
    /// # Errors
    /// [`FolderError::NoSuchFolder`].
    pub async fn subscribe(&self, name: &str, on: bool) -> Result<(), FolderError> {
        let path = FolderPath::parse(name).ok_or(FolderError::NoSuchFolder)?;
        let Change { mut tx, now, .. } = self.change("subscribe").await?;
        let id = self.found(&mut tx, &path).await?;
        if !tx.subscribe_folder(id, on).await? {
            return Ok(());
        }
        Ok(tx.commit(self.event(Verb::FolderSubscribed, now, usize::from(on))).await?)
    }

    /// The id of a folder, inside a change.
    pub(super) async fn found(&self, tx: &mut Tx, path: &FolderPath) -> Result<FolderId, FolderError> {
        let found = tx.find_folder(self.inner.sender.mailbox, &self.key(path)).await?;
        found.ok_or(FolderError::NoSuchFolder)
    }

    /// Makes a folder and those above it that are missing; returns how many were made.
    pub(super) async fn make(&self, tx: &mut Tx, path: &FolderPath, now: Timestamp) -> Result<usize, FolderError> {
        let mut wanted = vec![path.clone()];
        while let Some(above) = wanted.last().and_then(FolderPath::parent) {
            wanted.push(above);
        }
        let (mut made, there) = (0, tx.count_folders(self.inner.sender.mailbox).await?);
        for path in wanted.into_iter().rev() {
            let FolderKey::Name(hash) = self.key(&path) else { continue };
            let id = FolderId::random(self.room.random.as_ref());
            let name = self.inner.keys.seal_folder(id, &path, self.room.random.as_ref())?;
            let folder = NewFolder { id, mailbox: self.inner.sender.mailbox, name, hash, created_at: now };
            made += usize::from(tx.make_folder(&folder).await?);
        }
        if made > 0 && there.saturating_add(made) > FOLDERS {
            return Err(FolderError::TooMany);
        }
        Ok(made)
    }

    /// The paths of the folders that persons made.
    async fn paths(&self, tx: &mut Tx) -> Result<Vec<(FolderId, FolderPath)>, FolderError> {
        let mut paths = Vec::new();
        for (id, name) in tx.named_folders(self.inner.sender.mailbox).await? {
            paths.push((id, self.inner.keys.open_folder(id, &name)?));
        }
        Ok(paths)
    }
}

/// Folders that a mailbox may have: every listing opens the name of each.
pub(super) const FOLDERS: usize = 2000;
