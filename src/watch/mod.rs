//! The door of who watches: figures in Prometheus' text format (version 0.0.4) at `/metrics`, in clear.
//!
//! Meant for loopback or a network of the house: there is nothing about a person here, only names of providers,
//! counts and times, read from the database at each call, so that they are those of all nodes.

mod text;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::access::Access;

/// Serves the figures until `stop` turns true.
pub async fn serve(listener: TcpListener, access: Access, mut stop: watch::Receiver<bool>) {
    let router = Router::new().route("/metrics", get(metrics)).with_state(access);
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
        tracing::error!(kind = %error.kind(), "the door of figures is closed");
    }
}

async fn metrics(State(access): State<Access>) -> Response {
    match access.code_status().await {
        Ok(status) => {
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text::of(&status)).into_response()
        }
        Err(fault) => {
            tracing::error!(%fault, "figures could not be read");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
