//! What goes into SQL and what comes out: typed parameters, typed columns, and faults without values.
//!
//! A parameter is made from an id, an instant, a count, a word, a sealed, hashed, authenticated or
//! public value, or by name from [`Plain`]: there is no `From<&str>` and no `From<Vec<u8>>`, so a
//! person's words cannot slip into a column. A fault holds SQLSTATE or SQLite codes and kinds of
//! errors only: messages of databases quote the values that they refuse.

use std::borrow::Cow;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Postgres, Row as _, Sqlite};

use super::challenges::SendState;
use crate::domain::{
    Aside, CeilingScope, ChallengeId, Channel, Container, DeliveryId, DeliveryState, DepositKeyId, DeviceId,
    DeviceKind, DomainName, EntryId, Esk, FailureClass, Fault, FolderId, FolderRole, HolderId, KeyedHash, Language,
    Mac, MailboxId, MailboxKind, MailboxState, MessageId, ObjectId, PatientId, PatientKind, PracticeId, PublicKey,
    QueueId, Receipts, RememberedId, RemindBy, Sealed, SendAsId, SendId, SentCopy, SentState, SessionId, SlotId,
    Timestamp, Visit, WaitingKind,
};

/// A parameter of a statement. NULL keeps its type, which PostgreSQL asks for.
#[derive(Clone)]
pub struct Param<'a>(Value<'a>);

#[derive(Clone)]
enum Value<'a> {
    Text(Option<Cow<'a, str>>),
    Int(Option<i64>),
    Bytes(Option<&'a [u8]>),
}

/// A text that stands in clear because its column is listed (DESIGN §4): address and name of a mailbox,
/// name of a domain, an address that a mailbox may write as, tag of a device, letters of a challenge, name of a provider, node and line of the journal.
pub struct Plain<'a>(pub &'a str);

/// Octets that stand in clear because their column is listed: a value of `meta`, a link of the journal.
pub(super) struct PlainOctets<'a>(pub(super) &'a [u8]);

/// The three kinds of columns that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Int,
    Octets,
}

/// A value of any column, for a dump: it is copied and never looked at.
pub(super) enum Cell {
    Null,
    Text(String),
    Int(i64),
    Octets(Vec<u8>),
}

impl<'a> Param<'a> {
    /// A value of a dump, for a column of that kind.
    pub(super) fn cell(cell: &'a Cell, kind: Kind) -> Self {
        Self(match (cell, kind) {
            (Cell::Text(text), _) => Value::Text(Some(Cow::Borrowed(text))),
            (Cell::Int(number), _) => Value::Int(Some(*number)),
            (Cell::Octets(octets), _) => Value::Bytes(Some(octets)),
            (Cell::Null, Kind::Text) => Value::Text(None),
            (Cell::Null, Kind::Int) => Value::Int(None),
            (Cell::Null, Kind::Octets) => Value::Bytes(None),
        })
    }
}

impl<'a> From<Plain<'a>> for Param<'a> {
    fn from(text: Plain<'a>) -> Self {
        Self(Value::Text(Some(Cow::Borrowed(text.0))))
    }
}

impl<'a> From<PlainOctets<'a>> for Param<'a> {
    fn from(octets: PlainOctets<'a>) -> Self {
        Self(Value::Bytes(Some(octets.0)))
    }
}

impl From<i64> for Param<'_> {
    fn from(number: i64) -> Self {
        Self(Value::Int(Some(number)))
    }
}

impl From<Option<i64>> for Param<'_> {
    fn from(number: Option<i64>) -> Self {
        Self(Value::Int(number))
    }
}

impl From<Timestamp> for Param<'_> {
    fn from(at: Timestamp) -> Self {
        Self(Value::Int(Some(at.0)))
    }
}

impl From<Option<Timestamp>> for Param<'_> {
    fn from(at: Option<Timestamp>) -> Self {
        Self(Value::Int(at.map(|at| at.0)))
    }
}

impl<'a> From<&'a DomainName> for Param<'a> {
    fn from(name: &'a DomainName) -> Self {
        Self(Value::Text(Some(Cow::Borrowed(name.as_str()))))
    }
}

impl Param<'_> {
    /// How many octets the value has.
    pub(super) fn octets(&self) -> usize {
        match &self.0 {
            Value::Text(text) => text.as_deref().map_or(0, str::len),
            Value::Int(_) => 8,
            Value::Bytes(octets) => octets.map_or(0, <[u8]>::len),
        }
    }

    /// Binds the value to a statement for SQLite.
    pub(super) fn bind_sqlite<'q>(
        &self,
        query: Query<'q, Sqlite, SqliteArguments>,
    ) -> Query<'q, Sqlite, SqliteArguments> {
        match &self.0 {
            Value::Text(text) => query.bind(text.as_deref()),
            Value::Int(number) => query.bind(*number),
            Value::Bytes(octets) => query.bind(*octets),
        }
    }

    /// Binds the value to a statement for PostgreSQL.
    pub(super) fn bind_postgres<'q>(
        &self,
        query: Query<'q, Postgres, PgArguments>,
    ) -> Query<'q, Postgres, PgArguments> {
        match &self.0 {
            Value::Text(text) => query.bind(text.as_deref()),
            Value::Int(number) => query.bind(*number),
            Value::Bytes(octets) => query.bind(*octets),
        }
    }
}

/// A row of a result.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A type that a column can be read as.
pub(super) trait Column: Sized {
    /// What the database holds: text, number or octets.
    type Raw: for<'r> sqlx::Decode<'r, Sqlite>
        + sqlx::Type<Sqlite>
        + for<'r> sqlx::Decode<'r, Postgres>
        + sqlx::Type<Postgres>;

    /// `None` when the value is malformed.
    fn from_raw(raw: Self::Raw) -> Option<Self>;
}

impl Row {
    /// The value of a column that is never NULL.
    pub(super) fn read<C: Column>(&self, column: &'static str) -> Result<C, Trouble> {
        self.read_opt(column)?.ok_or_else(|| Trouble::malformed(column))
    }

    /// The value of the column at a place, whatever it is.
    pub(super) fn cell(&self, at: usize, kind: Kind) -> Result<Cell, Trouble> {
        let malformed = |_| Trouble::malformed("of a dump");
        macro_rules! read {
            ($to:ty) => {
                match self {
                    Self::Sqlite(row) => row.try_get_unchecked::<Option<$to>, _>(at),
                    Self::Postgres(row) => row.try_get_unchecked::<Option<$to>, _>(at),
                }
                .map_err(malformed)?
            };
        }
        Ok(match kind {
            Kind::Text => read!(String).map_or(Cell::Null, Cell::Text),
            Kind::Int => read!(i64).map_or(Cell::Null, Cell::Int),
            Kind::Octets => read!(Vec<u8>).map_or(Cell::Null, Cell::Octets),
        })
    }

    /// The value of a column, `None` for NULL.
    pub(super) fn read_opt<C: Column>(&self, column: &'static str) -> Result<Option<C>, Trouble> {
        // Unchecked: SQLite knows no BYTEA, and what it holds is decoded by its own type anyway.
        let raw: Result<Option<C::Raw>, sqlx::Error> = match self {
            Self::Sqlite(row) => row.try_get_unchecked(column),
            Self::Postgres(row) => row.try_get_unchecked(column),
        };
        match raw.map_err(|_| Trouble::malformed(column))? {
            Some(raw) => C::from_raw(raw).map(Some).ok_or_else(|| Trouble::malformed(column)),
            None => Ok(None),
        }
    }
}

impl Column for i64 {
    type Raw = i64;
    fn from_raw(raw: i64) -> Option<Self> {
        Some(raw)
    }
}

impl Column for Timestamp {
    type Raw = i64;
    fn from_raw(raw: i64) -> Option<Self> {
        Some(Self(raw))
    }
}

impl Column for String {
    type Raw = String;
    fn from_raw(raw: String) -> Option<Self> {
        Some(raw)
    }
}

impl Column for Vec<u8> {
    type Raw = Vec<u8>;
    fn from_raw(raw: Vec<u8>) -> Option<Self> {
        Some(raw)
    }
}

impl Column for DomainName {
    type Raw = String;
    fn from_raw(raw: String) -> Option<Self> {
        raw.parse().ok()
    }
}

impl From<Language> for Param<'_> {
    fn from(language: Language) -> Self {
        Self(Value::Text(Some(Cow::Borrowed(language.tag()))))
    }
}

impl Column for Language {
    type Raw = String;
    fn from_raw(raw: String) -> Option<Self> {
        raw.parse().ok()
    }
}

macro_rules! ids {
    ($($name:ident)*) => {$(
        impl From<$name> for Param<'_> {
            fn from(id: $name) -> Self {
                Self(Value::Text(Some(Cow::Owned(id.to_string()))))
            }
        }

        impl From<Option<$name>> for Param<'_> {
            fn from(id: Option<$name>) -> Self {
                Self(Value::Text(id.map(|id| Cow::Owned(id.to_string()))))
            }
        }

        impl Column for $name {
            type Raw = String;
            fn from_raw(raw: String) -> Option<Self> {
                raw.parse().ok()
            }
        }
    )*};
}

macro_rules! words {
    ($($name:ident)*) => {$(
        impl From<$name> for Param<'_> {
            fn from(word: $name) -> Self {
                Self(Value::Text(Some(Cow::Borrowed(word.word()))))
            }
        }

        impl From<Option<$name>> for Param<'_> {
            fn from(word: Option<$name>) -> Self {
                Self(Value::Text(word.map(|word| Cow::Borrowed(word.word()))))
            }
        }

        impl Column for $name {
            type Raw = String;
            fn from_raw(raw: String) -> Option<Self> {
                Self::from_word(&raw)
            }
        }
    )*};
}

macro_rules! octets {
    ($($name:ident)*) => {$(
        impl<'a> From<&'a $name> for Param<'a> {
            fn from(value: &'a $name) -> Self {
                Self(Value::Bytes(Some(value.as_octets())))
            }
        }

        impl<'a> From<Option<&'a $name>> for Param<'a> {
            fn from(value: Option<&'a $name>) -> Self {
                Self(Value::Bytes(value.map(|value| value.as_octets())))
            }
        }

        impl Column for $name {
            type Raw = Vec<u8>;
            fn from_raw(raw: Vec<u8>) -> Option<Self> {
                Some(Self::from_octets(raw))
            }
        }
    )*};
}

ids! {
    PracticeId MailboxId DeviceId SlotId FolderId EntryId MessageId ObjectId DeliveryId PatientId ChallengeId
    SessionId QueueId DepositKeyId SendAsId SendId HolderId RememberedId
}
words! {
    MailboxKind MailboxState SentCopy DeviceKind FolderRole DeliveryState Channel FailureClass PatientKind SendState
    WaitingKind SentState CeilingScope Receipts Aside RemindBy Visit
}
octets! { Sealed KeyedHash Mac Container Esk PublicKey }

/// What went wrong below: becomes a [`Fault`] at the face of the room.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    what: &'static str,
    cause: String,
    transient: bool,
    again: bool,
    full: bool,
}

impl Trouble {
    /// A fault that names a rule of ours.
    pub(super) fn new(what: &'static str, cause: impl Into<String>) -> Self {
        Self { what, cause: cause.into(), transient: false, again: false, full: false }
    }

    /// Marks what may pass by itself.
    pub(super) fn transient(mut self) -> Self {
        self.transient = true;
        self
    }

    /// Marks what has no room: the disk, a quota, the largest file that may be.
    pub(super) fn full(mut self) -> Self {
        self.transient = true;
        self.full = true;
        self
    }

    /// Whether it may pass by itself.
    pub(super) fn is_transient(&self) -> bool {
        self.transient
    }

    /// Whether the transaction was the victim of another one and should be run again at once.
    pub(super) fn again(&self) -> bool {
        self.again
    }

    fn malformed(column: &'static str) -> Self {
        Self::new("a row of the database is malformed", format!("column {column}"))
    }
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        let fault = Self::because(trouble.what, trouble.cause);
        match trouble {
            Trouble { full: true, .. } => fault.full(),
            Trouble { transient: true, .. } => fault.transient(),
            _ => fault,
        }
    }
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(error) => Self::new(AWAY, format!("{:?}", error.kind())).transient(),
            sqlx::Error::Tls(_) => Self::new(AWAY, "TLS").transient(),
            sqlx::Error::PoolTimedOut => Self::new("the database is busy", "no connection in time").transient(),
            sqlx::Error::PoolClosed => Self::new(AWAY, "closed").transient(),
            sqlx::Error::WorkerCrashed => Self::new(AWAY, "its thread ended").transient(),
            sqlx::Error::Database(error) => Self::of_code(error.code().as_deref().unwrap_or("none")),
            sqlx::Error::ColumnNotFound(_) => Self::new(REFUSED, "no such column"),
            sqlx::Error::Protocol(_) => Self::new(AWAY, "protocol").transient(),
            _ => Self::new(REFUSED, "driver"),
        }
    }
}

impl Trouble {
    fn of_code(code: &str) -> Self {
        // A SQLSTATE has five characters, SQLite's extended result codes are shorter numbers.
        let (transient, again) = if code.len() == 5 {
            let class = code.get(..2).unwrap_or_default();
            // PostgreSQL, appendix A: connection, rollback, resources, intervention, system, start-up.
            (matches!(class, "08" | "40" | "53" | "55" | "57" | "58"), matches!(code, "40001" | "40P01"))
        } else {
            // The low octet is the primary code: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL.
            let primary = code.parse::<i64>().unwrap_or(1) & 0xff;
            (matches!(primary, 5 | 6 | 8 | 10 | 13 | 14 | 15), false)
        };
        // SQLSTATE disk_full; SQLITE_FULL.
        let full = matches!(code, "53100" | "13");
        let what = match (full, transient) {
            (true, _) => "the disk of the database is full",
            (false, true) => "the database cannot do it now",
            (false, false) => REFUSED,
        };
        Self { transient, again, full, ..Self::new(what, format!("code {code}")) }
    }
}

const AWAY: &str = "the database is away";
const REFUSED: &str = "the database refused a statement";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tell_what_may_pass() {
        for (code, transient, again) in [
            ("5", true, false),     // SQLITE_BUSY
            ("517", true, false),   // SQLITE_BUSY_SNAPSHOT
            ("13", true, false),    // SQLITE_FULL
            ("778", true, false),   // SQLITE_IOERR_WRITE
            ("2067", false, false), // SQLITE_CONSTRAINT_UNIQUE
            ("40001", true, true),
            ("40P01", true, true),
            ("53100", true, false), // disk full
            ("57P01", true, false), // shut down by the administrator
            ("23505", false, false),
        ] {
            let trouble = Trouble::of_code(code);
            assert_eq!((trouble.is_transient(), trouble.again()), (transient, again), "{code}");
            assert_eq!(Fault::from(trouble).is_transient(), transient);
        }
    }

    #[test]
    fn causes_hold_no_values() {
        let error = sqlx::Error::Io(std::io::Error::other("jeanne@example.fr"));
        assert!(!Fault::from(Trouble::from(error)).to_string().contains("jeanne"));
    }
}
