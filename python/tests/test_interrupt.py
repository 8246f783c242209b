"""Ctrl-C, and lines of the log."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import goldsmith
import pytest

PROGRAM = """
import logging, sys, goldsmith
logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(name)s %(message)s", force=True)
engine = goldsmith.Engine(source=sys.argv[1], target=sys.argv[2], threads=1)
try:
    engine.run()
except KeyboardInterrupt:
    print("INTERRUPTED", flush=True)
    # The engine is as good as new.
    changed = sum(info.exists for info in engine.status())
    print("TABLES", changed, flush=True)
else:
    print("FINISHED", flush=True)
"""


def test_an_interrupt_is_raised_when_the_engine_has_stopped_and_the_next_run_does_the_rest(
    deliveries: Path, tmp_path: Path
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(deliveries), str(tmp_path / "lake")], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    lines = []
    for line in child.stdout:
        lines.append(line)
        if ": changed" in line and not any("INTERRUPTED" in line for line in lines):
            os.kill(child.pid, signal.SIGINT)
            break
    lines += child.stdout.readlines()
    assert child.wait(timeout=120) == 0, "".join(lines)
    text = "".join(lines)
    assert "INTERRUPTED" in text and "FINISHED" not in text, text
    # What was cancelled was told before the exception came.
    assert ": cancelled" in text[: text.index("INTERRUPTED")], text
    tables = int(text.split("TABLES ")[1].split()[0])
    assert 0 < tables < 73
    engine = goldsmith.Engine(source=deliveries, target=tmp_path / "lake")
    engine.run(select=["billing", "lakeflow"]).raise_for_failures()
    assert engine.verify(select=["fact_usage", "fact_job_run_timeline"], scratch=tmp_path).is_success


def test_what_the_engine_does_goes_to_the_loggers_of_python(
    deliveries: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = goldsmith.Engine(source=deliveries, target=tmp_path / "lake")
    with caplog.at_level(logging.DEBUG, logger="goldsmith"):
        report = engine.run(select=["dim_sku"])
    run = [record for record in caplog.records if record.name == "goldsmith.run"]
    assert f"run {report.run_id}" in run[0].getMessage() and run[0].levelno == logging.INFO
    assert any(r.getMessage().startswith("gold dim_sku: changed") and r.levelno == logging.INFO for r in run)
    # Traces of the engine's crates are debugging, below loggers with their names.
    traced = [record for record in caplog.records if "table=dim_sku" in record.getMessage()]
    assert traced and {record.levelno for record in traced} == {logging.DEBUG}
    assert all(record.name.startswith("goldsmith.") for record in caplog.records)
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="goldsmith"):
        engine.run(select=["dim_sku"])
    assert caplog.records == []


def test_a_handler_that_raises_stops_the_run(deliveries: Path, tmp_path: Path) -> None:
    class Full(Exception):
        pass

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise Full

    logger, handler = logging.getLogger("goldsmith.run"), Handler()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    parent = logging.getLogger("goldsmith")
    parent.setLevel(logging.INFO)
    try:
        with pytest.raises(Full):
            goldsmith.Engine(source=deliveries, target=tmp_path / "lake").run(select=["dim_sku"])
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
        parent.setLevel(logging.NOTSET)
