//! OVHcloud's SMS API (`kind = "ovh"`), signed as its documentation has it ("First steps with the OVHcloud APIs").
//!
//! `$1$` + SHA-1 of secret, consumer key, method, address, body and time, joined by `+`. The time is the API's own:
//! the difference to our clock is asked for once, and again when a signature is refused. What became of a message is
//! asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_lc_rs::digest;
use futures_util::future::BoxFuture;
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{Channel, Clock, FailureClass, SecretText};

use super::client::{Answer, Web, address};
use super::gsm::is_gsm;
use super::{Accepted, Kind, Outgoing, Progress, Provider, Reports, Section, Shared};

pub(super) const KIND: Kind = Kind {
    name: "ovh",
    keys: &["application_key", "application_secret", "consumer_key", "service", "sender", "url"],
    open: &["application_key", "service", "sender"],
    channels: &[Channel::Sms],
    build: |section, _, shared| Ok(Arc::new(Ovh::read(section, shared)?)),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    application_key: String,
    application_secret: SecretText,
    consumer_key: SecretText,
    /// Such as `sms-xx12345-1`.
    service: String,
    /// A name that OVH knows; without one they choose a number.
    sender: Option<String>,
    url: Option<String>,
}

struct Ovh {
    settings: Settings,
    base: Url,
    web: Web,
    clock: Arc<dyn Clock>,
    /// Seconds that their clock is ahead of ours; `UNKNOWN` before it was asked for.
    ahead: AtomicI64,
}

impl Provider for Ovh {
    fn send<'a>(&'a self, message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Accepted, FailureClass>> {
        Box::pin(async move {
            let text = message.words.whole().reveal();
            let (sender, named) = match &self.settings.sender {
                Some(sender) => ("sender", json!(sender)),
                None => ("senderForResponse", json!(true)),
            };
            let body = json!({
                "charset": "UTF-8",
                "coding": if is_gsm(text) { "7bit" } else { "8bit" },
                "message": text,
                "noStopClause": true,
                "priority": "high",
                "receivers": [message.to.reveal()],
                // Minutes: as long as a code lives.
                "validityPeriod": 10,
                sender: named,
            });
            taken(&self.call(Method::POST, "jobs", &body.to_string()).await?)
        })
    }

    fn reports(&self) -> Reports {
        Reports::Asked
    }

    fn ask<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Progress, FailureClass>> {
        Box::pin(async move {
            if reference.is_empty() || !reference.bytes().all(|c| c.is_ascii_digit()) {
                return Ok(Progress::Waiting);
            }
            told(&self.call(Method::GET, &format!("outgoing/{reference}"), "").await?)
        })
    }
}

impl Ovh {
    fn read(section: &Section, shared: &Shared) -> Result<Self, String> {
        let settings: Settings = section.read()?;
        let word = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric());
        if !word(&settings.application_key) {
            return Err("application_key: must be letters and digits".to_owned());
        }
        if !word(settings.application_secret.reveal()) {
            return Err("application_secret: must be letters and digits".to_owned());
        }
        if !word(settings.consumer_key.reveal()) {
            return Err("consumer_key: must be letters and digits".to_owned());
        }
        let service = settings.service.strip_prefix("sms-");
        if !service.is_some_and(|rest| rest.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')) {
            return Err("service: must be the name of an SMS account such as sms-xx12345-1".to_owned());
        }
        let name = |text: &str| text.len() <= 11 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ');
        if settings.sender.as_deref().is_some_and(|sender| !name(sender)) {
            return Err("sender: must be a name of at most 11 letters and digits".to_owned());
        }
        let base = address(settings.url.as_deref().unwrap_or("https://eu.api.ovh.com"))?;
        if base.path() != "/" {
            return Err("url: must be https://host, without a path".to_owned());
        }
        let ahead = AtomicI64::new(UNKNOWN);
        Ok(Self { settings, base, web: shared.web.clone(), clock: shared.clock.clone(), ahead })
    }

    /// One signed call; once more, with their time asked for anew, where the signature was refused.
    async fn call(&self, method: Method, what: &str, body: &str) -> Result<Answer, FailureClass> {
        let first = self.signed(method.clone(), what, body).await?;
        if !is_about_the_signature(&first) {
            return Ok(first);
        }
        self.ahead.store(UNKNOWN, Ordering::Relaxed);
        self.signed(method, what, body).await
    }

    async fn signed(&self, method: Method, what: &str, body: &str) -> Result<Answer, FailureClass> {
        let path = format!("1.0/sms/{}/{what}", self.settings.service);
        let url = self.base.join(&path).map_err(|_| FailureClass::Refused)?;
        let time = self.time().await?;
        let signature = self.signature(&method, url.as_str(), body, time);
        let request = self
            .web
            .request(method, url)
            .header("x-ovh-application", &self.settings.application_key)
            .header("x-ovh-consumer", self.settings.consumer_key.reveal())
            .header("x-ovh-timestamp", time.to_string())
            .header("x-ovh-signature", signature);
        let request = match body {
            "" => request,
            body => request.header("content-type", "application/json").body(body.to_owned()),
        };
        self.web.run(request.build().map_err(|_| FailureClass::Refused)?).await
    }

    fn signature(&self, method: &Method, url: &str, body: &str, time: i64) -> String {
        let (secret, consumer) = (self.settings.application_secret.reveal(), self.settings.consumer_key.reveal());
        let signed = SecretText::new(format!("{secret}+{consumer}+{method}+{url}+{body}+{time}"));
        let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, signed.reveal().as_bytes());
        format!("$1${}", data_encoding::HEXLOWER.encode(digest.as_ref()))
    }

    /// Their time, in seconds since 1970.
    async fn time(&self) -> Result<i64, FailureClass> {
        let now = self.clock.now().0.div_euclid(1000);
        let ahead = self.ahead.load(Ordering::Relaxed);
        if ahead != UNKNOWN {
            return Ok(now.saturating_add(ahead));
        }
        let url = self.base.join("1.0/auth/time").map_err(|_| FailureClass::Refused)?;
        let request = self.web.request(Method::GET, url).build().map_err(|_| FailureClass::Refused)?;
        let answer = self.web.run(request).await?;
        if let Some(refusal) = answer.refusal() {
            return Err(refusal);
        }
        let theirs: i64 = serde_json::from_slice(&answer.body).map_err(|_| FailureClass::Refused)?;
        self.ahead.store(theirs.saturating_sub(now), Ordering::Relaxed);
        Ok(theirs)
    }
}

/// What an answer to a job means.
fn taken(answer: &Answer) -> Result<Accepted, FailureClass> {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    if let Some(refusal) = answer.refusal() {
        let message = body.as_ref().and_then(|body| body.get("message")).and_then(Value::as_str).unwrap_or_default();
        let class = body.as_ref().and_then(|body| body.get("class")).and_then(Value::as_str).unwrap_or_default();
        let said = format!("{class} {message}").to_ascii_lowercase();
        return Err(match refusal {
            _ if said.contains("credential") || is_about_the_signature(answer) => FailureClass::Credentials,
            _ if said.contains("credit") => FailureClass::Credit,
            refusal => refusal,
        });
    }
    let body = body.ok_or(FailureClass::Refused)?;
    let list = |name: &str| body.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    if !list("invalidReceivers").is_empty() {
        return Err(FailureClass::UnknownNumber);
    }
    match list("ids").first().and_then(Value::as_u64) {
        Some(id) => Ok(Accepted { reference: Some(id.to_string()) }),
        None => Err(FailureClass::Refused),
    }
}

/// What an outgoing message says of itself: `ptt`, the code of its delivery.
fn told(answer: &Answer) -> Result<Progress, FailureClass> {
    // Not there yet: it is a moment old.
    if answer.status == 404 {
        return Ok(Progress::Waiting);
    }
    if let Some(refusal) = answer.refusal() {
        return Err(refusal);
    }
    let body: Value = serde_json::from_slice(&answer.body).map_err(|_| FailureClass::Refused)?;
    let number = |name: &str| body.get(name).and_then(Value::as_i64);
    Ok(match (number("ptt"), number("deliveryReceipt")) {
        // "Premium tracking technical": 1 to 3 are on the way.
        (Some(4), _) => Progress::Delivered,
        (Some(8 | 24 | 26), _) => Progress::Failed(FailureClass::Absent),
        (Some(23), _) => Progress::Failed(FailureClass::UnknownNumber),
        (Some(25), _) => Progress::Failed(FailureClass::Later),
        (Some(5 | 20 | 21 | 22 | 27..=29 | 33 | 39 | 73 | 74 | 76 | 202), _) => Progress::Failed(FailureClass::Refused),
        (Some(1..=3), _) => Progress::Waiting,
        // A code that is not known here: the receipt says less, and enough.
        (_, Some(1)) => Progress::Delivered,
        (_, Some(2 | 16)) => Progress::Failed(FailureClass::Refused),
        _ => Progress::Waiting,
    })
}

fn is_about_the_signature(answer: &Answer) -> bool {
    let text = String::from_utf8_lossy(&answer.body).to_ascii_lowercase();
    let about = ["signature", "timestamp", "time_out"].iter().any(|word| text.contains(word));
    matches!(answer.status, 400 | 401 | 403) && about
}

const UNKNOWN: i64 = i64::MIN;

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::domain::Timestamp;

    struct Stopped;
    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp(1_800_000_000_000)
        }
    }

    fn read(change: impl Fn(&mut Value)) -> Result<Ovh, String> {
        // The keys of the documentation's example.
        let mut values = json!({
            "application_key": "7kbG7Bk7S9Nt7ZSV", "application_secret": "EXEgWIz07P0HYwtQDs7cNIqCiQaWSuHF",
            "consumer_key": "MtSwSrPpNjqfVSmJhLbPyr2i45lSwPU1", "service": "sms-xx12345-1",
        });
        change(&mut values);
        let Value::Object(values) = values else { unreachable!("an object") };
        let shared =
            Shared { web: Web::open().expect("a client"), clock: Arc::new(Stopped), reports: mpsc::channel(1).0 };
        Ovh::read(&Section::new("test", values), &shared)
    }

    #[test]
    fn the_signature_is_the_one_of_the_documentation() {
        let ovh = read(|_| {}).expect("good");
        let signature = ovh.signature(&Method::GET, "https://eu.api.ovh.com/1.0/domains/", "", 1_366_560_945);
        assert_eq!(signature, "$1$d3705e8afb27a0d2970a322b96550abfc67bb798");
        assert_ne!(signature, ovh.signature(&Method::GET, "https://eu.api.ovh.com/1.0/domains/", "", 1_366_560_946));
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        for (key, value) in [
            ("application_key", json!("a b")),
            ("application_secret", json!("")),
            ("consumer_key", json!("x\n")),
            ("service", json!("xx12345-1")),
            ("service", json!("sms-../x")),
            ("sender", json!("a name that is long")),
            ("url", json!("http://eu.api.ovh.example")),
        ] {
            let said = read(|values| values[key] = value.clone()).err().expect(key);
            assert!(said.contains(key), "{said}");
        }
    }

    #[test]
    fn answers_and_receipts_mean_what_they_say() {
        let answer = |status, body: &str| Answer { status, body: body.as_bytes().to_vec() };
        let good = r#"{"totalCreditsRemoved":1,"invalidReceivers":[],"ids":[73622583],"validReceivers":["+33612345678"]}"#;
        assert_eq!(taken(&answer(200, good)), Ok(Accepted { reference: Some("73622583".to_owned()) }));
        for (status, body, class) in [
            (200, r#"{"ids":[],"invalidReceivers":["+3361"],"validReceivers":[]}"#, FailureClass::UnknownNumber),
            (200, r#"{"ids":[]}"#, FailureClass::Refused),
            (200, r#"{"ids":"#, FailureClass::Refused),
            (403, r#"{"class":"Client::Forbidden","message":"This call has not been granted"}"#, FailureClass::Credentials),
            (400, r#"{"class":"Client::InvalidCredential","message":"x"}"#, FailureClass::Credentials),
            (400, r#"{"message":"Invalid signature"}"#, FailureClass::Credentials),
            (400, r#"{"message":"You don't have enough credits on this account"}"#, FailureClass::Credit),
            (500, "", FailureClass::Later),
        ] {
            assert_eq!(taken(&answer(status, body)), Err(class), "{status} {body}");
        }
        for (status, body, progress) in [
            (404, "", Ok(Progress::Waiting)),
            (200, r#"{"ptt":3,"deliveryReceipt":1}"#, Ok(Progress::Waiting)),
            (200, r#"{"ptt":4}"#, Ok(Progress::Delivered)),
            (200, r#"{"ptt":5}"#, Ok(Progress::Failed(FailureClass::Refused))),
            (200, r#"{"ptt":23}"#, Ok(Progress::Failed(FailureClass::UnknownNumber))),
            (200, r#"{"ptt":24}"#, Ok(Progress::Failed(FailureClass::Absent))),
            (200, r#"{"ptt":9999,"deliveryReceipt":8}"#, Ok(Progress::Waiting)),
            (200, r#"{"ptt":9999,"deliveryReceipt":2}"#, Ok(Progress::Failed(FailureClass::Refused))),
            (200, r#"{"deliveryReceipt":1}"#, Ok(Progress::Delivered)),
            (200, "{}", Ok(Progress::Waiting)),
            (500, "", Err(FailureClass::Later)),
        ] {
            assert_eq!(told(&answer(status, body)), progress, "{status} {body}");
        }
    }
}
