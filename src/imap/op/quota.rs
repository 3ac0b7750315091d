//! GETQUOTA and GETQUOTAROOT (RFC 2087): one root, without a name, for the whole mailbox.

use crate::domain::Fault;
use crate::imap::out::{self, Out};
use crate::imap::verbs::Mailbox;
use crate::imap::view::Conversation;

use super::{Reply, refused};

pub(super) async fn quota<M: Mailbox>(talk: &Conversation<M>, root: &str, out: &mut Out) -> Result<Reply, Fault> {
    if !root.is_empty() {
        return Ok(Reply::no("[NONEXISTENT] No such quota root"));
    }
    tell(talk, out).await?;
    Ok(Reply::ok("GETQUOTA completed"))
}

pub(super) async fn quota_root<M: Mailbox>(talk: &Conversation<M>, name: &str, out: &mut Out) -> Result<Reply, Fault> {
    if let Err(error) = talk.mailbox.folder(name).await {
        return refused(error);
    }
    out.untagged(format!("QUOTAROOT {} \"\"", out::mailbox(name, talk.enabled.utf8)));
    tell(talk, out).await?;
    Ok(Reply::ok("GETQUOTAROOT completed"))
}

async fn tell<M: Mailbox>(talk: &Conversation<M>, out: &mut Out) -> Result<(), Fault> {
    let (used, limit) = talk.mailbox.quota().await?;
    // RFC 2087 §3: STORAGE counts units of 1,024 octets. No limit is no resource.
    if limit == 0 {
        out.untagged("QUOTA \"\" ()");
    } else {
        out.untagged(format!("QUOTA \"\" (STORAGE {} {})", used.div_ceil(1024), limit / 1024));
    }
    Ok(())
}
