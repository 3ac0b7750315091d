//! A first installation: settings, root key, recovery certificate, trial TLS certificate, DKIM key, data folder.
//!
//! Nothing is overwritten, and the recovery certificate's secret half is handed back, never put beside the data.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::config::PortalUrl;
use crate::domain::{Clock, DomainName, Random};
use crate::net::trial;
use crate::vault::{DkimKey, DkimKind, RootKey, Vault};

use super::StartError;

/// What an installation is to be.
pub struct Plan<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// The server's name.
    pub hostname: &'a str,
    /// Where patients go; `https://` and the host name where none is given.
    pub portal_url: Option<&'a str>,
    /// Whether to make a recovery certificate.
    pub recovery: bool,
    /// Where the doors listen.
    pub ports: Ports,
    /// Further names of the trial certificate, beside the two hosts and loopback.
    pub names: &'a [&'a str],
}

/// Where the doors listen; one without an address is closed.
#[derive(Debug, Clone)]
pub struct Ports {
    /// Submission, implicit TLS.
    pub submissions: String,
    /// Submission, STARTTLS.
    pub submission: Option<String>,
    /// IMAP, implicit TLS.
    pub imaps: String,
    /// IMAP, STARTTLS.
    pub imap: Option<String>,
    /// The patients' pages.
    pub portal: String,
}

impl Ports {
    /// The ports of the standards.
    pub fn standard() -> Self {
        Self::at("0.0.0.0", 465, 993, 443).with_starttls("0.0.0.0", 587, 143)
    }

    /// Ports that any user may open.
    pub fn high() -> Self {
        Self::at("0.0.0.0", 10465, 10993, 10443).with_starttls("0.0.0.0", 10587, 10143)
    }

    /// Ports of one address, TLS from the first octet.
    pub fn at(address: &str, submissions: u16, imaps: u16, portal: u16) -> Self {
        let at = |port| socket(address, port);
        Self { submissions: at(submissions), submission: None, imaps: at(imaps), imap: None, portal: at(portal) }
    }

    /// The same, and doors that begin in clear.
    #[must_use]
    pub fn with_starttls(self, address: &str, submission: u16, imap: u16) -> Self {
        let at = |port| Some(socket(address, port));
        Self { submission: at(submission), imap: at(imap), ..self }
    }
}

fn socket(address: &str, port: u16) -> String {
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

/// What was made.
pub struct Installed {
    /// The settings file.
    pub config: PathBuf,
    /// The root key.
    pub root_key: PathBuf,
    /// The trial authority's certificate.
    pub authority: PathBuf,
    /// The recovery certificate's secret half: to be kept elsewhere. It exists nowhere else.
    pub recovery: Option<Zeroizing<String>>,
}

/// Makes an installation.
///
/// # Errors
/// [`StartError`]: a name that is none, a folder that holds an installation, a file that cannot be written.
pub fn install(plan: &Plan<'_>, clock: &dyn Clock, random: &dyn Random) -> Result<Installed, StartError> {
    let hostname: DomainName = plan
        .hostname
        .parse()
        .map_err(|_| StartError("--hostname: must be a host name such as mail.cabinet.example".to_owned()))?;
    let hostname = hostname.as_str();
    let portal_url = plan.portal_url.map_or_else(|| default_url(hostname, &plan.ports), str::to_owned);
    let portal = PortalUrl::read(&portal_url).map_err(|what| StartError(format!("--portal-url: {what}")))?;
    let config = plan.folder.join("pli.toml");
    if config.exists() {
        return Err(StartError(format!("{}: there is an installation already; nothing was changed", config.display())));
    }
    let mut names = vec![hostname, "localhost", "127.0.0.1", "::1"];
    for name in plan.names.iter().copied().chain([portal.host()]) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let tls = trial::issue(&names, clock.now()).map_err(StartError)?;
    let recovery = match plan.recovery {
        true => Some(Vault::new_recovery().map_err(|fault| StartError(fault.to_string()))?),
        false => None,
    };

    let certificates = plan.folder.join("certs").join(hostname);
    folder(plan.folder)?;
    folder(&plan.folder.join("data"))?;
    folder(&certificates)?;
    let root_key = plan.folder.join("root.key");
    let authority = plan.folder.join("certs/ca.pem");
    file(&root_key, 0o600, RootKey::random(random).reveal().as_bytes())?;
    file(&certificates.join("fullchain.pem"), 0o644, tls.chain.as_bytes())?;
    file(&certificates.join("privkey.pem"), 0o600, tls.key.as_bytes())?;
    file(&authority, 0o644, tls.authority.as_bytes())?;
    let dkim = DkimKey::make(DkimKind::Rsa).map_err(|fault| StartError(fault.to_string()))?;
    file(&plan.folder.join("certs/dkim.key"), 0o600, dkim.as_bytes())?;
    if let Some((certificate, _)) = &recovery {
        file(&plan.folder.join("recovery.cert"), 0o644, certificate.as_octets())?;
    }
    // Last: a folder with settings is a whole installation.
    let text = settings(plan, hostname, portal.as_str(), recovery.is_some());
    file(&config, 0o600, text.as_bytes())?;
    Ok(Installed { config, root_key, authority, recovery: recovery.map(|(_, secret)| secret.0) })
}

fn default_url(hostname: &str, ports: &Ports) -> String {
    match ports.portal.rsplit_once(':') {
        Some((_, port)) if port != "443" => format!("https://{hostname}:{port}"),
        _ => format!("https://{hostname}"),
    }
}

/// The sample settings with this installation's values.
fn settings(plan: &Plan<'_>, hostname: &str, portal_url: &str, recovery: bool) -> String {
    let mut text = SAMPLE.to_owned();
    let mut set = |section: &str, key: &str, value: Option<&str>| text = with(&text, section, key, value);
    set("", "hostname", Some(hostname));
    set("", "data", Some("data"));
    set("", "root_key", Some("root.key"));
    set("listen", "submissions", Some(&plan.ports.submissions));
    set("listen", "submission", plan.ports.submission.as_deref());
    set("listen", "imaps", Some(&plan.ports.imaps));
    set("listen", "imap", plan.ports.imap.as_deref());
    set("listen", "portal", Some(&plan.ports.portal));
    set("tls", "certificate", Some(&format!("certs/{hostname}/fullchain.pem")));
    set("tls", "key", Some(&format!("certs/{hostname}/privkey.pem")));
    set("portal", "url", Some(portal_url));
    set("notice", "relay", Some("smtp://127.0.0.1:25"));
    set("notice", "from", Some(&format!("Pli <ne-pas-repondre@{hostname}>")));
    set("keys", "recovery", recovery.then_some("recovery.cert"));
    text
}

/// The text with one key of a section set, or commented out.
fn with(text: &str, section: &str, key: &str, value: Option<&str>) -> String {
    let mut at = String::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        let bare = line.trim_start_matches("# ");
        // What is commented out has its sections too.
        if let Some(header) = bare.strip_prefix('[').filter(|header| header.ends_with(']')) {
            at = header.split(']').next().unwrap_or_default().trim_matches('[').to_owned();
        }
        let named = bare.split_once('=').is_some_and(|(name, _)| name.trim() == key);
        lines.push(match value {
            Some(value) if named && at == section => format!("{key} = {}", quoted(value)),
            None if named && at == section => format!("# {bare}"),
            _ => line.to_owned(),
        });
    }
    lines.join("\n") + "\n"
}

/// A basic string of TOML, whose escapes are those of JSON (TOML 1.0 §String).
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn folder(path: &Path) -> Result<(), StartError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| StartError(format!("{}: {}", path.display(), error.kind())))
}

/// Writes a new file and makes it durable; an existing one is not touched.
fn file(path: &Path, mode: u32, octets: &[u8]) -> Result<(), StartError> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(octets)?;
        file.sync_all()
    };
    write().map_err(|error: std::io::Error| {
        let what = match error.kind() {
            ErrorKind::AlreadyExists => "exists already; nothing is overwritten".to_owned(),
            kind => kind.to_string(),
        };
        StartError(format!("{}: {what}", path.display()))
    })
}

/// The commented sample that the documentation shows.
const SAMPLE: &str = include_str!("../../config/pli.toml");
