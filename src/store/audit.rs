//! The journal: one chain of events per node, each authenticated over the one before.

use crate::domain::{Fault, Timestamp};

use super::Store;

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

impl Store {
    /// The newest events, newest first.
    pub async fn audit(&self, _limit: i64) -> Result<Vec<AuditRow>, Fault> {
        unimplemented!()
    }
    /// Walks every chain; `Err((node, seq))` names the first event that does not fit.
    #[expect(clippy::type_complexity, reason = "two outcomes of a walk, and a fault")]
    pub async fn verify_audit(&self) -> Result<Result<u64, (String, i64)>, Fault> {
        unimplemented!()
    }
}
