//! A change of the root key in the database: who knows which keys, and rows that are made again as one.
//!
//! Every change names what it takes the place of, so that a row that somebody changes meanwhile is left to the next
//! look. Values are read behind an id, so that an interruption anywhere costs at most one batch.

use crate::domain::{
    Authority, CeilingScope, Fault, HolderId, KeyId, KeyedHash, Mac, MailboxId, PracticeId, Sealed, Timestamp,
};

use super::authority::EntryShows;
use super::deliveries::{DeliveryRow, delivery_row};
use super::holds::{HoldRow, LearnedRow, hold_row, learned_row};
use super::mailboxes::{DeviceRow, device_row, mailbox_row, slot_row};
use super::patients::{PatientRow, patient_row};
use super::practices::{PracticeRow, practice_row};
use super::send_as::send_as_row;
use super::summaries::deposit_key_row;
use super::value::{Plain, PlainOctets, Row, Trouble};
use super::{Store, Tx};

/// A process at work on this data.
#[derive(Debug, Clone)]
pub struct HolderRow {
    /// Which.
    pub id: HolderId,
    /// What it is: `serve`, `cli`.
    pub node: String,
    /// The root keys that it has; the first seals.
    pub knows: Vec<KeyId>,
    /// Its last sign of life.
    pub seen_at: Timestamp,
}

/// A row with an authority code, as the code covers it.
#[derive(Debug, Clone)]
pub struct Coded {
    /// Its id.
    pub id: String,
    /// What its code covers.
    pub covered: Vec<Vec<u8>>,
    /// Its code.
    pub mac: Mac,
}

/// Tables whose rows have an authority code and nothing else that hangs together with it; deliveries are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeTable {
    /// Mailboxes.
    Mailboxes,
    /// Devices.
    Devices,
    /// Key slots.
    Slots,
    /// Who may write as whom.
    SendAs,
    /// Entries.
    Entries,
    /// Deposit keys.
    DepositKeys,
}

impl CodeTable {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Mailboxes, Self::Devices, Self::Slots, Self::SendAs, Self::Entries, Self::DepositKeys];

    /// The table's name.
    pub fn table(self) -> &'static str {
        match self {
            Self::Mailboxes => "mailboxes",
            Self::Devices => "devices",
            Self::Slots => "slots",
            Self::SendAs => "send_as",
            Self::Entries => "entries",
            Self::DepositKeys => "deposit_keys",
        }
    }

    fn stale(self) -> &'static str {
        match self {
            Self::Mailboxes => {
                "SELECT id, practice_id, address, name, kind, state, sent, certificate, secret_sealed, version, \
                 renewal_due_at, authority_mac, created_at FROM mailboxes \
                 WHERE id > $1 AND substr(authority_mac, 1, 8) <> $2 ORDER BY id LIMIT $3"
            }
            Self::Devices => {
                "SELECT id, mailbox_id, tag, kind, label_sealed, verifier_hash, authority_mac, created_at, \
                 last_used_at, told_at FROM devices \
                 WHERE id > $1 AND substr(authority_mac, 1, 8) <> $2 ORDER BY id LIMIT $3"
            }
            Self::Slots => {
                "SELECT id, mailbox_id, device_id, public_key, secret_sealed, esk, quick_sealed, version, \
                 authority_mac, created_at FROM slots \
                 WHERE id > $1 AND substr(authority_mac, 1, 8) <> $2 ORDER BY id LIMIT $3"
            }
            Self::SendAs => {
                "SELECT id, mailbox_id, device_id, address, authority_mac, created_at FROM send_as \
                 WHERE id > $1 AND substr(authority_mac, 1, 8) <> $2 ORDER BY id LIMIT $3"
            }
            Self::Entries => {
                "SELECT id, mailbox_id, message_id, head_id, authority_mac FROM entries \
                 WHERE id > $1 AND substr(authority_mac, 1, 8) <> $2 ORDER BY id LIMIT $3"
            }
            Self::DepositKeys => {
                "SELECT id, mailbox_id, esk, authority_mac, created_at FROM deposit_keys \
                 WHERE id > $1 AND substr(authority_mac, 1, 8) <> $2 ORDER BY id LIMIT $3"
            }
        }
    }

    fn change(self) -> &'static str {
        match self {
            Self::Mailboxes => "UPDATE mailboxes SET authority_mac = $3 WHERE id = $1 AND authority_mac = $2",
            Self::Devices => "UPDATE devices SET authority_mac = $3 WHERE id = $1 AND authority_mac = $2",
            Self::Slots => "UPDATE slots SET authority_mac = $3 WHERE id = $1 AND authority_mac = $2",
            Self::SendAs => "UPDATE send_as SET authority_mac = $3 WHERE id = $1 AND authority_mac = $2",
            Self::Entries => "UPDATE entries SET authority_mac = $3 WHERE id = $1 AND authority_mac = $2",
            Self::DepositKeys => "UPDATE deposit_keys SET authority_mac = $3 WHERE id = $1 AND authority_mac = $2",
        }
    }

    fn read(self, row: &Row) -> Result<Coded, Trouble> {
        Ok(match self {
            Self::Mailboxes => mailbox_row(row).map(|of| coded(of.id.to_string(), &of, &of.mac))?,
            Self::Devices => device_row(row).map(|of| coded(of.id.to_string(), &of, &of.mac))?,
            Self::Slots => slot_row(row).map(|of| coded(of.id.to_string(), &of, &of.mac))?,
            Self::SendAs => send_as_row(row).map(|of| coded(of.id.to_string(), &of, &of.mac))?,
            Self::DepositKeys => deposit_key_row(row).map(|of| coded(of.id.to_string(), &of, &of.mac))?,
            Self::Entries => {
                let of = EntryShows {
                    entry: row.read("id")?,
                    mailbox: row.read("mailbox_id")?,
                    message: row.read("message_id")?,
                    head: row.read("head_id")?,
                };
                coded(of.entry.to_string(), &of, &row.read("authority_mac")?)
            }
        })
    }
}

fn coded(id: String, row: &impl Authority, mac: &Mac) -> Coded {
    Coded { id, covered: row.covered(), mac: mac.clone() }
}

impl Store {
    /// A process says that it is at work, and which root keys it has. No audit event: nobody sees it.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn hold_keys(&self, row: &HolderRow, forget: Timestamp) -> Result<(), Fault> {
        let knows: Vec<String> = row.knows.iter().map(KeyId::to_string).collect();
        let knows = knows.join(" ");
        let sql = "INSERT INTO key_holders (id, node, knows, seen_at) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (id) DO UPDATE SET knows = excluded.knows, seen_at = excluded.seen_at";
        let params = [row.id.into(), Plain(&row.node).into(), Plain(&knows).into(), row.seen_at.into()];
        self.inner.change(sql, &params).await?;
        self.inner.change("DELETE FROM key_holders WHERE seen_at < $1", &[forget.into()]).await?;
        Ok(())
    }

    /// A process ends.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn drop_keys(&self, id: HolderId) -> Result<(), Fault> {
        self.inner.change("DELETE FROM key_holders WHERE id = $1", &[id.into()]).await?;
        Ok(())
    }

    /// The processes that gave a sign of life since.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn key_holders(&self, since: Timestamp) -> Result<Vec<HolderRow>, Fault> {
        let sql = "SELECT id, node, knows, seen_at FROM key_holders WHERE seen_at >= $1 ORDER BY node, id";
        let read = |row: &Row| {
            let knows: String = row.read("knows")?;
            let knows = knows.split(' ').filter_map(|id| id.parse().ok()).collect();
            Ok(HolderRow { id: row.read("id")?, node: row.read("node")?, knows, seen_at: row.read("seen_at")? })
        };
        Ok(self.rows(sql, &[since.into()]).await?.iter().map(read).collect::<Result<_, Trouble>>()?)
    }

    /// What retired root keys left, by their ids.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn former_keys(&self) -> Result<Vec<(KeyId, Sealed)>, Fault> {
        let sql = "SELECT id, remainder_sealed FROM former_keys ORDER BY retired_at, id";
        let read = |row: &Row| {
            let id: String = row.read("id")?;
            let id = id.parse().map_err(|_| Trouble::new("a row of the database is malformed", "column id"))?;
            Ok((id, row.read("remainder_sealed")?))
        };
        Ok(self.rows(sql, &[]).await?.iter().map(read).collect::<Result<_, Trouble>>()?)
    }

    /// How far each chain of the journal goes: node, last event, its authentication.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn chain_ends(&self) -> Result<Vec<(String, i64, Vec<u8>)>, Fault> {
        let rows = self.rows("SELECT node, seq, head_mac FROM audit_chains WHERE seq > 0 ORDER BY node", &[]).await?;
        let read = |row: &Row| Ok((row.read("node")?, row.read("seq")?, row.read("head_mac")?));
        Ok(rows.iter().map(read).collect::<Result<_, Trouble>>()?)
    }

    /// Rows whose authority code is not under a key, behind an id, in order.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn stale_codes(
        &self,
        table: CodeTable,
        key: KeyId,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Coded>, Fault> {
        let rows = self.rows(table.stale(), &stale(after, &key, limit)).await?;
        Ok(rows.iter().map(|row| table.read(row)).collect::<Result<_, _>>()?)
    }

    /// Practices that are not under a key, behind an id, in order.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn stale_practices(&self, key: KeyId, after: &str, limit: i64) -> Result<Vec<PracticeRow>, Fault> {
        let sql = "SELECT id, name_hash, profile_sealed, created_at FROM practices WHERE id > $1 \
                   AND (substr(profile_sealed, 1, 8) <> $2 OR substr(name_hash, 1, 8) <> $2) ORDER BY id LIMIT $3";
        let rows = self.rows(sql, &stale(after, &key, limit)).await?;
        Ok(rows.iter().map(practice_row).collect::<Result<_, _>>()?)
    }

    /// Persons of directories that are not under a key, behind an id, in order.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn stale_patients(&self, key: KeyId, after: &str, limit: i64) -> Result<Vec<PatientRow>, Fault> {
        let sql = "SELECT id, practice_id, kind, ward_id, record_sealed, address_hash, number_hash, version, \
                   created_at, updated_at \
                   FROM patients WHERE id > $1 AND (substr(record_sealed, 1, 8) <> $2 \
                   OR substr(address_hash, 1, 8) <> $2 OR substr(number_hash, 1, 8) <> $2) ORDER BY id LIMIT $3";
        let rows = self.rows(sql, &stale(after, &key, limit)).await?;
        Ok(rows.iter().map(patient_row).collect::<Result<_, _>>()?)
    }

    /// Questions about held deliveries that are not under a key, behind an id, in order.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn stale_holds(&self, key: KeyId, after: &str, limit: i64) -> Result<Vec<(HoldRow, PracticeId)>, Fault> {
        let sql = "SELECT h.delivery_id AS delivery_id, h.question_sealed AS question_sealed, h.version AS version, \
                   h.asked_at AS asked_at, h.remind_at AS remind_at, h.settled_at AS settled_at, \
                   d.practice_id AS practice_id FROM holds h JOIN deliveries d ON d.id = h.delivery_id \
                   WHERE h.delivery_id > $1 AND substr(h.question_sealed, 1, 8) <> $2 ORDER BY h.delivery_id LIMIT $3";
        let rows = self.rows(sql, &stale(after, &key, limit)).await?;
        let read = |row: &Row| Ok((hold_row(row)?, row.read("practice_id")?));
        Ok(rows.iter().map(read).collect::<Result<_, Trouble>>()?)
    }

    /// What mailboxes told of addresses and is not under a key, behind a mailbox, in order; the rest of a mailbox that
    /// has more than `limit` comes with the next look.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn stale_learned(
        &self,
        key: KeyId,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(LearnedRow, PracticeId)>, Fault> {
        let sql = "SELECT l.mailbox_id AS mailbox_id, l.address_hash AS address_hash, \
                   l.record_sealed AS record_sealed, l.delivery_id AS delivery_id, l.learned_at AS learned_at, \
                   m.practice_id AS practice_id FROM learned_numbers l JOIN mailboxes m ON m.id = l.mailbox_id \
                   WHERE l.mailbox_id > $1 AND (substr(l.record_sealed, 1, 8) <> $2 \
                   OR substr(l.address_hash, 1, 8) <> $2) ORDER BY l.mailbox_id, l.address_hash LIMIT $3";
        let rows = self.rows(sql, &stale(after, &key, limit)).await?;
        let read = |row: &Row| Ok((learned_row(row)?, row.read("practice_id")?));
        Ok(rows.iter().map(read).collect::<Result<_, Trouble>>()?)
    }

    /// Deliveries that are not under a key, behind an id, in order.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn stale_deliveries(&self, key: KeyId, after: &str, limit: i64) -> Result<Vec<DeliveryRow>, Fault> {
        let sql = "SELECT id, practice_id, mailbox_id, message_id, head_id, patient_id, state, failure, \
                   coordinates_sealed, address_hash, number_hash, thread_sealed, subject_sealed, esk, ticket_hash, \
                   ticket_sealed, authority_mac, tries, paused_until, created_at, notified_at, opened_at, \
                   downloaded_at, ended_at, expires_at, report_sealed, suspended_at \
                   FROM deliveries WHERE id > $1 AND (substr(authority_mac, 1, 8) <> $2 \
                   OR (coordinates_sealed IS NOT NULL AND (substr(coordinates_sealed, 1, 8) <> $2 \
                   OR substr(address_hash, 1, 8) <> $2 OR substr(number_hash, 1, 8) <> $2))) ORDER BY id LIMIT $3";
        let rows = self.rows(sql, &stale(after, &key, limit)).await?;
        Ok(rows.iter().map(delivery_row).collect::<Result<_, _>>()?)
    }
}

fn stale<'a>(after: &'a str, key: &'a KeyId, limit: i64) -> [super::value::Param<'a>; 3] {
    [Plain(after).into(), PlainOctets(&key.0).into(), limit.into()]
}

impl Tx {
    /// Sets a value of `meta`, whatever it was.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn replace_meta(&mut self, name: &'static str, value: &[u8]) -> Result<(), Fault> {
        let sql =
            "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.conn.execute(sql, &[Plain(name).into(), PlainOctets(value).into()]).await?;
        Ok(())
    }

    /// Keeps what a root key leaves.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn keep_former_key(&mut self, id: KeyId, left: &Sealed, now: Timestamp) -> Result<(), Fault> {
        let sql = "INSERT INTO former_keys (id, remainder_sealed, retired_at) VALUES ($1, $2, $3) ON CONFLICT (id) \
                   DO UPDATE SET remainder_sealed = excluded.remainder_sealed, retired_at = excluded.retired_at";
        let id = id.to_string();
        self.conn.execute(sql, &[Plain(&id).into(), left.into(), now.into()]).await?;
        Ok(())
    }

    /// Puts an authority code in the place of another; `false` when that is not there any more.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn recode(&mut self, table: CodeTable, id: &str, old: &Mac, new: &Mac) -> Result<bool, Fault> {
        Ok(self.conn.execute(table.change(), &[Plain(id).into(), old.into(), new.into()]).await? > 0)
    }

    /// Puts a practice's profile and the hash of its name in the place of those of `old`; `false` when it was changed.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn rewrap_practice(
        &mut self,
        old: &PracticeRow,
        profile: &Sealed,
        name: &KeyedHash,
    ) -> Result<bool, Fault> {
        let sql = "UPDATE practices SET profile_sealed = $3, name_hash = $4 WHERE id = $1 AND profile_sealed = $2";
        Ok(self.conn.execute(sql, &[old.id.into(), (&old.profile).into(), profile.into(), name.into()]).await? > 0)
    }

    /// The same of a person, whose version stays.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn rewrap_patient(
        &mut self,
        old: &PatientRow,
        record: &Sealed,
        (address, number): (&KeyedHash, &KeyedHash),
    ) -> Result<bool, Fault> {
        let sql = "UPDATE patients SET record_sealed = $3, address_hash = $4, number_hash = $5 \
                   WHERE id = $1 AND record_sealed = $2";
        let params = [old.id.into(), (&old.record).into(), record.into(), address.into(), number.into()];
        Ok(self.conn.execute(sql, &params).await? > 0)
    }

    /// The same of a question about a held delivery, and of the hash of its address while it waits.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn rewrap_hold(&mut self, old: &HoldRow, question: &Sealed, address: &KeyedHash) -> Result<bool, Fault> {
        let sql = "UPDATE holds SET question_sealed = $3 WHERE delivery_id = $1 AND question_sealed = $2";
        let params = [old.delivery.into(), (&old.question).into(), question.into()];
        if self.conn.execute(sql, &params).await? == 0 {
            return Ok(false);
        }
        // Of one that was settled, the coordinates say it.
        let sql = "UPDATE deliveries SET address_hash = $2 WHERE id = $1 AND coordinates_sealed IS NULL";
        self.conn.execute(sql, &[old.delivery.into(), address.into()]).await?;
        Ok(true)
    }

    /// The same of what a mailbox told of an address; what it told since, under the key in use, takes its place.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn rewrap_learned(
        &mut self,
        old: &LearnedRow,
        record: &Sealed,
        address: &KeyedHash,
    ) -> Result<bool, Fault> {
        if old.address != *address {
            let sql = "DELETE FROM learned_numbers WHERE mailbox_id = $1 AND address_hash = $2 AND EXISTS \
                       (SELECT 1 FROM learned_numbers o WHERE o.mailbox_id = $1 AND o.address_hash = $3)";
            if self.conn.execute(sql, &[old.mailbox.into(), (&old.address).into(), address.into()]).await? > 0 {
                return Ok(true);
            }
        }
        let sql = "UPDATE learned_numbers SET record_sealed = $4, address_hash = $5 \
                   WHERE mailbox_id = $1 AND address_hash = $2 AND record_sealed = $3";
        let params = [old.mailbox.into(), (&old.address).into(), (&old.record).into(), record.into(), address.into()];
        Ok(self.conn.execute(sql, &params).await? > 0)
    }

    /// Forgets what a mailbox told of an address.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn forget_learned(&mut self, mailbox: MailboxId, address: &KeyedHash) -> Result<(), Fault> {
        let sql = "DELETE FROM learned_numbers WHERE mailbox_id = $1 AND address_hash = $2";
        self.conn.execute(sql, &[mailbox.into(), address.into()]).await?;
        Ok(())
    }

    /// The same of a delivery, whose authority code covers its coordinates. `new` is the row as it is to be.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn rewrap_delivery(&mut self, old: &DeliveryRow, new: &DeliveryRow) -> Result<bool, Fault> {
        let (Some(was), Some(is)) = (&old.coordinates, &new.coordinates) else {
            let sql = "UPDATE deliveries SET authority_mac = $3 \
                       WHERE id = $1 AND authority_mac = $2 AND coordinates_sealed IS NULL";
            return Ok(self.conn.execute(sql, &[old.id.into(), (&old.mac).into(), (&new.mac).into()]).await? > 0);
        };
        let sql = "UPDATE deliveries SET authority_mac = $3, coordinates_sealed = $5, address_hash = $6, \
                   number_hash = $7 WHERE id = $1 AND authority_mac = $2 AND coordinates_sealed = $4";
        let params = [
            old.id.into(),
            (&old.mac).into(),
            (&new.mac).into(),
            was.into(),
            is.into(),
            (&new.address_hash).into(),
            (&new.number_hash).into(),
        ];
        Ok(self.conn.execute(sql, &params).await? > 0)
    }

    /// Puts a login's verifier, and the authority of its device, in the place of another; `false` when that is not there.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn remake_verifier(&mut self, row: &DeviceRow, old: &KeyedHash) -> Result<bool, Fault> {
        let sql = "UPDATE devices SET verifier_hash = $3, authority_mac = $4 WHERE id = $1 AND verifier_hash = $2";
        let params = [row.id.into(), old.into(), (&row.verifier).into(), (&row.mac).into()];
        Ok(self.conn.execute(sql, &params).await? > 0)
    }

    /// What was used of a ceiling under older root keys is used under the one in use.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn adopt_spendings(
        &mut self,
        day: i64,
        scope: CeilingScope,
        key: &KeyedHash,
        older: &[KeyedHash],
    ) -> Result<(), Fault> {
        let sql = "UPDATE spendings SET key_hash = $3 WHERE day = $1 AND scope = $2 AND key_hash = $4 AND NOT EXISTS \
                   (SELECT 1 FROM spendings WHERE day = $1 AND scope = $2 AND key_hash = $3)";
        for old in older {
            self.conn.execute(sql, &[day.into(), scope.into(), key.into(), old.into()]).await?;
        }
        Ok(())
    }

    /// Wrong passwords that were counted under older root keys count under the one in use.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn adopt_failures(&mut self, source: &KeyedHash, older: &[KeyedHash]) -> Result<(), Fault> {
        let sql = "UPDATE failed_logins SET source_hash = $1 WHERE source_hash = $2 AND NOT EXISTS \
                   (SELECT 1 FROM failed_logins WHERE source_hash = $1)";
        for old in older {
            self.conn.execute(sql, &[source.into(), old.into()]).await?;
        }
        Ok(())
    }

    /// Who was answered under older root keys was answered under the one in use.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn adopt_answer(&mut self, address: &KeyedHash, older: &[KeyedHash]) -> Result<(), Fault> {
        let sql = "UPDATE answers SET address_hash = $1 WHERE address_hash = $2 AND NOT EXISTS \
                   (SELECT 1 FROM answers WHERE address_hash = $1)";
        for old in older {
            self.conn.execute(sql, &[address.into(), old.into()]).await?;
        }
        Ok(())
    }

    /// What is known of a number under older root keys is known under the one in use.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn adopt_number(
        &mut self,
        practice: PracticeId,
        number: &KeyedHash,
        older: &[KeyedHash],
    ) -> Result<(), Fault> {
        // Two nodes in the middle of a change may each have noted something: both are true.
        let merge = "UPDATE numbers SET \
                     landline_at = COALESCE(landline_at, (SELECT o.landline_at FROM numbers o \
                     WHERE o.practice_id = $1 AND o.number_hash = $3)), \
                     stopped_at = COALESCE(stopped_at, (SELECT o.stopped_at FROM numbers o \
                     WHERE o.practice_id = $1 AND o.number_hash = $3)), \
                     delivery_id = COALESCE(delivery_id, (SELECT o.delivery_id FROM numbers o \
                     WHERE o.practice_id = $1 AND o.number_hash = $3)), \
                     told_at = COALESCE(told_at, (SELECT o.told_at FROM numbers o \
                     WHERE o.practice_id = $1 AND o.number_hash = $3)) \
                     WHERE practice_id = $1 AND number_hash = $2 AND EXISTS \
                     (SELECT 1 FROM numbers o WHERE o.practice_id = $1 AND o.number_hash = $3)";
        let drop = "DELETE FROM numbers WHERE practice_id = $1 AND number_hash = $3 AND EXISTS \
                    (SELECT 1 FROM numbers o WHERE o.practice_id = $1 AND o.number_hash = $2)";
        let change = "UPDATE numbers SET number_hash = $2 WHERE practice_id = $1 AND number_hash = $3";
        for old in older {
            for sql in [merge, drop, change] {
                self.conn.execute(sql, &[practice.into(), number.into(), old.into()]).await?;
            }
        }
        Ok(())
    }
}
