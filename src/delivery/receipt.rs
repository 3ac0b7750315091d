//! Receipts: the truth, back in the practitioner's INBOX.

use crate::domain::Fault;
use crate::vault::Grant;

use super::Deliveries;

impl Deliveries {
    /// Notes an opening of the message page; the first one deposits a receipt to the sender.
    /// `subject` is the letter's own, for "Re: …"; `files` how many files the letter has.
    pub async fn opened(&self, _grant: &Grant, _subject: &str, _files: usize) -> Result<(), Fault> {
        unimplemented!()
    }
    /// Notes that file `number` of `of` was given out whole.
    pub async fn downloaded(&self, _grant: &Grant, _number: usize, _of: usize) -> Result<(), Fault> {
        unimplemented!()
    }
}
