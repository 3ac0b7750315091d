//! EXPUNGE (RFC 3501 §6.4.3) and UID EXPUNGE (RFC 4315 §2.1).

use crate::domain::Fault;
use crate::imap::grammar::command::By;
use crate::imap::grammar::sequence::SequenceSet;
use crate::imap::verbs::Mailbox;
use crate::imap::view::Conversation;

use super::Reply;

pub(super) async fn expunge<M: Mailbox>(talk: &mut Conversation<M>, set: Option<&SequenceSet>) -> Result<Reply, Fault> {
    let Some(selected) = &mut talk.selected else { return Ok(Reply::no("No mailbox is selected")) };
    if selected.read_only {
        return Ok(Reply::no("[CANNOT] The mailbox is open for reading only"));
    }
    let uids = set.map(|set| selected.places(By::Uid, set).map(|places| selected.uids(&places)).unwrap_or_default());
    // Which ones went is told by the comparison that follows.
    let gone = talk.mailbox.expunge(selected.folder, uids.as_deref()).await?;
    selected.stale = true;
    let reply = Reply::ok("EXPUNGE completed");
    // RFC 7162 §3.2.9: where the folder stands then, once that is told.
    Ok(if talk.enabled.condstore && !gone.is_empty() { reply.with_modseq() } else { reply })
}
