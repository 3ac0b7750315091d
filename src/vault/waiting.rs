//! Names that wait: a folder's path or an entry's keywords, under a deposit key until a session comes.
//!
//! An import without a device password has no key of the mailbox to seal them under (R-D4). Only a deposit key
//! whose row has authority is believed, so nobody else can name a folder this way.

use zeroize::Zeroizing;

use crate::domain::{Fault, MailboxId, Random, Sealed};

use super::keys::OWN;
use super::{SummaryKey, symmetric};

impl SummaryKey {
    /// Seals a name for the row of these 16 octets.
    ///
    /// # Errors
    /// A [`Fault`] when the cipher fails.
    pub fn seal_name(
        &self,
        mailbox: MailboxId,
        row: &[u8; 16],
        name: &[u8],
        random: &dyn Random,
    ) -> Result<Sealed, Fault> {
        symmetric::seal(OWN, &self.0, &place(mailbox, row), name, random)
    }

    /// Opens it again.
    ///
    /// # Errors
    /// A [`Fault`] for another mailbox's or row's value, another key, or a changed octet.
    pub fn open_name(&self, mailbox: MailboxId, row: &[u8; 16], sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Fault> {
        symmetric::open(OWN, &self.0, &place(mailbox, row), sealed)
    }
}

fn place(mailbox: MailboxId, row: &[u8; 16]) -> Vec<u8> {
    symmetric::framed(&[b"pli waiting name 1", mailbox.as_bytes(), row])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{FolderId, Timestamp};
    use crate::vault::testing::{Dice, vault};

    #[test]
    fn a_waiting_name_opens_for_its_mailbox_and_row_only() {
        let (vault, dice) = (vault(1), Dice::new(31));
        let (id, other) = (MailboxId::random(&dice), MailboxId::random(&dice));
        let new = vault.new_mailbox(id, &dice).expect("keys");
        let keys = vault.unlock(id, &new.certificate, &new.sealed_secret, &new.secret).expect("unlocks");
        let deposit = vault.deposit_key(id, &new.certificate, Timestamp(0), &dice).expect("a key");
        let (row, elsewhere) = (FolderId::random(&dice), FolderId::random(&dice));
        let sealed = deposit.key().seal_name(id, row.as_bytes(), b"Patients", &dice).expect("seals");
        let opened = vault.open_deposit_key(&keys, &deposit.esk).expect("opens");
        assert_eq!(opened.open_name(id, row.as_bytes(), &sealed).expect("opens").as_slice(), b"Patients");
        assert!(opened.open_name(id, elsewhere.as_bytes(), &sealed).is_err());
        assert!(opened.open_name(other, row.as_bytes(), &sealed).is_err());
        assert!(keys.summary_key().open_name(id, row.as_bytes(), &sealed).is_err(), "not under the mailbox's own");
    }
}
