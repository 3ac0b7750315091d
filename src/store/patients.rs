//! The directory of a practice: sealed records found by keyed hashes.

use crate::domain::{Fault, KeyedHash, PatientId, PatientKind, PracticeId, Sealed, Timestamp};

use super::value::{Row, Trouble};
use super::{Store, Tx};

/// A row of `patients`.
#[derive(Debug, Clone)]
pub struct PatientRow {
    /// Its id.
    pub id: PatientId,
    /// In whose directory.
    pub practice: PracticeId,
    /// Who the person is to the practice.
    pub kind: PatientKind,
    /// For whom this person reads. It only finds: what is sealed decides.
    pub ward: Option<PatientId>,
    /// The record, sealed at (patients, id, record, version).
    pub record: Sealed,
    /// Keyed hash of the address, within the practice.
    pub address_hash: KeyedHash,
    /// Keyed hash of the number, within the practice.
    pub number_hash: KeyedHash,
    /// Counts changes.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

impl Store {
    /// All persons of a practice, oldest first.
    pub async fn patients(&self, practice: PracticeId) -> Result<Vec<PatientRow>, Fault> {
        let sql = "SELECT id, practice_id, kind, ward_id, record_sealed, address_hash, number_hash, version, \
                   created_at, updated_at \
                   FROM patients WHERE practice_id = $1 ORDER BY created_at, id";
        Ok(self.rows(sql, &[practice.into()]).await?.iter().map(patient_row).collect::<Result<_, _>>()?)
    }

    /// One person.
    pub async fn patient(&self, id: PatientId) -> Result<Option<PatientRow>, Fault> {
        let sql = "SELECT id, practice_id, kind, ward_id, record_sealed, address_hash, number_hash, version, \
                   created_at, updated_at \
                   FROM patients WHERE id = $1";
        Ok(self.row(sql, &[id.into()]).await?.as_ref().map(patient_row).transpose()?)
    }

    /// The persons of a practice with that address.
    pub async fn patients_at(&self, practice: PracticeId, address: &KeyedHash) -> Result<Vec<PatientRow>, Fault> {
        let sql = "SELECT id, practice_id, kind, ward_id, record_sealed, address_hash, number_hash, version, \
                   created_at, updated_at \
                   FROM patients WHERE practice_id = $1 AND address_hash = $2 ORDER BY created_at, id";
        let rows = self.rows(sql, &[practice.into(), address.into()]).await?;
        Ok(rows.iter().map(patient_row).collect::<Result<_, _>>()?)
    }

    /// The persons of a practice with that number.
    pub async fn patients_calling(&self, practice: PracticeId, number: &KeyedHash) -> Result<Vec<PatientRow>, Fault> {
        let sql = "SELECT id, practice_id, kind, ward_id, record_sealed, address_hash, number_hash, version, \
                   created_at, updated_at \
                   FROM patients WHERE practice_id = $1 AND number_hash = $2 ORDER BY created_at, id";
        let rows = self.rows(sql, &[practice.into(), number.into()]).await?;
        Ok(rows.iter().map(patient_row).collect::<Result<_, _>>()?)
    }

    /// Those who read for a person, oldest first.
    pub async fn patients_for(&self, ward: PatientId) -> Result<Vec<PatientRow>, Fault> {
        let sql = "SELECT id, practice_id, kind, ward_id, record_sealed, address_hash, number_hash, version, \
                   created_at, updated_at FROM patients WHERE ward_id = $1 ORDER BY created_at, id";
        Ok(self.rows(sql, &[ward.into()]).await?.iter().map(patient_row).collect::<Result<_, _>>()?)
    }
}

impl Tx {
    /// Inserts a person.
    pub async fn insert_patient(&mut self, row: &PatientRow) -> Result<(), Fault> {
        let sql = "INSERT INTO patients (id, practice_id, kind, record_sealed, address_hash, number_hash, version, created_at, \
                   updated_at, ward_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let params = [
            row.id.into(),
            row.practice.into(),
            row.kind.into(),
            (&row.record).into(),
            (&row.address_hash).into(),
            (&row.number_hash).into(),
            row.version.into(),
            row.created_at.into(),
            row.updated_at.into(),
            row.ward.into(),
        ];
        self.conn.execute(sql, &params).await?;
        Ok(())
    }

    /// Replaces a person whose version is one less than the row's; `false` when somebody was quicker.
    pub async fn update_patient(&mut self, row: &PatientRow) -> Result<bool, Fault> {
        let sql = "UPDATE patients SET kind = $2, record_sealed = $3, address_hash = $4, number_hash = $5, \
                   version = $6, updated_at = $7 WHERE id = $1 AND version = $6 - 1 AND practice_id = $8";
        let params = [
            row.id.into(),
            row.kind.into(),
            (&row.record).into(),
            (&row.address_hash).into(),
            (&row.number_hash).into(),
            row.version.into(),
            row.updated_at.into(),
            row.practice.into(),
        ];
        self.forget_browsers_of_patient(row.id).await?;
        Ok(self.conn.execute(sql, &params).await? > 0)
    }

    /// Removes a person, and whoever reads for them; `false` when there is none.
    pub async fn delete_patient(&mut self, id: PatientId) -> Result<bool, Fault> {
        self.forget_browsers_of_patient(id).await?;
        self.conn.execute("DELETE FROM patients WHERE ward_id = $1", &[id.into()]).await?;
        Ok(self.conn.execute("DELETE FROM patients WHERE id = $1", &[id.into()]).await? > 0)
    }
}

pub(super) fn patient_row(row: &Row) -> Result<PatientRow, Trouble> {
    Ok(PatientRow {
        id: row.read("id")?,
        practice: row.read("practice_id")?,
        kind: row.read("kind")?,
        ward: row.read_opt("ward_id")?,
        record: row.read("record_sealed")?,
        address_hash: row.read("address_hash")?,
        number_hash: row.read("number_hash")?,
        version: row.read("version")?,
        created_at: row.read("created_at")?,
        updated_at: row.read("updated_at")?,
    })
}
