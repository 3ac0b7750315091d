//! SMPP 3.4 (`kind = "smpp"`): a bound transceiver to an SMSC, over TLS, with receipts.
//!
//! The few PDUs that a client meets are read and written here: the library there is refuses receipts that SMSCs of
//! the field do send (an id without its end), and loses the border of the next frame when it does. A message is accepted when the SMSC has taken each of its parts;
//! what became of it comes back as a receipt on the same connection, or on another node's, and is matched by the
//! SMSC's message id.

mod link;
mod pdu;
mod receipt;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::Url;
use serde::Deserialize;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::domain::{Channel, FailureClass, SecretText};
use crate::net::TlsClient;

use super::gsm::encoded;
use super::{Accepted, Kind, Outgoing, Provider, Reports, Section, Shared, Streamed};

use link::{Answer, Link};
use pdu::{Bind, Sender, Submit, status};
use receipt::MessageIds;

pub(super) const KIND: Kind = Kind {
    name: "smpp",
    keys: &["url", "ca", "system_id", "password", "system_type", "from", "window", "enquire", "report", "message_ids"],
    open: &["url", "ca", "system_id", "system_type", "from", "message_ids"],
    channels: &[Channel::Sms],
    build: |section, _, shared| Ok(Arc::new(Smpp::read(section, shared)?)),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// `smpps://host:port`, or `smpp://` in clear to this machine.
    url: String,
    /// A PEM file of the authorities that are believed, in place of this machine's.
    ca: Option<PathBuf>,
    system_id: String,
    password: SecretText,
    #[serde(default)]
    system_type: String,
    /// A number in E.164, a short code, or a name.
    from: String,
    /// Submissions that wait for an answer.
    #[serde(default = "window")]
    window: usize,
    /// Seconds of silence before the SMSC is asked whether it is there.
    #[serde(default = "enquire")]
    enquire: u64,
    /// Whether receipts are asked for.
    #[serde(default = "report")]
    report: bool,
    #[serde(default)]
    message_ids: MessageIds,
}

fn window() -> usize {
    10
}

fn enquire() -> u64 {
    30
}

fn report() -> bool {
    true
}

struct Smpp {
    name: String,
    report: bool,
    ids: MessageIds,
    from: Sender,
    plan: Arc<link::Plan>,
    reports: mpsc::Sender<Streamed>,
    link: OnceLock<Link>,
    /// Of messages in several parts.
    reference: AtomicU8,
}

impl Provider for Smpp {
    fn start(&self) {
        self.link();
    }

    fn send<'a>(&'a self, message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<Accepted, FailureClass>> {
        Box::pin(async move {
            let sending = self.submit(message);
            tokio::time::timeout(PATIENCE, sending).await.unwrap_or(Err(FailureClass::Unreachable))
        })
    }

    fn reports(&self) -> Reports {
        if self.report { Reports::Streamed } else { Reports::Never }
    }
}

impl Smpp {
    fn read(section: &Section, shared: &Shared) -> Result<Self, String> {
        let settings: Settings = section.read()?;
        let url = Url::parse(&settings.url).map_err(|_| "url is not one".to_owned())?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let local = host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.username().is_empty();
        let tls = match url.scheme() {
            "smpps" => true,
            "smpp" if local => false,
            "smpp" => return Err("url: smpp:// goes in clear and is for this machine only; use smpps://".to_owned()),
            _ => return Err("url must begin with smpps://".to_owned()),
        };
        let (Some(port), false, true) = (url.port(), host.is_empty(), bare) else {
            return Err("url must be smpps://host:port".to_owned());
        };
        let short = |key: &str, text: &str, most: usize| match text.len() <= most && text.is_ascii() {
            true => Ok(()),
            false => Err(format!("{key}: must be at most {most} ASCII characters (SMPP 3.4)")),
        };
        short("system_id", &settings.system_id, 15)?;
        short("system_type", &settings.system_type, 12)?;
        if settings.password.reveal().len() > 8 || !settings.password.reveal().is_ascii() {
            return Err("password: must be at most 8 ASCII characters (SMPP 3.4)".to_owned());
        }
        let from = Sender::read(&settings.from)
            .ok_or("from must be a number such as +33612345678, a short code, or a name of 11 letters")?;
        if !(1..=1000).contains(&settings.window) {
            return Err("window: must be a number from 1 to 1000".to_owned());
        }
        if !(5..=600).contains(&settings.enquire) {
            return Err("enquire: must be a number of seconds from 5 to 600".to_owned());
        }
        let authorities = match &settings.ca {
            Some(file) => Some(std::fs::read(file).map_err(|error| format!("ca: {}", error.kind()))?),
            None => None,
        };
        let tls = tls.then(|| TlsClient::new(authorities.as_deref())).transpose().map_err(|what| format!("ca: {what}"))?;
        let bind = Bind {
            system_id: &settings.system_id,
            password: settings.password.reveal(),
            system_type: &settings.system_type,
        };
        let plan = link::Plan {
            name: section.name().to_owned(),
            host,
            port,
            tls,
            bind: Zeroizing::new(bind.body()),
            window: settings.window,
            enquire: Duration::from_secs(settings.enquire),
            ids: settings.message_ids,
        };
        Ok(Self {
            name: section.name().to_owned(),
            report: settings.report,
            ids: settings.message_ids,
            from,
            plan: Arc::new(plan),
            reports: shared.reports.clone(),
            link: OnceLock::new(),
            reference: AtomicU8::new(0),
        })
    }

    /// The connection, begun by whoever needs it first.
    fn link(&self) -> &Link {
        self.link.get_or_init(|| Link::start(self.plan.clone(), self.reports.clone()))
    }

    async fn submit(&self, message: &Outgoing<'_>) -> Result<Accepted, FailureClass> {
        let text = encoded(message.words.whole().reveal());
        let total = u8::try_from(text.parts.len()).map_err(|_| FailureClass::Refused)?;
        let reference = self.reference.fetch_add(1, Ordering::Relaxed);
        let to = message.to.reveal().trim_start_matches('+');
        let mut first = None;
        for (at, part) in (1..=total).zip(&text.parts) {
            let part = Submit {
                from: &self.from,
                to,
                gsm: text.gsm,
                part: (total > 1).then_some((reference, total, at)),
                text: part,
                report: self.report,
            };
            let id = self.part(&part).await?;
            first.get_or_insert(id);
        }
        Ok(Accepted { reference: first.flatten().map(|id| self.ids.answered(&id)) })
    }

    /// Submits one part, once more where the SMSC has too much to do.
    async fn part(&self, part: &Submit<'_>) -> Result<Option<String>, FailureClass> {
        let busy = [status::THROTTLED, status::QUEUE_FULL];
        let mut answer = self.link().submit(part.body()).await?;
        if busy.contains(&answer.status) {
            tokio::time::sleep(BUSY).await;
            answer = self.link().submit(part.body()).await?;
        }
        let Answer { status, body } = answer;
        match status {
            status::OK => Ok(pdu::message_id(&body)),
            status::INVALID_DESTINATION => Err(FailureClass::UnknownNumber),
            busy_now if busy.contains(&busy_now) => Err(FailureClass::Later),
            other => {
                tracing::warn!(provider = self.name, status = other, "the SMSC refused a message");
                Err(FailureClass::Refused)
            }
        }
    }
}

/// What the SMSC may take for a whole message before the next provider is tried.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause before an SMSC that has too much to do is asked once more.
const BUSY: Duration = Duration::from_millis(500);
