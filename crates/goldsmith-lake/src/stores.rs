//! Object stores: one per bucket, container or disk, shared by all tables there.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use deltalake::logstore::{LogStoreRef, StorageConfig, default_logstore};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, ObjectStoreScheme, PutMode, PutOptions};
use uuid::Uuid;

use crate::error::{LakeError, Result};
use crate::lake::Lake;
use crate::location::Location;

/// Stands between the engine and its storage: every request of a [`Lake`] goes through it.
///
/// For counting requests, limiting them, and for tests that let storage fail.
pub trait StoreLayer: fmt::Debug + Send + Sync {
    /// Puts the layer around the store of one bucket, container or disk. Paths are relative to its root.
    fn wrap(&self, store: Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>;
}

/// The stores that are open, by scheme and host, so that tables of one bucket share their connections.
#[derive(Debug, Default)]
pub(crate) struct Stores {
    open: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
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
    /// The log store of the table at `location`. Does no I/O.
    pub(crate) fn log_store(&self, location: &Location) -> Result<LogStoreRef> {
        let options = self.options();
        let fail = |error| LakeError::delta(&location.to_string(), error);
        let root = self.stores().root(location, &options.storage_options, options.layer.as_ref())?;
        let config = StorageConfig::parse_options(&options.storage_options).map_err(fail)?;
        let prefixed = config.decorate_store(Arc::clone(&root), location.url()).map_err(fail)?;
        Ok(default_logstore(Arc::from(prefixed), root, location.url(), &config))
    }

    /// Makes sure that the storage at `location` refuses to write an object that is already there. The log of a table relies
    /// on that: without it two writers would overwrite each other's commits.
    ///
    /// Local disks and memory are known to do so; elsewhere an object of a few bytes is written, and deleted again.
    ///
    /// # Errors
    /// [`LakeError::UnsafeStorage`] when the storage overwrites, and errors of the storage.
    pub async fn check_exclusive_writes(&self, location: &Location) -> Result<()> {
        if ["file", "memory"].contains(&location.url().scheme()) {
            return Ok(());
        }
        let text = location.to_string();
        let store = self.log_store(location)?.object_store(None);
        let probe = Path::from(format!(".goldsmith-probe-{}", Uuid::new_v4()));
        let create = || PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        store.put_opts(&probe, "probe".into(), create()).await.map_err(|error| LakeError::storage(&text, error))?;
        let again = store.put_opts(&probe, "again".into(), create()).await;
        if let Err(error) = store.delete(&probe).await {
            tracing::warn!(location = %text, %error, "the object that probed the storage could not be deleted");
        }
        match again {
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(()),
            Ok(_) => Err(LakeError::UnsafeStorage { location: text }),
            Err(error) => Err(LakeError::storage(&text, error)),
        }
    }
}

/// Opens the store of a location. Settings come from the environment (`AWS_*`, `AZURE_*`, `GOOGLE_*`), then from `options`.
fn connect(location: &Location, options: &HashMap<String, String>) -> Result<Arc<dyn ObjectStore>> {
    let url = location.url();
    let invalid = |reason: String| LakeError::InvalidLocation { location: location.to_string(), reason };
    let unusable = |error: object_store::Error| invalid(error.to_string());
    let unsupported = || invalid(format!("storage of the kind `{}` is not supported by this build", url.scheme()));
    let (scheme, _) = ObjectStoreScheme::parse(url).map_err(|_| unsupported())?;
    let options = options.iter().map(|(key, value)| (key.to_ascii_lowercase(), value));
    Ok(match scheme {
        ObjectStoreScheme::Local => Arc::new(LocalFileSystem::new()),
        ObjectStoreScheme::Memory => Arc::new(InMemory::new()),
        ObjectStoreScheme::AmazonS3 => {
            let mut builder = AmazonS3Builder::from_env().with_url(url.as_str());
            for (key, value) in options {
                let key: AmazonS3ConfigKey = key.parse().map_err(unusable)?;
                builder = builder.with_config(key, value);
            }
            Arc::new(builder.build().map_err(unusable)?)
        }
        ObjectStoreScheme::MicrosoftAzure => {
            let mut builder = MicrosoftAzureBuilder::from_env().with_url(url.as_str());
            for (key, value) in options {
                let key: AzureConfigKey = key.parse().map_err(unusable)?;
                builder = builder.with_config(key, value);
            }
            Arc::new(builder.build().map_err(unusable)?)
        }
        ObjectStoreScheme::GoogleCloudStorage => {
            let mut builder = GoogleCloudStorageBuilder::from_env().with_url(url.as_str());
            for (key, value) in options {
                let key: GoogleConfigKey = key.parse().map_err(unusable)?;
                builder = builder.with_config(key, value);
            }
            Arc::new(builder.build().map_err(unusable)?)
        }
        _ => return Err(unsupported()),
    })
}
