//! STORE (RFC 3501 §6.4.6), in slices: nobody waits for a storm of flags.

use std::collections::BTreeSet;

use crate::domain::{Fault, FlagChange, Flags};
use crate::imap::grammar::command::By;
use crate::imap::grammar::sequence::SequenceSet;
use crate::imap::out::Out;
use crate::imap::verbs::Mailbox;
use crate::imap::view::Conversation;

use super::{Reply, refused};

pub(super) async fn store<M: Mailbox>(
    talk: &mut Conversation<M>,
    by: By,
    set: &SequenceSet,
    (change, silent, flags): (FlagChange, bool, Flags),
    out: &mut Out,
) -> Result<Reply, Fault> {
    let Some(selected) = &mut talk.selected else { return Ok(Reply::no("No mailbox is selected")) };
    let Ok(places) = selected.places(by, set) else { return Ok(Reply::out_of_range()) };
    if selected.read_only {
        return Ok(Reply::no("[CANNOT] The mailbox is open for reading only").held(by));
    }
    if change != FlagChange::Remove && selected.too_many(&flags.keywords) {
        return Ok(Reply::no("[LIMIT] The mailbox has its keywords").held(by));
    }
    for places in places.chunks(SLICE) {
        let uids = selected.uids(places);
        let changed = match talk.mailbox.change_flags(selected.folder, &uids, change, &flags).await {
            Ok(changed) => changed,
            Err(error) => {
                // Slices that were committed before stand.
                selected.stale = true;
                return Ok(refused(error)?.held(by));
            }
        };
        let words: BTreeSet<String> = changed.iter().flat_map(|entry| entry.flags.keywords.iter().cloned()).collect();
        selected.tell_keywords(&words, out);
        for entry in changed {
            let Ok(at) = selected.place(entry.uid) else { continue };
            let Some(known) = selected.entries.get_mut(at) else { continue };
            // RFC 3501 §6.4.6: what somebody else changed meanwhile is told, silent or not.
            let expected = Flags::changed(known.flags.system.0, &known.flags.client_keywords(), change, &flags);
            let surprise = (entry.flags.system.0, entry.flags.client_keywords()) != expected;
            known.flags = entry.flags;
            if silent && surprise {
                selected.tell_flags(at, out);
            }
        }
        if !silent {
            for at in places {
                selected.tell_flags(*at, out);
            }
        }
    }
    Ok(Reply::ok("STORE completed").held(by))
}

/// As many as one commit takes.
const SLICE: usize = 500;
