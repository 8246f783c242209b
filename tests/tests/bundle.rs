//! The Databricks asset bundle is valid, and the check of it finds what is wrong with a broken one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use goldsmith_tests::broken::{Mistake, assert_found, problems, repository};
use tempfile::TempDir;

/// The check, a script of `interop/`.
const CHECK: &str = "bundle.py";

const JOBS: &str = "resources/refresh_job.yml";
const SETUP: &str = "resources/setup_job.yml";

/// What can be wrong with a bundle.
const MISTAKES: &[Mistake] = &[
    (
        "databricks.yml",
        "include:\n  - resources/*.yml",
        "include:\n  - resource/*.yml",
        "no file is included by `resource/*.yml`",
    ),
    (
        "databricks.yml",
        "  catalog:\n    description",
        "  katalog:\n    description",
        "the variable `catalog` is not declared",
    ),
    (
        "databricks.yml",
        "  catalog:\n    description",
        "  spare:\n    description: Spare.\n  catalog:\n    description",
        "variables.spare: not used",
    ),
    (
        "databricks.yml",
        "    type: complex\n    default: []",
        "    default: []",
        "a list or mapping is of type `complex`",
    ),
    ("databricks.yml", "    mode: development\n    # In", "    moda: development\n    # In", "unknown key `moda`"),
    ("databricks.yml", "  paths:\n    - resources", "  paths:\n    - models", "is not below `sync.paths`"),
    (JOBS, "          max_retries: 2", "          max_retry: 2", "Unexpected field 'max_retry' for class Task"),
    (JOBS, "          max_retries: 2", "          max_retries: some", "invalid literal for int() with base 10: 'some'"),
    (
        JOBS,
        "          max_retries: 2",
        "          max_retries: 2\n          max_retries: 3",
        "keys stand twice: ['max_retries']",
    ),
    (JOBS, "entry_point: goldsmith-job", "entry_point: goldsmith", "the entry point of the wheel is `goldsmith-job`"),
    (JOBS, "        enabled: true", "        enabled: false", "runs on one target must be queued"),
    (JOBS, "        - name: select", "        - name: selection", "the job has no parameter `select`"),
    (JOBS, "    refresh:\n      name", "    refreshed:\n      name", "a task does one thing, this does []"),
    (
        SETUP,
        "sql/unity_catalog/check.sql",
        "sql/unity_catalog/absent.sql",
        "there is no file `sql/unity_catalog/absent.sql`",
    ),
    (SETUP, "            - task_key: fill\n", "            - task_key: filled\n", "there is no task `filled`"),
    (
        SETUP,
        "${resources.schemas.gold.name}",
        "${resources.schemas.golden.name}",
        "`resources.schemas.golden.name` is nowhere",
    ),
    (SETUP, "command: setup", "command: register", "the wheel knows no command `register`"),
    (SETUP, "              command: setup\n", "", "no command is given to the wheel"),
    (
        SETUP,
        "              bronze_schema:",
        "              bronze_scheme:",
        "the wheel has no parameter `bronze_scheme`",
    ),
    ("databricks.yml", "    default: native", "    default: nativ", "the wheel knows no engine `nativ`"),
    (
        "resources/maintain_job.yml",
        "              dry_run: \"",
        "              dry: \"",
        "the wheel has no parameter `dry`",
    ),
    (
        "resources/schemas.yml",
        "privileges: [USE_SCHEMA, SELECT]",
        "privileges: [USE_SCHEMA, READ]",
        "'READ' is not a valid Privilege",
    ),
    (
        "resources/schemas.yml",
        "volume_type: MANAGED",
        "volume_kind: MANAGED",
        "Unexpected field 'volume_kind' for class Volume",
    ),
    (
        "resources/compute.yml",
        "job_cluster_key: goldsmith\n              new_cluster",
        "job_cluster_key: silversmith\n              new_cluster",
        "there is no job cluster `goldsmith`",
    ),
    (
        "resources/compute.yml",
        "              environment_key: goldsmith\n        setup",
        "        setup",
        "needs an environment (serverless) or a job cluster (classic)",
    ),
];

/// A copy of the bundle.
fn copy() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    copy_into(&repository(), directory.path(), Path::new("databricks.yml"));
    copy_into(&repository(), directory.path(), Path::new("resources"));
    directory
}

fn copy_into(from: &Path, to: &Path, path: &Path) {
    let source = from.join(path);
    if source.is_file() {
        std::fs::create_dir_all(to.join(path).parent().unwrap()).unwrap();
        std::fs::copy(source, to.join(path)).unwrap();
        return;
    }
    for entry in std::fs::read_dir(source).unwrap() {
        copy_into(from, to, &path.join(entry.unwrap().file_name()));
    }
}

#[test]
fn the_bundle_is_valid() {
    assert_eq!(problems(CHECK, &[&repository()]), [Vec::<String>::new()]);
}

#[test]
fn what_is_broken_in_a_bundle_is_found() {
    assert_found(CHECK, copy, MISTAKES.iter().copied());
}
