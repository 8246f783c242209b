//! Which columns of a file are copied, and which are encoded anew.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::basic::{Compression, Repetition, Type as PhysicalType};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::schema::types::{SchemaDescriptor, Type, TypePtr};

use super::CopyRequest;
use crate::parquet_file::as_arrow;

/// Rows that a row group of a copied file has at least, on average: in smaller ones every reader pays for the columns' headers.
const LEAST_ROWS_OF_GROUP: i64 = 16 * 1024;
/// Rows that a row group of a copied file has at most: readers hold one at a time.
const MOST_ROWS_OF_GROUP: i64 = 1024 * 1024;

/// How files of a source become files of a table.
pub(super) struct Plan {
    target: SchemaRef,
    request: CopyRequest,
}

/// Where a column of the table comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum From {
    /// The chunks of these columns of the file.
    Copied(Vec<usize>),
    /// It is encoded anew, from so many columns on of those that are.
    Encoded(Vec<usize>),
}

/// How one file becomes a file of the table.
pub(super) struct FilePlan {
    /// By column of the table.
    pub(super) columns: Vec<From>,
    /// All copied columns of the file.
    pub(super) copied: Vec<usize>,
    /// Columns that have to be read, in the types of the table.
    pub(super) read: SchemaRef,
    /// Columns that are encoded anew: read ones, constants and nulls.
    encoded: SchemaRef,
    /// The columns of the new file.
    pub(super) schema: TypePtr,
}

impl Plan {
    /// None when no file of the source can be copied: a column of the table is neither in the source with the same type, nor among the
    /// constants, nor nullable.
    pub(super) fn new(target: &SchemaRef, source: &SchemaRef, request: CopyRequest) -> Option<Self> {
        let fits = target.fields().iter().all(|field| match source.field_with_name(field.name()) {
            _ if request.constant(field.name()).is_some() => true,
            Ok(known) => is_same(known.data_type(), field.data_type()),
            Err(_) => field.is_nullable(),
        });
        let knows_all = source.fields().iter().all(|field| target.field_with_name(field.name()).is_ok());
        (fits && knows_all).then(|| Self { target: Arc::clone(target), request })
    }

    /// None when the file does not qualify. Row groups of more than so many compressed bytes do not.
    pub(super) fn of_file(&self, metadata: &Arc<ParquetMetaData>, most_bytes: usize) -> Option<FilePlan> {
        let groups = metadata.row_groups();
        let rows = metadata.file_metadata().num_rows();
        let is_handy = rows >= LEAST_ROWS_OF_GROUP.min(rows) * i64::try_from(groups.len()).ok()?
            && groups.iter().all(|group| {
                let bytes: i64 = group.columns().iter().map(ColumnChunkMetaData::compressed_size).sum();
                group.num_rows() <= MOST_ROWS_OF_GROUP && usize::try_from(bytes).is_ok_and(|bytes| bytes <= most_bytes)
            })
            && groups.iter().flat_map(|group| group.columns()).all(is_readable);
        if groups.is_empty() || !is_handy || !self.is_identified(metadata) {
            return None;
        }
        let file = metadata.file_metadata().schema_descr();
        // What a reader of the copy sees, which is told nothing of Arrow.
        let told_nothing = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let seen = as_arrow(Arc::clone(metadata), told_nothing).ok()?;
        let seen = seen.schema();
        let mut columns = Vec::with_capacity(self.target.fields().len());
        let (mut copied, mut encoded, mut read) = (Vec::new(), Vec::new(), Vec::new());
        for field in self.target.fields() {
            let found = seen.fields().iter().position(|seen| seen.name() == field.name());
            let found = found.filter(|_| self.request.constant(field.name()).is_none());
            match found.map(|root| (root, &seen.fields()[root])) {
                Some((root, seen)) if is_same_field(seen, field) => {
                    let leaves: Vec<usize> =
                        (0..file.num_columns()).filter(|leaf| file.get_column_root_idx(*leaf) == root).collect();
                    // Instants of 96 bits have no bounds by which a reader could leave rows out.
                    if leaves.iter().any(|leaf| file.column(*leaf).physical_type() == PhysicalType::INT96) {
                        read.push(Arc::clone(field));
                        encoded.push(Arc::clone(field));
                        columns.push(From::Encoded(Vec::new()));
                    } else {
                        copied.extend(&leaves);
                        columns.push(From::Copied(leaves));
                    }
                }
                Some(_) => return None,
                None => {
                    encoded.push(Arc::clone(field));
                    columns.push(From::Encoded(Vec::new()));
                }
            }
        }
        let encoded: SchemaRef = Arc::new(Schema::new(encoded));
        let written = ArrowSchemaConverter::new().convert(&encoded).ok()?;
        let schema = self.file_schema(&mut columns, file, &written)?;
        Some(FilePlan { columns, copied, read: Arc::new(Schema::new(read)), encoded, schema })
    }

    /// The columns of the new file; tells the encoded ones where their chunks will be.
    fn file_schema(
        &self,
        columns: &mut [From],
        file: &SchemaDescriptor,
        written: &SchemaDescriptor,
    ) -> Option<TypePtr> {
        let root_of = |schema: &SchemaDescriptor, name: &str| {
            schema.root_schema().get_fields().iter().position(|field| field.name() == name)
        };
        let mut fields = Vec::with_capacity(columns.len());
        for (column, field) in columns.iter_mut().zip(self.target.fields()) {
            let schema = match column {
                From::Copied(_) => file,
                From::Encoded(_) => written,
            };
            let root = root_of(schema, field.name())?;
            fields.push(Arc::clone(schema.root_schema().get_fields().get(root)?));
            if let From::Encoded(leaves) = column {
                leaves.extend((0..schema.num_columns()).filter(|leaf| schema.get_column_root_idx(*leaf) == root));
            }
        }
        let schema = Type::group_type_builder("schema").with_repetition(Repetition::REQUIRED).with_fields(fields);
        schema.build().ok().map(Arc::new)
    }

    /// Whether the footer tells that no row of the file lacks all columns of a set.
    fn is_identified(&self, metadata: &ParquetMetaData) -> bool {
        let schema = metadata.file_metadata().schema_descr();
        let has_no_null = |name: &String| {
            let mut columns = schema.columns().iter().enumerate();
            let column = columns.find(|(_, column)| column.path().parts() == std::slice::from_ref(name));
            column.is_some_and(|(number, _)| {
                metadata.row_groups().iter().all(|group| {
                    group.column(number).statistics().and_then(|statistics| statistics.null_count_opt()) == Some(0)
                })
            })
        };
        self.request.identified_by.iter().all(|set| set.iter().any(has_no_null))
    }

    /// The columns that are encoded anew for so many rows, some of which were read.
    pub(super) fn encoded(&self, plan: &FilePlan, read: &RecordBatch, rows: usize) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<ArrayRef> = plan
            .encoded
            .fields()
            .iter()
            .map(|field| match (read.column_by_name(field.name()), self.request.constant(field.name())) {
                (Some(column), _) => Ok(Arc::clone(column)),
                (None, Some(value)) => take(value, &UInt32Array::from_value(0, rows), None),
                (None, None) => Ok(new_null_array(field.data_type(), rows)),
            })
            .collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&plan.encoded), columns, &options)
    }
}

impl CopyRequest {
    fn constant(&self, name: &str) -> Option<&ArrayRef> {
        self.constants.iter().find(|(column, _)| column == name).map(|(_, value)| value)
    }
}

/// Whether this build can read a column: what it cannot read must not get into a table.
fn is_readable(column: &ColumnChunkMetaData) -> bool {
    matches!(column.compression(), Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::ZSTD(_))
}

/// Whether each value of one type is the same value of the other, without a cast. The elements of lists and maps go by any name.
fn is_same(one: &DataType, other: &DataType) -> bool {
    match (one, other) {
        (DataType::Struct(one), DataType::Struct(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| one.name() == other.name() && is_same_field(one, other))
        }
        (DataType::List(one), DataType::List(other)) => is_same_field(one, other),
        (DataType::Map(one, _), DataType::Map(other, _)) => match (one.data_type(), other.data_type()) {
            (DataType::Struct(one), DataType::Struct(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same_field(one, other))
            }
            _ => false,
        },
        (DataType::Timestamp(one, Some(_)), DataType::Timestamp(other, Some(_))) => one == other,
        _ => one == other,
    }
}

fn is_same_field(one: &FieldRef, other: &FieldRef) -> bool {
    is_same(one.data_type(), other.data_type()) && allows(one, other)
}

/// Whether the nulls that one field may have are nulls that the other may have.
fn allows(one: &Field, other: &Field) -> bool {
    other.is_nullable() || !one.is_nullable()
}
