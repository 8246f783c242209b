"""Exceptions by kind."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import goldsmith
import pytest


def test_every_problem_of_a_model_is_a_diagnostic_with_its_place(tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(Path(__file__).parents[2] / "models", model)
    path = model / "gold/billing/fact_usage.yaml"
    text = path.read_text()
    path.write_text(text.replace("grain:", "grian:", 1))
    with pytest.raises(goldsmith.ModelError) as caught:
        goldsmith.validate(model)
    error = caught.value
    assert error.code == "model" and isinstance(error, goldsmith.GoldsmithError) and not error.is_retryable
    found = [diagnostic for diagnostic in error.diagnostics if diagnostic.code == "unknown-key"]
    assert len(found) == 1
    line = next(number for number, line in enumerate(text.splitlines(), start=1) if line.startswith("grain:"))
    assert (found[0].file, found[0].line, found[0].column) == ("gold/billing/fact_usage.yaml", line, 1)
    assert "grain" in (found[0].help or "")
    assert f"fact_usage.yaml:{line}:1: error [unknown-key]" in str(error)


def test_failures_are_told_apart_by_class(lake: goldsmith.Engine, tmp_path: Path) -> None:
    occupied = tmp_path / "occupied"
    (occupied / "something_else").mkdir(parents=True)
    (occupied / "something_else/file").touch()
    (tmp_path / "system").mkdir()
    cases = [
        (lambda: goldsmith.Engine().status(), goldsmith.ConfigurationError, "no target is set"),
        (lambda: lake.run(select=["fact_usge"]), goldsmith.ConfigurationError, "fact_usge"),
        (lambda: goldsmith.Engine(source=tmp_path / "no", target=tmp_path / "lake").run(),
         goldsmith.ConfigurationError, "does not exist"),
        (lambda: goldsmith.Engine(source=tmp_path / "system", target=occupied).run(),
         goldsmith.ConfigurationError, "holds something else"),
        (lambda: goldsmith.Engine(source=tmp_path, target=tmp_path / "lake").run(),
         goldsmith.ConfigurationError, "is inside of the source"),
        (lambda: lake.query("select nothing from fact_usage"), goldsmith.DataError, "nothing"),
        (lambda: lake.query("delete from fact_usage"), goldsmith.DataError, "(?i)not supported|DML"),
    ]
    for act, kind, message in cases:
        with pytest.raises(kind, match=message) as caught:
            act()
        assert caught.value.code == kind.code and caught.value.diagnostics == ()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"currency": "EURO"}, "`EURO` is no currency code"),
        ({"currency": "eur"}, "`eur` is no currency code"),
        ({"threads": 0}, "`threads` must be a whole number from 1 on"),
        ({"storage_options": {"aws_regoin": "x"}}, "`aws_regoin` is no storage option; did you mean `aws_region`"),
        ({"storage_options": {"target.acount_name": "x"}}, "did you mean `target.account_name`"),
    ],
)
def test_wrong_settings_are_told_when_the_engine_is_made(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(goldsmith.ConfigurationError, match=re.escape(message)):
        goldsmith.Engine(**settings)


def test_a_table_that_cannot_be_read_is_told_by_itself(deliveries: Path, tmp_path: Path) -> None:
    engine = goldsmith.Engine(source=deliveries, target=tmp_path / "lake")
    engine.run(select=["dim_workspace", "dim_sku"]).raise_for_failures()
    log = tmp_path / "lake/system_gold/dim_workspace/_delta_log/00000000000000000000.json"
    log.write_text("nonsense")
    with pytest.raises(goldsmith.DataError, match="restore it from a copy, or remove") as caught:
        engine.query("select * from dim_workspace")
    assert caught.value.code == "data"
    errors = {info.name: info.error for info in engine.status() if info.error is not None}
    assert list(errors) == ["dim_workspace"] and "00000000000000000000.json" in errors["dim_workspace"]
    failing = {plan.name for plan in engine.plan(select=["dim_workspace", "dim_sku"]) if plan.error is not None}
    assert failing == {"dim_workspace"}
    report = engine.run(select=["dim_workspace", "dim_sku"])
    assert [table.name for table in report.failures] == ["dim_workspace"]
