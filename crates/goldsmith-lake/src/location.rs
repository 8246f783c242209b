//! Where a table, a source or a whole lake is.

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use url::Url;

use crate::error::{LakeError, Result};
use crate::scan::percent_decode;
use crate::volume;

/// What can be given as a location.
const ANY: &str = "give a path, or a URL such as `s3://BUCKET/PATH`";

/// A directory on a local disk or in an object store.
///
/// Parsed from a path (relative ones are made absolute) or from a URL such as `s3://bucket/lake`. Two locations are equal
/// when their URLs are; nothing is looked up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    url: Url,
}

impl Location {
    /// Parses a path or a URL; `dbfs:/Volumes/...` is the path of a volume of Unity Catalog.
    ///
    /// # Errors
    /// [`LakeError::InvalidLocation`] when the text is empty or none of these, or when a name in it has a percent sign before two
    /// hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self> {
        let refused = |reason: String, help: String| {
            let location = text.to_owned();
            LakeError::InvalidLocation { location, reason, help }
        };
        let invalid = |reason: String| refused(reason, ANY.to_owned());
        if text.trim().is_empty() {
            return Err(invalid("it is empty".to_owned()));
        }
        if let Some(path) = text.strip_prefix("dbfs:") {
            let (reason, help) = volume::NO_DBFS;
            let path = volume::of_dbfs(path).ok_or_else(|| refused(reason.to_owned(), help.to_owned()))?;
            return Self::from_path(&path);
        }
        // A scheme of one letter is a drive of Windows.
        if let Some((scheme, _)) = text.split_once("://")
            && scheme.len() > 1
        {
            let url = Url::parse(text).map_err(|error| invalid(error.to_string()))?;
            if url.scheme() == "file" {
                let path = url.to_file_path().map_err(|()| invalid("it is no local path".to_owned()))?;
                return Self::from_path(&path);
            }
            if let Some(whole) = whole_url(url.scheme())
                && url.host_str().is_none_or(str::is_empty)
            {
                return Err(refused("the bucket or container is missing".to_owned(), format!("write `{whole}`")));
            }
            check_percent_signs(&url).map_err(|(reason, help)| refused(reason, help.to_owned()))?;
            return Ok(Self::from_url(url));
        }
        Self::from_path(Path::new(text))
    }

    /// The location of a local directory, which need not exist.
    ///
    /// # Errors
    /// [`LakeError::InvalidLocation`] when the path cannot be made absolute, or has a percent sign before two hexadecimal digits.
    pub fn from_path(path: &Path) -> Result<Self> {
        let refused = |reason: String, help: &str| LakeError::InvalidLocation {
            location: path.display().to_string(),
            reason,
            help: help.to_owned(),
        };
        let absolute = std::path::absolute(path).map_err(|error| refused(error.to_string(), ANY))?;
        let url = Url::from_directory_path(&absolute)
            .map_err(|()| refused("it cannot be written as a URL".to_owned(), ANY))?;
        check_percent_signs(&url).map_err(|(reason, help)| refused(reason, help))?;
        Ok(Self::from_url(url))
    }

    fn from_url(mut url: Url) -> Self {
        let path = format!("{}/", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Self { url }
    }

    /// The location of an entry below this one; `name` may hold several segments separated by `/`.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            for segment in name.split('/').filter(|segment| !segment.is_empty()) {
                segments.push(segment);
            }
        }
        Self::from_url(url)
    }

    /// The local path, when the location is on a local disk.
    pub fn local_path(&self) -> Option<PathBuf> {
        let path = (self.url.scheme() == "file").then(|| self.url.to_file_path().ok())??;
        // Without the slash at the end, which would make the system look for a directory.
        Some(path.components().collect())
    }

    /// Makes sure that the volume of Unity Catalog is there when the location is below `/Volumes`, where Databricks mounts
    /// them: a directory that was made there instead would be on the disk of the machine, and gone with it.
    ///
    /// # Errors
    /// [`LakeError::InvalidLocation`] when there is no such volume.
    pub fn check_volume(&self) -> Result<()> {
        let checked = self.local_path().map_or(Ok(()), |path| volume::check(&path));
        checked.map_err(|(reason, help)| LakeError::InvalidLocation {
            location: self.to_string(),
            reason,
            help: help.to_owned(),
        })
    }

    /// Whether this location is `other` or lies below it, segment by segment. On a disk links and `..` are followed as far as the
    /// directories are there; elsewhere nothing is looked up.
    pub fn is_within(&self, other: &Self) -> bool {
        match (self.local_path(), other.local_path()) {
            (Some(path), Some(other)) => resolved(&path).starts_with(resolved(&other)),
            (None, None) => {
                let (own, others) = (self.segments(), other.segments());
                self.store() == other.store() && own.get(..others.len()) == Some(others.as_slice())
            }
            _ => false,
        }
    }

    /// What tells the store from others, whichever of its schemes is used.
    fn store(&self) -> (&str, &str, Option<&str>, Option<u16>) {
        let scheme = match self.url.scheme() {
            "s3a" => "s3",
            "abfs" => "abfss",
            scheme => scheme,
        };
        (scheme, self.url.username(), self.url.host_str(), self.url.port())
    }

    fn segments(&self) -> Vec<&str> {
        self.url.path().split('/').filter(|segment| !segment.is_empty()).collect()
    }

    /// The URL, which always ends in a slash.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

/// How a URL is written whose scheme is that of a cloud, where nothing can be found without a bucket or container.
fn whole_url(scheme: &str) -> Option<&'static str> {
    match scheme {
        "s3" | "s3a" => Some("s3://BUCKET/PATH"),
        "gs" => Some("gs://BUCKET/PATH"),
        "az" | "azure" | "adl" => Some("az://CONTAINER/PATH"),
        "abfs" | "abfss" => Some("abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH"),
        _ => None,
    }
}

/// Refuses names like `a%20b`: the reader of the log decodes the names that it lists once more, and would look for the log, and find
/// it where there is one, in `a b`. A store that encoded what it lists would not help: delta-rs takes names from the same listing as
/// they are, for instance for the history of a table. Source: `list_from_impl` in `buoyant_kernel_engine` 0.28, which puts the path of
/// an object into a URL without encoding it, and `commit_infos` in `deltalake-core` 1.1.
fn check_percent_signs(url: &Url) -> std::result::Result<(), (String, &'static str)> {
    let path = percent_decode(url.path());
    let is_hex = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    match path.as_bytes().windows(3).find(|window| window[0] == b'%' && is_hex(&window[1..])) {
        None => Ok(()),
        Some(found) => Err((
            format!(
                "`{}` in the name of a directory would be taken for another character",
                String::from_utf8_lossy(found)
            ),
            "choose or rename it without the percent sign",
        )),
    }
}

/// The path with links and `..` followed, as far as it is there.
fn resolved(path: &Path) -> PathBuf {
    for ancestor in path.ancestors() {
        let (Ok(mut found), Ok(rest)) = (ancestor.canonicalize(), path.strip_prefix(ancestor)) else {
            continue;
        };
        for part in rest.components() {
            match part {
                Component::ParentDir => {
                    found.pop();
                }
                part => found.push(part),
            }
        }
        return found;
    }
    path.to_path_buf()
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.local_path() {
            Some(path) => write!(f, "{}", path.display()),
            None => f.write_str(self.url.as_str().trim_end_matches('/')),
        }
    }
}

impl FromStr for Location {
    type Err = LakeError;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_urls_are_parsed_and_joined() {
        let cases = [
            ("/data/lake", "bronze/events", "/data/lake/bronze/events"),
            ("/data/lake/", "a b", "/data/lake/a b"),
            ("file:///data/lake", "x", "/data/lake/x"),
            ("s3://bucket/lake/", "gold", "s3://bucket/lake/gold"),
            ("s3://bucket", "gold", "s3://bucket/gold"),
            ("memory:///", "t", "memory:///t"),
            ("dbfs:/Volumes/main/lake/files", "gold", "/Volumes/main/lake/files/gold"),
            ("dbfs:///Volumes/main/lake/files/a b/", "gold", "/Volumes/main/lake/files/a b/gold"),
        ];
        for (base, name, expected) in cases {
            assert_eq!(Location::parse(base).unwrap().join(name).to_string(), expected);
        }
        assert!(Location::parse("relative/dir").unwrap().local_path().unwrap().is_absolute());
        assert!(Location::parse("  ").is_err());
        for text in ["dbfs:/lake", "dbfs:lake", "dbfs:/Volumes", "dbfs:/Volumes2/lake"] {
            let error = Location::parse(text).unwrap_err();
            let help = error.help().unwrap();
            assert!(error.to_string().contains(text), "{error}");
            assert!(help.contains("`/Volumes/<catalog>/<schema>/<volume>/...`"), "{help}");
        }
        assert_eq!(Location::parse("/a/b").unwrap(), Location::parse("/a/b/").unwrap());
    }

    #[test]
    fn a_cloud_without_a_bucket_is_no_location() {
        for (text, whole) in [
            ("s3://", "`s3://BUCKET/PATH`"),
            ("s3:///lake", "`s3://BUCKET/PATH`"),
            ("gs://", "`gs://BUCKET/PATH`"),
            ("az:///lake", "`az://CONTAINER/PATH`"),
            ("abfss://", "`abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH`"),
        ] {
            let error = Location::parse(text).unwrap_err();
            assert!(error.to_string().contains("the bucket or container is missing"), "{error}");
            assert_eq!(error.help().unwrap(), format!("write {whole}"));
        }
    }

    #[test]
    fn names_that_would_be_decoded_once_more_are_no_locations() {
        for text in ["/data/a%20b/lake", "/data/a%2Fb", "data/%41", "s3://bucket/a%2520b", "/data/%2520"] {
            let error = Location::parse(text).unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
            assert!(error.help().unwrap().contains("without the percent sign"), "{error:?}");
        }
        let error = Location::parse("file:///data/a%25%32%30b").unwrap_err().to_string();
        assert!(error.contains("/data/a%20b` is not a usable location: `%20` in"), "{error}");
        for (text, shown) in [
            ("/data/100%/lake", "/data/100%/lake"),
            ("/data/50% off", "/data/50% off"),
            ("/data/%zz", "/data/%zz"),
            ("file:///data/a%20b", "/data/a b"),
        ] {
            assert_eq!(Location::parse(text).unwrap().to_string(), shown);
        }
        assert!(Location::parse("s3://bucket/a%20b").is_ok(), "a space in a URL");
    }

    #[test]
    fn a_location_is_within_another_by_whole_segments() {
        let cases = [
            ("s3://bucket/system/lake", "s3://bucket/system", true),
            ("s3://bucket/system/", "s3a://bucket/system", true),
            ("s3://bucket/lake", "s3://bucket", true),
            ("s3://bucket/system2", "s3://bucket/system", false),
            ("s3://bucket/system", "s3://bucket/system/lake", false),
            ("s3://other/system", "s3://bucket/system", false),
            ("gs://bucket/system", "s3://bucket/system", false),
            ("abfs://one@account.dfs.core.windows.net/a", "abfss://one@account.dfs.core.windows.net", true),
            ("abfss://two@account.dfs.core.windows.net/a", "abfss://one@account.dfs.core.windows.net", false),
            ("/no/such/system/lake", "/no/such/system", true),
            ("/no/such/system", "/no/such/system/", true),
            ("/no/such/system2", "/no/such/system", false),
            ("/no/such/other/../system/lake", "/no/such/system", true),
            ("/no/such/system/lake", "s3://bucket", false),
        ];
        for (place, other, expected) in cases {
            let within = Location::parse(place).unwrap().is_within(&Location::parse(other).unwrap());
            assert_eq!(within, expected, "{place} in {other}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_to_where_a_location_is() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("system")).unwrap();
        std::os::unix::fs::symlink(directory.path().join("system"), directory.path().join("link")).unwrap();
        let at = |name: &str| Location::from_path(&directory.path().join(name)).unwrap();
        assert!(at("link/lake/deep").is_within(&at("system")));
        assert!(at("link").is_within(&at("system")) && at("system").is_within(&at("link")));
        assert!(!at("lake").is_within(&at("link")));
    }
}
