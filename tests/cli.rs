//! The real program: usage, first installation, refusals in one line, exit codes, what is printed.

#![expect(clippy::expect_used, reason = "a test stops where it fails")]

use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn pli(arguments: &[&str]) -> Ran {
    pli_with(arguments, "")
}

fn pli_with(arguments: &[&str], input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pli"))
        .args(arguments)
        .env("PLI_CANARY", "canary-in-the-environment")
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    // A program that refuses before it reads closes the pipe: no harm.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
    let text = |octets| String::from_utf8(octets).expect("UTF-8");
    let ran = Ran { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) };
    // Fault 11: nothing of the environment is ever said.
    assert!(!ran.out.contains("canary-in-the-environment") && !ran.err.contains("canary-in-the-environment"));
    ran
}

impl Ran {
    #[track_caller]
    fn done(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.err);
        self
    }

    /// Refused: exit 1 and one line that says why.
    #[track_caller]
    fn refused(&self, why: &str) {
        assert_eq!(self.code, 1, "{} {}", self.out, self.err);
        let last = self.err.lines().last().unwrap_or_default();
        assert_eq!(self.err.lines().count(), 1, "{}", self.err);
        assert!(last.starts_with("pli: ") && last.contains(why), "{last} (wanted: {why})");
        assert!(!self.err.contains("panicked") && !self.err.contains("stack backtrace"));
    }
}

struct Installation {
    folder: tempfile::TempDir,
}

impl Installation {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path().join("pli").display().to_string();
        pli(&["init", &dir, "--hostname", "mail.cabinet.example", "--high-ports"]).done();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("pli").join(name)
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let config = self.path("pli.toml").display().to_string();
        pli_with(&[&["--config", config.as_str()], arguments].concat(), input)
    }

    fn change(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path("pli.toml")).expect("settings");
        assert!(text.contains(from), "{from}");
        std::fs::write(self.path("pli.toml"), text.replace(from, to)).expect("written");
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("there").permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("changed");
}

#[test]
fn usage_errors_end_with_2_and_help_with_0() {
    for wrong in [
        &[][..],
        &["nothing"],
        &["init"],
        &["mailbox", "add", "a@b.example"],
        &["mailbox", "add", "a@b.example", "--name", "A", "--kind", "royal"],
        &["mailbox", "add", "a@b.example", "--name", "A", "--password", "secret"],
        &["mailbox", "set", "a@b.example"],
        &["mailbox", "set", "a@b.example", "--sent", "both"],
        &["mailbox", "set", "a@b.example", "--receipts", "some"],
        &["mailbox", "set", "a@b.example", "--quota", "10"],
        &["device", "add", "a@b.example"],
        &["patient", "list", "--revael"],
        &["route", "a@b.example"],
        &["delivery", "list", "--limit", "0"],
        &["delivery", "list", "--since", "2026-03-12T08:40:00Z"],
        &["delivery", "list", "--from", "a@b.example", "--since", "yesterday"],
    ] {
        assert_eq!(pli(wrong).code, 2, "{wrong:?}");
    }
    assert_eq!(pli(&["--help"]).done().err, "");
    assert!(pli(&["--version"]).done().out.starts_with("pli "));
}

#[test]
fn the_sheet_of_every_state_is_written_into_a_new_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let sheet = folder.path().join("sheet");
    let path = sheet.display().to_string();
    let said = pli(&["demo", "--sheet", &path]).done().out;
    assert!(said.contains("index.html"), "{said}");
    for file in ["index.html", "style.css", "sheet-ru.html", "fr/choose.html", "ru/answer-infected.html"] {
        assert!(sheet.join(file).is_file(), "{file}");
    }
    pli(&["demo", "--sheet", &path]).refused(&path);
    assert_eq!(pli(&["demo", "--sheet", &path, "--once"]).code, 2);
}

#[test]
fn settings_that_are_not_there_are_refused_in_one_line() {
    pli(&["--config", "/nowhere/pli.toml", "serve"]).refused("/nowhere/pli.toml: entity not found");
    pli(&["--config", "/nowhere/pli.toml", "practice", "list"]).refused("/nowhere/pli.toml");
}

#[test]
fn init_makes_an_installation_once_and_keeps_its_secrets_to_the_owner() {
    let installation = Installation::new();
    for (name, expected) in [
        ("", 0o700),
        ("data", 0o700),
        ("pli.toml", 0o600),
        ("root.key", 0o600),
        ("certs/mail.cabinet.example/privkey.pem", 0o600),
        ("certs/dkim.key", 0o600),
    ] {
        assert_eq!(mode(&installation.path(name)), expected, "{name}");
    }
    assert!(installation.path("certs/ca.pem").exists() && installation.path("recovery.cert").exists());

    let before = std::fs::read(installation.path("root.key")).expect("a key");
    let dir = installation.path("").display().to_string();
    pli(&["init", &dir, "--hostname", "other.example"]).refused("there is an installation already");
    assert_eq!(std::fs::read(installation.path("root.key")).expect("a key"), before);
}

#[test]
fn the_recovery_secret_is_printed_once_or_written_where_one_says_and_never_beside_the_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let printed = pli(&["init", &at("a"), "--hostname", "a.example"]).done().out;
    assert!(printed.contains("BEGIN PGP PRIVATE KEY BLOCK"));
    assert!(printed.trim_end().lines().last().expect("a line").starts_with("Copy "));

    let written = pli(&["init", &at("b"), "--hostname", "b.example", "--recovery", &at("b.asc")]).done().out;
    assert!(!written.contains("BEGIN PGP PRIVATE"));
    let secret = std::fs::read_to_string(at("b.asc")).expect("a secret");
    assert!(secret.contains("BEGIN PGP PRIVATE KEY BLOCK"));
    assert_eq!(mode(Path::new(&at("b.asc"))), 0o600);

    let inside = at("c/data/x.asc");
    pli(&["init", &at("c"), "--hostname", "c.example", "--recovery", &inside]).refused("--recovery");
    pli(&["init", &at("c"), "--hostname", "c.example", "--recovery", &at("b.asc")]).refused("--recovery");
    pli(&["init", &at("c"), "--hostname", "not a name"]).refused("--hostname");
    pli(&["init", &at("c"), "--hostname", "c.example", "--portal-url", "http://c.example"]).refused("https://");
    assert!(!Path::new(&at("c")).exists(), "nothing was made");

    pli(&["init", &at("d"), "--hostname", "d.example", "--no-recovery"]).done();
    assert!(!Path::new(&at("d/recovery.cert")).exists());
    let settings = std::fs::read_to_string(at("d/pli.toml")).expect("settings");
    assert!(settings.contains("\n# recovery = "));
}

#[test]
fn fault_36_unknown_keys_and_bad_values_refuse_to_start_and_change_nothing() {
    for (from, to, why) in [
        ("days = 30", "dayz = 30", "dayz"),
        ("days = 30", "days = 0", "portal.days"),
        ("message = \"25 MiB\"", "message = \"25\"", "limits.message"),
        ("url = \"https://", "url = \"http://", "portal.url"),
        ("[limits]", "[limit]", "limit"),
        ("relay = \"smtp://127.0.0.1:25\"", "relay = \"http://127.0.0.1:25\"", "notice.relay"),
        ("hostname = \"mail.cabinet.example\"", "hostname = \"\\u001b[2J\"", "hostname"),
        ("# [log]\n# level = \"info\"", "[log]\nlevel = \"loud\"", "log.level"),
        ("timezone = \"Europe/Paris\"", "timezone = \"Europe/Lutetia\"", "timezone"),
    ] {
        let installation = Installation::new();
        installation.change(from, to);
        installation.run(&["serve"]).refused(why);
        installation.run(&["practice", "list"]).refused(why);
        let data = std::fs::read_dir(installation.path("data")).expect("a folder").count();
        assert_eq!(data, 0, "{to}");
    }
}

#[test]
fn files_that_others_can_read_are_refused() {
    let installation = Installation::new();
    set_mode(&installation.path("root.key"), 0o640);
    installation.run(&["practice", "list"]).refused("root_key");
    set_mode(&installation.path("root.key"), 0o600);

    let key = installation.path("certs/mail.cabinet.example/privkey.pem");
    set_mode(&key, 0o644);
    installation.change("0.0.0.0:10465", "127.0.0.1:0");
    installation.change("0.0.0.0:10587", "127.0.0.1:0");
    installation.change("0.0.0.0:10993", "127.0.0.1:0");
    installation.change("0.0.0.0:10143", "127.0.0.1:0");
    installation.change("0.0.0.0:10443", "127.0.0.1:0");
    installation.run(&["serve"]).refused("tls.key");
    set_mode(&key, 0o600);

    installation.change("smtp://127.0.0.1:25", "smtps://u:canary-secret@relay.example");
    set_mode(&installation.path("pli.toml"), 0o644);
    let ran = installation.run(&["practice", "list"]);
    ran.refused("notice.relay");
    assert!(!ran.err.contains("canary-secret"));
    set_mode(&installation.path("pli.toml"), 0o600);

    set_mode(&installation.path("data"), 0o777);
    installation.run(&["practice", "list"]).refused("others can write");
}

#[test]
fn a_key_that_signs_is_made_once_read_by_the_owner_alone_and_of_a_kind_that_is_verified() {
    let installation = Installation::new();
    let path = installation.path("certs/dkim.key");
    for from in ["0.0.0.0:10465", "0.0.0.0:10587", "0.0.0.0:10993", "0.0.0.0:10143", "0.0.0.0:10443"] {
        installation.change(from, "127.0.0.1:0");
    }
    set_mode(&path, 0o640);
    installation.run(&["serve"]).refused("dkim.key: ");
    installation.run(&["serve"]).refused("others can read it; chmod 600");
    set_mode(&path, 0o600);
    let tls = std::fs::read(installation.path("certs/mail.cabinet.example/privkey.pem")).expect("an ECDSA key");
    std::fs::write(&path, tls).expect("written");
    installation.run(&["serve"]).refused("not a key for DKIM: RSA of 2048 bits or more, or Ed25519, as PEM");
    std::fs::remove_file(&path).expect("removed");
    installation.run(&["serve"]).refused("certs/dkim.key: entity not found");
    assert_eq!(std::fs::read_dir(installation.path("data")).expect("a folder").count(), 0, "nothing was founded");

    let file = path.display().to_string();
    let said = pli(&["key", "dkim", &file]).done().out;
    assert!(said.contains("[[dkim]]") && !said.contains("PRIVATE KEY"), "{said}");
    assert_eq!(mode(&path), 0o600);
    let made = std::fs::read(&path).expect("a key");
    pli(&["key", "dkim", &file, "--kind", "ed25519"]).refused("entity already exists");
    assert_eq!(std::fs::read(&path).expect("the same"), made);
    assert_eq!(pli(&["key", "dkim", &file, "--kind", "dsa"]).code, 2);
    let other = installation.path("certs/ed.key");
    pli(&["key", "dkim", &other.display().to_string(), "--kind", "ed25519"]).done();
    let key = pli::vault::DkimKey::parse(&std::fs::read_to_string(&other).expect("a key")).expect("one that signs");
    assert!(key.record().expect("a record").starts_with("v=DKIM1; k=ed25519; p="));
}

/// A record's text in its quoted pieces.
fn pieces(text: &str) -> String {
    let octets: Vec<char> = text.chars().collect();
    octets.chunks(255).map(|piece| format!("\"{}\"", piece.iter().collect::<String>())).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_domains_publish_is_printed_as_lines_of_a_zone() {
    let installation = Installation::new();
    installation.run(&["practice", "add", "Port"]).done();
    installation.run(&["domain", "add", "cabinet.example"]).done();
    let pem = std::fs::read_to_string(installation.path("certs/dkim.key")).expect("a key");
    let dkim = pieces(&pli::vault::DkimKey::parse(&pem).expect("a key").record().expect("a record"));

    // As init leaves it: a mail server on this machine, the From below the host name, no way in for what comes back.
    let printed = installation.run(&["dns"]).done().out;
    let (zones, host) = printed.split_once("\n\n; mail.cabinet.example: this server\n").expect("the server's own");
    let expected = format!(
        r#"; cabinet.example
; No mail leaves Pli from this domain. If none leaves from elsewhere, publish also:
;   cabinet.example. 3600 IN TXT "v=spf1 -all"
;   _dmarc.cabinet.example. 3600 IN TXT "v=DMARC1; p=reject"
_submissions._tcp.cabinet.example. 3600 IN SRV 0 1 10465 mail.cabinet.example.
_submission._tcp.cabinet.example. 3600 IN SRV 0 1 10587 mail.cabinet.example.
_imaps._tcp.cabinet.example. 3600 IN SRV 0 1 10993 mail.cabinet.example.
_imap._tcp.cabinet.example. 3600 IN SRV 0 1 10143 mail.cabinet.example.
_autodiscover._tcp.cabinet.example. 3600 IN SRV 0 1 10443 mail.cabinet.example.

; mail.cabinet.example
; MX: what comes back of notices has no way in; open listen.bounces or name notice.bounces.
mail.cabinet.example. 3600 IN TXT "v=spf1 a:mail.cabinet.example -all"
pli._domainkey.mail.cabinet.example. 3600 IN TXT {dkim}
; DMARC: p=none for as long as other mail from this domain is not signed.
_dmarc.mail.cabinet.example. 3600 IN TXT "v=DMARC1; p=quarantine""#
    );
    assert_eq!(zones, expected);
    // The key's digest, by another way than TLS': from the certificate.
    let chain = std::fs::read(installation.path("certs/mail.cabinet.example/fullchain.pem")).expect("a certificate");
    let digest = key_digest(&chain);
    for port in [10465, 10587, 10993, 10143] {
        let line = format!("_{port}._tcp.mail.cabinet.example. 3600 IN TLSA 3 1 1 {digest}\n");
        assert_eq!(host.matches(&line).count(), 1, "{host}");
    }
    assert!(!host.contains("_25._tcp"), "no door, no record: {host}");

    // With a relay elsewhere, the practice's own domain in the From, and the door that takes what comes back.
    installation.change("smtp://127.0.0.1:25", "smtps://u:canary-secret@smtp.isp.example");
    installation.change("Pli <ne-pas-repondre@mail.cabinet.example>", "Cabinet <ne-pas-repondre@cabinet.example>");
    installation.change("# bounces = \"0.0.0.0:25\"", "bounces = \"0.0.0.0:25\"");
    installation.change("0.0.0.0:10993", "0.0.0.0:0");
    let printed = installation.run(&["dns"]).done().out;
    assert!(!printed.contains("canary-secret"), "{printed}");
    let expected = format!(
        r#"; cabinet.example
cabinet.example. 3600 IN MX 10 mail.cabinet.example.
; SPF: where the relay's operator names an include:, it takes the place of a:smtp.isp.example.
cabinet.example. 3600 IN TXT "v=spf1 a:smtp.isp.example ~all"
pli._domainkey.cabinet.example. 3600 IN TXT {dkim}
; DMARC: p=none for as long as other mail from this domain is not signed.
_dmarc.cabinet.example. 3600 IN TXT "v=DMARC1; p=quarantine"
; MTA-STS: with a certificate of a public authority, and with a web server that shows, at
; https://mta-sts.cabinet.example/.well-known/mta-sts.txt:
;   version: STSv1
;   mode: enforce
;   mx: mail.cabinet.example
;   max_age: 604800
_mta-sts.cabinet.example. 3600 IN TXT "v=STSv1; id=b10a2c4118ce8c59"
_submissions._tcp.cabinet.example. 3600 IN SRV 0 1 10465 mail.cabinet.example.
_submission._tcp.cabinet.example. 3600 IN SRV 0 1 10587 mail.cabinet.example.
_imaps._tcp.cabinet.example. 3600 IN SRV 0 1 993 mail.cabinet.example.
_imap._tcp.cabinet.example. 3600 IN SRV 0 1 10143 mail.cabinet.example.
_autodiscover._tcp.cabinet.example. 3600 IN SRV 0 1 10443 mail.cabinet.example.
"#
    );
    assert_eq!(installation.run(&["dns", "Cabinet.Example"]).done().out, expected);
    assert!(
        printed.starts_with(&expected)
            && printed.contains(&format!("_25._tcp.mail.cabinet.example. 3600 IN TLSA 3 1 1 {digest}\n"))
    );

    // A practice with a From of its own has its records too; an account elsewhere keeps its own MX.
    installation.run(&["practice", "set", "Port", "--notice-from", "Port <lettres@port.example>"]).done();
    installation.change("bounces = \"0.0.0.0:25\"", "# bounces = \"0.0.0.0:25\"");
    installation.change("# bounces = \"imaps://", "bounces = \"imaps://");
    let port = installation.run(&["dns", "port.example"]).done().out;
    assert!(
        port.starts_with("; port.example\n; MX: as the server has it where the account of notice.bounces is.\n"),
        "{port}"
    );
    assert!(port.contains("pli._domainkey.port.example. 3600 IN TXT ") && !port.contains("SRV"), "{port}");

    let rows = objects(&installation.run(&["dns", "--json"]).done().out);
    let of = |kind: &str| rows.iter().filter(|row| row["type"] == kind && row["ttl"] == 3600).count();
    assert_eq!((of("SRV"), of("TLSA"), of("MX"), of("CNAME")), (5, 4, 0, 0));
    let found = rows.iter().find(|row| row["name"] == "pli._domainkey.cabinet.example.").expect("a key");
    assert_eq!((found["domain"].as_str(), found["data"].as_str()), (Some("cabinet.example"), Some(dkim.as_str())));

    installation.run(&["dns", "elsewhere.example"]).refused("elsewhere.example: no domain of this server");
    set_mode(&installation.path("certs/dkim.key"), 0o644);
    installation.run(&["dns"]).refused("others can read it; chmod 600");
    set_mode(&installation.path("certs/dkim.key"), 0o600);
    // Before there is a certificate the names have to be in the DNS: what is known is printed.
    std::fs::remove_file(installation.path("certs/mail.cabinet.example/fullchain.pem")).expect("removed");
    let printed = installation.run(&["dns"]).done().out;
    assert!(printed.contains("; TLSA: tls.certificate ") && !printed.contains("IN TLSA"), "{printed}");
}

/// SHA-256 of the public key of a chain's first certificate.
fn key_digest(pem: &[u8]) -> String {
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem).expect("PEM");
    let certificate = pem.parse_x509().expect("a certificate");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate.public_key().raw);
    data_encoding::HEXLOWER.encode(digest.as_ref())
}

#[test]
fn a_port_in_use_or_denied_and_a_name_without_certificate_are_one_line() {
    let installation = Installation::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = taken.local_addr().expect("an address").to_string();
    installation.change("0.0.0.0:10465", &address);
    installation.run(&["serve"]).refused("another program listens there already");
    installation.change(&address, "192.0.2.77:10465");
    installation.run(&["serve"]).refused("this machine has no such address");
    for from in ["192.0.2.77:10465", "0.0.0.0:10587", "0.0.0.0:10993", "0.0.0.0:10143", "0.0.0.0:10443"] {
        installation.change(from, "127.0.0.1:0");
    }
    installation.change("url = \"https://mail.cabinet.example:10443\"", "url = \"https://patient.example\"");
    installation.run(&["serve"]).refused("patient.example");
    assert_eq!(std::fs::read_dir(installation.path("data")).expect("a folder").count(), 0);
}

#[test]
fn a_wrong_root_key_is_recognised_and_changes_nothing() {
    let installation = Installation::new();
    installation.run(&["practice", "add", "Cabinet"]).done();
    let other = Installation::new();
    std::fs::copy(other.path("root.key"), installation.path("root.key")).expect("copied");
    installation.run(&["practice", "list"]).refused("this root key is not the one the data was sealed with");
    std::fs::write(installation.path("root.key"), "canary-key\n").expect("written");
    let ran = installation.run(&["practice", "list"]);
    ran.refused("this is not a root key");
    assert!(!ran.err.contains("canary-key"));
}

#[test]
fn a_root_key_is_changed_shown_and_retired() {
    let installation = Installation::new();
    installation.run(&["practice", "add", "Cabinet"]).done();
    installation.run(&["domain", "add", "cabinet.example"]).done();
    let run = |arguments: &[&str]| installation.run(arguments).done().out;
    let keys = || objects(&run(&["key", "show", "--json"])).remove(0)["root_keys"].clone();
    let old = keys()[0]["id"].as_str().expect("an id").to_owned();
    let file = || std::fs::read_to_string(installation.path("root.key")).expect("read");
    let first = file();
    let said = run(&["key", "rotate"]);
    assert!(said.contains("is in use") && said.contains(&format!("pli key retire {old}")), "{said}");
    assert_eq!((file().lines().count(), file().contains(first.trim())), (2, true));
    assert_eq!(mode(&installation.path("root.key")), 0o600);
    let now = keys();
    assert_eq!(
        (&now[0]["state"], &now[1]["state"], &now[1]["id"]),
        (&"in use".into(), &"opens".into(), &old.as_str().into())
    );
    assert!(run(&["key", "show"]).contains(&format!("root key {old} (opens)")));
    let new = now[0]["id"].as_str().expect("an id");
    installation.run(&["key", "retire", new]).refused("is in use");
    installation.run(&["key", "retire", "0123456789abcdef"]).refused("there is no such root key");
    installation.run(&["key", "retire", "x"]).refused("no id of a root key");
    installation.run(&["key", "rotate", "--file", "/run/credentials/pli/root.key"]).refused("root_key");
    assert_eq!(objects(&run(&["key", "retire", &old, "--json"]))[0]["lost"], 0);
    assert_eq!(file().lines().count(), 1);
    run(&["audit", "verify"]);
    run(&["mailbox", "add", "dr.martin@cabinet.example", "--name", "Dr Martin"]);
    std::fs::write(installation.path("root.key"), first).expect("written");
    installation.run(&["practice", "list"]).refused("put the changed file in place");
}

/// One object a line, with these fields.
fn objects(out: &str) -> Vec<serde_json::Value> {
    out.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
}

#[test]
fn an_administrator_provisions_with_json() {
    let installation = Installation::new();
    let run = |arguments: &[&str]| installation.run(arguments).done().out;
    let practice = &objects(&run(&["practice", "add", "Cabinet", "--telephone", "01 99 00 12 34", "--json"]))[0];
    assert_eq!(practice["name"], "Cabinet");
    run(&["domain", "add", "cabinet.example", "--json"]);
    assert_eq!(objects(&run(&["domain", "list", "--json"]))[0]["domain"], "cabinet.example");
    installation.run(&["practice", "add", "Cabinet"]).refused("");
    installation.run(&["domain", "add", "cabinet.example"]).refused("");

    let address = "dr.martin@cabinet.example";
    let born = &objects(&run(&["mailbox", "add", address, "--name", "Dr Martin", "--json"]))[0];
    assert_eq!(born["address"], address);
    let (password, spare) = (&born["device"]["password"], &born["spare"]["password"]);
    assert_eq!(password.as_str().expect("a password").len(), 30);
    assert_ne!(password, spare);
    installation.run(&["mailbox", "add", address, "--name", "Twice"]).refused("");
    let set = &objects(&run(&["mailbox", "set", address, "--sent", "server", "--quota", "2 GiB", "--json"]))[0];
    assert_eq!((&set["sent"], &set["quota"], &set["used"]), (&"server".into(), &(2_u64 << 30).into(), &0.into()));
    let shown = run(&["mailbox", "show", address]);
    assert!(shown.contains("server: the server's copy stays") && shown.contains("0.0 MiB of 2048.0 MiB"), "{shown}");
    assert_eq!(set["receipts"], "first", "as its kind has it");
    let set = &objects(&run(&["mailbox", "set", address, "--receipts", "all", "--json"]))[0];
    assert_eq!((&set["receipts"], &set["sent"]), (&"all".into(), &"server".into()));
    installation.run(&["mailbox", "set", "nobody@cabinet.example", "--sent", "none"]).refused("no such mailbox");

    let pending = &objects(&run(&["device", "add", address, "--label", "telephone", "--json"]))[0]["device"];
    assert_eq!(pending["ready"], false);
    let spare = format!("{}\n", spare.as_str().expect("a password"));
    let unlocked = installation
        .run_with(&["device", "add", address, "--label", "tablet", "--unlock", "--json"], &spare)
        .done()
        .out;
    assert_eq!(objects(&unlocked)[0]["device"]["ready"], true);
    installation.run_with(&["device", "add", address, "--label", "x", "--unlock"], "not a password\n").refused("");
    let tag: String = pending["password"].as_str().expect("a password").chars().take(4).collect();
    run(&["device", "revoke", address, &tag]);
    let devices = objects(&run(&["device", "list", address, "--json"]));
    assert!(devices.iter().all(|device| device["tag"] != tag.as_str() && device.get("password").is_none()));

    let patient = ["patient", "add", "jeanne@patient.example", "06 12 34 56 78", "--name", "Jeanne", "--json"];
    let id = objects(&run(&patient))[0]["id"].as_str().expect("an id").to_owned();
    let masked = run(&["patient", "list", "--json"]);
    assert!(!masked.contains("jeanne@patient.example") && !masked.contains("33612345678"));
    let revealed = &objects(&run(&["patient", "show", &id, "--reveal", "--json"]))[0];
    assert_eq!((&revealed["address"], &revealed["number"]), (&"jeanne@patient.example".into(), &"+33612345678".into()));
    run(&["patient", "set", &id, "--number", "06 87 65 43 21", "--channel", "voice", "--birth-date", "14/07/1948"]);
    let born = |reveal: &[&str]| {
        objects(&run(&[&["patient", "show", &id, "--json"], reveal].concat()))[0]["birth_date"].clone()
    };
    assert_eq!((born(&[]), born(&["--reveal"])), ("****-**-**".into(), "1948-07-14".into()));
    assert!(run(&["patient", "show", &id]).contains("****-**-**"));
    assert_eq!(objects(&run(&["patient", "show", &id, "--reveal", "--json"]))[0]["number"], "+33687654321");
    let wrong = installation.run(&["patient", "add", "jeanne@patient.example", "123"]);
    wrong.refused("the number");

    installation.run(&["patient", "add", "paul@patient.example", "06 87 65 43 21"]).refused("--shares-number");
    let child = ["patient", "add", "lea@patient.example", "06 87 65 43 21", "--shares-number", "--json"];
    let child = objects(&run(&child))[0]["id"].as_str().expect("an id").to_owned();
    let reader = ["--address", "paul@patient.example", "--number", "06 98 76 54 32", "--reason", "other:an aunt"];
    let guardian = |until: &str| {
        installation.run(&[&["patient", "guardian", "add", &child, "--until", until], &reader[..]].concat())
    };
    guardian("2001-01-01").refused("this day is over");
    assert_eq!(guardian("soon").code, 2);
    assert!(guardian("2931-05-01").done().out.contains("until 2931-05-01"));
    assert!(guardian("2932-05-01").done().out.contains("until 2932-05-01"), "renewed");
    let shown = run(&["patient", "show", &child]);
    assert!(shown.contains("other: an aunt, until 2932-05-01") && shown.contains("shares"), "{shown}");
    assert!(shown.contains("vouched for  added"), "{shown}");
    let readers = objects(&run(&["patient", "guardian", "list", &child, "--json"]));
    assert_eq!((readers.len(), &readers[0]["reads_for"]["until"]), (1, &"2932-05-01".into()));
    run(&["patient", "guardian", "remove", readers[0]["id"].as_str().expect("an id")]);
    installation.run(&["patient", "guardian", "remove", &child]).refused("reads for nobody");
    run(&["patient", "remove", &child]);
    assert_eq!(run(&["patient", "learned", "list"]).trim_end(), "Nothing waits to be confirmed.");
    installation.run(&["patient", "learned", "confirm", "x"]).refused("patient learned list");

    let route = |to: &str| objects(&run(&["route", "--from", address, to, "--json"]))[0]["route"].clone();
    assert_eq!(route("jeanne@patient.example"), "outside");
    assert_eq!(route(address), "local");
    assert_eq!(run(&["queue", "list", "--json"]), "");
    assert_eq!(run(&["delivery", "list"]).trim_end(), "There is no delivery yet.");
    let since = ["delivery", "list", "--from", address, "--since", "2026-03-12T08:40:00Z", "--json"];
    assert_eq!(run(&since), "", "nothing to list is no line");
    let added = objects(&run(&["audit", "list", "--mailbox", address, "--json"]));
    let added: Vec<_> = added.iter().filter(|event| event["verb"] == "device.added").collect();
    assert_eq!((&added[0]["device"]["label"], &added[0]["device"]["person"]), (&"tablet".into(), &"Dr Martin".into()));
    assert_eq!((&added[1]["device"]["label"], &added[1]["by"]), (&"telephone".into(), &"operator".into()));
    assert!(run(&["audit", "list", "--limit", "3"]).contains("operator"));
    assert_eq!(run(&["audit", "list", "--since", "2999-01-01"]).trim_end(), "There is no such event.");
    assert_eq!(run(&["audit", "list", "--since", "2999-01-01T00:00:00Z", "--json"]), "");
    installation.run(&["audit", "list", "--since", "yesterday"]).refused("must be a day");
    installation.run(&["audit", "list", "--mailbox", "nobody@cabinet.example"]).refused("no such mailbox");
    assert_eq!(objects(&run(&["audit", "verify", "--json"]))[0]["whole"], true);
    assert!(run(&["audit", "verify"]).starts_with("The journal is whole: "));
    run(&["patient", "remove", &id]);
    assert_eq!(run(&["patient", "list", "--json"]), "");
    installation.run(&["practice", "remove", "Cabinet"]).refused("");
}

#[test]
fn a_practice_is_given_a_logo_and_nothing_else_for_one() {
    let installation = Installation::new();
    installation.run(&["practice", "add", "Cabinet"]).done();
    let file = |name: &str, octets: &[u8]| {
        let path = installation.path(name);
        std::fs::write(&path, octets).expect("written");
        path.display().to_string()
    };
    let png = include_bytes!("../src/portal/lighthouse.png");
    let jpeg = include_bytes!("support/logo.jpg");
    let shown = || objects(&installation.run(&["practice", "show", "--json"]).done().out).remove(0)["logo"].clone();
    assert_eq!(shown(), serde_json::Value::Null);
    assert!(installation.run(&["practice", "show"]).done().out.contains("none"));

    // Known by its octets, whatever it is called.
    installation.run(&["practice", "set", "Cabinet", "--logo", &file("logo.svg", png)]).done();
    assert_eq!(shown(), serde_json::json!({ "type": "image/png", "width": 128, "height": 128, "size": png.len() }));
    let said = installation.run(&["practice", "show"]).done().out;
    assert!(said.contains("image/png, 128 × 128 pixels, 831 octets"), "{said}");
    installation.run(&["practice", "set", "--logo", &file("logo", jpeg), "--days", "20"]).done();
    assert_eq!(shown(), serde_json::json!({ "type": "image/jpeg", "width": 64, "height": 32, "size": jpeg.len() }));

    // What is no logo changes nothing, in one line.
    let mut large = png.to_vec();
    large.resize(64 * 1024 + 1, 0);
    for (name, octets, why) in [
        ("large.png", large.as_slice(), "at most 64 KiB"),
        ("cut.png", png.get(..png.len() - 5).expect("shorter"), "the picture is not whole"),
        ("cut.jpg", jpeg.get(..500).expect("shorter"), "the picture is not whole"),
        ("logo.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG is not taken"),
        ("logo.gif", b"GIF89a", "neither a PNG nor a JPEG"),
        ("nothing.png", b"", "neither a PNG nor a JPEG"),
    ] {
        let path = file(name, octets);
        let ran = installation.run(&["practice", "set", "--logo", &path, "--days", "7"]);
        ran.refused(why);
        assert!(ran.err.contains(&path), "{}", ran.err);
    }
    installation.run(&["practice", "set", "--logo", "/nowhere/logo.png"]).refused("/nowhere/logo.png");
    installation.run(&["practice", "set", "--logo", "/"]).refused("/: ");
    let practice = objects(&installation.run(&["practice", "show", "--json"]).done().out).remove(0);
    assert_eq!((&practice["days"], &practice["logo"]["type"]), (&20.into(), &"image/jpeg".into()));

    // Another setting leaves it; "" takes it away.
    installation.run(&["practice", "set", "--rename", "Port"]).done();
    assert_eq!(shown()["type"], "image/jpeg");
    installation.run(&["practice", "set", "--logo", ""]).done();
    assert_eq!(shown(), serde_json::Value::Null);
}

#[test]
fn an_administrator_provisions_software_that_sends() {
    let installation = Installation::new();
    let run = |arguments: &[&str]| installation.run(arguments).done().out;
    run(&["practice", "add", "Cabinet", "--telephone", "01 99 00 12 34"]);
    run(&["domain", "add", "cabinet.example"]);
    let (software, doctor, other) = ("labo@cabinet.example", "dr.martin@cabinet.example", "dr.b@cabinet.example");
    let add = ["mailbox", "add", software, "--name", "Labo", "--kind", "application", "--send-as", doctor, "--json"];
    let born = &objects(&run(&add))[0];
    assert_eq!((&born["device"]["ready"], &born["spare"]["ready"]), (&false.into(), &true.into()));
    // A further device sends only as well; the spare makes one that reads.
    let said = run(&["device", "add", software, "--label", "scanner", "--send-as", other]);
    assert!(said.contains("It sends, and opens nothing."), "{said}");
    let spare = format!("{}\n", born["spare"]["password"].as_str().expect("a password"));
    let reads = installation.run_with(&["device", "add", software, "--label", "poste", "--unlock"], &spare).done().out;
    assert!(reads.contains("It can send and read."), "{reads}");
    let drawn =
        installation.run_with(&["device", "add", software, "--label", "iPhone", "--unlock", "--qr"], &spare).done().out;
    let url = "https://mail.cabinet.example:10443/mail/apple.mobileconfig?emailaddress=labo%40cabinet.example";
    let lines: Vec<&str> = drawn.lines().collect();
    let code: Vec<&str> = lines.iter().filter(|line| line.contains(['█', '▀', '▄'])).copied().collect();
    assert!(code.len() > 15 && lines.contains(&url), "{drawn}");
    assert!(code.iter().all(|line| line.chars().count() == code[0].chars().count()), "a square: {drawn}");
    // The password is beside it, and not in the address that servers write into their logs.
    let password = drawn.split("shown this once:\n\n  ").nth(1).expect("a password").lines().next().expect("a line");
    assert!(!url.contains(&password.replace('-', "")[..8]), "{drawn}");
    let shown = &objects(&run(&["mailbox", "show", software, "--json"]))[0];
    let send_as = shown["send_as"].as_array().expect("a list");
    assert_eq!((&send_as[0]["address"], send_as.len()), (&other.into(), 2));
    assert!(send_as[0]["device"].is_string() && send_as[1]["device"].is_null());
    assert!(run(&["mailbox", "show", software]).contains(doctor));
    installation.run(&["mailbox", "set", software, "--send-as", "dr@elsewhere.example"]).refused("its own practice");
    installation.run(&["mailbox", "set", software, "--send-as", "nobody"]).refused("not a mail address");
    run(&["mailbox", "set", software, "--no-send-as", other, "--no-send-as", doctor]);
    assert_eq!(objects(&run(&["mailbox", "show", software, "--json"]))[0]["send_as"], serde_json::json!([]));
    installation.run(&["mailbox", "set", software, "--no-send-as", doctor]).refused("anyway");
    let events = run(&["audit", "list", "--mailbox", software, "--json"]);
    assert!(events.contains("send-as.refused"), "{events}");
}

/// `head -1` closes the pipe before everything is written.
/// A gateway that takes what it is given, as long as the test runs.
fn gateway() -> std::net::SocketAddr {
    use std::io::{BufRead as _, BufReader, Write as _};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let _ = lines.by_ref().take_while(|line| !line.is_empty()).count();
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nAccepted";
            let _ = (&stream).write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn an_administrator_tests_codes_and_sees_how_they_do() {
    let installation = Installation::new();
    installation.run(&["practice", "add", "Cabinet"]).done();
    let status = || objects(&installation.run(&["code", "status", "--json"]).done().out).remove(0);
    assert_eq!(status()["providers"].as_array().map(Vec::len), Some(0));
    installation.run(&["code", "test", "06 12 34 56 78"]).refused("no provider is configured");
    installation.run(&["code", "test", "01 42 68 53 00"]).refused("--voice");
    installation.run(&["code", "test", "12"]).refused("");
    installation.run(&["code", "forget", "06 12 34 56 78"]).refused("nothing is known");
    installation.run(&["code", "resume"]).done();

    let section = format!(
        "[[code.sms]]\nname = \"down\"\nkind = \"http\"\nurl = \"http://127.0.0.1:1/x\"\n\
         query = {{ to = \"{{to}}\", text = \"{{text}}\" }}\n[[code.sms]]\nname = \"up\"\nkind = \"http\"\nprice = \"0.045\"\n\
         url = \"http://{}/x\"\nquery = {{ to = \"{{to}}\", text = \"{{text}}\" }}\nsuccess = \"Accepted\"\n\n[keys]",
        gateway()
    );
    installation.change("[keys]", &section);
    let tested = objects(&installation.run(&["code", "test", "06 12 34 56 78", "--json"]).done().out);
    assert_eq!((&tested[0]["provider"], &tested[0]["failure"]), (&"sms/down".into(), &"unreachable".into()));
    assert_eq!((&tested[1]["provider"], &tested[1]["accepted"]), (&"sms/up".into(), &true.into()));
    let status = status();
    let up = &status["providers"][1];
    assert_eq!((&up["tried"], &up["accepted"], &up["cost"]), (&1.into(), &1.into(), &"0.045".into()));
    assert_eq!(status["ceilings"]["number"]["used"], 2, "what may have been sent is counted");
    let shown = installation.run(&["code", "status"]).done().out;
    assert!(
        shown.contains("sms/up") && shown.contains("never told") && shown.contains("Spent today: 0.045"),
        "{shown}"
    );
    let shown = installation.run(&["code", "test", "06 12 34 56 78"]).done().out;
    assert!(shown.contains("sms/up took it.") && !shown.contains("612345678"), "{shown}");
}

/// Runs a tool of systemd on a unit; `None`, said aloud, where there is none.
fn analyze(arguments: &[&str], unit: &Path) -> Option<String> {
    let ran = Command::new("systemd-analyze").args(arguments).arg(unit).output();
    let Ok(ran) = ran else {
        #[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting of the server")]
        let all = std::env::var("PLI_TEST_ALL").as_deref() == Ok("1");
        assert!(!all, "systemd-analyze is not installed");
        let _ = writeln!(std::io::stderr(), "SKIPPED: systemd-analyze is not installed");
        return None;
    };
    let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
    assert!(ran.status.success(), "{said}");
    Some(said)
}

#[test]
fn init_writes_a_unit_that_systemd_finds_sound_and_safe() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("pli").display().to_string();
    let said = pli(&["init", &dir, "--hostname", "mail.cabinet.example", "--systemd"]).done().out;
    assert!(said.contains("systemctl enable --now pli") && said.contains("useradd --system"), "{said}");
    let unit = folder.path().join("pli/pli.service");
    assert_eq!(mode(&unit), 0o644);
    let text = std::fs::read_to_string(&unit).expect("a unit");
    let start = format!("ExecStart={} --config {dir}/pli.toml serve\n", env!("CARGO_BIN_EXE_pli"));
    assert!(text.contains(&start) && text.contains(&format!("ReadWritePaths={dir}/data\n")), "{text}");
    if let Some(said) = analyze(&["verify", "--man=no"], &unit) {
        assert!(!said.contains("pli.service"), "{said}");
    }
    // Of 10, where 10 is whoever may do everything; here in parts of a hundred.
    analyze(&["security", "--offline=true", "--threshold=20", "--no-pager"], &unit);
}

#[test]
fn a_service_manager_hears_that_the_server_is_ready_alive_and_stopping() {
    let installation = used();
    for port in [10465, 10587, 10993, 10143, 10443] {
        installation.change(&format!("0.0.0.0:{port}"), "127.0.0.1:0");
    }
    // The root key comes as a credential; its file is elsewhere.
    let credentials = installation.path("credentials");
    std::fs::create_dir(&credentials).expect("made");
    std::fs::rename(installation.path("root.key"), credentials.join("root.key")).expect("moved");
    let socket = installation.path("notify");
    let heard = std::os::unix::net::UnixDatagram::bind(&socket).expect("bound");
    heard.set_read_timeout(Some(std::time::Duration::from_secs(60))).expect("set");
    let mut child = Command::new(env!("CARGO_BIN_EXE_pli"))
        .arg("--config")
        .arg(installation.path("pli.toml"))
        .arg("serve")
        .env("NOTIFY_SOCKET", &socket)
        .env("WATCHDOG_USEC", "200000")
        .env("CREDENTIALS_DIRECTORY", &credentials)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let next = || {
        let mut piece = [0; 512];
        let length = heard.recv(&mut piece).expect("heard");
        String::from_utf8_lossy(piece.get(..length).expect("a piece")).into_owned()
    };
    assert!(next().starts_with("READY=1\n"));
    assert_eq!((next(), next()), ("WATCHDOG=1\n".to_owned(), "WATCHDOG=1\n".to_owned()));
    let stopped = Command::new("kill").arg(child.id().to_string()).status().expect("told");
    assert!(stopped.success());
    while !next().starts_with("STOPPING=1\n") {}
    assert!(child.wait().expect("it ends").success());
}

/// The worst that the doctor says of each subject, and whether it asks for something to be mended.
fn examined(installation: &Installation) -> (i32, std::collections::BTreeMap<String, String>) {
    let ran = installation.run(&["doctor", "--json"]);
    assert!(ran.err.is_empty(), "{}", ran.err);
    let mut worst = std::collections::BTreeMap::new();
    for line in objects(&ran.out) {
        let word = |name: &str| line.get(name).and_then(|text| text.as_str()).expect("text").to_owned();
        let said = format!("{} {}", word("level"), word("text"));
        let rank = |said: &str| ["ok", "warn", "fail"].iter().position(|level| said.starts_with(level));
        let known = worst.entry(word("subject")).or_insert_with(|| said.clone());
        if rank(&said) > rank(known) {
            *known = said;
        }
    }
    (ran.code, worst)
}

/// An installation that has begun to be used, without a relay: nothing of it needs this machine's network.
fn used() -> Installation {
    let installation = Installation::new();
    installation.change("relay = \"smtp://127.0.0.1:25\"", "# relay = \"smtp://127.0.0.1:25\"");
    installation.run(&["practice", "add", "Cabinet"]).done();
    installation
}

#[test]
fn the_doctor_finds_nothing_to_mend_in_a_good_installation() {
    let fresh = Installation::new();
    fresh.change("relay = \"smtp://127.0.0.1:25\"", "# relay = \"smtp://127.0.0.1:25\"");
    let (code, worst) = examined(&fresh);
    assert_eq!(code, 0, "{worst:?}");
    assert!(worst["database"].starts_with("warn there is none yet"), "{worst:?}");
    assert_eq!(std::fs::read_dir(fresh.path("data")).expect("a folder").count(), 0, "it changes nothing");

    let installation = used();
    let (code, worst) = examined(&installation);
    assert_eq!(code, 0, "{worst:?}");
    for subject in ["settings", "files", "database", "objects", "outbox"] {
        assert!(worst[subject].starts_with("ok "), "{subject}: {worst:?}");
    }
    assert!(worst["certificates"].contains("trial certificate"), "{worst:?}");
    assert!(worst["clock"].starts_with("warn unknown"), "{worst:?}");
    assert!(worst["relay"].starts_with("warn notice.relay is not set"), "{worst:?}");
    assert!(worst["codes"].starts_with("warn no [[code.sms]]"), "{worst:?}");
    assert!(worst["backups"].starts_with("warn the journal knows of none"), "{worst:?}");
    for subject in ["disk", "process", "swap"] {
        assert!(worst.contains_key(subject), "{subject}: {worst:?}");
    }
    let shown = installation.run(&["doctor"]).done().out;
    assert!(shown.lines().all(|line| ["ok    ", "warn  "].iter().any(|level| line.starts_with(level))), "{shown}");
    assert!(shown.contains("ok    database: it answers"), "{shown}");
}

#[test]
fn the_doctor_names_what_must_be_mended_and_ends_with_1() {
    type Harm<'a> = &'a dyn Fn(&Installation);
    let certificate: Harm = &|of| of.change("hostname = \"mail.cabinet.example\"", "hostname = \"other.example\"");
    let harms: [(&str, &str, Harm); 9] = [
        ("settings", "dayz", &|of| of.change("days = 30", "dayz = 30")),
        ("files", "chmod 600", &|of| set_mode(&of.path("root.key"), 0o640)),
        ("files", "secret half", &|of| {
            std::fs::write(of.path("recovery.cert"), "-----BEGIN PGP PRIVATE KEY BLOCK-----").expect("written");
        }),
        ("files", "in every backup", &|of| {
            std::fs::rename(of.path("root.key"), of.path("data/root.key")).expect("moved");
            of.change("root_key = \"root.key\"", "root_key = \"data/root.key\"");
        }),
        ("certificates", "none covers other.example", certificate),
        ("certificates", "not found", &|of| {
            std::fs::remove_file(of.path("certs/mail.cabinet.example/privkey.pem")).expect("removed");
        }),
        ("database", "damaged", &|of| {
            for end in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(of.path(&format!("data/pli.db{end}")));
            }
            std::fs::write(
                of.path("data/pli.db"),
                "not a database, and longer than a header of one has to be".repeat(99),
            )
            .expect("written");
        }),
        ("objects", "mounted", &|of| {
            std::fs::rename(of.path("data/objects"), of.path("data/elsewhere")).expect("moved");
        }),
        ("relay", "cannot be reached", &|of| {
            of.change("# relay = \"smtp://127.0.0.1:25\"", "relay = \"smtp://127.0.0.1:1\"");
        }),
    ];
    for (subject, words, harm) in harms {
        let installation = used();
        harm(&installation);
        let (code, worst) = examined(&installation);
        assert_eq!(code, 1, "{subject}: {worst:?}");
        let said = &worst[subject];
        assert!(said.starts_with("fail ") && said.contains(words), "{subject} {words}: {worst:?}");
    }
}

/// A relay that offers AUTH and says this to it, as long as the test runs.
fn relay(to_login: &'static str) -> std::net::SocketAddr {
    use std::io::{BufRead as _, BufReader};

    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let say = |text: &str| (&stream).write_all(format!("{text}\r\n").as_bytes());
            let _ = say("220 relay.example ESMTP");
            for line in BufReader::new(&stream).lines().map_while(Result::ok) {
                assert!(!line.starts_with("MAIL"), "the doctor sends nothing");
                let answer = match line.split(' ').next() {
                    Some("EHLO") => "250-relay.example\r\n250 AUTH PLAIN LOGIN",
                    Some("AUTH") => to_login,
                    _ => "250 OK",
                };
                let _ = say(answer);
            }
        }
    });
    address
}

#[test]
fn the_doctor_logs_in_at_the_relay_and_asks_a_provider_for_the_time() {
    let installation = used();
    let with = |to_login: &'static str, before: &str| {
        let url = format!("relay = \"smtp://u:p@{}\"", relay(to_login));
        installation.change(before, &url);
        (examined(&installation).1, url)
    };
    let (worst, url) = with("235 2.7.0 OK", "# relay = \"smtp://127.0.0.1:25\"");
    assert!(worst["relay"].starts_with("ok "), "{worst:?}");
    assert!(worst.contains_key("dns"), "{worst:?}");
    let (worst, _) = with("535 5.7.8 no", &url);
    assert!(worst["relay"].starts_with("fail it refuses user and password"), "{worst:?}");

    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let provider = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut piece = [0; 1024];
            let _ = std::io::Read::read(&mut &stream, &mut piece);
            assert!(piece.starts_with(b"HEAD / "), "nothing is sent");
            let answer = "HTTP/1.1 404 Not Found\r\nDate: Fri, 15 Jan 2016 08:00:00 GMT\r\nContent-Length: 0\r\n\r\n";
            let _ = (&stream).write_all(answer.as_bytes());
        }
    });
    let section = format!(
        "[[code.sms]]\nname = \"a\"\nkind = \"http\"\nurl = \"http://{provider}/send?x\"\n\
         query = {{ to = \"{{to}}\", text = \"{{text}}\" }}\n\n[keys]"
    );
    installation.change("[keys]", &section);
    let (code, worst) = examined(&installation);
    assert!(worst["clock"].starts_with("fail ") && worst["clock"].contains("ahead of a provider"), "{worst:?}");
    assert!(worst["codes"].starts_with("ok sms/a was not needed"), "{worst:?}");
    assert_eq!(code, 1);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pli"))
        .args(["--config", "/nowhere", "demo", "--listen", "0.0.0.0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    drop(child.stdout.take());
    // Refused for the missing --url, by name, whether or not anybody reads.
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--url"));

    let installation = Installation::new();
    installation.run(&["practice", "add", "Cabinet"]).done();
    let mut child = Command::new(env!("CARGO_BIN_EXE_pli"))
        .arg("--config")
        .arg(installation.path("pli.toml"))
        .args(["practice", "list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn the_demonstration_walks_the_whole_way_and_leaves_nothing() {
    let temporary = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_pli"))
        .args(["demo", "--once"])
        .env("TMPDIR", temporary.path())
        .output()
        .expect("it runs");
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}{}", String::from_utf8_lossy(&output.stderr));
    for step in ["● Ready", "● Sent", "● Sealed", "● Handed over", "● Opened", "● Read", "● Told", "is removed"]
    {
        assert!(out.contains(step), "{step}: {out}");
    }
    assert_eq!(std::fs::read_dir(temporary.path()).expect("a folder").count(), 0);
}

/// R-S15: the secret half of the recovery certificate never comes to the server, and every message is read afterwards.
#[test]
fn fault_44_a_mailbox_whose_passwords_are_lost_is_opened_by_the_recovery_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    pli(&["init", &at("pli"), "--hostname", "mail.cabinet.example", "--high-ports", "--recovery", &at("safe.asc")])
        .done();
    let installation = Installation { folder };
    let run = |arguments: &[&str]| installation.run(arguments).done().out;
    let address = "dr.martin@cabinet.example";
    run(&["practice", "add", "Cabinet", "--telephone", "01 99 00 12 34"]);
    run(&["domain", "add", "cabinet.example"]);
    let born = &objects(&run(&["mailbox", "add", address, "--name", "Dr Martin", "--json"]))[0];
    let password = format!("{}\n", born["device"]["password"].as_str().expect("a password"));
    let letters = installation.path("letters.mbox").display().to_string();
    let mbox: String = (0..30)
        .map(|n| {
            format!(
                "From x@y.example Thu Jan  1 00:00:00 2026\nFrom: x@y.example\nSubject: {n}\n\n{}\n\n",
                "z".repeat(n * 5000)
            )
        })
        .collect();
    std::fs::write(&letters, mbox).expect("written");
    installation.run_with(&["mailbox", "import", address, &format!("mbox:{letters}")], &password).done();
    let export = |password: &str, name: &str| {
        let to = installation.path(name).display().to_string();
        installation.run_with(&["mailbox", "export", address, &to], password).done();
        let mut all = std::collections::BTreeSet::new();
        let mut folders = vec![PathBuf::from(to)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.parent().is_some_and(|parent| parent.ends_with("cur") || parent.ends_with("new")) {
                    all.insert(std::fs::read(path).expect("a message"));
                }
            }
        }
        all
    };
    let before = export(&password, "before");
    assert_eq!(before.len(), 30);

    let file = |name: &str| installation.folder.path().join(name).display().to_string();
    let (request, answer, secret) = (file("request.json"), file("answer.json"), file("safe.asc"));
    let asked = run(&["key", "recover", "export", address, &request, "--label", "after the fire", "--json"]);
    let asked = &objects(&asked)[0];
    let fresh = format!("{}\n", asked["device"]["password"].as_str().expect("a password"));
    assert_eq!(asked["device"]["ready"], false);
    installation.run_with(&["mailbox", "export", address, &file("none")], &fresh).refused("cannot read yet");
    installation.run(&["key", "recover", "export", address, &request, "--label", "x"]).refused("already exists");

    // Elsewhere: no settings, no data; another secret opens nothing.
    pli(&["key", "recovery", &file("other.cert"), &file("other.asc")]).done();
    assert_eq!(mode(Path::new(&file("other.asc"))), 0o600);
    pli(&["key", "recover", "unlock", &request, "--recovery", &file("other.asc"), &answer]).refused("does not open");
    pli(&["key", "recover", "unlock", &secret, "--recovery", &secret, &answer])
        .refused("this is no pli recovery request 1");
    let opened = pli(&["key", "recover", "unlock", &request, "--recovery", &secret, &answer]).done().out;
    assert!(opened.contains(asked["key"].as_str().expect("a key")) && opened.contains(address), "{opened}");

    installation.run(&["key", "recover", "import", &request]).refused("this is no pli recovery answer 1");
    run(&["key", "recover", "import", &answer]);
    installation.run(&["key", "recover", "import", &answer]).refused("no device of this mailbox waits");
    assert_eq!(export(&fresh, "after"), before);

    // The lost ones are taken away; the next session makes new keys, and the old answer is of no use.
    let devices = objects(&run(&["device", "list", address, "--json"]));
    for lost in devices.iter().filter(|device| device["label"] != "after the fire") {
        run(&["device", "revoke", address, lost["id"].as_str().expect("an id")]);
    }
    assert!(run(&["key", "show"]).contains("dr.martin@cabinet.example since "));
    assert!(run(&["mailbox", "show", address]).contains("rotation due since "));
    let second = file("second.json");
    run(&["key", "recover", "export", address, &second, "--label", "second", "--json"]);
    assert_eq!(export(&fresh, "renewed"), before);
    assert_eq!(objects(&run(&["key", "show", "--json"]))[0]["renewal_due"], serde_json::json!([]));
    let late = file("late.json");
    pli(&["key", "recover", "unlock", &second, "--recovery", &secret, &late]).done();
    installation.run(&["key", "recover", "import", &late]).refused("were renewed since");
    // And the recovery certificate fits the new ones as well.
    let (third, last) = (file("third.json"), file("last.json"));
    let third_password = run(&["key", "recover", "export", address, &third, "--label", "third", "--json"]);
    let third_password =
        format!("{}\n", objects(&third_password)[0]["device"]["password"].as_str().expect("a password"));
    pli(&["key", "recover", "unlock", &third, "--recovery", &secret, &last]).done();
    run(&["key", "recover", "import", &last]);
    assert_eq!(export(&third_password, "third"), before);
    let verbs: Vec<_> = objects(&run(&["audit", "list", "--mailbox", address, "--json"]));
    for verb in ["recovery.asked", "mailbox.recovered", "keys.renewed"] {
        assert!(verbs.iter().any(|event| event["verb"] == verb), "{verb}");
    }
}

/// Fault rows 12 and 39: a list changes nobody but whom it names, and what is doubtful in it is refused.
#[test]
fn a_list_of_patients_is_taken_line_by_line() {
    let installation = Installation::new();
    installation.run(&["practice", "add", "Cabinet", "--telephone", "01 99 00 12 34"]).done();
    let run = |arguments: &[&str]| installation.run(&[&["patient", "import"], arguments].concat());
    let file = |octets: &[u8]| {
        let path = installation.path("patients.csv");
        std::fs::write(&path, octets).expect("written");
        path.to_str().expect("a path").to_owned()
    };
    let sample = "examples/patients.csv";
    let dry = run(&[sample, "--dry-run"]).done().out;
    assert!(
        dry.ends_with("3 lines: 3 added, 0 changed, 0 same, 0 refused. Nothing was changed: this was a dry run.\n")
    );
    assert_eq!(installation.run(&["patient", "list", "--json"]).done().out, "");
    let added = run(&[sample]).done().out;
    assert!(
        added.starts_with("line 2: added ") && added.ends_with("3 added, 0 changed, 0 same, 0 refused.\n"),
        "{added}"
    );
    let again = run(&[sample]).done().out;
    assert!(again.ends_with("0 added, 0 changed, 3 same, 0 refused.\n"), "{again}");
    let known = objects(&installation.run(&["patient", "list", "--json"]).done().out);
    assert_eq!((known.len(), &known[0]["vouched"]["how"]), (3, &"imported".into()));

    // As Excel writes it in France; a malformed line never takes another along.
    let excel = "Nom;Pr\u{e9}nom;Adresse;Courriel;T\u{e9}l\u{e9}phone;Partag\u{e9};Date de naissance\r\n\
        Rossi;Jeanne;1, rue du Port;jeanne@patient.example;06 12 34 56 99;\r\n\
        \"Noir;Zo\u{e9};;zoe@patient.example;06 11 22 33 44;\r\n\
        Noir;Zo\u{e9};;zoe@patient.example;06 11 22 33 44;\r\n\
        Noir;L\u{e9}o;;leo@patient.example;06 11 22 33 44;\r\n\
        Noir;Luc;;luc@patient.example;06 11 22 33 44;num\u{e9}ro;14/07/1948\r\n\
        Noir;Ida;;ida@patient;12;\r\n";
    let excel: Vec<u8> = excel.chars().map(|c| u8::try_from(u32::from(c)).expect("a character of Latin 1")).collect();
    let excel = file(&excel);
    let report = |ran: &Ran| -> Vec<String> {
        let said = |line: serde_json::Value| {
            let because = line["because"].as_str().unwrap_or_default();
            format!("{} {} {}{because}", line["line"], line["outcome"].as_str().unwrap_or_default(), line["changed"])
        };
        objects(&ran.out).into_iter().map(said).collect()
    };
    for (dry, first) in [(true, "added"), (false, "added"), (true, "same")] {
        let arguments = [excel.as_str(), "--json", "--dry-run"];
        let ran = run(if dry { &arguments } else { &arguments[..2] });
        assert_eq!(ran.code, 1, "lines were refused");
        let lines = report(&ran);
        let changed = if first == "same" { "2 same []" } else { "2 changed [\"number\"]" };
        assert_eq!(lines[0], changed);
        assert_eq!(lines[1], "3 refused []a quotation mark is not closed");
        assert_eq!(lines[2], format!("4 {first} []"));
        assert!(lines[3].starts_with("5 refused []this number is also that of "), "{lines:?}");
        assert_eq!(lines[4], format!("6 {first} []"));
        assert!(lines[5].starts_with("7 refused []the "), "{lines:?}");
        for personal in ["jeanne@", "zoe@", "leo@", "Noir", "11 22 33", "33611223344"] {
            assert!(!ran.out.contains(personal), "{personal}");
        }
    }
    let known = objects(&installation.run(&["patient", "list", "--reveal", "--json"]).done().out);
    let names: Vec<_> = known.iter().filter_map(|person| person["name"].as_str()).collect();
    assert!(known.len() == 5 && names.contains(&"Zo\u{e9} Noir"), "{names:?}");
    assert!(known.iter().any(|person| person["number"] == "+33612345699"));
    assert!(known.iter().any(|person| person["birth_date"] == "1948-07-14"));

    // Standard input, and what is no list.
    let piped =
        installation.run_with(&["patient", "import", "-"], "name,address,number\nIda,ida@patient.example,0644556677\n");
    assert!(piped.done().out.starts_with("line 2: added "));
    run(&[&file(b"Noir;ida@patient.example;0644556677\n")]).refused("the first line names the columns");
    run(&["/nowhere/patients.csv"]).refused("");
}
