//! The form of a zip file: PKWARE's APPNOTE.TXT 6.3.10, nothing compressed, nothing encrypted.
//!
//! What is saved here is compressed already (PDF, JPEG). Lengths and check values stand before the octets: some
//! unpackers refuse a stored file whose own come behind it (§4.4.4, bit 3). Pure: bytes out, no I/O.

use std::collections::{HashMap, HashSet};

/// One file of it.
pub(super) struct Entry {
    /// Its name: no path, no two alike.
    name: String,
    /// Its octets.
    pub(super) size: u32,
    /// Their CRC-32.
    pub(super) crc: u32,
    /// Where its header begins.
    at: u32,
}

/// A zip whose files are known, before any octet of them.
pub(super) struct Layout {
    pub(super) entries: Vec<Entry>,
    /// Date and time as MS-DOS had them (§4.4.6).
    date: u16,
    time: u16,
    directory: u32,
    length: u64,
}

impl Layout {
    /// Lays out files: name, octets, CRC-32. None for more than this form holds: 65,534 files, four gigabytes.
    pub(super) fn new(files: Vec<(String, u64, u32)>, written: jiff::civil::DateTime) -> Option<Self> {
        if files.len() >= usize::from(u16::MAX) {
            return None;
        }
        let names = told_apart(files.iter().map(|(name, ..)| name.as_str()));
        let (mut at, mut directory) = (0_u64, 0_u64);
        let mut entries = Vec::with_capacity(files.len());
        for (name, (_, size, crc)) in names.into_iter().zip(files) {
            let begins = u32::try_from(at).ok()?;
            at = at.checked_add(LOCAL + name.len() as u64)?.checked_add(size)?;
            directory += CENTRAL + name.len() as u64;
            entries.push(Entry { name, size: u32::try_from(size).ok()?, crc, at: begins });
        }
        let length = at.checked_add(directory)?.checked_add(END)?;
        if length >= u64::from(u32::MAX) {
            return None;
        }
        let (date, time) = moment(written);
        Some(Self { entries, date, time, directory: u32::try_from(at).ok()?, length })
    }

    /// Octets of the whole.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// What stands before the octets of a file (§4.3.7).
    pub(super) fn local(&self, entry: &Entry) -> Vec<u8> {
        let mut header = b"PK\x03\x04".to_vec();
        self.describe(entry, &mut header);
        header.extend_from_slice(entry.name.as_bytes());
        header
    }

    /// What stands behind all of them: the directory, and where it begins (§4.3.12, §4.3.16).
    pub(super) fn end(&self) -> Vec<u8> {
        let mut end = Vec::new();
        for entry in &self.entries {
            end.extend_from_slice(b"PK\x01\x02");
            // Made on MS-DOS: no permissions are meant, so that no file comes out without any.
            put16(&mut end, VERSION);
            self.describe(entry, &mut end);
            // Comment, disk, attributes inside and outside.
            end.extend_from_slice(&[0; 2 + 2 + 2 + 4]);
            put32(&mut end, entry.at);
            end.extend_from_slice(entry.name.as_bytes());
        }
        let length = u32::try_from(end.len()).unwrap_or(u32::MAX);
        let count = u16::try_from(self.entries.len()).unwrap_or(u16::MAX);
        end.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        put16(&mut end, count);
        put16(&mut end, count);
        put32(&mut end, length);
        put32(&mut end, self.directory);
        put16(&mut end, 0);
        end
    }

    /// What both headers say of a file.
    fn describe(&self, entry: &Entry, header: &mut Vec<u8>) {
        put16(header, VERSION);
        put16(header, if entry.name.is_ascii() { 0 } else { NAME_IS_UTF8 });
        put16(header, STORED);
        put16(header, self.time);
        put16(header, self.date);
        put32(header, entry.crc);
        put32(header, entry.size);
        put32(header, entry.size);
        put16(header, u16::try_from(entry.name.len()).unwrap_or(u16::MAX));
        put16(header, 0);
    }
}

/// The names under which files come out beside each other, on any system: none is a path, and no two are the same
/// where capitals do not count.
fn told_apart<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    names
        .map(|name| {
            let name = portable(name);
            let (stem, ending) = halves(&name);
            let count = seen.entry(name.to_lowercase()).or_insert(1);
            let mut apart = name.clone();
            while !taken.insert(apart.to_lowercase()) {
                *count += 1;
                apart = format!("{stem} ({count}){ending}");
            }
            apart
        })
        .collect()
}

/// A name that every system takes, at most [`LONGEST`] octets.
fn portable(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_control() || r#"/\:*?"<>|"#.contains(c) { '_' } else { c }).collect();
    // Windows drops dots and spaces at the end, by which two names become one.
    let plain = plain.trim().trim_matches('.').trim();
    let (stem, ending) = halves(plain);
    let end =
        stem.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| end + ending.len() <= LONGEST).last();
    let stem = stem.get(..end.unwrap_or(0)).unwrap_or_default().trim_end();
    let first = stem.split('.').next().unwrap_or_default().trim().to_ascii_uppercase();
    let numbered =
        |of: &str| first.strip_prefix(of).is_some_and(|n| n.len() == 1 && n.bytes().all(|c| c.is_ascii_digit()));
    // Names of devices of Windows, whatever comes behind the dot.
    let device = ["CON", "PRN", "AUX", "NUL"].contains(&first.as_str()) || numbered("COM") || numbered("LPT");
    let before = if stem.is_empty() || device { "_" } else { "" };
    format!("{before}{stem}{ending}")
}

/// A name, and its ending with the dot.
fn halves(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= 16 => name.split_at(at),
        _ => (name, ""),
    }
}

/// Between 1980 and 2107, two seconds apart.
fn moment(written: jiff::civil::DateTime) -> (u16, u16) {
    let (year, month, day) = (written.year(), written.month(), written.day());
    let part = |value: i8| u16::try_from(value).unwrap_or(0);
    let Some(year) = u16::try_from(year - 1980).ok().filter(|year| *year < 128) else { return (1 << 5 | 1, 0) };
    let date = year << 9 | part(month) << 5 | part(day);
    (date, part(written.hour()) << 11 | part(written.minute()) << 5 | (part(written.second()) / 2))
}

fn put16(to: &mut Vec<u8>, value: u16) {
    to.extend_from_slice(&value.to_le_bytes());
}

fn put32(to: &mut Vec<u8>, value: u32) {
    to.extend_from_slice(&value.to_le_bytes());
}

/// Octets of the headers without names.
const LOCAL: u64 = 30;
const CENTRAL: u64 = 46;
const END: u64 = 22;
/// §4.4.3: 2.0.
const VERSION: u16 = 20;
/// §4.4.5: no compression.
const STORED: u16 = 0;
/// §4.4.4, bit 11.
const NAME_IS_UTF8: u16 = 1 << 11;
/// Octets of a name; file systems take 255, and a number may be added.
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// The files with these names, each holding its own number.
    fn packed(names: &[&str], written: jiff::civil::DateTime) -> Vec<u8> {
        let octets = |n: usize| vec![u8::try_from(n % 251).unwrap(); n * 7 % 50];
        let files = names.iter().enumerate();
        let files = files.map(|(n, name)| ((*name).to_owned(), octets(n).len() as u64, crc32fast::hash(&octets(n))));
        let layout = Layout::new(files.collect(), written).unwrap();
        let mut zip = Vec::new();
        for (n, entry) in layout.entries.iter().enumerate() {
            zip.extend(layout.local(entry));
            zip.extend(octets(n));
        }
        zip.extend(layout.end());
        assert_eq!(zip.len() as u64, layout.length(), "as long as was said");
        zip
    }

    fn noon() -> jiff::civil::DateTime {
        jiff::civil::date(2026, 4, 12).at(9, 40, 30, 0)
    }

    #[test]
    fn another_reader_finds_every_file_as_it_was() {
        let names = ["ordonnance.pdf", "Résultats été.pdf", "Анализ.pdf", "vide.txt", "ordonnance.pdf"];
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(packed(&names, noon()))).unwrap();
        assert_eq!(archive.len(), names.len());
        for (n, expected) in
            ["ordonnance.pdf", "Résultats été.pdf", "Анализ.pdf", "vide.txt", "ordonnance (2).pdf"].iter().enumerate()
        {
            let mut file = archive.by_index(n).unwrap();
            let mut octets = Vec::new();
            // Checks the CRC at the end.
            file.read_to_end(&mut octets).unwrap();
            assert_eq!((file.name(), octets), (*expected, vec![n as u8; n * 7 % 50]));
            let at = file.last_modified().unwrap();
            assert_eq!(
                (at.year(), at.month(), at.day(), at.hour(), at.minute(), at.second()),
                (2026, 4, 12, 9, 40, 30)
            );
        }
    }

    #[test]
    fn many_files_and_none_are_a_zip_too() {
        let names: Vec<String> = (0..3000).map(|n| format!("{}.jpg", n / 2)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let archive = zip::ZipArchive::new(std::io::Cursor::new(packed(&names, noon()))).unwrap();
        let found: HashSet<&str> = archive.file_names().collect();
        assert_eq!(found.len(), 3000);
        assert!(zip::ZipArchive::new(std::io::Cursor::new(packed(&[], noon()))).unwrap().is_empty());
    }

    #[test]
    fn no_name_is_a_path_and_no_two_are_alike() {
        let given = [
            "../../etc/passwd",
            "..",
            ".",
            "",
            "a/b\\c.pdf",
            "C:\\x.pdf",
            "CON",
            "con.pdf",
            "com1.txt",
            "a.pdf",
            "A.PDF",
            "a (2).pdf",
            "a.pdf",
            "a.pdf.",
            "a\u{0}\n.pdf",
            "ÉTÉ.txt",
            "été.txt",
            ".profile",
        ];
        let names = told_apart(given.into_iter());
        let lower: HashSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(lower.len(), given.len(), "{names:?}");
        for name in &names {
            assert!(!name.is_empty() && !name.contains(['/', '\\', ':', '\0', '\n']), "{name:?}");
            assert!(!name.starts_with('.') && !name.ends_with(['.', ' ']), "{name:?}");
        }
        assert_eq!(names[6..12], ["_CON", "_con.pdf", "_com1.txt", "a.pdf", "A (2).PDF", "a (2) (2).pdf"]);
    }

    #[test]
    fn long_names_keep_their_ending() {
        let long = "я".repeat(120) + ".pdf";
        let names = told_apart([long.as_str(), long.as_str()].into_iter());
        assert!(names.iter().all(|name| name.len() <= 210 && name.ends_with(".pdf")), "{names:?}");
        assert_ne!(names[0], names[1]);
    }

    #[test]
    fn what_this_form_cannot_hold_is_refused_and_odd_years_are_not() {
        let file = |size| ("a".to_owned(), size, 0);
        assert!(Layout::new(vec![file(u64::from(u32::MAX))], noon()).is_none());
        assert!(Layout::new(vec![file(3 << 30), file(2 << 30)], noon()).is_none());
        assert!(Layout::new(vec![file(u64::MAX), file(u64::MAX)], noon()).is_none());
        assert!(Layout::new((0..65_535).map(|_| file(0)).collect(), noon()).is_none());
        for year in [-9999, 1, 1979, 2108, 9999] {
            assert_eq!(moment(jiff::civil::date(year, 1, 1).at(0, 0, 0, 0)), (33, 0), "{year}");
        }
    }
}
