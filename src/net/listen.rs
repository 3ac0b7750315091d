//! The accept loop of every door.
//!
//! It counts connections in all and from one address (an IPv6 network of 64 bits counts as one), waits when
//! the process is out of file descriptors, and hands each connection to a task of its own.

use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::{Tls, TlsStream};

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
    listener: TcpListener,
    tls: Tls,
    alpn: &'static [&'static [u8]],
    limits: Limits,
    stop: watch::Receiver<bool>,
    handler: F,
) where
    F: Fn(TlsStream, SocketAddr) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let (tls, handler) = (tls.with_alpn(alpn), Arc::new(handler));
    serve_plain(listener, limits, stop, move |tcp, peer| {
        let (tls, handler) = (tls.clone(), handler.clone());
        async move {
            // A failed handshake is a scanner or an old client: nothing to tell anybody.
            match tls.accept(tcp).await {
                Ok(stream) => handler(stream, peer).await,
                Err(error) => tracing::debug!(kind = ?error.kind(), "handshake failed"),
            }
        }
    })
    .await;
}

/// Serves a door that begins in clear (STARTTLS): the same loop without the handshake.
pub async fn serve_plain<F, Fut>(listener: TcpListener, limits: Limits, mut stop: watch::Receiver<bool>, handler: F)
where
    F: Fn(TcpStream, SocketAddr) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let gate = Gate::new(limits);
    let mut tasks = JoinSet::new();
    loop {
        while tasks.try_join_next().is_some() {}
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            accepted = accept(&listener, &gate) => accepted,
        };
        let (tcp, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // ECONNABORTED and its like concern one connection; EMFILE and ENFILE everything.
                if !matches!(error.kind(), std::io::ErrorKind::ConnectionAborted | std::io::ErrorKind::Interrupted) {
                    tracing::warn!(kind = ?error.kind(), code = error.raw_os_error(), "cannot accept connections");
                    tokio::time::sleep(BACK_OFF).await;
                }
                continue;
            }
        };
        // Over the limit of its address: dropped without a word.
        let Some(place) = gate.enter(peer.ip(), place) else { continue };
        let _ = tcp.set_nodelay(true);
        let work = handler(tcp, peer);
        tasks.spawn(async move {
            work.await;
            drop(place);
        });
    }
    drop(listener);
    let all = async { while tasks.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, all).await;
}

/// Waits until `stop` is true, or nobody can say so any more.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The next connection, once there is room for one.
async fn accept(listener: &TcpListener, gate: &Gate) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    // Never closed, so the permit always comes.
    let permit = gate.all.clone().acquire_owned().await.map_err(std::io::Error::other)?;
    let (tcp, peer) = listener.accept().await?;
    Ok((tcp, peer, permit))
}

/// Counts the connections of a door.
struct Gate {
    all: Arc<Semaphore>,
    per_address: usize,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Gate {
    fn new(limits: Limits) -> Self {
        Self {
            all: Arc::new(Semaphore::new(limits.connections.clamp(1, Semaphore::MAX_PERMITS))),
            per_address: limits.per_address,
            counts: Arc::default(),
        }
    }

    fn enter(&self, address: IpAddr, permit: OwnedSemaphorePermit) -> Option<Place> {
        let address = network(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_insert(0);
        if *count >= self.per_address {
            return None;
        }
        *count += 1;
        Some(Place { address, counts: self.counts.clone(), _permit: permit })
    }
}

/// A connection's place; given back when it goes, however it ends.
struct Place {
    address: IpAddr,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// What counts as one address: a v4 address, or the 64 bits that one v6 customer gets (RFC 6177).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

/// After an error of the whole process.
const BACK_OFF: Duration = Duration::from_millis(200);
/// How long handlers may finish their work after the stop.
const GRACE: Duration = Duration::from_secs(10);
