//! The work bench of these tests: a database, a folder, a seeded source of ids, and rows to insert.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pli::domain::*;
use pli::store::challenges::{ChallengeRow, SendState};
use pli::store::deliveries::DeliveryRow;
use pli::store::deposit::{Deposit, MessageRow, NewEntry, NewObject, NewWork};
use pli::store::mailboxes::{DeviceRow, FolderRow, MailboxRow, SlotRow};
use pli::store::practices::PracticeRow;
use pli::store::{OpenError, Store, StoreOptions, Tx};
use sqlx::{Connection as _, Row as _};

/// The instant at which every test begins.
pub const NOW: Timestamp = Timestamp(1_800_000_000_000);

pub fn later(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1000)
}

/// Never the same twice in a process, so that ids are unique.
pub struct Seeded;

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        static STATE: AtomicU64 = AtomicU64::new(1);
        for chunk in bytes.chunks_mut(8) {
            // SplitMix64.
            let mut z = STATE.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

pub fn octets(length: usize) -> Vec<u8> {
    let mut octets = vec![0; length];
    Seeded.fill(&mut octets);
    octets
}

pub fn hash() -> KeyedHash {
    KeyedHash::from_octets(octets(40))
}

pub fn sealed() -> Sealed {
    Sealed::from_octets(octets(60))
}

pub fn mac() -> Mac {
    Mac::from_octets(octets(32))
}

pub fn event(verb: Verb) -> AuditEvent {
    AuditEvent::new(NOW, Actor::Server, verb)
}

pub struct Bench {
    pub folder: tempfile::TempDir,
    pub url: String,
    _fresh: Option<crate::postgres::Fresh>,
}

impl Bench {
    pub fn sqlite() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), url: "sqlite:pli.db".to_owned(), _fresh: None }
    }

    pub async fn postgres() -> Option<Self> {
        let fresh = crate::postgres::fresh().await?;
        Some(Self { folder: tempfile::tempdir().unwrap(), url: fresh.url.clone(), _fresh: Some(fresh) })
    }

    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    pub fn options(&self, node: &str) -> StoreOptions {
        StoreOptions {
            database: SecretText::new(self.url.clone()),
            objects: SecretText::new("file:objects"),
            data: self.folder.path().to_owned(),
            node: node.to_owned(),
            chain: Arc::new(chain),
        }
    }

    pub async fn try_open(&self, node: &str) -> Result<Store, OpenError> {
        Store::open(self.options(node)).await
    }

    pub async fn open(&self) -> Store {
        self.try_open("serve").await.unwrap()
    }

    pub fn objects(&self) -> PathBuf {
        self.folder.path().join("objects")
    }

    /// Runs SQL behind the store's back, as somebody with the database in hand would.
    pub async fn meddle(&self, sql: &str) -> u64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        if self.is_sqlite() {
            let mut conn = self.sqlite_connection().await;
            let done = sqlx::query(sql).execute(&mut conn).await.unwrap().rows_affected();
            conn.close().await.unwrap();
            done
        } else {
            let mut conn = sqlx::PgConnection::connect(&self.url).await.unwrap();
            sqlx::query(sql).execute(&mut conn).await.unwrap().rows_affected()
        }
    }

    /// The numbers of a column that stands in clear.
    pub async fn numbers(&self, sql: &str) -> Vec<i64> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        if self.is_sqlite() {
            let mut conn = self.sqlite_connection().await;
            let rows = sqlx::query(sql).fetch_all(&mut conn).await.unwrap();
            conn.close().await.unwrap();
            rows.iter().map(|row| row.get_unchecked(0)).collect()
        } else {
            let mut conn = sqlx::PgConnection::connect(&self.url).await.unwrap();
            let rows = sqlx::query(sql).fetch_all(&mut conn).await.unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        }
    }

    pub async fn sqlite_connection(&self) -> sqlx::SqliteConnection {
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(self.folder.path().join("pli.db"))
            .busy_timeout(std::time::Duration::from_secs(10))
            .foreign_keys(false);
        sqlx::SqliteConnection::connect_with(&options).await.unwrap()
    }
}

/// A stand-in for the vault's HMAC: mixes every octet under a key, which is all a chain's test needs.
pub fn chain(octets: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (lane, slot) in out.chunks_mut(8).enumerate() {
        let mut z = 0x6a09_e667_f3bc_c908_u64 ^ lane as u64;
        for octet in octets {
            z = (z ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3).rotate_left(23);
        }
        slot.copy_from_slice(&z.to_le_bytes());
    }
    out
}

/// A practice with one mailbox, in the database.
pub struct House {
    pub practice: PracticeId,
    pub mailbox: MailboxId,
}

pub fn practice_row() -> PracticeRow {
    PracticeRow { id: PracticeId::random(&Seeded), name_hash: hash(), profile: sealed(), created_at: NOW }
}

pub fn mailbox_row(practice: PracticeId) -> MailboxRow {
    let id = MailboxId::random(&Seeded);
    MailboxRow {
        id,
        practice,
        address: format!("{id}@cabinet.example"),
        name: "Dr Camille Leroy".to_owned(),
        kind: MailboxKind::Personal,
        state: MailboxState::Active,
        sent: SentCopy::Client,
        certificate: PublicKey::from_octets(octets(2000)),
        secret: sealed(),
        version: 1,
        renewal_due_at: None,
        mac: mac(),
        created_at: NOW,
    }
}

pub fn device_row(mailbox: MailboxId, tag: &str) -> DeviceRow {
    DeviceRow {
        id: DeviceId::random(&Seeded),
        mailbox,
        tag: tag.to_owned(),
        kind: DeviceKind::Full,
        label: sealed(),
        verifier: hash(),
        mac: mac(),
        created_at: NOW,
        last_used_at: None,
        told_at: None,
    }
}

pub fn slot_row(mailbox: MailboxId, device: Option<DeviceId>) -> SlotRow {
    SlotRow {
        id: SlotId::random(&Seeded),
        mailbox,
        device,
        public_key: PublicKey::from_octets(octets(1200)),
        secret: device.map(|_| sealed()),
        esk: Some(Esk::from_octets(octets(1200))),
        quick: None,
        version: 1,
        mac: mac(),
        created_at: NOW,
    }
}

pub fn folder_rows(mailbox: MailboxId) -> Vec<FolderRow> {
    let row = |role| FolderRow {
        id: FolderId::random(&Seeded),
        mailbox,
        role,
        name: None,
        uid_validity: 1_800_000_000,
        uid_next: 1,
        created_at: NOW,
    };
    vec![row(FolderRole::Inbox), row(FolderRole::Sent)]
}

impl House {
    pub async fn build(store: &Store) -> Self {
        let practice = practice_row();
        let mut tx = store.write("practice").await.unwrap();
        assert!(tx.insert_practice(&practice).await.unwrap());
        tx.commit(event(Verb::PracticeAdded)).await.unwrap();
        let mailbox = Self::mailbox(store, practice.id).await;
        Self { practice: practice.id, mailbox }
    }

    pub async fn mailbox(store: &Store, practice: PracticeId) -> MailboxId {
        let mailbox = mailbox_row(practice);
        let mut tx = store.write("mailbox").await.unwrap();
        assert!(tx.insert_mailbox(&mailbox, &[], &[], &folder_rows(mailbox.id)).await.unwrap());
        tx.commit(event(Verb::MailboxAdded)).await.unwrap();
        mailbox.id
    }

    /// A letter of one head to one outside recipient, with the sender's copy.
    pub fn letter(&self, size: usize) -> Deposit {
        let message = MessageId::random(&Seeded);
        let head = ObjectId::random(&Seeded);
        let delivery = self.delivery(message, head);
        let work = NewWork { id: QueueId::random(&Seeded), due_at: NOW };
        Deposit {
            message: MessageRow {
                id: message,
                practice: self.practice,
                mailbox: self.mailbox,
                size: size as i64,
                created_at: NOW,
            },
            objects: vec![NewObject { id: head, container: Container::from_octets(octets(size)) }],
            entries: vec![self.entry(head, FolderRole::Sent)],
            deliveries: vec![(delivery, work)],
            held: Vec::new(),
            signatures: Vec::new(),
            keys: Vec::new(),
            event: event(Verb::Deposited).about_message(message),
        }
    }

    pub fn entry(&self, head: ObjectId, folder: FolderRole) -> NewEntry {
        NewEntry {
            id: EntryId::random(&Seeded),
            mailbox: self.mailbox,
            folder,
            head,
            esk: Esk::from_octets(octets(1200)),
            flags: 1,
            size: 10_000,
            received_at: NOW,
            visible_at: later(30),
            message_id: Some(hash()),
            server_copy: folder == FolderRole::Sent,
            summary: None,
            counted: true,
            mac: mac(),
        }
    }

    fn delivery(&self, message: MessageId, head: ObjectId) -> DeliveryRow {
        DeliveryRow {
            id: DeliveryId::random(&Seeded),
            practice: self.practice,
            mailbox: self.mailbox,
            message,
            head,
            patient: Some(PatientId::random(&Seeded)),
            state: DeliveryState::Queued,
            failure: None,
            coordinates: Some(sealed()),
            address_hash: hash(),
            number_hash: hash(),
            thread: sealed(),
            subject: Some(sealed()),
            esk: Some(Esk::from_octets(octets(90))),
            ticket_hash: hash(),
            ticket: Some(sealed()),
            mac: mac(),
            tries: 0,
            paused_until: Timestamp(0),
            created_at: NOW,
            notified_at: None,
            opened_at: None,
            downloaded_at: None,
            ended_at: None,
            expires_at: later(30 * 24 * 3600),
            report: Some(sealed()),
            suspended_at: None,
        }
    }

    /// A letter in the database; its delivery as inserted.
    pub async fn sent(&self, store: &Store) -> DeliveryRow {
        let letter = self.letter(1000);
        let delivery = letter.deliveries[0].0.clone();
        store.deposit(letter).await.unwrap();
        delivery
    }
}

pub fn challenge_row(delivery: DeliveryId, browser: &KeyedHash) -> ChallengeRow {
    ChallengeRow {
        id: ChallengeId::random(&Seeded),
        delivery,
        browser: browser.clone(),
        channel: Channel::Sms,
        letters: "KT".to_owned(),
        code: Some(mac()),
        digits: Some(sealed()),
        tries: 0,
        sent: SendState::Pending,
        created_at: NOW,
        expires_at: later(600),
        used_at: None,
        failure: None,
        language: Language::Fr,
        prefix: None,
        due_at: None,
        seen_at: Timestamp(0),
        pressed_at: Timestamp(0),
    }
}

/// A transaction of one call.
pub async fn write<T>(store: &Store, verb: Verb, work: impl AsyncFnOnce(&mut Tx) -> T) -> T {
    let mut tx = store.write("test").await.unwrap();
    let done = work(&mut tx).await;
    tx.commit(event(verb)).await.unwrap();
    done
}
