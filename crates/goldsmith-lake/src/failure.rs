//! What a failed request says about the storage, in the terms of somebody who can mend it.

use std::error::Error as StdError;
use std::io::ErrorKind as IoErrorKind;

use object_store::Error as ObjectStoreError;
use object_store::client::{HttpError, HttpErrorKind};

/// Why a storage cannot be used at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorageFailure {
    /// Nobody answers.
    Unreachable,
    /// There is no such bucket or container.
    NoBucket,
    /// There are no credentials.
    NoCredentials,
    /// The credentials are not valid.
    BadCredentials,
    /// The credentials are valid, but do not allow it.
    Denied,
    /// The endpoint is not encrypted, and nobody said that it need not be.
    PlainHttp,
    /// The bucket is in another region.
    OtherRegion,
    /// There is no space left.
    Full,
}

impl StorageFailure {
    /// Whether the storage answers, and refuses.
    pub(crate) fn is_refusal(self) -> bool {
        matches!(self, Self::NoCredentials | Self::BadCredentials | Self::Denied)
    }

    /// What is wrong, as the end of a sentence that begins with the storage.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Unreachable => "cannot be reached",
            Self::NoBucket => "has no such bucket or container",
            Self::NoCredentials => "needs credentials, and none were found",
            Self::BadCredentials => "does not accept the credentials",
            Self::Denied => "denies access",
            Self::PlainHttp => "is not encrypted (`http`)",
            Self::OtherRegion => "is in another region",
            Self::Full => "is full",
        }
    }

    /// What to do about it, where the storage is at `location`.
    pub(crate) fn help(self, location: &str) -> &'static str {
        match self {
            Self::Unreachable => "check the endpoint, the name of the account, and the network",
            Self::NoBucket => "correct the name, or create it",
            Self::NoCredentials => match location.split_once("://").map(|(scheme, _)| scheme) {
                Some("az" | "azure" | "adl" | "abfs" | "abfss") => {
                    "set them in the environment (such as `AZURE_STORAGE_ACCOUNT_KEY`) or as storage options"
                }
                Some("gs") => "set them in the environment (such as `GOOGLE_SERVICE_ACCOUNT`) or as storage options",
                _ => "set them in the environment (such as `AWS_ACCESS_KEY_ID`) or as storage options",
            },
            Self::BadCredentials => "check the keys in the environment and in the storage options",
            Self::Denied => "check the rights of the account on it",
            Self::PlainHttp => "set the storage option `allow_http` to `true` if that is meant",
            Self::OtherRegion => "set the storage option `aws_region`",
            Self::Full => "make room",
        }
    }
}

/// What services answer in the body of an error, by the names that S3, Azure and Google give it.
const ANSWERS: &[(&str, StorageFailure)] = &[
    ("NoSuchBucket", StorageFailure::NoBucket),
    ("The specified bucket does not exist", StorageFailure::NoBucket),
    ("ContainerNotFound", StorageFailure::NoBucket),
    ("FilesystemNotFound", StorageFailure::NoBucket),
    ("InvalidAccessKeyId", StorageFailure::BadCredentials),
    ("SignatureDoesNotMatch", StorageFailure::BadCredentials),
    ("AuthenticationFailed", StorageFailure::BadCredentials),
    ("failed to authenticate", StorageFailure::BadCredentials),
    ("InvalidToken", StorageFailure::BadCredentials),
    ("ExpiredToken", StorageFailure::BadCredentials),
    ("AuthorizationHeaderMalformed", StorageFailure::OtherRegion),
    ("PermanentRedirect", StorageFailure::OtherRegion),
    ("incorrectly configured region", StorageFailure::OtherRegion),
    ("URL scheme is not allowed", StorageFailure::PlainHttp),
    // The services that hand out credentials to machines of the cloud; elsewhere nobody answers there.
    ("169.254.169.254", StorageFailure::NoCredentials),
    ("metadata.google.internal", StorageFailure::NoCredentials),
    ("metadata/identity", StorageFailure::NoCredentials),
    // What the server says to requests without any.
    ("NoAuthenticationInformation", StorageFailure::NoCredentials),
    // Refused listings have no error of their own.
    ("401 Unauthorized", StorageFailure::BadCredentials),
    ("403 Forbidden", StorageFailure::Denied),
];

/// Looks for the reason anywhere in the chain of causes, since each layer wraps it its own way.
pub(crate) fn classify(error: &(dyn StdError + 'static)) -> Option<StorageFailure> {
    let mut chain = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        chain.push(error);
        next = error.source();
    }
    // Only what a store says, since other errors may quote whatever a user wrote.
    for error in chain.iter().skip_while(|error| !error.is::<ObjectStoreError>()) {
        let text = error.to_string();
        if let Some((_, failure)) = ANSWERS.iter().find(|(answer, _)| text.contains(answer)) {
            return Some(*failure);
        }
    }
    chain.into_iter().find_map(of_type)
}

fn of_type(error: &(dyn StdError + 'static)) -> Option<StorageFailure> {
    if let Some(error) = error.downcast_ref::<ObjectStoreError>() {
        return match error {
            ObjectStoreError::PermissionDenied { .. } => Some(StorageFailure::Denied),
            ObjectStoreError::Unauthenticated { .. } => Some(StorageFailure::BadCredentials),
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref::<HttpError>() {
        let is_silent = matches!(error.kind(), HttpErrorKind::Connect | HttpErrorKind::Timeout);
        return is_silent.then_some(StorageFailure::Unreachable);
    }
    match error.downcast_ref::<std::io::Error>()?.kind() {
        IoErrorKind::PermissionDenied | IoErrorKind::ReadOnlyFilesystem => Some(StorageFailure::Denied),
        IoErrorKind::StorageFull | IoErrorKind::QuotaExceeded => Some(StorageFailure::Full),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store's error with what a server answered.
    fn answered(text: &str) -> ObjectStoreError {
        ObjectStoreError::Generic { store: "S3", source: text.into() }
    }

    #[test]
    fn answers_of_servers_tell_what_is_wrong() {
        let cases = [
            ("404 Not Found: <Code>NoSuchBucket</Code>", Some(StorageFailure::NoBucket)),
            ("403 Forbidden: <Code>SignatureDoesNotMatch</Code>", Some(StorageFailure::BadCredentials)),
            ("403 Forbidden: <Code>AccessDenied</Code>", Some(StorageFailure::Denied)),
            ("PUT http://169.254.169.254/latest/api/token: 403 Forbidden", Some(StorageFailure::NoCredentials)),
            ("301: <Code>PermanentRedirect</Code>", Some(StorageFailure::OtherRegion)),
            ("503 Slow Down", None),
        ];
        for (text, failure) in cases {
            assert_eq!(classify(&answered(text)), failure, "{text}");
        }
    }

    #[test]
    fn missing_credentials_are_named_as_their_cloud_does() {
        for (location, variable) in [
            ("s3://bucket/lake", "`AWS_ACCESS_KEY_ID`"),
            ("abfss://lake@account.dfs.core.windows.net", "`AZURE_STORAGE_ACCOUNT_KEY`"),
            ("az://lake", "`AZURE_STORAGE_ACCOUNT_KEY`"),
            ("gs://bucket", "`GOOGLE_SERVICE_ACCOUNT`"),
        ] {
            let help = StorageFailure::NoCredentials.help(location);
            assert!(help.contains(variable), "{location}: {help}");
        }
    }

    #[test]
    fn what_no_store_said_is_not_taken_for_an_answer() {
        assert_eq!(classify(&std::io::Error::other("NoSuchBucket")), None);
        let refused = std::io::Error::from(IoErrorKind::ReadOnlyFilesystem);
        assert_eq!(classify(&refused), Some(StorageFailure::Denied));
        assert_eq!(classify(&std::io::Error::from(IoErrorKind::StorageFull)), Some(StorageFailure::Full));
    }
}
