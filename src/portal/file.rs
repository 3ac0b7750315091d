//! One file of the letter: opened in the browser, or saved. RFC 6266, RFC 8187, RFC 9110 §14.
//!
//! Only PDF and pictures are shown, each under a policy of its own; whatever could run (HTML, SVG, XML) is
//! only ever saved, as octets. A download is told once the last octet was taken by the connection.

use std::convert::Infallible;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use futures_util::future::BoxFuture;
use zeroize::Zeroizing;

use crate::mailbox::{File, ReadError};

use super::guard::Opened;
use super::pages::shown_in_browsers;
use super::{Portal, plain};

/// `GET /letter/file/{number}`
pub(super) async fn open(
    portal: State<Portal>,
    session: Opened,
    number: Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    give(portal, session, number, method, headers, false).await
}

/// `GET /letter/file/{number}/save`
pub(super) async fn save(
    portal: State<Portal>,
    session: Opened,
    number: Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    give(portal, session, number, method, headers, true).await
}

async fn give(
    State(portal): State<Portal>,
    Opened(session, _): Opened,
    Path(number): Path<String>,
    method: Method,
    headers: HeaderMap,
    save: bool,
) -> Response {
    let Ok(number) = number.parse::<usize>() else { return plain::no_such_file() };
    // How many files there are is part of what the sender is told.
    let read = async {
        let of = portal.mailboxes.letter(&session.grant).await?.files.len();
        let (file, octets) = portal.mailboxes.file(&session.grant, number).await?;
        Ok::<_, ReadError>((of, file, octets))
    };
    let (of, file, octets) = match read.await {
        Ok(read) => read,
        Err(ReadError::Gone | ReadError::NoSuchFile) => return plain::no_such_file(),
        Err(ReadError::Fault(fault)) => return plain::fault(&portal, &fault),
    };
    let told = async move {
        if let Err(fault) = portal.deliveries.downloaded(&session.grant, number, of).await {
            tracing::error!(%fault, "a download could not be told");
        }
    };
    let wanted = wanted(&headers, octets.len());
    answer(&file, octets, wanted, save, (method == Method::GET).then_some(told))
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
    octets: Zeroizing<Vec<u8>>,
    wanted: Wanted,
    save: bool,
    told: Option<impl Future<Output = ()> + Send + 'static>,
) -> Response {
    let length = octets.len();
    let (status, range, said) = match wanted {
        Wanted::Whole => (StatusCode::OK, 0..length, None),
        Wanted::Part(range) => {
            let said = format!("bytes {}-{}/{length}", range.start, range.end.saturating_sub(1));
            (StatusCode::PARTIAL_CONTENT, range, Some(said))
        }
        Wanted::Nowhere => {
            let said = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
            return (StatusCode::RANGE_NOT_SATISFIABLE, said).into_response();
        }
    };
    let whole = range.len() == length;
    let told = told.filter(|_| whole).map(|told| -> BoxFuture<'static, ()> { Box::pin(told) });
    let body = Octets { length: range.len(), at: range.start, end: range.end, octets, told };
    let shown = !save && shown_in_browsers(&file.media_type);
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    let mut put = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(header::CONTENT_TYPE, content_type(&file.media_type));
    put(header::CONTENT_DISPOSITION, &disposition(&file.name, shown));
    put(header::CONTENT_LENGTH, &body.length.to_string());
    put(header::ACCEPT_RANGES, "bytes");
    // Browsers refuse to show a PDF under `sandbox`; a picture has nothing to miss there.
    let pdf = file.media_type == "application/pdf";
    put(header::CONTENT_SECURITY_POLICY, if pdf { FILE_POLICY } else { PICTURE_POLICY });
    if let Some(said) = said {
        put(header::CONTENT_RANGE, &said);
    }
    *answer.body_mut() = Body::from_stream(body);
    answer
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

/// The octets, a piece at a time, and what to do once the last piece was taken.
struct Octets {
    octets: Zeroizing<Vec<u8>>,
    length: usize,
    at: usize,
    end: usize,
    told: Option<BoxFuture<'static, ()>>,
}

impl Stream for Octets {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.at.saturating_add(PIECE).min(self.end);
        if self.at < next {
            let piece = self.octets.get(self.at..next).map(Bytes::copy_from_slice).unwrap_or_default();
            self.at = next;
            return Poll::Ready(Some(Ok(piece)));
        }
        if let Some(told) = self.told.as_mut() {
            std::task::ready!(told.as_mut().poll(context));
            self.told = None;
        }
        Poll::Ready(None)
    }
}

impl Drop for Octets {
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

const FILE_POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const PICTURE_POLICY: &str = "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const PIECE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn headers(range: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::RANGE, HeaderValue::from_str(range).unwrap())])
    }

    fn file(name: &str, media_type: &str, size: usize) -> (File, Zeroizing<Vec<u8>>) {
        let octets: Vec<u8> = (0..size).map(|i| u8::try_from(i % 251).unwrap()).collect();
        let file = File { number: 0, name: name.into(), media_type: media_type.into(), size: size as u64 };
        (file, Zeroizing::new(octets))
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

    #[test]
    fn what_could_run_is_octets() {
        for active in
            ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "text/javascript", "x", "a/b;c"]
        {
            assert_eq!(content_type(active), "application/octet-stream", "{active}");
        }
        assert_eq!(content_type("application/pdf"), "application/pdf");
        let (page, octets) = file("a.html", "text/html", 10);
        let answer = answer(&page, octets, Wanted::Whole, false, None::<std::future::Ready<()>>);
        assert!(say(&answer, "content-disposition").starts_with("attachment"));
        assert!(say(&answer, "content-security-policy").starts_with("sandbox; default-src 'none'"));
    }

    #[test]
    fn a_pdf_is_shown_outside_of_a_sandbox() {
        let (pdf, octets) = file("a.pdf", "application/pdf", 10);
        let answer = answer(&pdf, octets, Wanted::Whole, false, None::<std::future::Ready<()>>);
        assert!(say(&answer, "content-disposition").starts_with("inline"));
        assert!(say(&answer, "content-security-policy").starts_with("default-src 'none'"));
        assert_eq!(say(&answer, "content-length"), "10");
    }

    #[tokio::test]
    async fn a_download_is_told_when_all_was_given_and_only_then() {
        let told = Arc::new(AtomicUsize::new(0));
        let note = || {
            let told = Arc::clone(&told);
            Some(async move {
                told.fetch_add(1, Ordering::SeqCst);
            })
        };
        let (pdf, octets) = file("a.pdf", "application/pdf", 200_000);

        let given = answer(&pdf, octets.clone(), Wanted::Whole, true, note());
        let body = axum::body::to_bytes(given.into_body(), usize::MAX).await.unwrap();
        assert_eq!((body.as_ref(), told.load(Ordering::SeqCst)), (octets.as_slice(), 1));

        let part = answer(&pdf, octets.clone(), Wanted::Part(10..20), true, note());
        assert_eq!((part.status(), say(&part, "content-range")), (StatusCode::PARTIAL_CONTENT, "bytes 10-19/200000"));
        let body = axum::body::to_bytes(part.into_body(), usize::MAX).await.unwrap();
        assert_eq!(body.as_ref(), &octets[10..20]);

        drop(answer(&pdf, octets.clone(), Wanted::Whole, true, note()));
        tokio::task::yield_now().await;
        assert_eq!(told.load(Ordering::SeqCst), 1, "a part, and a file nobody took, are no downloads");

        // A connection that stops asking after Content-Length octets.
        let given = answer(&pdf, octets.clone(), Wanted::Part(0..200_000), true, note());
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
}
