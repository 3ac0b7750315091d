//! The client's side of TLS: the other server's certificate is verified, always.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::tls::provider;

/// A TLS connection to another server.
pub type ClientStream = tokio_rustls::client::TlsStream<TcpStream>;

/// Opens TLS to other servers.
#[derive(Clone)]
pub struct TlsClient(TlsConnector);

impl TlsClient {
    /// A client that trusts the authorities of this machine, or only those of a PEM file.
    ///
    /// # Errors
    /// One clear line: no authority, or not PEM.
    pub fn new(authorities: Option<&[u8]>) -> Result<Self, String> {
        match authorities {
            Some(pem) => Self::trusting(added(RootCertStore::empty(), pem)?),
            None => Self::trusting(of_this_machine()),
        }
    }

    /// A client that trusts the authorities of this machine, and those of a PEM file as well.
    ///
    /// # Errors
    /// As [`TlsClient::new`].
    pub fn with_further(authorities: Option<&[u8]>) -> Result<Self, String> {
        Self::trusting(added(of_this_machine(), authorities.unwrap_or_default())?)
    }

    fn trusting(roots: RootCertStore) -> Result<Self, String> {
        if roots.is_empty() {
            return Err("no certificate of an authority is there to trust".to_owned());
        }
        let config = ClientConfig::builder_with_provider(Arc::new(provider()))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|_| "this build has no cipher suite".to_owned())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// The TLS side of a connection, to the host of this name.
    ///
    /// # Errors
    /// One clear line: what is wrong with the certificate, or that nobody answered within ten seconds.
    pub async fn connect(&self, tcp: TcpStream, host: &str) -> Result<ClientStream, String> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| "not a name of a host".to_owned())?;
        match tokio::time::timeout(HANDSHAKE, self.0.connect(name, tcp)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(format!("no TLS: {error}")),
            Err(_) => Err("no TLS: nobody answered in time".to_owned()),
        }
    }
}

fn of_this_machine() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn added(mut roots: RootCertStore, pem: &[u8]) -> Result<RootCertStore, String> {
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| "not PEM certificates".to_owned())?;
        roots.add(certificate).map_err(|_| "not a certificate of an authority".to_owned())?;
    }
    Ok(roots)
}

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
