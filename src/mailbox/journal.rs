//! The journal as an administrator reads it: beside a device's id, its label and whose it is.
//!
//! Stored events hold ids alone; names are opened for one listing and kept nowhere. Devices that were revoked
//! keep theirs: who did what in a shared mailbox is asked after somebody has left.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::domain::{Address, DeliveryId, DeviceId, Fault, Timestamp};
use crate::store::audit::AuditFilter;
use crate::vault::DeviceLabel;

use super::Mailboxes;
use super::provision::ProvisionError;

/// Which events are asked for.
#[derive(Debug, Clone, Default)]
pub struct JournalQuery {
    /// Of one mailbox.
    pub mailbox: Option<Address>,
    /// Of one delivery.
    pub delivery: Option<DeliveryId>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// How many at most.
    pub limit: i64,
}

/// An event with the names that its ids stand for.
#[derive(Debug, Clone)]
pub struct JournalEvent {
    /// Which node wrote it.
    pub node: String,
    /// Its place in the node's chain.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Its fields in their order, `at` left out: `verb`, `by`, then what it is about.
    pub fields: Vec<(String, String)>,
    /// The device that acted, or that it is about.
    pub device: Option<DeviceNamed>,
}

/// A device, and whose it is or was.
#[derive(Debug, Clone)]
pub struct DeviceNamed {
    /// Its id.
    pub id: DeviceId,
    /// What it is called.
    pub label: String,
    /// Whose it is.
    pub person: String,
}

impl JournalEvent {
    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Mailboxes {
    /// Events of the journal, newest first.
    ///
    /// # Errors
    /// [`ProvisionError::Refused`] for an address that is no mailbox here.
    pub async fn journal(&self, query: &JournalQuery) -> Result<Vec<JournalEvent>, ProvisionError> {
        let mailbox = match &query.mailbox {
            None => None,
            Some(address) => match self.store.mailbox_at(&address.folded()).await? {
                Some(row) => Some(row.id),
                None => return Err(ProvisionError::Refused("there is no such mailbox".to_owned())),
            },
        };
        let filter = AuditFilter { mailbox, delivery: query.delivery, since: query.since, limit: query.limit };
        let mut names: HashMap<DeviceId, Option<DeviceLabel>> = HashMap::new();
        let mut events = Vec::new();
        for row in self.store.audit_of(&filter).await? {
            let fields = fields(&row.line);
            let device = match device(&fields) {
                None => None,
                Some(id) => {
                    let named = match names.entry(id) {
                        Entry::Occupied(known) => known.get().clone(),
                        Entry::Vacant(place) => place.insert(self.name_of(id).await?).clone(),
                    };
                    named.map(|named| DeviceNamed { id, label: named.label, person: named.person })
                }
            };
            events.push(JournalEvent { node: row.node, seq: row.seq, at: row.at, fields, device });
        }
        Ok(events)
    }

    /// When something was last done, by its word.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn last_event(&self, word: &str) -> Result<Option<Timestamp>, Fault> {
        self.store.last_event(word).await
    }

    /// Walks every chain of the journal: how many events there are, or the node and place of the first that does
    /// not fit.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn verify_journal(&self) -> Result<Result<u64, (String, i64)>, Fault> {
        self.store.verify_audit().await
    }

    /// The names of a device, also of one that was revoked. One that does not open is none.
    async fn name_of(&self, id: DeviceId) -> Result<Option<DeviceLabel>, Fault> {
        let Some(sealed) = self.store.device_label(id).await? else { return Ok(None) };
        let opened = self.vault.open_label(id, &sealed);
        Ok(opened.inspect_err(|fault| tracing::error!(device = %id, %fault, "a device's names do not open")).ok())
    }
}

/// `key=value` pairs of a line.
fn fields(line: &str) -> Vec<(String, String)> {
    let pairs = line.split(' ').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key != "at").map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Which device acted, else which one an event is about.
fn device(fields: &[(String, String)]) -> Option<DeviceId> {
    let of = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let acted = of("by").and_then(|by| by.strip_prefix("device:"));
    acted.or_else(|| of("device")).and_then(|id| id.parse().ok())
}
