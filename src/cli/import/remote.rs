//! An account on another IMAP server (RFC 3501, RFC 9051), read by EXAMINE and BODY.PEEK: nothing changes there.
//!
//! TLS is verified; without it only loopback is spoken to. A message is told by UIDVALIDITY and UID. Every answer
//! comes within two minutes, or the import stops and can be run again.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use async_imap::types::{Flag, NameAttribute};
use async_imap::{Authenticator, Client, Session};
use futures_util::TryStreamExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use crate::domain::{Flags, FolderRole, SystemFlags, Timestamp};
use crate::net::TlsClient;

use super::super::Stop;
use super::names::decoded;
use super::{At, Found, Item, Message, Source, is_keyword};

/// A connection, in TLS or to loopback.
trait Octets: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin> Octets for T {}

/// An account that is open.
pub(super) struct Remote {
    session: Session<Box<dyn Octets>>,
    /// `user@host:port`, for what tells a folder from every other.
    account: String,
    /// The one folder that is asked for, with those below it.
    only: Option<String>,
    examined: Option<String>,
}

/// Where an account is, as the command names it.
pub(super) struct Account {
    scheme: Scheme,
    host: String,
    port: u16,
    user: String,
    only: Option<String>,
}

/// How the connection begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Tls,
    StartTls,
    Plain,
}

impl Account {
    /// Reads `imaps://USER@HOST[:PORT]/[FOLDER]`; `None` for what is no such address.
    ///
    /// # Errors
    /// One clear line: what is missing, or does not belong there.
    pub(super) fn read(source: &str) -> Option<Result<Self, Stop>> {
        let url = url::Url::parse(source).ok()?;
        let scheme = match url.scheme() {
            "imaps" => Scheme::Tls,
            "imap+starttls" => Scheme::StartTls,
            "imap" => Scheme::Plain,
            _ => return None,
        };
        Some(Self::of(&url, scheme))
    }

    fn of(url: &url::Url, scheme: Scheme) -> Result<Self, Stop> {
        let host = url.host_str().map(|host| host.trim_matches(['[', ']']).to_owned());
        let host = host.filter(|host| !host.is_empty()).ok_or_else(|| Stop::because("the source names no host"))?;
        let user = text(url.username()).filter(|user| !user.is_empty());
        let user =
            user.ok_or_else(|| Stop::because("the source names no user: imaps://USER@HOST/ (an @ in it is %40)"))?;
        if url.password().is_some() {
            return Err(Stop::because("a password does not belong into a command; it is read from standard input"));
        }
        if scheme == Scheme::Plain && !is_loopback(&host) {
            return Err(Stop::because("imap:// goes to loopback only; elsewhere it is imaps:// or imap+starttls://"));
        }
        let port = url.port().unwrap_or(if scheme == Scheme::Tls { 993 } else { 143 });
        let only = text(url.path().trim_start_matches('/')).filter(|folder| !folder.is_empty());
        Ok(Self { scheme, host, port, user, only })
    }
}

impl Remote {
    pub(super) async fn open(account: Account, password: &str, ca: Option<&Path>) -> Result<Self, Stop> {
        let Account { scheme, host, port, user, only } = account;
        let stream = connect(scheme, &host, port, ca).await?;
        let mut client = Client::new(stream);
        if scheme != Scheme::StartTls {
            greeting(&mut client).await?;
        }
        let login = async {
            // LOGIN carries ASCII only; PLAIN carries everything (RFC 4616).
            if user.is_ascii() && password.is_ascii() {
                return client.login(&user, password).await;
            }
            client.authenticate("PLAIN", Plain(Zeroizing::new(format!("\0{user}\0{password}")))).await
        };
        let session = match within(async { Ok::<_, async_imap::error::Error>(login.await) }).await? {
            Ok(session) => session,
            Err((async_imap::error::Error::No(_) | async_imap::error::Error::Bad(_), _)) => {
                return Err(Stop::because(format!("{host}: user or password is not accepted")));
            }
            Err((error, _)) => return Err(trouble(&error)),
        };
        Ok(Self { session, account: format!("{user}@{host}:{port}"), only, examined: None })
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

async fn connect(scheme: Scheme, host: &str, port: u16, ca: Option<&Path>) -> Result<Box<dyn Octets>, Stop> {
    let away = |why: String| Stop::because(format!("{host}:{port}: {why}"));
    let tcp = match tokio::time::timeout(PATIENCE, TcpStream::connect((host, port))).await {
        Ok(Ok(tcp)) => tcp,
        Ok(Err(error)) => return Err(away(error.kind().to_string())),
        Err(_) => return Err(away("nobody answers".to_owned())),
    };
    if scheme == Scheme::Plain {
        return Ok(Box::new(tcp));
    }
    let authorities =
        ca.map(std::fs::read).transpose().map_err(|error| Stop::because(format!("--ca: {}", error.kind())))?;
    let tls = TlsClient::new(authorities.as_deref()).map_err(|why| Stop::because(format!("--ca: {why}")))?;
    let tcp = if scheme == Scheme::StartTls {
        let mut client = Client::new(tcp);
        greeting(&mut client).await?;
        within(async { client.run_command_and_check_ok("STARTTLS", None).await }).await?;
        client.into_inner()
    } else {
        tcp
    };
    Ok(Box::new(tls.connect(tcp, host).await.map_err(away)?))
}

async fn greeting<T: AsyncRead + AsyncWrite + fmt::Debug + Send + Unpin>(client: &mut Client<T>) -> Result<(), Stop> {
    match within(async { Ok::<_, async_imap::error::Error>(client.read_response().await?) }).await? {
        Some(_) => Ok(()),
        None => Err(Stop::because("the other server ended the connection")),
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

/// SASL PLAIN (RFC 4616).
struct Plain(Zeroizing<String>);

impl Authenticator for Plain {
    type Response = Zeroizing<String>;
    fn process(&mut self, _: &[u8]) -> Self::Response {
        std::mem::take(&mut self.0)
    }
}

async fn within<T>(work: impl Future<Output = Result<T, async_imap::error::Error>>) -> Result<T, Stop> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(trouble(&error)),
        Err(_) => Err(Stop::because("the other server does not answer; run the import again to go on")),
    }
}

/// Kinds only: what the other server says may quote what was sent.
fn trouble(error: &async_imap::error::Error) -> Stop {
    use async_imap::error::Error;
    Stop::because(match error {
        Error::Io(error) => format!("the connection to the other server: {}", error.kind()),
        Error::ConnectionLost => "the other server ended the connection; run the import again to go on".to_owned(),
        Error::No(_) | Error::Bad(_) => "the other server refuses a command".to_owned(),
        Error::Validate(_) => "a user or password that no IMAP server takes".to_owned(),
        _ => "the other server answers what IMAP does not know".to_owned(),
    })
}

fn text(encoded: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'%' {
            octets.push(octet);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        octets.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(octets).ok()
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_folders_of_an_address_are_decoded() {
        assert_eq!(text("dr%40a.example"), Some("dr@a.example".to_owned()));
        assert_eq!(text("%C3%89t%C3%A9"), Some("Été".to_owned()));
        assert_eq!(text("100%"), None);
        assert!(is_loopback("127.0.0.1") && is_loopback("::1") && is_loopback("localhost"));
        assert!(!is_loopback("localhost.example") && !is_loopback("10.0.0.1"));
    }
}
