#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Parser;

use super::*;
use crate::args::Cli;

struct Fixed {
    variables: HashMap<&'static str, &'static str>,
    directory: PathBuf,
}

impl Environment for Fixed {
    fn variable(&self, name: &str) -> Result<Option<String>> {
        Ok(self.variables.get(name).map(ToString::to_string))
    }

    fn directory(&self) -> PathBuf {
        self.directory.clone()
    }
}

fn resolve(args: &[&str], variables: &[(&'static str, &'static str)], file: Option<&str>) -> Result<Settings> {
    let directory = tempfile::tempdir().unwrap();
    if let Some(text) = file {
        std::fs::write(directory.path().join(CONFIG_FILE), text).unwrap();
    }
    let environment =
        Fixed { variables: variables.iter().copied().collect(), directory: directory.path().to_path_buf() };
    let cli = Cli::try_parse_from(["goldsmith", "run"].iter().chain(args)).unwrap();
    Settings::resolve(&cli.global, &cli.command.overrides(), &environment)
}

#[test]
fn the_highest_layer_wins_and_is_named() {
    let file = Some("threads = 2\ntarget = \"/file\"\n");
    let variables = [("GOLDSMITH_THREADS", "3")];
    let flag = resolve(&["--threads", "4"], &variables, file).unwrap();
    assert_eq!((flag.threads.value, flag.threads.origin), (4, Origin::Flag("--threads")));
    let variable = resolve(&[], &variables, file).unwrap();
    assert_eq!((variable.threads.value, variable.threads.origin), (3, Origin::Environment("GOLDSMITH_THREADS")));
    let from_file = resolve(&[], &[], file).unwrap();
    assert_eq!(from_file.threads.value, 2);
    assert!(matches!(from_file.threads.origin, Origin::File { line: 1, .. }));
    assert!(matches!(from_file.target.origin, Origin::File { line: 2, .. }));
    let file = Some("memory_limit = \"1GiB\"\n");
    let variables = [("GOLDSMITH_MEMORY_LIMIT", "2GiB")];
    for (args, variables, file, expected) in [
        (&["--memory-limit", "3GiB"][..], &variables[..], file, "3 GiB"),
        (&[], &variables, file, "2 GiB"),
        (&[], &[], file, "1 GiB"),
    ] {
        assert_eq!(resolve(args, variables, file).unwrap().memory_limit.value.to_string(), expected);
    }
    let nothing = resolve(&[], &[], None).unwrap();
    assert_eq!(nothing.memory_limit.value, goldsmith::MemoryLimit::default());
    assert_eq!((nothing.target.value, nothing.target.origin), (None, Origin::Default));
}

#[test]
fn paths_of_a_file_count_from_its_directory() {
    let settings = resolve(&[], &[], Some("source = \"data\"\ntarget = \"s3://bucket/lake\"\n")).unwrap();
    let source = PathBuf::from(settings.source.value.unwrap());
    assert!(source.is_absolute() && source.ends_with("data"), "{source:?}");
    assert_eq!(settings.target.value.as_deref(), Some("s3://bucket/lake"));
}

#[test]
fn threads_that_are_no_number_are_told_with_their_origin() {
    let cases = [
        (&["--threads", "abc"][..], None, "and is `abc` (flag `--threads`)"),
        (&["--threads", "0"], None, "and is `0` (flag `--threads`)"),
        (&[], Some("many"), "and is `many` (environment variable `GOLDSMITH_THREADS`)"),
    ];
    for (args, variable, told) in cases {
        let variables: Vec<_> = variable.map(|value| ("GOLDSMITH_THREADS", value)).into_iter().collect();
        let error = resolve(args, &variables, None).unwrap_err();
        assert!(error.message().ends_with(told), "{}", error.message());
        assert_eq!(error.help().as_deref(), Some("leave it out for the number of processors"));
    }
}

const SIZES: &str = "give a size such as `512MB` or `2GiB`, or a share such as `25%`, from 1 to 100";

const CURRENCY: &str = "a currency is three capital letters (ISO 4217), for instance `USD`";

#[test]
fn a_currency_is_three_capital_letters_wherever_it_comes_from() {
    for wrong in ["EURO", "eur", "??", "€"] {
        let flag = resolve(&["--currency", wrong], &[], None).unwrap_err();
        assert!(flag.message().ends_with("(flag `--currency`)"), "{}", flag.message());
        let variable = resolve(&[], &[("GOLDSMITH_CURRENCY", wrong)], None).unwrap_err();
        for error in [flag, variable] {
            assert!(error.message().contains(&format!("`{wrong}` is no currency code")), "{}", error.message());
            assert_eq!((error.help().as_deref(), error.exit_code()), (Some(CURRENCY), 1));
        }
    }
    assert_eq!(resolve(&["--currency", "EUR"], &[], None).unwrap().currency.value.as_deref(), Some("EUR"));
}

#[test]
fn what_a_file_gets_wrong_is_told_with_its_line() {
    let cases = [
        ("\nsorce = \"x\"\n", "unknown key `sorce`", "line 2", Some("did you mean `source`?")),
        ("threads = \"x\"\n", "`threads`", "must be a whole number", None),
        ("threads = 0\n", "`threads` must be", "line 1", Some("leave it out for the number of processors")),
        ("target = 3\n", "`target`", "must be text in quotes", None),
        ("target = \n", "is no valid TOML", "line 1", Some("`goldsmith config --help` has an example")),
        ("storage = 3\n", "`storage`", "must be a table", None),
        ("memory_limit = \"much\"\n", "`memory_limit`: `much` is no memory limit", "line 1", Some(SIZES)),
        ("memory_limit = 512\n", "`memory_limit`", "must be text in quotes", None),
        (
            "[storage.sorce]\nregion = \"x\"\n",
            "unknown table `[storage.sorce]`",
            "line 1",
            Some("did you mean `[storage.source]`?"),
        ),
        (
            "[storage]\n[storage.azure]\n",
            "unknown table `[storage.azure]`",
            "line 2",
            Some("options for one side stand in `[storage.source]` or `[storage.target]`"),
        ),
        ("memory_limit = \"100MB\"\n", "100 MB is too small", "line 1", Some("the engine needs 256 MiB at least")),
        ("currency = \"EURO\"\n", "`currency`: `EURO` is no currency code", "line 1", Some(CURRENCY)),
        ("format = \"xml\"\n", "`format` is `xml`", "line 1", Some("use one of `human`, `json`, `csv`")),
    ];
    for (text, what, place, help) in cases {
        let error = resolve(&[], &[], Some(text)).unwrap_err();
        let message = error.message();
        assert!(message.contains(what) && message.contains(place), "{text:?}: {message}");
        assert_eq!(error.help().as_deref(), help, "{text:?}");
    }
}

#[test]
fn a_named_file_must_exist() {
    let error = resolve(&["--config", "nowhere.toml"], &[], None).unwrap_err();
    assert_eq!(error.message(), "cannot read the settings file `nowhere.toml`");
    assert_eq!(error.exit_code(), 1);
}

#[test]
fn storage_options_are_merged_and_never_shown() {
    let file = Some("[storage]\naccount_key = \"very-secret\"\nallow_http = true\nRegion = \"a\"\n");
    let settings = resolve(&["--storage-option", "REGION=b=c"], &[], file).unwrap();
    let options: Vec<(String, String)> = settings.storage_options().collect();
    let expected = [("account_key", "very-secret"), ("allow_http", "true"), ("region", "b=c")];
    assert_eq!(options, expected.map(|(key, value)| (key.to_string(), value.to_string())));
    assert_eq!(settings.storage["region"].origin, Origin::Flag("--storage-option"));
    assert!(!format!("{settings:?}").contains("very-secret"));
}

#[test]
fn each_side_can_have_storage_options_of_its_own() {
    let file = Some("[storage]\nregion = \"a\"\n[storage.source]\nregion = \"b\"\nMax_Retries = 3\n");
    let settings = resolve(&["--storage-option", "target.region=c"], &[], file).unwrap();
    let options: Vec<(String, String)> = settings.storage_options().collect();
    let expected = [("region", "a"), ("source.max_retries", "3"), ("source.region", "b"), ("target.region", "c")];
    assert_eq!(options, expected.map(|(key, value)| (key.to_string(), value.to_string())));
    assert!(matches!(settings.storage["source.region"].origin, Origin::File { line: 4, .. }));
}

#[test]
fn a_misspelt_storage_option_is_told_with_its_place_and_without_its_value() {
    let cases = [
        (
            &["--storage-option", "aws_secret_acess_key=hidden"][..],
            None,
            "(flag `--storage-option`)",
            "`aws_secret_access_key`",
        ),
        (&[], Some("[storage]\n\naws_regoin = \"hidden\"\n"), "line 3", "`aws_region`"),
        (&[], Some("[storage.target]\nacount_name = \"hidden\"\n"), "line 2", "`target.account_name`"),
    ];
    for (args, file, place, near) in cases {
        let error = resolve(args, &[], file).unwrap_err();
        let (message, help) = (error.message(), error.help().unwrap());
        assert!(message.contains("is no storage option") && message.contains(place), "{message}");
        assert!(help.contains(near), "{help}");
        assert!(!format!("{message} {help} {error:?}").contains("hidden"));
        assert_eq!(error.exit_code(), 1);
    }
}
