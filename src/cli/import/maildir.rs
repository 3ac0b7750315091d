//! Maildirs: the plain one, Maildir++ (`.Folder.Sub`), and the nested layouts of Dovecot (`fs`) and mbsync.
//!
//! Flags are in the name behind `:2,`; letters a to z are keywords that Dovecot's `dovecot-keywords` names. The
//! delivery is the earlier of the time in the name and the file's own: a tool that copied an account keeps one of
//! the two. `tmp` holds what was never delivered. Links are not followed. Nothing is moved or changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::domain::{Flags, SystemFlags, Timestamp};

use super::super::Stop;
use super::names::decoded;
use super::{At, Found, Item, Message, Source, is_keyword, with_crlf};
use crate::cli::export::Manifest;

/// A folder that is a Maildir, or holds some.
pub(super) struct Maildir {
    root: PathBuf,
    /// Names as our own export noted them.
    manifest: Option<Manifest>,
}

impl Maildir {
    pub(super) fn open(root: &Path) -> Result<Self, Stop> {
        let root = real(root)?;
        if !root.is_dir() {
            return Err(Stop::because(format!("{}: is not a folder", root.display())));
        }
        let manifest = Manifest::read(&root);
        Ok(Self { root, manifest })
    }

    fn walk(&self, folder: &Path, levels: &[String], found: &mut Vec<Found>) -> Result<(), Stop> {
        if is_maildir(folder) {
            let levels = if levels.is_empty() { vec!["INBOX".to_owned()] } else { levels.to_vec() };
            let below = folder.strip_prefix(&self.root).unwrap_or(Path::new(""));
            let noted = self.manifest.as_ref().and_then(|manifest| manifest.levels(below));
            found.push(Found {
                levels: noted.unwrap_or(levels),
                role: None,
                view: false,
                identity: format!("maildir\0{}", folder.display()),
                at: folder.display().to_string(),
            });
        }
        for (name, path) in folders(folder)? {
            // Maildir++ has all its folders beside each other, dots between levels; mbsync nests them.
            let below: Vec<String> = match name.strip_prefix('.') {
                Some(dotted) if levels.is_empty() => dotted.split('.').map(decoded).collect(),
                Some(nested) => vec![decoded(nested)],
                None => vec![decoded(&name)],
            };
            self.walk(&path, &[levels, below.as_slice()].concat(), found)?;
        }
        Ok(())
    }
}

impl Source for Maildir {
    async fn folders(&mut self) -> Result<Vec<Found>, Stop> {
        let mut found = Vec::new();
        self.walk(&self.root, &[], &mut found)?;
        if found.is_empty() {
            return Err(Stop::because(format!("{}: there is no Maildir (cur, new) in it", self.root.display())));
        }
        Ok(found)
    }

    async fn messages(&mut self, folder: &Found, _: &dyn Fn(&[u8]) -> Vec<u8>) -> Result<Vec<Item>, Stop> {
        let mut messages: Vec<(i64, String, Item)> = Vec::new();
        for part in ["new", "cur"] {
            let path = Path::new(&folder.at).join(part);
            let Ok(entries) = std::fs::read_dir(&path) else { continue };
            for entry in entries {
                let entry = entry.map_err(|error| trouble(&path, &error))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let Ok(metadata) = entry.metadata() else { continue };
                if !metadata.is_file() || name.starts_with('.') {
                    continue;
                }
                let at = delivered(&name, &metadata);
                let identity = base(&name);
                let item = Item {
                    identity: identity.clone().into_bytes(),
                    size: metadata.len(),
                    place: format!("{part}/{name}"),
                    at: At::File(entry.path()),
                };
                messages.push((at.0, identity, item));
            }
        }
        messages.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        Ok(messages.into_iter().map(|(.., item)| item).collect())
    }

    async fn read(&mut self, folder: &Found, items: &[Item]) -> Result<Vec<Result<Message, String>>, Stop> {
        let words = keywords(Path::new(&folder.at));
        Ok(items.iter().map(|item| read(item, &words)).collect())
    }
}

fn read(item: &Item, words: &BTreeMap<char, String>) -> Result<Message, String> {
    let At::File(path) = &item.at else { return Err("not a file".to_owned()) };
    let gone = |error: std::io::Error| match error.kind() {
        // Renamed by a mail client meanwhile: the next run finds it.
        std::io::ErrorKind::NotFound => "it was moved or renamed meanwhile; run the import again".to_owned(),
        kind => kind.to_string(),
    };
    let metadata = std::fs::symlink_metadata(path).map_err(gone)?;
    let octets = std::fs::read(path).map_err(gone)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Message { octets: with_crlf(octets), flags: flags(&name, words), at: Some(delivered(&name, &metadata)) })
}

/// The part of a name that stays when flags change: without `:2,…`, and without the UID that mbsync adds.
fn base(name: &str) -> String {
    let unique = name.split([':', ';', '!']).next().unwrap_or(name);
    let kept = unique.split(',').filter(|part| !part.starts_with("U="));
    kept.collect::<Vec<_>>().join(",")
}

fn flags(name: &str, words: &BTreeMap<char, String>) -> Flags {
    let mut flags = Flags::default();
    let Some((_, letters)) = name.rsplit_once("2,").filter(|(before, _)| before.ends_with([':', ';', '!'])) else {
        return flags;
    };
    for letter in letters.chars().take_while(|letter| *letter != ',') {
        let system = match letter {
            'D' => SystemFlags::DRAFT,
            'F' => SystemFlags::FLAGGED,
            'R' => SystemFlags::ANSWERED,
            'S' => SystemFlags::SEEN,
            'T' => SystemFlags::DELETED,
            // Passed: forwarded, bounced or sent again.
            'P' => {
                flags.keywords.insert("$Forwarded".to_owned());
                continue;
            }
            letter => {
                flags.keywords.extend(words.get(&letter).cloned());
                continue;
            }
        };
        flags.system = flags.system.with(system);
    }
    flags
}

/// `dovecot-keywords`: a number and a name a line; the number is the letter of a file's name.
fn keywords(folder: &Path) -> BTreeMap<char, String> {
    let text = std::fs::read_to_string(folder.join("dovecot-keywords")).unwrap_or_default();
    let word = |line: &str| {
        let (number, word) = line.split_once(' ')?;
        let letter = char::from(b'a'.checked_add(number.parse::<u8>().ok().filter(|number| *number < 26)?)?);
        is_keyword(word).then(|| (letter, word.to_owned()))
    };
    text.lines().filter_map(word).collect()
}

/// The earlier of the time in the name (with the microseconds behind `M`) and the file's own.
fn delivered(name: &str, metadata: &std::fs::Metadata) -> Timestamp {
    let own = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let own = own.and_then(|since| i64::try_from(since.as_millis()).ok());
    let named = named(name);
    Timestamp(named.into_iter().chain(own).min().unwrap_or(0))
}

fn named(name: &str) -> Option<i64> {
    let (seconds, rest) = name.split_once('.')?;
    let seconds: i64 = seconds.parse().ok().filter(|seconds| *seconds > EARLIEST)?;
    let micros = rest.strip_prefix('M').map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    let micros: i64 = micros.and_then(|digits| digits.parse().ok()).filter(|micros| *micros < 1_000_000).unwrap_or(0);
    seconds.checked_mul(1000)?.checked_add(micros / 1000)
}

fn is_maildir(folder: &Path) -> bool {
    folder.join("cur").is_dir() && folder.join("new").is_dir()
}

/// The folders in a folder that are no part of a Maildir, by name.
fn folders(folder: &Path) -> Result<Vec<(String, PathBuf)>, Stop> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| trouble(folder, &error))? {
        let entry = entry.map_err(|error| trouble(folder, &error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && !["cur", "new", "tmp", "."].contains(&name.as_str()) {
            all.push((name, entry.path()));
        }
    }
    all.sort();
    Ok(all)
}

/// A path without links, as it is told from others.
pub(super) fn real(path: &Path) -> Result<PathBuf, Stop> {
    std::fs::canonicalize(path).map_err(|error| trouble(path, &error))
}

fn trouble(path: &Path, error: &std::io::Error) -> Stop {
    Stop::because(format!("{}: {}", path.display(), error.kind()))
}

/// No number below this is a time of delivery (2001).
const EARLIEST: i64 = 978_307_200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_flags_time_and_identity() {
        let words: BTreeMap<char, String> = [('b', "urgent".to_owned())].into();
        let all = flags("1700000000.M5P1.host,S=12:2,DFPRSTab", &words);
        assert_eq!(all.system, SystemFlags::CLIENT);
        assert_eq!(all.keywords.iter().map(String::as_str).collect::<Vec<_>>(), ["$Forwarded", "urgent"]);
        for none in ["1700000000.M5P1.host", "1700000000.M5P1.host:2,", "a2,S", "x:1,S"] {
            assert_eq!(flags(none, &words), Flags::default(), "{none}");
        }
        assert_eq!(base("1.M2.h,S=3,W=4,U=7:2,S"), base("1.M2.h,S=3,W=4"));
        assert_ne!(base("1.M2.h,S=3:2,S"), base("1.M3.h,S=3:2,S"));
        assert_eq!(named("1700000000.M250999P1.host"), Some(1_700_000_000_250));
        assert_eq!(named("1700000000.1.host"), Some(1_700_000_000_000));
        assert_eq!(named("12.x"), None);
    }
}
