//! One connection: what is sent, and every response in order.

use std::collections::VecDeque;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::response::{self, Code, Data, Response, Status};

pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A server, and how to know it.
#[derive(Clone)]
pub struct Server {
    address: SocketAddr,
    /// Where connections come from.
    from: Ipv4Addr,
    name: ServerName<'static>,
    tls: TlsConnector,
}

impl Server {
    /// A server whose certificate has this name and was signed by this authority.
    pub fn new(address: SocketAddr, name: &str, authority: &Path) -> Outcome<Self> {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(authority)? {
            roots.add(certificate?)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            address,
            from: Ipv4Addr::LOCALHOST,
            name: ServerName::try_from(name.to_owned())?,
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Another door of the same server.
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// The same server for connections from this address.
    pub fn from(&self, from: Ipv4Addr) -> Self {
        Self { from, ..self.clone() }
    }

    /// A connection under TLS.
    pub async fn connect(&self) -> Outcome<BufReader<TlsStream<TcpStream>>> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((self.from, 0)))?;
        let tcp = socket.connect(self.address).await?;
        tcp.set_nodelay(true)?;
        Ok(BufReader::with_capacity(PIECE, self.tls.connect(self.name.clone(), tcp).await?))
    }
}

/// How a command ended, and what was said before.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub data: Vec<Data>,
    pub status: Status,
    pub code: Option<Code>,
}

/// A connection to a server.
pub struct Client {
    stream: BufReader<TlsStream<TcpStream>>,
    commands: u64,
    said: VecDeque<String>,
}

impl Client {
    /// Connects and reads the greeting.
    pub async fn open(server: &Server) -> Outcome<Self> {
        let mut client = Self { stream: server.connect().await?, commands: 0, said: VecDeque::new() };
        match client.read().await? {
            Response::Untagged(Data::Status(Status::Ok, _)) => Ok(client),
            other => client.wrong(&format!("a greeting, and not {other:?}")),
        }
    }

    /// Connects and logs in.
    pub async fn log_in(server: &Server, user: &str, password: &str) -> Outcome<Self> {
        let mut client = Self::open(server).await?;
        client.ok(&format!("LOGIN \"{user}\" \"{password}\"")).await?;
        Ok(client)
    }

    /// Sends a command, with its literals inside; its tag.
    pub async fn send(&mut self, command: &[u8]) -> Outcome<String> {
        self.commands += 1;
        let tag = format!("t{}", self.commands);
        self.write(&[tag.as_bytes(), b" ", command, b"\r\n"].concat()).await?;
        Ok(tag)
    }

    /// Sends octets as they are.
    pub async fn write(&mut self, octets: &[u8]) -> Outcome<()> {
        self.note("C", octets);
        self.stream.write_all(octets).await?;
        self.stream.flush().await?;
        Ok(())
    }

    /// A command and all that answers it.
    pub async fn command(&mut self, command: &[u8]) -> Outcome<Answer> {
        let tag = self.send(command).await?;
        self.answer(&tag).await
    }

    /// All that answers a command that was sent.
    pub async fn answer(&mut self, tag: &str) -> Outcome<Answer> {
        let mut data = Vec::new();
        loop {
            match self.read().await? {
                Response::Untagged(Data::Status(Status::Bye, _)) => return self.wrong("no BYE"),
                Response::Untagged(one) => data.push(one),
                Response::Tagged(of, status, code) if of == tag => return Ok(Answer { data, status, code }),
                other => return self.wrong(&format!("the answer to {tag}, and not {other:?}")),
            }
        }
    }

    /// A command that must end with OK.
    pub async fn ok(&mut self, command: &str) -> Outcome<Answer> {
        let answer = self.command(command.as_bytes()).await?;
        if answer.status == Status::Ok { Ok(answer) } else { self.wrong("OK") }
    }

    /// The next response.
    pub async fn read(&mut self) -> Outcome<Response> {
        let mut whole = Vec::new();
        loop {
            if self.stream.read_until(b'\n', &mut whole).await? == 0 || !whole.ends_with(b"\r\n") {
                self.note("S", &whole);
                return self.wrong("a line that ends in CR LF; the server closed the connection");
            }
            let Some(length) = literal(&whole) else { break };
            let from = whole.len();
            whole.resize(from + length, 0);
            let Some(literal) = whole.get_mut(from..) else { break };
            self.stream.read_exact(literal).await?;
        }
        self.note("S", &whole);
        match response::read(&whole) {
            Ok(response) => Ok(response),
            Err(fault) => self.wrong(&fault.to_string()),
        }
    }

    /// What was said last, and what is wrong with it.
    pub fn wrong<T>(&self, wanted: &str) -> Outcome<T> {
        let said: Vec<&str> = self.said.iter().map(String::as_str).collect();
        Err(format!("{}\n--- wanted {wanted}", said.join("\n")).into())
    }

    fn note(&mut self, who: &str, octets: &[u8]) {
        let shown = octets.get(..octets.len().min(300)).unwrap_or_default().escape_ascii();
        self.said.push_back(format!("{who}: {shown}"));
        if self.said.len() > KEPT {
            self.said.pop_front();
        }
    }
}

/// How many octets follow a line that ends in `{n}` CR LF.
fn literal(line: &[u8]) -> Option<usize> {
    let text = line.strip_suffix(b"}\r\n")?;
    let from = text.iter().rposition(|octet| *octet == b'{')?;
    std::str::from_utf8(text.get(from + 1..)?).ok()?.parse().ok().filter(|length| *length <= LARGEST)
}

/// Small: two thousand clients are in one process.
const PIECE: usize = 4096;
const KEPT: usize = 40;
const LARGEST: usize = 256 << 20;
