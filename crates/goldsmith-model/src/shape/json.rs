//! JSON Schema of the model files, for completion and checks in editors.

use serde_json::{Map, Value, json};

use super::files::{BRONZE, DATA_TEST, GOLD, PROJECT};
use super::{Items, KIND_KEYS, Kind, Shape};

/// A kind of model file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// `project.yaml`
    Project,
    /// `bronze/<schema>/<table>.yaml`
    Bronze,
    /// `gold/<domain>/<table>.yaml`
    Gold,
    /// `tests/<table>.yaml`
    DataTest,
}

impl FileKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Project, Self::Bronze, Self::Gold, Self::DataTest];

    /// Name for files and messages: `project`, `bronze`, `gold`, `data_test`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Bronze => "bronze",
            Self::Gold => "gold",
            Self::DataTest => "data_test",
        }
    }

    pub(crate) fn shape(self) -> &'static Shape {
        match self {
            Self::Project => &PROJECT,
            Self::Bronze => &BRONZE,
            Self::Gold => &GOLD,
            Self::DataTest => &DATA_TEST,
        }
    }
}

/// The JSON Schema (draft 2020-12) of a kind of file. It comes from the same description as the structural check,
/// so that an editor and the check agree; what depends on other files only the check knows.
pub fn json_schema(kind: FileKind) -> Value {
    let mut root = Map::new();
    root.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    root.insert("title".to_owned(), json!(format!("goldsmith {} file", kind.name().replace('_', " "))));
    if let Value::Object(body) = schema(kind.shape()) {
        root.extend(body);
    }
    if kind == FileKind::Gold {
        root.insert("allOf".to_owned(), Value::Array(kind_rules()));
    }
    Value::Object(root)
}

const IDENTIFIER: &str = "^[a-z][a-z0-9_]*$";
const SOURCE_COLUMN: &str = "^_*[a-z][a-z0-9_]*$";

fn schema(shape: &Shape) -> Value {
    match shape {
        Shape::Any => json!({}),
        Shape::Text => json!({"type": "string", "minLength": 1}),
        Shape::Name => json!({"type": "string", "pattern": IDENTIFIER}),
        Shape::SourceColumn => json!({"type": "string", "pattern": SOURCE_COLUMN}),
        Shape::Source => json!({"type": "string", "pattern": "^_*[a-z][a-z0-9_]*\\._*[a-z][a-z0-9_]*$"}),
        Shape::Type => {
            json!({"type": "string", "minLength": 1, "examples": ["string", "bigint", "decimal(38,18)", "timestamp"]})
        }
        Shape::Expression => json!({"type": ["string", "number", "boolean"]}),
        Shape::Integer(low, i64::MAX) => json!({"type": "integer", "minimum": low}),
        Shape::Integer(low, high) => json!({"type": "integer", "minimum": low, "maximum": high}),
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::Choice(choices) => {
            let options = choices.iter().map(|(word, meaning)| {
                let value = word.parse::<i64>().map_or_else(|_| json!(word), |number| json!(number));
                json!({"const": value, "description": meaning})
            });
            json!({"oneOf": options.collect::<Vec<_>>()})
        }
        Shape::List(item, items) => {
            let mut out = json!({"type": "array", "items": schema(item)});
            if matches!(items, Items::Some | Items::Many) {
                out["minItems"] = json!(1);
            }
            if matches!(items, Items::Some | Items::Distinct) {
                out["uniqueItems"] = json!(true);
            }
            out
        }
        Shape::Map(key, value) => match key {
            Shape::Text => json!({"type": "object", "additionalProperties": schema(value)}),
            _ => json!({"type": "object", "propertyNames": schema(key), "additionalProperties": schema(value)}),
        },
        Shape::Object(keys) => {
            let mut properties = Map::new();
            for key in *keys {
                let mut property = schema(&key.shape);
                property["description"] = json!(key.description);
                properties.insert(key.name.to_owned(), property);
            }
            let required: Vec<&str> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
            json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
        }
    }
}

/// What `kind` and `scd` ask for, as far as JSON Schema can say it.
fn kind_rules() -> Vec<Value> {
    let rule = |condition: Value, kinds: &[Kind]| {
        let forbidden: Map<String, Value> = KIND_KEYS
            .iter()
            .filter(|(_, need, may)| !kinds.iter().any(|kind| need.contains(kind) || may.contains(kind)))
            .map(|(key, ..)| ((*key).to_owned(), json!(false)))
            .collect();
        let needed: Vec<&str> = KIND_KEYS
            .iter()
            .filter(|(_, need, _)| kinds.iter().all(|kind| need.contains(kind)))
            .map(|(key, ..)| *key)
            .collect();
        json!({"if": condition, "then": {"properties": forbidden, "required": needed}})
    };
    let kind = |word: &str| json!({"properties": {"kind": {"const": word}}, "required": ["kind"]});
    let scd = |value: Value| json!({"properties": {"scd": {"const": value}}, "required": ["scd"]});
    vec![
        rule(kind("fact"), &[Kind::EventFact, Kind::SlicedRunFact]),
        rule(kind("dimension"), &[Kind::Scd1, Kind::Scd2, Kind::Interval, Kind::Aggregate, Kind::Calendar]),
        rule(scd(json!(1)), &[Kind::Scd1, Kind::Aggregate, Kind::Calendar]),
        rule(scd(json!(2)), &[Kind::Scd2]),
        rule(scd(json!("interval")), &[Kind::Interval]),
    ]
}
