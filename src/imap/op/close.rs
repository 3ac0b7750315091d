//! CLOSE (RFC 3501 §6.4.2) and UNSELECT (RFC 3691).

use crate::domain::Fault;
use crate::imap::verbs::Mailbox;
use crate::imap::view::Conversation;

use super::Reply;

/// Expunges without telling, and deselects.
pub(super) async fn close<M: Mailbox>(talk: &mut Conversation<M>) -> Result<Reply, Fault> {
    let Some(selected) = talk.selected.take().filter(|selected| !selected.read_only) else {
        return Ok(Reply::ok("CLOSE completed"));
    };
    let gone = talk.mailbox.expunge(selected.folder, None).await?;
    if gone.is_empty() || !talk.enabled.condstore {
        return Ok(Reply::ok("CLOSE completed"));
    }
    // RFC 7162 §3.2.8: so that a client need not ask again for what it knows went.
    let now = talk.mailbox.snapshot(selected.folder).await?;
    Ok(Reply::ok(format!("[HIGHESTMODSEQ {}] CLOSE completed", now.highest_modseq)))
}

/// Deselects.
pub(super) fn unselect<M: Mailbox>(talk: &mut Conversation<M>) -> Reply {
    talk.selected = None;
    Reply::ok("UNSELECT completed")
}
