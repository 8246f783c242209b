//! Options of object stores: which there are, whom they are for, and how long a store tries.

use std::collections::HashMap;
use std::time::Duration;

use object_store::aws::AmazonS3ConfigKey;
use object_store::azure::AzureConfigKey;
use object_store::gcp::GoogleConfigKey;
use object_store::{BackoffConfig, RetryConfig};

use crate::error::{LakeError, Result};
use crate::lake::LakeOptions;

const MAX_RETRIES: &str = "max_retries";
const RETRY_TIMEOUT: &str = "retry_timeout";

/// Attempts after the first one that failed, before an error is reported. With the pauses between them an endpoint where
/// nobody listens is told after some seconds, one that takes requests and never answers after a minute.
const DEFAULT_RETRIES: usize = 6;
const DEFAULT_RETRY_TIMEOUT: Duration = Duration::from_secs(60);

/// Options that users need, for suggestions. Those of `object_store` that are not listed are taken too.
const COMMON: &[&str] = &[
    MAX_RETRIES,
    RETRY_TIMEOUT,
    "allow_http",
    "allow_invalid_certificates",
    "connect_timeout",
    "timeout",
    "proxy_url",
    "proxy_ca_certificate",
    "proxy_excludes",
    "user_agent",
    "endpoint",
    "region",
    "access_key_id",
    "secret_access_key",
    "session_token",
    "account_name",
    "account_key",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_region",
    "aws_default_region",
    "aws_endpoint",
    "aws_endpoint_url",
    "aws_allow_http",
    "aws_virtual_hosted_style_request",
    "aws_skip_signature",
    "aws_request_payer",
    "aws_role_arn",
    "aws_role_session_name",
    "aws_web_identity_token_file",
    "aws_server_side_encryption",
    "aws_sse_kms_key_id",
    "aws_sse_bucket_key_enabled",
    "azure_storage_account_name",
    "azure_storage_account_key",
    "azure_storage_client_id",
    "azure_storage_client_secret",
    "azure_storage_tenant_id",
    "azure_storage_sas_key",
    "azure_storage_token",
    "azure_storage_endpoint",
    "azure_storage_use_emulator",
    "azure_use_azure_cli",
    "azure_use_fabric_endpoint",
    "azure_federated_token_file",
    "azure_msi_endpoint",
    "google_service_account",
    "google_service_account_key",
    "google_application_credentials",
    "google_skip_signature",
    "google_base_url",
];

/// One of the two places that a run works on; each can have options of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Where the system tables are; options that begin with `source.`.
    Source,
    /// Where bronze and gold are; options that begin with `target.`.
    Target,
}

impl Side {
    const ALL: [Self; 2] = [Self::Source, Self::Target];

    fn prefix(self) -> &'static str {
        match self {
            Self::Source => "source.",
            Self::Target => "target.",
        }
    }

    /// The side that an option is for, if it is not for both, and its name.
    fn split(key: &str) -> (Option<Self>, String) {
        let key = key.to_ascii_lowercase();
        let side = Self::ALL.into_iter().find(|side| key.starts_with(side.prefix()));
        let name = side.and_then(|side| key.strip_prefix(side.prefix())).map(str::to_owned);
        (side, name.unwrap_or(key))
    }
}

/// Checks the name of a storage option: one of `object_store` for any cloud, `max_retries` or `retry_timeout`, in any case,
/// with `source.` or `target.` before it when it is for that side alone.
///
/// # Errors
/// [`LakeError::UnknownStorageOption`] with the names that are near.
pub fn check_storage_option(key: &str) -> Result<()> {
    let (side, name) = Side::split(key);
    let is_known = [MAX_RETRIES, RETRY_TIMEOUT].contains(&name.as_str())
        || name.parse::<AmazonS3ConfigKey>().is_ok()
        || name.parse::<AzureConfigKey>().is_ok()
        || name.parse::<GoogleConfigKey>().is_ok();
    if is_known {
        return Ok(());
    }
    let prefix = side.map_or("", Side::prefix);
    let mut near: Vec<(f64, &str)> = COMMON
        .iter()
        .map(|known| (strsim::jaro_winkler(&name, known), *known))
        .filter(|(likeness, _)| *likeness >= 0.88)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let names: Vec<String> = near.iter().take(3).map(|(_, name)| format!("`{prefix}{name}`")).collect();
    let help = if names.is_empty() {
        "use a name that the object_store library knows, such as `aws_region`, `azure_storage_account_name` or `allow_http`"
            .to_owned()
    } else {
        format!("did you mean {}?", names.join(" or "))
    };
    Err(LakeError::UnknownStorageOption { key: key.to_owned(), help })
}

impl LakeOptions {
    /// These options for one side: `source.aws_region` wins over `aws_region` at the source and is none at the target.
    ///
    /// # Errors
    /// As [`check_storage_option`], for each option.
    pub fn for_side(&self, side: Side) -> Result<Self> {
        let mut common = HashMap::new();
        let mut own = HashMap::new();
        for (key, value) in sorted(&self.storage_options) {
            check_storage_option(key)?;
            match Side::split(key) {
                (None, name) => common.insert(name, value.clone()),
                (Some(of), name) if of == side => own.insert(name, value.clone()),
                (Some(_), _) => None,
            };
        }
        common.extend(own);
        Ok(Self { storage_options: common, ..self.clone() })
    }
}

/// In a fixed order, so that of two spellings of one option always the same one wins.
pub(crate) fn sorted(options: &HashMap<String, String>) -> Vec<(&String, &String)> {
    let mut sorted: Vec<_> = options.iter().collect();
    sorted.sort_unstable();
    sorted
}

/// How often and how long requests are tried again.
pub(crate) fn retry_config(options: &HashMap<String, String>) -> std::result::Result<RetryConfig, String> {
    let value = |name: &str| options.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let max_retries = match value(MAX_RETRIES) {
        None => DEFAULT_RETRIES,
        Some(text) => text.trim().parse().map_err(|_| format!("`{MAX_RETRIES}` must be a whole number"))?,
    };
    let retry_timeout = match value(RETRY_TIMEOUT) {
        None => DEFAULT_RETRY_TIMEOUT,
        Some(text) => humantime::parse_duration(text.trim())
            .map_err(|_| format!("`{RETRY_TIMEOUT}` must be a length of time such as `90s` or `3m`"))?,
    };
    Ok(RetryConfig { backoff: BackoffConfig::default(), max_retries, retry_timeout })
}

/// A message without any value of an option, since it could be a secret.
pub(crate) fn redact(text: String, options: &HashMap<String, String>) -> String {
    options.values().filter(|value| value.len() >= 4).fold(text, |text, value| text.replace(value.as_str(), "****"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_suggestion_is_an_option() {
        for name in COMMON {
            check_storage_option(name).unwrap();
        }
    }

    #[test]
    fn names_are_known_in_any_case_and_unknown_ones_get_near_matches() {
        for known in
            ["AWS_REGION", "source.aws_region", "TARGET.Azure_Storage_Account_Name", "Max_Retries", "sse_kms_key_id"]
        {
            check_storage_option(known).unwrap();
        }
        let cases = [
            ("aws_regoin", "did you mean `aws_region`"),
            ("source.aws_secret_acces_key", "did you mean `source.aws_secret_access_key`"),
            ("acount_name", "did you mean `account_name`"),
            ("colour", "use a name that the object_store library knows"),
            ("sorce.region", "use a name"),
        ];
        for (key, help) in cases {
            let error = check_storage_option(key).unwrap_err();
            let told = error.help().unwrap();
            assert!(error.to_string().contains(&format!("`{key}`")) && told.contains(help), "{error}; {told}");
        }
    }

    fn options(pairs: &[(&str, &str)]) -> LakeOptions {
        let storage_options = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        LakeOptions { storage_options, ..LakeOptions::default() }
    }

    #[test]
    fn an_option_of_one_side_wins_there_and_is_none_at_the_other() {
        let all = options(&[("AWS_Region", "both"), ("source.aws_region", "one"), ("target.endpoint", "e")]);
        let source = all.for_side(Side::Source).unwrap().storage_options;
        assert_eq!(source, options(&[("aws_region", "one")]).storage_options);
        let target = all.for_side(Side::Target).unwrap().storage_options;
        assert_eq!(target, options(&[("aws_region", "both"), ("endpoint", "e")]).storage_options);
        assert!(options(&[("aws_regoin", "x")]).for_side(Side::Target).is_err());
    }

    #[test]
    fn patience_can_be_set() {
        let config = retry_config(&options(&[("MAX_RETRIES", "2"), ("retry_timeout", "90s")]).storage_options).unwrap();
        assert_eq!((config.max_retries, config.retry_timeout), (2, Duration::from_secs(90)));
        assert_eq!(retry_config(&HashMap::new()).unwrap().max_retries, DEFAULT_RETRIES);
        for (key, value) in [("max_retries", "many"), ("retry_timeout", "soon")] {
            let error = retry_config(&options(&[(key, value)]).storage_options).unwrap_err();
            assert!(error.contains(key) && !error.contains(value), "{error}");
        }
    }

    #[test]
    fn options_are_never_shown_in_clear() {
        let options = options(&[("aws_secret_access_key", "very-secret")]);
        assert!(!format!("{options:?}").contains("very-secret"));
        assert_eq!(redact("cannot use very-secret".to_owned(), &options.storage_options), "cannot use ****");
    }
}
