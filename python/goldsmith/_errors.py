"""Exceptions by the kind of what went wrong, and the diagnostics of a model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from goldsmith._results import RunReport, TableReport


@dataclass(frozen=True)
class Diagnostic:
    """One problem of the model, with its place."""

    #: What kind of problem, such as ``unknown-column``; ``goldsmith explain CODE`` tells more.
    code: str
    #: ``error`` or ``warning``.
    severity: str
    #: File, relative to the directory of the model.
    file: str
    #: Line, from 1.
    line: int
    #: Column in characters, from 1.
    column: int
    #: Number of characters.
    length: int
    #: What is wrong.
    message: str
    #: The line of the file.
    snippet: str
    #: What to do about it.
    help: str | None

    def __str__(self) -> str:
        advice = f"; {self.help}" if self.help else ""
        return f"{self.file}:{self.line}:{self.column}: {self.severity} [{self.code}]: {self.message}{advice}"


class GoldsmithError(Exception):
    """An operation failed. Its subclasses say what kind of failure it is."""

    #: Stable name of the kind.
    code: str = "error"

    def __init__(self, message: str, *, diagnostics: Sequence[Diagnostic] = (), is_retryable: bool = False) -> None:
        super().__init__(message)
        #: Every problem of the model; empty for other kinds.
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        #: Whether the same operation may succeed when it is tried again.
        self.is_retryable = is_retryable

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  {diagnostic}" for diagnostic in self.diagnostics)])


class ModelError(GoldsmithError):
    """The model has problems: see :attr:`diagnostics`."""

    code = "model"


class ConfigurationError(GoldsmithError):
    """A setting is missing or wrong, or a selection names something that is not there."""

    code = "configuration"


class DataError(GoldsmithError):
    """Data, a schema, a table or a query is not what it should be."""

    code = "data"


class AccessError(GoldsmithError):
    """A location cannot be reached, read or written."""

    code = "access"


class ConflictError(GoldsmithError):
    """Another writer was faster; trying again helps."""

    code = "conflict"


class CancelledError(GoldsmithError):
    """The operation was cancelled."""

    code = "cancelled"


class InternalError(GoldsmithError):
    """A defect of the engine; please report it."""

    code = "internal"


class RunFailedError(GoldsmithError):
    """Tables of a run failed; raised by :meth:`RunReport.raise_for_failures`."""

    code = "run"

    def __init__(self, report: RunReport) -> None:
        #: The report of the run.
        self.report = report
        #: The tables that did not come out as they should.
        self.tables: tuple[TableReport, ...] = report.failures
        reasons = "; ".join(f"{table.layer.value} {table.name}: {table.error}" for table in self.tables)
        super().__init__(f"{len(self.tables)} table(s) failed: {reasons}")


class _Kinds:
    """Exception classes by the code that the engine gives."""

    ALL: ClassVar[dict[str, type[GoldsmithError]]] = {
        kind.code: kind
        for kind in (
            ModelError,
            ConfigurationError,
            DataError,
            AccessError,
            ConflictError,
            CancelledError,
            InternalError,
        )
    }


def diagnostics_of(text: str) -> tuple[Diagnostic, ...]:
    """Diagnostics from JSON. Fields that a newer engine adds are left out."""
    known = Diagnostic.__dataclass_fields__
    return tuple(Diagnostic(**{name: value for name, value in one.items() if name in known}) for one in json.loads(text))


def exception_of(code: str, message: str, is_retryable: bool, diagnostics: str) -> GoldsmithError:
    """The exception for an error of the engine. Called by the extension."""
    kind = _Kinds.ALL.get(code, GoldsmithError)
    return kind(message, diagnostics=diagnostics_of(diagnostics), is_retryable=is_retryable)
