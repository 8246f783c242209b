//! Which of several rows of a key is the latest.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::{filter_record_batch, take_record_batch};
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use datafusion::common::HashSet;

use super::encode::RowEncoder;
use super::keys::KeyIndex;
use super::request::Preference;

type ArrowResult<T> = std::result::Result<T, ArrowError>;

/// A row, by its batch and its number there.
type Place = (usize, usize);

/// Some rows of a batch, each with the number of its key.
type Versions = Vec<(usize, usize)>;

/// The order of the versions of a key, in which the greatest is the latest: by the sequence, then by the other columns that make a row
/// different, in the order of their names. Each ascends, null first, as [`RowEncoder`] has it; so the order is total over all types, and
/// two versions are equal in it only when they are equal.
///
/// Ignored columns come last. They decide only which of two equal rows is written, so that this does not depend on arrival either.
pub(crate) struct VersionOrder {
    key: Vec<String>,
    sequence: Vec<String>,
    /// What makes a row different beside the sequence, by name.
    content: Vec<String>,
    /// What is left, by name.
    ignored: Vec<String>,
}

impl VersionOrder {
    /// The order by `sequence`, which are some of the `compared` columns of a schema.
    pub(super) fn new(schema: &Schema, key: &[String], sequence: &[String], compared: &[String]) -> Self {
        let by_name = |is_wanted: &dyn Fn(&String) -> bool| {
            let names = schema.fields().iter().map(|field| field.name());
            let mut names: Vec<String> = names.filter(|name| is_wanted(name)).cloned().collect();
            names.sort_unstable();
            names
        };
        Self {
            key: key.to_vec(),
            sequence: sequence.to_vec(),
            content: by_name(&|name| compared.contains(name) && !sequence.contains(name)),
            ignored: by_name(&|name| !compared.contains(name) && !key.contains(name)),
        }
    }

    /// Lets a row of the table stay that is later than the new one of its key.
    pub(super) fn preference(&self, schema: &Schema) -> ArrowResult<Preference> {
        let encoder = RowEncoder::new(schema, &[&self.sequence[..], &self.content[..]].concat())?;
        let held_stays = move |held: &RecordBatch, new: &RecordBatch| -> ArrowResult<BooleanArray> {
            let (held, new) = (encoder.encode(held)?, encoder.encode(new)?);
            Ok(held.iter().zip(new.iter()).map(|(held, new)| Some(held.data() > new.data())).collect())
        };
        Ok(Preference { columns: Vec::new(), held_stays: Arc::new(held_stays) })
    }

    /// The latest row of each key, with the number of the others. Batches keep their order, and the rows in them theirs.
    ///
    /// Takes 16 bytes for each row, and of keys that come more than once their own bytes and those of one version.
    pub(super) fn latest(&self, schema: &Schema, batches: Vec<RecordBatch>) -> ArrowResult<(Vec<RecordBatch>, u64)> {
        let (contested, keys) = self.contested(schema, &batches)?;
        if keys == 0 {
            return Ok((batches, 0));
        }
        let content = [&self.content[..], &self.ignored[..]].concat();
        let mut winners: Vec<Vec<usize>> = vec![Vec::new(); batches.len()];
        let mut tied: Vec<Versions> = vec![Versions::new(); batches.len()];
        for (key, places) in greatest(schema, &batches, &contested, &self.sequence, keys)?.into_iter().enumerate() {
            match places.as_slice() {
                [(batch, row), others @ ..] if others.is_empty() || content.is_empty() => winners[*batch].push(*row),
                several => several.iter().for_each(|(batch, row)| tied[*batch].push((*row, key))),
            }
        }
        if tied.iter().any(|rows| !rows.is_empty()) {
            for places in greatest(schema, &batches, &tied, &content, keys)? {
                // Those that are equal in all columns are one row: any of them will do.
                if let Some((batch, row)) = places.first() {
                    winners[*batch].push(*row);
                }
            }
        }
        let mut others = 0;
        let mut latest = Vec::with_capacity(batches.len());
        for ((batch, contested), winners) in batches.into_iter().zip(&contested).zip(&winners) {
            if contested.len() == winners.len() {
                latest.push(batch);
                continue;
            }
            others += (contested.len() - winners.len()) as u64;
            let mut stays = vec![true; batch.num_rows()];
            contested.iter().for_each(|(row, _)| stays[*row] = false);
            winners.iter().for_each(|row| stays[*row] = true);
            latest.push(filter_record_batch(&batch, &BooleanArray::from(stays))?);
        }
        latest.retain(|batch| batch.num_rows() > 0);
        Ok((latest, others))
    }

    /// The rows of each batch whose key may come more than once, with the number of these keys.
    fn contested(&self, schema: &Schema, batches: &[RecordBatch]) -> ArrowResult<(Vec<Versions>, usize)> {
        let encoder = RowEncoder::new(schema, &self.key)?;
        let hash = |batch: &RecordBatch| -> ArrowResult<Vec<u64>> {
            match encoder.hash(batch)? {
                Some(hashes) => Ok(hashes),
                None => encoder.hash_encoded(batch, &encoder.encode(batch)?),
            }
        };
        let hashes = batches.iter().map(hash).collect::<ArrowResult<Vec<Vec<u64>>>>()?;
        // Most keys come once, which their hashes tell.
        let mut sorted = hashes.concat();
        sorted.sort_unstable();
        let repeated: HashSet<u64> = sorted.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        drop(sorted);
        let mut keys = KeyIndex::new(schema, &self.key)?;
        let mut contested = Vec::with_capacity(batches.len());
        for (batch, hashes) in batches.iter().zip(hashes) {
            let rows: Vec<usize> = (0..hashes.len()).filter(|row| repeated.contains(&hashes[*row])).collect();
            if rows.is_empty() {
                contested.push(Versions::new());
                continue;
            }
            let taken = take(batch, &self.key, rows.iter().copied())?;
            keys.insert(&taken)?;
            let numbered = rows.into_iter().zip(keys.find(&taken)?);
            contested.push(numbered.filter_map(|(row, key)| Some((row, key?))).collect());
        }
        Ok((contested, keys.len()))
    }
}

/// For each of so many keys those of the rows that are greatest by these columns.
fn greatest(
    schema: &Schema,
    batches: &[RecordBatch],
    rows: &[Versions],
    columns: &[String],
    keys: usize,
) -> ArrowResult<Vec<Vec<Place>>> {
    let encoder = RowEncoder::new(schema, columns)?;
    let mut ranks: Vec<Box<[u8]>> = vec![Box::default(); keys];
    let mut places: Vec<Vec<Place>> = vec![Vec::new(); keys];
    for (number, (batch, rows)) in batches.iter().zip(rows).enumerate() {
        if rows.is_empty() {
            continue;
        }
        let encoded = encoder.encode(&take(batch, columns, rows.iter().map(|(row, _)| *row))?)?;
        for (rank, (row, key)) in encoded.iter().zip(rows) {
            let order = if places[*key].is_empty() { Ordering::Greater } else { rank.data().cmp(&ranks[*key]) };
            match order {
                Ordering::Less => {}
                Ordering::Equal => places[*key].push((number, *row)),
                Ordering::Greater => {
                    ranks[*key] = rank.data().into();
                    places[*key] = vec![(number, *row)];
                }
            }
        }
    }
    Ok(places)
}

/// Some columns, of which there is at least one, of some rows.
fn take(batch: &RecordBatch, columns: &[String], rows: impl Iterator<Item = usize>) -> ArrowResult<RecordBatch> {
    let indices = columns.iter().map(|name| batch.schema_ref().index_of(name)).collect::<ArrowResult<Vec<usize>>>()?;
    take_record_batch(&batch.project(&indices)?, &UInt64Array::from_iter_values(rows.map(|row| row as u64)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{ArrayRef, Float64Array, Int64Array, MapBuilder, StringArray, StringBuilder};
    use arrow::compute::concat_batches;

    use super::*;

    /// Key, sequence, value, and who wrote it.
    type Row = (i64, Option<f64>, Option<&'static str>, &'static str);

    fn batch(rows: &[Row]) -> RecordBatch {
        let key: ArrayRef = Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>());
        let sequence: ArrayRef = Arc::new(rows.iter().map(|row| row.1).collect::<Float64Array>());
        let value: ArrayRef = Arc::new(rows.iter().map(|row| row.2).collect::<StringArray>());
        let writer: ArrayRef = Arc::new(rows.iter().map(|row| Some(row.3)).collect::<StringArray>());
        let columns = [("k", key, true), ("s", sequence, true), ("v", value, true), ("w", writer, true)];
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }

    fn names(columns: &[&str]) -> Vec<String> {
        columns.iter().map(|name| (*name).to_owned()).collect()
    }

    fn order(schema: &Schema) -> VersionOrder {
        VersionOrder::new(schema, &names(&["k"]), &names(&["s"]), &names(&["s", "v"]))
    }

    /// The latest rows, and how many others there were.
    fn latest(batches: &[Vec<Row>]) -> (RecordBatch, u64) {
        let batches: Vec<RecordBatch> = batches.iter().map(|rows| batch(rows)).collect();
        let schema = batches[0].schema();
        let (latest, others) = order(&schema).latest(&schema, batches).unwrap();
        (concat_batches(&schema, &latest).unwrap(), others)
    }

    #[test]
    fn of_two_versions_the_later_one_stays_whichever_comes_first() {
        let cases: [(Row, Row); 8] = [
            ((1, Some(1.0), Some("z"), "w"), (1, Some(2.0), Some("a"), "w")),
            ((1, None, Some("z"), "w"), (1, Some(f64::NEG_INFINITY), None, "w")),
            ((1, Some(f64::INFINITY), Some("z"), "w"), (1, Some(f64::NAN), Some("a"), "w")),
            ((1, Some(-0.0), Some("z"), "w"), (1, Some(0.0), Some("a"), "w")),
            ((1, Some(1.0), Some("a"), "z"), (1, Some(1.0), Some("b"), "a")),
            ((1, Some(1.0), None, "z"), (1, Some(1.0), Some(""), "a")),
            ((1, None, None, "z"), (1, None, Some("a"), "a")),
            ((1, Some(1.0), Some("a"), "v"), (1, Some(1.0), Some("a"), "w")),
        ];
        for (earlier, later) in cases {
            let expected = (batch(&[later]), 1);
            for batches in [
                vec![vec![earlier, later]],
                vec![vec![later, earlier]],
                vec![vec![earlier], vec![later]],
                vec![vec![later], vec![earlier]],
            ] {
                assert_eq!(latest(&batches), expected, "{batches:?}");
            }
        }
    }

    #[test]
    fn keys_that_come_once_and_equal_rows_are_left_alone() {
        let once: Row = (2, None, None, "w");
        let twice: Row = (1, Some(1.0), Some("a"), "w");
        assert_eq!(latest(&[vec![once], vec![twice]]), (batch(&[once, twice]), 0));
        assert_eq!(latest(&[vec![twice, once, twice], vec![twice]]), (batch(&[twice, once]), 2));
    }

    #[test]
    fn a_held_row_stays_only_when_it_is_later() {
        let held: [Row; 4] = [
            (1, Some(2.0), Some("a"), "w"),
            (2, Some(1.0), Some("z"), "w"),
            (3, None, Some("b"), "w"),
            (4, None, None, "z"),
        ];
        let new: [Row; 4] = [
            (1, Some(1.0), Some("z"), "w"),
            (2, Some(2.0), Some("a"), "w"),
            (3, None, Some("a"), "w"),
            (4, None, None, "w"),
        ];
        let (held, new) = (batch(&held), batch(&new));
        let preference = order(&held.schema()).preference(&held.schema()).unwrap();
        let stays = (preference.held_stays)(&held, &new).unwrap();
        assert_eq!(stays, BooleanArray::from(vec![true, false, true, false]));
    }

    #[test]
    fn entries_of_maps_decide_in_the_order_of_their_keys() {
        let versions = |maps: [&[(&str, &str)]; 2]| {
            let mut tags = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
            for entries in maps {
                for (key, value) in entries {
                    tags.keys().append_value(key);
                    tags.values().append_value(value);
                }
                tags.append(true).unwrap();
            }
            let keys: ArrayRef = Arc::new(Int64Array::from(vec![1, 1]));
            let sequence: ArrayRef = Arc::new(Int64Array::from(vec![1, 1]));
            RecordBatch::try_from_iter([("k", keys), ("s", sequence), ("v", Arc::new(tags.finish()))]).unwrap()
        };
        // By the entry `a`, wherever it stands.
        let (small, great): (&[_], &[_]) = (&[("b", "9"), ("a", "1")], &[("a", "2"), ("b", "0")]);
        for (maps, expected) in [([small, great], 1), ([great, small], 0)] {
            let versions = versions(maps);
            let schema = versions.schema();
            let (latest, others) = order(&schema).latest(&schema, vec![versions.clone()]).unwrap();
            assert_eq!((latest, others), (vec![versions.slice(expected, 1)], 1));
        }
    }
}
