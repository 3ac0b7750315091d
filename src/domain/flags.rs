//! Flags of an entry: the system flags and the server's own states as bits, a person's keywords as words.
//!
//! RFC 9051 §2.3.2. Keywords compare without regard to ASCII case. Those that begin with `$Pli` tell the
//! state of deliveries: the server alone sets them, and no client can.

use std::collections::BTreeSet;

/// Flags as bits, as the column `flags` holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct SystemFlags(pub i64);

impl SystemFlags {
    /// `\Seen`.
    pub const SEEN: Self = Self(1);
    /// `\Answered`.
    pub const ANSWERED: Self = Self(2);
    /// `\Flagged`.
    pub const FLAGGED: Self = Self(4);
    /// `\Deleted`.
    pub const DELETED: Self = Self(8);
    /// `\Draft`.
    pub const DRAFT: Self = Self(16);
    /// Everything that a client may set.
    pub const CLIENT: Self = Self(31);
    /// `$PliNotified`: a relay took the notice.
    pub const NOTIFIED: Self = Self(1 << 8);
    /// `$PliOpened`: the letter was opened.
    pub const OPENED: Self = Self(1 << 9);
    /// `$PliDownloaded`: every file was downloaded.
    pub const DOWNLOADED: Self = Self(1 << 10);
    /// `$PliExpired`: its time is over.
    pub const EXPIRED: Self = Self(1 << 11);
    /// `$PliRecalled`: its sender took it back.
    pub const RECALLED: Self = Self(1 << 12);
    /// `$PliHeld`: it waits for a number.
    pub const HELD: Self = Self(1 << 13);
    /// `$PliFailed`: it was not delivered.
    pub const FAILED: Self = Self(1 << 14);
    /// The message needs its sender. Told to nobody: what clients see of it is `\Flagged`.
    const NEEDS: Self = Self(1 << 15);
    /// `\Flagged` is the server's: no client has set it or taken it away since. Told to nobody.
    const FLAGGED_BY_US: Self = Self(1 << 16);
    /// The server's keywords.
    const STATES: Self = Self(127 << 8);

    /// Whether all of these are set.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These without those.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// With these keywords of the server and no others of it. What begins to need its sender is flagged, and no longer
    /// when that is settled; a flag that a client has set or taken away stays as the client wants it (R-C3).
    #[must_use]
    pub fn marked(self, marks: Self, needs: bool) -> Self {
        let flags = self.without(Self::STATES).with(marks);
        match (self.has(Self::NEEDS), needs) {
            (false, true) if self.has(Self::FLAGGED) => flags.with(Self::NEEDS),
            (false, true) => flags.with(Self::NEEDS).with(Self::FLAGGED).with(Self::FLAGGED_BY_US),
            (true, false) if self.has(Self::FLAGGED_BY_US) => {
                flags.without(Self::NEEDS).without(Self::FLAGGED).without(Self::FLAGGED_BY_US)
            }
            (true, false) => flags.without(Self::NEEDS),
            _ => flags,
        }
    }

    /// After a client's change of the flags that were `before`: a flag that it set or took away is its own.
    fn owned(self, before: Self, named: bool) -> Self {
        let changed = self.has(Self::FLAGGED) != before.has(Self::FLAGGED);
        if changed || named { self.without(Self::FLAGGED_BY_US) } else { self }
    }

    /// What of these a client may set.
    #[must_use]
    pub fn of_client(self) -> Self {
        Self(self.0 & Self::CLIENT.0)
    }
}

/// The keywords that the server keeps as bits, and their bits.
pub const SERVER_KEYWORDS: [(&str, SystemFlags); 7] = [
    ("$PliNotified", SystemFlags::NOTIFIED),
    ("$PliOpened", SystemFlags::OPENED),
    ("$PliDownloaded", SystemFlags::DOWNLOADED),
    ("$PliExpired", SystemFlags::EXPIRED),
    ("$PliRecalled", SystemFlags::RECALLED),
    ("$PliHeld", SystemFlags::HELD),
    ("$PliFailed", SystemFlags::FAILED),
];

/// All flags of one entry.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Flags {
    /// Those with a backslash.
    pub system: SystemFlags,
    /// The others: a person's own words, and the server's.
    pub keywords: BTreeSet<String>,
}

impl std::fmt::Debug for Flags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Flags({:?}, {} keywords)", self.system, self.keywords.len())
    }
}

/// How a command changes flags (RFC 9051 §6.4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagChange {
    /// These and no others.
    Set,
    /// These too.
    Add,
    /// Not these.
    Remove,
}

impl Flags {
    /// The flags of a row: its bits, and the keywords that it keeps sealed.
    pub fn of_row(bits: i64, keywords: BTreeSet<String>) -> Self {
        let system = SystemFlags(bits);
        let mut all = keywords;
        all.extend(
            SERVER_KEYWORDS.iter().filter(|(_, bit)| system.has(*bit)).map(|(keyword, _)| (*keyword).to_owned()),
        );
        Self { system: system.of_client(), keywords: all }
    }

    /// The keywords that a client may set, each once whatever its case.
    pub fn client_keywords(&self) -> BTreeSet<String> {
        let mut keywords = BTreeSet::new();
        for keyword in self.keywords.iter().filter(|keyword| !is_the_servers(keyword)) {
            add(&mut keywords, keyword);
        }
        keywords
    }

    /// A row's bits and keywords after a client's change. What is the server's stays.
    pub fn changed(bits: i64, keywords: &BTreeSet<String>, change: FlagChange, by: &Self) -> (i64, BTreeSet<String>) {
        let (bits, by_bits) = (SystemFlags(bits), by.system.of_client());
        let words = by.client_keywords();
        match change {
            FlagChange::Set => (bits.without(SystemFlags::CLIENT).with(by_bits).owned(bits, false).0, words),
            FlagChange::Add => {
                let mut all = keywords.clone();
                words.iter().for_each(|word| add(&mut all, word));
                (bits.with(by_bits).owned(bits, by_bits.has(SystemFlags::FLAGGED)).0, all)
            }
            FlagChange::Remove => {
                let mut left = keywords.clone();
                left.retain(|keyword| !words.iter().any(|word| word.eq_ignore_ascii_case(keyword)));
                (bits.without(by_bits).owned(bits, false).0, left)
            }
        }
    }
}

/// Whether a keyword is one of those that the server alone sets.
pub fn is_the_servers(keyword: &str) -> bool {
    keyword.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("$Pli"))
}

fn add(keywords: &mut BTreeSet<String>, word: &str) {
    if !keywords.iter().any(|keyword| keyword.eq_ignore_ascii_case(word)) {
        keywords.insert(word.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(system: i64, keywords: &[&str]) -> Flags {
        Flags { system: SystemFlags(system), keywords: keywords.iter().map(|k| (*k).to_owned()).collect() }
    }

    #[test]
    fn what_is_the_servers_stays() {
        let opened = 1 << 9;
        let none = BTreeSet::new();
        let set = flags(i64::MAX, &["$PliRecalled", "$pliopened", "urgent", "Urgent"]);
        let (bits, words) = Flags::changed(opened | 1, &none, FlagChange::Set, &set);
        assert_eq!(bits, opened | 31);
        assert_eq!(words.len(), 1);
        let (bits, words) =
            Flags::changed(bits, &words, FlagChange::Remove, &flags(i64::MAX, &["URGENT", "$PliOpened"]));
        assert_eq!((bits, words), (opened, BTreeSet::new()));
        assert_eq!(Flags::of_row(opened | 2, BTreeSet::new()), flags(2, &["$PliOpened"]));
    }

    #[test]
    fn what_needs_its_sender_is_flagged_until_a_client_says_otherwise() {
        let held = SystemFlags::SEEN.marked(SystemFlags::HELD, true);
        assert!(held.has(SystemFlags::FLAGGED) && held.has(SystemFlags::HELD) && held.has(SystemFlags::SEEN));
        assert_eq!(held.marked(SystemFlags::NOTIFIED, false), SystemFlags::SEEN.with(SystemFlags::NOTIFIED));
        let none = BTreeSet::new();
        let client = |change, by: SystemFlags| SystemFlags(Flags::changed(held.0, &none, change, &flags(by.0, &[])).0);
        // Read and answered, it is still the server's flag; set or taken away, it is the client's.
        let read = client(FlagChange::Add, SystemFlags::ANSWERED);
        assert!(!read.marked(SystemFlags::OPENED, false).has(SystemFlags::FLAGGED));
        let set = client(FlagChange::Add, SystemFlags::FLAGGED);
        assert!(set.marked(SystemFlags::OPENED, false).has(SystemFlags::FLAGGED));
        for gone in [client(FlagChange::Remove, SystemFlags::FLAGGED), client(FlagChange::Set, SystemFlags::SEEN)] {
            assert!(!gone.marked(SystemFlags::HELD, true).has(SystemFlags::FLAGGED), "{gone:?}");
        }
        // What a client flagged before stays flagged after.
        let own = SystemFlags::FLAGGED.marked(SystemFlags::HELD, true).marked(SystemFlags::NOTIFIED, false);
        assert_eq!(own, SystemFlags::FLAGGED.with(SystemFlags::NOTIFIED));
    }

    #[test]
    fn adding_and_removing_leave_the_rest() {
        let words: BTreeSet<String> = ["a".to_owned(), "b".to_owned()].into();
        assert_eq!(Flags::changed(4, &words, FlagChange::Add, &flags(1, &["c"])).1.len(), 3);
        assert_eq!(Flags::changed(4, &words, FlagChange::Add, &flags(1, &["A"])).1, words);
        let (bits, left) = Flags::changed(5, &words, FlagChange::Remove, &flags(1, &["A"]));
        assert_eq!((bits, left), (4, ["b".to_owned()].into()));
        assert_eq!(Flags::changed(5, &words, FlagChange::Set, &flags(2, &[])), (2, BTreeSet::new()));
    }
}
