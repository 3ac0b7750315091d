//! The letter of the demonstration: what a mail client would send, with a real PDF.

use data_encoding::BASE64;

use crate::domain::Clock;

pub(super) const SUBJECT: &str = "Ordonnance de Mme Rossi";
pub(super) const FILE: &str = "ordonnance-rossi.pdf";
/// A word of the text, to be found on the page and nowhere on the disk.
pub(super) const BODY_WORD: &str = "paracétamol";
pub(super) const PDF: &[u8] = include_bytes!("../../../examples/ordonnance.pdf");

/// The message (RFC 5322, RFC 2045), with CRLF line ends.
pub(super) fn compose(clock: &dyn Clock) -> String {
    let now = jiff::Timestamp::from_millisecond(clock.now().0).unwrap_or_default();
    let date = jiff::fmt::rfc2822::to_string(&now.to_zoned(jiff::tz::TimeZone::UTC)).unwrap_or_default();
    let text = format!(
        "Chère Madame,\r\n\r\nVoici votre ordonnance. Le {BODY_WORD} se prend au plus quatre fois par jour.\r\n\r\n\
         Bien à vous,\r\nDr Claire Martin\r\n"
    );
    format!(
        "From: Dr Claire Martin <{from}>\r\nTo: Jeanne Rossi <{to}>\r\nSubject: {SUBJECT}\r\nDate: {date}\r\n\
         Message-ID: <demonstration-1@{domain}>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"pli-demo\"\r\n\r\n\
         --pli-demo\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\
         --pli-demo\r\nContent-Type: application/pdf; name=\"{FILE}\"\r\n\
         Content-Disposition: attachment; filename=\"{FILE}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\
         --pli-demo--\r\n",
        lines(text.as_bytes()),
        lines(PDF),
        from = super::DOCTOR,
        to = super::PATIENT,
        domain = super::DOMAIN,
    )
}

/// Base64 in lines of 76 (RFC 2045 §6.8).
fn lines(octets: &[u8]) -> String {
    // 57 octets are 76 characters.
    octets.chunks(57).map(|chunk| BASE64.encode(chunk) + "\r\n").collect()
}
