//! What stands before every row of the table: the guard, the time limit, the one log line; and the
//! extractors that hand a handler what the guard has checked.
//!
//! A form is yielded only by [`Protected`], whose token was made for this browser and this path
//! (OWASP ASVS 5 §3.5.1). What a browser sends back is read as it was given out or not at all: a cookie that stands
//! there twice, a field that is unknown or doubled, octets that are no text. Addresses are never logged: they hold
//! tickets.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Query, RawForm, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::value::{Error, MapDeserializer};

use crate::access::{Kept, OpenSession, Remembered};
use crate::domain::{
    BrowserToken, Count, Label, Language, PracticeProfile, RememberToken, SessionToken, Ticket, Timestamp,
};

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
    let ours = matches!(route.guard, Guard::Form | Guard::Link | Guard::Session);
    if ours && [BROWSER, LETTER].into_iter().any(|name| is_planted(request.headers(), name)) {
        return plain::planted(portal, route.path.starts_with(FILES));
    }
    match route.guard {
        Guard::Public | Guard::Client | Guard::Provider => {}
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
        let opened = parts.extensions.get::<Self>().cloned().ok_or_else(|| plain::not_open(portal))?;
        // A page that was left open while another letter was opened in this browser: its files are not of that one.
        let of = Query::<Of>::try_from_uri(&parts.uri).ok().and_then(|Query(of)| of.of);
        match of.is_some_and(|of| of != mark(&opened.0)) {
            true => Err(plain::no_such_file(portal)),
            false => Ok(opened),
        }
    }
}

/// Which page a link was on.
#[derive(Deserialize)]
struct Of {
    of: Option<String>,
}

/// What tells the pages of two letters apart in their links: the end of a random id, which opens nothing.
pub(super) fn mark(session: &OpenSession) -> String {
    let id = session.grant.delivery().to_string();
    id.get(id.len().saturating_sub(8)..).unwrap_or_default().to_owned()
}

/// What a browser brings along: its own cookie, the language it was told to use, and the one it is set to.
pub(super) struct Visitor {
    pub(super) browser: Option<BrowserToken>,
    /// Of a page that may be open.
    pub(super) open: Option<SessionToken>,
    /// That it was remembered, for whom: of each person one.
    pub(super) kept: Vec<Kept>,
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
            open: session(&parts.headers),
            kept: kept(&parts.headers),
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

impl<T: DeserializeOwned> FromRequest<Portal> for Protected<T> {
    type Rejection = Response;

    async fn from_request(request: Request, portal: &Portal) -> Result<Self, Response> {
        let context = request.uri().path().to_owned();
        let browser = cookie(request.headers(), BROWSER).and_then(BrowserToken::parse);
        // Refuses other content types and more than 16 KiB by itself.
        let RawForm(octets) = RawForm::from_request(request, portal).await.map_err(IntoResponse::into_response)?;
        let (Some(browser), Some((token, form))) = (browser, read(&octets)) else {
            return Err(plain::foreign_form(portal));
        };
        match portal.access.form_is_ours(&browser, &context, &token) {
            true => Ok(Self { browser, form }),
            false => Err(plain::foreign_form(portal)),
        }
    }
}

/// A form and its token, if it holds one token, and beside it nothing but the fields of the form, each once.
fn read<T: DeserializeOwned>(octets: &[u8]) -> Option<(String, T)> {
    let mut fields = pairs(octets)?;
    let (_, token) = fields.remove(fields.iter().position(|(name, _)| name == "token")?);
    let form = T::deserialize(MapDeserializer::<_, Error>::new(fields.into_iter())).ok()?;
    Some((token, form))
}

/// `application/x-www-form-urlencoded` (URL §5.1), decoded. The standard reads everything somehow; a browser writes
/// neither a `%` without its two digits nor octets that are not UTF-8.
fn pairs(octets: &[u8]) -> Option<Vec<(String, String)>> {
    let digits = |rest: &[u8]| matches!(rest, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
    if !octets.is_ascii() || !octets.split(|octet| *octet == b'%').skip(1).all(digits) {
        return None;
    }
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(octets).into_owned().take(MOST_FIELDS + 1).collect();
    let broken = |text: &str| text.contains([char::REPLACEMENT_CHARACTER, '\0']);
    (pairs.len() <= MOST_FIELDS && !pairs.iter().any(|(name, value)| broken(name) || broken(value))).then_some(pairs)
}

/// The cookie of an open page, whether or not it still is.
pub(super) fn session(headers: &HeaderMap) -> Option<SessionToken> {
    cookie(headers, LETTER).and_then(SessionToken::parse)
}

/// The value of a cookie. One that is there twice is none: of two, somebody else has planted one (a cookie without a name
/// whose value is `name=…` looks the same here, and `__Host-` does not keep it out everywhere).
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = cookies(headers).filter_map(|(key, value)| (key == name.as_bytes()).then_some(value));
    values.next().filter(|_| values.next().is_none()).and_then(|value| std::str::from_utf8(value).ok())
}

/// Whether a cookie is there more than once.
fn is_planted(headers: &HeaderMap, name: &str) -> bool {
    cookies(headers).filter(|(key, _)| *key == name.as_bytes()).count() > 1
}

/// The cookies of remembered browsers, each that is there once.
fn kept(headers: &HeaderMap) -> Vec<Kept> {
    let ours = || cookies(headers).filter_map(|(name, value)| Some((name.strip_prefix(KEPT.as_bytes())?, value)));
    let once = |mark: &[u8]| ours().filter(|(other, _)| *other == mark).count() == 1;
    let read = |(mark, value): (&[u8], &[u8])| {
        let mark = std::str::from_utf8(mark).ok().filter(|mark| mark.len() == 16)?;
        Some(Kept { mark: mark.to_owned(), token: RememberToken::parse(std::str::from_utf8(value).ok()?)? })
    };
    ours().take(MOST_KEPT).filter(|(mark, _)| once(mark)).filter_map(read).collect()
}

/// Names and values of cookies, by octets: one of somebody else above us may hold any.
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    // HTTP/2 may cut the field into several (RFC 9113 §8.2.3).
    let lines = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    let pairs = lines.flat_map(|line| line.split(|octet| *octet == b';'));
    pairs.filter_map(|pair| {
        let pair = pair.get(pair.iter().position(|octet| *octet != b' ')?..)?;
        let equals = pair.iter().position(|octet| *octet == b'=')?;
        Some((pair.get(..equals)?, pair.get(equals + 1..)?))
    })
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

/// Keeps that this browser is remembered for a person, until then.
pub(super) fn keep_remembered(remembered: &Remembered, now: Timestamp) -> String {
    let Kept { mark, token } = &remembered.kept;
    let seconds = remembered.until.since(now).as_secs();
    format!("{KEPT}{mark}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}", token.reveal())
}

/// Drops that.
pub(super) fn drop_remembered(mark: &str) -> String {
    format!("{KEPT}{mark}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// Keeps the language that was asked for.
pub(super) fn keep_language(language: Language) -> String {
    format!("{LANGUAGE}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000", language.tag())
}

// RFC 6265bis §4.1.3.2: `__Host-` cookies come from this host alone, over TLS, for the whole of it.
pub(super) const BROWSER: &str = "__Host-pli-browser";
pub(super) const LETTER: &str = "__Host-pli-letter";
pub(super) const LANGUAGE: &str = "__Host-pli-language";
/// What follows says whose.
const KEPT: &str = "__Host-pli-kept-";

/// The token and the fields of the longest form.
const MOST_FIELDS: usize = 6;
/// The most persons whom one browser may be remembered for: further cookies are not looked at.
const MOST_KEPT: usize = 16;
/// What is answered in plain text when it is refused.
const FILES: &str = "/letter/file";
/// The longest that an answer may take to begin, the sending of a code included.
const LONGEST: Duration = Duration::from_secs(60);
/// The longest that the files of an answer may take to come in, over a slow line.
const LONGEST_UPLOAD: Duration = Duration::from_secs(20 * 60);

#[cfg(test)]
mod tests {
    use super::super::link::Typed;
    use super::*;

    #[test]
    fn fault_10_a_form_is_read_as_it_was_made_or_not_at_all() {
        let read = |octets: &[u8]| read::<Typed>(octets).map(|(token, form)| (token, form.code));
        let whole = |token: &str, code: &str| Some((token.to_owned(), code.to_owned()));
        assert_eq!(read(b"token=a-_9&code=123456"), whole("a-_9", "123456"));
        assert_eq!(read(b"code=+12%2034+&token=t"), whole("t", " 12 34 "));
        assert_eq!(read(b"token=t&code=%EF%BC%91"), whole("t", "\u{ff11}"));
        assert_eq!(read(b"token=t"), whole("t", ""));
        for broken in [
            &b""[..],
            b"code=123456",
            b"token=t&token=t",
            b"token=t&code=1&code=1",
            b"token=t&code=1&x=1",
            b"token=t&Code=1",
            b"token=t&code[]=1",
            b"token=t&code=1&=",
            b"token=t&code=%",
            b"token=t&code=%4",
            b"token=t&code=%zz",
            b"token=t&code=%00",
            b"token=t&code=%ff",
            b"token=t&code=%C0%B1",
            b"token=t&code=%ED%A0%80",
            b"token=t&code=\xc3\xa9",
            b"token=t&code=\0",
            b"%74oken%00=t&code=1",
        ] {
            assert_eq!(read(broken), None, "{}", broken.escape_ascii());
        }
        let many = "token=t&".repeat(10_000);
        assert_eq!(read(many.as_bytes()), None);
    }

    #[test]
    fn fault_10_a_cookie_that_is_there_twice_is_none() {
        let found = |lines: &[&[u8]]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, HeaderValue::from_bytes(line).expect("a field"));
            }
            cookie(&headers, LETTER).map(str::to_owned)
        };
        let one: Option<String> = Some("v=1".to_owned());
        assert_eq!(found(&[b"a=b; __Host-pli-letter=v=1"]), one);
        assert_eq!(found(&[b"a=b", b"__Host-pli-letter=v=1", b"c=d"]), one, "HTTP/2 cuts the field");
        assert_eq!(found(&["nom=José; __Host-pli-letter=v=1".as_bytes()]), one, "another's octets");
        for none in [
            &[&b"__Host-pli-letter=x; __Host-pli-letter=v=1"[..]][..],
            &[b"__Host-pli-letter=v=1; __Host-pli-letter=v=1"],
            &[b"__Host-pli-letter=x", b"__Host-pli-letter=v=1"],
            &[b"__host-pli-letter=v=1"],
            &[b"__Host-pli-letter =v=1"],
            &[b"\t__Host-pli-letter=v=1"],
            &[b"=__Host-pli-letter=v=1"],
            &[b"__Host-pli-letter"],
            &[b"__Host-pli-letter=v=1\xff"],
            &[b""],
        ] {
            assert_eq!(found(none), None);
        }
    }

    /// What is not as we write it is not read: a token has one spelling.
    #[test]
    fn fault_10_a_token_has_one_spelling() {
        let token = SessionToken::parse(&"A".repeat(43)).expect("43 characters are 32 octets");
        assert_eq!(token.reveal(), "A".repeat(43));
        let mut last = "A".repeat(42);
        last.push('B');
        for other in [
            last,
            "A".repeat(42),
            "A".repeat(44),
            format!("{}=", "A".repeat(43)),
            format!("{}+", "A".repeat(42)),
            format!("\"{}\"", "A".repeat(43)),
            format!("{} ", "A".repeat(43)),
            String::new(),
        ] {
            assert!(SessionToken::parse(&other).is_none(), "{other}");
        }
    }
}
