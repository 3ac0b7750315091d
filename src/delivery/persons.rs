//! The directory of persons: who they are, who vouches for their numbers, who reads for them, and what is shared.
//!
//! An entry is one person. Two of them may have one address or one number, a couple's or a carer's, where somebody says
//! so; else whoever adds the second is told of the first. What mailboxes told serves them alone until it is confirmed.

use crate::domain::{
    Actor, Address, AuditEvent, DeliveryId, DirectoryEntry, Fault, MailboxId, Mandate, PatientId, PatientKind,
    PatientRecord, PersonName, PhoneNumber, PracticeId, Shares, Timestamp, Verb, Vouch, Vouched,
};
use crate::store::deliveries::DeliveryRow;
use crate::store::holds::LearnedRow;
use crate::store::patients::PatientRow;
use crate::vault::Question;

use super::Deliveries;
use super::directory::{DirectoryError, refused, say};

/// A person of a directory.
#[derive(Debug, Clone)]
pub struct PatientInfo {
    /// The id.
    pub id: PatientId,
    /// In whose directory.
    pub practice: PracticeId,
    /// Who the person is to the practice.
    pub kind: PatientKind,
    /// What is known.
    pub record: PatientRecord,
    /// Who vouches for the number.
    pub vouch: Option<Vouch>,
    /// What is shared on purpose.
    pub shares: Shares,
    /// For whom this person reads.
    pub mandate: Option<Mandate>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// What somebody says who files a person.
#[derive(Debug, Clone, Default)]
pub struct Filing {
    /// The administrator, as the machine knows them.
    pub who: PersonName,
    /// What is shared on purpose.
    pub shares: Shares,
}

/// What a mailbox told of an address.
#[derive(Debug, Clone)]
pub struct LearnedInfo {
    /// About which letter it was told: it names this.
    pub id: DeliveryId,
    /// The mailbox.
    pub mailbox: MailboxId,
    /// Its address.
    pub by: String,
    /// The name, address and number that it told.
    pub record: PatientRecord,
    /// Whether a doubt was settled with *oui*.
    pub settled: bool,
    /// When.
    pub at: Timestamp,
}

/// A row of the directory, opened.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) row: PatientRow,
    pub(super) entry: DirectoryEntry,
}

/// What two mailboxes told alike, as it enters the directory.
pub(super) struct Twice {
    pub(super) person: PatientRow,
    /// What the first of them told.
    pub(super) other: LearnedRow,
}

impl Known {
    pub(super) fn record(&self) -> &PatientRecord {
        &self.entry.record
    }

    /// Whether this person read for somebody, and does so no more.
    pub(super) fn has_ended(&self, now: Timestamp, timezone: &str) -> bool {
        self.entry.mandate.as_ref().is_some_and(|mandate| mandate.has_ended(now, timezone))
    }
}

impl Deliveries {
    /// Adds a person.
    ///
    /// # Errors
    /// [`DirectoryError`]: the same person is there already, or another one has the address or the number and nothing
    /// says that they share it.
    pub async fn add_patient(
        &self,
        practice: PracticeId,
        kind: PatientKind,
        record: PatientRecord,
        filing: &Filing,
    ) -> Result<PatientId, DirectoryError> {
        let there = self.entries_at(practice, &record.address).await?;
        if there.iter().any(|known| known.entry.mandate.is_none() && *known.record() == record) {
            return refused("this person is in the directory already");
        }
        self.shares_nothing(practice, &record, filing.shares, |_| false).await?;
        let (now, id) = (self.clock.now(), PatientId::random(self.random.as_ref()));
        let entry = DirectoryEntry {
            record,
            vouch: vouched(Vouched::Added, filing, now),
            shares: filing.shares,
            mandate: None,
        };
        let row = self.patient_row(id, practice, kind, &entry, 1, now)?;
        let mut tx = self.store.write("add patient").await?;
        tx.insert_patient(&row).await?;
        tx.commit(filed(Verb::PatientAdded, practice, id, now)).await?;
        Ok(id)
    }

    /// All persons of a practice.
    ///
    /// # Errors
    /// A [`Fault`] of the store or of a row that does not open.
    pub async fn patients(&self, practice: PracticeId) -> Result<Vec<PatientInfo>, Fault> {
        self.store.patients(practice).await?.into_iter().map(|row| Ok(info(self.opened_row(row)?))).collect()
    }

    /// One person.
    ///
    /// # Errors
    /// [`DirectoryError::Refused`] when there is none.
    pub async fn patient(&self, id: PatientId) -> Result<PatientInfo, DirectoryError> {
        Ok(info(self.person(id).await?))
    }

    /// Replaces what is known of a person. Deliveries that were made keep the number they were made with.
    ///
    /// # Errors
    /// As [`Deliveries::add_patient`]; and when there is none, or somebody else changed it at the same time.
    pub async fn set_patient(
        &self,
        id: PatientId,
        kind: PatientKind,
        record: PatientRecord,
        filing: &Filing,
    ) -> Result<(), DirectoryError> {
        let (now, old) = (self.clock.now(), self.person(id).await?);
        let entry = changed(&old.entry, record, Vouched::Changed, filing, now);
        self.may_share(&old, &entry).await?;
        let row = self.next_row(&old, kind, &entry, now)?;
        let mut tx = self.store.write("set patient").await?;
        if !tx.update_patient(&row).await? {
            return refused("somebody else changed this person just now: look again");
        }
        Ok(tx.commit(filed(Verb::PatientChanged, row.practice, id, now)).await?)
    }

    /// Removes a person and whoever reads for them; deliveries that were made stay.
    ///
    /// # Errors
    /// [`DirectoryError::Refused`] when there is none.
    pub async fn remove_patient(&self, id: PatientId) -> Result<(), DirectoryError> {
        let mut tx = self.store.write("remove patient").await?;
        if !tx.delete_patient(id).await? {
            return Err(nobody());
        }
        tx.commit(AuditEvent::new(self.clock.now(), Actor::Operator, Verb::PatientRemoved).about_patient(id)).await?;
        self.store.shred_soon().await;
        Ok(())
    }

    /// Notes in the journal that coordinates were shown unmasked.
    ///
    /// # Errors
    /// A [`Fault`] of the store: nothing may be shown then.
    pub async fn note_reveal(&self, patient: PatientId) -> Result<(), Fault> {
        let tx = self.store.write("note reveal").await?;
        tx.commit(AuditEvent::new(self.clock.now(), Actor::Operator, Verb::PatientRevealed).about_patient(patient))
            .await
    }

    /// Has somebody read for a person until a day; the same address again renews or changes that. They are a carer of
    /// the directory. What they share with that person, and with others who read for it, needs no word.
    ///
    /// # Errors
    /// As [`Deliveries::add_patient`]; and when there is no such person, or it reads for somebody itself.
    pub async fn add_guardian(
        &self,
        record: PatientRecord,
        mandate: Mandate,
        filing: &Filing,
    ) -> Result<PatientId, DirectoryError> {
        let (now, ward) = (self.clock.now(), self.person(mandate.of).await?);
        if ward.entry.mandate.is_some() {
            return refused("this person reads for somebody: name the one they read for");
        }
        let practice = ward.row.practice;
        if mandate.has_ended(now, &self.profile(practice).await?.timezone) {
            return refused("this day is over: nobody would be let read");
        }
        let theirs = |known: &Known| {
            known.row.id == ward.row.id || known.entry.mandate.as_ref().is_some_and(|its| its.of == ward.row.id)
        };
        self.shares_nothing(practice, &record, filing.shares, theirs).await?;
        let there = self.guardians_of(ward.row.id).await?;
        let old = there.into_iter().find(|known| known.record().address == record.address);
        let mut tx = self.store.write("add guardian").await?;
        let row = match old {
            Some(old) => {
                let mut entry = changed(&old.entry, record, Vouched::Changed, filing, now);
                entry.mandate = Some(mandate);
                let row = self.next_row(&old, PatientKind::Carer, &entry, now)?;
                if !tx.update_patient(&row).await? {
                    return refused("somebody else changed this person just now: look again");
                }
                row
            }
            None => {
                let vouch = vouched(Vouched::Added, filing, now);
                let entry = DirectoryEntry { record, vouch, shares: filing.shares, mandate: Some(mandate) };
                let id = PatientId::random(self.random.as_ref());
                let row = self.patient_row(id, practice, PatientKind::Carer, &entry, 1, now)?;
                tx.insert_patient(&row).await?;
                row
            }
        };
        let verb = if row.version == 1 { Verb::PatientAdded } else { Verb::PatientChanged };
        tx.commit(filed(verb, practice, row.id, now)).await?;
        Ok(row.id)
    }

    /// Those who read for a person, whether or not that has ended.
    ///
    /// # Errors
    /// A [`Fault`] of the store or of a row that does not open.
    pub async fn guardians(&self, of: PatientId) -> Result<Vec<PatientInfo>, Fault> {
        Ok(self.guardians_of(of).await?.into_iter().map(info).collect())
    }

    /// Ends at once that somebody reads for another.
    ///
    /// # Errors
    /// [`DirectoryError::Refused`] when they do not.
    pub async fn remove_guardian(&self, id: PatientId) -> Result<(), DirectoryError> {
        let (now, person) = (self.clock.now(), self.person(id).await?);
        let mut entry = person.entry.clone();
        let Some(mandate) = &mut entry.mandate else {
            return refused("this person reads for nobody; pli patient remove takes them out");
        };
        // It stays known that they did: letters to them wait, as after the last day.
        let timezone = self.profile(person.row.practice).await?.timezone;
        mandate.end(now, &timezone);
        let row = self.next_row(&person, PatientKind::Carer, &entry, now)?;
        let mut tx = self.store.write("end guardian").await?;
        if !tx.update_patient(&row).await? {
            return refused("somebody else changed this person just now: look again");
        }
        tx.commit(filed(Verb::PatientChanged, person.row.practice, id, now)).await?;
        Ok(())
    }

    /// What the mailboxes of a practice told, and nobody confirmed.
    ///
    /// # Errors
    /// A [`Fault`] of the store or of a row that does not open.
    pub async fn learned_numbers(&self, practice: PracticeId) -> Result<Vec<LearnedInfo>, Fault> {
        let mut all = Vec::new();
        for row in self.store.learned_of(practice).await? {
            all.push(self.learned_info(&row).await?);
        }
        Ok(all)
    }

    /// Takes what a mailbox told into the directory of its practice, where it serves everybody. Where the address is one
    /// person's there, their number is changed.
    ///
    /// # Errors
    /// As [`Deliveries::add_patient`]; and when there is none of this id, or nobody can say whose number it is.
    pub async fn confirm_learned(&self, id: DeliveryId, filing: &Filing) -> Result<PatientId, DirectoryError> {
        let (now, row) = (self.clock.now(), self.store.learned_about(id).await?.ok_or_else(untold)?);
        let practice = self.owner(row.mailbox).await?.practice;
        let told = self.vault.open_learned(row.mailbox, &row.record)?.record;
        let mut there = self.entries_at(practice, &told.address).await?;
        there.retain(|known| known.entry.mandate.is_none());
        let vouch = Vouch { how: Vouched::Confirmed, who: filing.who.clone(), mailbox: Some(row.mailbox), at: now };
        let name = told.name.folded();
        let fits = |known: &&Known| {
            let known = known.record().name.folded();
            known.is_empty() || name.is_empty() || known == name
        };
        let mut fitting = there.iter().filter(fits);
        let old = match (fitting.next(), fitting.next()) {
            (Some(_), Some(_)) => {
                return refused("several persons have this address: pli patient set says whose number it is");
            }
            (one, _) => one,
        };
        let mut entry = match old {
            Some(old) => {
                let record = PatientRecord { number: told.number.clone(), ..old.record().clone() };
                changed(&old.entry, record, Vouched::Confirmed, filing, now)
            }
            None => DirectoryEntry { record: told.clone(), vouch: None, shares: filing.shares, mandate: None },
        };
        entry.vouch = Some(vouch);
        let but = old.map(|old| old.row.id);
        self.shares_nothing(practice, &entry.record, entry.shares, |known| Some(known.row.id) == but).await?;
        let mut tx = self.store.write("confirm a number").await?;
        let person = match old {
            Some(old) => {
                let row = self.next_row(old, old.row.kind, &entry, now)?;
                if !tx.update_patient(&row).await? {
                    return refused("somebody else changed this person just now: look again");
                }
                row
            }
            None => {
                let id = PatientId::random(self.random.as_ref());
                let row = self.patient_row(id, practice, PatientKind::Patient, &entry, 1, now)?;
                tx.insert_patient(&row).await?;
                row
            }
        };
        tx.forget_learned(row.mailbox, &row.address).await?;
        let verb = if old.is_none() { Verb::PatientAdded } else { Verb::PatientChanged };
        tx.commit(filed(verb, practice, person.id, now).about_mailbox(row.mailbox).about_delivery(id)).await?;
        Ok(person.id)
    }

    /// Forgets what a mailbox told: it is asked again.
    ///
    /// # Errors
    /// [`DirectoryError::Refused`] when there is none of this id.
    pub async fn refuse_learned(&self, id: DeliveryId) -> Result<(), DirectoryError> {
        let row = self.store.learned_about(id).await?.ok_or_else(untold)?;
        let mut tx = self.store.write("refuse a number").await?;
        tx.forget_learned(row.mailbox, &row.address).await?;
        let event = AuditEvent::new(self.clock.now(), Actor::Operator, Verb::LearnedRefused);
        tx.commit(event.about_mailbox(row.mailbox).about_delivery(id)).await?;
        self.store.shred_soon().await;
        Ok(())
    }

    /// What becomes of a number that another mailbox of the practice told of this address before: two practitioners are
    /// enough, where the directory knows neither address nor number (R-S33).
    pub(super) async fn told_twice(
        &self,
        practice: PracticeId,
        mailbox: MailboxId,
        question: &Question,
        number: &PhoneNumber,
    ) -> Result<Option<Twice>, Fault> {
        let known = !self.entries_at(practice, &question.address).await?.is_empty()
            || !self.entries_calling(practice, number).await?.is_empty();
        if known {
            return Ok(None);
        }
        let now = self.clock.now();
        let mut others = Vec::new();
        for hash in self.vault.address_hashes(practice, &question.address) {
            others.extend(self.store.learned_at(practice, &hash).await?);
        }
        for other in others {
            let told = self.vault.open_learned(other.mailbox, &other.record)?.record;
            let (a, b) = (told.name.folded(), question.name.folded());
            let alike = told.address == question.address && told.number == *number;
            if other.mailbox == mailbox || !alike || (!a.is_empty() && !b.is_empty() && a != b) {
                continue;
            }
            let name = if a.is_empty() { question.name.clone() } else { told.name.clone() };
            let vouch =
                Vouch { how: Vouched::Twice, who: PersonName::default(), mailbox: Some(other.mailbox), at: now };
            let entry = DirectoryEntry {
                record: PatientRecord { name, ..told },
                vouch: Some(vouch),
                shares: Shares::default(),
                mandate: None,
            };
            let id = PatientId::random(self.random.as_ref());
            let person = self.patient_row(id, practice, PatientKind::Patient, &entry, 1, now)?;
            return Ok(Some(Twice { person, other }));
        }
        Ok(None)
    }

    /// Whether a letter went to somebody who read for another, and does so no more.
    pub(super) async fn reads_no_more(&self, row: &DeliveryRow) -> Result<bool, Fault> {
        let Some(id) = row.patient else { return Ok(false) };
        let Some(person) = self.store.patient(id).await? else { return Ok(false) };
        let timezone = self.profile(row.practice).await?.timezone;
        Ok(self.opened_row(person)?.has_ended(self.clock.now(), &timezone))
    }

    /// Notes in the journal that what a mailbox told was shown unmasked.
    ///
    /// # Errors
    /// A [`Fault`] of the store: nothing may be shown then.
    pub async fn note_learned_reveal(&self, told: &LearnedInfo) -> Result<(), Fault> {
        let event = AuditEvent::new(self.clock.now(), Actor::Operator, Verb::PatientRevealed);
        let tx = self.store.write("note reveal").await?;
        tx.commit(event.about_mailbox(told.mailbox).about_delivery(told.id)).await
    }

    /// The persons of a directory with this address, oldest first.
    pub(super) async fn entries_at(&self, practice: PracticeId, to: &Address) -> Result<Vec<Known>, Fault> {
        let mut rows = Vec::new();
        for hash in self.vault.address_hashes(practice, to) {
            rows.extend(self.store.patients_at(practice, &hash).await?);
        }
        self.opened_rows(rows, |record| record.address == *to)
    }

    /// The persons of a directory with this number, oldest first.
    pub(super) async fn entries_calling(&self, practice: PracticeId, to: &PhoneNumber) -> Result<Vec<Known>, Fault> {
        let mut rows = Vec::new();
        for hash in self.vault.number_hashes(practice, to) {
            rows.extend(self.store.patients_calling(practice, &hash).await?);
        }
        self.opened_rows(rows, |record| record.number == *to)
    }

    /// Those who read for a person, oldest first.
    pub(super) async fn guardians_of(&self, ward: PatientId) -> Result<Vec<Known>, Fault> {
        self.opened_rows(self.store.patients_for(ward).await?, |_| true)
    }

    fn opened_rows(
        &self,
        mut rows: Vec<PatientRow>,
        found: impl Fn(&PatientRecord) -> bool,
    ) -> Result<Vec<Known>, Fault> {
        rows.sort_by_key(|row| (row.created_at, row.id));
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let known = self.opened_row(row)?;
            // The hash only finds; what is sealed decides. A hash moved to another row names nobody.
            if !found(known.record()) {
                return Err(unauthorised(known.row.id));
            }
            all.push(known);
        }
        Ok(all)
    }

    fn opened_row(&self, row: PatientRow) -> Result<Known, Fault> {
        let entry = self.vault.open_patient(row.id, row.version, &row.record)?;
        if entry.mandate.as_ref().map(|mandate| mandate.of) != row.ward {
            return Err(unauthorised(row.id));
        }
        Ok(Known { row, entry })
    }

    /// One person, opened.
    pub(super) async fn person(&self, id: PatientId) -> Result<Known, DirectoryError> {
        Ok(self.opened_row(self.store.patient(id).await?.ok_or_else(nobody)?)?)
    }

    /// Refuses what a change would share with others without a word.
    pub(super) async fn may_share(&self, old: &Known, new: &DirectoryEntry) -> Result<(), DirectoryError> {
        // What was so before is nobody's news.
        let shares = Shares {
            number: new.shares.number || new.record.number == old.record().number,
            address: new.shares.address || new.record.address == old.record().address,
        };
        self.shares_nothing(old.row.practice, &new.record, shares, |known| known.row.id == old.row.id).await
    }

    async fn shares_nothing(
        &self,
        practice: PracticeId,
        record: &PatientRecord,
        shares: Shares,
        but: impl Fn(&Known) -> bool,
    ) -> Result<(), DirectoryError> {
        let calling = if shares.number { Vec::new() } else { self.entries_calling(practice, &record.number).await? };
        let there = if shares.address { Vec::new() } else { self.entries_at(practice, &record.address).await? };
        clash(record, shares, &calling, &there, but)
    }

    pub(super) fn patient_row(
        &self,
        id: PatientId,
        practice: PracticeId,
        kind: PatientKind,
        entry: &DirectoryEntry,
        version: i64,
        now: Timestamp,
    ) -> Result<PatientRow, Fault> {
        Ok(PatientRow {
            id,
            practice,
            kind,
            ward: entry.mandate.as_ref().map(|mandate| mandate.of),
            record: self.vault.seal_patient(id, version, entry, self.random.as_ref())?,
            address_hash: self.vault.address_hash(practice, &entry.record.address),
            number_hash: self.vault.number_hash(practice, &entry.record.number),
            version,
            created_at: now,
            updated_at: now,
        })
    }

    /// The row that follows on a person's.
    pub(super) fn next_row(
        &self,
        old: &Known,
        kind: PatientKind,
        entry: &DirectoryEntry,
        now: Timestamp,
    ) -> Result<PatientRow, Fault> {
        let version = old.row.version.saturating_add(1);
        let row = self.patient_row(old.row.id, old.row.practice, kind, entry, version, now)?;
        Ok(PatientRow { created_at: old.row.created_at, ..row })
    }

    /// The address of a mailbox; empty when it is gone.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn mailbox_address(&self, id: MailboxId) -> Result<String, Fault> {
        Ok(self.store.mailbox(id).await?.map(|mailbox| mailbox.address).unwrap_or_default())
    }

    async fn learned_info(&self, row: &LearnedRow) -> Result<LearnedInfo, Fault> {
        let told = self.vault.open_learned(row.mailbox, &row.record)?;
        let by = self.mailbox_address(row.mailbox).await?;
        Ok(LearnedInfo {
            id: row.delivery,
            mailbox: row.mailbox,
            by,
            record: told.record,
            settled: told.settled,
            at: row.learned_at,
        })
    }
}

/// Refuses what a record would share, without a word, with whom has its number or its address.
pub(super) fn clash(
    record: &PatientRecord,
    shares: Shares,
    calling: &[Known],
    there: &[Known],
    but: impl Fn(&Known) -> bool,
) -> Result<(), DirectoryError> {
    let others = |known: &&Known| !but(known) && !is_same_person(known.record(), record);
    match (calling.iter().find(others), there.iter().find(others)) {
        (Some(other), _) if !shares.number => Err(DirectoryError::SharesNumber(other.row.id)),
        (_, Some(other)) if !shares.address => Err(DirectoryError::SharesAddress(other.row.id)),
        _ => Ok(()),
    }
}

/// One person in two roles: a mother who is a patient, and reads for her child.
fn is_same_person(a: &PatientRecord, b: &PatientRecord) -> bool {
    let name = a.name.folded();
    let born = a.birth_date.is_none() || b.birth_date.is_none() || a.birth_date == b.birth_date;
    !name.is_empty() && name == b.name.folded() && a.address == b.address && a.number == b.number && born
}

/// What an entry becomes with another record. Whoever changes the pair vouches for it.
pub(super) fn changed(
    old: &DirectoryEntry,
    record: PatientRecord,
    how: Vouched,
    filing: &Filing,
    now: Timestamp,
) -> DirectoryEntry {
    let (number, address) = (record.number == old.record.number, record.address == old.record.address);
    DirectoryEntry {
        vouch: if number && address { old.vouch.clone() } else { vouched(how, filing, now) },
        shares: Shares {
            number: filing.shares.number || (number && old.shares.number),
            address: filing.shares.address || (address && old.shares.address),
        },
        mandate: old.mandate.clone(),
        record,
    }
}

pub(super) fn vouched(how: Vouched, filing: &Filing, now: Timestamp) -> Option<Vouch> {
    Some(Vouch { how, who: filing.who.clone(), mailbox: None, at: now })
}

pub(super) fn filed(verb: Verb, practice: PracticeId, id: PatientId, now: Timestamp) -> AuditEvent {
    AuditEvent::new(now, Actor::Operator, verb).about_practice(practice).about_patient(id)
}

fn info(known: Known) -> PatientInfo {
    let Known { row, entry } = known;
    PatientInfo {
        id: row.id,
        practice: row.practice,
        kind: row.kind,
        record: entry.record,
        vouch: entry.vouch,
        shares: entry.shares,
        mandate: entry.mandate,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn unauthorised(id: PatientId) -> Fault {
    tracing::error!(patient = %id, "a row without authority was not used: the database was changed by somebody else");
    Fault::new("a person's row has lost its authority")
}

fn nobody() -> DirectoryError {
    say("there is no such person")
}

fn untold() -> DirectoryError {
    say("no mailbox told this; pli patient learned list shows what they did")
}
