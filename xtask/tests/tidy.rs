//! The repository keeps its own rules.
#![allow(clippy::unwrap_used)]

use xtask::{root, tidy};

#[test]
fn the_repository_is_tidy() {
    let found: Vec<String> = tidy::violations(&root()).unwrap().iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
