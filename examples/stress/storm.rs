//! The whole run: sessions and senders at once, then the comparison of what is there with what was told.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use crate::imap::client::{Client, Outcome, Server};
use crate::imap::response::{Data, Item};
use crate::imap::submission::Submission;
use crate::ledger::{Ledger, Place};
use crate::letters::{self, Random};
use crate::model;
use crate::session::{SHARED, Session};

/// A server, and what to do to it.
pub struct Storm {
    pub imaps: SocketAddr,
    pub submissions: Option<SocketAddr>,
    pub authority: PathBuf,
    pub name: String,
    pub users: Vec<(String, String)>,
    pub connections: usize,
    pub length: Duration,
    pub seed: u64,
}

impl Storm {
    /// Does everything, and says how much that was.
    pub async fn run(&self) -> Outcome<String> {
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let server = Server::new(self.imaps, &self.name, &self.authority)?;
        for (user, password) in &self.users {
            let mut client = Client::log_in(&server, user, password).await?;
            for folder in SHARED.iter().filter(|folder| **folder != "INBOX") {
                client.ok(&format!("CREATE {folder}")).await?;
            }
        }
        let until = Instant::now() + self.length;
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..self.connections {
            let account = n % self.users.len();
            let Some((user, password)) = self.users.get(account).cloned() else { continue };
            let last = u8::try_from(1 + n % 100).unwrap_or(1);
            let server = server.from(Ipv4Addr::new(127, 0, 0, last));
            let ledger = Arc::clone(&ledger);
            let random = Random::new(self.seed.wrapping_mul(1000) + n as u64);
            tasks.spawn(async move {
                let client = Client::log_in(&server, &user, &password).await?;
                Session::new(client, user, account, n, ledger, random).run(until).await
            });
        }
        for n in 0..SENDERS {
            let Some(submissions) = self.submissions else { break };
            let (users, ledger) = (self.users.clone(), Arc::clone(&ledger));
            let door = server.at(submissions);
            let mut random = Random::new(self.seed.wrapping_mul(7777) + n as u64);
            tasks.spawn(async move {
                let mut counts = BTreeMap::new();
                let (from, to) = (random.below(users.len()), n % users.len());
                let (Some((user, password)), Some((other, _))) = (users.get(from), users.get(to)) else {
                    return Ok(counts);
                };
                let mut client = Submission::log_in(&door, user, password).await?;
                let mut sent = 0;
                while Instant::now() < until {
                    let id = format!("sub{n}-{sent}");
                    let letter = letters::letter(&id, user);
                    // Before it is sent: it may be seen sooner than its 250.
                    ledger.lock().map_err(|_| "poisoned")?.submitted(to, &id);
                    client.send(user, other, &letter).await?;
                    sent += 1;
                    tokio::time::sleep(Duration::from_millis(50 + random.below(200) as u64)).await;
                }
                client.quit().await?;
                counts.insert("SUBMIT", sent);
                Ok(counts)
            });
        }
        let mut all: BTreeMap<&'static str, usize> = BTreeMap::new();
        while let Some(task) = tasks.join_next().await {
            for (what, count) in task?? {
                *all.entry(what).or_default() += count;
            }
        }
        let mut said = String::new();
        for (account, (user, password)) in self.users.iter().enumerate() {
            let mut client = Client::log_in(&server, user, password).await?;
            let there = everything(&mut client, account, user).await?;
            ledger.lock().map_err(|_| "poisoned")?.check(account, &there)?;
            let _ = writeln!(said, "{user}: {} messages, all as they were told", there.len());
        }
        let _ = write!(said, "{} commands: {all:?}", all.values().sum::<usize>());
        Ok(said)
    }
}

/// Every message of a mailbox but those the server keeps of submissions, with its octets looked at.
async fn everything(client: &mut Client, account: usize, user: &str) -> Outcome<BTreeMap<Place, String>> {
    let mut names = Vec::new();
    for data in client.ok("LIST \"\" *").await?.data {
        if let Data::List(attributes, name) = data
            && !attributes.iter().any(|attribute| attribute == "\\Noselect")
        {
            names.push(String::from_utf8(name)?);
        }
    }
    let mut there = BTreeMap::new();
    for name in names {
        let answer = client.ok(&format!("EXAMINE \"{name}\"")).await?;
        if answer.data.iter().any(|data| matches!(data, Data::List(..))) {
            continue;
        }
        let special = !SHARED.contains(&name.as_str()) && !name.starts_with("Own-");
        let validity = crate::session::number(&answer.data, "UIDVALIDITY").ok_or("no UIDVALIDITY")?;
        let fetched = client.ok("UID FETCH 1:* (UID RFC822.SIZE BODY.PEEK[])").await?;
        for data in fetched.data {
            let Data::Fetch(_, items) = data else { continue };
            let (mut uid, mut size, mut octets) = (0, 0, Vec::new());
            for item in items {
                match item {
                    Item::Uid(found) => uid = found,
                    Item::Size(found) => size = found,
                    Item::Octets(_, _, Some(found)) => octets = found,
                    _ => {}
                }
            }
            if octets.len() as u64 != size {
                return Err(format!("{user} {name} {uid}: RFC822.SIZE {size}, {} octets", octets.len()).into());
            }
            if special {
                continue;
            }
            let id = letters::id_of(&octets).ok_or("not one of our messages")?;
            model::whole(&octets, &id)?;
            there.insert((account, name.clone(), validity, uid), id);
        }
    }
    Ok(there)
}

const SENDERS: usize = 4;
