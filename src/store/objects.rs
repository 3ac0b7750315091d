//! Containers too large for a row, in a folder or an S3-compatible store, under their ids.
//!
//! An object is written and synced before the row that names it, so that a 250 never names what a
//! power cut can take. Objects without a row are swept when older than a day (two steps: list what
//! is old, delete what no row names), which cannot race a deposit that takes minutes.

use crate::domain::{Container, Fault, ObjectId, Timestamp};

use super::Store;

impl Store {
    /// Writes an object and makes it durable (data and folder entry).
    ///
    /// # Errors
    /// A transient [`Fault`] when the store is full or away.
    pub async fn put_object(&self, _id: ObjectId, _container: Container) -> Result<(), Fault> {
        unimplemented!()
    }
    /// Reads a container, from its row or from the object store. `None` when it is gone.
    ///
    /// # Errors
    /// [`Fault`] of the database or object store.
    pub async fn container(&self, _id: ObjectId) -> Result<Option<Container>, Fault> {
        unimplemented!()
    }
    /// Deletes objects that were written before `before` and that no row names; returns how many.
    ///
    /// # Errors
    /// [`Fault`] of the database or object store.
    pub async fn sweep_objects(&self, _before: Timestamp) -> Result<u64, Fault> {
        unimplemented!()
    }
}
