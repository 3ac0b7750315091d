//! SMPP against an independent SMSC: a server made with a library of another implementation, which drops, throttles,
//! holds, unbinds and reports at the test's order.
//!
//! Needs node and the npm library `smpp`, in a folder that `PLI_NODE_MODULES` names; without them a test says that it
//! is skipped, and with `PLI_TEST_ALL=1` fails.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops where it fails; clippy counts helpers as no tests"
)]

mod raw;

use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use pli::domain::{Channel, Clock, FailureClass, Language, PhoneNumber, SecretText, SendId, Timestamp};
use pli::gateway::{Accepted, Gateways, Outgoing, Progress, ProviderSettings, Section, Streamed, Words};
use pli::server::OsRandom;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

struct Smsc {
    port: u16,
    orders: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Smsc {
    /// `None` where it cannot be had.
    async fn start(tls: Option<(&str, &str)>) -> Option<Self> {
        let modules = std::env::var("PLI_NODE_MODULES").unwrap_or_default();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/smpp/smsc.js");
        let there = std::path::Path::new(&modules).join("smpp").is_dir();
        if !there {
            assert!(std::env::var_os("PLI_TEST_ALL").is_none_or(|all| all != "1"), "PLI_NODE_MODULES has no smpp");
            std::io::stderr().write_all(b"SKIPPED: the npm library smpp is not there (PLI_NODE_MODULES)\n").unwrap();
            return None;
        }
        let mut command = Command::new("node");
        command.arg(script).env("NODE_PATH", modules).kill_on_drop(true);
        if let Some((key, certificate)) = tls {
            command.args([key, certificate]);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let told = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut smsc = Self { port: 0, orders: child.stdin.take().unwrap(), told, _child: child };
        smsc.port = u16::try_from(smsc.hear("port").await.as_u64().unwrap()).unwrap();
        Some(smsc)
    }

    /// The next thing of this kind that it tells.
    async fn hear(&mut self, kind: &str) -> Value {
        loop {
            let line = tokio::time::timeout(Duration::from_secs(20), self.told.next_line()).await;
            let line = line.expect("it tells in time").unwrap().expect("it is there");
            let told: Value = serde_json::from_str(&line).unwrap();
            if let Some(told) = told.get(kind) {
                return told.clone();
            }
        }
    }

    async fn order(&mut self, order: Value) {
        self.orders.write_all(format!("{order}\n").as_bytes()).await.unwrap();
        self.hear("done").await;
    }
}

struct Real;

impl Clock for Real {
    fn now(&self) -> Timestamp {
        pli::server::SystemClock.now()
    }
}

fn gateways(port: u16, change: impl Fn(&mut Value)) -> Gateways {
    let mut values = json!({
        "url": format!("smpp://127.0.0.1:{port}"), "system_id": "pli", "password": "secret", "from": "Cabinet",
    });
    change(&mut values);
    let Value::Object(values) = values else { unreachable!("an object") };
    let section = Section::new("smsc", values);
    let settings = ProviderSettings { channel: Channel::Sms, kind: "smpp".to_owned(), price: 0, section };
    let clock: Arc<dyn Clock> = Arc::new(Real);
    Gateways::open(&[settings], &clock).unwrap()
}

async fn send_to(gateways: &Gateways, to: &str, text: &str) -> Result<Accepted, FailureClass> {
    let (to, text) = (PhoneNumber::parse_international(to).unwrap(), SecretText::new(text));
    let (send, language) = (SendId::random(&OsRandom), Language::Fr);
    let message = Outgoing { send, to: &to, language, words: Words::Sms(&text), report: None };
    gateways.members()[0].provider.send(&message).await
}

async fn send(gateways: &Gateways, text: &str) -> Result<Accepted, FailureClass> {
    send_to(gateways, "+33612345678", text).await
}

#[tokio::test]
async fn texts_come_out_as_they_were_written() {
    let Some(mut smsc) = Smsc::start(None).await else { return };
    let gateways = gateways(smsc.port, |_| {});
    for (text, coding) in [
        ("Votre code : 123456 (lettres AC). Ne le donnez à personne.\n\n@p.example #123456", 0),
        ("Prix : 5 € [ok] {ça non}", 8),
        ("Prix : 5 € [ok] {oui}", 0),
        ("Код 123456 (AC). Никому не говорите\n\n@p.example #123456", 8),
        ("😀", 8),
    ] {
        let accepted = send(&gateways, text).await.unwrap();
        let got = smsc.hear("got").await;
        assert_eq!((got["text"].as_str().unwrap(), got["coding"].as_i64().unwrap()), (text, coding));
        assert_eq!((got["from"].as_str(), got["to"].as_str()), (Some("Cabinet"), Some("33612345678")));
        assert_eq!(accepted.reference.as_deref(), got["id"].as_str());
        assert_eq!((got["report"].as_i64(), got["parts"].as_array().unwrap().len()), (Some(1), 0));
    }
    // Three parts, put together again by their headers.
    let long = "Ж".repeat(150);
    let accepted = send(&gateways, &long).await.unwrap();
    let (mut whole, mut first) = (String::new(), None);
    for at in 1..=3 {
        let got = smsc.hear("got").await;
        let header = got["parts"][0].as_str().unwrap().to_owned();
        assert!(header.starts_with("0003") && header.ends_with(&format!("03{at:02}")), "{header}");
        whole.push_str(got["text"].as_str().unwrap());
        first.get_or_insert(got["id"].as_str().unwrap().to_owned());
    }
    assert_eq!((whole, accepted.reference), (long, first), "called by its first part");
}

#[tokio::test]
async fn receipts_come_back_in_both_forms() {
    let Some(mut smsc) = Smsc::start(None).await else { return };
    let gateways = gateways(smsc.port, |values| values["message_ids"] = json!("hex-then-decimal"));
    smsc.order(json!({"do": "hex", "on": true})).await;
    for (stat, err, form, progress) in [
        ("DELIVRD", "000", "text", Progress::Delivered),
        ("DELIVRD", "000", "tlv", Progress::Delivered),
        ("UNDELIV", "001", "text", Progress::Failed(FailureClass::UnknownNumber)),
        ("EXPIRED", "000", "tlv", Progress::Failed(FailureClass::Absent)),
        ("REJECTD", "011", "text", Progress::Failed(FailureClass::Refused)),
    ] {
        let accepted = send(&gateways, "x").await.unwrap();
        let id = smsc.hear("got").await["id"].clone();
        // What somebody writes back is answered, and is no receipt.
        smsc.order(json!({"do": "mo", "from": "33612345678", "text": "merci"})).await;
        smsc.order(json!({"do": "receipt", "id": id, "stat": stat, "err": err, "form": form})).await;
        let told = tokio::time::timeout(Duration::from_secs(10), gateways.streamed()).await.unwrap();
        let reference = accepted.reference.unwrap();
        assert_eq!(told, Streamed { provider: "smsc".to_owned(), reference, progress }, "{stat} {form}");
        smsc.hear("confirmed").await;
    }
}

#[tokio::test]
async fn an_smsc_that_has_too_much_to_do_is_asked_once_more() {
    let Some(mut smsc) = Smsc::start(None).await else { return };
    let gateways = gateways(smsc.port, |_| {});
    smsc.order(json!({"do": "throttle", "times": 1})).await;
    assert!(send(&gateways, "x").await.is_ok());
    smsc.order(json!({"do": "throttle", "times": 2})).await;
    assert_eq!(send(&gateways, "x").await, Err(FailureClass::Later));
    assert_eq!(send_to(&gateways, "+33600000000", "x").await, Err(FailureClass::UnknownNumber));
    assert!(send(&gateways, "x").await.is_ok(), "and goes on");
}

#[tokio::test]
async fn a_connection_that_ends_is_made_again() {
    let Some(mut smsc) = Smsc::start(None).await else { return };
    let gateways = Arc::new(gateways(smsc.port, |_| {}));
    for end in ["drop", "unbind", "garbage"] {
        assert!(send(&gateways, "before").await.is_ok(), "{end}");
        smsc.order(json!({"do": "hold"})).await;
        let waiting = tokio::spawn({
            let gateways = gateways.clone();
            async move { send(&gateways, "in the middle").await }
        });
        // Held at the SMSC: then the connection goes.
        smsc.hear("held").await;
        smsc.order(json!({"do": end})).await;
        assert_eq!(waiting.await.unwrap(), Err(FailureClass::Unreachable), "{end}: the next provider is tried");
        smsc.hear("bound").await;
        smsc.order(json!({"do": "forget"})).await;
        assert!(send(&gateways, "after").await.is_ok(), "{end}");
    }
}

#[tokio::test]
async fn the_window_is_never_exceeded() {
    let Some(mut smsc) = Smsc::start(None).await else { return };
    let gateways = Arc::new(gateways(smsc.port, |values| values["window"] = json!(4)));
    assert!(send(&gateways, "x").await.is_ok());
    smsc.order(json!({"do": "hold"})).await;
    let mut sending = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let gateways = gateways.clone();
        sending.spawn(async move { send(&gateways, "x").await });
    }
    for open in 1..=4 {
        assert_eq!(smsc.hear("open").await, json!(open));
    }
    smsc.order(json!({"do": "release"})).await;
    assert!(sending.join_all().await.iter().all(Result::is_ok));
    smsc.orders.write_all(b"{\"do\":\"most\"}\n").await.unwrap();
    assert_eq!(smsc.hear("most").await, json!(4), "the most that ever were open at once");
}

#[tokio::test]
async fn a_silent_smsc_is_asked_whether_it_is_there() {
    let Some(mut smsc) = Smsc::start(None).await else { return };
    let gateways = gateways(smsc.port, |values| values["enquire"] = json!(5));
    assert!(send(&gateways, "x").await.is_ok());
    smsc.hear("enquired").await;
    smsc.hear("enquired").await;
    assert!(send(&gateways, "x").await.is_ok(), "the connection is the same");
}

#[tokio::test]
async fn a_password_that_is_wrong_is_said() {
    let Some(smsc) = Smsc::start(None).await else { return };
    let gateways = gateways(smsc.port, |values| values["password"] = json!("wrong"));
    assert_eq!(send(&gateways, "x").await, Err(FailureClass::Credentials));
}

#[tokio::test]
async fn fault_22_an_smsc_of_another_name_is_given_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let mut kept = Vec::new();
    for (name, wanted) in [("localhost", Ok(())), ("smsc.example", Err(FailureClass::Tls))] {
        let trial = pli::net::trial::issue(&[name], Real.now()).unwrap();
        let (key, certificate) = (write("key.pem", &trial.key), write("chain.pem", &trial.chain));
        let authority = write("ca.pem", &trial.authority);
        let Some(smsc) = Smsc::start(Some((&key, &certificate))).await else { return };
        let gateways = gateways(smsc.port, |values| {
            values["url"] = json!(format!("smpps://localhost:{}", smsc.port));
            values["ca"] = json!(authority);
        });
        assert_eq!(send(&gateways, "x").await.map(|_| ()), wanted, "{name}");
        kept.push(smsc);
    }
}
