//! `pli mailbox`: mailboxes, their first device and the spare for paper.

use serde_json::{Value, json};

use crate::config::Config;
use crate::domain::{Address, FolderRole, MailboxKind, Receipts, SentCopy, Timestamp};
use crate::mailbox::answers::{Answers, AnswersInfo, NewAway};
use crate::mailbox::provision::{MailboxInfo, NewDevice, NewMailbox};
use crate::mailbox::send_as::SendAs;
use crate::mailbox::settings::MailboxChange;

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
        /// It may also write as this address of its practice; may be repeated
        #[arg(long, value_name = "ADDRESS")]
        send_as: Vec<String>,
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
    /// Change a mailbox's settings
    #[command(group(clap::ArgGroup::new("change").required(true).multiple(true)))]
    Set {
        /// Its address
        address: String,
        /// The copy of what it sends: client (the client's own takes the place of the server's), server (the
        /// server's stays, beside what a client brings) or none (the server keeps none)
        #[arg(long, group = "change", value_parser = sent)]
        sent: Option<SentCopy>,
        /// The most it may hold, such as "10 GiB", or none for no limit
        #[arg(long, group = "change", value_parser = quota)]
        quota: Option<i64>,
        /// What it hears in INBOX of its letters to people outside: none, first (the first opening) or all (also when
        /// every file was downloaded). What needs the sender is told to persons and services all the same
        #[arg(long, group = "change", value_parser = receipts)]
        receipts: Option<Receipts>,
        /// Let it also write as this address of its practice; may be repeated
        #[arg(long, group = "change", value_name = "ADDRESS")]
        send_as: Vec<String>,
        /// No longer let it, nor any device of it, write as this address; may be repeated
        #[arg(long, group = "change", value_name = "ADDRESS")]
        no_send_as: Vec<String>,
        /// Whether patients can answer its letters on their page: on, off, or for so many days after a letter
        #[arg(long, group = "change", value_name = "on|off|DAYS", value_parser = answers)]
        answers: Option<Answers>,
        /// Its owner is away: what patients are told, besides the day (may be empty)
        #[arg(long, group = "change", value_name = "TEXT", requires = "until")]
        away: Option<String>,
        /// The last day of the absence, such as 2026-08-31
        #[arg(long, value_name = "DATE", requires = "away")]
        until: Option<jiff::civil::Date>,
        /// Who gets a copy of answers meanwhile: another mailbox of the practice
        #[arg(long, value_name = "ADDRESS", requires = "away")]
        deputy: Option<String>,
        /// Its owner is back
        #[arg(long, group = "change", conflicts_with = "away")]
        no_away: bool,
        /// Print JSON
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
            Self::Add { address, name, kind, send_as, label, person, json } => {
                let new = NewMailbox {
                    address: read(address)?,
                    name: name.clone(),
                    kind: *kind,
                    label: label.clone(),
                    person: person.clone(),
                    send_as: read_all(send_as)?,
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
                    true => "The recovery certificate fits it too, should every password be lost (pli key recover).",
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
            Self::Set {
                address,
                sent,
                quota,
                receipts,
                send_as,
                no_send_as,
                answers,
                away,
                until,
                deputy,
                no_away,
                json,
            } => {
                let at = read(address)?;
                let (allow, refuse) = (read_all(send_as)?, read_all(no_send_as)?);
                if !allow.is_empty() || !refuse.is_empty() {
                    mailboxes.set_send_as(&at, &allow, &refuse).await?;
                }
                if sent.is_some() || quota.is_some() || receipts.is_some() {
                    let change = MailboxChange { sent: *sent, quota: *quota, receipts: *receipts };
                    mailboxes.set(&at, change).await?;
                }
                if let Some(answers) = answers {
                    mailboxes.set_answers(&at, *answers).await?;
                }
                if let (Some(text), Some(last)) = (away, until) {
                    let deputy = deputy.as_deref().map(read).transpose()?;
                    let away = NewAway { text: text.clone(), until: end_of(*last, zone)?, deputy };
                    mailboxes.set_away(&at, Some(away)).await?;
                } else if *no_away {
                    mailboxes.set_away(&at, None).await?;
                }
                match json {
                    true => out.json(&whole(&mailboxes.show(&at).await?, &mailboxes.answers_of(&at).await?)),
                    false => out.line(format!("Mailbox {address} is changed.")),
                }
            }
            Self::Show { address, json } => {
                let at = read(address)?;
                let (mailbox, answers) = (mailboxes.show(&at).await?, mailboxes.answers_of(&at).await?);
                if *json { out.json(&whole(&mailbox, &answers)) } else { show(&mailbox, &answers, zone, out) }
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

/// Reads several.
pub(super) fn read_all(addresses: &[String]) -> Result<Vec<Address>, Stop> {
    addresses.iter().map(|address| read(address)).collect()
}

fn kind(word: &str) -> Result<MailboxKind, String> {
    MailboxKind::from_word(word).ok_or_else(|| "must be one of: personal, organisation, application".to_owned())
}

fn sent(word: &str) -> Result<SentCopy, String> {
    SentCopy::from_word(word).ok_or_else(|| "must be one of: client, server, none".to_owned())
}

fn receipts(word: &str) -> Result<Receipts, String> {
    Receipts::from_word(word).ok_or_else(|| "must be one of: none, first, all".to_owned())
}

fn quota(text: &str) -> Result<i64, String> {
    if text == "none" {
        return Ok(0);
    }
    let octets = Config::read_size(text).map_err(|what| format!("{what}, or none"))?;
    i64::try_from(octets).map_err(|_| "is too large".to_owned())
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
        "sent": mailbox.sent,
        "recovery": mailbox.recovery,
        "renewal_due_at": mailbox.renewal_due_at.map(|at| at.rfc3339()),
        "created_at": mailbox.created_at.rfc3339(),
    })
}

fn whole(mailbox: &MailboxInfo, answers: &AnswersInfo) -> Value {
    let mut object = brief(mailbox);
    let folders: serde_json::Map<String, Value> =
        mailbox.folders.iter().map(|(role, count)| (role.word().to_owned(), json!(count))).collect();
    if let Some(map) = object.as_object_mut() {
        map.insert("answers".to_owned(), json!(answers_word(answers.answers)));
        let away = answers.away.as_ref().map(|away| {
            let deputy = away.deputy.as_ref().map(Address::reveal);
            json!({ "text": away.text, "until": away.until.rfc3339(), "deputy": deputy })
        });
        map.insert("away".to_owned(), json!(away));
        map.insert("receipts".to_owned(), json!(mailbox.receipts));
        map.insert("used".to_owned(), json!(mailbox.usage.map(|(used, _)| used)));
        map.insert("quota".to_owned(), json!(mailbox.usage.map(|(_, quota)| quota)));
        map.insert("folders".to_owned(), Value::Object(folders));
        let send_as = |one: &SendAs| json!({ "address": one.address, "device": one.device });
        map.insert("send_as".to_owned(), mailbox.send_as.iter().map(send_as).collect());
        map.insert("devices".to_owned(), mailbox.devices.iter().map(device::object).collect());
    }
    object
}

fn sent_said(sent: SentCopy) -> &'static str {
    match sent {
        SentCopy::Client => "client: a client's own copy takes the place of the server's",
        SentCopy::Server => "server: the server's copy stays",
        SentCopy::None => "none: the server keeps no copy",
    }
}

fn receipts_said(mailbox: &MailboxInfo) -> &'static str {
    match (mailbox.receipts, mailbox.kind) {
        (Some(Receipts::First), _) => "first: the first opening, and what needs the sender",
        (Some(Receipts::All), _) => "all: the first opening, when all was downloaded, and what needs the sender",
        (_, MailboxKind::Application) => "none: pli delivery list tells what became of its letters",
        _ => "none: only what needs the sender",
    }
}

fn held((used, quota): (i64, i64)) -> String {
    let mib = |octets: i64| format!("{}.{} MiB", octets >> 20, ((octets & 0xf_ffff) * 10) >> 20);
    match quota {
        0 => format!("{}, without a limit", mib(used)),
        quota => format!("{} of {}", mib(used), mib(quota)),
    }
}

/// Its own address, and the others; those of one device alone with the beginning of its password.
fn writes_as(mailbox: &MailboxInfo) -> String {
    let tag = |id| mailbox.devices.iter().find(|device| Some(device.id) == id).map(|device| device.tag.as_str());
    let other = |one: &SendAs| match tag(one.device) {
        Some(tag) => format!("{} ({tag}-…)", one.address),
        None => one.address.clone(),
    };
    std::iter::once(mailbox.address.clone()).chain(mailbox.send_as.iter().map(other)).collect::<Vec<_>>().join(", ")
}

fn answers_word(answers: Option<Answers>) -> String {
    match answers {
        Some(Answers::On) => "on".to_owned(),
        Some(Answers::Off) => "off".to_owned(),
        Some(Answers::Days(days)) => days.to_string(),
        None => "default".to_owned(),
    }
}

fn answers_said(answers: &AnswersInfo, zone: &str) -> String {
    let said = match answers.answers {
        Some(Answers::On) => "patients can answer while a letter is kept".to_owned(),
        Some(Answers::Off) => "patients cannot answer".to_owned(),
        Some(Answers::Days(days)) => format!("patients can answer for {days} days"),
        None => "as its kind has it: 30 days, an application none".to_owned(),
    };
    let Some(away) = &answers.away else { return said };
    let deputy = away.deputy.as_ref().map(|deputy| format!(", copies to {}", deputy.reveal())).unwrap_or_default();
    format!("{said}; away until {}{deputy}", out::when(away.until, zone))
}

fn answers(word: &str) -> Result<Answers, String> {
    match word {
        "on" => Ok(Answers::On),
        "off" => Ok(Answers::Off),
        days => match days.parse() {
            Ok(days @ 1..) => Ok(Answers::Days(days)),
            _ => Err("must be on, off, or a number of days".to_owned()),
        },
    }
}

/// The end of a day where the server is.
fn end_of(day: jiff::civil::Date, zone: &str) -> Result<Timestamp, Stop> {
    let end = day.tomorrow().and_then(|day| day.in_tz(zone));
    let end = end.map_err(|_| Stop::because("the day of --until is none here".to_owned()))?;
    Ok(Timestamp(end.timestamp().as_millisecond()))
}

fn show(mailbox: &MailboxInfo, answers: &AnswersInfo, zone: &str, out: &mut Out) -> Result<(), Stop> {
    let folder = |(role, count): &(FolderRole, i64)| format!("{} {count}", role.word());
    out.pairs(&[
        ("id", mailbox.id.to_string()),
        ("address", mailbox.address.clone()),
        ("name", mailbox.name.clone()),
        ("kind", mailbox.kind.word().to_owned()),
        ("state", mailbox.state.word().to_owned()),
        ("sent", sent_said(mailbox.sent).to_owned()),
        ("receipts", receipts_said(mailbox).to_owned()),
        ("holds", mailbox.usage.map_or_else(String::new, held)),
        ("recovery", if mailbox.recovery { "yes" } else { "no" }.to_owned()),
        (
            "keys",
            match mailbox.renewal_due_at {
                Some(at) => format!("rotation due since {}: the next session makes new ones", out::when(at, zone)),
                None => "as they should be".to_owned(),
            },
        ),
        ("made", out::when(mailbox.created_at, zone)),
        ("answers", answers_said(answers, zone)),
        ("writes as", writes_as(mailbox)),
        ("messages", mailbox.folders.iter().map(folder).collect::<Vec<_>>().join(", ")),
    ])?;
    out.line("")?;
    device::table(&mailbox.devices, zone, out)
}
