//! `pli init`: a first installation in one folder.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::server::{Installed, OsRandom, Plan, Ports, StartError, SystemClock, Unit, install};

use super::{Out, Stop};

#[derive(clap::Args)]
pub(super) struct Init {
    /// The folder to make the installation in
    dir: PathBuf,
    /// The server's name, such as mail.cabinet.example
    #[arg(long, value_name = "NAME")]
    hostname: String,
    /// Where patients go; https:// and the server's name where it is not given
    #[arg(long, value_name = "URL")]
    portal_url: Option<String>,
    /// Make no recovery certificate: a mailbox whose passwords are all lost cannot be read again
    #[arg(long, conflicts_with = "recovery")]
    no_recovery: bool,
    /// Write the recovery secret to this file, which must not be beside the data, instead of printing it
    #[arg(long, value_name = "FILE")]
    recovery: Option<PathBuf>,
    /// Ports above 1023, which any user may open: 10465, 10587, 10993, 10143, 10443
    #[arg(long)]
    high_ports: bool,
    /// Write pli.service beside the settings: a systemd unit for this installation, which runs as the user pli
    #[arg(long)]
    systemd: bool,
}

impl Init {
    pub(super) fn run(&self, out: &mut Out) -> Result<(), Stop> {
        // Before anything is made: a secret that cannot be written would be lost.
        let mut recovery_file = self.recovery.as_deref().map(|file| self.reserve(file)).transpose()?;
        let plan = Plan {
            folder: &self.dir,
            hostname: &self.hostname,
            portal_url: self.portal_url.as_deref(),
            recovery: !self.no_recovery,
            ports: if self.high_ports { Ports::high() } else { Ports::standard() },
            names: &[],
        };
        let made = match install(&plan, &SystemClock, &OsRandom) {
            Ok(made) => made,
            Err(error) => return self.give_up(error),
        };
        if let (Some(file), Some(secret)) = (&mut recovery_file, &made.recovery) {
            file.write_all(secret.as_bytes()).and_then(|()| file.sync_all())?;
        }
        let unit = if self.systemd { Some(self.unit(&made)?) } else { None };
        let config = made.config.display();
        out.line(format!("Made in {}:", self.dir.display()))?;
        out.pairs(&[
            ("  pli.toml", "the settings, commented".to_owned()),
            ("  root.key", "the root key".to_owned()),
            ("  certs/", "a trial certificate, and ca.pem to give to clients until a real one is there".to_owned()),
            ("  data/", "everything that is kept, sealed".to_owned()),
        ])?;
        if made.recovery.is_some() {
            out.line("  recovery.cert  opens every mailbox together with its secret half, which is not here")?;
        }
        if unit.is_some() {
            out.line("  pli.service    the unit for systemd")?;
        }
        if let (None, Some(secret)) = (&self.recovery, &made.recovery) {
            out.lines(&["", "The recovery secret. It is shown this once and is nowhere else:", "", secret.trim_end()])?;
        }
        out.lines(&[
            "",
            "Next:",
            &format!("  1. look through {config}: [notice] says how e-mail leaves, [[code.sms]] how codes do"),
            &format!("  2. pli --config {config} practice add \"Cabinet\" --telephone \"…\""),
            &format!("  3. pli --config {config} domain add {}", domain_of(&self.hostname)),
            &format!(
                "  4. pli --config {config} mailbox add dr.martin@{} --name \"Dr Martin\"",
                domain_of(&self.hostname)
            ),
            &format!("  5. pli --config {config} serve"),
            "",
        ])?;
        if let Some(unit) = &unit {
            let unit = unit.display();
            out.lines(&[
                "As a service, in the place of 5:",
                "  useradd --system --home-dir / --shell /usr/sbin/nologin pli",
                &format!("  chown -R pli: {}", self.dir.display()),
                &format!("  cp {unit} /etc/systemd/system/ && systemctl daemon-reload && systemctl enable --now pli"),
                "Commands then begin with: sudo -u pli",
                "",
            ])?;
        }
        let secret = match (&self.recovery, &made.recovery) {
            (Some(file), Some(_)) => format!(" and {}", file.display()),
            (None, Some(_)) => " and the recovery secret above".to_owned(),
            _ => String::new(),
        };
        out.line(format!("Copy {}{secret} to paper or into a safe now.", made.root_key.display()))
    }

    /// Writes the unit of an installation.
    fn unit(&self, made: &Installed) -> Result<PathBuf, Stop> {
        let absolute = |path: &Path| std::path::absolute(path);
        let unit = Unit {
            program: std::env::current_exe()?,
            config: absolute(&made.config)?,
            data: absolute(&self.dir.join("data"))?,
            root_key: absolute(&made.root_key)?,
        };
        let file = self.dir.join("pli.service");
        let mut written = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&file)?;
        written.write_all(unit.text().as_bytes())?;
        written.sync_all()?;
        Ok(file)
    }

    /// The file for the recovery secret, made now and empty.
    fn reserve(&self, file: &Path) -> Result<std::fs::File, Stop> {
        let inside = std::path::absolute(file)?.starts_with(std::path::absolute(&self.dir)?.join("data"));
        if inside {
            return Err(Stop::because("--recovery: the secret must not be in the data folder"));
        }
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
        made.map_err(|error| Stop::because(format!("--recovery: {}: {}", file.display(), error.kind())))
    }

    /// Nothing was made: the empty file goes as well.
    fn give_up(&self, error: StartError) -> Result<(), Stop> {
        if let Some(file) = &self.recovery {
            let _ = std::fs::remove_file(file);
        }
        Err(error.into())
    }
}

/// `cabinet.example` of `mail.cabinet.example`.
fn domain_of(hostname: &str) -> &str {
    hostname.split_once('.').filter(|(_, rest)| rest.contains('.')).map_or(hostname, |(_, rest)| rest)
}
