//! Every text exists in every language with the same arguments; whoever says one says one that exists,
//! and none is there that nobody says.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where it fails; clippy counts helpers as no tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fluent_bundle::FluentResource;
use pli::domain::Language;
use pli::texts::{SOURCES, Texts};

/// The messages of one language: id and the names of its arguments.
fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    let (_, sources) = SOURCES.iter().find(|(l, _)| *l == language).unwrap();
    for source in *sources {
        // What cannot be read is a fault in itself: a message cut off by a slip would vanish silently.
        FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(_, faults)| panic!("{faults:?}"));
        let mut id = String::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) =
                line.split_once(" =").filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))
            {
                id = name.to_owned();
                assert!(all.insert(id.clone(), BTreeSet::new()).is_none(), "{}: {id} is there twice", language.tag());
            }
            for argument in line.split('$').skip(1) {
                let name: String =
                    argument.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
                all.get_mut(&id).unwrap().insert(name);
            }
        }
    }
    all
}

/// The ids as they stand in the files.
fn order(language: Language) -> Vec<String> {
    let (_, sources) = SOURCES.iter().find(|(l, _)| *l == language).unwrap();
    let lines = sources.iter().flat_map(|source| source.lines());
    let begins = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
    lines.filter(begins).filter_map(|line| line.split_once(" =")).map(|(id, _)| id.to_owned()).collect()
}

#[test]
fn every_language_says_the_same() {
    let first = messages(Language::ALL[0]);
    assert!(first.len() > 80, "{} messages", first.len());
    for language in Language::ALL {
        let other = messages(language);
        for id in first.keys().chain(other.keys()) {
            assert_eq!(first.get(id), other.get(id), "{id} differs in {}", language.tag());
        }
        // In the same order too, so that a page can be read as a whole beside its translation.
        assert_eq!(order(Language::ALL[0]), order(language), "{}", language.tag());
    }
}

/// The SMS as `src/access/challenge.rs` makes it: the text, and the line that lets a phone fill the code in (WebOTP).
fn sms(language: Language, host: usize) -> String {
    let text = Texts::new().say(language, "code-sms", &[("code", "123456".into()), ("letters", "KM".into())]);
    format!("{text}\n\n@{} #123456", "h".repeat(host))
}

/// Septets of a text in the default alphabet of GSM 03.38 §6.2.1; `None` where a character is not in it, so that the
/// whole message becomes UCS-2.
fn septets(text: &str) -> Option<usize> {
    const ALPHABET: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    text.chars()
        .map(|c| match c {
            c if ALPHABET.contains(c) => Some(1),
            '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' => Some(2),
            _ => None,
        })
        .sum()
}

#[test]
fn an_sms_is_one_message() {
    for language in [Language::Fr, Language::En, Language::It, Language::Es] {
        let text = sms(language, 35);
        let length = septets(&text);
        assert!(length.is_some_and(|length| length <= 160), "{}: {length:?} of 160: {text}", language.tag());
    }
    let text = sms(Language::Ru, 24);
    let length = text.encode_utf16().count();
    assert!(length <= 70, "ru: {length} of 70: {text}");
    assert_eq!((septets("été à l'hôpital"), septets("c'est 5 €")), (None, Some(10)));
}

/// Whoever sees the screen of somebody's phone learns that a code came, and nothing more.
#[test]
fn an_sms_and_a_call_say_the_code_and_nothing_of_the_letter() {
    let words =
        ["docteur", "doctor", "dottor", "médecin", "medic", "médic", "врач", "santé", "health", "salut", "здоров"];
    let more = ["http", "www", "cabinet", "studio", "consulta", "кабинет", "patient", "pazient", "pacient", "пациент"];
    for language in Language::ALL {
        let text = sms(language, 10);
        assert!(text.ends_with("\n\n@hhhhhhhhhh #123456"), "{text}");
        assert_eq!((text.matches("123456").count(), text.matches("KM").count()), (2, 1), "{text}");
        let digits = "1, 2, 3, 4, 5, 6";
        let call = Texts::new().say(language, "code-voice", &[("digits", digits.into())]);
        assert_eq!(call.matches(digits).count(), 2, "{call}");
        for said in [text, call].map(|said| said.to_lowercase()) {
            assert!(!words.iter().chain(&more).any(|word| said.contains(word)), "{said}");
        }
    }
}

#[test]
fn every_text_is_said_and_every_said_text_exists() {
    let known: BTreeSet<String> = messages(Language::ALL[0]).into_keys().collect();
    // The first word of an id is its subject: no word of the code's own.
    let subjects: BTreeSet<&str> = known.iter().filter_map(|id| id.split('-').next()).collect();
    let mut said = BTreeSet::new();
    for file in files(Path::new("src")).into_iter().chain(files(Path::new("templates"))) {
        let source = fs::read_to_string(&file).unwrap();
        for quoted in source.split('"') {
            if is_id(quoted) && subjects.contains(quoted.split('-').next().unwrap()) {
                said.insert(quoted.to_owned());
            }
        }
    }
    let never: Vec<&String> = known.difference(&said).collect();
    assert!(never.is_empty(), "nobody says {never:?}");
    let missing: Vec<&String> =
        said.difference(&known).filter(|id| subjects.iter().any(|s| id.starts_with(&format!("{s}-")))).collect();
    assert!(missing.is_empty(), "no such text: {missing:?}");
}

fn is_id(text: &str) -> bool {
    text.contains('-')
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|kind| kind == "rs" || kind == "html"))
        .collect()
}
