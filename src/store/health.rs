//! A database and an object store as somebody finds them who looks and changes nothing.
//!
//! Nothing is migrated or made here: what is not there yet is said to be not there.

use std::path::Path;
use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions, PgPool, SqlitePool};

use super::Store;
use super::objects;
use super::pools::MIGRATIONS;
use super::value::{Plain, Row, Trouble};
use crate::domain::{Container, Fault, ObjectId, SecretText, Timestamp};

/// A database as it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseState {
    /// There is no file yet; the first command or the server makes it.
    Missing,
    /// One that answers.
    There(DatabaseFound),
}

/// What an answering database tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseFound {
    /// Migrations of this program that it has not got.
    pub behind: usize,
    /// Migrations it has that this program does not know.
    pub ahead: usize,
    /// What SQLite's quick check says, unless all is well.
    pub damage: Option<String>,
    /// Its own clock, where it has one (PostgreSQL).
    pub clock: Option<Timestamp>,
    /// Where what was erased lives on (PostgreSQL): whether write-ahead logs are archived, and how many replicas.
    pub copies: Option<(bool, i64)>,
}

/// Looks at a database, without changing anything.
///
/// # Errors
/// A [`Fault`] when it does not answer; a malformed setting.
pub async fn examine_database(database: &SecretText, data: &Path) -> Result<DatabaseState, Fault> {
    let url = database.reveal();
    let Some(file) = url.strip_prefix("sqlite:") else {
        let options = PgConnectOptions::from_str(url).map_err(|_| Fault::new("the address is not understood"))?;
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
        let pool = pool.connect_with(options.disable_statement_logging()).await.map_err(Trouble::from)?;
        let found = postgres(&pool).await;
        pool.close().await;
        return Ok(DatabaseState::There(found?));
    };
    let path = data.join(file);
    if !path.exists() {
        return Ok(DatabaseState::Missing);
    }
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(false).pragma("query_only", "ON");
    let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
    let pool = pool.connect_with(options.disable_statement_logging()).await.map_err(Trouble::from)?;
    let found = sqlite(&pool).await;
    pool.close().await;
    Ok(DatabaseState::There(found?))
}

async fn postgres(pool: &PgPool) -> Result<DatabaseFound, Trouble> {
    let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now, \
               CAST(CASE WHEN current_setting('archive_mode') = 'off' THEN 0 ELSE 1 END AS BIGINT) AS archived, \
               (SELECT COUNT(*) FROM pg_stat_replication) AS replicas";
    let row = Row::Postgres(sqlx::query(sql).fetch_one(pool).await?);
    let made = "SELECT COUNT(*) AS n FROM pg_tables WHERE tablename = '_sqlx_migrations'";
    let made: i64 = Row::Postgres(sqlx::query(made).fetch_one(pool).await?).read("n")?;
    let applied = match made {
        0 => Vec::new(),
        _ => sqlx::query(APPLIED).fetch_all(pool).await?.into_iter().map(Row::Postgres).collect(),
    };
    let (behind, ahead) = compared(&applied)?;
    let copies = Some((row.read::<i64>("archived")? != 0, row.read("replicas")?));
    Ok(DatabaseFound { behind, ahead, damage: None, clock: Some(row.read("now")?), copies })
}

async fn sqlite(pool: &SqlitePool) -> Result<DatabaseFound, Trouble> {
    let said = sqlx::query("PRAGMA quick_check(1)").fetch_all(pool).await;
    let said = match said {
        Ok(rows) => rows.into_iter().map(|row| Row::Sqlite(row).read::<String>("quick_check")).next(),
        // A file that is no database at all.
        Err(sqlx::Error::Database(error)) if matches!(error.code().as_deref(), Some("26" | "11")) => {
            Some(Ok("it is not a database, or torn".to_owned()))
        }
        Err(error) => return Err(error.into()),
    };
    let damage = said.transpose()?.filter(|said| said != "ok");
    if damage.is_some() {
        return Ok(DatabaseFound { behind: 0, ahead: 0, damage, clock: None, copies: None });
    }
    let made = "SELECT COUNT(*) AS n FROM sqlite_master WHERE name = '_sqlx_migrations'";
    let made: i64 = Row::Sqlite(sqlx::query(made).fetch_one(pool).await?).read("n")?;
    let applied = match made {
        0 => Vec::new(),
        _ => sqlx::query(APPLIED).fetch_all(pool).await?.into_iter().map(Row::Sqlite).collect(),
    };
    let (behind, ahead) = compared(&applied)?;
    Ok(DatabaseFound { behind, ahead, damage: None, clock: None, copies: None })
}

/// How many of ours are missing there, and how many of theirs here.
fn compared(applied: &[Row]) -> Result<(usize, usize), Trouble> {
    let versions: Vec<i64> = applied.iter().map(|row| row.read("version")).collect::<Result<_, _>>()?;
    let known: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
    let behind = known.iter().filter(|version| !versions.contains(version)).count();
    let ahead = versions.iter().filter(|version| !known.contains(version)).count();
    Ok((behind, ahead))
}

/// Writes an object of no message, reads it and deletes it; makes no folder.
///
/// # Errors
/// A [`Fault`]: the folder is not there or not the one that was in use, the store is full, away, or refuses.
pub async fn examine_objects(setting: &SecretText, data: &Path, id: ObjectId) -> Result<(), Fault> {
    if let Some(folder) = setting.reveal().strip_prefix("file:") {
        let folder = data.join(folder);
        if !folder.is_dir() {
            return Err(Fault::new("the folder is not there: is its disk mounted?"));
        }
        if !folder.join(objects::MARK).is_dir() {
            return Err(Fault::new("the folder is not the one that was in use: is its disk mounted?"));
        }
    }
    let (store, _) = objects::open(setting.reveal(), data).await.map_err(|error| match error {
        super::OpenError::Fault(fault) => fault,
        super::OpenError::Setting(what) => Fault::new(what),
        super::OpenError::Newer => Fault::new("the objects were written by a newer version"),
    })?;
    Ok(objects::probe(store.as_ref(), id, Container::from_octets(id.to_string().into_bytes())).await?)
}

impl Store {
    /// When something was last done, as the journal has it; the word is one of [`crate::domain::Verb`], or of a newer program.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn last_event(&self, word: &str) -> Result<Option<Timestamp>, Fault> {
        let named = format!("% verb={word} %");
        let sql = "SELECT at FROM audit_events WHERE line LIKE $1 ORDER BY at DESC LIMIT 1";
        let row = self.row(sql, &[Plain(&named).into()]).await?;
        Ok(row.map(|row| row.read("at")).transpose()?)
    }
}

const APPLIED: &str = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";
/// How long a database may take to answer.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
