//! Object stores: settings, conditional writes, and clouds that do not answer.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use goldsmith_lake::{ErrorKind, Lake, LakeError, LakeOptions, Location, StorageFailure, StoreLayer};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, PutMode, PutOptions};

use crate::intercepted::{Interceptor, intercepted};

/// Puts a store in memory in the place of the real one, which overwrites what is there when it is told not to, or does not.
#[derive(Debug)]
struct InPlace {
    overwrites: bool,
    store: Arc<InMemory>,
}

impl StoreLayer for InPlace {
    fn wrap(&self, _: Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> {
        let store = Arc::clone(&self.store);
        if self.overwrites { intercepted(store, Overwriting) } else { store }
    }
}

#[derive(Debug)]
struct Overwriting;

#[async_trait]
impl Interceptor for Overwriting {
    async fn before_put(&self, _: &Path, options: PutOptions) -> PutOptions {
        PutOptions { mode: PutMode::Overwrite, ..options }
    }
}

fn at(text: &str) -> Location {
    Location::parse(text).unwrap()
}

fn lake(options: &[(&str, &str)]) -> Lake {
    let storage_options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Lake::new(LakeOptions { storage_options, ..LakeOptions::default() })
}

#[tokio::test]
async fn a_storage_that_overwrites_is_refused_and_one_that_does_not_is_taken() {
    for overwrites in [true, false] {
        let store = Arc::new(InMemory::new());
        let layer: Arc<dyn StoreLayer> = Arc::new(InPlace { overwrites, store: Arc::clone(&store) });
        let storage_options = HashMap::from([("aws_skip_signature".to_owned(), "true".to_owned())]);
        let lake = Lake::new(LakeOptions { layer: Some(layer), storage_options, ..LakeOptions::default() });
        let checked = lake.check_exclusive_writes(&at("s3://bucket/lake")).await;
        match checked {
            Ok(()) => assert!(!overwrites),
            Err(error) => {
                assert!(overwrites, "{error}");
                assert!(matches!(error, LakeError::UnsafeStorage { .. }), "{error}");
                assert!(error.to_string().contains("`s3://bucket/lake`"), "{error}");
            }
        }
        assert!(store.list_with_delimiter(None).await.unwrap().objects.is_empty());
        assert!(lake.list_names(&at("s3://bucket/lake")).await.unwrap().is_empty(), "the probe was left behind");
    }
}

#[tokio::test]
async fn a_storage_whose_conditional_writes_are_switched_off_is_refused() {
    let lake = lake(&[("aws_conditional_put", "disabled"), ("aws_skip_signature", "true"), ("max_retries", "0")]);
    let error = lake.check_exclusive_writes(&at("s3://bucket/lake")).await.unwrap_err();
    assert!(matches!(error, LakeError::UnsafeStorage { .. }), "{error:?}");
}

/// Port 1 of this machine, where nobody listens.
const NOBODY: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn a_cloud_that_does_not_answer_is_told_for_each_kind_of_url() {
    let common = [("allow_http", "true"), ("max_retries", "1"), ("skip_signature", "true")];
    // An account of Google's that needs no token, which would be asked for elsewhere.
    let google = r#"{"gcs_base_url": "http://127.0.0.1:1", "disable_oauth": true, "client_email": "", "private_key": "", "private_key_id": ""}"#;
    let cases = [
        ("s3://bucket/lake", ("AWS_Endpoint", NOBODY)),
        ("s3a://bucket/lake", ("aws_endpoint", NOBODY)),
        ("abfss://container@account.dfs.core.windows.net/lake", ("azure_storage_endpoint", NOBODY)),
        ("az://container/lake", ("azure_storage_endpoint", NOBODY)),
        ("gs://bucket/lake", ("google_service_account_key", google)),
    ];
    for (url, endpoint) in cases {
        // The options of the other clouds are not for this one.
        let mut options = vec![endpoint, ("azure_storage_account_name", "account"), ("aws_region", "us-east-1")];
        options.extend(common);
        let lake = lake(&options);
        let location = at(url);
        for result in [
            lake.exists(&location).await.map(drop),
            lake.list_names(&location).await.map(drop),
            lake.open(&location).await.map(drop),
            lake.check_exclusive_writes(&location).await,
        ] {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Storage, "{url}: {error:?}");
            let LakeError::Unusable { location, failure, .. } = &error else { panic!("{url}: {error:?}") };
            assert_eq!((location.as_str(), *failure), (url, StorageFailure::Unreachable));
            assert!(!error.is_retryable());
        }
    }
}

/// A URL, storage options, and what has to be told.
type Wrong<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

#[tokio::test]
async fn wrong_settings_are_told_before_any_request() {
    let cases: [Wrong<'_>; 5] = [
        ("s3://bucket/lake", &[("aws_regoin", "x")], "`aws_regoin` is no storage option; did you mean `aws_region`"),
        ("/tmp", &[("aws_regoin", "x")], "`aws_regoin` is no storage option"),
        ("s3://bucket/lake", &[("timeout", "hidden")], "cannot be set up"),
        (
            "az://container/lake",
            &[("azure_storage_account_name", "a"), ("account_key", "%hidden%")],
            "cannot be set up",
        ),
        ("https://account.blob.core.windows.net/container/lake", &[], "use a path, `s3://`"),
    ];
    for (url, options, told) in cases {
        let error = lake(options).list_tables(&at(url)).await.unwrap_err();
        let text = format!("{error}; {}", error.help().unwrap());
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
        assert!(text.contains(told), "{text}");
        assert!(!text.contains("hidden"), "{text}");
    }
}

#[tokio::test]
async fn options_of_a_cloud_do_not_disturb_local_paths() {
    let directory = tempfile::tempdir().unwrap();
    let lake = lake(&[("aws_region", "us-east-1"), ("aws_endpoint", NOBODY), ("account_name", "a")]);
    let location = Location::from_path(&directory.path().join("table")).unwrap();
    assert!(lake.open(&location).await.unwrap().is_none());
    lake.check_exclusive_writes(&location).await.unwrap();
    assert_eq!(std::fs::read_dir(directory.path().join("table")).unwrap().count(), 0);
}
