//! Until when a certificate is valid (RFC 5280 §4.1.2.5).

use rustls::pki_types::CertificateDer;

use crate::domain::Timestamp;

/// When a certificate's validity begins and ends; `None` for what is no certificate.
pub(super) fn validity(certificate: &CertificateDer<'_>) -> Option<(Timestamp, Timestamp)> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let at = |seconds: i64| Timestamp(seconds.saturating_mul(1000));
    let validity = parsed.validity();
    Some((at(validity.not_before.timestamp()), at(validity.not_after.timestamp())))
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject;

    use super::*;

    #[test]
    fn the_end_of_a_certificate_is_read() {
        let now = Timestamp(1_800_000_000_000);
        let trial = crate::net::trial::issue(&["mail.cabinet.example"], now).expect("issued");
        let certificate = CertificateDer::from_pem_slice(trial.chain.as_bytes()).expect("a certificate");
        let (begins, ends) = validity(&certificate).expect("a validity");
        assert!(begins <= now && ends > now, "{begins:?} {ends:?}");
        assert!(validity(&CertificateDer::from(vec![1, 2, 3])).is_none());
    }
}
