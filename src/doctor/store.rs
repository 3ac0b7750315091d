//! The database and the object store, as they are found.

use crate::config::Config;
use crate::domain::{Fault, ObjectId, Random, Timestamp};
use crate::store::health::{DatabaseFound, DatabaseState, examine_database, examine_objects};

use super::Finding;

/// The database as it is found.
pub(super) async fn database(config: &Config) -> Result<DatabaseState, Fault> {
    examine_database(&config.database, &config.data).await
}

/// What its clock says, where it has one of its own.
pub(super) fn clock(found: &Result<DatabaseState, Fault>) -> Option<Timestamp> {
    match found {
        Ok(DatabaseState::There(found)) => found.clock,
        _ => None,
    }
}

/// Whether it is one that this program works with as it is.
pub(super) fn is_current(found: &Result<DatabaseState, Fault>) -> bool {
    match found {
        Ok(DatabaseState::There(found)) => found.behind == 0 && found.ahead == 0 && found.damage.is_none(),
        _ => false,
    }
}

/// What is to be said of the database.
pub(super) fn judge(found: &Result<DatabaseState, Fault>) -> Vec<Finding> {
    let found = match found {
        Err(fault) => {
            return vec![Finding::fail(DATABASE, format!("{fault}; see that it runs and store.database is right"))];
        }
        Ok(DatabaseState::Missing) => {
            return vec![Finding::warn(DATABASE, "there is none yet; the first command, or the server, makes it")];
        }
        Ok(DatabaseState::There(found)) => found,
    };
    let DatabaseFound { behind, ahead, damage, copies, .. } = found;
    if let Some(damage) = damage {
        return vec![Finding::fail(
            DATABASE,
            format!("it is damaged ({damage}); stop the server and restore a backup"),
        )];
    }
    if *ahead > 0 {
        return vec![Finding::fail(DATABASE, "it was written by a newer version of Pli; install that version")];
    }
    let mut said = vec![match behind {
        0 => Finding::ok(DATABASE, "it answers, and its schema is this program's"),
        behind => {
            Finding::warn(DATABASE, format!("{behind} migrations are not applied; a start of the server applies them"))
        }
    }];
    if let Some((archived, replicas)) = copies
        && (*archived || *replicas > 0)
    {
        let kept = if *archived { "archived write-ahead logs" } else { "the write-ahead log" };
        said.push(Finding::warn(
            DATABASE,
            format!("what is erased lives on in {kept} and {replicas} replicas, for as long as you keep those"),
        ));
    }
    said
}

/// Writes, reads and deletes an object.
pub(super) async fn objects(config: &Config, random: &dyn Random) -> Finding {
    let folder = config.objects.reveal().strip_prefix("file:").map(|folder| config.data.join(folder));
    let outcome = examine_objects(&config.objects, &config.data, ObjectId::random(random)).await;
    // Before the first message there is neither.
    let fresh = folder.is_some_and(|folder| !folder.exists()) && is_missing(config).await;
    match outcome {
        Ok(()) => Finding::ok(OBJECTS, "one was written, read and deleted"),
        Err(_) if fresh => Finding::warn(OBJECTS, "there is no folder yet; the first command, or the server, makes it"),
        Err(fault) => Finding::fail(OBJECTS, format!("{fault}; see store.objects, its disk and its rights")),
    }
}

async fn is_missing(config: &Config) -> bool {
    matches!(examine_database(&config.database, &config.data).await, Ok(DatabaseState::Missing))
}

const DATABASE: &str = "database";
const OBJECTS: &str = "objects";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn a_database_that_is_away_newer_torn_or_copied_is_told() {
        let good = DatabaseFound { behind: 0, ahead: 0, damage: None, clock: None, copies: Some((false, 0)) };
        let level =
            |found: DatabaseFound| judge(&Ok(DatabaseState::There(found))).iter().map(|finding| finding.level).max();
        assert_eq!(level(good.clone()), Some(Level::Ok));
        assert_eq!(level(DatabaseFound { behind: 1, ..good.clone() }), Some(Level::Warn));
        assert_eq!(level(DatabaseFound { ahead: 1, ..good.clone() }), Some(Level::Fail));
        assert_eq!(level(DatabaseFound { damage: Some("page 3".to_owned()), ..good.clone() }), Some(Level::Fail));
        assert_eq!(level(DatabaseFound { copies: Some((true, 0)), ..good.clone() }), Some(Level::Warn));
        assert_eq!(level(DatabaseFound { copies: Some((false, 2)), ..good }), Some(Level::Warn));
        assert_eq!(judge(&Ok(DatabaseState::Missing))[0].level, Level::Warn);
        assert_eq!(judge(&Err(Fault::new("away")))[0].level, Level::Fail);
    }
}
