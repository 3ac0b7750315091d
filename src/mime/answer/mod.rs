//! What somebody answers to a letter of Pli: one of a few words, or numbers (DESIGN §5, *Reading answers by mail*).
//!
//! One parser for every question that Pli asks. It errs toward hearing nothing, since whoever is asked again loses a
//! minute, and a patient whose code goes to a stranger loses more. A program's mail says nothing. Of a person's, only
//! what was written above, between or below the quote counts: never the quote, the line that introduces it, a
//! signature, a disclaimer, or what a telephone puts at the end. Who may answer, and whose a number is, others decide.

mod cut;
mod html;
mod numbers;

use zeroize::Zeroizing;

use super::decode;
use super::field;
use super::parameter::plain;
use super::returned::is_automatic;
use super::structure::{Kind, Node, Structure};
use super::unwrap;

pub use numbers::MOST as MOST_NUMBERS;

/// One of the words that decide something, in five languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// *Oui*.
    Yes,
    /// *Non*.
    No,
    /// *Annuler*.
    Cancel,
}

/// An answer. A person's words: no `Debug`.
#[derive(PartialEq, Eq)]
pub struct Answer {
    /// Message-IDs of what it answers, without angle brackets, the nearest first.
    pub about: Vec<String>,
    /// Whether a program wrote it: it says nothing, and nobody answers it (RFC 3834 §2).
    pub automatic: bool,
    /// The word that stands alone on the first line.
    pub word: Option<Word>,
    /// What may be telephone numbers, as they were typed, in order.
    pub numbers: Vec<Zeroizing<String>>,
}

impl Answer {
    /// Reads a message, whatever it is.
    pub fn read(octets: &[u8]) -> Self {
        read(octets, Self::of)
    }

    fn of(octets: &[u8], structure: &Structure) -> Self {
        let root = structure.root();
        let header = root.map(|root| field::head(octets, &root.header)).unwrap_or_default();
        let about = about(header);
        if is_automatic(header) || root.is_none_or(is_report) || is_absence(header) {
            return Self { about, automatic: true, word: None, numbers: Vec::new() };
        }
        let said = cut::said(&written(octets, structure), &writers(header));
        let word = said.first().and_then(|line| word(line));
        Self { about, automatic: false, word, numbers: numbers::of(&said) }
    }
}

/// What may be telephone numbers in what somebody wrote in any message, its signature included and its quotes not: the
/// numbers that a person writes again and again are the person's own.
pub fn own_numbers(octets: &[u8]) -> Vec<Zeroizing<String>> {
    read(octets, |octets, structure| numbers::of(&cut::own(&written(octets, structure))))
}

/// What is read of a message: files stand behind what was written, and reading goes on where others wait. What Outlook or
/// a signature wrapped is read as what it is.
fn read<T>(octets: &[u8], read: impl FnOnce(&[u8], &Structure) -> T) -> T {
    let octets = octets.get(..octets.len().min(LONGEST)).unwrap_or_default();
    let structure = Structure::read(octets);
    match unwrap::short(octets, &structure) {
        Some(plain) => read(&plain, &Structure::read(&plain)),
        None => read(octets, &structure),
    }
}

/// The text of a message: of its first part that is written to be read and says something.
fn written(octets: &[u8], structure: &Structure) -> Zeroizing<String> {
    let mut texts = Vec::new();
    collect(octets, structure, 0, 0, &mut texts);
    let read = |node: &Node| {
        let text = decode::text(octets, node, LONGEST_TEXT);
        if node.media_type().1.eq_ignore_ascii_case(b"html") { html::text(&text) } else { text }
    };
    // Plain text first: what marks a quote in it has been the same for forty years.
    let html = |node: &&Node| node.media_type().1.eq_ignore_ascii_case(b"html");
    let (html, plain): (Vec<&Node>, Vec<&Node>) = texts.into_iter().partition(html);
    let mut all = plain.into_iter().chain(html).map(read);
    all.find(|text| text.chars().any(char::is_alphanumeric)).unwrap_or_default()
}

/// The texts of a message that are no attachments and not in a message inside it.
fn collect<'a>(octets: &[u8], structure: &'a Structure, at: usize, depth: usize, texts: &mut Vec<&'a Node>) {
    let Some(node) = structure.node(at) else { return };
    match &node.kind {
        Kind::Multipart(parts) if depth < DEEPEST => {
            for part in parts {
                if texts.len() < MOST_TEXTS {
                    collect(octets, structure, *part, depth + 1, texts);
                }
            }
        }
        Kind::Leaf => {
            let disposition = field::find(field::head(octets, &node.header), "content-disposition");
            let attached = disposition.is_some_and(|value| plain(&value).eq_ignore_ascii_case(b"attachment"));
            let (kind, subtype) = node.media_type();
            let readable = [&b"plain"[..], b"html"].iter().any(|known| subtype.eq_ignore_ascii_case(known));
            if !attached && kind.eq_ignore_ascii_case(b"text") && readable {
                texts.push(node);
            }
        }
        _ => {}
    }
}

/// What it answers: In-Reply-To, then References from the end (RFC 5322 §3.6.4).
fn about(header: &[u8]) -> Vec<String> {
    let ids = |name: &str| -> Vec<String> {
        let value = field::find(header, name).unwrap_or_default();
        let text =
            String::from_utf8_lossy(value.get(..value.len().min(LONGEST_FIELD)).unwrap_or_default()).into_owned();
        let ids = text.split('<').skip(1).filter_map(|rest| rest.split_once('>'));
        ids.map(|(id, _)| id.split_whitespace().collect()).collect()
    };
    let mut all = ids("in-reply-to");
    all.extend(ids("references").into_iter().rev());
    all.truncate(MOST_IDS);
    all
}

/// The names under which a message is signed: its author's.
fn writers(header: &[u8]) -> Vec<String> {
    let value = field::find(header, "from").unwrap_or_default();
    let line = [b"From: ", value.get(..value.len().min(LONGEST_FIELD)).unwrap_or_default(), b"\r\n\r\n"].concat();
    let parsed = mail_parser::MessageParser::default().parse_headers(line.as_slice());
    let from = parsed.as_ref().and_then(|message| message.from());
    let names = from.into_iter().flat_map(|from| from.iter()).filter_map(|one| one.name.as_deref());
    names.map(cut::folded).filter(|name| name.chars().count() > 2).collect()
}

/// A report of delivery or of reading: clients write those by themselves (RFC 6522, RFC 8098).
fn is_report(root: &Node) -> bool {
    let (kind, subtype) = root.media_type();
    kind.eq_ignore_ascii_case(b"multipart") && subtype.eq_ignore_ascii_case(b"report")
}

/// Rules of mail clients answer without a field that says so: the subject does.
fn is_absence(header: &[u8]) -> bool {
    let value = field::find(header, "subject").unwrap_or_default();
    let line = [b"Subject: ", value.get(..value.len().min(LONGEST_FIELD)).unwrap_or_default(), b"\r\n\r\n"].concat();
    let parsed = mail_parser::MessageParser::default().parse_headers(line.as_slice());
    let subject = parsed.as_ref().and_then(|message| message.subject()).unwrap_or_default().to_lowercase();
    let subject = subject.replace(['\u{a0}', '\u{202f}'], " ").replace('\u{2019}', "'");
    ABSENCES.iter().any(|begin| subject.trim_start().starts_with(begin))
}

/// The word that a line is, whatever dots and quotation marks stand around it.
fn word(line: &str) -> Option<Word> {
    let bare = line.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let is = |words: &[&str]| words.contains(&bare.as_str());
    match () {
        () if is(YES) => Some(Word::Yes),
        () if is(NO) => Some(Word::No),
        () if is(CANCEL) => Some(Word::Cancel),
        () => None,
    }
}

const YES: &[&str] = &["oui", "yes", "si", "s\u{ec}", "s\u{ed}", "да"];
const NO: &[&str] = &["non", "no", "нет"];
const CANCEL: &[&str] = &[
    "annuler",
    "annulez",
    "annule",
    "cancel",
    "annulla",
    "annullare",
    "annulli",
    "cancelar",
    "cancele",
    "cancela",
    "anular",
    "отменить",
    "отмените",
    "отмена",
];

/// How automatic answers begin, in what mail programs speak.
const ABSENCES: &[&str] = &[
    "réponse automatique",
    "reponse automatique",
    "absence du bureau",
    "absence :",
    "absence:",
    "automatic reply",
    "auto reply",
    "autoreply",
    "auto:",
    "auto :",
    "out of office",
    "out of the office",
    "risposta automatica",
    "fuori sede",
    "respuesta automática",
    "fuera de la oficina",
    "automatische antwort",
    "abwesenheit",
    "автоответ",
    "автоматический ответ",
    "lu :",
    "lu:",
    "read:",
    "letto:",
    "leído:",
    "прочтено:",
];

/// Octets of a message that are read.
const LONGEST: usize = 512 * 1024;
/// How deep parts are followed.
const DEEPEST: usize = 20;
/// Texts that are looked at.
const MOST_TEXTS: usize = 8;
/// Octets of a text that are read: an answer is at one of its ends, and nobody quotes more.
const LONGEST_TEXT: usize = 256 * 1024;
/// Octets of a field that are read.
const LONGEST_FIELD: usize = 8 * 1024;
/// Message-IDs that are kept.
const MOST_IDS: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<Word>, Vec<String>) {
        let octets = format!("From: Dr Claire Martin <dr@x.example>\r\nSubject: Re: x\r\n\r\n{text}");
        let answer = Answer::read(octets.as_bytes());
        assert!(!answer.automatic);
        (answer.word, answer.numbers.iter().map(|number| number.as_str().to_owned()).collect())
    }

    #[test]
    fn words_stand_alone_on_the_first_line() {
        for (text, word) in [
            ("oui", Some(Word::Yes)),
            ("\r\n  OUI !\r\n\r\nmerci", Some(Word::Yes)),
            ("«\u{a0}Oui\u{a0}»", Some(Word::Yes)),
            ("Sì.", Some(Word::Yes)),
            ("Да", Some(Word::Yes)),
            ("Non", Some(Word::No)),
            ("Нет!", Some(Word::No)),
            ("annuler", Some(Word::Cancel)),
            ("Cancelar", Some(Word::Cancel)),
            ("Отменить", Some(Word::Cancel)),
            ("oui merci", None),
            ("Bonjour,\r\noui", None),
            ("Non, c'est le bon", None),
            ("ouie", None),
            ("", None),
            ("> oui", None),
            ("oui > non", None),
        ] {
            assert_eq!(read(text), (word, vec![]), "{text}");
        }
    }

    #[test]
    fn what_it_answers_is_named_nearest_first() {
        let octets = b"In-Reply-To: <a@x>\r\nReferences: <c@x>\r\n <b@x> <a@x>\r\n\r\nx";
        assert_eq!(Answer::read(octets).about, ["a@x", "a@x", "b@x", "c@x"]);
        assert!(Answer::read(b"In-Reply-To: a@x\r\n\r\nx").about.is_empty());
    }

    #[test]
    fn programs_say_nothing() {
        for field in [
            "Auto-Submitted: auto-replied",
            "X-Auto-Response-Suppress: All",
            "Precedence: bulk",
            "List-Id: <x>",
            "Subject: =?utf-8?Q?R=C3=A9ponse_automatique_:_Re:_x?=",
            "Subject: Automatic reply: Re: x",
            "Subject: Lu : Re: x",
            "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
        ] {
            let octets = format!("From: a@x.example\r\n{field}\r\n\r\n06 12 34 56 78\r\n");
            let answer = Answer::read(octets.as_bytes());
            assert!(answer.automatic && answer.numbers.is_empty() && answer.word.is_none(), "{field}");
        }
        assert!(!Answer::read(b"Auto-Submitted: no\r\nSubject: Re: absence\r\n\r\noui").automatic);
    }

    #[test]
    fn numbers_of_every_message_are_the_writers_own_but_in_quotes() {
        let octets = b"From: a@x.example\r\n\r\nVoici.\r\n\r\nCordialement\r\nDr A\r\n04 93 00 11 22\r\n\r\n> 06 12 34 56 78\r\n";
        let own: Vec<String> = own_numbers(octets).iter().map(|number| number.as_str().to_owned()).collect();
        assert_eq!(own, ["04 93 00 11 22"]);
    }
}
