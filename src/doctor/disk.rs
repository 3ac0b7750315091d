//! Room on the disks of the data and the objects.

use crate::config::Config;
use crate::server::{DiskRoom, disk_room};

use super::Finding;

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let mut said = Vec::new();
    for folder in config.folders() {
        let name = folder.display();
        match disk_room(&folder) {
            // The objects come later, with the first one.
            None if folder != config.data => {}
            None => said.push(Finding::fail("disk", format!("{name} is not there: make it, or mount its disk"))),
            Some(room) => {
                let finding = judge(&name.to_string(), room);
                // Both on one disk: said once.
                if !said.iter().any(|known: &Finding| same_disk(known, &finding)) {
                    said.push(finding);
                }
            }
        }
    }
    said
}

fn same_disk(a: &Finding, b: &Finding) -> bool {
    let figures = |finding: &Finding| finding.text.split_once(": ").map(|(_, figures)| figures.to_owned());
    a.level == b.level && figures(a) == figures(b)
}

fn judge(folder: &str, room: DiskRoom) -> Finding {
    let gib = |octets: u64| octets as f64 / f64::from(1 << 30);
    let figures = format!("{folder}: {:.1} GiB of {:.1} GiB are free", gib(room.free), gib(room.all));
    if room.free < LEAST {
        return Finding::fail("disk", format!("{figures}; make room: without any, mail is answered with 4xx"));
    }
    match room.free < room.all / 10 {
        true => Finding::warn("disk", format!("{figures}, less than a tenth; make room")),
        false => Finding::ok("disk", figures),
    }
}

/// A gibibyte.
const LEAST: u64 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn a_disk_that_fills_up_is_told() {
        let level = |free: u64, all: u64| judge("/data", DiskRoom { free: free << 20, all: all << 20 }).level;
        assert_eq!(level(50_000, 100_000), Level::Ok);
        assert_eq!(level(9_000, 100_000), Level::Warn);
        assert_eq!(level(1_000, 2_000), Level::Fail);
    }
}
