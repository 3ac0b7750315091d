//! `pli mailbox export`: everything that a mailbox shows, in clear, as a Maildir or as mbox files.
//!
//! Octets are exact. A Maildir keeps CRLF; an mbox has LF, as its readers expect, and quotes as mboxrd does, both of
//! which are undone when it is read. Each file is written under another name, synced and then renamed. The
//! journal notes the export before the first octet is written.

use std::collections::{BTreeMap, HashSet};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::{Flags, SystemFlags, Timestamp};
use crate::mailbox::{EntryInfo, Reader};

use super::{Opened, Out, Stop, mailbox, out};

/// The arguments of `pli mailbox export`.
#[derive(clap::Args)]
pub(super) struct Export {
    /// The mailbox's address
    address: String,
    /// An empty folder, or one to be made
    dir: PathBuf,
    /// maildir or mbox
    #[arg(long, default_value = "maildir", value_parser = ["maildir", "mbox"])]
    format: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What an export says of itself: the last file that is written, and where names are whole.
#[derive(Serialize, Deserialize)]
pub(super) struct Manifest {
    #[serde(rename = "pli-export")]
    version: u32,
    format: String,
    /// Folders by their place below the export.
    folders: BTreeMap<String, String>,
}

impl Manifest {
    /// The one of a folder, where it is an export.
    pub(super) fn read(root: &Path) -> Option<Self> {
        let text = std::fs::read(root.join(MANIFEST)).ok()?;
        serde_json::from_slice(&text).ok().filter(|manifest: &Self| manifest.version == 1)
    }

    /// The levels of the folder at a place below the export.
    pub(super) fn levels(&self, place: &Path) -> Option<Vec<String>> {
        let name = self.folders.get(place.to_str()?)?;
        Some(name.split('/').map(str::to_owned).collect())
    }
}

impl Export {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        mailbox::read(&self.address)?;
        empty(&self.dir)?;
        let password = out::secret("a device password of this mailbox")?;
        let reader = opened.reader(&self.address, &password).await?;
        let folders = reader.folders().await?;
        let messages = folders.iter().map(|folder| u64::from(folder.messages)).sum::<u64>();
        reader.note_export(usize::try_from(messages).unwrap_or(usize::MAX)).await?;
        make(&self.dir)?;
        let mut places = Places::default();
        let mut manifest = Manifest { version: 1, format: self.format.clone(), folders: BTreeMap::new() };
        let (mut written, mut octets, mut left_out, mut unreadable) = (0_u64, 0_u64, 0_usize, Vec::new());
        for folder in &folders {
            let place = places.of(&folder.name, &self.format);
            let mut target = Target::open(&self.dir.join(&place), &self.format)?;
            for (number, entry) in reader.snapshot(folder.id).await?.entries.iter().enumerate() {
                match message(&reader, entry).await? {
                    Some(Ok(message)) => {
                        target.write(number, entry, &message)?;
                        written += 1;
                        octets = octets.saturating_add(entry.size);
                    }
                    // It went while we read.
                    None => {}
                    Some(Err(why)) => unreadable.push((folder.name.clone(), entry.uid, why)),
                }
            }
            left_out += target.close()?;
            manifest.folders.insert(place.display().to_string(), folder.name.clone());
        }
        let text =
            serde_json::to_vec_pretty(&manifest).map_err(|_| Stop::because("the list of folders cannot be written"))?;
        write_file(&self.dir, MANIFEST, &text, None)?;
        if self.json {
            let unreadable: Vec<_> = unreadable
                .iter()
                .map(|(folder, uid, why)| json!({ "folder": folder, "uid": uid, "why": why }))
                .collect();
            out.json(&json!({
                "address": self.address, "folder": self.dir, "format": self.format, "folders": folders.len(),
                "messages": written, "octets": octets, "keywords_left_out": left_out, "unreadable": unreadable,
            }))?;
        } else {
            out.line(format!(
                "{written} messages ({octets} octets) of {} folders are in {}.",
                folders.len(),
                self.dir.display()
            ))?;
            out.line("They are in clear: keep them as you keep a patient's file, and delete what you no longer need.")?;
            if left_out > 0 {
                out.line(format!(
                    "A Maildir has letters for 26 keywords: {left_out} are left out; --format mbox keeps them."
                ))?;
            }
            for (folder, uid, why) in &unreadable {
                out.line(format!("not written: {folder}, UID {uid}: {why}"))?;
            }
        }
        if unreadable.is_empty() {
            Ok(())
        } else {
            Err(Stop::because("some messages do not open; the others are written"))
        }
    }
}

type Octets = std::sync::Arc<zeroize::Zeroizing<Vec<u8>>>;

/// A message; `None` when it is gone, or why it does not open.
async fn message(reader: &Reader, entry: &EntryInfo) -> Result<Option<Result<Octets, String>>, Stop> {
    match reader.message(entry.id).await {
        Ok(Some(octets)) => Ok(Some(Ok(octets))),
        Ok(None) => Ok(None),
        Err(fault) if fault.is_transient() => Err(fault.into()),
        // One message that does not open takes no other away.
        Err(fault) => Ok(Some(Err(fault.to_string()))),
    }
}

/// Where a folder is written.
enum Target {
    Maildir { folder: PathBuf, words: Words },
    Mbox { folder: PathBuf, name: String, file: BufWriter<File> },
}

impl Target {
    fn open(place: &Path, format: &str) -> Result<Self, Stop> {
        if format == "maildir" {
            for part in ["cur", "new", "tmp"] {
                make(&place.join(part))?;
            }
            return Ok(Self::Maildir { folder: place.to_owned(), words: Words::default() });
        }
        let (folder, name) = parts(place)?;
        make(&folder)?;
        let file = create(&folder.join(format!(".{name}.tmp")))?;
        Ok(Self::Mbox { folder, name, file: BufWriter::new(file) })
    }

    fn write(&mut self, number: usize, entry: &EntryInfo, octets: &[u8]) -> Result<(), Stop> {
        match self {
            Self::Maildir { folder, words } => {
                let letters = letters(&entry.flags, words);
                let (seconds, micros) =
                    (entry.received_at.0.div_euclid(1000), entry.received_at.0.rem_euclid(1000) * 1000);
                let name = format!("{seconds}.M{micros}P1Q{number}.pli,S={}:2,{letters}", entry.size);
                // Delivered by rename, as every Maildir is: what is in `cur` is whole.
                let written = write_file(&folder.join("tmp"), &name, octets, Some(entry.received_at))?;
                std::fs::rename(&written, folder.join("cur").join(&name)).map_err(|error| trouble(&written, &error))
            }
            Self::Mbox { file, .. } => Ok(mbox(file, entry, octets)?),
        }
    }

    /// Makes it durable; says how many keywords a Maildir has no letter for.
    fn close(self) -> Result<usize, Stop> {
        match self {
            Self::Maildir { folder, words } => {
                sync(&folder.join("cur"))?;
                if words.named.is_empty() {
                    return Ok(0);
                }
                let text: String = words.named.iter().enumerate().map(|(at, word)| format!("{at} {word}\n")).collect();
                write_file(&folder, "dovecot-keywords", text.as_bytes(), None)?;
                Ok(words.left_out.len())
            }
            Self::Mbox { folder, name, file } => {
                let file = file.into_inner().map_err(|error| Stop::from(error.into_error()))?;
                file.sync_all()?;
                let written = folder.join(format!(".{name}.tmp"));
                std::fs::rename(&written, folder.join(&name)).map_err(|error| trouble(&written, &error))?;
                sync(&folder)?;
                Ok(0)
            }
        }
    }
}

/// The keywords of one Maildir: 26 have letters.
#[derive(Default)]
struct Words {
    named: Vec<String>,
    left_out: HashSet<String>,
}

/// The letters of a Maildir's name, in ASCII order.
fn letters(flags: &Flags, words: &mut Words) -> String {
    let system = [
        ('D', SystemFlags::DRAFT),
        ('F', SystemFlags::FLAGGED),
        ('R', SystemFlags::ANSWERED),
        ('S', SystemFlags::SEEN),
        ('T', SystemFlags::DELETED),
    ];
    let mut letters: Vec<char> =
        system.iter().filter(|(_, flag)| flags.system.has(*flag)).map(|(letter, _)| *letter).collect();
    for word in flags.client_keywords() {
        let at = match words.named.iter().position(|known| *known == word) {
            None if words.named.len() >= 26 => {
                words.left_out.insert(word);
                continue;
            }
            None => {
                words.named.push(word);
                words.named.len().saturating_sub(1)
            }
            Some(at) => at,
        };
        let letter = u8::try_from(at).ok().and_then(|at| b'a'.checked_add(at));
        letters.extend(letter.map(char::from));
    }
    letters.sort_unstable();
    letters.into_iter().collect()
}

/// One message of an mbox: the separator, four lines that our import takes off again, the message, an empty line.
fn mbox(file: &mut impl Write, entry: &EntryInfo, octets: &[u8]) -> std::io::Result<()> {
    let at = jiff::Timestamp::from_millisecond(entry.received_at.0).unwrap_or_default();
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%a %b %e %H:%M:%S %Y").to_string();
    let unended = if octets.ends_with(b"\r\n") { "" } else { " unended" };
    let has = |flag, letter: &'static str| if entry.flags.system.has(flag) { letter } else { "" };
    let words: Vec<String> = entry.flags.client_keywords().into_iter().collect();
    writeln!(file, "From MAILER-DAEMON {at}")?;
    writeln!(file, "{TAG} 1 {}{unended}", entry.received_at.0)?;
    writeln!(file, "Status: {}O", has(SystemFlags::SEEN, "R"))?;
    let marks = [
        has(SystemFlags::ANSWERED, "A"),
        has(SystemFlags::FLAGGED, "F"),
        has(SystemFlags::DRAFT, "T"),
        has(SystemFlags::DELETED, "D"),
    ];
    writeln!(file, "X-Status: {}", marks.concat())?;
    writeln!(file, "X-Keywords: {}", words.join(" "))?;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let quotes = line.iter().take_while(|octet| **octet == b'>').count();
        if line.get(quotes..).is_some_and(|line| line.starts_with(b"From ")) {
            file.write_all(b">")?;
        }
        match line.strip_suffix(b"\r\n") {
            Some(line) => {
                file.write_all(line)?;
                file.write_all(b"\n")?;
            }
            None => file.write_all(line)?,
        }
    }
    file.write_all(if unended.is_empty() { b"\n" } else { b"\n\n" })
}

/// Places of folders: one for each, whatever their names are.
#[derive(Default)]
struct Places(HashSet<String>);

impl Places {
    fn of(&mut self, name: &str, format: &str) -> PathBuf {
        let safe: PathBuf = name.split('/').map(safe).collect();
        let ending = if format == "mbox" { ".mbox" } else { "" };
        let mut number = 1;
        loop {
            let behind = if number == 1 { String::new() } else { format!("~{number}") };
            let place = format!("{}{behind}{ending}", safe.display());
            // Case does not tell files apart everywhere.
            if self.0.insert(place.to_lowercase()) {
                return place.into();
            }
            number += 1;
        }
    }
}

/// A level as the name of a file: no dot in front, nothing that a Maildir has of its own, not too long.
fn safe(level: &str) -> String {
    let mut safe = level.replace(['\\', '\0'], "_");
    if safe.starts_with('.') || ["cur", "new", "tmp", MANIFEST, "dovecot-keywords"].contains(&safe.as_str()) {
        safe.insert(0, '_');
    }
    while safe.len() > LONGEST {
        safe.pop();
    }
    safe
}

/// A folder that does not exist, or is empty.
fn empty(dir: &Path) -> Result<(), Stop> {
    match std::fs::read_dir(dir) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => {
                Err(Stop::because(format!("{}: is not empty; an export needs a folder of its own", dir.display())))
            }
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(trouble(dir, &error)),
    }
}

fn make(folder: &Path) -> Result<(), Stop> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| trouble(folder, &error))?;
    use std::os::unix::fs::PermissionsExt as _;
    // One that was there before is the owner's alone from now on.
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(|error| trouble(folder, &error))
}

fn create(path: &Path) -> Result<File, Stop> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| trouble(path, &error))
}

/// Writes a file under another name, syncs it, gives it its time and its name.
fn write_file(folder: &Path, name: &str, octets: &[u8], at: Option<Timestamp>) -> Result<PathBuf, Stop> {
    let (draft, path) = (folder.join(format!(".{name}.tmp")), folder.join(name));
    let mut file = create(&draft)?;
    file.write_all(octets)?;
    if let Some(since) = at.and_then(|at| u64::try_from(at.0).ok()) {
        file.set_modified(UNIX_EPOCH + Duration::from_millis(since))?;
    }
    file.sync_all()?;
    std::fs::rename(&draft, &path).map_err(|error| trouble(&path, &error))?;
    Ok(path)
}

fn sync(folder: &Path) -> Result<(), Stop> {
    Ok(File::open(folder)?.sync_all()?)
}

fn parts(place: &Path) -> Result<(PathBuf, String), Stop> {
    match (place.parent(), place.components().next_back()) {
        (Some(folder), Some(Component::Normal(name))) => Ok((folder.to_owned(), name.to_string_lossy().into_owned())),
        _ => Err(Stop::because("a folder has no name")),
    }
}

fn trouble(path: &Path, error: &std::io::Error) -> Stop {
    Stop::because(format!("{}: {}", path.display(), error.kind()))
}

const MANIFEST: &str = "pli-export.json";
/// The field that our export puts on top of a message of an mbox.
pub(super) const TAG: &str = "X-Pli-Mbox:";
/// Octets of a level in the name of a file, with room for a number and an ending.
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_has_a_place_of_its_own() {
        let mut places = Places::default();
        let mut of = |name: &str| places.of(name, "mbox").display().to_string();
        assert_eq!(of("A/b"), "A/b.mbox");
        assert_eq!(of("a/B"), "a/B~2.mbox");
        assert_eq!(of(".."), "_...mbox");
        assert_eq!(of("cur"), "_cur.mbox");
        let long = "é".repeat(127);
        assert!(of(&long).len() < 255 && of(&format!("{long}x")).ends_with("~2.mbox"));
    }

    #[test]
    fn letters_are_in_order_and_bounded() {
        let mut words = Words::default();
        let flags =
            |system, words: &[&str]| Flags { system, keywords: words.iter().map(|w| (*w).to_owned()).collect() };
        assert_eq!(letters(&flags(SystemFlags::CLIENT, &["x", "$PliOpened"]), &mut words), "DFRSTa");
        assert_eq!(letters(&flags(SystemFlags::SEEN, &["y", "x"]), &mut words), "Sab");
        let many: Vec<String> = (0..40).map(|n| format!("k{n:02}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(letters(&flags(SystemFlags::SEEN, &many), &mut words).len(), 25);
        assert_eq!((words.named.len(), words.left_out.len()), (26, 16));
    }
}
