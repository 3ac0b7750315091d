//! The key that signs notices (DKIM: RFC 6376; Ed25519: RFC 8463), and the record that says so in the DNS.
//!
//! mail-auth puts fields and body into their canonical form (relaxed/relaxed) and writes the field; the signature is
//! aws-lc's. An RSA key signs here and decrypts nothing (faults.md row 27 is about decryption).

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use data_encoding::BASE64;
use mail_auth::common::crypto::Algorithm;
use mail_auth::common::headers::{HeaderStream, HeaderWriter, Writable};
use mail_auth::dkim::Signature;
use zeroize::Zeroizing;

use crate::domain::{DomainName, Fault, Timestamp};

/// A signing key. Cheap to clone.
#[derive(Clone)]
pub struct DkimKey(Arc<Pair>);

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

impl std::fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &*self.0 {
            Pair::Rsa(_) => "DkimKey(rsa)",
            Pair::Ed25519(_) => "DkimKey(ed25519)",
        })
    }
}

/// What a key is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DkimKind {
    /// RSA of 2048 bits: every server verifies it.
    Rsa,
    /// Ed25519: short, and not verified everywhere yet.
    Ed25519,
}

impl DkimKey {
    /// A new key, as PEM (PKCS #8).
    ///
    /// # Errors
    /// A [`Fault`] of the library.
    pub fn make(kind: DkimKind) -> Result<Zeroizing<String>, Fault> {
        let cannot = || Fault::new("a key cannot be made");
        let der: Zeroizing<Vec<u8>> = match kind {
            DkimKind::Rsa => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| cannot())?;
                let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| cannot())?;
                Zeroizing::new(der.as_ref().to_vec())
            }
            DkimKind::Ed25519 => {
                let pair = Ed25519KeyPair::generate().map_err(|_| cannot())?;
                Zeroizing::new(pair.to_pkcs8v1().map_err(|_| cannot())?.as_ref().to_vec())
            }
        };
        let text = Zeroizing::new(BASE64.encode(&der));
        let mut pem = Zeroizing::new(String::with_capacity(2048));
        pem.push_str("-----BEGIN PRIVATE KEY-----\n");
        let mut rest = text.as_str();
        while let Some((line, after)) = rest.split_at_checked(64.min(rest.len())).filter(|(line, _)| !line.is_empty()) {
            pem.push_str(line);
            pem.push('\n');
            rest = after;
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        Ok(pem)
    }

    /// Reads a key's PEM: RSA of 2048 bits or more (PKCS #8 or PKCS #1), or Ed25519 (PKCS #8).
    ///
    /// # Errors
    /// A [`Fault`] for anything else.
    pub fn parse(pem: &str) -> Result<Self, Fault> {
        let refused = || Fault::new("not a key for DKIM: RSA of 2048 bits or more, or Ed25519, as PEM");
        let mut lines = pem.lines().map(str::trim).skip_while(|line| !line.starts_with("-----BEGIN "));
        let kind = lines.next().ok_or_else(refused)?;
        let body = Zeroizing::new(lines.take_while(|line| !line.starts_with("-----END ")).collect::<String>());
        let der = Zeroizing::new(BASE64.decode(body.as_bytes()).map_err(|_| refused())?);
        let pair = match kind {
            "-----BEGIN RSA PRIVATE KEY-----" => RsaKeyPair::from_der(&der).map(Box::new).map(Pair::Rsa),
            "-----BEGIN PRIVATE KEY-----" => RsaKeyPair::from_pkcs8(&der)
                .map(Box::new)
                .map(Pair::Rsa)
                .or_else(|_| Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map(Pair::Ed25519)),
            _ => return Err(refused()),
        };
        let pair = pair.map_err(|_| refused())?;
        if matches!(&pair, Pair::Rsa(pair) if pair.public_modulus_len() < 256) {
            return Err(refused());
        }
        Ok(Self(Arc::new(pair)))
    }

    /// What the TXT record at `<selector>._domainkey.<domain>` says (RFC 6376 §3.6.1).
    ///
    /// # Errors
    /// A [`Fault`] of the library.
    pub fn record(&self) -> Result<String, Fault> {
        match &*self.0 {
            Pair::Rsa(pair) => {
                let der = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key());
                let der = der.map_err(|_| Fault::new("a public key cannot be written"))?;
                Ok(format!("v=DKIM1; k=rsa; p={}", BASE64.encode(der.as_ref())))
            }
            Pair::Ed25519(pair) => Ok(format!("v=DKIM1; k=ed25519; p={}", BASE64.encode(pair.public_key().as_ref()))),
        }
    }

    /// The field DKIM-Signature that a message of ours gets in front: for a domain, under a selector. Nothing of the
    /// message may be changed after that.
    ///
    /// # Errors
    /// A [`Fault`] where it has no From, or the library fails.
    pub fn signature(
        &self,
        message: &[u8],
        (domain, selector): (&DomainName, &str),
        now: Timestamp,
    ) -> Result<Vec<u8>, Fault> {
        let mut fields = Fields(message);
        if !std::iter::from_fn(|| fields.next_header()).any(|(name, _)| name.eq_ignore_ascii_case(b"from")) {
            return Err(Fault::new("what is to be signed has no From"));
        }
        let mut signature = Signature {
            v: 1,
            a: self.algorithm(),
            d: domain.as_str().to_owned(),
            s: selector.to_owned(),
            h: SIGNED.map(str::to_owned).to_vec(),
            t: u64::try_from(now.0 / 1000).unwrap_or(0),
            ..Signature::default()
        };
        let (_, fields, names, body) = signature.canonicalize(Fields(message));
        let mut octets = Vec::with_capacity(message.len());
        body.write(&mut octets);
        signature.bh = digest(&SHA256, &octets).as_ref().to_vec();
        signature.h = names;
        octets.clear();
        fields.write(&mut octets);
        // Its own field stands last, without the signature and without an end of line (RFC 6376 §3.7).
        signature.write(&mut octets, false);
        signature.b = self.sign(&octets)?;
        Ok(signature.to_header().into_bytes())
    }

    fn algorithm(&self) -> Algorithm {
        match &*self.0 {
            Pair::Rsa(_) => Algorithm::RsaSha256,
            Pair::Ed25519(_) => Algorithm::Ed25519Sha256,
        }
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, Fault> {
        match &*self.0 {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), octets, &mut signature)
                    .map_err(|_| Fault::new("a notice cannot be signed"))?;
                Ok(signature)
            }
            // RFC 8463 §3: the hash is what is signed.
            Pair::Ed25519(pair) => Ok(pair.sign(digest(&SHA256, octets).as_ref()).as_ref().to_vec()),
        }
    }
}

/// The fields of a message of ours, and then its body.
struct Fields<'a>(&'a [u8]);

impl<'a> HeaderStream<'a> for Fields<'a> {
    fn next_header(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        if self.0.starts_with(b"\r\n") {
            return None;
        }
        // A line that begins with white space goes on with the field (RFC 5322 §2.2.3).
        let mut ends = memchr::memmem::find_iter(self.0, b"\r\n").map(|at| at + 2);
        let end = ends.find(|end| !matches!(self.0.get(*end), Some(b' ' | b'\t')))?;
        let (field, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        let colon = memchr::memchr(b':', field)?;
        Some((field.get(..colon)?, field.get(colon + 1..)?))
    }

    fn body(&mut self) -> &'a [u8] {
        self.0.strip_prefix(b"\r\n").unwrap_or_default()
    }
}

/// The fields of a notice and of an answer (RFC 6376 §5.4.1). One that is named once more than it is there cannot be
/// added by anybody later (§8.15): a second From, or an address for replies.
const SIGNED: [&str; 15] = [
    "From",
    "From",
    "To",
    "To",
    "Subject",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Reply-To",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
    "Content-Type",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(label: &str, der: &[u8]) -> String {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64.encode(der))
    }

    /// RFC 8463 §A.1 and §A.2: the seed, and the record that goes with it.
    #[test]
    fn the_key_of_rfc_8463_has_its_record() {
        let seed = BASE64.decode(b"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").expect("base64");
        // PKCS #8 as OpenSSL writes it: RFC 8410 §7.
        let head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        let key = DkimKey::parse(&pem("PRIVATE KEY", &[&head[..], &seed].concat())).expect("a key");
        let record = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        assert_eq!(key.record().expect("a record"), record);
        assert_eq!(format!("{key:?}"), "DkimKey(ed25519)");
    }

    #[test]
    fn keys_are_read_as_programs_write_them() {
        let made = DkimKey::make(DkimKind::Rsa).expect("a key");
        let record = DkimKey::parse(&made).expect("ours").record().expect("a record");
        assert!(record.starts_with("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"), "{record}");
        assert!(made.lines().all(|line| line.len() <= 64), "as other programs read it");
        let der = BASE64.decode(made.lines().filter(|line| !line.starts_with('-')).collect::<String>().as_bytes());
        let der = der.expect("base64");
        // PKCS #1 is what PKCS #8 has in it, behind the name of the algorithm (RFC 5208 §5).
        let old = DkimKey::parse(&pem("RSA PRIVATE KEY", &der[26..])).expect("PKCS #1");
        assert_eq!(old.record().expect("a record"), record);
        let crlf = format!("Bag Attributes\r\n{}", made.replace('\n', "\r\n"));
        assert_eq!(DkimKey::parse(&crlf).expect("the same").record().expect("a record"), record);
        for bad in [
            "",
            "hello",
            &made.replace("PRIVATE", "PUBLIC"),
            &made.replace("BEGIN PRIVATE", "BEGIN ENCRYPTED PRIVATE"),
            &pem("PRIVATE KEY", &der[..der.len() - 1]),
            &pem("PRIVATE KEY", b""),
            WEAK,
        ] {
            assert!(DkimKey::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_has_no_from_is_not_signed() {
        let key = DkimKey::parse(&DkimKey::make(DkimKind::Ed25519).expect("made")).expect("a key");
        let domain: DomainName = "cabinet.example".parse().expect("a name");
        let sign = |text: &str| key.signature(text.as_bytes(), (&domain, "pli"), Timestamp(1_800_000_000_000));
        for bad in ["", "\r\n", "Subject: x\r\n\r\nFrom: in the body\r\n", "From", "From: a@b.example"] {
            assert!(sign(bad).is_err(), "{bad}");
        }
        let field = String::from_utf8(sign("fRoM:\r\n a@b.example\r\n\r\nx\r\n").expect("signed")).expect("ASCII");
        assert!(
            field.starts_with("DKIM-Signature: v=1; a=ed25519-sha256; s=pli; d=cabinet.example; c=relaxed/relaxed;")
        );
        assert!(field.ends_with(";\r\n") && field.lines().skip(1).all(|line| line.starts_with('\t')), "{field}");
        assert!(field.lines().skip(1).all(|line| line.len() <= 78) && field.contains("t=1800000000;"), "{field}");
    }

    /// RFC 8301 §3.2: 1024 bits are few; this one is nobody's.
    const WEAK: &str = "-----BEGIN RSA PRIVATE KEY-----
MIICXAIBAAKBgQCfCdJfgptoF0tCdMZ98N9leQf0M+OnGrJAMFUgGeWG2++3YKDS
lywQ0SfffGsQFbbXH/ljW54etxkdlesvzm64fNpgEsrZyBdDGwO8l1dL19H54opD
EeGsGKevOvMdlySAMtkLxj9Rc6yCM1KMj7OfLZdVYMEgZ21dMlrZI8JRHQIDAQAB
AoGAep72BxIKhI1BR7IFwODRPcm9qjm/0v2wZfFeEOwmnn5BK6BjHzvTi/vXxGaH
ndVALknG3SasmX4O7VLEDQ4bKwgIEq28ZqOIQbjep3bKT2WcAwboQCsILuseNzfT
LUx6hIGI19Xyd78QM0TiztQjE5/18/ZAwzf9MmtbjzoPBzkCQQDTnOz/1NDoBXnG
tAWZGRFJhSLDZZagOurgbmYPIreBCtscmzQ5YY4Uxp72VDCMNEbZ94wO9HV5Chx3
soXPq7wHAkEAwGXGDQSVSwjk0DiR/eEjv2+kfpsoofY5lpfPo/6olAI7zH/12lQS
qR6ZHOIM51l9qPaILRCuK3macLhXmKJIuwJBAKgQkCI3kZtVDfyEaZXIVPSBKrTp
cBHd+UE6LRCEUB3K028KzRVtp3xUq1eUUeJoeoUOmEwgV1REdYuTW7ct++0CQES2
lGslzeQEgyPScGGJvOisCMWmyHY/qAWepmvdkXt66Lx6nuWgzSFVaj2khhNCJNzp
X20o3ets/LlxPOeoXe0CQEul1vnlWiUnCqeaee6v9jHoIUXelOT9q8WWi5FwiHZj
Fv91jp0Bg1ZYjh9/EiHnYInQ2ETnoCsxpm6JTWCLwJs=
-----END RSA PRIVATE KEY-----
";
}
