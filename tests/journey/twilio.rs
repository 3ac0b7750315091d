//! Twilio as its documentation has it: a server that checks what it is asked, and calls back with its signature.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use pli::domain::{Channel, Language};

use crate::letter::{asked, sent, typed};
use crate::world::{World, until};

const ACCOUNT: &str = "AC00112233445566778899aabbccddeeff";
const TOKEN: &str = "0a1b2c3d4e5f";

/// What was asked of it: `Messages.json` or `Calls.json`, and the fields.
type Asked = Arc<Mutex<Vec<(String, HashMap<String, String>)>>>;

/// A test's Twilio, as "Message resource" and "Call resource" of its documentation have it.
async fn twilio() -> (std::net::SocketAddr, Asked) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Asked::default());
    let router = Router::new().route("/2010-04-01/Accounts/{account}/{what}", post(take)).with_state(asked.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, asked)
}

async fn take(
    State(asked): State<Asked>,
    Path((account, what)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let login = format!("Basic {}", data_encoding::BASE64.encode(format!("{ACCOUNT}:{TOKEN}").as_bytes()));
    if account != ACCOUNT || headers["authorization"] != login.as_str() {
        return (StatusCode::UNAUTHORIZED, r#"{"code":20003,"message":"Authenticate","status":401}"#.to_owned());
    }
    if headers["content-type"] != "application/x-www-form-urlencoded" {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, String::new());
    }
    let fields: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let call = what == "Calls.json";
    let wanted = if call { &["To", "From", "Twiml"][..] } else { &["To", "From", "Body"] };
    if !wanted.iter().all(|name| fields.contains_key(*name)) || !fields["To"].starts_with("+33") {
        return (StatusCode::BAD_REQUEST, r#"{"code":21211,"message":"Invalid 'To'","status":400}"#.to_owned());
    }
    let mut list = asked.lock().unwrap();
    let sid = format!("{}{:032x}", if call { "CA" } else { "SM" }, list.len() + 1);
    list.push((what, fields));
    (StatusCode::CREATED, format!(r#"{{"sid":"{sid}","status":"queued","error_code":null}}"#))
}

/// Calls an address as Twilio does, signed with `token`; the status and what was answered.
async fn calls(world: &World, url: &str, fields: &[(&str, &str)], token: &str) -> (u16, String) {
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    let signed = sorted.iter().fold(url.to_owned(), |text, (name, value)| text + name + value);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    let signature = data_encoding::BASE64.encode(hmac::sign(&key, signed.as_bytes()).as_ref());
    let pem = std::fs::read(&world.authority).unwrap();
    let authority = reqwest::Certificate::from_pem(&pem).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([authority]).build().unwrap();
    let answer = client.post(url).header("x-twilio-signature", signature).form(fields).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// A world whose codes go by Twilio, on one channel only: the page would tell of the next attempt at once.
async fn world(address: std::net::SocketAddr, channel: Channel) -> World {
    let (kind, from) = match channel {
        Channel::Sms => ("sms", "Cabinet"),
        Channel::Voice => ("voice", "+33199001234"),
    };
    World::sqlite_with(&format!(
        r#"
[[code.{kind}]]
name = "twilio"
kind = "twilio"
price = "0.08"
account = "{ACCOUNT}"
token = "{TOKEN}"
from = "{from}"
url = "http://{address}"
"#
    ))
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_by_twilio_is_sent_and_its_reports_are_believed_when_signed() {
    let (address, list) = twilio().await;
    let world = world(address, Channel::Sms).await;
    let (_, link) = sent(&world, b"").await;
    let browser = world.browser();
    let page = asked(&browser, &link).await;
    let (what, fields) = list.lock().unwrap().last().unwrap().clone();
    assert_eq!(
        (what.as_str(), fields["To"].as_str(), fields["From"].as_str()),
        ("Messages.json", "+33612345678", "Cabinet")
    );
    let report = fields["StatusCallback"].clone();
    let status = |status| [("MessageSid", "SM00000000000000000000000000000001"), ("MessageStatus", status)];
    let arrived = async || browser.get(&link).await.text().contains("Il est arrivé sur le téléphone");
    for (url, fields, token) in [
        (report.clone(), status("delivered"), "another token"),
        (report.clone() + "?x=1", status("delivered"), ""),
        (report.clone(), [("MessageSid", "SM00000000000000000000000000000002"), ("MessageStatus", "delivered")], TOKEN),
    ] {
        assert_eq!(calls(&world, &url, &fields, token).await.0, 403);
        assert!(!arrived().await, "forged, or about another message");
    }
    assert_eq!(calls(&world, &report, &status("sent"), TOKEN).await.0, 204);
    assert!(!arrived().await, "sent is not delivered");
    assert_eq!(calls(&world, &report, &status("delivered"), TOKEN).await.0, 204);
    assert!(arrived().await);
    // Said again, or otherwise: it stays as it was told first.
    assert_eq!(calls(&world, &report, &status("undelivered"), TOKEN).await.0, 204);
    assert!(arrived().await);
    let code: String = fields["Body"].chars().filter(char::is_ascii_digit).take(6).collect();
    assert_eq!(typed(&browser, &page, &code).await.url.path(), "/letter");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_by_twilio_says_the_code_once_a_key_is_pressed() {
    let (address, list) = twilio().await;
    let world = world(address, Channel::Voice).await;
    let (_, link) = sent(&world, b"").await;
    let ask = async |language: Language| {
        let browser = world.browser();
        let page = browser.get(&format!("{link}?lang={}", language.tag())).await;
        let before = list.lock().unwrap().len();
        let page = browser.submit(&page, page.form("/code").with("channel", "voice")).await;
        // The page does not wait for a slow machine; its call comes after.
        until(async || list.lock().unwrap().len() > before).await;
        let fields = list.lock().unwrap().last().unwrap().1.clone();
        world.pass(Duration::from_secs(90));
        (browser, page, fields)
    };
    for language in Language::ALL {
        let (browser, page, fields) = ask(language).await;
        let inline = &fields["Twiml"];
        assert!(inline.contains(&format!("<Say language=\"{}-", language.tag())), "{inline}");
        let sid = format!("CA{:032x}", list.lock().unwrap().len());
        let key = |digits| [("CallSid", sid.as_str()), ("CallStatus", "in-progress"), ("Digits", digits)];
        let address = format!("{}?step=key", fields["StatusCallback"]);
        assert!(inline.contains(&address), "where a key is told");
        assert_eq!(calls(&world, &address, &key("1"), "another token").await.0, 403);
        let (status, said) = calls(&world, &address, &key("1"), TOKEN).await;
        assert_eq!(status, 200);
        let spoken = said.replace("<break time=\"900ms\"/>", "");
        let digits: String = spoken.split("<Gather").next().unwrap().chars().skip(60).collect();
        let code: String = digits.chars().filter(char::is_ascii_digit).take(6).collect();
        assert_eq!(spoken.matches(&code).count(), 2, "twice: {spoken}");
        assert!(!inline.contains(&code), "the first document holds no digit of it");
        // Heard again, and hung up: it was said.
        assert_eq!(calls(&world, &address, &key("1"), TOKEN).await.1, said);
        let over = [("CallSid", sid.as_str()), ("CallStatus", "completed")];
        assert_eq!(calls(&world, &fields["StatusCallback"], &over, TOKEN).await.0, 204);
        assert_eq!(typed(&browser, &page, &code).await.url.path(), "/letter");
        // What was used is said no more, whoever presses.
        let (status, said) = calls(&world, &address, &key("1"), TOKEN).await;
        assert!(status == 204 && said.is_empty(), "{status} {said}");
        world.pass(Duration::from_secs(3600));
    }
    // An answering machine presses no key: nothing was said, and the page tells.
    let (browser, page, fields) = ask(Language::Fr).await;
    let sid = format!("CA{:032x}", list.lock().unwrap().len());
    let over = [("CallSid", sid.as_str()), ("CallStatus", "completed")];
    assert_eq!(calls(&world, &fields["StatusCallback"], &over, TOKEN).await.0, 204);
    until(async || browser.get(page.url.as_str()).await.text().contains("Personne n’a répondu")).await;
    world.running.stop().await;
}
