//! Backups: the database and the objects in a folder, and back into an empty installation.
//!
//! A folder holds any number of backups; containers are written once and shared by all that name them. The folder
//! never holds the root key, and everything in it is as sealed as the data: who finds it has nothing.
//!
//! ```text
//! FOLDER/20261128T001203123Z/database.dump   every row, in one state of the database
//!                            objects.list    the containers that the rows name, with their octets
//!                            manifest.json   versions, sums, counts; manifest.mac under the root key
//! FOLDER/objects/ab/cd/…                     the containers
//! ```

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, BufWriter};

use crate::domain::{Actor, AuditEvent, Fault, ObjectId, Timestamp, Verb};
use crate::store::Store;
use crate::store::dump::Dumped;
use crate::store::tombstones::Replayed;

use super::journal;
use super::rooms::CHECK;
use super::{Rooms, StartError};

/// A backup that was made.
#[derive(Debug, Clone)]
pub struct BackupMade {
    /// Its name in the folder: the instant, in UTC.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// Containers that it names, and their octets.
    pub objects: usize,
    /// Octets of those.
    pub octets: i64,
    /// Containers that were not in the folder yet.
    pub copied: usize,
    /// Older backups that were taken away.
    pub pruned: usize,
}

/// A backup that was read back.
#[derive(Debug, Clone)]
pub struct BackupRead {
    /// Its name in the folder.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// Containers.
    pub objects: usize,
    /// What the journal took away again, where one was given.
    pub replayed: Option<Replayed>,
    /// Deliveries that are closed until they are released, where none was.
    pub held: u64,
}

/// What a backup says of itself.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    kind: String,
    made_at: String,
    schema: i64,
    root_key: String,
    /// Every root key that something may be under; none where one wrote it that knew of one only.
    #[serde(default)]
    root_keys: Vec<String>,
    rows: u64,
    dump_sha256: String,
    objects: usize,
    objects_sha256: String,
    heads: Vec<(String, i64)>,
}

impl Rooms {
    /// Makes a backup in a folder, and leaves at most `keep` of them there.
    ///
    /// # Errors
    /// [`StartError`]: a folder that cannot be written, a database or object store that is away.
    pub async fn backup(&self, folder: &Path, keep: Option<usize>, now: Timestamp) -> Result<BackupMade, StartError> {
        let name = stamp(now);
        make(folder).await?;
        sweep_partial(folder).await?;
        let place = folder.join(format!("{PARTIAL}{name}"));
        make(&place).await?;
        let (dumped, sum, copied) = self.copied(folder, &place).await?;
        let list: String = dumped.objects.iter().map(|(id, size)| format!("{id} {size}\n")).collect();
        let manifest = Manifest {
            kind: KIND.to_owned(),
            made_at: now.rfc3339(),
            schema: Store::schema(),
            root_key: self.vault.key_id().to_string(),
            root_keys: self.keys_needed().await?,
            rows: dumped.rows,
            dump_sha256: sum,
            objects: dumped.objects.len(),
            objects_sha256: hex(digest::digest(&digest::SHA256, list.as_bytes()).as_ref()),
            heads: dumped.heads,
        };
        let text =
            serde_json::to_vec_pretty(&manifest).map_err(|_| StartError("the manifest cannot be written".into()))?;
        write(&place.join("objects.list"), list.as_bytes()).await?;
        write(&place.join("manifest.json"), &text).await?;
        write(&place.join("manifest.mac"), self.vault.backup_code(&text).as_bytes()).await?;
        let there = folder.join(&name);
        fs::rename(&place, &there).await.map_err(|error| said(&there, &error))?;
        sync_folder(folder).await?;
        let tx = self.store.write("note backup").await.map_err(told)?;
        let event = AuditEvent::new(now, Actor::Operator, Verb::BackedUp);
        tx.commit(event.counting(i64::try_from(dumped.rows).unwrap_or(i64::MAX))).await.map_err(told)?;
        let pruned = match keep {
            Some(keep) => prune(folder, keep).await?,
            None => 0,
        };
        let octets = dumped.objects.iter().map(|(_, size)| size).sum();
        Ok(BackupMade { name, rows: dumped.rows, objects: dumped.objects.len(), octets, copied, pruned })
    }

    /// The root keys that something may be under: one that is to come is none, until the database is to be its own.
    async fn keys_needed(&self) -> Result<Vec<String>, StartError> {
        let check = self.store.meta(CHECK).await.map_err(told)?.unwrap_or_default();
        let (next, checked) = (self.vault.next_key_id(), self.vault.checks(&check));
        let ids = self.vault.key_ids().into_iter().filter(|id| next != Some(*id) || checked == Some(*id));
        Ok(ids.map(|id| id.to_string()).collect())
    }

    /// Rows and containers that belong together: what went between the two is looked for again.
    async fn copied(&self, folder: &Path, place: &Path) -> Result<(Dumped, String, usize), StartError> {
        let mut copied = 0;
        for _ in 0..ATTEMPTS {
            let file = place.join("database.dump");
            let mut to = BufWriter::with_capacity(1024 * 1024, create(&file).await?);
            let dumped = self.store.dump(&mut to).await.map_err(told)?;
            to.into_inner().sync_all().await.map_err(|error| said(&file, &error))?;
            let mut whole = true;
            for (id, size) in &dumped.objects {
                match self.copy(folder, *id, *size).await? {
                    Copied::New => copied += 1,
                    Copied::There => {}
                    Copied::Gone => whole = false,
                }
            }
            if whole {
                let sum = sum_of(&file).await?;
                return Ok((dumped, sum, copied));
            }
        }
        Err(StartError("messages were taken away faster than they could be copied: try again".to_owned()))
    }

    async fn copy(&self, folder: &Path, id: ObjectId, size: i64) -> Result<Copied, StartError> {
        let to = folder.join(object(id));
        if fs::metadata(&to).await.is_ok_and(|file| i64::try_from(file.len()) == Ok(size)) {
            return Ok(Copied::There);
        }
        let Some(container) = self.store.object(id).await.map_err(told)? else { return Ok(Copied::Gone) };
        if i64::try_from(container.as_octets().len()) != Ok(size) {
            return Err(StartError(format!("the container {id} has not the length of its row")));
        }
        if let Some(above) = to.parent() {
            make(above).await?;
        }
        let partial = to.with_extension("partial");
        write(&partial, container.as_octets()).await?;
        fs::rename(&partial, &to).await.map_err(|error| said(&to, &error))?;
        if let Some(above) = to.parent() {
            sync_folder(above).await?;
        }
        Ok(Copied::New)
    }

    /// Reads a backup back into an installation that is empty; the newest where none is named. With a journal that was
    /// exported since, what was taken away stays away; without one, notices wait and patients' letters stay closed.
    ///
    /// # Errors
    /// [`StartError`]: an installation that holds something, a backup that is not whole, another root key's, or
    /// another version's; a journal that does not follow it. Nothing is changed then.
    pub async fn restore(
        &self,
        folder: &Path,
        name: Option<&str>,
        journal: Option<&Path>,
        now: Timestamp,
    ) -> Result<BackupRead, StartError> {
        if !self.store.is_empty().await.map_err(told)? {
            return Err(StartError("this installation is not empty: a backup is read into a new one".to_owned()));
        }
        let all = backups(folder).await?;
        let name = match name {
            Some(name) => all.get(name).cloned(),
            None => all.last().cloned(),
        };
        let name = name.ok_or_else(|| StartError(format!("{}: there is no such backup", folder.display())))?;
        let place = folder.join(&name);
        self.checked(&place).await?;
        let events = match journal {
            Some(file) => Some(journal::read(file).await?),
            None => None,
        };
        let objects = listed(&place).await?;
        for (id, size) in &objects {
            let file = folder.join(object(*id));
            let octets = fs::read(&file).await.map_err(|error| said(&file, &error))?;
            if i64::try_from(octets.len()) != Ok(*size) {
                return Err(StartError(format!("{}: is not whole", file.display())));
            }
            self.store.put_back(*id, octets).await.map_err(told)?;
        }
        let file = place.join("database.dump");
        let mut from = BufReader::with_capacity(1024 * 1024, open(&file).await?);
        let mut tx = self.store.write("restore").await.map_err(told)?;
        let rows = tx.load(&mut from).await.map_err(told)?;
        tx.void_sessions().await.map_err(told)?;
        let (replayed, held) = match &events {
            Some(events) => (Some(tx.replay(events).await.map_err(told)?), 0),
            None => (None, tx.hold_everything(now).await.map_err(told)?),
        };
        tx.keep_chain(self.store.node()).await.map_err(told)?;
        let event = AuditEvent::new(now, Actor::Operator, Verb::Restored);
        tx.commit(event.counting(i64::try_from(rows).unwrap_or(i64::MAX))).await.map_err(told)?;
        self.store.shred_soon().await;
        // What was read back may have been written under keys that were retired since.
        self.keyring.take_former().await.map_err(told)?;
        self.keyring.tell().await.map_err(told)?;
        Ok(BackupRead { name, rows, objects: objects.len(), replayed, held })
    }

    /// Opens deliveries again that a restore holds, or one of them; returns how many.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn release(&self, id: Option<crate::domain::DeliveryId>, now: Timestamp) -> Result<u64, Fault> {
        let mut tx = self.store.write("release").await?;
        let many = tx.release(id).await?;
        if many > 0 {
            let mut event = AuditEvent::new(now, Actor::Operator, Verb::Released);
            if let Some(id) = id {
                event = event.about_delivery(id);
            }
            tx.commit(event.counting(i64::try_from(many).unwrap_or(i64::MAX))).await?;
        }
        Ok(many)
    }

    /// Whether a backup is whole, of this version, and of this root key.
    async fn checked(&self, place: &Path) -> Result<Manifest, StartError> {
        let refused = |what: &str| StartError(format!("{}: {what}", place.display()));
        let file = place.join("manifest.json");
        let text = fs::read(&file).await.map_err(|error| said(&file, &error))?;
        let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| refused("this is no backup of pli"))?;
        if manifest.kind != KIND {
            return Err(refused("this is no backup of pli"));
        }
        let here: Vec<String> = self.vault.key_ids().iter().map(ToString::to_string).collect();
        let needed = std::iter::once(&manifest.root_key).chain(&manifest.root_keys);
        if needed.into_iter().any(|id| !here.contains(id)) {
            return Err(refused("it was made with another root key: put that one in place first"));
        }
        let file = place.join("manifest.mac");
        let code = fs::read_to_string(&file).await.map_err(|error| said(&file, &error))?;
        if !self.vault.backup_code_matches(&text, code.trim()) {
            return Err(refused("its manifest was changed"));
        }
        if manifest.schema != Store::schema() {
            return Err(refused("it was made by another version of pli: restore it with that one, then upgrade"));
        }
        let list = fs::read(place.join("objects.list")).await.unwrap_or_default();
        if hex(digest::digest(&digest::SHA256, &list).as_ref()) != manifest.objects_sha256
            || sum_of(&place.join("database.dump")).await? != manifest.dump_sha256
        {
            return Err(refused("it is not whole, or was changed"));
        }
        Ok(manifest)
    }
}

enum Copied {
    New,
    There,
    Gone,
}

/// The complete backups of a folder, oldest first.
async fn backups(folder: &Path) -> Result<BTreeSet<String>, StartError> {
    let mut names = BTreeSet::new();
    let mut entries = fs::read_dir(folder).await.map_err(|error| said(folder, &error))?;
    while let Some(entry) = entries.next_entry().await.map_err(|error| said(folder, &error))? {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.len() == 19 && name.ends_with('Z') && fs::metadata(entry.path().join("manifest.mac")).await.is_ok() {
            names.insert(name);
        }
    }
    Ok(names)
}

/// Takes away all but the newest backups, and the containers that none names any more.
async fn prune(folder: &Path, keep: usize) -> Result<usize, StartError> {
    let all = backups(folder).await?;
    let old: Vec<&String> = all.iter().take(all.len().saturating_sub(keep.max(1))).collect();
    for name in &old {
        let place = folder.join(name);
        // Without its authentication first: what an interruption leaves is no backup.
        fs::remove_file(place.join("manifest.mac")).await.map_err(|error| said(&place, &error))?;
        fs::remove_dir_all(&place).await.map_err(|error| said(&place, &error))?;
    }
    let mut named = BTreeSet::new();
    for name in backups(folder).await? {
        named.extend(listed(&folder.join(name)).await?.into_iter().map(|(id, _)| object(id)));
    }
    let mut folders = vec![folder.join(OBJECTS)];
    while let Some(place) = folders.pop() {
        let Ok(mut entries) = fs::read_dir(&place).await else { continue };
        while let Some(entry) = entries.next_entry().await.map_err(|error| said(&place, &error))? {
            let path = entry.path();
            if entry.file_type().await.is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if path.strip_prefix(folder).is_ok_and(|path| !named.contains(path)) {
                fs::remove_file(&path).await.map_err(|error| said(&path, &error))?;
            }
        }
    }
    Ok(old.len())
}

/// What an interrupted backup left.
async fn sweep_partial(folder: &Path) -> Result<(), StartError> {
    let mut entries = fs::read_dir(folder).await.map_err(|error| said(folder, &error))?;
    while let Some(entry) = entries.next_entry().await.map_err(|error| said(folder, &error))? {
        if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
            fs::remove_dir_all(entry.path()).await.map_err(|error| said(&entry.path(), &error))?;
        }
    }
    Ok(())
}

async fn listed(place: &Path) -> Result<Vec<(ObjectId, i64)>, StartError> {
    let file = place.join("objects.list");
    let text = fs::read_to_string(&file).await.map_err(|error| said(&file, &error))?;
    let read = |line: &str| {
        let (id, size) = line.split_once(' ')?;
        Some((id.parse().ok()?, size.parse().ok()?))
    };
    let read: Option<Vec<_>> = text.lines().map(read).collect();
    read.ok_or_else(|| StartError(format!("{}: is not whole", file.display())))
}

fn object(id: ObjectId) -> PathBuf {
    let id = id.to_string();
    let (first, second) = (id.get(..2).unwrap_or_default(), id.get(2..4).unwrap_or_default());
    [OBJECTS, first, second, id.as_str()].iter().collect()
}

/// SHA-256 of a file, in hexadecimal.
async fn sum_of(file: &Path) -> Result<String, StartError> {
    let mut from = open(file).await?;
    let mut context = digest::Context::new(&digest::SHA256);
    let mut octets = vec![0; 256 * 1024];
    loop {
        let read = from.read(&mut octets).await.map_err(|error| said(file, &error))?;
        match octets.get(..read) {
            Some([]) | None => return Ok(hex(context.finish().as_ref())),
            Some(octets) => context.update(octets),
        }
    }
}

/// `20261128T001203123Z`: names follow the order of instants.
fn stamp(at: Timestamp) -> String {
    let seconds: String = at.rfc3339().chars().filter(|c| !matches!(c, '-' | ':')).take(15).collect();
    format!("{seconds}{:03}Z", at.0.rem_euclid(1000))
}

async fn make(folder: &Path) -> Result<(), StartError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).await;
    made.map_err(|error| said(folder, &error))
}

async fn create(file: &Path) -> Result<fs::File, StartError> {
    let opened = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file).await;
    opened.map_err(|error| said(file, &error))
}

async fn open(file: &Path) -> Result<fs::File, StartError> {
    fs::File::open(file).await.map_err(|error| said(file, &error))
}

async fn write(file: &Path, octets: &[u8]) -> Result<(), StartError> {
    let mut to = create(file).await?;
    to.write_all(octets).await.map_err(|error| said(file, &error))?;
    to.sync_all().await.map_err(|error| said(file, &error))
}

/// A name is durable when its folder is.
async fn sync_folder(folder: &Path) -> Result<(), StartError> {
    open(folder).await?.sync_all().await.map_err(|error| said(folder, &error))
}

pub(super) fn said(path: &Path, error: &std::io::Error) -> StartError {
    let kind = match error.kind() {
        ErrorKind::Other => "the system refused".to_owned(),
        kind => kind.to_string(),
    };
    StartError(format!("{}: {kind}", path.display()))
}

pub(super) fn told(fault: Fault) -> StartError {
    StartError(fault.to_string())
}

fn hex(octets: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(octets)
}

const KIND: &str = "pli backup 1";
const PARTIAL: &str = ".partial-";
const OBJECTS: &str = "objects";
/// How often rows are read anew when a container went meanwhile.
const ATTEMPTS: usize = 10;
