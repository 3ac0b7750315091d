//! APPEND (RFC 3501 §6.3.11) of one message or several (RFC 3502), and REPLACE (RFC 8508), with APPENDUID (RFC 4315 §3).

use zeroize::Zeroizing;

use crate::domain::Fault;
use crate::imap::grammar::append::Head;
use crate::imap::grammar::command::By;
use crate::imap::grammar::sequence::{self, SequenceSet};
use crate::imap::out::Out;
use crate::imap::verbs::Mailbox;
use crate::imap::view::{Conversation, MOST_KEYWORDS};
use crate::mailbox::{AppendError, NewMessage};

use super::Reply;

pub(super) async fn append<M: Mailbox>(
    talk: &Conversation<M>,
    name: &str,
    heads: Vec<Head>,
    octets: Vec<Zeroizing<Vec<u8>>>,
) -> Result<Reply, Fault> {
    let messages = match messages(heads, octets) {
        Ok(messages) => messages,
        Err(reply) => return Ok(reply),
    };
    match talk.mailbox.append(name, messages).await {
        Ok((validity, uids)) => {
            Ok(Reply::ok(format!("[APPENDUID {validity} {}] APPEND completed", sequence::write(uids))))
        }
        Err(error) => refused(error),
    }
}

/// Stores a message in the place of another, of the selected folder.
pub(super) async fn replace<M: Mailbox>(
    talk: &mut Conversation<M>,
    (by, set): (By, &SequenceSet),
    name: &str,
    head: Head,
    octets: Vec<Zeroizing<Vec<u8>>>,
    out: &mut Out,
) -> Result<Reply, Fault> {
    let Some(selected) = &mut talk.selected else { return Ok(Reply::no("No mailbox is selected")) };
    let Ok(places) = selected.places(by, set) else { return Ok(Reply::out_of_range()) };
    if selected.read_only {
        return Ok(Reply::no("[CANNOT] The mailbox is open for reading only"));
    }
    let uids = selected.uids(&places);
    let [uid] = uids.as_slice() else { return Ok(Reply::no("[NONEXISTENT] REPLACE names one message that is there")) };
    let message = match messages(vec![head], octets) {
        Ok(mut messages) => messages.pop().ok_or(Fault::new("a command brought no message"))?,
        Err(reply) => return Ok(reply),
    };
    let replaced = talk.mailbox.replace(selected.folder, *uid, name, message).await;
    selected.stale = true;
    match replaced {
        Ok((validity, uid)) => {
            // RFC 8508 §3.3: before the EXPUNGE, which the comparison that follows tells.
            out.untagged(format!("OK [APPENDUID {validity} {uid}] Replacement stored"));
            Ok(Reply::ok("REPLACE completed"))
        }
        Err(error) => refused(error),
    }
}

fn messages(heads: Vec<Head>, octets: Vec<Zeroizing<Vec<u8>>>) -> Result<Vec<NewMessage>, Reply> {
    if heads.len() != octets.len() || octets.iter().any(|octets| octets.is_empty()) {
        return Err(Reply::no("[CANNOT] A message has octets"));
    }
    if heads.iter().any(|head| head.flags.keywords.len() > MOST_KEYWORDS) {
        return Err(Reply::no("[LIMIT] A message has fewer keywords"));
    }
    let one = |(head, mut octets): (Head, Zeroizing<Vec<u8>>)| NewMessage {
        flags: head.flags,
        at: head.at,
        octets: std::mem::take(&mut *octets),
    };
    Ok(heads.into_iter().zip(octets).map(one).collect())
}

fn refused(error: AppendError) -> Result<Reply, Fault> {
    Ok(Reply::no(match error {
        AppendError::NoSuchFolder => "[TRYCREATE] No such mailbox",
        AppendError::NotClean => "[CANNOT] The message holds a NUL, or a CR or LF that stands alone",
        AppendError::TooLarge => "[TOOBIG] Message too large",
        AppendError::OverQuota => "[OVERQUOTA] The mailbox is full",
        AppendError::TooManyKeywords => "[LIMIT] That is too many keywords",
        AppendError::Gone => "[NONEXISTENT] The message is not there any more",
        AppendError::Fault(fault) => return Err(fault),
    }))
}
