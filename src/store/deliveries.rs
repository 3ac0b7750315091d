//! Deliveries to outside recipients: rows, states, shredding.

use crate::domain::{
    DeliveryId, DeliveryState, Esk, FailureClass, Fault, KeyedHash, Mac, MailboxId, MessageId, ObjectId, PatientId,
    PracticeId, Sealed, Timestamp,
};

use super::{Store, Tx};

/// A row of `deliveries`.
#[derive(Debug, Clone)]
pub struct DeliveryRow {
    /// Its id.
    pub id: DeliveryId,
    /// In which practice.
    pub practice: PracticeId,
    /// The sender's mailbox.
    pub mailbox: MailboxId,
    /// Which message.
    pub message: MessageId,
    /// Which head its recipient sees.
    pub head: ObjectId,
    /// The person of the directory, when known.
    pub patient: Option<PatientId>,
    /// Its state.
    pub state: DeliveryState,
    /// Why it failed.
    pub failure: Option<FailureClass>,
    /// Address, number, language, channel, sealed at (deliveries, id, coordinates).
    pub coordinates: Option<Sealed>,
    /// Keyed hash of the address, within the practice.
    pub address_hash: KeyedHash,
    /// Keyed hash of the number, within the practice.
    pub number_hash: KeyedHash,
    /// Message-ID and References, sealed at (deliveries, id, thread).
    pub thread: Sealed,
    /// The subject, under ticket and root key.
    pub subject: Option<Sealed>,
    /// The head's session key, under ticket and root key; `None` once shredded.
    pub esk: Option<Esk>,
    /// Keyed hash of the ticket.
    pub ticket_hash: KeyedHash,
    /// The ticket, sealed at (deliveries, id, ticket); `None` once the relay took the notice.
    pub ticket: Option<Sealed>,
    /// Authority over id, message, head, coordinates, ticket hash.
    pub mac: Mac,
    /// Wrong codes in all.
    pub tries: i64,
    /// No code is taken before this instant.
    pub paused_until: Timestamp,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When the relay took the notice.
    pub notified_at: Option<Timestamp>,
    /// When it was first opened.
    pub opened_at: Option<Timestamp>,
    /// When the last attachment was first downloaded.
    pub downloaded_at: Option<Timestamp>,
    /// When it was recalled, expired, bounced or locked.
    pub ended_at: Option<Timestamp>,
    /// When it closes by itself.
    pub expires_at: Timestamp,
}

impl Store {
    /// One delivery.
    pub async fn delivery(&self, _id: DeliveryId) -> Result<Option<DeliveryRow>, Fault> {
        unimplemented!()
    }
    /// The delivery of a ticket.
    pub async fn delivery_by_ticket(&self, _ticket: &KeyedHash) -> Result<Option<DeliveryRow>, Fault> {
        unimplemented!()
    }
    /// The newest deliveries, at most `limit`; of one mailbox where given.
    pub async fn deliveries(&self, _mailbox: Option<MailboxId>, _limit: i64) -> Result<Vec<DeliveryRow>, Fault> {
        unimplemented!()
    }
    /// Whether an earlier delivery of the practice went to this address with this number.
    pub async fn delivered_before(
        &self,
        _practice: PracticeId,
        _address: &KeyedHash,
        _number: &KeyedHash,
    ) -> Result<bool, Fault> {
        unimplemented!()
    }
    /// Deliveries that still hold a key and whose time was over at `now`, at most `limit`.
    pub async fn expired(&self, _now: Timestamp, _limit: i64) -> Result<Vec<DeliveryId>, Fault> {
        unimplemented!()
    }
    /// How many files of a delivery were given out whole.
    pub async fn downloads(&self, _id: DeliveryId) -> Result<i64, Fault> {
        unimplemented!()
    }
}

impl Tx {
    /// `queued → notified`, and the sealed ticket is erased. `false` when it was not queued.
    pub async fn notify_delivery(&mut self, _id: DeliveryId, _at: Timestamp) -> Result<bool, Fault> {
        unimplemented!()
    }
    /// First opening: `queued|notified → opened`. `false` when it was opened before or is closed.
    pub async fn open_delivery(&mut self, _id: DeliveryId, _at: Timestamp) -> Result<bool, Fault> {
        unimplemented!()
    }
    /// Notes that file `part` was given out whole, and `opened → downloaded` once `of` different ones were.
    /// `true` when the file is new.
    pub async fn download_delivery(
        &mut self,
        _id: DeliveryId,
        _part: i64,
        _of: i64,
        _at: Timestamp,
    ) -> Result<bool, Fault> {
        unimplemented!()
    }
    /// Ends a delivery: sets the state, and erases session-key packet, ticket, subject, challenges' codes and
    /// portal sessions. `false` when it had ended. Coordinates stay for `delivery show` until they are erased apart.
    pub async fn end_delivery(
        &mut self,
        _id: DeliveryId,
        _state: DeliveryState,
        _failure: Option<FailureClass>,
        _at: Timestamp,
    ) -> Result<bool, Fault> {
        unimplemented!()
    }
}
