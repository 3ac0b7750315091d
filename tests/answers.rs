//! Answers as mail clients write them, to the letter: what is heard of each (DESIGN §5, *Reading answers by mail*).
//!
//! `tests/answers/*.eml`: the first line says what is heard: a word, numbers as typed, `nothing`, or `automatic`. The
//! quote of each holds another number, which must never count.

use std::fs;

use pli::mime::Answer;
use pli::mime::answer::Word;

/// What an answer says, as the corpus writes it.
fn heard(octets: &[u8]) -> (String, Option<Word>) {
    let answer = Answer::read(octets);
    assert_eq!(answer.about.first().map(String::as_str), Some("hold.q@mail.cabinet.example"));
    if answer.automatic {
        assert!(answer.numbers.is_empty() && answer.word.is_none());
        return ("automatic".to_owned(), None);
    }
    let numbers: Vec<&str> = answer.numbers.iter().map(|number| number.as_str()).collect();
    (numbers.join(", "), answer.word)
}

#[test]
fn answers_of_every_client_are_read() {
    let words = [
        ("oui", Word::Yes),
        ("yes", Word::Yes),
        ("sì", Word::Yes),
        ("да", Word::Yes),
        ("non", Word::No),
        ("annuler", Word::Cancel),
        ("annulla", Word::Cancel),
        ("cancelar", Word::Cancel),
        ("отменить", Word::Cancel),
    ];
    let (mut faults, mut read) = (Vec::new(), 0);
    for entry in fs::read_dir("tests/answers").unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let (first, message) = text.split_once('\n').unwrap();
        let expected = first.strip_prefix("# ").unwrap();
        let (said, word) = heard(message.replace('\n', "\r\n").as_bytes());
        let right = match words.iter().find(|(written, _)| *written == expected) {
            Some((_, expected)) => word == Some(*expected) && said.is_empty(),
            None if expected == "nothing" => word.is_none() && said.is_empty(),
            None => word.is_none() && said.replace('\u{a0}', " ") == expected,
        };
        if !right {
            faults.push(format!("{}: {expected:?} is heard as {said:?} {word:?}", path.display()));
        }
        read += 1;
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    assert!(read > 40, "{read} answers");
}
