//! STATUS (RFC 3501 §6.3.10).

use crate::domain::Fault;
use crate::imap::grammar::command::StatusItem;
use crate::imap::out::{self, Out};
use crate::imap::verbs::Mailbox;
use crate::imap::view::Conversation;

use super::{Reply, refused};

pub(super) async fn status<M: Mailbox>(
    talk: &Conversation<M>,
    name: &str,
    items: &[StatusItem],
    out: &mut Out,
) -> Result<Reply, Fault> {
    let info = match talk.mailbox.folder(name).await {
        Ok(info) => info,
        Err(error) => return refused(error),
    };
    let item = |item: &StatusItem| match item {
        StatusItem::Messages => format!("MESSAGES {}", info.messages),
        StatusItem::Recent => "RECENT 0".to_owned(),
        StatusItem::UidNext => format!("UIDNEXT {}", info.uid_next),
        StatusItem::UidValidity => format!("UIDVALIDITY {}", info.uid_validity),
        StatusItem::Unseen => format!("UNSEEN {}", info.unseen),
    };
    let items: Vec<String> = items.iter().map(item).collect();
    out.untagged(format!("STATUS {} ({})", out::mailbox(name), items.join(" ")));
    Ok(Reply::ok("STATUS completed"))
}
