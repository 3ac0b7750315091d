//! Taking entries away, and with the last of them what nobody shows any more.
//!
//! Two mailboxes may let go of one message at once: the message's row is what they wait for each other on,
//! in the order of ids, and whoever comes second sees that nobody is left. Rows go in the transaction;
//! objects of the object store go after its commit, or with the sweep.

use std::collections::BTreeMap;

use object_store::ObjectStoreExt as _;

use crate::domain::{EntryId, Fault, FolderId, MessageId, ObjectId};

use super::entries::EntryRow;
use super::value::Trouble;
use super::{Store, Tx, objects};

impl Tx {
    /// Deletes entries, with their summaries, and the heads and messages that no entry and no delivery refers to
    /// any more; notes which UIDs went. Returns the objects of the object store that may be deleted once this is
    /// committed.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn remove_entries(&mut self, entries: &[EntryRow], modseq: i64) -> Result<Vec<ObjectId>, Fault> {
        let mut folders: BTreeMap<FolderId, Vec<i64>> = BTreeMap::new();
        entries.iter().for_each(|entry| folders.entry(entry.folder).or_default().push(entry.uid));
        for (folder, uids) in folders {
            self.note_expunged(folder, &uids, modseq).await?;
        }
        let mut messages: BTreeMap<MessageId, Vec<ObjectId>> = BTreeMap::new();
        for entry in entries {
            self.delete_entry(entry.id).await?;
            self.delete_unshown_summary(entry.mailbox, entry.head).await?;
            messages.entry(entry.message).or_default().push(entry.head);
            if let Some(submission) = entry.submission {
                messages.entry(submission).or_default();
            }
        }
        let mut gone = Vec::new();
        for (message, mut heads) in messages {
            self.conn.execute("UPDATE messages SET size = size WHERE id = $1", &[message.into()]).await?;
            if self.is_unused(message).await? {
                gone.extend(self.delete_objects_of(message).await?);
                self.conn.execute("DELETE FROM messages WHERE id = $1", &[message.into()]).await?;
                continue;
            }
            heads.sort_unstable();
            heads.dedup();
            for head in heads {
                gone.extend(self.delete_unshown(head).await?);
            }
        }
        Ok(gone)
    }

    async fn delete_entry(&mut self, id: EntryId) -> Result<(), Trouble> {
        let sql = "DELETE FROM entries WHERE id = $1 RETURNING mailbox_id, size * counted AS octets";
        if let Some(row) = self.conn.row(sql, &[id.into()]).await? {
            self.grow(row.read("mailbox_id")?, -row.read::<i64>("octets")?);
        }
        Ok(())
    }

    /// Whether no entry shows or stands for a message, and no delivery is of it.
    async fn is_unused(&mut self, message: MessageId) -> Result<bool, Trouble> {
        let sql = "SELECT id FROM messages WHERE id = $1 \
                   AND NOT EXISTS (SELECT 1 FROM entries WHERE message_id = $1) \
                   AND NOT EXISTS (SELECT 1 FROM entries WHERE submission_id = $1) \
                   AND NOT EXISTS (SELECT 1 FROM deliveries WHERE message_id = $1)";
        Ok(self.conn.row(sql, &[message.into()]).await?.is_some())
    }

    pub(super) async fn delete_objects_of(&mut self, message: MessageId) -> Result<Vec<ObjectId>, Trouble> {
        let sql = "DELETE FROM objects WHERE message_id = $1 \
                   RETURNING id, CAST(CASE WHEN container IS NULL THEN 1 ELSE 0 END AS BIGINT) AS large";
        let rows = self.conn.rows(sql, &[message.into()]).await?;
        stored(&rows)
    }

    /// Deletes a head that no entry and no delivery shows; its message's parts stay.
    async fn delete_unshown(&mut self, head: ObjectId) -> Result<Vec<ObjectId>, Trouble> {
        let sql = "DELETE FROM objects WHERE id = $1 \
                   AND NOT EXISTS (SELECT 1 FROM entries WHERE head_id = $1) \
                   AND NOT EXISTS (SELECT 1 FROM deliveries WHERE head_id = $1) \
                   RETURNING id, CAST(CASE WHEN container IS NULL THEN 1 ELSE 0 END AS BIGINT) AS large";
        let rows = self.conn.rows(sql, &[head.into()]).await?;
        stored(&rows)
    }
}

impl Store {
    /// Deletes objects whose rows are gone. What cannot be deleted now is left to the sweep.
    pub async fn delete_objects(&self, ids: &[ObjectId]) {
        for id in ids {
            match self.inner.objects.delete(&objects::place(*id)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(_) => tracing::warn!(object = %id, "an object without a row is left to the sweep"),
            }
        }
    }
}

/// Those in the object store.
fn stored(rows: &[super::value::Row]) -> Result<Vec<ObjectId>, Trouble> {
    let mut ids = Vec::new();
    for row in rows {
        if row.read::<i64>("large")? != 0 {
            ids.push(row.read("id")?);
        }
    }
    Ok(ids)
}
