//! A letter as it was sent: with its own looks, on a page that can run nothing, load nothing and lead nowhere else.
//!
//! The policy holds it in a sandbox (CSP level 3 §6.3); what the sandbox does not stop, as looking up names of hosts that
//! a `link` names, is not in the text any more.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use ammonia::{Builder, UrlRelative};
use axum::Extension;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

use crate::access::OpenSession;
use crate::domain::Fault;
use crate::mailbox::{Body, Letter, ReadError};

use super::file::{Refusal, put};
use super::guard::{self, Opened, Visitor};
use super::headers::OPENER_POLICY;
use super::html::{DROPPED_WHOLE, KEPT, bare_text, is_beyond_measure};
use super::loads::Loads;
use super::pictures::Gallery;
use super::{Portal, letter, pages, plain};

/// `GET /letter/text`
pub(super) async fn show(
    State(portal): State<Portal>,
    Extension(loads): Extension<Loads>,
    Opened(session, _): Opened,
    visitor: Visitor,
) -> Response {
    given(&portal, page(&portal, &loads, &session, &visitor).await)
}

async fn page(portal: &Portal, loads: &Loads, session: &OpenSession, visitor: &Visitor) -> Result<Response, Refusal> {
    let letter = portal.mailboxes.letter(&session.grant).await.map_err(Refusal::Read)?;
    let (subject, files) = (letter.subject.clone(), letter.files.len());
    let page = sent(portal, loads, (session, visitor), letter, ("/letter", "portal-to-letter")).await?;
    // As on the letter's page: what the sender is told is never less than what was shown.
    portal.deliveries.opened(&session.grant, &subject, files).await.map_err(unread)?;
    Ok(sandboxed(page))
}

/// The page of a message, where it has looks of its own; `back` is where it is read, and what the way there says.
pub(super) async fn sent(
    portal: &Portal,
    loads: &Loads,
    (session, visitor): (&OpenSession, &Visitor),
    letter: Letter,
    (back, way): (&str, &'static str),
) -> Result<String, Refusal> {
    if !letter.bodies.iter().any(|body| matches!(body, Body::Html(_))) {
        return Err(Refusal::Read(ReadError::NoSuchFile));
    }
    let back = format!("{back}?of={}", guard::mark(session));
    let words = letter::words(portal, session, visitor);
    let theirs = letter.language.unwrap_or_else(|| session.practice.language.tag().to_owned());
    let (bodies, gallery) = (letter.bodies, Gallery::new(letter.pictures));
    let work = move || {
        let ground = Ground::default();
        let texts = bodies.iter().map(|body| match body {
            Body::Plain(text) => (true, text.clone()),
            Body::Html(html) => (false, dressed(html, &gallery, &ground)),
        });
        let texts = texts.collect();
        pages::original(&words, (&back, way), &theirs, texts, &ground.style())
    };
    loads.reduce(work).await.map_err(unread)
}

/// The text with its looks: everything that only shows, and nothing that runs, loads, asks or leads away.
fn dressed(sent: &str, gallery: &Gallery, ground: &Ground) -> String {
    if is_beyond_measure(sent) {
        return bare_text(sent);
    }
    let (gallery, ground) = (gallery.clone(), ground.clone());
    Builder::empty()
        .tags(KEPT.into_iter().chain(DRESS).collect())
        .clean_content_tags(DROPPED_WHOLE.into_iter().filter(|element| *element != "style").collect())
        .generic_attributes(LOOKS.into())
        .tag_attributes(HashMap::from([
            ("img", HashSet::from(["src", "alt"])),
            ("style", HashSet::from(["media"])),
            ("main", HashSet::from(["text"])),
        ]))
        .attribute_filter(move |element, name, value| match (element, name) {
            ("img", "src") => gallery.hang(value).and_then(|hung| gallery.at(hung)).map(|(data, _)| Cow::Owned(data)),
            (_, "src") => None,
            ("main", "bgcolor" | "text") => {
                ground.lay(name, value);
                None
            }
            _ => Some(Cow::Borrowed(value)),
        })
        .url_schemes(HashSet::from(["cid", "data"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(None)
        .strip_comments(true)
        .clean(&body_as_main(sent))
        .to_string()
}

/// A parser of passages drops the `body` that holds them all, and its style with it.
fn body_as_main(sent: &str) -> Cow<'_, str> {
    let (mut at, mut found) = (0, None);
    while let Some(next) = sent.get(at..).and_then(|rest| rest.find('<')) {
        at += next;
        let rest = sent.get(at..).unwrap_or_default();
        if rest.starts_with("<!--") {
            // What Outlook alone is told stands in comments.
            at += rest.find("-->").unwrap_or(rest.len());
            continue;
        }
        let (name, after) = rest.as_bytes().split_at_checked(BODY.len()).unwrap_or_default();
        if name.eq_ignore_ascii_case(BODY) && after.first().is_some_and(|c| c.is_ascii_whitespace() || *c == b'>') {
            found = Some(at);
            break;
        }
        at += 1;
    }
    let Some((head, rest)) = found.and_then(|at| sent.split_at_checked(at)) else { return Cow::Borrowed(sent) };
    Cow::Owned(format!("{head}<main{}", rest.get(BODY.len()..).unwrap_or_default()))
}

const BODY: &[u8] = b"<body";

/// The colours that the whole letter stands on and is written in, as old HTML says them of its `body`.
#[derive(Clone, Default)]
struct Ground(Arc<Mutex<HashMap<&'static str, String>>>);

impl Ground {
    /// The first one counts.
    fn lay(&self, name: &str, colour: &str) {
        // Some leave the sign out.
        let digits = colour.strip_prefix('#').unwrap_or(colour);
        let is_hex = matches!(digits.len(), 3 | 6) && digits.bytes().all(|octet| octet.is_ascii_hexdigit());
        let is_name = (3..=24).contains(&colour.len())
            && colour.bytes().all(|octet| octet.is_ascii_alphabetic())
            && !NO_COLOURS.iter().any(|word| colour.eq_ignore_ascii_case(word));
        let colour = match (is_hex, is_name) {
            (true, _) => format!("#{digits}"),
            (false, true) => colour.to_owned(),
            (false, false) => return,
        };
        let property = if name == "text" { "color" } else { BACKGROUND };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(property).or_insert(colour);
    }

    /// A colour to write in stands on one alone: on the page's own it might not be seen.
    fn style(&self) -> String {
        let laid = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        [BACKGROUND, "color"]
            .iter()
            .filter(|_| laid.contains_key(BACKGROUND))
            .filter_map(|property| laid.get(property).map(|colour| format!("{property}:{colour};")))
            .collect()
    }
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

const BACKGROUND: &str = "background-color";
/// Words of a style that are no colours of HTML.
const NO_COLOURS: [&str; 6] = ["transparent", "inherit", "initial", "unset", "revert", "currentcolor"];

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
    use super::super::html::MUTATIONS;
    use super::*;

    fn dressed(sent: &str) -> String {
        super::dressed(sent, &Gallery::new(Vec::new()), &Ground::default())
    }

    #[test]
    fn looks_stay_and_nothing_else() {
        assert_eq!(
            dressed(
                "<html><head><style media=print>p.x > b{color:red}</style><title>T</title></head>\
                 <BODY class=w style=\"margin:0\"><p class=x><font color=blue>A</font></p></BODY></html>"
            ),
            "<style media=\"print\">p.x > b{color:red}</style>\
             <main class=\"w\" style=\"margin:0\"><p class=\"x\"><font color=\"blue\">A</font></p></main>"
        );
        for sent in [
            "<link rel=dns-prefetch href=//t.example>",
            "<link rel=preconnect href=//t.example><meta http-equiv=refresh content=0;url=//t.example>",
            "<base href=//t.example><a href=https://t.example ping=//t.example>A</a><a href=#x>A</a>",
            "<form action=//t.example><input name=a><button>A</button></form><script>A</script>",
            "<img src=https://t.example/p.gif srcset=//t.example><img src=cid:none><img src=\"data:image/svg+xml,A\">",
            "<iframe src=//t.example></iframe><object data=//t.example></object><svg><use href=//t.example></svg>",
            "<video src=//t.example autoplay></video><table background=//t.example></table><p onclick=A>A</p>",
            "<body background=//t.example onload=A>A",
        ] {
            let left = dressed(sent);
            for gone in
                ["t.example", "href", "src", "<form", "<input", "<script", "<meta", "<base", "onclick", "onload", "svg"]
            {
                assert!(!left.contains(gone), "{sent} → {left}");
            }
        }
        let deep = "<div>".repeat(50_000);
        assert_eq!(dressed(&format!("{deep}A")), "<p>A</p>");
    }

    #[test]
    fn the_colours_of_a_body_are_those_of_the_page() {
        let style = |sent: &str| {
            let ground = Ground::default();
            super::dressed(sent, &Gallery::new(Vec::new()), &ground);
            ground.style()
        };
        assert_eq!(style("<body bgcolor=\"#003366\" text=White>A"), "background-color:#003366;color:White;");
        assert_eq!(style("<body bgcolor=003366 text=fff>A"), "background-color:#003366;color:#fff;");
        for nothing in [
            "<body bgcolor=red;x text='\"><b>'>A",
            "<body text=white>A",
            "<body bgcolor=transparent>A<div bgcolor=blue>",
            "<bodyx bgcolor=red>A",
            "<!--[if mso]><body bgcolor=red><![endif]-->A",
        ] {
            assert_eq!(style(nothing), "", "{nothing}");
        }
        let two =
            "<!--[if mso]><body class=m><![endif]--><!--[if !mso]><!--><body style=\"color:red\"><!--<![endif]-->A";
        assert_eq!(dressed(two), "<main style=\"color:red\">A</main>");
    }

    #[test]
    fn fault_31_what_is_dressed_stays_what_it_is_when_it_is_parsed_again() {
        for sent in MUTATIONS {
            let once = dressed(sent);
            assert_eq!(dressed(&once), once, "{sent}");
        }
    }
}
