//! The open page: read, stay longer, close. An opening is told before the page is given out.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use crate::access::OpenSession;
use crate::mailbox::ReadError;

use super::guard::{self, Opened, Protected, Visitor};
use super::link::{set_cookie, to};
use super::loads::Loads;
use super::pages::{self, Surroundings};
use super::words::Words;
use super::{Portal, plain};

/// `GET /letter`
pub(super) async fn show(
    State(portal): State<Portal>,
    Extension(loads): Extension<Loads>,
    Opened(session, _): Opened,
    visitor: Visitor,
) -> Response {
    let words = words(&portal, &session, &visitor);
    let letter = match portal.mailboxes.letter(&session.grant).await {
        Ok(letter) => letter,
        Err(ReadError::Gone | ReadError::NoSuchFile) => {
            let page = pages::gone(&words, portal.settings.demonstration, &session.practice);
            return (StatusCode::GONE, Html(page)).into_response();
        }
        Err(ReadError::Fault(fault)) => return plain::fault(&portal, &fault),
    };
    let (letter, texts) = match loads.reduce(move || pages::readable(letter)).await {
        Ok(readable) => readable,
        Err(fault) => return plain::fault(&portal, &fault),
    };
    let browser = visitor.browser.clone().unwrap_or_else(|| portal.access.new_browser());
    let around = Surroundings {
        practice: &session.practice,
        open_until: session.expires_at,
        kept_until: session.kept_until,
        prolong: portal.access.form_token(&browser, "/letter/prolong"),
        close: portal.access.form_token(&browser, "/letter/close"),
    };
    let page = pages::letter(&words, portal.settings.demonstration, &letter, texts, &around);
    // No receipt, no page: what the sender is told is never less than what was shown.
    if let Err(fault) = portal.deliveries.opened(&session.grant, &letter.subject, letter.files.len()).await {
        return plain::fault(&portal, &fault);
    }
    let mut answer = Html(page).into_response();
    set_cookie(&mut answer, &guard::keep_browser(&browser));
    if let Some(language) = visitor.asked {
        set_cookie(&mut answer, &guard::keep_language(language));
    }
    answer
}

/// Nothing but the token.
#[derive(Deserialize)]
pub(super) struct Press {}

/// `POST /letter/prolong`
pub(super) async fn prolong(State(portal): State<Portal>, Opened(_, token): Opened, _: Protected<Press>) -> Response {
    match portal.access.prolong(&token).await {
        Ok(Some(_)) => to("/letter"),
        Ok(None) => plain::not_open(&portal),
        Err(fault) => plain::fault(&portal, &fault),
    }
}

/// `POST /letter/close`
pub(super) async fn close(
    State(portal): State<Portal>,
    Opened(session, token): Opened,
    visitor: Visitor,
    _: Protected<Press>,
) -> Response {
    if let Err(fault) = portal.access.close(&token).await {
        return plain::fault(&portal, &fault);
    }
    let words = words(&portal, &session, &visitor);
    let page = pages::closed(&words, portal.settings.demonstration, &session.practice);
    let mut answer = Html(page).into_response();
    set_cookie(&mut answer, &guard::drop_letter());
    answer
}

fn words(portal: &Portal, session: &OpenSession, visitor: &Visitor) -> Words {
    let language = visitor.language(session.language, &session.practice);
    Words::new(&portal.texts, language, &session.practice.timezone, portal.clock.now())
}
