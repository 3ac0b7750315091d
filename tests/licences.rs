//! Every dependency has a licence of the list in `deny.toml`, and none brings another TLS library.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::process::Command;

/// The words of a list in `deny.toml`.
fn allowed() -> Vec<String> {
    let document: toml::Table = toml::from_str(include_str!("../deny.toml")).expect("TOML");
    let list = document["licenses"]["allow"].as_array().expect("a list");
    list.iter().map(|name| name.as_str().expect("text").to_owned()).collect()
}

/// Whether an SPDX expression can be met with the allowed licences (`/` is an old way to write OR).
fn met(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ").replace(" WITH ", "+WITH+");
    let mut words = spaced.split_whitespace().peekable();
    let result = any(&mut words, allowed);
    result && words.next().is_none()
}

type Words<'a, 'b> = std::iter::Peekable<std::str::SplitWhitespace<'b>>;

fn any<'b>(words: &mut Words<'_, 'b>, allowed: &[String]) -> bool {
    let mut result = all(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        result |= all(words, allowed);
    }
    result
}

fn all<'b>(words: &mut Words<'_, 'b>, allowed: &[String]) -> bool {
    let mut result = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        result &= one(words, allowed);
    }
    result
}

fn one<'b>(words: &mut Words<'_, 'b>, allowed: &[String]) -> bool {
    match words.next() {
        Some("(") => {
            let result = any(words, allowed);
            result & words.next_if_eq(&")").is_some()
        }
        Some(name) => allowed.contains(&name.replace("+WITH+", " WITH ")),
        None => false,
    }
}

#[test]
fn every_dependency_has_a_licence_of_the_list() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 200, "{}", packages.len());
    let allowed = allowed();
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(met(licence, &allowed), "{name}: {licence:?}");
    }
}

#[test]
fn an_expression_is_read_as_spdx_means_it() {
    let allowed = ["MIT".to_owned(), "Apache-2.0".to_owned(), "ISC".to_owned()];
    for good in ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "ISC AND (GPL-3.0 OR MIT)", "(MIT)"] {
        assert!(met(good, &allowed), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "ISC AND (GPL-3.0)", "MIT WITH X", "(MIT", "MIT MIT"] {
        assert!(!met(bad, &allowed), "{bad}");
    }
}
