//! `pli key rotate`: another root key in the place of the one in use, while servers run.
//!
//! Four steps, each of which may be interrupted and done again:
//! 1. The new key is put into the file, marked `next`: processes know it and do not use it. The rotation waits until
//!    every process at work says that it does.
//! 2. The database notes the new key as its own. Who starts from now on must have it; once more all are asked, since one
//!    may have started just before.
//! 3. The new key moves to the front of the file, and processes seal under it within seconds. What is under the old one
//!    opens as before.
//! 4. What the server can make again, it does, a hundred rows at a time; what somebody changes meanwhile is left alone,
//!    and looked at again. A row without authority under a key that is there gets none.
//!
//! What only a device, a patient or a source can say again stays ([`crate::store::keyed`]): it ends by itself, or is
//! verified with what the old key leaves once it is retired.

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::{Actor, AuditEvent, Fault, KeyId, PracticeId, Verb};
use crate::store::deliveries::DeliveryRow;
use crate::store::holds::{HoldRow, LearnedRow};
use crate::store::keyed::{How, SEALED, SealedColumn};
use crate::store::patients::PatientRow;
use crate::store::practices::PracticeRow;
use crate::store::rotation::{CodeTable, Coded, HolderRow};
use crate::vault::{ChainEnd, KeyRing, Place};

use super::ring;
use super::rooms::CHECK;
use super::{Rooms, StartError};

pub use crate::store::keyed::{Kept, Under};

/// How far a rotation is.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// The new key is in the file, not in use.
    Announced(KeyId),
    /// So many processes are waited for.
    Waits(usize),
    /// The new key is in use.
    InUse(KeyId),
    /// So many processes still seal under another key: what they write is made again the next time.
    Behind(usize),
    /// So many values of a table were made again.
    Made(&'static str, i64),
}

/// What a rotation did.
#[derive(Debug, Clone)]
pub struct Rotated {
    /// The key in use.
    pub key: KeyId,
    /// Values that were made again.
    pub made: i64,
    /// Rows that were left alone: without authority, or not to be opened.
    pub refused: i64,
    /// Processes that still seal under another key: it is at its end once they do not, and was run again.
    pub behind: usize,
}

/// A root key that is there.
#[derive(Debug, Clone)]
pub struct KeyState {
    /// Its id.
    pub id: KeyId,
    /// Whether it seals.
    pub in_use: bool,
    /// Whether it has been retired.
    pub retired: bool,
    /// What is under it.
    pub under: Vec<Under>,
}

/// Why a key is not retired.
#[derive(Debug, thiserror::Error)]
pub enum RetireError {
    /// Values are under it that would be lost.
    #[error("values are still under this key")]
    Needed(Vec<Under>),
    /// Refused.
    #[error(transparent)]
    Refused(#[from] StartError),
}

impl From<Fault> for RetireError {
    fn from(fault: Fault) -> Self {
        Self::Refused(told(fault))
    }
}

impl Rooms {
    /// Puts another root key in the place of the one in use, or goes on where an earlier call ended. `file` is the file
    /// of keys where it is not the one of the settings; `patience` is how long other processes are waited for.
    ///
    /// # Errors
    /// [`StartError`]: a file that cannot be changed, a process that does not know the new key, the store. What was done
    /// stays done, and everything can be read.
    pub async fn rotate(
        &self,
        file: Option<&Path>,
        patience: Duration,
        say: &mut (dyn FnMut(Step) + Send),
    ) -> Result<Rotated, StartError> {
        let file = file.map_or_else(|| self.keyring.file(), Path::to_owned);
        let mut ring = ring::read(&file)?;
        if !ring.ids().contains(&self.vault.key_id()) {
            return Err(StartError(format!("{}: these are not the keys that the data is under", file.display())));
        }
        self.keyring.follow(&file);
        self.taken(&ring).await?;
        let new = match ring.next() {
            None if !self.is_unfinished().await? => {
                if ring.ids().len() >= MOST {
                    let what = format!("there are {MOST} root keys: retire the oldest first (pli key retire)");
                    return Err(StartError(what));
                }
                let new = ring.announce(self.random.as_ref());
                ring::write(&file, &ring)?;
                self.taken(&ring).await?;
                Some(new)
            }
            next => next,
        };
        let key = match new {
            Some(new) => {
                say(Step::Announced(new));
                self.all_know(new, patience, say).await?;
                self.note_check(new).await?;
                self.all_know(new, patience, say).await?;
                ring.advance();
                ring::write(&file, &ring)?;
                self.taken(&ring).await?;
                new
            }
            None => {
                // Interrupted behind the third step, or a backup of before was read back.
                let current = self.vault.key_id();
                self.note_check(current).await?;
                current
            }
        };
        say(Step::InUse(key));
        let behind = self.waited(patience, say, |holder| holder.knows.first() == Some(&key)).await?.len();
        // Only their own cookies say again what was hashed; and while addresses are under two keys, what is taken away would
        // not find all of them.
        let mut tx = self.store.write("forget browsers").await.map_err(told)?;
        tx.forget_all_browsers().await.map_err(told)?;
        tx.commit(AuditEvent::new(self.clock.now(), Actor::Operator, Verb::BrowserForgotten)).await.map_err(told)?;
        let (made, refused) = self.make_again(say).await?;
        if behind > 0 {
            // Not at its end: what these write meanwhile is made again the next time.
            say(Step::Behind(behind));
            self.store.shred_soon().await;
            return Ok(Rotated { key, made, refused, behind });
        }
        let mut tx = self.store.write("end rotation").await.map_err(told)?;
        tx.replace_meta(RUNNING, &[]).await.map_err(told)?;
        // Those of meanwhile.
        tx.forget_all_browsers().await.map_err(told)?;
        let event = AuditEvent::new(self.clock.now(), Actor::Operator, Verb::RootKeyRotated).counting(made);
        tx.commit(event).await.map_err(told)?;
        self.store.shred_soon().await;
        Ok(Rotated { key, made, refused, behind })
    }

    /// The root keys: those of the file, then those that were retired, with what is under each.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn root_keys(&self) -> Result<Vec<KeyState>, Fault> {
        let (whole, retired) = (self.vault.key_ids(), self.store.former_keys().await?);
        let values = self.store.values_by_key().await?;
        let mut ids = whole.clone();
        let others = retired.iter().map(|(id, _)| *id).chain(values.iter().map(|under| under.key));
        for id in others {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let state = |id: KeyId| KeyState {
            id,
            in_use: self.vault.key_id() == id,
            retired: !whole.contains(&id),
            under: values.iter().filter(|under| under.key == id).cloned().collect(),
        };
        Ok(ids.into_iter().map(state).collect())
    }

    /// Whether a rotation was begun and not ended.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn is_rotating(&self) -> Result<bool, Fault> {
        Ok(self.store.meta(RUNNING).await?.is_some_and(|value| !value.is_empty()))
    }

    /// Takes a root key away that does not seal any more. What it leaves verifies logins, marks and the journal. `force`
    /// gives up what is still under it; returns how many values.
    ///
    /// # Errors
    /// [`RetireError`]: what would be lost; a process that still seals under it; a file that cannot be changed.
    pub async fn retire(&self, id: KeyId, file: Option<&Path>, force: bool) -> Result<i64, RetireError> {
        let file = file.map_or_else(|| self.keyring.file(), Path::to_owned);
        let mut ring = ring::read(&file)?;
        let refused = |what: &str| RetireError::Refused(StartError(what.to_owned()));
        if ring.current() == Some(id) || ring.next() == Some(id) {
            return Err(refused("this root key is in use, or is to be; only an older one is retired"));
        }
        if !ring.ids().contains(&id) || !self.vault.key_ids().contains(&id) {
            return Err(refused("there is no such root key"));
        }
        self.keyring.follow(&file);
        self.taken(&ring).await?;
        let current = self.vault.key_id();
        let behind =
            self.keyring.holders().await?.iter().filter(|holder| holder.knows.first() != Some(&current)).count();
        if behind > 0 {
            return Err(RetireError::Refused(StartError(format!(
                "{behind} processes still seal under another root key: give them the file, or start them again"
            ))));
        }
        let values = self.store.values_by_key().await?;
        let needed: Vec<Under> =
            values.into_iter().filter(|under| under.key == id && !matches!(under.of.how, How::Left(_))).collect();
        let lost = needed.iter().map(|under| under.many).sum();
        if lost > 0 && !force {
            return Err(RetireError::Needed(needed));
        }
        let ends = self.store.chain_ends().await?.into_iter();
        let ends = ends.map(|(node, seq, link)| ChainEnd { node, seq, link: data_encoding::HEXLOWER.encode(&link) });
        let left = self.vault.remainder(id, ends.collect(), self.random.as_ref())?;
        let now = self.clock.now();
        let mut tx = self.store.write("retire root key").await?;
        tx.keep_former_key(id, &left, now).await?;
        tx.commit(AuditEvent::new(now, Actor::Operator, Verb::RootKeyRetired).counting(lost)).await?;
        ring.remove(id);
        ring::write(&file, &ring)?;
        self.taken(&ring).await?;
        Ok(lost)
    }

    /// Whether what was begun is to be ended before another key is made.
    async fn is_unfinished(&self) -> Result<bool, StartError> {
        let check = self.store.meta(CHECK).await.map_err(told)?.unwrap_or_default();
        Ok(self.is_rotating().await.map_err(told)? || self.vault.checks(&check) != Some(self.vault.key_id()))
    }

    async fn taken(&self, ring: &KeyRing) -> Result<(), StartError> {
        self.keyring.take(ring).await.map_err(StartError)?;
        self.keyring.tell().await.map_err(told)
    }

    /// The database is this key's from now on.
    async fn note_check(&self, key: KeyId) -> Result<(), StartError> {
        let value = self.vault.check_value_of(key).ok_or_else(|| StartError("a root key is gone".to_owned()))?;
        if self.is_rotating().await.map_err(told)? && self.store.meta(CHECK).await.map_err(told)? == Some(value.clone())
        {
            return Ok(());
        }
        let mut tx = self.store.write("change root key").await.map_err(told)?;
        tx.replace_meta(CHECK, &value).await.map_err(told)?;
        tx.replace_meta(RUNNING, &key.0).await.map_err(told)?;
        tx.commit(AuditEvent::new(self.clock.now(), Actor::Operator, Verb::RootKeyChanged)).await.map_err(told)
    }

    /// Waits until every process at work knows a key.
    async fn all_know(
        &self,
        key: KeyId,
        patience: Duration,
        say: &mut (dyn FnMut(Step) + Send),
    ) -> Result<(), StartError> {
        let without = self.waited(patience, say, |holder| holder.knows.contains(&key)).await?;
        if without.is_empty() {
            return Ok(());
        }
        let named: Vec<String> = without.iter().map(|holder| format!("{} ({})", holder.node, holder.id)).collect();
        Err(StartError(format!(
            "the new root key is in the file, and not in use: {} processes do not know it yet: {}. Where they read another \
             file, copy this one there; where they get it as a credential, start them again. Then run this again",
            without.len(),
            named.join(", ")
        )))
    }

    async fn waited(
        &self,
        patience: Duration,
        say: &mut (dyn FnMut(Step) + Send),
        ready: impl Fn(&HolderRow) -> bool,
    ) -> Result<Vec<HolderRow>, StartError> {
        let (begun, mut said) = (Instant::now(), 0);
        loop {
            let mut left = self.keyring.holders().await.map_err(told)?;
            left.retain(|holder| !ready(holder));
            if left.is_empty() || begun.elapsed() >= patience {
                return Ok(left);
            }
            if left.len() != said {
                said = left.len();
                say(Step::Waits(said));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Brings everything under the key in use that can be, until a look at all of it finds nothing more to do.
    async fn make_again(&self, say: &mut (dyn FnMut(Step) + Send)) -> Result<(i64, i64), StartError> {
        let mut in_all = 0;
        loop {
            let (mut made, mut refused) = (0, 0);
            let mut count = |table: &'static str, of: Counts| {
                if of.made > 0 {
                    say(Step::Made(table, of.made));
                }
                made += of.made;
                refused += of.refused;
            };
            count("practices", self.every(Practices).await.map_err(told)?);
            count("patients", self.every(Patients).await.map_err(told)?);
            count("deliveries", self.every(Deliveries).await.map_err(told)?);
            count("holds", self.every(Holds).await.map_err(told)?);
            count("learned_numbers", self.every(LearnedNumbers).await.map_err(told)?);
            for column in SEALED {
                count(column.table, self.every(Column(column)).await.map_err(told)?);
            }
            for table in CodeTable::ALL {
                count(table.table(), self.every(Codes(table)).await.map_err(told)?);
            }
            in_all += made;
            if made == 0 {
                return Ok((in_all, refused));
            }
        }
    }

    /// Makes all rows of one kind again.
    async fn every<K: Kind>(&self, kind: K) -> Result<Counts, Fault> {
        let (mut after, mut counts) = (String::new(), Counts::default());
        loop {
            let rows = kind.stale(self, &after).await?;
            let Some(last) = rows.last() else { return Ok(counts) };
            after = K::id(last);
            let mut tx = self.store.write("rewrap").await?;
            let mut made = 0;
            for row in &rows {
                match kind.remake(self, &mut tx, row).await? {
                    Made::Yes => made += 1,
                    // Somebody was quicker: what they wrote is looked at the next time.
                    Made::Changed => {}
                    Made::No(what) => {
                        counts.refused += 1;
                        tracing::error!(
                            table = kind.table(),
                            row = K::id(row),
                            what,
                            "a row was not brought under the new root key"
                        );
                    }
                }
            }
            if made > 0 {
                tx.commit(AuditEvent::new(self.clock.now(), Actor::Operator, Verb::Rewrapped).counting(made)).await?;
            }
            counts.made += made;
        }
    }
}

#[derive(Default)]
struct Counts {
    made: i64,
    refused: i64,
}

/// What became of a row.
enum Made {
    Yes,
    Changed,
    No(&'static str),
}

impl Made {
    fn of(done: bool) -> Self {
        if done { Self::Yes } else { Self::Changed }
    }
}

/// Rows that are made again in one way.
trait Kind {
    type Row;
    fn table(&self) -> &'static str;
    fn id(row: &Self::Row) -> String;
    async fn stale(&self, rooms: &Rooms, after: &str) -> Result<Vec<Self::Row>, Fault>;
    /// An error is the database's and ends the batch.
    async fn remake(&self, rooms: &Rooms, tx: &mut crate::store::Tx, row: &Self::Row) -> Result<Made, Fault>;
}

/// A sealed column.
struct Column(&'static SealedColumn);

impl Kind for Column {
    type Row = (String, crate::domain::Sealed);

    fn table(&self) -> &'static str {
        self.0.table
    }

    fn id((id, _): &Self::Row) -> String {
        id.clone()
    }

    async fn stale(&self, rooms: &Rooms, after: &str) -> Result<Vec<Self::Row>, Fault> {
        rooms.store.stale_sealed(self.0, rooms.vault.key_id(), after, BATCH).await
    }

    async fn remake(&self, rooms: &Rooms, tx: &mut crate::store::Tx, (id, old): &Self::Row) -> Result<Made, Fault> {
        let (table, column) = self.0.place;
        let place = Place { table, row: id, column, version: 0 };
        Ok(match rooms.vault.rewrapped(place, old, rooms.random.as_ref()) {
            Ok(Some(new)) => Made::of(tx.reseal(self.0, id, old, &new).await?),
            Ok(None) => Made::Changed,
            Err(fault) => Made::No(fault.what()),
        })
    }
}

/// A table of rows with authority codes.
struct Codes(CodeTable);

impl Kind for Codes {
    type Row = Coded;

    fn table(&self) -> &'static str {
        self.0.table()
    }

    fn id(row: &Coded) -> String {
        row.id.clone()
    }

    async fn stale(&self, rooms: &Rooms, after: &str) -> Result<Vec<Coded>, Fault> {
        rooms.store.stale_codes(self.0, rooms.vault.key_id(), after, BATCH).await
    }

    async fn remake(&self, rooms: &Rooms, tx: &mut crate::store::Tx, row: &Coded) -> Result<Made, Fault> {
        let covered: Vec<&[u8]> = row.covered.iter().map(Vec::as_slice).collect();
        // Authority is handed on, never given: whoever wrote this row without it gains nothing by a rotation.
        if !rooms.vault.has_authority(self.0.table(), &covered, &row.mac) {
            return Ok(Made::No(NO_AUTHORITY));
        }
        let new = rooms.vault.authority(self.0.table(), &covered);
        Ok(Made::of(tx.recode(self.0, &row.id, &row.mac, &new).await?))
    }
}

/// Practices: the profile, and the hash of its name.
struct Practices;

impl Kind for Practices {
    type Row = PracticeRow;

    fn table(&self) -> &'static str {
        "practices"
    }

    fn id(row: &PracticeRow) -> String {
        row.id.to_string()
    }

    async fn stale(&self, rooms: &Rooms, after: &str) -> Result<Vec<PracticeRow>, Fault> {
        rooms.store.stale_practices(rooms.vault.key_id(), after, BATCH).await
    }

    async fn remake(&self, rooms: &Rooms, tx: &mut crate::store::Tx, row: &PracticeRow) -> Result<Made, Fault> {
        let opened = rooms.vault.open_profile(row.id, &row.profile);
        let made = opened.and_then(|profile| {
            Ok((
                rooms.vault.seal_profile(row.id, &profile, rooms.random.as_ref())?,
                rooms.vault.name_hash(&profile.name),
            ))
        });
        Ok(match made {
            Ok((profile, name)) => Made::of(tx.rewrap_practice(row, &profile, &name).await?),
            Err(fault) => Made::No(fault.what()),
        })
    }
}

/// Persons: the record, the hashes that find it, and what is known of the number.
struct Patients;

impl Kind for Patients {
    type Row = PatientRow;

    fn table(&self) -> &'static str {
        "patients"
    }

    fn id(row: &PatientRow) -> String {
        row.id.to_string()
    }

    async fn stale(&self, rooms: &Rooms, after: &str) -> Result<Vec<PatientRow>, Fault> {
        rooms.store.stale_patients(rooms.vault.key_id(), after, BATCH).await
    }

    async fn remake(&self, rooms: &Rooms, tx: &mut crate::store::Tx, row: &PatientRow) -> Result<Made, Fault> {
        let vault = &rooms.vault;
        let entry = match vault.open_patient(row.id, row.version, &row.record) {
            Ok(entry) => entry,
            Err(fault) => return Ok(Made::No(fault.what())),
        };
        let record = vault.seal_patient(row.id, row.version, &entry, rooms.random.as_ref())?;
        let address = vault.address_hash(row.practice, &entry.record.address);
        let numbers = vault.number_hashes(row.practice, &entry.record.number);
        let Some((number, older)) = numbers.split_first() else { return Ok(Made::Changed) };
        tx.adopt_number(row.practice, number, older).await?;
        Ok(Made::of(tx.rewrap_patient(row, &record, (&address, number)).await?))
    }
}

/// Questions about held deliveries, and the hashes that find these.
struct Holds;

impl Kind for Holds {
    type Row = (HoldRow, PracticeId);

    fn table(&self) -> &'static str {
        "holds"
    }

    fn id((row, _): &Self::Row) -> String {
        row.delivery.to_string()
    }

    async fn stale(&self, rooms: &Rooms, after: &str) -> Result<Vec<Self::Row>, Fault> {
        rooms.store.stale_holds(rooms.vault.key_id(), after, BATCH).await
    }

    async fn remake(
        &self,
        rooms: &Rooms,
        tx: &mut crate::store::Tx,
        (row, practice): &Self::Row,
    ) -> Result<Made, Fault> {
        let vault = &rooms.vault;
        let question = match vault.open_question(row.delivery, row.version, &row.question) {
            Ok(question) => question,
            Err(fault) => return Ok(Made::No(fault.what())),
        };
        let sealed = vault.seal_question(row.delivery, row.version, &question, rooms.random.as_ref())?;
        let address = vault.address_hash(*practice, &question.address);
        Ok(Made::of(tx.rewrap_hold(row, &sealed, &address).await?))
    }
}

/// What mailboxes told of addresses.
struct LearnedNumbers;

impl Kind for LearnedNumbers {
    type Row = (LearnedRow, PracticeId);

    fn table(&self) -> &'static str {
        "learned_numbers"
    }

    fn id((row, _): &Self::Row) -> String {
        row.mailbox.to_string()
    }

    async fn stale(&self, rooms: &Rooms, after: &str) -> Result<Vec<Self::Row>, Fault> {
        rooms.store.stale_learned(rooms.vault.key_id(), after, BATCH).await
    }

    async fn remake(
        &self,
        rooms: &Rooms,
        tx: &mut crate::store::Tx,
        (row, practice): &Self::Row,
    ) -> Result<Made, Fault> {
        let vault = &rooms.vault;
        let learned = match vault.open_learned(row.mailbox, &row.record) {
            Ok(learned) => learned,
            Err(fault) => return Ok(Made::No(fault.what())),
        };
        let sealed = vault.seal_learned(row.mailbox, &learned, rooms.random.as_ref())?;
        let address = vault.address_hash(*practice, &learned.record.address);
        Ok(Made::of(tx.rewrap_learned(row, &sealed, &address).await?))
    }
}

/// Deliveries: the coordinates, the hashes of them, what is known of the number, and the code over it all.
struct Deliveries;

impl Kind for Deliveries {
    type Row = DeliveryRow;

    fn table(&self) -> &'static str {
        "deliveries"
    }

    fn id(row: &DeliveryRow) -> String {
        row.id.to_string()
    }

    async fn stale(&self, rooms: &Rooms, after: &str) -> Result<Vec<DeliveryRow>, Fault> {
        rooms.store.stale_deliveries(rooms.vault.key_id(), after, BATCH).await
    }

    async fn remake(&self, rooms: &Rooms, tx: &mut crate::store::Tx, row: &DeliveryRow) -> Result<Made, Fault> {
        let vault = &rooms.vault;
        if !vault.holds(row, &row.mac) {
            return Ok(Made::No(NO_AUTHORITY));
        }
        let mut new = row.clone();
        if let Some(sealed) = &row.coordinates {
            let to = match vault.open_coordinates(row.id, sealed) {
                Ok(to) => to,
                Err(fault) => return Ok(Made::No(fault.what())),
            };
            new.coordinates = Some(vault.seal_coordinates(row.id, &to, rooms.random.as_ref())?);
            new.address_hash = vault.address_hash(row.practice, &to.address);
            let numbers = vault.number_hashes(row.practice, &to.number);
            let Some((number, older)) = numbers.split_first() else { return Ok(Made::Changed) };
            tx.adopt_number(row.practice, number, older).await?;
            new.number_hash = number.clone();
        }
        new.mac = vault.mark(&new);
        Ok(Made::of(tx.rewrap_delivery(row, &new).await?))
    }
}

fn told(fault: Fault) -> StartError {
    StartError(format!("store: {fault}"))
}

/// Where the database keeps that a rotation is under way: the key's id, or nothing.
const RUNNING: &str = "root-rotation";
/// Rows of one transaction.
const BATCH: i64 = 100;
/// Keys that a file may hold.
const MOST: usize = 4;
/// Between two looks at who knows a key.
const PAUSE: Duration = Duration::from_millis(500);
const NO_AUTHORITY: &str = "it has no authority under a root key that is there";
