//! SIGKILL between a 250 and the notice of it: no patient is forgotten, and no letter is there twice.
//!
//! Each round: connections submit to patients, the server is killed at a random moment, and started again. In the end
//! every letter that got a 250 has one delivery, one copy in Sent and a notice that the relay took, once or after a
//! crash twice; one without an answer has all of that or nothing. Three rounds here; by hand
//! `PLI_TEST_ROUNDS=200 PLI_TEST_PROGRAM=…/release/pli cargo test --test force -- --nocapture no_patient`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::Connection as _;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::imap::client::{Client, Server};
use crate::imap::response::{Data, Item};
use crate::imap::submission::Submission;
use crate::installation::{Installation, NAME};
use crate::letters::{self, Random};

const SENDERS: usize = 8;
const PATIENT: &str = "jeanne@patient.example";

/// The reverse-paths of the notices that were taken, each with how often.
type Taken = Arc<Mutex<BTreeMap<String, usize>>>;
/// The letters that got a 250: what the answer named.
type Accepted = Arc<Mutex<BTreeMap<String, String>>>;

/// A relay that remembers where what it took would go back to.
async fn relay() -> (std::net::SocketAddr, Taken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, taken) = (listener.local_addr().unwrap(), Taken::default());
    let all = Arc::clone(&taken);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let taken = Arc::clone(&all);
            // A server that is killed hangs up.
            tokio::spawn(async move { drop(converse(stream, &taken).await) });
        }
    });
    (address, taken)
}

async fn converse(stream: TcpStream, taken: &Taken) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read);
    write.write_all(b"220 relay.example ESMTP\r\n").await?;
    let (mut line, mut from, mut in_message) = (String::new(), String::new(), false);
    loop {
        line.clear();
        if lines.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let answer: &[u8] = match line.get(..4).unwrap_or_default() {
            _ if in_message && line != ".\r\n" => continue,
            _ if in_message => {
                in_message = false;
                *taken.lock().unwrap().entry(from.clone()).or_default() += 1;
                b"250 2.0.0 taken\r\n"
            }
            "EHLO" => b"250-relay.example\r\n250 8BITMIME\r\n",
            "MAIL" => {
                from.clone_from(&line);
                b"250 OK\r\n"
            }
            "DATA" => {
                in_message = true;
                b"354 go on\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 OK\r\n",
        };
        write.write_all(answer).await?;
    }
}

/// Submits until the connection breaks; returns how many letters were asked for.
async fn submit(mut client: Submission, user: String, name: String, accepted: Accepted) -> usize {
    for n in 0.. {
        let id = format!("{name}-{n}");
        let Ok(said) = client.send(&user, PATIENT, &letters::letter(&id, &user)).await else { return n + 1 };
        accepted.lock().unwrap().insert(id, said);
    }
    unreachable!("until the connection breaks")
}

/// Every id in Sent, with how often.
async fn sent(server: &Server, user: &str, password: &str) -> BTreeMap<String, usize> {
    let mut client = Client::log_in(server, user, password).await.unwrap();
    client.ok("EXAMINE Sent").await.unwrap();
    let answer = client.ok("UID FETCH 1:* (BODY.PEEK[HEADER])").await.unwrap();
    let mut found = BTreeMap::new();
    for data in answer.data {
        let Data::Fetch(_, items) = data else { continue };
        for item in items {
            if let Item::Octets(_, _, Some(octets)) = item {
                *found.entry(letters::id_of(&octets).expect("one of ours")).or_default() += 1;
            }
        }
    }
    found
}

/// One statement on the server's database, as rows of texts.
async fn rows(url: &str, sql: &'static str) -> Vec<Vec<String>> {
    fn read<R: sqlx::Row>(row: &R) -> Vec<String>
    where
        String: for<'r> sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
        usize: sqlx::ColumnIndex<R>,
    {
        (0..row.len()).map(|at| row.get(at)).collect()
    }
    if url.starts_with("sqlite:") {
        let mut open = sqlx::SqliteConnection::connect(url).await.unwrap();
        sqlx::query(sql).fetch_all(&mut open).await.unwrap().iter().map(read).collect()
    } else {
        let mut open = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::query(sql).fetch_all(&mut open).await.unwrap().iter().map(read).collect()
    }
}

async fn killed(database: &str, seed: u64) {
    #[expect(clippy::disallowed_methods, reason = "whoever runs the tests says how long")]
    let rounds = std::env::var("PLI_TEST_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let (relay, taken) = relay().await;
    let installation = Installation::with_relay(&crate::program(), database, 1, Some(relay)).unwrap();
    let (user, password) = installation.users[0].clone();
    installation.command(&["mailbox", "set", &user, "--sent", "server"]).unwrap();
    installation.command(&["patient", "add", PATIENT, "06 12 34 56 78"]).unwrap();
    let (accepted, mut random, mut asked) = (Accepted::default(), Random::new(seed), 0);
    for round in 0..rounds {
        let serving = installation.serve().unwrap();
        let server = Server::new(serving.submissions, NAME, &installation.authority()).unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..SENDERS {
            let door = Submission::log_in(&server, &user, &password).await.unwrap();
            tasks.spawn(submit(door, user.clone(), format!("r{round}s{n}"), Arc::clone(&accepted)));
        }
        // Not a wait for something: the moment of the power cut.
        tokio::time::sleep(Duration::from_millis(100 + random.below(1000) as u64)).await;
        serving.kill().unwrap();
        while let Some(task) = tasks.join_next().await {
            asked += task.unwrap();
        }
        eprintln!("round {round}: {} of {asked} letters have their 250", accepted.lock().unwrap().len());
    }
    let file = installation.path("data").join("pli.db").display().to_string();
    let url = if database.starts_with("sqlite:") { format!("sqlite:{file}") } else { database.to_owned() };
    // Ten minutes: what a dead server had taken in hand is anybody's again.
    rows(&url, "UPDATE outbox SET lease_until = 0 WHERE done_at IS NULL").await;
    let serving = installation.serve().unwrap();
    let deliveries = loop {
        let listed = rows(&url, "SELECT id, message_id, state FROM deliveries").await;
        if listed.iter().all(|delivery| delivery[2] == "notified") {
            break listed;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let server = Server::new(serving.imaps, NAME, &installation.authority()).unwrap();
    let sent = sent(&server, &user, &password).await;
    let taken = taken.lock().unwrap();
    let accepted = accepted.lock().unwrap();

    let copies: Vec<_> = sent.iter().filter(|(_, times)| **times != 1).collect();
    assert!(copies.is_empty(), "seed {seed}: more than one copy in Sent: {copies:?}");
    let lost: Vec<_> = accepted.keys().filter(|id| !sent.contains_key(*id)).collect();
    assert!(lost.is_empty(), "seed {seed}: lost after a 250: {lost:?}\n{}", installation.log());
    let messages: BTreeSet<&String> = deliveries.iter().map(|delivery| &delivery[1]).collect();
    assert_eq!((messages.len(), sent.len()), (deliveries.len(), deliveries.len()), "one delivery of each");
    // `MAIL FROM:<bounce+ID.CHECK@cabinet.example>`
    let mut notices: BTreeMap<&str, usize> = BTreeMap::new();
    for (from, times) in taken.iter() {
        let id = from.split(['+', '.']).nth(1).expect("a token");
        *notices.entry(id).or_default() += times;
    }
    let mut twice = 0;
    for delivery in &deliveries {
        let times = notices.get(delivery[0].as_str()).copied().unwrap_or_default();
        assert!(times > 0, "seed {seed}: nobody was told of {delivery:?}");
        twice += usize::from(times > 1);
    }
    assert!(accepted.len() > rounds && deliveries.len() <= asked, "nothing was done");
    eprintln!(
        "{rounds} rounds, {} letters with a 250, {} there, none lost or doubled, {twice} notices twice",
        accepted.len(),
        deliveries.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_patient_is_forgotten_on_sqlite() {
    killed("sqlite:pli.db", 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_patient_is_forgotten_on_postgres() {
    if let Some(fresh) = crate::postgres::fresh().await {
        killed(&fresh.url, 4).await;
    }
}
