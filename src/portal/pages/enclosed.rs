//! The page of a message that lies in a letter.

use askama::Template;

use crate::domain::PracticeProfile;
use crate::mailbox::Letter;
use crate::portal::words::Words;

use super::{Article, FILES, Frame, Shown, finish};

/// Where the message lies.
pub(in crate::portal) struct Inside<'a> {
    pub(in crate::portal) practice: &'a PracticeProfile,
    /// Of the letter's page, for its links.
    pub(in crate::portal) mark: String,
    /// Which file of the letter it is.
    pub(in crate::portal) number: usize,
}

/// The page: as a letter's, without an answer.
pub(in crate::portal) fn enclosed(
    words: &Words,
    demonstration: bool,
    letter: &Letter,
    texts: Vec<Shown>,
    inside: &Inside<'_>,
) -> String {
    let place = format!("{FILES}/{}/in", inside.number);
    let here = format!("/letter/message/{}", inside.number);
    let sent = format!("{here}/text");
    let page = Enclosed {
        frame: Frame::of(words, demonstration, &words.say("portal-message-title"), Some(inside.practice), Some(&here))
            .headed(inside.practice, &inside.mark),
        article: Article::of(words, letter, texts, inside.practice, (&place, &sent, &inside.mark)),
        w: words,
    };
    finish(page.render())
}

#[derive(Template)]
#[template(path = "portal/enclosed.html")]
struct Enclosed<'a> {
    frame: Frame,
    w: &'a Words,
    article: Article<'a>,
}
