//! One connection that does everything a mail client does, in any order, and believes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

use crate::imap::client::{Client, Outcome};
use crate::imap::response::{Code, Data, Item, Response, Status};
use crate::ledger::Ledger;
use crate::letters::{self, Random};
use crate::model::{Under, View};

/// Folders that all sessions of a mailbox work in.
pub const SHARED: [&str; 3] = ["INBOX", "Shared-A", "Shared-B"];

pub struct Session {
    client: Client,
    user: String,
    account: usize,
    number: usize,
    ledger: Arc<Mutex<Ledger>>,
    random: Random,
    view: Option<View>,
    /// The folder nobody else writes in, while it is there.
    own: Option<String>,
    made: usize,
    appended: usize,
    counts: BTreeMap<&'static str, usize>,
    /// Whether mod-sequences are asked for (RFC 7162).
    modseq: bool,
}

/// The end of a command.
struct Done {
    data: Vec<Data>,
    status: Status,
    code: Option<Code>,
}

impl Session {
    pub fn new(
        client: Client,
        user: String,
        account: usize,
        number: usize,
        ledger: Arc<Mutex<Ledger>>,
        random: Random,
    ) -> Self {
        let (view, own, counts) = (None, None, BTreeMap::new());
        Self { client, user, account, number, ledger, random, view, own, made: 0, appended: 0, counts, modseq: false }
    }

    /// Works until then; how often it did what.
    pub async fn run(mut self, until: Instant) -> Outcome<BTreeMap<&'static str, usize>> {
        let answer = self.any("CAPABILITY").await?;
        let offers = |word: &str| {
            answer.data.iter().any(|data| matches!(data, Data::Capability(all) if all.iter().any(|one| one == word)))
        };
        // A third of the connections as older clients are, a third with mod-sequences, a third with VANISHED.
        if offers("CONDSTORE") && !self.number.is_multiple_of(3) {
            let word = if offers("QRESYNC") && self.number % 3 == 2 { "QRESYNC" } else { "CONDSTORE" };
            self.any(&format!("ENABLE {word}")).await?;
            self.modseq = true;
        }
        while Instant::now() < until {
            let (what, mut done) = self.something().await;
            // VANISHED names UIDs: who hears it must know them.
            if done.is_ok()
                && self.modseq
                && let Some(new) = self.view.as_ref().and_then(|view| view.slots.iter().position(Option::is_none))
            {
                done = self.learn(new + 1).await;
            }
            if let Err(error) = done {
                return Err(format!("connection {} of {}, {what}:\n{error}", self.number, self.user).into());
            }
            *self.counts.entry(what).or_default() += 1;
        }
        Ok(self.counts)
    }

    async fn something(&mut self) -> (&'static str, Outcome<()>) {
        if self.view.is_none() {
            return match self.random.below(8) {
                0 => ("APPEND", self.append().await),
                1 => ("STATUS", self.status().await),
                2 => ("LIST", self.list().await),
                3 => ("own folder", self.own_folder().await),
                _ => ("SELECT", self.select().await),
            };
        }
        match self.random.below(40) {
            0 => ("SELECT", self.select().await),
            1..=3 => ("NOOP", self.any("NOOP").await.map(drop)),
            4 => ("CHECK", self.any("CHECK").await.map(drop)),
            5..=9 => ("FETCH", self.fetch().await),
            10..=13 => ("FETCH BODY[]", self.fetch_octets().await),
            14..=19 => ("STORE", self.store().await),
            20..=21 => ("COPY", self.copy("COPY").await),
            22..=23 => ("MOVE", self.copy("MOVE").await),
            24..=27 => ("APPEND", self.append().await),
            28..=29 => ("EXPUNGE", self.expunge().await),
            30..=32 => ("SEARCH", self.search().await),
            33 => ("STATUS", self.status().await),
            34 => ("LIST", self.list().await),
            35..=36 => ("IDLE", self.idle().await),
            37 => ("pipelining", self.pipeline().await),
            38 => ("CLOSE", self.close().await),
            _ => ("own folder", self.own_folder().await),
        }
    }

    fn ledger(&self) -> Outcome<MutexGuard<'_, Ledger>> {
        self.ledger.lock().map_err(|_| "another session failed".into())
    }

    /// A command whose answers the model takes as they come.
    async fn command(&mut self, command: &[u8], under: Under) -> Outcome<Done> {
        let tag = self.client.send(command).await?;
        self.answer(&tag, under).await
    }

    async fn answer(&mut self, tag: &str, under: Under) -> Outcome<Done> {
        let all = tokio::time::timeout(PATIENCE, self.answers(tag, under)).await;
        match all {
            Ok(done) => done,
            Err(_) => self.client.wrong("an answer within two minutes"),
        }
    }

    async fn answers(&mut self, tag: &str, under: Under) -> Outcome<Done> {
        let mut data = Vec::new();
        loop {
            match self.client.read().await? {
                Response::Untagged(Data::Status(Status::Bye, _)) => return self.client.wrong("no BYE"),
                Response::Untagged(one) => {
                    self.take(&one, under)?;
                    data.push(one);
                }
                Response::Tagged(of, status, code) if of == tag => {
                    if status == Status::Bad {
                        return self.client.wrong("no BAD");
                    }
                    return Ok(Done { data, status, code });
                }
                other => return self.client.wrong(&format!("the answer to {tag}, and not {other:?}")),
            }
        }
    }

    fn take(&mut self, data: &Data, under: Under) -> Outcome<()> {
        let Some(view) = &mut self.view else { return Ok(()) };
        let taken = view.take(data, under, &mut *self.ledger.lock().map_err(|_| "another session failed")?);
        taken.or_else(|what| self.client.wrong(&what))
    }

    async fn any(&mut self, command: &str) -> Outcome<Done> {
        let done = self.command(command.as_bytes(), Under::Any).await?;
        if done.status == Status::Ok { Ok(done) } else { self.client.wrong("OK") }
    }

    fn folder(&mut self) -> String {
        match (&self.own, self.random.below(5)) {
            (Some(own), 0..=1) => own.clone(),
            _ => self.random.one_of(&SHARED).map_or("INBOX", |name| *name).to_owned(),
        }
    }

    async fn select(&mut self) -> Outcome<()> {
        let (folder, read_only) = (self.folder(), self.random.below(6) == 0);
        self.view = None;
        // What others were told before is a floor for what is told now.
        let least = self.ledger()?.highest(self.account, &folder, 0);
        let done = self.any(&format!("{} {folder}", if read_only { "EXAMINE" } else { "SELECT" })).await?;
        let own = self.own.as_ref() == Some(&folder);
        let mut view = View::new(self.account, &folder, own);
        view.read_only = read_only;
        let (Some(validity), Some(next)) = (number(&done.data, "UIDVALIDITY"), number(&done.data, "UIDNEXT")) else {
            return self.client.wrong("UIDVALIDITY and UIDNEXT");
        };
        view.validity = validity;
        if done.code.map(|code| code.name).as_deref() != Some(if read_only { "READ-ONLY" } else { "READ-WRITE" }) {
            return self.client.wrong("READ-ONLY or READ-WRITE");
        }
        {
            let mut ledger = self.ledger()?;
            let known = ledger.validity(self.account, &folder, validity);
            if let Err(what) = known {
                drop(ledger);
                return self.client.wrong(&what);
            }
            ledger.next(self.account, &folder, next);
            let highest = code_of(&done.data, "HIGHESTMODSEQ").and_then(|text| text.parse().ok());
            let rises = highest.is_none_or(|highest: u64| highest >= least);
            ledger.highest(self.account, &folder, highest.unwrap_or(0));
            drop(ledger);
            if self.modseq && highest.is_none() || !rises {
                return self.client.wrong("HIGHESTMODSEQ that does not fall");
            }
        }
        self.view = Some(view);
        for data in &done.data {
            self.take(data, Under::Any)?;
        }
        self.learn(1).await?;
        let uids = self.view.as_ref().map(View::uids).unwrap_or_default();
        if uids.last().is_some_and(|last| *last >= next) && !read_only {
            let arrived = done.data.iter().filter(|data| matches!(data, Data::Exists(_))).count();
            if arrived == 1 && uids.len() == self.told(&done.data) {
                return self.client.wrong("UIDs below UIDNEXT");
            }
        }
        Ok(())
    }

    fn told(&self, data: &[Data]) -> usize {
        let last = data.iter().rev().find_map(|data| if let Data::Exists(count) = data { Some(*count) } else { None });
        usize::try_from(last.unwrap_or(0)).unwrap_or(0)
    }

    /// UIDs and flags from this number on.
    async fn learn(&mut self, from: usize) -> Outcome<()> {
        let Some(view) = &self.view else { return Ok(()) };
        if view.slots.len() < from {
            return Ok(());
        }
        let count = view.slots.len();
        let items = if self.modseq { "UID FLAGS MODSEQ" } else { "UID FLAGS" };
        let done = self.command(format!("FETCH {from}:{count} ({items})").as_bytes(), Under::Numbers).await?;
        let told = done.data.iter().filter(|data| matches!(data, Data::Fetch(..))).count();
        if done.status == Status::Ok && told < count + 1 - from {
            return self.client.wrong("FETCH of every message");
        }
        Ok(())
    }

    /// Some numbers that are there.
    fn some(&mut self) -> Option<(usize, usize)> {
        let count = self.view.as_ref()?.slots.len();
        if count == 0 {
            return None;
        }
        let from = 1 + self.random.below(count);
        Some((from, (from + self.random.below(5)).min(count)))
    }

    /// Some UIDs that were told.
    fn some_uids(&mut self) -> Option<Vec<u32>> {
        let uids = self.view.as_ref()?.uids();
        if uids.is_empty() {
            return None;
        }
        let from = self.random.below(uids.len());
        let many = 1 + self.random.below(4);
        Some(uids.into_iter().skip(from).take(many).collect())
    }

    async fn fetch(&mut self) -> Outcome<()> {
        let Some((from, to)) = self.some() else { return Ok(()) };
        let items = [
            "(UID FLAGS)",
            "ALL",
            "FULL",
            "(UID ENVELOPE)",
            "(UID BODYSTRUCTURE)",
            "(UID RFC822.SIZE INTERNALDATE)",
            "(UID BODY.PEEK[HEADER.FIELDS (SUBJECT X-STRESS)])",
            "(UID BODY.PEEK[1.MIME] BODY.PEEK[TEXT]<0.100>)",
        ];
        let items = self.random.one_of(&items).map_or("FAST", |items| *items);
        let before = self.own_flags();
        let done = self.command(format!("FETCH {from}:{to} {items}").as_bytes(), Under::Numbers).await?;
        self.none_missing(&done, from, to)?;
        // In a folder of our own nothing changes that we did not change.
        if let Some(before) = before
            && Some(&before) != self.own_flags().as_ref()
        {
            return self.client.wrong(&format!("the flags that were {before:?}"));
        }
        Ok(())
    }

    /// Flags, where every one of them is foreseen.
    fn own_flags(&self) -> Option<BTreeMap<u32, BTreeSet<String>>> {
        let view = self.view.as_ref().filter(|view| view.own)?;
        (view.slots.iter().flatten().count() == view.slots.len() && view.flags.len() == view.slots.len())
            .then(|| view.flags.clone())
    }

    /// All were told, or some went, which the code says.
    fn none_missing(&self, done: &Done, from: usize, to: usize) -> Outcome<()> {
        let told: BTreeSet<u32> =
            done.data.iter().filter_map(|data| if let Data::Fetch(n, _) = data { Some(*n) } else { None }).collect();
        let wanted = from..=to;
        let missing = wanted.filter(|n| !told.contains(&u32::try_from(*n).unwrap_or(0))).count();
        match (done.status, done.code.as_ref().map(|code| code.name.as_str())) {
            (Status::Ok, _) if missing == 0 => Ok(()),
            (Status::No, Some("EXPUNGEISSUED" | "LIMIT")) => Ok(()),
            _ => self.client.wrong("FETCH of every message"),
        }
    }

    async fn fetch_octets(&mut self) -> Outcome<()> {
        let Some((from, to)) = self.some() else { return Ok(()) };
        let to = to.min(from + 2);
        let cut = self.random.below(3_000);
        let items = match self.random.below(4) {
            0 => "(UID RFC822.SIZE BODY[])".to_owned(),
            1 => format!("(UID BODY.PEEK[]<{cut}.500> BODY.PEEK[])"),
            2 => "(UID RFC822.SIZE BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODY.PEEK[])".to_owned(),
            _ => "(UID RFC822)".to_owned(),
        };
        let done = self.command(format!("FETCH {from}:{to} {items}").as_bytes(), Under::Numbers).await?;
        self.none_missing(&done, from, to)?;
        for data in &done.data {
            let Data::Fetch(_, items) = data else { continue };
            let find = |name: &str, origin: Option<u32>| {
                items.iter().find_map(|item| match item {
                    Item::Octets(section, at, Some(octets)) if section == name && *at == origin => Some(octets),
                    _ => None,
                })
            };
            let Some(whole) = find("", None) else { continue };
            if let (Some(header), Some(text)) = (find("HEADER", None), find("TEXT", None))
                && [header.as_slice(), text.as_slice()].concat() != *whole
            {
                return self.client.wrong("header and text that make the message");
            }
            if let Some(piece) = find("", u32::try_from(cut).ok()) {
                let rest = whole.get(cut.min(whole.len())..).unwrap_or_default();
                if rest.get(..rest.len().min(500)) != Some(piece.as_slice()) {
                    return self.client.wrong("the piece that was asked for");
                }
            }
        }
        Ok(())
    }

    async fn store(&mut self) -> Outcome<()> {
        let Some(uids) = self.some_uids() else { return Ok(()) };
        let Some(view) = &self.view else { return Ok(()) };
        if view.read_only {
            return Ok(());
        }
        let flags = ["\\Seen", "\\Flagged", "\\Answered", "\\Draft", "$Forwarded", "alpha", "\\Deleted"];
        let flag = self.random.one_of(&flags).map_or("\\Seen", |flag| *flag);
        let sign = self.random.one_of(&["+", "+", "-"]).map_or("+", |sign| *sign);
        let silent = if self.random.below(3) == 0 { ".SILENT" } else { "" };
        let uids = if flag == "\\Deleted" && sign == "+" { self.let_go(uids, true).await? } else { uids };
        let Some(view) = &self.view else { return Ok(()) };
        let places: Vec<usize> = uids
            .iter()
            .filter_map(|uid| view.slots.iter().position(|slot| slot == &Some(*uid)))
            .map(|at| at + 1)
            .collect();
        let by_uid = self.random.below(2) == 0;
        if places.is_empty() {
            return Ok(());
        }
        let (prefix, set, under) = match by_uid {
            true => ("UID ", set(&uids), Under::Any),
            false => ("", joined(&places), Under::Numbers),
        };
        let before = self.own_flags();
        let modseqs = self.view.as_ref().map(|view| view.modseqs.clone()).unwrap_or_default();
        let done = self.command(format!("{prefix}STORE {set} {sign}FLAGS{silent} ({flag})").as_bytes(), under).await?;
        if done.status != Status::Ok {
            return self.client.wrong("OK");
        }
        let Some(view) = &mut self.view else { return Ok(()) };
        for uid in &uids {
            let told = done.data.iter().find_map(|data| match data {
                Data::Fetch(_, items) if items.contains(&Item::Uid(*uid)) => {
                    items.iter().find_map(|item| if let Item::Flags(flags) = item { Some(flags) } else { None })
                }
                _ => None,
            });
            let is = told.map(|flags| flags.iter().any(|told| told.eq_ignore_ascii_case(flag)));
            let gone = self.ledger.lock().map_err(|_| "another session failed")?.may_be_gone(&view.place(*uid));
            // RFC 7162 §3.1.3: a change raises MODSEQ, and those who enabled it are told.
            let changed =
                before.as_ref().and_then(|flags| flags.get(uid)).map(|flags| flags.contains(flag) != (sign == "+"));
            if self.modseq && changed == Some(true) && view.modseqs.get(uid) <= modseqs.get(uid) {
                return self.client.wrong(&format!("a higher MODSEQ of UID {uid}"));
            }
            match is {
                Some(is) if is == (sign == "+") || gone => {}
                // Silent: what is told is what somebody else did since.
                None if !silent.is_empty() || gone => {}
                Some(_) if !silent.is_empty() && !view.own => {}
                _ => return self.client.wrong(&format!("the new flags of UID {uid}")),
            }
            if view.own
                && is.is_none()
                && let Some(known) = view.flags.get_mut(uid)
            {
                if sign == "+" {
                    known.insert(flag.to_owned())
                } else {
                    known.remove(flag)
                };
            }
        }
        // What we did is all that happened.
        if let (Some(mut wanted), Some(now)) = (before, self.own_flags()) {
            for uid in &uids {
                let Some(known) = wanted.get_mut(uid) else { continue };
                if sign == "+" {
                    known.insert(flag.to_owned())
                } else {
                    known.remove(flag)
                };
            }
            if wanted != now {
                return self.client.wrong(&format!("{wanted:?}, and not {now:?}"));
            }
        }
        Ok(())
    }

    /// Learns who these are, and notes that they may go. Gives back those that are known.
    async fn let_go(&mut self, uids: Vec<u32>, marked: bool) -> Outcome<Vec<u32>> {
        self.any_or_gone(&format!("UID FETCH {} BODY.PEEK[HEADER.FIELDS (X-STRESS)]", set(&uids))).await?;
        let Some(view) = &self.view else { return Ok(Vec::new()) };
        let mut ledger = self.ledger()?;
        let mut known = Vec::new();
        for uid in uids {
            let place = view.place(uid);
            if ledger.id(&place).is_some() {
                ledger.may_go(&place, marked);
                known.push(uid);
            }
        }
        Ok(known)
    }

    async fn any_or_gone(&mut self, command: &str) -> Outcome<Done> {
        let done = self.command(command.as_bytes(), Under::Any).await?;
        match (done.status, done.code.as_ref().map(|code| code.name.as_str())) {
            (Status::Ok, _) | (Status::No, Some("EXPUNGEISSUED" | "LIMIT")) => Ok(done),
            _ => self.client.wrong("OK or EXPUNGEISSUED"),
        }
    }

    async fn copy(&mut self, verb: &'static str) -> Outcome<()> {
        let Some(uids) = self.some_uids() else { return Ok(()) };
        let to = self.folder();
        let Some(view) = &self.view else { return Ok(()) };
        if verb == "MOVE" && view.read_only {
            return Ok(());
        }
        let uids = match verb {
            "MOVE" => self.let_go(uids, false).await?,
            _ => {
                self.any_or_gone(&format!("UID FETCH {} BODY.PEEK[HEADER.FIELDS (X-STRESS)]", set(&uids))).await?;
                uids
            }
        };
        if uids.is_empty() {
            return Ok(());
        }
        let floor = self.ledger()?.floor(self.account, &to);
        let done = self.any(&format!("UID {verb} {} {to}", set(&uids))).await?;
        let untagged = done.data.iter().find_map(|data| match data {
            Data::Status(Status::Ok, Some(code)) if code.name == "COPYUID" => Some(code.clone()),
            _ => None,
        });
        let tagged = done.code.filter(|code| code.name == "COPYUID");
        let Some(code) = untagged.or(tagged) else { return Ok(()) };
        let Some((validity, from, into)) = copied(&code.arguments) else { return self.client.wrong("COPYUID") };
        let Some(view) = &mut self.view else { return Ok(()) };
        let mut ledger = self.ledger.lock().map_err(|_| "another session failed")?;
        let pairs: Vec<(u32, u32)> = from.iter().copied().zip(into.iter().copied()).collect();
        let fits = from.len() == into.len()
            && from.iter().all(|uid| uids.contains(uid))
            && into.windows(2).all(|two| two.first() < two.last())
            && into.first().is_none_or(|first| *first >= floor);
        let mut outcome = if fits { Ok(()) } else { Err("COPYUID of what was copied".to_owned()) };
        outcome = outcome.and_then(|()| ledger.validity(self.account, &to, validity));
        for (from, into) in pairs {
            let source = view.place(from);
            // A copy has the flags of the message, `\Deleted` too.
            let marked = ledger.marked(&source);
            let id = ledger.id(&source);
            let target = (self.account, to.clone(), validity, into);
            outcome = outcome.and_then(|()| ledger.placed(target, id, marked));
        }
        drop(ledger);
        outcome.or_else(|what| self.client.wrong(&what))
    }

    async fn append(&mut self) -> Outcome<()> {
        let to = self.folder();
        self.appended += 1;
        let id = format!("c{}-{}", self.number, self.appended);
        let letter = letters::letter(&id, &self.user);
        let floor = self.ledger()?.floor(self.account, &to);
        let flags = self.random.one_of(&["", "(\\Seen) ", "(\\Flagged alpha) "]).map_or("", |flags| *flags);
        let waits = self.random.below(2) == 0;
        let head = format!("APPEND {to} {flags}{{{}{}}}\r\n", letter.len(), if waits { "" } else { "+" });
        let done = if waits {
            let tag = self.client.send(head.trim_end().as_bytes()).await?;
            loop {
                match self.client.read().await? {
                    Response::Continue => break,
                    Response::Untagged(data) => self.take(&data, Under::Any)?,
                    _ => return self.client.wrong("a continuation"),
                }
            }
            self.client.write(&[letter.as_slice(), b"\r\n"].concat()).await?;
            self.answer(&tag, Under::Any).await?
        } else {
            self.command(&[head.as_bytes(), &letter].concat(), Under::Any).await?
        };
        let code = done.code.filter(|code| code.name == "APPENDUID" && done.status == Status::Ok);
        let Some((validity, uid)) = code.and_then(|code| {
            let (validity, uid) = code.arguments.split_once(' ')?;
            Some((validity.parse().ok()?, uid.parse::<u32>().ok()?))
        }) else {
            return self.client.wrong("APPENDUID");
        };
        let outcome = {
            let mut ledger = self.ledger()?;
            let known = ledger.validity(self.account, &to, validity);
            let known = if uid < floor { Err(format!("UID {uid} is below UIDNEXT {floor}")) } else { known };
            known.and_then(|()| ledger.placed((self.account, to, validity, uid), Some(id), false))
        };
        outcome.or_else(|what| self.client.wrong(&what))
    }

    async fn expunge(&mut self) -> Outcome<()> {
        let Some(view) = &self.view else { return Ok(()) };
        if view.read_only {
            return Ok(());
        }
        let marked: BTreeSet<u32> =
            view.flags.iter().filter(|(_, flags)| flags.contains("\\Deleted")).map(|(uid, _)| *uid).collect();
        let whole = self.own_flags().is_some();
        if self.random.below(2) == 0 {
            self.any("EXPUNGE").await?;
            let left = self.view.as_ref().map(View::uids).unwrap_or_default();
            if whole && left.iter().any(|uid| marked.contains(uid)) {
                return self.client.wrong("everything marked to go");
            }
        } else if let Some(uids) = self.some_uids() {
            self.any(&format!("UID EXPUNGE {}", set(&uids))).await?;
            let left = self.view.as_ref().map(View::uids).unwrap_or_default();
            let wanted: BTreeSet<u32> = marked.iter().filter(|uid| !uids.contains(uid)).copied().collect();
            if whole && !wanted.iter().all(|uid| left.contains(uid)) {
                return self.client.wrong("nothing else to go");
            }
        }
        Ok(())
    }

    async fn search(&mut self) -> Outcome<()> {
        match self.random.below(4) {
            0 => {
                // What is told before the answer counts, and what is told after it does not yet.
                let tag = self.client.send(b"UID SEARCH ALL").await?;
                let mut answered = false;
                loop {
                    match self.client.read().await? {
                        Response::Untagged(Data::Search(found)) => {
                            let Some(view) = &self.view else { return Ok(()) };
                            let fits = found.len() == view.slots.len()
                                && found
                                    .iter()
                                    .zip(&view.slots)
                                    .all(|(uid, slot)| slot.is_none_or(|slot| slot == *uid));
                            if !fits || !found.windows(2).all(|two| two.first() < two.last()) {
                                return self.client.wrong(&format!("{:?}", view.slots));
                            }
                            if let Some(view) = &mut self.view {
                                view.slots = found.into_iter().map(Some).collect();
                            }
                            answered = true;
                        }
                        Response::Untagged(data) => self.take(&data, Under::Any)?,
                        Response::Tagged(of, Status::Ok, _) if of == tag && answered => return Ok(()),
                        _ => return self.client.wrong("SEARCH, then OK"),
                    }
                }
            }
            1 => {
                let flagged = self.own_flags();
                let done = self.any("UID SEARCH FLAGGED").await?;
                let (Some(flags), Some(found)) = (flagged, searched(&done.data)) else { return Ok(()) };
                let wanted: Vec<u32> =
                    flags.iter().filter(|(_, flags)| flags.contains("\\Flagged")).map(|(uid, _)| *uid).collect();
                if wanted != found { self.client.wrong(&format!("{wanted:?}")) } else { Ok(()) }
            }
            2 => {
                let count = self.view.as_ref().map_or(0, |view| view.slots.len());
                let done = self.command(b"SEARCH OR UNSEEN SUBJECT \"letter c\"", Under::Numbers).await?;
                let found = searched(&done.data).unwrap_or_default();
                if done.status != Status::Ok || found.iter().any(|n| *n == 0 || *n as usize > count) {
                    return self.client.wrong("numbers that are there");
                }
                Ok(())
            }
            _ => {
                let Some((from, to)) = self.some() else { return Ok(()) };
                self.command(format!("SEARCH {from}:{to} BODY \"line 1\"").as_bytes(), Under::Numbers).await.map(drop)
            }
        }
    }

    async fn status(&mut self) -> Outcome<()> {
        let folder = self.folder();
        // UIDNEXT of what was told before is a floor for what is told now.
        let floor = self.ledger()?.floor(self.account, &folder);
        let done = self.any(&format!("STATUS {folder} (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)")).await?;
        let told = done.data.iter().find_map(|data| match data {
            Data::MailboxStatus(name, items) if *name == folder.as_bytes() => Some(items.clone()),
            _ => None,
        });
        let Some(items) = told else { return self.client.wrong("STATUS") };
        let find = |word: &str| items.iter().find(|(name, _)| name == word).map(|(_, number)| *number);
        let (Some(validity), Some(next), Some(_)) = (find("UIDVALIDITY"), find("UIDNEXT"), find("MESSAGES")) else {
            return self.client.wrong("what was asked for");
        };
        let (validity, next) = (u32::try_from(validity)?, u32::try_from(next)?);
        if next < floor {
            return self.client.wrong(&format!("UIDNEXT of {floor} at least"));
        }
        let known = {
            let mut ledger = self.ledger()?;
            ledger.next(self.account, &folder, next);
            ledger.validity(self.account, &folder, validity)
        };
        known.or_else(|what| self.client.wrong(&what))
    }

    async fn list(&mut self) -> Outcome<()> {
        let done = self.any("LIST \"\" *").await?;
        let names: Vec<&[u8]> = done
            .data
            .iter()
            .filter_map(|data| if let Data::List(_, name) = data { Some(name.as_slice()) } else { None })
            .collect();
        let wanted = SHARED.iter().copied().chain(self.own.as_deref());
        for name in wanted {
            if names.iter().filter(|listed| **listed == name.as_bytes()).count() != 1 {
                return self.client.wrong(&format!("{name}, once"));
            }
        }
        Ok(())
    }

    async fn idle(&mut self) -> Outcome<()> {
        let tag = self.client.send(b"IDLE").await?;
        loop {
            match self.client.read().await? {
                Response::Continue => break,
                Response::Untagged(data) => self.take(&data, Under::Any)?,
                _ => return self.client.wrong("a continuation"),
            }
        }
        tokio::time::sleep(Duration::from_millis(self.random.below(100) as u64)).await;
        self.client.write(b"DONE\r\n").await?;
        let done = self.answer(&tag, Under::Any).await?;
        if done.status == Status::Ok { Ok(()) } else { self.client.wrong("OK") }
    }

    /// Several at once: answered in their order.
    async fn pipeline(&mut self) -> Outcome<()> {
        let mut tags = Vec::new();
        for command in ["NOOP", "UID FETCH 1:* (FLAGS)", "UID SEARCH UNSEEN", "NAMESPACE", "CAPABILITY"] {
            tags.push(self.client.send(command.as_bytes()).await?);
        }
        for tag in tags {
            if self.answer(&tag, Under::Any).await?.status != Status::Ok {
                return self.client.wrong("OK");
            }
        }
        Ok(())
    }

    async fn close(&mut self) -> Outcome<()> {
        let command = if self.random.below(2) == 0 { "CLOSE" } else { "UNSELECT" };
        let view = self.view.take();
        let done = self.any(command).await?;
        if done.data.iter().any(|data| matches!(data, Data::Expunge(_) | Data::Vanished(..))) {
            return self.client.wrong("no EXPUNGE");
        }
        drop(view);
        Ok(())
    }

    async fn own_folder(&mut self) -> Outcome<()> {
        // What is selected stays: only a folder that nobody looks at changes its name or goes.
        if self.view.take().is_some() {
            self.any("UNSELECT").await?;
        }
        self.made += 1;
        let name = format!("Own-{}-{}", self.number, self.made);
        match self.own.clone() {
            None => {
                self.any(&format!("CREATE {name}")).await?;
                self.own = Some(name);
            }
            Some(old) if self.random.below(2) == 0 => {
                self.any(&format!("RENAME {old} {name}")).await?;
                self.ledger()?.renamed(self.account, &old, &name);
                self.own = Some(name);
            }
            Some(old) => {
                self.any(&format!("DELETE {old}")).await?;
                self.ledger()?.dropped(self.account, &old);
                self.own = None;
            }
        }
        Ok(())
    }
}

/// The number of a response code in untagged OKs.
pub fn number(data: &[Data], name: &str) -> Option<u32> {
    code_of(data, name)?.parse().ok()
}

fn code_of<'a>(data: &'a [Data], name: &str) -> Option<&'a str> {
    data.iter().find_map(|data| match data {
        Data::Status(Status::Ok, Some(code)) if code.name == name => Some(code.arguments.as_str()),
        _ => None,
    })
}

fn searched(data: &[Data]) -> Option<Vec<u32>> {
    data.iter().find_map(|data| if let Data::Search(found) = data { Some(found.clone()) } else { None })
}

/// UIDVALIDITY and both sets of COPYUID, number by number.
fn copied(arguments: &str) -> Option<(u32, Vec<u32>, Vec<u32>)> {
    let mut words = arguments.split(' ');
    let validity = words.next()?.parse().ok()?;
    Some((validity, expanded(words.next()?)?, expanded(words.next()?)?))
}

fn expanded(set: &str) -> Option<Vec<u32>> {
    let mut all = Vec::new();
    for range in set.split(',') {
        let (from, to) = range.split_once(':').unwrap_or((range, range));
        let (from, to): (u32, u32) = (from.parse().ok()?, to.parse().ok()?);
        all.extend(from.min(to)..=from.max(to));
    }
    Some(all)
}

fn set(uids: &[u32]) -> String {
    joined(uids)
}

fn joined<T: ToString>(numbers: &[T]) -> String {
    numbers.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}

const PATIENCE: Duration = Duration::from_secs(120);
