//! Entries of a mailbox: listed, read, appended, copied, moved, flagged.
//!
//! UIDs are taken from the folder in one statement and only ascend. What is deposited hidden (the server's
//! Sent copy) has none, and the mod-sequence 0, until whoever first looks after its time lets it show
//! ([`Tx::reveal`]): nobody ever sees a UID or a mod-sequence below one that was there before. Whoever changes
//! something has raised the mailbox's counter first, and its number is the mod-sequence of the change (RFC 7162).

use std::collections::HashMap;

use crate::domain::{
    Authority, EntryId, Esk, Fault, FolderId, KeyedHash, Mac, MailboxId, MessageId, ObjectId, Sealed, Timestamp,
};

use super::authority::EntryShows;
use super::deposit::{MessageRow, ObjectRow, insert_message, insert_object};
use super::quota::{USAGE, usage};
use super::sql::Step;
use super::value::{Row, Trouble};
use super::{Store, Tx};

/// What a list of a folder says of an entry.
#[derive(Debug, Clone)]
pub struct EntryLine {
    /// Its id.
    pub id: EntryId,
    /// Its UID.
    pub uid: i64,
    /// Flags as bits.
    pub flags: i64,
    /// Keywords, when there are any.
    pub keywords: Option<Sealed>,
    /// RFC822.SIZE.
    pub size: i64,
    /// INTERNALDATE.
    pub received_at: Timestamp,
    /// Mod-sequence of its last change.
    pub modseq: i64,
    /// Which head it shows.
    pub head: ObjectId,
}

/// A row of `entries`.
#[derive(Debug, Clone)]
pub struct EntryRow {
    /// Its id.
    pub id: EntryId,
    /// Whose.
    pub mailbox: MailboxId,
    /// In which folder.
    pub folder: FolderId,
    /// Its UID there.
    pub uid: i64,
    /// Which message.
    pub message: MessageId,
    /// Which head of it.
    pub head: ObjectId,
    /// The head's session key, to the mailbox certificate.
    pub esk: Esk,
    /// Flags as bits.
    pub flags: i64,
    /// Keywords, when there are any.
    pub keywords: Option<Sealed>,
    /// RFC822.SIZE.
    pub size: i64,
    /// INTERNALDATE.
    pub received_at: Timestamp,
    /// When it begins to show.
    pub visible_at: Timestamp,
    /// Keyed hash of the Message-ID.
    pub message_id: Option<KeyedHash>,
    /// Whether the server keeps it by itself.
    pub server_copy: bool,
    /// The submission that a client's own copy stands for.
    pub submission: Option<MessageId>,
    /// Mod-sequence of its last change; 0 while it does not show.
    pub modseq: i64,
    /// Authority over id, mailbox, message, head.
    pub mac: Mac,
}

impl Authority for EntryRow {
    const TABLE: &'static str = EntryShows::TABLE;
    fn covered(&self) -> Vec<Vec<u8>> {
        EntryShows { entry: self.id, mailbox: self.mailbox, message: self.message, head: self.head }.covered()
    }
}

/// A folder at one instant.
#[derive(Debug, Clone)]
pub struct Listing {
    /// HIGHESTMODSEQ.
    pub modseq: i64,
    /// UIDNEXT.
    pub uid_next: i64,
    /// What went up to this mod-sequence is no longer listed.
    pub forgotten: i64,
    /// Entries.
    pub lines: Vec<EntryLine>,
    /// UIDs that went since, in runs; of all there is no before.
    pub gone: Vec<(i64, i64)>,
}

/// UIDs taken from a folder.
#[derive(Debug, Clone, Copy)]
pub struct TakenUids {
    /// The first of them.
    pub first: i64,
    /// The folder's UIDVALIDITY.
    pub uid_validity: i64,
}

/// What a mailbox holds, and may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Octets of all entries that count.
    pub used: i64,
    /// The most; 0 for no limit.
    pub quota: i64,
}

impl Usage {
    /// Whether so many octets more still fit.
    pub fn fits(self, more: i64) -> bool {
        self.quota == 0 || self.used.saturating_add(more) <= self.quota
    }
}

impl Store {
    /// A folder as it is: its mod-sequence and UIDNEXT, and its entries that changed after `since` (0: all), by UID.
    /// `None` when it is gone.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn listing(&self, mailbox: MailboxId, folder: FolderId, since: i64) -> Result<Option<Listing>, Fault> {
        let mut conn = self.inner.snapshot().await?;
        let sql = "SELECT modseq, uid_next, forgotten_modseq FROM folders WHERE id = $1 AND mailbox_id = $2";
        let Some(row) = conn.row(sql, &[folder.into(), mailbox.into()]).await? else { return Ok(None) };
        let mut listing = Listing {
            modseq: row.read("modseq")?,
            uid_next: row.read("uid_next")?,
            forgotten: row.read("forgotten_modseq")?,
            lines: Vec::new(),
            gone: Vec::new(),
        };
        if listing.modseq <= since {
            return Ok(Some(listing));
        }
        // Read from an index alone; the few that have keywords are looked up, in the same state of the database.
        let (all, changed) = (
            "SELECT id, uid, flags, size, received_at, modseq, head_id FROM entries \
             WHERE folder_id = $1 AND mailbox_id = $2 AND uid > 0 ORDER BY uid",
            "SELECT id, uid, flags, size, received_at, modseq, head_id FROM entries \
             WHERE folder_id = $1 AND mailbox_id = $2 AND modseq > $3 ORDER BY uid",
        );
        if since > 0 {
            let sql = "SELECT first_uid, last_uid FROM expunges WHERE folder_id = $1 AND modseq > $2";
            for row in conn.rows(sql, &[folder.into(), since.into()]).await? {
                listing.gone.push((row.read("first_uid")?, row.read("last_uid")?));
            }
        }
        let rows = match since {
            0 => conn.rows(all, &[folder.into(), mailbox.into()]).await?,
            since => conn.rows(changed, &[folder.into(), mailbox.into(), since.into()]).await?,
        };
        let sql = "SELECT id, keywords_sealed FROM entries \
                   WHERE folder_id = $1 AND keywords_sealed IS NOT NULL AND modseq > $2";
        let mut keywords: HashMap<EntryId, Sealed> = HashMap::new();
        for row in conn.rows(sql, &[folder.into(), since.into()]).await? {
            keywords.insert(row.read("id")?, row.read("keywords_sealed")?);
        }
        let line = |row: &Row| {
            let id = row.read("id")?;
            Ok(EntryLine {
                id,
                uid: row.read("uid")?,
                flags: row.read("flags")?,
                keywords: keywords.remove(&id),
                size: row.read("size")?,
                received_at: row.read("received_at")?,
                modseq: row.read("modseq")?,
                head: row.read("head_id")?,
            })
        };
        listing.lines = rows.iter().map(line).collect::<Result<_, Trouble>>()?;
        Ok(Some(listing))
    }

    /// The UIDs that left a folder after a mod-sequence, in runs as they went.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn expunges(&self, folder: FolderId, since: i64) -> Result<Vec<(i64, i64)>, Fault> {
        let sql = "SELECT first_uid, last_uid FROM expunges WHERE folder_id = $1 AND modseq > $2 ORDER BY modseq";
        let rows = self.rows(sql, &[folder.into(), since.into()]).await?;
        let run = |row: &Row| Ok((row.read("first_uid")?, row.read("last_uid")?));
        Ok(rows.iter().map(run).collect::<Result<_, Trouble>>()?)
    }

    /// Whether a mailbox has something that is to show at `now` and does not yet: [`Tx::reveal`].
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn has_hidden(&self, mailbox: MailboxId, now: Timestamp) -> Result<bool, Fault> {
        let sql = "SELECT id FROM entries WHERE mailbox_id = $1 AND modseq = 0 AND visible_at <= $2 LIMIT 1";
        Ok(self.row(sql, &[mailbox.into(), now.into()]).await?.is_some())
    }

    /// The keywords of a folder's entries.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn folder_keywords(&self, mailbox: MailboxId, folder: FolderId) -> Result<Vec<(EntryId, Sealed)>, Fault> {
        let sql = "SELECT id, keywords_sealed FROM entries \
                   WHERE folder_id = $1 AND mailbox_id = $2 AND keywords_sealed IS NOT NULL";
        let rows = self.rows(sql, &[folder.into(), mailbox.into()]).await?;
        let read = |row: &Row| Ok((row.read("id")?, row.read("keywords_sealed")?));
        Ok(rows.iter().map(read).collect::<Result<_, Trouble>>()?)
    }

    /// One entry of a mailbox.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn entry(&self, mailbox: MailboxId, id: EntryId) -> Result<Option<EntryRow>, Fault> {
        let sql = "SELECT id, mailbox_id, folder_id, uid, message_id, head_id, esk, flags, keywords_sealed, size, \
                   received_at, visible_at, message_id_hash, server_copy, submission_id, modseq, authority_mac \
                   FROM entries WHERE id = $1 AND mailbox_id = $2";
        Ok(self.row(sql, &[id.into(), mailbox.into()]).await?.as_ref().map(entry_row).transpose()?)
    }

    /// Whether the server keeps a copy of a submission with that Message-ID since `since`.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn has_server_copy(
        &self,
        mailbox: MailboxId,
        message_id: &KeyedHash,
        since: Timestamp,
    ) -> Result<bool, Fault> {
        let sql = "SELECT id FROM entries WHERE mailbox_id = $1 AND message_id_hash = $2 AND server_copy = 1 \
                   AND received_at >= $3 LIMIT 1";
        Ok(self.row(sql, &[mailbox.into(), message_id.into(), since.into()]).await?.is_some())
    }

    /// What a mailbox holds and may hold.
    ///
    /// # Errors
    /// A [`Fault`] of the database, also for a mailbox that is gone.
    pub async fn usage(&self, mailbox: MailboxId) -> Result<Usage, Fault> {
        Ok(usage(self.row(USAGE, &[mailbox.into()]).await?)?)
    }

    /// Sets how many octets a mailbox may hold; 0 for no limit. `false` when there is no such mailbox.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn set_quota(
        &self,
        mailbox: MailboxId,
        quota: i64,
        event: crate::domain::AuditEvent,
    ) -> Result<bool, Fault> {
        let mut tx = self.write("set quota").await?;
        let sql = "UPDATE mailboxes SET quota = $2 WHERE id = $1";
        if tx.conn.execute(sql, &[mailbox.into(), quota.max(0).into()]).await? == 0 {
            return Ok(false);
        }
        tx.commit(event).await?;
        Ok(true)
    }
}

impl Tx {
    /// What a mailbox holds and may hold, inside a transaction that touched it: nobody else adds meanwhile.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn usage(&mut self, mailbox: MailboxId) -> Result<Usage, Fault> {
        let mut usage = usage(self.conn.row(USAGE, &[mailbox.into()]).await?)?;
        // What this transaction added is written with its commit.
        usage.used = usage.used.saturating_add(self.grown.get(&mailbox).copied().unwrap_or(0));
        Ok(usage)
    }

    /// The entries of a folder from one UID to another, by UID.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn entries_between(&mut self, folder: FolderId, from: i64, to: i64) -> Result<Vec<EntryRow>, Fault> {
        let sql = "SELECT id, mailbox_id, folder_id, uid, message_id, head_id, esk, flags, keywords_sealed, size, \
                   received_at, visible_at, message_id_hash, server_copy, submission_id, modseq, authority_mac \
                   FROM entries WHERE folder_id = $1 AND uid >= $2 AND uid <= $3 ORDER BY uid";
        let rows = self.conn.rows(sql, &[folder.into(), from.max(1).into(), to.into()]).await?;
        Ok(rows.iter().map(entry_row).collect::<Result<_, _>>()?)
    }

    /// Those of a folder with `\Deleted`, by UID, at most so many, beginning above a UID.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn deleted_entries(&mut self, folder: FolderId, above: i64, many: i64) -> Result<Vec<EntryRow>, Fault> {
        let sql = "SELECT id, mailbox_id, folder_id, uid, message_id, head_id, esk, flags, keywords_sealed, size, \
                   received_at, visible_at, message_id_hash, server_copy, submission_id, modseq, authority_mac \
                   FROM entries WHERE folder_id = $1 AND uid > $2 AND (flags & 8) <> 0 \
                   ORDER BY uid LIMIT $3";
        let rows = self.conn.rows(sql, &[folder.into(), above.max(0).into(), many.into()]).await?;
        Ok(rows.iter().map(entry_row).collect::<Result<_, _>>()?)
    }

    /// The first entries of a folder above a UID, at most so many. Above 0 are those that show; above the smallest
    /// number, all.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn first_entries(&mut self, folder: FolderId, above: i64, many: i64) -> Result<Vec<EntryRow>, Fault> {
        let sql = "SELECT id, mailbox_id, folder_id, uid, message_id, head_id, esk, flags, keywords_sealed, size, \
                   received_at, visible_at, message_id_hash, server_copy, submission_id, modseq, authority_mac \
                   FROM entries WHERE folder_id = $1 AND uid > $2 ORDER BY uid LIMIT $3";
        let rows = self.conn.rows(sql, &[folder.into(), above.into(), many.into()]).await?;
        Ok(rows.iter().map(entry_row).collect::<Result<_, _>>()?)
    }

    /// The server's own copies of submissions with that Message-ID, kept since `since`.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn server_copies(
        &mut self,
        mailbox: MailboxId,
        message_id: &KeyedHash,
        since: Timestamp,
    ) -> Result<Vec<EntryRow>, Fault> {
        let sql = "SELECT id, mailbox_id, folder_id, uid, message_id, head_id, esk, flags, keywords_sealed, size, \
                   received_at, visible_at, message_id_hash, server_copy, submission_id, modseq, authority_mac \
                   FROM entries WHERE mailbox_id = $1 AND message_id_hash = $2 AND server_copy = 1 \
                   AND received_at >= $3 ORDER BY received_at, id";
        let rows = self.conn.rows(sql, &[mailbox.into(), message_id.into(), since.into()]).await?;
        Ok(rows.iter().map(entry_row).collect::<Result<_, _>>()?)
    }

    /// Takes UIDs of a folder, so many, in a row, for entries that come into it at this mod-sequence; `None` when
    /// the folder is gone.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn take_uids(&mut self, folder: FolderId, many: usize, modseq: i64) -> Result<Option<TakenUids>, Fault> {
        let many = i64::try_from(many).unwrap_or(i64::MAX);
        let sql =
            "UPDATE folders SET uid_next = uid_next + $2, modseq = $3 WHERE id = $1 RETURNING uid_next, uid_validity";
        let Some(row) = self.conn.row(sql, &[folder.into(), many.into(), modseq.into()]).await? else {
            return Ok(None);
        };
        Ok(Some(TakenUids { first: row.read::<i64>("uid_next")? - many, uid_validity: row.read("uid_validity")? }))
    }

    /// Lets what was deposited hidden show where its time has come, behind what each folder shows already: so many
    /// at once that nobody else waits long. Returns how many there were; [`REVEALED`] means that there may be more.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn reveal(&mut self, mailbox: MailboxId, now: Timestamp, modseq: i64) -> Result<usize, Fault> {
        // Negative UIDs fall in the order of arrival.
        let sql = "SELECT id, folder_id FROM entries WHERE mailbox_id = $1 AND modseq = 0 AND visible_at <= $2 \
                   ORDER BY folder_id, uid DESC LIMIT $3";
        let most = i64::try_from(REVEALED).unwrap_or(i64::MAX);
        let rows = self.conn.rows(sql, &[mailbox.into(), now.into(), most.into()]).await?;
        let place = |row: &Row| Ok((row.read("folder_id")?, row.read("id")?));
        let hidden: Vec<(FolderId, EntryId)> = rows.iter().map(place).collect::<Result<_, Trouble>>()?;
        for run in hidden.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((folder, _)) = run.first() else { continue };
            let Some(taken) = self.take_uids(*folder, run.len(), modseq).await? else { continue };
            for ((folder, id), uid) in run.iter().zip(taken.first..) {
                self.place_entry(*id, *folder, uid, modseq).await?;
            }
        }
        Ok(hidden.len())
    }

    /// Puts an entry into a folder under a UID.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn place_entry(&mut self, id: EntryId, folder: FolderId, uid: i64, modseq: i64) -> Result<(), Fault> {
        let sql = "UPDATE entries SET folder_id = $2, uid = $3, modseq = $4 WHERE id = $1";
        self.conn.execute(sql, &[id.into(), folder.into(), uid.into(), modseq.into()]).await?;
        Ok(())
    }

    /// Sets flags and keywords of an entry; whoever does so notes it on the folder ([`Tx::note_changed`]).
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn set_flags(
        &mut self,
        id: EntryId,
        flags: i64,
        keywords: Option<&Sealed>,
        modseq: i64,
    ) -> Result<(), Fault> {
        let sql = "UPDATE entries SET flags = $2, keywords_sealed = $3, modseq = $4 WHERE id = $1";
        self.conn.execute(sql, &[id.into(), flags.into(), keywords.into(), modseq.into()]).await?;
        Ok(())
    }

    /// Notes that entries of a folder changed.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn note_changed(&mut self, folder: FolderId, modseq: i64) -> Result<(), Fault> {
        let sql = "UPDATE folders SET modseq = $2 WHERE id = $1";
        self.conn.execute(sql, &[folder.into(), modseq.into()]).await?;
        Ok(())
    }

    /// Notes which UIDs left a folder. Of a folder that many left, the oldest runs are forgotten.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn note_expunged(&mut self, folder: FolderId, uids: &[i64], modseq: i64) -> Result<(), Fault> {
        let mut uids: Vec<i64> = uids.iter().copied().filter(|uid| *uid > 0).collect();
        if uids.is_empty() {
            return Ok(());
        }
        uids.sort_unstable();
        self.note_changed(folder, modseq).await?;
        for run in uids.chunk_by(|a, b| a + 1 == *b) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            let sql = "INSERT INTO expunges (folder_id, modseq, first_uid, last_uid) VALUES ($1, $2, $3, $4)";
            self.conn.execute(sql, &[folder.into(), modseq.into(), (*first).into(), (*last).into()]).await?;
        }
        let sql = "SELECT modseq FROM expunges WHERE folder_id = $1 ORDER BY modseq DESC LIMIT 1 OFFSET $2";
        if let Some(row) = self.conn.row(sql, &[folder.into(), RUNS.into()]).await? {
            let oldest: i64 = row.read("modseq")?;
            let sql = "DELETE FROM expunges WHERE folder_id = $1 AND modseq <= $2";
            self.conn.execute(sql, &[folder.into(), oldest.into()]).await?;
            let sql = "UPDATE folders SET forgotten_modseq = $2 WHERE id = $1";
            self.conn.execute(sql, &[folder.into(), oldest.into()]).await?;
        }
        Ok(())
    }

    /// Inserts a message whose objects are durable ([`Store::put_objects`]).
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn append_message(&mut self, message: &MessageRow, objects: &[ObjectRow]) -> Result<(), Fault> {
        let objects = objects.iter().map(|object| insert_object(message.id, object, message.created_at));
        let steps: Vec<Step<'_>> = std::iter::once(insert_message(message)).chain(objects).collect();
        self.conn.run(&steps).await?;
        Ok(())
    }

    /// Inserts an entry.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn append_entry(&mut self, row: &EntryRow) -> Result<(), Fault> {
        let sql = "INSERT INTO entries (id, mailbox_id, folder_id, uid, message_id, head_id, esk, flags, \
                   keywords_sealed, size, received_at, visible_at, message_id_hash, server_copy, submission_id, \
                   modseq, authority_mac) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
        let params = [
            row.id.into(),
            row.mailbox.into(),
            row.folder.into(),
            row.uid.into(),
            row.message.into(),
            row.head.into(),
            (&row.esk).into(),
            row.flags.into(),
            row.keywords.as_ref().into(),
            row.size.into(),
            row.received_at.into(),
            row.visible_at.into(),
            row.message_id.as_ref().into(),
            i64::from(row.server_copy).into(),
            row.submission.into(),
            row.modseq.into(),
            (&row.mac).into(),
        ];
        self.conn.execute(sql, &params).await?;
        self.grow(row.mailbox, row.size);
        Ok(())
    }
}

pub(super) fn entry_row(row: &Row) -> Result<EntryRow, Trouble> {
    Ok(EntryRow {
        id: row.read("id")?,
        mailbox: row.read("mailbox_id")?,
        folder: row.read("folder_id")?,
        uid: row.read("uid")?,
        message: row.read("message_id")?,
        head: row.read("head_id")?,
        esk: row.read("esk")?,
        flags: row.read("flags")?,
        keywords: row.read_opt("keywords_sealed")?,
        size: row.read("size")?,
        received_at: row.read("received_at")?,
        visible_at: row.read("visible_at")?,
        message_id: row.read_opt("message_id_hash")?,
        server_copy: row.read::<i64>("server_copy")? != 0,
        submission: row.read_opt("submission_id")?,
        modseq: row.read("modseq")?,
        mac: row.read("authority_mac")?,
    })
}

/// Runs of UIDs that are listed of a folder; what went before them is told by what is there.
const RUNS: i64 = 4000;

/// How many hidden entries show in one transaction.
pub const REVEALED: usize = 500;
