//! Filling the columns of a schema from a slice of rows, one column at a time.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int8Array, Int32Array, Int64Array,
    Int64Builder, ListArray, MapArray, StringArray, StringBuilder, StructArray, TimestampMicrosecondArray,
    new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, FieldRef, Fields};

use crate::SynthError;

/// The columns of a table, or the fields of a struct, being filled from rows of type `R`.
/// What is never filled is null. A field below a null struct is null, whatever its row says.
pub(crate) struct Columns<'a, R> {
    rows: &'a [R],
    fields: &'a Fields,
    arrays: Vec<Option<ArrayRef>>,
    /// Which rows exist at this level, when not all do.
    present: Option<Vec<bool>>,
    problem: Option<SynthError>,
}

impl<'a, R> Columns<'a, R> {
    pub(crate) fn new(rows: &'a [R], fields: &'a Fields) -> Self {
        Self { rows, fields, arrays: vec![None; fields.len()], present: None, problem: None }
    }

    /// The arrays in the order of the fields.
    ///
    /// # Errors
    /// The first column that did not fit the schema.
    pub(crate) fn finish(self) -> Result<Vec<ArrayRef>, SynthError> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let rows = self.rows.len();
        let pairs = self.arrays.into_iter().zip(self.fields);
        Ok(pairs.map(|(array, field)| array.unwrap_or_else(|| new_null_array(field.data_type(), rows))).collect())
    }

    /// The values of one column, row by row, with null where the parent is null.
    fn cells<T>(&self, value: impl Fn(&'a R) -> Option<T>) -> impl Iterator<Item = Option<T>> {
        let present = self.present.as_deref();
        self.rows.iter().enumerate().map(
            move |(at, row)| {
                if present.is_none_or(|present| present[at]) { value(row) } else { None }
            },
        )
    }

    fn place(&self, name: &str) -> Option<(usize, &'a FieldRef)> {
        self.fields.find(name)
    }

    fn mismatch(&mut self, name: &str, wanted: impl ToString) {
        let (column, wanted) = (name.to_owned(), wanted.to_string());
        self.problem.get_or_insert(SynthError::ColumnMismatch { column, wanted });
    }

    fn put(&mut self, name: &str, array: ArrayRef) {
        match self.place(name) {
            Some((at, field)) if field.data_type() == array.data_type() => {
                self.arrays[at] = Some(array);
            }
            _ => self.mismatch(name, array.data_type()),
        }
    }

    fn put_result(&mut self, name: &str, array: Result<ArrayRef, SynthError>) {
        match array {
            Ok(array) => self.put(name, array),
            Err(problem) => {
                self.problem.get_or_insert(problem);
            }
        }
    }

    /// A text column.
    pub(crate) fn text<S: AsRef<str>>(&mut self, name: &str, value: impl Fn(&'a R) -> Option<S>) {
        let mut builder = StringBuilder::with_capacity(self.rows.len(), self.rows.len() * 16);
        for cell in self.cells(value) {
            builder.append_option(cell);
        }
        self.put(name, Arc::new(builder.finish()));
    }

    /// A text column that is never null where its parent is not.
    pub(crate) fn some<S: AsRef<str>>(&mut self, name: &str, value: impl Fn(&'a R) -> S) {
        self.text(name, |row| Some(value(row)));
    }

    /// A text column whose values are written into a buffer; `false` makes the value null.
    pub(crate) fn write(&mut self, name: &str, value: impl Fn(&'a R, &mut String) -> bool) {
        let mut builder = StringBuilder::with_capacity(self.rows.len(), self.rows.len() * 36);
        let mut buffer = String::with_capacity(64);
        for cell in self.cells(Some) {
            buffer.clear();
            match cell {
                Some(row) if value(row, &mut buffer) => builder.append_value(&buffer),
                _ => builder.append_null(),
            }
        }
        self.put(name, Arc::new(builder.finish()));
    }

    pub(crate) fn time<T: Into<Option<i64>>>(&mut self, name: &str, value: impl Fn(&'a R) -> T) {
        let cells = self.cells(|row| value(row).into());
        let array: TimestampMicrosecondArray = cells.collect();
        self.put(name, Arc::new(array.with_timezone("UTC")));
    }

    pub(crate) fn date<T: Into<Option<i32>>>(&mut self, name: &str, value: impl Fn(&'a R) -> T) {
        let array: Date32Array = self.cells(|row| value(row).into()).collect();
        self.put(name, Arc::new(array));
    }

    pub(crate) fn tiny<T: Into<Option<i8>>>(&mut self, name: &str, value: impl Fn(&'a R) -> T) {
        let array: Int8Array = self.cells(|row| value(row).into()).collect();
        self.put(name, Arc::new(array));
    }

    pub(crate) fn int<T: Into<Option<i32>>>(&mut self, name: &str, value: impl Fn(&'a R) -> T) {
        let array: Int32Array = self.cells(|row| value(row).into()).collect();
        self.put(name, Arc::new(array));
    }

    pub(crate) fn long<T: Into<Option<i64>>>(&mut self, name: &str, value: impl Fn(&'a R) -> T) {
        let array: Int64Array = self.cells(|row| value(row).into()).collect();
        self.put(name, Arc::new(array));
    }

    pub(crate) fn double<T: Into<Option<f64>>>(&mut self, name: &str, value: impl Fn(&'a R) -> T) {
        let array: Float64Array = self.cells(|row| value(row).into()).collect();
        self.put(name, Arc::new(array));
    }

    pub(crate) fn flag<T: Into<Option<bool>>>(&mut self, name: &str, value: impl Fn(&'a R) -> T) {
        let array: BooleanArray = self.cells(|row| value(row).into()).collect();
        self.put(name, Arc::new(array));
    }

    /// A decimal column; values are whole numbers of the smallest unit of the column's scale.
    pub(crate) fn decimal<T: Into<Option<i128>>>(&mut self, name: &str, value: impl Fn(&'a R) -> T) {
        let Some((_, field)) = self.place(name) else {
            return self.mismatch(name, "decimal");
        };
        let array: Decimal128Array = self.cells(|row| value(row).into()).collect();
        let array = array.with_data_type(field.data_type().clone());
        self.put(name, Arc::new(array));
    }

    /// A struct column: `valid` says where it is not null, `fill` fills its fields from the same rows.
    pub(crate) fn structure(
        &mut self,
        name: &str,
        valid: impl Fn(&'a R) -> bool,
        fill: impl FnOnce(&mut Columns<'a, R>),
    ) {
        let Some((_, DataType::Struct(fields))) = self.place(name).map(|(at, field)| (at, field.data_type())) else {
            return self.mismatch(name, "struct");
        };
        let present: Vec<bool> = self.cells(|row| Some(valid(row))).map(|cell| cell == Some(true)).collect();
        let nulls = NullBuffer::from(present.clone());
        let mut inner = Columns::new(self.rows, fields);
        inner.present = Some(present);
        fill(&mut inner);
        let array = inner.finish().and_then(|arrays| {
            let array = StructArray::try_new(fields.clone(), arrays, Some(nulls))?;
            Ok(Arc::new(array) as ArrayRef)
        });
        self.put_result(name, array);
    }

    /// A `map<string,string>` column; `false` makes the map null.
    pub(crate) fn tags(&mut self, name: &str, entries: impl Fn(&'a R, &mut Entries) -> bool) {
        let mut out = Entries::default();
        let (offsets, nulls) = self.collect(&mut out, entries);
        let (keys, values) = (out.keys.finish(), out.values.finish());
        self.put_map(name, vec![Arc::new(keys), Arc::new(values)], offsets, nulls);
    }

    /// A `map<string,bigint>` column; `false` makes the map null.
    pub(crate) fn counters(&mut self, name: &str, entries: impl Fn(&'a R, &mut Counters) -> bool) {
        let mut out = Counters::default();
        let (offsets, nulls) = self.collect(&mut out, entries);
        let (keys, values) = (out.keys.finish(), out.values.finish());
        self.put_map(name, vec![Arc::new(keys), Arc::new(values)], offsets, nulls);
    }

    /// An `array<string>` column; `false` makes the array null.
    pub(crate) fn texts(&mut self, name: &str, elements: impl Fn(&'a R, &mut Texts) -> bool) {
        let mut out = Texts::default();
        let (offsets, nulls) = self.collect(&mut out, elements);
        let values: StringArray = out.values.finish();
        self.put_list(name, Ok(Arc::new(values)), offsets, nulls);
    }

    /// An array of structs: `elements` adds what stands for the elements of a row (`false` makes the
    /// array null), `fill` fills the struct's fields from all of them.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        elements: impl Fn(&'a R, &mut Vec<T>) -> bool,
        fill: impl FnOnce(&mut Columns<'_, T>),
    ) {
        let mut out: Vec<T> = Vec::new();
        let (offsets, nulls) = self.collect(&mut out, elements);
        let Some(DataType::List(element)) = self.place(name).map(|(_, field)| field.data_type()) else {
            return self.mismatch(name, "array of structs");
        };
        let DataType::Struct(fields) = element.data_type() else {
            return self.mismatch(name, "array of structs");
        };
        let mut inner = Columns::new(&out, fields);
        fill(&mut inner);
        let values = inner.finish().and_then(|arrays| {
            let length = out.len();
            let array = StructArray::try_new_with_length(fields.clone(), arrays, None, length)?;
            Ok(Arc::new(array) as ArrayRef)
        });
        self.put_list(name, values, offsets, nulls);
    }

    /// A map whose values are nested: `fill` fills the fields `key` and `value` from all entries.
    pub(crate) fn map<T>(
        &mut self,
        name: &str,
        entries: impl Fn(&'a R, &mut Vec<T>) -> bool,
        fill: impl FnOnce(&mut Columns<'_, T>),
    ) {
        let mut out: Vec<T> = Vec::new();
        let (offsets, nulls) = self.collect(&mut out, entries);
        let Some(fields) = self.entry_fields(name) else {
            return self.mismatch(name, "map");
        };
        let mut inner = Columns::new(&out, fields);
        fill(&mut inner);
        match inner.finish() {
            Ok(arrays) => self.put_map(name, arrays, offsets, nulls),
            Err(problem) => self.put_result(name, Err(problem)),
        }
    }

    /// Runs over the rows of a column with many values per row; gives where each row's values end.
    fn collect<O: Output>(
        &self,
        out: &mut O,
        values: impl Fn(&'a R, &mut O) -> bool,
    ) -> (OffsetBuffer<i32>, NullBuffer) {
        let mut lengths = Vec::with_capacity(self.rows.len());
        let mut valid = Vec::with_capacity(self.rows.len());
        let mut before = 0;
        for cell in self.cells(Some) {
            valid.push(cell.is_some_and(|row| values(row, out)));
            lengths.push(out.len() - before);
            before = out.len();
        }
        (OffsetBuffer::from_lengths(lengths), NullBuffer::from(valid))
    }

    fn entry_fields(&self, name: &str) -> Option<&'a Fields> {
        let (_, field) = self.place(name)?;
        let DataType::Map(entries, _) = field.data_type() else { return None };
        let DataType::Struct(fields) = entries.data_type() else { return None };
        Some(fields)
    }

    fn put_map(&mut self, name: &str, entries: Vec<ArrayRef>, offsets: OffsetBuffer<i32>, nulls: NullBuffer) {
        let field = self.place(name).map(|(_, field)| field.data_type());
        let (Some(DataType::Map(entry, ordered)), Some(fields)) = (field, self.entry_fields(name)) else {
            return self.mismatch(name, "map");
        };
        let length = entries.first().map_or(0, |keys| keys.len());
        let array = StructArray::try_new_with_length(fields.clone(), entries, None, length)
            .and_then(|all| MapArray::try_new(entry.clone(), offsets, all, Some(nulls), *ordered))
            .map(|array| Arc::new(array) as ArrayRef)
            .map_err(SynthError::from);
        self.put_result(name, array);
    }

    fn put_list(
        &mut self,
        name: &str,
        values: Result<ArrayRef, SynthError>,
        offsets: OffsetBuffer<i32>,
        nulls: NullBuffer,
    ) {
        let Some(DataType::List(element)) = self.place(name).map(|(_, field)| field.data_type()) else {
            return self.mismatch(name, "array");
        };
        let array = values.and_then(|values| {
            let array = ListArray::try_new(element.clone(), offsets, values, Some(nulls))?;
            Ok(Arc::new(array) as ArrayRef)
        });
        self.put_result(name, array);
    }
}

/// Something that the values of many rows are added to.
trait Output {
    fn len(&self) -> usize;
}

impl<T> Output for Vec<T> {
    fn len(&self) -> usize {
        Vec::len(self)
    }
}

/// The entries of text maps.
#[derive(Default)]
pub(crate) struct Entries {
    keys: StringBuilder,
    values: StringBuilder,
}

impl Entries {
    pub(crate) fn add(&mut self, key: &str, value: &str) {
        self.keys.append_value(key);
        self.values.append_value(value);
    }

    pub(crate) fn add_null(&mut self, key: &str) {
        self.keys.append_value(key);
        self.values.append_null();
    }
}

impl Output for Entries {
    fn len(&self) -> usize {
        arrow::array::ArrayBuilder::len(&self.keys)
    }
}

/// The entries of maps from text to numbers.
#[derive(Default)]
pub(crate) struct Counters {
    keys: StringBuilder,
    values: Int64Builder,
}

impl Counters {
    pub(crate) fn add(&mut self, key: &str, value: i64) {
        self.keys.append_value(key);
        self.values.append_value(value);
    }
}

impl Output for Counters {
    fn len(&self) -> usize {
        arrow::array::ArrayBuilder::len(&self.keys)
    }
}

/// The elements of text arrays.
#[derive(Default)]
pub(crate) struct Texts {
    values: StringBuilder,
}

impl Texts {
    pub(crate) fn add(&mut self, element: &str) {
        self.values.append_value(element);
    }
}

impl Output for Texts {
    fn len(&self) -> usize {
        arrow::array::ArrayBuilder::len(&self.values)
    }
}
