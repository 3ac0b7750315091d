//! STATUS (RFC 3501 §6.3.10), with SIZE (RFC 8438), HIGHESTMODSEQ (RFC 7162), MAILBOXID (RFC 8474), APPENDLIMIT (RFC 7889).

use crate::domain::Fault;
use crate::imap::grammar::list::StatusItem;
use crate::imap::out::{self, Out};
use crate::imap::verbs::Mailbox;
use crate::imap::view::Conversation;
use crate::mailbox::FolderInfo;

use super::{Reply, refused};

pub(super) async fn status<M: Mailbox>(
    talk: &mut Conversation<M>,
    name: &str,
    items: &[StatusItem],
    out: &mut Out,
) -> Result<Reply, Fault> {
    let info = match talk.mailbox.folder(name).await {
        Ok(info) => info,
        Err(error) => return refused(error),
    };
    if items.contains(&StatusItem::HighestModseq) {
        talk.asks_modseq(out);
    }
    tell(&info, name, items, talk, out);
    Ok(Reply::ok("STATUS completed"))
}

/// The untagged answer for one folder.
pub(super) fn tell<M>(info: &FolderInfo, name: &str, items: &[StatusItem], talk: &Conversation<M>, out: &mut Out) {
    let item = |item: &StatusItem| match item {
        StatusItem::Messages => format!("MESSAGES {}", info.messages),
        StatusItem::Recent => "RECENT 0".to_owned(),
        StatusItem::UidNext => format!("UIDNEXT {}", info.uid_next),
        StatusItem::UidValidity => format!("UIDVALIDITY {}", info.uid_validity),
        StatusItem::Unseen => format!("UNSEEN {}", info.unseen),
        StatusItem::Deleted => format!("DELETED {}", info.deleted),
        StatusItem::Size => format!("SIZE {}", info.octets),
        StatusItem::HighestModseq => format!("HIGHESTMODSEQ {}", info.highest_modseq),
        StatusItem::MailboxId => format!("MAILBOXID (F{})", info.id),
        StatusItem::AppendLimit => format!("APPENDLIMIT {}", talk.append_limit),
    };
    let items: Vec<String> = items.iter().map(item).collect();
    out.untagged(format!("STATUS {} ({})", out::mailbox(name, talk.enabled.utf8), items.join(" ")));
}
