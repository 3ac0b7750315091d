//! The one settings file (TOML), read once at start into types that cannot be wrong.
//!
//! Every key is known from the first day; an unknown key or value refuses to start with one line that names
//! it. Nothing here is optional security: TLS is always checked, clear text goes to loopback only, and a
//! secret stands in the environment, in a file of its own, or in a settings file that others cannot read.
//! The environment is read here and nowhere else.

mod check;
mod cloud;
mod code;
mod file;
mod raw;
mod secret;
mod words;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::access::Ceilings;
use crate::access::cloud::CloudClients;
use crate::delivery::{self, ReturnPath};
use crate::domain::zone::Sends;
use crate::domain::{Contact, Language, Region, SecretText};
use crate::gateway::ProviderSettings;
use crate::net::{CertificateFiles, Scanner};
use crate::store::StoreOptions;
use crate::store::sql::ChainMac;

pub use crate::access::Network;
pub use file::{KNOWN, administrator};
pub use words::PortalUrl;

/// The settings of one server.
#[derive(Debug)]
pub struct Config {
    /// Where they were read.
    pub file: PathBuf,
    /// EHLO name, Message-ID.
    pub hostname: String,
    /// The data folder.
    pub data: PathBuf,
    /// The root key's file.
    pub root_key: PathBuf,
    /// Where practices are, unless they say otherwise.
    pub region: Region,
    /// Their language.
    pub language: Language,
    /// Their time zone (IANA).
    pub timezone: String,
    /// The doors.
    pub listen: Listen,
    /// The certificates.
    pub tls: Vec<CertificateFiles>,
    /// `sqlite:FILE` or `postgres://…`.
    pub database: SecretText,
    /// `file:FOLDER` or `s3://bucket/prefix`.
    pub objects: SecretText,
    /// Sizes and numbers.
    pub limits: Limits,
    /// The patients' side.
    pub portal: Portal,
    /// How notices leave.
    pub notice: Notice,
    /// What signs them, each as well as the others.
    pub dkim: Vec<Dkim>,
    /// Providers of short messages and of calls, each in the order of trying.
    pub providers: Vec<ProviderSettings>,
    /// How many codes may be sent in a day.
    pub ceilings: Ceilings,
    /// Whether a device that waits reads once its announcement lies in INBOX.
    pub announce_devices: bool,
    /// The file that the journal is appended to every minute.
    pub audit_export: Option<PathBuf>,
    /// The public recovery certificate.
    pub recovery: Option<PathBuf>,
    /// Clients that fetch through somebody's cloud, and whether they are let in.
    pub cloud_clients: CloudClients,
    /// What looks for viruses in the files of answers.
    pub scanner: Option<Scanner>,
    /// The log.
    pub log: Log,
    /// One line for each setting that is understood but whose part is not built yet.
    pub not_built: Vec<String>,
}

/// Which doors are open, and where.
#[derive(Debug, Clone, Default)]
pub struct Listen {
    /// Submission with implicit TLS (RFC 8314).
    pub submissions: Option<SocketAddr>,
    /// Submission with STARTTLS (RFC 6409).
    pub submission: Option<SocketAddr>,
    /// IMAP with implicit TLS (RFC 8314).
    pub imaps: Option<SocketAddr>,
    /// IMAP with STARTTLS (RFC 3501).
    pub imap: Option<SocketAddr>,
    /// The patients' pages.
    pub portal: Option<SocketAddr>,
    /// Figures for Prometheus, in clear.
    pub metrics: Option<SocketAddr>,
    /// What comes back of notices, from any server (RFC 5321).
    pub bounces: Option<SocketAddr>,
}

/// How much is taken. Sizes in octets.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The content of one message.
    pub message: usize,
    /// All messages that are held while they are parsed and sealed; a quarter is the most of one mailbox.
    pub memory: usize,
    /// Connections of one door.
    pub connections: usize,
    /// Connections of one door from one address block: a v4 address, or 64 bits of v6.
    pub network_connections: usize,
    /// Wrong passwords of one address block, or for one mailbox, that are answered plainly in an hour.
    pub failed_logins: i64,
    /// Recipients of one message.
    pub recipients: usize,
    /// Messages in a minute and a day.
    pub rates: delivery::Rates,
}

/// The patients' side.
#[derive(Debug, Clone)]
pub struct Portal {
    /// Where patients go; present whenever the door is open.
    pub url: Option<PortalUrl>,
    /// Days a delivery stays open.
    pub days: u16,
    /// Whom the statement of accessibility says to write to, beside the practice.
    pub accessibility: Option<Contact>,
    /// From whom X-Forwarded-For may be believed, once it is read.
    pub proxies: Vec<Network>,
}

/// How notices leave.
#[derive(Debug)]
pub struct Notice {
    /// The relay's URL.
    pub relay: Option<SecretText>,
    /// From, where a practice has none: `Name <address>`.
    pub from: String,
    /// A PEM file of further authorities to check the relay with.
    pub ca: Option<PathBuf>,
    /// The account that bounces land in.
    pub bounces: Option<SecretText>,
    /// Where a notice goes back to.
    pub returns: ReturnPath,
}

impl Notice {
    /// Who hands mail to other servers; nobody where there is no relay.
    pub fn sends(&self) -> Option<Sends> {
        let url = words::read_url(self.relay.as_ref()?.reveal()).ok()?;
        if words::is_loopback(&url) {
            return Some(Sends::Here);
        }
        let host = url.host_str()?.trim_matches(['[', ']']);
        Some(Sends::Elsewhere(match host.parse() {
            Ok(IpAddr::V4(_)) => format!("ip4:{host}"),
            Ok(IpAddr::V6(_)) => format!("ip6:{host}"),
            Err(_) => format!("a:{host}"),
        }))
    }
}

/// What signs the mail that leaves (RFC 6376).
#[derive(Debug, Clone)]
pub struct Dkim {
    /// Under which name the DNS has its public half.
    pub selector: String,
    /// The key's file (PEM).
    pub key: PathBuf,
}

/// The log.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// How much is said.
    pub level: LogLevel,
    /// How it is written; by itself: text on a terminal, JSON else.
    pub format: Option<LogFormat>,
}

words::choices! {
    /// How much the log says.
    #[derive(Default)]
    LogLevel {
        /// What needs somebody.
        Error = "error",
        /// What may.
        Warn = "warn",
        /// What happens.
        #[default]
        Info = "info",
        /// For finding a fault.
        Debug = "debug",
    }

    /// How the log is written.
    LogFormat {
        /// For people.
        Text = "text",
        /// One object a line.
        Json = "json",
    }
}

/// Why settings are not used: one line that names the key.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// Looks a variable of the environment up.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Config {
    /// Reads a settings file.
    ///
    /// # Errors
    /// [`ConfigError`]: the file, the key, what is wrong.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        file::load(path).map_err(|what| ConfigError(format!("{}: {what}", path.display())))
    }

    /// Reads settings from their text, as the file `path` with the permission bits `mode`.
    ///
    /// # Errors
    /// [`ConfigError`]: the key, what is wrong.
    pub fn parse(text: &str, path: &Path, mode: u32, environment: Environment<'_>) -> Result<Self, ConfigError> {
        file::parse(text, path, mode, environment).map_err(ConfigError)
    }

    /// What deliveries need to know. Without a portal there is nothing a patient could open: the host name stands in.
    pub fn delivery(&self) -> delivery::Settings {
        delivery::Settings {
            hostname: self.hostname.clone(),
            portal_url: match &self.portal.url {
                Some(url) => url.as_str().to_owned(),
                None => format!("https://{}", self.hostname),
            },
            days: self.portal.days,
            notice_from: self.notice.from.clone(),
            returns: self.notice.returns.clone(),
            relay: self.notice.relay.is_some(),
            announce_devices: self.announce_devices,
            rates: self.limits.rates,
        }
    }

    /// What the store is opened with, as the node `node`.
    pub fn store(&self, node: &str, chain: ChainMac) -> StoreOptions {
        StoreOptions {
            database: self.database.clone(),
            objects: self.objects.clone(),
            data: self.data.clone(),
            node: node.to_owned(),
            chain,
        }
    }

    /// The folders that data are written to: of the data, and of objects where they are in files.
    pub fn folders(&self) -> Vec<PathBuf> {
        let objects = self.objects.reveal().strip_prefix("file:").map(|folder| self.data.join(folder));
        std::iter::once(self.data.clone()).chain(objects).collect()
    }

    /// Reads a size as settings and commands write it: `25 MiB`.
    ///
    /// # Errors
    /// One sentence.
    pub fn read_size(text: &str) -> Result<usize, String> {
        words::read_size(text)
    }

    /// The portal's host name, or the server's.
    pub fn portal_host(&self) -> &str {
        self.portal.url.as_ref().map_or(self.hostname.as_str(), PortalUrl::host)
    }
}
