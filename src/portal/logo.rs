//! The practice's logo, for the pages of an open letter: an address of its own behind their guard.
//!
//! It is no `data:` URL in the page: at 64 KiB it would be more than a page may weigh, once more with each page. Like
//! everything behind a code it is kept by no browser (`no-store`): on a telephone that others use, a logo would say whose
//! letter was read there.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;

use crate::domain::{Logo, Picture, PictureKind};

use super::guard::Opened;
use super::{Portal, file, plain};

/// Where it is.
pub(super) const PATH: &str = "/letter/logo";

/// `GET /letter/logo`
pub(super) async fn give(State(portal): State<Portal>, Opened(session, _): Opened) -> Response {
    match portal.access.logo(&session).await {
        Ok(Some(octets)) => match PictureKind::of(&octets) {
            Some(kind) => {
                let said = [
                    (header::CONTENT_TYPE, HeaderValue::from_static(kind.media_type())),
                    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(file::FILE_POLICY)),
                ];
                (said, octets).into_response()
            }
            None => plain::no_such_file(&portal),
        },
        Ok(None) => plain::no_such_file(&portal),
        Err(fault) => {
            tracing::error!(%fault, "a logo could not be given");
            plain::no_file_now(&portal)
        }
    }
}

/// A page that is read without its server, with the logo in it.
pub(super) fn inside(page: &str, octets: Option<&[u8]>) -> String {
    let kind = octets.and_then(PictureKind::of);
    let inside = kind.zip(octets).map(|(kind, octets)| {
        format!("<img class=\"logo\" src=\"data:{};base64,{}\"", kind.media_type(), BASE64.encode(octets))
    });
    match inside {
        Some(inside) => page.replace(&format!("<img class=\"logo\" src=\"{PATH}?of=\""), &inside),
        None => page.to_owned(),
    }
}

/// The logo of the demonstration: a lighthouse on nothing.
pub const SAMPLE: &[u8] = include_bytes!("lighthouse.png");

/// What is known of it.
pub(super) fn of_the_demonstration() -> Option<Logo> {
    Picture::read(SAMPLE).ok().map(|picture| picture.logo)
}
