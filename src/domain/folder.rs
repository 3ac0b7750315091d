//! The path of a folder: levels with `/` between them, as mail clients name it (RFC 9051 §5.1).
//!
//! Special folders are named in the language of the practice; each is also found under its names in the
//! other languages, so that a client that insists on "Sent" finds it, and a change of language breaks
//! nothing. INBOX is one whatever its case (RFC 9051 §5.1), also as the first level of a longer path.

use super::{FolderRole, Language};

/// A folder's path in the one form that is sealed and hashed. A person's words: no `Display`, masked `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct FolderPath {
    /// The special folder that the path begins with.
    root: Option<FolderRole>,
    /// The levels (below `root` where there is one).
    levels: Vec<String>,
}

impl std::fmt::Debug for FolderPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FolderPath({:?}, {} levels)", self.root, self.levels.len())
    }
}

impl FolderPath {
    /// Reads a name as a client writes it; `None` for an empty level, a control character, or a level that is too long.
    pub fn parse(name: &str) -> Option<Self> {
        let levels: Vec<&str> = name.split('/').collect();
        let bad = |level: &&str| level.is_empty() || level.len() > LEVEL || level.chars().any(char::is_control);
        if levels.iter().any(bad) || levels.len() > DEPTH {
            return None;
        }
        let (first, rest) = levels.split_first()?;
        let root = special(first);
        let kept = if root.is_some() { rest } else { levels.as_slice() };
        Some(Self { root, levels: kept.iter().map(|level| (*level).to_owned()).collect() })
    }

    /// The path of a special folder.
    pub fn special(role: FolderRole) -> Self {
        Self { root: Some(role), levels: Vec::new() }
    }

    /// The special folder that this is, if it is one.
    pub fn role(&self) -> Option<FolderRole> {
        self.root.filter(|_| self.levels.is_empty())
    }

    /// The path as it is shown in a language.
    pub fn shown(&self, language: Language) -> String {
        let root = self.root.map(|role| role.shown(language));
        let levels: Vec<&str> = root.into_iter().chain(self.levels.iter().map(String::as_str)).collect();
        levels.join("/")
    }

    /// The form that is sealed and hashed. No language is in it: a special first level is its role behind U+0001.
    pub fn canonical(&self) -> String {
        let root = self.root.map(|role| format!("\u{1}{}", role.word()));
        let levels: Vec<&str> = root.as_deref().into_iter().chain(self.levels.iter().map(String::as_str)).collect();
        levels.join("/")
    }

    /// Reads that form again.
    pub fn from_canonical(text: &str) -> Option<Self> {
        let Some(rest) = text.strip_prefix('\u{1}') else {
            return Some(Self { root: None, levels: text.split('/').map(str::to_owned).collect() });
        };
        let mut levels = rest.split('/');
        let root = FolderRole::from_word(levels.next()?)?;
        Some(Self { root: Some(root), levels: levels.map(str::to_owned).collect() })
    }

    /// The path one level up; `None` at the top.
    pub fn parent(&self) -> Option<Self> {
        let (_, above) = self.levels.split_last()?;
        (self.root.is_some() || !above.is_empty()).then(|| Self { root: self.root, levels: above.to_vec() })
    }

    /// Whether this is somewhere below `other`.
    pub fn is_below(&self, other: &Self) -> bool {
        self.root == other.root && self.levels.len() > other.levels.len() && self.levels.starts_with(&other.levels)
    }

    /// The same path with its beginning `from` replaced by `to`; `None` when it does not begin so.
    pub fn moved(&self, from: &Self, to: &Self) -> Option<Self> {
        if self != from && !self.is_below(from) {
            return None;
        }
        let below = self.levels.get(from.levels.len()..)?;
        Some(Self { root: to.root, levels: to.levels.iter().chain(below).cloned().collect() })
    }

    /// Whether it is no deeper and no longer than a path may be.
    pub fn is_within_bounds(&self) -> bool {
        self.levels.len() <= DEPTH
    }
}

impl FolderRole {
    /// The name of a special folder in a language.
    pub fn shown(self, language: Language) -> &'static str {
        let names = match self {
            Self::Inbox => ["INBOX"; 5],
            Self::Sent => ["Envoyés", "Sent", "Posta inviata", "Enviados", "Отправленные"],
            Self::Drafts => ["Brouillons", "Drafts", "Bozze", "Borradores", "Черновики"],
            Self::Trash => ["Corbeille", "Trash", "Cestino", "Papelera", "Корзина"],
            Self::Junk => ["Indésirables", "Junk", "Posta indesiderata", "Correo no deseado", "Спам"],
            Self::Archive => ["Archives", "Archive", "Archivio", "Archivo", "Архив"],
            Self::Recalled => ["Rappelés", "Recalled", "Ritirati", "Retirados", "Отозванные"],
            Self::Plain => [""; 5],
        };
        let [fr, en, it, es, ru] = names;
        match language {
            Language::Fr => fr,
            Language::En => en,
            Language::It => it,
            Language::Es => es,
            Language::Ru => ru,
        }
    }
}

/// The special folder of a first level, in any language.
fn special(level: &str) -> Option<FolderRole> {
    if level.eq_ignore_ascii_case("INBOX") {
        return Some(FolderRole::Inbox);
    }
    let named = |role: &FolderRole| Language::ALL.iter().any(|&language| role.shown(language) == level);
    FolderRole::ALL.iter().copied().find(named)
}

/// Octets of one level.
const LEVEL: usize = 255;
/// Levels of a path: any depth that a person means.
const DEPTH: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> FolderPath {
        FolderPath::parse(name).expect(name)
    }

    #[test]
    fn special_folders_are_found_in_every_language_and_shown_in_one() {
        for name in ["Envoyés", "Sent", "Posta inviata", "Enviados", "Отправленные"] {
            assert_eq!(path(name).role(), Some(FolderRole::Sent));
            assert_eq!(path(name).shown(Language::Fr), "Envoyés");
        }
        assert_eq!(path("inbox").shown(Language::En), "INBOX");
        assert_eq!(path("InBox/2024").shown(Language::En), "INBOX/2024");
        assert_eq!(path("Sent/2024"), path("Envoyés/2024"));
        assert_eq!(path("Sent/2024").role(), None);
        assert_eq!(path("Cardio/Sent").role(), None);
    }

    #[test]
    fn a_name_of_a_special_folder_means_one() {
        for role in FolderRole::ALL.iter().copied().filter(|role| *role != FolderRole::Plain) {
            for language in Language::ALL {
                let name = role.shown(language);
                assert_eq!(path(name).role(), Some(role), "{name}");
                assert_eq!(path(name).shown(language), name);
            }
        }
    }

    #[test]
    fn the_canonical_form_comes_back() {
        for name in ["INBOX", "Envoyés/2024", "Patients/Mme Canari/Été", "é"] {
            let path = path(name);
            assert_eq!(FolderPath::from_canonical(&path.canonical()), Some(path.clone()));
            assert_eq!(path.shown(Language::Fr), name);
        }
        assert!(FolderPath::parse("\u{1}sent").is_none(), "a name cannot look like a role");
    }

    #[test]
    fn odd_names_are_refused() {
        let long = "x".repeat(256);
        for name in ["", "/", "a/", "/a", "a//b", "a\r\nb", "a\u{0}", "a\u{85}b", long.as_str()] {
            assert!(FolderPath::parse(name).is_none(), "{name:?}");
        }
        assert!(FolderPath::parse(&"x".repeat(255)).is_some());
    }

    #[test]
    fn paths_know_their_family() {
        assert_eq!(path("a/b").parent(), Some(path("a")));
        assert_eq!(path("a").parent(), None);
        assert_eq!(path("Sent/x").parent(), Some(path("Sent")));
        assert!(
            path("a/b").is_below(&path("a")) && !path("ab").is_below(&path("a")) && !path("a").is_below(&path("a"))
        );
        assert_eq!(path("a/b/c").moved(&path("a/b"), &path("Sent/d")), Some(path("Sent/d/c")));
        assert_eq!(path("a/b").moved(&path("a/c"), &path("d")), None);
    }
}
