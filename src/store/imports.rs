//! Imports: the journal of what was taken from where, and names that wait for a session with the mailbox's keys.
//!
//! A row of the journal is written in the transaction of its entry: whoever is killed between two messages has
//! taken each once or not at all.

use crate::domain::{
    DepositKeyId, EntryId, Fault, FolderId, FolderRole, KeyedHash, MailboxId, Sealed, Timestamp, WaitingKind,
};

use super::folders::next_validity;
use super::summaries::{DepositKeyRow, insert_key};
use super::value::{Row, Trouble};
use super::{Store, Tx};

/// A row of `imports`.
#[derive(Debug, Clone)]
pub struct ImportRow {
    /// Into which mailbox.
    pub mailbox: MailboxId,
    /// Keyed hash of the source and its folder.
    pub source: KeyedHash,
    /// Keyed hash of what tells the message there.
    pub message: KeyedHash,
    /// Keyed hash of its octets.
    pub octets: KeyedHash,
    /// What it became.
    pub entry: EntryId,
    /// When.
    pub created_at: Timestamp,
}

/// A row of `waiting_names`: a folder's path or an entry's keywords.
#[derive(Debug, Clone)]
pub struct WaitingName {
    /// Whose it is.
    pub row: WaitingRow,
    /// The key it is under.
    pub key: DepositKeyId,
    /// The value.
    pub sealed: Sealed,
}

/// What waits for its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitingRow {
    /// A folder, for its path.
    Path(FolderId),
    /// An entry, for its keywords.
    Keywords(EntryId),
}

impl WaitingRow {
    fn kind(self) -> WaitingKind {
        match self {
            Self::Path(_) => WaitingKind::Path,
            Self::Keywords(_) => WaitingKind::Keywords,
        }
    }
}

impl Store {
    /// What was taken from a folder of a source: the message's hash, and what it became.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn imported(&self, mailbox: MailboxId, source: &KeyedHash) -> Result<Vec<(KeyedHash, EntryId)>, Fault> {
        let sql = "SELECT message_hash, entry_id FROM imports WHERE mailbox_id = $1 AND source_hash = $2";
        let rows = self.rows(sql, &[mailbox.into(), source.into()]).await?;
        let read = |row: &Row| Ok((row.read("message_hash")?, row.read("entry_id")?));
        Ok(rows.iter().map(read).collect::<Result<_, Trouble>>()?)
    }

    /// Whether a message of these octets was taken from anywhere.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn was_imported(&self, mailbox: MailboxId, octets: &KeyedHash) -> Result<bool, Fault> {
        let sql = "SELECT entry_id FROM imports WHERE mailbox_id = $1 AND octets_hash = $2 LIMIT 1";
        Ok(self.row(sql, &[mailbox.into(), octets.into()]).await?.is_some())
    }

    /// The folder that an import without keys made for a folder of its source.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn import_folder(&self, mailbox: MailboxId, source: &KeyedHash) -> Result<Option<FolderId>, Fault> {
        let sql = "SELECT folder_id FROM import_folders WHERE mailbox_id = $1 AND source_hash = $2";
        let row = self.row(sql, &[mailbox.into(), source.into()]).await?;
        Ok(row.map(|row| row.read("folder_id")).transpose()?)
    }

    /// The first names of a mailbox that wait, at most so many: paths before keywords.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn waiting_names(&self, mailbox: MailboxId, many: i64) -> Result<Vec<WaitingName>, Fault> {
        let sql = "SELECT id, kind, deposit_key_id, name_sealed FROM waiting_names WHERE mailbox_id = $1 \
                   ORDER BY kind DESC, id LIMIT $2";
        let rows = self.rows(sql, &[mailbox.into(), many.into()]).await?;
        let read = |row: &Row| {
            let waiting = match row.read("kind")? {
                WaitingKind::Path => WaitingRow::Path(row.read("id")?),
                WaitingKind::Keywords => WaitingRow::Keywords(row.read("id")?),
            };
            Ok(WaitingName { row: waiting, key: row.read("deposit_key_id")?, sealed: row.read("name_sealed")? })
        };
        Ok(rows.iter().map(read).collect::<Result<_, Trouble>>()?)
    }
}

impl Tx {
    /// Notes that a message was taken; `false` when it is noted already.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn note_imported(&mut self, row: &ImportRow) -> Result<bool, Fault> {
        let sql = "INSERT INTO imports (mailbox_id, source_hash, message_hash, octets_hash, entry_id, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (mailbox_id, source_hash, message_hash) DO NOTHING";
        let params = [
            row.mailbox.into(),
            (&row.source).into(),
            (&row.message).into(),
            (&row.octets).into(),
            row.entry.into(),
            row.created_at.into(),
        ];
        Ok(self.conn.execute(sql, &params).await? > 0)
    }

    /// Stores a deposit key, unless it is there.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn put_deposit_key(&mut self, row: &DepositKeyRow) -> Result<(), Fault> {
        self.conn.run(&[insert_key(row)]).await?;
        Ok(())
    }

    /// Makes a folder whose path waits, for a folder of a source; `false` when that has one: then nothing is to be committed.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn make_import_folder(
        &mut self,
        mailbox: MailboxId,
        source: &KeyedHash,
        id: FolderId,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let validity = next_validity(&mut self.conn, mailbox, now).await?;
        let sql = "INSERT INTO folders (id, mailbox_id, role, uid_validity, uid_next, subscribed, created_at) \
                   VALUES ($1, $2, $3, $4, 1, 1, $5)";
        let params = [id.into(), mailbox.into(), FolderRole::Plain.into(), validity.into(), now.into()];
        self.conn.execute(sql, &params).await?;
        let sql = "INSERT INTO import_folders (mailbox_id, source_hash, folder_id) VALUES ($1, $2, $3) \
                   ON CONFLICT (mailbox_id, source_hash) DO NOTHING";
        Ok(self.conn.execute(sql, &[mailbox.into(), source.into(), id.into()]).await? > 0)
    }

    /// Keeps a name until a session comes.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn put_waiting_name(&mut self, mailbox: MailboxId, name: &WaitingName) -> Result<(), Fault> {
        let sql = "INSERT INTO waiting_names (id, mailbox_id, kind, deposit_key_id, name_sealed) \
                   VALUES ($1, $2, $3, $4, $5)";
        let id = match name.row {
            WaitingRow::Path(id) => id.into(),
            WaitingRow::Keywords(id) => id.into(),
        };
        let params = [id, mailbox.into(), name.row.kind().into(), name.key.into(), (&name.sealed).into()];
        self.conn.execute(sql, &params).await?;
        Ok(())
    }

    /// Takes a name away; `false` when another session was first.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn take_waiting_name(&mut self, mailbox: MailboxId, row: WaitingRow) -> Result<bool, Fault> {
        let sql = "DELETE FROM waiting_names WHERE id = $1 AND mailbox_id = $2";
        let id = match row {
            WaitingRow::Path(id) => id.into(),
            WaitingRow::Keywords(id) => id.into(),
        };
        Ok(self.conn.execute(sql, &[id, mailbox.into()]).await? > 0)
    }

    /// Gives a folder that has no path its own.
    ///
    /// # Errors
    /// A [`Fault`] of the database, also when the path is taken.
    pub async fn name_folder(&mut self, id: FolderId, name: &Sealed, hash: &KeyedHash) -> Result<bool, Fault> {
        let sql = "UPDATE folders SET name_sealed = $2, name_hash = $3 WHERE id = $1 AND name_sealed IS NULL \
                   AND role = $4";
        let params = [id.into(), name.into(), hash.into(), FolderRole::Plain.into()];
        Ok(self.conn.execute(sql, &params).await? > 0)
    }

    /// Gives an entry that has no keywords its own; `false` when it has, or is gone.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn name_keywords(
        &mut self,
        mailbox: MailboxId,
        id: EntryId,
        keywords: &Sealed,
        modseq: i64,
    ) -> Result<bool, Fault> {
        let sql = "UPDATE entries SET keywords_sealed = $3, modseq = $4 \
                   WHERE id = $1 AND mailbox_id = $2 AND keywords_sealed IS NULL RETURNING folder_id";
        let row = self.conn.row(sql, &[id.into(), mailbox.into(), keywords.into(), modseq.into()]).await?;
        let Some(row) = row else { return Ok(false) };
        self.note_changed(row.read("folder_id")?, modseq).await?;
        Ok(true)
    }
}
