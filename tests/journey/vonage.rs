//! Vonage as its documentation has it: a server that checks what it is asked, and calls back with its signatures.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use aws_lc_rs::{digest, hmac};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use pli::domain::{Channel, Clock as _};
use serde_json::{Value, json};

use crate::letter::{asked, sent, typed};
use crate::world::{World, until};

const APPLICATION: &str = "3c7d5b1e-0c2f-4a51-9d3b-6f1a2b3c4d5e";
const SECRET: &str = "signature-s3cret";

#[derive(Clone)]
struct Vonage {
    address: std::net::SocketAddr,
    messages: Arc<Mutex<Vec<HashMap<String, String>>>>,
    calls: Arc<Mutex<Vec<Value>>>,
    public: Arc<Vec<u8>>,
}

async fn vonage(public: Vec<u8>) -> Vonage {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let vonage = Vonage { address, messages: Arc::default(), calls: Arc::default(), public: Arc::new(public) };
    let router = Router::new().route("/sms/json", post(sms)).route("/v1/calls", post(call)).with_state(vonage.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    vonage
}

async fn sms(State(vonage): State<Vonage>, body: Bytes) -> String {
    let fields: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let status = if fields["api_key"] != "a1b2c3d4" || fields["api_secret"] != "s3cret" {
        "4"
    } else if fields["to"] != "33612345678" || fields["from"] != "Cabinet" || !fields.contains_key("callback") {
        "6"
    } else {
        "0"
    };
    let mut messages = vonage.messages.lock().unwrap();
    messages.push(fields);
    let id = format!("0A{:04}", messages.len());
    json!({"message-count": "1", "messages": [{"status": status, "message-id": id, "to": "33612345678"}]}).to_string()
}

async fn call(State(vonage): State<Vonage>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let token = headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned();
    let (signed, tag) = token.rsplit_once('.').unwrap();
    let tag = BASE64URL_NOPAD.decode(tag.as_bytes()).unwrap();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, vonage.public.as_slice());
    let claims = BASE64URL_NOPAD.decode(signed.split('.').nth(1).unwrap().as_bytes()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    if key.verify(signed.as_bytes(), &tag).is_err() || claims["application_id"] != APPLICATION {
        return (StatusCode::UNAUTHORIZED, json!({"title": "Unauthorized"}).to_string());
    }
    let body: Value = serde_json::from_slice(&body).unwrap();
    if body["to"] != json!([{"type": "phone", "number": "33612345678"}]) || body["ncco"].as_array().is_none() {
        return (StatusCode::BAD_REQUEST, String::new());
    }
    let mut calls = vonage.calls.lock().unwrap();
    calls.push(body);
    (StatusCode::CREATED, json!({"uuid": format!("uuid-{}", calls.len()), "status": "started"}).to_string())
}

/// A world whose codes go by Vonage, on one channel only: the page would tell of the next attempt at once.
async fn world(channel: Channel) -> (World, Vonage) {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let vonage = vonage(pair.public_key().as_ref().to_vec()).await;
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vonage.key");
    let body = BASE64.encode(der.as_ref());
    std::fs::write(&file, format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (address, key) = (vonage.address, file.display());
    let section = match channel {
        Channel::Sms => format!(
            r#"
[[code.sms]]
name = "vonage"
kind = "vonage"
api_key = "a1b2c3d4"
api_secret = "s3cret"
signature_secret = "{SECRET}"
from = "Cabinet"
url = "http://{address}"
"#
        ),
        Channel::Voice => format!(
            r#"
[[code.voice]]
name = "vonage"
kind = "vonage"
application_id = "{APPLICATION}"
private_key_file = "{key}"
signature_secret = "{SECRET}"
from = "+33199001234"
url = "http://{address}"
"#
        ),
    };
    (World::sqlite_with(&section).await, vonage)
}

fn client(world: &World) -> reqwest::Client {
    let pem = std::fs::read(&world.authority).unwrap();
    reqwest::Client::builder().tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()]).build().unwrap()
}

/// Reports a message, signed over its fields.
async fn reports(world: &World, url: &str, id: &str, status: &str, age: i64, secret: &str) -> u16 {
    let at = (world.clock.now().0 / 1000 - age).to_string();
    let mut fields = vec![("messageId", id), ("status", status), ("err-code", "2"), ("timestamp", &at)];
    fields.sort_unstable();
    let text: String = fields.iter().map(|(name, value)| format!("&{name}={value}")).collect();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), text.as_bytes());
    let sig = HEXLOWER.encode(tag.as_ref());
    fields.push(("sig", &sig));
    client(world).get(url).query(&fields).send().await.unwrap().status().as_u16()
}

/// Tells something of a call, signed over the body.
async fn tells(world: &World, url: &str, body: &Value, secret: &str) -> (u16, String) {
    let body = body.to_string();
    let claims = json!({
        "iat": world.clock.now().0 / 1000, "jti": "x", "iss": "Vonage",
        "payload_hash": HEXLOWER.encode(digest::digest(&digest::SHA256, body.as_bytes()).as_ref()),
    });
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let text = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT"})), part(&claims));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), text.as_bytes());
    let token = format!("{text}.{}", BASE64URL_NOPAD.encode(tag.as_ref()));
    let request = client(world).post(url).bearer_auth(token).header("content-type", "application/json").body(body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_by_vonage_is_sent_and_its_reports_are_believed_when_signed() {
    let (world, vonage) = world(Channel::Sms).await;
    let (_, link) = sent(&world, b"").await;
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    let fields = vonage.messages.lock().unwrap().last().unwrap().clone();
    assert_eq!((fields["type"].as_str(), fields["ttl"].as_str()), ("text", "600000"));
    let report = fields["callback"].clone();
    let arrived = async || browser.get(&link).await.text().contains("Il est arrivé sur le téléphone");
    for (id, age, secret) in [("0A0001", 0, "another"), ("0A0001", 3600, SECRET), ("0A0009", 0, SECRET)] {
        assert_eq!(reports(&world, &report, id, "delivered", age, secret).await, 403, "{id} {age}");
    }
    assert_eq!(reports(&world, &report, "0A0001", "accepted", 0, SECRET).await, 204);
    assert!(!arrived().await, "accepted is not delivered");
    assert_eq!(reports(&world, &report, "0A0001", "delivered", 0, SECRET).await, 204);
    assert!(arrived().await);
    let code: String = fields["text"].chars().filter(char::is_ascii_digit).take(6).collect();
    assert_eq!(typed(&browser, &page, &code).await.url.path(), "/letter");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_by_vonage_says_the_code_once_a_key_is_pressed() {
    let (world, vonage) = world(Channel::Voice).await;
    let (_, link) = sent(&world, b"").await;
    let ask = async || {
        let browser = world.browser();
        let page = browser.get(&link).await;
        let before = vonage.calls.lock().unwrap().len();
        let page = browser.submit(&page, page.form("/code").with("channel", "voice")).await;
        // The page does not wait for a slow machine; its call comes after.
        until(async || vonage.calls.lock().unwrap().len() > before).await;
        let call = vonage.calls.lock().unwrap().last().unwrap().clone();
        (browser, page, call)
    };
    let (browser, page, call) = ask().await;
    let (events, keys) = (call["event_url"][0].as_str().unwrap(), call["ncco"][1]["eventUrl"][0].as_str().unwrap());
    let key = |digits: &str| json!({"uuid": "uuid-1", "dtmf": {"digits": digits, "timed_out": digits.is_empty()}});
    assert_eq!(tells(&world, keys, &key("1"), "another").await.0, 403);
    // No key: the greeting twice more, and no digit in it; then nothing more is said.
    let mut asks = keys.to_owned();
    for round in 2..=3 {
        let (status, said) = tells(&world, &asks, &key(""), SECRET).await;
        let ncco: Value = serde_json::from_str(&said).unwrap();
        assert_eq!((status, &ncco[0]), (200, &call["ncco"][0]), "round {round}");
        asks = ncco[1]["eventUrl"][0].as_str().unwrap().to_owned();
    }
    let (status, said) = tells(&world, &asks, &key(""), SECRET).await;
    assert!(status == 204 && said.is_empty());
    let (status, said) = tells(&world, keys, &key("1"), SECRET).await;
    assert_eq!(status, 200);
    let ncco: Value = serde_json::from_str(&said).unwrap();
    let spoken = ncco[0]["text"].as_str().unwrap().replace("<break time=\"900ms\"/>", "");
    let code: String = spoken.chars().filter(char::is_ascii_digit).take(6).collect();
    assert_eq!(spoken.matches(&code).count(), 2, "twice: {spoken}");
    assert!(!call["ncco"].to_string().contains(&code), "the first list holds no digit of it");
    let over = json!({"uuid": "uuid-1", "status": "completed"});
    assert_eq!(tells(&world, events, &over, SECRET).await.0, 204);
    assert_eq!(typed(&browser, &page, &code).await.url.path(), "/letter");

    // An answering machine presses no key.
    world.pass(Duration::from_secs(120));
    let (browser, page, call) = ask().await;
    let over = json!({"uuid": "uuid-2", "status": "completed"});
    assert_eq!(tells(&world, call["event_url"][0].as_str().unwrap(), &over, SECRET).await.0, 204);
    until(async || browser.get(page.url.as_str()).await.text().contains("Personne n’a répondu")).await;
    world.running.stop().await;
}
