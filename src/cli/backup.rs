//! `pli backup` and `pli restore`: the data in a folder elsewhere, as sealed as it is here.

use std::path::PathBuf;

use serde_json::json;

use super::{Opened, Out, Stop};

#[derive(clap::Args)]
pub(super) struct Backup {
    /// A folder for backups; containers that are in it already are not copied again
    folder: PathBuf,
    /// How many backups to leave there
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    keep: Option<u16>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        let (folder, data) = (std::path::absolute(&self.folder)?, std::path::absolute(&opened.config.data)?);
        if folder.starts_with(&data) {
            return Err(Stop::because("a backup beside the data is lost with it: name a folder elsewhere"));
        }
        let made = opened.rooms.backup(&folder, self.keep.map(usize::from), opened.now()).await?;
        if self.json {
            return out.json(&json!({
                "backup": made.name,
                "rows": made.rows,
                "objects": made.objects,
                "octets": made.octets,
                "copied": made.copied,
                "pruned": made.pruned,
            }));
        }
        out.lines(&[
            &format!(
                "The backup {} is in {}: {} rows, {} objects.",
                made.name,
                folder.display(),
                made.rows,
                made.objects
            ),
            "It opens with this installation's root key only, which is not in it: keep that one elsewhere.",
        ])
    }
}

#[derive(clap::Args)]
pub(super) struct Restore {
    /// The folder of backups
    folder: PathBuf,
    /// Which one; the newest where none is named
    #[arg(long, value_name = "NAME")]
    at: Option<String>,
    /// The journal as it was exported since ([audit] export): what was taken away stays away
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Restore {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        let (at, journal) = (self.at.as_deref(), self.journal.as_deref());
        let read = opened.rooms.restore(&self.folder, at, journal, opened.now()).await?;
        if self.json {
            let replayed = read.replayed.map(|replayed| {
                json!({
                    "events": replayed.events,
                    "deliveries": replayed.deliveries,
                    "devices": replayed.devices,
                    "tries": replayed.tries,
                    "patients": replayed.patients,
                    "send_as": replayed.send_as,
                    "expunged": replayed.expunged,
                })
            });
            return out.json(&json!({
                "backup": read.name,
                "rows": read.rows,
                "objects": read.objects,
                "held": read.held,
                "replayed": replayed,
            }));
        }
        out.line(format!("The backup {} is read: {} rows, {} objects.", read.name, read.rows, read.objects))?;
        match read.replayed {
            Some(replayed) => out.lines(&[
                &format!(
                    "The journal took away again: {} deliveries that had ended, {} devices, {} wrong codes counted.",
                    replayed.deliveries, replayed.devices, replayed.tries
                ),
                &format!(
                    "{} persons whose record was changed since are gone from the directory: enter them again.",
                    replayed.patients
                ),
                &format!(
                    "{} other addresses of mailboxes are taken back: allow again those that are right (--send-as).",
                    replayed.send_as
                ),
                &format!("{} messages that their owners had deleted since are back.", replayed.expunged),
            ]),
            None => out.lines(&[
                "Without a journal nobody knows what was recalled, revoked or tried since:",
                &format!("  {} letters of patients are closed, until: pli delivery release --all", read.held),
                "  notices that wait are held, until: pli queue retry",
                "  look at the devices: pli device list",
            ]),
        }
    }
}
