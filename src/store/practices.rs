//! Practices and their domains.

use crate::domain::{DomainName, Fault, KeyedHash, PracticeId, Sealed, Timestamp};

use super::value::{Row, Trouble};
use super::{Store, Tx};

/// A row of `practices`.
#[derive(Debug, Clone)]
pub struct PracticeRow {
    /// Its id.
    pub id: PracticeId,
    /// The administrator's name for it, hashed: unique.
    pub name_hash: KeyedHash,
    /// The profile, sealed at (practices, id, profile).
    pub profile: Sealed,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A row of `domains`.
#[derive(Debug, Clone)]
pub struct DomainRow {
    /// Its name.
    pub name: DomainName,
    /// Whose it is.
    pub practice: PracticeId,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Store {
    /// All practices, oldest first.
    pub async fn practices(&self) -> Result<Vec<PracticeRow>, Fault> {
        let sql = "SELECT id, name_hash, profile_sealed, created_at FROM practices ORDER BY created_at, id";
        Ok(self.rows(sql, &[]).await?.iter().map(practice_row).collect::<Result<_, _>>()?)
    }

    /// One practice.
    pub async fn practice(&self, id: PracticeId) -> Result<Option<PracticeRow>, Fault> {
        let sql = "SELECT id, name_hash, profile_sealed, created_at FROM practices WHERE id = $1";
        Ok(self.row(sql, &[id.into()]).await?.as_ref().map(practice_row).transpose()?)
    }

    /// The practice of that name.
    pub async fn practice_named(&self, name: &KeyedHash) -> Result<Option<PracticeRow>, Fault> {
        let sql = "SELECT id, name_hash, profile_sealed, created_at FROM practices WHERE name_hash = $1";
        Ok(self.row(sql, &[name.into()]).await?.as_ref().map(practice_row).transpose()?)
    }

    /// The octets of a practice's logo, sealed at (practices, id, logo): apart from its row, which most requests read.
    pub async fn practice_logo(&self, id: PracticeId) -> Result<Option<Sealed>, Fault> {
        let sql = "SELECT logo_sealed FROM practices WHERE id = $1 AND logo_sealed IS NOT NULL";
        Ok(self.row(sql, &[id.into()]).await?.map(|row| row.read("logo_sealed")).transpose()?)
    }

    /// All domains, by name.
    pub async fn domains(&self) -> Result<Vec<DomainRow>, Fault> {
        let sql = "SELECT name, practice_id, created_at FROM domains ORDER BY name";
        Ok(self.rows(sql, &[]).await?.iter().map(domain_row).collect::<Result<_, _>>()?)
    }

    /// One domain.
    pub async fn domain(&self, name: &DomainName) -> Result<Option<DomainRow>, Fault> {
        let sql = "SELECT name, practice_id, created_at FROM domains WHERE name = $1";
        Ok(self.row(sql, &[name.into()]).await?.as_ref().map(domain_row).transpose()?)
    }
}

impl Tx {
    /// Inserts a practice; `false` when the name is taken.
    pub async fn insert_practice(&mut self, row: &PracticeRow) -> Result<bool, Fault> {
        let sql = "INSERT INTO practices (id, name_hash, profile_sealed, created_at) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (name_hash) DO NOTHING";
        let params = [row.id.into(), (&row.name_hash).into(), (&row.profile).into(), row.created_at.into()];
        Ok(self.conn.execute(sql, &params).await? > 0)
    }

    /// Replaces name and profile; `false` when there is no such practice, or the name is another's.
    pub async fn update_practice(&mut self, id: PracticeId, name: &KeyedHash, profile: &Sealed) -> Result<bool, Fault> {
        let sql = "UPDATE practices SET name_hash = $2, profile_sealed = $3 WHERE id = $1 \
                   AND NOT EXISTS (SELECT 1 FROM practices WHERE name_hash = $2 AND id <> $1)";
        Ok(self.conn.execute(sql, &[id.into(), name.into(), profile.into()]).await? > 0)
    }

    /// Puts the octets of a practice's logo in the place of those that there may be, or takes them away.
    pub async fn set_practice_logo(&mut self, id: PracticeId, logo: Option<&Sealed>) -> Result<(), Fault> {
        let sql = "UPDATE practices SET logo_sealed = $2 WHERE id = $1";
        self.conn.execute(sql, &[id.into(), logo.into()]).await?;
        Ok(())
    }

    /// Removes a practice that owns no domain, mailbox, patient or delivery; `false` when it does.
    pub async fn delete_practice(&mut self, id: PracticeId) -> Result<bool, Fault> {
        let sql = "DELETE FROM practices WHERE id = $1 \
                   AND NOT EXISTS (SELECT 1 FROM domains WHERE practice_id = $1) \
                   AND NOT EXISTS (SELECT 1 FROM mailboxes WHERE practice_id = $1) \
                   AND NOT EXISTS (SELECT 1 FROM patients WHERE practice_id = $1) \
                   AND NOT EXISTS (SELECT 1 FROM deliveries WHERE practice_id = $1)";
        Ok(self.conn.execute(sql, &[id.into()]).await? > 0)
    }

    /// Inserts a domain; `false` when it exists.
    pub async fn insert_domain(&mut self, row: &DomainRow) -> Result<bool, Fault> {
        let sql =
            "INSERT INTO domains (name, practice_id, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
        let params = [(&row.name).into(), row.practice.into(), row.created_at.into()];
        Ok(self.conn.execute(sql, &params).await? > 0)
    }
}

pub(super) fn practice_row(row: &Row) -> Result<PracticeRow, Trouble> {
    Ok(PracticeRow {
        id: row.read("id")?,
        name_hash: row.read("name_hash")?,
        profile: row.read("profile_sealed")?,
        created_at: row.read("created_at")?,
    })
}

fn domain_row(row: &Row) -> Result<DomainRow, Trouble> {
    Ok(DomainRow { name: row.read("name")?, practice: row.read("practice_id")?, created_at: row.read("created_at")? })
}
