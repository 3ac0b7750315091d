//! Export: everything that a mailbox shows, given out message by message to whoever holds its keys.

use crate::domain::{Fault, Verb};

use super::reader::Reader;

impl Reader {
    /// Notes in the journal that so many messages are about to be written out in clear.
    ///
    /// # Errors
    /// A [`Fault`] of the store; then nothing is to be written.
    pub async fn note_export(&self, messages: usize) -> Result<(), Fault> {
        let tx = self.room.store.write("export").await?;
        tx.commit(self.event(Verb::Exported, self.room.clock.now(), messages)).await
    }
}
