//! Ports and certificates, before anything is changed or served.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::config::{Config, Listen};
use crate::net::Tls;

use super::StartError;

/// The bound doors.
pub(super) struct Listeners {
    pub submissions: Option<TcpListener>,
    pub submission: Option<TcpListener>,
    pub imaps: Option<TcpListener>,
    pub imap: Option<TcpListener>,
    pub portal: Option<TcpListener>,
    pub metrics: Option<TcpListener>,
    pub bounces: Option<TcpListener>,
}

/// Binds every door that is configured, or none.
pub(super) async fn bind(listen: &Listen) -> Result<Listeners, StartError> {
    Ok(Listeners {
        submissions: one("submissions", listen.submissions).await?,
        submission: one("submission", listen.submission).await?,
        imaps: one("imaps", listen.imaps).await?,
        imap: one("imap", listen.imap).await?,
        portal: one("portal", listen.portal).await?,
        metrics: one("metrics", listen.metrics).await?,
        bounces: one("bounces", listen.bounces).await?,
    })
}

async fn one(key: &str, address: Option<SocketAddr>) -> Result<Option<TcpListener>, StartError> {
    let Some(address) = address else { return Ok(None) };
    TcpListener::bind(address).await.map(Some).map_err(|error| {
        let what = match error.kind() {
            ErrorKind::AddrInUse => "another program listens there already".to_owned(),
            ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
            ErrorKind::PermissionDenied => denied(address.port()),
            kind => kind.to_string(),
        };
        StartError(format!("listen.{key}: {address}: {what}"))
    })
}

/// The three cures (R-G5).
fn denied(port: u16) -> String {
    format!(
        "not permitted for a port below 1024; either AmbientCapabilities=CAP_NET_BIND_SERVICE in the systemd unit (`pli \
         init --systemd` writes one), or `setcap cap_net_bind_service=+ep` on the pli program, or a port above 1023 \
         with port {port} redirected to it"
    )
}

/// Where a door listens, with the port that a 0 became.
pub(super) fn address(listener: Option<&TcpListener>) -> Option<SocketAddr> {
    listener.and_then(|listener| listener.local_addr().ok())
}

/// The certificates; every name in use must be covered by one.
pub(super) fn tls(config: &Config) -> Result<Option<Tls>, StartError> {
    let listen = &config.listen;
    let mail = [listen.submissions, listen.submission, listen.imaps, listen.imap, listen.bounces];
    let mail = mail.iter().any(Option::is_some);
    let portal = config.listen.portal.is_some();
    let mut names = Vec::new();
    if mail {
        names.push(config.hostname.as_str());
    }
    if portal {
        names.push(config.portal_host());
    }
    if names.is_empty() {
        return Ok(None);
    }
    Tls::open(&config.tls, &names).map(Some).map_err(StartError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_port_is_told_with_its_three_cures() {
        let said = denied(465);
        for cure in ["AmbientCapabilities=CAP_NET_BIND_SERVICE", "setcap", "port 465 redirected", "pli init --systemd"]
        {
            assert!(said.contains(cure), "{said}");
        }
        assert!(!said.contains('\n') && !said.contains("  "), "{said}");
    }
}
