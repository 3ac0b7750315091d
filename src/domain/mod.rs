//! The words: types and rules of the trade. No I/O, no async; imports no other room.
//!
//! What cannot be wrong is parsed here once, at the border, into a type. Secrets and personal
//! data have no `Display`, no `Serialize` and a masked `Debug`, so that a log line or an error
//! cannot carry them; who needs the value calls `reveal()`, which is easy to look for.

mod address;
mod audit;
mod block;
mod contact;
mod delivery;
mod dsn;
mod encoded;
mod fault;
mod figures;
mod flags;
mod folder;
mod french_plan;
mod id;
mod logo;
mod mailbox;
mod message;
mod notice;
mod patient;
mod phone;
mod practice;
mod random;
mod sealed;
mod secret;
mod sender;
mod shape;
mod time;
pub mod zone;

pub use address::{Address, AddressFault, DomainName, LocalPart};
pub use audit::{Actor, AuditEvent, Verb};
pub use block::address_block;
pub use contact::{Contact, NotAContact};
pub use delivery::{Aside, CeilingScope, Channel, DeliveryState, FailureClass, HoldReason, RemindBy, SentState, Visit};
pub use dsn::{DsnRequest, EnvelopeWord, Notify, RecipientDsn, ascii_address};
pub use fault::{Fault, Lasting};
pub use figures::{Count, Counted, Figures, Label};
pub use flags::{FlagChange, Flags, SERVER_KEYWORDS, SystemFlags, is_the_servers};
pub use folder::FolderPath;
pub use id::{
    ChallengeId, DeliveryId, DepositKeyId, DeviceId, EntryId, FolderId, HolderId, KeyId, MailboxId, MessageId,
    ObjectId, PatientId, PracticeId, QueueId, RememberedId, SendAsId, SendId, SessionId, SlotId,
};
pub use logo::{Logo, NotALogo, Picture, PictureKind};
pub use mailbox::{
    DeviceKind, FolderRole, MailboxKind, MailboxState, RESERVED_LOCAL_PARTS, Receipts, SentCopy, WaitingKind,
};
pub use message::{KeptMessage, RawMessage, RawMessageFault};
pub use notice::NoticeToken;
pub use patient::{
    BirthDate, Coordinates, DirectoryEntry, Mandate, MandateReason, PatientKind, PatientRecord, PersonName, Shares,
    Vouch, Vouched,
};
pub use phone::{NumberFault, PhoneNumber, Region};
pub use practice::{Language, PracticeProfile, Reminders, is_language};
pub use random::Random;
pub use sealed::{Authority, Container, Esk, KeyedHash, Mac, PublicKey, Sealed};
pub use secret::{BrowserToken, DevicePassword, OneTimeCode, RememberToken, SecretText, SessionToken, Ticket};
pub use sender::Sender;
pub use time::{Clock, Timestamp};
