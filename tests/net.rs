//! The frame around the doors, over real sockets: handshakes, choice of certificate, reload, limits.

#![expect(clippy::expect_used, reason = "a test stops where it fails")]

use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pli::domain::Timestamp;
use pli::net::{self, CertificateFiles, Limits, Tls, TlsStream, trial};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

/// 2026-11-21: certificates are made for the present, which rustls reads from the machine.
fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "rustls checks dates against the machine's clock")]
    let now = jiff::Timestamp::now();
    Timestamp(now.as_millisecond())
}

fn write(folder: &Path, name: &str, names: &[&str]) -> (CertificateFiles, String) {
    let made = trial::issue(names, now()).expect("a certificate");
    let files =
        CertificateFiles { certificate: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) };
    std::fs::write(&files.key, made.key.as_bytes()).expect("written");
    std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o600)).expect("changed");
    std::fs::write(&files.certificate, &made.chain).expect("written");
    (files, made.authority)
}

struct Served {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

/// A door that says the protocol version and then echoes.
async fn serve(tls: Tls, limits: Limits) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = watch::channel(false);
    let handler = |mut stream: TlsStream, _peer| async move {
        let version = net::version(&stream);
        let _ = stream.write_all(version.as_bytes()).await;
        let mut octet = [0; 1];
        while matches!(stream.read(&mut octet).await, Ok(1)) {
            let _ = stream.write_all(&octet).await;
        }
    };
    let task = tokio::spawn(net::serve(listener, tls, &[b"test"], limits, stopped, handler));
    Served { address, stop, task }
}

fn client(authorities: &[&str], versions: &[&'static rustls::SupportedProtocolVersion]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for pem in authorities {
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM")).expect("an authority");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).expect("versions");
    TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

fn client_of(authority: &str) -> TlsConnector {
    client(&[authority], BOTH)
}

async fn connect(
    connector: &TlsConnector,
    address: SocketAddr,
    name: &str,
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await?;
    connector.connect(ServerName::try_from(name.to_owned()).expect("a name"), tcp).await
}

const BOTH: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];
const WIDE: fn() -> Limits = || Limits::new(100, 100);

#[tokio::test]
async fn tls_1_3_with_the_hybrid_group_and_1_2_with_forward_secrecy() {
    let folder = tempfile::tempdir().expect("a folder");
    let (files, authority) = write(folder.path(), "a", &["a.example", "127.0.0.1"]);
    let served = serve(Tls::open(&[files], &["a.example"]).expect("good"), WIDE()).await;

    let mut stream = connect(&client(&[&authority], BOTH), served.address, "a.example").await.expect("a handshake");
    let group = stream.get_ref().1.negotiated_key_exchange_group().expect("a group").name();
    assert_eq!(group, rustls::NamedGroup::X25519MLKEM768);
    let mut version = [0; 7];
    stream.read_exact(&mut version).await.expect("a version");
    assert_eq!(&version, b"TLSv1.3");

    drop(stream);

    let old = client(&[&authority], &[&rustls::version::TLS12]);
    let mut stream = connect(&old, served.address, "127.0.0.1").await.expect("a handshake by address");
    let suite = stream.get_ref().1.negotiated_cipher_suite().expect("a suite").suite();
    assert_eq!(suite, rustls::CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384);
    stream.read_exact(&mut version).await.expect("a version");
    assert_eq!(&version, b"TLSv1.2");

    drop(stream);
    served.stop.send(true).expect("running");
    tokio::time::timeout(Duration::from_secs(15), served.task).await.expect("stops in time").expect("no panic");
    assert!(TcpStream::connect(served.address).await.is_err(), "the port is closed");
}

#[tokio::test]
async fn fault_22_a_certificate_for_another_name_is_refused_by_the_client() {
    let folder = tempfile::tempdir().expect("a folder");
    let (files, authority) = write(folder.path(), "a", &["a.example"]);
    let served = serve(Tls::open(&[files], &["a.example"]).expect("good"), WIDE()).await;
    assert!(connect(&client(&[&authority], BOTH), served.address, "b.example").await.is_err());
}

/// One octet at a time; then octets that are no TLS at all, and a TLS 1.1 hello.
#[tokio::test]
async fn fault_23_a_hello_in_pieces_is_read_and_garbage_harms_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let (files, authority) = write(folder.path(), "a", &["a.example"]);
    let served = serve(Tls::open(&[files], &["a.example"]).expect("good"), WIDE()).await;

    // A proxy that hands on every octet of the client by itself.
    let slow = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let through = slow.local_addr().expect("an address");
    let behind = served.address;
    tokio::spawn(async move {
        let (client, _) = slow.accept().await.expect("a client");
        let server = TcpStream::connect(behind).await.expect("a server");
        server.set_nodelay(true).expect("no delay");
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
        let mut octet = [0; 1];
        while matches!(from_client.read(&mut octet).await, Ok(1)) {
            to_server.write_all(&octet).await.expect("written");
            tokio::task::yield_now().await;
        }
    });
    let connector = client(&[&authority], BOTH);
    let whole = connect(&connector, through, "a.example");
    let mut stream = tokio::time::timeout(Duration::from_secs(10), whole).await.expect("in time").expect("a handshake");
    let mut version = [0; 7];
    stream.read_exact(&mut version).await.expect("a version");

    let hello_1_1: &[u8] = &[
        0x16, 3, 2, 0, 0x2d, 1, 0, 0, 0x29, 3, 2, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
        7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0, 2, 0xc0, 0x0a, 1, 0,
    ];
    for garbage in [&b"EHLO client.example\r\n"[..], &[0xff; 512], &[0x16, 3, 1, 0xff, 0xff, 0, 0], hello_1_1, b""] {
        let mut tcp = TcpStream::connect(served.address).await.expect("a connection");
        tcp.write_all(garbage).await.expect("written");
        tcp.shutdown().await.expect("shut");
        let mut answer = Vec::new();
        let read = tcp.read_to_end(&mut answer);
        let _ = tokio::time::timeout(Duration::from_secs(5), read).await.expect("the server closes");
        // Nothing but an alert (21), if anything.
        assert!(answer.is_empty() || answer[0] == 21, "{answer:?}");
    }
    connect(&client(&[&authority], BOTH), served.address, "a.example").await.expect("it still serves");
}

#[tokio::test]
async fn the_server_name_chooses_the_certificate_and_the_first_is_the_default() {
    let folder = tempfile::tempdir().expect("a folder");
    let (a, authority_a) = write(folder.path(), "a", &["a.example", "127.0.0.1"]);
    let (b, authority_b) = write(folder.path(), "b", &["b.example", "*.wild.example"]);
    let tls = Tls::open(&[a.clone(), b], &["a.example", "b.example", "x.wild.example"]).expect("good");
    let served = serve(tls, WIDE()).await;
    for (name, authority) in [
        ("a.example", &authority_a),
        ("b.example", &authority_b),
        ("x.wild.example", &authority_b),
        ("127.0.0.1", &authority_a),
    ] {
        connect(&client(&[authority], BOTH), served.address, name).await.expect(name);
    }

    let refused = Tls::open(&[a], &["a.example", "patient.example"]).err().expect("a name is not covered");
    assert!(refused.contains("patient.example") && !refused.contains('\n'), "{refused}");
}

#[tokio::test]
async fn changed_files_are_taken_up_and_bad_ones_are_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let (files, old) = write(folder.path(), "a", &["a.example"]);
    let tls = Tls::open(std::slice::from_ref(&files), &["a.example"]).expect("good");
    let served = serve(tls.clone(), WIDE()).await;
    let mut kept = connect(&client(&[&old], BOTH), served.address, "a.example").await.expect("the first certificate");
    assert_eq!(tls.reload(), Ok(false));

    std::fs::write(&files.certificate, "not a certificate").expect("written");
    assert!(tls.reload().expect_err("bad").contains("a.pem"));
    connect(&client(&[&old], BOTH), served.address, "a.example").await.expect("the old one is kept");

    let (_, other) = write(folder.path(), "a", &["other.example"]);
    assert!(tls.reload().expect_err("does not cover").contains("a.example"));
    let (_, new) = write(folder.path(), "a", &["a.example"]);
    assert_eq!(tls.reload(), Ok(true));
    connect(&client(&[&new], BOTH), served.address, "a.example").await.expect("the new one");
    assert!(connect(&client(&[&old, &other], BOTH), served.address, "a.example").await.is_err());

    // The connection of before goes on.
    let mut version = [0; 7];
    kept.read_exact(&mut version).await.expect("a version");
    kept.write_all(b"x").await.expect("written");
    let mut octet = [0; 1];
    kept.read_exact(&mut octet).await.expect("an echo");
    assert_eq!(&octet, b"x");
}

#[tokio::test]
async fn a_key_that_others_can_read_or_of_another_certificate_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (a, _) = write(folder.path(), "a", &["a.example"]);
    let (b, _) = write(folder.path(), "b", &["b.example"]);
    let mixed = CertificateFiles { certificate: a.certificate.clone(), key: b.key };
    assert!(Tls::open(&[mixed], &[]).err().expect("refused").contains("b.key"));
    for mode in [0o604, 0o640, 0o666, 0o620] {
        std::fs::set_permissions(&a.key, std::fs::Permissions::from_mode(mode)).expect("changed");
        assert!(Tls::open(std::slice::from_ref(&a), &[]).err().expect("refused").contains("chmod 600"), "{mode:o}");
    }
    assert!(Tls::open(&[], &[]).is_err());
}

#[tokio::test]
async fn one_address_gets_its_share_and_gets_it_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let (files, authority) = write(folder.path(), "a", &["a.example"]);
    let limits = Limits::new(100, 3);
    let served = serve(Tls::open(&[files], &[]).expect("good"), limits).await;
    let client = client(&[&authority], BOTH);
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(connect(&client, served.address, "a.example").await.expect("within the limit"));
    }
    assert!(connect(&client, served.address, "a.example").await.is_err(), "the fourth");

    // Told why, where the door has something to say; nobody is told for ever.
    let (files, authority_of_told) = write(folder.path(), "told", &["a.example"]);
    let said: net::Farewell = |crowd| match crowd {
        net::Crowd::Block => b"yours",
        net::Crowd::Everybody => b"all",
    };
    for (limits, wanted) in [(Limits::new(100, 1).saying(said), "yours"), (Limits::new(1, 100).saying(said), "all")] {
        let told = serve(Tls::open(std::slice::from_ref(&files), &[]).expect("good"), limits).await;
        let client = client_of(&authority_of_told);
        let _first = connect(&client, told.address, "a.example").await.expect("within the limit");
        let mut second = connect(&client, told.address, "a.example").await.expect("a handshake");
        let mut heard = String::new();
        second.read_to_string(&mut heard).await.expect("the last word");
        assert_eq!(heard, wanted);
        let mut crowd = Vec::new();
        for _ in 0..40 {
            crowd.push(TcpStream::connect(told.address).await.expect("a connection"));
        }
        let mut dropped = 0;
        for mut tcp in crowd {
            let mut octet = [0; 1];
            let read = tokio::time::timeout(Duration::from_millis(50), tcp.read(&mut octet)).await;
            dropped += usize::from(matches!(read, Ok(Ok(0) | Err(_))));
        }
        assert!(dropped >= 24, "a flood costs no handshakes: {dropped}");
    }

    // Another address is not concerned.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from((IpAddr::from([127, 0, 0, 2]), 0))).expect("bound");
    let tcp = socket.connect(served.address).await.expect("a connection");
    let name = ServerName::try_from("a.example").expect("a name");
    client.connect(name, tcp).await.expect("a handshake");

    drop(open.pop());
    let again = async {
        while connect(&client, served.address, "a.example").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), again).await.expect("a place comes back");
}
