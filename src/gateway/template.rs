//! Templates of requests: placeholders escaped for where they stand.
//!
//! A JSON body is parsed once and filled string by string, so that no text can break out of its quotes; query and
//! form values are percent-encoded. What was filled in is never read as a template again.

use reqwest::Url;
use serde_json::Value;

use super::gsm::is_gsm;

/// What the placeholders stand for.
pub(super) struct Filling<'a> {
    pub to: &'a str,
    pub text: &'a str,
    pub language: &'a str,
    /// The report address; empty where nothing listens.
    pub report: &'a str,
}

impl Filling<'_> {
    pub(super) fn fill(&self, template: &str, escape: impl Fn(&str) -> String) -> String {
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
                ("{report}", self.report.to_owned()),
                // As Kannel and many others count: 0 is the GSM alphabet, 2 is UCS-2.
                ("{coding}", if is_gsm(self.text) { "0" } else { "2" }.to_owned()),
                ("{unicode}", (!is_gsm(self.text)).to_string()),
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

/// Fills every string of a JSON template; quotes and line breaks are the writer's work, not ours.
pub(super) fn filled_json(template: &Value, filling: &Filling<'_>) -> Value {
    match template {
        Value::String(text) => Value::String(filling.fill(text, str::to_owned)),
        Value::Array(items) => Value::Array(items.iter().map(|item| filled_json(item, filling)).collect()),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), filled_json(value, filling))).collect())
        }
        other => other.clone(),
    }
}

pub(super) fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string.contains(text),
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(fields) => fields.values().any(|value| holds(value, text)),
        _ => false,
    }
}

/// The pairs of a form template, as they are written.
pub(super) fn url_pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

pub(super) fn url_pairs_decoded(octets: &[u8]) -> Vec<String> {
    let text = format!("http://localhost/?{}", String::from_utf8_lossy(octets));
    Url::parse(&text).map(|url| url.query_pairs().map(|(_, value)| value.into_owned()).collect()).unwrap_or_default()
}

/// For a path: everything but unreserved characters (RFC 3986 §2.3).
pub(super) fn percent(text: &str) -> String {
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

    #[test]
    fn what_was_filled_in_is_not_a_template() {
        let filling = Filling { to: "+336", text: "{to} {text}", language: "fr", report: "" };
        assert_eq!(filling.fill("{text}|{to_00}|{unknown}", str::to_owned), "{to} {text}|00336|{unknown}");
        assert_eq!(filling.fill("{coding} {unicode}", str::to_owned), "0 false");
        let russian = Filling { text: "Код", ..filling };
        assert_eq!(russian.fill("{coding} {unicode}", str::to_owned), "2 true");
    }
}
