//! Object stores: one per bucket, container or disk, shared by all tables there.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use deltalake::logstore::{LogStoreRef, StorageConfig, default_logstore};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, ObjectStoreScheme, PutMode, PutOptions};
use uuid::Uuid;

use crate::error::{LakeError, Result};
use crate::lake::Lake;
use crate::local::{CreateBy, LocalStore};
use crate::location::Location;
use crate::log::LOG;
use crate::log_cache::LogCache;
use crate::storage_options::{check_storage_option, redact, retry_config, sorted};

/// Stands between the engine and its storage: every request of a [`Lake`] goes through it.
///
/// For counting requests, limiting them, and for tests that let storage fail.
pub trait StoreLayer: fmt::Debug + Send + Sync {
    /// Puts the layer around the store of one bucket, container or disk. Paths are relative to its root.
    fn wrap(&self, store: Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>;
}

/// The stores that are open, by scheme and host, so that tables of one bucket share their connections.
#[derive(Default)]
pub(crate) struct Stores {
    open: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

/// Says nothing of the stores themselves, which know credentials.
impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stores").finish_non_exhaustive()
    }
}

impl Stores {
    fn root(
        &self,
        location: &Location,
        options: &HashMap<String, String>,
        layer: Option<&Arc<dyn StoreLayer>>,
    ) -> Result<Arc<dyn ObjectStore>> {
        let url = location.url();
        let name = format!("{}://{}", url.scheme(), url.authority());
        let mut open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(store) = open.get(&name) {
            return Ok(Arc::clone(store));
        }
        let mut store = connect(location, options)?;
        if let Some(layer) = layer {
            store = layer.wrap(store);
        }
        open.insert(name, Arc::clone(&store));
        Ok(store)
    }
}

impl Lake {
    /// The log store of the table at `location`. No table is looked at, only whether a volume that the location names is there.
    pub(crate) fn log_store(&self, location: &Location) -> Result<LogStoreRef> {
        self.log_store_and_cache(location).map(|(log_store, _)| log_store)
    }

    /// The log store of the table at `location`, and what it keeps of the log.
    pub(crate) fn log_store_and_cache(&self, location: &Location) -> Result<(LogStoreRef, Arc<LogCache>)> {
        location.check_volume()?;
        let options = self.options();
        let fail = |error| LakeError::delta(&location.to_string(), error);
        let root = self.stores().root(location, &options.storage_options, options.layer.as_ref())?;
        // The options are in the store already; the log store would only keep secrets of which it makes no use.
        let config = StorageConfig::default();
        let log = Path::from_url_path(location.join(LOG).url().path())
            .map_err(|error| LakeError::storage(&location.to_string(), error))?;
        let cache = Arc::new(LogCache::new(root, log));
        let root: Arc<dyn ObjectStore> = Arc::<LogCache>::clone(&cache);
        let prefixed = config.decorate_store(Arc::clone(&root), location.url()).map_err(fail)?;
        Ok((default_logstore(Arc::from(prefixed), root, location.url(), &config), cache))
    }

    /// Makes sure that the storage at `location` can be written, and that it refuses to write an object that is already
    /// there. The log of a table relies on that: without it two writers would overwrite each other's commits.
    ///
    /// Files or objects of a few bytes are written and deleted again; a local directory is made, but none above a volume of
    /// Unity Catalog.
    ///
    /// # Errors
    /// [`LakeError::UnsafeStorage`] when the storage overwrites, [`LakeError::InvalidLocation`] when a local directory cannot be made or
    /// used, and errors of the storage.
    pub async fn check_exclusive_writes(&self, location: &Location) -> Result<()> {
        if let Some(path) = location.local_path() {
            location.check_volume()?;
            return probe_directory(location, &path);
        }
        let text = location.to_string();
        let store = self.log_store(location)?.object_store(None);
        let probe = Path::from(probe_name());
        let create = || PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let unsafe_storage = || LakeError::UnsafeStorage { location: text.clone() };
        store.put_opts(&probe, "probe".into(), create()).await.map_err(|error| match error {
            object_store::Error::NotSupported { .. } | object_store::Error::NotImplemented { .. } => unsafe_storage(),
            error => LakeError::storage(&text, error),
        })?;
        let again = store.put_opts(&probe, "again".into(), create()).await;
        if let Err(error) = store.delete(&probe).await {
            tracing::warn!(location = %text, %error, "the object that probed the storage could not be deleted");
        }
        match again {
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(()),
            Ok(_) => Err(unsafe_storage()),
            Err(error) => Err(LakeError::storage(&text, error)),
        }
    }
}

/// Opens the store of a location. Settings come from the environment (`AWS_*`, `AZURE_*`, `GOOGLE_*`), then from `options`;
/// those of other clouds are passed over, since source and target may be in different ones.
fn connect(location: &Location, options: &HashMap<String, String>) -> Result<Arc<dyn ObjectStore>> {
    let url = location.url();
    let unsupported = || LakeError::InvalidLocation {
        location: location.to_string(),
        reason: format!("storage of the kind `{}` is not supported", url.scheme()),
        help: "use a path, `s3://`, `abfss://`, `az://` or `gs://`".to_owned(),
    };
    let unusable =
        |reason: String| LakeError::StorageSetup { location: location.to_string(), reason: redact(reason, options) };
    // The paths of web addresses begin with the name of the bucket, so that they would be taken for directories.
    if ["http", "https"].contains(&url.scheme()) {
        return Err(unsupported());
    }
    let (scheme, _) = ObjectStoreScheme::parse(url).map_err(|_| unsupported())?;
    for key in options.keys() {
        check_storage_option(key)?;
    }
    let retry = retry_config(options).map_err(unusable)?;
    let options = sorted(options).into_iter().map(|(key, value)| (key.to_ascii_lowercase(), value));
    Ok(match scheme {
        ObjectStoreScheme::Local => Arc::new(LocalStore::new()),
        ObjectStoreScheme::Memory => Arc::new(InMemory::new()),
        ObjectStoreScheme::AmazonS3 => {
            let mut builder = AmazonS3Builder::from_env().with_url(url.as_str()).with_retry(retry);
            for (key, value) in options {
                if let Ok(key) = key.parse::<AmazonS3ConfigKey>() {
                    builder = builder.with_config(key, value);
                }
            }
            Arc::new(builder.build().map_err(|error| unusable(reason(error)))?)
        }
        ObjectStoreScheme::MicrosoftAzure => {
            let mut builder = MicrosoftAzureBuilder::from_env().with_url(url.as_str()).with_retry(retry);
            for (key, value) in options {
                if let Ok(key) = key.parse::<AzureConfigKey>() {
                    builder = builder.with_config(key, value);
                }
            }
            Arc::new(builder.build().map_err(|error| unusable(reason(error)))?)
        }
        ObjectStoreScheme::GoogleCloudStorage => {
            let mut builder = GoogleCloudStorageBuilder::from_env().with_url(url.as_str()).with_retry(retry);
            for (key, value) in options {
                if let Ok(key) = key.parse::<GoogleConfigKey>() {
                    builder = builder.with_config(key, value);
                }
            }
            Arc::new(builder.build().map_err(|error| unusable(reason(error)))?)
        }
        _ => return Err(unsupported()),
    })
}

/// What a builder says, without the name of its own error.
fn reason(error: object_store::Error) -> String {
    match error {
        object_store::Error::Generic { source, .. } => source.to_string(),
        error => error.to_string(),
    }
}

/// Makes the directory, and finds out how files are created there.
fn probe_directory(location: &Location, path: &std::path::Path) -> Result<()> {
    let invalid = |reason: String, help: &str| LakeError::InvalidLocation {
        location: location.to_string(),
        reason,
        help: help.to_owned(),
    };
    let fail = |error: std::io::Error| {
        let reason = format!("no directory can be made there ({error})");
        match LakeError::storage(&location.to_string(), error) {
            LakeError::Storage { .. } => invalid(reason, "choose another place"),
            told => told,
        }
    };
    std::fs::create_dir_all(path).map_err(fail)?;
    match CreateBy::find(path).map_err(fail)? {
        Some(_) => Ok(()),
        None => Err(invalid(
            "files can be neither linked nor moved in this file system, so that two runs could overwrite each other's commits"
                .to_owned(),
            "give the URL of the storage behind it, such as `s3://` or `abfss://`",
        )),
    }
}

fn probe_name() -> String {
    format!(".goldsmith-probe-{}", Uuid::new_v4())
}
