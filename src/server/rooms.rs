//! The rooms behind the doors, built once: for the server, and for one command of an administrator.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::access::Access;
use crate::config::Config;
use crate::delivery::Deliveries;
use crate::domain::{Actor, AuditEvent, Clock, HolderId, PublicKey, Random, Timestamp, Verb};
use crate::gateway::Gateways;
use crate::mailbox::Mailboxes;
use crate::store::Store;
use crate::texts::Texts;
use crate::vault::{DkimKey, Vault};

use super::StartError;
use super::journal::JournalFile;
use super::ring::{self, Keyring};

/// Everything that verbs need, and the verbs.
#[derive(Clone)]
pub struct Rooms {
    pub(super) store: Store,
    pub(super) vault: Vault,
    pub(super) keyring: Arc<Keyring>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    /// Every text.
    pub texts: Texts,
    /// Mailboxes and devices.
    pub mailboxes: Mailboxes,
    /// Deliveries, practices, the directory, the queue.
    pub deliveries: Deliveries,
    /// The organisation's recovery certificate.
    pub recovery: Option<PublicKey>,
}

impl Rooms {
    /// Opens vault and store as the node `node`; a new database is founded under this root key.
    ///
    /// # Errors
    /// [`StartError`]: the key file, the data folder, the database; another root key than the data's.
    pub async fn open(
        config: &Config,
        node: &str,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, StartError> {
        let ring = ring::read(&config.root_key)?;
        let vault = Vault::with_ring(&ring).map_err(|fault| StartError(format!("root_key: {fault}")))?;
        let recovery = config.recovery.as_deref().map(recovery).transpose()?;
        data_folder(&config.data)?;
        let options = config.store(node, vault.chain_mac());
        let store = Store::open(options).await.map_err(|error| StartError(format!("store.database: {error}")))?;
        let told = |fault: crate::domain::Fault| StartError(format!("store.database: {fault}"));
        if store.meta(CHECK).await.map_err(told)?.is_none() {
            let mut tx = store.write("found").await.map_err(told)?;
            tx.set_meta(CHECK, &vault.check_value()).await.map_err(told)?;
            tx.commit(AuditEvent::new(clock.now(), Actor::Server, Verb::Founded)).await.map_err(told)?;
        }
        // Before the key is compared: a rotation that changes it at this moment sees who has which.
        let id = HolderId::random(random.as_ref());
        let keyring = Keyring::open(&config.root_key, id, (&store, &vault), clock.clone()).await.map_err(told)?;
        // Read again: of two that founded it at once, the first one's stays.
        let check = store.meta(CHECK).await.map_err(told)?.unwrap_or_default();
        if vault.checks(&check).is_none() {
            keyring.close().await;
            store.close().await;
            return Err(StartError(format!(
                "root_key: {}: this root key is not the one the data was sealed with; if it was changed since (pli key \
                 rotate), put the changed file in place",
                config.root_key.display()
            )));
        }
        let texts = Texts::new();
        Ok(Self {
            mailboxes: Mailboxes::new(store.clone(), vault.clone(), clock.clone(), random.clone()),
            deliveries: Deliveries::new(
                store.clone(),
                vault.clone(),
                clock.clone(),
                random.clone(),
                texts.clone(),
                config.delivery(),
            ),
            store,
            vault,
            keyring,
            clock,
            random,
            texts,
            recovery,
        })
    }

    /// The room of logins and codes, for the doors; for a command that reads a mailbox, without providers.
    pub fn access(
        &self,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        gateways: Gateways,
        portal_host: &str,
    ) -> Access {
        Access::new(self.store.clone(), self.vault.clone(), clock, random, self.texts.clone(), gateways, portal_host)
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Names the root key; says nothing of it.
    pub fn root_key_id(&self) -> String {
        self.vault.key_id().to_string()
    }

    /// Writes into the journal what the settings relax.
    pub(super) async fn note_settings(&self, config: &Config, now: Timestamp) -> Result<(), StartError> {
        if !config.cloud_clients.allow {
            return Ok(());
        }
        tracing::warn!("access.cloud_clients: clients that copy mailboxes to a cloud are let in");
        let told = |fault: crate::domain::Fault| StartError(format!("store.database: {fault}"));
        let tx = self.store.write("note settings").await.map_err(told)?;
        tx.commit(AuditEvent::new(now, Actor::Server, Verb::CloudClientsAllowed)).await.map_err(told)
    }

    /// Appends what is new in the journal to a file; returns how many events.
    ///
    /// # Errors
    /// [`StartError`] of the file or the store.
    pub async fn export_journal(&self, file: &Path) -> Result<u64, StartError> {
        JournalFile::open(file).await?.append(&self.store).await
    }

    /// Closes the store.
    pub async fn close(&self) {
        self.keyring.close().await;
        self.store.close().await;
    }
}

/// Reads the key that signs mail.
///
/// # Errors
/// [`StartError`]: the file, its mode, or another kind of key.
pub fn dkim_key(path: &Path) -> Result<DkimKey, StartError> {
    let refused = |what: &str| StartError(format!("dkim.key: {}: {what}", path.display()));
    let metadata = std::fs::metadata(path).map_err(|error| refused(&error.kind().to_string()))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(refused("others can read it; chmod 600"));
    }
    let pem = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| refused(&error.kind().to_string()))?;
    DkimKey::parse(&pem).map_err(|fault| refused(&fault.to_string()))
}

fn recovery(path: &Path) -> Result<PublicKey, StartError> {
    let refused = |what: &str| StartError(format!("keys.recovery: {}: {what}", path.display()));
    let octets = std::fs::read(path).map_err(|error| refused(&error.kind().to_string()))?;
    Vault::parse_recovery(&octets).map_err(|_| refused("this is not a recovery certificate of pli"))
}

fn data_folder(path: &Path) -> Result<(), StartError> {
    let refused = |what: &str| StartError(format!("data: {}: {what}", path.display()));
    match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_dir() => Err(refused("is not a folder")),
        Ok(metadata) if metadata.permissions().mode() & 0o022 != 0 => {
            Err(refused("others can write into it; chmod 700"))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(refused("there is no such folder; make it with mode 700 for the user that runs pli"))
        }
        Err(error) => Err(refused(&error.kind().to_string())),
    }
}

/// Where the database keeps what the root key is recognised by.
pub(super) const CHECK: &str = "root-check";
