//! A body that never ends in the same breath as it brings something.
//!
//! multer looks for the first boundary, then takes what has come meanwhile, and calls a form incomplete that has come
//! whole between these two looks (multer 3.1, `poll_next_field`). Between a piece and what follows it, whoever reads gives
//! way once: then the reader has looked at each piece before the end. It also keeps a fast peer from filling the reader's
//! buffer in one go.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::Request;
use hyper::body::{Frame, SizeHint};

/// Gives way once after each piece of `body`.
struct Paced {
    body: Body,
    brought: bool,
}

/// A request whose body is read piece by piece.
pub(super) fn paced(request: Request<Body>) -> Request<Body> {
    request.map(|body| Body::new(Paced { body, brought: false }))
}

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
        Poll::Ready(piece)
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
        let mut form = Multipart::from_request(paced(late()), &()).await.unwrap();
        let field = form.next_field().await.expect("the form is whole").expect("it has a field");
        assert_eq!(field.text().await.unwrap(), "Bonjour");
        assert!(form.next_field().await.unwrap().is_none());
        // Once this holds no more, nothing here is needed.
        let mut form = Multipart::from_request(late(), &()).await.unwrap();
        assert!(form.next_field().await.is_err(), "multer has learned to wait");
    }
}
