//! Files with secrets: who can read them, and what lies where it must not.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::config::Config;

use super::Finding;

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let mut said = Vec::new();
    let credential = config.root_key.starts_with("/run/credentials");
    said.extend(mode("root_key", &config.root_key, if credential { 0o007 } else { 0o077 }));
    for tls in &config.tls {
        said.extend(mode("tls.key", &tls.key, 0o077));
    }
    for dkim in &config.dkim {
        said.extend(mode("dkim.key", &dkim.key, 0o077));
    }
    said.extend(mode("data", &config.data, 0o077));
    said.extend(mode("the settings", &config.file, 0o022));
    if within(&config.root_key, &config.data) {
        let text = "the root key lies in the data folder, and so in every backup of it: move it out";
        said.push(Finding::fail(SUBJECT, text));
    }
    if let Some(recovery) = &config.recovery {
        said.extend(judge_recovery(&std::fs::read(recovery).unwrap_or_default()));
    }
    if said.is_empty() {
        said.push(Finding::ok(SUBJECT, "secrets are read by their owner alone"));
    }
    said
}

/// One line when a file is not there or others may do what they must not.
fn mode(what: &str, path: &Path, others: u32) -> Option<Finding> {
    let path_shown = path.display();
    match std::fs::metadata(path) {
        Err(error) => Some(Finding::fail(SUBJECT, format!("{what}: {path_shown}: {}", error.kind()))),
        Ok(metadata) if metadata.permissions().mode() & others != 0 => {
            let mode = metadata.permissions().mode() & 0o777 & !others;
            Some(Finding::fail(SUBJECT, format!("{what}: {path_shown}: open to others; chmod {mode:o} {path_shown}")))
        }
        Ok(_) => None,
    }
}

fn within(file: &Path, folder: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real(file).starts_with(real(folder))
}

/// Armor of secret keys (RFC 9580 §6.2.1) has no place on this machine.
fn judge_recovery(octets: &[u8]) -> Option<Finding> {
    let secret = b"PRIVATE KEY";
    let there = octets.windows(secret.len()).any(|window| window == secret);
    there.then(|| {
        Finding::fail(
            SUBJECT,
            "keys.recovery holds the secret half, which opens every mailbox: take it off this machine",
        )
    })
}

const SUBJECT: &str = "files";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn what_others_can_read_is_told_with_the_cure() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = folder.path().join("root.key");
        assert_eq!(mode("root_key", &key, 0o077).expect("missing").level, Level::Fail);
        std::fs::write(&key, "x").expect("written");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).expect("changed");
        let said = mode("root_key", &key, 0o077).expect("open");
        assert!(said.text.contains("chmod 600 "), "{}", said.text);
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("changed");
        assert_eq!(mode("root_key", &key, 0o077), None);
        assert!(within(&key, folder.path()) && !within(folder.path(), &key));
        assert!(judge_recovery(b"-----BEGIN PGP PRIVATE KEY BLOCK-----").is_some());
        assert!(judge_recovery(b"-----BEGIN PGP PUBLIC KEY BLOCK-----").is_none());
    }
}
