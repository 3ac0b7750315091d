//! OVHcloud's SMS API as its documentation has it: a server that checks each signature, with a clock of its own.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::digest;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::routing::{any, get};
use serde_json::{Value, json};

use crate::letter::{asked, sent, typed};
use crate::world::{NOW, World, until};

const SECRET: &str = "EXEgWIz07P0HYwtQDs7cNIqCiQaWSuHF";
const CONSUMER: &str = "MtSwSrPpNjqfVSmJhLbPyr2i45lSwPU1";

#[derive(Clone)]
struct Ovh {
    address: std::net::SocketAddr,
    /// An hour ahead of the server's, and moved while it runs.
    now: Arc<AtomicI64>,
    jobs: Arc<Mutex<Vec<Value>>>,
    /// What it says of every message.
    ptt: Arc<AtomicI64>,
    asked: Arc<AtomicI64>,
}

async fn ovh() -> Ovh {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ovh = Ovh {
        address: listener.local_addr().unwrap(),
        now: Arc::new(AtomicI64::new(NOW.0 / 1000 + 3600)),
        jobs: Arc::default(),
        ptt: Arc::new(AtomicI64::new(3)),
        asked: Arc::default(),
    };
    let time = |State(ovh): State<Ovh>| async move { ovh.now.load(Ordering::SeqCst).to_string() };
    let router = Router::new().route("/1.0/auth/time", get(time)).fallback(any(signed)).with_state(ovh.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    ovh
}

async fn signed(
    State(ovh): State<Ovh>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default();
    let (time, body) = (header("x-ovh-timestamp"), String::from_utf8(body.to_vec()).unwrap());
    let text = format!("{SECRET}+{CONSUMER}+{method}+http://{}{}+{body}+{time}", ovh.address, uri.path());
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    let wanted = format!("$1${}", data_encoding::HEXLOWER.encode(digest.as_ref()));
    let late = (time.parse::<i64>().unwrap_or(0) - ovh.now.load(Ordering::SeqCst)).abs() > 30;
    if header("x-ovh-application") != "7kbG7Bk7S9Nt7ZSV" || header("x-ovh-signature") != wanted || late {
        let refused = json!({"class": "Client::BadRequest", "message": "Invalid signature"});
        return (StatusCode::BAD_REQUEST, refused.to_string());
    }
    if method == Method::POST && uri.path() == "/1.0/sms/sms-xx12345-1/jobs" {
        let job: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (&job["receivers"], &job["charset"], &job["noStopClause"]),
            (&json!(["+33612345678"]), &json!("UTF-8"), &json!(true))
        );
        assert_eq!((&job["senderForResponse"], &job["priority"]), (&json!(true), &json!("high")));
        let mut jobs = ovh.jobs.lock().unwrap();
        jobs.push(job);
        let answer = json!({"ids": [jobs.len()], "invalidReceivers": [], "validReceivers": ["+33612345678"], "totalCreditsRemoved": 1});
        return (StatusCode::OK, answer.to_string());
    }
    if method == Method::GET && uri.path().starts_with("/1.0/sms/sms-xx12345-1/outgoing/") {
        // A moment old, it is not there yet.
        if ovh.asked.fetch_add(1, Ordering::SeqCst) == 0 {
            return (StatusCode::NOT_FOUND, json!({"message": "The requested object does not exist"}).to_string());
        }
        return (StatusCode::OK, json!({"ptt": ovh.ptt.load(Ordering::SeqCst)}).to_string());
    }
    (StatusCode::NOT_FOUND, String::new())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_by_ovh_is_signed_and_asked_about() {
    let ovh = ovh().await;
    let world = World::sqlite_with(&format!(
        r#"
[[code.sms]]
name = "ovh"
kind = "ovh"
application_key = "7kbG7Bk7S9Nt7ZSV"
application_secret = "{SECRET}"
consumer_key = "{CONSUMER}"
service = "sms-xx12345-1"
url = "http://{}"
"#,
        ovh.address
    ))
    .await;
    let (_, link) = sent(&world, b"").await;
    let pass = |seconds: u64| {
        world.pass(Duration::from_secs(seconds));
        ovh.now.fetch_add(i64::try_from(seconds).unwrap(), Ordering::SeqCst);
    };
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    let job = ovh.jobs.lock().unwrap().last().unwrap().clone();
    assert_eq!(job["coding"], json!("7bit"));
    for _ in 0..3 {
        pass(3);
        let before = ovh.asked.load(Ordering::SeqCst);
        until(async || ovh.asked.load(Ordering::SeqCst) > before).await;
    }
    assert!(browser.get(&link).await.text().contains("pas encore s’il est arrivé"), "accepted by the operator");
    ovh.ptt.store(4, Ordering::SeqCst);
    pass(4);
    until(async || browser.get(&link).await.text().contains("Il est arrivé sur le téléphone")).await;
    let code: String = job["message"].as_str().unwrap().chars().filter(char::is_ascii_digit).take(6).collect();
    assert_eq!(typed(&browser, &page, &code).await.url.path(), "/letter");

    // Their clock was set: a refused signature asks for their time anew, once.
    ovh.now.fetch_add(7200, Ordering::SeqCst);
    pass(120);
    let browser = world.browser();
    browser.get(&format!("{link}?lang=ru")).await;
    asked(&browser, &link).await;
    let jobs = ovh.jobs.lock().unwrap().clone();
    assert_eq!((jobs.len(), &jobs[1]["coding"]), (2, &json!("8bit")));
    world.running.stop().await;
}
