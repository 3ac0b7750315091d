//! `pli patient import`: a list of persons, from a file or standard input. What it says names lines and ids, nobody.

use std::io::{IsTerminal, Write};

use serde_json::json;

use crate::delivery::roster::{Listed, Outcome, Roster};
use crate::domain::{BirthDate, Channel, Language, PatientKind, PersonName, PracticeProfile, Shares};

use super::super::{Opened, Out, Stop};
use super::sheet::{Cells, Column, Line, Sheet, input};
use super::{administrator, mail_address, telephone};

/// The arguments of `pli patient import`.
#[derive(clap::Args)]
pub(in crate::cli) struct Import {
    /// The list, as CSV with names of columns in its first line; - for standard input
    file: String,
    /// Change nothing, only say what would be
    #[arg(long)]
    dry_run: bool,
    /// The practice's name or id; may be left out where there is one
    #[arg(long)]
    practice: Option<String>,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// How many lines came to which end.
#[derive(Default)]
struct Count {
    added: u64,
    changed: u64,
    same: u64,
    refused: u64,
}

/// A line that is on its way: refused already, or with the others of its batch.
enum Waiting {
    Refused(u64, String),
    Placed(u64),
}

impl Import {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        let deliveries = &opened.rooms.deliveries;
        let practice = deliveries.practice(self.practice.as_deref()).await?;
        let mut sheet = Sheet::open(input(&self.file)?)?;
        let unread: Vec<String> = sheet.unread().iter().map(usize::to_string).collect();
        if !unread.is_empty() {
            let _ = writeln!(
                std::io::stderr(),
                "pli: not read, since nothing is known by these names: columns {}",
                unread.join(", ")
            );
        }
        let mut roster = deliveries.roster(practice.id, administrator(), self.dry_run);
        let (mut count, mut batch, mut waiting) = (Count::default(), Vec::new(), Vec::new());
        // Lines that are shown as they come are progress enough.
        let progress = std::io::stderr().is_terminal() && !std::io::stdout().is_terminal();
        loop {
            let line = sheet.next()?;
            let ends = line.is_none();
            if let Some(Line { at, cells }) = line {
                match cells.map_err(str::to_owned).and_then(|cells| listed(opened, &practice.profile, &cells)) {
                    Ok(listed) => {
                        batch.push(listed);
                        waiting.push(Waiting::Placed(at));
                    }
                    Err(why) => waiting.push(Waiting::Refused(at, why)),
                }
            }
            if ends || waiting.len() >= BATCH {
                self.tell(&mut roster, std::mem::take(&mut batch), std::mem::take(&mut waiting), &mut count, out)
                    .await?;
                if progress {
                    let _ = write!(std::io::stderr(), "\r{} lines ", count.all());
                }
            }
            if ends {
                break;
            }
        }
        if progress {
            let _ = writeln!(std::io::stderr());
        }
        self.sum(&count, out)?;
        if count.refused > 0 { Err(Stop::Failed) } else { Ok(()) }
    }

    async fn tell(
        &self,
        roster: &mut Roster<'_>,
        batch: Vec<Listed>,
        waiting: Vec<Waiting>,
        count: &mut Count,
        out: &mut Out,
    ) -> Result<(), Stop> {
        let mut outcomes = roster.take(batch).await?.into_iter();
        for line in waiting {
            let (at, outcome) = match line {
                Waiting::Refused(at, why) => (at, Err(why)),
                Waiting::Placed(at) => match outcomes.next() {
                    Some(Outcome::Refused(why)) => (at, Err(why.to_string())),
                    Some(outcome) => (at, Ok(outcome)),
                    None => (at, Err("it was not looked at".to_owned())),
                },
            };
            let (word, id, fields, because) = match &outcome {
                Ok(Outcome::Added(id)) => ("added", Some(*id), &[][..], None),
                Ok(Outcome::Changed(id, fields)) => ("changed", Some(*id), fields.as_slice(), None),
                Ok(Outcome::Same(id)) => ("same", Some(*id), &[][..], None),
                Ok(Outcome::Refused(_)) => ("refused", None, &[][..], None),
                Err(why) => ("refused", None, &[][..], Some(why.as_str())),
            };
            count.note(word);
            if self.json {
                out.json(&json!({ "line": at, "outcome": word, "id": id, "changed": fields, "because": because }))?;
                continue;
            }
            // In a dry run somebody new has no id yet.
            let id = id.filter(|_| !(self.dry_run && word == "added")).map(|id| format!(" {id}")).unwrap_or_default();
            let what = match because {
                Some(why) => format!(": {why}"),
                None if fields.is_empty() => String::new(),
                None => format!(": {}", fields.join(", ")),
            };
            out.line(format!("line {at}: {word}{id}{what}"))?;
        }
        Ok(())
    }

    fn sum(&self, count: &Count, out: &mut Out) -> Result<(), Stop> {
        let Count { added, changed, same, refused } = count;
        if self.json {
            return out.json(&json!({
                "lines": count.all(), "added": added, "changed": changed, "same": same, "refused": refused,
                "dry_run": self.dry_run,
            }));
        }
        let dry = if self.dry_run { " Nothing was changed: this was a dry run." } else { "" };
        out.line(format!(
            "{} lines: {added} added, {changed} changed, {same} same, {refused} refused.{dry}",
            count.all()
        ))
    }
}

impl Count {
    fn note(&mut self, word: &str) {
        *match word {
            "added" => &mut self.added,
            "changed" => &mut self.changed,
            "same" => &mut self.same,
            _ => &mut self.refused,
        } += 1;
    }

    fn all(&self) -> u64 {
        self.added + self.changed + self.same + self.refused
    }
}

/// What a line says, or why it cannot be taken. Nothing of what it says is repeated.
fn listed(opened: &Opened, practice: &PracticeProfile, cells: &Cells) -> Result<Listed, String> {
    let said = |stop: Stop| match stop {
        Stop::Refused(why) => why,
        Stop::Failed | Stop::Quiet => "it cannot be read".to_owned(),
    };
    let number = cells.first(&[Column::Mobile, Column::Number]);
    let address = cells.first(&[Column::Mail, Column::Address]);
    if address.is_empty() || number.is_empty() {
        return Err("an address and a number are needed".to_owned());
    }
    let id = match cells.get(Column::Id) {
        "" => None,
        id => Some(id.parse().map_err(|_| "the id is none of a person".to_owned())?),
    };
    let birth_date = match cells.get(Column::BirthDate) {
        "" => None,
        day => Some(BirthDate::parse(day).ok_or("the birth date is none: write 1950-03-12 or 12/03/1950")?),
    };
    Ok(Listed {
        id,
        kind: word(cells.get(Column::Kind), "the kind is one of: patient, carer, correspondent", kind)?,
        name: name(&[cells.get(Column::FirstName), cells.get(Column::Name)])?,
        address: mail_address(address).map_err(said)?,
        number: telephone(opened, practice, number).map_err(said)?,
        language: word(cells.get(Column::Language), "the language is one of: fr, en, it, es, ru", language)?,
        channel: word(cells.get(Column::Channel), "the channel is one of: sms, voice", channel)?,
        birth_date,
        shares: word(cells.get(Column::Shared), "shared is one of: number, address, both, no", shares)?
            .unwrap_or_default(),
    })
}

fn name(parts: &[&str]) -> Result<PersonName, String> {
    let words: Vec<&str> = parts.iter().flat_map(|part| part.split_whitespace()).collect();
    let name = words.join(" ");
    let wrong = name.chars().any(char::is_control) || name.chars().count() > LONGEST_NAME;
    if wrong { Err("the name is none".to_owned()) } else { Ok(PersonName(name)) }
}

/// A word of a cell that may be empty.
fn word<T>(text: &str, wrong: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, String> {
    match text.to_lowercase().as_str() {
        "" => Ok(None),
        text => read(text).map(Some).ok_or_else(|| wrong.to_owned()),
    }
}

fn kind(word: &str) -> Option<PatientKind> {
    match word {
        "aidant" | "aidante" | "proche" => Some(PatientKind::Carer),
        "correspondant" | "correspondante" => Some(PatientKind::Correspondent),
        "patiente" => Some(PatientKind::Patient),
        word => PatientKind::from_word(word),
    }
}

fn language(word: &str) -> Option<Language> {
    match word {
        "français" | "francais" | "french" => Some(Language::Fr),
        "anglais" | "english" => Some(Language::En),
        "italien" | "italiano" | "italian" => Some(Language::It),
        "espagnol" | "español" | "spanish" => Some(Language::Es),
        "russe" | "русский" | "russian" => Some(Language::Ru),
        word => word.parse().ok(),
    }
}

fn channel(word: &str) -> Option<Channel> {
    match word {
        "voix" | "appel" | "vocal" | "call" => Some(Channel::Voice),
        word => Channel::from_word(word),
    }
}

fn shares(word: &str) -> Option<Shares> {
    let (number, address) = match word {
        "number" | "numéro" | "numero" | "téléphone" | "telephone" => (true, false),
        "address" | "adresse" => (false, true),
        "both" | "les deux" | "yes" | "oui" => (true, true),
        "no" | "non" => (false, false),
        _ => return None,
    };
    Some(Shares { number, address })
}

/// Lines that are taken in one transaction.
const BATCH: usize = 200;
/// Characters of a name.
const LONGEST_NAME: usize = 200;
