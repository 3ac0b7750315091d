//! COPY and MOVE: the same head under a new UID (RFC 3501 §6.4.7, RFC 6851). Nothing is sealed again.
//!
//! A copy is one transaction: one that fails leaves nothing behind. A move is committed in slices, as RFC 6851
//! §3.3 allows: each message is at every instant in exactly one folder.

use std::time::Duration;

use crate::domain::{EntryId, Fault, FolderId, FolderPath, FolderRole, Timestamp, Verb};
use crate::store::Tx;
use crate::store::entries::EntryRow;
use crate::store::folders::FolderKey;
use crate::store::recalls::Recalls;

use super::flags::{SLICE, slices};
use super::reader::{Change, FolderError, Reader, small};

/// UIDVALIDITY of the target, and each old UID with its new one.
pub type Placed = (u32, Vec<(u32, u32)>);

impl Reader {
    /// Copies messages to another folder: flags, keywords and internal date too.
    ///
    /// # Errors
    /// [`FolderError::NoSuchFolder`] when the target does not exist, [`FolderError::OverQuota`],
    /// [`FolderError::TooMany`] for more than one transaction takes; then nothing is copied.
    pub async fn copy(&self, from: FolderId, uids: &[u32], to: &str) -> Result<Placed, FolderError> {
        let uids = slices(uids);
        if uids.len() > COPIES {
            return Err(FolderError::TooMany);
        }
        let to = FolderPath::parse(to).ok_or(FolderError::NoSuchFolder)?;
        let (Change { mut tx, now, modseq }, rows, target) = self.begin(from, &uids, &to, "copy messages").await?;
        // Nobody else adds meanwhile (fault 47).
        let more = rows.iter().fold(0_i64, |sum, row| sum.saturating_add(row.size));
        if !rows.is_empty() && !tx.usage(self.inner.sender.mailbox).await?.fits(more) {
            return Err(FolderError::OverQuota);
        }
        let Some(taken) = tx.take_uids(target, rows.len(), modseq).await? else {
            return Err(FolderError::NoSuchFolder);
        };
        for (row, uid) in rows.iter().zip(taken.first..) {
            tx.append_entry(&self.twin(row, (target, uid), now, modseq)?).await?;
        }
        self.recall(&mut tx, &rows, (from, &to), (now, modseq)).await?;
        self.finish(tx, Verb::Copied, rows.len(), now).await?;
        Ok((small(taken.uid_validity), pairs(&rows, taken.first).collect()))
    }

    /// Moves messages to another folder.
    ///
    /// # Errors
    /// [`FolderError::NoSuchFolder`] when the target does not exist; slices that were committed before stand.
    pub async fn relocate(&self, from: FolderId, uids: &[u32], to: &str) -> Result<Placed, FolderError> {
        let to = FolderPath::parse(to).ok_or(FolderError::NoSuchFolder)?;
        let uids = slices(uids);
        let (mut validity, mut placed) = (None, Vec::with_capacity(uids.len()));
        // Without a UID the folders are still asked for.
        let none: &[u32] = &[];
        let parts = uids.chunks(SLICE).chain(uids.is_empty().then_some(none));
        for part in parts {
            let (Change { mut tx, now, modseq }, rows, target) = self.begin(from, part, &to, "move messages").await?;
            let Some(taken) = tx.take_uids(target, rows.len(), modseq).await? else {
                return Err(FolderError::NoSuchFolder);
            };
            // Somebody made the target anew under its name: its UIDs are others.
            if validity.is_some_and(|validity| validity != taken.uid_validity) {
                return Err(FolderError::NoSuchFolder);
            }
            validity = Some(taken.uid_validity);
            for (row, uid) in rows.iter().zip(taken.first..) {
                tx.place_entry(row.id, target, uid, modseq).await?;
            }
            let left: Vec<i64> = rows.iter().map(|row| row.uid).collect();
            tx.note_expunged(from, &left, modseq).await?;
            self.recall(&mut tx, &rows, (from, &to), (now, modseq)).await?;
            self.finish(tx, Verb::Moved, rows.len(), now).await?;
            placed.extend(pairs(&rows, taken.first));
        }
        Ok((validity.map_or(0, small), placed))
    }

    async fn begin(
        &self,
        from: FolderId,
        uids: &[u32],
        to: &FolderPath,
        name: &'static str,
    ) -> Result<(Change, Vec<EntryRow>, FolderId), FolderError> {
        let mut change = self.change(name).await?;
        let target = self.found(&mut change.tx, to).await?;
        if change.tx.find_folder(self.inner.sender.mailbox, &FolderKey::Id(from)).await?.is_none() {
            return Err(FolderError::NoSuchFolder);
        }
        let rows = self.named(&mut change.tx, from, uids).await?;
        Ok((change, rows, target))
    }

    /// What a session puts into *Recalled* is recalled, and what it takes out of it again is not (R-C2): letters that
    /// this mailbox sent, all their recipients outside. Who puts many there is asked first.
    async fn recall(
        &self,
        tx: &mut Tx,
        rows: &[EntryRow],
        (from, to): (FolderId, &FolderPath),
        (now, modseq): (Timestamp, i64),
    ) -> Result<(), FolderError> {
        let mailbox = self.inner.sender.mailbox;
        let recalled = tx.find_folder(mailbox, &FolderKey::Role(FolderRole::Recalled)).await?;
        let (out, into) = (recalled == Some(from), to.role() == Some(FolderRole::Recalled));
        // Thrown away, it is not moved back.
        let thrown = matches!(to.role(), Some(FolderRole::Trash | FolderRole::Junk));
        if out == into || (out && thrown) {
            return Ok(());
        }
        let (mut begun, mut undone) = (0, 0);
        for row in rows {
            let message = row.submission.unwrap_or(row.message);
            if out {
                undone += tx.undo_recall(mailbox, Recalls::All(message), (now, modseq)).await?;
            } else {
                begun += tx.recall(mailbox, Recalls::All(message), now, now.plus(GRACE)).await?;
                tx.mark_sent(mailbox, message, modseq).await?;
            }
        }
        let lately = now.minus(GRACE);
        // One slip of the mouse destroys nothing, not even the first five.
        if begun > 0 && tx.recent_recalls(mailbox, lately).await? > MOST_RECALLS {
            tx.ask_about_recalls(mailbox, lately).await?;
        }
        for (many, verb) in [(begun, Verb::RecallBegun), (undone, Verb::RecallUndone)] {
            if many > 0 {
                tx.note(self.event(verb, now, usize::try_from(many).unwrap_or(usize::MAX)));
            }
        }
        Ok(())
    }

    async fn finish(&self, tx: Tx, verb: Verb, many: usize, now: Timestamp) -> Result<(), FolderError> {
        // Nothing was named that is there: nothing to keep.
        if many > 0 {
            tx.commit(self.event(verb, now, many)).await?;
        }
        Ok(())
    }

    /// The same message as another entry, which is the person's own: no client's copy takes its place.
    fn twin(
        &self,
        row: &EntryRow,
        (folder, uid): (FolderId, i64),
        now: Timestamp,
        modseq: i64,
    ) -> Result<EntryRow, Fault> {
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
            modseq,
            ..row.clone()
        };
        twin.mac = self.room.vault.mark(&twin);
        Ok(twin)
    }
}

/// Old UIDs with the new ones.
fn pairs(rows: &[EntryRow], first: i64) -> impl Iterator<Item = (u32, u32)> {
    rows.iter().zip(first..).map(|(row, uid)| (small(row.uid), small(uid)))
}

/// How long a recall can be undone.
const GRACE: Duration = Duration::from_secs(600);
/// Messages that are recalled in that time without a question.
const MOST_RECALLS: i64 = 5;
/// Messages that one COPY takes.
const COPIES: usize = 10_000;
