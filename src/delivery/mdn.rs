//! Receipts of reading that a sender asked for (Disposition-Notification-To): the receipt of the first opening, which
//! programs can read too (RFC 8098, RFC 6522).
//!
//! The question is heard where it names whoever submits, and the receipt goes to the submitting mailbox; what names
//! somebody else is ignored (R-S34). No letter of ours asks for one, and nobody answers an answer (RFC 3834 §2).

use crate::domain::{Address, ascii_address};
use crate::vault::Thread;

use super::Deliveries;
use super::header::Header;

impl Deliveries {
    /// What programs read of an opening (RFC 8098 §3.1): a person opened it by hand, and the server tells so unasked by
    /// them (§3.2.6).
    pub(super) fn disposition(&self, to: &Address, original: Option<&str>, thread: &Thread) -> String {
        let address = ascii_address(&to.reveal());
        let kind = if to.is_beyond_ascii() { "utf-8" } else { "rfc822" };
        let original = original.map(|original| format!("Original-Recipient: {original}\r\n")).unwrap_or_default();
        format!(
            "Reporting-UA: {}; Pli\r\n{original}Final-Recipient: {kind}; {address}\r\n\
             Original-Message-ID: {}\r\nDisposition: manual-action/MDN-sent-automatically; displayed\r\n",
            self.settings.hostname, thread.message_id
        )
    }
}

/// Whether a submission asks for a receipt of reading for one of these: whoever submits it, and whom it is from. A report
/// asks for none, whatever it says (RFC 8098 §2.1).
pub(super) fn asks(header: &Header<'_>, submitter: &Address, authors: &[Address]) -> bool {
    let is_report = header
        .values("content-type")
        .iter()
        .any(|kind| kind.get(..16).is_some_and(|start| start.eq_ignore_ascii_case("multipart/report")));
    let own = |to: &Address| to == submitter || authors.contains(to);
    !is_report && header.addresses("disposition-notification-to").iter().any(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whoever_submits_is_asked_for() {
        let asked = |fields: &str| {
            let octets = format!("{fields}\r\n\r\nx\r\n");
            let address = |text: &str| text.parse::<Address>().expect("an address");
            asks(&Header::read(octets.as_bytes()), &address("lab@cabinet.example"), &[address("dr.a@cabinet.example")])
        };
        for (fields, wanted) in [
            ("Disposition-Notification-To: Dr A <dr.a@cabinet.example>", true),
            ("Disposition-Notification-To: LAB@cabinet.example", true),
            ("Disposition-Notification-To: x@elsewhere.example,\r\n lab@cabinet.example", true),
            ("Disposition-Notification-To: x@elsewhere.example", false),
            ("Disposition-Notification-To: lab@cabinet.example@elsewhere.example", false),
            ("Disposition-Notification-To:", false),
            ("Subject: x", false),
            ("Content-Type: multipart/report; boundary=b\r\nDisposition-Notification-To: lab@cabinet.example", false),
        ] {
            assert_eq!(asked(fields), wanted, "{fields}");
        }
    }
}
