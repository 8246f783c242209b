//! The data tests of an own model.

use serde_json::Value;

use crate::program::{Workplace, assert_output};

const MODEL: [(&str, &str); 3] = [
    ("models/project.yaml", "version: 1\nname: small\ndescription: One dimension.\n"),
    (
        "models/bronze/access/workspaces_latest.yaml",
        "source: access.workspaces_latest\ndescription: Workspaces.\nmutability: latest_snapshot\nload: merge\nscope: global\n\
         natural_key: [workspace_id]\ncolumns:\n  workspace_id: {type: string, description: The workspace.}\n  \
         owner: {type: string, description: Who it is of.}\n",
    ),
    (
        "models/gold/shared/dim_workspace.yaml",
        "table: dim_workspace\nkind: dimension\nscd: 1\ndomain: shared\ndescription: Workspaces.\ngrain: one workspace\n\
         source: access.workspaces_latest\nkey: [workspace_id]\n",
    ),
];

const PASSING: &str = "table: dim_workspace\ncases:\n  - name: the latest owner counts\n    deliveries:\n      \
                       - access.workspaces_latest:\n          - {workspace_id: w1, owner: ann}\n      \
                       - access.workspaces_latest:\n          - {workspace_id: w1, owner: bob}\n    \
                       expect:\n      - {workspace_id: w1, owner: bob}\n";

fn place(test: Option<&str>) -> Workplace {
    let place = Workplace::new();
    for (path, text) in MODEL {
        place.write(path, text);
    }
    if let Some(text) = test {
        place.write("models/tests/dim_workspace.yaml", text);
    }
    place
}

#[test]
fn cases_that_hold_are_counted() {
    let place = place(Some(PASSING));
    assert_output!("test_passing", place.snapshot(&["test", "--models", "models"]));
    let output = place.run(&["test", "--models", "models", "--select", "shared", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", place.text(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["success"], &document["passed"]), (&true.into(), &1.into()), "{document}");
}

#[test]
fn a_case_that_fails_shows_expected_and_found_rows() {
    let failing = PASSING.replace(
        "- {workspace_id: w1, owner: bob}\n    expect:\n      - {workspace_id: w1, owner: bob}\n",
        "- {workspace_id: w1, owner: bob}\n          - {workspace_id: w2, owner: eve}\n    \
         expect:\n      - {workspace_id: w1, owner: ann}\n      - {workspace_id: w3, owner: joe}\n",
    );
    let place = place(Some(&failing));
    assert_output!("test_failing", place.snapshot(&["test", "--models", "models"]));
    let output = place.run(&["test", "--models", "models", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let column = &document["cases"][0]["rows"][0]["columns"][0];
    assert_eq!(
        (&column["column"], &column["expected"], &column["found"]),
        (&"owner".into(), &"ann".into(), &"bob".into())
    );
}

#[test]
fn a_model_without_tests_and_a_wrong_selection_are_told() {
    let text = place(None).snapshot(&["test", "--models", "models"]);
    assert!(text.contains("error: the model has no data tests\n  help: write one as `tests/TABLE.yaml`"), "{text}");
    let place = place(Some(PASSING));
    let text = place.snapshot(&["test", "--models", "models", "-s", "dim_workspac"]);
    assert!(text.contains("help: did you mean `dim_workspace`?"), "{text}");
}

#[cfg(unix)]
#[test]
fn tests_that_are_interrupted_delete_their_tables() {
    for signal in ["-INT", "-TERM"] {
        let place = Workplace::new();
        let temporary = place.path().join("temporary");
        std::fs::create_dir(&temporary).unwrap();
        let variables = [("TMPDIR", temporary.to_str().unwrap())];
        // Those of the built-in model: so many cases that none of them is the last one by then.
        let (code, told) = place.interrupted(&["test", "-v"], &variables, signal, "table done");
        assert_eq!(code, Some(1), "{signal}: {told}");
        assert!(told.contains("cancelling: the cases that are being carried out are stopped"), "{signal}: {told}");
        assert!(told.contains("error: cancelled; nothing was written but tables of the cases"), "{signal}: {told}");
        let left = std::fs::read_dir(&temporary).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with("goldsmith-test-")).collect();
        assert!(left.is_empty(), "{signal}: {left:?}");
    }
}
