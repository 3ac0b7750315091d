//! Tickets: issued, recognised, and joined with the root key to open a delivery.

use zeroize::Zeroizing;

use crate::domain::{DeliveryId, Esk, Fault, Random, Sealed, SessionId, SessionToken, Ticket};

use super::{SessionKey, Vault};

impl Vault {
    /// A new ticket with its check value.
    pub fn new_ticket(&self, _random: &dyn Random) -> Ticket {
        unimplemented!()
    }
    /// Whether this server issued the ticket (constant time); tells a whole link from a cut one.
    pub fn issued(&self, _ticket: &Ticket) -> bool {
        unimplemented!()
    }
    /// The session key to ticket and root key together: SKESK v6, S2K type 1 under HKDF(ticket, root key, delivery id).
    pub fn esk_for_ticket(&self, _key: &SessionKey, _ticket: &Ticket, _delivery: DeliveryId) -> Result<Esk, Fault> {
        unimplemented!()
    }
    /// Opens it again.
    pub fn open_ticket(&self, _esk: &Esk, _ticket: &Ticket, _delivery: DeliveryId) -> Result<SessionKey, Fault> {
        unimplemented!()
    }
    /// Seals a short text (the subject) under ticket and root key.
    pub fn seal_under_ticket(
        &self,
        _ticket: &Ticket,
        _delivery: DeliveryId,
        _plain: &[u8],
        _random: &dyn Random,
    ) -> Result<Sealed, Fault> {
        unimplemented!()
    }
    /// Opens it again.
    pub fn unseal_under_ticket(
        &self,
        _ticket: &Ticket,
        _delivery: DeliveryId,
        _sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        unimplemented!()
    }
    /// Seals a delivery's session key under a patient's cookie and the root key.
    pub fn seal_for_session(
        &self,
        _key: &SessionKey,
        _token: &SessionToken,
        _session: SessionId,
        _random: &dyn Random,
    ) -> Result<Sealed, Fault> {
        unimplemented!()
    }
    /// Opens it with the cookie.
    pub fn unseal_for_session(
        &self,
        _sealed: &Sealed,
        _token: &SessionToken,
        _session: SessionId,
    ) -> Result<SessionKey, Fault> {
        unimplemented!()
    }
}
