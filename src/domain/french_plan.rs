//! The French numbering plan overseas: ten digits everywhere, and a country code for each territory.
//!
//! Arcep, decision 2018-0881, annex 1 §2.3 (which replaced 2005-1085; Mayotte: 2006-0720). Each number of the plan
//! is of one territory, so what begins as one of these is no number of +33. The library follows the blocks that
//! operators were given, and is behind at times; the plan is what a patient may have.

use phonenumber::country::{self, Id};

/// What a territory's national numbers begin with, their leading 0 left out.
struct Territory {
    id: Id,
    code: u16,
    /// On wires and over the internet.
    fixed: &'static [&'static str],
    mobile: &'static [&'static str],
}

const TERRITORIES: &[Territory] = &[
    // With Saint-Martin and Saint-Barthélemy.
    Territory {
        id: country::GP,
        code: 590,
        fixed: &["590", "5987", "9395", "9475", "9760", "9761", "9768"],
        mobile: &["690", "691", "7090"],
    },
    Territory {
        id: country::GF,
        code: 594,
        fixed: &["594", "5988", "9396", "9476", "9764"],
        mobile: &["694", "70930", "70931", "70932", "70933"],
    },
    Territory {
        id: country::MQ,
        code: 596,
        fixed: &["596", "5989", "9397", "9477", "9766", "9767"],
        mobile: &["696", "697", "7091"],
    },
    Territory {
        id: country::RE,
        code: 262,
        fixed: &["262", "263", "2688", "9399", "9479", "9762", "9763"],
        mobile: &["692", "693", "7092"],
    },
    Territory {
        id: country::YT,
        code: 262,
        fixed: &["269", "2689", "9398", "9478", "9769"],
        mobile: &["639", "70935", "70936", "70937"],
    },
    // Its older numbers have six digits, and 0508 before them where they are dialled from France.
    Territory { id: country::PM, code: 508, fixed: &[], mobile: &["7084", "7085"] },
];

/// The territory of a number of this country code, and whether it is a mobile there.
pub(super) fn territory(code: u16, national: &str) -> Option<(Id, bool)> {
    find(national).filter(|(territory, _)| territory.code == code).map(|(territory, mobile)| (territory.id, mobile))
}

/// Digits as they are dialled in France, with their country code, where they are a number overseas.
pub(super) fn overseas(dialled: &str) -> Option<String> {
    let national = dialled.strip_prefix('0').unwrap_or(dialled);
    if let Some(six) = saint_pierre(national) {
        return Some(format!("+508{six}"));
    }
    find(national).map(|(territory, _)| format!("+{}{national}", territory.code))
}

/// The six digits of a number of Saint-Pierre-et-Miquelon that is written as it is dialled from France.
pub(super) fn saint_pierre(national: &str) -> Option<&str> {
    national.strip_prefix("508").filter(|six| six.len() == 6)
}

fn find(national: &str) -> Option<(&'static Territory, bool)> {
    if national.len() != NATIONAL {
        return None;
    }
    let begins = |list: &[&str]| list.iter().any(|begin| national.starts_with(begin));
    let fixed = TERRITORIES.iter().find(|territory| begins(territory.fixed)).map(|territory| (territory, false));
    fixed.or_else(|| TERRITORIES.iter().find(|territory| begins(territory.mobile)).map(|territory| (territory, true)))
}

/// Digits of a national number without its leading 0.
const NATIONAL: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_of_two_territories() {
        let all = || TERRITORIES.iter().flat_map(|t| t.fixed.iter().chain(t.mobile).map(move |begin| (t.id, *begin)));
        for (id, begin) in all() {
            let others =
                all().filter(|(other, with)| *other != id && (with.starts_with(begin) || begin.starts_with(with)));
            assert_eq!(others.count(), 0, "{begin}");
            assert!((3..=5).contains(&begin.len()) && begin.bytes().all(|digit| digit.is_ascii_digit()));
        }
    }

    #[test]
    fn what_is_dialled_in_france_is_told_from_what_rings_there() {
        assert_eq!(overseas("0639512345").as_deref(), Some("+262639512345"));
        assert_eq!(overseas("596301234").as_deref(), Some("+596596301234"));
        assert_eq!(overseas("0508412345").as_deref(), Some("+508412345"));
        for metropolitan in ["0612345678", "0638512345", "0142685300", "0597301234", "063951234", "06395123456"] {
            assert_eq!(overseas(metropolitan), None, "{metropolitan}");
        }
    }
}
