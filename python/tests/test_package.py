"""The wheel as a package: what it needs, where it runs, that it is the installed one."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import goldsmith
import pytest
from goldsmith import _goldsmith

#: glibc of Ubuntu 22.04, which Databricks Runtime 13 to 16 and serverless compute stand on.
GLIBC = (2, 35)


def test_the_installed_package_is_tested() -> None:
    # Not the sources, nor a package of the environment whose libraries this one sees.
    assert Path(str(goldsmith.__file__)).is_relative_to(sys.prefix)
    assert "site-packages" in str(goldsmith.__file__)
    assert distribution("goldsmith").version == goldsmith.__version__


def test_nothing_else_has_to_be_installed() -> None:
    assert [need for need in distribution("goldsmith").requires or [] if "extra ==" not in need] == []


def test_one_wheel_fits_every_python() -> None:
    wheel = distribution("goldsmith").read_text("WHEEL") or ""
    assert "Tag: cp310-abi3-manylinux" in wheel
    assert str(_goldsmith.__file__).endswith(".abi3.so")


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_it_runs_on_the_glibc_of_databricks() -> None:
    needed = re.findall(rb"GLIBC_(\d+)\.(\d+)", Path(str(_goldsmith.__file__)).read_bytes())
    assert needed
    assert max((int(major), int(minor)) for major, minor in needed) <= GLIBC


def test_the_types_of_the_package_and_of_a_program_that_uses_it_are_right(tmp_path: Path) -> None:
    sample = tmp_path / "sample.py"
    sample.write_text(
        "import goldsmith\n"
        "engine = goldsmith.Engine(source='a', target='b')\n"
        "report = engine.run(select=['billing'])\n"
        "count: int = report.totals(goldsmith.Layer.GOLD).written\n"
        "for table in report.tables:\n"
        "    reveal_type(table.version)\n"
        "wrong: str = report.seconds\n"
    )
    # Other packages are taken as they are: checking pandas and Polars takes a minute.
    mypy = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=skip", "--ignore-missing-imports"]
    checked = subprocess.run([*mypy, "-p", "goldsmith"], capture_output=True, text=True, cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout
    mypy.remove("--follow-imports=skip")
    used = subprocess.run([*mypy, "--follow-imports=silent", str(sample)], capture_output=True, text=True, cwd=tmp_path)
    assert "int | None" in used.stdout or "Union[int, None]" in used.stdout, used.stdout
    assert re.search(r"sample\.py:7: error: Incompatible types in assignment", used.stdout), used.stdout
    assert "Found 1 error" in used.stdout, used.stdout


def test_the_types_of_the_native_part_are_those_that_it_has(tmp_path: Path) -> None:
    # Which classes have a layout of their own matters to whoever derives from them, and nobody can.
    tested = [sys.executable, "-m", "mypy.stubtest", "--ignore-disjoint-bases", "goldsmith._goldsmith"]
    found = subprocess.run(tested, capture_output=True, text=True, cwd=tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
