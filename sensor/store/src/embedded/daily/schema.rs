//! The columns of a daily file.

use std::sync::Arc;

use parquet::basic::{Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::{ColumnPath, Type, TypePtr};

/// Most rows of a row group, which is read as a whole or not at all.
pub(super) const GROUP_ROWS: usize = 8_192;

/// A column of a daily file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Kind,
    Key,
    Value,
    First,
    Last,
    Flows,
    Began,
    Answered,
    Mentions,
    OctetsTo,
    OctetsFrom,
    Who,
    WhoCount,
    WhoSketch,
}

impl Column {
    /// Every column, in the order of the file.
    pub(super) const ALL: [Self; 14] = [
        Self::Kind,
        Self::Key,
        Self::Value,
        Self::First,
        Self::Last,
        Self::Flows,
        Self::Began,
        Self::Answered,
        Self::Mentions,
        Self::OctetsTo,
        Self::OctetsFrom,
        Self::Who,
        Self::WhoCount,
        Self::WhoSketch,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Key => "key",
            Self::Value => "value",
            Self::First => "first",
            Self::Last => "last",
            Self::Flows => "flows",
            Self::Began => "began",
            Self::Answered => "answered",
            Self::Mentions => "mentions",
            Self::OctetsTo => "octets_to",
            Self::OctetsFrom => "octets_from",
            Self::Who => "who",
            Self::WhoCount => "who_count",
            Self::WhoSketch => "who_sketch",
        }
    }

    pub(super) const fn physical(self) -> Physical {
        match self {
            Self::Kind | Self::Key | Self::Value | Self::Who | Self::WhoSketch => Physical::BYTE_ARRAY,
            _ => Physical::INT64,
        }
    }

    fn schema(self) -> Result<TypePtr, ParquetError> {
        let (repetition, logical) = match self {
            Self::WhoSketch => (Repetition::OPTIONAL, None),
            Self::Kind | Self::Key | Self::Value | Self::Who => {
                (Repetition::REQUIRED, Some(LogicalType::String))
            }
            Self::First | Self::Last => (
                Repetition::REQUIRED,
                Some(LogicalType::timestamp(true, TimeUnit::NANOS)),
            ),
            _ => (Repetition::REQUIRED, Some(LogicalType::integer(64, false))),
        };
        Type::primitive_type_builder(self.name(), self.physical())
            .with_repetition(repetition)
            .with_logical_type(logical)
            .build()
            .map(Arc::new)
    }
}

/// The schema of every daily file.
pub(super) fn schema() -> Result<TypePtr, ParquetError> {
    let columns = Column::ALL
        .into_iter()
        .map(Column::schema)
        .collect::<Result<_, _>>()?;
    Type::group_type_builder("daily")
        .with_fields(columns)
        .build()
        .map(Arc::new)
}

/// How files are written: what a search reads as it lies, numbers by their differences and words by
/// number where they repeat, so that nothing has to be unpacked; the values, which keys tell as well, as
/// small as can be.
pub(super) fn properties() -> WriterProperties {
    let path = |column: Column| ColumnPath::from(column.name());
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("sekisho ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::UNCOMPRESSED)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_dictionary_enabled(false)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_offset_index_disabled(true)
        .set_column_encoding(path(Column::Key), Encoding::PLAIN)
        .set_column_compression(path(Column::Value), Compression::ZSTD(ZstdLevel::default()))
        .set_column_dictionary_enabled(path(Column::Kind), true)
        .set_column_dictionary_enabled(path(Column::Who), true);
    for column in Column::ALL {
        if column.physical() == Physical::INT64 {
            builder = builder.set_column_encoding(path(column), Encoding::DELTA_BINARY_PACKED);
        }
    }
    // What a reader can leave a row group out by.
    for column in [Column::Kind, Column::Key, Column::First, Column::Last] {
        builder = builder.set_column_statistics_enabled(path(column), EnabledStatistics::Chunk);
    }
    builder.build()
}
