//! A text of the letter as it was sent: with its own looks, on a page that can run nothing, load nothing and lead nowhere.
//!
//! The policy holds it in a sandbox (CSP level 3 §6.3); what the sandbox does not stop, as looking up names of hosts that
//! a `link` names, is not in the text any more.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use ammonia::{Builder, UrlRelative};
use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

use crate::access::OpenSession;
use crate::domain::Fault;
use crate::mailbox::{Body, Letter, ReadError};

use super::file::{Refusal, number_of, put};
use super::guard::{Opened, Visitor};
use super::headers::OPENER_POLICY;
use super::html::{DROPPED_WHOLE, KEPT, bare_text, is_beyond_measure};
use super::loads::Loads;
use super::pictures::Gallery;
use super::{Portal, letter, pages, plain};

/// `GET /letter/text/{number}`
pub(super) async fn show(
    State(portal): State<Portal>,
    Extension(loads): Extension<Loads>,
    Opened(session, _): Opened,
    number: Result<Path<String>, PathRejection>,
    visitor: Visitor,
) -> Response {
    let Some(number) = number.ok().and_then(|Path(text)| number_of(&text)) else { return plain::unknown(&portal) };
    given(&portal, page(&portal, &loads, &session, number, &visitor).await)
}

async fn page(
    portal: &Portal,
    loads: &Loads,
    session: &OpenSession,
    number: usize,
    visitor: &Visitor,
) -> Result<Response, Refusal> {
    let letter = portal.mailboxes.letter(&session.grant).await.map_err(Refusal::Read)?;
    let (subject, files) = (letter.subject.clone(), letter.files.len());
    let page = sent(portal, loads, (session, visitor), letter, number).await?;
    // As on the letter's page: what the sender is told is never less than what was shown.
    portal.deliveries.opened(&session.grant, &subject, files).await.map_err(unread)?;
    Ok(sandboxed(page))
}

/// The page of text `number` of a message, where that is HTML.
pub(super) async fn sent(
    portal: &Portal,
    loads: &Loads,
    (session, visitor): (&OpenSession, &Visitor),
    letter: Letter,
    number: usize,
) -> Result<String, Refusal> {
    let Some(Body::Html(html)) = letter.bodies.into_iter().nth(number) else {
        return Err(Refusal::Read(ReadError::NoSuchFile));
    };
    let gallery = Gallery::new(letter.pictures);
    let text = loads.reduce(move || dressed(&html, &gallery)).await.map_err(unread)?;
    let theirs = letter.language.as_deref().unwrap_or(session.practice.language.tag());
    let title = letter::words(portal, session, visitor).say("portal-as-sent-title");
    Ok(pages::original(&title, theirs, &text))
}

/// The text with its looks: everything that only shows, and nothing that runs, loads, asks or leads away.
fn dressed(sent: &str, gallery: &Gallery) -> String {
    if is_beyond_measure(sent) {
        return bare_text(sent);
    }
    let gallery = gallery.clone();
    Builder::empty()
        .tags(KEPT.into_iter().chain(DRESS).collect())
        .clean_content_tags(DROPPED_WHOLE.into_iter().filter(|element| *element != "style").collect())
        .generic_attributes(LOOKS.into())
        .tag_attributes(HashMap::from([("img", HashSet::from(["src", "alt"]))]))
        .attribute_filter(move |_, name, value| match name {
            "src" => gallery.hang(value).and_then(|hung| gallery.at(hung)).map(|(data, _)| Cow::Owned(data)),
            _ => Some(Cow::Borrowed(value)),
        })
        .url_schemes(HashSet::from(["cid", "data"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(None)
        .strip_comments(true)
        .clean(sent)
        .to_string()
}

/// The page under its policy.
pub(super) fn sandboxed(page: String) -> Response {
    let mut answer = Html(page).into_response();
    put(&mut answer, header::CONTENT_SECURITY_POLICY, POLICY);
    // HTML §7.1.3: a page in a sandbox that has an opener policy may not be shown at all.
    put(&mut answer, OPENER_POLICY, "unsafe-none");
    answer
}

/// The answer, or why there is none.
pub(super) fn given(portal: &Portal, page: Result<Response, Refusal>) -> Response {
    match page {
        Ok(page) => page,
        Err(Refusal::Read(ReadError::Gone | ReadError::NoSuchFile)) => plain::unknown(portal),
        Err(Refusal::Read(ReadError::Fault(fault))) => plain::fault(portal, &fault),
        Err(Refusal::Busy) => plain::unavailable(portal),
    }
}

/// A fault of ours.
pub(super) fn unread(fault: Fault) -> Refusal {
    Refusal::Read(fault.into())
}

const POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// What gives a text its looks, beside what is kept anywhere.
const DRESS: [&str; 28] = [
    "abbr",
    "address",
    "article",
    "aside",
    "big",
    "caption",
    "center",
    "cite",
    "col",
    "colgroup",
    "del",
    "dfn",
    "figcaption",
    "figure",
    "font",
    "footer",
    "header",
    "ins",
    "kbd",
    "main",
    "mark",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "strike",
    "style",
];
const LOOKS: [&str; 25] = [
    "align",
    "bgcolor",
    "border",
    "bordercolor",
    "cellpadding",
    "cellspacing",
    "class",
    "color",
    "colspan",
    "dir",
    "face",
    "headers",
    "height",
    "id",
    "lang",
    "noshade",
    "nowrap",
    "rowspan",
    "scope",
    "size",
    "start",
    "style",
    "title",
    "valign",
    "width",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_stay_and_nothing_else() {
        let dressed = |sent: &str| super::dressed(sent, &Gallery::new(Vec::new()));
        assert_eq!(
            dressed(
                "<html><head><style>p.x > b{color:red}</style><title>T</title></head><body bgcolor=red>\
                 <p class=x style=\"margin:0\"><font color=blue>A</font></p></body></html>"
            ),
            "<style>p.x > b{color:red}</style><p class=\"x\" style=\"margin:0\"><font color=\"blue\">A</font></p>"
        );
        for sent in [
            "<link rel=dns-prefetch href=//t.example>",
            "<link rel=preconnect href=//t.example><meta http-equiv=refresh content=0;url=//t.example>",
            "<base href=//t.example><a href=https://t.example ping=//t.example>A</a><a href=#x>A</a>",
            "<form action=//t.example><input name=a><button>A</button></form><script>A</script>",
            "<img src=https://t.example/p.gif srcset=//t.example><img src=cid:none><img src=\"data:image/svg+xml,A\">",
            "<iframe src=//t.example></iframe><object data=//t.example></object><svg><use href=//t.example></svg>",
            "<video src=//t.example autoplay></video><table background=//t.example></table><p onclick=A>A</p>",
        ] {
            let left = dressed(sent);
            for gone in ["t.example", "href", "src", "<form", "<input", "<script", "<meta", "<base", "onclick", "svg"] {
                assert!(!left.contains(gone), "{sent} → {left}");
            }
        }
        let deep = "<div>".repeat(50_000);
        assert_eq!(dressed(&format!("{deep}A")), "<p>A</p>");
    }
}
