//! A body that never ends in the same breath as it brings something.
//!
//! multer looks for the first boundary, then takes what has come meanwhile, and calls a form incomplete that has come
//! whole between these two looks (multer 3.1, `poll_next_field`). Between a piece and what follows it, whoever reads gives
//! way once: then the reader has looked at each piece before the end. It also keeps a fast peer from filling the reader's
//! buffer in one go. What multer keeps without giving anything of it (what stands before the first boundary, the header of
//! a part) has no bound of its own: whoever reads says that it got on, and a body that brings much in between ends.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::Request;
use hyper::body::{Frame, SizeHint};

/// Gives way once after each piece of `body`.
struct Paced {
    body: Body,
    brought: bool,
    waiting: Waiting,
}

/// Octets that came and that the reader has got nothing of yet.
#[derive(Clone, Default)]
pub(super) struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    /// The reader got a field, or octets of one.
    pub(super) fn got_on(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Whether so many more are still few.
    fn takes(&self, octets: usize) -> bool {
        self.0.fetch_add(octets, Ordering::Relaxed).saturating_add(octets) <= MOST_WAITING
    }
}

/// A request whose body is read piece by piece.
pub(super) fn paced(request: Request<Body>, waiting: &Waiting) -> Request<Body> {
    request.map(|body| Body::new(Paced { body, brought: false, waiting: waiting.clone() }))
}

/// The largest piece that a connection brings at once, and the longest header of a part beside it.
const MOST_WAITING: usize = 1024 * 1024;

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if std::mem::take(&mut self.brought) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let piece = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.brought = piece.is_some();
        let octets = piece.as_ref().and_then(|piece| piece.as_ref().ok()?.data_ref().map(Bytes::len)).unwrap_or(0);
        match self.waiting.takes(octets) {
            true => Poll::Ready(piece),
            false => Poll::Ready(Some(Err(axum::Error::new(std::io::Error::other("a form has no end of a header"))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::extract::{FromRequest, Multipart};
    use axum::http::header;
    use futures_util::stream;

    use super::*;

    const FORM: &str = "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nBonjour\r\n--b--\r\n";

    /// A form of which nothing has come at the first look, and everything at the second.
    fn late() -> Request<Body> {
        let mut looks = 0;
        let pieces = stream::poll_fn(move |context| {
            looks += 1;
            match looks {
                1 => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                2 => Poll::Ready(Some(Ok::<_, Infallible>(Bytes::from_static(FORM.as_bytes())))),
                _ => Poll::Ready(None),
            }
        });
        let kind = (header::CONTENT_TYPE, "multipart/form-data; boundary=b");
        Request::post("/").header(kind.0, kind.1).body(Body::from_stream(pieces)).unwrap()
    }

    #[tokio::test]
    async fn a_form_that_comes_whole_between_two_looks_is_read() {
        let mut form = Multipart::from_request(paced(late(), &Waiting::default()), &()).await.unwrap();
        let field = form.next_field().await.expect("the form is whole").expect("it has a field");
        assert_eq!(field.text().await.unwrap(), "Bonjour");
        assert!(form.next_field().await.unwrap().is_none());
        // Once this holds no more, nothing here is needed.
        let mut form = Multipart::from_request(late(), &()).await.unwrap();
        assert!(form.next_field().await.is_err(), "multer has learned to wait");
    }

    /// What has no bound in multer: before the first boundary, in the header of a part, between two parts.
    #[tokio::test]
    async fn fault_46_what_gives_the_reader_nothing_has_an_end() {
        let part = "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nBonjour\r\n";
        for begin in ["", "--b\r\nContent-Disposition: form-data; name=\"", &format!("{part}--b\r\nX-Y: ")] {
            let taken = Arc::new(AtomicUsize::new(0));
            let (counted, mut first) = (taken.clone(), Some(Bytes::from(begin.to_owned())));
            let pieces = stream::poll_fn(move |_| {
                let piece = first.take().unwrap_or_else(|| Bytes::from_static(&[b'a'; 16_384]));
                counted.fetch_add(piece.len(), Ordering::Relaxed);
                Poll::Ready(Some(Ok::<_, Infallible>(piece)))
            });
            let kind = (header::CONTENT_TYPE, "multipart/form-data; boundary=b");
            let request = Request::post("/").header(kind.0, kind.1).body(Body::from_stream(pieces)).unwrap();
            let waiting = Waiting::default();
            let mut form = Multipart::from_request(paced(request, &waiting), &()).await.unwrap();
            loop {
                match form.next_field().await {
                    Ok(Some(mut field)) => {
                        waiting.got_on();
                        while let Ok(Some(_)) = field.chunk().await {
                            waiting.got_on();
                        }
                    }
                    Ok(None) => panic!("it has no end"),
                    Err(_) => break,
                }
            }
            let taken = taken.load(Ordering::Relaxed);
            assert!(taken < 2 * MOST_WAITING, "{taken} octets behind {begin:?}");
        }
    }

    /// A long part is read as it comes, whatever its length.
    #[tokio::test]
    async fn a_long_file_is_not_cut() {
        let begin = "--b\r\nContent-Disposition: form-data; name=\"files\"\r\n\r\n";
        let most = 5 * MOST_WAITING / 16_384;
        let mut left = most + 2;
        let pieces = stream::poll_fn(move |_| {
            left = left.saturating_sub(1);
            Poll::Ready(match left {
                0 => None,
                1 => Some(Ok::<_, Infallible>(Bytes::from_static(b"\r\n--b--\r\n"))),
                at if at == most + 1 => Some(Ok(Bytes::from_static(begin.as_bytes()))),
                _ => Some(Ok(Bytes::from_static(&[b'a'; 16_384]))),
            })
        });
        let kind = (header::CONTENT_TYPE, "multipart/form-data; boundary=b");
        let request = Request::post("/").header(kind.0, kind.1).body(Body::from_stream(pieces)).unwrap();
        let waiting = Waiting::default();
        let mut request = paced(request, &waiting);
        axum::extract::DefaultBodyLimit::disable().apply(&mut request);
        let mut form = Multipart::from_request(request, &()).await.unwrap();
        let mut field = form.next_field().await.unwrap().unwrap();
        let mut octets = 0;
        while let Some(piece) = field.chunk().await.unwrap() {
            waiting.got_on();
            octets += piece.len();
        }
        assert_eq!(octets, (most - 1) * 16_384);
    }
}
