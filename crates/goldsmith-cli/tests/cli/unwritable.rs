//! Targets that cannot be written.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::program::Workplace;

/// The user without rights that Unix systems have.
const NOBODY: u32 = 65_534;

/// Runs the program as a user who owns nothing: root could write everywhere.
fn run_as_nobody(place: &Workplace, args: &[&str]) -> Output {
    let program = place.path().join("goldsmith");
    if !program.exists() {
        let built = Path::new(env!("CARGO_BIN_EXE_goldsmith"));
        // The directory of the build may be closed to others.
        fs::hard_link(built, &program).or_else(|_| fs::copy(built, &program).map(drop)).unwrap();
    }
    let mut command = Command::new(program);
    command.args(args).current_dir(place.path()).env_clear();
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.output().unwrap()
}

/// A place that others may read and not write.
fn shown_place() -> Workplace {
    let place = Workplace::new();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let synth = place.run(&["synth", "--out", "system", "--rows", "300", "--batches", "1"]);
    assert!(synth.status.success(), "{}", place.text(&synth));
    place
}

fn assert_refused(place: &Workplace, output: &Output, told: &[&str]) {
    let text = place.text(output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for part in told {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// Every file below a directory with its size.
fn content(directory: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(content(&path));
        } else {
            found.push((path.clone(), fs::metadata(&path).unwrap().len()));
        }
    }
    found.sort();
    found
}

#[test]
fn a_target_that_may_not_be_made_is_refused_and_left_alone() {
    let place = shown_place();
    let locked = place.path().join("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
    for target in ["locked", "locked/below/lake"] {
        let output = run_as_nobody(&place, &["run", "--source", "system", "--target", target]);
        assert_refused(&place, &output, &["no permission for", &format!("/{target}`"), "help: check the rights"]);
    }
    assert_eq!(fs::read_dir(&locked).unwrap().count(), 0);
}

#[test]
fn a_filled_target_of_somebody_else_keeps_its_state() {
    let place = shown_place();
    let run = ["run", "--source", "system", "--target", "lake", "--select", "fact_usage"];
    assert!(place.run(&run).status.success());
    let before = content(&place.path().join("lake"));
    assert!(!before.is_empty());
    // More for the same tables, so that there is something to write.
    let source = place.path().join("system");
    fs::rename(&source, place.path().join("old")).unwrap();
    assert!(
        place.run(&["synth", "--out", "system", "--rows", "300", "--batches", "1", "--seed", "7"]).status.success()
    );
    let output = run_as_nobody(&place, &run);
    assert_refused(&place, &output, &["no permission for", "/lake`", "help: check the rights"]);
    assert_eq!(content(&place.path().join("lake")), before);
}

#[test]
fn places_where_nothing_can_be_made_are_told() {
    let place = shown_place();
    place.write("note.txt", "a file");
    let cases = [("/proc/lake", "/proc/lake"), ("/sys/lake", "/sys/lake"), ("note.txt/lake", "note.txt/lake`")];
    for (target, named) in cases {
        let output = run_as_nobody(&place, &["run", "--source", "system", "--target", target]);
        assert_refused(&place, &output, &["error: ", named, "help: "]);
    }
}

#[test]
fn a_volume_that_is_not_there_is_told_and_not_made() {
    let place = shown_place();
    let volume = "/Volumes/no-catalog/no-schema/no-volume/lake";
    for target in [volume, &format!("dbfs:{volume}")] {
        for command in [&["run", "--source", "system"][..], &["status"], &["query", "select 1"]] {
            let output = place.run(&[command, &["--target", target]].concat());
            assert_refused(&place, &output, &["error: ", &format!("`{volume}`"), "volume", "external location"]);
        }
    }
    let output = place.run(&["run", "--source", volume, "--target", "lake"]);
    assert_refused(&place, &output, &[&format!("`{volume}`"), "external location"]);
    assert!(!Path::new("/Volumes/no-catalog").exists());
}
