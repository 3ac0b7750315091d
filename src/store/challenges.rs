//! Challenges: codes sent out of band, counted before they are compared.
//!
//! Every race is decided inside one statement: a try is taken only from a challenge that is live at that
//! moment, for the browser that asked, below its limit; a right answer is marked once (faults 1, 3, 4).

use std::time::Duration;

use crate::domain::{
    ChallengeId, Channel, DeliveryId, FailureClass, Fault, KeyedHash, Language, Mac, Sealed, Timestamp,
};

use super::sessions::SLACK;
use super::value::{Plain, Row, Trouble};
use super::{Store, Tx};

/// A row of `challenges`.
#[derive(Debug, Clone)]
pub struct ChallengeRow {
    /// Its id.
    pub id: ChallengeId,
    /// For which delivery.
    pub delivery: DeliveryId,
    /// Keyed hash of the browser that asked.
    pub browser: KeyedHash,
    /// How the code travels.
    pub channel: Channel,
    /// Two random letters, on the page and in the SMS.
    pub letters: String,
    /// HMAC over challenge id and digits; `None` once used or spent.
    pub code: Option<Mac>,
    /// The digits, sealed, while a provider may still need them.
    pub digits: Option<Sealed>,
    /// Tries taken.
    pub tries: i64,
    /// `pending`, `sent` or `failed`.
    pub sent: SendState,
    /// Why no provider took it.
    pub failure: Option<FailureClass>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When the right code was given.
    pub used_at: Option<Timestamp>,
    /// Of the text.
    pub language: Language,
    /// Keyed hash of the number but for its last seven digits.
    pub prefix: Option<KeyedHash>,
    /// When the next provider is tried by itself.
    pub due_at: Option<Timestamp>,
    /// The last sign of the page that waits for the code; 0: none.
    pub seen_at: Timestamp,
    /// When the patient said that it did not arrive; 0: never.
    pub pressed_at: Timestamp,
}

/// Whether a provider took the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendState {
    /// Not tried yet.
    Pending,
    /// A provider took it.
    Sent,
    /// All refused it.
    Failed,
}

impl SendState {
    /// The word of the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    /// The value a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Sent, Self::Failed].into_iter().find(|state| state.word() == word)
    }
}

/// What was sent lately for a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendCounts {
    /// By this browser in the last minute.
    pub browser_minute: i64,
    /// By this browser in the last hour.
    pub browser_hour: i64,
    /// For the delivery in the last day.
    pub delivery_day: i64,
    /// The newest by this browser, when there is one in the last hour.
    pub newest: Option<Timestamp>,
    /// The oldest by this browser in the last hour.
    pub oldest_hour: Option<Timestamp>,
    /// The newest for the delivery in the last day.
    pub newest_day: Option<Timestamp>,
}

/// What taking a try answers: counted already, whatever the caller does next.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Tries of this code, this one included.
    pub tries: i64,
    /// What the digits are compared with.
    pub code: Mac,
}

impl Store {
    /// The newest challenge of a browser for a delivery, whatever became of it.
    pub async fn newest_challenge(
        &self,
        delivery: DeliveryId,
        browser: &KeyedHash,
    ) -> Result<Option<ChallengeRow>, Fault> {
        let sql = "SELECT id, delivery_id, browser_hash, channel, letters, code_mac, digits_sealed, tries, \
                   sent, failure, created_at, expires_at, used_at, language, prefix_hash, due_at, seen_at, pressed_at \
                   FROM challenges WHERE delivery_id = $1 AND browser_hash = $2 ORDER BY created_at DESC, id LIMIT 1";
        let row = self.row(sql, &[delivery.into(), browser.into()]).await?;
        Ok(row.as_ref().map(challenge_row).transpose()?)
    }

    /// One challenge.
    pub async fn challenge(&self, id: ChallengeId) -> Result<Option<ChallengeRow>, Fault> {
        let sql = "SELECT id, delivery_id, browser_hash, channel, letters, code_mac, digits_sealed, tries, \
                   sent, failure, created_at, expires_at, used_at, language, prefix_hash, due_at, seen_at, pressed_at \
                   FROM challenges WHERE id = $1";
        Ok(self.row(sql, &[id.into()]).await?.as_ref().map(challenge_row).transpose()?)
    }
}

impl Tx {
    /// What this browser and this delivery have used up; locks the delivery's row first, so two requests cannot both pass.
    pub async fn send_counts(
        &mut self,
        delivery: DeliveryId,
        browser: &KeyedHash,
        now: Timestamp,
    ) -> Result<SendCounts, Fault> {
        self.lock_delivery(delivery).await?;
        // A minute ends for who asked before the clock was set back, too; the longer counts stay strict.
        let sql = "SELECT COUNT(CASE WHEN browser_hash = $2 AND created_at > $3 AND created_at <= $6 THEN 1 END) \
                   AS browser_minute, \
                   COUNT(CASE WHEN browser_hash = $2 AND created_at > $4 THEN 1 END) AS browser_hour, \
                   COUNT(*) AS delivery_day, \
                   MAX(CASE WHEN browser_hash = $2 AND created_at > $4 THEN created_at END) AS newest, \
                   MIN(CASE WHEN browser_hash = $2 AND created_at > $4 THEN created_at END) AS oldest_hour, \
                   MAX(created_at) AS newest_day \
                   FROM challenges WHERE delivery_id = $1 AND created_at > $5";
        let (minute, hour, day) = (now.minus(MINUTE).into(), now.minus(HOUR).into(), now.minus(DAY).into());
        let params = [delivery.into(), browser.into(), minute, hour, day, now.plus(SLACK).into()];
        let row = self.conn.row(sql, &params).await?;
        let row = row.ok_or_else(|| Fault::new("a count gave no row"))?;
        Ok(SendCounts {
            browser_minute: row.read("browser_minute")?,
            browser_hour: row.read("browser_hour")?,
            delivery_day: row.read("delivery_day")?,
            newest: row.read_opt("newest")?,
            oldest_hour: row.read_opt("oldest_hour")?,
            newest_day: row.read_opt("newest_day")?,
        })
    }

    /// Inserts a challenge and voids this browser's earlier ones for the delivery.
    pub async fn insert_challenge(&mut self, row: &ChallengeRow) -> Result<(), Fault> {
        let sql = "UPDATE challenges SET code_mac = NULL, digits_sealed = NULL \
                   WHERE delivery_id = $1 AND browser_hash = $2 AND (code_mac IS NOT NULL OR digits_sealed IS NOT NULL)";
        self.conn.execute(sql, &[row.delivery.into(), (&row.browser).into()]).await?;
        // This one is the newest, whatever a clock said that has been set back since.
        let sql =
            "UPDATE challenges SET created_at = $3 WHERE delivery_id = $1 AND browser_hash = $2 AND created_at > $3";
        let before = row.created_at.minus(Duration::from_millis(1));
        self.conn.execute(sql, &[row.delivery.into(), (&row.browser).into(), before.into()]).await?;
        let sql = "INSERT INTO challenges (id, delivery_id, browser_hash, channel, letters, code_mac, digits_sealed, tries, \
                   sent, failure, created_at, expires_at, used_at, language, prefix_hash, due_at, seen_at, pressed_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
        let params = [
            row.id.into(),
            row.delivery.into(),
            (&row.browser).into(),
            row.channel.into(),
            Plain(&row.letters).into(),
            row.code.as_ref().into(),
            row.digits.as_ref().into(),
            row.tries.into(),
            row.sent.into(),
            row.failure.into(),
            row.created_at.into(),
            row.expires_at.into(),
            row.used_at.into(),
            row.language.into(),
            row.prefix.as_ref().into(),
            row.due_at.into(),
            row.seen_at.into(),
            row.pressed_at.into(),
        ];
        self.conn.execute(sql, &params).await?;
        Ok(())
    }

    /// Notes whether a provider took the code.
    pub async fn challenge_sent(
        &mut self,
        id: ChallengeId,
        sent: SendState,
        failure: Option<FailureClass>,
    ) -> Result<(), Fault> {
        let sql = "UPDATE challenges SET sent = $2, failure = $3 WHERE id = $1";
        self.conn.execute(sql, &[id.into(), sent.into(), failure.into()]).await?;
        Ok(())
    }

    /// Holds a challenge's row until the commit: who writes about its attempts does so one after the other.
    pub async fn hold_challenge(&mut self, id: ChallengeId) -> Result<(), Fault> {
        self.conn.execute("UPDATE challenges SET tries = tries WHERE id = $1", &[id.into()]).await?;
        Ok(())
    }

    /// Holds the delivery's count of wrong codes until the commit, so that the tries of several browsers are
    /// taken one after the other. `None` when the delivery is paused at `now`, or `limit` wrong codes are spent.
    pub async fn hold_tries(&mut self, delivery: DeliveryId, limit: i64, now: Timestamp) -> Result<Option<i64>, Fault> {
        let sql =
            "UPDATE deliveries SET tries = tries WHERE id = $1 AND tries < $2 AND paused_until <= $3 RETURNING tries";
        let row = self.conn.row(sql, &[delivery.into(), limit.into(), now.into()]).await?;
        Ok(row.map(|row| row.read("tries")).transpose()?)
    }

    /// Takes one try in one statement: the challenge must be live, its browser this one, its tries fewer than `limit`.
    /// `None` changes nothing.
    pub async fn take_attempt(
        &mut self,
        id: ChallengeId,
        browser: &KeyedHash,
        limit: i64,
        now: Timestamp,
    ) -> Result<Option<Attempt>, Fault> {
        let sql = "UPDATE challenges SET tries = tries + 1 WHERE id = $1 AND browser_hash = $2 AND tries < $3 \
                   AND expires_at > $4 AND created_at <= $5 AND used_at IS NULL AND code_mac IS NOT NULL \
                   RETURNING tries, code_mac";
        let begun = now.plus(SLACK);
        let row = self.conn.row(sql, &[id.into(), browser.into(), limit.into(), now.into(), begun.into()]).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Attempt { tries: row.read("tries")?, code: row.read("code_mac")? }))
    }

    /// Marks the right answer, in one statement; `false` when another request was first.
    pub async fn use_challenge(&mut self, id: ChallengeId, now: Timestamp) -> Result<bool, Fault> {
        let sql = "UPDATE challenges SET used_at = $2, code_mac = NULL, digits_sealed = NULL \
                   WHERE id = $1 AND used_at IS NULL AND code_mac IS NOT NULL AND expires_at > $2 AND created_at <= $3";
        Ok(self.conn.execute(sql, &[id.into(), now.into(), now.plus(SLACK).into()]).await? > 0)
    }

    /// A code whose tries are spent: erases it.
    pub async fn spend_challenge(&mut self, id: ChallengeId) -> Result<(), Fault> {
        let sql = "UPDATE challenges SET code_mac = NULL, digits_sealed = NULL WHERE id = $1";
        self.conn.execute(sql, &[id.into()]).await?;
        Ok(())
    }

    /// Counts a wrong code of the delivery and sets its pause; returns the tries in all.
    ///
    /// A pause never gets shorter: of two wrong codes at once the longer one counts.
    pub async fn count_wrong(&mut self, delivery: DeliveryId, paused_until: Timestamp) -> Result<i64, Fault> {
        let sql = "UPDATE deliveries SET tries = tries + 1, \
                   paused_until = CASE WHEN paused_until < $2 THEN $2 ELSE paused_until END \
                   WHERE id = $1 RETURNING tries";
        let row = self.conn.row(sql, &[delivery.into(), paused_until.into()]).await?;
        Ok(row.ok_or_else(|| Fault::new("a wrong code of a delivery that is not there"))?.read("tries")?)
    }
}

pub(super) fn challenge_row(row: &Row) -> Result<ChallengeRow, Trouble> {
    Ok(ChallengeRow {
        id: row.read("id")?,
        delivery: row.read("delivery_id")?,
        browser: row.read("browser_hash")?,
        channel: row.read("channel")?,
        letters: row.read("letters")?,
        code: row.read_opt("code_mac")?,
        digits: row.read_opt("digits_sealed")?,
        tries: row.read("tries")?,
        sent: row.read("sent")?,
        failure: row.read_opt("failure")?,
        created_at: row.read("created_at")?,
        expires_at: row.read("expires_at")?,
        used_at: row.read_opt("used_at")?,
        language: row.read("language")?,
        prefix: row.read_opt("prefix_hash")?,
        due_at: row.read_opt("due_at")?,
        seen_at: row.read("seen_at")?,
        pressed_at: row.read("pressed_at")?,
    })
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
