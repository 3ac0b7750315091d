//! What was taken away after a backup stays away: the journal, exported off the host, is read again before a door opens.
//!
//! Events hold ids only. Those behind the heads that a backup has are taken into the journal, each checked against the
//! one before, and what they took away is taken away again. Without them nothing of before is trusted: codes and pages
//! are void, notices wait, and patients' deliveries stay closed until somebody confirms.

use std::collections::BTreeMap;

use crate::domain::{DeliveryId, DeliveryState, DeviceId, Fault, MailboxId, PatientId, Timestamp, Verb};

use super::outbox::NEVER;
use super::value::{Plain, PlainOctets, Row, Trouble};
use super::{Store, Tx};

/// An event as it is exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedEvent {
    /// Which node wrote it.
    pub node: String,
    /// Its place in the node's chain.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Ids, counts and words.
    pub line: String,
    /// Its authentication over the one before.
    pub link: Vec<u8>,
}

/// What a journal took away again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Events behind the backup.
    pub events: u64,
    /// Deliveries that had ended since.
    pub deliveries: u64,
    /// Devices that were revoked since.
    pub devices: u64,
    /// Wrong codes since.
    pub tries: u64,
    /// Persons whose record was changed or removed since: it is gone, and must be entered again.
    pub patients: u64,
    /// Other addresses that mailboxes may write as no longer. Events do not name them: of a mailbox from which one was
    /// taken back since, all are gone, and those that it keeps must be allowed again.
    pub send_as: u64,
    /// Messages that were taken away since by their owners: these are back.
    pub expunged: u64,
}

impl Store {
    /// Events of a node behind a place in its chain, in order.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn events_after(&self, node: &str, seq: i64, limit: i64) -> Result<Vec<ExportedEvent>, Fault> {
        let sql =
            "SELECT node, seq, at, line, link_mac FROM audit_events WHERE node = $1 AND seq > $2 ORDER BY seq LIMIT $3";
        let rows = self.rows(sql, &[Plain(node).into(), seq.into(), limit.into()]).await?;
        let read = |row: &Row| {
            Ok(ExportedEvent {
                node: row.read("node")?,
                seq: row.read("seq")?,
                at: row.read("at")?,
                line: row.read("line")?,
                link: row.read("link_mac")?,
            })
        };
        Ok(rows.iter().map(read).collect::<Result<_, Trouble>>()?)
    }

    /// The nodes that wrote events, and how many each.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn chains(&self) -> Result<Vec<(String, i64)>, Fault> {
        let rows = self.rows("SELECT node, seq FROM audit_chains ORDER BY node", &[]).await?;
        Ok(rows.iter().map(|row| Ok((row.read("node")?, row.read("seq")?))).collect::<Result<_, Trouble>>()?)
    }
}

impl Tx {
    /// Voids what a restored database must not give anybody: live codes, open pages, remembered browsers, leases.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn void_sessions(&mut self) -> Result<(), Fault> {
        for sql in [
            "UPDATE challenges SET code_mac = NULL, digits_sealed = NULL, due_at = NULL",
            "DELETE FROM portal_sessions",
            "DELETE FROM remembered_browsers",
            "UPDATE outbox SET lease_until = 0",
        ] {
            self.conn.execute(sql, &[]).await?;
        }
        Ok(())
    }

    /// Holds every notice until `queue retry`, and every delivery to a patient until `delivery release`; returns how
    /// many deliveries.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn hold_everything(&mut self, now: Timestamp) -> Result<u64, Fault> {
        self.conn.execute("UPDATE outbox SET due_at = $1 WHERE done_at IS NULL", &[NEVER.into()]).await?;
        let sql = "UPDATE deliveries SET suspended_at = $1 \
                   WHERE state IN ('held', 'queued', 'notified', 'opened', 'downloaded') AND suspended_at IS NULL";
        Ok(self.conn.execute(sql, &[now.into()]).await?)
    }

    /// Opens suspended deliveries again, or one of them; returns how many. What its sender recalls meanwhile stays closed,
    /// by the recall alone.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn release(&mut self, id: Option<DeliveryId>) -> Result<u64, Fault> {
        Ok(match id {
            Some(id) => {
                let sql = "UPDATE deliveries SET suspended_at = recalled_at WHERE id = $1 AND suspended_at IS NOT NULL \
                           AND (recalled_at IS NULL OR suspended_at <> recalled_at)";
                self.conn.execute(sql, &[id.into()]).await?
            }
            None => {
                let sql = "UPDATE deliveries SET suspended_at = recalled_at WHERE suspended_at IS NOT NULL \
                           AND (recalled_at IS NULL OR suspended_at <> recalled_at)";
                self.conn.execute(sql, &[]).await?
            }
        })
    }

    /// Takes the events behind this database's chains into its journal, and takes away again what they took away.
    ///
    /// # Errors
    /// A [`Fault`] for an event that does not fit the one before it: nothing is changed then.
    pub async fn replay(&mut self, events: &[ExportedEvent]) -> Result<Replayed, Fault> {
        let mut by_node: BTreeMap<&str, Vec<&ExportedEvent>> = BTreeMap::new();
        for event in events {
            by_node.entry(&event.node).or_default().push(event);
        }
        let mut done = Replayed::default();
        let mut in_time = Vec::new();
        for (node, mut events) in by_node {
            events.sort_by_key(|event| event.seq);
            events.dedup();
            let head = "SELECT seq, head_mac FROM audit_chains WHERE node = $1";
            let head = self.conn.row(head, &[Plain(node).into()]).await?;
            let (mut seq, mut link): (i64, Vec<u8>) = match head {
                Some(row) => (row.read("seq")?, row.read("head_mac")?),
                None => (0, Vec::new()),
            };
            events.retain(|event| event.seq > seq);
            for event in events {
                if event.seq != seq + 1 || !self.inner.is_link((node, event.seq), &link, &event.line, &event.link) {
                    return Err(Fault::because(
                        "the journal does not follow this backup",
                        format!("event {}", seq + 1),
                    ));
                }
                seq = event.seq;
                link.clone_from(&event.link);
                self.take_event(event).await?;
                in_time.push(event);
            }
            let sql = "INSERT INTO audit_chains (node, seq, head_mac) VALUES ($1, $2, $3) \
                       ON CONFLICT (node) DO UPDATE SET seq = excluded.seq, head_mac = excluded.head_mac";
            self.conn.execute(sql, &[Plain(node).into(), seq.into(), PlainOctets(&link).into()]).await?;
        }
        in_time.sort_by_key(|event| event.at);
        for event in in_time {
            done.events += 1;
            self.take_away(event, &mut done).await?;
        }
        Ok(done)
    }

    async fn take_event(&mut self, event: &ExportedEvent) -> Result<(), Trouble> {
        let sql = "INSERT INTO audit_events (node, seq, at, line, link_mac) VALUES ($1, $2, $3, $4, $5)";
        let params = [
            Plain(&event.node).into(),
            event.seq.into(),
            event.at.into(),
            Plain(&event.line).into(),
            PlainOctets(&event.link).into(),
        ];
        self.conn.execute(sql, &params).await.map(|_| ())
    }

    async fn take_away(&mut self, event: &ExportedEvent, done: &mut Replayed) -> Result<(), Fault> {
        let field = |name: &str| event.line.split(' ').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let Some(verb) = field("verb").and_then(Verb::from_word) else { return Ok(()) };
        let delivery = field("delivery").and_then(|id| id.parse::<DeliveryId>().ok());
        let ends = match verb {
            Verb::Recalled => Some(DeliveryState::Recalled),
            Verb::Expired => Some(DeliveryState::Expired),
            Verb::Bounced => Some(DeliveryState::Bounced),
            Verb::DeliveryLocked => Some(DeliveryState::Locked),
            _ => None,
        };
        if let (Some(state), Some(delivery)) = (ends, delivery) {
            done.deliveries += u64::from(self.end_delivery(delivery, state, None, event.at).await?);
        }
        match (verb, delivery) {
            (Verb::CodeRefused, Some(delivery)) => {
                let sql = "UPDATE deliveries SET tries = tries + 1 WHERE id = $1";
                done.tries += self.conn.execute(sql, &[delivery.into()]).await?;
            }
            // Its notice has left, and its ticket with it: it does not leave again.
            (Verb::HandedOver, Some(delivery)) => {
                let sql = "UPDATE deliveries SET ticket_sealed = NULL, notified_at = COALESCE(notified_at, $2), \
                           state = CASE WHEN state = 'queued' THEN 'notified' ELSE state END WHERE id = $1";
                self.conn.execute(sql, &[delivery.into(), event.at.into()]).await?;
                let sql = "UPDATE outbox SET done_at = $2 WHERE delivery_id = $1 AND done_at IS NULL";
                self.conn.execute(sql, &[delivery.into(), event.at.into()]).await?;
            }
            // What was opened is told to nobody as unread, and no link of it is kept.
            (Verb::Opened | Verb::Downloaded | Verb::DownloadedAll, Some(delivery)) => {
                self.open_delivery(delivery, event.at).await?;
            }
            // Whether its mail or its call, it does not leave again.
            (Verb::Reminded, Some(delivery)) => {
                let sql = "UPDATE deliveries SET remind_at = NULL, ticket_sealed = NULL, subject_sealed = NULL \
                           WHERE id = $1 AND state = 'notified'";
                self.conn.execute(sql, &[delivery.into()]).await?;
                let sql = "UPDATE outbox SET done_at = $2 WHERE delivery_id = $1 AND reminder = 1 AND done_at IS NULL";
                self.conn.execute(sql, &[delivery.into(), event.at.into()]).await?;
            }
            (Verb::LearnedRefused, Some(delivery)) => {
                let sql = "DELETE FROM learned_numbers WHERE delivery_id = $1 AND learned_at <= $2";
                self.conn.execute(sql, &[delivery.into(), event.at.into()]).await?;
            }
            _ => {}
        }
        match verb {
            Verb::DeviceRevoked => {
                if let Some(device) = field("device").and_then(|id| id.parse::<DeviceId>().ok()) {
                    done.devices += u64::from(self.delete_device(device, event.at).await?);
                }
            }
            Verb::KeysRenewed => {
                // They are the old ones again, which somebody has seen.
                if let Some(mailbox) = field("mailbox").and_then(|id| id.parse::<MailboxId>().ok()) {
                    let sql = "UPDATE mailboxes SET renewal_due_at = $2 WHERE id = $1 AND renewal_due_at IS NULL";
                    self.conn.execute(sql, &[mailbox.into(), event.at.into()]).await?;
                }
            }
            Verb::PatientChanged | Verb::PatientRemoved => {
                if let Some(patient) = field("patient").and_then(|id| id.parse::<PatientId>().ok()) {
                    // Who read for a person goes with them: whether they still do is not known.
                    let sql = "DELETE FROM patients WHERE id = $1 OR ward_id = $1";
                    done.patients += self.conn.execute(sql, &[patient.into()]).await?;
                }
            }
            Verb::SendAsRefused => {
                if let Some(mailbox) = field("mailbox").and_then(|id| id.parse::<MailboxId>().ok()) {
                    let sql = "DELETE FROM send_as WHERE mailbox_id = $1 AND created_at <= $2";
                    done.send_as += self.conn.execute(sql, &[mailbox.into(), event.at.into()]).await?;
                }
            }
            Verb::Expunged => {
                let count = field("count").and_then(|count| count.parse::<u64>().ok());
                done.expunged += count.unwrap_or_default();
            }
            _ => {}
        }
        Ok(())
    }
}
