//! The pages of patients under load, on an installation of its own.
//!
//! ```text
//! pages [--pli target/release/pli] [--letters 400] [--size 10K] [--files 8] [--clients 8] [--rounds 5]
//!       [--postgres]
//! ```
//!
//! Everything is made by the program's commands and served as a process, so that its CPU time and its largest memory are
//! its own; the log goes to a file, as it does in a house. Each letter goes to a patient of its own by a real submission;
//! its link is taken from the notice at a relay of ours, its code from the message at a gateway of ours. Then so many
//! clients at once, each with one connection that it keeps, do the same thing for every letter, and the next thing when
//! all are done: the page of the link, on a connection of its own too, a code asked for, wrong codes, the right one, the
//! letter for the first time (which tells the sender) and again, and files of 1 MiB. An answer that is not the right
//! page, with its status and what only this page has, ends the run with an error. The clients are on the same machine:
//! "on one core" is what the server's CPU time alone allows. With `--postgres` the database is a PostgreSQL that is
//! started for it, as in the tests: its CPU time is not in the figures.

#[path = "../../tests/journey/gateway.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the tests' own, which end where something is wrong"
)]
mod gateway;
#[path = "../../tests/support/imap/mod.rs"]
#[expect(dead_code, reason = "letters are submitted, and not read by IMAP")]
mod imap;
#[path = "../load/mail.rs"]
mod mail;
#[path = "../burst/office.rs"]
mod office;
#[path = "../../tests/support/postgres.rs"]
#[expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "the tests' own")]
mod postgres;
#[path = "../../tests/journey/relay.rs"]
#[expect(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "the tests' own")]
mod relay;
mod visitor;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use tokio::task::JoinSet;
use tokio::time::Instant;

use gateway::Gateway;
use imap::client::{Outcome, Server};
use imap::submission::Submission;
use office::{Office, Plan, Serving};
use relay::Relay;
use visitor::{Connection, Step, Visitor};

/// How much.
#[derive(Parser)]
struct Pages {
    /// The program; by itself the one built beside this one.
    #[arg(long)]
    pli: Option<PathBuf>,
    /// How many small letters.
    #[arg(long, default_value_t = 400)]
    letters: usize,
    /// Octets of a small letter: 10K, 100K.
    #[arg(long, default_value = "10K", value_parser = mail::size)]
    size: usize,
    /// How many letters with a file of 1 MiB.
    #[arg(long, default_value_t = 8)]
    files: usize,
    /// How many clients at once.
    #[arg(long, default_value_t = 8)]
    clients: usize,
    /// How often each page is fetched.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// On PostgreSQL.
    #[arg(long)]
    postgres: bool,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
async fn main() -> Outcome<()> {
    let pages = Pages::parse();
    let beside = std::env::current_exe()?.parent().and_then(|folder| folder.parent()).map(|dir| dir.join("pli"));
    let program = pages.pli.clone().or(beside).ok_or("--pli names the program")?;
    let (relay, gateway) = (Relay::start().await, Gateway::start().await);
    let database = match pages.postgres {
        true => Some(postgres::fresh().await.ok_or("there is no PostgreSQL")?),
        false => None,
    };
    let plan = Plan {
        patients: pages.letters + pages.files,
        database: database.as_ref().map(|fresh| fresh.url.clone()),
        sections: sections(&gateway),
    };
    let office = Office::new(&program, relay.address, &plan)?;
    let serving = office.serve()?;
    let idle = serving.memory("VmRSS:")?;

    let visitors = sent(&pages, &office, &serving, &relay).await?;
    let portal = format!("https://{}", serving.door("portal")?);
    let connection = Connection::new(portal, &office.authority())?;
    let (mut small, mut large) = (Vec::new(), Vec::new());
    for (at, visitor) in visitors.into_iter().enumerate() {
        if at < pages.letters { small.push(visitor) } else { large.push(visitor) }
    }
    let mut small = Waiting::seated(small, pages.clients, &connection)?;
    let mut large = Waiting::seated(large, pages.clients, &connection)?;

    // Connections are made before anything is measured.
    small.all(Step::Link, 1).await?;
    small.measured("link pages", Step::Link, pages.rounds, &serving).await?;
    small.measured("link pages, each on a new connection", Step::Fresh, 1, &serving).await?;
    small.measured("codes asked for, with the page that follows", Step::Ask, 1, &serving).await?;
    small.hear(&gateway);
    small.measured("wrong codes refused", Step::Wrong, 3, &serving).await?;
    small.measured("codes verified", Step::Right, 1, &serving).await?;
    small.measured("letters opened for the first time", Step::Letter, 1, &serving).await?;
    small.measured("letter pages", Step::Letter, pages.rounds, &serving).await?;

    large.all(Step::Link, 1).await?;
    large.all(Step::Ask, 1).await?;
    large.hear(&gateway);
    large.all(Step::Right, 1).await?;
    large.all(Step::Letter, 1).await?;
    large.measured("files saved, of 1 MiB each", Step::Save, pages.rounds * 4, &serving).await?;
    println!(
        "memory: {idle} KiB before, {} KiB at most, {} KiB now",
        serving.memory("VmHWM:")?,
        serving.memory("VmRSS:")?
    );
    Ok(())
}

/// Who sends codes, and no ceiling that this many would reach.
fn sections(gateway: &Gateway) -> String {
    format!(
        r#"
[[code.sms]]
name = "pages"
kind = "http"
url = "http://{}/sms"
query = {{ to = "{{to}}", text = "{{text}}" }}
[code.ceilings]
server = 1000000
practice = 1000000
prefix = 1000000
"#,
        gateway.address
    )
}

/// Submits every letter, and waits until the relay has the notice of each.
async fn sent(pages: &Pages, office: &Office, serving: &Serving, relay: &Relay) -> Outcome<Vec<Visitor>> {
    let server = Server::new(serving.door("submissions")?, office::NAME, &office.authority())?;
    let mut client = Submission::log_in(&server, office::SOFTWARE, &office.password).await?;
    let all = pages.letters + pages.files;
    let mut letters = Vec::new();
    for n in 0..all {
        let size = if n < pages.letters { pages.size } else { LARGE };
        let letter = mail::message(office::SOFTWARE, &office::patient(n), size, 1, n);
        let id = format!("Message-ID: <{n}@pages.example>\r\n");
        client.send(office::SOFTWARE, &office::patient(n), &[id.as_bytes(), &letter].concat()).await?;
        letters.push(letter);
    }
    client.quit().await?;
    let begun = Instant::now();
    while relay.caught().len() < all {
        if begun.elapsed() > Duration::from_secs(600) {
            return Err(format!("{} of {all} notices in ten minutes", relay.caught().len()).into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let links: HashMap<String, String> = relay.caught().iter().map(|mail| (mail.to.clone(), mail.link())).collect();
    let visitor = |(n, letter): (usize, &Vec<u8>)| {
        let link = links.get(&office::patient(n)).ok_or("a patient without a notice")?;
        Visitor::new(n, office::number(n), link, letter)
    };
    letters.iter().enumerate().map(visitor).collect()
}

/// Visitors, dealt out to clients that work at once.
struct Waiting(Vec<(Connection, Vec<Visitor>)>);

impl Waiting {
    fn seated(visitors: Vec<Visitor>, clients: usize, connection: &Connection) -> Outcome<Self> {
        let mut seats = Vec::new();
        for _ in 0..clients.clamp(1, visitors.len().max(1)) {
            seats.push((connection.another()?, Vec::new()));
        }
        let many = seats.len();
        for (at, visitor) in visitors.into_iter().enumerate() {
            if let Some((_, theirs)) = seats.get_mut(at % many) {
                theirs.push(visitor);
            }
        }
        Ok(Self(seats))
    }

    /// Each takes its code from what the gateway was given.
    fn hear(&mut self, gateway: &Gateway) {
        let codes: HashMap<String, String> = gateway.caught().iter().map(|sms| (sms.to.clone(), sms.code())).collect();
        for visitor in self.0.iter_mut().flat_map(|(_, visitors)| visitors) {
            visitor.hear(&codes);
        }
    }

    /// One step of all, so many times; how many that were.
    async fn all(&mut self, step: Step, times: usize) -> Outcome<usize> {
        let mut working = JoinSet::new();
        for (connection, mut visitors) in self.0.drain(..) {
            working.spawn(async move {
                for _ in 0..times {
                    for visitor in &mut visitors {
                        visitor.take(step, &connection).await?;
                    }
                }
                Outcome::Ok((connection, visitors))
            });
        }
        while let Some(seat) = working.join_next().await {
            self.0.push(seat??);
        }
        Ok(times * self.0.iter().map(|(_, visitors)| visitors.len()).sum::<usize>())
    }

    #[expect(clippy::print_stdout, reason = "the report is what this program is for")]
    async fn measured(&mut self, what: &str, step: Step, times: usize, serving: &Serving) -> Outcome<()> {
        let (cpu, begun) = (serving.cpu()?, Instant::now());
        let count = self.all(step, times).await?;
        let (wall, cpu) = (begun.elapsed().as_secs_f64(), serving.cpu()? - cpu);
        println!(
            "{what:<44} {count:>6} in {wall:>7.2} s ({:>6.0}/s); server CPU {:>7.3} ms each ({:>6.0}/s on one core)",
            count as f64 / wall,
            cpu / count.max(1) as f64,
            count as f64 * 1000.0 / cpu.max(1.0)
        );
        Ok(())
    }
}

/// Octets of a letter whose file is 1 MiB: 57 of the file are a line of 78.
const LARGE: usize = 1024 * 1024 / 57 * 78;
