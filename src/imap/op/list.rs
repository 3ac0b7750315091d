//! LIST (RFC 3501 §6.3.8, RFC 5258) with CHILDREN (RFC 3348), special uses unasked (RFC 6154 §2) and states (RFC 5819);
//! LSUB (§6.3.9), and XLIST for the Outlook that knows nothing else.

use std::collections::BTreeSet;

use crate::domain::{Fault, FolderRole};
use crate::imap::grammar::list::{Listing, Wanted};
use crate::imap::grammar::name::matches;
use crate::imap::out::{self, Out};
use crate::imap::verbs::Mailbox;
use crate::imap::view::Conversation;
use crate::mailbox::FolderInfo;

use super::{Reply, status};

pub(super) async fn list<M: Mailbox>(
    talk: &mut Conversation<M>,
    wanted: &Wanted,
    out: &mut Out,
) -> Result<Reply, Fault> {
    let command = match wanted.listing {
        Listing::List => "LIST",
        Listing::Lsub => "LSUB",
        Listing::Xlist => "XLIST",
    };
    let (done, utf8) = (Reply::ok(format!("{command} completed")), talk.enabled.utf8);
    if !wanted.extended && wanted.patterns.iter().all(String::is_empty) && wanted.listing != Listing::Lsub {
        // RFC 3501 §6.3.8: the delimiter and the root, which has no name here.
        out.untagged(format!("{command} (\\Noselect) \"/\" \"\""));
        return Ok(done);
    }
    let patterns: Vec<String> =
        wanted.patterns.iter().map(|pattern| format!("{}{pattern}", wanted.reference)).collect();
    let folders = talk.mailbox.folders().await?;
    if wanted.listing == Listing::Lsub {
        lsub(&folders, patterns.first().map_or("", String::as_str), utf8, out);
        return Ok(done);
    }
    let is_chosen = |folder: &FolderInfo| {
        (!wanted.subscribed || folder.subscribed) && (!wanted.special || special(folder.role, false).is_some())
    };
    let mut named = Vec::with_capacity(folders.len());
    for folder in &folders {
        named.push(patterns.iter().any(|pattern| matches(pattern, &folder.name)));
        // Names and patterns may both be long: others have their turn in between.
        tokio::task::yield_now().await;
    }
    for (folder, _) in folders.iter().zip(&named).filter(|(_, named)| **named) {
        let below = format!("{}/", folder.name);
        // RFC 5258 §3.5: what matches below and is not named by itself is told of at the folder above.
        let only_below = wanted.recursive
            && folders
                .iter()
                .zip(&named)
                .any(|(other, named)| !named && other.name.starts_with(&below) && is_chosen(other));
        if !is_chosen(folder) && !only_below {
            continue;
        }
        let mut words = vec![attributes(folder, wanted.listing == Listing::Xlist)];
        if wanted.tell_subscribed && folder.subscribed {
            words.push("\\Subscribed".to_owned());
        }
        let childinfo = if only_below { " (\"CHILDINFO\" (\"SUBSCRIBED\"))" } else { "" };
        let name = out::mailbox(&folder.name, utf8);
        out.untagged(format!("{command} ({}) \"/\" {name}{childinfo}", words.join(" ")));
        if !wanted.status.is_empty() {
            status::tell(folder, &folder.name, &wanted.status, talk, out);
        }
    }
    Ok(done)
}

fn lsub(folders: &[FolderInfo], pattern: &str, utf8: bool, out: &mut Out) {
    let mut parents = BTreeSet::new();
    for folder in folders.iter().filter(|folder| folder.subscribed) {
        if matches(pattern, &folder.name) {
            let children = if folder.children { "\\HasChildren" } else { "\\HasNoChildren" };
            out.untagged(format!("LSUB ({children}) \"/\" {}", out::mailbox(&folder.name, utf8)));
        } else if pattern.contains('%') {
            parents.extend(parent(pattern, &folder.name));
        }
    }
    // RFC 3501 §6.3.9: `%` names a parent that is not subscribed itself, for the sake of what is below it.
    for name in parents {
        if !folders.iter().any(|folder| folder.subscribed && folder.name == name) {
            out.untagged(format!("LSUB (\\Noselect) \"/\" {}", out::mailbox(&name, utf8)));
        }
    }
}

fn parent(pattern: &str, name: &str) -> Option<String> {
    let ends = name.match_indices('/').map(|(at, _)| at);
    ends.filter_map(|at| name.get(..at)).find(|above| matches(pattern, above)).map(str::to_owned)
}

/// What is said of a folder: whether any are below it, and its special use.
pub(super) fn attributes(folder: &FolderInfo, xlist: bool) -> String {
    let children = if folder.children { "\\HasChildren" } else { "\\HasNoChildren" };
    match special(folder.role, xlist) {
        Some(word) => format!("{children} {word}"),
        None => children.to_owned(),
    }
}

/// RFC 6154 §2; XLIST had words of its own.
fn special(role: FolderRole, xlist: bool) -> Option<&'static str> {
    match role {
        FolderRole::Recalled | FolderRole::Plain => None,
        FolderRole::Inbox => xlist.then_some("\\Inbox"),
        FolderRole::Junk if xlist => Some("\\Spam"),
        FolderRole::Sent => Some("\\Sent"),
        FolderRole::Drafts => Some("\\Drafts"),
        FolderRole::Trash => Some("\\Trash"),
        FolderRole::Junk => Some("\\Junk"),
        FolderRole::Archive => Some("\\Archive"),
    }
}
