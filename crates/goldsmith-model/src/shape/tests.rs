//! Shape, reader and JSON Schema know the same keys.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value as Json;

use super::{FileKind, Shape, json_schema};
use crate::syntax::{Node, parse};

/// Keys of a shape, as `path.key`.
fn shape_keys(shape: &Shape, path: &str, out: &mut BTreeSet<String>) {
    match shape {
        Shape::Object(keys) => {
            for key in *keys {
                let path = format!("{path}.{}", key.name);
                shape_keys(&key.shape, &path, out);
                out.insert(path);
            }
        }
        Shape::List(item, _) => shape_keys(item, path, out),
        Shape::Map(_, value) => shape_keys(value, path, out),
        _ => {}
    }
}

/// The same of a JSON Schema.
fn schema_keys(schema: &Json, path: &str, out: &mut BTreeSet<String>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        assert!(property["description"].is_string(), "{path} has no description");
        schema_keys(property, &path, out);
        out.insert(path);
    }
    for below in ["items", "additionalProperties"] {
        if schema[below].is_object() {
            schema_keys(&schema[below], path, out);
        }
    }
}

/// The same of a file.
fn file_keys(node: &Node, shape: &Shape, path: &str, out: &mut BTreeSet<String>) {
    match shape {
        Shape::Object(keys) => {
            for key in *keys {
                if let Some(value) = node.get(key.name) {
                    let path = format!("{path}.{}", key.name);
                    file_keys(value, &key.shape, &path, out);
                    out.insert(path);
                }
            }
        }
        Shape::List(item, _) => node.items().iter().for_each(|child| file_keys(child, item, path, out)),
        Shape::Map(_, value) => node.entries().iter().for_each(|entry| file_keys(&entry.value, value, path, out)),
        _ => {}
    }
}

fn all(collect: impl Fn(FileKind, &str, &mut BTreeSet<String>)) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for kind in FileKind::ALL {
        collect(kind, kind.name(), &mut out);
    }
    out
}

fn keys_of_shapes() -> BTreeSet<String> {
    all(|kind, name, out| shape_keys(kind.shape(), name, out))
}

#[test]
fn json_schema_has_the_keys_of_the_check() {
    assert_eq!(all(|kind, name, out| schema_keys(&json_schema(kind), name, out)), keys_of_shapes());
}

/// Keys that the good fixture does not use would be keys whose reading nothing tests.
#[test]
fn the_good_fixture_uses_every_key() {
    let mut used = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/good");
    let mut open = vec![(root, String::new())];
    while let Some((directory, prefix)) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                open.push((entry.path(), format!("{name}/")));
                continue;
            }
            let kind = match name.split('/').next() {
                Some("bronze") => FileKind::Bronze,
                Some("gold") => FileKind::Gold,
                Some("tests") => FileKind::DataTest,
                _ => FileKind::Project,
            };
            let (tree, _) = parse(&std::fs::read_to_string(entry.path()).unwrap());
            file_keys(&tree.unwrap(), kind.shape(), kind.name(), &mut used);
        }
    }
    let unused: Vec<String> = keys_of_shapes().difference(&used).cloned().collect();
    assert_eq!(unused, Vec::<String>::new());
}

/// The reader asks for keys by literal names; they must be those of the shapes, and all of them.
#[test]
fn the_reader_asks_for_every_key_and_no_other() {
    let sources = [
        include_str!("../read/project.rs"),
        include_str!("../read/bronze.rs"),
        include_str!("../read/gold.rs"),
        include_str!("../read/data_test.rs"),
        include_str!("../read/mod.rs"),
        // `kind` and `scd` are read there.
        include_str!("kinds.rs"),
        // The names of table and source are read there, to compare them with the path.
        include_str!("../load/assemble.rs"),
    ];
    let known: BTreeSet<String> =
        keys_of_shapes().iter().map(|path| path.rsplit('.').next().unwrap().to_owned()).collect();
    let literals: BTreeSet<&str> = sources.iter().flat_map(|source| source.split('"').skip(1).step_by(2)).collect();
    let unread: Vec<&String> = known.iter().filter(|key| !literals.contains(key.as_str())).collect();
    assert_eq!(unread, Vec::<&String>::new(), "keys that nothing reads");
    for source in sources {
        for call in source.split(".get(\"").skip(1) {
            let key = call.split('"').next().unwrap();
            assert!(known.contains(key), "the reader asks for `{key}`, which no file can have");
        }
        for call in source.split("(file, \"").chain(source.split("(node, \"")).skip(1) {
            let key = call.split('"').next().unwrap();
            let is_call = call.split('"').nth(1).is_some_and(|after| after.starts_with(')'));
            assert!(!is_call || known.contains(key), "the reader asks for `{key}`, which no file can have");
        }
    }
}
