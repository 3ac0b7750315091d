//! An SMSC of single octets: what a library would never send, and what SMSCs in the field do send.

use std::sync::Arc;
use std::time::Duration;

use pli::domain::FailureClass;
use pli::gateway::{Accepted, Gateways, Progress, Streamed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{gateways, send};

const BIND: u32 = 9;
const SUBMIT: u32 = 4;
const DELIVER: u32 = 5;
const UNBIND: u32 = 6;
const DATA: u32 = 0x103;
const NACK: u32 = 0x8000_0000;
const ANSWER: u32 = 0x8000_0000;

struct Pdu {
    command: u32,
    status: u32,
    sequence: u32,
}

struct Peer(TcpStream);

impl Peer {
    async fn accept(listener: &TcpListener) -> Self {
        Self(listener.accept().await.unwrap().0)
    }

    /// Accepts a connection and its bind.
    async fn bound(listener: &TcpListener) -> Self {
        let mut peer = Self::accept(listener).await;
        let bind = peer.read().await.unwrap();
        assert_eq!(bind.command, BIND);
        peer.write(BIND | ANSWER, 0, bind.sequence, b"smsc\0").await;
        peer
    }

    async fn write(&mut self, command: u32, status: u32, sequence: u32, body: &[u8]) {
        let length = u32::try_from(16 + body.len()).unwrap();
        let head: Vec<u8> = [length, command, status, sequence].iter().flat_map(|n| n.to_be_bytes()).collect();
        self.0.write_all(&[&head, body].concat()).await.unwrap();
    }

    /// The next PDU; `None` at the end of the connection.
    async fn read(&mut self) -> Option<Pdu> {
        let mut head = [0; 16];
        let whole = tokio::time::timeout(Duration::from_secs(20), self.0.read_exact(&mut head)).await;
        whole.expect("it says something in time").ok()?;
        let at = |n: usize| u32::from_be_bytes(head[n..n + 4].try_into().unwrap());
        let mut body = vec![0; at(0) as usize - 16];
        self.0.read_exact(&mut body).await.ok()?;
        Some(Pdu { command: at(4), status: at(8), sequence: at(12) })
    }

    /// Takes a submission under this id.
    async fn take(&mut self, id: &str) {
        let submitted = self.read().await.unwrap();
        assert_eq!(submitted.command, SUBMIT);
        self.write(SUBMIT | ANSWER, 0, submitted.sequence, format!("{id}\0").as_bytes()).await;
    }

    /// Delivers, and waits for the answer.
    async fn deliver(&mut self, body: &[u8]) {
        self.write(DELIVER, 0, 77, body).await;
        let answer = self.read().await.unwrap();
        assert_eq!((answer.command, answer.status, answer.sequence), (DELIVER | ANSWER, 0, 77));
    }
}

fn tlv(tag: u16, value: &[u8]) -> Vec<u8> {
    [&tag.to_be_bytes()[..], &u16::try_from(value.len()).unwrap().to_be_bytes(), value].concat()
}

fn delivery(esm_class: u8, text: &[u8], tlvs: &[Vec<u8>]) -> Vec<u8> {
    let mut body = b"\0\x01\x0133612345678\0\x05\0Cabinet\0".to_vec();
    body.extend([esm_class, 0, 0, 0, 0, 0, 0, 0, 0, u8::try_from(text.len()).unwrap()]);
    body.extend(text);
    body.extend(tlvs.concat());
    body
}

/// A receipt in the text form of appendix B.
fn receipt(id: &str, stat: &str) -> Vec<u8> {
    delivery(4, format!("id:{id} sub:001 dlvrd:001 stat:{stat} err:000 text:").as_bytes(), &[])
}

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// A text that is on its way.
fn sending(gateways: &Arc<Gateways>, text: &str) -> tokio::task::JoinHandle<Result<Accepted, FailureClass>> {
    let (gateways, text) = (gateways.clone(), text.to_owned());
    tokio::spawn(async move { send(&gateways, &text).await })
}

/// A connection over which a message was taken under this id.
async fn after(id: &str) -> (Arc<Gateways>, Peer, TcpListener, Accepted) {
    let (listener, port) = listener().await;
    let gateways = Arc::new(gateways(port, |_| {}));
    let sending = sending(&gateways, "x");
    let mut peer = Peer::bound(&listener).await;
    peer.take(id).await;
    let accepted = sending.await.unwrap().unwrap();
    (gateways, peer, listener, accepted)
}

/// The next report.
async fn told(gateways: &Gateways) -> Streamed {
    tokio::time::timeout(Duration::from_secs(10), gateways.streamed()).await.expect("a report in time")
}

fn report(accepted: &Accepted, progress: Progress) -> Streamed {
    Streamed { provider: "smsc".to_owned(), reference: accepted.reference.clone().unwrap(), progress }
}

#[tokio::test]
async fn no_code_goes_where_the_bind_was_not_taken() {
    let mut all = tokio::task::JoinSet::new();
    for (command, status, why) in [
        (NACK, 0, FailureClass::Refused),
        (NACK, 3, FailureClass::Refused),
        (BIND | ANSWER, 0x0d, FailureClass::Credentials),
        (BIND | ANSWER, 0x0e, FailureClass::Credentials),
        (BIND | ANSWER, 0x0f, FailureClass::Credentials),
        (BIND | ANSWER, 0x05, FailureClass::Refused),
    ] {
        all.spawn(async move {
            let (listener, port) = listener().await;
            let gateways = Arc::new(gateways(port, |_| {}));
            let sending = sending(&gateways, "x");
            let mut peer = Peer::accept(&listener).await;
            let bind = peer.read().await.unwrap();
            peer.write(command, status, bind.sequence, b"").await;
            assert_eq!(sending.await.unwrap(), Err(why), "{command:x} {status}");
            assert!(peer.read().await.is_none(), "{command:x} {status}: nothing more is said");
        });
    }
    all.join_all().await;
}

#[tokio::test]
async fn receipts_of_the_field_are_understood() {
    let (gateways, mut peer, _listener, accepted) = after("000A1f").await;
    let state = |state| tlv(0x427, &[state]);
    for (what, esm_class, text, tlvs, progress) in [
        ("without the end of the string", 4, "", vec![tlv(0x1e, b"A1F"), state(2)], Progress::Delivered),
        ("with several ends", 4, "", vec![state(2), tlv(0x1e, b"a1f\0\0\0")], Progress::Delivered),
        ("an octet too many behind it", 4, "id:a1f stat:DELIVRD err:000", vec![vec![0]], Progress::Delivered),
        ("the id as a TLV, the state as text", 4, "stat:DELIVRD", vec![tlv(0x1e, b"a1f\0")], Progress::Delivered),
        ("without sub and dlvrd", 4, "id:a1f stat:EXPIRED err:000", vec![], Progress::Failed(FailureClass::Absent)),
        ("another order", 4, "err:001 stat:UNDELIV id:A1F", vec![], Progress::Failed(FailureClass::UnknownNumber)),
    ] {
        peer.deliver(&delivery(esm_class, text.as_bytes(), &tlvs)).await;
        assert_eq!(told(&gateways).await, report(&accepted, progress), "{what}");
    }
    let data = [&b"\0\x01\x0133612345678\0\x05\0Cabinet\0\x04\0\0"[..], &tlv(0x1e, b"a1f\0"), &state(5)].concat();
    peer.write(DATA, 0, 78, &data).await;
    let answer = peer.read().await.unwrap();
    assert_eq!((answer.command, answer.status, answer.sequence), (DATA | ANSWER, 0, 78));
    assert_eq!(told(&gateways).await, report(&accepted, Progress::Failed(FailureClass::Absent)));
    // None of these tells anything, and each is answered.
    for nothing in [&b""[..], b"\0", &receipt("a1f", "ENROUTE"), &delivery(0, b"id:a1f stat:DELIVRD", &[])] {
        peer.deliver(nothing).await;
    }
    peer.deliver(&receipt("a1f", "DELIVRD")).await;
    assert_eq!(told(&gateways).await, report(&accepted, Progress::Delivered), "the next that tells");
}

#[tokio::test]
async fn zero_is_an_id_as_well() {
    let (gateways, mut peer, _listener, accepted) = after("0").await;
    assert_eq!(accepted.reference.as_deref(), Some("0"));
    peer.deliver(&receipt("000", "DELIVRD")).await;
    assert_eq!(told(&gateways).await, report(&accepted, Progress::Delivered));
}

#[tokio::test]
async fn what_no_smsc_says_is_refused_or_ends_the_connection() {
    let (gateways, mut peer, listener, _) = after("1").await;
    peer.write(0x0102, 0, 5, b"what?").await;
    let answer = peer.read().await.unwrap();
    assert_eq!((answer.command, answer.status, answer.sequence), (NACK, 3, 5), "generic_nack, ESME_RINVCMDID");
    // An answer to nothing changes nothing.
    peer.write(SUBMIT | ANSWER, 0, 4321, b"1\0").await;
    peer.write(NACK, 1, 4321, b"").await;
    // 64 KiB and one octet; less than a header.
    for length in [0x1_0001_u32, 15] {
        let head: Vec<u8> = [length, DELIVER, 0, 1].iter().flat_map(|n| n.to_be_bytes()).collect();
        peer.0.write_all(&head).await.unwrap();
        assert!(peer.read().await.is_none(), "{length} octets");
        peer = Peer::bound(&listener).await;
    }
    let sending = sending(&gateways, "x");
    peer.take("2").await;
    assert!(sending.await.unwrap().is_ok(), "and goes on");
}

#[tokio::test]
async fn an_smsc_that_does_not_answer_is_left_within_the_patience() {
    let (listener, port) = listener().await;
    let gateways = Arc::new(gateways(port, |_| {}));
    let sending = sending(&gateways, "x");
    let mut peer = Peer::bound(&listener).await;
    assert_eq!(peer.read().await.unwrap().command, SUBMIT);
    assert_eq!(sending.await.unwrap(), Err(FailureClass::Unreachable));
    assert!(peer.read().await.is_none(), "a missing answer ends the connection");
}

#[tokio::test]
async fn the_smsc_is_told_when_the_server_ends() {
    let (gateways, mut peer, _listener, _) = after("1").await;
    drop(gateways);
    assert_eq!(peer.read().await.unwrap().command, UNBIND);
}
