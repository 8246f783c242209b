//! The newest row of each key: `latest_per_key` beside the window function that SQL has for it.
//!
//! Both start from the same batches in memory and end with the surviving rows as batches. The window function runs on all
//! cores; `latest_per_key` runs on one, and its time holds putting the batches together and taking the rows. It breaks ties by
//! content as well, which the query is spared: no two rows of a key have the same version.

use arrow::array::RecordBatch;
use arrow::compute::take_record_batch;
use goldsmith_query::order::latest_per_key;

use super::{names, whole};
use crate::case::no_side;
use crate::data::{KEY, QUANTITY, RowVersion, UsageLog, VERSION, usage_schema};
use crate::sizes::short;
use crate::sql::Sql;
use crate::{Case, Job, Lab, Result, Side, Sizes, Work};

const OURS: &str = "latest_per_key";
const PEER: &str = "row_number";
const SIDES: [Side; 2] = [Side::ours(OURS), Side::reference(PEER)];
const NARROW: [&str; 6] = [KEY[0], KEY[1], "workspace_id", "sku_name", QUANTITY, VERSION];
const DUPLICATE_PERCENT: [u64; 3] = [1, 10, 50];

pub(super) fn cases(sizes: &Sizes) -> Vec<Case> {
    let mut cases = Vec::new();
    for columns in [Some(NARROW.as_slice()), None] {
        for percent in DUPLICATE_PERCENT {
            cases.push(case(sizes.rows, columns, percent));
        }
    }
    cases.extend(sizes.headline_rows.map(|rows| case(rows, None, 10)));
    cases
}

fn case(rows: u64, columns: Option<&'static [&'static str]>, percent: u64) -> Case {
    let width = columns.map_or(usage_schema().fields().len(), <[_]>::len);
    let name = format!("{rows}x{width}_{percent}_percent");
    let title = format!("{} × {width}, {percent} % duplicates", short(rows));
    Case::new("dedup", name, title, rows, &SIDES, move |lab| Ok(Box::new(Dedup::new(lab, rows, columns, percent)?)))
}

struct Dedup {
    batches: Vec<RecordBatch>,
    key: Vec<String>,
    newest_first: Vec<String>,
    sql: Sql,
}

impl Dedup {
    /// The later versions of some records, chosen all over, come after the first versions of all.
    fn new(lab: &Lab, rows: u64, columns: Option<&[&str]>, percent: u64) -> Result<Self> {
        let duplicates = rows * percent / 100;
        let records = rows - duplicates;
        let versions: Vec<RowVersion> = (0..records)
            .map(|index| RowVersion { index, version: 1 })
            .chain((0..duplicates).map(|nth| RowVersion { index: nth * records / duplicates, version: 2 }))
            .collect();
        let batches = UsageLog { rows }.batches(&versions, columns)?;
        let schema = batches.first().map(RecordBatch::schema).unwrap_or_else(usage_schema);
        let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let query = format!(
            "SELECT {} FROM (SELECT *, row_number() OVER (PARTITION BY {} ORDER BY {VERSION} DESC) AS place FROM usage) \
             WHERE place = 1",
            columns.join(", "),
            KEY.join(", "),
        );
        let sql = Sql::over(lab, &[("usage", &batches)], query)?;
        Ok(Self { batches, key: names(&KEY), newest_first: names(&[VERSION]), sql })
    }
}

impl Work for Dedup {
    fn job(&self, side: &str) -> Result<Job<'_>> {
        match side {
            OURS => Ok(Box::new(|| {
                let rows = whole(&self.batches)?;
                let latest = latest_per_key(&rows, &self.key, &self.newest_first)?;
                Ok(Box::new(vec![take_record_batch(&rows, &latest)?]))
            })),
            PEER => Ok(self.sql.job()),
            other => no_side(other),
        }
    }
}
