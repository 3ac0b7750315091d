//! Pli: a secure health messaging server. A practitioner writes from any mail client; a patient reads behind a
//! link and a one-time code; nothing readable is ever on a disk.
//!
//! # The rooms
//! Doors read octets and pages: [`smtp`], [`portal`], [`cli`]. They call verbs: [`access`], [`delivery`],
//! [`mailbox`], which do what the product does and do not call one another. Verbs use the strongrooms:
//! [`vault`] has the only plaintext keys, [`store`] the only SQL and the only object store. All speak the words
//! of [`domain`]. Around them are [`config`], [`net`], [`telemetry`] and [`texts`]; [`server`] builds every room
//! once. `tests/architecture.rs` keeps them apart.
//!
//! # The way of a message
//! ```text
//! in    smtp/driver → smtp/machine → access/login             who is this
//!       → delivery/route     each RCPT: local · service · number · outside · refused
//!       → delivery/accept    end of DATA: parse, vault/message seal, store/deposit in one transaction
//!       ◄ 250 only now       a 250 needs a QueueId, and only a committed deposit returns one
//! tell  delivery/courier → delivery/relay                     the link, by e-mail; commit first, then send
//! out   portal/link → access/challenge issue → access/gateway nothing changes on GET
//!       portal/link → access/challenge redeem → Grant         one statement counts the try
//!       portal/letter → mailbox/read(Grant) → vault/open      plaintext lives for one response
//!       → delivery/receipt → the practitioner's INBOX         sealed to the practitioner's certificate
//! ```
pub mod access;
pub mod cli;
pub mod config;
pub mod delivery;
pub mod domain;
pub mod mailbox;
pub mod net;
pub mod portal;
pub mod server;
pub mod smtp;
pub mod store;
pub mod telemetry;
pub mod texts;
pub mod vault;
