"""The command of the package is the command of the binary."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import goldsmith
import pytest
from support import command


def test_version_and_validation_are_those_of_the_package() -> None:
    assert command("goldsmith", "--version").stdout == f"goldsmith {goldsmith.__version__}\n"
    validated = command("goldsmith", "validate", "--format", "json")
    assert validated.returncode == 0, validated.stderr
    assert json.loads(validated.stdout)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["run", "--taget", "x"], 1), (["verify", "--sampel", "1"], 2), (["--help"], 0), (["status"], 1)],
)
def test_exit_codes_are_those_of_the_binary(arguments: list[str], code: int, tmp_path: Path) -> None:
    assert command("goldsmith", *arguments, cwd=tmp_path).returncode == code


def test_the_module_is_the_command(tmp_path: Path) -> None:
    outcome = subprocess.run([sys.executable, "-m", "goldsmith", "--version"], capture_output=True, cwd=tmp_path)
    assert (outcome.returncode, outcome.stdout[:10]) == (0, b"goldsmith ")


def test_an_interrupt_stops_the_command(deliveries: Path, tmp_path: Path) -> None:
    name = str(Path(sys.executable).with_name("goldsmith"))
    arguments = [name, "run", "-v", "--source", str(deliveries), "--target", str(tmp_path / "lake"), "--threads", "1"]
    child = subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert child.stderr is not None
    first = child.stderr.readline()
    os.kill(child.pid, signal.SIGINT)
    rest = child.stderr.read()
    assert child.wait(timeout=120) == 1, first + rest
    assert "cancelling" in rest
