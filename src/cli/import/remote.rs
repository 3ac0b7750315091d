//! An account on another IMAP server (RFC 3501, RFC 9051), read by EXAMINE and BODY.PEEK: nothing changes there.
//!
//! A message is told by UIDVALIDITY and UID. Every answer comes within two minutes, or the import stops and can be
//! run again.

use std::collections::HashMap;
use std::path::Path;

use async_imap::types::{Flag, NameAttribute};
use futures_util::TryStreamExt as _;

use crate::domain::{Flags, FolderRole, SystemFlags, Timestamp};
use crate::net::TlsClient;
use crate::remote::{Account, Session, within};

use super::super::Stop;
use super::names::decoded;
use super::{At, Found, Item, Message, Source, is_keyword};

/// An account that is open.
pub(super) struct Remote {
    session: Session,
    /// `user@host:port`, for what tells a folder from every other.
    account: String,
    /// The one folder that is asked for, with those below it.
    only: Option<String>,
    examined: Option<String>,
}

/// Reads `imaps://USER@HOST[:PORT]/[FOLDER]`; `None` for what is no such address.
///
/// # Errors
/// One clear line: what is missing, or does not belong there.
pub(super) fn account(source: &str) -> Option<Result<Account, Stop>> {
    Some(match Account::read(source)? {
        Ok((account, None)) => Ok(account),
        Ok((_, Some(_))) => {
            Err(Stop::because("a password does not belong into a command; it is read from standard input"))
        }
        Err(why) => Err(Stop::because(why)),
    })
}

impl Remote {
    pub(super) async fn open(account: &Account, password: &str, ca: Option<&Path>) -> Result<Self, Stop> {
        let tls = || {
            let pem = ca.map(std::fs::read).transpose().map_err(|error| format!("--ca: {}", error.kind()))?;
            TlsClient::new(pem.as_deref()).map_err(|why| format!("--ca: {why}"))
        };
        let session = account.open(password, tls).await?;
        Ok(Self { session, account: account.name(), only: account.folder().map(str::to_owned), examined: None })
    }

    async fn list(&mut self, pattern: &str) -> Result<Vec<(Found, bool)>, Stop> {
        let session = &mut self.session;
        let listed = within(async { session.list(None, Some(pattern)).await?.try_collect::<Vec<_>>().await }).await?;
        let account = &self.account;
        Ok(listed.iter().map(|name| found(account, name)).collect())
    }
}

impl Source for Remote {
    async fn folders(&mut self) -> Result<Vec<Found>, Stop> {
        let session = &mut self.session;
        let can = within(async { session.capabilities().await }).await?;
        // Many servers tell what folders are for only when they are asked (RFC 6154 §5.2).
        let pattern = if can.has_str("SPECIAL-USE") && (can.has_str("LIST-EXTENDED") || can.has_str("IMAP4rev2")) {
            "\"*\" RETURN (SPECIAL-USE)"
        } else {
            "\"*\""
        };
        let listed = self.list(pattern).await?;
        let wanted = self.only.clone();
        let is_wanted = |found: &Found| {
            let path = found.levels.join("/");
            wanted.as_ref().is_none_or(|only| {
                path == *only || path.strip_prefix(only.as_str()).is_some_and(|rest| rest.starts_with('/'))
            })
        };
        let mut folders: Vec<Found> = listed
            .into_iter()
            .filter(|(found, selectable)| *selectable && is_wanted(found))
            .map(|(found, _)| found)
            .collect();
        if folders.is_empty() {
            return Err(Stop::because("the account has no such folder"));
        }
        // INBOX first: where two folders hold the same message, it is told as that of the first.
        folders.sort_by_key(|found| !(found.levels.len() == 1 && found.role == Some(FolderRole::Inbox)));
        Ok(folders)
    }

    async fn messages(&mut self, folder: &Found, _: &dyn Fn(&[u8]) -> Vec<u8>) -> Result<Vec<Item>, Stop> {
        let session = &mut self.session;
        let mailbox = within(async { session.examine(&folder.at).await }).await?;
        self.examined = Some(folder.at.clone());
        if mailbox.exists == 0 {
            return Ok(Vec::new());
        }
        let validity = mailbox.uid_validity.ok_or_else(|| Stop::because("the other server gives no UIDVALIDITY"))?;
        let session = &mut self.session;
        let fetched =
            within(async { session.uid_fetch("1:*", "(UID RFC822.SIZE)").await?.try_collect::<Vec<_>>().await })
                .await?;
        let item = |fetch: &async_imap::types::Fetch| {
            let uid = fetch.uid?;
            Some(Item {
                identity: format!("{validity}/{uid}").into_bytes(),
                size: u64::from(fetch.size.unwrap_or(0)),
                place: format!("UID {uid}"),
                at: At::Uid(uid),
            })
        };
        let mut items: Vec<Item> = fetched.iter().filter_map(item).collect();
        items.sort_by_key(uid);
        items.dedup_by_key(|item| uid(item));
        Ok(items)
    }

    async fn read(&mut self, folder: &Found, items: &[Item]) -> Result<Vec<Result<Message, String>>, Stop> {
        if self.examined.as_ref() != Some(&folder.at) {
            let session = &mut self.session;
            within(async { session.examine(&folder.at).await }).await?;
            self.examined = Some(folder.at.clone());
        }
        let set: Vec<String> = items.iter().map(|item| uid(item).to_string()).collect();
        let session = &mut self.session;
        let fetched = within(async {
            let stream = session.uid_fetch(set.join(","), "(UID FLAGS INTERNALDATE BODY.PEEK[])").await?;
            stream.try_collect::<Vec<_>>().await
        })
        .await?;
        let mut messages: HashMap<u32, Message> = HashMap::new();
        for fetch in &fetched {
            let (Some(uid), Some(octets)) = (fetch.uid, fetch.body()) else { continue };
            let at = fetch.internal_date().map(|at| Timestamp(at.timestamp_millis()));
            messages.insert(uid, Message { octets: octets.to_vec(), flags: flags(fetch.flags()), at });
        }
        let mut take =
            |item: &Item| messages.remove(&uid(item)).ok_or_else(|| "the other server does not give it".to_owned());
        Ok(items.iter().map(&mut take).collect())
    }
}

/// A folder of a list, and whether it holds messages.
fn found(account: &str, name: &async_imap::types::Name) -> (Found, bool) {
    let (mut role, mut view, mut selectable) = (None, false, true);
    for attribute in name.attributes() {
        match attribute {
            NameAttribute::NoSelect => selectable = false,
            NameAttribute::Sent => role = Some(FolderRole::Sent),
            NameAttribute::Drafts => role = Some(FolderRole::Drafts),
            NameAttribute::Trash => role = Some(FolderRole::Trash),
            NameAttribute::Junk => role = Some(FolderRole::Junk),
            NameAttribute::Archive => role = Some(FolderRole::Archive),
            // What no other folder shows was archived.
            NameAttribute::All => (role, view) = (Some(FolderRole::Archive), true),
            // Shows what other folders hold, and nothing else.
            NameAttribute::Flagged => selectable = false,
            NameAttribute::Extension(word) if is_no_folder(word) => selectable = false,
            _ => {}
        }
    }
    let levels: Vec<String> = match name.delimiter() {
        Some(delimiter) if !delimiter.is_empty() => name.name().split(delimiter).map(decoded).collect(),
        _ => vec![decoded(name.name())],
    };
    if levels.len() == 1 && levels.iter().all(|level| level.eq_ignore_ascii_case("INBOX")) {
        role = Some(FolderRole::Inbox);
    }
    let (identity, at) = (format!("imap\0{account}\0{}", name.name()), name.name().to_owned());
    (Found { levels, role, view, identity, at }, selectable)
}

/// `\Important` shows what other folders hold (RFC 8457); `\NonExistent` holds nothing (RFC 5258).
fn is_no_folder(word: &str) -> bool {
    ["\\important", "\\nonexistent", "\\noselect"].contains(&word.to_ascii_lowercase().as_str())
}

fn flags<'a>(all: impl Iterator<Item = Flag<'a>>) -> Flags {
    let mut flags = Flags::default();
    for flag in all {
        let system = match flag {
            Flag::Seen => SystemFlags::SEEN,
            Flag::Answered => SystemFlags::ANSWERED,
            Flag::Flagged => SystemFlags::FLAGGED,
            Flag::Deleted => SystemFlags::DELETED,
            Flag::Draft => SystemFlags::DRAFT,
            Flag::Custom(word) if is_keyword(&word) => {
                flags.keywords.insert(word.into_owned());
                continue;
            }
            _ => continue,
        };
        flags.system = flags.system.with(system);
    }
    flags
}

fn uid(item: &Item) -> u32 {
    match item.at {
        At::Uid(uid) => uid,
        At::File(_) | At::Span(..) => 0,
    }
}
