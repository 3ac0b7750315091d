//! Floods of HTTP/2 frames at the patient's door, frame by frame from here, at the server as a process (fault 45).
//!
//! h2 RUSTSEC-2026-0258 (empty DATA), CVE-2023-44487 (rapid reset), VU#421644 (CONTINUATION), CVE-2019-9512 and -9515
//! (PING, SETTINGS): the connection that floods is closed, or costs nothing; the server's memory stays what it was; who
//! asks meanwhile is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::installation::{Installation, NAME, Serving};

/// A server with the patient's door, and how to come to it.
struct Door {
    _installation: Installation,
    serving: Serving,
    at: SocketAddr,
    roots: rustls::RootCertStore,
}

impl Door {
    fn open() -> Self {
        let installation = Installation::new(&crate::program(), "sqlite:pli.db", 0).unwrap();
        let file = installation.path("pli.toml");
        let at = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let settings = std::fs::read_to_string(&file).unwrap();
        let settings = settings.replacen("[listen]\n", &format!("[listen]\nportal = \"{at}\"\n"), 1);
        std::fs::write(&file, settings).unwrap();
        let serving = installation.serve().unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(installation.authority()).unwrap()).unwrap();
        Self { _installation: installation, serving, at, roots }
    }

    /// A connection that offers these protocols.
    async fn connect(&self, offered: &[&[u8]]) -> TlsStream<TcpStream> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config =
            rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(self.roots.clone()).with_no_client_auth();
        config.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
        let tcp = TcpStream::connect(self.at).await.unwrap();
        let name = ServerName::try_from(NAME).unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap()
    }

    /// Somebody else asks for a page, and gets it.
    async fn serves(&self) {
        let mut other = self.connect(&[b"http/1.1"]).await;
        other.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(PATIENCE, other.read_to_end(&mut answer)).await.expect("others are served").unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200 OK"), "{}", answer.escape_ascii());
    }

    /// Memory that the process has, in KiB (proc(5)).
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.serving.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Sends the beginning, then the same again and again, of [`MOST`] octets unless the server closes; nothing of what it
    /// says holds anything up. What it has said once it has closed; a flood that need not end it is left.
    async fn flood(&self, begin: &[u8], next: impl Fn(u32) -> Vec<u8>, ends: bool) -> Vec<u8> {
        let tls = self.connect(&[b"h2"]).await;
        assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (mut reading, mut writing) = tokio::io::split(tls);
        let heard = tokio::spawn(async move {
            let mut said = Vec::new();
            let mut piece = vec![0; 16 * 1024];
            // A connection that is cut counts as closed.
            while let Ok(read @ 1..) = reading.read(&mut piece).await {
                said.extend_from_slice(&piece[..read]);
            }
            said
        });
        let send = async {
            writing.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, b""), begin].concat()).await?;
            let (mut sent, mut n) = (0, 0);
            while sent < MOST {
                let mut piece = Vec::with_capacity(20_000);
                while piece.len() < 16_000 {
                    piece.extend(next(n));
                    n += 1;
                }
                sent += piece.len();
                writing.write_all(&piece).await?;
            }
            writing.flush().await
        };
        let sent = tokio::time::timeout(PATIENCE, send).await.expect("nobody waits for ever");
        if ends || sent.is_err() {
            // Written is not read: the server closes when it comes to it.
            return tokio::time::timeout(PATIENCE, heard).await.expect("the connection is still open").unwrap();
        }
        heard.abort();
        Vec::new()
    }
}

/// RFC 9113 §3.4
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// RFC 9113 §6: types and flags.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// `GET /` or `POST /`, `https`, authority `x` (RFC 7541 §6).
fn request(method: u8) -> Vec<u8> {
    vec![method, 0x87, 0x84, 0x01, 0x01, b'x']
}
const GET: u8 = 0x82;
const POST: u8 = 0x83;

/// What the last GOAWAY says, where there is one.
fn reason(mut said: &[u8]) -> Option<u32> {
    let mut last = None;
    while let [a, b, c, kind, _, _, _, _, _, rest @ ..] = said {
        let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap();
        let payload = rest.get(..length)?;
        if *kind == GOAWAY {
            last = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
        }
        said = &rest[length..];
    }
    last
}

const ENHANCE_YOUR_CALM: u32 = 11;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_45_floods_of_frames_are_closed_and_others_served() {
    let door = Door::open();
    door.serves().await;
    let before = door.memory();
    let stream = |n: u32| 2 * n + 1;
    // What must end: it costs the server more than whoever sends it.
    let open = frame(HEADERS, END_HEADERS, 1, &request(POST));
    let begun = frame(HEADERS, END_STREAM, 1, &request(GET));
    // A literal field without indexing, with a value of 100 octets, ten times: no list of header fields goes on like that.
    let fields = [&[0x00, 0x01, b'a', 100][..], &[b'x'; 100]].concat().repeat(10);
    let reset = |n: u32| {
        let headers = frame(HEADERS, END_STREAM | END_HEADERS, stream(n), &request(GET));
        [headers, frame(RST_STREAM, 0, stream(n), &8_u32.to_be_bytes())].concat()
    };
    for (name, said) in [
        ("empty DATA", door.flood(&open, |_| frame(DATA, 0, 1, b""), true).await),
        ("tiny DATA", door.flood(&open, |_| frame(DATA, 0, 1, b"x"), true).await),
        ("empty CONTINUATION", door.flood(&begun, |_| frame(CONTINUATION, 0, 1, b""), true).await),
        ("endless CONTINUATION", door.flood(&begun, |_| frame(CONTINUATION, 0, 1, &fields), true).await),
        ("RST_STREAM", door.flood(b"", reset, true).await),
    ] {
        assert_eq!(reason(&said), Some(ENHANCE_YOUR_CALM), "{name}: {}", said.escape_ascii());
    }
    // More streams at once than are taken are refused one by one, or end the connection.
    door.flood(b"", |n| frame(HEADERS, END_HEADERS, stream(n), &request(POST)), false).await;
    // What costs nothing may go on; it is answered as it is read.
    for next in [
        frame(PING, 0, 0, &[7; 8]),
        frame(SETTINGS, 0, 0, b""),
        frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 1]),
        frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]),
        frame(0xfa, 0, 0, b"unknown"),
    ] {
        door.flood(b"", |_| next.clone(), false).await;
    }
    door.serves().await;
    let after = door.memory();
    assert!(after < before + LARGEST_GROWTH, "{before} KiB before, {after} KiB after");
}

/// Nobody takes what is answered to the flood: it is not gathered either.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_45_answers_that_nobody_takes_are_not_gathered() {
    let door = Door::open();
    door.serves().await;
    let before = door.memory();
    let ping = frame(PING, 0, 0, &[7; 8]).repeat(1000);
    let mut open = Vec::new();
    for _ in 0..4 {
        let mut tls = door.connect(&[b"h2"]).await;
        tls.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, b"")].concat()).await.unwrap();
        let send = async {
            for _ in 0..4000 {
                tls.write_all(&ping).await?;
            }
            std::io::Result::Ok(())
        };
        // 68 MB of questions: the server stops reading when its answers are not read.
        let sent = tokio::time::timeout(Duration::from_secs(2), send).await;
        assert!(!matches!(sent, Ok(Ok(()))), "it reads on and on");
        open.push(tls);
        door.serves().await;
    }
    let after = door.memory();
    assert!(after < before + LARGEST_GROWTH, "{before} KiB before, {after} KiB after");
}

/// HTTP/2 is spoken where ALPN says so, and not to whoever begins with it unasked.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_45_no_http_2_without_alpn() {
    let door = Door::open();
    for offered in [&[][..], &[&b"http/1.1"[..]]] {
        let mut tls = door.connect(offered).await;
        tls.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, b"")].concat()).await.unwrap();
        let mut said = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, tls.read_to_end(&mut said)).await.expect("closed");
        assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 "), "{}", said.escape_ascii());
    }
    door.serves().await;
}

/// A port below those that the system gives away by itself.
fn free_port() -> u16 {
    static NEXT: std::sync::atomic::AtomicU16 = std::sync::atomic::AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 1000).unwrap() * 10;
    loop {
        let port = 10_500 + (first + NEXT.fetch_add(1, std::sync::atomic::Ordering::SeqCst)) % 9_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Octets of one flood.
const MOST: usize = 8 << 20;
/// KiB that the server may have more after all of them: its own buffers, never the floods, which are 88 MiB.
const LARGEST_GROWTH: u64 = 32 * 1024;
const PATIENCE: Duration = Duration::from_secs(60);
