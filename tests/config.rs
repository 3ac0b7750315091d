//! Settings: the samples may not drift, and nothing unknown starts (fault 36).

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::collections::BTreeSet;
use std::path::Path;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::RsaKeyPair;
use pli::config::{Config, KNOWN};
use pli::domain::{Contact, Timestamp};
use pli::gateway::KINDS;

const SAMPLE: &str = include_str!("../config/pli.toml");

fn parse_as(text: &str, mode: u32) -> Result<Config, String> {
    let environment = |name: &str| (name == "PLI_TEST_SECRET").then(|| "from-the-environment".to_owned());
    Config::parse(text, Path::new("/etc/pli/pli.toml"), mode, &environment).map_err(|error| error.to_string())
}

fn parse(text: &str) -> Result<Config, String> {
    parse_as(text, 0o600)
}

/// The sample with what is commented out as well.
fn whole() -> String {
    let setting = |line: &str| {
        let bare = line.trim_start_matches("# ");
        bare.starts_with('[')
            || bare.split_once(" = ").is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
    };
    let lines: Vec<&str> = SAMPLE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(bare) if setting(bare) && !bare.starts_with("[[tls]] may") => bare,
            _ => line,
        })
        .collect();
    // The newer list that the sample speaks of is the one that is there.
    let list = concat!("\"", env!("CARGO_MANIFEST_DIR"), "/config/cloud-clients.toml\"");
    lines
        .join("\n")
        .replace("\"cloud-clients.toml\"", list)
        .replace("certs/smsc-ca.pem", &made().1)
        .replace("certs/vonage.key", &made().2)
}

/// A certificate of an authority and a private key: whoever names files must find them.
fn made() -> &'static (tempfile::TempDir, String, String) {
    static FILES: std::sync::OnceLock<(tempfile::TempDir, String, String)> = std::sync::OnceLock::new();
    FILES.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let trial = pli::net::trial::issue(&["localhost"], Timestamp(1_800_000_000_000)).expect("a certificate");
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).expect("PKCS #8");
        let body = data_encoding::BASE64.encode(der.as_ref());
        let key = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        let write = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).expect("written");
            std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("changed");
            file.display().to_string()
        };
        let (authority, key) = (write("ca.pem", &trial.authority), write("vonage.key", &key));
        (folder, authority, key)
    })
}

#[test]
fn the_samples_are_good_and_know_every_key() {
    let config = parse(SAMPLE).expect("the sample");
    assert!(config.not_built.is_empty());
    assert_eq!(config.limits.message, 25 << 20);
    assert_eq!(config.tls[0].key, Path::new("/etc/pli/certs/mail.cabinet.example/privkey.pem"));
    assert_eq!(config.delivery().portal_url, "https://mail.cabinet.example");
    parse(include_str!("../config/loopback.toml")).expect("the small sample");

    let config = parse(&whole()).expect("the sample with everything");
    assert!(config.providers.len() >= 2);
    assert!(!config.cloud_clients.allow && config.cloud_clients.list.len() >= 3);
    let allow = changed("access.cloud_clients", &|key, _| (key.to_owned(), "allow".into()));
    assert!(parse(&allow).expect("allowed").cloud_clients.allow);
    let none = changed("access.cloud_clients_file", &|key, _| (key.to_owned(), "nowhere.toml".into()));
    assert!(parse(&none).expect_err("no such file").contains("access.cloud_clients_file: /etc/pli/nowhere.toml:"));
    assert_eq!(config.portal.accessibility, Contact::read("acces@cabinet.example").ok());
    let clear = changed("portal.accessibility", &|key, _| (key.to_owned(), "http://cabinet.example".into()));
    assert!(parse(&clear).expect_err("in clear").contains("portal.accessibility: must be a mail address"));
    assert_eq!(config.not_built.iter().filter(|line| line.starts_with("listen.exchange:")).count(), 1);
    assert!(config.listen.bounces.is_some() && config.notice.bounces.is_some());

    let table: toml::Table = toml::from_str(&whole()).expect("TOML");
    let mut found: BTreeSet<String> = BTreeSet::new();
    leaves(&toml::Value::Table(table), "", &mut |path, _| {
        found.insert(path.to_owned());
    });
    let common = KNOWN.iter().flat_map(|(section, keys)| keys.iter().map(move |key| (*section, *key)));
    let kinds = KINDS.iter().flat_map(|kind| kind.keys.iter().map(|key| ("code.sms", *key)));
    // The sections of providers are numbered.
    let found: BTreeSet<String> = found.iter().map(|path| bare(path)).collect();
    for (section, key) in common.chain(kinds) {
        {
            let path = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
            let in_sample = |path: &str| found.iter().any(|f| f == path || f.starts_with(&format!("{path}.")));
            // Of the two kinds of providers each shows what the other does not.
            let other = path.replace("code.voice", "code.sms");
            let twin = path.replace("code.sms", "code.voice");
            assert!(in_sample(&path) || in_sample(&other) || in_sample(&twin), "{path} is not in the sample");
        }
    }
}

/// Whoever names a proxy is told that nothing is believed of it yet, be it a network or one address.
#[test]
fn fault_37_every_proxy_that_is_not_used_is_said() {
    let proxies = ["10.0.0.0/8", "192.0.2.1", "2001:db8::1/128"];
    let list = toml::Value::Array(proxies.iter().map(|proxy| toml::Value::from(*proxy)).collect());
    let config = parse(&changed("portal.proxies", &|key, _| (key.to_owned(), list.clone()))).expect("good ones");
    for proxy in proxies {
        let about = |line: &&String| line.starts_with("portal.proxies:") && line.contains(proxy);
        assert_eq!(config.not_built.iter().filter(about).count(), 1, "{proxy}");
    }
}

/// A path without the numbers of repeated sections.
fn bare(path: &str) -> String {
    path.split('.').filter(|part| part.parse::<usize>().is_err()).collect::<Vec<_>>().join(".")
}

/// Calls `each` with the dotted path and the value of every setting; repeated sections are numbered.
fn leaves(value: &toml::Value, path: &str, each: &mut dyn FnMut(&str, &toml::Value)) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(value, &path, each);
            }
        }
        toml::Value::Array(list) if list.first().is_some_and(toml::Value::is_table) => {
            list.iter().enumerate().for_each(|(n, value)| leaves(value, &format!("{path}.{n}"), each));
        }
        _ => each(path, value),
    }
}

/// The document with the setting at `path` put through `change` (which returns its new key and value).
fn changed(path: &str, change: &dyn Fn(&str, &toml::Value) -> (String, toml::Value)) -> String {
    let mut document: toml::Table = toml::from_str(&whole()).expect("TOML");
    let (parents, key) = path.rsplit_once('.').map_or((Vec::new(), path), |(p, key)| (p.split('.').collect(), key));
    let mut table = &mut document;
    let mut parents = parents.into_iter().peekable();
    while let Some(parent) = parents.next() {
        table = match table.get_mut(parent).expect("a parent") {
            toml::Value::Array(list) => {
                // The first, unless the path says which.
                let number = parents.next_if(|next| next.parse::<usize>().is_ok()).map_or(0, |n| n.parse().expect("n"));
                list[number].as_table_mut().expect("a table")
            }
            value => value.as_table_mut().expect("a table"),
        };
    }
    let value = table.remove(key).expect("a value");
    let (key, value) = change(key, &value);
    table.insert(key, value);
    toml::to_string(&document).expect("TOML")
}

/// For every setting there is: another name, another type, and a value nobody knows refuse to start, in one
/// line that names the setting and holds no control character.
#[test]
fn fault_36_every_unknown_key_type_and_value_refuses_to_start() {
    // What takes any text: names, templates, and what only a provider can judge.
    let free = |path: &str| [".query.", ".headers.", ".success", ".refusals."].iter().any(|part| path.contains(part));
    let mut paths = Vec::new();
    let document: toml::Value = toml::from_str(&whole()).expect("TOML");
    leaves(&document, "", &mut |path, _| paths.push(path.to_owned()));
    assert!(paths.len() > 40, "{}", paths.len());

    let junk = ["\u{1b}[2J maybe \u{7}", "", "true\r\nforged = 1"];
    for path in &paths {
        let key = path.rsplit('.').next().expect("a key");
        let refuses = |text: &str, what: &str| {
            let refused = parse(text).err().unwrap_or_else(|| panic!("{path}: {what} is accepted"));
            assert!(refused.contains(key), "{path}: {what}: {refused}");
            assert!(!refused.chars().any(char::is_control), "{path}: {what}: {refused:?}");
        };
        if !free(path) || path.ends_with(".success") {
            refuses(&changed(path, &|key, value| (format!("{key}x"), value.clone())), "another key");
        }
        let other = |old: &toml::Value| match old {
            toml::Value::Boolean(_) => toml::Value::Integer(1),
            _ => toml::Value::Boolean(false),
        };
        refuses(&changed(path, &|key, old| (key.to_owned(), other(old))), "another type");
        if free(path) || path.ends_with(".body") {
            continue;
        }
        for value in junk {
            // An empty text for a body or path is no value either.
            refuses(&changed(path, &|key, old| (key.to_owned(), shaped(old, value))), &format!("{value:?}"));
        }
    }
}

/// Junk in the shape of the old value: a list of it for a list, a number out of range for a number.
fn shaped(old: &toml::Value, junk: &str) -> toml::Value {
    match old {
        toml::Value::Array(_) => toml::Value::Array(vec![junk.into()]),
        toml::Value::Integer(_) => toml::Value::Integer(-(i64::try_from(junk.len()).expect("short"))),
        _ => junk.into(),
    }
}

#[test]
fn limits_have_usual_values_and_bounds() {
    let usual = parse(include_str!("../config/loopback.toml")).expect("nothing said").limits;
    // The sample shows, commented out, what holds without it.
    let said = parse(&whole()).expect("all of it").limits;
    let all = |limits: pli::config::Limits| {
        let pair = |rate: pli::delivery::Rate| [rate.minute, rate.day];
        let rates = [limits.rates.mailbox, limits.rates.device, limits.rates.application].map(pair);
        (limits.connections, limits.network_connections, limits.failed_logins, limits.recipients, rates)
    };
    assert_eq!(all(usual), all(said));
    assert_eq!(all(usual), (4096, 512, 100, 100, [[300, 3_000], [200, 2_000], [12_000, 100_000]]));
    let set =
        |key: &str, value: i64| parse(&changed(&format!("limits.{key}"), &|key, _| (key.to_owned(), value.into())));
    assert_eq!(set("recipients", 5).expect("five").limits.recipients, 5);
    assert_eq!(set("device_day", 7).expect("seven").limits.rates.device.day, 7);
    for key in
        ["connections", "network_connections", "failed_logins", "recipients", "mailbox_minute", "application_day"]
    {
        for bad in [0, -1, i64::MAX] {
            assert!(set(key, bad).expect_err("no limit").starts_with(&format!("limits.{key}:")), "{key}");
        }
    }
}

#[test]
fn nothing_goes_in_clear_to_another_machine() {
    let with = |path: &str, value: &str| parse(&changed(path, &|key, _| (key.to_owned(), value.into())));
    for (path, good, bad) in [
        (
            "notice.relay",
            &["smtps://u:p@relay.example:465", "smtp://relay.example:587", "smtp://127.0.0.1:25"][..],
            &["http://relay.example", "smtps://", "relay.example", "smtp+plain://relay.example", "smtps://a?tls=no"][..],
        ),
        ("portal.url", &["https://p.example"], &["http://p.example", "http://127.0.0.1", "https://p.example/x"]),
        (
            "code.sms.url",
            &["https://sms.example/x", "http://127.0.0.1:1/x", "http://[::1]/x", "http://localhost/x"],
            &["http://sms.example/x", "http://127.0.0.1.example/", "ftp://127.0.0.1/", "http://localhost.example/"],
        ),
        (
            "store.database",
            &[
                "sqlite:pli.db",
                "postgres://u:p@localhost/pli",
                "postgres://u@127.0.0.1/pli",
                "postgres:///pli?host=/run/postgresql",
                "postgres://u:p@db.example/pli?sslmode=verify-full",
            ],
            &[
                "postgres://u:p@db.example/pli",
                "postgres://u:p@db.example/pli?sslmode=require",
                "postgres://u:p@db.example/pli?sslmode=verify-full&sslmode=disable",
                "postgres://localhost/pli?host=db.example",
                "postgres://localhost/pli?hostaddr=192.0.2.1",
                "mysql://localhost/pli",
                "sqlite::memory:",
                "sqlite:",
            ],
        ),
        (
            "notice.bounces",
            &["imaps://u:p@imap.example/INBOX", "imap+starttls://u:p@imap.example", "imap://u:p@127.0.0.1:143/"],
            &["imap://u:p@imap.example/", "imaps://imap.example/", "pop3s://u:p@imap.example", "imaps://u:p@/"],
        ),
        (
            "dkim.selector",
            &["pli", "pli-2027", "2027.mail", "s1"],
            &["", "pli ", "a..b", ".a", "-a", "a-", "a_b", "é", "pli._domainkey", "pli-ed", "PLI-ED"],
        ),
        ("dkim.key", &["/etc/dkim.key", "certs/other.key"], &["", "certs/\u{7}.key"]),
        ("code.sms.kind", &["http"], &["console", "HTTP", "sms", "mail"]),
    ] {
        for value in good {
            assert!(with(path, value).is_ok(), "{path} = {value}: {:?}", with(path, value).err());
        }
        for value in bad {
            let refused = with(path, value).err().unwrap_or_else(|| panic!("{path} = {value} is accepted"));
            assert!(refused.contains(path.rsplit('.').next().expect("a key")), "{refused}");
        }
    }
}

#[test]
fn fault_11_secrets_stand_where_others_cannot_read_and_are_never_told() {
    for mode in [0o644, 0o640, 0o604, 0o660] {
        assert!(parse_as(SAMPLE, mode).expect_err("a plain password").starts_with("notice.relay:"), "{mode:o}");
    }
    let small = include_str!("../config/loopback.toml");
    parse_as(small, 0o644).expect("it holds no secret");

    let relay = "smtps://user:canary-password@smtp.example:465";
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("relay");
    std::fs::write(&file, format!("{relay}\n")).expect("written");
    let text = small.replace("smtp://127.0.0.1:10025", &format!("file:{}", file.display()));
    let mode = |mode| std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(mode));
    mode(0o644).expect("changed");
    assert!(parse_as(&text, 0o644).expect_err("others can read it").contains("chmod 600"));
    mode(0o600).expect("changed");
    let config = parse_as(&text, 0o644).expect("good");
    assert_eq!(config.notice.relay.as_ref().expect("a relay").reveal(), relay);
    assert!(!format!("{config:?}").contains("canary"));

    // From the environment; a value that is not a relay is not told, nor is any other variable.
    let text = small.replace("smtp://127.0.0.1:10025", "env:PLI_TEST_SECRET");
    let refused = parse_as(&text, 0o644).expect_err("not a relay");
    assert!(refused.starts_with("notice.relay:") && !refused.contains("from-the-environment"), "{refused}");
    let text = small.replace("smtp://127.0.0.1:10025", "env:PLI_TEST_NOTHING");
    assert!(parse_as(&text, 0o644).expect_err("not set").contains("PLI_TEST_NOTHING"));

    // Faults of syntax do not quote their line.
    for broken in ["relay = \"canary-one\"\nrelay = \"canary-two\"", "[notice]\nrelay = [\"canary\"]", "x = canary"] {
        let refused = parse(&format!("{broken}\n{small}")).expect_err("broken");
        assert!(!refused.contains("canary") && !refused.contains('\n'), "{refused}");
    }
}
