//! Two pools behind one face: connections, transactions, parameters, rows.

use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::{AuditEvent, Fault, SecretText};

/// Authenticates a link of the journal's chain; the key stays in the vault.
pub type ChainMac = Arc<dyn Fn(&[u8]) -> [u8; 32] + Send + Sync>;

/// What a store is opened with.
pub struct StoreOptions {
    /// `sqlite:FILE` (absolute, or relative to `data`) or `postgres://…`.
    pub database: SecretText,
    /// `file:FOLDER` (absolute, or relative to `data`) or `s3://bucket/prefix`.
    pub objects: SecretText,
    /// The data folder.
    pub data: PathBuf,
    /// The node's name: one audit chain each (`serve`, `cli`, …).
    pub node: String,
    /// Authenticates audit events.
    pub chain: ChainMac,
}

/// The database and the object store, opened, migrated and checked.
#[derive(Clone)]
pub struct Store {/* H4 */}

/// Why a store does not open: one clear line each.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database was written by a newer version of Pli.
    #[error("the database was written by a newer version of Pli: install that version, or restore a backup")]
    Newer,
    /// The setting is not understood.
    #[error("{0}")]
    Setting(&'static str),
    /// Anything else.
    #[error("{0}")]
    Fault(#[from] Fault),
}

impl Store {
    /// Opens the database (creating an SQLite file with mode 0600), applies migrations, opens the object store.
    ///
    /// SQLite: WAL, `synchronous=FULL`, `secure_delete=ON`, `foreign_keys=ON`, one writer connection and several readers.
    ///
    /// # Errors
    /// [`OpenError`]; nothing is changed in a database from a newer version.
    pub async fn open(options: StoreOptions) -> Result<Self, OpenError> {
        unimplemented!("{:?}", options.database)
    }

    /// Begins a named write transaction (`BEGIN IMMEDIATE` on SQLite).
    ///
    /// # Errors
    /// A transient [`Fault`] when the database is away or busy.
    pub async fn write(&self, name: &'static str) -> Result<Tx, Fault> {
        unimplemented!("{name}")
    }

    /// A value of `meta`.
    ///
    /// # Errors
    /// [`Fault`] of the database.
    pub async fn meta(&self, name: &'static str) -> Result<Option<Vec<u8>>, Fault> {
        unimplemented!("{name}")
    }

    /// After a batch that destroyed keys: on SQLite a truncating checkpoint, so that the octets are gone from the files.
    ///
    /// # Errors
    /// [`Fault`] of the database.
    pub async fn shred(&self) -> Result<(), Fault> {
        unimplemented!()
    }

    /// Closes the pools.
    pub async fn close(&self) {}
}

/// A write transaction. Dropped without [`Tx::commit`], it is rolled back.
pub struct Tx {/* H4 */}

impl Tx {
    /// Writes the event to the journal's chain and commits everything.
    ///
    /// # Errors
    /// [`Fault`]; then nothing was changed.
    pub async fn commit(self, event: AuditEvent) -> Result<(), Fault> {
        unimplemented!("{event:?}")
    }

    /// Sets a value of `meta`, once; an existing one stays.
    ///
    /// # Errors
    /// [`Fault`] of the database.
    pub async fn set_meta(&mut self, name: &'static str, value: &[u8]) -> Result<(), Fault> {
        unimplemented!("{name} {value:?}")
    }
}
