//! A provider's section of the settings, its secrets resolved, read by its kind.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::domain::Channel;

/// One provider as configured (`[[code.sms]]`, `[[code.voice]]`).
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Which list it stands in.
    pub channel: Channel,
    /// Its kind, a word of [`super::KINDS`].
    pub kind: String,
    /// What one part of a message or one call costs, in millionths of the account's currency.
    pub price: i64,
    /// Its other keys.
    pub section: Section,
}

/// Keys and values; some are secrets, so none is ever shown.
#[derive(Clone)]
pub struct Section {
    name: String,
    values: Map<String, Value>,
}

impl Section {
    /// The values of the provider `name`.
    pub fn new(name: &str, values: Map<String, Value>) -> Self {
        Self { name: name.to_owned(), values }
    }

    /// The provider's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its `url`, where it has one.
    pub(super) fn url(&self) -> Option<reqwest::Url> {
        self.values.get("url")?.as_str()?.parse().ok()
    }

    /// The values as a kind's own type.
    ///
    /// # Errors
    /// One sentence, without a value in it.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_path_to_error::deserialize(Value::Object(self.values.clone())).map_err(|error| {
            let key = error.path().to_string();
            let text = error.inner().to_string();
            let what = match text.split_once(", expected ") {
                // "invalid type: string "…", expected …": the value stays out of the line.
                Some((found, expected)) if found.starts_with("invalid ") => {
                    format!("wrong kind of value, expected {expected}")
                }
                _ => text.replace('`', ""),
            };
            if key == "." { what } else { format!("{key}: {what}") }
        })
    }
}

impl std::fmt::Debug for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Section({}, …)", self.name)
    }
}
