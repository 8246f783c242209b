//! The codes of diagnostics, with their documentation.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($variant:ident $text:literal $title:literal)*) => {
        /// What kind of problem a diagnostic is about. The text form is stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $title] $variant,)*
        }

        impl Code {
            /// All codes, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Self::$variant,)*];

            /// The stable text, for instance `unknown-column`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// One line that says what the code stands for.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// The documentation in markdown: why it is a problem, a bad example and the fix.
            pub fn explain(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("../../explain/", $text, ".md")),)* }
            }
        }
    };
}

codes! {
    UnreadableFile "unreadable-file" "A file or directory of the model cannot be read."
    MalformedYaml "malformed-yaml" "A file is no valid YAML."
    UnsupportedYaml "unsupported-yaml" "A file uses a YAML feature that model files do without."
    DuplicateKey "duplicate-key" "A key stands twice in one mapping."
    UnknownKey "unknown-key" "A key is none of those that the place knows."
    MissingKey "missing-key" "A key that must be there is missing."
    MisplacedKey "misplaced-key" "A key does not belong to a table of this kind."
    WrongType "wrong-type" "A value has another shape than the key needs."
    InvalidValue "invalid-value" "A value is outside of what the key allows."
    InvalidName "invalid-name" "A name is no identifier, or lacks the prefix of its kind."
    InvalidType "invalid-type" "A column type is no Spark SQL type."
    DuplicateItem "duplicate-item" "A list names one thing twice."
    MissingDescription "missing-description" "A table or column says nothing about what it means."
    UnsupportedVersion "unsupported-version" "The model is written in a version of the language that this program cannot read."
    MissingProject "missing-project" "The model has no project.yaml."
    UnexpectedFile "unexpected-file" "A YAML file lies where no model file belongs."
    PathMismatch "path-mismatch" "A file is not where its table belongs."
    DuplicateTable "duplicate-table" "Two files define one table."
    DuplicateContent "duplicate-content" "Two gold tables hold the same rows."
    UnknownSource "unknown-source" "A gold table reads a source that no bronze file declares."
    UnknownTable "unknown-table" "A name stands for no gold table."
    UnknownColumn "unknown-column" "A name stands for no column that can be seen there."
    DuplicateColumn "duplicate-column" "Two columns of one table would have one name."
    ReservedColumn "reserved-column" "A column has a name that the engine adds itself."
    UnsuitableKeyType "unsuitable-key-type" "A key column has a type whose equality is not exact."
    TypeMismatch "type-mismatch" "A column or expression has another type than the place needs."
    NoTotalOrder "no-total-order" "Versions of a row cannot be put into an order."
    KindContradictsSource "kind-contradicts-source" "The kind of a gold table does not go with how its source changes."
    LoadContradictsMutability "load-contradicts-mutability" "The load mode does not go with how the source changes."
    IntervalStartNotInKey "interval-start-not-in-key" "The start of the interval is not part of the key of an interval dimension."
    MemberLacksKey "member-lacks-key" "A member of an aggregate dimension does not yield a column of the business key."
    UngroupableLaw "ungroupable-law" "A conservation law groups by a column that is not the same in a gold row and the rows it is made from."
    InexactSum "inexact-sum" "A conservation law adds up values whose sum is not exact."
    NotADimension "not-a-dimension" "A look-up names a table that is no dimension."
    IncompleteLookupKey "incomplete-lookup-key" "A look-up does not cover the whole business key of the dimension."
    LookupKeyMismatch "lookup-key-mismatch" "A look-up compares columns of different types, or names a column outside of the dimension's key."
    UnknownSetting "unknown-setting" "A constant refers to a project setting that does not exist."
    UnusedSource "unused-source" "No gold table reads a source."
    ExpressionSyntax "expression-syntax" "An expression is no valid SQL."
    UnknownFunction "unknown-function" "An expression calls a function that does not exist."
    ExpressionCycle "expression-cycle" "Derived columns depend on each other in a circle."
    PredicateOutsideDomain "predicate-outside-domain" "A comparison can never hold, because the column never has the value."
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A text that is the code of no diagnostic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no diagnostic has the code `{text}`{}", .suggestion.map(|code| format!("; did you mean `{code}`?")).unwrap_or_default())]
pub struct UnknownCode {
    /// The text.
    pub text: String,
    /// The code that is nearest to it.
    pub suggestion: Option<Code>,
}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.iter().map(|code| code.as_str());
            let nearest = crate::suggest::nearest(text, names);
            let suggestion = nearest.and_then(|name| Self::ALL.iter().copied().find(|code| code.as_str() == name));
            UnknownCode { text: text.to_owned(), suggestion }
        })
    }
}

/// Markdown with the documentation of every code: the page of the error index.
pub fn error_index() -> String {
    let mut out = String::from(
        "# Diagnostics\n\nEvery problem that the model check reports, by its code. `goldsmith explain <code>` prints one entry.\n",
    );
    for code in Code::ALL {
        out.push_str(&format!("\n## {code}\n\n{}\n\n{}\n", code.title(), code.explain().trim()));
    }
    out
}
