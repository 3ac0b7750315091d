//! The practitioner's side, in a mail client: what was sent and what came of it, over IMAP and TLS.

use std::process::Command;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use crate::doors::{secured, send};
use crate::letter::{opened, sent};
use crate::letters::{self, SUBJECT};
use crate::world::{COLLEAGUE, DOCTOR, World};

super::on_both! {
    the_practitioner_reads_the_receipt_and_the_letter_sent
    an_idling_client_hears_of_a_letter
    who_may_not_read_is_told_why
    fault_24_no_login_in_clear_on_143
    a_full_mailbox_is_said_to_be_full
    a_client_of_somebodys_cloud_is_not_let_in_and_its_owner_is_told
    mbsync_takes_a_mailbox_home_and_brings_changes_back
}

/// A client that speaks lines and literals.
pub struct Client {
    reader: BufReader<tokio::io::ReadHalf<tokio_rustls::client::TlsStream<tokio::net::TcpStream>>>,
    writer: tokio::io::WriteHalf<tokio_rustls::client::TlsStream<tokio::net::TcpStream>>,
}

impl Client {
    pub async fn open(world: &World, user: &str, password: &str) -> (Self, String) {
        let tls = secured(world, world.running.imaps.unwrap()).await;
        let (reader, writer) = tokio::io::split(tls);
        let mut client = Self { reader: BufReader::new(reader), writer };
        assert!(client.line().await.starts_with("* OK"));
        let answer = client.say(&format!("LOGIN {user} {password}")).await;
        (client, answer)
    }

    /// Everything that answers one command.
    pub async fn say(&mut self, command: &str) -> String {
        self.writer.write_all(format!("a {command}\r\n").as_bytes()).await.unwrap();
        self.writer.flush().await.unwrap();
        self.until("a ").await
    }

    /// Idles until a message is told with this word; the line that tells it.
    pub async fn idle_until(&mut self, word: &str) -> String {
        self.writer.write_all(b"i IDLE\r\n").await.unwrap();
        self.writer.flush().await.unwrap();
        let heard = loop {
            let line = tokio::time::timeout(std::time::Duration::from_secs(20), self.line()).await.expect("soon");
            if line.contains(" FETCH (") && line.contains(word) {
                break line;
            }
        };
        self.writer.write_all(b"DONE\r\n").await.unwrap();
        self.writer.flush().await.unwrap();
        self.until("i OK").await;
        heard
    }

    async fn until(&mut self, tag: &str) -> String {
        let mut heard = String::new();
        loop {
            let line = self.line().await;
            assert!(!line.is_empty(), "closed after {heard}");
            heard.push_str(&line);
            if line.starts_with(tag) {
                return heard;
            }
        }
    }

    /// A line with the literals in it.
    async fn line(&mut self) -> String {
        let mut whole = Vec::new();
        loop {
            self.reader.read_until(b'\n', &mut whole).await.unwrap();
            let text = String::from_utf8_lossy(&whole).into_owned();
            let Some(size) =
                text.strip_suffix("}\r\n").and_then(|t| t.rsplit_once('{')).and_then(|(_, n)| n.parse().ok())
            else {
                return text;
            };
            let mut literal: Vec<u8> = vec![0; size];
            self.reader.read_exact(&mut literal).await.unwrap();
            whole.extend_from_slice(&literal);
        }
    }
}

async fn the_practitioner_reads_the_receipt_and_the_letter_sent(world: World) {
    let (letter, link) = sent(&world, &letters::pdf(120_000)).await;
    opened(&world, &world.browser(), &link).await;
    world.pass(std::time::Duration::from_secs(31));
    let (mut client, answer) = Client::open(&world, DOCTOR, &world.doctor.device.password.reveal_grouped()).await;
    assert!(answer.contains("a OK"), "{answer}");
    assert!(client.say("LIST \"\" *").await.contains("\\Sent"));
    assert!(client.say("SELECT INBOX").await.contains("* 1 EXISTS"));
    let receipt = client.say("FETCH 1 (FLAGS BODY.PEEK[])").await;
    assert!(
        receipt.contains(&format!("Subject: Re: {SUBJECT}"))
            && receipt.contains("In-Reply-To: <4f6a.canari@cabinet.example>"),
        "{receipt}"
    );
    assert!(client.say("SEARCH TEXT \"Ouvert le 15 janvier\"").await.contains("* SEARCH 1"));
    assert!(client.say("SELECT \"Envoy&AOk-s\"").await.contains("* 1 EXISTS"), "half a minute after it was sent");
    let copy = client.say("UID FETCH 1:* (RFC822.SIZE BODY.PEEK[])").await;
    assert!(copy.contains(&format!("RFC822.SIZE {}", letter.len())));
    assert!(copy.contains(std::str::from_utf8(&letter).unwrap()), "to the octet");
    world.running.stop().await;
}

async fn an_idling_client_hears_of_a_letter(world: World) {
    let (mut client, _) = Client::open(&world, COLLEAGUE, &world.colleague.device.password.reveal()).await;
    client.say("SELECT INBOX").await;
    client.writer.write_all(b"i IDLE\r\n").await.unwrap();
    client.writer.flush().await.unwrap();
    assert!(client.line().await.starts_with('+'));
    let letter = letters::plain(COLLEAGUE, "Avis");
    assert!(send(&world, &[COLLEAGUE], &letter).await.contains("250 2.0.0"));
    let heard = tokio::time::timeout(std::time::Duration::from_secs(20), client.line()).await.expect("soon");
    assert_eq!(heard, "* 1 EXISTS\r\n");
    client.writer.write_all(b"DONE\r\n").await.unwrap();
    client.until("i OK").await;
    world.running.stop().await;
}

async fn who_may_not_read_is_told_why(world: World) {
    let (_, answer) = Client::open(&world, DOCTOR, "wrong").await;
    assert!(answer.contains("a NO [AUTHENTICATIONFAILED]"), "{answer}");
    let address = DOCTOR.parse().unwrap();
    let rooms = &world.running.rooms.mailboxes;
    let pending = rooms.add_device(&address, pli::domain::DeviceKind::Full, "new", "", None).await.unwrap();
    let (_, answer) = Client::open(&world, DOCTOR, &pending.password.reveal()).await;
    assert!(answer.contains("a NO [UNAVAILABLE]"), "{answer}");
    let scanner = rooms.add_device(&address, pli::domain::DeviceKind::SendOnly, "scanner", "", None).await.unwrap();
    let (_, answer) = Client::open(&world, DOCTOR, &scanner.password.reveal()).await;
    assert!(answer.contains("a NO [AUTHORIZATIONFAILED]"), "{answer}");
    world.running.stop().await;
}

async fn fault_24_no_login_in_clear_on_143(world: World) {
    let tcp = tokio::net::TcpStream::connect(world.running.imap.unwrap()).await.unwrap();
    let (reader, mut writer) = tcp.into_split();
    let mut lines = BufReader::new(reader).lines();
    let greeting = lines.next_line().await.unwrap().unwrap();
    assert!(greeting.contains("STARTTLS") && greeting.contains("LOGINDISABLED"), "{greeting}");
    let login = format!("a LOGIN {DOCTOR} {}\r\n", world.doctor.device.password.reveal());
    writer.write_all(login.as_bytes()).await.unwrap();
    let answer = lines.next_line().await.unwrap().unwrap();
    assert!(answer.starts_with("a NO") || answer.starts_with("a BAD"), "{answer}");
    world.running.stop().await;
}

async fn a_full_mailbox_is_said_to_be_full(world: World) {
    let letter = letters::plain(COLLEAGUE, "Avis");
    let (mut client, _) = Client::open(&world, COLLEAGUE, &world.colleague.device.password.reveal()).await;
    let quota = format!("UPDATE mailboxes SET quota = {} WHERE address = '{COLLEAGUE}'", letter.len());
    assert_eq!(world.sql(&quota).await, 1);
    assert!(send(&world, &[COLLEAGUE], &letter).await.contains("250 2.0.0"));
    let heard = send(&world, &[COLLEAGUE], &letter).await;
    assert!(heard.contains("452 4.2.2 dr.bianchi@cabinet.example : cette boite est pleine"), "{heard}");
    client.say("SELECT INBOX").await;
    let told = async |client: &mut Client| client.say("SEARCH TEXT \"remplie à 95\"").await.contains("* SEARCH 2");
    while !told(&mut client).await {
        client.say("NOOP").await;
    }
    assert!(client.say("GETQUOTAROOT INBOX").await.contains("(STORAGE 1 "), "the letter does not count");
    world.pass(std::time::Duration::from_secs(86_400));
    assert!(send(&world, &[COLLEAGUE], &letter).await.contains("552 5.2.2 "));
    client.say("STORE 1 +FLAGS.SILENT (\\Deleted)").await;
    client.say("EXPUNGE").await;
    assert!(send(&world, &[COLLEAGUE], &letter).await.contains("250 2.0.0"));
    world.running.stop().await;
}

async fn a_client_of_somebodys_cloud_is_not_let_in_and_its_owner_is_told(mut world: World) {
    let networks = vec![pli::access::Network::read("127.0.0.0/8").unwrap()];
    let list = vec![pli::access::cloud::CloudClient { name: "Nuage".to_owned(), ids: Vec::new(), networks }];
    world.config.cloud_clients = pli::access::cloud::CloudClients { allow: false, list };
    let mut world = world.restart().await;
    let password = world.doctor.device.password.reveal();
    let (_, wrong) = Client::open(&world, DOCTOR, "wrong").await;
    assert!(wrong.contains("a NO [AUTHENTICATIONFAILED]"), "a stranger learns nothing: {wrong}");
    let (_, answer) = Client::open(&world, DOCTOR, &password).await;
    assert!(answer.contains("a NO [AUTHORIZATIONFAILED] This mail client copies"), "{answer}");
    let told = async || !world.read(&world.doctor, pli::domain::FolderRole::Inbox).await.is_empty();
    crate::world::until(told).await;
    // It sends all the same: what leaves that way is the sender's to see.
    assert!(send(&world, &[COLLEAGUE], &letters::plain(COLLEAGUE, "Avis")).await.contains("250 2.0.0"));
    world.config.cloud_clients.allow = true;
    let world = world.restart().await;
    let (mut client, answer) = Client::open(&world, DOCTOR, &password).await;
    assert!(answer.contains("a OK"), "{answer}");
    client.say("SELECT INBOX").await;
    let letter = client.say("FETCH 1 BODY[]").await;
    assert!(letter.contains("Nuage a voulu ouvrir") && letter.contains("Thunderbird"), "{letter}");
    let query = pli::mailbox::journal::JournalQuery { limit: 100, ..Default::default() };
    let events = world.running.rooms.mailboxes.journal(&query).await.unwrap();
    let verbs: Vec<&str> = events.iter().filter_map(|event| event.field("verb")).collect();
    for verb in ["cloud-client.refused", "cloud-clients.allowed", "cloud-client.admitted"] {
        assert!(verbs.contains(&verb), "{verbs:?}");
    }
    world.running.stop().await;
}

/// A synchroniser that many use: everything home, a flag and a new letter back, and nothing twice.
async fn mbsync_takes_a_mailbox_home_and_brings_changes_back(world: World) {
    if Command::new("mbsync").arg("--version").output().is_err() {
        assert!(std::env::var_os("PLI_TEST_ALL").is_none_or(|all| all != "1"), "mbsync is not installed");
        std::io::Write::write_all(&mut std::io::stderr(), b"SKIPPED: mbsync is not installed\n").unwrap();
        return;
    }
    let home = world.folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    for subject in ["un", "deux", "trois"] {
        assert!(
            send(&world, &[COLLEAGUE], &letters::thunderbird(COLLEAGUE, subject, &letters::pdf(90_000)))
                .await
                .contains("250 2.0.0")
        );
    }
    let settings = format!(
        "IMAPAccount pli\nHost localhost\nPort {}\nUser {COLLEAGUE}\nPass {}\nSSLType IMAPS\nCertificateFile {}\n\n\
         IMAPStore far\nAccount pli\n\nMaildirStore near\nPath {home}/\nInbox {home}/INBOX\nSubFolders Verbatim\n\n\
         Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nExpunge Both\nSyncState *\n",
        world.running.imaps.unwrap().port(),
        world.colleague.device.password.reveal(),
        world.authority.display(),
        home = home.display(),
    );
    let file = world.folder.path().join("mbsyncrc");
    std::fs::write(&file, settings).unwrap();
    let sync = || {
        let file = file.clone();
        async move {
            let run = move || Command::new("mbsync").arg("-c").arg(file).arg("-a").output().unwrap();
            let done = tokio::task::spawn_blocking(run).await.unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
    };
    let inbox = |folder: &str| -> Vec<std::path::PathBuf> {
        std::fs::read_dir(home.join("INBOX").join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    sync().await;
    let mut came = inbox("new");
    assert_eq!(came.len(), 3);
    came.sort();
    let name = came[0].file_name().unwrap().to_str().unwrap().replace(":2,", ":2,FS");
    std::fs::rename(&came[0], home.join("INBOX/cur").join(name)).unwrap();
    std::fs::write(home.join("INBOX/new/1.pushed.here"), "From: x@example.org\nSubject: pushed\n\nfrom home\n")
        .unwrap();
    sync().await;
    sync().await;
    let (mut client, _) = Client::open(&world, COLLEAGUE, &world.colleague.device.password.reveal()).await;
    assert!(client.say("SELECT INBOX").await.contains("* 4 EXISTS"), "nothing lost, nothing twice");
    let flags = client.say("FETCH 1:* (FLAGS)").await;
    assert_eq!(flags.matches("\\Flagged").count(), 1, "{flags}");
    assert!(client.say("SEARCH SUBJECT pushed").await.contains("* SEARCH 4"));
    world.running.stop().await;
}
