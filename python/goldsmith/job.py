"""Entry point of a Databricks Python wheel task: ``goldsmith-job``.

A task that did its work returns. It does not call ``sys.exit(0)``, since some runtimes count any ``SystemExit`` as a failure.
One that failed ends with ``SystemExit`` and the exit code of the command line: 1 for what the user can fix, 2 for what is
unexpected; of a verification 1 says that it found something, and 2 that it could not be made.
"""

from __future__ import annotations

import ctypes
import dataclasses
import json
import logging
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldsmith import _goldsmith
from goldsmith._engine import Engine
from goldsmith._errors import ConfigurationError, GoldsmithError, InternalError
from goldsmith._parameters import Parameters, parse
from goldsmith._results import CheckOutcome, Layer, MaintainReport, RunReport, TablePlan, VerifyReport
from goldsmith._spark_run import Names
from goldsmith.spark_source import feed_from_spark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_LOG = logging.getLogger("goldsmith.job")

#: Names of tables in a task value at most; the value must stay small.
_NAMES = 50

#: Absent sources, or reasons, that a line of the log names at most.
_SHOWN = 3

#: Free memory at the end of the heap that glibc keeps at most, its own default; otherwise it keeps twice the largest block that was
#: freed so far. Images and units set the variable, which has no place on serverless compute.
_TRIM = 128 * 1024
_TRIM_VARIABLE = "MALLOC_TRIM_THRESHOLD_"
_M_TRIM_THRESHOLD = -1


def main(arguments: Sequence[str] | None = None) -> None:
    """Does what the arguments say, ``sys.argv`` without any; returns when all went well.

    :raises SystemExit: with the exit code when it did not.
    """
    _log_to_output()
    _give_memory_back()
    command = "run"
    try:
        parameters = parse(sys.argv[1:] if arguments is None else arguments)
        command = parameters.command
        is_success = _COMMANDS[command](parameters)
    except GoldsmithError as error:
        _LOG.error("%s: %s", type(error).__name__, error)
        is_mine = not isinstance(error, InternalError) and command != "verify"
        raise SystemExit(1 if is_mine else 2) from error
    except Exception as error:
        _LOG.exception("unexpected failure")
        raise SystemExit(2) from error
    if is_success:
        return
    if parameters.fail_on == "never":
        _LOG.warning("there were failures; the task goes on, since `fail-on` is `never`")
        return
    raise SystemExit(1)


def _run(parameters: Parameters) -> bool:
    report = _worker(parameters).run(select=parameters.select, full_refresh=parameters.full_refresh)
    for layer in Layer:
        rows = report.totals(layer)
        _LOG.info(
            "%s: %s rows read, %s written, %s duplicate, %s unchanged, %s quarantined",
            *(layer.value, rows.read, rows.written, rows.duplicates, rows.unchanged, rows.quarantined),
        )
    changed = sum(table.status.value == "changed" for table in report.tables)
    failed = [f"{table.layer.value} {table.name}" for table in report.failures]
    _LOG.info("%s tables changed, %s failed, %.1f s, run %s", changed, len(failed), report.seconds, report.run_id)
    if report.absent:
        _LOG.info("%s", _listed("absent sources", report.absent))
    values = {
        "run_id": report.run_id,
        "status": report.status.value,
        "tables_changed": changed,
        "tables_failed": len(failed),
        "failed_tables": failed[:_NAMES],
        "sources_missing": len(report.absent),
        "bronze_rows_written": report.totals(Layer.BRONZE).written,
        "gold_rows_written": report.totals(Layer.GOLD).written,
    }
    _hand_on(parameters, values, report)
    return report.is_success


def _listed(what: str, names: Sequence[str]) -> str:
    """How many there are, and the first of them."""
    shown = ", ".join(names[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{what} ({len(names)}): {shown}" + (f" and {more} more" if more > 0 else "")


def _plan(parameters: Parameters) -> bool:
    plans = _worker(parameters).plan(select=parameters.select, full_refresh=parameters.full_refresh)
    changing = [plan for plan in plans if plan.changes]
    for plan in changing:
        _LOG.info("%s %s: %s", plan.layer.value, plan.name, plan.what)
    failing = [plan for plan in plans if plan.error is not None]
    for plan in failing:
        _LOG.error("%s %s would fail: %s", plan.layer.value, plan.name, plan.error)
    missing = sum(plan.missing for plan in plans)
    _LOG.info(
        "%s of %s tables would change, %s would fail, %s sources are absent",
        *(len(changing), len(plans), len(failing), missing),
    )
    values = {"tables_to_change": len(changing), "tables_failing": len(failing), "sources_missing": missing}
    _hand_on(parameters, values, plans)
    return not failing


def _verify(parameters: Parameters) -> bool:
    report = _engine(parameters).verify(select=parameters.select, sample=parameters.sample)
    wrong = [table for table in report.tables if table.outcome is CheckOutcome.FAILED]
    for table in wrong:
        for check in table.checks:
            if check.outcome is CheckOutcome.FAILED:
                shown = "; ".join(f"{example.row}: {example.problem}" for example in check.examples)
                _LOG.error("%s: %s: %s rows: %s", table.name, check.name, check.rows, check.reason or shown)
    behind = [table for table in report.tables if table.behind]
    for table in behind:
        inputs = ", ".join(
            f"{input.input} (version {'none' if input.contained is None else input.contained} of {input.latest})"
            for input in table.behind
        )
        _LOG.warning("%s lies behind %s; the next run takes the rest over", table.name, inputs)
    others = report.of_other_engines
    if others:
        _LOG.warning(
            "%s were brought up to date by another engine, such as Spark: they were checked by themselves, and not compared with a "
            "rebuild from bronze, which is possible once the native engine took them over",
            _listed("tables", others),
        )
    compared = sum(table.is_verified for table in report.tables)
    _LOG.info(
        "no fault in %s of %s tables, %s were compared with a rebuild, %.1f s",
        *(len(report.tables) - len(wrong), len(report.tables), compared, report.seconds),
    )
    is_made = report.is_made(parameters.select)
    is_done = is_made or report.is_made(parameters.select, with_other_engines=True)
    values = {
        "status": "failed" if wrong else "passed" if is_made else "not_compared" if is_done else "unknown",
        "tables_behind": len(behind),
        "tables_failed": len(wrong),
        "failed_tables": [table.name for table in wrong][:_NAMES],
        "tables_of_other_engines": len(others),
    }
    _hand_on(parameters, values, report)
    if not (wrong or is_done):
        raise ConfigurationError(_unknown(report))
    return report.is_success


def _unknown(report: VerifyReport) -> str:
    """Why a verification could not be made."""
    checks = ((table.name, check) for table in report.tables if not table.is_verified for check in table.checks)
    reasons = [f"{name}: {check.reason}" for name, check in checks if check.reason is not None]
    return "the verification could not be made: " + "; ".join(reasons[:_SHOWN])


def _maintain(parameters: Parameters) -> bool:
    if parameters.target is None:
        raise ConfigurationError("no target is set; give a volume path or external location with `--target=`")
    report = _engine(parameters).maintain(
        select=parameters.select,
        retention=parameters.retention,
        force=parameters.force,
        dry_run=parameters.dry_run,
    )
    arranged = sum(table.small_files + table.purged_files for table in report.tables)
    garbage = sum(table.garbage_files for table in report.tables)
    size = sum(table.garbage_bytes for table in report.tables)
    _LOG.info(
        "%s tables: %s files %s, %s of garbage %s (%s bytes)",
        *(len(report.tables), arranged, "to merge or purge" if report.dry_run else "merged or purged"),
        *(garbage, "to delete" if report.dry_run else "deleted", size),
    )
    failed = [f"{table.layer.value} {table.name}" for table in report.failures]
    for table in report.failures:
        _LOG.error("%s %s failed: %s", table.layer.value, table.name, table.error)
    values = {
        "status": "failed" if failed else "done",
        "tables_failed": len(failed),
        "failed_tables": failed[:_NAMES],
        "files_rearranged": arranged,
        "rows_purged": sum(table.rows_purged for table in report.tables),
        "garbage_files": garbage,
        "garbage_bytes": size,
    }
    _hand_on(parameters, values, report)
    return report.is_success


def _setup(parameters: Parameters) -> bool:
    statements = _given_statements(parameters.statements) if parameters.statements else _registration(parameters)
    spark = _session()
    for number, statement in enumerate(statements, start=1):
        _LOG.info("statement %s of %s: %s", number, len(statements), " ".join(statement.split())[:120])
        spark.sql(statement).collect()
    _hand_on(parameters, {"statements": len(statements)}, None)
    return True


def _given_statements(path: str) -> list[str]:
    try:
        return split_statements(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"cannot read the statements: {error}") from error


def _registration(parameters: Parameters) -> list[str]:
    """The statements of ``goldsmith catalog`` for the tables that the target holds."""
    if not parameters.catalog or not parameters.target:
        raise ConfigurationError(
            "`setup` registers the tables of a target; give `--catalog=` and `--target=`, or SQL with `--statements=PATH`"
        )
    arguments = ["goldsmith", "--format", "json", "catalog", "--present"]
    for name in ("catalog", "target", "bronze_schema", "gold_schema", "quarantine_schema", "models"):
        value = getattr(parameters, name)
        if value:
            arguments += [f"--{name.replace('_', '-')}", value]
    for option, value in _storage_options(parameters).items():
        arguments += ["--storage-option", f"{option}={value}"]
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory) / "catalog.json"
        if _goldsmith.command_line([*arguments, "--out", str(out)]) != 0:
            raise ConfigurationError("the SQL for Unity Catalog could not be made; the output above tells why")
        return [statement["sql"] for statement in json.loads(out.read_text(encoding="utf-8"))["statements"]]


_COMMANDS = {"run": _run, "plan": _plan, "verify": _verify, "setup": _setup, "maintain": _maintain}


def _engine(parameters: Parameters) -> Engine:
    return Engine(
        model=parameters.models,
        source=parameters.source,
        target=parameters.target,
        storage_options=_storage_options(parameters),
        currency=parameters.currency,
        threads=parameters.threads,
        memory_limit=parameters.memory_limit,
    )


def _storage_options(parameters: Parameters) -> dict[str, str]:
    """Options that are given, and those of the secret scope; what is given wins."""
    if not parameters.secret_scope:
        return parameters.storage_option
    utilities = _dbutils()
    if utilities is None:
        raise ConfigurationError("`secret-scope` needs a job of Databricks; give `--storage-option=KEY=VALUE` instead")
    scope, secrets = parameters.secret_scope, utilities.secrets
    try:
        kept = {secret.key: secrets.get(scope=scope, key=secret.key) for secret in secrets.list(scope)}
    except Exception as error:
        raise ConfigurationError(f"the secret scope `{scope}` cannot be read: {error}") from error
    return {**kept, **parameters.storage_option}


def _worker(parameters: Parameters) -> Engine:
    """An engine that reads its source itself or through the Spark session, or one that does all of its work there."""
    if parameters.engine == "spark":
        return _spark_engine(parameters)
    engine = _engine(parameters)
    if parameters.target is None:
        raise ConfigurationError("no target is set; give a volume path or external location with `--target=`")
    if parameters.source is None:
        feed_from_spark(
            engine,
            _session(),
            catalog=parameters.system_catalog,
            max_rows=parameters.max_rows_per_batch,
            max_bytes=parameters.max_bytes_per_batch,
        )
    return engine


def _spark_engine(parameters: Parameters) -> Engine:
    if parameters.target is None and parameters.catalog is None:
        raise ConfigurationError(
            "no place for the tables is set; give a volume path or external location with `--target=`, or a catalog with `--catalog=`"
        )
    names = Names(
        source_catalog=parameters.system_catalog,
        catalog=parameters.catalog,
        bronze_schema=parameters.bronze_schema,
        gold_schema=parameters.gold_schema,
        quarantine_schema=parameters.quarantine_schema,
    )
    return Engine(
        model=parameters.models,
        target=parameters.target,
        storage_options=_storage_options(parameters),
        currency=parameters.currency,
        engine="spark",
        spark=_session(),
        names=names,
    )


def _session() -> SparkSession:
    """The session at hand."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise ConfigurationError("there is no Spark here; give the tables with `--source=`") from error
    return SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()


def _hand_on(
    parameters: Parameters,
    values: dict[str, Any],
    report: RunReport | VerifyReport | MaintainReport | Sequence[TablePlan] | None,
) -> None:
    """Writes the report, and sets task values where there is a job around."""
    if parameters.report and report is not None:
        data = [dataclasses.asdict(one) for one in report] if isinstance(report, Sequence) else dataclasses.asdict(report)
        path = Path(parameters.report)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data, indent=2), encoding="utf-8")
        values = {**values, "report": parameters.report}
    utilities = _dbutils()
    if utilities is None:
        _LOG.debug("no job is around; task values would be %s", values)
        return
    for key, value in values.items():
        try:
            utilities.jobs.taskValues.set(key=key, value=value)
        except Exception as error:  # The work is done; a value that cannot be set must not undo it.
            _LOG.warning("the task value `%s` cannot be set: %s", key, error)


def _dbutils() -> Any:
    """The utilities of Databricks, where there are some."""
    try:
        from IPython import get_ipython  # type: ignore[import-not-found,unused-ignore]

        shell = get_ipython()
        if shell is not None and "dbutils" in shell.user_ns:
            return shell.user_ns["dbutils"]
    except ImportError:
        pass
    try:
        from pyspark.dbutils import DBUtils  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return None
    return DBUtils(_session())


def split_statements(text: str) -> list[str]:
    """SQL statements of a script: text up to a semicolon that is in no string, quoted name or comment. Comments are left out."""
    statements, current, index = [], "", 0
    while index < len(text):
        two = text[index : index + 2]
        if two == "--":
            index = _behind(text, "\n", index + 2)
            current += "\n"
            continue
        if two == "/*":
            index = _behind(text, "*/", index + 2)
            current += " "
            continue
        elif text[index] in "'\"`":
            end = _end_of_quoted(text, index)
            current += text[index:end]
            index = end
            continue
        elif text[index] == ";":
            statements.append(current.strip())
            current = ""
        else:
            current += text[index]
        index += 1
    statements.append(current.strip())
    return [statement for statement in statements if statement]


def _behind(text: str, mark: str, start: int) -> int:
    found = text.find(mark, start)
    return len(text) if found < 0 else found + len(mark)


def _end_of_quoted(text: str, start: int) -> int:
    quote, index = text[start], start + 1
    while index < len(text):
        if text[index] == "\\" and quote != "`":
            index += 2
        elif text[index] == quote:
            return index + 1
        else:
            index += 1
    return len(text)


def _give_memory_back() -> None:
    """Lets glibc return freed memory to the system, as the variable does that has to be set before a process begins."""
    if _TRIM_VARIABLE in os.environ:
        return
    try:
        ctypes.CDLL(None).mallopt(_M_TRIM_THRESHOLD, _TRIM)
    except (OSError, AttributeError, TypeError):  # Another system, or another allocator.
        _LOG.debug("this system has no `mallopt`")


def _log_to_output() -> None:
    """Lines of the engine in the output of the task, unless somebody set logging up already."""
    logger = logging.getLogger("goldsmith")
    if logger.handlers:
        return
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


if __name__ == "__main__":
    main()
