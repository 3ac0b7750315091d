//! CLOSE (RFC 3501 §6.4.2) and UNSELECT (RFC 3691).

use crate::domain::Fault;
use crate::imap::verbs::Mailbox;
use crate::imap::view::Conversation;

use super::Reply;

/// Expunges without telling, and deselects.
pub(super) async fn close<M: Mailbox>(talk: &mut Conversation<M>) -> Result<Reply, Fault> {
    if let Some(selected) = talk.selected.take()
        && !selected.read_only
    {
        talk.mailbox.expunge(selected.folder, None).await?;
    }
    Ok(Reply::ok("CLOSE completed"))
}

/// Deselects.
pub(super) fn unselect<M: Mailbox>(talk: &mut Conversation<M>) -> Reply {
    talk.selected = None;
    Reply::ok("UNSELECT completed")
}
