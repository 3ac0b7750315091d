//! Deliveries to outside recipients: rows, states, shredding.
//!
//! A state changes in one conditional statement that says from where; what a state no longer needs (the
//! ticket once the notice left, every key at the end) is erased in the same one. The octets leave the
//! files of SQLite with [`Store::shred`].

use std::ops::Range;

use crate::domain::{
    DeliveryId, DeliveryState, Esk, FailureClass, Fault, KeyedHash, Mac, MailboxId, MessageId, ObjectId, PatientId,
    PracticeId, Sealed, Timestamp,
};

use super::sql::Step;
use super::value::{Row, Trouble};
use super::{Store, Tx};

/// A row of `deliveries`.
#[derive(Debug, Clone)]
pub struct DeliveryRow {
    /// Its id.
    pub id: DeliveryId,
    /// In which practice.
    pub practice: PracticeId,
    /// The sender's mailbox.
    pub mailbox: MailboxId,
    /// Which message.
    pub message: MessageId,
    /// Which head its recipient sees.
    pub head: ObjectId,
    /// The person of the directory, when known.
    pub patient: Option<PatientId>,
    /// Its state.
    pub state: DeliveryState,
    /// Why it failed.
    pub failure: Option<FailureClass>,
    /// Address, number, language, channel, sealed at (deliveries, id, coordinates).
    pub coordinates: Option<Sealed>,
    /// Keyed hash of the address, within the practice.
    pub address_hash: KeyedHash,
    /// Keyed hash of the number, within the practice.
    pub number_hash: KeyedHash,
    /// Message-ID and References, sealed at (deliveries, id, thread).
    pub thread: Sealed,
    /// The subject, under ticket and root key.
    pub subject: Option<Sealed>,
    /// The head's session key, under ticket and root key; `None` once shredded.
    pub esk: Option<Esk>,
    /// Keyed hash of the ticket.
    pub ticket_hash: KeyedHash,
    /// The ticket, sealed at (deliveries, id, ticket); `None` once the relay took the notice.
    pub ticket: Option<Sealed>,
    /// Authority over id, message, head, coordinates, ticket hash.
    pub mac: Mac,
    /// Wrong codes in all.
    pub tries: i64,
    /// No code is taken before this instant.
    pub paused_until: Timestamp,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When the relay took the notice.
    pub notified_at: Option<Timestamp>,
    /// When it was first opened.
    pub opened_at: Option<Timestamp>,
    /// When the last attachment was first downloaded.
    pub downloaded_at: Option<Timestamp>,
    /// When it was recalled, expired, bounced or locked.
    pub ended_at: Option<Timestamp>,
    /// When it closes by itself.
    pub expires_at: Timestamp,
    /// What its sender asked to hear (RFC 3461), sealed at (deliveries, id, report).
    pub report: Option<Sealed>,
    /// Since when nobody opens it for now; `None`: it is open as its state says.
    pub suspended_at: Option<Timestamp>,
}

/// What a download changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Downloads {
    /// Nothing: those files were given out before.
    Known,
    /// One of them is new.
    New,
    /// The last of all was given out.
    Complete,
}

impl Store {
    /// How many deliveries stand in each state; those with none left out.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn delivery_states(&self) -> Result<Vec<(DeliveryState, i64)>, Fault> {
        let rows =
            self.rows("SELECT state, COUNT(*) AS many FROM deliveries GROUP BY state ORDER BY state", &[]).await?;
        let read = |row: &Row| Ok((row.read("state")?, row.read("many")?));
        Ok(rows.iter().map(read).collect::<Result<_, Trouble>>()?)
    }

    /// One delivery.
    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRow>, Fault> {
        let sql = "SELECT id, practice_id, mailbox_id, message_id, head_id, patient_id, state, failure, \
                   coordinates_sealed, address_hash, number_hash, thread_sealed, subject_sealed, esk, ticket_hash, \
                   ticket_sealed, authority_mac, tries, paused_until, created_at, notified_at, opened_at, \
                   downloaded_at, ended_at, expires_at, report_sealed, suspended_at \
                   FROM deliveries WHERE id = $1";
        Ok(self.row(sql, &[id.into()]).await?.as_ref().map(delivery_row).transpose()?)
    }

    /// The delivery of a ticket.
    pub async fn delivery_by_ticket(&self, ticket: &KeyedHash) -> Result<Option<DeliveryRow>, Fault> {
        let sql = "SELECT id, practice_id, mailbox_id, message_id, head_id, patient_id, state, failure, \
                   coordinates_sealed, address_hash, number_hash, thread_sealed, subject_sealed, esk, ticket_hash, \
                   ticket_sealed, authority_mac, tries, paused_until, created_at, notified_at, opened_at, \
                   downloaded_at, ended_at, expires_at, report_sealed, suspended_at \
                   FROM deliveries WHERE ticket_hash = $1";
        Ok(self.row(sql, &[ticket.into()]).await?.as_ref().map(delivery_row).transpose()?)
    }

    /// The newest deliveries, at most `limit`; of one mailbox where given.
    pub async fn deliveries(&self, mailbox: Option<MailboxId>, limit: i64) -> Result<Vec<DeliveryRow>, Fault> {
        let rows = match mailbox {
            Some(mailbox) => {
                let sql = "SELECT id, practice_id, mailbox_id, message_id, head_id, patient_id, state, failure, \
                   coordinates_sealed, address_hash, number_hash, thread_sealed, subject_sealed, esk, ticket_hash, \
                   ticket_sealed, authority_mac, tries, paused_until, created_at, notified_at, opened_at, \
                   downloaded_at, ended_at, expires_at, report_sealed, suspended_at \
                   FROM deliveries WHERE mailbox_id = $1 ORDER BY created_at DESC, id LIMIT $2";
                self.rows(sql, &[mailbox.into(), limit.into()]).await?
            }
            None => {
                let sql = "SELECT id, practice_id, mailbox_id, message_id, head_id, patient_id, state, failure, \
                   coordinates_sealed, address_hash, number_hash, thread_sealed, subject_sealed, esk, ticket_hash, \
                   ticket_sealed, authority_mac, tries, paused_until, created_at, notified_at, opened_at, \
                   downloaded_at, ended_at, expires_at, report_sealed, suspended_at \
                   FROM deliveries ORDER BY created_at DESC, id LIMIT $1";
                self.rows(sql, &[limit.into()]).await?
            }
        };
        Ok(rows.iter().map(delivery_row).collect::<Result<_, _>>()?)
    }

    /// The newest deliveries of a mailbox of which something became known at `since` or later, at most `limit`.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn deliveries_since(
        &self,
        mailbox: MailboxId,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<DeliveryRow>, Fault> {
        let sql = "SELECT id, practice_id, mailbox_id, message_id, head_id, patient_id, state, failure, \
                   coordinates_sealed, address_hash, number_hash, thread_sealed, subject_sealed, esk, ticket_hash, \
                   ticket_sealed, authority_mac, tries, paused_until, created_at, notified_at, opened_at, \
                   downloaded_at, ended_at, expires_at, report_sealed, suspended_at \
                   FROM deliveries WHERE mailbox_id = $1 AND (created_at >= $2 OR notified_at >= $2 OR opened_at >= $2 \
                   OR downloaded_at >= $2 OR ended_at >= $2 OR suspended_at >= $2) ORDER BY created_at DESC, id LIMIT $3";
        let rows = self.rows(sql, &[mailbox.into(), since.into(), limit.into()]).await?;
        Ok(rows.iter().map(delivery_row).collect::<Result<_, _>>()?)
    }

    /// Who sent a message.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn sender_of(&self, message: MessageId) -> Result<Option<MailboxId>, Fault> {
        let row = self.row("SELECT mailbox_id FROM messages WHERE id = $1", &[message.into()]).await?;
        Ok(row.map(|row| row.read("mailbox_id")).transpose()?)
    }

    /// Whether an earlier delivery of the practice went to this address with this number: not to a person of the directory
    /// who was taken out since.
    pub async fn delivered_before(
        &self,
        practice: PracticeId,
        address: &KeyedHash,
        number: &KeyedHash,
    ) -> Result<bool, Fault> {
        let sql = "SELECT id FROM deliveries WHERE practice_id = $1 AND address_hash = $2 AND number_hash = $3 \
                   AND (patient_id IS NULL OR EXISTS (SELECT 1 FROM patients WHERE patients.id = deliveries.patient_id)) LIMIT 1";
        Ok(self.row(sql, &[practice.into(), address.into(), number.into()]).await?.is_some())
    }

    /// Deliveries that still hold a key and whose time was over at `now`, at most `limit`.
    pub async fn expired(&self, now: Timestamp, limit: i64) -> Result<Vec<DeliveryId>, Fault> {
        let sql =
            "SELECT id FROM deliveries WHERE esk IS NOT NULL AND expires_at <= $1 ORDER BY expires_at, id LIMIT $2";
        let rows = self.rows(sql, &[now.into(), limit.into()]).await?;
        Ok(rows.iter().map(|row| row.read("id")).collect::<Result<_, _>>()?)
    }

    /// How many files of a delivery were given out whole.
    pub async fn downloads(&self, id: DeliveryId) -> Result<i64, Fault> {
        let row = self.row("SELECT COUNT(*) AS files FROM downloads WHERE delivery_id = $1", &[id.into()]).await?;
        Ok(row.map(|row| row.read("files")).transpose()?.unwrap_or(0))
    }
}

impl Tx {
    /// `queued → notified`, and the sealed ticket is erased, unless a reminder at `remind_at` is to carry it. `false` when
    /// it was not queued.
    ///
    /// A patient can be quicker than the commit that follows the relay's answer: then the state stays
    /// *opened*, the instant is noted, and the ticket is erased all the same.
    pub async fn notify_delivery(
        &mut self,
        id: DeliveryId,
        at: Timestamp,
        remind_at: Option<Timestamp>,
    ) -> Result<bool, Fault> {
        if remind_at.is_some() {
            let sql = "UPDATE deliveries SET state = 'notified', notified_at = $2, remind_at = $3, reminder = 'mail' \
                       WHERE id = $1 AND notified_at IS NULL AND state = 'queued'";
            if self.conn.execute(sql, &[id.into(), at.into(), remind_at.into()]).await? > 0 {
                return Ok(true);
            }
        }
        let sql = "UPDATE deliveries SET state = CASE WHEN state = 'queued' THEN 'notified' ELSE state END, \
                   notified_at = $2, ticket_sealed = NULL, subject_sealed = NULL \
                   WHERE id = $1 AND notified_at IS NULL AND state IN ('queued', 'opened', 'downloaded') RETURNING state";
        let row = self.conn.row(sql, &[id.into(), at.into()]).await?;
        let state: Option<DeliveryState> = row.map(|row| row.read("state")).transpose()?;
        Ok(state == Some(DeliveryState::Notified))
    }

    /// First opening: `queued|notified → opened`; what was kept for a reminder is erased. `false` when it was opened before
    /// or is closed.
    pub async fn open_delivery(&mut self, id: DeliveryId, at: Timestamp) -> Result<bool, Fault> {
        let sql = "UPDATE deliveries SET state = 'opened', opened_at = $2, remind_at = NULL, \
                   ticket_sealed = CASE WHEN state = 'queued' THEN ticket_sealed ELSE NULL END, \
                   subject_sealed = CASE WHEN state = 'queued' THEN subject_sealed ELSE NULL END \
                   WHERE id = $1 AND state IN ('queued', 'notified')";
        Ok(self.conn.execute(sql, &[id.into(), at.into()]).await? > 0)
    }

    /// Where a delivery stands. It stays so until the transaction ends where whoever calls has touched the mailbox.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn delivery_state(&mut self, id: DeliveryId) -> Result<Option<DeliveryState>, Fault> {
        let row = self.conn.row("SELECT state FROM deliveries WHERE id = $1", &[id.into()]).await?;
        Ok(row.map(|row| row.read("state")).transpose()?)
    }

    /// Holds a delivery's row until the commit, and changes nothing: what FOR UPDATE is on one of the two databases.
    ///
    /// A statement of its own: one that waits for a row itself sees the others as they were before it waited (READ
    /// COMMITTED).
    pub(super) async fn lock_delivery(&mut self, id: DeliveryId) -> Result<(), Fault> {
        self.conn.execute("UPDATE deliveries SET tries = tries WHERE id = $1", &[id.into()]).await?;
        Ok(())
    }

    /// Notes that these files were given out whole, and `opened → downloaded` once `of` different ones were.
    pub async fn download_delivery(
        &mut self,
        id: DeliveryId,
        parts: Range<i64>,
        of: i64,
        at: Timestamp,
    ) -> Result<Downloads, Fault> {
        // The delivery's row first: of two last files at once, the second sees the first.
        self.lock_delivery(id).await?;
        // SQLite reads ON CONFLICT behind a SELECT as such only where that has a WHERE.
        let sql = "WITH RECURSIVE files (part) AS \
                   (SELECT CAST($3 AS BIGINT) UNION ALL SELECT part + 1 FROM files WHERE part + 1 < $4) \
                   INSERT INTO downloads (delivery_id, part, first_at) SELECT $1, part, $2 FROM files WHERE part < $4 \
                   ON CONFLICT (delivery_id, part) DO NOTHING";
        let params = [id.into(), at.into(), parts.start.into(), parts.end.into()];
        if self.conn.execute(sql, &params).await? == 0 {
            return Ok(Downloads::Known);
        }
        let sql = "UPDATE deliveries SET state = 'downloaded', downloaded_at = $2 WHERE id = $1 AND state = 'opened' \
                   AND (SELECT COUNT(*) FROM downloads WHERE delivery_id = $1) >= $3";
        let complete = self.conn.execute(sql, &[id.into(), at.into(), of.into()]).await? > 0;
        Ok(if complete { Downloads::Complete } else { Downloads::New })
    }

    /// Ends a delivery: sets the state, and erases session-key packet, ticket, subject, challenges' codes and
    /// portal sessions; its work in the outbox is done with. `false` when it had ended. Coordinates stay for
    /// `delivery show` until they are erased apart.
    ///
    /// # Errors
    /// A [`Fault`] of the database, or for a state that is no end.
    pub async fn end_delivery(
        &mut self,
        id: DeliveryId,
        state: DeliveryState,
        failure: Option<FailureClass>,
        at: Timestamp,
    ) -> Result<bool, Fault> {
        if state.is_open() || state == DeliveryState::Held {
            return Err(Fault::because("a delivery cannot end like that", state.word()));
        }
        let sql = "UPDATE deliveries SET state = $2, failure = $3, ended_at = $4, esk = NULL, ticket_sealed = NULL, \
                   subject_sealed = NULL, remind_at = NULL WHERE id = $1 AND state IN ('held', 'queued', 'notified', 'opened', 'downloaded')";
        if self.conn.execute(sql, &[id.into(), state.into(), failure.into(), at.into()]).await? == 0 {
            return Ok(false);
        }
        self.close_delivery(id, at).await?;
        // Somebody tried codes, or it went to the wrong person: no browser is taken at its word any more.
        if matches!(state, DeliveryState::Locked | DeliveryState::Recalled) {
            self.forget_browsers_of(id).await?;
        }
        Ok(true)
    }

    /// Ends a delivery whose notice came back: `queued|notified → bounced`, and what [`Tx::end_delivery`] erases is
    /// erased. `false` when it was opened, and so arrived whatever is said, or had ended.
    pub async fn bounce_delivery(&mut self, id: DeliveryId, why: FailureClass, at: Timestamp) -> Result<bool, Fault> {
        let sql = "UPDATE deliveries SET state = 'bounced', failure = $2, ended_at = $3, esk = NULL, \
                   ticket_sealed = NULL, subject_sealed = NULL, remind_at = NULL \
                   WHERE id = $1 AND state IN ('queued', 'notified')";
        if self.conn.execute(sql, &[id.into(), why.into(), at.into()]).await? == 0 {
            return Ok(false);
        }
        self.close_delivery(id, at).await?;
        Ok(true)
    }

    /// Codes, pages and work of a delivery that has ended.
    async fn close_delivery(&mut self, id: DeliveryId, at: Timestamp) -> Result<(), Fault> {
        let sql = "UPDATE challenges SET code_mac = NULL, digits_sealed = NULL WHERE delivery_id = $1";
        self.conn.execute(sql, &[id.into()]).await?;
        self.conn.execute("DELETE FROM portal_sessions WHERE delivery_id = $1", &[id.into()]).await?;
        let sql = "UPDATE outbox SET done_at = $2, lease_until = 0 WHERE delivery_id = $1 AND done_at IS NULL";
        self.conn.execute(sql, &[id.into(), at.into()]).await?;
        self.stop_reminding(id).await
    }
}

/// Inserts a delivery, as part of a deposit.
pub(super) fn insert(row: &DeliveryRow) -> Step<'_> {
    let sql = "INSERT INTO deliveries (id, practice_id, mailbox_id, message_id, head_id, patient_id, state, failure, \
                   coordinates_sealed, address_hash, number_hash, thread_sealed, subject_sealed, esk, ticket_hash, \
                   ticket_sealed, authority_mac, tries, paused_until, created_at, notified_at, opened_at, \
                   downloaded_at, ended_at, expires_at, report_sealed, suspended_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
                   $20, $21, $22, $23, $24, $25, $26, $27)";
    let params = vec![
        row.id.into(),
        row.practice.into(),
        row.mailbox.into(),
        row.message.into(),
        row.head.into(),
        row.patient.into(),
        row.state.into(),
        row.failure.into(),
        row.coordinates.as_ref().into(),
        (&row.address_hash).into(),
        (&row.number_hash).into(),
        (&row.thread).into(),
        row.subject.as_ref().into(),
        row.esk.as_ref().into(),
        (&row.ticket_hash).into(),
        row.ticket.as_ref().into(),
        (&row.mac).into(),
        row.tries.into(),
        row.paused_until.into(),
        row.created_at.into(),
        row.notified_at.into(),
        row.opened_at.into(),
        row.downloaded_at.into(),
        row.ended_at.into(),
        row.expires_at.into(),
        row.report.as_ref().into(),
        row.suspended_at.into(),
    ];
    Step { sql, params }
}

pub(super) fn delivery_row(row: &Row) -> Result<DeliveryRow, Trouble> {
    Ok(DeliveryRow {
        id: row.read("id")?,
        practice: row.read("practice_id")?,
        mailbox: row.read("mailbox_id")?,
        message: row.read("message_id")?,
        head: row.read("head_id")?,
        patient: row.read_opt("patient_id")?,
        state: row.read("state")?,
        failure: row.read_opt("failure")?,
        coordinates: row.read_opt("coordinates_sealed")?,
        address_hash: row.read("address_hash")?,
        number_hash: row.read("number_hash")?,
        thread: row.read("thread_sealed")?,
        subject: row.read_opt("subject_sealed")?,
        esk: row.read_opt("esk")?,
        ticket_hash: row.read("ticket_hash")?,
        ticket: row.read_opt("ticket_sealed")?,
        mac: row.read("authority_mac")?,
        tries: row.read("tries")?,
        paused_until: row.read("paused_until")?,
        created_at: row.read("created_at")?,
        notified_at: row.read_opt("notified_at")?,
        opened_at: row.read_opt("opened_at")?,
        downloaded_at: row.read_opt("downloaded_at")?,
        ended_at: row.read_opt("ended_at")?,
        expires_at: row.read("expires_at")?,
        report: row.read_opt("report_sealed")?,
        suspended_at: row.read_opt("suspended_at")?,
    })
}
