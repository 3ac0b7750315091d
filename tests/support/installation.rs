//! The built program with an installation of its own: made by its commands, served as a process, killed like one.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A folder with settings, a practice and mailboxes; gone when dropped.
pub struct Installation {
    program: PathBuf,
    folder: tempfile::TempDir,
    /// Addresses and device passwords.
    pub users: Vec<(String, String)>,
}

/// The program, serving.
pub struct Serving {
    child: Child,
    pub submissions: SocketAddr,
    pub imaps: SocketAddr,
}

impl Installation {
    /// Made on this database, with so many mailboxes.
    pub fn new(program: &Path, database: &str, mailboxes: usize) -> Outcome<Self> {
        Self::with_relay(program, database, mailboxes, None)
    }

    /// The same, with a relay for notices.
    pub fn with_relay(program: &Path, database: &str, mailboxes: usize, relay: Option<SocketAddr>) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let mut made = Self { program: program.to_owned(), folder, users: Vec::new() };
        let dir = made.path("").display().to_string();
        made.run(&["init", &dir, "--hostname", NAME, "--high-ports", "--no-recovery"])?;
        let file = made.path("pli.toml");
        let mut settings = std::fs::read_to_string(&file)?;
        for port in [10465, 10587, 10993, 10143, 10443] {
            settings = settings.replace(&format!("0.0.0.0:{port}"), "127.0.0.1:0");
        }
        settings = settings.replace("sqlite:pli.db", database);
        if let Some(relay) = relay {
            settings = settings.replace("smtp://127.0.0.1:25", &format!("smtp://{relay}"));
        }
        // Storms send more than people may.
        let rates = ["mailbox_minute", "mailbox_day", "device_minute", "device_day"];
        let rates = rates.map(|key| format!("{key} = 1000000\n")).concat();
        settings = settings.replace("[limits]\n", &format!("[limits]\n{rates}"));
        // The patients' pages play no part: their port must be one that is known before.
        let lines = settings.lines().filter(|line| !line.trim_start().starts_with("portal "));
        std::fs::write(&file, lines.collect::<Vec<_>>().join("\n"))?;
        made.command(&["practice", "add", "Cabinet", "--telephone", "01 99 00 12 34"])?;
        made.command(&["domain", "add", "cabinet.example"])?;
        for n in 0..mailboxes {
            let address = format!("dr{n}@cabinet.example");
            let said = made.command(&["mailbox", "add", &address, "--name", "Dr", "--json"])?;
            let said: serde_json::Value = serde_json::from_str(&said)?;
            let password = said.pointer("/device/password").and_then(|text| text.as_str()).ok_or("no password")?;
            made.users.push((address, password.to_owned()));
        }
        Ok(made)
    }

    /// The authority that clients trust.
    pub fn authority(&self) -> PathBuf {
        self.path("certs/ca.pem")
    }

    /// Starts the server; returns when it is ready.
    pub fn serve(&self) -> Outcome<Serving> {
        let config = self.path("pli.toml");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.path("log"))?;
        let mut child = Command::new(&self.program)
            .arg("--config")
            .arg(config)
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let (mut submissions, mut imaps) = (None, None);
        let stdout = child.stdout.take().ok_or("no output")?;
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            match line.split_once(' ').map(|(door, at)| (door, at.trim())) {
                Some(("submissions", at)) => submissions = Some(at.parse()?),
                Some(("imaps", at)) => imaps = Some(at.parse()?),
                _ => {}
            }
            if line == "pli is ready"
                && let (Some(submissions), Some(imaps)) = (submissions, imaps)
            {
                return Ok(Serving { child, submissions, imaps });
            }
        }
        Err(format!("it does not start: {}", self.log()).into())
    }

    /// What the server logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Everything that is in the folder: data, and the log.
    pub fn at_rest(&self) -> Outcome<Vec<u8>> {
        let (mut all, mut folders) = (Vec::new(), vec![self.path("")]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    all.extend(std::fs::read(path)?);
                }
            }
        }
        Ok(all)
    }

    /// A file of the installation.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("pli").join(name)
    }

    /// What a command of the program prints.
    pub fn command(&self, arguments: &[&str]) -> Outcome<String> {
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
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: whatever it was doing, it does no more.
    pub fn kill(mut self) -> Outcome<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the certificate says.
pub const NAME: &str = "mail.cabinet.example";
