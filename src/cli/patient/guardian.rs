//! `pli patient guardian`: who reads what is written to another person, why, and until when.

use serde_json::json;

use crate::domain::{Channel, Language, Mandate, MandateReason, PatientRecord, PersonName};

use super::super::{Opened, Out, Stop, practice};
use super::{Shared, channel, coordinates, mail_address, object, profile_of, read, telephone};
use crate::delivery::persons::PatientInfo;

#[derive(clap::Subcommand)]
pub(in crate::cli) enum Guardian {
    /// Let somebody read for a person until a day; the same address again renews that
    Add(Add),
    /// List who reads for a person
    List {
        /// The person's id
        patient: String,
        /// Show coordinates whole; the journal keeps that
        #[arg(long)]
        reveal: bool,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// End it now
    Remove {
        /// The id of whoever reads
        id: String,
    },
}

#[derive(clap::Args)]
pub(in crate::cli) struct Add {
    /// The id of the person for whom they read
    patient: String,
    /// Their e-mail address
    #[arg(long)]
    address: String,
    /// Their telephone number for codes
    #[arg(long)]
    number: String,
    /// Their name
    #[arg(long)]
    name: Option<String>,
    /// parent, guardian, curator, trusted-person, or other:WORDS
    #[arg(long, value_parser = reason)]
    reason: (MandateReason, String),
    /// The day it ends, such as the majority of a child (YYYY-MM-DD): from then on letters are held
    #[arg(long, value_parser = day)]
    until: jiff::civil::Date,
    /// fr, en, it, es or ru
    #[arg(long, value_parser = practice::language)]
    language: Option<Language>,
    /// sms or voice: what to offer first
    #[arg(long, value_parser = channel)]
    channel: Option<Channel>,
    #[command(flatten)]
    shared: Shared,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Guardian {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        let deliveries = &opened.rooms.deliveries;
        match self {
            Self::Add(add) => add.run(opened, out).await,
            Self::List { patient, reveal, json } => {
                let ward = deliveries.patient(read(patient)?).await?;
                let zone = profile_of(opened, ward.practice).await?.timezone;
                let guardians = deliveries.guardians(ward.id).await?;
                for guardian in guardians.iter().filter(|_| *reveal) {
                    deliveries.note_reveal(guardian.id).await?;
                }
                if *json {
                    return guardians.iter().try_for_each(|guardian| out.json(&object(guardian, *reveal)));
                }
                let row = |guardian: &PatientInfo| {
                    let (address, number) = coordinates(guardian, *reveal);
                    let mandate = guardian.mandate.as_ref();
                    let (reason, until) = mandate.map(|m| (why(m), until(m, opened, &zone))).unwrap_or_default();
                    vec![guardian.id.to_string(), guardian.record.name.0.clone(), address, number, reason, until]
                };
                let rows: Vec<_> = guardians.iter().map(row).collect();
                out.table(
                    &["id", "name", "address", "number", "reason", "until"],
                    &rows,
                    "Nobody reads for this person.",
                )
            }
            Self::Remove { id } => {
                deliveries.remove_guardian(read(id)?).await?;
                out.line("Removed.")
            }
        }
    }
}

impl Add {
    async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        let deliveries = &opened.rooms.deliveries;
        let ward = deliveries.patient(read(&self.patient)?).await?;
        let profile = profile_of(opened, ward.practice).await?;
        let record = PatientRecord {
            name: PersonName(self.name.clone().unwrap_or_default()),
            address: mail_address(&self.address)?,
            number: telephone(opened, &profile, &self.number)?,
            language: self.language,
            channel: self.channel,
            birth_date: None,
        };
        let (reason, words) = self.reason.clone();
        let mandate = Mandate { of: ward.id, reason, words, until: self.until };
        let id = deliveries.add_guardian(record, mandate, &self.shared.filing()).await?;
        match self.json {
            true => out.json(&json!({ "id": id, "of": ward.id, "until": self.until.to_string() })),
            false => out.line(format!("Reads for {} until {}: {id}", ward.id, self.until)),
        }
    }
}

/// Why somebody reads, in words.
pub(super) fn why(mandate: &Mandate) -> String {
    match mandate.reason {
        MandateReason::Other => format!("other: {}", mandate.words),
        reason => reason.word().to_owned(),
    }
}

/// Until when, and whether that is over.
pub(super) fn until(mandate: &Mandate, opened: &Opened, zone: &str) -> String {
    let over = if mandate.has_ended(opened.now(), zone) { " (over: letters are held)" } else { "" };
    format!("{}{over}", mandate.until)
}

fn reason(text: &str) -> Result<(MandateReason, String), String> {
    if let Some(words) = text.strip_prefix("other:").map(str::trim).filter(|words| !words.is_empty()) {
        return match words.chars().any(char::is_control) {
            true => Err("one line, please".to_owned()),
            false => Ok((MandateReason::Other, words.to_owned())),
        };
    }
    let found = MandateReason::from_word(text).filter(|reason| *reason != MandateReason::Other);
    let reason =
        found.ok_or_else(|| "must be one of: parent, guardian, curator, trusted-person, other:WORDS".to_owned())?;
    Ok((reason, String::new()))
}

fn day(text: &str) -> Result<jiff::civil::Date, String> {
    text.parse().map_err(|_| "must be a day, such as 2031-05-01".to_owned())
}
