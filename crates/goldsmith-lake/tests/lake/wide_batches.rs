//! Rows with long texts are read and written few at a time, whatever the footers of files tell of them.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, DictionaryArray, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, Int64Type};
use futures::TryStreamExt;
use goldsmith_lake::{Lake, LakeOptions, MemoryBounds};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, SerializedFileReader};
use rand::SeedableRng;
use rand::distr::{Alphanumeric, SampleString};
use rand_chacha::ChaCha8Rng;

use crate::support::{Place, append, pairs_schema, rows};

/// Bytes of a long text.
const LONG: usize = 200_000;
/// Bytes of texts that no batch exceeds.
const MOST: usize = 16 * 1024 * 1024;

/// Numbered rows of a file, and how many there are in a row group at most.
struct Layout {
    /// So many rows each have a text of so many bytes; the dictionary of the file has each text once.
    runs: Vec<(usize, usize)>,
    group: usize,
    /// Whether the footer counts the bytes of texts, and has bounds of them.
    is_told: bool,
    /// Whether the file says that its texts are a dictionary in Arrow.
    is_dictionary: bool,
}

fn put(path: &Path, layout: &Layout) {
    let texts = layout.runs.iter().zip('a'..).map(|((_, length), letter)| letter.to_string().repeat(*length));
    let texts = StringArray::from_iter_values(texts);
    let keys = layout.runs.iter().zip(0..).flat_map(|((rows, _), key)| std::iter::repeat_n(key, *rows));
    let keys = Int32Array::from_iter_values(keys);
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..keys.len() as i64));
    let texts: ArrayRef = Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(texts)).unwrap());
    let batch = RecordBatch::try_from_iter([("k", numbers), ("v", texts)]).unwrap();
    let statistics = if layout.is_told { EnabledStatistics::Page } else { EnabledStatistics::None };
    let properties = WriterProperties::builder()
        .set_statistics_enabled(statistics)
        .set_max_row_group_row_count(Some(layout.group))
        .build();
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(!layout.is_dictionary);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer = ArrowWriter::try_new_with_options(File::create(path).unwrap(), batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// Reads a file of this layout as that of a source, and looks whether its rows are right. Returns the rows of each batch, with the bytes
/// of its texts.
async fn batches(layout: &Layout) -> Vec<(usize, usize)> {
    let place = Place::new();
    put(&place.dir.path().join("in/1.parquet"), layout);
    let source = place.lake.open_source(&place.at("in")).await.unwrap().unwrap();
    let read = source.plan_read(None).await.unwrap();
    let stream = source.stream(&read.files, None).await.unwrap();
    let batches: Vec<RecordBatch> = stream.try_collect().await.unwrap();
    let mut expected =
        layout.runs.iter().zip('a'..).flat_map(|(run, letter)| std::iter::repeat_n((run.1, letter), run.0));
    let mut number = 0;
    let mut found = Vec::new();
    for batch in &batches {
        let texts = batch.column(1).as_string::<i32>();
        for (key, text) in batch.column(0).as_primitive::<Int64Type>().values().iter().zip(texts) {
            let text = text.unwrap();
            assert_eq!(*key, number);
            assert_eq!(Some((text.len(), text.chars().next().unwrap())), expected.next(), "{key}");
            number += 1;
        }
        found.push((batch.num_rows(), texts.iter().flatten().map(str::len).sum()));
    }
    assert_eq!(expected.next(), None, "rows are missing");
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn long_texts_of_a_dictionary_are_decoded_few_at_a_time() {
    for (is_told, is_dictionary) in [(true, false), (false, false), (false, true)] {
        let layout = Layout { runs: vec![(100, LONG), (100, LONG)], group: 1_000, is_told, is_dictionary };
        let found = batches(&layout).await;
        let case = format!("told: {is_told}, dictionary: {is_dictionary}: {found:?}");
        assert!(found.iter().all(|(_, bytes)| *bytes <= MOST), "{case}");
        assert!(found.len() <= 10, "no smaller than they have to be: {case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn short_texts_are_decoded_in_large_batches() {
    // A dictionary of many texts, which could be few long ones for all that the footer tells.
    let runs = (0..20).map(|_| (500, 5_000)).collect();
    let found = batches(&Layout { runs, group: 10_000, is_told: false, is_dictionary: false }).await;
    let rows: Vec<usize> = found.iter().map(|(rows, _)| *rows).collect();
    assert!(rows.len() < 10 && rows[1] > 10 * rows[0], "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_texts_after_short_ones_are_noticed_and_every_row_comes_once() {
    let runs = vec![(70, 1), (300, LONG)];
    let found = batches(&Layout { runs, group: 300, is_told: false, is_dictionary: false }).await;
    let rows: Vec<usize> = found.iter().map(|(rows, _)| *rows).collect();
    assert_eq!(rows[..2], [64, 236], "the first ones are short, the rest of the row group comes at once");
    assert!(rows.len() > 3 && rows[2..].iter().all(|rows| *rows < 70), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_groups_of_long_texts_end_before_memory_does() {
    let place = Place::new();
    let bounds = MemoryBounds { files: 1, queries: 1024 * 1024 };
    let lake = Lake::new(LakeOptions { threads: 1, memory: Some(bounds), ..LakeOptions::default() });
    place.create("t", pairs_schema()).await;
    let mut table = lake.open(&place.at("t")).await.unwrap().unwrap();
    let text = Alphanumeric.sample_string(&mut ChaCha8Rng::seed_from_u64(1), LONG);
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..60));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..60).map(|row| format!("{row}{text}"))));
    let batch = RecordBatch::try_new(pairs_schema(), vec![numbers, texts]).unwrap();
    append(&mut table, &batch, None, "r").await;
    let file = File::open(place.dir.path().join("t").join(&table.files().unwrap()[0].path)).unwrap();
    let groups = SerializedFileReader::new(file).unwrap().metadata().num_row_groups();
    assert!(groups > 1, "{groups}");
    assert_eq!(rows(&table).await.len(), 60);
}
