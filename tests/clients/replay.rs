//! Sessions of real clients, played again: `tests/dialogs/imap/clients/*.imap` against the server itself, over TLS, with
//! the mailbox of mailbox.txt in it.
//!
//! The form is that of tests/imap_dialogs.rs with three differences. `T: tls` is a new connection; `X:` is a command that
//! another session says (`append SUBJECT` leaves a letter in INBOX); `{password}`, `{plain}` and `{acting}` stand for the device
//! password and for SASL PLAIN messages with it, `{v1}` for the same number wherever it stands, and `\xNN` for an octet. What the server answers must be there line for line
//! and in order; `*…` stands for anything, of a status the words after its code do not matter, and an untagged `OK` with
//! a code may come in addition: it tells what newer servers tell. A file's first line says where it comes from.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use pli::config::Config;
use pli::domain::{Clock, MailboxKind, Timestamp};
use pli::mailbox::provision::NewMailbox;
use pli::server::{OsRandom, Overrides, Plan, Ports, Running, Server, SystemClock, install};
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const DOCTOR: &str = "dr.martin@cabinet.example";

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// A server with one mailbox, and nobody else there.
struct Practice {
    running: Running,
    password: String,
    roots: Arc<rustls::ClientConfig>,
    _folder: tempfile::TempDir,
}

impl Practice {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan {
            folder: &folder.path().join("pli"),
            hostname: "mail.cabinet.example",
            portal_url: None,
            recovery: true,
            ports: Ports::at("127.0.0.1", 0, 0, 0),
            names: &[],
        };
        let made = install(&plan, &SystemClock, &OsRandom).unwrap();
        let config = Config::load(&made.config).unwrap();
        let overrides = Overrides { clock: Some(Arc::new(Still)), ..Overrides::default() };
        let running = Server::start(&config, overrides).await.unwrap();
        let practice = running.rooms.deliveries.add_practice(profile()).await.unwrap();
        running.rooms.deliveries.add_domain(practice, "cabinet.example".parse().unwrap()).await.unwrap();
        let mailbox = NewMailbox {
            address: DOCTOR.parse().unwrap(),
            name: "Dr Claire Martin".to_owned(),
            kind: MailboxKind::Personal,
            label: "test".to_owned(),
            person: String::new(),
            send_as: Vec::new(),
        };
        let born = running.rooms.mailboxes.add(mailbox, running.rooms.recovery.as_ref()).await.unwrap();
        let mut roots = rustls::RootCertStore::empty();
        let pem = std::fs::read(&made.authority).unwrap();
        roots.add(rustls::pki_types::CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
        let roots = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let password = born.device.password.reveal().to_string();
        Self { running, password, roots: Arc::new(roots), _folder: folder }
    }

    async fn connect(&self) -> Connection {
        let tcp = TcpStream::connect(self.running.imaps.unwrap()).await.unwrap();
        let name = ServerName::try_from("mail.cabinet.example").unwrap();
        let tls = tokio_rustls::TlsConnector::from(Arc::clone(&self.roots)).connect(name, tcp).await.unwrap();
        Connection(BufReader::new(tls))
    }

    async fn logged_in(&self) -> Connection {
        let mut connection = self.connect().await;
        connection.line().await;
        connection.ok(format!("LOGIN {DOCTOR} {}", self.password).as_bytes()).await;
        connection
    }

    /// The folders and messages of mailbox.txt.
    async fn fill(&self) {
        let mut connection = self.logged_in().await;
        let text = include_str!("mailbox.txt");
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        while let Some(line) = lines.next() {
            if let Some(folder) = line.strip_prefix("FOLDER ") {
                connection.ok(format!("CREATE {}", quoted(folder)).as_bytes()).await;
                connection.ok(format!("SUBSCRIBE {}", quoted(folder)).as_bytes()).await;
            } else if let Some((folder, rest)) = line.strip_prefix("MESSAGE ").and_then(|l| l.rsplit_once(" (")) {
                let body: Vec<u8> = lines.by_ref().take_while(|line| *line != "END").flat_map(octets).collect();
                let head = format!("APPEND {} ({rest} {{{}+}}\r\n", quoted(folder), body.len());
                connection.ok(&[head.as_bytes(), &body].concat()).await;
            }
        }
    }

    /// What stands for this server's password.
    fn secrets(&self, line: &str) -> String {
        let plain = |acting| data_encoding::BASE64.encode(format!("{acting}\0{DOCTOR}\0{}", self.password).as_bytes());
        line.replace("{password}", &self.password).replace("{plain}", &plain("")).replace("{acting}", &plain(DOCTOR))
    }
}

struct Connection(BufReader<tokio_rustls::client::TlsStream<TcpStream>>);

impl Connection {
    async fn send(&mut self, octets: &[u8]) {
        self.0.get_mut().write_all(octets).await.unwrap();
        self.0.get_mut().flush().await.unwrap();
    }

    /// One line without its end, as a dialog writes it.
    async fn line(&mut self) -> String {
        let mut line = Vec::new();
        let read = self.0.read_until(b'\n', &mut line);
        tokio::time::timeout(std::time::Duration::from_secs(60), read).await.expect("an answer").unwrap();
        written(line.strip_suffix(b"\r\n").unwrap_or(&line))
    }

    async fn ok(&mut self, command: &[u8]) {
        self.send(&[b"x ", command, b"\r\n"].concat()).await;
        loop {
            let line = self.line().await;
            if line.starts_with("x ") {
                return assert!(line.starts_with("x OK"), "{}: {line}", String::from_utf8_lossy(command));
            }
        }
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The octets of a line of a dialog.
fn octets(line: &str) -> Vec<u8> {
    let (line, end) = line.strip_suffix('\\').map_or((line, "\r\n"), |line| (line, ""));
    let mut pieces = line.split("\\x");
    let mut octets = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at(2);
        octets.push(u8::from_str_radix(digits, 16).unwrap());
        octets.extend_from_slice(rest.as_bytes());
    }
    octets.extend_from_slice(end.as_bytes());
    octets
}

/// A line as recorder.py writes it.
fn written(octets: &[u8]) -> String {
    let mut text = String::new();
    for piece in octets.utf8_chunks() {
        for letter in piece.valid().chars() {
            if u32::from(letter) < 32 && letter != '\t' {
                text.push_str(&format!("\\x{:02x}", u32::from(letter)));
            } else {
                text.push(letter);
            }
        }
        piece.invalid().iter().for_each(|octet| text.push_str(&format!("\\x{octet:02x}")));
    }
    text
}

/// Numbers that the recording calls `{v1}`, `{v2}`…, as this server gave them.
#[derive(Default)]
struct Known(BTreeMap<String, String>);

impl Known {
    fn put_in(&self, line: &str) -> String {
        self.0.iter().fold(line.to_owned(), |line, (name, number)| line.replace(name, number))
    }

    /// Whether a line is what was recorded.
    fn fits(&mut self, wanted: &str, got: &str) -> bool {
        let (mut wanted, got) = match (status(wanted), status(got)) {
            (Some(wanted), Some(got)) => (wanted, got),
            _ => (wanted.to_owned(), got.to_owned()),
        };
        // A number that is met for the first time is what stands at its place.
        loop {
            wanted = self.put_in(&wanted);
            let Some((before, after)) = wanted.split_once("{v") else { break };
            let name = format!("{{v{}}}", after.split('}').next().unwrap_or_default());
            let number: String =
                got.get(before.len()..).unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
            if number.is_empty() || !got.starts_with(before) {
                return false;
            }
            self.0.insert(name, number);
        }
        let mut pieces = wanted.split("*…");
        let Some(mut rest) = got.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
        let pieces: Vec<&str> = pieces.collect();
        for (at, piece) in pieces.iter().enumerate() {
            let last = at + 1 == pieces.len();
            let found = if last { rest.ends_with(piece).then_some(rest.len() - piece.len()) } else { rest.find(piece) };
            let Some(found) = found else { return false };
            rest = &rest[found + piece.len()..];
        }
        rest.is_empty()
    }
}

/// Of a status: tag, word and code; the words after them are for people.
fn status(line: &str) -> Option<String> {
    let mut words = line.split(' ');
    let tag = words.next()?;
    let word = words.next().filter(|word| ["OK", "NO", "BAD", "BYE"].contains(word))?;
    let rest = line[tag.len() + word.len() + 1..].trim_start();
    let code = rest.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or_default();
    // A list of capabilities grows.
    let code = if code.starts_with("CAPABILITY ") { "CAPABILITY" } else { code };
    Some(format!("{tag} {word} {code}"))
}

async fn play(name: &str, text: &str) {
    let practice = Practice::start().await;
    practice.fill().await;
    let mut other = practice.logged_in().await;
    let mut connection = None;
    let mut known = Known::default();
    let mut waiting: Vec<u8> = Vec::new();
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).peekable();
    while let Some((at, line)) = lines.next() {
        let (kind, rest) = line.split_at(line.len().min(3));
        match kind {
            "T: " => connection = Some(practice.connect().await),
            "X: " => match rest.strip_prefix("append ") {
                Some(subject) => {
                    let letter = format!("Subject: {subject}\r\n\r\nx\r\n");
                    other.ok(format!("APPEND INBOX {{{}+}}\r\n{letter}", letter.len()).as_bytes()).await;
                }
                None => other.ok(rest.as_bytes()).await,
            },
            "C: " | "C:" => {
                waiting.extend(octets(&practice.secrets(&known.put_in(rest))));
                // What the client wrote at once is sent at once.
                if lines.peek().is_none_or(|(_, next)| !next.starts_with("C:")) {
                    connection.as_mut().unwrap().send(&std::mem::take(&mut waiting)).await;
                }
            }
            "S: " | "S:" => loop {
                let got = connection.as_mut().unwrap().line().await;
                if known.fits(rest, &got) {
                    break;
                }
                assert!(got.starts_with("* OK ["), "{name}:{}\nwanted {rest}\ngot    {got}", at + 1);
            },
            _ => panic!("{name}: not a line of a session: {line}"),
        }
    }
    drop(connection);
    drop(other);
    practice.running.stop().await;
}

fn profile() -> pli::domain::PracticeProfile {
    pli::domain::PracticeProfile {
        name: "port".to_owned(),
        public_name: "Cabinet du Port".to_owned(),
        telephone: "01 99 00 12 34".to_owned(),
        language: pli::domain::Language::Fr,
        timezone: "Europe/Paris".to_owned(),
        region: "FR".to_owned(),
        neighbours: Vec::new(),
        countries: Vec::new(),
        notice_from: String::new(),
        days: 0,
        reminders: pli::domain::Reminders::default(),
        ask_birth_date: false,
        remember_browsers: false,
        logo: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn recorded_sessions_go_as_they_went() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dialogs/imap/clients"));
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for client in ["mbsync", "neomutt", "offlineimap", "thunderbird", "imaplib", "imapclient", "aioimaplib"] {
        assert!(files.contains(&folder.join(format!("{client}.imap"))), "{client}");
    }
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        println!("{name}");
        play(&name, &std::fs::read_to_string(&file).unwrap()).await;
    }
}

#[test]
fn what_was_recorded_is_compared_and_not_more() {
    let fits = |wanted: &str, got: &str| Known::default().fits(wanted, got);
    assert!(fits("* OK [UIDNEXT 3] Next UID", "* OK [UIDNEXT 3] The next"));
    assert!(!fits("* OK [UIDNEXT 3] Next UID", "* OK [UIDNEXT 4] Next UID"));
    assert!(fits("7 OK done", "7 OK finished") && !fits("7 OK done", "7 NO done"));
    assert!(fits("* 1 FETCH (INTERNALDATE \"*…\" UID 1)", "* 1 FETCH (INTERNALDATE \"x\" UID 1)"));
    assert!(!fits("* 1 FETCH (INTERNALDATE \"*…\" UID 1)", "* 1 FETCH (INTERNALDATE \"x\" UID 2)"));
    assert!(!fits("* FLAGS (a)", "* FLAGS (a b)") && fits("* CAPABILITY IMAP4rev1*…", "* CAPABILITY IMAP4rev1 X"));
    let mut known = Known::default();
    assert!(known.fits("* OK [UIDVALIDITY {v1}] x", "* OK [UIDVALIDITY 7] y") && known.put_in("a {v1}") == "a 7");
    assert!(!known.fits("* OK [UIDVALIDITY {v1}] x", "* OK [UIDVALIDITY 8] y"));
    assert_eq!(written(&octets("a\\xe9b\\x01\\")), "a\\xe9b\\x01");
}
