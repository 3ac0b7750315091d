//! SIGKILL in the middle of APPEND, MOVE, EXPUNGE and submissions: nothing lost, doubled or back from the dead.
//!
//! Each round: connections storm, the server is killed at a random moment, started again, and everything that is
//! there is compared with what was acknowledged. What was asked for and not answered may have happened, once.
//! Three rounds here; by hand `PLI_TEST_ROUNDS=50 PLI_TEST_PROGRAM=…/release/pli cargo test
//! --test force -- --nocapture killed`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::imap::client::{Client, Outcome, Server};
use crate::imap::response::{Data, Item, Status};
use crate::imap::submission::Submission;
use crate::installation::{Installation, NAME};
use crate::letters::{self, Random};
use crate::model;

/// Where a message is to be at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// Asked for and not answered: there once, or nowhere.
    Asked(&'static str),
    /// Acknowledged: there.
    In(&'static str),
    /// Its move was asked for and not answered: in exactly one of the two.
    Between(&'static str, &'static str),
    /// Its end was asked for and not answered.
    Ending(&'static str),
    /// Its end was acknowledged.
    Gone,
}

type Fates = Arc<Mutex<BTreeMap<String, Fate>>>;

const FOLDERS: [&str; 3] = ["A", "B", "C"];
/// Messages that are kept from round to round.
const MOST: usize = 1000;
const WORKERS: usize = 8;
const SENDERS: usize = 2;

struct Worker {
    client: Client,
    user: String,
    fates: Fates,
    random: Random,
    /// Folder, UID and id of the messages that only this worker touches.
    mine: Vec<(&'static str, u32, String)>,
    selected: Option<&'static str>,
    name: String,
    made: usize,
}

impl Worker {
    fn set(&self, id: &str, fate: Fate) {
        self.fates.lock().unwrap().insert(id.to_owned(), fate);
    }

    /// Until the connection breaks.
    async fn work(mut self) {
        loop {
            let done = match self.random.below(10) {
                0..=4 => self.append().await,
                5..=7 => self.relocate().await,
                _ => self.expunge().await,
            };
            if done.is_err() {
                return;
            }
        }
    }

    async fn select(&mut self, folder: &'static str) -> Outcome<()> {
        if self.selected != Some(folder) {
            self.client.ok(&format!("SELECT {folder}")).await?;
            self.selected = Some(folder);
        }
        Ok(())
    }

    async fn append(&mut self) -> Outcome<()> {
        let folder = FOLDERS[self.random.below(FOLDERS.len())];
        self.made += 1;
        let id = format!("{}-{}", self.name, self.made);
        let letter = letters::letter(&id, &self.user);
        self.set(&id, Fate::Asked(folder));
        let head = format!("APPEND {folder} {{{}+}}\r\n", letter.len());
        let answer = self.client.command(&[head.as_bytes(), &letter].concat()).await?;
        assert_eq!(answer.status, Status::Ok);
        self.set(&id, Fate::In(folder));
        let code = answer.code.expect("APPENDUID");
        let uid = code.arguments.split(' ').nth(1).unwrap().parse().unwrap();
        self.mine.push((folder, uid, id));
        Ok(())
    }

    async fn relocate(&mut self) -> Outcome<()> {
        if self.mine.is_empty() {
            return Ok(());
        }
        let at = self.random.below(self.mine.len());
        let (from, uid, id) = self.mine.swap_remove(at);
        let others: Vec<&'static str> = FOLDERS.into_iter().filter(|folder| *folder != from).collect();
        let to = others[self.random.below(others.len())];
        self.select(from).await?;
        self.set(&id, Fate::Between(from, to));
        let answer = self.client.ok(&format!("UID MOVE {uid} {to}")).await?;
        let code = answer.data.into_iter().find_map(|data| match data {
            Data::Status(Status::Ok, Some(code)) if code.name == "COPYUID" => Some(code),
            _ => None,
        });
        self.set(&id, Fate::In(to));
        let uid = code.expect("COPYUID").arguments.split(' ').nth(2).unwrap().parse().unwrap();
        self.mine.push((to, uid, id));
        Ok(())
    }

    async fn expunge(&mut self) -> Outcome<()> {
        if self.mine.is_empty() {
            return Ok(());
        }
        let at = self.random.below(self.mine.len());
        let (folder, uid, id) = self.mine.swap_remove(at);
        self.select(folder).await?;
        self.client.ok(&format!("UID STORE {uid} +FLAGS.SILENT (\\Deleted)")).await?;
        self.set(&id, Fate::Ending(folder));
        self.client.ok(&format!("UID EXPUNGE {uid}")).await?;
        self.set(&id, Fate::Gone);
        Ok(())
    }
}

/// Submits until the connection breaks.
async fn submit(mut client: Submission, user: String, name: String, fates: Fates) {
    for n in 0.. {
        let id = format!("{name}-{n}");
        fates.lock().unwrap().insert(id.clone(), Fate::Asked("INBOX"));
        if client.send(&user, &user, &letters::letter(&id, &user)).await.is_err() {
            return;
        }
        fates.lock().unwrap().insert(id, Fate::In("INBOX"));
    }
}

/// Every id that is there, with its folders.
async fn there(client: &mut Client) -> BTreeMap<String, Vec<&'static str>> {
    let mut found: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for folder in FOLDERS.into_iter().chain(["INBOX"]) {
        client.ok(&format!("EXAMINE {folder}")).await.unwrap();
        let answer = client.ok("UID FETCH 1:* (BODY.PEEK[])").await.unwrap();
        let mut uids = BTreeSet::new();
        for data in answer.data {
            let Data::Fetch(_, items) = data else { continue };
            for item in items {
                match item {
                    Item::Uid(uid) => assert!(uids.insert(uid)),
                    Item::Octets(_, _, octets) => {
                        let octets = octets.expect("octets");
                        let id = letters::id_of(&octets).expect("one of ours");
                        model::whole(&octets, &id).unwrap();
                        found.entry(id).or_default().push(folder);
                    }
                    _ => {}
                }
            }
        }
    }
    found
}

/// Compares, and settles what was open.
fn compare(fates: &Fates, found: &BTreeMap<String, Vec<&'static str>>) -> Result<(), String> {
    let mut fates = fates.lock().unwrap();
    for (id, folders) in found {
        if folders.len() != 1 {
            return Err(format!("{id} is in {folders:?}"));
        }
        if !fates.contains_key(id) {
            return Err(format!("{id} comes from nowhere"));
        }
    }
    for (id, fate) in fates.iter_mut() {
        let now = found.get(id).and_then(|folders| folders.first()).copied();
        let fits = match (&fate, now) {
            (Fate::Asked(folder), Some(now)) | (Fate::Ending(folder), Some(now)) => *folder == now,
            (Fate::Asked(_) | Fate::Ending(_) | Fate::Gone, None) => true,
            (Fate::In(folder), Some(now)) => *folder == now,
            (Fate::Between(from, to), Some(now)) => *from == now || *to == now,
            (Fate::In(_) | Fate::Between(..), None) | (Fate::Gone, Some(_)) => false,
        };
        if !fits {
            return Err(format!("{id} was {fate:?} and is in {now:?}"));
        }
        *fate = now.map_or(Fate::Gone, Fate::In);
    }
    Ok(())
}

/// Makes room: every message goes, and must not come back either.
async fn clear(client: &mut Client, fates: &Fates) {
    for folder in FOLDERS.into_iter().chain(["INBOX"]) {
        client.ok(&format!("SELECT {folder}")).await.unwrap();
        client.ok("UID STORE 1:* +FLAGS.SILENT (\\Deleted)").await.unwrap();
        client.ok("EXPUNGE").await.unwrap();
    }
    fates.lock().unwrap().values_mut().for_each(|fate| *fate = Fate::Gone);
}

async fn killed(database: &str, seed: u64) {
    #[expect(clippy::disallowed_methods, reason = "whoever runs the tests says how long")]
    let rounds = std::env::var("PLI_TEST_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let installation = Installation::new(&crate::program(), database, 1).unwrap();
    let (user, password) = installation.users[0].clone();
    let fates = Fates::default();
    let mut random = Random::new(seed);
    let mut acknowledged = 0;
    for round in 0..=rounds {
        let serving = installation.serve().unwrap();
        let server = Server::new(serving.imaps, NAME, &installation.authority()).unwrap();
        let mut client = Client::log_in(&server, &user, &password).await.unwrap();
        if round == 0 {
            for folder in FOLDERS {
                client.ok(&format!("CREATE {folder}")).await.unwrap();
            }
        }
        let found = there(&mut client).await;
        eprintln!("round {round}: {} messages, {} there", fates.lock().unwrap().len(), found.len());
        if let Err(what) = compare(&fates, &found) {
            panic!("seed {seed}, round {round}: {what}\n{}", installation.log());
        }
        acknowledged = fates.lock().unwrap().len();
        if found.len() > MOST {
            clear(&mut client, &fates).await;
        }
        if round == rounds {
            break;
        }
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..WORKERS {
            let name = format!("r{round}w{n}");
            let random = Random::new(random.below(usize::MAX) as u64);
            let worker = Worker {
                client: Client::log_in(&server, &user, &password).await.unwrap(),
                user: user.clone(),
                fates: Arc::clone(&fates),
                random,
                mine: Vec::new(),
                selected: None,
                name,
                made: 0,
            };
            tasks.spawn(worker.work());
        }
        for n in 0..SENDERS {
            let door = Submission::log_in(&server.at(serving.submissions), &user, &password).await.unwrap();
            tasks.spawn(submit(door, user.clone(), format!("r{round}s{n}"), Arc::clone(&fates)));
        }
        // Not a wait for something: the moment of the power cut.
        tokio::time::sleep(Duration::from_millis(200 + random.below(1500) as u64)).await;
        serving.kill().unwrap();
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
    }
    let log = installation.log();
    let faults: Vec<&str> = log.lines().filter(|line| line.contains("\"ERROR\"")).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(acknowledged > rounds, "nothing was done");
    eprintln!("{rounds} rounds, {acknowledged} messages, none lost, doubled or back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_in_a_storm_on_sqlite() {
    killed("sqlite:pli.db", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_in_a_storm_on_postgres() {
    if let Some(fresh) = crate::postgres::fresh().await {
        killed(&fresh.url, 2).await;
    }
}
