//! Containers too large for a row, in a folder or an S3-compatible store, under their ids.
//!
//! An object is written and synced before the row that names it, so that a 250 never names what a
//! power cut can take. Objects without a row are swept when older than a day (two steps: list what
//! is old, delete what no row names), which cannot race a deposit that takes minutes.

use std::error::Error as _;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload};

use super::Store;
use super::sql::{Inner, OpenError};
use super::value::Trouble;
use crate::domain::{Container, Fault, ObjectId, Timestamp};

impl Store {
    /// Writes an object and makes it durable (data and folder entry).
    ///
    /// # Errors
    /// A transient [`Fault`] when the store is full or away.
    pub async fn put_object(&self, id: ObjectId, container: Container) -> Result<(), Fault> {
        Ok(self.inner.put_object(id, container).await?)
    }

    /// Reads an object; `None` when it is gone.
    ///
    /// # Errors
    /// A [`Fault`] of the object store.
    pub async fn object(&self, id: ObjectId) -> Result<Option<Container>, Fault> {
        Ok(self.inner.fetch_object(id).await?)
    }

    /// Writes an object of a backup, as it was read there; as [`Store::put_object`].
    ///
    /// # Errors
    /// A transient [`Fault`] when the store is full or away.
    pub async fn put_back(&self, id: ObjectId, octets: Vec<u8>) -> Result<(), Fault> {
        self.put_object(id, Container::from_octets(octets)).await
    }

    /// Reads a container, from its row or from the object store. `None` when it is gone.
    ///
    /// # Errors
    /// [`Fault`] of the database or object store; also for an object that has not the octets its row counts.
    pub async fn container(&self, id: ObjectId) -> Result<Option<Container>, Fault> {
        let Some(row) = self.row("SELECT size, container FROM objects WHERE id = $1", &[id.into()]).await? else {
            return Ok(None);
        };
        let size: i64 = row.read("size")?;
        let container: Option<Container> = match row.read_opt("container")? {
            Some(container) => Some(container),
            None => self.inner.fetch_object(id).await?,
        };
        match container {
            Some(container) if i64::try_from(container.as_octets().len()) != Ok(size) => {
                Err(Fault::new("an object has not the length of its row"))
            }
            other => Ok(other),
        }
    }

    /// Octets of a container, or `None` when it is gone; of a large one the store reads no more than these.
    ///
    /// # Errors
    /// [`Fault`] of the database or object store.
    pub async fn container_range(&self, id: ObjectId, range: Range<u64>) -> Result<Option<Vec<u8>>, Fault> {
        let Some(row) = self.row("SELECT container FROM objects WHERE id = $1", &[id.into()]).await? else {
            return Ok(None);
        };
        if let Some(container) = row.read_opt::<Container>("container")? {
            let at = |octet: u64| usize::try_from(octet).unwrap_or(usize::MAX);
            let octets = container.as_octets();
            let range = at(range.start).min(octets.len())..at(range.end).min(octets.len());
            return Ok(octets.get(range).map(<[u8]>::to_vec));
        }
        let fetched = async {
            match self.inner.objects.get_range(&place(id), range).await {
                Ok(octets) => Ok(Some(octets.into())),
                Err(object_store::Error::NotFound { .. }) => {
                    self.inner.folder_is_ours().await?;
                    Ok(None)
                }
                Err(error) => Err(trouble(error)),
            }
        };
        Ok(self.inner.noted_object(fetched.await)?)
    }

    /// Octets of a container as its row counts them; `None` when it is gone.
    ///
    /// # Errors
    /// [`Fault`] of the database.
    pub async fn container_size(&self, id: ObjectId) -> Result<Option<u64>, Fault> {
        let row = self.row("SELECT size FROM objects WHERE id = $1", &[id.into()]).await?;
        Ok(row.map(|row| row.read::<i64>("size")).transpose()?.and_then(|size| u64::try_from(size).ok()))
    }

    /// Writes an object of no message, reads it and deletes it.
    ///
    /// # Errors
    /// A [`Fault`]: the object store is full, away, or gives back other octets.
    pub async fn probe_objects(&self, id: ObjectId) -> Result<(), Fault> {
        let probed = async {
            self.inner.folder_is_ours().await?;
            let container = Container::from_octets(id.to_string().into_bytes());
            probe(self.inner.objects.as_ref(), id, container).await
        };
        Ok(self.inner.noted_object(probed.await)?)
    }

    /// Deletes objects that were written before `before` and that no row names; returns how many.
    ///
    /// # Errors
    /// [`Fault`] of the database or object store.
    pub async fn sweep_objects(&self, before: Timestamp) -> Result<u64, Fault> {
        let objects = &self.inner.objects;
        let old = objects
            .list(None)
            .try_filter(|object| std::future::ready(object.last_modified.timestamp_millis() < before.0))
            .map_ok(|object| object.location);
        let old: Result<Vec<Path>, _> = old.try_collect().await;
        let old = self.inner.noted_object(old.map_err(trouble))?;
        // Listed first, then asked for: whatever has no row now has had none since before it was listed.
        let mut swept = 0;
        for location in old {
            // Names that are not ours are left alone: the folder or bucket may hold other things.
            let Some(id) = location.filename().and_then(|name| name.parse::<ObjectId>().ok()) else { continue };
            if place(id) != location || self.row("SELECT id FROM objects WHERE id = $1", &[id.into()]).await?.is_some()
            {
                continue;
            }
            match objects.delete(&location).await {
                Ok(()) => swept += 1,
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(trouble(error).into()),
            }
        }
        Ok(swept)
    }
}

impl Inner {
    /// Writes an object; it is durable when this returns.
    pub(super) async fn put_object(&self, id: ObjectId, container: Container) -> Result<(), Trouble> {
        let put = async {
            self.folder_is_ours().await?;
            let put = self.objects.put(&place(id), PutPayload::from(container.into_octets())).await;
            put.map(drop).map_err(trouble)
        };
        self.noted_object(put.await)
    }

    async fn fetch_object(&self, id: ObjectId) -> Result<Option<Container>, Trouble> {
        let fetched = async {
            let found = match self.objects.get(&place(id)).await {
                Ok(found) => found,
                Err(object_store::Error::NotFound { .. }) => {
                    // Gone for good only if it is missing from the right folder.
                    self.folder_is_ours().await?;
                    return Ok(None);
                }
                Err(error) => return Err(trouble(error)),
            };
            let octets = found.bytes().await.map_err(trouble)?;
            Ok(Some(Container::from_octets(octets.into())))
        };
        self.noted_object(fetched.await)
    }

    /// A disk that is not mounted leaves an empty folder, in which objects would be made that nobody finds again.
    async fn folder_is_ours(&self) -> Result<(), Trouble> {
        let Some(mark) = &self.mark else { return Ok(()) };
        match tokio::fs::try_exists(mark).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Trouble::new("the folder of objects is away", "not mounted, or moved").transient()),
            Err(error) => Err(Trouble::new("the folder of objects is away", format!("{:?}", error.kind())).transient()),
        }
    }
}

/// Opens `file:FOLDER` or `s3://bucket/prefix`.
pub(super) async fn open(url: &str, data: &FilePath) -> Result<Opened, OpenError> {
    if let Some(folder) = url.strip_prefix("file:") {
        if folder.is_empty() || folder.starts_with("//") {
            return Err(OpenError::Setting("the objects are written file:FOLDER, such as file:objects"));
        }
        return open_folder(data.join(folder)).await;
    }
    if let Some(rest) = url.strip_prefix("s3://") {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(OpenError::Setting("the objects are written s3://bucket/prefix"));
        }
        // Region, endpoint and credentials are where every S3 client looks for them: AWS_… of the
        // environment or the machine's role. Nothing else of the environment is read.
        let store = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .build()
            .map_err(|_| OpenError::Setting("the S3 store needs AWS_REGION or AWS_ENDPOINT, and credentials"))?;
        return Ok((Arc::new(PrefixStore::new(store, Path::from(prefix))), None));
    }
    Err(OpenError::Setting("the objects are in file:FOLDER or s3://bucket/prefix"))
}

/// The store and, for a folder, what tells that it is the one that was opened.
type Opened = (Arc<dyn ObjectStore>, Option<PathBuf>);

async fn open_folder(folder: PathBuf) -> Result<Opened, OpenError> {
    let away = |error: std::io::Error| {
        Fault::because("the folder of objects cannot be made", format!("{:?}", error.kind())).transient()
    };
    tokio::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).await.map_err(away)?;
    // Nobody but the owner gets past this folder, whatever the mode of what is in it.
    use std::os::unix::fs::PermissionsExt as _;
    tokio::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).await.map_err(away)?;
    let store = LocalFileSystem::new_with_prefix(&folder).map_err(trouble)?;
    // Data, folder entry and new parent folders are synced before the answer (off by default).
    let mark = folder.join(MARK);
    tokio::fs::DirBuilder::new().recursive(true).mode(0o700).create(&mark).await.map_err(away)?;
    Ok((Arc::new(store.with_fsync(true)), Some(mark)))
}

/// `ab/cd/<id>`: a folder holds a thousandth of a thousandth of them.
pub(super) fn place(id: ObjectId) -> Path {
    let id = id.to_string();
    let (first, rest) = id.split_at(2);
    let (second, _) = rest.split_at(2);
    Path::from_iter([first, second, id.as_str()])
}

/// Writes an object, reads it and deletes it.
pub(super) async fn probe(store: &dyn ObjectStore, id: ObjectId, container: Container) -> Result<(), Trouble> {
    let payload = PutPayload::from(container.as_octets().to_vec());
    store.put(&place(id), payload).await.map_err(trouble)?;
    let read = async { store.get(&place(id)).await?.bytes().await };
    let read = read.await.map_err(trouble)?;
    // Were it to stay, the sweep would find it.
    store.delete(&place(id)).await.map_err(trouble)?;
    match *read == *container.as_octets() {
        true => Ok(()),
        false => Err(Trouble::new("the object store does not give back what it was given", "probe")),
    }
}

/// Kinds only: messages of object stores hold paths, addresses and answers of servers.
fn trouble(error: object_store::Error) -> Trouble {
    use object_store::Error;
    let kind = match &error {
        Error::NotFound { .. } => "not found",
        Error::AlreadyExists { .. } => "exists",
        Error::PermissionDenied { .. } => "permission denied",
        Error::Unauthenticated { .. } => "unauthenticated",
        Error::InvalidPath { .. } => "path",
        Error::NotSupported { .. } | Error::NotImplemented { .. } => "not supported",
        _ => "",
    };
    if !kind.is_empty() {
        return Trouble::new("the object store refused", kind);
    }
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            use std::io::ErrorKind;
            let kind = format!("{:?}", io.kind());
            return match io.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                    Trouble::new("the disk of the object store is full", kind).full()
                }
                _ => Trouble::new("the object store cannot do it now", kind).transient(),
            };
        }
        source = cause.source();
    }
    Trouble::new("the object store cannot do it now", "other").transient()
}

/// An empty folder in the folder of objects: no object store lists it, and no backup needs it.
pub(super) const MARK: &str = ".pli";
