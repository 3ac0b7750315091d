//! What a mail client does on IMAP, verb by verb.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::imap::client::{Client, Outcome, Server};
use crate::imap::response::{Data, Response, Status};
use crate::imap::submission::Submission;
use crate::measure::Meter;
use crate::submit::named;
use crate::{Load, Verb, mail};

pub async fn run(load: &Load, verb: Verb, server: &Server, password: &str, meter: &Meter) -> Outcome<()> {
    let reader = async || -> Outcome<Client> {
        let mut client = Client::log_in(server, &load.user, password).await?;
        client.ok(&format!("SELECT {}", load.folder)).await?;
        Ok(client)
    };
    match verb {
        Verb::Submit => {}
        Verb::Login => login(load, server, password, meter).await?,
        Verb::Fill => fill(load, server, password, meter).await?,
        Verb::Append => append(load, server, password, meter).await?,
        Verb::Fetch => {
            let mut client = reader().await?;
            let running = meter.start()?;
            for number in 1..=load.count {
                client.ok(&format!("FETCH {number} BODY.PEEK[]")).await?;
            }
            running.end("FETCH BODY[], one by one", load.count)?;
        }
        Verb::Headers => twice(&mut reader().await?, meter, "BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)]").await?,
        Verb::Envelope => twice(&mut reader().await?, meter, "ENVELOPE").await?,
        Verb::Structure => twice(&mut reader().await?, meter, "(ENVELOPE BODYSTRUCTURE)").await?,
        Verb::SearchBody => search(load, &mut reader().await?, meter, "BODY").await?,
        Verb::SearchText => search(load, &mut reader().await?, meter, "TEXT").await?,
        Verb::SearchSubject => search(load, &mut reader().await?, meter, "SUBJECT").await?,
        Verb::Select => {
            let mut client = reader().await?;
            let running = meter.start()?;
            for _ in 0..SELECTS {
                client.ok(&format!("SELECT {}", load.folder)).await?;
            }
            running.end(&format!("SELECT of {}", load.folder), SELECTS)?;
        }
        Verb::Push => push(load, server, password, meter).await?,
        Verb::Idle => idle(load, server, password, meter).await?,
    }
    Ok(())
}

async fn login(load: &Load, server: &Server, password: &str, meter: &Meter) -> Outcome<()> {
    let running = meter.start()?;
    let mut tasks = tokio::task::JoinSet::new();
    let next = Arc::new(AtomicUsize::new(0));
    for _ in 0..load.connections {
        let (load, server, password, next) = (load.clone(), server.clone(), password.to_owned(), Arc::clone(&next));
        tasks.spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < load.count {
                Client::log_in(&server, &load.user, &password).await?;
            }
            Outcome::Ok(())
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    running.end("TLS and LOGIN", load.count)?;
    Ok(())
}

/// Many at once, each connection with a few under way.
async fn fill(load: &Load, server: &Server, password: &str, meter: &Meter) -> Outcome<()> {
    let mut client = Client::log_in(server, &load.user, password).await?;
    // It may be there.
    client.command(format!("CREATE {}", load.folder).as_bytes()).await?;
    let running = meter.start()?;
    let mut tasks = tokio::task::JoinSet::new();
    let next = Arc::new(AtomicUsize::new(0));
    for _ in 0..load.connections {
        let (load, server, password, next) = (load.clone(), server.clone(), password.to_owned(), Arc::clone(&next));
        tasks.spawn(async move {
            let mut client = Client::log_in(&server, &load.user, &password).await?;
            let mut sent = std::collections::VecDeque::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n < load.count {
                    sent.push_back(client.send(&command(&load, &load.folder, n)).await?);
                }
                if sent.len() >= UNDER_WAY || n >= load.count {
                    let Some(tag) = sent.pop_front() else { return Outcome::Ok(()) };
                    if client.answer(&tag).await?.status != Status::Ok {
                        return client.wrong("OK");
                    }
                }
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    running.end(&format!("APPEND {}, {} connections", load.size, load.connections), load.count)?;
    Ok(())
}

async fn append(load: &Load, server: &Server, password: &str, meter: &Meter) -> Outcome<()> {
    let mut client = Client::log_in(server, &load.user, password).await?;
    let running = meter.start()?;
    for n in 0..load.count {
        if client.command(&command(load, "INBOX", n)).await?.status != Status::Ok {
            return client.wrong("OK");
        }
    }
    running.end(&format!("APPEND {}, one by one", load.size), load.count)?;
    Ok(())
}

/// An APPEND with its literal (RFC 7888).
fn command(load: &Load, folder: &str, n: usize) -> Vec<u8> {
    let message = mail::message(&load.user, &load.user, load.size, load.seed, n);
    [format!("APPEND {folder} {{{}+}}\r\n", message.len()).as_bytes(), &message].concat()
}

async fn twice(client: &mut Client, meter: &Meter, items: &str) -> Outcome<()> {
    for time in ["first", "again"] {
        let running = meter.start()?;
        let answer = client.ok(&format!("FETCH 1:* {items}")).await?;
        let count = answer.data.iter().filter(|data| matches!(data, Data::Fetch(..))).count();
        let name = items.split(['[', '(']).next().filter(|name| !name.is_empty()).unwrap_or(items);
        running.end(&format!("FETCH 1:* {name}…, {time}"), count)?;
    }
    Ok(())
}

async fn search(load: &Load, client: &mut Client, meter: &Meter, key: &str) -> Outcome<()> {
    for time in ["first", "again"] {
        let running = meter.start()?;
        client.ok(&format!("SEARCH 1:{} {key} \"nulle part\"", load.among)).await?;
        running.end(&format!("SEARCH {key} in {}, {time}", load.among), 1)?;
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
async fn push(load: &Load, server: &Server, password: &str, meter: &Meter) -> Outcome<()> {
    let mut waiting = Client::log_in(server, &load.user, password).await?;
    waiting.ok("SELECT INBOX").await?;
    let mut appending = Client::log_in(server, &load.user, password).await?;
    let mut sending = match load.submit {
        Some(address) => {
            let door = server.at(address);
            Some(Submission::log_in(&door, &load.user, password).await?)
        }
        None => None,
    };
    let mut took = Vec::new();
    let running = meter.start()?;
    for n in 0..load.count.min(MOST_PUSHED) {
        let tag = waiting.send(b"IDLE").await?;
        if waiting.read().await? != Response::Continue {
            return waiting.wrong("a continuation");
        }
        match &mut sending {
            Some(client) => {
                let message = mail::message(&load.user, &load.user, load.size, load.seed, n);
                let message = named(&format!("push.{n}.{}", load.seed), &message);
                client.send(&load.user, &load.user, &message).await?;
            }
            None => {
                appending.command(&command(load, "INBOX", n)).await?;
            }
        }
        let accepted = tokio::time::Instant::now();
        while !matches!(waiting.read().await?, Response::Untagged(Data::Exists(_))) {}
        took.push(accepted.elapsed());
        waiting.write(b"DONE\r\n").await?;
        waiting.answer(&tag).await?;
    }
    running.end("IDLE, a message, EXISTS, DONE", took.len())?;
    took.sort();
    let at = |part: usize| took.get(took.len() * part / 100).copied().unwrap_or_default().as_secs_f64() * 1000.0;
    println!("from acceptance to EXISTS: median {:.2} ms, 90 % {:.2} ms, worst {:.2} ms", at(50), at(90), at(99));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
async fn idle(load: &Load, server: &Server, password: &str, meter: &Meter) -> Outcome<()> {
    let users: Vec<(String, String)> = match &load.users {
        Some(file) => std::fs::read_to_string(file)?
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(user, password)| (user.to_owned(), password.to_owned()))
            .collect(),
        None => vec![(load.user.clone(), password.to_owned())],
    };
    let before = meter.memory()?;
    let running = meter.start()?;
    let mut clients = Vec::new();
    for n in 0..load.count {
        let Some((user, password)) = users.get(n % users.len()) else { break };
        // A server counts the connections of one address.
        let last = u8::try_from(2 + n / PER_ADDRESS).unwrap_or(254);
        let door = server.from(std::net::Ipv4Addr::new(127, 0, 0, last));
        let mut client = Client::log_in(&door, user, password).await?;
        client.ok("SELECT INBOX").await?;
        client.send(b"IDLE").await?;
        client.read().await?;
        clients.push(client);
    }
    running.end("TLS, LOGIN, SELECT, IDLE", clients.len())?;
    tokio::time::sleep(SETTLE).await;
    let after = meter.memory()?;
    let each = after.saturating_sub(before) as f64 / clients.len().max(1) as f64;
    println!("{} idle connections: {after} KiB, {before} KiB before; {each:.1} KiB each", clients.len());
    let running = meter.start()?;
    tokio::time::sleep(WATCH).await;
    running.end("idle, CPU of ten seconds", 1)?;
    Ok(())
}

const UNDER_WAY: usize = 8;
const SELECTS: usize = 10;
const MOST_PUSHED: usize = 100;
const PER_ADDRESS: usize = 400;
const SETTLE: Duration = Duration::from_secs(2);
const WATCH: Duration = Duration::from_secs(10);
