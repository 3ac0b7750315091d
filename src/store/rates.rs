//! How many messages a mailbox and a device may send in a minute and in a day, for all nodes.
//!
//! A message is counted in the transaction that accepts it, in one statement that refuses as well, so that no race
//! passes a limit and what is not accepted does not count. Minutes and days are the clock's (UTC). A node whose clock
//! is a minute behind counts with the others; one that is far off counts for itself.

use crate::domain::{DeviceId, Fault, MailboxId, Timestamp};

use super::Store;
use super::sql::{Conn, Step};
use super::value::{Param, Trouble};

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// A mailbox.
    Mailbox(MailboxId),
    /// One of its devices.
    Device(DeviceId),
}

/// How many messages somebody may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// In a minute.
    pub minute: i64,
    /// In a day (UTC).
    pub day: i64,
}

/// What a message counts against.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// Whose.
    pub whose: Whose,
    /// How many may be sent.
    pub rate: Rate,
}

/// A limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Of a minute.
    Minute(i64),
    /// Of a day.
    Day(i64),
}

impl Store {
    /// Whether one of these limits is reached at this instant; another message may change that at once.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn over_rate(&self, allowances: &[Allowance], now: Timestamp) -> Result<Option<Over>, Fault> {
        // A device and its mailbox: both by one statement.
        let Some((first, rest)) = allowances.split_first() else { return Ok(None) };
        let second = rest.first().unwrap_or(first);
        let sql = "SELECT id, minute, in_minute, day, in_day FROM rates WHERE id IN ($1, $2)";
        let rows = self.rows(sql, &[first.whose.param(), second.whose.param()]).await?;
        let ids: Vec<String> = rows.iter().map(|row| row.read("id")).collect::<Result<_, Trouble>>()?;
        for allowance in [first, second] {
            let Some(at) = ids.iter().position(|id| allowance.whose.is(id)) else { continue };
            let Some(row) = rows.get(at) else { continue };
            let (minute, day) = (row.read::<i64>("minute")?, row.read::<i64>("day")?);
            let (in_minute, in_day): (i64, i64) = (row.read("in_minute")?, row.read("in_day")?);
            let counts = |at: i64, now: i64| at == now || at == now + 1;
            if counts(day, day_of(now)) && in_day >= allowance.rate.day {
                return Ok(Some(Over::Day(allowance.rate.day)));
            }
            if counts(minute, minute_of(now)) && in_minute >= allowance.rate.minute {
                return Ok(Some(Over::Minute(allowance.rate.minute)));
            }
        }
        Ok(None)
    }
}

/// Counts the messages of a group, each against all of its limits; `false` when one of them may be reached: then
/// nothing was counted, and [`take`] decides one by one.
pub(super) async fn take_all<'a>(
    conn: &mut Conn,
    group: impl Iterator<Item = (&'a [Allowance], Timestamp)>,
) -> Result<bool, Trouble> {
    let each = |(allowances, at): (&'a [Allowance], Timestamp)| allowances.iter().map(move |allowance| (allowance, at));
    let mut all: Vec<(&Allowance, Timestamp)> = group.flat_map(each).collect();
    // In one order on every node.
    all.sort_by_key(|(allowance, _)| allowance.whose);
    if all.iter().any(|(allowance, _)| allowance.rate.is_none()) {
        return Ok(false);
    }
    let steps: Vec<Step<'_>> = all.iter().map(|(allowance, at)| counting(allowance, *at)).collect();
    let counted = conn.run(&steps).await?;
    if counted.iter().all(|rows| !rows.is_empty()) {
        return Ok(true);
    }
    let undo = all.iter().zip(&counted).filter(|(_, rows)| !rows.is_empty()).map(|((allowance, _), _)| undo(allowance));
    conn.run(&undo.collect::<Vec<_>>()).await?;
    Ok(false)
}

/// Counts one message against all of these limits, or against none when one of them is reached.
pub(super) async fn take(conn: &mut Conn, allowances: &[Allowance], now: Timestamp) -> Result<Option<Over>, Trouble> {
    for (at, allowance) in allowances.iter().enumerate() {
        let Some(over) = count(conn, allowance, now).await? else { continue };
        for counted in allowances.iter().take(at) {
            conn.run(&[undo(counted)]).await?;
        }
        return Ok(Some(over));
    }
    Ok(None)
}

async fn count(conn: &mut Conn, allowance: &Allowance, now: Timestamp) -> Result<Option<Over>, Trouble> {
    let Allowance { whose, rate } = allowance;
    if !rate.is_none() && conn.run(&[counting(allowance, now)]).await?.iter().any(|rows| !rows.is_empty()) {
        return Ok(None);
    }
    let sql = "SELECT in_day FROM rates WHERE id = $1 AND day IN ($2, $2 + 1) AND in_day >= $3";
    let days = conn.row(sql, &[whose.param(), day_of(now).into(), rate.day.into()]).await?;
    Ok(Some(if days.is_some() { Over::Day(rate.day) } else { Over::Minute(rate.minute) }))
}

/// Counts one message; a row comes back unless a limit is reached.
fn counting(Allowance { whose, rate }: &Allowance, now: Timestamp) -> Step<'static> {
    let (minute, day) = (minute_of(now), day_of(now));
    let sql = "INSERT INTO rates (id, minute, in_minute, day, in_day) VALUES ($1, $2, 1, $3, 1) \
               ON CONFLICT (id) DO UPDATE SET \
               in_minute = CASE WHEN rates.minute IN ($2, $2 + 1) THEN rates.in_minute + 1 ELSE 1 END, \
               minute = CASE WHEN rates.minute = $2 + 1 THEN rates.minute ELSE $2 END, \
               in_day = CASE WHEN rates.day IN ($3, $3 + 1) THEN rates.in_day + 1 ELSE 1 END, \
               day = CASE WHEN rates.day = $3 + 1 THEN rates.day ELSE $3 END \
               WHERE (rates.minute NOT IN ($2, $2 + 1) OR rates.in_minute < $4) \
               AND (rates.day NOT IN ($3, $3 + 1) OR rates.in_day < $5) RETURNING in_minute";
    Step { sql, params: vec![whose.param(), minute.into(), day.into(), rate.minute.into(), rate.day.into()] }
}

/// Takes back what was counted.
fn undo(counted: &Allowance) -> Step<'static> {
    let sql = "UPDATE rates SET in_minute = in_minute - 1, in_day = in_day - 1 WHERE id = $1";
    Step { sql, params: vec![counted.whose.param()] }
}

impl Rate {
    /// Whether nothing may be sent at all.
    fn is_none(self) -> bool {
        self.minute <= 0 || self.day <= 0
    }
}

impl Whose {
    fn is(self, id: &str) -> bool {
        match self {
            Self::Mailbox(mailbox) => mailbox.to_string() == id,
            Self::Device(device) => device.to_string() == id,
        }
    }

    fn param(self) -> Param<'static> {
        match self {
            Self::Mailbox(id) => id.into(),
            Self::Device(id) => id.into(),
        }
    }
}

fn minute_of(at: Timestamp) -> i64 {
    at.0.div_euclid(60_000)
}

fn day_of(at: Timestamp) -> i64 {
    at.0.div_euclid(86_400_000)
}
