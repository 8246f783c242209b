"""Runs a compiled model through a Spark session.

`goldsmith compile` writes bronze and gold as Spark SQL, with a manifest that tells the order. This module runs those
statements: in a Databricks job or notebook, on Apache Spark with Delta Lake, or on any Spark Connect server.

    from goldsmith.spark_engine import CompiledModel, SparkEngine

    report = SparkEngine(spark, CompiledModel.load("sql")).run()
    report.raise_for_failures()

A table that fails keeps nobody else from being brought up to date; what it holds stays as it was, and the next run makes up
for it. Every statement can be repeated. `goldsmith.Engine(engine="spark", ...)` compiles and runs in one process.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import Any

from goldsmith._compiled import CompiledModel, Script, SparkRunError, Statement
from goldsmith._position import SharedPosition
from goldsmith._schedule import in_turn

__all__ = [
    "CompiledModel",
    "Script",
    "SharedPosition",
    "SparkEngine",
    "SparkReport",
    "SparkRunError",
    "Statement",
    "StatementResult",
]

log = logging.getLogger("goldsmith.spark")

#: Tables that are worked on at once.
_THREADS = 4
_LAYERS = ("setup", "bronze", "gold")
_CREATING = ("create",)
_LOADING = {"setup": (), "bronze": ("quarantine", "load"), "gold": ("begin", "refresh", "end")}
_REBUILDING = ("begin", "rebuild", "end")
#: Statements that write the table of positions.
_NOTING = ("begin", "end")
#: Statements of which the number of rows is looked up where the server does not tell it, as Apache Spark of an `insert`.
_COUNTED = ("load", "rebuild")

#: The property in which a table tells the native engine how far Spark brought it.
_PROPERTY = "goldsmith.position"
#: Commits of a table that are looked through for a position.
_COMMITS = 50
#: What servers call the number of rows that a statement changed.
_CHANGED = ("num_affected_rows", "count")


@dataclass(frozen=True)
class StatementResult:
    """What came of one statement. `metrics` is what the server tells of it, such as the number of rows."""

    layer: str
    table: str
    statement: str
    seconds: float
    metrics: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    #: Whether the source is absent, so that the statement was not run.
    is_skipped: bool = False

    @property
    def changed_rows(self) -> int | None:
        """Rows that the statement changed; none when the server does not tell."""
        return next((int(self.metrics[name]) for name in _CHANGED if self.metrics.get(name) is not None), None)


@dataclass(frozen=True)
class SparkReport:
    """What came of a run, statement by statement."""

    results: tuple[StatementResult, ...]
    #: The run; in `_run_id` of every row that it wrote.
    run_id: str = ""

    @property
    def failures(self) -> tuple[StatementResult, ...]:
        """The statements that failed; those after them of the same table were not run."""
        return tuple(result for result in self.results if result.error is not None)

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    def raise_for_failures(self) -> None:
        """Raises `SparkRunError` that names every table that failed, with the reason."""
        if self.ok:
            return
        lines = [f"{result.table} ({result.statement}): {result.error}" for result in self.failures]
        raise SparkRunError(f"{len(lines)} table(s) failed:\n" + "\n".join(lines))


class SparkEngine:
    """Brings bronze and gold up to date through a Spark session.

    `threads` tables are worked on at once, without it four, each after the tables that it reads: while a statement is planned or
    committed, most of a cluster would be idle. `rewrite` may change a statement before it is sent, for servers that need another table
    format or parameters.
    """

    def __init__(
        self,
        session: Any,
        model: CompiledModel,
        *,
        threads: int | None = None,
        rewrite: Callable[[str], str] | None = None,
    ) -> None:
        self._threads = _THREADS if threads is None else threads
        if self._threads < 1:
            raise SparkRunError(f"`threads` is {threads}; give a whole number from 1 on")
        self._session = session
        self._model = model
        self._rewrite = rewrite or (lambda sql: sql)

    def run(
        self,
        *,
        select: Iterable[str] | None = None,
        layers: Iterable[str] = ("bronze", "gold"),
        full_refresh: bool = False,
        observer: Callable[[Script, list[StatementResult]], None] | None = None,
    ) -> SparkReport:
        """Creates what is missing, loads bronze and brings gold up to date.

        `select` names tables (`billing.usage`, `fact_usage`); without it all are brought up to date. `layers` leaves out bronze
        or gold, for instance when bronze is loaded by the native engine. With `full_refresh` gold tables are built from
        all of bronze, and so are those that another model made. An unknown name raises `SparkRunError` before anything
        is done. `observer` is called after each table with what came of its statements, which are then logged as debugging only.
        Ctrl-C cancels the statements that are being executed, where the session can do that, and waits for them; the next run does
        the rest.
        """
        chosen = self.chosen(select, set(layers))
        for name, value in self._model.session.items():
            self._session.conf.set(name, value)
        level = logging.INFO if observer is None else logging.DEBUG
        run = _Run(self._session, self._model, self._rewrite, level)
        results = {script.table: run.do(script, _CREATING) for script in chosen if script.layer == "setup"}
        tables = {script.table: script for script in chosen if script.layer != "setup"}

        # Everything is created first, since a dimension that is not there yet would fail the facts that look it up. A calendar
        # reads facts that nobody selected.
        creating = tables | {script.table: script for script in self._read_besides(chosen, set(layers))}
        results |= {table: [] for table in creating}
        self._each(list(creating), run, lambda table: run.do(creating[table], _CREATING), results.__setitem__)

        def tell(table: str, of_table: list[StatementResult]) -> None:
            results[table] = results[table] + of_table
            if observer is not None:
                observer(tables[table], results[table])

        created = {table: script for table, script in tables.items() if all(one.error is None for one in results[table])}
        work = partial(self._bring_up_to_date, run, full_refresh=full_refresh)
        self._each(list(created), run, lambda table: work(created[table]), tell, _read_before(created.values()))
        return SparkReport(tuple(result for of_table in results.values() for result in of_table), run.run_id)

    def _each(
        self,
        tables: list[str],
        run: _Run,
        work: Callable[[str], list[StatementResult]],
        done: Callable[[str, list[StatementResult]], None],
        after: dict[str, set[str]] | None = None,
    ) -> None:
        in_turn(tables, work, done, threads=self._threads, after=after, begin=run.mark_thread, cancel=run.cancel)

    def _bring_up_to_date(self, run: _Run, script: Script, *, full_refresh: bool) -> list[StatementResult]:
        if script.layer == "gold":
            return run.bring_up_to_date(script, full_refresh)
        if script.source is None or self.exists(script.source):
            return run.do(script, _LOADING[script.layer])
        log.info("%s: the source is absent", script.table)
        return [StatementResult(script.layer, script.table, "load", 0.0, is_skipped=True)]

    def _read_besides(self, chosen: list[Script], layers: set[str]) -> list[Script]:
        """Scripts of tables that the chosen ones read and that are not there yet."""
        others = [script for script in self._model.scripts if script.layer in layers and script not in chosen]
        read = (script for script in others if any(_reads(one, script) for one in chosen))
        return [script for script in read if not self.exists(script.relation or "")]

    def exists(self, relation: str) -> bool:
        """Whether the session can see a table. One that is known and cannot be looked at counts: what reads it fails, and says why."""
        try:
            return bool(self._session.catalog.tableExists(relation))
        except Exception as problem:  # noqa: BLE001 - servers raise what they like
            log.debug("%s cannot be looked at: %s", relation, _text(problem))
            return True

    def chosen(self, select: Iterable[str] | None, layers: set[str]) -> list[Script]:
        """The scripts that a run would execute, in their order."""
        unknown = layers - set(_LAYERS)
        names = None if select is None else set(select)
        if names is not None:
            unknown |= names - {script.table for script in self._model.scripts}
        if unknown:
            raise SparkRunError(f"there is no {', '.join(f'`{name}`' for name in sorted(unknown))} in the compiled model")
        return [
            script
            for script in self._model.scripts
            if script.layer == "setup" or (script.layer in layers and (names is None or script.table in names))
        ]


def _reads(script: Script, other: Script) -> bool:
    """Whether the statements of a script name the table of another one. Names that are longer count as well: `dim_account` is in
    `dim_account_price`."""
    return other.relation is not None and any(other.relation in statement.sql for statement in script.statements)


def _read_before(scripts: Iterable[Script]) -> dict[str, set[str]]:
    """For each of the scripts, the tables of those before it that it reads."""
    before: list[Script] = []
    read = {}
    for script in scripts:
        read[script.table] = {other.table for other in before if _reads(script, other)}
        before.append(script)
    return read


class _Run:
    """One run over some scripts, by several threads."""

    def __init__(self, session: Any, model: CompiledModel, rewrite: Callable[[str], str], level: int) -> None:
        self._level = level
        self._session = session
        self._model = model
        self._rewrite = rewrite
        self._fingerprints: dict[str, str] | None = None
        self._shows_history = True
        self._tells_inserts = False
        self._is_cancelled = threading.Event()
        # All tables have their positions in one table, where two writers at once would be in conflict.
        self._positions = threading.Lock()
        self.run_id = f"spark-{datetime.now(timezone.utc):%Y%m%d%H%M%S%f}"

    def mark_thread(self) -> None:
        """Marks what the calling thread sends as part of this run, where the session knows such tags."""
        with suppress(Exception):
            self._session.addTag(self.run_id)

    def cancel(self) -> None:
        """Keeps further statements from being sent, and cancels those that are being executed, where the session can do that."""
        self._is_cancelled.set()
        try:
            self._session.interruptTag(self.run_id)
        except Exception as problem:  # noqa: BLE001 - servers raise what they like; the statements are waited for
            log.debug("statements cannot be cancelled here: %s", _text(problem))

    def bring_up_to_date(self, script: Script, full_refresh: bool) -> list[StatementResult]:
        """Refreshes a gold table, or builds it from all of bronze, and tells the native engine how far it came."""
        # The instant is taken before anything is read: what bronze gets later belongs to the next run.
        position = SharedPosition(script.fingerprint or "", int(time.time() * 1000))
        try:
            full_refresh = full_refresh or not self._is_of_this_model(script)
        except Exception as problem:  # noqa: BLE001 - servers raise what they like; it is reported
            log.error("%s: its position cannot be read: %s", script.table, _text(problem))
            return [StatementResult(script.layer, script.table, "position", 0.0, error=_text(problem))]
        names = _REBUILDING if full_refresh else _LOADING["gold"]
        results = self.do(script, names)
        # Fewer when one failed, and when the run was cancelled in between.
        is_complete = len(results) == len(script.named(*names)) and all(result.error is None for result in results)
        if is_complete and any(result.statement == "rebuild" or _has_refreshed(result) for result in results):
            self._tell(script, position)
        return results

    def _is_of_this_model(self, script: Script) -> bool:
        """Whether the rows of a table were made by this model, as far as it is known. Where the native engine was the last to write
        the table, its position is taken over."""
        told = self._told_by_native(script.relation or "")
        if told is None:
            return self._known().get(script.table, script.fingerprint) == script.fingerprint
        if told.fingerprint != script.fingerprint:
            return False
        instant = f"timestamp_millis({told.read_at})"
        with self._positions:
            self._send(
                f"merge into {self._model.positions} as t\n"
                f"using (select '{script.table}' as table_name, '{told.fingerprint}' as fingerprint, {instant} as read_at) as s\n"
                "on t.table_name = s.table_name\n"
                "when matched then update set `position` = s.read_at, fingerprint = s.fingerprint\n"
                "when not matched then insert (table_name, fingerprint, `position`, next_position)\n"
                "values (s.table_name, s.fingerprint, s.read_at, null)"
            )
        return True

    def _told_by_native(self, relation: str) -> SharedPosition | None:
        """The position of the native engine, when its commit is the last one that tells one. Not every server shows the history of a
        table; those that do not cannot write tables of the native engine either."""
        for commit in self._history(relation, _COMMITS):
            if (told := SharedPosition.parse(commit.asDict().get("userMetadata"))) is not None:
                return told
            if commit["operation"] == "SET TBLPROPERTIES" and _PROPERTY in str(commit["operationParameters"]):
                return None
        return None

    def _history(self, relation: str, limit: int) -> list[Any]:
        """The latest commits of a table, the last one first; none where the server does not show them."""
        if not self._shows_history:
            return []
        try:
            commits = self._send(f"describe history {relation} limit {limit}")
        except Exception as problem:  # noqa: BLE001 - servers raise what they like
            log.debug("no history of tables is shown here: %s", problem)
            self._shows_history = False
            return []
        return sorted(commits, key=lambda commit: int(commit["version"]), reverse=True)

    def _last_commit(self, script: Script) -> Any:
        return next(iter(self._history(script.relation or "", 1)), None)

    def _rows_since(self, before: Any, script: Script) -> dict[str, Any]:
        """What servers tell of a statement that wrote rows, from the commit that came after `before`. None came when there was no row."""
        after = self._last_commit(script)
        if before is None or after is None:
            return {}
        count = 0 if after["version"] == before["version"] else int(after["operationMetrics"].get("numOutputRows", 0))
        return {"num_affected_rows": count, "num_inserted_rows": count}

    def _known(self) -> dict[str, str]:
        """Fingerprints by table, as Spark took them down before this run."""
        with self._positions:
            if self._fingerprints is None:
                rows = self._send(f"select table_name, fingerprint from {self._model.positions}")
                self._fingerprints = {row["table_name"]: row["fingerprint"] for row in rows}
            return self._fingerprints

    def _tell(self, script: Script, position: SharedPosition) -> None:
        """Takes the position down in the log of the table. Without it the native engine builds the table anew once."""
        try:
            self._send(f"alter table {script.relation} set tblproperties ('{_PROPERTY}' = '{position.text}')")
        except Exception as problem:  # noqa: BLE001 - servers raise what they like; the table itself is right
            log.warning("%s: its position cannot be told to the native engine: %s", script.table, problem)

    def do(self, script: Script, names: tuple[str, ...]) -> list[StatementResult]:
        """Executes the statements of these names, up to the first that fails."""
        results: list[StatementResult] = []
        for statement in script.named(*names):
            if self._is_cancelled.is_set():
                break
            with self._positions if statement.name in _NOTING else nullcontext():
                results.append(self._execute(script, statement))
            if (error := results[-1].error) is not None:
                level = logging.DEBUG if self._is_cancelled.is_set() else logging.ERROR
                log.log(level, "%s: %s failed: %s", script.table, statement.name, error)
                break
            told = results[-1]
            log.log(self._level, "%s: %s in %.1f s %s", script.table, told.statement, told.seconds, told.metrics or "")
        return results

    def _execute(self, script: Script, statement: Statement) -> StatementResult:
        started = time.monotonic()
        metrics: dict[str, Any] = {}
        error = None
        is_insert = statement.name in _COUNTED and "\ninsert " in f"\n{statement.sql}"
        try:
            before = self._last_commit(script) if is_insert and not self._tells_inserts else None
            rows = self._send_or_attach(script, statement)
            metrics = rows[0].asDict() if len(rows) == 1 else {}
            if is_insert and metrics:
                self._tells_inserts = True
            elif is_insert:
                metrics = self._rows_since(before, script)
        except Exception as problem:  # noqa: BLE001 - servers raise what they like; it is reported
            error = _text(problem)
        return StatementResult(script.layer, script.table, statement.name, time.monotonic() - started, metrics, error)

    def _send_or_attach(self, script: Script, statement: Statement) -> list[Any]:
        try:
            return self._send(statement.sql.replace(self._model.run, f"'{self.run_id}'"))
        except Exception as problem:
            if (attach := script.otherwise(statement)) is None:
                raise
            try:
                rows = self._send(attach.sql)
            except Exception as other:  # noqa: BLE001 - servers raise what they like; what cannot be created is what matters
                log.debug("%s: cannot be attached either: %s", script.table, other)
                raise problem from None
            log.debug("%s: attached as it is: %s", script.table, problem)
            return rows

    def _send(self, sql: str) -> list[Any]:
        return list(self._session.sql(self._rewrite(sql)).collect())


def _has_refreshed(result: StatementResult) -> bool:
    """Whether rows of a table changed, as far as the server tells."""
    return result.statement == "refresh" and result.changed_rows != 0


def _text(problem: Exception) -> str:
    """What an exception says; those of a Java server ask it, and it may be gone."""
    try:
        return str(problem)
    except Exception:  # noqa: BLE001 - whatever the connection raises
        return type(problem).__name__
