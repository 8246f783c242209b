//! The Databricks asset bundle is valid, and the check of it finds what is wrong with a broken one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The problems that the check finds in the bundle at each directory.
fn problems(roots: &[&Path]) -> Vec<Vec<String>> {
    let python = std::env::var("GOLDSMITH_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/bundle.py");
    let output = Command::new(&python).arg(script).args(roots).output().expect("python starts");
    assert!(
        output.status.success(),
        "{python} failed; install interop/requirements.txt and set GOLDSMITH_PYTHON:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("lists of problems")
}

/// A copy of the bundle.
fn copy() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    copy_into(&root(), directory.path(), Path::new("databricks.yml"));
    copy_into(&root(), directory.path(), Path::new("resources"));
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
    assert_eq!(problems(&[&root()]), [Vec::<String>::new()]);
}

#[test]
fn what_is_broken_in_a_bundle_is_found() {
    let jobs = "resources/refresh_job.yml";
    let setup = "resources/setup_job.yml";
    let cases = [
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
        (jobs, "          max_retries: 2", "          max_retry: 2", "Unexpected field 'max_retry' for class Task"),
        (
            jobs,
            "          max_retries: 2",
            "          max_retries: some",
            "invalid literal for int() with base 10: 'some'",
        ),
        (
            jobs,
            "          max_retries: 2",
            "          max_retries: 2\n          max_retries: 3",
            "keys stand twice: ['max_retries']",
        ),
        (
            jobs,
            "entry_point: goldsmith-job",
            "entry_point: goldsmith",
            "the entry point of the wheel is `goldsmith-job`",
        ),
        (jobs, "        enabled: true", "        enabled: false", "runs on one target must be queued"),
        (jobs, "        - name: select", "        - name: selection", "the job has no parameter `select`"),
        (jobs, "    refresh:\n      name", "    refreshed:\n      name", "a task does one thing, this does []"),
        (
            setup,
            "sql/unity_catalog/check.sql",
            "sql/unity_catalog/absent.sql",
            "there is no file `sql/unity_catalog/absent.sql`",
        ),
        (setup, "            - task_key: fill\n", "            - task_key: filled\n", "there is no task `filled`"),
        (
            setup,
            "${resources.schemas.gold.name}",
            "${resources.schemas.golden.name}",
            "`resources.schemas.golden.name` is nowhere",
        ),
        (setup, "command: setup", "command: register", "the wheel knows no command `register`"),
        (setup, "              command: setup\n", "", "no command is given to the wheel"),
        (
            setup,
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
    let mut broken = Vec::new();
    for (file, from, to, expected) in cases {
        let directory = copy();
        let path = directory.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no longer {from:?}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        broken.push((directory, format!("{from:?} -> {to:?}"), expected));
    }
    let roots: Vec<&Path> = broken.iter().map(|(directory, ..)| directory.path()).collect();
    for ((_, change, expected), found) in broken.iter().zip(problems(&roots)) {
        assert!(found.iter().any(|problem| problem.contains(expected)), "{change}: {found:#?}");
    }
}
