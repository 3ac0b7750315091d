//! A gateway of SMS and calls that catches what it is given, as a provider's HTTP interface would take it.

use std::collections::HashMap;
use std::net::SocketAddr;
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
    /// Where the provider may tell what became of it.
    pub report: Option<String>,
}

/// What a provider does with a message.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Answers so; a message is caught where the status is a success and the text holds `Accepted`.
    Says(u16, &'static str),
    /// Takes the request and never answers.
    Hangs,
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
    asked: Arc<Mutex<Vec<String>>>,
    behaviours: Arc<Mutex<HashMap<String, Behaviour>>>,
}

impl Gateway {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gateway = Self {
            address: listener.local_addr().unwrap(),
            caught: Arc::default(),
            asked: Arc::default(),
            behaviours: Arc::default(),
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
        gateway.asked.lock().unwrap().push(channel.clone());
        let behaviours = gateway.behaviours.lock().unwrap().clone();
        let behaviour = behaviours.get(&channel).or(behaviours.get("")).cloned();
        let (status, said) = match behaviour {
            None => (200, "0: Accepted for delivery"),
            Some(Behaviour::Says(status, said)) => (status, said),
            Some(Behaviour::Hangs) => std::future::pending().await,
        };
        let status = StatusCode::from_u16(status).unwrap();
        if status.is_success() && said.contains("Accepted") {
            let (to, text, report) = (query["to"].clone(), query["text"].clone(), query.get("report").cloned());
            gateway.caught.lock().unwrap().push(Caught { channel, to, text, report });
        }
        (status, said)
    }

    /// What every further call is answered.
    pub fn answer(&self, status: u16) {
        self.behave("", Behaviour::Says(status, "0: Accepted for delivery"));
    }

    /// What one provider does from now on; "" is all of which nothing else was said.
    pub fn behave(&self, channel: &str, behaviour: Behaviour) {
        self.behaviours.lock().unwrap().insert(channel.to_owned(), behaviour);
    }

    /// Which providers were asked, in order, whatever they answered.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub fn caught(&self) -> Vec<Caught> {
        self.caught.lock().unwrap().clone()
    }

    pub fn last(&self) -> Caught {
        self.caught().pop().expect("a code was sent")
    }
}
