//! Persons of a practice's directory: kept sealed, found by keyed hashes.

use super::mailbox::words;
use super::{Address, Channel, Language, PhoneNumber};

words! {
    /// Who an outside person is to the practice.
    PatientKind {
        /// Receives care.
        Patient = "patient",
        /// Cares for one who does.
        Carer = "carer",
        /// Anybody else outside: a colleague, a laboratory, an insurer.
        Correspondent = "correspondent",
    }
}

/// What the directory knows of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientRecord {
    /// The name; empty when unknown. Personal data: the type's `Debug` shows nothing of it.
    pub name: PersonName,
    /// Where notices go.
    pub address: Address,
    /// Where codes go.
    pub number: PhoneNumber,
    /// The language of what they get, when known.
    pub language: Option<Language>,
    /// The channel they prefer, when known.
    pub channel: Option<Channel>,
    /// The day they were born, when known.
    pub birth_date: Option<BirthDate>,
}

/// The day a person was born, of the Gregorian calendar. Personal data: its `Debug` shows nothing of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BirthDate {
    year: u16,
    month: u8,
    day: u8,
}

impl BirthDate {
    /// Reads `1950-03-12`; `None` for anything else, and for a day that there was not.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        Self::typed(day, month, year)
    }

    /// Reads three fields as people fill them: spaces, leading zeros, a point behind, full-width digits. A year has four
    /// digits: two would be guessed.
    pub fn typed(day: &str, month: &str, year: &str) -> Option<Self> {
        let date = Self {
            year: number(year).filter(|_| digits(year).is_some_and(|found| found.len() == 4))?,
            month: u8::try_from(number(month)?).ok()?,
            day: u8::try_from(number(day)?).ok()?,
        };
        let last = match date.month {
            4 | 6 | 9 | 11 => 30,
            2 if date.year.is_multiple_of(4) && (!date.year.is_multiple_of(100) || date.year.is_multiple_of(400)) => 29,
            2 => 28,
            1..=12 => 31,
            _ => return None,
        };
        ((1850..2150).contains(&date.year) && (1..=last).contains(&date.day)).then_some(date)
    }

    /// The day as ISO 8601 writes it: `1950-03-12`.
    pub fn reveal(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// What may be shown of it: that there is one.
    pub fn masked(&self) -> &'static str {
        "****-**-**"
    }

    /// Whether both are one day; takes as long for any two.
    pub fn same(&self, other: &Self) -> bool {
        let apart = (self.year ^ other.year) | u16::from(self.month ^ other.month) | u16::from(self.day ^ other.day);
        std::hint::black_box(apart) == 0
    }
}

impl std::fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BirthDate(…)")
    }
}

/// The digits of a field, if it holds nothing else.
fn digits(typed: &str) -> Option<String> {
    let digit = |c: char| match c {
        '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')),
        _ => c.is_ascii_digit().then_some(c),
    };
    let kept = typed.chars().filter(|c| !c.is_whitespace() && *c != '.');
    kept.map(digit).collect::<Option<String>>().filter(|found| !found.is_empty() && found.len() <= 8)
}

fn number(typed: &str) -> Option<u16> {
    digits(typed)?.parse().ok()
}

/// A person's name.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PersonName(pub String);

impl std::fmt::Debug for PersonName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonName(…)")
    }
}

/// Where one delivery goes: copied, sealed, into the delivery's own row when it is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coordinates {
    /// Where the notice goes.
    pub address: Address,
    /// Where the code goes.
    pub number: PhoneNumber,
    /// The language of the person's record; `None` where the record names none, and the browser's, else the
    /// practice's, is spoken.
    pub language: Option<Language>,
    /// The channel to offer first, when the directory or the number tells.
    pub channel: Option<Channel>,
    /// What is asked with the code: there only where the practice asks for it and the record knew it.
    pub birth_date: Option<BirthDate>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birth_date_is_read_as_people_type_it() {
        let read = |day, month, year| BirthDate::typed(day, month, year).map(|date| date.reveal());
        for (day, month, year) in
            [("12", "3", "1950"), ("12.", " 03", "1950 "), ("０12", "０３", "１９５０"), ("0 12", "003", "19 50")]
        {
            assert_eq!(read(day, month, year).as_deref(), Some("1950-03-12"), "{day}/{month}/{year}");
        }
        for (day, month, year) in [
            ("", "3", "1950"),
            ("12", "", "1950"),
            ("12", "3", ""),
            ("12", "3", "50"),
            ("0", "3", "1950"),
            ("32", "3", "1950"),
            ("12", "13", "1950"),
            ("31", "4", "1950"),
            ("29", "2", "1900"),
            ("29", "2", "1951"),
            ("-1", "3", "1950"),
            ("12", "3", "1849"),
            ("1x", "3", "1950"),
            ("12", "259", "1950"),
            ("999999999", "3", "1950"),
        ] {
            assert_eq!(read(day, month, year), None, "{day}/{month}/{year}");
        }
        assert_eq!(read("29", "2", "2000").as_deref(), Some("2000-02-29"));
        assert_eq!(read("29", "2", "1952").as_deref(), Some("1952-02-29"));
    }

    #[test]
    fn a_birth_date_shows_nothing_and_is_compared_whole() {
        let read = |text| BirthDate::parse(text);
        let date = read("1950-03-12").expect("a date");
        assert_eq!(format!("{date:?} {}", date.masked()), "BirthDate(…) ****-**-**");
        assert!(date.same(&read(" 1950-3-12 ").expect("a date")));
        for other in ["1951-03-12", "1950-04-12", "1950-03-13"] {
            assert!(!date.same(&read(other).expect("a date")), "{other}");
        }
        for none in ["", "1950", "1950-03", "1950-03-12-01", "12-03-1950", "1950/03/12"] {
            assert!(read(none).is_none(), "{none}");
        }
    }
}
