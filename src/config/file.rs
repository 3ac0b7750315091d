//! From the file's octets to checked settings; faults of syntax become one line without a value in it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use super::raw::Raw;
use super::secret::{Secrets, printable};
use super::{Config, Environment, check};

/// The sections and keys there are, for the line about an unknown one and for tests.
pub const KNOWN: &[(&str, &[&str])] = &[
    ("", &["hostname", "data", "root_key", "region", "language", "timezone"]),
    ("listen", &["submissions", "submission", "imaps", "imap", "exchange", "portal", "metrics", "bounces"]),
    ("tls", &["certificate", "key"]),
    ("store", &["database", "objects"]),
    (
        "limits",
        &[
            "message",
            "memory",
            "connections",
            "network_connections",
            "failed_logins",
            "recipients",
            "mailbox_minute",
            "mailbox_day",
            "device_minute",
            "device_day",
            "application_minute",
            "application_day",
        ],
    ),
    ("portal", &["url", "days", "accessibility", "proxies"]),
    ("notice", &["relay", "from", "ca", "bounces", "return"]),
    ("dkim", &["selector", "key"]),
    ("code.sms", PROVIDER),
    ("code.voice", PROVIDER),
    ("code.ceilings", &["server", "practice", "number", "prefix", "spend"]),
    ("keys", &["recovery", "approve"]),
    ("access", &["cloud_clients", "cloud_clients_file"]),
    ("audit", &["export"]),
    ("scan", &["clamd"]),
    ("log", &["level", "format"]),
];

/// What all kinds have; [`crate::gateway::KINDS`] has the others.
const PROVIDER: &[&str] = &["name", "kind", "price"];

/// Who types commands, as the machine says: whoever became another user, else that user; empty where it says neither.
/// It is kept with what they vouch for, and proves nothing.
pub fn administrator() -> String {
    #[expect(clippy::disallowed_methods, reason = "the one file that reads the environment")]
    let named = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let is_name = |name: &String| name.len() <= 64 && !name.chars().any(char::is_control);
    named.filter(is_name).unwrap_or_default()
}

pub(super) fn load(path: &Path) -> Result<Config, String> {
    let metadata = std::fs::metadata(path).map_err(|error| error.kind().to_string())?;
    let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| error.kind().to_string())?;
    #[expect(clippy::disallowed_methods, reason = "the one file that reads the environment")]
    let environment = |name: &str| std::env::var(name).ok();
    parse(&text, path, metadata.permissions().mode(), &environment)
}

pub(super) fn parse(text: &str, path: &Path, mode: u32, environment: Environment<'_>) -> Result<Config, String> {
    let raw: Raw = toml::from_str(text).map_err(|error| told(text, &error))?;
    // `pli.toml` lies in the folder "", which is where the command was started.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = std::path::absolute(folder).map_err(|error| error.kind().to_string())?;
    check::check(raw, path, &folder, &Secrets { folder: &folder, mode, environment })
}

/// One line about a fault: where, the key, what. The library's own text would quote the line, and a secret with it.
fn told(text: &str, error: &toml::de::Error) -> String {
    let offset = error.span().map_or(0, |span| span.start);
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let what = match error.message().split_once(", expected ") {
        // "invalid type: string "…", expected …": the value stays out of the line.
        Some((found, expected)) if found.starts_with("invalid ") => format!("wrong kind of value, expected {expected}"),
        Some((found, expected)) if found.starts_with("unknown field") => {
            format!("unknown key, expected {}", expected.trim_start_matches("one of ").replace('`', ""))
        }
        _ => error.message().replace('`', ""),
    };
    let what = printable(what.lines().next().unwrap_or_default());
    match key_at(text, offset) {
        Some(key) => format!("line {line}: {}: {what}", printable(&key)),
        None => format!("line {line}: {what}"),
    }
}

/// The key written at an offset, with its section: `listen.portal`.
fn key_at(text: &str, offset: usize) -> Option<String> {
    let mut section = String::new();
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        if bare.starts_with('[') && !bare.contains('=') {
            let header = bare.split('#').next().unwrap_or_default().trim();
            section = header.trim_matches(['[', ']', ' ']).to_owned();
        }
        let end = begin + line.len();
        if (begin..end).contains(&offset) {
            let key = bare.split_once('=').map(|(key, _)| key.trim().trim_matches('"'));
            // Within an inline table the offset stands after the first `=`: the inner key is the better name.
            let inner = line.get(offset - begin..).filter(|rest| {
                line.get(..offset - begin).is_some_and(|head| head.contains('='))
                    && rest.starts_with(|c: char| c.is_ascii_alphanumeric())
            });
            let inner = inner.and_then(|rest| rest.split(['=', ' ', '}', ',']).next()).filter(|rest| !rest.is_empty());
            let parts = [Some(section.as_str()).filter(|s| !s.is_empty()), key, inner.filter(|_| bare.contains('{'))];
            let name = parts.into_iter().flatten().collect::<Vec<_>>().join(".");
            return Some(name).filter(|name| !name.is_empty());
        }
        begin = end;
    }
    None
}
