//! Every value that a key stands behind: which are made again when the root key is changed, and which are not, and why.
//!
//! `tests/plain_columns.rs` compares this list with the schema: a column that is protected and stands nowhere here fails
//! it. To add a sealed column, put it into [`KEYED`] and [`SEALED`]; an authority code, into [`KEYED`] and
//! [`super::rotation::CodeTable`].

use crate::domain::{Fault, KeyId, Sealed};

use super::Store;
use super::value::{Plain, PlainOctets, Row, Trouble};

/// What becomes of a value when the root key is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It is made again, by the server alone.
    Again,
    /// It stays under the key it was made with, and ends by itself; says when.
    Ends(&'static str),
    /// It stays, and is verified with what a retired key leaves; says why it cannot be made again.
    Left(&'static str),
    /// It carries no root key's id; says what tells.
    Bare(&'static str),
    /// No root key takes part in it; says what it is under.
    Apart(&'static str),
}

/// A column with values that a key stands behind.
#[derive(Debug)]
pub struct Keyed {
    /// Its table.
    pub table: &'static str,
    /// Its name.
    pub column: &'static str,
    /// What becomes of it.
    pub how: How,
    /// Counts its values by root key: those that are of use still.
    count: &'static str,
}

macro_rules! keyed {
    ($table:literal, $column:literal, $how:expr) => {
        keyed!($table, $column, $how, "1 = 1")
    };
    ($table:literal, $column:literal, $how:expr, $of_use:literal) => {
        Keyed {
            table: $table,
            column: $column,
            how: $how,
            count: concat!(
                "SELECT substr(",
                $column,
                ", 1, 8) AS key_of, COUNT(*) AS many FROM ",
                $table,
                " WHERE ",
                $column,
                " IS NOT NULL AND ",
                $of_use,
                " GROUP BY substr(",
                $column,
                ", 1, 8)"
            ),
        }
    };
}

const SECRET: How = How::Apart("the mailbox secret, or a device's password");
const NAMES: How = How::Apart("a mailbox's own keys");
const PACKET: How = How::Apart("a public key: OpenPGP");
const DAY: How = How::Ends("within two days of the code");
const PAGE: How = How::Ends("when the page closes, a day at most");
const FORGOTTEN: How = How::Ends("when the change of root key has ended: its browsers are asked for a code again");
const WRITTEN: How = How::Ends("when the answer is delivered, a day at most");
const LINK: How = How::Ends("when the link ends: only the patient has the other half");
const COUNTED: How = How::Ends("with the counts of its month");
const MARK: How = How::Left("an import's mark of what only its source can say again");

/// All of them.
pub const KEYED: &[Keyed] = &[
    keyed!("practices", "name_hash", How::Again),
    keyed!("practices", "profile_sealed", How::Again),
    keyed!("practices", "logo_sealed", How::Again),
    keyed!("mailboxes", "secret_sealed", SECRET),
    keyed!("mailboxes", "authority_mac", How::Again),
    keyed!("mailboxes", "away_sealed", How::Again),
    keyed!("devices", "label_sealed", How::Again),
    keyed!(
        "devices",
        "verifier_hash",
        How::Left("made again at the next right login: only the device has the password")
    ),
    keyed!("devices", "authority_mac", How::Again),
    keyed!("former_devices", "label_sealed", How::Again),
    keyed!("slots", "secret_sealed", SECRET),
    keyed!("slots", "quick_sealed", SECRET),
    keyed!("slots", "esk", PACKET),
    keyed!("slots", "authority_mac", How::Again),
    keyed!("send_as", "authority_mac", How::Again),
    keyed!("folders", "name_sealed", NAMES),
    keyed!("folders", "name_hash", NAMES),
    keyed!("patients", "record_sealed", How::Again),
    keyed!("patients", "address_hash", How::Again),
    keyed!("patients", "number_hash", How::Again),
    keyed!("objects", "container", How::Apart("its message's session key")),
    keyed!("entries", "esk", PACKET),
    keyed!("entries", "keywords_sealed", NAMES),
    keyed!("entries", "message_id_hash", How::Left("a Message-ID that only a client says again, within a week")),
    keyed!("entries", "authority_mac", How::Again),
    keyed!("deposit_keys", "esk", PACKET),
    keyed!("deposit_keys", "authority_mac", How::Again),
    keyed!("summaries", "summary_sealed", NAMES),
    keyed!("summaries", "words_sealed", NAMES),
    keyed!("deliveries", "coordinates_sealed", How::Again),
    // Of a delivery whose coordinates are erased nobody knows any more what was hashed; of one that is held, its question
    // says it.
    keyed!("deliveries", "address_hash", How::Again, "coordinates_sealed IS NOT NULL"),
    keyed!("deliveries", "number_hash", How::Again, "coordinates_sealed IS NOT NULL"),
    keyed!("deliveries", "thread_sealed", How::Again),
    keyed!("deliveries", "report_sealed", How::Again),
    keyed!("deliveries", "ticket_sealed", How::Again),
    keyed!("deliveries", "subject_sealed", LINK),
    keyed!("deliveries", "esk", How::Bare("of the key of the ticket's hash, beside it")),
    keyed!("deliveries", "ticket_hash", LINK, "esk IS NOT NULL"),
    keyed!("deliveries", "authority_mac", How::Again),
    keyed!("holds", "question_sealed", How::Again),
    keyed!("learned_numbers", "address_hash", How::Again),
    keyed!("learned_numbers", "record_sealed", How::Again),
    keyed!("signature_numbers", "number_hash", How::Left("a writer's own number, which their next messages say again")),
    keyed!("challenges", "browser_hash", DAY),
    keyed!("challenges", "code_mac", DAY),
    keyed!("challenges", "digits_sealed", How::Again),
    keyed!("challenges", "prefix_hash", DAY),
    keyed!("portal_sessions", "token_hash", PAGE),
    keyed!("portal_sessions", "key_sealed", PAGE),
    keyed!("portal_sessions", "ticket_sealed", PAGE),
    keyed!("remembered_browsers", "token_hash", FORGOTTEN),
    keyed!("remembered_browsers", "proof_sealed", FORGOTTEN),
    keyed!("replies", "browser_hash", WRITTEN, "delivered_at IS NULL"),
    keyed!("reply_copies", "esk", PACKET),
    keyed!("reply_copies", "authority_mac", WRITTEN),
    keyed!("sends", "reference_hash", COUNTED),
    keyed!("sends", "reference_sealed", How::Again),
    keyed!("spendings", "key_hash", COUNTED),
    // With the person or the delivery whose number it is.
    keyed!("numbers", "number_hash", How::Again),
    keyed!("answers", "address_hash", How::Ends("two days after the answer")),
    keyed!("answers", "writer_sealed", How::Again),
    keyed!("cloud_clients", "client_sealed", How::Again),
    keyed!("failed_logins", "source_hash", How::Ends("an hour after the last wrong password")),
    keyed!("imports", "source_hash", MARK),
    keyed!("imports", "message_hash", MARK),
    keyed!("imports", "octets_hash", MARK),
    keyed!("import_folders", "source_hash", MARK),
    keyed!("waiting_names", "name_sealed", How::Apart("a deposit key")),
    keyed!("audit_chains", "head_mac", How::Bare("each key that there was is tried")),
    keyed!("audit_events", "link_mac", How::Bare("each key that there was is tried")),
    keyed!("former_keys", "remainder_sealed", How::Again),
];

/// How many values of a column are under a root key.
#[derive(Debug, Clone)]
pub struct Under {
    /// The column.
    pub of: &'static Keyed,
    /// The key.
    pub key: KeyId,
    /// How many.
    pub many: i64,
}

/// Why values are under a key that is not in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// They are to be made again.
    Again,
    /// They end by themselves; says when.
    Ends(&'static str),
    /// They stay good without the key; says why they stay.
    Left(&'static str),
}

impl Under {
    /// Why the values are where they are.
    pub fn kept(&self) -> Kept {
        match self.of.how {
            How::Ends(when) => Kept::Ends(when),
            How::Left(why) => Kept::Left(why),
            How::Again | How::Bare(_) | How::Apart(_) => Kept::Again,
        }
    }
}

/// A sealed column that is made again as it stands.
#[derive(Debug)]
pub struct SealedColumn {
    /// Its table.
    pub table: &'static str,
    /// Its name.
    pub column: &'static str,
    /// Table and column that its values are sealed for; the row is the id, the version 0.
    pub place: (&'static str, &'static str),
    stale: &'static str,
    change: &'static str,
}

macro_rules! sealed {
    ($table:literal, $column:literal, $place:literal) => {
        sealed!($table, $column, $place, $table, "id")
    };
    ($table:literal, $column:literal, $place:literal, $of:literal, $id:literal) => {
        SealedColumn {
            table: $table,
            column: $column,
            place: ($of, $place),
            stale: concat!(
                "SELECT ",
                $id,
                " AS id, ",
                $column,
                " AS value FROM ",
                $table,
                " WHERE ",
                $id,
                " > $1 AND ",
                $column,
                " IS NOT NULL AND substr(",
                $column,
                ", 1, 8) <> $2 ORDER BY ",
                $id,
                " LIMIT $3"
            ),
            change: concat!("UPDATE ", $table, " SET ", $column, " = $3 WHERE ", $id, " = $1 AND ", $column, " = $2"),
        }
    };
}

/// Those that are made again as they stand; the others are made again with their rows ([`super::rotation`]).
pub const SEALED: &[SealedColumn] = &[
    sealed!("practices", "logo_sealed", "logo"),
    sealed!("mailboxes", "away_sealed", "away"),
    sealed!("devices", "label_sealed", "label"),
    // As it was in devices.
    sealed!("former_devices", "label_sealed", "label", "devices", "id"),
    sealed!("deliveries", "thread_sealed", "thread"),
    sealed!("deliveries", "report_sealed", "report"),
    sealed!("deliveries", "ticket_sealed", "ticket"),
    sealed!("challenges", "digits_sealed", "digits"),
    sealed!("sends", "reference_sealed", "reference"),
    sealed!("answers", "writer_sealed", "writer"),
    sealed!("cloud_clients", "client_sealed", "client", "cloud_clients", "mailbox_id"),
    sealed!("former_keys", "remainder_sealed", "remainder"),
];

/// Columns that are made again with their rows: by [`super::rotation`], or by their authority code.
pub const WITH_ROWS: &[(&str, &str)] = &[
    ("practices", "name_hash"),
    ("practices", "profile_sealed"),
    ("patients", "record_sealed"),
    ("patients", "address_hash"),
    ("patients", "number_hash"),
    ("numbers", "number_hash"),
    ("holds", "question_sealed"),
    ("learned_numbers", "address_hash"),
    ("learned_numbers", "record_sealed"),
    ("deliveries", "coordinates_sealed"),
    ("deliveries", "address_hash"),
    ("deliveries", "number_hash"),
    ("deliveries", "authority_mac"),
];

impl Store {
    /// How many values are under which root key, column by column.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn values_by_key(&self) -> Result<Vec<Under>, Fault> {
        let mut all = Vec::new();
        for of in KEYED.iter().filter(|of| matches!(of.how, How::Again | How::Ends(_) | How::Left(_))) {
            for row in self.rows(of.count, &[]).await? {
                let key: Vec<u8> = row.read("key_of")?;
                let key = KeyId(key.try_into().unwrap_or_default());
                all.push(Under { of, key, many: row.read("many")? });
            }
        }
        Ok(all)
    }

    /// Values of a sealed column that are not under a key, behind an id: ids and values, in order.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn stale_sealed(
        &self,
        column: &SealedColumn,
        key: KeyId,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(String, Sealed)>, Fault> {
        let params = [Plain(after).into(), PlainOctets(&key.0).into(), limit.into()];
        let read = |row: &Row| Ok((row.read("id")?, row.read("value")?));
        Ok(self.rows(column.stale, &params).await?.iter().map(read).collect::<Result<_, Trouble>>()?)
    }
}

impl super::Tx {
    /// Puts a value in the place of another; `false` when that is not there any more.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn reseal(&mut self, column: &SealedColumn, id: &str, old: &Sealed, new: &Sealed) -> Result<bool, Fault> {
        Ok(self.conn.execute(column.change, &[Plain(id).into(), old.into(), new.into()]).await? > 0)
    }
}
