//! The speaker: finds a message and fills in its arguments.

use std::sync::Arc;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use crate::domain::Language;

use super::SOURCES;

/// An argument of a message: a word or a number.
#[derive(Debug, Clone)]
pub enum Said<'a> {
    /// Text, put in as it is.
    Text(&'a str),
    /// A number, which also chooses the plural.
    Number(i64),
}

impl<'a> From<&'a str> for Said<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Said<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Said<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// All texts in all languages. Cheap to clone.
#[derive(Clone)]
pub struct Texts {
    bundles: Arc<Vec<(Language, FluentBundle<FluentResource>)>>,
}

impl Default for Texts {
    fn default() -> Self {
        Self::new()
    }
}

impl Texts {
    /// Reads the sources, which are part of the program and checked by a test.
    pub fn new() -> Self {
        let mut bundles = Vec::new();
        for (language, sources) in SOURCES {
            let tag = language.tag().parse().unwrap_or_default();
            let mut bundle = FluentBundle::new_concurrent(vec![tag]);
            // Isolation marks would end up in SMS and subjects.
            bundle.set_use_isolating(false);
            for source in *sources {
                let resource = FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(resource, _)| resource);
                bundle.add_resource_overriding(resource);
            }
            bundles.push((*language, bundle));
        }
        Self { bundles: Arc::new(bundles) }
    }

    /// The message `id` in `language`, with its arguments.
    ///
    /// A message that does not exist gives its id: `tests/texts.rs` makes sure that there is none.
    pub fn say(&self, language: Language, id: &str, arguments: &[(&str, Said<'_>)]) -> String {
        let Some((_, bundle)) = self.bundles.iter().find(|(l, _)| *l == language) else { return id.to_owned() };
        let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else { return id.to_owned() };
        let mut args = FluentArgs::new();
        for (name, value) in arguments {
            match value {
                Said::Text(text) => args.set(*name, FluentValue::from(*text)),
                Said::Number(number) => args.set(*name, FluentValue::from(*number)),
            }
        }
        bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned()
    }

    /// The SMS with a code and the letters beside it; the last line lets telephones fill the code in for the pages of
    /// `host` alone (WebOTP).
    pub fn short_message(&self, language: Language, (code, letters): (&str, &str), host: &str) -> String {
        let text = self.say(language, "code-sms", &[("code", Said::Text(code)), ("letters", Said::Text(letters))]);
        format!("{text}\n\n@{host} #{code}")
    }
}
