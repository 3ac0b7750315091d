//! What all sessions together know: what must be there, what must not, and what never changes.

use std::collections::{BTreeMap, BTreeSet};

/// A message's place for good: mailbox, folder, UIDVALIDITY, UID.
pub type Place = (usize, String, u32, u32);

#[derive(Default)]
pub struct Ledger {
    known: BTreeMap<Place, Known>,
    validity: BTreeMap<(usize, String), u32>,
    next: BTreeMap<(usize, String), u32>,
    highest: BTreeMap<(usize, String), u64>,
    submitted: BTreeSet<(usize, String)>,
    /// Ids of which some copy was to go.
    went: BTreeSet<String>,
}

#[derive(Default, Clone)]
struct Known {
    id: Option<String>,
    size: Option<u64>,
    /// Placed by an answer that names this UID.
    placed: bool,
    /// Somebody gave it `\Deleted`, or the message it is a copy of.
    marked: bool,
    /// Somebody asked for it to go.
    may_go: bool,
    /// Somebody was told that it went.
    gone: bool,
}

impl Ledger {
    /// UIDVALIDITY of a folder, the same each time.
    pub fn validity(&mut self, account: usize, folder: &str, validity: u32) -> Result<(), String> {
        let known = *self.validity.entry((account, folder.to_owned())).or_insert(validity);
        if known == validity { Ok(()) } else { Err(format!("UIDVALIDITY of {folder} was {known} and is {validity}")) }
    }

    /// UIDNEXT never falls.
    pub fn next(&mut self, account: usize, folder: &str, next: u32) {
        let known = self.next.entry((account, folder.to_owned())).or_insert(1);
        *known = (*known).max(next);
    }

    /// What UIDs to come must reach.
    pub fn floor(&self, account: usize, folder: &str) -> u32 {
        self.next.get(&(account, folder.to_owned())).copied().unwrap_or(1)
    }

    /// An answer named the UID of a message that was stored.
    pub fn placed(&mut self, place: Place, id: Option<String>, marked: bool) -> Result<(), String> {
        self.next(place.0, &place.1, place.3.saturating_add(1));
        let known = self.known.entry(place.clone()).or_default();
        if known.placed {
            return Err(format!("UID {} of {} was given twice", place.3, place.1));
        }
        known.placed = true;
        known.marked |= marked;
        known.may_go |= marked;
        if let (Some(seen), Some(id)) = (&known.id, &id)
            && seen != id
        {
            return Err(format!("UID {} of {} is {seen} and not {id}", place.3, place.1));
        }
        if known.id.is_none() {
            known.id = id;
        }
        Ok(())
    }

    /// A session saw this of a message.
    pub fn seen(&mut self, place: &Place, id: Option<&str>, size: Option<u64>) -> Result<(), String> {
        let known = self.known.entry(place.clone()).or_default();
        let (folder, uid) = (&place.1, place.3);
        if let (Some(before), Some(now)) = (&known.id, id)
            && before != now
        {
            return Err(format!("UID {uid} of {folder} was {before} and is {now}"));
        }
        if let (Some(before), Some(now)) = (known.size, size)
            && before != now
        {
            return Err(format!("UID {uid} of {folder} had {before} octets and has {now}"));
        }
        known.id = known.id.take().or_else(|| id.map(str::to_owned));
        known.size = known.size.or(size);
        Ok(())
    }

    /// The largest HIGHESTMODSEQ that was told of a folder; it never falls (RFC 7162 §3.1.2.1).
    pub fn highest(&mut self, account: usize, folder: &str, told: u64) -> u64 {
        let known = self.highest.entry((account, folder.to_owned())).or_insert(0);
        *known = told.max(*known);
        *known
    }

    pub fn id(&self, place: &Place) -> Option<String> {
        self.known.get(place)?.id.clone()
    }

    /// Before a message is moved, or gets `\Deleted`.
    pub fn may_go(&mut self, place: &Place, marked: bool) {
        let known = self.known.entry(place.clone()).or_default();
        known.may_go = true;
        known.marked |= marked;
        self.went.extend(known.id.clone());
    }

    /// Whether copies of it may have `\Deleted` too.
    pub fn marked(&self, place: &Place) -> bool {
        self.known.get(place).is_some_and(|known| known.marked)
    }

    pub fn may_be_gone(&self, place: &Place) -> bool {
        self.known.get(place).is_some_and(|known| known.may_go || known.gone)
    }

    /// A session was told that it went.
    pub fn gone(&mut self, place: &Place) -> Result<(), String> {
        let known = self.known.entry(place.clone()).or_default();
        known.gone = true;
        // What nobody asked for does not happen. Who copied a message that was to go may not have read its UID yet:
        // of one that was not placed, the end tells.
        let asked = known.may_go || !known.placed;
        if asked { Ok(()) } else { Err(format!("UID {} of {} went by itself", place.3, place.1)) }
    }

    /// A submission that was accepted, on its way to INBOX.
    pub fn submitted(&mut self, account: usize, id: &str) {
        self.submitted.insert((account, id.to_owned()));
    }

    /// A folder of one session went with all that was in it.
    pub fn dropped(&mut self, account: usize, folder: &str) {
        self.known.retain(|place, _| place.0 != account || place.1 != folder);
        self.validity.remove(&(account, folder.to_owned()));
        self.next.remove(&(account, folder.to_owned()));
        self.highest.remove(&(account, folder.to_owned()));
    }

    /// A folder of one session has another name.
    pub fn renamed(&mut self, account: usize, from: &str, to: &str) {
        let moved: Vec<(Place, Known)> = self
            .known
            .iter()
            .filter(|(place, _)| place.0 == account && place.1 == from)
            .map(|(place, known)| ((account, to.to_owned(), place.2, place.3), known.clone()))
            .collect();
        self.dropped(account, from);
        // What had this name before is another folder.
        self.dropped(account, to);
        self.known.extend(moved);
    }

    /// Compares with what is there at the end: everything of a mailbox, by place.
    pub fn check(&self, account: usize, there: &BTreeMap<Place, String>) -> Result<(), String> {
        let mut arrived = BTreeMap::new();
        for (place, id) in there {
            match self.known.get(place) {
                Some(known) if known.gone => return Err(format!("{id} is back: {place:?}")),
                Some(known) if known.id.as_ref().is_some_and(|known| known != id) => {
                    return Err(format!("{place:?} is {id} and not {:?}", known.id));
                }
                Some(known) if known.placed => {}
                _ => {
                    if !self.submitted.contains(&(account, id.clone())) || place.1 != "INBOX" {
                        return Err(format!("nobody put {id} there: {place:?}"));
                    }
                    if let Some(other) = arrived.insert(id, place) {
                        return Err(format!("{id} came twice: {place:?}, {other:?}"));
                    }
                }
            }
        }
        for (place, known) in self.known.iter().filter(|(place, _)| place.0 == account) {
            if known.gone && !known.may_go {
                return Err(format!("{:?} went by itself: {place:?}", known.id));
            }
            if !known.may_go && !known.gone && !there.contains_key(place) {
                return Err(format!("{:?} is lost: {place:?}", known.id));
            }
        }
        let ids: BTreeSet<&String> = there.values().collect();
        for (_, id) in self.submitted.iter().filter(|(of, _)| *of == account) {
            if !ids.contains(id) && !self.went.contains(id) {
                return Err(format!("{id} was accepted and is nowhere"));
            }
        }
        Ok(())
    }
}
