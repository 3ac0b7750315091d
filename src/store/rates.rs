//! How many messages a mailbox and a device may send in a minute and in a day, for all nodes.
//!
//! A message is counted in the transaction that accepts it, in one statement that refuses as well, so that no race
//! passes a limit and what is not accepted does not count. Minutes and days are the clock's (UTC). A node whose clock
//! is a minute behind counts with the others; one that is far off counts for itself.

use crate::domain::{DeviceId, Fault, MailboxId, Timestamp};

use super::Store;
use super::sql::Conn;
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
        for allowance in allowances {
            let sql = "SELECT minute, in_minute, day, in_day FROM rates WHERE id = $1";
            let Some(row) = self.row(sql, &[allowance.whose.param()]).await? else { continue };
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

/// Counts one message against all of these limits, or against none when one of them is reached.
pub(super) async fn take(conn: &mut Conn, allowances: &[Allowance], now: Timestamp) -> Result<Option<Over>, Trouble> {
    for (at, allowance) in allowances.iter().enumerate() {
        let Some(over) = count(conn, allowance, now).await? else { continue };
        for counted in allowances.iter().take(at) {
            let sql = "UPDATE rates SET in_minute = in_minute - 1, in_day = in_day - 1 WHERE id = $1";
            conn.execute(sql, &[counted.whose.param()]).await?;
        }
        return Ok(Some(over));
    }
    Ok(None)
}

async fn count(
    conn: &mut Conn,
    Allowance { whose, rate }: &Allowance,
    now: Timestamp,
) -> Result<Option<Over>, Trouble> {
    let (minute, day) = (minute_of(now), day_of(now));
    let sql = "INSERT INTO rates (id, minute, in_minute, day, in_day) VALUES ($1, $2, 1, $3, 1) \
               ON CONFLICT (id) DO UPDATE SET \
               in_minute = CASE WHEN rates.minute IN ($2, $2 + 1) THEN rates.in_minute + 1 ELSE 1 END, \
               minute = CASE WHEN rates.minute = $2 + 1 THEN rates.minute ELSE $2 END, \
               in_day = CASE WHEN rates.day IN ($3, $3 + 1) THEN rates.in_day + 1 ELSE 1 END, \
               day = CASE WHEN rates.day = $3 + 1 THEN rates.day ELSE $3 END \
               WHERE (rates.minute NOT IN ($2, $2 + 1) OR rates.in_minute < $4) \
               AND (rates.day NOT IN ($3, $3 + 1) OR rates.in_day < $5) RETURNING in_minute";
    let params = [whose.param(), minute.into(), day.into(), rate.minute.into(), rate.day.into()];
    if rate.minute > 0 && rate.day > 0 && conn.row(sql, &params).await?.is_some() {
        return Ok(None);
    }
    let sql = "SELECT in_day FROM rates WHERE id = $1 AND day IN ($2, $2 + 1) AND in_day >= $3";
    let days = conn.row(sql, &[whose.param(), day.into(), rate.day.into()]).await?;
    Ok(Some(if days.is_some() { Over::Day(rate.day) } else { Over::Minute(rate.minute) }))
}

impl Whose {
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
