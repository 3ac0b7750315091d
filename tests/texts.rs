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
use pli::texts::SOURCES;

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

#[test]
fn every_language_says_the_same() {
    let first = messages(Language::ALL[0]);
    assert!(first.len() > 80, "{} messages", first.len());
    for language in Language::ALL {
        let other = messages(language);
        for id in first.keys().chain(other.keys()) {
            assert_eq!(first.get(id), other.get(id), "{id} differs in {}", language.tag());
        }
    }
}

#[test]
fn every_text_is_said_and_every_said_text_exists() {
    let known: BTreeSet<String> = messages(Language::ALL[0]).into_keys().collect();
    // The first word of an id is the file that it stands in.
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
