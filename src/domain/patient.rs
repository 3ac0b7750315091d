//! Persons of a practice's directory: kept sealed, found by keyed hashes.

use super::mailbox::words;
use super::{Address, Channel, Language, PhoneNumber};

words! {
    /// Who an outside person is to the practice.
    PatientKind {
        /// Receives care.
        Patient = "patient",
        /// Cares for one who does.
        Carer = "carer",
        /// Anybody else outside: a colleague, a laboratory, an insurer.
        Correspondent = "correspondent",
    }
}

/// What the directory knows of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientRecord {
    /// The name; empty when unknown. Personal data: the type's `Debug` shows nothing of it.
    pub name: PersonName,
    /// Where notices go.
    pub address: Address,
    /// Where codes go.
    pub number: PhoneNumber,
    /// The language of what they get, when known.
    pub language: Option<Language>,
    /// The channel they prefer, when known.
    pub channel: Option<Channel>,
}

/// A person's name.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PersonName(pub String);

impl std::fmt::Debug for PersonName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonName(…)")
    }
}

/// Where one delivery goes: copied, sealed, into the delivery's own row when it is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coordinates {
    /// Where the notice goes.
    pub address: Address,
    /// Where the code goes.
    pub number: PhoneNumber,
    /// The language of the person's record; `None` where the record names none, and the browser's, else the
    /// practice's, is spoken.
    pub language: Option<Language>,
    /// The channel to offer first, when the directory or the number tells.
    pub channel: Option<Channel>,
}
