"""System tables through a real Spark session: the same lake as from files, in several rounds."""

from __future__ import annotations

import datetime
import logging
from pathlib import Path
from typing import Any

import goldsmith
import pyarrow
import pytest
from support import DELIVERIES, Source, rows
from deltalake import DeltaTable, write_deltalake
from goldsmith import Layer, TableStatus, job
from goldsmith._results import Source as ModelSource
from goldsmith.spark_source import SparkTable, _Bound, feed_from_spark


def attach(spark: Any, source: Source) -> str:
    """Makes the tables of a source known to the session, at their present version; returns the catalog."""
    for schema, table in source.tables():
        spark.sql(f"create database if not exists `{schema}`")
        spark.sql(f"drop table if exists `{schema}`.`{table}`")
        spark.sql(f"create table `{schema}`.`{table}` using delta location '{source.root / schema / table}'")
    return str(spark.catalog.currentCatalog())


def fed(spark: Any, source: Source, target: Path, max_rows: int) -> goldsmith.Engine:
    engine = goldsmith.Engine(target=target)
    feed_from_spark(engine, spark, catalog=attach(spark, source), max_rows=max_rows)
    return engine


def test_a_lake_that_spark_filled_in_several_rounds_equals_one_from_files(
    spark: Any, source: Source, tmp_path: Path
) -> None:
    files = goldsmith.Engine(source=source.root, target=tmp_path / "files")
    for delivery in range(1, DELIVERIES + 1):
        source.show(delivery)
        # Slices of different sizes: whole tables, a few days, shares of a day.
        engine = fed(spark, source, tmp_path / "spark", max_rows=[100_000, 150, 40][delivery % 3])
        engine.run().raise_for_failures()
        files.run().raise_for_failures()
    again = fed(spark, source, tmp_path / "spark", max_rows=1000).run()
    assert [table.name for table in again.tables if table.status is TableStatus.CHANGED] == []
    held = [info for info in files.status() if info.exists]
    assert len(held) == 73
    for info in held:
        table = info.name if info.layer is Layer.GOLD else f"system_bronze.{Path(info.location).name}"
        expected, found = rows(files, table), rows(engine, table)
        if info.layer is Layer.BRONZE:
            # A row that comes twice, into a day that was taken over before, is kept once.
            assert len(found) <= len(expected)
            expected, found = sorted(set(expected)), sorted(set(found))
        assert found == expected, table


EVENT = {"event_id": "e", "workspace_id": "1", "account_id": "a", "service_name": "s", "action_name": "n"}
NOON = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.timezone.utc)


def events(day: int, *names: str) -> pyarrow.Table:
    time = NOON + datetime.timedelta(days=day)
    found = [{**EVENT, "event_id": name, "event_time": time, "event_date": time.date()} for name in names]
    return pyarrow.Table.from_pylist(found).set_column(
        5, "event_time", pyarrow.array([time] * len(names), pyarrow.timestamp("us", "UTC"))
    )


class Audit:
    """The audit log as a table that Spark reads."""

    def __init__(self, spark: Any, root: Path) -> None:
        self.path = str(root / "audit")
        self.spark = spark
        self.engine = goldsmith.Engine(target=root / "lake")

    def append(self, table: pyarrow.Table) -> None:
        write_deltalake(self.path, table, mode="append")

    def run(self, max_rows: int = 1000) -> tuple[list[str], goldsmith.RowCounts]:
        """Runs, and returns what bronze holds and the books."""
        self.spark.sql("create database if not exists access")
        self.spark.sql("drop table if exists access.audit")
        self.spark.sql(f"create table access.audit using delta location '{self.path}'")
        feed_from_spark(self.engine, self.spark, catalog=self.spark.catalog.currentCatalog(), max_rows=max_rows)
        report = self.engine.run(select=["fact_audit_logs"])
        bronze = report.table(Layer.BRONZE, "access.audit")
        assert bronze is not None and bronze.error is None, bronze
        held = self.engine.query("select event_id from system_bronze.access_audit order by 1").to_pyarrow()
        return held["event_id"].to_pylist(), bronze.rows


@pytest.fixture
def audit(spark: Any, tmp_path: Path) -> Audit:
    return Audit(spark, tmp_path)


def test_late_rows_come_in_once_and_expired_ones_stay(audit: Audit) -> None:
    audit.append(events(0, "a", "b"))
    audit.append(events(1, "c"))
    assert audit.run()[0] == ["a", "b", "c"]
    # A row for a day that was taken over: only that day is read again.
    audit.append(events(0, "d"))
    held, counts = audit.run()
    assert (held, counts.read, counts.inserted, counts.duplicates) == (["a", "b", "c", "d"], 3, 1, 2)
    # A new day between and before the old ones, months late.
    audit.append(events(-60, "e"))
    held, counts = audit.run()
    assert (held, counts.read) == (["a", "b", "c", "d", "e"], 1)
    # The source forgets a day; bronze does not.
    DeltaTable(audit.path).delete("event_date = '2025-03-01'")
    held, counts = audit.run()
    assert (held, counts.read) == (["a", "b", "c", "d", "e"], 0)
    assert audit.run()[1].read == 0
    # The day comes back, as a restored table has it, with one row more: it is compared, not appended.
    audit.append(events(0, "a", "b", "d", "f"))
    held, counts = audit.run()
    assert (held, counts.inserted, counts.duplicates) == (["a", "b", "c", "d", "e", "f"], 1, 3)


def test_a_delete_and_an_insert_of_as_many_rows_are_seen(audit: Audit) -> None:
    audit.append(events(0, "a", "b"))
    audit.run()
    DeltaTable(audit.path).delete("event_id = 'a'")
    audit.append(events(0, "z"))
    assert audit.run()[0] == ["a", "b", "z"]


def test_a_run_that_fails_in_the_middle_is_completed_by_the_next(
    audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit.append(events(0, *"abcdef"))
    original = SparkTable._slices

    def failing(self: SparkTable, *arguments: Any) -> Any:
        for number, condition in enumerate(original(self, *arguments)):
            if number == 1:
                raise ConnectionError("the session is gone")
            yield condition

    monkeypatch.setattr(SparkTable, "_slices", failing)
    with pytest.raises(AssertionError, match="the session is gone"):
        audit.run(max_rows=2)
    monkeypatch.undo()
    assert audit.run(max_rows=2)[0] == list("abcdef")


def test_slices_are_disjoint_complete_and_bounded(spark: Any, audit: Audit) -> None:
    numbers = [f"{number:04}" for number in range(1000)]
    audit.append(events(0, *numbers))
    audit.append(events(1, "x", "y"))
    audit.append(events(3, "z"))
    held, _ = audit.run(max_rows=100)
    assert held == sorted([*numbers, "x", "y", "z"])
    model = next(one for one in audit.engine.sources() if one.name == "access.audit")
    table = SparkTable(spark, f"{spark.catalog.currentCatalog()}.access.audit", model, max_rows=100)
    state = table.state()
    assert state is not None
    assert [(name, count) for name, count, _ in state.parts] == [("2025-03-01", 1000), ("2025-03-02", 2), ("2025-03-04", 1)]
    for bucket in (None, (0, 1)):
        batches = list(pyarrow.RecordBatchReader.from_stream(table.read(["2025-03-01"], ["event_id"], bucket)))
        assert sorted(name for batch in batches for name in batch["event_id"].to_pylist()) == numbers
        assert len(batches) >= 10 and max(batch.num_rows for batch in batches) < 200
    shares = [
        pyarrow.table(table.read([name for name, _, _ in state.parts], ["event_id"], (number, 3)))["event_id"].to_pylist()
        for number in range(3)
    ]
    assert sorted(name for share in shares for name in share) == sorted([*numbers, "x", "y", "z"])
    assert all(shares)


def test_slices_of_wide_rows_are_bounded_by_bytes(spark: Any, audit: Audit, caplog: pytest.LogCaptureFixture) -> None:
    kib, megabyte = 1024, 1_000_000
    numbers = [f"{number:04}" for number in range(3000)]
    wide = [name + "x" * (1 * kib if name < "1500" else 4 * kib) for name in numbers]
    for day, names in ((0, wide[:10]), (1, wide[10:1500]), (2, wide[1500:])):
        audit.append(events(day, *names))
    held, _ = audit.run(max_rows=100_000)
    assert held == wide
    model = next(one for one in audit.engine.sources() if one.name == "access.audit")
    name = f"{spark.catalog.currentCatalog()}.access.audit"
    table = SparkTable(spark, name, model, max_bytes=megabyte)
    state = table.state()
    assert state is not None
    parts = [name for name, _, _ in state.parts]
    caplog.set_level(logging.DEBUG, "goldsmith.spark")

    def slices(*arguments: Any) -> list[tuple[int, int]]:
        caplog.clear()
        found = pyarrow.table(table.read(*arguments))["event_id"].to_pylist()
        assert sorted(found) == wide
        return [(int(rows), int(size)) for rows, size in (record.args[1:3] for record in caplog.records if record.args)]

    first = slices(parts, ["event_id"], None)
    # How wide rows are is seen by the first ones; they became wider on the way, which is seen one slice later.
    assert first[0] == (10, pytest.approx(10 * kib, rel=0.1))
    assert max(rows for rows, _ in first) < 1024 and all(size < 5 * megabyte for _, size in first), first
    assert sum(size > 1.3 * megabyte for _, size in first) <= 1, first
    # What was learnt stays; there are no more slices than it takes, about.
    again = slices(parts, ["event_id"], None)
    assert all(size < 2 * megabyte for _, size in again) and len(again) < 20, again
    # Narrow columns come in larger slices, and one row at least is fetched at once, however wide.
    caplog.clear()
    assert pyarrow.table(table.read(parts, ["workspace_id"], None)).num_rows == 3000
    assert len(caplog.records) <= 5
    tiny = SparkTable(spark, name, model, max_bytes=1)
    assert tiny.state() is not None
    found = pyarrow.table(tiny.read(parts[:1], ["event_id"], None))["event_id"].to_pylist()
    assert sorted(found) == wide[:10]


def test_a_bound_follows_the_rows_that_came() -> None:
    bound = _Bound(max_rows=100_000, max_bytes=1_000_000)
    assert bound.rows() == 1024
    bound.saw(10, 100)
    assert bound.rows() == 1024, "ten rows tell little"
    bound.saw(1024, 10_240)
    assert bound.rows() == 16_384
    bound.saw(16_384, 163_840)
    assert bound.rows() == 100_000
    bound.saw(1, 500_000)
    assert bound.rows() == 2, "the last ones were wide"
    bound.saw(2, 20)
    assert 20_000 < bound.rows() < 30_000, "all together were not"
    assert _Bound(max_rows=7, max_bytes=1_000_000).rows() == 7


def test_a_session_that_returns_no_rows_in_arrow_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    class Old:
        """Spark 3.5, whose frames have no `toArrow`; anything else would fail."""

        version = "3.5.2"

        def range(self, end: int) -> object:
            return object()

    with pytest.raises(goldsmith.ConfigurationError, match=r"Spark 3\.5\.2 .* Databricks Runtime 15\.3 or Apache Spark 4\.0"):
        feed_from_spark(goldsmith.Engine(target=tmp_path / "lake"), Old())  # type: ignore[arg-type]
    with pytest.raises(goldsmith.ConfigurationError, match="a larger number of rows, or of bytes"):
        feed_from_spark(goldsmith.Engine(target=tmp_path / "lake"), Old(), max_bytes=0)  # type: ignore[arg-type]


def test_days_do_not_follow_the_time_zone_of_the_session(spark: Any, tmp_path: Path) -> None:
    """A table that is cut by an instant: another time zone must not make other days of the same rows."""
    path = str(tmp_path / "warehouse_events")
    late = datetime.datetime(2025, 3, 1, 23, 30, tzinfo=datetime.timezone.utc)
    before = datetime.datetime(1969, 12, 31, 23, 30, tzinfo=datetime.timezone.utc)
    times = pyarrow.array([late, before, None], pyarrow.timestamp("us", "UTC"))
    write_deltalake(path, pyarrow.table({"key": ["a", "b", "c"], "event_time": times}))
    spark.sql("create database if not exists zones")
    spark.sql("drop table if exists zones.warehouse_events")
    spark.sql(f"create table zones.warehouse_events using delta location '{path}'")
    model = ModelSource("zones.warehouse_events", ("key",), "event_time", None, False)
    before_setting = spark.conf.get("spark.sql.session.timeZone")
    try:
        for zone in ("UTC", "Europe/Berlin", "America/Los_Angeles"):
            spark.conf.set("spark.sql.session.timeZone", zone)
            table = SparkTable(spark, f"{spark.catalog.currentCatalog()}.zones.warehouse_events", model)
            state = table.state()
            assert state is not None
            assert [name for name, _, _ in state.parts] == ["1969-12-31", "2025-03-01", "none"], zone
            for part, key in (("1969-12-31", "b"), ("2025-03-01", "a"), ("none", "c")):
                assert pyarrow.table(table.read([part], ["key"], None))["key"].to_pylist() == [key], (zone, part)
    finally:
        spark.conf.set("spark.sql.session.timeZone", before_setting)


def test_a_mistyped_catalog_does_not_look_like_absent_tables(spark: Any, tmp_path: Path) -> None:
    with pytest.raises(goldsmith.ConfigurationError, match="`sytem` holds none of the 35 sources"):
        feed_from_spark(goldsmith.Engine(target=tmp_path), spark, catalog="sytem")


def test_the_task_runs_through_the_session_at_hand(
    spark: Any, source: Source, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source.show(DELIVERIES)
    catalog = attach(spark, source)
    statements = tmp_path / "setup.sql"
    statements.write_text("-- a schema\ncreate database if not exists made_by_setup;\nselect ';';")
    logger = logging.getLogger("goldsmith")
    before = (logger.level, logger.propagate, list(logger.handlers))
    try:
        job.main(["--command=setup", f"--statements={statements}"])
        job.main([f"--system-catalog={catalog}", f"--target={tmp_path / 'lake'}", "--select=fact_usage"])
    finally:
        logger.level, logger.propagate, logger.handlers = before
    assert spark.catalog.databaseExists("made_by_setup")
    assert "gold fact_usage: changed" in capsys.readouterr().out
    assert len(rows(goldsmith.Engine(target=tmp_path / "lake"), "fact_usage")) > 0
