"""The engine."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from goldsmith import _goldsmith, _results
from goldsmith._arrow import sound
from goldsmith._errors import ConfigurationError, Diagnostic, diagnostics_of
from goldsmith._feed import ArrowStream, Feed
from goldsmith._results import MaintainReport, RunReport, Source, TableInfo, TablePlan, VerifyReport
from goldsmith._spark_run import Names, SparkRun

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow
    from pyspark.sql import SparkSession

#: Path or URL.
Location = str | os.PathLike[str]


class QueryResult:
    """Rows that answer a query. Every library that knows the Arrow C stream takes it as it is."""

    def __init__(self, table: _goldsmith.ArrowTable) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows as an Arrow C stream, as often as wanted."""
        return self._table.__arrow_c_stream__(requested_schema)

    @property
    def column_names(self) -> list[str]:
        """Names of the columns."""
        return self._table.column_names

    def __len__(self) -> int:
        return self._table.num_rows

    def __repr__(self) -> str:
        return f"<goldsmith.QueryResult: {len(self)} rows of {', '.join(self.column_names)}>"

    def to_pyarrow(self) -> pyarrow.Table:
        """The rows as a table of pyarrow."""
        import pyarrow

        return pyarrow.table(self)

    def to_pandas(self, **options: Any) -> pandas.DataFrame:
        """The rows as a data frame of pandas, which needs pyarrow; options are those of ``pyarrow.Table.to_pandas``."""
        return self.to_pyarrow().to_pandas(**options)

    def to_polars(self) -> polars.DataFrame:
        """The rows as a data frame of Polars."""
        import polars

        return polars.DataFrame(self)


class Engine:
    """A model, a source and a target, and what can be done with them.

    Cheap to make, and safe to use from several threads. While it works, other Python threads go on, and Ctrl-C stops it: tables
    that are being committed are finished, ``KeyboardInterrupt`` is raised, and the next run does the rest.

    :param model: directory with the files of a model; without it the one that is part of the package.
    :param source: path or URL of the system tables, laid out as ``<schema>/<table>``: Delta tables or Parquet files.
    :param target: path or URL below which bronze and gold live.
    :param storage_options: options of the storage, such as ``aws_region``; before the key ``source.`` or ``target.`` is for that
        side alone.
    :param currency: currency of prices (ISO 4217), in place of the model's.
    :param threads: tables worked on at once; without it the number of processors, and four through Spark.
    :param memory_limit: memory of the engine: a size such as ``2GiB``, or a share of what the machine has such as ``25%``; without it
        60 %.
    :param engine: ``native``, or ``spark``: plans and runs then go through a Spark session, as SQL that is compiled from the model,
        and read the system tables of its catalog; the rest looks at the target without Spark.
    :param spark: the session, of a cluster, of Spark Connect, or of Databricks.
    :param names: catalog and schemas in the session. Without a target the tables lie where the catalog has them.
    :raises ModelError: with every problem of the model.
    :raises ConfigurationError: for settings that are wrong, or do not go together.
    """

    def __init__(
        self,
        *,
        model: Location | None = None,
        source: Location | None = None,
        target: Location | None = None,
        storage_options: Mapping[str, str] | None = None,
        currency: str | None = None,
        threads: int | None = None,
        memory_limit: str | None = None,
        engine: Literal["native", "spark"] = "native",
        spark: SparkSession | None = None,
        names: Names | None = None,
    ) -> None:
        if engine not in ("native", "spark"):
            raise ConfigurationError(f"there is no engine `{engine}`; there are native and spark")
        if engine == "native" and (spark is not None or names is not None):
            raise ConfigurationError("a session and its names are for the engine `spark`; give `engine=\"spark\"`")
        if engine == "spark" and source is not None:
            raise ConfigurationError("Spark reads the system tables of a catalog; name it with `names=Names(source_catalog=...)`")
        self._native = _goldsmith.Engine(
            model, _text(source), _text(target), dict(storage_options or {}), currency, threads, memory_limit
        )
        self._spark: SparkRun | None = None
        if engine == "spark":
            if spark is None:
                raise ConfigurationError("the engine `spark` works through a session; give one with `spark=`")
            self._spark = SparkRun(self._native, spark, names or Names(), _text(target), threads)

    def validate(self) -> tuple[Diagnostic, ...]:
        """Warnings of the model. Its errors were raised when the engine was made."""
        return diagnostics_of(self._native.warnings())

    def sources(self) -> tuple[Source, ...]:
        """What the model says of its sources."""
        return tuple(map(_results.source, json.loads(self._native.sources())))

    def hand_over(self, source: str, batches: ArrowStream, *, delivery: int) -> None:
        """Hands rows over as a delivery of a source, in place of a table below the source location, until the next one.

        They are read by the runs that follow, batch by batch, and are not copied. A delivery that bronze has already is not taken
        over again, so that a call may be repeated.

        :param source: name of the source, such as ``billing.usage``.
        :param batches: rows with the columns of the source.
        :param delivery: number that grows from one delivery of the source to the next.
        """
        self._only_native("rows cannot be handed over")
        self._native.hand_over(source, delivery, sound(batches))

    def feed(self, source: str, feed: Feed) -> None:
        """Lets an object read a source, in place of a table below the source location: see :class:`Feed`."""
        self._only_native("a source cannot be fed")
        self._native.feed(source, feed)

    def plan(self, *, select: Sequence[str] = (), full_refresh: bool = False) -> tuple[TablePlan, ...]:
        """What a run would do and why; nothing is changed. SQL finds out by doing what is new, so that with Spark every table of the
        selection is named."""
        if self._spark is not None:
            return self._spark.plan(_names(select), full_refresh)
        return tuple(map(_results.table_plan, json.loads(self._native.plan(_names(select), full_refresh))))

    def run(self, *, select: Sequence[str] = (), full_refresh: bool = False) -> RunReport:
        """Takes over what is new in the sources, and brings gold up to date.

        A table that fails is told by the report, and the others go on: see :meth:`RunReport.raise_for_failures`.

        :param select: gold tables, sources or domains; without it all. What they need comes along.
        :param full_refresh: builds the selected gold tables from all of bronze.
        """
        if self._spark is not None:
            return self._spark.run(_names(select), full_refresh)
        return _results.run_report(json.loads(self._native.run(_names(select), full_refresh)))

    def status(self) -> tuple[TableInfo, ...]:
        """What the target holds."""
        return tuple(map(_results.table_info, json.loads(self._native.status())))

    def verify(
        self,
        *,
        select: Sequence[str] = (),
        sample: float | None = None,
        scratch: Location | None = None,
        examples: int | None = None,
    ) -> VerifyReport:
        """Proves that gold equals a rebuild from bronze; nothing of the target is changed. A table that another engine brought up to
        date last is checked by itself, see :attr:`TableVerification.is_of_other_engine`.

        :param select: gold tables, sources or domains; without it all gold tables.
        :param sample: share of the keys that is compared, above 0 and up to 1; without it all.
        :param scratch: directory for rebuilt tables; without it that of the system.
        :param examples: offending rows that a check shows at most.
        """
        return _results.verify_report(json.loads(self._native.verify(_names(select), sample, scratch, examples)))

    def maintain(
        self,
        *,
        select: Sequence[str] = (),
        retention: timedelta | None = None,
        force: bool = False,
        dry_run: bool = False,
    ) -> MaintainReport:
        """Keeps the tables quick to read: merges small files, purges deleted rows, and deletes files that nothing shows any more. No row
        changes, and runs and readers may go on meanwhile. A table that fails is told by the report, and the others go on.

        :param select: gold tables, sources or domains; without it all tables.
        :param retention: how long files that nothing shows any more are kept; without it seven days.
        :param force: takes a retention below an hour. What runs that are going on have not committed yet is then lost for good.
        :param dry_run: only says what would be done.
        """
        report = self._native.maintain(_names(select), retention, force, dry_run)
        return _results.maintain_report(json.loads(report))

    def query(self, sql: str) -> QueryResult:
        """Answers a SQL query; tables are named ``<schema>.<table>``, and without the schema those of gold are meant."""
        return QueryResult(self._native.query(sql))

    def _only_native(self, what: str) -> None:
        if self._spark is not None:
            raise ConfigurationError(f"{what}: the engine `spark` reads the tables of its session")


def validate(model: Location | None = None) -> tuple[Diagnostic, ...]:
    """Checks a model, or the one that is part of the package, and returns its warnings.

    :raises ModelError: with every problem of the model.
    """
    return Engine(model=model).validate()


def _text(location: Location | None) -> str | None:
    return None if location is None else os.fspath(location)


def _names(select: Sequence[str]) -> list[str]:
    """A single name would be taken for its letters."""
    return [select] if isinstance(select, str) else list(select)
