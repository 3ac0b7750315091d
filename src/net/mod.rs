//! The frame around the doors: TLS and listening.
//!
//! rustls with aws-lc-rs; TLS 1.2 and 1.3 with the suites of the ANSSI guide, X25519MLKEM768 first. One
//! accept loop serves every TLS door: it bounds connections, gives a handshake ten seconds, and stops when told.

use std::future::Future;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A TLS connection as the doors see it.
pub type TlsStream = tokio_rustls::server::TlsStream<TcpStream>;

/// The certificates of this server, chosen by server name; changed files are taken up within a minute.
#[derive(Clone)]
pub struct Tls {/* H5 */}

impl Tls {
    /// The TLS side of an accepted connection (used by doors that begin in clear, after STARTTLS).
    ///
    /// # Errors
    /// What the handshake says.
    pub async fn accept(&self, _tcp: TcpStream) -> std::io::Result<TlsStream> {
        unimplemented!()
    }
}

/// Says which protocol version a connection speaks, for Received fields: `TLSv1.3`.
pub fn version(_stream: &TlsStream) -> &'static str {
    unimplemented!()
}

/// How many connections a door takes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// In all.
    pub connections: usize,
    /// From one address.
    pub per_address: usize,
}

/// Serves a door with implicit TLS until `stop` turns true: accepts, shakes hands (10 s), calls `handler` in a task of its own.
/// Returns once no handler runs any more, or after `stop` and ten seconds.
pub async fn serve<F, Fut>(
    _listener: TcpListener,
    _tls: Tls,
    _alpn: &'static [&'static [u8]],
    _limits: Limits,
    _stop: watch::Receiver<bool>,
    _handler: F,
) where
    F: Fn(TlsStream, SocketAddr) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    unimplemented!()
}

/// Serves a door that begins in clear (STARTTLS): the same loop without the handshake.
pub async fn serve_plain<F, Fut>(_listener: TcpListener, _limits: Limits, _stop: watch::Receiver<bool>, _handler: F)
where
    F: Fn(TcpStream, SocketAddr) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    unimplemented!()
}
