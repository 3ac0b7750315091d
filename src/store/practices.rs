//! Practices and their domains.

use crate::domain::{DomainName, Fault, KeyedHash, PracticeId, Sealed, Timestamp};

use super::{Store, Tx};

/// A row of `practices`.
#[derive(Debug, Clone)]
pub struct PracticeRow {
    /// Its id.
    pub id: PracticeId,
    /// The administrator's name for it, hashed: unique.
    pub name_hash: KeyedHash,
    /// The profile, sealed at (practices, id, profile).
    pub profile: Sealed,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A row of `domains`.
#[derive(Debug, Clone)]
pub struct DomainRow {
    /// Its name.
    pub name: DomainName,
    /// Whose it is.
    pub practice: PracticeId,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Store {
    /// All practices, oldest first.
    pub async fn practices(&self) -> Result<Vec<PracticeRow>, Fault> {
        unimplemented!()
    }
    /// One practice.
    pub async fn practice(&self, _id: PracticeId) -> Result<Option<PracticeRow>, Fault> {
        unimplemented!()
    }
    /// The practice of that name.
    pub async fn practice_named(&self, _name: &KeyedHash) -> Result<Option<PracticeRow>, Fault> {
        unimplemented!()
    }
    /// All domains, by name.
    pub async fn domains(&self) -> Result<Vec<DomainRow>, Fault> {
        unimplemented!()
    }
    /// One domain.
    pub async fn domain(&self, _name: &DomainName) -> Result<Option<DomainRow>, Fault> {
        unimplemented!()
    }
}

impl Tx {
    /// Inserts a practice; `false` when the name is taken.
    pub async fn insert_practice(&mut self, _row: &PracticeRow) -> Result<bool, Fault> {
        unimplemented!()
    }
    /// Replaces name and profile.
    pub async fn update_practice(
        &mut self,
        _id: PracticeId,
        _name: &KeyedHash,
        _profile: &Sealed,
    ) -> Result<bool, Fault> {
        unimplemented!()
    }
    /// Removes a practice that owns no domain, mailbox, patient or delivery; `false` when it does.
    pub async fn delete_practice(&mut self, _id: PracticeId) -> Result<bool, Fault> {
        unimplemented!()
    }
    /// Inserts a domain; `false` when it exists.
    pub async fn insert_domain(&mut self, _row: &DomainRow) -> Result<bool, Fault> {
        unimplemented!()
    }
}
