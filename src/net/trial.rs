//! Trial certificates for `init` and `demo`: a small authority of their own and one server certificate.
//!
//! P-256 (every client knows it). The authority's key is used once and dropped: nothing else is ever signed
//! with it, so trusting its certificate trusts this one server.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use zeroize::Zeroizing;

use crate::domain::Timestamp;

/// What `init` writes to `certs/`.
pub struct Trial {
    /// The authority's certificate, to be given to clients (PEM).
    pub authority: String,
    /// The server's certificate and the authority's (PEM).
    pub chain: String,
    /// The server's key (PEM).
    pub key: Zeroizing<String>,
}

/// A certificate for these names (host names or IP addresses), good for 397 days from a day before `now`.
///
/// # Errors
/// One clear line: a name that cannot stand in a certificate.
pub fn issue(names: &[&str], now: Timestamp) -> Result<Trial, String> {
    let refused = |error: rcgen::Error| format!("no trial certificate can be made: {error}");
    let day = |offset: i64| {
        let at = jiff::Timestamp::from_millisecond(now.0.saturating_add(offset * 86_400_000)).unwrap_or_default();
        let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
        let (month, day) = (u8::try_from(date.month()).unwrap_or(1), u8::try_from(date.day()).unwrap_or(1));
        rcgen::date_time_ymd(i32::from(date.year()), month, day)
    };

    let mut authority = CertificateParams::new(Vec::new()).map_err(refused)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.distinguished_name.push(DnType::CommonName, "Pli trial authority");
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (authority.not_before, authority.not_after) = (day(-1), day(396));
    let authority_key = KeyPair::generate().map_err(refused)?;
    let authority_pem = authority.self_signed(&authority_key).map_err(refused)?.pem();
    let issuer = Issuer::new(authority, authority_key);

    let mut server =
        CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).map_err(refused)?;
    server.distinguished_name.push(DnType::CommonName, *names.first().unwrap_or(&"localhost"));
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (server.not_before, server.not_after) = (day(-1), day(396));
    let server_key = KeyPair::generate().map_err(refused)?;
    let server_pem = server.signed_by(&server_key, &issuer).map_err(refused)?.pem();

    Ok(Trial {
        chain: format!("{server_pem}{authority_pem}"),
        authority: authority_pem,
        key: Zeroizing::new(server_key.serialize_pem()),
    })
}
