//! The head of a delivery, as the message that its reader is shown: without the wrapping of Outlook (`winmail.dat`) or of a
//! signature in one piece ([`crate::mime::unwrap`]). What was sealed stays as it was sent, and mail clients get that.
//!
//! Whoever opens a wrapping holds all of it in memory, several times, so that it takes its place in a budget until it is
//! read. What is too large for it, and what would become a message of no safe shape, stays the file that it was.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use crate::domain::{Fault, RawMessage};
use crate::mime::Wrapped;
use crate::mime::unwrap::{Given, Opened, plain};
use crate::vault::{Encoding, Grant, OpenHead, PartRef, split};

use super::Mailboxes;
use super::read::ReadError;

/// An opened head, and the memory that it takes where it was wrapped.
pub(super) struct Head {
    open: OpenHead,
    _room: Option<OwnedSemaphorePermit>,
}

impl Deref for Head {
    type Target = OpenHead;

    fn deref(&self) -> &OpenHead {
        &self.open
    }
}

impl Head {
    /// The head alone, of which little is kept.
    pub(super) fn into_open(self) -> OpenHead {
        self.open
    }
}

/// KiB of wrapped messages that are open at once, in all. Nobody who holds some of it waits for anybody's connection.
#[derive(Clone)]
pub(super) struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET as usize)))
    }
}

impl Room {
    async fn take(&self, octets: u64) -> Result<OwnedSemaphorePermit, Fault> {
        let kib = u32::try_from(octets.div_ceil(1024)).unwrap_or(u32::MAX).clamp(1, BUDGET);
        let taken = tokio::time::timeout(PATIENCE, self.0.clone().acquire_many_owned(kib)).await;
        let taken = taken.map_err(|_| Fault::new("no memory for what is wrapped in a message"))?;
        taken.map_err(|_| Fault::new("nothing is unwrapped any more"))
    }
}

impl Mailboxes {
    /// The head of a grant's letter, unwrapped.
    pub(super) async fn head(&self, grant: &Grant) -> Result<Head, ReadError> {
        let container = self.store.container(grant.head()).await?.ok_or(ReadError::Gone)?;
        let head = self.vault.open(grant, grant.head(), &container)?;
        drop(container);
        let (mut size, mut found) = (0, Vec::new());
        for wrapped in Wrapped::find(&head.octets) {
            let cut = cut_at(&wrapped, &head.parts).cloned();
            let more = cut.as_ref().map_or(wrapped.body().len() as u64, |cut| cut.length);
            if more <= LARGEST.saturating_sub(size) {
                size += more;
                found.push((wrapped, cut));
            }
        }
        if found.is_empty() {
            return Ok(Head { open: head, _room: None });
        }
        let room = self.unwrapping.take((size + head.octets.len() as u64).saturating_mul(COPIES)).await?;
        let mut given = Vec::with_capacity(found.len());
        for (wrapped, cut) in found {
            given.push(match cut {
                None => (wrapped, Given::Here),
                Some(cut) => {
                    let octets = self.part(grant, &head, &cut).await?;
                    let written = cut.encoding == Encoding::AsIs;
                    (wrapped, if written { Given::Written(octets) } else { Given::Decoded(octets) })
                }
            });
        }
        // The memory is given back when the work is done, also where nobody waits for it any more.
        let work = move || Head { open: opened(head, given), _room: Some(room) };
        spawn_blocking(work).await.map_err(|_| ReadError::Fault(Fault::new("a message could not be unwrapped")))
    }
}

/// The head with what was found in it opened, and its parts where they are then; as it was where nothing can be.
fn opened(mut head: OpenHead, given: Vec<(Wrapped, Given)>) -> OpenHead {
    let apart: Vec<usize> = head.parts.iter().filter_map(|part| usize::try_from(part.at).ok()).collect();
    let opened = Opened::read(&head.octets, given, &apart).map(|opened| opened.whole(&apart));
    let Some(opened) = opened.filter(|opened| RawMessage::is_sound(&opened.octets)) else { return head };
    let moved = |part: PartRef| {
        let at = opened.place(usize::try_from(part.at).ok()?)?;
        Some(PartRef { at: at as u64, ..part })
    };
    head.parts = std::mem::take(&mut head.parts).into_iter().filter_map(moved).collect();
    head.octets = opened.octets;
    head
}

/// The part that was cut out of the head where this one's body begins.
fn cut_at<'h>(wrapped: &Wrapped, cuts: &'h [PartRef]) -> Option<&'h PartRef> {
    let body = wrapped.body();
    cuts.iter().find(|cut| body.len() <= split::EMPTY && cut.at == body.start as u64)
}

/// A whole message without its wrapping; `None` where it has none that can be opened. Whoever asks has the memory.
pub(super) fn unwrapped(octets: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if octets.len() as u64 > LARGEST / 2 * 3 {
        return None;
    }
    plain(octets).filter(|plain| RawMessage::is_sound(plain))
}

/// Octets of what is opened of one message: more than a message of the usual limit (25 MiB) can hold, and as many as
/// have room when nothing else is open.
const LARGEST: u64 = 32 << 20;
/// What is wrapped, what it is wrapped in, and the message that comes of it, with what a reader makes of that.
const COPIES: u64 = 4;
/// How long one may wait for memory.
const PATIENCE: Duration = Duration::from_secs(30);
/// KiB for all.
const BUDGET: u32 = 128 * 1024;

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn wrapped_messages_wait_for_memory_and_give_it_back() {
        let room = Room::default();
        let half = room.take(u64::from(BUDGET) * 512).await.expect("room");
        let all = room.take(LARGEST * COPIES);
        let mut all = std::pin::pin!(all);
        assert!(all.as_mut().now_or_never().is_none(), "the largest takes all of it");
        drop(half);
        drop(all.await.expect("room"));
        assert!(room.take(u64::MAX).now_or_never().is_some(), "larger than the budget: all of it");
    }
}
