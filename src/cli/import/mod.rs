//! `pli mailbox import`: messages of a Maildir, of mbox files, or of an account on another IMAP server.
//!
//! First everything is listed, so that the quota is asked before anything is stored; then it is read in small
//! batches. Octets are stored as they are, with one alteration: files of Unix have LF at the end of a line where
//! a message has CRLF (RFC 5322 §2.3), so LF becomes CRLF in a message that has no CRLF at all. What then still has CR or
//! LF alone, or a NUL, is refused with its place, as APPEND refuses it.

mod maildir;
mod mbox;
mod names;
mod remote;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::domain::{Flags, FolderRole, Timestamp};
use crate::mailbox::{Import, ImportError, ImportFolder, NewImport, NotTaken, Taken};

use super::{Opened, Out, Stop, mailbox, out};

/// The arguments of `pli mailbox import`.
#[derive(clap::Args)]
pub(super) struct ImportFrom {
    /// The mailbox's address
    address: String,
    /// maildir:PATH, mbox:PATH (a file, or a folder of files), imaps://USER@HOST[:PORT]/[FOLDER], or imap+starttls://…
    source: String,
    /// Ask for no device password: seal everything into a new tree of folders
    #[arg(long)]
    sealed: bool,
    /// Store more than the mailbox's quota
    #[arg(long)]
    over_quota: bool,
    /// Trust only the authorities of this PEM file (imaps, imap+starttls)
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A folder of a source.
struct Found {
    /// Its path there.
    levels: Vec<String>,
    /// What the source says it is for.
    role: Option<FolderRole>,
    /// It shows what other folders hold (`\All`).
    view: bool,
    /// What tells it from every other folder of every source.
    identity: String,
    /// How the source finds it.
    at: String,
}

/// A message of a folder.
struct Item {
    /// What tells it in its folder, whatever happens to its flags.
    identity: Vec<u8>,
    /// Its octets, as far as they are known before they are read.
    size: u64,
    /// Where it is, for the report: a file, a line, a UID.
    place: String,
    at: At,
}

/// How a source finds a message.
#[derive(Clone)]
enum At {
    File(PathBuf),
    Span(u64, u64),
    Uid(u32),
}

/// A message that was read.
struct Message {
    octets: Vec<u8>,
    flags: Flags,
    at: Option<Timestamp>,
}

/// Where messages come from.
trait Source {
    /// All its folders.
    async fn folders(&mut self) -> Result<Vec<Found>, Stop>;
    /// The messages of a folder, in their order. `mark` tells octets from all others.
    async fn messages(&mut self, folder: &Found, mark: &dyn Fn(&[u8]) -> Vec<u8>) -> Result<Vec<Item>, Stop>;
    /// Reads messages of a folder; one answer for each, in order, or why it cannot be read.
    async fn read(&mut self, folder: &Found, items: &[Item]) -> Result<Vec<Result<Message, String>>, Stop>;
}

/// What was done.
#[derive(Default)]
struct Report {
    tree: Option<String>,
    folders: u64,
    taken: u64,
    octets: u64,
    there: u64,
    refused: Vec<Refused>,
}

/// A message that was not taken.
struct Refused {
    folder: String,
    place: String,
    why: String,
}

impl ImportFrom {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        let address = mailbox::read(&self.address)?;
        let kind = Kind::of(&self.source)?;
        // A password that is not there, on a standard input that is no terminal, means the same as --sealed.
        let password = if self.sealed { None } else { out::perhaps_secret("a device password of this mailbox")? };
        let remote = matches!(kind, Kind::Remote(_)).then(|| out::secret("the password of the other account"));
        let remote = remote.transpose()?;
        let import = match &password {
            Some(password) => {
                let reader = opened.reader(&self.address, password).await?;
                opened.rooms.mailboxes.import(reader, self.over_quota).await?
            }
            None => opened.rooms.mailboxes.import_sealed(&address, self.over_quota).await?,
        };
        let tree = password.is_none().then(|| format!("Import {}", out::day(opened.now(), &opened.config.timezone)));
        let limit = u64::try_from(opened.config.limits.message).unwrap_or(u64::MAX);
        let mut run = Run { import, limit, report: Report { tree, ..Report::default() }, progress: Progress::new() };
        match kind {
            Kind::Maildir(path) => run.all(maildir::Maildir::open(&path)?).await?,
            Kind::Mbox(path) => run.all(mbox::Mbox::open(&path, limit)?).await?,
            Kind::Remote(account) => {
                let password = remote.ok_or_else(|| Stop::because("nothing was given on standard input"))?;
                run.all(remote::Remote::open(&account, &password, self.ca.as_deref()).await?).await?;
            }
        }
        run.progress.end();
        if self.json { out.json(&run.report.object(&self.address)) } else { run.report.tell(out) }
    }
}

/// The kinds of sources.
enum Kind {
    Maildir(PathBuf),
    Mbox(PathBuf),
    Remote(crate::remote::Account),
}

impl Kind {
    fn of(source: &str) -> Result<Self, Stop> {
        let path = |text: &str| if text.is_empty() { Err(unknown()) } else { Ok(PathBuf::from(text)) };
        if let Some(rest) = source.strip_prefix("maildir:") {
            return Ok(Self::Maildir(path(rest)?));
        }
        if let Some(rest) = source.strip_prefix("mbox:") {
            return Ok(Self::Mbox(path(rest)?));
        }
        remote::account(source).unwrap_or_else(|| Err(unknown())).map(Self::Remote)
    }
}

fn unknown() -> Stop {
    Stop::because(
        "the source is one of maildir:PATH, mbox:PATH, imaps://USER@HOST[:PORT]/[FOLDER], imap+starttls://USER@HOST[:PORT]/[FOLDER]",
    )
}

impl From<ImportError> for Stop {
    fn from(error: ImportError) -> Self {
        Self::because(error.to_string())
    }
}

/// One run of an import.
struct Run {
    import: Import,
    limit: u64,
    report: Report,
    progress: Progress,
}

/// A folder of the source with what is to be taken from it.
struct Planned {
    found: Found,
    name: String,
    folder: ImportFolder,
    items: Vec<Item>,
}

impl Run {
    async fn all<S: Source>(&mut self, mut source: S) -> Result<(), Stop> {
        let found = source.folders().await?;
        let names = match &self.report.tree {
            Some(tree) => names::below(tree, &found),
            None => names::merged(&found),
        };
        let (mut plan, mut total) = (Vec::new(), (0_u64, 0_u64));
        for (found, name) in found.into_iter().zip(names) {
            let folder = self.import.folder(&found.identity).await?;
            let mut items = source.messages(&found, &|octets| folder.mark(octets)).await?;
            let listed = u64::try_from(items.len()).unwrap_or(0);
            items.retain(|item| !folder.is_done(&item.identity));
            let left = u64::try_from(items.len()).unwrap_or(0);
            self.report.there += listed.saturating_sub(left);
            self.refuse_large(&name, &mut items);
            // What other folders hold too may not have to be stored.
            let octets = if found.view { 0 } else { items.iter().map(|item| item.size).sum() };
            total = (total.0 + left, total.1.saturating_add(octets));
            plan.push(Planned { found, name, folder, items });
        }
        self.import.fits(total.1).await?;
        self.progress.total = total.0;
        // What shows what others hold comes last.
        plan.sort_by_key(|planned| planned.found.view);
        for planned in plan {
            self.folder(&mut source, planned).await?;
        }
        Ok(())
    }

    fn refuse_large(&mut self, name: &str, items: &mut Vec<Item>) {
        items.retain(|item| {
            let fits = item.size <= self.limit;
            if !fits {
                self.report.refuse(name, &item.place, "larger than a message may be (limits.message)");
            }
            fits
        });
    }

    async fn folder<S: Source>(&mut self, source: &mut S, planned: Planned) -> Result<(), Stop> {
        let Planned { found, name, mut folder, items } = planned;
        self.report.folders += 1;
        folder.open(&name).await?;
        let mut rest = items.as_slice();
        while !rest.is_empty() {
            let (batch, after) = rest.split_at(batch(rest));
            rest = after;
            let (mut messages, mut items) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
            for (item, read) in batch.iter().zip(source.read(&found, batch).await?) {
                match read {
                    Ok(read) if u64::try_from(read.octets.len()).is_ok_and(|size| size > self.limit) => {
                        self.report.refuse(&name, &item.place, "larger than a message may be (limits.message)");
                    }
                    Ok(Message { octets, flags, at }) => {
                        items.push((item, octets.len()));
                        let (identity, shown_elsewhere) = (item.identity.clone(), found.view);
                        messages.push(NewImport { identity, flags, at, octets, shown_elsewhere });
                    }
                    Err(why) => self.report.refuse(&name, &item.place, &why),
                }
            }
            for ((item, size), taken) in items.iter().zip(folder.take(messages).await?) {
                match taken {
                    Taken::New => {
                        self.report.taken += 1;
                        self.report.octets += u64::try_from(*size).unwrap_or(0);
                    }
                    Taken::There => self.report.there += 1,
                    Taken::Refused(why) => self.report.refuse(&name, &item.place, &because(why)),
                }
            }
            self.progress.step(batch.len(), &self.report);
        }
        Ok(())
    }
}

fn because(why: NotTaken) -> String {
    why.to_string()
}

/// How many of these are read and stored together.
fn batch(items: &[Item]) -> usize {
    let mut octets = 0_u64;
    let fits = |item: &&Item| {
        octets = octets.saturating_add(item.size);
        octets <= BATCH_OCTETS
    };
    items.iter().take(BATCH).take_while(fits).count().max(1)
}

impl Report {
    fn refuse(&mut self, folder: &str, place: &str, why: &str) {
        let (folder, place, why) = (folder.to_owned(), place.to_owned(), why.to_owned());
        self.refused.push(Refused { folder, place, why });
    }

    fn object(&self, address: &str) -> Value {
        let refused = |r: &Refused| json!({ "folder": r.folder, "place": r.place, "why": r.why });
        json!({
            "address": address,
            "mode": if self.tree.is_some() { "sealed" } else { "merged" },
            "tree": self.tree,
            "folders": self.folders,
            "taken": self.taken,
            "octets": self.octets,
            "there": self.there,
            "refused": self.refused.iter().map(refused).collect::<Vec<_>>(),
        })
    }

    fn tell(&self, out: &mut Out) -> Result<(), Stop> {
        out.pairs(&[
            ("folders", self.folders.to_string()),
            ("messages taken", format!("{} ({} octets)", self.taken, self.octets)),
            ("already there", self.there.to_string()),
            ("refused", self.refused.len().to_string()),
        ])?;
        if let Some(tree) = &self.tree {
            out.line(format!(
                "Everything is sealed below the folder {tree}, which shows once a mail client opens the mailbox."
            ))?;
        }
        if self.refused.is_empty() {
            return Ok(());
        }
        out.line("")?;
        let rows: Vec<_> =
            self.refused.iter().map(|r| vec![r.folder.clone(), r.place.clone(), r.why.clone()]).collect();
        out.table(&["refused in", "at", "because"], &rows, "")
    }
}

/// How far it is, on a terminal.
struct Progress {
    shown: bool,
    total: u64,
    done: u64,
}

impl Progress {
    fn new() -> Self {
        Self { shown: std::io::stderr().is_terminal(), total: 0, done: 0 }
    }

    fn step(&mut self, many: usize, report: &Report) {
        self.done += u64::try_from(many).unwrap_or(0);
        if self.shown {
            let megabytes = report.octets / 1_000_000;
            let _ = write!(std::io::stderr(), "\r{} of {} messages, {megabytes} MB ", self.done, self.total);
        }
    }

    fn end(&self) {
        if self.shown && self.done > 0 {
            let _ = writeln!(std::io::stderr());
        }
    }
}

/// Messages that are stored together.
const BATCH: usize = 64;
/// Octets of them, but for one that is larger.
const BATCH_OCTETS: u64 = 4 * 1024 * 1024;

/// CRLF for LF, in a message that has no CRLF at all; everything else as it is.
fn with_crlf(octets: Vec<u8>) -> Vec<u8> {
    if octets.windows(2).any(|pair| pair == b"\r\n") || !octets.contains(&b'\n') {
        return octets;
    }
    let lines = octets.iter().filter(|octet| **octet == b'\n').count();
    let mut crlf = Vec::with_capacity(octets.len().saturating_add(lines));
    for octet in octets {
        if octet == b'\n' {
            crlf.push(b'\r');
        }
        crlf.push(octet);
    }
    crlf
}

/// Whether IMAP can name a keyword so: an atom (RFC 9051 §9).
fn is_keyword(word: &str) -> bool {
    let special = |c: char| !c.is_ascii_graphic() || "(){%*\"\\]".contains(c);
    !word.is_empty() && word.len() <= LONGEST_KEYWORD && !word.contains(special)
}

/// Characters of a keyword.
const LONGEST_KEYWORD: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_line_ends_of_unix_are_altered() {
        assert_eq!(with_crlf(b"a: b\n\nc\n".to_vec()), b"a: b\r\n\r\nc\r\n");
        assert_eq!(with_crlf(b"a\rb\n".to_vec()), b"a\rb\r\n", "a bare CR stays, to be refused");
        for as_it_is in [&b"a\r\nb\n"[..], b"a\r\n", b"none", b""] {
            assert_eq!(with_crlf(as_it_is.to_vec()), as_it_is);
        }
    }

    #[test]
    fn batches_are_bounded_and_never_empty() {
        let item = |size| Item { identity: Vec::new(), size, place: String::new(), at: At::Uid(1) };
        assert_eq!(batch(&(0..100).map(|_| item(10)).collect::<Vec<_>>()), BATCH);
        assert_eq!(batch(&[item(BATCH_OCTETS * 2), item(1)]), 1);
        assert_eq!(batch(&[item(BATCH_OCTETS - 1), item(1), item(1)]), 2);
    }

    #[test]
    fn sources_are_told_apart() {
        assert!(matches!(Kind::of("maildir:/a"), Ok(Kind::Maildir(_))));
        assert!(matches!(Kind::of("imap+starttls://u%40v@h/"), Ok(Kind::Remote(_))));
        for wrong in ["", "maildir:", "/a/b", "https://a", "pop3://a"] {
            assert!(Kind::of(wrong).is_err(), "{wrong}");
        }
    }
}
