//! Wrong passwords, counted for all nodes.

use crate::domain::{Fault, KeyedHash, Timestamp};

use super::{Store, Tx};

impl Store {
    /// How many wrong passwords came from one of these sources since `since`, the most of them, and when the newest
    /// of that source came.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn failed_logins(
        &self,
        sources: [&KeyedHash; 2],
        since: Timestamp,
    ) -> Result<Option<(i64, Timestamp)>, Fault> {
        let sql = "SELECT failures, failed_at FROM failed_logins WHERE source_hash IN ($1, $2) AND failed_at > $3 \
                   ORDER BY failures DESC LIMIT 1";
        let [network, mailbox] = sources;
        let row = self.row(sql, &[network.into(), mailbox.into(), since.into()]).await?;
        Ok(row
            .map(|row| Ok::<_, super::value::Trouble>((row.read("failures")?, row.read("failed_at")?)))
            .transpose()?)
    }
}

impl Tx {
    /// Counts a wrong password of a source; the first after `since` counts as one.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn count_failed_login(
        &mut self,
        source: &KeyedHash,
        now: Timestamp,
        since: Timestamp,
    ) -> Result<(), Fault> {
        let sql = "INSERT INTO failed_logins (source_hash, failures, failed_at) VALUES ($1, 1, $2) \
                   ON CONFLICT (source_hash) DO UPDATE SET failed_at = $2, failures = \
                   CASE WHEN failed_logins.failed_at > $3 THEN failed_logins.failures + 1 ELSE 1 END";
        self.conn.execute(sql, &[source.into(), now.into(), since.into()]).await?;
        Ok(())
    }

    /// Forgets sources that were silent since `before`; how many.
    ///
    /// # Errors
    /// A [`Fault`] of the database.
    pub async fn prune_failed_logins(&mut self, before: Timestamp) -> Result<i64, Fault> {
        let deleted = self.conn.execute("DELETE FROM failed_logins WHERE failed_at <= $1", &[before.into()]).await?;
        Ok(i64::try_from(deleted).unwrap_or(i64::MAX))
    }
}
