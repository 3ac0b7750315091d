//! Providers of SMS and voice calls: any HTTP gateway, tried in order; the demonstration's listener.
//!
//! Placeholders are escaped for where they stand: a JSON body is parsed once and filled string by
//! string, so that no text can break out of its quotes; query and form values are percent-encoded;
//! header values take only what a header may hold. Logs say which provider and what kind of failure.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, Method, Request, Url};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::domain::{Channel, FailureClass, Language, PhoneNumber, SecretText};

/// One provider as configured (`[[code.sms]]`, `[[code.voice]]`, kind `http`).
#[derive(Clone)]
pub struct ProviderSettings {
    /// Its name, for logs and listings.
    pub name: String,
    /// The address that is called: https, or http to loopback only.
    pub url: String,
    /// `GET`, `POST` or `PUT`.
    pub method: String,
    /// Query parameters, with placeholders.
    pub query: Vec<(String, SecretText)>,
    /// Header fields, with placeholders.
    pub headers: Vec<(String, SecretText)>,
    /// The body, with placeholders: JSON where it begins with `{` or `[`, else a form.
    pub body: Option<SecretText>,
    /// A text that the answer must hold, beside a 2xx status.
    pub success: Option<String>,
    /// JSON pointer to the provider's reference in the answer.
    pub reference: Option<String>,
}

impl std::fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProviderSettings({})", self.name)
    }
}

/// A code as the demonstration shows it.
#[derive(Debug)]
pub struct ShownCode {
    /// How it would travel.
    pub channel: Channel,
    /// To which number (E.164).
    pub to: SecretText,
    /// The text.
    pub text: SecretText,
}

/// All providers of this server. Cheap to clone.
#[derive(Clone)]
pub struct Gateways(Arc<Kind>);

enum Kind {
    Http { client: Client, sms: Vec<Provider>, voice: Vec<Provider> },
    Shown(mpsc::UnboundedSender<ShownCode>),
}

impl Gateways {
    /// Providers from settings; each template is tried with quotes, a line break and Cyrillic.
    ///
    /// # Errors
    /// One clear sentence: which provider, what is wrong.
    pub fn open(sms: Vec<ProviderSettings>, voice: Vec<ProviderSettings>) -> Result<Self, String> {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // A proxy of the environment would read the codes that go to a gateway on this machine.
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .timeout(PATIENCE)
            .build()
            .map_err(|_| {
                "code: the HTTP client cannot be made (are the system's certificates installed?)".to_owned()
            })?;
        let check = |settings: Vec<ProviderSettings>| -> Result<Vec<Provider>, String> {
            settings.into_iter().map(|s| Provider::check(s, &client)).collect()
        };
        let (sms, voice) = (check(sms)?, check(voice)?);
        Ok(Self(Arc::new(Kind::Http { client, sms, voice })))
    }

    /// The demonstration's: every code goes to the listener.
    pub fn shown(to: mpsc::UnboundedSender<ShownCode>) -> Self {
        Self(Arc::new(Kind::Shown(to)))
    }

    /// Whether a channel has a provider.
    pub(super) fn has(&self, channel: Channel) -> bool {
        match (&*self.0, channel) {
            (Kind::Http { sms, .. }, Channel::Sms) => !sms.is_empty(),
            (Kind::Http { voice, .. }, Channel::Voice) => !voice.is_empty(),
            (Kind::Shown(_), _) => true,
        }
    }

    /// Sends a text by the first provider of the channel that takes it; a refusal moves on at once.
    ///
    /// # Errors
    /// What the last one said.
    pub(super) async fn send(
        &self,
        channel: Channel,
        to: &PhoneNumber,
        text: &SecretText,
        language: Language,
    ) -> Result<(), FailureClass> {
        let (client, providers) = match &*self.0 {
            Kind::Shown(listener) => {
                let shown = ShownCode { channel, to: SecretText::new(to.reveal()), text: text.clone() };
                return listener.send(shown).map_err(|_| FailureClass::Unreachable);
            }
            Kind::Http { client, sms, .. } if channel == Channel::Sms => (client, sms),
            Kind::Http { client, voice, .. } => (client, voice),
        };
        let filling = Filling { to: to.reveal(), text: text.reveal(), language: language.tag() };
        let mut class = FailureClass::NoProvider;
        for provider in providers {
            match provider.send(client, &filling).await {
                Ok(()) => {
                    tracing::info!(
                        provider = provider.settings.name,
                        channel = channel.word(),
                        "code handed to provider"
                    );
                    return Ok(());
                }
                Err(why) => {
                    tracing::warn!(
                        provider = provider.settings.name,
                        channel = channel.word(),
                        why = why.word(),
                        "provider did not take a code"
                    );
                    class = why;
                }
            }
        }
        Err(class)
    }
}

/// What one provider may take before the next is tried.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the placeholders stand for.
struct Filling<'a> {
    to: &'a str,
    text: &'a str,
    language: &'a str,
}

impl Filling<'_> {
    fn fill(&self, template: &str, escape: impl Fn(&str) -> String) -> String {
        let digits = self.to.trim_start_matches('+');
        let mut filled = String::with_capacity(template.len() + self.text.len());
        let mut rest = template;
        // One pass from left to right: what was filled in is never read as a template again.
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            filled.push_str(before);
            let known = [
                ("{to}", self.to.to_owned()),
                ("{to_digits}", digits.to_owned()),
                ("{to_00}", format!("00{digits}")),
                ("{text}", self.text.to_owned()),
                ("{language}", self.language.to_owned()),
            ];
            match known.iter().find(|(name, _)| from.starts_with(name)) {
                Some((name, value)) => {
                    filled.push_str(&escape(value));
                    rest = from.split_at(name.len()).1;
                }
                None => {
                    filled.push('{');
                    rest = from.split_at(1).1;
                }
            }
        }
        filled.push_str(rest);
        filled
    }
}

enum Body {
    None,
    Json(Value),
    Form(Vec<(String, String)>),
}

struct Provider {
    settings: ProviderSettings,
    method: Method,
    body: Body,
}

impl Provider {
    fn check(settings: ProviderSettings, client: &Client) -> Result<Self, String> {
        let name = settings.name.clone();
        let wrong = |what: &str| format!("code provider {name:?}: {what}");
        let method = match settings.method.as_str() {
            "GET" => Method::GET,
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            _ => return Err(wrong("method must be GET, POST or PUT")),
        };
        let body = match settings.body.as_ref().map(|b| b.reveal().trim()) {
            None | Some("") => Body::None,
            Some(text) if text.starts_with(['{', '[']) => {
                Body::Json(serde_json::from_str(text).map_err(|_| wrong("body begins like JSON and is none"))?)
            }
            Some(text) if text.starts_with('<') => {
                return Err(wrong("XML bodies are not supported: use JSON or a form"));
            }
            Some(text) => Body::Form(url_pairs(text)),
        };
        if method == Method::GET && !matches!(body, Body::None) {
            return Err(wrong("a GET has no body: use query, or method = \"POST\""));
        }
        let everything = [Some(settings.url.as_str()), settings.body.as_ref().map(SecretText::reveal)];
        let query = settings.query.iter().map(|(_, value)| Some(value.reveal()));
        let headers = settings.headers.iter().map(|(_, value)| Some(value.reveal()));
        let all: Vec<&str> = everything.into_iter().chain(query).chain(headers).flatten().collect();
        if !all.iter().any(|t| t.contains("{to}") || t.contains("{to_digits}") || t.contains("{to_00}")) {
            return Err(wrong("nothing holds {to}, {to_digits} or {to_00}: the number would never be sent"));
        }
        if !all.iter().any(|t| t.contains("{text}")) {
            return Err(wrong("nothing holds {text}: the code would never be sent"));
        }
        if settings.headers.iter().any(|(_, value)| value.reveal().contains("{text}"))
            || settings.url.contains("{text}")
        {
            return Err(wrong("{text} may stand in query or body only"));
        }
        let provider = Self { settings, method, body };
        let hard =
            Filling { to: "+33612345678", text: "\"citations\" & {to}\nПривет, 123456 +%", language: "ru" };
        let request = provider.request(client, &hard).map_err(|what| wrong(&what))?;
        provider.prove(&request, &hard).map_err(wrong)?;
        Ok(provider)
    }

    /// The tried request must carry the hard text whole, whatever its form.
    fn prove(&self, request: &Request, hard: &Filling<'_>) -> Result<(), &'static str> {
        let octets = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        let in_query = request.url().query_pairs().any(|(_, value)| value.contains(hard.text));
        let in_body = match &self.body {
            Body::None => false,
            Body::Json(_) => serde_json::from_slice::<Value>(octets).is_ok_and(|value| holds(&value, hard.text)),
            Body::Form(_) => url_pairs_decoded(octets).iter().any(|value| value.contains(hard.text)),
        };
        if in_query || in_body {
            Ok(())
        } else {
            Err("a text with quotes and a line break does not survive this template")
        }
    }

    fn request(&self, client: &Client, filling: &Filling<'_>) -> Result<Request, String> {
        let url = filling.fill(&self.settings.url, percent);
        let mut url = Url::parse(&url).map_err(|_| "url is not one".to_owned())?;
        let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if url.scheme() != "https" && !(url.scheme() == "http" && local) {
            return Err("url must be https (http to this machine only)".to_owned());
        }
        for (name, value) in &self.settings.query {
            url.query_pairs_mut().append_pair(name, &filling.fill(value.reveal(), str::to_owned));
        }
        let mut request = client.request(self.method.clone(), url);
        for (name, value) in &self.settings.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("header {name:?} is not one"))?;
            let value = filling.fill(value.reveal(), str::to_owned);
            let mut value =
                HeaderValue::from_str(&value).map_err(|_| "a header holds what headers cannot".to_owned())?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        request = match &self.body {
            Body::None => request,
            Body::Json(template) => {
                request.header("content-type", "application/json").body(filled_json(template, filling).to_string())
            }
            Body::Form(pairs) => {
                let filled: Vec<(&str, String)> =
                    pairs.iter().map(|(name, value)| (name.as_str(), filling.fill(value, str::to_owned))).collect();
                request.form(&filled)
            }
        };
        request.build().map_err(|_| "the request cannot be made".to_owned())
    }

    async fn send(&self, client: &Client, filling: &Filling<'_>) -> Result<(), FailureClass> {
        let request = self.request(client, filling).map_err(|_| FailureClass::Refused)?;
        let mut answer = client.execute(request).await.map_err(|error| class_of(&error))?;
        let status = answer.status();
        match status.as_u16() {
            200..=299 => {}
            401 | 403 => return Err(FailureClass::Credentials),
            408 | 429 | 500..=599 => return Err(FailureClass::Later),
            _ => return Err(FailureClass::Refused),
        }
        let Some(wanted) = &self.settings.success else { return Ok(()) };
        let mut text = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| class_of(&error))? {
            text.extend_from_slice(&piece);
            if text.len() > 64 * 1024 {
                return Err(FailureClass::Refused);
            }
        }
        if String::from_utf8_lossy(&text).contains(wanted.as_str()) { Ok(()) } else { Err(FailureClass::Refused) }
    }
}

fn class_of(error: &reqwest::Error) -> FailureClass {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        // A certificate that does not fit is the operator's to mend, and is said apart.
        if cause.to_string().contains("certificate") {
            return FailureClass::Tls;
        }
        source = cause.source();
    }
    FailureClass::Unreachable
}

/// Fills every string of a JSON template; quotes and line breaks are the writer's work, not ours.
fn filled_json(template: &Value, filling: &Filling<'_>) -> Value {
    match template {
        Value::String(text) => Value::String(filling.fill(text, str::to_owned)),
        Value::Array(items) => Value::Array(items.iter().map(|item| filled_json(item, filling)).collect()),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), filled_json(value, filling))).collect())
        }
        other => other.clone(),
    }
}

fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string.contains(text),
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(fields) => fields.values().any(|value| holds(value, text)),
        _ => false,
    }
}

/// The pairs of a form template, as they are written.
fn url_pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn url_pairs_decoded(octets: &[u8]) -> Vec<String> {
    let text = format!("http://localhost/?{}", String::from_utf8_lossy(octets));
    Url::parse(&text).map(|url| url.query_pairs().map(|(_, value)| value.into_owned()).collect()).unwrap_or_default()
}

/// For a path: everything but unreserved characters (RFC 3986 §2.3).
fn percent(text: &str) -> String {
    text.bytes()
        .map(|octet| match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(octet).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(query: &[(&str, &str)], body: Option<&str>) -> ProviderSettings {
        ProviderSettings {
            name: "test".into(),
            url: "http://127.0.0.1:1/sendsms".into(),
            method: if body.is_some() { "POST" } else { "GET" }.into(),
            query: query.iter().map(|(n, v)| ((*n).to_owned(), SecretText::new(*v))).collect(),
            headers: vec![],
            body: body.map(SecretText::new),
            success: None,
            reference: None,
        }
    }

    fn refusal(settings: ProviderSettings) -> String {
        Gateways::open(vec![settings], vec![]).err().expect("a refusal")
    }

    #[test]
    fn templates_that_carry_any_text_are_taken() {
        for good in [
            settings(&[("to", "{to_00}"), ("text", "{text}")], None),
            settings(&[], Some(r#"{"to":"{to}","message":{"text":"Code: {text}"},"n":1}"#)),
            settings(&[("to", "{to_digits}")], Some("key=abc&text={text}")),
        ] {
            assert!(Gateways::open(vec![good.clone()], vec![good]).is_ok());
        }
    }

    #[test]
    fn templates_that_would_lose_the_code_are_refused_at_start() {
        assert!(refusal(settings(&[("text", "{text}")], None)).contains("number would never be sent"));
        assert!(refusal(settings(&[("to", "{to}")], None)).contains("code would never be sent"));
        assert!(refusal(settings(&[], Some(r#"{"to":"{to}","text":{text}}"#))).contains("begins like JSON"));
        assert!(refusal(settings(&[], Some("<xml>{to}{text}</xml>"))).contains("XML"));
        let mut clear = settings(&[("to", "{to}"), ("text", "{text}")], None);
        clear.url = "http://sms.example/send".into();
        assert!(refusal(clear).contains("must be https"));
        let mut header = settings(&[("to", "{to}"), ("text", "{text}")], None);
        header.headers = vec![("X-Text".into(), SecretText::new("{text}"))];
        assert!(refusal(header).contains("query or body only"));
    }

    #[test]
    fn what_was_filled_in_is_not_a_template() {
        let filling = Filling { to: "+336", text: "{to} {text}", language: "fr" };
        assert_eq!(filling.fill("{text}|{to_00}|{unknown}", str::to_owned), "{to} {text}|00336|{unknown}");
    }
}
