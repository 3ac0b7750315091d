//! Folders of a mailbox: found by role or keyed hash, counted, made, renamed, deleted.
//!
//! Whoever changes one has raised the mailbox's counter before ([`Tx::touch_mailbox`]), so that what was
//! looked up in the same transaction stays true until its end.

use crate::domain::{Fault, FolderId, FolderRole, KeyedHash, MailboxId, Sealed, Timestamp};

use super::sql::Conn;
use super::value::{Row, Trouble};
use super::{Store, Tx};

/// How a folder is looked up.
#[derive(Debug, Clone)]
pub enum FolderKey {
    /// By its id.
    Id(FolderId),
    /// A special one.
    Role(FolderRole),
    /// By the hash of its path.
    Name(KeyedHash),
}

/// A folder, and what it holds at an instant.
#[derive(Debug, Clone)]
pub struct FolderState {
    /// Its id.
    pub id: FolderId,
    /// Its role.
    pub role: FolderRole,
    /// Its path, when a person chose it.
    pub name: Option<Sealed>,
    /// UIDVALIDITY.
    pub uid_validity: i64,
    /// UIDNEXT: what does not show yet has no UID.
    pub uid_next: i64,
    /// HIGHESTMODSEQ.
    pub modseq: i64,
    /// Whether it is subscribed to.
    pub subscribed: bool,
    /// Entries that show.
    pub messages: i64,
    /// Those without `\Seen`.
    pub unseen: i64,
    /// Those with `\Deleted`.
    pub deleted: i64,
    /// Octets of all that show.
    pub octets: i64,
}

/// A folder that a person makes.
#[derive(Debug)]
pub struct NewFolder {
    /// Its id.
    pub id: FolderId,
    /// Whose.
    pub mailbox: MailboxId,
    /// Its path, sealed.
    pub name: Sealed,
    /// The hash of its path.
    pub hash: KeyedHash,
    /// When.
    pub created_at: Timestamp,
}

impl Store {
    /// All folders of a mailbox with their counts.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn folder_states(&self, mailbox: MailboxId) -> Result<Vec<FolderState>, Fault> {
        let sql = "SELECT f.id AS id, f.role AS role, f.name_sealed AS name_sealed, f.uid_validity AS uid_validity, \
                   f.subscribed AS subscribed, \
                   f.uid_next AS uid_next, f.modseq AS modseq, COUNT(e.uid) AS messages, \
                   COUNT(CASE WHEN (e.flags & 1) = 0 THEN 1 END) AS unseen, \
                   COUNT(CASE WHEN (e.flags & 8) <> 0 THEN 1 END) AS deleted, \
                   CAST(COALESCE(SUM(e.size), 0) AS BIGINT) AS octets \
                   FROM folders f LEFT JOIN entries e ON e.folder_id = f.id AND e.uid > 0 WHERE f.mailbox_id = $1 \
                   GROUP BY f.id, f.role, f.name_sealed, f.uid_validity, f.subscribed, f.uid_next, f.modseq, f.created_at \
                   ORDER BY f.created_at, f.id";
        let rows = self.rows(sql, &[mailbox.into()]).await?;
        Ok(rows.iter().map(folder_state).collect::<Result<_, _>>()?)
    }

    /// The id of a folder of a mailbox.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn folder_id(&self, mailbox: MailboxId, key: &FolderKey) -> Result<Option<FolderId>, Fault> {
        let (sql, key) = find(key);
        let row = self.row(sql, &[mailbox.into(), key]).await?;
        Ok(row.map(|row| row.read("id")).transpose()?)
    }

    /// One folder of a mailbox with its counts.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn folder_state(&self, mailbox: MailboxId, key: &FolderKey) -> Result<Option<FolderState>, Fault> {
        let (sql, key) = find(key);
        let Some(found) = self.row(sql, &[mailbox.into(), key]).await? else { return Ok(None) };
        let id: FolderId = found.read("id")?;
        let sql = "SELECT f.id AS id, f.role AS role, f.name_sealed AS name_sealed, f.uid_validity AS uid_validity, \
                   f.subscribed AS subscribed, \
                   f.uid_next AS uid_next, f.modseq AS modseq, COUNT(e.uid) AS messages, \
                   COUNT(CASE WHEN (e.flags & 1) = 0 THEN 1 END) AS unseen, \
                   COUNT(CASE WHEN (e.flags & 8) <> 0 THEN 1 END) AS deleted, \
                   CAST(COALESCE(SUM(e.size), 0) AS BIGINT) AS octets \
                   FROM folders f LEFT JOIN entries e ON e.folder_id = f.id AND e.uid > 0 WHERE f.id = $1 \
                   GROUP BY f.id, f.role, f.name_sealed, f.uid_validity, f.subscribed, f.uid_next, f.modseq";
        Ok(self.row(sql, &[id.into()]).await?.as_ref().map(folder_state).transpose()?)
    }
}

impl Tx {
    /// The id of a folder of a mailbox.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn find_folder(&mut self, mailbox: MailboxId, key: &FolderKey) -> Result<Option<FolderId>, Fault> {
        let (sql, key) = find(key);
        let row = self.conn.row(sql, &[mailbox.into(), key]).await?;
        Ok(row.map(|row| row.read("id")).transpose()?)
    }

    /// The folders that persons made, with their sealed paths.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn named_folders(&mut self, mailbox: MailboxId) -> Result<Vec<(FolderId, Sealed)>, Fault> {
        let sql = "SELECT id, name_sealed FROM folders WHERE mailbox_id = $1 AND name_sealed IS NOT NULL ORDER BY id";
        let rows = self.conn.rows(sql, &[mailbox.into()]).await?;
        let read = |row: &Row| Ok((row.read("id")?, row.read("name_sealed")?));
        Ok(rows.iter().map(read).collect::<Result<_, Trouble>>()?)
    }

    /// How many folders a mailbox has.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn count_folders(&mut self, mailbox: MailboxId) -> Result<usize, Fault> {
        let sql = "SELECT COUNT(*) AS many FROM folders WHERE mailbox_id = $1";
        let row = self.conn.row(sql, &[mailbox.into()]).await?;
        let many: i64 = row.map_or(Ok(0), |row| row.read("many"))?;
        Ok(usize::try_from(many).unwrap_or(0))
    }

    /// Makes a folder under a UIDVALIDITY that the mailbox never gave before; `false` when the name is taken.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn make_folder(&mut self, folder: &NewFolder) -> Result<bool, Fault> {
        let validity = next_validity(&mut self.conn, folder.mailbox, folder.created_at).await?;
        let sql = "INSERT INTO folders (id, mailbox_id, role, name_sealed, name_hash, uid_validity, uid_next, \
                   subscribed, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, 1, 1, $7) ON CONFLICT (mailbox_id, name_hash) DO NOTHING";
        let params = [
            folder.id.into(),
            folder.mailbox.into(),
            FolderRole::Plain.into(),
            (&folder.name).into(),
            (&folder.hash).into(),
            validity.into(),
            folder.created_at.into(),
        ];
        Ok(self.conn.execute(sql, &params).await? > 0)
    }

    /// Gives a folder another path.
    ///
    /// # Errors
    /// A [`Fault`] of the database, also when the path is taken.
    pub async fn rename_folder(&mut self, id: FolderId, name: &Sealed, hash: &KeyedHash) -> Result<(), Fault> {
        let sql = "UPDATE folders SET name_sealed = $2, name_hash = $3 WHERE id = $1 AND name_sealed IS NOT NULL";
        self.conn.execute(sql, &[id.into(), name.into(), hash.into()]).await?;
        Ok(())
    }

    /// Subscribes to a folder, or no more; `false` when it was so already.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn subscribe_folder(&mut self, id: FolderId, on: bool) -> Result<bool, Fault> {
        let sql = "UPDATE folders SET subscribed = $2 WHERE id = $1 AND subscribed <> $2";
        Ok(self.conn.execute(sql, &[id.into(), i64::from(on).into()]).await? > 0)
    }

    /// Deletes an empty folder that a person made.
    ///
    /// # Errors
    /// A [`Fault`] of the database, also when the folder holds entries.
    pub async fn delete_folder(&mut self, id: FolderId) -> Result<bool, Fault> {
        let sql = "DELETE FROM folders WHERE id = $1 AND name_sealed IS NOT NULL";
        Ok(self.conn.execute(sql, &[id.into()]).await? > 0)
    }
}

/// Ascending in a mailbox, whatever the clock does: a name that is made again is another folder (RFC 9051 §2.3.1.1).
pub(super) async fn next_validity(conn: &mut Conn, mailbox: MailboxId, now: Timestamp) -> Result<i64, Trouble> {
    let sql = "UPDATE mailbox_changes SET last_validity = \
               CASE WHEN last_validity >= $2 THEN last_validity + 1 ELSE $2 END \
               WHERE mailbox_id = $1 RETURNING last_validity";
    let row = conn.row(sql, &[mailbox.into(), (now.0 / 1000).into()]).await?;
    row.ok_or_else(|| Trouble::new("a folder is made outside of a change of its mailbox", "counter"))?
        .read("last_validity")
}

fn find(key: &FolderKey) -> (&'static str, super::value::Param<'_>) {
    match key {
        FolderKey::Id(id) => ("SELECT id FROM folders WHERE mailbox_id = $1 AND id = $2", (*id).into()),
        FolderKey::Role(role) => ("SELECT id FROM folders WHERE mailbox_id = $1 AND role = $2", (*role).into()),
        FolderKey::Name(hash) => ("SELECT id FROM folders WHERE mailbox_id = $1 AND name_hash = $2", hash.into()),
    }
}

fn folder_state(row: &Row) -> Result<FolderState, Trouble> {
    Ok(FolderState {
        id: row.read("id")?,
        role: row.read("role")?,
        name: row.read_opt("name_sealed")?,
        uid_validity: row.read("uid_validity")?,
        uid_next: row.read("uid_next")?,
        subscribed: row.read::<i64>("subscribed")? != 0,
        messages: row.read("messages")?,
        unseen: row.read("unseen")?,
        modseq: row.read("modseq")?,
        deleted: row.read("deleted")?,
        octets: row.read("octets")?,
    })
}
