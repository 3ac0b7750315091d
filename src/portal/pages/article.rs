//! A message as it is read, on the letter's page and on that of a message that lies in it.

use crate::domain::PracticeProfile;
use crate::mailbox::{Body, File, Letter, MESSAGE, Picture};
use crate::portal::html::reduce;
use crate::portal::pictures::Gallery;
use crate::portal::words::Words;

use super::{FILES, shown_in_browsers};

/// A text as the page shows it.
pub(in crate::portal) struct Shown {
    pub(super) plain: bool,
    /// It may be wider than a telephone, and is moved by keyboard too.
    pub(super) wide: bool,
    pub(super) text: String,
}

/// The letter and its texts, ready to be shown: work of the processor, which may last.
pub(in crate::portal) fn readable(letter: Letter) -> (Letter, Vec<Shown>) {
    readable_within(Picture::MOST, letter)
}

/// The same with less room for pictures, in octets.
pub(in crate::portal) fn readable_within(room: u64, mut letter: Letter) -> (Letter, Vec<Shown>) {
    let gallery = Gallery::within(room, std::mem::take(&mut letter.pictures));
    let texts = letter.bodies.iter().enumerate().map(|(number, body)| match body {
        Body::Plain(text) => Shown { plain: true, wide: false, text: text.trim().to_owned() },
        Body::Html(sent) => {
            let text = reduce(sent, number, &gallery);
            Shown { plain: false, wide: text.contains("<table"), text }
        }
    });
    let texts = texts.filter(|shown| !shown.text.is_empty()).collect();
    (letter, texts)
}

/// A message as it is read: what it says, and its files.
pub(super) struct Article<'a> {
    /// The language that it is in.
    pub(super) theirs: &'a str,
    pub(super) subject: Option<&'a str>,
    pub(super) from: String,
    pub(super) date: Option<String>,
    pub(super) texts: Vec<Shown>,
    pub(super) files: Vec<Listed>,
    /// What is said on the way to all of them at once, and where that is.
    pub(super) all: Option<(String, String)>,
    /// Where it is as it was sent, where it had looks of its own.
    pub(super) sent: Option<String>,
}

impl<'a> Article<'a> {
    /// A message whose files are at `place`, for the page with this mark.
    pub(super) fn of(
        words: &Words,
        letter: &'a Letter,
        texts: Vec<Shown>,
        practice: &PracticeProfile,
        (place, sent, mark): (&str, &str, &str),
    ) -> Self {
        let subject = letter.subject.trim();
        let dressed = letter.bodies.iter().any(|body| matches!(body, Body::Html(_)));
        Self {
            // What the sender says it is in, else what the practice writes in: never the language that the page happens to
            // be in.
            theirs: letter.language.as_deref().unwrap_or(practice.language.tag()),
            subject: (!subject.is_empty()).then_some(subject),
            from: letter.from.clone(),
            // A message without a Date field has none to show.
            date: (letter.date.0 > 0).then(|| words.moment(letter.date)),
            texts,
            files: letter.files.iter().map(|file| Listed::of(words, file, place, mark)).collect(),
            all: None,
            sent: dressed.then(|| format!("{sent}?of={mark}")),
        }
    }
}

pub(super) struct Listed {
    pub(super) name: String,
    pub(super) about: String,
    /// Where it is shown, if it can be.
    pub(super) open: Option<String>,
    /// Where it is saved from.
    pub(super) save: String,
}

impl Listed {
    fn of(words: &Words, file: &File, place: &str, mark: &str) -> Self {
        let number = file.number;
        let open = match file.media_type.as_str() {
            // One in another is saved.
            MESSAGE => (place == FILES).then(|| format!("/letter/message/{number}?of={mark}")),
            kind => shown_in_browsers(kind).then(|| format!("{place}/{number}?of={mark}")),
        };
        Self {
            name: file.name.clone(),
            about: format!("{}, {}", words.kind(&file.media_type), words.size(file.size)),
            open,
            save: format!("{place}/{number}/save?of={mark}"),
        }
    }
}
