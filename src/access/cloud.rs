//! Mail clients that fetch through somebody's cloud, and so copy the mailbox outside (R-C4).
//!
//! They are recognised by what they say of themselves (IMAP ID, RFC 2971) and by where they come from, from a
//! list that ages and is therefore a file. Refused by default, after the password was found right: a stranger
//! makes no letter. The journal has each meeting at most once an hour, INBOX a letter at most once a day.

use std::net::IpAddr;
use std::time::Duration;

use crate::domain::{Actor, AuditEvent, Fault, Sender, Verb};

use super::{Access, Network};

/// What is known of a mail client besides its password.
#[derive(Debug, Clone, Default)]
pub struct Peer {
    /// Where it connects from.
    pub address: Option<IpAddr>,
    /// What it says of itself: names of fields and their values.
    pub id: Vec<(String, String)>,
}

/// One entry of the list.
#[derive(Debug, Clone)]
pub struct CloudClient {
    /// What people call it.
    pub name: String,
    /// Fields of its ID: the name, and how the value begins; both without case.
    pub ids: Vec<(String, String)>,
    /// Where its servers connect from.
    pub networks: Vec<Network>,
}

/// The list, and what is done with who is on it. Without entries nobody is.
#[derive(Debug, Clone, Default)]
pub struct CloudClients {
    /// They are let in, which the journal says.
    pub allow: bool,
    /// Who they are.
    pub list: Vec<CloudClient>,
}

impl CloudClients {
    /// The entry that a client is on.
    pub fn recognise(&self, peer: &Peer) -> Option<&CloudClient> {
        let begins =
            |value: &str, with: &str| value.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
        self.list.iter().find(|client| {
            let from = |network: &Network| peer.address.is_some_and(|address| network.holds(address));
            let says = |(field, with): &(String, String)| {
                peer.id.iter().any(|(name, value)| name.eq_ignore_ascii_case(field) && begins(value, with))
            };
            client.networks.iter().any(from) || client.ids.iter().any(says)
        })
    }
}

impl Access {
    /// Whether a client whose password was right may go on; asked at the login, and again when it says who it is.
    ///
    /// # Errors
    /// A [`Fault`] of the store: nobody is let in then without the journal.
    pub async fn admits(&self, sender: &Sender, peer: &Peer) -> Result<bool, Fault> {
        let Some(client) = self.cloud_clients.recognise(peer) else { return Ok(true) };
        let allow = self.cloud_clients.allow;
        let now = self.clock.now();
        let name = self.vault.seal_cloud_client(sender.mailbox, &client.name, self.random.as_ref())?;
        let mut tx = self.store.write("meet cloud client").await?;
        if tx.meet_cloud_client(sender.mailbox, &name, !allow, now, now.minus(AN_HOUR)).await? {
            let verb = if allow { Verb::CloudClientAdmitted } else { Verb::CloudClientRefused };
            let event = AuditEvent::new(now, Actor::Device(sender.device), verb);
            tx.commit(event.about_practice(sender.practice).about_mailbox(sender.mailbox)).await?;
        }
        tracing::info!(mailbox = %sender.mailbox, device = %sender.device, allow, "a client that fetches through a cloud");
        Ok(allow)
    }
}

/// How seldom the journal has the same.
const AN_HOUR: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_known_by_what_they_say_or_by_where_they_are() {
        let list = vec![CloudClient {
            name: "Nuage".to_owned(),
            ids: vec![("name".to_owned(), "nuage".to_owned())],
            networks: vec![Network::read("192.0.2.0/24").expect("a network")],
        }];
        let clients = CloudClients { allow: false, list };
        let knows = |address: Option<&str>, id: &[(&str, &str)]| {
            let address = address.map(|text| text.parse().expect("an address"));
            let id = id.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            clients.recognise(&Peer { address, id }).is_some()
        };
        assert!(knows(Some("192.0.2.7"), &[]));
        assert!(knows(Some("::ffff:192.0.2.7"), &[]));
        assert!(knows(Some("198.51.100.1"), &[("Name", "NUAGE pour iPhone"), ("version", "1")]));
        assert!(!knows(Some("198.51.100.1"), &[("name", "Thunderbird"), ("vendor", "nuage")]));
        assert!(!knows(None, &[("name", "nuag")]));
        assert!(!knows(None, &[("name", "nuaé")]), "a value is cut at characters");
        assert!(CloudClients::default().recognise(&Peer::default()).is_none());
    }
}
