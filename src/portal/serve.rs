//! The connections: HTTP/2 or HTTP/1.1 as ALPN says (RFC 7301), each with its time limits, until told to stop.

use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::net::{self, Limits, Tls, TlsStream};

use super::Portal;

/// Serves the pages until `stop` turns true; answers that have begun are finished.
pub async fn serve(listener: TcpListener, tls: Tls, limits: Limits, stop: watch::Receiver<bool>, portal: Portal) {
    let router = portal.router();
    let told = stop.clone();
    net::serve(listener, tls, &[b"h2", b"http/1.1"], limits, stop, move |stream, _| {
        connection(stream, router.clone(), told.clone())
    })
    .await;
}

async fn connection(stream: TlsStream, router: axum::Router, mut stop: watch::Receiver<bool>) {
    let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEADERS)
        .keep_alive_timeout(HEADERS)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_OCTETS);
    // ALPN has spoken: nothing waits for a first octet to guess the version.
    let builder = if two { builder.http2_only() } else { builder.http1_only() };
    let served = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(served);
    let outcome = tokio::select! {
        outcome = served.as_mut() => outcome,
        () = ended(&mut stop) => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if outcome.is_err() {
        // Browsers go away in the middle of things: nothing to mend, nothing to name.
        tracing::debug!("a page connection broke off");
    }
}

/// When told to stop, or after the longest that one connection may last.
async fn ended(stop: &mut watch::Receiver<bool>) {
    let told = tokio::time::timeout(LONGEST, stop.wait_for(|stop| *stop)).await;
    drop(told);
}

const HEADERS: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(3600);
const STREAMS: u32 = 32;
const HEADER_OCTETS: u32 = 16 * 1024;
