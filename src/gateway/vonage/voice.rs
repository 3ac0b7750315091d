//! Calls by the Voice API: a list of what to say and to wait for (an NCCO), sent with the request.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::{Clock, FailureClass, PhoneNumber, SecretText};

use super::super::client::{Answer, Web, address};
use super::super::{
    Accepted, Callback, DIGIT_PAUSE, Document, GREETINGS, KEY_PRESSED, KEY_WAIT, Next, Outgoing, Progress, Provider,
    ReportFault, Reported, Reports, Script, Section, Shared, Words,
};
use super::token::{SigningKey, is_authentic};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The application's id, a UUID.
    application_id: String,
    /// Its private key, PKCS #8 in PEM.
    private_key_file: PathBuf,
    /// Signs what Vonage calls.
    signature_secret: SecretText,
    /// A number of the account.
    from: String,
    url: Option<String>,
}

pub(super) struct Voice {
    settings: Settings,
    key: SigningKey,
    url: Url,
    web: Web,
    clock: Arc<dyn Clock>,
}

impl Provider for Voice {
    fn send<'a>(&'a self, message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Accepted, FailureClass>> {
        Box::pin(async move {
            let Words::Call(script) = &message.words else { return Err(FailureClass::Refused) };
            let events: Vec<&str> = message.report.iter().map(|address| address.reveal()).collect();
            let body = json!({
                "to": [{ "type": "phone", "number": message.to.reveal().trim_start_matches('+') }],
                "from": { "type": "phone", "number": self.settings.from.trim_start_matches('+') },
                "ncco": first(script, message.report),
                "ringing_timer": 30,
                "event_url": events,
                "event_method": "POST",
            });
            let now = self.clock.now().0.div_euclid(1000);
            let token = self.key.token(&self.settings.application_id, &message.send.to_string(), now);
            let token = token.ok_or(FailureClass::Credentials)?;
            let request = self.web.request(Method::POST, self.url.clone()).bearer_auth(token.reveal());
            let request = request.header("content-type", "application/json").body(body.to_string()).build();
            taken(&self.web.run(request.map_err(|_| FailureClass::Refused)?).await?)
        })
    }

    fn reports(&self) -> Reports {
        Reports::Called
    }

    fn report(&self, call: &Callback<'_>) -> Result<Reported, ReportFault> {
        let authorization = call.header("authorization").unwrap_or_default();
        if !is_authentic(authorization, &self.settings.signature_secret, call.body, call.now) {
            return Err(ReportFault::Forged);
        }
        let body: Value = serde_json::from_slice(call.body).map_err(|_| ReportFault::Unreadable)?;
        let uuid = body.get("uuid").and_then(Value::as_str).ok_or(ReportFault::Unreadable)?;
        let reference = Some(uuid.to_owned());
        if call.asked("step") == Some("key") {
            let dtmf = body.get("dtmf");
            let digits = dtmf.and_then(|dtmf| dtmf.get("digits").or(Some(dtmf))).and_then(Value::as_str);
            let round = call.asked("round").and_then(|round| round.parse().ok()).unwrap_or(GREETINGS);
            let next = match digits.is_some_and(|digits| !digits.is_empty()) {
                true => Next::Code,
                false if round < GREETINGS => Next::Greeting(round + 1),
                // Nothing more is said, and the call ends.
                false => Next::Nothing,
            };
            return Ok(Reported { progress: Progress::Waiting, next, reference });
        }
        let progress = match body.get("status").and_then(Value::as_str) {
            // The call is over. Where the code was said, that was noted when it was.
            Some("completed" | "timeout" | "unanswered" | "busy" | "cancelled") => {
                Progress::Failed(FailureClass::NoAnswer)
            }
            Some("failed" | "rejected") => Progress::Failed(match body.get("detail").and_then(Value::as_str) {
                Some("invalid_number" | "number_out_of_service") => FailureClass::UnknownNumber,
                Some("declined") => FailureClass::NoAnswer,
                _ => FailureClass::Refused,
            }),
            Some(_) => Progress::Waiting,
            None => return Err(ReportFault::Unreadable),
        };
        Ok(Reported { progress, next: Next::Nothing, reference })
    }

    fn greeting(&self, script: &Script, address: &SecretText, round: u32) -> Document {
        let ncco = json!([talk(script, &script.greeting, true), input(address, round)]);
        Document { media_type: "application/json", text: SecretText::new(ncco.to_string()) }
    }

    fn code(&self, script: &Script, address: &SecretText) -> Document {
        let pause = format!("<break time=\"{DIGIT_PAUSE}ms\"/>");
        let digits: String = script.digits.reveal().chars().map(|digit| format!("{digit}{pause}")).collect();
        let (code, repeat) = (escaped(&script.code), escaped(&script.repeat));
        let told = format!("<speak>{code} {pause}{digits} {repeat} {pause}{digits}</speak>");
        let ncco = json!([
            talk(script, &told, false),
            talk(script, &script.again, true),
            input(address, GREETINGS),
            talk(script, &script.goodbye, false),
        ]);
        Document { media_type: "application/json", text: SecretText::new(ncco.to_string()) }
    }
}

impl Voice {
    pub fn read(section: &Section, shared: &Shared) -> Result<Self, String> {
        let settings: Settings = section.read()?;
        let uuid = |text: &str| {
            text.len() == 36 && text.bytes().enumerate().all(|(at, c)| match at {
                8 | 13 | 18 | 23 => c == b'-',
                _ => c.is_ascii_hexdigit(),
            })
        };
        if !uuid(&settings.application_id) {
            return Err("application_id: must be a UUID".to_owned());
        }
        if PhoneNumber::parse_international(&settings.from).is_err() {
            return Err("from must be a number such as +33123456789".to_owned());
        }
        let base = address(settings.url.as_deref().unwrap_or("https://api.nexmo.com"))?;
        let url = base.join("v1/calls").map_err(|_| "url is not one".to_owned())?;
        let key = private_key(&settings.private_key_file).map_err(|what| format!("private_key_file: {what}"))?;
        Ok(Self { settings, key, url, web: shared.web.clone(), clock: shared.clock.clone() })
    }
}

fn private_key(file: &std::path::Path) -> Result<SigningKey, String> {
    use std::os::unix::fs::PermissionsExt as _;

    let metadata = std::fs::metadata(file).map_err(|error| error.kind().to_string())?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err("others can read it; chmod 600".to_owned());
    }
    let text = std::fs::read_to_string(file).map(SecretText::new).map_err(|error| error.kind().to_string())?;
    SigningKey::read(&text).ok_or("this is no private key in PEM (BEGIN PRIVATE KEY)".to_owned())
}

/// What a call begins with. Where nothing listens for keys, all of it is read out at once.
fn first(script: &Script, report: Option<&SecretText>) -> Value {
    match report {
        None => json!([talk(script, script.whole.reveal(), false)]),
        Some(address) => json!([talk(script, &script.greeting, true), input(address, 1)]),
    }
}

/// `barged`: a key that is pressed cuts it short; an input follows.
fn talk(script: &Script, text: &str, barged: bool) -> Value {
    let language = match script.language.tag() {
        "en" => "en-GB",
        "it" => "it-IT",
        "es" => "es-ES",
        "ru" => "ru-RU",
        _ => "fr-FR",
    };
    json!({ "action": "talk", "text": text, "language": language, "bargeIn": barged })
}

fn input(address: &SecretText, round: u32) -> Value {
    json!({
        "action": "input",
        "type": ["dtmf"],
        "dtmf": { "timeOut": KEY_WAIT, "maxDigits": 1 },
        "eventUrl": [format!("{}{KEY_PRESSED}&round={round}", address.reveal())],
        "eventMethod": "POST",
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn taken(answer: &Answer) -> Result<Accepted, FailureClass> {
    match (answer.status, answer.refusal()) {
        (402, _) => return Err(FailureClass::Credit),
        (_, Some(refusal)) => return Err(refusal),
        (_, None) => {}
    }
    let body: Value = serde_json::from_slice(&answer.body).map_err(|_| FailureClass::Refused)?;
    match body.get("uuid").and_then(Value::as_str) {
        Some(uuid) if !uuid.is_empty() => Ok(Accepted { reference: Some(uuid.to_owned()) }),
        _ => Err(FailureClass::Refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Language;

    #[test]
    fn a_call_says_no_digit_before_a_key() {
        let script = Script {
            language: Language::Fr,
            greeting: "Appuyez".to_owned(),
            code: "Voici & <cela>".to_owned(),
            digits: SecretText::new("481920"),
            repeat: "Je répète".to_owned(),
            again: "Encore ?".to_owned(),
            goodbye: "Au revoir".to_owned(),
            whole: SecretText::new("tout 4 8 1"),
        };
        let address = SecretText::new("https://p.example/r/a/b");
        let list = first(&script, Some(&address));
        assert_eq!(list[1]["eventUrl"], json!(["https://p.example/r/a/b?step=key&round=1"]));
        assert_eq!((&list[1]["dtmf"]["timeOut"], &list[0]["language"]), (&json!(8), &json!("fr-FR")));
        assert_eq!((&list[0]["bargeIn"], list.as_array().map(Vec::len)), (&json!(true), Some(2)));
        assert!(!list.to_string().contains("481920") && !list.to_string().contains("tout"));
        assert!(first(&script, None).to_string().contains("tout"));
    }

    #[test]
    fn answers_of_calls() {
        let answer = |status, body: &str| taken(&Answer { status, body: body.as_bytes().to_vec() });
        assert_eq!(answer(201, r#"{"uuid":"63f","status":"started"}"#), Ok(Accepted { reference: Some("63f".to_owned()) }));
        for (status, body, class) in [
            (201, "{}", FailureClass::Refused),
            (201, "{", FailureClass::Refused),
            (401, "", FailureClass::Credentials),
            (402, "", FailureClass::Credit),
            (429, "", FailureClass::Later),
            (400, "", FailureClass::Refused),
        ] {
            assert_eq!(answer(status, body), Err(class), "{status}");
        }
    }
}
