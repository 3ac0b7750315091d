//! `pli mailbox`: mailboxes, their first device and the spare for paper.

use serde_json::{Value, json};

use crate::domain::{Address, FolderRole, MailboxKind};
use crate::mailbox::provision::{MailboxInfo, NewDevice, NewMailbox};

use super::{Opened, Out, Stop, device, export, import, out};

#[derive(clap::Subcommand)]
pub(super) enum Mailbox {
    /// Add a mailbox; prints a device password and a spare, once
    Add {
        /// Its address
        address: String,
        /// The name that correspondents see
        #[arg(long)]
        name: String,
        /// personal, organisation or application
        #[arg(long, default_value = "personal", value_parser = kind)]
        kind: MailboxKind,
        /// What the first device is called
        #[arg(long, default_value = "first device")]
        label: String,
        /// Whose the first device is; the mailbox's name where it is not given
        #[arg(long, default_value = "")]
        person: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List all mailboxes
    List {
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Show one mailbox, its devices and how many messages are in its folders
    Show {
        /// Its address
        address: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take messages from a Maildir, mbox files or another IMAP account; passwords on standard input
    Import(import::ImportFrom),
    /// Write everything out, in clear, as a Maildir or mbox files; a device password on standard input
    Export(export::Export),
}

impl Mailbox {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        let mailboxes = &opened.rooms.mailboxes;
        let zone = &opened.config.timezone;
        match self {
            Self::Add { address, name, kind, label, person, json } => {
                let new = NewMailbox {
                    address: read(address)?,
                    name: name.clone(),
                    kind: *kind,
                    label: label.clone(),
                    person: person.clone(),
                };
                let born = mailboxes.add(new, opened.rooms.recovery.as_ref()).await?;
                if *json {
                    return out.json(&json!({
                        "address": address,
                        "device": secret(&born.device),
                        "spare": born.spare.as_ref().map(secret),
                        "recovery": born.recovery,
                    }));
                }
                out.lines(&[
                    &format!("Mailbox {address} is added. Its passwords are shown this once:"),
                    "",
                    &format!("  {}", born.device.label),
                    &format!("    {}", born.device.password.reveal_grouped()),
                ])?;
                if let Some(spare) = &born.spare {
                    out.lines(&[
                        "  the spare: print it, and lock it away",
                        &format!("    {}", spare.password.reveal_grouped()),
                    ])?;
                }
                out.line("")?;
                out.line(match born.recovery {
                    true => "The recovery certificate fits it too, should every password be lost; the command that uses it is not built yet.",
                    false => "There is no recovery certificate: when every password is lost, so is the mail.",
                })
            }
            Self::List { json } => {
                let list = mailboxes.list().await?;
                if *json {
                    return list.iter().try_for_each(|mailbox| out.json(&brief(mailbox)));
                }
                let row = |m: &MailboxInfo| {
                    vec![m.address.clone(), m.name.clone(), m.kind.word().to_owned(), m.state.word().to_owned()]
                };
                let rows: Vec<_> = list.iter().map(row).collect();
                out.table(&["address", "name", "kind", "state"], &rows, "There is no mailbox yet.")
            }
            Self::Show { address, json } => {
                let mailbox = mailboxes.show(&read(address)?).await?;
                if *json { out.json(&whole(&mailbox)) } else { show(&mailbox, zone, out) }
            }
            Self::Import(command) => command.run(opened, out).await,
            Self::Export(command) => command.run(opened, out).await,
        }
    }
}

/// Reads an address of this server from an argument.
pub(super) fn read(address: &str) -> Result<Address, Stop> {
    address.parse().map_err(|fault| Stop::because(format!("{address}: {fault}")))
}

fn kind(word: &str) -> Result<MailboxKind, String> {
    MailboxKind::from_word(word).ok_or_else(|| "must be one of: personal, organisation, application".to_owned())
}

/// A device with its password, which is shown this once.
pub(super) fn secret(device: &NewDevice) -> Value {
    json!({ "label": device.label, "password": device.password.reveal(), "id": device.id, "ready": device.ready })
}

fn brief(mailbox: &MailboxInfo) -> Value {
    json!({
        "id": mailbox.id,
        "practice": mailbox.practice,
        "address": mailbox.address,
        "name": mailbox.name,
        "kind": mailbox.kind,
        "state": mailbox.state,
        "recovery": mailbox.recovery,
        "created_at": mailbox.created_at.rfc3339(),
    })
}

fn whole(mailbox: &MailboxInfo) -> Value {
    let mut object = brief(mailbox);
    let folders: serde_json::Map<String, Value> =
        mailbox.folders.iter().map(|(role, count)| (role.word().to_owned(), json!(count))).collect();
    if let Some(map) = object.as_object_mut() {
        map.insert("folders".to_owned(), Value::Object(folders));
        map.insert("devices".to_owned(), mailbox.devices.iter().map(device::object).collect());
    }
    object
}

fn show(mailbox: &MailboxInfo, zone: &str, out: &mut Out) -> Result<(), Stop> {
    let folder = |(role, count): &(FolderRole, i64)| format!("{} {count}", role.word());
    out.pairs(&[
        ("id", mailbox.id.to_string()),
        ("address", mailbox.address.clone()),
        ("name", mailbox.name.clone()),
        ("kind", mailbox.kind.word().to_owned()),
        ("state", mailbox.state.word().to_owned()),
        ("recovery", if mailbox.recovery { "yes" } else { "no" }.to_owned()),
        ("made", out::when(mailbox.created_at, zone)),
        ("messages", mailbox.folders.iter().map(folder).collect::<Vec<_>>().join(", ")),
    ])?;
    out.line("")?;
    device::table(&mailbox.devices, zone, out)
}
