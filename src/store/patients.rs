//! The directory of a practice: sealed records found by keyed hashes.

use crate::domain::{Fault, KeyedHash, PatientId, PatientKind, PracticeId, Sealed, Timestamp};

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
    pub async fn patients(&self, _practice: PracticeId) -> Result<Vec<PatientRow>, Fault> {
        unimplemented!()
    }
    /// One person.
    pub async fn patient(&self, _id: PatientId) -> Result<Option<PatientRow>, Fault> {
        unimplemented!()
    }
    /// The persons of a practice with that address.
    pub async fn patients_at(&self, _practice: PracticeId, _address: &KeyedHash) -> Result<Vec<PatientRow>, Fault> {
        unimplemented!()
    }
    /// The persons of a practice with that number.
    pub async fn patients_calling(&self, _practice: PracticeId, _number: &KeyedHash) -> Result<Vec<PatientRow>, Fault> {
        unimplemented!()
    }
}

impl Tx {
    /// Inserts a person.
    pub async fn insert_patient(&mut self, _row: &PatientRow) -> Result<(), Fault> {
        unimplemented!()
    }
    /// Replaces a person whose version is one less than the row's; `false` when somebody was quicker.
    pub async fn update_patient(&mut self, _row: &PatientRow) -> Result<bool, Fault> {
        unimplemented!()
    }
    /// Removes a person; `false` when there is none.
    pub async fn delete_patient(&mut self, _id: PatientId) -> Result<bool, Fault> {
        unimplemented!()
    }
}
