//! What is said of a link without a code: that an ended letter is wanted again, or that a letter is somebody else's.
//!
//! Either tells the practice once in a day, and changes nothing: whoever holds the link may be anybody. Programs that press
//! every button leave a box unticked, so they say nothing.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use crate::access::{LinkError, LinkState};
use crate::domain::{Aside, BrowserToken};

use super::guard::{self, Held, Protected, Visitor};
use super::link::{self, Bare, set_cookie};
use super::pages::{self, Complaint};
use super::words::Words;
use super::{Portal, plain};

/// `POST /l/{ticket}/again`
pub(super) async fn again(
    State(portal): State<Portal>,
    Held(ticket): Held,
    visitor: Visitor,
    Protected { browser, .. }: Protected<Bare>,
) -> Response {
    said(&portal, &ticket, &visitor, browser, (Aside::Again, true)).await
}

/// The box that says that the button is no slip.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sure {
    #[serde(default)]
    sure: String,
}

/// `POST /l/{ticket}/not-mine`
pub(super) async fn not_mine(
    State(portal): State<Portal>,
    Held(ticket): Held,
    visitor: Visitor,
    Protected { browser, form }: Protected<Sure>,
) -> Response {
    said(&portal, &ticket, &visitor, browser, (Aside::NotMine, form.sure == "yes")).await
}

async fn said(
    portal: &Portal,
    ticket: &str,
    visitor: &Visitor,
    browser: BrowserToken,
    (aside, sure): (Aside, bool),
) -> Response {
    let view = match portal.access.link(ticket, Some(&browser)).await {
        Ok(view) => view,
        Err(LinkError::Incomplete) => return plain::incomplete(portal),
        Err(LinkError::Fault(fault)) => return plain::fault(portal, &fault),
    };
    // What does not fit where the link stands by now says where it stands.
    let fits = match aside {
        Aside::NoCode => false,
        Aside::Again => matches!(view.state, LinkState::Expired | LinkState::Locked),
        Aside::NotMine => {
            matches!(view.state, LinkState::Choose { .. } | LinkState::Enter { .. })
        }
    };
    if !fits {
        return link::back(ticket, &browser);
    }
    if !sure {
        return link::answer(portal, ticket, visitor, Some(browser), Some(Complaint::TickFirst)).await;
    }
    // Somebody there is not who the letters are for: a code says who is.
    if aside == Aside::NotMine
        && let Err(fault) = portal.access.forget_address(view.delivery).await
    {
        return plain::fault(portal, &fault);
    }
    let told = match portal.deliveries.aside(view.delivery, aside).await {
        Ok(told) => told,
        Err(fault) => return plain::fault(portal, &fault),
    };
    let language = visitor.language(view.language, &view.practice);
    let words = Words::new(&portal.texts, language, &view.practice.timezone, portal.clock.now());
    let page = pages::said(&words, portal.settings.demonstration, &view.practice, (aside, told));
    let mut answer = Html(page).into_response();
    set_cookie(&mut answer, &guard::keep_browser(&browser));
    answer
}
