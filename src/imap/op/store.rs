//! STORE (RFC 3501 §6.4.6), perhaps only of what did not change (RFC 7162 §3.1.3), in slices: nobody waits for a
//! storm of flags.

use std::collections::BTreeSet;

use crate::domain::{Fault, FlagChange, Flags};
use crate::imap::grammar::command::By;
use crate::imap::grammar::sequence::{self, SequenceSet};
use crate::imap::out::Out;
use crate::imap::verbs::Mailbox;
use crate::imap::view::Conversation;

use super::{Reply, refused};

/// What is to be done.
pub(super) struct Change {
    pub(super) change: FlagChange,
    pub(super) silent: bool,
    pub(super) flags: Flags,
    pub(super) unchanged_since: Option<u64>,
}

pub(super) async fn store<M: Mailbox>(
    talk: &mut Conversation<M>,
    (by, set): (By, &SequenceSet),
    wanted: Change,
    out: &mut Out,
) -> Result<Reply, Fault> {
    let Change { change, silent, flags, unchanged_since } = wanted;
    if unchanged_since.is_some() {
        talk.asks_modseq(out);
    }
    let condstore = talk.enabled.condstore;
    let Some(selected) = &mut talk.selected else { return Ok(Reply::no("No mailbox is selected")) };
    let Ok(places) = selected.places(by, set) else { return Ok(Reply::out_of_range()) };
    if selected.read_only {
        return Ok(Reply::no("[CANNOT] The mailbox is open for reading only").held(by));
    }
    if change != FlagChange::Remove && selected.too_many(&flags.keywords) {
        return Ok(Reply::no("[LIMIT] The mailbox has its keywords").held(by));
    }
    let mut modified = Vec::new();
    for places in places.chunks(SLICE) {
        let uids = selected.uids(places);
        let done = match talk.mailbox.change_flags(selected.folder, &uids, change, &flags, unchanged_since).await {
            Ok(done) => done,
            Err(error) => {
                // Slices that were committed before stand.
                selected.stale = true;
                return Ok(refused(error)?.held(by));
            }
        };
        modified.extend(done.modified);
        let words: BTreeSet<String> =
            done.entries.iter().flat_map(|entry| entry.flags.keywords.iter().cloned()).collect();
        selected.tell_keywords(&words, out);
        for entry in done.entries {
            let Ok(at) = selected.place(entry.uid) else { continue };
            let Some(known) = selected.entries.get(at) else { continue };
            // RFC 3501 §6.4.6: what somebody else changed meanwhile is told, silent or not.
            let before = selected.known_flags(known);
            let expected = Flags::changed(before.system.0, &before.client_keywords(), change, &flags);
            let surprise = (entry.flags.system.0, entry.flags.client_keywords()) != expected;
            if !silent || surprise {
                selected.tell_entry(at, &entry, condstore, out);
            } else if condstore {
                // RFC 7162 §3.1.3: the mod-sequence is told even then.
                let number = at.saturating_add(1);
                out.untagged(format!("{number} FETCH (UID {} MODSEQ ({}))", entry.uid, entry.modseq));
            }
            selected.told.insert(entry.uid, entry.flags);
        }
    }
    if modified.is_empty() {
        return Ok(Reply::ok("STORE completed").held(by));
    }
    modified.sort_unstable();
    let number = |uid: &u32| selected.place(*uid).ok().and_then(|at| u32::try_from(at.saturating_add(1)).ok());
    let named = match by {
        By::Uid => sequence::write(modified),
        By::Number => sequence::write(modified.iter().filter_map(number)),
    };
    selected.stale = true;
    Ok(Reply::ok(format!("[MODIFIED {named}] STORE completed but for these")).held(by))
}

/// As many as one commit takes.
const SLICE: usize = 500;
