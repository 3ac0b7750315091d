//! An answer comes in: `multipart/form-data` (RFC 7578), read piece by piece into the message that it becomes.
//!
//! The form says by its first fields whose it is, before anything large is read: its token (OWASP ASVS 5 §3.5.1) and
//! what was sealed for it. Memory for the files is taken before they are, from a budget that no letter can have alone.
//! When the page has closed meanwhile the answer is sealed all the same, and leads to the link, where a code is asked
//! for. What is refused comes back with its text.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Extension;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use zeroize::Zeroizing;

use crate::access::{Draft, OpenSession};
use crate::delivery::{AnswerError, Answered, Written, is_program, written_size};
use crate::domain::{BrowserToken, Fault, Language};
use crate::net::{Held, Scanned};

use super::answering::{LONGEST_TEXT, MOST_FILES, Refusal, Remark};
use super::guard::{self, Visitor};
use super::link::{set_cookie, to};
use super::loads::Loads;
use super::paced::{Waiting, paced};
use super::words::Words;
use super::{Portal, letter, pages, plain};

/// The address of the form, which its token is made for.
pub(super) const PATH: &str = "/letter/answer";

/// `POST /letter/answer`
pub(super) async fn send(
    State(portal): State<Portal>,
    Extension(loads): Extension<Loads>,
    visitor: Visitor,
    mut request: Request,
) -> Response {
    let Some(browser) = visitor.browser.clone() else { return plain::foreign_form(&portal) };
    let session = match guard::session(request.headers()) {
        Some(token) => portal.access.resume(&token).await,
        None => Ok(None),
    };
    let expected = content_length(request.headers()).unwrap_or(u64::MAX).min(portal.settings.answer_limit);
    // What is too large is read to its end and dropped, so that browsers show the answer; not for ever.
    let most = portal.settings.answer_limit.saturating_mul(READ).saturating_add(1 << 20);
    DefaultBodyLimit::max(usize::try_from(most).unwrap_or(usize::MAX)).apply(&mut request);
    let waiting = Waiting::default();
    let Ok(form) = Multipart::from_request(paced(request, &waiting), &()).await else {
        return plain::foreign_form(&portal);
    };
    let mut begun = Begun::default();
    let written = match read(&portal, &loads, &browser, (form, &waiting, expected), &mut begun).await {
        Ok(written) => written,
        Err(Broken::Foreign) => return plain::foreign_form(&portal),
        Err(Broken::Off) => Err(Refusal::BrokenOff),
    };
    // What did not come far enough to say whose it is has no text to give back.
    let Some(draft) = begun.draft.filter(|_| begun.ours) else { return plain::broken_off(&portal) };
    let (taken, session) = match session {
        // The page of another letter in this browser is none of this one.
        Ok(session) => {
            let session = session.filter(|session| session.grant.delivery() == draft.delivery);
            (take(&portal, &browser, session.as_ref(), &draft, written).await, session)
        }
        Err(fault) => (Err(Untaken::Fault(fault)), None),
    };
    let refusal = match taken {
        Ok(Answered::Delivered) if session.is_some() => return kept(to("/letter?sent=1"), &browser),
        Ok(_) => return kept(to(&format!("/l/{}", draft.ticket)), &browser),
        Err(Untaken::Refused(refusal)) => refusal,
        Err(Untaken::Fault(fault)) => {
            tracing::error!(delivery = %draft.delivery, %fault, "an answer could not be taken");
            Refusal::Failed
        }
    };
    let status = match refusal {
        Refusal::Busy | Refusal::NotScanned | Refusal::Failed => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::BrokenOff => StatusCode::BAD_REQUEST,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let text = begun.text.to_string();
    // Broken off before its text was there: nothing is given back, and the page says so.
    if refusal == Refusal::BrokenOff && text.is_empty() {
        return plain::broken_off(&portal);
    }
    let mut answer = None;
    if let Some(session) = session.filter(|_| refusal != Refusal::Failed) {
        let remark = Remark::Refused(refusal.clone(), text.clone());
        let page = letter::render(&portal, &loads, &session, &visitor, remark).await;
        // The letter may have gone meanwhile: the text has not.
        answer = Some(page).filter(|page| page.status() == StatusCode::OK);
    }
    let answer = match answer {
        Some(answer) => answer,
        None => lost(&portal, &visitor, &draft, &refusal, &text).await,
    };
    kept((status, answer).into_response(), &browser)
}

/// What of a form is there, however it ends.
#[derive(Default)]
struct Begun {
    /// Whether its token was one of ours.
    ours: bool,
    draft: Option<Draft>,
    text: Zeroizing<String>,
}

/// A whole answer, and the memory that it takes.
struct Files {
    written: Written,
    names: Vec<String>,
    _held: Option<Held>,
}

/// Why a form is not read to its end.
enum Broken {
    /// It is not ours, or not this browser's.
    Foreign,
    /// Its octets ended, or stood still.
    Off,
}

impl From<MultipartError> for Broken {
    fn from(_: MultipartError) -> Self {
        Self::Off
    }
}

/// Reads the form, its fields in the order of the page; once something is wrong with the answer the rest is read and
/// dropped.
async fn read(
    portal: &Portal,
    loads: &Loads,
    browser: &BrowserToken,
    (mut form, waiting, expected): (Multipart, &Waiting, u64),
    begun: &mut Begun,
) -> Result<Result<Files, Refusal>, Broken> {
    let (mut refusal, mut seen) = (None, BTreeSet::new());
    let (mut written, mut held) = (None::<Written>, None);
    let (mut names, mut octets) = (Vec::new(), 0_u64);
    while let Some(mut field) = within(waiting, form.next_field()).await? {
        let name = field.name().unwrap_or_default().to_owned();
        let first = seen.insert(name.clone());
        match name.as_str() {
            "token" if first => {
                let token = short(waiting, &mut field, 64).await?.0;
                begun.ours = portal.access.form_is_ours(browser, PATH, &token);
            }
            "draft" if first => {
                let sealed = short(waiting, &mut field, 8 * 1024).await?.0;
                begun.draft = portal.access.open_draft(browser, &sealed);
            }
            // Nothing of a form is read before it is known to be one of ours.
            _ if !begun.ours || begun.draft.is_none() => return Err(Broken::Foreign),
            "text" if first => {
                let (read, cut) = short(waiting, &mut field, LONGEST_TEXT * 4).await?;
                if cut || read.chars().filter(|c| *c != '\r').count() > LONGEST_TEXT {
                    refusal.get_or_insert(Refusal::TooLong);
                }
                begun.text = read;
            }
            "files" | "other" if seen.contains("text") => {
                let file = field.file_name().unwrap_or_default().to_owned();
                // A field without a choice is sent as a file without a name (HTML §4.10.22.4).
                if file.is_empty() || refusal.is_some() {
                    drain(waiting, &mut field).await?;
                    continue;
                }
                if names.len() >= MOST_FILES {
                    refusal = Some(Refusal::TooMany);
                } else if is_program(&file) {
                    refusal = Some(Refusal::Program(file.clone()));
                }
                let of = begun.draft.as_ref().map(|draft| draft.delivery);
                if let (None, None, Some(of)) = (&held, &refusal, of) {
                    let memory = in_memory(expected);
                    held = loads.answer(of, memory, portal.settings.answer_limit).await;
                    if held.is_none() {
                        refusal = Some(Refusal::Busy);
                    }
                }
                if refusal.is_some() {
                    drain(waiting, &mut field).await?;
                    continue;
                }
                let seal = begun.draft.as_ref().map(|draft| draft.reply.to_string()).unwrap_or_default();
                let room = usize::try_from(expected).unwrap_or(usize::MAX);
                let message = written.get_or_insert_with(|| Written::new(begun.text.to_string(), room, &seal));
                message.begin_file(&file, field.content_type().unwrap_or_default());
                names.push(file);
                while let Some(piece) = within(waiting, field.chunk()).await? {
                    octets = octets.saturating_add(piece.len() as u64);
                    if octets > portal.settings.answer_limit {
                        refusal = Some(Refusal::TooLarge(portal.settings.answer_limit));
                        drain(waiting, &mut field).await?;
                        break;
                    }
                    message.push(&piece);
                }
                message.end_file();
            }
            // A field that the form has not, or has once.
            _ => return Err(Broken::Foreign),
        }
        if refusal.is_some() {
            // What is not going to be sent does not keep others waiting.
            (written, held) = (None, None);
        }
    }
    let draft = begun.draft.as_ref().filter(|_| begun.ours).ok_or(Broken::Foreign)?;
    let written = written.unwrap_or_else(|| Written::new(begun.text.to_string(), 0, &draft.reply.to_string()));
    Ok(match refusal {
        Some(refusal) => Err(refusal),
        None if written.is_empty() => Err(Refusal::Nothing),
        None => Ok(Files { written, names, _held: held }),
    })
}

/// Why an answer was not taken.
enum Untaken {
    Refused(Refusal),
    Fault(Fault),
}

async fn take(
    portal: &Portal,
    browser: &BrowserToken,
    session: Option<&OpenSession>,
    draft: &Draft,
    incoming: Result<Files, Refusal>,
) -> Result<Answered, Untaken> {
    let Files { written, names, _held } = incoming.map_err(Untaken::Refused)?;
    if let Some(before) = portal.deliveries.answer_taken(draft).await.map_err(Untaken::Fault)? {
        return Ok(before);
    }
    if let Some(scanner) = &portal.settings.scanner {
        for (at, name) in names.into_iter().enumerate() {
            match scanner.scan(written.pieces(at)).await {
                Scanned::Clean => {}
                Scanned::Found => return Err(Untaken::Refused(Refusal::Infected(name))),
                Scanned::Unknown => return Err(Untaken::Refused(Refusal::NotScanned)),
            }
        }
    }
    let session = session.map(|session| session.grant.session());
    portal.deliveries.take_answer(draft, browser, session, written).await.map_err(|error| match error {
        AnswerError::Refused(why) => Untaken::Refused(Refusal::Closed(why)),
        AnswerError::Fault(fault) => Untaken::Fault(fault),
    })
}

/// The page that gives a text back which cannot be sent, when its own page has closed, or cannot be made.
async fn lost(portal: &Portal, visitor: &Visitor, draft: &Draft, refusal: &Refusal, text: &str) -> Response {
    let view = portal.access.link(&draft.ticket, visitor.browser.as_ref()).await.ok();
    let (language, zone) = match &view {
        Some(view) => (visitor.language(view.language, &view.practice), view.practice.timezone.as_str()),
        // No time is told there.
        None => (visitor.asked.or(visitor.remembered).or(visitor.preferred).unwrap_or(Language::Fr), "UTC"),
    };
    let words = Words::new(&portal.texts, language, zone, portal.clock.now());
    let practice = view.as_ref().map(|view| &view.practice);
    let page = pages::lost(&words, portal.settings.demonstration, practice, &draft.ticket, (refusal, text));
    Html(page).into_response()
}

fn kept(mut answer: Response, browser: &BrowserToken) -> Response {
    set_cookie(&mut answer, &guard::keep_browser(browser));
    answer
}

/// A field that is kept as text, and whether it went on beyond `most` octets.
async fn short(waiting: &Waiting, field: &mut Field<'_>, most: usize) -> Result<(Zeroizing<String>, bool), Broken> {
    let mut octets = Zeroizing::new(Vec::new());
    let mut cut = false;
    while let Some(piece) = within(waiting, field.chunk()).await? {
        let room = most - octets.len().min(most);
        cut |= piece.len() > room;
        octets.extend_from_slice(piece.get(..piece.len().min(room)).unwrap_or_default());
    }
    match std::str::from_utf8(&octets) {
        Ok(text) => Ok((Zeroizing::new(text.to_owned()), cut)),
        // Cut within a character.
        Err(_) if cut => Ok((Zeroizing::new(String::from_utf8_lossy(&octets).into_owned()), cut)),
        Err(_) => Err(Broken::Foreign),
    }
}

async fn drain(waiting: &Waiting, field: &mut Field<'_>) -> Result<(), Broken> {
    while within(waiting, field.chunk()).await?.is_some() {}
    Ok(())
}

/// Whoever sends nothing for a minute is not waited for.
async fn within<T>(waiting: &Waiting, piece: impl Future<Output = Result<T, MultipartError>>) -> Result<T, Broken> {
    let piece = tokio::time::timeout(STILL, piece).await.map_err(|_| Broken::Off)??;
    waiting.got_on();
    Ok(piece)
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What so many octets of files take while they are sealed: written, decoded again, and in their containers.
fn in_memory(octets: u64) -> u64 {
    let plain = usize::try_from(octets).unwrap_or(usize::MAX / 8);
    (written_size(plain) as u64).saturating_add(octets.saturating_mul(2))
}

const STILL: Duration = Duration::from_secs(60);
/// How many times the limit is read of what is too large.
const READ: u64 = 4;
