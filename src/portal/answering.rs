//! The part of a letter's page where it is answered: what it says, and the form.

use crate::delivery::{Answer, Answering, NoAnswer};
use crate::domain::PracticeProfile;

use super::pages::call;
use super::words::Words;

/// Files of one answer.
pub(super) const MOST_FILES: usize = 10;
/// Characters of one answer.
pub(super) const LONGEST_TEXT: usize = 20_000;

/// The ids of its fields.
const TEXT: &str = "reply";
const FILES: &str = "files";

/// What is wrong with an answer that was posted, told on the page that follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No text, no file.
    Nothing,
    /// Too many characters.
    TooLong,
    /// The files are too large together; octets that they may have.
    TooLarge(u64),
    /// Too many files.
    TooMany,
    /// A file is a program.
    Program(String),
    /// A file has a virus.
    Infected(String),
    /// The scanner cannot be asked.
    NotScanned,
    /// There is no memory for it now.
    Busy,
    /// Not all of it came.
    BrokenOff,
    /// A fault of ours.
    Failed,
    /// The letter cannot be answered, or not any more.
    Closed(NoAnswer),
}

impl Refusal {
    /// The id of the field that it is about; of the whole part where it is about none.
    fn field(&self) -> &'static str {
        match self {
            Self::Nothing | Self::TooLong => TEXT,
            Self::TooLarge(_) | Self::TooMany | Self::Program(_) | Self::Infected(_) => FILES,
            Self::NotScanned | Self::Busy | Self::BrokenOff | Self::Failed | Self::Closed(_) => "answer",
        }
    }

    /// The sentence.
    pub(super) fn said(&self, words: &Words) -> String {
        let count = |most: usize| ("count", i64::try_from(most).unwrap_or(i64::MAX).into());
        match self {
            Self::Nothing => words.say("answer-nothing"),
            Self::TooLong => words.tell("answer-too-long", &[count(LONGEST_TEXT)]),
            Self::TooLarge(most) => words.tell("answer-too-large", &[("size", (&words.size(*most)).into())]),
            Self::TooMany => words.tell("answer-too-many", &[count(MOST_FILES)]),
            Self::Program(name) => words.tell("answer-program", &[("name", name.into())]),
            Self::Infected(name) => words.tell("answer-infected", &[("name", name.into())]),
            Self::NotScanned => words.say("answer-not-scanned"),
            Self::Busy => words.say("answer-busy"),
            Self::BrokenOff => words.say("answer-broken-off"),
            Self::Failed => words.say("answer-failed"),
            Self::Closed(why) => closed(words, *why),
        }
    }
}

/// What the page that follows an answer says of it.
#[derive(Debug, Clone, Default)]
pub(super) enum Remark {
    /// No answer was posted.
    #[default]
    None,
    /// It was sent.
    Sent,
    /// It was not; and the text that it had.
    Refused(Refusal, String),
}

/// The part of the page.
pub(super) struct AnswerPart {
    pub(super) emergency: String,
    /// Absence: the sentence, and what the practitioner says.
    pub(super) away: Option<(String, String)>,
    /// The answers so far.
    pub(super) sent: Vec<String>,
    /// What is wrong with the one that was posted, and the id of what it is about.
    pub(super) alert: Option<(String, &'static str)>,
    /// Whom to call.
    pub(super) call: String,
    /// The form, or why there is none.
    pub(super) form: Result<AnswerForm, String>,
}

/// The form.
pub(super) struct AnswerForm {
    pub(super) token: String,
    pub(super) draft: String,
    pub(super) text: String,
    pub(super) longest: usize,
    pub(super) limits: String,
    /// What was refused is about the text.
    pub(super) text_wrong: bool,
    /// It is about the files.
    pub(super) files_wrong: bool,
}

/// What the form of a page carries: its token, and what was sealed for it.
pub(super) struct Carried {
    pub(super) token: String,
    /// None where this page has none.
    pub(super) draft: Option<String>,
    /// Octets that the files may have.
    pub(super) limit: u64,
    /// The sender closed the conversation.
    pub(super) ended: bool,
}

impl AnswerPart {
    /// From what the practice says, and what was posted before.
    pub(super) fn of(
        words: &Words,
        practice: &PracticeProfile,
        answering: &Answering,
        carried: Carried,
        remark: &Remark,
    ) -> Self {
        let emergency = match answering.emergency {
            [first, second, ..] => {
                words.tell("answer-emergency", &[("first", (*first).into()), ("second", (*second).into())])
            }
            [first] => words.tell("answer-emergency-one", &[("first", (*first).into())]),
            [] => String::new(),
        };
        let (alert, text) = match remark {
            Remark::Refused(refusal, text) => {
                let said = format!("{} {}", refusal.said(words), words.say("answer-not-sent"));
                (Some((said, refusal.field())), text.clone())
            }
            Remark::None | Remark::Sent => (None, String::new()),
        };
        let limits = words.tell(
            "answer-files-hint",
            &[
                ("count", i64::try_from(MOST_FILES).unwrap_or(i64::MAX).into()),
                ("size", (&words.size(carried.limit)).into()),
            ],
        );
        let wrong = |id: &str| alert.as_ref().is_some_and(|(_, field)| *field == id);
        let (text_wrong, files_wrong) = (wrong(TEXT), wrong(FILES));
        let form = match (answering.closed, carried.draft) {
            (Some(why), _) => Err(closed(words, why)),
            (None, _) if carried.ended => Err(words.say("answer-closed-ended")),
            (None, None) => Err(words.say("answer-closed-off")),
            (None, Some(draft)) => Ok(AnswerForm {
                token: carried.token,
                draft,
                text,
                longest: LONGEST_TEXT,
                limits,
                text_wrong,
                files_wrong,
            }),
        };
        Self {
            emergency,
            away: answering.away.as_ref().map(|away| {
                let until = words.until(away.until);
                (words.tell("answer-away", &[("until", (&until).into())]), away.text.trim().to_owned())
            }),
            sent: answering.answers.iter().map(|answer| told(words, answer)).collect(),
            alert,
            call: call(words, practice, "answer-call", "answer-call-silent"),
            form,
        }
    }
}

/// « Réponse envoyée le 12 avril à 9 h 40, avec 2 fichiers. »
fn told(words: &Words, answer: &Answer) -> String {
    let at = words.on(answer.at);
    match answer.waits {
        true => words.tell("answer-waiting", &[("at", (&at).into())]),
        false => words.tell("answer-sent", &[("files", answer.files.into()), ("at", (&at).into())]),
    }
}

fn closed(words: &Words, why: NoAnswer) -> String {
    words.say(match why {
        NoAnswer::Off => "answer-closed-off",
        NoAnswer::Over => "answer-closed-over",
        NoAnswer::Full => "answer-closed-full",
        NoAnswer::Enough => "answer-closed-enough",
        NoAnswer::Gone => "portal-gone-text",
    })
}
