//! CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 3501 §6.3.3 to §6.3.7).

use crate::domain::Fault;
use crate::imap::verbs::Mailbox;
use crate::imap::view::Conversation;
use crate::mailbox::FolderError;

use super::{Reply, refused};

pub(super) async fn create<M: Mailbox>(talk: &Conversation<M>, name: &str) -> Result<Reply, Fault> {
    // RFC 3501 §6.3.3: a delimiter at the end says that names below it will come.
    let name = name.strip_suffix('/').unwrap_or(name);
    if let Err(error) = talk.mailbox.create(name).await {
        return refused(error);
    }
    // RFC 8474 §4.2.
    Ok(match talk.mailbox.folder(name).await {
        Ok(info) => Reply::ok(format!("[MAILBOXID (F{})] CREATE completed", info.id)),
        Err(_) => Reply::ok("CREATE completed"),
    })
}

pub(super) async fn delete<M: Mailbox>(talk: &mut Conversation<M>, name: &str) -> Result<Reply, Fault> {
    let deleted = talk.mailbox.delete(name).await;
    if let Some(selected) = &mut talk.selected {
        selected.stale = true;
    }
    reply(deleted, "DELETE")
}

pub(super) async fn rename<M: Mailbox>(talk: &mut Conversation<M>, from: &str, to: &str) -> Result<Reply, Fault> {
    let renamed = talk.mailbox.rename(from, to.strip_suffix('/').unwrap_or(to)).await;
    if let Some(selected) = &mut talk.selected {
        selected.stale = true;
    }
    reply(renamed, "RENAME")
}

pub(super) async fn subscribe<M: Mailbox>(talk: &Conversation<M>, name: &str, on: bool) -> Result<Reply, Fault> {
    reply(talk.mailbox.subscribe(name, on).await, if on { "SUBSCRIBE" } else { "UNSUBSCRIBE" })
}

fn reply(outcome: Result<(), FolderError>, command: &str) -> Result<Reply, Fault> {
    match outcome {
        Ok(()) => Ok(Reply::ok(format!("{command} completed"))),
        Err(error) => refused(error),
    }
}
