//! A patient's open page: an hour from the last request, prolonged by a button, ended at will.

use crate::domain::{Fault, Language, PracticeProfile, SessionToken, Timestamp};
use crate::vault::Grant;

use super::Access;

/// An open page and the grant for this one request.
pub struct OpenSession {
    /// Opens the delivery, for this request.
    pub grant: Grant,
    /// The practice.
    pub practice: PracticeProfile,
    /// The language to begin in.
    pub language: Language,
    /// When the page closes by itself.
    pub expires_at: Timestamp,
    /// Until when the letter is kept.
    pub kept_until: Timestamp,
}

impl Access {
    /// The open page of a cookie; moves its end. `None`: ended, recalled, expired, never ours.
    pub async fn resume(&self, _token: &SessionToken) -> Result<Option<OpenSession>, Fault> {
        unimplemented!()
    }
    /// Adds an hour; returns the new end. `None` as above.
    pub async fn prolong(&self, _token: &SessionToken) -> Result<Option<Timestamp>, Fault> {
        unimplemented!()
    }
    /// Ends the page.
    pub async fn close(&self, _token: &SessionToken) -> Result<(), Fault> {
        unimplemented!()
    }
}
