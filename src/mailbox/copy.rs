//! COPY and MOVE: the same head under a new UID (RFC 3501 §6.4.7, RFC 6851). Nothing is sealed again.
//!
//! One transaction each: a copy that fails leaves nothing behind, and a message that is moved is at every
//! instant in exactly one folder.

use crate::domain::{EntryId, Fault, FolderId, FolderPath, Timestamp, Verb};
use crate::store::Tx;
use crate::store::entries::{EntryRow, TakenUids};
use crate::store::folders::FolderKey;

use super::flags::slices;
use super::reader::{FolderError, Reader, small};

/// UIDVALIDITY of the target, and each old UID with its new one.
pub type Placed = (u32, Vec<(u32, u32)>);

impl Reader {
    /// Copies messages to another folder: flags, keywords and internal date too.
    ///
    /// # Errors
    /// [`FolderError::NoSuchFolder`] when the target does not exist.
    pub async fn copy(&self, from: FolderId, uids: &[u32], to: &str) -> Result<Placed, FolderError> {
        let (mut tx, now, rows, target) = self.begin(from, uids, to, "copy messages").await?;
        let Some(taken) = tx.take_uids(target, rows.len()).await? else { return Err(FolderError::NoSuchFolder) };
        for (row, uid) in rows.iter().zip(taken.first..) {
            tx.append_entry(&self.twin(row, target, uid, now)?).await?;
        }
        self.finish(tx, Verb::Copied, target, &rows, taken, now).await
    }

    /// Moves messages to another folder.
    ///
    /// # Errors
    /// [`FolderError::NoSuchFolder`] when the target does not exist.
    pub async fn relocate(&self, from: FolderId, uids: &[u32], to: &str) -> Result<Placed, FolderError> {
        let (mut tx, now, rows, target) = self.begin(from, uids, to, "move messages").await?;
        let Some(taken) = tx.take_uids(target, rows.len()).await? else { return Err(FolderError::NoSuchFolder) };
        for (row, uid) in rows.iter().zip(taken.first..) {
            tx.place_entry(row.id, target, uid).await?;
        }
        self.finish(tx, Verb::Moved, target, &rows, taken, now).await
    }

    async fn begin(
        &self,
        from: FolderId,
        uids: &[u32],
        to: &str,
        name: &'static str,
    ) -> Result<(Tx, Timestamp, Vec<EntryRow>, FolderId), FolderError> {
        let to = FolderPath::parse(to).ok_or(FolderError::NoSuchFolder)?;
        let (mut tx, now) = self.change(name).await?;
        let target = self.found(&mut tx, &to).await?;
        if tx.find_folder(self.inner.sender.mailbox, &FolderKey::Id(from)).await?.is_none() {
            return Err(FolderError::NoSuchFolder);
        }
        let rows = self.named(&mut tx, from, &slices(uids), now).await?;
        Ok((tx, now, rows, target))
    }

    async fn finish(
        &self,
        mut tx: Tx,
        verb: Verb,
        target: FolderId,
        rows: &[EntryRow],
        taken: TakenUids,
        now: Timestamp,
    ) -> Result<Placed, FolderError> {
        let placed = rows.iter().zip(taken.first..).map(|(row, uid)| (small(row.uid), small(uid))).collect();
        // Nothing was named that is there: nothing to keep.
        if !rows.is_empty() {
            tx.renumber_hidden(target, now).await?;
            tx.commit(self.event(verb, now, rows.len())).await?;
        }
        Ok((small(taken.uid_validity), placed))
    }

    /// The same message as another entry, which is the person's own: no client's copy takes its place.
    fn twin(&self, row: &EntryRow, folder: FolderId, uid: i64, now: Timestamp) -> Result<EntryRow, Fault> {
        self.check(row)?;
        let id = EntryId::random(self.room.random.as_ref());
        let keywords = self.inner.keys.open_keywords(row.id, row.keywords.as_ref()).unwrap_or_default();
        let mut twin = EntryRow {
            id,
            folder,
            uid,
            keywords: self.inner.keys.seal_keywords(id, &keywords, self.room.random.as_ref())?,
            visible_at: now,
            server_copy: false,
            ..row.clone()
        };
        twin.mac = self.room.vault.mark(&twin);
        Ok(twin)
    }
}
