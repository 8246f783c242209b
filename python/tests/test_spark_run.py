"""The engine `spark`: the model as SQL through a session, and a target that both engines bring up to date."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import goldsmith
import pytest
from deltalake import DeltaTable
from goldsmith import CheckOutcome, Layer, Names, TableStatus, _goldsmith, job
from goldsmith.spark_engine import CompiledModel, Script, SharedPosition, SparkEngine, Statement, _Run
from support import Source, rows

#: Sail has one catalog, so that system tables are schemas of it.
HERE = Names(source_catalog="")
SELECT = ["fact_warehouse_events"]


def attach(spark: Any, root: Path) -> None:
    """Makes the Delta tables below a directory known to the session."""
    for log in sorted(root.glob("*/*/_delta_log")):
        schema, table = log.parent.parent.name, log.parent.name
        spark.sql(f"create schema if not exists `{schema}`")
        spark.sql(f"create table if not exists `{schema}`.`{table}` using delta location '{log.parent}'")


def on_spark(spark: Any, target: Path | None, **options: Any) -> goldsmith.Engine:
    return goldsmith.Engine(target=target, engine="spark", spark=spark, names=HERE, **options)


def test_a_run_through_spark_is_reported_like_any_other_and_makes_the_same_gold(
    spark: Any, source: Source, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "goldsmith")
    native = goldsmith.Engine(source=source.root, target=tmp_path / "native")
    source.show(1)
    attach(spark, source.root)
    engine = on_spark(spark, tmp_path / "lake")
    plans = engine.plan(select=SELECT)
    assert {(plan.layer, plan.name) for plan in plans} >= {(Layer.BRONZE, "compute.warehouse_events"), (Layer.GOLD, "dim_warehouse")}
    assert not (tmp_path / "lake").exists()
    for delivery in (1, 2):
        source.show(delivery)
        report = engine.run(select=SELECT, full_refresh=delivery == 1)
        report.raise_for_failures()
        native.run(select=SELECT).raise_for_failures()
        fact = report.table(Layer.GOLD, "fact_warehouse_events")
        assert fact is not None and fact.status is TableStatus.CHANGED and fact.rows.written > 0
        assert fact.what == ("rebuild" if delivery == 1 else "refresh")
        for table in report.tables:
            if table.layer is Layer.GOLD:
                assert rows(engine, table.name) == rows(native, table.name), (table.name, delivery)
    assert {plan.name for plan in plans} == {table.name for table in report.tables}
    runs = engine.query("select distinct _run_id from fact_warehouse_events").to_pyarrow()["_run_id"].to_pylist()
    assert report.run_id in runs and len(runs) == 2
    assert any(record.getMessage().startswith("gold fact_warehouse_events: changed") for record in caplog.records)
    again = engine.run(select=SELECT)
    assert again.is_success and again.is_up_to_date, [table for table in again.tables if table.status is TableStatus.CHANGED]
    verified = engine.verify(select=["fact_warehouse_events"])
    (held,) = verified.tables
    assert held.is_of_other_engine and "another engine" in str(held.checks[0].reason)
    assert verified.of_other_engines == ("fact_warehouse_events",) and not held.is_verified
    outcomes = {check.name: check.outcome for check in held.checks}
    assert (outcomes["key_unique"], outcomes["foreign_keys"]) == (CheckOutcome.PASSED, CheckOutcome.SKIPPED)
    assert held.rows > 0 and verified.is_success and not verified.is_made()


def test_the_native_engine_goes_on_where_spark_ended(spark: Any, source: Source, tmp_path: Path) -> None:
    expected = goldsmith.Engine(source=source.root, target=tmp_path / "native")
    source.show(2)
    attach(spark, source.root)
    on_spark(spark, tmp_path / "lake").run(select=SELECT).raise_for_failures()
    expected.run(select=SELECT).raise_for_failures()
    source.show(3)
    native = goldsmith.Engine(source=source.root, target=tmp_path / "lake")
    report = native.run(select=SELECT)
    report.raise_for_failures()
    expected.run(select=SELECT).raise_for_failures()
    for table in report.tables:
        assert "build from all" not in table.what, table
        if table.layer is Layer.GOLD:
            assert rows(native, table.name) == rows(expected, table.name), table.name
    assert native.run(select=SELECT).is_up_to_date
    assert native.verify(select=SELECT).is_success


def test_a_source_whose_files_are_gone_fails_alone(spark: Any, source: Source, tmp_path: Path) -> None:
    source.show(1)
    attach(spark, source.root)
    shutil.rmtree(source.root / "compute" / "warehouse_events")
    report = on_spark(spark, tmp_path / "lake").run(select=["dim_warehouse", "compute.warehouse_events"])
    gone = report.table(Layer.BRONZE, "compute.warehouse_events")
    assert gone is not None and gone.status is TableStatus.FAILED and gone.error
    dimension = report.table(Layer.GOLD, "dim_warehouse")
    assert dimension is not None and dimension.status is TableStatus.CHANGED and dimension.rows.written > 0


def test_a_session_that_knows_none_of_the_tables_goes_on(spark: Any, source: Source, tmp_path: Path) -> None:
    source.show(1)
    for delivery in (1, 2):
        # The catalog of a session may be empty at each start, and a server refuses to create a table over one that differs.
        for schema in spark.catalog.listDatabases():
            if schema.name != "default":
                spark.sql(f"drop schema `{schema.name}` cascade")
        attach(spark, source.root)
        report = on_spark(spark, tmp_path / "lake").run(select=SELECT)
        report.raise_for_failures()
        assert report.is_up_to_date == (delivery == 2), report


class Commits:
    """A session that tells no rows of an insert, and has a history, as Apache Spark with Delta Lake."""

    def __init__(self, written: list[int], refuses: str = "nothing") -> None:
        self._versions = [0, *written]
        self._shown = 1
        self._refuses = refuses
        self.sent: list[str] = []

    def sql(self, statement: str) -> Any:
        self.sent.append(statement)
        if statement.startswith(self._refuses):
            raise ValueError("refused")
        if statement.startswith("describe history"):
            version = max(at for at in range(self._shown) if at == 0 or self._versions[at])
            return Answer([Row(version=version, operationMetrics={"numOutputRows": str(self._versions[version])})])
        self._shown += 1
        return Answer([])


def test_rows_of_an_insert_are_looked_up_where_the_server_does_not_tell_them() -> None:
    model = CompiledModel("spark", {}, (), "the_run", "positions")
    script = Script("bronze", "billing.usage", (Statement("load", "-- Adds.\ninsert into t select 1"),), "t", "s")
    run = _Run(Commits([7, 0, 3]), model, str, logging.DEBUG)
    results = [result for _ in range(3) for result in run.do(script, ("load",))]
    assert [(result.changed_rows, result.error) for result in results] == [(7, None), (0, None), (3, None)]


@pytest.mark.parametrize("refuses", ["create", ""])
def test_what_cannot_be_created_is_attached_or_told(refuses: str) -> None:
    model = CompiledModel("spark", {}, (), "the_run", "positions")
    statements = (Statement("create", "create t"), Statement("attach", "attach t"), Statement("create", "new"))
    script = Script("gold", "fact", statements, "t")
    session = Commits([], refuses)
    run = _Run(session, model, str, logging.DEBUG)
    results = run.do(script, ("create",))
    assert session.sent == (["create t", "attach t", "new"] if refuses else ["create t", "attach t"])
    assert [result.error for result in results] == ([None, None] if refuses else ["refused"])


class Historian:
    """A session that shows the history of tables, as Delta Lake on Spark does and Sail does not: from their logs."""

    def __init__(self, session: Any, root: Path) -> None:
        self._session = session
        self._root = root
        self.conf = session.conf

    def sql(self, statement: str) -> Any:
        words = statement.split()
        if words[:2] != ["describe", "history"]:
            return self._session.sql(statement)
        log = self._root.joinpath(*words[2].split(".")) / "_delta_log"
        rows = []
        for entry in sorted(log.glob("*.json")):
            info = json.loads(entry.read_text().splitlines()[0])["commitInfo"]
            rows.append(Row(version=int(entry.stem), operationParameters={}, **{**HISTORY, **info}))
        return Answer(rows[::-1])


HISTORY = {"operation": None, "userMetadata": None}


class Row(dict[str, Any]):
    def asDict(self) -> dict[str, Any]:
        return self


class Answer:
    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def collect(self) -> list[Row]:
        return self._rows


def test_spark_goes_on_where_the_native_engine_ended(spark: Any, source: Source, tmp_path: Path) -> None:
    source.show(1)
    native = goldsmith.Engine(source=source.root, target=tmp_path / "lake")
    native.run(select=["dim_sku"]).raise_for_failures()
    attach(spark, tmp_path / "lake")
    extension = _goldsmith.Engine(None, None, str(tmp_path / "lake"), {}, None, None, None)
    names = {"target": "spark", "catalog": None, "location": str(tmp_path / "lake"), "source_catalog": ""}
    schemas = {"bronze_schema": None, "gold_schema": None, "quarantine_schema": None}
    found = json.loads(extension.compile([], {**names, **schemas}))
    statements = [[Statement(one["name"], one["sql"]) for one in script] for script in found["statements"]]
    model = CompiledModel.of(found["manifest"], statements)
    SparkEngine(spark, model).run(select=[])
    (script,) = (script for script in model.scripts if script.table == "dim_sku")

    def known(script: Script, session: Any) -> tuple[bool, list[tuple[Any, ...]]]:
        run = _Run(session, model, str, logging.DEBUG)
        is_known = run._is_of_this_model(script)
        held = spark.sql(f"select table_name, fingerprint, unix_millis(`position`) as at from {model.positions}").collect()
        return is_known, [(row["table_name"], row["fingerprint"], row["at"]) for row in held]

    assert known(script, spark) == (True, []), "without a history nothing is known, and everything is compared"
    info = json.loads((tmp_path / "lake/system_gold/dim_sku/_delta_log/00000000000000000001.json").read_text().splitlines()[0])
    told = SharedPosition.parse(info["commitInfo"]["userMetadata"])
    assert told is not None and told.fingerprint == script.fingerprint
    session = Historian(spark, tmp_path / "lake")
    for _ in range(2):
        assert known(script, session) == (True, [("dim_sku", script.fingerprint, told.read_at)])
    other = Script(*("gold", "dim_sku", script.statements, script.relation, None, "another model"))
    assert known(other, session)[0] is False, "rows of another model are built anew"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "spark"}, "give one with `spark=`"),
        ({"engine": "flink"}, "there are native and spark"),
        ({"names": Names()}, "for the engine `spark`"),
        ({"engine": "spark", "spark": object(), "source": "x"}, "names=Names(source_catalog=...)"),
    ],
)
def test_settings_that_do_not_go_together_are_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(goldsmith.ConfigurationError) as raised:
        goldsmith.Engine(target="x", **options)
    assert message in str(raised.value)


def test_what_belongs_to_one_engine_alone_is_told(spark: Any, tmp_path: Path) -> None:
    engine = on_spark(spark, tmp_path / "lake")
    with pytest.raises(goldsmith.ConfigurationError, match="cannot be handed over"):
        engine.hand_over("billing.usage", DeltaTable, delivery=1)  # type: ignore[arg-type]
    with pytest.raises(goldsmith.ConfigurationError, match="none of the 35 system tables"):
        engine.run()
    with pytest.raises(goldsmith.ConfigurationError, match="`fact_usag`.*did you mean"):
        engine.run(select=["fact_usag"])


def test_the_task_runs_on_spark(
    spark: Any, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    values: dict[str, Any] = {}
    monkeypatch.setattr(job, "_session", lambda: spark)
    monkeypatch.setattr(job, "_hand_on", lambda parameters, found, report: values.update(found))
    source.show(1)
    attach(spark, source.root)
    catalog = str(spark.catalog.currentCatalog())
    task = ["--engine=spark", f"--target={tmp_path / 'lake'}", "--select=dim_sku"]
    arguments = [*task, f"--system-catalog={catalog}"]
    with pytest.raises(SystemExit) as ended:
        job.main([*task, "--system-catalog=nowhere"])
    assert ended.value.code == 1, "there is no such catalog"
    job.main(["--command=plan", *arguments])
    assert values["tables_to_change"] > 0
    job.main(arguments)
    assert values["tables_failed"] == 0 and values["gold_rows_written"] > 0 and values["bronze_rows_written"] > 0
    assert "gold dim_sku: changed" in capsys.readouterr().out
    # The weekly verification of what Spark made ends well, and says what it did not do.
    for selected in ("", "dim_sku"):
        values.clear()
        job.main(["--command=verify", f"--target={tmp_path / 'lake'}", f"--select={selected}"])
        assert (values["status"], values["tables_failed"], values["tables_of_other_engines"]) == ("not_compared", 0, 1)
        assert "WARNING tables (1): dim_sku were brought up to date by another engine" in capsys.readouterr().out
    # A table that cannot be written fails, is named, and ends the task.
    spark.sql("drop table system_gold.dim_sku")
    spark.sql(f"create table system_gold.dim_sku (other string) using delta location '{tmp_path / 'other'}'")
    with pytest.raises(SystemExit) as ended:
        job.main(arguments)
    assert ended.value.code == 1
    assert values["failed_tables"] == ["gold dim_sku"]
