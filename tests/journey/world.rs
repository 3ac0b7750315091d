//! A server with everything around it: relay, gateway, database, clock, a practice and its people.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};
use std::time::Duration;

use pli::config::Config;
use pli::delivery::relay::Relay as Client;
use pli::domain::*;
use pli::mailbox::provision::{Born, NewMailbox};
use pli::server::{OsRandom, Overrides, Plan, Ports, Running, Server, install};
use pli::store::{Store, StoreOptions};
use pli::vault::{Grant, KeyRing, MailboxKeys, Vault};
use sqlx::Row as _;

use crate::browser::Browser;
use crate::gateway::Gateway;
use crate::relay::Relay;

/// The instant at which every test begins: 2027-01-15 in the afternoon.
pub const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A clock moved by hand.
pub struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

pub struct World {
    pub running: Running,
    pub config: Config,
    pub clock: Arc<Hands>,
    pub relay: Relay,
    pub gateway: Gateway,
    pub authority: PathBuf,
    pub practice: PracticeId,
    pub doctor: Born,
    pub colleague: Born,
    pub folder: tempfile::TempDir,
    pub database: String,
    _fresh: Option<crate::postgres::Fresh>,
}

pub const DOCTOR: &str = "dr.martin@cabinet.example";
pub const COLLEAGUE: &str = "dr.bianchi@cabinet.example";
pub const JEANNE: &str = "jeanne.canari@patient.example";
pub const PAUL: &str = "paul.canari@patient.example";

impl World {
    pub async fn sqlite() -> Self {
        Self::sqlite_with(PROVIDERS).await
    }

    pub async fn postgres() -> Option<Self> {
        Self::postgres_with(PROVIDERS).await
    }

    /// With other sections about codes; `GATEWAY` in them is where the test's gateway listens.
    pub async fn sqlite_with(codes: &str) -> Self {
        Self::start("sqlite:pli.db".to_owned(), None, codes, "").await
    }

    /// With other limits.
    pub async fn sqlite_limited(limits: &str) -> Self {
        Self::start("sqlite:pli.db".to_owned(), None, PROVIDERS, limits).await
    }

    pub async fn postgres_limited(limits: &str) -> Option<Self> {
        let fresh = crate::postgres::fresh().await?;
        Some(Self::start(fresh.url.clone(), Some(fresh), PROVIDERS, limits).await)
    }

    pub async fn postgres_with(codes: &str) -> Option<Self> {
        let fresh = crate::postgres::fresh().await?;
        Some(Self::start(fresh.url.clone(), Some(fresh), codes, "").await)
    }

    async fn start(database: String, fresh: Option<crate::postgres::Fresh>, codes: &str, limits: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (relay, gateway) = (Relay::start().await, Gateway::start().await);
        let clock = Arc::new(Hands(AtomicI64::new(NOW.0)));
        let portal = free_port();
        let plan = Plan {
            folder: &folder.path().join("pli"),
            hostname: "mail.cabinet.example",
            portal_url: Some(&format!("https://127.0.0.1:{portal}")),
            recovery: true,
            ports: Ports::at("127.0.0.1", 0, 0, portal),
            names: &[],
        };
        // Certificates are of the world's time: TLS looks at the real clock.
        let made = install(&plan, &pli::server::SystemClock, &OsRandom).unwrap();
        std::fs::write(&made.config, settings(portal, &database, &relay, &gateway, (codes, limits))).unwrap();
        let config = Config::load(&made.config).unwrap();
        let overrides = Overrides { clock: Some(clock.clone()), ..Overrides::default() };
        let running = Server::start(&config, overrides).await.unwrap();

        let deliveries = &running.rooms.deliveries;
        let practice = deliveries.add_practice(profile()).await.unwrap();
        deliveries.add_domain(practice, "cabinet.example".parse().unwrap()).await.unwrap();
        let recovery = running.rooms.recovery.as_ref();
        let doctor = running.rooms.mailboxes.add(mailbox(DOCTOR, "Dr Claire Martin"), recovery).await.unwrap();
        let colleague = running.rooms.mailboxes.add(mailbox(COLLEAGUE, "Dr Ugo Bianchi"), recovery).await.unwrap();
        let authority = made.authority;
        Self {
            running,
            config,
            clock,
            relay,
            gateway,
            authority,
            practice,
            doctor,
            colleague,
            folder,
            database,
            _fresh: fresh,
        }
    }

    /// Stops the server and starts it again on the same data.
    pub async fn restart(mut self) -> Self {
        self.running.stop().await;
        let overrides = Overrides { clock: Some(self.clock.clone()), ..Overrides::default() };
        self.running = Server::start(&self.config, overrides).await.unwrap();
        self
    }

    /// Stops the server and starts it again with the settings as they stand in the file now.
    pub async fn reconfigured(mut self) -> Self {
        self.config = Config::load(&self.config.file).unwrap();
        self.restart().await
    }

    pub fn pass(&self, time: Duration) {
        self.clock.0.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Sets the clock back.
    pub fn back(&self, time: Duration) {
        self.clock.0.fetch_sub(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.authority)
    }

    pub async fn add_patient(&self, address: &str, number: &str) -> PatientId {
        let record = PatientRecord {
            name: PersonName("Jeanne Canari".to_owned()),
            address: address.parse().unwrap(),
            number: self.running.rooms.deliveries.read_number(&profile(), number).unwrap(),
            language: None,
            channel: None,
            birth_date: None,
        };
        self.running
            .rooms
            .deliveries
            .add_patient(self.practice, PatientKind::Patient, record, &pli::delivery::persons::Filing::default())
            .await
            .unwrap()
    }

    /// Submits as the doctor's mail client does: TLS, AUTH, MAIL, RCPT, DATA; the answers where it is not taken.
    pub async fn submit(&self, to: &[&str], octets: &[u8]) -> Result<(), String> {
        let heard = crate::doors::send(self, to, octets).await;
        if heard.contains("\r\n250 2.0.0 ") { Ok(()) } else { Err(heard) }
    }

    /// A mail client of somebody.
    pub fn client(&self, user: &str, password: &str) -> Client {
        let url = format!("smtps://{}:{password}@{}", user.replace('@', "%40"), self.running.submissions.unwrap());
        Client::open(&SecretText::new(url), "client.example", Some(&self.authority)).unwrap()
    }

    /// A raw dialogue over TLS: sends the lines, returns everything that was answered.
    pub async fn dialogue(&self, lines: &[&str]) -> String {
        crate::doors::dialogue(self, lines).await
    }

    /// Waits until the relay caught so many notices: the courier is woken by the deposit.
    pub async fn notices(&self, count: usize) -> Vec<crate::relay::Mail> {
        until(async || self.relay.caught().len() >= count).await;
        self.relay.caught()
    }

    /// Waits until a delivery stands so.
    pub async fn state(&self, state: DeliveryState) -> pli::delivery::desk::DeliveryInfo {
        let list = async || self.running.rooms.deliveries.list(None, 10).await.unwrap();
        until(async || list().await.first().is_some_and(|delivery| delivery.state == state)).await;
        list().await.remove(0)
    }

    /// The messages of a folder, opened with the device password as IMAP will.
    pub async fn read(&self, born: &Born, role: FolderRole) -> Vec<Vec<u8>> {
        let (store, vault) = self.second_node().await;
        let keys = unlock(&store, &vault, born).await;
        let mut read = Vec::new();
        for (head, esk) in self.entries(born.id, role).await {
            let key = vault.open_esk(&esk, &keys).unwrap();
            let grant = Grant::mint(DeliveryId::random(&OsRandom), SessionId::random(&OsRandom), head, key);
            let container = store.container(head).await.unwrap().unwrap();
            let open = vault.open(&grant, head, &container).unwrap();
            let mut parts = Vec::new();
            for part in &open.parts {
                let container = store.container(part.object).await.unwrap().unwrap();
                parts.push(vault.open_part(&grant, &open, part, &container).unwrap());
            }
            read.push(open.rebuild(&parts).unwrap().to_vec());
        }
        store.close().await;
        read
    }

    /// Store and vault as another node opens them: with the root key's file.
    pub async fn second_node(&self) -> (Store, Vault) {
        let ring = KeyRing::parse(&std::fs::read_to_string(&self.config.root_key).unwrap()).unwrap();
        let vault = Vault::with_ring(&ring).unwrap();
        let options: StoreOptions = self.config.store("test", vault.chain_mac());
        (Store::open(options).await.unwrap(), vault)
    }

    /// The lines of the journal, in their order.
    pub async fn journal(&self) -> Vec<String> {
        let (store, _) = self.second_node().await;
        let rows = store.audit(1000).await.unwrap();
        store.close().await;
        // The newest come first.
        rows.into_iter().rev().map(|row| row.line).collect()
    }

    /// Runs SQL as somebody who got at the database.
    pub async fn sql(&self, sql: &str) -> u64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        if self.database.starts_with("postgres") {
            let pool = sqlx::PgPool::connect(&self.database).await.unwrap();
            let done = sqlx::query(sql).execute(&pool).await.unwrap().rows_affected();
            pool.close().await;
            return done;
        }
        let path = self.config.data.join("pli.db");
        let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", path.display())).await.unwrap();
        let done = sqlx::query(sql).execute(&pool).await.unwrap().rows_affected();
        pool.close().await;
        done
    }

    /// The one number that a query gives.
    pub async fn count(&self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        if self.database.starts_with("postgres") {
            let pool = sqlx::PgPool::connect(&self.database).await.unwrap();
            let row = sqlx::query(sql).fetch_one(&pool).await.unwrap();
            pool.close().await;
            return row.get(0);
        }
        let path = self.config.data.join("pli.db");
        let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", path.display())).await.unwrap();
        let row = sqlx::query(sql).fetch_one(&pool).await.unwrap();
        pool.close().await;
        row.get(0)
    }

    /// The entries of a folder: heads and session-key packets.
    pub async fn entries(&self, mailbox: MailboxId, role: FolderRole) -> Vec<(ObjectId, Esk)> {
        let sql = format!(
            "SELECT e.head_id, e.esk FROM entries e JOIN folders f ON f.id = e.folder_id \
             WHERE e.mailbox_id = '{mailbox}' AND f.role = '{}' ORDER BY e.uid",
            role.word()
        );
        let sql = sqlx::AssertSqlSafe(sql);
        let read = |id: String, esk: Vec<u8>| (id.parse().unwrap(), Esk::from_octets(esk));
        if self.database.starts_with("postgres") {
            let pool = sqlx::PgPool::connect(&self.database).await.unwrap();
            let rows = sqlx::query(sql).fetch_all(&pool).await.unwrap();
            pool.close().await;
            return rows.iter().map(|row| read(row.get(0), row.get(1))).collect();
        }
        let path = self.config.data.join("pli.db");
        let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", path.display())).await.unwrap();
        let rows = sqlx::query(sql).fetch_all(&pool).await.unwrap();
        pool.close().await;
        rows.iter().map(|row| read(row.get(0), row.get_unchecked(1))).collect()
    }
}

/// A mailbox's keys, by its first device password.
pub async fn unlock(store: &Store, vault: &Vault, born: &Born) -> MailboxKeys {
    let mailbox = store.mailbox(born.id).await.unwrap().unwrap();
    let slots = store.slots(born.id).await.unwrap();
    let slot = slots.iter().find(|slot| slot.device == Some(born.device.id)).unwrap();
    let (sealed, esk) = (slot.secret.as_ref().unwrap(), slot.esk.as_ref().unwrap());
    let secret = vault.open_slot(born.id, slot.id, born.device.id, &born.device.password, sealed, esk).unwrap();
    vault.unlock(born.id, &mailbox.certificate, &mailbox.secret, &secret).unwrap()
}

/// Waits for what the server does by itself, at most ten seconds of the real clock.
pub async fn until(done: impl AsyncFn() -> bool) {
    for _ in 0..1000 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("what was waited for did not happen");
}

pub fn profile() -> PracticeProfile {
    PracticeProfile {
        name: "port".to_owned(),
        public_name: "Cabinet du Port".to_owned(),
        telephone: "01 99 00 12 34".to_owned(),
        language: Language::Fr,
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

pub fn mailbox(address: &str, name: &str) -> NewMailbox {
    NewMailbox {
        address: address.parse().unwrap(),
        name: name.to_owned(),
        kind: MailboxKind::Personal,
        label: "test".to_owned(),
        person: String::new(),
        send_as: Vec::new(),
    }
}

/// A port that nobody has and nobody gets: below those that the system gives away by itself, and no two tests of
/// this process the same. The portal's must be known before it is bound, since it stands in the links.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 100).unwrap() * 100;
    loop {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::SeqCst)) % 10_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Who sends codes, where a test says nothing else.
pub const PROVIDERS: &str = r#"
[[code.sms]]
name  = "test"
kind  = "http"
url   = "http://GATEWAY/sms"
query = { to = "{to}", text = "{text}" }
[[code.voice]]
name  = "test"
kind  = "http"
url   = "http://GATEWAY/voice"
query = { to = "{to}", text = "{text}" }
"#;

fn settings(portal: u16, database: &str, relay: &Relay, gateway: &Gateway, (codes, limits): (&str, &str)) -> String {
    let codes = codes.replace("GATEWAY", &gateway.address.to_string());
    format!(
        r#"
hostname = "mail.cabinet.example"
data     = "data"
root_key = "root.key"
region   = "FR"
language = "fr"
timezone = "Europe/Paris"
[listen]
submissions = "127.0.0.1:0"
submission  = "127.0.0.1:0"
imaps       = "127.0.0.1:0"
imap        = "127.0.0.1:0"
portal      = "127.0.0.1:{portal}"
metrics     = "127.0.0.1:0"
bounces     = "127.0.0.1:0"
[[tls]]
certificate = "certs/mail.cabinet.example/fullchain.pem"
key         = "certs/mail.cabinet.example/privkey.pem"
[[dkim]]
selector = "pli"
key      = "certs/dkim.key"
[store]
database = "{database}"
objects  = "file:objects"
[limits]
message = "25 MiB"
memory  = "256 MiB"
{limits}
[portal]
url  = "https://127.0.0.1:{portal}"
days = 30
[notice]
relay = "smtp://{}"
from  = "Cabinet <ne-pas-repondre@cabinet.example>"
{codes}
[keys]
recovery = "recovery.cert"
"#,
        relay.address
    )
}
