//! Devices that owners are to be told of, and those whose announcement lies in INBOX.

use crate::domain::{DeviceId, DeviceKind, Fault, MailboxId, Sealed, Timestamp};

use super::mailboxes::{DeviceRow, SlotRow};
use super::value::{Row, Trouble};
use super::{Store, Tx};

/// A device of which nobody was told.
#[derive(Debug, Clone)]
pub struct Untold {
    /// Which.
    pub device: DeviceId,
    /// Whose.
    pub mailbox: MailboxId,
    /// What it opens.
    pub kind: DeviceKind,
    /// Label and person, sealed at (devices, id, label).
    pub label: Sealed,
    /// Whether it can read.
    pub reads: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Store {
    /// Devices of which their mailboxes' owners were not told, oldest first.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn untold_devices(&self) -> Result<Vec<Untold>, Fault> {
        let sql = "SELECT d.id AS id, d.mailbox_id AS mailbox_id, d.kind AS kind, d.label_sealed AS label_sealed, \
                   d.created_at AS created_at, CAST(CASE WHEN s.esk IS NULL THEN 0 ELSE 1 END AS BIGINT) AS readable \
                   FROM devices d LEFT JOIN slots s ON s.device_id = d.id WHERE d.told_at IS NULL \
                   ORDER BY d.created_at, d.id LIMIT 500";
        let rows = self.rows(sql, &[]).await?;
        let read = |row: &Row| {
            Ok(Untold {
                device: row.read("id")?,
                mailbox: row.read("mailbox_id")?,
                kind: row.read("kind")?,
                label: row.read("label_sealed")?,
                reads: row.read::<i64>("readable")? == 1,
                created_at: row.read("created_at")?,
            })
        };
        Ok(rows.iter().map(read).collect::<Result<_, Trouble>>()?)
    }

    /// Devices of a mailbox that wait to read and were announced to its owner before `now`, with their slots.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn announced(&self, mailbox: MailboxId, now: Timestamp) -> Result<Vec<(DeviceRow, SlotRow)>, Fault> {
        let sql = "SELECT d.id FROM devices d JOIN slots s ON s.device_id = d.id \
                   WHERE s.mailbox_id = $1 AND s.esk IS NULL AND d.told_at < $2 ORDER BY d.created_at, d.id";
        let mut all = Vec::new();
        for row in self.rows(sql, &[mailbox.into(), now.into()]).await? {
            let id: DeviceId = row.read("id")?;
            if let (Some(device), Some(slot)) = (self.device(id).await?, self.slot_of(id).await?) {
                all.push((device, slot));
            }
        }
        Ok(all)
    }
}

impl Tx {
    /// Notes that an owner is told of a device that can read, or not; `false` when that was done already, or is not so
    /// any more.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn device_told(&mut self, device: DeviceId, reads: bool, now: Timestamp) -> Result<bool, Fault> {
        let sql = "UPDATE devices SET told_at = $2 WHERE id = $1 AND told_at IS NULL AND CAST($3 AS BIGINT) = \
                   (SELECT COUNT(*) FROM slots WHERE device_id = $1 AND esk IS NOT NULL)";
        Ok(self.conn.execute(sql, &[device.into(), now.into(), i64::from(reads).into()]).await? > 0)
    }

    /// Has the owner told of a device once more.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn tell_again(&mut self, device: DeviceId) -> Result<(), Fault> {
        self.conn.execute("UPDATE devices SET told_at = NULL WHERE id = $1", &[device.into()]).await?;
        Ok(())
    }
}
