//! Which other addresses a mailbox, or one device of it, may write as.

use crate::domain::{DeviceId, Fault, Mac, MailboxId, SendAsId, Timestamp};

use super::value::{Plain, Row, Trouble};
use super::{Store, Tx};

/// A row of `send_as`.
#[derive(Debug, Clone)]
pub struct SendAsRow {
    /// Its id.
    pub id: SendAsId,
    /// Who may.
    pub mailbox: MailboxId,
    /// With which device; `None`: with every one.
    pub device: Option<DeviceId>,
    /// As whom: a local address, folded. Stands in clear.
    pub address: String,
    /// Authority over the row.
    pub mac: Mac,
    /// When it was allowed.
    pub created_at: Timestamp,
}

impl Store {
    /// What a mailbox may write as, by address.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn send_as(&self, mailbox: MailboxId) -> Result<Vec<SendAsRow>, Fault> {
        let sql = "SELECT id, mailbox_id, device_id, address, authority_mac, created_at FROM send_as \
                   WHERE mailbox_id = $1 ORDER BY address, id";
        Ok(self.rows(sql, &[mailbox.into()]).await?.iter().map(send_as_row).collect::<Result<_, Trouble>>()?)
    }

    /// What allows a device of a mailbox to write as an address.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn sends_as(&self, mailbox: MailboxId, device: DeviceId, address: &str) -> Result<Vec<SendAsRow>, Fault> {
        let sql = "SELECT id, mailbox_id, device_id, address, authority_mac, created_at FROM send_as \
                   WHERE mailbox_id = $1 AND address = $2 AND (device_id IS NULL OR device_id = $3) ORDER BY id";
        let params = [mailbox.into(), Plain(address).into(), device.into()];
        Ok(self.rows(sql, &params).await?.iter().map(send_as_row).collect::<Result<_, Trouble>>()?)
    }
}

impl Tx {
    /// Allows an address; `false` when it is allowed already.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn insert_send_as(&mut self, row: &SendAsRow) -> Result<bool, Fault> {
        let sql = "INSERT INTO send_as (id, mailbox_id, device_id, address, authority_mac, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let params = [
            row.id.into(),
            row.mailbox.into(),
            row.device.into(),
            Plain(&row.address).into(),
            (&row.mac).into(),
            row.created_at.into(),
        ];
        Ok(self.conn.execute(sql, &params).await? > 0)
    }

    /// Takes an address back from a mailbox and all its devices; `false` when none could use it.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn delete_send_as(&mut self, mailbox: MailboxId, address: &str) -> Result<bool, Fault> {
        let sql = "DELETE FROM send_as WHERE mailbox_id = $1 AND address = $2";
        Ok(self.conn.execute(sql, &[mailbox.into(), Plain(address).into()]).await? > 0)
    }
}

pub(super) fn send_as_row(row: &Row) -> Result<SendAsRow, Trouble> {
    Ok(SendAsRow {
        id: row.read("id")?,
        mailbox: row.read("mailbox_id")?,
        device: row.read_opt("device_id")?,
        address: row.read("address")?,
        mac: row.read("authority_mac")?,
        created_at: row.read("created_at")?,
    })
}
