//! The rooms of `src/`, and who may call whom. To open a new door, change the table and say why.
//!
//! Textual, not a parser: it errs toward complaining. Tests beside the code may build any room.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails; clippy counts helpers as no tests")]

use std::fs;
use std::path::{Path, PathBuf};

/// room · rooms it may name · outside crates that only the rooms listing them may name
const ROOMS: &[(&str, &[&str], &[&str])] = &[
    ("domain", &[], &["phonenumber", "idna", "unicode_normalization"]),
    ("texts", &["domain"], &["fluent_bundle"]),
    // mail-parser decodes the texts that searches look into; what was signed in one piece is BER.
    ("mime", &[], &["mail_parser", "bcder"]),
    // It cuts large parts out of messages before it seals them.
    // Signatures of notices are made where keys are.
    ("vault", &["domain"], &["sequoia_openpgp", "aws_lc_rs", "mail_parser", "mail_auth"]),
    ("store", &["domain"], &["sqlx", "object_store"]),
    // Signatures of providers.
    ("gateway", &["domain", "net"], &["reqwest", "serde_path_to_error", "aws_lc_rs"]),
    ("access", &["domain", "gateway", "store", "vault", "texts"], &[]),
    ("delivery", &["domain", "mime", "store", "vault", "texts"], &["lettre", "mail_parser", "askama"]),
    // Accounts on other servers, read as a mail client would; what comes back of notices is handed to its verb.
    ("remote", &["delivery", "domain", "net"], &["async_imap"]),
    ("mailbox", &["domain", "mime", "store", "vault"], &["mail_parser"]),
    ("smtp", &["domain", "net", "access", "delivery", "mailbox"], &[]),
    ("imap", &["domain", "mime", "net", "access", "mailbox"], &[]),
    (
        "portal",
        &["domain", "net", "access", "mailbox", "delivery", "texts"],
        &["axum", "askama", "ammonia", "crc32fast", "hyper_util", "hyper"],
    ),
    ("watch", &["access", "delivery", "domain", "net"], &["axum"]),
    // It names the settings that rooms are built with, and none of their verbs.
    ("config", &["access", "delivery", "domain", "gateway", "net", "store"], &["toml"]),
    ("net", &["domain"], &["rustls", "tokio_rustls", "rustls_native_certs", "rcgen", "aws_lc_rs", "x509_parser"]),
    ("telemetry", &["domain", "config"], &["tracing_subscriber"]),
    (
        "server",
        &[
            "access",
            "config",
            "delivery",
            "domain",
            "gateway",
            "imap",
            "mailbox",
            "net",
            "portal",
            "remote",
            "smtp",
            "store",
            "telemetry",
            "texts",
            "vault",
            "watch",
        ],
        // The one source of randomness is built here and passed down.
        &["aws_lc_rs", "rustix", "sd_notify"],
    ),
    // The demonstration walks the patient's side over HTTP, as a browser would, and shows mail as a mail client would.
    // An import reads another server's account, as a mail client would.
    (
        "cli",
        &[
            "access",
            "config",
            "delivery",
            "doctor",
            "domain",
            "gateway",
            "mailbox",
            "net",
            // The sheet of every state, which the demonstration writes.
            "portal",
            "remote",
            "server",
            "telemetry",
            "vault",
        ],
        &["async_imap", "clap", "mail_parser", "qrcode", "reqwest", "rustix"],
    ),
    // It looks at everything and changes nothing; what it says is for an administrator.
    ("doctor", &["access", "config", "delivery", "domain", "gateway", "net", "server", "store"], &["hickory_resolver"]),
    (
        "lib",
        &["access", "delivery", "domain", "gateway", "mailbox", "mime", "portal", "remote", "smtp", "store", "vault"],
        &[],
    ),
    ("main", &["cli"], &[]),
];

/// Files that hold a protocol and nothing else: no sockets, no clock, no waiting.
const SANS_IO: &[&str] = &[
    "smtp/command.rs",
    "smtp/data.rs",
    "smtp/body.rs",
    "smtp/chunk.rs",
    "smtp/machine.rs",
    "smtp/request.rs",
    "smtp/auth.rs",
    "smtp/reply.rs",
    "imap/grammar/",
    "imap/section.rs",
    "mime/",
    "imap/line.rs",
    "imap/auth.rs",
    "imap/machine.rs",
    "imap/out.rs",
    "domain/",
];
const IO_WORDS: &[&str] = &["tokio", ".await", "std::net", "std::fs", "std::env", "::now("];

/// Words that only these rooms may say, outside tests.
const WORDS: &[(&str, &[&str])] = &[
    ("Grant::mint(", &["access"]),
    // Unlocked keys of a mailbox are what opens its entries.
    ("vault.unlock(", &["access"]),
    ("Sealed::from_octets(", &["vault", "store"]),
    ("Esk::from_octets(", &["vault", "store"]),
    ("Container::from_octets(", &["vault", "store"]),
    ("KeyedHash::from_octets(", &["vault", "store"]),
    ("Mac::from_octets(", &["vault", "store"]),
    ("Ticket::from_octets(", &["vault"]),
    ("SystemTime::now", &["server"]),
    ("sqlx::query", &["store"]),
];

#[test]
fn rooms_keep_their_doors() {
    let mut faults = Vec::new();
    for file in rust_files(Path::new("src")) {
        let code = code_of(&file);
        let path = file.strip_prefix("src").unwrap().to_str().unwrap().to_owned();
        let room = path.split('/').next().unwrap().trim_end_matches(".rs");
        let Some(&(_, may, _)) = ROOMS.iter().find(|r| r.0 == room) else {
            faults.push(format!("{path}: the room `{room}` is not in the table"));
            continue;
        };
        if SANS_IO.iter().any(|p| path.starts_with(p)) {
            let found = IO_WORDS.iter().filter(|w| code.contains(*w));
            faults.extend(found.map(|w| format!("{path}: does I/O ({w})")));
        }
        for name in ROOMS.iter().flat_map(|r| r.2) {
            let owners: Vec<&str> = ROOMS.iter().filter(|r| r.2.contains(name)).map(|r| r.0).collect();
            if !owners.contains(&room) && names_crate(&code, name) {
                faults.push(format!("{path}: only {owners:?} may name `{name}`"));
            }
        }
        for named in code.split("crate::").skip(1) {
            let named = named.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            if !named.is_empty() && named != room && !may.contains(&named) {
                faults.push(format!("{path}: `{room}` may not name `{named}`"));
            }
        }
        for (word, rooms) in WORDS {
            if code.contains(word) && !rooms.contains(&room) {
                faults.push(format!("{path}: only {rooms:?} may say `{word}`"));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// faults.md row 5 (totp-rs RUSTSEC-2022-0018): secrets are compared in constant time, in the vault.
#[test]
fn fault_05_no_door_or_verb_compares_secrets_itself() {
    let mut faults = Vec::new();
    for file in rust_files(Path::new("src")) {
        let code = code_of(&file);
        for line in code.lines().filter(|line| line.contains("==") || line.contains("!=")) {
            for word in ["reveal_octets()", "code_mac(", ".verifier ==", "token_hash ==", ".secret() ==", ".check() =="]
            {
                if line.contains(word) {
                    faults.push(format!("{}: {}", file.display(), line.trim()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "compared with == :\n{}", faults.join("\n"));
}

/// lettre RUSTSEC-2020-0069: what is not compiled cannot be given arguments by a recipient.
#[test]
fn fault_21_no_sendmail_is_compiled() {
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    let lettre: Vec<&str> = manifest.lines().filter(|line| line.starts_with("lettre ")).collect();
    let [line] = lettre.as_slice() else { panic!("one line about lettre") };
    assert!(
        line.contains("default-features = false") && !line.contains("sendmail") && !line.contains("file-transport")
    );
    for file in rust_files(Path::new("src")) {
        assert!(!code_of(&file).contains("Sendmail"), "{}", file.display());
    }
}

/// Stalwart `inboundReportMaxSize`: what nothing here can unpack, is no bomb. What Outlook packs (RTF) grows by nine at
/// most, and is read up to a limit (tests/force/unwrap.rs). The library that signs can read packed
/// reports, and that part of it is not compiled.
#[test]
fn fault_46_nothing_that_comes_is_unpacked() {
    for file in rust_files(Path::new("src")) {
        for name in ["flate2", "zip", "async_compression", "zstd", "brotli"] {
            assert!(!names_crate(&code_of(&file), name), "{}: `{name}`", file.display());
        }
    }
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    let library: Vec<&str> = manifest.lines().filter(|line| line.starts_with("mail-auth ")).collect();
    let [line] = library.as_slice() else { panic!("one line about mail-auth") };
    assert!(line.contains("default-features = false") && line.contains("features = [\"aws-lc-rs\"]"), "{line}");
}

/// lopdf RUSTSEC-2026-0187, zip RUSTSEC-2025-0168: what shows nothing of a file beside its name has nothing to be bombed.
#[test]
fn fault_32_nothing_that_previews_is_compiled() {
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    let ours = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[dev-dependencies]\n").next().unwrap();
    assert!(ours.contains("\ntokio "), "these are the dependencies of the program");
    for name in
        ["lopdf", "pdf", "pdfium-render", "mupdf", "image", "resvg", "zip", "tar", "compress-tools", "quick-xml"]
    {
        assert!(!ours.lines().any(|line| line.starts_with(&format!("{name} "))), "{name}");
    }
}

/// A file stays one idea: what outgrows this is two.
#[test]
fn files_stay_readable() {
    let long: Vec<String> = rust_files(Path::new("src"))
        .into_iter()
        .map(|file| (fs::read_to_string(&file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > 700)
        .map(|(lines, file)| format!("{}: {lines} lines", file.display()))
        .collect();
    assert!(long.is_empty(), "\n{}", long.join("\n"));
}

fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let after = &code[at + name.len()..];
        before && after.starts_with("::")
    })
}

/// The code without comments and without the tests at its end.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap()).collect();
    code.join("\n").split("#[cfg(test)]").next().unwrap().to_owned()
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs"))
        .collect()
}
