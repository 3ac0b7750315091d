//! Where a folder of a source goes: by what it is for (RFC 6154), by well-known names, else by its own.

use std::collections::HashMap;

use crate::domain::{FolderRole, Language};

use super::Found;

/// The names of folders where an import merges.
pub(super) fn merged(found: &[Found]) -> Vec<String> {
    let paths = without_prefix(found);
    let mut roles: HashMap<Vec<String>, FolderRole> = HashMap::new();
    let take = |roles: &mut HashMap<Vec<String>, FolderRole>, path: &Vec<String>, role: Option<FolderRole>| {
        if let Some(role) = role.filter(|role| roles.values().all(|taken| taken != role)) {
            roles.insert(path.clone(), role);
        }
    };
    // What the source says counts before what a name seems to say.
    for (found, path) in found.iter().zip(&paths) {
        take(&mut roles, path, found.role);
    }
    for path in &paths {
        if let [level] = path.as_slice()
            && !roles.contains_key(path)
        {
            take(&mut roles, path, well_known(level));
        }
    }
    paths.iter().map(|path| name(path, &roles)).collect()
}

/// Their names below a root, as the source has them.
pub(super) fn below(root: &str, found: &[Found]) -> Vec<String> {
    let below = |found: &Found| std::iter::once(root.to_owned()).chain(levels(&found.levels)).collect::<Vec<_>>();
    found.iter().map(|found| below(found).join("/")).collect()
}

/// The paths, without an `INBOX` that everything is below (a prefix of some servers' namespace).
fn without_prefix(found: &[Found]) -> Vec<Vec<String>> {
    let is_inbox = |level: &String| level.eq_ignore_ascii_case("INBOX");
    let others = || found.iter().filter(|found| !(found.levels.len() == 1 && found.levels.iter().all(is_inbox)));
    let prefixed = others().next().is_some() && others().all(|found| found.levels.first().is_some_and(is_inbox));
    let path = |found: &Found| match found.levels.as_slice() {
        [_, rest @ ..] if prefixed && !rest.is_empty() => rest.to_vec(),
        all => all.to_vec(),
    };
    found.iter().map(path).collect()
}

fn name(path: &[String], roles: &HashMap<Vec<String>, FolderRole>) -> String {
    // The longest beginning of the path that is a special folder.
    for length in (1..=path.len()).rev() {
        let (head, rest) = path.split_at(length);
        if let Some(role) = roles.get(head) {
            let all = std::iter::once(role.shown(Language::En).to_owned()).chain(levels(rest));
            return all.collect::<Vec<_>>().join("/");
        }
    }
    levels(path).collect::<Vec<_>>().join("/")
}

/// Levels as a folder of ours may have them: no `/`, no control character, neither empty nor too long nor too deep.
fn levels(path: &[String]) -> impl Iterator<Item = String> {
    let (kept, deep) = path.split_at(path.len().min(DEEPEST));
    let deep = (!deep.is_empty()).then(|| deep.join("-"));
    kept.iter()
        .cloned()
        .chain(deep)
        .map(|level| {
            let mut clean: String = level.chars().map(|c| if c == '/' || c.is_control() { '_' } else { c }).collect();
            while clean.len() > LONGEST {
                clean.pop();
            }
            if clean.is_empty() { "_".to_owned() } else { clean }
        })
        .collect::<Vec<_>>()
        .into_iter()
}

/// The special folder that a name of the first level means, in French, English, Italian, Spanish or Russian.
fn well_known(level: &str) -> Option<FolderRole> {
    let level = level.to_lowercase();
    if level == "inbox" {
        return Some(FolderRole::Inbox);
    }
    WELL_KNOWN.iter().find(|(_, names)| names.contains(&level.as_str())).map(|(role, _)| *role)
}

/// Modified UTF-7 (RFC 3501 §5.1.3), read as other servers write it; UTF-8 and what is neither stay as they are.
pub(super) fn decoded(wire: &str) -> String {
    utf7(wire).unwrap_or_else(|| wire.to_owned())
}

fn utf7(wire: &str) -> Option<String> {
    let (mut text, mut rest) = (String::with_capacity(wire.len()), wire);
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        let (shifted, after) = after.split_once('-')?;
        rest = after;
        if shifted.is_empty() {
            text.push('&');
            continue;
        }
        let standard = shifted.replace(',', "/");
        let octets = data_encoding::BASE64_NOPAD.decode(standard.as_bytes()).ok()?;
        let units = octets.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(u16::from_be_bytes));
        text.push_str(&char::decode_utf16(units).collect::<Result<String, _>>().ok()?);
    }
    text.push_str(rest);
    Some(text)
}

const WELL_KNOWN: &[(FolderRole, &[&str])] = &[
    (
        FolderRole::Sent,
        &[
            "sent",
            "sent items",
            "sent messages",
            "sent mail",
            "sent-mail",
            "envoyés",
            "envoyes",
            "éléments envoyés",
            "messages envoyés",
            "courrier envoyé",
            "inviata",
            "inviati",
            "posta inviata",
            "elementi inviati",
            "enviados",
            "elementos enviados",
            "mensajes enviados",
            "correo enviado",
            "отправленные",
        ],
    ),
    (FolderRole::Drafts, &["drafts", "draft", "brouillons", "bozze", "borradores", "черновики"]),
    (
        FolderRole::Trash,
        &[
            "trash",
            "bin",
            "deleted",
            "deleted items",
            "deleted messages",
            "corbeille",
            "poubelle",
            "éléments supprimés",
            "messages supprimés",
            "cestino",
            "posta eliminata",
            "elementi eliminati",
            "papelera",
            "elementos eliminados",
            "eliminados",
            "корзина",
            "удаленные",
            "удалённые",
        ],
    ),
    (
        FolderRole::Junk,
        &[
            "junk",
            "junk mail",
            "junk e-mail",
            "junk email",
            "spam",
            "bulk mail",
            "indésirables",
            "courrier indésirable",
            "pourriel",
            "pourriels",
            "posta indesiderata",
            "indesiderata",
            "correo no deseado",
            "no deseado",
            "спам",
            "нежелательная почта",
        ],
    ),
    (FolderRole::Archive, &["archive", "archives", "archived", "archivio", "archivo", "архив"]),
];
/// Octets of a level.
const LONGEST: usize = 255;
/// Levels below a root; what is deeper becomes one.
const DEEPEST: usize = 62;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FolderPath;

    fn found(path: &str, role: Option<FolderRole>) -> Found {
        let levels = path.split('.').map(str::to_owned).collect();
        Found { levels, role, view: false, identity: String::new(), at: String::new() }
    }

    #[test]
    fn special_folders_are_found_by_attribute_then_by_name() {
        let all = [
            found("inbox", None),
            found("Gesendet", Some(FolderRole::Sent)),
            found("Sent", None),
            found("Posta eliminata", None),
            found("Корзина", None),
            found("Gesendet.2024", None),
            found("Brouillons", None),
            found("Projets.Sent", None),
        ];
        let names = merged(&all);
        assert_eq!(
            names,
            ["INBOX", "Sent", "Sent", "Trash", "Корзина", "Sent/2024", "Drafts", "Projets/Sent"],
            "a second one for the same use keeps its name"
        );
        let path = |name: &String| FolderPath::parse(name).expect("a name");
        assert_eq!(path(&names[3]).role(), Some(FolderRole::Trash));
    }

    #[test]
    fn a_prefix_of_the_namespace_goes() {
        let names = merged(&[found("INBOX", None), found("INBOX.Sent", None), found("INBOX.A.B", None)]);
        assert_eq!(names, ["INBOX", "Sent", "A/B"]);
        let names = merged(&[found("INBOX", None), found("INBOX.A", None), found("B", None)]);
        assert_eq!(names, ["INBOX", "INBOX/A", "B"]);
    }

    #[test]
    fn odd_levels_become_names_that_a_folder_may_have() {
        let levels: Vec<String> = ["a/b".to_owned(), String::new(), "c\r\n".to_owned(), "é".repeat(200)].into();
        let deep = Found {
            levels: vec!["x".to_owned(); 90],
            role: None,
            view: false,
            identity: String::new(),
            at: String::new(),
        };
        let odd = Found { levels, role: None, view: false, identity: String::new(), at: String::new() };
        for name in merged(&[odd, deep]).into_iter().chain(below("Import 2026-11-27", &[found("INBOX", None)])) {
            assert!(FolderPath::parse(&name).is_some(), "{name}");
        }
    }

    #[test]
    fn names_of_other_servers_are_read() {
        assert_eq!(decoded("Envoy&AOk-s"), "Envoyés");
        assert_eq!(decoded("R&-D"), "R&D");
        assert_eq!(decoded("Été & co"), "Été & co");
        assert_eq!(decoded("&BCEEPwQwBDw-"), "Спам");
        assert_eq!(decoded("a&b"), "a&b");
    }
}
