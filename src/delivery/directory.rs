//! Practices, their domains, and the directory of persons.

use crate::domain::{
    DomainName, Fault, NumberFault, PatientId, PatientKind, PatientRecord, PhoneNumber, PracticeId, PracticeProfile,
    Timestamp,
};

use super::Deliveries;

/// Why a change of the directory is refused.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// What the administrator can mend, in one sentence.
    #[error("{0}")]
    Refused(String),
    /// Ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A practice as administrators see it.
#[derive(Debug, Clone)]
pub struct PracticeInfo {
    /// Its id.
    pub id: PracticeId,
    /// Its profile.
    pub profile: PracticeProfile,
    /// Its domains.
    pub domains: Vec<DomainName>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A person of a directory.
#[derive(Debug, Clone)]
pub struct PatientInfo {
    /// The id.
    pub id: PatientId,
    /// In whose directory.
    pub practice: PracticeId,
    /// Who the person is to the practice.
    pub kind: PatientKind,
    /// What is known.
    pub record: PatientRecord,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

impl Deliveries {
    /// Makes a practice. Checks region, neighbours, countries and time zone.
    pub async fn add_practice(&self, _profile: PracticeProfile) -> Result<PracticeId, DirectoryError> {
        unimplemented!()
    }
    /// All practices.
    pub async fn practices(&self) -> Result<Vec<PracticeInfo>, Fault> {
        unimplemented!()
    }
    /// One practice, by name or id; the only one where `name` is `None` and there is one.
    pub async fn practice(&self, _name: Option<&str>) -> Result<PracticeInfo, DirectoryError> {
        unimplemented!()
    }
    /// Replaces a practice's profile.
    pub async fn set_practice(&self, _id: PracticeId, _profile: PracticeProfile) -> Result<(), DirectoryError> {
        unimplemented!()
    }
    /// Removes an empty practice.
    pub async fn remove_practice(&self, _id: PracticeId) -> Result<(), DirectoryError> {
        unimplemented!()
    }
    /// Adds a domain to a practice.
    pub async fn add_domain(&self, _practice: PracticeId, _name: DomainName) -> Result<(), DirectoryError> {
        unimplemented!()
    }
    /// Reads a number as this practice writes it, and checks that codes may go there.
    pub fn read_number(&self, _practice: &PracticeProfile, _typed: &str) -> Result<PhoneNumber, NumberFault> {
        unimplemented!()
    }
    /// Adds a person. A number of the practice itself is refused.
    pub async fn add_patient(
        &self,
        _practice: PracticeId,
        _kind: PatientKind,
        _record: PatientRecord,
    ) -> Result<PatientId, DirectoryError> {
        unimplemented!()
    }
    /// All persons of a practice.
    pub async fn patients(&self, _practice: PracticeId) -> Result<Vec<PatientInfo>, Fault> {
        unimplemented!()
    }
    /// One person.
    pub async fn patient(&self, _id: PatientId) -> Result<PatientInfo, DirectoryError> {
        unimplemented!()
    }
    /// Replaces what is known of a person.
    pub async fn set_patient(
        &self,
        _id: PatientId,
        _kind: PatientKind,
        _record: PatientRecord,
    ) -> Result<(), DirectoryError> {
        unimplemented!()
    }
    /// Removes a person; deliveries that were made stay.
    pub async fn remove_patient(&self, _id: PatientId) -> Result<(), DirectoryError> {
        unimplemented!()
    }
    /// Notes in the journal that coordinates were shown unmasked.
    pub async fn note_reveal(&self, _patient: PatientId) -> Result<(), Fault> {
        unimplemented!()
    }
}
