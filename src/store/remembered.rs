//! Browsers that patients had remembered.
//!
//! A row knows a person by the delivery whose code was typed in it. Whatever takes a letter of that practice to that
//! address away, or changes the person's record, deletes it in the same transaction.

use crate::domain::{DeliveryId, Fault, KeyedHash, MailboxId, PatientId, PracticeId, RememberedId, Sealed, Timestamp};

use super::sessions::SLACK;
use super::{Store, Tx};

/// A row of `remembered_browsers`.
#[derive(Debug, Clone)]
pub struct RememberedRow {
    /// Its id.
    pub id: RememberedId,
    /// Whose code was typed.
    pub delivery: DeliveryId,
    /// Keyed hash of the cookie.
    pub token: KeyedHash,
    /// The delivery's id, under the cookie: a row that somebody else wrote has none.
    pub proof: Sealed,
    /// When the code was typed.
    pub created_at: Timestamp,
    /// When the browser is forgotten.
    pub expires_at: Timestamp,
}

impl Store {
    /// The browser of a cookie, where it is remembered at `now`. One that begins later was made by a clock that has been
    /// set back since.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn remembered(&self, token: &KeyedHash, now: Timestamp) -> Result<Option<RememberedRow>, Fault> {
        let sql = "SELECT id, delivery_id, token_hash, proof_sealed, created_at, expires_at FROM remembered_browsers \
                   WHERE token_hash = $1 AND expires_at > $2 AND created_at <= $3";
        let params = [token.into(), now.into(), now.plus(SLACK).into()];
        let Some(row) = self.row(sql, &params).await? else { return Ok(None) };
        Ok(Some(RememberedRow {
            id: row.read("id")?,
            delivery: row.read("delivery_id")?,
            token: row.read("token_hash")?,
            proof: row.read("proof_sealed")?,
            created_at: row.read("created_at")?,
            expires_at: row.read("expires_at")?,
        }))
    }
}

impl Tx {
    /// Remembers a browser.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn insert_remembered(&mut self, row: &RememberedRow) -> Result<(), Fault> {
        let sql = "INSERT INTO remembered_browsers (id, delivery_id, token_hash, proof_sealed, created_at, expires_at) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let params = [
            row.id.into(),
            row.delivery.into(),
            (&row.token).into(),
            (&row.proof).into(),
            row.created_at.into(),
            row.expires_at.into(),
        ];
        self.conn.execute(sql, &params).await?;
        Ok(())
    }

    /// Whether a browser is still remembered; it stays so until the transaction ends.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn hold_remembered(&mut self, id: RememberedId) -> Result<bool, Fault> {
        let sql = "UPDATE remembered_browsers SET expires_at = expires_at WHERE id = $1";
        Ok(self.conn.execute(sql, &[id.into()]).await? == 1)
    }

    /// Forgets one browser.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn forget_browser(&mut self, id: RememberedId) -> Result<bool, Fault> {
        Ok(self.conn.execute("DELETE FROM remembered_browsers WHERE id = $1", &[id.into()]).await? > 0)
    }

    /// Forgets every browser that knows the address of a delivery, in its practice; `false` when there is none.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn forget_browsers_of(&mut self, delivery: DeliveryId) -> Result<bool, Fault> {
        let sql = "DELETE FROM remembered_browsers WHERE delivery_id IN (SELECT a.id FROM deliveries d \
                   JOIN deliveries a ON a.practice_id = d.practice_id AND a.address_hash = d.address_hash WHERE d.id = $1)";
        Ok(self.conn.execute(sql, &[delivery.into()]).await? > 0)
    }

    /// The same of all deliveries of a mailbox that were recalled at an instant.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn forget_browsers_of_recalled(&mut self, mailbox: MailboxId, at: Timestamp) -> Result<(), Fault> {
        let sql = "DELETE FROM remembered_browsers WHERE delivery_id IN (SELECT a.id FROM deliveries d \
                   JOIN deliveries a ON a.practice_id = d.practice_id AND a.address_hash = d.address_hash \
                   WHERE d.mailbox_id = $1 AND d.recalled_at = $2)";
        self.conn.execute(sql, &[mailbox.into(), at.into()]).await?;
        Ok(())
    }

    /// Forgets every browser that knows a person of the directory, or who reads for them.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn forget_browsers_of_patient(&mut self, patient: PatientId) -> Result<(), Fault> {
        let sql = "DELETE FROM remembered_browsers WHERE EXISTS \
                   (SELECT 1 FROM deliveries WHERE id = remembered_browsers.delivery_id AND (patient_id = $1 \
                   OR patient_id IN (SELECT id FROM patients WHERE ward_id = $1)))";
        self.conn.execute(sql, &[patient.into()]).await?;
        Ok(())
    }

    /// Forgets every browser that knows somebody of a practice.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn forget_browsers_of_practice(&mut self, practice: PracticeId) -> Result<(), Fault> {
        let sql = "DELETE FROM remembered_browsers WHERE EXISTS \
                   (SELECT 1 FROM deliveries WHERE id = remembered_browsers.delivery_id AND practice_id = $1)";
        self.conn.execute(sql, &[practice.into()]).await?;
        Ok(())
    }

    /// Forgets every browser.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn forget_all_browsers(&mut self) -> Result<(), Fault> {
        self.conn.execute("DELETE FROM remembered_browsers", &[]).await?;
        Ok(())
    }
}
