//! The patient's pages: open the link, choose how the code travels, type it, read, download.
//!
//! Server-rendered HTML that needs no script, in one style sheet of our own; one small script shows what becomes of
//! a code while it is awaited. A handler extracts, calls one verb
//! and answers; nothing changes on a GET but the journal; nothing readable is kept by a browser (`no-store`) nor by a log
//! (route templates only, never an address with its ticket).
//!
//! `routes` is the table of everything that answers; `guard` stands before each row of it. `sheet` is every page in every
//! state, from samples, and `preview` the same with what somebody wrote; `setup` answers mail clients that look for their
//! server; `statement` says how accessible the pages are.

mod answer;
mod answering;
mod archive;
mod asides;
mod cells;
mod enclosed;
mod file;
mod guard;
mod headers;
mod html;
mod letter;
mod link;
mod loads;
mod logo;
mod original;
mod paced;
mod pack;
mod pages;
mod pictures;
mod plain;
mod preview;
mod progress;
mod reports;
mod routes;
mod serve;
mod setup;
mod sheet;
mod statement;
mod steady;
mod style;
#[cfg(test)]
mod tests;
mod tongue;
mod visit;
mod words;

use std::net::IpAddr;
use std::sync::Arc;

use crate::access::Access;
use crate::delivery::Deliveries;
use crate::domain::{Clock, Contact};
use crate::mailbox::Mailboxes;
use crate::net::{Scanner, Signer};
use crate::texts::Texts;

pub use logo::SAMPLE as SAMPLE_LOGO;
pub use preview::Drawing;
pub use routes::{Guard, ROUTES, Route};
pub use serve::serve;
pub use setup::MailServer;
pub use sheet::sheet;
pub use statement::Grid;

/// What the pages need to know of this server.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Every page says that it is a demonstration.
    pub demonstration: bool,
    /// The only neighbours whose `X-Forwarded-For` may be believed, once it is read: nothing hangs on it yet.
    pub proxies: Vec<IpAddr>,
    /// Octets that the files of one answer may have together.
    pub answer_limit: u64,
    /// Whom the statement of accessibility says to write to, beside the practice.
    pub accessibility: Option<Contact>,
    /// What looks for viruses in them.
    pub scanner: Option<Scanner>,
    /// What mail clients are told of this server.
    pub mail: MailServer,
    /// What signs the profiles of telephones.
    pub signer: Option<Signer>,
}

/// The door of the patients. Cheap to clone.
#[derive(Clone)]
pub struct Portal {
    /// Links, codes and open pages.
    pub access: Access,
    /// The letter and its files.
    pub mailboxes: Mailboxes,
    /// Where openings and downloads are told.
    pub deliveries: Deliveries,
    /// Every visible word.
    pub texts: Texts,
    /// What this server is.
    pub settings: Arc<Settings>,
    /// The present.
    pub clock: Arc<dyn Clock>,
}

impl Portal {
    /// Everything that answers, built from [`ROUTES`].
    pub fn router(&self) -> axum::Router {
        routes::router(self)
    }
}
