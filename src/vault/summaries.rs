//! Summaries: what lists and searches need of a head, sealed symmetrically, and with it the head's session key.
//!
//! What comes in is sealed under a *deposit key*: random, in memory only, wrapped once to the mailbox's certificate
//! and changed every hour or thousand summaries. A session opens one KEM for each deposit key, then works
//! symmetrically. What a session brings itself is sealed under the mailbox's own key. A summary opens as the one of
//! its mailbox, message and head, and as nothing else.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::domain::{
    Container, DepositKeyId, Esk, Fault, MailboxId, MessageId, ObjectId, PublicKey, Random, Sealed, Timestamp,
};

use super::keys::OWN;
use super::message::open_head;
use super::{MailboxKeys, OpenHead, SessionKey, Vault, keys, policy, symmetric};

/// Which head of which message, for which mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SummaryOf {
    /// Whose.
    pub mailbox: MailboxId,
    /// Which message.
    pub message: MessageId,
    /// Which head.
    pub head: ObjectId,
}

impl SummaryOf {
    fn place(self, what: &[u8]) -> Vec<u8> {
        symmetric::framed(&[what, self.mailbox.as_bytes(), self.message.as_bytes(), self.head.as_bytes()])
    }
}

/// A key that summaries are under: a deposit key, or a mailbox's own.
pub struct SummaryKey(pub(super) symmetric::Key);

/// A summary as it is stored.
pub struct SealedSummary {
    /// The session key, and what lists show.
    pub summary: Sealed,
    /// What is searched.
    pub words: Option<Sealed>,
}

impl SummaryKey {
    /// Seals a summary: the head's session key stands before what lists show.
    ///
    /// # Errors
    /// A [`Fault`] when the cipher fails.
    pub fn seal(
        &self,
        of: SummaryOf,
        key: &SessionKey,
        summary: &[u8],
        words: Option<&[u8]>,
        random: &dyn Random,
    ) -> Result<SealedSummary, Fault> {
        let mut plain = Zeroizing::new(Vec::with_capacity(32 + summary.len()));
        plain.extend_from_slice(key.0.as_slice());
        plain.extend_from_slice(summary);
        let words = words.map(|words| symmetric::seal(OWN, &self.0, &of.place(WORDS), words, random)).transpose()?;
        Ok(SealedSummary { summary: symmetric::seal(OWN, &self.0, &of.place(SUMMARY), &plain, random)?, words })
    }

    /// Opens a summary again.
    ///
    /// # Errors
    /// A [`Fault`] for another mailbox's, message's or head's, another key, or a changed octet.
    pub fn open(&self, of: SummaryOf, sealed: &Sealed) -> Result<(SessionKey, Zeroizing<Vec<u8>>), Fault> {
        let mut plain = symmetric::open(OWN, &self.0, &of.place(SUMMARY), sealed)?;
        let key = plain.first_chunk::<32>().and_then(|key| SessionKey::from_octets(key)).ok_or_else(no_summary)?;
        plain.drain(..32);
        Ok((key, plain))
    }

    /// Opens what is searched.
    ///
    /// # Errors
    /// As [`SummaryKey::open`].
    pub fn open_words(&self, of: SummaryOf, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Fault> {
        symmetric::open(OWN, &self.0, &of.place(WORDS), sealed)
    }
}

impl MailboxKeys {
    /// The mailbox's own key of summaries.
    pub fn summary_key(&self) -> &SummaryKey {
        &self.summaries
    }

    /// Opens with the mailbox's own key, or one that it had before.
    ///
    /// # Errors
    /// What the last key said.
    pub fn with_own<T>(&self, open: impl Fn(&SummaryKey) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut tried = open(&self.summaries);
        for former in &self.former_summaries {
            if tried.is_ok() {
                break;
            }
            tried = open(former);
        }
        tried
    }
}

/// A deposit key while it is in use.
pub struct DepositKey {
    /// Its id.
    pub id: DepositKeyId,
    /// Whose.
    pub mailbox: MailboxId,
    /// The key, to the mailbox's certificate: what its row holds.
    pub esk: Esk,
    /// When it was made.
    pub made_at: Timestamp,
    key: SummaryKey,
    stored: AtomicBool,
}

impl DepositKey {
    /// The key itself.
    pub fn key(&self) -> &SummaryKey {
        &self.key
    }

    /// Whether its row is known to be stored; until then each deposit brings it along.
    pub fn is_stored(&self) -> bool {
        self.stored.load(Ordering::Acquire)
    }

    /// A deposit that brought its row was committed.
    pub fn stored(&self) {
        self.stored.store(true, Ordering::Release);
    }
}

/// The deposit keys in use, by mailbox.
#[derive(Default)]
pub(super) struct Current(Mutex<HashMap<MailboxId, InUse>>);

struct InUse {
    key: Arc<DepositKey>,
    /// The certificate it is wrapped to: another certificate has another key.
    certificate: PublicKey,
    summaries: u32,
}

impl Vault {
    /// The deposit key of a mailbox now; a new one every hour and every thousand summaries.
    ///
    /// # Errors
    /// A [`Fault`] when the certificate is not of our kind.
    pub fn deposit_key(
        &self,
        mailbox: MailboxId,
        certificate: &PublicKey,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Arc<DepositKey>, Fault> {
        let is_fresh = |key: &DepositKey| key.made_at <= now && now.since(key.made_at) < AGE;
        {
            let mut current = self.inner.deposits.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(used) = current.get_mut(&mailbox)
                && is_fresh(&used.key)
                && used.summaries < USES
                && used.certificate == *certificate
            {
                used.summaries += 1;
                return Ok(Arc::clone(&used.key));
            }
        }
        // Made outside of the lock: a KEM is long. Two may be made at once; both are good.
        let mut key = Zeroizing::new([0; 32]);
        random.fill(key.as_mut_slice());
        let esk = keys::wrap(&key, &policy::encryption_key(certificate)?)?;
        let key = Arc::new(DepositKey {
            id: DepositKeyId::random(random),
            mailbox,
            esk,
            made_at: now,
            key: SummaryKey(key),
            stored: AtomicBool::new(false),
        });
        let used = InUse { key: Arc::clone(&key), certificate: certificate.clone(), summaries: 1 };
        let mut current = self.inner.deposits.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A key that is not used any more is not kept in memory for long.
        if current.len() >= MANY {
            current.retain(|_, used| is_fresh(&used.key));
        }
        current.insert(mailbox, used);
        Ok(key)
    }

    /// Opens a deposit key with the mailbox's keys.
    ///
    /// # Errors
    /// A [`Fault`] for any packet but a PKESK v6 to this mailbox's key. Whether the row has authority is asked before.
    pub fn open_deposit_key(&self, keys: &MailboxKeys, esk: &Esk) -> Result<SummaryKey, Fault> {
        keys.unwrap(esk).map(SummaryKey)
    }

    /// Opens a head by the session key of its summary. The unlocked keys are the proof, as for [`Vault::open_entry`].
    ///
    /// # Errors
    /// A [`Fault`] for another message's or head's container.
    pub fn open_summarised(
        &self,
        _keys: &MailboxKeys,
        key: &SessionKey,
        of: SummaryOf,
        container: &Container,
    ) -> Result<OpenHead, Fault> {
        let head = open_head(key, of.head, container)?;
        if head.message != of.message {
            return Err(Fault::new("the head is another message's"));
        }
        Ok(head)
    }
}

/// A mailbox's own key of summaries.
pub(super) fn own(primary: &[u8], mailbox: MailboxId) -> SummaryKey {
    SummaryKey(symmetric::derive(primary, mailbox.as_bytes(), SUMMARIES))
}

fn no_summary() -> Fault {
    Fault::new("a sealed value is no summary")
}

const SUMMARIES: &[u8] = b"pli summaries 1";
const SUMMARY: &[u8] = b"pli summary 1";
const WORDS: &[u8] = b"pli words 1";
/// How long a deposit key is used.
const AGE: Duration = Duration::from_secs(3600);
/// How many summaries it seals.
const USES: u32 = 1000;
/// Keys in memory before old ones are looked for.
const MANY: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::testing::{Dice, vault};

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn of(dice: &Dice, mailbox: MailboxId) -> SummaryOf {
        SummaryOf { mailbox, message: MessageId::random(dice), head: ObjectId::random(dice) }
    }

    #[test]
    fn what_a_deposit_seals_opens_in_its_mailbox_and_place_only() {
        let (vault, dice) = (vault(1), Dice::new(21));
        let id = MailboxId::random(&dice);
        let new = vault.new_mailbox(id, &dice).expect("keys");
        let keys = vault.unlock(id, &new.certificate, &new.sealed_secret, &new.secret).expect("unlocks");
        let deposit = vault.deposit_key(id, &new.certificate, NOW, &dice).expect("a key");
        assert!(!deposit.is_stored());
        let (here, session) = (of(&dice, id), SessionKey::random(&dice));
        let sealed = deposit.key().seal(here, &session, b"summary", Some(b"words"), &dice).expect("seals");
        let opened = vault.open_deposit_key(&keys, &deposit.esk).expect("opens");
        let (key, summary) = opened.open(here, &sealed.summary).expect("opens");
        assert!(key.0 == session.0 && summary.as_slice() == b"summary");
        let words = sealed.words.as_ref().expect("there are words");
        assert_eq!(opened.open_words(here, words).expect("opens").as_slice(), b"words");
        assert!(opened.open(here, words).is_err() && opened.open_words(here, &sealed.summary).is_err());
        let other = of(&dice, id);
        for elsewhere in [
            SummaryOf { mailbox: MailboxId::random(&dice), ..here },
            SummaryOf { message: other.message, ..here },
            SummaryOf { head: other.head, ..here },
        ] {
            assert!(opened.open(elsewhere, &sealed.summary).is_err(), "{elsewhere:?}");
        }
        assert!(keys.summary_key().open(here, &sealed.summary).is_err(), "not under the mailbox's own");
        let strange = vault.new_mailbox(id, &dice).expect("keys");
        let strange = vault.unlock(id, &strange.certificate, &strange.sealed_secret, &strange.secret).expect("unlocks");
        assert!(vault.open_deposit_key(&strange, &deposit.esk).is_err(), "another certificate");
        for at in 0..sealed.summary.as_octets().len() {
            let mut octets = sealed.summary.as_octets().to_vec();
            octets[at] ^= 1;
            assert!(opened.open(here, &Sealed::from_octets(octets)).is_err(), "fault 26: octet {at}");
        }
    }

    #[test]
    fn a_deposit_key_is_changed_by_time_use_and_certificate() {
        let (vault, dice) = (vault(1), Dice::new(22));
        let id = MailboxId::random(&dice);
        let [one, two] = [(); 2].map(|()| vault.new_mailbox(id, &dice).expect("keys").certificate);
        let key = |certificate, at| vault.deposit_key(id, certificate, at, &dice).expect("a key").id;
        let first = key(&one, NOW);
        assert_eq!(key(&one, NOW.plus(Duration::from_secs(3599))), first);
        let second = key(&one, NOW.plus(AGE));
        assert_ne!(second, first, "an hour");
        assert_ne!(key(&one, NOW), second, "a clock that was set back");
        let other = key(&two, NOW);
        assert_eq!(key(&two, NOW), other);
        (2..USES).for_each(|_| assert_eq!(key(&two, NOW), other));
        assert_ne!(key(&two, NOW), other, "a thousand summaries");
        let elsewhere = vault.deposit_key(MailboxId::random(&dice), &two, NOW, &dice).expect("a key");
        assert_ne!(elsewhere.id, key(&two, NOW));
    }
}
