//! A burst of letters from an application mailbox, to patients and to colleagues, on an installation of its own.
//!
//! ```text
//! burst [--pli target/release/pli] [--letters 10000] [--size 10K] [--connections 8] [--relay-delay 5]
//! ```
//!
//! Every second letter goes to a patient, the others to colleagues. Everything is made by the program's commands and
//! served as a process, so that its CPU time and its largest memory are its own. The relay is a listener of ours that
//! takes a while for each notice, and counts how many connections it has at once. Said at the end: how long it took to
//! accept all of it and until the last notice was handed over, CPU for each letter, and the most memory there was.

#[path = "../../tests/support/imap/mod.rs"]
#[expect(dead_code, reason = "a burst submits, and reads nothing")]
mod imap;
#[path = "../load/mail.rs"]
mod mail;
mod office;
mod relay;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Parser;
use tokio::time::Instant;

use imap::client::{Outcome, Server};
use imap::submission::Submission;
use office::{Office, Plan};
use relay::Relay;

/// How much, and how quickly.
#[derive(Parser, Clone)]
struct Burst {
    /// The program; by itself the one built beside this one.
    #[arg(long)]
    pli: Option<PathBuf>,
    /// How many letters.
    #[arg(long, default_value_t = 10_000)]
    letters: usize,
    /// Octets of one letter: 10K, 100K.
    #[arg(long, default_value = "10K", value_parser = mail::size)]
    size: usize,
    /// How many connections submit at once.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// How long the relay takes for a notice, in milliseconds.
    #[arg(long, default_value_t = 5)]
    relay_delay: u64,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
async fn main() -> Outcome<()> {
    let burst = Burst::parse();
    let beside = std::env::current_exe()?.parent().and_then(|folder| folder.parent()).map(|dir| dir.join("pli"));
    let program = burst.pli.clone().or(beside).ok_or("--pli names the program")?;
    let relay = Relay::start(Duration::from_millis(burst.relay_delay)).await?;
    let plan = Plan::default();
    let office = Office::new(&program, relay.address, &plan)?;
    let serving = office.serve()?;
    let server = Server::new(serving.door("submissions")?, office::NAME, &office.authority())?;
    let (cpu, begun) = (serving.cpu()?, Instant::now());
    let idle = serving.memory("VmRSS:")?;

    let shared = Arc::new((burst.clone(), server, office.password.clone(), plan.patients));
    let next = Arc::new(AtomicUsize::new(0));
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..burst.connections {
        let (shared, next) = (Arc::clone(&shared), Arc::clone(&next));
        senders.spawn(async move {
            let (burst, server, password, patients) = &*shared;
            let mut client = Submission::log_in(server, office::SOFTWARE, password).await?;
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= burst.letters {
                    return client.quit().await;
                }
                let to = if n.is_multiple_of(2) { office::patient(n % patients) } else { office::colleague(n) };
                let letter = mail::message(office::SOFTWARE, &to, burst.size, 1, n);
                let id = format!("Message-ID: <{n}@burst.example>\r\n");
                client.send(office::SOFTWARE, &to, &[id.as_bytes(), &letter].concat()).await?;
            }
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender??;
    }
    let (accepted, accepted_cpu) = (begun.elapsed(), serving.cpu()? - cpu);
    let notices = burst.letters.div_ceil(2);
    while relay.taken() < notices {
        if begun.elapsed() > Duration::from_secs(3600) {
            return Err(format!("{} of {notices} notices in an hour", relay.taken()).into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (all, all_cpu) = (begun.elapsed(), serving.cpu()? - cpu);
    let each = |milliseconds: f64, many: usize| milliseconds / many.max(1) as f64;
    println!(
        "accepted {} letters in {:.1} s ({:.0}/s), server CPU {:.3} ms each",
        burst.letters,
        accepted.as_secs_f64(),
        burst.letters as f64 / accepted.as_secs_f64(),
        each(accepted_cpu, burst.letters)
    );
    println!(
        "{notices} notices handed over after {:.1} s, by {} connections at most; server CPU {:.3} ms for each letter in all",
        all.as_secs_f64(),
        relay.most(),
        each(all_cpu, burst.letters)
    );
    println!(
        "memory: {idle} KiB before, {} KiB at most, {} KiB now",
        serving.memory("VmHWM:")?,
        serving.memory("VmRSS:")?
    );
    Ok(())
}
