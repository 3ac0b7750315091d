//! Tickets: issued, recognised, and joined with the root key to open a delivery.
//!
//! A patient's slot needs both: the ticket, which only the e-mail carries, and the root key, which is in
//! no backup. The packet is a SKESK of version 6 with S2K type 1: a hash without iteration, which
//! RFC 9580 §3.7.1.2 allows for a password that is itself 256 random bits.

use sequoia_openpgp::crypto::{Password, S2K, SessionKey as OpenPgpKey};
use sequoia_openpgp::packet::Packet;
use sequoia_openpgp::packet::skesk::SKESK6;
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::types::{AEADAlgorithm, HashAlgorithm, SymmetricAlgorithm};
use zeroize::Zeroizing;

use crate::domain::{
    DeliveryId, Esk, Fault, Random, RememberToken, RememberedId, Sealed, SessionId, SessionToken, Ticket,
};

use super::{SessionKey, Vault, columns, policy, symmetric};

impl Vault {
    /// A new ticket with its check value.
    pub fn new_ticket(&self, random: &dyn Random) -> Ticket {
        let mut secret = Zeroizing::new([0; 16]);
        random.fill(secret.as_mut_slice());
        Ticket::join(*secret, self.ticket_check(secret.as_slice()))
    }

    /// Whether this server issued the ticket (constant time); tells a whole link from a cut one.
    pub fn issued(&self, ticket: &Ticket) -> bool {
        let codes = self.bare_codes(&[CHECK], &[ticket.secret()]);
        columns::any(codes, |code| symmetric::same(&check(code), ticket.check()))
    }

    /// The session key to ticket and root key together: SKESK v6, S2K type 1 under HKDF(ticket, root key, delivery id).
    ///
    /// # Errors
    /// A [`Fault`] when the library fails.
    pub fn esk_for_ticket(&self, key: &SessionKey, ticket: &Ticket, delivery: DeliveryId) -> Result<Esk, Fault> {
        let cannot = || Fault::new("a session key could not be sealed under a ticket");
        let mut salt = [0; 8];
        sequoia_openpgp::crypto::random(&mut salt).map_err(|_| cannot())?;
        #[expect(deprecated, reason = "RFC 9580 §3.7.1.2: salted S2K is for high-entropy strings, and this is one")]
        let s2k = S2K::Salted { hash: HashAlgorithm::SHA256, salt };
        let aes = SymmetricAlgorithm::AES256;
        let session_key = OpenPgpKey::from(key.0.as_slice());
        let salt = self.derived(&[b"ticket", delivery.as_bytes()]);
        let password = ticket_password(ticket, &salt);
        SKESK6::with_password(aes, aes, AEADAlgorithm::OCB, s2k, &session_key, &password)
            .and_then(|packet| Packet::from(packet).to_vec())
            .map(Esk::from_octets)
            .map_err(|_| cannot())
    }

    /// Opens it again.
    ///
    /// # Errors
    /// A [`Fault`] for another ticket, delivery or root key, and for any other kind of packet.
    pub fn open_ticket(&self, esk: &Esk, ticket: &Ticket, delivery: DeliveryId) -> Result<SessionKey, Fault> {
        let refused = || Fault::new("a ticket does not open this delivery");
        let packet = policy::skesk(esk)?;
        // The packet is OpenPGP's and names no root key.
        let salts = self.each(&[b"ticket", delivery.as_bytes()]);
        let opened = salts.iter().find_map(|(_, salt)| packet.decrypt(&ticket_password(ticket, salt)).ok());
        SessionKey::from_octets(&opened.ok_or_else(refused)?.1).ok_or_else(refused)
    }

    /// Seals a short text (the subject) under ticket and root key.
    ///
    /// # Errors
    /// A [`Fault`] when the cipher fails.
    pub fn seal_under_ticket(
        &self,
        ticket: &Ticket,
        delivery: DeliveryId,
        plain: &[u8],
        random: &dyn Random,
    ) -> Result<Sealed, Fault> {
        let (id, salt) = self.sealing(&[b"ticket", delivery.as_bytes()]);
        let key = symmetric::derive(ticket.secret(), salt.as_slice(), TEXT);
        symmetric::seal(id.0, &key, &symmetric::framed(&[TEXT, delivery.as_bytes()]), plain, random)
    }

    /// Opens it again.
    ///
    /// # Errors
    /// A [`Fault`] for another ticket, delivery or root key.
    pub fn unseal_under_ticket(
        &self,
        ticket: &Ticket,
        delivery: DeliveryId,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let (id, salt) = self.opening(sealed.as_octets(), &[b"ticket", delivery.as_bytes()])?;
        let key = symmetric::derive(ticket.secret(), salt.as_slice(), TEXT);
        symmetric::open(id, &key, &symmetric::framed(&[TEXT, delivery.as_bytes()]), sealed)
    }

    /// Seals a delivery's session key under a patient's cookie and the root key.
    ///
    /// # Errors
    /// A [`Fault`] when the cipher fails.
    pub fn seal_for_session(
        &self,
        key: &SessionKey,
        token: &SessionToken,
        session: SessionId,
        random: &dyn Random,
    ) -> Result<Sealed, Fault> {
        self.seal_under_cookie(SESSION, key.0.as_slice(), token, session, random)
    }

    /// Opens it with the cookie.
    ///
    /// # Errors
    /// A [`Fault`] for another cookie, session or root key.
    pub fn unseal_for_session(
        &self,
        sealed: &Sealed,
        token: &SessionToken,
        session: SessionId,
    ) -> Result<SessionKey, Fault> {
        let octets = self.open_under_cookie(SESSION, sealed, token, session)?;
        SessionKey::from_octets(&octets).ok_or_else(|| Fault::new("a session key has 32 octets"))
    }

    /// Seals the ticket of a page's link under its cookie and the root key.
    ///
    /// # Errors
    /// A [`Fault`] when the cipher fails.
    pub fn seal_ticket_for_session(
        &self,
        ticket: &Ticket,
        token: &SessionToken,
        session: SessionId,
        random: &dyn Random,
    ) -> Result<Sealed, Fault> {
        self.seal_under_cookie(SESSION_TICKET, ticket.reveal_octets(), token, session, random)
    }

    /// Opens it with the cookie.
    ///
    /// # Errors
    /// A [`Fault`] for another cookie, session or root key.
    pub fn unseal_ticket_for_session(
        &self,
        sealed: &Sealed,
        token: &SessionToken,
        session: SessionId,
    ) -> Result<Ticket, Fault> {
        let octets = self.open_under_cookie(SESSION_TICKET, sealed, token, session)?;
        Ticket::from_octets(&octets).ok_or_else(|| Fault::new("a sealed ticket is none"))
    }

    /// Seals which delivery a remembered browser knows, under its cookie and the root key: only who had both wrote it.
    ///
    /// # Errors
    /// A [`Fault`] when the cipher fails.
    pub fn prove_remembered(
        &self,
        delivery: DeliveryId,
        token: &RememberToken,
        id: RememberedId,
        random: &dyn Random,
    ) -> Result<Sealed, Fault> {
        self.seal_under(REMEMBERED, delivery.as_bytes(), (token.reveal_octets(), id.as_bytes()), random)
    }

    /// Whether a remembered browser's row knows this delivery with authority.
    pub fn proves_remembered(
        &self,
        proof: &Sealed,
        delivery: DeliveryId,
        token: &RememberToken,
        id: RememberedId,
    ) -> bool {
        let known = self.open_under(REMEMBERED, proof, (token.reveal_octets(), id.as_bytes()));
        known.is_ok_and(|known| known.as_slice() == delivery.as_bytes())
    }

    fn seal_under_cookie(
        &self,
        what: &[u8],
        plain: &[u8],
        token: &SessionToken,
        session: SessionId,
        random: &dyn Random,
    ) -> Result<Sealed, Fault> {
        self.seal_under(what, plain, (token.reveal_octets(), session.as_bytes()), random)
    }

    fn open_under_cookie(
        &self,
        what: &[u8],
        sealed: &Sealed,
        token: &SessionToken,
        session: SessionId,
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        self.open_under(what, sealed, (token.reveal_octets(), session.as_bytes()))
    }

    /// Seals for one use, under the cookie of a row and the root key.
    fn seal_under(
        &self,
        what: &[u8],
        plain: &[u8],
        (cookie, row): (&[u8; 32], &[u8]),
        random: &dyn Random,
    ) -> Result<Sealed, Fault> {
        let (id, salt) = self.sealing(&[b"session", row]);
        let under = symmetric::derive(cookie, salt.as_slice(), SESSION);
        symmetric::seal(id.0, &under, &symmetric::framed(&[what, row]), plain, random)
    }

    fn open_under(
        &self,
        what: &[u8],
        sealed: &Sealed,
        (cookie, row): (&[u8; 32], &[u8]),
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let (id, salt) = self.opening(sealed.as_octets(), &[b"session", row])?;
        let under = symmetric::derive(cookie, salt.as_slice(), SESSION);
        symmetric::open(id, &under, &symmetric::framed(&[what, row]), sealed)
    }

    fn ticket_check(&self, secret: &[u8]) -> [u8; 4] {
        check(&self.bare_code(&[CHECK], &[secret]))
    }
}

fn check(code: &[u8; 32]) -> [u8; 4] {
    code.first_chunk().copied().unwrap_or_default()
}

/// The password of a delivery's SKESK: 44 characters of base64, so that every OpenPGP tool can be given it.
fn ticket_password(ticket: &Ticket, salt: &symmetric::Key) -> Password {
    let key = symmetric::derive(ticket.secret(), salt.as_slice(), TICKET);
    Password::from(data_encoding::BASE64.encode(key.as_slice()))
}

const CHECK: &[u8] = b"ticket check";
const TICKET: &[u8] = b"pli ticket 1";
const TEXT: &[u8] = b"pli ticket text 1";
const SESSION: &[u8] = b"pli session 1";
const SESSION_TICKET: &[u8] = b"pli session ticket 1";
const REMEMBERED: &[u8] = b"pli remembered 1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::testing::{Dice, vault};

    #[test]
    fn an_issued_ticket_is_told_from_a_cut_or_made_up_one() {
        let (vault_1, dice) = (vault(1), Dice::new(7));
        let ticket = vault_1.new_ticket(&dice);
        assert!(vault_1.issued(&ticket));
        assert!(vault_1.issued(&Ticket::parse(&ticket.reveal()).expect("the link's text")));
        assert!(!vault(2).issued(&ticket));
        for at in 0..20 {
            let mut octets = *ticket.reveal_octets();
            octets[at] ^= 1;
            assert!(!vault_1.issued(&Ticket::from_octets(&octets).expect("20 octets")), "octet {at}");
        }
    }

    #[test]
    fn a_delivery_opens_with_its_ticket_and_the_root_key_together() {
        let (one, dice) = (vault(1), Dice::new(7));
        let (ticket, other) = (one.new_ticket(&dice), one.new_ticket(&dice));
        let (delivery, elsewhere) = (DeliveryId::random(&dice), DeliveryId::random(&dice));
        let key = SessionKey::random(&dice);
        let esk = one.esk_for_ticket(&key, &ticket, delivery).expect("wraps");
        assert_eq!(one.open_ticket(&esk, &ticket, delivery).expect("opens").0, key.0);
        assert!(one.open_ticket(&esk, &other, delivery).is_err());
        assert!(one.open_ticket(&esk, &ticket, elsewhere).is_err());
        assert!(vault(2).open_ticket(&esk, &ticket, delivery).is_err(), "the ticket alone opens nothing");
        for at in 0..esk.as_octets().len() {
            let mut octets = esk.as_octets().to_vec();
            octets[at] ^= 1;
            assert!(one.open_ticket(&Esk::from_octets(octets), &ticket, delivery).is_err(), "octet {at}");
        }

        let subject = one.seal_under_ticket(&ticket, delivery, "Résultats".as_bytes(), &dice).expect("seals");
        let opened = one.unseal_under_ticket(&ticket, delivery, &subject).expect("opens");
        assert_eq!(opened.as_slice(), "Résultats".as_bytes());
        assert!(one.unseal_under_ticket(&other, delivery, &subject).is_err());
        assert!(one.unseal_under_ticket(&ticket, elsewhere, &subject).is_err());
        assert!(vault(2).unseal_under_ticket(&ticket, delivery, &subject).is_err());
    }

    #[test]
    fn a_page_opens_with_its_cookie() {
        let (one, dice) = (vault(1), Dice::new(7));
        let (token, other) = (SessionToken::random(&dice), SessionToken::random(&dice));
        let (session, elsewhere) = (SessionId::random(&dice), SessionId::random(&dice));
        let key = SessionKey::random(&dice);
        let sealed = one.seal_for_session(&key, &token, session, &dice).expect("seals");
        assert_eq!(one.unseal_for_session(&sealed, &token, session).expect("opens").0, key.0);
        assert!(one.unseal_for_session(&sealed, &other, session).is_err());
        assert!(one.unseal_for_session(&sealed, &token, elsewhere).is_err());
        assert!(vault(2).unseal_for_session(&sealed, &token, session).is_err());

        let ticket = one.new_ticket(&dice);
        let kept = one.seal_ticket_for_session(&ticket, &token, session, &dice).expect("seals");
        assert_eq!(one.unseal_ticket_for_session(&kept, &token, session).expect("opens"), ticket);
        assert!(one.unseal_ticket_for_session(&kept, &other, session).is_err());
        assert!(one.unseal_ticket_for_session(&kept, &token, elsewhere).is_err());
        assert!(one.unseal_for_session(&kept, &token, session).is_err(), "neither stands for the other");
    }
}
