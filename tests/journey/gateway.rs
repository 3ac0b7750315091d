//! A gateway of SMS and calls that catches what it is given, as a provider's HTTP interface would take it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;

/// A text that was handed over.
#[derive(Clone, Debug)]
pub struct Caught {
    pub channel: String,
    pub to: String,
    pub text: String,
}

impl Caught {
    /// The six digits of a text.
    pub fn code(&self) -> String {
        let digits: String = self.text.chars().filter(char::is_ascii_digit).take(6).collect();
        assert_eq!(digits.len(), 6, "{}", self.text);
        digits
    }
}

#[derive(Clone)]
pub struct Gateway {
    pub address: SocketAddr,
    caught: Arc<Mutex<Vec<Caught>>>,
    status: Arc<AtomicU16>,
}

impl Gateway {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gateway = Self {
            address: listener.local_addr().unwrap(),
            caught: Arc::default(),
            status: Arc::new(AtomicU16::new(200)),
        };
        let router = Router::new().route("/{channel}", get(Self::take)).with_state(gateway.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        gateway
    }

    async fn take(
        State(gateway): State<Self>,
        Path(channel): Path<String>,
        Query(query): Query<HashMap<String, String>>,
    ) -> (StatusCode, &'static str) {
        let status = StatusCode::from_u16(gateway.status.load(Ordering::SeqCst)).unwrap();
        if status.is_success() {
            let caught = Caught { channel, to: query["to"].clone(), text: query["text"].clone() };
            gateway.caught.lock().unwrap().push(caught);
        }
        (status, "0: Accepted for delivery")
    }

    /// What every further call is answered.
    pub fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub fn caught(&self) -> Vec<Caught> {
        self.caught.lock().unwrap().clone()
    }

    pub fn last(&self) -> Caught {
        self.caught().pop().expect("a code was sent")
    }
}
