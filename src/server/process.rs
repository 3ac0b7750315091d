//! The world as the rooms see it: the clock, randomness, and the limits of this process.

use std::path::Path;

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

use crate::domain::{Clock, Random, Timestamp};

/// The clock of this machine.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the present enters")]
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }
}

/// The random generator of AWS-LC, seeded by the system.
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            // Nothing may go on with octets that could be guessed.
            std::process::abort();
        }
    }
}

/// How much room a disk has, in octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskRoom {
    /// What this user may still fill.
    pub free: u64,
    /// All of it.
    pub all: u64,
}

/// The room on the disk that holds this folder; `None` when the system does not say.
pub fn disk_room(folder: &Path) -> Option<DiskRoom> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(DiskRoom {
        free: disk.f_bavail.saturating_mul(disk.f_frsize),
        all: disk.f_blocks.saturating_mul(disk.f_frsize),
    })
}

/// Whether this process may leave a core dump behind; [`harden`] forbids it.
pub fn cores_forbidden() -> bool {
    let silent = rustix::process::dumpable_behavior().is_ok_and(|is| is == DumpableBehavior::NotDumpable);
    silent && getrlimit(Resource::Core).current == Some(0)
}

/// How many files this process may have open.
pub fn file_limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// Forbids core dumps and other processes' looks into this one, and takes all the file descriptors it may have.
pub fn harden() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if setrlimit(Resource::Core, none).is_err() || set_dumpable_behavior(DumpableBehavior::NotDumpable).is_err() {
        tracing::warn!("core dumps cannot be forbidden here");
    }
    let files = getrlimit(Resource::Nofile);
    if files.current != files.maximum {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum });
    }
}
