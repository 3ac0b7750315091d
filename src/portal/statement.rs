//! The statement of accessibility (French law 2005-102 article 47, decree 2019-768): how far these pages keep RGAA 4.1,
//! how that was found out, what is not kept, whom to tell, and who helps when telling does not.
//!
//! `tests/browser/rgaa.md` holds every criterion with its result; a test compares the counts said here with it.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};

use crate::domain::{Contact, Language, Timestamp};
use crate::texts::Texts;

use super::guard::Visitor;
use super::pages::Chapter;
use super::words::Words;
use super::{Portal, pages};

/// The address of the statement.
pub(super) const PATH: &str = "/accessibility";

/// How many of the 106 criteria of RGAA 4.1 were found to be what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Kept.
    pub kept: usize,
    /// Not kept.
    pub broken: usize,
    /// With nothing on these pages that they speak of.
    pub without: usize,
}

impl Grid {
    /// What the grid holds.
    pub const FOUND: Self = Self { kept: 61, broken: 5, without: 40 };

    /// The year, month and day of the assessment.
    pub const DAY: (i16, i8, i8) = (2026, 11, 28);
}

/// `GET /accessibility`: in the language that is asked for, else in that of the browser.
pub(super) async fn show(State(portal): State<Portal>, visitor: Visitor) -> Response {
    let language = visitor.asked.or(visitor.remembered).or(visitor.preferred).unwrap_or(Language::Fr);
    // No time of day stands on it.
    let words = Words::new(&portal.texts, language, "UTC", Timestamp(0));
    Html(page(&words, portal.settings.demonstration, portal.settings.accessibility.as_ref())).into_response()
}

/// The page; `contact` is whoever runs the server, where they said how to reach them.
pub(super) fn page(words: &Words, demonstration: bool, contact: Option<&Contact>) -> String {
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX).into();
    let Grid { kept, broken, without } = Grid::FOUND;
    let (year, month, day) = Grid::DAY;
    let day = words.texts.day(words.language, day, month, Some(year));
    let chapter = |heading: &str, texts: &[&str]| Chapter {
        title: words.say(heading),
        texts: texts.iter().map(|id| words.say(id)).collect(),
        way: None,
    };
    let mut state = chapter("accessibility-state-heading", &["accessibility-state"]);
    state.texts.push(words.tell(
        "accessibility-found",
        &[("kept", count(kept)), ("applicable", count(kept + broken)), ("without", count(without))],
    ));
    let mut how = chapter("accessibility-how-heading", &["accessibility-how", "accessibility-made-of"]);
    how.texts.push(words.tell("accessibility-day", &[("day", (&day).into())]));
    let mut tell = chapter("accessibility-tell-heading", &["accessibility-tell", "accessibility-tell-other"]);
    tell.way =
        contact.map(|contact| (words.say("accessibility-tell-contact"), contact.link(), contact.shown().to_owned()));
    let chapters = vec![
        state,
        chapter(
            "accessibility-missing-heading",
            &["accessibility-missing-readers", "accessibility-missing-letters", "accessibility-missing-files"],
        ),
        how,
        tell,
        chapter(
            "accessibility-remedy-heading",
            &["accessibility-remedy", "accessibility-remedy-address", "accessibility-remedy-abroad"],
        ),
    ];
    pages::chapters(words, demonstration, (PATH, words.say("accessibility-title")), chapters)
}

/// The legal mention that stands at the foot of every page: its language, its words, where it leads.
pub(super) fn way(texts: &Texts, language: Language) -> (&'static str, String, String) {
    let tag = language.tag();
    (tag, texts.say(language, "accessibility-mention", &[]), format!("{PATH}?lang={tag}"))
}
