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
    let before = talk.mailbox.snapshot(selected.folder).await?;
    let gone = talk.mailbox.expunge(selected.folder, None).await?;
    if gone.is_empty() || !talk.enabled.condstore {
        return Ok(Reply::ok("CLOSE completed"));
    }
    // RFC 7162 §3.2.8: so that a client need not ask again for what it knows went. What others did meanwhile it was not
    // told of: then it is where it was told to be, and asks from there.
    let now = talk.mailbox.snapshot(selected.folder).await?;
    let alone =
        before.highest_modseq <= selected.modseq && now.highest_modseq == before.highest_modseq.saturating_add(1);
    let modseq = if alone { now.highest_modseq } else { selected.modseq };
    Ok(Reply::ok(format!("[HIGHESTMODSEQ {modseq}] CLOSE completed")))
}

/// Deselects.
pub(super) fn unselect<M: Mailbox>(talk: &mut Conversation<M>) -> Reply {
    talk.selected = None;
    Reply::ok("UNSELECT completed")
}
