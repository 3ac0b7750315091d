//! Summaries of messages, for what lists and searches need: opened in batches, made again where they are missing.
//!
//! A summary is only believed under a deposit key whose row has authority, and as the one of the head that an
//! entry with authority shows. Everything else is as if it were missing: then the message itself is opened.

use std::collections::HashMap;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::domain::{DepositKeyId, EntryId, Fault, FolderId, ObjectId, Sealed, Verb};
use crate::mime::{Described, Summary, Words};
use crate::store::summaries::{NewSummary, SummaryRow, TOGETHER};
use crate::vault::{SessionKey, SummaryKey, SummaryOf};

use super::reader::Reader;

/// What was asked of a message.
pub enum Found<T> {
    /// Here it is.
    There(T),
    /// It was expunged meanwhile.
    Gone,
    /// It does not open; that is logged.
    Unreadable,
}

impl Reader {
    /// The summaries of messages, one for each id, in order; of large ones perhaps fewer, one at least.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn summaries(&self, _folder: FolderId, ids: &[EntryId]) -> Result<Vec<Found<Arc<Summary>>>, Fault> {
        let mut all = Vec::with_capacity(ids.len());
        let (mut made, mut held) = (Vec::new(), 0);
        'all: for ids in ids.chunks(TOGETHER) {
            let mut rows = self.by_id(self.room.store.summaries(self.inner.sender.mailbox, ids).await?);
            for id in ids {
                let Some(row) = rows.remove(id) else {
                    all.push(Found::Gone);
                    continue;
                };
                let summary = match &row.sealed {
                    Some((key, sealed)) => self.opened_summary(&row, *key, sealed).await?.map(|(_, octets)| octets),
                    None => None,
                };
                if let Some(summary) = summary.and_then(Summary::from_octets) {
                    all.push(Found::There(Arc::new(summary)));
                    continue;
                }
                all.push(match self.octets(*id).await? {
                    Found::There(octets) => {
                        let summary = described(octets, Summary::of).await?;
                        held += summary.octets().len();
                        if summary.is_small() {
                            made.push((*id, row.shows.head));
                        }
                        Found::There(Arc::new(summary))
                    }
                    Found::Gone => Found::Gone,
                    Found::Unreadable => Found::Unreadable,
                });
                if held > MOST_HELD {
                    break 'all;
                }
            }
        }
        if !made.is_empty() {
            self.keep_summaries(&made).await?;
        }
        Ok(all)
    }

    /// The words of messages, one for each id, in order; of large ones perhaps fewer, one at least.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn words(&self, _folder: FolderId, ids: &[EntryId]) -> Result<Vec<Found<Arc<Words>>>, Fault> {
        let (mut all, mut held) = (Vec::with_capacity(ids.len()), 0);
        'all: for ids in ids.chunks(TOGETHER) {
            let mut rows = self.by_id(self.room.store.words(self.inner.sender.mailbox, ids).await?);
            for id in ids {
                let Some(row) = rows.remove(id) else {
                    all.push(Found::Gone);
                    continue;
                };
                let words = match &row.sealed {
                    Some((key, sealed)) => self.opened_words(&row, *key, sealed).await?,
                    None => None,
                };
                if let Some(words) = words.and_then(|octets| Words::from_octets(&octets)) {
                    all.push(Found::There(Arc::new(words)));
                    continue;
                }
                all.push(match self.octets(*id).await? {
                    Found::There(octets) => {
                        held += octets.len();
                        Found::There(Arc::new(described(octets, Words::of).await?))
                    }
                    Found::Gone => Found::Gone,
                    Found::Unreadable => Found::Unreadable,
                });
                if held > MOST_HELD {
                    break 'all;
                }
            }
        }
        Ok(all)
    }

    /// A summary's session key and octets; `None` where it is not to be believed.
    pub(super) async fn opened_summary(
        &self,
        row: &SummaryRow,
        key: Option<DepositKeyId>,
        sealed: &Sealed,
    ) -> Result<Option<(SessionKey, Zeroizing<Vec<u8>>)>, Fault> {
        self.with_key(row, key, |key, of| key.open(of, sealed)).await
    }

    async fn opened_words(
        &self,
        row: &SummaryRow,
        key: Option<DepositKeyId>,
        sealed: &Sealed,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
        self.with_key(row, key, |key, of| key.open_words(of, sealed)).await
    }

    async fn with_key<T>(
        &self,
        row: &SummaryRow,
        key: Option<DepositKeyId>,
        open: impl Fn(&SummaryKey, SummaryOf) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let shows = row.shows;
        if !self.room.vault.holds(&shows, &row.mac) {
            tracing::error!(entry = %shows.entry, "a row without authority was not used: the database was changed by somebody else");
            return Ok(None);
        }
        let of = SummaryOf { mailbox: shows.mailbox, message: shows.message, head: shows.head };
        let opened = match key {
            None => self.inner.keys.with_own(|key| open(key, of)),
            Some(id) => match self.deposit_key(id).await? {
                Some(key) => open(&key, of),
                None => return Ok(None),
            },
        };
        if let Err(fault) = &opened {
            tracing::error!(entry = %shows.entry, %fault, "a summary that does not open is not used");
        }
        Ok(opened.ok())
    }

    /// A deposit key, opened once for all sessions; `None` for one without authority.
    pub(super) async fn deposit_key(&self, id: DepositKeyId) -> Result<Option<Arc<SummaryKey>>, Fault> {
        if let Some(key) = self.inner.shared.key(id) {
            return Ok(Some(key));
        }
        let Some(row) = self.room.store.deposit_key(self.inner.sender.mailbox, id).await? else { return Ok(None) };
        if !self.room.vault.holds(&row, &row.mac) {
            tracing::error!(key = %id, "a row without authority was not used: the database was changed by somebody else");
            return Ok(None);
        }
        match self.room.vault.open_deposit_key(&self.inner.keys, &row.esk) {
            Ok(key) => Ok(Some(self.inner.shared.keep_key(id, key))),
            Err(fault) => match self.unless_renewed(fault).await {
                fault if fault.is_transient() => Err(fault),
                fault => {
                    tracing::error!(key = %id, %fault, "a deposit key does not open");
                    Ok(None)
                }
            },
        }
    }

    fn by_id(&self, rows: Vec<SummaryRow>) -> HashMap<EntryId, SummaryRow> {
        rows.into_iter().map(|row| (row.shows.entry, row)).collect()
    }

    /// A message's octets, where it opens.
    async fn octets(&self, id: EntryId) -> Result<Found<Arc<Zeroizing<Vec<u8>>>>, Fault> {
        match self.message(id).await {
            Ok(Some(octets)) => Ok(Found::There(octets)),
            Ok(None) => Ok(Found::Gone),
            Err(fault) if fault.is_transient() => Err(fault),
            // One message that does not open takes no other away (fault 17).
            Err(fault) => {
                tracing::error!(entry = %id, %fault, "a message that does not open is passed over");
                Ok(Found::Unreadable)
            }
        }
    }

    /// Keeps summaries that had to be made, under the mailbox's own key.
    async fn keep_summaries(&self, made: &[(EntryId, ObjectId)]) -> Result<(), Fault> {
        let mut kept = Vec::with_capacity(made.len());
        for (id, head) in made {
            let Some(row) = self.room.store.entry(self.inner.sender.mailbox, *id).await? else { continue };
            let Found::There(octets) = self.octets(*id).await? else { continue };
            // One row that is not what it should be takes no other away (fault 17).
            let Ok(key) = self.check(&row).and_then(|()| self.room.vault.open_esk(&row.esk, &self.inner.keys)) else {
                tracing::error!(entry = %id, "a message that does not open gets no summary");
                continue;
            };
            let described = described(octets, Described::of).await?;
            let of = SummaryOf { mailbox: row.mailbox, message: row.message, head: row.head };
            if let Some(new) = self.sealed_summary(of, &key, &described)? {
                kept.push((*head, new));
            }
        }
        let now = self.room.clock.now();
        let mut tx = self.room.store.write("keep summaries").await?;
        for (head, new) in &kept {
            tx.keep_summary(self.inner.sender.mailbox, *head, new).await?;
        }
        tx.commit(self.event(Verb::SummariesMade, now, kept.len())).await
    }

    /// Seals what is kept of a message under the mailbox's own key.
    pub(super) fn sealed_summary(
        &self,
        of: SummaryOf,
        key: &SessionKey,
        described: &Described,
    ) -> Result<Option<NewSummary>, Fault> {
        let Some(summary) = &described.summary else { return Ok(None) };
        let words = described.words.as_ref().map(|words| words.as_slice());
        let own = self.inner.keys.summary_key();
        let sealed = own.seal(of, key, summary.octets(), words, self.room.random.as_ref())?;
        Ok(Some(NewSummary { key: None, summary: sealed.summary, words: sealed.words }))
    }
}

/// Takes a message apart; a large one beside the connections.
async fn described<T: Send + 'static>(
    octets: Arc<Zeroizing<Vec<u8>>>,
    work: impl FnOnce(&[u8]) -> T + Send + 'static,
) -> Result<T, Fault> {
    if octets.len() <= INLINE_WORK {
        return Ok(work(&octets));
    }
    let job = move || work(&octets);
    tokio::task::spawn_blocking(job).await.map_err(|_| Fault::new("taking a message apart ended early"))
}

/// Octets of what is not kept sealed, held for one answer.
const MOST_HELD: usize = 8 * 1024 * 1024;
/// Messages up to this size are taken apart on the connection's own thread (octets).
const INLINE_WORK: usize = 256 * 1024;
