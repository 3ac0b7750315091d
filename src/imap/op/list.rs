//! LIST (RFC 3501 §6.3.8) with CHILDREN (RFC 3348) and special uses unasked (RFC 6154 §2), LSUB (§6.3.9), and
//! XLIST for the Outlook that knows nothing else.

use std::collections::BTreeSet;

use crate::domain::{Fault, FolderRole};
use crate::imap::grammar::Listing;
use crate::imap::grammar::name::matches;
use crate::imap::out::{self, Out};
use crate::imap::verbs::Mailbox;
use crate::imap::view::Conversation;
use crate::mailbox::FolderInfo;

use super::Reply;

pub(super) async fn list<M: Mailbox>(
    talk: &Conversation<M>,
    listing: Listing,
    reference: &str,
    pattern: &str,
    out: &mut Out,
) -> Result<Reply, Fault> {
    let command = match listing {
        Listing::List => "LIST",
        Listing::Lsub => "LSUB",
        Listing::Xlist => "XLIST",
    };
    let done = Reply::ok(format!("{command} completed"));
    if pattern.is_empty() && listing != Listing::Lsub {
        // RFC 3501 §6.3.8: the delimiter and the root, which has no name here.
        out.untagged(format!("{command} (\\Noselect) \"/\" \"\""));
        return Ok(done);
    }
    let pattern = format!("{reference}{pattern}");
    let folders = talk.mailbox.folders().await?;
    let mut parents = BTreeSet::new();
    for folder in &folders {
        if listing == Listing::Lsub && !folder.subscribed {
            continue;
        }
        if matches(&pattern, &folder.name) {
            let attributes = attributes(folder, listing);
            out.untagged(format!("{command} ({attributes}) \"/\" {}", out::mailbox(&folder.name)));
        } else if listing == Listing::Lsub && pattern.contains('%') {
            parents.extend(parent(&pattern, &folder.name));
        }
    }
    // RFC 3501 §6.3.9: `%` names a parent that is not subscribed itself, for the sake of what is below it.
    for name in parents {
        if !folders.iter().any(|folder| folder.subscribed && folder.name == name) {
            out.untagged(format!("LSUB (\\Noselect) \"/\" {}", out::mailbox(&name)));
        }
    }
    Ok(done)
}

fn parent(pattern: &str, name: &str) -> Option<String> {
    let ends = name.match_indices('/').map(|(at, _)| at);
    ends.filter_map(|at| name.get(..at)).find(|above| matches(pattern, above)).map(str::to_owned)
}

fn attributes(folder: &FolderInfo, listing: Listing) -> String {
    let mut attributes = vec![if folder.children { "\\HasChildren" } else { "\\HasNoChildren" }];
    attributes.extend(match (folder.role, listing) {
        (_, Listing::Lsub) | (FolderRole::Recalled | FolderRole::Plain, _) => None,
        (FolderRole::Inbox, Listing::Xlist) => Some("\\Inbox"),
        (FolderRole::Inbox, Listing::List) => None,
        (FolderRole::Junk, Listing::Xlist) => Some("\\Spam"),
        (FolderRole::Sent, _) => Some("\\Sent"),
        (FolderRole::Drafts, _) => Some("\\Drafts"),
        (FolderRole::Trash, _) => Some("\\Trash"),
        (FolderRole::Junk, _) => Some("\\Junk"),
        (FolderRole::Archive, _) => Some("\\Archive"),
    });
    attributes.join(" ")
}
