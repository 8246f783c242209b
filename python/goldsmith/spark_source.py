"""System tables through a Spark session: what is new, handed over as Arrow in bounded slices.

A table of a share shows no log that could say what is new, and rows arrive late, so that no column can say it either. So each table
is cut into parts, days as a rule, and Spark counts and hashes the keys of each: two or three columns are read, nothing is
collected. Bronze records these numbers in the commit of the rows. Days that are new, or whose numbers moved, are fetched, and of
the latter only rows that bronze does not hold are taken over. Nothing is lost however late it comes, nothing is doubled however often
a run is repeated, and there is no checkpoint that could get lost. It needs nothing but SELECT, so that it works on classic
and serverless compute, on Spark Connect, and on shared tables.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from goldsmith._arrow import sound_batch
from goldsmith._errors import ConfigurationError
from goldsmith._feed import ArrowStream, FeedState
from goldsmith._results import Source

if TYPE_CHECKING:
    import pyarrow
    from pyspark.sql import Column, DataFrame, SparkSession

    from goldsmith._engine import Engine

#: Rows that Spark returns at once at most, about: they are in memory while they are taken over.
MAX_ROWS = 200_000

#: Bytes of these rows in Arrow at most, about.
MAX_BYTES = 128 * 1024 * 1024

#: Part of a table that has no column to cut it by.
WHOLE = "all"

#: Part of the rows whose column is null.
NO_DAY = "none"

_BATCH_ROWS = 65_536

#: Rows that are fetched to see how wide they are, and how many times as many as were seen are fetched at once.
_FIRST_ROWS = 1024
_GROWTH = 16

#: Shares of a large part, by the hash of the key. A slice is some of them that follow each other.
_SHARES = 1 << 20

_DAY_MICROS = 86_400_000_000
_EPOCH = datetime.date(1970, 1, 1)
_LOG = logging.getLogger("goldsmith.spark")


def feed_from_spark(
    engine: Engine,
    spark: SparkSession,
    *,
    catalog: str = "system",
    max_rows: int = MAX_ROWS,
    max_bytes: int = MAX_BYTES,
) -> None:
    """Lets an engine read the sources of its model from tables ``<catalog>.<schema>.<table>`` of a session.

    :param max_rows: rows that Spark returns at once at most, about.
    :param max_bytes: bytes of these rows at most, about: how wide the rows of a table are shows as they come.
    :raises ConfigurationError: when none of the tables is there, which a mistyped name looks like, or when the session is too old to
        return rows in Arrow.
    """
    if max_rows < 1 or max_bytes < 1:
        raise ConfigurationError("at least one row must be fetched at once; give a larger number of rows, or of bytes")
    if not hasattr(type(spark.range(0)), "toArrow"):
        raise ConfigurationError(
            f"Spark {spark.version} does not return rows in Arrow; take Databricks Runtime 15.3 or Apache Spark 4.0, or later ones, "
            "or the engine `spark`, which does all of the work in the session"
        )
    sources = engine.sources()
    tables = [SparkTable(spark, f"{catalog}.{source.name}", source, max_rows, max_bytes) for source in sources]
    if not any(table.exists() for table in tables):
        raise ConfigurationError(
            f"the catalog `{catalog}` holds none of the {len(sources)} sources of the model; "
            "enable system schemas, grant USE SCHEMA and SELECT on them, or name another catalog"
        )
    for source, table in zip(sources, tables, strict=True):
        engine.feed(source.name, table)


@dataclass(frozen=True)
class _Cut:
    """The column that a table is cut into days by."""

    column: str
    is_date: bool

    @property
    def day(self) -> str:
        """Days since 1970 in UTC, whatever the time zone of the session."""
        if self.is_date:
            return f"unix_date({self.column})"
        micros = f"unix_micros({self.column})"
        return f"({micros} - pmod({micros}, {_DAY_MICROS})) DIV {_DAY_MICROS}"

    def between(self, first: int, behind: int) -> str:
        """Condition for days from `first` to before `behind`, on the bare column, so that files can be skipped."""
        low, high = (
            (f"date_add(DATE'1970-01-01', {first})", f"date_add(DATE'1970-01-01', {behind})")
            if self.is_date
            else (f"timestamp_micros({first * _DAY_MICROS})", f"timestamp_micros({behind * _DAY_MICROS})")
        )
        return f"({self.column} >= {low} AND {self.column} < {high})"


class _Bound:
    """How many rows may come at once: as many as are told, and as many as fit, as far as it is known how wide they are."""

    def __init__(self, max_rows: int, max_bytes: int) -> None:
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._seen = (0, 0)
        self._widest = 0.0
        self._most = 0

    def rows(self) -> int:
        """Rows of the next slice at most."""
        if self._most == 0:
            return min(self._max_rows, _FIRST_ROWS)
        # A few rows tell little about many.
        known = max(self._most * _GROWTH, _FIRST_ROWS)
        return max(1, min(self._max_rows, known, int(self._max_bytes / max(self._widest, 1.0))))

    def saw(self, rows: int, size: int) -> None:
        """Takes down what came: the rows that follow are taken to be as wide as the last ones, or as all were, whatever is more."""
        if rows == 0:
            return
        self._seen = (self._seen[0] + rows, self._seen[1] + size)
        self._widest = max(size / rows, self._seen[1] / self._seen[0])
        self._most = max(self._most, rows)


class SparkTable:
    """A table of a Spark session as the feed of a source."""

    def __init__(
        self, spark: SparkSession, table: str, source: Source, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES
    ) -> None:
        self._spark = spark
        self._source = source
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        #: By the columns that are fetched, for keys alone are narrow.
        self._bounds: dict[tuple[str, ...], _Bound] = {}
        self._rows: dict[str, int] = {}
        self._schema: pyarrow.Schema | None = None
        #: Full name of the table.
        self.table = table
        self._quoted_table = ".".join(_quoted(name) for name in table.split("."))

    def exists(self) -> bool:
        """Whether the session can see the table."""
        return bool(self._spark.catalog.tableExists(self._quoted_table))

    def state(self) -> FeedState | None:
        """Counts and hashes the keys of each part."""
        if not self.exists():
            return None
        frame = self._frame()
        self._schema = frame.limit(0).toArrow().schema
        cut = self._cut()
        day = cut.day if cut else "CAST(NULL AS BIGINT)"
        digest = f"SUM(CAST(xxhash64({', '.join(self._hashed())}) AS DECIMAL(38, 0)))"
        counted = frame.groupBy(_expression(day).alias("day")).agg(
            _expression("COUNT(*)").alias("rows"), _expression(digest).alias("digest")
        )
        parts = []
        for row in counted.toArrow().to_pylist():
            name = WHOLE if cut is None else _name_of(row["day"])
            parts.append((name, int(row["rows"]), _signed(int(row["digest"]))))
        parts.sort()
        self._rows = {name: rows for name, rows, _ in parts}
        by = cut.column if cut else "nothing"
        return FeedState(f"spark: {self.table} by {by}", self._schema, tuple(parts))

    def read(
        self, parts: Sequence[str], columns: Sequence[str] | None, bucket: tuple[int, int] | None
    ) -> ArrowStream:
        """Fetches rows slice by slice, while they are taken over."""
        import pyarrow

        if self._schema is None:
            raise RuntimeError("a table is read after its state was asked for")
        names = list(columns) if columns is not None else self._schema.names
        schema = pyarrow.schema([self._schema.field(name) for name in names])
        fetched = self._fetched(schema, parts, bucket or (0, 1))
        reader: ArrowStream = pyarrow.RecordBatchReader.from_batches(schema, fetched)
        return reader

    def _fetched(
        self, schema: pyarrow.Schema, parts: Sequence[str], bucket: tuple[int, int]
    ) -> Iterator[pyarrow.RecordBatch]:
        bound = self._bounds.setdefault(tuple(schema.names), _Bound(self._max_rows, self._max_bytes))
        for condition in self._slices(parts, bucket, bound):
            rows = self._frame().where(condition).select([_quoted(name) for name in schema.names]).toArrow()
            bound.saw(rows.num_rows, rows.nbytes)
            _LOG.debug("%s: %s rows, %s bytes where %s", self.table, rows.num_rows, rows.nbytes, condition)
            yield from map(sound_batch, rows.cast(schema).to_batches(max_chunksize=_BATCH_ROWS))

    def _slices(self, parts: Sequence[str], bucket: tuple[int, int], bound: _Bound) -> Iterator[str]:
        """Conditions of slices that stay about below the bound: several small parts, or one part by shares of its keys. How many rows
        a slice may have is asked when it is its turn."""
        number, of = bucket
        # Equal keys are in one bucket, and in one share of it.
        hashed = f"xxhash64({', '.join(_quoted(name) for name in self._source.natural_key)})"
        in_bucket = [f"pmod({hashed}, {of}) = {number}"] if of > 1 else []
        waiting = list(parts)
        while waiting:
            group, rows = self._group(waiting, of, bound.rows())
            del waiting[: len(group)]
            where = [self._condition(group), *in_bucket]
            if rows <= bound.rows():
                yield " AND ".join(where)
                continue
            # The hash modulo `of * _SHARES` is the number of the bucket plus `of` times that of the share.
            share, low = f"pmod({hashed}, {of * _SHARES})", 0
            while low < _SHARES:
                left = _SHARES - low
                slices = -(-rows * left // (_SHARES * bound.rows()))
                high = low + -(-left // max(1, slices))
                yield " AND ".join([*where, f"{share} >= {of * low}", f"{share} < {of * high}"])
                low = high

    def _group(self, parts: Sequence[str], of: int, limit: int) -> tuple[list[str], int]:
        """The first parts that are small enough together, or the first one alone, and about how many rows one of `of` buckets has
        of them."""
        group: list[str] = []
        rows = 0
        for part in parts:
            size = -(-self._rows.get(part, 0) // of)
            if group and rows + size > limit:
                break
            group.append(part)
            rows += size
        return group, rows

    def _condition(self, parts: Sequence[str]) -> str:
        """Rows of these parts and no others. Neighbours become one range; a day in between that had no row when parts were
        counted is no neighbour, for by now it may have some."""
        cut = self._cut()
        if cut is None:
            return "TRUE"
        days = sorted(_day_of(part) for part in parts if part != NO_DAY)
        conditions = []
        first = 0
        for index, day in enumerate(days):
            if index + 1 == len(days) or days[index + 1] != day + 1:
                conditions.append(cut.between(days[first], day + 1))
                first = index + 1
        if NO_DAY in parts:
            conditions.append(f"{cut.column} IS NULL")
        return f"({' OR '.join(conditions)})"

    def _frame(self) -> DataFrame:
        return self._spark.table(self._quoted_table)

    def _cut(self) -> _Cut | None:
        """By the date of the model, or by the column that orders versions: both are part of the row, so that a row never moves
        from one part to another without being another row."""
        import pyarrow

        for column in (self._source.date_column, self._source.sequence_by):
            index = -1 if column is None or self._schema is None else self._schema.get_field_index(column)
            if column is None or self._schema is None or index < 0:
                continue
            kind = self._schema.field(index).type
            if pyarrow.types.is_date(kind):
                return _Cut(_quoted(column), is_date=True)
            if pyarrow.types.is_timestamp(kind) and kind.tz is not None:
                return _Cut(_quoted(column), is_date=False)
        return None

    def _hashed(self) -> list[str]:
        """What tells one row from another: its key and its place among the versions. Without such a place, all of it."""
        import pyarrow

        if self._schema is None:
            return []
        sequence = self._source.sequence_by
        if sequence is not None and sequence in self._schema.names:
            return [_quoted(name) for name in dict.fromkeys([*self._source.natural_key, sequence])]
        # Maps have no hash of their own.
        return [
            f"to_json({_quoted(field.name)})" if pyarrow.types.is_nested(field.type) else _quoted(field.name)
            for field in self._schema
        ]


def _expression(text: str) -> Column:
    from pyspark.sql import functions

    return functions.expr(text)


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _name_of(day: int | None) -> str:
    return NO_DAY if day is None else (_EPOCH + datetime.timedelta(days=day)).isoformat()


def _day_of(part: str) -> int:
    return (datetime.date.fromisoformat(part) - _EPOCH).days


def _signed(number: int) -> int:
    """The number in 64 bits."""
    return (number + 2**63) % 2**64 - 2**63
