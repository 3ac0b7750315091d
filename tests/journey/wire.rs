//! Octets on the wire, at the real doors: where messages end, how handshakes come, what STARTTLS forgets.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use data_encoding::BASE64;
use pli::domain::FolderRole;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use crate::submission::Raw;
use crate::world::{COLLEAGUE, DOCTOR, World};

super::on_both! {
    fault_20_only_one_end_of_data_in_and_out
    fault_23_a_client_hello_may_come_octet_by_octet
    fault_24_what_came_before_tls_is_forgotten_at_the_real_door
}

/// Ends of data that some server took for one, and that end nothing here.
const DIRTY: [&str; 32] = [
    "\n.\n",
    "\n.\r\n",
    "\r.\r",
    "\r.\r\n",
    "\r\n.\n",
    "\r\n.\r",
    "\n.\r",
    "\r.\n",
    "\r\n.\r\r\n",
    "\r\r.\r\n",
    "\r\n\r.\r\n",
    "\r\n\n.\r\n",
    "\n\r\n.\rx\r\n",
    "\n\n.\n\n",
    "\r\r.\r\r",
    "\n\r.\n\r",
    "\r\n.\n\r\n",
    "\r\n.\0\r\n",
    "\r\n\0.\r\n",
    "\r\n.\r\0\n",
    "\r\0\n.\r\n",
    "\0\r\n.\0\r\n",
    "\r\n..\n",
    "\r\n..\r",
    "\n..\r\n",
    "\r..\r\n",
    "\r\n.\t\n",
    "\r\n.\x0b\r",
    "\r\n.\r.\r\n",
    "\r\n.\n.\r\n",
    "\n.\r\n.\r",
    "\r\n.x\n",
];

async fn fault_20_only_one_end_of_data_in_and_out(world: World) {
    let head = format!(
        "From: {DOCTOR}\r\nTo: {COLLEAGUE}\r\nDate: Fri, 15 Jan 2027 08:00:00 +0100\r\nMessage-ID: <e@cabinet.example>\r\n\r\none"
    );
    let behind = format!("MAIL FROM:<{DOCTOR}>\r\nRCPT TO:<{COLLEAGUE}>\r\nDATA\r\nFrom: {DOCTOR}\r\n\r\nsmuggled\r\n");
    let mut raw = Raw::doctor(&world).await;
    for variant in DIRTY {
        raw.envelope(DOCTOR, &[COLLEAGUE]).await;
        raw.say("DATA", "354").await;
        // One reply, to the one message there is; the next command is answered next.
        raw.send(format!("{head}{variant}{behind}.\r\nNOOP\r\n").as_bytes()).await;
        assert!(raw.reply().await.starts_with("554 5.6.0"), "{variant:?}");
        assert!(raw.reply().await.starts_with("250 2.0.0 OK"), "{variant:?}");
    }
    assert!(world.read(&world.colleague, FolderRole::Inbox).await.is_empty());
    // Out: what a server might end elsewhere never leaves; what it cannot leaves as it is.
    let client = world.client(DOCTOR, &world.doctor.device.password.reveal());
    let (from, to) = (DOCTOR.parse().unwrap(), [COLLEAGUE.parse().unwrap()]);
    for variant in DIRTY {
        let octets = format!("{head}{variant}{behind}");
        let refused = client.submit(&from, &to, octets.as_bytes()).await.unwrap_err();
        assert!(refused.to_string().contains("fault"), "{variant:?}: {refused}");
    }
    let mut arrived = Vec::new();
    for variant in
        ["\r\n..\r\n", "\r\n.x\r\n", "\r\n. \r\n", "\r\n .\r\n", "\r\n.\r\n", ".\r\n", "\r\n.\r\n.\r\n..\r\n"]
    {
        let octets = format!("{head}{variant}{behind}");
        client.submit(&from, &to, octets.as_bytes()).await.unwrap();
        // The client ends a message with a line end of its own.
        arrived.push(octets + "\r\n");
    }
    let read = world.read(&world.colleague, FolderRole::Inbox).await;
    assert_eq!(read.into_iter().map(|octets| String::from_utf8(octets).unwrap()).collect::<Vec<_>>(), arrived);
    world.running.stop().await;
}

/// A connection that sends one octet at a time.
struct Slow(TcpStream);

impl AsyncWrite for Slow {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, &octets[..octets.len().min(1)])
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl AsyncRead for Slow {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

fn connector(world: &World) -> tokio_rustls::TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    let pem = std::fs::read(&world.authority).unwrap();
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    tokio_rustls::TlsConnector::from(Arc::new(config))
}

fn name() -> ServerName<'static> {
    ServerName::try_from("mail.cabinet.example").unwrap()
}

async fn until_line(stream: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let mut heard = String::new();
    while !heard.ends_with(end) {
        let mut octet = [0];
        assert_eq!(stream.read(&mut octet).await.unwrap(), 1, "{heard}");
        heard.push(char::from(octet[0]));
    }
    heard
}

/// rustls RUSTSEC-2024-0399.
async fn fault_23_a_client_hello_may_come_octet_by_octet(world: World) {
    let running = &world.running;
    for (door, clear) in [
        (running.submissions, None),
        (running.imaps, None),
        (running.portal, None),
        (
            running.submission,
            Some(("EHLO c\r\n", "250 STARTTLS\r\n", "STARTTLS\r\n", "220 2.0.0 Ready to start TLS\r\n")),
        ),
        (running.imap, Some(("a CAPABILITY\r\n", "a OK Completed\r\n", "b STARTTLS\r\n", "\r\n"))),
    ] {
        let mut tcp = TcpStream::connect(door.unwrap()).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        if let Some((hello, answer, starttls, ready)) = clear {
            tcp.write_all(hello.as_bytes()).await.unwrap();
            if hello.starts_with("EHLO") {
                until_line(&mut tcp, answer).await;
            } else {
                until_line(&mut tcp, "\r\na ").await;
                until_line(&mut tcp, "\r\n").await;
            }
            tcp.write_all(starttls.as_bytes()).await.unwrap();
            until_line(&mut tcp, ready).await;
        }
        let port = door.unwrap().port();
        let tls = tokio::time::timeout(
            std::time::Duration::from_secs(10),
            connector(&world).connect(name_of(&world, port), Slow(tcp)),
        );
        let mut tls = tls.await.expect("in time").expect("a handshake");
        if clear.is_none() && Some(port) != running.portal.map(|at| at.port()) {
            let mut greeting = [0; 1];
            tls.read_exact(&mut greeting).await.unwrap();
        }
    }
    world.running.stop().await;
}

/// The portal's certificate names its address.
fn name_of(world: &World, port: u16) -> ServerName<'static> {
    let portal = world.running.portal.is_some_and(|at| at.port() == port);
    if portal { ServerName::try_from("127.0.0.1").unwrap() } else { name() }
}

async fn fault_24_what_came_before_tls_is_forgotten_at_the_real_door(world: World) {
    let password = world.doctor.device.password.reveal();
    let auth = format!("AUTH PLAIN {}\r\n", BASE64.encode(format!("\0{DOCTOR}\0{}", &*password).as_bytes()));
    let mut tcp = TcpStream::connect(world.running.submission.unwrap()).await.unwrap();
    until_line(&mut tcp, "\r\n").await;
    tcp.write_all(b"EHLO c\r\n").await.unwrap();
    let offered = until_line(&mut tcp, "250 STARTTLS\r\n").await;
    assert!(!offered.contains("AUTH"), "{offered}");
    tcp.write_all(auth.as_bytes()).await.unwrap();
    assert!(until_line(&mut tcp, "\r\n").await.starts_with("530 5.7.0"));
    // In one segment with STARTTLS: whoever stands between could write this.
    tcp.write_all(format!("STARTTLS\r\nEHLO injected\r\n{auth}MAIL FROM:<{DOCTOR}>\r\n").as_bytes()).await.unwrap();
    assert!(until_line(&mut tcp, "\r\n").await.starts_with("220"));
    let mut tls = connector(&world).connect(name(), tcp).await.unwrap();
    tls.write_all(b"NOOP\r\n").await.unwrap();
    assert_eq!(until_line(&mut tls, "\r\n").await, "250 2.0.0 OK\r\n");
    tls.write_all(format!("MAIL FROM:<{DOCTOR}>\r\n").as_bytes()).await.unwrap();
    assert!(until_line(&mut tls, "\r\n").await.starts_with("530 5.7.0"), "nobody is logged in");
    tls.write_all(auth.as_bytes()).await.unwrap();
    assert!(until_line(&mut tls, "\r\n").await.starts_with("503 5.5.1"), "EHLO is forgotten too");
    world.running.stop().await;
}
