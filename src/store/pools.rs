//! The pools of connections: opened, with the settings that durability and erasure ask for, and migrated.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgPool, SqlitePool};

use super::sql::OpenError;
use super::value::Trouble;
use crate::domain::Fault;

/// Connections to the one database or the other.
pub(super) enum Pools {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres(PgPool),
}

impl Pools {
    /// `sqlite:FILE` below the data folder, or `postgres://…`; with the migrations applied.
    pub(super) async fn open(url: &str, data: &Path) -> Result<Self, OpenError> {
        if let Some(file) = url.strip_prefix("sqlite:") {
            if file.is_empty() || file.starts_with("//") || file.contains('?') {
                return Err(OpenError::Setting("the database is written sqlite:FILE, such as sqlite:pli.db"));
            }
            return Self::open_sqlite(&data.join(file)).await;
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Self::open_postgres(url).await;
        }
        Err(OpenError::Setting("the database is sqlite:FILE or postgres://…"))
    }

    async fn open_sqlite(file: &Path) -> Result<Self, OpenError> {
        create_private(file).await?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .pragma("secure_delete", "ON")
            // Four times SQLite's default: fewer checkpoints inside commits; `shred` empties the log anyway.
            .pragma("wal_autocheckpoint", "4000")
            .disable_statement_logging();
        let writer = SqlitePoolOptions::new()
            .min_connections(1)
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .acquire_timeout(PATIENCE)
            // Ids are random: a deposit touches a page of each index, wherever that is.
            .connect_with(options.clone().pragma("cache_size", "-16384"))
            .await
            .map_err(Trouble::from)?;
        let migrated = migrate(|| MIGRATIONS.run(&writer)).await;
        if let Err(error) = migrated {
            writer.close().await;
            return Err(error);
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .acquire_timeout(PATIENCE)
            .connect_with(options.pragma("query_only", "ON"))
            .await
            .map_err(Trouble::from)?;
        Ok(Self::Sqlite { writer, readers })
    }

    async fn open_postgres(url: &str) -> Result<Self, OpenError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| {
                OpenError::Setting("the address of the database is not understood: postgres://user:password@host/name")
            })?
            .application_name("pli")
            .options([("default_transaction_isolation", "read committed"), ("client_min_messages", "warning")])
            .disable_statement_logging();
        // Asked once by itself: the pool would try again and again before it says that nobody is there.
        options.connect().await.map_err(Trouble::from)?.close().await.map_err(Trouble::from)?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            // A connection that has rested is asked first whether it still lives; a busy one pays no round trip.
            .before_acquire(|conn, meta| {
                Box::pin(async move {
                    if meta.idle_for < RESTED {
                        return Ok(true);
                    }
                    Ok(conn.ping().await.is_ok())
                })
            })
            .connect_with(options)
            .await
            .map_err(Trouble::from)?;
        let migrated = migrate(|| MIGRATIONS.run(&pool)).await;
        if let Err(error) = migrated {
            pool.close().await;
            return Err(error);
        }
        Ok(Self::Postgres(pool))
    }
}

/// Applies what is new. Two processes may open a new SQLite file at once: the slower one finds the tables made.
async fn migrate<F: Future<Output = Result<(), MigrateError>>>(run: impl Fn() -> F) -> Result<(), OpenError> {
    // Each race that is lost was won by a process that got further.
    let mut left = 2 * MIGRATIONS.iter().count().saturating_add(1);
    loop {
        left = left.saturating_sub(1);
        match run().await {
            Ok(()) => return Ok(()),
            Err(MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_)) => return Err(OpenError::Newer),
            Err(MigrateError::Execute(_) | MigrateError::ExecuteMigration(..)) if left > 0 => {}
            Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
                return Err(Trouble::from(error).into());
            }
            Err(MigrateError::Dirty(version)) => {
                let fault = Fault::because("a migration of the database was interrupted", format!("version {version}"));
                return Err(fault.into());
            }
            Err(_) => return Err(Fault::new("the database cannot be migrated").into()),
        }
    }
}

/// Creates the file for its owner alone; SQLite gives `-wal` and `-shm` the mode of the database.
async fn create_private(file: &Path) -> Result<(), Fault> {
    let away = |error: std::io::Error| {
        Fault::because("the database file cannot be made", format!("{:?}", error.kind())).transient()
    };
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let opened = options.open(file).await.map_err(away)?;
    let metadata = opened.metadata().await.map_err(away)?;
    use std::os::unix::fs::PermissionsExt as _;
    if metadata.permissions().mode() & 0o077 != 0 {
        opened.set_permissions(std::fs::Permissions::from_mode(0o600)).await.map_err(away)?;
    }
    Ok(())
}

/// The newest version of the schema.
pub(super) fn schema() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// How long SQLite waits for the lock of another process (the command line beside the server).
const BUSY: Duration = Duration::from_secs(10);
/// How long a caller waits for a connection.
const PATIENCE: Duration = Duration::from_secs(20);
/// After this rest a connection to PostgreSQL is asked whether it lives.
const RESTED: Duration = Duration::from_secs(2);
/// Readers of SQLite.
const READERS: u32 = 6;
/// Connections to PostgreSQL.
const CONNECTIONS: u32 = 10;
