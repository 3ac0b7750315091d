//! Everything at once, and a model that checks every answer: fifty connections to the same and to other mailboxes.
//!
//! ```text
//! stress [--seconds 300] [--connections 50] [--mailboxes 3] [--seed N] [--database postgres://…] [--pli PROGRAM]
//! stress --imaps ADDRESS:993 [--submissions ADDRESS:465] --name NAME --ca FILE --users FILE
//! ```
//!
//! It makes an installation of the built program and serves it, or storms a server that is there, whose empty
//! mailboxes stand in a file: a line each, the address, a space, the password. It ends with 0 when no answer was
//! wrong and no message is missing, doubled, altered or back from the dead. The seed is printed; the order of events
//! is the machine's.

mod ledger;
mod letters;
mod model;
mod session;
mod storm;

#[path = "../../tests/support/imap/mod.rs"]
mod imap;
#[path = "../../tests/support/installation.rs"]
mod installation;

use std::net::SocketAddr;
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
    /// A server that is there.
    #[arg(long, requires_all = ["ca", "users"])]
    imaps: Option<SocketAddr>,
    /// Its submission door.
    #[arg(long)]
    submissions: Option<SocketAddr>,
    /// The name its certificate has.
    #[arg(long, default_value = installation::NAME)]
    name: String,
    /// The certificate that signed it, in PEM.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Its mailboxes.
    #[arg(long)]
    users: Option<PathBuf>,
    /// The program; by itself the one built beside this one.
    #[arg(long)]
    pli: Option<PathBuf>,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
async fn main() -> Outcome<()> {
    let stress = Stress::parse();
    println!("seed {}", stress.seed);
    let told = match (stress.imaps, &stress.ca, &stress.users) {
        (Some(imaps), Some(ca), Some(users)) => {
            let lines = std::fs::read_to_string(users)?;
            let words = lines.lines().filter_map(|line| line.split_once(' '));
            let users: Vec<_> = words.map(|(user, password)| (user.to_owned(), password.to_owned())).collect();
            stress.storm(imaps, stress.submissions, ca.clone(), users).run().await
        }
        _ => stress.alone().await,
    };
    match told {
        Ok(told) => println!("{told}"),
        Err(what) => {
            println!("{what}");
            std::process::exit(1);
        }
    }
    Ok(())
}

impl Stress {
    /// On an installation of our own.
    #[expect(clippy::print_stdout, reason = "the report is what this program is for")]
    async fn alone(&self) -> Outcome<String> {
        let beside = std::env::current_exe()?.parent().and_then(|folder| folder.parent()).map(|dir| dir.join("pli"));
        let program = self.pli.clone().or(beside).ok_or("--pli names the program")?;
        let installation = Installation::new(&program, &self.database, self.mailboxes)?;
        let serving = installation.serve()?;
        println!("process {}", serving.pid());
        let (authority, users) = (installation.authority(), installation.users.clone());
        let told = self.storm(serving.imaps, Some(serving.submissions), authority, users).run().await;
        for line in installation.log().lines().filter(|line| !line.contains("\"INFO\"")) {
            println!("{line}");
        }
        serving.kill()?;
        if memchr::memmem::find(&installation.at_rest()?, b"stress.example").is_some() {
            return Err("what was stored is at rest in clear".into());
        }
        told
    }

    fn storm(
        &self,
        imaps: SocketAddr,
        submissions: Option<SocketAddr>,
        authority: PathBuf,
        users: Vec<(String, String)>,
    ) -> storm::Storm {
        let (name, length) = (self.name.clone(), Duration::from_secs(self.seconds));
        storm::Storm {
            imaps,
            submissions,
            authority,
            name,
            users,
            connections: self.connections,
            length,
            seed: self.seed,
        }
    }
}
