//! A message that lies in the letter: its page, and its files. What it is given out of is one file of the letter, and told
//! as that.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{Html, IntoResponse, Response};

use crate::access::OpenSession;
use crate::mailbox::{MESSAGE, Octets, ReadError};

use super::file::{self, Asked, Refusal, number_of};
use super::guard::{self, Opened, Visitor};
use super::loads::Loads;
use super::pages::{self, Inside};
use super::words::Words;
use super::{Portal, plain};

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
    match page(&portal, &loads, &session, number, &visitor, &method).await {
        Ok(page) => page,
        Err(Refusal::Read(ReadError::Gone | ReadError::NoSuchFile)) => plain::unknown(&portal),
        Err(Refusal::Read(ReadError::Fault(fault))) => plain::fault(&portal, &fault),
        Err(Refusal::Busy) => plain::unavailable(&portal),
    }
}

async fn page(
    portal: &Portal,
    loads: &Loads,
    session: &Arc<OpenSession>,
    number: usize,
    visitor: &Visitor,
    method: &Method,
) -> Result<Response, Refusal> {
    let whole = portal.mailboxes.outline(&session.grant).await.map_err(Refusal::Read)?;
    let none = || Refusal::Read(ReadError::NoSuchFile);
    let listed = whole.files.get(number).filter(|file| file.media_type == MESSAGE).ok_or_else(none)?;
    if *method == Method::HEAD {
        return Ok(StatusCode::OK.into_response());
    }
    let room = loads.room(listed.size.saturating_mul(COPIES)).await.ok_or(Refusal::Busy)?;
    let enclosed = portal.mailboxes.enclosed(&session.grant, number).await.map_err(Refusal::Read)?;
    let reduced = loads.reduce(move || enclosed.letter().map(pages::readable)).await;
    let (letter, texts) = reduced.map_err(|fault| Refusal::Read(fault.into()))?.ok_or_else(none)?;
    let language = visitor.language(session.language, &session.practice);
    let words = Words::new(&portal.texts, language, &session.practice.timezone, portal.clock.now());
    let inside = Inside { practice: &session.practice, mark: guard::mark(session), number };
    let page = pages::enclosed(&words, portal.settings.demonstration, &letter, texts, &inside);
    // What the sender is told is never less than what was shown.
    let told = portal.deliveries.downloaded(&session.grant, &whole.subject, number, whole.files.len()).await;
    told.map_err(|fault| Refusal::Read(fault.into()))?;
    drop(room);
    Ok(Html(page).into_response())
}

/// `GET /letter/file/{number}/in/{inner}`
pub(super) async fn open(
    State(portal): State<Portal>,
    Extension(loads): Extension<Loads>,
    Opened(session, _): Opened,
    numbers: Numbers,
    method: Method,
    headers: HeaderMap,
) -> Response {
    give(&portal, &loads, session, numbers, Asked { method, headers, save: false }).await
}

/// `GET /letter/file/{number}/in/{inner}/save`
pub(super) async fn save(
    State(portal): State<Portal>,
    Extension(loads): Extension<Loads>,
    Opened(session, _): Opened,
    numbers: Numbers,
    method: Method,
    headers: HeaderMap,
) -> Response {
    give(&portal, &loads, session, numbers, Asked { method, headers, save: true }).await
}

/// Of a file of the letter, and of one in that.
type Numbers = Result<Path<(String, String)>, PathRejection>;

async fn give(portal: &Portal, loads: &Loads, session: Arc<OpenSession>, numbers: Numbers, asked: Asked) -> Response {
    let numbers = numbers.ok().and_then(|Path((number, inner))| Some((number_of(&number)?, number_of(&inner)?)));
    let Some((number, inner)) = numbers else { return plain::no_such_file(portal) };
    let given = async {
        let whole = portal.mailboxes.outline(&session.grant).await.map_err(Refusal::Read)?;
        let none = || Refusal::Read(ReadError::NoSuchFile);
        let listed = whole.files.get(number).filter(|file| file.media_type == MESSAGE).ok_or_else(none)?;
        let (of, subject) = (whole.files.len(), whole.subject.clone());
        // The message is read to find one file of it, and goes again.
        let room = loads.room(listed.size.saturating_mul(COPIES)).await.ok_or(Refusal::Busy)?;
        let enclosed = portal.mailboxes.enclosed(&session.grant, number).await.map_err(Refusal::Read)?;
        let found = loads.reduce(move || enclosed.file(inner)).await.map_err(|fault| Refusal::Read(fault.into()))?;
        let (file, octets) = found.ok_or_else(none)?;
        drop(room);
        let (deliveries, telling) = (portal.deliveries.clone(), Arc::clone(&session));
        let told = async move {
            if let Err(fault) = deliveries.downloaded(&telling.grant, &subject, number, of).await {
                tracing::error!(%fault, "a download could not be told");
            }
        };
        let listed = file.clone();
        file::respond(&asked, &listed, loads, async move { Ok((file, Octets::Whole(octets))) }, told).await
    };
    given.await.unwrap_or_else(|refusal| file::refused(portal, refusal))
}

/// What a message takes while it is read: itself, and what is made of it.
const COPIES: u64 = 3;
