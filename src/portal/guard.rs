//! What stands before every row of the table: the guard, the time limit, the one log line; and the
//! extractors that hand a handler what the guard has checked.
//!
//! A form is yielded only by [`Protected`], whose token was made for this browser and this path
//! (OWASP ASVS 5 §3.5.1). Addresses are never logged: they hold tickets.

use std::sync::Arc;
use std::time::Duration;

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::access::OpenSession;
use crate::domain::{BrowserToken, Count, Label, Language, PracticeProfile, SessionToken, Ticket};

use super::{Guard, Portal, Route, plain, tongue};

/// Guards one route, bounds its time and logs its answer.
pub(super) async fn watch(
    State((portal, route)): State<(Portal, &'static Route)>,
    request: Request,
    next: Next,
) -> Response {
    let began = portal.clock.now();
    let method = request.method().clone();
    let longest = if route.guard == Guard::Form { LONGEST_UPLOAD } else { LONGEST };
    let answer = match tokio::time::timeout(longest, admit(&portal, route, request, next)).await {
        Ok(answer) => answer,
        Err(_) if route.path.starts_with(FILES) => plain::no_file_now(&portal),
        Err(_) => plain::unavailable(&portal),
    };
    let took = portal.clock.now().since(began).as_millis();
    let labels = [Label::Word(route.path), Label::Number(answer.status().as_u16())];
    portal.deliveries.figures().count(Count::PortalRequest, &labels);
    tracing::info!(%method, route = route.path, status = answer.status().as_u16(), ms = took, "page");
    answer
}

async fn admit(portal: &Portal, route: &Route, mut request: Request, next: Next) -> Response {
    match route.guard {
        Guard::Public | Guard::Provider => {}
        Guard::Form => {
            if cookie(request.headers(), BROWSER).and_then(BrowserToken::parse).is_none() {
                return plain::foreign_form(portal);
            }
        }
        Guard::Link => {
            let ticket = request.uri().path().split('/').nth(2).and_then(Ticket::parse);
            let Some(ticket) = ticket else { return plain::incomplete(portal) };
            request.extensions_mut().insert(Held(ticket.reveal()));
        }
        Guard::Session => {
            let file = route.path.starts_with(FILES);
            let refused = || if file { plain::no_file_without_session(portal) } else { plain::not_open(portal) };
            let Some(token) = session(request.headers()) else { return refused() };
            match portal.access.resume(&token).await {
                Ok(Some(session)) => request.extensions_mut().insert(Opened(Arc::new(session), token)),
                Ok(None) => return refused(),
                Err(fault) => return plain::fault(portal, &fault),
            };
        }
    }
    next.run(request).await
}

/// A ticket that has the shape of one, in its canonical spelling: only behind [`Guard::Link`].
#[derive(Clone)]
pub(super) struct Held(pub(super) String);

impl FromRequestParts<Portal> for Held {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Response> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| plain::incomplete(portal))
    }
}

/// An open page and its cookie: only behind [`Guard::Session`].
#[derive(Clone)]
pub(super) struct Opened(pub(super) Arc<OpenSession>, pub(super) SessionToken);

impl FromRequestParts<Portal> for Opened {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Response> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| plain::not_open(portal))
    }
}

/// What a browser brings along: its own cookie, the language it was told to use, and the one it is set to.
pub(super) struct Visitor {
    pub(super) browser: Option<BrowserToken>,
    pub(super) asked: Option<Language>,
    pub(super) remembered: Option<Language>,
    pub(super) preferred: Option<Language>,
    /// It comes from the form of an answer that was sent.
    pub(super) sent: bool,
}

impl Visitor {
    /// The language of this answer: what was just asked for, what was asked for before, the person's record,
    /// the browser's settings, the practice's language; the first that there is.
    pub(super) fn language(&self, recorded: Option<Language>, practice: &PracticeProfile) -> Language {
        self.asked.or(self.remembered).or(recorded).or(self.preferred).unwrap_or(practice.language)
    }
}

#[derive(Deserialize)]
struct Wish {
    lang: Option<String>,
    sent: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let (wish, sent) = match Query::<Wish>::try_from_uri(&parts.uri) {
            Ok(Query(Wish { lang, sent })) => (lang, sent.is_some()),
            Err(_) => (None, false),
        };
        Ok(Self {
            browser: cookie(&parts.headers, BROWSER).and_then(BrowserToken::parse),
            asked: wish.and_then(|tag| tag.parse().ok()),
            remembered: cookie(&parts.headers, LANGUAGE).and_then(|tag| tag.parse().ok()),
            preferred: tongue::preferred(&parts.headers),
            sent,
        })
    }
}

/// A form whose token was made for this browser and this path. Without one no handler sees it.
pub(super) struct Protected<T> {
    pub(super) browser: BrowserToken,
    pub(super) form: T,
}

#[derive(Deserialize)]
struct Signed<T> {
    #[serde(default)]
    token: String,
    #[serde(flatten)]
    form: T,
}

impl<T: DeserializeOwned> FromRequest<Portal> for Protected<T> {
    type Rejection = Response;

    async fn from_request(request: Request, portal: &Portal) -> Result<Self, Response> {
        let context = request.uri().path().to_owned();
        let browser = cookie(request.headers(), BROWSER).and_then(BrowserToken::parse);
        // Refuses other content types and more than 16 KiB by itself.
        let Form(signed) =
            Form::<Signed<T>>::from_request(request, portal).await.map_err(IntoResponse::into_response)?;
        match browser {
            Some(browser) if portal.access.form_is_ours(&browser, &context, &signed.token) => {
                Ok(Self { browser, form: signed.form })
            }
            _ => Err(plain::foreign_form(portal)),
        }
    }
}

/// The cookie of an open page, whether or not it still is.
pub(super) fn session(headers: &HeaderMap) -> Option<SessionToken> {
    cookie(headers, LETTER).and_then(SessionToken::parse)
}

/// The value of a cookie.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// Keeps the browser's cookie: longer than a page may stay open, so that an answer that was written in it is not lost.
pub(super) fn keep_browser(browser: &BrowserToken) -> String {
    format!("{BROWSER}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=93600", browser.reveal())
}

/// Keeps the open page's cookie until the browser ends.
pub(super) fn keep_letter(token: &SessionToken) -> String {
    format!("{LETTER}={}; Path=/; Secure; HttpOnly; SameSite=Lax", token.reveal())
}

/// Drops the open page's cookie.
pub(super) fn drop_letter() -> String {
    format!("{LETTER}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// Keeps the language that was asked for.
pub(super) fn keep_language(language: Language) -> String {
    format!("{LANGUAGE}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000", language.tag())
}

// RFC 6265bis §4.1.3.2: `__Host-` cookies come from this host alone, over TLS, for the whole of it.
pub(super) const BROWSER: &str = "__Host-pli-browser";
pub(super) const LETTER: &str = "__Host-pli-letter";
pub(super) const LANGUAGE: &str = "__Host-pli-language";

/// What is answered in plain text when it is refused.
const FILES: &str = "/letter/file";
/// The longest that an answer may take to begin, the sending of a code included.
const LONGEST: Duration = Duration::from_secs(60);
/// The longest that the files of an answer may take to come in, over a slow line.
const LONGEST_UPLOAD: Duration = Duration::from_secs(20 * 60);
