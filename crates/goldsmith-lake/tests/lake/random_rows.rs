//! Random rows of many types, and random filters over them.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, ListArray, MapBuilder,
    MapFieldNames, RecordBatch, StringArray, StringBuilder, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Which columns and fields there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evolution {
    First,
    /// With the column `later`, and with the field `b` in `o` and in the elements of `l`.
    Later,
}

/// Instants in microseconds lie around the epoch, where rounding is easily done the wrong way.
const INSTANTS: std::ops::Range<i64> = -5_000..5_000;
/// Times this is a decimal of 38 digits, of which a floating point number keeps 15.
const HUGE: i128 = 1_234_567_890_123_456_789_012_345_678_901;

fn inner(evolution: Evolution) -> Fields {
    let mut fields = vec![Field::new("a", DataType::Utf8, true)];
    if evolution == Evolution::Later {
        fields.push(Field::new("b", DataType::Int32, true));
    }
    fields.into()
}

fn map_type() -> DataType {
    let key = Field::new("key", DataType::Utf8, false);
    let value = Field::new("value", DataType::Utf8, true);
    let entries = Field::new("key_value", DataType::Struct(vec![key, value].into()), false);
    DataType::Map(Arc::new(entries), false)
}

pub fn schema(evolution: Evolution) -> SchemaRef {
    let object = DataType::Struct(inner(evolution));
    let mut fields = vec![
        Field::new("k", DataType::Int64, true),
        Field::new("i", DataType::Int32, true),
        Field::new("t", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        Field::new("d", DataType::Date32, true),
        Field::new("price", DataType::Decimal128(38, 18), true),
        Field::new("small", DataType::Decimal128(10, 2), true),
        Field::new("f", DataType::Float64, true),
        Field::new("s", DataType::Utf8, true),
        Field::new("b", DataType::Boolean, true),
        Field::new("o", object.clone(), true),
        Field::new("l", DataType::List(Arc::new(Field::new("element", object, true))), true),
        Field::new("m", map_type(), true),
    ];
    if evolution == Evolution::Later {
        fields.push(Field::new("later", DataType::Int64, true));
    }
    Arc::new(Schema::new(fields))
}

fn text(random: &mut ChaCha8Rng) -> String {
    let start = ["", "a", "ab", "b", "ü"][random.random_range(0..5)];
    match random.random_range(0..4) {
        // Longer than bounds are kept, and different only after what is kept.
        0 => format!("{start}{}{}", "x".repeat(80), random.random_range(0..3)),
        _ => start.to_owned(),
    }
}

fn number(random: &mut ChaCha8Rng) -> f64 {
    [f64::NAN, -0.0, 0.0, f64::INFINITY, 1.5, -2.5, 1e300][random.random_range(0..7)]
}

fn price(random: &mut ChaCha8Rng) -> i128 {
    HUGE * random.random_range(-9..9) + random.random_range(-2..3)
}

/// `count` rows, null in about a fifth of the columns, of keys from `first` on. Dates and groups of texts come in runs, so that some
/// files, row groups and pages hold few of them.
pub fn batch(random: &mut ChaCha8Rng, evolution: Evolution, first: i64, count: usize) -> RecordBatch {
    fn some<T>(
        random: &mut ChaCha8Rng,
        count: usize,
        value: impl Fn(&mut ChaCha8Rng) -> T,
    ) -> impl Iterator<Item = Option<T>> {
        let nulls = [0.0, 0.2, 1.0][random.random_range(0..3)];
        (0..count).map(|_| (!random.random_bool(nulls)).then(|| value(random))).collect::<Vec<_>>().into_iter()
    }
    let object = |random: &mut ChaCha8Rng, count: usize| {
        let mut columns: Vec<ArrayRef> = vec![Arc::new(some(random, count, text).collect::<StringArray>())];
        if evolution == Evolution::Later {
            columns.push(Arc::new(some(random, count, |random| random.random_range(0..5)).collect::<Int32Array>()));
        }
        let nulls: NullBuffer = (0..count).map(|_| random.random_bool(0.8)).collect();
        StructArray::try_new(inner(evolution), columns, Some(nulls)).unwrap()
    };
    let lengths: Vec<usize> = (0..count).map(|_| random.random_range(0..3)).collect();
    let elements = object(random, lengths.iter().sum());
    let element = Arc::new(Field::new("element", DataType::Struct(inner(evolution)), true));
    let names = MapFieldNames { entry: "key_value".to_owned(), key: "key".to_owned(), value: "value".to_owned() };
    let mut tags = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    for _ in 0..count {
        if random.random_bool(0.7) {
            tags.keys().append_value("tag");
            tags.values().append_option(random.random_bool(0.5).then(|| text(random)));
        }
        tags.append(true).unwrap();
    }
    let days = random.random_range(-3..3);
    let start = random.random_range(INSTANTS);
    let keys: Int64Array = (first..).take(count).map(Some).collect();
    let instants = some(random, count, |random| start + random.random_range(0..3_000));
    let instants: TimestampMicrosecondArray = instants.collect();
    let prices: Decimal128Array = some(random, count, price).collect();
    let smalls: Decimal128Array = some(random, count, |random| random.random_range(-500..500)).collect();
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(keys),
        Arc::new(some(random, count, |random| random.random_range(-9..9)).collect::<Int32Array>()),
        Arc::new(instants.with_timezone("UTC")),
        Arc::new(some(random, count, |random| days + random.random_range(0..2)).collect::<Date32Array>()),
        Arc::new(prices.with_precision_and_scale(38, 18).unwrap()),
        Arc::new(smalls.with_precision_and_scale(10, 2).unwrap()),
        Arc::new(some(random, count, number).collect::<Float64Array>()),
        Arc::new(some(random, count, text).collect::<StringArray>()),
        Arc::new(some(random, count, |random| random.random_bool(0.5)).collect::<BooleanArray>()),
        Arc::new(object(random, count)),
        Arc::new(ListArray::new(element, OffsetBuffer::from_lengths(lengths), Arc::new(elements), None)),
        Arc::new(tags.finish()),
    ];
    if evolution == Evolution::Later {
        columns.push(Arc::new(some(random, count, |random| random.random_range(0..50)).collect::<Int64Array>()));
    }
    RecordBatch::try_new(schema(evolution), columns).unwrap()
}

/// A condition in SQL, and whether it compares floating point numbers.
pub fn filter(random: &mut ChaCha8Rng) -> (String, bool) {
    match random.random_range(0..10) {
        0 => ("true".to_owned(), false),
        1 => {
            let (condition, has_floats) = filter(random);
            (format!("not ({condition})"), has_floats)
        }
        2..5 => {
            let ((left, left_floats), (right, right_floats)) = (filter(random), filter(random));
            let operator = if random.random_bool(0.5) { "and" } else { "or" };
            (format!("({left}) {operator} ({right})"), left_floats || right_floats)
        }
        _ => comparison(random),
    }
}

fn comparison(random: &mut ChaCha8Rng) -> (String, bool) {
    let operator = ["=", "<>", "<", "<=", ">", ">="][random.random_range(0..6)];
    let key = random.random_range(-10..700);
    let condition = match random.random_range(0..17) {
        0 => format!("k {operator} {key}"),
        1 => format!("k between {key} and {}", key + random.random_range(0..50)),
        2 => format!("k in ({key}, {}, {})", key + 3, key * 2),
        3 => format!("i {operator} {}", random.random_range(-9..9)),
        4 => {
            let micros = random.random_range(INSTANTS);
            format!("t {operator} to_timestamp_micros({micros})")
        }
        5 => format!("d {operator} date '1970-01-0{}'", random.random_range(1..4)),
        6 => {
            let digits = price(random);
            let sign = if digits < 0 { "-" } else { "" };
            let digits = format!("{:0>19}", digits.unsigned_abs());
            let (whole, fraction) = digits.split_at(digits.len() - 18);
            format!("price {operator} cast('{sign}{whole}.{fraction}' as decimal(38, 18))")
        }
        7 => format!("small {operator} {}", random.random_range(-5..5)),
        8 => {
            let value = number(random);
            return (format!("f {operator} cast('{value}' as double)"), true);
        }
        9 => format!("s {operator} '{}'", text(random)),
        10 => format!("s like '{}%'", text(random)),
        11 => format!("b = {}", random.random_bool(0.5)),
        12 => format!("o['a'] {operator} '{}'", text(random)),
        13 => format!("o['b'] {operator} {}", random.random_range(0..5)),
        14 => format!("later {operator} {}", random.random_range(0..50)),
        15 => format!("k % 3 {operator} i"),
        _ => {
            let column = ["k", "t", "price", "s", "o", "o['b']", "later", "l", "m['tag']"][random.random_range(0..9)];
            let not = if random.random_bool(0.5) { "not " } else { "" };
            format!("{column} is {not}null")
        }
    };
    (condition, false)
}
