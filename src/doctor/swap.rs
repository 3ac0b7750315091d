//! Swap: what is in memory must not lie readable on a disk.

use std::path::Path;

use super::Finding;

/// `root` is where /proc and /sys are.
pub(super) fn check(root: &Path) -> Finding {
    let Ok(swaps) = std::fs::read_to_string(root.join("proc/swaps")) else {
        return Finding::warn(SUBJECT, "unknown: /proc/swaps cannot be read");
    };
    let areas: Vec<&str> = swaps.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    if areas.is_empty() {
        return Finding::ok(SUBJECT, "there is none");
    }
    let open: Vec<&str> = areas.into_iter().filter(|area| !is_safe(root, area)).collect();
    if open.is_empty() {
        return Finding::ok(SUBJECT, "it is encrypted or in memory");
    }
    let list = open.join(", ");
    Finding::warn(SUBJECT, format!("{list} is not encrypted, and may hold keys: swapoff, MemorySwapMax=0, or dm-crypt"))
}

/// Compressed memory, or a volume of dm-crypt. A file is not told apart from its disk, and counts as open.
fn is_safe(root: &Path, area: &str) -> bool {
    let Some(name) = area.rsplit('/').next() else { return false };
    if !area.starts_with("/dev/") {
        return false;
    }
    if name.starts_with("zram") {
        return true;
    }
    let mapped = |entry: &str| {
        let dm = root.join("sys/block").join(entry).join("dm");
        let uuid = std::fs::read_to_string(dm.join("uuid")).unwrap_or_default();
        let called = std::fs::read_to_string(dm.join("name")).unwrap_or_default();
        (called.trim().to_owned(), uuid.starts_with("CRYPT-"))
    };
    if name.starts_with("dm-") {
        return mapped(name).1;
    }
    let Ok(devices) = std::fs::read_dir(root.join("sys/block")) else { return false };
    let mut devices = devices.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    devices.any(|entry| mapped(&entry) == (name.to_owned(), true))
}

const SUBJECT: &str = "swap";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn swap_in_clear_is_told_and_encrypted_swap_is_not() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, text).expect("written");
        };
        let with = |areas: &[&str]| {
            let rows: Vec<String> = areas.iter().map(|area| format!("{area} partition 1048572 0 -2")).collect();
            write("proc/swaps", &format!("Filename Type Size Used Priority\n{}\n", rows.join("\n")));
            check(root.path()).level
        };
        assert_eq!(check(root.path()).level, Level::Warn, "unknown");
        write("sys/block/dm-1/dm/uuid", "CRYPT-PLAIN-swap\n");
        write("sys/block/dm-1/dm/name", "cryptswap\n");
        write("sys/block/dm-2/dm/uuid", "LVM-x\n");
        write("sys/block/dm-2/dm/name", "vg-swap\n");
        assert_eq!(with(&[]), Level::Ok);
        assert_eq!(with(&["/dev/zram0", "/dev/dm-1", "/dev/mapper/cryptswap"]), Level::Ok);
        for open in ["/dev/sda2", "/swapfile", "/dev/dm-2", "/dev/mapper/vg-swap"] {
            assert_eq!(with(&["/dev/zram0", open]), Level::Warn, "{open}");
        }
    }
}
