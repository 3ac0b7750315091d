//! The pages: typed values in, HTML out, so that a test renders every state without a server.
//!
//! Every visible word comes from `texts/*/portal.ftl`; templates are checked by the compiler and escape
//! what they are given. One page says one thing: one first heading, a title of its own.

mod article;
mod enclosed;
mod logo;
mod original;
mod polyglot;

use askama::Template;

use crate::access::{LinkState, LinkView};
use crate::domain::{Aside, Channel, FailureClass, Language, PracticeProfile, Timestamp};
use crate::mailbox::Letter;
use crate::texts::Said;

use super::answering::{AnswerPart, Refusal};
use super::words::Words;
use super::{pack, progress, statement, style};

use article::Article;
pub(super) use article::{Shown, readable, readable_within};
pub(super) use enclosed::{Inside, enclosed};
pub(super) use original::original;
pub(super) use polyglot::{
    BOTH, BROKEN_OFF, Both, FOREIGN_FORM, INCOMPLETE, INDEX, NO_FILE, NOT_OPEN, PLANTED, UNAVAILABLE, UNKNOWN, both,
    both_plain,
};

/// What surrounds a page.
struct Frame {
    tag: &'static str,
    title: String,
    style: String,
    /// That it is one, in each language of the page.
    demonstration: Vec<(&'static str, String)>,
    practice: Option<Practice>,
    /// Behind a code alone.
    logo: Option<logo::Shown>,
    switch: Option<Switch>,
    /// The way past what stands above the page.
    skip: Option<String>,
    /// The way to the statement of accessibility, in each language of the page: tag, what it says, where it is.
    accessible: Vec<(&'static str, String, String)>,
}

/// The way to the other languages.
struct Switch {
    label: String,
    /// Tag, name in itself, where it is.
    others: Vec<(&'static str, &'static str, String)>,
}

struct Practice {
    name: String,
    telephone: String,
    dial: String,
    call: String,
}

/// The form tokens of a link's page.
pub(super) struct LinkForms<'a> {
    /// The ticket, in its canonical spelling.
    pub(super) ticket: &'a str,
    /// For `/l/{ticket}/code`.
    pub(super) code: String,
    /// For `/l/{ticket}/check`.
    pub(super) check: String,
    /// For `/l/{ticket}/missing`.
    pub(super) missing: String,
    /// For `/l/{ticket}/wait`.
    pub(super) wait: String,
    /// For `/l/{ticket}/again`.
    pub(super) again: String,
    /// For `/l/{ticket}/not-mine`.
    pub(super) not_mine: String,
    /// For `/l/{ticket}/open`, where the link opens by a press, and why it does.
    pub(super) open: Option<(String, Opens)>,
    /// Until when an answer that was written in this browser waits for a code.
    pub(super) answer_waits: Option<Timestamp>,
}

/// Why a link opens without a code.
#[derive(Debug, Clone, Copy)]
pub(super) enum Opens {
    /// A page of the same person is open in this browser.
    ByPage,
    /// The browser is remembered, until then.
    Remembered(Timestamp),
}

/// What went wrong with the form that was sent, told on the page that follows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Complaint {
    /// SMS or call?
    ChooseOne,
    /// Too soon for another code.
    Wait(Timestamp),
    /// Not six digits, or no day of birth.
    NotACode,
    /// Asked for in another browser, or over.
    NoneHere,
    /// Wrong; tries left.
    Wrong(i64),
    /// That a letter is somebody else's is said with a box.
    TickFirst,
}

/// The page of a link.
pub(super) fn link(
    words: &Words,
    demonstration: bool,
    view: &LinkView,
    forms: &LinkForms<'_>,
    complaint: Option<Complaint>,
) -> String {
    let frame = |title: &str| {
        let title = words.say(title);
        let title =
            if complaint.is_some() { words.tell("portal-error-title", &[("title", (&title).into())]) } else { title };
        let here = format!("/l/{}", forms.ticket);
        Frame::of(words, demonstration, &title, Some(&view.practice), Some(&here))
    };
    // What the alert says already is not said twice.
    let told_tries = matches!(complaint, Some(Complaint::Wrong(_)));
    let told_wait = matches!(complaint, Some(Complaint::Wait(_)));
    let not_mine_open = matches!(complaint, Some(Complaint::TickFirst));
    let told = complaint.is_some();
    let unchosen = matches!(complaint, Some(Complaint::ChooseOne));
    let mistyped = matches!(complaint, Some(Complaint::NotACode | Complaint::Wrong(_)));
    let complaint = complaint.map(|complaint| complain(words, complaint, view));
    let answer = || {
        let until = forms.answer_waits.map(|until| words.until(until));
        until.map(|until| words.tell("answer-kept-link", &[("until", (&until).into())]))
    };
    let open = || {
        let (token, why) = forms.open.as_ref()?;
        let said = match why {
            Opens::ByPage => words.say("portal-open-here"),
            Opens::Remembered(until) => {
                words.tell("portal-open-remembered", &[("day", (&words.last_day(*until)).into())])
            }
        };
        Some((token.clone(), said))
    };
    let ended = |title, text| ended(words, frame(title), &view.practice, (title, text), None);
    let asking = |title, text| {
        let form = (format!("/l/{}/again", forms.ticket), forms.again.clone(), words.say("portal-ask-again"));
        self::ended(words, frame(title), &view.practice, (title, text), Some(form))
    };
    match &view.state {
        LinkState::Choose { sms, voice, failed, wait_until, over } => {
            let failed = failed.map(|(channel, class)| not_sent(words, channel, class, *sms, *voice));
            let one = sms != voice;
            let page = Choose {
                frame: frame("portal-choose-title"),
                legend: words.say(if one { "portal-choose-legend-one" } else { "portal-choose-legend" }),
                none: call(words, &view.practice, "portal-choose-none", "portal-choose-none-silent"),
                kept: words.tell("portal-kept", &[("day", (&words.last_day(view.expires_at)).into())]),
                answer: answer(),
                open: open(),
                w: words,
                forms,
                sms: *sms,
                voice: *voice,
                not_mine_open,
                alert: complaint
                    .or(failed)
                    .or_else(|| (*over && forms.open.is_none()).then(|| words.say("portal-code-over"))),
                unchosen,
                told,
                wait: wait_until
                    .filter(|_| !told_wait)
                    .map(|when| words.tell("portal-wait", &[("at", (&words.at(when)).into())])),
            };
            finish(page.render())
        }
        LinkState::Enter {
            channel,
            letters,
            last_two,
            expires_at,
            again_at,
            tries_left,
            other,
            progress,
            missed_at,
        } => {
            let again = if *channel == Channel::Sms { "portal-again-sms" } else { "portal-again-voice" };
            let page = Enter {
                frame: frame("portal-enter-title"),
                script: style::script(),
                sent: progress::told(words, progress, last_two),
                missed: missed_at.map(|at| words.tell("portal-missed-at", &[("at", (&words.at(at)).into())])),
                letters: words.tell("portal-letters", &[("letters", letters.into())]),
                until: words.tell("portal-code-until", &[("until", (&words.until(*expires_at)).into())]),
                left: (*tries_left < 5 && !told_tries)
                    .then(|| words.tell("portal-tries-left", &[("count", (*tries_left).into())])),
                again_at: words.tell("portal-again-at", &[("at", (&words.at(*again_at)).into())]),
                again: (channel.word(), words.say(again)),
                other: other.map(|other| {
                    let id = if other == Channel::Sms { "portal-other-sms" } else { "portal-other-voice" };
                    (other.word(), words.say(id))
                }),
                answer: answer(),
                open: open(),
                w: words,
                forms,
                not_mine_open,
                birth_date: view.birth_date,
                remember: view.practice.remember_browsers,
                mistyped,
                early: told_wait,
                elsewhere: vec![
                    words.tell("portal-number-gone", &[("two", last_two.into())]),
                    call(words, &view.practice, "portal-number-call", "portal-number-silent"),
                ],
                alert: complaint,
            };
            finish(page.render())
        }
        LinkState::Paused { until } => {
            let text = words.tell("portal-paused-text", &[("at", (&words.at(*until)).into())]);
            let reload = (format!("/l/{}", forms.ticket), words.say("portal-paused-reload"));
            let title = "portal-paused-title";
            notice(frame(title), words.say(title), vec![text, words.say("portal-paused-why")], Some(reload))
        }
        LinkState::Expired => asking("portal-expired-title", "portal-expired-text"),
        LinkState::Recalled => ended("portal-recalled-title", "portal-recalled-text"),
        LinkState::Locked => asking("portal-locked-title", "portal-locked-text"),
        LinkState::Suspended => ended("portal-suspended-title", "portal-suspended-text"),
    }
}

/// What a letter's page says beside the letter.
pub(super) struct Surroundings<'a> {
    pub(super) practice: &'a PracticeProfile,
    /// Of the page, for its links.
    pub(super) mark: String,
    pub(super) open_until: Timestamp,
    pub(super) kept_until: Timestamp,
    /// For `/letter/prolong`.
    pub(super) prolong: String,
    /// For `/letter/close`.
    pub(super) close: String,
    /// For `/letter/forget`, and until when this browser is remembered.
    pub(super) forget: Option<(String, Timestamp)>,
    /// Where it is answered.
    pub(super) answer: AnswerPart,
    /// An answer was just sent.
    pub(super) sent: bool,
}

/// The page of a letter.
pub(super) fn letter(
    words: &Words,
    demonstration: bool,
    letter: &Letter,
    texts: Vec<Shown>,
    around: &Surroundings<'_>,
) -> String {
    // Without the subject: titles stay in a browser's history when the letter is closed.
    let title = words.say(if around.sent { "answer-sent-title" } else { "portal-letter-title" });
    let title = match &around.answer.alert {
        Some(_) => words.tell("portal-error-title", &[("title", (&title).into())]),
        None => title,
    };
    let all = pack::is_offered(&letter.files).then(|| {
        let said = words.tell("portal-save-all", &[("size", (&words.size(pack::size(&letter.files))).into())]);
        (said, format!("/letter/files?of={}", around.mark))
    });
    let page = LetterPage {
        article: Article { all, ..Article::of(words, letter, texts, around.practice, (FILES, TEXT, &around.mark)) },
        practices: around.practice.language.tag(),
        frame: Frame::of(words, demonstration, &title, Some(around.practice), Some("/letter"))
            .headed(around.practice, &around.mark),
        open_until: words.tell("portal-open-until", &[("until", (&words.until(around.open_until)).into())]),
        kept: words.tell("portal-letter-kept", &[("day", (&words.last_day(around.kept_until)).into())]),
        prolong: &around.prolong,
        close: &around.close,
        forget: around.forget.as_ref().map(|(token, until)| {
            (token, words.tell("portal-remembered-until", &[("day", (&words.last_day(*until)).into())]))
        }),
        sent: around
            .answer
            .sent
            .last()
            .filter(|_| around.sent)
            .map(|last| (words.say("answer-sent-title"), format!("{last} {}", words.say("answer-sent-next")))),
        answer: &around.answer,
        w: words,
    };
    finish(page.render())
}

/// An answer that was posted after its page had closed, and cannot be taken: its text is given back.
pub(super) fn lost(
    words: &Words,
    demonstration: bool,
    practice: Option<&PracticeProfile>,
    ticket: &str,
    (refusal, text): (&Refusal, &str),
) -> String {
    let heading = words.say("answer-lost-title");
    let title = words.tell("portal-error-title", &[("title", (&heading).into())]);
    let frame = Frame::of(words, demonstration, &title, practice, None);
    finish(Lost { frame, heading, why: refusal.said(words), text, ticket, w: words }.render())
}

/// What follows when something was said of a link without a code, and whether somebody was told of it.
pub(super) fn said(
    words: &Words,
    demonstration: bool,
    practice: &PracticeProfile,
    (aside, told): (Aside, bool),
) -> String {
    let call = || call(words, practice, "portal-ended-call", "portal-ended-silent");
    let (heading, texts) = match (aside, told) {
        (Aside::Again, true) => ("portal-asked-title", vec![words.say("portal-asked-text"), call()]),
        (Aside::NotMine | Aside::NoCode, true) => ("portal-told-title", vec![words.say("portal-told-text")]),
        (Aside::Again, false) => ("portal-expired-title", vec![call()]),
        (Aside::NotMine | Aside::NoCode, false) => ("portal-not-mine", vec![words.say("portal-untold-text")]),
    };
    let heading = words.say(heading);
    let frame = Frame::of(words, demonstration, &heading, Some(practice), None);
    notice(frame, heading, texts, None)
}

/// What the button "close" answers.
/// `remembered`: until when the link opens here without a code.
pub(super) fn closed(
    words: &Words,
    demonstration: bool,
    practice: &PracticeProfile,
    remembered: Option<Timestamp>,
) -> String {
    let heading = words.say("portal-closed-title");
    let frame = Frame::of(words, demonstration, &heading, Some(practice), None);
    let text = match remembered {
        None => words.say("portal-closed-text"),
        Some(until) => words.tell("portal-closed-remembered", &[("day", (&words.last_day(until)).into())]),
    };
    notice(frame, heading, vec![text, words.say("portal-closed-again")], None)
}

/// What the button "forget this browser" answers.
pub(super) fn forgotten(words: &Words, demonstration: bool, practice: &PracticeProfile) -> String {
    let heading = words.say("portal-forgotten-title");
    let frame = Frame::of(words, demonstration, &heading, Some(practice), None);
    let back = ("/letter".to_owned(), words.say("portal-to-letter"));
    notice(frame, heading, vec![words.say("portal-forgotten-text")], Some(back))
}

/// The letter went away while its page was open.
pub(super) fn gone(words: &Words, demonstration: bool, practice: &PracticeProfile) -> String {
    let heading = words.say("portal-gone-title");
    let frame = Frame::of(words, demonstration, &heading, Some(practice), None);
    notice(
        frame,
        heading,
        vec![words.say("portal-gone-text"), call(words, practice, "portal-gone-call", "portal-gone-silent")],
        None,
    )
}

/// Whether browsers show this type by themselves, without running anything of it.
pub(super) fn shown_in_browsers(media_type: &str) -> bool {
    matches!(media_type, "application/pdf" | "image/jpeg" | "image/png" | "image/gif" | "image/webp")
}

impl Frame {
    fn of(
        words: &Words,
        demonstration: bool,
        title: &str,
        practice: Option<&PracticeProfile>,
        here: Option<&str>,
    ) -> Self {
        let named = practice.map(|practice| practice.public_name.clone()).unwrap_or_default();
        Self {
            tag: words.language.tag(),
            title: if named.is_empty() { title.to_owned() } else { format!("{title} – {named}") },
            style: style::name(),
            demonstration: demonstration
                .then(|| (words.language.tag(), words.say("portal-demonstration")))
                .into_iter()
                .collect(),
            practice: practice.map(|practice| Practice {
                name: practice.public_name.clone(),
                telephone: practice.telephone.clone(),
                dial: practice.telephone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect(),
                call: words.say("portal-call"),
            }),
            logo: None,
            skip: Some(words.say("portal-skip")),
            accessible: vec![statement::way(&words.texts, words.language)],
            switch: here.map(|here| Switch {
                label: words.say("portal-languages"),
                others: Language::ALL
                    .into_iter()
                    .filter(|other| *other != words.language)
                    .map(|other| (other.tag(), other.name(), format!("{here}?lang={}", other.tag())))
                    .collect(),
            }),
        }
    }
}

/// The page of headings and texts below one heading, with the way to the other languages.
pub(super) fn chapters(
    words: &Words,
    demonstration: bool,
    (here, heading): (&str, String),
    chapters: Vec<Chapter>,
) -> String {
    let frame = Frame::of(words, demonstration, &heading, None, Some(here));
    finish(Chapters { frame, heading, chapters }.render())
}

fn complain(words: &Words, complaint: Complaint, view: &LinkView) -> String {
    match complaint {
        Complaint::ChooseOne => words.say(match view.state {
            LinkState::Choose { sms: true, voice: false, .. } => "portal-choose-one-sms",
            LinkState::Choose { sms: false, voice: true, .. } => "portal-choose-one-voice",
            _ => "portal-choose-one",
        }),
        Complaint::Wait(until) => words.tell("portal-wait", &[("at", (&words.at(until)).into())]),
        Complaint::NotACode => words.say(if view.birth_date { "portal-born-unread" } else { "portal-not-a-code" }),
        Complaint::NoneHere => words.say(match view.state {
            LinkState::Choose { over: true, .. } => "portal-code-over",
            _ => "portal-none-here",
        }),
        Complaint::Wrong(left) if left > 0 => {
            let wrong = if view.birth_date { "portal-born-wrong" } else { "portal-wrong" };
            words.tell(wrong, &[("count", Said::from(left))])
        }
        Complaint::Wrong(_) => words.say(if view.birth_date { "portal-born-spent" } else { "portal-wrong-spent" }),
        Complaint::TickFirst => words.say("portal-not-mine-tick"),
    }
}

/// What went wrong, and what can be done: nothing is advised that the page does not offer.
fn not_sent(words: &Words, channel: Channel, class: FailureClass, sms: bool, voice: bool) -> String {
    let failed = words.say(match (class, channel) {
        (FailureClass::Landline, _) => "portal-failed-landline",
        (FailureClass::UnknownNumber, _) => "portal-failed-unknown-number",
        (FailureClass::Stopped, _) => "portal-failed-stopped",
        (FailureClass::Absent, _) => "portal-phone-absent",
        (FailureClass::Ceiling | FailureClass::Pumping, _) => "portal-failed-ceiling",
        (FailureClass::NoAnswer, Channel::Voice) => "portal-voice-nobody",
        (_, Channel::Sms) => "portal-failed-sms",
        (_, Channel::Voice) => "portal-failed-voice",
    });
    let then = match (class, channel, sms, voice) {
        (_, _, false, false) | (FailureClass::UnknownNumber | FailureClass::Ceiling | FailureClass::Pumping, ..) => {
            return failed;
        }
        (FailureClass::Landline | FailureClass::Stopped, _, _, true) | (_, Channel::Sms, false, true) => {
            words.say("portal-then-voice")
        }
        (_, Channel::Sms, true, true) => words.say("portal-then-again-or-voice"),
        (_, Channel::Voice, true, true) => words.say("portal-then-again-or-sms"),
        (_, Channel::Voice, true, false) => words.say("portal-then-sms"),
        (_, Channel::Sms, true, false) | (_, Channel::Voice, false, true) => words.say("portal-then-again"),
    };
    format!("{failed} {then}")
}

/// Whom to call: the practice by its number, or without one where it has given none.
pub(super) fn call(words: &Words, practice: &PracticeProfile, by_number: &str, silent: &str) -> String {
    if practice.telephone.is_empty() {
        return words.say(silent);
    }
    words.tell(by_number, &[("telephone", (&practice.telephone).into())])
}

fn ended(
    words: &Words,
    frame: Frame,
    practice: &PracticeProfile,
    (title, text): (&str, &str),
    form: Option<(String, String, String)>,
) -> String {
    let whom = call(words, practice, "portal-ended-call", "portal-ended-silent");
    let texts = vec![words.say(text), whom];
    finish(Notice { frame, heading: words.say(title), texts, form, next: None }.render())
}

fn notice(frame: Frame, heading: String, texts: Vec<String>, next: Option<(String, String)>) -> String {
    finish(Notice { frame, heading, texts, form: None, next }.render())
}

/// Templates write into a `String` and hold no fallible filter: there is nothing that can fail.
fn finish(rendered: askama::Result<String>) -> String {
    rendered.unwrap_or_default()
}

#[derive(Template)]
#[template(path = "portal/choose.html")]
struct Choose<'a> {
    frame: Frame,
    w: &'a Words,
    forms: &'a LinkForms<'a>,
    legend: String,
    none: String,
    kept: String,
    answer: Option<String>,
    /// The token of the form that opens the letter by a press, and what is said above its button.
    open: Option<(String, String)>,
    not_mine_open: bool,
    sms: bool,
    voice: bool,
    alert: Option<String>,
    wait: Option<String>,
    /// Nothing was chosen.
    unchosen: bool,
    /// The alert is about a form that was sent.
    told: bool,
}

#[derive(Template)]
#[template(path = "portal/enter.html")]
struct Enter<'a> {
    frame: Frame,
    w: &'a Words,
    forms: &'a LinkForms<'a>,
    script: String,
    sent: String,
    missed: Option<String>,
    letters: String,
    until: String,
    left: Option<String>,
    again_at: String,
    again: (&'static str, String),
    other: Option<(&'static str, String)>,
    answer: Option<String>,
    /// As in [`Choose`].
    open: Option<(String, String)>,
    /// Whether it is asked for with the code.
    birth_date: bool,
    /// Whether the browser may be remembered.
    remember: bool,
    not_mine_open: bool,
    alert: Option<String>,
    /// What was typed is wrong.
    mistyped: bool,
    /// Another code was asked for too soon.
    early: bool,
    /// For whom the number is no longer theirs.
    elsewhere: Vec<String>,
}

#[derive(Template)]
#[template(path = "portal/notice.html")]
struct Notice {
    frame: Frame,
    heading: String,
    texts: Vec<String>,
    /// A button: where its form goes, its token, its label.
    form: Option<(String, String, String)>,
    next: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "portal/letter.html")]
struct LetterPage<'a> {
    frame: Frame,
    w: &'a Words,
    article: Article<'a>,
    /// The language of the practice.
    practices: &'static str,
    open_until: String,
    kept: String,
    prolong: &'a str,
    close: &'a str,
    /// For the button that has this browser forgotten, and what is said beside it.
    forget: Option<(&'a String, String)>,
    /// What is said of an answer that was just sent.
    sent: Option<(String, String)>,
    answer: &'a AnswerPart,
}

#[derive(Template)]
#[template(path = "portal/lost.html")]
struct Lost<'a> {
    frame: Frame,
    w: &'a Words,
    heading: String,
    why: String,
    text: &'a str,
    ticket: &'a str,
}

#[derive(Template)]
#[template(path = "portal/chapters.html")]
struct Chapters {
    frame: Frame,
    heading: String,
    chapters: Vec<Chapter>,
}

/// A part of a page of chapters.
pub(super) struct Chapter {
    pub(super) title: String,
    pub(super) texts: Vec<String>,
    /// A link after them: what is said before it, where it leads, what it shows.
    pub(super) way: Option<(String, String, String)>,
}

/// Where the files of a letter are.
const FILES: &str = "/letter/file";
/// Where its text is as it was sent.
const TEXT: &str = "/letter/text";
