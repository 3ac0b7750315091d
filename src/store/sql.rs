//! Two pools behind one face: connections, transactions, the one commit.
//!
//! This file and `pools` alone ask which database it is. SQLite: one writer connection, begun with `BEGIN IMMEDIATE`
//! so that nobody is told "locked" in the middle, and readers that cannot write. PostgreSQL: READ COMMITTED,
//! with every race decided inside a statement. SQL texts are `&'static str` and the same for both.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use object_store::ObjectStore;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Either, Executor as _, Postgres, Sqlite, Transaction};
use tokio::sync::mpsc;

use super::deposit::Waiting;
use super::pools::Pools;
use super::value::{Cell, Kind, Param, Plain, PlainOctets, Row, Trouble};
use super::{deposit, objects};
use crate::domain::{AuditEvent, Count, Fault, Figures, Label, MailboxId, SecretText};

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
pub struct Store {
    pub(super) inner: Arc<Inner>,
    /// To the task that commits deposits; it ends when the last store is dropped.
    pub(super) deposits: mpsc::Sender<Waiting>,
}

/// What the store and its writer task share.
pub(super) struct Inner {
    pools: Pools,
    pub(super) objects: Arc<dyn ObjectStore>,
    /// What tells that the folder of objects is there, where they are in files.
    pub(super) mark: Option<PathBuf>,
    pub(super) node: String,
    pub(super) chain: ChainMac,
    /// Verify what the chain's key did not make.
    pub(super) older: std::sync::RwLock<Vec<super::audit::OlderChain>>,
    pub(super) watches: Arc<super::changes::Watches>,
    /// Counts faults, and how long deposits take.
    pub(super) figures: Figures,
    /// Whether a checkpoint after expunges is on its way already.
    shred_planned: AtomicBool,
    /// Keys were erased, and a reader kept the files from being cleaned of them.
    shred_due: AtomicBool,
}

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

impl From<Trouble> for OpenError {
    fn from(trouble: Trouble) -> Self {
        Self::Fault(trouble.into())
    }
}

impl Store {
    /// Opens the database (creating an SQLite file with mode 0600), applies migrations, opens the object store.
    ///
    /// SQLite: WAL, `synchronous=FULL`, `secure_delete=ON`, `foreign_keys=ON`, one writer connection and several readers.
    ///
    /// # Errors
    /// [`OpenError`]; nothing is changed in a database from a newer version.
    pub async fn open(options: StoreOptions) -> Result<Self, OpenError> {
        let pools = Pools::open(options.database.reveal(), &options.data).await?;
        let (objects, mark) = objects::open(options.objects.reveal(), &options.data).await?;
        let inner = Arc::new(Inner {
            pools,
            objects,
            mark,
            node: options.node,
            chain: options.chain,
            older: std::sync::RwLock::default(),
            watches: Arc::default(),
            figures: Figures::default(),
            shred_planned: AtomicBool::new(false),
            shred_due: AtomicBool::new(false),
        });
        inner
            .change(
                "INSERT INTO audit_chains (node, seq, head_mac) VALUES ($1, 0, $2) ON CONFLICT (node) DO NOTHING",
                &[Plain(&inner.node).into(), PlainOctets(&[]).into()],
            )
            .await?;
        let (deposits, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(deposit::write_groups(Arc::clone(&inner), waiting));
        Ok(Self { inner, deposits })
    }

    /// Begins a named write transaction (`BEGIN IMMEDIATE` on SQLite).
    ///
    /// # Errors
    /// A transient [`Fault`] when the database is away or busy.
    pub async fn write(&self, name: &'static str) -> Result<Tx, Fault> {
        let conn = self.inner.begin().await?;
        tracing::trace!(name, "write transaction");
        Ok(Tx { conn, inner: Arc::clone(&self.inner), touched: Vec::new(), grown: BTreeMap::new(), noted: Vec::new() })
    }

    /// The node whose chain of the journal this store writes.
    pub fn node(&self) -> &str {
        &self.inner.node
    }

    /// A value of `meta`.
    ///
    /// # Errors
    /// [`Fault`] of the database.
    pub async fn meta(&self, name: &'static str) -> Result<Option<Vec<u8>>, Fault> {
        let row = self.inner.row("SELECT value FROM meta WHERE name = $1", &[Plain(name).into()]).await?;
        Ok(row.map(|row| row.read("value")).transpose()?)
    }

    /// After a batch that destroyed keys: on SQLite a truncating checkpoint, so that the octets are gone from the files.
    ///
    /// # Errors
    /// [`Fault`] of the database; transient while a reader still holds the old pages.
    pub async fn shred(&self) -> Result<(), Fault> {
        let Pools::Sqlite { writer, .. } = &self.inner.pools else { return Ok(()) };
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(writer).await;
        let row = self.inner.noted(row.map_err(Trouble::from))?;
        match Row::Sqlite(row).read::<i64>("busy")? {
            0 => Ok(()),
            _ => Err(Fault::new("the erased keys are still in the write-ahead log: a reader holds it").transient()),
        }
    }

    /// The same for a verb whose change is committed: what cannot be cleaned now is said once and done by
    /// [`Store::shred_due`].
    pub async fn shred_soon(&self) {
        if let Err(fault) = self.shred().await {
            tracing::warn!(%fault, "erased keys are cleaned from the files a little later");
            self.inner.shred_due.store(true, Ordering::Relaxed);
        }
    }

    /// Cleans what [`Store::shred_soon`] could not.
    ///
    /// # Errors
    /// As [`Store::shred`]; it stays due then.
    pub async fn shred_due(&self) -> Result<(), Fault> {
        if self.inner.shred_due.load(Ordering::Relaxed) {
            self.shred().await?;
            self.inner.shred_due.store(false, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The same a few seconds from now, once for all who ask until then: expunges come in storms.
    pub fn shred_later(&self) {
        if matches!(self.inner.pools, Pools::Postgres(_)) || self.inner.shred_planned.swap(true, Ordering::SeqCst) {
            return;
        }
        let store = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(SHRED_PAUSE).await;
            store.inner.shred_planned.store(false, Ordering::SeqCst);
            store.shred_soon().await;
        });
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// A transient [`Fault`] when it is away or busy.
    pub async fn ping(&self) -> Result<(), Fault> {
        Ok(self.inner.row("SELECT 1 AS one", &[]).await.map(drop)?)
    }

    /// What is counted here: faults of the database and the object store, and how long deposits take.
    pub fn figures(&self) -> &Figures {
        &self.inner.figures
    }

    /// Closes the pools.
    pub async fn close(&self) {
        match &self.inner.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// One row of a reading statement.
    pub(super) async fn row(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Option<Row>, Trouble> {
        self.inner.row(sql, params).await
    }

    /// All rows of a reading statement.
    pub(super) async fn rows(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<Row>, Trouble> {
        self.inner.rows(sql, params).await
    }
}

impl Inner {
    async fn row(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Option<Row>, Trouble> {
        let row = async {
            bounded(params)?;
            Ok(match &self.pools {
                Pools::Sqlite { readers, .. } => sqlite(sql, params).fetch_optional(readers).await?.map(Row::Sqlite),
                Pools::Postgres(pool) => in_time(postgres(sql, params).fetch_optional(pool)).await?.map(Row::Postgres),
            })
        };
        self.noted(row.await)
    }

    pub(super) async fn rows(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<Row>, Trouble> {
        let rows = async {
            bounded(params)?;
            Ok(match &self.pools {
                Pools::Sqlite { readers, .. } => {
                    sqlite(sql, params).fetch_all(readers).await?.into_iter().map(Row::Sqlite).collect()
                }
                Pools::Postgres(pool) => {
                    in_time(postgres(sql, params).fetch_all(pool)).await?.into_iter().map(Row::Postgres).collect()
                }
            })
        };
        self.noted(rows.await)
    }

    /// Counts a fault of the database.
    fn noted<T>(&self, outcome: Result<T, Trouble>) -> Result<T, Trouble> {
        outcome.inspect_err(|trouble| note(&self.figures, "database", trouble))
    }

    /// Counts a fault of the object store.
    pub(super) fn noted_object<T>(&self, outcome: Result<T, Trouble>) -> Result<T, Trouble> {
        outcome.inspect_err(|trouble| note(&self.figures, "objects", trouble))
    }

    /// One statement that writes and is its own transaction, for what nobody sees: leases and founding rows.
    pub(super) async fn change(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<Row>, Trouble> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => {
                bounded(params)?;
                let rows = self.noted(sqlite(sql, params).fetch_all(writer).await.map_err(Trouble::from))?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Pools::Postgres(_) => self.rows(sql, params).await,
        }
    }

    /// Begins a transaction that writes.
    pub(super) async fn begin(&self) -> Result<Conn, Trouble> {
        let open = match &self.pools {
            Pools::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await.map(Open::Sqlite),
            Pools::Postgres(pool) => in_time(pool.begin()).await.map(Open::Postgres),
        };
        self.noted(open.map_err(Trouble::from)).map(|open| Conn { open, figures: self.figures.clone() })
    }

    /// Begins a transaction that reads one state of the database throughout.
    pub(super) async fn snapshot(&self) -> Result<Conn, Trouble> {
        let open = match &self.pools {
            Pools::Sqlite { readers, .. } => readers.begin_with("BEGIN DEFERRED").await.map(Open::Sqlite),
            Pools::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                in_time(pool.begin_with(begin)).await.map(Open::Postgres)
            }
        };
        self.noted(open.map_err(Trouble::from)).map(|open| Conn { open, figures: self.figures.clone() })
    }
}

/// A write transaction. Dropped without [`Tx::commit`], it is rolled back.
pub struct Tx {
    pub(super) conn: Conn,
    pub(super) inner: Arc<Inner>,
    /// Mailboxes whose sessions are told once this is committed.
    pub(super) touched: Vec<(MailboxId, i64)>,
    /// Octets that came to mailboxes, or went.
    pub(super) grown: BTreeMap<MailboxId, i64>,
    /// Events beside the one that the commit names.
    pub(super) noted: Vec<AuditEvent>,
}

impl Tx {
    /// Writes the event to the journal's chain and commits everything.
    ///
    /// # Errors
    /// [`Fault`]; then nothing was changed.
    pub async fn commit(mut self, event: AuditEvent) -> Result<(), Fault> {
        self.write_grown().await?;
        let events: Vec<&AuditEvent> = self.noted.iter().chain([&event]).collect();
        self.inner.append(&mut self.conn, &events).await?;
        self.conn.commit().await?;
        self.inner.tell(&self.touched);
        Ok(())
    }

    /// Has the commit write this event too.
    pub fn note(&mut self, event: AuditEvent) {
        self.noted.push(event);
    }

    /// Sets a value of `meta`, once; an existing one stays.
    ///
    /// # Errors
    /// [`Fault`] of the database.
    pub async fn set_meta(&mut self, name: &'static str, value: &[u8]) -> Result<(), Fault> {
        self.conn
            .execute(
                "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
                &[Plain(name).into(), PlainOctets(value).into()],
            )
            .await?;
        Ok(())
    }
}

/// A statement and its parameters, to be run with others.
pub(super) struct Step<'a> {
    pub(super) sql: &'static str,
    pub(super) params: Vec<Param<'a>>,
}

/// A connection inside a transaction.
pub(super) struct Conn {
    open: Open,
    figures: Figures,
}

enum Open {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Conn {
    /// How many rows a statement changed.
    pub(super) async fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, Trouble> {
        bounded(params)?;
        let done = match &mut self.open {
            Open::Sqlite(tx) => sqlite(sql, params).execute(&mut **tx).await.map(|done| done.rows_affected()),
            Open::Postgres(tx) => {
                in_time(postgres(sql, params).execute(&mut **tx)).await.map(|done| done.rows_affected())
            }
        };
        self.noted(done)
    }

    /// The row of a statement, when there is one.
    pub(super) async fn row(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Option<Row>, Trouble> {
        bounded(params)?;
        let row = match &mut self.open {
            // `fetch_all`, not `fetch_optional`: an UPDATE … RETURNING of SQLite is done only when stepped to its end.
            Open::Sqlite(tx) => {
                let rows = sqlite(sql, params).fetch_all(&mut **tx).await;
                rows.map(|rows| rows.into_iter().next().map(Row::Sqlite))
            }
            Open::Postgres(tx) => {
                let row = in_time(postgres(sql, params).fetch_optional(&mut **tx)).await;
                row.map(|row| row.map(Row::Postgres))
            }
        };
        self.noted(row)
    }

    /// All rows of a statement.
    pub(super) async fn rows(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<Row>, Trouble> {
        bounded(params)?;
        let rows = match &mut self.open {
            Open::Sqlite(tx) => {
                let rows = sqlite(sql, params).fetch_all(&mut **tx).await;
                rows.map(|rows| rows.into_iter().map(Row::Sqlite).collect())
            }
            Open::Postgres(tx) => {
                let rows = in_time(postgres(sql, params).fetch_all(&mut **tx)).await;
                rows.map(|rows| rows.into_iter().map(Row::Postgres).collect())
            }
        };
        self.noted(rows)
    }

    /// Runs statements one after the other; the rows of each. SQLite gets them as one text: each statement by itself
    /// would be a way to its thread and back, which costs more than most of them.
    pub(super) async fn run(&mut self, steps: &[Step<'_>]) -> Result<Vec<Vec<Row>>, Trouble> {
        for step in steps {
            bounded(&step.params)?;
        }
        let all = match &mut self.open {
            Open::Sqlite(tx) => {
                let mut all = Vec::with_capacity(steps.len());
                for steps in steps.chunks(TOGETHER) {
                    let params = steps.iter().flat_map(|step| &step.params);
                    let query = sqlx::query(AssertSqlSafe(joined(steps)));
                    let query = params.fold(query, |query, param| param.bind_sqlite(query));
                    // Of the trait: the query's own is deprecated, as one that no other database has.
                    let mut ran = (&mut **tx).fetch_many(query);
                    let mut rows = Vec::new();
                    loop {
                        match ran.try_next().await {
                            Ok(Some(Either::Right(row))) => rows.push(Row::Sqlite(row)),
                            // The end of a statement.
                            Ok(Some(Either::Left(_))) => all.push(std::mem::take(&mut rows)),
                            Ok(None) => break,
                            Err(error) => {
                                drop(ran);
                                return self.noted(Err(error));
                            }
                        }
                    }
                }
                all
            }
            Open::Postgres(tx) => {
                let mut all = Vec::with_capacity(steps.len());
                for Step { sql, params } in steps {
                    let rows = in_time(postgres(sql, params).fetch_all(&mut **tx)).await;
                    all.push(match rows {
                        Ok(rows) => rows.into_iter().map(Row::Postgres).collect(),
                        Err(error) => return self.noted(Err(error)),
                    });
                }
                all
            }
        };
        if all.len() != steps.len() {
            return Err(Trouble::new("statements and their answers do not match", "count"));
        }
        Ok(all)
    }

    /// The columns of a table, in their order.
    pub(super) async fn columns(&mut self, table: &'static str) -> Result<Vec<(String, Kind)>, Trouble> {
        let sql = match &self.open {
            Open::Sqlite(_) => "SELECT name, type FROM pragma_table_info($1) ORDER BY cid",
            Open::Postgres(_) => {
                "SELECT CAST(column_name AS TEXT) AS name, upper(CAST(data_type AS TEXT)) AS type \
                 FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 \
                 ORDER BY ordinal_position"
            }
        };
        let read = |row: &Row| {
            let kind = match row.read::<String>("type")?.as_str() {
                "TEXT" => Kind::Text,
                "BIGINT" => Kind::Int,
                "BYTEA" => Kind::Octets,
                other => return Err(Trouble::new("a column is of no kind that is known here", other.to_owned())),
            };
            Ok((row.read("name")?, kind))
        };
        self.rows(sql, &[Plain(table).into()]).await?.iter().map(read).collect()
    }

    /// Every row of a table, one after the other; returns how many.
    pub(super) async fn each(
        &mut self,
        table: &'static str,
        columns: &[(String, Kind)],
        mut with: impl AsyncFnMut(Vec<Cell>) -> Result<(), Trouble>,
    ) -> Result<u64, Trouble> {
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        // Names of the schema, which are ours.
        let sql = format!("SELECT {} FROM {table}", names.join(", "));
        let cells = |row: &Row| {
            columns.iter().enumerate().map(|(at, (_, kind))| row.cell(at, *kind)).collect::<Result<Vec<_>, _>>()
        };
        let mut many = 0;
        match &mut self.open {
            Open::Sqlite(tx) => {
                let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await? {
                    with(cells(&Row::Sqlite(row))?).await?;
                    many += 1;
                }
            }
            Open::Postgres(tx) => {
                let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await? {
                    with(cells(&Row::Postgres(row))?).await?;
                    many += 1;
                }
            }
        }
        Ok(many)
    }

    /// Inserts a row of a dump, by a statement made of names of the schema.
    pub(super) async fn insert_cells(&mut self, sql: &str, params: &[Param<'_>]) -> Result<(), Trouble> {
        let sql = AssertSqlSafe(sql.to_owned());
        match &mut self.open {
            Open::Sqlite(tx) => {
                let query = params.iter().fold(sqlx::query(sql), |query, param| param.bind_sqlite(query));
                query.execute(&mut **tx).await?;
            }
            Open::Postgres(tx) => {
                let query = params.iter().fold(sqlx::query(sql), |query, param| param.bind_postgres(query));
                query.execute(&mut **tx).await?;
            }
        }
        Ok(())
    }

    /// Makes the transaction durable. Called by [`Tx::commit`] and the writer of deposits, after the journal.
    pub(super) async fn commit(self) -> Result<(), Trouble> {
        let Self { open, figures } = self;
        let done = match open {
            Open::Sqlite(tx) => tx.commit().await,
            Open::Postgres(tx) => in_time(tx.commit()).await,
        };
        done.map_err(|error| {
            let trouble = Trouble::from(error);
            note(&figures, "database", &trouble);
            trouble
        })
    }

    fn noted<T>(&self, outcome: Result<T, sqlx::Error>) -> Result<T, Trouble> {
        outcome.map_err(|error| {
            let trouble = Trouble::from(error);
            note(&self.figures, "database", &trouble);
            trouble
        })
    }
}

/// What PostgreSQL answers, unless it hangs: a stopped server or a dead line says nothing for hours.
async fn in_time<T>(asked: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let late = || Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
    tokio::time::timeout(ANSWER, asked).await.unwrap_or_else(|_| late())
}

/// Counts a fault; what is run again at once is none.
fn note(figures: &Figures, store: &'static str, trouble: &Trouble) {
    if !trouble.again() {
        let passing = if trouble.is_transient() { "yes" } else { "no" };
        figures.count(Count::StoreFault, &[Label::Word(store), Label::Word(passing)]);
    }
}

/// No value comes near the lengths at which wire formats wrap (fault 30): what is larger is refused here.
fn bounded(params: &[Param<'_>]) -> Result<(), Trouble> {
    match params.iter().any(|param| param.octets() > LARGEST) {
        true => Err(Trouble::new("a value is too large for the database", "more than 256 MiB")),
        false => Ok(()),
    }
}

/// Statements as one text, whose parameters count on from one to the next.
fn joined(steps: &[Step<'_>]) -> String {
    let mut text = String::with_capacity(steps.iter().map(|step| step.sql.len() + 16).sum());
    let mut before = 0;
    for Step { sql, params } in steps {
        let mut parts = sql.split('$');
        text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            // Of our own statements: `$` stands for nothing else there.
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = part.split_at(digits);
            let number: usize = number.parse().unwrap_or_default();
            text.push_str(&format!("${}{rest}", before + number));
        }
        text.push(';');
        before += params.len();
    }
    text
}

fn sqlite<'q>(sql: &'static str, params: &[Param<'_>]) -> Query<'q, Sqlite, SqliteArguments> {
    params.iter().fold(sqlx::query(sql), |query, param| param.bind_sqlite(query))
}

fn postgres<'q>(sql: &'static str, params: &[Param<'_>]) -> Query<'q, Postgres, PgArguments> {
    params.iter().fold(sqlx::query(sql), |query, param| param.bind_postgres(query))
}

/// The largest value that is handed to a database. PostgreSQL holds a gigabyte; ours are of some MiB.
const LARGEST: usize = 256 * 1024 * 1024;

/// How long PostgreSQL may take for one statement.
const ANSWER: Duration = Duration::from_secs(60);
/// Statements in one text. Each text is kept with its statements, a hundred texts a connection: what is longer comes as
/// pieces of this length, which are the same every time.
const TOGETHER: usize = 16;
/// Between an expunge and the checkpoint that makes it true.
const SHRED_PAUSE: Duration = Duration::from_secs(3);
/// Deposits that may wait; more wait in their own tasks.
const QUEUE: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    /// faults.md row 30 (sqlx RUSTSEC-2024-0363): lengths that wrap on the wire smuggle statements.
    #[test]
    fn fault_30_a_huge_value_is_refused_before_it_reaches_a_database() {
        let (most, more) = (vec![0; LARGEST], vec![0; LARGEST + 1]);
        assert!(bounded(&[PlainOctets(&most).into(), 1.into()]).is_ok());
        assert!(bounded(&[1.into(), PlainOctets(&more).into()]).is_err());
        let text = String::from_utf8(more).expect("zeros are text");
        assert!(bounded(&[Plain(&text).into()]).is_err());
    }

    #[test]
    fn parameters_count_on_from_one_statement_to_the_next() {
        let step = |sql, many| Step { sql, params: vec![1.into(); many] };
        let steps =
            [step("UPDATE a SET b = $2 WHERE c = $1", 2), step("SELECT 1", 0), step("VALUES ($1, $1, $12x)", 12)];
        assert_eq!(joined(&steps), "UPDATE a SET b = $2 WHERE c = $1;SELECT 1;VALUES ($3, $3, $14x);");
    }
}
