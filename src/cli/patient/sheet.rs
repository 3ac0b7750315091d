//! A list of persons as spreadsheets write it: cells between commas, semicolons or tabs (RFC 4180), in UTF-8 or
//! Windows-1252, with names of columns in the first line.
//!
//! It is read line by line, and never whole. A quotation mark that nobody closes costs its own line, not those behind it.

use std::collections::VecDeque;
use std::io::{BufRead, Read as _};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::super::Stop;

/// What a column is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Name,
    FirstName,
    /// An address that can only be one of e-mail.
    Mail,
    /// One that may be of a street.
    Address,
    Mobile,
    Number,
    Language,
    Channel,
    BirthDate,
    Kind,
    Shared,
}

/// The cells of a line that a column is named for.
pub(super) struct Cells(Vec<(Column, String)>);

impl Cells {
    /// What stands in a column, without the white space around it; empty where nothing does.
    pub(super) fn get(&self, column: Column) -> &str {
        self.0.iter().find(|(of, _)| *of == column).map_or("", |(_, text)| text.as_str())
    }

    /// The first of these columns in which something stands.
    pub(super) fn first(&self, columns: &[Column]) -> &str {
        columns.iter().map(|column| self.get(*column)).find(|text| !text.is_empty()).unwrap_or("")
    }
}

/// A line of a sheet, and its number, from 1.
pub(super) struct Line {
    pub(super) at: u64,
    /// The cells, or why there are none.
    pub(super) cells: Result<Cells, &'static str>,
}

/// A sheet that is being read.
pub(super) struct Sheet<R> {
    input: R,
    /// The number of the line that was taken last.
    at: u64,
    /// Lines that were read and not taken.
    ahead: VecDeque<Raw>,
    separator: u8,
    columns: Vec<Option<Column>>,
    cells: Vec<u8>,
    ends: Vec<usize>,
}

/// A line as it was read, without its end.
struct Raw {
    octets: Vec<u8>,
    whole: bool,
}

impl<R: BufRead> Sheet<R> {
    /// Reads the names of columns.
    ///
    /// # Errors
    /// There are none, or the file is no such list.
    pub(super) fn open(input: R) -> Result<Self, Stop> {
        let (cells, ends) = (vec![0; LONGEST * 2], vec![0; MOST_CELLS]);
        let mut sheet =
            Self { input, at: 0, ahead: VecDeque::new(), separator: b',', columns: Vec::new(), cells, ends };
        let mut heading = sheet.raw()?.ok_or_else(|| Stop::because("the list is empty"))?.octets;
        if heading.starts_with(b"\xff\xfe") || heading.starts_with(b"\xfe\xff") {
            return Err(Stop::because("the list is in UTF-16: save it as CSV UTF-8"));
        }
        if let Some(rest) = heading.strip_prefix(b"\xef\xbb\xbf") {
            heading = rest.to_vec();
        }
        sheet.at = 1;
        // Excel says so where it means another separator than the machine's.
        let told = heading.strip_prefix(b"sep=").and_then(|rest| rest.first().copied());
        if told.is_some() {
            heading = sheet.raw()?.map(|raw| raw.octets).unwrap_or_default();
            sheet.at = 2;
        }
        let most = |separator: &u8| heading.iter().filter(|octet| *octet == separator).count();
        sheet.separator = told.unwrap_or_else(|| [b'\t', b',', b';'].into_iter().max_by_key(most).unwrap_or(b','));
        let names = sheet.split(&heading).map_err(Stop::because)?;
        sheet.columns = names.iter().map(|name| column(name)).collect();
        let has = |wanted: &[Column]| sheet.columns.iter().flatten().any(|column| wanted.contains(column));
        if !has(&[Column::Mail, Column::Address]) || !has(&[Column::Mobile, Column::Number]) {
            return Err(Stop::because(
                "the first line names the columns, and two of them are address and number (adresse, téléphone): see the README",
            ));
        }
        if has(&[Column::Mail]) {
            // Then the other one is a street's.
            for column in sheet.columns.iter_mut().filter(|column| **column == Some(Column::Address)) {
                *column = None;
            }
        }
        for (at, column) in sheet.columns.iter().enumerate() {
            if column.is_some() && sheet.columns.iter().skip(at + 1).any(|other| other == column) {
                return Err(Stop::because("two columns have the same name"));
            }
        }
        Ok(sheet)
    }

    /// The places of columns that say nothing to Pli, from 1.
    pub(super) fn unread(&self) -> Vec<usize> {
        self.columns.iter().zip(1..).filter(|(column, _)| column.is_none()).map(|(_, at)| at).collect()
    }

    /// The next line in which anything stands.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn next(&mut self) -> Result<Option<Line>, Stop> {
        while let Some(raw) = self.raw()? {
            self.at += 1;
            let at = self.at;
            if !raw.whole {
                return Ok(Some(Line { at, cells: Err("the line is too long") }));
            }
            let record = match self.closed(raw.octets)? {
                Some(record) => record,
                None => return Ok(Some(Line { at, cells: Err("a quotation mark is not closed") })),
            };
            let cells = self.split(&record).and_then(|cells| self.named(cells));
            if !matches!(&cells, Ok(cells) if cells.0.iter().all(|(_, text)| text.is_empty())) {
                return Ok(Some(Line { at, cells }));
            }
        }
        Ok(None)
    }

    /// A record with the lines that its open quotation marks take in; `None` where they would take in too many.
    fn closed(&mut self, first: Vec<u8>) -> Result<Option<Vec<u8>>, Stop> {
        let is_open = |octets: &[u8]| octets.iter().filter(|octet| **octet == b'"').count() % 2 == 1;
        let (mut record, mut taken) = (first, Vec::new());
        while is_open(&record) {
            let next = if taken.len() < MOST_LINES { self.raw()? } else { None };
            let Some(next) = next else { return Ok(self.give_back(taken)) };
            let fits = next.whole && record.len() + next.octets.len() < LONGEST;
            record.push(b'\n');
            record.extend_from_slice(&next.octets);
            taken.push(next);
            if !fits {
                return Ok(self.give_back(taken));
            }
        }
        self.at += u64::try_from(taken.len()).unwrap_or(0);
        Ok(Some(record))
    }

    fn give_back(&mut self, lines: Vec<Raw>) -> Option<Vec<u8>> {
        for line in lines.into_iter().rev() {
            self.ahead.push_front(line);
        }
        None
    }

    /// The cells of a record.
    fn split(&mut self, record: &[u8]) -> Result<Vec<String>, &'static str> {
        let mut reader: Reader = ReaderBuilder::new().delimiter(self.separator).build();
        let (mut read, mut cells, mut ends) = (0, 0, 0);
        loop {
            let input = record.get(read..).unwrap_or_default();
            let (room, marks) = (self.cells.get_mut(cells..), self.ends.get_mut(ends..));
            let (result, taken, written, ended) =
                reader.read_record(input, room.unwrap_or_default(), marks.unwrap_or_default());
            (read, cells, ends) = (read + taken, cells + written, ends + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => return Err("the line is too long"),
                ReadRecordResult::OutputEndsFull => return Err("there are too many cells"),
                ReadRecordResult::Record | ReadRecordResult::End => break,
            }
        }
        let mut from = 0;
        let bounds = self.ends.iter().take(ends);
        Ok(bounds
            .map(|end| text(self.cells.get(std::mem::replace(&mut from, *end)..*end).unwrap_or_default()))
            .collect())
    }

    /// Cells under the names of their columns.
    fn named(&self, cells: Vec<String>) -> Result<Cells, &'static str> {
        if cells.iter().skip(self.columns.len()).any(|cell| !cell.is_empty()) {
            return Err("there are more cells than columns");
        }
        let named = self.columns.iter().zip(cells).filter_map(|(column, cell)| Some(((*column)?, cell)));
        Ok(Cells(named.collect()))
    }

    /// The next line as it stands; its end is LF, CRLF, or CR as old machines write it.
    fn raw(&mut self) -> Result<Option<Raw>, Stop> {
        if let Some(line) = self.ahead.pop_front() {
            return Ok(Some(line));
        }
        let mut line = Raw { octets: Vec::new(), whole: true };
        let mut any = false;
        loop {
            let read = self.input.fill_buf()?;
            if read.is_empty() {
                return Ok(any.then_some(line));
            }
            any = true;
            let end = read.iter().position(|octet| matches!(octet, b'\r' | b'\n'));
            let upto = read.get(..end.unwrap_or(read.len())).unwrap_or_default();
            let room = LONGEST.saturating_sub(line.octets.len());
            line.whole = line.whole && upto.len() <= room;
            line.octets.extend_from_slice(upto.get(..upto.len().min(room)).unwrap_or_default());
            let carriage = end.and_then(|end| read.get(end)) == Some(&b'\r');
            let done = upto.len() + usize::from(end.is_some());
            self.input.consume(done);
            if end.is_some() {
                if carriage && self.input.fill_buf()?.first() == Some(&b'\n') {
                    self.input.consume(1);
                }
                return Ok(Some(line));
            }
        }
    }
}

/// A file, or standard input for `-`.
///
/// # Errors
/// It cannot be opened.
pub(super) fn input(path: &str) -> Result<Box<dyn BufRead>, Stop> {
    if path == "-" {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let file = std::fs::File::open(path).map_err(|error| Stop::because(format!("{path}: {}", error.kind())))?;
    let file = std::io::BufReader::new(file);
    Ok(Box::new(file.take(u64::MAX)))
}

/// A cell as text: UTF-8, else what Excel writes in Western Europe. `="0612345678"` is how numbers keep their zero there.
fn text(octets: &[u8]) -> String {
    let text = match std::str::from_utf8(octets) {
        Ok(text) => std::borrow::Cow::Borrowed(text),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(octets).0,
    };
    let text = text.trim();
    let formula = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    formula.unwrap_or(text).trim().to_owned()
}

/// What a name of a column means.
fn column(name: &str) -> Option<Column> {
    let plain = |c: char| match c {
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'à' | 'â' => 'a',
        'î' | 'ï' => 'i',
        'ô' => 'o',
        'ç' => 'c',
        c => c,
    };
    let folded: String = name.to_lowercase().chars().map(plain).filter(char::is_ascii_alphanumeric).collect();
    let found = COLUMNS.iter().find(|(_, names)| names.contains(&folded.as_str()));
    found.map(|(column, _)| *column)
}

/// Names of columns, in lower case, without marks and white space.
const COLUMNS: &[(Column, &[&str])] = &[
    (Column::Id, &["id", "identifiant", "identifier"]),
    (Column::Name, &["name", "nom", "fullname", "nomcomplet", "lastname", "surname", "nomdefamille", "patient"]),
    (Column::FirstName, &["firstname", "givenname", "prenom", "prenoms"]),
    (
        Column::Mail,
        &["email", "mail", "courriel", "adresseemail", "adressemail", "emailaddress", "adresseelectronique"],
    ),
    (Column::Address, &["address", "adresse"]),
    (
        Column::Mobile,
        &["mobile", "portable", "telephoneportable", "telportable", "mobilephone", "telmobile", "gsm", "cell"],
    ),
    (
        Column::Number,
        &["number", "numero", "telephone", "tel", "phone", "phonenumber", "numerodetelephone", "telephonenumber"],
    ),
    (Column::Language, &["language", "langue", "lang"]),
    (Column::Channel, &["channel", "canal"]),
    (Column::BirthDate, &["birthdate", "dateofbirth", "dob", "datedenaissance", "naissance", "neele", "nele"]),
    (Column::Kind, &["kind", "type", "categorie", "category", "qualite"]),
    (Column::Shared, &["shared", "shares", "partage", "partagee"]),
];

/// Octets of a line with its cells.
const LONGEST: usize = 64 * 1024;
/// Lines that one cell may take in.
const MOST_LINES: usize = 20;
/// Cells of a line.
const MOST_CELLS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(list: &[u8]) -> Vec<(u64, String)> {
        let mut sheet = Sheet::open(list).expect("a list");
        let mut all = Vec::new();
        while let Some(line) = sheet.next().expect("read") {
            let said = match line.cells {
                Ok(cells) => format!(
                    "{}|{}|{}",
                    cells.get(Column::Name),
                    cells.first(&[Column::Mail, Column::Address]),
                    cells.first(&[Column::Mobile, Column::Number])
                ),
                Err(why) => why.to_owned(),
            };
            all.push((line.at, said));
        }
        all
    }

    fn one(said: &str) -> Vec<(u64, String)> {
        vec![(2, said.to_owned())]
    }

    #[test]
    fn lists_of_many_programs_are_read() {
        let plain = one("Zoé Rossi|zoe@a.example|06 12 34 56 78");
        for list in [
            "name,address,number\nZoé Rossi,zoe@a.example,06 12 34 56 78\n",
            "\u{feff}Nom;Adresse e-mail;Téléphone\r\nZoé Rossi;zoe@a.example;06 12 34 56 78\r\n",
            "NUMÉRO\tNOM\tE-Mail\n06 12 34 56 78\tZoé Rossi\tzoe@a.example",
            "Adresse;Nom;Courriel;Téléphone;Portable\n1, rue du Port;Zoé Rossi;zoe@a.example;;06 12 34 56 78",
            "name,address,number\r\"Zoé Rossi\",\"zoe@a.example\",\"=\"\"06 12 34 56 78\"\"\"\r",
            "name,address,number\n\n,,\nZoé Rossi,zoe@a.example,06 12 34 56 78,,,\n",
        ] {
            let read = lines(list.as_bytes());
            assert_eq!(read.first().map(|(_, said)| said), plain.first().map(|(_, said)| said), "{list}");
            assert_eq!(read.len(), 1, "{list}");
        }
        let excel = b"nom;adresse;t\xe9l\xe9phone\r\nZo\xe9 Rossi;zoe@a.example;06 12 34 56 78\r\n";
        assert_eq!(lines(excel), plain);
        let told = b"sep=|\nname|address|number\nZo\xc3\xa9 Rossi|zoe@a.example|06 12 34 56 78\n";
        assert_eq!(lines(told), [(3, plain[0].1.clone())]);
    }

    #[test]
    fn a_malformed_line_never_takes_others_along() {
        let long = "x".repeat(3 * LONGEST);
        let list = format!(
            "name,address,number\nA,a@a.example,1\n\"B,b@a.example,2\nC,c@a.example,3\n{long},d@a.example,4\n\
             \"E\nE\",e@a.example,5\nF,f@a.example,6,7\nG,g@a.example,8\n"
        );
        let said: Vec<(u64, String)> = [
            (2, "A|a@a.example|1"),
            (3, "a quotation mark is not closed"),
            (4, "C|c@a.example|3"),
            (5, "the line is too long"),
            (6, "E\nE|e@a.example|5"),
            (8, "there are more cells than columns"),
            (9, "G|g@a.example|8"),
        ]
        .map(|(at, said)| (at, said.to_owned()))
        .to_vec();
        assert_eq!(lines(list.as_bytes()), said);
        let many = format!("name,address,number\n{}\nA,a@a.example,1\n", ",".repeat(1000));
        assert_eq!(lines(many.as_bytes())[0].1, "there are too many cells");
    }

    #[test]
    fn what_is_no_list_is_refused_and_nothing_of_it_is_said() {
        for list in [
            &b""[..],
            b"\xff\xfen\0a\0",
            b"Rossi;zoe@a.example;0612345678\n",
            b"name,number\n",
            b"name,mail,email,tel\n",
        ] {
            let Err(Stop::Refused(why)) = Sheet::open(list).map(|_| ()) else { panic!("taken") };
            assert!(!why.contains("zoe") && !why.contains("0612"), "{why}");
        }
        let sheet = Sheet::open(&b"name,address,number,weight\n"[..]).expect("a list");
        assert_eq!(sheet.unread(), [4]);
    }
}
