//! Attempts to send codes: what each provider took, what it told of it later, and who works on what comes next.
//!
//! A state only moves forward: pending, accepted, then delivered or failed; a report that comes twice, or after the
//! end, changes nothing. A cascade is claimed by lease, so that of two nodes one goes on.

use std::time::Duration;

use crate::domain::{ChallengeId, Channel, FailureClass, Fault, KeyedHash, Sealed, SendId, SentState, Timestamp};

use super::challenges::{ChallengeRow, challenge_row};
use super::value::{Plain, Row, Trouble};
use super::{Store, Tx};

/// A row of `sends`.
#[derive(Debug, Clone)]
pub struct SendRow {
    /// Its id.
    pub id: SendId,
    /// Of which challenge; none for a test and for a reminder.
    pub challenge: Option<ChallengeId>,
    /// Its place in the cascade.
    pub step: i64,
    /// The provider's channel and name in the settings.
    pub provider: String,
    /// How.
    pub channel: Channel,
    /// What became of it.
    pub state: SentState,
    /// Why it failed.
    pub failure: Option<FailureClass>,
    /// What the provider calls it, for one that is asked.
    pub reference: Option<Sealed>,
    /// Parts of a short message; 1 for a call.
    pub parts: i64,
    /// In millionths of the account's currency.
    pub cost: i64,
    /// When the provider is asked about it.
    pub ask_at: Option<Timestamp>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When the provider took it.
    pub accepted_at: Option<Timestamp>,
    /// When its end was told.
    pub reported_at: Option<Timestamp>,
}

impl SendRow {
    /// An attempt that begins at `now`, of no challenge: by a provider of this name and channel, of so many parts, at this
    /// cost.
    pub fn begun(id: SendId, (provider, channel): (&str, Channel), (parts, cost): (i64, i64), now: Timestamp) -> Self {
        Self {
            id,
            challenge: None,
            step: 0,
            provider: provider.to_owned(),
            channel,
            state: SentState::Pending,
            failure: None,
            reference: None,
            parts,
            cost,
            ask_at: None,
            created_at: now,
            accepted_at: None,
            reported_at: None,
        }
    }
}

/// What a provider did in a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderCount {
    /// The provider.
    pub provider: String,
    /// The state.
    pub state: SentState,
    /// How many.
    pub count: i64,
    /// What they cost.
    pub cost: i64,
}

/// All columns of `sends` that are read.
macro_rules! columns {
    () => {
        "SELECT id, challenge_id, step, provider, channel, state, failure, reference_sealed, parts, cost, ask_at, \
         created_at, accepted_at, reported_at FROM sends"
    };
}
impl Store {
    /// The challenges whose next provider is due, soonest first.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn due_challenges(&self, now: Timestamp, limit: i64) -> Result<Vec<ChallengeId>, Fault> {
        let sql = "SELECT id FROM challenges WHERE due_at IS NOT NULL AND due_at <= $1 AND lease_until <= $1 \
                   ORDER BY due_at, id LIMIT $2";
        let rows = self.rows(sql, &[now.into(), limit.into()]).await?;
        Ok(rows.iter().map(|row| row.read("id")).collect::<Result<_, Trouble>>()?)
    }

    /// The attempts of a challenge, oldest first.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn sends_of(&self, challenge: ChallengeId) -> Result<Vec<SendRow>, Fault> {
        let sql = concat!(columns!(), " WHERE challenge_id = $1 ORDER BY step, created_at, id");
        Ok(self.rows(sql, &[challenge.into()]).await?.iter().map(send_row).collect::<Result<_, _>>()?)
    }

    /// One attempt.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn send(&self, id: SendId) -> Result<Option<SendRow>, Fault> {
        let row = self.row(concat!(columns!(), " WHERE id = $1"), &[id.into()]).await?;
        Ok(row.as_ref().map(send_row).transpose()?)
    }

    /// The newest attempt that a provider calls so.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn send_called(&self, provider: &str, reference: &KeyedHash) -> Result<Option<SendRow>, Fault> {
        let sql =
            concat!(columns!(), " WHERE provider = $1 AND reference_hash = $2 ORDER BY created_at DESC, id LIMIT 1");
        let row = self.row(sql, &[Plain(provider).into(), reference.into()]).await?;
        Ok(row.as_ref().map(send_row).transpose()?)
    }

    /// Whether a provider calls an attempt so, as far as it has said.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn is_called(&self, id: SendId, reference: &KeyedHash) -> Result<bool, Fault> {
        let sql = "SELECT id FROM sends WHERE id = $1 AND (reference_hash IS NULL OR reference_hash = $2)";
        Ok(self.row(sql, &[id.into(), reference.into()]).await?.is_some())
    }

    /// Claims attempts whose providers are to be asked, each until `again`.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn claim_asks(&self, now: Timestamp, again: Timestamp, limit: i64) -> Result<Vec<SendRow>, Fault> {
        let sql = "UPDATE sends SET ask_at = $2 WHERE id IN (SELECT id FROM sends WHERE ask_at IS NOT NULL \
                   AND ask_at <= $1 ORDER BY ask_at, id LIMIT $3) AND ask_at <= $1 \
                   RETURNING id, challenge_id, step, provider, channel, state, failure, reference_sealed, parts, cost, \
                   ask_at, created_at, accepted_at, reported_at";
        let rows = self.inner.change(sql, &[now.into(), again.into(), limit.into()]).await?;
        Ok(rows.iter().map(send_row).collect::<Result<_, _>>()?)
    }

    /// Asks about an attempt again at an instant, or never.
    ///
    /// No event of the journal: nothing changes that anybody sees.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn ask_again(&self, id: SendId, at: Option<Timestamp>) -> Result<(), Fault> {
        let sql = "UPDATE sends SET ask_at = $2 WHERE id = $1 AND ask_at IS NOT NULL";
        self.inner.change(sql, &[id.into(), at.into()]).await?;
        Ok(())
    }

    /// Of the newest fifty attempts that a provider took between `from` and `until`: how many, and of how many the
    /// end was told within `within`.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn punctuality(
        &self,
        provider: &str,
        from: Timestamp,
        until: Timestamp,
        within: Duration,
    ) -> Result<(i64, i64), Fault> {
        let sql = "SELECT COUNT(*) AS taken, \
                   COUNT(CASE WHEN reported_at IS NOT NULL AND reported_at - accepted_at <= $4 THEN 1 END) AS told \
                   FROM (SELECT reported_at, accepted_at FROM sends WHERE provider = $1 AND created_at >= $2 \
                   AND accepted_at IS NOT NULL AND accepted_at <= $3 ORDER BY created_at DESC LIMIT 50) AS newest";
        let within = i64::try_from(within.as_millis()).unwrap_or(i64::MAX);
        let params = [Plain(provider).into(), from.into(), until.into(), within.into()];
        let row = self.row(sql, &params).await?.ok_or(Fault::new("a count gave no row"))?;
        Ok((row.read("taken")?, row.read("told")?))
    }

    /// What each provider did since an instant.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn provider_counts(&self, since: Timestamp) -> Result<Vec<ProviderCount>, Fault> {
        let sql = "SELECT provider, state, COUNT(*) AS count, CAST(COALESCE(SUM(cost), 0) AS BIGINT) AS cost \
                   FROM sends WHERE created_at >= $1 GROUP BY provider, state ORDER BY provider, state";
        let rows = self.rows(sql, &[since.into()]).await?;
        let count = |row: &Row| {
            Ok(ProviderCount {
                provider: row.read("provider")?,
                state: row.read("state")?,
                count: row.read("count")?,
                cost: row.read("cost")?,
            })
        };
        Ok(rows.iter().map(count).collect::<Result<_, Trouble>>()?)
    }

    /// How long a provider's deliveries took since an instant, in milliseconds from taking to being told, sorted; of
    /// the newest thousand.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn latencies(&self, provider: &str, since: Timestamp) -> Result<Vec<i64>, Fault> {
        let sql = "SELECT reported_at - accepted_at AS took FROM sends WHERE provider = $1 AND created_at >= $2 \
                   AND state = 'delivered' AND accepted_at IS NOT NULL AND reported_at IS NOT NULL \
                   ORDER BY created_at DESC LIMIT 1000";
        let rows = self.rows(sql, &[Plain(provider).into(), since.into()]).await?;
        let mut took: Vec<i64> = rows.iter().map(|row| row.read("took")).collect::<Result<_, Trouble>>()?;
        took.sort_unstable();
        Ok(took)
    }

    /// Thinks of a challenge's next provider again later, unless a node works on it.
    ///
    /// No event of the journal: nothing changes that anybody sees.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn defer_cascade(&self, id: ChallengeId, now: Timestamp, until: Timestamp) -> Result<(), Fault> {
        let sql = "UPDATE challenges SET due_at = $3 WHERE id = $1 AND lease_until <= $2 AND due_at IS NOT NULL";
        self.inner.change(sql, &[id.into(), now.into(), until.into()]).await?;
        Ok(())
    }

    /// The page that waits for a browser's codes of a delivery gave a sign.
    ///
    /// No event of the journal: nothing changes that anybody sees.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn challenge_seen(&self, id: ChallengeId, now: Timestamp) -> Result<(), Fault> {
        let sql = "UPDATE challenges SET seen_at = $2 WHERE id = $1 AND seen_at < $2";
        self.inner.change(sql, &[id.into(), now.into()]).await?;
        Ok(())
    }
}

impl Tx {
    /// Claims a live challenge's cascade that is due, until `until`; `None` when another has it or has gone on with it,
    /// or nothing is to be sent any more.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn claim_cascade(
        &mut self,
        id: ChallengeId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<ChallengeRow>, Fault> {
        let sql = "UPDATE challenges SET lease_until = $3 WHERE id = $1 AND lease_until <= $2 AND due_at <= $2 AND expires_at > $2 \
                   AND code_mac IS NOT NULL AND digits_sealed IS NOT NULL AND used_at IS NULL \
                   RETURNING id, delivery_id, browser_hash, channel, letters, code_mac, digits_sealed, tries, sent, \
                   failure, created_at, expires_at, used_at, language, prefix_hash, due_at, seen_at, pressed_at";
        let row = self.conn.row(sql, &[id.into(), now.into(), until.into()]).await?;
        Ok(row.as_ref().map(challenge_row).transpose()?)
    }

    /// Lets a cascade go on by itself at an instant, or not; ends its lease, or sets it.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn set_cascade(
        &mut self,
        id: ChallengeId,
        due_at: Option<Timestamp>,
        lease_until: Timestamp,
    ) -> Result<(), Fault> {
        let sql = "UPDATE challenges SET due_at = $2, lease_until = $3 WHERE id = $1";
        self.conn.execute(sql, &[id.into(), due_at.into(), lease_until.into()]).await?;
        Ok(())
    }

    /// Makes a live challenge's next provider due now.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn hasten_cascade(&mut self, id: ChallengeId, now: Timestamp) -> Result<(), Fault> {
        let sql = "UPDATE challenges SET due_at = $2 WHERE id = $1 AND digits_sealed IS NOT NULL AND used_at IS NULL";
        self.conn.execute(sql, &[id.into(), now.into()]).await?;
        Ok(())
    }

    /// The code has arrived: nothing more is sent by itself.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn rest_cascade(&mut self, id: ChallengeId) -> Result<(), Fault> {
        self.conn.execute("UPDATE challenges SET due_at = NULL WHERE id = $1", &[id.into()]).await?;
        Ok(())
    }

    /// The patient says that the code did not arrive: the next provider is due, also one that calls.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn press_cascade(&mut self, id: ChallengeId, now: Timestamp) -> Result<bool, Fault> {
        let sql = "UPDATE challenges SET due_at = $2, pressed_at = $2 \
                   WHERE id = $1 AND digits_sealed IS NOT NULL AND used_at IS NULL AND expires_at > $2";
        Ok(self.conn.execute(sql, &[id.into(), now.into()]).await? > 0)
    }

    /// Erases the digits: no provider needs them any more.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn erase_digits(&mut self, id: ChallengeId) -> Result<(), Fault> {
        let sql = "UPDATE challenges SET digits_sealed = NULL, due_at = NULL WHERE id = $1";
        self.conn.execute(sql, &[id.into()]).await?;
        Ok(())
    }

    /// The attempts of a challenge, oldest first.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn sends_of(&mut self, challenge: ChallengeId) -> Result<Vec<SendRow>, Fault> {
        let sql = concat!(columns!(), " WHERE challenge_id = $1 ORDER BY step, created_at, id");
        let rows = self.conn.rows(sql, &[challenge.into()]).await?;
        Ok(rows.iter().map(send_row).collect::<Result<_, _>>()?)
    }

    /// Adds an attempt.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn insert_send(&mut self, row: &SendRow) -> Result<(), Fault> {
        let sql = "INSERT INTO sends (id, challenge_id, step, provider, channel, state, failure, reference_sealed, parts, \
                   cost, ask_at, created_at, accepted_at, reported_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
        let params = [
            row.id.into(),
            row.challenge.into(),
            row.step.into(),
            Plain(&row.provider).into(),
            row.channel.into(),
            row.state.into(),
            row.failure.into(),
            row.reference.as_ref().into(),
            row.parts.into(),
            row.cost.into(),
            row.ask_at.into(),
            row.created_at.into(),
            row.accepted_at.into(),
            row.reported_at.into(),
        ];
        self.conn.execute(sql, &params).await?;
        Ok(())
    }

    /// The provider took it. What its report said in the meantime stays.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn send_accepted(
        &mut self,
        id: SendId,
        now: Timestamp,
        reference: Option<(&KeyedHash, &Sealed)>,
        ask_at: Option<Timestamp>,
    ) -> Result<(), Fault> {
        let sql = "UPDATE sends SET state = CASE WHEN state IN ('pending', 'lost') THEN 'accepted' ELSE state END, \
                   accepted_at = $2, reference_hash = $3, reference_sealed = $4, ask_at = $5 WHERE id = $1";
        let (hash, sealed) = reference.unzip();
        self.conn.execute(sql, &[id.into(), now.into(), hash.into(), sealed.into(), ask_at.into()]).await?;
        Ok(())
    }

    /// The provider did not take it.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn send_refused(&mut self, id: SendId, why: FailureClass) -> Result<(), Fault> {
        let sql = "UPDATE sends SET state = 'failed', failure = $2, ask_at = NULL, \
                   cost = CASE WHEN $2 = 'unreachable' THEN cost ELSE 0 END \
                   WHERE id = $1 AND state IN ('pending', 'lost')";
        self.conn.execute(sql, &[id.into(), why.into()]).await?;
        Ok(())
    }

    /// Attempts of a challenge that nobody will hear the end of: a node died over them.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn lose_sends(&mut self, challenge: ChallengeId) -> Result<(), Fault> {
        let sql =
            "UPDATE sends SET state = 'lost', failure = 'no-report' WHERE challenge_id = $1 AND state = 'pending'";
        self.conn.execute(sql, &[challenge.into()]).await?;
        Ok(())
    }

    /// The provider told the end: `None` for delivered. `false` when the end was known already; a code that was
    /// given up may still arrive.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn send_reported(
        &mut self,
        id: SendId,
        failure: Option<FailureClass>,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let sql = "UPDATE sends SET state = $2, failure = $3, reported_at = $4, ask_at = NULL \
                   WHERE id = $1 AND state IN ('pending', 'accepted', 'lost')";
        let state = if failure.is_none() { SentState::Delivered } else { SentState::Failed };
        Ok(self.conn.execute(sql, &[id.into(), state.into(), failure.into(), now.into()]).await? > 0)
    }

    /// Erases the digits of codes whose time is over; returns of how many.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn erase_old_digits(&mut self, now: Timestamp) -> Result<i64, Fault> {
        let sql = "UPDATE challenges SET digits_sealed = NULL, due_at = NULL \
                   WHERE expires_at <= $1 AND (digits_sealed IS NOT NULL OR due_at IS NOT NULL)";
        Ok(i64::try_from(self.conn.execute(sql, &[now.into()]).await?).unwrap_or(i64::MAX))
    }

    /// Deletes attempts and counts of before; returns how many rows.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn prune_sends(&mut self, before: Timestamp) -> Result<i64, Fault> {
        let sends = self.conn.execute("DELETE FROM sends WHERE created_at < $1", &[before.into()]).await?;
        let day = before.0.div_euclid(DAY);
        let counts = self.conn.execute("DELETE FROM spendings WHERE day < $1", &[day.into()]).await?;
        Ok(i64::try_from(sends + counts).unwrap_or(i64::MAX))
    }
}

fn send_row(row: &Row) -> Result<SendRow, Trouble> {
    Ok(SendRow {
        id: row.read("id")?,
        challenge: row.read_opt("challenge_id")?,
        step: row.read("step")?,
        provider: row.read("provider")?,
        channel: row.read("channel")?,
        state: row.read("state")?,
        failure: row.read_opt("failure")?,
        reference: row.read_opt("reference_sealed")?,
        parts: row.read("parts")?,
        cost: row.read("cost")?,
        ask_at: row.read_opt("ask_at")?,
        created_at: row.read("created_at")?,
        accepted_at: row.read_opt("accepted_at")?,
        reported_at: row.read_opt("reported_at")?,
    })
}

/// A day, in milliseconds.
const DAY: i64 = 86_400_000;
