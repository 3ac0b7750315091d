//! The way of a message: routes, acceptance, notices, receipts, recall.

mod accept;
mod again;
mod answer;
mod author;
mod cloud;
pub mod courier;
pub mod desk;
pub mod devices;
pub mod directory;
mod header;
mod heads;
mod hold;
mod mdn;
mod notice;
mod number;
mod page;
pub mod persons;
mod preview;
mod quota;
mod recall;
mod receipt;
pub mod relay;
mod remind;
mod reply;
mod report;
mod resolve;
mod return_path;
mod returned;
pub mod roster;
mod route;
mod sending;
mod standing;
mod stops;
mod written;

use std::sync::Arc;

use tokio::sync::{Notify, Semaphore};

use crate::domain::{Address, Clock, Random};
use crate::store::Store;
use crate::texts::Texts;
use crate::vault::{DkimKey, Vault};

pub use crate::store::rates::Rate;
pub use accept::{AcceptError, Submission};
pub use again::Again;
pub use notice::{from_address, is_from};
pub use page::{Absence, Answer, AnswerError, Answered, Answering, NoAnswer};
pub use preview::{Drawn, Pages};
pub use return_path::ReturnPath;
pub use returned::{CameBack, Taken, TakesBack};
pub use route::{Refused, Route};
pub use sending::Rates;
pub use standing::Standing;
pub use written::{Written, is_program, written_size};

/// What deliveries need to know of this server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// EHLO name, Message-ID.
    pub hostname: String,
    /// Where patients go, without a slash at the end.
    pub portal_url: String,
    /// Days a delivery stays open where the practice says nothing.
    pub days: u16,
    /// From of notices where the practice says nothing.
    pub notice_from: String,
    /// Where a notice goes back to.
    pub returns: ReturnPath,
    /// Whether notices can leave at all; without, nobody outside is written to.
    pub relay: bool,
    /// Whether a device that waits reads once its announcement lies in INBOX.
    pub announce_devices: bool,
    /// How much may be sent.
    pub rates: Rates,
}

/// What signs the mail that leaves (DKIM).
#[derive(Debug, Clone)]
pub struct Signing {
    /// The key.
    pub key: DkimKey,
    /// Where the DNS has its public half: `<selector>._domainkey.<domain>`.
    pub selector: String,
}

/// The verb room of deliveries. Cheap to clone.
#[derive(Clone)]
pub struct Deliveries {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) texts: Texts,
    pub(crate) settings: Arc<Settings>,
    /// Without any, mail leaves unsigned: the relay may sign it.
    signing: Arc<[Signing]>,
    /// Without, a preview has no pages.
    pages: Option<Arc<dyn Pages>>,
    /// Wakes the courier after a deposit.
    pub(crate) wake: Arc<Notify>,
    /// KiB of memory for sealing large messages, beside what they take themselves.
    pub(crate) sealing: Arc<Semaphore>,
}

impl Deliveries {
    /// The room, built once by `server`.
    pub fn new(
        store: Store,
        vault: Vault,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        texts: Texts,
        settings: Settings,
    ) -> Self {
        Self {
            store,
            vault,
            clock,
            random,
            texts,
            settings: Arc::new(settings),
            signing: Arc::default(),
            pages: None,
            wake: Arc::new(Notify::new()),
            sealing: Arc::new(Semaphore::new(accept::SEALING as usize)),
        }
    }

    /// The same, whose mail is signed with each of these keys.
    #[must_use]
    pub fn signing(self, signing: Vec<Signing>) -> Self {
        Self { signing: signing.into(), ..self }
    }

    /// A mail as it leaves, signed for the domain of its From. Nothing may be changed in it after that.
    fn signed(&self, octets: Vec<u8>, from: &Address) -> Vec<u8> {
        let mut signed = Vec::new();
        for Signing { key, selector } in self.signing.iter() {
            match key.signature(&octets, (from.domain(), selector), self.clock.now()) {
                Ok(field) => signed.extend(field),
                // A patient who finds it among the junk is better off than one who gets none.
                Err(fault) => tracing::error!(%fault, selector, "a mail leaves without a signature"),
            }
        }
        signed.extend(octets);
        signed
    }
}
