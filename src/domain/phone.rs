//! Telephone numbers: E.164 once, at the border, with the numbering plans of all countries.
//!
//! A number without its country code counts only where it is possible in exactly one of the
//! practice's region and neighbours: in Monaco `06 12 34 56 78` is two people (R-B1).

use std::fmt;
use std::str::FromStr;

use phonenumber::{Mode, Type, country};

/// A country by its ISO 3166 code, as the numbering plans know it.
#[derive(Clone, Copy, PartialEq, Eq)]
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
            return check(&bare, None);
        }
        let mut found: Vec<Self> = Vec::new();
        let mut fault = NumberFault::Impossible;
        for region in std::iter::once(&region).chain(neighbours) {
            match check(&bare, Some(*region)) {
                Ok(number) if !found.contains(&number) => found.push(number),
                Ok(_) | Err(NumberFault::Impossible) => {}
                Err(other) => fault = other,
            }
        }
        // French overseas plans are regions of their own; tried only where France says no.
        if found.is_empty() && region.0 == country::FR && fault == NumberFault::Impossible {
            found = [country::RE, country::GP, country::MQ, country::GF, country::YT]
                .into_iter()
                .filter_map(|id| check(&bare, Some(Region(id))).ok())
                .collect();
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
        if bare.starts_with('+') { check(&bare, None) } else { Err(NumberFault::NoCountry) }
    }

    /// `+33612345678`.
    pub fn reveal(&self) -> &str {
        &self.e164
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

    /// The country the number belongs to, where the plans tell.
    pub fn region(&self) -> Option<Region> {
        phonenumber::parse(None, &self.e164).ok().and_then(|n| n.country().id()).map(Region)
    }
}

/// Digits with a leading `+` where a country code was given.
///
/// White space, dashes, dots, slashes, brackets and invisible characters of every kind are how people
/// and their address books write numbers (R-B3); anything else is no number.
fn bare(typed: &str) -> Result<String, NumberFault> {
    // `+33 (0)6`: the trunk zero that must not be dialled.
    let typed = typed.replace("(0)", "");
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

fn check(bare: &str, region: Option<Region>) -> Result<PhoneNumber, NumberFault> {
    // The library reads Italian national numbers and others by itself; what it accepts as possible
    // is not always valid, so both its validity and its type are asked (crates.md §6).
    let number = phonenumber::parse(region.map(|r| r.0), bare).map_err(|_| NumberFault::Impossible)?;
    if !number.is_valid() {
        return Err(NumberFault::Impossible);
    }
    // A foreign reading of national digits does not count as this region's.
    if let Some(region) = region
        && number.country().id() != Some(region.0)
    {
        return Err(NumberFault::Impossible);
    }
    let kind = number.number_type(&phonenumber::metadata::DATABASE);
    let mobile = match kind {
        Type::Mobile | Type::FixedLineOrMobile => true,
        Type::FixedLine | Type::Voip | Type::PersonalNumber => false,
        Type::PremiumRate | Type::SharedCost | Type::TollFree => return Err(NumberFault::Premium),
        _ => return Err(NumberFault::Impossible),
    };
    Ok(PhoneNumber { e164: number.format().mode(Mode::E164).to_string(), mobile })
}

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
    /// Premium, shared-cost and toll-free numbers.
    #[error("codes are not sent to special-rate numbers")]
    Premium,
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
        assert_eq!(mobile.region(), Some(region("FR")));
    }
}
