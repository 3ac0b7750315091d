//! Dialogs of the submission door: `tests/dialogs/*.smtp`, played over a pipe against the driver.
//!
//! `C:` is what the client sends, `S:` what the server must answer, `#` a comment. `C|` sends a line together
//! with the next one (pipelining). `\r \n \0` in a line stand for the octet, and a line that ends in `\` gets
//! no CR LF. `S: …` may end in `*` (anything). `T:` says where the dialog begins: `tls` (465) or `clear` (587);
//! `returns` is the door for what comes back; in the middle, `T: tls` is the handshake after STARTTLS. `S: (closed)` is the end of the connection.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::type_complexity,
    reason = "a test stops where it fails; clippy counts helpers as no tests"
)]

#[path = "support/hostile.rs"]
mod bad;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use data_encoding::BASE64;
use pli::access::{Failures, LoginError};
use pli::delivery::{AcceptError, CameBack, Refused, Route, Submission, Taken, TakesBack};
use pli::domain::{
    Address, DeviceId, DsnRequest, Fault, MailboxId, MailboxKind, PhoneNumber, PracticeId, QueueId, Random, Sender,
};
use pli::smtp::machine::{Answer, LoginAnswer, Machine, Request, Step};
use pli::smtp::{Door, Ended, Session, Settings, Times, Verbs};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::watch;

struct Sevens;
impl Random for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

struct Numbered(u8);
impl Random for Numbered {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

/// One mailbox, `claire@cabinet.example`, password `secret`, and others, `0@cabinet.example` to `9@…`; addresses say
/// how they behave.
#[derive(Default)]
struct Scripted {
    accepted: Mutex<Vec<(Vec<String>, String, Vec<u8>)>>,
    asked: Mutex<Vec<DsnRequest>>,
    revoked: Mutex<bool>,
}

impl Scripted {
    fn refused(code: u16, enhanced: &'static str, sentence: &str) -> Refused {
        Refused { code, enhanced, sentence: sentence.to_owned() }
    }
}

#[derive(Clone, Default)]
struct Script(Arc<Scripted>);

impl Verbs for Script {
    async fn login(&self, address: &str, password: &str) -> Result<Sender, LoginError> {
        match (address, password) {
            ("claire@cabinet.example", "secret") => Ok(Sender {
                mailbox: MailboxId::random(&Sevens),
                practice: PracticeId::random(&Sevens),
                device: DeviceId::random(&Sevens),
                address: address.parse().expect("an address"),
                kind: MailboxKind::Personal,
            }),
            (other, "secret") if other.len() == 17 && other.as_bytes()[0].is_ascii_digit() => Ok(Sender {
                mailbox: MailboxId::random(&Numbered(other.as_bytes()[0])),
                practice: PracticeId::random(&Sevens),
                device: DeviceId::random(&Sevens),
                address: other.parse().expect("an address"),
                kind: MailboxKind::Personal,
            }),
            ("broken@cabinet.example", _) => Err(Fault::new("no database").into()),
            _ => Err(LoginError::Refused),
        }
    }
    async fn still_valid(&self, _: &Sender) -> Result<bool, Fault> {
        Ok(!*self.0.revoked.lock().expect("a lock"))
    }
    async fn login_failed(&self, address: &str, _: Option<std::net::IpAddr>) -> Result<Failures, Fault> {
        Ok(Failures { before: 0, many: address == "attacked@cabinet.example" })
    }
    async fn may_send(&self, sender: &Sender, reverse_path: &Address) -> Result<Result<(), Refused>, Fault> {
        Ok(match reverse_path.reveal_local() {
            "fault" => return Err(Fault::new("no database").transient()),
            "often" => Err(Scripted::refused(451, "4.7.1", "Too many messages in one minute")),
            _ if sender.address == *reverse_path => Ok(()),
            _ => Err(Scripted::refused(553, "5.7.1", "The sender must be your mailbox")),
        })
    }
    async fn route(&self, _: &Sender, to: &Address) -> Result<Result<Route, Refused>, Fault> {
        Ok(match to.reveal_local() {
            "pli" => Ok(Route::Service),
            "fault" => return Err(Fault::new("no database").transient()),
            "revoke" => {
                *self.0.revoked.lock().expect("a lock") = true;
                Ok(Route::Outside)
            }
            "nobody" => Err(Scripted::refused(550, "5.1.1", "Nobody has this address")),
            number if number.starts_with('+') => {
                Ok(Route::Number(PhoneNumber::parse_international(number).expect("a number")))
            }
            _ => Ok(Route::Outside),
        })
    }
    async fn accept(&self, submission: Submission) -> Result<QueueId, AcceptError> {
        let text = String::from_utf8_lossy(submission.message.reveal()).into_owned();
        if text.contains("From: other@") {
            return Err(AcceptError::Refused(Scripted::refused(553, "5.7.1", "The From is not yours")));
        }
        if text.contains("full disk") {
            return Err(Fault::new("no space").transient().into());
        }
        if text.contains("broken key") {
            return Err(Fault::new("no key").into());
        }
        let recipients = submission.recipients.iter().map(Address::reveal).collect();
        let octets = submission.message.reveal().to_vec();
        self.0.asked.lock().expect("a lock").push(submission.dsn.clone());
        self.0.accepted.lock().expect("a lock").push((recipients, submission.transport, octets));
        Ok(QueueId::random(&Sevens))
    }
    async fn takes_back(&self, to: &Address) -> Result<TakesBack, Fault> {
        Ok(match to.reveal_local() {
            "fault" => return Err(Fault::new("no database").transient()),
            "bounce+token" | "ne-pas-repondre" => TakesBack::Yes,
            _ if to.domain().as_str() == "cabinet.example" => TakesBack::NoSuchAddress,
            _ => TakesBack::Elsewhere,
        })
    }
    async fn take_back(&self, mail: &CameBack<'_>) -> Result<Option<Taken>, Fault> {
        let recipients = mail.to.iter().map(Address::reveal).collect();
        let from = mail.from.as_ref().map_or_else(|| format!("null {}", mail.null), Address::reveal);
        self.0.accepted.lock().expect("a lock").push((recipients, from, mail.octets.to_vec()));
        // What was dealt with only the real room can say: journeys show it.
        match String::from_utf8_lossy(mail.octets).contains("full disk") {
            true => Err(Fault::new("no space")),
            false => Ok(None),
        }
    }
}

const QUEUE: &str = "0w3ge1r70w3ge1r70w3ge1r70w";

fn settings() -> Settings {
    Settings {
        hostname: "mail.cabinet.example".to_owned(),
        message_limit: 100 * 1024,
        memory: 1024 * 1024,
        recipients: 100,
    }
}

fn quick() -> Times {
    Times { wrong_password: Duration::from_millis(1), memory: Duration::from_millis(50), ..Times::default() }
}

/// A client at one end of a pipe, the driver at the other.
struct Pipe {
    client: DuplexStream,
    server: tokio::task::JoinHandle<()>,
    verbs: Script,
    door: Arc<Door<Script>>,
    stop: watch::Sender<bool>,
}

impl Pipe {
    fn open(tls: bool, times: Times) -> Self {
        let verbs = Script::default();
        let door = Arc::new(Door::new(settings(), verbs.clone()).with_times(times));
        Self::at(door, verbs, tls)
    }

    fn at(door: Arc<Door<Script>>, verbs: Script, tls: bool) -> Self {
        let begin = if tls { |at, stop| Session::secure(at, "TLSv1.3", stop) } else { Session::clear };
        Self::begun(door, verbs, begin)
    }

    /// The door for what comes back.
    fn returns(times: Times) -> Self {
        let verbs = Script::default();
        let door = Arc::new(Door::new(settings(), verbs.clone()).with_times(times));
        Self::begun(door, verbs, Session::returns)
    }

    fn begun(
        door: Arc<Door<Script>>,
        verbs: Script,
        begin: fn(Arc<Door<Script>>, watch::Receiver<bool>) -> Session<Script>,
    ) -> Self {
        let (client, mut end) = duplex(16 * 1024);
        let (stop, stopping) = watch::channel(false);
        let at = Arc::clone(&door);
        let server = tokio::spawn(async move {
            let mut session = begin(at, stopping);
            // The pipe stays the same for the test: a handshake is nothing but the change of state.
            while let Ok(Ended::StartTls) = session.talk(&mut end).await {
                session.secured("TLSv1.3");
            }
        });
        Self { client, server, verbs, door, stop }
    }

    async fn send(&mut self, octets: &[u8]) {
        self.client.write_all(octets).await.expect("an open pipe");
    }

    /// One reply line, or `(closed)`.
    async fn line(&mut self) -> String {
        let mut line = Vec::new();
        loop {
            let mut octet = [0];
            let read = tokio::time::timeout(Duration::from_secs(10), self.client.read(&mut octet)).await;
            match read.expect("a reply within ten seconds") {
                Ok(1) => line.push(octet[0]),
                _ => return "(closed)".to_owned(),
            }
            if line.ends_with(b"\r\n") {
                return String::from_utf8(line[..line.len() - 2].to_vec()).expect("ascii");
            }
        }
    }

    async fn expect(&mut self, wanted: &str) {
        let line = self.line().await;
        let fits = match wanted.strip_suffix('*') {
            Some(head) => line.starts_with(head),
            None => line == wanted,
        };
        assert!(fits, "wanted {wanted:?}, got {line:?}");
    }

    /// Sends each line and takes its reply, which must begin with the code.
    async fn say(&mut self, dialog: &[(&str, &str)]) {
        for (line, code) in dialog {
            self.send(format!("{line}\r\n").as_bytes()).await;
            let mut reply = self.line().await;
            while reply.as_bytes().get(3) == Some(&b'-') {
                reply = self.line().await;
            }
            assert!(reply.starts_with(code), "{line}: wanted {code}, got {reply}");
        }
    }

    async fn log_in(&mut self) {
        self.log_in_as("claire@cabinet.example").await;
    }

    async fn log_in_as(&mut self, address: &str) {
        self.expect("220*").await;
        let auth = format!("AUTH PLAIN {}", BASE64.encode(format!("\0{address}\0secret").as_bytes()));
        self.say(&[("EHLO x", "250"), (&auth, "235")]).await;
    }
}

fn octets(text: &str) -> Vec<u8> {
    let (text, end) = text.strip_suffix('\\').map_or((text, "\r\n"), |text| (text, ""));
    let text = text.replace("\\r", "\r").replace("\\n", "\n").replace("\\0", "\0");
    [text.as_bytes(), end.as_bytes()].concat()
}

/// Plays one dialog; `apart` sends every octet by itself.
async fn play(name: &str, text: &str, apart: bool) -> Script {
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let mut pipe = match lines.first() {
        Some(&"T: returns") => Pipe::returns(quick()),
        first => Pipe::open(first == Some(&"T: tls"), quick()),
    };
    let mut waiting = Vec::new();
    for line in &lines[1..] {
        let (kind, rest) = line.split_at(2);
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        match kind {
            "C|" => waiting.extend(octets(rest)),
            "C:" => {
                waiting.extend(octets(rest));
                let now = std::mem::take(&mut waiting);
                // A server that has closed already does not read the rest.
                for piece in now.chunks(if apart { 1 } else { now.len() }) {
                    if pipe.client.write_all(piece).await.is_err() {
                        break;
                    }
                    if apart {
                        tokio::task::yield_now().await;
                    }
                }
            }
            "S:" => pipe.expect(&rest.replace("QUEUE", QUEUE)).await,
            "T:" => tokio::task::yield_now().await,
            _ => panic!("{name}: not a line of a dialog: {line}"),
        }
    }
    drop(pipe.client);
    pipe.server.await.expect("a session that ends in peace");
    assert_eq!(pipe.door.free_memory(), 1024 * 1024, "{name}: memory comes back");
    pipe.verbs
}

fn dialogs() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dialogs");
    let mut found: Vec<(String, String)> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "smtp"))
        .map(|path| (path.display().to_string(), std::fs::read_to_string(path).expect("a text")))
        .collect();
    found.sort();
    assert!(found.len() >= 8, "the dialogs are there");
    found
}

#[tokio::test]
async fn dialogs_go_as_written() {
    for (name, text) in dialogs() {
        println!("{name}");
        play(&name, &text, false).await;
    }
}

/// fault_23: however the octets come, one by one, the dialog is the same. (STARTTLS is left out: what comes
/// octet by octet after its line is the handshake, which a pipe has not.)
#[tokio::test]
async fn fault_23_byte_by_byte_is_the_same_dialog() {
    for (name, text) in dialogs().into_iter().filter(|(name, _)| !name.contains("starttls")) {
        println!("{name}");
        play(&name, &text, true).await;
    }
}

#[tokio::test]
async fn what_is_accepted_is_what_was_sent() {
    let (name, text) = dialogs().into_iter().find(|(name, _)| name.ends_with("letter.smtp")).expect("the letter");
    let verbs = play(&name, &text, false).await;
    let accepted = verbs.0.accepted.lock().expect("a lock");
    let (recipients, transport, octets) = &accepted[0];
    assert_eq!(recipients, &["jeanne@example.org", "+33612345678@sms.cabinet.example"]);
    assert_eq!(transport, "ESMTPSA (TLSv1.3)");
    assert_eq!(String::from_utf8_lossy(octets), "Subject: bonjour\r\n\r\n.\r\n.dot\r\nend\r\n");
}

#[tokio::test]
async fn what_is_asked_to_be_heard_is_handed_over_with_its_message_alone() {
    let (name, text) = dialogs().into_iter().find(|(name, _)| name.ends_with("dsn.smtp")).expect("the dialog");
    let verbs = play(&name, &text, false).await;
    let asked = verbs.0.asked.lock().expect("a lock");
    let [first, second] = asked.as_slice() else { panic!("two messages") };
    let of = |address: &str| first.of(&address.parse().expect("an address"));
    assert_eq!(first.envelope_id.as_ref().map(|id| id.reveal()), Some("QQ+1"));
    assert!(!first.full && first.recipients.len() == 2, "who asked nothing is not listed");
    assert!(of("jeanne@example.org").wants_success() && !of("jeanne@example.org").wants_silence());
    let original = of("jeanne@example.org").original;
    assert_eq!(original.as_ref().map(|word| word.reveal()), Some("rfc822;Jeanne+perso@example.org"));
    assert!(of("paul@example.org").wants_silence() && of("luc@example.org").notify.is_none());
    assert!(second.recipients.is_empty() && second.envelope_id.is_none());
}

#[tokio::test]
async fn fault_24_what_was_pipelined_after_starttls_is_never_a_command() {
    let mut pipe = Pipe::open(false, quick());
    pipe.expect("220*").await;
    pipe.send(b"EHLO x\r\nSTARTTLS\r\nEHLO injected\r\nNOOP\r\nMAIL FR").await;
    for wanted in [
        "250-mail*",
        "250-PIPE*",
        "250-8BIT*",
        "250-ENH*",
        "250-DSN",
        "250-CHUNKING",
        "250-SMTPUTF8",
        "250-SIZE 205824",
        "250 STARTTLS",
        "220 2.0.0*",
    ] {
        pipe.expect(wanted).await;
    }
    // No greeting, no answer to what was injected, no half of a line left over, and EHLO is forgotten.
    pipe.say(&[("NOOP", "250 2.0.0"), ("AUTH PLAIN AGEAYg==", "503 5.5.1"), ("STARTTLS", "503")]).await;
}

#[tokio::test]
async fn fault_24_no_password_is_taken_in_clear() {
    let mut pipe = Pipe::open(false, quick());
    pipe.expect("220*").await;
    let auth = format!("AUTH PLAIN {}", BASE64.encode(b"\0claire@cabinet.example\0secret"));
    pipe.say(&[
        ("EHLO x", "250"),
        (&auth, "530 5.7.0"),
        ("AUTH LOGIN", "530 5.7.0"),
        ("MAIL FROM:<claire@cabinet.example>", "530 5.7.0"),
        ("VRFY claire", "530 5.7.0"),
    ])
    .await;
}

#[tokio::test]
async fn fault_16_the_envelope_sender_is_the_mailbox_that_logged_in() {
    let mut pipe = Pipe::open(true, quick());
    pipe.log_in().await;
    pipe.say(&[
        ("MAIL FROM:<director@cabinet.example>", "553 5.7.1"),
        ("MAIL FROM:<claire@cabinet.example.evil.example>", "553 5.7.1"),
        ("MAIL FROM:<@cabinet.example:director@cabinet.example>", "553 5.7.1"),
        ("MAIL FROM:<>", "553 5.7.1"),
        ("MAIL FROM:<claire@cabinet.example,director@cabinet.example>", "501 5.1.7"),
        ("RCPT TO:<jeanne@example.org>", "503 5.5.1"),
        ("MAIL FROM:<Claire@CABINET.example>", "250 2.1.0"),
    ])
    .await;
}

/// fault_19: strangers get one line's worth of memory, and no more time than a minute in all.
#[tokio::test]
async fn fault_19_before_a_login_nothing_grows() {
    for flood in [&b"A"[..], b"AUTH PLAIN ", b"EHLO x\r\n", b"\0", b"{1048576}", b"MAIL FROM:<"] {
        let mut machine = Machine::secure(&settings());
        let input = flood.repeat(1024 * 1024 / flood.len());
        let (mut largest, mut left) = (0, input.as_slice());
        loop {
            match machine.step(&mut left) {
                Step::Write(octets) => largest = largest.max(octets.len()),
                Step::Read | Step::Close => break,
                Step::Ask(_) | Step::StartTls => panic!("nothing to ask"),
            }
        }
        // What one step gives out is bounded too, however much is pipelined.
        assert!(largest < 8 * 1024, "{flood:?}: {largest}");
    }
    let mut strangers = Vec::new();
    for _ in 0..200 {
        let mut pipe = Pipe::open(true, quick());
        pipe.expect("220*").await;
        pipe.send(&[b'A'; 16 * 1024]).await;
        strangers.push(pipe);
    }
    let pipe = &mut strangers[0];
    assert_eq!(pipe.door.free_memory(), 1024 * 1024);
    pipe.send(b"\r\n").await;
    pipe.expect("500 5.5.2*").await;
}

#[tokio::test]
async fn who_is_silent_or_slow_is_told_and_closed() {
    let brief = Times { login: Duration::from_millis(100), ..quick() };
    let mut pipe = Pipe::open(true, brief);
    pipe.expect("220*").await;
    // An octet now and then does not prolong it.
    for _ in 0..4 {
        pipe.send(b"N").await;
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
    pipe.expect("421 4.4.2*").await;
    pipe.expect("(closed)").await;
}

#[tokio::test]
async fn the_end_of_the_server_waits_for_a_message_but_not_for_the_idle() {
    let mut idle = Pipe::open(true, quick());
    idle.log_in().await;
    idle.stop.send(true).expect("a session");
    idle.expect("421 4.3.2*").await;
    idle.expect("(closed)").await;

    let mut busy = Pipe::open(true, quick());
    busy.log_in().await;
    busy.say(&[("MAIL FROM:<claire@cabinet.example>", "250"), ("RCPT TO:<a@x.fr>", "250"), ("DATA", "354")]).await;
    busy.stop.send(true).expect("a session");
    tokio::task::yield_now().await;
    busy.send(b"Subject: late\r\n\r\n.\r\n").await;
    busy.expect(&format!("250 2.0.0 {QUEUE} accepted and sealed")).await;
    busy.expect("421 4.3.2*").await;
    busy.expect("(closed)").await;
}

#[tokio::test]
async fn memory_for_messages_is_shared_waited_for_and_given_back() {
    let mut first = Pipe::open(true, quick());
    let begin = |n: u8| format!("MAIL FROM:<{n}@cabinet.example> SIZE=200000");
    let another = async |n: u8, last: &'static str, first: &Pipe| {
        let mut pipe = Pipe::at(Arc::clone(&first.door), first.verbs.clone(), true);
        pipe.log_in_as(&format!("{n}@cabinet.example")).await;
        pipe.say(&[(&begin(n), "250"), ("RCPT TO:<a@x.fr>", "250"), ("DATA", last)]).await;
        pipe
    };
    first.log_in_as("0@cabinet.example").await;
    first.say(&[(&begin(0), "250"), ("RCPT TO:<a@x.fr>", "250"), ("DATA", "354")]).await;
    // A second message of the same mailbox waits for the first, and takes nothing from the others.
    another(0, "452 4.3.1", &first).await;
    // Six of these are more than the 1 MiB of the door; each holds what it declared.
    let mut others = Vec::new();
    for n in 1..5 {
        others.push(another(n, "354", &first).await);
    }
    let mut late = another(5, "452 4.3.1", &first).await;
    // One that breaks off gives its share back.
    let gone = others.pop().expect("one");
    drop(gone.client);
    gone.server.await.expect("a session that ends in peace");
    late.say(&[(&begin(5), "250"), ("RCPT TO:<a@x.fr>", "250"), ("DATA", "354")]).await;
}

/// Whatever a letter is made of, it holds no more memory than its octets, and gives it back.
#[tokio::test]
async fn fault_17_hostile_letters_hold_what_they_declare_and_give_it_back() {
    let large = Settings { message_limit: 4 << 20, memory: 64 << 20, ..settings() };
    let verbs = Script::default();
    let door = Arc::new(Door::new(large, verbs.clone()).with_times(quick()));
    let all = door.free_memory();
    let mut pipe = Pipe::at(Arc::clone(&door), verbs, true);
    pipe.log_in().await;
    for (n, (name, header, rest)) in bad::refused().into_iter().chain(bad::taken()).enumerate() {
        let octets = [header, rest].concat();
        pipe.say(&[("MAIL FROM:<claire@cabinet.example>", "250"), ("RCPT TO:<a@x.fr>", "250"), ("DATA", "354")]).await;
        for line in octets.split_inclusive(|octet| *octet == b'\n') {
            pipe.send(&[if line.starts_with(b".") { b".".as_slice() } else { b"" }, line].concat()).await;
        }
        let held = all - door.free_memory();
        assert!(held <= octets.len() * 5 / 4 + 130_000, "{name}: {held} for {}", octets.len());
        let code = if n < bad::refused().len() { "554 5.6.0" } else { "250 2.0.0" };
        pipe.say(&[("\r\n.", code)]).await;
        assert_eq!(door.free_memory(), all, "{name}");
    }
}

/// Sends a little now and then: the session lives on pieces, and ends all the same.
#[tokio::test]
async fn who_drips_a_message_is_ended() {
    let brief = Times { message: Duration::from_millis(200), ..quick() };
    for data in ["DATA", "BDAT 100000"] {
        let mut pipe = Pipe::open(true, brief);
        pipe.log_in().await;
        pipe.say(&[("MAIL FROM:<claire@cabinet.example>", "250"), ("RCPT TO:<a@x.fr>", "250")]).await;
        pipe.send(format!("{data}\r\n").as_bytes()).await;
        if data == "DATA" {
            pipe.expect("354*").await;
        }
        let dripping = async {
            while pipe.client.write_all(b"a").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), dripping).await.expect("an end");
        pipe.expect("421 4.4.2*").await;
        pipe.expect("(closed)").await;
        pipe.server.await.expect("a session that ends in peace");
        assert_eq!(pipe.door.free_memory(), 1024 * 1024);
    }
}

#[tokio::test]
async fn a_message_beyond_size_is_refused_at_its_end_and_the_session_goes_on() {
    let mut pipe = Pipe::open(true, quick());
    pipe.log_in().await;
    let begin = [("MAIL FROM:<claire@cabinet.example>", "250"), ("RCPT TO:<a@x.fr>", "250"), ("DATA", "354")];
    pipe.say(&begin).await;
    let line = [vec![b'x'; 998], b"\r\n".to_vec()].concat();
    pipe.send(&line.repeat(300)).await;
    pipe.say(&[(".", "552 5.3.4 This message is too large: its attachments may have 100 KB in all")]).await;
    pipe.say(&begin).await;
    pipe.send(b"\r\n").await;
    pipe.send(&line.repeat(200)).await;
    pipe.say(&[(".", "250 2.0.0")]).await;
    assert_eq!(pipe.verbs.0.accepted.lock().expect("a lock")[0].2.len(), 200_002);
    // While the session lives on, its last message holds no memory; nor does one that was refused.
    assert_eq!(pipe.door.free_memory(), 1024 * 1024);
    pipe.say(&begin).await;
    assert!(pipe.door.free_memory() < 1024 * 1024);
    pipe.send(b"one\ntwo\r\n").await;
    pipe.say(&[(".", "554 5.6.0")]).await;
    assert_eq!(pipe.door.free_memory(), 1024 * 1024);
}

#[tokio::test]
async fn what_came_in_chunks_is_what_was_sent() {
    let (name, text) = dialogs().into_iter().find(|(name, _)| name.ends_with("chunking.smtp")).expect("the dialog");
    let verbs = play(&name, &text, false).await;
    let accepted = verbs.0.accepted.lock().expect("a lock");
    let taken: Vec<_> = accepted.iter().map(|(_, _, octets)| String::from_utf8_lossy(octets).into_owned()).collect();
    assert_eq!(
        taken,
        [
            "Subject: one\r\n\r\n.\r\nMAIL FROM:<x@x.fr>\r\n",
            "Subject: two\r\n\r\nno end",
            "Subject: three\r\n",
            "Subject: after the refusals\r\n",
        ]
    );
}

#[tokio::test]
async fn addresses_beyond_ascii_are_one_in_all_their_spellings() {
    let (name, text) = dialogs().into_iter().find(|(name, _)| name.ends_with("smtputf8.smtp")).expect("the dialog");
    let verbs = play(&name, &text, false).await;
    let accepted = verbs.0.accepted.lock().expect("a lock");
    let (recipients, _, octets) = &accepted[0];
    assert_eq!(
        recipients,
        &["j\u{e9}r\u{f4}me@xn--bcher-kva.example", "jeanne@xn--exmple-4nf.org", "jeanne@example.org"]
    );
    assert_eq!(String::from_utf8_lossy(octets), "Subject: \u{e0} J\u{e9}r\u{f4}me\r\n\r\n\u{e9}\r\n");
    let asked = verbs.0.asked.lock().expect("a lock");
    let original = asked[0].of(&"jeanne@example.org".parse().expect("an address")).original.expect("a word");
    assert_eq!(original.reveal(), "utf-8;j\\x{E9}r\\x{F4}me@example.org");
}

#[tokio::test]
async fn chunks_hold_memory_between_them_and_give_it_back() {
    let mut pipe = Pipe::open(true, quick());
    pipe.log_in().await;
    let begin = [("MAIL FROM:<claire@cabinet.example>", "250"), ("RCPT TO:<a@x.fr>", "250")];
    let line = [vec![b'x'; 998], b"\r\n".to_vec()].concat();
    for end in ["RSET", "BDAT 0 LAST", "EHLO x"] {
        pipe.say(&begin).await;
        pipe.send(b"BDAT 14\r\nSubject: x\r\n\r\nBDAT 150000\r\n").await;
        pipe.send(&line.repeat(150)).await;
        pipe.expect("250 2.0.0 Chunk*").await;
        pipe.expect("250 2.0.0 Chunk*").await;
        assert!(pipe.door.free_memory() <= 1024 * 1024 - 150_000, "{}", pipe.door.free_memory());
        pipe.say(&[(end, "250")]).await;
        assert_eq!(pipe.door.free_memory(), 1024 * 1024, "{end}");
    }
    // One that says it is too large is read, without a place to store it.
    pipe.say(&begin).await;
    pipe.send(b"BDAT 300000\r\n").await;
    pipe.send(&line.repeat(299)).await;
    assert_eq!(pipe.door.free_memory(), 1024 * 1024);
    pipe.send(&line).await;
    pipe.expect("552 5.3.4*").await;
    pipe.say(&[("BDAT 0 LAST", "503 5.5.1"), ("NOOP", "250")]).await;
    assert_eq!(pipe.verbs.0.accepted.lock().expect("a lock").len(), 1);
}

#[tokio::test]
async fn a_hundred_recipients_and_no_more() {
    let mut pipe = Pipe::open(true, quick());
    pipe.log_in().await;
    pipe.say(&[("MAIL FROM:<claire@cabinet.example>", "250")]).await;
    for n in 0..100 {
        pipe.say(&[(&format!("RCPT TO:<r{n}@x.fr>"), "250 2.1.5")]).await;
    }
    pipe.say(&[("RCPT TO:<R7@X.fr>", "250 2.1.5"), ("RCPT TO:<r100@x.fr>", "452 4.5.3"), ("DATA", "354")]).await;
    pipe.say(&[(".", "250 2.0.0")]).await;
    let accepted = pipe.verbs.0.accepted.lock().expect("a lock");
    let names: HashSet<&String> = accepted[0].0.iter().collect();
    assert_eq!((accepted[0].0.len(), names.len()), (100, 100));
}

/// A small generator: the same numbers on each run.
struct Seeded(u64);
impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }
}

/// What a machine says and asks for this input, cut by `next`.
fn run(begin: fn(&Settings) -> Machine, input: &[u8], mut next: impl FnMut(usize) -> usize) -> (String, Vec<String>) {
    let mut machine = begin(&settings());
    let (mut said, mut asked, mut left) = (Vec::new(), Vec::new(), input);
    'pieces: loop {
        let (mut now, later) = left.split_at(next(left.len()).min(left.len()));
        left = later;
        loop {
            match machine.step(&mut now) {
                Step::Read if left.is_empty() => break 'pieces,
                Step::Read => break,
                Step::Write(octets) => said.extend(octets),
                Step::Close | Step::StartTls => break 'pieces,
                Step::Ask(request) => {
                    let (shown, answer) = match request {
                        Request::Login(c) => {
                            let right = c.password.reveal() == "secret";
                            (
                                format!("login {right}"),
                                Answer::Login(if right { LoginAnswer::Right } else { LoginAnswer::Wrong }),
                            )
                        }
                        Request::ReversePath(a) => (a.reveal(), Answer::ReversePath(Some(Ok(())))),
                        Request::Recipient(a) => (a.reveal(), Answer::Recipient(Some(Ok(Route::Outside)))),
                        Request::Memory(octets) => (format!("memory {octets}"), Answer::Memory(true)),
                        Request::Deposit(letter) => (
                            format!("deposit {} {:?}", letter.recipients.len(), letter.message.reveal()),
                            Answer::Deposit(Ok(QueueId::random(&Sevens))),
                        ),
                        Request::ReturnTo(a) => (a.reveal(), Answer::ReturnTo(Some(TakesBack::Yes))),
                        Request::Returned(mail) => (
                            format!("returned {} {:?}", mail.recipients.len(), mail.message.reveal()),
                            Answer::Returned(Ok(None)),
                        ),
                    };
                    asked.push(shown);
                    machine.answer(answer);
                }
            }
        }
    }
    (String::from_utf8(said).expect("ascii"), asked)
}

/// Any cut of the input gives the same replies and the same requests; the input is words of SMTP in any order.
#[test]
fn however_input_is_cut_the_session_is_the_same() {
    let plain = format!("AUTH PLAIN {}\r\n", BASE64.encode(b"\0claire@cabinet.example\0secret"));
    let long = [vec![b'y'; 700], b"\r\n".to_vec()].concat().repeat(20);
    let words: [&[u8]; 30] = [
        b"EHLO x\r\n",
        plain.as_bytes(),
        b"MAIL FROM:<a@x.fr>\r\n",
        b"RCPT TO:<b@x.fr>\r\n",
        b"DATA\r\n",
        b"Subject: x\r\n\r\nbody\r\n",
        b".\r\n",
        b"..\r\n",
        b"RSET\r\n",
        b"NOOP\r\n",
        b"RCPT TO:<c@x.fr>\r\n",
        b"MAIL FROM:<a@x.fr> SIZE=9\r\n",
        b"AUTH LOGIN\r\n",
        b"YQ==\r\n",
        b"*\r\n",
        b"\r\n",
        b"VRFY x\r\n",
        b"x\r",
        b"\n",
        b".\n",
        b"\0",
        &long,
        b"BDAT 5\r\na: b\r",
        b"BDAT 13 LAST\r\n\n\r\n.\r\nMAIL \r\n",
        b"BDAT 0\r\n",
        b"BDAT 0 LAST\r\n",
        b"BDAT 300000\r\n",
        b"BDAT x\r\n",
        b"MAIL FROM:<a@x.fr>\r\nRCPT TO:<b@x.fr>\r\nDATA\r\n",
        b".\r\nQUIT\r\n",
    ];
    let mut seeded = Seeded(0x9e37_79b9_7f4a_7c15);
    let mut deposits = 0;
    for round in 0..600 {
        let begin = if round % 3 == 0 { Machine::returns } else { Machine::secure };
        let mut input = if round % 4 == 0 { Vec::new() } else { [b"EHLO x\r\n", plain.as_bytes()].concat() };
        for _ in 0..12 {
            // Mostly commands that lead somewhere, sometimes anything.
            let word = if seeded.below(3) > 0 { words[28 - 26 * seeded.below(2)] } else { words[seeded.below(30)] };
            input.extend_from_slice(word);
            if seeded.below(2) == 0 {
                input.extend_from_slice(b".\r\n");
            }
        }
        let whole = run(begin, &input, |left| left.max(1));
        let word = if round % 3 == 0 { "returned" } else { "deposit" };
        deposits += whole.1.iter().filter(|asked| asked.starts_with(word)).count();
        assert!(whole.1.iter().all(|asked| !asked.starts_with(if round % 3 == 0 { "deposit" } else { "returned" })));
        assert_eq!(run(begin, &input, |_| 1), whole, "{}", String::from_utf8_lossy(&input));
        for _ in 0..3 {
            let most = [2, 10, 100, 5000][seeded.below(4)];
            assert_eq!(run(begin, &input, |_| 1 + seeded.below(most)), whole, "{}", String::from_utf8_lossy(&input));
        }
    }
    assert!(deposits > 100, "the rounds get somewhere: {deposits}");
}
