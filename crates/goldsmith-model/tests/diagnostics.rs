//! Every code has a bad model, and what is said about it is a snapshot: all problems of one run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use goldsmith_model::diagnostic::{Problem, error_index, sort};
use goldsmith_model::{Code, Diagnostic, Loaded, load_dir};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// All files below a directory: relative path and bytes.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut out = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                out.insert(path.strip_prefix(root).unwrap().to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    out
}

/// Loads the good model with the files of a fixture laid over it, and returns all diagnostics.
fn diagnostics(name: &str) -> Vec<Diagnostic> {
    let mut model = files(&fixtures().join("good"));
    model.extend(files(&fixtures().join("bad").join(name)));
    let mut take = |name: &str| {
        let bytes = model.remove(Path::new(name)).unwrap_or_default();
        String::from_utf8(bytes).unwrap()
    };
    let removed = take("remove.txt");
    let problems = take("problems.txt");
    removed.lines().for_each(|path| {
        take(path);
    });
    let directory = tempfile::tempdir().unwrap();
    for (path, bytes) in &model {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    match load_dir(directory.path()) {
        Err(found) => found,
        Ok(Loaded { warnings, locator, .. }) => {
            let code: Option<Code> = name.parse().ok();
            let reported = problems.lines().map(|line| {
                let parts: Vec<&str> = line.split('|').collect();
                let [table, pointer, start, end, message, help] = parts[..] else { panic!("{line}") };
                let problem = Problem {
                    table,
                    pointer,
                    range: Some(start.parse().unwrap()..end.parse().unwrap()),
                    code: code.unwrap(),
                    message: message.to_owned(),
                    help: Some(help.to_owned()).filter(|help| !help.is_empty()),
                };
                Diagnostic::from_problem(&locator, problem)
            });
            let mut found: Vec<Diagnostic> = warnings.into_iter().chain(reported).collect();
            sort(&mut found);
            found
        }
    }
}

#[test]
fn the_good_fixture_has_no_problem() {
    match load_dir(&fixtures().join("good")) {
        Ok(loaded) => assert_eq!(loaded.warnings, []),
        Err(found) => panic!("{}", render(&found)),
    }
}

#[test]
fn every_code_has_a_bad_fixture_that_yields_it() {
    for code in Code::ALL {
        assert!(fixtures().join("bad").join(code.as_str()).is_dir(), "no fixture for {code}");
        let found = diagnostics(code.as_str());
        assert!(found.iter().any(|diagnostic| diagnostic.code == *code), "{code}:\n{}", render(&found));
    }
}

#[test]
fn what_is_said_about_bad_models() {
    for entry in std::fs::read_dir(fixtures().join("bad")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(name.clone(), render(&diagnostics(&name)));
        });
    }
}

#[test]
fn diagnostics_serialize_for_machines() {
    let found = diagnostics("unknown-setting");
    insta::assert_json_snapshot!(found);
}

#[test]
fn every_code_is_explained_with_a_bad_example_and_a_fix() {
    for code in Code::ALL {
        let text = code.explain();
        assert!(text.contains("\nBad:\n\n```yaml\n") && text.contains("\nFix:\n\n```yaml\n"), "{code}");
        assert!(error_index().contains(&format!("\n## {code}\n")));
        assert_eq!(code.as_str().parse::<Code>().unwrap(), *code);
    }
    let unknown = "unknown-colum".parse::<Code>().unwrap_err();
    assert_eq!(unknown.to_string(), "no diagnostic has the code `unknown-colum`; did you mean `unknown-column`?");
}

fn render(found: &[Diagnostic]) -> String {
    found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}
