//! Everything at once, and a model that checks every answer: fifty connections to the same and to other mailboxes.
//!
//! ```text
//! stress [--seconds 300] [--connections 50] [--mailboxes 3] [--seed N] [--database postgres://…] [--pli PROGRAM]
//! ```
//!
//! It makes an installation of the built program, serves it, and ends with 0 when no answer was wrong and no message
//! is missing, doubled, altered or back from the dead. The seed is printed; the order of events is the machine's.

mod ledger;
mod letters;
mod model;
mod session;
mod storm;

#[path = "../../tests/support/imap/mod.rs"]
mod imap;
#[path = "../../tests/support/installation.rs"]
mod installation;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use imap::client::Outcome;
use installation::Installation;

/// How long, and how much.
#[derive(Parser)]
struct Stress {
    /// How long commands begin.
    #[arg(long, default_value_t = 300)]
    seconds: u64,
    /// IMAP connections.
    #[arg(long, default_value_t = 50)]
    connections: usize,
    /// Mailboxes they share; each takes 20 connections.
    #[arg(long, default_value_t = 3)]
    mailboxes: usize,
    /// Where randomness begins.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Another database than SQLite.
    #[arg(long, default_value = "sqlite:pli.db")]
    database: String,
    /// The program; by itself the one built beside this one.
    #[arg(long)]
    pli: Option<PathBuf>,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
async fn main() -> Outcome<()> {
    let stress = Stress::parse();
    let beside = std::env::current_exe()?.parent().and_then(|folder| folder.parent()).map(|folder| folder.join("pli"));
    let program = stress.pli.or(beside).ok_or("--pli names the program")?;
    let installation = Installation::new(&program, &stress.database, stress.mailboxes)?;
    let serving = installation.serve()?;
    println!("seed {}, process {}", stress.seed, serving.pid());
    let storm = storm::Storm {
        imaps: serving.imaps,
        submissions: serving.submissions,
        authority: installation.authority(),
        name: installation::NAME.to_owned(),
        users: installation.users.clone(),
        connections: stress.connections,
        length: Duration::from_secs(stress.seconds),
        seed: stress.seed,
    };
    let told = storm.run().await;
    for line in installation.log().lines().filter(|line| !line.contains("\"INFO\"")) {
        println!("{line}");
    }
    serving.kill()?;
    match told {
        Ok(told) => println!("{told}"),
        Err(what) => {
            println!("{what}");
            std::process::exit(1);
        }
    }
    Ok(())
}
