//! Volumes of Unity Catalog, which Databricks mounts as directories.

use std::path::{Component, Path, PathBuf};

/// Where Databricks mounts the volumes, as `<catalog>/<schema>/<volume>`.
const MOUNTS: &str = "/Volumes";

/// Why a location that begins with `dbfs:` cannot be used, and what to give instead.
pub(crate) const NO_DBFS: (&str, &str) = (
    "of `dbfs:/`, only volumes can be used",
    "give `/Volumes/<catalog>/<schema>/<volume>/...`, or the URL of an external location",
);

/// The path of a volume as Spark writes it, from what follows `dbfs:`; none for what is not in a volume.
pub(crate) fn of_dbfs(rest: &str) -> Option<PathBuf> {
    let path = PathBuf::from(format!("/{}", rest.strip_prefix('/')?.trim_start_matches('/')));
    let has_volume = path.strip_prefix(MOUNTS).is_ok_and(|below| below.components().next().is_some());
    has_volume.then_some(path)
}

/// Whether the volume that a path names is there, if it names one.
///
/// # Errors
/// What is missing, and what to do about it.
pub(crate) fn check(path: &Path) -> Result<(), (String, &'static str)> {
    // There the system mounts all disks below that directory.
    if cfg!(target_os = "macos") { Ok(()) } else { check_below(path, Path::new(MOUNTS)) }
}

fn check_below(path: &Path, mounts: &Path) -> Result<(), (String, &'static str)> {
    let Ok(below) = path.strip_prefix(mounts) else {
        return Ok(());
    };
    let names: Vec<_> = below
        .components()
        .filter_map(|part| if let Component::Normal(name) = part { Some(name.to_string_lossy()) } else { None })
        .collect();
    let [catalog, schema, volume, ..] = names.as_slice() else {
        return Err(("the path of a volume is `/Volumes/<catalog>/<schema>/<volume>`".to_owned(), "complete the path"));
    };
    if !mounts.is_dir() {
        return Err((
            "this machine has no volumes, which only Databricks compute with Unity Catalog has".to_owned(),
            "run there, or give the URL of an external location, such as `s3://` or `abfss://`",
        ));
    }
    if mounts.join(catalog.as_ref()).join(schema.as_ref()).join(volume.as_ref()).is_dir() {
        return Ok(());
    }
    Err((
        format!("there is no volume `{catalog}.{schema}.{volume}`, or it may not be seen"),
        "create it, grant `USE CATALOG`, `USE SCHEMA`, `READ VOLUME` and, for a target, `WRITE VOLUME`, or give the URL of an \
         external location",
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_usable_when_its_volume_is_there_or_it_names_none() {
        let place = tempfile::tempdir().unwrap();
        let mounts = place.path().join("Volumes");
        std::fs::create_dir_all(mounts.join("main/lake/files")).unwrap();
        std::fs::write(mounts.join("main/lake/note"), "a file").unwrap();
        let cases = [
            ("main/lake/files", None),
            ("main/lake/files/gold/not/yet", None),
            ("", Some("complete the path")),
            ("main/lake", Some("complete the path")),
            ("main/lake/other/gold", Some("no volume `main.lake.other`")),
            ("other/lake/files", Some("grant `USE CATALOG`")),
            ("main/lake/note", Some("no volume `main.lake.note`")),
        ];
        for (path, told) in cases {
            let path = mounts.join(path);
            match (check_below(&path, &mounts), told) {
                (Ok(()), None) => {}
                (Err((reason, help)), Some(told)) => {
                    assert!(reason.contains(told) || help.contains(told), "{}: {reason}; {help}", path.display())
                }
                (found, _) => panic!("{}: {found:?}", path.display()),
            }
        }
        assert_eq!(check_below(&place.path().join("elsewhere"), &mounts), Ok(()));
    }

    #[test]
    fn a_machine_without_volumes_is_told_from_one_without_this_volume() {
        let place = tempfile::tempdir().unwrap();
        let mounts = place.path().join("Volumes");
        let (reason, _) = check_below(&mounts.join("main/lake/files"), &mounts).unwrap_err();
        assert!(reason.contains("this machine has no volumes"), "{reason}");
    }
}
