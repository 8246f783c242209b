"""Runs of an engine through a Spark session: compiled in this process, reported like those of the native engine."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal

from goldsmith import _goldsmith
from goldsmith._errors import ConfigurationError
from goldsmith._results import Layer, RowCounts, RunReport, TablePlan, TableReport, TableStatus
from goldsmith.spark_engine import CompiledModel, Script, SparkEngine, Statement, StatementResult

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_LOG = logging.getLogger("goldsmith.run")
_LEVELS = {TableStatus.CHANGED: logging.INFO, TableStatus.FAILED: logging.ERROR}

#: What a runtime of Databricks has in its environment.
_DATABRICKS = "DATABRICKS_RUNTIME_VERSION"
#: Statements that write the rows of a table; the others prepare and conclude.
_WRITING = ("load", "refresh", "rebuild")


@dataclass(frozen=True)
class Names:
    """Where the tables are in the catalogs of a session."""

    #: Catalog of the system tables; empty: the one in use.
    source_catalog: str = "system"
    #: Catalog of bronze, gold and quarantine; without it the one in use.
    catalog: str | None = None
    #: Schema of the bronze tables; as in the model when not given.
    bronze_schema: str | None = None
    #: Schema of the gold tables; as in the model when not given.
    gold_schema: str | None = None
    #: Schema of quarantined rows; as in the model when not given.
    quarantine_schema: str | None = None
    #: Which SQL the session speaks; when not given it is found out.
    dialect: Literal["spark", "databricks"] | None = None


class SparkRun:
    """Plans and runs of one engine through one session."""

    def __init__(
        self, native: _goldsmith.Engine, session: SparkSession, names: Names, target: str | None, threads: int | None
    ) -> None:
        self._native = native
        self._session = session
        self._names = names
        self._target = target
        self._threads = threads

    def plan(self, select: list[str], full_refresh: bool) -> tuple[TablePlan, ...]:
        """What a run would execute."""
        engine, names = self._compiled(select)
        return tuple(_plan(engine, script, full_refresh) for script in _tables(engine, names))

    def run(self, select: list[str], full_refresh: bool) -> RunReport:
        """Executes the statements, and reports them by table."""
        started, began = datetime.now(timezone.utc), time.monotonic()
        engine, names = self._compiled(select)
        tables = _tables(engine, names)
        _LOG.info("run through Spark: %s tables", len(tables))
        report = engine.run(select=names, full_refresh=full_refresh, observer=_told)
        # Without the schemas and the table of positions nothing else can be right.
        broken = next((result for result in report.failures if result.layer == "setup"), None)
        reports = tuple(
            _report(script, [result for result in report.results if result.table == script.table], broken)
            for script in tables
        )
        _LOG.info("finished%s", " with failures" if report.failures else "")
        return RunReport(
            run_id=report.run_id,
            started_at=started.isoformat().replace("+00:00", "Z"),
            seconds=time.monotonic() - began,
            memory_limit=None,
            tables=reports,
        )

    def _compiled(self, select: list[str]) -> tuple[SparkEngine, list[str]]:
        """The statements for this session, and the tables that a selection covers."""
        location = self._target
        if location is not None and "://" not in location:
            location = os.path.abspath(location)
        names = dataclasses.asdict(self._names)
        dialect = names.pop("dialect") or ("databricks" if _DATABRICKS in os.environ else "spark")
        found = json.loads(self._native.compile(select, {**names, "target": dialect, "location": location}))
        statements = [[Statement(one["name"], one["sql"]) for one in script] for script in found["statements"]]
        engine = SparkEngine(self._session, CompiledModel.of(found["manifest"], statements), threads=self._threads)
        sources = [script.source for script in _tables(engine, found["selected"]) if script.source is not None]
        if sources and not any(map(engine.exists, sources)):
            raise ConfigurationError(
                f"the session shows none of the {len(sources)} system tables, such as `{sources[0]}`; "
                "enable system schemas, grant USE SCHEMA and SELECT on them, or name another catalog"
            )
        return engine, found["selected"]


def _told(script: Script, results: list[StatementResult]) -> None:
    """One line for each table, as the native engine logs it."""
    table = _report(script, results, None)
    text = f"{table.layer.value} {table.name}: {table.status.value.replace('_', ' ')}"
    if table.status is TableStatus.CHANGED:
        text += f", {table.rows.written} written"
    if table.error is not None:
        text += f": {table.error}"
    _LOG.log(_LEVELS.get(table.status, logging.DEBUG), "%s, %.1f s", text, table.seconds)


def _tables(engine: SparkEngine, names: Sequence[str]) -> list[Script]:
    return [script for script in engine.chosen(names, {"bronze", "gold"}) if script.layer != "setup"]


def _plan(engine: SparkEngine, script: Script, full_refresh: bool) -> TablePlan:
    missing = script.source is not None and not engine.exists(script.source)
    if missing:
        what = "the source is absent"
    elif script.layer == "bronze":
        what = "compare the source with bronze, and add what bronze does not hold"
    elif full_refresh:
        what = "build from all of bronze: a full refresh was asked for"
    else:
        what = "compute the affected keys again, and write what differs"
    return TablePlan(Layer(script.layer), script.table, changes=not missing, missing=missing, what=what)


def _report(script: Script, results: list[StatementResult], broken: StatementResult | None) -> TableReport:
    """The report of one table from its statements; a failure of what comes before all tables is one of each."""
    writing = next((result for result in results if result.statement in _WRITING), None)
    failed = next((result for result in results if result.error is not None), broken)
    changed = None if writing is None else writing.changed_rows
    if failed is not None:
        status, what = TableStatus.FAILED, failed.statement
    elif writing is None:
        status, what = TableStatus.UP_TO_DATE, "nothing to do"
    elif writing.is_skipped:
        status, what = TableStatus.SKIPPED, "the source is absent"
    else:
        status = TableStatus.UP_TO_DATE if changed == 0 else TableStatus.CHANGED
        what = "nothing new" if changed == 0 else writing.statement
    return TableReport(
        layer=Layer(script.layer),
        name=script.table,
        status=status,
        what=what,
        rows=RowCounts() if writing is None or failed is not None else _rows(writing.metrics, changed or 0),
        version=None,
        seconds=sum(result.seconds for result in results),
        warnings=(),
        error=None if failed is None else failed.error,
    )


def _rows(metrics: dict[str, Any], changed: int) -> RowCounts:
    """Rows as the server counts them; one that gives a single number counts all of them as inserted."""
    inserted, updated, deleted = (metrics.get(f"num_{kind}_rows") for kind in ("inserted", "updated", "deleted"))
    if inserted is None and updated is None:
        return RowCounts(inserted=changed)
    return RowCounts(inserted=int(inserted or 0), updated=int(updated or 0), deleted=int(deleted or 0))
