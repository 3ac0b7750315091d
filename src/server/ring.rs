//! The file of root keys, read while a process runs, and what the process says of it to the others.
//!
//! Nothing may be sealed under a root key that another process on the same data does not know: it would take the value
//! for somebody else's. So each process looks at the file every few seconds, takes up what changed, and says in the
//! database which keys it has; a rotation waits for that ([`super::rotation`]).

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::domain::{Clock, Fault, HolderId, Lasting};
use crate::store::Store;
use crate::store::audit::OlderChain;
use crate::store::rotation::HolderRow;
use crate::vault::{KeyRing, Vault};

use super::StartError;

/// A process' root keys: where they come from, and what the others are told of them.
pub(super) struct Keyring {
    file: Mutex<PathBuf>,
    id: HolderId,
    node: String,
    store: Store,
    vault: Vault,
    clock: Arc<dyn Clock>,
    /// When the others were told last.
    told: Mutex<Option<Instant>>,
    trouble: Mutex<Lasting>,
    stop: watch::Sender<bool>,
}

impl Keyring {
    /// Takes up what retired keys left, and tells the others which keys there are.
    pub(super) async fn open(
        file: &Path,
        id: HolderId,
        (store, vault): (&Store, &Vault),
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, Fault> {
        let (stop, mut stopped) = watch::channel(false);
        let keyring = Arc::new(Self {
            file: Mutex::new(file.to_owned()),
            id,
            node: store.node().to_owned(),
            store: store.clone(),
            vault: vault.clone(),
            clock,
            told: Mutex::default(),
            trouble: Mutex::default(),
            stop,
        });
        match keyring.tell().await {
            // A disk that is full keeps nobody from reading: it is said with the next look at the file.
            Err(fault) if fault.is_transient() => {
                tracing::warn!(%fault, "the root keys of this process could not be noted");
            }
            outcome => outcome?,
        }
        keyring.take_former().await?;
        // Not an owner: it ends with the last of those who are.
        let looking = Arc::downgrade(&keyring);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    biased;
                    // An error: the last owner is gone.
                    _ = stopped.wait_for(|stop| *stop) => return,
                    () = tokio::time::sleep(LOOK) => {}
                }
                let Some(keyring) = looking.upgrade() else { return };
                keyring.look().await;
            }
        });
        Ok(keyring)
    }

    /// The file that is looked at.
    pub(super) fn file(&self) -> PathBuf {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at another file from now on: the one that a credential is made from.
    pub(super) fn follow(&self, file: &Path) {
        file.clone_into(&mut self.file.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Takes up what changed in the file, and gives a sign of life when one is due.
    async fn look(&self) {
        let file = self.file();
        let read = tokio::task::spawn_blocking(move || read(&file)).await;
        let taken = match read {
            Ok(Ok(ring)) => self.take(&ring).await,
            Ok(Err(StartError(what))) => Err(what),
            Err(_) => Err("the file of root keys was not read to its end".to_owned()),
        };
        let due = self.told.lock().unwrap_or_else(PoisonError::into_inner).is_none_or(|told| told.elapsed() >= SIGN);
        let told = match (&taken, due) {
            (Ok(false), false) => Ok(()),
            // A key that could not be taken up does not keep those that there are from being told.
            (Ok(_), _) | (Err(_), true) => self.tell().await.map_err(|fault| fault.to_string()),
            (Err(_), false) => Ok(()),
        };
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.and(told) {
            Ok(()) if trouble.ends() => tracing::info!("the root keys are looked at again"),
            Err(what) if trouble.begins() => {
                tracing::warn!(what, "the root keys could not be looked at; those that there are stay in use");
            }
            _ => {}
        }
    }

    /// Works with the keys of a file; whether that changed anything.
    pub(super) async fn take(&self, ring: &KeyRing) -> Result<bool, String> {
        if ring.ids() == self.vault.key_ids() {
            return Ok(false);
        }
        if !ring.ids().contains(&self.vault.key_id()) {
            return Err(format!("{}: the root key in use is not in the file any more", self.file().display()));
        }
        self.vault.take_ring(ring);
        tracing::info!(root_key = %self.vault.key_id(), keys = ring.ids().len(), "changed root keys are taken up");
        self.take_former().await.map_err(|fault| fault.to_string())?;
        Ok(true)
    }

    /// Takes up what retired keys left, and what verifies the journal.
    pub(super) async fn take_former(&self) -> Result<(), Fault> {
        let whole = self.vault.key_ids();
        let mut chains: Vec<OlderChain> =
            self.vault.older_links().into_iter().map(|mac| OlderChain { mac, ends: None }).collect();
        for (id, sealed) in self.store.former_keys().await? {
            // Retired a moment ago, and still in the file.
            if whole.contains(&id) {
                continue;
            }
            match self.vault.take_remainder(id, &sealed) {
                Ok((mac, ends)) => {
                    let end = |end: crate::vault::ChainEnd| {
                        let link = data_encoding::HEXLOWER.decode(end.link.as_bytes()).unwrap_or_default();
                        (end.node, end.seq, link)
                    };
                    chains.push(OlderChain { mac, ends: Some(ends.into_iter().map(end).collect()) });
                }
                Err(fault) => tracing::error!(root_key = %id, %fault, "what a retired root key left does not open"),
            }
        }
        self.store.verify_with(chains);
        Ok(())
    }

    /// Tells the others which keys there are.
    pub(super) async fn tell(&self) -> Result<(), Fault> {
        let (now, knows) = (self.clock.now(), self.vault.key_ids());
        let row = HolderRow { id: self.id, node: self.node.clone(), knows, seen_at: now };
        self.store.hold_keys(&row, now.minus(FORGET)).await?;
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Ok(())
    }

    /// The processes at work.
    pub(super) async fn holders(&self) -> Result<Vec<HolderRow>, Fault> {
        self.store.key_holders(self.clock.now().minus(ALIVE)).await
    }

    /// Ends: the others need not wait for this process any more.
    pub(super) async fn close(&self) {
        if self.stop.send_replace(true) {
            return;
        }
        if let Err(fault) = self.store.drop_keys(self.id).await {
            tracing::debug!(%fault, "the end of a process could not be noted");
        }
    }
}

/// The keys of a file.
///
/// # Errors
/// [`StartError`]: a file that others can read, that is not there, or that holds something else.
pub(super) fn read(path: &Path) -> Result<KeyRing, StartError> {
    let refused = |what: &str| StartError(format!("root_key: {}: {what}", path.display()));
    let metadata = std::fs::metadata(path).map_err(|error| refused(&error.kind().to_string()))?;
    // A systemd credential is given to one service by an access list, which shows as a group bit.
    let others = if is_credential(path) { 0o007 } else { 0o077 };
    if metadata.permissions().mode() & others != 0 {
        return Err(refused("others can read it; chmod 600"));
    }
    let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| match error.kind() {
        // The service gets it as a credential; a command needs the same file (R-G5).
        ErrorKind::PermissionDenied => refused(
            "permission denied; if the service gets it as a credential, give it to the command too: systemd-run \
             --pipe --wait --uid=pli -p LoadCredential=root.key:FILE pli …",
        ),
        kind => refused(&kind.to_string()),
    })?;
    KeyRing::parse(&text).map_err(|_| refused("this is not a root key"))
}

/// Puts keys into the place of a file, whole or not at all, for its owner alone.
///
/// # Errors
/// [`StartError`]: a credential, a folder that cannot be written; the file is what it was then.
pub(super) fn write(path: &Path, ring: &KeyRing) -> Result<(), StartError> {
    if is_credential(path) {
        return Err(StartError(format!(
            "root_key: {}: a credential cannot be changed; name the file that it is made from: --file FILE",
            path.display()
        )));
    }
    // Where it is a link, the file behind it is meant.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let refused = |error: &std::io::Error| {
        let what = match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                "its folder cannot be written by this user; work on a copy elsewhere (--file COPY), and put it back \
                 into place after each step"
                    .to_owned()
            }
            kind => kind.to_string(),
        };
        StartError(format!("root_key: {}: {what}", path.display()))
    };
    let folder = path.parent().unwrap_or(Path::new("/"));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = folder.join(format!(".{name}.new"));
    let put = || {
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(ring.reveal().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, &path)?;
        File::open(folder)?.sync_all()
    };
    put().map_err(|error| refused(&error))
}

fn is_credential(path: &Path) -> bool {
    path.starts_with("/run/credentials")
}

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(4);
/// How often the others are told.
const SIGN: Duration = Duration::from_secs(30);
/// Who gave no sign of life for so long is not at work.
const ALIVE: Duration = Duration::from_secs(120);
/// After which its row goes.
const FORGET: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::OsRandom;
    use crate::vault::RootKey;

    #[test]
    fn a_file_is_put_into_place_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("root.key"), folder.path().join("link"));
        let mut ring = KeyRing::of(RootKey::random(&OsRandom));
        write(&file, &ring).expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        // What an interruption left.
        std::fs::write(folder.path().join(".root.key.new"), "half").expect("written");
        let next = ring.announce(&OsRandom);
        write(&link, &ring).expect("written");
        assert!(std::fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(read(&link).expect("ours").next(), Some(next));
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 2);
        let refused = write(Path::new("/run/credentials/pli.service/root.key"), &ring).expect_err("read-only");
        assert!(refused.0.contains("--file FILE"), "{refused}");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("changed");
        assert!(read(&file).is_err_and(|StartError(what)| what.contains("chmod 600")));
    }
}
