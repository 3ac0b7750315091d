//! `pli demo`: the whole journey on this machine, in a throw-away folder that goes with it.
//!
//! The server is the real one, on loopback unless told otherwise; only the relay and the gateway are replaced by
//! this terminal. Every page says that it is a demonstration, and no setting can switch that on.

mod letter;
mod walk;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use crate::config::{Config, Log, LogLevel};
use crate::delivery::directory::LogoChange;
use crate::delivery::relay::{Relay, Shown};
use crate::domain::{
    Address, Channel, DomainName, FolderRole, MailboxKind, PatientKind, PatientRecord, PersonName, Picture, SecretText,
};
use crate::gateway::{Gateways, ShownCode};
use crate::mailbox::provision::NewMailbox;
use crate::portal;
use crate::server::{Installed, OsRandom, Overrides, Plan, Ports, Running, Server, SystemClock, harden, install};
use crate::telemetry;

use super::practice::fresh;
use super::{Out, Stop};

#[derive(clap::Args)]
pub(super) struct Demo {
    /// Walk the patient's side as well, compare the file with the one sent, remove everything and end
    #[arg(long)]
    once: bool,
    /// Listen on this address instead of loopback
    #[arg(long, value_name = "ADDR")]
    listen: Option<IpAddr>,
    /// What links begin with, such as https://this-machine.example:8443
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Write every state of the patient's page, in every language, into this new folder, and end
    #[arg(long, value_name = "DIR", conflicts_with_all = ["once", "listen", "url"])]
    sheet: Option<PathBuf>,
}

/// A running demonstration.
struct Stage {
    running: Running,
    config: Config,
    made: Installed,
    /// Where mail clients connect.
    submissions: SocketAddr,
    password: String,
    mails: UnboundedReceiver<Shown>,
    codes: UnboundedReceiver<ShownCode>,
}

impl Demo {
    pub(super) async fn run(&self, out: &mut Out) -> Result<(), Stop> {
        if let Some(folder) = &self.sheet {
            write_sheet(folder)?;
            return out.line(format!("Every state of the page is in {}", folder.join("index.html").display()));
        }
        telemetry::start(&Log { level: LogLevel::Warn, format: None });
        harden();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        // 0700, and gone when this value is dropped.
        let folder = tempfile::Builder::new().prefix("pli-demo-").tempdir()?;
        let told = tokio::select! {
            told = self.play(folder.path(), out) => told,
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
        };
        let path = folder.path().to_owned();
        folder.close()?;
        told?;
        out.line(format!("The folder {} is removed.", path.display()))
    }

    async fn play(&self, folder: &Path, out: &mut Out) -> Result<(), Stop> {
        let mut stage = self.build(folder, out).await?;
        stage.submit(out).await?;
        let link = stage.handed_over(out).await?;
        if self.once {
            stage.walk(&link, out).await?;
            stage.running.stop().await;
            return Ok(());
        }
        self.invite(&stage, &link, out)?;
        // Until Ctrl-C, which drops this: the process ends with it.
        loop {
            tokio::select! {
                Some(mail) = stage.mails.recv() => { show_mail(&mail, out)?; }
                Some(code) = stage.codes.recv() => show_code(&code, out)?,
                () = stage.running.broken() => return Err(Stop::because("a part of the server ended by itself")),
            }
        }
    }

    /// A server with a practice, a practitioner and a patient.
    async fn build(&self, folder: &Path, out: &mut Out) -> Result<Stage, Stop> {
        let listen = self.listen.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        if listen.is_unspecified() && self.url.is_none() {
            return Err(Stop::because("--listen on every address needs --url: what should links begin with?"));
        }
        let (submissions, imaps, portal) =
            (free_port(listen, 8465)?, free_port(listen, 8993)?, free_port(listen, 8443)?);
        let url = self.url.clone().unwrap_or_else(|| format!("https://{}", SocketAddr::new(listen, portal)));
        let address = listen.to_string();
        let plan = Plan {
            folder: &folder.join("pli"),
            hostname: HOSTNAME,
            portal_url: Some(&url),
            recovery: true,
            ports: Ports::at(&address, submissions, imaps, portal),
            names: &[&address],
        };
        let made = install(&plan, &SystemClock, &OsRandom)?;
        let config = Config::load(&made.config)?;
        let (to_mails, mails) = mpsc::unbounded_channel();
        let (to_codes, codes) = mpsc::unbounded_channel();
        let overrides = Overrides {
            relay: Some(Relay::shown(to_mails)),
            gateways: Some(Gateways::shown(to_codes)),
            demonstration: true,
            ..Overrides::default()
        };
        let running = Server::start(&config, overrides).await?;
        let client = if listen.is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { listen };

        let deliveries = &running.rooms.deliveries;
        let mut profile = fresh(PRACTICE, &config);
        profile.telephone = "01 99 00 12 34".to_owned();
        let practice = deliveries.add_practice(profile.clone()).await?;
        let logo = Picture::read(portal::SAMPLE_LOGO).map_err(|error| Stop::because(error.to_string()))?;
        deliveries.change_practice(practice, profile.clone(), &LogoChange::Set(logo)).await?;
        let domain: DomainName = DOMAIN.parse().map_err(|_| Stop::because("the demonstration's domain"))?;
        deliveries.add_domain(practice, domain).await?;
        let number = deliveries.read_number(&profile, NUMBER).map_err(|fault| Stop::because(fault.to_string()))?;
        let record = PatientRecord {
            name: PersonName("Jeanne Rossi".to_owned()),
            address: address_of(PATIENT)?,
            number,
            language: None,
            channel: None,
            birth_date: None,
        };
        deliveries
            .add_patient(practice, PatientKind::Patient, record, &crate::delivery::persons::Filing::default())
            .await?;
        let doctor = NewMailbox {
            address: address_of(DOCTOR)?,
            name: "Dr Claire Martin".to_owned(),
            kind: MailboxKind::Personal,
            label: "demonstration".to_owned(),
            person: String::new(),
            send_as: Vec::new(),
        };
        let born = running.rooms.mailboxes.add(doctor, running.rooms.recovery.as_ref()).await?;
        out.lines(&[
            "Pli, a demonstration. Everything is fictitious and goes with this program.",
            "",
            &format!("● Ready   {PRACTICE}; {DOCTOR}; patient {PATIENT}, {NUMBER}"),
            &format!("          in {} (mode 700), SQLite, a trial certificate", folder.display()),
        ])?;
        Ok(Stage {
            running,
            config,
            made,
            submissions: SocketAddr::new(client, submissions),
            password: born.device.password.reveal_grouped(),
            mails,
            codes,
        })
    }

    /// What a person can do now.
    fn invite(&self, stage: &Stage, link: &str, out: &mut Out) -> Result<(), Stop> {
        let at = stage.submissions;
        let sheet = stage.made.config.with_file_name("sheet");
        write_sheet(&sheet)?;
        let ca = stage.made.authority.display().to_string();
        let port = stage.running.portal.map_or(0, |address| address.port());
        let imaps = stage.running.imaps.map_or(0, |address| address.port());
        out.lines(&[
            "",
            "Open the patient's link in a browser, ask for a code, and type what appears here:",
            "",
            link,
            "",
        ])?;
        if self.listen.is_none() {
            out.line(format!("On a machine without a browser: ssh -L {port}:127.0.0.1:{port} THIS-MACHINE, there."))?;
        }
        out.lines(&[
            "The browser warns once, because the certificate is a trial one: accept it for this page,",
            &format!("or give it the authority: {ca}"),
            &format!("  curl --cacert {ca} {link}"),
            "",
            "Every state of the page, in five languages, to look at:",
            &format!("  file://{}", sheet.join("index.html").display()),
            "",
            "Send another with swaks:",
            &format!(
                "  swaks --server {} --port {} --tls-on-connect --tls-verify --tls-ca-path {ca} \\",
                at.ip(),
                at.port()
            ),
            &format!("    --auth PLAIN --auth-user {DOCTOR} --auth-password {} \\", stage.password),
            &format!("    --from {DOCTOR} --to {PATIENT} --header 'Subject: Another one' --body 'Hello'"),
            "",
            "or read and write in Thunderbird, where the receipts are (SSL/TLS, normal password):",
            &format!(
                "  incoming server (IMAP) {}, port {imaps}; outgoing server {}, port {}",
                at.ip(),
                at.ip(),
                at.port()
            ),
            &format!("  user name {DOCTOR}"),
            &format!("  password {}", stage.password),
            "",
            "Ctrl-C ends it and removes everything.",
        ])
    }
}

impl Stage {
    /// The practitioner presses *Send*: real SMTP over TLS, with AUTH.
    async fn submit(&self, out: &mut Out) -> Result<(), Stop> {
        // RFC 3986 §3.2.1: the `@` of the user name is escaped.
        let url = format!("smtps://{}:{}@{}", DOCTOR.replace('@', "%40"), self.password, self.submissions);
        let client = Relay::open(&SecretText::new(url), "demo.client.example", Some(&self.made.authority));
        let client = client.map_err(Stop::Refused)?;
        client.submit(&address_of(DOCTOR)?, &[address_of(PATIENT)?], letter::compose(&SystemClock).as_bytes()).await?;
        let queue = self.running.rooms.deliveries.queue(true).await?;
        let id = queue.first().map(|work| work.id.to_string()).unwrap_or_default();
        out.lines(&[
            "",
            &format!("● Sent    \"{}\" with {}, by SMTP on TLS", letter::SUBJECT, letter::FILE),
            &format!("          accepted: 250, queue id {id}"),
        ])?;
        self.sealed(out)
    }

    /// Nothing readable is on the disk: every file of the data folder is searched.
    fn sealed(&self, out: &mut Out) -> Result<(), Stop> {
        let needles = [letter::SUBJECT, letter::FILE, letter::BODY_WORD, PATIENT, "+33612345678", "Rossi"];
        let (mut files, mut octets) = (0_usize, 0_usize);
        let mut folders = vec![self.config.data.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let content = std::fs::read(&path)?;
                (files, octets) = (files + 1, octets + content.len());
                for needle in needles {
                    if content.windows(needle.len()).any(|window| window == needle.as_bytes()) {
                        return Err(Stop::because(format!("{} holds something readable", path.display())));
                    }
                }
            }
        }
        out.line(format!(
            "● Sealed  {files} files, {} KiB in the data folder searched: no subject, text, file name, name, address, number",
            octets / 1024
        ))
    }

    /// The e-mail that the relay took, as the patient sees it; the link in it.
    async fn handed_over(&mut self, out: &mut Out) -> Result<String, Stop> {
        let mail = tokio::time::timeout(PATIENCE, self.mails.recv()).await;
        let mail = mail.ok().flatten().ok_or_else(|| Stop::because("no notice was handed over within a minute"))?;
        out.lines(&["", "● Handed over to the relay. The patient's e-mail:"])?;
        let text = show_mail(&mail, out)?;
        let begin = self.config.delivery().portal_url;
        let link = text.split_whitespace().find(|word| word.len() > begin.len() + 1 && word.starts_with(&begin));
        link.map(str::to_owned).ok_or_else(|| Stop::because("the notice has no link"))
    }

    /// The patient's side, and what the practitioner learns of it.
    async fn walk(&mut self, link: &str, out: &mut Out) -> Result<(), Stop> {
        let mut patient = walk::Patient::new(&self.made.authority)?;
        patient.ask(link).await?;
        out.lines(&["", "● Opened  the link, asked for a code by SMS"])?;
        let code = tokio::time::timeout(PATIENCE, self.codes.recv()).await.ok().flatten();
        let code = code.ok_or_else(|| Stop::because("no code was sent within a minute"))?;
        show_code(&code, out)?;
        let file = patient.read(code.text.reveal(), letter::BODY_WORD).await?;
        if file != letter::PDF {
            return Err(Stop::because("the file that came is not the file that was sent"));
        }
        out.line(format!("● Read    the letter; {}: {} octets, the same as sent", letter::FILE, file.len()))?;
        for _ in 0..100 {
            let mailbox = self.running.rooms.mailboxes.show(&address_of(DOCTOR)?).await?;
            let inbox = mailbox.folders.iter().find(|(role, _)| *role == FolderRole::Inbox).map_or(0, |(_, n)| *n);
            if inbox > 0 {
                return out.line(format!("● Told    the practitioner: {inbox} receipt in INBOX"));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(Stop::because("no receipt came to the practitioner's INBOX"))
    }
}

/// Writes the sheet of every state into a folder that is not there yet.
fn write_sheet(folder: &Path) -> Result<(), Stop> {
    let failed = |path: &Path, error: &std::io::Error| Stop::because(format!("{}: {}", path.display(), error.kind()));
    std::fs::create_dir(folder).map_err(|error| failed(folder, &error))?;
    for (name, octets) in portal::sheet() {
        let path = folder.join(name);
        let written =
            path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, octets));
        written.map_err(|error| failed(&path, &error))?;
    }
    Ok(())
}

/// Prints a mail as a mail client shows it; returns its text.
fn show_mail(mail: &Shown, out: &mut Out) -> Result<String, Stop> {
    let read = mail_parser::MessageParser::default().parse(&mail.octets);
    let read = read.ok_or_else(|| Stop::because("the notice is not a message"))?;
    let text = read.body_text(0).unwrap_or_default().into_owned();
    out.line(format!("  ┌ To       {}", mail.to.reveal()))?;
    out.line(format!("  │ Subject  {}", printable(read.subject().unwrap_or_default())))?;
    out.line("  │")?;
    for line in text.lines() {
        out.line(format!("  │ {}", printable(line)))?;
    }
    out.line("  └")?;
    Ok(text)
}

fn show_code(code: &ShownCode, out: &mut Out) -> Result<(), Stop> {
    let way = match code.channel {
        Channel::Sms => "The SMS",
        Channel::Voice => "The call",
    };
    out.line(format!("  ┌ {way} to {}", code.to.reveal()))?;
    for line in code.text.reveal().lines() {
        out.line(format!("  │ {}", printable(line)))?;
    }
    out.line("  └")
}

/// Text of a message for a terminal (fault 33).
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

fn address_of(text: &str) -> Result<Address, Stop> {
    text.parse().map_err(|_| Stop::because("the demonstration's addresses"))
}

/// The port that is easy to remember where it is free, else any.
fn free_port(address: IpAddr, wished: u16) -> Result<u16, Stop> {
    let bound = TcpListener::bind((address, wished)).or_else(|_| TcpListener::bind((address, 0)));
    let bound = bound.map_err(|error| Stop::because(format!("--listen {address}: {}", error.kind())))?;
    Ok(bound.local_addr()?.port())
}

const HOSTNAME: &str = "mail.cabinet.example";
const DOMAIN: &str = "cabinet.example";
const PRACTICE: &str = "Cabinet du Port";
const DOCTOR: &str = "dr.martin@cabinet.example";
const PATIENT: &str = "jeanne.rossi@patient.example";
const NUMBER: &str = "06 12 34 56 78";
/// How long the demonstration waits for a step.
const PATIENCE: Duration = Duration::from_secs(60);
