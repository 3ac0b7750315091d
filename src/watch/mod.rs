//! The door of who watches, in clear: figures in Prometheus' text format (version 0.0.4) at `/metrics`, whether the
//! server lives at `/health`, and whether it can do its work at `/ready`.
//!
//! Meant for loopback or a network of the house: there is nothing about a person here, only names of routes, codes,
//! providers and hosts, counts and times. What all nodes share is read from the database at each call; what this
//! process counts begins at nought with it. No library holds the figures: those in use keep them in a global, and
//! take any text as a label.

mod text;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::access::Access;
use crate::delivery::Deliveries;
use crate::net::Tls;

/// Says whether the server can do its work: one line for each thing that is not as it must be.
pub type Ready = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Vec<String>> + Send>> + Send + Sync>;

/// Reads a figure of this moment.
pub type Gauge = Arc<dyn Fn() -> usize + Send + Sync>;

/// What is watched.
pub struct Watched {
    /// How codes do.
    pub access: Access,
    /// How deliveries stand, and what this process counts.
    pub deliveries: Deliveries,
    /// The certificates in use.
    pub tls: Option<Tls>,
    /// Octets of memory that messages in flight hold, by what for.
    pub memory: Vec<(&'static str, Gauge)>,
    /// What each of them may be.
    pub memory_limit: usize,
    /// Whether the server can do its work.
    pub ready: Ready,
}

/// Serves the figures until `stop` turns true.
pub async fn serve(listener: TcpListener, watched: Watched, mut stop: watch::Receiver<bool>) {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/health", get(async || "alive\n"))
        .route("/ready", get(ready))
        .with_state(Arc::new(watched));
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
        tracing::error!(kind = %error.kind(), "the door of figures is closed");
    }
}

/// What is counted in memory is told even when the database is away: that is when somebody looks.
async fn metrics(State(watched): State<Arc<Watched>>) -> Response {
    let standing = watched.deliveries.standing().await;
    let status = watched.access.code_status().await;
    for fault in [standing.as_ref().err(), status.as_ref().err()].into_iter().flatten() {
        tracing::error!(%fault, "figures could not be read");
    }
    let text = text::of(&text::Known {
        figures: watched.deliveries.figures(),
        standing: standing.as_ref().ok(),
        codes: status.as_ref().ok(),
        memory: watched.memory.iter().map(|(what, gauge)| (*what, gauge())).collect(),
        memory_limit: watched.memory_limit,
        certificates: watched.tls.as_ref().map(Tls::ends).unwrap_or_default(),
        now: watched.deliveries.now(),
    });
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

async fn ready(State(watched): State<Arc<Watched>>) -> Response {
    let faults = (watched.ready)().await;
    if faults.is_empty() {
        return "ready\n".into_response();
    }
    for what in &faults {
        tracing::warn!(what, "not ready");
    }
    (StatusCode::SERVICE_UNAVAILABLE, faults.join("\n") + "\n").into_response()
}
