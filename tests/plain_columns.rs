//! What stands in clear is listed here, and nothing else does (DESIGN §4).
//!
//! Lists the schema as SQLite has it after the migrations and fails on a column that is neither named for
//! what protects it nor in the list below. To add a column to the list, say which word of §4 allows it.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails; clippy counts helpers as no tests")]

use std::collections::BTreeSet;
use std::sync::Arc;

use pli::domain::SecretText;
use pli::store::keyed::{How, KEYED, SEALED, WITH_ROWS};
use pli::store::rotation::CodeTable;
use pli::store::{Store, StoreOptions};
use sqlx::{Connection as _, Row as _};

/// table, column, the word of DESIGN §4 that allows it
const PLAIN: &[(&str, &str, &str)] = &[
    ("meta", "name", "a constant of the program"),
    ("domains", "name", "local address"),
    ("mailboxes", "address", "local address"),
    ("mailboxes", "name", "name of a mailbox"),
    ("mailboxes", "kind", "state"),
    ("mailboxes", "state", "state"),
    ("mailboxes", "sent", "state"),
    ("mailboxes", "receipts", "state"),
    ("mailboxes", "version", "count"),
    ("mailboxes", "renewal_due_at", "time"),
    ("mailboxes", "quota", "size: octets that the mailbox may hold"),
    ("mailbox_changes", "changes", "count"),
    ("mailbox_changes", "last_validity", "time: the newest UIDVALIDITY"),
    ("devices", "tag", "random id: the first characters of a password, which are not secret"),
    ("devices", "kind", "state"),
    ("mailboxes", "answers", "count: days in which a letter may be answered"),
    ("replies", "files", "count"),
    ("reply_copies", "size", "size"),
    ("slots", "version", "count"),
    ("folders", "role", "folder role"),
    ("folders", "uid_validity", "time"),
    ("folders", "uid_next", "count"),
    ("folders", "subscribed", "flags as bits"),
    ("folders", "modseq", "count: changes of the mailbox"),
    ("folders", "forgotten_modseq", "count: changes of the mailbox"),
    ("expunges", "modseq", "count: changes of the mailbox"),
    ("expunges", "first_uid", "count"),
    ("expunges", "last_uid", "count"),
    ("patients", "kind", "state"),
    ("patients", "version", "count"),
    ("messages", "size", "size"),
    ("objects", "size", "size"),
    ("entries", "uid", "count"),
    ("entries", "modseq", "count: changes of the mailbox"),
    ("entries", "flags", "flags as bits"),
    ("entries", "size", "size"),
    ("entries", "server_copy", "flags as bits: kept by the server or appended by a client"),
    ("waiting_names", "kind", "state: a path or keywords"),
    ("entries", "counted", "flags as bits: whether it counts against the quota"),
    ("quotas", "used", "size: octets that a mailbox holds"),
    ("cloud_clients", "refused", "state"),
    ("quotas", "told", "state: the mark that its owner was told"),
    ("asides", "said", "state"),
    ("link_visits", "kind", "state"),
    ("asides", "failure", "state"),
    ("deliveries", "reminder", "state"),
    ("outbox", "reminder", "flags as bits"),
    ("deliveries", "state", "state"),
    ("deliveries", "failure", "state"),
    ("deliveries", "tries", "count"),
    ("deliveries", "suspended_at", "time"),
    ("deliveries", "paused_until", "time"),
    ("holds", "version", "count"),
    ("signature_numbers", "messages", "count"),
    ("downloads", "part", "count"),
    ("challenges", "channel", "state"),
    ("challenges", "letters", "random: two letters on the page and in the SMS"),
    ("challenges", "tries", "count"),
    ("challenges", "sent", "state"),
    ("challenges", "failure", "state"),
    ("challenges", "language", "state"),
    ("challenges", "lease_until", "time"),
    ("sends", "step", "count"),
    ("sends", "provider", "a name of the settings"),
    ("sends", "channel", "state"),
    ("sends", "state", "state"),
    ("sends", "failure", "state"),
    ("sends", "parts", "count"),
    ("sends", "cost", "count: what a message of so many parts costs"),
    ("spendings", "day", "time"),
    ("spendings", "scope", "a word of the program"),
    ("spendings", "used", "count"),
    ("spendings", "cost", "count"),
    ("breakers", "provider", "a name of the settings"),
    ("breakers", "failures", "count"),
    ("breakers", "openings", "count"),
    ("send_as", "address", "local address"),
    ("rates", "minute", "time"),
    ("rates", "in_minute", "count"),
    ("rates", "day", "time"),
    ("rates", "in_day", "count"),
    ("failed_logins", "failures", "count"),
    ("outbox", "attempts", "count"),
    ("outbox", "lease_until", "time"),
    ("answers", "attempts", "count"),
    ("answers", "lease_until", "time"),
    ("outbox", "last_failure", "state"),
    ("key_holders", "node", "a name of a process of ours"),
    ("key_holders", "knows", "random ids: of root keys"),
    ("audit_chains", "node", "a name of a process of ours"),
    ("audit_chains", "seq", "count"),
    ("audit_events", "node", "a name of a process of ours"),
    ("audit_events", "seq", "count"),
    ("audit_events", "at", "time"),
    ("audit_events", "line", "ids, counts and words, by the type of the event"),
];

/// Names that say what protects the value.
const PROTECTED: &[&str] = &["_sealed", "_hash", "_mac"];
const OPENPGP: &[&str] = &["esk", "container", "certificate", "public_key", "value"];

#[tokio::test]
async fn every_plain_column_is_listed() {
    let mut listed: BTreeSet<(String, String)> =
        PLAIN.iter().map(|(table, column, _)| ((*table).to_owned(), (*column).to_owned())).collect();
    let mut faults = Vec::new();
    for (table, column, kind) in schema().await {
        let protected = PROTECTED.iter().any(|end| column.ends_with(end)) || OPENPGP.contains(&column.as_str());
        if protected {
            if kind != "BYTEA" {
                faults.push(format!("{table}.{column}: named as protected, but {kind}"));
            }
            continue;
        }
        // Random ids and times are told by their names and types.
        let id = kind == "TEXT" && (column == "id" || column.ends_with("_id"));
        let time = kind == "BIGINT" && column.ends_with("_at");
        if !listed.remove(&(table.clone(), column.clone())) && !id && !time {
            faults.push(format!("{table}.{column}: stands in clear and is not listed"));
        }
        if kind == "BYTEA" {
            faults.push(format!("{table}.{column}: octets without a name that says what protects them"));
        }
    }
    faults.extend(listed.iter().map(|(table, column)| format!("{table}.{column}: listed, but not in the schema")));
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// A backup has every table: one that is new must be in the list too, behind those that it refers to.
#[tokio::test]
async fn fault_44_a_backup_has_every_table() {
    let all: BTreeSet<String> = schema().await.into_iter().map(|(table, _, _)| table).collect();
    let dumped: BTreeSet<String> = pli::store::dump::TABLES.iter().map(|table| (*table).to_owned()).collect();
    assert_eq!(all, dumped);
}

/// Where the root key is changed, every value that a key stands behind is in the list of what becomes of it.
#[tokio::test]
async fn a_change_of_the_root_key_forgets_no_column() {
    let pairs = |list: &[(&'static str, &'static str)]| -> BTreeSet<(String, String)> {
        list.iter().map(|(table, column)| ((*table).to_owned(), (*column).to_owned())).collect()
    };
    let is_keyed =
        |column: &str| PROTECTED.iter().any(|end| column.ends_with(end)) || ["esk", "container"].contains(&column);
    let all: BTreeSet<_> = schema().await.into_iter().map(|(table, column, _)| (table, column)).collect();
    let protected: BTreeSet<_> = all.iter().filter(|(_, column)| is_keyed(column)).cloned().collect();
    let keyed: Vec<_> = KEYED.iter().map(|of| (of.table, of.column)).collect();
    assert_eq!(pairs(&keyed), protected);
    assert_eq!(keyed.len(), protected.len(), "each once");
    // What is to be made again, is: as it stands, with its row, or by its authority code.
    let again: Vec<_> = KEYED.iter().filter(|of| of.how == How::Again).map(|of| (of.table, of.column)).collect();
    let mut made: Vec<_> = SEALED.iter().map(|of| (of.table, of.column)).chain(WITH_ROWS.iter().copied()).collect();
    made.extend(CodeTable::ALL.iter().map(|table| (table.table(), "authority_mac")));
    assert_eq!(pairs(&again), pairs(&made));
    assert_eq!(again.len(), made.len(), "each once");
}

/// table, column, declared type
async fn schema() -> Vec<(String, String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions {
        database: SecretText::new("sqlite:pli.db"),
        objects: SecretText::new("file:objects"),
        data: folder.path().to_owned(),
        node: "test".to_owned(),
        chain: Arc::new(|_| [0; 32]),
    };
    Store::open(options).await.unwrap().close().await;
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("pli.db"));
    let mut conn = sqlx::SqliteConnection::connect_with(&file).await.unwrap();
    let sql = "SELECT t.name, c.name, c.type FROM sqlite_schema t, pragma_table_info(t.name) c \
               WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name <> '_sqlx_migrations' ORDER BY 1, c.cid";
    let rows = sqlx::query(sql).fetch_all(&mut conn).await.unwrap();
    assert!(rows.len() > 100, "the schema was read");
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}
