//! SORT (RFC 5256 §3): what was found, in the order of its keys. Of what is equal the lower number comes first.

use crate::domain::{EntryId, Fault};
use crate::imap::grammar::search::SortKey;
use crate::imap::verbs::Mailbox;
use crate::imap::view::Conversation;
use crate::mailbox::{EntryInfo, Found};
use crate::mime::{Summary, keys, subject};

/// Keys of messages, while they are read.
pub(super) struct Sorted {
    by: Vec<(SortKey, bool)>,
    keys: Vec<Vec<Value>>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Number(i64),
    Text(String),
}

impl Sorted {
    pub(super) fn new(by: Vec<(SortKey, bool)>) -> Self {
        Self { by, keys: Vec::new() }
    }

    /// Reads the keys of some messages; true when all are there.
    pub(super) async fn read<M: Mailbox>(
        &mut self,
        talk: &Conversation<M>,
        entries: &[EntryInfo],
        found: &[usize],
    ) -> Result<bool, Fault> {
        let left = found.get(self.keys.len()..).unwrap_or_default();
        let some: Vec<&EntryInfo> = left.iter().take(TOGETHER).filter_map(|at| entries.get(*at)).collect();
        let (false, Some(selected)) = (some.is_empty(), &talk.selected) else { return Ok(true) };
        if !self.by.iter().any(|(key, _)| !matches!(key, SortKey::Arrival | SortKey::Size)) {
            self.keys.extend(some.iter().map(|entry| self.key(entry, None)).collect::<Vec<_>>());
            return Ok(false);
        }
        let ids: Vec<EntryId> = some.iter().map(|entry| entry.id).collect();
        let summaries = talk.mailbox.summaries(selected.folder, &ids).await?;
        for (entry, summary) in some.iter().zip(summaries) {
            let key = match summary {
                Found::There(summary) => self.key(entry, Some(&summary)),
                // What does not open stands where what says nothing stands.
                Found::Gone | Found::Unreadable => self.key(entry, None),
            };
            self.keys.push(key);
        }
        Ok(false)
    }

    /// The places in order.
    pub(super) fn order(&self, found: &[usize]) -> Vec<usize> {
        let mut all: Vec<(usize, &Vec<Value>)> = found.iter().copied().zip(&self.keys).collect();
        all.sort_by(|(at, a), (other, b)| {
            let by_key = self.by.iter().zip(a.iter().zip(b.iter())).map(
                |((_, reverse), (a, b))| {
                    if *reverse { b.cmp(a) } else { a.cmp(b) }
                },
            );
            by_key.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).then(at.cmp(other))
        });
        all.into_iter().map(|(at, _)| at).collect()
    }

    fn key(&self, entry: &EntryInfo, summary: Option<&Summary>) -> Vec<Value> {
        let header = summary.map(Summary::header).unwrap_or_default();
        let value = |(key, _): &(SortKey, bool)| match key {
            SortKey::Arrival => Value::Number(entry.received_at.0),
            SortKey::Size => Value::Number(i64::try_from(entry.size).unwrap_or(i64::MAX)),
            // RFC 5256 §2.2: without a Date field that can be read, when it came.
            SortKey::Date => Value::Number(keys::sent(header).unwrap_or(entry.received_at.0 / 1000)),
            SortKey::Subject => Value::Text(subject::base(header).0),
            SortKey::From => Value::Text(keys::first_local(header, "from")),
            SortKey::To => Value::Text(keys::first_local(header, "to")),
            SortKey::Cc => Value::Text(keys::first_local(header, "cc")),
        };
        self.by.iter().map(value).collect()
    }
}

/// Summaries that are read at once.
const TOGETHER: usize = 64;
