//! `pli serve`: opens the doors, tells where, and runs until SIGTERM or SIGINT.

use std::net::SocketAddr;
use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};

use crate::server::{Overrides, Server, keep_alive, tell_ready, tell_stopping};
use crate::telemetry;

use super::{Out, Stop, open};

pub(super) async fn run(file: &Path, out: &mut Out) -> Result<(), Stop> {
    let config = open::load(file)?;
    telemetry::start(&config.log);
    // Both are caught from here on, so that a stop during the start is a graceful one too.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut running = Server::start(&config, Overrides::default()).await?;
    for line in &config.not_built {
        tracing::warn!("{line}");
    }
    if config.notice.relay.is_none() {
        tracing::warn!("notice.relay is not set: patients are told nothing, notices wait");
    }
    if config.notice.relay.is_some() && config.listen.bounces.is_none() && config.notice.bounces.is_none() {
        tracing::warn!(
            "neither notice.bounces nor listen.bounces is set: a notice that comes back later is heard of by nobody"
        );
    }
    if config.providers.is_empty() {
        tracing::warn!("no [[code.sms]] and no [[code.voice]] is set: no code can be sent");
    }
    let doors = [
        ("submissions", running.submissions),
        ("submission", running.submission),
        ("imaps", running.imaps),
        ("imap", running.imap),
        ("portal", running.portal),
        ("metrics", running.metrics),
        ("bounces", running.bounces),
    ];
    for (door, address) in doors {
        out.line(said(door, address))?;
    }
    out.line("pli is ready")?;
    tell_ready();
    let broken = tokio::select! {
        _ = terminate.recv() => false,
        _ = interrupt.recv() => false,
        () = running.broken() => true,
        () = keep_alive() => true,
    };
    tell_stopping();
    running.stop().await;
    if broken { Err(Stop::because("a part of the server ended by itself; the log may say why")) } else { Ok(()) }
}

fn said(door: &str, address: Option<SocketAddr>) -> String {
    address.map_or_else(|| format!("{door:<12} closed"), |address| format!("{door:<12} {address}"))
}
