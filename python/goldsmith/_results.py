"""Typed results of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, TypeVar, cast

from goldsmith._errors import RunFailedError

T = TypeVar("T")


class Layer(str, Enum):
    """Layer of a table."""

    BRONZE = "bronze"
    GOLD = "gold"


class TableStatus(str, Enum):
    """How a table came out of a run, in the order by which a whole run is called."""

    #: The source is absent; nothing was done.
    SKIPPED = "skipped"
    #: Nothing was new, nothing was committed.
    UP_TO_DATE = "up_to_date"
    #: Rows or the position were committed.
    CHANGED = "changed"
    #: The run was cancelled before the table was done.
    CANCELLED = "cancelled"
    #: The table failed; what it held before is untouched.
    FAILED = "failed"


class CheckOutcome(str, Enum):
    """How a check came out, from good to bad."""

    PASSED = "passed"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True)
class RowCounts:
    """The books of one table in one run, in rows.

    They balance: read + reread + repaired + generated = inserted + updated + unchanged + duplicates + quarantined + memberless.
    """

    #: Input rows that were looked at because they were new to the table.
    read: int = 0
    #: Rows that were added.
    inserted: int = 0
    #: Rows that were replaced by a new content.
    updated: int = 0
    #: Rows that were removed because the timeline of their key no longer has them.
    deleted: int = 0
    #: Rows that lost against another version of their key, or were absorbed.
    duplicates: int = 0
    #: Result rows that were the same already.
    unchanged: int = 0
    #: Input rows that went to quarantine.
    quarantined: int = 0
    #: Input rows with a null in part of a business key; they make no member of a dimension.
    memberless: int = 0
    #: Rows re-read from gold because a dimension version that they refer to changed.
    repaired: int = 0
    #: Rows that bronze had before, read again because their keys got new rows.
    reread: int = 0
    #: Rows that no input has: the unknown member.
    generated: int = 0
    #: Rows marked as no longer present in the source.
    vanished: int = 0

    @property
    def written(self) -> int:
        """Rows that were written."""
        return self.inserted + self.updated

    def __add__(self, other: RowCounts) -> RowCounts:
        return RowCounts(**{name.name: getattr(self, name.name) + getattr(other, name.name) for name in fields(self)})


@dataclass(frozen=True)
class TableReport:
    """What a run did to one table."""

    layer: Layer
    #: Source name for bronze (``billing.usage``), table name for gold.
    name: str
    status: TableStatus
    #: What was done and why.
    what: str
    rows: RowCounts
    #: Version of the table after the run, when it exists.
    version: int | None
    seconds: float
    #: Things worth knowing that are no failure.
    warnings: tuple[str, ...]
    #: Why it failed, with its causes.
    error: str | None


@dataclass(frozen=True)
class RunReport:
    """What a run did."""

    #: Identifier of the run; in ``_run_id`` of every row that it wrote.
    run_id: str
    #: When it began (RFC 3339, UTC).
    started_at: str
    seconds: float
    #: Bytes of memory that it was allowed; None where Spark did the work.
    memory_limit: int | None
    #: One report for each table, bronze first.
    tables: tuple[TableReport, ...]

    @property
    def status(self) -> TableStatus:
        """The status of the whole: the last in the order of :class:`TableStatus` that a table has."""
        order = list(TableStatus)
        return max((table.status for table in self.tables), key=order.index, default=TableStatus.UP_TO_DATE)

    @property
    def failures(self) -> tuple[TableReport, ...]:
        """Tables that failed or were cancelled."""
        return tuple(t for t in self.tables if t.status in (TableStatus.FAILED, TableStatus.CANCELLED))

    @property
    def is_success(self) -> bool:
        """Whether every table came out as it should; a skipped source is fine."""
        return not self.failures

    @property
    def is_up_to_date(self) -> bool:
        """Whether nothing at all was committed."""
        return all(table.status is not TableStatus.CHANGED for table in self.tables)

    @property
    def absent(self) -> tuple[str, ...]:
        """Names of the selected sources that are absent."""
        return tuple(t.name for t in self.tables if t.layer is Layer.BRONZE and t.status is TableStatus.SKIPPED)

    def totals(self, layer: Layer) -> RowCounts:
        """The books of one layer."""
        return sum((table.rows for table in self.tables if table.layer is layer), RowCounts())

    def table(self, layer: Layer, name: str) -> TableReport | None:
        """The report of a table."""
        return next((table for table in self.tables if table.layer is layer and table.name == name), None)

    def raise_for_failures(self) -> None:
        """Raises :class:`RunFailedError` when a table failed."""
        if not self.is_success:
            raise RunFailedError(self)


@dataclass(frozen=True)
class TablePlan:
    """What a run would do with one table."""

    layer: Layer
    name: str
    #: Whether the table would be touched.
    changes: bool
    #: Whether the source is absent.
    missing: bool
    #: What would be done and why.
    what: str
    #: Why the table would fail.
    error: str | None = None


@dataclass(frozen=True)
class TableInfo:
    """State of one table of a target."""

    layer: Layer
    name: str
    #: Path or URL.
    location: str
    exists: bool
    version: int | None
    rows: int | None
    bytes: int | None
    files: int | None
    #: What it records about its inputs, as JSON.
    position: str | None
    #: Why it cannot be read, and what to do; it is there, but nothing is known of it.
    error: str | None = None


@dataclass(frozen=True)
class ColumnDifference:
    """A column in which a row of the table and that of a rebuild differ; None is null."""

    column: str
    found: str | None
    expected: str | None


@dataclass(frozen=True)
class Example:
    """One offending row."""

    #: Which row, by its key.
    row: str
    #: What is wrong with it.
    problem: str
    #: Where it differs.
    columns: tuple[ColumnDifference, ...]


@dataclass(frozen=True)
class Check:
    """One check of one table."""

    #: What was checked, such as ``missing_rows``.
    name: str
    outcome: CheckOutcome
    #: Offending rows, all counted.
    rows: int
    #: Why it failed as a whole or was skipped.
    reason: str | None
    #: Some of the offending rows.
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class BehindInput:
    """An input of a gold table that holds more than the table contains; the next run takes it over."""

    #: ``bronze:billing.usage`` or ``gold:dim_workspace``
    input: str
    #: The version of it that the table contains; None: it was not there then, or was created anew since.
    contained: int | None
    #: The version that it is at.
    latest: int


@dataclass(frozen=True)
class TableVerification:
    """What was found about one gold table."""

    name: str
    version: int | None
    rows: int
    #: Rows that were compared with a rebuild.
    compared: int
    #: The inputs that hold more than the table contains. That is no fault.
    behind: tuple[BehindInput, ...]
    seconds: float
    checks: tuple[Check, ...]

    @property
    def outcome(self) -> CheckOutcome:
        """The worst outcome of all checks."""
        order = list(CheckOutcome)
        return max((check.outcome for check in self.checks), key=order.index, default=CheckOutcome.PASSED)

    @property
    def is_verified(self) -> bool:
        """Whether anything can be said of the table: it was compared with a rebuild, or a check failed without that."""
        compared = any(c.name == "missing_rows" and c.outcome is not CheckOutcome.SKIPPED for c in self.checks)
        return compared or self.outcome is CheckOutcome.FAILED

    @property
    def is_of_other_engine(self) -> bool:
        """Whether another engine, such as compiled SQL on Spark, brought the table up to date last. Then it is checked by itself, and
        not compared with a rebuild, since the versions of its inputs that it contains are not told."""
        return any(c.name == "writer" and c.outcome is CheckOutcome.SKIPPED for c in self.checks)


@dataclass(frozen=True)
class VerifyReport:
    """What a verification found."""

    started_at: str
    seconds: float
    #: Share of the keys that was compared; None: all.
    sample: float | None
    tables: tuple[TableVerification, ...]

    @property
    def is_success(self) -> bool:
        """Whether no check failed."""
        return all(table.outcome is not CheckOutcome.FAILED for table in self.tables)

    def is_made(self, named: Sequence[str] = (), *, with_other_engines: bool = False) -> bool:
        """Whether the verification could be made: at least one table was compared, and each of `named` that is among the tables. On
        demand a table that another engine brought up to date will do, which was checked by itself."""
        compared = [t.name for t in self.tables if t.is_verified or (with_other_engines and t.is_of_other_engine)]
        return bool(compared) and all(table.name in compared for table in self.tables if table.name in named)

    @property
    def of_other_engines(self) -> tuple[str, ...]:
        """Names of the tables that another engine brought up to date last."""
        return tuple(table.name for table in self.tables if table.is_of_other_engine)


@dataclass(frozen=True)
class TableMaintenance:
    """What maintenance did, or would do, with one table. No row changes by it."""

    layer: Layer
    #: Source name for bronze (``billing.usage``), table name for gold.
    name: str
    #: Live files before.
    files_before: int
    #: Live files after.
    files_after: int
    #: Small files that became part of larger ones.
    small_files: int
    #: Files that were rewritten without their deleted rows.
    purged_files: int
    #: Deleted rows that no file holds any more.
    rows_purged: int
    #: Rows that were written anew.
    rows_copied: int
    #: Files that nothing shows any more, and that were deleted.
    garbage_files: int
    #: Size of these files in bytes.
    garbage_bytes: int
    #: The version that the rearrangement made.
    version: int | None
    #: What went wrong with this table; the others go on.
    error: str | None


@dataclass(frozen=True)
class MaintainReport:
    """What maintenance did, or would do."""

    #: Whether nothing was changed.
    dry_run: bool
    #: The tables that exist, bronze first.
    tables: tuple[TableMaintenance, ...]

    @property
    def failures(self) -> tuple[TableMaintenance, ...]:
        """Tables that failed."""
        return tuple(table for table in self.tables if table.error is not None)

    @property
    def is_success(self) -> bool:
        """Whether no table failed."""
        return not self.failures


@dataclass(frozen=True)
class Source:
    """What the model says of a source."""

    #: ``billing.usage``
    name: str
    #: Columns that identify one record.
    natural_key: tuple[str, ...]
    #: Column that orders versions of one key.
    sequence_by: str | None
    #: A date that never differs between versions of one key.
    date_column: str | None
    #: Whether a workspace may lack the table without anything being wrong.
    optional: bool


def run_report(data: Mapping[str, Any]) -> RunReport:
    """A report of a run from its JSON."""
    return _made(RunReport, data, tables=tuple(map(_table_report, data["tables"])))


def table_plan(data: Mapping[str, Any]) -> TablePlan:
    """A plan of a table from its JSON."""
    return _made(TablePlan, data, layer=Layer(data["layer"]))


def table_info(data: Mapping[str, Any]) -> TableInfo:
    """The state of a table from its JSON."""
    return _made(TableInfo, data, layer=Layer(data["layer"]))


def verify_report(data: Mapping[str, Any]) -> VerifyReport:
    """A report of a verification from its JSON."""
    return _made(VerifyReport, data, tables=tuple(map(_verification, data["tables"])))


def maintain_report(data: Mapping[str, Any]) -> MaintainReport:
    """A report of maintenance from its JSON."""
    tables = tuple(_made(TableMaintenance, table, layer=Layer(table["layer"])) for table in data["tables"])
    return _made(MaintainReport, data, tables=tables)


def source(data: Mapping[str, Any]) -> Source:
    """A source from its JSON."""
    return _made(Source, data, natural_key=tuple(data["natural_key"]))


def _table_report(data: Mapping[str, Any]) -> TableReport:
    return _made(
        TableReport,
        data,
        layer=Layer(data["layer"]),
        status=TableStatus(data["status"]),
        rows=_made(RowCounts, data["rows"]),
        warnings=tuple(data["warnings"]),
    )


def _verification(data: Mapping[str, Any]) -> TableVerification:
    behind = tuple(_made(BehindInput, input) for input in data["behind"])
    return _made(TableVerification, data, behind=behind, checks=tuple(map(_check, data["checks"])))


def _check(data: Mapping[str, Any]) -> Check:
    outcome = CheckOutcome(data["outcome"])
    return _made(Check, data, outcome=outcome, examples=tuple(map(_example, data["examples"])))


def _example(data: Mapping[str, Any]) -> Example:
    return _made(Example, data, columns=tuple(_made(ColumnDifference, column) for column in data["columns"]))


def _made(kind: type[T], data: Mapping[str, Any], **converted: Any) -> T:
    """An object of a dataclass from its fields in `data`. Fields that a newer engine adds are left out."""
    known = fields(cast(Any, kind))
    values = {field.name: data[field.name] for field in known if field.name not in converted}
    return kind(**values, **converted)
