//! The whole database as one file, for backups: every table in one state, and back into an empty database.
//!
//! The file is the same for SQLite and PostgreSQL, so a backup of one comes back into the other. What is sealed stays
//! sealed; the file says nothing that the database does not. The format: a line `PLI DUMP 1`; for each table `T`, the
//! length of a JSON text as a big-endian u32, the text (`table`, `columns`); for each row `R` and a cell for each
//! column: `0` for NULL, `1` and a length and a text, `2` and a big-endian i64, `3` and a length and octets; at the end
//! `E` and the number of rows as a big-endian u64.

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::sql::Conn;
use super::value::{Cell, Param, Plain, PlainOctets, Row, Trouble};
use super::{Store, Tx};
use crate::domain::{Fault, ObjectId};

/// Every table, those first that others refer to.
pub const TABLES: &[&str] = &[
    "meta",
    "practices",
    "domains",
    "mailboxes",
    "devices",
    "former_devices",
    "slots",
    "send_as",
    "rates",
    "folders",
    "mailbox_changes",
    "patients",
    "messages",
    "objects",
    "entries",
    "expunges",
    "deposit_keys",
    "summaries",
    "quotas",
    "deliveries",
    "holds",
    "asides",
    "link_visits",
    "learned_numbers",
    "signature_numbers",
    "downloads",
    "replies",
    "reply_copies",
    "answers",
    "challenges",
    "sends",
    "spendings",
    "breakers",
    "numbers",
    "portal_sessions",
    "remembered_browsers",
    "outbox",
    "cloud_clients",
    "failed_logins",
    "imports",
    "import_folders",
    "waiting_names",
    "key_holders",
    "former_keys",
    "audit_chains",
    "audit_events",
];

/// What a dump holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dumped {
    /// Rows of all tables.
    pub rows: u64,
    /// The containers that are not in rows, with their octets.
    pub objects: Vec<(ObjectId, i64)>,
    /// The head of each chain of the journal: node and sequence.
    pub heads: Vec<(String, i64)>,
}

/// What begins a table in the file.
#[derive(Serialize, Deserialize)]
struct Head {
    table: String,
    columns: Vec<String>,
}

impl Store {
    /// The version of the schema that this program writes.
    pub fn schema() -> i64 {
        super::pools::schema()
    }

    /// Writes every row, all of one state of the database.
    ///
    /// # Errors
    /// A [`Fault`] of the database, or of what is written to.
    pub async fn dump(&self, into: &mut (impl AsyncWrite + Unpin + Send)) -> Result<Dumped, Fault> {
        let mut conn = self.inner.snapshot().await?;
        let mut rows = 0_u64;
        put(into, MAGIC).await?;
        for table in TABLES {
            let columns = conn.columns(table).await?;
            let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
            let head = serde_json::to_vec(&Head { table: (*table).to_owned(), columns: names });
            let head = head.map_err(|_| Fault::new("a table cannot be described"))?;
            put(into, &framed(b'T', &head)?).await?;
            rows += conn
                .each(table, &columns, async |cells| {
                    put(into, &encoded(&cells)?).await.map_err(|_| Trouble::new(CANNOT_WRITE, "row").transient())
                })
                .await?;
        }
        put(into, &[b"E".as_slice(), &rows.to_be_bytes()].concat()).await?;
        into.flush().await.map_err(cannot_write)?;
        let sql = "SELECT id, size FROM objects WHERE container IS NULL ORDER BY id";
        let object = |row: &Row| Ok((row.read("id")?, row.read("size")?));
        let objects = conn.rows(sql, &[]).await?.iter().map(object).collect::<Result<_, Trouble>>()?;
        let head = |row: &Row| Ok((row.read("node")?, row.read("seq")?));
        let heads = conn.rows("SELECT node, seq FROM audit_chains ORDER BY node", &[]).await?;
        let heads = heads.iter().map(head).collect::<Result<_, Trouble>>()?;
        Ok(Dumped { rows, objects, heads })
    }

    /// Whether nothing is in the database yet but what opening it writes.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn is_empty(&self) -> Result<bool, Fault> {
        let sql = "SELECT (SELECT COUNT(*) FROM practices) + (SELECT COUNT(*) FROM mailboxes) \
                   + (SELECT COUNT(*) FROM messages) AS things";
        let row = self.row(sql, &[]).await?.ok_or(Fault::new("a count gave no row"))?;
        Ok(row.read::<i64>("things")? == 0)
    }
}

impl Tx {
    /// Reads a dump into an empty database; returns how many rows.
    ///
    /// # Errors
    /// A [`Fault`] for a file that is not whole or not of this schema, or of the database.
    pub async fn load(&mut self, from: &mut (impl AsyncRead + Unpin + Send)) -> Result<u64, Fault> {
        let not_whole = || Fault::new("the dump is not whole");
        let mut magic = [0; MAGIC.len()];
        from.read_exact(&mut magic).await.map_err(|_| not_whole())?;
        if magic != *MAGIC {
            return Err(Fault::new("not a dump of pli"));
        }
        // What opening the database wrote.
        for sql in
            ["DELETE FROM audit_events", "DELETE FROM audit_chains", "DELETE FROM meta", "DELETE FROM key_holders"]
        {
            self.conn.execute(sql, &[]).await?;
        }
        let mut rows = 0_u64;
        let mut here: Option<Target> = None;
        loop {
            match from.read_u8().await.map_err(|_| not_whole())? {
                b'T' => {
                    let head: Head =
                        serde_json::from_slice(&octets(from, MOST_HEAD).await?).map_err(|_| not_whole())?;
                    here = Some(Target::find(&mut self.conn, &head).await?);
                }
                b'R' => {
                    let target = here.as_ref().ok_or_else(not_whole)?;
                    let mut cells = Vec::with_capacity(target.kinds.len());
                    for kind in &target.kinds {
                        cells.push(cell(from, *kind).await?);
                    }
                    let params: Vec<Param<'_>> =
                        cells.iter().zip(&target.kinds).map(|(cell, kind)| Param::cell(cell, *kind)).collect();
                    self.conn.insert_cells(&target.sql, &params).await?;
                    rows += 1;
                }
                b'E' => {
                    let told = from.read_u64().await.map_err(|_| not_whole())?;
                    let over = from.read_u8().await.is_err();
                    return if told == rows && over { Ok(rows) } else { Err(not_whole()) };
                }
                _ => return Err(not_whole()),
            }
        }
    }

    /// Makes sure that this node's chain of the journal is there, and says at which event it stands.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn keep_chain(&mut self, node: &str) -> Result<(), Fault> {
        let sql = "INSERT INTO audit_chains (node, seq, head_mac) VALUES ($1, 0, $2) ON CONFLICT (node) DO NOTHING";
        self.conn.execute(sql, &[Plain(node).into(), PlainOctets(&[]).into()]).await?;
        Ok(())
    }
}

/// A table that rows are read into.
struct Target {
    sql: String,
    kinds: Vec<super::value::Kind>,
}

impl Target {
    /// The names are the schema's own: nothing of the file goes into a statement that is not there already.
    async fn find(conn: &mut Conn, head: &Head) -> Result<Self, Fault> {
        let other = || Fault::new("the dump is of another schema");
        let table = TABLES.iter().find(|table| **table == head.table).ok_or_else(other)?;
        let columns = conn.columns(table).await?;
        let known = |name: &String| columns.iter().find(|(known, _)| known == name).ok_or_else(other);
        let used = head.columns.iter().map(known).collect::<Result<Vec<_>, _>>()?;
        if used.len() != columns.len() {
            return Err(other());
        }
        let names: Vec<&str> = used.iter().map(|(name, _)| name.as_str()).collect();
        let places: Vec<String> = (1..=used.len()).map(|at| format!("${at}")).collect();
        let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
        Ok(Self { sql, kinds: used.iter().map(|(_, kind)| *kind).collect() })
    }
}

fn encoded(cells: &[Cell]) -> Result<Vec<u8>, Trouble> {
    let mut out = vec![b'R'];
    for cell in cells {
        let (tag, octets) = match cell {
            Cell::Null => {
                out.push(0);
                continue;
            }
            Cell::Int(number) => {
                out.push(2);
                out.extend_from_slice(&number.to_be_bytes());
                continue;
            }
            Cell::Text(text) => (1, text.as_bytes()),
            Cell::Octets(octets) => (3, octets.as_slice()),
        };
        out.push(tag);
        let length = u32::try_from(octets.len()).map_err(|_| Trouble::new("a value is too long for a dump", "cell"))?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(octets);
    }
    Ok(out)
}

async fn cell(from: &mut (impl AsyncRead + Unpin), kind: super::value::Kind) -> Result<Cell, Fault> {
    use super::value::Kind;
    let not_whole = || Fault::new("the dump is not whole");
    Ok(match (from.read_u8().await.map_err(|_| not_whole())?, kind) {
        (0, _) => Cell::Null,
        (1, Kind::Text) => Cell::Text(String::from_utf8(octets(from, MOST).await?).map_err(|_| not_whole())?),
        (2, Kind::Int) => Cell::Int(from.read_i64().await.map_err(|_| not_whole())?),
        (3, Kind::Octets) => Cell::Octets(octets(from, MOST).await?),
        _ => return Err(not_whole()),
    })
}

/// Octets behind their length.
async fn octets(from: &mut (impl AsyncRead + Unpin), most: usize) -> Result<Vec<u8>, Fault> {
    let not_whole = || Fault::new("the dump is not whole");
    let length = from.read_u32().await.map_err(|_| not_whole())?;
    let length = usize::try_from(length).ok().filter(|length| *length <= most).ok_or_else(not_whole)?;
    let mut octets = vec![0; length];
    from.read_exact(&mut octets).await.map_err(|_| not_whole())?;
    Ok(octets)
}

fn framed(kind: u8, octets: &[u8]) -> Result<Vec<u8>, Fault> {
    let length = u32::try_from(octets.len()).map_err(|_| Fault::new("a table cannot be described"))?;
    Ok([&[kind], length.to_be_bytes().as_slice(), octets].concat())
}

async fn put(into: &mut (impl AsyncWrite + Unpin), octets: &[u8]) -> Result<(), Fault> {
    into.write_all(octets).await.map_err(cannot_write)
}

fn cannot_write(error: std::io::Error) -> Fault {
    Fault::because(CANNOT_WRITE, error.kind().to_string()).transient()
}

const CANNOT_WRITE: &str = "the dump cannot be written";
const MAGIC: &[u8; 11] = b"PLI DUMP 1\n";
/// The longest value: containers in rows have 64 KiB, summaries a few more.
const MOST: usize = 256 * 1024 * 1024;
const MOST_HEAD: usize = 64 * 1024;
