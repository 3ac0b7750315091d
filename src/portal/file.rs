//! One file of the letter: opened in the browser, or saved. RFC 6266, RFC 8187, RFC 9110 §14.
//!
//! Only PDF and pictures are shown, each under a policy of its own; whatever could run (HTML, SVG, XML) is
//! only ever saved, as octets. A download is told once the last octet was taken by the connection. A file
//! is opened only when octets of it are asked for, a large one piece by piece from where they begin, and takes its
//! place in a shared budget until it is gone. Octets that do not open end the connection, and never look like an end.

use std::convert::Infallible;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, Stream};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::access::OpenSession;
use crate::domain::Fault;
use crate::mailbox::{File, FilePieces, Letter, Octets, ReadError};

use super::guard::Opened;
use super::loads::{Loads, Room};
use super::pack::Packing;
use super::pages::shown_in_browsers;
use super::{Portal, plain};

/// What stands in the path: octets that are no text are no number either.
type Number = Result<Path<String>, PathRejection>;

/// How a file is asked for.
pub(super) struct Asked {
    method: Method,
    headers: HeaderMap,
    /// To be saved, whatever a browser could show.
    save: bool,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let save = parts.uri.path().ends_with("/save");
        Ok(Self { method: parts.method.clone(), headers: parts.headers.clone(), save })
    }
}

/// Why no file is given.
#[derive(Debug)]
pub(super) enum Refusal {
    Read(ReadError),
    /// The memory for files is taken, and was not given back in time.
    Busy,
}

/// `GET /letter/file/{number}`, and `GET /letter/file/{number}/save`
pub(super) async fn give(
    State(portal): State<Portal>,
    Extension(loads): Extension<Loads>,
    Opened(session, _): Opened,
    number: Number,
    asked: Asked,
) -> Response {
    let Some(number) = number.ok().and_then(|Path(text)| number_of(&text)) else { return plain::no_such_file(&portal) };
    let given = async {
        let letter = portal.mailboxes.outline(&session.grant).await.map_err(Refusal::Read)?;
        let listed = letter.files.get(number).ok_or(Refusal::Read(ReadError::NoSuchFile))?;
        let told = telling(&portal, &session, &letter, number);
        respond(&asked, listed, &loads, portal.mailboxes.file(&session.grant, number), told).await
    };
    given.await.unwrap_or_else(|refusal| refused(&portal, refusal))
}

/// What tells the sender that file `number` was given out. How many files the letter has is part of it.
pub(super) fn telling(
    portal: &Portal,
    session: &Arc<OpenSession>,
    letter: &Letter,
    number: usize,
) -> impl Future<Output = ()> + Send + use<> {
    let (deliveries, session) = (portal.deliveries.clone(), Arc::clone(session));
    let (subject, of) = (letter.subject.clone(), letter.files.len());
    async move {
        if let Err(fault) = deliveries.downloaded(&session.grant, &subject, number, of).await {
            tracing::error!(%fault, "a download could not be told");
        }
    }
}

/// The number of a file, as the page writes it: no sign, no leading nought.
pub(super) fn number_of(text: &str) -> Option<usize> {
    text.parse().ok().filter(|number: &usize| number.to_string() == text)
}

/// What is said where nothing is given.
pub(super) fn refused(portal: &Portal, refusal: Refusal) -> Response {
    match refusal {
        Refusal::Read(ReadError::Gone | ReadError::NoSuchFile) => plain::no_such_file(portal),
        Refusal::Read(ReadError::Fault(fault)) => {
            tracing::error!(%fault, "a file could not be given");
            plain::no_file_now(portal)
        }
        Refusal::Busy => plain::no_file_now(portal),
    }
}

/// Opens the file only when octets of it are asked for, and once there is memory for them.
pub(super) async fn respond(
    asked: &Asked,
    listed: &File,
    loads: &Loads,
    read: impl Future<Output = Result<(File, Octets), ReadError>>,
    told: impl Future<Output = ()> + Send + 'static,
) -> Result<Response, Refusal> {
    if asked.method == Method::HEAD {
        return Ok(described(listed, asked.save));
    }
    // What a file is listed with is never less than what it has: a range beyond the one is beyond the other.
    let most = usize::try_from(listed.size).unwrap_or(usize::MAX);
    if wanted(&asked.headers, most) == Wanted::Nowhere {
        return Ok(nowhere(most));
    }
    let kept = if listed.in_pieces { IN_PIECES } else { listed.size };
    let mut room = loads.room(kept).await.ok_or(Refusal::Busy)?;
    let (file, octets) = read.await.map_err(Refusal::Read)?;
    let wanted = wanted(&asked.headers, usize::try_from(octets.length()).unwrap_or(usize::MAX));
    if let (Wanted::Part(range), Octets::Whole(_)) = (&wanted, &octets) {
        room.shrink(range.len());
    }
    Ok(answer(&file, octets, wanted, asked.save, told, room))
}

/// What of the file is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    Part(Range<usize>),
    Nowhere,
}

/// RFC 9110 §14.2: one range of octets; several, or another unit, may be answered with the whole.
fn wanted(headers: &HeaderMap, length: usize) -> Wanted {
    // Without a validator of ours a conditional range is never fresh (§13.1.5).
    if headers.contains_key(header::IF_RANGE) {
        return Wanted::Whole;
    }
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let Some((first, last)) = asked
        .and_then(|text| text.strip_prefix("bytes="))
        .filter(|text| !text.contains(','))
        .and_then(|text| text.trim().split_once('-'))
    else {
        return Wanted::Whole;
    };
    let range = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Ok(first), Err(_)) if last.is_empty() => first..length,
        (Err(_), Ok(suffix)) if first.is_empty() => {
            if suffix == 0 {
                return Wanted::Nowhere;
            }
            length.saturating_sub(suffix)..length
        }
        _ => return Wanted::Whole,
    };
    if range.start >= length { Wanted::Nowhere } else { Wanted::Part(range) }
}

fn answer(
    file: &File,
    octets: Octets,
    wanted: Wanted,
    save: bool,
    told: impl Future<Output = ()> + Send + 'static,
    room: Room,
) -> Response {
    let length = usize::try_from(octets.length()).unwrap_or(usize::MAX);
    let mut answer = described(file, save);
    let range = match wanted {
        Wanted::Whole => 0..length,
        Wanted::Part(range) => {
            *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
            let said = format!("bytes {}-{}/{length}", range.start, range.end.saturating_sub(1));
            put(&mut answer, header::CONTENT_RANGE, &said);
            range
        }
        Wanted::Nowhere => return nowhere(length),
    };
    put(&mut answer, header::CONTENT_LENGTH, &range.len().to_string());
    let told = (range.len() == length).then(|| -> BoxFuture<'static, ()> { Box::pin(told) });
    let (source, range) = match octets {
        Octets::Whole(octets) if range.len() == length => (Source::Whole(octets), range),
        // Of a part nothing more than the part is kept.
        Octets::Whole(octets) => {
            let part = octets.get(range.clone()).unwrap_or_default().to_vec();
            (Source::Whole(Zeroizing::new(part)), 0..range.len())
        }
        Octets::Pieces(pieces) => (Source::Pieces(Arc::new(pieces)), range),
    };
    *answer.body_mut() =
        Body::from_stream(Given { at: range.start, end: range.end, source, next: None, told, _room: room });
    answer
}

/// All files as one, `length` octets of it.
pub(super) fn given(
    packing: Packing,
    length: usize,
    told: impl Future<Output = ()> + Send + 'static,
    room: Room,
) -> Body {
    let source = Source::Packed(Arc::new(Mutex::new(packing)));
    let told: Option<BoxFuture<'static, ()>> = Some(Box::pin(told));
    Body::from_stream(Given { at: 0, end: length, source, next: None, told, _room: room })
}

/// What is said of something that is saved as `name`, before its first octet.
pub(super) fn described_as(media_type: &str, name: &str) -> Response {
    let mut answer = Response::new(Body::from_stream(stream::empty::<Result<Bytes, Infallible>>()));
    put(&mut answer, header::CONTENT_TYPE, media_type);
    put(&mut answer, header::CONTENT_DISPOSITION, &disposition(name, false));
    put(&mut answer, header::CONTENT_SECURITY_POLICY, SAVED_POLICY);
    answer
}

/// What is said of a file before its first octet: all that HEAD is told. Its length is known once it was
/// opened (RFC 9110 §9.3.2 lets HEAD leave it out).
fn described(file: &File, save: bool) -> Response {
    let shown = !save && shown_in_browsers(&file.media_type);
    let mut answer = Response::new(Body::from_stream(stream::empty::<Result<Bytes, Infallible>>()));
    put(&mut answer, header::CONTENT_TYPE, content_type(&file.media_type));
    put(&mut answer, header::CONTENT_DISPOSITION, &disposition(&file.name, shown));
    put(&mut answer, header::ACCEPT_RANGES, "bytes");
    // Browsers refuse to show a PDF under `sandbox`, and some a picture; what is only saved has nothing to miss there.
    put(&mut answer, header::CONTENT_SECURITY_POLICY, if shown { FILE_POLICY } else { SAVED_POLICY });
    answer
}

/// RFC 9110 §15.5.17
fn nowhere(length: usize) -> Response {
    let said = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
    (StatusCode::RANGE_NOT_SATISFIABLE, said).into_response()
}

pub(super) fn put(answer: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

/// The media type as sent, but nothing that a browser could run.
fn content_type(media_type: &str) -> &str {
    let plain = media_type.bytes().all(|b| b.is_ascii_alphanumeric() || b"/+-.".contains(&b));
    let active = ["html", "xml", "svg", "script", "x-shockwave", "mhtml", "multipart", "message"];
    if !plain || !media_type.contains('/') || active.iter().any(|word| media_type.contains(word)) {
        return "application/octet-stream";
    }
    media_type
}

/// RFC 6266 §4: the name twice, for what reads ASCII only and for what reads RFC 8187.
fn disposition(name: &str, shown: bool) -> String {
    let kind = if shown { "inline" } else { "attachment" };
    let ascii: String = name
        .chars()
        .map(|c| if (c.is_ascii_graphic() || c == ' ') && !"\"\\%;/".contains(c) { c } else { '_' })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        // RFC 8187 §3.2.1, attr-char
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("{kind}; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

/// Where octets come from.
enum Source {
    Whole(Zeroizing<Vec<u8>>),
    Pieces(Arc<FilePieces>),
    Packed(Arc<Mutex<Packing>>),
}

/// The octets, a piece at a time, and what to do once the last piece was taken.
struct Given {
    source: Source,
    at: usize,
    end: usize,
    next: Option<BoxFuture<'static, Result<Bytes, Fault>>>,
    told: Option<BoxFuture<'static, ()>>,
    _room: Room,
}

impl Given {
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Bytes, Fault>> {
        let (at, end) = (self.at as u64, self.end as u64);
        let source = &self.source;
        let next = match (&mut self.next, source) {
            (_, Source::Whole(octets)) => {
                let next = self.at.saturating_add(PIECE).min(self.end);
                return Poll::Ready(Ok(octets.get(self.at..next).map(Bytes::copy_from_slice).unwrap_or_default()));
            }
            (Some(next), _) => next,
            (next, Source::Pieces(pieces)) => {
                let pieces = Arc::clone(pieces);
                next.insert(Box::pin(async move { Ok(Bytes::copy_from_slice(&pieces.read(at, end).await?)) }))
            }
            (next, Source::Packed(packing)) => {
                let packing = Arc::clone(packing);
                next.insert(Box::pin(async move { packing.lock().await.piece().await }))
            }
        };
        let read = std::task::ready!(next.as_mut().poll(context));
        self.next = None;
        Poll::Ready(read)
    }
}

impl Stream for Given {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.at < self.end {
            let piece = match std::task::ready!(self.poll_piece(context)) {
                Ok(piece) if !piece.is_empty() => piece,
                outcome => {
                    let fault = outcome.err().unwrap_or(Fault::new("a file ended early"));
                    tracing::error!(%fault, "a file broke off");
                    self.told = None;
                    // The connection is cut: what came is not taken for the whole.
                    return Poll::Ready(Some(Err(std::io::ErrorKind::InvalidData.into())));
                }
            };
            self.at = self.at.saturating_add(piece.len());
            return Poll::Ready(Some(Ok(piece)));
        }
        if let Some(told) = self.told.as_mut() {
            std::task::ready!(told.as_mut().poll(context));
            self.told = None;
        }
        Poll::Ready(None)
    }
}

impl Drop for Given {
    /// HTTP/1.1 with a Content-Length stops asking after the last octet: then the drop is the end.
    fn drop(&mut self) {
        if self.at < self.end {
            return;
        }
        if let (Some(told), Ok(runtime)) = (self.told.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(told);
        }
    }
}

/// What a file that is opened piece by piece keeps: a piece sealed, opened, and on its way.
pub(super) const IN_PIECES: u64 = 256 * 1024;
pub(super) const FILE_POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const SAVED_POLICY: &str = "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const PIECE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    fn headers(range: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::RANGE, HeaderValue::from_str(range).unwrap())])
    }

    fn file(name: &str, media_type: &str, size: usize) -> (File, Zeroizing<Vec<u8>>) {
        let octets: Vec<u8> = (0..size).map(|i| u8::try_from(i % 251).unwrap()).collect();
        let file =
            File { number: 0, name: name.into(), media_type: media_type.into(), size: size as u64, in_pieces: false };
        (file, Zeroizing::new(octets))
    }

    async fn room() -> Room {
        Loads::default().room(1).await.unwrap()
    }

    fn asked(method: Method, range: &str) -> Asked {
        Asked { method, headers: if range.is_empty() { HeaderMap::new() } else { headers(range) }, save: true }
    }

    fn say<'a>(answer: &'a Response, name: &str) -> &'a str {
        answer.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        for (asked, expected) in [
            ("bytes=0-99", Wanted::Part(0..100)),
            ("bytes=100-", Wanted::Part(100..1000)),
            ("bytes=-10", Wanted::Part(990..1000)),
            ("bytes=-5000", Wanted::Part(0..1000)),
            ("bytes=990-5000", Wanted::Part(990..1000)),
            ("bytes=1000-", Wanted::Nowhere),
            ("bytes=-0", Wanted::Nowhere),
            ("bytes=5-2", Wanted::Whole),
            ("bytes=0-1,5-6", Wanted::Whole),
            ("lines=0-1", Wanted::Whole),
            ("bytes=x", Wanted::Whole),
        ] {
            assert_eq!(wanted(&headers(asked), 1000), expected, "{asked}");
        }
        let mut conditional = headers("bytes=0-9");
        conditional.insert(header::IF_RANGE, HeaderValue::from_static("\"x\""));
        assert_eq!(wanted(&conditional, 1000), Wanted::Whole);
    }

    #[test]
    fn names_are_written_for_old_and_new() {
        assert_eq!(
            disposition("Résultat \"été\".pdf", true),
            "inline; filename=\"R_sultat __t__.pdf\"; filename*=UTF-8''R%C3%A9sultat%20%22%C3%A9t%C3%A9%22.pdf"
        );
        assert!(!disposition("a\r\nSet-Cookie: x=1", false).contains(['\r', '\n']));
    }

    #[tokio::test]
    async fn what_could_run_is_octets() {
        for active in
            ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "text/javascript", "x", "a/b;c"]
        {
            assert_eq!(content_type(active), "application/octet-stream", "{active}");
        }
        assert_eq!(content_type("application/pdf"), "application/pdf");
        let (page, octets) = file("a.html", "text/html", 10);
        let answer = answer(&page, Octets::Whole(octets), Wanted::Whole, false, std::future::ready(()), room().await);
        assert!(say(&answer, "content-disposition").starts_with("attachment"));
        assert!(say(&answer, "content-security-policy").starts_with("sandbox; default-src 'none'"));
    }

    #[tokio::test]
    async fn a_pdf_is_shown_outside_of_a_sandbox() {
        let (pdf, octets) = file("a.pdf", "application/pdf", 10);
        let answer = answer(&pdf, Octets::Whole(octets), Wanted::Whole, false, std::future::ready(()), room().await);
        assert!(say(&answer, "content-disposition").starts_with("inline"));
        assert!(say(&answer, "content-security-policy").starts_with("default-src 'none'"));
        assert_eq!(say(&answer, "content-length"), "10");
    }

    #[tokio::test]
    async fn a_download_is_told_when_all_was_given_and_only_then() {
        let told = Arc::new(AtomicUsize::new(0));
        let note = || {
            let told = Arc::clone(&told);
            async move {
                told.fetch_add(1, Ordering::SeqCst);
            }
        };
        let (pdf, octets) = file("a.pdf", "application/pdf", 200_000);

        let given = answer(&pdf, Octets::Whole(octets.clone()), Wanted::Whole, true, note(), room().await);
        let body = axum::body::to_bytes(given.into_body(), usize::MAX).await.unwrap();
        assert_eq!((body.as_ref(), told.load(Ordering::SeqCst)), (octets.as_slice(), 1));

        let part = answer(&pdf, Octets::Whole(octets.clone()), Wanted::Part(10..20), true, note(), room().await);
        assert_eq!((part.status(), say(&part, "content-range")), (StatusCode::PARTIAL_CONTENT, "bytes 10-19/200000"));
        let body = axum::body::to_bytes(part.into_body(), usize::MAX).await.unwrap();
        assert_eq!(body.as_ref(), &octets[10..20]);

        drop(answer(&pdf, Octets::Whole(octets.clone()), Wanted::Whole, true, note(), room().await));
        tokio::task::yield_now().await;
        assert_eq!(told.load(Ordering::SeqCst), 1, "a part, and a file nobody took, are no downloads");

        // A connection that stops asking after Content-Length octets.
        let given = answer(&pdf, Octets::Whole(octets.clone()), Wanted::Part(0..200_000), true, note(), room().await);
        let mut pieces = Box::pin(given.into_body().into_data_stream());
        let mut taken = 0;
        while taken < octets.len() {
            taken += std::future::poll_fn(|c| pieces.as_mut().poll_next(c)).await.unwrap().unwrap().len();
        }
        assert_eq!(told.load(Ordering::SeqCst), 1);
        drop(pieces);
        tokio::task::yield_now().await;
        assert_eq!(told.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_file_is_opened_only_for_its_octets() {
        let (pdf, octets) = file("a.pdf", "application/pdf", 5000);
        let loads = Loads::new(1, Duration::from_millis(10));
        let taken = loads.room(1).await.unwrap();
        let never = || async { panic!("opened for nothing") };
        for range in ["", "bytes=0-0", "bytes=9000-"] {
            let told = std::future::ready(());
            let head = respond(&asked(Method::HEAD, range), &pdf, &loads, never(), told).await.unwrap();
            assert_eq!((head.status(), say(&head, "accept-ranges")), (StatusCode::OK, "bytes"), "{range}");
            assert!(say(&head, "content-disposition").contains("a.pdf") && say(&head, "content-length").is_empty());
        }
        let beyond = asked(Method::GET, "bytes=5000-");
        let nowhere = respond(&beyond, &pdf, &loads, never(), std::future::ready(())).await.unwrap();
        assert_eq!(nowhere.status(), StatusCode::RANGE_NOT_SATISFIABLE);
        assert_eq!(say(&nowhere, "content-range"), "bytes */5000");

        let first = asked(Method::GET, "bytes=0-0");
        let busy = respond(&first, &pdf, &loads, never(), std::future::ready(())).await;
        assert!(matches!(busy, Err(Refusal::Busy)), "no memory, no opening");
        drop(taken);
        // Listed longer than it is, as a part is that was stored as it was written.
        let read = async { Ok((pdf.clone(), Octets::Whole(octets.clone()))) };
        let listed = File { size: 6800, ..pdf.clone() };
        let beyond = asked(Method::GET, "bytes=6000-");
        let nowhere = respond(&beyond, &listed, &loads, read, std::future::ready(())).await.unwrap();
        assert_eq!(say(&nowhere, "content-range"), "bytes */5000");
    }

    #[tokio::test]
    async fn a_file_keeps_its_memory_as_long_as_its_answer() {
        let (pdf, octets) = file("a.pdf", "application/pdf", 100 * 1024);
        let loads = Loads::new(100, Duration::from_millis(10));
        let ask = async |range: &str| {
            let read = async { Ok((pdf.clone(), Octets::Whole(octets.clone()))) };
            respond(&asked(Method::GET, range), &pdf, &loads, read, std::future::ready(())).await
        };
        let whole = ask("").await.unwrap();
        assert!(matches!(ask("bytes=0-0").await, Err(Refusal::Busy)));
        let mut pieces = whole.into_body().into_data_stream();
        std::future::poll_fn(|c| Pin::new(&mut pieces).poll_next(c)).await.unwrap().unwrap();
        assert!(matches!(ask("").await, Err(Refusal::Busy)), "begun is not done");
        drop(pieces);
        let part = ask("bytes=0-0").await.unwrap();
        assert!(loads.room(99 * 1024).await.is_some(), "a part takes what it has");
        assert_eq!(axum::body::to_bytes(part.into_body(), 10).await.unwrap().len(), 1);
        assert!(loads.room(100 * 1024).await.is_some(), "all is given back");
    }
}
