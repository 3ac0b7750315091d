//! Wrong passwords: counted for a network and for the address that was typed, on all nodes.
//!
//! A device password cannot be guessed (130 random bits), so nobody is ever locked out: a right one is checked first
//! and always opens, whatever others typed. Wrong ones are answered more and more slowly, and beyond a limit in
//! other words, which tell a mail client to wait (R-C10). Counting is bounded too: beyond the limit a source is
//! written down once in ten seconds.

use std::net::IpAddr;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::domain::{Actor, Address, AuditEvent, Fault, Verb, address_block};

use super::Access;

/// What is known of wrong passwords from where one came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failures {
    /// How many came before this one, without an hour between them.
    pub before: u32,
    /// Whether those are as many as are answered plainly.
    pub many: bool,
}

impl Access {
    /// Counts a wrong password for this address from this peer.
    ///
    /// # Errors
    /// A [`Fault`] of the store: it is not counted then.
    pub async fn login_failed(&self, address: &str, peer: Option<IpAddr>) -> Result<Failures, Fault> {
        let (now, limit) = (self.clock.now(), self.failed_logins);
        let since = now.minus(WINDOW);
        // Whoever tries addresses that nobody has is counted the same way.
        let address = Zeroizing::new(address.trim().parse::<Address>().map_or_else(|_| String::new(), |a| a.folded()));
        let mailboxes = self.vault.hashes("failed login, address", None, address.as_bytes());
        let peer = Zeroizing::new(peer.map(|peer| address_block(peer).to_string()).unwrap_or_default());
        let networks = self.vault.hashes("failed login, network", None, peer.as_bytes());
        let (mut failures, mut newest) = (0, since);
        for (network, mailbox) in networks.iter().zip(&mailboxes) {
            if let Some(before) = self.store.failed_logins([network, mailbox], since).await?
                && before.0 > failures
            {
                (failures, newest) = before;
            }
        }
        let many = failures >= limit;
        if !many || now.since(newest) >= PAUSE {
            let mut tx = self.store.write("count failed login").await?;
            for sources in [&networks, &mailboxes] {
                let Some((source, older)) = sources.split_first() else { continue };
                tx.adopt_failures(source, older).await?;
                tx.count_failed_login(source, now, since).await?;
            }
            tx.commit(AuditEvent::new(now, Actor::Server, Verb::LoginRefused)).await?;
        }
        Ok(Failures { before: u32::try_from(failures).unwrap_or(u32::MAX), many })
    }

    /// Forgets wrong passwords of yesterday.
    ///
    /// # Errors
    /// A [`Fault`] of the store.
    pub async fn forget_failures(&self) -> Result<(), Fault> {
        let now = self.clock.now();
        let mut tx = self.store.write("forget failed logins").await?;
        let pruned = tx.prune_failed_logins(now.minus(WINDOW)).await?;
        if pruned > 0 {
            tx.commit(AuditEvent::new(now, Actor::Server, Verb::Swept).counting(pruned)).await?;
        }
        Ok(())
    }
}

/// Wrong passwords with less than this between them are counted together.
const WINDOW: Duration = Duration::from_secs(3600);
/// How often a source beyond the limit is written down.
const PAUSE: Duration = Duration::from_secs(10);
