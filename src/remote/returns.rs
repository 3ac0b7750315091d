//! The account where bounces land: read as they come, acted upon, and only then deleted there.
//!
//! A mail that is about no notice of ours is looked at once and not touched: neither its flags nor the mail. The
//! account may be somebody's own. A server that is away is tried again, later each time.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use async_imap::types::UnsolicitedResponse;
use futures_util::TryStreamExt as _;
use tokio::sync::watch;

use crate::delivery::{CameBack, Deliveries};
use crate::domain::{Fault, SecretText};
use crate::net::TlsClient;

use super::{Account, Session, Trouble, within};

/// The account, and where we were in it.
pub struct Returns {
    account: Account,
    password: SecretText,
    /// Further authorities to check the other server with.
    ca: Option<PathBuf>,
    seen: Seen,
    /// Whether this visit got as far as to look at all there is.
    worked: bool,
}

/// What was looked at: every UID below, of this UIDVALIDITY (RFC 9051 §2.3.1.1).
#[derive(Default, Clone, Copy, PartialEq, Eq)]
struct Seen {
    validity: Option<u32>,
    below: u32,
}

/// Why a visit ends before its end.
enum Ended {
    Trouble(Trouble),
    /// Ours: the same mail is read again.
    Fault(Fault),
}

impl From<Trouble> for Ended {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl Returns {
    /// The account of a setting: `imaps://user:password@host/INBOX`.
    ///
    /// # Errors
    /// One clear line.
    pub fn open(url: &SecretText, ca: Option<PathBuf>) -> Result<Self, String> {
        let (account, password) =
            Account::read(url.reveal()).ok_or("is no account: imaps://user:password@host/INBOX")??;
        let password = password.ok_or("has no password: imaps://user:password@host/INBOX")?;
        if !account.folder().unwrap_or(INBOX).bytes().all(|octet| octet == b' ' || octet.is_ascii_graphic()) {
            return Err("names a folder with characters beyond ASCII".to_owned());
        }
        Ok(Self { account, password, ca, seen: Seen::default(), worked: false })
    }

    /// Reads what comes until `stop` turns true.
    pub async fn run(mut self, deliveries: Deliveries, mut stop: watch::Receiver<bool>) {
        let mut pause = SHORTEST_PAUSE / 2;
        loop {
            self.worked = false;
            let Err(ended) = tokio::select! {
                biased;
                // What is cut off here is found again: nothing is deleted before it was acted upon.
                _ = stop.wait_for(|stop| *stop) => return,
                ended = self.visit(&deliveries) => ended,
            };
            match ended {
                Ended::Trouble(trouble) => tracing::warn!(%trouble, "notice.bounces cannot be read: tried again"),
                Ended::Fault(fault) => tracing::error!(%fault, "what came back cannot be dealt with: tried again"),
            }
            pause = if self.worked { SHORTEST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One session, as long as it lasts: what is there, then what comes.
    async fn visit(&mut self, deliveries: &Deliveries) -> Result<Infallible, Ended> {
        let ca = self.ca.clone();
        let tls = move || {
            let pem = ca.map(std::fs::read).transpose().map_err(|error| format!("notice.ca: {}", error.kind()))?;
            TlsClient::with_further(pem.as_deref()).map_err(|why| format!("notice.ca: {why}"))
        };
        let mut session = self.account.open(self.password.reveal(), tls).await?;
        let can = within(session.capabilities()).await?;
        let (idles, expunges) = (can.has_str("IDLE"), can.has_str("UIDPLUS"));
        let folder = within(session.select(self.account.folder().unwrap_or(INBOX))).await?;
        if folder.uid_validity.is_none() || folder.uid_validity != self.seen.validity {
            self.seen = Seen { validity: folder.uid_validity, below: 0 };
        }
        loop {
            self.look(&mut session, deliveries, expunges).await?;
            self.worked = true;
            session = match idles {
                true => idle(session).await?,
                false => {
                    tokio::time::sleep(BETWEEN_LOOKS).await;
                    within(session.noop()).await?;
                    session
                }
            };
        }
    }

    /// Looks at what was not looked at yet.
    async fn look(&mut self, session: &mut Session, deliveries: &Deliveries, expunges: bool) -> Result<(), Ended> {
        // What is told from here on came after the search, or is in it.
        while session.unsolicited_responses.try_recv().is_ok() {}
        let query = format!("UID {}:* UNDELETED SMALLER {LARGEST}", self.seen.below.max(1));
        let found = within(session.uid_search(query)).await?;
        // `n:*` names the last one even where its UID is below.
        let mut uids: Vec<u32> = found.into_iter().filter(|uid| *uid >= self.seen.below).collect();
        uids.sort_unstable();
        let old = uids.len().saturating_sub(MOST_AT_ONCE);
        for uid in uids.split_off(old) {
            if let Some(octets) = read(session, uid).await? {
                let mail = CameBack { to: &[], from: None, null: false, octets: &octets };
                match deliveries.take_back(&mail).await {
                    Ok(Some(_)) => delete(session, uid, expunges).await?,
                    Ok(None) => {}
                    Err(fault) if fault.is_transient() => return Err(Ended::Fault(fault)),
                    // One that cannot be dealt with does not keep the others from us.
                    Err(fault) => tracing::error!(%fault, "a mail that came back was left where it is"),
                }
            }
            self.seen.below = uid.saturating_add(1);
        }
        Ok(())
    }
}

/// A mail, without a trace that it was read; `None` where somebody took it away meanwhile.
async fn read(session: &mut Session, uid: u32) -> Result<Option<Vec<u8>>, Trouble> {
    let fetched =
        within(async { session.uid_fetch(uid.to_string(), "(UID BODY.PEEK[])").await?.try_collect::<Vec<_>>().await })
            .await?;
    let ours = fetched.iter().find(|fetch| fetch.uid == Some(uid));
    Ok(ours.and_then(|fetch| fetch.body()).map(<[u8]>::to_vec))
}

/// Marks a mail as seen and deleted, and takes it away where only this one goes (RFC 4315 §2.1).
async fn delete(session: &mut Session, uid: u32, expunges: bool) -> Result<(), Trouble> {
    let uid = uid.to_string();
    let store = r"+FLAGS.SILENT (\Seen \Deleted)";
    within(async { session.uid_store(&uid, store).await?.try_collect::<Vec<_>>().await }).await?;
    if expunges {
        within(async { session.uid_expunge(&uid).await?.try_collect::<Vec<_>>().await }).await?;
    }
    Ok(())
}

/// Waits until something comes, or a minute (RFC 2177).
async fn idle(session: Session) -> Result<Session, Trouble> {
    let told = session.unsolicited_responses.clone();
    let mut handle = session.idle();
    within(handle.init()).await?;
    // It may have been told between the search and the idling: then there is nothing to wait for.
    let came = std::iter::from_fn(|| told.try_recv().ok()).any(|told| matches!(told, UnsolicitedResponse::Exists(_)));
    if !came {
        // Dropped, the second would end the wait at once.
        let (wait, _interrupt) = handle.wait_with_timeout(BETWEEN_LOOKS);
        wait.await.map_err(|_| Trouble::because("the connection to the other server"))?;
    }
    within(handle.done()).await
}

const INBOX: &str = "INBOX";
/// The newest so many are looked at: an account may hold the mail of years.
const MOST_AT_ONCE: usize = 500;
/// Octets of a mail that is looked at: a report has a notice in it, which is small (fault 46).
const LARGEST: usize = 1024 * 1024;
/// Between two looks; where the server has IDLE, unless it tells of something before. Not all that have it tell.
const BETWEEN_LOOKS: Duration = Duration::from_secs(60);
/// Between two visits, when one ended.
const SHORTEST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
