//! How the columns of a data file are encoded, told by its first rows.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use datafusion::common::hash_utils::{RandomState, create_hashes};
use parquet::arrow::ArrowSchemaConverter;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

/// Values of a column that are looked at.
const SAMPLE: usize = 8 * 1024;
/// Fewer values tell nothing.
const SMALLEST_SAMPLE: usize = 1024;
/// With so many distinct values in a sample, most values of a row group are distinct: a dictionary of them takes time to build and
/// is given up in the end.
const MOSTLY_DISTINCT: f64 = 0.95;

/// Files come out the same whenever they are written.
const HASH_SEED: u64 = 0x676f_6c64;
/// Bits in which the distinct values of a sample are counted, several times as many as values.
const COUNTING_BITS: usize = 8 * SAMPLE;

/// Texts of so many bytes on average are wide: how much a batch of them takes has to stand in the footer.
const WIDE: usize = 256;

/// The properties for a file that begins with these rows. No dictionary is tried for columns of mostly distinct values, and no
/// bounds are kept for elements of lists and maps, which no reader can use to leave rows out. With the bounds goes the number of bytes
/// of texts; who reads a file of ours knows that they are short ([`crate::batch_rows`]).
pub(crate) fn properties_for(properties: WriterProperties, batch: &RecordBatch) -> WriterProperties {
    let Ok(schema) = ArrowSchemaConverter::new().convert(batch.schema_ref()) else {
        // The writer fails on it too, and tells why.
        return properties;
    };
    let mut leaves = Vec::with_capacity(schema.num_columns());
    for column in batch.columns() {
        push_leaves(column, &mut leaves);
    }
    if leaves.len() != schema.num_columns() {
        return properties;
    }
    let mut builder = properties.into_builder();
    for (column, values) in schema.columns().iter().zip(&leaves) {
        if column.max_rep_level() > 0 && !is_wide(values) {
            builder = builder.set_column_statistics_enabled(column.path().clone(), EnabledStatistics::None);
        }
        if is_mostly_distinct(values) {
            builder = builder.set_column_dictionary_enabled(column.path().clone(), false);
        }
    }
    builder.build()
}

/// The values of a column, one array for each column of a Parquet file, in its order.
fn push_leaves(array: &ArrayRef, leaves: &mut Vec<ArrayRef>) {
    match array.data_type() {
        DataType::Struct(_) => {
            for child in array.as_struct().columns() {
                push_leaves(child, leaves);
            }
        }
        DataType::List(_) => push_leaves(array.as_list::<i32>().values(), leaves),
        DataType::Map(..) => {
            push_leaves(array.as_map().keys(), leaves);
            push_leaves(array.as_map().values(), leaves);
        }
        _ => leaves.push(array.slice(0, array.len().min(SAMPLE))),
    }
}

fn is_wide(values: &ArrayRef) -> bool {
    let bytes = |offsets: &[i32]| match (offsets.first(), offsets.last()) {
        (Some(first), Some(last)) => usize::try_from(last - first).unwrap_or_default(),
        _ => 0,
    };
    let bytes = match values.data_type() {
        DataType::Utf8 => bytes(values.as_string::<i32>().value_offsets()),
        DataType::Binary => bytes(values.as_binary::<i32>().value_offsets()),
        _ => 0,
    };
    bytes > WIDE * values.len()
}

fn is_mostly_distinct(values: &ArrayRef) -> bool {
    let count = values.len() - values.null_count();
    if count < SMALLEST_SAMPLE || values.data_type() == &DataType::Boolean {
        return false;
    }
    let mut hashes = vec![0; values.len()];
    if create_hashes([values], &RandomState::with_seed(HASH_SEED), &mut hashes).is_err() {
        return false;
    }
    let valid = hashes.iter().enumerate().filter(|(row, _)| values.is_valid(*row)).map(|(_, hash)| *hash);
    count_distinct(valid) >= MOSTLY_DISTINCT * count as f64
}

/// About how many distinct values have these hashes: by the share of bits that none of them sets, where each sets one of many. A set of
/// the hashes would be exact, and cost more than a dictionary saves in a small file.
/// Source: Whang et al., "A linear-time probabilistic counting algorithm for database applications", ACM TODS 15(2), 1990.
fn count_distinct(hashes: impl Iterator<Item = u64>) -> f64 {
    let mut set = vec![0_u64; COUNTING_BITS / 64];
    for hash in hashes {
        let bit = hash as usize % COUNTING_BITS;
        if let Some(word) = set.get_mut(bit / 64) {
            *word |= 1 << (bit % 64);
        }
    }
    let filled: u32 = set.iter().map(|word| word.count_ones()).sum();
    let bits = COUNTING_BITS as f64;
    -bits * (-f64::from(filled) / bits).ln_1p()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, ListArray, MapBuilder, StringArray, StringBuilder, StructArray};
    use arrow::datatypes::{Field, Int64Type};
    use parquet::schema::types::ColumnPath;

    use super::*;

    const ROWS: i64 = 4_000;

    fn path(parts: &[&str]) -> ColumnPath {
        ColumnPath::new(parts.iter().map(|part| (*part).to_owned()).collect())
    }

    fn batch() -> RecordBatch {
        let ids: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS).map(|row| format!("id-{row}"))));
        let kinds: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS).map(|row| format!("kind-{}", row % 7))));
        let mostly_null: ArrayRef =
            Arc::new((0..ROWS).map(|row| (row % 100 == 0).then_some(row)).collect::<Int64Array>());
        let inner = StructArray::from(vec![
            (Arc::new(Field::new("id", DataType::Utf8, true)), Arc::clone(&ids)),
            (Arc::new(Field::new("kind", DataType::Utf8, true)), Arc::clone(&kinds)),
        ]);
        let lists = ListArray::from_iter_primitive::<Int64Type, _, _>((0..ROWS).map(|row| Some(vec![Some(row)])));
        let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
        for row in 0..ROWS {
            maps.keys().append_value("team");
            maps.values().append_value(format!("{row}"));
            maps.append(true).unwrap();
        }
        RecordBatch::try_from_iter([
            ("id", ids),
            ("kind", kinds),
            ("mostly_null", mostly_null),
            ("inner", Arc::new(inner)),
            ("lists", Arc::new(lists)),
            ("maps", Arc::new(maps.finish())),
        ])
        .unwrap()
    }

    #[test]
    fn only_columns_of_repeated_values_get_a_dictionary() {
        let properties = properties_for(WriterProperties::default(), &batch());
        let has_dictionary = |parts: &[&str]| properties.dictionary_enabled(&path(parts));
        assert!(!has_dictionary(&["id"]) && !has_dictionary(&["inner", "id"]));
        assert!(!has_dictionary(&["lists", "list", "item"]) && !has_dictionary(&["maps", "entries", "values"]));
        assert!(has_dictionary(&["kind"]) && has_dictionary(&["inner", "kind"]));
        assert!(has_dictionary(&["maps", "entries", "keys"]));
        assert!(has_dictionary(&["mostly_null"]), "40 values tell nothing");
    }

    #[test]
    fn distinct_values_are_counted_nearly() {
        let hash = |value: u64| {
            let values: ArrayRef = Arc::new(Int64Array::from_iter_values([value as i64]));
            let mut hashes = [0];
            create_hashes([&values], &RandomState::with_seed(HASH_SEED), &mut hashes).unwrap();
            hashes[0]
        };
        for distinct in [1_u64, 100, 4_000, SAMPLE as u64] {
            let found = count_distinct((0..SAMPLE as u64).map(|value| hash(value % distinct)));
            assert!((found / distinct as f64 - 1.0).abs() < 0.02, "{found} of {distinct}");
        }
    }

    #[test]
    fn elements_of_lists_and_maps_have_no_bounds() {
        let properties = properties_for(WriterProperties::default(), &batch());
        let statistics = |parts: &[&str]| properties.statistics_enabled(&path(parts));
        for parts in [&["lists", "list", "item"][..], &["maps", "entries", "keys"], &["maps", "entries", "values"]] {
            assert_eq!(statistics(parts), EnabledStatistics::None, "{parts:?}");
        }
        for parts in [&["id"][..], &["inner", "kind"]] {
            assert_eq!(statistics(parts), EnabledStatistics::Page, "{parts:?}");
        }
    }

    #[test]
    fn wide_elements_keep_the_number_of_their_bytes() {
        let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
        for _ in 0..10 {
            maps.keys().append_value("body");
            maps.values().append_value("x".repeat(WIDE + 1));
            maps.append(true).unwrap();
        }
        let maps: ArrayRef = Arc::new(maps.finish());
        let batch = RecordBatch::try_from_iter([("maps", maps)]).unwrap().slice(2, 5);
        let properties = properties_for(WriterProperties::default(), &batch);
        let statistics = |part| properties.statistics_enabled(&path(&["maps", "entries", part]));
        assert_eq!((statistics("keys"), statistics("values")), (EnabledStatistics::None, EnabledStatistics::Page));
    }

    #[test]
    fn few_rows_are_written_as_ever() {
        let few = batch().slice(0, 100);
        let properties = properties_for(WriterProperties::default(), &few);
        assert!(properties.dictionary_enabled(&path(&["id"])));
    }
}
