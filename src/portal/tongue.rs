//! Which language a browser is set to (RFC 9110 §12.5.4): the one it likes best of those that Pli speaks.

use axum::http::{HeaderMap, header};

use crate::domain::Language;

/// The language that a browser prefers, where it names one of ours.
pub(super) fn preferred(headers: &HeaderMap) -> Option<Language> {
    let lines = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
    let ranges = lines.flat_map(|line| line.split(',')).filter_map(range);
    // The first of those with the highest weight: browsers list them in the order of their user's settings.
    ranges
        .fold(None, |best: Option<(Language, u16)>, range| best.filter(|best| best.1 >= range.1).or(Some(range)))
        .map(|(language, _)| language)
}

/// `fr-CH;q=0.9`: the language and its weight in thousandths; `None` for another one, `*`, and what is not wanted.
fn range(text: &str) -> Option<(Language, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let language = parts.next()?.split('-').next()?.parse().ok()?;
    let weight = match parts.find_map(|parameter| parameter.strip_prefix(['q', 'Q'])) {
        Some(value) => weight(value.trim_start().strip_prefix('=')?.trim_start())?,
        None => 1000,
    };
    (weight > 0).then_some((language, weight))
}

/// RFC 9110 §12.4.2: 0 to 1, with at most three digits.
fn weight(text: &str) -> Option<u16> {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    if digits.len() > 3 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{digits:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(line: &str) -> Option<Language> {
        preferred(&HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_str(line).expect("a header"))]))
    }

    #[test]
    fn the_language_that_is_liked_best_is_spoken() {
        for (line, language) in [
            ("fr", Some(Language::Fr)),
            ("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", Some(Language::Ru)),
            ("de-CH, it-CH;q=0.8, fr;q=0.9", Some(Language::Fr)),
            ("en;q=0.5,es;q=0.5", Some(Language::En)),
            ("ES-419", Some(Language::Es)),
            ("en;q=0, it ; q=0.001", Some(Language::It)),
            ("fr;q=1.000", Some(Language::Fr)),
        ] {
            assert_eq!(of(line), language, "{line}");
        }
    }

    #[test]
    fn what_names_none_of_ours_says_nothing() {
        for line in
            ["", "*", "de", "fra", "fr;q=0", "fr;q=2", "fr;q=0.1234", "fr;q=", "fr;q=-1", "fr;q=1.1", ",;,=", "f r"]
        {
            assert_eq!(of(line), None, "{line}");
        }
        assert_eq!(preferred(&HeaderMap::new()), None);
        let octets = HeaderValue::from_bytes(b"fr\xff").expect("a header");
        assert_eq!(preferred(&HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, octets)])), None);
    }
}
