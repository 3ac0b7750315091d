//! Any gateway with an HTTP interface (`kind = "http"`): Kannel, national providers, a hospital's own.
//!
//! The request is a template, tried once at start with quotes, a line break and Cyrillic. What the answer means is
//! said in the settings: a text that it must hold, texts that name a class of refusal, where the reference stands.
//! Where `{report}` is in the template, the gateway is given an address to call, and `report` says how to read that.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Request};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::{Channel, FailureClass};

use super::client::{Answer, Web, address};
use super::template::{Filling, filled_json, holds, percent, url_pairs, url_pairs_decoded};
use super::{
    Accepted, Callback, Kind, Next, Outgoing, Progress, Provider, ReportFault, Reported, Reports, Section,
};

pub(super) const KIND: Kind = Kind {
    name: "http",
    keys: &["url", "method", "query", "headers", "body", "success", "refusals", "reference", "report"],
    open: &["method", "success", "refusals", "reference", "report"],
    channels: &[Channel::Sms, Channel::Voice],
    build: |section, _, shared| Ok(Arc::new(Http::read(section, &shared.web)?)),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// https, or http to loopback only.
    url: String,
    /// `GET`, `POST` or `PUT`.
    method: Option<String>,
    /// Query parameters, with placeholders.
    #[serde(default)]
    query: BTreeMap<String, String>,
    /// Header fields, with placeholders.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// JSON where it begins with `{` or `[`, else a form; with placeholders.
    body: Option<String>,
    /// A text that the answer must hold, beside a 2xx status.
    success: Option<String>,
    /// Texts of a refusal and the class that each means.
    #[serde(default)]
    refusals: BTreeMap<String, String>,
    /// JSON pointer to the provider's reference in the answer.
    reference: Option<String>,
    /// How calls to the report address are read.
    report: Option<ReportRule>,
}

/// `{ field = "status", delivered = ["1"], failed = ["2", "16"], classes = { "absent" = ["27"] } }`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReportRule {
    /// A name of the query or of the form; a JSON pointer where it begins with `/`.
    field: String,
    delivered: Vec<String>,
    #[serde(default)]
    failed: Vec<String>,
    /// Values that say more of a failure, by the class they mean.
    #[serde(default)]
    classes: BTreeMap<String, Vec<String>>,
}

enum Body {
    None,
    Json(Value),
    Form(Vec<(String, String)>),
}

struct Http {
    settings: Settings,
    method: Method,
    body: Body,
    refusals: Vec<(String, FailureClass)>,
    classes: Vec<(FailureClass, Vec<String>)>,
    reports: bool,
    web: Web,
}

impl Provider for Http {
    fn send<'a>(&'a self, message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Accepted, FailureClass>> {
        Box::pin(async move {
            let filling = Filling {
                to: message.to.reveal(),
                text: message.words.whole().reveal(),
                language: message.language.tag(),
                report: message.report.map_or("", |address| address.reveal()),
            };
            let request = self.request(&filling).map_err(|_| FailureClass::Refused)?;
            self.taken(&self.web.run(request).await?)
        })
    }

    fn reports(&self) -> Reports {
        if self.reports { Reports::Called } else { Reports::Never }
    }

    /// The address itself is the proof: it holds 128 bits that only this gateway was told.
    fn report(&self, call: &Callback<'_>) -> Result<Reported, ReportFault> {
        let rule = self.settings.report.as_ref().ok_or(ReportFault::NotExpected)?;
        let value = if rule.field.starts_with('/') {
            let body: Value = serde_json::from_slice(call.body).map_err(|_| ReportFault::Unreadable)?;
            match body.pointer(&rule.field) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                Some(Value::Bool(value)) => value.to_string(),
                _ => return Err(ReportFault::Unreadable),
            }
        } else {
            let form = call.form();
            let mut told = call.query.iter().chain(&form).filter(|(name, _)| *name == rule.field);
            match told.next() {
                Some((_, value)) if told.all(|(_, again)| again == value) => value.clone(),
                // Not said, or two things.
                _ => return Err(ReportFault::Unreadable),
            }
        };
        let class = self.classes.iter().find(|(_, values)| values.contains(&value)).map(|(class, _)| *class);
        let progress = match class {
            Some(class) => Progress::Failed(class),
            None if rule.delivered.contains(&value) => Progress::Delivered,
            None if rule.failed.contains(&value) => Progress::Failed(FailureClass::Refused),
            None => Progress::Waiting,
        };
        Ok(Reported { progress, next: Next::Nothing, reference: None })
    }
}

impl Http {
    fn read(section: &Section, web: &Web) -> Result<Self, String> {
        let settings: Settings = section.read()?;
        let method = match settings.method.as_deref() {
            None if settings.body.is_some() => Method::POST,
            None | Some("GET") => Method::GET,
            Some("POST") => Method::POST,
            Some("PUT") => Method::PUT,
            Some(_) => return Err("method must be one of: GET, POST, PUT".to_owned()),
        };
        let body = match settings.body.as_deref().map(str::trim) {
            None | Some("") => Body::None,
            Some(text) if text.starts_with(['{', '[']) => {
                Body::Json(serde_json::from_str(text).map_err(|_| "body begins like JSON and is none")?)
            }
            Some(text) if text.starts_with('<') => {
                return Err("body: XML is not supported: use JSON or a form".to_owned());
            }
            Some(text) => Body::Form(url_pairs(text)),
        };
        if method == Method::GET && !matches!(body, Body::None) {
            return Err("body: a GET has none: use query, or method = \"POST\"".to_owned());
        }
        let pointers = [settings.reference.as_deref()];
        if pointers.into_iter().flatten().any(|pointer| !pointer.starts_with('/')) {
            return Err("reference must be a JSON pointer such as /messages/0/id".to_owned());
        }
        let texts = [Some(&settings.url), settings.body.as_ref()].into_iter().flatten();
        let all: Vec<&String> = texts.chain(settings.query.values()).chain(settings.headers.values()).collect();
        if !all.iter().any(|t| t.contains("{to}") || t.contains("{to_digits}") || t.contains("{to_00}")) {
            return Err("nothing holds {to}, {to_digits} or {to_00}: the number would never be sent".to_owned());
        }
        if !all.iter().any(|t| t.contains("{text}")) {
            return Err("nothing holds {text}: the code would never be sent".to_owned());
        }
        if settings.headers.values().any(|value| value.contains("{text}")) || settings.url.contains("{text}") {
            return Err("{text} may stand in query or body only".to_owned());
        }
        let reports = all.iter().any(|t| t.contains("{report}"));
        if reports != settings.report.is_some() {
            return Err("report and the placeholder {report} need each other".to_owned());
        }
        let class = |word: &String| {
            FailureClass::from_word(word).ok_or_else(|| format!("{word:?} is no class of failures: see the README"))
        };
        let refusals = settings.refusals.iter().map(|(text, word)| Ok((text.clone(), class(word)?)));
        let refusals = refusals.collect::<Result<_, String>>()?;
        let classes = settings.report.iter().flat_map(|rule| &rule.classes);
        let classes = classes.map(|(word, values)| Ok((class(word)?, values.clone())));
        let classes = classes.collect::<Result<_, String>>()?;
        let provider = Self { settings, method, body, refusals, classes, reports, web: web.clone() };
        let hard = Filling {
            to: "+33612345678",
            text: "\"citations\" & {to}\nПривет, 123456 +%",
            language: "ru",
            report: "https://patient.cabinet.example/r/0/0",
        };
        let request = provider.request(&hard)?;
        provider.prove(&request, &hard)?;
        Ok(provider)
    }

    /// The tried request must carry the hard text whole, whatever its form.
    fn prove(&self, request: &Request, hard: &Filling<'_>) -> Result<(), String> {
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
            Err("a text with quotes and a line break does not survive this template".to_owned())
        }
    }

    fn request(&self, filling: &Filling<'_>) -> Result<Request, String> {
        let mut url = address(&filling.fill(&self.settings.url, percent))?;
        for (name, value) in &self.settings.query {
            url.query_pairs_mut().append_pair(name, &filling.fill(value, str::to_owned));
        }
        let mut request = self.web.request(self.method.clone(), url);
        for (name, value) in &self.settings.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("header {name:?} is not one"))?;
            let value = filling.fill(value, str::to_owned);
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

    /// What an answer means. A 200 may hold an error.
    fn taken(&self, answer: &Answer) -> Result<Accepted, FailureClass> {
        let text = String::from_utf8_lossy(&answer.body);
        if let Some((_, class)) = self.refusals.iter().find(|(known, _)| text.contains(known.as_str())) {
            return Err(*class);
        }
        if let Some(class) = answer.refusal() {
            return Err(class);
        }
        if self.settings.success.as_ref().is_some_and(|wanted| !text.contains(wanted.as_str())) {
            return Err(FailureClass::Refused);
        }
        let body = self.settings.reference.as_ref().map(|_| serde_json::from_slice::<Value>(&answer.body));
        let found = body.and_then(Result::ok).zip(self.settings.reference.as_ref());
        let reference = found.and_then(|(body, pointer)| match body.pointer(pointer) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        });
        // Who says where the reference stands expects one: an answer without it is not what was described.
        if self.settings.reference.is_some() && reference.is_none() {
            return Err(FailureClass::Refused);
        }
        Ok(Accepted { reference })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(values: Value) -> Result<Http, String> {
        let Value::Object(values) = values else { unreachable!("an object") };
        Http::read(&Section::new("test", values), &Web::open().expect("a client"))
    }

    fn refusal(values: Value) -> String {
        read(values).err().expect("a refusal")
    }

    const URL: &str = "http://127.0.0.1:1/sendsms";

    #[test]
    fn templates_that_carry_any_text_are_taken() {
        for good in [
            json!({"url": URL, "query": {"to": "{to_00}", "text": "{text}"}}),
            json!({"url": URL, "body": r#"{"to":"{to}","message":{"text":"Code: {text}"},"n":1}"#}),
            json!({"url": URL, "query": {"to": "{to_digits}"}, "body": "key=abc&text={text}"}),
        ] {
            assert!(read(good).is_ok());
        }
    }

    #[test]
    fn templates_that_would_lose_the_code_are_refused_at_start() {
        let query = |to: &str, text: &str| json!({"url": URL, "query": {"to": to, "text": text}});
        assert!(refusal(query("", "{text}")).contains("number would never be sent"));
        assert!(refusal(query("{to}", "")).contains("code would never be sent"));
        assert!(refusal(json!({"url": URL, "body": r#"{"to":"{to}","text":{text}}"#})).contains("begins like JSON"));
        assert!(refusal(json!({"url": URL, "body": "<xml>{to}{text}</xml>"})).contains("XML"));
        let mut clear = query("{to}", "{text}");
        clear["url"] = json!("http://sms.example/send");
        assert!(refusal(clear).contains("must be https"));
        let mut header = query("{to}", "{text}");
        header["headers"] = json!({"X-Text": "{text}"});
        assert!(refusal(header).contains("query or body only"));
        let mut report = query("{to}", "{text}");
        report["query"]["dlr"] = json!("{report}");
        assert!(refusal(report).contains("need each other"));
        let mut unknown = query("{to}", "{text}");
        unknown["tokn"] = json!("canary");
        let said = refusal(unknown);
        assert!(said.contains("tokn") && !said.contains("canary"), "{said}");
    }

    #[test]
    fn answers_mean_what_the_settings_say() {
        let provider = read(json!({
            "url": URL, "query": {"to": "{to}", "text": "{text}"},
            "success": "\"ok\":true", "reference": "/id",
            "refusals": {"is a landline": "landline", "no credit": "credit"},
        }))
        .expect("good");
        let taken = |status, body: &str| provider.taken(&Answer { status, body: body.as_bytes().to_vec() });
        let accepted = |reference: &str| Ok(Accepted { reference: Some(reference.to_owned()) });
        assert_eq!(taken(200, r#"{"ok":true,"id":"a7"}"#), accepted("a7"));
        assert_eq!(taken(201, r#"{"ok":true,"id":7}"#), accepted("7"));
        assert_eq!(taken(200, r#"{"ok":false,"id":7}"#), Err(FailureClass::Refused), "an error inside a 200");
        assert_eq!(taken(200, r#"{"ok":true}"#), Err(FailureClass::Refused), "no reference");
        assert_eq!(taken(200, r#"{"ok":true"#), Err(FailureClass::Refused), "wrong JSON");
        assert_eq!(taken(200, "this is a landline"), Err(FailureClass::Landline));
        assert_eq!(taken(402, "no credit"), Err(FailureClass::Credit));
        for (status, class) in [
            (401, FailureClass::Credentials),
            (429, FailureClass::Later),
            (500, FailureClass::Later),
            (404, FailureClass::Refused),
            (302, FailureClass::Refused),
        ] {
            assert_eq!(taken(status, ""), Err(class), "{status}");
        }
    }

    #[test]
    fn reports_are_read_as_the_settings_say() {
        let with = |field: &str| {
            read(json!({
                "url": URL, "query": {"to": "{to}", "text": "{text}", "dlr-url": "{report}?status=%d"},
                "report": {"field": field, "delivered": ["1"], "failed": ["2"], "classes": {"absent": ["27"]}},
            }))
            .expect("good")
        };
        let told = |provider: &Http, query: &str, body: &str| {
            let query: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            let call =
                Callback { method: "GET", url: "", query: &query, headers: &[], body: body.as_bytes(), now: 0 };
            provider.report(&call).map(|reported| reported.progress)
        };
        let query = with("status");
        assert_eq!(query.reports(), Reports::Called);
        for (value, progress) in [
            ("1", Progress::Delivered),
            ("2", Progress::Failed(FailureClass::Refused)),
            ("27", Progress::Failed(FailureClass::Absent)),
            ("8", Progress::Waiting),
        ] {
            assert_eq!(told(&query, &format!("status={value}"), ""), Ok(progress));
            assert_eq!(told(&query, "", &format!("x=1&status={value}")), Ok(progress));
            assert_eq!(told(&with("/a/0"), "", &format!(r#"{{"a":[{value}]}}"#)), Ok(progress));
        }
        for (asked, body) in [("status=1&status=2", ""), ("status=1", "status=2"), ("", "status=2&status=1"), ("", "")] {
            assert_eq!(told(&query, asked, body), Err(ReportFault::Unreadable), "two things, or nothing");
        }
        assert_eq!(told(&query, "status=1", "status=1"), told(&query, "status=1", ""));
        assert_eq!(told(&query, "", "nothing"), Err(ReportFault::Unreadable));
        assert_eq!(told(&with("/a"), "", "nothing"), Err(ReportFault::Unreadable));
    }
}
