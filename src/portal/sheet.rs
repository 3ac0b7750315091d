//! Every page in every state, from samples: what the demonstration shows an administrator, and what the tests read.
//!
//! No server, no clock: a state that misfortune alone brings about is here like any other.

use askama::Template;

use crate::access::{CodeProgress, LinkState, LinkView};
use crate::delivery::{Absence, Answer, Answering, NoAnswer};
use crate::domain::{
    Aside, Channel, Contact, DeliveryId, FailureClass, Language, PracticeProfile, Random, SentState, Timestamp,
};
use crate::mailbox::{Body, File, Letter};
use crate::texts::Texts;

use super::answering::{AnswerPart, Carried, Refusal, Remark};
use super::pages::{self, Complaint, Inside, LinkForms, Opens, Surroundings};
use super::words::Words;
use super::{logo, statement, style};

/// The files of the sheet by their paths: `index.html`, a page for each state and language, one with all states of a
/// language side by side, the style, the pictures.
pub fn sheet() -> Vec<(String, Vec<u8>)> {
    let sample = Sample::of_the_demonstration();
    let (mut files, mut names) = (Vec::new(), Vec::new());
    for language in Language::ALL {
        let pages = all_pages(&sample, language, true);
        names = pages.iter().map(|(name, _)| name.clone()).collect();
        for (name, page) in pages {
            files.push((format!("{}/{name}.html", language.tag()), apart(&page, &name)));
        }
    }
    let languages = Language::ALL.map(|language| (language.tag(), language.name()));
    for (tag, name) in languages {
        files.push((format!("sheet-{tag}.html"), Side { tag, name, names: &names }.render().unwrap_or_default()));
    }
    files.push(("index.html".to_owned(), Index { languages: &languages, names: &names }.render().unwrap_or_default()));
    files.push(("style.css".to_owned(), style::SHEET.to_owned()));
    files.push(("mark.svg".to_owned(), style::MARK.to_owned()));
    let mut files: Vec<_> = files.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    files.push(("logo.png".to_owned(), logo::SAMPLE.to_vec()));
    files
}

/// A page that is read without its server: the languages lead to one another, forms and files nowhere.
fn apart(page: &str, name: &str) -> String {
    let script = format!("<script src=\"/s/{}\" defer></script>", style::script());
    let mut page = page
        .replace(&script, "")
        .replace(&format!("/s/{}", style::name()), "../style.css")
        .replace("\"/favicon.svg\"", "\"../mark.svg\"")
        .replace(&format!("\"{}?of={MARK}\"", logo::PATH), "\"../logo.png\"");
    for language in Language::ALL {
        let tag = language.tag();
        for here in [format!("/l/{TICKET}"), "/letter".to_owned()] {
            page = page.replace(&format!("\"{here}?lang={tag}\""), &format!("\"../{tag}/{name}.html\""));
        }
        let statement = format!("\"{}?lang={tag}\"", statement::PATH);
        page = page.replace(&statement, &format!("\"../{tag}/accessibility.html\""));
    }
    page.replace("href=\"/", "href=\"#").replace("action=\"/", "action=\"#")
}

#[derive(Template)]
#[template(path = "portal/sheet.html")]
struct Index<'a> {
    languages: &'a [(&'static str, &'static str)],
    names: &'a [String],
}

#[derive(Template)]
#[template(path = "portal/side.html")]
struct Side<'a> {
    tag: &'static str,
    name: &'static str,
    names: &'a [String],
}

/// Who writes, and what.
pub(super) struct Sample {
    pub(super) practice: PracticeProfile,
    pub(super) letter: fn() -> Letter,
    /// What is said in an absence.
    pub(super) away: &'static str,
    /// What was written and could not be sent.
    pub(super) text: &'static str,
    /// The names of a program, and of a file with a virus.
    pub(super) names: [&'static str; 2],
}

impl Sample {
    fn of_the_demonstration() -> Self {
        Self {
            practice: PracticeProfile {
                name: "port".into(),
                public_name: "Cabinet du Port".into(),
                telephone: "01 99 00 12 34".into(),
                language: Language::Fr,
                timezone: "Europe/Paris".into(),
                region: "FR".into(),
                neighbours: Vec::new(),
                countries: Vec::new(),
                notice_from: String::new(),
                days: 30,
                reminders: crate::domain::Reminders::default(),
                ask_birth_date: false,
                remember_browsers: false,
                logo: logo::of_the_demonstration(),
            },
            letter: prescription,
            away: "Le Dr Rossi lit vos réponses.\nÀ bientôt.",
            text: "Bonjour docteur,\nvoici la photo.",
            names: ["jeu.exe", "photo.pdf"],
        }
    }
}

fn prescription() -> Letter {
    let file = |number, name: &str, media_type: &str, size| File {
        number,
        name: name.into(),
        media_type: media_type.into(),
        size,
        in_pieces: false,
    };
    let text = "Chère Madame,\n\nVoici votre ordonnance, et la radio du 3 avril.\n\nBien à vous,\nDr Claire Martin\n";
    let office = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    Letter {
        from: "Dr Claire Martin".into(),
        date: later(-90),
        subject: "Ordonnance de Mme Rossi".into(),
        language: None,
        bodies: vec![Body::Plain(text.into())],
        files: vec![
            file(0, "ordonnance-rossi.pdf", "application/pdf", 124_999),
            file(1, "radio.jpg", "image/jpeg", 1_340_400),
            file(2, "exercices.docx", office, 40_999),
        ],
        pictures: Vec::new(),
        to: Vec::new(),
        ended: false,
    }
}

/// The moment of the sheet: 12 April 2026, 9:40 in Paris.
pub(super) const NOW: Timestamp = Timestamp(1_775_979_600_000);

/// So many minutes after it.
pub(super) fn later(minutes: i64) -> Timestamp {
    Timestamp(NOW.0 + minutes * 60_000)
}

/// A ticket that opens nothing.
pub(super) const TICKET: &str = "0123456789abcdefghjkmnpqrstvwxyz";
/// Of a letter's page.
const MARK: &str = "0a1b2c3d";

/// Nothing hangs on what is drawn here.
pub(super) struct Nought;
impl Random for Nought {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// Every state of a link, and what may have been wrong with the form before it.
pub(super) fn link_states() -> Vec<(&'static str, LinkState, Option<Complaint>)> {
    let choose = |sms, voice, failed, wait_until| LinkState::Choose { sms, voice, failed, wait_until, over: false };
    let over = || LinkState::Choose { sms: true, voice: true, failed: None, wait_until: None, over: true };
    let enter = |channel, tries_left, other| LinkState::Enter {
        channel,
        letters: "KM".into(),
        last_two: "78".into(),
        expires_at: later(10),
        again_at: later(1),
        tries_left,
        other,
        progress: CodeProgress { channel, state: SentState::Accepted, failure: None, at: later(0) },
        missed_at: Some(later(1)),
    };
    let told = |channel, state, failure| {
        let mut entered = enter(channel, 5, None);
        if let LinkState::Enter { progress, missed_at, .. } = &mut entered {
            *progress = CodeProgress { channel, state, failure, at: later(0) };
            *missed_at = None;
        }
        entered
    };
    let (sms, voice) = (Channel::Sms, Channel::Voice);
    vec![
        ("choose", choose(true, true, None, None), None),
        ("choose-one", choose(true, true, None, None), Some(Complaint::ChooseOne)),
        ("choose-sms-only", choose(true, false, None, None), None),
        ("choose-sms-one", choose(true, false, None, None), Some(Complaint::ChooseOne)),
        ("choose-voice-one", choose(false, true, None, None), Some(Complaint::ChooseOne)),
        ("choose-none", choose(false, false, None, None), None),
        ("choose-none-failed", choose(false, false, Some((sms, FailureClass::Landline)), None), None),
        ("choose-sms-failed", choose(true, false, Some((sms, FailureClass::Unreachable)), None), None),
        ("choose-voice-failed", choose(false, true, Some((voice, FailureClass::Unreachable)), None), None),
        ("choose-failed", choose(true, true, Some((sms, FailureClass::Unreachable)), None), None),
        ("choose-failed-call", choose(true, true, Some((voice, FailureClass::Refused)), Some(later(1))), None),
        ("choose-landline", choose(false, true, Some((sms, FailureClass::Landline)), None), None),
        ("choose-wait", choose(true, true, None, Some(later(1500))), Some(Complaint::Wait(later(1500)))),
        ("choose-none-here", choose(true, true, None, None), Some(Complaint::NoneHere)),
        ("choose-over", over(), None),
        ("choose-over-typed", over(), Some(Complaint::NoneHere)),
        ("choose-spent", choose(true, true, None, None), Some(Complaint::Wrong(0))),
        ("enter", enter(sms, 5, Some(voice)), None),
        ("enter-call", enter(voice, 5, Some(sms)), None),
        ("enter-not-a-code", enter(sms, 5, None), Some(Complaint::NotACode)),
        ("enter-wrong", enter(sms, 1, Some(voice)), Some(Complaint::Wrong(1))),
        ("enter-wait", enter(sms, 4, Some(voice)), Some(Complaint::Wait(later(1)))),
        ("choose-not-mine", choose(true, true, None, None), Some(Complaint::TickFirst)),
        ("enter-not-mine", enter(sms, 5, None), Some(Complaint::TickFirst)),
        ("paused", LinkState::Paused { until: later(15) }, None),
        ("expired", LinkState::Expired, None),
        ("recalled", LinkState::Recalled, None),
        ("locked", LinkState::Locked, None),
        ("suspended", LinkState::Suspended, None),
        ("enter-leaving", told(sms, SentState::Pending, None), None),
        ("enter-arrived", told(sms, SentState::Delivered, None), None),
        ("enter-absent", told(sms, SentState::Failed, Some(FailureClass::Absent)), None),
        ("enter-lost", told(sms, SentState::Lost, Some(FailureClass::NoReport)), None),
        ("enter-said", told(voice, SentState::Delivered, None), None),
        ("enter-nobody", told(voice, SentState::Failed, Some(FailureClass::NoAnswer)), None),
        ("enter-no-call", told(voice, SentState::Failed, Some(FailureClass::Refused)), None),
        ("choose-unknown-number", choose(true, true, Some((sms, FailureClass::UnknownNumber)), None), None),
        ("choose-stopped", choose(false, true, Some((sms, FailureClass::Stopped)), None), None),
        ("choose-ceiling", choose(true, true, Some((sms, FailureClass::Ceiling)), None), None),
        ("choose-nobody", choose(true, true, Some((voice, FailureClass::NoAnswer)), None), None),
    ]
}

/// States that say something else where the birth date is asked for.
pub(super) const ASKED_WHEN_BORN: [&str; 4] = ["choose-spent", "enter", "enter-not-a-code", "enter-wrong"];

/// The page of a link in a state; the birth date is asked for where the practice does.
pub(super) fn link_page_of(
    practice: PracticeProfile,
    language: Language,
    demonstration: bool,
    state: LinkState,
    complaint: Option<Complaint>,
    (answer_waits, open): (Option<Timestamp>, Option<(String, Opens)>),
) -> String {
    let view = LinkView {
        delivery: DeliveryId::random(&Nought),
        language: Some(language),
        expires_at: later(30 * 24 * 60),
        birth_date: practice.ask_birth_date,
        practice,
        state,
    };
    let words = Words::new(&Texts::new(), language, "Europe/Paris", NOW);
    let forms = LinkForms {
        ticket: TICKET,
        code: "token-one".into(),
        check: "token-two".into(),
        missing: "token-three".into(),
        wait: "token-four".into(),
        again: "token-six".into(),
        not_mine: "token-seven".into(),
        open,
        answer_waits,
    };
    pages::link(&words, demonstration, &view, &forms, complaint)
}

/// The page of a letter, and how it is answered.
pub(super) fn letter_page_of(
    practice: &PracticeProfile,
    language: Language,
    demonstration: bool,
    letter: Letter,
    (answering, ended, remark): (Answering, bool, Remark),
) -> String {
    let carried = Carried { token: "token-five".into(), draft: Some("sealed".into()), limit: 25 << 20, ended };
    let words = Words::new(&Texts::new(), language, "Europe/Paris", NOW);
    let around = Surroundings {
        practice,
        mark: MARK.into(),
        open_until: later(60),
        kept_until: later(30 * 24 * 60),
        prolong: "prolong-token".into(),
        close: "close-token".into(),
        forget: practice.remember_browsers.then(|| ("forget-token".into(), later(29 * 24 * 60))),
        answer: AnswerPart::of(&words, practice, &answering, carried, &remark),
        sent: matches!(remark, Remark::Sent),
    };
    let (letter, texts) = pages::readable(letter);
    pages::letter(&words, demonstration, &letter, texts, &around)
}

/// Every state of answering a letter: what is known, whether the sender ended it, what was posted.
pub(super) fn answer_states(sample: &Sample) -> Vec<(&'static str, Answering, bool, Remark)> {
    let open = |closed| Answering { closed, emergency: &["15", "112"], away: None, answers: Vec::new() };
    let answer = |files, waits| Answer { at: later(-1), files, waits };
    let away = Some(Absence { text: sample.away.into(), until: later(5000) });
    let refused = |refusal| Remark::Refused(refusal, sample.text.into());
    let mut states = vec![
        ("open", open(None), false, Remark::None),
        ("away", Answering { away, emergency: &["112"], ..open(None) }, false, Remark::None),
        (
            "sent",
            Answering { answers: vec![answer(0, false), answer(1, true), answer(5, false)], ..open(None) },
            false,
            Remark::Sent,
        ),
        ("ended", open(None), true, Remark::None),
    ];
    for (name, why) in [
        ("off", NoAnswer::Off),
        ("over", NoAnswer::Over),
        ("full", NoAnswer::Full),
        ("enough", NoAnswer::Enough),
        ("gone", NoAnswer::Gone),
    ] {
        states.push((name, open(Some(why)), false, Remark::None));
    }
    for (name, refusal) in refusals(sample) {
        states.push((name, open(None), false, refused(refusal)));
    }
    states
}

/// Everything for which an answer is refused.
pub(super) fn refusals(sample: &Sample) -> Vec<(&'static str, Refusal)> {
    let [program, infected] = sample.names;
    vec![
        ("nothing", Refusal::Nothing),
        ("too-long", Refusal::TooLong),
        ("too-large", Refusal::TooLarge(25 << 20)),
        ("too-many", Refusal::TooMany),
        ("program", Refusal::Program(program.into())),
        ("infected", Refusal::Infected(infected.into())),
        ("not-scanned", Refusal::NotScanned),
        ("busy", Refusal::Busy),
        ("broken-off", Refusal::BrokenOff),
        ("failed", Refusal::Failed),
        ("closed", Refusal::Closed(NoAnswer::Full)),
    ]
}

/// Every page there is, by the name of its state.
pub(super) fn all_pages(sample: &Sample, language: Language, demonstration: bool) -> Vec<(String, String)> {
    let texts = Texts::new();
    let words = Words::new(&texts, language, "Europe/Paris", NOW);
    let practice = &sample.practice;
    let mut all: Vec<(String, String)> = link_states()
        .into_iter()
        .map(|(name, state, complaint)| {
            (name.to_owned(), link_page_of(practice.clone(), language, demonstration, state, complaint, (None, None)))
        })
        .collect();
    for (name, state, _) in link_states().into_iter().filter(|(name, ..)| ["choose", "enter"].contains(name)) {
        let waits = Some(later(20 * 60));
        let page = link_page_of(practice.clone(), language, demonstration, state.clone(), None, (waits, None));
        all.push((format!("{name}-answer-kept"), page));
        for (why, opens) in [("open-here", Opens::ByPage), ("remembered", Opens::Remembered(later(29 * 24 * 60)))] {
            let open = Some(("token-eight".to_owned(), opens));
            let page = link_page_of(practice.clone(), language, demonstration, state.clone(), None, (None, open));
            all.push((format!("{name}-{why}"), page));
        }
    }
    let asking = PracticeProfile { ask_birth_date: true, ..practice.clone() };
    for (name, state, complaint) in link_states().into_iter().filter(|(name, ..)| ASKED_WHEN_BORN.contains(name)) {
        let page = link_page_of(asking.clone(), language, demonstration, state, complaint, (None, None));
        all.push((format!("{name}-born"), page));
    }
    let remembering = PracticeProfile { remember_browsers: true, ..asking.clone() };
    for (name, state, complaint) in
        link_states().into_iter().filter(|(name, ..)| ["enter", "enter-wrong"].contains(name))
    {
        let page = link_page_of(remembering.clone(), language, demonstration, state, complaint, (None, None));
        all.push((format!("{name}-remember"), page));
    }
    let letter = |letter: Letter, (answering, ended, remark)| {
        letter_page_of(practice, language, demonstration, letter, (answering, ended, remark))
    };
    let open = || {
        let (_, answering, ended, remark) = answer_states(sample).remove(0);
        (answering, ended, remark)
    };
    let bare =
        |subject: &str| Letter { subject: subject.into(), bodies: Vec::new(), files: Vec::new(), ..(sample.letter)() };
    all.push(("letter".into(), letter((sample.letter)(), open())));
    all.push(("letter-bare".into(), letter(bare(" "), open())));
    for (name, answering, ended, remark) in answer_states(sample) {
        all.push((format!("answer-{name}"), letter(bare("Suite"), (answering, ended, remark))));
    }
    for (name, refusal) in refusals(sample) {
        let page = pages::lost(&words, demonstration, Some(practice), TICKET, (&refusal, sample.text));
        all.push((format!("lost-{name}"), page));
    }
    all.push((
        "letter-remembered".into(),
        letter_page_of(&remembering, language, demonstration, bare("Suite"), open()),
    ));
    let inside = Inside { practice, mark: MARK.into(), number: 1 };
    let (inner, shown) = pages::readable((sample.letter)());
    all.push(("message".into(), pages::enclosed(&words, demonstration, &inner, shown, &inside)));
    all.push(("closed".into(), pages::closed(&words, demonstration, practice, None)));
    all.push(("closed-remembered".into(), pages::closed(&words, demonstration, practice, Some(later(29 * 24 * 60)))));
    all.push(("forgotten".into(), pages::forgotten(&words, demonstration, practice)));
    for (name, aside) in [("again", Aside::Again), ("not-mine", Aside::NotMine)] {
        all.push((format!("said-{name}"), pages::said(&words, demonstration, practice, (aside, true))));
        all.push((format!("unsaid-{name}"), pages::said(&words, demonstration, practice, (aside, false))));
    }
    all.push(("gone".into(), pages::gone(&words, demonstration, practice)));
    all.push(("accessibility".into(), statement::page(&words, demonstration, None)));
    let contact = Contact::Mail("acces@cabinet.example".into());
    all.push(("statement-contact".into(), statement::page(&words, demonstration, Some(&contact))));
    all.extend(pages::BOTH.map(|(name, said)| (name.to_owned(), pages::both(&texts, demonstration, said))));
    all
}
