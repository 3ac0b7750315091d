//! Certificates and handshakes (RFC 8446, RFC 5246 with AEAD suites only, RFC 6066 §3).
//!
//! Each `[[tls]]` is a chain and its key; the one whose certificate covers the server name is shown, else
//! the first. Changed files are taken up without dropping a connection; a bad new file is reported and the
//! old one kept. A key that others can read is refused.

use std::io::{Error, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, ProtocolVersion, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use super::validity::validity;
use crate::domain::Timestamp;

/// A TLS connection as the doors see it.
pub type TlsStream = tokio_rustls::server::TlsStream<TcpStream>;

/// The two files of one `[[tls]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain, the server's certificate first (PEM).
    pub certificate: PathBuf,
    /// Its private key (PEM).
    pub key: PathBuf,
}

/// The certificates of this server, chosen by server name; changed files are taken up within a minute.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    shown: Arc<Shown>,
    files: Arc<[CertificateFiles]>,
    names: Arc<[String]>,
}

impl Tls {
    /// Reads the certificates; each of `names` must be covered by one of them.
    ///
    /// # Errors
    /// One clear line: which file, or which name.
    pub fn open(files: &[CertificateFiles], names: &[&str]) -> Result<Self, String> {
        let names: Arc<[String]> = names.iter().map(|name| (*name).to_owned()).collect();
        let provider = Arc::new(provider());
        let read = read_all(files, &names, &provider)?;
        let shown = Arc::new(Shown { read: RwLock::new(Arc::new(read)), provider: provider.clone() });
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|_| "tls: this build has no cipher suite".to_owned())?
            .with_no_client_auth()
            .with_cert_resolver(shown.clone());
        Ok(Self { config: Arc::new(config), shown, files: files.into(), names })
    }

    /// The same certificates for a door that negotiates its protocol (RFC 7301).
    #[must_use]
    pub fn with_alpn(&self, protocols: &[&[u8]]) -> Self {
        let mut config = ServerConfig::clone(&self.config);
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Self { config: Arc::new(config), ..self.clone() }
    }

    /// Takes up files that changed since they were read; tells whether any had. Connections stay as they are.
    ///
    /// # Errors
    /// One clear line when a new file is not good; the old certificates stay in use.
    pub fn reload(&self) -> Result<bool, String> {
        let new = read_all(&self.files, &self.names, &self.shown.provider)?;
        let changed = {
            let old = self.shown.current();
            old.len() != new.len() || old.iter().zip(&new).any(|(a, b)| a.octets != b.octets)
        };
        if changed {
            *self.shown.read.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        }
        Ok(changed)
    }

    /// When the certificate ends that is shown for each name in use.
    pub fn ends(&self) -> Vec<(String, Timestamp)> {
        let read = self.shown.current();
        let end = |name: &String| {
            let one = read.iter().find(|one| covers(&one.key, name))?;
            let (_, ends) = validity(one.key.cert.first()?)?;
            Some((name.clone(), ends))
        };
        self.names.iter().filter_map(end).collect()
    }

    /// SHA-256, in hexadecimal, of the public key that is shown for a name (RFC 6698 §2.1: selector 1, matching type 1).
    ///
    /// # Errors
    /// One sentence, where no certificate covers the name.
    pub fn key_digest(&self, name: &str) -> Result<String, String> {
        let shown = self.certified(name)?;
        let public = shown.key.public_key().ok_or("the certificate's key does not show its public half")?;
        let digest = ::aws_lc_rs::digest::digest(&::aws_lc_rs::digest::SHA256, public.as_ref());
        Ok(data_encoding::HEXLOWER.encode(digest.as_ref()))
    }

    /// The certificate that is shown for a name, with its key.
    pub(super) fn certified(&self, name: &str) -> Result<Arc<CertifiedKey>, String> {
        let read = self.shown.current();
        let one = read.iter().find(|one| covers(&one.key, name));
        one.map(|one| one.key.clone()).ok_or_else(|| format!("no certificate of [[tls]] covers {name}"))
    }

    /// The TLS side of an accepted connection (used by doors that begin in clear, after STARTTLS).
    ///
    /// # Errors
    /// What the handshake says; [`ErrorKind::TimedOut`] after ten seconds.
    pub async fn accept(&self, tcp: TcpStream) -> std::io::Result<TlsStream> {
        let handshake = TlsAcceptor::from(self.config.clone()).accept(tcp);
        tokio::time::timeout(HANDSHAKE, handshake).await.unwrap_or_else(|_| Err(Error::from(ErrorKind::TimedOut)))
    }
}

/// Says which protocol version a connection speaks, for Received fields: `TLSv1.3`.
pub fn version(stream: &TlsStream) -> &'static str {
    match stream.get_ref().1.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "TLS",
    }
}

/// Makes our provider the one of the whole process, for the libraries that ask for a default. Once is enough.
pub fn install_provider() {
    // An error says that one is installed already: by an earlier server of the same process.
    let _ = provider().install_default();
}

/// Suites and groups of the ANSSI guide's annex A that are AEAD with forward secrecy, and the hybrid group first.
pub(super) fn provider() -> CryptoProvider {
    use aws_lc_rs::{cipher_suite as suite, kx_group as group};
    CryptoProvider {
        cipher_suites: vec![
            suite::TLS13_AES_256_GCM_SHA384,
            suite::TLS13_AES_128_GCM_SHA256,
            suite::TLS13_CHACHA20_POLY1305_SHA256,
            suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ],
        kx_groups: vec![group::X25519MLKEM768, group::X25519, group::SECP256R1, group::SECP384R1],
        ..aws_lc_rs::default_provider()
    }
}

/// The certificates in use, for rustls to choose from.
struct Shown {
    read: RwLock<Arc<Vec<Read>>>,
    provider: Arc<CryptoProvider>,
}

/// One `[[tls]]` as read. A changed file is told by the chain's octets and the key's time: no second copy of a
/// secret is kept.
struct Read {
    octets: (Vec<u8>, Option<std::time::SystemTime>),
    key: Arc<CertifiedKey>,
}

impl Shown {
    fn current(&self) -> Arc<Vec<Read>> {
        self.read.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shown(…)")
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let read = self.current();
        let by_name = hello.server_name().and_then(|name| read.iter().find(|one| covers(&one.key, name)));
        by_name.or_else(|| read.first()).map(|one| one.key.clone())
    }
}

fn read_all(files: &[CertificateFiles], names: &[String], provider: &CryptoProvider) -> Result<Vec<Read>, String> {
    if files.is_empty() {
        return Err("tls: no certificate is configured; add a [[tls]] with certificate and key".to_owned());
    }
    let read = files.iter().map(|files| read_one(files, provider)).collect::<Result<Vec<_>, _>>()?;
    match names.iter().find(|name| !read.iter().any(|one| covers(&one.key, name))) {
        None => Ok(read),
        Some(name) => Err(format!("tls: no certificate covers {name}, which is in use; add a [[tls]] for it")),
    }
}

fn read_one(files: &CertificateFiles, provider: &CryptoProvider) -> Result<Read, String> {
    let shown = |path: &Path| path.display().to_string();
    let octets = std::fs::read(&files.certificate)
        .map_err(|error| format!("tls.certificate {}: {}", shown(&files.certificate), error.kind()))?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&octets)
        .collect::<Result<_, _>>()
        .map_err(|_| format!("tls.certificate {}: not PEM certificates", shown(&files.certificate)))?;
    if chain.is_empty() {
        return Err(format!("tls.certificate {}: there is no certificate in it", shown(&files.certificate)));
    }
    let on_key = |what: &str| format!("tls.key {}: {what}", shown(&files.key));
    let metadata = std::fs::metadata(&files.key).map_err(|error| on_key(&error.kind().to_string()))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(on_key("others can read it; chmod 600"));
    }
    let pem = Zeroizing::new(std::fs::read(&files.key).map_err(|error| on_key(&error.kind().to_string()))?);
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| on_key("not a PEM private key"))?;
    let key = CertifiedKey::from_der(chain, key, provider)
        .map_err(|_| on_key("not the key of the certificate, or of a kind that is not supported"))?;
    Ok(Read { octets: (octets, metadata.modified().ok()), key: Arc::new(key) })
}

/// One `[[tls]]` as somebody finds it who looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateState {
    /// Which of the names in use it covers.
    pub names: Vec<String>,
    /// When its validity begins.
    pub begins: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
    /// Whether the chain leads to an authority that this machine trusts, at `now`; else what is wrong.
    pub trusted: Result<(), String>,
}

/// Looks at the certificates without serving them: one outcome for each of `files`, in order.
///
/// The error is one clear line, as [`Tls::open`] says it.
pub fn examine(files: &[CertificateFiles], names: &[&str], now: Timestamp) -> Vec<Result<CertificateState, String>> {
    let provider = Arc::new(provider());
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().ok();
    let one = |files: &CertificateFiles| {
        let read = read_one(files, &provider)?;
        let shown = || format!("tls.certificate {}", files.certificate.display());
        let (leaf, above) = read.key.cert.split_first().ok_or_else(|| format!("{}: is empty", shown()))?;
        let (begins, ends) = validity(leaf).ok_or_else(|| format!("{}: not a certificate", shown()))?;
        let names: Vec<String> =
            names.iter().filter(|name| covers(&read.key, name)).map(|name| (*name).to_owned()).collect();
        let name = names.first().and_then(|name| ServerName::try_from(name.clone()).ok());
        let seconds = u64::try_from(now.0 / 1000).unwrap_or(0);
        let trusted = match (&verifier, name) {
            (Some(verifier), Some(name)) => {
                let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
                verifier.verify_server_cert(leaf, above, &name, &[], at).map(drop).map_err(|error| match error {
                    rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
                        "no authority that this machine trusts signed it".to_owned()
                    }
                    other => other.to_string(),
                })
            }
            (None, _) => Err("this machine has no list of authorities".to_owned()),
            (_, None) => Err("it covers no name in use".to_owned()),
        };
        Ok(CertificateState { names, begins, ends, trusted })
    };
    files.iter().map(one).collect()
}

fn covers(key: &CertifiedKey, name: &str) -> bool {
    let Some(parsed) = key.cert.first().and_then(|der| ParsedCertificate::try_from(der).ok()) else { return false };
    ServerName::try_from(name).is_ok_and(|name| verify_server_name(&parsed, &name).is_ok())
}

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
