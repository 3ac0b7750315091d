//! The table of everything that answers, and the router built from it.
//!
//! A row without a guard does not compile; a test walks every row in every state, and
//! `tests/portal.rs` compares the table with the list that a release may have.

use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};

use crate::domain::Ticket;

use super::loads::Loads;
use super::{
    Portal, answer, asides, enclosed, file, guard, headers, letter, link, logo, original, pack, plain, reports, setup,
    statement,
};

/// Who may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Anybody: nothing of a letter is behind it.
    Public,
    /// Who holds a whole link.
    Link,
    /// Who gave the right code, while the page is open.
    Session,
    /// Who holds a form that an open page gave this browser, though the page may have closed since: what is posted is
    /// sealed, and nothing of a letter is shown.
    Form,
    /// A mail client that looks for its server: it is told what holds for the whole domain, and changes nothing.
    Client,
    /// A provider of codes, at an address that it alone was told; `access` asks for its signature.
    Provider,
}

/// One row.
pub struct Route {
    /// `GET` (HEAD answers alike) or `POST`.
    pub method: &'static str,
    /// The template of the path: what logs say in place of the address.
    pub path: &'static str,
    /// Who may come in.
    pub guard: Guard,
    serve: fn() -> MethodRouter<Portal>,
}

/// Everything that answers.
pub const ROUTES: &[Route] = &[
    Route { method: "GET", path: "/", guard: Guard::Public, serve: || get(plain::index) },
    Route { method: "GET", path: "/robots.txt", guard: Guard::Public, serve: || get(plain::robots) },
    Route { method: "GET", path: "/favicon.svg", guard: Guard::Public, serve: || get(plain::favicon) },
    Route { method: "GET", path: "/s/{style}", guard: Guard::Public, serve: || get(plain::style) },
    Route { method: "GET", path: statement::PATH, guard: Guard::Public, serve: || get(statement::show) },
    Route { method: "GET", path: setup::CONFIG, guard: Guard::Client, serve: || get(setup::autoconfig) },
    Route { method: "GET", path: setup::WELL_KNOWN, guard: Guard::Client, serve: || get(setup::autoconfig) },
    Route { method: "GET", path: setup::POX_PATH, guard: Guard::Client, serve: || get(setup::autodiscover_seen) },
    Route { method: "POST", path: setup::POX_PATH, guard: Guard::Client, serve: || post(setup::autodiscover) },
    Route { method: "GET", path: setup::JSON, guard: Guard::Client, serve: || get(setup::autodiscover_json) },
    Route { method: "GET", path: setup::JSON_OF, guard: Guard::Client, serve: || get(setup::autodiscover_json_of) },
    Route { method: "GET", path: setup::APPLE, guard: Guard::Client, serve: || get(setup::apple) },
    Route { method: "GET", path: "/l/{ticket}", guard: Guard::Link, serve: || get(link::show) },
    Route { method: "POST", path: "/l/{ticket}/code", guard: Guard::Link, serve: || post(link::code) },
    Route { method: "POST", path: "/l/{ticket}/check", guard: Guard::Link, serve: || post(link::check) },
    Route { method: "POST", path: "/l/{ticket}/missing", guard: Guard::Link, serve: || post(link::missing) },
    Route { method: "POST", path: "/l/{ticket}/open", guard: Guard::Link, serve: || post(link::open) },
    Route { method: "POST", path: "/l/{ticket}/again", guard: Guard::Link, serve: || post(asides::again) },
    Route { method: "POST", path: "/l/{ticket}/not-mine", guard: Guard::Link, serve: || post(asides::not_mine) },
    Route { method: "POST", path: "/l/{ticket}/wait", guard: Guard::Link, serve: || post(link::wait) },
    Route { method: "GET", path: "/r/{send}/{tag}", guard: Guard::Provider, serve: || get(reports::call) },
    Route { method: "POST", path: "/r/{send}/{tag}", guard: Guard::Provider, serve: || post(reports::call) },
    Route { method: "GET", path: "/letter", guard: Guard::Session, serve: || get(letter::show) },
    Route { method: "POST", path: "/letter/prolong", guard: Guard::Session, serve: || post(letter::prolong) },
    Route { method: "POST", path: "/letter/close", guard: Guard::Session, serve: || post(letter::close) },
    Route { method: "POST", path: "/letter/forget", guard: Guard::Session, serve: || post(letter::forget) },
    Route { method: "POST", path: answer::PATH, guard: Guard::Form, serve: || post(answer::send) },
    Route { method: "GET", path: logo::PATH, guard: Guard::Session, serve: || get(logo::give) },
    Route { method: "GET", path: "/letter/text", guard: Guard::Session, serve: || get(original::show) },
    Route { method: "GET", path: "/letter/message/{number}", guard: Guard::Session, serve: || get(enclosed::show) },
    Route {
        method: "GET",
        path: "/letter/message/{number}/text",
        guard: Guard::Session,
        serve: || get(enclosed::original),
    },
    Route {
        method: "GET",
        path: "/letter/file/{number}/in/{inner}",
        guard: Guard::Session,
        serve: || get(enclosed::give),
    },
    Route {
        method: "GET",
        path: "/letter/file/{number}/in/{inner}/save",
        guard: Guard::Session,
        serve: || get(enclosed::give),
    },
    Route { method: "GET", path: pack::PATH, guard: Guard::Session, serve: || get(pack::save) },
    Route { method: "GET", path: "/letter/file/{number}", guard: Guard::Session, serve: || get(file::give) },
    Route { method: "GET", path: "/letter/file/{number}/save", guard: Guard::Session, serve: || get(file::give) },
];

pub(super) fn router(portal: &Portal) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let watched = (route.serve)().layer(from_fn_with_state((portal.clone(), route), guard::watch));
        router = router.route(route.path, watched);
    }
    router
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(from_fn(headers::secure))
        .layer(Extension(Loads::default()))
        .with_state(portal.clone())
}

async fn unknown(portal: axum::extract::State<Portal>, uri: Uri) -> Response {
    // What is left of a link that was cut short is answered as any other cut link.
    if uri.path() == "/l" || uri.path().starts_with("/l/") {
        plain::incomplete(&portal)
    } else {
        plain::unknown(&portal)
    }
}

/// The answer to a form stands under the form's address: who loads it again, or comes back to it, is led to where the form
/// was.
async fn wrong_method(portal: axum::extract::State<Portal>, method: Method, uri: Uri) -> Response {
    let mut parts = uri.path().split('/').skip(1);
    match (parts.next(), parts.next().map(Ticket::parse)) {
        _ if method != Method::GET && method != Method::HEAD => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        (Some("l"), Some(Some(ticket))) => link::to(&format!("/l/{}", ticket.reveal())),
        (Some("l"), _) => plain::incomplete(&portal),
        (Some("letter"), _) => link::to("/letter"),
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

/// The longest form is a pasted SMS with its token; reports of providers are shorter.
const LARGEST_FORM: usize = 16 * 1024;
