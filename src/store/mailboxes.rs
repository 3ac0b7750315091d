//! Mailboxes, their devices, key slots and folders.

use crate::domain::{
    DeviceId, DeviceKind, Esk, Fault, FolderId, FolderRole, KeyedHash, Mac, MailboxId, MailboxKind, MailboxState,
    PracticeId, PublicKey, Receipts, Sealed, SentCopy, SlotId, Timestamp,
};

use super::quota::{self, Room};
use super::sql::Conn;
use super::value::{Plain, Row, Trouble};
use super::{Store, Tx};

/// A row of `mailboxes`.
#[derive(Debug, Clone)]
pub struct MailboxRow {
    /// Its id.
    pub id: MailboxId,
    /// Whose it is.
    pub practice: PracticeId,
    /// Its address, folded. A local address: stands in clear.
    pub address: String,
    /// Its display name. Stands in clear.
    pub name: String,
    /// Its kind.
    pub kind: MailboxKind,
    /// Its state.
    pub state: MailboxState,
    /// Who keeps the copy of what it sends.
    pub sent: SentCopy,
    /// The public certificate.
    pub certificate: PublicKey,
    /// The certificate's secret part, under the mailbox secret.
    pub secret: Sealed,
    /// Counts renewals of the keys.
    pub version: i64,
    /// Since when a device that was taken away has seen the keys; `None`: none has.
    pub renewal_due_at: Option<Timestamp>,
    /// Authority over the row.
    pub mac: Mac,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A row of `devices`.
#[derive(Debug, Clone)]
pub struct DeviceRow {
    /// Its id.
    pub id: DeviceId,
    /// Whose it is.
    pub mailbox: MailboxId,
    /// The first characters of its password.
    pub tag: String,
    /// What it opens.
    pub kind: DeviceKind,
    /// Label and person, sealed at (devices, id, label).
    pub label: Sealed,
    /// Hash of the login verifier.
    pub verifier: KeyedHash,
    /// Authority over the row.
    pub mac: Mac,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// When the mailbox's owner was told of it.
    pub told_at: Option<Timestamp>,
}

/// A row of `slots`.
#[derive(Debug, Clone)]
pub struct SlotRow {
    /// Its id.
    pub id: SlotId,
    /// Whose it is.
    pub mailbox: MailboxId,
    /// Its device; `None` for the recovery certificate.
    pub device: Option<DeviceId>,
    /// The public half.
    pub public_key: PublicKey,
    /// The secret half, under the device password.
    pub secret: Option<Sealed>,
    /// The mailbox secret to the public half; `None` while pending.
    pub esk: Option<Esk>,
    /// The mailbox secret, symmetric, after the first use.
    pub quick: Option<Sealed>,
    /// Counts fillings.
    pub version: i64,
    /// Authority over the row.
    pub mac: Mac,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A row of `folders`.
#[derive(Debug, Clone)]
pub struct FolderRow {
    /// Its id.
    pub id: FolderId,
    /// Whose it is.
    pub mailbox: MailboxId,
    /// Its role.
    pub role: FolderRole,
    /// Its name, when a person chose it.
    pub name: Option<Sealed>,
    /// UIDVALIDITY (RFC 9051 §2.3.1.1).
    pub uid_validity: i64,
    /// UIDNEXT.
    pub uid_next: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How many messages a mailbox holds in one folder.
#[derive(Debug, Clone)]
pub struct FolderCount {
    /// The folder's role.
    pub role: FolderRole,
    /// How many entries.
    pub messages: i64,
}

impl Store {
    /// All mailboxes, by address.
    pub async fn mailboxes(&self) -> Result<Vec<MailboxRow>, Fault> {
        let sql = "SELECT id, practice_id, address, name, kind, state, sent, certificate, secret_sealed, version, \
                   renewal_due_at, authority_mac, created_at \
                   FROM mailboxes ORDER BY address";
        Ok(self.rows(sql, &[]).await?.iter().map(mailbox_row).collect::<Result<_, _>>()?)
    }

    /// One mailbox.
    pub async fn mailbox(&self, id: MailboxId) -> Result<Option<MailboxRow>, Fault> {
        let sql = "SELECT id, practice_id, address, name, kind, state, sent, certificate, secret_sealed, version, \
                   renewal_due_at, authority_mac, created_at \
                   FROM mailboxes WHERE id = $1";
        Ok(self.row(sql, &[id.into()]).await?.as_ref().map(mailbox_row).transpose()?)
    }

    /// The mailbox of a folded address.
    pub async fn mailbox_at(&self, address: &str) -> Result<Option<MailboxRow>, Fault> {
        let sql = "SELECT id, practice_id, address, name, kind, state, sent, certificate, secret_sealed, version, \
                   renewal_due_at, authority_mac, created_at \
                   FROM mailboxes WHERE address = $1";
        Ok(self.row(sql, &[Plain(address).into()]).await?.as_ref().map(mailbox_row).transpose()?)
    }

    /// The same, with what it holds: for whoever writes to it, in one statement.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn mailbox_and_room_at(&self, address: &str) -> Result<Option<(MailboxRow, Room)>, Fault> {
        let sql = "SELECT m.id AS id, practice_id, address, name, kind, state, sent, certificate, secret_sealed, \
                   version, renewal_due_at, authority_mac, created_at, \
                   m.quota AS quota, COALESCE(q.used, 0) AS used, q.full_at AS full_at \
                   FROM mailboxes m LEFT JOIN quotas q ON q.mailbox_id = m.id WHERE m.address = $1";
        let Some(row) = self.row(sql, &[Plain(address).into()]).await? else { return Ok(None) };
        Ok(Some((mailbox_row(&row)?, quota::room(&row)?)))
    }

    /// The devices of a mailbox, oldest first.
    pub async fn devices(&self, mailbox: MailboxId) -> Result<Vec<DeviceRow>, Fault> {
        let sql = "SELECT id, mailbox_id, tag, kind, label_sealed, verifier_hash, authority_mac, created_at, \
                   last_used_at, told_at \
                   FROM devices WHERE mailbox_id = $1 ORDER BY created_at, id";
        Ok(self.rows(sql, &[mailbox.into()]).await?.iter().map(device_row).collect::<Result<_, _>>()?)
    }

    /// One device.
    pub async fn device(&self, id: DeviceId) -> Result<Option<DeviceRow>, Fault> {
        let sql = "SELECT id, mailbox_id, tag, kind, label_sealed, verifier_hash, authority_mac, created_at, \
                   last_used_at, told_at \
                   FROM devices WHERE id = $1";
        Ok(self.row(sql, &[id.into()]).await?.as_ref().map(device_row).transpose()?)
    }

    /// Label and person of a device, also of one that was revoked, sealed at (devices, id, label).
    pub async fn device_label(&self, id: DeviceId) -> Result<Option<Sealed>, Fault> {
        let sql = "SELECT label_sealed FROM devices WHERE id = $1 \
                   UNION ALL SELECT label_sealed FROM former_devices WHERE id = $1";
        let row = self.row(sql, &[id.into()]).await?;
        Ok(row.map(|row| row.read("label_sealed")).transpose()?)
    }

    /// Whether a device is still there, in this mailbox, and the mailbox in this state.
    pub async fn device_acts(&self, id: DeviceId, mailbox: MailboxId, state: MailboxState) -> Result<bool, Fault> {
        let sql = "SELECT d.id FROM devices d JOIN mailboxes m ON m.id = d.mailbox_id \
                   WHERE d.id = $1 AND m.id = $2 AND m.state = $3";
        Ok(self.row(sql, &[id.into(), mailbox.into(), state.into()]).await?.is_some())
    }

    /// The device of a mailbox with that tag.
    pub async fn device_tagged(&self, mailbox: MailboxId, tag: &str) -> Result<Option<DeviceRow>, Fault> {
        let sql = "SELECT id, mailbox_id, tag, kind, label_sealed, verifier_hash, authority_mac, created_at, \
                   last_used_at, told_at \
                   FROM devices WHERE mailbox_id = $1 AND tag = $2";
        let row = self.row(sql, &[mailbox.into(), Plain(tag).into()]).await?;
        Ok(row.as_ref().map(device_row).transpose()?)
    }

    /// The slots of a mailbox.
    pub async fn slots(&self, mailbox: MailboxId) -> Result<Vec<SlotRow>, Fault> {
        let sql = "SELECT id, mailbox_id, device_id, public_key, secret_sealed, esk, quick_sealed, version, \
                   authority_mac, created_at \
                   FROM slots WHERE mailbox_id = $1 ORDER BY created_at, id";
        Ok(self.rows(sql, &[mailbox.into()]).await?.iter().map(slot_row).collect::<Result<_, _>>()?)
    }

    /// The slot of a device; none for one that only sends.
    pub async fn slot_of(&self, device: DeviceId) -> Result<Option<SlotRow>, Fault> {
        let sql = "SELECT id, mailbox_id, device_id, public_key, secret_sealed, esk, quick_sealed, version, \
                   authority_mac, created_at \
                   FROM slots WHERE device_id = $1";
        Ok(self.row(sql, &[device.into()]).await?.as_ref().map(slot_row).transpose()?)
    }

    /// The folders of a mailbox.
    pub async fn folders(&self, mailbox: MailboxId) -> Result<Vec<FolderRow>, Fault> {
        let sql = "SELECT id, mailbox_id, role, name_sealed, uid_validity, uid_next, created_at \
                   FROM folders WHERE mailbox_id = $1 ORDER BY created_at, id";
        Ok(self.rows(sql, &[mailbox.into()]).await?.iter().map(folder_row).collect::<Result<_, _>>()?)
    }

    /// How many messages each folder of a mailbox shows.
    pub async fn folder_counts(&self, mailbox: MailboxId) -> Result<Vec<FolderCount>, Fault> {
        let sql = "SELECT folders.role AS role, COUNT(entries.id) AS messages FROM folders \
                   LEFT JOIN entries ON entries.folder_id = folders.id AND entries.uid > 0 \
                   WHERE folders.mailbox_id = $1 GROUP BY folders.id, folders.role, folders.created_at \
                   ORDER BY folders.created_at, folders.id";
        let rows = self.rows(sql, &[mailbox.into()]).await?;
        let count = |row: &Row| Ok(FolderCount { role: row.read("role")?, messages: row.read("messages")? });
        Ok(rows.iter().map(count).collect::<Result<_, Trouble>>()?)
    }
}

impl Tx {
    /// Inserts a mailbox with its first devices, slots and folders; `false` when the address is taken.
    pub async fn insert_mailbox(
        &mut self,
        mailbox: &MailboxRow,
        devices: &[DeviceRow],
        slots: &[SlotRow],
        folders: &[FolderRow],
    ) -> Result<bool, Fault> {
        let sql = "INSERT INTO mailboxes (id, practice_id, address, name, kind, state, sent, certificate, secret_sealed, version, \
                   authority_mac, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (address) DO NOTHING";
        let params = [
            mailbox.id.into(),
            mailbox.practice.into(),
            Plain(&mailbox.address).into(),
            Plain(&mailbox.name).into(),
            mailbox.kind.into(),
            mailbox.state.into(),
            mailbox.sent.into(),
            (&mailbox.certificate).into(),
            (&mailbox.secret).into(),
            mailbox.version.into(),
            (&mailbox.mac).into(),
            mailbox.created_at.into(),
        ];
        if self.conn.execute(sql, &params).await? == 0 {
            return Ok(false);
        }
        for device in devices {
            if !insert_device(&mut self.conn, device).await? {
                return Err(Fault::new("two devices of a new mailbox have one tag"));
            }
        }
        for slot in slots {
            insert_slot(&mut self.conn, slot).await?;
        }
        for folder in folders {
            insert_folder(&mut self.conn, folder).await?;
        }
        Ok(true)
    }

    /// Changes the settings of a mailbox; what is `None` stays. `false` when there is no such mailbox.
    pub async fn change_mailbox(
        &mut self,
        id: MailboxId,
        sent: Option<SentCopy>,
        quota: Option<i64>,
        receipts: Option<Receipts>,
    ) -> Result<bool, Fault> {
        let sql = "UPDATE mailboxes SET sent = COALESCE($2, sent), quota = COALESCE($3, quota), \
                   receipts = COALESCE($4, receipts) WHERE id = $1";
        Ok(self.conn.execute(sql, &[id.into(), sent.into(), quota.into(), receipts.into()]).await? > 0)
    }

    /// Inserts a device with its slot (none for a send-only one); `false` when the tag is taken.
    pub async fn insert_device(&mut self, device: &DeviceRow, slot: Option<&SlotRow>) -> Result<bool, Fault> {
        if !insert_device(&mut self.conn, device).await? {
            return Ok(false);
        }
        if let Some(slot) = slot {
            insert_slot(&mut self.conn, slot).await?;
        }
        Ok(true)
    }

    /// Holds a mailbox as it is until the end of the transaction; `false` when its keys were renewed meanwhile.
    pub async fn hold_mailbox(&mut self, id: MailboxId, version: i64) -> Result<bool, Fault> {
        let sql = "UPDATE mailboxes SET version = version WHERE id = $1 AND version = $2";
        Ok(self.conn.execute(sql, &[id.into(), version.into()]).await? > 0)
    }

    /// The slots of a mailbox, as this transaction sees them.
    pub async fn slots(&mut self, mailbox: MailboxId) -> Result<Vec<SlotRow>, Fault> {
        let sql = "SELECT id, mailbox_id, device_id, public_key, secret_sealed, esk, quick_sealed, version, \
                   authority_mac, created_at \
                   FROM slots WHERE mailbox_id = $1 ORDER BY created_at, id";
        Ok(self.conn.rows(sql, &[mailbox.into()]).await?.iter().map(slot_row).collect::<Result<_, _>>()?)
    }

    /// Stores the new keys of a mailbox that is held ([`Tx::hold_mailbox`]), and the slots that were filled with them.
    /// A slot that is not among them opens nothing any more.
    pub async fn renew_keys(&mut self, mailbox: &MailboxRow, slots: &[SlotRow]) -> Result<(), Fault> {
        let sql = "UPDATE mailboxes SET certificate = $2, secret_sealed = $3, version = $4, authority_mac = $5, \
                   renewal_due_at = NULL WHERE id = $1";
        let params = [
            mailbox.id.into(),
            (&mailbox.certificate).into(),
            (&mailbox.secret).into(),
            mailbox.version.into(),
            (&mailbox.mac).into(),
        ];
        self.conn.execute(sql, &params).await?;
        let sql = "UPDATE slots SET esk = NULL, quick_sealed = NULL WHERE mailbox_id = $1";
        self.conn.execute(sql, &[mailbox.id.into()]).await?;
        for slot in slots {
            self.fill_slot(slot).await?;
        }
        Ok(())
    }

    /// Stores what fills a slot; `false` when there is no such slot.
    pub async fn fill_slot(&mut self, slot: &SlotRow) -> Result<bool, Fault> {
        let sql = "UPDATE slots SET esk = $2, quick_sealed = $3, version = $4, authority_mac = $5 WHERE id = $1";
        let params = [
            slot.id.into(),
            slot.esk.as_ref().into(),
            slot.quick.as_ref().into(),
            slot.version.into(),
            (&slot.mac).into(),
        ];
        Ok(self.conn.execute(sql, &params).await? > 0)
    }

    /// Deletes a device and its slot, and keeps whose it was for the journal; `false` when there is none. Where its
    /// slot was filled, the mailbox's keys are due to be renewed.
    pub async fn delete_device(&mut self, id: DeviceId, now: Timestamp) -> Result<bool, Fault> {
        let sql = "UPDATE mailboxes SET renewal_due_at = CAST($2 AS BIGINT) WHERE renewal_due_at IS NULL AND id = \
                   (SELECT mailbox_id FROM slots WHERE device_id = $1 AND esk IS NOT NULL)";
        self.conn.execute(sql, &[id.into(), now.into()]).await?;
        let sql = "INSERT INTO former_devices (id, mailbox_id, label_sealed, revoked_at) \
                   SELECT id, mailbox_id, label_sealed, CAST($2 AS BIGINT) FROM devices WHERE id = $1";
        self.conn.execute(sql, &[id.into(), now.into()]).await?;
        self.conn.execute("DELETE FROM slots WHERE device_id = $1", &[id.into()]).await?;
        Ok(self.conn.execute("DELETE FROM devices WHERE id = $1", &[id.into()]).await? > 0)
    }

    /// Keeps the mailbox secret of a slot that was opened, sealed symmetrically; `false` when the slot is gone
    /// or was filled anew meanwhile.
    pub async fn set_quick(&mut self, slot: SlotId, version: i64, quick: &Sealed) -> Result<bool, Fault> {
        let sql = "UPDATE slots SET quick_sealed = $3 WHERE id = $1 AND version = $2 AND esk IS NOT NULL";
        Ok(self.conn.execute(sql, &[slot.into(), version.into(), quick.into()]).await? > 0)
    }

    /// Notes that a device was used; `true` when it was the first time.
    pub async fn touch_device(&mut self, id: DeviceId, at: Timestamp) -> Result<bool, Fault> {
        let sql = "UPDATE devices SET last_used_at = $2 WHERE id = $1 AND last_used_at IS NULL";
        if self.conn.execute(sql, &[id.into(), at.into()]).await? > 0 {
            return Ok(true);
        }
        // Never back: two nodes may note two logins in either order.
        let sql = "UPDATE devices SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2";
        self.conn.execute(sql, &[id.into(), at.into()]).await?;
        Ok(false)
    }
}

async fn insert_device(conn: &mut Conn, row: &DeviceRow) -> Result<bool, Trouble> {
    let sql = "INSERT INTO devices (id, mailbox_id, tag, kind, label_sealed, verifier_hash, authority_mac, created_at, \
                   last_used_at, told_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (mailbox_id, tag) DO NOTHING";
    let params = [
        row.id.into(),
        row.mailbox.into(),
        Plain(&row.tag).into(),
        row.kind.into(),
        (&row.label).into(),
        (&row.verifier).into(),
        (&row.mac).into(),
        row.created_at.into(),
        row.last_used_at.into(),
        row.told_at.into(),
    ];
    Ok(conn.execute(sql, &params).await? > 0)
}

async fn insert_slot(conn: &mut Conn, row: &SlotRow) -> Result<(), Trouble> {
    let sql = "INSERT INTO slots (id, mailbox_id, device_id, public_key, secret_sealed, esk, quick_sealed, version, \
                   authority_mac, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let params = [
        row.id.into(),
        row.mailbox.into(),
        row.device.into(),
        (&row.public_key).into(),
        row.secret.as_ref().into(),
        row.esk.as_ref().into(),
        row.quick.as_ref().into(),
        row.version.into(),
        (&row.mac).into(),
        row.created_at.into(),
    ];
    conn.execute(sql, &params).await.map(|_| ())
}

async fn insert_folder(conn: &mut Conn, row: &FolderRow) -> Result<(), Trouble> {
    let sql = "INSERT INTO folders (id, mailbox_id, role, name_sealed, uid_validity, uid_next, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let params = [
        row.id.into(),
        row.mailbox.into(),
        row.role.into(),
        row.name.as_ref().into(),
        row.uid_validity.into(),
        row.uid_next.into(),
        row.created_at.into(),
    ];
    conn.execute(sql, &params).await.map(|_| ())
}

pub(super) fn mailbox_row(row: &Row) -> Result<MailboxRow, Trouble> {
    Ok(MailboxRow {
        id: row.read("id")?,
        practice: row.read("practice_id")?,
        address: row.read("address")?,
        name: row.read("name")?,
        kind: row.read("kind")?,
        state: row.read("state")?,
        sent: row.read("sent")?,
        certificate: row.read("certificate")?,
        secret: row.read("secret_sealed")?,
        version: row.read("version")?,
        renewal_due_at: row.read_opt("renewal_due_at")?,
        mac: row.read("authority_mac")?,
        created_at: row.read("created_at")?,
    })
}

pub(super) fn device_row(row: &Row) -> Result<DeviceRow, Trouble> {
    Ok(DeviceRow {
        id: row.read("id")?,
        mailbox: row.read("mailbox_id")?,
        tag: row.read("tag")?,
        kind: row.read("kind")?,
        label: row.read("label_sealed")?,
        verifier: row.read("verifier_hash")?,
        mac: row.read("authority_mac")?,
        created_at: row.read("created_at")?,
        last_used_at: row.read_opt("last_used_at")?,
        told_at: row.read_opt("told_at")?,
    })
}

pub(super) fn slot_row(row: &Row) -> Result<SlotRow, Trouble> {
    Ok(SlotRow {
        id: row.read("id")?,
        mailbox: row.read("mailbox_id")?,
        device: row.read_opt("device_id")?,
        public_key: row.read("public_key")?,
        secret: row.read_opt("secret_sealed")?,
        esk: row.read_opt("esk")?,
        quick: row.read_opt("quick_sealed")?,
        version: row.read("version")?,
        mac: row.read("authority_mac")?,
        created_at: row.read("created_at")?,
    })
}

fn folder_row(row: &Row) -> Result<FolderRow, Trouble> {
    Ok(FolderRow {
        id: row.read("id")?,
        mailbox: row.read("mailbox_id")?,
        role: row.read("role")?,
        name: row.read_opt("name_sealed")?,
        uid_validity: row.read("uid_validity")?,
        uid_next: row.read("uid_next")?,
        created_at: row.read("created_at")?,
    })
}
