//! The open page: read, stay longer, close, have the browser forgotten. An opening is told before the page is given out.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use crate::access::OpenSession;
use crate::domain::{BrowserToken, Fault};
use crate::mailbox::{Letter, ReadError};

use super::answering::{AnswerPart, Carried, Remark};
use super::guard::{self, Opened, Protected, Visitor};
use super::link::{set_cookie, to};
use super::loads::Loads;
use super::pages::{self, Surroundings};
use super::words::Words;
use super::{Portal, answer, plain};

/// `GET /letter`
pub(super) async fn show(
    State(portal): State<Portal>,
    Extension(loads): Extension<Loads>,
    Opened(session, _): Opened,
    visitor: Visitor,
) -> Response {
    let remark = if visitor.sent { Remark::Sent } else { Remark::None };
    render(&portal, &loads, &session, &visitor, remark).await
}

/// The page as it stands now, with what became of an answer.
pub(super) async fn render(
    portal: &Portal,
    loads: &Loads,
    session: &OpenSession,
    visitor: &Visitor,
    remark: Remark,
) -> Response {
    let words = words(portal, session, visitor);
    let letter = match portal.mailboxes.letter(&session.grant).await {
        Ok(letter) => letter,
        Err(ReadError::Gone | ReadError::NoSuchFile) => {
            let page = pages::gone(&words, portal.settings.demonstration, &session.practice);
            return (StatusCode::GONE, Html(page)).into_response();
        }
        Err(ReadError::Fault(fault)) => return plain::fault(portal, &fault),
    };
    let (letter, texts) = match loads.reduce(move || pages::readable(letter)).await {
        Ok(readable) => readable,
        Err(fault) => return plain::fault(portal, &fault),
    };
    let browser = visitor.browser.clone().unwrap_or_else(|| portal.access.new_browser());
    let answer = match answer_part(portal, session, &words, &browser, &letter, &remark).await {
        Ok(answer) => answer,
        Err(fault) => return plain::fault(portal, &fault),
    };
    let remembered = match portal.access.remembered_until(session, &visitor.kept).await {
        Ok(remembered) => remembered,
        Err(fault) => return plain::fault(portal, &fault),
    };
    let around = Surroundings {
        practice: &session.practice,
        mark: guard::mark(session),
        open_until: session.expires_at,
        kept_until: session.kept_until,
        prolong: portal.access.form_token(&browser, "/letter/prolong"),
        close: portal.access.form_token(&browser, "/letter/close"),
        forget: remembered.map(|until| (portal.access.form_token(&browser, "/letter/forget"), until)),
        answer,
        sent: matches!(remark, Remark::Sent),
    };
    let page = pages::letter(&words, portal.settings.demonstration, &letter, texts, &around);
    // No receipt, no page: what the sender is told is never less than what was shown.
    if let Err(fault) = portal.deliveries.opened(&session.grant, &letter.subject, letter.files.len()).await {
        return plain::fault(portal, &fault);
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
#[serde(deny_unknown_fields)]
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
    let remembered = match portal.access.remembered_until(&session, &visitor.kept).await {
        Ok(remembered) => remembered,
        Err(fault) => return plain::fault(&portal, &fault),
    };
    if let Err(fault) = portal.access.close(&token).await {
        return plain::fault(&portal, &fault);
    }
    let words = words(&portal, &session, &visitor);
    let page = pages::closed(&words, portal.settings.demonstration, &session.practice, remembered);
    let mut answer = Html(page).into_response();
    set_cookie(&mut answer, &guard::drop_letter());
    answer
}

/// `POST /letter/forget`: this browser is asked for a code again; the page stays open.
pub(super) async fn forget(
    State(portal): State<Portal>,
    Opened(session, _): Opened,
    visitor: Visitor,
    _: Protected<Press>,
) -> Response {
    let marks = match portal.access.forget(&session, &visitor.kept).await {
        Ok(marks) => marks,
        Err(fault) => return plain::fault(&portal, &fault),
    };
    let words = words(&portal, &session, &visitor);
    let mut answer = Html(pages::forgotten(&words, portal.settings.demonstration, &session.practice)).into_response();
    for mark in &marks {
        set_cookie(&mut answer, &guard::drop_remembered(mark));
    }
    answer
}

/// The part of the page where the letter is answered.
async fn answer_part(
    portal: &Portal,
    session: &OpenSession,
    words: &Words,
    browser: &BrowserToken,
    letter: &Letter,
    remark: &Remark,
) -> Result<AnswerPart, Fault> {
    let answering = portal.deliveries.answering(session.grant.delivery()).await?;
    let carried = Carried {
        token: portal.access.form_token(browser, answer::PATH),
        draft: portal.access.draft(session, browser, &letter.subject, &letter.to)?,
        limit: portal.settings.answer_limit,
        ended: letter.ended,
    };
    Ok(AnswerPart::of(words, &session.practice, &answering, carried, remark))
}

pub(super) fn words(portal: &Portal, session: &OpenSession, visitor: &Visitor) -> Words {
    let language = visitor.language(session.language, &session.practice);
    Words::new(&portal.texts, language, &session.practice.timezone, portal.clock.now())
}
