//! Where providers of codes tell what became of them, and ask what comes next in a call.
//!
//! The address was told to one provider alone and names one attempt; whether the call is authentic is for `access`.

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::access::{Callback, ReportAnswer, ReportFault};

use super::{Portal, plain};

/// `GET` and `POST /r/{send}/{tag}`
pub(super) async fn call(
    State(portal): State<Portal>,
    named: Result<Path<(String, String)>, PathRejection>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Ok(Path((send, tag))) = named else { return StatusCode::NOT_FOUND.into_response() };
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let url = uri.path_and_query().map_or("", |path| path.as_str());
    let call = Callback { method: method.as_str(), url, query: &query, headers: &headers, body: &body, now: 0 };
    match portal.access.report(&send, &tag, &call).await {
        Ok(ReportAnswer::Taken) => StatusCode::NO_CONTENT.into_response(),
        Ok(ReportAnswer::Say(document)) if document.media_type.is_empty() => StatusCode::NO_CONTENT.into_response(),
        Ok(ReportAnswer::Say(document)) => {
            ([(header::CONTENT_TYPE, document.media_type)], document.text.reveal().to_owned()).into_response()
        }
        Ok(ReportAnswer::Unknown) => StatusCode::NOT_FOUND.into_response(),
        Ok(ReportAnswer::Refused(ReportFault::Forged)) => StatusCode::FORBIDDEN.into_response(),
        Ok(ReportAnswer::Refused(_)) => StatusCode::BAD_REQUEST.into_response(),
        // The provider calls again.
        Err(fault) => plain::fault(&portal, &fault),
    }
}
