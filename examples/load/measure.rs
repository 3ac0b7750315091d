//! What a server's processes spend: CPU time and memory, from `/proc` or from a control group.

use std::path::PathBuf;
use std::time::Duration;

use crate::imap::client::Outcome;

/// Where a server's figures are read.
pub struct Meter {
    pid: Option<u32>,
    cgroup: Option<PathBuf>,
}

/// One measurement that runs.
pub struct Running<'a> {
    meter: &'a Meter,
    cpu: f64,
    since: tokio::time::Instant,
}

impl Meter {
    pub fn new(pid: Option<u32>, cgroup: Option<PathBuf>) -> Self {
        Self { pid, cgroup }
    }

    pub fn start(&self) -> Outcome<Running<'_>> {
        Ok(Running { meter: self, cpu: self.cpu()?, since: tokio::time::Instant::now() })
    }

    /// Milliseconds of CPU, of the process and of its children, dead ones too.
    fn cpu(&self) -> Outcome<f64> {
        if let Some(cgroup) = &self.cgroup {
            let text = std::fs::read_to_string(cgroup.join("cpu.stat"))?;
            let line = text.lines().find_map(|line| line.strip_prefix("usage_usec ")).ok_or("no usage_usec")?;
            return Ok(line.parse::<f64>()? / 1000.0);
        }
        let mut ticks = 0;
        for pid in self.processes() {
            // proc(5): utime, stime, cutime, cstime. One that ended meanwhile is in its parent's.
            ticks += stat(pid).and_then(|fields| fields.get(11..15).map(|four| four.iter().sum::<u64>())).unwrap_or(0);
        }
        Ok(ticks as f64 * 10.0)
    }

    /// KiB that the processes have for themselves, shared pages in parts.
    pub fn memory(&self) -> Outcome<u64> {
        let mut all = 0;
        for pid in self.processes() {
            let Ok(text) = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) else { continue };
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
            all += line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0);
        }
        Ok(all)
    }

    /// The process and all that descend from it.
    fn processes(&self) -> Vec<u32> {
        let Some(root) = self.pid else { return Vec::new() };
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let all: Vec<u32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        let parents: Vec<(u32, u64)> = all.iter().filter_map(|pid| Some((*pid, *stat(*pid)?.get(1)?))).collect();
        let mut found = vec![root];
        let mut at = 0;
        while let Some(parent) = found.get(at).copied() {
            found.extend(parents.iter().filter(|(_, of)| *of == u64::from(parent)).map(|(pid, _)| *pid));
            at += 1;
        }
        found
    }
}

impl Running<'_> {
    /// Says what so many operations took; the wall time too.
    #[expect(clippy::print_stdout, reason = "the report is what this program is for")]
    pub fn end(self, what: &str, count: usize) -> Outcome<Duration> {
        let wall = self.since.elapsed();
        let (cpu, many) = (self.meter.cpu()? - self.cpu, count.max(1) as f64);
        let each = wall.as_secs_f64() / many;
        println!(
            "{what:<44} {count:>7} in {:>8.3} s ({:>9.1}/s, {:>9.3} ms each); server CPU {cpu:>8.0} ms, {:>9.4} ms each",
            wall.as_secs_f64(),
            1.0 / each,
            each * 1000.0,
            cpu / many
        );
        Ok(wall)
    }
}

/// The fields behind the name, as numbers: 0 is the state, 1 the parent, 11 to 14 the times.
fn stat(pid: u32) -> Option<Vec<u64>> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after) = stat.rsplit_once(") ")?;
    Some(after.split(' ').map(|field| field.parse().unwrap_or(0)).collect())
}
