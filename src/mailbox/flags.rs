//! STORE and EXPUNGE: flags of entries, and their end (RFC 3501 §6.4.3, §6.4.6; RFC 4315 §2.1).
//!
//! Long lists are committed in slices, so that no deposit waits behind a storm of flags (R-D3).

use std::collections::BTreeSet;

use crate::domain::{Fault, FlagChange, Flags, FolderId, ObjectId, SystemFlags, Verb};
use crate::store::entries::EntryRow;

use super::reader::{Change, EntryInfo, FolderError, Reader, small};

/// What came of a change of flags.
#[derive(Debug, Default)]
pub struct Flagged {
    /// Every message that was named, is there and was not left alone, with all its flags, in the order of UIDs.
    pub entries: Vec<EntryInfo>,
    /// UIDs of those that were left alone, since they had changed.
    pub modified: Vec<u32>,
}

impl Reader {
    /// Changes flags of messages; what is the server's (`$Pli…`) stays. A message that changed after `unchanged_since`
    /// is left as it is (RFC 7162 §3.1.3).
    ///
    /// # Errors
    /// [`FolderError::TooMany`] for more keywords than a message or a folder takes; slices that were committed
    /// before stand.
    pub async fn change_flags(
        &self,
        folder: FolderId,
        uids: &[u32],
        change: FlagChange,
        flags: &Flags,
        unchanged_since: Option<u64>,
    ) -> Result<Flagged, FolderError> {
        if change != FlagChange::Remove {
            self.keywords_fit(folder, flags).await?;
        }
        let mut flagged = Flagged { entries: Vec::with_capacity(uids.len()), modified: Vec::new() };
        let newest = unchanged_since.map(|since| i64::try_from(since).unwrap_or(i64::MAX));
        for slice in slices(uids).chunks(SLICE) {
            let Change { mut tx, now, modseq } = self.change("change flags").await?;
            let mut changed = 0;
            for mut row in self.named(&mut tx, folder, slice).await? {
                if newest.is_some_and(|newest| row.modseq > newest) {
                    flagged.modified.push(small(row.uid));
                    continue;
                }
                let keywords = self.inner.keys.open_keywords(row.id, row.keywords.as_ref()).unwrap_or_default();
                let (bits, words) = Flags::changed(row.flags, &keywords, change, flags);
                if words.len() > KEYWORDS && words.len() > keywords.len() {
                    return Err(FolderError::TooMany);
                }
                if bits != row.flags || words != keywords {
                    row.flags = bits;
                    row.keywords = self.inner.keys.seal_keywords(row.id, &words, self.room.random.as_ref())?;
                    row.modseq = modseq;
                    tx.set_flags(row.id, bits, row.keywords.as_ref(), modseq).await?;
                    changed += 1;
                }
                flagged.entries.push(self.entry_info(&row));
            }
            if changed > 0 {
                tx.note_changed(folder, modseq).await?;
                tx.commit(self.event(Verb::Flagged, now, changed)).await?;
            }
        }
        Ok(flagged)
    }

    /// Takes messages with `\Deleted` away for good: all of the folder, or those of these UIDs. Returns the UIDs that went.
    ///
    /// # Errors
    /// A [`Fault`] of the store; slices that were committed before stand.
    pub async fn expunge(&self, folder: FolderId, uids: Option<&[u32]>) -> Result<Vec<u32>, Fault> {
        let named = uids.map(slices);
        let (mut gone, mut above) = (Vec::new(), 0);
        loop {
            let Change { mut tx, now, modseq } = self.change("expunge").await?;
            if tx.find_folder(self.inner.sender.mailbox, &crate::store::folders::FolderKey::Id(folder)).await?.is_none()
            {
                return Ok(gone);
            }
            let found = tx.deleted_entries(folder, above, SLICE_ROWS).await?;
            let Some(last) = found.last() else { return Ok(gone) };
            above = last.uid;
            let is_named =
                |row: &EntryRow| named.as_ref().is_none_or(|uids| uids.binary_search(&small(row.uid)).is_ok());
            let rows: Vec<EntryRow> = found.into_iter().filter(is_named).collect();
            if rows.is_empty() {
                continue;
            }
            debug_assert!(
                rows.iter().all(|row| SystemFlags(row.flags).has(SystemFlags::DELETED)),
                "chosen by the flag"
            );
            let objects = tx.remove_entries(&rows, modseq).await?;
            tx.commit(self.event(Verb::Expunged, now, rows.len())).await?;
            gone.extend(rows.iter().map(|row| small(row.uid)));
            self.clear_away(&rows, objects).await;
        }
    }

    /// Whether a folder takes these keywords: each is told to every session that selects it (RFC 9051 §7.3.1).
    pub(super) async fn keywords_fit(&self, folder: FolderId, flags: &Flags) -> Result<(), FolderError> {
        let words: Vec<String> = flags.client_keywords().iter().map(|word| word.to_ascii_lowercase()).collect();
        if words.len() > KEYWORDS {
            return Err(FolderError::TooMany);
        }
        if words.is_empty() || self.inner.met(|met| met.0 == Some(folder) && words.iter().all(|w| met.1.contains(w))) {
            return Ok(());
        }
        let mut all = BTreeSet::new();
        for (id, sealed) in self.room.store.folder_keywords(self.inner.sender.mailbox, folder).await? {
            let known = self.inner.keys.open_keywords(id, Some(&sealed)).unwrap_or_default();
            all.extend(known.iter().map(|word| word.to_ascii_lowercase()));
        }
        let before = all.len();
        all.extend(words);
        if all.len() > FOLDER_KEYWORDS && all.len() > before {
            return Err(FolderError::TooMany);
        }
        self.inner.met(|met| *met = (Some(folder), all));
        Ok(())
    }

    /// The rows of these UIDs (ascending) in a folder of this mailbox.
    pub(super) async fn named(
        &self,
        tx: &mut crate::store::Tx,
        folder: FolderId,
        uids: &[u32],
    ) -> Result<Vec<EntryRow>, Fault> {
        let mut rows = Vec::with_capacity(uids.len());
        // By runs: what lies between two of them may be a whole folder.
        for run in uids.chunk_by(|a, b| a.checked_add(1) == Some(*b)) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            rows.extend(tx.entries_between(folder, i64::from(*first), i64::from(*last)).await?);
        }
        rows.retain(|row| row.mailbox == self.inner.sender.mailbox);
        Ok(rows)
    }

    /// After the commit: the objects of what went, and on SQLite the octets of its rows.
    pub(super) async fn clear_away(&self, rows: &[EntryRow], objects: Vec<ObjectId>) {
        self.room.store.delete_objects(&objects).await;
        if !rows.is_empty() {
            self.room.store.shred_later();
        }
    }
}

/// Ascending and each once, as they are looked up.
pub(super) fn slices(uids: &[u32]) -> Vec<u32> {
    let mut uids = uids.to_vec();
    uids.sort_unstable();
    uids.dedup();
    uids
}

/// Keywords of one message.
pub(super) const KEYWORDS: usize = 64;
/// Different keywords in one folder.
const FOLDER_KEYWORDS: usize = 500;
/// Entries that one transaction changes.
pub(super) const SLICE: usize = 500;
/// The same, as the store counts.
pub(super) const SLICE_ROWS: i64 = 500;
