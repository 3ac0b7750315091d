//! A practice: the tenant, and the public face it shows to patients.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Logo;

/// A language of the patient's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// French.
    Fr,
    /// English.
    En,
    /// Italian.
    It,
    /// Spanish.
    Es,
    /// Russian.
    Ru,
}

impl Language {
    /// Every language that is complete.
    pub const ALL: [Self; 5] = [Self::Fr, Self::En, Self::It, Self::Es, Self::Ru];

    /// Its BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
            Self::It => "it",
            Self::Es => "es",
            Self::Ru => "ru",
        }
    }

    /// Its name in itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fr => "Français",
            Self::En => "English",
            Self::It => "Italiano",
            Self::Es => "Español",
            Self::Ru => "Русский",
        }
    }
}

/// Whether a text is built like the tag of a language (BCP 47), spoken here or not.
pub fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    let letters = (2..=3).contains(&first.len()) && first.bytes().all(|octet| octet.is_ascii_alphabetic());
    let built = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|octet| octet.is_ascii_alphanumeric());
    tag.len() <= 35 && letters && parts.all(built)
}

impl FromStr for Language {
    type Err = NotALanguage;

    fn from_str(text: &str) -> Result<Self, NotALanguage> {
        Self::ALL.into_iter().find(|l| text.eq_ignore_ascii_case(l.tag())).ok_or(NotALanguage)
    }
}

/// The text names no language that Pli speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a language of this server (fr, en, it, es or ru)")]
pub struct NotALanguage;

/// What a practice tells of itself; kept sealed in one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PracticeProfile {
    /// The name the administrator uses; unique on this server.
    pub name: String,
    /// The name patients see, chosen not to tell a speciality.
    pub public_name: String,
    /// Whom to call, as patients should dial it. Empty when there is none.
    pub telephone: String,
    /// Language of texts where the recipient's is not known.
    pub language: Language,
    /// IANA name, such as `Europe/Paris`.
    pub timezone: String,
    /// Two-letter country in which numbers without country code are read.
    pub region: String,
    /// Further countries whose numbers are written without country code here.
    pub neighbours: Vec<String>,
    /// Countries to which codes may be sent, beside region and neighbours; `*` for all.
    pub countries: Vec<String>,
    /// From of its notices, `Name <address>`; empty for the server's.
    pub notice_from: String,
    /// Days a delivery stays open; 0 for the server's.
    pub days: u16,
    /// When patients are reminded.
    #[serde(default)]
    pub reminders: Reminders,
    /// Whether a letter to a person whose birth date is in the directory asks for it with the code.
    #[serde(default)]
    pub ask_birth_date: bool,
    /// Whether patients may have their browser remembered, which then opens their letters without a code for a while.
    #[serde(default)]
    pub remember_browsers: bool,
    /// What its letters are headed with once they are open; its octets lie in a column of their own.
    #[serde(default)]
    pub logo: Option<Logo>,
}

/// When somebody who has not opened a letter is reminded of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminders {
    /// Days after the notice; 0 for never.
    pub days: u16,
    /// Hours after the notice of an urgent letter; 0: as of any other.
    pub urgent_hours: u16,
    /// Whose INBOX hears of an urgent letter that was not opened, beside its sender's; empty for nobody's.
    pub urgent_to: String,
}

impl Default for Reminders {
    fn default() -> Self {
        Self { days: 5, urgent_hours: 4, urgent_to: String::new() }
    }
}
