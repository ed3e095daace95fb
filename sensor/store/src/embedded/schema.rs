//! The columns of a flow file: one for each row of the field table.

use std::sync::Arc;

use parquet::basic::{Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::{ColumnPath, Type, TypePtr};
use sekisho_model::fields::{FIELDS, Field, FieldKind};

/// Most rows of a row group: what is decoded at a time.
pub(super) const GROUP_ROWS: usize = 65_536;

/// How values of a kind lie in the file.
pub(super) const fn physical(kind: FieldKind) -> Physical {
    match kind {
        FieldKind::Text | FieldKind::Address => Physical::BYTE_ARRAY,
        FieldKind::Number | FieldKind::Time => Physical::INT64,
        FieldKind::Seconds => Physical::DOUBLE,
    }
}

fn logical(kind: FieldKind) -> Option<LogicalType> {
    match kind {
        FieldKind::Text | FieldKind::Address => Some(LogicalType::String),
        FieldKind::Number => Some(LogicalType::integer(64, false)),
        FieldKind::Time => Some(LogicalType::timestamp(true, TimeUnit::NANOS)),
        FieldKind::Seconds => None,
    }
}

/// The schema of every flow file.
pub(super) fn schema() -> Result<TypePtr, ParquetError> {
    let columns = FIELDS.iter().map(column).collect::<Result<_, _>>()?;
    Type::group_type_builder("flow")
        .with_fields(columns)
        .build()
        .map(Arc::new)
}

fn column(field: &Field) -> Result<TypePtr, ParquetError> {
    Type::primitive_type_builder(field.column, physical(field.kind))
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical(field.kind))
        .build()
        .map(Arc::new)
}

/// How files are written: small enough to keep for months, quick enough to write while replaying.
pub(super) fn properties() -> WriterProperties {
    // Values that hardly repeat: a dictionary would be built and thrown away.
    const DISTINCT: [&str; 3] = ["flow_id", "community_id", "duration"];
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("sekisho ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(Some(GROUP_ROWS));
    for column in DISTINCT {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(column), false);
    }
    for field in FIELDS.iter().filter(|field| field.kind == FieldKind::Time) {
        // Rows are in the order of their start, so that the steps between times are small.
        builder = builder
            .set_column_dictionary_enabled(ColumnPath::from(field.column), false)
            .set_column_encoding(ColumnPath::from(field.column), Encoding::DELTA_BINARY_PACKED);
    }
    builder.build()
}
