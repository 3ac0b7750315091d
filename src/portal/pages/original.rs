//! A letter as it was sent, for a page that can do nothing.

use askama::Template;

use crate::portal::words::Words;

use super::finish;

/// The page: `texts` as `original` dressed them, each with whether it is plain, in the language that they are `theirs`.
pub(in crate::portal) fn original(
    words: &Words,
    (back, way): (&str, &str),
    theirs: &str,
    texts: Vec<(bool, String)>,
    style: &str,
) -> String {
    finish(Original { w: words, tag: words.language.tag(), back, way: words.say(way), theirs, texts, style }.render())
}

#[derive(Template)]
#[template(path = "portal/original.html")]
struct Original<'a> {
    w: &'a Words,
    tag: &'static str,
    /// Where it is read.
    back: &'a str,
    way: String,
    theirs: &'a str,
    texts: Vec<(bool, String)>,
    /// The colours of the whole.
    style: &'a str,
}
