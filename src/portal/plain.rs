//! Answers that know no letter: the front page, the small files, and everything that is refused.
//!
//! They speak every language at once and say the same to everybody; in particular every link that is
//! not one of ours gets the same status, the same octets (faults 2 and 14).

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::domain::Fault;

use super::pages::{self, Both};
use super::{Portal, style};

/// `GET /`
pub(super) async fn index(State(portal): State<Portal>) -> Response {
    page(&portal, StatusCode::OK, &pages::INDEX)
}

/// `GET /robots.txt`
pub(super) async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /\n"
}

/// `GET /favicon.svg`
pub(super) async fn favicon() -> Response {
    ([(header::CONTENT_TYPE, "image/svg+xml")], style::MARK).into_response()
}

/// `GET /s/{style}`, the style sheet and the script: the only answers that may be kept, since their names change with
/// their octets.
pub(super) async fn style(State(portal): State<Portal>, name: Result<Path<String>, PathRejection>) -> Response {
    let Ok(Path(name)) = name else { return unknown(&portal) };
    let (kind, text) = if name == style::name() {
        ("text/css; charset=utf-8", style::SHEET)
    } else if name == style::script() {
        ("text/javascript; charset=utf-8", style::SCRIPT)
    } else {
        return unknown(&portal);
    };
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CACHE_CONTROL, kept)], text).into_response()
}

/// Nothing is here.
pub(super) fn unknown(portal: &Portal) -> Response {
    page(portal, StatusCode::NOT_FOUND, &pages::UNKNOWN)
}

/// The link is cut, mistyped or made up.
pub(super) fn incomplete(portal: &Portal) -> Response {
    page(portal, StatusCode::NOT_FOUND, &pages::INCOMPLETE)
}

/// The letter's page is not open, or not any more.
pub(super) fn not_open(portal: &Portal) -> Response {
    page(portal, StatusCode::FORBIDDEN, &pages::NOT_OPEN)
}

/// A form that this browser did not get from us, or that lost its cookie.
pub(super) fn foreign_form(portal: &Portal) -> Response {
    page(portal, StatusCode::FORBIDDEN, &pages::FOREIGN_FORM)
}

/// One of our cookies is there twice: which is ours nobody knows, so both are none. All of this site's go, those of its
/// neighbours too, since a browser that holds a planted one is shut out until it is gone.
pub(super) fn planted(portal: &Portal, file: bool) -> Response {
    let mut answer = match file {
        true => spoken(portal, StatusCode::FORBIDDEN, &pages::PLANTED),
        false => page(portal, StatusCode::FORBIDDEN, &pages::PLANTED),
    };
    // https://www.w3.org/TR/clear-site-data/
    answer.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cookies\""));
    answer
}

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// An answer of which the rest did not come, or whose form is not to be read.
pub(super) fn broken_off(portal: &Portal) -> Response {
    page(portal, StatusCode::BAD_REQUEST, &pages::BROKEN_OFF)
}

/// A fault of ours: logged here, never told.
pub(super) fn fault(portal: &Portal, fault: &Fault) -> Response {
    tracing::error!(%fault, "a page could not be made");
    unavailable(portal)
}

/// Later, please.
pub(super) fn unavailable(portal: &Portal) -> Response {
    again(page(portal, StatusCode::SERVICE_UNAVAILABLE, &pages::UNAVAILABLE))
}

/// A file asked for without an open page: never HTML, which download managers would save as the file.
pub(super) fn no_file_without_session(portal: &Portal) -> Response {
    spoken(portal, StatusCode::FORBIDDEN, &pages::NOT_OPEN)
}

/// No such file in this letter, or the letter is gone.
pub(super) fn no_such_file(portal: &Portal) -> Response {
    spoken(portal, StatusCode::NOT_FOUND, &pages::NO_FILE)
}

/// The file cannot be given now: too many are being taken, or a fault of ours that was logged.
pub(super) fn no_file_now(portal: &Portal) -> Response {
    again(spoken(portal, StatusCode::SERVICE_UNAVAILABLE, &pages::UNAVAILABLE))
}

/// RFC 9110 §10.2.3
fn again(mut answer: Response) -> Response {
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
    answer
}

/// The words of a page as plain text, where a file was expected.
fn spoken(portal: &Portal, status: StatusCode, said: &Both) -> Response {
    (status, pages::both_plain(&portal.texts, said)).into_response()
}

fn page(portal: &Portal, status: StatusCode, said: &Both) -> Response {
    (status, Html(pages::both(&portal.texts, portal.settings.demonstration, said))).into_response()
}
