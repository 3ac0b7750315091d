//! SELECT and EXAMINE (RFC 3501 §6.3.1, §6.3.2).

use crate::domain::{Fault, SystemFlags};
use crate::imap::out::Out;
use crate::imap::verbs::Mailbox;
use crate::imap::view::{Conversation, SYSTEM, Selected};

use super::{Reply, refused};

pub(super) async fn select<M: Mailbox>(
    talk: &mut Conversation<M>,
    name: &str,
    read_only: bool,
    out: &mut Out,
) -> Result<Reply, Fault> {
    // RFC 3501 §6.3.1: whatever comes of it, the folder that was selected is no longer.
    talk.selected = None;
    talk.mark();
    let info = match talk.mailbox.folder(name).await {
        Ok(info) => info,
        Err(error) => return refused(error),
    };
    let entries = talk.mailbox.entries(info.id).await?;
    let largest = entries.last().map_or(0, |entry| entry.uid);
    let keywords = entries.iter().flat_map(|entry| entry.flags.keywords.iter().cloned()).collect();
    let selected = Selected { folder: info.id, read_only, entries, keywords, largest, stale: false };

    out.untagged(selected.flags_line());
    out.untagged(format!("{} EXISTS", selected.entries.len()));
    out.untagged("0 RECENT");
    let unseen = selected.entries.iter().position(|entry| !entry.flags.system.has(SystemFlags::SEEN));
    if let Some(at) = unseen {
        let number = at.saturating_add(1);
        out.untagged(format!("OK [UNSEEN {number}] Message {number} is the first unseen"));
    }
    let permanent = if read_only { String::new() } else { format!("{SYSTEM}{} \\*", selected.words()) };
    out.untagged(format!("OK [PERMANENTFLAGS ({permanent})] Flags that are kept"));
    out.untagged(format!("OK [UIDVALIDITY {}] UIDs are valid", info.uid_validity));
    let next = info.uid_next.max(largest.saturating_add(1));
    out.untagged(format!("OK [UIDNEXT {next}] Next UID"));
    talk.selected = Some(selected);
    Ok(if read_only { Reply::ok("[READ-ONLY] EXAMINE completed") } else { Reply::ok("[READ-WRITE] SELECT completed") })
}
