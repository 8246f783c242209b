"""Runs a compiled model through a Spark session.

`goldsmith compile` writes bronze and gold as Spark SQL, with a manifest that tells the order. This module runs those
statements: in a Databricks job or notebook, on Apache Spark with Delta Lake, or on any Spark Connect server.

    from goldsmith.spark_engine import CompiledModel, SparkEngine

    report = SparkEngine(spark, CompiledModel.load("sql")).run()
    report.raise_for_failures()

A table that fails keeps nobody else from being brought up to date; what it holds stays as it was, and the next run makes up
for it. Every statement can be repeated.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["CompiledModel", "Script", "SparkEngine", "SparkReport", "SparkRunError", "Statement", "StatementResult"]

log = logging.getLogger("goldsmith.spark")

_FORMAT = 1
_LAYERS = ("setup", "bronze", "gold")
_CREATING = ("create",)
_LOADING = {
    ("bronze", False): ("quarantine", "load"),
    ("bronze", True): ("quarantine", "load"),
    ("gold", False): ("begin", "refresh", "end"),
    ("gold", True): ("begin", "rebuild", "end"),
    ("setup", False): (),
    ("setup", True): (),
}


class SparkRunError(RuntimeError):
    """Tables failed, or the compiled files cannot be used."""


@dataclass(frozen=True)
class Statement:
    """One SQL statement, with what it is for: `create`, `load`, `refresh`, `rebuild`, ..."""

    name: str
    sql: str


@dataclass(frozen=True)
class Script:
    """The statements of one table. `table` is the name in the model, `billing.usage` or `fact_usage`."""

    layer: str
    table: str
    statements: tuple[Statement, ...]

    def named(self, *names: str) -> tuple[Statement, ...]:
        """The statements with one of these names, in the order of the names."""
        return tuple(statement for name in names for statement in self.statements if statement.name == name)


@dataclass(frozen=True)
class CompiledModel:
    """The output of `goldsmith compile`."""

    target: str
    session: dict[str, str]
    scripts: tuple[Script, ...]

    @classmethod
    def load(cls, directory: str | Path) -> CompiledModel:
        """Reads the directory that `goldsmith compile --out` wrote.

        Raises `SparkRunError` when there is no manifest, or files do not fit it.
        """
        root = Path(directory)
        path = root / "manifest.json"
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise SparkRunError(f"there is no `{path}`; write it with `goldsmith compile --out {root}`") from None
        if manifest.get("format") != _FORMAT:
            raise SparkRunError(f"`{path}` has the format {manifest.get('format')}, not {_FORMAT}; compile again")
        scripts = tuple(_script(root, entry, manifest["marker"]) for entry in manifest["scripts"])
        return cls(manifest["target"], dict(manifest["session"]), scripts)


def _script(root: Path, entry: dict[str, Any], marker: str) -> Script:
    path = root / entry["file"]
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SparkRunError(f"`{path}` is not there; compile again") from None
    statements = tuple(_statements(text, marker))
    if [statement.name for statement in statements] != entry["statements"]:
        raise SparkRunError(f"`{path}` does not have the statements that the manifest tells; compile again")
    return Script(entry["layer"], entry["table"], statements)


def _statements(text: str, marker: str) -> Iterable[Statement]:
    name: str | None = None
    lines: list[str] = []
    for line in [*text.splitlines(), marker]:
        if not line.startswith(marker):
            lines.append(line)
            continue
        if name is not None:
            yield Statement(name, "\n".join(lines).strip().removesuffix(";"))
        name, lines = line.removeprefix(marker).strip(), []


@dataclass(frozen=True)
class StatementResult:
    """What came of one statement. `metrics` is what the server tells of it, such as the number of rows."""

    layer: str
    table: str
    statement: str
    seconds: float
    metrics: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True)
class SparkReport:
    """What came of a run, statement by statement."""

    results: tuple[StatementResult, ...]

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

    `rewrite` may change a statement before it is sent, for servers that need another table format or parameters.
    """

    def __init__(
        self, session: Any, model: CompiledModel, *, rewrite: Callable[[str], str] | None = None
    ) -> None:
        self._session = session
        self._model = model
        self._rewrite = rewrite or (lambda sql: sql)

    def run(
        self,
        *,
        select: Iterable[str] | None = None,
        layers: Iterable[str] = ("bronze", "gold"),
        full_refresh: bool = False,
    ) -> SparkReport:
        """Creates what is missing, loads bronze and brings gold up to date.

        `select` names tables (`billing.usage`, `fact_usage`); without it all are brought up to date. `layers` leaves out bronze
        or gold, for instance when bronze is loaded by the native engine. With `full_refresh` gold tables are built from
        all of bronze. An unknown name raises `SparkRunError` before anything is done.
        """
        chosen = self._chosen(select, set(layers))
        for name, value in self._model.session.items():
            self._session.conf.set(name, value)
        results: list[StatementResult] = []
        # Everything is created first, since a dimension that is not there yet would fail the facts that look it up.
        created = [script for script in chosen if self._do(script, _CREATING, results)]
        for script in created:
            self._do(script, _LOADING[script.layer, full_refresh], results)
        return SparkReport(tuple(results))

    def _chosen(self, select: Iterable[str] | None, layers: set[str]) -> list[Script]:
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

    def _do(self, script: Script, names: tuple[str, ...], results: list[StatementResult]) -> bool:
        for statement in script.named(*names):
            started = time.monotonic()
            metrics: dict[str, Any] = {}
            error = None
            try:
                rows = self._session.sql(self._rewrite(statement.sql)).collect()
                metrics = rows[0].asDict() if len(rows) == 1 else {}
            except Exception as problem:  # noqa: BLE001 - servers raise what they like; it is reported
                error = str(problem)
            seconds = time.monotonic() - started
            result = StatementResult(script.layer, script.table, statement.name, seconds, metrics, error)
            results.append(result)
            if error is not None:
                log.error("%s: %s failed: %s", script.table, statement.name, error)
                return False
            log.info("%s: %s in %.1f s %s", script.table, statement.name, seconds, metrics or "")
        return True
