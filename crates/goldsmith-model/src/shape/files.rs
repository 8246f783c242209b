//! The four kinds of files.

use super::Items::{Distinct, Free, Many, Some};
use super::Shape::{
    Any, Boolean, Choice, Expression, Integer, List, Map, Name, Object, Source, SourceColumn, Text, Type,
};
use super::{Shape, optional, required};

const NAMES: Shape = List(&Text, Distinct);
const KEY_COLUMNS: Shape = List(&Text, Some);
const TAGS: Shape = List(&Name, Distinct);

const WRITE_MODE: Shape = Choice(&[
    ("auto", "file by file what costs less"),
    ("merge_on_read", "deletion vectors"),
    ("copy_on_write", "files are rewritten, for readers that know no deletion vectors"),
]);

/// `project.yaml`
pub(crate) const PROJECT: Shape = Object(&[
    required("version", Integer(1, i64::MAX), "Version of the model language; 1 is the only one so far."),
    required("name", Name, "Name of the project."),
    required("description", Text, "What the project is for."),
    optional(
        "settings",
        Object(&[
            optional("currency", Text, "Currency in which prices are looked up (ISO 4217); USD when not given."),
            optional(
                "fiscal_year_start_month",
                Integer(1, 12),
                "First month of the fiscal year, which is named by the year in which it ends; 1 when not given.",
            ),
            optional(
                "write_mode",
                WRITE_MODE,
                "How tables that say nothing else delete rows of files; auto when not given.",
            ),
        ]),
        "Settings of all tables; constants refer to the currency as `$currency`.",
    ),
    optional(
        "schemas",
        Object(&[
            optional("bronze", Name, "Schema of the bronze tables; `bronze` when not given."),
            optional("gold", Name, "Schema of the gold tables; `gold` when not given."),
            optional("quarantine", Name, "Schema of quarantined rows; `quarantine` when not given."),
        ]),
        "Names of the schemas (directories) below the target.",
    ),
]);

const MUTABILITY: &[(&str, &str)] = &[
    ("append_event", "events that never change"),
    ("hourly_slice", "one immutable row per clock hour of something that runs"),
    ("correction_ledger", "facts corrected by further rows"),
    ("scd2_log", "one row per change of an entity"),
    ("mutable_row", "rows updated in place until they are final"),
    ("latest_snapshot", "always the present state of the entities"),
    ("interval_reference", "rows that hold for an interval whose end may be set later"),
];

/// `bronze/<schema>/<table>.yaml`
pub(crate) const BRONZE: Shape = Object(&[
    required("source", Source, "Name of the source, `<schema>.<table>`; the file is bronze/<schema>/<table>.yaml."),
    required("description", Text, "What the source holds."),
    required("mutability", Choice(MUTABILITY), "How rows change after they were first seen."),
    required(
        "load",
        Choice(&[("append", "streamed, exactly once"), ("merge", "merged by natural key and sequence")]),
        "How bronze takes the source over.",
    ),
    required(
        "scope",
        Choice(&[("global", "the whole account"), ("regional", "one cloud region")]),
        "Which part of the account the source covers.",
    ),
    optional("retention_days", Integer(1, 36_500), "Days after which the source forgets a row; kept when not given."),
    optional("optional", Boolean, "Whether a workspace may lack the table; false when not given."),
    required("natural_key", KEY_COLUMNS, "Columns that identify one record."),
    optional("sequence_by", Text, "Column that orders versions of one key; the last delivered wins when not given."),
    optional("date_column", Text, "DATE column that never differs between versions of one key."),
    optional("write_mode", WRITE_MODE, "How rows of existing files are deleted; as the project says when not given."),
    required(
        "columns",
        Map(
            &SourceColumn,
            &Object(&[
                required("type", Type, "Spark SQL type, for instance `decimal(38,18)` or `map<string,string>`."),
                required("description", Text, "What the column means."),
                optional(
                    "values",
                    List(&Text, Some),
                    "All values that the column can have, where the list is surely closed.",
                ),
                optional(
                    "tags",
                    TAGS,
                    "Tags of the column; `pii` marks personal data. Gold columns and Unity Catalog take them over.",
                ),
            ]),
        ),
        "Columns in their order.",
    ),
]);

const LOOKUP: Shape = Object(&[
    required("dimension", Text, "The dimension."),
    optional("date", Text, "Of a calendar: the DATE or TIMESTAMP column; event_time when not given."),
    optional(
        "key",
        Map(&Text, &Text),
        "Key column of the dimension: column of the fact. Key columns that are not named have the same name in the fact.",
    ),
    optional("constant", Map(&Text, &Text), "Key column of the dimension: a constant; `$name` is a project setting."),
    optional("as_of", Text, "TIMESTAMP column that chooses the version or interval; event_time when not given."),
    optional("key_column", Name, "Column that receives the surrogate key; that of the dimension when not given."),
    optional("empty_is_null", Boolean, "Whether an empty text in the key counts as null; false when not given."),
    optional(
        "fetch",
        Map(
            &Name,
            &Object(&[
                required("column", Text, "Column of the dimension."),
                required("description", Text, "What the column means in the fact."),
            ]),
        ),
        "Columns of the dimension that the fact takes over, by their name in the fact.",
    ),
]);

const FOLD_FUNCTIONS: &[(&str, &str)] = &[
    ("min", "smallest value of the column"),
    ("max", "greatest value of the column"),
    ("last", "value of the last slice that has one"),
    ("value_at_last", "value of the column on the last slice where `of` is not null"),
    ("count", "number of slices where the column is not null"),
    ("count_slices", "number of slices"),
    ("last_is_null", "whether the column is null on the last slice"),
    ("duration_seconds", "whole seconds of the sum of end - start over the slices"),
    ("union", "sorted distinct union of the arrays"),
];

const FOLD: Shape = Object(&[
    required(
        "slice",
        Object(&[
            required("start", Text, "Column with the start of a slice."),
            required("end", Text, "Column with the end of a slice."),
        ]),
        "Bounds of a slice; neither is carried.",
    ),
    required(
        "columns",
        Map(
            &Name,
            &Object(&[
                required("function", Choice(FOLD_FUNCTIONS), "How the value is computed."),
                optional("column", Text, "Slice column that it is computed over."),
                optional("of", Text, "Of value_at_last: the column that must not be null on the slice."),
                required("type", Type, "Type of the result."),
                required("description", Text, "What the column means."),
            ]),
        ),
        "Rules by result column; carried columns without a rule take the last value that is not null.",
    ),
]);

const MEMBERS: Shape = List(
    &Object(&[
        required("source", Text, "Source of the rows."),
        required("columns", Map(&Name, &Expression), "Member column: SQL expression over the carried columns."),
    ]),
    Many,
);

const AGGREGATE: Shape = Map(
    &Name,
    &Object(&[
        required(
            "function",
            Choice(&[
                ("min", "smallest value"),
                ("max", "greatest value"),
                ("last", "value of the last row that has one, by `by`"),
            ]),
            "What is computed.",
        ),
        required("column", Text, "Member column that it is computed over."),
        optional("by", List(&Text, Some), "Of last: member columns that order the rows."),
        required("type", Type, "Type of the result."),
        required("description", Text, "What the column means."),
    ]),
);

const CONSERVES: Shape = List(
    &Object(&[
        required("name", Name, "Name of the law, for messages."),
        required("sum", Expression, "SQL expression over the row of the table; yields integers or decimals."),
        optional(
            "equals",
            Expression,
            "SQL expression over the carried row of the source, or over the slice of a fact with `fold`; that of `sum` when not given.",
        ),
        optional("by", NAMES, "Carried columns, for each combination of whose values the law holds."),
        required("description", Text, "What the law says."),
    ]),
    Many,
);

/// `gold/<domain>/<table>.yaml`
pub(crate) const GOLD: Shape = Object(&[
    required("table", Name, "Name, `fact_...` or `dim_...`; the file is gold/<domain>/<table>.yaml."),
    required(
        "kind",
        Choice(&[("fact", "something that happened"), ("dimension", "something that facts refer to")]),
        "What the table is.",
    ),
    optional(
        "scd",
        Choice(&[
            ("1", "one row per business key"),
            ("2", "one row per version"),
            ("interval", "reference rows that hold for an interval of their own"),
        ]),
        "Of a dimension: how it keeps history.",
    ),
    required("domain", Name, "Subject area; the folder of the file."),
    required("description", Text, "What the table is for."),
    required("grain", Text, "What one row stands for, for instance `one billing record`."),
    optional("owner", Text, "Who answers for the table."),
    optional("tags", TAGS, "Tags of the table."),
    optional("source", Text, "Source of the rows."),
    required("key", KEY_COLUMNS, "Business key of a dimension, natural key of a fact."),
    optional("sequence_by", Text, "Column that orders versions of a key; that of the source when not given."),
    optional("event_time", Text, "TIMESTAMP column that tells when the fact happened."),
    optional("exclude", NAMES, "Carried or source columns that are not carried."),
    optional("cluster_by", NAMES, "Columns by which files are sorted and pruned."),
    optional("write_mode", WRITE_MODE, "How rows of existing files are deleted; as the project says when not given."),
    optional("delete_time", Text, "TIMESTAMP column that is set on the row of a deletion."),
    optional("untracked", NAMES, "Columns whose change makes no version, beside key, sequence and date column."),
    optional(
        "interval",
        Object(&[
            required("start", Text, "First instant; part of the key."),
            required("end", Text, "First instant after it; null while open."),
        ]),
        "Of an interval dimension: the columns with its half-open interval.",
    ),
    optional("fold", FOLD, "Of a fact over many slices of one run: how they become one row."),
    optional("members", MEMBERS, "Of a dimension gathered from several sources: the rows that are gathered."),
    optional("aggregate", AGGREGATE, "Of a dimension gathered from several sources: its columns beside the key."),
    optional(
        "empty_is_null",
        Boolean,
        "Of a dimension gathered from several sources: whether an empty key makes no member.",
    ),
    optional(
        "calendar",
        Object(&[optional("descriptions", Map(&Text, &Text), "Descriptions by column.")]),
        "Of the calendar: it is generated, and covers every date of a fact that looks it up.",
    ),
    optional(
        "derived",
        Map(
            &Name,
            &Object(&[
                required("type", Type, "Type of the result."),
                required("expr", Expression, "SQL expression over carried, folded, fetched and other derived columns."),
                required("description", Text, "What the column means."),
            ]),
        ),
        "Columns computed by SQL expressions.",
    ),
    optional("dimensions", List(&LOOKUP, Free), "Of a fact: the dimensions that it refers to."),
    optional(
        "conserves",
        CONSERVES,
        "Conservation laws: sums over the rows that the table is made from, which its own rows must have as well.",
    ),
]);

/// `tests/<table>.yaml`
pub(crate) const DATA_TEST: Shape = Object(&[
    required("table", Text, "The gold table; the file is tests/<table>.yaml."),
    required(
        "cases",
        List(
            &Object(&[
                required("name", Text, "What the case shows."),
                required(
                    "deliveries",
                    List(&Map(&Text, &List(&Map(&Text, &Any), Free)), Many),
                    "One run each: source: the rows that are appended; of a merged source the whole snapshot. Columns not named are null.",
                ),
                required(
                    "expect",
                    List(&Map(&Text, &Any), Free),
                    "The rows of the table after the last run, in any order, without the unknown member. Only the named columns are compared; `<dimension>.<column>` is a column of the dimension row that the key points to.",
                ),
                optional(
                    "quarantined",
                    Map(&Text, &Integer(0, i64::MAX)),
                    "Number of rows in quarantine after the last run, by source.",
                ),
            ]),
            Many,
        ),
        "Cases, each on empty tables.",
    ),
]);
