//! What a sender gives with a message, which is not for its recipients: the number, by header field, subject tag or
//! address tag (DESIGN §5), and for how long the letter is kept, by header field or subject tag.
//!
//! A bracket that begins like a number and is none is never sent as text: it is held, like any doubt.

use crate::domain::{Address, Channel, PhoneNumber};

use super::header::Header;

/// A bracket of the subject that begins like a number.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Tag {
    /// What stands for the number.
    pub(super) text: String,
    /// `tel:` asks for a call, `sms:` for a message.
    pub(super) channel: Option<Channel>,
}

/// What a bracket of the subject says.
enum Bracket {
    Number(Tag),
    /// For so many days: `[7j]`.
    Days(i64),
    /// `[urgent]`.
    Urgent,
    /// `[encrypt]`, as CipherMail asks for it: everything is, so that it is taken out and asks for nothing.
    Encrypt,
}

/// The tags of a decoded subject that stand for a number, in order.
pub(super) fn tags(subject: &str) -> Vec<Tag> {
    let number = |(_, bracket)| match bracket {
        Bracket::Number(tag) => Some(tag),
        Bracket::Days(_) | Bracket::Urgent | Bracket::Encrypt => None,
    };
    brackets(subject).into_iter().filter_map(number).collect()
}

/// Whether a subject has tags of any kind.
pub(super) fn is_tagged(subject: &str) -> bool {
    !brackets(subject).is_empty()
}

/// The fields that ask for days: ours, else the one of a system whose place this takes.
pub(super) fn day_fields(header: &Header<'_>) -> Vec<String> {
    match header.values("x-pli-days") {
        own if !own.is_empty() => own,
        _ => header.values("zivver-message-expiration").iter().filter_map(|field| expiration(field)).collect(),
    }
}

/// How a `zivver-message-expiration` asks for days (`delete P30D`, ISO 8601), as a value of `X-Pli-Days`: what keeps a
/// letter longer than one can be kept here keeps it for as long as it can, since its software asks so of every letter.
fn expiration(field: &str) -> Option<String> {
    let period = field.split_whitespace().last()?.to_ascii_uppercase();
    let period = period.strip_prefix('P')?;
    let days: u64 = match period.strip_suffix('D') {
        Some(days) => days.parse().ok()?,
        None => period.strip_suffix('W')?.parse::<u64>().ok()?.saturating_mul(7),
    };
    Some(days.min(u64::from(MOST_DAYS)).to_string())
}

/// For how many days a sender wants a letter kept, by `X-Pli-Days` or by a tag of the subject; where there are several,
/// the fewest. `Some(None)` for what is no number of days from 1 to 90.
pub(super) fn days(fields: &[String], subject: &str) -> Option<Option<u16>> {
    let tagged = brackets(subject).into_iter().filter_map(|(_, bracket)| match bracket {
        Bracket::Days(days) => Some(days),
        Bracket::Number(_) | Bracket::Urgent | Bracket::Encrypt => None,
    });
    let asked: Vec<i64> = match fields {
        [] => tagged.collect(),
        fields => fields.iter().map(|field| field.trim().parse().unwrap_or(0)).collect(),
    };
    let bounds = |days: &i64| u16::try_from(*days).ok().filter(|days| (1..=MOST_DAYS).contains(days));
    let all: Option<Vec<u16>> = asked.iter().map(bounds).collect();
    (!asked.is_empty()).then(|| all.and_then(|all| all.into_iter().min()))
}

/// Whether a subject says `[urgent]`, in one of the five languages.
pub(super) fn is_urgent(subject: &str) -> bool {
    brackets(subject).iter().any(|(_, bracket)| matches!(bracket, Bracket::Urgent))
}

/// The subject without its tags, white space closed up.
pub(super) fn without_tags(subject: &str) -> String {
    without(subject, brackets(subject))
}

/// The same without those for a number alone.
pub(super) fn without_numbers(subject: &str) -> String {
    let mut found = brackets(subject);
    found.retain(|(_, bracket)| matches!(bracket, Bracket::Number(_)));
    without(subject, found)
}

fn without(subject: &str, found: Vec<(std::ops::Range<usize>, Bracket)>) -> String {
    let mut text = subject.to_owned();
    for (range, _) in found.into_iter().rev() {
        text.replace_range(range, " ");
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn brackets(subject: &str) -> Vec<(std::ops::Range<usize>, Bracket)> {
    // What stands behind a reply or forward mark was said of another letter, or is a colleague's word.
    let answer = is_answer(subject);
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = subject.get(from..).and_then(|rest| rest.find('[')).map(|at| from + at) {
        let Some(close) = subject.get(open..).and_then(|rest| rest.find(']')).map(|at| open + at) else { break };
        let inner = subject.get(open + 1..close).unwrap_or_default();
        let days = day_tag(inner).filter(|_| !answer).map(Bracket::Days);
        let urgent = (!answer && is_urgent_tag(inner)).then_some(Bracket::Urgent);
        let encrypt = || inner.trim().eq_ignore_ascii_case(ENCRYPT).then_some(Bracket::Encrypt);
        let number = || tag(inner).map(Bracket::Number);
        if let Some(bracket) = days.or(urgent).or_else(number).or_else(encrypt) {
            found.push((open..close + 1, bracket));
        }
        from = open + 1;
    }
    found
}

/// `7j`: one to four digits and the letter for days. Words are a treatment's: `[7 jours]` is text.
fn day_tag(inner: &str) -> Option<i64> {
    let visible: String = inner.chars().filter(|c| !is_invisible(*c)).collect();
    let visible = visible.trim().to_lowercase();
    let digits = visible.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = visible.split_at_checked(digits)?;
    (unit.trim() == DAY && (1..=4).contains(&number.len())).then(|| number.parse().ok()).flatten()
}

fn is_urgent_tag(inner: &str) -> bool {
    let visible: String = inner.chars().filter(|c| !is_invisible(*c)).collect();
    URGENT.contains(&visible.trim().to_lowercase().as_str())
}

fn tag(inner: &str) -> Option<Tag> {
    let visible: String = inner.chars().filter(|c| !is_invisible(*c)).collect();
    let visible = visible.trim();
    let lower = visible.to_lowercase();
    for (mark, channel) in [("sms:", Channel::Sms), ("tel:", Channel::Voice)] {
        if lower.starts_with(mark) {
            return Some(Tag {
                text: visible.get(mark.len()..).unwrap_or_default().to_owned(),
                channel: Some(channel),
            });
        }
    }
    let numeric = visible.starts_with(['+', '0', '\u{ff0b}', '\u{ff10}']) || visible.starts_with("(+");
    // `[01/02/2026]` and `[0]` are text. With six digits it begins like a number: words behind it make it a doubt,
    // never text that goes out.
    let digits = visible.chars().filter(|c| c.is_numeric()).count();
    let dated = visible.matches('/').count() == 2;
    (numeric && digits >= 6 && !dated).then(|| Tag { text: visible.to_owned(), channel: None })
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
}

/// Whether a subject begins with a reply or forward mark: its tag may be another patient's (R-B2).
pub(super) fn is_answer(subject: &str) -> bool {
    let start = subject.trim_start_matches(|c: char| c.is_whitespace() || is_invisible(c));
    let Some((mark, _)) = start.split_once([':', '：']) else { return false };
    let mark = mark.trim().trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '[' | ']' | '(' | ')' | '^'));
    MARKS.contains(&mark.trim().to_lowercase().as_str())
}

/// *Jours*, in every language: `[3D]` is a scan, `[1g]` a dose, and neither may be taken out of a subject.
const DAY: &str = "j";
/// The trigger that CipherMail has by default.
const ENCRYPT: &str = "encrypt";
/// The longest that a sender can have a letter kept.
const MOST_DAYS: u16 = 90;

/// Re and Fwd as the clients of Europe write them.
const MARKS: &[&str] = &[
    "re", "ré", "rép", "tr", "fw", "fwd", "aw", "wg", "r", "i", "rif", "inoltra", "rv", "res", "enc", "sv", "vs", "vb",
    "antw", "doorst", "отв", "ha", "пер", "на", "fs", "vl", "ynt", "ilt", "odp", "pd",
];

/// The numbers of `X-Pli-Phone` and `zivver-access-right` fields: address, number, channel.
///
/// `X-Pli-Phone: <jeanne@example.org> 06 12 34 56 78`; several fields or several lines, or commas between them.
pub(super) fn header_numbers(values: &[String]) -> Vec<(Address, String, Option<Channel>)> {
    let mut found = Vec::new();
    for value in values {
        for item in value.split([',', ';']) {
            let mut address = None;
            let mut channel = None;
            let mut number = Vec::new();
            for word in item.split_whitespace() {
                let bare = word.trim_matches(['<', '>', '"']);
                match bare.to_lowercase().as_str() {
                    "sms" => channel = Some(Channel::Sms),
                    "tel" | "voice" => channel = Some(Channel::Voice),
                    _ if bare.contains('@') => address = bare.parse::<Address>().ok(),
                    _ => number.push(bare),
                }
            }
            if let Some(address) = address {
                found.push((address, number.join(" "), channel));
            }
        }
    }
    found
}

/// The number of `+33612345678@sms.<domain>`, whose domain is already known to be ours.
pub(super) fn address_number(local: &str) -> Option<PhoneNumber> {
    local.starts_with('+').then(|| PhoneNumber::parse_international(local).ok()).flatten()
}

/// What is urgent, in five languages.
const URGENT: [&str; 3] = ["urgent", "urgente", "срочно"];

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(subject: &str) -> Vec<String> {
        tags(subject).into_iter().map(|tag| tag.text).collect()
    }

    #[test]
    fn tags_are_found_and_other_brackets_are_text() {
        assert_eq!(texts("Ordonnance [06 12 34 56 78]"), ["06 12 34 56 78"]);
        assert_eq!(texts("[+33 6 12 34 56 78] Résultat"), ["+33 6 12 34 56 78"]);
        assert_eq!(texts("A [\u{202d}+33 6 12 34 56 78\u{202c}]"), ["+33 6 12 34 56 78"]);
        assert_eq!(texts("A [sms:0612345678] [tel: 01 42 68 53 00]"), ["0612345678", " 01 42 68 53 00"]);
        assert_eq!(texts("A [06 12 34 56 78 Jeanne]"), ["06 12 34 56 78 Jeanne"], "a doubt");
        assert_eq!(texts("A [sms:Jeanne]"), ["Jeanne"], "begins like a number and is none: a doubt, never text");
        for text in ["[FIN]", "[12]", "[01/02/2026]", "[0]", "[urgent]", "06 12 34 56 78", "[ ", "]["] {
            assert!(tags(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn urgent_is_said_by_a_tag() {
        for subject in ["[urgent] Avis", "Avis [URGENT]", "Avis [ Urgente ]", "Avis [срочно]"] {
            assert!(is_urgent(subject) && is_tagged(subject), "{subject}");
            assert_eq!((without_tags(subject).as_str(), without_numbers(subject).as_str()), ("Avis", subject));
        }
        for text in ["Avis urgent", "Re: [urgent] Avis", "[urgence] Avis", "[non urgent]", "[]"] {
            assert!(!is_urgent(text), "{text}");
        }
    }

    #[test]
    fn days_are_asked_for_by_field_or_tag() {
        let of = |subject: &str| days(&[], subject);
        for subject in ["Avis [7j]", "[7J] Avis", "Avis [7 j]", "Avis [ 7j ]"] {
            assert_eq!(of(subject), Some(Some(7)), "{subject}");
            assert!(is_tagged(subject) && tags(subject).is_empty() && without_tags(subject) == "Avis", "{subject}");
        }
        for text in [
            "Avis",
            "Avis [7]",
            "[J7] Avis",
            "[7 jours] Avis",
            "[12345j]",
            "[j]",
            "7j",
            "[jour]",
            "[3D]",
            "[1 g]",
            "[2d]",
        ] {
            assert_eq!(of(text), None, "{text}");
            assert!(!is_tagged(text), "{text}");
        }
        for answer in ["Re: Avis [7j]", "TR: Amoxicilline [7j]", "RE: [120j]"] {
            assert_eq!((of(answer), without_tags(answer).as_str()), (None, answer));
        }
        assert_eq!(without_numbers("Amoxicilline [7j] [06 12 34 56 78]"), "Amoxicilline [7j]");
        assert_eq!((of("[0j] Avis"), of("[91j] Avis"), of("[1j] [90j]")), (Some(None), Some(None), Some(Some(1))));
        assert_eq!(days(&["14".to_owned()], "Avis [7j]"), Some(Some(14)), "the field comes first");
        assert_eq!(days(&["soon".to_owned()], "Avis"), Some(None));
        assert_eq!(
            (without_tags("A [7j] [06 12 34 56 78]"), tags("A [7j] [06 12 34 56 78]").len()),
            ("A".to_owned(), 1)
        );
    }

    #[test]
    fn what_other_systems_ask_for_is_understood() {
        assert_eq!(without_tags("Avis [encrypt] [sms:0612345678]"), "Avis");
        assert_eq!((texts("[Encrypt] Avis"), is_tagged("[ encrypt ] Avis")), (Vec::new(), true));
        assert_eq!(without_numbers("[encrypt] Avis [06 12 34 56 78]"), "[encrypt] Avis");
        let of = |field: &str| expiration(field);
        assert_eq!(
            (of("delete P30D"), of("delete P2W"), of("delete P1000D")),
            (Some("30".to_owned()), Some("14".to_owned()), Some("90".to_owned()),)
        );
        for none in ["", "delete", "delete P1Y", "delete PXD", "P"] {
            assert_eq!(of(none), None, "{none}");
        }
        let read =
            header_numbers(&["jeanne@example.org sms +33612345678".into(), "a@example.org access-code x".into()]);
        assert_eq!((read[0].1.as_str(), read[0].2), ("+33612345678", Some(Channel::Sms)));
        assert_eq!(read[1].1, "access-code x", "a doubt: codes are made here");
    }

    #[test]
    fn a_subject_without_its_tag_reads_well() {
        assert_eq!(without_tags("Ordonnance [06 12 34 56 78]"), "Ordonnance");
        assert_eq!(without_tags("Votre  [06 12 34 56 78] ordonnance [FIN]"), "Votre ordonnance [FIN]");
    }

    #[test]
    fn reply_and_forward_marks_of_many_clients() {
        for answer in ["Re: x", "RE : x", "TR: x", "Fwd: x", "AW: x", "Re[2]: x", "Rif: x", "Отв: x", " re: [06]"] {
            assert!(is_answer(answer), "{answer}");
        }
        for new in ["Ordonnance", "Report: x", "Résultat : x", "re"] {
            assert!(!is_answer(new), "{new}");
        }
    }

    #[test]
    fn header_fields_name_the_address() {
        let read = header_numbers(&["<jeanne@example.org> 06 12 34 56 78, paul@example.org tel +33142685300".into()]);
        assert_eq!(read.len(), 2);
        assert_eq!(
            (read[0].1.as_str(), read[1].1.as_str(), read[1].2),
            ("06 12 34 56 78", "+33142685300", Some(Channel::Voice))
        );
        assert_eq!(header_numbers(&["jeanne@example.org sms +33612345678".into()])[0].2, Some(Channel::Sms));
    }
}
