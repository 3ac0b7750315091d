//! Whom a delivery is for, and when what somebody proved for one is proof for another.

use crate::domain::{BirthDate, Coordinates, Fault, PatientId, PracticeId};
use crate::store::deliveries::DeliveryRow;

use super::Access;

/// Whom a delivery is for, as it holds that sealed.
pub(super) struct Person {
    pub(super) practice: PracticeId,
    /// In the directory, where they are known.
    pub(super) patient: Option<PatientId>,
    pub(super) coordinates: Coordinates,
}

impl Person {
    /// Whom a delivery is for, its coordinates being opened.
    pub(super) fn of(row: &DeliveryRow, coordinates: Coordinates) -> Self {
        Self { practice: row.practice, patient: row.patient, coordinates }
    }

    /// Whether who was let in as this person is let in as the other without another code: the same practice, address,
    /// number and person of the directory, and no birth date that was not asked for before.
    pub(super) fn is_proof_for(&self, other: &Self) -> bool {
        let (known, to) = (&self.coordinates, &other.coordinates);
        let same = known.address == to.address && known.number == to.number && self.patient == other.patient;
        // No more stands open than was asked for: an older letter may have been opened by its code alone.
        let born = |asked: BirthDate| known.birth_date.is_some_and(|told| told.same(&asked));
        self.practice == other.practice && same && to.birth_date.is_none_or(born)
    }
}

impl Access {
    /// Whom a delivery is for; `None` for a row without authority, or without coordinates.
    pub(super) fn person_of(&self, row: &DeliveryRow) -> Result<Option<Person>, Fault> {
        let Some(sealed) = row.coordinates.as_ref().filter(|_| self.vault.holds(row, &row.mac)) else {
            return Ok(None);
        };
        Ok(Some(Person::of(row, self.vault.open_coordinates(row.id, sealed)?)))
    }
}
