//! A message that lies in the letter: its page, and its files. What it is given out of is one file of the letter, and told
//! as that.

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::response::{Html, IntoResponse, Response};

use crate::access::OpenSession;
use crate::mailbox::{Enclosed, Letter, MESSAGE, Octets, ReadError};

use super::file::{self, Asked, Refusal, number_of};
use super::guard::{self, Opened, Visitor};
use super::loads::{Loads, Room};
use super::original::{self, unread};
use super::pages::{self, Inside};
use super::{Portal, letter, plain};

/// `GET /letter/message/{number}`
pub(super) async fn show(
    State(portal): State<Portal>,
    Extension(loads): Extension<Loads>,
    Opened(session, _): Opened,
    number: Result<Path<String>, PathRejection>,
    visitor: Visitor,
    method: Method,
) -> Response {
    let Some(number) = number.ok().and_then(|Path(text)| number_of(&text)) else { return plain::unknown(&portal) };
    original::given(&portal, page(&portal, &loads, (&session, &visitor), number, &method).await)
}

/// `GET /letter/message/{number}/text`
pub(super) async fn original(
    State(portal): State<Portal>,
    Extension(loads): Extension<Loads>,
    Opened(session, _): Opened,
    number: Result<Path<String>, PathRejection>,
    visitor: Visitor,
    method: Method,
) -> Response {
    let Some(number) = number.ok().and_then(|Path(text)| number_of(&text)) else { return plain::unknown(&portal) };
    let page = async {
        let (whole, message, _room) = message(&portal, &loads, &session, number).await?;
        let letter = loads.reduce(move || message.letter()).await.map_err(unread)?.ok_or(NONE)?;
        let back = format!("/letter/message/{number}");
        let page = original::sent(&portal, &loads, (&session, &visitor), letter, (&back, "portal-to-message")).await?;
        told(&portal, &session, &whole, number, &method).await?;
        Ok(original::sandboxed(page))
    };
    original::given(&portal, page.await)
}

async fn page(
    portal: &Portal,
    loads: &Loads,
    (session, visitor): (&OpenSession, &Visitor),
    number: usize,
    method: &Method,
) -> Result<Response, Refusal> {
    let (whole, message, _room) = message(portal, loads, session, number).await?;
    let read = loads.reduce(move || message.letter().map(pages::readable)).await;
    let (letter, texts) = read.map_err(unread)?.ok_or(NONE)?;
    let words = letter::words(portal, session, visitor);
    let inside = Inside { practice: &session.practice, mark: guard::mark(session), number };
    let page = pages::enclosed(&words, portal.settings.demonstration, &letter, texts, &inside);
    told(portal, session, &whole, number, method).await?;
    Ok(Html(page).into_response())
}

/// What the sender is told is never less than what was shown; whoever only looks whether it is there is shown nothing.
async fn told(
    portal: &Portal,
    session: &OpenSession,
    whole: &Letter,
    number: usize,
    method: &Method,
) -> Result<(), Refusal> {
    if *method == Method::HEAD {
        return Ok(());
    }
    portal.deliveries.downloaded(&session.grant, &whole.subject, number, whole.files.len()).await.map_err(unread)
}

/// `GET /letter/file/{number}/in/{inner}`, and `GET /letter/file/{number}/in/{inner}/save`
pub(super) async fn give(
    State(portal): State<Portal>,
    Extension(loads): Extension<Loads>,
    Opened(session, _): Opened,
    numbers: Result<Path<(String, String)>, PathRejection>,
    asked: Asked,
) -> Response {
    let numbers = numbers.ok().and_then(|Path((number, inner))| Some((number_of(&number)?, number_of(&inner)?)));
    let Some((number, inner)) = numbers else { return plain::no_such_file(&portal) };
    let given = async {
        let (whole, message, room) = message(&portal, &loads, &session, number).await?;
        let found = loads.reduce(move || message.file(inner)).await.map_err(unread)?;
        let (file, octets) = found.ok_or(NONE)?;
        // The message was read to find one file of it, and is gone again.
        drop(room);
        let told = file::telling(&portal, &session, &whole, number);
        let listed = file.clone();
        file::respond(&asked, &listed, &loads, async move { Ok((file, Octets::Whole(octets))) }, told).await
    };
    given.await.unwrap_or_else(|refusal| file::refused(&portal, refusal))
}

/// The letter without its texts, the message that is its file `number`, and the memory that this takes.
async fn message(
    portal: &Portal,
    loads: &Loads,
    session: &OpenSession,
    number: usize,
) -> Result<(Letter, Enclosed, Room), Refusal> {
    let whole = portal.mailboxes.outline(&session.grant).await.map_err(Refusal::Read)?;
    let listed = whole.files.get(number).filter(|file| file.media_type == MESSAGE).ok_or(NONE)?;
    let room = loads.room(listed.size.saturating_mul(COPIES)).await.ok_or(Refusal::Busy)?;
    let message = portal.mailboxes.enclosed(&session.grant, number).await.map_err(Refusal::Read)?;
    Ok((whole, message, room))
}

const NONE: Refusal = Refusal::Read(ReadError::NoSuchFile);

/// What a message takes while it is read: itself, what it is without a wrapping, and what is made of that.
const COPIES: u64 = 5;
