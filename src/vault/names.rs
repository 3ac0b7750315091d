//! What a person names in a mailbox: folders and keywords, sealed and found under the mailbox's own key.
//!
//! The key comes from the mailbox's certificate, which a device password unlocks: the root key and the
//! database together read no name and cannot even try one against a hash.

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use crate::domain::{EntryId, Fault, FolderId, FolderPath, KeyedHash, Random, Sealed};

use super::{MailboxKeys, keys::OWN, symmetric};

impl MailboxKeys {
    /// Seals the path of a folder, for its row.
    ///
    /// # Errors
    /// A [`Fault`] when the cipher fails.
    pub fn seal_folder(&self, id: FolderId, path: &FolderPath, random: &dyn Random) -> Result<Sealed, Fault> {
        let text = Zeroizing::new(path.canonical());
        symmetric::seal(OWN, &self.names, &folder_place(id), text.as_bytes(), random)
    }

    /// Opens it again.
    ///
    /// # Errors
    /// A [`Fault`] for another row's or mailbox's value.
    pub fn open_folder(&self, id: FolderId, sealed: &Sealed) -> Result<FolderPath, Fault> {
        let octets = symmetric::open(OWN, &self.names, &folder_place(id), sealed)?;
        std::str::from_utf8(&octets)
            .ok()
            .and_then(FolderPath::from_canonical)
            .ok_or_else(|| Fault::new("a sealed name is no folder's"))
    }

    /// The hash under which a folder is found.
    pub fn folder_hash(&self, path: &FolderPath) -> KeyedHash {
        let text = Zeroizing::new(path.canonical());
        let code = symmetric::authenticate(&self.names, &symmetric::framed(&[b"folder name", text.as_bytes()]));
        KeyedHash::from_octets([OWN.as_slice(), &code].concat())
    }

    /// Seals the keywords of an entry; `None` when there are none.
    ///
    /// # Errors
    /// A [`Fault`] when the cipher fails.
    pub fn seal_keywords(
        &self,
        id: EntryId,
        keywords: &BTreeSet<String>,
        random: &dyn Random,
    ) -> Result<Option<Sealed>, Fault> {
        if keywords.is_empty() {
            return Ok(None);
        }
        let json = serde_json::to_vec(keywords).map(Zeroizing::new);
        let json = json.map_err(|_| Fault::new("keywords cannot be written"))?;
        symmetric::seal(OWN, &self.names, &keywords_place(id), &json, random).map(Some)
    }

    /// Opens them again.
    ///
    /// # Errors
    /// A [`Fault`] for another entry's or mailbox's value.
    pub fn open_keywords(&self, id: EntryId, sealed: Option<&Sealed>) -> Result<BTreeSet<String>, Fault> {
        let Some(sealed) = sealed else { return Ok(BTreeSet::new()) };
        let json = symmetric::open(OWN, &self.names, &keywords_place(id), sealed)?;
        serde_json::from_slice(&json).map_err(|_| Fault::new("a sealed value holds no keywords"))
    }
}

fn folder_place(id: FolderId) -> Vec<u8> {
    symmetric::framed(&[b"folders", id.as_bytes(), b"name"])
}

fn keywords_place(id: EntryId) -> Vec<u8> {
    symmetric::framed(&[b"entries", id.as_bytes(), b"keywords"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MailboxId;
    use crate::vault::testing::{Dice, vault};

    fn keys(dice: &Dice) -> MailboxKeys {
        let id = MailboxId::random(dice);
        let new = vault(1).new_mailbox(id, dice).expect("keys");
        vault(2).unlock(id, &new.certificate, &new.sealed_secret, &new.secret).expect("opens under any root")
    }

    #[test]
    fn names_open_in_their_mailbox_and_row_only() {
        let dice = Dice::new(11);
        let (mine, other) = (keys(&dice), keys(&dice));
        let path = FolderPath::parse("Patients/Mme Canari").expect("a path");
        let (id, elsewhere) = (FolderId::random(&dice), FolderId::random(&dice));
        let sealed = mine.seal_folder(id, &path, &dice).expect("seals");
        assert_eq!(mine.open_folder(id, &sealed).expect("opens"), path);
        assert!(mine.open_folder(elsewhere, &sealed).is_err());
        assert!(other.open_folder(id, &sealed).is_err());
        assert_ne!(mine.folder_hash(&path), other.folder_hash(&path));
        assert_eq!(mine.folder_hash(&path), mine.folder_hash(&path.clone()));
    }

    #[test]
    fn keywords_open_in_their_entry_only() {
        let dice = Dice::new(12);
        let keys = keys(&dice);
        let words: BTreeSet<String> = ["cancer".to_owned(), "$label1".to_owned()].into();
        let (id, elsewhere) = (EntryId::random(&dice), EntryId::random(&dice));
        let sealed = keys.seal_keywords(id, &words, &dice).expect("seals");
        assert_eq!(keys.open_keywords(id, sealed.as_ref()).expect("opens"), words);
        assert!(keys.open_keywords(elsewhere, sealed.as_ref()).is_err());
        assert!(keys.seal_keywords(id, &BTreeSet::new(), &dice).expect("nothing to seal").is_none());
        assert!(keys.open_keywords(id, None).expect("none").is_empty());
    }
}
