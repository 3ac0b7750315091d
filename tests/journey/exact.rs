//! What goes in comes out, to the octet: odd messages by submission and by APPEND, read back in every way.
//!
//! On both databases, over TLS, before and after a restart; then nothing of it is found in what is at rest.

use std::time::Duration;

use data_encoding::{BASE64, HEXLOWER};
use sqlx::Row as _;

use crate::imap::client::{Client, Server};
use crate::imap::response::{Data, Item, Status};
use crate::imap::submission::Submission;
use crate::odd::{self, CANARY, Odd};
use crate::world::{COLLEAGUE, DOCTOR, World};

super::on_both! {
    odd_messages_come_back_to_the_octet
    twenty_mebibytes_come_back_to_the_octet
    what_cannot_come_back_to_the_octet_is_refused
}

fn server(world: &World) -> Server {
    let server = Server::new(world.running.imaps.unwrap(), "mail.cabinet.example", &world.authority).unwrap();
    server.from(std::net::Ipv4Addr::LOCALHOST)
}

pub async fn doctor(world: &World) -> Client {
    Client::log_in(&server(world), DOCTOR, &world.doctor.device.password.reveal()).await.unwrap()
}

pub async fn colleague(world: &World) -> Client {
    Client::log_in(&server(world), COLLEAGUE, &world.colleague.device.password.reveal()).await.unwrap()
}

async fn submission(world: &World) -> Submission {
    let door = server(world).at(world.running.submissions.unwrap());
    Submission::log_in(&door, DOCTOR, &world.doctor.device.password.reveal()).await.unwrap()
}

/// A message with the fields that a submission has.
fn letter(n: usize, (_, header, rest): &Odd) -> Vec<u8> {
    let head = format!(
        "From: <{DOCTOR}>\r\nTo: <{COLLEAGUE}>\r\nDate: Fri, 15 Jan 2027 08:00:00 +0100\r\nMessage-ID: <odd{n}@cabinet.example>\r\n"
    );
    [head.as_bytes(), header, rest].concat()
}

async fn append(client: &mut Client, folder: &str, octets: &[u8]) -> Status {
    let head = format!("APPEND \"{folder}\" {{{}+}}\r\n", octets.len());
    client.command(&[head.as_bytes(), octets].concat()).await.unwrap().status
}

async fn odd_messages_come_back_to_the_octet(world: World) {
    let corpus: Vec<Vec<u8>> = odd::corpus().iter().enumerate().map(|(n, odd)| letter(n, odd)).collect();
    let mut sending = submission(&world).await;
    for octets in &corpus {
        if let Err(what) = sending.send(DOCTOR, COLLEAGUE, octets).await {
            panic!("{what}: {}", octets[..octets.len().min(500)].escape_ascii());
        }
    }
    sending.quit().await.unwrap();
    world.pass(Duration::from_secs(31));
    whole(&mut doctor(&world).await, "\"Envoy&AOk-s\"", &corpus).await;
    same(&mut colleague(&world).await, "INBOX", &corpus).await;
    // As sent, and as nobody could send it.
    let mut appended = corpus.clone();
    appended.extend(corpus.iter().take(20).map(|octets| octets[..octets.len() - 2].to_vec()));
    appended.extend(odd::kept_only());
    let mut client = doctor(&world).await;
    client.ok("CREATE Odd").await.unwrap();
    for octets in &appended {
        assert_eq!(append(&mut client, "Odd", octets).await, Status::Ok, "{}", octets[..200].escape_ascii());
    }
    same(&mut client, "Odd", &appended).await;
    client.ok("SELECT Odd").await.unwrap();
    client.ok("COPY 1:* Archive").await.unwrap();
    // Nothing of it is in memory any more.
    let world = world.restart().await;
    let mut client = doctor(&world).await;
    whole(&mut client, "Archive", &appended).await;
    whole(&mut client, "Odd", &appended).await;
    // What the client kept of a submission took the place of the server's copy (R-A2).
    let answer = client.ok("STATUS \"Envoy&AOk-s\" (MESSAGES)").await.unwrap();
    assert!(answer.data.iter().any(|data| matches!(data, Data::MailboxStatus(_, items) if items[0].1 == 0)));
    let left = at_rest(&world).await;
    assert!(left.is_empty(), "{left:?}");
    world.running.stop().await;
}

async fn twenty_mebibytes_come_back_to_the_octet(world: World) {
    let large = [letter(0, &odd::large())];
    submission(&world).await.send(DOCTOR, COLLEAGUE, &large[0]).await.unwrap();
    same(&mut colleague(&world).await, "INBOX", &large).await;
    assert_eq!(append(&mut doctor(&world).await, "Archive", &large[0]).await, Status::Ok);
    let world = world.restart().await;
    whole(&mut doctor(&world).await, "Archive", &large).await;
    let left = at_rest(&world).await;
    assert!(left.is_empty(), "{left:?}");
    world.running.stop().await;
}

/// Every message of a folder, in every way that FETCH has.
pub async fn same(client: &mut Client, folder: &str, wanted: &[Vec<u8>]) {
    client.ok(&format!("EXAMINE {folder}")).await.unwrap();
    for (at, octets) in wanted.iter().enumerate() {
        let (number, length) = (at + 1, octets.len());
        let pieces = [(0, 1), (length / 2, 1000), (length - 1, 10), (length, 5), (70_001, 65_536)];
        let partials: String = pieces.map(|(from, count)| format!(" BODY.PEEK[]<{from}.{count}>")).concat();
        let items = "RFC822.SIZE BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT] ENVELOPE BODYSTRUCTURE";
        let answer = client.ok(&format!("FETCH {number} ({items}{partials})")).await.unwrap();
        let told = items_of(&answer.data, number);
        let find = |name: &str| {
            told.iter().find_map(|item| match item {
                Item::Octets(section, None, Some(octets)) if section == name => Some(octets.as_slice()),
                _ => None,
            })
        };
        let shown = octets[..length.min(300)].escape_ascii().to_string();
        assert!(find("") == Some(octets), "{folder} {number}: {shown}");
        assert!([find("HEADER").unwrap(), find("TEXT").unwrap()].concat() == *octets, "{folder} {number}: {shown}");
        assert!(told.contains(&Item::Size(length as u64)), "{shown}");
        for (from, count) in pieces {
            let piece = octets.get(from..length.min(from + count)).unwrap_or_default();
            let is = Item::Octets(String::new(), Some(u32::try_from(from).unwrap()), Some(piece.to_vec()));
            assert!(told.contains(&is), "{number} <{from}.{count}>: {shown}");
        }
    }
    let last = wanted.len();
    let there = client.ok(&format!("SEARCH {last}:*")).await.unwrap();
    assert!(there.data.contains(&Data::Search(vec![u32::try_from(last).unwrap()])), "no more of them");
}

/// Every message of a folder.
pub async fn whole(client: &mut Client, folder: &str, wanted: &[Vec<u8>]) {
    client.ok(&format!("EXAMINE {folder}")).await.unwrap();
    for (at, octets) in wanted.iter().enumerate() {
        let answer = client.ok(&format!("FETCH {} RFC822", at + 1)).await.unwrap();
        let is = Item::Octets("RFC822".to_owned(), None, Some(octets.clone()));
        let shown = octets[..octets.len().min(300)].escape_ascii().to_string();
        assert!(items_of(&answer.data, at + 1).contains(&is), "{folder} {}: {shown}", at + 1);
    }
}

fn items_of(data: &[Data], number: usize) -> &[Item] {
    let found = data.iter().find_map(|data| match data {
        Data::Fetch(of, items) if usize::try_from(*of).unwrap() == number => Some(items.as_slice()),
        _ => None,
    });
    found.unwrap()
}

async fn what_cannot_come_back_to_the_octet_is_refused(world: World) {
    let head = format!("From: <{DOCTOR}>\r\nTo: <{COLLEAGUE}>\r\nSubject: {CANARY}\r\n\r\n");
    let mut client = doctor(&world).await;
    for bad in ["a\nb\r\n", "a\rb\r\n", "a\r\r\n", "\n", "a\r", "a\0b\r\n"] {
        let octets = format!("{head}{bad}");
        let command = [format!("APPEND INBOX {{{}+}}\r\n", octets.len()).as_bytes(), octets.as_bytes()].concat();
        let answer = client.command(&command).await.unwrap();
        assert_eq!(answer.status, Status::No, "{bad:?}");
        assert_eq!(answer.code.unwrap().name, "CANNOT");
        let refused = submission(&world).await.send(DOCTOR, COLLEAGUE, format!("{octets}\r\n").as_bytes()).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("554 5.6.0"), "{bad:?}: {refused}");
    }
    client.ok("EXAMINE INBOX").await.unwrap();
    let nothing = client.ok("STATUS INBOX (MESSAGES)").await.unwrap();
    assert!(nothing.data.iter().any(|data| matches!(data, Data::MailboxStatus(_, items) if items[0].1 == 0)));
    assert!(world.read(&world.colleague, pli::domain::FolderRole::Inbox).await.is_empty());
    world.running.stop().await;
}

/// Where the canary is found: in files, as it is, in base64, or in rows.
async fn at_rest(world: &World) -> Vec<String> {
    let mut needles = vec![CANARY.as_bytes().to_vec(), HEXLOWER.encode(CANARY.as_bytes()).into_bytes()];
    for shift in 0..3 {
        let shifted = BASE64.encode(&[&vec![b'x'; shift], CANARY.as_bytes()].concat());
        needles.push(shifted.as_bytes()[4..shifted.len() - 4].to_vec());
    }
    let mut found = Vec::new();
    let mut look = |what: String, octets: &[u8]| {
        let holds = |needle: &Vec<u8>| memchr::memmem::find(octets, needle).is_some();
        if needles.iter().any(holds) {
            found.push(what);
        }
    };
    let mut folders = vec![world.folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                look(path.display().to_string(), &std::fs::read(&path).unwrap());
            }
        }
    }
    if world.database.starts_with("postgres") {
        let pool = sqlx::PgPool::connect(&world.database).await.unwrap();
        let tables = sqlx::query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
        for table in tables.fetch_all(&pool).await.unwrap() {
            let table: String = table.get(0);
            let sql = format!("SELECT CAST(t AS TEXT) FROM {table} t");
            for row in sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&pool).await.unwrap() {
                look(table.clone(), row.get::<String, _>(0).as_bytes());
            }
        }
        pool.close().await;
    }
    found
}
