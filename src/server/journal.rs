//! The journal outside of the database: a file of one event a line, in the order in which each node wrote them.
//!
//! It shows what the database alone cannot: a chain that was cut back together with its head (R-S20), and what was taken
//! away since a backup. Events hold ids only; the file may lie anywhere but on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::fs;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use tokio::sync::watch;

use crate::domain::Timestamp;
use crate::store::Store;
use crate::store::tombstones::ExportedEvent;

use super::StartError;
use super::backup::{said, told};

/// An event as a line of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    node: String,
    seq: i64,
    at: i64,
    line: String,
    mac: String,
}

/// A file that the journal is appended to.
pub struct JournalFile {
    path: PathBuf,
    /// The last event of each node that is in it.
    heads: BTreeMap<String, i64>,
}

impl JournalFile {
    /// Opens a file, or makes it; reads how far it goes. A last line that is not whole is taken away.
    ///
    /// # Errors
    /// [`StartError`] for a file that cannot be read or written, or that holds something else.
    pub async fn open(path: &Path) -> Result<Self, StartError> {
        let mut options = fs::OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path).await;
        let file = file.as_mut().map_err(|error| said(path, error))?;
        let text = fs::read(path).await.map_err(|error| said(path, &error))?;
        let whole = text.iter().rposition(|octet| *octet == b'\n').map_or(0, |at| at + 1);
        if whole < text.len() {
            let length = u64::try_from(whole).unwrap_or_default();
            file.set_len(length).await.map_err(|error| said(path, &error))?;
        }
        let mut heads = BTreeMap::new();
        for event in parsed(path, text.get(..whole).unwrap_or_default())? {
            let head = heads.entry(event.node).or_insert(0);
            *head = event.seq.max(*head);
        }
        Ok(Self { path: path.to_owned(), heads })
    }

    /// Appends what is new; durable when it returns. Returns how many events.
    ///
    /// # Errors
    /// [`StartError`] of the database or the file; what was not appended is the next time.
    pub async fn append(&mut self, store: &Store) -> Result<u64, StartError> {
        let mut many = 0;
        for (node, last) in store.chains().await.map_err(told)? {
            loop {
                let head = self.heads.get(&node).copied().unwrap_or(0);
                if head >= last {
                    break;
                }
                let events = store.events_after(&node, head, PAGE).await.map_err(told)?;
                let Some(newest) = events.last().map(|event| event.seq) else { break };
                many += u64::try_from(events.len()).unwrap_or_default();
                self.write(&events).await?;
                self.heads.insert(node.clone(), newest);
            }
        }
        Ok(many)
    }

    async fn write(&self, events: &[ExportedEvent]) -> Result<(), StartError> {
        let mut text = String::new();
        for event in events {
            let line = Line {
                node: event.node.clone(),
                seq: event.seq,
                at: event.at.0,
                line: event.line.clone(),
                mac: data_encoding::HEXLOWER.encode(&event.link),
            };
            text.push_str(&serde_json::to_string(&line).map_err(|_| StartError("an event cannot be written".into()))?);
            text.push('\n');
        }
        let opened = fs::OpenOptions::new().write(true).open(&self.path).await;
        let mut file = opened.map_err(|error| said(&self.path, &error))?;
        file.seek(std::io::SeekFrom::End(0)).await.map_err(|error| said(&self.path, &error))?;
        file.write_all(text.as_bytes()).await.map_err(|error| said(&self.path, &error))?;
        file.sync_all().await.map_err(|error| said(&self.path, &error))
    }
}

/// Appends what is new every minute, and a last time at the end.
pub(super) async fn keep(path: PathBuf, store: Store, mut stop: watch::Receiver<bool>) {
    let mut file = None;
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let stopped = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => true,
            _ = ticks.tick() => false,
        };
        if let Err(StartError(what)) = append(&path, &mut file, &store).await {
            tracing::warn!(what, "the journal could not be exported; it is tried again");
            // Read anew: nobody knows how far it came.
            file = None;
        }
        if stopped {
            return;
        }
    }
}

async fn append(path: &Path, file: &mut Option<JournalFile>, store: &Store) -> Result<(), StartError> {
    let open = match file {
        Some(open) => open,
        None => file.insert(JournalFile::open(path).await?),
    };
    open.append(store).await.map(|_| ())
}

/// The events of a file.
pub(super) async fn read(path: &Path) -> Result<Vec<ExportedEvent>, StartError> {
    let text = fs::read(path).await.map_err(|error| said(path, &error))?;
    // A line that was being written when the machine went is none.
    let whole = text.iter().rposition(|octet| *octet == b'\n').map_or(0, |at| at + 1);
    parsed(path, text.get(..whole).unwrap_or_default())
}

fn parsed(path: &Path, text: &[u8]) -> Result<Vec<ExportedEvent>, StartError> {
    let not_ours = |number: usize| StartError(format!("{}: line {number} is no event of a journal", path.display()));
    let lines = text.split(|octet| *octet == b'\n').filter(|line| !line.is_empty()).enumerate();
    lines
        .map(|(at, line)| {
            let line: Line = serde_json::from_slice(line).map_err(|_| not_ours(at + 1))?;
            let link = data_encoding::HEXLOWER.decode(line.mac.as_bytes()).map_err(|_| not_ours(at + 1))?;
            Ok(ExportedEvent { node: line.node, seq: line.seq, at: Timestamp(line.at), line: line.line, link })
        })
        .collect()
}

/// How often it is exported.
const EVERY: Duration = Duration::from_secs(60);
/// Events read at once.
const PAGE: i64 = 1000;
