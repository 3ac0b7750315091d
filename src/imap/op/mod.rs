//! The commands that need the mailbox: one file each, over the verbs and the view.
//!
//! A command writes its untagged answers and gives a [`Reply`]; then the view is brought up to date, and the
//! tagged line ends it. FETCH and SEARCH are done in steps: answers never
//! wait in memory together, and a session that is over is not worked for.

mod append;
mod close;
mod copy;
mod expunge;
pub mod fetch;
mod folders;
mod items;
mod list;
mod quota;
pub mod search;
mod select;
mod sort;
mod status;
mod store;
mod thread;

use crate::domain::Fault;
use crate::mailbox::FolderError;

use super::grammar::command::{By, Command};
use super::machine::Job;
use super::out::Out;
use super::verbs::Mailbox;
use super::view::{Conversation, Expunges};

use fetch::Fetch;
use search::Search;

/// How a command ends.
pub struct Reply {
    /// OK, NO or BAD, and the text.
    line: String,
    /// What may be told before it.
    expunges: Expunges,
    /// Whether it tells where the folder stands.
    modseq: bool,
}

impl Reply {
    /// OK.
    fn ok(text: impl AsRef<str>) -> Self {
        Self { line: format!("OK {}", text.as_ref()), expunges: Expunges::Told, modseq: false }
    }

    /// NO.
    fn no(text: impl AsRef<str>) -> Self {
        Self { line: format!("NO {}", text.as_ref()), expunges: Expunges::Told, modseq: false }
    }

    /// BAD.
    fn bad(text: &str) -> Self {
        Self { line: format!("BAD {text}"), expunges: Expunges::Held, modseq: false }
    }

    /// The same with HIGHESTMODSEQ, as it is when all is told (RFC 7162 §3.2.9).
    fn with_modseq(mut self) -> Self {
        self.modseq = true;
        self
    }

    /// BAD, for numbers that are not there.
    fn out_of_range() -> Self {
        Self { line: "BAD No message has this number".to_owned(), expunges: Expunges::Held, modseq: false }
    }

    /// The same without EXPUNGE before it, for commands by number.
    fn held(mut self, by: By) -> Self {
        if by == By::Number {
            self.expunges = Expunges::Held;
        }
        self
    }
}

/// What is left to do of a command.
pub enum Work {
    /// Nothing: it ends so.
    Done(Reply),
    /// Messages to fetch.
    Fetch(Fetch),
    /// Messages to search.
    Search(Search),
}

/// Begins a command.
///
/// # Errors
/// A [`Fault`] of the mailbox.
pub async fn begin<M: Mailbox>(talk: &mut Conversation<M>, job: Job, out: &mut Out) -> Result<Work, Fault> {
    talk.enable(job.enabled);
    let reply = match job.command {
        Command::Select(selecting) => select::select(talk, &selecting, out).await?,
        Command::Create(name) => folders::create(talk, &name).await?,
        Command::Delete(name) => folders::delete(talk, &name).await?,
        Command::Rename(from, to) => folders::rename(talk, &from, &to).await?,
        Command::Subscribe(name, on) => folders::subscribe(talk, &name, on).await?,
        Command::List(wanted) => list::list(talk, &wanted, out).await?,
        Command::Status(name, items) => status::status(talk, &name, &items, out).await?,
        Command::Append(name, heads) => append::append(talk, &name, heads, job.messages).await?,
        Command::Replace(by, set, name, head) => {
            append::replace(talk, (by, &set), &name, head, job.messages, out).await?
        }
        Command::Close => close::close(talk).await?,
        Command::Unselect => close::unselect(talk),
        Command::Expunge(set) => expunge::expunge(talk, set.as_ref()).await?,
        Command::Search(by, looking) => return Ok(search::begin(talk, job.tag, by, looking, out)),
        Command::Sort(by, sorting) => return Ok(search::sort(talk, by, sorting)),
        Command::Thread(by, threading) => return Ok(search::thread(talk, by, threading)),
        Command::Fetch(by, set, items, modifiers) => {
            return fetch::begin(talk, (by, &set), items, modifiers, out).await;
        }
        Command::Store { by, set, change, silent, flags, unchanged_since } => {
            let wanted = store::Change { change, silent, flags, unchanged_since };
            store::store(talk, (by, &set), wanted, out).await?
        }
        Command::Copy(by, set, to) => copy::copy(talk, by, &set, &to).await?,
        Command::Move(by, set, to) => copy::relocate(talk, by, &set, &to, out).await?,
        Command::GetQuota(root) => quota::quota(talk, &root, out).await?,
        Command::GetQuotaRoot(name) => quota::quota_root(talk, &name, out).await?,
        Command::Idle => Reply::ok("IDLE completed"),
        Command::Check => Reply::ok("CHECK completed"),
        // The machine answers the others itself.
        _ => Reply::ok("NOOP completed"),
    };
    Ok(Work::Done(reply))
}

/// Ends a command: tells what changed, then the tagged line.
///
/// # Errors
/// A [`Fault`] of the mailbox.
pub async fn end<M: Mailbox>(talk: &mut Conversation<M>, tag: &str, reply: &Reply, out: &mut Out) -> Result<(), Fault> {
    let told = talk.sync(reply.expunges, out).await;
    match talk.selected.as_ref().filter(|_| reply.modseq && told.is_ok()) {
        Some(selected) => {
            let line = reply.line.strip_prefix("OK ").unwrap_or(&reply.line);
            out.line(format!("{tag} OK [HIGHESTMODSEQ {}] {line}", selected.modseq));
        }
        None => out.line(format!("{tag} {}", reply.line)),
    }
    told
}

/// The reply to a fault of ours.
pub fn fault(fault: &Fault) -> Reply {
    let code = if fault.is_transient() { "UNAVAILABLE" } else { "SERVERBUG" };
    Reply { line: format!("NO [{code}] The server cannot do this now"), expunges: Expunges::Held, modseq: false }
}

/// The reply where there is no memory to read messages into.
pub fn busy() -> Reply {
    Reply { line: "NO [LIMIT] Too much is in flight; try again".to_owned(), expunges: Expunges::Held, modseq: false }
}

/// The reply to what a folder command got wrong.
fn refused(error: FolderError) -> Result<Reply, Fault> {
    Ok(Reply::no(match error {
        FolderError::NoSuchFolder => "[NONEXISTENT] No such mailbox",
        FolderError::Exists => "[ALREADYEXISTS] There is a mailbox of this name",
        FolderError::Special => "[CANNOT] Special mailboxes stay as they are",
        FolderError::BadName => "[CANNOT] Not a name for a mailbox",
        FolderError::HasChildren => "[HASCHILDREN] There are mailboxes below it",
        FolderError::OverQuota => "[OVERQUOTA] The mailbox is full",
        FolderError::TooMany => "[LIMIT] That is too many",
        FolderError::Fault(fault) => return Err(fault),
    }))
}
