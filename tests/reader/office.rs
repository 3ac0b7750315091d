//! A practice with two mailboxes, and the rooms of a node around them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use pli::access::{Access, Opened};
use pli::delivery::{Deliveries, ReturnPath, Settings, Submission};
use pli::domain::*;
use pli::gateway::Gateways;
use pli::mailbox::provision::{Born, NewMailbox};
use pli::mailbox::{AppendError, EntryInfo, Mailboxes, NewMessage, Reader};
use pli::server::OsRandom;
use pli::store::{Store, StoreOptions};
use pli::texts::Texts;
use pli::vault::{RootKey, Vault};
use sqlx::Row as _;

/// The instant at which every test begins.
pub const NOW: Timestamp = Timestamp(1_800_000_000_000);
pub const DOCTOR: &str = "dr.martin@cabinet.example";
pub const COLLEAGUE: &str = "dr.bianchi@cabinet.example";

/// A clock moved by hand.
pub struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// The rooms of one process.
pub struct Node {
    pub store: Store,
    pub vault: Vault,
    pub access: Access,
    pub mailboxes: Mailboxes,
    pub deliveries: Deliveries,
}

pub struct Office {
    pub node: Node,
    pub clock: Arc<Hands>,
    pub practice: PracticeId,
    pub doctor: Born,
    pub colleague: Born,
    pub folder: tempfile::TempDir,
    pub database: String,
    root: RootKey,
    _fresh: Option<crate::postgres::Fresh>,
}

impl Office {
    pub async fn sqlite() -> Self {
        Self::build("sqlite:pli.db".to_owned(), None).await
    }

    pub async fn postgres() -> Option<Self> {
        let fresh = crate::postgres::fresh().await?;
        Some(Self::build(fresh.url.clone(), Some(fresh)).await)
    }

    async fn build(database: String, fresh: Option<crate::postgres::Fresh>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Hands(AtomicI64::new(NOW.0)));
        let root = RootKey::random(&OsRandom);
        let node = open(&database, &folder, &root, &clock, "serve").await;
        let practice = node.deliveries.add_practice(profile(Language::Fr)).await.unwrap();
        node.deliveries.add_domain(practice, "cabinet.example".parse().unwrap()).await.unwrap();
        let doctor = node.mailboxes.add(mailbox(DOCTOR, "Dr Claire Martin"), None).await.unwrap();
        let colleague = node.mailboxes.add(mailbox(COLLEAGUE, "Dr Ugo Bianchi"), None).await.unwrap();
        Self { node, clock, practice, doctor, colleague, folder, database, root, _fresh: fresh }
    }

    /// Another process on the same data.
    pub async fn second_node(&self) -> Node {
        open(&self.database, &self.folder, &self.root, &self.clock, "second").await
    }

    pub fn pass(&self, time: Duration) {
        self.clock.0.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub fn is_sqlite(&self) -> bool {
        self.database.starts_with("sqlite:")
    }

    pub async fn reader(&self) -> Reader {
        self.node.reader(DOCTOR, &self.doctor.device.password).await
    }

    /// The doctor submits; everything is durable when this returns.
    pub async fn submit(&self, to: &[&str], message: &[u8]) {
        let sender = self.node.access.login(DOCTOR, &self.doctor.device.password.reveal()).await.unwrap();
        let submission = Submission {
            sender,
            recipients: to.iter().map(|to| to.parse().unwrap()).collect(),
            dsn: DsnRequest::default(),
            transport: "ESMTPSA".to_owned(),
            message: RawMessage::new(message.to_vec()).unwrap(),
        };
        self.node.deliveries.accept(submission).await.unwrap();
    }

    /// Sets how many octets the doctor's mailbox may hold.
    pub async fn set_quota(&self, octets: i64) {
        let event = AuditEvent::new(NOW, Actor::Operator, Verb::MailboxAdded);
        assert!(self.node.store.set_quota(self.doctor.id, octets, event).await.unwrap());
    }

    /// Runs SQL as somebody who got at the database.
    pub async fn sql(&self, sql: &str) -> u64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        if self.is_sqlite() {
            let pool = self.pool().await;
            let done = sqlx::query(sql).execute(&pool).await.unwrap().rows_affected();
            pool.close().await;
            return done;
        }
        let pool = sqlx::PgPool::connect(&self.database).await.unwrap();
        let done = sqlx::query(sql).execute(&pool).await.unwrap().rows_affected();
        pool.close().await;
        done
    }

    /// A count of rows.
    pub async fn count(&self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        if self.is_sqlite() {
            let pool = self.pool().await;
            let row = sqlx::query(sql).fetch_one(&pool).await.unwrap();
            pool.close().await;
            return row.get_unchecked(0);
        }
        let pool = sqlx::PgPool::connect(&self.database).await.unwrap();
        let row = sqlx::query(sql).fetch_one(&pool).await.unwrap();
        pool.close().await;
        row.get(0)
    }

    /// Everything that is at rest: all files of the data folder, and on PostgreSQL all rows as text.
    pub async fn at_rest(&self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    all.extend(std::fs::read(path).unwrap());
                }
            }
        }
        if self.is_sqlite() {
            return all;
        }
        let pool = sqlx::PgPool::connect(&self.database).await.unwrap();
        let tables = sqlx::query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
        for table in tables.fetch_all(&pool).await.unwrap() {
            let sql = format!("SELECT CAST(t AS TEXT) FROM {} t", table.get::<String, _>(0));
            for row in sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&pool).await.unwrap() {
                all.extend(row.get::<String, _>(0).into_bytes());
            }
        }
        pool.close().await;
        all
    }

    async fn pool(&self) -> sqlx::SqlitePool {
        let path = self.folder.path().join("pli.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(10));
        sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap()
    }
}

impl Node {
    pub async fn open(&self, address: &str, password: &DevicePassword) -> Opened {
        self.access.open_mailbox(address, &password.reveal()).await.unwrap()
    }

    pub async fn reader(&self, address: &str, password: &DevicePassword) -> Reader {
        match self.open(address, password).await {
            Opened::Ready { sender, keys, version } => self.mailboxes.reader(sender, keys, version).await.unwrap(),
            Opened::Pending { .. } | Opened::SendOnly => panic!("the mailbox opens"),
        }
    }
}

async fn open(database: &str, folder: &tempfile::TempDir, root: &RootKey, clock: &Arc<Hands>, name: &str) -> Node {
    let vault = Vault::new(root);
    let options = StoreOptions {
        database: SecretText::new(database),
        objects: SecretText::new("file:objects"),
        data: folder.path().to_owned(),
        node: name.to_owned(),
        chain: vault.chain_mac(),
    };
    let store = Store::open(options).await.unwrap();
    let random: Arc<dyn Random> = Arc::new(OsRandom);
    let settings = Settings {
        hostname: "mail.cabinet.example".into(),
        portal_url: "https://lettre.cabinet.example".into(),
        days: 30,
        notice_from: "Cabinet <a@cabinet.example>".into(),
        rates: pli::delivery::Rates::default(),
        returns: ReturnPath::default(),
        relay: true,
        announce_devices: false,
    };
    Node {
        access: Access::new(
            store.clone(),
            vault.clone(),
            clock.clone(),
            random.clone(),
            Texts::new(),
            Gateways::none(),
            "lettre.cabinet.example",
        ),
        mailboxes: Mailboxes::new(store.clone(), vault.clone(), clock.clone(), random.clone()),
        deliveries: Deliveries::new(store.clone(), vault.clone(), clock.clone(), random, Texts::new(), settings),
        store,
        vault,
    }
}

pub fn profile(language: Language) -> PracticeProfile {
    PracticeProfile {
        name: "port".to_owned(),
        public_name: "Cabinet du Port".to_owned(),
        telephone: "01 99 00 12 34".to_owned(),
        language,
        timezone: "Europe/Paris".to_owned(),
        region: "FR".to_owned(),
        neighbours: Vec::new(),
        countries: Vec::new(),
        notice_from: String::new(),
        days: 0,
        reminders: pli::domain::Reminders::default(),
        ask_birth_date: false,
        remember_browsers: false,
        logo: None,
    }
}

fn mailbox(address: &str, name: &str) -> NewMailbox {
    NewMailbox {
        address: address.parse().unwrap(),
        name: name.to_owned(),
        kind: MailboxKind::Personal,
        label: "test".to_owned(),
        person: String::new(),
        send_as: Vec::new(),
    }
}

pub fn flags(system: &[SystemFlags], keywords: &[&str]) -> Flags {
    let system = system.iter().fold(SystemFlags::default(), |all, flag| all.with(*flag));
    let keywords: BTreeSet<String> = keywords.iter().map(|keyword| (*keyword).to_owned()).collect();
    Flags { system, keywords }
}

/// A message from the doctor.
pub fn letter(id: &str, subject: &str) -> Vec<u8> {
    format!(
        "From: Dr Martin <{DOCTOR}>\r\nTo: {COLLEAGUE}\r\nSubject: {subject}\r\nMessage-ID: <{id}@client.example>\r\n\
         Date: Fri, 15 Jan 2027 09:00:00 +0100\r\n\r\nBonjour\r\n"
    )
    .into_bytes()
}

/// Appends one message; UIDVALIDITY and UID.
pub async fn append_to(
    reader: &Reader,
    folder: &str,
    flags: &Flags,
    at: Option<Timestamp>,
    octets: Vec<u8>,
) -> Result<(u32, u32), AppendError> {
    let (validity, uids) = reader.append(folder, vec![NewMessage { flags: flags.clone(), at, octets }]).await?;
    Ok((validity, uids[0]))
}

/// Appends to a folder; the UID.
pub async fn put(reader: &Reader, folder: &str, octets: &[u8]) -> u32 {
    append_to(reader, folder, &Flags::default(), None, octets.to_vec()).await.unwrap().1
}

pub async fn list(reader: &Reader, folder: &str) -> Vec<EntryInfo> {
    let id = reader.folder(folder).await.unwrap().id;
    reader.snapshot(id).await.unwrap().entries.to_vec()
}

pub async fn uids(reader: &Reader, folder: &str) -> Vec<u32> {
    list(reader, folder).await.iter().map(|entry| entry.uid).collect()
}

/// The octets of every message of a folder.
pub async fn read(reader: &Reader, folder: &str) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for entry in list(reader, folder).await {
        let octets = reader.message(entry.id).await.unwrap().unwrap();
        assert_eq!(octets.len() as u64, entry.size);
        all.push(octets.to_vec());
    }
    all
}
