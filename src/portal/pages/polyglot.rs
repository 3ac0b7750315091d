//! Pages that are the same for everybody, in every language at once.

use askama::Template;

use crate::domain::Language;
use crate::texts::Texts;

use super::super::{statement, style};
use super::{Frame, finish};

/// A page in every language: heading and text.
pub(in crate::portal) struct Both(&'static str, &'static [&'static str]);

pub(in crate::portal) const INDEX: Both = Both("portal-index-title", &["portal-index-text", "portal-index-open"]);
pub(in crate::portal) const UNKNOWN: Both = Both("portal-unknown-title", &["portal-unknown-text"]);
pub(in crate::portal) const INCOMPLETE: Both =
    Both("portal-incomplete-title", &["portal-incomplete-text", "portal-incomplete-call"]);
pub(in crate::portal) const NOT_OPEN: Both = Both("portal-not-open-title", &["portal-not-open-text"]);
pub(in crate::portal) const FOREIGN_FORM: Both =
    Both("portal-foreign-title", &["portal-foreign-text", "portal-foreign-cookies"]);
pub(in crate::portal) const PLANTED: Both =
    Both("portal-planted-title", &["portal-planted-text", "portal-planted-again"]);
pub(in crate::portal) const BROKEN_OFF: Both = Both("portal-broken-title", &["portal-broken-text"]);
pub(in crate::portal) const UNAVAILABLE: Both =
    Both("portal-unavailable-title", &["portal-unavailable-text", "portal-unavailable-call"]);
pub(in crate::portal) const NO_FILE: Both = Both("portal-no-file-title", &["portal-no-file-text"]);
/// All of them, by the names of their states.
pub(in crate::portal) const BOTH: [(&str, &Both); 9] = [
    ("index", &INDEX),
    ("unknown", &UNKNOWN),
    ("incomplete", &INCOMPLETE),
    ("not-open", &NOT_OPEN),
    ("foreign", &FOREIGN_FORM),
    ("planted", &PLANTED),
    ("broken", &BROKEN_OFF),
    ("unavailable", &UNAVAILABLE),
    ("no-file", &NO_FILE),
];

/// A page that is the same for everybody, in every language at once.
pub(in crate::portal) fn both(texts: &Texts, demonstration: bool, said: &Both) -> String {
    let sections: Vec<Section> = Language::ALL
        .into_iter()
        .map(|language| Section {
            tag: language.tag(),
            heading: texts.say(language, said.0, &[]),
            texts: said.1.iter().map(|id| texts.say(language, id, &[])).collect(),
        })
        .collect();
    let title = sections.iter().map(|section| section.heading.as_str()).collect::<Vec<_>>().join(" – ");
    let banner = Language::ALL.map(|language| (language.tag(), texts.say(language, "portal-demonstration", &[])));
    let frame = Frame {
        // The title and the first heading begin in it.
        tag: Language::ALL[0].tag(),
        title,
        style: style::name(),
        demonstration: if demonstration { banner.to_vec() } else { Vec::new() },
        practice: None,
        logo: None,
        switch: None,
        skip: None,
        accessible: Language::ALL.map(|language| statement::way(texts, language)).to_vec(),
    };
    finish(BothPage { frame, sections }.render())
}

/// The same words as plain text, for whoever expected a file.
pub(in crate::portal) fn both_plain(texts: &Texts, said: &Both) -> String {
    let mut text = String::new();
    for language in Language::ALL {
        for id in std::iter::once(&said.0).chain(said.1) {
            text.push_str(&texts.say(language, id, &[]));
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

#[derive(Template)]
#[template(path = "portal/both.html")]
struct BothPage {
    frame: Frame,
    sections: Vec<Section>,
}

struct Section {
    tag: &'static str,
    heading: String,
    texts: Vec<String>,
}
