//! The door of submission (RFC 6409): 465 with implicit TLS (RFC 8314), 587 with STARTTLS before anything else; and
//! the door for what comes back of notices, from any server, which takes that and nothing else.
//!
//! `line`, `command`, `auth`, `data` and `chunk` read octets; `machine` holds the rules of order, speaks with the
//! words of `reply` and asks what is in `request`; `driver` is the one file that waits; `verbs` is what is asked of the
//! other rooms.
//! Octets are read here and nowhere else: a message that two servers could read differently is refused
//! (fault 20), and a 250 needs a `QueueId`, which only a committed deposit gives.

pub mod auth;
pub mod body;
pub mod chunk;
pub mod command;
pub mod data;
pub mod driver;
pub mod line;
pub mod machine;
pub mod reply;
pub mod request;
pub mod verbs;

use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::domain::{Figures, MailboxId};
use crate::net::{self, Budget, Crowd, Limits, Shares, Tls};

pub use driver::{Ended, Session, Times};
pub use verbs::{Rooms, Verbs};

/// What this door needs to know of the server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name it greets with.
    pub hostname: String,
    /// How many octets the content of a message may have: `limits.message`.
    pub message_limit: usize,
    /// How many octets of messages may be in flight together: `limits.memory`. One mailbox may have a quarter.
    pub memory: usize,
    /// How many recipients a message may have: `limits.recipients`.
    pub recipients: usize,
}

impl Settings {
    /// The same on the wire, where base64 adds a third and its line ends a little: what SIZE says (R-C8).
    pub fn wire_limit(&self) -> usize {
        (self.message_limit / 100).saturating_mul(137).saturating_add(64 * 1024)
    }
}

/// What all sessions of the door share.
pub struct Door<V: Verbs = Rooms> {
    pub(crate) settings: Settings,
    pub(crate) verbs: V,
    pub(crate) times: Times,
    /// Never less than one message needs, or that message could not come in at all.
    pub(crate) memory: Shares<MailboxId>,
    pub(crate) figures: Figures,
}

impl<V: Verbs> Door<V> {
    /// A door before these verbs.
    pub fn new(settings: Settings, verbs: V) -> Self {
        // With what a message is granted in steps, each rounded up.
        let one = settings.wire_limit().saturating_add(64 * 1024);
        let memory = Shares::new(Budget::new(settings.memory.max(one), one));
        Self { settings, verbs, times: Times::default(), memory, figures: Figures::default() }
    }

    /// The same with other time limits.
    #[must_use]
    pub fn with_times(mut self, times: Times) -> Self {
        self.times = times;
        self
    }

    /// The same, counting here.
    #[must_use]
    pub fn with_figures(mut self, figures: Figures) -> Self {
        self.figures = figures;
        self
    }

    /// How many octets of memory messages hold now.
    pub fn used_memory(&self) -> usize {
        self.memory.budget().used()
    }

    /// How many octets of memory no message holds now.
    pub fn free_memory(&self) -> usize {
        self.memory.budget().free()
    }
}

/// Serves 465 until `stop` turns true.
pub async fn serve_submissions<V: Verbs>(
    listener: TcpListener,
    tls: Tls,
    limits: Limits,
    stop: watch::Receiver<bool>,
    door: Arc<Door<V>>,
) {
    let stopping = stop.clone();
    net::serve(listener, tls, &[], limits.saying(turned_away), stop, move |mut stream, peer| {
        let session = Session::secure(Arc::clone(&door), net::version(&stream), stopping.clone());
        let mut session = session.with_address(peer.ip());
        async move {
            // A connection that breaks off is the peer's affair and ends here.
            let _ = session.talk(&mut stream).await;
        }
    })
    .await;
}

/// Serves 587 until `stop` turns true.
pub async fn serve_submission<V: Verbs>(
    listener: TcpListener,
    tls: Tls,
    limits: Limits,
    stop: watch::Receiver<bool>,
    door: Arc<Door<V>>,
) {
    let stopping = stop.clone();
    net::serve_plain(listener, limits.saying(turned_away), stop, move |tcp, peer| {
        let session = Session::clear(Arc::clone(&door), stopping.clone()).with_address(peer.ip());
        begin_in_clear(session, tcp, tls.clone())
    })
    .await;
}

/// In the place of a greeting (RFC 5321 §3.1, §4.2.4.2): the connection is not served, and may be tried again.
fn turned_away(crowd: Crowd) -> &'static [u8] {
    match crowd {
        Crowd::Block => b"421 4.7.0 Too many connections from your network: close some, or try again later\r\n",
        Crowd::Everybody => b"421 4.3.2 The server has as many connections as it takes: try again later\r\n",
    }
}

/// A session that begins in clear, and goes on under TLS once the peer says STARTTLS.
async fn begin_in_clear<V: Verbs>(mut session: Session<V>, mut tcp: TcpStream, tls: Tls) {
    if !matches!(session.talk(&mut tcp).await, Ok(Ended::StartTls)) {
        return;
    }
    if let Ok(mut stream) = tls.accept(tcp).await {
        session.secured(net::version(&stream));
        let _ = session.talk(&mut stream).await;
    }
}

/// Serves what comes back of notices until `stop` turns true: in clear or after STARTTLS, as the other server can.
pub async fn serve_returns<V: Verbs>(
    listener: TcpListener,
    tls: Tls,
    stop: watch::Receiver<bool>,
    hostname: String,
    verbs: V,
) {
    let settings =
        Settings { hostname, message_limit: LARGEST_RETURN, memory: RETURNS_IN_FLIGHT, recipients: RETURNS_IN_ONE };
    let times = Times { login: LONGEST_RETURN, ..Times::default() };
    let door = Arc::new(Door::new(settings, verbs).with_times(times));
    let (stopping, limits) = (stop.clone(), Limits::new(RETURNING, RETURNING_FROM_ONE).saying(turned_away));
    net::serve_plain(listener, limits, stop, move |tcp, _| {
        let session = Session::returns(Arc::clone(&door), stopping.clone());
        begin_in_clear(session, tcp, tls.clone())
    })
    .await;
}

/// Octets of what comes back: a report has a notice in it, which is small (fault 46).
const LARGEST_RETURN: usize = 512 * 1024;
/// Octets of all of it in flight.
const RETURNS_IN_FLIGHT: usize = 16 * 1024 * 1024;
/// Recipients of one mail that comes back.
const RETURNS_IN_ONE: usize = 100;
/// How long one session may last in all.
const LONGEST_RETURN: std::time::Duration = std::time::Duration::from_secs(600);
/// Connections that bring it, and those of one address.
const RETURNING: usize = 128;
const RETURNING_FROM_ONE: usize = 8;
