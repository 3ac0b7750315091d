//! `pli dns`: what each domain publishes, as lines of a zone file. Nothing is looked up; `pli doctor` is for that.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::json;

use crate::config::Config;
use crate::delivery::from_address;
use crate::domain::zone::{Role, Served, TTL, ZoneLine};
use crate::domain::{DomainName, Fault};
use crate::net::Tls;
use crate::server::dkim_key;

use super::{Opened, Out, Stop};

#[derive(clap::Args)]
pub(super) struct Dns {
    /// One domain only
    domain: Option<String>,
    /// Print JSON, one record a line, without the notes
    #[arg(long)]
    json: bool,
}

impl Dns {
    pub(super) async fn run(&self, opened: &Opened, out: &mut Out) -> Result<(), Stop> {
        let config = &opened.config;
        let served = served(config)?;
        let roles = roles(opened).await?;
        let mut zones: Vec<(&DomainName, Vec<ZoneLine>)> = Vec::new();
        for (name, role) in &roles {
            zones.push((name, served.domain(name, *role)));
        }
        match &self.domain {
            Some(text) => {
                let wanted: Option<DomainName> = text.parse().ok();
                zones.retain(|(name, _)| Some(*name) == wanted.as_ref());
                if zones.is_empty() {
                    return Err(Stop::because(format!("{text}: no domain of this server; pli domain list has them")));
                }
            }
            None => zones.push((&served.hostname, served.host(config.portal_host()))),
        }
        for (place, (domain, lines)) in zones.iter().enumerate() {
            if place > 0 && !self.json {
                out.line("")?;
            }
            for line in lines {
                match line {
                    _ if !self.json => out.line(line.to_string())?,
                    ZoneLine::Note(_) => {}
                    ZoneLine::Record { name, kind, data } => out.json(&json!({
                        "domain": domain.as_str(), "name": name, "ttl": TTL, "type": kind, "data": data,
                    }))?,
                }
            }
        }
        Ok(())
    }
}

/// What each domain is to this server: those of practices, of the From of notices, and of their reverse-path where it
/// leads here.
async fn roles(opened: &Opened) -> Result<BTreeMap<DomainName, Role>, Stop> {
    let (config, mut roles) = (&opened.config, BTreeMap::<DomainName, Role>::new());
    let mut senders = vec![config.notice.from.clone()];
    for practice in opened.rooms.deliveries.practices().await? {
        for name in practice.domains {
            roles.entry(name).or_default().mailboxes = true;
        }
        senders.push(practice.profile.notice_from);
    }
    for from in senders.iter().filter_map(|from| from_address(from)).filter(|_| config.notice.relay.is_some()) {
        roles.entry(from.domain().clone()).or_default().sends = true;
        let returns = config.notice.returns.domain(from.domain().as_str());
        let returns: DomainName = returns.parse().map_err(|_| Fault::new("notices go back to no domain"))?;
        // What lands in an account at somebody's is that somebody's domain.
        if config.listen.bounces.is_some() || roles.contains_key(&returns) {
            roles.entry(returns).or_default().returns = true;
        }
    }
    Ok(roles)
}

fn served(config: &Config) -> Result<Served, Stop> {
    // Port 0 is one that nobody can know before; what stands in the DNS is the standard's then.
    let port = |at: Option<SocketAddr>, usual: u16| at.map(|at| if at.port() == 0 { usual } else { at.port() });
    let listen = &config.listen;
    let mut dkim = Vec::new();
    for one in &config.dkim {
        dkim.push((one.selector.clone(), dkim_key(&one.key)?.record()?));
    }
    Ok(Served {
        hostname: config.hostname.parse().map_err(|_| Fault::new("the host name is none"))?,
        submissions: port(listen.submissions, 465),
        submission: port(listen.submission, 587),
        imaps: port(listen.imaps, 993),
        imap: port(listen.imap, 143),
        pages: pages(config),
        bounces: listen.bounces.is_some(),
        account: config.notice.bounces.is_some(),
        relay: config.notice.sends(),
        dkim,
        key: Tls::open(&config.tls, &[]).and_then(|tls| tls.key_digest(&config.hostname)),
    })
}

/// Where the pages are reached: what their URL says, since a proxy may stand before the door. An address is no name.
fn pages(config: &Config) -> Option<(DomainName, u16)> {
    let url = config.portal.url.as_ref().filter(|_| config.listen.portal.is_some())?;
    let port = url::Url::parse(url.as_str()).ok()?.port_or_known_default()?;
    let host = url.host();
    let named = host.parse::<std::net::IpAddr>().is_err();
    Some((host.parse().ok().filter(|_| named)?, port))
}
