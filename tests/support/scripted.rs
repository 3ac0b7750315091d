//! A mailbox in memory for the IMAP door: two messages in INBOX, the special folders, one password.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use pli::access::LoginError;
use pli::access::cloud::Peer;
use pli::domain::{
    DeviceId, EntryId, Fault, FlagChange, Flags, FolderId, FolderRole, MailboxId, MailboxKind, ObjectId, PracticeId,
    Random, Sender, SystemFlags, Timestamp,
};
use pli::imap::verbs::Octets;
use pli::imap::{Mailbox, Opening, Verbs};
use pli::mailbox::{
    AppendError, EntryInfo, Flagged, FolderError, FolderInfo, Found, NewMessage, Placed, Snapshot, Standing,
};
use pli::mime::{Summary, Words};
use tokio::sync::watch;
use zeroize::Zeroizing;

struct Numbered(u8);
impl Random for Numbered {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

/// A small generator: the same numbers on each run.
pub struct Seeded(pub u64);
impl Seeded {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }
}
impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from((self.0 >> (at % 8 * 8)) & 0xff).expect("an octet");
        }
    }
}

struct Folder {
    id: FolderId,
    role: FolderRole,
    subscribed: bool,
    next: u32,
    entries: Vec<EntryInfo>,
    modseq: u64,
    /// UIDs that went, each with when.
    gone: Vec<(u64, u32)>,
}

struct State {
    folders: BTreeMap<String, Folder>,
    octets: BTreeMap<EntryId, Octets>,
    seeds: u64,
    modseq: u64,
    revoked: bool,
    changes: watch::Sender<u64>,
}

/// The mailbox `claire@cabinet.example`, password `secret`, as every session sees it.
#[derive(Clone)]
pub struct Script(Arc<Mutex<State>>);

impl Default for Script {
    fn default() -> Self {
        let state = State {
            folders: BTreeMap::new(),
            octets: BTreeMap::new(),
            seeds: 1,
            modseq: 1,
            revoked: false,
            changes: watch::channel(0).0,
        };
        let script = Self(Arc::new(Mutex::new(state)));
        for (name, role) in [
            ("INBOX", FolderRole::Inbox),
            ("Envoyés", FolderRole::Sent),
            ("Brouillons", FolderRole::Drafts),
            ("Corbeille", FolderRole::Trash),
        ] {
            script.state().make(name, role);
        }
        script.deliver(
            b"Date: Mon, 7 Feb 1994 21:52:25 -0800\r\nFrom: Fred <fred@example.org>\r\nSubject: lunch\r\nTo: claire@cabinet.example\r\n\
              Message-ID: <1@example.org>\r\n\r\nAt noon?\r\n",
        );
        script.deliver(
            b"From: =?utf-8?q?J=C3=A9r=C3=B4me?= <j@example.org>\r\nSubject: \"results\"\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n\
              --B\r\n\r\nglucose\r\n--B\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nPDF\r\n--B--\r\n",
        );
        script
    }
}

impl State {
    fn seed(&mut self) -> Seeded {
        self.seeds += 1;
        Seeded(self.seeds)
    }

    fn make(&mut self, name: &str, role: FolderRole) {
        let id = FolderId::random(&self.seed());
        self.folders.insert(
            name.to_owned(),
            Folder { id, role, subscribed: true, next: 1, entries: Vec::new(), modseq: 1, gone: Vec::new() },
        );
    }

    fn add(&mut self, name: &str, flags: Flags, at: Timestamp, octets: Octets) -> Option<u32> {
        let (id, email) = (EntryId::random(&self.seed()), ObjectId::random(&self.seed()));
        self.modseq += 1;
        let modseq = self.modseq;
        let folder = self.folders.get_mut(name)?;
        let uid = folder.next;
        folder.modseq = modseq;
        folder.next += 1;
        let size = u64::try_from(octets.len()).expect("a size");
        folder.entries.push(EntryInfo { id, uid, flags, size, received_at: at, modseq, email });
        self.octets.insert(id, octets);
        self.changed();
        Some(uid)
    }

    /// Takes messages out of a folder, and notes that they went.
    fn take(&mut self, id: FolderId, goes: impl Fn(&EntryInfo) -> bool) -> Vec<u32> {
        self.modseq += 1;
        let modseq = self.modseq;
        let folder = self.by_id(id).expect("a folder");
        let gone: Vec<u32> = folder.entries.iter().filter(|entry| goes(entry)).map(|entry| entry.uid).collect();
        folder.entries.retain(|entry| !goes(entry));
        if !gone.is_empty() {
            folder.modseq = modseq;
            folder.gone.extend(gone.iter().map(|uid| (modseq, *uid)));
        }
        self.changed();
        gone
    }

    fn changed(&self) {
        self.changes.send_modify(|number| *number += 1);
    }

    fn by_id(&mut self, id: FolderId) -> Option<&mut Folder> {
        self.folders.values_mut().find(|folder| folder.id == id)
    }

    fn info(&self, name: &str, folder: &Folder) -> FolderInfo {
        let count = |entries: usize| u32::try_from(entries).expect("a count");
        FolderInfo {
            id: folder.id,
            name: name.to_owned(),
            role: folder.role,
            uid_validity: 7,
            uid_next: folder.next,
            messages: count(folder.entries.len()),
            unseen: count(folder.entries.iter().filter(|e| !e.flags.system.has(SystemFlags::SEEN)).count()),
            deleted: count(folder.entries.iter().filter(|e| e.flags.system.has(SystemFlags::DELETED)).count()),
            octets: folder.entries.iter().map(|e| e.size).sum(),
            highest_modseq: folder.modseq,
            subscribed: folder.subscribed,
            children: self.folders.keys().any(|other| other.starts_with(&format!("{name}/"))),
        }
    }
}

impl Script {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("a lock")
    }

    /// A message comes into INBOX.
    pub fn deliver(&self, octets: &[u8]) {
        let octets = Arc::new(Zeroizing::new(octets.to_vec()));
        self.state().add("INBOX", Flags::default(), Timestamp(1_600_000_000_000), octets);
    }

    /// How many messages of INBOX are seen.
    pub fn seen(&self) -> usize {
        let state = self.state();
        state.folders["INBOX"].entries.iter().filter(|e| e.flags.system.has(SystemFlags::SEEN)).count()
    }

    /// Another session's doing.
    pub fn other(&self, what: &str) {
        let words: Vec<&str> = what.split(' ').collect();
        let number = |at: usize| words[at].parse::<u32>().expect("a number");
        let mut state = self.state();
        match words[0] {
            "new" => {
                let octets =
                    Arc::new(Zeroizing::new(format!("Subject: {}\r\n\r\n", words[1..].join(" ")).into_bytes()));
                state.add("INBOX", Flags::default(), Timestamp(0), octets);
            }
            "expunge" => {
                let inbox = state.folders["INBOX"].id;
                state.take(inbox, |entry| entry.uid == number(1));
            }
            "flags" => {
                state.modseq += 1;
                let modseq = state.modseq;
                let inbox = state.folders.get_mut("INBOX").expect("INBOX");
                let entry = inbox.entries.iter_mut().find(|e| e.uid == number(1)).expect("an entry");
                entry.flags.system = SystemFlags(i64::from(number(2)));
                entry.modseq = modseq;
                inbox.modseq = modseq;
            }
            "revoke" => state.revoked = true,
            _ => panic!("not a doing: {what}"),
        }
        state.changed();
    }
}

impl Script {
    async fn found<T>(&self, ids: &[EntryId], of: fn(&[u8]) -> T) -> Result<Vec<Found<Arc<T>>>, Fault> {
        let mut all = Vec::new();
        for id in ids {
            all.push(match self.message(*id).await {
                Ok(Some(octets)) => Found::There(Arc::new(of(&octets))),
                Ok(None) => Found::Gone,
                Err(fault) if fault.is_transient() => return Err(fault),
                Err(_) => Found::Unreadable,
            });
        }
        Ok(all)
    }
}

impl Verbs for Script {
    type Mailbox = Self;

    async fn admits(&self, _: &Sender, peer: &Peer) -> Result<bool, Fault> {
        Ok(!peer.id.iter().any(|(field, value)| field == "name" && value == "Nuage"))
    }

    async fn login_failed(&self, _: &str, _: &Peer) -> Result<pli::access::Failures, Fault> {
        Ok(pli::access::Failures::default())
    }

    async fn open(&self, address: &str, password: &str, peer: &Peer) -> Result<Opening<Self>, LoginError> {
        let sender = Sender {
            mailbox: MailboxId::random(&Numbered(1)),
            practice: PracticeId::random(&Numbered(2)),
            device: DeviceId::random(&Numbered(3)),
            address: "claire@cabinet.example".parse().expect("an address"),
            kind: MailboxKind::Personal,
        };
        match (address, password) {
            ("claire@cabinet.example", "secret") if !self.admits(&sender, peer).await? => Ok(Opening::Cloud),
            ("claire@cabinet.example", "secret") => Ok(Opening::Ready { sender, mailbox: self.clone() }),
            ("claire@cabinet.example", "pending") => Ok(Opening::Pending),
            ("claire@cabinet.example", "scanner") => Ok(Opening::SendOnly),
            ("broken@cabinet.example", _) => Err(Fault::new("no database").into()),
            _ => Err(LoginError::Refused),
        }
    }
}

impl Mailbox for Script {
    async fn folders(&self) -> Result<Vec<FolderInfo>, Fault> {
        let state = self.state();
        let mut all: Vec<FolderInfo> = state.folders.iter().map(|(name, folder)| state.info(name, folder)).collect();
        all.sort_by_key(|folder| folder.name != "INBOX");
        Ok(all)
    }
    async fn create(&self, name: &str) -> Result<(), FolderError> {
        let mut state = self.state();
        if name.is_empty() || name.contains("//") {
            return Err(FolderError::BadName);
        }
        if state.folders.contains_key(name) {
            return Err(FolderError::Exists);
        }
        for (at, _) in name.match_indices('/') {
            if !state.folders.contains_key(&name[..at]) {
                state.make(&name[..at], FolderRole::Plain);
            }
        }
        state.make(name, FolderRole::Plain);
        Ok(())
    }
    async fn delete(&self, name: &str) -> Result<(), FolderError> {
        let mut state = self.state();
        let folder = state.folders.get(name).ok_or(FolderError::NoSuchFolder)?;
        if folder.role != FolderRole::Plain {
            return Err(FolderError::Special);
        }
        if state.info(name, folder).children {
            return Err(FolderError::HasChildren);
        }
        state.folders.remove(name);
        state.changed();
        Ok(())
    }
    async fn rename(&self, from: &str, to: &str) -> Result<(), FolderError> {
        let mut state = self.state();
        if state.folders.contains_key(to) {
            return Err(FolderError::Exists);
        }
        match state.folders.get(from).map(|folder| folder.role) {
            None => return Err(FolderError::NoSuchFolder),
            Some(FolderRole::Plain) => {}
            Some(_) => return Err(FolderError::Special),
        }
        let folder = state.folders.remove(from).expect("it is there");
        state.folders.insert(to.to_owned(), folder);
        Ok(())
    }
    async fn subscribe(&self, name: &str, on: bool) -> Result<(), FolderError> {
        self.state().folders.get_mut(name).ok_or(FolderError::NoSuchFolder)?.subscribed = on;
        Ok(())
    }
    async fn folder(&self, name: &str) -> Result<FolderInfo, FolderError> {
        let state = self.state();
        state.folders.get(name).map(|folder| state.info(name, folder)).ok_or(FolderError::NoSuchFolder)
    }
    async fn snapshot(&self, folder: FolderId) -> Result<Snapshot, Fault> {
        let mut state = self.state();
        let Some(folder) = state.by_id(folder) else {
            return Ok(Snapshot { entries: Arc::default(), highest_modseq: 1, uid_next: 1 });
        };
        let entries = Arc::new(folder.entries.clone());
        Ok(Snapshot { entries, highest_modseq: folder.modseq, uid_next: folder.next })
    }
    async fn expunged(&self, folder: FolderId, since: u64) -> Result<Vec<(u32, u32)>, Fault> {
        let mut state = self.state();
        let gone = state.by_id(folder).map(|folder| folder.gone.clone()).unwrap_or_default();
        let mut gone: Vec<u32> = gone.into_iter().filter(|(at, _)| *at > since).map(|(_, uid)| uid).collect();
        gone.sort_unstable();
        Ok(gone.into_iter().map(|uid| (uid, uid)).collect())
    }
    async fn summaries(&self, _: FolderId, ids: &[EntryId]) -> Result<Vec<Found<Arc<Summary>>>, Fault> {
        self.found(ids, Summary::of).await
    }
    async fn words(&self, _: FolderId, ids: &[EntryId]) -> Result<Vec<Found<Arc<Words>>>, Fault> {
        self.found(ids, Words::of).await
    }
    async fn message(&self, id: EntryId) -> Result<Option<Octets>, Fault> {
        let mut state = self.state();
        let there = state.folders.values().any(|folder| folder.entries.iter().any(|entry| entry.id == id));
        let octets = state.octets.get(&id).filter(|_| there).cloned();
        if octets.as_ref().is_some_and(|octets| octets.windows(8).any(|w| w == b"no disk\r")) {
            return Err(Fault::new("no disk").transient());
        }
        if octets.as_ref().is_some_and(|octets| octets.windows(7).any(|w| w == b"no key\r")) {
            return Err(Fault::new("no key"));
        }
        // Somebody revokes the device while this message is read.
        state.revoked |= octets.as_ref().is_some_and(|octets| octets.windows(7).any(|w| w == b"revoke\r"));
        Ok(octets)
    }
    async fn change_flags(
        &self,
        folder: FolderId,
        uids: &[u32],
        change: FlagChange,
        flags: &Flags,
        unchanged_since: Option<u64>,
    ) -> Result<Flagged, FolderError> {
        let mut state = self.state();
        state.modseq += 1;
        let modseq = state.modseq;
        let mut done = Flagged::default();
        let folder = state.by_id(folder).expect("a folder");
        for entry in folder.entries.iter_mut().filter(|e| uids.contains(&e.uid)) {
            if unchanged_since.is_some_and(|since| entry.modseq > since) {
                done.modified.push(entry.uid);
                continue;
            }
            let (bits, words) = Flags::changed(entry.flags.system.0, &entry.flags.keywords, change, flags);
            let flags = Flags { system: SystemFlags(bits), keywords: words };
            if flags != entry.flags {
                (entry.flags, entry.modseq, folder.modseq) = (flags, modseq, modseq);
            }
            done.entries.push(entry.clone());
        }
        state.changed();
        Ok(done)
    }
    async fn append(&self, folder: &str, messages: Vec<NewMessage>) -> Result<(u32, Vec<u32>), AppendError> {
        if messages.iter().any(|message| message.octets.contains(&0)) {
            return Err(AppendError::NotClean);
        }
        let mut uids = Vec::new();
        for NewMessage { flags, at, octets } in messages {
            let octets = Arc::new(Zeroizing::new(octets));
            let uid = self.state().add(folder, flags, at.unwrap_or(Timestamp(0)), octets);
            uids.push(uid.ok_or(AppendError::NoSuchFolder)?);
        }
        Ok((7, uids))
    }
    async fn replace(
        &self,
        from: FolderId,
        uid: u32,
        folder: &str,
        message: NewMessage,
    ) -> Result<(u32, u32), AppendError> {
        if self.state().by_id(from).is_none_or(|folder| folder.entries.iter().all(|entry| entry.uid != uid)) {
            return Err(AppendError::Gone);
        }
        let (validity, uids) = self.append(folder, vec![message]).await?;
        self.state().take(from, |entry| entry.uid == uid);
        Ok((validity, uids[0]))
    }
    async fn copy(&self, from: FolderId, uids: &[u32], to: &str) -> Result<Placed, FolderError> {
        let mut state = self.state();
        let entries: Vec<EntryInfo> =
            state.by_id(from).expect("a folder").entries.iter().filter(|e| uids.contains(&e.uid)).cloned().collect();
        if !state.folders.contains_key(to) {
            return Err(FolderError::NoSuchFolder);
        }
        let mut pairs = Vec::new();
        for entry in entries {
            let octets = state.octets[&entry.id].clone();
            pairs.push((entry.uid, state.add(to, entry.flags, entry.received_at, octets).expect("a folder")));
        }
        Ok((7, pairs))
    }
    async fn relocate(&self, from: FolderId, uids: &[u32], to: &str) -> Result<Placed, FolderError> {
        let placed = self.copy(from, uids, to).await?;
        self.state().take(from, |entry| uids.contains(&entry.uid));
        Ok(placed)
    }
    async fn expunge(&self, folder: FolderId, uids: Option<&[u32]>) -> Result<Vec<u32>, Fault> {
        let goes = |entry: &EntryInfo| {
            entry.flags.system.has(SystemFlags::DELETED) && uids.is_none_or(|uids| uids.contains(&entry.uid))
        };
        Ok(self.state().take(folder, goes))
    }
    async fn quota(&self) -> Result<(u64, u64), Fault> {
        Ok((1500, 1024 * 1024))
    }
    fn watch(&self) -> watch::Receiver<u64> {
        self.state().changes.subscribe()
    }
    async fn standing(&self) -> Result<Standing, Fault> {
        Ok(if self.state().revoked { Standing::Ended } else { Standing::Valid })
    }
}
