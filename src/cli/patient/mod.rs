//! `pli patient`: the directory of a practice. Coordinates are masked unless `--reveal`, which the journal keeps.

use serde_json::{Value, json};

use crate::delivery::persons::{Filing, PatientInfo};
use crate::domain::{
    Address, BirthDate, Channel, Language, PatientId, PatientKind, PatientRecord, PersonName, PhoneNumber, PracticeId,
    PracticeProfile, Shares, Vouch, Vouched,
};

use super::{Opened, Out, Stop, out, practice};

mod guardian;
mod import;
mod learned;
mod sheet;

#[derive(clap::Subcommand)]
pub(super) enum Patient {
    /// Add a person
    Add {
        /// The e-mail address
        address: String,
        /// The telephone number for codes
        number: String,
        #[command(flatten)]
        about: About,
        #[command(flatten)]
        shared: Shared,
        /// The practice's name or id; may be left out where there is one
        #[arg(long)]
        practice: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a list of persons into the directory: new ones are added, others changed
    Import(import::Import),
    /// List the persons of a practice
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
    /// Show one person
    Show {
        /// The person's id
        id: String,
        /// Show coordinates whole; the journal keeps that
        #[arg(long)]
        reveal: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change what is known of a person
    Set {
        /// The person's id
        id: String,
        /// Another e-mail address
        #[arg(long)]
        address: Option<String>,
        /// Another telephone number
        #[arg(long)]
        number: Option<String>,
        #[command(flatten)]
        about: About,
        #[command(flatten)]
        shared: Shared,
    },
    /// Remove a person; letters that were sent stay open
    Remove {
        /// The person's id
        id: String,
    },
    /// Who reads what is written to another person, and until when
    #[command(subcommand)]
    Guardian(guardian::Guardian),
    /// Numbers that practitioners told by mail, and nobody confirmed
    #[command(subcommand)]
    Learned(learned::Learned),
}

/// What is shared on purpose.
#[derive(clap::Args)]
pub(super) struct Shared {
    /// Somebody else of the directory has this number, and that is meant: a family's, a carer's
    #[arg(long)]
    shares_number: bool,
    /// Somebody else of the directory has this address, and that is meant: a couple's
    #[arg(long)]
    shares_address: bool,
}

impl Shared {
    fn filing(&self) -> Filing {
        let shares = Shares { number: self.shares_number, address: self.shares_address };
        Filing { who: administrator(), shares }
    }
}

/// What else is known.
#[derive(clap::Args)]
pub(super) struct About {
    /// The name
    #[arg(long)]
    name: Option<String>,
    /// patient, carer or correspondent
    #[arg(long, value_parser = kind)]
    kind: Option<PatientKind>,
    /// fr, en, it, es or ru
    #[arg(long, value_parser = practice::language)]
    language: Option<Language>,
    /// sms or voice: what to offer first
    #[arg(long, value_parser = channel)]
    channel: Option<Channel>,
    /// The day of birth, such as 1950-03-12 or 12/03/1950; a practice may ask for it with the code
    #[arg(long, value_parser = birth_date)]
    birth_date: Option<BirthDate>,
}

impl Patient {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        let deliveries = &opened.rooms.deliveries;
        match self {
            Self::Add { address, number, about, shared, practice, json } => {
                let practice = deliveries.practice(practice.as_deref()).await?;
                let record = PatientRecord {
                    name: PersonName(about.name.clone().unwrap_or_default()),
                    address: mail_address(address)?,
                    number: telephone(opened, &practice.profile, number)?,
                    language: about.language,
                    channel: about.channel,
                    birth_date: about.birth_date,
                };
                let kind = about.kind.unwrap_or(PatientKind::Patient);
                let id = deliveries.add_patient(practice.id, kind, record, &shared.filing()).await?;
                match json {
                    true => out.json(&json!({ "id": id, "kind": kind })),
                    false => out.line(format!("Added: {id}")),
                }
            }
            Self::List { practice, reveal, json } => {
                let practice = deliveries.practice(practice.as_deref()).await?;
                let patients = deliveries.patients(practice.id).await?;
                for patient in patients.iter().filter(|_| *reveal) {
                    deliveries.note_reveal(patient.id).await?;
                }
                if *json {
                    return patients.iter().try_for_each(|patient| out.json(&object(patient, *reveal)));
                }
                let row = |p: &PatientInfo| {
                    let (address, number) = coordinates(p, *reveal);
                    vec![p.id.to_string(), p.kind.word().to_owned(), p.record.name.0.clone(), address, number]
                };
                let rows: Vec<_> = patients.iter().map(row).collect();
                out.table(&["id", "kind", "name", "address", "number"], &rows, "The directory is empty.")
            }
            Self::Show { id, reveal, json } => {
                let patient = deliveries.patient(read(id)?).await?;
                if *reveal {
                    deliveries.note_reveal(patient.id).await?;
                }
                if *json { out.json(&object(&patient, *reveal)) } else { show(opened, &patient, *reveal, out).await }
            }
            Self::Set { id, address, number, about, shared } => {
                let patient = deliveries.patient(read(id)?).await?;
                let profile = profile_of(opened, patient.practice).await?;
                let mut record = patient.record;
                if let Some(address) = address {
                    record.address = mail_address(address)?;
                }
                if let Some(number) = number {
                    record.number = telephone(opened, &profile, number)?;
                }
                if let Some(name) = &about.name {
                    record.name = PersonName(name.clone());
                }
                record.language = about.language.or(record.language);
                record.channel = about.channel.or(record.channel);
                record.birth_date = about.birth_date.or(record.birth_date);
                let kind = about.kind.unwrap_or(patient.kind);
                deliveries.set_patient(patient.id, kind, record, &shared.filing()).await?;
                out.line("Changed.")
            }
            Self::Remove { id } => {
                deliveries.remove_patient(read(id)?).await?;
                out.line("Removed.")
            }
            Self::Import(import) => import.run(opened, out).await,
            Self::Guardian(command) => command.run(opened, out).await,
            Self::Learned(command) => command.run(opened, out).await,
        }
    }
}

async fn profile_of(opened: &Opened, practice: PracticeId) -> Result<PracticeProfile, Stop> {
    Ok(opened.rooms.deliveries.practice(Some(&practice.to_string())).await?.profile)
}

/// An address of an outside person: it is not repeated where it is wrong.
fn mail_address(text: &str) -> Result<Address, Stop> {
    text.parse().map_err(|fault| Stop::because(format!("the address: {fault}")))
}

fn telephone(opened: &Opened, practice: &PracticeProfile, typed: &str) -> Result<PhoneNumber, Stop> {
    let read = opened.rooms.deliveries.read_number(practice, typed);
    read.map_err(|fault| Stop::because(format!("the number: {fault}")))
}

fn read(id: &str) -> Result<PatientId, Stop> {
    id.parse().map_err(|_| Stop::because("this is not the id of a person; pli patient list shows them"))
}

fn kind(word: &str) -> Result<PatientKind, String> {
    PatientKind::from_word(word).ok_or_else(|| "must be one of: patient, carer, correspondent".to_owned())
}

fn channel(word: &str) -> Result<Channel, String> {
    Channel::from_word(word).ok_or_else(|| "must be one of: sms, voice".to_owned())
}

/// A day of birth: it is not repeated where it is wrong.
fn birth_date(text: &str) -> Result<BirthDate, String> {
    BirthDate::parse(text).ok_or_else(|| "must be a day such as 1950-03-12 or 12/03/1950".to_owned())
}

fn born(patient: &PatientInfo, reveal: bool) -> Option<String> {
    patient.record.birth_date.map(|date| if reveal { date.reveal() } else { date.masked().to_owned() })
}

fn coordinates(patient: &PatientInfo, reveal: bool) -> (String, String) {
    let record = &patient.record;
    match reveal {
        true => (record.address.reveal(), record.number.reveal().to_owned()),
        false => (record.address.masked(), record.number.masked()),
    }
}

fn object(patient: &PatientInfo, reveal: bool) -> Value {
    let (address, number) = coordinates(patient, reveal);
    json!({
        "id": patient.id,
        "practice": patient.practice,
        "kind": patient.kind,
        "name": patient.record.name.0,
        "address": address,
        "number": number,
        "masked": !reveal,
        "language": patient.record.language,
        "channel": patient.record.channel,
        "birth_date": born(patient, reveal),
        "shares_number": patient.shares.number,
        "shares_address": patient.shares.address,
        "vouched": patient.vouch.as_ref().map(|vouch| json!({
            "how": vouch.how, "who": vouch.who.0, "mailbox": vouch.mailbox, "at": vouch.at.rfc3339(),
        })),
        "reads_for": patient.mandate.as_ref().map(|mandate| json!({
            "id": mandate.of, "reason": guardian::why(mandate), "until": mandate.until.to_string(),
        })),
        "created_at": patient.created_at.rfc3339(),
        "updated_at": patient.updated_at.rfc3339(),
    })
}

async fn show(opened: &Opened, patient: &PatientInfo, reveal: bool, out: &mut Out) -> Result<(), Stop> {
    let (address, number) = coordinates(patient, reveal);
    let unknown = || "the practice's".to_owned();
    let zone = profile_of(opened, patient.practice).await?.timezone;
    let mut pairs = vec![
        ("id", patient.id.to_string()),
        ("kind", patient.kind.word().to_owned()),
        ("name", patient.record.name.0.clone()),
        ("address", address),
        ("number", number),
        ("language", patient.record.language.map_or_else(unknown, |language| language.tag().to_owned())),
        ("first offer", patient.record.channel.map_or_else(|| "none".to_owned(), |c| c.word().to_owned())),
        (
            "vouched for",
            match &patient.vouch {
                Some(vouch) => vouched(opened, vouch, &zone).await?,
                None => "nobody knows by whom any more".to_owned(),
            },
        ),
    ];
    pairs.extend(born(patient, reveal).map(|day| ("birth date", day)));
    let shared = match (patient.shares.number, patient.shares.address) {
        (true, true) => Some("number and address"),
        (true, false) => Some("number"),
        (false, true) => Some("address"),
        (false, false) => None,
    };
    pairs.extend(shared.map(|shared| ("shares", shared.to_owned())));
    if let Some(mandate) = &patient.mandate {
        let (why, until) = (guardian::why(mandate), guardian::until(mandate, opened, &zone));
        pairs.push(("reads for", format!("{}, {why}, until {until}", mandate.of)));
    }
    for reader in opened.rooms.deliveries.guardians(patient.id).await? {
        let Some(mandate) = &reader.mandate else { continue };
        let (why, until) = (guardian::why(mandate), guardian::until(mandate, opened, &zone));
        pairs.push(("read by", format!("{}, {why}, until {until}", reader.id)));
    }
    out.pairs(&pairs)
}

/// Who vouches for a number, in a sentence.
async fn vouched(opened: &Opened, vouch: &Vouch, zone: &str) -> Result<String, Stop> {
    let told = match vouch.mailbox {
        Some(id) => opened.rooms.deliveries.mailbox_address(id).await?,
        None => String::new(),
    };
    let how = match vouch.how {
        Vouched::Confirmed | Vouched::Twice if !told.is_empty() => format!("told by {told}, {}", vouch.how.word()),
        how => how.word().to_owned(),
    };
    let by = if vouch.who.0.is_empty() { String::new() } else { format!(" by {}", vouch.who.0) };
    Ok(format!("{how}{by}, {}", out::when(vouch.at, zone)))
}

/// The administrator as the machine knows them; empty where it does not.
fn administrator() -> PersonName {
    PersonName(crate::config::administrator())
}
