//! An installation with two mailboxes, run as commands; sources to import; what an export holds.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;
use sqlx::{Connection as _, Row as _};

pub const DOCTOR: &str = "dr.martin@cabinet.example";
pub const COLLEAGUE: &str = "dr.bianchi@cabinet.example";

pub struct Office {
    pub folder: tempfile::TempDir,
    /// Device passwords of the doctor and of the colleague.
    pub doctor: String,
    pub colleague: String,
    _fresh: Option<crate::postgres::Fresh>,
}

pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{}", self.err);
        serde_json::from_str(&self.out).unwrap()
    }

    #[track_caller]
    pub fn refused(&self, why: &str) {
        assert_eq!(self.code, 1, "{} {}", self.out, self.err);
        assert_eq!(self.err.lines().count(), 1, "{}", self.err);
        assert!(self.err.contains(why), "{} (wanted: {why})", self.err);
    }
}

impl Office {
    pub fn sqlite() -> Self {
        Self::build(None)
    }

    pub async fn postgres() -> Option<Self> {
        let fresh = crate::postgres::fresh().await?;
        Some(Self::build(Some(fresh)))
    }

    fn build(fresh: Option<crate::postgres::Fresh>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("pli").display().to_string();
        let made =
            finish(start(&["init", &dir, "--hostname", "mail.cabinet.example", "--high-ports", "--no-recovery"], ""));
        assert_eq!(made.code, 0, "{}", made.err);
        let mut office = Self { folder, doctor: String::new(), colleague: String::new(), _fresh: fresh };
        for port in ["10465", "10587", "10993", "10143", "10443"] {
            office.change(&format!("0.0.0.0:{port}"), "127.0.0.1:0");
        }
        if let Some(url) = office._fresh.as_ref().map(|fresh| fresh.url.clone()) {
            office.change("sqlite:pli.db", &url);
        }
        assert_eq!(office.run(&["practice", "add", "Cabinet", "--telephone", "01 99 00 12 34"], "").code, 0);
        assert_eq!(office.run(&["domain", "add", "cabinet.example"], "").code, 0);
        office.doctor = office.mailbox(DOCTOR);
        office.colleague = office.mailbox(COLLEAGUE);
        office
    }

    fn mailbox(&self, address: &str) -> String {
        let born = self.run(&["mailbox", "add", address, "--name", "Dr", "--json"], "").json();
        born["device"]["password"].as_str().unwrap().to_owned()
    }

    pub fn change(&self, from: &str, to: &str) {
        let file = self.path("pli/pli.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{from}");
        std::fs::write(file, text.replace(from, to)).unwrap();
    }

    /// Runs SQL beside the program.
    pub async fn sql(&self, sql: &'static str) {
        if let Some(url) = self.database() {
            let mut conn = sqlx::PgConnection::connect(&url).await.unwrap();
            sqlx::query(sql).execute(&mut conn).await.unwrap();
            conn.close().await.unwrap();
            return;
        }
        let mut conn = sqlx::SqliteConnection::connect_with(&self.file()).await.unwrap();
        sqlx::query(sql).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    }

    /// A number that the database tells.
    pub async fn number(&self, sql: &'static str) -> i64 {
        if let Some(url) = self.database() {
            let mut conn = sqlx::PgConnection::connect(&url).await.unwrap();
            let number = sqlx::query(sql).fetch_one(&mut conn).await.unwrap().get(0);
            conn.close().await.unwrap();
            return number;
        }
        let mut conn = sqlx::SqliteConnection::connect_with(&self.file()).await.unwrap();
        let number = sqlx::query(sql).fetch_one(&mut conn).await.unwrap().get_unchecked(0);
        conn.close().await.unwrap();
        number
    }

    fn file(&self) -> sqlx::sqlite::SqliteConnectOptions {
        let file = self.path("pli/data/pli.db");
        sqlx::sqlite::SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(10))
    }

    /// The address of the database, where it is PostgreSQL.
    fn database(&self) -> Option<String> {
        self._fresh.as_ref().map(|fresh| fresh.url.clone())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn start(&self, arguments: &[&str], input: &str) -> Child {
        let config = self.path("pli/pli.toml").display().to_string();
        start(&[&["--config", config.as_str()], arguments].concat(), input)
    }

    pub fn run(&self, arguments: &[&str], input: &str) -> Ran {
        finish(self.start(arguments, input))
    }

    /// Imports into the doctor's mailbox.
    pub fn import(&self, source: &str) -> Ran {
        self.run(&["mailbox", "import", DOCTOR, source, "--json"], &format!("{}\n", self.doctor))
    }

    /// What the doctor's mailbox holds.
    pub fn holds(&self) -> Held {
        self.exported(DOCTOR, &self.doctor, "maildir")
    }

    pub fn export(&self, address: &str, password: &str, format: &str) -> PathBuf {
        let dir = tempfile::Builder::new().prefix("export-").tempdir_in(self.folder.path()).unwrap().keep();
        let to = dir.display().to_string();
        let told =
            self.run(&["mailbox", "export", address, &to, "--format", format, "--json"], &format!("{password}\n"));
        assert_eq!(told.json()["unreadable"], serde_json::json!([]));
        dir
    }

    fn exported(&self, address: &str, password: &str, format: &str) -> Held {
        held(&self.export(address, password, format))
    }

    pub fn colleague_holds(&self) -> Held {
        self.exported(COLLEAGUE, &self.colleague, "maildir")
    }

    /// The server of this installation, and its ports by door.
    pub fn serve(&self) -> (Server, BTreeMap<String, u16>) {
        // From now on it ends with the test, whatever comes.
        let mut server = Server(self.start(&["serve"], ""));
        let mut ports = BTreeMap::new();
        for line in BufReader::new(server.0.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if line == "pli is ready" {
                return (server, ports);
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            if let (Some(door), Some(port)) =
                (words.first(), line.rsplit(':').next().and_then(|port| port.parse().ok()))
            {
                ports.insert((*door).trim_end_matches(':').to_owned(), port);
            }
        }
        panic!("the server did not start");
    }
}

/// A program that ends with its test.
pub struct Server(pub Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(arguments: &[&str], input: &str) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pli"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses before it reads closes the pipe: no harm.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child
}

pub fn finish(child: Child) -> Ran {
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    Ran { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
}

/// Folder by folder: each message with its flags and its date (milliseconds), in order.
pub type Held = BTreeMap<String, Vec<Message>>;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Message {
    pub at: i64,
    pub flags: String,
    pub octets: Vec<u8>,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let octets: String = String::from_utf8_lossy(&self.octets).chars().take(400).collect();
        write!(f, "{} [{}] {} octets {octets:?}", self.at, self.flags, self.octets.len())
    }
}

/// Reads an export: nothing here is shared with the import.
pub fn held(dir: &Path) -> Held {
    let manifest: Value = serde_json::from_slice(&std::fs::read(dir.join("pli-export.json")).unwrap()).unwrap();
    let mut held = Held::new();
    for (place, name) in manifest["folders"].as_object().unwrap() {
        let words = std::fs::read_to_string(dir.join(place).join("dovecot-keywords")).unwrap_or_default();
        let words: Vec<&str> = words.lines().map(|line| line.split_once(' ').unwrap().1).collect();
        let mut messages = Vec::new();
        for entry in std::fs::read_dir(dir.join(place).join("cur")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let (unique, letters) = name.split_once(":2,").unwrap();
            let (seconds, rest) = unique.split_once(".M").unwrap();
            let micros: i64 = rest.split('P').next().unwrap().parse().unwrap();
            let at = seconds.parse::<i64>().unwrap() * 1000 + micros / 1000;
            let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
            assert_eq!(modified.duration_since(UNIX_EPOCH).unwrap(), Duration::from_millis(at.try_into().unwrap()));
            let mut flags: Vec<String> = letters
                .chars()
                .map(|c| if c.is_lowercase() { words[c as usize - 'a' as usize].to_owned() } else { c.to_string() })
                .collect();
            flags.sort();
            messages.push(Message { at, flags: flags.join(" "), octets: std::fs::read(&path).unwrap() });
        }
        messages.sort();
        held.insert(name.as_str().unwrap().to_owned(), messages);
    }
    held
}

/// How many messages there are.
pub fn count(held: &Held) -> usize {
    held.values().map(Vec::len).sum()
}

/// A message of a source, with line ends of Unix.
pub fn letter(number: usize, body: &str) -> String {
    format!(
        "From: A <a{number}@x.example>\nTo: {DOCTOR}\nSubject: canary-subject {number}\nMessage-ID: <{number}@x.example>\n\
         Date: Fri, 15 Jan 2021 09:00:00 +0100\n\n{body}\n"
    )
}

pub fn crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

/// Makes the three folders of a Maildir.
pub fn maildir(folder: &Path) {
    for part in ["cur", "new", "tmp"] {
        std::fs::create_dir_all(folder.join(part)).unwrap();
    }
}

/// Puts a file into a Maildir.
pub fn put(folder: &Path, name: &str, octets: impl AsRef<[u8]>) {
    let part = if name.contains(":2,") { "cur" } else { "new" };
    std::fs::write(folder.join(part).join(name), octets).unwrap();
}
