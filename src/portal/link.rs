//! The link: choose how the code travels, type it. A GET reads, and is noted in the journal; only a press
//! with a choice sends.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use crate::access::{Filled, IssueError, LinkError, LinkState, LinkView, RedeemError, Redeemed};
use crate::domain::{BrowserToken, Channel, Fault, Timestamp, Visit};

use super::guard::{self, Held, Protected, Visitor};
use super::pages::{self, Complaint, LinkForms, Opens};
use super::words::Words;
use super::{Portal, plain, progress, visit};

/// `GET /l/{ticket}`
pub(super) async fn show(
    State(portal): State<Portal>,
    Held(ticket): Held,
    visitor: Visitor,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let browser = visitor.browser.clone();
    match portal.access.visit(&ticket, browser.as_ref(), visit::of(&method, &headers)).await {
        Ok(view) => render(&portal, &ticket, &visitor, (&view, browser), None).await,
        Err(error) => no_link(&portal, &error),
    }
}

/// How the code shall travel.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    #[serde(default)]
    channel: String,
}

/// `POST /l/{ticket}/code`
pub(super) async fn code(
    State(portal): State<Portal>,
    Held(ticket): Held,
    visitor: Visitor,
    Protected { browser, form }: Protected<Choice>,
) -> Response {
    // A press without a choice sends nothing: this is what stops programs that press every button.
    let Some(channel) = Channel::from_word(&form.channel) else {
        return answer(&portal, &ticket, &visitor, Some(browser), Some(Complaint::ChooseOne)).await;
    };
    let view = match portal.access.link(&ticket, Some(&browser)).await {
        Ok(view) => view,
        Err(error) => return no_link(&portal, &error),
    };
    match portal.access.issue(&ticket, &browser, channel, visitor.language(view.language, &view.practice)).await {
        // A code that could not be sent, a link that has ended: the page that follows says so.
        Ok(_) | Err(IssueError::NotSent { .. } | IssueError::Closed) => back(&ticket, &browser),
        Err(IssueError::Wait { until }) => {
            answer(&portal, &ticket, &visitor, Some(browser), Some(Complaint::Wait(until))).await
        }
        Err(IssueError::Nothing) => back(&ticket, &browser),
        Err(IssueError::Incomplete) => plain::incomplete(&portal),
        Err(IssueError::Fault(fault)) => plain::fault(&portal, &fault),
    }
}

/// A form that says nothing but its token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bare {}

/// `POST /l/{ticket}/missing`: the code did not arrive.
pub(super) async fn missing(
    State(portal): State<Portal>,
    Held(ticket): Held,
    visitor: Visitor,
    Protected { browser, .. }: Protected<Bare>,
) -> Response {
    match portal.access.not_arrived(&ticket, &browser).await {
        Ok(()) | Err(IssueError::NotSent { .. } | IssueError::Closed | IssueError::Nothing) => back(&ticket, &browser),
        Err(IssueError::Wait { until }) => {
            answer(&portal, &ticket, &visitor, Some(browser), Some(Complaint::Wait(until))).await
        }
        Err(IssueError::Incomplete) => plain::incomplete(&portal),
        Err(IssueError::Fault(fault)) => plain::fault(&portal, &fault),
    }
}

/// `POST /l/{ticket}/wait`: the page that waits for a code is open; the answer is what became of it, as plain text.
pub(super) async fn wait(
    State(portal): State<Portal>,
    Held(ticket): Held,
    visitor: Visitor,
    Protected { browser, .. }: Protected<Bare>,
) -> Response {
    if let Err(fault) = portal.access.page_waits(&ticket, &browser).await {
        return plain::fault(&portal, &fault);
    }
    let view = match portal.access.link(&ticket, Some(&browser)).await {
        Ok(view) => view,
        Err(error) => return no_link(&portal, &error),
    };
    let LinkState::Enter { progress, last_two, .. } = &view.state else {
        return StatusCode::RESET_CONTENT.into_response();
    };
    let language = visitor.language(view.language, &view.practice);
    let words = Words::new(&portal.texts, language, &view.practice.timezone, portal.clock.now());
    progress::told(&words, progress, last_two).into_response()
}

/// The code, and the birth date, as they were typed or pasted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    #[serde(default)]
    pub(super) code: String,
    /// Of the birth date, where it is asked for.
    #[serde(default)]
    pub(super) day: String,
    #[serde(default)]
    pub(super) month: String,
    #[serde(default)]
    pub(super) year: String,
    /// `yes`: remember this browser.
    #[serde(default)]
    pub(super) remember: String,
}

/// `POST /l/{ticket}/check`
pub(super) async fn check(
    State(portal): State<Portal>,
    Held(ticket): Held,
    visitor: Visitor,
    Protected { browser, form }: Protected<Typed>,
) -> Response {
    let filled = Filled {
        code: &form.code,
        birth_date: [&form.day, &form.month, &form.year],
        remember: form.remember == "yes",
        kept: &visitor.kept,
    };
    let complaint = match portal.access.redeem(&ticket, &browser, &filled).await {
        Ok(redeemed) => return opened(&portal, &redeemed, &browser).await,
        Err(RedeemError::NotACode) => Complaint::NotACode,
        Err(RedeemError::NoneHere) => Complaint::NoneHere,
        Err(RedeemError::Wrong { left }) => Complaint::Wrong(left),
        Err(RedeemError::Paused { .. } | RedeemError::Closed) => return back(&ticket, &browser),
        Err(RedeemError::Incomplete) => return plain::incomplete(&portal),
        Err(RedeemError::Fault(fault)) => return plain::fault(&portal, &fault),
    };
    answer(&portal, &ticket, &visitor, Some(browser), Some(complaint)).await
}

/// `POST /l/{ticket}/open`: a page of the same person is open here, or the browser is remembered for them.
pub(super) async fn open(
    State(portal): State<Portal>,
    Held(ticket): Held,
    visitor: Visitor,
    Protected { browser, .. }: Protected<Bare>,
) -> Response {
    let joined = match &visitor.open {
        Some(open) => portal.access.join(&ticket, open).await,
        None => Ok(None),
    };
    let joined = match joined {
        Ok(None) => portal.access.open_remembered(&ticket, &visitor.kept).await,
        joined => joined,
    };
    match joined {
        Ok(Some(redeemed)) => opened(&portal, &redeemed, &browser).await,
        // It has closed meanwhile: the link's page asks for a code, where it is one.
        Ok(None) => match portal.access.link(&ticket, Some(&browser)).await {
            Ok(_) => back(&ticket, &browser),
            Err(error) => no_link(&portal, &error),
        },
        Err(fault) => plain::fault(&portal, &fault),
    }
}

/// The way to a letter whose page was just opened.
async fn opened(portal: &Portal, redeemed: &Redeemed, browser: &BrowserToken) -> Response {
    // The page is open in any case: what waits longer is brought by the next code.
    let waiting = portal.deliveries.deliver_waiting(redeemed.delivery, browser, redeemed.session).await;
    let delivered = waiting.unwrap_or_else(|fault| {
        tracing::error!(delivery = %redeemed.delivery, %fault, "answers that wait could not be delivered");
        0
    });
    let mut open = to(if delivered > 0 { "/letter?sent=1" } else { "/letter" });
    set_cookie(&mut open, &guard::keep_browser(browser));
    set_cookie(&mut open, &guard::keep_letter(&redeemed.token));
    if let Some(remembered) = &redeemed.remembered {
        set_cookie(&mut open, &guard::keep_remembered(remembered, portal.clock.now()));
    }
    open
}

/// The link's page as it stands now, with what went wrong.
pub(super) async fn answer(
    portal: &Portal,
    ticket: &str,
    visitor: &Visitor,
    browser: Option<BrowserToken>,
    complaint: Option<Complaint>,
) -> Response {
    let viewed = match complaint {
        // Pressed, and nothing said.
        Some(Complaint::ChooseOne | Complaint::TickFirst) => {
            portal.access.visit(ticket, browser.as_ref(), Visit::Press).await
        }
        _ => portal.access.link(ticket, browser.as_ref()).await,
    };
    match viewed {
        Ok(view) => render(portal, ticket, visitor, (&view, browser), complaint).await,
        Err(error) => no_link(portal, &error),
    }
}

async fn render(
    portal: &Portal,
    ticket: &str,
    visitor: &Visitor,
    (view, browser): (&LinkView, Option<BrowserToken>),
    complaint: Option<Complaint>,
) -> Response {
    let answer_waits = match &browser {
        Some(browser) => match portal.deliveries.waits_until(view.delivery, browser).await {
            // Behind the letter's end no code can be had.
            Ok(until) => until.map(|until| until.min(view.expires_at)),
            Err(fault) => return plain::fault(portal, &fault),
        },
        None => None,
    };
    let opens = match opens(portal, ticket, visitor).await {
        Ok(opens) => opens,
        Err(fault) => return plain::fault(portal, &fault),
    };
    let browser = browser.unwrap_or_else(|| portal.access.new_browser());
    let page = page(portal, (ticket, answer_waits, opens), visitor, view, &browser, complaint);
    let status = match complaint {
        None => StatusCode::OK,
        Some(Complaint::Wait(_)) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let mut answer = (status, Html(page)).into_response();
    set_cookie(&mut answer, &guard::keep_browser(&browser));
    if let Some(language) = visitor.asked {
        set_cookie(&mut answer, &guard::keep_language(language));
    }
    answer
}

/// Whether the link opens by a press, and why.
async fn opens(portal: &Portal, ticket: &str, visitor: &Visitor) -> Result<Option<Opens>, Fault> {
    if let Some(open) = &visitor.open
        && portal.access.may_join(ticket, open).await?
    {
        return Ok(Some(Opens::ByPage));
    }
    Ok(portal.access.remembers(ticket, &visitor.kept).await?.map(Opens::Remembered))
}

fn page(
    portal: &Portal,
    (ticket, answer_waits, opens): (&str, Option<Timestamp>, Option<Opens>),
    visitor: &Visitor,
    view: &LinkView,
    browser: &BrowserToken,
    complaint: Option<Complaint>,
) -> String {
    let language = visitor.language(view.language, &view.practice);
    let words = Words::new(&portal.texts, language, &view.practice.timezone, portal.clock.now());
    let token = |purpose: &str| portal.access.form_token(browser, &format!("/l/{ticket}/{purpose}"));
    let (code, check) = (token("code"), token("check"));
    let (missing, wait) = (token("missing"), token("wait"));
    let (again, not_mine) = (token("again"), token("not-mine"));
    let open = opens.map(|opens| (token("open"), opens));
    let forms = LinkForms { ticket, code, check, missing, wait, again, not_mine, open, answer_waits };
    pages::link(&words, portal.settings.demonstration, view, &forms, complaint)
}

fn no_link(portal: &Portal, error: &LinkError) -> Response {
    match error {
        LinkError::Incomplete => plain::incomplete(portal),
        LinkError::Fault(fault) => plain::fault(portal, fault),
    }
}

/// Back to the link's page, which says where it stands.
pub(super) fn back(ticket: &str, browser: &BrowserToken) -> Response {
    let mut answer = to(&format!("/l/{ticket}"));
    set_cookie(&mut answer, &guard::keep_browser(browser));
    answer
}

/// 303 to a path of ours; the host of a request is never repeated (fault 37).
pub(super) fn to(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response()
}

/// Adds one cookie to an answer.
pub(super) fn set_cookie(answer: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        answer.headers_mut().append(header::SET_COOKIE, value);
    }
}
