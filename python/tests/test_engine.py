"""The engine from Python: operations, typed results, selections, threads."""

from __future__ import annotations

import dataclasses
import datetime
import json
import threading
import time
from pathlib import Path

import goldsmith
import pytest
from goldsmith import Layer, TableStatus
from support import Source, corrupt, rows


def test_a_run_reports_books_that_balance_and_the_next_one_does_nothing(deliveries: Path, tmp_path: Path) -> None:
    engine = goldsmith.Engine(source=deliveries, target=tmp_path / "lake", threads=1)
    planned = engine.plan(select=["fact_usage"])
    assert {plan.name for plan in planned if plan.layer is Layer.GOLD} >= {"fact_usage", "dim_sku"}
    assert all(plan.changes for plan in planned if plan.layer is Layer.GOLD)
    report = engine.run(select=["fact_usage"])
    assert report.status is TableStatus.CHANGED and report.is_success
    usage = report.table(Layer.BRONZE, "billing.usage")
    assert usage is not None and usage.rows.read == usage.rows.written > 0
    for table in report.tables:
        rows = table.rows
        entered = rows.read + rows.reread + rows.repaired + rows.generated
        left = rows.written + rows.unchanged + rows.duplicates + rows.quarantined + rows.memberless
        assert entered == left, table
    assert report.totals(Layer.BRONZE).read == sum(t.rows.read for t in report.tables if t.layer is Layer.BRONZE)
    again = engine.run(select=["fact_usage"])
    assert again.is_up_to_date and again.run_id != report.run_id
    assert not any(plan.changes for plan in engine.plan(select=["fact_usage"]))
    assert engine.run(select=["fact_usage"], full_refresh=True).table(Layer.GOLD, "fact_usage") is not None


def test_results_are_frozen(lake: goldsmith.Engine) -> None:
    info = lake.status()[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        info.name = "other"  # type: ignore[misc]


def test_status_tells_what_the_target_holds(lake: goldsmith.Engine) -> None:
    tables = {(info.layer, info.name): info for info in lake.status()}
    assert len(tables) == 73
    usage = tables[Layer.GOLD, "fact_usage"]
    counted = lake.query("select count(*) as n from fact_usage").to_pyarrow()["n"][0].as_py()
    assert usage.exists and usage.rows == counted and usage.bytes and usage.files
    assert usage.position is not None and json.loads(usage.position)
    absent = tables[Layer.GOLD, "fact_job_run_timeline"]
    assert (absent.exists, absent.rows, absent.version) == (False, None, None)


def test_verification_passes_on_a_right_table_and_names_the_check_that_fails(
    deliveries: Path, tmp_path: Path
) -> None:
    engine = goldsmith.Engine(source=deliveries, target=tmp_path / "lake")
    engine.run(select=["dim_sku"]).raise_for_failures()
    passed = engine.verify(select=["dim_sku"], scratch=tmp_path)
    assert passed.is_success and passed.tables[0].compared > 0 and passed.tables[0].behind == ()
    removed = corrupt(tmp_path / "lake/system_gold/dim_sku", "sku_name", "PREMIUM_ALL_PURPOSE_COMPUTE")
    failed = engine.verify(select=["dim_sku"], scratch=tmp_path)
    assert not failed.is_success
    outcomes = {check.name: check for check in failed.tables[0].checks}
    missing = outcomes["missing_rows"]
    assert (missing.outcome, missing.rows) == (goldsmith.CheckOutcome.FAILED, removed)
    assert "PREMIUM_ALL_PURPOSE_COMPUTE" in missing.examples[0].row


def test_other_threads_go_on_while_the_engine_works(deliveries: Path, tmp_path: Path) -> None:
    engine = goldsmith.Engine(source=deliveries, target=tmp_path / "lake")
    stop, ticks = threading.Event(), 0

    def tick() -> None:
        nonlocal ticks
        while not stop.is_set():
            ticks += 1
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    before = ticks
    engine.run(select=["fact_usage"])
    during = ticks - before
    stop.set()
    thread.join()
    # A thread that had to wait for the run would tick once or twice.
    assert during > 20


def test_engines_work_at_the_same_time(lake: goldsmith.Engine) -> None:
    answers: list[int] = []

    def ask() -> None:
        answers.append(lake.query("select count(*) as n from fact_usage").to_pyarrow()["n"][0].as_py())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4 and len(set(answers)) == 1 and answers[0] > 0


def test_the_model_is_known_by_its_sources() -> None:
    sources = {source.name: source for source in goldsmith.Engine().sources()}
    assert len(sources) == 35
    usage = sources["billing.usage"]
    assert (usage.natural_key, usage.date_column, usage.sequence_by) == (("record_id",), "usage_date", "ingestion_date")
    assert goldsmith.validate() == ()


def test_maintenance_reports_what_it_does_and_changes_no_row(source: Source, tmp_path: Path) -> None:
    engine = goldsmith.Engine(source=source.root, target=tmp_path / "lake")
    for delivery in (1, 2, 3):
        source.show(delivery)
        engine.run(select=["fact_usage"]).raise_for_failures()
    before = rows(engine, "fact_usage")
    planned = engine.maintain(dry_run=True)
    assert planned.dry_run and planned.is_success and planned.failures == ()
    assert {table.layer for table in planned.tables} == {Layer.BRONZE, Layer.GOLD}
    (done,) = engine.maintain(select=["fact_usage"], retention=datetime.timedelta(hours=1)).tables
    assert (done.layer, done.name, done.error, done.garbage_files) == (Layer.GOLD, "fact_usage", None, 0)
    assert rows(engine, "fact_usage") == before
    with pytest.raises(goldsmith.ConfigurationError, match="less than an hour"):
        engine.maintain(retention=datetime.timedelta(minutes=59))
    with pytest.raises(goldsmith.ConfigurationError, match="`fact_usag`"):
        engine.maintain(select=["fact_usag"])
