//! `pli patient learned`: numbers that practitioners told by mail. Each serves the mailbox that told it alone, until an
//! administrator takes it into the directory of the practice.

use serde_json::json;

use crate::delivery::persons::LearnedInfo;
use crate::domain::DeliveryId;

use super::super::{Opened, Out, Stop, out};
use super::Shared;

#[derive(clap::Subcommand)]
pub(in crate::cli) enum Learned {
    /// List what mailboxes told, and nobody confirmed
    List {
        /// The practice's name or id; may be left out where there is one
        #[arg(long)]
        practice: Option<String>,
        /// Show coordinates whole; the journal keeps that
        #[arg(long)]
        reveal: bool,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Take one into the directory: from then on it serves the whole practice
    Confirm {
        /// Its id
        id: String,
        #[command(flatten)]
        shared: Shared,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget one: whoever told it is asked again
    Refuse {
        /// Its id
        id: String,
    },
}

impl Learned {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        let deliveries = &opened.rooms.deliveries;
        match self {
            Self::List { practice, reveal, json } => {
                let practice = deliveries.practice(practice.as_deref()).await?;
                let told = deliveries.learned_numbers(practice.id).await?;
                for told in told.iter().filter(|_| *reveal) {
                    deliveries.note_learned_reveal(told).await?;
                }
                let coordinates = |told: &LearnedInfo| match reveal {
                    true => (told.record.address.reveal(), told.record.number.reveal().to_owned()),
                    false => (told.record.address.masked(), told.record.number.masked()),
                };
                if *json {
                    return told.iter().try_for_each(|told| {
                        let (address, number) = coordinates(told);
                        out.json(&json!({
                            "id": told.id,
                            "mailbox": told.by,
                            "name": told.record.name.0,
                            "address": address,
                            "number": number,
                            "masked": !reveal,
                            "settled": told.settled,
                            "told_at": told.at.rfc3339(),
                        }))
                    });
                }
                let row = |told: &LearnedInfo| {
                    let (address, number) = coordinates(told);
                    let at = out::when(told.at, &practice.profile.timezone);
                    vec![told.id.to_string(), told.by.clone(), at, told.record.name.0.clone(), address, number]
                };
                let rows: Vec<_> = told.iter().map(row).collect();
                out.table(
                    &["id", "told by", "at", "name", "address", "number"],
                    &rows,
                    "Nothing waits to be confirmed.",
                )
            }
            Self::Confirm { id, shared, json } => {
                let person = deliveries.confirm_learned(read(id)?, &shared.filing()).await?;
                match json {
                    true => out.json(&json!({ "id": person })),
                    false => out.line(format!("In the directory: {person}")),
                }
            }
            Self::Refuse { id } => {
                deliveries.refuse_learned(read(id)?).await?;
                out.line("Forgotten.")
            }
        }
    }
}

fn read(id: &str) -> Result<DeliveryId, Stop> {
    id.parse()
        .map_err(|_| Stop::because("this is not the id of a number that was told; pli patient learned list shows them"))
}
