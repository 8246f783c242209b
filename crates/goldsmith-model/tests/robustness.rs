//! Damaged files are answered with diagnostics, never with a panic.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use goldsmith_model::{Diagnostic, load_files};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ROUNDS: u64 = 500;

fn good() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/good");
    let mut out = Vec::new();
    let mut open: Vec<PathBuf> = vec![root.clone()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                out.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    out.sort();
    out
}

/// One or a few damages of a text.
fn damage(text: &str, random: &mut ChaCha8Rng) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..random.random_range(1..=3) {
        let at = random.random_range(0..characters.len().max(1));
        match random.random_range(0..6) {
            0 if at < characters.len() => {
                characters.remove(at);
            }
            1 => {
                let symbols: Vec<char> = "{}[]:,#&*!|>'\"%@`-?~ \n\t\r\\$.0é\u{feff}\u{0}\u{2028}".chars().collect();
                characters.insert(at.min(characters.len()), *symbols.choose(random).unwrap());
            }
            2 if at < characters.len() => {
                characters[at] =
                    char::from_u32(u32::from(characters[at]) ^ (1 << random.random_range(0..7))).unwrap_or('x');
            }
            3 => {
                let length = random.random_range(0..40).min(characters.len() - at.min(characters.len()));
                let start = at.min(characters.len());
                characters.drain(start..start + length);
            }
            4 => {
                let joined: String = characters.iter().collect();
                let mut lines: Vec<&str> = joined.split('\n').collect();
                let (a, b) = (random.random_range(0..lines.len()), random.random_range(0..lines.len()));
                lines.swap(a, b);
                characters = lines.join("\n").chars().collect();
            }
            _ => {
                let joined: String = characters.iter().collect();
                let lines: Vec<&str> = joined.split('\n').collect();
                let line = lines.choose(random).unwrap().to_string();
                characters.extend(line.chars());
            }
        }
    }
    characters.into_iter().collect()
}

fn check_place(diagnostic: &Diagnostic, files: &[(String, String)], seed: u64) {
    assert!(diagnostic.line >= 1 && diagnostic.column >= 1 && diagnostic.length >= 1, "seed {seed}: {diagnostic}");
    let file = files.iter().find(|(path, _)| *path == diagnostic.file);
    let Some((_, text)) = file else {
        assert_eq!(diagnostic.file, "project.yaml", "seed {seed}: {diagnostic}");
        return;
    };
    let lines = text.replace("\r\n", "\n").split(['\n', '\r']).count();
    assert!(diagnostic.line <= lines, "seed {seed}: line {} of {lines}: {diagnostic}", diagnostic.line);
    assert!(!diagnostic.to_string().is_empty());
}

#[test]
fn random_damage_never_panics_and_every_problem_has_a_place() {
    let files = good();
    let mut refused = 0;
    for seed in 0..ROUNDS {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut damaged = files.clone();
        let victim = random.random_range(0..damaged.len());
        damaged[victim].1 = damage(&damaged[victim].1, &mut random);
        let input = damaged.clone();
        let outcome = catch_unwind(AssertUnwindSafe(|| load_files(input)));
        let outcome = outcome
            .unwrap_or_else(|_| panic!("seed {seed} panics; file {}:\n{}", damaged[victim].0, damaged[victim].1));
        match outcome {
            Ok(loaded) => loaded.warnings.iter().for_each(|found| check_place(found, &damaged, seed)),
            Err(found) => {
                refused += 1;
                assert!(!found.is_empty(), "seed {seed}: refused without a word");
                found.iter().for_each(|found| check_place(found, &damaged, seed));
            }
        }
    }
    assert!(refused > ROUNDS / 2, "most damage is noticed, here only {refused} of {ROUNDS}");
}

#[test]
fn a_whole_model_of_nothing_is_refused() {
    assert!(load_files(vec![]).is_err());
    for text in ["", "\n", "# only a comment", "~", "[]", "- a", "text", "\u{feff}", "\t", "%YAML 1.2", "---\n...\n"] {
        for path in ["project.yaml", "bronze/a/b.yaml", "gold/a/dim_b.yaml", "tests/dim_b.yaml"] {
            let found = load_files(vec![(path.to_owned(), text.to_owned())]).unwrap_err();
            assert!(found.iter().any(|diagnostic| diagnostic.file == path), "{path} {text:?}");
        }
    }
}
