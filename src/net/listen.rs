//! The accept loop of every door.
//!
//! It counts connections in all and from one address block, tells a few of those that find no place why, waits
//! when the process is out of file descriptors, and hands each connection to a task of its own.

use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::{Tls, TlsStream};
use crate::domain::{Lasting, address_block};

/// How many connections a door takes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// In all.
    pub connections: usize,
    /// From one address block.
    pub per_address: usize,
    /// What is said to a connection beyond.
    pub farewell: Farewell,
}

/// What is said to a connection that finds no place; nothing where it is empty.
pub type Farewell = fn(Crowd) -> &'static [u8];

/// Why a connection finds no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crowd {
    /// Its address block has as many as it may.
    Block,
    /// All places are taken.
    Everybody,
}

impl Limits {
    /// Limits of a door that says nothing to connections beyond.
    pub fn new(connections: usize, per_address: usize) -> Self {
        Self { connections, per_address, farewell: |_| b"" }
    }

    /// The same, with something to say.
    #[must_use]
    pub fn saying(self, farewell: Farewell) -> Self {
        Self { farewell, ..self }
    }
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
    let farewell = tls.clone();
    let served = move |tcp, peer| {
        let (tls, handler) = (tls.clone(), handler.clone());
        async move {
            // A failed handshake is a scanner or an old client: nothing to tell anybody.
            match tls.accept(tcp).await {
                Ok(stream) => handler(stream, peer).await,
                Err(error) => tracing::debug!(kind = ?error.kind(), "handshake failed"),
            }
        }
    };
    let turned_away = move |tcp, said| {
        let tls = farewell.clone();
        async move {
            if let Ok(stream) = tls.accept(tcp).await {
                say(stream, said).await;
            }
        }
    };
    accept_all(listener, limits, stop, served, turned_away).await;
}

/// Serves a door that begins in clear (STARTTLS): the same loop without the handshake.
pub async fn serve_plain<F, Fut>(listener: TcpListener, limits: Limits, stop: watch::Receiver<bool>, handler: F)
where
    F: Fn(TcpStream, SocketAddr) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    accept_all(listener, limits, stop, handler, say).await;
}

async fn accept_all<F, Fut, G, Gone>(
    listener: TcpListener,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
    handler: F,
    turn_away: G,
) where
    F: Fn(TcpStream, SocketAddr) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
    G: Fn(TcpStream, &'static [u8]) -> Gone + Send + Sync + 'static,
    Gone: Future<Output = ()> + Send + 'static,
{
    let gate = Gate::new(limits);
    let farewells = Arc::new(Semaphore::new(FAREWELLS));
    let mut tasks = JoinSet::new();
    let mut full = Lasting::default();
    loop {
        while tasks.try_join_next().is_some() {}
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            accepted = listener.accept() => accepted,
        };
        let (tcp, peer) = match accepted {
            Ok(accepted) => {
                if full.ends() {
                    tracing::info!("connections are accepted again");
                }
                accepted
            }
            Err(error) => {
                // ECONNABORTED and its like concern one connection; EMFILE and ENFILE everything.
                if !matches!(error.kind(), std::io::ErrorKind::ConnectionAborted | std::io::ErrorKind::Interrupted) {
                    if full.begins() {
                        let (kind, code) = (error.kind(), error.raw_os_error());
                        tracing::warn!(?kind, code, "cannot accept connections; tried again all the time");
                    }
                    tokio::time::sleep(BACK_OFF).await;
                }
                continue;
            }
        };
        let _ = tcp.set_nodelay(true);
        let place = match gate.enter(peer.ip()) {
            Ok(place) => place,
            Err(crowd) => {
                // A few are told; whoever comes in floods is dropped without a word, and costs no handshake.
                let said = (limits.farewell)(crowd);
                if !said.is_empty()
                    && let Ok(permit) = Arc::clone(&farewells).try_acquire_owned()
                {
                    let told = turn_away(tcp, said);
                    tasks.spawn(async move {
                        let _ = tokio::time::timeout(FAREWELL, told).await;
                        drop(permit);
                    });
                }
                continue;
            }
        };
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

/// The last word to a connection.
async fn say<S: AsyncWrite + Unpin>(mut stream: S, said: &'static [u8]) {
    if stream.write_all(said).await.is_ok() {
        let _ = stream.shutdown().await;
    }
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

    fn enter(&self, address: IpAddr) -> Result<Place, Crowd> {
        let permit = Arc::clone(&self.all).try_acquire_owned().map_err(|_| Crowd::Everybody)?;
        let address = address_block(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_insert(0);
        if *count >= self.per_address {
            return Err(Crowd::Block);
        }
        *count += 1;
        Ok(Place { address, counts: self.counts.clone(), _permit: permit })
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

/// How many connections are told at once that there is no place for them, and how long that may take.
const FAREWELLS: usize = 16;
const FAREWELL: Duration = Duration::from_secs(5);

/// After an error of the whole process.
const BACK_OFF: Duration = Duration::from_millis(200);
/// How long handlers may finish their work after the stop.
const GRACE: Duration = Duration::from_secs(10);
