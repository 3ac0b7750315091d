//! Octets signed with the key of a certificate, as CMS SignedData with the octets inside (RFC 5652 §5, DER).
//!
//! A telephone shows a settings profile that is signed so as *verified*, by the name that the pages have. There is one
//! signer, SHA-2, and nothing to read back: the few lines that write DER are all there is of it.

use rustls::SignatureScheme;
use rustls::pki_types::CertificateDer;

use crate::domain::Timestamp;

use super::Tls;

/// Signs for a name, with whatever certificate covers it now. Cheap to clone.
#[derive(Clone)]
pub struct Signer {
    tls: Tls,
    name: String,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.name)
    }
}

impl Signer {
    /// One that signs as `name`.
    pub fn new(tls: Tls, name: &str) -> Self {
        Self { tls, name: name.to_owned() }
    }

    /// The octets, signed at a time; the chain stands beside the signature.
    ///
    /// # Errors
    /// One sentence, where no certificate covers the name or its key cannot sign so.
    pub fn sign(&self, octets: &[u8], now: Timestamp) -> Result<Vec<u8>, String> {
        let key = self.tls.certified(&self.name)?;
        let signer = key.key.choose_scheme(SCHEMES).ok_or("the certificate's key signs by nothing that CMS knows")?;
        let (digest, digest_name, signature_name) = named(signer.scheme()).ok_or("an unknown way to sign")?;
        let (issuer, serial) = key.cert.first().and_then(issued).ok_or("the certificate cannot be read")?;
        let at = generalized(now).ok_or("the time cannot be written")?;
        let hash = ::aws_lc_rs::digest::digest(digest, octets);
        // §11; DER orders a set by its octets (X.690 §11.6).
        let mut attributes = [
            attribute(CONTENT_TYPE, &tlv(OID, DATA)),
            attribute(SIGNING_TIME, &at),
            attribute(MESSAGE_DIGEST, &tlv(OCTETS, hash.as_ref())),
        ];
        attributes.sort();
        let attributes = attributes.concat();
        // §5.4: what is signed is a SET, what is written has a tag of its own.
        let signature = signer.sign(&tlv(SET, &attributes)).map_err(|_| "the certificate's key does not sign")?;
        let digest_name = tlv(SEQUENCE, &tlv(OID, digest_name));
        let signer_info = [
            tlv(INTEGER, &[1]),
            tlv(SEQUENCE, &[issuer, tlv(INTEGER, &serial)].concat()),
            digest_name.clone(),
            tlv(FIRST, &attributes),
            signature_name,
            tlv(OCTETS, &signature),
        ];
        let content = [tlv(OID, DATA), tlv(FIRST, &tlv(OCTETS, octets))];
        let certificates: Vec<u8> = key.cert.iter().flat_map(|one| one.as_ref().iter().copied()).collect();
        let signed = [
            tlv(INTEGER, &[1]),
            tlv(SET, &digest_name),
            tlv(SEQUENCE, &content.concat()),
            tlv(FIRST, &certificates),
            tlv(SET, &tlv(SEQUENCE, &signer_info.concat())),
        ];
        let signed = tlv(SEQUENCE, &signed.concat());
        Ok(tlv(SEQUENCE, &[tlv(OID, SIGNED_DATA), tlv(FIRST, &signed)].concat()))
    }
}

/// The digest of a way to sign, its name, and the AlgorithmIdentifier of the signature (RFC 3370, 5754).
fn named(scheme: SignatureScheme) -> Option<(&'static ::aws_lc_rs::digest::Algorithm, &'static [u8], Vec<u8>)> {
    use ::aws_lc_rs::digest::{SHA256, SHA384};
    let plain = |name: &[u8]| tlv(SEQUENCE, &tlv(OID, name));
    Some(match scheme {
        SignatureScheme::ECDSA_NISTP256_SHA256 => (&SHA256, SHA_256, plain(ECDSA_256)),
        SignatureScheme::ECDSA_NISTP384_SHA384 => (&SHA384, SHA_384, plain(ECDSA_384)),
        SignatureScheme::RSA_PKCS1_SHA256 => {
            (&SHA256, SHA_256, tlv(SEQUENCE, &[tlv(OID, RSA), tlv(NULL, &[])].concat()))
        }
        _ => return None,
    })
}

/// The issuer of a certificate as it stands there, and its serial number.
fn issued(certificate: &CertificateDer<'_>) -> Option<(Vec<u8>, Vec<u8>)> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some((parsed.issuer().as_raw().to_vec(), parsed.raw_serial().to_vec()))
}

/// UTCTime to 2049, GeneralizedTime after (§11.3).
fn generalized(now: Timestamp) -> Option<Vec<u8>> {
    let at = jiff::Timestamp::from_millisecond(now.0).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
    Some(match at.year() {
        1950..2050 => tlv(UTC_TIME, at.strftime("%y%m%d%H%M%SZ").to_string().as_bytes()),
        _ => tlv(GENERALIZED_TIME, at.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes()),
    })
}

fn attribute(name: &[u8], value: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &[tlv(OID, name), tlv(SET, value)].concat())
}

/// Tag, length in its shortest form, value (X.690 §8.1, §10.1).
fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(value.len()) {
        Ok(short @ 0..128) => out.push(short),
        _ => {
            let length = value.len().to_be_bytes();
            let length: Vec<u8> = length.into_iter().skip_while(|octet| *octet == 0).collect();
            out.push(0x80 | u8::try_from(length.len()).unwrap_or(8));
            out.extend(length);
        }
    }
    out.extend_from_slice(value);
    out
}

/// What readers of CMS verify; no public authority signs keys of other kinds.
const SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::RSA_PKCS1_SHA256,
];

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const NULL: u8 = 0x05;
const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// `[0]`, constructed.
const FIRST: u8 = 0xa0;

/// 1.2.840.113549.1.7.1
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
/// 1.2.840.113549.1.7.2
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
/// 1.2.840.113549.1.9.3
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
/// 1.2.840.113549.1.9.4
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
/// 1.2.840.113549.1.9.5
const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5];
/// 1.2.840.113549.1.1.1
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// 2.16.840.1.101.3.4.2.1
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
/// 2.16.840.1.101.3.4.2.2
const SHA_384: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2];
/// 1.2.840.10045.4.3.2
const ECDSA_256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
/// 1.2.840.10045.4.3.3
const ECDSA_384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::process::Command;

    use super::*;
    use crate::net::CertificateFiles;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    /// A signer with a key of a kind, as `rcgen` makes it or OpenSSL does.
    fn signer(folder: &Path, chain: &str, key: &str) -> Signer {
        let files = CertificateFiles { certificate: folder.join("chain.pem"), key: folder.join("key.pem") };
        std::fs::write(&files.certificate, chain).expect("written");
        std::fs::write(&files.key, key).expect("written");
        std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o600)).expect("closed");
        Signer::new(Tls::open(&[files], &["mail.cabinet.example"]).expect("opened"), "mail.cabinet.example")
    }

    /// Another implementation verifies it, against the authority and against one changed octet.
    fn verified(folder: &Path, signed: &[u8], authority: &Path) -> Option<Vec<u8>> {
        let file = folder.join("signed");
        std::fs::write(&file, signed).expect("written");
        let said = Command::new("openssl")
            .args(["cms", "-verify", "-inform", "DER", "-binary", "-purpose", "any", "-no_check_time", "-in"])
            .arg(&file)
            .arg("-CAfile")
            .arg(authority)
            .output();
        // Where there is no such program, the journey insists on it (`setup`).
        let said = said.ok()?;
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        Some(said.stdout)
    }

    #[test]
    fn what_is_signed_is_verified_by_another_implementation() {
        let octets = vec![b'<'; 70_000];
        let folder = tempfile::tempdir().expect("a folder");
        let trial = crate::net::trial::issue(&["mail.cabinet.example"], NOW).expect("issued");
        let authority = folder.path().join("ca.pem");
        std::fs::write(&authority, trial.authority.as_bytes()).expect("written");
        let signer = signer(folder.path(), &trial.chain, &trial.key);
        let signed = signer.sign(&octets, NOW).expect("signed");
        if let Some(read) = verified(folder.path(), &signed, &authority) {
            assert_eq!(read, octets);
        }
        assert!(Signer::new(signer.tls, "elsewhere.example").sign(&octets, NOW).is_err());
    }

    #[test]
    fn every_kind_of_key_signs() {
        for algorithm in [&["rsa:2048"][..], &["ec", "-pkeyopt", "ec_paramgen_curve:P-384"]] {
            let folder = tempfile::tempdir().expect("a folder");
            let path = |name: &str| folder.path().join(name);
            let made = Command::new("openssl")
                .args(["req", "-x509", "-nodes", "-days", "3650", "-subj", "/CN=Pli", "-addext"])
                .args(["subjectAltName=DNS:mail.cabinet.example", "-newkey"])
                .args(algorithm)
                .arg("-keyout")
                .arg(path("made.key"))
                .arg("-out")
                .arg(path("made.pem"))
                .output();
            let Ok(made) = made else { return };
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            let read = |name: &str| std::fs::read_to_string(path(name)).expect("read");
            let signer = signer(folder.path(), &read("made.pem"), &read("made.key"));
            let signed = signer.sign(b"<plist/>", NOW).expect("signed");
            let read = verified(folder.path(), &signed, &path("made.pem")).expect("openssl is there");
            assert_eq!(read, b"<plist/>", "{algorithm:?}");
        }
    }

    #[test]
    fn lengths_are_written_in_their_shortest_form() {
        let head =
            |length: usize| tlv(OCTETS, &vec![0; length])[..tlv(OCTETS, &vec![0; length]).len() - length].to_vec();
        assert_eq!(head(127), [4, 127]);
        assert_eq!(head(128), [4, 0x81, 128]);
        assert_eq!(head(256), [4, 0x82, 1, 0]);
    }
}
