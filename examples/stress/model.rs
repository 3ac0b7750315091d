//! One session's folder as RFC 3501 says that a client may believe it: each response must fit what was said before.

use std::collections::{BTreeMap, BTreeSet};

use crate::imap::response::{Data, Item};
use crate::ledger::{Ledger, Place};
use crate::letters;

/// A selected folder, as this session was told of it.
pub struct View {
    pub account: usize,
    pub folder: String,
    pub validity: u32,
    pub read_only: bool,
    /// Nobody else writes here: every flag is foreseen.
    pub own: bool,
    /// By sequence number: the UID where it was told.
    pub slots: Vec<Option<u32>>,
    pub flags: BTreeMap<u32, BTreeSet<String>>,
    /// MODSEQ as last told.
    pub modseqs: BTreeMap<u32, u64>,
}

/// What a response may be, by the command that is under way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Under {
    /// FETCH, STORE or SEARCH by number: no EXPUNGE (RFC 3501 §7.4.1).
    Numbers,
    /// Anything else.
    Any,
}

impl View {
    pub fn new(account: usize, folder: &str, own: bool) -> Self {
        Self {
            account,
            folder: folder.to_owned(),
            validity: 0,
            read_only: false,
            own,
            slots: Vec::new(),
            flags: BTreeMap::new(),
            modseqs: BTreeMap::new(),
        }
    }

    pub fn place(&self, uid: u32) -> Place {
        (self.account, self.folder.clone(), self.validity, uid)
    }

    /// The UIDs that were told, in order.
    pub fn uids(&self) -> Vec<u32> {
        self.slots.iter().flatten().copied().collect()
    }

    /// Takes a response; what is wrong with it.
    pub fn take(&mut self, data: &Data, under: Under, ledger: &mut Ledger) -> Result<(), String> {
        match data {
            Data::Exists(count) => self.exists(*count),
            Data::Expunge(_) | Data::Vanished(false, _) if under == Under::Numbers => {
                Err("EXPUNGE while numbers are in use".to_owned())
            }
            Data::Expunge(number) => {
                let at = self.at(*number)?;
                let uid = self.slots.remove(at);
                uid.map_or(Ok(()), |uid| self.went(uid, ledger))
            }
            Data::Vanished(false, ranges) => {
                for uid in ranges.iter().flat_map(|(from, to)| *from..=*to) {
                    if let Some(at) = self.slot_of(uid) {
                        self.slots.remove(at);
                        self.went(uid, ledger)?;
                    }
                }
                Ok(())
            }
            Data::Fetch(number, items) => self.fetched(*number, items, ledger),
            Data::Search(found) => {
                if found.iter().collect::<BTreeSet<_>>().len() != found.len() {
                    return Err("SEARCH names a message twice".to_owned());
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn exists(&mut self, count: u32) -> Result<(), String> {
        let count = usize::try_from(count).map_err(|_| "EXISTS")?;
        if count < self.slots.len() {
            return Err(format!("EXISTS fell from {} to {count} without EXPUNGE", self.slots.len()));
        }
        self.slots.resize(count, None);
        Ok(())
    }

    /// The slot of a UID: where it was told, else one without a UID that it fits.
    fn slot_of(&self, uid: u32) -> Option<usize> {
        let told = self.slots.iter().position(|slot| *slot == Some(uid));
        told.or_else(|| {
            let after = self.slots.iter().position(|slot| slot.is_some_and(|slot| slot > uid));
            let before = after.unwrap_or(self.slots.len()).checked_sub(1)?;
            self.slots.get(before).is_some_and(Option::is_none).then_some(before)
        })
    }

    fn went(&mut self, uid: u32, ledger: &mut Ledger) -> Result<(), String> {
        self.flags.remove(&uid);
        ledger.gone(&self.place(uid))
    }

    fn at(&self, number: u32) -> Result<usize, String> {
        let at = usize::try_from(number).map_err(|_| "a number")?.checked_sub(1).ok_or("number 0")?;
        if at < self.slots.len() { Ok(at) } else { Err(format!("number {number} of {}", self.slots.len())) }
    }

    fn fetched(&mut self, number: u32, items: &[Item], ledger: &mut Ledger) -> Result<(), String> {
        let at = self.at(number)?;
        for item in items {
            if let Item::Uid(uid) = item {
                self.is(at, *uid)?;
            }
        }
        let Some(uid) = self.slots.get(at).copied().flatten() else { return Ok(()) };
        let place = self.place(uid);
        for item in items {
            match item {
                Item::Flags(flags) => {
                    self.flags.insert(uid, flags.iter().cloned().collect());
                }
                Item::Size(size) => ledger.seen(&place, None, Some(*size))?,
                Item::ModSeq(modseq) => {
                    let before = self.modseqs.insert(uid, *modseq);
                    if before.is_some_and(|before| before > *modseq) {
                        return Err(format!("MODSEQ of UID {uid} fell from {before:?} to {modseq}"));
                    }
                }
                Item::Octets(section, None, Some(octets)) if section.is_empty() => {
                    let id = letters::id_of(octets).ok_or_else(|| format!("UID {uid}: not one of our messages"))?;
                    ledger.seen(&place, Some(&id), Some(octets.len() as u64))?;
                    whole(octets, &id).map_err(|what| format!("UID {uid}: {what}"))?;
                }
                Item::Octets(section, None, Some(octets)) if section.starts_with("HEADER") => {
                    if let Some(id) = letters::id_of(octets) {
                        ledger.seen(&place, Some(&id), None)?;
                    }
                }
                Item::Octets(_, _, None) => return Err(format!("UID {uid}: NIL for what is there")),
                _ => {}
            }
        }
        Ok(())
    }

    /// A UID at a number: the same as before, and in order.
    fn is(&mut self, at: usize, uid: u32) -> Result<(), String> {
        let slot = self.slots.get_mut(at).ok_or("a number")?;
        if let Some(known) = slot
            && *known != uid
        {
            return Err(format!("number {} was UID {known} and is {uid}", at + 1));
        }
        *slot = Some(uid);
        let before = self.slots.iter().take(at).flatten().next_back().copied();
        let after = self.slots.iter().skip(at + 1).flatten().next().copied();
        if before.is_some_and(|before| before >= uid) || after.is_some_and(|after| after <= uid) {
            return Err(format!("UID {uid} between {before:?} and {after:?}"));
        }
        Ok(())
    }
}

/// Whether octets are the message of this id; what was submitted has lines of the server on top.
pub fn whole(octets: &[u8], id: &str) -> Result<(), String> {
    let from = octets.windows(7).position(|window| window == b"From: <").ok_or("no From")?;
    let rest = octets.get(from + 7..).unwrap_or_default();
    let end = rest.iter().position(|octet| *octet == b'>').ok_or("no From")?;
    let sender = String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned();
    let wanted = letters::letter(id, &sender);
    let top = octets.strip_suffix(wanted.as_slice()).ok_or_else(|| format!("{id}: other octets"))?;
    if top.is_empty() || top.starts_with(b"Return-Path: ") || top.starts_with(b"Received: ") {
        Ok(())
    } else {
        Err(format!("{id}: something on top"))
    }
}
