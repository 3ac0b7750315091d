//! APPEND (RFC 3501 §6.3.11) with APPENDUID (RFC 4315 §3).

use zeroize::Zeroizing;

use crate::domain::{Fault, Flags, Timestamp};
use crate::imap::verbs::Mailbox;
use crate::imap::view::{Conversation, MOST_KEYWORDS};
use crate::mailbox::AppendError;

use super::Reply;

pub(super) async fn append<M: Mailbox>(
    talk: &Conversation<M>,
    name: &str,
    flags: &Flags,
    at: Option<Timestamp>,
    mut octets: Zeroizing<Vec<u8>>,
) -> Result<Reply, Fault> {
    if octets.is_empty() {
        return Ok(Reply::no("[CANNOT] A message has octets"));
    }
    if flags.keywords.len() > MOST_KEYWORDS {
        return Ok(Reply::no("[LIMIT] A message has fewer keywords"));
    }
    Ok(match talk.mailbox.append(name, flags, at, std::mem::take(&mut *octets)).await {
        Ok((validity, uid)) => Reply::ok(format!("[APPENDUID {validity} {uid}] APPEND completed")),
        Err(AppendError::NoSuchFolder) => Reply::no("[TRYCREATE] No such mailbox"),
        Err(AppendError::NotClean) => Reply::no("[CANNOT] The message holds a NUL, or a CR or LF that stands alone"),
        Err(AppendError::TooLarge) => Reply::no("[TOOBIG] Message too large"),
        Err(AppendError::Gone) => Reply::no("[NONEXISTENT] There is no such message"),
        Err(AppendError::OverQuota) => Reply::no("[OVERQUOTA] The mailbox is full"),
        Err(AppendError::TooManyKeywords) => Reply::no("[LIMIT] That is too many keywords"),
        Err(AppendError::Fault(fault)) => return Err(fault),
    })
}
