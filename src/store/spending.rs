//! What codes cost: ceilings that hold for all nodes, providers that are left alone, what is known of numbers.
//!
//! A ceiling is kept in one statement: it counts and refuses at once, so that no race passes it.

use crate::domain::{CeilingScope, DeliveryId, Fault, KeyedHash, PracticeId, Timestamp};

use super::value::{Plain, Row, Trouble};
use super::{Store, Tx};

/// How much was used of a ceiling today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// Parts and calls.
    pub used: i64,
    /// What they cost, in millionths of the account's currency.
    pub cost: i64,
}

/// A provider that fails, or failed lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerRow {
    /// The provider's name.
    pub provider: String,
    /// Failures, one after the other.
    pub failures: i64,
    /// How often it was left alone since its last success.
    pub openings: i64,
    /// Until when it is left alone.
    pub retry_at: Option<Timestamp>,
}

/// What providers told of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NumberFacts {
    /// It takes no short messages.
    pub landline: bool,
    /// Its owner refuses ours.
    pub stopped: bool,
}

/// A refusal of short messages that the sender is to be told of.
#[derive(Debug, Clone)]
pub struct StopRow {
    /// In which practice.
    pub practice: PracticeId,
    /// Which number.
    pub number: KeyedHash,
    /// For which delivery it was found out.
    pub delivery: DeliveryId,
}

impl Store {
    /// What was used of a ceiling in a day.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn used(&self, day: i64, scope: CeilingScope, key: &KeyedHash) -> Result<Used, Fault> {
        let sql = "SELECT used, cost FROM spendings WHERE day = $1 AND scope = $2 AND key_hash = $3";
        let row = self.row(sql, &[day.into(), scope.into(), key.into()]).await?;
        let Some(row) = row else { return Ok(Used { used: 0, cost: 0 }) };
        Ok(Used { used: row.read("used")?, cost: row.read("cost")? })
    }

    /// The most that was used by one of a scope in a day.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn most_used(&self, day: i64, scope: CeilingScope) -> Result<i64, Fault> {
        let sql = "SELECT CAST(COALESCE(MAX(used), 0) AS BIGINT) AS used FROM spendings WHERE day = $1 AND scope = $2";
        let row = self.row(sql, &[day.into(), scope.into()]).await?;
        Ok(row.ok_or(Fault::new("a count gave no row"))?.read("used")?)
    }

    /// Of the newest two hundred codes that were sent to numbers of a prefix between two instants: how many, and how
    /// many were typed.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn conversion(&self, prefix: &KeyedHash, from: Timestamp, until: Timestamp) -> Result<(i64, i64), Fault> {
        let sql = "SELECT COUNT(*) AS sent, COUNT(used_at) AS typed FROM (SELECT used_at FROM challenges \
                   WHERE prefix_hash = $1 AND created_at > $2 AND created_at <= $3 AND sent = 'sent' \
                   ORDER BY created_at DESC LIMIT 200) AS newest";
        let row = self.row(sql, &[prefix.into(), from.into(), until.into()]).await?;
        let row = row.ok_or(Fault::new("a count gave no row"))?;
        Ok((row.read("sent")?, row.read("typed")?))
    }

    /// How many prefixes have at least `least` codes between two instants of which less than `percent` in a hundred
    /// were typed.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn pumped_prefixes(
        &self,
        from: Timestamp,
        until: Timestamp,
        least: i64,
        percent: i64,
    ) -> Result<i64, Fault> {
        let sql = "SELECT COUNT(*) AS prefixes FROM (SELECT prefix_hash FROM challenges WHERE prefix_hash IS NOT NULL \
                   AND created_at > $1 AND created_at <= $2 AND sent = 'sent' GROUP BY prefix_hash \
                   HAVING COUNT(*) >= $3 AND COUNT(used_at) * 100 < COUNT(*) * $4) AS pumped";
        let row = self.row(sql, &[from.into(), until.into(), least.into(), percent.into()]).await?;
        Ok(row.ok_or(Fault::new("a count gave no row"))?.read("prefixes")?)
    }

    /// The providers that failed since their last success.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn breakers(&self) -> Result<Vec<BreakerRow>, Fault> {
        let sql = "SELECT provider, failures, openings, retry_at FROM breakers ORDER BY provider";
        let row = |row: &Row| {
            Ok(BreakerRow {
                provider: row.read("provider")?,
                failures: row.read("failures")?,
                openings: row.read("openings")?,
                retry_at: row.read_opt("retry_at")?,
            })
        };
        Ok(self.rows(sql, &[]).await?.iter().map(row).collect::<Result<_, Trouble>>()?)
    }

    /// What is known of a number.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn number_facts(&self, practice: PracticeId, number: &KeyedHash) -> Result<NumberFacts, Fault> {
        let sql = "SELECT landline_at, stopped_at FROM numbers WHERE practice_id = $1 AND number_hash = $2";
        let Some(row) = self.row(sql, &[practice.into(), number.into()]).await? else {
            return Ok(NumberFacts::default());
        };
        let (landline, stopped) = (row.read_opt::<Timestamp>("landline_at")?, row.read_opt::<Timestamp>("stopped_at")?);
        Ok(NumberFacts { landline: landline.is_some(), stopped: stopped.is_some() })
    }

    /// Refusals of short messages that nobody was told of yet.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn untold_stops(&self) -> Result<Vec<StopRow>, Fault> {
        let sql = "SELECT practice_id, number_hash, delivery_id FROM numbers WHERE stopped_at IS NOT NULL \
                   AND told_at IS NULL AND delivery_id IS NOT NULL ORDER BY stopped_at LIMIT 100";
        let row = |row: &Row| {
            Ok(StopRow {
                practice: row.read("practice_id")?,
                number: row.read("number_hash")?,
                delivery: row.read("delivery_id")?,
            })
        };
        Ok(self.rows(sql, &[]).await?.iter().map(row).collect::<Result<_, Trouble>>()?)
    }
}

impl Tx {
    /// Uses a ceiling up by so many parts, in one statement; `None`, and nothing is used, when it would be passed.
    /// `spend` bounds the cost as well.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn use_ceiling(
        &mut self,
        day: i64,
        scope: CeilingScope,
        key: &KeyedHash,
        more: Used,
        ceiling: i64,
        spend: Option<i64>,
    ) -> Result<Option<Used>, Fault> {
        let sql = "INSERT INTO spendings (day, scope, key_hash, used, cost) VALUES ($1, $2, $3, 0, 0) \
                   ON CONFLICT (day, scope, key_hash) DO NOTHING";
        self.conn.execute(sql, &[day.into(), scope.into(), key.into()]).await?;
        let sql = "UPDATE spendings SET used = used + $4, cost = cost + $5 \
                   WHERE day = $1 AND scope = $2 AND key_hash = $3 AND used + $4 <= $6 AND cost + $5 <= $7 \
                   RETURNING used, cost";
        let params = [
            day.into(),
            scope.into(),
            key.into(),
            more.used.into(),
            more.cost.into(),
            ceiling.into(),
            spend.unwrap_or(i64::MAX).into(),
        ];
        let Some(row) = self.conn.row(sql, &params).await? else { return Ok(None) };
        Ok(Some(Used { used: row.read("used")?, cost: row.read("cost")? }))
    }

    /// Gives back what an attempt had used up: the provider did not take it.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn give_back(&mut self, day: i64, scope: CeilingScope, key: &KeyedHash, less: Used) -> Result<(), Fault> {
        let sql = "UPDATE spendings SET used = used - $4, cost = cost - $5 \
                   WHERE day = $1 AND scope = $2 AND key_hash = $3";
        self.conn.execute(sql, &[day.into(), scope.into(), key.into(), less.used.into(), less.cost.into()]).await?;
        Ok(())
    }

    /// Whether a provider may be tried. One that was left alone long enough is tried with this message alone until
    /// `probe_until`: whoever asks meanwhile is told no.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn admits(&mut self, provider: &str, now: Timestamp, probe_until: Timestamp) -> Result<bool, Fault> {
        let sql = "SELECT retry_at FROM breakers WHERE provider = $1 AND retry_at IS NOT NULL";
        if self.conn.row(sql, &[Plain(provider).into()]).await?.is_none() {
            return Ok(true);
        }
        let sql = "UPDATE breakers SET retry_at = $3 WHERE provider = $1 AND retry_at IS NOT NULL AND retry_at <= $2";
        Ok(self.conn.execute(sql, &[Plain(provider).into(), now.into(), probe_until.into()]).await? > 0)
    }

    /// A provider failed: counted, and beyond `limit` failures it is left alone; returns until when.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn provider_failed(
        &mut self,
        provider: &str,
        now: Timestamp,
        limit: i64,
        alone: impl Fn(i64) -> std::time::Duration,
    ) -> Result<Option<Timestamp>, Fault> {
        let sql = "INSERT INTO breakers (provider, failures, openings) VALUES ($1, 1, 0) \
                   ON CONFLICT (provider) DO UPDATE SET failures = breakers.failures + 1 RETURNING failures, openings";
        let row = self.conn.row(sql, &[Plain(provider).into()]).await?;
        let row = row.ok_or(Fault::new("a count gave no row"))?;
        let (failures, openings): (i64, i64) = (row.read("failures")?, row.read("openings")?);
        if failures < limit {
            return Ok(None);
        }
        let until = now.plus(alone(openings));
        let sql = "UPDATE breakers SET openings = openings + 1, retry_at = $2 WHERE provider = $1";
        self.conn.execute(sql, &[Plain(provider).into(), until.into()]).await?;
        Ok(Some(until))
    }

    /// A provider worked: whatever was counted against it is forgotten. True when it had been left alone.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn provider_worked(&mut self, provider: &str) -> Result<bool, Fault> {
        let sql = "DELETE FROM breakers WHERE provider = $1 RETURNING openings";
        let row = self.conn.row(sql, &[Plain(provider).into()]).await?;
        Ok(row.map(|row| row.read::<i64>("openings")).transpose()?.is_some_and(|openings| openings > 0))
    }

    /// Notes that a number takes no short messages, or that its owner refuses ours.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn note_number(
        &mut self,
        practice: PracticeId,
        number: &KeyedHash,
        facts: NumberFacts,
        delivery: Option<DeliveryId>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let (landline, stopped) = (facts.landline.then_some(now), facts.stopped.then_some(now));
        let sql = "INSERT INTO numbers (practice_id, number_hash, landline_at, stopped_at, delivery_id) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (practice_id, number_hash) DO UPDATE SET \
                   landline_at = COALESCE(numbers.landline_at, $3), stopped_at = COALESCE(numbers.stopped_at, $4), \
                   delivery_id = COALESCE(numbers.delivery_id, $5)";
        let params = [practice.into(), number.into(), landline.into(), stopped.into(), delivery.into()];
        self.conn.execute(sql, &params).await?;
        Ok(())
    }

    /// Forgets what was noted of a number; `false` when nothing was.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn forget_number(&mut self, practice: PracticeId, number: &KeyedHash) -> Result<bool, Fault> {
        let sql = "DELETE FROM numbers WHERE practice_id = $1 AND number_hash = $2";
        Ok(self.conn.execute(sql, &[practice.into(), number.into()]).await? > 0)
    }

    /// The sender was told of a refusal; `false` when another node was first.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn stop_told(&mut self, practice: PracticeId, number: &KeyedHash, now: Timestamp) -> Result<bool, Fault> {
        let sql = "UPDATE numbers SET told_at = $3 WHERE practice_id = $1 AND number_hash = $2 AND told_at IS NULL";
        Ok(self.conn.execute(sql, &[practice.into(), number.into(), now.into()]).await? > 0)
    }
}
