//! An installation made by the program's own commands: an application mailbox, colleagues, patients.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::imap::client::Outcome;

/// What the certificate says.
pub const NAME: &str = "mail.cabinet.example";
/// Who submits.
pub const SOFTWARE: &str = "labo@cabinet.example";
const COLLEAGUES: usize = 20;

/// What an installation has that not every one needs.
pub struct Plan {
    /// How many patients there are.
    pub patients: usize,
    /// Where its database is, when it is not SQLite's file.
    pub database: Option<String>,
    /// Sections at the end of its settings.
    pub sections: String,
}

impl Default for Plan {
    fn default() -> Self {
        Self { patients: 100, database: None, sections: String::new() }
    }
}

/// The colleague of the letter of this number.
pub fn colleague(n: usize) -> String {
    format!("dr{}@cabinet.example", n % COLLEAGUES)
}

/// A patient.
pub fn patient(n: usize) -> String {
    format!("patient{n}@patient.example")
}

/// The telephone of a patient.
pub fn number(n: usize) -> String {
    format!("+336123{n:05}")
}

pub struct Office {
    program: PathBuf,
    folder: tempfile::TempDir,
    /// Of the application mailbox.
    pub password: String,
}

/// The program, serving; killed when dropped.
pub struct Serving {
    child: Child,
    doors: HashMap<String, SocketAddr>,
}

impl Office {
    pub fn new(program: &Path, relay: SocketAddr, plan: &Plan) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let mut made = Self { program: program.to_owned(), folder, password: String::new() };
        let dir = made.path("").display().to_string();
        made.run(&["init", &dir, "--hostname", NAME, "--high-ports", "--no-recovery"])?;
        let file = made.path("pli.toml");
        let mut settings = std::fs::read_to_string(&file)?.replace("smtp://127.0.0.1:25", &format!("smtp://{relay}"));
        for port in [10465, 10587, 10993, 10143, 10443] {
            settings = settings.replace(&format!("0.0.0.0:{port}"), "127.0.0.1:0");
        }
        if let Some(database) = &plan.database {
            settings = settings.replace("sqlite:pli.db", database);
        }
        std::fs::write(&file, settings + &plan.sections)?;
        made.command(&["practice", "add", "Cabinet", "--telephone", "01 99 00 12 34"])?;
        made.command(&["domain", "add", "cabinet.example"])?;
        for n in 0..COLLEAGUES {
            made.command(&["mailbox", "add", &colleague(n), "--name", "Dr"])?;
        }
        for n in 0..plan.patients {
            made.command(&["patient", "add", &patient(n), &number(n)])?;
        }
        let said = made.command(&["mailbox", "add", SOFTWARE, "--name", "Labo", "--kind", "application", "--json"])?;
        let said: serde_json::Value = serde_json::from_str(&said)?;
        let password = said.pointer("/device/password").and_then(|text| text.as_str()).ok_or("no password")?;
        password.clone_into(&mut made.password);
        Ok(made)
    }

    /// The authority that clients trust.
    pub fn authority(&self) -> PathBuf {
        self.path("certs/ca.pem")
    }

    /// Starts the server; returns when it is ready.
    pub fn serve(&self) -> Outcome<Serving> {
        let log = std::fs::File::create(self.path("log"))?;
        let mut child = Command::new(&self.program)
            .arg("--config")
            .arg(self.path("pli.toml"))
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let mut doors = HashMap::new();
        for line in BufReader::new(child.stdout.take().ok_or("no output")?).lines() {
            let line = line?;
            if line == "pli is ready" {
                return Ok(Serving { child, doors });
            }
            if let Some((door, at)) = line.split_once(' ')
                && let Ok(at) = at.trim().parse()
            {
                doors.insert(door.to_owned(), at);
            }
        }
        Err(format!("it does not start: {}", std::fs::read_to_string(self.path("log")).unwrap_or_default()).into())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("pli").join(name)
    }

    fn command(&self, arguments: &[&str]) -> Outcome<String> {
        let config = self.path("pli.toml").display().to_string();
        self.run(&[&["--config", config.as_str()], arguments].concat())
    }

    fn run(&self, arguments: &[&str]) -> Outcome<String> {
        let done = Command::new(&self.program).args(arguments).output()?;
        if !done.status.success() {
            return Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&done.stderr)).into());
        }
        Ok(String::from_utf8(done.stdout)?)
    }
}

impl Serving {
    /// Where a door is.
    pub fn door(&self, name: &str) -> Outcome<SocketAddr> {
        self.doors.get(name).copied().ok_or_else(|| format!("there is no door {name}").into())
    }

    /// Milliseconds of CPU that it used (proc(5): utime and stime, in ticks of 10 ms).
    pub fn cpu(&self) -> Outcome<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, after) = stat.rsplit_once(") ").ok_or("no process")?;
        let fields: Vec<u64> = after.split(' ').map(|field| field.parse().unwrap_or(0)).collect();
        Ok(fields.iter().skip(11).take(2).sum::<u64>() as f64 * 10.0)
    }

    /// KiB of memory by this name of proc(5).
    pub fn memory(&self, name: &str) -> Outcome<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
