//! Whether this server can do its work now: what is asked at `/ready`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::domain::{ObjectId, Random};
use crate::store::Store;
use crate::watch::Ready;

use super::process::disk_room;

/// What is looked at.
pub(super) struct Probe {
    pub store: Store,
    pub random: Arc<dyn Random>,
    /// Doors that are configured, and where they listen.
    pub doors: Vec<(&'static str, SocketAddr)>,
    /// Folders whose disks must have room.
    pub folders: Vec<PathBuf>,
    /// How much room: what messages in flight may need, in octets.
    pub room: u64,
}

impl Probe {
    /// As the door of who watches asks it.
    pub(super) fn asked(self) -> Ready {
        let probe = Arc::new(self);
        Arc::new(move || {
            let probe = Arc::clone(&probe);
            Box::pin(async move { probe.faults().await })
        })
    }

    /// One line for each thing that is not as it must be.
    async fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let late = || "does not answer in time".to_owned();
        match timeout(PATIENCE, self.store.ping()).await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => faults.push(format!("database: {fault}")),
            Err(_) => faults.push(format!("database: {}", late())),
        }
        match timeout(PATIENCE, self.store.probe_objects(ObjectId::random(self.random.as_ref()))).await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => faults.push(format!("objects: {fault}")),
            Err(_) => faults.push(format!("objects: {}", late())),
        }
        for (door, address) in &self.doors {
            match timeout(PATIENCE, TcpStream::connect(near(*address))).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => faults.push(format!("{door}: {}", error.kind())),
                Err(_) => faults.push(format!("{door}: {}", late())),
            }
        }
        for folder in &self.folders {
            match disk_room(folder) {
                Some(disk) if disk.free < self.room => {
                    faults.push(format!("disk: {} MiB are free, {} may be needed", disk.free >> 20, self.room >> 20));
                }
                Some(_) => {}
                None => faults.push("disk: the folder of the data is not there".to_owned()),
            }
        }
        faults
    }
}

/// Where a door can be reached from here: one that listens everywhere, on loopback.
fn near(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// How long each thing may take.
const PATIENCE: Duration = Duration::from_secs(2);
