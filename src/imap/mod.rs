//! The door of mail clients: IMAP4rev1 (RFC 3501) and IMAP4rev2 (RFC 9051) on 993 with implicit TLS (RFC 8314), on 143
//! with STARTTLS first.
//!
//! With it IDLE (RFC 2177), NAMESPACE (2342), ID (2971), CHILDREN (3348), MULTIAPPEND (3502), BINARY (3516), UNSELECT
//! (3691), UIDPLUS (4315), ESEARCH (4731), SASL-IR (4959), ENABLE (5161), SEARCHRES (5182), SORT and THREAD (5256),
//! LIST-EXTENDED (5258), LIST-STATUS (5819), SPECIAL-USE (6154), MOVE (6851), UTF8=ACCEPT (6855), CONDSTORE and QRESYNC
//! (7162), LITERAL+ and LITERAL- (7888), APPENDLIMIT (7889), STATUS=SIZE (8438), OBJECTID (8474), REPLACE (8508),
//! PREVIEW (8970), QUOTA (2087). Not COMPRESS: it costs ten times the memory of a connection, and shares a window
//! between secrets.
//!
//! `line` and `grammar` read commands; `machine` holds the rules of state; `op` has one file per command over
//! `view`, what the client was told; `section` names octets of a message; `out` writes answers; `driver` is the
//! one file that waits for a peer; `verbs` is what is asked of the other rooms. Nothing here names a key or SQL.

pub mod auth;
pub mod door;
pub mod driver;
pub mod grammar;
pub mod line;
pub mod machine;
pub mod op;
pub mod out;
pub mod section;
pub mod verbs;
pub mod view;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::net::{self, Crowd, Limits, Tls};

pub use door::{Door, Settings};
pub use driver::{Ended, Session, Times};
pub use verbs::{Mailbox, Opening, Rooms, Verbs};

/// Serves 993 until `stop` turns true.
pub async fn serve_imaps<V: Verbs>(
    listener: TcpListener,
    tls: Tls,
    limits: Limits,
    stop: watch::Receiver<bool>,
    door: Arc<Door<V>>,
) {
    let stopping = stop.clone();
    net::serve(listener, tls, &[], limits.saying(turned_away), stop, move |mut stream, peer| {
        let mut session = Session::secure(Arc::clone(&door), stopping.clone()).with_address(peer.ip());
        async move {
            // A connection that breaks off is the peer's affair and ends here.
            let _ = session.talk(&mut stream).await;
        }
    })
    .await;
}

/// Serves 143 until `stop` turns true.
pub async fn serve_imap<V: Verbs>(
    listener: TcpListener,
    tls: Tls,
    limits: Limits,
    stop: watch::Receiver<bool>,
    door: Arc<Door<V>>,
) {
    let stopping = stop.clone();
    net::serve_plain(listener, limits.saying(turned_away), stop, move |mut tcp, peer| {
        let mut session = Session::clear(Arc::clone(&door), stopping.clone()).with_address(peer.ip());
        let tls = tls.clone();
        async move {
            if !matches!(session.talk(&mut tcp).await, Ok(Ended::StartTls)) {
                return;
            }
            if let Ok(mut stream) = tls.accept(tcp).await {
                session.secured();
                let _ = session.talk(&mut stream).await;
            }
        }
    })
    .await;
}

/// In the place of a greeting (RFC 9051 §7.1.5, RFC 5530): the connection is not served, and may be tried again.
fn turned_away(crowd: Crowd) -> &'static [u8] {
    match crowd {
        Crowd::Block => b"* BYE [LIMIT] Too many connections from your network\r\n",
        Crowd::Everybody => b"* BYE [UNAVAILABLE] The server has as many connections as it takes; try again later\r\n",
    }
}
