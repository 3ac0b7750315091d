//! Telephone numbers: E.164 once, at the border, with the numbering plans of all countries.
//!
//! A number without its country code counts only where it is possible in exactly one of the
//! practice's region and neighbours: in Monaco `06 12 34 56 78` is two people (R-B1).

use std::fmt;
use std::str::FromStr;

use phonenumber::metadata::DATABASE;
use phonenumber::{Metadata, Type, country};

use super::french_plan;

/// A country by its ISO 3166 code, as the numbering plans know it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region(country::Id);

impl Region {
    /// The two capital letters.
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }
}

impl FromStr for Region {
    type Err = NumberFault;

    fn from_str(text: &str) -> Result<Self, NumberFault> {
        text.to_ascii_uppercase().parse().map(Self).map_err(|_| NumberFault::Region)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A telephone number in E.164 form. Personal data: shown only through `reveal`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber {
    e164: String,
    region: Region,
    mobile: bool,
}

impl PhoneNumber {
    /// Reads a number with the practice's region and neighbours.
    ///
    /// # Errors
    /// [`NumberFault`] says why: impossible, premium, two countries possible.
    pub fn parse(typed: &str, region: Region, neighbours: &[Region]) -> Result<Self, NumberFault> {
        let bare = bare(typed)?;
        if bare.starts_with('+') {
            return international(&bare);
        }
        let mut found: Vec<Self> = Vec::new();
        let mut fault = NumberFault::Impossible;
        for near in std::iter::once(&region).chain(neighbours) {
            let read = match national(&bare, *near) {
                // Only for a French practice, and only where +33 is impossible (R-B1).
                Err(NumberFault::Impossible) if *near == region && region.0 == country::FR => overseas(&bare),
                read => read,
            };
            match read {
                Ok(number) if !found.contains(&number) => found.push(number),
                Ok(_) | Err(NumberFault::Impossible) => {}
                Err(other) => fault = other,
            }
        }
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some(number), None) => Ok(number),
            (Some(_), Some(_)) => Err(NumberFault::SeveralCountries),
            _ => Err(fault),
        }
    }

    /// Reads a number that must carry its country code.
    ///
    /// # Errors
    /// [`NumberFault`], also for a number without `+` or `00`.
    pub fn parse_international(typed: &str) -> Result<Self, NumberFault> {
        let bare = bare(typed)?;
        if bare.starts_with('+') { international(&bare) } else { Err(NumberFault::NoCountry) }
    }

    /// Reads what `reveal` gave. Plans change, and what was a number once is nobody's reason to lose a record: it
    /// stays what it was, and the page says where no code arrives.
    ///
    /// # Errors
    /// [`NumberFault`] where it never was a number.
    pub fn kept(e164: &str) -> Result<Self, NumberFault> {
        let fault = match international(e164) {
            Ok(number) if number.e164 == e164 => return Ok(number),
            read => read.err().unwrap_or(NumberFault::Impossible),
        };
        let number = phonenumber::parse(None, e164).map_err(|_| fault)?;
        let code = number.country().code();
        let plan = DATABASE.by_code(&code).and_then(|plans| plans.into_iter().next()).ok_or(fault)?;
        if format!("+{code}{}", number.national()) != e164 {
            return Err(fault);
        }
        Ok(Self { e164: e164.to_owned(), region: plan.id().parse()?, mobile: true })
    }

    /// `+33612345678`.
    pub fn reveal(&self) -> &str {
        &self.e164
    }

    /// All but the last seven digits: country and kind of number, nobody's own.
    pub fn prefix(&self) -> &str {
        self.e164.get(..self.e164.len().saturating_sub(7)).unwrap_or_default()
    }

    /// The last two digits: what a page may show once a code was asked.
    pub fn last_two(&self) -> &str {
        self.e164.get(self.e164.len().saturating_sub(2)..).unwrap_or_default()
    }

    /// `•• •• •• 56 78`: for people who may know whose number it is.
    pub fn masked(&self) -> String {
        let tail = self.e164.get(self.e164.len().saturating_sub(4)..).unwrap_or_default();
        let (a, b) = tail.split_at(tail.len() / 2);
        format!("•• •• •• {a} {b}")
    }

    /// Whether an SMS can reach it; else a code is spoken.
    pub fn is_mobile(&self) -> bool {
        self.mobile
    }

    /// The country the number belongs to; the main one, where several share a plan and the number tells no more.
    pub fn region(&self) -> Region {
        self.region
    }
}

/// Digits with a leading `+` where a country code was given.
///
/// White space, dashes, dots, slashes, brackets and invisible characters of every kind are how people
/// and their address books write numbers (R-B3); anything else is no number.
fn bare(typed: &str) -> Result<String, NumberFault> {
    // `+33 (0)6`: the trunk zero that must not be dialled, but in Italy, where it is a digit of the number.
    let without = digits(&typed.replace("(0)", ""))?;
    if ["+39", "+378"].iter().any(|code| without.starts_with(code)) { digits(typed) } else { Ok(without) }
}

fn digits(typed: &str) -> Result<String, NumberFault> {
    let mut bare = String::with_capacity(typed.len());
    for c in typed.chars() {
        match c {
            '0'..='9' => bare.push(c),
            '\u{ff10}'..='\u{ff19}' => bare.extend(char::from_digit(u32::from(c) - 0xff10, 10)),
            '+' | '\u{ff0b}' if bare.is_empty() => bare.push('+'),
            '-' | '.' | '/' | '(' | ')' | '\u{b7}' | '\u{2022}' | '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{2212}' => {}
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' => {}
            c if c.is_whitespace() => {}
            _ => return Err(NumberFault::NotANumber),
        }
    }
    if let Some(rest) = bare.strip_prefix("00") {
        bare = format!("+{rest}");
    }
    match bare.trim_start_matches('+').len() {
        0 => Err(NumberFault::NotANumber),
        1..=3 => Err(NumberFault::Impossible),
        4..=15 => Ok(bare),
        _ => Err(NumberFault::Impossible),
    }
}

/// A number with its country code.
fn international(bare: &str) -> Result<PhoneNumber, NumberFault> {
    if SATELLITES.iter().any(|code| bare.starts_with(code)) {
        return Err(NumberFault::Satellite);
    }
    let number = phonenumber::parse(None, bare).map_err(|error| match error {
        phonenumber::ParseError::InvalidCountryCode => NumberFault::Unassigned,
        _ => NumberFault::Impossible,
    })?;
    settle(number.country().code(), &number.national().to_string())
}

/// A number as it is dialled within a country; a foreign reading of its digits does not count.
fn national(bare: &str, region: Region) -> Result<PhoneNumber, NumberFault> {
    let number = phonenumber::parse(Some(region.0), bare).map_err(|_| NumberFault::Impossible)?;
    let (code, national) = (number.country().code(), number.national().to_string());
    // Regions that share a country code share its plan: Guadeloupe and Saint-Martin, Italy and the Vatican.
    if DATABASE.by_id(region.as_str()).map(Metadata::country_code) != Some(code) {
        return Err(NumberFault::Impossible);
    }
    match french_plan::saint_pierre(&national) {
        Some(six) if region.0 == country::PM => settle(code, six),
        _ => settle(code, &national),
    }
}

/// A number of a French territory overseas, as it is dialled in France or there.
fn overseas(bare: &str) -> Result<PhoneNumber, NumberFault> {
    if let Some(dialled) = french_plan::overseas(bare) {
        return international(&dialled);
    }
    let mut found: Vec<PhoneNumber> = Vec::new();
    for number in OVERSEAS.iter().filter_map(|id| national(bare, Region(*id)).ok()) {
        if !found.contains(&number) {
            found.push(number);
        }
    }
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (None, _) => Err(NumberFault::Impossible),
        (Some(_), Some(_)) => Err(NumberFault::SeveralCountries),
        // Six or eight digits ring in the Pacific only when dialled there: from France they may be a cut number.
        (Some(_), None) if bare.len() < 9 => Err(NumberFault::NoCountry),
        (Some(number), None) => Ok(number),
    }
}

/// Decides what a number is, and gives it its one form.
fn settle(code: u16, national: &str) -> Result<PhoneNumber, NumberFault> {
    if code == 33 && french_plan::overseas(national).is_some() {
        return Err(NumberFault::Impossible);
    }
    let (region, mobile) = match classify(code, national) {
        // Numbers of no country.
        Some(("001", _)) => return Err(NumberFault::Premium),
        Some((id, Type::Mobile | Type::FixedLineOrMobile)) => (id.parse()?, true),
        Some((id, Type::FixedLine | Type::Voip)) => (id.parse()?, false),
        // What the caller pays for, personal numbers among them (+44 70).
        Some((_, Type::PremiumRate | Type::SharedCost | Type::TollFree | Type::PersonalNumber)) => {
            return Err(NumberFault::Premium);
        }
        Some((_, Type::Uan)) => return Err(NumberFault::Company),
        Some((_, Type::Pager)) => return Err(NumberFault::Pager),
        Some(_) => return Err(NumberFault::Impossible),
        None => french_plan::territory(code, national)
            .map(|(id, mobile)| (Region(id), mobile))
            .ok_or(NumberFault::Impossible)?,
    };
    let e164 = format!("+{code}{national}");
    // What is stored must be read again as itself; E.164 §6.1 has fifteen digits at most.
    let again = phonenumber::parse(None, &e164).map_err(|_| NumberFault::Impossible)?;
    if e164.len() > 16 || (again.country().code(), again.national().to_string()) != (code, national.to_owned()) {
        return Err(NumberFault::Impossible);
    }
    Ok(PhoneNumber { e164, region, mobile })
}

/// The region and the kind of a number; `None` where no plan of the library has it.
///
/// The library's own look-up leaves out the leading zeros of Italian landlines, and then knows none.
fn classify(code: u16, national: &str) -> Option<(&'static str, Type)> {
    let regions = DATABASE.by_code(&code)?;
    let alone = regions.len() == 1;
    regions.into_iter().find_map(|plan| {
        let leads = plan.leading_digits().map(|digits| digits.find(national).is_some_and(|found| found.start() == 0));
        let kind = if leads == Some(false) && !alone { None } else { kind(plan, national) };
        kind.map(|kind| (plan.id(), kind))
    })
}

fn kind(plan: &Metadata, national: &str) -> Option<Type> {
    let of = plan.descriptors();
    // The library's patterns are not tied to the end: nine digits would pass as six of Saint-Pierre-et-Miquelon.
    let cut = plan.country_code() == 508 && national.len() == 9 && !national.starts_with("708");
    let is = |kind: Type| of.get(kind).is_some_and(|descriptor| descriptor.is_match(national));
    if cut || !of.general().is_match(national) {
        return None;
    }
    match (is(Type::FixedLine), is(Type::Mobile)) {
        _ if is(Type::PremiumRate) => Some(Type::PremiumRate),
        _ if is(Type::TollFree) => Some(Type::TollFree),
        _ if is(Type::SharedCost) => Some(Type::SharedCost),
        _ if is(Type::Voip) => Some(Type::Voip),
        _ if is(Type::PersonalNumber) => Some(Type::PersonalNumber),
        _ if is(Type::Pager) => Some(Type::Pager),
        _ if is(Type::Uan) => Some(Type::Uan),
        _ if is(Type::Voicemail) => Some(Type::Voicemail),
        (true, true) => Some(Type::FixedLineOrMobile),
        (true, false) => Some(Type::FixedLine),
        (false, true) => Some(Type::Mobile),
        (false, false) => None,
    }
}

/// Inmarsat; Iridium, Globalstar and their like; the networks of no country, Thuraya among them (ITU-T E.164.1).
const SATELLITES: &[&str] = &["+870", "+881", "+882", "+883"];

/// The French territories overseas.
const OVERSEAS: &[country::Id] = &[
    country::GP,
    country::MF,
    country::BL,
    country::GF,
    country::MQ,
    country::RE,
    country::YT,
    country::PM,
    country::NC,
    country::PF,
    country::WF,
];

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(…)")
    }
}

/// Why a text is not a number we may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberFault {
    /// Letters, or nothing.
    #[error("this is not a telephone number")]
    NotANumber,
    /// No country has it.
    #[error("no telephone has this number")]
    Impossible,
    /// A country code that nobody has.
    #[error("no country has this code")]
    Unassigned,
    /// Premium, shared-cost, toll-free and personal numbers.
    #[error("codes are not sent to special-rate numbers")]
    Premium,
    /// A number that the offices of a company share.
    #[error("codes are not sent to numbers that a company shares among its offices")]
    Company,
    /// It shows messages that anybody can receive.
    #[error("codes are not sent to pagers")]
    Pager,
    /// Inmarsat, Iridium, Thuraya and their like.
    #[error("codes are not sent to satellite telephones")]
    Satellite,
    /// Possible in several of the practice's countries.
    #[error("this number exists in several countries: write it with its country code, such as +33 or +377")]
    SeveralCountries,
    /// The country code is missing where it must be given.
    #[error("write the number with its country code, such as +33")]
    NoCountry,
    /// A country to which this practice sends no codes.
    #[error("codes are not sent to this country: allow it in the practice's settings")]
    Country,
    /// The practice's own number.
    #[error("this is the practice's own number")]
    Own,
    /// The two letters name no country.
    #[error("this is not a country (two letters, such as FR)")]
    Region,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(code: &str) -> Region {
        code.parse().expect("a country")
    }

    fn in_france(typed: &str) -> Result<String, NumberFault> {
        PhoneNumber::parse(typed, region("FR"), &[]).map(|n| n.reveal().to_owned())
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for typed in [
            "06 12 34 56 78",
            "06.12.34.56.78",
            "06-12-34-56-78",
            "+33612345678",
            "0033 6 12 34 56 78",
            "+33 (0)6 12 34 56 78",
            "\u{202d}+33 6 12 34 56 78\u{202c}",
            "06\u{a0}12\u{202f}34\u{2011}56\u{2011}78",
            "０６１２３４５６７８",
        ] {
            assert_eq!(in_france(typed).as_deref(), Ok("+33612345678"), "{typed}");
        }
        assert_eq!(in_france("0692 12 34 56").as_deref(), Ok("+262692123456"));
        assert_eq!(in_france("+377 6 12 34 56 78").as_deref(), Ok("+377612345678"));
    }

    #[test]
    fn what_cannot_be_called_is_refused_with_its_reason() {
        assert_eq!(in_france("bonjour"), Err(NumberFault::NotANumber));
        assert_eq!(in_france("112"), Err(NumberFault::Impossible));
        assert_eq!(in_france("06 12 34 56 7"), Err(NumberFault::Impossible));
        assert_eq!(in_france("0899 70 12 34"), Err(NumberFault::Premium));
        assert_eq!(PhoneNumber::parse_international("0612345678"), Err(NumberFault::NoCountry));
    }

    /// R-B1: the same digits are two telephones.
    #[test]
    fn six_in_monaco_asks_for_the_country() {
        let read = |typed| PhoneNumber::parse(typed, region("MC"), &[region("FR"), region("IT")]);
        assert_eq!(read("06 12 34 56 78"), Err(NumberFault::SeveralCountries));
        assert_eq!(read("93 30 00 00").expect("a Monaco landline").reveal(), "+37793300000");
        assert_eq!(read("+33 6 12 34 56 78").expect("with its country").reveal(), "+33612345678");
    }

    #[test]
    fn a_landline_is_known_and_masks_show_little() {
        let landline = PhoneNumber::parse("01 42 68 53 00", region("FR"), &[]).expect("a landline");
        assert!(!landline.is_mobile());
        let mobile = PhoneNumber::parse("06 12 34 56 78", region("FR"), &[]).expect("a mobile");
        assert!(mobile.is_mobile());
        assert_eq!((mobile.last_two(), mobile.masked().as_str()), ("78", "•• •• •• 56 78"));
        assert_eq!(format!("{mobile:?}"), "PhoneNumber(…)");
        assert_eq!(mobile.region(), region("FR"));
    }

    /// Region, as it is dialled there, with its country code, its one form, the country, whether it takes SMS.
    const TABLE: &[(&str, &str, &str, &str, &str, bool)] = &[
        ("FR", "06 12 34 56 78", "+33 6 12 34 56 78", "+33612345678", "FR", true),
        ("FR", "07 56 78 12 34", "0033756781234", "+33756781234", "FR", true),
        ("FR", "01 42 68 53 00", "+33 (0)1 42 68 53 00", "+33142685300", "FR", false),
        ("FR", "09 72 12 34 56", "+33 9 72 12 34 56", "+33972123456", "FR", false),
        ("MC", "06 12 34 56 78", "+377 6 12 34 56 78", "+377612345678", "MC", true),
        ("MC", "4412 3456", "+377 44 12 34 56", "+37744123456", "MC", true),
        ("MC", "93 30 00 00", "+377 93 30 00 00", "+37793300000", "MC", false),
        ("IT", "333 123 4567", "+39 333 1234567", "+393331234567", "IT", true),
        ("IT", "06 4212 3456", "+39 06 42123456", "+390642123456", "IT", false),
        ("IT", "02 1234 5678", "+39 (0)2 1234 5678", "+390212345678", "IT", false),
        ("IT", "0184 123456", "0039 0184 123456", "+390184123456", "IT", false),
        ("CH", "079 123 45 67", "+41 (0)79 123 45 67", "+41791234567", "CH", true),
        ("CH", "022 733 00 00", "+41 22 733 00 00", "+41227330000", "CH", false),
        ("BE", "0470 12 34 56", "+32 470 12 34 56", "+32470123456", "BE", true),
        ("BE", "02 555 12 34", "+32 (0)2 555 12 34", "+3225551234", "BE", false),
        ("ES", "612 34 56 78", "+34 612 345 678", "+34612345678", "ES", true),
        ("ES", "912 345 678", "+34 912 34 56 78", "+34912345678", "ES", false),
        ("GB", "07400 123456", "+44 (0)7400 123456", "+447400123456", "GB", true),
        ("GB", "020 7946 0000", "+44 20 7946 0000", "+442079460000", "GB", false),
        // Overseas, as a practice there writes it.
        ("RE", "0692 12 34 56", "+262 692 12 34 56", "+262692123456", "RE", true),
        ("RE", "0262 90 12 34", "+262 262 90 12 34", "+262262901234", "RE", false),
        ("GP", "0690 12 34 56", "+590 690 12 34 56", "+590690123456", "GP", true),
        ("GP", "0590 20 12 34", "+590 590 20 12 34", "+590590201234", "GP", false),
        ("MQ", "0696 30 12 34", "+596 696 30 12 34", "+596696301234", "MQ", true),
        ("MQ", "0596 30 12 34", "+596 596 30 12 34", "+596596301234", "MQ", false),
        ("GF", "0694 20 12 34", "+594 694 20 12 34", "+594694201234", "GF", true),
        ("GF", "0594 30 12 34", "+594 594 30 12 34", "+594594301234", "GF", false),
        ("YT", "0639 26 27 28", "+262 639 26 27 28", "+262639262728", "YT", true),
        ("YT", "0269 60 12 34", "+262 269 60 12 34", "+262269601234", "YT", false),
        ("PM", "55 12 34", "+508 55 12 34", "+508551234", "PM", true),
        ("PM", "0508 41 23 45", "+508 41 23 45", "+508412345", "PM", false),
        ("PM", "0708 40 12 34", "+508 708 40 12 34", "+508708401234", "PM", true),
        ("NC", "75 12 34", "+687 75 12 34", "+687751234", "NC", true),
        ("NC", "24 12 34", "+687 24 12 34", "+687241234", "NC", false),
        ("PF", "87 12 34 56", "+689 87 12 34 56", "+68987123456", "PF", true),
        ("PF", "40 41 23 45", "+689 40 41 23 45", "+68940412345", "PF", false),
        ("WF", "82 12 34", "+681 82 12 34", "+681821234", "WF", true),
        ("WF", "72 12 34", "+681 72 12 34", "+681721234", "WF", true),
        // The mobiles of Saint-Martin and Saint-Barthélemy are among those of Guadeloupe.
        ("MF", "0690 12 34 56", "+590 690 12 34 56", "+590690123456", "GP", true),
        ("MF", "0590 87 12 34", "+590 590 87 12 34", "+590590871234", "BL", false),
        ("BL", "0691 22 34 56", "+590 691 22 34 56", "+590691223456", "GP", true),
        ("BL", "0590 27 12 34", "+590 590 27 12 34", "+590590271234", "BL", false),
        // What the plan has and the library not yet.
        ("YT", "0639 51 23 45", "+262 639 51 23 45", "+262639512345", "YT", true),
        ("GP", "0691 12 34 56", "+590 691 12 34 56", "+590691123456", "GP", true),
        ("RE", "0693 23 45 67", "+262 693 23 45 67", "+262693234567", "RE", true),
        // And as a practice in France writes it.
        ("FR", "0692 12 34 56", "+262 692 12 34 56", "+262692123456", "RE", true),
        ("FR", "0693 23 45 67", "+262 693 23 45 67", "+262693234567", "RE", true),
        ("FR", "0262 90 12 34", "+262 262 90 12 34", "+262262901234", "RE", false),
        ("FR", "0690 12 34 56", "+590 690 12 34 56", "+590690123456", "GP", true),
        ("FR", "0590 27 12 34", "+590 590 27 12 34", "+590590271234", "BL", false),
        ("FR", "0696 30 12 34", "+596 696 30 12 34", "+596696301234", "MQ", true),
        ("FR", "0596 30 12 34", "+596 596 30 12 34", "+596596301234", "MQ", false),
        ("FR", "0694 20 12 34", "+594 694 20 12 34", "+594694201234", "GF", true),
        ("FR", "0594 30 12 34", "+594 594 30 12 34", "+594594301234", "GF", false),
        ("FR", "0639 51 23 45", "+262 639 51 23 45", "+262639512345", "YT", true),
        ("FR", "0269 60 12 34", "+262 269 60 12 34", "+262269601234", "YT", false),
        ("FR", "0508 41 23 45", "+508 41 23 45", "+508412345", "PM", false),
        ("FR", "0708 40 12 34", "+508 708 40 12 34", "+508708401234", "PM", true),
    ];

    #[test]
    fn numbers_have_one_form_wherever_they_are_read() {
        for (at, dialled, abroad, e164, of, mobile) in TABLE {
            let here =
                PhoneNumber::parse(dialled, region(at), &[]).unwrap_or_else(|fault| panic!("{dialled}: {fault}"));
            let there = PhoneNumber::parse_international(abroad).unwrap_or_else(|fault| panic!("{abroad}: {fault}"));
            assert_eq!((here.reveal(), here.region(), here.is_mobile()), (*e164, region(of), *mobile), "{dialled}");
            assert_eq!(there, here, "{abroad}");
            // What is sealed is read by `parse_international`, and what is hashed is what `reveal` says.
            let again = PhoneNumber::parse_international(here.reveal()).expect("its own form");
            assert_eq!((again.reveal(), &again), (*e164, &here), "{e164}");
            assert_eq!(PhoneNumber::parse(e164, region("DE"), &[]), Ok(here), "{e164}");
        }
    }

    #[test]
    fn a_number_that_its_plan_has_lost_is_kept_as_it_was() {
        for once in ["+33596301234", "+447012345678", "+33799999999", "+390612"] {
            let kept = PhoneNumber::kept(once).expect("it was a number");
            assert_eq!((kept.reveal(), kept.is_mobile()), (once, true));
        }
        for (.., e164, _, mobile) in TABLE {
            assert_eq!(PhoneNumber::kept(e164).map(|kept| kept.is_mobile()), Ok(*mobile), "{e164}");
        }
        for never in ["", "+", "0612345678", "+33 612345678", "+330612345678", "+9991234567", "x"] {
            assert!(PhoneNumber::kept(never).is_err(), "{never}");
        }
    }

    #[test]
    fn what_takes_no_code_is_refused_with_its_own_reason() {
        for (typed, fault) in [
            ("+33 8 99 70 12 34", NumberFault::Premium),
            ("+33 8 20 12 34 56", NumberFault::Premium),
            ("+33 8 00 12 34 56", NumberFault::Premium),
            ("+39 899 123456", NumberFault::Premium),
            ("+44 70 1234 5678", NumberFault::Premium),
            ("+800 1234 5678", NumberFault::Premium),
            ("+979 123 456 789", NumberFault::Premium),
            ("+878 10 1234567890", NumberFault::Premium),
            ("+33 8 06 12 34 56", NumberFault::Company),
            ("+44 7640 123456", NumberFault::Pager),
            ("+870 301 234 567", NumberFault::Satellite),
            ("+881 6 23456789", NumberFault::Satellite),
            ("00 882 16 12345678", NumberFault::Satellite),
            ("+883 510 012 345", NumberFault::Satellite),
            ("+999 123 4567", NumberFault::Unassigned),
            ("+210 123 4567", NumberFault::Unassigned),
            ("+33 7 00 12 34 56", NumberFault::Impossible),
            ("+39 2 1234 5678", NumberFault::Impossible),
            ("+508 508 41 23 45", NumberFault::Impossible),
            // Dialled in France, and no telephone of +33.
            ("+33 6 92 12 34 56", NumberFault::Impossible),
            ("+33 5 96 30 12 34", NumberFault::Impossible),
            ("+33 2 69 60 12 34", NumberFault::Impossible),
            ("+33 5 08 41 23 45", NumberFault::Impossible),
        ] {
            assert_eq!(PhoneNumber::parse_international(typed), Err(fault), "{typed}");
            assert_eq!(PhoneNumber::parse(typed, region("FR"), &[]), Err(fault), "{typed}");
        }
        assert_eq!(NumberFault::Satellite.to_string(), "codes are not sent to satellite telephones");
    }

    /// R-B1: overseas only where +33 is impossible, for a French practice alone, and never by chance.
    #[test]
    fn overseas_is_tried_last() {
        assert_eq!(in_france("06 38 51 23 45").as_deref(), Ok("+33638512345"), "not Mayotte");
        assert_eq!(in_france("75 12 34"), Err(NumberFault::SeveralCountries), "New Caledonia, Saint-Pierre");
        assert_eq!(in_france("87 12 34 56"), Err(NumberFault::NoCountry), "French Polynesia");
        assert_eq!(in_france("0806 12 34 56"), Err(NumberFault::Company));
        assert_eq!(in_france("0800 12 34 56"), Err(NumberFault::Premium));
        for elsewhere in ["MC", "IT", "BE"] {
            let read = PhoneNumber::parse("0639 51 23 45", region(elsewhere), &[region("FR")]);
            assert_ne!(read.as_ref().map(PhoneNumber::reveal), Ok("+262639512345"), "{elsewhere}");
        }
        let near_monaco = PhoneNumber::parse("0639 51 23 45", region("FR"), &[region("MC")]);
        assert_eq!(near_monaco, Err(NumberFault::SeveralCountries));
    }
}
