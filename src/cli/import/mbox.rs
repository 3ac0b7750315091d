//! mbox files (RFC 4155): one folder each; a folder of them is a tree, Thunderbird's `.sbd` and Apple's `.mbox` too.
//!
//! A message begins at a line `From ` with a date at its end, at the beginning of the file or behind an empty
//! line. One `>` is taken off lines that are `From ` behind one or more of them (mboxrd): right for mboxrd, and for
//! mboxo but for a line that had a `>` before it was quoted. Content-Length is not believed: nobody can tell a lie
//! from a file that was edited. Flags are read from Status, X-Status, X-Keywords and Thunderbird's fields, which
//! stay in the message as they are.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::cli::export::{Manifest, TAG};
use crate::domain::{Flags, SystemFlags, Timestamp};

use super::super::Stop;
use super::maildir::real;
use super::names::decoded;
use super::{At, Found, Item, Message, Source, is_keyword, with_crlf};

/// A file, or a folder of files.
pub(super) struct Mbox {
    root: PathBuf,
    limit: u64,
    manifest: Option<Manifest>,
}

impl Mbox {
    pub(super) fn open(root: &Path, limit: u64) -> Result<Self, Stop> {
        let root = real(root)?;
        let manifest = if root.is_dir() { Manifest::read(&root) } else { None };
        Ok(Self { root, limit, manifest })
    }

    fn walk(&self, folder: &Path, levels: &[String], found: &mut Vec<Found>) -> Result<(), Stop> {
        let entries = std::fs::read_dir(folder).map_err(|error| trouble(folder, &error))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let Ok(metadata) = std::fs::symlink_metadata(&path) else { continue };
            if name.starts_with('.') {
                continue;
            }
            let level = decoded(name.trim_end_matches(".sbd").trim_end_matches(".mbox"));
            if metadata.is_dir() {
                self.walk(&path, &[levels, &[level]].concat(), found)?;
            } else if metadata.is_file() && is_mbox(&path) {
                // Apple Mail: the file in `Name.mbox` is called `mbox`.
                let apple = name == "mbox" && folder.extension().is_some_and(|ending| ending == "mbox");
                let levels = if apple { levels.to_vec() } else { [levels, &[level]].concat() };
                found.push(self.found(&path, levels));
            }
        }
        Ok(())
    }

    fn found(&self, path: &Path, levels: Vec<String>) -> Found {
        let below = path.strip_prefix(&self.root).unwrap_or(path);
        let noted = self.manifest.as_ref().and_then(|manifest| manifest.levels(below));
        Found {
            levels: noted.unwrap_or(levels),
            role: None,
            view: false,
            identity: format!("mbox\0{}", path.display()),
            at: path.display().to_string(),
        }
    }
}

impl Source for Mbox {
    async fn folders(&mut self) -> Result<Vec<Found>, Stop> {
        let mut found = Vec::new();
        if self.root.is_dir() {
            self.walk(&self.root, &[], &mut found)?;
        } else if is_mbox(&self.root) {
            let name = self.root.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let name = if name.eq_ignore_ascii_case("mbox") { "INBOX".to_owned() } else { decoded(&name) };
            found.push(self.found(&self.root, vec![name]));
        }
        if found.is_empty() {
            return Err(Stop::because(format!("{}: there is no mbox file in it", self.root.display())));
        }
        Ok(found)
    }

    async fn messages(&mut self, folder: &Found, mark: &dyn Fn(&[u8]) -> Vec<u8>) -> Result<Vec<Item>, Stop> {
        let path = Path::new(&folder.at);
        let file = File::open(path).map_err(|error| trouble(path, &error))?;
        let mut items = Vec::new();
        let mut copies: HashMap<Vec<u8>, u32> = HashMap::new();
        let mut reader = BufReader::new(file);
        spans(&mut reader, self.limit, |span| {
            let place = format!("line {}", span.line);
            let Some(raw) = span.raw else {
                items.push(Item {
                    identity: Vec::new(),
                    size: span.length,
                    place,
                    at: At::Span(span.start, span.length),
                });
                return;
            };
            let message = message(&raw);
            let mut identity = mark(&message.octets);
            // The same octets twice are two messages.
            let copy = copies.entry(identity.clone()).or_default();
            identity.extend(copy.to_be_bytes());
            *copy += 1;
            let size = u64::try_from(message.octets.len()).unwrap_or(u64::MAX);
            items.push(Item { identity, size, place, at: At::Span(span.start, span.length) });
        })
        .map_err(|error| trouble(path, &error))?;
        Ok(items)
    }

    async fn read(&mut self, folder: &Found, items: &[Item]) -> Result<Vec<Result<Message, String>>, Stop> {
        let path = Path::new(&folder.at);
        let mut file = File::open(path).map_err(|error| trouble(path, &error))?;
        let mut read = |item: &Item| -> std::io::Result<Message> {
            let At::Span(start, length) = item.at else { return Err(std::io::ErrorKind::InvalidInput.into()) };
            file.seek(SeekFrom::Start(start))?;
            let mut raw = vec![0; usize::try_from(length).unwrap_or(0)];
            file.read_exact(&mut raw)?;
            Ok(message(&raw))
        };
        Ok(items.iter().map(|item| read(item).map_err(|error| error.kind().to_string())).collect())
    }
}

/// A message of a file, its `From ` line with it.
struct Span {
    start: u64,
    length: u64,
    /// The line of the file where it begins.
    line: u64,
    /// Its octets, unless it is far too large.
    raw: Option<Vec<u8>>,
}

/// Goes through a file once, however large it is.
fn spans(reader: &mut impl BufRead, limit: u64, mut each: impl FnMut(Span)) -> std::io::Result<()> {
    let (mut offset, mut line, mut current): (u64, u64, Option<Span>) = (0, 0, None);
    // A file begins as if behind an empty line.
    let (mut behind_empty, mut at_line_start) = (true, true);
    let mut piece = Vec::new();
    loop {
        piece.clear();
        let many = reader.by_ref().take(PIECE).read_until(b'\n', &mut piece)?;
        if many == 0 {
            break;
        }
        if at_line_start {
            line += 1;
            if behind_empty
                && separator(&piece).is_some()
                && let Some(span) = current.replace(Span { start: offset, length: 0, line, raw: Some(Vec::new()) })
            {
                each(span);
            }
        }
        let many = u64::try_from(many).unwrap_or(0);
        offset += many;
        if let Some(span) = &mut current {
            span.length += many;
            // Quoting and the first line make a message a little shorter than what is here.
            if span.length > limit.saturating_mul(2).saturating_add(PIECE) {
                span.raw = None;
            }
            if let Some(raw) = &mut span.raw {
                raw.extend_from_slice(&piece);
            }
        }
        behind_empty = at_line_start && matches!(piece.as_slice(), b"\n" | b"\r\n");
        at_line_start = piece.ends_with(b"\n");
    }
    if let Some(span) = current {
        each(span);
    }
    Ok(())
}

/// The message of what stands between two separators.
fn message(raw: &[u8]) -> Message {
    let (first, body) = split_line(raw);
    // The empty line before the next separator, or at the end of the file, belongs to the format.
    let ended = |kept: &&[u8]| kept.is_empty() || kept.ends_with(b"\n");
    let body =
        body.strip_suffix(b"\r\n").filter(ended).or_else(|| body.strip_suffix(b"\n").filter(ended)).unwrap_or(body);
    let mut at = separator(first);
    let (mut octets, mut rest) = (Vec::with_capacity(body.len()), body);
    while !rest.is_empty() {
        let (line, after) = split_line(rest);
        rest = after;
        let quotes = line.iter().take_while(|octet| **octet == b'>').count();
        let quoted = quotes > 0 && line.get(quotes..).is_some_and(|line| line.starts_with(b"From "));
        octets.extend_from_slice(line.get(usize::from(quoted)..).unwrap_or_default());
    }
    let mut flags = flags(&octets);
    if let Some(exported) = Exported::read(&octets) {
        (at, flags) = (Some(exported.at), flags_of_export(&octets));
        octets.drain(..exported.length.min(octets.len()));
        if exported.unended && octets.ends_with(b"\n") {
            octets.pop();
        }
    }
    Message { octets: with_crlf(octets), flags, at }
}

/// What our own export puts on top of a message, and takes off again here: four lines.
struct Exported {
    at: Timestamp,
    unended: bool,
    length: usize,
}

impl Exported {
    fn read(octets: &[u8]) -> Option<Self> {
        let (first, mut rest) = split_line(octets);
        let text = std::str::from_utf8(first).ok()?.strip_prefix(TAG)?.trim();
        let (version, at) = text.split_once(' ')?;
        let (at, unended) = at.strip_suffix(" unended").map_or((at, false), |at| (at, true));
        let mut length = first.len();
        for field in ["Status:", "X-Status:", "X-Keywords:"] {
            let (line, after) = split_line(rest);
            (version == "1" && line.starts_with(field.as_bytes())).then_some(())?;
            (length, rest) = (length.checked_add(line.len())?, after);
        }
        Some(Self { at: Timestamp(at.parse().ok()?), unended, length })
    }
}

/// The flags of the four lines, and none that a message brought itself.
fn flags_of_export(octets: &[u8]) -> Flags {
    let mut lines = octets.splitn(5, |octet| *octet == b'\n');
    let mut all = Vec::new();
    for line in lines.by_ref().take(4) {
        all.extend_from_slice(line);
        all.push(b'\n');
    }
    flags(&all)
}

fn split_line(octets: &[u8]) -> (&[u8], &[u8]) {
    let end = octets.iter().position(|octet| *octet == b'\n').map_or(octets.len(), |at| at.saturating_add(1));
    octets.split_at_checked(end).unwrap_or((octets, &[]))
}

/// The flags that the fields of a header tell.
fn flags(octets: &[u8]) -> Flags {
    let mut flags = Flags::default();
    let mut rest = octets;
    loop {
        let (line, after) = split_line(rest);
        rest = after;
        let line = line.trim_ascii();
        if line.is_empty() {
            return flags;
        }
        let Some((name, value)) = std::str::from_utf8(line).ok().and_then(|line| line.split_once(':')) else {
            continue;
        };
        let value = value.trim();
        let mut set = |on: bool, flag: SystemFlags| {
            if on {
                flags.system = flags.system.with(flag);
            }
        };
        match name.to_ascii_lowercase().as_str() {
            "status" => set(value.contains('R'), SystemFlags::SEEN),
            "x-status" => {
                set(value.contains('A'), SystemFlags::ANSWERED);
                set(value.contains('F'), SystemFlags::FLAGGED);
                set(value.contains('T'), SystemFlags::DRAFT);
                set(value.contains('D'), SystemFlags::DELETED);
            }
            "x-mozilla-status" => {
                let bits = u16::from_str_radix(value, 16).unwrap_or(0);
                set(bits & 1 != 0, SystemFlags::SEEN);
                set(bits & 2 != 0, SystemFlags::ANSWERED);
                set(bits & 4 != 0, SystemFlags::FLAGGED);
                set(bits & 8 != 0, SystemFlags::DELETED);
            }
            "x-keywords" | "x-mozilla-keys" => {
                let words = value.split([' ', ',']).filter(|word| is_keyword(word)).map(str::to_owned);
                flags.keywords.extend(words);
            }
            _ => {}
        }
    }
}

/// The date of a line `From sender date` (asctime; a zone before or behind the year); `None` for any other line.
fn separator(line: &[u8]) -> Option<Timestamp> {
    let line = std::str::from_utf8(line.get(..line.len().min(400))?).ok()?.strip_prefix("From ")?;
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let day = words.iter().position(|word| WEEKDAYS.contains(word))?;
    let [month, day, time, rest @ ..] = words.get(day.checked_add(1)?..)? else { return None };
    let month = MONTHS.iter().position(|name| name == month)?;
    let mut clock = time.split(':').map(str::parse::<i8>);
    let (hour, minute) = (clock.next()?.ok()?, clock.next()?.ok()?);
    let second = clock.next().transpose().ok()?.unwrap_or(0);
    let (year, zone) = match rest {
        [year] => (year, None),
        [one, two, ..] if is_year(one) => (one, Some(two)),
        [one, two, ..] if is_year(two) => (two, Some(one)),
        _ => return None,
    };
    let month = i8::try_from(month.checked_add(1)?).ok()?;
    let at = jiff::civil::DateTime::new(year.parse().ok()?, month, day.parse().ok()?, hour, minute, second, 0).ok()?;
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond();
    Some(Timestamp(at.checked_sub(zone.map_or(0, |zone| offset(zone)))?))
}

fn is_year(word: &str) -> bool {
    word.len() == 4 && word.bytes().all(|octet| octet.is_ascii_digit())
}

/// `+0200` in milliseconds; names of zones count as UTC, which RFC 4155 asks for.
fn offset(zone: &str) -> i64 {
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: i64 = match zone.strip_prefix(['+', '-']).filter(|digits| digits.len() == 4) {
        Some(digits) => digits.parse().unwrap_or(0),
        None => 0,
    };
    sign * ((digits / 100) * 3_600_000 + (digits % 100) * 60_000)
}

/// Whether a file begins as one; an empty one counts by its name.
fn is_mbox(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut first = Vec::new();
    match BufReader::new(file.take(PIECE)).read_until(b'\n', &mut first) {
        Ok(0) => path.extension().is_some_and(|ending| ending == "mbox"),
        Ok(_) => separator(&first).is_some(),
        Err(_) => false,
    }
}

fn trouble(path: &Path, error: &std::io::Error) -> Stop {
    Stop::because(format!("{}: {}", path.display(), error.kind()))
}

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Octets that are read at once; a longer line is read in several.
const PIECE: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &str = "From a@b.example Fri Nov 27 18:12:05 2026\n";

    fn all(file: &str) -> Vec<Message> {
        let mut all = Vec::new();
        spans(&mut file.as_bytes(), 1_000_000, |span| all.push(message(&span.raw.expect("small")))).expect("read");
        all
    }

    fn texts(file: &str) -> Vec<String> {
        all(file).into_iter().map(|message| String::from_utf8(message.octets).expect("text")).collect()
    }

    #[test]
    fn messages_are_told_apart_by_lines_with_a_date_behind_an_empty_line() {
        let file = format!("{FROM}A: 1\n\none\nFrom here on\n\nFrom now on it is text\n\n{FROM}A: 2\n\ntwo\n\n");
        assert_eq!(
            texts(&file),
            ["A: 1\r\n\r\none\r\nFrom here on\r\n\r\nFrom now on it is text\r\n", "A: 2\r\n\r\ntwo\r\n"]
        );
        let no_empty_line = format!("{FROM}A: 1\n\none\n{FROM}\n");
        assert_eq!(texts(&no_empty_line).len(), 1);
    }

    #[test]
    fn one_mark_of_quoting_is_taken_off() {
        let file = format!("{FROM}A: 1\n\n>From x\n>>From y\n> From z\n>Fromage\n\n");
        assert_eq!(texts(&file), ["A: 1\r\n\r\nFrom x\r\n>From y\r\n> From z\r\n>Fromage\r\n"]);
    }

    #[test]
    fn a_file_without_a_last_line_end_and_a_lie_about_its_length() {
        let file = format!("{FROM}Content-Length: 4\n\nmore than four\n\n{FROM}Content-Length: 400000\n\nlast");
        assert_eq!(texts(&file), ["Content-Length: 4\r\n\r\nmore than four\r\n", "Content-Length: 400000\r\n\r\nlast"]);
        assert_eq!(texts(&format!("{FROM}\n\n")), ["\r\n"]);
        assert!(texts("").is_empty() && texts("no mbox\n").is_empty());
    }

    #[test]
    fn lines_of_windows_stay_and_mixed_ones_too() {
        let file = format!("{FROM}A: 1\r\n\r\n>From\r\n>From x\r\n\r\n{FROM}A: 2\n\nx\r\n\n");
        assert_eq!(texts(&file), ["A: 1\r\n\r\n>From\r\nFrom x\r\n", "A: 2\n\nx\r\n"], "the second will be refused");
    }

    #[test]
    fn flags_and_dates_are_read() {
        let file = format!(
            "{FROM}Status: RO\nX-Status: AF\nX-Keywords: urgent  $Label1 (bad)\n\nStatus: x\n\n\
             {FROM}X-Mozilla-Status: 0005\nX-Mozilla-Keys: a                 \n\n\n"
        );
        let all = all(&file);
        let flags: Vec<_> = all.iter().map(|message| message.flags.system).collect();
        let seen = SystemFlags::SEEN.with(SystemFlags::FLAGGED);
        assert_eq!(flags, [seen.with(SystemFlags::ANSWERED), seen]);
        assert_eq!(all[0].flags.keywords.iter().map(String::as_str).collect::<Vec<_>>(), ["$Label1", "urgent"]);
        assert_eq!(all[0].at, Some(Timestamp(1_795_803_125_000)));
        for (line, at) in [
            ("From a Fri Nov 27 20:12:05 2026 +0200", Some(1_795_803_125_000)),
            ("From a Fri Nov 27 18:12:05 CET 2026", Some(1_795_803_125_000)),
            ("From a b Fri Nov  7 18:12 2026", Some(1_794_075_120_000)),
            ("From - Fri Nov 27 18:12:05 2026", Some(1_795_803_125_000)),
            ("From Friday on", None),
            ("From a Fri Nov 47 18:12:05 2026", None),
            ("from a Fri Nov 27 18:12:05 2026", None),
        ] {
            assert_eq!(separator(line.as_bytes()), at.map(Timestamp), "{line}");
        }
    }

    #[test]
    fn what_our_export_put_on_top_goes_again() {
        let file = format!(
            "{FROM}X-Pli-Mbox: 1 1764267125123 unended\nStatus: RO\nX-Status: \nX-Keywords: a\nStatus: O\n\nx\n\n"
        );
        let all = all(&file);
        assert_eq!(all[0].octets, b"Status: O\r\n\r\nx");
        assert_eq!((all[0].at, all[0].flags.system), (Some(Timestamp(1_764_267_125_123)), SystemFlags::SEEN));
        let other = format!("{FROM}X-Pli-Mbox: 1 5\nSubject: x\n\n\n");
        assert_eq!(texts(&other), ["X-Pli-Mbox: 1 5\r\nSubject: x\r\n\r\n"]);
    }
}
