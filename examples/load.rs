//! A load generator for the submission door (465).
//!
//! ```text
//! load ADDRESS:PORT --name mail.cabinet.example --ca ca.pem --user claire@cabinet.example --to jeanne@example.org
//!      [--size 10K|100K|1M] [--count 1000] [--connections 8] [--fresh] [--seed 1] [--pid PID]
//! ```
//!
//! The password is read from the first line of standard input. Messages are multipart with an incompressible
//! base64 attachment, each different; they are made before the clock starts. `--fresh` uses one connection
//! for each message, else connections are kept. `--pid` names the server process: its CPU per message is read
//! from `/proc/PID/stat` before and after, in ticks of 10 ms, without the generator's own. The server's
//! certificate is checked against `--ca` only. Anything but a 250 ends the run.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Parser;
use data_encoding::BASE64;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What to send, and where.
#[derive(Parser, Clone)]
struct Load {
    /// The server, as `127.0.0.1:465`.
    server: String,
    /// The name its certificate has.
    #[arg(long)]
    name: String,
    /// The certificate that signed it, in PEM.
    #[arg(long)]
    ca: std::path::PathBuf,
    /// The mailbox that sends.
    #[arg(long)]
    user: String,
    /// The recipient.
    #[arg(long)]
    to: String,
    /// Octets of one message on the wire: 10K, 100K, 1M.
    #[arg(long, default_value = "10K", value_parser = size)]
    size: usize,
    /// How many messages.
    #[arg(long, default_value_t = 1000)]
    count: usize,
    /// How many at once.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// One connection for each message.
    #[arg(long)]
    fresh: bool,
    /// Where the random octets begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The server process, to read its CPU time.
    #[arg(long)]
    pid: Option<u32>,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let load = Load::parse();
    let mut password = String::new();
    std::io::stdin().read_line(&mut password)?;
    let auth = BASE64.encode(format!("\0{}\0{}", load.user, password.trim_end()).as_bytes());
    let connector = connector(&load.ca)?;
    let messages: Vec<Vec<u8>> = {
        // A few hundred megabytes at most; beyond that they come again with another Message-ID and boundary.
        let distinct = load.count.min((256 << 20) / load.size.max(1)).max(1);
        (0..distinct).map(|n| message(&load, n)).collect()
    };
    let (load, messages, next) = (Arc::new(load), Arc::new(messages), Arc::new(AtomicUsize::new(0)));
    let before = load.pid.map(cpu).transpose()?;
    let started = tokio::time::Instant::now();
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..load.connections {
        let (load, messages, next) = (Arc::clone(&load), Arc::clone(&messages), Arc::clone(&next));
        let (auth, connector) = (auth.clone(), connector.clone());
        senders.spawn(async move { send_all(&load, &auth, &connector, &messages, &next).await });
    }
    while let Some(sender) = senders.join_next().await {
        sender??;
    }
    report(&load, started.elapsed(), before)
}

async fn send_all(
    load: &Load,
    auth: &str,
    connector: &TlsConnector,
    messages: &[Vec<u8>],
    next: &AtomicUsize,
) -> Outcome<()> {
    let mut kept: Option<Client> = None;
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= load.count {
            break;
        }
        let mut client = match kept.take() {
            Some(client) => client,
            None => Client::log_in(load, auth, connector).await?,
        };
        let Some(message) = messages.get(n % messages.len()) else { break };
        client.send(load, n, message).await?;
        if load.fresh {
            client.say("QUIT\r\n", "221").await?;
        } else {
            kept = Some(client);
        }
    }
    match kept {
        Some(mut client) => client.say("QUIT\r\n", "221").await,
        None => Ok(()),
    }
}

/// One connection, logged in.
struct Client(BufReader<TlsStream<TcpStream>>);

impl Client {
    async fn log_in(load: &Load, auth: &str, connector: &TlsConnector) -> Outcome<Self> {
        let tcp = TcpStream::connect(&load.server).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from(load.name.clone())?;
        let mut client = Self(BufReader::new(connector.connect(name, tcp).await?));
        client.reply("220").await?;
        client.say("EHLO load.example\r\n", "250").await?;
        client.say(&format!("AUTH PLAIN {auth}\r\n"), "235").await?;
        Ok(client)
    }

    async fn send(&mut self, load: &Load, n: usize, message: &[u8]) -> Outcome<()> {
        let head = format!("Message-ID: <{n}.{}@load.example>\r\n", load.seed);
        let size = head.len() + message.len();
        let envelope = format!("MAIL FROM:<{}> SIZE={size}\r\nRCPT TO:<{}>\r\nDATA\r\n", load.user, load.to);
        self.0.write_all(envelope.as_bytes()).await?;
        self.0.flush().await?;
        for code in ["250", "250", "354"] {
            self.reply(code).await?;
        }
        self.0.write_all(head.as_bytes()).await?;
        self.0.write_all(message).await?;
        self.say(".\r\n", "250").await
    }

    async fn say(&mut self, line: &str, code: &str) -> Outcome<()> {
        self.0.write_all(line.as_bytes()).await?;
        self.0.flush().await?;
        self.reply(code).await
    }

    async fn reply(&mut self, code: &str) -> Outcome<()> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if !line.starts_with(code) {
                return Err(format!("wanted {code}, got {}", line.trim_end()).into());
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(());
            }
        }
    }
}

fn connector(ca: &std::path::Path) -> Outcome<TlsConnector> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// A letter with an attachment of random octets, as long as asked.
fn message(load: &Load, n: usize) -> Vec<u8> {
    let boundary = format!("=_{}_{n}", load.seed);
    let mut text = format!(
        "From: <{}>\r\nTo: <{}>\r\nSubject: load {n}\r\nDate: Thu, 01 Jan 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\nContent-Type: text/plain\r\n\r\n\
         Bonjour,\r\n\r\nVoici le document {n}.\r\n\r\n--{boundary}\r\nContent-Type: application/pdf\r\n\
         Content-Disposition: attachment; filename=\"document.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        load.user, load.to
    );
    let mut random = Random(load.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (n as u64 + 1));
    while text.len() < load.size {
        let octets: Vec<u8> = (0..57).map(|_| random.octet()).collect();
        let _ = write!(text, "{}\r\n", BASE64.encode(&octets));
    }
    let _ = write!(text, "\r\n--{boundary}--\r\n");
    text.into_bytes()
}

/// splitmix64: quick, and base64 of it does not compress.
struct Random(u64);

impl Random {
    fn octet(&mut self) -> u8 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 56) as u8
    }
}

/// User and system time of a process, in ticks of 10 ms (proc(5): fields 14 and 15).
fn cpu(pid: u32) -> Outcome<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, after) = stat.rsplit_once(") ").ok_or("no such process")?;
    let fields: Vec<&str> = after.split(' ').collect();
    let field = |at: usize| fields.get(at).ok_or("a short line").map(|text| text.parse::<u64>());
    Ok(field(11)?? + field(12)??)
}

#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
fn report(load: &Load, took: Duration, before: Option<u64>) -> Outcome<()> {
    let (count, seconds) = (load.count as f64, took.as_secs_f64());
    println!("{} messages of {} octets in {seconds:.2} s: {:.1} messages/s", load.count, load.size, count / seconds);
    if let (Some(pid), Some(before)) = (load.pid, before) {
        let spent = cpu(pid)?.saturating_sub(before) as f64 * 10.0;
        println!("server CPU: {spent:.0} ms in all, {:.3} ms per message", spent / count);
    }
    Ok(())
}

fn size(text: &str) -> Result<usize, String> {
    let (digits, unit) = match text.strip_suffix(['K', 'k']) {
        Some(digits) => (digits, 1024),
        None => text.strip_suffix(['M', 'm']).map_or((text, 1), |digits| (digits, 1024 * 1024)),
    };
    digits.parse::<usize>().map(|number| number * unit).map_err(|fault| fault.to_string())
}
