//! Persons of a practice's directory: kept sealed, found by keyed hashes.

use super::mailbox::words;
use super::{Address, Channel, Language, MailboxId, PatientId, PhoneNumber, Timestamp};

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

    /// How the pair of an address and a number came into the directory.
    Vouched {
        /// Typed by an administrator.
        Added = "added",
        /// Changed by an administrator.
        Changed = "changed",
        /// A line of a list.
        Imported = "imported",
        /// A practitioner told it, an administrator confirmed it.
        Confirmed = "confirmed",
        /// Two practitioners told it, each of their own.
        Twice = "told-twice",
    }

    /// Why somebody reads what is written about another person.
    MandateReason {
        /// Father or mother of a child.
        Parent = "parent",
        /// Stands for a person who is under guardianship.
        Guardian = "guardian",
        /// Stands by a person who is under curatorship.
        Curator = "curator",
        /// Named by the person (in France: L1111-6 of the public health code).
        TrustedPerson = "trusted-person",
        /// Anything else, in words.
        Other = "other",
    }
}

/// One person of a directory: what is known, and what was said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// What is known.
    pub record: PatientRecord,
    /// Who vouches for the number; `None` in entries of before this was kept.
    pub vouch: Option<Vouch>,
    /// What is shared with others on purpose.
    pub shares: Shares,
    /// For whom this person reads; `None` for themselves.
    pub mandate: Option<Mandate>,
}

/// Who says that a number is that person's, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouch {
    /// How.
    pub how: Vouched,
    /// The administrator's name on the machine; empty where nobody typed it.
    pub who: PersonName,
    /// The mailbox that told it first.
    pub mailbox: Option<MailboxId>,
    /// When.
    pub at: Timestamp,
}

/// What a family or a carer shares, said on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shares {
    /// The number.
    pub number: bool,
    /// The address.
    pub address: bool,
}

/// Why a person gets another one's letters, and until when.
#[derive(Clone, PartialEq, Eq)]
pub struct Mandate {
    /// For whom.
    pub of: PatientId,
    /// Why.
    pub reason: MandateReason,
    /// In words, for [`MandateReason::Other`]. Personal data: `Debug` shows nothing of it.
    pub words: String,
    /// The day on which it ends, in the practice's time zone: from its first hour on, letters are held.
    pub until: jiff::civil::Date,
}

impl Mandate {
    /// Ends it at an instant, in a time zone, where it has not ended before.
    pub fn end(&mut self, at: Timestamp, timezone: &str) {
        let zone = jiff::tz::TimeZone::get(timezone).unwrap_or(jiff::tz::TimeZone::UTC);
        if let Ok(at) = jiff::Timestamp::from_millisecond(at.0) {
            self.until = self.until.min(at.to_zoned(zone).date());
        }
    }

    /// Whether it has ended at an instant, in a time zone.
    pub fn has_ended(&self, at: Timestamp, timezone: &str) -> bool {
        let zone = jiff::tz::TimeZone::get(timezone).unwrap_or(jiff::tz::TimeZone::UTC);
        // Where no day can be told, nothing goes.
        jiff::Timestamp::from_millisecond(at.0).map_or(true, |at| at.to_zoned(zone).date() >= self.until)
    }
}

impl std::fmt::Debug for Mandate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mandate({}, …)", self.of)
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
    /// Reads `1950-03-12` and `12/03/1950`; `None` for anything else, and for a day that there was not.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.trim().split(['-', '/']).collect();
        match parts.as_slice() {
            [year, month, day] if !text.contains('/') => Self::typed(day, month, year),
            [day, month, year] if !text.contains('-') => Self::typed(day, month, year),
            _ => None,
        }
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

impl PersonName {
    /// The words of the name, whatever their order, case and marks: two that are the same are one person's.
    pub fn folded(&self) -> String {
        let mut words: Vec<String> = self.0.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
        words.retain(|word| !word.is_empty());
        words.sort();
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zero;

    impl crate::domain::Random for Zero {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    #[test]
    fn a_mandate_ends_with_the_first_hour_of_its_day_where_the_practice_is() {
        let mandate = Mandate {
            of: PatientId::random(&Zero),
            reason: MandateReason::Parent,
            words: String::new(),
            until: jiff::civil::date(2031, 5, 1),
        };
        let at = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().expect("a time").as_millisecond());
        assert!(!mandate.has_ended(at("2031-04-30T21:59:59Z"), "Europe/Paris"));
        assert!(mandate.has_ended(at("2031-04-30T22:00:00Z"), "Europe/Paris"));
        assert!(mandate.has_ended(Timestamp(i64::MAX), "Europe/Paris"), "what cannot be told has ended");
        assert!(!format!("{mandate:?}").contains("2031"));
    }

    #[test]
    fn a_name_is_the_same_in_any_order() {
        let folded = |name: &str| PersonName(name.to_owned()).folded();
        assert_eq!(folded("ROSSI, Jeanne"), folded("Jeanne Rossi"));
        assert_ne!(folded("Jeanne Rossi"), folded("Paul Rossi"));
    }

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
        for same in [" 1950-3-12 ", "12/03/1950", "12/3/1950"] {
            assert!(date.same(&read(same).expect("a date")), "{same}");
        }
        for other in ["1951-03-12", "1950-04-12", "1950-03-13"] {
            assert!(!date.same(&read(other).expect("a date")), "{other}");
        }
        for none in
            ["", "1950", "1950-03", "1950-03-12-01", "12-03-1950", "1950/03/12", "12/03-1950", "12/03/50", "03/13/1950"]
        {
            assert!(read(none).is_none(), "{none}");
        }
    }
}
