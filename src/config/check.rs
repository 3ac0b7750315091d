//! Every value of the file, checked; what relates two of them at the end.

use std::path::{Path, PathBuf};

use crate::access::Network;
use crate::access::cloud::CloudClients;
use crate::delivery::{Rate, Rates, ReturnPath};
use crate::domain::{Address, Contact, DomainName, Language, Region, SecretText};
use crate::net::{CertificateFiles, Scanner};

use super::raw::{Raw, RawDkim, RawLimits, RawListen, RawPortal};
use super::secret::Secrets;
use super::words::{self, PortalUrl};
use super::{Config, Dkim, Limits, Listen, Log, LogFormat, LogLevel, Notice, Portal};
use super::{cloud, code};

words::choices! {
    /// What fills a pending device's slot.
    Approve {
        /// The owner's answer.
        Answer = "answer",
        /// A letter that announces it.
        Announce = "announce",
    }

    /// What is done with clients that fetch through somebody's cloud.
    CloudPolicy {
        /// They are not let in.
        Refuse = "refuse",
        /// They are, and the journal says so.
        Allow = "allow",
    }
}

/// The key in front of what is wrong with its value.
trait Named<T> {
    fn named(self, key: &str) -> Result<T, String>;
}

impl<T> Named<T> for Result<T, String> {
    fn named(self, key: &str) -> Self {
        self.map_err(|what| format!("{key}: {what}"))
    }
}

pub(super) fn check(raw: Raw, file: &Path, folder: &Path, secrets: &Secrets<'_>) -> Result<Config, String> {
    let mut not_built = Vec::new();
    let listen = doors(&raw.listen, &mut not_built)?;
    let portal = portal(&raw.portal)?;
    for proxy in &raw.portal.proxies {
        not_built.push(format!("portal.proxies: X-Forwarded-For is not read yet, from {proxy} neither"));
    }
    let limits = limits(&raw.limits)?;
    let bounces = raw.notice.bounces.as_ref().map(|bounces| bounces_url(bounces, secrets).named("notice.bounces"));
    let bounces = bounces.transpose()?;
    let returns = match (&raw.notice.returns, &bounces) {
        (Some(text), _) => ReturnPath::read(text).named("notice.return")?,
        // What reaches that mailbox for certain is its own address.
        (None, Some((_, Some(login)))) => ReturnPath::read(login).unwrap_or_default(),
        (None, _) => ReturnPath::default(),
    };
    if let Some(export) = &raw.audit.export {
        let known = export.starts_with('/') || export.starts_with("https://");
        if !known || export.chars().any(char::is_control) {
            return Err("audit.export: must be an absolute path or an https:// URL".to_owned());
        }
        if !export.starts_with('/') {
            not_built.push("audit.export: exporting the journal to a URL is not built yet; a path is".to_owned());
        }
    }
    let approve = raw.keys.approve.as_deref().map(Approve::read).transpose().named("keys.approve")?;
    let cloud = raw.access.cloud_clients.as_deref().map(CloudPolicy::read).transpose().named("access.cloud_clients")?;
    let list = raw.access.cloud_clients_file.as_deref().map(|file| path(folder, file)).transpose();
    let list = list.and_then(|file| cloud::list(file.as_deref())).named("access.cloud_clients_file")?;
    let cloud_clients = CloudClients { allow: cloud == Some(CloudPolicy::Allow), list };
    let relay = raw.notice.relay.as_ref().map(|relay| {
        let relay = secrets.read(relay, has_password).named("notice.relay")?;
        mail_url(&relay, &["smtps", "smtp"]).named("notice.relay")?;
        Ok::<_, String>(relay)
    });
    let config = Config {
        file: file.to_owned(),
        hostname: host(&raw.hostname).named("hostname")?,
        data: path(folder, &raw.data).named("data")?,
        root_key: path(folder, &raw.root_key).map(|file| given(file, secrets)).named("root_key")?,
        region: raw.region.parse::<Region>().map_err(|_| "region: must be a country such as FR or MC".to_owned())?,
        language: raw
            .language
            .parse::<Language>()
            .map_err(|_| "language: must be one of: fr, en, it, es, ru".to_owned())?,
        timezone: zone(&raw.timezone).named("timezone")?,
        listen,
        tls: raw
            .tls
            .iter()
            .map(|tls| {
                Ok(CertificateFiles {
                    certificate: path(folder, &tls.certificate).named("tls.certificate")?,
                    key: path(folder, &tls.key).named("tls.key")?,
                })
            })
            .collect::<Result<_, String>>()?,
        database: database(raw.store.database.as_deref().unwrap_or("sqlite:pli.db"), secrets)
            .named("store.database")?,
        objects: objects(raw.store.objects.as_deref().unwrap_or("file:objects")).named("store.objects")?,
        limits,
        portal,
        notice: Notice {
            relay: relay.transpose()?,
            from: raw.notice.from.as_deref().map_or(Ok(String::new()), from).named("notice.from")?,
            ca: raw.notice.ca.as_deref().map(|ca| path(folder, ca)).transpose().named("notice.ca")?,
            bounces: bounces.map(|(url, _)| url),
            returns,
        },
        dkim: raw.dkim.iter().map(|dkim| signing(dkim, folder)).collect::<Result<_, _>>()?,
        providers: code::providers(&raw.code, secrets)?,
        ceilings: code::ceilings(&raw.code.ceilings)?,
        announce_devices: approve == Some(Approve::Announce),
        audit_export: raw.audit.export.as_deref().filter(|to| to.starts_with('/')).map(PathBuf::from),
        recovery: raw.keys.recovery.as_deref().map(|file| path(folder, file)).transpose().named("keys.recovery")?,
        cloud_clients,
        scanner: raw.scan.clamd.as_deref().map(Scanner::read).transpose().named("scan.clamd")?,
        log: Log {
            level: raw.log.level.as_deref().map(LogLevel::read).transpose().named("log.level")?.unwrap_or_default(),
            format: raw.log.format.as_deref().map(LogFormat::read).transpose().named("log.format")?,
        },
        not_built,
    };
    together(&config)?;
    Ok(config)
}

/// What one setting asks of another.
fn together(config: &Config) -> Result<(), String> {
    if config.limits.memory < config.limits.message.saturating_mul(2) {
        return Err("limits.memory: must be at least twice limits.message".to_owned());
    }
    if config.listen.portal.is_some() && config.portal.url.is_none() {
        return Err("portal.url: is missing, while listen.portal opens the portal".to_owned());
    }
    for (place, dkim) in config.dkim.iter().enumerate() {
        if config.dkim.iter().skip(place + 1).any(|other| other.selector.eq_ignore_ascii_case(&dkim.selector)) {
            return Err(format!("dkim.selector: {} is there twice; each key has its own", dkim.selector));
        }
    }
    if config.notice.relay.is_some() && config.notice.from.is_empty() {
        return Err("notice.from: is missing, while notice.relay sends notices".to_owned());
    }
    Ok(())
}

fn doors(raw: &RawListen, not_built: &mut Vec<String>) -> Result<Listen, String> {
    let read = |key: &str, value: &Option<String>| {
        value.as_deref().map(words::read_socket).transpose().named(&format!("listen.{key}"))
    };
    if read("exchange", &raw.exchange)?.is_some() {
        not_built.push("listen.exchange: this door is not built yet and stays closed".to_owned());
    }
    Ok(Listen {
        submissions: read("submissions", &raw.submissions)?,
        submission: read("submission", &raw.submission)?,
        imaps: read("imaps", &raw.imaps)?,
        imap: read("imap", &raw.imap)?,
        portal: read("portal", &raw.portal)?,
        metrics: read("metrics", &raw.metrics)?,
        bounces: read("bounces", &raw.bounces)?,
    })
}

fn limits(raw: &RawLimits) -> Result<Limits, String> {
    let number = |key: &str, value: Option<i64>, usual: i64, most: i64| {
        let value = value.unwrap_or(usual);
        if (1..=most).contains(&value) {
            Ok(value)
        } else {
            Err(format!("limits.{key}: must be a number from 1 to {most}"))
        }
    };
    let count = |key, value, usual, most| {
        number(key, value, usual, most).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
    };
    let usual = Rates::default();
    let rate = |who: &str, (minute, day): (Option<i64>, Option<i64>), usual: Rate| {
        Ok::<_, String>(Rate {
            minute: number(&format!("{who}_minute"), minute, usual.minute, MOST_MESSAGES)?,
            day: number(&format!("{who}_day"), day, usual.day, MOST_MESSAGES)?,
        })
    };
    Ok(Limits {
        message: words::read_size(raw.message.as_deref().unwrap_or("25 MiB")).named("limits.message")?,
        memory: words::read_size(raw.memory.as_deref().unwrap_or("256 MiB")).named("limits.memory")?,
        connections: count("connections", raw.connections, 4096, 1_000_000)?,
        // A hospital behind one address has many clients with several connections each.
        network_connections: count("network_connections", raw.network_connections, 512, 1_000_000)?,
        failed_logins: number("failed_logins", raw.failed_logins, 100, 1_000_000)?,
        recipients: count("recipients", raw.recipients, 100, 10_000)?,
        rates: Rates {
            mailbox: rate("mailbox", (raw.mailbox_minute, raw.mailbox_day), usual.mailbox)?,
            device: rate("device", (raw.device_minute, raw.device_day), usual.device)?,
            application: rate("application", (raw.application_minute, raw.application_day), usual.application)?,
        },
    })
}

fn portal(raw: &RawPortal) -> Result<Portal, String> {
    let days = raw.days.unwrap_or(30);
    let days = u16::try_from(days).ok().filter(|days| (1..=366).contains(days));
    Ok(Portal {
        url: raw.url.as_deref().map(PortalUrl::read).transpose().named("portal.url")?,
        days: days.ok_or("portal.days: must be a number of days from 1 to 366")?,
        accessibility: raw
            .accessibility
            .as_deref()
            .map(Contact::read)
            .transpose()
            .map_err(|what| what.to_string())
            .named("portal.accessibility")?,
        proxies: raw
            .proxies
            .iter()
            .map(|text| Network::read(text))
            .collect::<Result<_, _>>()
            .named("portal.proxies")?,
    })
}

fn host(text: &str) -> Result<String, String> {
    let name: DomainName = text.parse().map_err(|_| "must be a host name such as mail.cabinet.example".to_owned())?;
    Ok(name.as_str().to_owned())
}

fn zone(text: &str) -> Result<String, String> {
    let zone = jiff::tz::TimeZone::get(text).map_err(|_| "must be a time zone such as Europe/Paris".to_owned())?;
    Ok(zone.iana_name().unwrap_or(text).to_owned())
}

/// A path, below the folder of the settings file where it is relative.
fn path(folder: &Path, text: &str) -> Result<PathBuf, String> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err("must be a path".to_owned());
    }
    Ok(folder.join(text))
}

/// The credential of a file's name that a service manager gave to this process (systemd.exec(5) §Credentials), or the
/// file itself.
fn given(file: PathBuf, secrets: &Secrets<'_>) -> PathBuf {
    let folder =
        (secrets.environment)("CREDENTIALS_DIRECTORY").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let credential = folder.zip(file.file_name()).map(|(folder, name)| folder.join(name));
    credential.filter(|credential| credential.exists()).unwrap_or(file)
}

/// `Name <address>` or the address alone.
fn from(text: &str) -> Result<String, String> {
    let address = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => text,
    };
    let clean = !text.chars().any(char::is_control);
    match address.parse::<Address>() {
        Ok(_) if clean => Ok(text.to_owned()),
        _ => Err("must be Name <address>, such as Cabinet <ne-pas-repondre@cabinet.example>".to_owned()),
    }
}

pub(super) fn has_password(url: &str) -> bool {
    words::read_url(url).is_ok_and(|url| url.password().is_some())
}

fn mail_url(text: &SecretText, schemes: &[&str]) -> Result<(), String> {
    let url = words::read_url(text.reveal())?;
    if !schemes.contains(&url.scheme()) {
        return Err(format!("must begin with {}://", schemes.join(":// or ")));
    }
    if url.host_str().is_none_or(str::is_empty) || url.query().is_some() || url.fragment().is_some() {
        return Err("must be scheme://user:password@host:port".to_owned());
    }
    Ok(())
}

/// The account that bounces land in, and its address where the user's name is one.
fn bounces_url(text: &str, secrets: &Secrets<'_>) -> Result<(SecretText, Option<String>), String> {
    let secret = secrets.read(text, has_password)?;
    mail_url(&secret, &["imaps", "imap+starttls", "imap"])?;
    let url = words::read_url(secret.reveal())?;
    if url.scheme() == "imap" && !words::is_loopback(&url) {
        return Err("imap:// goes to this machine only; elsewhere it is imaps:// or imap+starttls://".to_owned());
    }
    if url.username().is_empty() || url.password().is_none() {
        return Err("must be imaps://user:password@host/INBOX (an @ in the user is %40)".to_owned());
    }
    let login = url.username().replace("%40", "@");
    let login = login.parse::<Address>().is_ok().then_some(login);
    Ok((secret, login))
}

/// RFC 6376 §3.1: a selector is one or more labels of a name.
fn signing(raw: &RawDkim, folder: &Path) -> Result<Dkim, String> {
    let label = |label: &str| {
        let plain = label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
        (1..=63).contains(&label.len()) && plain && !label.starts_with('-') && !label.ends_with('-')
    };
    if !raw.selector.split('.').all(label) || raw.selector.len() > 100 {
        return Err("dkim.selector: must be a name such as pli or pli2027".to_owned());
    }
    Ok(Dkim { selector: raw.selector.clone(), key: path(folder, &raw.key).named("dkim.key")? })
}

/// `sqlite:FILE`, or `postgres://…` checked end to end where it leaves this machine.
fn database(text: &str, secrets: &Secrets<'_>) -> Result<SecretText, String> {
    let secret = secrets.read(text, has_password)?;
    let text = secret.reveal();
    if let Some(file) = text.strip_prefix("sqlite:") {
        let plain = !file.is_empty() && !file.contains(['?', ':']) && !file.chars().any(char::is_control);
        return if plain { Ok(secret) } else { Err("must be sqlite:FILE".to_owned()) };
    }
    let url = words::read_url(text).map_err(|_| "must be sqlite:FILE or postgres://…".to_owned())?;
    if !["postgres", "postgresql"].contains(&url.scheme()) {
        return Err("must be sqlite:FILE or postgres://…".to_owned());
    }
    let named = |names: &[&str]| -> Vec<String> {
        url.query_pairs().filter(|(name, _)| names.contains(&&**name)).map(|(_, value)| value.into_owned()).collect()
    };
    let hosts = named(&["host", "hostaddr"]);
    let near = |host: &str| {
        host.starts_with('/') || host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    };
    let authority_near = url.host_str().is_none_or(|host| {
        host.is_empty() || host.starts_with("%2F") || host.starts_with("%2f") || words::is_loopback(&url)
    });
    let modes = named(&["sslmode", "ssl-mode"]);
    let checked = !modes.is_empty() && modes.iter().all(|mode| mode == "verify-full");
    let here = authority_near && hosts.iter().all(|host| near(host));
    if !(checked || here) {
        return Err("a database on another machine needs sslmode=verify-full".to_owned());
    }
    Ok(secret)
}

fn objects(text: &str) -> Result<SecretText, String> {
    let clean = !text.chars().any(char::is_control);
    match text.split_once(':') {
        Some(("file", folder)) if clean && !folder.is_empty() => Ok(SecretText::new(text)),
        Some(("s3", bucket)) if clean && bucket.len() > 2 && bucket.starts_with("//") => Ok(SecretText::new(text)),
        _ => Err("must be file:FOLDER or s3://bucket/prefix".to_owned()),
    }
}

/// More than anybody sends.
const MOST_MESSAGES: i64 = 10_000_000;
