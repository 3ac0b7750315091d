//! The journal: one chain of events per node, each authenticated over the one before.
//!
//! The head of a chain is a row that every commit of the node locks for an instant, so that sequence
//! and links have no gaps. What the database alone cannot show (a chain cut back together with its
//! head) is what the export of the heads off the host is for (R-S20).

use std::sync::PoisonError;

use super::Store;
use super::sql::{ChainMac, Conn, Inner, Step};
use super::value::{Plain, PlainOctets, Row, Trouble};
use crate::domain::{AuditEvent, DeliveryId, Fault, MailboxId, Timestamp};

/// One event as stored.
#[derive(Debug, Clone)]
pub struct AuditRow {
    /// Which node wrote it.
    pub node: String,
    /// Its place in the node's chain, from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Ids, counts and words.
    pub line: String,
}

/// Verifies what an older root key made of the journal.
#[derive(Clone)]
pub struct OlderChain {
    /// Authenticates a link under it.
    pub mac: ChainMac,
    /// How far it went when it was retired, with the last event of each node; `None` while it is still there.
    pub ends: Option<Vec<(String, i64, Vec<u8>)>>,
}

/// Which events are asked for.
#[derive(Debug, Clone, Copy)]
pub struct AuditFilter {
    /// Those that name this mailbox.
    pub mailbox: Option<MailboxId>,
    /// Those that name this delivery.
    pub delivery: Option<DeliveryId>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// How many at most.
    pub limit: i64,
}

impl Store {
    /// The newest events that a filter lets through, newest first.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn audit_of(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, Fault> {
        let since = filter.since.unwrap_or(Timestamp(i64::MIN));
        // An id is random, and no field of a line is a word of a person: the text is enough to find it by.
        let any = || "%".to_owned();
        let mailbox = filter.mailbox.map_or_else(any, |mailbox| format!("% mailbox={mailbox}%"));
        let delivery = filter.delivery.map_or_else(any, |delivery| format!("% delivery={delivery}%"));
        let sql = "SELECT node, seq, at, line FROM audit_events WHERE at >= $1 AND line LIKE $2 AND line LIKE $3 \
                   ORDER BY at DESC, node, seq DESC LIMIT $4";
        let params = [since.into(), Plain(&mailbox).into(), Plain(&delivery).into(), filter.limit.into()];
        let rows = self.rows(sql, &params).await?;
        Ok(rows.iter().map(audit_row).collect::<Result<_, _>>()?)
    }

    /// The newest events, newest first.
    pub async fn audit(&self, limit: i64) -> Result<Vec<AuditRow>, Fault> {
        let sql = "SELECT node, seq, at, line FROM audit_events ORDER BY at DESC, node, seq DESC LIMIT $1";
        let rows = self.rows(sql, &[limit.into()]).await?;
        Ok(rows.iter().map(audit_row).collect::<Result<_, _>>()?)
    }

    /// What verifies the links that the key in use did not make.
    pub fn verify_with(&self, older: Vec<OlderChain>) {
        *self.inner.older.write().unwrap_or_else(PoisonError::into_inner) = older;
    }

    /// Walks every chain; `Err((node, seq))` names the first event that does not fit.
    pub async fn verify_audit(&self) -> Result<Result<u64, (String, i64)>, Fault> {
        // One state of the database throughout: events that are written meanwhile are not half seen.
        let mut conn = self.inner.snapshot().await?;
        let sql = "SELECT node FROM audit_chains UNION SELECT node FROM audit_events ORDER BY node";
        let mut count = 0;
        for row in conn.rows(sql, &[]).await? {
            let node: String = row.read("node")?;
            match self.inner.verify_chain(&mut conn, &node).await? {
                Ok(events) => count += events,
                Err(seq) => return Ok(Err((node, seq))),
            }
        }
        Ok(Ok(count))
    }
}

impl Inner {
    /// Adds events to the node's chain, in order, as the last step before the commit.
    pub(super) async fn append(&self, conn: &mut Conn, events: &[&AuditEvent]) -> Result<(), Trouble> {
        let raised = conn.run(&[self.raise(events.len())]).await?;
        self.append_raised(conn, events, raised.first()).await
    }

    /// Makes room in the node's chain for so many events; whoever else appends waits until the transaction has ended.
    pub(super) fn raise(&self, many: usize) -> Step<'_> {
        let many = i64::try_from(many).unwrap_or(i64::MAX);
        let sql = "UPDATE audit_chains SET seq = seq + $2 WHERE node = $1 RETURNING seq, head_mac";
        Step { sql, params: vec![Plain(&self.node).into(), many.into()] }
    }

    /// Adds the events for which [`Inner::raise`] made room.
    pub(super) async fn append_raised(
        &self,
        conn: &mut Conn,
        events: &[&AuditEvent],
        raised: Option<&Vec<Row>>,
    ) -> Result<(), Trouble> {
        let head = raised.and_then(|rows| rows.first());
        let head = head.ok_or_else(|| Trouble::new("the journal's chain has no head", "row missing"))?;
        let mut seq = head.read::<i64>("seq")? - i64::try_from(events.len()).unwrap_or(i64::MAX);
        let mut link: Vec<u8> = head.read("head_mac")?;
        let mut links = Vec::with_capacity(events.len());
        for event in events {
            seq += 1;
            let line = event.line();
            link = self.link(&self.node, seq, &link, &line);
            links.push((seq, event.at, line, link.clone()));
        }
        let sql = "INSERT INTO audit_events (node, seq, at, line, link_mac) VALUES ($1, $2, $3, $4, $5)";
        let node = || Plain(&self.node).into();
        let mut steps = Vec::with_capacity(links.len() + 1);
        for (seq, at, line, link) in &links {
            let params = vec![node(), (*seq).into(), (*at).into(), Plain(line).into(), PlainOctets(link).into()];
            steps.push(Step { sql, params });
        }
        let sql = "UPDATE audit_chains SET head_mac = $2 WHERE node = $1";
        steps.push(Step { sql, params: vec![node(), PlainOctets(&link).into()] });
        conn.run(&steps).await.map(|_| ())
    }

    /// `Err(seq)`: the first event that is changed, missing, or not the chain's.
    async fn verify_chain(&self, conn: &mut Conn, node: &str) -> Result<Result<u64, i64>, Trouble> {
        let head = conn.row("SELECT seq, head_mac FROM audit_chains WHERE node = $1", &[Plain(node).into()]).await?;
        let Some(head) = head else { return Ok(Err(1)) };
        let (last, head_mac): (i64, Vec<u8>) = (head.read("seq")?, head.read("head_mac")?);
        let sql =
            "SELECT node, seq, at, line, link_mac FROM audit_events WHERE node = $1 AND seq > $2 ORDER BY seq LIMIT $3";
        let (mut seq, mut link) = (0_i64, Vec::new());
        // An event before the first is none of ours.
        let before = "SELECT COUNT(*) AS events FROM audit_events WHERE node = $1 AND seq < 1";
        if conn.row(before, &[Plain(node).into()]).await?.map(|row| row.read::<i64>("events")).transpose()? != Some(0) {
            return Ok(Err(0));
        }
        loop {
            let rows = conn.rows(sql, &[Plain(node).into(), seq.into(), PAGE.into()]).await?;
            let done = rows.is_empty();
            for row in &rows {
                let event = audit_row(row)?;
                seq += 1;
                let found: Vec<u8> = row.read("link_mac")?;
                let ours = self.is_link((node, seq), &link, &event.line, &found);
                link = found;
                // The column repeats the line's first field for sorting; a changed copy would hide an event.
                let dated = event.line.starts_with(&format!("at={} ", event.at.0));
                if event.seq != seq || seq > last || !dated || !ours || !self.is_end(node, seq, &link) {
                    return Ok(Err(seq));
                }
            }
            if done {
                break;
            }
        }
        if seq != last || self.ends_later(node, seq) {
            return Ok(Err(seq + 1));
        }
        Ok(if link == head_mac { Ok(u64::try_from(seq).unwrap_or(0)) } else { Err(seq) })
    }

    /// The authentication of one event, under the key in use.
    fn link(&self, node: &str, seq: i64, before: &[u8], line: &str) -> Vec<u8> {
        (self.chain)(&linked(node, seq, before, line)).to_vec()
    }

    /// Whether an authentication is the one of an event, under the key in use or an older one as far as that went.
    pub(super) fn is_link(&self, (node, seq): (&str, i64), before: &[u8], line: &str, link: &[u8]) -> bool {
        let octets = linked(node, seq, before, line);
        let older = self.older.read().unwrap_or_else(PoisonError::into_inner);
        (self.chain)(&octets).as_slice() == link
            || older.iter().any(|chain| chain.reaches(node, seq) && (chain.mac)(&octets).as_slice() == link)
    }

    /// False where a key was retired at this event, and it was another one then.
    fn is_end(&self, node: &str, seq: i64, link: &[u8]) -> bool {
        let older = self.older.read().unwrap_or_else(PoisonError::into_inner);
        let mut ends = older.iter().flat_map(|chain| chain.ends.iter().flatten());
        ends.all(|end| end.0 != node || end.1 != seq || end.2 == link)
    }

    /// Whether a key was retired at a later event.
    fn ends_later(&self, node: &str, seq: i64) -> bool {
        let older = self.older.read().unwrap_or_else(PoisonError::into_inner);
        older.iter().flat_map(|chain| chain.ends.iter().flatten()).any(|end| end.0 == node && end.1 > seq)
    }
}

impl OlderChain {
    fn reaches(&self, node: &str, seq: i64) -> bool {
        self.ends.as_ref().is_none_or(|ends| ends.iter().any(|end| end.0 == node && end.1 >= seq))
    }
}

/// What authenticates one event: node, sequence, the link before and the line, each with its length.
fn linked(node: &str, seq: i64, before: &[u8], line: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(node.len() + before.len() + line.len() + 40);
    for field in [node.as_bytes(), &seq.to_be_bytes(), before, line.as_bytes()] {
        octets.extend_from_slice(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
        octets.extend_from_slice(field);
    }
    octets
}

fn audit_row(row: &Row) -> Result<AuditRow, Trouble> {
    Ok(AuditRow { node: row.read("node")?, seq: row.read("seq")?, at: row.read("at")?, line: row.read("line")? })
}

/// Events read at once while walking.
const PAGE: i64 = 1000;
