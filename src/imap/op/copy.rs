//! COPY (RFC 3501 §6.4.7) and MOVE (RFC 6851), with COPYUID (RFC 4315 §3).

use crate::domain::Fault;
use crate::imap::grammar::command::By;
use crate::imap::grammar::sequence::{self, SequenceSet};
use crate::imap::out::Out;
use crate::imap::verbs::Mailbox;
use crate::imap::view::Conversation;
use crate::mailbox::{FolderError, Placed};

use super::{Reply, refused};

pub(super) async fn copy<M: Mailbox>(
    talk: &mut Conversation<M>,
    by: By,
    set: &SequenceSet,
    to: &str,
) -> Result<Reply, Fault> {
    let Some(selected) = &mut talk.selected else { return Ok(Reply::no("No mailbox is selected")) };
    let Ok(places) = selected.places(by, set) else { return Ok(Reply::out_of_range()) };
    let uids = selected.uids(&places);
    if uids.is_empty() {
        return Ok(Reply::ok("COPY completed: no messages"));
    }
    let copied = talk.mailbox.copy(selected.folder, &uids, to).await;
    selected.stale = true;
    match copied {
        Ok(placed) => Ok(Reply::ok(format!("{}COPY completed", code(placed).map_or(String::new(), |code| code + " ")))),
        Err(error) => wrong(error),
    }
}

pub(super) async fn relocate<M: Mailbox>(
    talk: &mut Conversation<M>,
    by: By,
    set: &SequenceSet,
    to: &str,
    out: &mut Out,
) -> Result<Reply, Fault> {
    let Some(selected) = &mut talk.selected else { return Ok(Reply::no("No mailbox is selected")) };
    let Ok(places) = selected.places(by, set) else { return Ok(Reply::out_of_range()) };
    if selected.read_only {
        return Ok(Reply::no("[CANNOT] The mailbox is open for reading only"));
    }
    let uids = selected.uids(&places);
    if uids.is_empty() {
        return Ok(Reply::ok("MOVE completed: no messages"));
    }
    let moved = talk.mailbox.relocate(selected.folder, &uids, to).await;
    selected.stale = true;
    match moved {
        Ok(placed) => {
            // RFC 6851 §4.3: before the EXPUNGEs, which the comparison that follows tells.
            if let Some(code) = code(placed) {
                out.untagged(format!("OK {code} Moved"));
            }
            Ok(Reply::ok("MOVE completed"))
        }
        Err(error) => wrong(error),
    }
}

/// COPYUID; none when nothing was left to copy (RFC 4315 §3).
fn code((validity, mut pairs): Placed) -> Option<String> {
    if pairs.is_empty() {
        return None;
    }
    pairs.sort_unstable();
    let from = sequence::write(pairs.iter().map(|(from, _)| *from));
    let to = sequence::write(pairs.iter().map(|(_, to)| *to));
    Some(format!("[COPYUID {validity} {from} {to}]"))
}

fn wrong(error: FolderError) -> Result<Reply, Fault> {
    match error {
        // RFC 3501 §6.4.7.
        FolderError::NoSuchFolder => Ok(Reply::no("[TRYCREATE] No such mailbox")),
        error => refused(error),
    }
}
