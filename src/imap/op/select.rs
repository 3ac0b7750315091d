//! SELECT and EXAMINE (RFC 3501 §6.3.1, §6.3.2), and what a client missed since it was last here (RFC 7162 §3.2.5).

use std::sync::Arc;

use crate::domain::{Fault, SystemFlags};
use crate::imap::grammar::select::{Qresync, Selecting};
use crate::imap::grammar::sequence;
use crate::imap::out::Out;
use crate::imap::verbs::Mailbox;
use crate::imap::view::{Conversation, Selected};

use super::{Reply, refused};

pub(super) async fn select<M: Mailbox>(
    talk: &mut Conversation<M>,
    selecting: &Selecting,
    out: &mut Out,
) -> Result<Reply, Fault> {
    if selecting.qresync.is_some() && !talk.enabled.qresync {
        return Ok(Reply::bad("QRESYNC is to be enabled first"));
    }
    // RFC 3501 §6.3.1: whatever comes of it, the folder that was selected is no longer.
    if talk.selected.take().is_some() && (talk.enabled.qresync || talk.enabled.rev2) {
        // RFC 7162 §3.2.11: what follows is of the other folder.
        out.untagged("OK [CLOSED] The other mailbox is closed");
    }
    talk.mark();
    talk.enabled.condstore |= selecting.condstore;
    let info = match talk.mailbox.folder(&selecting.name).await {
        Ok(info) => info,
        Err(error) => return refused(error),
    };
    let now = talk.mailbox.snapshot(info.id).await?;
    let (next, modseq) = (now.uid_next, now.highest_modseq);
    let selected = Selected::new(info.id, selecting.read_only, now);

    out.untagged(selected.flags_line());
    out.untagged(format!("{} EXISTS", selected.entries.len()));
    if talk.enabled.rev2 {
        // RFC 9051 §6.3.2.
        let name = crate::imap::out::mailbox(&info.name, talk.enabled.utf8);
        out.untagged(format!("LIST ({}) \"/\" {name}", super::list::attributes(&info, false)));
    } else {
        out.untagged("0 RECENT");
        let unseen = selected.entries.iter().position(|entry| !entry.flags.system.has(SystemFlags::SEEN));
        if let Some(at) = unseen {
            let number = at.saturating_add(1);
            out.untagged(format!("OK [UNSEEN {number}] Message {number} is the first unseen"));
        }
    }
    let permanent = if selecting.read_only { String::new() } else { selected.permanent_flags() };
    out.untagged(format!("OK [PERMANENTFLAGS ({permanent})] Flags that are kept"));
    out.untagged(format!("OK [UIDVALIDITY {}] UIDs are valid", info.uid_validity));
    out.untagged(format!("OK [UIDNEXT {}] Next UID", next.max(selected.largest.saturating_add(1))));
    out.untagged(format!("OK [HIGHESTMODSEQ {modseq}] Highest"));
    out.untagged(format!("OK [MAILBOXID (F{})] Its id", info.id));
    if let Some(known) = selecting.qresync.as_ref().filter(|known| known.uid_validity == info.uid_validity) {
        missed(talk, &selected, known, out).await?;
    }
    talk.selected = Some(selected);
    Ok(if selecting.read_only {
        Reply::ok("[READ-ONLY] EXAMINE completed")
    } else {
        Reply::ok("[READ-WRITE] SELECT completed")
    })
}

/// Tells what went and what changed since the client was last here.
async fn missed<M: Mailbox>(
    talk: &Conversation<M>,
    selected: &Selected,
    known: &Qresync,
    out: &mut Out,
) -> Result<(), Fault> {
    let gone = talk.mailbox.expunged(selected.folder, known.modseq).await?;
    // RFC 7162 §3.2.5.2: up to where UIDs are as they were, nothing went that the client still has.
    let from = matching(selected, known);
    let all = vec![(1, u32::MAX)];
    let known_uids =
        known.known.as_ref().map_or(Some(all), |set| set.ranges(Some(selected.largest))).unwrap_or_default();
    let wanted = sequence::common(&known_uids, &[(from.saturating_add(1), u32::MAX)]);
    vanished(&gone, &wanted, out);
    for (at, entry) in selected.entries.iter().enumerate() {
        if entry.modseq > known.modseq && sequence::holds(&known_uids, entry.uid) {
            let (number, flags) = (at.saturating_add(1), crate::imap::out::flags(&entry.flags));
            out.untagged(format!("{number} FETCH (UID {} FLAGS {flags} MODSEQ ({}))", entry.uid, entry.modseq));
        }
    }
    Ok(())
}

/// VANISHED (EARLIER), for what the ranges have in common with those that are wanted, low to high.
pub(super) fn vanished(gone: &[(u32, u32)], wanted: &[(u32, u32)], out: &mut Out) {
    let uids = sequence::write_ranges(&sequence::common(&sequence::joined(gone.to_vec()), wanted));
    if !uids.is_empty() {
        out.untagged(format!("VANISHED (EARLIER) {uids}"));
    }
}

/// The largest UID up to which numbers and UIDs are as the client knows them; 0, where it says nothing or is wrong.
fn matching(selected: &Selected, known: &Qresync) -> u32 {
    let Some((numbers, uids)) = &known.matching else { return 0 };
    let (Some(numbers), Some(uids)) = (numbers.known(MOST_PAIRS), uids.known(MOST_PAIRS)) else { return 0 };
    let entries = Arc::clone(&selected.entries);
    let is = |(number, uid): &(&u32, &u32)| {
        let at = usize::try_from(**number).unwrap_or(usize::MAX).saturating_sub(1);
        entries.get(at).is_some_and(|entry| entry.uid == **uid)
    };
    numbers.iter().zip(&uids).take_while(is).last().map_or(0, |(_, uid)| *uid)
}

/// Pairs of a number and a UID that are compared (fault 19).
const MOST_PAIRS: usize = 10_000;
