//! Short messages by the SMS API: an error may stand inside a 200, and reports are signed by their fields.

use aws_lc_rs::hmac;
use futures_util::future::BoxFuture;
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::{FailureClass, PhoneNumber, SecretText};

use super::super::client::{Answer, Web, address};
use super::super::gsm::is_gsm;
use super::super::{
    Accepted, Callback, Next, Outgoing, Progress, Provider, ReportFault, Reported, Reports, Section, Shared,
};
use super::is_fresh;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    api_key: String,
    api_secret: SecretText,
    /// Signs reports, with the method "SHA-256 HMAC".
    signature_secret: SecretText,
    /// A number, or a name of at most eleven letters.
    from: String,
    url: Option<String>,
}

pub(super) struct Sms {
    settings: Settings,
    url: Url,
    web: Web,
}

impl Provider for Sms {
    fn send<'a>(&'a self, message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Accepted, FailureClass>> {
        Box::pin(async move {
            let text = message.words.whole().reveal();
            let send = message.send.to_string();
            let mut form = vec![
                ("api_key", self.settings.api_key.as_str()),
                ("api_secret", self.settings.api_secret.reveal()),
                ("from", self.settings.from.trim_start_matches('+')),
                ("to", message.to.reveal().trim_start_matches('+')),
                ("text", text),
                ("type", if is_gsm(text) { "text" } else { "unicode" }),
                // Milliseconds: as long as a code lives.
                ("ttl", "600000"),
                ("client-ref", &send),
            ];
            if let Some(report) = message.report {
                form.push(("callback", report.reveal()));
            }
            let request = self.web.request(Method::POST, self.url.clone()).form(&form).build();
            taken(&self.web.run(request.map_err(|_| FailureClass::Refused)?).await?)
        })
    }

    fn reports(&self) -> Reports {
        Reports::Called
    }

    fn report(&self, call: &Callback<'_>) -> Result<Reported, ReportFault> {
        let fields = fields(call);
        let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let at = field("timestamp").and_then(|at| at.parse::<i64>().ok());
        if !is_signed(&fields, &self.settings.signature_secret) || !at.is_some_and(|at| is_fresh(at, call.now)) {
            return Err(ReportFault::Forged);
        }
        let reference = Some(field("messageId").ok_or(ReportFault::Unreadable)?.to_owned());
        let progress = match field("status") {
            Some("delivered") => Progress::Delivered,
            Some("expired") => Progress::Failed(FailureClass::Absent),
            Some("failed" | "rejected" | "undeliverable") => {
                Progress::Failed(class_of(field("err-code").unwrap_or_default()))
            }
            Some(_) => Progress::Waiting,
            None => return Err(ReportFault::Unreadable),
        };
        Ok(Reported { progress, next: Next::Nothing, reference })
    }
}

impl Sms {
    pub fn read(section: &Section, shared: &Shared) -> Result<Self, String> {
        let settings: Settings = section.read()?;
        let word = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric());
        if !word(&settings.api_key) {
            return Err("api_key: must be letters and digits".to_owned());
        }
        let from = settings.from.as_str();
        let short = (3..=8).contains(&from.len()) && from.bytes().all(|c| c.is_ascii_digit());
        let name = from.len() <= 11
            && from.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ')
            && from.contains(|c: char| c.is_ascii_alphabetic());
        if !short && !name && PhoneNumber::parse_international(from).is_err() {
            return Err("from must be a number such as +33612345678, a short code, or a name of 11 letters".to_owned());
        }
        let base = address(settings.url.as_deref().unwrap_or("https://rest.nexmo.com"))?;
        let url = base.join("sms/json").map_err(|_| "url is not one".to_owned())?;
        Ok(Self { settings, url, web: shared.web.clone() })
    }
}

/// The fields of a report: a query, a form, or an object.
fn fields(call: &Callback<'_>) -> Vec<(String, String)> {
    if call.body.is_empty() {
        return call.query.to_vec();
    }
    if let Ok(Value::Object(object)) = serde_json::from_slice::<Value>(call.body) {
        let text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        return object.into_iter().map(|(name, value)| (name, text(value))).collect();
    }
    call.form()
}

/// "Signing messages" of the SMS API's documentation: HMAC-SHA-256 over `&name=value` of the sorted fields, with `&`
/// and `=` in values replaced, in hexadecimal.
fn is_signed(fields: &[(String, String)], secret: &SecretText) -> bool {
    // Names are signed as they stand: one that holds a mark could move the border of a field.
    if fields.iter().any(|(name, _)| name.contains(['&', '='])) {
        return false;
    }
    let mut sorted: Vec<&(String, String)> = fields.iter().filter(|(name, _)| name != "sig").collect();
    sorted.sort();
    let signed: String =
        sorted.iter().map(|(name, value)| format!("&{name}={}", value.replace(['&', '='], "_"))).collect();
    let given = fields.iter().find(|(name, _)| name == "sig").map(|(_, value)| value.to_ascii_lowercase());
    let given = given.and_then(|sig| data_encoding::HEXLOWER.decode(sig.as_bytes()).ok()).unwrap_or_default();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
    // Compared in constant time.
    hmac::verify(&key, signed.as_bytes(), &given).is_ok()
}

/// What an answer means: one message part each, and all must have been taken.
fn taken(answer: &Answer) -> Result<Accepted, FailureClass> {
    if let Some(refusal) = answer.refusal() {
        return Err(refusal);
    }
    let body: Value = serde_json::from_slice(&answer.body).map_err(|_| FailureClass::Refused)?;
    let parts = body.get("messages").and_then(Value::as_array).filter(|parts| !parts.is_empty());
    let parts = parts.ok_or(FailureClass::Refused)?;
    for part in parts {
        match part.get("status").and_then(Value::as_str) {
            Some("0") => {}
            Some("1" | "5" | "10" | "13") => return Err(FailureClass::Later),
            Some("4" | "8" | "14") => return Err(FailureClass::Credentials),
            Some("6" | "34") => return Err(FailureClass::UnknownNumber),
            Some("7") => return Err(FailureClass::Stopped),
            Some("9") => return Err(FailureClass::Credit),
            _ => return Err(FailureClass::Refused),
        }
    }
    match parts.first().and_then(|part| part.get("message-id")).and_then(Value::as_str) {
        Some(id) if !id.is_empty() => Ok(Accepted { reference: Some(id.to_owned()) }),
        _ => Err(FailureClass::Refused),
    }
}

/// "Delivery receipts, error codes" of the documentation.
fn class_of(code: &str) -> FailureClass {
    match code {
        // Absent for a while, busy.
        "2" | "7" => FailureClass::Absent,
        // Absent for good.
        "3" => FailureClass::UnknownNumber,
        // Whoever has the number has refused.
        "9" => FailureClass::Stopped,
        "8" => FailureClass::Later,
        _ => FailureClass::Refused,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::domain::Channel;

    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_report_is_signed_by_its_fields() {
        let secret = SecretText::new("s3cret");
        let text = b"&messageId=A_1&status=delivered&timestamp=1800000000";
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"s3cret"), text);
        let sig = data_encoding::HEXLOWER.encode(tag.as_ref());
        let good = |id: &str, sig: &str| {
            pairs(&[("timestamp", "1800000000"), ("status", "delivered"), ("sig", sig), ("messageId", id)])
        };
        assert!(is_signed(&good("A=1", &sig), &secret) && is_signed(&good("A&1", &sig.to_uppercase()), &secret));
        assert!(!is_signed(&good("A2", &sig), &secret) && !is_signed(&good("A=1", ""), &secret));
        assert!(!is_signed(&good("A=1", &sig), &SecretText::new("other")));
        assert!(!is_signed(&pairs(&[("status", "delivered")]), &secret));
    }

    #[test]
    fn a_sender_is_a_number_or_a_name() {
        let read = |from: &str| {
            let values = json!({ "api_key": "abc", "api_secret": "s", "signature_secret": "t", "from": from });
            let section = Section::new("vonage", values.as_object().unwrap().clone());
            crate::gateway::vonage::KIND.check(&section, Channel::Sms)
        };
        for good in ["+33612345678", "38600", "Cabinet", "Dr Martin 2"] {
            assert_eq!(read(good), Ok(()), "{good}");
        }
        for bad in ["", "+", "0612345678", "+0612345678", "12", "Cabinet médical", "Cabinet Martin"] {
            assert!(read(bad).unwrap_err().starts_with("from"), "{bad}");
        }
    }

    #[test]
    fn an_error_inside_a_200_is_one() {
        let answer = |status, body: &str| taken(&Answer { status, body: body.as_bytes().to_vec() });
        let part = |status: &str| format!(r#"{{"message-count":"1","messages":[{{"status":"{status}","message-id":"0A"}}]}}"#);
        assert_eq!(answer(200, &part("0")), Ok(Accepted { reference: Some("0A".to_owned()) }));
        for (status, body, class) in [
            (200, part("1"), FailureClass::Later),
            (200, part("4"), FailureClass::Credentials),
            (200, part("6"), FailureClass::UnknownNumber),
            (200, part("7"), FailureClass::Stopped),
            (200, part("9"), FailureClass::Credit),
            (200, part("15"), FailureClass::Refused),
            (200, r#"{"messages":[]}"#.to_owned(), FailureClass::Refused),
            (200, r#"{"messages":[{"status":"0"}]}"#.to_owned(), FailureClass::Refused),
            (200, "{".to_owned(), FailureClass::Refused),
            (401, part("0"), FailureClass::Credentials),
            (503, String::new(), FailureClass::Later),
        ] {
            assert_eq!(answer(status, &body), Err(class), "{status} {body}");
        }
    }
}
