//! What is in `packaging/` is well formed, and the check of it finds what is wrong with a broken one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Command;

use goldsmith_tests::broken::{assert_found, problems, repository};
use tempfile::TempDir;

/// The check, a script of `interop/`.
const CHECK: &str = "packaging_files.py";

/// A repository with a copy of `packaging/`, and with empty files in place of everything else that it refers to.
fn copy() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for file in ["Dockerfile", "Dockerfile.dockerignore"] {
        copy_file(directory.path(), &format!("packaging/{file}"));
    }
    for below in ["systemd", "kubernetes"] {
        for entry in std::fs::read_dir(repository().join("packaging").join(below)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            copy_file(directory.path(), &format!("packaging/{below}/{name}"));
        }
    }
    copy_file(directory.path(), "Cargo.toml");
    for file in ["Cargo.lock", "LICENSE", ".cargo", "crates", "models", "benches", "python", "tests", "xtask"] {
        std::fs::write(directory.path().join(file), "").unwrap();
    }
    directory
}

fn copy_file(to: &Path, path: &str) {
    std::fs::create_dir_all(to.join(path).parent().unwrap()).unwrap();
    std::fs::copy(repository().join(path), to.join(path)).unwrap();
}

#[test]
fn image_units_and_objects_are_well_formed() {
    assert_eq!(problems(CHECK, &[&repository()]), [Vec::<String>::new()]);
    assert_eq!(problems(CHECK, &[copy().path()]), [Vec::<String>::new()], "the copy is not what it stands for");
}

#[test]
fn what_is_broken_in_the_packaging_is_found() {
    let image = "packaging/Dockerfile";
    let job = "packaging/kubernetes/cronjob.yaml";
    let maintenance = "packaging/kubernetes/maintain.yaml";
    let service = "packaging/systemd/goldsmith.service";
    let other_service = "packaging/systemd/goldsmith-maintain.service";
    let drop_in = "packaging/systemd/own-user.conf";
    let cases = [
        (image, "COPY models models", "COPY model models", "COPY: there is no `model`"),
        (image, "COPY models models\n", "COPY models models\nCOPI tests tests\n", "unknown instruction `COPI`"),
        (image, "COPY xtask xtask\n", "", "the member `xtask` of the workspace is not copied"),
        (image, "--profile dist", "--profile dizt", "no profile of Cargo.toml is built"),
        (image, "--remap-path-prefix=", "--remap=", "names the directories that it was built in"),
        (image, "--from=build /", "--from=builder /", "there is no stage `builder`"),
        (image, "rust:1.95-bookworm AS rust", "rust:1.95-bookworm AS tools", "the image `rust` has no version"),
        (image, "-C link-arg=-fuse-ld=lld ", "", "functions are folded by a linker that may not be there"),
        (image, "--no-install-recommends lld", "--no-install-recommends gold", "a linker that may not be there"),
        (image, " --compatibility manylinux_2_35", "", "the name of the wheel depends on where it is built"),
        (image, "USER 65532:65532", "USER root", "the program runs as root"),
        (image, "debian:bookworm-slim", "debian:latest", "has no version"),
        (image, "CMD [\"--help\"]", "CMD --help", "CMD is no list"),
        ("packaging/Dockerfile.dockerignore", "!models\n", "", "`models` is left out by Dockerfile.dockerignore"),
        (job, "concurrencyPolicy: Forbid", "concurrencyPolicy: Allow", "runs on one target at once"),
        (job, "concurrencyPolicy: Forbid", "concurencyPolicy: Forbid", "concurencyPolicy"),
        (job, "backoffLimit: 2", "backoffLimit: two", "'two' is not of type"),
        (job, "runAsNonRoot: true", "runAsNonRoot: false", "may run as root"),
        (job, "drop: [\"ALL\"]", "drop: [\"NET_RAW\"]", "the container keeps capabilities"),
        (
            job,
            "            - name: scratch\n              emptyDir",
            "            - name: space\n              emptyDir",
            "there is no volume `scratch`",
        ),
        (
            "packaging/kubernetes/config.yaml",
            "kind: Secret\nmetadata:\n  name: goldsmith",
            "kind: Secret\nmetadata:\n  name: other",
            "there is no Secret `goldsmith`",
        ),
        (maintenance, "runAsUser: 65532", "runAsUser: 1000", "goldsmith-maintain: not the user of the image"),
        (maintenance, "\"maintain\"]", "\"maintains\"]", "['maintains', 'run'] are started"),
        (maintenance, "goldsmith:", "goldsmith:0.", "are different images"),
        (service, "[Service]\n", "Service\n", "neither a section nor a setting"),
        (service, "never run\n", "never maintain\n", "['maintain', 'maintain'] are started"),
        (other_service, "User=goldsmith\n", "", "not the same user"),
        (drop_in, "UMask=", "UMask ", "own-user.conf:8: neither a section nor a setting"),
    ];
    let analysed = [
        (service, "NoNewPrivileges=yes", "NoNewPrivilege=yes", "NoNewPrivilege"),
        (service, "ProtectSystem=strict\n", "ProtectSystem=most\n", "protect system value"),
        (service, "SystemCallFilter=@system-service\nSystemCallFilter=~@privileged @resources\n", "", "exposed"),
        (other_service, "PrivateDevices=yes", "PrivateDevice=yes", "PrivateDevice"),
        (drop_in, "StateDirectoryMode=", "StateDirectoryMod=", "own-user.conf"),
        ("packaging/systemd/goldsmith.timer", "*-*-* 02:00:00 UTC", "each night", "calendar"),
        ("packaging/systemd/goldsmith-maintain.timer", "Sun *-*-*", "Sonntag *-*-*", "calendar"),
    ];
    let has_systemd = Command::new("systemd-analyze").arg("--version").output().is_ok();
    let analysed = analysed.into_iter().filter(|_| has_systemd);
    assert_found(CHECK, copy, cases.into_iter().chain(analysed));
}
