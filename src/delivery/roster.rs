//! A list of persons taken into a directory, line by line, again and again: what is there already stays the same.
//!
//! A line is the person at its address who has its name. Lines are taken in batches, one transaction each, so that a list
//! of any length is never whole in memory; a dry run keeps what it would have made, and changes nothing.

use std::collections::HashMap;

use crate::domain::{
    Address, BirthDate, Channel, DirectoryEntry, Fault, Language, PatientId, PatientKind, PatientRecord, PersonName,
    PhoneNumber, PracticeId, Shares, Timestamp, Verb, Vouched,
};

use super::Deliveries;
use super::directory::{DirectoryError, refused, say};
use super::persons::{Filing, Known, changed, clash, filed, vouched};

/// A line of a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Whom it is about, where it says so.
    pub id: Option<PatientId>,
    /// Who the person is to the practice, where it says so.
    pub kind: Option<PatientKind>,
    /// The name; empty where it says none.
    pub name: PersonName,
    /// Where notices go.
    pub address: Address,
    /// Where codes go.
    pub number: PhoneNumber,
    /// The language, where it says one.
    pub language: Option<Language>,
    /// The channel, where it says one.
    pub channel: Option<Channel>,
    /// The day of birth, where it says one.
    pub birth_date: Option<BirthDate>,
    /// What is shared on purpose.
    pub shares: Shares,
}

/// What became of a line.
#[derive(Debug)]
pub enum Outcome {
    /// A new person.
    Added(PatientId),
    /// A person of whom this was changed, by the names of fields.
    Changed(PatientId, Vec<&'static str>),
    /// A person who was like that already.
    Same(PatientId),
    /// Nobody was changed.
    Refused(DirectoryError),
}

/// A list that is being taken.
pub struct Roster<'a> {
    deliveries: &'a Deliveries,
    practice: PracticeId,
    who: PersonName,
    dry: bool,
    made: HashMap<PatientId, Made>,
    /// Who was made with an address or a number; they may have another meanwhile.
    found: HashMap<String, Vec<PatientId>>,
}

/// A person as lines leave them; the row is as it was.
struct Made {
    known: Known,
    fresh: bool,
}

impl Deliveries {
    /// Begins to take a list into the directory of a practice. A dry run changes nothing.
    pub fn roster(&self, practice: PracticeId, who: PersonName, dry: bool) -> Roster<'_> {
        Roster { deliveries: self, practice, who, dry, made: HashMap::new(), found: HashMap::new() }
    }
}

impl Roster<'_> {
    /// Takes some lines, in one transaction: one outcome for each, in order.
    ///
    /// # Errors
    /// A [`Fault`]: then none of these lines was taken.
    pub async fn take(&mut self, lines: Vec<Listed>) -> Result<Vec<Outcome>, Fault> {
        let now = self.deliveries.clock.now();
        let mut outcomes = Vec::with_capacity(lines.len());
        for line in lines {
            outcomes.push(match self.place(line, now).await {
                Ok(outcome) => outcome,
                Err(DirectoryError::Fault(fault)) => return Err(fault),
                Err(why) => Outcome::Refused(why),
            });
        }
        if !self.dry && !self.made.is_empty() {
            let lost = self.write(now).await?;
            for outcome in &mut outcomes {
                if matches!(outcome, Outcome::Changed(id, _) | Outcome::Same(id) if lost.contains(id)) {
                    *outcome = Outcome::Refused(say("somebody else changed this person just now: look again"));
                }
            }
            self.found.clear();
        }
        Ok(outcomes)
    }

    /// Writes what was made; those whom somebody else changed meanwhile.
    async fn write(&mut self, now: Timestamp) -> Result<Vec<PatientId>, Fault> {
        let (deliveries, mut lost, mut last) = (self.deliveries, Vec::new(), None);
        let mut tx = deliveries.store.write("import patients").await?;
        for (id, Made { known, fresh }) in self.made.drain() {
            let (kind, entry) = (known.row.kind, &known.entry);
            let verb = if fresh {
                tx.insert_patient(&deliveries.patient_row(id, self.practice, kind, entry, 1, now)?).await?;
                Verb::PatientAdded
            } else {
                if !tx.update_patient(&deliveries.next_row(&known, kind, entry, now)?).await? {
                    lost.push(id);
                    continue;
                }
                Verb::PatientChanged
            };
            if let Some(event) = last.replace(filed(verb, self.practice, id, now)) {
                tx.note(event);
            }
        }
        if let Some(event) = last {
            tx.commit(event).await?;
        }
        Ok(lost)
    }

    async fn place(&mut self, line: Listed, now: Timestamp) -> Result<Outcome, DirectoryError> {
        let there = self.at(&line.address).await?;
        let filing = Filing { who: self.who.clone(), shares: line.shares };
        let old = match line.id {
            Some(id) => Some(self.named(id).await?),
            None => same(&there, &line)?.cloned(),
        };
        let Some(old) = old else { return self.add(line, &there, &filing, now).await };
        let kind = line.kind.unwrap_or(old.row.kind);
        let was = old.record();
        let record = PatientRecord {
            name: if line.name.0.is_empty() { was.name.clone() } else { line.name },
            address: line.address,
            number: line.number,
            language: line.language.or(was.language),
            channel: line.channel.or(was.channel),
            birth_date: line.birth_date.or(was.birth_date),
        };
        let entry = changed(&old.entry, record, Vouched::Imported, &filing, now);
        let fields = differences(&old.entry, &entry, old.row.kind != kind);
        let id = old.row.id;
        if fields.is_empty() {
            return Ok(Outcome::Same(id));
        }
        // What was shared before is nobody's news.
        let shares = Shares {
            number: entry.shares.number || entry.record.number == was.number,
            address: entry.shares.address || entry.record.address == was.address,
        };
        self.may_share(&entry.record, shares, &there, Some(id)).await?;
        let fresh = self.made.get(&id).is_some_and(|made| made.fresh);
        let mut known = old;
        known.row.kind = kind;
        known.entry = entry;
        self.keep(known, fresh);
        Ok(Outcome::Changed(id, fields))
    }

    async fn add(
        &mut self,
        line: Listed,
        there: &[Known],
        filing: &Filing,
        now: Timestamp,
    ) -> Result<Outcome, DirectoryError> {
        let record = PatientRecord {
            name: line.name,
            address: line.address,
            number: line.number,
            language: line.language,
            channel: line.channel,
            birth_date: line.birth_date,
        };
        self.may_share(&record, line.shares, there, None).await?;
        let deliveries = self.deliveries;
        let vouch = vouched(Vouched::Imported, filing, now);
        let entry = DirectoryEntry { record, vouch, shares: line.shares, mandate: None };
        let id = PatientId::random(deliveries.random.as_ref());
        let kind = line.kind.unwrap_or(PatientKind::Patient);
        let row = deliveries.patient_row(id, self.practice, kind, &entry, 1, now)?;
        self.keep(Known { row, entry }, true);
        Ok(Outcome::Added(id))
    }

    async fn may_share(
        &self,
        record: &PatientRecord,
        shares: Shares,
        there: &[Known],
        but: Option<PatientId>,
    ) -> Result<(), DirectoryError> {
        let calling = if shares.number { Vec::new() } else { self.calling(&record.number).await? };
        clash(record, shares, &calling, there, |known| Some(known.row.id) == but)
    }

    fn keep(&mut self, known: Known, fresh: bool) {
        let (id, record) = (known.row.id, known.record());
        for key in [at_key(&record.address), calling_key(&record.number)] {
            let ids = self.found.entry(key).or_default();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        self.made.insert(id, Made { known, fresh });
    }

    async fn named(&self, id: PatientId) -> Result<Known, DirectoryError> {
        let known = match self.made.get(&id) {
            Some(made) => made.known.clone(),
            None => self.deliveries.person(id).await?,
        };
        match (&known.entry.mandate, known.row.practice == self.practice) {
            (_, false) => refused("there is no such person"),
            (Some(_), true) => refused("this person reads for another: pli patient guardian changes them"),
            (None, true) => Ok(known),
        }
    }

    async fn at(&self, address: &Address) -> Result<Vec<Known>, Fault> {
        let kept = self.deliveries.entries_at(self.practice, address).await?;
        Ok(self.merged(kept, &at_key(address), |known| known.record().address == *address))
    }

    async fn calling(&self, number: &PhoneNumber) -> Result<Vec<Known>, Fault> {
        let kept = self.deliveries.entries_calling(self.practice, number).await?;
        Ok(self.merged(kept, &calling_key(number), |known| known.record().number == *number))
    }

    /// What is kept, as these lines leave it.
    fn merged(&self, mut kept: Vec<Known>, key: &str, fits: impl Fn(&Known) -> bool) -> Vec<Known> {
        kept.retain(|known| !self.made.contains_key(&known.row.id));
        let made = self.found.get(key).into_iter().flatten().filter_map(|id| self.made.get(id));
        kept.extend(made.map(|made| made.known.clone()).filter(|known| fits(known)));
        kept
    }
}

/// Whom of an address a line is about.
fn same<'a>(there: &'a [Known], line: &Listed) -> Result<Option<&'a Known>, DirectoryError> {
    let themselves: Vec<&Known> = there.iter().filter(|known| known.entry.mandate.is_none()).collect();
    let name = line.name.folded();
    // Father and son have one name, and not one day of birth.
    let born = |known: &&Known| match (known.record().birth_date, line.birth_date) {
        (Some(known), Some(listed)) => known == listed,
        _ => true,
    };
    let mut fitting: Vec<&Known> = themselves.iter().copied().filter(born).collect();
    if !name.is_empty() {
        fitting.retain(|known| known.record().name.folded() == name);
        // Somebody without a name, alone at the address, gets one.
        if let ([], [one]) = (fitting.as_slice(), themselves.as_slice())
            && one.record().name.folded().is_empty()
            && born(one)
        {
            fitting.push(one);
        }
    }
    if fitting.len() > 1 {
        fitting.retain(|known| known.record().number == line.number);
        if fitting.len() != 1 {
            return refused("several persons have this address: say which, by name or id");
        }
    }
    Ok(fitting.pop())
}

/// The fields in which entries differ, by name.
fn differences(old: &DirectoryEntry, new: &DirectoryEntry, kind: bool) -> Vec<&'static str> {
    let (a, b) = (&old.record, &new.record);
    let all = [
        ("name", a.name != b.name),
        ("address", a.address != b.address),
        ("number", a.number != b.number),
        ("language", a.language != b.language),
        ("channel", a.channel != b.channel),
        ("birth date", a.birth_date != b.birth_date),
        ("kind", kind),
        ("shared", old.shares != new.shares),
    ];
    all.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

fn at_key(address: &Address) -> String {
    format!("a{}", address.reveal())
}

fn calling_key(number: &PhoneNumber) -> String {
    format!("n{}", number.reveal())
}
