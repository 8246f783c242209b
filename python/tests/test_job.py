"""The job task: parameters, exit codes, task values, logs."""

from __future__ import annotations

import datetime
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import goldsmith
import pytest
from support import Bucket, Source, command, corrupt, rows
from goldsmith import _parameters, _results, job


@pytest.fixture
def task_values(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the task sets. The utilities of Databricks exist there alone, so that these stand in for them."""
    values: dict[str, Any] = {}

    class Utilities:
        def __init__(self, spark: Any) -> None:
            self.jobs = types.SimpleNamespace(taskValues=types.SimpleNamespace(set=self.set))
            self.secrets = types.SimpleNamespace(list=self.list, get=self.get)

        def list(self, scope: str) -> list[Any]:
            return [types.SimpleNamespace(key="aws_region"), types.SimpleNamespace(key="aws_endpoint")]

        def get(self, scope: str, key: str) -> str:
            return f"{scope}-{key}"

        def set(self, key: str, value: Any) -> None:
            json.dumps(value)
            values[key] = value

    module = types.ModuleType("pyspark.dbutils")
    module.DBUtils = Utilities  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyspark.dbutils", module)
    monkeypatch.setattr(job, "_session", lambda: None)
    return values


def test_parameters_are_read_as_databricks_passes_them() -> None:
    parsed = _parameters.parse(
        ["--command=verify", "--system_catalog=other", "--target=/Volumes/a/b", "--select=billing, fact_x", "--select=c",
         "--full-refresh=TRUE", "--max-rows-per-batch=7", "--fail-on=never", "--sample=0.5", "--models=",
         "--storage-option=key=a=b", "--max_bytes_per_batch=64 MiB", "--retention=1day 12h", "--dry-run=true"]
    )
    assert parsed == _parameters.Parameters(
        command="verify", system_catalog="other", target="/Volumes/a/b", select=("billing", "fact_x", "c"),
        full_refresh=True, max_rows_per_batch=7, fail_on="never", sample=0.5, storage_option={"key": "a=b"},
        max_bytes_per_batch=64 << 20, retention=datetime.timedelta(hours=36), dry_run=True,
    )


@pytest.mark.parametrize(
    ("text", "hours"), [("90m", 1.5), ("12h", 12), ("7days", 168), ("7 d", 168), ("2weeks", 336), ("1day12h", 36), ("0s", 0)]
)
def test_times_are_those_of_the_command_line(text: str, hours: float) -> None:
    assert _parameters.parse([f"--retention={text}"]).retention == datetime.timedelta(hours=hours)
    assert _maintain_of_the_command_line(text)


def _maintain_of_the_command_line(retention: str) -> bool:
    """Whether the command line understands a retention; without a target it goes no further."""
    tried = command("goldsmith", "maintain", "--force", "--retention", retention)
    return tried.returncode == 1 and "no target" in tried.stderr


def test_the_documentation_names_the_parameters_that_there_are() -> None:
    text = (Path(__file__).parents[2] / "docs/python.md").read_text(encoding="utf-8")
    _, _, table = text.partition("| parameter | meaning |\n")
    cells = [row.split("|")[1] for row in table.partition("\n\n")[0].splitlines()[1:]]
    told = sorted(name for cell in cells for name in re.findall(r"`([^`]+)`", cell))
    assert told == sorted(name.replace("_", "-") for name in _parameters.Parameters.__dataclass_fields__)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["target=/x"], "`target=/x` is no parameter of the form `--name=value`"),
        (["--target"], "`--target` is no parameter"),
        (["--taget=/x"], "no parameter `taget`; did you mean `target`"),
        (["--zzz=1"], "known are command, source, system-catalog"),
        (["--command=runn"], "one of run, verify, plan, setup, maintain"),
        (["--full-refresh=yes"], "`full-refresh` is `yes`; give one of true, false"),
        (["--threads=0"], "whole number from 1"),
        (["--max-bytes-per-batch=64"], "give a size such as `64MB` or `128MiB`"),
        (["--max-bytes-per-batch=0MB"], "give a size such as"),
        (["--retention=7"], "`retention` is `7`; for days give `7d`"),
        (["--retention=soon"], "give a time with its unit, such as `12h` or `30days`"),
        (["--retention=9999999999d"], "not as long as that"),
        (["--dry-run=1"], "`dry-run` is `1`; give one of true, false"),
        (["--command=maintain"], "no target is set"),
        (["--target=a", "--target=b"], "given 2 times"),
        (["--source=/a", "--system-catalog=system"], "exclude each other"),
        (["--engine=flink"], "one of native, spark"),
        (["--engine=spark", "--source=/a"], "give `system-catalog`, not `source`"),
        (["--engine=spark"], "`--target=`, or a catalog with `--catalog=`"),
    ],
)
def test_wrong_parameters_are_told_and_end_with_1(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        job.main(arguments)
    assert ended.value.code == 1
    assert message in capsys.readouterr().out


@pytest.mark.parametrize("prefix", ["", "dbfs:"])
def test_a_volume_that_is_not_there_is_told_and_not_made(
    prefix: str, deliveries: Path, tmp_path: Path, task_values: dict[str, Any], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    target = "/Volumes/no-catalog/no-schema/no-volume/lake"
    with pytest.raises(SystemExit) as ended:
        job.main([f"--source={deliveries}", f"--target={prefix}{target}"])
    assert ended.value.code == 1
    told = capsys.readouterr().out
    assert f"`{target}`" in told
    assert "external location" in told
    assert not Path("/Volumes/no-catalog").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_run_returns_hands_values_on_and_writes_its_report(
    deliveries: Path, tmp_path: Path, task_values: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [f"--source={deliveries}", f"--target={tmp_path / 'lake'}", "--select=fact_usage"]
    path = tmp_path / "reports/run.json"
    job.main(["--command=plan", *arguments])
    assert task_values["tables_to_change"] > 0
    task_values.clear()
    job.main(["--command=run", *arguments, f"--report={path}"])
    report = json.loads(path.read_text())
    assert task_values["run_id"] == report["run_id"]
    assert task_values["tables_failed"] == 0 and task_values["failed_tables"] == []
    written = sum(t["rows"]["inserted"] + t["rows"]["updated"] for t in report["tables"] if t["layer"] == "gold")
    assert task_values["gold_rows_written"] == written > 0
    assert task_values["report"] == str(path)
    lines = capsys.readouterr().out.splitlines()
    assert any("INFO    gold fact_usage: changed" in line for line in lines)
    job.main(["--command=verify", f"--target={tmp_path / 'lake'}", "--select=fact_usage"])
    assert task_values["status"] == "passed" and task_values["tables_behind"] == 0


def test_absent_sources_are_told_and_none_at_all_is_refused(
    deliveries: Path, tmp_path: Path, task_values: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    system, lake = tmp_path / "system", f"--target={tmp_path / 'lake'}"
    for table in ("billing/usage", "access/audit"):
        shutil.copytree(deliveries / table, system / table)
    arguments = [f"--source={system}", lake, "--select=billing.usage,access.audit"]
    job.main(arguments)
    assert task_values["sources_missing"] == 0
    shutil.rmtree(system / "access")
    job.main(arguments)
    assert task_values["sources_missing"] == 1
    told = capsys.readouterr().out
    assert "absent sources (1): access.audit" in told
    assert "WARNING bronze access.audit: the source is absent now, and was loaded before" in told
    with pytest.raises(SystemExit) as ended:
        job.main([f"--source={system / 'billing'}", lake])
    assert ended.value.code == 1
    assert f"one level too deep: give `{system}`" in capsys.readouterr().out


def test_a_verification_tells_which_tables_lie_behind(
    source: Source, tmp_path: Path, task_values: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    lake = f"--target={tmp_path / 'lake'}"
    source.show(1)
    job.main(["--command=run", f"--source={source.root}", lake, "--select=fact_usage"])
    source.show(2)
    job.main(["--command=run", f"--source={source.root}", lake, "--select=billing.usage"])
    capsys.readouterr()
    job.main(["--command=verify", lake, "--select=fact_usage"])
    assert (task_values["status"], task_values["tables_behind"]) == ("passed", 1)
    assert "WARNING fact_usage lies behind bronze:billing.usage (version 1 of 2)" in capsys.readouterr().out


def test_failures_end_with_the_codes_of_the_command_line(
    deliveries: Path, tmp_path: Path, task_values: dict[str, Any]
) -> None:
    lake = tmp_path / "lake"
    arguments = [f"--source={deliveries}", f"--target={lake}", "--select=dim_sku"]
    job.main(arguments)
    corrupt(lake / "system_gold/dim_sku", "sku_name", "PREMIUM_ALL_PURPOSE_COMPUTE")
    verify = ["--command=verify", f"--target={lake}", "--select=dim_sku"]
    cases = [
        (verify, 1),
        (["--command=verify", f"--target={tmp_path / 'none'}"], 2),
        (["--command=run", "--source=/no/such/place", f"--target={lake}"], 1),
        (["--command=run", f"--source={deliveries}"], 1),
        (["--command=setup"], 1),
    ]
    for case, code in cases:
        with pytest.raises(SystemExit) as ended:
            job.main(case)
        assert ended.value.code == code, case
    job.main([*verify, "--fail-on=never"])
    assert task_values["failed_tables"] == ["dim_sku"]


def test_a_verification_that_compares_nothing_could_not_be_made(
    deliveries: Path, tmp_path: Path, task_values: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    lake = f"--target={tmp_path / 'lake'}"
    job.main([f"--source={deliveries}", lake, "--select=dim_sku"])
    job.main(["--command=verify", lake, "--select=billing"])
    assert task_values["status"] == "passed"
    with pytest.raises(SystemExit) as ended:
        job.main(["--command=verify", lake, "--select=dim_sku,fact_usage"])
    assert (ended.value.code, task_values["status"]) == (2, "unknown")
    assert "could not be made: fact_usage: the table is not there yet" in capsys.readouterr().out


def checked(name: str, *checks: tuple[str, str]) -> dict[str, Any]:
    """A table of a verification."""
    made = [{"name": check, "outcome": outcome, "rows": 0, "reason": f"{check}: why", "examples": []} for check, outcome in checks]
    return {"name": name, "version": 1, "rows": 1, "compared": 0, "behind": [], "seconds": 0.0, "checks": made}


BY_SPARK = (("writer", "skipped"), ("key_unique", "passed"))
COMPARED = (("model", "passed"), ("missing_rows", "passed"))
ABSENT = (("readable", "skipped"),)
WRONG = (("writer", "skipped"), ("key_unique", "failed"))


@pytest.mark.parametrize(
    ("tables", "select", "status", "code"),
    [
        ({"a": BY_SPARK, "b": BY_SPARK}, "", "not_compared", 0),
        ({"a": BY_SPARK, "b": ABSENT}, "", "not_compared", 0),
        ({"a": BY_SPARK}, "a", "not_compared", 0),
        ({"a": COMPARED, "b": BY_SPARK}, "", "passed", 0),
        ({"a": COMPARED, "b": BY_SPARK}, "b", "not_compared", 0),
        ({"a": BY_SPARK, "b": ABSENT}, "b", "unknown", 2),
        ({"a": ABSENT}, "", "unknown", 2),
        ({"a": BY_SPARK, "b": WRONG}, "", "failed", 1),
    ],
)
def test_tables_of_another_engine_are_told_and_fail_no_verification(
    tables: dict[str, Any], select: str, status: str, code: int, tmp_path: Path, task_values: dict[str, Any],
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [checked(name, *checks) for name, checks in tables.items()]
    report = _results.verify_report({"started_at": "", "seconds": 0.0, "sample": None, "tables": found})
    monkeypatch.setattr(goldsmith.Engine, "verify", lambda *_, **__: report)
    arguments = ["--command=verify", f"--target={tmp_path}", f"--select={select}"]
    if code == 0:
        job.main(arguments)
    else:
        with pytest.raises(SystemExit) as ended:
            job.main(arguments)
        assert ended.value.code == code
    others = sum(checks[0] == ("writer", "skipped") for checks in tables.values())
    assert (task_values["status"], task_values["tables_of_other_engines"]) == (status, others)
    told = f"WARNING tables ({others}): " in capsys.readouterr().out
    assert told == (others > 0)


def test_maintenance_is_done_as_by_the_command_line(
    source: Source, tmp_path: Path, task_values: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    lake = tmp_path / "lake"
    run = [f"--source={source.root}", f"--target={lake}", "--select=dim_sku"]
    for delivery in (1, 2, 3):
        source.show(delivery)
        job.main(run)
    # Files of a run that never came to its end.
    garbage = lake / "system_gold/dim_sku/lost.parquet"
    garbage.write_bytes(b"lost")
    before = rows(goldsmith.Engine(target=lake), "dim_sku")
    maintain = ["--command=maintain", f"--target={lake}", "--select=dim_sku", "--retention=0s"]
    with pytest.raises(SystemExit) as ended:
        job.main(maintain)
    assert ended.value.code == 1 and garbage.exists()
    assert "less than an hour" in capsys.readouterr().out
    report = tmp_path / "maintenance.json"
    job.main([*maintain, "--force=true", "--dry-run=true", f"--report={report}"])
    assert garbage.exists() and task_values["garbage_files"] >= 1
    assert json.loads(report.read_text())["dry_run"] is True
    assert "of garbage to delete" in capsys.readouterr().out
    job.main([*maintain, "--force=true"])
    assert not garbage.exists() and (task_values["status"], task_values["failed_tables"]) == ("done", [])
    assert rows(goldsmith.Engine(target=lake), "dim_sku") == before
    (lake / "system_gold/dim_sku/_delta_log/00000000000000000001.json").write_text("no log")
    with pytest.raises(SystemExit) as ended:
        job.main(maintain + ["--force=true"])
    assert (ended.value.code, task_values["failed_tables"]) == (1, ["gold dim_sku"])


#: Frees a large block, after which glibc keeps twice as much, and then many small ones.
_FREES = """
import ctypes, sys
from goldsmith import job
if sys.argv[1] == "job":
    job._give_memory_back()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
libc.free(libc.malloc(30 << 20))
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
blocks = (ctypes.c_void_p * 800)()
before = resident()
for index in range(800):
    blocks[index] = libc.malloc(64 << 10)
    ctypes.memset(blocks[index], 1, 64 << 10)
for index in range(800):
    libc.free(blocks[index])
print(resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_freed_memory_goes_back_to_the_system() -> None:
    kept = {}
    for who in ("nobody", "job"):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
        done = subprocess.run([sys.executable, "-c", _FREES, who], capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        kept[who] = int(done.stdout)
    assert kept["job"] < 8 << 20 < 32 << 20 < kept["nobody"], kept


def test_a_failed_table_fails_the_task_and_is_named(
    deliveries: Path, tmp_path: Path, task_values: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [f"--source={deliveries}", f"--target={tmp_path / 'lake'}", "--select=dim_sku"]
    job.main(arguments)
    for file in (tmp_path / "lake/system_bronze/billing_usage").glob("*.parquet"):
        file.unlink()
    with pytest.raises(SystemExit) as ended:
        job.main([*arguments, "--full-refresh=true"])
    assert ended.value.code == 1
    assert "gold dim_sku" in task_values["failed_tables"]
    assert "ERROR   gold dim_sku: failed" in capsys.readouterr().out


def test_the_installed_entry_point_ends_a_process_with_the_code(deliveries: Path, tmp_path: Path) -> None:
    done = command("goldsmith-job", f"--source={deliveries}", f"--target={tmp_path / 'lake'}", "--select=dim_sku")
    assert done.returncode == 0, done.stdout + done.stderr
    assert command("goldsmith-job", "--nothing=1").returncode == 1


def test_setup_registers_what_the_target_holds(
    deliveries: Path, bucket: Bucket, task_values: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Unity Catalog has tables in cloud storage alone.
    place = [f"--target={bucket.url}/lake", *(f"--storage-option={name}={value}" for name, value in bucket.options.items())]
    job.main([f"--source={deliveries}", "--select=dim_sku", *place])
    executed: list[str] = []

    class Session:
        def sql(self, statement: str) -> Session:
            executed.append(statement)
            return self

        def collect(self) -> None: ...

    monkeypatch.setattr(job, "_session", Session)
    job.main(["--command=setup", "--catalog=main", "--gold-schema=star", "--quarantine_schema=", *place])
    assert task_values["statements"] == len(executed) > 0
    assert any("`main`.`star`.`dim_sku`" in statement for statement in executed)
    assert not any("fact_usage" in statement for statement in executed), "the target does not hold it"


def test_options_of_the_storage_come_from_a_secret_scope(task_values: dict[str, Any]) -> None:
    parsed = _parameters.parse(["--secret-scope=lake", "--storage-option=aws_region=here"])
    assert job._storage_options(parsed) == {"aws_region": "here", "aws_endpoint": "lake-aws_endpoint"}


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("select 1; select 2", ["select 1", "select 2"]),
        ("-- a; b\nselect 1 -- c;\n+ 2;", ["select 1 \n+ 2"]),
        ("select ';' as a, \"x;y\", `b;c`;/* ; */ select 'it\\'s;'", ["select ';' as a, \"x;y\", `b;c`", "select 'it\\'s;'"]),
        ("comment on table t is 'It''s; fine';;\n;", ["comment on table t is 'It''s; fine'"]),
    ],
)
def test_statements_are_told_apart(text: str, statements: list[str]) -> None:
    assert job.split_statements(text) == statements


def test_errors_of_the_package_are_not_taken_for_unexpected_ones() -> None:
    assert issubclass(goldsmith.RunFailedError, goldsmith.GoldsmithError)
