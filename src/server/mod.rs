//! The server: builds every room once, starts and stops the doors.
//!
//! Everything that can be refused is refused before anything is changed: certificates are read and ports
//! bound first, then the vault and the store are opened, then the doors serve. The clock of the world and
//! the randomness of the system enter here and nowhere else.

pub mod backup;
mod doors;
mod install;
pub mod journal;
mod leap;
mod process;
mod ready;
mod ring;
mod rooms;
pub mod rotation;
mod service;

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::config::{Config, Network};
use crate::delivery::{self, Signing, relay::Relay};
use crate::domain::{Clock, Lasting, Random};
use crate::gateway::Gateways;
use crate::net::{self, Limits, Signer, Tls};
use crate::remote::Returns;
use crate::{imap, portal, smtp, watch as figures};

use leap::Leap;

pub use install::{Installed, Plan, Ports, install};
pub use process::{DiskRoom, OsRandom, SystemClock, cores_forbidden, disk_room, file_limit, harden};
pub use rooms::{Rooms, dkim_key};
pub use service::{Unit, keep_alive, tell_ready, tell_stopping};

/// Why the server does not start, or a command not run: one clear line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

/// What tests and the demonstration put in the place of the world.
#[derive(Default)]
pub struct Overrides {
    /// Another clock.
    pub clock: Option<Arc<dyn Clock>>,
    /// Another source of randomness.
    pub random: Option<Arc<dyn Random>>,
    /// Another relay than the configured one.
    pub relay: Option<Relay>,
    /// Other providers than the configured ones.
    pub gateways: Option<Gateways>,
    /// Every page says that this is a demonstration. No setting can switch it on.
    pub demonstration: bool,
}

/// The server.
pub struct Server;

/// A running server.
pub struct Running {
    /// Where submission with implicit TLS listens.
    pub submissions: Option<SocketAddr>,
    /// Where submission with STARTTLS listens.
    pub submission: Option<SocketAddr>,
    /// Where IMAP with implicit TLS listens.
    pub imaps: Option<SocketAddr>,
    /// Where IMAP with STARTTLS listens.
    pub imap: Option<SocketAddr>,
    /// Where the portal listens.
    pub portal: Option<SocketAddr>,
    /// Where figures are.
    pub metrics: Option<SocketAddr>,
    /// Where what comes back of notices is taken.
    pub bounces: Option<SocketAddr>,
    /// The rooms, for tests and the demonstration.
    pub rooms: Rooms,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Server {
    /// Starts the doors of a configuration.
    ///
    /// # Errors
    /// [`StartError`]; then nothing was changed and nothing is served.
    pub async fn start(config: &Config, overrides: Overrides) -> Result<Running, StartError> {
        net::install_provider();
        let clock = overrides.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let random = overrides.random.unwrap_or_else(|| Arc::new(OsRandom));
        let listeners = doors::bind(&config.listen).await?;
        let tls = doors::tls(config)?;
        let gateways = match overrides.gateways {
            Some(gateways) => gateways,
            None => Gateways::open(&config.providers, &clock).map_err(StartError)?,
        };
        if config.notice.relay.is_some() && !delivery::is_from(&config.notice.from) {
            let what = "notice.from: write Name <address>, the name in quotes where it holds a comma or brackets";
            return Err(StartError(what.to_owned()));
        }
        let relay = match (overrides.relay, &config.notice.relay) {
            (Some(relay), _) => Some(relay),
            (None, Some(url)) => {
                Some(Relay::open(url, &config.hostname, config.notice.ca.as_deref()).map_err(StartError)?)
            }
            (None, None) => None,
        };
        let bounces = config.notice.bounces.as_ref().map(|url| {
            let returns = Returns::open(url, config.notice.ca.clone());
            returns.map_err(|what| StartError(format!("notice.bounces: {what}")))
        });
        let bounces = bounces.transpose()?;
        let signing = config
            .dkim
            .iter()
            .map(|dkim| Ok::<_, StartError>(Signing { key: dkim_key(&dkim.key)?, selector: dkim.selector.clone() }));
        let signing = signing.collect::<Result<_, _>>()?;
        let mut rooms = Rooms::open(config, "serve", clock.clone(), random.clone()).await?;
        let pages = portal::Drawing {
            texts: rooms.texts.clone(),
            demonstration: overrides.demonstration,
            answer_limit: config.limits.message as u64,
        };
        rooms.deliveries = rooms.deliveries.signing(signing).drawing(Arc::new(pages));
        let access = rooms.access(clock.clone(), random.clone(), gateways, config.portal_host());
        let access =
            access.with_cloud_clients(config.cloud_clients.clone()).with_announced_devices(config.announce_devices);
        let access = access.with_failed_logins(config.limits.failed_logins);
        let access = access.with_codes(config.ceilings, config.portal.url.as_ref().map(|url| url.as_str()));
        rooms.note_settings(config, clock.now()).await?;

        let (stop, stopped) = watch::channel(false);
        let mut running = Running {
            submissions: doors::address(listeners.submissions.as_ref()),
            submission: doors::address(listeners.submission.as_ref()),
            imaps: doors::address(listeners.imaps.as_ref()),
            imap: doors::address(listeners.imap.as_ref()),
            portal: doors::address(listeners.portal.as_ref()),
            metrics: doors::address(listeners.metrics.as_ref()),
            bounces: doors::address(listeners.bounces.as_ref()),
            rooms,
            stop,
            tasks: JoinSet::new(),
        };
        let logins = access.clone();
        running.tasks.spawn(every(SWEEP, stopped.clone(), move || {
            let logins = logins.clone();
            async move {
                if let Err(fault) = logins.forget_failures().await {
                    tracing::warn!(%fault, "housekeeping of failed logins");
                }
            }
        }));
        let (codes, stop) = (access.clone(), stopped.clone());
        running.tasks.spawn(async move { codes.run_codes(stop).await });
        let (reminders, stop) = (access.clone(), stopped.clone());
        running.tasks.spawn(async move { reminders.run_reminders(stop).await });
        let limits = Limits::new(config.limits.connections, config.limits.network_connections);
        let submission = smtp::Settings {
            hostname: config.hostname.clone(),
            message_limit: config.limits.message,
            memory: config.limits.memory,
            recipients: config.limits.recipients,
        };
        let reading = imap::Settings {
            hostname: config.hostname.clone(),
            message_limit: submission.wire_limit(),
            memory: config.limits.memory,
            per_mailbox: PER_MAILBOX,
        };
        let rooms = smtp::Rooms {
            access: access.clone(),
            deliveries: running.rooms.deliveries.clone(),
            mailboxes: running.rooms.mailboxes.clone(),
        };
        if let (Some(listener), Some(tls)) = (listeners.bounces, &tls) {
            let (hostname, rooms) = (config.hostname.clone(), rooms.clone());
            running.tasks.spawn(smtp::serve_returns(listener, tls.clone(), stopped.clone(), hostname, rooms));
        }
        let counted = running.rooms.deliveries.figures().clone();
        let mail = Arc::new(smtp::Door::new(submission, rooms).with_figures(counted.clone()));
        let rooms = imap::Rooms { access: access.clone(), mailboxes: running.rooms.mailboxes.clone() };
        let inbox = Arc::new(imap::Door::new(reading, rooms).with_figures(counted));
        if let Some(listener) = listeners.metrics {
            let (submitted, appended, read) = (mail.clone(), inbox.clone(), inbox.clone());
            let watched = figures::Watched {
                access: access.clone(),
                deliveries: running.rooms.deliveries.clone(),
                tls: tls.clone(),
                memory: vec![
                    ("submission", Arc::new(move || submitted.used_memory())),
                    ("append", Arc::new(move || appended.used_memory().0)),
                    ("read", Arc::new(move || read.used_memory().1)),
                ],
                memory_limit: config.limits.memory,
                ready: running.probe(config, random).asked(),
            };
            running.tasks.spawn(figures::serve(listener, watched, stopped.clone()));
        }
        if let (Some(listener), Some(tls)) = (listeners.imaps, &tls) {
            running.tasks.spawn(imap::serve_imaps(listener, tls.clone(), limits, stopped.clone(), inbox.clone()));
        }
        if let (Some(listener), Some(tls)) = (listeners.imap, &tls) {
            running.tasks.spawn(imap::serve_imap(listener, tls.clone(), limits, stopped.clone(), inbox));
        }
        if let (Some(listener), Some(tls)) = (listeners.submissions, &tls) {
            running.tasks.spawn(smtp::serve_submissions(listener, tls.clone(), limits, stopped.clone(), mail.clone()));
        }
        if let (Some(listener), Some(tls)) = (listeners.submission, &tls) {
            running.tasks.spawn(smtp::serve_submission(listener, tls.clone(), limits, stopped.clone(), mail));
        }
        if let (Some(listener), Some(tls)) = (listeners.portal, &tls) {
            let portal = portal::Portal {
                access,
                mailboxes: running.rooms.mailboxes.clone(),
                deliveries: running.rooms.deliveries.clone(),
                texts: running.rooms.texts.clone(),
                settings: Arc::new(portal::Settings {
                    demonstration: overrides.demonstration,
                    proxies: config.portal.proxies.iter().filter_map(Network::single).collect(),
                    answer_limit: config.limits.message as u64,
                    accessibility: config.portal.accessibility.clone(),
                    scanner: config.scanner.clone(),
                    mail: running.mail_server(config),
                    signer: Some(Signer::new(tls.clone(), config.portal_host())),
                }),
                clock,
            };
            running.tasks.spawn(portal::serve(listener, tls.clone(), limits, stopped.clone(), portal));
        }
        if let Some(bounces) = bounces {
            let deliveries = running.rooms.deliveries.clone();
            running.tasks.spawn(bounces.run(deliveries, stopped.clone()));
        }
        running.keep(tls, relay, config.audit_export.clone(), &stopped);
        Ok(running)
    }
}

impl Running {
    /// What mail clients are told: the doors as they are open now.
    fn mail_server(&self, config: &Config) -> portal::MailServer {
        let port = |door: Option<SocketAddr>| door.map(|address| address.port());
        portal::MailServer {
            hostname: config.hostname.clone(),
            url: config.delivery().portal_url,
            submissions: port(self.submissions),
            submission: port(self.submission),
            imaps: port(self.imaps),
            imap: port(self.imap),
        }
    }

    /// What `/ready` looks at.
    fn probe(&self, config: &Config, random: Arc<dyn Random>) -> ready::Probe {
        let doors = [
            ("submissions", self.submissions),
            ("submission", self.submission),
            ("imaps", self.imaps),
            ("imap", self.imap),
            ("portal", self.portal),
        ];
        ready::Probe {
            store: self.rooms.store().clone(),
            random,
            doors: doors.into_iter().filter_map(|(door, address)| Some((door, address?))).collect(),
            folders: config.folders(),
            room: u64::try_from(config.limits.memory).unwrap_or(u64::MAX),
        }
    }

    /// The work behind the doors: notices, housekeeping, renewed certificates.
    fn keep(
        &mut self,
        tls: Option<Tls>,
        relay: Option<Relay>,
        export: Option<PathBuf>,
        stopped: &watch::Receiver<bool>,
    ) {
        if let Some(relay) = relay {
            let (deliveries, stop) = (self.rooms.deliveries.clone(), stopped.clone());
            self.tasks.spawn(async move { deliveries.run_courier(&relay, stop).await });
        }
        let deliveries = self.rooms.deliveries.clone();
        let (leap, begun) = (std::sync::Mutex::new(Leap::default()), Instant::now());
        self.tasks.spawn(every(SWEEP, stopped.clone(), move || {
            let deliveries = deliveries.clone();
            let mut leap = leap.lock().unwrap_or_else(PoisonError::into_inner);
            let may = leap.may_sweep(deliveries.now(), begun.elapsed());
            async move {
                if !may {
                    return;
                }
                if let Err(fault) = deliveries.sweep().await {
                    tracing::warn!(%fault, "housekeeping");
                }
            }
        }));
        let deliveries = self.rooms.deliveries.clone();
        let away = Arc::new(tokio::sync::Mutex::new(Lasting::default()));
        self.tasks.spawn(every(LETTERS, stopped.clone(), move || {
            let (deliveries, away) = (deliveries.clone(), Arc::clone(&away));
            async move {
                let told = [
                    deliveries.tell_quotas().await,
                    deliveries.tell_cloud_refusals().await,
                    deliveries.tell_devices().await,
                    deliveries.tell_stops().await,
                    deliveries.tell_holds().await,
                    deliveries.run_recalls().await,
                    deliveries.run_reminders().await,
                    deliveries.tell_failed_codes().await,
                ];
                let mut away = away.lock().await;
                match told.into_iter().collect::<Result<Vec<()>, _>>() {
                    Ok(_) if away.ends() => tracing::info!("letters of the house are written again"),
                    Err(fault) if away.begins() => {
                        tracing::warn!(%fault, "letters of the house cannot be written; tried again every few seconds");
                    }
                    _ => {}
                }
            }
        }));
        if let Some(path) = export {
            let (rooms, stop) = (self.rooms.clone(), stopped.clone());
            self.tasks.spawn(journal::keep(path, rooms.store, stop));
        }
        if let Some(tls) = tls {
            self.tasks.spawn(every(RELOAD, stopped.clone(), move || {
                match tls.reload() {
                    Ok(true) => tracing::info!("changed certificates are taken up"),
                    Ok(false) => {}
                    Err(what) => tracing::warn!(what, "changed certificates are not good; the old ones stay in use"),
                }
                std::future::ready(())
            }));
        }
    }

    /// Returns when a part of the server ended without having been told to: there is nothing left but to stop.
    pub async fn broken(&mut self) {
        if self.tasks.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Stops gracefully: no new connection, ten seconds for what runs, then the store is closed.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
        self.rooms.close().await;
    }
}

/// Does something at an interval until told to stop.
async fn every<F, Fut>(interval: Duration, mut stop: watch::Receiver<bool>, work: F)
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let stopped = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => true,
            _ = ticks.tick() => false,
        };
        if stopped {
            return;
        }
        work().await;
    }
}

/// Connections of one mailbox to IMAP: a client opens several for each of its devices.
const PER_MAILBOX: usize = 20;
/// How often expired deliveries, old sessions and orphaned objects are swept.
const SWEEP: Duration = Duration::from_secs(60);
/// How often mailboxes are looked for whose owners are to be told something.
const LETTERS: Duration = Duration::from_secs(5);
/// How often certificates are looked at: a change is taken up within a minute.
const RELOAD: Duration = Duration::from_secs(30);
