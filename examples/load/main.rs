//! A load generator for the doors of mail clients: submission (465) and IMAP (993), of any server.
//!
//! ```text
//! load ADDRESS:PORT --name mail.cabinet.example --ca ca.pem --user claire@cabinet.example [--pid PID | --cgroup DIR]
//!      [--verb submit] --to jeanne@example.org [--fresh]
//!      --verb fill,login,append,fetch,headers,envelope,structure,search-body,search-text,search-subject,select
//!      --verb push [--submit ADDRESS:465]
//!      --verb idle --users FILE
//!      [--size 10K|100K|1M] [--count 1000] [--among 1000] [--connections 8] [--folder Load] [--seed 1]
//! ```
//!
//! A mailbox of people may send 200 messages in a minute, and is then told to wait: `submit` and `push` want an
//! application mailbox, or higher `[limits]`. The password is read from the first line of standard input. Messages are multipart with an incompressible
//! base64 attachment, each different. Verbs are done in the order they are named, each after the one before;
//! `fill` makes the folder that those behind it read. `--pid` names the server process: the CPU time of it and of
//! all its children is read from `/proc` before and after, in ticks of 10 ms, without the generator's own;
//! `--cgroup` reads it from a control group. The server's certificate is checked against `--ca` only. Anything
//! but a 250 or an OK ends the run, and so does a response that is not in the grammar of IMAP.

mod mail;
mod measure;
mod reading;
mod submit;

#[path = "../../tests/support/imap/mod.rs"]
mod imap;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use imap::client::{Outcome, Server};
use measure::Meter;

/// What to do, and where.
#[derive(Parser, Clone)]
struct Load {
    /// The server, as `127.0.0.1:465`.
    server: SocketAddr,
    /// The name its certificate has.
    #[arg(long)]
    name: String,
    /// The certificate that signed it, in PEM.
    #[arg(long)]
    ca: PathBuf,
    /// The mailbox that sends or reads.
    #[arg(long)]
    user: String,
    /// What to measure.
    #[arg(long, value_delimiter = ',', default_value = "submit")]
    verb: Vec<Verb>,
    /// The recipient of submissions.
    #[arg(long, default_value = "")]
    to: String,
    /// Octets of one message on the wire: 10K, 100K, 1M.
    #[arg(long, default_value = "10K", value_parser = mail::size)]
    size: usize,
    /// How many messages, logins or idle connections.
    #[arg(long, default_value_t = 1000)]
    count: usize,
    /// How many of the folder's messages are searched.
    #[arg(long, default_value_t = 1000)]
    among: usize,
    /// How many at once.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// One connection for each message.
    #[arg(long)]
    fresh: bool,
    /// The folder that is filled and read.
    #[arg(long, default_value = "Load")]
    folder: String,
    /// The submission door, for `push`; without it the message comes by APPEND.
    #[arg(long)]
    submit: Option<SocketAddr>,
    /// Mailboxes for `idle`: a line each, the address, a space, the password.
    #[arg(long)]
    users: Option<PathBuf>,
    /// Where the random octets begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The server process, to read its CPU time.
    #[arg(long)]
    pid: Option<u32>,
    /// The server's control group (version 2), instead.
    #[arg(long)]
    cgroup: Option<PathBuf>,
}

/// One thing to measure.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Verb {
    /// Submissions by SMTP.
    Submit,
    /// Connections: TLS and LOGIN.
    Login,
    /// Messages into a folder that is made for them, over several connections.
    Fill,
    /// The same, one after the other on one connection.
    Append,
    /// BODY[] of single messages.
    Fetch,
    /// The header fields a list shows, of all messages: first and again.
    Headers,
    /// ENVELOPE of all messages: first and again.
    Envelope,
    /// ENVELOPE and BODYSTRUCTURE of all messages: first and again.
    Structure,
    /// SEARCH BODY for what is nowhere.
    SearchBody,
    /// SEARCH TEXT for what is nowhere.
    SearchText,
    /// SEARCH SUBJECT for what is nowhere.
    SearchSubject,
    /// SELECT of the folder.
    Select,
    /// From a message's acceptance to EXISTS in an idling client.
    Push,
    /// Memory of connections that idle.
    Idle,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let load = Load::parse();
    let mut password = String::new();
    std::io::stdin().read_line(&mut password)?;
    let password = password.trim_end();
    let server = Server::new(load.server, &load.name, &load.ca)?;
    let meter = Meter::new(load.pid, load.cgroup.clone());
    for verb in &load.verb {
        match verb {
            Verb::Submit => submit::run(&load, &server, password, &meter).await?,
            verb => reading::run(&load, *verb, &server, password, &meter).await?,
        }
    }
    Ok(())
}
