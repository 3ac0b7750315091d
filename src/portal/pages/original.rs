//! A text of a letter as it was sent, for a page that can do nothing.

use askama::Template;

use super::finish;

/// The page: `text` as `html::dressed` left it, in the language that it is `theirs`.
pub(in crate::portal) fn original(title: &str, theirs: &str, text: &str) -> String {
    finish(Original { title, theirs, text }.render())
}

#[derive(Template)]
#[template(path = "portal/original.html")]
struct Original<'a> {
    title: &'a str,
    theirs: &'a str,
    text: &'a str,
}
