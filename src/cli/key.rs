//! `pli key`: what keys there are, another root key, a new recovery certificate, and the way back in when every password is lost.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use crate::domain::PublicKey;
use crate::mailbox::recovery::{RecoveryAnswer, RecoveryRequest};
use crate::vault::{DkimKey, DkimKind, RecoverySecret, Vault};

use super::rotate::{self, Retire, Rotate};
use super::{Opened, Out, Stop, mailbox, out};

#[derive(clap::Subcommand)]
pub(super) enum Key {
    /// The root keys and what is under each, the recovery certificate, and the mailboxes that it does not fit or whose keys are due
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Put another root key in the place of the one in use, while the server runs; goes on where it was interrupted
    Rotate(Rotate),
    /// Take a root key away that does not seal any more
    Retire(Retire),
    /// Make a recovery certificate; the secret half goes to a file that is to leave this machine
    Recovery {
        /// Where the certificate goes; [keys] recovery names it
        certificate: PathBuf,
        /// Where its secret half goes
        secret: PathBuf,
    },
    /// Make a key that signs notices (DKIM); a [[dkim]] names it, and pli dns then says what to publish
    Dkim {
        /// Where the key goes
        file: PathBuf,
        /// rsa is verified by every server; ed25519 is shorter, and best beside an rsa one
        #[arg(long, value_enum, default_value_t = Algorithm::Rsa)]
        kind: Algorithm,
    },
    /// Let a new device into a mailbox whose passwords are all lost: export here, unlock elsewhere, import here
    #[command(subcommand)]
    Recover(Recover),
}

/// Of which algorithm a key that signs is.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(super) enum Algorithm {
    Rsa,
    Ed25519,
}

#[derive(clap::Subcommand)]
pub(super) enum Recover {
    /// On the server: make a device that waits, print its password, write what the recovery certificate locks
    Export {
        /// The mailbox's address
        address: String,
        /// The file to write; nothing in it is secret
        request: PathBuf,
        /// What the device is called, such as "after the fire"
        #[arg(long)]
        label: String,
        /// Whose it is; the mailbox's name where it is not given
        #[arg(long, default_value = "")]
        person: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Where the recovery secret is, away from the server: open what is locked, seal it to the device that waits
    Unlock {
        /// What the server wrote
        request: PathBuf,
        /// The recovery certificate's secret half
        #[arg(long, value_name = "FILE")]
        recovery: PathBuf,
        /// The file to write, for the server; only the device that waits can open it
        answer: PathBuf,
    },
    /// On the server: let the device in
    Import {
        /// What was written elsewhere
        answer: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Key {
    /// Whether the command is about an installation; the others need none.
    pub(super) fn is_of_the_server(&self) -> bool {
        !matches!(self, Self::Recovery { .. } | Self::Dkim { .. } | Self::Recover(Recover::Unlock { .. }))
    }

    /// The commands that are run away from the server.
    pub(super) fn away(&self, out: &mut Out) -> Result<(), Stop> {
        match self {
            Self::Recovery { certificate, secret } => make_recovery(certificate, secret, out),
            Self::Dkim { file, kind } => make_dkim(file, *kind, out),
            Self::Recover(Recover::Unlock { request, recovery, answer }) => unlock(request, recovery, answer, out),
            Self::Show { .. } | Self::Rotate(_) | Self::Retire(_) | Self::Recover(_) => {
                Err(Stop::because("this command is the server's"))
            }
        }
    }

    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        match self {
            Self::Show { json } => show(opened, *json, out).await,
            Self::Rotate(asked) => rotate::rotate(opened, asked, out).await,
            Self::Retire(asked) => rotate::retire(opened, asked, out).await,
            Self::Recover(Recover::Export { address, request, label, person, json }) => {
                export(opened, address, (label, person), request, *json, out).await
            }
            Self::Recover(Recover::Import { answer, json }) => {
                let answer: Answer = read(answer)?;
                let device = opened.rooms.mailboxes.take_recovery(&answer.taken()?).await?;
                if *json {
                    return out.json(&json!({ "device": device }));
                }
                out.lines(&[
                    "The device can read now, with the password that the export printed.",
                    "Revoke the lost devices (pli device list, pli device revoke): the next session then makes new keys.",
                ])
            }
            Self::Recovery { .. } | Self::Dkim { .. } | Self::Recover(Recover::Unlock { .. }) => self.away(out),
        }
    }
}

async fn show(opened: &Opened, json: bool, out: &mut Out) -> Result<(), Stop> {
    let recovery = opened.rooms.recovery.as_ref().map(Vault::shown_key).transpose()?;
    let (mut without, mut due) = (Vec::new(), Vec::new());
    for listed in opened.rooms.mailboxes.list().await? {
        let shown = opened.rooms.mailboxes.show(&mailbox::read(&listed.address)?).await?;
        if !shown.recovery {
            without.push(listed.address.clone());
        }
        if let Some(at) = shown.renewal_due_at {
            due.push((listed.address, at));
        }
    }
    let (root, states) = (opened.rooms.root_key_id(), opened.rooms.root_keys().await?);
    let rotating = opened.rooms.is_rotating().await?;
    if json {
        return out.json(&json!({
            "root_key": root,
            "root_keys": rotate::values(&states),
            "rotating": rotating,
            "recovery": recovery,
            "without_recovery": without,
            "renewal_due": due.iter().map(|(address, at)| json!({ "address": address, "since": at.rfc3339() })).collect::<Vec<_>>(),
        }));
    }
    let none = |list: &[String]| if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    let zone = &opened.config.timezone;
    let due: Vec<String> =
        due.iter().map(|(address, at)| format!("{address} since {}", out::when(*at, zone))).collect();
    out.pairs(&[
        ("root key", root),
        ("recovery certificate", recovery.unwrap_or_else(|| "there is none".to_owned())),
        ("mailboxes it does not fit", none(&without)),
        ("new keys due", none(&due)),
    ])?;
    rotate::shown(&states, rotating, out)
}

fn make_recovery(certificate: &Path, secret: &Path, out: &mut Out) -> Result<(), Stop> {
    let (public, private) = Vault::new_recovery()?;
    let shown = Vault::shown_key(&public)?;
    let mut files = [new_file(certificate, 0o644)?, new_file(secret, 0o600)?];
    let texts = [public.as_octets(), private.0.as_bytes()];
    for (file, octets) in files.iter_mut().zip(texts) {
        file.write_all(octets).and_then(|()| file.sync_all())?;
    }
    out.lines(&[
        &format!(
            "The recovery certificate {shown} is in {}; its secret half in {}.",
            certificate.display(),
            secret.display()
        ),
        "Name the certificate in [keys] recovery: it fits every mailbox that is made from then on.",
        "Copy the secret half to paper or into a safe, and take it off this machine.",
    ])
}

fn make_dkim(path: &Path, kind: Algorithm, out: &mut Out) -> Result<(), Stop> {
    let kind = match kind {
        Algorithm::Rsa => DkimKind::Rsa,
        Algorithm::Ed25519 => DkimKind::Ed25519,
    };
    let pem = DkimKey::make(kind)?;
    let mut file = new_file(path, 0o600)?;
    file.write_all(pem.as_bytes()).and_then(|()| file.sync_all())?;
    out.lines(&[
        &format!(
            "The key is in {}. Name it in a [[dkim]] of its own, with a selector that was not used before.",
            path.display()
        ),
        "Publish what pli dns then prints, and start the server again once the DNS has it.",
    ])
}

async fn export(
    opened: &Opened,
    address: &str,
    (label, person): (&str, &str),
    file: &Path,
    json: bool,
    out: &mut Out,
) -> Result<(), Stop> {
    let at = mailbox::read(address)?;
    // Before a device is made: a request that cannot be written would leave it waiting.
    let mut to = new_file(file, 0o600)?;
    let asked = opened.rooms.mailboxes.ask_recovery(&at, label, person).await;
    let (device, request) = match asked {
        Ok(asked) => asked,
        Err(error) => {
            let _ = std::fs::remove_file(file);
            return Err(error.into());
        }
    };
    let shown = Vault::shown_key(&request.public_key)?;
    let text = serde_json::to_string_pretty(&Request::new(address, label, &request)).unwrap_or_default();
    to.write_all(text.as_bytes()).and_then(|()| to.sync_all())?;
    if json {
        return out.json(&json!({ "address": address, "device": mailbox::secret(&device), "key": shown }));
    }
    out.lines(&[
        &format!("Device {label} waits. Its password is shown this once:"),
        "",
        &format!("  {}", device.password.reveal_grouped()),
        "",
        &format!("Its key is {shown}. Take {} to where the recovery secret is, and there:", file.display()),
        &format!("  pli key recover unlock {} --recovery SECRET answer.json", file.display()),
        "Then bring the answer back, and here:",
        "  pli key recover import answer.json",
    ])
}

fn unlock(request: &Path, recovery: &Path, answer: &Path, out: &mut Out) -> Result<(), Stop> {
    let request: Request = read(request)?;
    let secret = std::fs::read_to_string(recovery).map(Zeroizing::new);
    let secret = secret.map_err(|error| Stop::because(format!("{}: {}", recovery.display(), error.kind())))?;
    let public_key = PublicKey::from_octets(octets(&request.public_key)?);
    let shown = Vault::shown_key(&public_key).map_err(|_| Stop::because("the request names no key of a device"))?;
    let esk = Vault::recover(&RecoverySecret(secret), octets(&request.locked)?, &public_key);
    let esk = esk.map_err(|_| Stop::because("this recovery secret does not open that mailbox"))?;
    let made = Answer {
        kind: ANSWER.to_owned(),
        mailbox: request.mailbox,
        version: request.version,
        slot: request.slot,
        sealed: data_encoding::BASE64.encode(esk.as_octets()),
    };
    let text = serde_json::to_string_pretty(&made).unwrap_or_default();
    let mut file = new_file(answer, 0o600)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all())?;
    out.lines(&[
        &format!("The mailbox {} is opened for the device {} with the key {shown}.", request.address, request.label),
        "If the server's export printed another key, somebody changed the request: throw the answer away.",
        &format!("Else take {} to the server, and there: pli key recover import FILE", answer.display()),
    ])
}

/// The request as a file: what is locked, and to whom it is to be opened.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    kind: String,
    address: String,
    label: String,
    mailbox: String,
    version: i64,
    slot: String,
    public_key: String,
    locked: String,
}

/// The answer as a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    kind: String,
    mailbox: String,
    version: i64,
    slot: String,
    sealed: String,
}

/// A file of ours names its kind.
trait Kind {
    const KIND: &'static str;
    fn kind(&self) -> &str;
}

impl Kind for Request {
    const KIND: &'static str = "pli recovery request 1";
    fn kind(&self) -> &str {
        &self.kind
    }
}

impl Kind for Answer {
    const KIND: &'static str = ANSWER;
    fn kind(&self) -> &str {
        &self.kind
    }
}

const ANSWER: &str = "pli recovery answer 1";

impl Request {
    fn new(address: &str, label: &str, request: &RecoveryRequest) -> Self {
        Self {
            kind: Self::KIND.to_owned(),
            address: address.to_owned(),
            label: label.to_owned(),
            mailbox: request.mailbox.to_string(),
            version: request.version,
            slot: request.slot.to_string(),
            public_key: data_encoding::BASE64.encode(request.public_key.as_octets()),
            locked: data_encoding::BASE64.encode(request.esk.as_octets()),
        }
    }
}

impl Answer {
    fn taken(&self) -> Result<RecoveryAnswer, Stop> {
        let not_ours = || Stop::because("the file is not whole");
        Ok(RecoveryAnswer {
            mailbox: self.mailbox.parse().map_err(|_| not_ours())?,
            version: self.version,
            slot: self.slot.parse().map_err(|_| not_ours())?,
            sealed: octets(&self.sealed)?,
        })
    }
}

fn read<T: Kind + for<'a> Deserialize<'a>>(file: &Path) -> Result<T, Stop> {
    let said = |what: &str| Stop::because(format!("{}: {what}", file.display()));
    let length = std::fs::metadata(file).map_err(|error| said(&error.kind().to_string()))?.len();
    if length > MOST {
        return Err(said(&format!("this is no {}", T::KIND)));
    }
    let text = std::fs::read(file).map_err(|error| said(&error.kind().to_string()))?;
    let read = serde_json::from_slice(&text).ok().filter(|read: &T| read.kind() == T::KIND);
    read.ok_or_else(|| said(&format!("this is no {}", T::KIND)))
}

fn octets(text: &str) -> Result<Vec<u8>, Stop> {
    data_encoding::BASE64.decode(text.as_bytes()).map_err(|_| Stop::because("the file is not whole"))
}

/// A file that was not there.
fn new_file(path: &Path, mode: u32) -> Result<std::fs::File, Stop> {
    let made = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    made.map_err(|error| Stop::because(format!("{}: {}", path.display(), error.kind())))
}

/// A request or answer has a few kilobytes.
const MOST: u64 = 64 * 1024;
